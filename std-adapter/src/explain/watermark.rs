//! What would Datadog's controller decide now about a WatermarkPodAutoscaler, and why: from a dump with the object, its
//! target, the target's pods and their samples.
//!
//! All that the controller remembers is in the object's status: when the scale was last written, and since when a metric
//! is above or below its marks. Values of External metrics are given by the user, or in the dump, or those that the
//! last sync read.

mod read;
mod text;

use plimsoll_core::step::{MarkDecision, MarkHistory, MarkObservation, Step};
use plimsoll_core::units::{Instant, Milli};
use serde_json::{Value, json};

use super::EXPLANATION_FORMAT;
use super::readings::{self, Reader};
use super::text::clock;
use crate::engine::watermark::WatermarkPods;
use crate::engine::{World, instant, record};
use crate::manifest::watermark::{MarkedExternal, MarkedMetric, WatermarkPodAutoscaler, WatermarkStatus};
use crate::manifest::{Condition, Dump, HorizontalPodAutoscaler, Metadata, Selector, Spec, Status};
use read::{Found, Read};

pub use text::text;

const LIFECYCLE: &str = "wpa.datadoghq.com/lifecycle-control.enabled";
const ABOVE: &str = "AboveHighWatermark";
const BELOW: &str = "BelowLowWatermark";
const BLOCKED: &str = "ScalingBlocked";

/// What Datadog's controller would decide now.
#[derive(Debug)]
pub struct MarkExplanation {
    name: String,
    target: String,
    policy: WatermarkPods,
    now: jiff::Timestamp,
    given_now: bool,
    /// Replicas that are wanted, and that run.
    scale: (i32, i32),
    metrics: Vec<Read>,
    outlooks: Vec<(Option<Milli>, Option<Milli>)>,
    /// Why nothing is done, whatever the metrics read.
    blocked: Option<String>,
    dry_run: bool,
    answers: Vec<MarkAnswer>,
    facts: Vec<String>,
    status: WatermarkStatus,
    gaps: Vec<String>,
}

/// What is decided under one assumption about what went before.
#[derive(Debug)]
struct MarkAnswer {
    assumption: &'static str,
    decision: MarkDecision,
    steps: Vec<Step>,
    /// What the same readings give when a window or a delay has passed, and when that is.
    next: Option<(Instant, MarkDecision)>,
}

impl MarkExplanation {
    /// Replicas now, and as the scale is written, or would be but for a dry run; `None` where readings are missing.
    #[must_use]
    pub fn decided(&self) -> Option<(i32, i32)> {
        let now = self.scale.0;
        if self.blocked.is_some() {
            return Some((now, now));
        }
        self.answers.first().map(|answer| (now, answer.decision.to.0))
    }
}

fn external(metric: &MarkedMetric) -> Option<&MarkedExternal> {
    metric.external.as_ref().filter(|_| metric.kind == "External")
}

/// What an object reads from outside: its External metrics, by name, and by name and selector.
#[must_use]
pub fn reader(object: &WatermarkPodAutoscaler) -> Reader {
    let metrics = &object.spec.metrics;
    let same = |one: &MarkedExternal| {
        metrics.iter().filter_map(external).filter(|other| other.metric_name == one.metric_name).count()
    };
    let names = metrics.iter().map(|metric| {
        let Some(one) = external(metric) else { return Vec::new() };
        let selector = one.metric_selector.as_ref().and_then(|selector| Selector::try_from(selector).ok());
        let full = format!("{}{{{}}}", one.metric_name, selector.unwrap_or_default());
        // Two of one name are told apart by their selectors.
        if same(one) == 1 { vec![one.metric_name.clone(), full] } else { vec![full] }
    });
    let Metadata { namespace, name, .. } = &object.metadata;
    Reader { object: (namespace.clone(), name.clone()), names: names.collect() }
}

/// Explains `object` of `dump` at `now`, or at the newest time that the dump knows. `given` are readings in place of the
/// dump's, in the order of the metrics.
///
/// # Errors
/// When the spec would be refused or asks a recommender, the target is missing, or no time is known.
pub fn watermark(
    dump: &Dump,
    object: &WatermarkPodAutoscaler,
    now: Option<jiff::Timestamp>,
    given: &[Option<&readings::Reading>],
) -> Result<MarkExplanation, String> {
    let mut spec = object.spec.clone();
    let dry_run = std::mem::take(&mut spec.dry_run);
    let policy = WatermarkPods::of(&spec)?;
    let (mut facts, mut gaps) = (Vec::new(), Vec::new());
    // As an HPA of the same target would see the dump.
    let seen_as = HorizontalPodAutoscaler {
        metadata: object.metadata.clone(),
        spec: Spec { scale_target_ref: spec.scale_target_ref.clone(), ..Spec::default() },
        status: Status {
            last_scale_time: object.status.last_scale_time,
            conditions: object.status.conditions.clone(),
            ..Status::default()
        },
        ..HorizontalPodAutoscaler::default()
    };
    let world = World::new(dump, &seen_as, now).map_err(|error| error.to_string())?;
    if now.is_none() {
        gaps.push("when the dump was taken: its newest time is taken, --now gives another".to_owned());
    }
    let time = instant(world.now());
    let metrics = read::metrics(dump, object, &policy, &world, given);
    let readings = metrics.iter().map(Read::reading).collect::<Vec<_>>();
    let scale = world.scale();
    let seen = MarkObservation { now: time, scale: Some((scale.wanted, scale.running)), readings: &readings };
    let missing = metrics.iter().any(|metric| matches!(metric.found, Found::Missing(_)));
    let answers = if missing { Vec::new() } else { answers(&policy, object, &seen, &mut facts) };
    remembered(&policy, &object.status, time, &mut facts);
    let stale = metrics.iter().any(|metric| matches!(metric.found, Found::Value { last_sync: true, .. }));
    if stale {
        gaps.push(
            "what the metrics read now: where neither the dump nor --reading has a value, that of the last sync is taken \
             (status.currentMetrics), on the pods of now"
                .to_owned(),
        );
    }
    let blocked = blocked(dump, object, &mut facts, &mut gaps);
    if dry_run {
        facts.push("a dry run (spec.dryRun): the scale is never written".to_owned());
    }
    let outlook = |index| policy.with(|core| core.outlook(index, &seen));
    Ok(MarkExplanation {
        name: format!("{}/{}", object.metadata.namespace, object.metadata.name),
        target: format!("{} {}/{}", spec.scale_target_ref.kind, object.metadata.namespace, spec.scale_target_ref.name),
        outlooks: (0..metrics.len()).map(outlook).collect(),
        now: world.now(),
        given_now: now.is_some(),
        scale: (scale.wanted.0, scale.running.0),
        metrics,
        blocked,
        dry_run,
        answers,
        facts,
        status: object.status.clone(),
        gaps,
        policy,
    })
}

fn answers(
    policy: &WatermarkPods,
    object: &WatermarkPodAutoscaler,
    seen: &MarkObservation<'_>,
    facts: &mut Vec<String>,
) -> Vec<MarkAnswer> {
    let status = &object.status;
    let since = |kind: &str| {
        let condition = status.condition(kind)?;
        // Without a time Go has the year 1, so every delay has passed.
        Some((condition.status == "True", condition.last_transition_time.map_or(Instant::MIN, instant)))
    };
    let changed = status.last_scale_time.map(instant);
    let past = MarkHistory::told(changed, since(ABOVE), since(BELOW));
    if changed.is_some() || !status.conditions.is_empty() {
        return vec![answer(policy, "its status has all that is remembered", past, seen)];
    }
    facts.push("there is no status: no sync was made yet, or the object is from a manifest".to_owned());
    vec![
        answer(policy, "no sync was made yet", past, seen),
        answer(policy, "it scaled long ago", MarkHistory::told(Some(Instant::MIN), None, None), seen),
    ]
}

fn answer(
    policy: &WatermarkPods,
    assumption: &'static str,
    mut past: MarkHistory,
    seen: &MarkObservation<'_>,
) -> MarkAnswer {
    let (decision, steps) = policy.decide(&mut past, seen);
    let next = decision.revisit_at.map(|at| {
        let then = MarkObservation { now: at, ..*seen };
        (at, policy.decide(&mut past.clone(), &then).0)
    });
    MarkAnswer { assumption, decision, steps, next }
}

/// What the status tells of forbidden windows and delays.
fn remembered(policy: &WatermarkPods, status: &WatermarkStatus, now: Instant, facts: &mut Vec<String>) {
    let times = policy.times();
    match status.last_scale_time.map(instant) {
        Some(last) => {
            let window = |what, window| {
                let end = last + window;
                if end > now {
                    format!("{what} is forbidden for another {}, of {window}", end.since(now))
                } else {
                    format!("{what} is free, {window} have passed")
                }
            };
            facts.push(format!(
                "the scale was last written {}, {} before now (status.lastScaleTime): {}; {}",
                clock(last),
                now.since(last),
                window("growing", times.upscale_forbidden),
                window("shrinking", times.downscale_forbidden)
            ));
        }
        None => facts.push(
            "the scale was never written (status.lastScaleTime): the first sync writes it, whatever windows and delays \
             say, and they begin"
                .to_owned(),
        ),
    }
    for (kind, delay, what) in [(ABOVE, times.delay_above, "growing"), (BELOW, times.delay_below, "shrinking")] {
        let Some(condition) = status.condition(kind) else { continue };
        let since = condition
            .last_transition_time
            .map(instant)
            .map_or_else(String::new, |since| format!(" since {} before now, {}", now.since(since), clock(since)));
        let takes = if delay.as_secs() > 0 { format!("; {what} needs it True for {delay}") } else { String::new() };
        facts.push(format!("at the last sync {kind} was {}{since}{takes}", condition.status));
    }
}

/// Whether a monitor of Datadog keeps the object from all, as its annotation wishes.
fn blocked(
    dump: &Dump,
    object: &WatermarkPodAutoscaler,
    facts: &mut Vec<String>,
    gaps: &mut Vec<String>,
) -> Option<String> {
    let Metadata { namespace, name, annotations, .. } = &object.metadata;
    // What Go's strconv.ParseBool reads; anything else is passed over by the controller as well.
    let on = ["1", "t", "T", "true", "TRUE", "True"];
    annotations.get(LIFECYCLE).filter(|given| on.contains(&given.as_str()))?;
    let monitor = dump.monitors.iter().find(|monitor| monitor.namespace == *namespace && monitor.name == *name);
    let Some(monitor) = monitor else {
        let last = object.status.condition(BLOCKED);
        let (taken, why) = match last {
            Some(condition) if condition.status == "True" => (
                "still to block, as at the last sync",
                Some(format!(
                    "lifecycle control blocks it ({BLOCKED}=True/{}): {}",
                    condition.reason, condition.message
                )),
            ),
            Some(_) => ("still to let it pass, as at the last sync", None),
            None => ("to let it pass", None),
        };
        gaps.push(format!(
            "the state of the DatadogMonitor {namespace}/{name}, without which lifecycle control blocks: it is not in the \
             dump (kubectl get datadogmonitor -o json prints it), and taken {taken}"
        ));
        return why;
    };
    let told = match monitor.state.as_str() {
        "OK" => {
            facts.push(format!("the DatadogMonitor {namespace}/{name} is OK: lifecycle control lets it pass"));
            return None;
        }
        "" => "has no state yet".to_owned(),
        state => format!("is in the state {state}"),
    };
    Some(format!("the DatadogMonitor {namespace}/{name} {told}: lifecycle control blocks it"))
}

fn told(condition: &Condition) -> String {
    let reason = if condition.reason.is_empty() { String::new() } else { format!("/{}", condition.reason) };
    format!("{}={}{reason}", condition.kind, condition.status)
}

/// The explanation as JSON; times are nanoseconds from the Unix epoch.
#[must_use]
pub fn json(it: &MarkExplanation) -> Value {
    let now = instant(it.now);
    let names = it.policy.names();
    let step = |step: &Step| record::told(step, step.seen_at(now).named(&names));
    let units = |total: Option<Milli>| total.map(|Milli(total)| total as f64 / 1e3);
    let metrics = it.policy.metrics().iter().zip(&it.metrics).zip(&it.outlooks).map(|((metric, read), outlook)| {
        let reading = read.reading();
        json!({
            "name": metric.name,
            "resource": metric.resource,
            "low": units(Some(metric.marks.low())),
            "high": units(Some(metric.marks.high())),
            "value": reading.and_then(|reading| units(Some(reading.total))),
            "ready": reading.map(|reading| reading.ready),
            "listed": reading.map(|reading| reading.listed),
            "failed": matches!(read.found, Found::Failed(_)),
            "from": read.source(),
            "pods": read.left_out.iter().map(|(why, pods)| json!({ "why": why, "pods": pods })).collect::<Vec<_>>(),
            "outlook": { "moreFrom": units(outlook.0), "fewerUpTo": units(outlook.1) },
        })
    });
    let answers = it.answers.iter().map(|answer| {
        let decision = &answer.decision;
        json!({
            "assumption": answer.assumption,
            "decision": {
                "from": decision.from,
                "to": decision.to,
                "changes": decision.changes(),
                "lastWord": step(&decision.last_word),
                "recommended": decision.detail.recommended,
                "rescales": decision.detail.rescales,
                "stable": decision.detail.stable,
                "revisitAt": decision.revisit_at,
            },
            "steps": answer.steps.iter().map(step).collect::<Vec<_>>(),
            "next": answer.next.as_ref().map(|(at, next)| json!({ "at": at, "to": next.to })),
        })
    });
    json!({
        "format": EXPLANATION_FORMAT,
        "watermarkPodAutoscaler": it.name,
        "target": it.target,
        "now": it.now.to_string(),
        "replicas": { "wanted": it.scale.0, "running": it.scale.1 },
        "metrics": metrics.collect::<Vec<_>>(),
        "blocked": it.blocked,
        "dryRun": it.dry_run,
        "answers": answers.collect::<Vec<_>>(),
        "facts": it.facts,
        "conditions": it.status.conditions.iter().map(told).collect::<Vec<_>>(),
        "gaps": it.gaps,
    })
}
