//! Scenarios: a YAML file that says which load comes, what serves it, and what decides the scale.
//!
//! [`Plan`] is the file as written, field by field; [`Scenario`] is a plan that has been checked, with its traces read.
//! Every quantity has its unit in its name: `_s` seconds of simulated time, `_ms` milliseconds, `_rps` requests per
//! second, `_millicores` thousandths of a CPU core, `_mib` mebibytes, `_percent` percent. The files that come with
//! Plimsoll, `scenarios/*.yaml`, show every section.
//!
//! Unknown fields are refused, with the line and the name that was probably meant. A file has at most
//! [`BYTES_MOST`] bytes; the ranges of the values stand at the fields.

mod check;
mod error;

use serde::Deserialize;

pub use self::error::ScenarioError;
use super::load::{Files, Load, LoadError, Part};

/// Largest scenario file, bytes.
pub const BYTES_MOST: usize = 1 << 20;

/// Longest run: 31 days, which is what one run can keep in memory.
pub const DURATION_MOST_S: u32 = 31 * 86_400;

/// Most pods of the workload that the world creates, whatever the scale asks for.
pub const PODS_MOST: i32 = 10_000;

/// The scenario that runs when none is named: the platform's marketing spike.
pub const BLACK_FRIDAY: &str = include_str!("../../scenarios/black-friday.yaml");

/// A plan that can be run.
#[derive(Clone, Debug)]
pub struct Scenario {
    plan: Plan,
    load: Load,
}

impl Scenario {
    /// Reads a scenario file's text. `files` reads the traces it names, relative to the scenario's folder.
    ///
    /// # Errors
    /// [`ScenarioError`] names the line, or the field and its value.
    pub fn parse(text: &str, files: &mut Files<'_>) -> Result<Self, ScenarioError> {
        Self::new(Plan::parse(text)?, files)
    }

    /// Checks a plan and reads its traces.
    ///
    /// # Errors
    /// [`ScenarioError`] names the first field whose value cannot be, or what is wrong with a trace.
    pub fn new(plan: Plan, files: &mut Files<'_>) -> Result<Self, ScenarioError> {
        check::plan(&plan).map_err(ScenarioError::Value)?;
        let load = Load::build(&plan.load, plan.duration_s, plan.seed, files).map_err(|error| match error {
            LoadError::Value(value) => ScenarioError::Value(value),
            error => ScenarioError::Load(error),
        })?;
        Ok(Self { plan, load })
    }

    /// [`BLACK_FRIDAY`], parsed.
    ///
    /// # Errors
    /// None in a released program: a test parses it.
    pub fn black_friday() -> Result<Self, ScenarioError> {
        Self::parse(BLACK_FRIDAY, &mut |_| Err(std::io::ErrorKind::NotFound.into()))
    }

    /// The plan it was made from.
    #[must_use]
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// The load, second by second.
    #[must_use]
    pub fn load(&self) -> &Load {
        &self.load
    }
}

/// A scenario file as written.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// A line for the reader; not empty.
    pub title: String,
    /// What it is about, a few sentences.
    #[serde(default)]
    pub description: String,
    /// Seed of every random number of the run.
    #[serde(default = "one_u64")]
    pub seed: u64,
    /// Length of the run in seconds, 1 to [`DURATION_MOST_S`].
    pub duration_s: u32,
    /// Seconds from one sample of the world to the next in the result, 1 to 86,400, at most 100,000 samples in all.
    #[serde(default = "five")]
    pub sample_every_s: u32,
    /// The load: the sum of these parts.
    pub load: Vec<Part>,
    /// What serves it.
    pub workload: Workload,
    /// A topic that the pods consume; absent: they answer requests.
    #[serde(default)]
    pub topic: Option<Topic>,
    /// Jobs in place of pods that stay, with one queue before them; absent: the pods stay. Not together with a topic.
    #[serde(default)]
    pub jobs: Option<Jobs>,
    /// Where pods run; absent: every pod finds a place at once.
    #[serde(default)]
    pub nodes: Option<Nodes>,
    /// How usage is measured and how late it is seen.
    #[serde(default)]
    pub metrics: Pipeline,
    /// The autoscaler under test is exactly one of these, each read by whoever builds the policy; here it only has to be
    /// a mapping. This one is the `spec` of an `autoscaling/v2` HorizontalPodAutoscaler without `scaleTargetRef`.
    #[serde(default)]
    pub hpa: Option<serde_json::Value>,
    /// A revision of Knative: its annotations, `containerConcurrency`, and the cluster's `config-autoscaler`.
    #[serde(default)]
    pub knative: Option<serde_json::Value>,
    /// The `spec` of a ScaledObject of KEDA, and `annotations` beside it.
    #[serde(default)]
    pub keda: Option<serde_json::Value>,
    /// The `spec` of a ScaledJob of KEDA, and `annotations` beside it; goes with `jobs`.
    #[serde(default)]
    pub keda_job: Option<serde_json::Value>,
    /// Consumers of the topic, sized by rates.
    #[serde(default)]
    pub consumers: Option<serde_json::Value>,
    /// A group of AWS with its scaling policies and their alarms.
    #[serde(default)]
    pub aws: Option<serde_json::Value>,
    /// The `spec` of a WatermarkPodAutoscaler of Datadog.
    #[serde(default)]
    pub watermark: Option<serde_json::Value>,
    /// The `autoscalingPolicy` of Google Compute Engine.
    #[serde(default)]
    pub gce: Option<serde_json::Value>,
    /// A scaling policy of the Nomad Autoscaler.
    #[serde(default)]
    pub nomad: Option<serde_json::Value>,
    /// Bounds by the calendar.
    #[serde(default)]
    pub schedule: Option<serde_json::Value>,
    /// Several of these, combined by a rule.
    #[serde(default)]
    pub combine: Option<serde_json::Value>,
    /// The controller's flags.
    #[serde(default)]
    pub controller: Controller,
    /// Second of the run that the document calls T+0; the rows of `documented` count from it.
    #[serde(default)]
    pub document_starts_s: u32,
    /// What a document says should happen, row by row, to be held against what happens; at most 1,000.
    #[serde(default)]
    pub documented: Vec<Row>,
}

impl Plan {
    /// The policies that a scenario may have, by the names of their sections, and what this one says of each.
    #[must_use]
    pub fn policies(&self) -> [(&'static str, Option<&serde_json::Value>); 11] {
        [
            ("hpa", self.hpa.as_ref()),
            ("keda", self.keda.as_ref()),
            ("keda_job", self.keda_job.as_ref()),
            ("knative", self.knative.as_ref()),
            ("consumers", self.consumers.as_ref()),
            ("aws", self.aws.as_ref()),
            ("watermark", self.watermark.as_ref()),
            ("gce", self.gce.as_ref()),
            ("nomad", self.nomad.as_ref()),
            ("schedule", self.schedule.as_ref()),
            ("combine", self.combine.as_ref()),
        ]
    }
}

/// The pods and what a request costs them.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Workload {
    /// Replicas at the start, 0 to [`PODS_MOST`]; they have been running for an hour.
    pub replicas: i32,
    /// Most pods that are created, whatever the scale asks for, as a namespace's quota; 1 to [`PODS_MOST`].
    #[serde(default = "thousand")]
    pub pod_quota: i32,
    /// CPU request of a pod, millicores, 1 to 1,000,000.
    pub cpu_request_millicores: u32,
    /// CPU that a pod can use at most, millicores, not below the request; absent: no limit of its own. A pod at this
    /// limit serves no more requests, so it bounds the capacity as `capacity_rps` does.
    #[serde(default)]
    pub cpu_limit_millicores: Option<u32>,
    /// CPU time of one request in milliseconds of one core, 0 to 1,000,000; one request per second uses as many
    /// millicores.
    pub cpu_ms_per_request: f64,
    /// CPU that a serving pod uses without any request, millicores, 0 to 1,000,000.
    #[serde(default)]
    pub cpu_fixed_millicores: f64,
    /// CPU of a pod that starts, until it is ready, millicores, 0 to 1,000,000.
    #[serde(default)]
    pub cpu_starting_millicores: f64,
    /// Memory request of a pod, MiB, 1 to 1,048,576.
    pub memory_request_mib: u32,
    /// Memory at which a pod's usage stops growing, MiB, not below the request; absent: no limit. A pod is not killed
    /// there: the simulation has no kills.
    #[serde(default)]
    pub memory_limit_mib: Option<u32>,
    /// Memory of a running pod without load, MiB, 0 to 1,048,576.
    pub memory_base_mib: f64,
    /// Memory that each request per second adds to a pod, MiB, 0 to 1,048,576.
    #[serde(default)]
    pub memory_mib_per_rps: f64,
    /// Requests that one pod can serve, per second, 0.001 to 1,000,000.
    pub capacity_rps: f64,
    /// Mean time of serving a request on an idle pod, milliseconds, 0.001 to 3,600,000.
    pub service_ms: f64,
    /// Requests that may wait before the pods, in all, 0 to 1,000,000,000; more fail at once. Of a topic: messages that
    /// are kept, in all; of more the oldest are lost. Before jobs: messages that may wait.
    pub queue_limit: u32,
    /// Seconds after which a waiting request fails, 1 to 3,600; absent only with a topic or jobs, whose messages wait for ever.
    #[serde(default)]
    pub request_timeout_s: Option<u32>,
    /// Seconds from a pod's placement on a node to its first answer, 0 to 86,400.
    pub start_up_s: u32,
    /// Up to so many seconds more, drawn for every pod, 0 to 86,400.
    #[serde(default)]
    pub start_up_jitter_s: u32,
    /// Seconds from a pod's first answer to its being Ready: the probe's delay, 0 to 86,400.
    #[serde(default)]
    pub readiness_delay_s: u32,
    /// Seconds that a deleted pod still runs, without new requests, 0 to 86,400.
    #[serde(default)]
    pub drain_s: u32,
}

/// A topic of partitions, such as Kafka has them: the load are messages, the pods are one group of consumers.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Topic {
    /// Partitions, 1 to 10,000; more consumers than these are idle.
    pub partitions: u32,
    /// Seconds in which nobody consumes after the number of ready pods changed, 0 to 3,600.
    #[serde(default)]
    pub rebalance_s: u32,
    /// Part of the messages that the first partition gets, percent, 0 to 100; the rest is spread evenly over all.
    #[serde(default)]
    pub hot_percent: f64,
}

/// Work that jobs do: the load are messages in one queue; a job has one pod, takes messages, and ends.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Jobs {
    /// Messages that a job works on before it ends, 1 to 1,000,000; 1 when absent, and absent with `until_empty`.
    #[serde(default)]
    pub messages_per_job: Option<u32>,
    /// A job ends when it finds no message.
    #[serde(default)]
    pub until_empty: bool,
    /// Seconds that a job waits for a message before it ends without, 0 to 86,400.
    #[serde(default)]
    pub wait_s: u32,
    /// How often a job fails with the messages that it has just worked on, percent, 0 to 100.
    #[serde(default)]
    pub fails_percent: f64,
    /// Whether messages of a failed job wait again, in their old place; else they have failed with it.
    #[serde(default = "yes")]
    pub failed_return: bool,
    /// Whether the queue's length that triggers read counts messages that jobs are working on.
    #[serde(default = "yes")]
    pub taken_count: bool,
}

/// An environment in which nodes come late and go late. It stands for whatever adds nodes when pods are pending; it is
/// no decision of a cluster autoscaler and is not judged as one.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Nodes {
    /// Pods of any kind that a node has room for, 1 to 1,000.
    pub pods_per_node: u32,
    /// Places taken by other workloads, spread evenly over the first nodes, 0 to what the first nodes hold.
    #[serde(default)]
    pub other_pods: u32,
    /// Nodes at the start, from `fewest` to `most`.
    pub at_start: u32,
    /// Nodes that always stay, 0 to 10,000.
    #[serde(default)]
    pub fewest: u32,
    /// Nodes at most, those on their way included, 1 to 10,000.
    pub most: u32,
    /// Nodes that come together, e.g. 3 when one is added in each of three zones, 1 to 1,000.
    #[serde(default = "one")]
    pub added_together: u32,
    /// Seconds from a pod's being pending to its node's being there, 0 to 86,400.
    pub provisioning_s: u32,
    /// Seconds without pods after which a node goes, 1 to 2,678,400.
    pub idle_removal_s: u32,
}

/// The metrics pipeline: at every scrape each running pod gets a sample, seen `lag_s` later.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Pipeline {
    /// Seconds from scrape to scrape, 1 to 3,600; the first is at this second.
    pub scrape_every_s: u32,
    /// Seconds over which a sample averages, 1 to 600; a pod that has not run so long has no sample.
    pub window_s: u32,
    /// Seconds from the scrape to its being seen, 0 to 3,600.
    pub lag_s: u32,
}

impl Default for Pipeline {
    /// metrics-server's resolution of 15 seconds, seen after 2.
    fn default() -> Self {
        Self { scrape_every_s: 15, window_s: 15, lag_s: 2 }
    }
}

/// Flags of kube-controller-manager, with its defaults.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Controller {
    /// `--horizontal-pod-autoscaler-sync-period`, 1 to 3,600 seconds.
    pub sync_period_s: u32,
    /// `--horizontal-pod-autoscaler-tolerance`, above 0 to 1: the flag's 0 means its default.
    pub tolerance: f64,
    /// `--horizontal-pod-autoscaler-downscale-stabilization`, 1 to 3,600 seconds.
    pub downscale_stabilization_s: u32,
    /// `--horizontal-pod-autoscaler-cpu-initialization-period`, 1 to 86,400 seconds.
    pub cpu_initialization_period_s: u32,
    /// `--horizontal-pod-autoscaler-initial-readiness-delay`, 1 to 86,400 seconds.
    pub initial_readiness_delay_s: u32,
    /// Second of the first sync, 0 to 86,400. The first samples are seen after a scrape and its lag; a sync before that
    /// finds none.
    pub first_sync_s: u32,
}

impl Default for Controller {
    fn default() -> Self {
        Self {
            sync_period_s: 15,
            tolerance: 0.1,
            downscale_stabilization_s: 300,
            cpu_initialization_period_s: 300,
            initial_readiness_delay_s: 30,
            first_sync_s: 30,
        }
    }
}

/// One sentence of the document, and how to see whether it came true.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Row {
    /// The moment, as the document writes it; not empty.
    pub moment: String,
    /// What it says; not empty.
    pub says: String,
    /// First second at which it may be true, counted from `document_starts_s`; may be negative.
    pub from_s: i64,
    /// Last second at which it may be true, within the run.
    pub to_s: i64,
    /// What has to be seen, all of it in the same second, at some second from `from_s` to `to_s`.
    pub expect: Expect,
    /// Why it did not come true, shown when it did not. May quote the last second of the span as `{replicas}`,
    /// `{ready}`, `{nodes}`, `{cpu_percent}`, and the sentence of the last sync up to then as `{reason}`.
    #[serde(default)]
    pub because: String,
}

/// What a row expects; at least one field.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Expect {
    /// Pods that the scale asks for.
    pub replicas: Option<i32>,
    /// Pods that serve.
    pub ready: Option<i32>,
    /// Nodes that run; needs `nodes`.
    pub nodes: Option<i32>,
    /// CPU of the ready pods, percent of their request.
    pub cpu_percent: Option<f64>,
    /// How far from `cpu_percent` still counts, in points of percent, 0 to 1,000.
    pub cpu_within: Option<f64>,
}

const fn yes() -> bool {
    true
}

const fn one() -> u32 {
    1
}

const fn one_u64() -> u64 {
    1
}

const fn five() -> u32 {
    5
}

const fn thousand() -> i32 {
    1_000
}

#[cfg(test)]
mod tests;
