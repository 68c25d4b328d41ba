//! A policy that owns what the core's borrows.

use std::fmt;

use plimsoll_core::constrain::{Amount, Bounds, RatePolicy, RateRules, Select};
use plimsoll_core::error::ConfigError;
use plimsoll_core::hpa::{Behavior, Controller, Hpa, Metric, MetricSource, Profile, Rules};
use plimsoll_core::units::{Milli, Span};

use crate::manifest::{self, Api, Gates, Release, Violation, fill};

/// What the API server and the controller are told by flags: release, gates, periods.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Settings {
    /// Release and gates.
    pub api: Api,
    /// The controller's flags.
    pub controller: Controller,
}

impl Default for Settings {
    /// The newest release with its default gates and flags.
    fn default() -> Self {
        Self { api: Api::of(Release::default()), controller: Controller::DEFAULT }
    }
}

/// The profile that answers like a release.
#[must_use]
pub const fn profile(release: Release) -> Profile {
    match release {
        Release::V1_32 => Profile::V1_32,
        Release::V1_33 => Profile::V1_33,
        Release::V1_34 => Profile::V1_34,
        Release::V1_35 => Profile::V1_35,
        Release::V1_36 => Profile::V1_36,
        Release::V1_37 => Profile::V1_37,
    }
}

/// A HorizontalPodAutoscaler's policy.
#[derive(Clone, Debug, PartialEq)]
pub struct Policy {
    spec: manifest::Spec,
    settings: Settings,
    up: Vec<RatePolicy>,
    down: Vec<RatePolicy>,
}

/// Why a spec is no policy.
#[derive(Clone, Debug, PartialEq)]
pub enum PolicyError {
    /// What the API server would refuse, all of it.
    Refused(Vec<Violation>),
    /// What the engine refuses.
    Config(ConfigError),
}

impl fmt::Display for PolicyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(violations) => {
                for (index, violation) in violations.iter().enumerate() {
                    write!(f, "{}{violation}", if index == 0 { "" } else { "; " })?;
                }
                Ok(())
            }
            Self::Config(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for PolicyError {}

impl From<ConfigError> for PolicyError {
    fn from(error: ConfigError) -> Self {
        Self::Config(error)
    }
}

impl Policy {
    /// Fills in the API's defaults, validates as the API server of the release does, and checks what the engine asks.
    ///
    /// # Errors
    /// Everything that the API server would refuse, with field and value.
    pub fn new(mut spec: manifest::Spec, settings: Settings) -> Result<Self, PolicyError> {
        fill(&mut spec);
        settings.api.drop_disabled(&mut spec, None);
        let violations = settings.api.validate_spec(&spec, None);
        if !violations.is_empty() {
            return Err(PolicyError::Refused(violations));
        }
        let behavior = spec.behavior.as_ref();
        let up = rates(behavior.and_then(|behavior| behavior.scale_up.as_ref()))?;
        let down = rates(behavior.and_then(|behavior| behavior.scale_down.as_ref()))?;
        let policy = Self { spec, settings, up, down };
        policy.build(|_| ())?;
        Ok(policy)
    }

    /// The spec, filled.
    #[must_use]
    pub const fn spec(&self) -> &manifest::Spec {
        &self.spec
    }

    /// Release, gates and flags.
    #[must_use]
    pub const fn settings(&self) -> Settings {
        self.settings
    }

    /// Lends the core's policy.
    ///
    /// # Panics
    /// Never: the same was built once when this was made.
    pub fn with<R>(&self, run: impl FnOnce(&Hpa<'_>) -> R) -> R {
        match self.build(run) {
            Ok(result) => result,
            Err(error) => unreachable!("built before: {error}"),
        }
    }

    /// The metrics, one line each: `cpu utilization, target 70 %`.
    #[must_use]
    pub fn metric_lines(&self) -> Vec<String> {
        self.spec.metrics.iter().map(metric_line).collect()
    }

    fn build<R>(&self, run: impl FnOnce(&Hpa<'_>) -> R) -> Result<R, ConfigError> {
        let metrics = self.spec.metrics.iter().map(metric).collect::<Result<Vec<_>, _>>()?;
        let bounds = Bounds::new(self.spec.min_replicas.unwrap_or(1), self.spec.max_replicas)?;
        let Settings { api, controller } = self.settings;
        let Gates { scale_to_zero, configurable_tolerance } = api.gates;
        let hpa = Hpa::new(bounds, &metrics)?
            .with_profile(profile(api.release))
            .with_scale_to_zero(scale_to_zero)
            .with_own_tolerances(configurable_tolerance)
            .with_controller(controller);
        let Some(manifest::Behavior { scale_up: Some(up), scale_down: Some(down) }) = &self.spec.behavior else {
            return Ok(run(&hpa));
        };
        let behavior = Behavior { up: rules(up, &self.up)?, down: rules(down, &self.down)? };
        Ok(run(&hpa.with_behavior(behavior)))
    }
}

/// The spec of an HPA as it stands inside another text (a scenario, a line of JSON), where its target may be left out.
/// `root` is its name there.
///
/// # Errors
/// The first field that does not fit, with its path and value.
pub fn inline_spec(given: &serde_json::Value, root: &str) -> Result<manifest::Spec, String> {
    let mut spec = given.clone();
    let object = spec.as_object_mut().ok_or_else(|| format!("{root} must be the spec of an HPA"))?;
    let target = serde_json::json!({ "apiVersion": "apps/v1", "kind": "Deployment", "name": "workload" });
    object.entry("scaleTargetRef").or_insert(target);
    let document = serde_json::json!({
        "apiVersion": "autoscaling/v2",
        "kind": manifest::KIND,
        "metadata": { "name": "workload" },
        "spec": spec,
    });
    // The path is that of the text around but for its first word; the line is of a text that nobody wrote.
    let loaded = manifest::load(root, document.to_string().as_bytes())
        .map_err(|error| format!("{}: {}", error.path.replacen("spec", root, 1), error.message))?;
    loaded.hpas.into_iter().next().map(|loaded| loaded.hpa.spec).ok_or_else(|| format!("{root} is empty"))
}

fn rates(given: Option<&manifest::ScalingRules>) -> Result<Vec<RatePolicy>, ConfigError> {
    let policies = given.and_then(|rules| rules.policies.as_deref()).unwrap_or_default();
    policies
        .iter()
        .map(|policy| {
            let amount =
                if policy.kind == "Percent" { Amount::Percent(policy.value) } else { Amount::Pods(policy.value) };
            RatePolicy::new(amount, seconds(policy.period_seconds))
        })
        .collect()
}

fn rules<'a>(given: &manifest::ScalingRules, rates: &'a [RatePolicy]) -> Result<Rules<'a>, ConfigError> {
    let select = match given.select_policy.as_deref() {
        Some("Min") => Select::Min,
        Some("Disabled") => Select::Disabled,
        _ => Select::Max,
    };
    let mut rules = Rules::new(RateRules::new(select, rates)?);
    if let Some(window) = given.stabilization_window_seconds {
        rules = rules.with_window(seconds(window))?;
    }
    if let Some(tolerance) = given.tolerance {
        rules = rules.with_tolerance(tolerance.as_tolerance())?;
    }
    Ok(rules)
}

fn seconds(seconds: i32) -> Span {
    Span::from_secs(u64::try_from(seconds).unwrap_or(0))
}

/// Which of a target's fields counts depends on the kind of metric, and only for Object on the kind that it names.
fn metric(given: &manifest::Metric) -> Result<Metric<'_>, ConfigError> {
    fn milli(quantity: Option<manifest::Quantity>) -> Option<Milli> {
        quantity.map(|quantity| Milli(quantity.milli()))
    }
    fn of_pods<'a>(source: MetricSource<'a>, target: &manifest::MetricTarget) -> Result<Metric<'a>, ConfigError> {
        match (milli(target.average_value), target.average_utilization) {
            (Some(value), _) => source.average_value(value),
            (None, Some(percent)) => source.utilization(percent),
            (None, None) => Ok(source.unusable()),
        }
    }
    if let Some(resource) = &given.resource {
        return of_pods(Metric::resource(&resource.name), &resource.target);
    }
    if let Some(resource) = &given.container_resource {
        return of_pods(Metric::container_resource(&resource.name, &resource.container), &resource.target);
    }
    if let Some(pods) = &given.pods {
        let source = Metric::pods(&pods.metric.name);
        return milli(pods.target.average_value).map_or(Ok(source.unusable()), |value| source.average_value(value));
    }
    if let Some(object) = &given.object {
        let source = Metric::object(&object.metric.name);
        return match object.target.kind.as_str() {
            "Value" => milli(object.target.value).map_or(Ok(source.unusable()), |value| source.value(value)),
            "AverageValue" => {
                milli(object.target.average_value).map_or(Ok(source.unusable()), |value| source.average_value(value))
            }
            _ => Ok(source.unusable()),
        };
    }
    if let Some(external) = &given.external {
        let source = Metric::external(&external.metric.name);
        return match (milli(external.target.average_value), milli(external.target.value)) {
            (Some(value), _) => source.average_value(value),
            (None, Some(value)) => source.value(value),
            (None, None) => Ok(source.unusable()),
        };
    }
    Ok(Metric::unknown(&given.kind))
}

fn metric_line(given: &manifest::Metric) -> String {
    let target =
        |target: &manifest::MetricTarget| match (target.average_utilization, target.average_value, target.value) {
            (Some(percent), ..) => format!("target {percent} %"),
            (None, Some(value), _) => format!("target {value} per pod"),
            (None, None, Some(value)) => format!("target {value}"),
            (None, None, None) => "no target".to_owned(),
        };
    if let Some(resource) = &given.resource {
        let kind = if resource.target.average_utilization.is_some() { " utilization" } else { "" };
        return format!("{}{kind}, {}", resource.name, target(&resource.target));
    }
    if let Some(resource) = &given.container_resource {
        let kind = if resource.target.average_utilization.is_some() { " utilization" } else { "" };
        return format!("{}{kind} of container {}, {}", resource.name, resource.container, target(&resource.target));
    }
    if let Some(pods) = &given.pods {
        return format!("{}, {}", pods.metric.name, target(&pods.target));
    }
    if let Some(object) = &given.object {
        let whose = &object.described_object;
        return format!("{} of {} {}, {}", object.metric.name, whose.kind, whose.name, target(&object.target));
    }
    if let Some(external) = &given.external {
        return format!("{} (external), {}", external.metric.name, target(&external.target));
    }
    format!("metric of unknown type {}", given.kind)
}
