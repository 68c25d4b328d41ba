//! Several policies of one group at the same moment.
//!
//! AWS's rule ("How multiple scaling policies work together", EC2 Auto Scaling User Guide): the largest capacity counts,
//! out and in; target tracking scales in only if all target tracking policies that may scale in are ready to. Step and
//! simple scaling do not wait for them. The core's combination of policies has the same rule where it is there.

use plimsoll_core::step::{AlarmState, Datapoints, Decision, Step, TargetTracking, TrackingHistory};

/// What one policy asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Vote {
    /// Units; the present ones when it asks for no change.
    to: i32,
    /// Of target tracking: whether others wait for it, and the units that it would scale in to.
    tracking: Option<Tracking>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Tracking {
    scales_in: bool,
    wants_in: Option<i32>,
}

impl Vote {
    /// Of step or simple scaling.
    pub(super) fn of(decision: &Decision) -> Self {
        Self { to: decision.to.0, tracking: None }
    }

    pub(super) fn of_tracking(decision: &Decision, policy: &TargetTracking, past: &TrackingHistory) -> Self {
        let from = decision.from.0;
        let wants_in = if decision.to < decision.from {
            Some(decision.to.0)
        } else if decision.last_word == Step::NoNewPoint {
            // Between two of its points it still means what it said.
            let low = past.alarms().get(1).filter(|points| points.state() == AlarmState::Alarm);
            let size = low.and_then(Datapoints::newest).map(|value| policy.size(from, value));
            size.filter(|size| *size < from)
        } else {
            None
        };
        Self { to: decision.to.0, tracking: Some(Tracking { scales_in: policy.scales_in(), wants_in }) }
    }
}

/// What policies decide together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Nothing changes.
    Holds,
    /// One decides; so many ask for a change that is possible.
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

/// The policies' votes as one.
pub(super) fn together(from: i32, votes: &[Vote]) -> Verdict {
    let opposes = |vote: &Vote| vote.tracking.is_some_and(|it| it.scales_in && it.wants_in.is_none());
    let by = votes.iter().position(opposes);
    let most = |acts: &dyn Fn(&Vote) -> bool| {
        let acting = votes.iter().enumerate().filter(|(_, vote)| acts(vote));
        // Of equals the first.
        let winner = acting.clone().rev().max_by_key(|(_, vote)| vote.to)?;
        Some(Verdict::Acts { winner: winner.0, of: acting.count(), to: winner.1.to })
    };
    let out = most(&|vote| vote.to > from);
    let scale_in = || most(&|vote| vote.to < from && (vote.tracking.is_none() || by.is_none()));
    let opposed = || {
        let wants = votes.iter().position(|vote| vote.to < from)?;
        Some(Verdict::Opposed { wants, by: by? })
    };
    out.or_else(scale_in).or_else(opposed).unwrap_or(Verdict::Holds)
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn step(to: i32) -> Vote {
        Vote { to, tracking: None }
    }

    const fn tracks(to: i32) -> Vote {
        let wants_in = if to < 10 { Some(to) } else { None };
        Vote { to, tracking: Some(Tracking { scales_in: true, wants_in }) }
    }

    const fn never_in(to: i32) -> Vote {
        Vote { to, tracking: Some(Tracking { scales_in: false, wants_in: None }) }
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
            assert_eq!(together(10, votes), Verdict::Acts { winner, of, to }, "{votes:?}");
        }
        assert_eq!(together(10, &[step(10), tracks(10)]), Verdict::Holds);
        assert_eq!(together(10, &[]), Verdict::Holds);
    }

    #[test]
    fn target_tracking_scales_in_only_if_all_agree_and_step_scaling_alone() {
        assert_eq!(together(10, &[tracks(7), tracks(10)]), Verdict::Opposed { wants: 0, by: 1 });
        assert_eq!(together(10, &[never_in(10), tracks(7)]), Verdict::Acts { winner: 1, of: 1, to: 7 });
        // The hazard that AWS warns of.
        assert_eq!(together(10, &[step(4), tracks(10)]), Verdict::Acts { winner: 0, of: 1, to: 4 });
        assert_eq!(together(10, &[tracks(7), tracks(11)]), Verdict::Acts { winner: 1, of: 1, to: 11 });
        assert_eq!(together(10, &[step(4), tracks(7), tracks(10)]), Verdict::Acts { winner: 0, of: 1, to: 4 });
    }
}
