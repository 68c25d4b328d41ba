//! A flap budget: at most so many reversals in a period.
//!
//! A reversal is a change against the direction of the change before it. The budget is spent by what was really
//! changed; what would overspend it is held, and the time when it will pass is known.

use heapless::Vec;

use crate::constrain::Direction;
use crate::error::{ConfigError, Problem};
use crate::units::{Instant, Replicas, Span};

/// At most so many reversals in any period.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FlapBudget {
    reversals: u8,
    period: Span,
    growth_first: bool,
}

impl FlapBudget {
    /// Holds both directions when the budget is spent.
    ///
    /// # Errors
    /// When there is not one reversal, or no period.
    pub const fn new(reversals: u8, period: Span) -> Result<Self, ConfigError> {
        if reversals < 1 {
            return Err(ConfigError::new("reversals", reversals as i64, Problem::AtLeast(1)));
        }
        if period.as_nanos() == 0 {
            return Err(ConfigError::new("period", 0, Problem::MoreThan(0)));
        }
        Ok(Self { reversals, period, growth_first: false })
    }

    /// Growth is never held: a scale-in passes only if the growth that may follow still has room. Needs two reversals.
    ///
    /// # Errors
    /// When there is only one.
    pub const fn growth_first(self) -> Result<Self, ConfigError> {
        if self.reversals < 2 {
            return Err(ConfigError::new("reversals", self.reversals as i64, Problem::AtLeast(2)));
        }
        Ok(Self { growth_first: true, ..self })
    }

    /// Reversals in a period.
    #[must_use]
    pub const fn reversals(self) -> u8 {
        self.reversals
    }

    /// The period. A reversal that is exactly that old counts no more.
    #[must_use]
    pub const fn period(self) -> Span {
        self.period
    }

    /// Until when a change is held; `None` when it passes. O(reversals).
    #[must_use]
    pub fn held<const K: usize>(self, flaps: &Flaps<K>, from: Replicas, to: Replicas, now: Instant) -> Option<Instant> {
        let direction = direction(from, to)?;
        if flaps.last.is_none_or(|up| up == (direction == Direction::Up)) {
            return None;
        }
        // Of the budget, what this change must find unspent: itself, and the growth that may follow.
        let needed = match (self.growth_first, direction) {
            (false, _) => 1,
            (true, Direction::Down) => 2,
            (true, Direction::Up) => return None,
        };
        let allowed = usize::from(self.reversals).saturating_sub(needed);
        let mut counted = self.counted(flaps, now);
        // All but the newest `allowed` must have left the period.
        let spent = counted.clone().count();
        let last = spent.checked_sub(allowed)?.checked_sub(1)?;
        counted.nth(last).map(|at| at + self.period)
    }

    /// Reversals that the period still has room for.
    #[must_use]
    pub fn left<const K: usize>(self, flaps: &Flaps<K>, now: Instant) -> u8 {
        let spent = u8::try_from(self.counted(flaps, now).count()).unwrap_or(u8::MAX);
        self.reversals.saturating_sub(spent)
    }

    /// Reversals in the period, oldest first.
    fn counted<const K: usize>(self, flaps: &Flaps<K>, now: Instant) -> impl Iterator<Item = Instant> + Clone {
        let cut = now - self.period;
        flaps.times.iter().copied().filter(move |at| *at > cut)
    }
}

/// The last reversals: room for `K` of them.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Flaps<const K: usize = 8> {
    /// Oldest first.
    pub(super) times: Vec<Instant, K>,
    /// Whether the last change was upward.
    pub(super) last: Option<bool>,
}

impl<const K: usize> Default for Flaps<K> {
    fn default() -> Self {
        Self { times: Vec::new(), last: None }
    }
}

impl<const K: usize> Flaps<K> {
    /// Whether there is room for all reversals of a budget; with less it would allow more.
    ///
    /// # Errors
    /// The number needed, and the room.
    pub fn fits(budget: FlapBudget) -> Result<(), ConfigError> {
        if usize::from(budget.reversals) > K {
            let needed = u32::from(budget.reversals);
            return Err(ConfigError::new("reversals", K as i64, Problem::Capacity { needed }));
        }
        Ok(())
    }

    /// The times of the last reversals, oldest first.
    #[must_use]
    pub fn times(&self) -> &[Instant] {
        &self.times
    }

    /// Takes note of a change that was made. O(K).
    pub fn record(&mut self, from: Replicas, to: Replicas, now: Instant) {
        let Some(direction) = direction(from, to) else { return };
        let up = direction == Direction::Up;
        if self.last.replace(up).is_some_and(|last| last != up) {
            if self.times.is_full() && !self.times.is_empty() {
                self.times.remove(0);
            }
            let _room = self.times.push(now);
        }
    }

    /// When the clock ran back, reversals after now were made now.
    pub fn clamp(&mut self, now: Instant) {
        self.times.iter_mut().for_each(|at| *at = (*at).min(now));
    }
}

fn direction(from: Replicas, to: Replicas) -> Option<Direction> {
    match to.cmp(&from) {
        core::cmp::Ordering::Greater => Some(Direction::Up),
        core::cmp::Ordering::Less => Some(Direction::Down),
        core::cmp::Ordering::Equal => None,
    }
}
