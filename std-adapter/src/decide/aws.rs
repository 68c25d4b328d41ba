//! The scaling policies of a group of AWS, asked by lines: all of them once.

use std::collections::BTreeMap;

use plimsoll_core::step::{History, TrackingHistory};
use plimsoll_core::units::Replicas;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Apply, Count, Kind, Line, Moment, Saved};
use crate::engine::aws::{Aws, AwsPast, MOST_ALARMS, Turn};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ObservationIn {
    now: Moment,
    desired: Option<Count>,
    #[serde(default)]
    warm: Option<Count>,
    /// New points by the alarm's name, oldest first; null is missing.
    #[serde(default)]
    alarms: BTreeMap<String, Vec<Option<f64>>>,
    /// The same by the name of the target tracking policy.
    #[serde(default)]
    metrics: BTreeMap<String, Vec<Option<f64>>>,
    #[serde(default)]
    completed: Option<Moment>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct HistoryIn {
    step: Saved,
    simple: Saved,
    tracking: Vec<Saved>,
}

#[derive(Serialize)]
struct HistoryOut {
    step: Value,
    simple: Value,
    tracking: Vec<Value>,
}

impl Kind for Aws {
    type History = HistoryIn;
    type Observation = ObservationIn;

    fn about(&self) -> String {
        let (min, max) = (self.bounds().min(), self.bounds().max());
        format!("AWS group of {min} to {max}, {}", self.metric_lines().join("; "))
    }

    fn answer(&self, line: Line<HistoryIn, ObservationIn>) -> Result<Value, String> {
        let given = line.observation.ok_or("observation is missing")?;
        let mut past = match line.history {
            None => self.start(),
            Some(history) => restored(self, &history)?,
        };
        let points = points(self, &given)?;
        let turn = Turn {
            now: given.now.0,
            desired: given.desired.map(Replicas::from),
            warm: &|_| given.warm.map(Replicas::from),
            points: &points,
            completed: given.completed.map(|moment| moment.0),
        };
        let pass = self.turn(&mut past, &turn);
        // Of the capacity that was seen, whatever is made of the decision.
        let outlook = self.outlook(&past, &turn);
        if pass.from != pass.to && matches!(line.apply, Apply::Done) {
            self.applied(&mut past, &pass, pass.to);
        }
        let conditions = pass.alarms.iter().map(|(name, state)| format!("{name}={state}"));
        Ok(json!({
            "decision": {
                "from": pass.from,
                "to": pass.to,
                "changes": pass.from != pass.to,
                "lastWord": pass.last_word,
                "recommended": pass.asked,
                "revisitAt": pass.revisit_at,
            },
            "conditions": conditions.collect::<Vec<_>>(),
            "outlook": outlook,
            "steps": pass.steps.into_iter().map(|(step, _)| step).collect::<Vec<_>>(),
            "history": HistoryOut {
                step: Saved::text(History::<MOST_ALARMS>::saved_size(), |out| past.step.save(out)),
                simple: Saved::text(History::<MOST_ALARMS>::saved_size(), |out| past.simple.save(out)),
                tracking: past
                    .tracking
                    .iter()
                    .map(|each| Saved::text(TrackingHistory::saved_size(), |out| each.save(out)))
                    .collect(),
            },
        }))
    }
}

/// The points in the order of the series. A name that nothing has is refused: its points would be lost.
fn points(group: &Aws, given: &ObservationIn) -> Result<Vec<Vec<Option<f64>>>, String> {
    let tracking = |series: &&crate::engine::aws::Series| series.alarm.is_none();
    let alarms = group.series().iter().filter_map(|series| series.alarm.as_deref()).collect::<Vec<_>>();
    let policies = group.series().iter().filter(tracking).map(|series| series.policy.as_str()).collect::<Vec<_>>();
    for (field, what, given, known) in [
        ("alarms", "alarms that invoke step or simple scaling", &given.alarms, alarms),
        ("metrics", "target tracking policies", &given.metrics, policies),
    ] {
        if let Some(name) = given.keys().find(|name| !known.contains(&name.as_str())) {
            let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
            return Err(format!("observation.{field} has {name:?}: of {what} there are {known}"));
        }
    }
    let of = |series: &crate::engine::aws::Series| match &series.alarm {
        Some(alarm) => given.alarms.get(alarm),
        None => given.metrics.get(&series.policy),
    };
    Ok(group.series().iter().map(|series| of(series).cloned().unwrap_or_default()).collect())
}

fn restored(group: &Aws, history: &HistoryIn) -> Result<AwsPast, String> {
    let told = |field: &str| {
        let field = field.to_owned();
        move |error| format!("history.{field}: {error}")
    };
    if history.tracking.len() != group.tracking() {
        let (given, wanted) = (history.tracking.len(), group.tracking());
        return Err(format!("history.tracking has {given} entries, {wanted} policies track a target"));
    }
    let tracking = history.tracking.iter().map(|saved| TrackingHistory::restore(&saved.0));
    Ok(AwsPast {
        step: History::restore(&history.step.0).map_err(told("step"))?,
        simple: History::restore(&history.simple.0).map_err(told("simple"))?,
        tracking: tracking.collect::<Result<_, _>>().map_err(told("tracking"))?,
    })
}
