//! The Nomad Autoscaler's scaling policy.

use plimsoll_core::step::nomad::{Band, BandAction, TargetValue};
use plimsoll_core::step::nomad::{
    Check, Decision, Detail, History, Mended, Observation, OnError, Outlook, PassThrough, Reading, ScalingPolicy, Step,
    Strategy,
};
use plimsoll_core::trace::Trace;
use plimsoll_core::units::{Instant, Replicas, Span};

use super::start;
use crate::cursor::Cursor;
use crate::life::{Life, saved};

saved!(History, 23, Self::SAVED);

/// A policy, and whether it is enabled.
struct Checks<'a>(ScalingPolicy<'a>, bool);

#[derive(Debug)]
struct Moment {
    now: Instant,
    count: Option<Replicas>,
    ready: bool,
    on_schedule: bool,
    queries: Vec<Query>,
}

#[derive(Clone, Debug)]
enum Query {
    Points(Vec<f64>),
    Failed,
    OffSchedule,
}

impl Moment {
    fn with<T>(&self, run: impl FnOnce(&Observation<'_>) -> T) -> T {
        let readings = self.queries.iter().map(|query| match query {
            Query::Points(points) => Reading::Points(points),
            Query::Failed => Reading::Failed,
            Query::OffSchedule => Reading::OffSchedule,
        });
        let readings = readings.collect::<Vec<_>>();
        let (now, count, ready, on_schedule) = (self.now, self.count, self.ready, self.on_schedule);
        run(&Observation { now, count, ready, on_schedule, readings: &readings })
    }
}

fn point(cursor: &mut Cursor<'_>) -> f64 {
    if cursor.once_in(16) { f64::from_bits(cursor.number(1 << 52).cast_unsigned()) } else { cursor.number(1) as f64 }
}

impl Life for Checks<'_> {
    type History = History;
    type Step = Step;
    type Detail = Detail;
    type Moment = Moment;

    fn moment(&self, cursor: &mut Cursor<'_>, now: Instant, replicas: i32) -> Moment {
        let count = (!cursor.once_in(16)).then_some(Replicas(replicas));
        let (ready, on_schedule) = (!cursor.once_in(16), !cursor.once_in(16));
        let query = |cursor: &mut Cursor<'_>| match cursor.below(16) {
            14 => Query::Failed,
            15 => Query::OffSchedule,
            _ => Query::Points((0..cursor.below(8)).map(|_| point(cursor)).collect()),
        };
        Moment { now, count, ready, on_schedule, queries: self.0.checks().iter().map(|_| query(cursor)).collect() }
    }

    fn decide(&self, history: &mut History, moment: &Moment, trace: &mut impl Trace<Step>) -> Decision {
        moment.with(|seen| self.0.decide(history, seen, trace))
    }

    fn applied(&self, history: &mut History, decision: &Decision, written: Option<Replicas>) {
        if written.is_some() {
            self.0.applied(history, decision);
        }
    }

    fn is_read(moment: &Moment) -> bool {
        moment.count.is_some()
    }

    fn sentence(&self, step: &Step) -> String {
        step.to_string()
    }

    fn laws(&self, _: &Moment, decision: &Decision, _: &[Step]) {
        if decision.changes() {
            let bounds = self.0.bounds();
            assert!(bounds.min() <= decision.to && decision.to <= bounds.max(), "{decision:?} leaves {bounds:?}");
            assert_eq!(decision.detail.asked, Some(decision.to), "{decision:?}");
            assert!(decision.detail.submits.is_some(), "{decision:?}");
        }
    }

    fn later(&self, moment: &Moment, now: Instant) -> Option<Moment> {
        Some(Moment { now, queries: moment.queries.clone(), ..*moment })
    }

    /// What the checks ask for is independent of the history: nothing but the cooldown is remembered.
    fn outlook(&self, _: &History, moment: &Moment, _: &Decision) {
        let (min, max) = (self.0.bounds().min(), self.0.bounds().max());
        // Outside the bounds no point at all may change the answer.
        let inside = moment.count.filter(|count| min <= *count && *count <= max);
        let Some(count) = inside.filter(|_| self.1 && moment.ready && moment.on_schedule) else { return };
        for check in 0..=moment.queries.len() {
            let outlook = moment.with(|seen| self.0.outlook(check, seen));
            let Some(Outlook::Newest { more_from, fewer_up_to }) = outlook else { continue };
            let asked = |newest: f64| {
                let mut queries = moment.queries.clone();
                queries[check] = Query::Points(vec![newest]);
                let next = Moment { queries, ..*moment };
                self.decide(&mut History::default(), &next, &mut ()).detail.asked
            };
            // Beside others it may take less: they ask for a change too.
            let alone = moment.queries.len() == 1;
            if let Some(more) = more_from {
                assert!(asked(more) > Some(count), "{more} brings {:?} from {count}", asked(more));
                assert!(!alone || asked(more.next_down()) <= Some(count), "{more} is not the least");
            }
            if let Some(fewer) = fewer_up_to {
                assert!(asked(fewer) < Some(count), "{fewer} brings {:?} from {count}", asked(fewer));
                let holds = asked(fewer.next_up()).is_none_or(|asked| asked >= count);
                assert!(!alone || holds, "{fewer} is not the greatest");
            }
        }
    }
}

fn strategy(cursor: &mut Cursor<'_>) -> Strategy {
    let most = |cursor: &mut Cursor<'_>| cursor.once_in(4).then(|| cursor.number(1));
    match cursor.below(8) {
        0..3 => {
            let target = TargetValue::new(cursor.number(1) as f64).expect("a finite number");
            let target = target.with_most(most(cursor), most(cursor));
            let threshold = f64::from(cursor.byte()) / 100.0;
            Strategy::TargetValue(target.with_threshold(threshold).expect("a finite number"))
        }
        3..6 => {
            let (lower, span) = (cursor.number(1) as f64, f64::from(cursor.byte()));
            let action = match cursor.below(3) {
                0 => BandAction::Delta(cursor.number(1)),
                1 => BandAction::Percentage(cursor.number(1) as f64),
                _ => BandAction::Value(cursor.number(1).max(0)),
            };
            let upper = cursor.flag().then_some(lower + span);
            let band = Band::new(Some(lower), upper, action).expect("bounds in order");
            Strategy::Threshold(band.with_trigger(i64::from(cursor.byte() % 8)))
        }
        6 => Strategy::FixedValue(cursor.number(1)),
        _ => Strategy::PassThrough(PassThrough::default().with_most(most(cursor), most(cursor))),
    }
}

pub(super) fn nomad(from: Option<&[u8]>, cursor: &mut Cursor<'_>, moments: usize) -> Option<Vec<u8>> {
    let bounds = cursor.bounds();
    let on_error = |cursor: &mut Cursor<'_>| [OnError::Ignore, OnError::Fail][cursor.below(2)];
    let checks: Vec<_> = (0..=cursor.below(4))
        .map(|_| {
            let check = Check::new(strategy(cursor)).in_group(u16::from(cursor.byte() % 3));
            if cursor.once_in(4) { check.with_on_error(on_error(cursor)) } else { check }
        })
        .collect();
    let flags = cursor.byte();
    let on = |bit: u8| flags & (1 << bit) != 0;
    let policy = ScalingPolicy::new(bounds, &checks).expect("1 to 64 checks");
    let enabled = !(on(1) && on(2));
    let cooldown = cursor.span(Span::from_secs(10));
    let on_scale_up = on(0).then(|| cursor.span(Span::from_secs(10)));
    let policy = policy
        .with_cooldown(cooldown, on_scale_up)
        .with_on_check_error(on_error(cursor))
        .with_enabled(enabled)
        .with_dry_run(on(3) && on(4))
        .with_mended(Mended { errors_as_documented: on(5), bounds_always: on(6), caps_minus_one: on(7) });
    start(&Checks(policy, enabled), History::default(), from, cursor, moments)
}
