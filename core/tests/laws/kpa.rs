//! What must hold of the KPA whatever the world does.

use plimsoll_core::kpa::{
    Aggregation, Cluster, Decision, History, Kpa, LeastExcess, Load, Mended, Observation, Proxy, Reading, Revision,
    Sample, Settings, Step,
};
use plimsoll_core::trace::Each;
use plimsoll_core::units::{Instant, Replicas, Span};
use proptest::prelude::*;

type Past = History<60, 60, 40>;

/// A policy as plain numbers, so that proptest can shrink it.
#[derive(Clone, Debug)]
struct Plan {
    window: u64,
    panic_percentage: f64,
    threshold: f64,
    up: f64,
    down: f64,
    burst: f64,
    delay: u64,
    scales: (i32, i32, i32, i32),
    zero: (bool, u64, u64),
    weighted: bool,
    mended: u8,
}

fn plan() -> impl Strategy<Value = Plan> {
    let rates = (1.01..4.0f64, 1.01..4.0f64);
    let burst = prop_oneof![Just(-1.0), Just(0.0), 1.0..300.0f64];
    let scales = (0..4i32, 0..30i32, 1..4i32, 0..12i32);
    let zero = (prop::bool::weighted(0.9), 1..40u64, prop_oneof![Just(0), 0..90u64]);
    let delay = prop_oneof![Just(0), 0..80u64];
    let windows = (6..=60u64, 1.0..=100.0f64, 110.0..1000.0f64);
    (windows, rates, burst, delay, scales, zero, any::<bool>(), any::<u8>()).prop_map(
        |((window, panic_percentage, threshold), (up, down), burst, delay, scales, zero, weighted, mended)| Plan {
            window,
            panic_percentage,
            threshold,
            up,
            down,
            burst,
            delay,
            scales,
            zero,
            weighted,
            mended,
        },
    )
}

impl Plan {
    fn kpa(&self) -> Kpa {
        let (min_scale, extra, initial_scale, activation) = self.scales;
        let settings = Settings {
            max_scale_up_rate: self.up,
            max_scale_down_rate: self.down,
            target_burst_capacity: self.burst,
            panic_threshold_percentage: self.threshold,
            scale_down_delay: Span::from_secs(self.delay),
            min_scale,
            max_scale: if extra == 0 { 0 } else { min_scale + extra },
            initial_scale,
            scale_to_zero: self.zero.0,
            scale_to_zero_grace: Span::from_secs(self.zero.1),
            pod_retention: Span::from_secs(self.zero.2),
            progress_deadline: Span::from_secs(60),
            ..Settings::DEFAULT
        };
        let revision = Revision {
            window: Some(Span::from_secs(self.window)),
            panic_window_percentage: Some(self.panic_percentage),
            activation_scale: Some(activation).filter(|scale| *scale >= 2),
            aggregation: if self.weighted { Aggregation::WeightedExponential } else { Aggregation::Linear },
            ..Revision::default()
        };
        let bit = |n: u8| self.mended & (1 << n) != 0;
        let mended = Mended {
            normalized_average: bit(0),
            resize_keeps_first: bit(1),
            silence_is_zero: bit(2),
            panic_ramps_down: bit(3),
            starting_pods_count: bit(4),
            exact_panic: bit(5).then_some(LeastExcess(2)),
            delay_follows_policy: bit(6),
            timers_ignore_reasons: bit(7),
        };
        let cluster = Cluster::new(settings).expect("good settings");
        Kpa::new(&cluster, &revision).expect("a good revision").with_mended(mended)
    }
}

/// What happens before and at one decision.
#[derive(Clone, Debug)]
struct Moment {
    gap: u64,
    samples: Vec<(u64, u32)>,
    /// Averages given by the host, instead of the recorded ones.
    given: Option<(u32, u32)>,
    ready: Option<u32>,
    starting: u32,
    reachable: bool,
    proxied: Option<u64>,
    confirmed: bool,
    written: bool,
}

fn moment() -> impl Strategy<Value = Moment> {
    let samples = prop::collection::vec((0..20u64, prop_oneof![2 => Just(0), 3 => 0..2000u32]), 0..6);
    let gap = prop_oneof![4 => 1_000..4_000u64, 1 => 0..200_000u64];
    let given = prop::option::weighted(0.3, (0..5000u32, 0..5000u32));
    let ready = prop::option::weighted(0.95, 0..40u32);
    let flags = (prop::bool::weighted(0.9), prop::bool::weighted(0.8), prop::bool::weighted(0.9));
    (gap, samples, given, ready, 0..9u32, flags, prop::option::of(0..100u64)).prop_map(
        |(gap, samples, given, ready, starting, (reachable, confirmed, written), proxied)| Moment {
            gap,
            samples,
            given,
            ready,
            starting,
            reachable,
            proxied,
            confirmed,
            written,
        },
    )
}

/// A run of one workload.
struct Run {
    kpa: Kpa,
    past: Past,
    now: Instant,
    scale: i32,
}

impl Run {
    fn new(plan: &Plan, ready: u32) -> Self {
        let kpa = plan.kpa();
        let now = Instant::from_secs(1000);
        let past = Past::new(&kpa, Some(ready), now).expect("room");
        Self { kpa, past, now, scale: i32::try_from(ready).expect("few").max(1) }
    }

    /// Lets the time pass, adds the samples, and gives what is seen.
    fn see(&mut self, moment: &Moment) -> Observation {
        self.now = self.now + Span::from_millis(moment.gap);
        for (ago, value) in &moment.samples {
            let at = self.now - Span::from_millis(ago * 700);
            let _any = self.kpa.record(&mut self.past, at, Sample::direct(f64::from(*value) / 8.0));
        }
        let load = |(stable, panic)| Load { stable: f64::from(stable) / 4.0, panic: f64::from(panic) / 4.0 };
        Observation {
            now: self.now,
            scale: Some(Replicas(self.scale)),
            ready: moment.ready,
            starting: moment.starting,
            load: moment.given.map_or(Reading::Recorded, |given| Reading::Given(load(given))),
            reachable: moment.reachable,
            proxy: Proxy {
                routed: moment.proxied.is_some(),
                confirmed: moment.confirmed,
                since: moment.proxied.map(|ago| self.now - Span::from_secs(ago)),
            },
            named: true,
        }
    }

    fn decide(&mut self, seen: &Observation) -> Decision {
        self.kpa.decide(&mut self.past, seen, &mut ())
    }

    fn follow(&mut self, moment: &Moment, decision: &Decision) {
        if moment.written {
            self.scale = decision.to.0;
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn a_change_is_within_bounds(plan in plan(), ready in 0..20u32, moments in prop::collection::vec(moment(), 1..40)) {
        let mut run = Run::new(&plan, ready);
        let (min, max) = run.kpa.lifecycle().bounds();
        for moment in &moments {
            let seen = run.see(moment);
            let decision = run.decide(&seen);
            if decision.changes() {
                let low = if moment.reachable { min } else { 0 };
                prop_assert!(decision.to.0 >= low, "{:?}", decision);
                // Until it was ready once, the initial scale may lift above the maximum, as upstream does.
                let most = max.map(|max| max.max(run.kpa.lifecycle().initial_scale()));
                prop_assert!(most.is_none_or(|most| decision.to.0 <= most), "{:?}", decision);
                prop_assert!(decision.to.0 > 0 || plan.zero.0);
            }
            prop_assert!(decision.revisit_at.is_none_or(|at| at > seen.now), "{:?}", decision);
            run.follow(moment, &decision);
        }
    }

    #[test]
    fn in_a_panic_the_number_wanted_never_falls(
        plan in plan(), ready in 0..20u32, moments in prop::collection::vec(moment(), 1..40),
    ) {
        let mut run = Run::new(&plan, ready);
        let mut before = None;
        for moment in &moments {
            let seen = run.see(moment);
            let decision = run.decide(&seen);
            let wanted = decision.detail.proposal.ok().map(|proposal| proposal.wanted);
            if let (Some(before), Some(wanted)) = (before, wanted) {
                // The delay may hold more than the panic while the revision can be reached.
                let held = !decision.detail.panicking || wanted >= before || plan.delay > 0 || plan.mended & 8 != 0;
                prop_assert!(held, "{before} to {wanted}");
            }
            before = wanted.filter(|_| decision.detail.panicking).or(before.filter(|_| wanted.is_none()));
            run.follow(moment, &decision);
        }
    }

    #[test]
    fn a_longer_delay_never_scales_down_sooner(
        plan in plan(), more in 0..20u64, ready in 0..20u32, moments in prop::collection::vec(moment(), 1..40),
    ) {
        let longer = Plan { delay: (plan.delay + more).min(80), ..plan.clone() };
        let (mut short, mut long) = (Run::new(&plan, ready), Run::new(&longer, ready));
        for moment in &moments {
            let (seen, same) = (short.see(moment), long.see(moment));
            prop_assert_eq!(seen, same);
            let (short, long) = (short.decide(&seen).detail.proposal, long.decide(&seen).detail.proposal);
            if let (Ok(short), Ok(long)) = (short, long) {
                prop_assert!(long.wanted >= short.wanted, "{:?} {:?}", long, short);
            }
        }
    }

    #[test]
    fn more_load_never_wants_fewer(
        plan in plan(), ready in 0..20u32, moments in prop::collection::vec(moment(), 1..20),
        less in (0..5000u32, 0..5000u32), more in (0..5000u32, 0..5000u32),
    ) {
        let mut run = Run::new(&plan, ready);
        for moment in &moments {
            let seen = run.see(moment);
            let decision = run.decide(&seen);
            run.follow(moment, &decision);
        }
        let load = |more: (u32, u32)| {
            let (stable, panic) = (less.0 + more.0, less.1 + more.1);
            Reading::Given(Load { stable: f64::from(stable) / 4.0, panic: f64::from(panic) / 4.0 })
        };
        let now = run.now + Span::from_secs(2);
        let seen = Observation { now, scale: Some(Replicas(run.scale)), ready: Some(ready), ..Observation::default() };
        let ask = |more| {
            let mut past = run.past.clone();
            let decision = run.kpa.decide(&mut past, &Observation { load: load(more), ..seen }, &mut ());
            decision.detail.proposal.expect("all is known").wanted
        };
        // After a panic the ramp begins at its height; a panic that goes on holds all of it.
        prop_assert!(ask(more) >= ask((0, 0)));
    }

    #[test]
    fn deciding_is_a_function_and_a_saved_history_decides_alike(
        plan in plan(), ready in 0..20u32, moments in prop::collection::vec(moment(), 1..30),
    ) {
        let mut run = Run::new(&plan, ready);
        for moment in &moments {
            let seen = run.see(moment);
            let mut bytes = [0; Past::saved_size()];
            let length = run.past.save(&mut bytes).expect("room");
            let mut restored = Past::restore(&bytes[..length]).expect("our own bytes");
            prop_assert_eq!(&restored, &run.past);
            let decision = run.decide(&seen);
            prop_assert_eq!(run.kpa.decide(&mut restored, &seen, &mut ()), decision);
            prop_assert_eq!(&restored, &run.past);
            run.follow(moment, &decision);
        }
    }

    #[test]
    fn revisiting_sooner_brings_nothing_new(
        plan in plan(), ready in 0..20u32, moments in prop::collection::vec(moment(), 1..30), early in 0.0..1.0f64,
    ) {
        let mut run = Run::new(&plan, ready);
        for moment in &moments {
            let seen = run.see(moment);
            let decision = run.decide(&seen);
            // The next nanosecond means at once: this pass moved the state, the next one goes on from there.
            let at_once = decision.revisit_at == Some(seen.now.next());
            if !decision.changes() && !at_once {
                let until = decision.revisit_at.unwrap_or(seen.now + Span::from_secs(5000));
                let wait = until.previous().since(seen.now).as_nanos() as f64 * early;
                let later = Observation { now: seen.now + Span::from_nanos(wait as u64), ..seen };
                let again = run.kpa.decide(&mut run.past.clone(), &later, &mut ());
                prop_assert_eq!(again.to, decision.to, "{:?}\n{:?}", decision, again);
            }
            run.follow(moment, &decision);
        }
    }

    #[test]
    fn the_outlook_is_where_the_answer_changes(
        plan in plan(), ready in 0..20u32, moments in prop::collection::vec(moment(), 1..20),
    ) {
        let mut run = Run::new(&plan, ready);
        for moment in &moments {
            let seen = run.see(moment);
            let decision = run.decide(&seen);
            run.follow(moment, &decision);
        }
        let seen = Observation {
            now: run.now, scale: Some(Replicas(run.scale)), ready: Some(ready), ..Observation::default()
        };
        let outlook = run.kpa.outlook(&run.past, &seen);
        let ask = |load: f64| {
            let load = Reading::Given(Load { stable: load, panic: load });
            let decision = run.kpa.decide(&mut run.past.clone(), &Observation { load, ..seen }, &mut ());
            decision.detail.proposal.expect("all is known").wanted.0
        };
        let (min, max) = run.kpa.lifecycle().bounds();
        let initial = run.kpa.lifecycle().initial_scale();
        let low = if run.past.status().initialized || initial <= 1 { min } else { min.max(initial) };
        let bounded = |load: f64| {
            let wanted = ask(load);
            if wanted < low { low } else { max.filter(|max| wanted > *max).unwrap_or(wanted) }
        };
        if let Some(up) = outlook.up.filter(|_| max.is_none_or(|max| max >= low)) {
            prop_assert_eq!(bounded(up.load), up.replicas.0);
            prop_assert!(up.replicas.0 > run.scale);
            if up.load > 0.0 {
                prop_assert!(bounded(f64::from_bits(up.load.to_bits() - 1)) <= run.scale);
            }
        }
        if let Some(down) = outlook.down.filter(|_| max.is_none_or(|max| max >= low)) {
            prop_assert_eq!(bounded(down.load), down.replicas.0);
            prop_assert!(down.replicas.0 < run.scale);
        }
    }

    #[test]
    fn nothing_panics_whatever_the_host_says(
        plan in plan(),
        ticks in prop::collection::vec(
            (any::<i64>(), any::<(f64, f64)>(), any::<(i32, u32, u32)>(), any::<i64>(), any::<u8>()), 1..30,
        ),
    ) {
        let kpa = plan.kpa();
        // Much too small on purpose.
        let small = Plan { delay: 0, window: 6, panic_percentage: 100.0, ..plan }.kpa();
        let mut past = History::<6, 6, 1>::new(&small, Some(u32::MAX), Instant::MAX).expect("room");
        for (at, (value, proxied), (scale, ready, starting), since, odd) in ticks {
            let now = Instant::from_nanos(at);
            let _any = kpa.record(&mut past, now, Sample { value, proxied });
            let _any = kpa.record(&mut past, Instant::from_nanos(since), Sample { value, proxied });
            let given = Reading::Given(Load { stable: value, panic: proxied });
            let seen = Observation {
                now,
                scale: (odd & 1 != 0).then_some(Replicas(scale)),
                ready: (odd & 2 != 0).then_some(ready),
                starting,
                load: [Reading::Recorded, given, Reading::Failed, given][usize::from(odd & 12) >> 2],
                reachable: odd & 16 != 0,
                proxy: Proxy { routed: odd & 32 != 0, confirmed: odd & 64 != 0, since: Some(Instant::from_nanos(since)) },
                named: odd & 128 != 0,
            };
            let mut words = 0;
            let decision = kpa.decide(&mut past, &seen, &mut Each(|step: &Step| words += step.to_string().len()));
            let _any = kpa.outlook(&past, &seen);
            prop_assert!(decision.to.0 >= 0 || decision.to == decision.from);
            prop_assert!(words > 0);
        }
    }

    #[test]
    fn garbage_is_no_history(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(Past::restore(&bytes).is_err());
    }

    #[test]
    fn garbage_in_a_good_frame_is_a_history_that_decides_or_none(
        body in prop::collection::vec(prop_oneof![4 => Just(0), 1 => 0..4u8, 1 => any::<u8>()], 60..1000), at in any::<i64>(),
    ) {
        let mut bytes = vec![0; body.len() + plimsoll_core::snapshot::FRAME];
        let mut to = plimsoll_core::snapshot::Writer::new(&mut bytes, 2, 1);
        to.put(&body);
        let length = to.finish().expect("room");
        if let Ok(mut past) = Past::restore(&bytes[..length]) {
            let kpa = Kpa::new(&Cluster::new(Settings::DEFAULT).expect("good"), &Revision::default()).expect("good");
            let seen = Observation {
                now: Instant::from_nanos(at), scale: Some(Replicas(3)), ready: Some(3), ..Observation::default()
            };
            kpa.decide(&mut past, &seen, &mut ());
        }
    }
}
