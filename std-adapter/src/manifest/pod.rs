//! Pods of a dump.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::document::Fault;
use super::hpa::Metadata;
use super::object::{Object, lenient, named, one_of};
use super::place::time;
use super::quantity::Quantity;
use super::selector::Labels;

/// Amounts by resource name (`cpu` in cores, `memory` in bytes …), in a fixed order.
pub type Resources = BTreeMap<String, Quantity>;

/// What an autoscaler sees of a pod.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pod {
    /// `default` where the dump says nothing.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// Its labels.
    pub labels: Labels,
    /// Its phase; `Unknown` when the dump has none.
    pub phase: Phase,
    /// It has a deletion timestamp.
    pub deleted: bool,
    /// `status.startTime`: when its kubelet took it.
    pub started: Option<jiff::Timestamp>,
    /// Its Ready condition.
    pub ready: Option<Ready>,
    /// Containers in order.
    pub containers: Vec<Container>,
    /// Init containers in order.
    pub init_containers: Vec<Container>,
    /// `spec.resources.requests`: for the pod as a whole; empty when it sets none.
    pub requests: Resources,
    /// `spec.overhead`: what its runtime takes on top.
    pub overhead: Resources,
    /// The node that it is bound to.
    pub node: Option<String>,
    /// What made it.
    pub owners: Vec<Owner>,
    /// PodScheduled is False with reason Unschedulable: no node has room.
    pub unschedulable: bool,
}

/// One of `metadata.ownerReferences`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Owner {
    /// Such as `ReplicaSet`.
    pub kind: String,
    /// Its name.
    pub name: String,
}

/// A pod's phase.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Phase {
    /// Not all containers have been started.
    Pending,
    /// Bound and started.
    Running,
    /// All containers ended well.
    Succeeded,
    /// All containers ended, one badly.
    Failed,
    /// Its node does not answer, or the dump does not say.
    #[default]
    Unknown,
}

/// Three-valued truth of a condition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Truth {
    /// `True`
    True,
    /// `False`
    False,
    /// `Unknown`
    Unknown,
}

/// A pod's Ready condition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ready {
    /// Whether it is ready; `Unknown` when the condition has no status.
    pub status: Truth,
    /// When that last changed.
    pub since: Option<jiff::Timestamp>,
}

/// A container of a pod.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Container {
    /// Its name.
    pub name: String,
    /// What it asks for.
    pub requests: Resources,
    /// An init container that keeps running beside the others (`restartPolicy: Always`).
    pub restartable: bool,
}

pub(super) fn read(object: &Object<'_>) -> Result<Pod, Fault> {
    let raw: RawPod = lenient(object)?;
    named(&raw.metadata.name, object)?;
    let owned: RawOwned = lenient(object)?;
    let phases = [
        ("Pending", Phase::Pending),
        ("Running", Phase::Running),
        ("Succeeded", Phase::Succeeded),
        ("Failed", Phase::Failed),
        ("Unknown", Phase::Unknown),
    ];
    let phase = one_of(object, "status.phase", &raw.status.phase, &phases)?;
    let mut ready = None;
    let mut unschedulable = false;
    for (index, condition) in raw.status.conditions.iter().enumerate() {
        let field = format!("status.conditions[{index}].status");
        let truths = [("True", Truth::True), ("False", Truth::False), ("Unknown", Truth::Unknown)];
        match condition.kind.as_str() {
            // Upstream takes the first of a type.
            "Ready" if ready.is_none() => {
                ready = Some(Ready {
                    status: one_of(object, &field, &condition.status, &truths)?.unwrap_or(Truth::Unknown),
                    since: condition.last_transition_time,
                });
            }
            "PodScheduled" => {
                let status = one_of(object, &field, &condition.status, &truths)?;
                unschedulable |= status == Some(Truth::False) && condition.reason == "Unschedulable";
            }
            _ => {}
        }
    }
    Ok(Pod {
        namespace: raw.metadata.namespace,
        name: raw.metadata.name,
        labels: raw.metadata.labels,
        phase: phase.unwrap_or_default(),
        deleted: raw.metadata.deletion_timestamp.is_some(),
        started: raw.status.start_time,
        ready,
        containers: raw.spec.containers.into_iter().map(Container::from).collect(),
        init_containers: raw.spec.init_containers.into_iter().map(Container::from).collect(),
        requests: raw.spec.resources.requests,
        overhead: raw.spec.overhead,
        node: Some(raw.spec.node_name).filter(|name| !name.is_empty()),
        owners: owned.metadata.owner_references,
        unschedulable,
    })
}

/// Beside `Metadata`, which other kinds share and print.
#[derive(Default, Deserialize)]
#[serde(default)]
struct RawOwned {
    metadata: RawOwners,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct RawOwners {
    owner_references: Vec<Owner>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct RawPod {
    metadata: Metadata,
    spec: RawSpec,
    status: RawStatus,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct RawSpec {
    containers: Vec<RawContainer>,
    init_containers: Vec<RawContainer>,
    resources: RawResources,
    overhead: Resources,
    node_name: String,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct RawContainer {
    name: String,
    resources: RawResources,
    restart_policy: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct RawResources {
    requests: Resources,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct RawStatus {
    phase: String,
    #[serde(deserialize_with = "time")]
    start_time: Option<jiff::Timestamp>,
    conditions: Vec<RawCondition>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct RawCondition {
    #[serde(rename = "type")]
    kind: String,
    status: String,
    reason: String,
    #[serde(deserialize_with = "time")]
    last_transition_time: Option<jiff::Timestamp>,
}

impl From<RawContainer> for Container {
    fn from(raw: RawContainer) -> Self {
        Self { name: raw.name, requests: raw.resources.requests, restartable: raw.restart_policy == "Always" }
    }
}
