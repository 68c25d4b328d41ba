//! Consumers sized by rates, asked by lines.

use plimsoll_core::queue::rate::{Applied, Decision, Observation, Outlook, PartitionLoad, Step};
use plimsoll_core::trace::Each;
use plimsoll_core::units::{Replicas, Span};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Apply, Count, Kind, Line, Moment, Saved};
use crate::engine::consumers::{Consumers, ConsumersPast};
use crate::engine::record;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ObservationIn {
    now: Moment,
    replicas: Option<Count>,
    #[serde(default)]
    running: Option<Count>,
    backlog: Option<i64>,
    #[serde(default)]
    oldest_s: Option<u32>,
    #[serde(default)]
    produced: Option<i64>,
    #[serde(default)]
    processed: Option<i64>,
    #[serde(default)]
    busy_s: Option<f64>,
    #[serde(default)]
    partitions: Option<u32>,
    #[serde(default)]
    loads: Vec<LoadIn>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
struct LoadIn {
    backlog: f64,
    arrival: f64,
}

impl Kind for Consumers {
    type History = Saved;
    type Observation = ObservationIn;

    fn about(&self) -> String {
        format!("Consumers, {}", self.metric_line())
    }

    fn answer(&self, line: Line<Saved, ObservationIn>) -> Result<Value, String> {
        let given = line.observation.ok_or("observation is missing")?;
        let mut past = match line.history {
            None => self.start(),
            Some(Saved(bytes)) => {
                Box::new(ConsumersPast::restore(&bytes).map_err(|error| format!("history: {error}"))?)
            }
        };
        let loads = given.loads.iter().map(|load| PartitionLoad { backlog: load.backlog, arrival: load.arrival });
        let loads = loads.collect::<Vec<_>>();
        let seen = Observation {
            now: given.now.0,
            replicas: given.replicas.map(Replicas::from),
            running: given.running.map(Replicas::from),
            backlog: given.backlog,
            oldest: given.oldest_s.map(|seconds| Span::from_secs(u64::from(seconds))),
            produced: given.produced,
            processed: given.processed,
            // Negative, or no number, is no busy time; beyond 584 years it is that.
            busy: given.busy_s.filter(|busy| *busy >= 0.0).map(|busy| Span::from_nanos((busy * 1e9) as u64)),
            partitions: given.partitions,
            loads: &loads,
        };
        let mut steps = Vec::new();
        let mut tell = Each(|step: &Step| steps.push(record::told(step, step)));
        let decision = self.policy().decide(&mut past, &seen, &mut tell);
        let applied = match line.apply {
            Apply::Done => Some(Applied::Done(decision.to)),
            Apply::Failed => Some(Applied::Failed),
            Apply::None => None,
        };
        if let Some(applied) = applied.filter(|_| decision.changes()) {
            self.policy().applied(&mut past, &decision, applied, &mut tell);
        }
        let outlook = self.policy().outlook(&past, &seen);
        Ok(json!({
            "decision": decided(&decision),
            "steps": steps,
            "outlook": turns(&outlook),
            "history": Saved::text(ConsumersPast::saved_size(), |out| past.save(out)),
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
        "recommended": detail.recommended,
        "arrival": detail.arrival,
        "service": detail.service,
        "delaySeconds": detail.delay.as_nanos() as f64 / 1e9,
        "revisitAt": decision.revisit_at,
    })
}

fn turns(outlook: &Outlook) -> Value {
    json!({ "asks": outlook.replicas, "moreAtBacklog": outlook.more_at, "fewerAtBacklog": outlook.fewer_at })
}
