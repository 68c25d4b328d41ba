//! What the API server refuses, with its field paths and its words. Validation looks at a filled spec (`fill`).
//! Source: `pkg/apis/autoscaling/validation` of Kubernetes 1.32 to 1.37.

use std::cmp::Ordering;
use std::fmt;

use super::defaults::{Gates, Release};
use super::hpa::{
    Behavior, ContainerResourceMetric, ExternalMetric, HorizontalPodAutoscaler, Metric, MetricName, MetricTarget,
    ObjectMetric, ObjectReference, PodsMetric, ResourceMetric, ScalingPolicy, ScalingRules, Spec, Status,
};
use super::names;
use super::quantity::Quantity;

/// An API server: its release and its gates. The default is 1.37 without flags.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Api {
    /// The release.
    pub release: Release,
    /// Its gates, usually `Gates::of(release)`.
    pub gates: Gates,
}

/// One thing that the API server refuses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// Such as `spec.metrics[0].resource.target.averageUtilization`.
    pub field: String,
    /// What sort of thing.
    pub kind: ViolationKind,
    /// The value that stands there, texts in quotes; empty for `Required` and `Forbidden`.
    pub value: String,
    /// What it must be.
    pub message: String,
}

/// The sorts of violations that Kubernetes knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ViolationKind {
    /// Absent, and must not be.
    Required,
    /// Not one of the good values.
    Invalid,
    /// Not one of the known words.
    NotSupported,
    /// Present, and must not be.
    Forbidden,
}

/// As the API server prints it: `spec.maxReplicas: Invalid value: -1: must be …`
impl fmt::Display for Violation {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { field, value, message, .. } = self;
        match self.kind {
            ViolationKind::Required if message.is_empty() => write!(out, "{field}: Required value"),
            ViolationKind::Required => write!(out, "{field}: Required value: {message}"),
            ViolationKind::Invalid => write!(out, "{field}: Invalid value: {value}: {message}"),
            ViolationKind::NotSupported => {
                write!(out, "{field}: Unsupported value: {value}: {message}")
            }
            ViolationKind::Forbidden => write!(out, "{field}: Forbidden: {message}"),
        }
    }
}

impl Api {
    /// The API server of a release, with its default gates.
    pub const fn of(release: Release) -> Self {
        Self { release, gates: Gates::of(release) }
    }

    /// Judges a filled autoscaler; `old` is the object that it replaces, in an update. Its status is judged by
    /// `validate_status`, since the API server takes spec and status apart.
    pub fn validate(&self, hpa: &HorizontalPodAutoscaler, old: Option<&HorizontalPodAutoscaler>) -> Vec<Violation> {
        let mut found = Found::default();
        if hpa.metadata.name.is_empty() {
            found.required("metadata.name".to_owned(), "name or generateName is required");
        }
        self.spec(&hpa.spec, old.map(|old| &old.spec), "spec", &mut found);
        found.0
    }

    /// Judges a filled spec, with paths that start below it (`maxReplicas`).
    pub fn validate_spec(&self, spec: &Spec, old: Option<&Spec>) -> Vec<Violation> {
        let mut found = Found::default();
        self.spec(spec, old, "", &mut found);
        found.0
    }

    /// Judges one metric, with paths that start below it (`resource.name`).
    pub fn validate_metric(&self, metric: &Metric) -> Vec<Violation> {
        let mut found = Found::default();
        self.metric(metric, self.checks_versions(), "", &mut found);
        found.0
    }

    /// Judges the filled rules of one direction, with paths that start below them (`policies[0].value`).
    pub fn validate_rules(&self, rules: &ScalingRules, old: Option<&ScalingRules>) -> Vec<Violation> {
        let mut found = Found::default();
        let tolerance = self.gates.configurable_tolerance || old.is_some_and(|old| old.tolerance.is_some());
        scaling_rules(rules, tolerance, "", &mut found);
        found.0
    }

    /// Judges a status that is being written, with paths that start at `status`.
    pub fn validate_status(&self, status: &Status) -> Vec<Violation> {
        let mut found = Found::default();
        let numbers = [
            ("status.currentReplicas".to_owned(), i64::from(status.current_replicas)),
            ("status.desiredReplicas".to_owned(), i64::from(status.desired_replicas)),
        ];
        let conditions = status.conditions.iter().enumerate().filter_map(|(index, condition)| {
            let field = format!("status.conditions[{index}].observedGeneration");
            condition.observed_generation.map(|number| (field, number))
        });
        for (field, number) in numbers.into_iter().chain(conditions) {
            if number < 0 {
                found.invalid(field, number, "must be greater than or equal to 0");
            }
        }
        found.0
    }

    /// Takes out what the gates of this server drop before validation: tolerances, unless the old object has one.
    pub fn drop_disabled(&self, spec: &mut Spec, old: Option<&Spec>) {
        if self.hears_tolerance(old) {
            return;
        }
        if let Some(behavior) = &mut spec.behavior {
            for rules in [&mut behavior.scale_up, &mut behavior.scale_down].into_iter().flatten() {
                rules.tolerance = None;
            }
        }
    }

    fn hears_tolerance(&self, old: Option<&Spec>) -> bool {
        let in_use = |behavior: &Behavior| {
            let rules = [&behavior.scale_up, &behavior.scale_down].into_iter().flatten();
            rules.into_iter().any(|rules| rules.tolerance.is_some())
        };
        self.gates.configurable_tolerance || old.and_then(|old| old.behavior.as_ref()).is_some_and(in_use)
    }

    /// apiVersions of references are looked at since 1.34.
    fn checks_versions(&self) -> bool {
        self.release >= Release::V1_34
    }

    fn spec(&self, spec: &Spec, old: Option<&Spec>, path: &str, found: &mut Found) {
        let min = spec.min_replicas;
        let max = spec.max_replicas;
        let to_zero = self.gates.scale_to_zero || old.is_some_and(|old| old.min_replicas == Some(0));
        let bound = i32::from(!to_zero);
        if let Some(min) = min.filter(|min| *min < bound) {
            let message = format!("must be greater than or equal to {bound}");
            found.invalid(child(path, "minReplicas"), min, &message);
        }
        let field = || child(path, "maxReplicas");
        if self.release < Release::V1_36 && max < 1 {
            found.invalid(field(), max, "must be greater than 0");
        } else if max == 0 {
            found.required(field(), "must be set and greater than 0");
        } else if max < 0 {
            found.invalid(field(), max, "must be greater than or equal to 1");
        }
        if min.is_some_and(|min| max < min) {
            found.invalid(field(), max, "must be greater than or equal to `minReplicas`");
        }
        self.target(spec, old, &child(path, "scaleTargetRef"), found);
        self.metrics(spec, old, &child(path, "metrics"), found);
        if let Some(behavior) = &spec.behavior {
            let tolerance = self.hears_tolerance(old);
            let path = child(path, "behavior");
            for (name, rules) in [("scaleUp", &behavior.scale_up), ("scaleDown", &behavior.scale_down)] {
                if let Some(rules) = rules {
                    scaling_rules(rules, tolerance, &child(&path, name), found);
                }
            }
        }
    }

    fn target(&self, spec: &Spec, old: Option<&Spec>, path: &str, found: &mut Found) {
        let target = &spec.scale_target_ref;
        reference(target, path, found);
        // An update may keep a version that an older release let through.
        let kept = old.is_some_and(|old| {
            let old = &old.scale_target_ref;
            old.kind == target.kind && old.api_version == target.api_version
        });
        if !self.checks_versions() || kept {
            return;
        }
        let refusal = match names::api_group(&target.api_version) {
            Ok("") if target.kind != "ReplicationController" => "apiVersion must specify API group".to_owned(),
            Ok(_) => return,
            Err(message) => message,
        };
        found.invalid_text(child(path, "apiVersion"), &target.api_version, &refusal);
    }

    fn metrics(&self, spec: &Spec, old: Option<&Spec>, path: &str, found: &mut Found) {
        let old_was_wrong = old.is_some_and(|old| {
            let objects = old.metrics.iter().filter_map(|metric| metric.object.as_ref());
            objects.into_iter().any(|object| names::api_group(&object.described_object.api_version).is_err())
        });
        let versions = self.checks_versions() && !old_was_wrong;
        for (index, metric) in spec.metrics.iter().enumerate() {
            self.metric(metric, versions, &format!("{path}[{index}]"), found);
        }
        // From zero pods only a metric that does not come from pods can lead back.
        let outside = spec.metrics.iter().any(|m| m.kind == "Object" || m.kind == "External");
        if spec.min_replicas == Some(0) && !outside {
            found.forbidden(
                path.to_owned(),
                "must specify at least one Object or External metric to support scaling to zero replicas",
            );
        }
    }

    fn metric(&self, metric: &Metric, versions: bool, path: &str, found: &mut Found) {
        const KINDS: [&str; 5] = ["ContainerResource", "External", "Object", "Pods", "Resource"];
        let kind = child(path, "type");
        let known = KINDS.contains(&metric.kind.as_str());
        if metric.kind.is_empty() {
            found.required(kind.clone(), "must specify a metric source type");
        }
        if !known {
            found.not_supported(kind.clone(), &metric.kind, &KINDS);
        }

        // Upstream looks only into the first source that is filled, in this order.
        let mut filled: Vec<&str> = Vec::new();
        if let Some(source) = &metric.object {
            filled.push("object");
            object_source(source, versions, &child(path, "object"), found);
        }
        if let Some(source) = &metric.external {
            filled.push("external");
            if filled.len() == 1 {
                external_source(source, &child(path, "external"), found);
            }
        }
        if let Some(source) = &metric.pods {
            filled.push("pods");
            if filled.len() == 1 {
                pods_source(source, &child(path, "pods"), found);
            }
        }
        if let Some(source) = &metric.resource {
            filled.push("resource");
            if filled.len() == 1 {
                resource_source(source, &child(path, "resource"), found);
            }
        }
        if let Some(source) = &metric.container_resource {
            filled.push("containerResource");
            if filled.len() == 1 {
                container_resource_source(source, &child(path, "containerResource"), found);
            }
        }

        let expected = match metric.kind.as_str() {
            "Object" => "object",
            "External" => "external",
            "Pods" => "pods",
            "Resource" => "resource",
            "ContainerResource" => "containerResource",
            _ => "",
        };
        if !known {
            found.not_supported(kind, &metric.kind, &KINDS);
        } else if !filled.contains(&expected) {
            let message = "must populate information for the given metric source";
            found.required(child(path, expected), message);
        }
        // A single wrong source is not forbidden: the missing right one has been named.
        if filled.len() != 1 {
            for other in filled.into_iter().filter(|source| *source != expected) {
                found.forbidden(child(path, other), "must populate the given metric source only");
            }
        }
    }
}

fn object_source(source: &ObjectMetric, versions: bool, path: &str, found: &mut Found) {
    let object = child(path, "describedObject");
    reference(&source.described_object, &object, found);
    let version = &source.described_object.api_version;
    if let Some(message) = names::api_group(version).err().filter(|_| versions) {
        found.invalid_text(child(&object, "apiVersion"), version, &message);
    }
    metric_name(&source.metric, path, found);
    let target = metric_target(&source.target, path, found);
    if source.target.value.is_none() && source.target.average_value.is_none() {
        found.required(child(&target, "averageValue"), "must set either a target value or averageValue");
    }
}

fn external_source(source: &ExternalMetric, path: &str, found: &mut Found) {
    metric_name(&source.metric, path, found);
    let target = metric_target(&source.target, path, found);
    match (source.target.value, source.target.average_value) {
        (None, None) => found
            .required(child(&target, "averageValue"), "must set either a target value for metric or a per-pod target"),
        (Some(_), Some(_)) => {
            found.forbidden(child(&target, "value"), "may not set both a target value for metric and a per-pod target");
        }
        _ => {}
    }
}

fn pods_source(source: &PodsMetric, path: &str, found: &mut Found) {
    metric_name(&source.metric, path, found);
    let target = metric_target(&source.target, path, found);
    if !source.target.average_value.is_some_and(is_positive) {
        found.required(child(&target, "averageValue"), "must specify a positive target averageValue");
    }
}

fn resource_source(source: &ResourceMetric, path: &str, found: &mut Found) {
    if source.name.is_empty() {
        found.required(child(path, "name"), "must specify a resource name");
    }
    resource_target(&source.target, path, found);
}

fn container_resource_source(source: &ContainerResourceMetric, path: &str, found: &mut Found) {
    if source.name.is_empty() {
        found.required(child(path, "name"), "must specify a resource name");
    } else {
        for message in names::container_resource(&source.name) {
            found.invalid_text(child(path, "name"), &source.name, &message);
        }
    }
    if source.container.is_empty() {
        found.required(child(path, "container"), "must specify a container");
    } else {
        for message in names::dns_label(&source.container) {
            found.invalid_text(child(path, "container"), &source.container, &message);
        }
    }
    resource_target(&source.target, path, found);
}

fn resource_target(target: &MetricTarget, path: &str, found: &mut Found) {
    let path = metric_target(target, path, found);
    match (target.average_utilization, target.average_value) {
        (None, None) => found
            .required(child(&path, "averageUtilization"), "must set either a target raw value or a target utilization"),
        (Some(_), Some(_)) => found
            .forbidden(child(&path, "averageValue"), "may not set both a target raw value and a target utilization"),
        _ => {}
    }
}

/// Gives the path of the target.
fn metric_target(target: &MetricTarget, path: &str, found: &mut Found) -> String {
    let path = child(path, "target");
    if target.kind.is_empty() {
        found.required(child(&path, "type"), "must specify a metric target type");
    }
    if !["Utilization", "Value", "AverageValue"].contains(&target.kind.as_str()) {
        let message = "must be either Utilization, Value, or AverageValue";
        found.invalid_text(child(&path, "type"), &target.kind, message);
    }
    for (name, value) in [("value", target.value), ("averageValue", target.average_value)] {
        if let Some(value) = value.filter(|value| !is_positive(*value)) {
            found.invalid_text(child(&path, name), &value.to_string(), "must be positive");
        }
    }
    if let Some(percent) = target.average_utilization.filter(|percent| *percent < 1) {
        found.invalid(child(&path, "averageUtilization"), percent, "must be greater than 0");
    }
    path
}

fn metric_name(metric: &MetricName, path: &str, found: &mut Found) {
    let field = child(&child(path, "metric"), "name");
    if metric.name.is_empty() {
        found.required(field, "must specify a metric name");
        return;
    }
    for message in names::path_segment(&metric.name) {
        found.invalid_text(field.clone(), &metric.name, &message);
    }
}

fn reference(object: &ObjectReference, path: &str, found: &mut Found) {
    for (name, value) in [("kind", &object.kind), ("name", &object.name)] {
        if value.is_empty() {
            found.required(child(path, name), "");
        }
        for message in names::path_segment(value) {
            found.invalid_text(child(path, name), value, &message);
        }
    }
}

fn scaling_rules(rules: &ScalingRules, tolerance: bool, path: &str, found: &mut Found) {
    if let Some(window) = rules.stabilization_window_seconds {
        let field = child(path, "stabilizationWindowSeconds");
        if window < 0 {
            found.invalid(field, window, "must be greater than or equal to zero");
        } else if window > 3600 {
            found.invalid(field, window, "must be less than or equal to 3600");
        }
    }
    if let Some(policy) = &rules.select_policy {
        const POLICIES: [&str; 3] = ["Disabled", "Max", "Min"];
        if !POLICIES.contains(&policy.as_str()) {
            found.not_supported(child(path, "selectPolicy"), policy, &POLICIES);
        }
    }
    let policies = rules.policies.as_deref().unwrap_or(&[]);
    let field = child(path, "policies");
    if policies.is_empty() {
        found.required(field.clone(), "must specify at least one Policy");
    }
    for (index, policy) in policies.iter().enumerate() {
        scaling_policy(policy, &format!("{field}[{index}]"), found);
    }
    if let Some(ratio) = rules.tolerance.filter(|ratio| tolerance && ratio.sign() == Ordering::Less) {
        let message = "must be greater than or equal to 0";
        found.invalid_text(child(path, "tolerance"), &ratio.to_string(), message);
    }
}

fn scaling_policy(policy: &ScalingPolicy, path: &str, found: &mut Found) {
    const KINDS: [&str; 2] = ["Percent", "Pods"];
    if !KINDS.contains(&policy.kind.as_str()) {
        found.not_supported(child(path, "type"), &policy.kind, &KINDS);
    }
    if policy.value <= 0 {
        found.invalid(child(path, "value"), policy.value, "must be greater than zero");
    }
    let field = child(path, "periodSeconds");
    if policy.period_seconds <= 0 {
        found.invalid(field, policy.period_seconds, "must be greater than zero");
    } else if policy.period_seconds > 1800 {
        found.invalid(field, policy.period_seconds, "must be less than or equal to 1800");
    }
}

fn is_positive(value: Quantity) -> bool {
    value.sign() == Ordering::Greater
}

fn child(path: &str, name: &str) -> String {
    if path.is_empty() {
        return name.to_owned();
    }
    format!("{path}.{name}")
}

/// The violations so far, in upstream's order.
#[derive(Default)]
struct Found(Vec<Violation>);

impl Found {
    fn add(&mut self, field: String, kind: ViolationKind, value: String, message: String) {
        self.0.push(Violation { field, kind, value, message });
    }

    fn required(&mut self, field: String, message: &str) {
        self.add(field, ViolationKind::Required, String::new(), message.to_owned());
    }

    fn forbidden(&mut self, field: String, message: &str) {
        self.add(field, ViolationKind::Forbidden, String::new(), message.to_owned());
    }

    fn invalid(&mut self, field: String, value: impl Into<i64>, message: &str) {
        let value = value.into().to_string();
        self.add(field, ViolationKind::Invalid, value, message.to_owned());
    }

    fn invalid_text(&mut self, field: String, value: &str, message: &str) {
        self.add(field, ViolationKind::Invalid, format!("{value:?}"), message.to_owned());
    }

    fn not_supported(&mut self, field: String, value: &str, known: &[&str]) {
        let known: Vec<String> = known.iter().map(|word| format!("{word:?}")).collect();
        let message = format!("supported values: {}", known.join(", "));
        self.add(field, ViolationKind::NotSupported, format!("{value:?}"), message);
    }
}
