//! Everything that is remembered of one workload, of a fixed size.
//!
//! Upstream keeps the windows, the panic and the delay in the autoscaler's memory and loses them with it; the state of
//! the life cycle is in the object's status. Here all of it is one value, which can be saved.
//!
//! # Bytes
//!
//! The body of a [snapshot](crate::snapshot) of kind 2, version 1. Times are nanoseconds from the host's origin (i64).
//!
//! | bytes | field |
//! |---|---|
//! | 2 | flags, a bit each: 0 panicking, 1 ramp, 2 delay, 3 decided before, 4 time of the state, 5 of the reason, 6 published, 7 last time, 8 initialised |
//! | 4 | most pods of the panic |
//! | 0 or 8 | beginning of the panic |
//! | 0 or 12 | fewest pods of the ramp, time of its next step |
//! | 0 or 8 + 12 n | delay: slots, number of entries; for each: slot (i64), value (i32) |
//! | 4 | excess burst capacity |
//! | 0 or 4 | replicas wanted |
//! | 2 | state, reason (0 = none, else one more than its place in [`Reason::ALL`]) |
//! | 0 or 8, 0 or 8 | time of the last change of the state, and of state or reason |
//! | 0 or 4 | replicas published |
//! | 4 | samples refused since the last decision |
//! | 0 or 8 | time of the last decision |
//! | n, n | stable and panic window |
//!
//! A window:
//!
//! | bytes | field |
//! |---|---|
//! | 8, 8 | its length and that of a bucket, nanoseconds |
//! | 1 | 1 = the first bucket follows, 2 = the last bucket follows |
//! | 0 or 8, 0 or 8 | numbers of the first and the last bucket |
//! | 8 | running sum (binary64) |
//! | 8 n | the sums of all ⌈length / bucket⌉ buckets (binary64), newest first |

use super::observation::{Load, Sample};
use super::policy::{BUCKET, Decider, Kpa, Mended, TICK};
use super::settings::Aggregation;
use crate::error::{ConfigError, Problem};
use crate::snapshot::{FRAME, Reader, SnapshotError, Writer};
use crate::units::{Instant, Replicas, Span};
use crate::window::buckets::Parts;
use crate::window::{Buckets, Recorded, Slot, SlotMaximum};

const KIND: u16 = 2;
const VERSION: u16 = 1;

/// What is remembered of one workload: room for a stable window of `S` seconds, a panic window of `P` seconds, and a
/// scale-down delay of `D` slots of 2 s. The defaults serve Knative's default windows and no delay.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct History<const S: usize = 60, const P: usize = 6, const D: usize = 1> {
    pub(super) windows: Windows<S, P>,
    pub(super) memory: Memory<D>,
    pub(super) status: Status,
    /// What the decider said last, as far as it ever could.
    pub(super) wanted: Option<Replicas>,
    pub(super) excess: i32,
    /// Samples that were not taken since the last decision.
    pub(super) refused: u32,
    last: Option<Instant>,
}

impl<const S: usize, const P: usize, const D: usize> History<S, P, D> {
    /// A workload first seen now, with so many ready pods (`None` when they could not be counted): with more than one,
    /// it begins in a panic, which holds their number until a stable window was watched.
    ///
    /// # Errors
    /// When the policy needs more room than there is.
    pub fn new(kpa: &Kpa, ready: Option<u32>, now: Instant) -> Result<Self, ConfigError> {
        let (stable, panic) = kpa.windows();
        Ok(Self {
            windows: Windows::new(stable, panic)?,
            memory: Memory::new(&kpa.decider, ready, now)?,
            status: Status::new(now),
            wanted: None,
            excess: kpa.decider.initial_excess_burst_capacity(kpa.lifecycle.initial_scale),
            refused: 0,
            last: None,
        })
    }

    /// Adds a sample to both windows, and counts it if it is refused.
    pub(super) fn record(&mut self, at: Instant, sample: Sample) -> Recorded {
        let recorded = self.windows.record(at, sample);
        if recorded != Recorded::Kept {
            self.refused = self.refused.saturating_add(1);
        }
        recorded
    }

    /// The windows.
    #[must_use]
    pub fn windows(&self) -> &Windows<S, P> {
        &self.windows
    }

    /// Panic and delay.
    #[must_use]
    pub fn memory(&self) -> &Memory<D> {
        &self.memory
    }

    /// The state of the life cycle.
    #[must_use]
    pub fn status(&self) -> &Status {
        &self.status
    }

    /// The state of the life cycle, to be filled from an object's status.
    pub fn status_mut(&mut self) -> &mut Status {
        &mut self.status
    }

    /// Replicas that the decider wanted last; `None` before it ever could tell.
    #[must_use]
    pub fn wanted(&self) -> Option<Replicas> {
        self.wanted
    }

    /// Excess burst capacity as of the last decision.
    #[must_use]
    pub fn excess_burst_capacity(&self) -> i32 {
        self.excess
    }

    /// Takes note of the time, and gives the time before. When time ran back, what was remembered from later is taken to
    /// be from now, and samples from more than a window ahead are forgotten.
    pub(super) fn see(&mut self, now: Instant) -> Option<Instant> {
        let last = self.last.replace(now);
        if last.is_some_and(|last| last > now) {
            self.memory.run_back(now);
            self.status.run_back(now);
            self.windows.run_back(now);
        }
        last
    }

    /// The most bytes that [`History::save`] writes.
    #[must_use]
    pub const fn saved_size() -> usize {
        // Flags 2, panic 12, ramp 12, delay 8, wanted 8, state 2 + 16, published 4, refused 4, last 8.
        let fixed = FRAME.saturating_add(76);
        // A window: lengths 16, flags 1, numbers 16, sum 8.
        let windows = S.saturating_add(P).saturating_mul(8).saturating_add(82);
        fixed.saturating_add(D.saturating_mul(12)).saturating_add(windows)
    }

    /// Writes the history as the bytes described in the module's documentation, and gives their number.
    ///
    /// # Errors
    /// When the buffer is too small, with the size needed.
    pub fn save(&self, out: &mut [u8]) -> Result<usize, SnapshotError> {
        let Self { memory, status, .. } = self;
        let mut to = Writer::new(out, KIND, VERSION);
        let present = [
            memory.panic.since.is_some(),
            memory.ramp.is_some(),
            memory.delay.is_some(),
            self.wanted.is_some(),
            status.since.is_some(),
            status.reason_since.is_some(),
            status.published.is_some(),
            self.last.is_some(),
            status.initialized,
        ];
        to.u16(present.iter().rev().fold(0, |bits, set| (bits << 1) | u16::from(*set)));
        to.i32(memory.panic.most);
        let time = |to: &mut Writer<'_>, at: Option<Instant>| at.into_iter().for_each(|at| to.i64(at.as_nanos()));
        time(&mut to, memory.panic.since);
        if let Some(ramp) = memory.ramp {
            to.i32(ramp.fewest);
            to.i64(ramp.steps_at.as_nanos());
        }
        if let Some(delay) = &memory.delay {
            to.i32(delay.slots().cast_signed());
            to.i32(i32::try_from(delay.entries().count()).unwrap_or(i32::MAX));
            for entry in delay.entries() {
                to.i64(entry.number);
                to.i32(entry.value);
            }
        }
        to.i32(self.excess);
        self.wanted.into_iter().for_each(|wanted| to.i32(wanted.0));
        to.u8(status.state as u8);
        to.u8(status.reason.map_or(0, |reason| (reason as u8).saturating_add(1)));
        time(&mut to, status.since);
        time(&mut to, status.reason_since);
        status.published.into_iter().for_each(|published| to.i32(published.0));
        to.i32(self.refused.cast_signed());
        time(&mut to, self.last);
        save_window(&self.windows.stable, &mut to);
        save_window(&self.windows.panic, &mut to);
        to.finish()
    }

    /// Reads what [`History::save`] wrote. The history then decides as if it had never stopped.
    ///
    /// # Errors
    /// Whatever is wrong with the bytes. Nothing is believed unchecked.
    pub fn restore(bytes: &[u8]) -> Result<Self, SnapshotError> {
        let mut from = Reader::new(bytes, KIND, VERSION)?;
        let flags = from.u16()?;
        if flags >= 1 << 9 {
            return Err(SnapshotError::BadValue { field: "flags", found: i64::from(flags) });
        }
        let has = |bit: u16| flags & (1_u16.wrapping_shl(u32::from(bit))) != 0;
        let most = from.i32()?;
        let since = time(&mut from, has(0))?;
        let ramp =
            if has(1) { Some(Ramp { fewest: from.i32()?, steps_at: Instant::from_nanos(from.i64()?) }) } else { None };
        let delay = if has(2) { Some(restore_delay(&mut from)?) } else { None };
        let excess = from.i32()?;
        let wanted = if has(3) { Some(Replicas(from.i32()?)) } else { None };
        let state = one_of("state", &State::ALL, from.u8()?)?;
        let reason = match from.u8()?.checked_sub(1) {
            Some(place) => Some(one_of("reason", &Reason::ALL, place)?),
            None => None,
        };
        let state_since = time(&mut from, has(4))?;
        let reason_since = time(&mut from, has(5))?;
        let published = if has(6) { Some(Replicas(from.i32()?)) } else { None };
        let refused = from.i32()?.cast_unsigned();
        let last = time(&mut from, has(7))?;
        let windows = Windows { stable: restore_window(&mut from)?, panic: restore_window(&mut from)? };
        from.finish()?;
        let status = Status { state, reason, since: state_since, reason_since, initialized: has(8), published };
        let memory = Memory { panic: Panic { since, most }, ramp, delay };
        Ok(Self { windows, memory, status, wanted, excess, refused, last })
    }
}

fn time(from: &mut Reader<'_>, present: bool) -> Result<Option<Instant>, SnapshotError> {
    if present { Ok(Some(Instant::from_nanos(from.i64()?))) } else { Ok(None) }
}

fn restore_delay<const D: usize>(from: &mut Reader<'_>) -> Result<SlotMaximum<D>, SnapshotError> {
    let (slots, count) = (from.i32()?.cast_unsigned(), from.i32()?);
    let span = Span::from_nanos(u64::from(slots).saturating_mul(TICK.as_nanos()));
    let mut delay = SlotMaximum::new(span, TICK);
    if slots == 0 {
        return Err(SnapshotError::BadValue { field: "slots of the delay", found: 0 });
    }
    let needed = usize::try_from(count)
        .map_err(|_| SnapshotError::BadValue { field: "entries of the delay", found: i64::from(count) })?;
    if needed > D {
        return Err(SnapshotError::Capacity { needed, room: D });
    }
    for _ in 0..needed {
        let entry = Slot { number: from.i64()?, value: from.i32()? };
        if !delay.restore(entry) {
            return Err(SnapshotError::BadValue { field: "order of the delay", found: entry.number });
        }
    }
    Ok(delay)
}

fn save_window<const N: usize>(buckets: &Buckets<N>, to: &mut Writer<'_>) {
    let parts = Parts::from(buckets.clone());
    to.i64(parts.window.as_nanos().cast_signed());
    to.i64(parts.granularity.as_nanos().cast_signed());
    to.u8(u8::from(parts.first.is_some()) | (u8::from(parts.last.is_some()) << 1));
    for number in [parts.first, parts.last].into_iter().flatten() {
        to.i64(number);
    }
    to.i64(parts.total.to_bits().cast_signed());
    for value in &parts.newest_first {
        to.i64(value.to_bits().cast_signed());
    }
}

fn restore_window<const N: usize>(from: &mut Reader<'_>) -> Result<Buckets<N>, SnapshotError> {
    let window = Span::from_nanos(from.i64()?.cast_unsigned());
    let granularity = Span::from_nanos(from.i64()?.cast_unsigned());
    let flags = from.u8()?;
    if flags > 3 {
        return Err(SnapshotError::BadValue { field: "flags of a window", found: i64::from(flags) });
    }
    let mut number = |present: bool| if present { from.i64().map(Some) } else { Ok(None) };
    let (first, last) = (number(flags & 1 != 0)?, number(flags & 2 != 0)?);
    let total = float(from)?;
    // The count is known to fit before it is believed.
    let count = Buckets::<N>::fits(window, granularity).map_err(refused)?;
    let mut newest_first = heapless::Vec::new();
    for _ in 0..count {
        let _fits = newest_first.push(float(from)?);
    }
    let parts = Parts { window, granularity, first, last, total, newest_first };
    Buckets::try_from(parts).map_err(refused)
}

fn float(from: &mut Reader<'_>) -> Result<f64, SnapshotError> {
    Ok(f64::from_bits(from.i64()?.cast_unsigned()))
}

fn refused(error: ConfigError) -> SnapshotError {
    match error.problem {
        Problem::Capacity { needed } => SnapshotError::Capacity {
            needed: usize::try_from(needed).unwrap_or(usize::MAX),
            room: usize::try_from(error.given).unwrap_or(0),
        },
        _ => SnapshotError::BadValue { field: error.field, found: error.given },
    }
}

fn one_of<T: Copy>(field: &'static str, all: &[T], found: u8) -> Result<T, SnapshotError> {
    all.get(usize::from(found)).copied().ok_or(SnapshotError::BadValue { field, found: i64::from(found) })
}

/// Samples of the last while, in two windows of one-second sums.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Windows<const S: usize, const P: usize> {
    pub(super) stable: Buckets<S>,
    pub(super) panic: Buckets<P>,
}

impl<const S: usize, const P: usize> Windows<S, P> {
    /// Empty windows of these lengths.
    ///
    /// # Errors
    /// When one is below a second or needs more room than there is.
    pub fn new(stable: Span, panic: Span) -> Result<Self, ConfigError> {
        Ok(Self { stable: Buckets::new(stable, BUCKET)?, panic: Buckets::new(panic, BUCKET)? })
    }

    /// The stable window.
    #[must_use]
    pub fn stable(&self) -> &Buckets<S> {
        &self.stable
    }

    /// The panic window.
    #[must_use]
    pub fn panic(&self) -> &Buckets<P> {
        &self.panic
    }

    /// Adds a sample to both. The answer is that of the stable one, which looks back the furthest.
    pub fn record(&mut self, at: Instant, sample: Sample) -> Recorded {
        let own = sample.value - sample.proxied;
        let recorded = self.stable.record(at, own);
        self.panic.record(at, own);
        recorded
    }

    /// The averages; `None` when nothing was recorded for more than a stable window, and pods are `scraped` at all.
    #[must_use]
    pub fn read(&self, now: Instant, aggregation: Aggregation, scraped: bool, mended: Mended) -> Option<Load> {
        if scraped && self.stable.is_empty(now) {
            return None;
        }
        Some(Load {
            stable: average(&self.stable, now, aggregation, mended),
            panic: average(&self.panic, now, aggregation, mended),
        })
    }

    /// Changes the lengths, `now` being the wall clock. Keeps what fits.
    ///
    /// # Errors
    /// When one is below a second or needs more room than there is; that one is not changed then.
    pub fn resize(&mut self, stable: Span, panic: Span, now: Instant, mended: Mended) -> Result<(), ConfigError> {
        if mended.resize_keeps_first {
            self.stable.resize_keeping_first(stable, now)?;
            self.panic.resize_keeping_first(panic, now)
        } else {
            self.stable.resize(stable, now)?;
            self.panic.resize(panic, now)
        }
    }

    fn run_back(&mut self, now: Instant) {
        let ahead = |last: Option<Instant>, window: Span| last.is_some_and(|last| last.since(now) >= window);
        if ahead(self.stable.last(), self.stable.window()) {
            self.stable.reset();
        }
        if ahead(self.panic.last(), self.panic.window()) {
            self.panic.reset();
        }
    }
}

fn average<const N: usize>(buckets: &Buckets<N>, now: Instant, aggregation: Aggregation, mended: Mended) -> f64 {
    match aggregation {
        Aggregation::WeightedExponential if mended.normalized_average => buckets.normalized_average(now),
        Aggregation::WeightedExponential => buckets.weighted_average(now),
        Aggregation::Linear if mended.silence_is_zero => buckets.average_with_silence(now),
        Aggregation::Linear => buckets.average(now),
    }
}

/// What a decider remembers: the panic and the delay, of at most `D` slots.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Memory<const D: usize> {
    pub(super) panic: Panic,
    pub(super) ramp: Option<Ramp>,
    pub(super) delay: Option<SlotMaximum<D>>,
}

impl<const D: usize> Memory<D> {
    /// A decider first asked now, with so many ready pods. The delay is the policy's of this moment.
    ///
    /// # Errors
    /// When the delay needs more slots than there are.
    pub fn new(decider: &Decider, ready: Option<u32>, now: Instant) -> Result<Self, ConfigError> {
        Self::fits(decider)?;
        // A service that does not exist yet cannot be counted.
        let most = i32::try_from(ready.unwrap_or(0)).unwrap_or(i32::MAX);
        let delay = (decider.delay > Span::ZERO).then(|| SlotMaximum::new(decider.delay, TICK));
        Ok(Self { panic: Panic { since: (most > 1).then_some(now), most }, ramp: None, delay })
    }

    /// Whether there is room for the delay. A memory that is too small still decides: it merges its oldest slots.
    ///
    /// # Errors
    /// The number needed, and the room.
    pub fn fits(decider: &Decider) -> Result<(), ConfigError> {
        let needed = decider.delay_slots();
        if needed <= u64::try_from(D).unwrap_or(u64::MAX) {
            return Ok(());
        }
        let needed = u32::try_from(needed).unwrap_or(u32::MAX);
        let given = i64::try_from(D).unwrap_or(i64::MAX);
        Err(ConfigError::new("slots of the delay", given, Problem::Capacity { needed }))
    }

    /// The panic.
    #[must_use]
    pub fn panic(&self) -> Panic {
        self.panic
    }

    /// The ramp that follows a panic, if there is one.
    #[must_use]
    pub fn ramp(&self) -> Option<Ramp> {
        self.ramp
    }

    /// The delay, if the policy had one when this was made.
    #[must_use]
    pub fn delay(&self) -> Option<&SlotMaximum<D>> {
        self.delay.as_ref()
    }

    fn run_back(&mut self, now: Instant) {
        self.panic.since = self.panic.since.map(|since| since.min(now));
        if let Some(ramp) = &mut self.ramp {
            ramp.steps_at = ramp.steps_at.min(now);
        }
    }
}

/// Whether there is a panic, and how many pods it asked for at most.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Panic {
    /// Its last cause; `None` in stable mode.
    pub since: Option<Instant>,
    /// The most pods asked for in it.
    pub most: i32,
}

/// The way down from a panic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Ramp {
    /// The fewest pods for now.
    pub fewest: i32,
    /// When it goes on.
    pub steps_at: Instant,
}

/// Where in its life a revision is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum State {
    /// Pods are on their way (upstream: Active is Unknown).
    Activating,
    /// Enough pods are ready.
    Active,
    /// There is no traffic; the proxy takes requests.
    Inactive,
}

impl State {
    /// All, as bytes number them.
    pub const ALL: [Self; 3] = [Self::Activating, Self::Active, Self::Inactive];
}

/// The reason that upstream writes beside the state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Reason {
    /// Activating: requests wait for pods.
    Queued,
    /// Inactive: there are no requests.
    NoTraffic,
    /// Inactive: the activation took too long.
    TimedOut,
}

impl Reason {
    /// All, as bytes number them.
    pub const ALL: [Self; 3] = [Self::Queued, Self::NoTraffic, Self::TimedOut];
}

/// The state of the life cycle, as an object's status has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Status {
    /// Where it is.
    pub state: State,
    /// Why; `None` before the first pass, and when active.
    pub reason: Option<Reason>,
    /// When the state changed last.
    pub since: Option<Instant>,
    /// When the state or the reason changed last.
    pub reason_since: Option<Instant>,
    /// Whether the initial scale was ready once.
    pub initialized: bool,
    /// Replicas published as desired; `None` before any were known.
    pub published: Option<Replicas>,
}

impl Status {
    /// A new object.
    #[must_use]
    pub const fn new(now: Instant) -> Self {
        Self {
            state: State::Activating,
            reason: None,
            since: Some(now),
            reason_since: Some(now),
            initialized: false,
            published: None,
        }
    }

    /// How long the state holds, by the clock that the timers go by. A status without a time is as old as can be.
    pub(super) fn held_since(&self, mended: Mended) -> Instant {
        let since = if mended.timers_ignore_reasons { self.since } else { self.reason_since };
        since.unwrap_or(Instant::MIN)
    }

    /// Publishes what is wanted; an unknown number does not replace a known one.
    pub fn publish(&mut self, wanted: Option<Replicas>) {
        self.published = wanted.or(self.published);
    }

    pub(super) fn mark(&mut self, state: State, reason: Option<Reason>, now: Instant) {
        if self.state != state {
            self.since = Some(now);
        }
        if self.state != state || self.reason != reason {
            self.reason_since = Some(now);
        }
        (self.state, self.reason) = (state, reason);
    }

    fn run_back(&mut self, now: Instant) {
        self.since = self.since.map(|since| since.min(now));
        self.reason_since = self.reason_since.map(|since| since.min(now));
    }
}
