//! A WatermarkPodAutoscaler, asked by lines.

use plimsoll_core::step::{MarkHistory, MarkObservation, MarkReading, Step};
use plimsoll_core::units::{Milli, Replicas};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Apply, Count, Kind, Line, Moment, Saved};
use crate::engine::record;
use crate::engine::watermark::WatermarkPods;
use crate::manifest::Quantity;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ObservationIn {
    now: Moment,
    replicas: Option<Count>,
    #[serde(default)]
    running: Option<Count>,
    #[serde(default)]
    ready: Option<Count>,
    #[serde(default)]
    listed: Option<Count>,
    readings: Vec<Option<ReadingIn>>,
}

/// The sum of a metric, and its pods where they are others than those of the observation.
#[derive(Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
struct ReadingIn {
    value: Quantity,
    #[serde(default)]
    ready: Option<Count>,
    #[serde(default)]
    listed: Option<Count>,
}

impl Kind for WatermarkPods {
    type History = Saved;
    type Observation = ObservationIn;

    fn about(&self) -> String {
        let (min, max) = (self.bounds().min(), self.bounds().max());
        format!("WatermarkPodAutoscaler of {min} to {max}, {}", self.metric_lines().join("; "))
    }

    fn answer(&self, line: Line<Saved, ObservationIn>) -> Result<Value, String> {
        let given = line.observation.ok_or("observation is missing")?;
        let mut past = match line.history {
            None => MarkHistory::default(),
            Some(Saved(bytes)) => MarkHistory::restore(&bytes).map_err(|error| format!("history: {error}"))?,
        };
        let names = self.names();
        if given.readings.len() > names.len() {
            let (given, wanted) = (given.readings.len(), names.len());
            return Err(format!("observation.readings has {given} entries, the spec has {wanted} metrics"));
        }
        let readings = given
            .readings
            .iter()
            .enumerate()
            .map(|(index, reading)| reading.map(|reading| reading.read(&given, index)).transpose());
        let readings = readings.collect::<Result<Vec<_>, _>>()?;
        let running = given.running.or(given.replicas).map(Replicas::from).unwrap_or_default();
        let seen = MarkObservation {
            now: given.now.0,
            scale: given.replicas.map(|replicas| (replicas.into(), running)),
            readings: &readings,
        };
        let (decision, steps) = self.decide(&mut past, &seen);
        if matches!(line.apply, Apply::Done) {
            self.applied(&mut past, &decision);
        }
        let told = |step: &Step| record::told(step, step.seen_at(seen.now).named(&names));
        let outlook = names.iter().enumerate().map(|(index, name)| {
            let (up, down) = self.with(|policy| policy.outlook(index, &seen));
            let units = |total: Option<Milli>| total.map(|Milli(total)| total as f64 / 1e3);
            json!({ "metric": name, "moreFrom": units(up), "fewerUpTo": units(down) })
        });
        Ok(json!({
            "decision": {
                "from": decision.from,
                "to": decision.to,
                "changes": decision.changes(),
                "lastWord": told(&decision.last_word),
                "recommended": decision.detail.recommended,
                "rescales": decision.detail.rescales,
                "stable": decision.detail.stable,
                "revisitAt": decision.revisit_at,
            },
            "steps": steps.iter().map(told).collect::<Vec<_>>(),
            "outlook": outlook.collect::<Vec<_>>(),
            "history": Saved::text(MarkHistory::SAVED, |out| past.save(out)),
        }))
    }
}

impl ReadingIn {
    fn read(self, given: &ObservationIn, index: usize) -> Result<MarkReading, String> {
        let ready = self.ready.or(given.ready);
        let missing = || format!("observation.readings[{index}].ready is missing, as is observation.ready");
        let Count(ready) = ready.ok_or_else(missing)?;
        let listed = self.listed.or(given.listed).map_or(ready, |Count(listed)| listed);
        Ok(MarkReading { total: Milli(self.value.milli()), ready, listed })
    }
}
