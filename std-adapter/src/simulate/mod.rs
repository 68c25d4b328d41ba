//! A deterministic world in simulated time, decided by the engine.
//!
//! [`run()`] plays a [`Scenario`]: requests arrive, pods serve them or start or wait for nodes, a
//! metrics pipeline measures them late, and at every sync a [`Scaler`] sees what a controller would see and says what
//! the scale should be. The world steps in whole seconds; how it answers, waits and measures stands in the modules
//! `requests`, `pods`, `nodes` and `world`, formulas with their sources.
//!
//! The same scenario and the same scaler give the same [`Run`], bit for bit, on every machine: random numbers come
//! from pcg32 with the scenario's seed, functions like the sine from `libm`, and no clock is read.

mod documented;
mod jobs;
pub mod load;
mod nodes;
pub mod open;
mod pods;
mod random;
mod requests;
pub mod run;
pub mod scenario;
mod service;
mod topic;
pub mod value;
mod world;

use self::documented::Watch;
use self::run::{Documented, RUN_FORMAT, Run, Sample, Summary, Sync};
use self::scenario::Scenario;
use self::world::World;

/// Name of the CPU samples; values are thousandths of a core.
pub const CPU: &str = "cpu";

/// Name of the memory samples; values are thousandths of a byte.
pub const MEMORY: &str = "memory";

/// Name of the samples of requests served by a pod; values are thousandths of a request per second.
pub const REQUESTS: &str = "requests_per_second";

/// Name of the service's samples of what arrives; values are thousandths of a request or message per second.
pub const ARRIVALS: &str = "arrivals_per_second";

/// Name of the service's samples of what is answered or consumed; values are thousandths of one per second.
pub const SERVED: &str = "served_per_second";

/// Name of the service's samples of what is waiting or being served, a mean over the window; values are thousandths.
pub const IN_FLIGHT: &str = "in_flight";

/// Name of the service's samples of what waits at the end of the window; values are thousandths.
pub const BACKLOG: &str = "backlog";

/// Names of the service's samples of latency, median, 95th and 99th percentile of what was answered in the window;
/// values are thousandths of a millisecond.
pub const LATENCIES: [&str; 3] = ["latency_p50_ms", "latency_p95_ms", "latency_p99_ms"];

/// Nanoseconds of a second: the unit of all times that a scaler sees, counted from the start of the run.
pub const SECOND_NS: i64 = 1_000_000_000;

/// What decides the scale.
pub trait Scaler {
    /// Smallest and largest number of replicas, for the record; no largest where nothing bounds it.
    fn bounds(&self) -> (i32, Option<i32>);

    /// The metrics in the policy's order, one line each, for the record.
    fn metrics(&self) -> Vec<String>;

    /// One sync. The answer's `to` becomes the scale; its `at_s` and `from` are set by the run.
    fn sync(&mut self, seen: &Seen<'_>) -> Sync;

    /// The scale was changed at `at` (nanoseconds since the start of the run).
    fn applied(&mut self, at: i64, from: i32, to: i32);

    /// Seconds from sync to sync where that is the policy's own; else `controller.sync_period_s` says it.
    fn period_s(&self) -> Option<u32> {
        None
    }

    /// Names of the ended jobs to delete after a sync; only who starts jobs deletes them.
    fn deletes(&mut self) -> Vec<String> {
        Vec::new()
    }
}

/// What a controller sees at one sync. Times are nanoseconds since the start of the run; those of the first pods are
/// negative.
#[derive(Clone, Debug, PartialEq)]
pub struct Seen<'a> {
    /// The time of the sync.
    pub now: i64,
    /// Replicas that the scale asks for.
    pub spec_replicas: i32,
    /// Pods that exist and are not deleted.
    pub status_replicas: i32,
    /// All pods, those that drain included, in the order of their creation.
    pub pods: &'a [SeenPod<'a>],
    /// The newest visible sample of every metric of the service as a whole; empty when there is none yet.
    pub service: &'a [Measured],
    /// The service's samples that have become visible since the last sync, oldest first.
    pub news: &'a [&'a [Measured]],
    /// The partitions of the topic as its broker shows them now; empty without a topic.
    pub partitions: &'a [SeenPartition],
    /// The jobs: those that have ended and are kept, then the unfinished ones in the order of their creation, one for each
    /// pod; empty without jobs.
    pub jobs: &'a [SeenJob<'a>],
}

impl Seen<'_> {
    /// The newest visible sample of the service's metric `name`: [`ARRIVALS`], [`SERVED`], [`IN_FLIGHT`], [`BACKLOG`] or
    /// one of [`LATENCIES`]. A latency has none when nothing was answered.
    #[must_use]
    pub fn sample(&self, name: &str) -> Option<&Measured> {
        self.service.iter().find(|sample| sample.name == name)
    }
}

/// One partition of a topic, whole messages since its first one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SeenPartition {
    /// Messages written.
    pub head: i64,
    /// Messages consumed.
    pub committed: i64,
}

/// One job as the API shows it.
#[derive(Clone, Debug, PartialEq)]
pub struct SeenJob<'a> {
    /// Its name.
    pub name: String,
    /// Its pod, while it has not ended.
    pub pod: Option<&'a SeenPod<'a>>,
    /// Its end; absent while it has not ended.
    pub ended: Option<SeenEnd>,
}

/// How a job ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SeenEnd {
    /// Whether it failed; the API then shows no `completionTime`.
    pub failed: bool,
    /// When that was.
    pub at: i64,
}

/// One pod as the API shows it.
#[derive(Clone, Debug, PartialEq)]
pub struct SeenPod<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its phase.
    pub phase: Phase,
    /// Whether it has a deletion timestamp.
    pub deleted: bool,
    /// When it was created.
    pub created: i64,
    /// `status.startTime`: when it got its node; absent while it waits for one.
    pub started: Option<i64>,
    /// The Ready condition; absent while the pod waits for a node.
    pub ready: Option<Ready>,
    /// CPU request, thousandths of a core.
    pub cpu_request_milli: i64,
    /// Memory request, thousandths of a byte.
    pub memory_request_milli: i64,
    /// The newest visible sample of every metric; empty when there is none yet.
    pub samples: &'a [Measured],
}

impl SeenPod<'_> {
    /// The newest visible sample of the metric `name`: [`CPU`], [`MEMORY`] or [`REQUESTS`].
    #[must_use]
    pub fn sample(&self, name: &str) -> Option<&Measured> {
        self.samples.iter().find(|sample| sample.name == name)
    }
}

/// A pod's phase; the simulation knows two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Waits for a node.
    Pending,
    /// Has one.
    Running,
}

/// The Ready condition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ready {
    /// True or False; the simulation has no Unknown.
    pub status: bool,
    /// Its last transition.
    pub since: i64,
}

/// One sample.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Measured {
    /// Of a pod [`CPU`], [`MEMORY`] or [`REQUESTS`]; of the service one of the other names.
    pub name: &'static str,
    /// Mean over the window, in thousandths of the metric's unit.
    pub value: i64,
    /// End of the window.
    pub at: i64,
    /// Length of the window.
    pub window: i64,
}

/// Plays a scenario from its first second to its last. `progress` is told how many seconds of how many are done, about a
/// hundred times.
///
/// A scaler that asks for a negative number of replicas gets none.
pub fn run(scenario: &Scenario, scaler: &mut dyn Scaler, progress: &mut dyn FnMut(u32, u32)) -> Run {
    let plan = scenario.plan();
    let mut world = World::new(scenario);
    let mut watches = Watch::all(plan);
    let mut tally = Tally::new(world.wanted());
    let (mut samples, mut syncs) = (Vec::new(), Vec::<Sync>::new());
    let period_s = scaler.period_s().unwrap_or(plan.controller.sync_period_s).max(1);
    let (last, hundredth) = (plan.duration_s.saturating_sub(1), plan.duration_s.div_ceil(100).max(1));
    for at_s in 0..plan.duration_s {
        world.wake(at_s);
        let mut changed = false;
        let since_first = at_s.checked_sub(plan.controller.first_sync_s);
        if since_first.is_some_and(|since| since.is_multiple_of(period_s)) {
            let sync = synced(&mut world, scaler, at_s);
            changed = sync.from != sync.to;
            tally.scaled(sync.from, sync.to);
            syncs.push(sync);
        }
        let (flow, sample) = world.second(at_s);
        tally.second(&flow, &sample);
        for watch in watches.iter_mut().filter(|watch| watch.covers(at_s)) {
            watch.look(&sample, syncs.last().map_or("", |sync| sync.reason.as_str()));
        }
        if changed || at_s == last || at_s.is_multiple_of(plan.sample_every_s) {
            samples.push(world.sampled(sample));
        }
        if at_s == last || (at_s + 1).is_multiple_of(hundredth) {
            progress(at_s + 1, plan.duration_s);
        }
    }
    let documented: Vec<Documented> = watches.into_iter().map(Watch::verdict).collect();
    Run {
        format: RUN_FORMAT,
        title: plan.title.clone(),
        description: plan.description.clone(),
        seed: plan.seed,
        duration_s: plan.duration_s,
        bounds: scaler.bounds(),
        metrics: scaler.metrics(),
        samples,
        documented,
        summary: Summary { jobs: world.job_totals(), ..tally.summary(syncs.len()) },
        syncs,
    }
}

/// One sync: look, decide, scale.
fn synced(world: &mut World<'_>, scaler: &mut dyn Scaler, at_s: u32) -> Sync {
    let from = world.wanted();
    let now = i64::from(at_s) * SECOND_NS;
    let pods = world.seen(at_s);
    let mut sync = scaler.sync(&Seen {
        now,
        spec_replicas: from,
        status_replicas: world.alive(),
        pods: &pods,
        service: world.seen_service(at_s),
        news: &world.service_news(at_s),
        partitions: &world.seen_partitions(),
        jobs: &world.seen_jobs(&pods),
    });
    world.looked(at_s);
    // The world has the last word on what happened.
    sync.at_s = at_s;
    sync.from = from;
    sync.to = sync.to.max(0);
    if sync.to != from {
        world.scale(sync.to, at_s);
        scaler.applied(now, from, sync.to);
    }
    world.delete_jobs(&scaler.deletes());
    sync
}

/// Totals while the run goes on; requests in millionths, which 128 bits hold for any run.
#[derive(Debug)]
struct Tally {
    offered: u128,
    served: u128,
    failed: u128,
    replica_seconds: u64,
    /// 1 after a scaling up, −1 after one down.
    direction: i32,
    summary: Summary,
}

impl Tally {
    fn new(replicas: i32) -> Self {
        Self {
            offered: 0,
            served: 0,
            failed: 0,
            replica_seconds: 0,
            direction: 0,
            summary: Summary { replicas: (replicas, replicas), ..Summary::default() },
        }
    }

    fn scaled(&mut self, from: i32, to: i32) {
        let direction = (to - from).signum();
        if direction == 0 {
            return;
        }
        self.summary.scaled_up += u32::from(direction > 0);
        self.summary.scaled_down += u32::from(direction < 0);
        self.summary.reversals += u32::from(direction == -self.direction);
        self.direction = direction;
    }

    fn second(&mut self, flow: &requests::Flow, sample: &Sample) {
        self.offered += u128::from(flow.offered);
        self.served += u128::from(flow.served);
        self.failed += u128::from(flow.failed);
        self.replica_seconds += u64::try_from(sample.wanted).unwrap_or(0);
        let summary = &mut self.summary;
        summary.queued_at_end = sample.queued;
        summary.queued_max = summary.queued_max.max(sample.queued);
        summary.latency_p95_max_ms = summary.latency_p95_max_ms.max(sample.latency_p95_ms);
        summary.replicas = (summary.replicas.0.min(sample.wanted), summary.replicas.1.max(sample.wanted));
    }

    fn summary(self, syncs: usize) -> Summary {
        let whole = |micro: u128| micro as f64 / requests::MICRO as f64;
        Summary {
            offered: whole(self.offered),
            served: whole(self.served),
            failed: whole(self.failed),
            pod_hours: self.replica_seconds as f64 / 3_600.0,
            syncs: u32::try_from(syncs).unwrap_or(u32::MAX),
            ..self.summary
        }
    }
}

#[cfg(test)]
mod tests;
