//! What would KEDA decide now about a scaled object, and why: from a dump with the object, its target, its HPA and the
//! values of its external metrics.

use plimsoll_core::queue::{Applied, Health, HpaMetric, Observation, Paused, Reading, Step};
use plimsoll_core::trace::Each;
use plimsoll_core::units::{Instant, Milli, Replicas};
use serde_json::{Value, json};

use super::page::Page;
use super::readings::{self, Reader};
use super::text::clock;
use super::{EXPLANATION_FORMAT, Explanation, explain_at};
use crate::engine::keda::{Keda, KedaPast, MOST_TRIGGERS};
use crate::engine::{Past, Settings, World, instant, newest, record};
use crate::manifest::scaled::ScaledObject;
use crate::manifest::{Dump, HorizontalPodAutoscaler, KIND, Metadata, ObjectReference, Quantity};

/// The metric that a formula makes of all triggers.
const COMPOSITE: &str = "composite-metric";
const OWNER: &str = "scaledobject.keda.sh/name";

/// What KEDA and its HPA would decide now.
#[derive(Debug)]
pub struct ScaledExplanation {
    name: String,
    target: String,
    now: jiff::Timestamp,
    given_now: bool,
    replicas: i32,
    bounds: (i32, i32),
    triggers: Vec<TriggerRead>,
    status: Vec<String>,
    annotations: Vec<&'static str>,
    outcome: Option<Outcome>,
    activity: Vec<String>,
    hpa_name: String,
    hpa: Option<Explanation>,
    gaps: Vec<String>,
}

#[derive(Debug)]
struct TriggerRead {
    name: String,
    metric: Option<String>,
    found: Found,
}

/// What is known of a trigger.
#[derive(Clone, Debug)]
enum Found {
    Value {
        value: Milli,
        /// Above which it is active, and whether it is.
        activation: f64,
        active: bool,
        from: String,
    },
    Failed(String),
    Missing(String),
    /// CPU or memory.
    Resource,
}

#[derive(Debug)]
struct Outcome {
    to: i32,
    because: String,
    active: Option<bool>,
    /// Each as JSON, and in words where the triggers' lines do not have it.
    steps: Vec<(Value, Option<String>)>,
    hpa_scales: bool,
}

impl ScaledExplanation {
    /// Replicas now and then; `None` where readings are missing.
    #[must_use]
    pub fn decided(&self) -> Option<(i32, i32)> {
        let outcome = self.outcome.as_ref()?;
        let hpa = self.hpa_answer().filter(|_| outcome.hpa_scales);
        Some((self.replicas, hpa.map_or(outcome.to, |decision| decision.to.0)))
    }

    /// What its HPA would do with the same readings, where it scales.
    #[must_use]
    pub const fn hpa(&self) -> Option<&Explanation> {
        self.hpa.as_ref()
    }

    fn hpa_answer(&self) -> Option<&plimsoll_core::hpa::Decision> {
        Some(self.hpa.as_ref()?.answers().first()?.decision())
    }
}

/// The name of the HPA that KEDA made of an object.
#[must_use]
pub fn hpa_of(object: &ScaledObject) -> String {
    let config = object.spec.advanced.as_ref().and_then(|it| it.horizontal_pod_autoscaler_config.as_ref());
    let given = config.and_then(|config| config.name.clone()).filter(|name| !name.is_empty());
    let known = Some(&object.status.hpa_name).filter(|name| !name.is_empty()).cloned();
    known.or(given).unwrap_or_else(|| format!("keda-hpa-{}", object.metadata.name))
}

/// What an object reads: the metric of each trigger, with the trigger's own name.
#[must_use]
pub fn reader(object: &ScaledObject) -> Reader {
    let mut external = object.status.external_metric_names.iter();
    let names = object.spec.triggers.iter().enumerate().map(|(index, trigger)| {
        if is_resource(&trigger.kind) {
            return Vec::new();
        }
        let metric = external.next().cloned().unwrap_or_else(|| format!("s{index}-{}", trigger.kind));
        [Some(metric), trigger.name.clone()].into_iter().flatten().filter(|name| !name.is_empty()).collect()
    });
    let Metadata { namespace, name, .. } = &object.metadata;
    Reader { object: (namespace.clone(), name.clone()), names: names.collect() }
}

fn is_resource(kind: &str) -> bool {
    matches!(kind, "cpu" | "memory")
}

/// Explains `object` of `dump` at `now`, or at the newest time that the dump knows. `given` are readings in place of the
/// dump's, in the order of the triggers; `history` is that of its HPA.
///
/// # Errors
/// When the spec would be refused, the target is missing, or no time is known.
pub fn scaled(
    dump: &Dump,
    object: &ScaledObject,
    settings: Settings,
    now: Option<jiff::Timestamp>,
    given: &[Option<&readings::Reading>],
    history: Option<&Past>,
) -> Result<ScaledExplanation, String> {
    let policy = Keda::new(object.spec.clone(), &object.metadata.annotations, settings)?;
    let names = reader(object).names;
    let hpa_name = hpa_of(object);
    let namespace = &object.metadata.namespace;
    let own = dump.hpas.iter().find(|hpa| hpa.metadata.namespace == *namespace && hpa.metadata.name == hpa_name);
    let made = own.is_none();
    let mut hpa = own.cloned().unwrap_or_else(|| made_hpa(object, &policy, &hpa_name, &names));
    hpa.spec.scale_target_ref = target_of(object);
    let known = [object.status.last_active_time, newest(dump, &hpa)].into_iter().flatten().max();
    let world = World::new(dump, &hpa, now.or(known)).map_err(|error| error.to_string())?;
    let time = instant(world.now());
    let mut gaps = Vec::new();

    let triggers = triggers(dump, object, &policy, &names, given);
    let missing = triggers.iter().any(|trigger| matches!(trigger.found, Found::Missing(_)));
    let readings = triggers.iter().enumerate().map(|(index, trigger)| match trigger.found {
        Found::Value { value, .. } => policy.reading(index, value.0 as f64 / 1e3),
        Found::Failed(_) | Found::Missing(_) => Reading::Failed,
        Found::Resource => Reading::Value { value: Milli(0), active: true },
    });
    let readings = readings.collect::<Vec<_>>();
    let mut past = remembered(object, &policy, &triggers);
    if object.metadata.creation_timestamp.is_none() && object.status.last_active_time.is_none() {
        gaps.push("when the object was made (metadata.creationTimestamp): taken to be long ago".to_owned());
    }
    let counted = !world.pods().is_empty() || world.scale().running.0 == 0;
    if !counted {
        gaps.push("how many pods are ready: the dump has none of the target's".to_owned());
    }
    let seen = Observation {
        now: time,
        created: object.metadata.creation_timestamp.map_or(Instant::MIN, instant),
        replicas: Some(world.scale().wanted),
        // A dump without pods is no sign that there are none.
        ready: i32::try_from(world.count().ready).ok().filter(|_| counted),
        readings: &readings,
        annotations: policy.annotations(),
    };
    let activity = activity(&policy, object, &seen);
    let annotations = annotations(&policy);
    // While paused nothing is read.
    let decides = !missing || seen.annotations.paused != Paused::No;
    let turn = decides.then(|| turn(&policy, &mut past, &seen));
    let scales = turn.as_ref().filter(|(outcome, _)| outcome.hpa_scales);
    let explained = scales.map(|(_, metrics)| {
        let seen = told(dump, &names, metrics);
        explain_at(&seen, &hpa, settings, (Some(world.now()), now.is_some()), history)
            .map_err(|error| error.to_string())
    });
    let explained = explained.transpose()?;
    if explained.is_some() && made {
        gaps.push(format!(
            "its HPA, {hpa_name}, is not in the dump (kubectl get hpa -o json prints it): the one that KEDA makes of the \
             object is taken, without a status"
        ));
    }
    if seen.annotations.paused == Paused::No {
        gaps.push(
            "KEDA and the HPA turn apart: the triggers are read every pollingInterval, and by the HPA at each of its \
             syncs; here both turn now"
                .to_owned(),
        );
    }
    let Metadata { name, .. } = &object.metadata;
    Ok(ScaledExplanation {
        name: format!("{namespace}/{name}"),
        target: format!("{} {namespace}/{}", hpa.spec.scale_target_ref.kind, hpa.spec.scale_target_ref.name),
        now: world.now(),
        given_now: now.is_some(),
        replicas: world.scale().wanted.0,
        bounds: policy.bounds(),
        triggers,
        status: object.status.conditions.iter().map(condition).collect(),
        annotations,
        outcome: turn.map(|(outcome, _)| outcome),
        activity,
        hpa_name,
        hpa: explained,
        gaps,
    })
}

/// What is known of each trigger.
fn triggers(
    dump: &Dump,
    object: &ScaledObject,
    policy: &Keda,
    names: &[Vec<String>],
    given: &[Option<&readings::Reading>],
) -> Vec<TriggerRead> {
    let triggers = object.spec.triggers.iter().enumerate().map(|(index, trigger)| {
        let name = trigger.name.clone().filter(|name| !name.is_empty()).unwrap_or_else(|| trigger.kind.clone());
        let metric = names.get(index).and_then(|names| names.first()).cloned();
        let reads = |value: Milli, from: String| {
            let (activation, number) = (policy.activation(index), value.0 as f64 / 1e3);
            Found::Value { value, activation, active: number > activation, from }
        };
        let given = given.get(index).copied().flatten();
        let found = metric.as_ref().map_or(Found::Resource, |metric| found(dump, object, metric, given, &reads));
        TriggerRead { name, metric, found }
    });
    triggers.collect()
}

/// The dump as the HPA sees it: its metrics are what KEDA gives it.
fn told(dump: &Dump, names: &[Vec<String>], metrics: &[HpaMetric]) -> Dump {
    let mut told = dump.clone();
    for metric in metrics {
        let of = |trigger: u16| names.get(usize::from(trigger)).and_then(|names| names.first()).map(String::as_str);
        if let Some(name) = metric.trigger.map_or(Some(COMPOSITE), of) {
            readings::put(&mut told, name, metric.value.map(|Milli(value)| Quantity::from_milli(value)));
        }
    }
    told
}

/// The outer loop turns once.
fn turn(policy: &Keda, past: &mut KedaPast, seen: &Observation<'_>) -> (Outcome, Vec<HpaMetric>) {
    policy.with(|object| {
        let mut steps = Vec::new();
        let mut tell = Each(|step: &Step| {
            let text = step.sentence(object).seen_at(seen.now).to_string();
            let told = record::told(step, &text);
            steps.push((told, Some(text).filter(|_| !matches!(step, Step::Read { .. }))));
        });
        let decision = object.decide::<MOST_TRIGGERS>(past, seen, &mut tell);
        object.applied(past, &decision, Applied::Done(decision.to), &mut ());
        let outcome = Outcome {
            to: decision.to.0,
            because: decision.last_word.sentence(object).seen_at(seen.now).to_string(),
            active: decision.detail.active,
            steps,
            hpa_scales: decision.detail.hpa_scales,
        };
        (outcome, decision.detail.metrics.to_vec())
    })
}

fn target_of(object: &ScaledObject) -> ObjectReference {
    let given = &object.spec.scale_target_ref;
    let or = |given: &Option<String>, default: &str| given.clone().unwrap_or_else(|| default.to_owned());
    ObjectReference {
        api_version: or(&given.api_version, "apps/v1"),
        kind: or(&given.kind, "Deployment"),
        name: given.name.clone(),
    }
}

/// The HPA that KEDA makes, with the metrics' names.
fn made_hpa(object: &ScaledObject, policy: &Keda, name: &str, names: &[Vec<String>]) -> HorizontalPodAutoscaler {
    let mut spec = policy.hpa().spec().clone();
    let composite = object.spec.advanced.as_ref().is_some_and(|advanced| advanced.scaling_modifiers.is_some());
    let metrics = names.iter().filter_map(|names| names.first());
    let mut metrics: Vec<&str> = if composite { vec![COMPOSITE] } else { metrics.map(String::as_str).collect() };
    metrics.reverse();
    for external in spec.metrics.iter_mut().filter_map(|metric| metric.external.as_mut()) {
        if let Some(name) = metrics.pop() {
            name.clone_into(&mut external.metric.name);
        }
    }
    HorizontalPodAutoscaler {
        api_version: "autoscaling/v2".to_owned(),
        kind: KIND.to_owned(),
        metadata: Metadata {
            name: name.to_owned(),
            namespace: object.metadata.namespace.clone(),
            ..Metadata::default()
        },
        spec,
        ..HorizontalPodAutoscaler::default()
    }
}

/// What is known of the metric of a trigger.
fn found(
    dump: &Dump,
    object: &ScaledObject,
    metric: &str,
    given: Option<&readings::Reading>,
    reads: &dyn Fn(Milli, String) -> Found,
) -> Found {
    if let Some(given) = given {
        return match given.value {
            Some(value) => reads(readings::milli(value), "as given".to_owned()),
            None => Found::Failed("as given".to_owned()),
        };
    }
    let name = &object.metadata.name;
    // In a fallback the metrics API gives what stands in, not what the trigger reads.
    if let Some(health) = object.status.health.get(metric).filter(|health| health.status == "Failing") {
        let failures = health.number_of_failures;
        return Found::Failed(format!("failing {failures} times in a row by status.health, and taken to fail again"));
    }
    let values = dump.external_metrics.iter().filter(|item| item.metric == metric);
    let values = values.filter(|item| item.labels.get(OWNER).is_none_or(|owner| owner == name)).collect::<Vec<_>>();
    let same =
        |other: &&ScaledObject| reader(other).names.iter().any(|names| names.first().is_some_and(|it| it == metric));
    let readers = dump.scaled_objects.iter().filter(same).count();
    match values[..] {
        [] => Found::Missing(format!(
            "not in the dump: give --reading {metric}=VALUE, or what the metrics API prints (--help shows how)"
        )),
        [value] if readers <= 1 || value.labels.contains_key(OWNER) => {
            let time = value.timestamp.map_or_else(String::new, |time| format!(", {}", clock(instant(time))));
            reads(readings::milli(value.value), format!("in the dump{time}"))
        }
        [_] => Found::Missing(format!(
            "in the dump for one of {readers} objects that read this name, and it does not say which; --reading \
             {name}/{metric}=VALUE gives it"
        )),
        [..] => Found::Missing(format!(
            "in the dump {} times, and nothing says which is this object's; --reading {name}/{metric}=VALUE gives it",
            values.len()
        )),
    }
}

/// What KEDA's status still tells.
fn remembered(object: &ScaledObject, policy: &Keda, triggers: &[TriggerRead]) -> KedaPast {
    let mut past = policy.start();
    past.set_last_active(object.status.last_active_time.map(instant));
    for (index, trigger) in triggers.iter().enumerate() {
        let health = trigger.metric.as_ref().and_then(|metric| object.status.health.get(metric));
        let health = health
            .map(|health| Health { failures: health.number_of_failures.max(0), failing: health.status == "Failing" });
        let _fits = past.set_health(index, health);
    }
    past
}

/// The last activity and the way to rest.
fn activity(policy: &Keda, object: &ScaledObject, seen: &Observation<'_>) -> Vec<String> {
    let (cooldown, initial) = policy.cooldowns();
    let last = object.status.last_active_time.map(instant);
    let created = object.metadata.creation_timestamp.map(instant);
    let mut lines = Vec::new();
    lines.push(match last {
        Some(last) => {
            format!("last active {}, {} before now (status.lastActiveTime)", clock(last), seen.now.since(last))
        }
        None => "never active yet: status.lastActiveTime is not set".to_owned(),
    });
    let (rest, rests) = policy.rest();
    let at_rest = seen.replicas.is_some_and(|replicas| replicas <= Replicas(rest));
    lines.push(match (last, created) {
        _ if !rests => format!("never at rest: minReplicaCount is {rest}"),
        _ if at_rest => format!("at rest, with {rest}"),
        (Some(since), _) => ends(since, cooldown, seen.now, "cooldown", rest),
        (None, Some(since)) => ends(since, initial, seen.now, "initial cooldown", rest),
        (None, None) => format!("without work to {rest} at once, but for an initial cooldown of {initial}"),
    });
    lines
}

fn ends(since: Instant, period: plimsoll_core::units::Span, now: Instant, name: &str, rest: i32) -> String {
    let end = since + period;
    if end < now {
        format!("the {name} of {period} has passed: without work to {rest} at once")
    } else {
        format!("without work to {rest} when the {name} of {period} has passed, {} from now", end.since(now))
    }
}

fn annotations(policy: &Keda) -> Vec<&'static str> {
    let given = policy.annotations();
    let mut lines = Vec::new();
    match given.paused {
        Paused::No => {}
        Paused::AsIs => lines.push("autoscaling.keda.sh/paused: no trigger is read, and the HPA is gone"),
        Paused::At(_) => {
            lines.push("autoscaling.keda.sh/paused-replicas: scaled to that number once, then nothing is read");
        }
    }
    if given.scale_in_paused {
        lines.push("autoscaling.keda.sh/paused-scale-in: not to rest, and the HPA never scales down");
    }
    if given.scale_out_paused {
        lines.push("autoscaling.keda.sh/paused-scale-out: not out of rest, and the HPA never scales up");
    }
    if given.force_activation {
        lines.push("autoscaling.keda.sh/force-activation: as if a trigger were active");
    }
    lines
}

fn condition(condition: &crate::manifest::Condition) -> String {
    let reason = if condition.reason.is_empty() { String::new() } else { format!("/{}", condition.reason) };
    format!("{}={}{reason}", condition.kind, condition.status)
}

fn moved((from, to): (i32, i32)) -> String {
    if from == to { format!("stays at {to}") } else { format!("{from} → {to}") }
}

/// The explanation in words, wrapped to `width` columns (60 or more); with `colour`, in ANSI styles.
#[must_use]
pub fn scaled_text(it: &ScaledExplanation, colour: bool, width: usize) -> String {
    let mut page = Page::new(colour, width);
    let (least, most) = it.bounds;
    page.paragraph(
        "",
        &format!("ScaledObject {} scales {}: {} replicas, {least} to {most} allowed", it.name, it.target, it.replicas),
    );
    let source = if it.given_now { "as given" } else { "the newest time in the dump" };
    page.paragraph("", &format!("at {} ({source}), answered like KEDA 2.21", it.now));
    match (&it.outcome, it.decided()) {
        (Some(outcome), Some(decided)) => {
            let hpa = it.hpa.as_ref().filter(|_| outcome.hpa_scales);
            let because = hpa.and_then(Explanation::because);
            let because = because
                .map_or_else(|| outcome.because.clone(), |why| format!("{}; its last word: {why}", outcome.because));
            page.verdict(&moved(decided), &because);
        }
        _ => page.untold("readings of triggers are missing"),
    }
    page.heading("Triggers");
    for trigger in &it.triggers {
        page.point(&read(trigger));
    }
    if let Some(outcome) = &it.outcome {
        page.heading("Then");
        for step in outcome.steps.iter().filter_map(|(_, step)| step.as_ref()) {
            page.point(step);
        }
        if it.hpa.is_some() {
            page.point(&format!("the HPA {} is explained by itself, with the same readings", it.hpa_name));
        }
    }
    page.heading("Activity");
    for line in &it.activity {
        page.point(line);
    }
    if !it.annotations.is_empty() {
        page.heading("Annotations");
    }
    for line in &it.annotations {
        page.point(line);
    }
    if !it.status.is_empty() {
        page.heading("What the last pass did, by its status");
        page.point(&format!("conditions: {}", it.status.join(", ")));
    }
    if !it.gaps.is_empty() {
        page.heading("What the dump cannot show");
    }
    for gap in &it.gaps {
        page.point(gap);
    }
    page.done()
}

fn read(trigger: &TriggerRead) -> String {
    let TriggerRead { name, metric, found } = trigger;
    let metric = metric.as_ref().map_or_else(String::new, |metric| format!(" ({metric})"));
    match found {
        Found::Value { value, activation, active: true, from } => {
            format!("{name}{metric} reads {value} ({from}), above its activation threshold {activation}: active")
        }
        Found::Value { value, activation, active: false, from } => {
            format!(
                "{name}{metric} reads {value} ({from}), not above its activation threshold {activation}: not active"
            )
        }
        Found::Failed(why) => format!("{name}{metric} fails: {why}"),
        Found::Missing(why) => format!("{name}{metric} is {why}"),
        Found::Resource => format!("{name} is read by the HPA only"),
    }
}

/// The explanation as JSON; times are nanoseconds from the Unix epoch.
#[must_use]
pub fn scaled_json(it: &ScaledExplanation) -> Value {
    let triggers = it.triggers.iter().map(|trigger| {
        let (value, why) = match &trigger.found {
            Found::Value { value, from, .. } => (Some(value.0), from.as_str()),
            Found::Failed(why) | Found::Missing(why) => (None, why.as_str()),
            Found::Resource => (None, "read by the HPA only"),
        };
        let failed = matches!(trigger.found, Found::Failed(_));
        json!({ "name": trigger.name, "metric": trigger.metric, "valueMilli": value, "failed": failed, "from": why })
    });
    json!({
        "format": EXPLANATION_FORMAT,
        "scaledObject": it.name,
        "target": it.target,
        "now": it.now.to_string(),
        "triggers": triggers.collect::<Vec<_>>(),
        "decision": it.outcome.as_ref().zip(it.decided()).map(|(outcome, (from, to))| json!({
            "from": from,
            "to": to,
            "changes": from != to,
            "lastWord": { "text": outcome.because },
            "active": outcome.active,
            "hpaScales": outcome.hpa_scales,
        })),
        "steps": it.outcome.iter().flat_map(|outcome| &outcome.steps).map(|(step, _)| step).collect::<Vec<_>>(),
        "activity": it.activity,
        "annotations": it.annotations,
        "conditions": it.status,
        "hpa": it.hpa_name,
        "gaps": it.gaps,
    })
}
