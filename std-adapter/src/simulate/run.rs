//! What one simulation saw and decided: plain values that the terminal, the HTML page and `--json` all draw from.
//!
//! Times are whole seconds of simulated time from the start of the run. Rates are requests per second.

use serde::Serialize;

/// Version of the JSON that `--json` prints.
pub const RUN_FORMAT: &str = "plimsoll-run/1";

/// One finished simulation.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Run {
    /// [`RUN_FORMAT`].
    pub format: &'static str,
    /// The scenario's title.
    pub title: String,
    /// The scenario's description, one or more sentences; may be empty.
    pub description: String,
    /// Seed of every random number in the run.
    pub seed: u64,
    /// Length of the run in seconds.
    pub duration_s: u32,
    /// The workload's bounds, smallest and largest number of pods; no largest where nothing bounds it.
    pub bounds: (i32, Option<i32>),
    /// The metrics of the policy, in its order, e.g. `cpu utilization, target 70 %`.
    pub metrics: Vec<String>,
    /// The world over time, in order; spacing as the scenario asks, and one at every second in which the scale changed.
    pub samples: Vec<Sample>,
    /// Every sync of the autoscaler, in order.
    pub syncs: Vec<Sync>,
    /// What the scenario's document says should happen, against what happened.
    pub documented: Vec<Documented>,
    /// Totals.
    pub summary: Summary,
}

/// The world at one second.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Sample {
    /// Second of the run.
    pub at_s: u32,
    /// Requests that arrived, per second.
    pub offered: f64,
    /// Requests answered, per second.
    pub served: f64,
    /// Requests that failed (queue full or waited too long), per second.
    pub failed: f64,
    /// Requests waiting at the end of the second.
    pub queued: f64,
    /// Latency of the median and of the slowest twentieth of the requests answered, milliseconds.
    pub latency_p50_ms: f64,
    /// See `latency_p50_ms`.
    pub latency_p95_ms: f64,
    /// Pods that the scale asks for.
    pub wanted: i32,
    /// Pods that serve.
    pub ready: i32,
    /// Pods that run and are not ready yet.
    pub starting: i32,
    /// Pods that wait for a node.
    pub pending: i32,
    /// Pods that drain.
    pub draining: i32,
    /// Nodes that run, when the scenario has nodes.
    pub nodes: Option<i32>,
    /// CPU of the ready pods, percent of their request (0 without ready pods).
    pub cpu_percent: f64,
    /// Memory of the ready pods, percent of their request.
    pub memory_percent: f64,
}

/// One sync of the autoscaler.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Sync {
    /// Second of the run.
    pub at_s: u32,
    /// Replicas before.
    pub from: i32,
    /// Replicas after.
    pub to: i32,
    /// What every metric read and asked for.
    pub readings: Vec<MetricReading>,
    /// The replicas that the metrics asked for together, before windows and limits; `None` when none was computed.
    pub asked: Option<i32>,
    /// One sentence: the step that had the last word.
    pub reason: String,
    /// Every step, a sentence each, in order.
    pub steps: Vec<String>,
    /// The conditions after it, `Type=Status/Reason`, in the order of the status.
    pub conditions: Vec<String>,
    /// Second at which time alone could change the answer.
    pub revisit_at_s: Option<u32>,
}

/// One metric in one sync.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct MetricReading {
    /// As in [`Run::metrics`], the short name: `cpu`, `memory`, `requests_per_second`.
    pub metric: String,
    /// What was read, in words: `260 % of request (3 of 8 pods, 5 not ready)`.
    pub read: String,
    /// What this metric asks for; `None` when it failed.
    pub asks: Option<i32>,
}

/// One row of *documented against decided*.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Documented {
    /// Moment as the document has it, e.g. `+30 s`.
    pub moment: String,
    /// What the document says.
    pub documented: String,
    /// What the run did, with its moment.
    pub decided: String,
    /// Whether both agree.
    pub agrees: bool,
    /// Why they differ; empty when they agree.
    pub reason: String,
}

/// Totals of a run.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Summary {
    /// Requests that arrived.
    pub offered: f64,
    /// Requests answered.
    pub served: f64,
    /// Requests that failed.
    pub failed: f64,
    /// Requests still waiting at the end.
    pub queued_at_end: f64,
    /// Most requests waiting at the end of a second.
    pub queued_max: f64,
    /// Highest p95 latency of a second, milliseconds.
    pub latency_p95_max_ms: f64,
    /// Replicas times seconds, in hours.
    pub pod_hours: f64,
    /// Fewest and most replicas wanted.
    pub replicas: (i32, i32),
    /// Scalings up and down.
    pub scaled_up: u32,
    /// See `scaled_up`.
    pub scaled_down: u32,
    /// Scalings against the direction of the one before.
    pub reversals: u32,
    /// Syncs made.
    pub syncs: u32,
    /// Of jobs, where the run has them: requests are then messages, and replicas jobs that have not ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jobs: Option<JobTotals>,
}

/// Totals of the jobs of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct JobTotals {
    /// Jobs that were started.
    pub started: u64,
    /// Jobs that ended well, those that found nothing to do among them.
    pub succeeded: u64,
    /// Jobs that failed.
    pub failed: u64,
    /// Jobs that ended without having found a message.
    pub found_nothing: u64,
    /// Messages that jobs were working on at the end.
    pub in_work_at_end: u64,
    /// Jobs that had succeeded and failed and were not deleted at the end.
    pub kept: (u64, u64),
}
