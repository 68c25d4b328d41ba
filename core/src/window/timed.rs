//! What every window can do, and windows whose measurements leave by age.

use super::{Held, Measurement};
use crate::error::{ConfigError, Problem};
use crate::snapshot::{FRAME, Reader, SnapshotError, Writer};
use crate::units::{Instant, Span};

/// Takes measurements, says what it holds, can be saved.
pub trait Window: Sized {
    /// What it measures.
    type Value;
    /// The kind of its snapshot.
    const KIND: u16;
    /// The most bytes of the body of a snapshot.
    const BODY: usize;

    /// Takes a measurement, seen now. When time ran back, what came later counts as having come now.
    fn push(&mut self, now: Instant, measurement: Measurement<Self::Value>);

    /// What it holds. At most O(N).
    fn held(&self) -> Held;

    /// Writes the body of a snapshot.
    fn write(&self, to: &mut Writer<'_>);

    /// Reads the body of a snapshot.
    ///
    /// # Errors
    /// Whatever is wrong with it.
    fn read(from: &mut Reader<'_>) -> Result<Self, SnapshotError>;

    /// The most bytes that [`Window::save`] writes.
    #[must_use]
    fn saved_size() -> usize {
        FRAME.saturating_add(Self::BODY)
    }

    /// Writes a [snapshot](crate::snapshot), and gives its length.
    ///
    /// # Errors
    /// When the buffer is too small, with the size needed.
    fn save(&self, out: &mut [u8]) -> Result<usize, SnapshotError> {
        let mut to = Writer::new(out, Self::KIND, 1);
        self.write(&mut to);
        to.finish()
    }

    /// Reads what [`Window::save`] wrote. The window then answers as if it had never stopped.
    ///
    /// # Errors
    /// Whatever is wrong with the bytes; they must be of the same kind of window, with room for what was held.
    fn restore(bytes: &[u8]) -> Result<Self, SnapshotError> {
        let mut from = Reader::new(bytes, Self::KIND, 1)?;
        let window = Self::read(&mut from)?;
        from.finish()?;
        Ok(window)
    }
}

/// Windows over the last N measurements, which can lose the oldest ones before that.
pub trait Forgetful: Window {
    /// The most measurements.
    const CAPACITY: usize;

    /// How many measurements there are, values or not.
    fn len(&self) -> usize;

    /// Whether there are none.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Loses so many of the oldest.
    fn forget(&mut self, count: usize);

    /// Loses so many of the oldest and takes a measurement: at once, where that is less work than one after the other.
    fn exchange(&mut self, leave: usize, now: Instant, measurement: Measurement<Self::Value>) {
        self.forget(leave);
        self.push(now, measurement);
    }

    /// Time ran back to `now`: the newest value came then at the latest.
    fn clamp(&mut self, now: Instant);
}

/// A window of at most `N` measurements that leave at an age, too. `N` is the inner window's.
///
/// A measurement as old as the span is out. Take `N` as the span over the least distance between measurements: when
/// there are more, the oldest leave before their time, and are counted.
///
/// ```
/// use plimsoll_core::units::{Instant, Span};
/// use plimsoll_core::window::{ExactQuantiles, Measurement, Quantile, Timed, Window};
///
/// let mut latency: Timed<ExactQuantiles<300, 1>, 300> =
///     Timed::new(ExactQuantiles::new([Quantile::P95]), Span::from_secs(60))?;
/// latency.push(Instant::from_secs(0), Measurement::Present(12));
/// latency.push(Instant::from_secs(30), Measurement::Present(7));
/// assert_eq!(latency.at(Instant::from_secs(59)).quantile(Quantile::P95), Some(12));
/// assert_eq!(latency.at(Instant::from_secs(60)).quantile(Quantile::P95), Some(7));
/// assert_eq!(latency.at(Instant::from_secs(90)).quantile(Quantile::P95), None);
/// # Ok::<(), plimsoll_core::error::ConfigError>(())
/// ```
///
/// # Bytes
///
/// A snapshot of kind 22: kind of the inner window (u16), span (i64, nanoseconds), measurements that left early (i32),
/// the inner window's body, the times (i64 each, oldest first, as many as the inner window holds).
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(try_from = "Parts<W, N>"))]
#[cfg_attr(feature = "serde", serde(bound(deserialize = "W: Forgetful + serde::Deserialize<'de>")))]
pub struct Timed<W, const N: usize> {
    window: W,
    times: Times<N>,
    span: Span,
    crowded_out: u32,
}

impl<W: Forgetful, const N: usize> Timed<W, N> {
    /// From an empty window.
    ///
    /// # Errors
    /// When the window is not empty, or the span is no time at all.
    pub fn new(window: W, span: Span) -> Result<Self, ConfigError> {
        const { assert!(N == W::CAPACITY, "the times are as many as the measurements") };
        if !window.is_empty() {
            let given = i64::try_from(window.len()).unwrap_or(i64::MAX);
            return Err(ConfigError::new("window", given, Problem::AtMost(0)));
        }
        checked(span)?;
        Ok(Self { window, times: Times::new(), span, crowded_out: 0 })
    }

    /// The window as it is now. O(measurements that leave) and what their leaving costs the inner window.
    pub fn at(&mut self, now: Instant) -> &W {
        let out = self.leave(now);
        if out > 0 {
            self.window.forget(out);
        }
        &self.window
    }

    /// Moves the times on, and says how many measurements leave.
    fn leave(&mut self, now: Instant) -> usize {
        if self.times.clamp(now) {
            self.window.clamp(now);
        }
        self.times.forget_until(now, self.span)
    }

    /// The window as of the last time that was told.
    #[must_use]
    pub const fn window(&self) -> &W {
        &self.window
    }

    /// The age at which measurements leave.
    #[must_use]
    pub const fn span(&self) -> Span {
        self.span
    }

    /// When the oldest measurement leaves: the answer may change then by time alone.
    #[must_use]
    pub fn revisit_at(&self) -> Option<Instant> {
        self.times.oldest().map(|at| at + self.span)
    }

    /// How many left before their time, for want of room.
    #[must_use]
    pub const fn crowded_out(&self) -> u32 {
        self.crowded_out
    }
}

impl<W: Forgetful, const N: usize> Window for Timed<W, N> {
    type Value = W::Value;
    const KIND: u16 = 22;
    const BODY: usize = W::BODY.saturating_add(14).saturating_add(N.saturating_mul(8));

    fn push(&mut self, now: Instant, measurement: Measurement<W::Value>) {
        let leave = self.leave(now);
        if self.times.push(now) {
            self.crowded_out = self.crowded_out.saturating_add(1);
        }
        self.window.exchange(leave, now, measurement);
    }

    fn held(&self) -> Held {
        self.window.held()
    }

    fn write(&self, to: &mut Writer<'_>) {
        to.u16(W::KIND);
        to.i64(self.span.as_nanos() as i64);
        to.i32(self.crowded_out as i32);
        self.window.write(to);
        self.times.write(to);
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, SnapshotError> {
        let kind = from.u16()?;
        if kind != W::KIND {
            return Err(SnapshotError::OtherKind { found: kind });
        }
        let span = read_span(from)?;
        let crowded_out = from.i32()? as u32;
        let window = W::read(from)?;
        let times = Times::read(from, window.len())?;
        Ok(Self { window, times, span, crowded_out })
    }
}

/// What is saved of a window.
#[cfg(feature = "serde")]
#[derive(serde::Deserialize)]
#[serde(rename = "Timed", deny_unknown_fields)]
struct Parts<W, const N: usize> {
    window: W,
    times: Times<N>,
    span: Span,
    crowded_out: u32,
}

#[cfg(feature = "serde")]
impl<W: Forgetful, const N: usize> TryFrom<Parts<W, N>> for Timed<W, N> {
    type Error = ConfigError;

    fn try_from(parts: Parts<W, N>) -> Result<Self, ConfigError> {
        let Parts { window, times, span, crowded_out } = parts;
        checked(span)?;
        let count = u16::try_from(window.len()).unwrap_or(u16::MAX);
        Ok(Self { times: times.for_each_of(count)?, window, span, crowded_out })
    }
}

pub(super) const fn checked(span: Span) -> Result<(), ConfigError> {
    if span.as_nanos() == 0 { Err(ConfigError::new("span", 0, Problem::AtLeast(1))) } else { Ok(()) }
}

pub(super) fn read_span(from: &mut Reader<'_>) -> Result<Span, SnapshotError> {
    match from.i64()? {
        0 => Err(SnapshotError::BadValue { field: "span", found: 0 }),
        nanos => Ok(Span::from_nanos(nanos as u64)),
    }
}

/// The last `N` times, never falling.
#[derive(Clone, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub(super) struct Times<const N: usize>(heapless::Deque<Instant, N>);

impl<const N: usize> PartialEq for Times<N> {
    fn eq(&self, other: &Self) -> bool {
        self.0.iter().eq(other.0.iter())
    }
}

impl<const N: usize> Times<N> {
    pub(super) const fn new() -> Self {
        Self(heapless::Deque::new())
    }

    /// Times that were read: one for each measurement, never falling.
    #[cfg(feature = "serde")]
    pub(super) fn for_each_of(self, measurements: u16) -> Result<Self, ConfigError> {
        let count = i64::try_from(self.0.len()).unwrap_or(i64::MAX);
        if count != i64::from(measurements) {
            return Err(ConfigError::new("times", count, Problem::Capacity { needed: u32::from(measurements) }));
        }
        let falls = self.iter().zip(self.iter().skip(1)).find(|(before, after)| before > after);
        match falls {
            Some((before, after)) => {
                Err(ConfigError::new("times", after.as_nanos(), Problem::AtLeast(before.as_nanos())))
            }
            None => Ok(self),
        }
    }

    pub(super) fn oldest(&self) -> Option<Instant> {
        self.0.front().copied()
    }

    /// Adds a time that is not before the last; whether the oldest had to leave.
    pub(super) fn push(&mut self, now: Instant) -> bool {
        let full = self.0.is_full();
        if full {
            self.0.pop_front();
        }
        let _fits = self.0.push_back(now);
        full
    }

    /// Moves later times to `now`; whether there were any.
    pub(super) fn clamp(&mut self, now: Instant) -> bool {
        let ran_back = self.0.back().is_some_and(|last| *last > now);
        if ran_back {
            self.0.iter_mut().rev().take_while(|time| **time > now).for_each(|time| *time = now);
        }
        ran_back
    }

    /// Loses the times that are `span` old or older, and says how many.
    pub(super) fn forget_until(&mut self, now: Instant, span: Span) -> usize {
        let mut out = 0usize;
        while self.oldest().is_some_and(|at| now.since(at) >= span) {
            self.0.pop_front();
            out = out.wrapping_add(1);
        }
        out
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = Instant> + '_ {
        self.0.iter().copied()
    }

    pub(super) fn write(&self, to: &mut Writer<'_>) {
        self.iter().for_each(|time| to.i64(time.as_nanos()));
    }

    pub(super) fn read(from: &mut Reader<'_>, count: usize) -> Result<Self, SnapshotError> {
        let mut times = Self::new();
        for _ in 0..count {
            let time = Instant::from_nanos(from.i64()?);
            if times.0.back().is_some_and(|last| *last > time) {
                return Err(SnapshotError::BadValue { field: "time before the last", found: time.as_nanos() });
            }
            times.push(time);
        }
        Ok(times)
    }
}
