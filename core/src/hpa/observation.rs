//! What the host saw: borrowed, with the time.

use super::pods::PodFold;
use super::propose::MetricError;
use crate::units::{Instant, Milli, Replicas};

/// Everything one sync looks at.
#[derive(Clone, Copy, Debug)]
pub struct Observation<'a> {
    /// The time. The only one: all readings of the clock within a sync are this.
    pub now: Instant,
    /// The target's scale; `None` when it could not be read.
    pub scale: Option<Scale>,
    /// Whether the target's selector can be used.
    pub selector: Selector,
    /// The pods that match the selector; `None` when they could not be listed.
    pub pods: Option<PodCount>,
    /// One reading for each metric of the policy, in its order. A missing one fails like a failed one.
    pub readings: &'a [Reading],
}

impl Default for Observation<'_> {
    /// Nothing could be read, at the origin of time.
    fn default() -> Self {
        Self { now: Instant::default(), scale: None, selector: Selector::Usable, pods: None, readings: &[] }
    }
}

/// The scale subresource of the target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scale {
    /// `spec.replicas`: how many are asked for.
    pub wanted: Replicas,
    /// `status.replicas`: how many exist. Only per-pod averages of Object and External metrics look at it.
    pub running: Replicas,
}

/// Whether the target's selector can be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Selector {
    /// It selects pods of this target only.
    #[default]
    Usable,
    /// The scale has none.
    Missing,
    /// It does not parse.
    Unparsable,
    /// A pod it selects is selected by another HPA's target too.
    Ambiguous,
}

/// How many pods match the selector.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct PodCount {
    /// All of them, in any phase.
    pub listed: u32,
    /// Those Running with Ready = True, also when they are being deleted.
    pub ready: u32,
}

impl PodCount {
    /// No pods, or a host that has none and needs none: Object and External metrics with an average value.
    pub const NONE: Self = Self { listed: 0, ready: 0 };
}

/// What was read for one metric.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Reading {
    /// Pods and their samples, added one by one: Resource, ContainerResource, Pods.
    Pods(PodFold),
    /// One value: Object.
    Value(Milli),
    /// Several values: External.
    Values(ValueSum),
    /// It could not be read.
    Failed(MetricError),
}

/// The values of an External metric, added in order. Order matters only near 2⁶³ and for negative values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct ValueSum {
    pub(super) count: u32,
    /// Wrapping.
    pub(super) plain: i64,
    /// Stops at 2⁶³−1 before a positive value would pass it.
    pub(super) capped: (i64, bool),
    /// Takes any negative running sum for an overflow.
    pub(super) guarded: (i64, bool),
}

impl ValueSum {
    /// Nothing yet.
    #[must_use]
    pub const fn new() -> Self {
        Self { count: 0, plain: 0, capped: (0, false), guarded: (0, false) }
    }

    /// Adds the next value.
    pub const fn add(&mut self, Milli(value): Milli) {
        self.count = self.count.saturating_add(1);
        self.plain = self.plain.wrapping_add(value);
        if !self.capped.1 {
            self.capped = match self.capped.0.checked_add(value) {
                Some(sum) => (sum, false),
                None if value > 0 => (i64::MAX, true),
                None => (self.capped.0.wrapping_add(value), false),
            };
        }
        if !self.guarded.1 {
            let sum = self.guarded.0.wrapping_add(value);
            self.guarded = if sum < 0 { (i64::MAX, true) } else { (sum, false) };
        }
    }
}

impl FromIterator<Milli> for ValueSum {
    fn from_iter<T: IntoIterator<Item = Milli>>(values: T) -> Self {
        let mut sum = Self::new();
        values.into_iter().for_each(|value| sum.add(value));
        sum
    }
}
