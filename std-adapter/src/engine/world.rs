//! One moment of a cluster, as a dump shows it, in the engine's terms.
//!
//! Times are nanoseconds from the Unix epoch.

use std::collections::BTreeMap;
use std::fmt;

use plimsoll_core::hpa::{
    Container, ContainerKind, Hpa, Metric, MetricError, Phase, Pod, PodClass, PodCount, PodFold, PodLevel, Reading,
    Ready, ReadyCondition, RequestError, Sample, Scale, Selector, Source, ValueSum, pod_request, pod_usage,
};
use plimsoll_core::units::{Instant, Milli, Replicas, Span};

use crate::manifest::{self, Dump, HorizontalPodAutoscaler, LabelSelector, ScaleTarget};

/// What one HPA of a dump sees.
#[derive(Clone, Debug)]
pub struct World<'a> {
    dump: &'a Dump,
    hpa: &'a HorizontalPodAutoscaler,
    target: &'a ScaleTarget,
    pods: Vec<&'a manifest::Pod>,
    now: jiff::Timestamp,
}

/// Why a dump does not show what an HPA sees.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WorldError {
    /// The HPA's target is not in the dump.
    NoTarget {
        /// `Deployment default/web`
        target: String,
    },
    /// Nothing in the dump tells when it was taken.
    NoTime,
}

impl fmt::Display for WorldError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoTarget { target } => write!(
                f,
                "the dump does not hold the target, {target}: add it (kubectl get {} -o json)",
                target.split(' ').next().unwrap_or("deployment").to_lowercase()
            ),
            Self::NoTime => f.write_str("nothing in the dump tells when it was taken: give --now"),
        }
    }
}

impl std::error::Error for WorldError {}

/// A pod's part in one metric.
#[derive(Clone, Debug, PartialEq)]
pub struct PodPart<'a> {
    /// Its name.
    pub pod: &'a str,
    /// What it counts as.
    pub class: PodClass,
    /// What it used, if that is known.
    pub used: Option<Milli>,
    /// What it requests, for utilization targets; the error in upstream's words.
    pub request: Result<Milli, String>,
}

impl<'a> World<'a> {
    /// What `hpa` sees in `dump` at `now`, or at the newest time that the dump knows.
    ///
    /// # Errors
    /// When the target is missing, or no time is known.
    pub fn new(
        dump: &'a Dump,
        hpa: &'a HorizontalPodAutoscaler,
        now: Option<jiff::Timestamp>,
    ) -> Result<Self, WorldError> {
        let (namespace, wanted) = (&hpa.metadata.namespace, &hpa.spec.scale_target_ref);
        let named = |scale: &&ScaleTarget| scale.namespace == *namespace && scale.name == wanted.name;
        // A bare Scale does not say of what kind its workload is.
        let target = dump
            .scales
            .iter()
            .filter(named)
            .find(|scale| scale.kind == wanted.kind)
            .or_else(|| dump.scales.iter().filter(named).find(|scale| scale.kind == "Scale"))
            .ok_or_else(|| WorldError::NoTarget { target: format!("{} {namespace}/{}", wanted.kind, wanted.name) })?;
        let selector = target.selector.as_ref().filter(|selector| !selector.is_empty());
        let pods = dump
            .pods
            .iter()
            .filter(|pod| pod.namespace == *namespace && selector.is_some_and(|s| s.matches(&pod.labels)))
            .collect();
        let now = now.or_else(|| newest(dump, hpa)).ok_or(WorldError::NoTime)?;
        Ok(Self { dump, hpa, target, pods, now })
    }

    /// The moment that is decided about.
    #[must_use]
    pub const fn now(&self) -> jiff::Timestamp {
        self.now
    }

    /// The same dump looked at later: pods grow older, samples stay.
    #[must_use]
    pub fn at(&self, now: jiff::Timestamp) -> Self {
        Self { now, ..self.clone() }
    }

    /// The readings of all metrics.
    #[must_use]
    pub fn readings(&self, hpa: &Hpa<'_>) -> Vec<Reading> {
        (0..hpa.metrics().len()).map(|index| self.reading(hpa, index).0).collect()
    }

    /// What is scaled.
    #[must_use]
    pub const fn target(&self) -> &'a ScaleTarget {
        self.target
    }

    /// The scale.
    #[must_use]
    pub const fn scale(&self) -> Scale {
        Scale { wanted: Replicas(self.target.replicas), running: Replicas(self.target.status_replicas) }
    }

    /// The pods of the target.
    #[must_use]
    pub fn pods(&self) -> &[&'a manifest::Pod] {
        &self.pods
    }

    /// How many there are.
    #[must_use]
    pub fn count(&self) -> PodCount {
        let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        let ready = self.pods.iter().filter(|pod| pod_of(pod, None, Err(RequestError::Missing)).is_ready()).count();
        PodCount { listed: count(self.pods.len()), ready: count(ready) }
    }

    /// Whether the selector can be used. Another HPA of the dump whose target selects one of the pods makes it
    /// ambiguous; HPAs that the dump does not hold cannot be known.
    #[must_use]
    pub fn selector(&self) -> Selector {
        if self.target.selector.as_ref().is_none_or(manifest::Selector::is_empty) {
            return Selector::Missing;
        }
        let other = |hpa: &&HorizontalPodAutoscaler| {
            hpa.metadata.namespace == self.hpa.metadata.namespace && hpa.metadata.name != self.hpa.metadata.name
        };
        let shared = self.dump.hpas.iter().filter(other).any(|hpa| {
            let theirs = &hpa.spec.scale_target_ref;
            let target = self.dump.scales.iter().find(|scale| {
                scale.namespace == hpa.metadata.namespace && scale.name == theirs.name && scale.kind == theirs.kind
            });
            let selector = target.and_then(|target| target.selector.as_ref());
            selector.is_some_and(|selector| self.pods.iter().any(|pod| selector.matches(&pod.labels)))
        });
        if shared { Selector::Ambiguous } else { Selector::Usable }
    }

    /// The reading of metric number `index`, and every pod's part in it when it is read from pods.
    #[must_use]
    pub fn reading(&self, hpa: &Hpa<'_>, index: usize) -> (Reading, Vec<PodPart<'a>>) {
        let failed = |error| (Reading::Failed(error), Vec::new());
        let (Some(metric), Some(written)) = (hpa.metrics().get(index), self.hpa.spec.metrics.get(index)) else {
            return failed(MetricError::NoReading);
        };
        match metric.source() {
            Source::Resource | Source::ContainerResource => match self.resource_samples(hpa, metric) {
                Ok(samples) => self.fold(hpa, index, samples),
                Err(error) => failed(error),
            },
            Source::Pods => self.fold(hpa, index, self.custom_samples(metric, written)),
            Source::Object => self
                .object(metric, written)
                .map_or(failed(MetricError::Unavailable), |v| (Reading::Value(v), Vec::new())),
            Source::External => {
                let values = self.external(metric, written);
                if values.is_empty() {
                    return failed(MetricError::Unavailable);
                }
                (Reading::Values(values.into_iter().collect::<ValueSum>()), Vec::new())
            }
            Source::Unknown => failed(MetricError::UnknownSource),
        }
    }

    /// The samples of the target's pods by name; `None` for one that lacks the resource. Empty: the API has nothing.
    fn resource_samples(
        &self,
        hpa: &Hpa<'_>,
        metric: &Metric<'_>,
    ) -> Result<BTreeMap<&'a str, Option<Sample>>, MetricError> {
        let mut samples = BTreeMap::new();
        for item in self.dump.pod_metrics.iter().filter(|item| self.selects(&item.namespace, &item.pod, &item.labels)) {
            let containers = item.containers.iter().map(|container| {
                let usage = container.usage.get(metric.name()).map(|usage| Milli(usage.milli()));
                (container.name.as_str(), usage)
            });
            let usage = pod_usage(hpa, metric, containers).map_err(|_| MetricError::NoContainerInSample)?;
            let window = Span::from_nanos(u64::try_from(item.window.as_nanos()).unwrap_or(u64::MAX));
            let at = item.timestamp.map_or(Instant::MIN, instant);
            samples.insert(item.pod.as_str(), usage.map(|value| Sample { value, at, window }));
        }
        Ok(samples)
    }

    /// Whether the metrics API would give this item for the target's selector. Items without labels (older servers)
    /// are taken by the name of their pod.
    fn selects(&self, namespace: &str, pod: &str, labels: &manifest::Labels) -> bool {
        let listed = || self.pods.iter().any(|each| each.name == pod);
        namespace == self.hpa.metadata.namespace
            && (listed()
                || (!labels.is_empty()
                    && self.target.selector.as_ref().is_some_and(|selector| selector.matches(labels))))
    }

    fn custom_samples(&self, metric: &Metric<'_>, written: &manifest::Metric) -> BTreeMap<&'a str, Option<Sample>> {
        let selector = written.pods.as_ref().and_then(|pods| pods.metric.selector.as_ref());
        self.dump
            .custom_metrics
            .iter()
            .filter(|item| item.object.kind == "Pod" && item.metric == metric.name())
            .filter(|item| item.namespace == self.hpa.metadata.namespace && same(selector, item.selector.as_ref()))
            .filter(|item| self.pods.iter().any(|pod| pod.name == item.object.name))
            .map(|item| {
                let window = Span::from_secs(item.window_seconds.and_then(|s| u64::try_from(s).ok()).unwrap_or(60));
                let at = item.timestamp.map_or(Instant::MIN, instant);
                (item.object.name.as_str(), Some(Sample { value: Milli(item.value.milli()), at, window }))
            })
            .collect()
    }

    fn object(&self, metric: &Metric<'_>, written: &manifest::Metric) -> Option<Milli> {
        let object = written.object.as_ref()?;
        let (kind, name) = (&object.described_object.kind, &object.described_object.name);
        let item = self.dump.custom_metrics.iter().rev().find(|item| {
            item.metric == metric.name()
                && item.object.kind == *kind
                && item.object.name == *name
                && (item.namespace == self.hpa.metadata.namespace || item.namespace.is_empty())
                && same(object.metric.selector.as_ref(), item.selector.as_ref())
        })?;
        Some(Milli(item.value.milli()))
    }

    fn external(&self, metric: &Metric<'_>, written: &manifest::Metric) -> Vec<Milli> {
        let selector = written.external.as_ref().and_then(|external| external.metric.selector.as_ref());
        let selector = selector.map(manifest::Selector::try_from);
        let selected = |item: &&manifest::ExternalMetricValue| match &selector {
            None => true,
            // Servers that do not report labels, as KEDA's, answered for the selector that was asked.
            Some(Ok(selector)) => item.labels.is_empty() || selector.matches(&item.labels),
            Some(Err(_)) => false,
        };
        let items = self.dump.external_metrics.iter().filter(|item| item.metric == metric.name());
        items.filter(selected).map(|item| Milli(item.value.milli())).collect()
    }

    fn fold(
        &self,
        hpa: &Hpa<'_>,
        index: usize,
        mut samples: BTreeMap<&'a str, Option<Sample>>,
    ) -> (Reading, Vec<PodPart<'a>>) {
        if samples.is_empty() {
            return (Reading::Failed(MetricError::Unavailable), Vec::new());
        }
        let mut fold = PodFold::new(hpa, index, instant(self.now));
        let mut parts = Vec::new();
        for pod in &self.pods {
            let sample = samples.remove(pod.name.as_str()).flatten();
            let request =
                hpa.metrics().get(index).map_or(Err(RequestError::Missing), |metric| request(hpa, metric, pod));
            let class = fold.add(&pod_of(pod, sample, request));
            let request = request.map_err(|error| self.why(hpa, index, pod, error));
            parts.push(PodPart { pod: &pod.name, class, used: sample.map(|sample| sample.value), request });
        }
        samples.values().flatten().for_each(|sample| fold.add_unlisted(sample.value));
        (Reading::Pods(fold), parts)
    }

    fn why(&self, hpa: &Hpa<'_>, index: usize, pod: &manifest::Pod, error: RequestError) -> String {
        let Some(metric) = hpa.metrics().get(index) else { return error.to_string() };
        let first = plimsoll_core::hpa::first_without_request(containers(pod, metric.name()));
        let container = metric.container().or(first).unwrap_or_default();
        error.upstream(metric.name(), container, &pod.name).to_string()
    }
}

/// The moment in the engine's terms.
#[must_use]
pub fn instant(timestamp: jiff::Timestamp) -> Instant {
    let nanos = timestamp.as_nanosecond();
    Instant::from_nanos(i64::try_from(nanos).unwrap_or(if nanos < 0 { i64::MIN } else { i64::MAX }))
}

/// The newest time of a dump that is about `hpa`: samples, conditions, the last scaling, pods.
#[must_use]
pub fn newest(dump: &Dump, hpa: &HorizontalPodAutoscaler) -> Option<jiff::Timestamp> {
    let namespace = &hpa.metadata.namespace;
    let samples = dump.pod_metrics.iter().filter(|item| item.namespace == *namespace).filter_map(|item| item.timestamp);
    let custom = dump.custom_metrics.iter().filter_map(|item| item.timestamp);
    let external = dump.external_metrics.iter().filter_map(|item| item.timestamp);
    let conditions = hpa.status.conditions.iter().filter_map(|condition| condition.last_transition_time);
    let pods = dump.pods.iter().filter(|pod| pod.namespace == *namespace);
    let pods = pods.flat_map(|pod| [pod.started, pod.ready.and_then(|ready| ready.since)]).flatten();
    samples.chain(custom).chain(external).chain(conditions).chain(hpa.status.last_scale_time).chain(pods).max()
}

fn same(wanted: Option<&LabelSelector>, given: Option<&LabelSelector>) -> bool {
    // Servers that do not report a selector answered for the one that was asked.
    given.is_none() || wanted == given
}

fn pod_of(pod: &manifest::Pod, sample: Option<Sample>, request: Result<Milli, RequestError>) -> Pod {
    Pod {
        phase: match pod.phase {
            manifest::Phase::Pending => Phase::Pending,
            manifest::Phase::Running => Phase::Running,
            manifest::Phase::Succeeded => Phase::Succeeded,
            manifest::Phase::Failed => Phase::Failed,
            manifest::Phase::Unknown => Phase::Unknown,
        },
        deleted: pod.deleted,
        started: pod.started.map(instant),
        ready: pod.ready.map(|ready| ReadyCondition {
            status: match ready.status {
                manifest::Truth::True => Ready::True,
                manifest::Truth::False => Ready::False,
                manifest::Truth::Unknown => Ready::Unknown,
            },
            since: ready.since.map(instant),
        }),
        sample,
        request,
    }
}

fn containers<'p>(pod: &'p manifest::Pod, resource: &'p str) -> impl Iterator<Item = Container<'p>> + Clone {
    let main = pod.containers.iter().map(|container| (container, ContainerKind::Main));
    let init = pod
        .init_containers
        .iter()
        .map(|container| (container, if container.restartable { ContainerKind::Sidecar } else { ContainerKind::Init }));
    main.chain(init).map(move |(container, kind)| Container {
        name: &container.name,
        request: container.requests.get(resource).map(|request| Milli(request.milli())),
        kind,
    })
}

fn request(hpa: &Hpa<'_>, metric: &Metric<'_>, pod: &manifest::Pod) -> Result<Milli, RequestError> {
    let milli = |resources: &manifest::Resources| resources.get(metric.name()).map(|amount| Milli(amount.milli()));
    let supported = |name: &String| name == "cpu" || name == "memory" || name.starts_with("hugepages-");
    let level = PodLevel {
        set: pod.requests.keys().any(supported),
        request: milli(&pod.requests),
        overhead: milli(&pod.overhead),
    };
    pod_request(hpa, metric, containers(pod, metric.name()), level)
}
