//! By how much: adjustment types, their rounding, and steps.

use crate::error::{ConfigError, Problem};

/// How an adjustment's number is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum AdjustmentType {
    /// So many units more or fewer.
    #[default]
    ChangeInCapacity,
    /// So many units.
    ExactCapacity,
    /// So many percent of the capacity more or fewer.
    PercentChangeInCapacity,
}

/// A type, and for percentages the least change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Adjustment {
    kind: AdjustmentType,
    min_magnitude: u32,
}

impl Adjustment {
    /// Without a least change.
    #[must_use]
    pub const fn new(kind: AdjustmentType) -> Self {
        Self { kind, min_magnitude: 0 }
    }

    /// Percentages that change by at least so many units, unless they change nothing at all.
    ///
    /// # Errors
    /// With a type other than [`AdjustmentType::PercentChangeInCapacity`].
    pub const fn with_min_magnitude(self, least: u32) -> Result<Self, ConfigError> {
        if !matches!(self.kind, AdjustmentType::PercentChangeInCapacity) {
            return Err(ConfigError::new("min adjustment magnitude", least as i64, Problem::NotTogether));
        }
        Ok(Self { min_magnitude: least, ..self })
    }

    /// The type.
    #[must_use]
    pub const fn kind(self) -> AdjustmentType {
        self.kind
    }

    /// The least change of a percentage; 0 when there is none.
    #[must_use]
    pub const fn min_magnitude(self) -> u32 {
        self.min_magnitude
    }

    /// The change of a capacity, in units. Exact for all inputs.
    ///
    /// Percentages round toward zero, but never to it: 12.7 gives 12, 0.67 gives 1, −0.58 gives −1, −6.67 gives −6.
    /// Our rule: a percentage that is 0 stays 0 whatever the least change.
    #[must_use]
    pub fn change(self, capacity: i32, adjustment: i32) -> i64 {
        let (capacity, adjustment) = (i64::from(capacity), i64::from(adjustment));
        match self.kind {
            AdjustmentType::ChangeInCapacity => adjustment,
            AdjustmentType::ExactCapacity => adjustment.saturating_sub(capacity),
            AdjustmentType::PercentChangeInCapacity => {
                let percent = capacity.saturating_mul(adjustment);
                let size = (percent / 100).saturating_abs().max(1).max(i64::from(self.min_magnitude));
                percent.signum().saturating_mul(size)
            }
        }
    }

    /// Whether a number is one that this type takes.
    pub(super) const fn accepts(self, field: &'static str, adjustment: i32) -> Result<(), ConfigError> {
        if matches!(self.kind, AdjustmentType::ExactCapacity) && adjustment < 0 {
            return Err(ConfigError::new(field, adjustment as i64, Problem::AtLeast(0)));
        }
        Ok(())
    }
}

/// One step: for how large a breach, and by how much. Bounds are relative to the alarm's threshold.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StepAdjustment {
    /// Lower bound; `None` is −∞.
    pub lower: Option<f64>,
    /// Upper bound; `None` is +∞.
    pub upper: Option<f64>,
    /// By how much, or to how much.
    pub adjustment: i32,
}

impl StepAdjustment {
    /// From `lower` to `upper`.
    #[must_use]
    pub const fn new(lower: Option<f64>, upper: Option<f64>, adjustment: i32) -> Self {
        Self { lower, upper, adjustment }
    }

    /// Whether the step is for a value that is `distance` from the threshold. On a bound that two steps share, the one
    /// further from the threshold counts: for a high alarm the lower bound belongs to the step, for a low one the upper.
    #[must_use]
    pub fn covers(&self, high: bool, distance: f64) -> bool {
        let above = self.lower.is_none_or(|lower| if high { lower <= distance } else { lower < distance });
        let below = self.upper.is_none_or(|upper| if high { distance < upper } else { distance <= upper });
        above && below
    }
}

/// The step for a value `distance` above the threshold, and its number. O(steps).
///
/// Our rule: the alarm's comparison decides which bound belongs to a step, not the sign of the distance.
#[must_use]
pub fn step_for(steps: &[StepAdjustment], high: bool, distance: f64) -> Option<(usize, StepAdjustment)> {
    steps.iter().copied().enumerate().find(|(_, step)| step.covers(high, distance))
}

/// Whether steps are in order, without gaps and overlaps, and open where they must be.
///
/// # Errors
/// The number of the step that does not fit.
pub const fn check_steps(steps: &[StepAdjustment], adjustment: Adjustment) -> Result<(), ConfigError> {
    const FIELD: &str = "steps";
    if steps.is_empty() {
        return Err(ConfigError::new(FIELD, 0, Problem::Empty));
    }
    let mut rest = steps;
    let (mut number, mut before) = (0_i64, None::<StepAdjustment>);
    let (mut below, mut above, mut open_below, mut open_above) = (None, None, false, false);
    while let [step, others @ ..] = rest {
        if let Err(error) = adjustment.accepts("scaling adjustment", step.adjustment) {
            return Err(error);
        }
        if let Some(lower) = step.lower {
            if !lower.is_finite() {
                return Err(ConfigError::new("lower bound", number, Problem::NotFinite));
            }
            if lower < 0.0 && below.is_none() {
                below = Some(number);
            }
        } else {
            open_below = true;
        }
        if let Some(upper) = step.upper {
            if !upper.is_finite() {
                return Err(ConfigError::new("upper bound", number, Problem::NotFinite));
            }
            if upper > 0.0 {
                above = Some(number);
            }
        } else {
            open_above = true;
        }
        match (step.lower, step.upper) {
            (None, None) => return Err(ConfigError::new(FIELD, number, Problem::Open)),
            (Some(lower), Some(upper)) if lower >= upper => {
                return Err(ConfigError::new(FIELD, number, Problem::Overlap));
            }
            _ => {}
        }
        if let Some(before) = before {
            // A step open to below comes first, one open to above last: so there is at most one of each.
            let (Some(end), Some(begin)) = (before.upper, step.lower) else {
                return Err(ConfigError::new(FIELD, number, Problem::Overlap));
            };
            if begin > end {
                return Err(ConfigError::new(FIELD, number, Problem::Gap));
            }
            if begin < end {
                return Err(ConfigError::new(FIELD, number, Problem::Overlap));
            }
        }
        before = Some(*step);
        number = number.saturating_add(1);
        rest = others;
    }
    match (below, above) {
        (Some(number), _) if !open_below => Err(ConfigError::new(FIELD, number, Problem::Open)),
        (_, Some(number)) if !open_above => Err(ConfigError::new(FIELD, number, Problem::Open)),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use AdjustmentType::{ChangeInCapacity, ExactCapacity, PercentChangeInCapacity};

    fn percent(least: u32) -> Adjustment {
        Adjustment::new(PercentChangeInCapacity).with_min_magnitude(least).expect("a percentage")
    }

    #[test]
    fn percentages_round_toward_zero_but_not_to_it() {
        // 12.7, 0.67, −0.58, −6.67 and the whole numbers around.
        for (capacity, adjustment, change) in [
            (127, 10, 12),
            (67, 1, 1),
            (58, -1, -1),
            (667, -1, -6),
            (10, 10, 1),
            (11, 30, 3),
            (14, -10, -1),
            (13, -30, -3),
        ] {
            assert_eq!(percent(0).change(capacity, adjustment), change, "{adjustment} % of {capacity}");
        }
    }

    #[test]
    fn the_least_change_has_the_sign_of_the_percentage_and_0_stays_0() {
        assert_eq!(percent(2).change(4, 25), 2);
        assert_eq!(percent(2).change(4, -25), -2);
        assert_eq!(percent(2).change(100, 25), 25);
        assert_eq!(percent(2).change(4, 0), 0);
        assert_eq!(percent(2).change(0, 25), 0);
    }

    #[test]
    fn extremes_do_not_overflow() {
        assert_eq!(percent(0).change(i32::MAX, 1_000_000), 21_474_836_470_000);
        assert_eq!(percent(u32::MAX).change(1, -1), -4_294_967_295);
        for kind in [ChangeInCapacity, ExactCapacity, PercentChangeInCapacity] {
            for capacity in [i32::MIN, -1, 0, 1, i32::MAX] {
                for adjustment in [i32::MIN, -1_000_000, 0, 1_000_000, i32::MAX] {
                    let _no_panic = Adjustment::new(kind).change(capacity, adjustment);
                }
            }
        }
        assert_eq!(Adjustment::new(ExactCapacity).change(i32::MIN, i32::MAX), 4_294_967_295);
        assert!(Adjustment::new(ChangeInCapacity).with_min_magnitude(1).is_err());
    }

    const fn step(lower: Option<f64>, upper: Option<f64>) -> StepAdjustment {
        StepAdjustment::new(lower, upper, 1)
    }

    #[test]
    fn a_shared_bound_belongs_to_the_step_further_from_the_threshold() {
        let high = [step(Some(0.0), Some(10.0)), step(Some(10.0), Some(20.0)), step(Some(20.0), None)];
        let low = [step(None, Some(-20.0)), step(Some(-20.0), Some(-10.0)), step(Some(-10.0), Some(0.0))];
        let number = |steps: &[_], high, distance| step_for(steps, high, distance).map(|(number, _)| number);
        for (distance, expected) in [(-0.1, None), (0.0, Some(0)), (9.9, Some(0)), (10.0, Some(1)), (20.0, Some(2))] {
            assert_eq!(number(&high, true, distance), expected, "high, {distance}");
        }
        for (distance, expected) in [(0.1, None), (0.0, Some(2)), (-9.9, Some(2)), (-10.0, Some(1)), (-20.0, Some(0))] {
            assert_eq!(number(&low, false, distance), expected, "low, {distance}");
        }
        assert_eq!(number(&high, true, f64::INFINITY), Some(2), "a distance may overflow");
        assert_eq!(number(&low, false, f64::NEG_INFINITY), Some(0));
    }

    #[test]
    fn wrong_steps_are_refused_by_number() {
        use Problem::{Empty, Gap, NotFinite, Open, Overlap};
        let problem = |steps: &[_]| check_steps(steps, Adjustment::default()).map_err(|e| (e.given, e.problem));
        let (some, none) = (|x: f64| Some(x), None);
        assert_eq!(problem(&[]), Err((0, Empty)));
        assert_eq!(problem(&[step(none, none)]), Err((0, Open)));
        assert_eq!(problem(&[step(some(1.0), some(1.0))]), Err((0, Overlap)), "lower is upper");
        assert_eq!(problem(&[step(some(2.0), some(1.0))]), Err((0, Overlap)));
        assert_eq!(problem(&[step(some(0.0), some(1.0))]), Err((0, Open)), "nothing above 1");
        assert_eq!(problem(&[step(some(-1.0), some(0.0))]), Err((0, Open)), "nothing below −1");
        assert_eq!(problem(&[step(some(0.0), some(1.0)), step(some(2.0), none)]), Err((1, Gap)));
        assert_eq!(problem(&[step(some(0.0), some(2.0)), step(some(1.0), none)]), Err((1, Overlap)));
        assert_eq!(problem(&[step(some(1.0), none), step(some(0.0), some(1.0))]), Err((1, Overlap)), "unsorted");
        assert_eq!(problem(&[step(some(0.0), none), step(some(1.0), none)]), Err((1, Overlap)), "two open above");
        assert_eq!(problem(&[step(none, some(0.0)), step(none, some(1.0))]), Err((1, Overlap)), "two open below");
        assert_eq!(problem(&[step(some(f64::NAN), none)]), Err((0, NotFinite)));
        assert_eq!(problem(&[step(some(f64::NAN), some(1.0))]), Err((0, NotFinite)));
        assert_eq!(problem(&[step(none, some(f64::INFINITY))]), Err((0, NotFinite)));
        for good in [
            &[step(some(0.0), none)][..],
            &[step(none, some(0.0))],
            &[step(none, some(-5.0)), step(some(-5.0), some(0.0)), step(some(0.0), some(5.0)), step(some(5.0), none)],
        ] {
            assert_eq!(problem(good), Ok(()));
        }
        let negative = [StepAdjustment::new(Some(0.0), None, -1)];
        assert!(check_steps(&negative, Adjustment::new(ExactCapacity)).is_err());
    }
}
