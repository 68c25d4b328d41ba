//! What one metric asks for; classes and requests of pods.

use std::collections::{BTreeMap, BTreeSet};

use plimsoll_core::constrain::{Amount, Bounds, RatePolicy, RateRules, Select};
use plimsoll_core::hpa::{
    Behavior, Controller, Hpa, Metric, MetricError, Observation, PodClass, PodCount, Proposal, Reading, RequestError,
    Rules, Scale, ValueSum, first_without_request, proposal,
};
use plimsoll_core::units::{Milli, Replicas, Span};
use serde::Deserialize;

use super::world::{PodIn, SampleIn, Since, ago, count, fold, leak, leak_text, on, span};
use crate::{Vector, read, same};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ToleranceIn {
    scale_down: f64,
    scale_up: f64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PerPodIn {
    resource: Option<String>,
    #[serde(default)]
    container: Option<String>,
    current_replicas: i32,
    #[serde(default)]
    target_utilization: Option<i32>,
    #[serde(default)]
    target_average_value: Option<i64>,
    tolerance: ToleranceIn,
    cpu_initialization_period_s: i64,
    initial_readiness_delay_s: i64,
    #[serde(default = "on")]
    pod_level_resources_gate: bool,
    pods: Vec<PodIn>,
    metrics: Vec<SampleIn>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ProposalOut {
    #[serde(default)]
    replicas: Option<i32>,
    #[serde(default)]
    utilization: Option<i32>,
    #[serde(default)]
    average_value: Option<i64>,
    #[serde(default)]
    value: Option<i64>,
    #[serde(default)]
    error: Option<String>,
    #[serde(default)]
    error_contains: Option<String>,
}

/// A policy with one metric and both tolerances given; the rest plays no part.
fn policy(metric: Metric<'static>, tolerance: &ToleranceIn, controller: Controller) -> Result<Hpa<'static>, String> {
    let text = |error: plimsoll_core::error::ConfigError| error.to_string();
    let rates = leak(vec![RatePolicy::new(Amount::Percent(100), Span::from_secs(15)).map_err(text)?]);
    let rules = |tolerance| {
        Rules::new(RateRules::new(Select::Max, rates).map_err(text)?).with_tolerance(tolerance).map_err(text)
    };
    let behavior = Behavior { up: rules(tolerance.scale_up)?, down: rules(tolerance.scale_down)? };
    let bounds = Bounds::new(1, i32::MAX).map_err(text)?;
    Ok(Hpa::new(bounds, leak(vec![metric])).map_err(text)?.with_behavior(behavior).with_controller(controller))
}

fn code(error: MetricError) -> &'static str {
    match error {
        MetricError::Unavailable => "metrics_unavailable",
        MetricError::NoPods => "no_pods",
        MetricError::NoSamples => "no_ready_metrics",
        MetricError::Request { error: RequestError::NoContainer, .. } => "container_not_found",
        MetricError::Request { .. } => "missing_request",
        MetricError::NothingMatched => "no_matching_metrics",
        MetricError::UnknownSource => "invalid_source_type",
        MetricError::UnusableTarget => "invalid_target",
        _ => "none of the published codes",
    }
}

/// An error in upstream's words, `api` being the metrics API and `about` what was asked of it.
fn words(error: MetricError, api: &str, about: &str) -> String {
    match error {
        MetricError::Unavailable => format!("unable to get {about}: no metrics returned from {api} metrics API"),
        MetricError::NoPods => "no pods returned by selector while calculating replica count".to_owned(),
        MetricError::NoSamples => "did not receive metrics for targeted pods (pods might be unready)".to_owned(),
        MetricError::NothingMatched => "no metrics returned matched known pods".to_owned(),
        other => other.to_string(),
    }
}

fn compare(
    out: &ProposalOut,
    got: Result<Proposal, MetricError>,
    text: impl Fn(MetricError) -> String,
) -> Result<(), String> {
    match got {
        Err(error) => {
            same("error", out.error.as_deref(), Some(code(error)))?;
            let whole = text(error);
            match &out.error_contains {
                Some(part) if !whole.contains(part.as_str()) => Err(format!("{whole:?} lacks {part:?}")),
                _ => Ok(()),
            }
        }
        Ok(got) => {
            same("error", &out.error, &None)?;
            same("replicas", out.replicas, Some(got.replicas.0))?;
            // Run files leave out what upstream does not show.
            let shown = |what, expected: Option<i64>, got: Option<i64>| match expected {
                None => Ok(()),
                expected => same(what, expected, got),
            };
            shown("utilization", out.utilization.map(i64::from), got.reported.utilization.map(i64::from))?;
            shown("average", out.average_value, got.reported.average.map(|Milli(value)| value))?;
            shown("value", out.value, got.reported.value.map(|Milli(value)| value))
        }
    }
}

pub(crate) fn per_pod(vector: &Vector) -> Result<(), String> {
    let given: PerPodIn = read(&vector.r#in)?;
    let name = leak_text(given.resource.as_deref().unwrap_or("custom"));
    let source = match (&given.resource, &given.container) {
        (None, _) => Metric::pods(name),
        (Some(_), None) => Metric::resource(name),
        (Some(_), Some(container)) => Metric::container_resource(name, leak_text(container)),
    };
    let metric = match (given.target_utilization, given.target_average_value) {
        (Some(percent), None) => source.utilization(percent),
        (None, Some(value)) => source.average_value(Milli(value)),
        _ => return Err("one target".to_owned()),
    }
    .map_err(|error| error.to_string())?;
    let controller = Controller {
        cpu_initialization_period: span(given.cpu_initialization_period_s)?,
        initial_readiness_delay: span(given.initial_readiness_delay_s)?,
        ..Controller::DEFAULT
    };
    let hpa = policy(metric, &given.tolerance, controller)?.with_pod_level_requests(given.pod_level_resources_gate);
    let pods = Since { at: ago(0), values: given.pods };
    let samples = Since { at: ago(0), values: given.metrics };
    let reading = match fold(&hpa, 0, &pods, &samples, ago(0), |_, _| {})? {
        Ok(fold) => Reading::Pods(fold),
        Err(error) => Reading::Failed(error),
    };
    let replicas = Replicas(given.current_replicas);
    let seen = Observation { now: ago(0), pods: Some(count(&pods)?), ..Observation::default() };
    let got = proposal(&hpa, 0, &reading, Scale { wanted: replicas, running: replicas }, &seen);
    compare(&read(&vector.out)?, got, |error| match (error, &given.resource) {
        (MetricError::Request { error, pod }, _) => {
            let pod = &pods.values[pod as usize];
            let about = given.container.as_deref().or(first_without_request(pod.containers())).unwrap_or_default();
            error.upstream(name, about, &pod.name).to_string()
        }
        (error, Some(resource)) => words(error, "resource", &format!("metrics for resource {resource}")),
        (error, None) => words(error, "custom", "metric custom"),
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WholeIn {
    #[serde(default)]
    current_replicas: Option<i32>,
    #[serde(default)]
    status_replicas: Option<i32>,
    #[serde(default)]
    target_value: Option<i64>,
    #[serde(default)]
    target_average_value: Option<i64>,
    tolerance: ToleranceIn,
    #[serde(default)]
    value: Option<i64>,
    #[serde(default)]
    values: Option<Vec<i64>>,
    #[serde(default)]
    pods: Vec<PodIn>,
}

pub(crate) fn whole(vector: &Vector) -> Result<(), String> {
    let given: WholeIn = read(&vector.r#in)?;
    let (source, reading) = match (given.value, &given.values) {
        (Some(value), None) => (Metric::object("metric"), Reading::Value(Milli(value))),
        (None, Some(values)) => {
            let sum = values.iter().copied().map(Milli).collect::<ValueSum>();
            (Metric::external("metric"), Reading::Values(sum))
        }
        _ => return Err("value or values".to_owned()),
    };
    let metric = match (given.target_value, given.target_average_value) {
        (Some(value), None) => source.value(Milli(value)),
        (None, Some(value)) => source.average_value(Milli(value)),
        _ => return Err("one target".to_owned()),
    }
    .map_err(|error| error.to_string())?;
    let hpa = policy(metric, &given.tolerance, Controller::DEFAULT)?;
    let pods = Since { at: ago(0), values: given.pods };
    let wanted = given.current_replicas.or(given.status_replicas).ok_or("no replicas")?;
    let running = given.status_replicas.unwrap_or(wanted);
    let seen = Observation { now: ago(0), pods: Some(count(&pods)?), ..Observation::default() };
    let got = proposal(&hpa, 0, &reading, Scale { wanted: Replicas(wanted), running: Replicas(running) }, &seen);
    compare(&read(&vector.out)?, got, |error| match (error, &given.values) {
        (MetricError::NoPods, _) => format!("unable to calculate ready pods: {}", words(error, "", "")),
        (error, None) => words(error, "custom", "metric metric"),
        (error, Some(_)) => words(error, "external", "external metric metric"),
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct GroupIn {
    resource: Option<String>,
    cpu_initialization_period_s: i64,
    initial_readiness_delay_s: i64,
    pods: Vec<PodIn>,
    metrics: Vec<SampleIn>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct GroupOut {
    ready_count: usize,
    unready: BTreeSet<String>,
    missing: BTreeSet<String>,
    ignored: BTreeSet<String>,
}

pub(crate) fn group_pods(vector: &Vector) -> Result<(), String> {
    let (given, expected): (GroupIn, GroupOut) = (read(&vector.r#in)?, read(&vector.out)?);
    let source = given.resource.as_deref().map_or(Metric::pods("custom"), |name| Metric::resource(leak_text(name)));
    let metric = source.average_value(Milli(1)).map_err(|error| error.to_string())?;
    let controller = Controller {
        cpu_initialization_period: span(given.cpu_initialization_period_s)?,
        initial_readiness_delay: span(given.initial_readiness_delay_s)?,
        ..Controller::DEFAULT
    };
    let hpa = policy(metric, &ToleranceIn { scale_down: 0.1, scale_up: 0.1 }, controller)?;
    let pods = Since { at: ago(0), values: given.pods };
    // Without any sample the metric fails before pods are looked at: one of an unknown pod keeps it going.
    let mut samples = Since { at: ago(0), values: given.metrics };
    samples.values.push(read(&serde_json::json!({"pod": "none of the list", "value": 0}))?);
    let (mut ready, mut unready, mut missing, mut ignored) = (0, BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    fold(&hpa, 0, &pods, &samples, ago(0), |name, class| {
        let set = match class {
            PodClass::Ready => return ready += 1,
            PodClass::Missing => &mut missing,
            PodClass::Unready(_) => &mut unready,
            PodClass::Ignored(_) => &mut ignored,
        };
        set.insert(name.to_owned());
    })?
    .map_err(|error| error.to_string())?;
    same("ready", expected.ready_count, ready)?;
    same("unready", expected.unready, unready)?;
    same("missing", expected.missing, missing)?;
    same("ignored", expected.ignored, ignored)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RequestsIn {
    resource: String,
    container: Option<String>,
    pod_level_resources_gate: bool,
    pods: Vec<PodIn>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RequestsOut {
    #[serde(default)]
    requests: Option<BTreeMap<String, i64>>,
    #[serde(default)]
    error: Option<String>,
    #[serde(default)]
    error_message: Option<String>,
}

pub(crate) fn pod_requests(vector: &Vector) -> Result<(), String> {
    let (given, expected): (RequestsIn, RequestsOut) = (read(&vector.r#in)?, read(&vector.out)?);
    let resource = leak_text(&given.resource);
    let container = given.container.as_deref().map(leak_text);
    let source = match container {
        None => Metric::resource(resource),
        Some(container) => Metric::container_resource(resource, container),
    };
    let metric = source.utilization(50).map_err(|error| error.to_string())?;
    let hpa = policy(metric, &ToleranceIn { scale_down: 0.1, scale_up: 0.1 }, Controller::DEFAULT)?
        .with_pod_level_requests(given.pod_level_resources_gate);
    let mut requests = BTreeMap::new();
    for pod in &given.pods {
        match pod.request(&hpa, &metric) {
            Ok(Milli(request)) => {
                requests.insert(pod.name.clone(), request);
            }
            Err(error) => {
                let code = code(MetricError::Request { error, pod: 0 });
                same("error", expected.error.as_deref(), Some(code))?;
                let about = container.or(first_without_request(pod.containers())).unwrap_or_default();
                let text = error.upstream(resource, about, &pod.name).to_string();
                return match expected.error_message {
                    Some(message) => same("message", message, text),
                    None => Ok(()),
                };
            }
        }
    }
    same("error", expected.error, None)?;
    same("requests", expected.requests, Some(requests))
}

/// A host without pods gives sums, and gets the same rules.
#[test]
fn sums_ask_for_what_the_same_pods_ask_for() {
    use plimsoll_core::hpa::{Pod, PodFold};
    let metric = Metric::resource("cpu").utilization(70).expect("a valid target");
    let hpa = policy(metric, &ToleranceIn { scale_down: 0.1, scale_up: 0.1 }, Controller::DEFAULT).expect("a policy");
    let (mut pods, mut sums) = (PodFold::new(&hpa, 0, ago(0)), PodFold::new(&hpa, 0, ago(0)));
    for usage in [900, 700, 800] {
        pods.add(&Pod { request: Ok(Milli(1000)), ..Pod::running(Milli(usage), ago(5)) });
    }
    sums.add_ready(3, Milli(2400), Milli(3000));
    let scale = Scale { wanted: Replicas(3), running: Replicas(3) };
    let seen = Observation { pods: Some(PodCount::NONE), ..Observation::default() };
    let asked = |fold| proposal(&hpa, 0, &Reading::Pods(fold), scale, &seen).expect("a proposal");
    assert_eq!(asked(pods), asked(sums));
    assert_eq!(asked(sums).replicas, Replicas(4));
}
