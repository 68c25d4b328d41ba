//! The scaling policy of the Nomad Autoscaler: checks, each a strategy on the points of a query, and one cooldown.
//!
//! Every evaluation asks all checks. A check's number is cut to the bounds; then up comes before none before down, and
//! of the same direction the larger number. What comes out is submitted unless the cooldown after the last scaling runs.
//! A host runs the queries every `evaluation_interval` and gives their points, oldest first.
//!
//! ```
//! use plimsoll_core::constrain::Bounds;
//! use plimsoll_core::step::nomad::{
//!     Band, BandAction, Check, History, Observation, Reading, ScalingPolicy, Strategy, TargetValue,
//! };
//! use plimsoll_core::units::{Instant, Replicas, Span};
//!
//! // 70 % of CPU; and two more when the queue was above 100 at five points of the window.
//! let checks = [
//!     Check::new(Strategy::TargetValue(TargetValue::new(70.0)?)).in_group(1),
//!     Check::new(Strategy::Threshold(Band::new(Some(100.0), None, BandAction::Delta(2))?)).in_group(1),
//! ];
//! let policy = ScalingPolicy::new(Bounds::new(1, 20)?, &checks)?;
//! let mut history = History::default();
//!
//! let mut seen = Observation {
//!     now: Instant::from_secs(60),
//!     count: Some(Replicas(4)),
//!     readings: &[Reading::Points(&[64.0, 84.0]), Reading::Points(&[20.0, 30.0])],
//!     ..Observation::default()
//! };
//! let decision = policy.decide(&mut history, &seen, &mut ());
//! assert_eq!(decision.to, Replicas(5)); // 84 / 70 of 4, rounded up
//! policy.applied(&mut history, &decision);
//!
//! // Ten seconds later it would be one more: the cooldown of 5 minutes runs.
//! (seen.now, seen.count) = (Instant::from_secs(70), Some(Replicas(5)));
//! let decision = policy.decide(&mut history, &seen, &mut ());
//! assert!(!decision.changes());
//! assert_eq!(decision.revisit_at, Some(Instant::from_secs(360).next()));
//! # Ok::<(), plimsoll_core::error::ConfigError>(())
//! ```
//!
//! # Quirks that are kept
//!
//! Of the Nomad Autoscaler 0.5.0.
//!
//! 1. A check that asks for no change keeps every other from scaling in, unless it is in a group of which another check
//!    asks for a change.
//! 2. Of several checks that would scale in, the one that removes least decides.
//! 3. Since 0.4.8 a query that fails or gives no point ends the evaluation, whatever `on_error` and `on_check_error` say: those
//!    speak of a strategy that fails, which here cannot be built. See [`Mended::errors_as_documented`].
//! 4. A number of instances outside the bounds stays there while no check asks for a change, and a check above its target
//!    scales *in* to the most. See [`Mended::bounds_always`].
//! 5. A check that asks for exactly −1 is not cut to the bounds: upstream takes it for the mark of a dry run, changes
//!    nothing, and cools down. See [`Mended::caps_minus_one`].
//! 6. Only the newest point counts for a target value and a pass-through; a band counts its points wherever they are.
//! 7. A target value rounds up in both directions; with 0 instances the factor itself is the number, and the dead band
//!    does not hold. A target of 0 takes the value for the factor, so that any above 1 multiplies.
//! 8. Limits of a strategy may turn number and direction apart; the direction decides precedence and cooldown.
//! 9. At the very end of the cooldown it still runs.
//! 10. A dry run cools down as if it had scaled.
//!
//! # Where it differs on purpose
//!
//! [`DIFFERENCES`] lists our rules.

mod history;
mod outlook;
mod policy;
mod step;
mod strategy;

pub use history::{History, Scaled};
pub use outlook::Outlook;
pub use policy::{Check, Decision, Detail, Mended, Observation, OnError, Reading, ScalingPolicy};
pub use step::{Sentence, Step, Why};
pub use strategy::{Band, BandAction, PassThrough, Proposal, Strategy, TargetValue};

/// Where the answer is our own rule: what, and why.
pub const DIFFERENCES: &[(&str, &str)] = &[
    (
        "a strategy that cannot be read is refused when it is built",
        "upstream finds out at every evaluation, and on_error decides",
    ),
    ("a number outside the range of an integer saturates", "upstream's answer depends on the processor"),
    (
        "the cooldown survives a restart with the history",
        "upstream begins idle: it cools down after a start, and the first evaluation that asks for a change ends that",
    ),
    ("the cooldown counts from the decision", "upstream's counts from the answer of the target"),
    ("the most is at least 1", "upstream takes a most of 0, which nothing can scale"),
];
