//! Knative's objects: Service and Revision as users write them, the PodAutoscaler that the cluster makes of a revision,
//! and the ConfigMap `config-autoscaler`. What their texts mean says `knative.rs`.
//!
//! A revision's spec is that of a pod and more: what no autoscaler looks at is passed over.

use serde::Deserialize;

use super::document::{Document, Fault, LoadError, documents, quoted};
use super::hpa::{Condition, Metadata, ObjectReference};
use super::knative::Texts;
use super::object::{Object, lenient, named, objects, one_of, wrong};

/// The kind that a cluster makes of every revision.
pub const POD_AUTOSCALER: &str = "PodAutoscaler";
/// The name of the ConfigMap with the cluster's settings.
pub const CONFIG: &str = "config-autoscaler";

const SERVING: &str = "serving.knative.dev";
const INTERNAL: &str = "autoscaling.internal.knative.dev";
const ANNOTATIONS: &str = "autoscaling.knative.dev/";

/// What is autoscaled: the revision of a Service, a Revision, or a PodAutoscaler.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Autoscaled {
    /// `Service`, `Revision` or `PodAutoscaler`.
    pub kind: String,
    /// Name and namespace.
    pub metadata: Metadata,
    /// The annotations that count: of a Service, those of its template.
    pub annotations: Texts,
    /// 0 or absent: any number.
    pub container_concurrency: Option<u32>,
    /// What is scaled; of a PodAutoscaler.
    pub target: ObjectReference,
    /// Whether a route leads to it; of a PodAutoscaler.
    pub reachability: Reachability,
    /// What the autoscaler wrote last; of a PodAutoscaler.
    pub status: AutoscaledStatus,
}

/// Whether a route leads to a revision.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Reachability {
    /// Not told, which counts as reachable.
    #[default]
    Unknown,
    /// One does.
    Reachable,
    /// None does.
    Unreachable,
}

/// What Knative's autoscaler wrote last.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct AutoscaledStatus {
    /// Pods wanted.
    pub desired_scale: Option<i32>,
    /// Pods that are ready.
    pub actual_scale: Option<i32>,
    /// The service in front of the pods; empty until it has a name.
    pub service_name: String,
    /// `Active`, `Ready`, `ScaleTargetInitialized`, ….
    pub conditions: Vec<Condition>,
}

/// The settings of a cluster.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AutoscalerConfig {
    /// The ConfigMap's namespace.
    pub namespace: String,
    /// What it holds.
    pub data: Texts,
}

/// What a text holds of Knative.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Serving {
    /// In the order of the text.
    pub autoscaled: Vec<Autoscaled>,
    /// `config-autoscaler`, once for each time it is given.
    pub configs: Vec<AutoscalerConfig>,
}

/// Reads every Service, Revision and PodAutoscaler of Knative and every `config-autoscaler` of a YAML or JSON text, and
/// passes over the rest. `file` is the name for errors.
///
/// # Errors
/// The first thing that does not fit, with file, document, line, path and value.
pub fn serving(file: &str, text: &[u8]) -> Result<Serving, LoadError> {
    let mut found = Serving::default();
    for document in documents(file, text)? {
        read(&document, &mut found).map_err(|fault| document.error(fault))?;
    }
    Ok(found)
}

fn read(document: &Document, found: &mut Serving) -> Result<(), Fault> {
    for object in objects(&document.root)? {
        if is_autoscaled(&object) {
            found.autoscaled.push(autoscaled(&object)?);
        } else if is_config(&object) {
            found.configs.push(config(&object)?);
        }
    }
    Ok(())
}

/// Whether an object is one of Knative's that are autoscaled; a Service of the core's group is none.
pub(super) fn is_autoscaled(object: &Object<'_>) -> bool {
    let group = object.api_version.split_once('/').map_or("", |(group, _)| group);
    match object.kind.as_str() {
        "Service" | "Revision" => group == SERVING,
        POD_AUTOSCALER => group == INTERNAL,
        _ => false,
    }
}

/// Whether an object is the ConfigMap with the cluster's settings.
pub(super) fn is_config(object: &Object<'_>) -> bool {
    let name = object.node.get("metadata").and_then(|metadata| super::object::text(metadata, "name"));
    object.kind == "ConfigMap" && object.api_version == "v1" && name == Some(CONFIG)
}

pub(super) fn config(object: &Object<'_>) -> Result<AutoscalerConfig, Fault> {
    let raw: RawConfig = lenient(object)?;
    Ok(AutoscalerConfig { namespace: raw.metadata.namespace, data: raw.data })
}

pub(super) fn autoscaled(object: &Object<'_>) -> Result<Autoscaled, Fault> {
    let version = if object.kind == POD_AUTOSCALER { "v1alpha1" } else { "v1" };
    let group = if object.kind == POD_AUTOSCALER { INTERNAL } else { SERVING };
    if object.api_version != format!("{group}/{version}") {
        let message = format!("expected {group}/{version}, found {}", quoted(object.api_version));
        return Err(Fault::new(message).at("apiVersion".to_owned(), object.node.entry_line("apiVersion")));
    }
    match object.kind.as_str() {
        "Service" => service(object),
        "Revision" => {
            let raw: RawRevision = lenient(object)?;
            named(&raw.metadata.name, object)?;
            Ok(Autoscaled {
                kind: object.kind.clone(),
                annotations: raw.metadata.annotations.clone(),
                metadata: raw.metadata,
                container_concurrency: raw.spec.container_concurrency,
                ..Autoscaled::default()
            })
        }
        _ => {
            let raw: RawPodAutoscaler = lenient(object)?;
            named(&raw.metadata.name, object)?;
            let words = [("Reachable", Reachability::Reachable), ("Unreachable", Reachability::Unreachable)];
            let reachability = one_of(object, "spec.reachability", &raw.spec.reachability, &words)?;
            Ok(Autoscaled {
                kind: object.kind.clone(),
                annotations: raw.metadata.annotations.clone(),
                metadata: raw.metadata,
                container_concurrency: raw.spec.container_concurrency,
                target: raw.spec.scale_target_ref,
                reachability: reachability.unwrap_or_default(),
                status: raw.status,
            })
        }
    }
}

fn service(object: &Object<'_>) -> Result<Autoscaled, Fault> {
    let raw: RawService = lenient(object)?;
    named(&raw.metadata.name, object)?;
    // Knative refuses these too: they would do nothing.
    let misplaced = raw.metadata.annotations.keys().find(|key| key.starts_with(ANNOTATIONS));
    if let Some(key) = misplaced {
        let message = format!(
            "the annotation {} does nothing here: it belongs in spec.template.metadata.annotations",
            quoted(key)
        );
        return Err(wrong(object, "metadata.annotations", message));
    }
    Ok(Autoscaled {
        kind: object.kind.clone(),
        metadata: raw.metadata,
        annotations: raw.spec.template.metadata.annotations,
        container_concurrency: raw.spec.template.spec.container_concurrency,
        ..Autoscaled::default()
    })
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct RawConfig {
    metadata: Metadata,
    data: Texts,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct RawService {
    metadata: Metadata,
    spec: RawServiceSpec,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct RawServiceSpec {
    template: RawRevision,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct RawRevision {
    metadata: Metadata,
    spec: RawRevisionSpec,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct RawRevisionSpec {
    container_concurrency: Option<u32>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct RawPodAutoscaler {
    metadata: Metadata,
    spec: RawPodAutoscalerSpec,
    status: AutoscaledStatus,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct RawPodAutoscalerSpec {
    container_concurrency: Option<u32>,
    scale_target_ref: ObjectReference,
    reachability: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "apiVersion: serving.knative.dev/v1
kind: Service
metadata: { name: web, namespace: shop }
spec:
  template:
    metadata: { annotations: { autoscaling.knative.dev/max-scale: '20' } }
    spec: { containerConcurrency: 10, containers: [{ image: web }] }
---
{ apiVersion: v1, kind: Service, metadata: { name: web, annotations: { autoscaling.knative.dev/x: y } } }
---
{ apiVersion: v1, kind: ConfigMap, metadata: { name: other }, data: { a: b } }
---
{ apiVersion: v1, kind: ConfigMap, metadata: { name: config-autoscaler, namespace: knative-serving }, data: { stable-window: 30s } }
---
apiVersion: autoscaling.internal.knative.dev/v1alpha1
kind: PodAutoscaler
metadata: { name: web-00001, annotations: { autoscaling.knative.dev/min-scale: '2' } }
spec:
  containerConcurrency: 0
  reachability: Unreachable
  scaleTargetRef: { apiVersion: apps/v1, kind: Deployment, name: web-00001-deployment }
status: { desiredScale: 3, actualScale: 2, serviceName: web-00001, conditions: [{ type: Active, status: 'True' }] }
";

    #[test]
    fn services_autoscalers_and_settings_are_read_and_the_rest_is_passed_over() {
        let found = serving("knative.yaml", TEXT.as_bytes()).expect("reads");
        let [service, autoscaler] = found.autoscaled.as_slice() else { panic!("{found:?}") };
        assert_eq!((service.kind.as_str(), service.container_concurrency), ("Service", Some(10)));
        assert_eq!(service.annotations["autoscaling.knative.dev/max-scale"], "20");
        assert_eq!(autoscaler.reachability, Reachability::Unreachable);
        assert_eq!((autoscaler.status.desired_scale, autoscaler.status.actual_scale), (Some(3), Some(2)));
        assert_eq!(found.configs.len(), 1);
        assert_eq!(found.configs[0].data["stable-window"], "30s");
    }

    #[test]
    fn what_does_not_fit_is_named_with_its_line() {
        for (from, to, part) in [
            ("containerConcurrency: 10", "containerConcurrency: ten", "knative.yaml:7"),
            ("serving.knative.dev/v1", "serving.knative.dev/v1beta1", "expected serving.knative.dev/v1, found"),
            ("namespace: shop }", "annotations: { autoscaling.knative.dev/target: '1' } }", "spec.template.metadata"),
            ("name: web, namespace", "nam: web, namespace", "metadata.name"),
            ("reachability: Unreachable", "reachability: Maybe", "spec.reachability"),
            ("stable-window: 30s", "stable-window: 30", "data[\"stable-window\"]"),
            ("desiredScale: 3", "desiredScale: many", "status.desiredScale"),
        ] {
            assert!(TEXT.contains(from), "{from}");
            let error = serving("knative.yaml", TEXT.replacen(from, to, 1).as_bytes()).expect_err(to).to_string();
            assert!(error.contains(part), "{error}");
        }
    }
}
