//! Jobs in place of pods that stay: messages wait in one queue, a job takes some, works on them, and ends.
//!
//! Whole messages and whole seconds. A message arrives in the second in which the sum of the load passes its number. In
//! every second the jobs that have nothing at hand take messages, the oldest job first and the oldest messages first: as
//! many as its pod works on at once. So many seconds later they are done, or the job has failed with them. A job ends when
//! it has had its number of messages, when it failed, or when it has found none for long enough.
//!
//! What always holds: messages that came are done, failed, waiting or in work. Of each kind at most [`KEPT_MOST`] ended
//! jobs are remembered, and a waiting message costs no room of its own: those of one second are one entry.

use std::collections::{BTreeMap, VecDeque};

use super::random::Dice;
use super::requests::{Flow, MICRO, Service};
use super::run::{JobTotals, Sample};
use super::scenario::{Jobs as Rules, Plan};
use super::service::quantile;

/// The random stream of failures.
const FAILURES: u64 = 2;

/// Ended jobs of a kind that are remembered, whatever the limits of the policy.
const KEPT_MOST: usize = 10_000;

#[derive(Clone, Debug)]
pub(super) struct Jobs {
    rules: Rules,
    /// Seconds of work on what a job has taken.
    work_s: u32,
    /// Messages that it takes at once, and in all.
    at_once: u64,
    most: u64,
    /// Messages that may wait.
    limit: u64,
    /// What has come of the next message, millionths.
    part: u64,
    /// Messages that wait, by the second in which they came.
    waiting: BTreeMap<u32, u64>,
    /// How many they are.
    queued: u64,
    /// Messages that jobs are working on.
    in_work: u64,
    /// What each ready job worked on in the last second, millionths of a message, by its number.
    rates: Vec<(u64, u64)>,
    /// Jobs whose pod is ready, by its number, so the oldest first.
    at_work: BTreeMap<u64, Job>,
    /// Succeeded and failed, each in the order of their end.
    ended: [VecDeque<Ended>; 2],
    /// How long messages done in the last second had been there, milliseconds, rising, and how many they are.
    latencies: Vec<(f64, u64)>,
    since: Since,
    totals: JobTotals,
    dice: Dice,
}

/// A job whose pod is ready.
#[derive(Clone, Debug)]
struct Job {
    /// Messages at hand, by the second in which they came.
    hand: Vec<(u32, u64)>,
    taken: u64,
    /// With messages at hand: end of the work on them. Without: since when.
    at_s: u32,
}

/// What happened since the last sample of the world: a message or two fall between samples, a mean shows them.
#[derive(Clone, Debug, Default)]
struct Since {
    seconds: u32,
    flow: Flow,
    /// By seconds.
    latencies: BTreeMap<u32, u64>,
}

/// A job that has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ended {
    pub(super) number: u64,
    pub(super) failed: bool,
    pub(super) at_s: u32,
}

impl Jobs {
    pub(super) fn new(rules: &Rules, plan: &Plan) -> Self {
        let (work_s, at_once) = Service::of(&plan.workload).batch();
        let most = match rules.messages_per_job {
            Some(most) => u64::from(most),
            None if rules.until_empty => u64::MAX,
            None => 1,
        };
        Self {
            rules: rules.clone(),
            work_s,
            at_once,
            most,
            limit: u64::from(plan.workload.queue_limit),
            part: 0,
            waiting: BTreeMap::new(),
            queued: 0,
            in_work: 0,
            rates: Vec::new(),
            at_work: BTreeMap::new(),
            ended: [VecDeque::new(), VecDeque::new()],
            latencies: Vec::new(),
            since: Since::default(),
            totals: JobTotals::default(),
            dice: Dice::new(plan.seed, FAILURES),
        }
    }

    /// Second `at_s`: `offered` millionths of a message come, the jobs with these numbers are ready. Gives what happened to
    /// messages, and the jobs that ended.
    pub(super) fn second(&mut self, at_s: u32, offered: u64, ready: &[u64]) -> (Flow, Vec<Ended>) {
        let waiting_before = self.queued;
        self.part = self.part.saturating_add(offered);
        let came = self.part / MICRO;
        self.part %= MICRO;
        if came > 0 {
            self.put_back(at_s, came);
        }
        self.rates.clear();
        for number in ready {
            let new = Job { hand: Vec::new(), taken: 0, at_s };
            let mut job = self.at_work.remove(number).unwrap_or(new);
            if job.hand.is_empty() {
                job.hand = self.take(self.at_once.min(self.most - job.taken));
                if !job.hand.is_empty() {
                    job.taken = job.taken.saturating_add(sum(&job.hand));
                    job.at_s = at_s.saturating_add(self.work_s);
                }
            }
            self.rates.push((*number, micro(sum(&job.hand)) / u64::from(self.work_s)));
            self.at_work.insert(*number, job);
        }
        let (served, mut failed, ended) = self.finish(at_s.saturating_add(1));
        failed += self.forget();
        let flow = Flow {
            offered: micro(came),
            served: micro(served),
            failed: micro(failed),
            waiting_before: micro(waiting_before),
            waiting_after: micro(self.queued),
        };
        self.since.add(&flow);
        (flow, ended)
    }

    /// Work that is over at `now_s`: messages done, messages that failed, and the jobs that end.
    fn finish(&mut self, now_s: u32) -> (u64, u64, Vec<Ended>) {
        let (mut served, mut lost, mut ended) = (0, 0, Vec::new());
        let mut latencies = BTreeMap::<u32, u64>::new();
        for (number, mut job) in std::mem::take(&mut self.at_work) {
            let (mut over, mut failed) = (false, false);
            if job.hand.is_empty() {
                over = now_s - job.at_s >= self.rules.wait_s;
                self.totals.found_nothing += u64::from(over && job.taken == 0);
            } else if job.at_s <= now_s {
                failed = self.dice.unit() * 100.0 < self.rules.fails_percent;
                over = failed || job.taken >= self.most;
                self.in_work -= sum(&job.hand);
                for (came_s, count) in job.hand.drain(..) {
                    match (failed, self.rules.failed_return) {
                        (false, _) => {
                            served += count;
                            *latencies.entry(now_s - came_s).or_default() += count;
                        }
                        (true, true) => self.put_back(came_s, count),
                        (true, false) => lost += count,
                    }
                }
                job.at_s = now_s;
            }
            if over {
                ended.push(Ended { number, failed, at_s: now_s });
            } else {
                self.at_work.insert(number, job);
            }
        }
        for end in &ended {
            let [succeeded, failed] = &mut self.ended;
            let kind = if end.failed { failed } else { succeeded };
            kind.push_back(*end);
            if kind.len() > KEPT_MOST {
                kind.pop_front();
            }
            self.totals.failed += u64::from(end.failed);
            self.totals.succeeded += u64::from(!end.failed);
        }
        for (s, count) in &latencies {
            *self.since.latencies.entry(*s).or_default() += count;
        }
        self.latencies = milliseconds(&latencies);
        (served, lost, ended)
    }

    /// Puts messages into the queue, at the place of the second in which they came.
    fn put_back(&mut self, came_s: u32, count: u64) {
        let place = self.waiting.entry(came_s).or_default();
        *place = place.saturating_add(count);
        self.queued = self.queued.saturating_add(count);
    }

    /// Takes up to so many messages from the front of the queue.
    fn take(&mut self, most: u64) -> Vec<(u32, u64)> {
        let (mut left, mut taken) = (most, Vec::new());
        while left > 0
            && let Some(mut first) = self.waiting.first_entry()
        {
            let count = (*first.get()).min(left);
            taken.push((*first.key(), count));
            left -= count;
            *first.get_mut() -= count;
            if *first.get() == 0 {
                first.remove();
            }
        }
        self.queued -= most - left;
        self.in_work += most - left;
        taken
    }

    /// Drops what waits beyond the limit, the newest first; gives how much that was.
    fn forget(&mut self) -> u64 {
        let excess = self.queued.saturating_sub(self.limit);
        let mut left = excess;
        while left > 0
            && let Some(mut last) = self.waiting.last_entry()
        {
            let count = (*last.get()).min(left);
            left -= count;
            *last.get_mut() -= count;
            if *last.get() == 0 {
                last.remove();
            }
        }
        self.queued -= excess;
        excess
    }

    /// Messages that jobs are working on.
    pub(super) fn in_work(&self) -> u64 {
        self.in_work
    }

    /// The length of the queue as triggers read it.
    pub(super) fn length(&self) -> u64 {
        self.queued.saturating_add(if self.rules.taken_count { self.in_work } else { 0 })
    }

    /// What a job worked on in the last second, millionths of a message.
    pub(super) fn rate(&self, number: u64) -> u64 {
        let place = self.rates.binary_search_by_key(&number, |(number, _)| *number);
        place.ok().and_then(|place| self.rates.get(place)).map_or(0, |(_, rate)| *rate)
    }

    /// How long messages done in the last second had been there, milliseconds, rising, and how many they are.
    pub(super) fn latencies(&self) -> &[(f64, u64)] {
        &self.latencies
    }

    /// The same of one quantile; 0 when none was done.
    pub(super) fn latency_ms(&self, p: f64) -> f64 {
        quantile(&self.latencies, p).unwrap_or(0.0)
    }

    /// A sample with the means since the one before in place of its last second.
    pub(super) fn sampled(&mut self, sample: Sample) -> Sample {
        let Since { seconds, flow, latencies } = std::mem::take(&mut self.since);
        let mean = |micro: u64| micro as f64 / MICRO as f64 / f64::from(seconds.max(1));
        let latencies = milliseconds(&latencies);
        let latency_ms = |p| quantile(&latencies, p).unwrap_or(0.0);
        Sample {
            offered: mean(flow.offered),
            served: mean(flow.served),
            failed: mean(flow.failed),
            latency_p50_ms: latency_ms(0.5),
            latency_p95_ms: latency_ms(0.95),
            ..sample
        }
    }

    /// Jobs that were started.
    pub(super) fn started(&mut self, count: usize) {
        self.totals.started = self.totals.started.saturating_add(count as u64);
    }

    /// Jobs that have ended and were not deleted, succeeded ones first, each kind in the order of their end.
    pub(super) fn ended(&self) -> impl Iterator<Item = Ended> {
        self.ended.iter().flatten().copied()
    }

    /// Deletes ended jobs.
    pub(super) fn delete(&mut self, gone: impl Fn(u64) -> bool) {
        for kind in &mut self.ended {
            kind.retain(|end| !gone(end.number));
        }
    }

    pub(super) fn totals(&self) -> JobTotals {
        let [succeeded, failed] = &self.ended;
        JobTotals {
            in_work_at_end: self.in_work,
            kept: (succeeded.len() as u64, failed.len() as u64),
            ..self.totals.clone()
        }
    }
}

impl Since {
    fn add(&mut self, flow: &Flow) {
        self.seconds += 1;
        self.flow.offered = self.flow.offered.saturating_add(flow.offered);
        self.flow.served = self.flow.served.saturating_add(flow.served);
        self.flow.failed = self.flow.failed.saturating_add(flow.failed);
    }
}

fn milliseconds(latencies: &BTreeMap<u32, u64>) -> Vec<(f64, u64)> {
    latencies.iter().map(|(s, count)| (f64::from(*s) * 1_000.0, *count)).collect()
}

fn sum(parcels: &[(u32, u64)]) -> u64 {
    parcels.iter().fold(0, |sum, (_, count)| sum.saturating_add(*count))
}

fn micro(messages: u64) -> u64 {
    messages.saturating_mul(MICRO)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::tests::{jobs as rules, plan};
    use super::*;

    #[test]
    fn a_message_comes_when_the_load_passes_its_number_and_is_worked_on_for_its_time() {
        let mut jobs = jobs(rules(), 3_000.0);
        // A third of a message in every second: the last thousandth of a thousandth comes in the fourth.
        let flows = (0..8).map(|at| jobs.second(at, 333_333, &[7]).0).collect::<Vec<_>>();
        assert_eq!(flows.iter().map(|flow| flow.offered / MICRO).collect::<Vec<_>>(), [0, 0, 0, 1, 0, 0, 1, 0]);
        // Named again after its end it is another job: in seconds 0, 1 and 2 there was nothing for it.
        assert_eq!((jobs.totals().found_nothing, jobs.totals().succeeded), (3, 4));
        assert_eq!(flows.iter().position(|flow| flow.served > 0), Some(5), "taken in second 3, done at the end of 5");
        assert_eq!(jobs.in_work(), 1, "the second is taken in second 6");
    }

    #[test]
    fn a_job_takes_its_number_of_messages_one_after_another_and_ends() {
        let mut jobs = jobs(Rules { messages_per_job: Some(2), ..rules() }, 2_000.0);
        let ends = (0..5).map(|at| jobs.second(at, if at == 0 { 3 * MICRO } else { 0 }, &[1]).1);
        let ends = ends.collect::<Vec<_>>();
        assert_eq!(ends.iter().map(Vec::len).collect::<Vec<_>>(), [0, 0, 0, 1, 0]);
        assert_eq!(ends[3], [Ended { number: 1, failed: false, at_s: 4 }]);
        assert_eq!((jobs.in_work(), jobs.length()), (1, 1), "named once more, it is another job");
    }

    #[test]
    fn a_job_until_empty_waits_before_it_ends() {
        let mut jobs = jobs(Rules { until_empty: true, wait_s: 3, ..rules() }, 1_000.0);
        let mut ended = |at, came| !jobs.second(at, came * MICRO, &[1]).1.is_empty();
        // Four messages, one a second, one more just before the patience is over, and then 3 s of nothing.
        let over = (0..12).map(|at| ended(at, [4, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0][at as usize]));
        assert_eq!(over.collect::<Vec<_>>().iter().position(|over| *over), Some(9));
        assert_eq!((jobs.totals().succeeded, jobs.totals().found_nothing), (1, 0));
    }

    #[test]
    fn a_pod_with_room_for_several_takes_as_many_at_once() {
        let mut plan = plan(0.0, 60);
        (plan.workload.capacity_rps, plan.workload.service_ms) = (0.0333, 90_000.0);
        assert_eq!(Service::of(&plan.workload).batch(), (90, 3));
        // 180 core-seconds of a core and a half take 120 s, one message after another.
        (plan.workload.cpu_limit_millicores, plan.workload.cpu_ms_per_request) = (Some(1_500), 180_000.0);
        assert_eq!(Service::of(&plan.workload).batch(), (120, 1));
        let mut many = jobs(Rules { until_empty: true, ..rules() }, 1_000.0);
        many.at_once = 3;
        let (flow, _) = many.second(0, 5 * MICRO, &[1]);
        assert_eq!((flow.served, flow.waiting_after), (3 * MICRO, 2 * MICRO));
    }

    #[test]
    fn a_failed_job_gives_its_messages_back_to_their_place_or_takes_them_along() {
        let always = |failed_return| Rules { fails_percent: 100.0, failed_return, ..rules() };
        let mut back = jobs(always(true), 1_000.0);
        back.second(0, MICRO, &[]);
        let (flow, ended) = back.second(1, MICRO, &[1]);
        assert_eq!((flow.served, flow.failed, flow.waiting_after), (0, 0, 2 * MICRO));
        assert_eq!(ended, [Ended { number: 1, failed: true, at_s: 2 }]);
        assert_eq!(back.take(1), [(0, 1)], "the older message is the first again");
        let mut lost = jobs(always(false), 1_000.0);
        let (flow, _) = lost.second(0, 2 * MICRO, &[1]);
        assert_eq!((flow.served, flow.failed, flow.waiting_after), (0, MICRO, MICRO));
        assert_eq!(lost.totals().failed, 1);
    }

    #[test]
    fn the_length_of_the_queue_may_or_may_not_count_what_is_worked_on() {
        for (taken_count, length) in [(true, 3), (false, 2)] {
            let mut jobs = jobs(Rules { taken_count, ..rules() }, 9_000.0);
            jobs.second(0, 3 * MICRO, &[1]);
            assert_eq!((jobs.length(), jobs.in_work()), (length, 1));
        }
    }

    #[test]
    fn what_may_not_wait_fails_and_the_newest_first() {
        let mut jobs = jobs(rules(), 1_000.0);
        jobs.limit = 4;
        assert_eq!(jobs.second(0, 3 * MICRO, &[]).0.failed, 0);
        let (flow, _) = jobs.second(1, 3 * MICRO, &[]);
        assert_eq!((flow.failed, flow.waiting_after), (2 * MICRO, 4 * MICRO));
        assert_eq!(jobs.take(9), [(0, 3), (1, 1)]);
    }

    #[test]
    fn latencies_are_those_of_the_messages_done_and_a_sample_has_the_mean_since_the_last() {
        let mut jobs = jobs(Rules { until_empty: true, ..rules() }, 1_000.0);
        for at in 0..4 {
            jobs.second(at, if at == 0 { 4 * MICRO } else { 0 }, &[1]);
            assert_eq!(jobs.latencies(), [(f64::from(at + 1) * 1_000.0, 1)]);
        }
        let sample = jobs.sampled(Sample { queued: 5.0, ..Sample::default() });
        assert_eq!((sample.offered, sample.served, sample.queued), (1.0, 1.0, 5.0));
        assert_eq!((sample.latency_p50_ms, sample.latency_p95_ms), (2_000.0, 4_000.0));
        let empty = jobs.sampled(Sample::default());
        assert_eq!((empty.served, empty.latency_p95_ms), (0.0, 0.0));
    }

    #[test]
    fn ended_jobs_are_remembered_up_to_a_bound_and_deleted_by_number() {
        let mut jobs = jobs(rules(), 1_000.0);
        let all = (0..KEPT_MOST as u64 + 5).collect::<Vec<_>>();
        jobs.second(0, 0, &all);
        assert_eq!((jobs.totals().kept, jobs.totals().succeeded), ((10_000, 0), 10_005));
        assert_eq!(jobs.ended().next().map(|end| end.number), Some(5), "the oldest were forgotten");
        jobs.delete(|number| number != 9);
        assert_eq!(jobs.ended().map(|end| end.number).collect::<Vec<_>>(), [9]);
    }

    proptest! {
        #[test]
        fn no_message_is_lost_or_made(
            messages_per_job in prop::option::of(1_u32..5),
            until_empty: bool,
            wait_s in 0_u32..4,
            fails_percent in 0.0..=100.0,
            failed_return: bool,
            taken_count: bool,
            service_ms in 1.0..9_000.0,
            limit in 0_u64..60,
            at_once in 1_u64..4,
            seconds in prop::collection::vec((0_u64..9_000_000, 0_u64..4), 1..80),
        ) {
            let rules = Rules { messages_per_job, until_empty, wait_s, fails_percent, failed_return, taken_count };
            let mut jobs = jobs(rules, service_ms);
            (jobs.limit, jobs.at_once) = (limit, at_once);
            let (mut load, mut offered, mut gone) = (0, 0, 0);
            let (mut unfinished, mut created) = (Vec::<u64>::new(), 0);
            for (at, (arrive, more)) in (0..).zip(seconds) {
                unfinished.extend(created..created + more);
                created += more;
                let (flow, ended) = jobs.second(at, arrive, &unfinished);
                unfinished.retain(|number| ended.iter().all(|end| end.number != *number));
                load += arrive;
                offered += flow.offered;
                gone += flow.served + flow.failed;
                // Whole messages, as many as the load has passed.
                prop_assert_eq!(offered, load / MICRO * MICRO);
                prop_assert_eq!(offered, gone + flow.waiting_after + jobs.in_work() * MICRO);
                prop_assert!(flow.waiting_after <= limit * MICRO);
                prop_assert_eq!(jobs.waiting.values().sum::<u64>(), jobs.queued);
                prop_assert!(jobs.waiting.values().all(|count| *count > 0));
                prop_assert_eq!(jobs.at_work.values().map(|job| sum(&job.hand)).sum::<u64>(), jobs.in_work);
                prop_assert!(jobs.at_work.values().all(|job| job.taken <= jobs.most && sum(&job.hand) <= at_once));
                prop_assert_eq!(jobs.at_work.len(), unfinished.len());
                let done: u64 = jobs.latencies().iter().map(|(_, count)| count).sum();
                prop_assert_eq!(done * MICRO, flow.served);
                let totals = jobs.totals();
                prop_assert_eq!(totals.succeeded + totals.failed + unfinished.len() as u64, created);
                prop_assert!(totals.found_nothing <= totals.succeeded);
            }
        }
    }

    /// Messages of `service_ms`, one at once.
    fn jobs(rules: Rules, service_ms: f64) -> Jobs {
        let mut plan = plan(0.0, 60);
        (plan.workload.service_ms, plan.workload.capacity_rps) = (service_ms, 0.001);
        plan.workload.queue_limit = 1_000;
        Jobs::new(&rules, &plan)
    }
}
