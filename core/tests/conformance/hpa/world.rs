//! Pods, samples and policies as the vectors write them.

use std::collections::BTreeMap;

use plimsoll_core::constrain::{Amount, Bounds, RatePolicy, RateRules, Select};
use plimsoll_core::hpa::{
    Behavior, Container, ContainerKind, Controller, Hpa, Metric, MetricError, Phase, Pod, PodCount, PodFold, PodLevel,
    Profile, Ready, ReadyCondition, RequestError, Rules, Sample, pod_request, pod_usage,
};
use plimsoll_core::units::{Instant, Milli, Span};
use serde::Deserialize;

/// The moment that ages count back from, far from the origin of time.
pub(crate) const NOW: i64 = 2_000_000_000;

pub(crate) fn ago(seconds: i64) -> Instant {
    Instant::from_secs(NOW - seconds)
}

/// The moment of an age: a negative one is still to come, and the age of an unset time does not grow.
fn before(since: Instant, ago: i64) -> Instant {
    const UNSET: i64 = 1_000_000_000;
    if ago >= UNSET { Instant::MIN } else { Instant::from_nanos(since.as_nanos() - ago * 1_000_000_000) }
}

/// A number of seconds as a span; a negative one fails.
pub(crate) fn span(seconds: i64) -> Result<Span, String> {
    u64::try_from(seconds).map(Span::from_secs).map_err(|_| format!("{seconds} s is no span"))
}

/// Policies borrow; vectors are few, so what they borrow may live for ever.
pub(crate) fn leak<T>(values: Vec<T>) -> &'static [T] {
    Box::leak(values.into_boxed_slice())
}

pub(crate) fn leak_text(text: &str) -> &'static str {
    Box::leak(text.to_owned().into_boxed_str())
}

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PodIn {
    pub(crate) name: String,
    #[serde(default = "running")]
    phase: String,
    #[serde(default)]
    deleted: bool,
    #[serde(default)]
    ready: Option<String>,
    #[serde(default)]
    ready_changed_ago_s: Option<i64>,
    #[serde(default)]
    started_ago_s: Option<i64>,
    #[serde(default)]
    containers: Vec<ContainerIn>,
    #[serde(default)]
    pod_level_request: Option<i64>,
    #[serde(default)]
    pod_level_other: bool,
    #[serde(default)]
    overhead: Option<i64>,
}

fn running() -> String {
    "Running".to_owned()
}

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct ContainerIn {
    name: String,
    request: Option<i64>,
    #[serde(default)]
    init: bool,
    #[serde(default)]
    restartable: bool,
}

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SampleIn {
    pub(crate) pod: String,
    #[serde(default)]
    containers: Option<BTreeMap<String, Option<i64>>>,
    #[serde(default)]
    value: Option<i64>,
    #[serde(default)]
    sampled_ago_s: i64,
    #[serde(default)]
    window_s: i64,
}

impl PodIn {
    pub(crate) fn containers(&self) -> impl Iterator<Item = Container<'_>> + Clone {
        self.containers.iter().map(|container| Container {
            name: &container.name,
            request: container.request.map(Milli),
            kind: match (container.init, container.restartable) {
                (false, _) => ContainerKind::Main,
                (true, false) => ContainerKind::Init,
                (true, true) => ContainerKind::Sidecar,
            },
        })
    }

    pub(crate) fn request(&self, hpa: &Hpa<'_>, metric: &Metric<'_>) -> Result<Milli, RequestError> {
        let pod_level = PodLevel {
            set: self.pod_level_request.is_some() || self.pod_level_other,
            request: self.pod_level_request.map(Milli),
            overhead: self.overhead.map(Milli),
        };
        pod_request(hpa, metric, self.containers(), pod_level)
    }

    /// Without a sample; ages count back from `since`.
    pub(crate) fn pod(&self, since: Instant) -> Result<Pod, String> {
        let at = |ago| before(since, ago);
        let ready = match self.ready.as_deref() {
            None => None,
            Some("True") => Some(Ready::True),
            Some("False") => Some(Ready::False),
            Some("Unknown") => Some(Ready::Unknown),
            Some(other) => return Err(format!("ready {other}")),
        };
        let since = self.ready_changed_ago_s.map(at);
        Ok(Pod {
            phase: match self.phase.as_str() {
                "Pending" => Phase::Pending,
                "Running" => Phase::Running,
                "Succeeded" => Phase::Succeeded,
                "Failed" => Phase::Failed,
                "Unknown" => Phase::Unknown,
                other => return Err(format!("phase {other}")),
            },
            deleted: self.deleted,
            started: self.started_ago_s.map(at),
            ready: ready.map(|status| ReadyCondition { status, since }),
            sample: None,
            request: Err(RequestError::Missing),
        })
    }
}

/// Values with the moment that their ages count back from.
#[derive(Clone)]
pub(crate) struct Since<T> {
    pub(crate) at: Instant,
    pub(crate) values: T,
}

pub(crate) type Pods = Since<Vec<PodIn>>;
pub(crate) type Samples = Since<Vec<SampleIn>>;

pub(crate) fn count(pods: &Pods) -> Result<PodCount, String> {
    let mut count = PodCount::NONE;
    for pod in &pods.values {
        count.listed += 1;
        count.ready += u32::from(pod.pod(pods.at)?.is_ready());
    }
    Ok(count)
}

/// Adds all pods and samples of one metric; tells each pod's class.
pub(crate) fn fold(
    hpa: &Hpa<'_>,
    index: usize,
    pods: &Pods,
    samples: &Samples,
    now: Instant,
    mut each: impl FnMut(&str, plimsoll_core::hpa::PodClass),
) -> Result<Result<PodFold, MetricError>, String> {
    let metric = &hpa.metrics()[index];
    if samples.values.is_empty() {
        return Ok(Err(MetricError::Unavailable));
    }
    // A later sample of the same pod replaces an earlier one.
    let mut by_pod = BTreeMap::new();
    for sample in &samples.values {
        let usage = match &sample.containers {
            None => Ok(sample.value.map(Milli)),
            Some(containers) => {
                pod_usage(hpa, metric, containers.iter().map(|(name, usage)| (name.as_str(), usage.map(Milli))))
            }
        };
        let Ok(usage) = usage else { return Ok(Err(MetricError::NoContainerInSample)) };
        if let Some(value) = usage {
            let at = before(samples.at, sample.sampled_ago_s);
            by_pod.insert(sample.pod.as_str(), Sample { value, at, window: span(sample.window_s)? });
        }
    }
    let mut fold = PodFold::new(hpa, index, now);
    for each_pod in &pods.values {
        let sample = by_pod.remove(each_pod.name.as_str());
        let pod = Pod { sample, request: each_pod.request(hpa, metric), ..each_pod.pod(pods.at)? };
        each(&each_pod.name, fold.add(&pod));
    }
    by_pod.values().for_each(|sample| fold.add_unlisted(sample.value));
    Ok(Ok(fold))
}

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Gates {
    #[serde(rename = "HPAScaleToZero")]
    pub(crate) scale_to_zero: bool,
    #[serde(rename = "HPAConfigurableTolerance")]
    pub(crate) own_tolerances: bool,
    #[serde(rename = "PodLevelResources", default = "on")]
    pub(crate) pod_level_resources: bool,
}

/// A gate that is on unless a case says otherwise.
pub(crate) fn on() -> bool {
    true
}

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ControllerIn {
    tolerance: f64,
    downscale_stabilization_s: i64,
    cpu_initialization_period_s: i64,
    initial_readiness_delay_s: i64,
}

impl ControllerIn {
    pub(crate) fn read(&self) -> Result<Controller, String> {
        Ok(Controller {
            sync_period: Controller::DEFAULT.sync_period,
            downscale_stabilization: span(self.downscale_stabilization_s)?,
            cpu_initialization_period: span(self.cpu_initialization_period_s)?,
            initial_readiness_delay: span(self.initial_readiness_delay_s)?,
            tolerance: self.tolerance,
        })
    }
}

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Spec {
    pub(crate) min_replicas: Option<i32>,
    pub(crate) max_replicas: i32,
    pub(crate) metrics: Vec<MetricIn>,
    #[serde(default)]
    pub(crate) behavior: Option<BehaviorIn>,
}

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct MetricIn {
    pub(crate) r#type: String,
    /// Name of a resource.
    #[serde(default)]
    pub(crate) name: Option<String>,
    #[serde(default)]
    pub(crate) metric: Option<String>,
    #[serde(default)]
    container: Option<String>,
    #[serde(default)]
    target: Option<TargetIn>,
}

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct TargetIn {
    #[serde(default)]
    r#type: Option<String>,
    #[serde(default)]
    average_utilization: Option<i32>,
    #[serde(default)]
    average_value: Option<i64>,
    #[serde(default)]
    value: Option<i64>,
}

impl MetricIn {
    /// The key of its samples.
    pub(crate) fn key(&self) -> &str {
        self.metric.as_deref().or(self.name.as_deref()).unwrap_or_default()
    }

    fn read(&self) -> Result<Metric<'static>, String> {
        let name = leak_text(self.key());
        let source = match self.r#type.as_str() {
            "Resource" => Metric::resource(name),
            "ContainerResource" => {
                Metric::container_resource(name, leak_text(self.container.as_deref().ok_or("no container")?))
            }
            "Pods" => Metric::pods(name),
            "Object" => Metric::object(name),
            "External" => Metric::external(name),
            _ => return Ok(Metric::unknown(name)),
        };
        let target = self.target.as_ref().ok_or("no target")?;
        let (average, value) = (target.average_value.map(Milli), target.value.map(Milli));
        // Which target counts depends on the source: see "Which target is used" in the API's semantics.
        let metric = match (self.r#type.as_str(), target.r#type.as_deref()) {
            ("Object", Some("Value")) => value.map(|value| source.value(value)),
            ("Object", Some("AverageValue")) => average.map(|value| source.average_value(value)),
            ("Object", _) => None,
            ("External", _) => {
                average.map(|value| source.average_value(value)).or(value.map(|value| source.value(value)))
            }
            ("Pods", _) => average.map(|value| source.average_value(value)),
            _ => average
                .map(|value| source.average_value(value))
                .or(target.average_utilization.map(|percent| source.utilization(percent))),
        };
        metric.unwrap_or(Ok(source.unusable())).map_err(|error| error.to_string())
    }
}

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct BehaviorIn {
    #[serde(default)]
    scale_up: Option<RulesIn>,
    #[serde(default)]
    scale_down: Option<RulesIn>,
}

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct RulesIn {
    #[serde(default)]
    stabilization_window_seconds: Option<i64>,
    #[serde(default)]
    select_policy: Option<String>,
    #[serde(default)]
    policies: Option<Vec<PolicyIn>>,
    #[serde(default)]
    tolerance: Option<f64>,
}

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct PolicyIn {
    r#type: String,
    value: i32,
    period_seconds: i64,
}

impl RulesIn {
    /// Rules as written, with the API's defaults for what is not.
    pub(crate) fn read(given: Option<&Self>, up: bool) -> Result<Rules<'static>, String> {
        let text = |error: plimsoll_core::error::ConfigError| error.to_string();
        let percent = |value| RatePolicy::new(Amount::Percent(value), Span::from_secs(15)).map_err(text);
        let mut policies = vec![percent(100)?];
        if up {
            policies.insert(0, RatePolicy::new(Amount::Pods(4), Span::from_secs(15)).map_err(text)?);
        }
        if let Some(given) = given.and_then(|rules| rules.policies.as_ref()) {
            policies.clear();
            for policy in given {
                let amount = match policy.r#type.as_str() {
                    "Pods" => Amount::Pods(policy.value),
                    "Percent" => Amount::Percent(policy.value),
                    other => return Err(format!("policy type {other}")),
                };
                policies.push(RatePolicy::new(amount, span(policy.period_seconds)?).map_err(text)?);
            }
        }
        let select = match given.and_then(|rules| rules.select_policy.as_deref()) {
            None | Some("Max") => Select::Max,
            Some("Min") => Select::Min,
            Some("Disabled") => Select::Disabled,
            Some(other) => return Err(format!("selectPolicy {other}")),
        };
        let mut rules = Rules::new(RateRules::new(select, leak(policies)).map_err(text)?);
        if let Some(seconds) = given.and_then(|rules| rules.stabilization_window_seconds) {
            rules = rules.with_window(span(seconds)?).map_err(text)?;
        }
        if let Some(tolerance) = given.and_then(|rules| rules.tolerance) {
            rules = rules.with_tolerance(quantity(tolerance)).map_err(text)?;
        }
        Ok(rules)
    }
}

/// The float that the controller makes of a tolerance, a quantity in the manifest: the mantissa of its canonical text
/// times a power of ten whose exponent is a multiple of three. 0.57 is 570 × 10⁻³ = 0.5700000000000001.
fn quantity(written: f64) -> f64 {
    let parts = [(1.0, 1.0), (1e3, 1e-3), (1e6, 1e-6), (1e9, 1e-9)];
    let fits = parts.iter().map(|(up, down)| ((written * up).round(), up, down)).find(|(m, up, _)| m / *up == written);
    fits.map_or(written, |(mantissa, up, down)| if *up == 1.0 { mantissa } else { mantissa * down })
}

/// The whole policy.
pub(crate) fn policy(spec: &Spec, controller: &ControllerIn, gates: &Gates) -> Result<Hpa<'static>, String> {
    let text = |error: plimsoll_core::error::ConfigError| error.to_string();
    let metrics = leak(spec.metrics.iter().map(MetricIn::read).collect::<Result<Vec<_>, _>>()?);
    let bounds = Bounds::new(spec.min_replicas.unwrap_or(1), spec.max_replicas).map_err(text)?;
    // 1.37 has no gate for tolerances any more; 1.36 is the same but for it.
    let profile = if gates.own_tolerances { Profile::V1_37 } else { Profile::V1_36 };
    let hpa = Hpa::new(bounds, metrics)
        .map_err(text)?
        .with_profile(profile)
        .with_scale_to_zero(gates.scale_to_zero)
        .with_own_tolerances(gates.own_tolerances)
        .with_pod_level_requests(gates.pod_level_resources)
        .with_controller(controller.read()?);
    Ok(match &spec.behavior {
        None => hpa,
        Some(behavior) => hpa.with_behavior(Behavior {
            up: RulesIn::read(behavior.scale_up.as_ref(), true)?,
            down: RulesIn::read(behavior.scale_down.as_ref(), false)?,
        }),
    })
}
