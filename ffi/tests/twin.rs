//! Any history of syncs, decided through C and through the core: the two must not be told apart.
#![expect(unsafe_code, reason = "a caller of a C interface")]

use std::ptr::{null, null_mut};

use plimsoll_core::constrain::{Amount, Bounds, RatePolicy, RateRules, Select};
use plimsoll_core::hpa::{self, Applied, Hpa, Metric, Observation, PodCount, PodFold, Scale, ValueSum};
use plimsoll_core::units::{Instant, Milli, Replicas, Span};
use plimsoll_ffi::Status;
use plimsoll_ffi::abi;
use plimsoll_ffi::boundary::{
    plimsoll_history_init, plimsoll_history_restore, plimsoll_history_save, plimsoll_hpa_applied,
    plimsoll_hpa_config_defaults, plimsoll_hpa_decide, plimsoll_hpa_init, plimsoll_hpa_outlook, plimsoll_step_sentence,
};
use proptest::prelude::*;

const MEMORY: usize = abi::HISTORY_LONGEST_BYTES / 8;
type Memory = Box<[u64; MEMORY]>;
type Past = hpa::History<242, 122>;

fn size<T>() -> u32 {
    u32::try_from(size_of::<T>()).expect("a small struct")
}

/// All bits 0, as C programs begin; every struct of the interface may be that.
fn zeroed<T>() -> T {
    // SAFETY: used for structs of integers, floats and raw pointers only.
    unsafe { std::mem::zeroed() }
}

/// One pod: phase, deleted, start, ready, since, sample with its time, request.
type Each = (usize, bool, Option<i64>, usize, Option<i64>, Option<(i64, i64)>, Result<i64, usize>);

fn pods() -> impl Strategy<Value = Vec<Each>> {
    let moment = -400i64..100;
    let each = (
        0..5usize,
        prop::bool::weighted(0.1),
        prop::option::weighted(0.9, moment.clone()),
        0..4usize,
        prop::option::weighted(0.7, moment.clone()),
        prop::option::weighted(0.8, (0..2000i64, moment)),
        prop_oneof![20 => (0..1500i64).prop_map(Ok), 1 => (0..3usize).prop_map(Err)],
    );
    prop::collection::vec(each, 0..12)
}

/// What one metric reads: pods (as an array or a fold), values, or a failure.
#[derive(Clone, Debug)]
enum Given {
    Pods(Vec<Each>, Vec<i64>),
    Values(Vec<i64>),
    Value(i64),
    Failed,
    Nothing,
}

fn given() -> impl Strategy<Value = Given> {
    prop_oneof![
        6 => (pods(), prop::collection::vec(0..900i64, 0..2)).prop_map(|(pods, more)| Given::Pods(pods, more)),
        4 => prop::collection::vec(-50..9000i64, 0..4).prop_map(Given::Values),
        2 => (0..9000i64).prop_map(Given::Value),
        1 => Just(Given::Failed),
        1 => Just(Given::Nothing),
    ]
}

const PHASES: [hpa::Phase; 5] =
    [hpa::Phase::Pending, hpa::Phase::Running, hpa::Phase::Succeeded, hpa::Phase::Failed, hpa::Phase::Unknown];
const READY: [hpa::Ready; 3] = [hpa::Ready::True, hpa::Ready::False, hpa::Ready::Unknown];
const REQUEST: [hpa::RequestError; 3] =
    [hpa::RequestError::Missing, hpa::RequestError::MissingPodLevel, hpa::RequestError::NoContainer];

fn at(now: i64, seconds: i64) -> i64 {
    now + seconds * 1_000_000_000
}

fn core_pod(now: i64, each: &Each) -> hpa::Pod {
    let (phase, deleted, started, ready, since, sample, request) = *each;
    let moment = |seconds| Instant::from_nanos(at(now, seconds));
    hpa::Pod {
        phase: PHASES[phase],
        deleted,
        started: started.map(moment),
        ready: READY.get(ready).map(|status| hpa::ReadyCondition { status: *status, since: since.map(moment) }),
        sample: sample.map(|(value, when)| hpa::Sample {
            value: Milli(value),
            at: moment(when),
            window: Span::from_secs(60),
        }),
        request: request.map(Milli).map_err(|error| REQUEST[error]),
    }
}

fn c_pod(now: i64, each: &Each) -> abi::Pod {
    let (phase, deleted, started, ready, since, sample, request) = *each;
    let number = |index: usize| i32::try_from(index).expect("a small index") + 1;
    abi::Pod {
        struct_size: size::<abi::Pod>(),
        phase: number(phase),
        deleted: deleted.into(),
        ready: if ready < READY.len() { number(ready) } else { 0 },
        has_started: started.is_some().into(),
        has_ready_since: (since.is_some()).into(),
        has_sample: sample.is_some().into(),
        request_error: request.err().map_or(0, number),
        started_ns: started.map_or(0, |s| at(now, s)),
        ready_since_ns: since.map_or(0, |s| at(now, s)),
        sample_milli: sample.map_or(0, |(value, _)| value),
        sampled_at_ns: sample.map_or(0, |(_, when)| at(now, when)),
        sample_window_ns: 60_000_000_000,
        request_milli: request.unwrap_or_default(),
    }
}

fn core_reading(hpa: &Hpa<'_>, metric: usize, now: i64, given: &Given) -> hpa::Reading {
    match given {
        Given::Pods(pods, more) => {
            let mut fold = PodFold::new(hpa, metric, Instant::from_nanos(now));
            pods.iter().for_each(|pod| {
                fold.add(&core_pod(now, pod));
            });
            more.iter().for_each(|value| fold.add_unlisted(Milli(*value)));
            hpa::Reading::Pods(fold)
        }
        Given::Values(values) => hpa::Reading::Values(ValueSum::from_iter(values.iter().copied().map(Milli))),
        Given::Value(value) => hpa::Reading::Value(Milli(*value)),
        Given::Failed => hpa::Reading::Failed(hpa::MetricError::Unavailable),
        Given::Nothing => hpa::Reading::Failed(hpa::MetricError::NoReading),
    }
}

fn c_reading(given: &Given, pods: &[abi::Pod]) -> abi::Reading {
    let reading = abi::Reading { struct_size: size::<abi::Reading>(), ..zeroed() };
    match given {
        Given::Pods(_, more) => abi::Reading {
            kind: abi::ReadingKind::Pods as i32,
            pods: pods.as_ptr(),
            pods_length: pods.len(),
            pods_stride: size_of::<abi::Pod>(),
            values_milli: more.as_ptr(),
            values_length: more.len(),
            ..reading
        },
        Given::Values(values) => abi::Reading {
            kind: abi::ReadingKind::Values as i32,
            values_milli: values.as_ptr(),
            values_length: values.len(),
            ..reading
        },
        Given::Value(value) => abi::Reading { kind: abi::ReadingKind::Value as i32, value_milli: *value, ..reading },
        Given::Failed => abi::Reading {
            kind: abi::ReadingKind::Failed as i32,
            error: abi::MetricError::Unavailable as i32,
            ..reading
        },
        Given::Nothing => reading,
    }
}

fn text(pointer: &'static str) -> (*const std::ffi::c_char, usize) {
    (pointer.as_ptr().cast(), pointer.len())
}

fn c_metric(source: abi::Source, target: abi::TargetKind, number: i64, name: &'static str) -> abi::MetricConfig {
    let ((name, name_length), (container, container_length)) = (text(name), text("app"));
    abi::MetricConfig {
        struct_size: size::<abi::MetricConfig>(),
        source: source as i32,
        target: target as i32,
        target_percent: i32::try_from(number).expect("a small number"),
        target_milli: number,
        name,
        name_length,
        container,
        container_length,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]
    #[test]
    fn a_history_through_c_is_the_cores(
        profile in 0..6usize,
        (min, max) in (0..4i32, 4..30i32),
        behavior in prop::option::of((0..3usize, 1..60i32, prop::option::of(0..120u64), prop::option::of(0..3u8))),
        gates in prop::array::uniform3(0..3i32),
        (cold, mend) in (any::<bool>(), any::<bool>()),
        syncs in prop::collection::vec(
            (-1..40i64, 0..32i32, 0..14u8, prop::collection::vec(given(), 0..6), 0..5u8), 1..12,
        ),
    ) {
        // The policy of the core.
        let metrics = [
            Metric::resource("cpu").utilization(60).expect("a target"),
            Metric::container_resource("memory", "app").average_value(Milli(700)).expect("a target"),
            Metric::pods("queue").average_value(Milli(500)).expect("a target"),
            Metric::object("hits").value(Milli(4000)).expect("a target"),
            Metric::external("requests").average_value(Milli(900)).expect("a target"),
        ];
        let select = [Select::Max, Select::Min, Select::Disabled];
        let controller = hpa::Controller { tolerance: 0.05, ..hpa::Controller::DEFAULT };
        let mut policy = Hpa::new(Bounds::new(min, max).expect("bounds"), &metrics)
            .expect("a policy")
            .with_profile(hpa::Profile::ALL[profile])
            .with_controller(controller)
            .with_cold_start(if cold { hpa::ColdStart::HoldUntilWindowFilled } else { hpa::ColdStart::Seed })
            .with_mended(hpa::Mended { on_target_holds_wanted: mend, pods_rule_saturates: mend });
        let [zero, own, level] = gates;
        if zero > 0 { policy = policy.with_scale_to_zero(zero == 1); }
        if own > 0 { policy = policy.with_own_tolerances(own == 1); }
        if level > 0 { policy = policy.with_pod_level_requests(level == 1); }
        let rates = behavior.map(|(_, value, ..)| [
            RatePolicy::new(Amount::Pods(value), Span::from_secs(30)).expect("a rule"),
            RatePolicy::new(Amount::Percent(value), Span::from_secs(60)).expect("a rule"),
        ]);
        if let (Some((choice, _, window, tolerance)), Some(rates)) = (behavior, &rates) {
            let mut rules = hpa::Rules::new(RateRules::new(select[choice], rates).expect("rules"));
            if let Some(window) = window { rules = rules.with_window(Span::from_secs(window)).expect("a window"); }
            if let Some(tenth) = tolerance {
                rules = rules.with_tolerance(f64::from(tenth) / 10.0).expect("a tolerance");
            }
            policy = policy.with_behavior(hpa::Behavior { up: rules, down: rules });
        }

        // The same in C.
        let c_metrics = [
            c_metric(abi::Source::Resource, abi::TargetKind::Utilization, 60, "cpu"),
            c_metric(abi::Source::ContainerResource, abi::TargetKind::AverageValue, 700, "memory"),
            c_metric(abi::Source::Pods, abi::TargetKind::AverageValue, 500, "queue"),
            c_metric(abi::Source::Object, abi::TargetKind::Value, 4000, "hits"),
            c_metric(abi::Source::External, abi::TargetKind::AverageValue, 900, "requests"),
        ];
        let value = behavior.map_or(1, |(_, value, ..)| value);
        let rate = |kind: abi::RateKind, seconds: u64| abi::RateRule {
            struct_size: size::<abi::RateRule>(), kind: kind as i32, value, reserved: 0,
            period_ns: seconds * 1_000_000_000,
        };
        let c_rates = [rate(abi::RateKind::Pods, 30), rate(abi::RateKind::Percent, 60)];
        let (choice, _, window, tolerance) = behavior.unwrap_or_default();
        let rules = abi::Rules {
            struct_size: size::<abi::Rules>(),
            select: i32::try_from(choice).expect("a small number"),
            rates: c_rates.as_ptr(),
            rates_length: 2,
            rates_stride: size_of::<abi::RateRule>(),
            has_window: window.is_some().into(),
            has_tolerance: tolerance.is_some().into(),
            window_ns: window.unwrap_or_default() * 1_000_000_000,
            tolerance: tolerance.map_or(0.0, |tenth| f64::from(tenth) / 10.0),
        };
        let mut config = abi::HpaConfig { struct_size: size::<abi::HpaConfig>(), ..zeroed() };
        // SAFETY: the struct has its size.
        prop_assert_eq!(unsafe { plimsoll_hpa_config_defaults(&raw mut config) }, Status::Ok);
        config = abi::HpaConfig {
            min_replicas: min,
            max_replicas: max,
            profile: 132 + i32::try_from(profile).expect("a small number"),
            metrics: c_metrics.as_ptr(),
            metrics_length: c_metrics.len(),
            metrics_stride: size_of::<abi::MetricConfig>(),
            up: if behavior.is_some() { &raw const rules } else { null() },
            down: if behavior.is_some() { &raw const rules } else { null() },
            tolerance: 0.05,
            scale_to_zero: zero,
            own_tolerances: own,
            pod_level_requests: level,
            cold_start: cold.into(),
            mend_on_target: mend.into(),
            mend_pods_rule: mend.into(),
            ..config
        };
        let (mut hpa_memory, mut memory): (Memory, Memory) = (Box::new([0; MEMORY]), Box::new([0; MEMORY]));
        let c_hpa: *mut abi::OpaqueHpa = (&raw mut *hpa_memory).cast();
        let mut history: *mut abi::OpaqueHistory = (&raw mut *memory).cast();
        // SAFETY: memory and structs of this test, with their sizes.
        unsafe {
            prop_assert_eq!(plimsoll_hpa_init(c_hpa, MEMORY * 8, &raw const config), Status::Ok);
            prop_assert_eq!(plimsoll_history_init(history, MEMORY * 8, abi::Room::Longest as i32), Status::Ok);
        }

        let (mut past, mut now) = (Past::default(), 0);
        for (gap, replicas, odd, readings, end) in syncs {
            now = at(now, gap);
            let core_readings = readings.iter().enumerate().map(|(i, g)| core_reading(&policy, i, now, g)).collect::<Vec<_>>();
            let c_pods = readings.iter().map(|g| match g {
                Given::Pods(pods, _) => pods.iter().map(|pod| c_pod(now, pod)).collect(),
                _ => Vec::new(),
            }).collect::<Vec<_>>();
            let c_readings = readings.iter().zip(&c_pods).map(|(g, pods)| c_reading(g, pods)).collect::<Vec<_>>();
            let scale = Scale { wanted: Replicas(replicas), running: Replicas(replicas / 2) };
            let selectors =
                [hpa::Selector::Usable, hpa::Selector::Missing, hpa::Selector::Unparsable, hpa::Selector::Ambiguous];
            let selector = if odd < 4 { usize::from(odd) } else { 0 };
            let seen = Observation {
                now: Instant::from_nanos(now),
                scale: (odd != 4).then_some(scale),
                selector: selectors[selector],
                pods: (odd != 5).then_some(PodCount { listed: 9, ready: 7 }),
                readings: &core_readings,
            };
            let c_seen = abi::Observation {
                struct_size: size::<abi::Observation>(),
                has_scale: (odd != 4).into(),
                now_ns: now,
                wanted_replicas: replicas,
                running_replicas: replicas / 2,
                selector: i32::try_from(selector).expect("a small number"),
                has_pods: (odd != 5).into(),
                pods_listed: 9,
                pods_ready: 7,
                readings: c_readings.as_ptr(),
                readings_length: c_readings.len(),
                readings_stride: size_of::<abi::Reading>(),
                reserved: 0,
            };

            let mut trace = heapless::Vec::<hpa::Step, 64>::new();
            let decision = policy.decide(&mut past, &seen, &mut trace);
            let mut out = abi::Decision { struct_size: size::<abi::Decision>(), ..zeroed() };
            let mut records = [abi::StepRecord { struct_size: size::<abi::StepRecord>(), ..zeroed() }; 64];
            let mut length = 0;
            // SAFETY: as above; the arrays outlive the call.
            let status = unsafe {
                plimsoll_hpa_decide(
                    c_hpa, history, &raw const c_seen, &raw mut out, records.as_mut_ptr(), records.len(), &raw mut length,
                )
            };
            prop_assert_eq!(status, Status::Ok);
            prop_assert_eq!((out.from, out.to), (decision.from.0, decision.to.0));
            prop_assert_eq!(
                (out.has_revisit_at == 1).then_some(Instant::from_nanos(out.revisit_at_ns)), decision.revisit_at
            );
            let detail = decision.detail;
            prop_assert_eq!((out.has_recommended == 1).then_some(Replicas(out.recommended)), detail.recommended);
            prop_assert_eq!((out.has_stabilized == 1).then_some(Replicas(out.stabilized)), detail.stabilized);
            prop_assert_eq!((out.has_winner == 1).then_some(out.winner), detail.winner.map(u32::from));
            prop_assert_eq!(length, trace.len());
            // Words are made from the numbers, so they tell whether the numbers are all there.
            for (step, record) in trace.iter().zip(&records) {
                let (mut buffer, mut written) = ([0_u8; 1024], 0);
                // SAFETY: as above.
                let status = unsafe {
                    plimsoll_step_sentence(c_hpa, record, buffer.as_mut_ptr().cast(), buffer.len(), &raw mut written)
                };
                prop_assert_eq!(status, Status::Ok);
                prop_assert_eq!(std::str::from_utf8(&buffer[..written]).expect("text"), step.sentence(&policy).to_string());
            }

            for metric in 0..u32::try_from(metrics.len()).expect("a small number") {
                let mut outlook = abi::Outlook { struct_size: size::<abi::Outlook>(), ..zeroed() };
                // SAFETY: as above.
                let status = unsafe { plimsoll_hpa_outlook(c_hpa, metric, &raw const c_seen, &raw mut outlook) };
                prop_assert_eq!(status, Status::Ok);
                let twin = policy.outlook(usize::try_from(metric).expect("a small number"), &seen);
                let up = (outlook.has_up == 1).then_some((outlook.up_total_milli, outlook.up_replicas));
                let down = (outlook.has_down == 1).then_some((outlook.down_total_milli, outlook.down_replicas));
                prop_assert_eq!(up, twin.up.map(|t| (t.total.0, t.replicas.0)));
                prop_assert_eq!(down, twin.down.map(|t| (t.total.0, t.replicas.0)));
            }

            // The scale is written, is not, is written with another number, or nobody says so; or the host restarts.
            let written = match end { 0 => Some(Applied::Failed), 1 => None, 2 => Some(Applied::Done(Replicas(5))),
                _ => Some(Applied::Done(decision.to)) };
            if let Some(applied) = written {
                policy.applied(&mut past, &decision, applied, &mut ());
                let (number, replicas) = match applied {
                    Applied::Done(replicas) => (abi::Applied::Done, replicas.0),
                    Applied::Failed => (abi::Applied::Failed, 0),
                };
                // SAFETY: as above.
                let status = unsafe {
                    plimsoll_hpa_applied(
                        c_hpa, history, &raw const out, number as i32, replicas, null_mut(), 0, null_mut(),
                    )
                };
                prop_assert_eq!(status, Status::Ok);
            }
            let (mut bytes, mut twin, mut saved) = (vec![0; Past::saved_size()], vec![0; Past::saved_size()], 0);
            // SAFETY: as above.
            let status = unsafe { plimsoll_history_save(history, bytes.as_mut_ptr(), bytes.len(), &raw mut saved) };
            let twin_length = past.save(&mut twin).expect("room");
            prop_assert_eq!((status, &bytes[..saved]), (Status::Ok, &twin[..twin_length]));
            if end == 3 {
                let mut fresh: Memory = Box::new([0xa5; MEMORY]);
                history = (&raw mut *fresh).cast();
                // SAFETY: as above.
                unsafe {
                    prop_assert_eq!(plimsoll_history_init(history, MEMORY * 8, abi::Room::Longest as i32), Status::Ok);
                    prop_assert_eq!(plimsoll_history_restore(history, bytes.as_ptr(), saved), Status::Ok);
                }
                memory = fresh;
            }
        }
        drop(memory);
    }
}
