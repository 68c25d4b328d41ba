//! Scaled jobs.

use plimsoll_core::queue::{
    Calculation, JobDemand, JobObservation, JobReading, PodPhase, ScaledJob, Strategy, is_pending, is_pending_by,
    mean_target, to_delete,
};
use plimsoll_core::units::{Instant, Milli};
use serde::Deserialize;

use crate::{Vector, read, same};

fn milli(value: f64) -> Milli {
    Milli((value * 1000.0).round() as i64)
}

/// As upstream selects it: custom only with a percentage that parses, and default for any other name.
fn strategy_of(name: &str, deduction: Option<i32>, percentage: Option<&str>) -> Strategy {
    match (name, percentage.and_then(|text| text.parse().ok())) {
        ("custom", Some(running)) => Strategy::Custom { deduction: deduction.unwrap_or(0), running },
        ("accurate", _) => Strategy::Accurate,
        ("eager", _) => Strategy::Eager,
        _ => Strategy::Default,
    }
}

fn calculation_of(name: &str) -> Calculation {
    match name {
        "min" => Calculation::Min,
        "avg" => Calculation::Avg,
        "sum" => Calculation::Sum,
        _ => Calculation::Max,
    }
}

fn job(min: Option<i32>, max: Option<i32>, strategy: Strategy) -> Result<ScaledJob, String> {
    let job = ScaledJob::new(min, max).map_err(|error| error.to_string())?;
    job.with_strategy(strategy).map_err(|error| error.to_string())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Scaler {
    queue_length: f64,
    target_average: f64,
    active: bool,
}

fn readings(scalers: &[Scaler]) -> Vec<JobReading> {
    let reading = |scaler: &Scaler| JobReading::Value {
        queue: milli(scaler.queue_length),
        target: milli(scaler.target_average),
        active: scaler.active,
    };
    scalers.iter().map(reading).collect()
}

pub(crate) fn strategy(vector: &Vector) -> Result<(), String> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct In {
        strategy: String,
        max_scale: i64,
        running: i64,
        pending: i64,
        max_replicas: i32,
        scale_to: i64,
        queue_length_deduction: Option<i32>,
        running_job_percentage: Option<String>,
    }
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Out {
        effective_max_scale: i64,
        scale_to: i64,
    }
    let (given, out): (In, Out) = (read(&vector.r#in)?, read(&vector.out)?);
    let percentage = given.running_job_percentage.as_deref();
    let job =
        job(None, Some(given.max_replicas), strategy_of(&given.strategy, given.queue_length_deduction, percentage))?;
    let demand = JobDemand { active: true, error: false, queue: given.scale_to, jobs: given.max_scale };
    same("allowed", (out.effective_max_scale, out.scale_to), job.allowed(&demand, given.running, given.pending))
}

pub(crate) fn decision(vector: &Vector) -> Result<(), String> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct In {
        min_replicas: i32,
        max_replicas: i32,
        running: i32,
        pending: i32,
        scale_to: i64,
        max_scale: i64,
        strategy: String,
        active: bool,
    }
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Out {
        effective_max_scale: i64,
        scale_to: i64,
        jobs_created: i32,
    }
    let (given, out): (In, Out) = (read(&vector.r#in)?, read(&vector.out)?);
    // The maximum here is that beside the minimum.
    let max = given.max_replicas + given.min_replicas;
    let job = job(Some(given.min_replicas), Some(max), strategy_of(&given.strategy, None, None))?;
    // A queue of `scale_to` whose target makes `max_scale` of it.
    let queue = Milli(given.scale_to * 1000);
    // Rounded up: a target a thousandth too small would make one job more of the queue.
    let target = Milli(if given.max_scale == 0 { 0 } else { (queue.0 + given.max_scale - 1) / given.max_scale });
    let triggers = [JobReading::Value { queue, target, active: given.active }];
    let (running, pending) = (given.running, given.pending);
    let seen = JobObservation { now: Instant::default(), triggers: &triggers, running, pending, paused: false };
    let detail = job.decide(&seen, &mut ()).detail;
    same("demand", given.max_scale, detail.demand.jobs.max(given.max_scale.min(0)))
        .or_else(|why| if given.active { Err(why) } else { Ok(()) })?;
    if given.active {
        same("allowed", out.effective_max_scale, detail.allowed.max(0))?;
        same("scale to", out.scale_to, detail.asked)?;
    }
    same("created", out.jobs_created, detail.create)
}

pub(crate) fn bounds(vector: &Vector) -> Result<(), String> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct In {
        max_replica_count: Option<i32>,
        min_replica_count: Option<i32>,
    }
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Out {
        max: i32,
        min: i32,
    }
    let (given, out): (In, Out) = (read(&vector.r#in)?, read(&vector.out)?);
    let job = job(given.min_replica_count, given.max_replica_count, Strategy::Default)?;
    same("bounds", (out.min, out.max), (job.min(), job.max()))
}

pub(crate) fn target_average(vector: &Vector) -> Result<(), String> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct In {
        targets: Vec<f64>,
    }
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Out {
        average: f64,
    }
    let (given, out): (In, Out) = (read(&vector.r#in)?, read(&vector.out)?);
    let targets: Vec<_> = given.targets.iter().map(|target| milli(*target)).collect();
    same("average", out.average, mean_target(&targets))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct State {
    active: bool,
    queue_length: i64,
    max_value: i64,
}

impl State {
    fn check(&self, demand: &JobDemand) -> Result<(), String> {
        let found = (demand.active, demand.queue, demand.jobs);
        same("demand", (self.active, self.queue_length, self.max_value), found)
    }
}

pub(crate) fn state(vector: &Vector) -> Result<(), String> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct In {
        min_replicas: i32,
        max_replicas: i32,
        calculation: String,
        scalers: Vec<Scaler>,
    }
    let (given, out): (In, State) = (read(&vector.r#in)?, read(&vector.out)?);
    // The maximum here is that beside the minimum.
    let max = given.max_replicas + given.min_replicas;
    let job = job(Some(given.min_replicas), Some(max), Strategy::Default)?;
    out.check(&job.with_calculation(calculation_of(&given.calculation)).demand(&readings(&given.scalers)))
}

pub(crate) fn pending(vector: &Vector) -> Result<(), String> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Pod {
        phase: Option<String>,
        #[serde(default)]
        true_conditions: Vec<String>,
    }
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct In {
        pending_pod_conditions: Vec<String>,
        pods: Vec<Pod>,
    }
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Out {
        pending: u32,
    }
    let (given, out): (In, Out) = (read(&vector.r#in)?, read(&vector.out)?);
    let found = if given.pending_pod_conditions.is_empty() {
        let phase = |pod: &Pod| match pod.phase.as_deref() {
            Some("Running") => PodPhase::Running,
            Some("Succeeded") => PodPhase::Succeeded,
            Some("Failed") => PodPhase::Failed,
            _ => PodPhase::Waiting,
        };
        is_pending(&given.pods.iter().map(phase).collect::<Vec<_>>())
    } else {
        let required: Vec<_> = given.pending_pod_conditions.iter().map(String::as_str).collect();
        let pods: Vec<Vec<_>> =
            given.pods.iter().map(|pod| pod.true_conditions.iter().map(String::as_str).collect()).collect();
        is_pending_by(&required, pods.iter().map(Vec::as_slice))
    };
    same("pending", out.pending, u32::from(found))
}

pub(crate) fn cleanup(vector: &Vector) -> Result<(), String> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Finished {
        name: String,
        result: String,
        completed: Option<String>,
    }
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct In {
        successful_limit: Option<u32>,
        failed_limit: Option<u32>,
        jobs: Vec<Finished>,
    }
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Out {
        deleted: Vec<String>,
    }
    let (given, out): (In, Out) = (read(&vector.r#in)?, read(&vector.out)?);
    let minutes = |text: &str| {
        let (hours, minutes) = text.split_once(':')?;
        Some(Instant::from_secs(hours.parse::<i64>().ok()? * 3600 + minutes.parse::<i64>().ok()? * 60))
    };
    let mut deleted = Vec::new();
    for (result, limit) in [("Complete", given.successful_limit), ("Failed", given.failed_limit)] {
        let mut jobs: Vec<_> = given.jobs.iter().filter(|job| job.result == result).collect();
        let count = to_delete(&mut jobs, limit.unwrap_or(100), |job| job.completed.as_deref().and_then(minutes));
        deleted.extend(jobs.iter().take(count).map(|job| job.name.clone()));
    }
    deleted.sort();
    let mut expected = out.deleted;
    expected.sort();
    same("deleted", expected, deleted)
}

pub(crate) fn cycle(vector: &Vector) -> Result<(), String> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct In {
        min_replica_count: Option<i32>,
        max_replica_count: Option<i32>,
        strategy: String,
        queue_length_deduction: Option<i32>,
        running_job_percentage: Option<String>,
        calculation: String,
        scalers: Vec<Scaler>,
        running: i32,
        pending: i32,
    }
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Out {
        active: bool,
        queue_length: i64,
        max_value: i64,
        jobs_created: i32,
    }
    let (given, out): (In, Out) = (read(&vector.r#in)?, read(&vector.out)?);
    let percentage = given.running_job_percentage.as_deref();
    let strategy = strategy_of(&given.strategy, given.queue_length_deduction, percentage);
    let job = job(given.min_replica_count, given.max_replica_count, strategy)?;
    let triggers = readings(&given.scalers);
    let (running, pending) = (given.running, given.pending);
    let seen = JobObservation { now: Instant::default(), triggers: &triggers, running, pending, paused: false };
    let job = job.with_calculation(calculation_of(&given.calculation));
    let detail = job.decide(&seen, &mut ()).detail;
    let Out { active, queue_length, max_value, jobs_created } = out;
    State { active, queue_length, max_value }.check(&detail.demand)?;
    same("created", jobs_created, detail.create)
}
