//! Cuts a wanted number of replicas to bounds and to rates of change, and says what bound it.

use core::fmt;

use crate::error::{ConfigError, Problem};
use crate::math;
use crate::units::{Instant, Replicas, Span};
use crate::window::changes::{Change, changed_since};

/// The fewest and the most replicas.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    min: i32,
    max: i32,
}

impl Bounds {
    /// Exactly one.
    pub const ONE: Self = Self { min: 1, max: 1 };

    /// `0 ≤ min ≤ max`, `1 ≤ max`.
    ///
    /// # Errors
    /// Names the bound that is impossible.
    pub const fn new(min: i32, max: i32) -> Result<Self, ConfigError> {
        if min < 0 {
            return Err(ConfigError::new("min", min as i64, Problem::AtLeast(0)));
        }
        if max < 1 {
            return Err(ConfigError::new("max", max as i64, Problem::AtLeast(1)));
        }
        if max < min {
            return Err(ConfigError::new("max", max as i64, Problem::AtLeast(min as i64)));
        }
        Ok(Self { min, max })
    }

    /// The fewest.
    #[must_use]
    pub const fn min(self) -> Replicas {
        Replicas(self.min)
    }

    /// The most.
    #[must_use]
    pub const fn max(self) -> Replicas {
        Replicas(self.max)
    }
}

/// One rule on the rate of change: at most so much in a period.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct RatePolicy {
    amount: Amount,
    period: Span,
}

/// How much a [`RatePolicy`] allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub enum Amount {
    /// A number of pods.
    Pods(i32),
    /// Percent of the replicas at the beginning of the period; may be above 100.
    Percent(i32),
}

impl RatePolicy {
    /// At most `amount` (1 or more) in any `period` (1 s to 30 min).
    ///
    /// # Errors
    /// Names the number that is out of range.
    pub const fn new(amount: Amount, period: Span) -> Result<Self, ConfigError> {
        let value = match amount {
            Amount::Pods(value) | Amount::Percent(value) => value,
        };
        if value < 1 {
            return Err(ConfigError::new("value", value as i64, Problem::AtLeast(1)));
        }
        let nanos = period.as_nanos();
        if nanos < Span::from_secs(1).as_nanos() {
            return Err(ConfigError::new("period", nanos as i64, Problem::AtLeast(1_000_000_000)));
        }
        if nanos > Span::from_secs(1800).as_nanos() {
            return Err(ConfigError::new("period", nanos as i64, Problem::AtMost(1_800_000_000_000)));
        }
        Ok(Self { amount, period })
    }

    /// What it allows.
    #[must_use]
    pub const fn amount(self) -> Amount {
        self.amount
    }

    /// In which time.
    #[must_use]
    pub const fn period(self) -> Span {
        self.period
    }
}

impl fmt::Display for RatePolicy {
    /// `5 pods in 30 s`, `50 % in 30 s`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.amount {
            Amount::Pods(1) => write!(f, "1 pod in {}", self.period),
            Amount::Pods(pods) => write!(f, "{pods} pods in {}", self.period),
            Amount::Percent(percent) => write!(f, "{percent} % in {}", self.period),
        }
    }
}

/// Which of several rules counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Select {
    /// The one that allows the most change.
    #[default]
    Max,
    /// The one that allows the least change.
    Min,
    /// None: no change in this direction.
    Disabled,
}

/// The rules on the rate in one direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateRules<'a> {
    select: Select,
    policies: &'a [RatePolicy],
    saturates: bool,
}

impl<'a> RateRules<'a> {
    /// At least one rule.
    ///
    /// # Errors
    /// When there is none.
    pub const fn new(select: Select, policies: &'a [RatePolicy]) -> Result<Self, ConfigError> {
        if policies.is_empty() {
            return Err(ConfigError::new("policies", 0, Problem::Empty));
        }
        Ok(Self { select, policies, saturates: false })
    }

    /// A Pods rule whose sum passes 2³¹−1 allows 2³¹−1. Upstream's wraps.
    #[must_use]
    pub const fn saturating(self) -> Self {
        Self { saturates: true, ..self }
    }

    /// Which rule counts.
    #[must_use]
    pub const fn select(self) -> Select {
        self.select
    }

    /// The rules.
    #[must_use]
    pub const fn policies(self) -> &'a [RatePolicy] {
        self.policies
    }

    /// The longest period of the rules.
    #[must_use]
    pub fn longest(self) -> Span {
        self.policies.iter().map(|policy| policy.period).max().unwrap_or_default()
    }
}

/// Up or down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Direction {
    /// More replicas.
    Up,
    /// Fewer replicas.
    Down,
}

/// What the host really changed lately, in both directions.
#[derive(Clone, Copy, Debug)]
pub struct Lately<'a> {
    /// Changes upward.
    pub up: &'a [Change],
    /// Changes downward.
    pub down: &'a [Change],
    /// The moment of the decision.
    pub now: Instant,
}

/// How far the rate rules of one direction allow to go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct RateLimit {
    /// The most (upward) or fewest (downward) replicas.
    pub replicas: i32,
    /// The rule that set it and the replicas its period began with; `None` when the direction is disabled.
    pub by: Option<(RatePolicy, i32)>,
    /// When the oldest change that the rule counts against it leaves its period: what a sentence about the limit says.
    pub eases_at: Option<Instant>,
    /// When the first of all changes that any of the rules counts leaves its period: until then the limit stands.
    pub stands_until: Option<Instant>,
}

/// The limit of one direction's rules. O(rules × changes).
///
/// A rule's period began with the current number, less what was added in it, plus what was taken away in it: both
/// lists move the beginning in both directions.
#[must_use]
pub fn rate_limit(rules: RateRules<'_>, direction: Direction, current: i32, lately: &Lately<'_>) -> RateLimit {
    let mut limit = RateLimit { replicas: current, by: None, eases_at: None, stands_until: None };
    let mut stands_until = None::<Instant>;
    if rules.select == Select::Disabled {
        return limit;
    }
    for policy in rules.policies {
        let added = changed_since(lately.up, policy.period, lately.now);
        let taken = changed_since(lately.down, policy.period, lately.now);
        let start = current.wrapping_sub(added).wrapping_add(taken);
        let replicas = match (direction, policy.amount) {
            (Direction::Up, Amount::Pods(value)) if rules.saturates => start.saturating_add(value),
            (Direction::Up, Amount::Pods(value)) => start.wrapping_add(value),
            (Direction::Down, Amount::Pods(value)) => start.wrapping_sub(value),
            // The order of the float operations is upstream's: +10 % of 100 is 111.
            (Direction::Up, Amount::Percent(value)) => {
                math::ceil_i32(f64::from(start) * (1.0 + f64::from(value) / 100.0))
            }
            (Direction::Down, Amount::Percent(value)) => {
                math::trunc_i32(f64::from(start) * (1.0 - f64::from(value) / 100.0))
            }
        };
        let further = match direction {
            Direction::Up => replicas > limit.replicas,
            Direction::Down => replicas < limit.replicas,
        };
        let leaves = |list: &[Change]| {
            let counted = list.iter().filter(|change| change.at > lately.now - policy.period);
            counted.map(|change| change.at + policy.period).min()
        };
        let (up, down) = (leaves(lately.up), leaves(lately.down));
        stands_until = [stands_until, up, down].into_iter().flatten().min();
        if limit.by.is_none() || (further == (rules.select == Select::Max) && replicas != limit.replicas) {
            let eases_at = match direction {
                Direction::Up => up,
                Direction::Down => down,
            };
            limit = RateLimit { replicas, by: Some((*policy, start)), eases_at, stands_until: None };
        }
    }
    RateLimit { stands_until, ..limit }
}

/// What the last cut says. The names are those of the HPA's `ScalingLimited` reasons.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub enum Limit {
    /// Nothing was cut.
    DesiredWithinRange,
    /// Raised to the fewest.
    TooFewReplicas,
    /// Lowered to the most.
    TooManyReplicas,
    /// The rate of growing.
    ScaleUpLimit,
    /// The rate of shrinking.
    ScaleDownLimit,
}

/// A cut number, and what cut it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limited {
    /// Replicas after the cut.
    pub replicas: i32,
    /// What cut it.
    pub limit: Limit,
    /// The rate rule's part in it, when there are rules.
    pub rate: Option<RateLimit>,
}

/// The built-in cap of growth where no rules are given: `max(factor × current, floor)`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GrowthCap {
    /// 2 in every release of Kubernetes.
    pub factor: f64,
    /// 4 in every release of Kubernetes.
    pub floor: f64,
}

impl GrowthCap {
    /// Upstream's constants.
    pub const HPA: Self = Self { factor: 2.0, floor: 4.0 };
}

/// Bounds and the built-in cap of growth; nothing but `min` limits shrinking. O(1).
#[must_use]
pub fn without_rules(wanted: i32, current: i32, bounds: Bounds, cap: GrowthCap) -> Limited {
    let grown = cap.factor * f64::from(current);
    let cap = math::trunc_i32(if grown > cap.floor { grown } else { cap.floor });
    let (top, why) = if bounds.max > cap { (cap, Limit::ScaleUpLimit) } else { (bounds.max, Limit::TooManyReplicas) };
    let (replicas, limit) = if wanted < bounds.min {
        (bounds.min, Limit::TooFewReplicas)
    } else if wanted > top {
        (top, why)
    } else {
        (wanted, Limit::DesiredWithinRange)
    };
    Limited { replicas, limit, rate: None }
}

/// Bounds and rate rules: going up only `max` is looked at, going down only `min`. O(rules × changes).
#[must_use]
pub fn with_rules(
    wanted: i32,
    current: i32,
    bounds: Bounds,
    (up, down): (RateRules<'_>, RateRules<'_>),
    lately: &Lately<'_>,
) -> Limited {
    if wanted > current {
        let mut rate = rate_limit(up, Direction::Up, current, lately);
        rate.replicas = rate.replicas.max(current);
        let (top, why) = if bounds.max > rate.replicas {
            (rate.replicas, Limit::ScaleUpLimit)
        } else {
            (bounds.max, Limit::TooManyReplicas)
        };
        let (replicas, limit) = if wanted > top { (top, why) } else { (wanted, Limit::DesiredWithinRange) };
        Limited { replicas, limit, rate: Some(rate) }
    } else if wanted < current {
        let mut rate = rate_limit(down, Direction::Down, current, lately);
        rate.replicas = rate.replicas.min(current);
        let (bottom, why) = if bounds.min < rate.replicas {
            (rate.replicas, Limit::ScaleDownLimit)
        } else {
            (bounds.min, Limit::TooFewReplicas)
        };
        let (replicas, limit) = if wanted < bottom { (bottom, why) } else { (wanted, Limit::DesiredWithinRange) };
        Limited { replicas, limit, rate: Some(rate) }
    } else {
        Limited { replicas: wanted, limit: Limit::DesiredWithinRange, rate: None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Lately<'static> = Lately { up: &[], down: &[], now: Instant::from_secs(0) };

    fn percent(value: i32) -> RatePolicy {
        RatePolicy { amount: Amount::Percent(value), period: Span::from_secs(60) }
    }

    #[test]
    fn percentages_keep_the_float_artefacts_of_upstream() {
        let cases = [(Direction::Up, 100, 10, 111), (Direction::Up, 50, 10, 56)];
        let down = [(Direction::Down, 10, 80, 1), (Direction::Down, 10, 90, 0)];
        for (direction, current, value, expected) in cases.into_iter().chain(down) {
            let policies = [percent(value)];
            let rules = RateRules { select: Select::Max, policies: &policies, saturates: false };
            assert_eq!(rate_limit(rules, direction, current, &NOW).replicas, expected, "{current} {value} %");
        }
    }

    #[test]
    fn both_lists_move_the_beginning_of_a_period() {
        let policies = [RatePolicy { amount: Amount::Pods(2), period: Span::from_secs(60) }];
        let rules = RateRules { select: Select::Max, policies: &policies, saturates: false };
        let taken = [Change { change: 10, at: Instant::from_secs(-5), outdated: false }];
        let limit = rate_limit(rules, Direction::Up, 10, &Lately { down: &taken, ..NOW });
        assert_eq!(limit.replicas, 22, "a recent scale-down by 10 lets +2 pods grow by 12");
        assert_eq!(limit.eases_at, None, "nothing was added lately");
    }

    #[test]
    fn impossible_configurations_name_field_and_number() {
        extern crate std;
        use std::string::ToString;
        let texts = [
            Bounds::new(-1, 3).err(),
            Bounds::new(0, 0).err(),
            Bounds::new(5, 3).err(),
            RatePolicy::new(Amount::Pods(0), Span::from_secs(1)).err(),
            RatePolicy::new(Amount::Pods(1), Span::ZERO).err(),
            RatePolicy::new(Amount::Pods(1), Span::from_secs(1801)).err(),
            RateRules::new(Select::Max, &[]).err(),
        ]
        .map(|error| error.map(|e| e.to_string()).unwrap_or_default());
        assert_eq!(
            texts,
            [
                "min is -1, must be at least 0",
                "max is 0, must be at least 1",
                "max is 3, must be at least 5",
                "value is 0, must be at least 1",
                "period is 0, must be at least 1000000000",
                "period is 1801000000000, must be at most 1800000000000",
                "policies is empty, must have at least one entry",
            ]
        );
    }
}
