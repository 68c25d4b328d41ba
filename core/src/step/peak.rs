//! Sizing for the peak of the last while, as Google Compute Engine's autoscaler does.
//!
//! Every evaluation computes the size that brings the metric to its target; the largest of the stabilization period
//! counts. Scale-in controls may keep the capacity from falling too far below its own peak in a trailing window.
//!
//! # Bytes of the history
//!
//! The body of a [snapshot](crate::snapshot) of kind 15, version 1: the last time (0, or 1 and i64 ns), then twice a
//! number (u16) of entries, each a number of units (i32) and a time: sizes that were asked for, and capacities.

use super::explain::Step;
use super::observation::{MetricObservation, Outlook, Threshold, near};
use super::stepped::{Decision, Detail, bound, clamp};
use crate::constrain::Bounds;
use crate::decision::Draft;
use crate::error::{ConfigError, Problem};
use crate::math;
use crate::snapshot::{FRAME, Reader, SnapshotError, Writer};
use crate::trace::Trace;
use crate::units::{Instant, Replicas, Span};
use crate::window::{Cuts, Entry, Extremes, Stored};

/// A policy that sizes for the peak.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PeakSizing {
    bounds: Bounds,
    target: f64,
    per_unit: bool,
    stabilization: Span,
    control: Option<(Allowed, Span)>,
}

/// How far below its peak the capacity may fall.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Allowed {
    /// So many units.
    Units(i32),
    /// So many percent of the peak, rounded down.
    Percent(i32),
}

impl PeakSizing {
    /// Brings the metric's mean over the units to the target. With a stabilization period of 10 minutes and without
    /// scale-in controls.
    ///
    /// # Errors
    /// A target that is not above 0.
    pub const fn new(bounds: Bounds, target: f64) -> Result<Self, ConfigError> {
        if !target.is_finite() {
            return Err(ConfigError::new("target", 0, Problem::NotFinite));
        }
        if target <= 0.0 {
            return Err(ConfigError::new("target", (target * 1000.0) as i64, Problem::MoreThan(0)));
        }
        Ok(Self { bounds, target, per_unit: false, stabilization: Span::from_secs(600), control: None })
    }

    /// The same for a metric of the whole, such as a queue's length, of which each unit is to carry the target: GCE's
    /// `singleInstanceAssignment`. This alone leads away from 0 units.
    ///
    /// # Errors
    /// As [`PeakSizing::new`].
    pub const fn per_unit(bounds: Bounds, target: f64) -> Result<Self, ConfigError> {
        match Self::new(bounds, target) {
            Ok(policy) => Ok(Self { per_unit: true, ..policy }),
            Err(error) => Err(error),
        }
    }

    /// Another stabilization period: the longer of 10 minutes and the initialization of a unit, on GCE.
    #[must_use]
    pub const fn with_stabilization(self, period: Span) -> Self {
        Self { stabilization: period, ..self }
    }

    /// Scale-in controls: within `window` at most so far below the peak of the capacity.
    ///
    /// # Errors
    /// A negative number, or more than 100 %.
    pub const fn with_scale_in_control(self, allowed: Allowed, window: Span) -> Result<Self, ConfigError> {
        match allowed {
            Allowed::Units(units) if units < 0 => {
                Err(ConfigError::new("max scaled in units", units as i64, Problem::AtLeast(0)))
            }
            Allowed::Percent(percent) if percent < 0 => {
                Err(ConfigError::new("max scaled in percent", percent as i64, Problem::AtLeast(0)))
            }
            Allowed::Percent(percent) if percent > 100 => {
                Err(ConfigError::new("max scaled in percent", percent as i64, Problem::AtMost(100)))
            }
            _ => Ok(Self { control: Some((allowed, window)), ..self }),
        }
    }

    /// The bounds.
    #[must_use]
    pub const fn bounds(&self) -> Bounds {
        self.bounds
    }

    /// Decides. O(1), amortised. Only the newest point counts; while it is missing nothing changes. A size or capacity
    /// that is exactly as old as its window counts no more.
    pub fn decide<const N: usize>(
        &self,
        history: &mut PeakHistory<N>,
        seen: &MetricObservation<'_>,
        trace: &mut impl Trace<Step>,
    ) -> Decision {
        let now = seen.now;
        let from = seen.capacity.map_or(0, |capacity| capacity.desired.0);
        let mut draft = Draft::new(from, Step::Idle, trace);
        let mut detail = Detail { rule: None, base: Replicas(from), valid: false, at: now };
        history.see(now, &mut draft);
        let Some(capacity) = seen.capacity else {
            draft.set(from, Step::CapacityUnknown);
            return draft.decide(detail);
        };
        let window = self.control.map_or(Span::ZERO, |(_, window)| window);
        let peak = history.capacities.peak(from, window, now, &mut draft);
        let Some(value) = seen.points.last().copied().flatten().filter(|value| value.is_finite()) else {
            draft.set(from, Step::NoSize { rule: 0 });
            bound(self.bounds, &mut draft);
            return draft.decide(detail);
        };
        (detail.rule, detail.valid) = (Some(0), true);
        let serving = capacity.warm.map_or(from, |warm| warm.0.clamp(0, from.max(0)));
        detail.base = Replicas(serving);
        let total = if self.per_unit { value } else { f64::from(serving) * value };
        let size = math::ceil_i32(total / self.target);
        let asked = clamp(i64::from(size), self.bounds);
        let change = i64::from(asked).saturating_sub(i64::from(serving));
        draft.set(asked, Step::Asked { rule: 0, step: None, base: Replicas(serving), change, to: Replicas(asked) });
        let stable = history.sizes.peak(asked, self.stabilization, now, &mut draft);
        hold(stable.value, Some(stable.at + self.stabilization), &mut draft);
        if let Some((allowed, window)) = self.control
            && draft.to() < from
        {
            let taken = match allowed {
                Allowed::Units(units) => i64::from(units),
                Allowed::Percent(percent) => i64::from(peak.value).saturating_mul(i64::from(percent)) / 100,
            };
            let least = i64::from(peak.value).saturating_sub(taken).min(i64::from(from));
            // The present capacity counts anew at any time: as a peak it never leaves.
            let until = (peak.value > from).then_some(peak.at + window);
            hold(i32::try_from(least).unwrap_or(i32::MIN), until, &mut draft);
        }
        bound(self.bounds, &mut draft);
        draft.decide(detail)
    }

    /// The fewest and the most of the metric at which the answer would be another one, the clock standing still. What was
    /// asked for lately counts on: a scale-in that the peak holds is no matter of the metric.
    #[must_use]
    pub fn outlook<const N: usize>(&self, history: &PeakHistory<N>, seen: &MetricObservation<'_>) -> Outlook {
        let mut outlook = Outlook::default();
        let Some(capacity) = seen.capacity else { return outlook };
        let newest = seen.points.last().copied().flatten();
        let serving = capacity.warm.map_or(capacity.desired, |warm| warm).0.max(1);
        // Where the size passes what there is, from below and from above.
        let crosses = [capacity.desired.0, capacity.desired.0.saturating_sub(1)].map(|size| {
            let whole = f64::from(size) * self.target;
            if self.per_unit { whole } else { whole / f64::from(serving) }
        });
        for value in crosses.into_iter().flat_map(near) {
            let next = MetricObservation { points: &[Some(value)], ..*seen };
            let to = self.decide(&mut history.clone(), &next, &mut ()).to;
            outlook.offer(capacity.desired, newest, Threshold { rule: 0, value, points: 1, to });
        }
        outlook
    }
}

/// Raises the draft to what a window holds it at.
fn hold<T: Trace<Step>>(at: i32, until: Option<Instant>, draft: &mut Draft<'_, Step, T>) {
    let asked = Replicas(draft.to());
    if at > asked.0 {
        draft.revisit(until);
        draft.set(at, Step::HeldByPeak { asked, to: Replicas(at), until });
    }
}

/// What [`PeakSizing`] remembers of one group: room for `N` sizes and as many capacities.
#[derive(Clone, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct PeakHistory<const N: usize = 64> {
    sizes: Peaks<N>,
    capacities: Peaks<N>,
    last: Option<Instant>,
}

/// The largest number of the last while.
#[derive(Clone, Debug, Default, PartialEq)]
struct Peaks<const N: usize>(Extremes<N>);

impl<const N: usize> Peaks<N> {
    /// Adds a number, and gives the largest of the window, the latest of equal ones.
    fn peak<T: Trace<Step>>(
        &mut self,
        value: i32,
        window: Span,
        now: Instant,
        draft: &mut Draft<'_, Step, T>,
    ) -> Entry {
        let cut = now.next() - window;
        let mut list = self.0.view();
        list.advance(Cuts { forget: cut.min(now), highest: cut.min(now), lowest: Instant::MAX });
        let new = Entry { value, at: now };
        if list.store(new) == Stored::Merged {
            draft.note(Step::HistoryFull { room: super::stepped::number(N) });
        }
        // In no time at all there is only this one, whatever else came at this moment.
        list.highest().filter(|highest| window > Span::ZERO && highest.value > value).unwrap_or(new)
    }

    fn save(&self, to: &mut Writer<'_>) {
        to.u16(super::stepped::number(self.0.slots().len()));
        for entry in self.0.slots() {
            to.i32(entry.value);
            to.i64(entry.at.as_nanos());
        }
    }

    fn restore(from: &mut Reader<'_>) -> Result<Self, SnapshotError> {
        let needed = usize::from(from.u16()?);
        let mut slots = heapless::Vec::<Entry, N>::new();
        for _ in 0..needed {
            let entry = Entry { value: from.i32()?, at: Instant::from_nanos(from.i64()?) };
            slots.push(entry).map_err(|_| SnapshotError::Capacity { needed, room: N })?;
        }
        let mut peaks = Self::default();
        peaks.0.restore(&slots);
        Ok(peaks)
    }
}

#[cfg(feature = "serde")]
impl<const N: usize> serde::Serialize for Peaks<N> {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        self.0.slots().serialize(to)
    }
}

#[cfg(feature = "serde")]
impl<'de, const N: usize> serde::Deserialize<'de> for Peaks<N> {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let slots = heapless::Vec::<Entry, N>::deserialize(from)?;
        let mut peaks = Self::default();
        peaks.0.restore(&slots);
        Ok(peaks)
    }
}

impl<const N: usize> PeakHistory<N> {
    const KIND: u16 = 15;
    const VERSION: u16 = 1;

    fn see<T: Trace<Step>>(&mut self, now: Instant, draft: &mut Draft<'_, Step, T>) {
        if let Some(last) = self.last.replace(now).filter(|last| *last > now) {
            draft.note(Step::ClockWentBack { last, now });
            self.sizes.0.view().clamp(now);
            self.capacities.0.view().clamp(now);
        }
    }

    /// The most bytes that [`PeakHistory::save`] writes.
    #[must_use]
    pub const fn saved_size() -> usize {
        FRAME.saturating_add(9 + 4).saturating_add(N.saturating_mul(24))
    }

    /// Writes the history as the bytes described in the module's documentation, and gives their number.
    ///
    /// # Errors
    /// When the buffer is too small, with the size needed.
    pub fn save(&self, out: &mut [u8]) -> Result<usize, SnapshotError> {
        let mut to = Writer::new(out, Self::KIND, Self::VERSION);
        to.moment(self.last);
        self.sizes.save(&mut to);
        self.capacities.save(&mut to);
        to.finish()
    }

    /// Reads what [`PeakHistory::save`] wrote.
    ///
    /// # Errors
    /// Whatever is wrong with the bytes.
    pub fn restore(bytes: &[u8]) -> Result<Self, SnapshotError> {
        let mut from = Reader::new(bytes, Self::KIND, Self::VERSION)?;
        let last = from.moment("last time")?;
        let (sizes, capacities) = (Peaks::restore(&mut from)?, Peaks::restore(&mut from)?);
        from.finish()?;
        Ok(Self { sizes, capacities, last })
    }
}
