//! What the host saw of a scaled object.

use crate::units::{Instant, Milli, Replicas};

/// Everything one pass looks at.
#[derive(Clone, Copy, Debug)]
pub struct Observation<'a> {
    /// The time.
    pub now: Instant,
    /// When the scaled object was created.
    pub created: Instant,
    /// `spec.replicas` of the target; `None` when it could not be read.
    pub replicas: Option<Replicas>,
    /// Pods that are Running and Ready. Only a fallback with a target of the whole looks at it.
    pub ready: Option<i32>,
    /// One reading for each trigger of the policy, in its order. A missing one is a failed one; those of CPU and memory
    /// are only looked at for failures.
    pub readings: &'a [Reading],
    /// What the annotations ask for.
    pub annotations: Annotations,
}

impl Default for Observation<'_> {
    /// Nothing could be read, at the origin of time.
    fn default() -> Self {
        Self {
            now: Instant::default(),
            created: Instant::default(),
            replicas: None,
            ready: None,
            readings: &[],
            annotations: Annotations::default(),
        }
    }
}

/// What was read for one trigger.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reading {
    /// Its metric, and whether it is above the trigger's own activation threshold.
    Value {
        /// The metric.
        value: Milli,
        /// Whether there is work.
        active: bool,
    },
    /// It could not be read.
    Failed,
}

impl Reading {
    /// From a measured value as upstream's triggers give it: to the nearest thousandth, and 0 for what is negative,
    /// infinite or no number.
    #[must_use]
    pub fn of(value: f64, active: bool) -> Self {
        let milli = if value.is_finite() && value > 0.0 { crate::math::round(value * 1000.0) as i64 } else { 0 };
        Self::Value { value: Milli(milli), active }
    }
}

/// What the annotations of a scaled object ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Annotations {
    /// `paused`, `paused-replicas`.
    pub paused: Paused,
    /// `paused-scale-in`: no drop to zero or idle, and the HPA's policy downward is Disabled.
    pub scale_in_paused: bool,
    /// `paused-scale-out`: no activation, and the HPA's policy upward is Disabled.
    pub scale_out_paused: bool,
    /// `force-activation`: as if a trigger were active.
    pub force_activation: bool,
}

/// Whether everything stands still.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Paused {
    /// It does not.
    #[default]
    No,
    /// At the current number.
    AsIs,
    /// At this number. Wins over `paused`.
    At(Replicas),
}
