//! Knative's autoscaler.

use plimsoll_core::kpa::{
    Aggregation, Cluster, Decision, Detail, History, Kpa, LeastExcess, Load, Mended, Observation, Proxy, Reading,
    Revision, Sample, Settings, Step,
};
use plimsoll_core::trace::Trace;
use plimsoll_core::units::{Instant, Replicas, Span};

use super::start;
use crate::cursor::Cursor;
use crate::life::{Life, Saved, saved};

type Small = History<6, 6, 1>;
type Large = History<24, 24, 8>;

saved!(Small, 2, Self::saved_size());
saved!(Large, 2, Self::saved_size());

struct Knative<const S: usize, const P: usize, const D: usize>(Kpa);

#[derive(Debug)]
struct Moment {
    seen: Observation,
    samples: Vec<(Instant, Sample)>,
}

impl<const S: usize, const P: usize, const D: usize> Life for Knative<S, P, D>
where
    History<S, P, D>: Saved,
{
    type History = History<S, P, D>;
    type Step = Step;
    type Detail = Detail;
    type Moment = Moment;
    const UNIT: Span = Span::from_secs(2);

    fn moment(&self, cursor: &mut Cursor<'_>, now: Instant, replicas: i32) -> Moment {
        let ago = |cursor: &mut Cursor<'_>, unit: i64| {
            let ago = cursor.number(unit);
            Instant::from_nanos(now.as_nanos().saturating_sub(ago))
        };
        let sample = |cursor: &mut Cursor<'_>| {
            let at = ago(cursor, 300_000_000);
            let proxied = if cursor.once_in(8) { cursor.float() } else { 0.0 };
            (at, Sample { value: cursor.float(), proxied })
        };
        let samples = (0..cursor.below(5)).map(|_| sample(cursor)).collect();
        let odd = cursor.byte();
        let ready = if cursor.once_in(4) { cursor.small() } else { replicas };
        let load = match odd % 8 {
            1 => Reading::Failed,
            2 | 3 => Reading::Given(Load { stable: cursor.float(), panic: cursor.float() }),
            _ => Reading::Recorded,
        };
        let proxy = if odd & 8 != 0 {
            Proxy { routed: cursor.flag(), confirmed: cursor.flag(), since: Some(ago(cursor, 1_000_000_000)) }
        } else {
            Proxy::default()
        };
        let seen = Observation {
            now,
            scale: (odd & 0xf0 != 0x10).then_some(Replicas(replicas)),
            ready: (odd & 0xf0 != 0x20).then_some(ready.max(0).unsigned_abs()),
            starting: u32::from(cursor.byte() % 8),
            load,
            reachable: odd & 0xf0 != 0x30,
            proxy,
            named: odd & 0xf0 != 0x40,
        };
        Moment { seen, samples }
    }

    fn before(&self, history: &mut Self::History, moment: &Moment) {
        for (at, sample) in &moment.samples {
            self.0.record(history, *at, *sample);
        }
    }

    fn decide(&self, history: &mut Self::History, moment: &Moment, trace: &mut impl Trace<Step>) -> Decision {
        self.0.decide(history, &moment.seen, trace)
    }

    fn applied(&self, _: &mut Self::History, _: &Decision, _: Option<Replicas>) {}

    fn is_read(moment: &Moment) -> bool {
        moment.seen.scale.is_some()
    }

    fn sentence(&self, step: &Step) -> String {
        step.to_string()
    }

    fn laws(&self, moment: &Moment, decision: &Decision, _: &[Step]) {
        if !decision.changes() {
            return;
        }
        let lifecycle = self.0.lifecycle();
        let (min, max) = lifecycle.bounds();
        // A maximum below the minimum wins, and until it was ready once the initial scale may be above it.
        let low = if moment.seen.reachable { max.map_or(min, |max| max.min(min)) } else { 0 };
        let high = max.map(|max| max.max(lifecycle.initial_scale()).max(min));
        assert!(decision.to.0 >= low && high.is_none_or(|high| decision.to.0 <= high), "{decision:?}");
    }

    fn later(&self, moment: &Moment, now: Instant) -> Option<Moment> {
        Some(Moment { seen: Observation { now, ..moment.seen }, samples: Vec::new() })
    }

    fn outlook(&self, history: &Self::History, moment: &Moment, decision: &Decision) {
        let outlook = self.0.outlook(history, &moment.seen);
        let scale = decision.from;
        assert!(outlook.up.is_none_or(|up| up.replicas > scale), "{outlook:?} of {scale}");
        assert!(outlook.down.is_none_or(|down| down.replicas < scale), "{outlook:?} of {scale}");
        // The panic average begins a panic, or makes it last longer; a shade less does not.
        if let Some(panic) = outlook.panic {
            let at = |panic: f64| {
                let (load, mut past) = (Reading::Given(Load { stable: 0.0, panic }), history.clone());
                let before = past.memory().panic();
                self.0.decide(&mut past, &Observation { load, ..moment.seen }, &mut ());
                (before.since, past.memory().panic().since)
            };
            assert_eq!(at(panic).1, Some(moment.seen.now), "{panic} is no reason to panic");
            if let Some(less) = panic.to_bits().checked_sub(1) {
                let (before, after) = at(f64::from_bits(less));
                assert!(after.is_none() || after == before, "{less} is a reason as well");
            }
        }
    }
}

pub(super) fn kpa(from: Option<&[u8]>, cursor: &mut Cursor<'_>, moments: usize) -> Option<Vec<u8>> {
    let seconds = |cursor: &mut Cursor<'_>, least: u64, most: u64| {
        Span::from_secs(least + u64::from(cursor.byte()) % (most - least + 1))
    };
    let (flags, mended) = (cursor.byte(), cursor.byte());
    let on = |flags: u8, bit: u8| flags & (1 << bit) != 0;
    let min_scale = cursor.small().max(0);
    let max_scale = if on(flags, 0) { cursor.small().max(min_scale).max(1) } else { 0 };
    let delay = if on(flags, 1) { seconds(cursor, 0, 20) } else { Span::ZERO };
    let initial_scale = if on(flags, 2) { cursor.small().max(1) } else { 1 };
    let burst = [211.0, -1.0, 0.0, f64::from(cursor.byte())][cursor.below(4)];
    let settings = Settings {
        max_scale_up_rate: 1.01 + f64::from(cursor.byte()) / 16.0,
        max_scale_down_rate: 1.01 + f64::from(cursor.byte()) / 64.0,
        target_burst_capacity: burst,
        panic_threshold_percentage: 110.0 + f64::from(cursor.byte()),
        scale_down_delay: delay,
        min_scale,
        max_scale,
        initial_scale,
        scale_to_zero: !on(flags, 3),
        scale_to_zero_grace: seconds(cursor, 1, 40),
        pod_retention: seconds(cursor, 0, 90),
        progress_deadline: seconds(cursor, 1, 60),
        ..Settings::DEFAULT
    };
    let revision = Revision {
        window: Some(seconds(cursor, 6, 30)),
        target: on(flags, 5).then(|| 0.01 + f64::from(cursor.byte())),
        panic_window_percentage: Some(1.0 + 99.0 * cursor.part()),
        aggregation: if on(flags, 4) { Aggregation::WeightedExponential } else { Aggregation::Linear },
        ..Revision::default()
    };
    let mended = Mended {
        normalized_average: on(mended, 0),
        resize_keeps_first: on(mended, 1),
        silence_is_zero: on(mended, 2),
        panic_ramps_down: on(mended, 3),
        starting_pods_count: on(mended, 4),
        exact_panic: on(mended, 5).then_some(LeastExcess(2)),
        delay_follows_policy: on(mended, 6),
        timers_ignore_reasons: on(mended, 7),
    };
    let cluster = Cluster::new(settings).expect("good settings");
    let kpa = Kpa::new(&cluster, &revision).expect("a good revision").with_mended(mended);
    // Too small for most policies: it decides all the same.
    let least = Revision { window: Some(Span::from_secs(6)), ..Revision::default() };
    let least = Kpa::new(&Cluster::new(Settings::DEFAULT).expect("upstream's"), &least).expect("a good revision");
    let ready = cursor.option(|cursor| u32::from(cursor.byte() % 16));
    let begin = Instant::from_secs(0);
    if on(flags, 7) {
        let new = Small::new(&least, ready, begin).expect("room");
        start(&Knative::<6, 6, 1>(kpa), new, from, cursor, moments)
    } else {
        let new = Large::new(&kpa, ready, begin).or_else(|_| Large::new(&least, ready, begin)).expect("room");
        start(&Knative::<24, 24, 8>(kpa), new, from, cursor, moments)
    }
}
