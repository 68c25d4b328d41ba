//! Runs to draw in tests: a plausible spike, an empty one, hostile texts, and any run at all.

use proptest::prelude::*;

use crate::simulate::run::{Documented, JobTotals, MetricReading, RUN_FORMAT, Run, Sample, Summary, Sync};

/// Ten times the load for two hours: 3 → 8 → 12, and back over 9, 6, 4 to 3. Invented, but as the rules would have it.
pub(super) fn spike() -> Run {
    let samples = (0..=9_600).filter(|at| at % 15 == 0 || SCALINGS.iter().any(|scaling| scaling.0 == *at));
    let samples = samples.map(world).collect::<Vec<_>>();
    let syncs = (0..=9_600).step_by(15).map(sync).collect::<Vec<_>>();
    Run {
        format: RUN_FORMAT,
        title: "Spike: 1,000 → 10,000 req/s for two hours".to_owned(),
        description: "A web tier of 3 to 20 pods sees ten times its usual load. New pods need nodes, and nodes need \
                      minutes."
            .to_owned(),
        seed: 42,
        duration_s: 9_600,
        bounds: (3, Some(20)),
        metrics: vec![
            "cpu utilization, target 70 %".to_owned(),
            "memory utilization, target 80 %".to_owned(),
            "requests_per_second, target 1,000 per pod".to_owned(),
        ],
        summary: Summary {
            offered: samples.iter().map(|sample| sample.offered * 15.0).sum(),
            served: samples.iter().map(|sample| sample.served * 15.0).sum(),
            failed: samples.iter().map(|sample| sample.failed * 15.0).sum(),
            queued_at_end: 0.0,
            queued_max: samples.iter().map(|sample| sample.queued).fold(0.0, f64::max),
            latency_p95_max_ms: samples.iter().map(|sample| sample.latency_p95_ms).fold(0.0, f64::max),
            pod_hours: syncs.iter().map(|sync| f64::from(sync.to) * 15.0 / 3_600.0).sum(),
            replicas: (3, 12),
            scaled_up: 2,
            scaled_down: 4,
            reversals: 1,
            syncs: syncs.len() as u32,
            jobs: None,
        },
        samples,
        syncs,
        documented: documented(),
    }
}

/// A run in which nothing happened, not even a sample.
pub(super) fn nothing() -> Run {
    Run {
        format: RUN_FORMAT,
        title: String::new(),
        description: String::new(),
        seed: 0,
        duration_s: 0,
        bounds: (0, Some(0)),
        metrics: vec![],
        samples: vec![],
        syncs: vec![],
        documented: vec![],
        summary: Summary::default(),
    }
}

/// Every text of the spike replaced by this one.
pub(super) fn saying(text: &str) -> Run {
    let mut run = spike();
    let again = || text.to_owned();
    (run.title, run.description) = (again(), again());
    run.metrics.iter_mut().for_each(|metric| *metric = again());
    for sync in &mut run.syncs {
        sync.reason = again();
        sync.steps.iter_mut().chain(&mut sync.conditions).for_each(|words| *words = again());
        sync.readings.iter_mut().for_each(|reading| (reading.metric, reading.read) = (again(), again()));
    }
    for row in &mut run.documented {
        (row.moment, row.documented, row.decided, row.reason) = (again(), again(), again(), again());
    }
    run
}

/// Any run: unordered, not finite, negative, huge, in any words.
pub(super) fn any_run() -> impl Strategy<Value = Run> {
    let samples = prop::collection::vec(any_sample(), 0..40);
    let syncs = prop::collection::vec(any_sync(), 0..12);
    let documented = prop::collection::vec(any_documented(), 0..4);
    let texts = (any::<String>(), any::<String>(), prop::collection::vec(any_words(), 0..4));
    let numbers = (any::<u64>(), any::<u32>(), any::<(i32, i32)>(), prop::array::uniform7(any::<f64>()));
    (texts, numbers, samples, syncs, documented).prop_map(|(texts, numbers, samples, syncs, documented)| Run {
        format: RUN_FORMAT,
        title: texts.0,
        description: texts.1,
        seed: numbers.0,
        duration_s: numbers.1,
        bounds: (numbers.2.0, Some(numbers.2.1).filter(|max| *max != 0)),
        metrics: texts.2,
        samples,
        syncs,
        documented,
        summary: {
            let [offered, served, failed, queued_at_end, queued_max, latency_p95_max_ms, pod_hours] = numbers.3;
            let (replicas, syncs) = (numbers.2, numbers.1);
            let (scaled_up, scaled_down, reversals) = (syncs, syncs / 2, syncs / 3);
            Summary {
                offered,
                served,
                failed,
                queued_at_end,
                queued_max,
                latency_p95_max_ms,
                pod_hours,
                replicas,
                scaled_up,
                scaled_down,
                reversals,
                syncs,
                jobs: (syncs % 2 == 1).then(|| JobTotals {
                    started: u64::MAX - u64::from(syncs),
                    succeeded: u64::MAX,
                    failed: u64::from(syncs),
                    found_nothing: 1,
                    in_work_at_end: u64::MAX,
                    kept: (u64::from(syncs), u64::MAX),
                }),
            }
        },
    })
}

/// Second, replicas before, replicas after, and the reason.
const SCALINGS: [(u32, i32, i32, &str); 6] = [
    (330, 3, 8, "cpu at 260 % of request, target 70 %, asks 12; the rate rule (5 pods in 30 s) allows 8"),
    (360, 8, 12, "cpu at 97.5 % of request, target 70 %, asks 12"),
    (7_800, 12, 9, "cpu at 6.5 % of request, target 70 %, asks 2; the rate rule (25 % in 300 s) allows 9"),
    (8_100, 9, 6, "cpu at 8.7 % of request, target 70 %, asks 2; the rate rule (25 % in 300 s) allows 6"),
    (8_400, 6, 4, "cpu at 13 % of request, target 70 %, asks 2; the rate rule (2 pods in 300 s) allows 4"),
    (8_700, 4, 3, "cpu at 19.5 % of request, target 70 %, asks 2; the smallest number of pods is 3"),
];

fn world(at_s: u32) -> Sample {
    let high = (300..7_500).contains(&at_s);
    let wanted = scaling_before(at_s + 1).map_or(3, |scaling| scaling.2);
    // Five pods start in 25 s; the last four wait for nodes.
    let (ready, starting, pending) = match at_s {
        330..355 => (3, 5, 0),
        360..540 => (8, 0, 4),
        540..565 => (8, 4, 0),
        _ => (wanted, 0, 0),
    };
    let ripple = f64::from(at_s * 7_919 % 601) / 601.0 - 0.5;
    let offered = if high { 10_000.0 + 700.0 * ripple } else { 1_000.0 + 120.0 * ripple };
    let capacity = f64::from(ready) * 1_250.0;
    let queued = match at_s {
        300..360 => f64::from(at_s - 285) * 400.0,
        360..420 => f64::from(420 - at_s) * 400.0,
        _ => 0.0,
    };
    let served = offered.min(capacity);
    Sample {
        at_s,
        offered,
        served,
        failed: if queued > 12_000.0 { offered - served } else { 0.0 },
        queued,
        latency_p50_ms: 42.0 + 4.0 * ripple + queued / 40.0,
        latency_p95_ms: 95.0 + 15.0 * ripple + queued / 10.0,
        wanted,
        ready,
        starting,
        pending,
        draining: 0,
        nodes: Some(if (540..9_000).contains(&at_s) { 9 } else { 6 }),
        cpu_percent: (served * 0.078 / f64::from(ready) + 1.5 * ripple).max(0.0),
        memory_percent: 46.0 + served / f64::from(ready) / 100.0 + ripple,
    }
}

fn sync(at_s: u32) -> Sync {
    let scaling = SCALINGS.iter().find(|scaling| scaling.0 == at_s);
    let seen = world(at_s.saturating_sub(1));
    let (from, to) = scaling.map_or((seen.wanted, seen.wanted), |scaling| (scaling.1, scaling.2));
    let asked = (f64::from(from) * seen.cpu_percent / 70.0).ceil() as i32;
    let asked = if (0.9..1.1).contains(&(seen.cpu_percent / 70.0)) { from } else { asked };
    let reason = match (scaling, asked.cmp(&to)) {
        (Some(scaling), _) => scaling.3.to_owned(),
        (None, std::cmp::Ordering::Less) if to == 3 => "the smallest number of pods is 3".to_owned(),
        (None, std::cmp::Ordering::Less) => {
            format!("held at {to} by the rate rule or by a recommendation of the last 300 s")
        }
        (None, std::cmp::Ordering::Equal) => {
            format!("cpu at {:.1} % of request is within 10 % of its target", seen.cpu_percent)
        }
        (None, std::cmp::Ordering::Greater) => {
            format!("held at {to} by the rate rule (5 pods in 30 s)")
        }
    };
    Sync {
        at_s,
        from,
        to,
        readings: vec![
            MetricReading {
                metric: "cpu".to_owned(),
                read: format!("{:.1} % of request ({} of {} pods ready)", seen.cpu_percent, seen.ready, seen.wanted),
                asks: Some(asked),
            },
            MetricReading {
                metric: "memory".to_owned(),
                read: format!("{:.0} % of request", seen.memory_percent),
                asks: Some((f64::from(from) * seen.memory_percent / 80.0).ceil() as i32),
            },
            MetricReading {
                metric: "requests_per_second".to_owned(),
                read: if at_s == 0 { "no value yet".to_owned() } else { format!("{:.0} in all", seen.offered) },
                asks: (at_s > 0).then(|| (seen.offered / 1_000.0).ceil() as i32),
            },
        ],
        asked: Some(asked),
        steps: vec![
            format!("cpu at {:.1} % of request, target 70 %, asks {asked}", seen.cpu_percent),
            format!("the greatest of 3 metrics is {asked}"),
            reason.clone(),
        ],
        reason,
        conditions: vec![
            "AbleToScale=True/ReadyForNewScale".to_owned(),
            "ScalingActive=True/ValidMetricFound".to_owned(),
            if asked < 3 { "ScalingLimited=True/TooFewReplicas" } else { "ScalingLimited=False/DesiredWithinRange" }
                .to_owned(),
        ],
        revisit_at_s: scaling.map(|_| at_s + if to > from { 30 } else { 300 }),
    }
}

fn scaling_before(at_s: u32) -> Option<&'static (u32, i32, i32, &'static str)> {
    SCALINGS.iter().rev().find(|scaling| scaling.0 < at_s)
}

fn documented() -> Vec<Documented> {
    let row = |moment: &str, documented: &str, decided: &str, reason: &str| Documented {
        moment: moment.to_owned(),
        documented: documented.to_owned(),
        decided: decided.to_owned(),
        agrees: reason.is_empty(),
        reason: reason.to_owned(),
    };
    vec![
        row("before", "3 pods, 50 % CPU", "3 pods, 26 % CPU", "50 % and 65 % do not lie on one line through zero"),
        row("+30 s", "3 → 8", "3 → 8 at +0:05:30", ""),
        row("+60 s", "8 → 12", "8 → 12 at +0:06:00", ""),
        row("+90 s", "12 pods at 65 %", "8 of 12 pods ready", "pods 9 to 12 wait for nodes until +0:09:00"),
        row("+2 h 5 min", "12 → 6", "12 → 9 at +2:10:00", "25 % of 12 is 3: the documented step is 50 %"),
    ]
}

fn any_words() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        "[ -~]{0,200}",
        "\\PC{0,60}",
        Just("\u{1b}[31mred\u{7}\t\r\n\u{202e}\u{200d}👩‍🚀🇺🇦日本語‍‍".to_owned()),
        Just("cpu utilization, target 1e999 %".to_owned()),
        Just("memory, target NaN %".to_owned()),
    ]
}

fn any_sample() -> impl Strategy<Value = Sample> {
    let at = prop_oneof![any::<u32>(), 0_u32..10_000];
    let counts = prop::array::uniform5(any::<i32>());
    let number = prop_oneof![any::<f64>(), 0.0..1e5, Just(f64::NAN), Just(f64::INFINITY), Just(f64::MAX)];
    (at, prop::array::uniform8(number), counts, any::<Option<i32>>()).prop_map(|(at_s, numbers, counts, nodes)| {
        let [offered, served, failed, queued, latency_p50_ms, latency_p95_ms, cpu_percent, memory_percent] = numbers;
        let [wanted, ready, starting, pending, draining] = counts;
        Sample {
            at_s,
            offered,
            served,
            failed,
            queued,
            latency_p50_ms,
            latency_p95_ms,
            wanted,
            ready,
            starting,
            pending,
            draining,
            nodes,
            cpu_percent,
            memory_percent,
        }
    })
}

fn any_sync() -> impl Strategy<Value = Sync> {
    let reading = (any_words(), any_words(), any::<Option<i32>>());
    let reading = reading.prop_map(|(metric, read, asks)| MetricReading { metric, read, asks });
    let words = || prop::collection::vec(any_words(), 0..3);
    let numbers = (any::<u32>(), any::<i32>(), any::<i32>(), any::<Option<i32>>(), any::<Option<u32>>());
    (numbers, prop::collection::vec(reading, 0..3), any_words(), words(), words()).prop_map(
        |((at_s, from, to, asked, revisit_at_s), readings, reason, steps, conditions)| Sync {
            at_s,
            from,
            to,
            readings,
            asked,
            reason,
            steps,
            conditions,
            revisit_at_s,
        },
    )
}

fn any_documented() -> impl Strategy<Value = Documented> {
    (any_words(), any_words(), any_words(), any::<bool>(), any_words()).prop_map(
        |(moment, documented, decided, agrees, reason)| Documented { moment, documented, decided, agrees, reason },
    )
}
