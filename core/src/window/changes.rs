//! How much was changed lately: a list of changes, each with its time.
//!
//! An entry that is older than every period in force is flagged; a new change takes the last flagged slot, else a new
//! one. A flagged entry still counts if a longer period comes into force before its slot is taken.

use heapless::Vec;
use heapless::vec::VecView;

use super::Stored;
use crate::units::{Instant, Span};

/// One change of the scale.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Change {
    /// By how many replicas, as a positive number.
    pub change: i32,
    /// When.
    pub at: Instant,
    /// It was older than every period when a later change was stored.
    pub outdated: bool,
}

/// At most `N` changes in one direction.
pub type Changes<const N: usize> = Vec<Change, N>;
/// [`Changes`] of any capacity.
pub type ChangesView = VecView<Change>;

/// The sum of the changes later than `now − period`, flagged or not. Wraps, as upstream's does. O(n).
#[must_use]
pub fn changed_since(changes: &[Change], period: Span, now: Instant) -> i32 {
    let cut = now - period;
    changes.iter().filter(|entry| entry.at > cut).fold(0, |sum, entry| sum.wrapping_add(entry.change))
}

/// Stores a change; `longest` is the longest period of its direction's rules. O(n).
///
/// In a full list the two oldest become one, the sum at the later time: budgets come back later, never sooner.
pub fn store(changes: &mut ChangesView, change: i32, now: Instant, longest: Span) -> Stored {
    let cut = now - longest;
    let new = Change { change, at: now, outdated: false };
    let mut reuse = None;
    for entry in changes.iter_mut() {
        entry.outdated |= entry.at < cut;
        if entry.outdated {
            reuse = Some(entry);
        }
    }
    if let Some(slot) = reuse {
        *slot = new;
        return Stored::Kept;
    }
    if changes.push(new).is_ok() {
        return Stored::Kept;
    }
    changes.sort_by_time();
    match changes.as_mut_slice() {
        [oldest, next, ..] => {
            next.change = next.change.wrapping_add(oldest.change);
            *oldest = new;
        }
        [only] => *only = Change { change: only.change.wrapping_add(change), ..new },
        [] => {}
    }
    Stored::Merged
}

/// Moves changes later than `now` to `now`: when time ran back, they were made at the latest now.
pub fn clamp(changes: &mut ChangesView, now: Instant) {
    for entry in changes.iter_mut().filter(|entry| entry.at > now) {
        entry.at = now;
    }
}

trait ByTime {
    fn sort_by_time(&mut self);
}

impl ByTime for ChangesView {
    /// Insertion sort: the list is nearly sorted, and nothing here may panic.
    fn sort_by_time(&mut self) {
        for end in 1..self.len() {
            let mut i = end;
            while i > 0 {
                match self.get_mut(i.saturating_sub(1)..=i) {
                    Some([a, b]) if a.at > b.at => core::mem::swap(a, b),
                    _ => break,
                }
                i = i.saturating_sub(1);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use proptest::prelude::*;

    fn second(s: i64) -> Instant {
        Instant::from_secs(s)
    }

    #[test]
    fn a_change_aged_exactly_the_period_is_out() {
        let mut changes = Changes::<4>::new();
        store(&mut changes, 5, second(0), Span::from_secs(30));
        assert_eq!(changed_since(&changes, Span::from_secs(30), second(29)), 5);
        assert_eq!(changed_since(&changes, Span::from_secs(30), second(30)), 0);
    }

    #[test]
    fn a_flagged_entry_counts_again_for_a_longer_period_until_its_slot_is_taken() {
        let mut changes = Changes::<4>::new();
        store(&mut changes, 1, second(0), Span::from_secs(10));
        store(&mut changes, 2, second(1), Span::from_secs(10));
        store(&mut changes, 4, second(60), Span::from_secs(10));
        let (long, now) = (Span::from_secs(600), second(60));
        assert_eq!(changed_since(&changes, long, now), 5, "the last flagged slot was taken, the first remains");
    }

    proptest! {
        #[test]
        fn a_full_list_never_frees_a_budget_sooner(
            steps in prop::collection::vec((0i64..30, 1i32..9), 1..60), period in 1u64..200,
        ) {
            let (mut small, mut large) = (Changes::<3>::new(), Changes::<64>::new());
            let (mut now, period) = (0, Span::from_secs(period));
            for (gap, change) in steps {
                now += gap;
                store(&mut small, change, second(now), period);
                store(&mut large, change, second(now), period);
                for later in 0..4 {
                    let at = second(now + later * 20);
                    prop_assert!(changed_since(&small, period, at) >= changed_since(&large, period, at));
                }
            }
        }
    }
}
