//! Jobs from a queue: how many to start now. Running ones are never touched.
//!
//! 1. Every trigger's metric is a queue; over its target it is a number of jobs. [`ScaledJob::decide`] takes those of
//!    the active triggers together.
//! 2. A strategy says what jobs that run already mean for the messages still counted: [`Strategy`].
//! 3. Finished jobs beyond a limit are to be deleted: [`to_delete`].
//!
//! Nothing is remembered between passes but the last activity, which decides nothing.

use core::fmt;

use super::policy::units;
use crate::decision::Draft;
use crate::error::{ConfigError, Problem};
use crate::math;
use crate::trace::Trace;
use crate::units::{Instant, Milli};

/// What jobs that run already mean for the number of new ones.
#[derive(Clone, Copy, Debug, PartialEq, Default)]
pub enum Strategy {
    /// The queue still counts messages that are being worked on: as many new jobs as are wanted less those running.
    #[default]
    Default,
    /// A constant and a part of the running jobs are taken off. The cap ignores running jobs.
    Custom {
        /// Taken off the wanted jobs.
        deduction: i32,
        /// This part of the running jobs, the fraction of a job cut off, is taken off as well.
        running: f64,
    },
    /// The queue does not count messages that are being worked on, but those of pending jobs.
    Accurate,
    /// All free slots.
    Eager,
}

/// How several triggers are one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Calculation {
    /// The longest queue, with its number of jobs.
    #[default]
    Max,
    /// The shortest queue, with its number of jobs; one of 0 counts as none, until the last.
    Min,
    /// The means.
    Avg,
    /// The sums.
    Sum,
}

/// Known defects of upstream's job scaling, answered better when switched on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct JobMended {
    /// The most jobs are the most also when no maximum is given: 100, less the fewest. Upstream forgets the fewest.
    pub default_max_counts_min: bool,
    /// Custom: new and running jobs together are no more than the most. Upstream's cap ignores those running.
    pub custom_cap_counts_running: bool,
    /// Eager: a pending job takes one slot. Upstream counts it as running and as pending.
    pub eager_counts_pending_once: bool,
    /// Max: the trigger that wants the most jobs. Upstream takes the one with the longest queue, whatever its target.
    pub max_by_jobs: bool,
    /// Min: an empty queue of an active trigger is the shortest. Upstream lets the next trigger overwrite it.
    pub min_keeps_zero: bool,
    /// Below the fewest, the queue counts as well. Upstream only fills up, and sees the queue at the next pass.
    pub filling_up_sees_the_queue: bool,
}

/// The policy of a scaled job.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ScaledJob {
    min: i32,
    max: Option<i32>,
    strategy: Strategy,
    calculation: Calculation,
    mended: JobMended,
}

impl ScaledJob {
    /// The most where none is given.
    pub const DEFAULT_MAX: i32 = 100;

    /// The fewest and the most jobs at once; 0 and 100 where none is given.
    ///
    /// # Errors
    /// When a number is negative.
    pub const fn new(min: Option<i32>, max: Option<i32>) -> Result<Self, ConfigError> {
        let min = match min {
            Some(min) if min < 0 => return Err(ConfigError::new("min", min as i64, Problem::AtLeast(0))),
            Some(min) => min,
            None => 0,
        };
        if let Some(max) = max
            && max < 0
        {
            return Err(ConfigError::new("max", max as i64, Problem::AtLeast(0)));
        }
        Ok(Self {
            min,
            max,
            strategy: Strategy::Default,
            calculation: Calculation::Max,
            mended: JobMended {
                default_max_counts_min: false,
                custom_cap_counts_running: false,
                eager_counts_pending_once: false,
                max_by_jobs: false,
                min_keeps_zero: false,
                filling_up_sees_the_queue: false,
            },
        })
    }

    /// What running jobs mean.
    ///
    /// # Errors
    /// When the part of the running jobs is no number. Upstream then takes the default strategy.
    pub const fn with_strategy(self, strategy: Strategy) -> Result<Self, ConfigError> {
        if let Strategy::Custom { running, .. } = strategy
            && !running.is_finite()
        {
            return Err(ConfigError::new("running job percentage", 0, Problem::NotFinite));
        }
        Ok(Self { strategy, ..self })
    }

    /// How several triggers are one.
    #[must_use]
    pub const fn with_calculation(self, calculation: Calculation) -> Self {
        Self { calculation, ..self }
    }

    /// Known defects of upstream answered better.
    #[must_use]
    pub const fn with_mended(self, mended: JobMended) -> Self {
        Self { mended, ..self }
    }

    /// The fewest jobs: no more than the most.
    #[must_use]
    pub const fn min(&self) -> i32 {
        match self.max {
            Some(max) if self.min > max => max,
            _ => self.min,
        }
    }

    /// The most jobs beside the fewest.
    #[must_use]
    pub const fn max(&self) -> i32 {
        match self.max {
            Some(max) if self.min > max => max,
            Some(max) => max.saturating_sub(self.min),
            None if self.mended.default_max_counts_min => {
                let rest = Self::DEFAULT_MAX.saturating_sub(self.min);
                if rest > 0 { rest } else { 0 }
            }
            None => Self::DEFAULT_MAX,
        }
    }

    /// The triggers as one queue and a number of jobs. O(triggers).
    #[must_use]
    pub fn demand(&self, triggers: &[JobReading]) -> JobDemand {
        let max = f64::from(self.max());
        let (mut queue, mut jobs, mut active, mut error) = (0.0, 0.0, false, false);
        let mut count = 0_u32;
        for trigger in triggers {
            let JobReading::Value { queue: length, target, active: works } = *trigger else {
                error = true;
                continue;
            };
            if !works {
                continue;
            }
            let (length, target) = (units(length), units(target));
            let wants = if target == 0.0 { 0.0 } else { least(length / target, max) };
            count = count.saturating_add(1);
            let takes = match self.calculation {
                Calculation::Avg | Calculation::Sum => {
                    queue += length;
                    jobs += wants;
                    active = true;
                    false
                }
                Calculation::Min if self.mended.min_keeps_zero => !active || length < queue,
                Calculation::Min => queue == 0.0 || length < queue,
                Calculation::Max if self.mended.max_by_jobs => !active || wants > jobs,
                Calculation::Max => length > queue,
            };
            if takes {
                (queue, jobs, active) = (length, wants, true);
            }
        }
        if self.calculation == Calculation::Avg && count > 0 {
            queue /= f64::from(count);
            jobs /= f64::from(count);
        }
        JobDemand {
            active: active || self.min() > 0,
            error,
            queue: math::ceil_i64(queue),
            jobs: math::ceil_i64(least(jobs, max)),
        }
    }

    /// How many jobs the strategy allows, and how many are asked for. Jobs running are those beside the fewest; pending
    /// ones are among the running. May be negative.
    #[must_use]
    pub fn allowed(&self, demand: &JobDemand, running: i64, pending: i64) -> (i64, i64) {
        let (jobs, max) = (demand.jobs, i64::from(self.max()));
        match self.strategy {
            Strategy::Default => (jobs.saturating_sub(running), demand.queue),
            Strategy::Custom { deduction, running: part } => {
                let off = math::trunc_i64(running as f64 * part);
                let allowed = jobs.saturating_sub(i64::from(deduction)).saturating_sub(off);
                let most = if self.mended.custom_cap_counts_running { max.saturating_sub(running) } else { max };
                (allowed.min(most), demand.queue)
            }
            Strategy::Accurate if jobs.saturating_add(running).saturating_sub(pending) > max => {
                (max.saturating_sub(running), demand.queue)
            }
            Strategy::Accurate => (jobs.saturating_sub(pending), demand.queue),
            Strategy::Eager => {
                let taken = if self.mended.eager_counts_pending_once { 0 } else { pending };
                (max.saturating_sub(running).saturating_sub(taken).min(jobs), max)
            }
        }
    }

    /// Decides one pass: `from` jobs are running, `to` are to. O(triggers).
    pub fn decide(&self, seen: &JobObservation<'_>, trace: &mut impl Trace<JobStep>) -> JobDecision {
        let demand = self.demand(seen.triggers);
        let (running, pending) = (i64::from(seen.running.max(0)), i64::from(seen.pending.max(0)));
        let mut draft = Draft::new(seen.running.max(0), JobStep::Idle, trace);
        draft.note(JobStep::Demanded { demand });
        let min = i64::from(self.min());
        let (mut allowed, mut asked) = (0, 0);
        let filling = running < min;
        if filling {
            (allowed, asked) = (min.saturating_sub(running), min.saturating_sub(running));
        }
        if !filling || self.mended.filling_up_sees_the_queue {
            let (more, wanted) = self.allowed(&demand, running.saturating_sub(min).max(0), pending);
            allowed = more.max(0).saturating_add(allowed);
            asked = wanted.saturating_add(asked);
        }
        let create = if demand.active && !seen.paused { asked.min(allowed).max(0) } else { 0 };
        let create = i32::try_from(create).unwrap_or(i32::MAX);
        let to = seen.running.max(0).saturating_add(create);
        let step = match create {
            _ if seen.paused => JobStep::Paused,
            0 if !demand.active => JobStep::Idle,
            0 => JobStep::Enough { asked, allowed },
            _ if filling => JobStep::FilledUp { create },
            _ => JobStep::Created { create, asked, allowed },
        };
        draft.set(to, step);
        draft.decide(JobDetail { demand, allowed, asked, create, at: seen.now })
    }

    /// How long the queue of a single trigger would have to be for the next job, all else being equal; `None` when no
    /// length does it. About 60 evaluations.
    #[must_use]
    pub fn outlook(&self, seen: &JobObservation<'_>) -> Option<Milli> {
        let [JobReading::Value { queue, target, active: _ }] = *seen.triggers else { return None };
        let create = |length: i64| {
            let triggers = [JobReading::Value { queue: Milli(length), target, active: true }];
            self.decide(&JobObservation { triggers: &triggers, ..*seen }, &mut ()).detail.create
        };
        let now = self.decide(seen, &mut ()).detail.create;
        // Beyond this a queue is a whole number of thousandths no more.
        let (mut low, mut high) = (queue.0.max(0), 1 << 53);
        if create(high) <= now {
            return None;
        }
        while low.saturating_add(1) < high {
            let middle = low.midpoint(high);
            if create(middle) > now { high = middle } else { low = middle }
        }
        Some(Milli(high))
    }
}

fn least(a: f64, b: f64) -> f64 {
    if a < b { a } else { b }
}

/// What was read for one trigger of a scaled job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JobReading {
    /// Its metric, the mean of its targets, and whether it is above its own activation threshold.
    Value {
        /// The length of the queue.
        queue: Milli,
        /// Messages for each job; 0 for none.
        target: Milli,
        /// Whether there is work.
        active: bool,
    },
    /// It could not be read: it is left out.
    Failed,
}

/// What the host saw of a scaled job.
#[derive(Clone, Copy, Debug)]
pub struct JobObservation<'a> {
    /// The time.
    pub now: Instant,
    /// One reading for each trigger.
    pub triggers: &'a [JobReading],
    /// Jobs that are not finished, pending ones among them.
    pub running: i32,
    /// Those that are [pending](is_pending).
    pub pending: i32,
    /// By annotation.
    pub paused: bool,
}

/// The mean of a trigger's targets; 0 when it has none.
#[must_use]
pub fn mean_target(targets: &[Milli]) -> f64 {
    let sum: f64 = targets.iter().map(|target| units(*target)).sum();
    if targets.is_empty() { 0.0 } else { sum / targets.len() as f64 }
}

/// All triggers as one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct JobDemand {
    /// A trigger is active, or there is a fewest.
    pub active: bool,
    /// A trigger failed.
    pub error: bool,
    /// Messages, rounded up.
    pub queue: i64,
    /// Jobs for them, rounded up, no more than the most.
    pub jobs: i64,
}

/// What a scaled job decides.
pub type JobDecision = crate::decision::Decision<JobStep, JobDetail>;

/// What a scaled job knows beside the number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JobDetail {
    /// All triggers as one.
    pub demand: JobDemand,
    /// Jobs that the strategy allows; may be negative.
    pub allowed: i64,
    /// Jobs asked for.
    pub asked: i64,
    /// Jobs to create.
    pub create: i32,
    /// The moment of the decision.
    pub at: Instant,
}

impl JobDetail {
    /// What was read of a job's condition Ready.
    #[must_use]
    pub const fn ready(&self) -> super::Ready {
        match (self.demand.error, self.demand.active) {
            (false, _) => super::Ready::True,
            (true, true) => super::Ready::Unknown,
            (true, false) => super::Ready::False,
        }
    }
}

/// One step of a pass over a scaled job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub enum JobStep {
    /// All triggers as one.
    Demanded {
        /// What they ask for.
        demand: JobDemand,
    },
    /// Paused by annotation.
    Paused,
    /// No trigger is active.
    Idle,
    /// As many jobs as are asked for, or allowed, are there.
    Enough {
        /// Asked for.
        asked: i64,
        /// Allowed by the strategy.
        allowed: i64,
    },
    /// Filled up to the fewest.
    FilledUp {
        /// Jobs to create.
        create: i32,
    },
    /// Jobs for the queue.
    Created {
        /// Jobs to create.
        create: i32,
        /// Asked for.
        asked: i64,
        /// Allowed by the strategy.
        allowed: i64,
    },
}

impl fmt::Display for JobStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Demanded { demand: JobDemand { active, error, queue, jobs } } => {
                write!(f, "a queue of {queue} is work for {jobs} jobs")?;
                if !active {
                    f.write_str("; no trigger is active")?;
                }
                if *error { f.write_str("; a trigger that failed is left out") } else { Ok(()) }
            }
            Self::Paused => f.write_str("paused: no job is started"),
            Self::Idle => f.write_str("no work: no job is started"),
            Self::Enough { asked, allowed } => {
                write!(f, "{asked} asked for, {allowed} allowed beside those that run: no job is started")
            }
            Self::FilledUp { create } => write!(f, "fewer jobs than the minimum: {create} started"),
            Self::Created { create, asked, allowed } => {
                write!(f, "{asked} asked for, {allowed} allowed beside those that run: {create} started")
            }
        }
    }
}

/// The phase of a job's pod.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PodPhase {
    /// Pending, Unknown, or not told.
    Waiting,
    /// Running.
    Running,
    /// Succeeded.
    Succeeded,
    /// Failed.
    Failed,
}

/// Whether an unfinished job is pending: none of its pods is running or has succeeded. O(pods).
#[must_use]
pub fn is_pending(pods: &[PodPhase]) -> bool {
    !pods.iter().any(|phase| matches!(phase, PodPhase::Running | PodPhase::Succeeded))
}

/// The same where a list of conditions says what pending is: none of the pods has all of them. `pods` gives for each
/// pod the conditions that are true. O(pods × conditions²).
#[must_use]
pub fn is_pending_by<'a>(required: &[&str], pods: impl IntoIterator<Item = &'a [&'a str]>) -> bool {
    let fulfilled = |conditions: &[&str]| required.iter().all(|required| conditions.contains(required));
    // A condition listed twice can never be fulfilled: upstream compares numbers of different and of listed ones.
    let doubled = required
        .iter()
        .enumerate()
        .any(|(at, name)| required.iter().skip(at.saturating_add(1)).any(|other| other == name));
    doubled || !pods.into_iter().any(fulfilled)
}

/// Which finished jobs of one kind (succeeded, or failed) to delete: the oldest completions beyond the `limit` (100 in
/// upstream where none is given) are sorted to the front, and their number is returned. Jobs without a time come
/// first, in their order. Sorts in place, O(n²) at worst and O(n) when sorted.
///
/// Upstream's order among jobs without a time, and between them and others, is not defined.
pub fn to_delete<T>(jobs: &mut [T], limit: u32, completed: impl Fn(&T) -> Option<Instant>) -> usize {
    for end in 1..jobs.len() {
        let mut at = end;
        while at > 0 {
            match jobs.get_mut(at.saturating_sub(1)..=at) {
                Some([a, b]) if completed(a) > completed(b) => core::mem::swap(a, b),
                _ => break,
            }
            at = at.saturating_sub(1);
        }
    }
    jobs.len().saturating_sub(usize::try_from(limit).unwrap_or(usize::MAX))
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::Strategy;
    use super::*;
    use proptest::prelude::{prop, prop_assert, proptest};
    use std::string::ToString;

    fn value(queue: i64, target: i64) -> JobReading {
        JobReading::Value { queue: Milli(queue * 1000), target: Milli(target * 1000), active: true }
    }

    fn seen<'a>(triggers: &'a [JobReading], running: i32, pending: i32) -> JobObservation<'a> {
        JobObservation { now: Instant::default(), triggers, running, pending, paused: false }
    }

    #[test]
    fn each_mended_defect_answers_better() {
        let job = |min, max, strategy| ScaledJob::new(min, max).unwrap().with_strategy(strategy).unwrap();
        let create = |job: ScaledJob, mended, triggers: &[JobReading], running, pending| {
            let seen = seen(triggers, running, pending);
            let with = job.with_mended(mended).decide(&seen, &mut ()).detail.create;
            (job.decide(&seen, &mut ()).detail.create, with)
        };
        let none = JobMended::default();
        let custom = Strategy::Custom { deduction: 0, running: 0.1 };
        let mended = JobMended { custom_cap_counts_running: true, ..none };
        assert_eq!(create(job(None, Some(10), custom), mended, &[value(10, 1)], 8, 0), (10, 2));
        let mended = JobMended { eager_counts_pending_once: true, ..none };
        assert_eq!(create(job(None, Some(10), Strategy::Eager), mended, &[value(10, 1)], 4, 4), (2, 6));
        let mended = JobMended { default_max_counts_min: true, ..none };
        assert_eq!(create(job(Some(40), None, Strategy::Accurate), mended, &[value(900, 1)], 40, 0), (100, 60));
        let mended = JobMended { max_by_jobs: true, ..none };
        let two = [value(20, 10), value(15, 1)];
        assert_eq!(create(job(None, None, Strategy::Default), mended, &two, 0, 0), (2, 15));
        let mended = JobMended { filling_up_sees_the_queue: true, ..none };
        assert_eq!(create(job(Some(2), None, Strategy::Default), mended, &[value(40, 1)], 0, 0), (2, 42));
        let mended = JobMended { min_keeps_zero: true, ..none };
        let two = [value(0, 1), value(9, 1)];
        let least = job(None, None, Strategy::Default).with_calculation(Calculation::Min);
        assert_eq!(create(least, mended, &two, 0, 0), (9, 0));
    }

    #[test]
    fn the_outlook_is_where_the_next_job_comes() {
        let job = ScaledJob::new(None, Some(10)).unwrap();
        let triggers = [value(7, 5)];
        let seen = seen(&triggers, 1, 0);
        assert_eq!(job.decide(&seen, &mut ()).detail.create, 1);
        assert_eq!(job.outlook(&seen), Some(Milli(10_001)));
    }

    #[test]
    fn a_pass_is_told_in_sentences() {
        let mut told = std::vec::Vec::new();
        let mut trace = crate::trace::Each(|step: &JobStep| told.push(step.to_string()));
        let job = ScaledJob::new(None, Some(10)).unwrap();
        job.decide(&seen(&[value(50, 10), JobReading::Failed], 2, 0), &mut trace);
        assert_eq!(
            told,
            [
                "a queue of 50 is work for 5 jobs; a trigger that failed is left out",
                "50 asked for, 3 allowed beside those that run: 3 started"
            ]
        );
    }

    proptest! {
        #[test]
        fn absurd_numbers_are_survived(
            min in prop::option::of(0i32..), max in prop::option::of(0i32..), queue: i64, target: i64, running: i32,
            pending: i32, deduction: i32, part in -1e300..1e300, kind in 0u8..4,
        ) {
            let strategy = match kind {
                0 => Strategy::Default,
                1 => Strategy::Custom { deduction, running: part },
                2 => Strategy::Accurate,
                _ => Strategy::Eager,
            };
            let job = ScaledJob::new(min, max).unwrap().with_strategy(strategy).unwrap();
            let triggers = [JobReading::Value { queue: Milli(queue), target: Milli(target), active: true }];
            let decision = job.decide(&seen(&triggers, running, pending), &mut ());
            prop_assert!(decision.to >= decision.from && decision.detail.create >= 0);
        }
    }
}
