//! Several policies of one group at the same moment, by the core's combination.
//!
//! AWS's rule ("How multiple scaling policies work together", EC2 Auto Scaling User Guide): the largest capacity counts,
//! out and in; target tracking scales in only if all target tracking policies that may scale in are ready to. Step and
//! simple scaling do not wait for them.

use plimsoll_core::combine::{
    Combination, Decision as Combined, History, Observation, Rule, Scales, Step as Combining, Vote,
};
use plimsoll_core::constrain::Bounds;
use plimsoll_core::step::{AlarmState, Datapoints, Decision, Step, TargetTracking, TrackingHistory};
use plimsoll_core::units::{Instant, Replicas};

/// What one policy asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ballot {
    vote: Vote,
    tracking: bool,
    /// What it said at an earlier point, and still means: it agrees with others, and asks for nothing by itself.
    standing: bool,
}

impl Ballot {
    /// Of step or simple scaling.
    pub(super) fn of(decision: &Decision) -> Self {
        Self { vote: Vote::of(decision), tracking: false, standing: false }
    }

    /// Of target tracking. A point that is missing is no wish to scale in: it holds the others, as AWS has it.
    pub(super) fn of_tracking(decision: &Decision, policy: &TargetTracking, past: &TrackingHistory) -> Self {
        let from = decision.from;
        let (mut vote, mut standing) = (Vote::of(decision), false);
        if decision.last_word == Step::NoNewPoint {
            let low = past.alarms().get(1).filter(|points| points.state() == AlarmState::Alarm);
            let size = low.and_then(Datapoints::newest).map(|value| policy.size(from.0, value));
            if let Some(size) = size.filter(|size| *size < from.0) {
                (vote, standing) = (Vote::new(from, Replicas(size)), true);
            }
        }
        let scales = if policy.scales_in() { Scales::Both } else { Scales::OutOnly };
        Self { vote: vote.with_scales(scales), tracking: true, standing }
    }
}

/// What policies decide together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Nothing changes.
    Holds,
    /// One decides; so many ask for a change in its direction.
    Acts { winner: usize, of: usize, to: i32 },
    /// A target tracking policy would scale in, another one would not.
    Opposed { wants: usize, by: usize },
}

impl Verdict {
    /// The units after it.
    pub(super) const fn to(self, from: i32) -> i32 {
        match self {
            Self::Acts { to, .. } => to,
            Self::Holds | Self::Opposed { .. } => from,
        }
    }
}

/// The policies' votes as one: those of target tracking agree first, and what they agree on is one vote of all.
pub(super) fn together(now: Instant, current: Option<Replicas>, bounds: Bounds, ballots: &[Ballot]) -> Verdict {
    let Some(from) = current else { return Verdict::Holds };
    let numbers = |tracking: bool| {
        let of = ballots.iter().enumerate().filter(move |(_, ballot)| ballot.tracking == tracking);
        of.map(|(number, ballot)| (number, ballot.vote)).unzip::<_, _, Vec<_>, Vec<_>>()
    };
    let (tracking, votes) = numbers(true);
    let agreed = combined(Rule::Agreement, now, from, bounds, &votes);
    let asked = ballots.iter().any(|ballot| ballot.tracking && !ballot.standing && ballot.vote.want != from);
    let chosen = agreed.detail.vote.and_then(|vote| tracking.get(usize::from(vote)).copied()).filter(|_| asked);
    let (mut all, mut votes) = numbers(false);
    if let Some(chosen) = chosen {
        all.push(chosen);
        votes.push(Vote::of(&agreed));
    }
    let decision = combined(Rule::Largest, now, from, bounds, &votes);
    let to = decision.to;
    if to != from {
        let asks = |vote: &Vote| vote.want.0.cmp(&from.0) == to.0.cmp(&from.0);
        // Only bounds bring a capacity inside where nobody asks for it; then everybody has been told so.
        let by_bounds = ballots.iter().position(|ballot| ballot.vote.want == to).unwrap_or(0);
        let winner = decision.detail.vote.and_then(|vote| all.get(usize::from(vote)).copied());
        let blocked = chosen.is_none();
        let of = ballots.iter().filter(|ballot| asks(&ballot.vote) && !(ballot.tracking && blocked)).count();
        return Verdict::Acts { winner: winner.unwrap_or(by_bounds), of: of.max(1), to: to.0 };
    }
    let opposed = match agreed.last_word {
        Combining::Opposed { vote } => tracking.get(usize::from(vote)).copied(),
        _ => None,
    };
    let wants = ballots.iter().position(|ballot| ballot.tracking && !ballot.standing && ballot.vote.want < from);
    match (wants, opposed) {
        (Some(wants), Some(by)) => Verdict::Opposed { wants, by },
        _ => Verdict::Holds,
    }
}

fn combined(rule: Rule, now: Instant, from: Replicas, bounds: Bounds, votes: &[Vote]) -> Combined {
    let seen = Observation { now, current: Some(from), votes, ..Observation::default() };
    // Neither rates nor reversals are counted here: nothing is remembered.
    Combination::new(rule, bounds).decide(&mut History::<1, 1>::default(), &seen, &mut ())
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEN: Replicas = Replicas(10);

    const fn step(to: i32) -> Ballot {
        Ballot { vote: Vote::new(TEN, Replicas(to)), tracking: false, standing: false }
    }

    const fn tracks(to: i32) -> Ballot {
        Ballot { tracking: true, ..step(to) }
    }

    const fn never_in(to: i32) -> Ballot {
        Ballot { vote: Vote::new(TEN, Replicas(to)).with_scales(Scales::OutOnly), ..tracks(to) }
    }

    fn decided(ballots: &[Ballot]) -> Verdict {
        together(Instant::default(), Some(TEN), Bounds::new(1, 40).expect("bounds"), ballots)
    }

    #[test]
    fn the_largest_capacity_counts_out_and_in() {
        for (votes, winner, of, to) in [
            (&[step(13), step(30), tracks(12)][..], 1, 3, 30),
            (&[step(8), tracks(12)], 1, 1, 12),
            (&[step(5), step(6)], 1, 2, 6),
            (&[tracks(7), tracks(9), never_in(10)], 1, 2, 9),
            (&[step(6), step(6)], 0, 2, 6),
        ] {
            assert_eq!(decided(votes), Verdict::Acts { winner, of, to }, "{votes:?}");
        }
        assert_eq!(decided(&[step(10), tracks(10)]), Verdict::Holds);
        assert_eq!(decided(&[]), Verdict::Holds);
    }

    #[test]
    fn target_tracking_scales_in_only_if_all_agree_and_step_scaling_alone() {
        assert_eq!(decided(&[tracks(7), tracks(10)]), Verdict::Opposed { wants: 0, by: 1 });
        assert_eq!(decided(&[never_in(10), tracks(7)]), Verdict::Acts { winner: 1, of: 1, to: 7 });
        // The hazard that AWS warns of.
        assert_eq!(decided(&[step(4), tracks(10)]), Verdict::Acts { winner: 0, of: 1, to: 4 });
        assert_eq!(decided(&[tracks(7), tracks(11)]), Verdict::Acts { winner: 1, of: 1, to: 11 });
        assert_eq!(decided(&[step(4), tracks(7), tracks(10)]), Verdict::Acts { winner: 0, of: 1, to: 4 });
    }

    #[test]
    fn between_its_points_a_policy_agrees_and_asks_for_nothing() {
        let standing = Ballot { standing: true, ..tracks(8) };
        assert_eq!(decided(&[standing]), Verdict::Holds);
        assert_eq!(decided(&[standing, tracks(7)]), Verdict::Acts { winner: 0, of: 2, to: 8 });
        assert_eq!(decided(&[standing, tracks(10)]), Verdict::Holds);
    }

    #[test]
    fn a_capacity_outside_the_bounds_is_brought_inside_whoever_asks() {
        let bounds = Bounds::new(1, 8).expect("bounds");
        let inside = together(Instant::default(), Some(TEN), bounds, &[never_in(8)]);
        assert_eq!(inside, Verdict::Acts { winner: 0, of: 1, to: 8 });
    }
}
