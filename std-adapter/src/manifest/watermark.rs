//! `datadoghq.com/v1alpha1` WatermarkPodAutoscaler as plain types, and the DatadogMonitor that may block one. What a spec
//! means, says the engine.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::document::{Document, Fault, LoadError, documents, quoted};
use super::hpa::{Condition, Metadata, ObjectReference};
use super::object::{Object, lenient, named, objects, wrong};
use super::place::{Place, Strictness, time};
use super::quantity::Quantity;
use super::selector::LabelSelector;

/// The kind's name.
pub const WATERMARK: &str = "WatermarkPodAutoscaler";
/// The kind of what may block one.
pub(super) const MONITOR: &str = "DatadogMonitor";
/// Of both kinds.
pub(super) const GROUP: &str = "datadoghq.com";

/// A workload between watermarks.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct WatermarkPodAutoscaler {
    /// Name, namespace, annotations.
    pub metadata: Metadata,
    /// What is wished for.
    pub spec: WatermarkSpec,
    /// What the controller wrote last.
    pub status: WatermarkStatus,
}

/// `spec` of a WatermarkPodAutoscaler.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub struct WatermarkSpec {
    /// The workload to scale.
    pub scale_target_ref: ObjectReference,
    /// 1 when absent.
    pub min_replicas: Option<i32>,
    /// Must be given.
    pub max_replicas: Option<i32>,
    /// What is compared with marks.
    pub metrics: Vec<MarkedMetric>,
    /// `absolute` when empty, or `average`.
    pub algorithm: String,
    /// Part of a mark within which a value is still taken for it, 0 to 1; 0.1 when absent or 0.
    pub tolerance: Option<Quantity>,
    /// Percent that may be added at once; 50 when absent.
    pub scale_up_limit_factor: Option<Quantity>,
    /// Percent that may be removed at once; 20 when absent.
    pub scale_down_limit_factor: Option<Quantity>,
    /// 60 when absent.
    pub upscale_forbidden_window_seconds: Option<i32>,
    /// 300 when absent.
    pub downscale_forbidden_window_seconds: Option<i32>,
    /// 0 when absent.
    pub upscale_delay_above_watermark_seconds: Option<i32>,
    /// 0 when absent.
    pub downscale_delay_below_watermark_seconds: Option<i32>,
    /// 1 when absent.
    pub replica_scaling_absolute_modulo: Option<i32>,
    /// Empty, `highwatermark` or `lowwatermark`.
    pub converge_towards_watermark: String,
    /// Whether a value of 0 is believed.
    pub tolerate_zero: bool,
    /// Percent of the pods that must be ready; 0 when absent.
    pub min_available_replica_percentage: i32,
    /// 0 when absent.
    pub readiness_delay_seconds: Option<i32>,
    /// Whether the scale is never written.
    pub dry_run: bool,
    /// A service that is asked in place of metrics.
    pub recommender: Option<Recommender>,
}

/// One entry of `spec.metrics`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MarkedMetric {
    /// `External` or `Resource`.
    #[serde(rename = "type")]
    pub kind: String,
    /// A number from outside the cluster.
    pub external: Option<MarkedExternal>,
    /// CPU or memory of the pods.
    pub resource: Option<MarkedResource>,
}

/// A number from outside the cluster, with its marks.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub struct MarkedExternal {
    /// Its name.
    pub metric_name: String,
    /// Which of its series.
    pub metric_selector: Option<LabelSelector>,
    /// The low one when absent.
    pub high_watermark: Option<Quantity>,
    /// The high one when absent.
    pub low_watermark: Option<Quantity>,
}

/// CPU or memory of pods, with its marks.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub struct MarkedResource {
    /// `cpu`, `memory`, ….
    pub name: String,
    /// Of which pods there are samples, by their labels.
    pub metric_selector: Option<LabelSelector>,
    /// The low one when absent.
    pub high_watermark: Option<Quantity>,
    /// The high one when absent.
    pub low_watermark: Option<Quantity>,
}

/// A service that is asked in place of metrics.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub struct Recommender {
    /// Where it is.
    pub url: String,
    /// How it is spoken to.
    pub tls_config: Option<serde_json::Value>,
    /// What it is told.
    pub settings: BTreeMap<String, String>,
    /// What its marks are about.
    pub target_type: String,
    /// The upper one.
    pub high_watermark: Option<Quantity>,
    /// The lower one.
    pub low_watermark: Option<Quantity>,
}

/// What the controller wrote last.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct WatermarkStatus {
    /// When the scale was last written, be it in a dry run.
    #[serde(deserialize_with = "time")]
    pub last_scale_time: Option<jiff::Timestamp>,
    /// How often it was.
    pub scaling_events_count: i32,
    /// Pods that ran.
    pub current_replicas: i32,
    /// Replicas that were wanted.
    pub desired_replicas: i32,
    /// In the order of the spec's.
    pub current_metrics: Vec<MarkedStatus>,
    /// `AbleToScale`, `AboveHighWatermark`, `BelowLowWatermark`, `ScalingBlocked`, ….
    pub conditions: Vec<Condition>,
}

/// What one metric read last; `autoscaling/v2beta1` has these fields.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct MarkedStatus {
    /// Of an External one.
    pub external: Option<ExternalStatus>,
    /// Of a Resource.
    pub resource: Option<ResourceStatus>,
}

/// What an External metric read last.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct ExternalStatus {
    /// Its name.
    pub metric_name: String,
    /// The usage that was compared with the marks.
    pub current_value: Option<Quantity>,
}

/// What a Resource metric read last.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct ResourceStatus {
    /// Its name.
    pub name: String,
    /// The usage that was compared with the marks: in spite of the field's name no average by the algorithm `absolute`.
    pub current_average_value: Option<Quantity>,
}

impl WatermarkStatus {
    /// The condition of a type.
    #[must_use]
    pub fn condition(&self, kind: &str) -> Option<&Condition> {
        self.conditions.iter().find(|condition| condition.kind == kind)
    }
}

/// A monitor of Datadog, as far as it blocks a WatermarkPodAutoscaler of its name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Monitor {
    /// `default` where the dump says nothing.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// `OK`, `Alert`, `Warn`, `No Data`, …; empty when not known yet.
    pub state: String,
}

/// Reads every WatermarkPodAutoscaler of a YAML or JSON text, and passes over the rest. `file` is the name for errors.
///
/// # Errors
/// The first thing that does not fit, with file, document, line, path and value.
pub fn watermarks(file: &str, text: &[u8]) -> Result<Vec<WatermarkPodAutoscaler>, LoadError> {
    let mut found = Vec::new();
    for document in documents(file, text)? {
        read(&document, &mut found).map_err(|fault| document.error(fault))?;
    }
    Ok(found)
}

fn read(document: &Document, found: &mut Vec<WatermarkPodAutoscaler>) -> Result<(), Fault> {
    for object in objects(&document.root)?.iter().filter(|object| object.kind == WATERMARK) {
        let read = watermark(object, Strictness::Strict)?;
        // The API server's own checks, beside those that the controller has as well.
        for (field, given) in
            [("minReplicas", read.spec.min_replicas), ("readinessDelaySeconds", read.spec.readiness_delay_seconds)]
        {
            if let Some(given) = given.filter(|given| *given < 1) {
                return Err(wrong(object, &format!("spec.{field}"), format!("{given} must be at least 1")));
            }
        }
        found.push(read);
    }
    Ok(())
}

pub(super) fn watermark(object: &Object<'_>, strictness: Strictness<'_>) -> Result<WatermarkPodAutoscaler, Fault> {
    version(object)?;
    let place = Place::at(object.node, &object.path, strictness);
    let read = WatermarkPodAutoscaler::deserialize(place).map_err(|fault| fault.within(&place))?;
    named(&read.metadata.name, object)?;
    Ok(read)
}

pub(super) fn monitor(object: &Object<'_>) -> Result<Monitor, Fault> {
    let raw: RawMonitor = lenient(object)?;
    named(&raw.metadata.name, object)?;
    let Metadata { namespace, name, .. } = raw.metadata;
    Ok(Monitor { namespace, name, state: raw.status.monitor_state })
}

fn version(object: &Object<'_>) -> Result<(), Fault> {
    let wanted = format!("{GROUP}/v1alpha1");
    if object.api_version == wanted {
        return Ok(());
    }
    let message = format!("expected {wanted}, found {}", quoted(object.api_version));
    Err(Fault::new(message).at("apiVersion".to_owned(), object.node.entry_line("apiVersion")))
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct RawMonitor {
    metadata: Metadata,
    status: RawMonitorStatus,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct RawMonitorStatus {
    monitor_state: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    const WEB: &str = "apiVersion: datadoghq.com/v1alpha1
kind: WatermarkPodAutoscalerList
items:
- metadata: { name: web, namespace: shop, annotations: { wpa.datadoghq.com/lifecycle-control.enabled: 'true' } }
  spec:
    scaleTargetRef: { apiVersion: apps/v1, kind: Deployment, name: web }
    minReplicas: 2
    maxReplicas: 9
    readinessDelaySeconds: 10
    tolerance: 0.01
    metrics:
    - type: External
      external:
        metricName: nginx.requests
        metricSelector: { matchLabels: { app: web } }
        highWatermark: 400m
  status:
    lastScaleTime: '2026-11-24T02:30:15Z'
    currentMetrics: [{ type: External, external: { metricName: nginx.requests, currentValue: 350m } }]
    newer: field
---
{ apiVersion: v1, kind: Service, metadata: { name: web } }
";

    #[test]
    fn items_of_lists_are_read_and_the_rest_is_passed_over() {
        let found = watermarks("wpa.yaml", WEB.as_bytes()).expect("reads");
        let [web] = found.as_slice() else { panic!("{found:?}") };
        assert_eq!((web.spec.min_replicas, web.spec.max_replicas), (Some(2), Some(9)));
        assert_eq!(web.spec.tolerance.map(Quantity::milli), Some(10));
        let external = web.spec.metrics[0].external.as_ref().expect("an external metric");
        assert_eq!((external.high_watermark.map(Quantity::milli), external.low_watermark), (Some(400), None));
        let read = web.status.current_metrics[0].external.as_ref().expect("a value");
        assert_eq!(read.current_value.map(Quantity::milli), Some(350));
    }

    #[test]
    fn what_does_not_fit_is_named_with_its_line() {
        for (from, to, part) in [
            // Datadog's own sample has this one, which its API server drops.
            ("readinessDelaySeconds: 10", "readinessDelay: 10", "wpa.yaml:9"),
            ("readinessDelaySeconds: 10", "readinessDelaySeconds: 0", "items[0].spec.readinessDelaySeconds"),
            ("minReplicas: 2", "minReplicas: 0", "0 must be at least 1"),
            ("highWatermark: 400m", "highWatermark: much", "items[0].spec.metrics[0].external.highWatermark"),
            ("datadoghq.com/v1alpha1", "datadoghq.com/v1", "expected datadoghq.com/v1alpha1, found"),
            ("name: web, namespace", "nam: web, namespace", "metadata.name"),
            ("'2026-11-24T02:30:15Z'", "yesterday", "status.lastScaleTime"),
        ] {
            assert!(WEB.contains(from), "{from}");
            let error = watermarks("wpa.yaml", WEB.replacen(from, to, 1).as_bytes()).expect_err(to).to_string();
            assert!(error.contains(part), "{error}");
        }
    }
}
