//! The Autoscaler's handler of one policy in a simulation: evaluates at its interval, and asks sources as they answer.
//!
//! The Nomad APM knows only this moment: one point over the pods. Prometheus is asked with a step of a second, so a window
//! has a point for each second, the newest sample of then. Any other source has a point for each sample in the window.

use std::collections::VecDeque;

use plimsoll_core::step::nomad::{Decision, History, Step};
use plimsoll_core::units::{Instant, Replicas, Span};

use super::read::NOMAD_APM;
use super::{NomadPolicy, Query, Turn};
use crate::engine::SERVICE;
use crate::simulate::run::{MetricReading, Sync};
use crate::simulate::{CPU, MEMORY, Phase, SECOND_NS, Scaler, Seen};

/// How long Prometheus takes a sample for the newest.
const LOOK_BACK: i64 = 300 * SECOND_NS;

/// The source that is asked with a step of a second.
const PROMETHEUS: &str = "prometheus";

/// Decides a simulated workload as the handler would.
pub(in crate::engine) struct Player {
    policy: NomadPolicy,
    past: History,
    sources: Vec<Option<Source>>,
    evaluated: Option<i64>,
    last: Option<Decision>,
}

enum Source {
    /// Of the Nomad APM.
    Pods(Operation, Resource),
    /// Of any other: the service's samples that windows may still hold, oldest first.
    Service { name: &'static str, samples: VecDeque<(i64, f64)>, every_second: bool },
}

#[derive(Clone, Copy)]
enum Operation {
    Sum,
    Avg,
    Max,
    Min,
}

/// What is read of a pod.
#[derive(Clone, Copy)]
enum Resource {
    /// Percent of a core.
    Cpu,
    /// Percent of the request.
    CpuAllocated,
    /// Bytes.
    Memory,
    /// Percent of the request.
    MemoryAllocated,
}

const OPERATIONS: [(&str, Operation); 4] =
    [("sum", Operation::Sum), ("avg", Operation::Avg), ("max", Operation::Max), ("min", Operation::Min)];

const RESOURCES: [(&str, Resource); 4] = [
    ("cpu", Resource::Cpu),
    ("cpu-allocated", Resource::CpuAllocated),
    ("memory", Resource::Memory),
    ("memory-allocated", Resource::MemoryAllocated),
];

impl Player {
    /// # Errors
    /// When a check reads what the simulation does not measure, or it is synced too rarely, or a schedule has no date.
    pub(in crate::engine) fn new(policy: NomadPolicy, root: &str, sync_period_s: u32) -> Result<Self, String> {
        let interval = policy.evaluation_interval;
        if interval < Span::from_secs(u64::from(sync_period_s)) {
            return Err(format!(
                "controller.sync_period_s is {sync_period_s}: {root}.policy.evaluation_interval is {interval}, so it must \
                 be at most that"
            ));
        }
        if policy.has_schedule() && policy.starts_at.is_none() {
            return Err(format!("{root}.starts_at is missing: a schedule needs the date of the first second"));
        }
        let sources = policy.queries.iter().zip(&policy.checks).map(|(query, check)| {
            if check.strategy().needs_no_points() {
                return Ok(None);
            }
            source(query, &format!("{root}.policy.check.{}.query", query.check)).map(Some)
        });
        let sources = sources.collect::<Result<_, _>>()?;
        Ok(Self { policy, past: History::default(), sources, evaluated: None, last: None })
    }

    /// Takes the samples that are new, and lets go of those that no window reaches.
    fn take(&mut self, seen: &Seen<'_>) {
        for (source, query) in self.sources.iter_mut().zip(&self.policy.queries) {
            let Some(Source::Service { name, samples, .. }) = source else { continue };
            let new = seen.news.iter().filter_map(|news| news.iter().find(|sample| sample.name == *name));
            samples.extend(new.map(|sample| (sample.at, sample.value as f64 / 1e3)));
            let oldest = seen.now.saturating_sub(reach(query)).saturating_sub(LOOK_BACK);
            while samples.front().is_some_and(|(at, _)| *at < oldest) {
                samples.pop_front();
            }
        }
    }
}

fn nanos(span: Span) -> i64 {
    i64::try_from(span.as_nanos()).unwrap_or(i64::MAX)
}

/// How far back a query looks.
fn reach(query: &Query) -> i64 {
    nanos(query.offset).saturating_add(query.window.map_or(0, nanos))
}

fn source(query: &Query, at: &str) -> Result<Source, String> {
    let text = query.query.as_str();
    if query.source == NOMAD_APM {
        // The Autoscaler writes `avg_cpu` out as `taskgroup_avg_cpu/group/job@namespace`.
        let short = text.split('/').next().unwrap_or_default();
        let short = short.strip_prefix("taskgroup_").unwrap_or(short);
        let known = |(operation, resource): (&str, &str)| {
            let operation = OPERATIONS.iter().find(|(known, _)| *known == operation)?;
            let resource = RESOURCES.iter().find(|(known, _)| *known == resource)?;
            Some(Source::Pods(operation.1, resource.1))
        };
        return short.split_once('_').and_then(known).ok_or_else(|| {
            let names = |names: &[&str]| names.join(", ");
            let (operations, resources) = (OPERATIONS.map(|(name, _)| name), RESOURCES.map(|(name, _)| name));
            format!(
                "{at} is {text:?}: of {NOMAD_APM} there are {} and of them {}, as in avg_cpu-allocated",
                names(&operations),
                names(&resources)
            )
        });
    }
    let name = SERVICE.into_iter().find(|name| *name == text).ok_or_else(|| {
        format!("{at} is {text:?}: of the source {:?} there are {}", query.source, SERVICE.join(", "))
    })?;
    Ok(Source::Service { name, samples: VecDeque::new(), every_second: query.source == PROMETHEUS })
}

impl Source {
    /// The points of a query, oldest first; `None` when there is none.
    fn points(&self, query: &Query, seen: &Seen<'_>) -> Option<Vec<f64>> {
        match self {
            Self::Pods(operation, resource) => over_pods(*operation, *resource, seen).map(|point| vec![point]),
            Self::Service { samples, every_second, .. } => {
                let to = seen.now.saturating_sub(nanos(query.offset));
                let newest = |at: i64| {
                    let until = samples.iter().rev().find(|(sample, _)| *sample <= at);
                    until.filter(|(sample, _)| at.saturating_sub(*sample) < LOOK_BACK).map(|(_, value)| *value)
                };
                let points: Vec<f64> = match query.window {
                    None => newest(to).into_iter().collect(),
                    Some(window) if *every_second => {
                        let seconds = nanos(window) / SECOND_NS;
                        let from = to.saturating_sub(nanos(window));
                        (0..=seconds).filter_map(|second| newest(from.saturating_add(second * SECOND_NS))).collect()
                    }
                    Some(window) => {
                        let from = to.saturating_sub(nanos(window));
                        let inside = samples.iter().filter(|(at, _)| (from..=to).contains(at));
                        inside.map(|(_, value)| *value).collect()
                    }
                };
                (!points.is_empty()).then_some(points)
            }
        }
    }
}

/// One number over the pods that run; `None` when none has a sample.
fn over_pods(operation: Operation, resource: Resource, seen: &Seen<'_>) -> Option<f64> {
    let (name, whole) = match resource {
        Resource::Cpu | Resource::CpuAllocated => (CPU, 10.0),
        Resource::Memory | Resource::MemoryAllocated => (MEMORY, 1e3),
    };
    let running = seen.pods.iter().filter(|pod| pod.phase == Phase::Running && !pod.deleted);
    let values = running.filter_map(|pod| {
        let value = pod.sample(name)?.value as f64;
        Some(match resource {
            Resource::Cpu | Resource::Memory => value / whole,
            Resource::CpuAllocated => value / pod.cpu_request_milli as f64 * 100.0,
            Resource::MemoryAllocated => value / pod.memory_request_milli as f64 * 100.0,
        })
    });
    let values = values.collect::<Vec<_>>();
    let sum = values.iter().sum::<f64>();
    match operation {
        _ if values.is_empty() => None,
        Operation::Sum => Some(sum),
        Operation::Avg => Some(sum / values.len() as f64),
        Operation::Max => values.into_iter().reduce(f64::max),
        Operation::Min => values.into_iter().reduce(f64::min),
    }
}

impl Scaler for Player {
    fn bounds(&self) -> (i32, Option<i32>) {
        (self.policy.bounds.min().0, Some(self.policy.bounds.max().0))
    }

    fn metrics(&self) -> Vec<String> {
        self.policy.metric_lines()
    }

    fn sync(&mut self, seen: &Seen<'_>) -> Sync {
        self.take(seen);
        self.last = None;
        let interval = self.policy.evaluation_interval;
        let rest = Sync {
            at_s: 0,
            from: seen.spec_replicas,
            to: seen.spec_replicas,
            readings: Vec::new(),
            asked: None,
            reason: format!("at rest: the policy is evaluated every {interval}"),
            steps: Vec::new(),
            conditions: Vec::new(),
            revisit_at_s: None,
        };
        if self.evaluated.is_some_and(|at| seen.now.saturating_sub(at) < nanos(interval)) {
            return rest;
        }
        self.evaluated = Some(seen.now);
        let queries = self.sources.iter().zip(&self.policy.queries);
        let points = queries.map(|(source, query)| source.as_ref().and_then(|source| source.points(query, seen)));
        let points = points.collect::<Vec<_>>();
        let origin = self.policy.starts_at.map_or(0, Instant::as_nanos);
        let turn = Turn {
            now: Instant::from_nanos(origin.saturating_add(seen.now)),
            count: Some(Replicas(seen.spec_replicas)),
            ready: true,
            points: &points,
        };
        let answer = self.policy.decide(&mut self.past, &turn);
        let decision = answer.decision;
        if !decision.changes() {
            // A dry run is submitted at once, and cools down.
            self.policy.applied(&mut self.past, &decision);
        }
        self.last = Some(decision);
        let names = self.policy.names();
        let words = |step: &Step| step.seen_at(turn.now).named(&names).to_string();
        let name = |check: u16| names.get(usize::from(check)).copied().unwrap_or_default().to_owned();
        let reading = |step: &Step| match *step {
            Step::Voted { check, why, direction, within, .. } => {
                let asks = if direction.is_none() { i64::from(seen.spec_replicas) } else { within };
                Some(MetricReading { metric: name(check), read: why.to_string(), asks: i32::try_from(asks).ok() })
            }
            Step::QueryFailed { check, .. } => {
                Some(MetricReading { metric: name(check), read: "failed: no point".to_owned(), asks: None })
            }
            _ => None,
        };
        let since_start = |at: Instant| Instant::from_nanos(at.as_nanos().saturating_sub(origin));
        Sync {
            to: decision.to.0,
            readings: answer.steps.iter().filter_map(reading).collect(),
            asked: decision.detail.asked.map(|asked| asked.0),
            reason: words(&decision.last_word),
            steps: answer.steps.iter().map(words).collect(),
            revisit_at_s: crate::engine::second_of(answer.revisit_at.map(since_start)),
            ..rest
        }
    }

    fn applied(&mut self, _: i64, _: i32, _: i32) {
        if let Some(decision) = self.last.filter(Decision::changes) {
            self.policy.applied(&mut self.past, &decision);
        }
    }
}
