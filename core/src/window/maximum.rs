//! The highest value of the last n slots of time.
//!
//! Time is cut into slots of equal length; a slot keeps the highest value recorded in it. The answer changes only when
//! something is recorded: then entries aged n slots or more leave. Only those that can still become the highest are
//! kept (values falling, times rising), so there are never more than n.
//!
//! Knative's scale-down delay is this (`pkg/autoscaler/aggregation/max`). Where time runs back, upstream's list loses
//! its order or panics; here what was recorded later counts as recorded now.

use heapless::Deque;

use super::Stored;
#[cfg(feature = "serde")]
use crate::error::{ConfigError, Problem};
use crate::units::{Instant, Span};

/// A value and the slot it was recorded in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Slot {
    /// The number of the slot, from the origin of time.
    pub number: i64,
    /// The highest value.
    pub value: i32,
}

/// The highest value of the last slots; room for `N` entries, `1 ≤ N`.
#[derive(Clone, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(try_from = "Parts<N>"))]
pub struct SlotMaximum<const N: usize> {
    entries: Deque<Slot, N>,
    slots: u32,
    granularity: Span,
}

impl<const N: usize> PartialEq for SlotMaximum<N> {
    fn eq(&self, other: &Self) -> bool {
        (self.slots, self.granularity) == (other.slots, other.granularity)
            && self.entries.iter().eq(other.entries.iter())
    }
}

impl<const N: usize> SlotMaximum<N> {
    /// The last `⌈duration / granularity⌉` slots, one at least.
    #[must_use]
    pub fn new(duration: Span, granularity: Span) -> Self {
        const { assert!(N > 0, "a maximum has room for one value or more") };
        Self { entries: Deque::new(), slots: slots(duration, granularity), granularity }
    }

    /// The number of slots.
    #[must_use]
    pub fn slots(&self) -> u32 {
        self.slots
    }

    /// Looks back over another duration from the next record on. What has left is not found again.
    pub fn resize(&mut self, duration: Span) {
        self.slots = slots(duration, self.granularity);
    }

    /// Records a value. O(1), amortised.
    ///
    /// Without room the two oldest entries become one, the higher value at the later time: the answer is then too high,
    /// never too low.
    pub fn record(&mut self, at: Instant, value: i32) -> Stored {
        let number = self.number(at);
        self.run_back(number);
        while self.entries.back().is_some_and(|entry| entry.value <= value) {
            self.entries.pop_back();
        }
        let slots = u64::from(self.slots);
        while self.entries.front().is_some_and(|entry| entry.number.abs_diff(number) >= slots) {
            self.entries.pop_front();
        }
        if self.entries.back().is_some_and(|entry| entry.number == number) {
            // A higher value of the same slot.
            return Stored::Kept;
        }
        let (value, stored) =
            if self.entries.is_full() { (self.merge(value), Stored::Merged) } else { (value, Stored::Kept) };
        let _fits = self.entries.push_back(Slot { number, value });
        stored
    }

    /// The highest value, as of the last record.
    #[must_use]
    pub fn current(&self) -> Option<i32> {
        self.entries.front().map(|entry| entry.value)
    }

    /// The highest value that is still inside when something lower is recorded at `now`, looking back over `duration`.
    #[must_use]
    pub fn highest_within(&self, duration: Span, now: Instant) -> Option<i32> {
        let (slots, number) = (u64::from(slots(duration, self.granularity)), self.number(now));
        self.entries
            .iter()
            .find(|entry| entry.number > number || entry.number.abs_diff(number) < slots)
            .map(|e| e.value)
    }

    /// The duration that it looks back over, in whole slots.
    #[must_use]
    pub fn duration(&self) -> Span {
        Span::from_nanos(u64::from(self.slots).saturating_mul(self.granularity.as_nanos().max(1)))
    }

    /// When the present highest value leaves.
    #[must_use]
    pub fn leaves_at(&self) -> Option<Instant> {
        let end = self.entries.front()?.number.saturating_add(i64::from(self.slots));
        Some(Instant::from_nanos(end.saturating_mul(self.nanos())))
    }

    /// The entries, oldest and highest first.
    pub fn entries(&self) -> impl Iterator<Item = Slot> + '_ {
        self.entries.iter().copied()
    }

    /// Adds an entry as [`SlotMaximum::entries`] gave it; `false` when it does not fit behind the others.
    pub fn restore(&mut self, entry: Slot) -> bool {
        let follows = |last: &Slot| last.number < entry.number && last.value > entry.value;
        self.entries.back().is_none_or(follows) && self.entries.push_back(entry).is_ok()
    }

    /// Entries from later slots than `number` count as recorded in it.
    fn run_back(&mut self, number: i64) {
        let mut highest = None;
        while let Some(entry) = self.entries.back().copied().filter(|entry| entry.number > number) {
            highest = Some(entry.value);
            self.entries.pop_back();
        }
        if let Some(value) = highest
            && self.entries.back().is_none_or(|entry| entry.number < number)
        {
            let _fits = self.entries.push_back(Slot { number, value });
        }
    }

    /// Makes room in a full list for a value below all others; gives the value that is to be stored.
    fn merge(&mut self, value: i32) -> i32 {
        match (self.entries.pop_front(), self.entries.front_mut()) {
            (Some(oldest), Some(next)) => next.value = oldest.value,
            // Room for one: the new one is the later of the two.
            (Some(oldest), None) => return oldest.value,
            (None, _) => {}
        }
        value
    }

    fn number(&self, at: Instant) -> i64 {
        at.as_nanos().checked_div_euclid(self.nanos()).unwrap_or(0)
    }

    fn nanos(&self) -> i64 {
        i64::try_from(self.granularity.as_nanos()).unwrap_or(i64::MAX).max(1)
    }
}

/// A maximum that was read and is not believed yet.
#[cfg(feature = "serde")]
#[derive(serde::Deserialize)]
#[serde(rename = "SlotMaximum", deny_unknown_fields)]
struct Parts<const N: usize> {
    entries: Deque<Slot, N>,
    slots: u32,
    granularity: Span,
}

#[cfg(feature = "serde")]
impl<const N: usize> TryFrom<Parts<N>> for SlotMaximum<N> {
    type Error = ConfigError;

    fn try_from(Parts { entries, slots, granularity }: Parts<N>) -> Result<Self, ConfigError> {
        if slots == 0 {
            return Err(ConfigError::new("slots", 0, Problem::AtLeast(1)));
        }
        let mut maximum = Self { slots, ..Self::new(Span::ZERO, granularity) };
        match entries.iter().find(|entry| !maximum.restore(**entry)) {
            Some(entry) => Err(ConfigError::new("number of a slot", entry.number, Problem::NotTogether)),
            None => Ok(maximum),
        }
    }
}

fn slots(duration: Span, granularity: Span) -> u32 {
    u32::try_from(duration.as_nanos().div_ceil(granularity.as_nanos().max(1)).max(1)).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use proptest::prelude::*;
    use std::vec::Vec;

    fn window(slots: u64) -> Span {
        Span::from_secs(slots.saturating_mul(2))
    }

    const SLOT: Span = Span::from_secs(2);

    proptest! {
        #[test]
        fn a_naive_twin_cannot_be_told_apart(
            slots in 1..9u64, records in prop::collection::vec((0..7i64, -5..20i32), 1..120),
        ) {
            let mut maximum = SlotMaximum::<9>::new(window(slots), SLOT);
            let (mut all, mut now) = (Vec::new(), -30);
            for (gap, value) in records {
                now += gap;
                prop_assert_eq!(maximum.record(Instant::from_secs(now), value), Stored::Kept);
                all.push((now.div_euclid(2), value));
                let inside = |(slot, _): &&(i64, i32)| slot.abs_diff(now.div_euclid(2)) < slots;
                prop_assert_eq!(maximum.current(), all.iter().filter(inside).map(|(_, value)| *value).max());
                let later = Instant::from_secs(now + 3);
                let mut recorded = maximum.clone();
                recorded.record(later, i32::MIN);
                let within = maximum.highest_within(maximum.duration(), later).unwrap_or(i32::MIN);
                prop_assert_eq!(recorded.current(), Some(within));
                // Recording the same again changes nothing before the highest leaves.
                let leaves = maximum.leaves_at().unwrap();
                let (mut before, mut after) = (maximum.clone(), maximum.clone());
                before.record(leaves.previous(), i32::MIN);
                after.record(leaves, i32::MIN);
                prop_assert_eq!(before.current(), maximum.current());
                prop_assert!(after.current() < maximum.current());
            }
        }

        #[test]
        fn without_room_or_when_time_runs_back_it_is_never_too_low(
            slots in 1..40u64, records in prop::collection::vec((-9..9i64, 0..90i32), 1..120),
        ) {
            let (mut one, mut two) = (SlotMaximum::<1>::new(window(slots), SLOT), SlotMaximum::<2>::new(window(slots), SLOT));
            let (mut large, mut now) = (SlotMaximum::<64>::new(window(slots), SLOT), 0);
            for (gap, value) in records {
                now += gap;
                one.record(Instant::from_secs(now), value);
                two.record(Instant::from_secs(now), value);
                prop_assert_eq!(large.record(Instant::from_secs(now), value), Stored::Kept);
                prop_assert!(one.current() >= large.current() && two.current() >= large.current());
                prop_assert!(large.current() >= Some(value));
                let order = large.entries().collect::<Vec<_>>();
                prop_assert!(order.windows(2).all(|w| w[0].number < w[1].number && w[0].value > w[1].value));
            }
        }
    }

    #[test]
    fn slots_of_no_length_are_a_nanosecond_wherever_they_count() {
        let maximum = SlotMaximum::<8>::new(Span::from_nanos(5), Span::ZERO);
        assert_eq!((maximum.slots(), maximum.duration()), (5, Span::from_nanos(5)));
    }

    #[test]
    fn what_was_recorded_later_counts_as_recorded_now() {
        let mut maximum = SlotMaximum::<8>::new(window(3), SLOT);
        for (second, value) in [(0, 9), (100, 7), (102, 5)] {
            maximum.record(Instant::from_secs(second), value);
        }
        maximum.record(Instant::from_secs(10), 1);
        assert_eq!(maximum.current(), Some(7));
        assert_eq!(maximum.leaves_at(), Some(Instant::from_secs(16)));
        maximum.record(Instant::from_secs(16), 1);
        assert_eq!(maximum.current(), Some(1));
        maximum.record(Instant::MIN, 3);
        maximum.record(Instant::MAX, 2);
        assert_eq!(maximum.current(), Some(2));
    }
}
