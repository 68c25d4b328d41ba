//! Which syncs are one row: a sync that scaled stands alone; syncs that held for the same reason stand together.
//!
//! The same reason means the same sentence up to its numbers: `65.2 % is within tolerance` and `64.9 % is within
//! tolerance` are one story. A metric that wavers at an edge of the tolerance gives two sentences in turn, for hours:
//! they are one row too, which says how often each was said. Otherwise noise would fill the table.

use crate::simulate::run::Sync;

/// So many rows back a reason still counts as said in turn with those after it.
const IN_TURN: usize = 4;

/// Syncs that make one row, in order; never empty.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Episode<'run> {
    pub(super) first: &'run Sync,
    pub(super) last: &'run Sync,
    pub(super) syncs: usize,
    /// Fewest and most replicas that the metrics asked for.
    pub(super) asked: Option<(i32, i32)>,
    /// Its reasons as first said, and how many syncs gave each.
    pub(super) reasons: Vec<(&'run str, usize)>,
}

/// All syncs, each in one episode.
pub(super) fn episodes(syncs: &[Sync]) -> Vec<Episode<'_>> {
    let mut all: Vec<Episode> = Vec::new();
    for sync in syncs {
        let next = Episode::of(sync);
        // Only the rows of this hold may take it: back to the last scaling, and not far.
        let hold = all.iter().rev().take(IN_TURN).take_while(|episode| episode.holds_on_into(&next)).count();
        let start = all.len() - hold;
        match all[start..].iter().rposition(|episode| episode.gives(&sync.reason)) {
            None => all.push(next),
            Some(place) => {
                let behind = all.split_off(start + place + 1);
                let taker = &mut all[start + place];
                behind.into_iter().chain([next]).for_each(|episode| taker.join(episode));
            }
        }
    }
    all
}

impl<'run> Episode<'run> {
    fn of(sync: &'run Sync) -> Self {
        let asked = sync.asked.map(|asked| (asked, asked));
        Self { first: sync, last: sync, syncs: 1, asked, reasons: vec![(&sync.reason, 1)] }
    }

    fn holds_on_into(&self, next: &Self) -> bool {
        let held = |sync: &Sync| sync.from == sync.to;
        held(self.first) && held(next.first) && self.first.to == next.first.to
    }

    fn gives(&self, reason: &str) -> bool {
        self.reasons.iter().any(|(given, _)| shape(given).eq(shape(reason)))
    }

    fn join(&mut self, later: Self) {
        self.last = later.last;
        self.syncs += later.syncs;
        self.asked = match (self.asked, later.asked) {
            (Some((low, high)), Some((other_low, other_high))) => Some((low.min(other_low), high.max(other_high))),
            (one, other) => one.or(other),
        };
        for (reason, times) in later.reasons {
            match self.reasons.iter_mut().find(|(given, _)| shape(given).eq(shape(reason))) {
                Some((_, given)) => *given += times,
                None => self.reasons.push((reason, times)),
            }
        }
    }

    /// `12`, `10…12`, or `–` when nothing was computed.
    pub(super) fn asked_words(&self) -> String {
        match self.asked {
            None => "–".to_owned(),
            Some((low, high)) if low == high => low.to_string(),
            Some((low, high)) => format!("{low}…{high}"),
        }
    }

    /// `3 → 8`, or `8` when it held.
    pub(super) fn replicas_words(&self) -> String {
        let Sync { from, to, .. } = self.first;
        if from == to { to.to_string() } else { format!("{from} → {to}") }
    }
}

/// The sentence with each number as one `#`.
fn shape(sentence: &str) -> impl Iterator<Item = char> {
    let mut in_number = false;
    sentence.chars().filter_map(move |letter| {
        let digit = letter.is_ascii_digit() || in_number && matches!(letter, '.' | ',');
        let first = digit && !in_number;
        in_number = digit;
        if digit { first.then_some('#') } else { Some(letter) }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn held_syncs_with_one_reason_are_one_episode() {
        let syncs = [
            sync(3, 8, "the rate rule allows 8"),
            sync(8, 8, "65.25 % is within tolerance"),
            sync(8, 8, "64 % is within tolerance"),
            sync(8, 8, "8 is held until +300 s"),
            sync(8, 6, "the rate rule allows 6"),
            sync(6, 5, "the rate rule allows 5"),
        ];
        let lengths = episodes(&syncs).iter().map(|episode| episode.syncs).collect::<Vec<_>>();
        assert_eq!(lengths, [1, 2, 1, 1, 1]);
    }

    #[test]
    fn reasons_that_alternate_are_one_episode_and_are_counted() {
        let said = ["new pods start", "a 1", "b 2", "a 3", "c", "b 4", "a 5"];
        let syncs = said.map(|reason| sync(8, 8, reason));
        let all = episodes(&syncs);
        assert_eq!(all.len(), 2, "{all:?}");
        assert_eq!(all[1].reasons, [("a 1", 3), ("b 2", 2), ("c", 1)]);
        assert_eq!(all[1].syncs, 6);
    }

    #[test]
    fn a_reason_before_a_scaling_is_another_episode() {
        let syncs = [sync(8, 8, "a"), sync(8, 9, "b"), sync(9, 9, "a"), sync(9, 8, "b"), sync(8, 8, "a")];
        assert_eq!(episodes(&syncs).len(), 5);
    }

    #[test]
    fn an_episode_says_what_was_asked_over_its_length() {
        let mut syncs = [sync(8, 8, "held"), sync(8, 8, "held"), sync(8, 8, "held")];
        syncs[0].asked = Some(7);
        syncs[2].asked = Some(9);
        let all = episodes(&syncs);
        assert_eq!(all.len(), 1);
        assert_eq!(all[0].asked_words(), "7…9");
        assert_eq!(all[0].replicas_words(), "8");
        assert!(episodes(&[]).is_empty());
    }

    fn sync(from: i32, to: i32, reason: &str) -> Sync {
        Sync {
            at_s: 0,
            from,
            to,
            readings: vec![],
            asked: None,
            reason: reason.to_owned(),
            steps: vec![],
            conditions: vec![],
            revisit_at_s: None,
        }
    }
}
