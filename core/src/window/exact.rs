//! Exact quantiles of the last N values.
//!
//! Beside the ring of values stands, for each quantile, its current answer with the number of values below it, and
//! below or equal. A measurement that comes and one that leaves move those two by comparisons alone. Only when the rank
//! asked for is no longer between them does the answer step to the next value, which is one pass over the ring, and a
//! second to count its equals. One measurement moves the rank by one value at most, so that is the worst case. After
//! many left at once the answer is found anew, by halving the range of values: one pass for each of their bits.

use super::ring::{Key, Ring, Slot, encode, is_value};
use super::timed::{Forgetful, Window};
use super::{Held, Measurement, Quantile};
use crate::snapshot::{Reader, SnapshotError, Writer};
use crate::units::Instant;

/// Steps before the answer is found anew: as many passes as a search takes, or so.
const STEPS: u8 = 8;

/// `Q` exact quantiles of the last `N` measurements (`N` < 65,536; meant for up to 512), by the nearest rank: the answer
/// is a value that was seen, the ⌈q n⌉-th of n in order.
///
/// The keys are `u32`; `f32` takes as long, `u16` half the time and the room, where milliseconds up to 65 s will do.
/// Keys nearer than five to the greatest of their type are held as its greatest less four. For windows in time see
/// [`Timed`](super::Timed).
///
/// ```
/// use plimsoll_core::units::Instant;
/// use plimsoll_core::window::{ExactQuantiles, Measurement, Quantile, Window};
///
/// let mut latency = ExactQuantiles::<300, 3>::new([Quantile::P50, Quantile::P95, Quantile::P99]);
/// assert_eq!(latency.quantiles(), None);
/// for millis in 1..=100 {
///     latency.push(Instant::from_secs(0), Measurement::Present(millis));
/// }
/// latency.push(Instant::from_secs(1), Measurement::Missing);
/// assert_eq!(latency.quantiles(), Some([50, 95, 99]));
/// assert_eq!(latency.held().missing, 1);
/// ```
///
/// # Bytes
///
/// A snapshot of kind 16: type of the keys (u8: 2 = `u16`, 4 = `u32`, 5 = `f32`), number of quantiles (u8), each in
/// ten-thousandths (u16); time of the newest value (i64), fewest values for an answer (u16), number of measurements
/// (u16), and these, oldest first, in the width of the key. Unsigned keys are less half their range, so that they are
/// signed numbers; a negative `f32` has all bits but the sign inverted; the greatest four numbers are, from below,
/// invalid, stale, missing, and one that is not used.
#[derive(Clone, Debug)]
pub struct ExactQuantiles<const N: usize, const Q: usize, K: Key = u32> {
    ring: Ring<K, N>,
    ranks: [Rank<K::Slot>; Q],
    quantiles: [Quantile; Q],
}

impl<const N: usize, const Q: usize, K: Key> PartialEq for ExactQuantiles<N, Q, K> {
    /// The same measurements: the answers follow from them.
    fn eq(&self, other: &Self) -> bool {
        (self.quantiles, &self.ring) == (other.quantiles, &other.ring)
    }
}

impl<const N: usize, const Q: usize, K: Key> ExactQuantiles<N, Q, K> {
    /// Holds nothing, and answers from the first value on.
    #[must_use]
    pub const fn new(quantiles: [Quantile; Q]) -> Self {
        const { assert!(Q < 256, "at most 255 quantiles") };
        Self { ring: Ring::new(), ranks: [Rank::NONE; Q], quantiles }
    }

    /// Answers from so many values on: 1 or more.
    #[must_use]
    pub const fn with_least(mut self, least: u16) -> Self {
        self.ring.set_least(least);
        self
    }

    /// All quantiles, in the order of the construction; `None` with too few values. O(Q).
    #[must_use]
    pub fn quantiles(&self) -> Option<[K; Q]> {
        self.ring.enough().then(|| self.ranks.map(|rank| K::decode(rank.current)))
    }

    /// One quantile; `None` with too few values. O(Q) for those of the construction, else a pass for each bit of a key.
    #[must_use]
    pub fn quantile(&self, quantile: Quantile) -> Option<K> {
        let kept = self.quantiles.iter().zip(&self.ranks).find(|(kept, _)| **kept == quantile);
        self.ring.enough().then(|| {
            K::decode(match kept {
                Some((_, rank)) => rank.current,
                None => K::Slot::at_rank(self.ring.slots(), quantile.rank(self.ring.present())),
            })
        })
    }

    fn put(&mut self, now: Instant, new: K::Slot) {
        let old = self.ring.put(now, new);
        for (rank, quantile) in self.ranks.iter_mut().zip(self.quantiles) {
            rank.count(old, new);
            rank.settle(self.ring.slots(), self.ring.present(), quantile);
        }
    }
}

impl<const N: usize, const Q: usize, K: Key> Window for ExactQuantiles<N, Q, K> {
    type Value = K;
    const KIND: u16 = 16;
    const BODY: usize = Ring::<K, N>::SAVED.saturating_add(2).saturating_add(Q.saturating_mul(2));

    /// O(Q) comparisons while no answer changes, else two passes over N slots for each that does.
    #[inline]
    fn push(&mut self, now: Instant, measurement: Measurement<K>) {
        self.put(now, encode(measurement));
    }

    fn held(&self) -> Held {
        self.ring.held()
    }

    fn write(&self, to: &mut Writer<'_>) {
        to.u8(K::TAG);
        write_quantiles(&self.quantiles, to);
        self.ring.write(to);
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, SnapshotError> {
        read_tag::<K>(from)?;
        let mut window = Self::new(read_quantiles(from)?);
        let least = Ring::<K, N>::read(from, |newest, slot| {
            window.put(newest, slot);
            true
        })?;
        Ok(window.with_least(least))
    }
}

impl<const N: usize, const Q: usize, K: Key> Forgetful for ExactQuantiles<N, Q, K> {
    const CAPACITY: usize = N;

    fn len(&self) -> usize {
        usize::from(self.ring.len())
    }

    /// O(count), and for each quantile at most one pass over N slots for each bit of a key.
    fn forget(&mut self, count: usize) {
        for _ in 0..count {
            let Some(old) = self.ring.take() else { break };
            self.ranks.iter_mut().for_each(|rank| rank.count(old, K::Slot::EMPTY));
        }
        for (rank, quantile) in self.ranks.iter_mut().zip(self.quantiles) {
            rank.settle(self.ring.slots(), self.ring.present(), quantile);
        }
    }

    fn clamp(&mut self, now: Instant) {
        self.ring.clamp(now);
    }
}

/// One answer. Settled, its rank is above `below` and at most `up_to`.
#[derive(Clone, Copy, Debug)]
struct Rank<S> {
    current: S,
    /// Values below the current one.
    below: u16,
    /// Values below or equal.
    up_to: u16,
}

impl<S: Slot> Rank<S> {
    const NONE: Self = Self { current: S::LEAST, below: 0, up_to: 0 };

    /// A slot was replaced. Codes are above all values, and never counted.
    #[inline]
    fn count(&mut self, old: S, new: S) {
        let change = |count: u16, come, gone| count.wrapping_add(u16::from(come)).wrapping_sub(u16::from(gone));
        self.below = change(self.below, new < self.current, old < self.current);
        self.up_to = change(self.up_to, new <= self.current, old <= self.current);
    }

    #[inline]
    fn settle(&mut self, slots: &[S], present: u16, quantile: Quantile) {
        let rank = quantile.rank(present);
        if (self.below >= rank) | (self.up_to < rank) {
            self.step(slots, rank);
        }
    }

    #[cold]
    #[inline(never)]
    fn step(&mut self, slots: &[S], rank: u16) {
        if rank == 0 {
            *self = Self::NONE;
            return;
        }
        for _ in 0..STEPS {
            // As many values are at the rank or beyond, so there is a next one.
            if self.up_to < rank {
                self.current = S::next_above(slots, self.current);
                self.below = self.up_to;
                self.up_to = self.below.wrapping_add(S::count_equal(slots, self.current));
            } else if self.below >= rank {
                self.current = S::next_below(slots, self.current);
                self.up_to = self.below;
                self.below = self.up_to.wrapping_sub(S::count_equal(slots, self.current));
            } else {
                return;
            }
        }
        self.current = S::at_rank(slots, rank);
        self.below = S::count_below(slots, self.current);
        self.up_to = self.below.wrapping_add(S::count_equal(slots, self.current));
        debug_assert!(is_value(self.current));
    }
}

pub(super) fn write_quantiles(quantiles: &[Quantile], to: &mut Writer<'_>) {
    to.u8(quantiles.len() as u8);
    quantiles.iter().for_each(|quantile| to.u16(quantile.ten_thousandths()));
}

pub(super) fn read_quantiles<const Q: usize>(from: &mut Reader<'_>) -> Result<[Quantile; Q], SnapshotError> {
    let count = from.u8()?;
    if usize::from(count) != Q {
        return Err(SnapshotError::BadValue { field: "quantiles", found: i64::from(count) });
    }
    let mut quantiles = [Quantile::P50; Q];
    for quantile in &mut quantiles {
        let found = from.u16()?;
        *quantile =
            Quantile::new(found).map_err(|_| SnapshotError::BadValue { field: "quantile", found: i64::from(found) })?;
    }
    Ok(quantiles)
}

pub(super) fn read_tag<K: Key>(from: &mut Reader<'_>) -> Result<(), SnapshotError> {
    match from.u8()? {
        tag if tag == K::TAG => Ok(()),
        tag => Err(SnapshotError::BadValue { field: "type of the keys", found: i64::from(tag) }),
    }
}
