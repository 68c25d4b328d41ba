//! Strategies of the Nomad Autoscaler: a band of values, and a target value. Both are functions of points and a count.
//!
//! Several checks are combined by a combination with Nomad's rule; cooldowns are those of the policy around them.

use crate::constrain::Direction;
use crate::error::{ConfigError, Problem};
use crate::math;

/// What a check asks for. `count` is the current number when nothing is to change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Proposal {
    /// Up, down, or neither.
    pub direction: Option<Direction>,
    /// The number asked for.
    pub count: i64,
}

impl Proposal {
    fn stay(count: i64) -> Self {
        Self { direction: None, count }
    }

    fn to(from: i64, count: i64) -> Self {
        let direction = match count.cmp(&from) {
            core::cmp::Ordering::Greater => Some(Direction::Up),
            core::cmp::Ordering::Less => Some(Direction::Down),
            core::cmp::Ordering::Equal => None,
        };
        Self { direction, count }
    }
}

/// What a [`Band`] does when enough points lie within it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Action {
    /// Adds so many.
    Delta(i64),
    /// Changes by so many percent, rounded up: −10 % of 5 is 5.
    Percentage(f64),
    /// Sets the number.
    Value(i64),
}

/// The threshold strategy: acts when enough points lie in `lower ≤ value < upper`, whichever they are.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Band {
    lower: Option<f64>,
    upper: Option<f64>,
    trigger: i64,
    action: Action,
}

impl Band {
    /// Points that must lie within the bounds where nothing is said.
    pub const DEFAULT_TRIGGER: i64 = 5;

    /// At least one bound.
    ///
    /// # Errors
    /// No bound, a percentage that is no number, or a negative value to set.
    pub const fn new(lower: Option<f64>, upper: Option<f64>, action: Action) -> Result<Self, ConfigError> {
        if lower.is_none() && upper.is_none() {
            return Err(ConfigError::new("bounds", 0, Problem::Empty));
        }
        match action {
            Action::Percentage(percent) if !percent.is_finite() => {
                return Err(ConfigError::new("percentage", 0, Problem::NotFinite));
            }
            Action::Value(value) if value < 0 => return Err(ConfigError::new("value", value, Problem::AtLeast(0))),
            _ => {}
        }
        if let Some(bound) = lower
            && bound.is_nan()
        {
            return Err(ConfigError::new("lower bound", 0, Problem::NotFinite));
        }
        if let Some(bound) = upper
            && bound.is_nan()
        {
            return Err(ConfigError::new("upper bound", 0, Problem::NotFinite));
        }
        Ok(Self { lower, upper, trigger: Self::DEFAULT_TRIGGER, action })
    }

    /// `within_bounds_trigger`: so many points must lie within the bounds; 0 and less always act.
    #[must_use]
    pub const fn with_trigger(self, points: i64) -> Self {
        Self { trigger: points, ..self }
    }

    /// What the check asks for; `None` without points. O(points). A point that is no number lies in no band.
    #[must_use]
    pub fn propose(&self, points: &[f64], count: i64) -> Option<Proposal> {
        if points.is_empty() {
            return None;
        }
        let (lower, upper) = (self.lower.unwrap_or(f64::NEG_INFINITY), self.upper.unwrap_or(f64::INFINITY));
        let within = points.iter().filter(|value| **value >= lower && **value < upper).count();
        if i64::try_from(within).unwrap_or(i64::MAX) < self.trigger {
            return Some(Proposal::stay(count));
        }
        let asked = match self.action {
            Action::Delta(delta) => count.saturating_add(delta),
            Action::Percentage(percent) => math::ceil_i64(count as f64 * (1.0 + percent / 100.0)),
            Action::Value(value) => value,
        };
        Some(Proposal::to(count, asked.max(0)))
    }
}

/// The target-value strategy: as many as bring the newest point to the target.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TargetValue {
    target: f64,
    threshold: f64,
    max_up: Option<i64>,
    max_down: Option<i64>,
}

impl TargetValue {
    /// Dead band around a factor of 1 where nothing is said.
    pub const DEFAULT_THRESHOLD: f64 = 0.01;

    /// A target of 0 takes the value itself for the factor.
    ///
    /// # Errors
    /// When it is no finite number.
    pub const fn new(target: f64) -> Result<Self, ConfigError> {
        if !target.is_finite() {
            return Err(ConfigError::new("target", 0, Problem::NotFinite));
        }
        Ok(Self { target, threshold: Self::DEFAULT_THRESHOLD, max_up: None, max_down: None })
    }

    /// The dead band: a factor within 1 ± this changes nothing.
    ///
    /// # Errors
    /// When it is no finite number.
    pub const fn with_threshold(self, threshold: f64) -> Result<Self, ConfigError> {
        if !threshold.is_finite() {
            return Err(ConfigError::new("threshold", 0, Problem::NotFinite));
        }
        Ok(Self { threshold, ..self })
    }

    /// `max_scale_up` and `max_scale_down`: most that is added and removed at once.
    #[must_use]
    pub const fn with_most(self, up: Option<i64>, down: Option<i64>) -> Self {
        Self { max_up: up, max_down: down, ..self }
    }

    /// What the check asks for; `None` without points. Only the newest, the last, counts. O(1).
    ///
    /// Like upstream it says the direction of the factor, not of the number: a limit may turn them apart.
    #[must_use]
    pub fn propose(&self, points: &[f64], count: i64) -> Option<Proposal> {
        let value = *points.last()?;
        let factor = if self.target == 0.0 { value } else { value / self.target };
        let direction = if count == 0 {
            (factor > 0.0).then_some(Direction::Up)
        } else if factor < 1.0 - self.threshold {
            Some(Direction::Down)
        } else if factor > 1.0 + self.threshold {
            Some(Direction::Up)
        } else {
            None
        };
        if direction.is_none() {
            return Some(Proposal::stay(count));
        }
        let mut asked = math::ceil_i64(if count == 0 { factor } else { count as f64 * factor });
        if let Some(down) = self.max_down {
            asked = asked.max(count.saturating_sub(down));
        }
        if let Some(up) = self.max_up {
            asked = asked.min(count.saturating_add(up));
        }
        Some(if asked == count { Proposal::stay(count) } else { Proposal { direction, count: asked } })
    }
}
