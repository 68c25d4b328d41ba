//! The sum and the average of the last N values.

use super::ring::{Keyed, Ring, encode, is_value};
use super::timed::{Forgetful, Window};
use super::{Held, Measurement};
use crate::snapshot::{Reader, SnapshotError, Writer};
use crate::units::{Instant, Milli};

/// The sum and the average of the last `N` measurements (`N` < 65,536). Values are integers, so that what leaves is
/// taken off exactly, and the sum after a million measurements is that of the last `N`.
///
/// # Bytes
///
/// A snapshot of kind 18: time of the newest value (i64), fewest values for an answer (u16), number of measurements
/// (u16), these as thousandths (i64), oldest first; the greatest four numbers are codes, as in
/// [`ExactQuantiles`](super::ExactQuantiles).
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(from = "Parts<N>"))]
pub struct Average<const N: usize> {
    // 65,535 values of 64 bits stay below 2⁷⁹.
    #[cfg_attr(feature = "serde", serde(skip))]
    sum: i128,
    ring: Ring<Milli, N>,
}

impl<const N: usize> Default for Average<N> {
    fn default() -> Self {
        Self::new()
    }
}

impl<const N: usize> Average<N> {
    /// Holds nothing, and answers from the first value on.
    #[must_use]
    pub const fn new() -> Self {
        Self { sum: 0, ring: Ring::new() }
    }

    /// Answers from so many values on: 1 or more.
    #[must_use]
    pub const fn with_least(mut self, least: u16) -> Self {
        self.ring.set_least(least);
        self
    }

    /// The average, its fraction of a thousandth cut off; `None` with too few values.
    #[must_use]
    pub fn average(&self) -> Option<Milli> {
        let average = self.sum.checked_div(i128::from(self.ring.present()))?;
        // Between the least and the greatest of them.
        self.ring.enough().then_some(Milli(average as i64))
    }

    /// The sum, which stops at ±2⁶³ thousandths; `None` with too few values.
    #[must_use]
    pub fn sum(&self) -> Option<Milli> {
        let sum = self.sum.clamp(i128::from(i64::MIN), i128::from(i64::MAX));
        self.ring.enough().then_some(Milli(sum as i64))
    }

    fn put(&mut self, now: Instant, new: i64) {
        let old = self.ring.put(now, new);
        self.sum = self.sum.wrapping_add(worth(new)).wrapping_sub(worth(old));
    }
}

/// What is saved of a window; the answer follows from it.
#[cfg(feature = "serde")]
#[derive(serde::Deserialize)]
#[serde(rename = "Average", deny_unknown_fields)]
struct Parts<const N: usize> {
    ring: Ring<Milli, N>,
}

#[cfg(feature = "serde")]
impl<const N: usize> From<Parts<N>> for Average<N> {
    fn from(parts: Parts<N>) -> Self {
        let mut window = Self::new().with_least(parts.ring.least());
        parts.ring.replay(|newest, slot| window.put(newest, slot));
        window
    }
}

fn worth(slot: i64) -> i128 {
    if is_value(slot) { i128::from(Milli::decode(slot).0) } else { 0 }
}

impl<const N: usize> Window for Average<N> {
    type Value = Milli;
    const KIND: u16 = 18;
    const BODY: usize = Ring::<Milli, N>::SAVED;

    /// O(1).
    fn push(&mut self, now: Instant, measurement: Measurement<Milli>) {
        self.put(now, encode(measurement));
    }

    fn held(&self) -> Held {
        self.ring.held()
    }

    fn write(&self, to: &mut Writer<'_>) {
        self.ring.write(to);
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, SnapshotError> {
        let mut window = Self::new();
        let least = Ring::<Milli, N>::read(from, |newest, slot| {
            window.put(newest, slot);
            true
        })?;
        Ok(window.with_least(least))
    }
}

impl<const N: usize> Forgetful for Average<N> {
    const CAPACITY: usize = N;

    fn len(&self) -> usize {
        usize::from(self.ring.len())
    }

    fn forget(&mut self, count: usize) {
        for _ in 0..count {
            let Some(old) = self.ring.take() else { break };
            self.sum = self.sum.wrapping_sub(worth(old));
        }
    }

    fn clamp(&mut self, now: Instant) {
        self.ring.clamp(now);
    }
}
