//! The formulas, without memory: how many consumers a demand needs, how partitions share them, what a lag threshold
//! does.

use super::{seconds, span};
use crate::math;
use crate::units::Span;

/// How the parts of a [`Sizing`] become one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Combine {
    /// The greatest: headroom is not needed on top of what drains.
    #[default]
    Max,
    /// Headroom and drain are added, as Flink's autoscaler does.
    Sum,
}

/// What is to be done, and by when. Rates are messages per second.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Demand {
    /// Messages waiting.
    pub backlog: f64,
    /// Arriving.
    pub arrival: f64,
    /// Done by one busy consumer. Above 0.
    pub service: f64,
    /// Consumers that run, or will before a new one does.
    pub on_the_way: f64,
    /// Until a new consumer works.
    pub delay: Span,
    /// For which a change stops all of them.
    pub rebalance: Span,
    /// In which the backlog is to be gone.
    pub drain: Span,
    /// How busy consumers are to be in the steady state, above 0, at most 1.
    pub utilization: f64,
    /// The longest a message may wait, if there is a limit.
    pub wait: Option<Span>,
    /// How the parts become one.
    pub combine: Combine,
}

/// How many consumers a demand needs, not rounded, and why.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sizing {
    /// The backlog when new consumers begin to work.
    pub backlog_then: f64,
    /// To hold the line, with headroom.
    pub steady: f64,
    /// To drain by the deadline; infinite when there is no time left for it.
    pub drain: f64,
    /// To keep the wait, 0 without a limit.
    pub wait: f64,
    /// All together.
    pub consumers: f64,
}

impl Sizing {
    /// Whether the deadline is before new consumers could work.
    #[must_use]
    pub fn infeasible(&self) -> bool {
        self.drain == f64::INFINITY
    }

    /// Whole consumers: rounded up, with a guard against the last bits. O(1).
    #[must_use]
    pub fn whole(&self) -> i32 {
        guarded_ceil(self.consumers)
    }
}

/// `ceil`, but 10.0000000001 is 10. Saturates; no number is 0.
pub(super) fn guarded_ceil(x: f64) -> i32 {
    let guard = match () {
        // Of an infinite need an infinite guard would leave nothing.
        () if x == f64::INFINITY => return i32::MAX,
        () if x > 1.0 => 1e-9 * x,
        () => 1e-9,
    };
    math::ceil_i32(x - guard)
}

/// Sizes a demand.
///
/// With n consumers constant after the delay D and the pause R, `B(t) = B_D + (λ − nμ)(t − D − R)`, where
/// `B_D = max(0, B + (λ − n_eff μ) D) + λ R`. Setting B(T) = 0 gives `n = (λ + B_D / (T − D − R)) / μ`. Computed anew at
/// every step with the same T, the loop is `dB/dt = −B/T`: no standing backlog, time constant T. O(1).
#[must_use]
pub fn size(demand: &Demand) -> Sizing {
    let Demand { arrival, service, utilization, .. } = *demand;
    let at_least_0 = |x: f64| if x > 0.0 { x } else { 0.0 };
    let (delay, pause) = (seconds(demand.delay), seconds(demand.rebalance));
    let grown = at_least_0(demand.backlog) + (arrival - demand.on_the_way * service) * delay;
    let backlog_then = at_least_0(grown) + arrival * pause;
    let steady = arrival / (service * utilization);
    let left = seconds(demand.drain) - delay - pause;
    let extra = match () {
        () if backlog_then <= 0.0 => 0.0,
        () if left <= 0.0 => f64::INFINITY,
        () => backlog_then / left,
    };
    let drain = (arrival + extra) / service;
    let wait = demand.wait.map_or(0.0, |wait| match seconds(wait) {
        _ if backlog_then <= 0.0 => 0.0,
        seconds if seconds > 0.0 => backlog_then / (service * seconds),
        _ => f64::INFINITY,
    });
    let together = match demand.combine {
        Combine::Max if drain > steady => drain,
        Combine::Max => steady,
        Combine::Sum => steady + extra / service,
    };
    let consumers = if wait > together { wait } else { together };
    Sizing { backlog_then, steady, drain, wait, consumers }
}

/// A number of consumers that makes the greatest share of partitions as small as it must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Share {
    /// Consumers: the fewest with that share.
    pub consumers: u32,
    /// Partitions of the busiest one.
    pub partitions: u32,
    /// Even one partition for each is not enough.
    pub infeasible: bool,
}

/// With P partitions the busiest of n consumers has `ceil(P/n)`: any n between two that differ in it buys nothing.
/// `need` is in consumers, not rounded. O(1).
#[must_use]
pub fn partition_share(partitions: u32, need: f64) -> Share {
    let all = f64::from(partitions);
    if partitions == 0 || need <= 0.0 || need.is_nan() {
        return Share { consumers: 0, partitions, infeasible: partitions == 0 && need > 0.0 };
    }
    // The guard is that of whole consumers: a need of 4.0000000001 is 4.
    let share = math::floor(all / need * (1.0 + 1e-9)) as u32;
    if share == 0 {
        return Share { consumers: partitions, partitions: 1, infeasible: true };
    }
    let share = share.min(partitions);
    Share { consumers: partitions.div_ceil(share), partitions: share, infeasible: false }
}

/// Job slots for one message a job that takes `job` in all: what arrives meanwhile (Little's law), and the backlog by
/// the deadline. New jobs are these less those that run. O(1).
#[must_use]
pub fn job_slots(backlog: f64, arrival: f64, job: Span, drain: Span, delay: Span) -> i32 {
    let (job, left) = (seconds(job), seconds(drain) - seconds(delay));
    let backlog = if backlog > 0.0 { backlog } else { 0.0 };
    let draining = match () {
        () if backlog == 0.0 => 0.0,
        () if left <= 0.0 => f64::INFINITY,
        () => backlog * job / left,
    };
    guarded_ceil(arrival * job + draining)
}

/// What replicas in proportion to lag do.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LagThreshold {
    /// Whether it settles.
    pub stability: Stability,
    /// How long every message waits once it has settled: threshold / service rate.
    pub standing_wait: Span,
    /// The least threshold that does not overshoot: e × service rate × delay.
    pub least_calm: f64,
}

/// Whether a loop settles.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stability {
    /// Without overshoot.
    Calm,
    /// After swings.
    Oscillates,
    /// Never.
    Unstable,
}

/// Judges a lag threshold, in messages per consumer, by one consumer's rate per second and the delay until a new one
/// works.
///
/// The loop `n = B/L` is `x'(t) = −x(t − D)/τ` with `τ = L/μ`: no overshoot if and only if `D/τ ≤ 1/e`, stable if and
/// only if `D/τ < π/2`. O(1).
#[must_use]
pub fn check_lag_threshold(threshold: f64, service: f64, delay: Span) -> LagThreshold {
    let reach = service * seconds(delay);
    let stability = match () {
        () if threshold >= core::f64::consts::E * reach => Stability::Calm,
        () if threshold > core::f64::consts::FRAC_2_PI * reach => Stability::Oscillates,
        () => Stability::Unstable,
    };
    LagThreshold { stability, standing_wait: span(threshold / service), least_calm: core::f64::consts::E * reach }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_checked_numbers_come_out() {
        let secs = Span::from_secs;
        let table = [
            (0.0, 100.0, 60, 0, 0.0, 1.0, 0, 10),
            (6000.0, 100.0, 60, 0, 0.0, 1.0, 0, 20),
            (6000.0, 100.0, 600, 0, 0.0, 1.0, 0, 11),
            (6000.0, 0.0, 60, 0, 0.0, 1.0, 0, 10),
            (6000.0, 100.0, 60, 20, 10.0, 1.0, 0, 25),
            (6000.0, 100.0, 60, 20, 16.0, 0.8, 5, 26),
        ];
        for (backlog, arrival, drain, delay, on_the_way, utilization, rebalance, expected) in table {
            let sizing = size(&Demand {
                backlog,
                arrival,
                service: 10.0,
                on_the_way,
                delay: secs(delay),
                rebalance: secs(rebalance),
                drain: secs(drain),
                utilization,
                wait: None,
                combine: Combine::Max,
            });
            assert_eq!(sizing.whole(), expected, "{backlog} {arrival} {drain} {delay}");
        }
    }

    #[test]
    fn flinks_sum_is_never_below_the_greatest() {
        let demand = Demand {
            backlog: 6000.0,
            arrival: 100.0,
            service: 10.0,
            on_the_way: 10.0,
            delay: Span::ZERO,
            rebalance: Span::ZERO,
            drain: Span::from_secs(60),
            utilization: 0.8,
            wait: None,
            combine: Combine::Sum,
        };
        // 100 / 8 and 6000 / 600.
        assert_eq!(size(&demand).whole(), 23);
        assert_eq!(size(&Demand { combine: Combine::Max, ..demand }).whole(), 20);
        let waiting = Demand { wait: Some(Span::from_secs(10)), ..demand };
        assert_eq!(size(&waiting).whole(), 60);
        let late = Demand { drain: Span::ZERO, ..demand };
        assert!(size(&late).infeasible());
        assert_eq!(size(&late).whole(), i32::MAX);
    }

    #[test]
    fn consumers_share_partitions_as_in_the_table() {
        for (partitions, need, expected) in [(13, 3.0, 4), (100, 21.0, 25), (12, 7.0, 12), (7, 6.0, 7)] {
            assert_eq!(partition_share(partitions, need).consumers, expected, "{partitions} {need}");
        }
        assert_eq!(partition_share(5, 9.0), Share { consumers: 5, partitions: 1, infeasible: true });
        assert_eq!(partition_share(5, 0.0).consumers, 0);
    }

    #[test]
    fn a_lag_threshold_is_judged() {
        let judge = |threshold| check_lag_threshold(threshold, 10.0, Span::from_secs(60));
        assert_eq!(judge(10.0).stability, Stability::Unstable);
        assert_eq!(judge(600.0).stability, Stability::Oscillates);
        assert_eq!(judge(1800.0).stability, Stability::Calm);
        assert_eq!(judge(1800.0).standing_wait, Span::from_secs(180));
    }

    #[test]
    fn job_slots_are_those_of_littles_law() {
        let secs = Span::from_secs;
        assert_eq!(job_slots(0.0, 2.0, secs(30), secs(300), secs(0)), 60);
        assert_eq!(job_slots(100.0, 0.0, secs(30), secs(330), secs(30)), 10);
        assert_eq!(job_slots(1.0, 0.0, secs(30), secs(30), secs(30)), i32::MAX);
    }

    proptest! {
        #[test]
        fn the_share_is_the_fewest_that_carries_the_need(partitions in 1u32..300, tenths in 1u32..4000) {
            let need = f64::from(tenths) / 10.0;
            let share = partition_share(partitions, need);
            // Naive: the fewest consumers whose busiest has no more than partitions / need.
            let naive = (1..=partitions).find(|n| f64::from(partitions.div_ceil(*n)) * need <= f64::from(partitions) * (1.0 + 1e-9));
            prop_assert_eq!(share.consumers, naive.unwrap_or(partitions));
            prop_assert_eq!(share.infeasible, naive.is_none());
        }

        #[test]
        fn more_backlog_never_needs_fewer(
            backlog in 0.0..1e7, more in 0.0..1e6, arrival in 0.0..1e5, service in 0.1..1e4, delay in 0u64..400,
            drain in 0u64..2000,
        ) {
            let demand = Demand {
                backlog, arrival, service, on_the_way: 3.0, delay: Span::from_secs(delay), rebalance: Span::from_secs(3),
                drain: Span::from_secs(drain), utilization: 0.8, wait: None, combine: Combine::Max,
            };
            let greater = Demand { backlog: backlog + more, ..demand };
            prop_assert!(size(&demand).whole() <= size(&greater).whole());
        }
    }
}
