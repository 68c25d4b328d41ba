//! An autoscaler of Google Compute Engine, asked by lines.

use std::collections::BTreeMap;

use plimsoll_core::units::Replicas;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Count, Kind, Line, Moment, Saved};
use crate::engine::gce::{Gce, SignalPast, Turn};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ObservationIn {
    now: Moment,
    desired: Option<Count>,
    /// Units that have initialized; absent: all.
    #[serde(default)]
    serving: Option<Count>,
    /// By the signal's name; null or absent is missing.
    signals: BTreeMap<String, Option<f64>>,
}

impl Kind for Gce {
    type History = Vec<Saved>;
    type Observation = ObservationIn;

    fn about(&self) -> String {
        let (min, max) = (self.bounds().min(), self.bounds().max());
        format!("Autoscaler of GCE, {min} to {max}, {}", self.metric_lines().join("; "))
    }

    fn answer(&self, line: Line<Vec<Saved>, ObservationIn>) -> Result<Value, String> {
        let given = line.observation.ok_or("observation is missing")?;
        let names = self.names();
        if let Some(name) = given.signals.keys().find(|name| !names.contains(&name.as_str())) {
            return Err(format!("observation.signals has {name:?}: the policy has {}", names.join(", ")));
        }
        let mut past = match line.history {
            None => self.start(),
            Some(saved) if saved.len() != names.len() => {
                return Err(format!("history has {} entries, the policy has {} signals", saved.len(), names.len()));
            }
            Some(saved) => {
                let past = saved.iter().map(|Saved(bytes)| SignalPast::restore(bytes));
                past.collect::<Result<_, _>>().map_err(|error| format!("history: {error}"))?
            }
        };
        let values = names.iter().map(|name| given.signals.get(*name).copied().flatten()).collect::<Vec<_>>();
        let turn = Turn {
            now: given.now.0,
            desired: given.desired.map(Replicas::from),
            serving: given.serving.map(Replicas::from),
            values: &values,
        };
        let pass = self.turn(&mut past, &turn);
        Ok(json!({
            "decision": {
                "from": pass.from,
                "to": pass.to,
                "changes": pass.from != pass.to,
                "lastWord": pass.last_word,
                "recommended": pass.asked,
                "revisitAt": pass.revisit_at,
            },
            "outlook": self.outlook(&past, &turn),
            "steps": pass.steps.into_iter().map(|(step, _)| step).collect::<Vec<_>>(),
            "history": past
                .iter()
                .map(|each| Saved::text(SignalPast::saved_size(), |out| each.save(out)))
                .collect::<Vec<_>>(),
        }))
    }
}
