//! The world: pods on nodes, requests before them, and the pipeline that measures them, second by second.
//!
//! A second has this order: at its start pods that have drained go, nodes come, pending pods find places, idle nodes go,
//! and a due scrape looks back on the seconds before ([`World::wake`]); then whoever decides may change the scale
//! ([`World::scale`]); then requests of the second arrive and are served by the pods ready at its start
//! ([`World::second`]). One second is enough: every time in a scenario is in whole seconds, as are those of the
//! Kubernetes API, and what happens within a second is in the formulas of [`requests`](super::requests).
//!
//! Where there are jobs, each has one pod and its number, is started by whoever decides, and ends by itself; a smaller
//! number ends none.
//!
//! What always holds: pods that exist and are not deleted are as many as the scale asks for (up to the quota); offered
//! requests are those served, failed and waiting, to the millionth.

use std::collections::BTreeSet;

use super::jobs::{Ended, Jobs};
use super::nodes::Yard;
use super::pods::Pod;
use super::random::Dice;
use super::requests::{Flow, MICRO, Queue, Service, micro};
use super::run::{JobTotals, Sample};
use super::scenario::{Plan, Scenario};
use super::service::Meter;
use super::topic::Topic;
use super::{Measured, SECOND_NS, SeenEnd, SeenJob, SeenPartition, SeenPod, load::Load};

/// The random stream of start-up times.
const START_UP: u64 = 1;

/// For how long the first pods have been ready, seconds.
const FIRST_READY_S: i64 = 3_600;

/// Where requests or messages wait.
#[derive(Clone, Debug)]
enum Waiting {
    Queue(Queue),
    Topic(Topic),
    Jobs(Box<Jobs>),
}

#[derive(Clone, Debug)]
pub(super) struct World<'a> {
    plan: &'a Plan,
    load: &'a Load,
    service: Service,
    waiting: Waiting,
    meter: Meter,
    yard: Option<Yard>,
    /// In the order of their creation.
    pods: Vec<Pod>,
    created: u64,
    wanted: i32,
    dice: Dice,
}

impl<'a> World<'a> {
    pub(super) fn new(scenario: &'a Scenario) -> Self {
        let plan = scenario.plan();
        let mut world = Self {
            plan,
            load: scenario.load(),
            service: Service::of(&plan.workload),
            waiting: match (&plan.topic, &plan.jobs) {
                (Some(rules), _) => Waiting::Topic(Topic::new(rules, &plan.workload)),
                (None, Some(rules)) => Waiting::Jobs(Box::new(Jobs::new(rules, plan))),
                (None, None) => Waiting::Queue(Queue::of(&plan.workload)),
            },
            meter: Meter::new(&plan.metrics),
            yard: plan.nodes.as_ref().map(Yard::new),
            pods: Vec::new(),
            created: 0,
            wanted: plan.workload.replicas,
            dice: Dice::new(plan.seed, START_UP),
        };
        // The first pods have been there for long, as far as the first nodes have places.
        let delay = i64::from(plan.workload.start_up_s) + i64::from(plan.workload.readiness_delay_s);
        for _ in 0..world.wanted {
            let at = -FIRST_READY_S - delay;
            let mut pod = world.create(at);
            if let Some(node) = world.place() {
                pod.place(node, at, delay);
            }
            world.pods.push(pod);
        }
        world
    }

    /// Pods that the scale asks for, or jobs that have not ended.
    pub(super) fn wanted(&self) -> i32 {
        match self.waiting {
            Waiting::Queue(_) | Waiting::Topic(_) => self.wanted,
            Waiting::Jobs(_) => self.alive(),
        }
    }

    /// Pods that exist and are not deleted.
    pub(super) fn alive(&self) -> i32 {
        i32::try_from(self.pods.iter().filter(|pod| !pod.deleted()).count()).unwrap_or(i32::MAX)
    }

    /// What is due at the start of second `now_s`.
    pub(super) fn wake(&mut self, now_s: u32) {
        let now = i64::from(now_s);
        let drain_s = self.plan.workload.drain_s;
        let yard = &mut self.yard;
        self.pods.retain(|pod| {
            let gone = pod.gone(now, drain_s);
            if let (true, Some(yard), Some(node)) = (gone, yard.as_mut(), pod.placed.and_then(|placed| placed.node)) {
                yard.give(node);
            }
            !gone
        });
        if let Some(yard) = &mut self.yard {
            yard.arrive(now);
        }
        self.settle(now);
        if let Some(yard) = &mut self.yard {
            yard.retire(now);
        }
        if now_s > 0 && now_s.is_multiple_of(self.plan.metrics.scrape_every_s) {
            for pod in &mut self.pods {
                pod.scrape(&self.plan.metrics, now);
            }
            self.meter.scrape(now);
        }
    }

    /// The pods as a controller sees them at the start of second `now_s`.
    pub(super) fn seen(&self, now_s: u32) -> Vec<SeenPod<'_>> {
        let plan = self.plan;
        self.pods.iter().map(|pod| pod.seen(&plan.workload, &plan.metrics, i64::from(now_s))).collect()
    }

    /// The newest samples of the service as a whole that are visible at the start of second `now_s`.
    pub(super) fn seen_service(&self, now_s: u32) -> &[Measured] {
        self.meter.seen(i64::from(now_s))
    }

    /// The service's samples that have become visible since the last time that somebody looked, oldest first.
    pub(super) fn service_news(&self, now_s: u32) -> Vec<&[Measured]> {
        self.meter.news(i64::from(now_s))
    }

    /// A controller has looked at the world.
    pub(super) fn looked(&mut self, now_s: u32) {
        self.meter.looked(i64::from(now_s));
    }

    /// The topic's partitions as its broker shows them; empty without a topic.
    pub(super) fn seen_partitions(&self) -> Vec<SeenPartition> {
        match &self.waiting {
            Waiting::Queue(_) | Waiting::Jobs(_) => Vec::new(),
            Waiting::Topic(topic) => topic.seen(),
        }
    }

    /// The jobs as the API shows them, with `pods` as they are [seen](Self::seen): those that have ended, then the others.
    pub(super) fn seen_jobs<'s>(&self, pods: &'s [SeenPod<'s>]) -> Vec<SeenJob<'s>> {
        let Waiting::Jobs(jobs) = &self.waiting else { return Vec::new() };
        let ended = jobs.ended().map(|Ended { number, failed, at_s }| {
            let end = SeenEnd { failed, at: i64::from(at_s) * SECOND_NS };
            SeenJob { name: job_name(number), pod: None, ended: Some(end) }
        });
        let unfinished = self.pods.iter().zip(pods);
        let unfinished =
            unfinished.map(|(pod, seen)| SeenJob { name: job_name(pod.number), pod: Some(seen), ended: None });
        ended.chain(unfinished).collect()
    }

    /// Deletes jobs that have ended, by their names.
    pub(super) fn delete_jobs(&mut self, names: &[String]) {
        if let (Waiting::Jobs(jobs), false) = (&mut self.waiting, names.is_empty()) {
            let names = names.iter().map(String::as_str).collect::<BTreeSet<_>>();
            jobs.delete(|number| names.contains(job_name(number).as_str()));
        }
    }

    /// Totals of the jobs up to now.
    pub(super) fn job_totals(&self) -> Option<JobTotals> {
        match &self.waiting {
            Waiting::Queue(_) | Waiting::Topic(_) => None,
            Waiting::Jobs(jobs) => Some(jobs.totals()),
        }
    }

    /// Asks for `wanted` pods: missing ones are created, those too many deleted, in the same second.
    pub(super) fn scale(&mut self, wanted: i32, now_s: u32) {
        let now = i64::from(now_s);
        self.wanted = wanted.max(0);
        let target = usize::try_from(self.wanted.min(self.plan.workload.pod_quota)).unwrap_or(0);
        let mut alive: Vec<usize> = (0..).zip(&self.pods).filter(|(_, pod)| !pod.deleted()).map(|(at, _)| at).collect();
        for _ in alive.len()..target {
            let pod = self.create(now);
            self.pods.push(pod);
        }
        if let Waiting::Jobs(jobs) = &mut self.waiting {
            jobs.started(target.saturating_sub(alive.len()));
            return self.settle(now);
        }
        let pods = &mut self.pods;
        alive.sort_by_key(|at| pods.get(*at).map(|pod| pod.farewell(now)));
        for at in alive.iter().take(alive.len().saturating_sub(target)) {
            if let Some(pod) = pods.get_mut(*at) {
                pod.delete(now);
            }
        }
        self.pods.retain(|pod| !(pod.deleted() && pod.placed.is_none()));
        self.settle(now);
    }

    /// Second `now_s`: requests come, are served, wait or fail, and pods use what that takes.
    pub(super) fn second(&mut self, now_s: u32) -> (Flow, Sample) {
        let now = i64::from(now_s);
        let workload = &self.plan.workload;
        let serving = self.pods.iter().filter(|pod| pod.serves(now));
        let ready = serving.clone().count() as u64;
        let offered = micro(self.load.rate(now_s));
        let mut ended = Vec::new();
        let (flow, working) = match &mut self.waiting {
            Waiting::Queue(queue) => (queue.second(now_s, offered, self.service.capacity(ready)), ready),
            Waiting::Topic(topic) => {
                (topic.second(now_s, offered, ready, self.service.capacity(1)), topic.working(ready))
            }
            Waiting::Jobs(jobs) => {
                let flow;
                (flow, ended) = jobs.second(now_s, offered, &serving.map(|pod| pod.number).collect::<Vec<_>>());
                (flow, ready)
            }
        };
        match &self.waiting {
            Waiting::Queue(_) | Waiting::Topic(_) => self.meter.second(&self.service, &flow, working),
            Waiting::Jobs(jobs) => self.meter.second_of_jobs(&flow, jobs),
        }

        // Millionths that cannot be shared evenly go to the first pods, so that the shares add up. Consumers without a
        // partition are the youngest.
        let share = flow.served.checked_div(working).unwrap_or(0);
        let mut odd = flow.served.checked_rem(working).unwrap_or(0);
        let mut left = working;
        let (mut cpu, mut memory) = (0, 0);
        for pod in &mut self.pods {
            let serves = pod.serves(now);
            let works = serves && left > 0;
            let requests = if works { share + u64::from(odd > 0) } else { 0 };
            odd = odd.saturating_sub(u64::from(works));
            left = left.saturating_sub(u64::from(works));
            let requests = match &self.waiting {
                Waiting::Queue(_) | Waiting::Topic(_) => requests,
                Waiting::Jobs(jobs) => jobs.rate(pod.number),
            };
            let usage = pod.use_up(workload, now, requests, self.plan.metrics.window_s);
            if serves {
                cpu += usage.cpu;
                memory += u128::from(usage.memory);
            }
        }
        let of_request = |used: f64, request: f64| {
            if ready == 0 { 0.0 } else { 100.0 * used / (ready as f64 * request) }
        };
        let count = |of: &dyn Fn(&Pod) -> bool| {
            i32::try_from(self.pods.iter().filter(|pod| of(pod)).count()).unwrap_or(i32::MAX)
        };
        let latency_ms = |p| match &self.waiting {
            Waiting::Queue(_) | Waiting::Topic(_) => self.service.latency_ms(p, &flow, working),
            Waiting::Jobs(jobs) => jobs.latency_ms(p),
        };
        let sample = Sample {
            at_s: now_s,
            offered: requests(flow.offered),
            served: requests(flow.served),
            failed: requests(flow.failed),
            queued: requests(flow.waiting_after),
            latency_p50_ms: latency_ms(0.5),
            latency_p95_ms: latency_ms(0.95),
            wanted: self.wanted(),
            ready: count(&|pod| pod.serves(now)),
            starting: count(&|pod| !pod.deleted() && pod.placed.is_some() && !pod.ready(now)),
            pending: count(&|pod| pod.placed.is_none()),
            draining: count(&Pod::deleted),
            nodes: self.yard.as_ref().map(Yard::len),
            cpu_percent: of_request(cpu as f64, f64::from(workload.cpu_request_millicores) * 1e3),
            memory_percent: of_request(memory as f64, f64::from(workload.memory_request_mib) * 1_048_576.0),
        };
        self.end(&ended);
        (flow, sample)
    }

    /// A sample as it is kept.
    pub(super) fn sampled(&mut self, sample: Sample) -> Sample {
        match &mut self.waiting {
            Waiting::Queue(_) | Waiting::Topic(_) => sample,
            Waiting::Jobs(jobs) => jobs.sampled(sample),
        }
    }

    /// Pods of jobs that have ended go, and leave their places.
    fn end(&mut self, ended: &[Ended]) {
        let yard = &mut self.yard;
        self.pods.retain(|pod| {
            // Jobs end in the order of their numbers.
            let stays = ended.binary_search_by_key(&pod.number, |end| end.number).is_err();
            if let (false, Some(yard), Some(node)) = (stays, yard.as_mut(), pod.placed.and_then(|placed| placed.node)) {
                yard.give(node);
            }
            stays
        });
    }

    fn create(&mut self, now_s: i64) -> Pod {
        self.created = self.created.saturating_add(1);
        Pod::new(self.created, now_s)
    }

    /// A place for one pod: `Some(None)` where nodes do not matter.
    fn place(&mut self) -> Option<Option<u32>> {
        match &mut self.yard {
            None => Some(None),
            Some(yard) => yard.take().map(Some),
        }
    }

    /// Pending pods find places, oldest first; nodes are ordered for the rest.
    fn settle(&mut self, now_s: i64) {
        let workload = &self.plan.workload;
        let mut pending = 0;
        for index in 0..self.pods.len() {
            if self.pods.get(index).is_none_or(|pod| pod.placed.is_some()) {
                continue;
            }
            // Once one finds no place, no later one does: all are alike.
            let place = if pending == 0 { self.place() } else { None };
            match (place, self.pods.get_mut(index)) {
                (Some(node), Some(pod)) => {
                    let start_up = workload.start_up_s + self.dice.up_to(workload.start_up_jitter_s);
                    pod.place(node, now_s, i64::from(start_up + workload.readiness_delay_s));
                }
                _ => pending += 1,
            }
        }
        if let Some(yard) = &mut self.yard {
            yard.order(pending, now_s);
        }
    }
}

fn job_name(number: u64) -> String {
    format!("job-{number}")
}

/// Millionths as requests.
pub(super) fn requests(micro: u64) -> f64 {
    micro as f64 / MICRO as f64
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::scenario::{self, Nodes, Workload};
    use super::super::tests::{jobs, nodes, plan, scenario};
    use super::*;

    #[test]
    fn the_first_pods_serve_from_the_first_second() {
        let scenario = scenario(plan(150.0, 60));
        let mut world = World::new(&scenario);
        world.wake(0);
        let (_, sample) = world.second(0);
        assert_eq!((sample.wanted, sample.ready, sample.starting, sample.pending), (2, 2, 0, 0));
        assert_eq!((sample.offered, sample.served, sample.failed, sample.queued), (150.0, 150.0, 0.0, 0.0));
        // 75 requests per second a pod at 10 ms each; 100 MiB and 75 more of 1,024.
        assert_eq!((sample.cpu_percent, sample.memory_percent), (75.0, 100.0 * 175.0 / 1_024.0));
    }

    #[test]
    fn new_pods_start_become_ready_and_share_the_load() {
        let scenario = scenario(plan(150.0, 60));
        let mut world = World::new(&scenario);
        world.wake(0);
        world.scale(3, 0);
        let (_, sample) = world.second(0);
        assert_eq!((sample.wanted, sample.ready, sample.starting), (3, 2, 1));
        // 10 s of start-up and 2 s of readiness delay.
        for at in 1..12 {
            world.wake(at);
            assert_eq!(world.second(at).1.ready, 2, "{at}");
        }
        world.wake(12);
        let (_, sample) = world.second(12);
        assert_eq!((sample.ready, sample.starting, sample.cpu_percent), (3, 0, 50.0));
    }

    #[test]
    fn pods_too_many_drain_and_go() {
        let scenario = scenario(plan(10.0, 60));
        let mut world = World::new(&scenario);
        world.wake(0);
        world.scale(1, 0);
        let names: Vec<bool> = world.seen(0).iter().map(|pod| pod.deleted).collect();
        assert_eq!(names, [false, true], "the youngest leaves");
        assert_eq!((world.second(0).1.ready, world.second(0).1.draining), (1, 1));
        world.wake(2);
        assert_eq!(world.second(2).1.draining, 1);
        world.wake(3);
        assert_eq!((world.second(3).1.draining, world.seen(3).len()), (0, 1));
    }

    #[test]
    fn pods_without_a_place_wait_for_nodes() {
        let mut plan = plan(10.0, 400);
        plan.nodes = Some(nodes());
        let scenario = scenario(plan);
        let mut world = World::new(&scenario);
        world.wake(0);
        world.scale(5, 0);
        let (_, sample) = world.second(0);
        assert_eq!((sample.ready, sample.starting, sample.pending, sample.nodes), (2, 2, 1, Some(2)));
        for at in 1..100 {
            world.wake(at);
            assert_eq!(world.second(at).1.pending, 1, "{at}");
        }
        world.wake(100);
        let (_, sample) = world.second(100);
        assert_eq!((sample.pending, sample.starting, sample.nodes), (0, 1, Some(3)));
        // The youngest pod is alone on the new node: once it has drained, the node is idle and goes.
        world.scale(4, 100);
        for at in 101..=400 {
            world.wake(at);
            let nodes = world.second(at).1.nodes;
            // 3 s of draining, then 50 s without a pod.
            assert_eq!(nodes, Some(if at < 153 { 3 } else { 2 }), "{at}");
        }
    }

    #[test]
    fn a_pending_pod_is_the_first_to_leave_and_leaves_at_once() {
        let mut plan = plan(10.0, 60);
        plan.nodes = Some(nodes());
        let scenario = scenario(plan);
        let mut world = World::new(&scenario);
        world.scale(5, 0);
        world.scale(4, 0);
        let (_, sample) = world.second(0);
        assert_eq!((sample.pending, sample.draining, sample.ready, sample.starting), (0, 0, 2, 2));
    }

    #[test]
    fn the_quota_bounds_what_exists_and_not_what_is_wanted() {
        let mut plan = plan(10.0, 60);
        plan.workload.pod_quota = 7;
        let scenario = scenario(plan);
        let mut world = World::new(&scenario);
        world.scale(i32::MAX, 0);
        assert_eq!((world.wanted(), world.alive()), (i32::MAX, 7));
        world.scale(i32::MIN, 0);
        assert_eq!((world.wanted(), world.alive()), (0, 0));
    }

    #[test]
    fn without_pods_requests_wait_and_then_fail() {
        let scenario = scenario(plan(10.0, 60));
        let mut world = World::new(&scenario);
        world.scale(0, 0);
        let (_, sample) = world.second(0);
        assert_eq!((sample.served, sample.queued, sample.latency_p95_ms, sample.cpu_percent), (0.0, 10.0, 0.0, 0.0));
        for at in 1..6 {
            world.wake(at);
            assert_eq!(world.second(at).1.failed, 0.0);
        }
        world.wake(6);
        assert_eq!(world.second(6).1.failed, 10.0);
    }

    #[test]
    fn a_job_waits_for_a_node_starts_works_and_leaves_its_place_to_the_next() {
        let mut plan = of_jobs(0.0, 5_000.0);
        plan.load =
            serde_saphyr::from_str("[spike: {from_rps: 0, to_rps: 4, at_s: 0, duration_s: 1}]").expect("parses");
        plan.nodes = Some(Nodes { at_start: 1, fewest: 1, most: 1, ..nodes() });
        let scenario = scenario(plan);
        let mut world = World::new(&scenario);
        world.wake(0);
        world.scale(3, 0);
        let states = (0..60).map(|at| {
            if at > 0 {
                world.wake(at);
            }
            let (_, sample) = world.second(at);
            (sample.wanted, sample.pending, sample.starting, sample.ready)
        });
        let mut states = states.collect::<Vec<_>>();
        states.dedup();
        // Two places: the third job waits for one. Each starts for 10 + 2 s and works for 5.
        assert_eq!(states, [(3, 1, 2, 0), (3, 1, 0, 2), (1, 0, 1, 0), (1, 0, 0, 1), (0, 0, 0, 0)]);
        let totals = world.job_totals().expect("jobs");
        assert_eq!((totals.started, totals.succeeded, totals.kept, totals.in_work_at_end), (3, 3, (3, 0), 0));
    }

    #[test]
    fn a_smaller_number_ends_no_job_and_its_pod_uses_what_its_message_costs() {
        let mut plan = of_jobs(3.0, 20_000.0);
        plan.workload.cpu_ms_per_request = 10_000.0;
        let scenario = scenario(plan);
        let mut world = World::new(&scenario);
        world.scale(3, 0);
        for at in 0..14 {
            world.wake(at);
            world.scale(0, at);
            let (_, sample) = world.second(at);
            assert_eq!((sample.wanted, sample.draining), (3, 0));
            // 10 core-seconds in 20 s: half a core of the one that is requested, from second 12 on.
            assert_eq!(sample.cpu_percent, if at < 12 { 0.0 } else { 50.0 });
        }
        let pods = world.seen(14);
        let jobs = world.seen_jobs(&pods);
        assert_eq!(jobs.iter().map(|job| job.name.as_str()).collect::<Vec<_>>(), ["job-1", "job-2", "job-3"]);
        assert!(jobs.iter().all(|job| job.ended.is_none() && job.pod.is_some_and(|pod| pod.name.starts_with("pod-"))));
    }

    #[test]
    fn ended_jobs_are_seen_with_their_end_until_they_are_deleted() {
        let scenario = scenario(of_jobs(0.0, 5_000.0));
        let mut world = World::new(&scenario);
        world.scale(2, 0);
        for at in 0..13 {
            world.wake(at);
            world.second(at);
        }
        let ended =
            |world: &World<'_>| world.seen_jobs(&[]).into_iter().map(|job| (job.name, job.ended)).collect::<Vec<_>>();
        let end = Some(SeenEnd { failed: false, at: 13 * SECOND_NS });
        assert_eq!(ended(&world), [("job-1".to_owned(), end), ("job-2".to_owned(), end)]);
        world.delete_jobs(&["job-1".to_owned(), "job-7".to_owned(), "nobody".to_owned()]);
        assert_eq!(ended(&world), [("job-2".to_owned(), end)]);
    }

    fn of_jobs(rate_rps: f64, service_ms: f64) -> Plan {
        let mut plan = plan(rate_rps, 400);
        plan.jobs = Some(jobs());
        plan.workload = Workload {
            replicas: 0,
            request_timeout_s: None,
            drain_s: 0,
            capacity_rps: 0.001,
            service_ms,
            ..plan.workload
        };
        plan
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn whatever_is_asked_jobs_and_messages_add_up(
            scales in prop::collection::vec((0_u32..12, -3_i32..30), 1..40),
            rate in 0.0..3.0,
            service_ms in 1.0..30_000.0,
            with_nodes: bool,
            jitter in 0_u32..20,
            fails_percent in 0.0..50.0,
        ) {
            let mut plan = of_jobs(rate, service_ms);
            plan.nodes = with_nodes.then(nodes);
            plan.workload.start_up_jitter_s = jitter;
            plan.jobs = Some(scenario::Jobs { fails_percent, until_empty: true, wait_s: 1, ..jobs() });
            let scenario = scenario(plan);
            let mut world = World::new(&scenario);
            let (mut at, mut offered, mut gone, mut started) = (0, 0, 0, 0);
            for (pause, wanted) in scales {
                for now in at..=at + pause {
                    world.wake(now);
                    let before = world.wanted();
                    if now == at + pause {
                        world.scale(wanted, now);
                        started += i64::from(wanted.max(before) - before);
                    }
                    prop_assert_eq!(world.wanted(), if now == at + pause { before.max(wanted) } else { before });
                    let (flow, sample) = world.second(now);
                    offered += flow.offered;
                    gone += flow.served + flow.failed;
                    let totals = world.job_totals().expect("jobs");
                    prop_assert_eq!(offered, gone + flow.waiting_after + totals.in_work_at_end * MICRO);
                    prop_assert_eq!(sample.ready + sample.starting + sample.pending, sample.wanted);
                    let ended = totals.succeeded + totals.failed;
                    prop_assert_eq!(totals.started as i64, started);
                    prop_assert_eq!(ended as i64 + i64::from(world.wanted()), started);
                    let taken = world.pods.iter().filter(|pod| pod.placed.is_some_and(|it| it.node.is_some())).count();
                    if let (Some(nodes), Some(rules)) = (sample.nodes, &scenario.plan().nodes) {
                        prop_assert!(taken as u32 <= nodes as u32 * rules.pods_per_node);
                    }
                    prop_assert!(sample.latency_p50_ms <= sample.latency_p95_ms);
                }
                at += pause + 1;
            }
        }

        #[test]
        fn whatever_is_asked_pods_and_requests_add_up(
            scales in prop::collection::vec((0_u32..8, -3_i32..30), 1..40),
            rate in 0.0..2_000.0,
            with_nodes: bool,
            jitter in 0_u32..20,
        ) {
            let mut plan = plan(rate, 300);
            plan.nodes = with_nodes.then(nodes);
            plan.workload.start_up_jitter_s = jitter;
            let scenario = scenario(plan);
            let mut world = World::new(&scenario);
            let (mut at, mut offered, mut gone) = (0, 0, 0);
            for (pause, wanted) in scales {
                for now in at..=at + pause {
                    world.wake(now);
                    if now == at + pause {
                        world.scale(wanted, now);
                    }
                    let (flow, sample) = world.second(now);
                    offered += flow.offered;
                    gone += flow.served + flow.failed;
                    prop_assert_eq!(offered, gone + flow.waiting_after);
                    prop_assert_eq!(world.alive(), world.wanted());
                    prop_assert_eq!(sample.ready + sample.starting + sample.pending, sample.wanted);
                    let shared: u64 = world.pods.iter().map(Pod::last_requests).sum();
                    prop_assert_eq!(shared, flow.served);
                    let taken = world.pods.iter().filter(|pod| pod.placed.is_some_and(|it| it.node.is_some())).count();
                    if let (Some(nodes), Some(rules)) = (sample.nodes, &scenario.plan().nodes) {
                        prop_assert!(nodes >= 0 && nodes as u32 <= rules.most && nodes as u32 >= rules.fewest);
                        prop_assert!(taken as u32 <= nodes as u32 * rules.pods_per_node);
                    }
                    for value in [sample.offered, sample.served, sample.failed, sample.queued, sample.latency_p50_ms,
                        sample.latency_p95_ms, sample.cpu_percent, sample.memory_percent] {
                        prop_assert!(value >= 0.0 && value.is_finite());
                    }
                    prop_assert!(sample.latency_p50_ms <= sample.latency_p95_ms);
                }
                at += pause + 1;
            }
        }
    }
}
