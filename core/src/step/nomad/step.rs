//! Why: every stage of a decision leaves values, and `Display` makes sentences of them.

use core::fmt;

use super::strategy::Strategy;
use crate::constrain::Direction;
use crate::math;
use crate::units::{Instant, Milli, Replicas};

/// One step of a decision. Checks are numbered from 0 in the policy, and from 1 in words.
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
    /// The policy is not enabled.
    Disabled,
    /// The policy is outside its schedule.
    OffSchedule,
    /// The number of instances could not be read.
    CountUnread,
    /// The target may not be scaled now.
    TargetNotReady,
    /// A check is outside its schedule.
    CheckOffSchedule {
        /// Its number.
        check: u16,
    },
    /// The query of a check failed, or gave no point.
    QueryFailed {
        /// Its number.
        check: u16,
        /// Whether that ends the evaluation; else the check is left out.
        ends: bool,
    },
    /// The newest point of a check is no number.
    NotANumber {
        /// Its number.
        check: u16,
    },
    /// What a check says.
    Voted {
        /// Its number.
        check: u16,
        /// By what.
        why: Why,
        /// Up, down, or neither.
        direction: Option<Direction>,
        /// Instances that it asks for.
        asked: i64,
        /// The same within the bounds.
        within: i64,
    },
    /// No check has a say.
    NoSay,
    /// The check that decides asks for no change.
    NoChange {
        /// Its number.
        check: u16,
        /// Whether that keeps another check from scaling in.
        opposed: bool,
    },
    /// The check that decides asks for a change that is none: the bounds, or a fraction that is cut off, leave as many.
    AsMany {
        /// Its number.
        check: u16,
        /// Instances that it asks for.
        asked: i64,
        /// Instances that there are.
        count: Replicas,
    },
    /// A check decides.
    Decided {
        /// Its number.
        check: u16,
        /// Up or down, as its strategy says.
        direction: Direction,
        /// Instances.
        to: Replicas,
    },
    /// The check that decides asks for −1, which upstream takes for a dry run.
    MinusOne {
        /// Its number.
        check: u16,
    },
    /// The number of instances was outside the bounds.
    Bounded {
        /// Instances before.
        from: Replicas,
        /// The bound.
        to: Replicas,
    },
    /// The cooldown after the last scaling runs.
    CoolingDown {
        /// Instances asked for.
        asked: Replicas,
        /// The direction of that scaling.
        after: Direction,
        /// Its last moment.
        until: Instant,
    },
    /// A dry run changes nothing.
    DryRun {
        /// Instances asked for.
        to: Replicas,
    },
}

/// By what a check asks for its number.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub enum Why {
    /// A target value.
    Target {
        /// The newest point.
        newest: f64,
        /// The target.
        target: f64,
        /// What the number is multiplied with.
        factor: f64,
    },
    /// A band.
    Band {
        /// Points within it.
        within: u32,
        /// Points in all.
        points: u32,
        /// How many it takes.
        trigger: i64,
    },
    /// A fixed value.
    Fixed,
    /// A metric that is the number.
    PassThrough {
        /// The newest point.
        newest: f64,
    },
}

impl Why {
    pub(super) fn of(strategy: &Strategy, points: &[f64]) -> Self {
        let newest = points.last().copied().unwrap_or(f64::NAN);
        let count = |points: usize| u32::try_from(points).unwrap_or(u32::MAX);
        match strategy {
            Strategy::TargetValue(target) => {
                Self::Target { newest, target: target.target(), factor: target.factor(newest) }
            }
            Strategy::Threshold(band) => {
                Self::Band { within: count(band.within(points)), points: count(points.len()), trigger: band.trigger() }
            }
            Strategy::FixedValue(_) => Self::Fixed,
            Strategy::PassThrough(_) => Self::PassThrough { newest },
        }
    }
}

impl Step {
    /// The step as a sentence with moments as seen from `now`: `for another 285 s` instead of `until 330 s`.
    #[must_use]
    pub const fn seen_at(&self, now: Instant) -> Sentence<'_> {
        Sentence { step: self, now: Some(now), names: &[] }
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
    /// With the names of the policy's checks, in their order, in place of their numbers.
    #[must_use]
    pub const fn named(self, names: &'a [&'a str]) -> Self {
        Self { names, ..self }
    }

    fn check(&self, number: u16) -> Named<'a> {
        Named { number, name: self.names.get(usize::from(number)).copied() }
    }
}

/// A check by its name, or by its number where it has none.
struct Named<'a> {
    number: u16,
    name: Option<&'a str>,
}

impl fmt::Display for Named<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name {
            Some(name) => f.write_str(name),
            None => write!(f, "check {}", u32::from(self.number).saturating_add(1)),
        }
    }
}

/// A measured number, to three decimals where it is of common size.
struct Short(f64);

impl fmt::Display for Short {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let thousandths = math::round(self.0 * 1000.0);
        let common = (1.0..1e15).contains(&thousandths.abs()) || self.0 == 0.0;
        if common { Milli(thousandths as i64).fmt(f) } else { write!(f, "{:e}", self.0) }
    }
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Target { newest, target: 0.0, .. } => {
                write!(f, "the newest point, {}, is the factor, since the target is 0", Short(newest))
            }
            Self::Target { newest, target, factor } => {
                write!(f, "{} is {} times the target of {}", Short(newest), Short(factor), Short(target))
            }
            Self::Band { within, points, trigger } => {
                let verb = if points == 1 { "point lies" } else { "points lie" };
                write!(f, "{within} of {points} {verb} within its bounds, it takes {trigger}")
            }
            Self::Fixed => f.write_str("its value is fixed"),
            Self::PassThrough { newest } => write!(f, "the newest point is {}", Short(newest)),
        }
    }
}

impl fmt::Display for Sentence<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let way = |direction| if direction == Direction::Up { "up" } else { "down" };
        match *self.step {
            Step::ClockWentBack { last, now } => {
                write!(f, "the clock ran back by {}: what was seen later counts as seen now", last.since(now))
            }
            Step::Disabled => f.write_str("the policy is not enabled: nothing changes"),
            Step::OffSchedule => f.write_str("the policy is outside its schedule: nothing changes"),
            Step::CountUnread => f.write_str("the number of instances could not be read: nothing changes"),
            Step::TargetNotReady => f.write_str("the target is not ready to be scaled: nothing changes"),
            Step::CheckOffSchedule { check } => write!(f, "{} is outside its schedule", self.check(check)),
            Step::QueryFailed { check, ends } => {
                let then = if ends { "nothing changes" } else { "it is left out" };
                write!(f, "{}: the query failed or gave no point: {then}", self.check(check))
            }
            Step::NotANumber { check } => {
                write!(f, "{}: the newest point is no number: no change", self.check(check))
            }
            Step::Voted { check, why, direction, asked, within } => {
                write!(f, "{}: {why}: ", self.check(check))?;
                match direction {
                    None => f.write_str("no change")?,
                    Some(direction) => write!(f, "{} to {asked}", way(direction))?,
                }
                if within == asked { Ok(()) } else { write!(f, ", {within} within the bounds") }
            }
            Step::NoSay => f.write_str("no check has a say: nothing changes"),
            Step::NoChange { check, opposed: false } => write!(f, "{} asks for no change", self.check(check)),
            Step::NoChange { check, opposed: true } => {
                write!(f, "{} asks for no change: nothing is removed", self.check(check))
            }
            Step::AsMany { check, asked, count } if asked == i64::from(count.0) => {
                write!(f, "{} asks for {asked}, as many as there are", self.check(check))
            }
            Step::AsMany { check, asked, count } => {
                write!(f, "{} asks for {asked}, but {count} is the bound", self.check(check))
            }
            Step::Decided { check, direction, to } => {
                write!(f, "{} decides: {} to {to}", self.check(check), way(direction))
            }
            Step::MinusOne { check } => {
                write!(f, "{} asks for -1, which stands for a dry run: nothing changes", self.check(check))
            }
            Step::Bounded { from, to } => write!(f, "{from} are outside the bounds: {to}"),
            Step::CoolingDown { asked, after, until } => {
                write!(f, "{asked} asked for, but the cooldown after scaling {} runs", way(after))?;
                match self.now {
                    None => write!(f, ", until {until}"),
                    Some(now) => write!(f, ", for another {}", until.since(now)),
                }
            }
            Step::DryRun { to } => write!(f, "a dry run: {to} would be set"),
        }
    }
}
