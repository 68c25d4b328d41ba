//! Everything that is remembered of one workload, of a fixed size.
//!
//! # Bytes
//!
//! The body of a [snapshot](crate::snapshot) of kind 4, version 1. Times are nanoseconds from the host's origin (i64),
//! rates the bits of a float (as i64). *Optional* is one byte, 0 or 1, and the value if it is 1.
//!
//! | bytes | field |
//! |---|---|
//! | optional 8, four times | arrival, service, slowest service, delay in seconds |
//! | optional 8 | time of the counters; if there is one, the next four lines follow |
//! | optional 8, three times | produced, processed, busy nanoseconds |
//! | optional 4, twice | partitions, consumers |
//! | 8 | since when there are so many consumers |
//! | 1 | whether there was a backlog |
//! | 1 + 12 n | number of throughputs; for each: consumers (i32), messages per second |
//! | optional 8 + 4 | an order of more consumers: time, how many |
//! | optional 12 | a scale-up on trial: consumers (i32) and messages per second before, or, of no use, after it |
//! | 1 | whether more consumers were seen to be of no use |
//! | 4 | times in a row that the backlog was missing (i32) |
//! | optional 8 | since when the backlog is empty |
//! | 2 + 12 n | number of recommendations; for each: replicas (i32), time |

use heapless::Vec;

use super::estimate::{Counters, Estimates, PAIRS, Throughput};
use super::policy::RateAware;
use crate::error::{ConfigError, Problem};
use crate::snapshot::{FRAME, Reader, SnapshotError, Writer};
use crate::units::Instant;
use crate::window::{Entry, Extremes, ExtremesView};

const KIND: u16 = 4;
const VERSION: u16 = 1;

/// What is remembered of one workload: room for `R` recommendations. The default serves a window of 330 s at a step
/// of 15 s.
#[derive(Clone, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(try_from = "Parts<R>"))]
pub struct History<const R: usize = 24> {
    known: Known,
    recommendations: Extremes<R>,
}

/// All but the recommendations.
#[derive(Clone, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub(super) struct Known {
    pub(super) estimates: Estimates,
    pub(super) counters: Option<Counters>,
    pub(super) pairs: Vec<Throughput, PAIRS>,
    pub(super) ordered: Option<(Instant, i32)>,
    pub(super) trial: Option<Throughput>,
    pub(super) ineffective: bool,
    pub(super) misses: i32,
    pub(super) empty_since: Option<Instant>,
}

impl Known {
    /// A rate that none can be, with its name: they are finite and not negative.
    fn wrong_rate(&self) -> Option<(&'static str, f64)> {
        let Estimates { arrival, service, slowest, delay } = self.estimates;
        let estimates = [("arrival", arrival), ("service", service), ("slowest", slowest), ("delay", delay)];
        let throughputs = self.pairs.iter().chain(&self.trial).map(|pair| ("throughput", Some(pair.rate)));
        let mut rates = estimates.into_iter().chain(throughputs);
        rates.find_map(|(name, rate)| Some((name, rate.filter(|rate| !(rate.is_finite() && *rate >= 0.0))?)))
    }
}

/// A history that was read and is not believed yet.
#[cfg(feature = "serde")]
#[derive(serde::Deserialize)]
#[serde(rename = "History", deny_unknown_fields)]
struct Parts<const R: usize> {
    known: Known,
    recommendations: Extremes<R>,
}

#[cfg(feature = "serde")]
impl<const R: usize> TryFrom<Parts<R>> for History<R> {
    type Error = ConfigError;

    fn try_from(Parts { known, recommendations }: Parts<R>) -> Result<Self, ConfigError> {
        if let Some((name, rate)) = known.wrong_rate() {
            let problem = if rate < 0.0 { Problem::AtLeast(0) } else { Problem::NotFinite };
            return Err(ConfigError::new(name, crate::math::trunc_i64(rate * 1e3), problem));
        }
        if known.misses < 0 {
            return Err(ConfigError::new("misses", i64::from(known.misses), Problem::AtLeast(0)));
        }
        Ok(Self { known, recommendations })
    }
}

impl<const R: usize> History<R> {
    /// Knows nothing yet.
    ///
    /// # Errors
    /// When the policy needs more room than there is.
    pub fn new(policy: &RateAware) -> Result<Self, ConfigError> {
        Self::fits(policy)?;
        Ok(Self::default())
    }

    /// Whether there is room for the recommendations of the policy's window. A history that is too small still decides,
    /// merges its oldest entries toward the higher, and leaves a step.
    ///
    /// # Errors
    /// The number needed, and the room.
    pub fn fits(policy: &RateAware) -> Result<(), ConfigError> {
        const { assert!(0 < R && R < 65_536, "a history has room for 1 to 65,535 recommendations") };
        let needed = policy.entries_needed();
        if needed > R {
            let needed = u32::try_from(needed).unwrap_or(u32::MAX);
            let given = i64::try_from(R).unwrap_or(i64::MAX);
            return Err(ConfigError::new("recommendations", given, Problem::Capacity { needed }));
        }
        Ok(())
    }

    /// Rates and delay as they are estimated now.
    #[must_use]
    pub const fn estimates(&self) -> Estimates {
        self.known.estimates
    }

    /// Whether the last scale-up brought less than a tenth of what was expected: something downstream is the limit.
    #[must_use]
    pub const fn ineffective(&self) -> bool {
        self.known.ineffective
    }

    /// The most bytes that [`History::save`] writes.
    #[must_use]
    pub const fn saved_size() -> usize {
        // Estimates 36, counters 55, throughputs 97, order 13, trial 13, flag 1, misses 4, empty 9, count 2.
        FRAME.saturating_add(230).saturating_add(R.saturating_mul(12))
    }

    /// Writes the history as the bytes described in the module's documentation, and gives their number.
    ///
    /// # Errors
    /// When the buffer is too small, with the size needed.
    pub fn save(&self, out: &mut [u8]) -> Result<usize, SnapshotError> {
        let known = &self.known;
        let mut to = Writer::new(out, KIND, VERSION);
        let Estimates { arrival, service, slowest, delay } = known.estimates;
        for rate in [arrival, service, slowest, delay] {
            put(&mut to, rate.map(bits));
        }
        put(&mut to, known.counters.map(|counters| counters.at.as_nanos()));
        if let Some(counters) = known.counters {
            let busy = counters.busy.map(u64::cast_signed);
            for counter in [counters.produced, counters.processed, busy] {
                put(&mut to, counter);
            }
            for count in [counters.partitions.map(u32::cast_signed), counters.running] {
                to.u8(u8::from(count.is_some()));
                if let Some(count) = count {
                    to.i32(count);
                }
            }
            to.i64(counters.since.as_nanos());
            to.u8(u8::from(counters.waiting));
        }
        to.u8(u8::try_from(known.pairs.len()).unwrap_or(u8::MAX));
        for pair in &known.pairs {
            to.i32(pair.consumers);
            to.i64(bits(pair.rate));
        }
        put(&mut to, known.ordered.map(|(at, _)| at.as_nanos()));
        if let Some((_, consumers)) = known.ordered {
            to.i32(consumers);
        }
        to.u8(u8::from(known.trial.is_some()));
        if let Some(trial) = known.trial {
            to.i32(trial.consumers);
            to.i64(bits(trial.rate));
        }
        to.u8(u8::from(known.ineffective));
        to.i32(known.misses);
        put(&mut to, known.empty_since.map(Instant::as_nanos));
        let entries = self.recommendations.slots();
        to.u16(u16::try_from(entries.len()).unwrap_or(u16::MAX));
        for entry in entries {
            to.i32(entry.value);
            to.i64(entry.at.as_nanos());
        }
        to.finish()
    }

    /// Reads what [`History::save`] wrote. The history then decides as if it had never stopped.
    ///
    /// # Errors
    /// Whatever is wrong with the bytes. Nothing is believed unchecked.
    pub fn restore(bytes: &[u8]) -> Result<Self, SnapshotError> {
        let mut from = Reader::new(bytes, KIND, VERSION)?;
        let mut known = Known {
            estimates: Estimates {
                arrival: take(&mut from)?.map(rate),
                service: take(&mut from)?.map(rate),
                slowest: take(&mut from)?.map(rate),
                delay: take(&mut from)?.map(rate),
            },
            ..Known::default()
        };
        if let Some(at) = take(&mut from)? {
            let mut counters = Counters { at: Instant::from_nanos(at), ..Counters::default() };
            counters.produced = take(&mut from)?;
            counters.processed = take(&mut from)?;
            counters.busy = take(&mut from)?.map(i64::cast_unsigned);
            counters.partitions = if flag(&mut from)? { Some(from.i32()?.cast_unsigned()) } else { None };
            counters.running = if flag(&mut from)? { Some(from.i32()?) } else { None };
            counters.since = Instant::from_nanos(from.i64()?);
            counters.waiting = flag(&mut from)?;
            known.counters = Some(counters);
        }
        let count = usize::from(from.u8()?);
        for _ in 0..count {
            let pair = throughput(&mut from)?;
            known.pairs.push(pair).map_err(|_| SnapshotError::Capacity { needed: count, room: PAIRS })?;
        }
        if let Some(at) = take(&mut from)? {
            known.ordered = Some((Instant::from_nanos(at), from.i32()?));
        }
        known.trial = if flag(&mut from)? { Some(throughput(&mut from)?) } else { None };
        if let Some((field, rate)) = known.wrong_rate() {
            return Err(SnapshotError::BadValue { field, found: bits(rate) });
        }
        known.ineffective = flag(&mut from)?;
        known.misses = from.i32()?;
        if known.misses < 0 {
            return Err(SnapshotError::BadValue { field: "misses", found: i64::from(known.misses) });
        }
        known.empty_since = take(&mut from)?.map(Instant::from_nanos);
        let count = usize::from(from.u16()?);
        let mut entries = Vec::<Entry, R>::new();
        for _ in 0..count {
            let entry = Entry { value: from.i32()?, at: Instant::from_nanos(from.i64()?) };
            entries.push(entry).map_err(|_| SnapshotError::Capacity { needed: count, room: R })?;
        }
        from.finish()?;
        let mut history = Self { known, recommendations: Extremes::new() };
        history.recommendations.restore(&entries);
        Ok(history)
    }

    pub(super) fn known(&self) -> &Known {
        &self.known
    }

    /// The same, without its capacity in the type.
    pub(super) fn view(&mut self) -> (&mut Known, ExtremesView<'_>) {
        (&mut self.known, self.recommendations.view())
    }
}

fn bits(rate: f64) -> i64 {
    rate.to_bits().cast_signed()
}

fn put(to: &mut Writer<'_>, value: Option<i64>) {
    to.u8(u8::from(value.is_some()));
    if let Some(value) = value {
        to.i64(value);
    }
}

fn flag(from: &mut Reader<'_>) -> Result<bool, SnapshotError> {
    match from.u8()? {
        0 => Ok(false),
        1 => Ok(true),
        found => Err(SnapshotError::BadValue { field: "flag", found: i64::from(found) }),
    }
}

fn take(from: &mut Reader<'_>) -> Result<Option<i64>, SnapshotError> {
    if flag(from)? { Ok(Some(from.i64()?)) } else { Ok(None) }
}

fn rate(bits: i64) -> f64 {
    f64::from_bits(bits.cast_unsigned())
}

fn throughput(from: &mut Reader<'_>) -> Result<Throughput, SnapshotError> {
    Ok(Throughput { consumers: from.i32()?, rate: rate(from.i64()?) })
}
