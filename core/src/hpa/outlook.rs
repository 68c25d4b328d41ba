//! How far the next change is: at which reading a metric would ask for more, and at which for less.

use super::decide::proposal;
use super::observation::{Observation, Reading, ValueSum};
use super::policy::{Hpa, Target};
use super::propose::Reported;
use crate::units::{Milli, Replicas};

/// At which readings one metric would ask for another number of replicas than there are, all else being equal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Outlook {
    /// The nearest reading at or above the present one that asks for more; `None` when none does, or the maximum is reached.
    pub up: Option<Threshold>,
    /// The nearest reading at or below the present one that asks for less; `None` when none does, or the minimum is reached.
    pub down: Option<Threshold>,
}

/// A reading, and what it would ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Threshold {
    /// The total: of the ready pods' samples, or the value.
    pub total: Milli,
    /// The same as the status would report it.
    pub reported: Reported,
    /// What it would ask for.
    pub replicas: Replicas,
}

impl Hpa<'_> {
    /// How far metric number `metric` is from asking for a change.
    ///
    /// Found by bisection over the metric's own rule, about 120 evaluations. Where that rule is not monotone (fewer
    /// ready pods than wanted), the threshold is one of several. Negative readings have no outlook.
    #[must_use]
    pub fn outlook(&self, metric: usize, seen: &Observation<'_>) -> Outlook {
        let (Some(scale), Some(reading)) = (seen.scale, seen.readings.get(metric)) else {
            return Outlook::default();
        };
        let Some((present, most)) = self.range(metric, reading) else {
            return Outlook::default();
        };
        let current = scale.wanted;
        let at = |total: i64| {
            let reading = with_total(reading, Milli(total));
            let proposal = proposal(self, metric, &reading, scale, seen).ok()?;
            Some(Threshold { total: Milli(total), reported: proposal.reported, replicas: proposal.replicas })
        };
        let more = |t: &Threshold| t.replicas > current;
        let less = |t: &Threshold| t.replicas < current;
        let up = || {
            if at(present).filter(more).is_some() {
                return at(present);
            }
            at(most).filter(more)?;
            let (mut low, mut high) = (present, most);
            while low.saturating_add(1) < high {
                let middle = low.midpoint(high);
                if at(middle).filter(more).is_some() { high = middle } else { low = middle }
            }
            at(high)
        };
        let down = || {
            if at(present).filter(less).is_some() {
                return at(present);
            }
            at(0).filter(less)?;
            let (mut low, mut high) = (0_i64, present);
            while low.saturating_add(1) < high {
                let middle = low.midpoint(high);
                if at(middle).filter(less).is_some() { low = middle } else { high = middle }
            }
            at(low)
        };
        Outlook {
            up: if current < self.bounds.max() { up() } else { None },
            down: if current > self.bounds.min() { down() } else { None },
        }
    }

    /// The present total and the greatest that the arithmetic takes without wrapping.
    fn range(&self, metric: usize, reading: &Reading) -> Option<(i64, i64)> {
        let target = self.metrics.get(metric)?.target;
        let (present, most) = match (reading, target) {
            (Reading::Pods(fold), Target::Utilization(_)) => {
                // Percent must fit in 31 bits.
                let most = i128::from(fold.request).checked_mul(i128::from(i32::MAX))?.checked_div(100)?;
                (fold.usage, i64::try_from(most).unwrap_or(i64::MAX).min(i64::MAX / 100))
            }
            (Reading::Pods(fold), _) => (fold.usage, i64::MAX / 4),
            (Reading::Value(value), _) => (value.0, i64::MAX),
            // After a cap the total says nothing about single values any more.
            (Reading::Values(values), _) if values.capped.1 || values.guarded.1 => return None,
            (Reading::Values(values), _) => (values.plain, i64::MAX),
            (Reading::Failed(_), _) => return None,
        };
        (0..=most).contains(&present).then_some((present, most))
    }
}

fn with_total(reading: &Reading, total: Milli) -> Reading {
    match reading {
        Reading::Pods(fold) => Reading::Pods(fold.with_usage(total)),
        Reading::Value(_) => Reading::Value(total),
        Reading::Values(_) => Reading::Values(ValueSum::from_iter([total])),
        Reading::Failed(error) => Reading::Failed(*error),
    }
}
