//! `autoscaling/v2` HorizontalPodAutoscaler as plain types, read from v2 or from what of `autoscaling/v1` converts
//! without loss (`v1.rs`).
//!
//! The types hold what a user may write, right or wrong: `validate.rs` says what the API server would refuse. An
//! absent text is empty, an absent object is `None`. Unknown fields are refused in the spec and passed over in
//! metadata and status.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::document::{Document, Fault, LoadError, Node, quoted};
use super::object::text;
use super::place::{Place, Strictness, time};
use super::quantity::Quantity;
use super::selector::{LabelSelector, Labels};
use super::v1;

/// The autoscaler of one workload.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub struct HorizontalPodAutoscaler {
    /// Always `autoscaling/v2` after reading.
    pub api_version: String,
    /// `HorizontalPodAutoscaler`.
    pub kind: String,
    /// Name, namespace, labels.
    pub metadata: Metadata,
    /// What is wished for.
    pub spec: Spec,
    /// What the controller wrote last.
    pub status: Status,
}

impl HorizontalPodAutoscaler {
    /// Reads a whole document.
    ///
    /// # Errors
    ///
    /// Names file, document, line, path and value: another kind or version, an unknown field in the spec, a value of
    /// the wrong type, an annotation of `autoscaling/v1` that cannot be converted.
    pub fn from_document(document: &Document) -> Result<Self, LoadError> {
        let root = &document.root;
        let kind = text(root, "kind").unwrap_or("");
        if kind != KIND {
            let message = format!("expected a {KIND}, found the kind {}", quoted(kind));
            return Err(document.error(Fault::new(message).at_line(root.entry_line("kind"))));
        }
        let version = text(root, "apiVersion").unwrap_or("");
        read(root, "", version, Strictness::Strict).map_err(|fault| document.error(fault))
    }
}

/// The metadata that matters for a decision.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Metadata {
    /// Unique within kind and namespace.
    pub name: String,
    /// `default` where the text says nothing, as `kubectl` has it.
    #[serde(deserialize_with = "namespace")]
    pub namespace: String,
    /// Labels.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: Labels,
    /// Annotations; those that carry parts of `autoscaling/v1` are gone after reading.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,
    /// Counts changes of the spec.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub generation: Option<i64>,
    /// When it was made.
    #[serde(deserialize_with = "time", skip_serializing_if = "Option::is_none")]
    pub creation_timestamp: Option<jiff::Timestamp>,
    /// When its deletion was asked for; still there until it is done.
    #[serde(deserialize_with = "time", skip_serializing_if = "Option::is_none")]
    pub deletion_timestamp: Option<jiff::Timestamp>,
}

impl Default for Metadata {
    fn default() -> Self {
        Self {
            name: String::new(),
            namespace: DEFAULT_NAMESPACE.to_owned(),
            labels: Labels::new(),
            annotations: BTreeMap::new(),
            generation: None,
            creation_timestamp: None,
            deletion_timestamp: None,
        }
    }
}

/// `spec` of an autoscaler.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub struct Spec {
    /// The workload to scale.
    pub scale_target_ref: ObjectReference,
    /// Lower limit; 1 when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_replicas: Option<i32>,
    /// Upper limit, at least 1.
    pub max_replicas: i32,
    /// What to look at; CPU at 80 % when empty.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub metrics: Vec<Metric>,
    /// Windows and rates; absent is not the same as empty.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub behavior: Option<Behavior>,
}

/// An object in the autoscaler's namespace.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub struct ObjectReference {
    /// Such as `apps/v1`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub api_version: String,
    /// Such as `Deployment`.
    pub kind: String,
    /// Its name.
    pub name: String,
}

/// One entry of `spec.metrics`: `type` names the one source that is filled.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub struct Metric {
    /// `Resource`, `ContainerResource`, `Pods`, `Object` or `External`.
    #[serde(rename = "type")]
    pub kind: String,
    /// A number about another object.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub object: Option<ObjectMetric>,
    /// A number per pod.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pods: Option<PodsMetric>,
    /// CPU, memory … of whole pods.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resource: Option<ResourceMetric>,
    /// CPU, memory … of one container in each pod.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub container_resource: Option<ContainerResourceMetric>,
    /// Numbers from outside the cluster.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub external: Option<ExternalMetric>,
}

/// A number about another object.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub struct ObjectMetric {
    /// The object.
    pub described_object: ObjectReference,
    /// Which number.
    pub metric: MetricName,
    /// What it should be.
    pub target: MetricTarget,
}

/// A number per pod.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub struct PodsMetric {
    /// Which number.
    pub metric: MetricName,
    /// What it should be.
    pub target: MetricTarget,
}

/// A resource of whole pods.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub struct ResourceMetric {
    /// `cpu`, `memory` …
    pub name: String,
    /// What its use should be.
    pub target: MetricTarget,
}

/// A resource of one container in each pod.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub struct ContainerResourceMetric {
    /// `cpu`, `memory` …
    pub name: String,
    /// The container's name.
    pub container: String,
    /// What its use should be.
    pub target: MetricTarget,
}

/// Numbers from outside the cluster.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub struct ExternalMetric {
    /// Which numbers.
    pub metric: MetricName,
    /// What their sum should be.
    pub target: MetricTarget,
}

/// A metric's name, and which of its series.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub struct MetricName {
    /// The name.
    pub name: String,
    /// Absent: all series.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub selector: Option<LabelSelector>,
}

/// What a metric should be; `type` and the filled field need not agree, the filled field decides.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub struct MetricTarget {
    /// `Utilization`, `Value` or `AverageValue`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The whole.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<Quantity>,
    /// Per pod.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub average_value: Option<Quantity>,
    /// Percent of the request, per pod.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub average_utilization: Option<i32>,
}

/// `spec.behavior`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub struct Behavior {
    /// Rules for growing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scale_up: Option<ScalingRules>,
    /// Rules for shrinking.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scale_down: Option<ScalingRules>,
}

/// Rules of one direction.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub struct ScalingRules {
    /// Seconds, 0 to 3600.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stabilization_window_seconds: Option<i32>,
    /// `Max`, `Min` or `Disabled`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub select_policy: Option<String>,
    /// Absent is filled with defaults, empty is refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub policies: Option<Vec<ScalingPolicy>>,
    /// A ratio, 0.1 for 10 %; absent is the controller's flag.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tolerance: Option<Quantity>,
}

/// One rate.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub struct ScalingPolicy {
    /// `Pods` or `Percent`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Pods or percent, above 0.
    pub value: i32,
    /// Seconds, 1 to 1800.
    pub period_seconds: i32,
}

/// `status` of an autoscaler.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Status {
    /// Of the workload's spec, as last seen.
    pub current_replicas: i32,
    /// As last decided.
    pub desired_replicas: i32,
    /// When the workload was last changed.
    #[serde(deserialize_with = "time", skip_serializing_if = "Option::is_none")]
    pub last_scale_time: Option<jiff::Timestamp>,
    /// The generation that was decided on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// In the controller's order.
    pub conditions: Vec<Condition>,
    /// The metrics as last read; empty after reading `autoscaling/v1`.
    pub current_metrics: Vec<MetricStatus>,
}

/// One condition of the status.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Condition {
    /// `AbleToScale`, `ScalingActive`, `ScalingLimited`, `ScaledToZero`.
    #[serde(rename = "type")]
    pub kind: String,
    /// `True`, `False` or `Unknown`.
    pub status: String,
    /// When the status last changed.
    #[serde(deserialize_with = "time", skip_serializing_if = "Option::is_none")]
    pub last_transition_time: Option<jiff::Timestamp>,
    /// One word.
    pub reason: String,
    /// One sentence.
    pub message: String,
    /// Never set by the HPA controller.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
}

/// One metric as last read by the controller.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct MetricStatus {
    /// As in the spec.
    #[serde(rename = "type")]
    pub kind: String,
    /// For `Object`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub object: Option<CurrentMetric>,
    /// For `Pods`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pods: Option<CurrentMetric>,
    /// For `Resource`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resource: Option<CurrentMetric>,
    /// For `ContainerResource`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub container_resource: Option<CurrentMetric>,
    /// For `External`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub external: Option<CurrentMetric>,
}

impl MetricStatus {
    /// The values, of whatever kind the metric is.
    pub fn current(&self) -> Option<&CurrentValue> {
        let sources = [&self.object, &self.pods, &self.resource, &self.container_resource, &self.external];
        sources.into_iter().flatten().next().map(|metric| &metric.current)
    }
}

/// The value of a metric, with what names it; which fields are filled depends on the source.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct CurrentMetric {
    /// The resource.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// The container.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub container: String,
    /// The metric.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metric: Option<MetricName>,
    /// The object.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub described_object: Option<ObjectReference>,
    /// The value.
    pub current: CurrentValue,
}

/// A metric's value in the forms that targets have.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct CurrentValue {
    /// The whole.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<Quantity>,
    /// Per pod.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub average_value: Option<Quantity>,
    /// Percent of the request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub average_utilization: Option<i32>,
}

/// The kind of an autoscaler.
pub const KIND: &str = "HorizontalPodAutoscaler";
pub(super) const V2: &str = "autoscaling/v2";

/// Reads the object at `path`, whose version it may have from the list around it.
pub(super) fn read(
    node: &Node,
    path: &str,
    version: &str,
    strictness: Strictness<'_>,
) -> Result<HorizontalPodAutoscaler, Fault> {
    let place = Place::at(node, path, strictness);
    let refuse = |message: String| {
        let dot = if path.is_empty() { "" } else { "." };
        Err(Fault::new(message).at(format!("{path}{dot}apiVersion"), node.entry_line("apiVersion")))
    };
    match version {
        V2 => HorizontalPodAutoscaler::deserialize(place)
            .map(|hpa| HorizontalPodAutoscaler { api_version: V2.to_owned(), kind: KIND.to_owned(), ..hpa })
            .map_err(|fault| fault.within(&place)),
        "autoscaling/v1" => v1::read(place),
        "autoscaling/v2beta2" => refuse(format!(
            "{version} is gone since Kubernetes 1.26: write \"apiVersion: {V2}\", the fields are the same"
        )),
        "autoscaling/v2beta1" => refuse(format!(
            "{version} is gone since Kubernetes 1.25: write \"apiVersion: {V2}\", with each metric's name under \
                 \"metric\" and its targetAverageUtilization, targetAverageValue or targetValue under \"target\""
        )),
        "" => refuse(format!("is missing: write \"apiVersion: {V2}\"")),
        _ => refuse(format!("{} is no version of a {KIND}: write \"apiVersion: {V2}\"", quoted(version))),
    }
}

/// Where objects live that do not say where.
pub(super) const DEFAULT_NAMESPACE: &str = "default";

fn namespace<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let text = String::deserialize(deserializer)?;
    Ok(if text.is_empty() { DEFAULT_NAMESPACE.to_owned() } else { text })
}
