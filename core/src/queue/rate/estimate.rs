//! What is known of rates and delay, from counters.

use heapless::Vec;

use super::policy::{Observation, RateAware};
use super::seconds;
use crate::math;
use crate::units::Instant;

/// Rates and delay as they are estimated now. `None` is not known yet.
#[derive(Clone, Copy, Debug, PartialEq, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Estimates {
    /// Messages arriving per second.
    pub arrival: Option<f64>,
    /// Messages that a busy consumer does per second.
    pub service: Option<f64>,
    /// The slowest that it did lately: drops at once, and recovers slowly.
    pub slowest: Option<f64>,
    /// Seconds from an order until its consumers work; the upper half weighs more.
    pub delay: Option<f64>,
}

/// Throughput that a number of busy consumers had together.
#[derive(Clone, Copy, Debug, PartialEq, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub(super) struct Throughput {
    pub(super) consumers: i32,
    pub(super) rate: f64,
}

/// Throughputs remembered: enough for a fit, few enough that old ones are gone soon.
pub(super) const PAIRS: usize = 8;

/// Counters at the step before.
#[derive(Clone, Copy, Debug, PartialEq, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub(super) struct Counters {
    pub(super) at: Instant,
    pub(super) produced: Option<i64>,
    pub(super) processed: Option<i64>,
    pub(super) busy: Option<u64>,
    pub(super) partitions: Option<u32>,
    pub(super) running: Option<i32>,
    /// When that number was first seen.
    pub(super) since: Instant,
    pub(super) waiting: bool,
}

impl Counters {
    pub(super) fn of(seen: &Observation<'_>, before: Option<&Self>) -> Self {
        let running = seen.running.or(seen.replicas).map(|running| running.0);
        let since = before.filter(|before| before.running == running).map_or(seen.now, |before| before.since);
        Self {
            at: seen.now,
            produced: seen.produced,
            processed: seen.processed,
            busy: seen.busy.map(crate::units::Span::as_nanos),
            partitions: seen.partitions,
            running,
            since: since.min(seen.now),
            waiting: seen.backlog.is_some_and(|backlog| backlog > 0),
        }
    }
}

/// How much a counter grew; `None` when it began anew, or is not known at both ends.
fn growth(before: Option<i64>, now: Option<i64>) -> Option<f64> {
    let grown = now?.checked_sub(before?)?;
    (grown >= 0).then_some(grown as f64)
}

/// An average in time: of a span as long as its time constant, a sample weighs 63 %.
fn average(before: Option<f64>, sample: f64, span: f64, constant: f64) -> f64 {
    match before {
        None => sample,
        Some(before) => before + (1.0 - math::exp(-span / constant)) * (sample - before),
    }
}

/// Takes in what happened between two steps. Gives the throughput, if it is that of busy consumers.
pub(super) fn learn(
    estimates: &mut Estimates,
    pairs: &mut Vec<Throughput, PAIRS>,
    policy: &RateAware,
    before: &Counters,
    now: &Counters,
) -> Option<Throughput> {
    let span = seconds(now.at.since(before.at));
    if span <= 0.0 {
        return None;
    }
    // A partition more brings its whole offset with it.
    if before.partitions == now.partitions
        && let Some(produced) = growth(before.produced, now.produced)
    {
        estimates.arrival = Some(average(estimates.arrival, produced / span, span, policy.quick()));
    }
    let processed = growth(before.processed, now.processed).filter(|_| before.partitions == now.partitions)?;
    // A rebalance stops all of them: the time in which there may have been one says nothing about their rate.
    let settled = before.at >= before.since + policy.rebalance;
    let steady = now.running.filter(|running| settled && *running > 0 && before.running == Some(*running));
    // Without work left over at both ends, consumers may have idled: their rate is then that of arrivals.
    let together = steady.filter(|_| before.waiting && now.waiting);
    let busy = match (before.busy, now.busy) {
        (Some(before), Some(now)) => now.checked_sub(before).filter(|busy| *busy > 0).map(|busy| busy as f64 / 1e9),
        _ => together.map(|running| f64::from(running) * span),
    };
    if let Some(busy) = busy
        && processed > 0.0
    {
        let sample = processed / busy;
        let service = average(estimates.service, sample, span, policy.slow());
        estimates.service = Some(service);
        let recovered = average(estimates.slowest, service, span, policy.slow());
        estimates.slowest = Some(if sample < recovered { sample } else { recovered });
    }
    let pair = Throughput { consumers: together?, rate: processed / span };
    if pairs.is_full() {
        pairs.remove(0);
    }
    let _fits = pairs.push(pair);
    Some(pair)
}

/// Takes in how long an order took.
pub(super) fn learn_delay(estimates: &mut Estimates, policy: &RateAware, took: f64) {
    let (least, most) = policy.delay_bounds;
    let before = estimates.delay.unwrap_or(seconds(policy.delay));
    // The upper half counts: too long a delay costs little, too short a one is ordered twice.
    let weight = if took > before { 0.5 } else { 0.1 };
    let delay = before + weight * (took - before);
    let (least, most) = (seconds(least), seconds(most));
    estimates.delay = Some(if delay < least {
        least
    } else if delay > most {
        most
    } else {
        delay
    });
}

/// How much of its rate a consumer keeps among many: the least-squares fit `Σ n R / (β Σ n²)` of throughput R over
/// consumers n, with the rate per consumer of the fewest as β; between 0.5 and 1, and 1 while nothing is known. O(pairs).
#[must_use]
pub fn diminishing(pairs: &[(i32, f64)]) -> f64 {
    let fewest = pairs.iter().filter(|pair| pair.0 > 0).min_by_key(|pair| pair.0);
    let Some(base) = fewest.map(|(n, rate)| rate / f64::from(*n)).filter(|base| *base > 0.0) else { return 1.0 };
    let (mut above, mut below) = (0.0, 0.0);
    for (n, rate) in pairs.iter().filter(|pair| pair.0 > 0) {
        let n = f64::from(*n);
        above += n * rate;
        below += n * n;
    }
    let kept = above / (base * below);
    match () {
        () if kept >= 1.0 => 1.0,
        () if kept >= 0.5 => kept,
        () => 0.5,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_without_consumers_say_nothing() {
        assert_eq!(diminishing(&[(2, 20.0), (4, 30.0)]), 0.8);
        assert_eq!(diminishing(&[(2, 20.0), (4, 30.0), (-9, 5.0), (0, 7.0)]), 0.8);
        assert_eq!(diminishing(&[(0, 7.0)]), 1.0);
    }
}
