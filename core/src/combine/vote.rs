//! What a policy says, in the one form that all can be combined in.

use crate::constrain::Direction;
use crate::decision::Decision;
use crate::units::Replicas;

/// One policy's say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Vote {
    /// Replicas that it wants.
    pub want: Replicas,
    /// Up, down, or neither.
    pub direction: Option<Direction>,
    /// Whether it could be made out at all.
    pub valid: bool,
    /// What it means when it could not.
    pub strength: Strength,
    /// Directions that it has a say in.
    pub scales: Scales,
    /// Group of correlated checks ([`Rule::Nomad`](super::Rule::Nomad)); 0 is none.
    pub group: u16,
    /// Weight ([`Rule::Weighted`](super::Rule::Weighted)).
    pub weight: u16,
}

/// What it means that a vote is not valid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub enum Strength {
    /// Nothing is removed while this one is not known.
    #[default]
    Hard,
    /// It is left out.
    Soft,
}

/// Directions that a vote has a say in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub enum Scales {
    /// Both.
    #[default]
    Both,
    /// It never asks for fewer, and opposes none that do: target tracking without scale-in, a scale-out rule.
    OutOnly,
    /// It never asks for more: a scale-in rule.
    InOnly,
}

impl Vote {
    /// Of `from` replicas to `want`; strong, with a say in both directions.
    #[must_use]
    pub const fn new(from: Replicas, want: Replicas) -> Self {
        let direction = if want.0 > from.0 {
            Some(Direction::Up)
        } else if want.0 < from.0 {
            Some(Direction::Down)
        } else {
            None
        };
        let (strength, scales) = (Strength::Hard, Scales::Both);
        Self { want, direction, valid: true, strength, scales, group: 0, weight: 1 }
    }

    /// What a policy decided.
    #[must_use]
    pub const fn of<S, D>(decision: &Decision<S, D>) -> Self {
        Self::new(decision.from, decision.to)
    }

    /// One that could not be made out.
    #[must_use]
    pub const fn unknown(from: Replicas) -> Self {
        Self { valid: false, ..Self::new(from, from) }
    }

    /// Valid or not, as the policy's detail says.
    #[must_use]
    pub const fn with_valid(self, valid: bool) -> Self {
        Self { valid, ..self }
    }

    /// What it means when it is not valid.
    #[must_use]
    pub const fn with_strength(self, strength: Strength) -> Self {
        Self { strength, ..self }
    }

    /// Directions that it has a say in.
    #[must_use]
    pub const fn with_scales(self, scales: Scales) -> Self {
        Self { scales, ..self }
    }

    /// Its group.
    #[must_use]
    pub const fn in_group(self, group: u16) -> Self {
        Self { group, ..self }
    }

    /// Its weight.
    #[must_use]
    pub const fn with_weight(self, weight: u16) -> Self {
        Self { weight, ..self }
    }

    /// Whether it holds back every scale-in.
    #[must_use]
    pub(super) const fn blocks(&self) -> bool {
        !self.valid && matches!(self.strength, Strength::Hard)
    }

    /// Whether it wants more and may.
    pub(super) fn wants_out(&self) -> bool {
        self.valid && self.direction == Some(Direction::Up) && self.scales != Scales::InOnly
    }

    /// Whether it wants fewer and may.
    pub(super) fn wants_in(&self) -> bool {
        self.valid && self.direction == Some(Direction::Down) && self.scales != Scales::OutOnly
    }
}
