//! The highest and the lowest of the values seen in the last while, each over its own window.
//!
//! The entries live in *slots*, a list that grows at its end. An entry that has left every window keeps its slot until
//! a new entry needs one: that takes the last such slot of the list. Beside the slots stand three queues of slot
//! numbers, oldest first: all live entries, those that can still become the highest (values falling), and those that
//! can still become the lowest (values rising). So a question looks at the front of a queue, and the oldest entry
//! leaves without a search. When a window grows or time runs back, the queues are built anew from the slots.

use heapless::binary_heap::BinaryHeapView;
use heapless::binary_heap::Max;
use heapless::deque::DequeView;
use heapless::vec::VecView;
use heapless::{BinaryHeap, Deque, Vec};

use super::Stored;
use crate::units::Instant;

/// A value and the moment it was seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Entry {
    /// The value.
    pub value: i32,
    /// When it was seen.
    pub at: Instant,
}

/// Where the windows begin: an entry at that moment, or later, is inside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cuts {
    /// Entries before it may lose their slot. Must not be later than the other two.
    pub forget: Instant,
    /// Beginning of the window of the highest value.
    pub highest: Instant,
    /// Beginning of the window of the lowest value.
    pub lowest: Instant,
}

impl Cuts {
    const ALL: Self = Self { forget: Instant::MIN, highest: Instant::MIN, lowest: Instant::MIN };

    fn recede_from(self, before: Self) -> bool {
        self.forget < before.forget || self.highest < before.highest || self.lowest < before.lowest
    }
}

/// The highest and lowest value of two trailing windows, for at most `N` entries (`N` < 65,536).
#[derive(Clone, Debug)]
pub struct Extremes<const N: usize> {
    slots: Vec<Entry, N>,
    live: Deque<u16, N>,
    highest: Deque<u16, N>,
    lowest: Deque<u16, N>,
    dead: BinaryHeap<u16, Max, N>,
    cuts: Cuts,
}

impl<const N: usize> Default for Extremes<N> {
    fn default() -> Self {
        Self::new()
    }
}

impl<const N: usize> PartialEq for Extremes<N> {
    /// Equal slots: the queues follow from them.
    fn eq(&self, other: &Self) -> bool {
        self.slots == other.slots
    }
}

#[cfg(feature = "serde")]
impl<const N: usize> serde::Serialize for Extremes<N> {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        self.slots.serialize(to)
    }
}

#[cfg(feature = "serde")]
impl<'de, const N: usize> serde::Deserialize<'de> for Extremes<N> {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let mut extremes = Self::new();
        extremes.restore(&Vec::<Entry, N>::deserialize(from)?);
        Ok(extremes)
    }
}

impl<const N: usize> Extremes<N> {
    /// Holds nothing.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            slots: Vec::new(),
            live: Deque::new(),
            highest: Deque::new(),
            lowest: Deque::new(),
            dead: BinaryHeap::new(),
            cuts: Cuts::ALL,
        }
    }

    /// The same, without its capacity in the type.
    pub fn view(&mut self) -> ExtremesView<'_> {
        ExtremesView {
            slots: self.slots.as_mut_view(),
            live: self.live.as_mut_view(),
            highest: self.highest.as_mut_view(),
            lowest: self.lowest.as_mut_view(),
            dead: self.dead.as_mut_view(),
            cuts: &mut self.cuts,
        }
    }

    /// All entries that still have a slot, in the order of the list.
    #[must_use]
    pub fn slots(&self) -> &[Entry] {
        &self.slots
    }

    /// Puts entries back as [`Extremes::slots`] gave them; those that do not fit are returned.
    pub fn restore<'e>(&mut self, slots: &'e [Entry]) -> &'e [Entry] {
        let (kept, left) = slots.split_at_checked(N).unwrap_or((slots, &[]));
        self.refill(kept.iter().copied());
        left
    }

    /// The same, from entries that need not stand anywhere; those that do not fit are dropped.
    pub(crate) fn refill(&mut self, slots: impl Iterator<Item = Entry>) {
        self.slots.clear();
        for entry in slots.take(N) {
            let _fits = self.slots.push(entry);
        }
        self.view().rebuild(Cuts::ALL);
    }
}

/// An [`Extremes`] of any capacity, borrowed.
pub struct ExtremesView<'a> {
    slots: &'a mut VecView<Entry>,
    live: &'a mut DequeView<u16>,
    highest: &'a mut DequeView<u16>,
    lowest: &'a mut DequeView<u16>,
    dead: &'a mut BinaryHeapView<u16, Max>,
    cuts: &'a mut Cuts,
}

impl ExtremesView<'_> {
    /// Moves the windows. O(entries that leave), or O(n²) when a window grew.
    pub fn advance(&mut self, cuts: Cuts) {
        if cuts.recede_from(*self.cuts) {
            return self.rebuild(cuts);
        }
        *self.cuts = cuts;
        let slots = &*self.slots;
        let before = |slot: u16, cut: Instant| at(slots, slot).is_none_or(|entry| entry.at < cut);
        while let Some(slot) = self.live.front().copied().filter(|slot| before(*slot, cuts.forget)) {
            self.live.pop_front();
            let _fits = self.dead.push(slot);
        }
        while self.highest.front().is_some_and(|slot| before(*slot, cuts.highest)) {
            self.highest.pop_front();
        }
        while self.lowest.front().is_some_and(|slot| before(*slot, cuts.lowest)) {
            self.lowest.pop_front();
        }
    }

    /// Whether nothing was ever stored.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }

    /// The highest entry of its window, the latest of equal ones.
    #[must_use]
    pub fn highest(&self) -> Option<Entry> {
        self.highest.front().and_then(|slot| at(self.slots, *slot))
    }

    /// The lowest entry of its window, the latest of equal ones.
    #[must_use]
    pub fn lowest(&self) -> Option<Entry> {
        self.lowest.front().and_then(|slot| at(self.slots, *slot))
    }

    /// Stores an entry: in the last slot whose entry is forgotten, else in a new one. O(1) amortised.
    pub fn store(&mut self, entry: Entry) -> Stored {
        let last = self.live.back().and_then(|slot| at(self.slots, *slot).map(|last| (last.at, *slot)));
        let slot = match self.dead.pop() {
            Some(slot) => {
                self.put(slot, entry);
                slot
            }
            None if self.slots.push(entry).is_ok() => as_slot(self.slots.len().saturating_sub(1)),
            None => return self.merge(entry),
        };
        // Entries of one time stand in the order of the list, so that a restored list has the same queues.
        if last.is_some_and(|last| last > (entry.at, slot)) {
            self.rebuild(*self.cuts);
        } else {
            self.link(slot, entry);
        }
        Stored::Kept
    }

    /// Moves entries later than `now` to `now`: when time ran back, they were seen at the latest now.
    pub fn clamp(&mut self, now: Instant) {
        for entry in self.slots.iter_mut().filter(|entry| entry.at > now) {
            entry.at = now;
        }
        self.rebuild(*self.cuts);
    }

    fn put(&mut self, slot: u16, entry: Entry) {
        if let Some(place) = self.slots.get_mut(usize::from(slot)) {
            *place = entry;
        }
    }

    /// Appends the newest entry to the queues.
    fn link(&mut self, slot: u16, entry: Entry) {
        if entry.at < self.cuts.forget {
            let _fits = self.dead.push(slot);
            return;
        }
        let _fits = self.live.push_back(slot);
        let slots = &*self.slots;
        let value = |slot: &u16| at(slots, *slot).map(|entry| entry.value);
        if entry.at >= self.cuts.highest {
            while self.highest.back().and_then(value).is_some_and(|v| v <= entry.value) {
                self.highest.pop_back();
            }
            let _fits = self.highest.push_back(slot);
        }
        if entry.at >= self.cuts.lowest {
            while self.lowest.back().and_then(value).is_some_and(|v| v >= entry.value) {
                self.lowest.pop_back();
            }
            let _fits = self.lowest.push_back(slot);
        }
    }

    /// Builds the queues anew from the slots.
    fn rebuild(&mut self, cuts: Cuts) {
        *self.cuts = cuts;
        self.live.clear();
        self.highest.clear();
        self.lowest.clear();
        self.dead.clear();
        // By time; entries of the same time in the order of the list. Insertion sort: it is nearly sorted.
        for slot in 0..as_slot(self.slots.len()) {
            let _fits = self.live.push_back(slot);
        }
        let slots = &*self.slots;
        // Filled after it was cleared, so all of it is in the first part.
        let (order, _) = self.live.as_mut_slices();
        for end in 1..order.len() {
            let mut i = end;
            while i > 0 {
                match order.get_mut(i.saturating_sub(1)..=i) {
                    Some([a, b]) if at(slots, *a).map(|e| e.at) > at(slots, *b).map(|e| e.at) => core::mem::swap(a, b),
                    _ => break,
                }
                i = i.saturating_sub(1);
            }
        }
        for _ in 0..self.slots.len() {
            let Some(slot) = self.live.pop_front() else {
                break;
            };
            if let Some(entry) = at(self.slots, slot) {
                self.link(slot, entry);
            }
        }
    }

    /// Makes room in a full list: the oldest live entry that can no longer become an extreme goes unnoticed. If each
    /// still can, the two oldest become one, the higher value at the later time: that scales down later, never sooner.
    fn merge(&mut self, entry: Entry) -> Stored {
        let (mut highest, mut lowest) = (self.highest.iter().peekable(), self.lowest.iter().peekable());
        let mut unseen = None;
        for slot in self.live.iter() {
            let in_highest = highest.next_if_eq(&slot).is_some();
            let in_lowest = lowest.next_if_eq(&slot).is_some();
            if !in_highest && !in_lowest {
                unseen = Some(*slot);
                break;
            }
        }
        let (slot, stored) = match (unseen, self.live.front().copied(), self.live.get(1).copied()) {
            (Some(slot), ..) => (slot, Stored::Kept),
            (None, Some(oldest), Some(next)) => {
                if let (Some(a), Some(b)) = (at(self.slots, oldest), at(self.slots, next)) {
                    self.put(next, Entry { value: a.value.max(b.value), at: b.at });
                }
                (oldest, Stored::Merged)
            }
            // Room for one: the higher of both.
            (None, Some(only), None) => {
                let value = at(self.slots, only).map_or(entry.value, |e| e.value.max(entry.value));
                self.put(only, Entry { value, at: entry.at });
                self.rebuild(*self.cuts);
                return Stored::Merged;
            }
            (None, None, _) => return Stored::Merged,
        };
        self.put(slot, entry);
        self.rebuild(*self.cuts);
        stored
    }
}

fn at(slots: &VecView<Entry>, slot: u16) -> Option<Entry> {
    slots.get(usize::from(slot)).copied()
}

fn as_slot(index: usize) -> u16 {
    u16::try_from(index).unwrap_or(u16::MAX)
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use crate::units::Span;
    use proptest::prelude::*;
    use std::vec;
    use std::vec::Vec as StdVec;

    /// The list as upstream keeps it, searched from end to end.
    #[derive(Default)]
    struct Twin(StdVec<Entry>);

    impl Twin {
        fn highest(&self, cut: Instant) -> Option<i32> {
            self.0.iter().filter(|e| e.at >= cut).map(|e| e.value).max()
        }
        fn lowest(&self, cut: Instant) -> Option<i32> {
            self.0.iter().filter(|e| e.at >= cut).map(|e| e.value).min()
        }
        fn store(&mut self, entry: Entry, forget: Instant) {
            match self.0.iter().rposition(|e| e.at < forget) {
                Some(slot) => self.0[slot] = entry,
                None => self.0.push(entry),
            }
        }
    }

    fn cuts(now: Instant, down: u64, up: u64, inclusive: bool) -> Cuts {
        let (highest, lowest) = (now - Span::from_secs(down), now - Span::from_secs(up));
        if inclusive {
            Cuts { forget: highest, highest, lowest: Instant::MAX }
        } else {
            Cuts { forget: highest.min(lowest), highest: highest.next(), lowest: lowest.next() }
        }
    }

    proptest! {
        #[test]
        fn a_naive_twin_cannot_be_told_apart(
            steps in prop::collection::vec((0u64..40, -3i32..12, 0u8..20), 1..200),
        ) {
            let (mut extremes, mut twin) = (Extremes::<256>::new(), Twin::default());
            let (mut now, mut down, mut up, mut inclusive) = (Instant::from_secs(0), 100, 0, true);
            for (gap, value, edit) in steps {
                now = now + Span::from_secs(gap);
                match edit {
                    0 => (down, inclusive) = (300, true),
                    1 => (down, up, inclusive) = (50, 30, false),
                    2 => (down, up, inclusive) = (0, 120, false),
                    3 => (down, up, inclusive) = (0, 0, false),
                    4 => (down, inclusive) = (20, true),
                    _ => {}
                }
                let cuts = cuts(now, down, up, inclusive);
                let mut view = extremes.view();
                view.advance(cuts);
                prop_assert_eq!(view.highest().map(|e| e.value), twin.highest(cuts.highest));
                prop_assert_eq!(view.lowest().map(|e| e.value), twin.lowest(cuts.lowest));
                let entry = Entry { value, at: now };
                prop_assert_eq!(view.store(entry), Stored::Kept);
                twin.store(entry, cuts.forget);
                prop_assert_eq!(extremes.slots(), &twin.0[..]);
            }
        }

        #[test]
        fn a_list_in_any_order_is_read_like_the_twin_reads_it(
            list in prop::collection::vec((0i32..9, 0i64..200), 0..60), cut in 0i64..200,
        ) {
            let list: StdVec<Entry> =
                list.into_iter().map(|(value, at)| Entry { value, at: Instant::from_secs(at) }).collect();
            let cut = Instant::from_secs(cut);
            let mut extremes = Extremes::<64>::new();
            prop_assert!(extremes.restore(&list).is_empty());
            let mut view = extremes.view();
            view.advance(Cuts { forget: cut, highest: cut, lowest: cut });
            let twin = Twin(list);
            prop_assert_eq!(view.highest().map(|e| e.value), twin.highest(cut));
            prop_assert_eq!(view.lowest().map(|e| e.value), twin.lowest(cut));
        }

        #[test]
        fn a_full_list_never_forgets_the_highest(values in prop::collection::vec(0i32..50, 1..100)) {
            let mut extremes = Extremes::<4>::new();
            let all = Cuts { forget: Instant::MIN, highest: Instant::MIN, lowest: Instant::MIN };
            for (second, value) in (0i64..).zip(&values) {
                let mut view = extremes.view();
                view.advance(all);
                view.store(Entry { value: *value, at: Instant::from_secs(second) });
                let seen = values.iter().take(usize::try_from(second).unwrap_or(0) + 1);
                prop_assert_eq!(view.highest().map(|e| e.value), seen.max().copied());
            }
        }
    }

    #[test]
    fn an_entry_that_cannot_be_an_extreme_makes_room_unnoticed() {
        let mut extremes = Extremes::<3>::new();
        let mut view = extremes.view();
        let entry = |value, second| Entry { value, at: Instant::from_secs(second) };
        for (value, second) in [(9, 0), (5, 1), (1, 2)] {
            assert_eq!(view.store(entry(value, second)), Stored::Kept);
        }
        // 9, 5, 1 falls: all three can still be the highest.
        assert_eq!(view.store(entry(3, 3)), Stored::Merged);
        assert_eq!(extremes.slots().iter().map(|e| e.value).collect::<StdVec<_>>(), vec![3, 9, 1]);
        assert_eq!(extremes.view().highest().map(|e| (e.value, e.at)), Some((9, Instant::from_secs(1))));
    }

    #[test]
    fn entries_from_the_future_are_moved_to_now() {
        let mut extremes = Extremes::<4>::new();
        let mut view = extremes.view();
        view.store(Entry { value: 9, at: Instant::MAX });
        view.clamp(Instant::from_secs(5));
        let cut = Instant::from_secs(6);
        view.advance(Cuts { forget: cut, highest: cut, lowest: cut });
        assert_eq!(view.highest(), None);
    }
}
