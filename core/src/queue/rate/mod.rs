//! Consumers by rates: what arrives, what one consumer does, how long a new one takes.
//!
//! Replicas in proportion to lag (`n = backlog / L`) settle with all consumers busy and every message waiting `L / μ`
//! for ever, and swing when L is small: [`check_lag_threshold`]. Sizing by rates needs no standing backlog:
//!
//! 1. [`estimates`](Estimates): arrival from the growth of the heads, service from busy consumers only, the delay from
//!    orders that were carried out.
//! 2. [`size`]: enough for what arrives, with headroom; enough to drain what will have piled up when new consumers
//!    come, by a deadline; and enough for a limit on waiting.
//! 3. [`partition_share`]: only numbers of consumers that lower the greatest share of partitions are of use.
//! 4. [`RateAware::decide`] moves up at once, and down only when it holds for a window and is worth a rebalance; to
//!    zero when nothing is expected for a cooldown, and from zero directly to what is needed.
//!
//! ```
//! use plimsoll_core::constrain::Bounds;
//! use plimsoll_core::queue::rate::{History, Observation, RateAware};
//! use plimsoll_core::units::{Instant, Replicas, Span};
//!
//! // One consumer does 10 messages per second, a new one takes 20 s; drain within a minute.
//! let policy = RateAware::new(Bounds::new(1, 50)?, 10.0, Span::from_secs(20), Span::from_secs(60))?
//!     .with_rebalance(Span::ZERO);
//! let mut history: History = History::new(&policy)?;
//! let mut decide = |second, produced, backlog| {
//!     let now = Instant::from_secs(second);
//!     let replicas = Some(Replicas(10));
//!     let seen = Observation { now, replicas, backlog: Some(backlog), produced: Some(produced), ..Observation::default() };
//!     policy.decide(&mut history, &seen, &mut ())
//! };
//! decide(0, 0, 6000);
//! let decision = decide(15, 1500, 6000); // 100 per second, which ten consumers just hold
//! assert_eq!(decision.to, Replicas(25)); // 100 + 6000 / 40 s, at 10 per second
//! # Ok::<(), plimsoll_core::error::ConfigError>(())
//! ```

mod decide;
mod estimate;
mod history;
mod policy;
mod size;
mod step;

pub use decide::{Applied, Decision, Detail, Outlook};
pub use estimate::{Estimates, diminishing};
pub use history::History;
pub use policy::{Observation, PartitionLoad, RateAware};
pub use size::{
    Combine, Demand, LagThreshold, Share, Sizing, Stability, check_lag_threshold, job_slots, partition_share, size,
};
pub use step::{Hold, Step};

use crate::units::Span;

/// Seconds as a float.
pub(super) fn seconds(span: Span) -> f64 {
    span.as_nanos() as f64 / 1e9
}

/// A span of so many seconds; none for what is negative or no number.
pub(super) fn span(seconds: f64) -> Span {
    Span::from_nanos((seconds * 1e9) as u64)
}
