//! `keda.sh/v1alpha1` ScaledObject and ScaledJob as plain types. What the texts in a trigger's metadata mean says
//! `keda.rs`; what a whole object means, the engine.

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::document::{Document, Fault, LoadError, quoted};
use super::hpa::{Behavior, Condition, Metadata};
use super::object::{Object, named, objects};
use super::place::{Place, Strictness, time};

/// The kinds' names.
pub const SCALED_OBJECT: &str = "ScaledObject";
/// See [`SCALED_OBJECT`].
pub const SCALED_JOB: &str = "ScaledJob";

/// A workload scaled by triggers.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct ScaledObject {
    /// Name, namespace, annotations.
    pub metadata: Metadata,
    /// What is wished for.
    pub spec: ScaledObjectSpec,
    /// What the operator wrote last.
    pub status: ScaledStatus,
}

/// `spec` of a ScaledObject.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub struct ScaledObjectSpec {
    /// The workload to scale.
    pub scale_target_ref: TargetReference,
    /// Seconds between two reads of the activation loop; 30 when absent.
    pub polling_interval: Option<i32>,
    /// Seconds from the last activity to rest; 300 when absent.
    pub cooldown_period: Option<i32>,
    /// Seconds from creation to rest, while nothing was ever active; 0 when absent.
    pub initial_cooldown_period: Option<i32>,
    /// Replicas at rest, instead of the minimum.
    pub idle_replica_count: Option<i32>,
    /// 0 when absent.
    pub min_replica_count: Option<i32>,
    /// 100 when absent.
    pub max_replica_count: Option<i32>,
    /// What holds when a trigger fails for too long.
    pub fallback: Option<Fallback>,
    /// Formula, and the HPA's behavior.
    pub advanced: Option<Advanced>,
    /// What gives work.
    pub triggers: Vec<Trigger>,
}

/// The workload of a ScaledObject: a Deployment where the kind is absent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub struct TargetReference {
    /// Its name.
    pub name: String,
    /// Such as `apps/v1`.
    pub api_version: Option<String>,
    /// Such as `Deployment`.
    pub kind: Option<String>,
    /// For triggers that read its environment.
    pub env_source_container_name: Option<String>,
}

/// What holds when a trigger fails for too long.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub struct Fallback {
    /// More failures in a row than this.
    pub failure_threshold: i32,
    /// Replicas then.
    pub replicas: i32,
    /// `static`, `currentReplicas`, `currentReplicasIfHigher`, `currentReplicasIfLower`, `scalingModifiers`.
    pub behavior: Option<String>,
}

/// Formula, and the HPA's behavior.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub struct Advanced {
    /// What the HPA that KEDA makes has besides metrics.
    pub horizontal_pod_autoscaler_config: Option<HpaConfig>,
    /// Whether the count from before comes back when the object goes.
    pub restore_to_original_replica_count: bool,
    /// One metric of several.
    pub scaling_modifiers: Option<ScalingModifiers>,
}

/// What the HPA that KEDA makes has besides metrics.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub struct HpaConfig {
    /// Its name; `keda-hpa-…` when absent.
    pub name: Option<String>,
    /// Its behavior.
    pub behavior: Option<Behavior>,
}

/// One metric of several.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub struct ScalingModifiers {
    /// An expression over the names of triggers.
    pub formula: String,
    /// Its target, a number.
    pub target: String,
    /// Above which it is active, a number; 0 when absent.
    pub activation_target: Option<String>,
    /// `AverageValue` when absent, or `Value`.
    pub metric_type: Option<String>,
}

/// What gives work.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub struct Trigger {
    /// `kafka`, `prometheus`, `cron`, `cpu`, ….
    #[serde(rename = "type")]
    pub kind: String,
    /// For formulas.
    pub name: Option<String>,
    /// Whether the operator keeps what it read for the HPA.
    pub use_cached_metrics: bool,
    /// Settings, all of them texts.
    pub metadata: BTreeMap<String, String>,
    /// Secrets, which decide nothing.
    pub authentication_ref: Option<serde_json::Value>,
    /// `AverageValue` when absent, `Value`, or `Utilization` of CPU and memory.
    pub metric_type: Option<String>,
}

/// What the operator wrote last, as far as it decides.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct ScaledStatus {
    /// When a trigger was active last.
    #[serde(deserialize_with = "time")]
    pub last_active_time: Option<jiff::Timestamp>,
    /// Failures of each metric, by its name.
    pub health: BTreeMap<String, MetricHealth>,
    /// The names of the external metrics, in the order of the triggers that have one.
    pub external_metric_names: Vec<String>,
    /// The HPA that KEDA made.
    pub hpa_name: String,
    /// `Ready`, `Active`, `Fallback`, `Paused`.
    pub conditions: Vec<Condition>,
}

/// Failures of one metric.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct MetricHealth {
    /// In a row.
    pub number_of_failures: i32,
    /// `Happy` or `Failing`.
    pub status: String,
}

/// Jobs started by triggers.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct ScaledJob {
    /// Name, namespace, annotations.
    pub metadata: Metadata,
    /// What is wished for.
    pub spec: ScaledJobSpec,
}

/// `spec` of a ScaledJob.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub struct ScaledJobSpec {
    /// The job to start; decides nothing.
    pub job_target_ref: Option<serde_json::Value>,
    /// Seconds between two passes; 30 when absent.
    pub polling_interval: Option<i32>,
    /// 0 when absent.
    pub min_replica_count: Option<i32>,
    /// 100 when absent.
    pub max_replica_count: Option<i32>,
    /// Finished jobs to keep; 100 when absent.
    pub successful_jobs_history_limit: Option<i32>,
    /// Failed jobs to keep; 100 when absent.
    pub failed_jobs_history_limit: Option<i32>,
    /// What becomes of running jobs when the object changes; decides nothing.
    pub rollout: Option<serde_json::Value>,
    /// The old form of `rollout`.
    pub rollout_strategy: Option<String>,
    /// Containers for triggers that read their environment.
    pub env_source_container_name: Option<String>,
    /// How jobs that run are counted.
    pub scaling_strategy: Option<JobStrategy>,
    /// What gives work.
    pub triggers: Vec<Trigger>,
}

/// How jobs that run are counted.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub struct JobStrategy {
    /// `default`, `custom`, `accurate`, `eager`.
    pub strategy: Option<String>,
    /// Of `custom`.
    pub custom_scaling_queue_length_deduction: Option<i32>,
    /// Of `custom`, a number as text.
    pub custom_scaling_running_job_percentage: Option<String>,
    /// Conditions that a pod must have not to be pending.
    pub pending_pod_conditions: Vec<String>,
    /// `max` when absent, `min`, `avg`, `sum`.
    pub multiple_scalers_calculation: Option<String>,
}

/// What a text holds of KEDA.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Scaled {
    /// In the order of the text.
    pub objects: Vec<ScaledObject>,
    /// In the order of the text.
    pub jobs: Vec<ScaledJob>,
}

/// Reads every ScaledObject and ScaledJob of a YAML or JSON text, and passes over the rest. `file` is the name for errors.
///
/// # Errors
/// The first thing that does not fit, with file, document, line, path and value.
pub fn scaled(file: &str, text: &[u8]) -> Result<Scaled, LoadError> {
    let mut found = Scaled::default();
    for document in super::documents(file, text)? {
        read(&document, &mut found).map_err(|fault| document.error(fault))?;
    }
    Ok(found)
}

fn read(document: &Document, found: &mut Scaled) -> Result<(), Fault> {
    for object in objects(&document.root)? {
        match object.kind.as_str() {
            SCALED_OBJECT => found.objects.push(scaled_object(&object, Strictness::Strict)?),
            SCALED_JOB => {
                version(&object)?;
                let read: ScaledJob = read_as(&object, Strictness::Strict)?;
                named(&read.metadata.name, &object)?;
                found.jobs.push(read);
            }
            _ => {}
        }
    }
    Ok(())
}

pub(super) fn scaled_object(object: &Object<'_>, strictness: Strictness<'_>) -> Result<ScaledObject, Fault> {
    version(object)?;
    let read: ScaledObject = read_as(object, strictness)?;
    named(&read.metadata.name, object)?;
    Ok(read)
}

fn version(object: &Object<'_>) -> Result<(), Fault> {
    if object.api_version == "keda.sh/v1alpha1" {
        return Ok(());
    }
    let message = format!("expected keda.sh/v1alpha1, found {}", quoted(object.api_version));
    Err(Fault::new(message).at("apiVersion".to_owned(), object.node.entry_line("apiVersion")))
}

fn read_as<T: DeserializeOwned>(object: &Object<'_>, strictness: Strictness<'_>) -> Result<T, Fault> {
    let place = Place::at(object.node, &object.path, strictness);
    T::deserialize(place).map_err(|fault| fault.within(&place))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ORDERS: &str = "apiVersion: keda.sh/v1alpha1
kind: ScaledObject
metadata: { name: orders, annotations: { autoscaling.keda.sh/paused-scale-in: \"true\" } }
spec:
  scaleTargetRef: { name: orders }
  maxReplicaCount: 50
  fallback: { failureThreshold: 3, replicas: 6 }
  triggers:
    - type: kafka
      metadata: { topic: orders, consumerGroup: orders, lagThreshold: '100' }
---
apiVersion: keda.sh/v1alpha1
kind: ScaledJob
metadata: { name: resize }
spec:
  jobTargetRef: { template: {} }
  scalingStrategy: { strategy: accurate, pendingPodConditions: [Ready] }
  triggers: [{ type: rabbitmq, metadata: { value: '5' } }]
---
apiVersion: apps/v1
kind: Deployment
metadata: { name: orders }
";

    #[test]
    fn objects_and_jobs_are_read_and_the_rest_is_passed_over() {
        let found = scaled("keda.yaml", ORDERS.as_bytes()).expect("reads");
        let [object] = found.objects.as_slice() else { panic!("{found:?}") };
        assert_eq!((object.spec.max_replica_count, object.spec.min_replica_count), (Some(50), None));
        assert_eq!(object.spec.triggers[0].metadata["lagThreshold"], "100");
        assert_eq!(object.metadata.annotations.len(), 1);
        let [job] = found.jobs.as_slice() else { panic!("{found:?}") };
        assert_eq!(job.spec.scaling_strategy.as_ref().map(|it| it.pending_pod_conditions.len()), Some(1));
    }

    #[test]
    fn what_does_not_fit_is_named_with_its_line() {
        for (from, to, part) in [
            ("maxReplicaCount: 50", "maxReplicas: 50", "keda.yaml:6"),
            ("lagThreshold: '100'", "lagThreshold: 100", "spec.triggers[0].metadata.lagThreshold"),
            ("keda.sh/v1alpha1", "keda.sh/v1", "keda.sh/v1alpha1"),
            ("name: orders, ann", "nam: orders, ann", "metadata.name"),
            ("replicas: 6", "replicas: six", "spec.fallback.replicas"),
        ] {
            assert!(ORDERS.contains(from), "{from}");
            let error = scaled("keda.yaml", ORDERS.replacen(from, to, 1).as_bytes()).expect_err(to).to_string();
            assert!(error.contains(part), "{error}");
        }
    }
}
