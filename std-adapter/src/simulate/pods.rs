//! One pod: its life from being created to being gone, what it uses, and what the metrics pipeline saw of it.
//!
//! Pending (no place on a node) → placed, Running, not ready → ready → deleted, draining → gone.

use std::collections::VecDeque;

use super::scenario::{Pipeline, Workload};
use super::{CPU, MEMORY, Measured, Phase, REQUESTS, Ready, SECOND_NS, SeenPod};

/// Memory that usage does not exceed, bytes: 2⁵⁰, whose thousandfold fits in 63 bits.
const MEMORY_MOST: f64 = 1_125_899_906_842_624.0;

const MIB: f64 = 1_048_576.0;

/// A pod of the workload. Times are seconds of the run; those of the first pods are negative.
#[derive(Clone, Debug)]
pub(super) struct Pod {
    pub(super) name: String,
    pub(super) number: u64,
    created_s: i64,
    pub(super) placed: Option<Placed>,
    deleted_s: Option<i64>,
    /// The last seconds, oldest first; as many as the window has.
    usage: VecDeque<Usage>,
    /// Scrapes, oldest first: the one that is visible and those that are not yet.
    scrapes: VecDeque<Scrape>,
}

/// A pod's place.
#[derive(Clone, Copy, Debug)]
pub(super) struct Placed {
    at_s: i64,
    /// Absent in a world without nodes.
    pub(super) node: Option<u32>,
    ready_s: i64,
}

/// What a pod used in one second.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Usage {
    /// Millionths of a core.
    pub(super) cpu: u64,
    /// Bytes.
    pub(super) memory: u64,
    /// Millionths of a request.
    pub(super) requests: u64,
}

#[derive(Clone, Copy, Debug)]
struct Scrape {
    at_s: i64,
    measured: [Measured; 3],
}

impl Pod {
    pub(super) fn new(number: u64, created_s: i64) -> Self {
        Self {
            name: format!("pod-{number}"),
            number,
            created_s,
            placed: None,
            deleted_s: None,
            usage: VecDeque::new(),
            scrapes: VecDeque::new(),
        }
    }

    /// Starts on a node; ready `delay_s` later.
    pub(super) fn place(&mut self, node: Option<u32>, at_s: i64, delay_s: i64) {
        self.placed = Some(Placed { at_s, node, ready_s: at_s + delay_s });
    }

    pub(super) fn delete(&mut self, at_s: i64) {
        self.deleted_s = self.deleted_s.or(Some(at_s));
    }

    pub(super) fn deleted(&self) -> bool {
        self.deleted_s.is_some()
    }

    /// Whether it has drained, or was deleted without ever having a place.
    pub(super) fn gone(&self, now_s: i64, drain_s: u32) -> bool {
        self.deleted_s.is_some_and(|at| self.placed.is_none() || at + i64::from(drain_s) <= now_s)
    }

    pub(super) fn ready(&self, now_s: i64) -> bool {
        self.placed.is_some_and(|placed| placed.ready_s <= now_s)
    }

    /// Whether it gets new requests.
    pub(super) fn serves(&self, now_s: i64) -> bool {
        self.ready(now_s) && !self.deleted()
    }

    /// Smaller goes first when the scale falls: as the ReplicaSet controller does it, pods without a node, then those
    /// not ready, then those ready for the shortest time, then the youngest. (Its rules on deletion cost and on several
    /// pods of one node are not modelled, nor is its rounding of times to powers of two.)
    pub(super) fn farewell(&self, now_s: i64) -> (bool, bool, i64, i64, u64) {
        let since = self.placed.map_or(self.created_s, |placed| placed.ready_s);
        (self.placed.is_some(), self.ready(now_s), -since, -self.created_s, u64::MAX - self.number)
    }

    /// What it uses in a second in which it serves `requests` millionths of a request.
    pub(super) fn use_up(&mut self, workload: &Workload, now_s: i64, requests: u64, window_s: u32) -> Usage {
        if self.placed.is_none() {
            return Usage::default();
        }
        let rps = requests as f64 / 1e6;
        let millicores = if self.ready(now_s) {
            workload.cpu_fixed_millicores + rps * workload.cpu_ms_per_request
        } else {
            workload.cpu_starting_millicores
        };
        let millicores = workload.cpu_limit_millicores.map_or(millicores, |limit| millicores.min(f64::from(limit)));
        let mib = workload.memory_base_mib + rps * workload.memory_mib_per_rps;
        let mib = workload.memory_limit_mib.map_or(mib, |limit| mib.min(f64::from(limit)));
        let usage = Usage {
            cpu: libm::round(millicores * 1e3) as u64,
            memory: libm::round((mib * MIB).min(MEMORY_MOST)) as u64,
            requests,
        };
        while self.usage.len() >= usize::try_from(window_s).unwrap_or(1).max(1) {
            self.usage.pop_front();
        }
        self.usage.push_back(usage);
        usage
    }

    /// Takes a sample: the mean of the window that ends now, when the pod has run for all of it.
    pub(super) fn scrape(&mut self, pipeline: &Pipeline, now_s: i64) {
        let window = u64::from(pipeline.window_s);
        if u64::try_from(self.usage.len()) != Ok(window) {
            return;
        }
        let mean = |of: fn(&Usage) -> u64, divisor: u64| {
            let sum: u64 = self.usage.iter().map(of).sum();
            i64::try_from((sum + window * divisor / 2) / (window * divisor)).unwrap_or(i64::MAX)
        };
        let measured = |name, value| Measured {
            name,
            value,
            at: now_s * SECOND_NS,
            window: i64::from(pipeline.window_s) * SECOND_NS,
        };
        let measured = [
            measured(CPU, mean(|usage| usage.cpu, 1_000)),
            measured(MEMORY, mean(|usage| usage.memory, 1).saturating_mul(1_000)),
            measured(REQUESTS, mean(|usage| usage.requests, 1_000)),
        ];
        self.scrapes.push_back(Scrape { at_s: now_s, measured });
        // Of the visible ones only the newest is ever looked at.
        let visible = |scrape: &Scrape| scrape.at_s + i64::from(pipeline.lag_s) <= now_s;
        while self.scrapes.get(1).is_some_and(visible) {
            self.scrapes.pop_front();
        }
    }

    /// The pod as a controller sees it.
    pub(super) fn seen(&self, workload: &Workload, pipeline: &Pipeline, now_s: i64) -> SeenPod<'_> {
        let visible = |scrape: &&Scrape| scrape.at_s + i64::from(pipeline.lag_s) <= now_s;
        SeenPod {
            name: &self.name,
            phase: if self.placed.is_some() { Phase::Running } else { Phase::Pending },
            deleted: self.deleted(),
            created: self.created_s * SECOND_NS,
            started: self.placed.map(|placed| placed.at_s * SECOND_NS),
            ready: self.placed.map(|placed| {
                let status = placed.ready_s <= now_s;
                Ready { status, since: if status { placed.ready_s } else { placed.at_s } * SECOND_NS }
            }),
            cpu_request_milli: i64::from(workload.cpu_request_millicores),
            memory_request_milli: i64::from(workload.memory_request_mib) * 1_048_576 * 1_000,
            samples: self.scrapes.iter().rev().find(visible).map_or(&[], |scrape| &scrape.measured),
        }
    }
}

#[cfg(test)]
impl Pod {
    /// Requests of the last second, millionths.
    pub(super) fn last_requests(&self) -> u64 {
        self.usage.back().map_or(0, |usage| usage.requests)
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::workload;
    use super::*;

    #[test]
    fn a_pod_lives_from_pending_to_gone() {
        let mut pod = Pod::new(3, 10);
        assert_eq!(seen(&pod, 10).phase, Phase::Pending);
        assert_eq!(seen(&pod, 10).ready, None);
        pod.place(Some(1), 12, 5);
        let starting = seen(&pod, 16);
        assert_eq!((starting.phase, starting.started), (Phase::Running, Some(12 * SECOND_NS)));
        assert_eq!(starting.ready, Some(Ready { status: false, since: 12 * SECOND_NS }));
        assert_eq!(seen(&pod, 17).ready, Some(Ready { status: true, since: 17 * SECOND_NS }));
        assert!(!pod.serves(16) && pod.serves(17));
        pod.delete(20);
        pod.delete(25);
        assert!(seen(&pod, 20).deleted && !pod.serves(20));
        assert!(!pod.gone(24, 5) && pod.gone(25, 5));
        assert_eq!(pod.name, "pod-3");
    }

    #[test]
    fn a_pod_deleted_without_a_place_is_gone_at_once() {
        let mut pod = Pod::new(1, 0);
        pod.delete(1);
        assert!(pod.gone(1, 60));
    }

    #[test]
    fn usage_grows_with_requests_up_to_the_limits() {
        let mut tight = workload();
        tight.cpu_fixed_millicores = 100.0;
        tight.cpu_limit_millicores = Some(1_000);
        tight.memory_limit_mib = Some(1_100);
        let mut pod = Pod::new(1, 0);
        assert_eq!(pod.use_up(&tight, 0, 1_000_000, 2), Usage::default(), "pending");
        pod.place(None, 0, 2);
        tight.cpu_starting_millicores = 30.0;
        assert_eq!(pod.use_up(&tight, 1, 0, 2).cpu, 30_000);
        let half = pod.use_up(&tight, 2, 50_000_000, 2);
        assert_eq!((half.cpu, half.memory), (600_000, 150 * 1_048_576));
        let much = pod.use_up(&tight, 3, 1_000_000_000, 2);
        assert_eq!((much.cpu, much.memory), (1_000_000, 1_100 * 1_048_576));
    }

    #[test]
    fn a_sample_needs_a_whole_window_and_is_seen_after_the_lag() {
        let pipeline = Pipeline { scrape_every_s: 2, window_s: 2, lag_s: 3 };
        let mut pod = Pod::new(1, 0);
        pod.place(None, 0, 0);
        pod.use_up(&workload(), 0, 10_000_000, 2);
        pod.scrape(&pipeline, 1);
        assert!(pod.scrapes.is_empty());
        pod.use_up(&workload(), 1, 20_000_000, 2);
        pod.scrape(&pipeline, 2);
        let visible = |pod: &Pod, now| pod.seen(&workload(), &pipeline, now).samples.to_vec();
        assert!(visible(&pod, 4).is_empty());
        let samples = visible(&pod, 5);
        assert_eq!(samples.iter().map(|it| it.name).collect::<Vec<_>>(), [CPU, MEMORY, REQUESTS]);
        // 15 requests per second at 10 ms each; a window of two seconds ends at second 2.
        assert_eq!((samples[0].value, samples[0].at, samples[0].window), (150, 2 * SECOND_NS, 2 * SECOND_NS));
        assert_eq!(samples[1].value, (100 + 15) * 1_048_576 * 1_000);
        assert_eq!(samples[2].value, 15_000);
    }

    #[test]
    fn only_the_newest_visible_scrape_and_the_hidden_ones_are_kept() {
        let pipeline = Pipeline { scrape_every_s: 1, window_s: 1, lag_s: 2 };
        let mut pod = Pod::new(1, 0);
        pod.place(None, 0, 0);
        for now in 0..20 {
            pod.use_up(&workload(), now, 1_000_000, 1);
            pod.scrape(&pipeline, now + 1);
        }
        assert_eq!(pod.scrapes.iter().map(|scrape| scrape.at_s).collect::<Vec<_>>(), [18, 19, 20]);
        assert_eq!(pod.seen(&workload(), &pipeline, 20).samples[0].at, 18 * SECOND_NS);
    }

    #[test]
    fn who_is_not_ready_leaves_first_and_then_the_youngest() {
        let mut pods: Vec<Pod> = (0..5).map(|number| Pod::new(number, number as i64)).collect();
        pods[0].place(None, 0, 0);
        pods[1].place(None, 1, 1);
        pods[2].place(None, 2, 0);
        pods[3].place(None, 3, 100);
        pods.sort_by_key(|pod| pod.farewell(50));
        assert_eq!(pods.iter().map(|pod| pod.number).collect::<Vec<_>>(), [4, 3, 2, 1, 0]);
    }

    fn seen(pod: &Pod, now_s: i64) -> SeenPod<'_> {
        // The workload lives only for its numbers; nothing of it is borrowed.
        pod.seen(&workload(), &Pipeline::default(), now_s)
    }
}
