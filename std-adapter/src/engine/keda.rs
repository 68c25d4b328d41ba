//! KEDA's scaled objects: triggers from a manifest, the two loops, and both of them in a simulation.
//!
//! One loop reads the triggers and moves the target between rest and running; while it runs, an HPA that KEDA makes
//! scales by the same metrics. [`Keda::pass`] is one turn of either or both.

use std::collections::BTreeMap;

use plimsoll_core::hpa::{self, Hpa, MetricError, PodCount, Reading as HpaReading, Scale, ValueSum};
use plimsoll_core::queue::{
    self, Applied, Decision, Fallback, FallbackBehavior, GroupLag, History, HpaMetric, Modifiers, Observation, Offsets,
    Partition, Paused, Reading, ReplicaCounts, ScaledObject, Step, Target, Trigger,
};
use plimsoll_core::trace::Each;
use plimsoll_core::units::{Instant, Milli, Replicas, Span};
use serde_json::{Value, json};

use super::{Past, Policy, Settings, inline_spec};
use crate::manifest::keda::{self, Formula, Kafka};
use crate::manifest::scaled::{self, ScaledObjectSpec};
use crate::simulate::run::{MetricReading, Sync};
use crate::simulate::{BACKLOG, Scaler, Seen};

/// Most triggers of an object.
pub const MOST_TRIGGERS: usize = 16;

/// What KEDA remembers of one object.
pub type KedaPast = History<MOST_TRIGGERS>;

/// A scaled object's policy, with that of the HPA that KEDA makes of it.
#[derive(Clone, Debug)]
pub struct Keda {
    spec: ScaledObjectSpec,
    counts: ReplicaCounts,
    sources: Vec<Source>,
    fallback: Option<Fallback>,
    composite: Option<Composite>,
    annotations: queue::Annotations,
    hpa: Policy,
}

/// A trigger, as far as its settings decide.
#[derive(Clone, Debug)]
pub(super) struct Source {
    name: String,
    kind: Kind,
}

impl Source {
    /// Its own name, or that of its type.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Above which it is active.
    pub(super) fn activation(&self) -> f64 {
        match &self.kind {
            Kind::Value { activation, .. } => *activation,
            Kind::Kafka(kafka) => kafka.lag.activation() as f64,
            Kind::Resource => 0.0,
        }
    }

    /// What one replica, or job, is to carry: 0 where the target is one of the whole, as upstream has it; `None` for CPU
    /// and memory.
    pub(super) fn per_replica(&self) -> Option<Milli> {
        match &self.kind {
            Kind::Value { target: Target::AverageValue(value), .. } => Some(*value),
            Kind::Value { target: Target::Value(_), .. } => Some(Milli(0)),
            Kind::Kafka(kafka) => Some(Milli(kafka.lag.threshold().saturating_mul(1000))),
            Kind::Resource => None,
        }
    }

    /// Whether it reads partitions.
    pub(super) const fn is_kafka(&self) -> bool {
        matches!(self.kind, Kind::Kafka(_))
    }

    /// The name of the service's metric that it reads in a simulation; `None` for one that reads partitions or pods.
    pub(super) fn simulated(&self) -> Option<&str> {
        match &self.kind {
            Kind::Value { query: Some(query), .. } => Some(query),
            Kind::Value { query: None, .. } => Some(BACKLOG),
            _ => None,
        }
    }

    /// What a Kafka trigger reads of the partitions; `None` for one of another kind.
    pub(super) fn group<const P: usize>(&self, all: &[Partition], offsets: &mut Offsets<P>) -> Option<GroupLag> {
        let Kind::Kafka(kafka) = &self.kind else { return None };
        let counts =
            |id: u32| kafka.partitions.as_ref().is_none_or(|only| i32::try_from(id).is_ok_and(|id| only.contains(&id)));
        let partitions = all.iter().copied().filter(|partition| counts(partition.id)).collect::<Vec<_>>();
        Some(kafka.lag.read(&partitions, offsets))
    }
}

#[derive(Clone, Debug)]
enum Kind {
    Kafka(Box<Kafka>),
    Value {
        target: Target,
        activation: f64,
        /// Of prometheus, which names what it reads.
        query: Option<String>,
    },
    Resource,
}

/// A formula with its targets.
#[derive(Clone, Debug)]
struct Composite {
    formula: Formula,
    target: Target,
    activation: f64,
    whole: bool,
}

/// The settings that a kind of trigger calls its target and its activation threshold.
const VALUES: [(&str, &str, &str); 15] = [
    ("prometheus", "threshold", "activationThreshold"),
    ("rabbitmq", "value", "activationValue"),
    ("aws-sqs-queue", "queueLength", "activationQueueLength"),
    ("redis", "listLength", "activationListLength"),
    ("redis-streams", "pendingEntriesCount", "activationLagCount"),
    ("nats-jetstream", "lagThreshold", "activationLagThreshold"),
    ("gcp-pubsub", "value", "activationValue"),
    ("azure-queue", "queueLength", "activationQueueLength"),
    ("azure-servicebus", "messageCount", "activationMessageCount"),
    ("azure-eventhub", "unprocessedEventThreshold", "activationUnprocessedEventThreshold"),
    ("postgresql", "targetQueryValue", "activationTargetQueryValue"),
    ("mysql", "queryValue", "activationQueryValue"),
    ("metrics-api", "targetValue", "activationTargetValue"),
    ("datadog", "queryValue", "activationQueryValue"),
    ("external", "targetValue", "activationTargetValue"),
];

/// What one turn did.
#[derive(Debug)]
pub struct Pass {
    /// Replicas before and after.
    pub from: Replicas,
    /// See `from`.
    pub to: Replicas,
    /// What had the last word, in words.
    pub reason: String,
    /// Every step of both loops, as JSON and in words.
    pub steps: Vec<(Value, String)>,
    /// Whether there is work, by the outer loop; `None` when it did not turn, or could not tell.
    pub active: Option<bool>,
    /// Whether the HPA scaled.
    pub hpa_scales: bool,
    /// The metrics that the HPA was given.
    pub metrics: Vec<HpaMetric>,
    /// What the HPA's metrics read and ask for.
    pub readings: Vec<MetricReading>,
    /// What they ask for together.
    pub asked: Option<i32>,
    /// At which readings each metric of the HPA would ask for another number, as JSON; empty where it did not scale.
    pub outlook: Vec<Value>,
    /// When time alone could change the answer.
    pub revisit_at: Option<Instant>,
}

/// What one turn looks at.
#[derive(Clone, Copy, Debug)]
pub struct Turn<'a> {
    /// The observation of the outer loop.
    pub seen: Observation<'a>,
    /// Pods that exist.
    pub running: i32,
    /// How the pods are counted, for the HPA.
    pub pods: PodCount,
    /// Whether the outer loop turns.
    pub polls: bool,
}

impl Keda {
    /// From a manifest's spec and the annotations beside it.
    ///
    /// # Errors
    /// The first field or setting that does not fit, with its path in the object.
    pub fn new(
        spec: ScaledObjectSpec,
        annotations: &BTreeMap<String, String>,
        settings: Settings,
    ) -> Result<Self, String> {
        let counts = ReplicaCounts::new(spec.min_replica_count, spec.max_replica_count, spec.idle_replica_count)
            .map_err(|error| format!("spec: {error}"))?;
        if spec.triggers.len() > MOST_TRIGGERS {
            return Err(format!(
                "spec.triggers has {} entries: at most {MOST_TRIGGERS} are decided",
                spec.triggers.len()
            ));
        }
        let sources = spec.triggers.iter().enumerate().map(|(index, trigger)| source(index, trigger));
        let sources = sources.collect::<Result<Vec<_>, _>>()?;
        let annotations = keda::annotations(annotations).map_err(|error| format!("metadata.annotations: {error}"))?;
        let composite = composite(&spec)?;
        let mut keda = Self {
            fallback: spec.fallback.as_ref().and_then(fallback),
            counts,
            sources,
            composite,
            annotations,
            hpa: Policy::new(inline_spec(&placeholder(), "hpa")?, settings).map_err(|error| error.to_string())?,
            spec,
        };
        let hpa = keda.hpa_spec()?;
        keda.hpa = Policy::new(inline_spec(&hpa, "the HPA that KEDA makes")?, settings)
            .map_err(|error| format!("the HPA that KEDA makes: {error}"))?;
        keda.hpa.with(Past::fits).map_err(|error| error.to_string())?;
        keda.build(|_| ())?;
        Ok(keda)
    }

    /// From the spec of a ScaledObject in another text, where `root` is its name, and the target may be left out.
    ///
    /// # Errors
    /// As [`Keda::new`].
    pub fn inline(given: &Value, root: &str, settings: Settings) -> Result<Self, String> {
        let mut spec = given.clone();
        let annotations = spec.as_object_mut().and_then(|fields| fields.remove("annotations")).unwrap_or(json!({}));
        let annotations = super::inline(&annotations, &format!("{root}.annotations"))?;
        let spec: ScaledObjectSpec = super::inline(&spec, root)?;
        Self::new(spec, &annotations, settings).map_err(|error| match error.strip_prefix("spec") {
            Some(rest) => format!("{root}{rest}"),
            None => format!("{root}: {error}"),
        })
    }

    /// Lends the core's policy.
    ///
    /// # Panics
    /// Never: the same was built once when this was made.
    pub fn with<R>(&self, run: impl FnOnce(&ScaledObject<'_>) -> R) -> R {
        match self.build(run) {
            Ok(result) => result,
            Err(error) => unreachable!("built before: {error}"),
        }
    }

    fn build<R>(&self, run: impl FnOnce(&ScaledObject<'_>) -> R) -> Result<R, String> {
        let told = |error: plimsoll_core::error::ConfigError| error.to_string();
        let triggers = self.sources.iter().map(|source| match &source.kind {
            Kind::Kafka(kafka) => Ok(Trigger::lag(&source.name, &kafka.lag)),
            Kind::Value { target, .. } => Trigger::external(&source.name, *target).map_err(told),
            Kind::Resource => Ok(Trigger::resource(&source.name)),
        });
        let triggers = triggers.collect::<Result<Vec<_>, _>>()?;
        let (cooldown, initial) = self.cooldowns();
        let mut object = ScaledObject::new(self.counts, &triggers)
            .map_err(|error| format!("spec.{error}"))?
            .with_cooldown(cooldown)
            .with_initial_cooldown(initial);
        if let Some(fallback) = self.fallback {
            object = object.with_fallback(fallback);
        }
        if let Some(composite) = &self.composite {
            let modifiers = Modifiers::new(composite.formula.program().map_err(told)?, composite.target)
                .map_err(told)?
                .with_activation(composite.activation)
                .map_err(told)?
                .with_whole_target(composite.whole);
            object = object.with_modifiers(modifiers).map_err(told)?;
        }
        Ok(run(&object))
    }

    /// The spec of the HPA that KEDA makes: External metrics of the triggers or of the formula, CPU and memory as they are.
    fn hpa_spec(&self) -> Result<Value, String> {
        let external = self.build(|object| {
            let external = object.hpa_metrics().map(|(trigger, target)| {
                let name = trigger.map_or_else(|| "composite".to_owned(), |index| self.metric_name(usize::from(index)));
                let target = match target {
                    Target::AverageValue(Milli(value)) => {
                        json!({ "type": "AverageValue", "averageValue": format!("{value}m") })
                    }
                    Target::Value(Milli(value)) => json!({ "type": "Value", "value": format!("{value}m") }),
                };
                json!({ "type": "External", "external": { "metric": { "name": name }, "target": target } })
            });
            external.collect::<Vec<_>>()
        })?;
        let resources = self.spec.triggers.iter().enumerate();
        let resources = resources.filter(|(_, trigger)| is_resource(&trigger.kind)).map(resource_metric);
        let resources = resources.collect::<Result<Vec<_>, _>>()?;
        let config = self.spec.advanced.as_ref().and_then(|it| it.horizontal_pod_autoscaler_config.as_ref());
        let mut behavior = config.and_then(|config| config.behavior.as_ref()).map(|behavior| json!(behavior));
        for (paused, direction) in
            [(self.annotations.scale_in_paused, "scaleDown"), (self.annotations.scale_out_paused, "scaleUp")]
        {
            if paused {
                let behavior = behavior.get_or_insert_with(|| json!({}));
                behavior[direction]["selectPolicy"] = json!("Disabled");
            }
        }
        let bounds = self.counts.hpa_bounds();
        let metrics = [external, resources].concat();
        let mut spec = json!({
            "minReplicas": bounds.min(),
            "maxReplicas": bounds.max(),
            "metrics": metrics,
        });
        if let Some(behavior) = behavior {
            spec["behavior"] = behavior;
        }
        Ok(spec)
    }

    fn metric_name(&self, trigger: usize) -> String {
        let kind = self.spec.triggers.get(trigger).map_or("", |trigger| trigger.kind.as_str());
        format!("s{trigger}-{kind}")
    }

    /// The HPA's policy.
    #[must_use]
    pub const fn hpa(&self) -> &Policy {
        &self.hpa
    }

    /// Seconds between two turns of the outer loop.
    #[must_use]
    pub fn polling_s(&self) -> i64 {
        i64::from(self.spec.polling_interval.unwrap_or(30)).max(1)
    }

    /// What the annotations ask for.
    #[must_use]
    pub const fn annotations(&self) -> queue::Annotations {
        self.annotations
    }

    /// The fewest replicas, at rest or not, and the most.
    #[must_use]
    pub const fn bounds(&self) -> (i32, i32) {
        (self.counts.at_rest(), self.counts.max())
    }

    /// The cooldown, and that at the beginning.
    #[must_use]
    pub fn cooldowns(&self) -> (Span, Span) {
        let seconds = |given: Option<i32>, default: u64| {
            Span::from_secs(given.map_or(default, |seconds| u64::try_from(seconds).unwrap_or(0)))
        };
        (seconds(self.spec.cooldown_period, 300), seconds(self.spec.initial_cooldown_period, 0))
    }

    /// Replicas at rest, and whether it ever goes there: to zero or to an idle count.
    #[must_use]
    pub const fn rest(&self) -> (i32, bool) {
        (self.counts.at_rest(), self.counts.idle().is_some() || self.counts.floor() == 0)
    }

    /// Number of triggers.
    #[must_use]
    pub fn triggers(&self) -> usize {
        self.sources.len()
    }

    /// A history that knows nothing.
    #[must_use]
    pub fn start(&self) -> KedaPast {
        match self.with(KedaPast::new) {
            Ok(past) => past,
            Err(error) => unreachable!("seen to fit: {error}"),
        }
    }

    /// Above which a trigger is active.
    #[must_use]
    pub fn activation(&self, trigger: usize) -> f64 {
        self.sources.get(trigger).map_or(0.0, Source::activation)
    }

    /// A value that a trigger reads; whether it is active says the trigger's own threshold.
    #[must_use]
    pub fn reading(&self, trigger: usize, value: f64) -> Reading {
        Reading::of(value, value > self.activation(trigger))
    }

    /// What a Kafka trigger reads of the partitions; `None` for a trigger of another kind.
    pub fn group<const P: usize>(
        &self,
        trigger: usize,
        partitions: &[Partition],
        offsets: &mut Offsets<P>,
    ) -> Option<GroupLag> {
        self.sources.get(trigger)?.group(partitions, offsets)
    }

    /// The name of a service's metric that a trigger reads in a simulation.
    fn simulated(&self, trigger: usize) -> Option<&str> {
        self.sources.get(trigger)?.simulated()
    }

    /// Both loops turn as far as they are due. `resource` reads CPU or memory for the HPA, whose metric it is given with
    /// its number; KEDA does not read them.
    pub fn pass(
        &self,
        past: &mut KedaPast,
        hpa_past: &mut Past,
        turn: &Turn<'_>,
        resource: &dyn Fn(&Hpa<'_>, usize) -> HpaReading,
    ) -> Pass {
        let now = turn.seen.now;
        self.with(|object| {
            let mut steps = Vec::new();
            let mut pass = Pass {
                from: turn.seen.replicas.unwrap_or_default(),
                to: turn.seen.replicas.unwrap_or_default(),
                reason: format!("at rest: the triggers are read every {} s", self.polling_s()),
                steps: Vec::new(),
                active: None,
                hpa_scales: turn.seen.annotations.paused == Paused::No && turn.seen.replicas.is_some_and(|it| it.0 > 0),
                metrics: Vec::new(),
                readings: Vec::new(),
                asked: None,
                outlook: Vec::new(),
                revisit_at: None,
            };
            if turn.polls {
                let mut tell = Each(|step: &Step| steps.push(told(step, object, now)));
                let decision: Decision<MOST_TRIGGERS> = object.decide(past, &turn.seen, &mut tell);
                if decision.changes() {
                    object.applied(past, &decision, Applied::Done(decision.to), &mut tell);
                }
                pass.to = decision.to;
                pass.reason = decision.last_word.sentence(object).seen_at(now).to_string();
                pass.active = decision.detail.active;
                pass.hpa_scales = decision.detail.hpa_scales;
                pass.metrics = decision.detail.metrics.to_vec();
                pass.revisit_at = decision.revisit_at;
            }
            let caches = self.spec.triggers.iter().any(|trigger| trigger.use_cached_metrics);
            if pass.hpa_scales && !(turn.polls && object.shares_reads() && !caches) {
                // The HPA reads by itself, and its failures count as well.
                pass.metrics = object.read(past, &turn.seen, &mut ()).to_vec();
            }
            if pass.hpa_scales {
                self.scale(hpa_past, turn, resource, &mut pass, &mut steps);
            }
            pass.steps = steps;
            pass
        })
    }

    fn scale(
        &self,
        past: &mut Past,
        turn: &Turn<'_>,
        resource: &dyn Fn(&Hpa<'_>, usize) -> HpaReading,
        pass: &mut Pass,
        steps: &mut Vec<(Value, String)>,
    ) {
        let now = turn.seen.now;
        self.hpa.with(|hpa| {
            let failed = HpaReading::Failed(MetricError::Unavailable);
            let external = pass
                .metrics
                .iter()
                .map(|metric| metric.value.map_or(failed, |value| HpaReading::Values(ValueSum::from_iter([value]))));
            let resources = pass.metrics.len()..hpa.metrics().len();
            let readings = external.chain(resources.map(|index| resource(hpa, index))).collect::<Vec<_>>();
            let scale = Scale { wanted: pass.to, running: Replicas(turn.running) };
            let seen = hpa::Observation {
                now,
                scale: Some(scale),
                pods: Some(turn.pods),
                readings: &readings,
                ..hpa::Observation::default()
            };
            let metrics = 0..hpa.metrics().len();
            pass.outlook = metrics.map(|index| super::record::outlook(&hpa.outlook(index, &seen))).collect();
            let mut own = Vec::new();
            let mut tell = Each(|step: &hpa::Step| own.push(*step));
            let decision = hpa.decide(past, &seen, &mut tell);
            if decision.changes() {
                hpa.applied(past, &decision, hpa::Applied::Done(decision.to), &mut ());
            }
            steps.extend(
                own.iter()
                    .map(|step| (super::record::step(step, hpa, now), step.sentence(hpa).seen_at(now).to_string())),
            );
            pass.to = decision.to;
            pass.reason = decision.last_word.sentence(hpa).seen_at(now).to_string();
            pass.readings = own.iter().filter_map(|step| super::decider::metric_reading(step, hpa)).collect();
            pass.asked = decision.detail.recommended.map(|replicas| replicas.0);
            pass.revisit_at = [pass.revisit_at, decision.revisit_at].into_iter().flatten().min();
        });
    }

    /// The triggers and what rests, one line each.
    #[must_use]
    pub fn metric_lines(&self) -> Vec<String> {
        let mut lines = self.hpa.metric_lines();
        let rest = match self.counts.at_rest() {
            0 => "zero".to_owned(),
            rest => format!("{rest} replicas"),
        };
        let cooldown = self.spec.cooldown_period.unwrap_or(300);
        lines.push(format!("at rest {rest}, {cooldown} s after the last activity"));
        lines
    }
}

fn told(step: &Step, object: &ScaledObject<'_>, now: Instant) -> (Value, String) {
    let text = step.sentence(object).seen_at(now).to_string();
    (super::record::told(step, &text), text)
}

fn placeholder() -> Value {
    json!({ "maxReplicas": 1 })
}

fn is_resource(kind: &str) -> bool {
    matches!(kind, "cpu" | "memory")
}

pub(super) fn source(index: usize, trigger: &scaled::Trigger) -> Result<Source, String> {
    let at = format!("spec.triggers[{index}]");
    let name = trigger.name.clone().filter(|name| !name.is_empty()).unwrap_or_else(|| trigger.kind.clone());
    let kind = match trigger.kind.as_str() {
        "kafka" | "apache-kafka" => {
            Kind::Kafka(Box::new(Kafka::read(&trigger.metadata).map_err(|error| format!("{at}.metadata.{error}"))?))
        }
        kind if is_resource(kind) => Kind::Resource,
        kind => {
            let Some((_, target, activation)) = VALUES.iter().find(|(known, ..)| *known == kind) else {
                let known = VALUES.iter().map(|(known, ..)| *known).collect::<Vec<_>>().join(", ");
                return Err(format!("{at}.type is {kind:?}: known are kafka, cpu, memory, {known}"));
            };
            let number =
                |name: &str| number(&trigger.metadata, name).map_err(|why| format!("{at}.metadata.{name} {why}"));
            let given = number(target)?.ok_or_else(|| format!("{at}.metadata.{target} is missing"))?;
            let given = Milli::from_units(given).unwrap_or_default();
            let target = match trigger.metric_type.as_deref() {
                None | Some("" | "AverageValue") => Target::AverageValue(given),
                Some("Value") => Target::Value(given),
                Some(other) => return Err(format!("{at}.metricType is {other:?}: must be AverageValue or Value")),
            };
            let query = trigger.metadata.get("query").filter(|_| kind == "prometheus").cloned();
            Kind::Value { target, activation: number(activation)?.unwrap_or(0.0), query }
        }
    };
    Ok(Source { name, kind })
}

fn number(metadata: &BTreeMap<String, String>, name: &str) -> Result<Option<f64>, String> {
    let Some(text) = metadata.get(name) else { return Ok(None) };
    match text.trim().parse::<f64>() {
        Ok(number) if number.is_finite() => Ok(Some(number)),
        _ => Err(format!("is {text:?}: must be a number")),
    }
}

/// A fallback with impossible numbers is none, as upstream has it.
fn fallback(given: &scaled::Fallback) -> Option<Fallback> {
    let behavior = match given.behavior.as_deref() {
        None | Some("") => FallbackBehavior::Unset,
        Some("currentReplicas") => FallbackBehavior::CurrentReplicas,
        Some("currentReplicasIfHigher") => FallbackBehavior::CurrentReplicasIfHigher,
        Some("currentReplicasIfLower") => FallbackBehavior::CurrentReplicasIfLower,
        Some("scalingModifiers") => FallbackBehavior::ScalingModifiers,
        Some(_) => FallbackBehavior::Static,
    };
    Fallback::new(given.failure_threshold, given.replicas, behavior).ok()
}

fn composite(spec: &ScaledObjectSpec) -> Result<Option<Composite>, String> {
    const AT: &str = "spec.advanced.scalingModifiers";
    let Some(given) = spec.advanced.as_ref().and_then(|advanced| advanced.scaling_modifiers.as_ref()) else {
        return Ok(None);
    };
    let names = spec.triggers.iter().map(|trigger| match &trigger.name {
        Some(name) if !is_resource(&trigger.kind) => name.as_str(),
        _ => "",
    });
    let formula =
        Formula::parse(&given.formula, &names.collect::<Vec<_>>()).map_err(|error| format!("{AT}.formula: {error}"))?;
    let number = |field: &str, text: &str| {
        let number = text.trim().parse::<f64>().ok().filter(|number| number.is_finite());
        number.ok_or_else(|| format!("{AT}.{field} is {text:?}: must be a number"))
    };
    let target = Milli::from_units(number("target", &given.target)?).unwrap_or_default();
    let target = match given.metric_type.as_deref() {
        None | Some("" | "AverageValue") => Target::AverageValue(target),
        Some("Value") => Target::Value(target),
        Some(other) => return Err(format!("{AT}.metricType is {other:?}: must be AverageValue or Value")),
    };
    let activation = given.activation_target.as_deref().map(|text| number("activationTarget", text)).transpose()?;
    let whole = given.target.trim().parse::<i64>().is_ok();
    Ok(Some(Composite { formula, target, activation: activation.unwrap_or(0.0), whole }))
}

fn resource_metric((index, trigger): (usize, &scaled::Trigger)) -> Result<Value, String> {
    let value = trigger.metadata.get("value").cloned().unwrap_or_default();
    let target = match trigger.metric_type.as_deref() {
        Some("AverageValue") => json!({ "type": "AverageValue", "averageValue": value }),
        _ => {
            let percent = value.trim().parse::<i32>();
            let percent = percent
                .map_err(|_| format!("spec.triggers[{index}].metadata.value is {value:?}: must be a percentage"))?;
            json!({ "type": "Utilization", "averageUtilization": percent })
        }
    };
    Ok(json!({ "type": "Resource", "resource": { "name": trigger.kind, "target": target } }))
}

/// Decides a simulated workload as KEDA and its HPA would.
pub(super) struct Player {
    policy: Keda,
    past: KedaPast,
    hpa_past: Box<Past>,
    offsets: Vec<Offsets<64>>,
    polled: Option<i64>,
}

impl Player {
    /// `root` is the name of the policy's text.
    ///
    /// # Errors
    /// When a trigger reads what the simulation does not have.
    pub(super) fn new(policy: Keda, root: &str, topic: bool) -> Result<Self, String> {
        for (index, source) in policy.sources.iter().enumerate() {
            let at = format!("{root}.triggers[{index}]");
            match &source.kind {
                Kind::Kafka(_) if !topic => return Err(format!("{at} is of kafka: the scenario has no topic")),
                Kind::Kafka(kafka) if kafka.exclude_persistent_lag => {
                    return Err(format!("{at}.metadata.excludePersistentLag: every partition here has a consumer"));
                }
                _ => {}
            }
        }
        Ok(Self {
            past: policy.start(),
            hpa_past: Box::default(),
            offsets: (0..policy.triggers()).map(|_| Offsets::new()).collect(),
            policy,
            polled: None,
        })
    }

    fn read(&mut self, seen: &Seen<'_>) -> Vec<Reading> {
        let partitions = (0_u32..).zip(seen.partitions).map(|(id, partition)| Partition {
            id,
            committed: Some(partition.committed),
            head: Some(partition.head),
            log_start: Some(0),
        });
        let partitions = partitions.collect::<Vec<_>>();
        let Self { policy, offsets, .. } = self;
        let readings = offsets.iter_mut().enumerate().map(|(index, offsets)| {
            if let Some(group) = policy.group(index, &partitions, offsets) {
                return group.reading();
            }
            let sample = policy.simulated(index).and_then(|name| seen.sample(name));
            sample.map_or(Reading::Failed, |sample| policy.reading(index, sample.value as f64 / 1e3))
        });
        readings.collect()
    }
}

impl Scaler for Player {
    fn bounds(&self) -> (i32, Option<i32>) {
        (self.policy.counts.at_rest(), Some(self.policy.counts.max()))
    }

    fn metrics(&self) -> Vec<String> {
        self.policy.metric_lines()
    }

    fn sync(&mut self, seen: &Seen<'_>) -> Sync {
        let polls = self.polled.is_none_or(|at| seen.now - at >= self.policy.polling_s() * crate::simulate::SECOND_NS);
        if polls {
            self.polled = Some(seen.now);
        }
        let readings = self.read(seen);
        let ready = super::ready(seen);
        let turn = Turn {
            seen: Observation {
                now: Instant::from_nanos(seen.now),
                created: Instant::from_nanos(0),
                replicas: Some(Replicas(seen.spec_replicas)),
                ready: Some(ready),
                readings: &readings,
                annotations: self.policy.annotations,
            },
            running: seen.status_replicas,
            pods: PodCount {
                listed: u32::try_from(seen.pods.len()).unwrap_or(u32::MAX),
                ready: u32::try_from(ready).unwrap_or(0),
            },
            polls,
        };
        let resource = |hpa: &Hpa<'_>, index| super::decider::reading(hpa, index, seen);
        let pass = self.policy.pass(&mut self.past, &mut self.hpa_past, &turn, &resource);
        let active = pass.active.map(|active| format!("Active={}", if active { "True" } else { "False" }));
        let own = self.hpa_past.conditions().iter().map(ToString::to_string);
        let conditions = active.into_iter().chain(own.filter(|_| pass.hpa_scales));
        Sync {
            at_s: 0,
            from: pass.from.0,
            to: pass.to.0,
            readings: pass.readings,
            asked: pass.asked,
            reason: pass.reason,
            steps: pass.steps.into_iter().map(|(_, text)| text).collect(),
            conditions: conditions.collect(),
            revisit_at_s: super::second_of(pass.revisit_at),
        }
    }

    fn applied(&mut self, _: i64, _: i32, _: i32) {}
}
