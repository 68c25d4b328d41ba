//! A schedule, asked by lines. Times count from the Unix epoch.

use plimsoll_core::schedule::{Decision, History};
use plimsoll_core::units::Replicas;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Apply, Count, Kind, Line, Moment, Saved};
use crate::engine::record;
use crate::engine::schedule::Calendar;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ObservationIn {
    now: Moment,
    replicas: Option<Count>,
}

/// Bytes of a saved schedule are few; a test of the core says how many.
const ROOM: usize = 256;

impl Kind for Calendar {
    type History = Saved;
    type Observation = ObservationIn;

    fn about(&self) -> String {
        self.metric_line()
    }

    fn answer(&self, line: Line<Saved, ObservationIn>) -> Result<Value, String> {
        let given = line.observation.ok_or("observation is missing")?;
        let mut past = match line.history {
            None => History::default(),
            Some(Saved(bytes)) => History::restore(&bytes).map_err(|error| format!("history: {error}"))?,
        };
        let mut steps = Vec::new();
        let current = given.replicas.map(Replicas::from);
        let decision = self.decide(&mut past, given.now.0, current, |step| steps.push(record::told(step, step)));
        if decision.changes() && matches!(line.apply, Apply::Done) {
            self.applied(&mut past);
        }
        Ok(json!({
            "decision": decided(&decision),
            "steps": steps,
            "history": Saved::text(ROOM, |out| past.save(out)),
        }))
    }
}

fn decided(decision: &Decision) -> Value {
    let detail = &decision.detail;
    json!({
        "from": decision.from,
        "to": decision.to,
        "changes": decision.changes(),
        "lastWord": record::told(&decision.last_word, decision.last_word),
        "min": detail.min,
        "max": detail.max,
        "desired": detail.desired,
        "revisitAt": decision.revisit_at,
    })
}
