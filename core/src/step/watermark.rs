//! Dual watermark: nothing happens between a low and a high mark. As Datadog's WatermarkPodAutoscaler decides.
//!
//! # Bytes of the history
//!
//! The body of a [snapshot](crate::snapshot) of kind 8, version 1: four times that may be absent (0, or 1 and i64 ns):
//! last evaluation, last change of the scale, since when the metrics are above their high marks or not, and the same
//! below; then two bytes: 1 = above, 1 = below.

use core::fmt;

use super::explain::Step;
use crate::constrain::{Bounds, Direction};
use crate::decision::{self, Draft};
use crate::error::{ConfigError, Problem};
use crate::math;
use crate::snapshot::{FRAME, Reader, SnapshotError, Writer};
use crate::trace::Trace;
use crate::units::{Instant, Milli, Replicas, Span};

/// The marks of one metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Watermarks {
    low: Milli,
    high: Milli,
}

impl Watermarks {
    /// A mark that is not given is the other one.
    ///
    /// # Errors
    /// When neither is given, or the high one is below the low one.
    pub const fn new(low: Option<Milli>, high: Option<Milli>) -> Result<Self, ConfigError> {
        let (low, high) = match (low, high) {
            (Some(low), Some(high)) => (low, high),
            (Some(both), None) | (None, Some(both)) => (both, both),
            (None, None) => return Err(ConfigError::new("watermarks", 0, Problem::Empty)),
        };
        if high.0 < low.0 {
            return Err(ConfigError::new("high watermark", high.0, Problem::AtLeast(low.0)));
        }
        Ok(Self { low, high })
    }

    /// The low mark.
    #[must_use]
    pub const fn low(self) -> Milli {
        self.low
    }

    /// The high mark.
    #[must_use]
    pub const fn high(self) -> Milli {
        self.high
    }
}

/// Where a metric stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub enum Mark {
    /// Above its high mark.
    Above,
    /// Below its low mark.
    Below,
    /// On a mark or between them.
    Between,
    /// It is 0, and that is not tolerated.
    Zero,
}

/// What the value of a metric is compared as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Algorithm {
    /// As it is. Upstream's default.
    #[default]
    Absolute,
    /// Divided by the ready pods.
    Average,
}

/// Where the scale creeps to while all metrics are within their marks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Converge {
    /// Nowhere.
    #[default]
    Off,
    /// To the high mark: fewer replicas, one modulo at a time.
    HighWatermark,
    /// To the low mark: more replicas.
    LowWatermark,
}

/// Times of a watermark policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Times {
    /// After any change nothing is added for so long: 60 s.
    pub upscale_forbidden: Span,
    /// After any change nothing is removed for so long: 300 s.
    pub downscale_forbidden: Span,
    /// A metric must be above its high mark for so long, in whole seconds: 0.
    pub delay_above: Span,
    /// A metric must be below its low mark for so long, in whole seconds: 0.
    pub delay_below: Span,
}

impl Times {
    /// Upstream's defaults.
    pub const DEFAULT: Self = Self {
        upscale_forbidden: Span::from_secs(60),
        downscale_forbidden: Span::from_secs(300),
        delay_above: Span::ZERO,
        delay_below: Span::ZERO,
    };
}

impl Default for Times {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// Known defects of upstream answered better. All off by default.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Mended {
    /// The first evaluation keeps the delays, and does not count as a change when it changes nothing. Upstream's
    /// scales at once, and starts the forbidden windows even when there is nothing to change.
    pub first_like_others: bool,
    /// A metric of 0 that is not tolerated holds the scale. Upstream then asks for the number of ready pods, which is
    /// fewer than wanted while some are starting.
    pub zero_holds: bool,
    /// With a minimum of 0 the limit of scaling down holds too. Upstream's does not.
    pub limits_at_zero_min: bool,
    /// When no replica runs yet, as many as are wanted stay wanted. Upstream sets the scale to 1.
    pub keeps_wanted: bool,
}

/// A WatermarkPodAutoscaler's policy.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Watermark<'a> {
    bounds: Bounds,
    metrics: &'a [Watermarks],
    algorithm: Algorithm,
    tolerance: Milli,
    up_limit: Milli,
    down_limit: Milli,
    times: Times,
    min_available_percent: i32,
    modulo: i32,
    tolerates_zero: bool,
    converge: Converge,
    mended: Mended,
}

/// What one metric read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MarkReading {
    /// The sum of its values, or of its pods' values.
    pub total: Milli,
    /// Ready pods; for an External metric at most as many as the scale's status counts.
    pub ready: i32,
    /// Pods that could be ready: listed ones without those that are not the target's, failed, or done.
    pub listed: i32,
}

/// Why a metric gives no number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub enum Unreadable {
    /// The host gave no reading.
    NoReading,
    /// There is no pod.
    NoPods,
    /// No pod is ready.
    NoneReady,
    /// Too few pods are ready.
    TooFewReady {
        /// Percent that are.
        percent: i32,
    },
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoReading => f.write_str("no reading was given"),
            Self::NoPods => f.write_str("there is no pod"),
            Self::NoneReady => f.write_str("no pod is ready"),
            Self::TooFewReady { percent } => write!(f, "only {percent} % of the pods are ready"),
        }
    }
}

/// What a watermark policy looks at.
#[derive(Clone, Copy, Debug, Default)]
pub struct MarkObservation<'a> {
    /// The time.
    pub now: Instant,
    /// Replicas that are wanted (`spec.replicas`) and that run (`status.replicas`); `None` when not read.
    pub scale: Option<(Replicas, Replicas)>,
    /// One reading for each metric, in order; `None` where it failed.
    pub readings: &'a [Option<MarkReading>],
}

/// What a watermark policy remembers of one workload.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct MarkHistory {
    last: Option<Instant>,
    changed: Option<Instant>,
    above: Since,
    below: Since,
}

/// Whether something holds, and since when that is so.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
struct Since {
    holds: bool,
    at: Option<Instant>,
}

impl Since {
    fn set(&mut self, holds: bool, now: Instant) {
        if self.at.is_none() || self.holds != holds {
            *self = Self { holds, at: Some(now) };
        }
    }
}

impl MarkHistory {
    const KIND: u16 = 8;
    const VERSION: u16 = 1;

    /// The most bytes that [`MarkHistory::save`] writes.
    pub const SAVED: usize = FRAME + 4 * 9 + 2;

    /// What upstream keeps in an object's status: when the scale was last written, and whether a metric was above its
    /// high mark and below its low one, with since when that is so.
    #[must_use]
    pub const fn told(
        changed: Option<Instant>,
        above: Option<(bool, Instant)>,
        below: Option<(bool, Instant)>,
    ) -> Self {
        const fn since(told: Option<(bool, Instant)>) -> Since {
            match told {
                Some((holds, at)) => Since { holds, at: Some(at) },
                None => Since { holds: false, at: None },
            }
        }
        Self { last: None, changed, above: since(above), below: since(below) }
    }

    /// When the scale was last changed.
    #[must_use]
    pub const fn changed(&self) -> Option<Instant> {
        self.changed
    }

    /// Writes the history as the bytes described in the module's documentation, and gives their number.
    ///
    /// # Errors
    /// When the buffer is too small, with the size needed.
    pub fn save(&self, out: &mut [u8]) -> Result<usize, SnapshotError> {
        let mut to = Writer::new(out, Self::KIND, Self::VERSION);
        for time in [self.last, self.changed, self.above.at, self.below.at] {
            to.moment(time);
        }
        to.u8(u8::from(self.above.holds));
        to.u8(u8::from(self.below.holds));
        to.finish()
    }

    /// Reads what [`MarkHistory::save`] wrote.
    ///
    /// # Errors
    /// Whatever is wrong with the bytes.
    pub fn restore(bytes: &[u8]) -> Result<Self, SnapshotError> {
        let mut from = Reader::new(bytes, Self::KIND, Self::VERSION)?;
        let (last, changed) = (from.moment("last time")?, from.moment("last change")?);
        let (above, below) = (from.moment("above since")?, from.moment("below since")?);
        let above = Since { holds: from.flag("above")?, at: above };
        let below = Since { holds: from.flag("below")?, at: below };
        from.finish()?;
        Ok(Self { last, changed, above, below })
    }
}

/// A decision of a watermark policy.
pub type MarkDecision = decision::Decision<Step, MarkDetail>;

/// What else a watermark policy knows of a decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MarkDetail {
    /// Whether upstream would write the scale, be it the same number: then call [`Watermark::applied`].
    pub rescales: bool,
    /// Replicas that the metrics ask for, before limits.
    pub recommended: Option<Replicas>,
    /// All metrics are within their marks.
    pub stable: bool,
    /// The moment of the decision.
    pub at: Instant,
}

/// One metric's or all metrics' proposal.
#[derive(Clone, Copy)]
struct Proposal {
    replicas: i32,
    ready: i32,
    metric: u16,
}

impl<'a> Watermark<'a> {
    /// With upstream's defaults: a tolerance of 0.1, at most 50 % up and 20 % down at once.
    ///
    /// # Errors
    /// When there is no metric, or more than 65,535.
    pub const fn new(bounds: Bounds, metrics: &'a [Watermarks]) -> Result<Self, ConfigError> {
        if metrics.is_empty() {
            return Err(ConfigError::new("metrics", 0, Problem::Empty));
        }
        if metrics.len() > u16::MAX as usize {
            return Err(ConfigError::new("metrics", metrics.len() as i64, Problem::AtMost(u16::MAX as i64)));
        }
        Ok(Self {
            bounds,
            metrics,
            algorithm: Algorithm::Absolute,
            tolerance: Milli(100),
            up_limit: Milli(50_000),
            down_limit: Milli(20_000),
            times: Times::DEFAULT,
            min_available_percent: 0,
            modulo: 1,
            tolerates_zero: false,
            converge: Converge::Off,
            mended: Mended {
                first_like_others: false,
                zero_holds: false,
                limits_at_zero_min: false,
                keeps_wanted: false,
            },
        })
    }

    /// What values are compared as.
    #[must_use]
    pub const fn with_algorithm(self, algorithm: Algorithm) -> Self {
        Self { algorithm, ..self }
    }

    /// How far beyond a mark is still within it: 0 to 1 of the mark.
    ///
    /// # Errors
    /// When it is outside.
    pub const fn with_tolerance(self, tolerance: Milli) -> Result<Self, ConfigError> {
        match range("tolerance", tolerance, 1000) {
            Ok(()) => Ok(Self { tolerance, ..self }),
            Err(error) => Err(error),
        }
    }

    /// Most growth at once, in percent of the current number and at least 1 replica; 0 forbids growing.
    ///
    /// # Errors
    /// When it is negative.
    pub const fn with_up_limit(self, percent: Milli) -> Result<Self, ConfigError> {
        match range("scale up limit factor", percent, i64::MAX) {
            Ok(()) => Ok(Self { up_limit: percent, ..self }),
            Err(error) => Err(error),
        }
    }

    /// Most shrinking at once, in percent of the current number and at least 1 replica, below 100; 0 forbids it.
    ///
    /// # Errors
    /// When it is outside.
    pub const fn with_down_limit(self, percent: Milli) -> Result<Self, ConfigError> {
        match range("scale down limit factor", percent, 99_999) {
            Ok(()) => Ok(Self { down_limit: percent, ..self }),
            Err(error) => Err(error),
        }
    }

    /// Forbidden windows and delays.
    #[must_use]
    pub const fn with_times(self, times: Times) -> Self {
        Self { times, ..self }
    }

    /// So many percent of the pods must be ready.
    #[must_use]
    pub const fn with_min_available(self, percent: i32) -> Self {
        Self { min_available_percent: percent, ..self }
    }

    /// Numbers are rounded up to a multiple of this, 1 or more.
    ///
    /// # Errors
    /// When it is below 1.
    pub const fn with_modulo(self, modulo: i32) -> Result<Self, ConfigError> {
        if modulo < 1 {
            return Err(ConfigError::new("replica scaling absolute modulo", modulo as i64, Problem::AtLeast(1)));
        }
        Ok(Self { modulo, ..self })
    }

    /// Whether a metric of exactly 0 is believed.
    #[must_use]
    pub const fn with_tolerate_zero(self, on: bool) -> Self {
        Self { tolerates_zero: on, ..self }
    }

    /// Where the scale creeps to within the marks.
    #[must_use]
    pub const fn with_converge(self, converge: Converge) -> Self {
        Self { converge, ..self }
    }

    /// Known defects of upstream answered better.
    #[must_use]
    pub const fn with_mended(self, mended: Mended) -> Self {
        Self { mended, ..self }
    }

    /// The bounds.
    #[must_use]
    pub const fn bounds(&self) -> Bounds {
        self.bounds
    }

    /// The metrics.
    #[must_use]
    pub const fn metrics(&self) -> &'a [Watermarks] {
        self.metrics
    }

    /// Decides one sync. O(metrics).
    pub fn decide(
        &self,
        history: &mut MarkHistory,
        seen: &MarkObservation<'_>,
        trace: &mut impl Trace<Step>,
    ) -> MarkDecision {
        let now = seen.now;
        let (wanted, running) = seen.scale.map_or((0, 0), |(wanted, running)| (wanted.0, running.0));
        let mut draft = Draft::new(wanted, Step::Idle, trace);
        let mut detail = MarkDetail { rescales: false, recommended: None, stable: false, at: now };
        self.see(history, now, &mut draft);
        if seen.scale.is_none() {
            draft.set(wanted, Step::CapacityUnknown);
            return draft.decide(detail);
        }
        let Some((proposal, above, below)) = self.recommend(wanted, seen, &mut draft) else {
            return draft.decide(detail);
        };
        detail.stable = !above && !below;
        detail.recommended = Some(Replicas(proposal.replicas));
        history.above.set(above, now);
        history.below.set(below, now);
        draft.set(
            proposal.replicas.max(0),
            Step::Recommended { metric: proposal.metric, to: Replicas(proposal.replicas) },
        );
        self.limit(wanted, proposal.ready, &mut draft);
        detail.rescales = self.allows(history, wanted, now, detail.stable, &mut draft);
        let (min, max) = (self.bounds.min().0, self.bounds.max().0);
        let forced = if wanted == 0 {
            detail.rescales = false;
            draft.set(0, Step::Disabled);
            return draft.decide(detail);
        } else if wanted > max || wanted < min {
            let to = if wanted > max { max } else { min };
            Some((to, Step::Bounded { from: Replicas(wanted), to: Replicas(to) }))
        } else if running == 0 && !self.mended.keeps_wanted {
            Some((1, Step::NothingRuns))
        } else {
            None
        };
        if let Some((to, step)) = forced {
            detail.rescales = true;
            draft.set(to, step);
        }
        draft.decide(detail)
    }

    fn see<T: Trace<Step>>(&self, history: &mut MarkHistory, now: Instant, draft: &mut Draft<'_, Step, T>) {
        let Some(last) = history.last.replace(now).filter(|last| *last > now) else { return };
        draft.note(Step::ClockWentBack { last, now });
        for time in [&mut history.changed, &mut history.above.at, &mut history.below.at] {
            *time = time.map(|at| at.min(now));
        }
    }

    /// The greatest of what the metrics ask for, and whether any is above or below its marks; `None` when one fails.
    fn recommend<T: Trace<Step>>(
        &self,
        wanted: i32,
        seen: &MarkObservation<'_>,
        draft: &mut Draft<'_, Step, T>,
    ) -> Option<(Proposal, bool, bool)> {
        let (mut best, mut above, mut below) = (None::<Proposal>, false, false);
        for (index, marks) in self.metrics.iter().enumerate() {
            let metric = super::stepped::number(index);
            let reading = seen.readings.get(index).copied().flatten();
            let (replicas, mark, usage, ready) = match self.read(reading, *marks, wanted) {
                Ok(read) => read,
                Err(error) => {
                    draft.set(wanted, Step::MetricFailed { metric, error });
                    return None;
                }
            };
            above |= mark == Mark::Above;
            below |= mark == Mark::Below;
            draft.note(Step::Marked { metric, mark, usage: Milli(usage as i64), to: Replicas(replicas) });
            // Anything replaces a running value of exactly 0.
            if best.is_none_or(|best| best.replicas == 0 || replicas > best.replicas) {
                best = Some(Proposal { replicas, ready, metric });
            }
        }
        best.map(|best| (best, above, below))
    }

    /// What one metric asks for, where it stands, its usage in thousandths, and its ready pods.
    fn read(
        &self,
        reading: Option<MarkReading>,
        marks: Watermarks,
        wanted: i32,
    ) -> Result<(i32, Mark, f64, i32), Unreadable> {
        let MarkReading { total, ready, listed } = reading.ok_or(Unreadable::NoReading)?;
        if listed <= 0 {
            return Err(Unreadable::NoPods);
        }
        if ready <= 0 {
            return Err(Unreadable::NoneReady);
        }
        let percent = math::div(i64::from(ready).saturating_mul(100), i64::from(listed));
        if percent < i64::from(self.min_available_percent) {
            return Err(Unreadable::TooFewReady { percent: i32::try_from(percent).unwrap_or(i32::MAX) });
        }
        if total.0 == 0 && !self.tolerates_zero {
            let replicas = if self.mended.zero_holds { wanted } else { ready };
            return Ok((replicas, Mark::Zero, 0.0, ready));
        }
        let pods = f64::from(ready);
        let usage = total.0 as f64 / if self.algorithm == Algorithm::Average { pods } else { 1.0 };
        // Whole thousandths, as upstream's integers have them.
        let slack = |mark: i64| math::div(mark.saturating_mul(self.tolerance.0), 1000);
        let (low, high) = (marks.low.0, marks.high.0);
        let (replicas, mark) = if usage > high.saturating_add(slack(high)) as f64 {
            let asked = self.round(math::ceil_i32(pods * usage / high as f64));
            (asked.max(wanted), Mark::Above)
        } else if usage < low.saturating_sub(slack(low)) as f64 {
            let asked = self.round(math::floor_i32(pods * usage / low as f64).max(1));
            (asked.min(wanted), Mark::Below)
        } else {
            (self.converged(wanted, pods, usage, marks), Mark::Between)
        };
        Ok((replicas, mark, usage, ready))
    }

    /// Up to a multiple of the modulo.
    fn round(&self, replicas: i32) -> i32 {
        let rest = replicas.checked_rem(self.modulo).unwrap_or(0);
        if rest > 0 { replicas.saturating_add(self.modulo.saturating_sub(rest)) } else { replicas }
    }

    /// One modulo toward a mark, unless the usage would probably leave the marks.
    fn converged(&self, wanted: i32, pods: f64, usage: f64, marks: Watermarks) -> i32 {
        let (min, max) = (self.bounds.min().0.max(1), self.bounds.max().0);
        let cap = |replicas: i32| replicas.min(max).max(min);
        let (low, high) = (marks.low.0, marks.high.0);
        match self.converge {
            Converge::Off => wanted,
            Converge::HighWatermark => {
                let fewest = if high == 0 { wanted } else { cap(math::ceil_i32(pods / high as f64 * usage)) };
                let fewer = wanted.saturating_sub(self.modulo).max(1);
                if fewer < fewest { wanted } else { fewer }
            }
            Converge::LowWatermark => {
                let most = if low == 0 { wanted } else { cap(math::floor_i32(pods / low as f64 * usage)) };
                let more = wanted.saturating_add(self.modulo);
                if more > most { wanted } else { more }
            }
        }
    }

    /// Bounds and limit factors.
    fn limit<T: Trace<Step>>(&self, wanted: i32, ready: i32, draft: &mut Draft<'_, Step, T>) {
        let (least, most) = (self.bounds.min().0.max(1), self.bounds.max().0);
        let up = wanted.saturating_add(at_once(wanted, self.up_limit));
        let down = wanted.saturating_sub(at_once(wanted, self.down_limit));
        let asked = draft.to();
        let limits_down = self.bounds.min().0 > 0 || self.mended.limits_at_zero_min;
        let (too_fast_up, too_fast_down) = (asked > up, limits_down && asked < down);
        let floor = match down.max(least) {
            // Upstream's guard against removing more than are ready.
            floor if too_fast_down && ready < floor && ready > 0 => wanted,
            floor if too_fast_down => floor,
            _ => least,
        };
        let ceiling = if too_fast_up { up.min(most) } else { most };
        let to = if asked < floor { floor } else { asked.min(ceiling) };
        if to != asked {
            let (from, to) = (Replicas(asked), Replicas(to));
            let too_fast = too_fast_up || too_fast_down;
            draft.set(to.0, if too_fast { Step::RateLimited { from, to } } else { Step::Bounded { from, to } });
        }
    }

    /// Whether windows and delays let the change pass.
    fn allows<T: Trace<Step>>(
        &self,
        history: &MarkHistory,
        wanted: i32,
        now: Instant,
        stable: bool,
        draft: &mut Draft<'_, Step, T>,
    ) -> bool {
        if history.changed.is_none() && !self.mended.first_like_others {
            return true;
        }
        let to = draft.to();
        let (direction, window, delay, since) = if to > wanted {
            (Direction::Up, self.times.upscale_forbidden, self.times.delay_above, history.above)
        } else if to < wanted {
            (Direction::Down, self.times.downscale_forbidden, self.times.delay_below, history.below)
        } else {
            return false;
        };
        if delay > Span::ZERO && !stable {
            let waited = now.since(since.at.unwrap_or(now)).as_secs();
            if !since.holds || waited < delay.as_secs() {
                let until = since.at.filter(|_| since.holds).map(|at| at + Span::from_secs(delay.as_secs()));
                draft.revisit(until);
                draft.set(wanted, Step::Delayed { direction, until });
                return false;
            }
        }
        if let Some(until) = history.changed.map(|at| at + window).filter(|until| *until > now) {
            draft.revisit(Some(until));
            draft.set(wanted, Step::Forbidden { direction, until });
            return false;
        }
        true
    }

    /// Says that the scale was written: the forbidden windows begin.
    pub fn applied(&self, history: &mut MarkHistory, decision: &MarkDecision) {
        if decision.detail.rescales {
            history.changed = Some(decision.detail.at);
        }
    }

    /// At which total of one metric the answer would go up, and down, if no window or delay held it, the other readings
    /// staying. About 130 evaluations.
    #[must_use]
    pub fn outlook(&self, metric: usize, seen: &MarkObservation<'_>) -> (Option<Milli>, Option<Milli>) {
        let (Some((wanted, _)), Some(marks)) = (seen.scale, self.metrics.get(metric).copied()) else {
            return (None, None);
        };
        let Some(reading) = seen.readings.get(metric).copied().flatten() else { return (None, None) };
        let at = |total: i64| {
            let read = self.read(Some(MarkReading { total: Milli(total), ..reading }), marks, wanted.0);
            read.map_or(wanted.0, |(replicas, ..)| replicas)
        };
        let (mut low, mut high) = (reading.total.0.max(1), i64::MAX / 4);
        let up = (at(high) > wanted.0).then(|| {
            while low < high {
                let middle = low.midpoint(high);
                if at(middle) > wanted.0 { high = middle } else { low = middle.saturating_add(1) }
            }
            Milli(high)
        });
        // Down to 1 thousandth: a total of 0 may mean that there is none.
        let (mut low, mut high) = (1_i64, reading.total.0.max(1));
        let down = (at(low) < wanted.0).then(|| {
            while low < high {
                let middle = low.midpoint(high).saturating_add(1).min(high);
                if at(middle) < wanted.0 { low = middle } else { high = middle.saturating_sub(1) }
            }
            Milli(low)
        });
        (up, down)
    }
}

/// The replicas that may be added or removed at once.
fn at_once(wanted: i32, percent: Milli) -> i32 {
    if percent.0 == 0 {
        return 0;
    }
    let share = math::floor_i32(percent.0 as f64 / 1000.0 * f64::from(wanted) / 100.0);
    share.max(1)
}

const fn range(field: &'static str, value: Milli, most: i64) -> Result<(), ConfigError> {
    if value.0 < 0 {
        return Err(ConfigError::new(field, value.0, Problem::AtLeast(0)));
    }
    if value.0 > most {
        return Err(ConfigError::new(field, value.0, Problem::AtMost(most)));
    }
    Ok(())
}
