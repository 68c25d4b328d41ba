//! How fast a counter grows.

use super::ring::{Keyed, Ring, after, encode, is_value};
use super::timed::{Times, Window, checked, read_span};
use super::{Held, Measurement};
use crate::error::ConfigError;
use crate::snapshot::{Reader, SnapshotError, Writer};
use crate::units::{Instant, Milli, Span};

/// The rate of a counter over the last `N` measurements (`N` < 65,536) that are younger than a span.
///
/// A counter only grows, unless what counts was started anew: a value below the one before has grown from 0, as in
/// Prometheus. The rate is the growth between the oldest and the newest value over the time between them; it is not
/// extrapolated to the borders of the window, as Prometheus' `rate()` is. Counters stop at 2⁶⁴−5.
///
/// ```
/// use plimsoll_core::units::{Instant, Milli, Span};
/// use plimsoll_core::window::{Measurement, Rate, Window};
///
/// let mut requests = Rate::<64>::new(Span::from_secs(300))?;
/// for (second, count) in [(0, 1000), (10, 1500), (20, 40)] {
///     requests.push(Instant::from_secs(second), Measurement::Present(count));
/// }
/// assert_eq!(requests.increase(), Some(540));
/// assert_eq!(requests.per_second(), Some(Milli(27_000)));
/// # Ok::<(), plimsoll_core::error::ConfigError>(())
/// ```
///
/// # Bytes
///
/// A snapshot of kind 20: span (i64, nanoseconds), time of the newest value (i64), fewest values for an answer (u16),
/// number of measurements (u16), these, oldest first, as `u64` keys (see [`ExactQuantiles`](super::ExactQuantiles)), the
/// times (i64 each).
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(try_from = "Parts<N>"))]
pub struct Rate<const N: usize> {
    // Up to 65,535 growths of 64 bits.
    #[cfg_attr(feature = "serde", serde(skip))]
    growth: u128,
    #[cfg_attr(feature = "serde", serde(skip))]
    last: Option<(Instant, u64)>,
    ring: Ring<u64, N>,
    times: Times<N>,
    span: Span,
}

impl<const N: usize> Rate<N> {
    /// Over so much time. Answers from two values on.
    ///
    /// # Errors
    /// When the span is no time at all.
    pub const fn new(span: Span) -> Result<Self, ConfigError> {
        match checked(span) {
            Ok(()) => Ok(Self::over(span)),
            Err(error) => Err(error),
        }
    }

    const fn over(span: Span) -> Self {
        let mut ring = Ring::new();
        ring.set_least(2);
        Self { growth: 0, last: None, ring, times: Times::new(), span }
    }

    /// Answers from so many values on: 2 or more.
    #[must_use]
    pub const fn with_least(mut self, least: u16) -> Self {
        self.ring.set_least(if least < 2 { 2 } else { least });
        self
    }

    /// Moves on in time: measurements as old as the span leave. O(those that leave).
    pub fn at(&mut self, now: Instant) -> &Self {
        if self.times.clamp(now) {
            self.ring.clamp(now);
            self.last = self.last.map(|(at, value)| (at.min(now), value));
        }
        for _ in 0..self.times.forget_until(now, self.span) {
            self.forget_one();
        }
        self
    }

    /// By how much the counter grew from the oldest value to the newest; `None` with too few values.
    #[must_use]
    pub fn increase(&self) -> Option<u64> {
        self.ring.enough().then(|| u64::try_from(self.growth).unwrap_or(u64::MAX))
    }

    /// The rate in thousandths per second, the rest cut off; `None` with too few values, or when all came at one time.
    /// O(measurements without a value at the beginning).
    #[must_use]
    pub fn per_second(&self) -> Option<Milli> {
        let values = self.ring.oldest_first().zip(self.times.iter());
        let (_, oldest) = values.into_iter().find(|(slot, _)| is_value(*slot))?;
        let (newest, _) = self.last?;
        // Below 2⁸⁰ × 10¹².
        let scaled = self.growth.wrapping_mul(1_000_000_000_000);
        let rate = scaled.checked_div(u128::from(newest.since(oldest).as_nanos()))?;
        self.ring.enough().then(|| Milli(i64::try_from(rate).unwrap_or(i64::MAX)))
    }

    /// When the oldest measurement leaves: the answer may change then by time alone.
    #[must_use]
    pub fn revisit_at(&self) -> Option<Instant> {
        self.times.oldest().map(|at| at + self.span)
    }

    /// The oldest measurement leaves, and with it the growth up to the next value.
    fn forget_one(&mut self) {
        let Some(old) = self.ring.take().filter(|slot| is_value(*slot)) else { return };
        let mut place = self.ring.oldest();
        for _ in 0..self.ring.len() {
            let next = self.ring.get(place);
            if is_value(next) {
                self.growth = self.growth.wrapping_sub(growth(u64::decode(old), u64::decode(next)));
                return;
            }
            place = after::<N>(place);
        }
        self.last = None;
    }

    fn put(&mut self, now: Instant, new: i64) {
        if usize::from(self.ring.len()) == N {
            self.forget_one();
        }
        self.ring.put(now, new);
        if is_value(new) {
            let value = u64::decode(new);
            if let Some((_, before)) = self.last {
                self.growth = self.growth.wrapping_add(growth(before, value));
            }
            self.last = Some((now, value));
        }
    }
}

/// What is saved of a window; the answer follows from it.
#[cfg(feature = "serde")]
#[derive(serde::Deserialize)]
#[serde(rename = "Rate", deny_unknown_fields)]
struct Parts<const N: usize> {
    ring: Ring<u64, N>,
    times: Times<N>,
    span: Span,
}

#[cfg(feature = "serde")]
impl<const N: usize> TryFrom<Parts<N>> for Rate<N> {
    type Error = ConfigError;

    fn try_from(parts: Parts<N>) -> Result<Self, ConfigError> {
        let mut window = Self::new(parts.span)?.with_least(parts.ring.least());
        parts.ring.replay(|newest, slot| window.put(newest, slot));
        window.times = parts.times.for_each_of(window.ring.len())?;
        Ok(window)
    }
}

/// From one value of a counter to the next.
fn growth(from: u64, to: u64) -> u128 {
    u128::from(to.checked_sub(from).unwrap_or(to))
}

impl<const N: usize> Window for Rate<N> {
    type Value = u64;
    const KIND: u16 = 20;
    const BODY: usize = Ring::<u64, N>::SAVED.saturating_add(8).saturating_add(N.saturating_mul(8));

    /// O(1), and O(measurements without a value that follow) for each value that leaves.
    fn push(&mut self, now: Instant, measurement: Measurement<u64>) {
        self.at(now);
        self.times.push(now);
        self.put(now, encode(measurement));
    }

    fn held(&self) -> Held {
        self.ring.held()
    }

    fn write(&self, to: &mut Writer<'_>) {
        to.i64(self.span.as_nanos() as i64);
        self.ring.write(to);
        self.times.write(to);
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, SnapshotError> {
        let mut window = Self::over(read_span(from)?);
        let least = Ring::<u64, N>::read(from, |newest, slot| {
            window.put(newest, slot);
            true
        })?;
        window.times = Times::read(from, usize::from(window.ring.len()))?;
        Ok(window.with_least(least))
    }
}
