//! The fold against a naive twin: two passes over the pods with maps, as upstream does it.

use std::collections::BTreeMap;

use plimsoll_core::constrain::Bounds;
use plimsoll_core::hpa::{
    Hpa, Metric, Observation, Phase, Pod, PodCount, PodFold, Reading, Ready, ReadyCondition, RequestError, Sample,
    Scale, Target, proposal,
};
use plimsoll_core::units::{Instant, Milli, Replicas, Span};
use proptest::prelude::*;

/// A pod as plain numbers: ages in seconds.
#[derive(Clone, Debug)]
pub(crate) struct PodSpec {
    phase: u8,
    deleted: bool,
    ready: Option<(u8, i64)>,
    started: Option<i64>,
    sample: Option<(i64, i64, u64)>,
    request: Option<i64>,
}

pub(crate) fn pods() -> impl Strategy<Value = Vec<PodSpec>> {
    let ready = prop::option::weighted(0.9, (0..3u8, 0..700i64));
    let sample = prop::option::weighted(0.85, (0..2000i64, 0..120i64, 0..90u64));
    let request = prop::option::weighted(0.99, 0..1500i64);
    let started = prop::option::weighted(0.95, 0..700i64);
    let phase = prop_oneof![8 => Just(1u8), 1 => 0..5u8];
    let pod = (phase, prop::bool::weighted(0.05), ready, started, sample, request).prop_map(
        |(phase, deleted, ready, started, sample, request)| PodSpec { phase, deleted, ready, started, sample, request },
    );
    prop::collection::vec(pod, 0..20)
}

impl PodSpec {
    pub(crate) fn pod(&self, now: Instant) -> Pod {
        let ago = |seconds: i64| now - Span::from_secs(u64::try_from(seconds).expect("an age"));
        let phase = [Phase::Pending, Phase::Running, Phase::Succeeded, Phase::Failed, Phase::Unknown];
        Pod {
            phase: phase[usize::from(self.phase)],
            deleted: self.deleted,
            started: self.started.map(ago),
            ready: self.ready.map(|(status, since)| ReadyCondition {
                status: [Ready::True, Ready::False, Ready::Unknown][usize::from(status)],
                since: Some(ago(since)),
            }),
            sample: self.sample.map(|(value, age, window)| Sample {
                value: Milli(value),
                at: ago(age),
                window: Span::from_secs(window),
            }),
            request: self.request.map(Milli).ok_or(RequestError::Missing),
        }
    }
}

/// Replicas by two passes; `None` when the metric fails.
fn two_passes(pods: &[Pod], extra: &[i64], target: Target, cpu: bool, current: i32, now: Instant) -> Option<i32> {
    if pods.is_empty() {
        return None;
    }
    let (initialization, delay) = (Span::from_secs(300), Span::from_secs(30));
    let mut samples = BTreeMap::new();
    let (mut ready, mut unready, mut missing, mut ignored) = (0, Vec::new(), Vec::new(), Vec::new());
    for (name, pod) in pods.iter().enumerate() {
        if let Some(sample) = pod.sample {
            samples.insert(name, sample.value.0);
        }
        if pod.deleted || pod.phase == Phase::Failed {
            ignored.push(name);
        } else if pod.phase == Phase::Pending {
            unready.push(name);
        } else if let Some(sample) = pod.sample {
            let late = match (cpu, pod.ready, pod.started) {
                (false, ..) => false,
                (true, Some(condition), Some(started)) => {
                    let since = condition.since.unwrap_or(Instant::MIN);
                    let never = condition.status == Ready::False;
                    if started + initialization > now {
                        never || sample.at < since + sample.window
                    } else {
                        never && started + delay > since
                    }
                }
                (true, ..) => true,
            };
            if late { unready.push(name) } else { ready += 1 }
        } else {
            missing.push(name);
        }
    }
    unready.iter().chain(&ignored).for_each(|name| {
        samples.remove(name);
    });
    samples.extend(extra.iter().enumerate().map(|(n, value)| (pods.len() + n, *value)));
    if samples.is_empty() {
        return None;
    }
    let requests = match target {
        Target::Utilization(_) => pods.iter().map(|pod| pod.request.ok().map(|r| r.0)).collect::<Option<Vec<_>>>()?,
        _ => Vec::new(),
    };
    let ratio = |samples: &BTreeMap<usize, i64>| match target {
        Target::Utilization(percent) => {
            let known = samples.iter().filter(|(name, _)| **name < pods.len());
            let (mut usage, mut request) = (0, 0);
            for (name, value) in known {
                usage += value;
                request += requests[*name];
            }
            (request != 0).then(|| f64::from((usage * 100 / request) as i32) / f64::from(percent))
        }
        Target::AverageValue(Milli(target)) => {
            let sum: i64 = samples.values().sum();
            Some((sum / i64::try_from(samples.len()).expect("few")) as f64 / target as f64)
        }
        _ => None,
    };
    let within = |ratio: f64| (0.9..=1.1).contains(&ratio);
    let first = ratio(&samples)?;
    if missing.is_empty() && (unready.is_empty() || first <= 1.0) {
        return Some(if within(first) { current } else { (first * f64::from(ready)).ceil() as i32 });
    }
    for name in missing {
        if first < 1.0 {
            let full = match target {
                Target::Utilization(percent) => requests[name] * i64::from(percent.max(100)) / 100,
                Target::AverageValue(Milli(target)) => target,
                _ => 0,
            };
            samples.insert(name, full);
        } else if first > 1.0 {
            samples.insert(name, 0);
        }
    }
    if first > 1.0 {
        samples.extend(unready.into_iter().map(|name| (name, 0)));
    }
    let second = ratio(&samples)?;
    if within(second) || (first < 1.0 && second > 1.0) || (second < 1.0 && first > 1.0) {
        return Some(current);
    }
    let replicas = (second * samples.len() as f64).ceil() as i32;
    let opposes = (second < 1.0 && replicas > current) || (second > 1.0 && replicas < current);
    Some(if opposes { current } else { replicas })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn one_pass_answers_like_two(
        specs in pods(), extra in prop::collection::vec(0..2000i64, 0..3), target in 1..200i32, per_pod in any::<bool>(),
        cpu in any::<bool>(), current in 1..30i32,
    ) {
        let now = Instant::from_secs(1000);
        let source = Metric::resource(if cpu { "cpu" } else { "memory" });
        let metric = if per_pod { source.average_value(Milli(i64::from(target))) } else { source.utilization(target) };
        let metrics = [metric.expect("a target above 0")];
        let hpa = Hpa::new(Bounds::new(1, 100).expect("bounds"), &metrics).expect("one metric");
        let pods = specs.iter().map(|spec| spec.pod(now)).collect::<Vec<_>>();
        let asked = |pods: &[Pod]| {
            let mut fold = PodFold::new(&hpa, 0, now);
            pods.iter().for_each(|pod| { fold.add(pod); });
            extra.iter().for_each(|value| fold.add_unlisted(Milli(*value)));
            let scale = Scale { wanted: Replicas(current), running: Replicas(current) };
            let seen = Observation { now, pods: Some(PodCount::NONE), ..Observation::default() };
            proposal(&hpa, 0, &Reading::Pods(fold), scale, &seen).map(|proposal| proposal.replicas.0).ok()
        };
        let twin = two_passes(&pods, &extra, metrics[0].target(), cpu, current, now);
        prop_assert_eq!(asked(&pods), twin);
        let backwards = pods.iter().rev().copied().collect::<Vec<_>>();
        prop_assert_eq!(asked(&backwards), twin, "the order of pods matters");
    }
}
