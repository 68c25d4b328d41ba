//! The policy of a scaled object: replica counts, periods, triggers, fallback, formula.

use super::fallback::Fallback;
use super::formula::Program;
use super::lag::LagPolicy;
use crate::constrain::Bounds;
use crate::error::{ConfigError, Problem};
use crate::units::{Milli, Span};

/// A thousandths quantity as a float, with the bits that upstream computes with: 31.08 is 31.080000000000002.
pub(super) fn units(milli: Milli) -> f64 {
    milli.0 as f64 * 0.001
}

/// What a trigger's metric is compared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// A value per replica: the HPA wants metric / target.
    AverageValue(Milli),
    /// A value of the whole: the HPA wants ready replicas × metric / target.
    Value(Milli),
}

/// The fewest, the most, and how many while idle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReplicaCounts {
    min: Option<i32>,
    max: i32,
    idle: Option<i32>,
}

impl ReplicaCounts {
    /// The most where none is given.
    pub const DEFAULT_MAX: i32 = 100;
    /// Nothing given: 0 to 100.
    pub const DEFAULT: Self = Self { min: None, max: Self::DEFAULT_MAX, idle: None };

    /// `min ≤ max`, `idle < min`. What is not given is 0, 100, and no idle mode.
    ///
    /// An explicit minimum of 0 is read as 1 here, as upstream does: with it an idle count of 0 is accepted, without a
    /// minimum it is not.
    ///
    /// # Errors
    /// Names the number that is impossible.
    pub const fn new(min: Option<i32>, max: Option<i32>, idle: Option<i32>) -> Result<Self, ConfigError> {
        let (given_max, given_min) = (max, min);
        let max = match given_max {
            Some(max) => max,
            None => Self::DEFAULT_MAX,
        };
        let min = match given_min {
            Some(min) if min < 0 => return Err(ConfigError::new("min", min as i64, Problem::AtLeast(0))),
            Some(0) => 1,
            Some(min) => min,
            None => 0,
        };
        if max < 1 {
            return Err(ConfigError::new("max", max as i64, Problem::AtLeast(1)));
        }
        if max < min {
            return Err(ConfigError::new("max", max as i64, Problem::AtLeast(min as i64)));
        }
        if let Some(idle) = idle {
            if idle < 0 {
                return Err(ConfigError::new("idle", idle as i64, Problem::AtLeast(0)));
            }
            if idle >= min {
                return Err(ConfigError::new("idle", idle as i64, Problem::AtMost(min.saturating_sub(1) as i64)));
            }
        }
        Ok(Self { min: given_min, max, idle })
    }

    /// The fewest, as given.
    #[must_use]
    pub const fn min(&self) -> Option<i32> {
        self.min
    }

    /// The fewest; 0 when none is given.
    #[must_use]
    pub const fn floor(&self) -> i32 {
        match self.min {
            Some(min) => min,
            None => 0,
        }
    }

    /// The most.
    #[must_use]
    pub const fn max(&self) -> i32 {
        self.max
    }

    /// The number while idle, if there is an idle mode.
    #[must_use]
    pub const fn idle(&self) -> Option<i32> {
        self.idle
    }

    /// Where it goes when nothing is active: the idle count, or the fewest.
    #[must_use]
    pub const fn at_rest(&self) -> i32 {
        match self.idle {
            Some(idle) => idle,
            None => self.floor(),
        }
    }

    /// Where it goes when it is activated: the fewest, at least 1.
    #[must_use]
    pub const fn at_activation(&self) -> i32 {
        if self.floor() > 0 { self.floor() } else { 1 }
    }

    /// The bounds of the HPA that scales while it is running: at least 1.
    #[must_use]
    pub fn hpa_bounds(&self) -> Bounds {
        // `new` saw that 1 ≤ fewest at activation ≤ most.
        Bounds::new(self.at_activation(), self.max).unwrap_or(Bounds::ONE)
    }
}

/// A source of work: a queue, a stream, a schedule; or the pods' own resources.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trigger<'a> {
    name: &'a str,
    target: Option<Target>,
}

impl<'a> Trigger<'a> {
    /// A metric from outside, with its target (above 0). The name is for sentences and formulas.
    ///
    /// # Errors
    /// When the target is not above 0.
    pub const fn external(name: &'a str, target: Target) -> Result<Self, ConfigError> {
        let (Target::AverageValue(Milli(value)) | Target::Value(Milli(value))) = target;
        if value < 1 {
            return Err(ConfigError::new("target", value, Problem::AtLeast(1)));
        }
        Ok(Self { name, target: Some(target) })
    }

    /// The lag of a consumer group: an average of the policy's threshold per replica.
    #[must_use]
    pub const fn lag(name: &'a str, policy: &LagPolicy) -> Self {
        Self { name, target: Some(Target::AverageValue(Milli(policy.threshold().saturating_mul(1000)))) }
    }

    /// CPU or memory: the HPA reads it by itself; here it can only keep the target active.
    #[must_use]
    pub const fn resource(name: &'a str) -> Self {
        Self { name, target: None }
    }

    /// Its name.
    #[must_use]
    pub const fn name(&self) -> &'a str {
        self.name
    }

    /// Its target; `None` for CPU and memory.
    #[must_use]
    pub const fn target(&self) -> Option<Target> {
        self.target
    }
}

/// A formula that makes one composite metric of all external ones.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Modifiers<'a> {
    pub(super) program: Program<'a>,
    pub(super) target: Target,
    pub(super) activation: f64,
    pub(super) whole_target: bool,
}

impl<'a> Modifiers<'a> {
    /// A program over the triggers by number, and the composite's target, above 0.
    ///
    /// # Errors
    /// When the target is not above 0.
    pub const fn new(program: Program<'a>, target: Target) -> Result<Self, ConfigError> {
        let (Target::AverageValue(Milli(value)) | Target::Value(Milli(value))) = target;
        if value < 1 {
            return Err(ConfigError::new("target", value, Problem::AtLeast(1)));
        }
        Ok(Self { program, target, activation: 0.0, whole_target: value % 1000 == 0 })
    }

    /// Active when the composite is above this; 0 where none is given.
    ///
    /// # Errors
    /// When it is no number.
    pub const fn with_activation(self, activation: f64) -> Result<Self, ConfigError> {
        if !activation.is_finite() {
            return Err(ConfigError::new("activation target", 0, Problem::NotFinite));
        }
        Ok(Self { activation, ..self })
    }

    /// Upstream has a fallback only when the target is written as a whole number: `2`, not `2.5`, and not `2.0` either.
    #[must_use]
    pub const fn with_whole_target(self, whole: bool) -> Self {
        Self { whole_target: whole, ..self }
    }

    /// The composite's target.
    #[must_use]
    pub const fn target(&self) -> Target {
        self.target
    }

    /// The formula.
    #[must_use]
    pub const fn program(&self) -> Program<'a> {
        self.program
    }
}

/// Known defects of upstream's activation, answered better when switched on. All are off by default: parity first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Mended {
    /// An active trigger counts as activity although another one fails. Upstream does not refresh the last activity
    /// then, so the first quiet poll after a long partial failure drops to zero at once.
    pub activity_outlives_errors: bool,
    /// A fallback of 0 replicas holds the target until its threshold is passed, like any other. Upstream drops it to
    /// zero at the first error after the cooldown.
    pub zero_fallback_waits: bool,
    /// A target of a formula need not be whole for a fallback.
    pub fractional_target_falls_back: bool,
}

impl Mended {
    /// Upstream, defects and all.
    pub const NOTHING: Self =
        Self { activity_outlives_errors: false, zero_fallback_waits: false, fractional_target_falls_back: false };
}

/// The policy of a scaled object. Immutable; one serves any number of workloads; fits a `static`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ScaledObject<'a> {
    pub(super) counts: ReplicaCounts,
    pub(super) triggers: &'a [Trigger<'a>],
    pub(super) cooldown: Span,
    pub(super) initial_cooldown: Span,
    pub(super) fallback: Option<Fallback>,
    pub(super) modifiers: Option<Modifiers<'a>>,
    pub(super) mended: Mended,
}

const MOST_TRIGGERS: usize = u16::MAX as usize;

impl<'a> ScaledObject<'a> {
    /// With upstream's defaults: a cooldown of 300 s, none at the beginning, no fallback, no formula.
    ///
    /// # Errors
    /// When there is no trigger, or more than 65,535.
    pub const fn new(counts: ReplicaCounts, triggers: &'a [Trigger<'a>]) -> Result<Self, ConfigError> {
        if triggers.is_empty() {
            return Err(ConfigError::new("triggers", 0, Problem::Empty));
        }
        if triggers.len() > MOST_TRIGGERS {
            return Err(ConfigError::new("triggers", triggers.len() as i64, Problem::AtMost(MOST_TRIGGERS as i64)));
        }
        Ok(Self {
            counts,
            triggers,
            cooldown: Span::from_secs(300),
            initial_cooldown: Span::ZERO,
            fallback: None,
            modifiers: None,
            mended: Mended::NOTHING,
        })
    }

    /// How long nothing must have been active before the last step down, to zero or the idle count.
    #[must_use]
    pub const fn with_cooldown(self, cooldown: Span) -> Self {
        Self { cooldown, ..self }
    }

    /// The same, from the creation on, while nothing was ever active.
    #[must_use]
    pub const fn with_initial_cooldown(self, initial_cooldown: Span) -> Self {
        Self { initial_cooldown, ..self }
    }

    /// Replicas to keep while triggers fail.
    #[must_use]
    pub const fn with_fallback(self, fallback: Fallback) -> Self {
        Self { fallback: Some(fallback), ..self }
    }

    /// A formula over the triggers.
    ///
    /// # Errors
    /// When it names a trigger that there is not.
    pub const fn with_modifiers(self, modifiers: Modifiers<'a>) -> Result<Self, ConfigError> {
        let (needed, given) = (modifiers.program.triggers() as i64, self.triggers.len() as i64);
        if needed > given {
            return Err(ConfigError::new("triggers", given, Problem::AtLeast(needed)));
        }
        Ok(Self { modifiers: Some(modifiers), ..self })
    }

    /// Known defects of upstream answered better.
    #[must_use]
    pub const fn with_mended(self, mended: Mended) -> Self {
        Self { mended, ..self }
    }

    /// The replica counts.
    #[must_use]
    pub const fn counts(&self) -> ReplicaCounts {
        self.counts
    }

    /// The triggers, in order.
    #[must_use]
    pub const fn triggers(&self) -> &'a [Trigger<'a>] {
        self.triggers
    }

    /// The fallback, if one is given.
    #[must_use]
    pub const fn fallback(&self) -> Option<Fallback> {
        self.fallback
    }

    /// The formula, if there is one.
    #[must_use]
    pub const fn modifiers(&self) -> Option<Modifiers<'a>> {
        self.modifiers
    }

    /// Cooldown, and that at the beginning.
    #[must_use]
    pub const fn cooldowns(&self) -> (Span, Span) {
        (self.cooldown, self.initial_cooldown)
    }

    /// The fallback that is in force: upstream has none beside a formula whose target is not whole.
    #[must_use]
    pub fn usable_fallback(&self) -> Option<Fallback> {
        let whole = self.modifiers.is_none_or(|modifiers| modifiers.whole_target);
        self.fallback.filter(|_| whole || self.mended.fractional_target_falls_back)
    }

    /// Whether upstream's activation takes what the HPA read last instead of reading by itself, as long as that HPA
    /// reports ScalingActive and no trigger caches its metrics: with a fewest above 0, no idle count and no formula.
    #[must_use]
    pub const fn shares_reads(&self) -> bool {
        self.counts.floor() > 0 && self.counts.idle.is_none() && self.modifiers.is_none()
    }

    /// The metrics that the HPA beside it has, CPU and memory aside: number of the trigger (`None` for the composite)
    /// and target.
    pub fn hpa_metrics(&self) -> impl Iterator<Item = (Option<u16>, Target)> + 'a {
        let composite = self.modifiers.map(|modifiers| (None, modifiers.target));
        let single = composite.is_none();
        let triggers = self.triggers.iter().zip(0_u16..).filter(move |_| single);
        composite.into_iter().chain(triggers.filter_map(|(trigger, index)| Some((Some(index), trigger.target?))))
    }
}
