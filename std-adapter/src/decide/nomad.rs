//! A scaling policy of the Nomad Autoscaler, asked by lines.

use plimsoll_core::constrain::Direction;
use plimsoll_core::step::nomad::{History, Outlook, Step};
use plimsoll_core::units::Replicas;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{Apply, Count, Kind, Line, Moment, Saved};
use crate::engine::nomad::{NomadPolicy, Turn};
use crate::engine::record;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ObservationIn {
    now: Moment,
    count: Option<Count>,
    #[serde(default = "yes")]
    ready: bool,
    #[serde(default)]
    checks: Map<String, Value>,
}

const fn yes() -> bool {
    true
}

impl Kind for NomadPolicy {
    type History = Saved;
    type Observation = ObservationIn;

    fn about(&self) -> String {
        let (min, max) = (self.bounds().min(), self.bounds().max());
        format!("Nomad scaling policy of {min} to {max}, {}", self.metric_lines().join("; "))
    }

    fn answer(&self, line: Line<Saved, ObservationIn>) -> Result<Value, String> {
        let given = line.observation.ok_or("observation is missing")?;
        let mut past = match line.history {
            None => History::default(),
            Some(Saved(bytes)) => History::restore(&bytes).map_err(|error| format!("history: {error}"))?,
        };
        let names = self.names();
        if let Some(name) = given.checks.keys().find(|name| !names.contains(&name.as_str())) {
            return Err(format!("observation.checks.{name}: the policy has the checks {}", names.join(", ")));
        }
        let points = names.iter().map(|name| points(name, given.checks.get(*name)));
        let points = points.collect::<Result<Vec<_>, _>>()?;
        let turn =
            Turn { now: given.now.0, count: given.count.map(Replicas::from), ready: given.ready, points: &points };
        let answer = self.decide(&mut past, &turn);
        let decision = answer.decision;
        if matches!(line.apply, Apply::Done) {
            self.applied(&mut past, &decision);
        }
        let told = |step: &Step| record::told(step, step.seen_at(turn.now).named(&names));
        let outlook = names.iter().zip(&answer.outlook).filter_map(|(name, outlook)| match (*outlook)? {
            Outlook::Newest { more_from: more, fewer_up_to: fewer } => {
                Some(json!({ "check": name, "moreFrom": more, "fewerUpTo": fewer }))
            }
            Outlook::Points { within, missing, then } => {
                Some(json!({ "check": name, "pointsWithin": within, "pointsMissing": missing, "then": then }))
            }
            Outlook::Fixed => None,
        });
        Ok(json!({
            "decision": {
                "from": decision.from,
                "to": decision.to,
                "changes": decision.changes(),
                "lastWord": told(&decision.last_word),
                "check": decision.detail.check.and_then(|check| names.get(usize::from(check))),
                "asked": decision.detail.asked,
                "submits": decision.detail.submits.map(|direction| match direction {
                    Direction::Up => "up",
                    Direction::Down => "down",
                }),
                "revisitAt": answer.revisit_at,
            },
            "steps": answer.steps.iter().map(told).collect::<Vec<_>>(),
            "outlook": outlook.collect::<Vec<_>>(),
            "history": Saved::text(History::SAVED, |out| past.save(out)),
        }))
    }
}

/// The points of one check; `None` when its query failed.
fn points(name: &str, given: Option<&Value>) -> Result<Option<Vec<f64>>, String> {
    let wrong = |given: &Value| format!("observation.checks.{name} is {given}: must be a list of numbers, or null");
    match given {
        None | Some(Value::Null) => Ok(None),
        Some(list @ Value::Array(points)) => {
            let points = points.iter().map(|point| point.as_f64().ok_or_else(|| wrong(list)));
            points.collect::<Result<Vec<_>, _>>().map(Some)
        }
        Some(other) => Err(wrong(other)),
    }
}
