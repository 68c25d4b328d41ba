//! Votes, guard, bounds, rates, flap budget: in this order.

use core::fmt;

use super::guard::Guard;
use super::history::History;
use super::policy::{Combination, Rule};
use super::vote::{Scales, Vote};
use crate::constrain::{self, Direction, Lately, Limit, RateLimit};
use crate::decision::{self, Draft};
use crate::trace::Trace;
use crate::units::{Instant, Replicas};
use crate::window::Stored;
use crate::window::changes;

/// What a combination looks at.
#[derive(Clone, Copy, Debug, Default)]
pub struct Observation<'a> {
    /// The time.
    pub now: Instant,
    /// Replicas that the scale asks for; `None` when it could not be read.
    pub current: Option<Replicas>,
    /// What the policies say.
    pub votes: &'a [Vote],
    /// Scale-out rules that no scale-in may trigger.
    pub guards: &'a [Guard],
    /// Bounds of the moment, from a schedule; the hard bounds are the policy's.
    pub bounds: Option<(Replicas, Replicas)>,
}

/// A decision of a combination.
pub type Decision = decision::Decision<Step, Detail>;

/// What else a combination knows of a decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Detail {
    /// The vote that decided; `None` when none did, or all together.
    pub vote: Option<u16>,
    /// Replicas that the votes alone ask for.
    pub asked: Option<Replicas>,
    /// The moment of the decision.
    pub at: Instant,
}

/// One step of a decision. Votes and guards are numbered from 0, and from 1 in words.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub enum Step {
    /// The clock ran back; what was remembered from later counts as from now.
    ClockWentBack {
        /// Time of the decision before.
        last: Instant,
        /// Time of this one.
        now: Instant,
    },
    /// The list of changes was full: older ones were merged.
    HistoryFull,
    /// The scale could not be read: nothing changes.
    ScaleUnread,
    /// A vote.
    Voted {
        /// Its number.
        vote: u16,
        /// What it says.
        says: Vote,
    },
    /// No vote asks for a change, or none is valid.
    NoChange,
    /// A vote decided.
    Decided {
        /// Its number.
        vote: u16,
        /// Replicas.
        to: Replicas,
    },
    /// All votes together decided.
    Mean {
        /// Replicas.
        to: Replicas,
    },
    /// A scale-in is held since a vote is not known.
    Unknown {
        /// The vote's number.
        vote: u16,
    },
    /// A scale-in is held since a vote does not want it.
    Opposed {
        /// The vote's number.
        vote: u16,
    },
    /// A scale-in would trigger a scale-out rule.
    Guarded {
        /// The rule's number.
        guard: u16,
        /// Replicas asked for.
        from: Replicas,
        /// The fewest that would not, or as many as there are.
        to: Replicas,
    },
    /// Cut to the bounds of the moment.
    Scheduled {
        /// Replicas before.
        from: Replicas,
        /// The bound.
        to: Replicas,
    },
    /// Cut to the hard bounds.
    Bounded {
        /// Replicas before.
        from: Replicas,
        /// The bound.
        to: Replicas,
    },
    /// Cut by a rate rule.
    RateLimited {
        /// Replicas before.
        from: Replicas,
        /// Replicas after.
        to: Replicas,
        /// The rule's part in it.
        rate: Option<RateLimit>,
    },
    /// The flap budget is spent.
    FlapHeld {
        /// The direction that is held.
        direction: Direction,
        /// Replicas asked for.
        asked: Replicas,
        /// Until when.
        until: Instant,
    },
}

impl Combination<'_> {
    /// Decides. O(votes), with [`Rule::Nomad`] O(votes²).
    ///
    /// Cooldowns and warm-ups are those of the policies that vote.
    pub fn decide<const K: usize, const E: usize>(
        &self,
        history: &mut History<K, E>,
        seen: &Observation<'_>,
        trace: &mut impl Trace<Step>,
    ) -> Decision {
        let now = seen.now;
        let current = seen.current.map_or(0, |current| current.0);
        let mut draft = Draft::new(current, Step::NoChange, trace);
        let mut detail = Detail { vote: None, asked: None, at: now };
        if let Some(last) = history.see(now).filter(|last| *last > now) {
            draft.note(Step::ClockWentBack { last, now });
        }
        if seen.current.is_none() {
            draft.set(current, Step::ScaleUnread);
            return draft.decide(detail);
        }
        self.combine(history, seen, Votes::of(seen), &mut draft, &mut detail);
        draft.decide(detail)
    }

    /// All that follows from what is remembered and seen; `votes` stand for those that were seen.
    pub(super) fn combine<const K: usize, const E: usize, T: Trace<Step>>(
        &self,
        history: &History<K, E>,
        seen: &Observation<'_>,
        votes: Votes<'_>,
        draft: &mut Draft<'_, Step, T>,
        detail: &mut Detail,
    ) {
        let (now, current) = (seen.now, draft.from());
        self.count(votes, draft, detail);
        detail.asked = Some(Replicas(draft.to()));
        guard(seen, draft);
        self.bound(seen, draft);
        self.limit(history, now, draft);
        let (from, to) = (Replicas(current), Replicas(draft.to()));
        if let Some(budget) = self.flaps
            && let Some(until) = budget.held(&history.flaps, from, to, now)
        {
            let direction = if to > from { Direction::Up } else { Direction::Down };
            draft.revisit(Some(until));
            draft.set(current, Step::FlapHeld { direction, asked: to, until });
        }
        // Neither rates nor budgets hold the scale outside the hard bounds.
        self.hard(draft);
    }

    /// Says what was really changed: rates and the flap budget count that.
    pub fn applied<const K: usize, const E: usize>(
        &self,
        history: &mut History<K, E>,
        decision: &Decision,
        to: Replicas,
        trace: &mut impl Trace<Step>,
    ) {
        let (from, now) = (decision.from, decision.detail.at);
        history.flaps.record(from, to, now);
        let Some((up, down)) = self.rates.filter(|_| to != from) else { return };
        let change = i32::try_from(to.0.abs_diff(from.0)).unwrap_or(i32::MAX);
        let stored = if to > from {
            changes::store(&mut history.up, change, now, up.longest())
        } else {
            changes::store(&mut history.down, change, now, down.longest())
        };
        if stored == Stored::Merged {
            trace.record(&Step::HistoryFull);
        }
    }

    /// What the votes alone ask for.
    fn count<T: Trace<Step>>(&self, votes: Votes<'_>, draft: &mut Draft<'_, Step, T>, detail: &mut Detail) {
        let current = draft.from();
        for (vote, says) in votes.iter() {
            draft.note(Step::Voted { vote, says });
        }
        let asked = match self.rule {
            Rule::Agreement => agreement(votes, draft),
            Rule::Largest => largest(votes.iter().filter(|(_, vote)| vote.wants_out() || vote.wants_in())),
            Rule::Greatest => largest(votes.iter().filter(|(_, vote)| vote.valid)),
            Rule::First => votes.iter().find(|(_, vote)| vote.valid),
            Rule::Nomad => nomad(votes),
            Rule::Weighted => {
                if let Some(to) = mean(votes) {
                    if to < current && unknown(votes, draft) {
                        return;
                    }
                    draft.set(to, Step::Mean { to: Replicas(to) });
                }
                return;
            }
        };
        let Some((vote, Vote { want, .. })) = asked else { return };
        // The first that answers stands for all: those before it are not known, and need not be.
        if want.0 < current && self.rule != Rule::First && unknown(votes, draft) {
            return;
        }
        detail.vote = Some(vote);
        draft.set(want.0, Step::Decided { vote, to: want });
    }

    fn bound<T: Trace<Step>>(&self, seen: &Observation<'_>, draft: &mut Draft<'_, Step, T>) {
        let from = draft.to();
        if let Some((min, max)) = seen.bounds {
            let to = from.min(max.0).max(min.0);
            if to != from {
                draft.set(to, Step::Scheduled { from: Replicas(from), to: Replicas(to) });
            }
        }
        self.hard(draft);
    }

    fn hard<T: Trace<Step>>(&self, draft: &mut Draft<'_, Step, T>) {
        let from = draft.to();
        let to = from.min(self.bounds.max().0).max(self.bounds.min().0);
        if to != from {
            draft.set(to, Step::Bounded { from: Replicas(from), to: Replicas(to) });
        }
    }

    fn limit<const K: usize, const E: usize, T: Trace<Step>>(
        &self,
        history: &History<K, E>,
        now: Instant,
        draft: &mut Draft<'_, Step, T>,
    ) {
        let Some(rates) = self.rates else { return };
        let lately = Lately { up: &history.up, down: &history.down, now };
        let wanted = draft.to();
        let limited = constrain::with_rules(wanted, draft.from(), self.bounds, rates, &lately);
        if matches!(limited.limit, Limit::ScaleUpLimit | Limit::ScaleDownLimit) {
            let (from, to) = (Replicas(wanted), Replicas(limited.replicas));
            draft.revisit(limited.rate.and_then(|rate| rate.stands_until));
            draft.set(to.0, Step::RateLimited { from, to, rate: limited.rate });
        }
    }
}

/// The votes that were seen, one of them perhaps replaced.
#[derive(Clone, Copy, Debug)]
pub(super) struct Votes<'a> {
    seen: &'a [Vote],
    instead: Option<(u16, Vote)>,
}

impl<'a> Votes<'a> {
    const fn of(seen: &Observation<'a>) -> Self {
        Self { seen: seen.votes, instead: None }
    }

    /// With another vote in the place of one.
    pub(super) const fn with(seen: &Observation<'a>, number: u16, vote: Vote) -> Self {
        Self { seen: seen.votes, instead: Some((number, vote)) }
    }

    /// By their numbers.
    fn iter(self) -> impl Iterator<Item = (u16, Vote)> + Clone + 'a {
        (0..u16::MAX).zip(self.seen).map(move |(number, vote)| match self.instead {
            Some((other, instead)) if other == number => (number, instead),
            _ => (number, *vote),
        })
    }
}

/// The largest want; of equal ones the first.
fn largest(votes: impl Iterator<Item = (u16, Vote)>) -> Option<(u16, Vote)> {
    votes.reduce(|best, next| if next.1.want > best.1.want { next } else { best })
}

/// Whether a vote that must be known is not; says so.
fn unknown<T: Trace<Step>>(votes: Votes<'_>, draft: &mut Draft<'_, Step, T>) -> bool {
    let Some((vote, _)) = votes.iter().find(|(_, vote)| vote.blocks()) else { return false };
    draft.set(draft.from(), Step::Unknown { vote });
    true
}

/// Any may grow; all that have a say in shrinking must want it.
fn agreement<T: Trace<Step>>(votes: Votes<'_>, draft: &mut Draft<'_, Step, T>) -> Option<(u16, Vote)> {
    let out = largest(votes.iter().filter(|(_, vote)| vote.wants_out()));
    if out.is_some() {
        return out;
    }
    let voters = votes.iter().filter(|(_, vote)| vote.valid && vote.scales != Scales::OutOnly);
    let opposed = voters.clone().find(|(_, vote)| !vote.wants_in());
    let shrinks = largest(voters);
    if let (Some((vote, _)), true) = (opposed, votes.iter().any(|(_, vote)| vote.wants_in())) {
        draft.set(draft.from(), Step::Opposed { vote });
    }
    shrinks.filter(|_| opposed.is_none())
}

/// Nomad's precedence, first within groups, then among them.
fn nomad(votes: Votes<'_>) -> Option<(u16, Vote)> {
    let rank = |vote: &Vote| match vote.direction {
        Some(Direction::Up) => 2,
        None => 1,
        Some(Direction::Down) => 0,
    };
    // A "none" of a group counts only if every check of the group says so, also those that gave nothing.
    let counts = |vote: &Vote| {
        let silent = vote.group != 0 && vote.direction.is_none();
        let mut group = votes.iter().filter(|(_, other)| other.group == vote.group);
        vote.valid && (!silent || group.all(|(_, other)| other.valid && other.direction.is_none()))
    };
    let voters = votes.iter().filter(|(_, vote)| counts(vote));
    voters.reduce(|best, next| {
        let (old, new) = (rank(&best.1), rank(&next.1));
        let larger = new == old && new != 1 && next.1.want > best.1.want;
        if new > old || larger { next } else { best }
    })
}

/// The mean of the valid votes by weight, rounded up; `None` without weight.
fn mean(votes: Votes<'_>) -> Option<i32> {
    let (mut sum, mut weights) = (0_i64, 0_i64);
    for (_, vote) in votes.iter().filter(|(_, vote)| vote.valid) {
        let weight = i64::from(vote.weight);
        sum = sum.saturating_add(weight.saturating_mul(i64::from(vote.want.0)));
        weights = weights.saturating_add(weight);
    }
    let whole = sum.checked_div_euclid(weights)?;
    let rest = sum.checked_rem_euclid(weights)?;
    i32::try_from(whole.saturating_add(i64::from(rest > 0))).ok()
}

/// No scale-in that would trigger a scale-out.
fn guard<T: Trace<Step>>(seen: &Observation<'_>, draft: &mut Draft<'_, Step, T>) {
    let (current, asked) = (Replicas(draft.from()), Replicas(draft.to()));
    if asked >= current {
        return;
    }
    for (number, guard) in (0..u16::MAX).zip(seen.guards) {
        let from = Replicas(draft.to());
        let to = guard.fewest(current, from);
        if to > from {
            draft.set(to.0, Step::Guarded { guard: number, from, to });
        }
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let nth = |number: u16| u32::from(number).saturating_add(1);
        match *self {
            Self::ClockWentBack { last, now } => {
                write!(f, "the clock ran back by {}: what was seen later counts as seen now", last.since(now))
            }
            Self::HistoryFull => f.write_str("the history is full: its oldest changes were merged"),
            Self::ScaleUnread => f.write_str("the scale could not be read: nothing changes"),
            Self::Voted { vote, says } => match (says.valid, says.direction) {
                (false, _) => write!(f, "vote {} is not known", nth(vote)),
                (true, None) => write!(f, "vote {} wants no change", nth(vote)),
                (true, Some(Direction::Up)) => write!(f, "vote {} wants up to {}", nth(vote), says.want),
                (true, Some(Direction::Down)) => write!(f, "vote {} wants down to {}", nth(vote), says.want),
            },
            Self::NoChange => f.write_str("no vote asks for a change"),
            Self::Decided { vote, to } => write!(f, "vote {} decides: {to}", nth(vote)),
            Self::Mean { to } => write!(f, "the mean of the votes is {to}"),
            Self::Unknown { vote } => write!(f, "vote {} is not known: nothing is removed", nth(vote)),
            Self::Opposed { vote } => write!(f, "vote {} does not want fewer: nothing is removed", nth(vote)),
            Self::Guarded { guard, from, to } => {
                write!(f, "{from} would trigger scale-out rule {}: {to}", nth(guard))
            }
            Self::Scheduled { from, to } => write!(f, "{from} are outside the schedule's bounds: {to}"),
            Self::Bounded { from, to } => write!(f, "{from} are outside the bounds: {to}"),
            Self::RateLimited { from, to, rate } => {
                write!(f, "{from} asked for, {to} at this rate")?;
                match rate.and_then(|rate| rate.by) {
                    Some((rule, start)) => write!(f, ": {rule}, from {start}"),
                    None => f.write_str(": this direction is disabled"),
                }
            }
            Self::FlapHeld { direction, asked, until } => {
                let what = if direction == Direction::Up { "growing" } else { "shrinking" };
                write!(f, "{what} to {asked} would reverse too often, until {until}")
            }
        }
    }
}
