//! An average that forgets by and by.

use super::timed::{Window, checked, read_span};
use super::{Held, Measurement};
use crate::error::ConfigError;
#[cfg(feature = "serde")]
use crate::error::Problem;
use crate::math;
use crate::snapshot::{Reader, SnapshotError, Writer};
use crate::units::{Instant, Span};

/// The exponentially weighted mean in time: a value that comes Δt after the one before moves the mean by the share
/// α = 1 − exp(−Δt/τ) of its distance, so that how often one looks plays no part.
///
/// It never empties by itself: [`Ewma::younger_than`] gives nothing when no value came for a while. A value at the same
/// time as the one before moves nothing; when time ran back, it counts from now on.
///
/// # Bytes
///
/// A snapshot of kind 21: τ (i64, nanoseconds), number of measurements that were present, missing, stale, invalid (i32
/// each), and when there was one: the time of the last value (i64), the mean (i64, the bits of a binary64).
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(try_from = "Parts"))]
pub struct Ewma {
    tau: Span,
    mean: f64,
    held: Held,
}

impl Ewma {
    /// With the time constant τ: after it a change of the values has come in by 63 %.
    ///
    /// # Errors
    /// When it is no time at all.
    pub const fn new(tau: Span) -> Result<Self, ConfigError> {
        let held = Held { present: 0, missing: 0, stale: 0, invalid: 0, newest: None };
        match checked(tau) {
            Ok(()) => Ok(Self { tau, mean: 0.0, held }),
            Err(error) => Err(error),
        }
    }

    /// The mean; `None` before the first value.
    #[must_use]
    pub fn mean(&self) -> Option<f64> {
        self.held.newest.map(|_| self.mean)
    }

    /// The mean when the last value came less than `limit` ago.
    #[must_use]
    pub fn younger_than(&self, limit: Span, now: Instant) -> Option<f64> {
        self.mean().filter(|_| self.held.age(now).is_some_and(|age| age < limit))
    }
}

/// A mean that was read and is not believed yet.
#[cfg(feature = "serde")]
#[derive(serde::Deserialize)]
#[serde(rename = "Ewma", deny_unknown_fields)]
struct Parts {
    tau: Span,
    mean: f64,
    held: Held,
}

#[cfg(feature = "serde")]
impl TryFrom<Parts> for Ewma {
    type Error = ConfigError;

    fn try_from(Parts { tau, mean, held }: Parts) -> Result<Self, ConfigError> {
        checked(tau)?;
        if !mean.is_finite() {
            return Err(ConfigError::new("mean", 0, Problem::NotFinite));
        }
        // The mean is one of values, and has the time of the newest.
        if held.newest.is_some() != (held.present > 0) {
            return Err(ConfigError::new("present", i64::from(held.present), Problem::NotTogether));
        }
        Ok(Self { tau, mean: if held.present > 0 { mean } else { 0.0 }, held })
    }
}

impl Window for Ewma {
    type Value = f64;
    const KIND: u16 = 21;
    const BODY: usize = 40;

    /// O(1).
    fn push(&mut self, now: Instant, measurement: Measurement<f64>) {
        let counter = match measurement.and_then(|x| x.is_finite().then_some(x)) {
            Measurement::Present(value) => {
                self.mean = match self.held.newest {
                    None => value,
                    Some(last) => {
                        let elapsed = now.since(last).as_nanos() as f64 / self.tau.as_nanos() as f64;
                        toward(self.mean, value, -math::exp_m1(-elapsed))
                    }
                };
                self.held.newest = Some(now);
                &mut self.held.present
            }
            Measurement::Missing => &mut self.held.missing,
            Measurement::Stale => &mut self.held.stale,
            Measurement::Invalid => &mut self.held.invalid,
        };
        *counter = counter.saturating_add(1);
        self.held.newest = self.held.newest.map(|newest| newest.min(now));
    }

    /// Since the beginning: nothing leaves. O(1).
    fn held(&self) -> Held {
        self.held
    }

    fn write(&self, to: &mut Writer<'_>) {
        to.i64(self.tau.as_nanos() as i64);
        let Held { present, missing, stale, invalid, newest } = self.held;
        [present, missing, stale, invalid].into_iter().for_each(|count| to.i32(count as i32));
        if let Some(newest) = newest {
            to.i64(newest.as_nanos());
            to.i64(self.mean.to_bits() as i64);
        }
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, SnapshotError> {
        let tau = read_span(from)?;
        let mut count = || from.i32().map(|count| count as u32);
        let (present, missing, stale, invalid) = (count()?, count()?, count()?, count()?);
        let mut window = Self { tau, mean: 0.0, held: Held { present, missing, stale, invalid, newest: None } };
        if present > 0 {
            window.held.newest = Some(Instant::from_nanos(from.i64()?));
            let bits = from.i64()?;
            window.mean = f64::from_bits(bits as u64);
            if !window.mean.is_finite() {
                return Err(SnapshotError::BadValue { field: "mean", found: bits });
            }
        }
        Ok(window)
    }
}

/// From `a` the share `alpha` of the way to `b`.
fn toward(a: f64, b: f64, alpha: f64) -> f64 {
    let way = b - a;
    // Between opposite ends the way itself may be too long.
    if way.is_finite() { a + alpha * way } else { a * (1.0 - alpha) + b * alpha }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;

    fn fed(tau: u64, values: &[(i64, f64)]) -> Ewma {
        let mut ewma = Ewma::new(Span::from_secs(tau)).expect("some time");
        for (second, value) in values {
            ewma.push(Instant::from_secs(*second), Measurement::Present(*value));
        }
        ewma
    }

    #[test]
    fn after_tau_a_step_has_come_in_by_63_percent() {
        let share = 1.0 - (-1.0f64).exp();
        assert!((fed(60, &[(0, 0.0), (60, 100.0)]).mean().unwrap_or(0.0) - 100.0 * share).abs() < 1e-12);
        let often = (0..=60).map(|second| (second, if second == 0 { 0.0 } else { 100.0 }));
        let often = fed(60, &often.collect::<std::vec::Vec<_>>());
        assert!((often.mean().unwrap_or(0.0) - 100.0 * share).abs() < 1e-12, "how often one looks plays no part");
    }

    #[test]
    fn a_constant_stays_itself_and_extremes_stay_finite() {
        assert_eq!(fed(7, &[(0, 0.1), (1, 0.1), (9, 0.1), (500, 0.1)]).mean(), Some(0.1));
        let wild = fed(1, &[(0, f64::MAX), (1, -f64::MAX), (2, f64::MAX), (3, f64::NAN)]);
        assert!(wild.mean().is_some_and(f64::is_finite));
        assert_eq!(wild.held().invalid, 1);
    }

    #[test]
    fn time_that_stands_or_runs_back_moves_nothing() {
        let ewma = fed(10, &[(5, 1.0), (5, 9.0), (3, 9.0)]);
        assert_eq!(ewma.mean(), Some(1.0));
        assert_eq!(ewma.held().newest, Some(Instant::from_secs(3)), "and counts from now on");
        assert!(fed(10, &[(5, 1.0), (3, 9.0), (4, 9.0)]).mean() > Some(1.0));
    }

    #[test]
    fn silence_is_not_a_value() {
        let mut ewma = fed(10, &[(5, 1.0)]);
        ewma.push(Instant::from_secs(8), Measurement::Missing);
        let limit = Span::from_secs(5);
        assert_eq!(ewma.younger_than(limit, Instant::from_secs(9)), Some(1.0));
        assert_eq!(ewma.younger_than(limit, Instant::from_secs(10)), None);
        assert_eq!(fed(10, &[]).mean(), None);
        assert!(Ewma::new(Span::ZERO).is_err());
    }
}
