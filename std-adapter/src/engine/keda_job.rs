//! KEDA's scaled jobs: triggers from a manifest, and how many jobs to start for them.
//!
//! Nothing is remembered between passes but, where a Kafka trigger leaves out what nobody works on, the offsets that it
//! saw last.

use std::collections::BTreeMap;

use plimsoll_core::queue::{
    JobDecision, JobDetail, JobObservation, JobReading, JobStep, Offsets, Partition, PodPhase, Ready, ScaledJob,
    Strategy, is_pending, is_pending_by, to_delete,
};
use plimsoll_core::trace::Each;
use plimsoll_core::units::{Instant, Milli};
use serde_json::{Value, json};

use super::keda::{Source, source};
use crate::manifest::keda::{job_calculation, job_paused, job_strategy};
use crate::manifest::scaled::ScaledJobSpec;
use crate::simulate::run::{MetricReading, Sync};
use crate::simulate::{Phase, Scaler, Seen, SeenJob, SeenPod};

/// Finished jobs of a kind that are kept where no limit is given.
const HISTORY_LIMIT: u32 = 100;

/// Seconds from pass to pass where none are given.
const POLLING_S: i32 = 30;

/// A scaled job's policy.
#[derive(Clone, Debug)]
pub struct KedaJob {
    policy: ScaledJob,
    sources: Vec<Source>,
    pending_conditions: Vec<String>,
    paused: bool,
    succeeded_limit: u32,
    failed_limit: u32,
    polling_s: u32,
    /// The strategy in use: one that upstream does not know is its default.
    strategy: &'static str,
    about: String,
}

/// An unfinished job's pod.
#[derive(Clone, Debug)]
pub struct JobPod {
    /// Its phase.
    pub phase: PodPhase,
    /// The types of its conditions that are true.
    pub conditions: Vec<String>,
}

/// A finished job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FinishedJob {
    /// Its name.
    pub name: String,
    /// Whether it failed.
    pub failed: bool,
    /// When it was complete.
    pub completed: Option<Instant>,
}

impl KedaJob {
    /// From a manifest's spec and the annotations beside it.
    ///
    /// # Errors
    /// The first field or setting that does not fit, with its path in the object.
    pub fn new(spec: &ScaledJobSpec, annotations: &BTreeMap<String, String>) -> Result<Self, String> {
        if spec.triggers.is_empty() {
            return Err("spec.triggers is empty: at least one is needed".to_owned());
        }
        let sources = spec.triggers.iter().enumerate().map(|(index, trigger)| source(index, trigger));
        let sources = sources.collect::<Result<Vec<_>, _>>()?;
        let given = spec.scaling_strategy.clone().unwrap_or_default();
        let name = given.strategy.as_deref().unwrap_or_default();
        let percentage = given.custom_scaling_running_job_percentage.as_deref().unwrap_or_default();
        let strategy = job_strategy(name, given.custom_scaling_queue_length_deduction, percentage);
        let calculation = given.multiple_scalers_calculation.as_deref().unwrap_or_default();
        let policy = ScaledJob::new(spec.min_replica_count, spec.max_replica_count)
            .and_then(|policy| policy.with_strategy(strategy))
            .map_err(|error| format!("spec: {error}"))?
            .with_calculation(job_calculation(calculation));
        let limit = |field: &str, given: Option<i32>| match given {
            None => Ok(HISTORY_LIMIT),
            Some(given) => u32::try_from(given).map_err(|_| format!("spec.{field} is {given}: must not be negative")),
        };
        let names = sources.iter().map(Source::name).collect::<Vec<_>>().join(", ");
        let strategy = match strategy {
            Strategy::Default => "default",
            Strategy::Custom { .. } => "custom",
            Strategy::Accurate => "accurate",
            Strategy::Eager => "eager",
        };
        Ok(Self {
            about: format!(
                "KEDA jobs for {names}, strategy {strategy}, at most {} at once",
                policy.max().saturating_add(policy.min())
            ),
            policy,
            sources,
            strategy,
            polling_s: u32::try_from(spec.polling_interval.unwrap_or(POLLING_S)).unwrap_or(0).max(1),
            pending_conditions: given.pending_pod_conditions,
            paused: job_paused(annotations),
            succeeded_limit: limit("successfulJobsHistoryLimit", spec.successful_jobs_history_limit)?,
            failed_limit: limit("failedJobsHistoryLimit", spec.failed_jobs_history_limit)?,
        })
    }

    /// From the spec of a ScaledJob in another text, where `root` is its name.
    ///
    /// # Errors
    /// As [`KedaJob::new`].
    pub fn inline(given: &Value, root: &str) -> Result<Self, String> {
        let mut spec = given.clone();
        let annotations = spec.as_object_mut().and_then(|fields| fields.remove("annotations")).unwrap_or(json!({}));
        let annotations = super::inline(&annotations, &format!("{root}.annotations"))?;
        let spec: ScaledJobSpec = super::inline(&spec, root)?;
        Self::new(&spec, &annotations).map_err(|error| match error.strip_prefix("spec") {
            Some(rest) => format!("{root}{rest}"),
            None => format!("{root}: {error}"),
        })
    }

    /// What it is, in a few words.
    #[must_use]
    pub fn about(&self) -> &str {
        &self.about
    }

    /// Seconds from pass to pass.
    #[must_use]
    pub const fn polling_s(&self) -> u32 {
        self.polling_s
    }

    /// Number of triggers.
    #[must_use]
    pub fn triggers(&self) -> usize {
        self.sources.len()
    }

    /// Whether a trigger starts jobs: CPU and memory do not, and are not read.
    #[must_use]
    pub fn starts_jobs(&self, trigger: usize) -> bool {
        self.sources.get(trigger).is_some_and(|source| source.per_replica().is_some())
    }

    /// Whether an annotation pauses it.
    #[must_use]
    pub const fn paused(&self) -> bool {
        self.paused
    }

    /// The reading of a trigger; whether it is active says its own threshold, and messages for each job its target, where
    /// neither is given. CPU and memory start no jobs: there is none then.
    #[must_use]
    pub fn reading(
        &self,
        trigger: usize,
        queue: f64,
        target: Option<Milli>,
        active: Option<bool>,
    ) -> Option<JobReading> {
        let source = self.sources.get(trigger)?;
        let target = source.per_replica().map(|own| target.unwrap_or(own))?;
        let active = active.unwrap_or(queue > source.activation());
        // The metric as upstream writes it: to thousandths, nothing below zero.
        let queue = match plimsoll_core::queue::Reading::of(queue, false) {
            plimsoll_core::queue::Reading::Value { value, .. } => value,
            plimsoll_core::queue::Reading::Failed => return Some(JobReading::Failed),
        };
        Some(JobReading::Value { queue, target, active })
    }

    /// What a Kafka trigger reads of the partitions; `None` for a trigger of another kind.
    pub fn group<const P: usize>(
        &self,
        trigger: usize,
        partitions: &[Partition],
        offsets: &mut Offsets<P>,
    ) -> Option<JobReading> {
        let source = self.sources.get(trigger)?;
        let group = source.group(partitions, offsets)?;
        Some(match group.reading() {
            plimsoll_core::queue::Reading::Value { value, active } => {
                JobReading::Value { queue: value, target: source.per_replica()?, active }
            }
            plimsoll_core::queue::Reading::Failed => JobReading::Failed,
        })
    }

    /// Whether an unfinished job with these pods is pending.
    #[must_use]
    pub fn is_pending(&self, pods: &[JobPod]) -> bool {
        if self.pending_conditions.is_empty() {
            return is_pending(&pods.iter().map(|pod| pod.phase).collect::<Vec<_>>());
        }
        let required = self.pending_conditions.iter().map(String::as_str).collect::<Vec<_>>();
        let pods = pods.iter().map(|pod| pod.conditions.iter().map(String::as_str).collect::<Vec<_>>());
        let pods = pods.collect::<Vec<_>>();
        is_pending_by(&required, pods.iter().map(Vec::as_slice))
    }

    /// The finished jobs to delete: beyond the limits of each kind, the oldest first.
    #[must_use]
    pub fn to_delete(&self, finished: &[FinishedJob]) -> Vec<String> {
        let beyond = |failed: bool, limit: u32| {
            let mut kind = finished.iter().filter(|job| job.failed == failed).collect::<Vec<_>>();
            let count = to_delete(&mut kind, limit, |job| job.completed);
            kind.into_iter().take(count).map(|job| job.name.clone()).collect::<Vec<_>>()
        };
        [beyond(false, self.succeeded_limit), beyond(true, self.failed_limit)].concat()
    }

    /// Decides one pass: the decision and its steps.
    #[must_use]
    pub fn decide(&self, seen: &JobObservation<'_>) -> (JobDecision, Vec<JobStep>) {
        let mut steps = Vec::new();
        let decision = self.policy.decide(seen, &mut Each(|step: &JobStep| steps.push(*step)));
        (decision, steps)
    }

    /// How long the queue of the only trigger would have to be for one job more.
    #[must_use]
    pub fn outlook(&self, seen: &JobObservation<'_>) -> Option<Milli> {
        self.policy.outlook(seen)
    }
}

/// The conditions of a scaled job after a pass.
#[must_use]
pub fn conditions(detail: &JobDetail) -> Vec<String> {
    let ready = match detail.ready() {
        Ready::True => "True",
        Ready::False => "False",
        Ready::Unknown => "Unknown",
    };
    let active = if detail.demand.active { "True" } else { "False" };
    vec![format!("Ready={ready}"), format!("Active={active}")]
}

/// Starts a simulation's jobs as KEDA would.
pub(super) struct Player {
    policy: KedaJob,
    /// Ended jobs beyond the limits at the last pass.
    delete: Vec<String>,
}

impl Player {
    /// `root` is the name of the policy's text.
    ///
    /// # Errors
    /// When a trigger reads what the simulation does not have.
    pub(super) fn new(policy: KedaJob, root: &str) -> Result<Self, String> {
        match policy.sources.iter().position(Source::is_kafka) {
            Some(index) => {
                Err(format!("{root}.triggers[{index}] is of kafka: jobs take from one queue, which has no partitions"))
            }
            None => Ok(Self { policy, delete: Vec::new() }),
        }
    }

    /// What every trigger that starts jobs reads, with the words for it.
    fn read(&self, seen: &Seen<'_>) -> Vec<(JobReading, MetricReading)> {
        let sources = self.policy.sources.iter().enumerate();
        let read = sources.filter_map(|(index, source)| {
            let sample = seen.sample(source.simulated()?);
            let queue = sample.map(|sample| sample.value as f64 / 1e3);
            let reading =
                queue.map_or(Some(JobReading::Failed), |queue| self.policy.reading(index, queue, None, None))?;
            let demand = self.policy.policy.demand(&[reading]);
            let (read, asks) = match (queue, reading) {
                (Some(_), JobReading::Value { queue, active, .. }) => {
                    let rest = if active { "" } else { ", not active" };
                    (format!("{queue}{rest}"), i32::try_from(demand.jobs).ok())
                }
                _ => ("no sample".to_owned(), None),
            };
            Some((reading, MetricReading { metric: source.name().to_owned(), read, asks }))
        });
        read.collect()
    }
}

impl Scaler for Player {
    fn bounds(&self) -> (i32, Option<i32>) {
        let policy = &self.policy.policy;
        (policy.min(), Some(policy.min().saturating_add(policy.max())))
    }

    fn metrics(&self) -> Vec<String> {
        let sources = self.policy.sources.iter().map(|source| match (source.simulated(), source.per_replica()) {
            (Some(metric), Some(target)) => format!("{}: {metric}, target {target} for each job", source.name()),
            _ => format!("{}: starts no jobs", source.name()),
        });
        let strategy = format!("strategy {}", self.policy.strategy);
        sources.chain([strategy, format!("a pass every {} s", self.policy.polling_s)]).collect()
    }

    fn period_s(&self) -> Option<u32> {
        Some(self.policy.polling_s)
    }

    fn sync(&mut self, seen: &Seen<'_>) -> Sync {
        let (triggers, readings): (Vec<_>, Vec<_>) = self.read(seen).into_iter().unzip();
        let count = |is: &dyn Fn(&SeenPod<'_>) -> bool| {
            let jobs = seen.jobs.iter().filter(|job| job.ended.is_none() && job.pod.is_some_and(is));
            i32::try_from(jobs.count()).unwrap_or(i32::MAX)
        };
        let observation = JobObservation {
            now: Instant::from_nanos(seen.now),
            triggers: &triggers,
            running: count(&|_| true),
            pending: count(&|pod| self.policy.is_pending(&[job_pod(pod)])),
            paused: self.policy.paused,
        };
        let (decision, steps) = self.policy.decide(&observation);
        self.delete = self.policy.to_delete(&seen.jobs.iter().filter_map(finished).collect::<Vec<_>>());
        let demand = &decision.detail.demand;
        Sync {
            at_s: 0,
            from: decision.from.0,
            to: decision.to.0,
            readings,
            asked: i32::try_from(demand.jobs).ok(),
            reason: decision.last_word.to_string(),
            steps: steps.iter().map(ToString::to_string).collect(),
            conditions: conditions(&decision.detail),
            revisit_at_s: None,
        }
    }

    fn applied(&mut self, _: i64, _: i32, _: i32) {}

    fn deletes(&mut self) -> Vec<String> {
        std::mem::take(&mut self.delete)
    }
}

/// A simulated pod as KEDA looks at it.
fn job_pod(pod: &SeenPod<'_>) -> JobPod {
    let placed = ["PodScheduled", "PodReadyToStartContainers", "Initialized"];
    let placed = placed.into_iter().filter(|_| pod.started.is_some());
    let ready = ["ContainersReady", "Ready"].into_iter().filter(|_| pod.ready.is_some_and(|ready| ready.status));
    JobPod {
        phase: match pod.phase {
            Phase::Pending => PodPhase::Waiting,
            Phase::Running => PodPhase::Running,
        },
        conditions: placed.chain(ready).map(str::to_owned).collect(),
    }
}

/// A job that has ended; a failed one has no time of completion.
fn finished(job: &SeenJob<'_>) -> Option<FinishedJob> {
    let end = job.ended?;
    let completed = (!end.failed).then(|| Instant::from_nanos(end.at));
    Some(FinishedJob { name: job.name.clone(), failed: end.failed, completed })
}
