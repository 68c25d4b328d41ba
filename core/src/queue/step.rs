//! Why: every stage of a pass leaves values, and `Display` makes sentences of them.

use core::fmt;

use super::policy::ScaledObject;
use crate::units::{Instant, Milli, Replicas};

/// One step of a pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub enum Step {
    /// The clock ran back; what was active later counts as active now.
    ClockWentBack {
        /// Time of the pass before.
        last: Instant,
        /// Time of this pass.
        now: Instant,
    },
    /// There is no room to remember the failures of a trigger.
    HistoryFull {
        /// Number of the trigger.
        trigger: u16,
    },
    /// A trigger was read.
    Read {
        /// Number of the trigger.
        trigger: u16,
        /// Its metric.
        value: Milli,
        /// Whether it is above its own activation threshold.
        active: bool,
    },
    /// A trigger failed, and nothing stands in.
    TriggerFailed {
        /// Number of the trigger.
        trigger: u16,
        /// Failures in a row; `None` when they are not counted.
        failures: Option<i32>,
        /// Why nothing stands in.
        why: Missing,
    },
    /// A trigger failed, and its fallback stands in.
    FellBack {
        /// Number of the trigger.
        trigger: u16,
        /// Failures in a row.
        failures: i32,
        /// Replicas that are to be kept.
        replicas: Replicas,
        /// The metric of which the HPA makes them.
        value: Milli,
    },
    /// The formula gave nothing.
    FormulaFailed {
        /// It gave nil, and there is no fallback.
        nil: bool,
    },
    /// The formula was computed, or the first fallback taken in its place.
    Composed {
        /// The composite.
        value: Option<Milli>,
        /// Whether it is above its activation target.
        active: bool,
        /// A trigger failed: that makes it inactive.
        error: bool,
    },
    /// The scale could not be read.
    ScaleUnread,
    /// Paused at a number.
    Paused {
        /// The number.
        replicas: Replicas,
    },
    /// Activated.
    Activated {
        /// Replicas before.
        from: Replicas,
        /// The fewest, at least 1.
        to: Replicas,
        /// By an annotation.
        forced: bool,
    },
    /// There is work, but scaling out is paused.
    ScaleOutPaused {
        /// Replicas now.
        at: Replicas,
    },
    /// There is work, but some triggers failed: the last activity is not refreshed.
    PartlyFailed,
    /// There is work, and replicas: the HPA's turn.
    Active {
        /// By an annotation.
        forced: bool,
    },
    /// Nothing is active, and triggers failed without a fallback.
    AllFailed,
    /// Nothing is active, triggers failed, and a fallback is to come.
    AwaitsFallback {
        /// The fallback's replicas.
        replicas: Replicas,
    },
    /// Nothing is active, but scaling in is paused.
    ScaleInPaused {
        /// Replicas now.
        at: Replicas,
    },
    /// Nothing is active, and the cooldown has not passed.
    CoolingDown {
        /// Replicas now.
        at: Replicas,
        /// When it will have.
        until: Instant,
        /// Whether it began with activity, or with the creation.
        ever_active: bool,
    },
    /// Nothing is active: to rest.
    Deactivated {
        /// Replicas before.
        from: Replicas,
        /// Replicas after.
        to: Replicas,
        /// To the idle count.
        idle: bool,
    },
    /// Nothing is active, and there were fewer replicas than the fewest.
    RaisedToMin {
        /// Replicas before.
        from: Replicas,
        /// The fewest.
        to: Replicas,
    },
    /// Nothing is active, and nothing is to be done: at rest, or with a minimum that is the HPA's business.
    Inactive,
    /// Before any other word: the HPA's turn.
    LeftToHpa,
    /// The host wrote the scale.
    Rescaled {
        /// Replicas before.
        from: Replicas,
        /// Replicas after.
        to: Replicas,
    },
    /// The host could not write the scale.
    RescaleFailed {
        /// Replicas before.
        from: Replicas,
        /// Replicas that were to be.
        to: Replicas,
    },
}

/// Why nothing stands in for a trigger that failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub enum Missing {
    /// There is no fallback, or none that can be used.
    NoFallback,
    /// No more failures than this.
    BelowThreshold(i32),
    /// By the fallback's word it is nil in the formula.
    NilInFormula,
    /// The current number of replicas is not known.
    Replicas,
    /// The ready pods are not known, or there are none.
    ReadyPods,
}

impl Step {
    /// The reason of the event that upstream sends at this step, if it sends one.
    #[must_use]
    pub const fn event(&self) -> Option<&'static str> {
        Some(match self {
            Self::TriggerFailed { .. } => "KEDAScalerFailed",
            Self::Activated { .. } => "KEDAScaleTargetActivated",
            Self::Deactivated { .. } => "KEDAScaleTargetDeactivated",
            _ => return None,
        })
    }

    /// The step as a sentence with the names of the policy's triggers.
    #[must_use]
    pub const fn sentence<'a>(&'a self, object: &'a ScaledObject<'a>) -> Sentence<'a> {
        Sentence { step: self, object: Some(object), now: None }
    }
}

impl fmt::Display for Step {
    /// The sentence, with triggers by number. [`Step::sentence`] has their names.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Sentence { step: self, object: None, now: None }.fmt(f)
    }
}

/// A step in words.
#[derive(Clone, Copy, Debug)]
pub struct Sentence<'a> {
    step: &'a Step,
    object: Option<&'a ScaledObject<'a>>,
    now: Option<Instant>,
}

impl Sentence<'_> {
    /// Gives moments as seen from `now`: `for another 285 s` instead of `until 330 s`.
    #[must_use]
    pub const fn seen_at(self, now: Instant) -> Self {
        Self { now: Some(now), ..self }
    }

    fn trigger(&self, index: u16) -> Named<'_> {
        let trigger = self.object.and_then(|object| object.triggers().get(usize::from(index)));
        Named { index, name: trigger.map(super::policy::Trigger::name) }
    }
}

struct Named<'a> {
    index: u16,
    name: Option<&'a str>,
}

impl fmt::Display for Named<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name {
            Some(name) => f.write_str(name),
            None => write!(f, "trigger {}", self.index.saturating_add(1)),
        }
    }
}

impl fmt::Display for Sentence<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self.step {
            Step::ClockWentBack { last, now } => {
                write!(f, "the clock ran back by {}: what was active later counts as active now", last.since(now))
            }
            Step::HistoryFull { trigger } => {
                write!(f, "no room to remember the failures of {}", self.trigger(trigger))
            }
            Step::Read { trigger, value, active } => {
                let state = if active { "active" } else { "not active" };
                write!(f, "{} reads {value}: {state}", self.trigger(trigger))
            }
            Step::TriggerFailed { trigger, failures, why } => {
                write!(f, "{} could not be read", self.trigger(trigger))?;
                if let Some(failures) = failures {
                    write!(f, " ({failures} in a row)")?;
                }
                match why {
                    Missing::NoFallback => f.write_str(", and there is no fallback"),
                    Missing::BelowThreshold(threshold) => write!(f, "; the fallback waits for more than {threshold}"),
                    Missing::NilInFormula => f.write_str(": nil in the formula"),
                    Missing::Replicas => f.write_str("; the fallback needs the current replicas, which are not known"),
                    Missing::ReadyPods => f.write_str("; the fallback needs ready pods, and there are none"),
                }
            }
            Step::FellBack { trigger, failures, replicas, value } => {
                let trigger = self.trigger(trigger);
                write!(
                    f,
                    "{trigger} could not be read ({failures} in a row): {value} stands in, for {replicas} replicas"
                )
            }
            Step::FormulaFailed { nil: true } => f.write_str("the formula gives nil, and there is no fallback"),
            Step::FormulaFailed { nil: false } => f.write_str("the formula cannot be computed"),
            Step::Composed { value: None, .. } => f.write_str("no composite metric: not active"),
            Step::Composed { value: Some(value), active, error } => {
                write!(f, "the composite metric is {value}: {}", if active { "active" } else { "not active" })?;
                if error { f.write_str(", since a trigger failed") } else { Ok(()) }
            }
            Step::ScaleUnread => f.write_str("the scale could not be read: nothing is changed"),
            Step::Paused { replicas } => write!(f, "paused at {replicas}"),
            Step::Activated { from, to, forced } => {
                let by = if forced { "activation is forced" } else { "there is work" };
                write!(f, "{by}: activated, from {from} to {to}")
            }
            Step::ScaleOutPaused { at } => write!(f, "there is work, but scaling out is paused at {at}"),
            Step::PartlyFailed => {
                f.write_str("there is work, but some triggers failed: the last activity is not refreshed")
            }
            Step::Active { forced: false } => f.write_str("there is work: the HPA scales"),
            Step::Active { forced: true } => f.write_str("activation is forced: the HPA scales"),
            Step::AllFailed => f.write_str("triggers failed without a fallback: nothing is changed"),
            Step::AwaitsFallback { replicas } => {
                write!(f, "triggers failed: nothing is changed before the fallback to {replicas}")
            }
            Step::ScaleInPaused { at } => write!(f, "no work, but scaling in is paused at {at}"),
            Step::CoolingDown { at, until, ever_active } => {
                let since = if ever_active { "the last activity" } else { "the creation" };
                write!(f, "no work: the cooldown since {since} keeps {at}")?;
                match self.now {
                    None => write!(f, ", until {until}"),
                    Some(now) => write!(f, ", for another {}", until.since(now)),
                }
            }
            Step::Deactivated { from, to, idle } => {
                write!(f, "no work: from {from} to {}{to}", if idle { "the idle count of " } else { "" })
            }
            Step::RaisedToMin { from, to } => write!(f, "from {from} to the minimum of {to}"),
            Step::Inactive => f.write_str("no work, and nothing to change here"),
            Step::LeftToHpa => f.write_str("the HPA scales"),
            Step::Rescaled { from, to } => write!(f, "the scale was changed from {from} to {to}"),
            Step::RescaleFailed { from, to } => {
                write!(f, "the scale could not be changed from {from} to {to}: tried again at the next pass")
            }
        }
    }
}
