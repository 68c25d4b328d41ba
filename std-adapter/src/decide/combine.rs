//! A combination, asked by lines: the votes are what other lines were answered.

use plimsoll_core::combine::{Decision, Guard, Observation, Scales, Step, Strength, Threshold, Vote};
use plimsoll_core::trace::Each;
use plimsoll_core::units::Replicas;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Apply, Count, Kind, Line, Moment, Saved};
use crate::engine::combine::{CombinePast, Combined};
use crate::engine::record;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ObservationIn {
    now: Moment,
    replicas: Option<Count>,
    votes: Vec<VoteIn>,
    #[serde(default)]
    guards: Vec<GuardIn>,
    #[serde(default)]
    bounds: Option<BoundsIn>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
struct VoteIn {
    /// Absent: the policy had no answer.
    want: Option<Count>,
    #[serde(default)]
    soft: bool,
    #[serde(default)]
    scales: ScalesIn,
    #[serde(default)]
    group: u16,
    #[serde(default = "one")]
    weight: u16,
}

const fn one() -> u16 {
    1
}

#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
enum ScalesIn {
    #[default]
    Both,
    OutOnly,
    InOnly,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
struct GuardIn {
    value: Option<f64>,
    threshold: f64,
    #[serde(default)]
    inclusive: bool,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
struct BoundsIn {
    min: i32,
    max: i32,
}

impl VoteIn {
    fn read(self, from: Replicas) -> Vote {
        let vote = self.want.map_or(Vote::unknown(from), |want| Vote::new(from, want.into()));
        let scales = match self.scales {
            ScalesIn::Both => Scales::Both,
            ScalesIn::OutOnly => Scales::OutOnly,
            ScalesIn::InOnly => Scales::InOnly,
        };
        let strength = if self.soft { Strength::Soft } else { Strength::Hard };
        vote.with_scales(scales).with_strength(strength).in_group(self.group).with_weight(self.weight)
    }
}

impl Kind for Combined {
    type History = Saved;
    type Observation = ObservationIn;

    fn about(&self) -> String {
        format!("Combination, {}", self.metric_line())
    }

    fn answer(&self, line: Line<Saved, ObservationIn>) -> Result<Value, String> {
        let given = line.observation.ok_or("observation is missing")?;
        let mut past = match line.history {
            None => self.start(),
            Some(Saved(bytes)) => CombinePast::restore(&bytes).map_err(|error| format!("history: {error}"))?,
        };
        let from = given.replicas.map(Replicas::from).unwrap_or_default();
        let votes = given.votes.iter().map(|vote| vote.read(from)).collect::<Vec<_>>();
        let guards = given.guards.iter().map(|guard| Guard {
            value: guard.value,
            threshold: guard.threshold,
            inclusive: guard.inclusive,
        });
        let guards = guards.collect::<Vec<_>>();
        let seen = Observation {
            now: given.now.0,
            current: given.replicas.map(Replicas::from),
            votes: &votes,
            guards: &guards,
            bounds: given.bounds.map(|bounds| (Replicas(bounds.min), Replicas(bounds.max))),
        };
        let mut steps = Vec::new();
        let mut tell = Each(|step: &Step| steps.push(record::told(step, step)));
        let decision = self.combination().decide(&mut past, &seen, &mut tell);
        let outlook = (0_u16..).zip(&votes).map(|(vote, _)| {
            let outlook = self.combination().outlook(vote, &past, &seen);
            let told = |threshold: Threshold| json!({ "want": threshold.want, "to": threshold.to });
            json!({ "up": outlook.up.map(told), "down": outlook.down.map(told) })
        });
        let mut outlook = json!({ "vote": outlook.collect::<Vec<_>>() });
        if let Some(left) = self.combination().reversals_left(&past, seen.now) {
            outlook["reversals"] = json!({ "left": left });
        }
        if decision.changes() && matches!(line.apply, Apply::Done) {
            self.combination().applied(&mut past, &decision, decision.to, &mut tell);
        }
        Ok(json!({
            "decision": decided(&decision),
            "steps": steps,
            "outlook": outlook,
            "history": Saved::text(CombinePast::saved_size(), |out| past.save(out)),
        }))
    }
}

fn decided(decision: &Decision) -> Value {
    json!({
        "from": decision.from,
        "to": decision.to,
        "changes": decision.changes(),
        "lastWord": record::told(&decision.last_word, decision.last_word),
        "recommended": decision.detail.asked,
        "vote": decision.detail.vote,
        "revisitAt": decision.revisit_at,
    })
}
