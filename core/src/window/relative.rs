//! Quantiles of many values, off by a stated share of the value.
//!
//! Each value falls into a bucket: those below 2 S have one of their own, and every octave above is cut into S equal
//! ones. The window holds the number of the bucket for each measurement and how many are in each bucket; for each
//! quantile the bucket it stands in, with the number of values below. A measurement moves that by one rank, and the
//! next bucket in use is found in a map of bits. Integers only.

use super::exact::{read_quantiles, write_quantiles};
use super::ring::{Keyed, Ring, encode, is_value};
use super::timed::{Forgetful, Window};
use super::{Held, Measurement, Quantile};
#[cfg(feature = "serde")]
use crate::error::{ConfigError, Problem};
use crate::snapshot::{Reader, SnapshotError, Writer};
use crate::units::Instant;

/// `Q` quantiles of the last `N` measurements (`N` < 65,536), by the nearest rank, at most `1 / (2 S + 1)` off the value
/// at that rank: 0.99 % for the 50 buckets an octave that are the default, nothing for values below 100.
///
/// The range is `W` × 64 buckets: 11 reach to 442,367 (seven minutes in milliseconds), 22 hold every `u32`, 47 every
/// `u64`. What is above counts as the greatest, [`LARGEST`](Self::LARGEST).
///
/// ```
/// use plimsoll_core::units::Instant;
/// use plimsoll_core::window::{Measurement, Quantile, RelativeQuantiles, Window};
///
/// let mut latency = RelativeQuantiles::<4096, 1>::new([Quantile::P95]);
/// for millis in 1..=4000 {
///     latency.push(Instant::from_secs(0), Measurement::Present(millis));
/// }
/// let p95 = latency.quantile(Quantile::P95).unwrap_or(0);
/// assert!(p95.abs_diff(3800) <= 37, "{p95} is within 0.99 % of 3800");
/// ```
///
/// # Bytes
///
/// A snapshot of kind 17: buckets an octave (i32), number of quantiles (u8), each in ten-thousandths (u16); then as for
/// [`ExactQuantiles`](super::ExactQuantiles), with the numbers of the buckets as `u16` keys.
#[derive(Clone, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(bound = "", try_from = "Parts<N, Q, W, S>"))]
pub struct RelativeQuantiles<const N: usize, const Q: usize, const W: usize = 11, const S: u32 = 50> {
    ring: Ring<u16, N>,
    counts: [[u16; 64]; W],
    /// One bit for each bucket that is not empty.
    used: [u64; W],
    places: [Place; Q],
    quantiles: [Quantile; Q],
}

impl<const N: usize, const Q: usize, const W: usize, const S: u32> PartialEq for RelativeQuantiles<N, Q, W, S> {
    /// The same measurements: the answers follow from them.
    fn eq(&self, other: &Self) -> bool {
        (self.quantiles, &self.ring) == (other.quantiles, &other.ring)
    }
}

impl<const N: usize, const Q: usize, const W: usize, const S: u32> RelativeQuantiles<N, Q, W, S> {
    /// The greatest value that has a bucket.
    pub const LARGEST: u64 = match last(S, (W as u64).wrapping_mul(64).saturating_sub(1)) {
        Some(last) => last,
        None => u64::MAX,
    };

    /// Holds nothing, and answers from the first value on.
    #[must_use]
    pub const fn new(quantiles: [Quantile; Q]) -> Self {
        const { assert!(0 < S && S <= 1000 && Q < 256, "1 to 1000 buckets an octave, at most 255 quantiles") };
        const { assert!(0 < W && W <= 1000, "1 to 1000 times 64 buckets") };
        let (counts, used) = ([[0; 64]; W], [0; W]);
        Self { ring: Ring::new(), counts, used, places: [Place { bucket: 0, below: 0 }; Q], quantiles }
    }

    /// Answers from so many values on: 1 or more.
    #[must_use]
    pub const fn with_least(mut self, least: u16) -> Self {
        self.ring.set_least(least);
        self
    }

    /// All quantiles, in the order of the construction; `None` with too few values. O(Q).
    #[must_use]
    pub fn quantiles(&self) -> Option<[u64; Q]> {
        self.ring.enough().then(|| self.places.each_ref().map(|place| middle(S, place.bucket)))
    }

    /// One quantile; `None` with too few values. O(Q) for those of the construction, else O(buckets).
    #[must_use]
    pub fn quantile(&self, quantile: Quantile) -> Option<u64> {
        let kept = self.quantiles.iter().zip(&self.places).find(|(kept, _)| **kept == quantile);
        self.ring.enough().then(|| {
            let bucket = match kept {
                Some((_, place)) => place.bucket,
                None => {
                    let mut place = Place { bucket: 0, below: 0 };
                    place.settle(&self.counts, &self.used, quantile.rank(self.ring.present()));
                    place.bucket
                }
            };
            middle(S, bucket)
        })
    }

    /// The oldest leave; the answers are not settled yet.
    fn take(&mut self, count: usize) {
        for _ in 0..count {
            let Some(old) = self.ring.take() else { break };
            self.tally(old, u16::MAX);
            for place in &mut self.places {
                place.below = place.below.wrapping_sub(u16::from(place.is_above(old)));
            }
        }
    }

    #[inline]
    fn put(&mut self, now: Instant, new: i16) {
        let old = self.ring.put(now, new);
        if old == new {
            return;
        }
        self.tally(old, u16::MAX);
        self.tally(new, 1);
        for (place, quantile) in self.places.iter_mut().zip(self.quantiles) {
            let [left, came] = [old, new].map(|slot| place.is_above(slot));
            // Most values come and leave below a high quantile: nothing changes then.
            if !(left & came) {
                place.below = place.below.wrapping_add(u16::from(came)).wrapping_sub(u16::from(left));
                place.settle(&self.counts, &self.used, quantile.rank(self.ring.present()));
            }
        }
    }

    /// A measurement came, or left (`by` is −1, wrapping).
    #[inline]
    fn tally(&mut self, slot: i16, by: u16) {
        if !is_value(slot) {
            return;
        }
        let (word, bit) = split(u16::decode(slot));
        let count = self.counts.get_mut(word).and_then(|counts| counts.get_mut(usize::from(bit)));
        if let (Some(count), Some(used)) = (count, self.used.get_mut(word)) {
            *count = count.wrapping_add(by);
            let mask = 1u64.wrapping_shl(u32::from(bit));
            *used = if *count == 0 { *used & !mask } else { *used | mask };
        }
    }
}

impl<const N: usize, const Q: usize, const W: usize, const S: u32> Window for RelativeQuantiles<N, Q, W, S> {
    type Value = u64;
    const KIND: u16 = 17;
    const BODY: usize = Ring::<u16, N>::SAVED.saturating_add(5).saturating_add(Q.saturating_mul(2));

    /// O(Q); where an answer changes, a search of at most `W` words for the next bucket in use.
    #[inline]
    fn push(&mut self, now: Instant, measurement: Measurement<u64>) {
        self.put(now, encode(measurement.map(|value| bucket(S, value.min(Self::LARGEST)))));
    }

    fn held(&self) -> Held {
        self.ring.held()
    }

    fn write(&self, to: &mut Writer<'_>) {
        to.i32(S as i32);
        write_quantiles(&self.quantiles, to);
        self.ring.write(to);
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, SnapshotError> {
        let octave = from.i32()?;
        if octave as u32 != S {
            return Err(SnapshotError::BadValue { field: "buckets an octave", found: i64::from(octave) });
        }
        let mut window = Self::new(read_quantiles(from)?);
        let least = Ring::<u16, N>::read(from, |newest, slot| {
            let fits = !is_value(slot) || usize::from(u16::decode(slot)) < W.saturating_mul(64);
            if fits {
                window.put(newest, slot);
            }
            fits
        })?;
        Ok(window.with_least(least))
    }
}

impl<const N: usize, const Q: usize, const W: usize, const S: u32> Forgetful for RelativeQuantiles<N, Q, W, S> {
    const CAPACITY: usize = N;

    fn len(&self) -> usize {
        usize::from(self.ring.len())
    }

    fn exchange(&mut self, leave: usize, now: Instant, measurement: Measurement<u64>) {
        self.take(leave);
        self.push(now, measurement);
    }

    /// O(count), and O(buckets) for each quantile.
    fn forget(&mut self, count: usize) {
        self.take(count);
        for (place, quantile) in self.places.iter_mut().zip(self.quantiles) {
            place.settle(&self.counts, &self.used, quantile.rank(self.ring.present()));
        }
    }

    fn clamp(&mut self, now: Instant) {
        self.ring.clamp(now);
    }
}

/// What is saved of a window; the answers follow from it.
#[cfg(feature = "serde")]
#[derive(serde::Deserialize)]
#[serde(rename = "RelativeQuantiles", deny_unknown_fields)]
struct Parts<const N: usize, const Q: usize, const W: usize, const S: u32> {
    ring: Ring<u16, N>,
    buckets_per_octave: u32,
    quantiles: heapless::Vec<Quantile, Q>,
}

#[cfg(feature = "serde")]
impl<const N: usize, const Q: usize, const W: usize, const S: u32> serde::Serialize for RelativeQuantiles<N, Q, W, S> {
    /// The measurements as the numbers of their buckets.
    fn serialize<To: serde::Serializer>(&self, to: To) -> Result<To::Ok, To::Error> {
        use serde::ser::SerializeStruct;
        let mut fields = to.serialize_struct("RelativeQuantiles", 3)?;
        fields.serialize_field("ring", &self.ring)?;
        fields.serialize_field("buckets_per_octave", &S)?;
        fields.serialize_field("quantiles", self.quantiles.as_slice())?;
        fields.end()
    }
}

#[cfg(feature = "serde")]
impl<const N: usize, const Q: usize, const W: usize, const S: u32> TryFrom<Parts<N, Q, W, S>>
    for RelativeQuantiles<N, Q, W, S>
{
    type Error = ConfigError;

    fn try_from(parts: Parts<N, Q, W, S>) -> Result<Self, ConfigError> {
        if parts.buckets_per_octave != S {
            let given = i64::from(parts.buckets_per_octave);
            return Err(ConfigError::new("buckets_per_octave", given, Problem::NotTogether));
        }
        let buckets = W.saturating_mul(64);
        let beyond = |slot: &i16| is_value(*slot) && usize::from(u16::decode(*slot)) >= buckets;
        if let Some(slot) = parts.ring.oldest_first().find(beyond) {
            let most = i64::try_from(buckets).unwrap_or(i64::MAX).saturating_sub(1);
            return Err(ConfigError::new("bucket", i64::from(u16::decode(slot)), Problem::AtMost(most)));
        }
        let mut window = Self::new(super::as_serde::quantiles(parts.quantiles)?).with_least(parts.ring.least());
        parts.ring.replay(|newest, slot| window.put(newest, slot));
        Ok(window)
    }
}

/// Where a quantile stands. Settled, its rank is above `below`, and at most that and the count of the bucket.
#[derive(Clone, Copy, Debug)]
struct Place {
    bucket: u16,
    /// Values in the buckets below.
    below: u16,
}

impl Place {
    /// Whether a measurement is a value in a bucket below. Codes are above all values.
    #[inline]
    fn is_above(self, slot: i16) -> bool {
        u16::decode(slot) < self.bucket
    }

    /// Each move goes to a bucket in use, toward the rank, or ends where there is none (there are no values).
    #[inline]
    fn settle(&mut self, counts: &[[u16; 64]], used: &[u64], rank: u16) {
        while self.below >= rank {
            let Some(bucket) = used_below(used, self.bucket) else { break };
            self.below = self.below.wrapping_sub(count(counts, bucket));
            self.bucket = bucket;
        }
        loop {
            let up_to = self.below.wrapping_add(count(counts, self.bucket));
            if up_to >= rank {
                break;
            }
            let Some(bucket) = used_above(used, self.bucket) else { break };
            *self = Self { bucket, below: up_to };
        }
    }
}

fn split(bucket: u16) -> (usize, u16) {
    (usize::from(bucket / 64), bucket % 64)
}

fn count(counts: &[[u16; 64]], bucket: u16) -> u16 {
    let (word, bit) = split(bucket);
    counts.get(word).and_then(|counts| counts.get(usize::from(bit))).copied().unwrap_or(0)
}

/// The next bucket in use above another.
fn used_above(used: &[u64], bucket: u16) -> Option<u16> {
    let (mut word, bit) = split(bucket);
    // Shifted twice: one shift by 64 is none.
    let mut bits = used.get(word)? & u64::MAX.wrapping_shl(u32::from(bit)).wrapping_shl(1);
    while bits == 0 {
        word = word.wrapping_add(1);
        bits = *used.get(word)?;
    }
    Some((word as u16).wrapping_mul(64).wrapping_add(bits.trailing_zeros() as u16))
}

/// The next bucket in use below another.
fn used_below(used: &[u64], bucket: u16) -> Option<u16> {
    let (mut word, bit) = split(bucket);
    let mut bits = used.get(word)? & !u64::MAX.wrapping_shl(u32::from(bit));
    while bits == 0 {
        word = word.checked_sub(1)?;
        bits = *used.get(word)?;
    }
    Some((word as u16).wrapping_mul(64).wrapping_add(63).wrapping_sub(bits.leading_zeros() as u16))
}

/// The bucket of a value: in the octave `[S 2ᵏ, 2 S 2ᵏ)` it is `S k + ⌊value / 2ᵏ⌋`, which has no gaps.
fn bucket(octave: u32, value: u64) -> u16 {
    // ⌊value / 2ᵏ⌋ is less than four times the power of two in S; where it is 2 S or more, the octave is the next.
    let whole = octave.ilog2().wrapping_add(1);
    let k = (value | 1).ilog2().saturating_sub(whole);
    let k = k.wrapping_add(u32::from(value.wrapping_shr(k) >= u64::from(octave).wrapping_mul(2)));
    // At most 1000 × 54 + 2000.
    octave.wrapping_mul(k).wrapping_add(value.wrapping_shr(k) as u32) as u16
}

/// The values of a bucket are `[m 2ᵏ, (m + 1) 2ᵏ)`.
const fn parts(octave: u32, bucket: u64) -> (u32, u64) {
    let s = octave as u64;
    match bucket.checked_div(s) {
        Some(whole) if whole >= 2 => {
            let k = whole.wrapping_sub(1);
            (k as u32, bucket.wrapping_sub(k.wrapping_mul(s)))
        }
        _ => (0, bucket),
    }
}

/// The last value of a bucket; `None` beyond 2⁶⁴.
const fn last(octave: u32, bucket: u64) -> Option<u64> {
    let (k, m) = parts(octave, bucket);
    if k >= 64 || m.leading_zeros() < k {
        return None;
    }
    Some(m.wrapping_shl(k).wrapping_add(1u64.wrapping_shl(k).wrapping_sub(1)))
}

/// What stands for a bucket `[a, b)`: `2 a b / (a + b)`, rounded down, which is as far from one end as from the other
/// as a share of it. With its parts that is `a + a / (2 m + 1)`.
#[inline]
fn middle(octave: u32, bucket: u16) -> u64 {
    let (k, m) = parts(octave, u64::from(bucket));
    let first = m.wrapping_shl(k);
    first.wrapping_add(first.checked_div(m.wrapping_mul(2).wrapping_add(1)).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn off_by_at_most_the_stated_share(octave: u32) {
        let mut next = 0u64;
        for number in 0..=bucket(octave, u64::MAX) {
            let (first, last) = (next, last(octave, u64::from(number)).expect("a bucket of a value"));
            next = last.wrapping_add(1);
            let stands = middle(octave, number);
            for value in [first, last] {
                assert_eq!(bucket(octave, value), number);
                let off = u128::from(stands.abs_diff(value)) * u128::from(2 * octave + 1);
                assert!(off <= u128::from(value), "{value} answered as {stands}");
                assert!(number >= (2 * octave) as u16 || stands == value, "{value} has a bucket of its own");
            }
        }
        assert_eq!(next, 0, "up to 2⁶⁴");
    }

    #[test]
    fn every_bucket_is_within_the_stated_share() {
        [1, 2, 3, 50, 64, 100, 127, 128, 1000].into_iter().for_each(off_by_at_most_the_stated_share);
    }

    #[test]
    fn the_ranges_are_the_documented_ones() {
        assert_eq!(RelativeQuantiles::<1, 1>::LARGEST, 442_367);
        assert!(RelativeQuantiles::<1, 1, 22>::LARGEST > u64::from(u32::MAX));
        assert!(RelativeQuantiles::<1, 1, 21>::LARGEST < u64::from(u32::MAX));
        assert_eq!(RelativeQuantiles::<1, 1, 47>::LARGEST, u64::MAX);
        let mut window = RelativeQuantiles::<1, 1>::new([Quantile::P95]);
        window.push(Instant::MIN, Measurement::Present(u64::MAX));
        assert!(window.quantile(Quantile::P95).is_some_and(|p95| p95.abs_diff(442_367) * 101 <= 442_367));
    }

    proptest! {
        #[test]
        fn no_value_is_further_off_than_stated(value: u64, octave in 1u32..=1000) {
            let stands = middle(octave, bucket(octave, value));
            prop_assert!(u128::from(stands.abs_diff(value)) * u128::from(2 * octave + 1) <= u128::from(value));
        }

        #[test]
        fn neighbours_in_the_map_are_the_next_bits(words: [u64; 3], bucket in 0u16..192) {
            let bit = |b: &u16| words[usize::from(b / 64)] >> (b % 64) & 1 == 1;
            prop_assert_eq!(used_above(&words, bucket), (bucket + 1..192).find(bit));
            prop_assert_eq!(used_below(&words, bucket), (0..bucket).rev().find(bit));
        }
    }
}
