//! What autoscalers scale: workloads and their Scale objects, in a dump.

use serde::Deserialize;

use super::document::Fault;
use super::hpa::Metadata;
use super::object::{Object, lenient, named, wrong};
use super::selector::{LabelSelector, Selector};

/// A workload as an autoscaler sees it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ScaleTarget {
    /// `Deployment`, `StatefulSet`, `ReplicaSet`, or `Scale` when the dump has only that of some workload.
    pub kind: String,
    /// Such as `apps/v1`.
    pub api_version: String,
    /// `default` where the dump says nothing.
    pub namespace: String,
    /// Its name; a Scale has that of its workload.
    pub name: String,
    /// What is wished for. Absent is 1 in a workload, and 0 in a Scale, whose zero is not printed.
    pub replicas: i32,
    /// What is there; absent is 0.
    pub status_replicas: i32,
    /// Which pods are its own; absent when the dump has none.
    pub selector: Option<Selector>,
}

pub(super) fn workload(object: &Object<'_>) -> Result<ScaleTarget, Fault> {
    let raw: RawWorkload = lenient(object)?;
    named(&raw.metadata.name, object)?;
    let selector = raw.spec.selector.as_ref().map(Selector::try_from).transpose();
    Ok(ScaleTarget {
        kind: object.kind.clone(),
        api_version: object.api_version.to_owned(),
        namespace: raw.metadata.namespace,
        name: raw.metadata.name,
        replicas: raw.spec.replicas.unwrap_or(1),
        status_replicas: raw.status.replicas,
        selector: selector.map_err(|error| wrong(object, "spec.selector", error.to_string()))?,
    })
}

pub(super) fn scale(object: &Object<'_>) -> Result<ScaleTarget, Fault> {
    let raw: RawScale = lenient(object)?;
    named(&raw.metadata.name, object)?;
    let selector = raw.status.selector.as_deref().map(str::parse).transpose();
    Ok(ScaleTarget {
        kind: object.kind.clone(),
        api_version: object.api_version.to_owned(),
        namespace: raw.metadata.namespace,
        name: raw.metadata.name,
        replicas: raw.spec.replicas,
        status_replicas: raw.status.replicas,
        selector: selector
            .map_err(|error: super::SelectorError| wrong(object, "status.selector", error.to_string()))?,
    })
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct RawWorkload {
    metadata: Metadata,
    spec: RawWorkloadSpec,
    status: RawReplicas,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct RawWorkloadSpec {
    replicas: Option<i32>,
    selector: Option<LabelSelector>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct RawScale {
    metadata: Metadata,
    spec: RawReplicas,
    status: RawScaleStatus,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct RawReplicas {
    replicas: i32,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct RawScaleStatus {
    replicas: i32,
    selector: Option<String>,
}
