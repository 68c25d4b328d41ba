//! Before replicas are removed: would the load that is left to each trigger a scale-out?
//!
//! Azure Monitor's rule against flapping: `value × from / to` predicts the value after the change.

use crate::units::Replicas;

/// A scale-out rule and its value now: an average per unit, such as utilisation.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Guard {
    /// The value now; `None` when it is not known: then nothing is removed.
    pub value: Option<f64>,
    /// The threshold of the scale-out rule.
    pub threshold: f64,
    /// Whether a value on the threshold triggers it.
    pub inclusive: bool,
}

impl Guard {
    /// Scales out above the threshold.
    #[must_use]
    pub const fn above(value: Option<f64>, threshold: f64) -> Self {
        Self { value, threshold, inclusive: false }
    }

    /// Scales out on the threshold as well.
    #[must_use]
    pub const fn at_least(value: Option<f64>, threshold: f64) -> Self {
        Self { value, threshold, inclusive: true }
    }

    /// The value after a change from so many to so many: infinite at 0, unless it is 0.
    #[must_use]
    pub fn predicted(value: f64, from: Replicas, to: Replicas) -> f64 {
        if value == 0.0 {
            0.0
        } else if to.0 <= 0 {
            f64::INFINITY
        } else {
            value * f64::from(from.0) / f64::from(to.0)
        }
    }

    /// Whether the rule would trigger after the change; also when nothing is known.
    #[must_use]
    pub fn triggers(&self, from: Replicas, to: Replicas) -> bool {
        let Some(value) = self.value.filter(|value| value.is_finite()) else { return true };
        let predicted = Self::predicted(value, from, to);
        if self.inclusive { predicted >= self.threshold } else { predicted > self.threshold }
    }

    /// The fewest replicas from `to` on, below `from`, after which the rule would not trigger; `from` when there are
    /// none. O(log).
    #[must_use]
    pub fn fewest(&self, from: Replicas, to: Replicas) -> Replicas {
        if !self.triggers(from, to) {
            return to;
        }
        // More replicas never raise what is predicted, so that halving finds the edge.
        let (mut triggers, mut calm) = (to.0, from.0);
        while triggers.saturating_add(1) < calm {
            let middle = triggers.midpoint(calm);
            if self.triggers(from, Replicas(middle)) { triggers = middle } else { calm = middle }
        }
        Replicas(calm.max(to.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_examples_of_azure() {
        let fewest = |value, from, to| Guard::at_least(Some(value), 80.0).fewest(Replicas(from), Replicas(to)).0;
        assert_eq!(fewest(60.0, 3, 2), 3, "90 % on two would scale out again");
        assert_eq!(fewest(50.0, 3, 2), 2, "75 % would not");
        assert_eq!(fewest(60.0, 10, 2), 8, "the values between are tried");
        assert_eq!(fewest(0.0, 3, 0), 0);
        assert_eq!(fewest(0.1, 3, 0), 1, "infinite at 0");
        assert_eq!(Guard::above(Some(40.0), 80.0).fewest(Replicas(2), Replicas(1)), Replicas(1), "on the threshold");
        assert_eq!(Guard::at_least(Some(40.0), 80.0).fewest(Replicas(2), Replicas(1)), Replicas(2));
        for value in [None, Some(f64::NAN), Some(f64::INFINITY)] {
            assert_eq!(Guard::above(value, 80.0).fewest(Replicas(3), Replicas(1)), Replicas(3), "{value:?}");
        }
    }

    proptest! {
        #[test]
        fn halving_finds_what_trying_finds(value in 0.0..200.0f64, threshold in 0.0..200.0f64, from in 1..60i32, to in 0..60i32, inclusive: bool) {
            let guard = Guard { value: Some(value), threshold, inclusive };
            let (from, to) = (Replicas(from), Replicas(to.min(from - 1)));
            let tried = (to.0..from.0).find(|count| !guard.triggers(from, Replicas(*count)));
            prop_assert_eq!(guard.fewest(from, to).0, tried.unwrap_or(from.0));
        }
    }
}
