//! Why: every stage of a decision leaves values, and `Display` makes sentences of them.

use core::fmt;

use super::alarm::{Alarm, AlarmState};
use super::pace::Held;
use super::watermark::{Mark, Unreadable};
use crate::constrain::Direction;
use crate::units::{Instant, Milli, Replicas};

/// One step of a decision. Rules and metrics are numbered from 0 in the policy, and from 1 in words.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub enum Step {
    /// The clock ran back; what was remembered from later counts as from now.
    ClockWentBack {
        /// Time of the evaluation before.
        last: Instant,
        /// Time of this one.
        now: Instant,
    },
    /// The capacity could not be read: nothing changes.
    CapacityUnknown,
    /// The history has no room for all that is to be remembered: rules beyond it are not evaluated, peaks are merged.
    HistoryFull {
        /// Entries that fit.
        room: u16,
    },
    /// No period ended and nothing was held: there is nothing to evaluate.
    NoNewPoint,
    /// A point was no finite number and counts as missing.
    NotANumber {
        /// Number of the rule.
        rule: u16,
    },
    /// The state of an alarm.
    Alarm {
        /// Number of the rule.
        rule: u16,
        /// The alarm.
        alarm: Alarm,
        /// The state.
        state: AlarmState,
        /// The newest point.
        newest: Option<f64>,
    },
    /// The alarm stands, but the newest point is missing: the breach has no size.
    NoSize {
        /// Number of the rule.
        rule: u16,
    },
    /// No step is for a breach of that size.
    NoStep {
        /// Number of the rule.
        rule: u16,
        /// The newest point above the threshold.
        distance: f64,
    },
    /// A rule asks for a capacity.
    Asked {
        /// Number of the rule.
        rule: u16,
        /// Number of the step, for step scaling.
        step: Option<u16>,
        /// Units that it was computed on.
        base: Replicas,
        /// By how many units.
        change: i64,
        /// Units it asks for, within the bounds.
        to: Replicas,
    },
    /// A rule asks for no more than was ordered already.
    OrderedAlready {
        /// Number of the rule.
        rule: u16,
        /// Units it asks for.
        asked: Replicas,
        /// Units that were ordered.
        ordered: Replicas,
        /// When the order stops counting as new, if that is known.
        until: Option<Instant>,
    },
    /// A scale-in is held.
    ScaleInHeld {
        /// Number of the rule.
        rule: u16,
        /// Units it asks for.
        asked: Replicas,
        /// What holds it.
        by: Held,
    },
    /// Scale-in is disabled.
    ScaleInDisabled {
        /// Units that the metric asks for.
        asked: Replicas,
    },
    /// A scale-in removes only so much at once.
    ScaleInSlowed {
        /// Units that the metric asks for.
        asked: Replicas,
        /// Units that are left.
        to: Replicas,
    },
    /// A peak of the last while holds the number.
    HeldByPeak {
        /// Units asked for.
        asked: Replicas,
        /// Units that are left.
        to: Replicas,
        /// When the peak leaves its window; `None` while it is the present capacity.
        until: Option<Instant>,
    },
    /// The last action goes on: triggers are ignored.
    ActionGoesOn {
        /// Since when.
        since: Instant,
    },
    /// The cooldown after the last action runs: triggers are ignored.
    CoolingDown {
        /// Until when.
        until: Instant,
    },
    /// The greatest of what the rules ask for.
    Chosen {
        /// Number of the rule.
        rule: u16,
        /// Units.
        to: Replicas,
    },
    /// No rule asks for a change.
    Idle,
    /// The capacity was outside the bounds.
    Bounded {
        /// Units before.
        from: Replicas,
        /// The bound.
        to: Replicas,
    },
    /// A metric of a watermark policy.
    Marked {
        /// Number of the metric.
        metric: u16,
        /// Where it stands.
        mark: Mark,
        /// The usage, averaged if the policy says so, in thousandths.
        usage: Milli,
        /// Units it asks for.
        to: Replicas,
    },
    /// A metric of a watermark policy could not be read: nothing changes.
    MetricFailed {
        /// Number of the metric.
        metric: u16,
        /// Why.
        error: Unreadable,
    },
    /// All metrics together.
    Recommended {
        /// Number of the metric that asks for the most.
        metric: u16,
        /// Units.
        to: Replicas,
    },
    /// A limit factor cut the number.
    RateLimited {
        /// Units before the cut.
        from: Replicas,
        /// Units after it.
        to: Replicas,
    },
    /// The forbidden window after the last change holds.
    Forbidden {
        /// The direction that is held.
        direction: Direction,
        /// Until when.
        until: Instant,
    },
    /// The metric was not out of its marks for long enough.
    Delayed {
        /// The direction that is held.
        direction: Direction,
        /// Until when; `None` when it is not out of its marks at all.
        until: Option<Instant>,
    },
    /// Zero units: scaling is off.
    Disabled,
    /// No unit runs: one is asked for.
    NothingRuns,
}

impl Step {
    /// The step as a sentence with moments as seen from `now`: `for another 285 s` instead of `until 330 s`.
    #[must_use]
    pub const fn seen_at(&self, now: Instant) -> Sentence<'_> {
        Sentence { step: self, now: Some(now), names: &[] }
    }

    /// Number of the rule that the step is about; `None` when it is about none, or about a metric.
    #[must_use]
    pub const fn rule(&self) -> Option<u16> {
        match self {
            Self::NotANumber { rule }
            | Self::Alarm { rule, .. }
            | Self::NoSize { rule }
            | Self::NoStep { rule, .. }
            | Self::Asked { rule, .. }
            | Self::OrderedAlready { rule, .. }
            | Self::ScaleInHeld { rule, .. }
            | Self::Chosen { rule, .. } => Some(*rule),
            _ => None,
        }
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Sentence { step: self, now: None, names: &[] }.fmt(f)
    }
}

/// A step in words.
#[derive(Clone, Copy, Debug)]
pub struct Sentence<'a> {
    step: &'a Step,
    now: Option<Instant>,
    names: &'a [&'a str],
}

impl<'a> Sentence<'a> {
    /// With the names of the policy's rules, or metrics, in their order, in place of their numbers.
    #[must_use]
    pub const fn named(self, names: &'a [&'a str]) -> Self {
        Self { names, ..self }
    }

    fn rule(&self, number: u16) -> Named<'a> {
        self.name("rule", number)
    }

    fn metric(&self, number: u16) -> Named<'a> {
        self.name("metric", number)
    }

    fn name(&self, kind: &'static str, number: u16) -> Named<'a> {
        Named { kind, number, name: self.names.get(usize::from(number)).copied() }
    }

    fn until(&self, f: &mut fmt::Formatter<'_>, end: Option<Instant>) -> fmt::Result {
        match (end, self.now) {
            (None, _) => Ok(()),
            (Some(end), None) => write!(f, ", until {end}"),
            (Some(end), Some(now)) => write!(f, ", for another {}", end.since(now)),
        }
    }
}

/// A rule or a metric by its name, or by its number where it has none.
struct Named<'a> {
    kind: &'static str,
    number: u16,
    name: Option<&'a str>,
}

impl fmt::Display for Named<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name {
            Some(name) => f.write_str(name),
            None => write!(f, "{} {}", self.kind, nth(self.number)),
        }
    }
}

/// Numbers count from 1 in words.
fn nth(number: u16) -> u32 {
    u32::from(number).saturating_add(1)
}

impl fmt::Display for Sentence<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self.step {
            Step::ClockWentBack { last, now } => {
                write!(f, "the clock ran back by {}: what was seen later counts as seen now", last.since(now))
            }
            Step::CapacityUnknown => f.write_str("the capacity could not be read: nothing changes"),
            Step::HistoryFull { room } => write!(f, "the history has room for {room} entries, too few"),
            Step::NoNewPoint => f.write_str("no new point: nothing to evaluate"),
            Step::NotANumber { rule } => {
                write!(f, "a point of {} is no finite number: it counts as missing", self.rule(rule))
            }
            Step::Alarm { rule, alarm, state, newest } => {
                let (breaching, of) = alarm.datapoints();
                write!(
                    f,
                    "{}: {state} (it takes {breaching} of {of} {} {})",
                    self.rule(rule),
                    alarm.comparison().symbol(),
                    alarm.threshold()
                )?;
                match newest {
                    Some(newest) => write!(f, ", newest point {newest}"),
                    None => f.write_str(", newest point missing"),
                }
            }
            Step::NoSize { rule } => {
                write!(
                    f,
                    "{}: the newest point is missing, so the breach has no size: nothing changes",
                    self.rule(rule)
                )
            }
            Step::NoStep { rule, distance } => {
                write!(f, "{}: no step is for a breach of {distance}", self.rule(rule))
            }
            Step::Asked { rule, step, base, change, to } => {
                write!(f, "{}", self.rule(rule))?;
                if let Some(step) = step {
                    write!(f, ", step {}", nth(step))?;
                }
                write!(f, ": {change:+} on {base} gives {to}")
            }
            Step::OrderedAlready { rule, asked, ordered, until } => {
                write!(f, "{}: {asked} asked for, {ordered} are ordered already", self.rule(rule))?;
                self.until(f, until)
            }
            Step::ScaleInHeld { rule, asked, by } => {
                let why = match by {
                    Held::WarmingUp { .. } => "units are warming up",
                    Held::InCooldown { .. } => "the cooldown of the last scale-in runs",
                };
                write!(f, "{}: {asked} asked for, but {why}", self.rule(rule))?;
                self.until(f, by.until())
            }
            Step::ScaleInDisabled { asked } => write!(f, "{asked} asked for, but scale-in is disabled"),
            Step::ScaleInSlowed { asked, to } => write!(f, "{asked} asked for, in steps: {to} for now"),
            Step::HeldByPeak { asked, to, until } => {
                let by =
                    if until.is_some() { "the peak of the last while holds" } else { "the scale-in control leaves" };
                write!(f, "{asked} asked for, {by} {to}")?;
                self.until(f, until)
            }
            Step::ActionGoesOn { since } => match self.now {
                None => write!(f, "the last action goes on since {since}: triggers are ignored"),
                Some(now) => write!(f, "the last action goes on for {}: triggers are ignored", now.since(since)),
            },
            Step::CoolingDown { until } => {
                f.write_str("the cooldown after the last action runs: triggers are ignored")?;
                self.until(f, Some(until))
            }
            Step::Chosen { rule, to } => write!(f, "{} asks for the most: {to}", self.rule(rule)),
            Step::Idle => f.write_str("no rule asks for a change"),
            Step::Bounded { from, to } => write!(f, "{from} are outside the bounds: {to}"),
            Step::Marked { metric, mark, usage, to } => {
                let place = match mark {
                    Mark::Above => "above its high mark",
                    Mark::Below => "below its low mark",
                    Mark::Between => "within its marks",
                    Mark::Zero => "0, which is not tolerated",
                };
                write!(f, "{}: {usage} is {place}: {to}", self.metric(metric))
            }
            Step::MetricFailed { metric, error } => write!(f, "{}: {error}: nothing changes", self.metric(metric)),
            Step::Recommended { metric, to } => write!(f, "{} asks for the most: {to}", self.metric(metric)),
            Step::RateLimited { from, to } => write!(f, "{from} asked for, the limit factor gives {to} at once"),
            Step::Forbidden { direction, until } => {
                let what = if direction == Direction::Up { "growing" } else { "shrinking" };
                write!(f, "{what} so soon after the last change is forbidden")?;
                self.until(f, Some(until))
            }
            Step::Delayed { direction, until } => {
                let side = if direction == Direction::Up { "above its high mark" } else { "below its low mark" };
                write!(f, "the metric is not {side} for long enough")?;
                self.until(f, until)
            }
            Step::Disabled => f.write_str("zero units: scaling is off"),
            Step::NothingRuns => f.write_str("no unit runs: one is asked for"),
        }
    }
}
