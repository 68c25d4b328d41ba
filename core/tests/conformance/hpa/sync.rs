//! Whole syncs: one, or many with all that is carried from one to the next.

use std::collections::BTreeMap;

use plimsoll_core::hpa::{
    Applied, Condition, ConditionKind, Decision, History, Hpa, MetricError, Observation, Reading, Reason, Reported,
    Scale, Selector, Source, Step, SyncError, ValueSum,
};
use plimsoll_core::trace::Each;
use plimsoll_core::units::{Instant, Milli, Replicas};
use plimsoll_core::window::{Change, Entry};
use serde::Deserialize;

use super::world::{
    BehaviorIn, ControllerIn, Gates, MetricIn, NOW, PodIn, Pods, SampleIn, Samples, Since, Spec, ago, count, fold,
    policy,
};
use crate::{Vector, read, same};

/// Room for the longest windows that the API allows.
type Past = History<256, 128>;

/// What the controller and the cluster carry from sync to sync.
struct World {
    hpa: Hpa<'static>,
    spec: Spec,
    past: Past,
    replicas: i32,
    /// `status.desiredReplicas`
    desired: i32,
    selector: Selector,
    pods: Pods,
    resources: BTreeMap<String, Samples>,
    per_pod: BTreeMap<String, Samples>,
    objects: BTreeMap<String, i64>,
    externals: BTreeMap<String, Vec<i64>>,
}

/// What holds for one sync only.
#[derive(Default)]
struct Once {
    status_replicas: Option<i32>,
    failing: Vec<String>,
    scale_get_error: bool,
    scale_update_error: bool,
}

/// What one sync did.
struct Done {
    before: i32,
    decision: Decision,
    rescaled: bool,
    error: &'static str,
    events: Vec<&'static str>,
    proposals: Vec<Result<(i32, Reported), MetricError>>,
}

impl World {
    fn readings(&self, now: Instant, failing: &[String]) -> Result<Vec<Reading>, String> {
        let fails = |what: &str| failing.iter().any(|each| each == what);
        let mut readings = Vec::new();
        for (index, (metric, written)) in self.hpa.metrics().iter().zip(&self.spec.metrics).enumerate() {
            let key = written.key();
            let unavailable = Reading::Failed(MetricError::Unavailable);
            let per_pod = |samples: Option<&Samples>| match samples {
                None => Ok(unavailable),
                Some(samples) => Ok::<_, String>(match fold(&self.hpa, index, &self.pods, samples, now, |_, _| {})? {
                    Ok(fold) => Reading::Pods(fold),
                    Err(error) => Reading::Failed(error),
                }),
            };
            readings.push(match metric.source() {
                Source::Resource | Source::ContainerResource if fails("resource") => unavailable,
                Source::Resource | Source::ContainerResource => per_pod(self.resources.get(key))?,
                Source::Pods if fails("pods") => unavailable,
                Source::Pods => per_pod(self.per_pod.get(key))?,
                Source::Object if fails("object") => unavailable,
                Source::Object => self.objects.get(key).map_or(unavailable, |value| Reading::Value(Milli(*value))),
                Source::External if fails("external") => unavailable,
                Source::External => self.externals.get(key).map_or(unavailable, |values| {
                    Reading::Values(values.iter().copied().map(Milli).collect::<ValueSum>())
                }),
                Source::Unknown => unavailable,
            });
        }
        Ok(readings)
    }

    fn sync(&mut self, now: Instant, once: &Once) -> Result<Done, String> {
        let before = self.replicas;
        let scale = Scale { wanted: Replicas(before), running: Replicas(once.status_replicas.unwrap_or(before)) };
        let readings = self.readings(now, &once.failing)?;
        let seen = Observation {
            now,
            scale: (!once.scale_get_error).then_some(scale),
            selector: self.selector,
            pods: Some(count(&self.pods)?),
            readings: &readings,
        };
        let (mut events, mut proposals) = (Vec::new(), Vec::new());
        let mut trace = Each(|step: &Step| {
            events.extend(step.event());
            match step {
                Step::Proposed { proposal, .. } => proposals.push(Ok((proposal.replicas.0, proposal.reported))),
                Step::MetricFailed { error, .. } => proposals.push(Err(*error)),
                _ => {}
            }
        });
        let decision = self.hpa.decide(&mut self.past, &seen, &mut trace);
        let mut error = if decision.detail.error.is_some() { "internal" } else { "none" };
        let rescaled = decision.changes() && !once.scale_update_error;
        if decision.changes() {
            let applied = if rescaled { Applied::Done(decision.to) } else { Applied::Failed };
            self.hpa.applied(&mut self.past, &decision, applied, &mut trace);
            if !rescaled {
                error = "internal";
            }
        }
        let stopped = decision.detail.error.is_some_and(SyncError::stops) || (decision.changes() && !rescaled);
        if !stopped {
            self.desired = decision.to.0;
        }
        if rescaled {
            self.replicas = decision.to.0;
        }
        Ok(Done { before, decision, rescaled, error, events, proposals })
    }

    fn conditions(&self) -> Vec<String> {
        self.past.conditions().iter().map(ToString::to_string).collect()
    }
}

fn selector(name: &str) -> Result<Selector, String> {
    Ok(match name {
        "ok" => Selector::Usable,
        "missing" => Selector::Missing,
        "unparsable" => Selector::Unparsable,
        "ambiguous" => Selector::Ambiguous,
        other => return Err(format!("selector {other}")),
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ConditionIn {
    r#type: String,
    status: String,
    reason: String,
}

fn restore(past: &mut Past, conditions: &[ConditionIn]) -> Result<(), String> {
    for given in conditions {
        let kind = ConditionKind::from_name(&given.r#type).ok_or_else(|| format!("condition {}", given.r#type))?;
        let reason = Reason::from_name(&given.reason).ok_or_else(|| format!("reason {}", given.reason))?;
        past.conditions_mut().restore(Condition { kind, status: given.status == "True", reason, since: None });
    }
    Ok(())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SyncIn {
    gates: Gates,
    controller: ControllerIn,
    spec: Spec,
    scale: ScaleIn,
    #[serde(default)]
    status: Option<StatusIn>,
    #[serde(default)]
    state: Option<StateIn>,
    #[serde(default)]
    pods: Vec<PodIn>,
    #[serde(default)]
    resource_metrics: BTreeMap<String, Vec<SampleIn>>,
    #[serde(default)]
    pod_metrics: BTreeMap<String, Vec<SampleIn>>,
    #[serde(default)]
    object_metrics: BTreeMap<String, i64>,
    #[serde(default)]
    external_metrics: BTreeMap<String, Vec<i64>>,
    #[serde(default)]
    metrics_errors: Vec<String>,
    #[serde(default)]
    scale_get_error: bool,
    #[serde(default)]
    scale_update_error: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ScaleIn {
    spec_replicas: i32,
    status_replicas: i32,
    selector: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StatusIn {
    desired_replicas: i32,
    #[serde(default)]
    conditions: Vec<ConditionIn>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StateIn {
    recommendations: Option<Vec<RecommendationIn>>,
    #[serde(default)]
    up_events: Vec<EventIn>,
    #[serde(default)]
    down_events: Vec<EventIn>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RecommendationIn {
    replicas: i32,
    age_s: i64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct EventIn {
    change: i32,
    age_s: i64,
    #[serde(default)]
    outdated: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SyncOut {
    desired_replicas: i32,
    rescaled: bool,
    error: String,
    conditions: Vec<ConditionOut>,
    #[serde(default)]
    cpu_utilization: Option<i32>,
    #[serde(default)]
    status_changed: Option<bool>,
    #[serde(default)]
    proposals: Option<Vec<ProposalOut>>,
    #[serde(default)]
    metric_replicas: Option<i32>,
    #[serde(default)]
    stabilized: Option<i32>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ConditionOut {
    r#type: String,
    status: String,
    reason: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ProposalOut {
    #[serde(default)]
    replicas: Option<i32>,
    #[serde(default)]
    utilization: Option<i32>,
    #[serde(default)]
    raw: Option<i64>,
    #[serde(default)]
    usage: Option<i64>,
    #[serde(default)]
    error: Option<String>,
}

pub(crate) fn sync(vector: &Vector) -> Result<(), String> {
    let (given, expected): (SyncIn, SyncOut) = (read(&vector.r#in)?, read(&vector.out)?);
    let mut past = Past::default();
    if let Some(state) = &given.state {
        let change = |e: &EventIn| Change { change: e.change, at: ago(e.age_s), outdated: e.outdated };
        let list = state
            .recommendations
            .as_ref()
            .map(|list| list.iter().map(|r| Entry { value: r.replicas, at: ago(r.age_s) }).collect::<Vec<_>>());
        let up = state.up_events.iter().map(change).collect::<Vec<_>>();
        let down = state.down_events.iter().map(change).collect::<Vec<_>>();
        past.restore_lists(list.as_deref(), &up, &down).map_err(|error| error.to_string())?;
    }
    let status = given.status.as_ref();
    restore(&mut past, status.map_or(&[][..], |status| &status.conditions))?;
    let at = ago(0);
    let since = |map: BTreeMap<String, Vec<SampleIn>>| {
        map.into_iter().map(|(name, values)| (name, Since { at, values })).collect()
    };
    let before = status.map_or(given.scale.spec_replicas, |status| status.desired_replicas);
    let mut world = World {
        hpa: policy(&given.spec, &given.controller, &given.gates)?,
        spec: given.spec,
        replicas: given.scale.spec_replicas,
        desired: before,
        selector: selector(&given.scale.selector)?,
        pods: Since { at, values: given.pods },
        resources: since(given.resource_metrics),
        per_pod: since(given.pod_metrics),
        objects: given.object_metrics,
        externals: given.external_metrics,
        past,
    };
    let earlier = world.conditions();
    let once = Once {
        status_replicas: Some(given.scale.status_replicas),
        failing: given.metrics_errors,
        scale_get_error: given.scale_get_error,
        scale_update_error: given.scale_update_error,
    };
    let done = world.sync(at, &once)?;
    same("desired", expected.desired_replicas, world.desired)?;
    same("rescaled", expected.rescaled, done.rescaled)?;
    same("error", expected.error.as_str(), done.error)?;
    let conditions =
        expected.conditions.iter().map(|c| format!("{}={}/{}", c.r#type, c.status, c.reason)).collect::<Vec<_>>();
    same("conditions", conditions, world.conditions())?;
    if expected.status_changed == Some(false) {
        same("conditions after", earlier, world.conditions())?;
        same("desired after", before, world.desired)?;
    }
    let reported = |each: &Result<(i32, Reported), MetricError>| each.as_ref().ok().and_then(|p| p.1.utilization);
    if let Some(percent) = expected.cpu_utilization {
        let cpu = world.hpa.metrics().iter().zip(&done.proposals).filter(|(metric, _)| metric.name() == "cpu");
        same("cpu utilization", Some(percent), cpu.map(|(_, proposal)| proposal).find_map(reported))?;
    }
    if let Some(proposals) = expected.proposals {
        same("number of proposals", proposals.len(), done.proposals.len())?;
        for (expected, got) in proposals.iter().zip(&done.proposals) {
            same("proposal fails", expected.error.is_some(), got.is_err())?;
            if let Ok((replicas, _)) = got {
                same("proposal", expected.replicas, Some(*replicas))?;
            }
            if expected.utilization.is_some() {
                same("utilization", expected.utilization, reported(got))?;
            }
            if let (Some(raw), Ok((_, reported))) = (expected.raw.or(expected.usage), got) {
                let shown = reported.average.or(reported.value).map(|Milli(value)| value);
                same("reported", Some(raw), shown)?;
            }
        }
    }
    if expected.metric_replicas.is_some() {
        same("metric replicas", expected.metric_replicas, done.decision.detail.recommended.map(|r| r.0))?;
    }
    if expected.stabilized.is_some() {
        same("stabilized", expected.stabilized, done.decision.detail.stabilized.map(|r| r.0))?;
    }
    Ok(())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SequenceIn {
    gates: Gates,
    controller: ControllerIn,
    min_replicas: i32,
    max_replicas: i32,
    start_replicas: i32,
    behavior: Option<BehaviorIn>,
    target_average_value: i64,
    steps: Vec<SequenceStepIn>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SequenceStepIn {
    at_s: i64,
    #[serde(default)]
    external_value: Option<i64>,
    #[serde(default)]
    set_replicas: Option<i32>,
    #[serde(default, deserialize_with = "given")]
    behavior: Option<Option<BehaviorIn>>,
    #[serde(default)]
    fail: bool,
}

/// Tells a field that is null from one that is absent.
fn given<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Option<Option<BehaviorIn>>, D::Error> {
    Option::deserialize(from).map(Some)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SequenceOut {
    steps: Vec<SequenceStepOut>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SequenceStepOut {
    replicas_before: i32,
    desired_replicas: i32,
    metric_replicas: Option<i32>,
    stabilized: Option<i32>,
    rescaled: bool,
    conditions: Vec<String>,
    recommendations: Vec<(i32, i64)>,
    up_events: Vec<(i32, i64, bool)>,
    down_events: Vec<(i32, i64, bool)>,
}

fn empty_world(spec: Spec, controller: &ControllerIn, gates: &Gates, replicas: i32) -> Result<World, String> {
    Ok(World {
        hpa: policy(&spec, controller, gates)?,
        spec,
        past: Past::default(),
        replicas,
        desired: 0,
        selector: Selector::Usable,
        pods: Since { at: ago(0), values: Vec::new() },
        resources: BTreeMap::new(),
        per_pod: BTreeMap::new(),
        objects: BTreeMap::new(),
        externals: BTreeMap::new(),
    })
}

pub(crate) fn sequence(vector: &Vector) -> Result<(), String> {
    let (given, expected): (SequenceIn, SequenceOut) = (read(&vector.r#in)?, read(&vector.out)?);
    let target = serde_json::json!({"type": "AverageValue", "average_value": given.target_average_value});
    let metric: MetricIn = read(&serde_json::json!({"type": "External", "metric": "m", "target": target}))?;
    let spec = Spec {
        min_replicas: Some(given.min_replicas),
        max_replicas: given.max_replicas,
        metrics: vec![metric],
        behavior: given.behavior,
    };
    let mut world = empty_world(spec, &given.controller, &given.gates, given.start_replicas)?;
    same("steps", given.steps.len(), expected.steps.len())?;
    for (step, expected) in given.steps.into_iter().zip(expected.steps) {
        let at = format!("at {} s: ", step.at_s);
        let here = |error: String| at.clone() + &error;
        if let Some(behavior) = step.behavior {
            world.spec.behavior = behavior;
            world.hpa = policy(&world.spec, &given.controller, &given.gates)?;
        }
        if let Some(replicas) = step.set_replicas {
            world.replicas = replicas;
        }
        if let Some(value) = step.external_value {
            world.externals.insert("m".to_owned(), vec![value]);
        }
        let failing = if step.fail { vec!["external".to_owned()] } else { Vec::new() };
        let now = Instant::from_secs(NOW + step.at_s);
        let done = world.sync(now, &Once { failing, ..Once::default() })?;
        same("before", expected.replicas_before, done.before).map_err(here)?;
        same("desired", expected.desired_replicas, world.desired).map_err(here)?;
        same("rescaled", expected.rescaled, done.rescaled).map_err(here)?;
        same("conditions", expected.conditions, world.conditions()).map_err(here)?;
        let detail = done.decision.detail;
        same("metric replicas", expected.metric_replicas, detail.recommended.map(|r| r.0)).map_err(here)?;
        same("stabilized", expected.stabilized, detail.stabilized.map(|r| r.0)).map_err(here)?;
        // Dumps have whole seconds; the first recommendation is one tick older than its sync.
        let second = |at: Instant| at.next().as_nanos() / 1_000_000_000 - NOW;
        let list = world.past.recommendations().unwrap_or_default();
        let list = list.iter().map(|entry| (entry.value, second(entry.at))).collect();
        same("recommendations", expected.recommendations, list).map_err(here)?;
        let (up, down) = world.past.events();
        let dump = |list: &[Change]| list.iter().map(|e| (e.change, second(e.at), e.outdated)).collect::<Vec<_>>();
        same("up events", expected.up_events, dump(up)).map_err(here)?;
        same("down events", expected.down_events, dump(down)).map_err(here)?;
    }
    Ok(())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct HistoryIn {
    gates: Gates,
    controller: ControllerIn,
    spec: Spec,
    start_replicas: i32,
    #[serde(default)]
    conditions: Vec<ConditionIn>,
    steps: Vec<HistoryStepIn>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct HistoryStepIn {
    at_s: i64,
    #[serde(default)]
    spec: Option<Spec>,
    #[serde(default)]
    selector: Option<String>,
    #[serde(default)]
    pods: Option<Vec<PodIn>>,
    #[serde(default)]
    resource_metrics: BTreeMap<String, Vec<SampleIn>>,
    #[serde(default)]
    pod_metrics: BTreeMap<String, Vec<SampleIn>>,
    #[serde(default)]
    object_metrics: BTreeMap<String, i64>,
    #[serde(default)]
    external_metrics: BTreeMap<String, Vec<i64>>,
    #[serde(default)]
    set_replicas: Option<i32>,
    #[serde(default)]
    restart: bool,
    #[serde(default)]
    status_replicas: Option<i32>,
    #[serde(default)]
    metrics_errors: Vec<String>,
    #[serde(default)]
    scale_get_error: bool,
    #[serde(default)]
    scale_update_error: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct HistoryOut {
    steps: Vec<HistoryStepOut>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct HistoryStepOut {
    replicas_before: i32,
    desired_replicas: i32,
    rescaled: bool,
    error: String,
    conditions: Vec<String>,
    #[serde(default)]
    events: Vec<String>,
}

pub(crate) fn history(vector: &Vector) -> Result<(), String> {
    let (given, expected): (HistoryIn, HistoryOut) = (read(&vector.r#in)?, read(&vector.out)?);
    let mut world = empty_world(given.spec, &given.controller, &given.gates, given.start_replicas)?;
    restore(&mut world.past, &given.conditions)?;
    same("steps", given.steps.len(), expected.steps.len())?;
    for (step, expected) in given.steps.into_iter().zip(expected.steps) {
        let at = format!("at {} s: ", step.at_s);
        let here = |error: String| at.clone() + &error;
        let now = Instant::from_secs(NOW + step.at_s);
        if let Some(spec) = step.spec {
            world.hpa = policy(&spec, &given.controller, &given.gates)?;
            world.spec = spec;
        }
        if let Some(name) = step.selector {
            world.selector = selector(&name)?;
        }
        if let Some(values) = step.pods {
            world.pods = Since { at: now, values };
        }
        let since = |(name, values)| (name, Since { at: now, values });
        world.resources.extend(step.resource_metrics.into_iter().map(since));
        world.per_pod.extend(step.pod_metrics.into_iter().map(since));
        world.objects.extend(step.object_metrics);
        world.externals.extend(step.external_metrics);
        if let Some(replicas) = step.set_replicas {
            world.replicas = replicas;
        }
        if step.restart {
            world.past.restart();
        }
        let once = Once {
            status_replicas: step.status_replicas,
            failing: step.metrics_errors,
            scale_get_error: step.scale_get_error,
            scale_update_error: step.scale_update_error,
        };
        // A history that was saved and restored decides as if it had never stopped.
        let mut bytes = [0; Past::saved_size()];
        let length = world.past.save(&mut bytes).map_err(|error| error.to_string())?;
        world.past = Past::restore(&bytes[..length]).map_err(|error| error.to_string())?;
        let done = world.sync(now, &once)?;
        same("before", expected.replicas_before, done.before).map_err(here)?;
        same("desired", expected.desired_replicas, world.desired).map_err(here)?;
        same("rescaled", expected.rescaled, done.rescaled).map_err(here)?;
        same("error", expected.error.as_str(), done.error).map_err(here)?;
        same("conditions", expected.conditions, world.conditions()).map_err(here)?;
        same("events", expected.events, done.events.iter().map(|e| (*e).to_owned()).collect()).map_err(here)?;
    }
    Ok(())
}
