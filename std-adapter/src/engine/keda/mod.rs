//! KEDA's scaled objects: triggers from a manifest (`source`), the object and its HPA, and the two loops.
//!
//! One loop reads the triggers and moves the target between rest and running; while it runs, an HPA that KEDA makes
//! scales by the same metrics. [`Keda::pass`] is one turn of either or both.

mod object;
mod player;
mod source;

use std::collections::BTreeMap;

use plimsoll_core::hpa::{self, Hpa, MetricError, PodCount, Reading as HpaReading, Scale, ValueSum};
use plimsoll_core::queue::{
    self, Applied, Decision, GroupLag, History, HpaMetric, Observation, Offsets, Partition, Paused, Reading,
    ScaledObject, Step,
};
use plimsoll_core::trace::Each;
use plimsoll_core::units::{Instant, Replicas, Span};
use serde_json::{Value, json};

use super::{Past, Policy, Settings, inline_spec};
use crate::manifest::keda;
use crate::manifest::scaled::ScaledObjectSpec;
use crate::simulate::run::MetricReading;
use object::Object;
pub(super) use player::Player;
pub(super) use source::{Source, source};

/// Most triggers of an object.
pub const MOST_TRIGGERS: usize = 16;

/// What KEDA remembers of one object.
pub type KedaPast = History<MOST_TRIGGERS>;

/// A scaled object's policy, with that of the HPA that KEDA makes of it.
#[derive(Clone, Debug)]
pub struct Keda {
    object: Object,
    hpa: Policy,
}

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
        let annotations = keda::annotations(annotations).map_err(|error| format!("metadata.annotations: {error}"))?;
        let object = Object::new(spec, annotations)?;
        let hpa = Policy::new(inline_spec(&object.hpa_spec()?, "the HPA that KEDA makes")?, settings)
            .map_err(|error| format!("the HPA that KEDA makes: {error}"))?;
        hpa.with(Past::fits).map_err(|error| error.to_string())?;
        Ok(Self { object, hpa })
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
        match self.object.build(run) {
            Ok(result) => result,
            Err(error) => unreachable!("built before: {error}"),
        }
    }

    /// The HPA's policy.
    #[must_use]
    pub const fn hpa(&self) -> &Policy {
        &self.hpa
    }

    /// Seconds between two turns of the outer loop.
    #[must_use]
    pub fn polling_s(&self) -> i64 {
        i64::from(self.object.spec.polling_interval.unwrap_or(30)).max(1)
    }

    /// What the annotations ask for.
    #[must_use]
    pub const fn annotations(&self) -> queue::Annotations {
        self.object.annotations
    }

    /// The fewest replicas, at rest or not, and the most.
    #[must_use]
    pub const fn bounds(&self) -> (i32, i32) {
        (self.object.counts.at_rest(), self.object.counts.max())
    }

    /// The cooldown, and that at the beginning.
    #[must_use]
    pub fn cooldowns(&self) -> (Span, Span) {
        self.object.cooldowns()
    }

    /// Replicas at rest, and whether it ever goes there: to zero or to an idle count.
    #[must_use]
    pub const fn rest(&self) -> (i32, bool) {
        (self.object.counts.at_rest(), self.object.counts.idle().is_some() || self.object.counts.floor() == 0)
    }

    /// Number of triggers.
    #[must_use]
    pub fn triggers(&self) -> usize {
        self.object.sources.len()
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
        self.object.sources.get(trigger).map_or(0.0, Source::activation)
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
        self.object.sources.get(trigger)?.group(partitions, offsets)
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
            let caches = self.object.spec.triggers.iter().any(|trigger| trigger.use_cached_metrics);
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
        let rest = match self.object.counts.at_rest() {
            0 => "zero".to_owned(),
            rest => format!("{rest} replicas"),
        };
        let cooldown = self.object.spec.cooldown_period.unwrap_or(300);
        lines.push(format!("at rest {rest}, {cooldown} s after the last activity"));
        lines
    }
}

fn told(step: &Step, object: &ScaledObject<'_>, now: Instant) -> (Value, String) {
    let text = step.sentence(object).seen_at(now).to_string();
    (super::record::told(step, &text), text)
}
