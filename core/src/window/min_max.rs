//! The greatest and the least of the last N values.
//!
//! Two queues of places in the ring: those of values that can still become the greatest (falling), and those that can
//! still become the least (rising). The answers are at their fronts.

use heapless::Deque;

use super::exact::read_tag;
use super::ring::{Key, Ring, encode, is_value};
use super::timed::{Forgetful, Window};
use super::{Held, Measurement};
use crate::snapshot::{Reader, SnapshotError, Writer};
use crate::units::{Instant, Milli};

/// The greatest and the least of the last `N` measurements (`N` < 65,536).
///
/// # Bytes
///
/// A snapshot of kind 19: type of the keys (u8: 2, 4, 5 as for [`ExactQuantiles`](super::ExactQuantiles), 8 = `u64`, 9 =
/// [`Milli`]), then as there from the time of the newest value on.
#[derive(Clone, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(bound = "", from = "Parts<N, K>"))]
pub struct MinMax<const N: usize, K: Key = Milli> {
    ring: Ring<K, N>,
    #[cfg_attr(feature = "serde", serde(skip))]
    greatest: Deque<u16, N>,
    #[cfg_attr(feature = "serde", serde(skip))]
    least: Deque<u16, N>,
}

impl<const N: usize, K: Key> PartialEq for MinMax<N, K> {
    /// The same measurements: the answers follow from them.
    fn eq(&self, other: &Self) -> bool {
        self.ring == other.ring
    }
}

impl<const N: usize, K: Key> Default for MinMax<N, K> {
    fn default() -> Self {
        Self::new()
    }
}

impl<const N: usize, K: Key> MinMax<N, K> {
    /// Holds nothing, and answers from the first value on.
    #[must_use]
    pub const fn new() -> Self {
        Self { ring: Ring::new(), greatest: Deque::new(), least: Deque::new() }
    }

    /// Answers from so many values on: 1 or more.
    #[must_use]
    pub const fn with_least(mut self, least: u16) -> Self {
        self.ring.set_least(least);
        self
    }

    /// The greatest value; `None` with too few values. O(1).
    #[must_use]
    pub fn greatest(&self) -> Option<K> {
        self.front(&self.greatest)
    }

    /// The least value; `None` with too few values. O(1).
    #[must_use]
    pub fn least(&self) -> Option<K> {
        self.front(&self.least)
    }

    fn front(&self, queue: &Deque<u16, N>) -> Option<K> {
        let slot = self.ring.get(*queue.front()?);
        self.ring.enough().then(|| K::decode(slot))
    }

    fn put(&mut self, now: Instant, new: K::Slot) {
        let place = self.ring.head();
        // It stands in the place of the oldest one, when the ring is full.
        self.leave(place);
        self.ring.put(now, new);
        if !is_value(new) {
            return;
        }
        while self.greatest.back().is_some_and(|back| self.ring.get(*back) <= new) {
            self.greatest.pop_back();
        }
        while self.least.back().is_some_and(|back| self.ring.get(*back) >= new) {
            self.least.pop_back();
        }
        let _fits = self.greatest.push_back(place);
        let _fits = self.least.push_back(place);
    }

    /// The measurement at a place leaves; only the oldest one ever does.
    fn leave(&mut self, place: u16) {
        for queue in [&mut self.greatest, &mut self.least] {
            if queue.front() == Some(&place) {
                queue.pop_front();
            }
        }
    }
}

/// What is saved of a window; the answers follow from it.
#[cfg(feature = "serde")]
#[derive(serde::Deserialize)]
#[serde(rename = "MinMax", deny_unknown_fields, bound = "")]
struct Parts<const N: usize, K: Key> {
    ring: Ring<K, N>,
}

#[cfg(feature = "serde")]
impl<const N: usize, K: Key> From<Parts<N, K>> for MinMax<N, K> {
    fn from(parts: Parts<N, K>) -> Self {
        let mut window = Self::new().with_least(parts.ring.least());
        parts.ring.replay(|newest, slot| window.put(newest, slot));
        window
    }
}

impl<const N: usize, K: Key> Window for MinMax<N, K> {
    type Value = K;
    const KIND: u16 = 19;
    const BODY: usize = Ring::<K, N>::SAVED.saturating_add(1);

    /// O(1) amortised, at most O(N).
    fn push(&mut self, now: Instant, measurement: Measurement<K>) {
        self.put(now, encode(measurement));
    }

    fn held(&self) -> Held {
        self.ring.held()
    }

    fn write(&self, to: &mut Writer<'_>) {
        to.u8(K::TAG);
        self.ring.write(to);
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, SnapshotError> {
        read_tag::<K>(from)?;
        let mut window = Self::new();
        let least = Ring::<K, N>::read(from, |newest, slot| {
            window.put(newest, slot);
            true
        })?;
        Ok(window.with_least(least))
    }
}

impl<const N: usize, K: Key> Forgetful for MinMax<N, K> {
    const CAPACITY: usize = N;

    fn len(&self) -> usize {
        usize::from(self.ring.len())
    }

    fn forget(&mut self, count: usize) {
        for _ in 0..count {
            let place = self.ring.oldest();
            if self.ring.take().is_none() {
                break;
            }
            self.leave(place);
        }
    }

    fn clamp(&mut self, now: Instant) {
        self.ring.clamp(now);
    }
}
