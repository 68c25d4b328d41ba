//! The policy of rate-aware sizing, and what the host sees.

use super::seconds;
use super::size::Combine;
use crate::constrain::Bounds;
use crate::error::{ConfigError, Problem};
use crate::queue::fallback::Fallback;
use crate::units::{Instant, Replicas, Span};

/// Consumers by rates. Immutable; one serves any number of workloads; fits a `static`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RateAware {
    pub(super) bounds: Bounds,
    pub(super) service: f64,
    pub(super) delay: Span,
    pub(super) delay_bounds: (Span, Span),
    pub(super) drain: Span,
    pub(super) rebalance: Span,
    pub(super) utilization: f64,
    pub(super) wait: Option<Span>,
    pub(super) combine: Combine,
    pub(super) activation: i64,
    pub(super) oldest: Option<Span>,
    pub(super) cooldown: Span,
    pub(super) stabilization: Span,
    pub(super) tolerance: f64,
    pub(super) small_wait: Span,
    pub(super) hold: Span,
    pub(super) step: Span,
    pub(super) fallback: Option<Fallback>,
}

impl RateAware {
    /// `service` (above 0) is what one busy consumer does per second, as far as is known before it was measured; `delay`
    /// the time until a new one works, likewise; `drain` the time in which a backlog is to be gone.
    ///
    /// All else: a utilization of 0.8 in the steady state, a rebalance of 3 s, no limit on waiting, scale-down after
    /// 300 s, only by more than 10 %, and only if kept for 300 s, to zero after 300 s; a decision every 15 s.
    ///
    /// # Errors
    /// When the service rate is not above 0, or the drain time is less than twice the delay: the loop would swing
    /// (three times is a good choice).
    pub const fn new(bounds: Bounds, service: f64, delay: Span, drain: Span) -> Result<Self, ConfigError> {
        if !service.is_finite() {
            return Err(ConfigError::new("service rate", 0, Problem::NotFinite));
        }
        if service <= 0.0 {
            return Err(ConfigError::new("service rate", (service * 1000.0) as i64, Problem::AtLeast(1)));
        }
        let twice = delay.as_nanos().saturating_mul(2);
        if drain.as_nanos() < twice || drain.as_nanos() == 0 {
            let least = if twice == 0 { 1 } else { twice };
            return Err(ConfigError::new("drain", drain.as_nanos() as i64, Problem::AtLeast(least as i64)));
        }
        Ok(Self {
            bounds,
            service,
            delay,
            delay_bounds: (Span::ZERO, Span::from_nanos(drain.as_nanos() / 2)),
            drain,
            rebalance: Span::from_secs(3),
            utilization: 0.8,
            wait: None,
            combine: Combine::Max,
            activation: 0,
            oldest: None,
            cooldown: Span::from_secs(300),
            stabilization: Span::from_secs(300),
            tolerance: 0.1,
            small_wait: Span::from_secs(10),
            hold: Span::from_secs(300),
            step: Span::from_secs(15),
            fallback: None,
        })
    }

    /// How busy consumers are to be in the steady state: above 0, at most 1.
    ///
    /// # Errors
    /// When it is out of range.
    pub const fn with_utilization(self, utilization: f64) -> Result<Self, ConfigError> {
        if !utilization.is_finite() {
            return Err(ConfigError::new("utilization", 0, Problem::NotFinite));
        }
        let milli = (utilization * 1000.0) as i64;
        if utilization <= 0.0 {
            return Err(ConfigError::new("utilization", milli, Problem::AtLeast(1)));
        }
        if utilization > 1.0 {
            return Err(ConfigError::new("utilization", milli, Problem::AtMost(1000)));
        }
        Ok(Self { utilization, ..self })
    }

    /// How long a change stops all consumers.
    #[must_use]
    pub const fn with_rebalance(self, rebalance: Span) -> Self {
        Self { rebalance, ..self }
    }

    /// The longest a message may wait.
    #[must_use]
    pub const fn with_wait(self, wait: Span) -> Self {
        Self { wait: Some(wait), ..self }
    }

    /// How headroom and drain become one.
    #[must_use]
    pub const fn with_combine(self, combine: Combine) -> Self {
        Self { combine, ..self }
    }

    /// Leaves zero above this backlog, or when the oldest message waits longer than this.
    #[must_use]
    pub const fn with_activation(self, backlog: i64, oldest: Option<Span>) -> Self {
        Self { activation: backlog, oldest, ..self }
    }

    /// Goes to zero after an empty backlog for this time, if less than one message is expected in it.
    #[must_use]
    pub const fn with_cooldown(self, cooldown: Span) -> Self {
        Self { cooldown, ..self }
    }

    /// Scales down only to what was enough for this whole time. The history's room depends on it.
    #[must_use]
    pub const fn with_stabilization(self, stabilization: Span) -> Self {
        Self { stabilization, ..self }
    }

    /// Scales down only by more than this part of the consumers (0 to 1), while the backlog is less than `small_wait`
    /// of arrivals, and when the consumers saved over `hold` are more than a rebalance costs.
    ///
    /// # Errors
    /// When the tolerance is out of range.
    pub const fn with_scale_down(self, tolerance: f64, small_wait: Span, hold: Span) -> Result<Self, ConfigError> {
        if !tolerance.is_finite() {
            return Err(ConfigError::new("tolerance", 0, Problem::NotFinite));
        }
        let milli = (tolerance * 1000.0) as i64;
        if tolerance < 0.0 {
            return Err(ConfigError::new("tolerance", milli, Problem::AtLeast(0)));
        }
        if tolerance > 1.0 {
            return Err(ConfigError::new("tolerance", milli, Problem::AtMost(1000)));
        }
        Ok(Self { tolerance, small_wait, hold, ..self })
    }

    /// The measured delay is kept between these.
    ///
    /// # Errors
    /// When the least is above the most, or the most above half the drain time.
    pub const fn with_delay_bounds(self, least: Span, most: Span) -> Result<Self, ConfigError> {
        if most.as_nanos() < least.as_nanos() {
            return Err(ConfigError::new("delay", most.as_nanos() as i64, Problem::AtLeast(least.as_nanos() as i64)));
        }
        let half = self.drain.as_nanos() / 2;
        if most.as_nanos() > half {
            return Err(ConfigError::new("delay", most.as_nanos() as i64, Problem::AtMost(half as i64)));
        }
        Ok(Self { delay_bounds: (least, most), ..self })
    }

    /// The time between two decisions, of which only the size of the history depends: 15 s.
    ///
    /// # Errors
    /// When it is zero.
    pub const fn with_step(self, step: Span) -> Result<Self, ConfigError> {
        if step.as_nanos() == 0 {
            return Err(ConfigError::new("step", 0, Problem::AtLeast(1)));
        }
        Ok(Self { step, ..self })
    }

    /// Replicas to keep when the backlog was missing more often in a row than the fallback's threshold. Until then,
    /// and without one, nothing is changed.
    #[must_use]
    pub const fn with_fallback(self, fallback: Fallback) -> Self {
        Self { fallback: Some(fallback), ..self }
    }

    /// The bounds.
    #[must_use]
    pub const fn bounds(&self) -> Bounds {
        self.bounds
    }

    /// Recommendations that a history needs room for.
    #[must_use]
    pub fn entries_needed(&self) -> usize {
        let held = self.stabilization.as_nanos().checked_div(self.step.as_nanos()).unwrap_or(0).saturating_add(2);
        usize::try_from(held).unwrap_or(usize::MAX)
    }

    /// The time constant of the estimates of arrival: about the delay, no less than a step.
    pub(super) fn quick(&self) -> f64 {
        let (delay, step) = (seconds(self.delay), seconds(self.step));
        if delay > step { delay } else { step }
    }

    /// The time constant of the estimates of service: twenty times that.
    pub(super) fn slow(&self) -> f64 {
        20.0 * self.quick()
    }
}

/// What one step looks at. Missing is `None`. Counters may begin anywhere, and begin anew.
#[derive(Clone, Copy, Debug, Default)]
pub struct Observation<'a> {
    /// The time.
    pub now: Instant,
    /// Consumers asked for; `None` when that could not be read.
    pub replicas: Option<Replicas>,
    /// Consumers that work; `None` counts as those asked for.
    pub running: Option<Replicas>,
    /// Messages waiting. Below 0 counts as 0.
    pub backlog: Option<i64>,
    /// How long the oldest of them waits.
    pub oldest: Option<Span>,
    /// Messages ever produced: the sum of the heads.
    pub produced: Option<i64>,
    /// Messages ever processed: the sum of committed offsets.
    pub processed: Option<i64>,
    /// Time that consumers were ever busy, added up over them.
    pub busy: Option<Span>,
    /// Partitions of the topic; `None` for a queue that any consumer may read.
    pub partitions: Option<u32>,
    /// Partitions one by one, if that is known: only to see which of them no number of consumers can drain.
    pub loads: &'a [PartitionLoad],
}

/// One partition.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PartitionLoad {
    /// Messages waiting.
    pub backlog: f64,
    /// Messages arriving per second.
    pub arrival: f64,
}
