//! How far a combination is from another answer: what one vote would have to want.

use super::decide::{Detail, Observation, Step, Votes};
use super::history::History;
use super::policy::Combination;
use super::vote::Vote;
use crate::decision::Draft;
use crate::units::{Instant, Replicas};

/// At which want of one vote, all else being the same, the answer would be another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Outlook {
    /// Toward more replicas; `None` when no want of this vote brings that.
    pub up: Option<Threshold>,
    /// Toward fewer.
    pub down: Option<Threshold>,
}

/// A want, and what it would bring.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Threshold {
    /// What the vote would want.
    pub want: Replicas,
    /// What would then be decided.
    pub to: Replicas,
}

impl Combination<'_> {
    /// Reversals that the flap budget still has at a time; `None` without a budget.
    #[must_use]
    pub fn reversals_left<const K: usize, const E: usize>(&self, history: &History<K, E>, now: Instant) -> Option<u8> {
        self.flaps.map(|budget| budget.left(&history.flaps, now))
    }

    /// The nearest want of a vote, from what it wants now, that brings more, and the nearest that brings fewer. A vote
    /// that is not known is asked as one that wants no change. Nothing for a vote that is not there.
    ///
    /// `history` is as [`Combination::decide`] left it. Takes O(votes + 32) decisions, 32 being the bits of a number: each
    /// O(votes), with [`Rule::Nomad`](super::Rule::Nomad) O(votes²).
    #[must_use]
    pub fn outlook<const K: usize, const E: usize>(
        &self,
        vote: u16,
        history: &History<K, E>,
        seen: &Observation<'_>,
    ) -> Outlook {
        let (Some(own), Some(current)) = (seen.votes.get(usize::from(vote)), seen.current) else {
            return Outlook::default();
        };
        let answer = |says: Vote| {
            let mut trace = ();
            let mut draft = Draft::new(current.0, Step::NoChange, &mut trace);
            let mut detail = Detail { vote: None, asked: None, at: seen.now };
            self.combine(history, seen, Votes::with(seen, vote, says), &mut draft, &mut detail);
            draft.to()
        };
        let wanting = |want: i32| {
            let Vote { strength, scales, group, weight, .. } = *own;
            answer(Vote { strength, scales, group, weight, ..Vote::new(current, Replicas(want)) })
        };
        let now = answer(*own);
        // Between these the answer only grows with the want: the vote has one direction, and one place among the others.
        let others = (0..u16::MAX).zip(seen.votes).filter(|(number, _)| *number != vote).map(|(_, vote)| vote.want);
        let turns = others.chain([current]);
        let next = |from: i32| {
            let near = |turn: Replicas| [turn.0.saturating_sub(1), turn.0, turn.0.saturating_add(1)];
            turns.clone().flat_map(near).filter(|turn| *turn > from).min().unwrap_or(i32::MAX)
        };
        let before = |from: i32| {
            let near = |turn: Replicas| [turn.0.saturating_sub(1), turn.0, turn.0.saturating_add(1)];
            turns.clone().flat_map(near).filter(|turn| *turn < from && *turn >= 0).max().unwrap_or(0).min(from)
        };
        let first = if own.valid { own.want.0 } else { current.0 };
        let up = nearest(first, next, |want| wanting(want) > now);
        let down = nearest(first, before, |want| wanting(want) < now);
        let threshold =
            |want: Option<i32>| want.map(|want| Threshold { want: Replicas(want), to: Replicas(wanting(want)) });
        Outlook { up: threshold(up), down: threshold(down) }
    }
}

/// The nearest number from `first` on, along the turns that `next` gives, for which something is so. From one turn to the
/// next it becomes so once, or never; the last turn is its own next.
fn nearest(first: i32, next: impl Fn(i32) -> i32, is_so: impl Fn(i32) -> bool) -> Option<i32> {
    let mut here = first;
    loop {
        if is_so(here) {
            return Some(here);
        }
        let turn = next(here);
        if turn == here {
            return None;
        }
        if is_so(turn) {
            let (mut not, mut so) = (i64::from(here), i64::from(turn));
            while not.abs_diff(so) > 1 {
                let middle = i64::midpoint(not, so);
                let is = i32::try_from(middle).is_ok_and(&is_so);
                (not, so) = if is { (not, middle) } else { (middle, so) };
            }
            return i32::try_from(so).ok();
        }
        here = turn;
    }
}
