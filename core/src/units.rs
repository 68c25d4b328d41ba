//! Numbers with a unit.
//!
//! Fields are public where every value is valid.

use core::fmt;
use core::ops::{Add, Sub};

/// A number of replicas. Negative numbers occur only in what a metric asks for, never in a decision.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Replicas(pub i32);

impl fmt::Display for Replicas {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A quantity in thousandths of its unit: 1.5 cores are `Milli(1500)`, one byte is `Milli(1000)`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Milli(pub i64);

impl Milli {
    /// From a measured number of whole units, rounded away from zero to the next thousandth, as Kubernetes rounds
    /// quantities. `None` for NaN, infinities and anything outside ±2⁶³ thousandths: such a sample is missing, not 0.
    #[must_use]
    pub fn from_units(units: f64) -> Option<Self> {
        let milli = units * 1000.0;
        let away = if milli < 0.0 { libm::floor(milli) } else { libm::ceil(milli) };
        // 2⁶³ itself is representable as f64 but not as i64.
        (-9_223_372_036_854_775_808.0..9_223_372_036_854_775_808.0).contains(&away).then_some(Self(away as i64))
    }
}

impl fmt::Display for Milli {
    /// Whole units with as many decimals as needed: `1.5`, `-0.001`, `300`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let size = self.0.unsigned_abs();
        let (whole, milli) = (size / 1000, size % 1000);
        write!(f, "{sign}{whole}")?;
        match (milli % 10, milli % 100) {
            _ if milli == 0 => Ok(()),
            (_, 0) => write!(f, ".{}", milli / 100),
            (0, _) => write!(f, ".{:02}", milli / 10),
            _ => write!(f, ".{milli:03}"),
        }
    }
}

/// A moment, in nanoseconds from an origin that the host picks (boot, the Unix epoch, the start of a simulation). Only
/// differences matter. Moments before the origin are negative: a pod may have started, and a window may begin, there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Instant(i64);

impl Instant {
    /// The earliest moment: before everything.
    pub const MIN: Self = Self(i64::MIN);
    /// The latest moment: after everything.
    pub const MAX: Self = Self(i64::MAX);

    /// Nanoseconds from the origin.
    #[must_use]
    pub const fn from_nanos(nanos: i64) -> Self {
        Self(nanos)
    }

    /// Whole seconds from the origin; saturates 292 years from it.
    #[must_use]
    pub const fn from_secs(secs: i64) -> Self {
        Self(secs.saturating_mul(1_000_000_000))
    }

    /// Nanoseconds from the origin.
    #[must_use]
    pub const fn as_nanos(self) -> i64 {
        self.0
    }

    /// The time from `earlier` to here; zero when `earlier` is later.
    #[must_use]
    pub const fn since(self, earlier: Self) -> Span {
        if self.0 <= earlier.0 { Span(0) } else { Span(self.0.abs_diff(earlier.0)) }
    }

    /// The next nanosecond.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }

    /// The nanosecond before.
    #[must_use]
    pub const fn previous(self) -> Self {
        Self(self.0.saturating_sub(1))
    }
}

impl Add<Span> for Instant {
    type Output = Self;
    fn add(self, span: Span) -> Self {
        Self(self.0.saturating_add_unsigned(span.0))
    }
}

impl Sub<Span> for Instant {
    type Output = Self;
    fn sub(self, span: Span) -> Self {
        Self(self.0.saturating_sub_unsigned(span.0))
    }
}

impl fmt::Display for Instant {
    /// Seconds from the origin, as `12.5 s`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 < 0 {
            f.write_str("-")?;
        }
        Span(self.0.unsigned_abs()).fmt(f)
    }
}

/// A length of time in nanoseconds, never negative.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Span(u64);

impl Span {
    /// No time at all.
    pub const ZERO: Self = Self(0);

    /// Nanoseconds.
    #[must_use]
    pub const fn from_nanos(nanos: u64) -> Self {
        Self(nanos)
    }

    /// Milliseconds; saturates at 584 years.
    #[must_use]
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis.saturating_mul(1_000_000))
    }

    /// Whole seconds; saturates at 584 years.
    #[must_use]
    pub const fn from_secs(secs: u64) -> Self {
        Self(secs.saturating_mul(1_000_000_000))
    }

    /// Nanoseconds.
    #[must_use]
    pub const fn as_nanos(self) -> u64 {
        self.0
    }

    /// Whole seconds, the rest cut off.
    #[must_use]
    pub const fn as_secs(self) -> u64 {
        self.0 / 1_000_000_000
    }
}

impl fmt::Display for Span {
    /// Seconds, to the nearest thousandth: `300 s`, `0.5 s`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let milli = self.0.saturating_add(500_000) / 1_000_000;
        write!(f, "{} s", Milli(i64::try_from(milli).unwrap_or(i64::MAX)))
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use std::string::ToString;

    #[test]
    fn milli_from_units_rounds_away_from_zero_and_refuses_what_is_no_number() {
        assert_eq!(Milli::from_units(0.0001), Some(Milli(1)));
        assert_eq!(Milli::from_units(-0.0001), Some(Milli(-1)));
        assert_eq!(Milli::from_units(2.5), Some(Milli(2500)));
        for absurd in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1e300, 9.3e15 * 1000.0] {
            assert_eq!(Milli::from_units(absurd), None, "{absurd}");
        }
    }

    #[test]
    fn milli_is_shown_with_the_decimals_it_needs() {
        for (milli, text) in [(1500, "1.5"), (-1, "-0.001"), (300_000, "300"), (1250, "1.25"), (1001, "1.001")] {
            assert_eq!(Milli(milli).to_string(), text);
        }
        assert_eq!(Milli(i64::MIN).to_string(), "-9223372036854775.808");
    }

    #[test]
    fn time_saturates_instead_of_wrapping() {
        assert_eq!(Instant::MAX + Span::from_secs(1), Instant::MAX);
        assert_eq!(Instant::MIN - Span::from_nanos(u64::MAX), Instant::MIN);
        assert_eq!(Instant::MIN + Span::from_nanos(u64::MAX), Instant::MAX);
        assert_eq!(Instant::MAX.since(Instant::MIN), Span::from_nanos(u64::MAX));
        assert_eq!(Instant::from_secs(1).since(Instant::from_secs(2)), Span::ZERO);
    }
}
