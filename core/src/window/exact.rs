//! Exact quantiles of the last N values.
//!
//! Beside the ring of values stand, for each quantile, its answer and the values nearest to it, [`KNOWN`] together, with
//! the count of each; and the number of values below the answer. A measurement that comes and one that leaves change
//! those counts by comparisons alone, and most are far from the answer and change nothing. One measurement moves the
//! rank by one value at most, so the answer steps to a neighbour. When it steps beyond those known, one pass over the
//! ring learns the next [`LEARNED`]. That pass is the worst case of a measurement. After many left at once the answer is
//! found anew by halving the range of values: one pass for each of their bits.

use super::ring::{CHUNK, KNOWN, Key, Ring, Slot, encode};
use super::timed::{Forgetful, Window};
use super::{Held, Measurement, Quantile};
use crate::snapshot::{Reader, SnapshotError, Writer};
use crate::units::Instant;

/// Passes that learn before the answer is found anew, which takes about as long as so many.
const PASSES: u8 = 8;
/// Values learned in a pass: some of those known before are kept.
const LEARNED: usize = KNOWN - 2;

/// `Q` exact quantiles of the last `N` measurements (`N` < 65,536; meant for up to 512), by the nearest rank: the answer
/// is a value that was seen, the ⌈q n⌉-th of n in order.
///
/// The keys are `u32`; `f32` takes as long, `u16` half the room, where milliseconds up to 65 s will do.
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
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(bound = "", try_from = "Parts<N, Q, K>"))]
pub struct ExactQuantiles<const N: usize, const Q: usize, K: Key = u32> {
    ring: Ring<K, N>,
    #[cfg_attr(feature = "serde", serde(skip))]
    ranks: [Rank<K::Slot>; Q],
    #[cfg_attr(feature = "serde", serde(serialize_with = "super::as_serde::list"))]
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
        self.ring.enough().then(|| self.ranks.each_ref().map(|rank| K::decode(rank.answer())))
    }

    /// One quantile; `None` with too few values. O(Q) for those of the construction, else a pass for each bit of a key.
    #[must_use]
    pub fn quantile(&self, quantile: Quantile) -> Option<K> {
        let kept = self.quantiles.iter().zip(&self.ranks).find(|(kept, _)| **kept == quantile);
        self.ring.enough().then(|| {
            K::decode(match kept {
                Some((_, rank)) => rank.answer(),
                None => K::Slot::at_rank(self.ring.slots(), quantile.rank(self.ring.present())),
            })
        })
    }

    /// The oldest leave; the answers are not settled yet.
    fn take(&mut self, count: usize) {
        for _ in 0..count {
            let Some(old) = self.ring.take() else { break };
            self.ranks.iter_mut().for_each(|rank| rank.replace(old, K::Slot::EMPTY));
        }
    }

    #[inline]
    fn put(&mut self, now: Instant, new: K::Slot) {
        let old = self.ring.put(now, new);
        for (rank, quantile) in self.ranks.iter_mut().zip(self.quantiles) {
            // Most values come and leave far below a high quantile.
            if !rank.is_above(old, new) {
                rank.replace(old, new);
                rank.settle(self.ring.slots(), self.ring.present(), quantile);
            }
        }
    }
}

impl<const N: usize, const Q: usize, K: Key> Window for ExactQuantiles<N, Q, K> {
    type Value = K;
    const KIND: u16 = 16;
    const BODY: usize = Ring::<K, N>::SAVED.saturating_add(2).saturating_add(Q.saturating_mul(2));

    /// O(Q) comparisons, and rarely a pass over N slots for an answer that has gone beyond its known neighbours.
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

    fn exchange(&mut self, leave: usize, now: Instant, measurement: Measurement<K>) {
        self.take(leave);
        self.put(now, encode(measurement));
    }

    /// O(count), and for each quantile at most one pass over N slots for each bit of a key.
    fn forget(&mut self, count: usize) {
        self.take(count);
        for (rank, quantile) in self.ranks.iter_mut().zip(self.quantiles) {
            rank.settle(self.ring.slots(), self.ring.present(), quantile);
        }
    }

    fn clamp(&mut self, now: Instant) {
        self.ring.clamp(now);
    }
}

/// What is saved of a window; the answers follow from it.
#[cfg(feature = "serde")]
#[derive(serde::Deserialize)]
#[serde(rename = "ExactQuantiles", deny_unknown_fields, bound = "")]
struct Parts<const N: usize, const Q: usize, K: Key> {
    ring: Ring<K, N>,
    quantiles: heapless::Vec<Quantile, Q>,
}

#[cfg(feature = "serde")]
impl<const N: usize, const Q: usize, K: Key> TryFrom<Parts<N, Q, K>> for ExactQuantiles<N, Q, K> {
    type Error = crate::error::ConfigError;

    fn try_from(parts: Parts<N, Q, K>) -> Result<Self, Self::Error> {
        let mut window = Self::new(super::as_serde::quantiles(parts.quantiles)?).with_least(parts.ring.least());
        parts.ring.replay(|newest, slot| window.put(newest, slot));
        Ok(window)
    }
}

/// One answer among its neighbours. Settled, its rank is above `below`, and at most that and its own count.
#[derive(Clone, Copy, Debug)]
struct Rank<S> {
    /// Rising. No value of the window lies between two of them.
    keys: [S; KNOWN],
    /// How many values are each of them; may be none.
    counts: [u16; KNOWN],
    /// Values below the answer.
    below: u16,
    /// Which of the keys is the answer.
    at: u8,
}

impl<S: Slot> Rank<S> {
    /// Of no values.
    const NONE: Self = Self { keys: S::FIRST, counts: [0; KNOWN], below: 0, at: 0 };

    /// The remainder tells the compiler what always holds.
    const fn place(&self) -> usize {
        self.at as usize % KNOWN
    }

    #[inline]
    fn answer(&self) -> S {
        self.keys.get(self.place()).copied().unwrap_or(S::LEAST)
    }

    #[inline]
    fn here(&self) -> u16 {
        self.counts.get(self.place()).copied().unwrap_or(0)
    }

    /// Whether both are values below all known ones: nothing changes when one takes the place of the other.
    #[inline]
    fn is_above(&self, old: S, new: S) -> bool {
        let [low, ..] = self.keys;
        (old < low) & (new < low)
    }

    /// A slot was replaced. Codes are above all values, and never counted.
    #[inline]
    fn replace(&mut self, old: S, new: S) {
        let answer = self.answer();
        self.below = self.below.wrapping_add(u16::from(new < answer)).wrapping_sub(u16::from(old < answer));
        let [low, .., high] = self.keys;
        let near = |slot| (low <= slot) & (slot <= high);
        if (near(old) | near(new)) & (old != new) {
            self.change(old, u16::MAX);
            self.change(new, 1);
        }
    }

    /// A value came, or left (`by` is −1, wrapping).
    #[inline(never)]
    fn change(&mut self, slot: S, by: u16) {
        let [low, .., high] = self.keys;
        if slot < low || high < slot {
            return;
        }
        let place = self.keys.iter().take_while(|key| **key < slot).count();
        match (self.keys.get(place), self.counts.get_mut(place)) {
            (Some(key), Some(count)) if *key == slot => *count = count.wrapping_add(by),
            // What leaves is known.
            _ => self.insert(place, slot),
        }
    }

    /// A new key with one value, before that at `place`; the key that is further from the answer is forgotten.
    fn insert(&mut self, place: usize, slot: S) {
        let at = self.place();
        if at < KNOWN / 2 {
            shift_up(self.keys.get_mut(place..), slot);
            shift_up(self.counts.get_mut(place..), 1);
            self.at = self.at.wrapping_add(u8::from(place <= at));
        } else {
            shift_down(self.keys.get_mut(..place), slot);
            shift_down(self.counts.get_mut(..place), 1);
            self.at = self.at.wrapping_sub(u8::from(place > at));
        }
    }

    #[inline]
    fn settle(&mut self, slots: &[S], present: u16, quantile: Quantile) {
        let rank = quantile.rank(present);
        if (self.below >= rank) | (self.below.wrapping_add(self.here()) < rank) {
            self.step(slots, rank);
        }
    }

    #[inline(never)]
    fn step(&mut self, slots: &[S], rank: u16) {
        let mut passes = PASSES;
        // Without values any key will do.
        if rank == 0 {
            return;
        }
        loop {
            let up_to = self.below.wrapping_add(self.here());
            if up_to < rank {
                if self.place() == KNOWN - 1 && !self.look(slots, true, &mut passes) {
                    return self.search(slots, rank);
                }
                self.at = self.at.wrapping_add(1);
                self.below = up_to;
            } else if self.below >= rank {
                if self.place() == 0 && !self.look(slots, false, &mut passes) {
                    return self.search(slots, rank);
                }
                self.at = self.at.wrapping_sub(1);
                self.below = self.below.wrapping_sub(self.here());
            } else {
                return;
            }
        }
    }

    /// Learns the next values beyond the known ones; there is one, since the rank is there. The answer stays. Whether there
    /// was a pass left.
    fn look(&mut self, slots: &[S], up: bool, passes: &mut u8) -> bool {
        let [low, .., high] = self.keys;
        let Some(left) = passes.checked_sub(1) else { return false };
        *passes = left;
        if up {
            let found = Beyond::near(slots, low, high, S::GREATEST, |slot| slot);
            let new = found.values();
            self.at = self.at.wrapping_sub(new as u8);
            append(&mut self.keys, found.keys, new);
            append(&mut self.counts, found.counts, new);
        } else {
            // With the order turned around it is the same.
            let found = Beyond::near(slots, high.flip(), low.flip(), S::LEAST.flip(), S::flip);
            let new = found.values();
            self.at = self.at.wrapping_add(new as u8);
            prepend(&mut self.keys, found.keys.map(S::flip), new);
            prepend(&mut self.counts, found.counts, new);
        }
        true
    }

    /// Finds the answer anew; the keys next to it are numbers in a row, values or not.
    #[cold]
    fn search(&mut self, slots: &[S], rank: u16) {
        let answer = S::at_rank(slots, rank);
        self.keys = S::row_with(answer);
        self.counts = self.keys.map(|key| S::count_equal(slots, key));
        self.below = S::count_below(slots, answer);
        self.at = self.keys.iter().take_while(|key| **key < answer).count() as u8;
    }
}

/// The nearest values beyond one, as many as can be learned in one pass.
struct Beyond<S> {
    /// Rising; the bound where there is none.
    keys: [S; LEARNED],
    /// How many values are each of them.
    counts: [u16; LEARNED],
}

impl<S: Slot> Beyond<S> {
    /// Those above `beyond` and up to `bound`: first as far as those known are apart, which spares looking closely at
    /// values that would fall out again.
    fn near(slots: &[S], known: S, beyond: S, bound: S, turn: impl Fn(S) -> S) -> Self {
        let near = S::as_far_beyond(known, beyond).min(bound);
        let found = Self::look(slots, beyond, near, &turn);
        if found.values() > 0 || near == bound { found } else { Self::look(slots, beyond, bound, turn) }
    }

    /// Those above `beyond` and up to `bound`, in an order that `turn` gives and takes back.
    fn look(slots: &[S], beyond: S, bound: S, turn: impl Fn(S) -> S) -> Self {
        let mut found = Self { keys: [bound; LEARNED], counts: [0; LEARNED] };
        let mut see = |some: &[S]| {
            let [.., last] = found.keys;
            let mut those = S::between(some, turn(beyond), turn(last));
            while those != 0 {
                let slot = some.get(those.trailing_zeros() as usize).copied();
                slot.into_iter().for_each(|slot| found.add(turn(slot)));
                those &= those.wrapping_sub(1);
            }
        };
        let (chunks, rest) = slots.as_chunks::<CHUNK>();
        chunks.iter().for_each(|chunk| see(chunk));
        see(rest);
        found
    }

    /// Adds a value if it is nearer than one of those found; the furthest falls out.
    #[inline]
    fn add(&mut self, slot: S) {
        let mut carried = (slot, 1u16);
        for (key, count) in self.keys.iter_mut().zip(&mut self.counts) {
            let (old, many) = (*key, *count);
            let (less, same) = (carried.0 < old, carried.0 == old);
            *key = if less { carried.0 } else { old };
            *count = if less { carried.1 } else { many.wrapping_add(if same { carried.1 } else { 0 }) };
            carried = if less {
                (old, many)
            } else if same {
                (S::EMPTY, 0)
            } else {
                carried
            };
        }
    }

    fn values(&self) -> usize {
        self.counts.iter().filter(|count| **count > 0).count()
    }
}

/// Appends the first `new` of `found`, and lets as many of the first fall out.
fn append<T: Copy>(list: &mut [T; KNOWN], found: [T; LEARNED], new: usize) {
    let old = *list;
    let all = old.into_iter().skip(new).chain(found);
    list.iter_mut().zip(all).for_each(|(item, new)| *item = new);
}

/// The same at the other end.
fn prepend<T: Copy>(list: &mut [T; KNOWN], found: [T; LEARNED], new: usize) {
    let old = *list;
    let all = old.into_iter().rev().skip(new).chain(found);
    list.iter_mut().rev().zip(all).for_each(|(item, new)| *item = new);
}

/// Puts a new first; the last falls out.
fn shift_up<T: Copy>(list: Option<&mut [T]>, first: T) {
    let mut carried = first;
    for item in list.into_iter().flatten() {
        core::mem::swap(item, &mut carried);
    }
}

/// Puts a new last; the first falls out.
fn shift_down<T: Copy>(list: Option<&mut [T]>, last: T) {
    let mut carried = last;
    for item in list.into_iter().flatten().rev() {
        core::mem::swap(item, &mut carried);
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

#[cfg(test)]
mod tests {
    use super::super::ring::Keyed;
    use super::*;

    #[test]
    fn after_many_left_at_once_the_answer_is_found_anew_from_end_to_end() {
        // Apart by one, and by much; at both ends of the keys, and across their middle.
        for (first, step) in [(0, 1), (u32::MAX - 300, 1), (0, 14_000_000), (1 << 31, 7)] {
            for falls in [false, true] {
                let mut window = ExactQuantiles::<300, 3>::new([Quantile::P50, Quantile::P95, Quantile::P99]);
                for i in 0..300 {
                    let i = if falls { 299 - i } else { i };
                    window.push(Instant::MIN, Measurement::Present(first + i * step));
                }
                for count in [200, 90, 9, 1] {
                    window.forget(count);
                    // A quantile that is not kept is found by another way.
                    let present = window.ring.present();
                    let found =
                        window.quantiles.map(|q| u32::decode(i32::at_rank(window.ring.slots(), q.rank(present))));
                    assert_eq!(window.quantiles(), (present > 0).then_some(found));
                }
            }
        }
    }
}
