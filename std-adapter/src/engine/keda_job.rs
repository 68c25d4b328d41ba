//! KEDA's scaled jobs: triggers from a manifest, and how many jobs to start for them.
//!
//! Nothing is remembered between passes but, where a Kafka trigger leaves out what nobody works on, the offsets that it
//! saw last.

use std::collections::BTreeMap;

use plimsoll_core::queue::{
    JobDecision, JobObservation, JobReading, JobStep, Offsets, Partition, PodPhase, ScaledJob, is_pending,
    is_pending_by, to_delete,
};
use plimsoll_core::trace::Each;
use plimsoll_core::units::{Instant, Milli};
use serde_json::{Value, json};

use super::keda::{Source, source};
use crate::manifest::keda::{job_calculation, job_paused, job_strategy};
use crate::manifest::scaled::ScaledJobSpec;

/// Finished jobs of a kind that are kept where no limit is given.
const HISTORY_LIMIT: u32 = 100;

/// A scaled job's policy.
#[derive(Clone, Debug)]
pub struct KedaJob {
    policy: ScaledJob,
    sources: Vec<Source>,
    pending_conditions: Vec<String>,
    paused: bool,
    succeeded_limit: u32,
    failed_limit: u32,
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
        let name = if name.is_empty() { "default" } else { name };
        Ok(Self {
            about: format!(
                "KEDA jobs for {names}, strategy {name}, at most {} at once",
                policy.max().saturating_add(policy.min())
            ),
            policy,
            sources,
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
