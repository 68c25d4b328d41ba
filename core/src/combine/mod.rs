//! Several policies, one number.
//!
//! Every policy's decision becomes a [`Vote`]; a [`Rule`] makes one number of them, as AWS, Azure, Nomad, HPA and KEDA
//! do; then, in this order: no scale-in that would at once be followed by a scale-out ([`Guard`]), the bounds of the
//! moment and the hard ones, rate rules, and at most so many reversals in a period ([`FlapBudget`]).
//!
//! | system | scale out | scale in | [`Rule`] |
//! |---|---|---|---|
//! | the engine | any: the largest | all that have a say: the mildest | [`Rule::Agreement`] |
//! | AWS, several target tracking | any | all with scale-in enabled | [`Rule::Agreement`] |
//! | AWS, any mix | the largest | the mildest of those that act | [`Rule::Largest`] |
//! | Azure, rules of a profile | any: the largest | all scale-in rules | [`Rule::Agreement`] with [`Scales`] and [`Guard`]s |
//! | Nomad, checks | up > none > down | a "none" outside a group blocks | [`Rule::Nomad`] |
//! | HPA, KEDA | the greatest | the greatest, blocked by a missing metric | [`Rule::Greatest`] |
//!
//! A vote that is not valid holds every scale-in if it is [`Strength::Hard`], and is left out if it is soft.
//!
//! ```
//! use plimsoll_core::combine::{Combination, FlapBudget, Guard, History, Observation, Rule, Vote};
//! use plimsoll_core::constrain::Bounds;
//! use plimsoll_core::units::{Instant, Replicas, Span};
//!
//! let budget = FlapBudget::new(2, Span::from_secs(3600))?.growth_first()?;
//! let policy = Combination::new(Rule::Agreement, Bounds::new(1, 20)?).with_flap_budget(budget);
//! let mut history = History::<8, 24>::new(&policy)?;
//!
//! let current = Replicas(8);
//! let seen = Observation {
//!     now: Instant::from_secs(0),
//!     current: Some(current),
//!     votes: &[Vote::new(current, Replicas(3)), Vote::new(current, Replicas(5))],
//!     guards: &[Guard::above(Some(60.0), 80.0)], // 60 % on 8 would be 96 % on 5
//!     ..Observation::default()
//! };
//! let decision = policy.decide(&mut history, &seen, &mut ());
//! assert_eq!(decision.to, Replicas(6)); // 80 %
//! policy.applied(&mut history, &decision, decision.to, &mut ());
//! # Ok::<(), plimsoll_core::error::ConfigError>(())
//! ```

mod decide;
mod flap;
mod guard;
mod history;
mod outlook;
mod policy;
mod vote;

pub use decide::{Decision, Detail, Observation, Step};
pub use flap::{FlapBudget, Flaps};
pub use guard::Guard;
pub use history::History;
pub use outlook::{Outlook, Threshold};
pub use policy::{Combination, Rule};
pub use vote::{Scales, Strength, Vote};

/// Where the answer is our own rule: what, and why.
pub const DIFFERENCES: &[(&str, &str)] = &[
    (
        "a hard vote that is not known holds scale-in under every rule but First",
        "AWS and Nomad leave it out: use Strength::Soft",
    ),
    ("a guard whose value is not known holds every scale-in", "Azure does not scale in on missing metrics either"),
    ("neither rates nor the flap budget hold the scale outside the hard bounds", "bounds are promises"),
];
