//! What must hold of queues whatever the world does.

use plimsoll_core::constrain::Bounds;
use plimsoll_core::hpa::{self, Hpa, Metric, PodCount, Scale, ValueSum};
use plimsoll_core::queue::rate::{self, RateAware};
use plimsoll_core::queue::{
    Annotations, Applied, ConsumerCap, Fallback, FallbackBehavior, History, Lag, LagMended, LagPolicy, Observation,
    Offsets, Partition, Paused, Reading, ReplicaCounts, ScaledObject, Target, Trigger,
};
use plimsoll_core::units::{Instant, Milli, Replicas, Span};
use proptest::prelude::*;

type Past = History<2>;

/// What happens in one pass: seconds since the one before, replicas, and for each trigger its value, or a failure.
#[derive(Clone, Debug)]
struct Pass {
    gap: u64,
    replicas: i32,
    values: [Option<i64>; 2],
    annotations: Annotations,
}

fn pass() -> impl Strategy<Value = Pass> {
    let value = || prop_oneof![2 => Just(Some(0)), 2 => (1i64..500).prop_map(Some), 1 => Just(None)];
    let paused = prop_oneof![9 => Just(Paused::No), 1 => Just(Paused::AsIs), 1 => (0i32..4).prop_map(|n| Paused::At(Replicas(n)))];
    let switches = (prop::bool::weighted(0.1), prop::bool::weighted(0.1), prop::bool::weighted(0.05));
    (0u64..400, 0i32..12, value(), value(), paused, switches).prop_map(|(gap, replicas, a, b, paused, switches)| Pass {
        gap,
        replicas,
        values: [a, b],
        annotations: Annotations {
            paused,
            scale_in_paused: switches.0,
            scale_out_paused: switches.1,
            force_activation: switches.2,
        },
    })
}

fn readings(values: [Option<i64>; 2]) -> [Reading; 2] {
    values.map(|value| value.map_or(Reading::Failed, |value| Reading::of(value as f64, value > 0)))
}

fn with_object<T>(counts: (Option<i32>, Option<i32>), run: impl FnOnce(&ScaledObject<'_>) -> T) -> Option<T> {
    let counts = ReplicaCounts::new(counts.0, Some(10), counts.1).ok()?;
    let target = |value| Target::AverageValue(Milli(value));
    let triggers = [
        Trigger::external("a", target(10_000)).expect("a target"),
        Trigger::external("b", target(4_007)).expect("a target"),
    ];
    let object = ScaledObject::new(counts, &triggers).expect("triggers");
    let fallback = Fallback::new(2, 3, FallbackBehavior::CurrentReplicasIfHigher).expect("a fallback");
    Some(run(&object.with_fallback(fallback).with_initial_cooldown(Span::from_secs(60))))
}

fn observe<'a>(pass: &Pass, now: Instant, readings: &'a [Reading]) -> Observation<'a> {
    Observation {
        now,
        created: Instant::from_secs(0),
        replicas: Some(Replicas(pass.replicas)),
        ready: Some(pass.replicas),
        readings,
        annotations: pass.annotations,
    }
}

proptest! {
    #[test]
    fn an_object_survives_a_snapshot_at_any_moment_and_its_moments_are_exact(
        min in prop::option::of(0i32..5), idle in prop::option::of(0i32..4), passes in prop::collection::vec(pass(), 1..40),
    ) {
        let verdict = with_object((min, idle), |object| {
            let mut history = Past::new(object).expect("room");
            let mut now = Instant::from_secs(0);
            for pass in &passes {
                now = now + Span::from_secs(pass.gap);
                let readings = readings(pass.values);
                let seen = observe(pass, now, &readings);
                let mut bytes = [0; Past::saved_size()];
                let length = history.save(&mut bytes).expect("room");
                let mut restored = Past::restore(&bytes[..length]).expect("our own bytes");
                let unmoved = history.clone();
                let decision = object.decide(&mut history, &seen, &mut ());
                prop_assert_eq!(&decision, &object.decide(&mut restored, &seen, &mut ()));
                prop_assert!((0..=10).contains(&decision.to.0) || decision.to.0 == pass.replicas);
                // Until the moment that was named, the same observation has the same answer; there it has another.
                if let Some(at) = decision.revisit_at {
                    for (later, same) in [(at.previous(), true), (at, false)] {
                        let again = object.decide(&mut unmoved.clone(), &Observation { now: later, ..seen }, &mut ());
                        prop_assert_eq!(again.to == decision.to, same);
                    }
                } else {
                    let later = Observation { now: now + Span::from_secs(100_000), ..seen };
                    prop_assert_eq!(object.decide(&mut unmoved.clone(), &later, &mut ()).to, decision.to);
                }
                object.applied(&mut history, &decision, Applied::Done(decision.to), &mut ());
            }
            Ok(())
        });
        verdict.unwrap_or(Ok(()))?;
    }

    #[test]
    fn an_hpa_makes_the_fallbacks_replicas_of_its_metric(
        replicas in 0i32..300, current in 1i32..300, target in 1i64..100_000, per_replica: bool,
    ) {
        let (target, whole) = if per_replica { (Target::AverageValue(Milli(target)), false) } else { (Target::Value(Milli(target)), true) };
        let fallback = Fallback::new(0, replicas, FallbackBehavior::Static).expect("a fallback");
        let Some(value) = fallback.metric(target, Some(current), Some(current)) else { return Ok(()) };
        let metric = match target {
            Target::AverageValue(target) => Metric::external("q").average_value(target),
            Target::Value(target) => Metric::external("q").value(target),
        };
        let metrics = [metric.expect("a target")];
        let hpa = Hpa::new(Bounds::new(1, 1000).expect("bounds"), &metrics).expect("a metric");
        let scale = Scale { wanted: Replicas(current), running: Replicas(current) };
        let ready = u32::try_from(current).expect("above 0");
        let readings = [hpa::Reading::Values(ValueSum::from_iter([value]))];
        let seen = hpa::Observation {
            scale: Some(scale),
            pods: Some(PodCount { listed: ready, ready }),
            readings: &readings,
            ..hpa::Observation::default()
        };
        let asked = hpa::proposal(&hpa, 0, &readings[0], scale, &seen).expect("a value").replicas.0;
        // Cut to thousandths, a metric of the whole may fall short by part of a replica; within tolerance it holds.
        let near = (asked - replicas).abs() <= 1 + i32::from(whole) * current / 10 || asked == current;
        prop_assert!(near, "{} instead of {}", asked, replicas);
    }

    #[test]
    fn a_mended_cap_is_a_cap(
        lags in prop::collection::vec(-50i64..500, 0..20), threshold in 1i64..60, cap in prop::sample::select(vec![
            ConsumerCap::Partitions, ConsumerCap::LaggingPartitions, ConsumerCap::EvenShares, ConsumerCap::Unlimited,
        ]),
    ) {
        let mended = LagMended { exact_cap: true, fewest_even_shares: true, no_negative_lag: true };
        let policy = LagPolicy::new(threshold).expect("a threshold").with_cap(cap);
        let lags = lags.iter().map(|lag| Lag { lag: *lag, with_persistent: *lag });
        let (upstream, ours) = (policy.group_lag(lags.clone()), policy.with_mended(mended).group_lag(lags.clone()));
        let most = match cap {
            ConsumerCap::Unlimited => i64::MAX,
            ConsumerCap::LaggingPartitions => ours.lagging,
            ConsumerCap::Partitions | ConsumerCap::EvenShares => ours.partitions.max(1),
        };
        prop_assert!(policy.consumers(ours.total) <= most);
        prop_assert!(policy.consumers(upstream.total) <= most.saturating_add(1), "the leak is one at most");
        prop_assert_eq!(ours.active, upstream.active);
    }

    #[test]
    fn persistent_lag_asks_for_nothing_and_keeps_the_target_active(
        commits in prop::collection::vec(0i64..3, 1..30), lag in 1i64..100,
    ) {
        let policy = LagPolicy::new(10).expect("a threshold").with_persistent_lag_excluded(true);
        let mut offsets = Offsets::<1>::new();
        let (mut committed, mut before) = (0, None);
        for step in commits {
            committed += step;
            let partition = Partition { id: 7, committed: Some(committed), head: Some(committed + lag), log_start: None };
            let group = policy.read(&[partition], &mut offsets);
            prop_assert!(group.active);
            prop_assert_eq!(group.uncapped, if before == Some(committed) { 0 } else { lag });
            before = Some(committed);
        }
    }

    #[test]
    fn rates_need_no_more_room_than_they_say_and_scale_down_no_sooner_with_a_longer_window(
        passes in prop::collection::vec((0i64..400, 1i64..20), 1..80), short in 1u64..20, longer in 0u64..300,
    ) {
        let plan = |window| {
            let bounds = Bounds::new(1, 60).expect("bounds");
            let secs = Span::from_secs;
            RateAware::new(bounds, 10.0, secs(20), secs(60)).expect("a policy").with_stabilization(secs(window))
        };
        let (quick, slow) = (plan(short), plan(short + longer));
        let mut pasts = [rate::History::<24>::new(&quick).expect("room"), rate::History::new(&slow).expect("room")];
        let (mut produced, mut processed) = (0, 0);
        for ((arrival, each), second) in passes.into_iter().zip((0..).step_by(15)) {
            // Both see the same world: what they say is not done.
            let seen = rate::Observation {
                now: Instant::from_secs(second),
                replicas: Some(Replicas(9)),
                running: Some(Replicas(9)),
                backlog: Some(produced - processed),
                produced: Some(produced),
                processed: Some(processed),
                ..rate::Observation::default()
            };
            let mut full = false;
            let mut trace = plimsoll_core::trace::Each(|step: &rate::Step| full |= *step == rate::Step::HistoryFull);
            let to = [
                quick.decide(&mut pasts[0], &seen, &mut trace).to,
                slow.decide(&mut pasts[1], &seen, &mut trace).to,
            ];
            prop_assert!(!full);
            prop_assert!(to[0] <= to[1], "{:?}", to);
            produced += 15 * arrival;
            processed = produced.min(processed + 15 * 9 * each);
        }
    }
}

/// The whole of KEDA beside a queue: activation here, an HPA while it runs.
#[test]
fn an_object_and_an_hpa_are_one_autoscaler() {
    let lag = LagPolicy::new(100).expect("a threshold");
    let triggers = [Trigger::lag("orders", &lag)];
    let counts = ReplicaCounts::new(None, Some(20), None).expect("counts");
    let object = ScaledObject::new(counts, &triggers).expect("a trigger").with_cooldown(Span::from_secs(60));
    let metrics: Vec<_> = object
        .hpa_metrics()
        .map(|(index, target)| {
            let name = index.map_or("composite", |index| object.triggers()[usize::from(index)].name());
            match target {
                Target::AverageValue(target) => Metric::external(name).average_value(target),
                Target::Value(target) => Metric::external(name).value(target),
            }
        })
        .collect::<Result<_, _>>()
        .expect("targets");
    let hpa = Hpa::new(counts.hpa_bounds(), &metrics).expect("a metric");
    let mut history: History = History::new(&object).expect("room");
    let mut past: hpa::History = hpa::History::new(&hpa).expect("room");
    let (mut replicas, mut counted) = (0, Vec::new());
    for (second, behind) in (0..).step_by(15).zip([0, 250, 250, 250, 0, 0, 0, 0, 0, 0]) {
        let partitions =
            [0, 1, 2, 3].map(|id| Partition { id, committed: Some(0), head: Some(behind), log_start: None });
        let readings = [lag.read(&partitions, &mut Offsets::<4>::new()).reading()];
        let now = Instant::from_secs(second);
        let seen =
            Observation { now, replicas: Some(Replicas(replicas)), readings: &readings, ..Observation::default() };
        let decision = object.decide(&mut history, &seen, &mut ());
        object.applied(&mut history, &decision, Applied::Done(decision.to), &mut ());
        replicas = decision.to.0;
        if decision.detail.hpa_scales {
            let values: Vec<_> = decision
                .detail
                .metrics
                .iter()
                .map(|metric| match metric.value {
                    Some(value) => hpa::Reading::Values(ValueSum::from_iter([value])),
                    None => hpa::Reading::Failed(hpa::MetricError::Unavailable),
                })
                .collect();
            let scale = Scale { wanted: Replicas(replicas), running: Replicas(replicas) };
            let seen = hpa::Observation {
                now,
                scale: Some(scale),
                pods: Some(PodCount::NONE),
                readings: &values,
                ..hpa::Observation::default()
            };
            replicas = hpa.decide(&mut past, &seen, &mut ()).to.0;
        }
        counted.push(replicas);
    }
    // Out of zero, up to one for each partition, held by the HPA's window, and to zero after the cooldown.
    assert_eq!(counted, [0, 1, 4, 4, 4, 4, 4, 4, 0, 0]);
}

/// A fluid queue in steps of a second: consumers do 10 a second, take 60 s to start, and all stop for 3 s at a change.
struct Fluid {
    backlog: f64,
    produced: f64,
    processed: f64,
    running: i32,
    starting: Vec<(i64, i32)>,
    stopped: i64,
}

/// Gives cost (consumer-seconds for each needed one), the wait at the 99th percentile in seconds, and the changes.
fn simulate(load: impl Fn(i64) -> f64, mut decide: impl FnMut(i64, &Fluid, i32) -> i32) -> (f64, f64, u32) {
    let mut world =
        Fluid { backlog: 0.0, produced: 0.0, processed: 0.0, running: 13, starting: Vec::new(), stopped: 0 };
    let (mut wanted, mut changes, mut paid, mut needed, mut waits) = (13, 0, 0.0, 0.0, Vec::new());
    for second in 0..7200 {
        world.starting.retain(|(at, count)| {
            let starts = *at <= second;
            if starts {
                world.running += count;
                world.stopped = second + 3;
            }
            !starts
        });
        if second % 15 == 0 {
            let to = decide(second, &world, wanted);
            changes += u32::from(to != wanted);
            if to > wanted {
                world.starting.push((second + 60, to - wanted));
            } else if to < wanted {
                world.starting.clear();
                world.running = to;
                world.stopped = second + 3;
            }
            wanted = to;
        }
        let arrival = load(second);
        let able = if second < world.stopped { 0.0 } else { 10.0 * f64::from(world.running) };
        let done = able.min(world.backlog + arrival);
        world.produced += arrival;
        world.processed += done;
        world.backlog += arrival - done;
        paid += f64::from(wanted);
        needed += arrival / 10.0;
        waits.push(world.backlog / (10.0 * f64::from(world.running.max(1))));
    }
    waits.sort_by(f64::total_cmp);
    (paid / needed, waits[waits.len() * 99 / 100], changes)
}

#[test]
fn rates_cost_little_and_wait_little_where_lag_swings() {
    let load = |second: i64| if (1800..4800).contains(&second) { 500.0 } else { 100.0 };
    let bounds = Bounds::new(1, 200).expect("bounds");
    let secs = Span::from_secs;
    let policy = RateAware::new(bounds, 10.0, secs(60), secs(180)).expect("a policy");
    let mut history: rate::History = rate::History::new(&policy).expect("room");
    let by_rate = simulate(load, |second, world, wanted| {
        let seen = rate::Observation {
            now: Instant::from_secs(second),
            replicas: Some(Replicas(wanted)),
            running: Some(Replicas(world.running)),
            backlog: Some(world.backlog as i64),
            produced: Some(world.produced as i64),
            processed: Some(world.processed as i64),
            partitions: Some(200),
            ..rate::Observation::default()
        };
        let decision = policy.decide(&mut history, &seen, &mut ());
        policy.applied(&mut history, &decision, rate::Applied::Done(decision.to), &mut ());
        decision.to.0
    });
    #[cfg(feature = "serde")]
    {
        let text = serde_json::to_string(&history).expect("a history");
        assert_eq!(serde_json::from_str::<rate::History>(&text).expect("our own text"), history);
        for (part, instead) in [("\"arrival\":", "\"arrival\":-"), ("\"misses\":0", "\"misses\":-1")] {
            let broken = text.replacen(part, instead, 1);
            assert!(serde_json::from_str::<rate::History>(&broken).is_err(), "{broken}");
        }
    }
    // Replicas in proportion to lag, with KEDA's default threshold and the HPA's window downward.
    let mut recent = std::collections::VecDeque::new();
    let by_lag = simulate(load, |_, world, _| {
        let asked = (world.backlog / 10.0).ceil().clamp(1.0, 200.0) as i32;
        recent.push_back(asked);
        if recent.len() > 20 {
            recent.pop_front();
        }
        recent.iter().copied().max().expect("one")
    });
    println!("cost, p99 wait in seconds, changes: by rate {by_rate:?}, by lag {by_lag:?}");
    let (cost, wait, changes) = by_rate;
    assert!(cost < 1.5 && wait < 90.0 && changes < 20, "{by_rate:?}");
    assert!(by_lag.0 > 2.0 * cost && by_lag.1 > 5.0 * wait, "{by_lag:?}");
}
