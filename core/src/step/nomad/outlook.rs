//! How far the answer is from another one.

use super::policy::{Observation, Outcome, Reading, ScalingPolicy};
use super::strategy::{Proposal, Strategy};
use crate::constrain::Direction;
use crate::units::Replicas;

/// At which points of one check the policy would ask for another number than there is because of it, the other readings
/// staying, and if no cooldown ran. What [`Mended::bounds_always`](super::Mended::bounds_always) would change besides is
/// no matter of a check.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Outlook {
    /// Of a target value or a pass-through: newest points.
    Newest {
        /// From which on it asks for more instances than there are; `None` when that never brings more. Another check may
        /// ask for more still.
        more_from: Option<f64>,
        /// Up to which it asks for fewer; `None` when that never brings fewer, or another check holds them.
        fewer_up_to: Option<f64>,
    },
    /// Of a band.
    Points {
        /// Points that lie within it.
        within: u32,
        /// How many more it takes; 0 when it acts.
        missing: u32,
        /// Instances that would be asked for when it acts; `None` when that changes nothing.
        then: Option<Replicas>,
    },
    /// Of a fixed value, which no point changes.
    Fixed,
}

impl ScalingPolicy<'_> {
    /// What of check number `check` would change the answer. `None` when there is no such check or it is outside its
    /// schedule, when the number of instances is not known, or the target is negative. While another query ends every
    /// evaluation, nothing does. About 130 evaluations.
    #[must_use]
    pub fn outlook(&self, check: usize, seen: &Observation<'_>) -> Option<Outlook> {
        let strategy = self.checks().get(check)?.strategy();
        let count = seen.count?.0;
        let reading = seen.readings.get(check).copied().unwrap_or_default();
        if reading == Reading::OffSchedule {
            return None;
        }
        let (min, max) = (i64::from(self.bounds().min().0), i64::from(self.bounds().max().0));
        let outcome = |proposal: Proposal| match self.evaluate(seen, Some((check, proposal)), &mut |_, _| ()) {
            Outcome::Winner(action, _) if action.direction.is_some() => Some(action.count),
            _ => None,
        };
        // The mark of a dry run is no number of instances.
        let answer = |proposal: Proposal| {
            outcome(proposal).and_then(|asked| i32::try_from(asked).ok()).filter(|to| *to >= 0 && *to != count)
        };
        let band = match strategy {
            Strategy::FixedValue(_) => return Some(Outlook::Fixed),
            Strategy::TargetValue(target) if target.target() < 0.0 => return None,
            Strategy::TargetValue(_) | Strategy::PassThrough(_) => None,
            Strategy::Threshold(band) => Some(band),
        };
        if let Some(band) = band {
            let points = if let Reading::Points(points) = reading { points } else { &[] };
            let within = u32::try_from(band.within(points)).unwrap_or(u32::MAX);
            let missing = band.trigger().saturating_sub(i64::from(within)).max(0);
            let missing = u32::try_from(missing).unwrap_or(u32::MAX);
            let then = answer(band.acts(i64::from(count))).map(Replicas);
            return Some(Outlook::Points { within, missing, then });
        }
        let asks = |newest: f64, direction: Direction| {
            let proposal = strategy.propose(&[newest], i64::from(count));
            proposal.filter(|proposal| proposal.direction == Some(direction))
        };
        // On the way the mark counts as the number that it is, or the answers would not be in order.
        let number = |proposal: Proposal| outcome(proposal).map(|asked| asked.clamp(min, max));
        let more = |key: i64| asks(of_key(key), Direction::Up).and_then(number).is_some_and(|to| to > i64::from(count));
        let fewer =
            |key: i64| asks(of_key(key), Direction::Down).and_then(number).is_some_and(|to| to < i64::from(count));
        let (least, most) = (key(-f64::MAX), key(f64::MAX));
        let more_from = first(least, most, more).map(of_key);
        let fewer_up_to = first(least, most, |key| !fewer(key)).and_then(|key| key.checked_sub(1)).map(of_key);
        let to = |newest: f64, direction| asks(newest, direction).and_then(answer);
        Some(Outlook::Newest {
            more_from: more_from.filter(|newest| to(*newest, Direction::Up).is_some_and(|to| to > count)),
            fewer_up_to: fewer_up_to.filter(|newest| to(*newest, Direction::Down).is_some_and(|to| to < count)),
        })
    }
}

/// The first for which `holds`, if it then holds to the end; `None` when it does not hold at the end.
fn first(mut low: i64, mut high: i64, holds: impl Fn(i64) -> bool) -> Option<i64> {
    if !holds(high) {
        return None;
    }
    while low < high {
        // Half-way is rounded toward zero: among negative numbers it may be the upper one.
        let middle = low.midpoint(high).min(high.saturating_sub(1));
        if holds(middle) { high = middle } else { low = middle.saturating_add(1) }
    }
    Some(high)
}

/// Integers in the order of the floats.
fn key(value: f64) -> i64 {
    let bits = value.to_bits().cast_signed();
    if bits < 0 { i64::MIN.wrapping_sub(bits) } else { bits }
}

fn of_key(key: i64) -> f64 {
    f64::from_bits(if key < 0 { i64::MIN.wrapping_sub(key) } else { key }.cast_unsigned())
}
