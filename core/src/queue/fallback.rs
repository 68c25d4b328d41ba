//! What stands in for a trigger that cannot be read.
//!
//! Failures are counted for each trigger; a success sets the count to 0. Above the threshold the error is replaced by
//! a metric of which the HPA's own formula makes the wanted number of replicas.

use super::policy::{Target, units};
use crate::error::{ConfigError, Problem};
use crate::math;
use crate::units::Milli;

/// Replicas to keep while triggers fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fallback {
    threshold: i32,
    replicas: i32,
    behavior: FallbackBehavior,
}

/// Which number of replicas a fallback keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum FallbackBehavior {
    /// As [`FallbackBehavior::Static`], but the current number must be readable: what upstream does when the manifest
    /// names no behavior.
    #[default]
    Unset,
    /// The given number.
    Static,
    /// The current number.
    CurrentReplicas,
    /// The greater of both.
    CurrentReplicasIfHigher,
    /// The smaller of both.
    CurrentReplicasIfLower,
    /// Nothing stands in: the trigger is nil in the formula. Not active.
    ScalingModifiers,
}

impl Fallback {
    /// After more than `threshold` failures in a row (0 or more): with 3, at the fourth.
    ///
    /// # Errors
    /// When a number is negative. Upstream then has no fallback.
    pub const fn new(threshold: i32, replicas: i32, behavior: FallbackBehavior) -> Result<Self, ConfigError> {
        if threshold < 0 {
            return Err(ConfigError::new("failure threshold", threshold as i64, Problem::AtLeast(0)));
        }
        if replicas < 0 {
            return Err(ConfigError::new("fallback replicas", replicas as i64, Problem::AtLeast(0)));
        }
        Ok(Self { threshold, replicas, behavior })
    }

    /// Failures in a row that are still passed on.
    #[must_use]
    pub const fn threshold(&self) -> i32 {
        self.threshold
    }

    /// The replicas given.
    #[must_use]
    pub const fn replicas(&self) -> i32 {
        self.replicas
    }

    /// Which number it keeps.
    #[must_use]
    pub const fn behavior(&self) -> FallbackBehavior {
        self.behavior
    }

    /// The number it keeps; `None` when the current one is needed and not known, or nothing stands in.
    #[must_use]
    pub fn kept(&self, current: Option<i32>) -> Option<i32> {
        match self.behavior {
            FallbackBehavior::Static => Some(self.replicas),
            FallbackBehavior::Unset => current.map(|_| self.replicas),
            FallbackBehavior::CurrentReplicas => current,
            FallbackBehavior::CurrentReplicasIfHigher => current.map(|current| current.max(self.replicas)),
            FallbackBehavior::CurrentReplicasIfLower => current.map(|current| current.min(self.replicas)),
            FallbackBehavior::ScalingModifiers => None,
        }
    }

    /// The metric of which the HPA makes the kept replicas: cut to thousandths.
    ///
    /// For a target of the whole, the HPA multiplies by the ready pods, so they are divided out; without any there is
    /// no such metric.
    #[must_use]
    pub fn metric(&self, target: Target, current: Option<i32>, ready: Option<i32>) -> Option<Milli> {
        let mut replicas = f64::from(self.kept(current)?);
        let target = match target {
            Target::AverageValue(target) => target,
            Target::Value(target) => {
                replicas /= f64::from(ready.filter(|ready| *ready > 0)?);
                target
            }
        };
        // The order is upstream's: a target of 4.007 falls short by a thousandth.
        Some(Milli(math::trunc_i64(units(target) * 1000.0 * replicas)))
    }
}

/// How a trigger has been lately.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Health {
    /// Failures in a row.
    pub failures: i32,
    /// Whether the last read failed.
    pub failing: bool,
}

impl Health {
    pub(super) fn succeed(&mut self) {
        *self = Self { failures: 0, failing: false };
    }

    pub(super) fn fail(&mut self) {
        *self = Self { failures: self.failures.saturating_add(1), failing: true };
    }
}
