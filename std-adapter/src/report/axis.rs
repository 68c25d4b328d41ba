//! Where the ticks of an axis stand: round numbers for values, round times for time.

use crate::simulate::run::Run;

/// Larger values are drawn as this one, so that no product of the drawing overflows.
const LARGEST: f64 = 1e300;

/// The axis of values: from 0 to `top` in equal steps.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Axis {
    pub(super) top: f64,
    step: f64,
}

impl Axis {
    /// An axis with room for the largest of the values, and at most `intervals` steps.
    pub(super) fn over(values: impl Iterator<Item = f64>, intervals: u32) -> Self {
        let largest = values.filter(|value| value.is_finite()).fold(0.0, f64::max).min(LARGEST);
        Self::to(if largest > 1e-9 { largest } else { 1.0 }, intervals, false)
    }

    /// The same for things that are counted: no step below 1.
    pub(super) fn over_counts(values: impl Iterator<Item = f64>, intervals: u32) -> Self {
        let largest = values.filter(|value| value.is_finite()).fold(1.0, f64::max).min(LARGEST);
        Self::to(largest, intervals, true)
    }

    fn to(largest: f64, intervals: u32, whole: bool) -> Self {
        let rough = largest / f64::from(intervals.max(1));
        let power = 10_f64.powi(rough.log10().floor() as i32);
        let mut step = [1.0, 2.0, 2.5, 5.0, 10.0]
            .into_iter()
            .map(|factor| factor * power)
            .find(|step| *step >= rough * (1.0 - 1e-9))
            .unwrap_or(rough);
        if whole {
            step = step.ceil().max(1.0);
        }
        let steps = (largest / step * (1.0 - 1e-9)).ceil().max(1.0);
        Self { top: step * steps, step }
    }

    /// Steps between its ticks.
    pub(super) fn steps(self) -> u32 {
        (self.top / self.step).round() as u32
    }

    /// The ticks, from 0 up.
    pub(super) fn ticks(self) -> impl Iterator<Item = f64> {
        (0..=self.steps()).map(move |index| f64::from(index) * self.step)
    }

    /// Where a value stands between the bottom (0) and the top (1); `None` for what cannot be drawn.
    pub(super) fn share(self, value: f64) -> Option<f64> {
        value.is_finite().then(|| (value / self.top).clamp(0.0, 1.0))
    }
}

/// Seconds that the drawing of a run spans: its length, or more when a sample or sync lies behind its end.
pub(super) fn span(run: &Run) -> u32 {
    let samples = run.samples.iter().map(|sample| sample.at_s);
    let syncs = run.syncs.iter().map(|sync| sync.at_s);
    samples.chain(syncs).fold(run.duration_s, u32::max).max(1)
}

/// Round times from 0 to `span`, at most `intervals` steps.
pub(super) fn times(span: u32, intervals: u32) -> impl Iterator<Item = u32> {
    const DAY: u32 = 86_400;
    let intervals = intervals.max(1);
    let step = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 10_800, 21_600, 43_200, DAY]
        .into_iter()
        .find(|step| span.div_ceil(*step) <= intervals)
        .unwrap_or_else(|| span.div_ceil(intervals).div_ceil(DAY).saturating_mul(DAY));
    (0..=span / step).map(move |index| index * step)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn ticks_are_round() {
        let ticks = |largest, intervals| Axis::over([largest].into_iter(), intervals).ticks().collect::<Vec<_>>();
        assert_eq!(ticks(9_300.0, 4), [0.0, 2_500.0, 5_000.0, 7_500.0, 10_000.0]);
        assert_eq!(ticks(10_000.0, 2), [0.0, 5_000.0, 10_000.0]);
        assert_eq!(ticks(0.0, 2), [0.0, 0.5, 1.0]);
        let pods = Axis::over_counts([3.0].into_iter(), 9).ticks().collect::<Vec<_>>();
        assert_eq!(pods, [0.0, 1.0, 2.0, 3.0]);
    }

    #[test]
    fn times_are_round_on_a_clock() {
        assert_eq!(times(9_600, 6).collect::<Vec<_>>(), [0, 1_800, 3_600, 5_400, 7_200, 9_000]);
        assert_eq!(times(1, 6).collect::<Vec<_>>(), [0, 1]);
    }

    proptest! {
        #[test]
        fn every_axis_holds_its_values(value in any::<f64>(), intervals in 0_u32..12) {
            for axis in [Axis::over([value].into_iter(), intervals), Axis::over_counts([value].into_iter(), intervals)] {
                prop_assert!(axis.top.is_finite() && axis.top > 0.0);
                prop_assert!(axis.ticks().count() as u32 <= intervals.max(1) + 1, "{axis:?}");
                if value.is_finite() && value < LARGEST {
                    prop_assert!(value <= axis.top * (1.0 + 1e-8), "{axis:?}");
                }
            }
        }

        #[test]
        fn times_are_few_and_inside(span in 1_u32.., intervals in 1_u32..20) {
            let all = times(span, intervals).collect::<Vec<_>>();
            prop_assert!(all.len() as u32 <= intervals + 1);
            prop_assert!(all.iter().all(|at| *at <= span));
        }
    }
}
