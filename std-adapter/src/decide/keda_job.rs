//! A scaled job of KEDA, asked by lines: one pass.

use plimsoll_core::queue::{JobObservation, JobReading, Offsets, Partition, PodPhase};
use plimsoll_core::units::Milli;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Count, Kind, Line, Moment, PartitionIn, Saved};
use crate::engine::keda_job::{FinishedJob, JobPod, KedaJob, conditions};
use crate::engine::record;
use crate::manifest::Quantity;

/// Committed offsets that a history remembers for each trigger.
type Seen = Offsets<1024>;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ObservationIn {
    now: Moment,
    #[serde(default)]
    readings: Vec<TriggerIn>,
    #[serde(default)]
    running: Option<Count>,
    #[serde(default)]
    pending: Option<Count>,
    #[serde(default)]
    jobs: Option<Vec<JobIn>>,
}

/// One of the forms that a trigger's reading may have.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
#[derive(Default)]
struct TriggerIn {
    queue: Option<f64>,
    target: Option<Quantity>,
    active: Option<bool>,
    partitions: Option<Vec<PartitionIn>>,
    failed: bool,
}

/// A job, finished when it has a state.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct JobIn {
    #[serde(default)]
    name: String,
    #[serde(default)]
    finished: Option<FinishedIn>,
    #[serde(default)]
    completed: Option<Moment>,
    #[serde(default)]
    pods: Vec<PodIn>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "camelCase")]
enum FinishedIn {
    Succeeded,
    Failed,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PodIn {
    #[serde(default)]
    phase: PhaseIn,
    /// Types of those that are true.
    #[serde(default)]
    conditions: Vec<String>,
}

#[derive(Clone, Copy, Default, Deserialize)]
enum PhaseIn {
    Pending,
    Running,
    Succeeded,
    Failed,
    #[default]
    Unknown,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct HistoryIn {
    offsets: Vec<Saved>,
}

impl Kind for KedaJob {
    type History = HistoryIn;
    type Observation = ObservationIn;

    fn about(&self) -> String {
        Self::about(self).to_owned()
    }

    fn answer(&self, line: Line<HistoryIn, ObservationIn>) -> Result<Value, String> {
        let given = line.observation.ok_or("observation is missing")?;
        let mut offsets = line
            .history
            .map_or(Ok(Vec::new()), |history| history.offsets.iter().map(|saved| Seen::restore(&saved.0)).collect())
            .map_err(|error| format!("history.offsets: {error}"))?;
        offsets.resize_with(self.triggers(), Seen::new);
        if given.readings.len() > self.triggers() {
            let (given, wanted) = (given.readings.len(), self.triggers());
            return Err(format!("observation.readings has {given} entries, the object has {wanted} triggers"));
        }
        let mut readings = Vec::new();
        for (index, offsets) in offsets.iter_mut().enumerate() {
            let told = |error| format!("observation.readings[{index}] {error}");
            // What is not given was not read.
            let reading = given
                .readings
                .get(index)
                .map_or(Ok(Some(JobReading::Failed)), |it| it.read(self, index, offsets).map_err(told))?;
            readings.extend(reading.filter(|_| self.starts_jobs(index)));
        }
        let (running, pending, delete) = given.jobs(self)?;
        let now = given.now.0;
        let seen = JobObservation { now, triggers: &readings, running, pending, paused: self.paused() };
        let (decision, steps) = self.decide(&seen);
        let detail = &decision.detail;
        Ok(json!({
            "decision": {
                "from": decision.from,
                "to": decision.to,
                "changes": detail.create > 0,
                "create": detail.create,
                "lastWord": record::told(&decision.last_word, decision.last_word),
                "active": detail.demand.active,
                "queue": detail.demand.queue,
                "jobs": detail.demand.jobs,
                "asked": detail.asked,
                "allowed": detail.allowed,
                "pending": pending,
                "delete": delete,
            },
            "steps": steps.iter().map(|step| record::told(step, step)).collect::<Vec<_>>(),
            "conditions": conditions(detail),
            "outlook": self.outlook(&seen).map(|queue| json!({ "one more job": { "queue": queue.to_string() } })),
            "history": json!({
                "offsets": offsets.iter().map(|each| Saved::text(Seen::saved_size(), |out| each.save(out)))
                    .collect::<Vec<_>>(),
            }),
        }))
    }
}

impl ObservationIn {
    /// Jobs running and pending, and the names of those to delete.
    fn jobs(&self, policy: &KedaJob) -> Result<(i32, i32, Vec<String>), String> {
        let Some(jobs) = &self.jobs else {
            let Count(running) =
                self.running.ok_or("observation.running is missing: a number, or jobs with their pods")?;
            let pending = self.pending.map_or(0, |Count(pending)| pending);
            if pending > running {
                return Err(format!("observation.pending is {pending}: pending jobs are among the {running} running"));
            }
            return Ok((running, pending, Vec::new()));
        };
        if self.running.is_some() || self.pending.is_some() {
            return Err("observation must have either jobs, or running and pending".to_owned());
        }
        let (mut running, mut pending, mut finished) = (0, 0, Vec::new());
        for (index, job) in jobs.iter().enumerate() {
            let Some(state) = job.finished else {
                let pod = |pod: &PodIn| JobPod { phase: pod.phase(), conditions: pod.conditions.clone() };
                running += 1;
                pending += i32::from(policy.is_pending(&job.pods.iter().map(pod).collect::<Vec<_>>()));
                continue;
            };
            if job.name.is_empty() {
                return Err(format!("observation.jobs[{index}].name is missing: finished jobs are deleted by it"));
            }
            finished.push(FinishedJob {
                name: job.name.clone(),
                failed: matches!(state, FinishedIn::Failed),
                completed: job.completed.map(|moment| moment.0),
            });
        }
        Ok((running, pending, policy.to_delete(&finished)))
    }
}

impl PodIn {
    const fn phase(&self) -> PodPhase {
        match self.phase {
            PhaseIn::Running => PodPhase::Running,
            PhaseIn::Succeeded => PodPhase::Succeeded,
            PhaseIn::Failed => PodPhase::Failed,
            PhaseIn::Pending | PhaseIn::Unknown => PodPhase::Waiting,
        }
    }
}

impl TriggerIn {
    fn read(&self, policy: &KedaJob, index: usize, offsets: &mut Seen) -> Result<Option<JobReading>, String> {
        let target = self.target.map(|target| Milli(target.milli()));
        match (self.queue, &self.partitions, self.failed) {
            (Some(queue), None, false) => {
                if let Some(Milli(target)) = target.filter(|target| target.0 < 0) {
                    return Err(format!("has a target of {}: must not be negative", Milli(target)));
                }
                Ok(policy.reading(index, queue, target, self.active))
            }
            (None, Some(partitions), false) => {
                if target.is_some() || self.active.is_some() {
                    return Err("has partitions: target and active follow from them".to_owned());
                }
                let partitions = partitions.iter().map(|given| Partition::from(*given)).collect::<Vec<_>>();
                let group = policy.group(index, &partitions, offsets);
                group.map(Some).ok_or_else(|| "has partitions, the trigger is not of kafka".to_owned())
            }
            (None, None, true) => Ok(Some(JobReading::Failed)),
            _ => Err("must have exactly one of queue, partitions, failed".to_owned()),
        }
    }
}
