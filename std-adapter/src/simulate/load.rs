//! Offered load: how many requests arrive in every second of a run.
//!
//! A load is a sum of parts. Each part is a shape given by a few numbers, a recorded trace, or noise on top of other
//! parts. Shapes are evaluated at the middle of each second, which is the mean over the second for everything piecewise
//! linear, and the result is one rate per second of the run, kept in memory (8 bytes a second; 21 MB at the longest run).
//! Rates are requests per second, from 0 to [`RATE_MOST_RPS`]; times are whole seconds from the start of the run.

pub mod trace;

use std::error::Error;
use std::fmt;
use std::io;

use serde::Deserialize;

use self::trace::{Trace, TraceError, TraceFacts};
use super::random::Dice;
use super::value::{BadValue, within};

/// Highest rate of a part and of their sum, requests per second: a millionth of a request stays countable in 64 bits.
pub const RATE_MOST_RPS: f64 = 1e9;

/// Most parts in one load, those under noise included.
pub const PARTS_MOST: usize = 64;

/// Deepest nesting of noise on noise.
const DEPTH_MOST: usize = 4;

/// First random stream used by noise; lower ones belong to the world.
const NOISE_STREAMS: u64 = 1_000;

/// Reads a file that a scenario names; the one who knows the folder supplies it.
pub type Files<'a> = dyn FnMut(&str) -> io::Result<Vec<u8>> + 'a;

/// The rate of every second of a run.
#[derive(Clone, Debug, PartialEq)]
pub struct Load {
    rates: Vec<f64>,
    traces: Vec<TraceFacts>,
}

/// One part of a load, as a scenario writes it.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// The same rate all the time.
    Steady(Steady),
    /// One rate, then at once another.
    Step(Step),
    /// One rate, then evenly to another.
    Ramp(Ramp),
    /// A wave around a mean.
    Sine(Sine),
    /// Up for a while, then back.
    Spike(Spike),
    /// Other parts, each stretch of time multiplied by a random factor.
    Noise(Noise),
    /// A recorded load.
    Trace(Trace),
}

/// The same rate all the time.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Steady {
    /// Requests per second.
    pub rate_rps: f64,
}

/// `from_rps` before `at_s`, `to_rps` from then on.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// Requests per second before.
    pub from_rps: f64,
    /// Requests per second after.
    pub to_rps: f64,
    /// Second of the change.
    pub at_s: u32,
}

/// `from_rps` until `at_s`, then in a straight line to `to_rps` within `duration_s`, and there it stays.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ramp {
    /// Requests per second before.
    pub from_rps: f64,
    /// Requests per second after.
    pub to_rps: f64,
    /// Second at which it starts.
    pub at_s: u32,
    /// Its length in seconds, at least 1.
    pub duration_s: u32,
}

/// `mean_rps + amplitude_rps · sin(2π (t − phase_s) / period_s)`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sine {
    /// Mean, requests per second.
    pub mean_rps: f64,
    /// Height of the wave above the mean, requests per second; at most the mean, as no load is negative.
    pub amplitude_rps: f64,
    /// Seconds from one top to the next, at least 1.
    pub period_s: u32,
    /// Second at which the wave crosses its mean upward.
    #[serde(default)]
    pub phase_s: u32,
}

/// `from_rps`, then from `at_s` on `to_rps` for `duration_s`, then `from_rps` again.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Spike {
    /// Requests per second before and after.
    pub from_rps: f64,
    /// Requests per second at the top.
    pub to_rps: f64,
    /// Second at which it starts to rise.
    pub at_s: u32,
    /// Seconds from the start of the rise to the start of the fall, at least 1.
    pub duration_s: u32,
    /// Seconds of rising, part of `duration_s`; 0 is a jump.
    #[serde(default)]
    pub rise_s: u32,
    /// Seconds of falling, after `duration_s`; 0 is a jump.
    #[serde(default)]
    pub fall_s: u32,
}

/// The sum of `on`, every stretch of `every_s` seconds multiplied by its own factor, uniform in 1 ± `percent` / 100.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Noise {
    /// The parts below the noise.
    pub on: Vec<Part>,
    /// Largest deviation in percent, 0 to 100.
    pub percent: f64,
    /// Seconds for which a factor holds, at least 1.
    #[serde(default = "one")]
    pub every_s: u32,
    /// Seed of this noise; absent: the scenario's seed and the noise's place among the parts.
    #[serde(default)]
    pub seed: Option<u64>,
}

const fn one() -> u32 {
    1
}

/// Why a load could not be built.
#[derive(Debug)]
pub enum LoadError {
    /// A number that a shape cannot have.
    Value(BadValue),
    /// A trace that cannot be read.
    Trace(TraceError),
    /// A file that could not be opened.
    File {
        /// Its name in the scenario.
        file: String,
        /// What the system said.
        error: io::Error,
    },
}

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Value(error) => error.fmt(f),
            Self::Trace(error) => error.fmt(f),
            Self::File { file, error } => write!(f, "trace {file} cannot be read: {error}"),
        }
    }
}

impl Error for LoadError {}

impl From<BadValue> for LoadError {
    fn from(error: BadValue) -> Self {
        Self::Value(error)
    }
}

impl Load {
    /// Adds up `parts` for a run of `duration_s` seconds. `seed` is the scenario's; `files` reads the traces.
    ///
    /// # Errors
    /// [`LoadError`] names the first impossible value, the unreadable file, or the place in a trace.
    pub fn build(parts: &[Part], duration_s: u32, seed: u64, files: &mut Files<'_>) -> Result<Self, LoadError> {
        let mut sum = Sum { duration_s, seed, parts: 0, files, traces: Vec::new() };
        let rates = sum.of(parts, "load", 0)?;
        for (at_s, rate) in rates.iter().enumerate() {
            within(&format!("load at second {at_s}, requests per second,"), *rate, 0.0, RATE_MOST_RPS)?;
        }
        Ok(Self { rates, traces: sum.traces })
    }

    /// Requests per second that arrive during second `at_s`; 0 after the end of the run.
    #[must_use]
    pub fn rate(&self, at_s: u32) -> f64 {
        usize::try_from(at_s).ok().and_then(|at| self.rates.get(at)).copied().unwrap_or(0.0)
    }

    /// What was found in each trace, in the order of the parts: periods, gaps and how they were filled.
    #[must_use]
    pub fn traces(&self) -> &[TraceFacts] {
        &self.traces
    }
}

/// The state of adding up: limits, and what the traces told.
struct Sum<'a, 'f> {
    duration_s: u32,
    seed: u64,
    parts: usize,
    files: &'a mut Files<'f>,
    traces: Vec<TraceFacts>,
}

impl Sum<'_, '_> {
    fn of(&mut self, parts: &[Part], path: &str, depth: usize) -> Result<Vec<f64>, LoadError> {
        if parts.is_empty() {
            return Err(BadValue::new(path, "an empty list", "must have at least one part").into());
        }
        within(&format!("{path}, nested noise,"), depth, 0, DEPTH_MOST)?;
        let mut total = vec![0.0; usize::try_from(self.duration_s).unwrap_or(0)];
        for (index, part) in parts.iter().enumerate() {
            self.parts += 1;
            within("load, number of parts,", self.parts, 1, PARTS_MOST)?;
            let rates = self.part(part, &format!("{path}[{index}]"), depth)?;
            for (sum, rate) in total.iter_mut().zip(rates) {
                *sum += rate;
            }
        }
        Ok(total)
    }

    fn part(&mut self, part: &Part, path: &str, depth: usize) -> Result<Vec<f64>, LoadError> {
        match part {
            Part::Steady(shape) => {
                rates_of(&format!("{path}.steady"), &[("rate_rps", shape.rate_rps)])?;
                Ok(self.shape(|_| shape.rate_rps))
            }
            Part::Step(shape) => {
                let path = format!("{path}.step");
                rates_of(&path, &[("from_rps", shape.from_rps), ("to_rps", shape.to_rps)])?;
                Ok(self.shape(|t| if t < f64::from(shape.at_s) { shape.from_rps } else { shape.to_rps }))
            }
            Part::Ramp(shape) => {
                let path = format!("{path}.ramp");
                rates_of(&path, &[("from_rps", shape.from_rps), ("to_rps", shape.to_rps)])?;
                within(&format!("{path}.duration_s"), shape.duration_s, 1, u32::MAX)?;
                Ok(self.shape(|t| between(shape.from_rps, shape.to_rps, t - f64::from(shape.at_s), shape.duration_s)))
            }
            Part::Sine(shape) => {
                let path = format!("{path}.sine");
                rates_of(&path, &[("mean_rps", shape.mean_rps)])?;
                within(&format!("{path}.amplitude_rps"), shape.amplitude_rps, 0.0, shape.mean_rps)?;
                within(&format!("{path}.period_s"), shape.period_s, 1, u32::MAX)?;
                Ok(self.shape(|t| shape.at(t)))
            }
            Part::Spike(shape) => {
                let path = format!("{path}.spike");
                rates_of(&path, &[("from_rps", shape.from_rps), ("to_rps", shape.to_rps)])?;
                within(&format!("{path}.duration_s"), shape.duration_s, 1, u32::MAX)?;
                within(&format!("{path}.rise_s"), shape.rise_s, 0, shape.duration_s)?;
                Ok(self.shape(|t| shape.at(t)))
            }
            Part::Noise(noise) => self.noise(noise, &format!("{path}.noise"), depth),
            Part::Trace(trace) => {
                let path = format!("{path}.trace");
                within(&format!("{path}.scale"), trace.scale, 0.0, trace::SCALE_MOST)?;
                let text =
                    (self.files)(&trace.file).map_err(|error| LoadError::File { file: trace.file.clone(), error })?;
                let recorded = trace.read(&text).map_err(LoadError::Trace)?;
                if recorded.length_s() < u64::from(self.duration_s) {
                    let why = format!("longer than the part of trace {} in use, {} s", trace.file, recorded.length_s());
                    return Err(BadValue::new("duration_s", self.duration_s, why).into());
                }
                let rates = recorded.rates(self.duration_s);
                self.traces.push(recorded.facts);
                Ok(rates)
            }
        }
    }

    fn noise(&mut self, noise: &Noise, path: &str, depth: usize) -> Result<Vec<f64>, LoadError> {
        within(&format!("{path}.percent"), noise.percent, 0.0, 100.0)?;
        within(&format!("{path}.every_s"), noise.every_s, 1, u32::MAX)?;
        let mut dice = match noise.seed {
            Some(seed) => Dice::new(seed, NOISE_STREAMS),
            None => Dice::new(self.seed, NOISE_STREAMS + self.parts as u64),
        };
        let mut rates = self.of(&noise.on, &format!("{path}.on"), depth + 1)?;
        let mut factor = 1.0;
        for (at_s, rate) in (0_u32..).zip(&mut rates) {
            if at_s % noise.every_s == 0 {
                factor = 1.0 + noise.percent / 100.0 * (2.0 * dice.unit() - 1.0);
            }
            *rate *= factor;
        }
        Ok(rates)
    }

    /// The shape at the middle of every second.
    fn shape(&self, at: impl Fn(f64) -> f64) -> Vec<f64> {
        (0..self.duration_s).map(|second| at(f64::from(second) + 0.5)).collect()
    }
}

impl Sine {
    fn at(&self, t: f64) -> f64 {
        // The remainder keeps the angle small: a long run has the same wave at its end as at its start.
        let turn = (t - f64::from(self.phase_s)) % f64::from(self.period_s) / f64::from(self.period_s);
        self.mean_rps + self.amplitude_rps * libm::sin(core::f64::consts::TAU * turn)
    }
}

impl Spike {
    fn at(&self, t: f64) -> f64 {
        let since = t - f64::from(self.at_s);
        let after = since - f64::from(self.duration_s);
        if after < 0.0 {
            between(self.from_rps, self.to_rps, since, self.rise_s)
        } else {
            between(self.to_rps, self.from_rps, after, self.fall_s)
        }
    }
}

/// `from` before 0, `to` after `length_s`, a straight line between; a jump when there is no length.
fn between(from: f64, to: f64, since: f64, length_s: u32) -> f64 {
    if since < 0.0 {
        from
    } else if since >= f64::from(length_s) {
        to
    } else {
        from + (to - from) * (since / f64::from(length_s))
    }
}

fn rates_of(path: &str, rates: &[(&str, f64)]) -> Result<(), BadValue> {
    rates.iter().try_for_each(|(name, rate)| within(&format!("{path}.{name}"), *rate, 0.0, RATE_MOST_RPS))
}

#[cfg(test)]
mod tests;
