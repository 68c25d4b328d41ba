//! Several policies over one workload, combined by a rule, with a flap budget.

use plimsoll_core::combine::{Combination, Decision, FlapBudget, History, Observation, Rule, Step, Strength, Vote};
use plimsoll_core::constrain::Bounds;
use plimsoll_core::error::ConfigError;
use plimsoll_core::trace::Each;
use plimsoll_core::units::{Instant, Replicas, Span};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::schedule;
use crate::simulate::run::Sync;
use crate::simulate::{Scaler, Seen};

/// Reversals and rates that a combination remembers.
pub type CombinePast = History<64, 24>;

/// A combination, and what is written of its members.
#[derive(Clone, Debug)]
pub struct Combined {
    combination: Combination<'static>,
    rule: RuleIn,
    /// Of a scenario: each a policy's section, with its weight and strength beside it.
    pub(super) members: Vec<Member>,
}

/// A member as it is written.
#[derive(Clone, Debug)]
pub(super) struct Member {
    pub(super) kind: String,
    pub(super) given: Value,
    weight: u16,
    soft: bool,
}

/// A combination as it is written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Spec {
    #[serde(default)]
    rule: RuleIn,
    min_replicas: i32,
    max_replicas: i32,
    #[serde(default)]
    flap_budget: Option<FlapIn>,
    #[serde(default)]
    of: Vec<Map<String, Value>>,
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum RuleIn {
    #[default]
    Agreement,
    Largest,
    Greatest,
    First,
    Weighted,
    Nomad,
}

impl RuleIn {
    const fn read(self) -> Rule {
        match self {
            Self::Agreement => Rule::Agreement,
            Self::Largest => Rule::Largest,
            Self::Greatest => Rule::Greatest,
            Self::First => Rule::First,
            Self::Weighted => Rule::Weighted,
            Self::Nomad => Rule::Nomad,
        }
    }

    const fn words(self) -> &'static str {
        match self {
            Self::Agreement => "all must agree to fewer",
            Self::Largest => "the largest change counts",
            Self::Greatest => "the greatest number counts",
            Self::First => "the first that answers counts",
            Self::Weighted => "the weighted mean counts",
            Self::Nomad => "up before none before down",
        }
    }
}

/// At most so many changes of direction in a period.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct FlapIn {
    reversals: u8,
    period_s: u32,
    /// Whether the last reversal is kept for growing.
    #[serde(default)]
    growth_first: bool,
}

impl Combined {
    /// From its section in another text, where `root` is its name.
    ///
    /// # Errors
    /// The first field that does not fit.
    pub fn inline(given: &Value, root: &str) -> Result<Self, String> {
        let spec: Spec = super::inline(given, root)?;
        let told = |error: ConfigError| format!("{root}: {error}");
        let bounds = Bounds::new(spec.min_replicas, spec.max_replicas).map_err(told)?;
        let mut combination = Combination::new(spec.rule.read(), bounds);
        if let Some(given) = spec.flap_budget {
            let budget = FlapBudget::new(given.reversals, Span::from_secs(u64::from(given.period_s))).map_err(told)?;
            combination = combination.with_flap_budget(if given.growth_first {
                budget.growth_first().map_err(told)?
            } else {
                budget
            });
        }
        CombinePast::new(&combination).map_err(told)?;
        let members = spec.of.into_iter().enumerate();
        let members = members.map(|(index, member)| read_member(member, &format!("{root}.of[{index}]")));
        Ok(Self { combination, rule: spec.rule, members: members.collect::<Result<_, _>>()? })
    }

    /// The core's policy.
    #[must_use]
    pub const fn combination(&self) -> &Combination<'static> {
        &self.combination
    }

    /// A history that knows nothing.
    #[must_use]
    pub fn start(&self) -> CombinePast {
        match CombinePast::new(&self.combination) {
            Ok(past) => past,
            Err(error) => unreachable!("seen to fit: {error}"),
        }
    }

    /// The rule and the budget, in words.
    #[must_use]
    pub fn metric_line(&self) -> String {
        let rule = self.rule.words();
        match self.combination.flap_budget() {
            None => rule.to_owned(),
            Some(budget) => format!("{rule}; at most {} reversals in {}", budget.reversals(), budget.period()),
        }
    }
}

fn read_member(mut member: Map<String, Value>, at: &str) -> Result<Member, String> {
    let mut beside = Map::new();
    for name in ["weight", "soft"] {
        if let Some(value) = member.remove(name) {
            beside.insert(name.to_owned(), value);
        }
    }
    #[derive(Deserialize)]
    struct Beside {
        #[serde(default = "one")]
        weight: u16,
        #[serde(default)]
        soft: bool,
    }
    const fn one() -> u16 {
        1
    }
    let Beside { weight, soft } = super::inline(&Value::Object(beside), at)?;
    let mut policies = member.into_iter();
    match (policies.next(), policies.next()) {
        (Some((kind, given)), None) => Ok(Member { kind, given, weight, soft }),
        (None, _) => Err(format!("{at} names no policy")),
        (Some((one, _)), Some((other, _))) => Err(format!("{at} has {one} and {other}: one policy each")),
    }
}

/// One of several policies in a simulation.
pub(super) enum Voter {
    Policy(Box<dyn Scaler>),
    /// Gives bounds, and a vote only where an action asks for a number.
    Calendar(schedule::Player),
}

impl Voter {
    fn scaler(&self) -> &dyn Scaler {
        match self {
            Self::Policy(scaler) => &**scaler,
            Self::Calendar(calendar) => calendar,
        }
    }
}

/// Decides a simulated workload by several policies.
pub(super) struct Player {
    policy: Combined,
    voters: Vec<Voter>,
    past: CombinePast,
    last: Option<Decision>,
}

impl Player {
    pub(super) fn new(policy: Combined, voters: Vec<Voter>) -> Self {
        Self { past: policy.start(), policy, voters, last: None }
    }
}

impl Scaler for Player {
    fn bounds(&self) -> (i32, Option<i32>) {
        let bounds = self.policy.combination.bounds();
        (bounds.min().0, Some(bounds.max().0))
    }

    fn metrics(&self) -> Vec<String> {
        let members = self.voters.iter().flat_map(|voter| voter.scaler().metrics());
        members.chain([self.policy.metric_line()]).collect()
    }

    fn sync(&mut self, seen: &Seen<'_>) -> Sync {
        let current = Replicas(seen.spec_replicas);
        let (mut syncs, mut votes, mut of, mut bounds) = (Vec::new(), Vec::new(), Vec::new(), None);
        for (voter, member) in self.voters.iter_mut().zip(&self.policy.members) {
            let strength = if member.soft { Strength::Soft } else { Strength::Hard };
            let vote = |want, valid| {
                Vote::new(current, want).with_valid(valid).with_weight(member.weight).with_strength(strength)
            };
            let sync = match voter {
                Voter::Policy(scaler) => {
                    let sync = scaler.sync(seen);
                    // Who computed no number and changes nothing has no answer.
                    votes.push(vote(Replicas(sync.to), sync.asked.is_some() || sync.to != sync.from));
                    of.push(syncs.len());
                    sync
                }
                Voter::Calendar(calendar) => {
                    let (sync, (min, max), desired) = calendar.look(seen);
                    let (low, high) = bounds.unwrap_or((min, max));
                    bounds = Some((min.max(low), max.min(high)));
                    if let Some(desired) = desired {
                        votes.push(vote(desired, true));
                        of.push(syncs.len());
                    }
                    sync
                }
            };
            syncs.push(sync);
        }
        let observation = Observation {
            now: Instant::from_nanos(seen.now),
            current: Some(current),
            votes: &votes,
            bounds,
            ..Observation::default()
        };
        let mut steps = syncs.iter().flat_map(|sync| sync.steps.iter().cloned()).collect::<Vec<_>>();
        let mut tell = Each(|step: &Step| steps.push(step.to_string()));
        let decision = self.policy.combination.decide(&mut self.past, &observation, &mut tell);
        self.last = Some(decision);
        let reason = match (decision.detail.vote, &decision.last_word) {
            // The member's own reason says more than that it decided.
            (Some(vote), Step::Decided { .. } | Step::NoChange) => {
                of.get(usize::from(vote)).and_then(|sync| syncs.get(*sync)).map(|sync| sync.reason.clone())
            }
            _ => None,
        };
        Sync {
            at_s: 0,
            from: decision.from.0,
            to: decision.to.0,
            asked: decision.detail.asked.map(|replicas| replicas.0),
            reason: reason.unwrap_or_else(|| decision.last_word.to_string()),
            steps,
            revisit_at_s: syncs
                .iter()
                .filter_map(|sync| sync.revisit_at_s)
                .chain(super::second_of(decision.revisit_at))
                .min(),
            conditions: syncs.iter().flat_map(|sync| sync.conditions.iter().cloned()).collect(),
            readings: syncs.into_iter().flat_map(|sync| sync.readings).collect(),
        }
    }

    fn applied(&mut self, at: i64, from: i32, to: i32) {
        if let Some(decision) = &self.last {
            self.policy.combination.applied(&mut self.past, decision, Replicas(to), &mut ());
        }
        for voter in &mut self.voters {
            match voter {
                Voter::Policy(scaler) => scaler.applied(at, from, to),
                Voter::Calendar(calendar) => calendar.applied(at, from, to),
            }
        }
    }
}
