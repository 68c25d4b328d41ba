//! Requests: those that wait, those that are answered, those that fail, and how long an answer takes.
//!
//! A fluid model in steps of one second. Everything is counted in whole millionths of a request, so that
//! *offered = served + failed + still waiting* holds exactly. One queue stands before all pods, first in, first out:
//! in each second the requests that have waited for longer than the timeout fail, those of the second join, as many as
//! the ready pods can serve leave from the front, and what then exceeds the limit fails from the back.
//!
//! The latency of a quantile p is the sum of three parts, each taken at p (which overstates the sum a little):
//!
//! * serving, exponential with the mean `service_ms`: `service_ms · −ln(1 − p)`;
//! * waiting by chance below the capacity. The balancer spreads evenly without looking, so each pod is its own M/M/c
//!   queue of c = `capacity_rps` · `service_ms` / 1000 servers (at least 1) at the utilisation ρ. A request waits with
//!   probability C ≈ ρ^(√(2(c+1)) − 1) (H. Sakasegawa, "An approximation formula L_q ≃ α·ρ^β/(1−ρ)", 1977, as
//!   probability of waiting; exact for c = 1, else at most 0.06 too high or 0.02 too low), and then exponentially with the rate `capacity_rps` (1 − ρ), which is exact for M/M/c:
//!   `max(0, ln(C / (1 − p))) / (capacity_rps (1 − ρ))`. ρ is held at [`BUSY_MOST`]: above it the queue does not reach
//!   its steady state within a second, and the backlog takes over;
//! * waiting behind the backlog, which is exact for a fluid: backlog / capacity (G. F. Newell, *Applications of Queueing
//!   Theory*, 1971), evenly from its value before the second to that after it.
//!
//! Both kinds of waiting together are at most the timeout: who waits longer is not answered.

use std::collections::VecDeque;

use super::scenario::Workload;

/// Parts of one request.
pub(super) const MICRO: u64 = 1_000_000;

/// Highest utilisation used for waiting by chance.
const BUSY_MOST: f64 = 0.99;

/// What one pod can do.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Service {
    /// Requests per second.
    rps: f64,
    servers: f64,
    service_ms: f64,
    /// Seconds that one request takes at least, by the CPU that a pod may use.
    cpu_s: f64,
    timeout_s: u32,
}

impl Service {
    pub(super) fn of(workload: &Workload) -> Self {
        // A pod that may use no more CPU serves no more requests.
        let by_cpu = match workload.cpu_limit_millicores {
            Some(limit) if workload.cpu_ms_per_request > 0.0 => {
                (f64::from(limit) - workload.cpu_fixed_millicores).max(0.0) / workload.cpu_ms_per_request
            }
            _ => f64::INFINITY,
        };
        let rps = workload.capacity_rps.min(by_cpu);
        Self {
            rps,
            servers: (rps * workload.service_ms / 1_000.0).max(1.0),
            service_ms: workload.service_ms,
            cpu_s: 1.0 / by_cpu,
            timeout_s: workload.request_timeout_s.unwrap_or(u32::MAX),
        }
    }

    /// Mean time of serving a request on an idle pod, seconds.
    pub(super) fn service_s(&self) -> f64 {
        self.service_ms / 1_000.0
    }

    /// Whole seconds that a pod works on a request, and how many it works on at once; both at least 1.
    pub(super) fn batch(&self) -> (u32, u64) {
        // A pod that has no CPU left for requests is never done: no run is as long as this.
        let work_s = libm::ceil(self.service_s().max(self.cpu_s) - 1e-9).clamp(1.0, f64::from(u32::MAX));
        (work_s as u32, libm::round(self.rps * work_s).max(1.0) as u64)
    }

    /// What `pods` pods serve in one second, millionths of a request.
    pub(super) fn capacity(&self, pods: u64) -> u64 {
        micro(self.rps).saturating_mul(pods)
    }

    /// Latency of the quantile `p` in the second that `flow` tells of, milliseconds; 0 when nothing was answered.
    pub(super) fn latency_ms(&self, p: f64, flow: &Flow, pods: u64) -> f64 {
        let capacity = self.capacity(pods) as f64;
        if flow.served == 0 || capacity <= 0.0 {
            return 0.0;
        }
        let busy = (flow.served as f64 / capacity).min(BUSY_MOST);
        let serving = self.service_ms * -libm::log(1.0 - p);
        let chance_s = libm::log(waits(busy, self.servers) / (1.0 - p)).max(0.0) / (self.rps * (1.0 - busy));
        let (before, after) = (flow.waiting_before as f64 / capacity, flow.waiting_after as f64 / capacity);
        let behind_s = before.min(after) + p * (before - after).abs();
        serving + 1_000.0 * (chance_s + behind_s).min(f64::from(self.timeout_s))
    }
}

/// Probability that a request has to wait for one of `servers` servers at the utilisation `busy`.
fn waits(busy: f64, servers: f64) -> f64 {
    libm::pow(busy, libm::sqrt(2.0 * (servers + 1.0)) - 1.0)
}

/// What happened to requests in one second, millionths of a request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Flow {
    pub(super) offered: u64,
    pub(super) served: u64,
    pub(super) failed: u64,
    /// Waiting at the start, without those that failed by waiting too long.
    pub(super) waiting_before: u64,
    pub(super) waiting_after: u64,
}

/// The queue before the pods.
#[derive(Clone, Debug)]
pub(super) struct Queue {
    /// Second of arrival and amount, oldest first; at most one a second, so at most the timeout and two.
    parcels: VecDeque<(u32, u64)>,
    waiting: u64,
    limit: u64,
    timeout_s: u32,
}

impl Queue {
    pub(super) fn of(workload: &Workload) -> Self {
        Self {
            parcels: VecDeque::new(),
            waiting: 0,
            limit: u64::from(workload.queue_limit) * MICRO,
            timeout_s: workload.request_timeout_s.unwrap_or(u32::MAX),
        }
    }

    /// Second `at_s`: `offered` arrive, at most `capacity` are served.
    pub(super) fn second(&mut self, at_s: u32, offered: u64, capacity: u64) -> Flow {
        let mut failed = 0;
        // The last of a parcel came just before the next second: from then on all of it has waited for the timeout.
        while let Some((_, amount)) =
            self.parcels.pop_front_if(|(came, _)| came.saturating_add(1).saturating_add(self.timeout_s) <= at_s)
        {
            failed += amount;
        }
        let waiting_before = self.waiting - failed;
        self.parcels.push_back((at_s, offered));
        self.waiting = waiting_before + offered;

        let served = self.waiting.min(capacity);
        take(&mut self.parcels, served, End::Front);
        self.waiting -= served;

        let excess = self.waiting.saturating_sub(self.limit);
        take(&mut self.parcels, excess, End::Back);
        self.waiting -= excess;
        failed += excess;
        Flow { offered, served, failed, waiting_before, waiting_after: self.waiting }
    }
}

#[derive(Clone, Copy)]
enum End {
    Front,
    Back,
}

/// Takes `amount` from one end, parcel by parcel.
fn take(parcels: &mut VecDeque<(u32, u64)>, mut amount: u64, end: End) {
    while amount > 0 {
        let next = match end {
            End::Front => parcels.front_mut(),
            End::Back => parcels.back_mut(),
        };
        let Some((_, rest)) = next else { return };
        if *rest > amount {
            *rest -= amount;
            return;
        }
        amount -= *rest;
        match end {
            End::Front => parcels.pop_front(),
            End::Back => parcels.pop_back(),
        };
    }
}

/// A number of requests in millionths, to the nearest; a negative one or NaN is 0.
pub(super) fn micro(requests: f64) -> u64 {
    libm::round(requests * MICRO as f64) as u64
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::tests::workload;
    use super::*;

    #[test]
    fn what_fits_is_served_at_once() {
        let mut queue = queue(10, 5);
        let flow = queue.second(0, 7 * MICRO, 8 * MICRO);
        assert_eq!((flow.served, flow.failed, flow.waiting_after), (7 * MICRO, 0, 0));
    }

    #[test]
    fn what_does_not_fit_waits_and_the_rest_fails() {
        let mut queue = queue(10, 5);
        let flow = queue.second(0, 20 * MICRO, 8 * MICRO);
        assert_eq!((flow.served, flow.failed, flow.waiting_after), (8 * MICRO, 2 * MICRO, 10 * MICRO));
        let flow = queue.second(1, 0, 8 * MICRO);
        assert_eq!(
            (flow.served, flow.failed, flow.waiting_before, flow.waiting_after),
            (8 * MICRO, 0, 10 * MICRO, 2 * MICRO)
        );
    }

    #[test]
    fn who_waits_longer_than_the_timeout_fails() {
        let mut queue = queue(10, 2);
        queue.second(0, 3 * MICRO, 0);
        queue.second(1, 4 * MICRO, 0);
        let flow = queue.second(2, 0, 0);
        assert_eq!((flow.failed, flow.waiting_after), (0, 7 * MICRO));
        let flow = queue.second(3, 0, 10 * MICRO);
        assert_eq!((flow.failed, flow.served, flow.waiting_after), (3 * MICRO, 4 * MICRO, 0));
    }

    #[test]
    fn an_idle_pod_answers_in_its_service_time() {
        let service = Service::of(&workload());
        let flow = Flow { offered: 1, served: 1, ..Flow::default() };
        assert!((service.latency_ms(0.5, &flow, 1) - 20.0 * core::f64::consts::LN_2).abs() < 1e-9);
        assert!((service.latency_ms(0.95, &flow, 1) - 20.0 * 2.995_732_273_553_991).abs() < 1e-9);
        assert_eq!(service.latency_ms(0.5, &Flow::default(), 1), 0.0);
        assert_eq!(service.latency_ms(0.5, &flow, 0), 0.0);
    }

    #[test]
    fn one_server_waits_as_the_textbook_says() {
        // M/M/1 at ρ = 0.5, 10 requests per second: P(wait > t) = 0.5 exp(−5 t), so the 95th percentile is ln(10)/5 s.
        let mut one = workload();
        one.capacity_rps = 10.0;
        one.service_ms = 100.0;
        let service = Service::of(&one);
        let flow = Flow { offered: 5 * MICRO, served: 5 * MICRO, ..Flow::default() };
        let waiting = service.latency_ms(0.95, &flow, 1) - 100.0 * 2.995_732_273_553_991;
        assert!((waiting - 1_000.0 * core::f64::consts::LN_10 / 5.0).abs() < 1e-6, "{waiting}");
    }

    #[test]
    fn the_probability_of_waiting_is_near_erlangs() {
        for servers in [1_u32, 2, 5, 10, 20, 80, 200, 1_000] {
            for percent in 1..100 {
                let busy = f64::from(percent) / 100.0;
                // Erlang B by its recursion, then C (A. K. Erlang, 1917).
                let offered = busy * f64::from(servers);
                let blocked = (1..=servers).fold(1.0, |b, k| offered * b / (f64::from(k) + offered * b));
                let exact = blocked / (1.0 - busy * (1.0 - blocked));
                let near = waits(busy, f64::from(servers));
                assert!((-0.02..=0.06).contains(&(near - exact)), "{servers} {busy}: {near} {exact}");
                assert!(servers > 1 || (near - exact).abs() < 1e-12, "{busy}: {near} {exact}");
            }
        }
    }

    #[test]
    fn a_backlog_is_waited_for_up_to_the_timeout() {
        let service = Service::of(&workload());
        let idle = Flow { served: 1, ..Flow::default() };
        let behind = |before, after, p| {
            let flow = Flow { waiting_before: before, waiting_after: after, ..idle };
            service.latency_ms(p, &flow, 1) - service.latency_ms(p, &idle, 1)
        };
        // 100 requests per second: 100 waiting are one second.
        assert!((behind(100 * MICRO, 100 * MICRO, 0.5) - 1_000.0).abs() < 1e-6);
        assert!((behind(0, 100 * MICRO, 0.5) - 500.0).abs() < 1e-6);
        assert!((behind(100 * MICRO, 0, 0.95) - 950.0).abs() < 1e-6);
        assert!((behind(9_000 * MICRO, 9_000 * MICRO, 0.5) - 5_000.0).abs() < 1e-6);
    }

    #[test]
    fn a_cpu_limit_bounds_the_capacity() {
        let mut limited = workload();
        limited.cpu_limit_millicores = Some(1_000);
        limited.cpu_fixed_millicores = 200.0;
        limited.cpu_ms_per_request = 16.0;
        assert_eq!(Service::of(&limited).capacity(2), 100 * MICRO);
        limited.cpu_fixed_millicores = 1_000.0;
        assert_eq!(Service::of(&limited).capacity(2), 0);
        assert_eq!(Service::of(&limited).latency_ms(0.5, &Flow { served: 1, ..Flow::default() }, 2), 0.0);
    }

    proptest! {
        #[test]
        fn nothing_is_lost_or_made(
            limit in 0_u32..50,
            timeout in 1_u32..6,
            seconds in prop::collection::vec((0_u64..100_000_000, 0_u64..100_000_000), 1..60),
        ) {
            let mut queue = queue(limit, timeout);
            let (mut offered, mut gone) = (0, 0);
            for (at, (arrive, capacity)) in (0..).zip(seconds) {
                let flow = queue.second(at, arrive, capacity);
                offered += arrive;
                gone += flow.served + flow.failed;
                prop_assert_eq!(offered, gone + flow.waiting_after);
                prop_assert!(flow.served <= capacity);
                prop_assert!(flow.waiting_after <= u64::from(limit) * MICRO);
                prop_assert_eq!(queue.parcels.iter().map(|(_, amount)| amount).sum::<u64>(), flow.waiting_after);
                prop_assert!(queue.parcels.iter().all(|(came, _)| at - came <= timeout));
            }
        }

        #[test]
        fn more_load_never_answers_sooner(less in 1_u64..100_000_000, more in 1_u64..100_000_000, p in 0.01..0.99) {
            let service = Service::of(&workload());
            let (less, more) = (less.min(more), less.max(more));
            let at = |served| service.latency_ms(p, &Flow { served, ..Flow::default() }, 1);
            prop_assert!(at(less) <= at(more));
        }
    }

    fn queue(limit: u32, timeout_s: u32) -> Queue {
        let mut workload = workload();
        workload.queue_limit = limit;
        workload.request_timeout_s = Some(timeout_s);
        Queue::of(&workload)
    }
}
