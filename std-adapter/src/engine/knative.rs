//! A revision of Knative: its policy from annotations and settings, and its autoscaler in a simulation.

use plimsoll_core::kpa::{
    Cluster, Decision, History, Kpa, Metric, Observation, Proxy, Reason, Route, Sample, State, Step, Target,
    resolve_target,
};
use plimsoll_core::trace::Each;
use plimsoll_core::units::{Instant, Replicas};
use serde::Deserialize;
use serde_json::Value;

use crate::manifest::{KnativeError, Texts, knative_autoscaler, knative_cluster, knative_revision};
use crate::simulate::run::{MetricReading, Sync};
use crate::simulate::{ARRIVALS, IN_FLIGHT, SECOND_NS, Scaler, Seen};

/// A history with room for Knative's longest windows and delay, an hour each.
pub type KnativePast = History<3600, 3600, 1800>;

/// A revision's policy.
#[derive(Clone, Debug)]
pub struct Knative {
    kpa: Kpa,
    metric: Metric,
    target: Target,
}

/// A revision as a scenario or a line writes it.
#[derive(Deserialize)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
#[derive(Default)]
struct Inline {
    container_concurrency: Option<u32>,
    annotations: Texts,
    config: Texts,
}

impl Knative {
    /// From `{"annotations": …, "containerConcurrency": …, "config": …}` inside another text, where `root` is its name.
    ///
    /// # Errors
    /// The first key or value that does not fit.
    pub fn inline(given: &Value, root: &str) -> Result<Self, String> {
        let Inline { container_concurrency, annotations, config } = super::inline(given, root)?;
        let cluster = knative_cluster(&config).map_err(|error| format!("{root}.config: {error}"))?;
        Self::new(&cluster, &annotations, container_concurrency).map_err(|error| format!("{root}.annotations: {error}"))
    }

    /// From a revision's annotations and `containerConcurrency`, in a cluster.
    ///
    /// # Errors
    /// The first annotation that does not fit.
    pub fn new(
        cluster: &Cluster,
        annotations: &Texts,
        container_concurrency: Option<u32>,
    ) -> Result<Self, KnativeError> {
        let revision = knative_revision(annotations, container_concurrency)?;
        let kpa = knative_autoscaler(cluster, annotations, container_concurrency)?;
        Ok(Self { kpa, metric: revision.metric, target: resolve_target(cluster, &revision) })
    }

    /// The core's policy.
    #[must_use]
    pub const fn kpa(&self) -> &Kpa {
        &self.kpa
    }

    /// `concurrency, target 70 of 100 a pod`
    #[must_use]
    pub fn metric_line(&self) -> String {
        format!("{}, target {} of {} a pod", self.metric_name(), self.target.target, self.target.total)
    }

    /// The name of what is counted.
    #[must_use]
    pub const fn metric_name(&self) -> &'static str {
        match self.metric {
            Metric::Concurrency => "concurrency",
            Metric::Rps => "requests per second",
        }
    }

    /// A history that knows nothing but how many pods are ready.
    #[must_use]
    pub fn start(&self, ready: Option<u32>, now: Instant) -> Box<KnativePast> {
        match KnativePast::new(&self.kpa, ready, now) {
            Ok(past) => Box::new(past),
            Err(error) => unreachable!("room for all that is valid: {error}"),
        }
    }
}

/// `Active=Unknown/Queued`, as the revision's autoscaler shows it.
#[must_use]
pub fn condition(decision: &Decision) -> String {
    let status = match decision.detail.state {
        State::Activating => "Unknown",
        State::Active => "True",
        State::Inactive => "False",
    };
    match decision.detail.reason {
        None => format!("Active={status}"),
        Some(Reason::Queued) => format!("Active={status}/Queued"),
        Some(Reason::NoTraffic) => format!("Active={status}/NoTraffic"),
        Some(Reason::TimedOut) => format!("Active={status}/TimedOut"),
    }
}

/// Decides a simulated workload as Knative's autoscaler would.
///
/// The proxy is Knative's activator: it is in the path from the sync after the one that routes through it, and the queue
/// of the simulation is what it holds.
pub(super) struct Player {
    policy: Knative,
    past: Option<Box<KnativePast>>,
    proxied_since: Option<Instant>,
}

impl Player {
    pub(super) const fn new(policy: Knative) -> Self {
        Self { policy, past: None, proxied_since: None }
    }
}

impl Scaler for Player {
    fn bounds(&self) -> (i32, Option<i32>) {
        self.policy.kpa.lifecycle().bounds()
    }

    fn metrics(&self) -> Vec<String> {
        vec![self.policy.metric_line()]
    }

    fn sync(&mut self, seen: &Seen<'_>) -> Sync {
        let now = Instant::from_nanos(seen.now);
        let count = |pods: usize| u32::try_from(pods).unwrap_or(u32::MAX);
        let ready = u32::try_from(super::ready(seen)).unwrap_or(0);
        let alive = count(seen.pods.iter().filter(|pod| !pod.deleted).count());
        let Self { policy, past, proxied_since } = self;
        let past = past.get_or_insert_with(|| policy.start(Some(ready), now));
        let name = match policy.metric {
            Metric::Concurrency => IN_FLIGHT,
            Metric::Rps => ARRIVALS,
        };
        for sample in seen.news.iter().filter_map(|news| news.iter().find(|sample| sample.name == name)) {
            // A sample covers the second before its time.
            let at = Instant::from_nanos(sample.at - SECOND_NS);
            let _told_by_a_step = policy.kpa.record(past, at, Sample::direct(sample.value as f64 / 1e3));
        }
        let observation = Observation {
            now,
            scale: Some(Replicas(seen.spec_replicas)),
            ready: Some(ready),
            starting: alive.saturating_sub(ready),
            proxy: Proxy {
                routed: proxied_since.is_some(),
                confirmed: proxied_since.is_some_and(|since| since < now),
                since: *proxied_since,
            },
            ..Observation::default()
        };
        let mut steps = Vec::new();
        let decision = policy.kpa.decide(past, &observation, &mut Each(|step: &Step| steps.push(*step)));
        match decision.detail.route {
            Route::Direct => *proxied_since = None,
            Route::Proxied => *proxied_since = proxied_since.or(Some(now)),
        }
        let read = decision.detail.load.map_or_else(
            |why| format!("failed: {why}"),
            |load| {
                let target = policy.target.target;
                format!("{:.1} stable, {:.1} panic, target {target} a pod", load.stable, load.panic)
            },
        );
        let asks = decision.detail.proposal.ok().map(|proposal| proposal.wanted.0);
        Sync {
            at_s: 0,
            from: decision.from.0,
            to: decision.to.0,
            readings: vec![MetricReading { metric: policy.metric_name().to_owned(), read, asks }],
            asked: asks,
            reason: decision.last_word.seen_at(now).to_string(),
            steps: steps.iter().map(|step| step.seen_at(now).to_string()).collect(),
            conditions: vec![condition(&decision)],
            revisit_at_s: super::second_of(decision.revisit_at),
        }
    }

    fn applied(&mut self, _: i64, _: i32, _: i32) {}
}
