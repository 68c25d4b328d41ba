//! Queues and streams: replicas by what waits, as KEDA decides, and better, by rates.
//!
//! # As KEDA
//!
//! A *scaled object* is two loops around one target. [`ScaledObject::decide`] is the outer one: it reads the triggers,
//! replaces those that fail for too long by a [`Fallback`], and moves the target between rest (zero, or an idle count)
//! and running. While it runs, an HPA scales: within [`ReplicaCounts::hpa_bounds`], by the metrics of
//! [`ScaledObject::hpa_metrics`], whose values are in [`Detail::metrics`] of every pass. Where that HPA reads at its own
//! pace, [`ScaledObject::read`] gives the values, and counts failures as upstream's reads do.
//!
//! | to ask | use |
//! |---|---|
//! | the lag of a consumer group, as a trigger's reading | [`LagPolicy::read`], [`GroupLag::reading`] |
//! | whether to activate, rest or wait | [`ScaledObject::decide`], [`ScaledObject::applied`] |
//! | what the HPA is given | [`Detail::metrics`], [`ScaledObject::read`] |
//! | one metric of several triggers | [`formula`], [`Modifiers`] |
//! | jobs to start | [`ScaledJob::decide`]; to clean up: [`to_delete`] |
//! | better, by rates | [`rate`] |
//!
//! ```
//! use plimsoll_core::queue::{
//!     History, LagPolicy, Observation, Offsets, Partition, ReplicaCounts, ScaledObject, Trigger,
//! };
//! use plimsoll_core::units::{Instant, Milli, Replicas};
//!
//! let lag = LagPolicy::new(100)?;
//! let triggers = [Trigger::lag("orders", &lag)];
//! let object = ScaledObject::new(ReplicaCounts::new(None, Some(20), None)?, &triggers)?;
//! let mut history: History = History::new(&object)?;
//!
//! // Three partitions, 250 messages behind each.
//! let behind = [0, 1, 2].map(|id| Partition { id, committed: Some(0), head: Some(250), log_start: None });
//! let group = lag.read(&behind, &mut Offsets::<8>::new());
//! let seen = Observation {
//!     now: Instant::from_secs(0),
//!     replicas: Some(Replicas(0)),
//!     readings: &[group.reading()],
//!     ..Observation::default()
//! };
//! let decision = object.decide(&mut history, &seen, &mut ());
//! assert_eq!(decision.to, Replicas(1)); // out of zero; from there on the HPA scales
//! assert_eq!(decision.detail.metrics[0].value, Some(Milli(300_000))); // three consumers are the most of use
//! # Ok::<(), plimsoll_core::error::ConfigError>(())
//! ```
//!
//! # Worth knowing
//!
//! * The cooldown counts from the last pass with work and only holds the last step; from 10 to 1 is the HPA's business.
//! * An idle count is gone to from any number at once, and left for the minimum at once.
//! * An active trigger beside a failing one does not refresh the last activity: the first quiet pass after a long
//!   partial failure drops to zero.
//! * A fallback of 0 replicas does not hold the target while triggers fail.
//! * Failures are counted by reads, and two loops read: a threshold is not a number of polls.
//! * Beside a formula, a fallback is in force only if its target is written as a whole number.
//! * Composites and fallbacks are cut to thousandths after they went through a float: 4.007 may come out as 4.006.
//! * The cap on consumers divides integers: up to one consumer more than partitions is asked for.
//! * Jobs: *max* is the longest queue, not the most jobs; *min* takes an empty queue for none; *custom* has a cap that
//!   ignores running jobs; *eager* counts pending jobs twice; below the minimum the queue is not looked at.
//!
//! Each has a switch, off by default: [`Mended`], [`LagMended`], [`JobMended`].
//!
//! # Where it differs from upstream on purpose
//!
//! [`DIFFERENCES`] lists each with its reason. Everything else is the answer of KEDA v2.21.0.

mod decide;
mod fallback;
pub mod formula;
mod history;
mod job;
mod lag;
mod observation;
mod policy;
pub mod rate;
mod step;

pub use decide::{Applied, Decision, Detail, HpaMetric, Ready};
pub use fallback::{Fallback, FallbackBehavior, Health};
pub use history::History;
pub use job::{
    Calculation, JobDecision, JobDemand, JobDetail, JobMended, JobObservation, JobReading, JobStep, PodPhase,
    ScaledJob, Strategy, is_pending, is_pending_by, mean_target, to_delete,
};
pub use lag::{
    ConsumerCap, GroupLag, Lag, LagMended, LagOutlook, LagPolicy, OffsetReset, Offsets, Partition, active_partitions,
    divisors,
};
pub use observation::{Annotations, Observation, Paused, Reading};
pub use policy::{Mended, Modifiers, ReplicaCounts, ScaledObject, Target, Trigger};
pub use step::{Missing, Sentence, Step};

/// Where the answer is not upstream's v2.21.0 on purpose: what, and why.
pub const DIFFERENCES: &[(&str, &str)] = &[
    (
        "a formula whose result is beyond an integer saturates, no number gives 0",
        "upstream's answer depends on the processor: −2⁶³ on amd64 for both",
    ),
    ("sums of lags saturate at 63 bits", "upstream wraps, and would scale to nothing when the lag is greatest"),
    (
        "of several triggers in fallback, a formula is replaced by the first one's",
        "upstream takes the one that answered first, which differs from pass to pass",
    ),
    (
        "finished jobs without a time of completion are deleted first, in the order they are listed",
        "upstream sorts them in no defined order",
    ),
    (
        "negative counts and a maximum of 0 are refused",
        "the API server, or the HPA that upstream creates, refuses them later",
    ),
];
