//! What must hold whatever the world does.

mod kpa;
mod queue;
mod twin;

use plimsoll_core::constrain::{Amount, Bounds, RatePolicy, RateRules, Select};
use plimsoll_core::hpa::{
    Applied, Behavior, ColdStart, Controller, Decision, History, Hpa, Metric, MetricError, Observation, PodCount,
    PodFold, Profile, Reading, Rules, Scale, Selector, ValueSum,
};
use plimsoll_core::units::{Instant, Milli, Replicas, Span};
use proptest::prelude::*;

use twin::{PodSpec, pods};

type Past = History<256, 128>;

/// A policy as plain numbers, so that proptest can shrink it.
#[derive(Clone, Debug)]
struct Plan {
    min: i32,
    extra: i32,
    cpu: i32,
    rate: i64,
    behavior: Option<(RulesPlan, RulesPlan)>,
    profile: Profile,
}

#[derive(Clone, Debug)]
struct RulesPlan {
    window: Option<u64>,
    select: Select,
    policies: Vec<(bool, i32, u64)>,
}

fn rules_plan() -> impl Strategy<Value = RulesPlan> {
    let select = prop_oneof![Just(Select::Max), Just(Select::Min), Just(Select::Disabled)];
    let policies = prop::collection::vec((any::<bool>(), 1..200i32, 1..1800u64), 1..4);
    (prop::option::of(0..=3600u64), select, policies).prop_map(|(window, select, policies)| RulesPlan {
        window,
        select,
        policies,
    })
}

fn plan() -> impl Strategy<Value = Plan> {
    let behavior = prop::option::of((rules_plan(), rules_plan()));
    let profile = prop::sample::select(&Profile::ALL[..]);
    (0..4i32, 0..40i32, 1..200i32, 1..5000i64, behavior, profile)
        .prop_map(|(min, extra, cpu, rate, behavior, profile)| Plan { min, extra, cpu, rate, behavior, profile })
}

impl Plan {
    fn with<T>(&self, run: impl FnOnce(&Hpa<'_>) -> T) -> T {
        let metrics = [
            Metric::resource("cpu").utilization(self.cpu).expect("a target above 0"),
            Metric::external("rate").average_value(Milli(self.rate)).expect("a target above 0"),
        ];
        let bounds = Bounds::new(self.min, (self.min + self.extra).max(1)).expect("min below max");
        let mut hpa = Hpa::new(bounds, &metrics).expect("two metrics").with_profile(self.profile);
        let policies = |rules: &RulesPlan| {
            let policy = |(percent, value, period): &(bool, i32, u64)| {
                let amount = if *percent { Amount::Percent(*value) } else { Amount::Pods(*value) };
                RatePolicy::new(amount, Span::from_secs(*period)).expect("within range")
            };
            rules.policies.iter().map(policy).collect::<Vec<_>>()
        };
        let (up, down) = self.behavior.as_ref().map(|(up, down)| (policies(up), policies(down))).unwrap_or_default();
        if let Some((up_plan, down_plan)) = &self.behavior {
            let rules = |plan: &RulesPlan, policies| {
                let rules = Rules::new(RateRules::new(plan.select, policies).expect("one or more"));
                plan.window.map_or(rules, |window| rules.with_window(Span::from_secs(window)).expect("an hour"))
            };
            hpa = hpa.with_behavior(Behavior { up: rules(up_plan, &up), down: rules(down_plan, &down) });
        }
        run(&hpa)
    }
}

/// What happens in one sync.
#[derive(Clone, Debug)]
struct Moment {
    gap: u64,
    pods: Vec<PodSpec>,
    rate: Option<i64>,
    written: bool,
}

fn moment() -> impl Strategy<Value = Moment> {
    (1..120u64, pods(), prop::option::of(0..100_000i64), prop::bool::weighted(0.9))
        .prop_map(|(gap, pods, rate, written)| Moment { gap, pods, rate, written })
}

fn readings(hpa: &Hpa<'_>, moment: &Moment, now: Instant) -> [Reading; 2] {
    let mut fold = PodFold::new(hpa, 0, now);
    moment.pods.iter().for_each(|pod| {
        fold.add(&pod.pod(now));
    });
    let rate = moment
        .rate
        .map_or(Reading::Failed(MetricError::Unavailable), |rate| Reading::Values(ValueSum::from_iter([Milli(rate)])));
    [Reading::Pods(fold), rate]
}

fn sync(hpa: &Hpa<'_>, past: &mut Past, moment: &Moment, now: Instant, replicas: i32) -> Decision {
    let readings = readings(hpa, moment, now);
    let count = |n: usize| u32::try_from(n).expect("a few pods");
    let seen = Observation {
        now,
        scale: Some(Scale { wanted: Replicas(replicas), running: Replicas(replicas) }),
        pods: Some(PodCount { listed: count(moment.pods.len()), ready: count(moment.pods.len()) }),
        readings: &readings,
        ..Observation::default()
    };
    hpa.decide(past, &seen, &mut ())
}

fn apply(hpa: &Hpa<'_>, past: &mut Past, moment: &Moment, decision: &Decision) -> i32 {
    if !decision.changes() {
        return decision.from.0;
    }
    let applied = if moment.written { Applied::Done(decision.to) } else { Applied::Failed };
    hpa.applied(past, decision, applied, &mut ());
    if moment.written { decision.to.0 } else { decision.from.0 }
}

proptest! {
    #[test]
    fn bounds_are_always_respected(
        plan in plan(), start in 0..60i32, moments in prop::collection::vec(moment(), 1..30),
    ) {
        plan.with(|hpa| {
            let (mut past, mut replicas, mut now) = (Past::default(), start, Instant::from_secs(0));
            for moment in &moments {
                now = now + Span::from_secs(moment.gap);
                let decision = sync(hpa, &mut past, moment, now, replicas);
                if decision.changes() {
                    prop_assert!(hpa.bounds().min() <= decision.to && decision.to <= hpa.bounds().max());
                }
                prop_assert!(decision.revisit_at.is_none_or(|at| at > now), "{:?}", decision.revisit_at);
                replicas = apply(hpa, &mut past, moment, &decision);
            }
            Ok(())
        })?;
    }

    #[test]
    fn a_disabled_direction_never_moves(
        plan in plan(), up in any::<bool>(), start in 0..60i32, moments in prop::collection::vec(moment(), 1..30),
    ) {
        let mut plan = plan;
        let default = RulesPlan { window: None, select: Select::Max, policies: vec![(true, 100, 15)] };
        let behavior = plan.behavior.get_or_insert((default.clone(), default));
        if up { behavior.0.select = Select::Disabled } else { behavior.1.select = Select::Disabled }
        plan.with(|hpa| {
            let bounds = hpa.bounds();
            let (mut past, mut now) = (Past::default(), Instant::from_secs(0));
            // Out-of-range numbers are moved whatever the rules say.
            let mut replicas = start.clamp(bounds.min().0.max(1), bounds.max().0);
            for moment in &moments {
                now = now + Span::from_secs(moment.gap);
                let decision = sync(hpa, &mut past, moment, now, replicas);
                let out_of_range = replicas < bounds.min().0.max(1);
                let moved = if up { decision.to > decision.from } else { decision.to < decision.from };
                prop_assert!(!moved || out_of_range, "{} to {}", decision.from, decision.to);
                replicas = apply(hpa, &mut past, moment, &decision);
            }
            Ok(())
        })?;
    }

    #[test]
    fn a_longer_window_never_scales_down_sooner(
        plan in plan(), short in 0..600u64, longer in 0..600u64, replicas in 1..40i32,
        moments in prop::collection::vec(moment(), 1..40),
    ) {
        let window = |seconds| {
            let mut plan = plan.clone();
            if let Some((_, down)) = &mut plan.behavior {
                down.window = Some(seconds);
            }
            plan
        };
        let run = |seconds: u64| window(seconds).with(|hpa| {
            let downscale_stabilization = Span::from_secs(seconds);
            let hpa = hpa.with_controller(Controller { downscale_stabilization, ..Controller::DEFAULT });
            let (mut past, mut now, mut answers) = (Past::default(), Instant::from_secs(0), Vec::new());
            for moment in &moments {
                now = now + Span::from_secs(moment.gap);
                // The scale stays, so that both see the same world.
                answers.push(sync(&hpa, &mut past, moment, now, replicas).to);
            }
            answers
        });
        for (short, long) in run(short).into_iter().zip(run(short + longer)) {
            prop_assert!(long >= short.min(Replicas(replicas)), "{long} below {short}");
        }
    }

    #[test]
    fn deciding_is_a_function_and_a_saved_history_decides_alike(
        plan in plan(), start in 0..60i32, moments in prop::collection::vec(moment(), 1..30),
    ) {
        plan.with(|hpa| {
            let (mut past, mut replicas, mut now) = (Past::default(), start, Instant::from_secs(0));
            for moment in &moments {
                now = now + Span::from_secs(moment.gap);
                let mut bytes = [0; Past::saved_size()];
                let length = past.save(&mut bytes).expect("room");
                let mut restored = Past::restore(&bytes[..length]).expect("our own bytes");
                prop_assert_eq!(&past, &restored);
                let mut copy = past.clone();
                let decision = sync(hpa, &mut past, moment, now, replicas);
                prop_assert_eq!(decision, sync(hpa, &mut copy, moment, now, replicas));
                prop_assert_eq!(decision, sync(hpa, &mut restored, moment, now, replicas));
                replicas = apply(hpa, &mut past, moment, &decision);
                apply(hpa, &mut restored, moment, &decision);
                prop_assert_eq!(&past, &restored);
            }
            Ok(())
        })?;
    }

    #[test]
    fn revisiting_sooner_brings_nothing_new(
        plan in plan(), start in 1..40i32, moments in prop::collection::vec(moment(), 1..20), early in 0.0..1.0f64,
    ) {
        // Between a decision that changes nothing and its revisit_at, the same readings give the same answer.
        plan.with(|hpa| {
            let (mut past, mut replicas, mut now) = (Past::default(), start, Instant::from_secs(0));
            for moment in &moments {
                now = now + Span::from_secs(moment.gap);
                let decision = sync(hpa, &mut past, moment, now, replicas);
                if !decision.changes() && let Some(at) = decision.revisit_at {
                    let wait = at.previous().since(now).as_nanos() as f64 * early;
                    let sooner = now + Span::from_nanos(wait as u64);
                    let mut later = past.clone();
                    // Pods age with the clock; the readings stay as they were.
                    let readings = readings(hpa, moment, now);
                    let count = u32::try_from(moment.pods.len()).expect("a few");
                    let seen = Observation {
                        now: sooner,
                        scale: Some(Scale { wanted: Replicas(replicas), running: Replicas(replicas) }),
                        pods: Some(PodCount { listed: count, ready: count }),
                        readings: &readings,
                        ..Observation::default()
                    };
                    prop_assert_eq!(hpa.decide(&mut later, &seen, &mut ()).to, decision.to);
                }
                replicas = apply(hpa, &mut past, moment, &decision);
            }
            Ok(())
        })?;
    }

    #[test]
    fn nothing_panics_whatever_the_host_says(
        plan in plan(),
        syncs in prop::collection::vec(
            (any::<i64>(), any::<(i32, i32)>(), any::<(i64, i64, i64)>(), any::<(u32, u32)>(), 0..5u8), 1..30,
        ),
    ) {
        plan.with(|hpa| {
            let hpa = hpa.with_cold_start(ColdStart::HoldUntilWindowFilled);
            // Much too small on purpose: entries are merged.
            let mut past = History::<2, 1>::default();
            for (now, (wanted, running), (usage, request, value), (listed, ready), odd) in syncs {
                let now = Instant::from_nanos(now);
                let mut fold = PodFold::new(&hpa, 0, now);
                fold.add_ready(ready, Milli(usage), Milli(request));
                fold.add_unlisted(Milli(value));
                let readings = [Reading::Pods(fold), Reading::Values(ValueSum::from_iter([Milli(value), Milli(usage)]))];
                let seen = Observation {
                    now,
                    scale: (odd != 0).then_some(Scale { wanted: Replicas(wanted), running: Replicas(running) }),
                    selector: if odd == 1 { Selector::Ambiguous } else { Selector::Usable },
                    pods: (odd != 2).then_some(PodCount { listed, ready }),
                    readings: if odd == 3 { &readings[..1] } else { &readings },
                };
                let decision = hpa.decide(&mut past, &seen, &mut ());
                let _any = hpa.outlook(0, &seen);
                let _any = hpa.outlook(1, &seen);
                hpa.applied(&mut past, &decision, Applied::Done(decision.to), &mut ());
                prop_assert!(decision.to.0 >= 0 || decision.to == decision.from);
            }
            Ok(())
        })?;
    }

    #[test]
    fn garbage_is_no_history(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(Past::restore(&bytes).is_err());
    }
}
