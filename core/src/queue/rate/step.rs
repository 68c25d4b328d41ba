//! Why: every stage of a step leaves values, and `Display` makes sentences of them.

use core::fmt;

use crate::units::{Instant, Milli, Replicas, Span};

/// One step of a decision. Rates and backlogs are shown in thousandths.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub enum Step {
    /// The clock ran back or stood: no rate is computed of this step.
    ClockWentBack {
        /// Time of the step before.
        last: Instant,
        /// Time of this step.
        now: Instant,
    },
    /// The list of recommendations was full: older entries were merged.
    HistoryFull,
    /// The scale could not be read.
    ScaleUnread,
    /// The backlog is missing: nothing is changed.
    BacklogMissing {
        /// Times in a row.
        misses: i32,
    },
    /// The backlog is missing for too long: a fallback stands in.
    FellBack {
        /// Times in a row.
        misses: i32,
        /// Replicas to keep.
        to: Replicas,
    },
    /// What is known.
    Estimated {
        /// Messages arriving per second.
        arrival: Milli,
        /// Messages per second that a consumer is counted on for.
        service: Milli,
        /// How long a new consumer takes.
        delay: Span,
    },
    /// How many messages arrive is not known yet: in proportion to lag.
    LagOnly {
        /// Messages waiting.
        backlog: i64,
        /// Messages per consumer.
        per_consumer: Milli,
    },
    /// What the demand needs, in thousandths of consumers.
    Sized {
        /// Messages waiting when new consumers work.
        backlog_then: Milli,
        /// To hold the line.
        steady: Milli,
        /// To drain by the deadline.
        drain: Milli,
        /// To keep the wait.
        wait: Milli,
        /// Rounded up.
        to: Replicas,
    },
    /// New consumers would come after the deadline: as many as may be.
    Infeasible,
    /// Rounded to a number that lowers the greatest share of partitions.
    Shared {
        /// Consumers needed.
        from: Replicas,
        /// Consumers that are of use.
        to: Replicas,
        /// Partitions of the busiest one.
        partitions: u32,
        /// One for each partition would not be enough.
        infeasible: bool,
    },
    /// More arrives in this partition than one consumer does: no number of consumers drains it.
    HotPartition {
        /// Its place in the observation.
        partition: u32,
        /// Messages arriving per second.
        arrival: Milli,
    },
    /// This partition alone takes longer than the deadline, however many consumers there are.
    LatePartition {
        /// Its place in the observation.
        partition: u32,
        /// How long its backlog takes.
        drains_in: Span,
    },
    /// Asked for before any hold.
    Recommended {
        /// The number, within bounds.
        replicas: Replicas,
    },
    /// Something keeps the present number.
    Held {
        /// Asked for.
        from: Replicas,
        /// Kept.
        to: Replicas,
        /// What keeps it.
        by: Hold,
    },
    /// More consumers.
    ScaledUp {
        /// Before.
        from: Replicas,
        /// After.
        to: Replicas,
    },
    /// Fewer consumers.
    ScaledDown {
        /// Before.
        from: Replicas,
        /// After.
        to: Replicas,
    },
    /// Out of zero.
    Activated {
        /// After.
        to: Replicas,
    },
    /// To zero.
    Deactivated {
        /// Before.
        from: Replicas,
    },
    /// At zero, and nothing to do.
    AtRest,
    /// As many as are needed.
    Enough {
        /// The number.
        at: Replicas,
    },
    /// The last scale-up brought less than a tenth of what was expected.
    Ineffective {
        /// Messages per second before.
        before: Milli,
        /// After.
        after: Milli,
    },
    /// The host wrote the scale.
    Rescaled {
        /// Before.
        from: Replicas,
        /// After.
        to: Replicas,
    },
    /// The host could not write the scale.
    RescaleFailed {
        /// Before.
        from: Replicas,
        /// What was to be.
        to: Replicas,
    },
}

/// What keeps the present number of consumers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub enum Hold {
    /// The highest recommendation of the window.
    Window {
        /// When it leaves the window.
        until: Instant,
    },
    /// The change is within the tolerance.
    Tolerance,
    /// Too much is waiting still.
    Backlog,
    /// A rebalance costs more than the change saves.
    Rebalance,
    /// The last scale-up was of no use: something downstream is the limit.
    Bottleneck,
    /// Zero must wait.
    Cooldown {
        /// Until when.
        until: Instant,
    },
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::ClockWentBack { last, now } => {
                write!(f, "the clock went from {last} to {now}: no rate is computed")
            }
            Self::HistoryFull => f.write_str("the list of recommendations is full: the oldest were merged"),
            Self::ScaleUnread => f.write_str("the scale could not be read: nothing is changed"),
            Self::BacklogMissing { misses } => {
                write!(f, "the backlog is missing ({misses} in a row): nothing is changed")
            }
            Self::FellBack { misses, to } => {
                write!(f, "the backlog is missing ({misses} in a row): falls back to {to}")
            }
            Self::Estimated { arrival, service, delay } => {
                write!(f, "{arrival} arrive per second, a consumer does {service}, a new one takes {delay}")
            }
            Self::LagOnly { backlog, per_consumer } => {
                write!(f, "the rate of arrival is not known yet: one consumer for {per_consumer} of {backlog} waiting")
            }
            Self::Sized { backlog_then, steady, drain, wait, to } => {
                write!(f, "{steady} consumers hold the line, {drain} drain the {backlog_then} then waiting")?;
                if wait.0 > 0 {
                    write!(f, ", {wait} keep the wait")?;
                }
                write!(f, ": {to}")
            }
            Self::Infeasible => f.write_str("a new consumer comes after the deadline: as many as may be"),
            Self::Shared { from, to, partitions, infeasible } => {
                write!(f, "{from} needed; {to} have at most {partitions} partitions each")?;
                if infeasible { f.write_str(", and more are of no use: partitions are the limit") } else { Ok(()) }
            }
            Self::HotPartition { partition, arrival } => write!(
                f,
                "partition {} gets {arrival} per second, more than a consumer does: no number of them drains it",
                partition.saturating_add(1)
            ),
            Self::LatePartition { partition, drains_in } => {
                write!(f, "partition {} drains in {drains_in} at best, after the deadline", partition.saturating_add(1))
            }
            Self::Recommended { replicas } => write!(f, "asks for {replicas}"),
            Self::Held { from, to, by } => {
                write!(f, "{from} asked for, kept at {to}: ")?;
                match by {
                    Hold::Window { until } => write!(f, "a recent recommendation holds until {until}"),
                    Hold::Tolerance => f.write_str("the change is within the tolerance"),
                    Hold::Backlog => f.write_str("too much is waiting still"),
                    Hold::Rebalance => f.write_str("a rebalance costs more than it saves"),
                    Hold::Bottleneck => f.write_str("the last scale-up brought nothing"),
                    Hold::Cooldown { until } => write!(f, "the cooldown lasts until {until}"),
                }
            }
            Self::ScaledUp { from, to } => write!(f, "{to} are needed, now {from}"),
            Self::ScaledDown { from, to } => write!(f, "{to} are enough, now {from}"),
            Self::Activated { to } => write!(f, "there is work: from 0 to {to}"),
            Self::Deactivated { from } => write!(f, "no work, and none expected: from {from} to 0"),
            Self::AtRest => f.write_str("at 0, and no work"),
            Self::Enough { at } => write!(f, "{at} are needed"),
            Self::Ineffective { before, after } => {
                write!(f, "more consumers changed {before} per second to {after} only: something else is the limit")
            }
            Self::Rescaled { from, to } => write!(f, "the scale was changed from {from} to {to}"),
            Self::RescaleFailed { from, to } => {
                write!(f, "the scale could not be changed from {from} to {to}: tried again at the next step")
            }
        }
    }
}
