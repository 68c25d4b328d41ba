//! Dual watermarks.

use plimsoll_core::step::{
    Algorithm, Converge, MarkDecision, MarkDetail, MarkHistory, MarkObservation, MarkReading, Mended, Step, Times,
    Watermark, Watermarks,
};
use plimsoll_core::trace::Trace;
use plimsoll_core::units::{Instant, Milli, Replicas, Span};

use super::start;
use crate::cursor::Cursor;
use crate::life::{Life, saved};

saved!(MarkHistory, 8, Self::SAVED);

struct Marks<'a>(Watermark<'a>);

#[derive(Debug)]
struct Moment {
    now: Instant,
    scale: Option<(Replicas, Replicas)>,
    readings: Vec<Option<MarkReading>>,
}

impl Moment {
    fn seen(&self) -> MarkObservation<'_> {
        MarkObservation { now: self.now, scale: self.scale, readings: &self.readings }
    }
}

impl Life for Marks<'_> {
    type History = MarkHistory;
    type Step = Step;
    type Detail = MarkDetail;
    type Moment = Moment;

    fn moment(&self, cursor: &mut Cursor<'_>, now: Instant, replicas: i32) -> Moment {
        let running = if cursor.once_in(8) { cursor.small() } else { replicas };
        let scale = (!cursor.once_in(16)).then_some((Replicas(replicas), Replicas(running)));
        let reading = |cursor: &mut Cursor<'_>| {
            let total = Milli(cursor.number(100));
            let (ready, listed) = if cursor.once_in(8) { (cursor.small(), cursor.small()) } else { (running, running) };
            (!cursor.once_in(8)).then_some(MarkReading { total, ready, listed })
        };
        Moment { now, scale, readings: self.0.metrics().iter().map(|_| reading(cursor)).collect() }
    }

    fn decide(&self, history: &mut MarkHistory, moment: &Moment, trace: &mut impl Trace<Step>) -> MarkDecision {
        self.0.decide(history, &moment.seen(), trace)
    }

    fn applied(&self, history: &mut MarkHistory, decision: &MarkDecision, written: Option<Replicas>) {
        if written.is_some() {
            self.0.applied(history, decision);
        }
    }

    fn is_read(moment: &Moment) -> bool {
        moment.scale.is_some()
    }

    fn is_opening(step: &Step) -> bool {
        matches!(step, Step::Idle)
    }

    fn sentence(&self, step: &Step) -> String {
        step.to_string()
    }

    fn laws(&self, _: &Moment, decision: &MarkDecision, _: &[Step]) {
        // When nothing runs, upstream asks for one, whatever the bounds.
        if decision.changes() && !matches!(decision.last_word, Step::NothingRuns) {
            let bounds = self.0.bounds();
            assert!(bounds.min() <= decision.to && decision.to <= bounds.max(), "{decision:?} leaves {bounds:?}");
            assert!(decision.detail.rescales, "{decision:?}");
        }
    }

    fn later(&self, moment: &Moment, now: Instant) -> Option<Moment> {
        Some(Moment { now, readings: moment.readings.clone(), ..*moment })
    }

    fn outlook(&self, history: &MarkHistory, moment: &Moment, decision: &MarkDecision) {
        let wanted = decision.from;
        for metric in 0..=moment.readings.len() {
            let (up, down) = self.0.outlook(metric, &moment.seen());
            // What is recommended is of all metrics together.
            if moment.readings.len() > 1 {
                continue;
            }
            let at = |total: Milli| {
                let readings = moment.readings.iter().map(|reading| reading.map(|it| MarkReading { total, ..it }));
                let next = Moment { readings: readings.collect(), ..*moment };
                self.decide(&mut history.clone(), &next, &mut ()).detail.recommended.expect("a reading")
            };
            let total = moment.readings.first().copied().flatten().map_or(Milli(0), |reading| reading.total);
            if let Some(up) = up {
                assert!(at(up) > wanted, "{up} brings {} from {wanted}", at(up));
                assert!(up <= total || up.0 == 1 || at(Milli(up.0 - 1)) <= wanted, "{up} is not the least");
            }
            if let Some(down) = down {
                assert!(at(down) < wanted, "{down} brings {} from {wanted}", at(down));
                assert!(down >= total || at(Milli(down.0 + 1)) >= wanted, "{down} is not the greatest");
            }
        }
    }
}

pub(super) fn watermark(from: Option<&[u8]>, cursor: &mut Cursor<'_>, moments: usize) -> Option<Vec<u8>> {
    let bounds = cursor.bounds();
    let metrics: Vec<_> = (0..=cursor.below(2))
        .map(|_| {
            let (low, gap) = (cursor.number(100), cursor.number(100).max(0));
            let high = Some(Milli(low.saturating_add(gap))).filter(|_| cursor.flag());
            Watermarks::new(Some(Milli(low)), high).expect("in order")
        })
        .collect();
    let flags = cursor.byte();
    let on = |bit: u8| flags & (1 << bit) != 0;
    let mut policy = Watermark::new(bounds, &metrics).expect("a metric");
    if on(0) {
        policy = policy.with_algorithm(Algorithm::Average);
    }
    policy = policy.with_tolerate_zero(on(1)).with_mended(Mended {
        first_like_others: on(2),
        zero_holds: on(3),
        limits_at_zero_min: on(4),
        keeps_wanted: on(5),
    });
    if on(6) {
        policy = policy.with_converge([Converge::HighWatermark, Converge::LowWatermark][cursor.below(2)]);
        policy = policy.with_modulo(cursor.small().max(1)).expect("1 or more");
        policy = policy.with_min_available(cursor.small());
    }
    if on(7) {
        let milli = |cursor: &mut Cursor<'_>, most: i64| Milli(cursor.number(1000).clamp(0, most));
        policy = policy.with_tolerance(Milli(i64::from(cursor.byte()))).expect("in range");
        policy = policy.with_up_limit(milli(cursor, i64::MAX)).expect("in range");
        policy = policy.with_down_limit(milli(cursor, 99_999)).expect("in range");
        let mut span = || cursor.span(Span::from_secs(10));
        let [upscale_forbidden, downscale_forbidden, delay_above, delay_below] = std::array::from_fn(|_| span());
        policy = policy.with_times(Times { upscale_forbidden, downscale_forbidden, delay_above, delay_below });
    }
    start(&Marks(policy), MarkHistory::default(), from, cursor, moments)
}
