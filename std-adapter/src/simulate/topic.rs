//! A topic of partitions in place of the requests' queue: messages wait, are consumed in order, and are never late.
//!
//! A fluid in steps of one second and in millionths of a message, as [`requests`](super::requests) has it. Consumers are
//! the ready pods. Partition p belongs to consumer p mod c of the c that have one, so at most as many consumers work as
//! there are partitions, and the busiest owns ⌈P / c⌉. In every second a consumer takes an even share of what it can do
//! from each of its partitions, and what is left over from those that have more, in their order. When the number of
//! ready pods changes, nobody consumes for `rebalance_s`: the group agrees anew (an eager rebalance).

use super::requests::{Flow, MICRO};
use super::scenario::Topic as Rules;
use super::{SeenPartition, scenario::Workload};

#[derive(Clone, Debug)]
pub(super) struct Topic {
    rules: Rules,
    partitions: Vec<Partition>,
    /// Messages that are kept in all, millionths.
    limit: u64,
    consumers: Option<u64>,
    /// First second in which the group consumes again.
    settled_s: u32,
}

/// Positions in millionths of a message, from the first one ever.
#[derive(Clone, Copy, Debug, Default)]
struct Partition {
    head: u128,
    committed: u128,
}

impl Partition {
    fn lag(&self) -> u64 {
        u64::try_from(self.head.saturating_sub(self.committed)).unwrap_or(u64::MAX)
    }

    /// Takes up to `most` from its front; gives how much that was.
    fn take(&mut self, most: u64) -> u64 {
        let taken = self.lag().min(most);
        self.committed += u128::from(taken);
        taken
    }
}

impl Topic {
    pub(super) fn new(rules: &Rules, workload: &Workload) -> Self {
        Self {
            rules: rules.clone(),
            partitions: vec![Partition::default(); usize::try_from(rules.partitions).unwrap_or(1)],
            limit: u64::from(workload.queue_limit) * MICRO,
            consumers: None,
            settled_s: 0,
        }
    }

    /// Consumers that have a partition.
    pub(super) fn working(&self, ready: u64) -> u64 {
        ready.min(u64::from(self.rules.partitions))
    }

    fn lag(&self) -> u64 {
        self.partitions.iter().map(Partition::lag).fold(0, u64::saturating_add)
    }

    /// Second `at_s`: `offered` are written, each of `ready` consumers takes at most `capacity`.
    pub(super) fn second(&mut self, at_s: u32, offered: u64, ready: u64, capacity: u64) -> Flow {
        if self.consumers.is_some_and(|before| before != ready) {
            self.settled_s = at_s.saturating_add(self.rules.rebalance_s);
        }
        self.consumers = Some(ready);
        let waiting_before = self.lag();
        self.write(offered);
        let served = if at_s < self.settled_s { 0 } else { self.consume(self.working(ready), capacity) };
        let failed = self.forget();
        Flow { offered, served, failed, waiting_before, waiting_after: self.lag() }
    }

    fn write(&mut self, offered: u64) {
        let count = self.partitions.len() as u64;
        let hot = (offered as f64 * self.rules.hot_percent / 100.0) as u64;
        let (even, mut odd) = ((offered - hot.min(offered)) / count, (offered - hot.min(offered)) % count);
        for (index, partition) in self.partitions.iter_mut().enumerate() {
            let more = u64::from(odd > 0) + if index == 0 { hot.min(offered) } else { 0 };
            odd = odd.saturating_sub(1);
            partition.head += u128::from(even + more);
        }
    }

    fn consume(&mut self, consumers: u64, capacity: u64) -> u64 {
        let consumers = usize::try_from(consumers).unwrap_or(usize::MAX);
        let mut served = 0;
        for consumer in 0..consumers {
            let owned = self.partitions.len().saturating_sub(consumer).div_ceil(consumers) as u64;
            let mut left = capacity;
            for most in [capacity / owned.max(1), u64::MAX] {
                for partition in self.partitions.iter_mut().skip(consumer).step_by(consumers) {
                    left -= partition.take(left.min(most));
                }
            }
            served += capacity - left;
        }
        served
    }

    /// Drops what is beyond the limit, evenly from the front of every partition; gives how much that was.
    fn forget(&mut self) -> u64 {
        let mut excess = self.lag().saturating_sub(self.limit);
        let lost = excess;
        let count = self.partitions.len() as u64;
        for most in [excess.div_ceil(count), u64::MAX] {
            for partition in &mut self.partitions {
                excess -= partition.take(excess.min(most));
            }
        }
        lost
    }

    /// Whole messages, as a broker counts them.
    pub(super) fn seen(&self) -> Vec<SeenPartition> {
        let whole = |micro: u128| i64::try_from(micro / u128::from(MICRO)).unwrap_or(i64::MAX);
        self.partitions
            .iter()
            .map(|it| SeenPartition { head: whole(it.head), committed: whole(it.committed) })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::tests::workload;
    use super::*;

    fn topic(partitions: u32, rebalance_s: u32, hot_percent: f64) -> Topic {
        let mut workload = workload();
        workload.queue_limit = 1_000;
        Topic::new(&Rules { partitions, rebalance_s, hot_percent }, &workload)
    }

    #[test]
    fn more_consumers_than_partitions_do_not_help() {
        let mut topic = topic(3, 0, 0.0);
        let flow = topic.second(0, 90 * MICRO, 10, 20 * MICRO);
        assert_eq!((flow.served, flow.waiting_after, topic.working(10)), (60 * MICRO, 30 * MICRO, 3));
    }

    #[test]
    fn the_busiest_consumer_owns_a_partition_more() {
        // Four partitions, three consumers: the first owns two of them and falls behind alone.
        let mut topic = topic(4, 0, 0.0);
        for at in 0..10 {
            topic.second(at, 40 * MICRO, 3, 15 * MICRO);
        }
        let lags = topic.seen().iter().map(|it| it.head - it.committed).collect::<Vec<_>>();
        assert_eq!(lags, [25, 0, 0, 25]);
    }

    #[test]
    fn a_hot_partition_is_not_drained_by_more_consumers() {
        let mut topic = topic(10, 0, 50.0);
        for at in 0..5 {
            topic.second(at, 100 * MICRO, 10, 20 * MICRO);
        }
        let lags = topic.seen().iter().map(|it| it.head - it.committed).collect::<Vec<_>>();
        assert_eq!((lags[0], lags[1..].iter().sum::<i64>()), (175, 0));
    }

    #[test]
    fn a_change_of_the_group_stops_it_for_a_while() {
        let mut topic = topic(4, 3, 0.0);
        let served =
            (0..6_u64).map(|at| topic.second(at as u32, 10 * MICRO, 1 + u64::from(at > 0), 100 * MICRO).served);
        assert_eq!(served.map(|it| it / MICRO).collect::<Vec<_>>(), [10, 0, 0, 0, 40, 10]);
    }

    #[test]
    fn what_the_broker_does_not_keep_is_lost_from_the_front() {
        let mut topic = topic(2, 0, 0.0);
        let flow = topic.second(0, 1_500 * MICRO, 0, MICRO);
        assert_eq!((flow.served, flow.failed, flow.waiting_after), (0, 500 * MICRO, 1_000 * MICRO));
        assert_eq!(topic.seen(), [SeenPartition { head: 750, committed: 250 }; 2]);
    }

    proptest! {
        #[test]
        fn nothing_is_lost_or_made(
            partitions in 1_u32..40,
            rebalance_s in 0_u32..4,
            hot_percent in 0.0..=100.0,
            seconds in prop::collection::vec((0_u64..2_000_000_000, 0_u64..50, 0_u64..100_000_000), 1..60),
        ) {
            let mut topic = topic(partitions, rebalance_s, hot_percent);
            let (mut offered, mut gone) = (0, 0);
            for (at, (arrive, ready, capacity)) in (0..).zip(seconds) {
                let flow = topic.second(at, arrive, ready, capacity);
                offered += arrive;
                gone += flow.served + flow.failed;
                prop_assert_eq!(offered, gone + flow.waiting_after);
                prop_assert!(flow.served <= capacity * ready.min(u64::from(partitions)));
                prop_assert!(flow.waiting_after <= 1_000 * MICRO);
            }
        }
    }
}
