//! What a window is fed, and what it says it holds.

use crate::error::{ConfigError, Problem};
use crate::math;
use crate::units::{Instant, Milli, Span};

/// One reading of a metric, or why there is none. Only [`Measurement::Present`] counts in an answer; the others take
/// their place in the window, so that an outage shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Measurement<V> {
    /// A value.
    Present(V),
    /// There was no value.
    Missing,
    /// The value was too old when it was read.
    Stale,
    /// The value cannot be: NaN, infinite, negative where it must not be.
    Invalid,
}

impl<V> Measurement<V> {
    /// Another value in the same place.
    pub fn map<W>(self, f: impl FnOnce(V) -> W) -> Measurement<W> {
        self.and_then(|value| Some(f(value)))
    }

    /// Another value in the same place; `None` is invalid.
    pub fn and_then<W>(self, f: impl FnOnce(V) -> Option<W>) -> Measurement<W> {
        match self {
            Self::Present(value) => f(value).map_or(Measurement::Invalid, Measurement::Present),
            Self::Missing => Measurement::Missing,
            Self::Stale => Measurement::Stale,
            Self::Invalid => Measurement::Invalid,
        }
    }

    /// Stale when the value was taken more than `at_most` before `now`.
    #[must_use]
    pub fn fresh(self, taken: Instant, now: Instant, at_most: Span) -> Self {
        match self {
            Self::Present(_) if now.since(taken) > at_most => Self::Stale,
            other => other,
        }
    }
}

impl Measurement<f64> {
    /// Invalid when the number is not finite.
    #[must_use]
    pub fn finite(number: f64) -> Self {
        Self::Present(number).and_then(|x| x.is_finite().then_some(x))
    }

    /// Invalid when the number is below 0.
    #[must_use]
    pub fn non_negative(self) -> Self {
        self.and_then(|x| (x >= 0.0).then_some(x))
    }

    /// In thousandths, rounded away from zero; invalid outside ±2⁶³.
    #[must_use]
    pub fn milli(self) -> Measurement<Milli> {
        self.and_then(Milli::from_units)
    }

    /// In whole parts of a unit, rounded up: 0.0121 s in 1000 parts is 13 ms. Invalid below 0; above 2³² the greatest.
    #[must_use]
    pub fn parts(self, parts: u32) -> Measurement<u32> {
        self.non_negative().and_then(|x| x.is_finite().then_some(math::ceil(x * f64::from(parts)) as u32))
    }
}

impl<V> From<Option<V>> for Measurement<V> {
    fn from(value: Option<V>) -> Self {
        value.map_or(Self::Missing, Self::Present)
    }
}

/// How many measurements a window holds, by kind, and how old the answer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Held {
    /// With a value.
    pub present: u32,
    /// Without.
    pub missing: u32,
    /// Too old when they were read.
    pub stale: u32,
    /// Impossible.
    pub invalid: u32,
    /// When the newest value came; `None` without values.
    pub newest: Option<Instant>,
}

impl Held {
    /// All of them.
    #[must_use]
    pub const fn total(&self) -> u32 {
        self.present.saturating_add(self.missing).saturating_add(self.stale).saturating_add(self.invalid)
    }

    /// The time since the newest value.
    #[must_use]
    pub fn age(&self, now: Instant) -> Option<Span> {
        self.newest.map(|newest| now.since(newest))
    }
}

/// A share of the values that are at most the answer: 95 % for p95.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(try_from = "u16"))]
pub struct Quantile(u16);

impl TryFrom<u16> for Quantile {
    type Error = ConfigError;

    fn try_from(ten_thousandths: u16) -> Result<Self, ConfigError> {
        Self::new(ten_thousandths)
    }
}

impl Quantile {
    /// The median.
    pub const P50: Self = Self(5_000);
    /// 90 %.
    pub const P90: Self = Self(9_000);
    /// 95 %.
    pub const P95: Self = Self(9_500);
    /// 99 %.
    pub const P99: Self = Self(9_900);
    /// 99.9 %.
    pub const P99_9: Self = Self(9_990);

    /// In ten-thousandths: 1 to 10,000.
    ///
    /// # Errors
    /// Outside that range.
    pub const fn new(ten_thousandths: u16) -> Result<Self, ConfigError> {
        match ten_thousandths {
            0 => Err(ConfigError::new("quantile", 0, Problem::AtLeast(1))),
            1..=10_000 => Ok(Self(ten_thousandths)),
            _ => Err(ConfigError::new("quantile", ten_thousandths as i64, Problem::AtMost(10_000))),
        }
    }

    /// In ten-thousandths.
    #[must_use]
    pub const fn ten_thousandths(self) -> u16 {
        self.0
    }

    /// The nearest rank among `n` values in order, from 1: `⌈q n⌉`. 0 only when `n` is 0.
    #[must_use]
    pub const fn rank(self, n: u16) -> u16 {
        // At most 10,000 × 65,535 + 9,999, and then at most n.
        ((self.0 as u32).wrapping_mul(n as u32).wrapping_add(9_999) / 10_000) as u16
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_is_invalid_and_what_is_absent_is_missing() {
        for absurd in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            assert_eq!(Measurement::finite(absurd), Measurement::Invalid);
            assert_eq!(Measurement::Present(absurd).milli(), Measurement::Invalid);
            assert_eq!(Measurement::Present(absurd).parts(1000), Measurement::Invalid);
        }
        assert_eq!(Measurement::finite(-1.0).non_negative(), Measurement::Invalid);
        assert_eq!(Measurement::finite(0.0121).parts(1000), Measurement::Present(13));
        assert_eq!(Measurement::finite(1e300).parts(1000), Measurement::Present(u32::MAX));
        assert_eq!(Measurement::from(None::<f64>).milli(), Measurement::Missing);
    }

    #[test]
    fn a_value_is_stale_when_older_than_allowed() {
        let (taken, limit) = (Instant::from_secs(10), Span::from_secs(30));
        let one = Measurement::Present(1);
        assert_eq!(one.fresh(taken, Instant::from_secs(40), limit), one);
        assert_eq!(one.fresh(taken, Instant::from_secs(41), limit), Measurement::Stale);
        assert_eq!(one.fresh(taken, Instant::from_secs(0), limit), one, "a clock that is ahead ages nothing");
    }

    #[test]
    fn ranks_are_the_nearest() {
        assert_eq!([1, 19, 20, 21, 300].map(|n| Quantile::P95.rank(n)), [1, 19, 19, 20, 285]);
        assert_eq!(
            (Quantile::P50.rank(0), Quantile(1).rank(u16::MAX), Quantile(10_000).rank(u16::MAX)),
            (0, 7, 65_535)
        );
        assert!(Quantile::new(0).is_err() && Quantile::new(10_001).is_err());
    }
}
