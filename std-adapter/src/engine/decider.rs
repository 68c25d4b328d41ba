//! The controller of a simulation: the core's HPA over simulated pods.

use plimsoll_core::hpa::{
    Applied, Decision, MetricError, Observation, Phase, Pod, PodCount, PodFold, Reading, Ready, ReadyCondition,
    RequestError, Sample, Scale, Source, Step, ValueSum,
};
use plimsoll_core::trace::Each;
use plimsoll_core::units::{Instant, Milli, Replicas, Span};

use super::Past;
use super::policy::{Policy, PolicyError, Settings};
use crate::manifest::{self, Api};
use crate::simulate::run::{MetricReading, Sync};
use crate::simulate::{self, CPU, MEMORY, Scaler, Seen, SeenPod};

/// Decides a simulated workload as the HPA controller would.
pub struct Decider {
    policy: Policy,
    past: Box<Past>,
    last: Option<Decision>,
    /// Whether another has the last word, and what was written is told later.
    deferred: bool,
}

impl Decider {
    /// For the HPA under test, with a history that knows nothing.
    ///
    /// # Errors
    /// What is wrong with the spec, or that the history would need more room than there is.
    pub fn new(policy: Policy) -> Result<Self, PolicyError> {
        policy.with(Past::fits)?;
        Ok(Self { policy, past: Box::default(), last: None, deferred: false })
    }

    /// As one of several: what is written is only known when all have decided.
    #[must_use]
    pub fn deferred(self) -> Self {
        Self { deferred: true, ..self }
    }

    /// The policy of a scenario: its inline spec and its controller's flags. `api` is the release and its gates.
    ///
    /// # Errors
    /// As [`Decider::new`].
    pub fn of_spec(
        spec: manifest::Spec,
        controller: &simulate::scenario::Controller,
        api: Api,
    ) -> Result<Self, PolicyError> {
        Self::new(Policy::new(spec, settings(controller, api))?)
    }
}

/// The flags of a scenario's controller; `api` is the release and its gates.
pub(super) fn settings(controller: &simulate::scenario::Controller, api: Api) -> Settings {
    let seconds = |s: u32| Span::from_secs(u64::from(s));
    let controller = plimsoll_core::hpa::Controller {
        sync_period: seconds(controller.sync_period_s),
        downscale_stabilization: seconds(controller.downscale_stabilization_s),
        cpu_initialization_period: seconds(controller.cpu_initialization_period_s),
        initial_readiness_delay: seconds(controller.initial_readiness_delay_s),
        tolerance: controller.tolerance,
    };
    Settings { api, controller }
}

impl Scaler for Decider {
    fn bounds(&self) -> (i32, Option<i32>) {
        let spec = self.policy.spec();
        (spec.min_replicas.unwrap_or(1), Some(spec.max_replicas))
    }

    fn metrics(&self) -> Vec<String> {
        self.policy.metric_lines()
    }

    fn sync(&mut self, seen: &Seen<'_>) -> Sync {
        let Self { policy, past, last, deferred } = self;
        policy.with(|hpa| {
            let now = Instant::from_nanos(seen.now);
            let readings = (0..hpa.metrics().len()).map(|index| reading(hpa, index, seen)).collect::<Vec<_>>();
            let count = |pods: usize| u32::try_from(pods).unwrap_or(u32::MAX);
            let ready = seen.pods.iter().filter(|pod| pod.ready.is_some_and(|ready| ready.status)).count();
            let observation = Observation {
                now,
                scale: Some(Scale { wanted: Replicas(seen.spec_replicas), running: Replicas(seen.status_replicas) }),
                pods: Some(PodCount { listed: count(seen.pods.len()), ready: count(ready) }),
                readings: &readings,
                ..Observation::default()
            };
            let mut steps = Vec::new();
            let decision = hpa.decide(past, &observation, &mut Each(|step: &Step| steps.push(*step)));
            if decision.changes() && !*deferred {
                // The world always takes what it is told: the scale is written, and the conditions tell.
                hpa.applied(past, &decision, Applied::Done(decision.to), &mut ());
            }
            *last = Some(decision);
            Sync {
                at_s: 0,
                from: decision.from.0,
                to: decision.to.0,
                readings: steps.iter().filter_map(|step| metric_reading(step, hpa)).collect(),
                asked: decision.detail.recommended.map(|replicas| replicas.0),
                reason: decision.last_word.sentence(hpa).seen_at(now).to_string(),
                steps: steps.iter().map(|step| step.sentence(hpa).seen_at(now).to_string()).collect(),
                conditions: past.conditions().iter().map(ToString::to_string).collect(),
                revisit_at_s: super::second_of(decision.revisit_at),
            }
        })
    }

    fn applied(&mut self, _: i64, from: i32, to: i32) {
        let Self { policy, past, last, deferred } = self;
        let Some(decision) = last else { return };
        if *deferred {
            policy.with(|hpa| hpa.applied(past, decision, Applied::Done(Replicas(to)), &mut ()));
        } else {
            // Already told in `sync`; a world that did something else would be a bug of the simulation.
            debug_assert!((decision.from.0, decision.to.0) == (from, to));
        }
    }
}

/// What a step says that a metric read.
pub(super) fn metric_reading(step: &Step, hpa: &plimsoll_core::hpa::Hpa<'_>) -> Option<MetricReading> {
    let read = step.reading(hpa)?;
    let asks = read.asks().map(|replicas| replicas.0);
    Some(MetricReading { metric: read.metric().to_owned(), read: read.to_string(), asks })
}

/// One metric, over the simulated pods or of the service as a whole.
pub(super) fn reading(hpa: &plimsoll_core::hpa::Hpa<'_>, index: usize, seen: &Seen<'_>) -> Reading {
    const NONE: Reading = Reading::Failed(MetricError::Unavailable);
    let Some(metric) = hpa.metrics().get(index) else { return NONE };
    let service = || seen.sample(metric.name()).map(|sample| Milli(sample.value));
    match metric.source() {
        Source::Object => return service().map_or(NONE, Reading::Value),
        Source::External => return service().map_or(NONE, |value| Reading::Values(ValueSum::from_iter([value]))),
        Source::Unknown => return NONE,
        Source::Resource | Source::ContainerResource | Source::Pods => {}
    }
    let mut fold = PodFold::new(hpa, index, Instant::from_nanos(seen.now));
    let mut any = false;
    for pod in seen.pods {
        any |= pod.sample(metric.name()).is_some();
        fold.add(&pod_of(pod, metric.name(), metric.source()));
    }
    if any { Reading::Pods(fold) } else { NONE }
}

fn pod_of(pod: &SeenPod<'_>, metric: &str, source: Source) -> Pod {
    let request = match (source, metric) {
        (Source::Resource, CPU) => Ok(Milli(pod.cpu_request_milli)),
        (Source::Resource, MEMORY) => Ok(Milli(pod.memory_request_milli)),
        _ => Err(RequestError::Missing),
    };
    let at = Instant::from_nanos;
    Pod {
        phase: match pod.phase {
            simulate::Phase::Pending => Phase::Pending,
            simulate::Phase::Running => Phase::Running,
        },
        deleted: pod.deleted,
        started: pod.started.map(at),
        ready: pod.ready.map(|ready| ReadyCondition {
            status: if ready.status { Ready::True } else { Ready::False },
            since: Some(at(ready.since)),
        }),
        sample: pod.sample(metric).map(|sample| Sample {
            value: Milli(sample.value),
            at: at(sample.at),
            window: Span::from_nanos(u64::try_from(sample.window).unwrap_or(0)),
        }),
        request,
    }
}
