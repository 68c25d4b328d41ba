//! The metrics of a WatermarkPodAutoscaler, as the controller reads them of a dump, and the pods that they are over.

use std::collections::BTreeMap;

use plimsoll_core::step::MarkReading;
use plimsoll_core::units::{Instant, Milli, Span};

use super::readings;
use crate::engine::watermark::{MetricOf, WatermarkPods};
use crate::engine::{World, instant};
use crate::explain::text::clock;
use crate::manifest::watermark::{MarkedStatus, WatermarkPodAutoscaler};
use crate::manifest::{Dump, ExternalMetricValue, Phase, Pod, PodMetrics, Quantity, Truth};
use crate::simulate::CPU;

const SKIPS_OWNERS: &str = "wpa.datadoghq.com/skip-owner-check";

/// What is known of one metric.
#[derive(Debug)]
pub(super) struct Read {
    pub(super) found: Found,
    /// Pods that do not simply count, by the reason.
    pub(super) left_out: BTreeMap<&'static str, Vec<String>>,
}

#[derive(Debug)]
pub(super) enum Found {
    Value {
        reading: MarkReading,
        from: String,
        /// It is what the last sync read.
        last_sync: bool,
    },
    /// The controller cannot read it.
    Failed(String),
    /// The dump does not tell.
    Missing(String),
}

impl Read {
    pub(super) const fn reading(&self) -> Option<MarkReading> {
        match self.found {
            Found::Value { reading, .. } => Some(reading),
            Found::Failed(_) | Found::Missing(_) => None,
        }
    }

    /// Where the value is from, or why there is none.
    pub(super) fn source(&self) -> &str {
        match &self.found {
            Found::Value { from: told, .. } | Found::Failed(told) | Found::Missing(told) => told,
        }
    }
}

/// Reads every metric, `given` in place of what the dump has.
pub(super) fn metrics(
    dump: &Dump,
    object: &WatermarkPodAutoscaler,
    policy: &WatermarkPods,
    world: &World<'_>,
    given: &[Option<&readings::Reading>],
) -> Vec<Read> {
    let target = &world.target().name;
    let skips = object.metadata.annotations.get(SKIPS_OWNERS).is_some_and(|given| given == "true");
    let eyes = Eyes {
        dump,
        object,
        policy,
        pods: world.pods(),
        running: world.scale().running.0,
        target: Some(target.as_str()).filter(|_| !skips),
        now: instant(world.now()),
        delay: Span::from_secs(u64::try_from(policy.readiness_delay_s()).unwrap_or(0)),
    };
    let metrics = policy.metrics().iter().enumerate();
    metrics.map(|(index, metric)| eyes.read(index, metric, given.get(index).copied().flatten())).collect()
}

/// What the controller looks at.
struct Eyes<'a> {
    dump: &'a Dump,
    object: &'a WatermarkPodAutoscaler,
    policy: &'a WatermarkPods,
    pods: &'a [&'a Pod],
    running: i32,
    /// Whose pods count; `None`: all that the selector has.
    target: Option<&'a str>,
    now: Instant,
    delay: Span,
}

/// Pods by their part in a metric.
#[derive(Default)]
struct Counted {
    ready: i32,
    listed: i32,
    left_out: BTreeMap<&'static str, Vec<String>>,
}

impl Counted {
    fn leave(&mut self, pod: &Pod, why: &'static str) {
        self.left_out.entry(why).or_default().push(pod.name.clone());
    }
}

impl Eyes<'_> {
    fn read(&self, index: usize, metric: &MetricOf, given: Option<&readings::Reading>) -> Read {
        // A dump without pods is no sign that there are none.
        if self.pods.is_empty() && self.running > 0 {
            let why = format!(
                "not known without the target's pods: {} run, and the dump has none (kubectl get pods -o json prints them)",
                self.running
            );
            return Read { found: Found::Missing(why), left_out: BTreeMap::new() };
        }
        if metric.resource { self.resource(index, metric) } else { self.external(index, metric, given) }
    }

    fn external(&self, index: usize, metric: &MetricOf, given: Option<&readings::Reading>) -> Read {
        let Counted { ready, listed, left_out } = self.ready();
        let ready = ready.min(self.running);
        let value = |total: Milli, from: String, last_sync: bool| Found::Value {
            reading: MarkReading { total, ready, listed },
            from,
            last_sync,
        };
        let found = match given.map(|given| given.value) {
            Some(Some(given)) => value(readings::milli(given), "as given".to_owned(), false),
            Some(None) => Found::Failed("as given".to_owned()),
            None => match self.external_values(metric) {
                Err(why) => Found::Missing(why),
                Ok(values) if !values.is_empty() => {
                    let total = values.iter().map(|item| item.value.milli()).fold(0, i64::saturating_add);
                    let newest = values.iter().filter_map(|item| item.timestamp).max();
                    let time = newest.map_or_else(String::new, |time| format!(", {}", clock(instant(time))));
                    value(Milli(total), format!("in the dump{time}"), false)
                }
                Ok(_) => self.last_sync(index, metric, ready, listed, &|name| {
                    format!("not in the dump, nor in status.currentMetrics: give --reading {name}=VALUE")
                }),
            },
        };
        Read { found, left_out }
    }

    /// The series of the dump that a metric means. Those without labels are an answer to the selector that was asked.
    fn external_values(&self, metric: &MetricOf) -> Result<Vec<&ExternalMetricValue>, String> {
        let values = self.dump.external_metrics.iter().filter(|item| item.metric == metric.name);
        let selected = |item: &&ExternalMetricValue| {
            item.labels.is_empty() || metric.selector.as_ref().is_none_or(|selector| selector.matches(&item.labels))
        };
        let values = values.filter(selected).collect::<Vec<_>>();
        let same = |object: &WatermarkPodAutoscaler| {
            let external = object.spec.metrics.iter().filter_map(|metric| metric.external.as_ref());
            external.filter(|external| external.metric_name == metric.name).count()
        };
        let readers = self.dump.watermarks.iter().map(same).sum::<usize>();
        if readers > 1 && values.iter().any(|item| item.labels.is_empty()) {
            return Err(format!(
                "in the dump for one of {readers} metrics of this name, and nothing says for which: --reading gives it"
            ));
        }
        Ok(values)
    }

    fn resource(&self, index: usize, metric: &MetricOf) -> Read {
        let namespace = &self.object.metadata.namespace;
        let items = self.dump.pod_metrics.iter().filter(|item| item.namespace == *namespace).collect::<Vec<_>>();
        if items.is_empty() {
            let Counted { ready, listed, left_out } = self.sampled(&metric.name, None);
            let found = self.last_sync(index, metric, ready, listed, &|_| {
                "not in the dump, nor in status.currentMetrics: add the pods' samples (--help shows how)".to_owned()
            });
            return Read { found, left_out };
        }
        let selector = metric.selector.clone().unwrap_or_default();
        // Older servers give no labels: then those of the pod count.
        let labels = |item: &PodMetrics| {
            let pod = self.pods.iter().find(|pod| pod.name == item.pod).filter(|_| item.labels.is_empty());
            pod.map_or_else(|| item.labels.clone(), |pod| pod.labels.clone())
        };
        let selected = items.into_iter().filter(|item| selector.matches(&labels(item))).collect::<Vec<_>>();
        if selected.is_empty() {
            let why = format!("no sample of the dump has the labels of metricSelector, {selector}");
            return Read { found: Found::Failed(why), left_out: BTreeMap::new() };
        }
        let samples = selected.iter().filter_map(|item| Some((item.pod.as_str(), usage(item, &metric.name)?)));
        let mut samples = samples.collect::<BTreeMap<_, _>>();
        let Counted { ready, listed, left_out } = self.sampled(&metric.name, Some(&mut samples));
        // What is left of samples counts, be it of pods that are not the target's.
        let total = samples.values().copied().fold(0, i64::saturating_add);
        let strange = samples.keys().filter(|name| self.pods.iter().all(|pod| pod.name != **name)).count();
        let strange =
            if strange > 0 { format!(", {strange} of them of pods that are not the target's") } else { String::new() };
        let newest = selected.iter().filter_map(|item| item.timestamp).max();
        let time = newest.map_or_else(String::new, |time| format!(", {}", clock(instant(time))));
        let from = format!("{} samples in the dump{strange}{time}", samples.len());
        let reading = MarkReading { total: Milli(total), ready, listed };
        Read { found: Found::Value { reading, from, last_sync: false }, left_out }
    }

    /// What the last sync compared with the marks.
    fn last_sync(
        &self,
        index: usize,
        metric: &MetricOf,
        ready: i32,
        listed: i32,
        missing: &dyn Fn(&str) -> String,
    ) -> Found {
        let status = &self.object.status;
        let active = status.condition("ScalingActive");
        if let Some(condition) = active.filter(|it| it.status == "False" && it.reason.starts_with("FailedGet")) {
            let told = format!("ScalingActive=False/{}: {}", condition.reason, condition.message);
            return if self.policy.metrics().len() == 1 || condition.message.contains(&metric.name) {
                Found::Failed(format!("as at the last sync, {told}"))
            } else {
                Found::Missing(format!("{}; the last sync failed, {told}", missing(&metric.name)))
            };
        }
        let current = status.current_metrics.get(index).and_then(|current| usage_at_last_sync(current, metric));
        let Some(usage) = current else { return Found::Missing(missing(&metric.name)) };
        // The usage is already divided where values are averaged.
        let pods = if self.policy.averages() { i64::from(ready.max(1)) } else { 1 };
        // Every sync sets this condition to False and back.
        let time = active.and_then(|it| it.last_transition_time);
        let time = time.map_or_else(String::new, |time| format!(" {}", clock(instant(time))));
        Found::Value {
            reading: MarkReading { total: Milli(usage.milli().saturating_mul(pods)), ready, listed },
            from: format!("by status.currentMetrics, of the last sync{time}"),
            last_sync: true,
        }
    }

    /// As an External metric counts them.
    fn ready(&self) -> Counted {
        let mut counted = Counted::default();
        for pod in self.pods {
            if !self.owns(pod) {
                counted.leave(pod, NOT_OWNED);
                continue;
            }
            if matches!(pod.phase, Phase::Failed | Phase::Succeeded) {
                counted.leave(pod, "failed or done: left out");
                continue;
            }
            counted.listed += 1;
            let Some(ready) = pod.ready.filter(|_| pod.started.is_some()) else {
                counted.leave(pod, "not ready: no Ready condition or no start time");
                continue;
            };
            let young = ready.since.is_some_and(|since| self.now.since(instant(since)) < self.delay);
            match pod.phase {
                _ if pod.deleted => counted.leave(pod, "not ready: being deleted"),
                Phase::Running if ready.status == Truth::True => counted.ready += 1,
                Phase::Running => counted.leave(pod, "not ready"),
                // Upstream's tolerance for pods that pull their images.
                Phase::Pending if young => {
                    counted.ready += 1;
                    counted.leave(pod, "Pending for less than readinessDelaySeconds: counts as ready");
                }
                Phase::Pending => counted.leave(pod, "not ready: Pending"),
                _ => counted.leave(pod, "not ready: its phase is not known"),
            }
        }
        counted
    }

    /// As a Resource counts them; of pods that are left out the samples are dropped. Without samples each pod is taken to
    /// have one.
    fn sampled(&self, resource: &str, mut samples: Option<&mut BTreeMap<&str, i64>>) -> Counted {
        let mut counted = Counted::default();
        for pod in self.pods {
            // Upstream counts such a pod as one that could be ready, and its sample too.
            if !self.owns(pod) {
                counted.listed += 1;
                counted.leave(pod, "not made by the target (metadata.ownerReferences): not ready, its sample counts");
                continue;
            }
            let why = match pod.phase {
                Phase::Failed => Some("failed: left out"),
                Phase::Pending => Some("Pending: left out"),
                _ => None,
            };
            let sampled = samples.as_ref().is_none_or(|samples| samples.contains_key(pod.name.as_str()));
            if why.is_none() && !sampled {
                counted.listed += 1;
                counted.leave(pod, "no sample: not ready");
                continue;
            }
            let why = why.or_else(|| if resource == CPU { self.unsettled(pod) } else { None });
            match why {
                Some(why) => {
                    if let Some(samples) = samples.as_mut() {
                        samples.remove(pod.name.as_str());
                    }
                    counted.leave(pod, why);
                }
                None => {
                    counted.listed += 1;
                    counted.ready += 1;
                }
            }
        }
        counted
    }

    /// Why a sample of CPU does not count.
    fn unsettled(&self, pod: &Pod) -> Option<&'static str> {
        let (Some(ready), Some(started)) = (pod.ready, pod.started) else {
            return Some("no Ready condition or no start time: left out");
        };
        if ready.status == Truth::False {
            return Some("not ready: left out");
        }
        // Go's zero time is before every start.
        let settled = ready.since.is_some_and(|since| instant(started) + self.delay <= instant(since));
        (!settled).then_some("became ready within readinessDelaySeconds of its start: left out")
    }

    /// Whether a pod is the target's by its owners; a ReplicaSet has the name of its Deployment, a hyphen, and a hash.
    fn owns(&self, pod: &Pod) -> bool {
        let Some(target) = self.target else { return true };
        pod.owners.iter().any(|owner| {
            let cut = owner.name.rsplit_once('-').filter(|_| owner.kind == "ReplicaSet").map(|(name, _)| name);
            cut.unwrap_or(&owner.name) == target
        })
    }
}

const NOT_OWNED: &str = "not made by the target (metadata.ownerReferences): left out";

/// The sum over the containers, unless one lacks the resource.
fn usage(item: &PodMetrics, resource: &str) -> Option<i64> {
    if item.containers.is_empty() {
        return None;
    }
    let mut usages = item.containers.iter().map(|container| container.usage.get(resource).map(|usage| usage.milli()));
    usages.try_fold(0_i64, |sum, usage| Some(sum.saturating_add(usage?)))
}

/// What the last sync compared with the marks of a metric.
pub(super) fn usage_at_last_sync(current: &MarkedStatus, metric: &MetricOf) -> Option<Quantity> {
    match (&current.resource, &current.external) {
        (Some(it), _) if metric.resource && it.name == metric.name => it.current_average_value,
        (_, Some(it)) if !metric.resource && it.metric_name == metric.name => it.current_value,
        _ => None,
    }
}
