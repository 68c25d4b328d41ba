//! A queue's consumers by rates.

use plimsoll_core::queue::rate::{
    Applied, Combine, Decision, Detail, History, Observation, PartitionLoad, RateAware, Step,
};
use plimsoll_core::queue::{Fallback, FallbackBehavior};
use plimsoll_core::trace::Trace;
use plimsoll_core::units::{Instant, Replicas, Span};

use super::start;
use crate::cursor::Cursor;
use crate::life::{Life, Saved, saved};

saved!(History<2>, 4, Self::saved_size());
saved!(History<24>, 4, Self::saved_size());

struct Rates<const R: usize>(RateAware);

#[derive(Debug)]
struct Moment {
    now: Instant,
    replicas: Option<Replicas>,
    running: Option<Replicas>,
    backlog: Option<i64>,
    oldest: Option<Span>,
    produced: Option<i64>,
    processed: Option<i64>,
    busy: Option<Span>,
    partitions: Option<u32>,
    loads: Vec<PartitionLoad>,
}

impl Moment {
    fn seen(&self) -> Observation<'_> {
        Observation {
            now: self.now,
            replicas: self.replicas,
            running: self.running,
            backlog: self.backlog,
            oldest: self.oldest,
            produced: self.produced,
            processed: self.processed,
            busy: self.busy,
            partitions: self.partitions,
            loads: &self.loads,
        }
    }
}

impl<const R: usize> Life for Rates<R>
where
    History<R>: Saved,
{
    type History = History<R>;
    type Step = Step;
    type Detail = Detail;
    type Moment = Moment;

    fn moment(&self, cursor: &mut Cursor<'_>, now: Instant, replicas: i32) -> Moment {
        let odd = cursor.byte();
        let running = if cursor.once_in(4) { cursor.small() } else { replicas };
        // Counters grow with time; one that does not begins anew.
        let seconds = now.as_nanos() / 1_000_000_000;
        let counter = |cursor: &mut Cursor<'_>| {
            let each = cursor.number(1);
            cursor.option(|_| seconds.saturating_mul(each))
        };
        Moment {
            now,
            replicas: (odd % 16 != 1).then_some(Replicas(replicas)),
            running: (odd % 16 != 2).then_some(Replicas(running)),
            backlog: (odd % 16 != 3).then(|| cursor.number(10)),
            oldest: (odd % 16 == 4).then(|| cursor.span(Span::from_secs(1))),
            produced: counter(cursor),
            processed: counter(cursor),
            busy: (odd & 16 != 0).then(|| cursor.span(Span::from_secs(10))),
            partitions: (odd & 32 != 0).then(|| cursor.small().unsigned_abs()),
            loads: (0..cursor.below(3))
                .map(|_| PartitionLoad { backlog: cursor.float(), arrival: cursor.float() })
                .collect(),
        }
    }

    fn decide(&self, history: &mut History<R>, moment: &Moment, trace: &mut impl Trace<Step>) -> Decision {
        self.0.decide(history, &moment.seen(), trace)
    }

    fn applied(&self, history: &mut History<R>, decision: &Decision, written: Option<Replicas>) {
        if decision.changes() {
            self.0.applied(history, decision, written.map_or(Applied::Failed, Applied::Done), &mut ());
        }
    }

    fn is_read(moment: &Moment) -> bool {
        moment.replicas.is_some()
    }

    fn sentence(&self, step: &Step) -> String {
        step.to_string()
    }

    fn laws(&self, _: &Moment, decision: &Decision, _: &[Step]) {
        let bounds = self.0.bounds();
        if decision.changes() {
            assert!(bounds.min() <= decision.to && decision.to <= bounds.max(), "{decision:?} leaves {bounds:?}");
        }
        let Detail { arrival, service, .. } = decision.detail;
        assert!(arrival.is_none_or(|arrival| arrival.is_finite() && arrival >= 0.0), "{decision:?}");
        assert!(service.is_finite() && service > 0.0, "{decision:?}");
    }

    /// The same counters later are other rates.
    fn later(&self, _: &Moment, _: Instant) -> Option<Moment> {
        None
    }

    fn outlook(&self, history: &History<R>, moment: &Moment, decision: &Decision) {
        let outlook = self.0.outlook(history, &moment.seen());
        let Some(recommended) = decision.detail.recommended else { return };
        assert_eq!(outlook.replicas, Some(recommended), "{decision:?}");
        let at = |backlog: i64| {
            let next = Observation { backlog: Some(backlog), ..moment.seen() };
            self.0.decide(&mut history.clone(), &next, &mut ()).detail.recommended
        };
        // At rest nothing is recommended.
        if let Some(more) = outlook.more_at {
            assert!(at(more).is_none_or(|to| to > recommended), "{outlook:?}: {:?}", at(more));
            assert!(at(more - 1).is_none_or(|to| to <= recommended), "{outlook:?}: {:?}", at(more - 1));
        }
        if let Some(fewer) = outlook.fewer_at {
            assert!(at(fewer).is_none_or(|to| to < recommended), "{outlook:?}: {:?}", at(fewer));
            assert!(at(fewer + 1).is_none_or(|to| to >= recommended), "{outlook:?}: {:?}", at(fewer + 1));
        }
    }
}

pub(super) fn rates(from: Option<&[u8]>, cursor: &mut Cursor<'_>, moments: usize) -> Option<Vec<u8>> {
    let bounds = cursor.bounds();
    let service = Some(cursor.float()).filter(|service| service.is_finite() && *service > 0.0).unwrap_or(10.0);
    let delay = cursor.span(Span::from_secs(5));
    let drain = cursor.span(Span::from_secs(15)).max(Span::from_nanos(delay.as_nanos().saturating_mul(2).max(1)));
    let mut policy = RateAware::new(bounds, service, delay, drain).expect("twice the delay");
    let flags = cursor.byte();
    let on = |bit: u8| flags & (1 << bit) != 0;
    let secs = Span::from_secs(5);
    if on(0) {
        policy = policy.with_utilization(cursor.part().max(0.01)).expect("in range");
        policy = policy.with_rebalance(cursor.span(secs));
    }
    if on(1) {
        policy = policy.with_wait(cursor.span(secs));
    }
    if on(2) {
        policy = policy.with_combine(Combine::Sum);
    }
    if on(3) {
        policy = policy.with_activation(cursor.number(1), cursor.option(|cursor| cursor.span(secs)));
    }
    if on(4) {
        policy = policy.with_cooldown(cursor.span(secs)).with_stabilization(cursor.span(secs));
    }
    if on(5) {
        let (tolerance, wait, hold) = (cursor.part(), cursor.span(secs), cursor.span(secs));
        policy = policy.with_scale_down(tolerance, wait, hold).expect("in range");
    }
    if on(6) {
        let (threshold, replicas) = (i32::from(cursor.byte() % 4), cursor.small().max(0));
        let fallback = Fallback::new(threshold, replicas, FallbackBehavior::CurrentReplicasIfHigher);
        policy = policy.with_fallback(fallback.expect("not negative"));
    }
    if on(7) {
        start(&Rates::<2>(policy), History::default(), from, cursor, moments)
    } else {
        start(&Rates::<24>(policy), History::default(), from, cursor, moments)
    }
}
