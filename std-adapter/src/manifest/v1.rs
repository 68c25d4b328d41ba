//! `autoscaling/v1` to v2. Version 1 has one field for CPU; all else of an autoscaler that was once v2 hides as JSON
//! in annotations. What cannot be converted exactly is refused by the annotation's name; upstream drops it silently.
//!
//! `current-metrics` and `status.currentCPUUtilizationPercentage` are not read: no decision looks at them.

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::document::{Fault, Node, Value};
use super::hpa::{
    Behavior, Condition, ContainerResourceMetric, ExternalMetric, HorizontalPodAutoscaler, KIND, Metadata, Metric,
    MetricName, MetricTarget, ObjectMetric, ObjectReference, PodsMetric, ResourceMetric, Spec, Status, V2,
};
use super::json;
use super::place::{Place, Strictness, time};
use super::quantity::Quantity;
use super::selector::LabelSelector;

const METRICS: &str = "autoscaling.alpha.kubernetes.io/metrics";
const BEHAVIOR: &str = "autoscaling.alpha.kubernetes.io/behavior";
const CONDITIONS: &str = "autoscaling.alpha.kubernetes.io/conditions";
const CURRENT_METRICS: &str = "autoscaling.alpha.kubernetes.io/current-metrics";

pub(super) fn read(place: Place<'_, '_>) -> Result<HorizontalPodAutoscaler, Fault> {
    let old = Autoscaler::deserialize(place).map_err(|fault| fault.within(&place))?;
    let mut metadata = old.metadata;
    let mut take = |name: &'static str| metadata.annotations.remove(name).map(|text| Annotation { name, text, place });
    let metrics: Option<Vec<OldMetric>> = take(METRICS).map(|note| note.read("spec.metrics")).transpose()?;
    let behavior: Option<Behavior> = take(BEHAVIOR).map(|note| note.read("spec.behavior")).transpose()?;
    let conditions: Option<Vec<Condition>> = take(CONDITIONS).map(|note| note.read("status.conditions")).transpose()?;
    take(CURRENT_METRICS);

    let mut metrics: Vec<Metric> = metrics.unwrap_or_default().into_iter().map(Metric::from).collect();
    // The CPU field comes last when there are annotated metrics.
    metrics.extend(old.spec.target_cpu_utilization_percentage.map(|percent| Metric {
        kind: "Resource".to_owned(),
        resource: Some(ResourceMetric { name: "cpu".to_owned(), target: target(None, None, Some(percent)) }),
        ..Metric::default()
    }));
    Ok(HorizontalPodAutoscaler {
        api_version: V2.to_owned(),
        kind: KIND.to_owned(),
        metadata,
        spec: Spec {
            scale_target_ref: old.spec.scale_target_ref,
            min_replicas: old.spec.min_replicas,
            max_replicas: old.spec.max_replicas,
            metrics,
            // Upstream takes an empty behavior here for none.
            behavior: behavior.filter(|behavior| *behavior != Behavior::default()),
        },
        status: Status {
            current_replicas: old.status.current_replicas,
            desired_replicas: old.status.desired_replicas,
            last_scale_time: old.status.last_scale_time,
            observed_generation: old.status.observed_generation,
            conditions: conditions.unwrap_or_default(),
            current_metrics: Vec::new(),
        },
    })
}

struct Annotation<'de, 'p> {
    name: &'static str,
    text: String,
    place: Place<'de, 'p>,
}

impl Annotation<'_, '_> {
    /// The JSON in it as a `T`. The controller of old wrote `behavior` with Go's own field names (`ScaleUp`).
    fn read<T: DeserializeOwned>(&self, instead: &str) -> Result<T, Fault> {
        let refuse = |what: &str| {
            let annotations = self.place.node.get("metadata").and_then(|metadata| metadata.get("annotations"));
            let line = annotations.map_or(self.place.node.line, |node| node.entry_line(self.name));
            let root = self.place.spot().path;
            let dot = if root.is_empty() { "" } else { "." };
            let message = format!(
                "the annotation {} of autoscaling/v1 cannot be converted: {what}; write \"apiVersion: {V2}\" with \
                 {instead} instead",
                self.name
            );
            Fault::new(message).at(format!("{root}{dot}metadata.annotations"), line)
        };
        let roots = json::read(&self.text).map_err(|refusal| refuse(&refusal.fault.message))?;
        let [root] = roots.as_slice() else {
            return Err(refuse("it holds more than one value"));
        };
        let mut root = root.clone();
        if self.name == BEHAVIOR {
            lower_first(&mut root);
        }
        let place = Place::root(&root, Strictness::Strict);
        T::deserialize(place).map_err(|fault| {
            let path = fault.at.as_ref().map_or("", |spot| spot.path.as_str());
            let colon = if path.is_empty() { "" } else { ": " };
            refuse(&format!("{path}{colon}{}", fault.message))
        })
    }
}

fn lower_first(node: &mut Node) {
    match &mut node.value {
        Value::List(nodes) => nodes.iter_mut().for_each(lower_first),
        Value::Map(entries) => {
            for entry in entries {
                if let Some(first) = entry.key.get_mut(..1) {
                    first.make_ascii_lowercase();
                }
                lower_first(&mut entry.node);
            }
        }
        _ => {}
    }
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
struct Autoscaler {
    #[serde(rename = "apiVersion")]
    _api_version: String,
    #[serde(rename = "kind")]
    _kind: String,
    metadata: Metadata,
    spec: OldSpec,
    status: OldStatus,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
struct OldSpec {
    scale_target_ref: ObjectReference,
    min_replicas: Option<i32>,
    max_replicas: i32,
    #[serde(rename = "targetCPUUtilizationPercentage")]
    target_cpu_utilization_percentage: Option<i32>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct OldStatus {
    current_replicas: i32,
    desired_replicas: i32,
    #[serde(deserialize_with = "time")]
    last_scale_time: Option<jiff::Timestamp>,
    observed_generation: Option<i64>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
struct OldMetric {
    #[serde(rename = "type")]
    kind: String,
    object: Option<OldObject>,
    pods: Option<OldPods>,
    resource: Option<OldResource>,
    container_resource: Option<OldContainerResource>,
    external: Option<OldExternal>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
struct OldObject {
    target: ObjectReference,
    metric_name: String,
    target_value: Option<Quantity>,
    selector: Option<LabelSelector>,
    average_value: Option<Quantity>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
struct OldPods {
    metric_name: String,
    target_average_value: Option<Quantity>,
    selector: Option<LabelSelector>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
struct OldResource {
    name: String,
    target_average_utilization: Option<i32>,
    target_average_value: Option<Quantity>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
struct OldContainerResource {
    name: String,
    container: String,
    target_average_utilization: Option<i32>,
    target_average_value: Option<Quantity>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
struct OldExternal {
    metric_name: String,
    metric_selector: Option<LabelSelector>,
    target_value: Option<Quantity>,
    target_average_value: Option<Quantity>,
}

impl From<OldMetric> for Metric {
    fn from(old: OldMetric) -> Self {
        Self {
            kind: old.kind,
            object: old.object.map(|old| ObjectMetric {
                described_object: old.target,
                metric: MetricName { name: old.metric_name, selector: old.selector },
                // The old value was no pointer in Go: zero beside an average means that it was not set.
                target: target(
                    old.target_value.filter(|value| old.average_value.is_none() || *value != Quantity::ZERO),
                    old.average_value,
                    None,
                ),
            }),
            pods: old.pods.map(|old| PodsMetric {
                metric: MetricName { name: old.metric_name, selector: old.selector },
                target: target(None, old.target_average_value, None),
            }),
            resource: old.resource.map(|old| ResourceMetric {
                name: old.name,
                target: target(None, old.target_average_value, old.target_average_utilization),
            }),
            container_resource: old.container_resource.map(|old| ContainerResourceMetric {
                name: old.name,
                container: old.container,
                target: target(None, old.target_average_value, old.target_average_utilization),
            }),
            external: old.external.map(|old| ExternalMetric {
                metric: MetricName { name: old.metric_name, selector: old.metric_selector },
                target: target(old.target_value, old.target_average_value, None),
            }),
        }
    }
}

/// Version 1 has no target type: it follows from what is set.
fn target(value: Option<Quantity>, average_value: Option<Quantity>, average_utilization: Option<i32>) -> MetricTarget {
    let kind = match (average_utilization, average_value) {
        (Some(_), _) => "Utilization",
        (None, Some(_)) => "AverageValue",
        (None, None) => "Value",
    };
    MetricTarget { kind: kind.to_owned(), value, average_value, average_utilization }
}
