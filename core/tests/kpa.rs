//! The KPA by worked examples: each rule once, each switch both ways, each sentence once.

use plimsoll_core::error::Problem;
use plimsoll_core::kpa::{
    Aggregation, Cluster, Decision, History, Kpa, LeastExcess, Load, Mended, Metric, Observation, Proxy, Reading,
    Reason, Revision, Route, Sample, Settings, State, Status, Step, Unknown, extrapolate, fraction, sample_size,
};
use plimsoll_core::snapshot::SnapshotError;
use plimsoll_core::trace::Each;
use plimsoll_core::units::{Instant, Replicas, Span};
use plimsoll_core::window::Recorded;

type Past = History<60, 6, 30>;

fn second(s: i64) -> Instant {
    Instant::from_secs(s)
}

fn kpa(settings: Settings, revision: Revision) -> Kpa {
    Kpa::new(&Cluster::new(settings).expect("good settings"), &revision).expect("a good revision")
}

fn default() -> Kpa {
    kpa(Settings::DEFAULT, Revision::default())
}

/// A world with one revision whose averages the test gives.
struct World {
    kpa: Kpa,
    past: Past,
    seen: Observation,
}

impl World {
    /// With so many pods wanted and ready; active since long ago.
    fn new(kpa: Kpa, pods: u32) -> Self {
        let mut past = Past::new(&kpa, Some(pods), second(0)).expect("room");
        let long_ago = Some(second(-10_000));
        *past.status_mut() = Status {
            state: State::Active,
            since: long_ago,
            reason_since: long_ago,
            initialized: true,
            ..Status::new(second(0))
        };
        let scale = Some(Replicas(i32::try_from(pods).expect("few")));
        Self { kpa, past, seen: Observation { scale, ready: Some(pods), ..Observation::default() } }
    }

    /// One decision, which is written and followed at once.
    fn at(&mut self, now: i64, stable: f64, panic: f64) -> i32 {
        let decision = self.look(now, stable, panic);
        self.seen.scale = Some(decision.to);
        self.seen.ready = u32::try_from(decision.to.0).ok();
        decision.to.0
    }

    fn look(&mut self, now: i64, stable: f64, panic: f64) -> Decision {
        self.seen.now = second(now);
        self.seen.load = Reading::Given(Load { stable, panic });
        self.kpa.decide(&mut self.past, &self.seen, &mut ())
    }

    fn steps(&mut self, now: i64, stable: f64, panic: f64) -> Vec<Step> {
        let mut steps = Vec::new();
        self.seen.now = second(now);
        self.seen.load = Reading::Given(Load { stable, panic });
        self.kpa.decide(&mut self.past, &self.seen, &mut Each(|step: &Step| steps.push(*step)));
        steps
    }
}

#[test]
fn one_pod_panics_where_a_hundred_do_not() {
    let mut one = World::new(default(), 1);
    assert_eq!(one.look(2, 70.0, 70.0).to, Replicas(1));
    assert!(one.look(4, 70.0, 70.01).detail.panicking);
    let mut hundred = World::new(default(), 100);
    // The panic it begins with is over after a stable window.
    assert!(hundred.look(60, 7000.0, 7000.0).detail.panicking);
    assert!(!hundred.look(61, 7000.0, 13_900.0).detail.panicking);
    assert!(hundred.look(63, 7000.0, 13_931.0).detail.panicking);
    // The switch: a real number, and two pods more at least.
    let exact = Mended { exact_panic: Some(LeastExcess(2)), ..Mended::NOTHING };
    let mut one = World::new(default().with_mended(exact), 1);
    assert!(!one.look(2, 70.0, 70.01).detail.panicking);
    assert!(!one.look(4, 70.0, 209.0).detail.panicking, "2.99 pods: an excess of less than two");
    assert!(one.look(6, 70.0, 210.0).detail.panicking);
}

#[test]
fn pods_that_start_are_no_reason_to_panic_again_with_the_switch() {
    for (on, panics) in [(false, true), (true, false)] {
        let mended = Mended { starting_pods_count: on, ..Mended::NOTHING };
        let mut world = World::new(default().with_mended(mended), 1);
        world.seen.starting = 4;
        assert_eq!(world.look(2, 70.0, 350.0).detail.panicking, panics);
    }
}

#[test]
fn the_number_falls_at_once_after_a_panic_unless_it_ramps() {
    let fall = |mended: Mended| {
        let mut world = World::new(default().with_mended(mended), 1);
        assert_eq!(world.at(0, 70.0, 2240.0), 32);
        assert_eq!(world.at(60, 70.0, 70.0), 32, "60 s after: still a panic");
        // Not many of them were ready.
        world.seen.ready = Some(2);
        [61, 62, 120, 121, 181, 241, 301].map(|now| world.look(now, 70.0, 70.0).to.0)
    };
    assert_eq!(fall(Mended::NOTHING), [1, 1, 1, 1, 1, 1, 1]);
    let ramp = Mended { panic_ramps_down: true, ..Mended::NOTHING };
    assert_eq!(fall(ramp), [16, 16, 16, 8, 4, 2, 1]);
}

#[test]
fn a_changed_delay_counts_only_with_the_switch() {
    for (on, expected) in [(false, [5, 2, 1]), (true, [10, 10, 10])] {
        let mended = Mended { delay_follows_policy: on, ..Mended::NOTHING };
        let mut world = World::new(default().with_mended(mended), 10);
        world.past = Past::new(&world.kpa, Some(0), second(0)).expect("room");
        world.past.status_mut().initialized = true;
        let delay = Some(Span::from_secs(60));
        world.kpa =
            kpa(Settings::DEFAULT, Revision { scale_down_delay: delay, ..Revision::default() }).with_mended(mended);
        assert_eq!(world.at(0, 700.0, 700.0), 10);
        assert_eq!([2, 4, 6].map(|now| world.at(now, 70.0, 70.0)), expected, "{on}");
        if on {
            assert_eq!(world.at(59, 70.0, 70.0), 10);
            assert_eq!(world.at(60, 70.0, 70.0), 5);
            // Taken away again.
            world.kpa = default().with_mended(mended);
            assert_eq!(world.at(62, 70.0, 70.0), 2);
        }
    }
}

#[test]
fn a_revision_that_becomes_active_at_zero_is_asked_again_at_once() {
    let mut world = World::new(default(), 1);
    *world.past.status_mut() = Status::new(second(0));
    world.seen.scale = Some(Replicas(0));
    let first = world.look(1, 0.0, 0.0);
    assert_eq!((first.to.0, first.detail.state), (0, State::Active), "one pod is ready: it was activating");
    assert_eq!(first.revisit_at, Some(second(1).next()));
    world.seen.now = second(1).next();
    let next = world.kpa.decide(&mut world.past, &world.seen, &mut ());
    assert_eq!(next.to.0, 1, "an active one keeps a pod");
    assert_eq!(next.revisit_at, Some(second(61)), "for a stable window from when it became active");
}

#[test]
fn nobody_waits_for_a_moment_while_the_pods_cannot_be_counted() {
    let mut world = World::new(default(), 1);
    let active = *world.past.status();
    assert_eq!(world.look(0, 0.0, 0.0).last_word, Step::Deactivates, "and wants none from now on");
    // The pass ends before the state is written.
    (*world.past.status_mut(), world.seen.ready) = (active, None);
    for now in 1..4 {
        let decision = world.look(now, 0.0, 0.0);
        assert_eq!((decision.last_word, decision.to.0, decision.revisit_at), (Step::Deactivates, 1, None));
    }
}

#[test]
fn a_revision_goes_to_zero_behind_the_proxy() {
    let mut world = World::new(default(), 1);
    *world.past.status_mut() = Status { initialized: true, ..Status::new(second(0)) };
    let decision = world.look(2, 10.0, 10.0);
    assert_eq!((decision.detail.state, decision.detail.route), (State::Active, Route::Proxied));
    // Active since 2 s: one pod stays until 62 s.
    let decision = world.look(30, 0.0, 0.0);
    assert_eq!((decision.to, decision.revisit_at), (Replicas(1), Some(second(62))));
    assert_eq!(decision.last_word, Step::ActiveHolds { until: second(62) });
    // Then it becomes inactive first.
    let decision = world.look(62, 0.0, 0.0);
    assert_eq!((decision.to, decision.detail.wanted), (Replicas(1), Some(Replicas(0))));
    assert_eq!((decision.detail.state, decision.detail.reason), (State::Inactive, Some(Reason::NoTraffic)));
    // The proxy does not answer yet.
    let decision = world.look(64, 0.0, 0.0);
    assert!(decision.detail.probe && !decision.changes());
    assert_eq!(decision.revisit_at, None);
    // It does, and is in the path since 63 s: grace from there, or from 62 s when it became inactive.
    world.seen.proxy = Proxy { routed: true, confirmed: true, since: Some(second(63)) };
    let decision = world.look(66, 0.0, 0.0);
    assert_eq!(decision.detail.again_after, Some(Span::from_secs(27)));
    assert_eq!((decision.to, decision.revisit_at), (Replicas(1), Some(second(92))));
    let decision = world.look(92, 0.0, 0.0);
    assert_eq!((decision.to, decision.last_word), (Replicas(0), Step::ToZero));
}

#[test]
fn a_failed_activation_ends_and_its_reason_restarts_the_timers_unless_switched() {
    for (on, zero_at) in [(false, 724), (true, 722)] {
        let mended = Mended { timers_ignore_reasons: on, ..Mended::NOTHING };
        let mut world = World::new(default().with_mended(mended), 1);
        *world.past.status_mut() = Status::new(second(0));
        world.seen.ready = Some(0);
        assert_eq!(world.look(1, 10.0, 10.0).detail.state, State::Activating);
        // The first pass gave it the reason Queued.
        let held = world.look(630, 0.0, 0.0);
        assert_eq!(held.to, Replicas(1));
        assert_eq!(held.detail.wanted, None);
        let ended = world.look(632, 0.0, 0.0);
        assert_eq!((ended.to, ended.detail.reason), (Replicas(0), Some(Reason::TimedOut)));
        // The scale was not written; the next pass changes the reason.
        world.look(634, 0.0, 0.0);
        assert_eq!(world.past.status().reason, Some(Reason::NoTraffic));
        let since = if on { world.past.status().since } else { world.past.status().reason_since };
        assert_eq!(since, Some(second(zero_at - 90)));
    }
}

#[test]
fn the_initial_scale_holds_until_it_was_ready_once() {
    let revision = Revision { initial_scale: Some(3), max_scale: Some(5), ..Revision::default() };
    let mut world = World::new(kpa(Settings::DEFAULT, revision), 1);
    *world.past.status_mut() = Status::new(second(0));
    assert_eq!(world.look(2, 1.0, 1.0).to, Replicas(3));
    assert_eq!(world.look(4, 700.0, 700.0).to, Replicas(5));
    world.seen.ready = Some(3);
    assert!(world.look(6, 700.0, 700.0).detail.initialized);
    world.seen.reachable = false;
    assert_eq!(world.look(500, 1.0, 1.0).to, Replicas(1));
}

#[test]
fn what_is_not_known_leaves_the_number_and_the_memory_alone() {
    let mut world = World::new(default(), 1);
    assert_eq!(world.at(2, 350.0, 350.0), 5);
    let memory = world.past.memory().clone();
    world.seen.now = second(4);
    for (load, ready, why) in [
        (Reading::Failed, Some(5), Unknown::Metric),
        (Reading::Recorded, Some(5), Unknown::NoData),
        (Reading::Given(Load { stable: f64::NAN, panic: 1.0 }), Some(5), Unknown::NotANumber),
        (Reading::Given(Load { stable: 1.0, panic: 1.0 }), None, Unknown::Pods),
    ] {
        let seen = Observation { load, ready, ..world.seen };
        let decision = world.kpa.decide(&mut world.past, &seen, &mut ());
        assert_eq!((decision.to, decision.detail.proposal), (Replicas(5), Err(why)));
        assert_eq!(world.past.memory(), &memory);
    }
    // Without the scale there is nothing to change, but the panic is seen.
    let seen = Observation { scale: None, load: Reading::Given(Load { stable: 9e3, panic: 9e3 }), ..world.seen };
    let decision = world.kpa.decide(&mut world.past, &seen, &mut ());
    assert_eq!((decision.changes(), decision.last_word), (false, Step::ScaleUnread));
    assert_eq!(decision.detail.wanted, Some(Replicas(129)));
}

#[test]
fn samples_make_the_averages_and_refused_ones_are_told() {
    let mut world = World::new(default(), 1);
    for s in 0..6 {
        let sample = Sample { value: 200.0, proxied: 50.0 };
        assert_eq!(world.kpa.record(&mut world.past, second(s), sample), Recorded::Kept);
        world.kpa.record(&mut world.past, second(s), Sample::direct(50.0));
    }
    assert_eq!(world.kpa.record(&mut world.past, second(3), Sample::direct(f64::INFINITY)), Recorded::NotFinite);
    assert_eq!(world.kpa.record(&mut world.past, second(-60), Sample::direct(1.0)), Recorded::TooOld);
    (world.seen.now, world.seen.load) = (second(5), Reading::Recorded);
    let mut steps = Vec::new();
    let decision = world.kpa.decide(&mut world.past, &world.seen, &mut Each(|step: &Step| steps.push(*step)));
    assert_eq!(decision.detail.load, Ok(Load { stable: 200.0, panic: 200.0 }));
    assert_eq!((decision.to, decision.revisit_at), (Replicas(3), Some(second(6))));
    assert!(steps.contains(&Step::SamplesRefused { count: 2 }));
    // Where all requests pass the proxy, silence is no lack of data.
    let all = kpa(Settings { target_burst_capacity: -1.0, ..Settings::DEFAULT }, Revision::default());
    world.seen.now = second(100);
    assert_eq!(world.kpa.decide(&mut world.past, &world.seen, &mut ()).detail.load, Err(Unknown::NoData));
    let seen = all.decide(&mut world.past, &world.seen, &mut ()).detail.load;
    assert_eq!(seen, Ok(Load { stable: 0.0, panic: 0.0 }));
}

#[test]
fn a_weighted_average_is_low_at_first_unless_normalized() {
    for (on, stable) in [(false, 20.0), (true, 100.0)] {
        let revision = Revision { aggregation: Aggregation::WeightedExponential, ..Revision::default() };
        let mended = Mended { normalized_average: on, ..Mended::NOTHING };
        let mut world = World::new(kpa(Settings::DEFAULT, revision).with_mended(mended), 1);
        world.kpa.record(&mut world.past, second(0), Sample::direct(100.0));
        let load = world.kpa.decide(&mut world.past, &world.seen, &mut ()).detail.load;
        assert_eq!(load.map(|load| load.stable), Ok(stable));
    }
}

#[test]
fn a_policy_with_other_windows_resizes_them_and_tells_when_there_is_no_room() {
    for (on, stable) in [(false, 2.0), (true, 10.0)] {
        let mended = Mended { resize_keeps_first: on, ..Mended::NOTHING };
        let of = |secs| {
            let revision = Revision { window: Some(Span::from_secs(secs)), ..Revision::default() };
            kpa(Settings::DEFAULT, revision).with_mended(mended)
        };
        let mut past = History::<12, 6, 1>::new(&of(6), Some(1), second(0)).expect("room");
        let kpa = of(12);
        kpa.record(&mut past, second(0), Sample::direct(10.0));
        let seen = Observation { scale: Some(Replicas(1)), ready: Some(1), ..Observation::default() };
        let load = kpa.decide(&mut past, &seen, &mut ()).detail.load.expect("a load");
        assert!((load.stable - if on { stable } else { 10.0 / 6.0 }).abs() < 1e-6, "{load:?}");
        let mut told = false;
        let too_long = Step::WindowTooLong { needed: 60, room: 12 };
        of(60).decide(&mut past, &seen, &mut Each(|step: &Step| told |= *step == too_long));
        assert!(told);
        assert_eq!(past.windows().stable().window(), Span::from_secs(12));
        let error = History::<12, 6, 1>::new(&of(60), Some(1), second(0)).expect_err("no room");
        assert_eq!((error.field, error.problem), ("buckets", Problem::Capacity { needed: 60 }));
    }
}

#[test]
fn silence_counts_as_zero_with_the_switch() {
    for (on, stable) in [(false, 60.0), (true, 20.0)] {
        let mended = Mended { silence_is_zero: on, ..Mended::NOTHING };
        let mut world = World::new(default().with_mended(mended), 1);
        world.kpa.record(&mut world.past, second(0), Sample::direct(60.0));
        world.seen.now = second(3);
        let load = world.kpa.decide(&mut world.past, &world.seen, &mut ()).detail.load;
        assert_eq!(load.map(|load| load.stable), Ok(stable));
    }
}

#[test]
fn when_time_runs_back_what_was_later_is_now() {
    let mut world = World::new(default(), 1);
    world.kpa.record(&mut world.past, second(10_000), Sample::direct(350.0));
    assert_eq!(world.at(10_000, 70.0, 350.0), 5);
    let steps = world.steps(100, 0.0, 0.0);
    assert!(steps.contains(&Step::ClockWentBack { last: second(10_000), now: second(100) }));
    assert_eq!(world.past.memory().panic().since, Some(second(100)));
    assert_eq!(world.past.windows().stable().last(), None);
    assert!(!world.look(161, 0.0, 0.0).detail.panicking);
}

#[test]
fn the_excess_decides_the_route_and_flips_are_told() {
    let mut world = World::new(default(), 1);
    let decision = world.look(2, 70.0, 70.0);
    assert_eq!((decision.detail.excess_burst_capacity, decision.detail.route), (-181, Route::Proxied));
    world.seen.ready = Some(3);
    let decision = world.look(4, 70.0, 70.0);
    assert_eq!((decision.detail.excess_burst_capacity, decision.detail.route), (19, Route::Direct));
    assert!(decision.detail.excess_flipped);
    assert_eq!(decision.detail.activators, Some(6), "(3·100 + 211) / 100");
    // A scale that cannot be read is no reason to move the requests.
    world.seen.scale = None;
    assert_eq!(world.look(6, 70.0, 70.0).detail.route, Route::Direct);
}

#[test]
fn the_outlook_tells_where_the_answer_changes() {
    let mut world = World::new(default(), 3);
    world.look(61, 140.0, 140.0);
    let outlook = world.kpa.outlook(&world.past, &world.seen);
    let up = outlook.up.expect("more is possible");
    assert_eq!(up.replicas, Replicas(4));
    assert!(up.load > 210.0 && up.load < 210.001);
    let down = outlook.down.expect("fewer is possible");
    assert_eq!((down.load, down.replicas), (140.0, Replicas(2)));
    let panic = outlook.panic.expect("a panic is possible");
    assert!(panic > 350.0 && panic < 350.001, "six times one pod's load: {panic}");
    // A maximum that is reached, a panic that holds.
    let most = Revision { max_scale: Some(3), ..Revision::default() };
    let mut full = World::new(kpa(Settings::DEFAULT, most), 3);
    full.look(2, 210.0, 210.0);
    let outlook = full.kpa.outlook(&full.past, &full.seen);
    assert_eq!((outlook.up, outlook.down), (None, None));
}

#[test]
fn settings_are_refused_by_name_and_number() {
    let bad = |settings: Settings| Cluster::new(settings).expect_err("bad settings").to_string();
    let d = Settings::DEFAULT;
    assert_eq!(bad(Settings { max_scale_up_rate: 1.0, ..d }), "max-scale-up-rate is 1000, must be more than 1000");
    assert_eq!(bad(Settings { stable_window: Span::from_secs(5), ..d }).split(' ').next(), Some("stable-window"));
    assert_eq!(
        bad(Settings { scale_down_delay: Span::from_millis(61_984), ..d }),
        "scale-down-delay is 61984000000, must be a multiple of 1000000000"
    );
    assert_eq!(bad(Settings { max_scale: 3, min_scale: 4, ..d }), "min-scale is 4, must be at most 3");
    assert_eq!(bad(Settings { max_scale_limit: 11, ..d }), "max-scale is 0, must be at least 1");
    assert_eq!(
        bad(Settings { target_burst_capacity: -11.0, ..d }),
        "target-burst-capacity is -11000, must be at least 0"
    );
    assert_eq!(
        bad(Settings { rps_target: f64::NAN, ..d }),
        "requests-per-second-target-default is not a finite number"
    );
    let cluster = Cluster::new(Settings { max_scale: 5, max_scale_limit: 10, ..d }).expect("good");
    let bad = |revision: Revision| Kpa::new(&cluster, &revision).expect_err("a bad revision").to_string();
    let r = Revision::default();
    assert_eq!(bad(Revision { max_scale: Some(0), ..r }), "max-scale is 0, must be at least 1");
    assert_eq!(bad(Revision { max_scale: Some(11), ..r }), "max-scale is 11, must be at most 10");
    assert_eq!(bad(Revision { activation_scale: Some(1), ..r }), "activation-scale is 1, must be at least 2");
    assert_eq!(
        bad(Revision { panic_threshold_percentage: Some(50.0), ..r }),
        "panic-threshold-percentage is 50000, must be at least 110000"
    );
    let delay = Settings { scale_down_delay: Span::from_secs(62), ..d };
    let error = Past::new(&kpa(delay, r), None, second(0)).expect_err("31 slots");
    assert_eq!((error.given, error.problem), (30, Problem::Capacity { needed: 31 }));
    assert_eq!(fraction(55.0), 0.55);
    assert_eq!(fraction(1.0), 1.0);
}

#[test]
fn a_target_is_cut_to_what_the_container_takes() {
    let target = |revision: Revision| {
        let kpa = kpa(Settings::DEFAULT, revision);
        (kpa.decider().target(), kpa.decider().total())
    };
    let r = Revision { container_concurrency: Some(10), target: Some(20.0), ..Revision::default() };
    assert_eq!(target(r), (7.0, 10.0));
    assert_eq!(target(Revision { metric: Metric::Rps, ..r }), (14.0, 20.0));
    assert_eq!(target(Revision { target_utilization_percentage: Some(1.0), target: Some(0.5), ..r }), (0.01, 0.5));
}

#[test]
fn few_pods_are_sampled_for_many() {
    assert_eq!([0, 3, 4, 10, 100, 1000, u32::MAX].map(sample_size), [0, 3, 4, 7, 14, 16, 16]);
    assert_eq!(extrapolate(70.0, 7, 10), Some(100.0));
    assert_eq!(extrapolate(0.0, 0, 10), None);
}

#[test]
fn a_snapshot_is_the_history_and_nothing_else_is() {
    let mut world = World::new(default(), 4);
    world.kpa = kpa(Settings { scale_down_delay: Span::from_secs(30), ..Settings::DEFAULT }, Revision::default())
        .with_mended(Mended { delay_follows_policy: true, panic_ramps_down: true, ..Mended::NOTHING });
    for s in 0..70 {
        world.kpa.record(&mut world.past, second(s), Sample::direct(f64::from(u32::try_from(s).expect("small")) * 1.5));
        (world.seen.now, world.seen.load) = (second(s), Reading::Recorded);
        world.kpa.decide(&mut world.past, &world.seen, &mut ());
    }
    let mut bytes = vec![0; Past::saved_size()];
    let length = world.past.save(&mut bytes).expect("room");
    assert!(length <= Past::saved_size());
    bytes.truncate(length);
    assert_eq!(Past::restore(&bytes).as_ref(), Ok(&world.past));
    for cut in 0..length {
        assert!(Past::restore(&bytes[..cut]).is_err());
        let mut changed = bytes.clone();
        changed[cut] ^= 0x40;
        assert!(Past::restore(&changed).is_err(), "byte {cut}");
    }
    assert_eq!(world.past.save(&mut [0; 100]), Err(SnapshotError::NoRoom { needed: length }));
    let small = History::<59, 6, 30>::restore(&bytes);
    assert_eq!(small, Err(SnapshotError::Capacity { needed: 60, room: 59 }));
    let small = History::<60, 6, 1>::restore(&bytes);
    assert!(matches!(small, Ok(_) | Err(SnapshotError::Capacity { room: 1, .. })));
}

#[cfg(feature = "serde")]
#[test]
fn a_history_is_a_serde_value() {
    let mut world = World::new(default(), 4);
    world.kpa.record(&mut world.past, second(0), Sample::direct(12.5));
    world.look(1, 500.0, 900.0);
    let text = serde_json::to_string(&world.past).expect("JSON");
    assert_eq!(serde_json::from_str::<Past>(&text).expect("a history"), world.past);
    let broken = text.replacen("\"first\":0", "\"first\":7", 1);
    assert!(serde_json::from_str::<Past>(&broken).is_err(), "{text}");
}

#[test]
fn steps_read_as_sentences() {
    let mut world = World::new(default(), 1);
    world.steps(0, 70.0, 70.0);
    let say = |steps: Vec<Step>| steps.iter().map(Step::to_string).collect::<Vec<_>>();
    assert_eq!(
        say(world.steps(2, 70.0, 350.5)),
        [
            "the stable window averages 70, target 70 a pod: asks 1",
            "the panic window averages 350.5, target 70 a pod: asks 6",
            "a panic begins: 6 times the ready pods are asked for, the threshold is 2",
            "in a panic the greater counts: 6, not 1",
            "462 requests too few would fit at once: the proxy stays in the path",
        ]
    );
    world.seen.ready = Some(6);
    assert_eq!(
        say(world.steps(4, 70.0, 70.0)),
        [
            "the stable window averages 70, target 70 a pod: asks 1",
            "the stable window asks 1; from 6 ready pods, 3 are the fewest at once",
            "the panic window averages 70, target 70 a pod: asks 1",
            "the panic window asks 1; from 6 ready pods, 3 are the fewest at once",
            "in a panic the number never falls: 3 asked for, 6 stay, until 62 s",
            "319 requests more than needed would fit at once",
        ]
    );
    let holds = Step::ActiveHolds { until: second(62) };
    assert_eq!(
        holds.seen_at(second(50)).to_string(),
        "active for less than the stable window: 1 stays, for another 12 s"
    );
}

const _: () = assert!(size_of::<History<60, 6, 1>>() <= 1_000, "four of them fit in 4 KiB");
