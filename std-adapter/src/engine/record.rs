//! Steps and decisions as JSON.
//!
//! A step is an object: `step` (its name), `text` (the sentence), and its numbers under the names they have in the core.
//! Times are nanoseconds from the host's origin.

use std::fmt;

use plimsoll_core::constrain::{Amount, Direction, Limit, RateLimit};
use plimsoll_core::hpa::{
    Basis, Condition, Decision, Hpa, LeftOut, MetricError, Outlook, Proposal, Read, Reported, Selector, Step,
    SyncError, Threshold,
};
use plimsoll_core::units::{Instant, Milli, Replicas};
use serde::Serialize;
use serde_json::{Map, Value, json};

/// A step, with its sentence as seen at `now`.
#[must_use]
pub fn step(step: &Step, hpa: &Hpa<'_>, now: Instant) -> Value {
    let (name, mut fields) = fields(step, hpa);
    let mut object = Map::new();
    object.insert("step".to_owned(), json!(name));
    object.insert("text".to_owned(), json!(step.sentence(hpa).seen_at(now).to_string()));
    if let Some(fields) = fields.as_object_mut() {
        object.append(fields);
    }
    Value::Object(object)
}

/// A step of a policy whose steps serde knows, with its sentence: the fields have the core's names, in camel case.
pub fn told<S: Serialize>(step: &S, text: impl fmt::Display) -> Value {
    let mut object = Map::new();
    let written = serde_json::to_value(step).unwrap_or_default();
    let (name, fields) = match written {
        Value::Object(one) => one.into_iter().next().unwrap_or_default(),
        Value::String(name) => (name, Value::Null),
        _ => (String::new(), Value::Null),
    };
    object.insert("step".to_owned(), json!(name));
    object.insert("text".to_owned(), json!(text.to_string()));
    match fields {
        Value::Object(fields) => object.extend(fields.into_iter().map(|(name, value)| {
            // The number of a step of step scaling would be taken for the step's name.
            if name == "step" { ("adjustment".to_owned(), value) } else { (camel(&name), value) }
        })),
        Value::Null => {}
        one => drop(object.insert("value".to_owned(), one)),
    }
    Value::Object(object)
}

fn camel(snake: &str) -> String {
    let mut words = snake.split('_');
    let first = words.next().unwrap_or_default().to_owned();
    words.fold(first, |name, word| {
        let (head, tail) = word.split_at(word.chars().next().map_or(0, char::len_utf8));
        name + &head.to_uppercase() + tail
    })
}

/// A decision; steps and conditions stand beside it.
#[must_use]
pub fn decision(decision: &Decision, hpa: &Hpa<'_>) -> Value {
    let detail = &decision.detail;
    json!({
        "from": decision.from,
        "to": decision.to,
        "changes": decision.changes(),
        "lastWord": step(&decision.last_word, hpa, detail.at),
        "recommended": detail.recommended,
        "stabilized": detail.stabilized,
        "winner": detail.winner,
        "error": detail.error.map(|error| match error {
            SyncError::ScaleUnread => "scaleUnread",
            SyncError::Unknowable => "unknowable",
            SyncError::PartlyFailed => "partlyFailed",
        }),
        "revisitAt": decision.revisit_at,
    })
}

/// A condition as the API writes it, but for its time.
#[must_use]
pub fn condition(condition: &Condition) -> Value {
    json!({
        "type": condition.kind.name(),
        "status": if condition.status { "True" } else { "False" },
        "reason": condition.reason.name(),
        "since": condition.since,
    })
}

/// At which readings a metric would ask for another number.
#[must_use]
pub fn outlook(outlook: &Outlook) -> Value {
    let threshold = |threshold: &Threshold| {
        json!({
            "total": threshold.total,
            "reported": reported(&threshold.reported),
            "replicas": threshold.replicas,
        })
    };
    json!({ "up": outlook.up.as_ref().map(threshold), "down": outlook.down.as_ref().map(threshold) })
}

fn fields(step: &Step, hpa: &Hpa<'_>) -> (&'static str, Value) {
    let metric = |index: u16| {
        let name = hpa.metrics().get(usize::from(index)).map(plimsoll_core::hpa::Metric::name);
        json!({ "index": index, "name": name })
    };
    let moved = |from: Replicas, to: Replicas| json!({ "from": from, "to": to });
    match *step {
        Step::ClockWentBack { last, now } => ("ClockWentBack", json!({ "last": last, "now": now })),
        Step::ClockStood { now } => ("ClockStood", json!({ "now": now })),
        Step::LongGap { last, now } => ("LongGap", json!({ "last": last, "now": now })),
        Step::HistoryFull => ("HistoryFull", json!({})),
        Step::Seeded { replicas } => ("Seeded", json!({ "replicas": replicas })),
        Step::ScaleUnread => ("ScaleUnread", json!({})),
        Step::Disabled => ("Disabled", json!({})),
        Step::AboveMax { from, to } => ("AboveMax", moved(from, to)),
        Step::BelowMin { from, to } => ("BelowMin", moved(from, to)),
        Step::SelectorUnusable { selector } => ("SelectorUnusable", json!({ "selector": selector_name(selector) })),
        Step::PodsUnlisted => ("PodsUnlisted", json!({})),
        Step::Proposed { metric: index, read, proposal } => (
            "Proposed",
            json!({ "metric": metric(index), "read": self::read(&read), "proposal": self::proposal(&proposal) }),
        ),
        Step::MetricFailed { metric: index, error, .. } => (
            "MetricFailed",
            json!({ "metric": metric(index), "error": error_name(error), "detail": error.to_string() }),
        ),
        Step::Recommended { metric: index, replicas, current } => {
            ("Recommended", json!({ "metric": metric(index), "replicas": replicas, "current": current }))
        }
        Step::Unknowable { invalid, of } => ("Unknowable", json!({ "invalid": invalid, "of": of })),
        Step::PartlyFailed { invalid, of } => ("PartlyFailed", json!({ "invalid": invalid, "of": of })),
        Step::Stabilized { direction, by, from, to, until } => {
            let direction = match direction {
                Direction::Up => "up",
                Direction::Down => "down",
            };
            ("Stabilized", json!({ "direction": direction, "by": by, "from": from, "to": to, "until": until }))
        }
        Step::ColdHeld { from, to, until } => ("ColdHeld", json!({ "from": from, "to": to, "until": until })),
        Step::Limited { from, to, limit, rate } => {
            let limit = match limit {
                Limit::DesiredWithinRange => "DesiredWithinRange",
                Limit::TooFewReplicas => "TooFewReplicas",
                Limit::TooManyReplicas => "TooManyReplicas",
                Limit::ScaleUpLimit => "ScaleUpLimit",
                Limit::ScaleDownLimit => "ScaleDownLimit",
            };
            ("Limited", json!({ "from": from, "to": to, "limit": limit, "rate": rate.as_ref().map(rate_limit) }))
        }
        Step::LiftedFromZero { to } => ("LiftedFromZero", json!({ "to": to })),
        Step::Rescaled { from, to } => ("Rescaled", moved(from, to)),
        Step::RescaleFailed { from, to } => ("RescaleFailed", moved(from, to)),
    }
}

fn read(read: &Read) -> Value {
    let LeftOut { pending, no_condition, starting, sample_too_early, never_ready, deleted, failed } = read.left_out;
    json!({
        "listed": read.listed,
        "ready": read.ready,
        "missing": read.missing,
        "unlisted": read.unlisted,
        "leftOut": {
            "pending": pending,
            "noCondition": no_condition,
            "starting": starting,
            "sampleTooEarly": sample_too_early,
            "neverReady": never_ready,
            "deleted": deleted,
            "failed": failed,
        },
    })
}

fn proposal(proposal: &Proposal) -> Value {
    let basis = match proposal.basis {
        Basis::WithinTolerance => "WithinTolerance",
        Basis::ReadyPods => "ReadyPods",
        Basis::FilledIn => "FilledIn",
        Basis::FilledInHolds => "FilledInHolds",
        Basis::FilledInOpposes => "FilledInOpposes",
        Basis::FromZero => "FromZero",
        Basis::PerPod => "PerPod",
        Basis::RunningPods => "RunningPods",
    };
    // JSON has no infinity: a ratio over zero replicas is null.
    json!({
        "replicas": proposal.replicas,
        "basis": basis,
        "ratio": proposal.ratio,
        "reported": reported(&proposal.reported),
    })
}

fn reported(Reported { utilization, average, value }: &Reported) -> Value {
    let milli = |value: &Option<Milli>| value.map(|Milli(value)| value);
    json!({ "utilization": utilization, "averageMilli": milli(average), "valueMilli": milli(value) })
}

fn rate_limit(rate: &RateLimit) -> Value {
    let by = rate.by.map(|(policy, start)| {
        let (kind, value) = match policy.amount() {
            Amount::Pods(value) => ("Pods", value),
            Amount::Percent(value) => ("Percent", value),
        };
        json!({ "type": kind, "value": value, "periodSeconds": policy.period().as_secs(), "began": start })
    });
    json!({ "replicas": rate.replicas, "by": by, "easesAt": rate.eases_at })
}

fn selector_name(selector: Selector) -> &'static str {
    match selector {
        Selector::Usable => "usable",
        Selector::Missing => "missing",
        Selector::Unparsable => "unparsable",
        Selector::Ambiguous => "ambiguous",
    }
}

fn error_name(error: MetricError) -> &'static str {
    match error {
        MetricError::Unavailable => "unavailable",
        MetricError::NotANumber => "notANumber",
        MetricError::NoReading => "noReading",
        MetricError::PodsUnlisted => "podsUnlisted",
        MetricError::NoPods => "noPods",
        MetricError::NoSamples => "noSamples",
        MetricError::Request { .. } => "request",
        MetricError::NoContainerInSample => "noContainerInSample",
        MetricError::NothingMatched => "nothingMatched",
        MetricError::UnusableTarget => "unusableTarget",
        MetricError::UnknownSource => "unknownSource",
    }
}
