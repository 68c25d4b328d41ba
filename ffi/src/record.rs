//! What was decided, and why, as numbers; and steps back from numbers, for their sentences.

use core::fmt::{self, Write};

use plimsoll_core::constrain::{Amount, Direction, Limit, RateLimit, RatePolicy};
use plimsoll_core::hpa::{self, Basis, Detail, LeftOut, Proposal, Read, RescaleReason, Selector, Source, Step};
use plimsoll_core::units::{Instant, Milli, Replicas, Span};

use crate::abi::{self, RateKind, Reported, Status, StepKind, StepRecord};
use crate::number::{Numbered, flag, given};
use crate::seen::ErrorNumbers;

impl Reported {
    pub(crate) const NOTHING: Self =
        Self { has_utilization: 0, utilization: 0, has_average: 0, has_value: 0, average_milli: 0, value_milli: 0 };
}

impl From<hpa::Reported> for Reported {
    fn from(reported: hpa::Reported) -> Self {
        Self {
            has_utilization: reported.utilization.is_some().into(),
            utilization: reported.utilization.unwrap_or_default(),
            has_average: reported.average.is_some().into(),
            has_value: reported.value.is_some().into(),
            average_milli: reported.average.unwrap_or_default().0,
            value_milli: reported.value.unwrap_or_default().0,
        }
    }
}

impl Reported {
    fn reported(&self) -> Result<hpa::Reported, Status> {
        Ok(hpa::Reported {
            utilization: given(self.has_utilization, self.utilization)?,
            average: given(self.has_average, Milli(self.average_milli))?,
            value: given(self.has_value, Milli(self.value_milli))?,
        })
    }
}

/// What kind of step it is.
fn kind(step: &Step) -> StepKind {
    // No wildcard: a new step wants a number.
    match step {
        Step::ClockWentBack { .. } => StepKind::ClockWentBack,
        Step::ClockStood { .. } => StepKind::ClockStood,
        Step::LongGap { .. } => StepKind::LongGap,
        Step::HistoryFull => StepKind::HistoryFull,
        Step::Seeded { .. } => StepKind::Seeded,
        Step::ScaleUnread => StepKind::ScaleUnread,
        Step::Disabled => StepKind::Disabled,
        Step::AboveMax { .. } => StepKind::AboveMax,
        Step::BelowMin { .. } => StepKind::BelowMin,
        Step::SelectorUnusable { .. } => StepKind::SelectorUnusable,
        Step::PodsUnlisted => StepKind::PodsUnlisted,
        Step::Proposed { .. } => StepKind::Proposed,
        Step::MetricFailed { .. } => StepKind::MetricFailed,
        Step::Recommended { .. } => StepKind::Recommended,
        Step::Unknowable { .. } => StepKind::Unknowable,
        Step::PartlyFailed { .. } => StepKind::PartlyFailed,
        Step::Stabilized { .. } => StepKind::Stabilized,
        Step::ColdHeld { .. } => StepKind::ColdHeld,
        Step::Limited { .. } => StepKind::Limited,
        Step::LiftedFromZero { .. } => StepKind::LiftedFromZero,
        Step::Rescaled { .. } => StepKind::Rescaled,
        Step::RescaleFailed { .. } => StepKind::RescaleFailed,
    }
}

impl StepRecord {
    /// A record that says nothing.
    pub(crate) const EMPTY: Self = Self {
        struct_size: 0,
        kind: 0,
        metric: 0,
        from: 0,
        to: 0,
        by: 0,
        direction: 0,
        selector: 0,
        source: 0,
        error: 0,
        request_error: 0,
        error_pod: 0,
        metrics_failed: 0,
        metrics: 0,
        limit: 0,
        basis: 0,
        now_ns: 0,
        last_ns: 0,
        until_ns: 0,
        ratio: 0.0,
        reported: Reported::NOTHING,
        pods_listed: 0,
        pods_ready: 0,
        pods_missing: 0,
        unlisted: 0,
        pending: 0,
        no_condition: 0,
        starting: 0,
        sample_too_early: 0,
        never_ready: 0,
        deleted: 0,
        failed: 0,
        has_rate: 0,
        rate_kind: 0,
        rate_value: 0,
        rate_start: 0,
        rate_replicas: 0,
        has_eases_at: 0,
        has_stands_until: 0,
        rate_period_ns: 0,
        eases_at_ns: 0,
        stands_until_ns: 0,
    };

    /// The step in numbers.
    pub(crate) fn new(step: &Step) -> Self {
        let mut record = Self { kind: kind(step) as i32, ..Self::EMPTY };
        match *step {
            Step::ClockWentBack { last, now } | Step::LongGap { last, now } => {
                (record.last_ns, record.now_ns) = (last.as_nanos(), now.as_nanos());
            }
            Step::ClockStood { now } => record.now_ns = now.as_nanos(),
            Step::HistoryFull | Step::ScaleUnread | Step::Disabled | Step::PodsUnlisted => {}
            Step::Seeded { replicas } => record.to = replicas.0,
            Step::AboveMax { from, to }
            | Step::BelowMin { from, to }
            | Step::Rescaled { from, to }
            | Step::RescaleFailed { from, to } => (record.from, record.to) = (from.0, to.0),
            Step::SelectorUnusable { selector } => record.selector = selector.number(),
            Step::Proposed { metric, read, proposal } => record.proposed(metric, &read, &proposal),
            Step::MetricFailed { metric, source, error } => {
                let numbers = ErrorNumbers::from(error);
                (record.metric, record.source) = (metric.into(), source.number());
                (record.error, record.request_error, record.error_pod) =
                    (numbers.error, numbers.request_error, numbers.pod);
            }
            Step::Recommended { metric, replicas, current } => {
                (record.metric, record.from, record.to) = (metric.into(), current.0, replicas.0);
            }
            Step::Unknowable { invalid, of } | Step::PartlyFailed { invalid, of } => {
                (record.metrics_failed, record.metrics) = (invalid.into(), of.into());
            }
            Step::Stabilized { direction, by, from, to, until } => {
                (record.direction, record.by, record.from, record.to) = (direction.number(), by.0, from.0, to.0);
                record.until_ns = until.as_nanos();
            }
            Step::ColdHeld { from, to, until } => {
                (record.from, record.to, record.until_ns) = (from.0, to.0, until.as_nanos());
            }
            Step::Limited { from, to, limit, rate } => {
                (record.from, record.to, record.limit) = (from.0, to.0, limit.number());
                if let Some(rate) = rate {
                    record.rate(&rate);
                }
            }
            Step::LiftedFromZero { to } => record.to = to.0,
        }
        record
    }

    fn proposed(&mut self, metric: u16, read: &Read, proposal: &Proposal) {
        let LeftOut { pending, no_condition, starting, sample_too_early, never_ready, deleted, failed } = read.left_out;
        *self = Self {
            metric: metric.into(),
            to: proposal.replicas.0,
            basis: proposal.basis.number(),
            ratio: proposal.ratio,
            reported: proposal.reported.into(),
            pods_listed: read.listed,
            pods_ready: read.ready,
            pods_missing: read.missing,
            unlisted: read.unlisted,
            pending,
            no_condition,
            starting,
            sample_too_early,
            never_ready,
            deleted,
            failed,
            ..*self
        };
    }

    fn rate(&mut self, rate: &RateLimit) {
        self.has_rate = 1;
        self.rate_replicas = rate.replicas;
        if let Some((policy, start)) = rate.by {
            (self.rate_kind, self.rate_value) = match policy.amount() {
                Amount::Pods(value) => (RateKind::Pods as i32, value),
                Amount::Percent(value) => (RateKind::Percent as i32, value),
            };
            (self.rate_start, self.rate_period_ns) = (start, policy.period().as_nanos());
        }
        (self.has_eases_at, self.eases_at_ns) = moment(rate.eases_at);
        (self.has_stands_until, self.stands_until_ns) = moment(rate.stands_until);
    }

    /// The step that the numbers say.
    pub(crate) fn step(&self) -> Result<Step, Status> {
        let (from, to) = (Replicas(self.from), Replicas(self.to));
        let (last, now) = (Instant::from_nanos(self.last_ns), Instant::from_nanos(self.now_ns));
        let until = Instant::from_nanos(self.until_ns);
        let short = |number: u32| u16::try_from(number).map_err(|_| Status::OutOfRange);
        let is = |kind: StepKind| self.kind == kind as i32;
        Ok(match () {
            () if is(StepKind::ClockWentBack) => Step::ClockWentBack { last, now },
            () if is(StepKind::ClockStood) => Step::ClockStood { now },
            () if is(StepKind::LongGap) => Step::LongGap { last, now },
            () if is(StepKind::HistoryFull) => Step::HistoryFull,
            () if is(StepKind::Seeded) => Step::Seeded { replicas: to },
            () if is(StepKind::ScaleUnread) => Step::ScaleUnread,
            () if is(StepKind::Disabled) => Step::Disabled,
            () if is(StepKind::AboveMax) => Step::AboveMax { from, to },
            () if is(StepKind::BelowMin) => Step::BelowMin { from, to },
            () if is(StepKind::SelectorUnusable) => {
                Step::SelectorUnusable { selector: Selector::from_number(self.selector)? }
            }
            () if is(StepKind::PodsUnlisted) => Step::PodsUnlisted,
            () if is(StepKind::Proposed) => Step::Proposed {
                metric: short(self.metric)?,
                read: self.read(),
                proposal: Proposal {
                    replicas: to,
                    basis: Basis::from_number(self.basis)?,
                    ratio: self.ratio,
                    reported: self.reported.reported()?,
                },
            },
            () if is(StepKind::MetricFailed) => Step::MetricFailed {
                metric: short(self.metric)?,
                source: Source::from_number(self.source)?,
                error: ErrorNumbers { error: self.error, request_error: self.request_error, pod: self.error_pod }
                    .error()?,
            },
            () if is(StepKind::Recommended) => {
                Step::Recommended { metric: short(self.metric)?, replicas: to, current: from }
            }
            () if is(StepKind::Unknowable) => {
                Step::Unknowable { invalid: short(self.metrics_failed)?, of: short(self.metrics)? }
            }
            () if is(StepKind::PartlyFailed) => {
                Step::PartlyFailed { invalid: short(self.metrics_failed)?, of: short(self.metrics)? }
            }
            () if is(StepKind::Stabilized) => Step::Stabilized {
                direction: Direction::from_number(self.direction)?,
                by: Replicas(self.by),
                from,
                to,
                until,
            },
            () if is(StepKind::ColdHeld) => Step::ColdHeld { from, to, until },
            () if is(StepKind::Limited) => {
                let rate = if flag(self.has_rate)? { Some(self.rate_limit()?) } else { None };
                Step::Limited { from, to, limit: Limit::from_number(self.limit)?, rate }
            }
            () if is(StepKind::LiftedFromZero) => Step::LiftedFromZero { to },
            () if is(StepKind::Rescaled) => Step::Rescaled { from, to },
            () if is(StepKind::RescaleFailed) => Step::RescaleFailed { from, to },
            () => return Err(Status::OutOfRange),
        })
    }

    fn read(&self) -> Read {
        Read {
            listed: self.pods_listed,
            ready: self.pods_ready,
            missing: self.pods_missing,
            unlisted: self.unlisted,
            left_out: LeftOut {
                pending: self.pending,
                no_condition: self.no_condition,
                starting: self.starting,
                sample_too_early: self.sample_too_early,
                never_ready: self.never_ready,
                deleted: self.deleted,
                failed: self.failed,
            },
        }
    }

    fn rate_limit(&self) -> Result<RateLimit, Status> {
        let kinds =
            [(RateKind::Pods, Amount::Pods(self.rate_value)), (RateKind::Percent, Amount::Percent(self.rate_value))];
        let by = match kinds.iter().find(|(kind, _)| *kind as i32 == self.rate_kind) {
            Some((_, amount)) => {
                let policy = RatePolicy::new(*amount, Span::from_nanos(self.rate_period_ns));
                Some((policy.map_err(|_| Status::OutOfRange)?, self.rate_start))
            }
            None if self.rate_kind == 0 => None,
            None => return Err(Status::OutOfRange),
        };
        Ok(RateLimit {
            replicas: self.rate_replicas,
            by,
            eases_at: given(self.has_eases_at, Instant::from_nanos(self.eases_at_ns))?,
            stands_until: given(self.has_stands_until, Instant::from_nanos(self.stands_until_ns))?,
        })
    }
}

/// A decision in numbers.
pub(crate) fn decision(decision: &hpa::Decision, steps: u32) -> abi::Decision {
    let Detail { recommended, winner, stabilized, error, reason, at } = decision.detail;
    let (has_revisit_at, revisit_at_ns) = moment(decision.revisit_at);
    let (rescale_reason, rescale_metric) = match reason {
        RescaleReason::None => (abi::RescaleReason::None, 0),
        RescaleReason::AboveMax => (abi::RescaleReason::AboveMax, 0),
        RescaleReason::BelowMin => (abi::RescaleReason::BelowMin, 0),
        RescaleReason::MetricAbove(metric) => (abi::RescaleReason::MetricAbove, metric),
        RescaleReason::AllBelow => (abi::RescaleReason::AllBelow, 0),
    };
    abi::Decision {
        struct_size: 0,
        from: decision.from.0,
        to: decision.to.0,
        last_word: kind(&decision.last_word) as i32,
        at_ns: at.as_nanos(),
        has_revisit_at,
        has_recommended: recommended.is_some().into(),
        revisit_at_ns,
        recommended: recommended.unwrap_or_default().0,
        has_winner: winner.is_some().into(),
        winner: winner.unwrap_or_default().into(),
        has_stabilized: stabilized.is_some().into(),
        stabilized: stabilized.unwrap_or_default().0,
        error: error.map_or(0, Numbered::number),
        rescale_reason: rescale_reason as i32,
        rescale_metric: rescale_metric.into(),
        steps,
        reserved: 0,
    }
}

/// As much of a decision as `applied` looks at.
pub(crate) fn decided(decision: &abi::Decision) -> hpa::Decision {
    hpa::Decision {
        from: Replicas(decision.from),
        to: Replicas(decision.to),
        last_word: Step::ScaleUnread,
        revisit_at: None,
        detail: Detail {
            recommended: None,
            winner: None,
            stabilized: None,
            error: None,
            reason: RescaleReason::None,
            at: Instant::from_nanos(decision.at_ns),
        },
    }
}

/// A condition in numbers.
pub(crate) fn condition(condition: &hpa::Condition) -> abi::Condition {
    let (has_since, since_ns) = moment(condition.since);
    abi::Condition {
        struct_size: 0,
        kind: condition.kind.number(),
        status: condition.status.into(),
        reason: condition.reason.number(),
        has_since,
        reserved: 0,
        since_ns,
    }
}

/// A condition that a status had.
pub(crate) fn condition_of_status(condition: &abi::Condition) -> Result<hpa::Condition, Status> {
    Ok(hpa::Condition {
        kind: Numbered::from_number(condition.kind)?,
        status: flag(condition.status)?,
        reason: Numbered::from_number(condition.reason)?,
        since: given(condition.has_since, Instant::from_nanos(condition.since_ns))?,
    })
}

/// An outlook in numbers.
pub(crate) fn outlook(outlook: &hpa::Outlook) -> abi::Outlook {
    let (up, down) = (outlook.up, outlook.down);
    abi::Outlook {
        struct_size: 0,
        has_up: up.is_some().into(),
        has_down: down.is_some().into(),
        up_replicas: up.map_or(0, |up| up.replicas.0),
        down_replicas: down.map_or(0, |down| down.replicas.0),
        reserved: 0,
        up_total_milli: up.map_or(0, |up| up.total.0),
        down_total_milli: down.map_or(0, |down| down.total.0),
        up: up.map_or(Reported::NOTHING, |up| up.reported.into()),
        down: down.map_or(Reported::NOTHING, |down| down.reported.into()),
    }
}

fn moment(at: Option<Instant>) -> (u32, i64) {
    (at.is_some().into(), at.unwrap_or_default().as_nanos())
}

/// Text that is only counted, or also written. What does not fit is counted all the same.
pub(crate) struct Text<'a> {
    pub(crate) out: &'a mut [u8],
    pub(crate) length: usize,
}

impl Text<'_> {
    /// Writes words; nothing can go wrong but in what makes them.
    pub(crate) fn put(&mut self, words: fmt::Arguments<'_>) -> Result<(), Status> {
        self.write_fmt(words).map_err(|_| Status::Internal)
    }
}

impl Write for Text<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        // Cut twice, so that both lengths are seen to be the same and no panic is compiled in.
        if let Some(room) = self.out.get_mut(self.length..).and_then(|rest| rest.get_mut(..text.len())) {
            room.copy_from_slice(text.as_bytes());
        }
        self.length = self.length.saturating_add(text.len());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use plimsoll_core::hpa::MetricError;

    #[test]
    fn every_step_comes_back_as_it_went() {
        let (replicas, at) = (Replicas, Instant::from_secs);
        let rate = RateLimit {
            replicas: 6,
            by: Some((RatePolicy::new(Amount::Percent(50), Span::from_secs(30)).expect("a rule"), 4)),
            eases_at: Some(at(60)),
            stands_until: Some(at(50)),
        };
        let limited = |limit, rate| Step::Limited { from: replicas(9), to: replicas(6), limit, rate };
        let read = Read {
            listed: 1,
            ready: 2,
            missing: 3,
            unlisted: 4,
            left_out: LeftOut {
                pending: 5,
                no_condition: 6,
                starting: 7,
                sample_too_early: 8,
                never_ready: 9,
                deleted: 10,
                failed: 11,
            },
        };
        let proposal = Proposal {
            replicas: replicas(-3),
            basis: Basis::RunningPods,
            ratio: 1.25,
            reported: hpa::Reported { utilization: Some(3), average: Some(Milli(4)), value: Some(Milli(5)) },
        };
        let steps = [
            Step::ClockWentBack { last: at(2), now: at(1) },
            Step::ClockStood { now: at(1) },
            Step::LongGap { last: at(1), now: at(2) },
            Step::HistoryFull,
            Step::Seeded { replicas: replicas(4) },
            Step::ScaleUnread,
            Step::Disabled,
            Step::AboveMax { from: replicas(4), to: replicas(3) },
            Step::BelowMin { from: replicas(1), to: replicas(3) },
            Step::SelectorUnusable { selector: Selector::Ambiguous },
            Step::PodsUnlisted,
            Step::Proposed { metric: 3, read, proposal },
            Step::MetricFailed {
                metric: 2,
                source: Source::Object,
                error: MetricError::Request { error: hpa::RequestError::NoContainer, pod: 7 },
            },
            Step::Recommended { metric: 1, replicas: replicas(8), current: replicas(4) },
            Step::Unknowable { invalid: 1, of: 2 },
            Step::PartlyFailed { invalid: 1, of: 2 },
            Step::Stabilized {
                direction: Direction::Down,
                by: replicas(9),
                from: replicas(1),
                to: replicas(9),
                until: at(9),
            },
            Step::ColdHeld { from: replicas(9), to: replicas(4), until: at(9) },
            limited(Limit::ScaleUpLimit, Some(rate)),
            limited(Limit::ScaleDownLimit, Some(RateLimit { by: None, eases_at: None, stands_until: None, ..rate })),
            limited(Limit::TooManyReplicas, None),
            Step::LiftedFromZero { to: replicas(2) },
            Step::Rescaled { from: replicas(4), to: replicas(6) },
            Step::RescaleFailed { from: replicas(4), to: replicas(6) },
        ];
        for step in steps {
            assert_eq!(StepRecord::new(&step).step(), Ok(step));
        }
        for garbage in [0, 23, -1, i32::MAX] {
            assert_eq!(StepRecord { kind: garbage, ..StepRecord::EMPTY }.step(), Err(Status::OutOfRange));
        }
        let record = StepRecord { rate_value: 0, ..StepRecord::new(&limited(Limit::ScaleUpLimit, Some(rate))) };
        assert_eq!(record.step(), Err(Status::OutOfRange), "a rule that cannot be");
    }
}
