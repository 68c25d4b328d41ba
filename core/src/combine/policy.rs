//! The policy: how votes become one number, and what limits it.

use super::flap::FlapBudget;
use crate::constrain::{Bounds, RateRules};

/// How votes become one number. All give `current` when no vote is valid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Rule {
    /// Any one may grow: the largest want. Shrinks only when all that have a say in it want that: the mildest.
    ///
    /// The engine's own; several target-tracking policies of AWS; rules of an Azure profile.
    #[default]
    Agreement,
    /// The largest want of those that want a change; nobody opposes a scale-in by wanting none.
    ///
    /// AWS policies of any kind at the same moment. The documented hazard: step scaling may shrink alone.
    Largest,
    /// The largest want of all, also of those that want no change. HPA and KEDA over their metrics.
    Greatest,
    /// The first that is valid.
    First,
    /// The mean by weight, rounded up. Votes of weight 0 count for nothing.
    Weighted,
    /// Up before none before down; of the same direction the larger count. A group says none only if all of it do.
    Nomad,
}

/// Combines votes, guards against flapping, and limits.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Combination<'a> {
    pub(super) rule: Rule,
    pub(super) bounds: Bounds,
    pub(super) rates: Option<(RateRules<'a>, RateRules<'a>)>,
    pub(super) flaps: Option<FlapBudget>,
}

impl<'a> Combination<'a> {
    /// Without rates and flap budget.
    #[must_use]
    pub const fn new(rule: Rule, bounds: Bounds) -> Self {
        Self { rule, bounds, rates: None, flaps: None }
    }

    /// Rate rules upward and downward.
    #[must_use]
    pub const fn with_rates(self, up: RateRules<'a>, down: RateRules<'a>) -> Self {
        Self { rates: Some((up, down)), ..self }
    }

    /// A flap budget.
    #[must_use]
    pub const fn with_flap_budget(self, budget: FlapBudget) -> Self {
        Self { flaps: Some(budget), ..self }
    }

    /// The rule.
    #[must_use]
    pub const fn rule(&self) -> Rule {
        self.rule
    }

    /// The hard bounds.
    #[must_use]
    pub const fn bounds(&self) -> Bounds {
        self.bounds
    }

    /// The flap budget.
    #[must_use]
    pub const fn flap_budget(&self) -> Option<FlapBudget> {
        self.flaps
    }
}
