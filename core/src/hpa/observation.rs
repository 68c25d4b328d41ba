//! What the host saw: borrowed, with the time.

use core::fmt;

use super::pods::PodFold;
use super::request::RequestError;
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

/// Why a metric gave no proposal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub enum MetricError {
    /// The metrics API failed, or answered with nothing.
    Unavailable,
    /// The value was no finite number.
    NotANumber,
    /// The host gave no reading, or one of another kind.
    NoReading,
    /// The pods could not be listed.
    PodsUnlisted,
    /// There are no pods.
    NoPods,
    /// No pod that counts has a sample.
    NoSamples,
    /// A pod's request is not known.
    Request {
        /// Why.
        error: RequestError,
        /// Which pod, counted from 0 in the order they were added.
        pod: u32,
    },
    /// The container is missing in a pod's sample (1.32).
    NoContainerInSample,
    /// No sample belongs to a pod with a request.
    NothingMatched,
    /// The manifest names one kind of target and sets another.
    UnusableTarget,
    /// A type of metric that is not known.
    UnknownSource,
}

impl fmt::Display for MetricError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unavailable => "the metrics API gave no values",
            Self::NotANumber => "the value is not a finite number",
            Self::NoReading => "no reading was given",
            Self::PodsUnlisted => "the pods could not be listed",
            Self::NoPods => "the selector matches no pods",
            Self::NoSamples => "no pod that counts has a sample (they may all be unready)",
            Self::Request { error, pod } => {
                return write!(f, "pod {} has {error}", pod.saturating_add(1));
            }
            Self::NoContainerInSample => "a pod's sample lacks the container",
            Self::NothingMatched => "no sample belongs to a pod with a request",
            Self::UnusableTarget => "the kind of target that is named is not set",
            Self::UnknownSource => "unknown type of metric",
        })
    }
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
