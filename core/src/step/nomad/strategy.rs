//! Strategies: functions of points and a count.

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

/// What a check does with the points of its query.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Strategy {
    /// `target-value`.
    TargetValue(TargetValue),
    /// `threshold`.
    Threshold(Band),
    /// `fixed-value`: this number, whatever is measured. It needs no points.
    FixedValue(i64),
    /// `pass-through`.
    PassThrough(PassThrough),
}

impl Strategy {
    /// Its name in a policy.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::TargetValue(_) => "target-value",
            Self::Threshold(_) => "threshold",
            Self::FixedValue(_) => "fixed-value",
            Self::PassThrough(_) => "pass-through",
        }
    }

    /// Whether it is asked without a query.
    #[must_use]
    pub const fn needs_no_points(&self) -> bool {
        matches!(self, Self::FixedValue(_))
    }

    /// What it asks for; `None` without the points that it needs.
    #[must_use]
    pub fn propose(&self, points: &[f64], count: i64) -> Option<Proposal> {
        match self {
            Self::TargetValue(target) => target.propose(points, count),
            Self::Threshold(band) => band.propose(points, count),
            Self::FixedValue(value) => Some(Proposal::to(count, *value)),
            Self::PassThrough(pass) => pass.propose(points, count),
        }
    }
}

/// What a [`Band`] does when enough points lie within it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum BandAction {
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
    action: BandAction,
}

impl Band {
    /// Points that must lie within the bounds where nothing is said.
    pub const DEFAULT_TRIGGER: i64 = 5;

    /// At least one bound.
    ///
    /// # Errors
    /// No bound, a percentage that is no number, or a negative value to set.
    pub const fn new(lower: Option<f64>, upper: Option<f64>, action: BandAction) -> Result<Self, ConfigError> {
        if lower.is_none() && upper.is_none() {
            return Err(ConfigError::new("bounds", 0, Problem::Empty));
        }
        match action {
            BandAction::Percentage(percent) if !percent.is_finite() => {
                return Err(ConfigError::new("percentage", 0, Problem::NotFinite));
            }
            BandAction::Value(value) if value < 0 => return Err(ConfigError::new("value", value, Problem::AtLeast(0))),
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

    /// How many of the points lie within the bounds. O(points).
    #[must_use]
    pub fn within(&self, points: &[f64]) -> usize {
        let (lower, upper) = (self.lower.unwrap_or(f64::NEG_INFINITY), self.upper.unwrap_or(f64::INFINITY));
        points.iter().filter(|value| **value >= lower && **value < upper).count()
    }

    /// How many it takes.
    #[must_use]
    pub const fn trigger(&self) -> i64 {
        self.trigger
    }

    /// Its lower and its upper bound.
    #[must_use]
    pub const fn bounds(&self) -> (Option<f64>, Option<f64>) {
        (self.lower, self.upper)
    }

    /// What it asks for when enough points lie within the bounds.
    #[must_use]
    pub fn acts(&self, count: i64) -> Proposal {
        let asked = match self.action {
            BandAction::Delta(delta) => count.saturating_add(delta),
            BandAction::Percentage(percent) => math::ceil_i64(count as f64 * (1.0 + percent / 100.0)),
            BandAction::Value(value) => value,
        };
        Proposal::to(count, asked.max(0))
    }

    /// What the check asks for; `None` without points. O(points). A point that is no number lies in no band.
    #[must_use]
    pub fn propose(&self, points: &[f64], count: i64) -> Option<Proposal> {
        if points.is_empty() {
            return None;
        }
        let within = i64::try_from(self.within(points)).unwrap_or(i64::MAX);
        Some(if within < self.trigger { Proposal::stay(count) } else { self.acts(count) })
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

    /// The target.
    #[must_use]
    pub const fn target(&self) -> f64 {
        self.target
    }

    /// What the number is to be multiplied with.
    #[must_use]
    pub fn factor(&self, value: f64) -> f64 {
        if self.target == 0.0 { value } else { value / self.target }
    }

    /// What the check asks for; `None` without points. Only the newest, the last, counts. O(1).
    ///
    /// Like upstream it says the direction of the factor, not of the number: a limit may turn them apart.
    #[must_use]
    pub fn propose(&self, points: &[f64], count: i64) -> Option<Proposal> {
        let factor = self.factor(*points.last()?);
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

/// The pass-through strategy: as many as the newest point says, its fraction cut off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct PassThrough {
    max_up: Option<i64>,
    max_down: Option<i64>,
}

impl PassThrough {
    /// `max_scale_up` and `max_scale_down`: most that is added and removed at once.
    #[must_use]
    pub const fn with_most(self, up: Option<i64>, down: Option<i64>) -> Self {
        Self { max_up: up, max_down: down }
    }

    /// What the check asks for; `None` without points. O(1). A point that is no number asks for no change.
    ///
    /// Like upstream it says the direction of the point, not of the number: 4.5 on 4 is up, to 4.
    #[must_use]
    pub fn propose(&self, points: &[f64], count: i64) -> Option<Proposal> {
        let value = *points.last()?;
        let asked = math::trunc_i64(value);
        let least = |down| count.saturating_sub(down);
        let most = |up| count.saturating_add(up);
        Some(if value > count as f64 {
            Proposal { direction: Some(Direction::Up), count: self.max_up.map_or(asked, |up| asked.min(most(up))) }
        } else if value < count as f64 {
            Proposal {
                direction: Some(Direction::Down),
                count: self.max_down.map_or(asked, |down| asked.max(least(down))),
            }
        } else {
            Proposal::stay(count)
        })
    }
}
