//! Fallbacks and formulas, through whole reads of a scaled object.

use std::collections::BTreeMap;

use plimsoll_core::queue::formula::{Op, Program};
use plimsoll_core::queue::{
    Fallback, FallbackBehavior, Health, History, Modifiers, Observation, Reading, ReplicaCounts, ScaledObject, Target,
    Trigger,
};
use plimsoll_core::units::{Milli, Replicas};
use serde::Deserialize;

use crate::{Vector, read, same};

fn behavior(name: &str) -> Result<FallbackBehavior, String> {
    Ok(match name {
        "" => FallbackBehavior::Unset,
        "static" => FallbackBehavior::Static,
        "currentReplicas" => FallbackBehavior::CurrentReplicas,
        "currentReplicasIfHigher" => FallbackBehavior::CurrentReplicasIfHigher,
        "currentReplicasIfLower" => FallbackBehavior::CurrentReplicasIfLower,
        "scalingModifiers" => FallbackBehavior::ScalingModifiers,
        other => return Err(format!("unknown behavior {other}")),
    })
}

fn milli(value: f64) -> Milli {
    Milli((value * 1000.0).round() as i64)
}

fn target(kind: &str, value: f64) -> Result<Target, String> {
    match kind {
        "Value" => Ok(Target::Value(milli(value))),
        "AverageValue" | "" => Ok(Target::AverageValue(milli(value))),
        other => Err(format!("unknown type of target {other}")),
    }
}

/// The composite is the first trigger.
static FIRST: [Op; 1] = [Op::Trigger(0)];

pub(crate) fn step(vector: &Vector) -> Result<(), String> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Stand {
        failure_threshold: i32,
        replicas: i32,
        behavior: String,
    }
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Composite {
        target: String,
        #[serde(default)]
        metric_type: String,
    }
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct In {
        fallback: Option<Stand>,
        failures_before: Option<i32>,
        status_before: Option<String>,
        scaler_error: bool,
        metric_value: Option<f64>,
        target: f64,
        target_type: String,
        current_replicas: Option<i32>,
        ready_replicas: Option<i32>,
        modifiers: Option<Composite>,
    }
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Out {
        error: bool,
        value: Option<f64>,
        failures_after: Option<i32>,
        status_after: Option<String>,
        fallback_active: bool,
    }
    let (given, out): (In, Out) = (read(&vector.r#in)?, read(&vector.out)?);
    let triggers = [Trigger::external("one", target(&given.target_type, given.target)?).map_err(|e| e.to_string())?];
    let mut object = ScaledObject::new(ReplicaCounts::DEFAULT, &triggers).expect("a trigger");
    if let Some(Stand { failure_threshold, replicas, behavior: name }) = &given.fallback {
        // A fallback with impossible numbers is none.
        if let Ok(fallback) = Fallback::new(*failure_threshold, *replicas, behavior(name)?) {
            object = object.with_fallback(fallback);
        }
    }
    if let Some(Composite { target: text, metric_type }) = &given.modifiers {
        let whole = text.parse::<i64>().is_ok_and(|whole| whole > 0);
        // A target of 0 cannot be built; all that matters of it is that it is not whole and above 0.
        let value = text.parse::<f64>().map_err(|error| error.to_string())?;
        let value = if value > 0.0 { value } else { 1.0 };
        let modifiers = Modifiers::new(Program::new(&FIRST).expect("a program"), target(metric_type, value)?);
        let modifiers = modifiers.map_err(|error| error.to_string())?.with_whole_target(whole);
        // Where the formula gets nil, what the trigger itself answers is only seen without the formula.
        let nil = given.fallback.as_ref().is_some_and(|stand| stand.behavior == "scalingModifiers") && whole;
        if !nil {
            object = object.with_modifiers(modifiers).expect("a trigger");
        }
    }
    let mut history: History = History::new(&object).expect("room");
    let health = |failures: Option<i32>, status: &Option<String>| {
        failures.map(|failures| Health { failures, failing: status.as_deref() == Some("Failing") })
    };
    let before = health(given.failures_before, &given.status_before);
    history.set_health(0, before);
    let reading = match given.metric_value {
        Some(value) if !given.scaler_error => Reading::Value { value: milli(value), active: false },
        _ => Reading::Failed,
    };
    let seen = Observation {
        replicas: given.current_replicas.map(Replicas),
        ready: given.ready_replicas,
        readings: &[reading],
        ..Observation::default()
    };
    let metrics = object.read(&mut history, &seen, &mut ());
    let metric = metrics.first().ok_or("no metric")?;
    same("error", out.error, metric.value.is_none())?;
    same("value", out.value.map(milli), metric.value)?;
    same("fallback active", out.fallback_active, metric.fallback)?;
    let after = match out.failures_after {
        Some(_) => health(out.failures_after, &out.status_after),
        None => before,
    };
    same("health", after, history.health(0))
}

pub(crate) fn condition(vector: &Vector) -> Result<(), String> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct In {
        failure_threshold: i32,
        failures: BTreeMap<String, i32>,
        this_scaler_error: bool,
    }
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Out {
        condition: bool,
    }
    let (given, out): (In, Out) = (read(&vector.r#in)?, read(&vector.out)?);
    let one = Trigger::external("one", Target::AverageValue(Milli(10_000))).expect("a target");
    // The trigger that is read comes first; the others' health is what it was.
    let triggers = [one; 8];
    let mut object = ScaledObject::new(ReplicaCounts::DEFAULT, &triggers[..1]).expect("a trigger");
    if let Ok(fallback) = Fallback::new(given.failure_threshold, 10, FallbackBehavior::Unset) {
        object = object.with_fallback(fallback);
    }
    let mut history: History = History::new(&object).expect("room");
    for (name, failures) in &given.failures {
        let at = if name == "this" { 0 } else { 1 };
        history.set_health(at, Some(Health { failures: *failures, failing: *failures > 0 }));
    }
    let reading =
        if given.this_scaler_error { Reading::Failed } else { Reading::Value { value: Milli(0), active: false } };
    let seen = Observation { replicas: Some(Replicas(5)), readings: &[reading], ..Observation::default() };
    let decision = object.decide(&mut history, &seen, &mut ());
    same("condition", out.condition, decision.detail.fallback.unwrap_or(false))
}

pub(crate) fn trigger_value(vector: &Vector) -> Result<(), String> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct In {
        metric: f64,
        failures: Option<i32>,
        failure_threshold: i32,
        fallback_behavior: Option<String>,
    }
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Out {
        value: Option<f64>,
    }
    let (given, out): (In, Out) = (read(&vector.r#in)?, read(&vector.out)?);
    let one = Trigger::external("one", Target::AverageValue(Milli(1000))).expect("a target");
    let triggers = [one];
    // a ?? −7: what is not −7 was handed to the formula.
    let ops = [Op::Trigger(0), Op::Const(-7.0), Op::Coalesce];
    let modifiers = Modifiers::new(Program::new(&ops).expect("a program"), Target::AverageValue(Milli(1000)));
    let object = ScaledObject::new(ReplicaCounts::DEFAULT, &triggers).expect("a trigger");
    let mut object = object.with_modifiers(modifiers.expect("a target")).expect("a trigger");
    if let Some(name) = &given.fallback_behavior {
        let fallback =
            Fallback::new(given.failure_threshold, 10, behavior(name)?).map_err(|error| error.to_string())?;
        object = object.with_fallback(fallback);
    }
    let mut history: History = History::new(&object).expect("room");
    // The failures are those after this read: one that failed adds one, one that did not leaves none. Only the behavior
    // that hands nil to the formula tells a failed read from its value here; under the others something stands in.
    let nil = given.fallback_behavior.as_deref() == Some("scalingModifiers");
    let failed = nil && given.failures.is_some_and(|failures| failures > given.failure_threshold);
    history.set_health(0, given.failures.map(|f| Health { failures: f - i32::from(failed), failing: f > 0 }));
    let reading = if failed { Reading::Failed } else { Reading::Value { value: milli(given.metric), active: false } };
    let seen = Observation { replicas: Some(Replicas(5)), readings: &[reading], ..Observation::default() };
    let metrics = object.read(&mut history, &seen, &mut ());
    let value = metrics.first().and_then(|metric| metric.value).filter(|value| *value != Milli(-7000));
    same("value", out.value.map(milli), value)
}

pub(crate) fn activation(vector: &Vector) -> Result<(), String> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct In {
        composite: f64,
        activation_target: Option<String>,
        any_error: bool,
    }
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Out {
        active: bool,
    }
    let (given, out): (In, Out) = (read(&vector.r#in)?, read(&vector.out)?);
    let one = Trigger::external("one", Target::AverageValue(Milli(1000))).expect("a target");
    let triggers = [one; 2];
    let modifiers = Modifiers::new(Program::new(&FIRST).expect("a program"), Target::AverageValue(Milli(1000)));
    let mut modifiers = modifiers.expect("a target");
    if let Some(text) = given.activation_target.filter(|text| !text.is_empty()) {
        let activation = text.parse().map_err(|_| "an activation target that is no number")?;
        modifiers = modifiers.with_activation(activation).map_err(|error| error.to_string())?;
    }
    let object = ScaledObject::new(ReplicaCounts::DEFAULT, &triggers).expect("triggers");
    let object = object.with_modifiers(modifiers).expect("triggers");
    let value = |value: f64| Reading::Value { value: milli(value), active: true };
    let second = if given.any_error { Reading::Failed } else { value(0.0) };
    let readings = [value(given.composite), second];
    let seen = Observation { replicas: Some(Replicas(5)), readings: &readings, ..Observation::default() };
    let decision = object.decide(&mut History::<8>::new(&object).expect("room"), &seen, &mut ());
    same("active", Some(out.active), decision.detail.active)
}
