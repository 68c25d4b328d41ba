//! What the metrics pipeline sees of the service as a whole: rates, what waits, and how long answers took.
//!
//! In flight is Little's law for each second: what waits, the mean of its start and end, and what is served times the
//! time that serving takes. A latency's quantile over the window is that of the mixture of its seconds, each weighted by
//! what it served and stood for by [`POINTS`] of its quantiles.

use std::collections::VecDeque;

use super::jobs::Jobs;
use super::requests::{Flow, MICRO, Service};
use super::scenario::Pipeline;
use super::{ARRIVALS, BACKLOG, IN_FLIGHT, LATENCIES, Measured, SECOND_NS, SERVED};

/// Quantiles that stand for a second: 1 %, 3 %, … 99 %.
const POINTS: u32 = 50;

#[derive(Clone, Debug)]
pub(super) struct Meter {
    pipeline: Pipeline,
    /// The last seconds, oldest first; as many as the window has.
    seconds: VecDeque<Second>,
    /// Scrapes, oldest first: the newest that was looked at, and those since.
    scrapes: VecDeque<Scrape>,
    looked_s: Option<i64>,
}

#[derive(Clone, Debug)]
struct Second {
    flow: Flow,
    in_flight: f64,
    /// What waits at its end, as the service tells it.
    backlog: f64,
    /// Milliseconds, rising, and how much each stands for; empty when nothing was answered.
    latencies: Vec<(f64, u64)>,
}

#[derive(Clone, Debug)]
struct Scrape {
    at_s: i64,
    measured: Vec<Measured>,
}

impl Meter {
    pub(super) fn new(pipeline: &Pipeline) -> Self {
        Self { pipeline: pipeline.clone(), seconds: VecDeque::new(), scrapes: VecDeque::new(), looked_s: None }
    }

    /// A second with its flow, answered by `pods` pods.
    pub(super) fn second(&mut self, service: &Service, flow: &Flow, pods: u64) {
        let whole = |micro: u64| micro as f64 / MICRO as f64;
        let waiting = (whole(flow.waiting_before) + whole(flow.waiting_after)) / 2.0;
        let latencies = if flow.served == 0 {
            Vec::new()
        } else {
            let at = |point: u32| (f64::from(point) + 0.5) / f64::from(POINTS);
            (0..POINTS).map(|point| (service.latency_ms(at(point), flow, pods), flow.served)).collect()
        };
        let in_flight = waiting + whole(flow.served) * service.service_s();
        self.push(Second { flow: *flow, in_flight, backlog: whole(flow.waiting_after), latencies });
    }

    /// A second of jobs, with messages in work at its end and the length of the queue as triggers read it.
    pub(super) fn second_of_jobs(&mut self, flow: &Flow, jobs: &Jobs) {
        let in_flight = flow.waiting_after as f64 / MICRO as f64 + jobs.in_work() as f64;
        let backlog = jobs.length() as f64;
        self.push(Second { flow: *flow, in_flight, backlog, latencies: jobs.latencies().to_vec() });
    }

    fn push(&mut self, second: Second) {
        while self.seconds.len() >= usize::try_from(self.pipeline.window_s).unwrap_or(1).max(1) {
            self.seconds.pop_front();
        }
        self.seconds.push_back(second);
    }

    /// Takes a sample of the window that ends now, when there has been a whole one.
    pub(super) fn scrape(&mut self, now_s: i64) {
        let window = f64::from(self.pipeline.window_s);
        if self.seconds.len() as f64 != window {
            return;
        }
        let mut measured = Vec::new();
        let mut add = |name, value: f64| {
            let (at, window) = (now_s * SECOND_NS, i64::from(self.pipeline.window_s) * SECOND_NS);
            measured.push(Measured { name, value: libm::round(value * 1e3) as i64, at, window });
        };
        let mean = |of: &dyn Fn(&Second) -> f64| self.seconds.iter().map(of).sum::<f64>() / window;
        add(ARRIVALS, mean(&|second| second.flow.offered as f64 / MICRO as f64));
        add(SERVED, mean(&|second| second.flow.served as f64 / MICRO as f64));
        add(IN_FLIGHT, mean(&|second| second.in_flight));
        add(BACKLOG, self.seconds.back().map_or(0.0, |last| last.backlog));
        for (name, latency) in LATENCIES.into_iter().zip(self.quantiles([0.5, 0.95, 0.99])) {
            if let Some(latency) = latency {
                add(name, latency);
            }
        }
        self.scrapes.push_back(Scrape { at_s: now_s, measured });
    }

    /// Scrapes that have become visible since the last time that somebody looked, oldest first.
    pub(super) fn news(&self, now_s: i64) -> Vec<&[Measured]> {
        let visible = self.scrapes.iter().filter(|scrape| self.visible(scrape, now_s));
        let new = visible.filter(|scrape| self.looked_s.is_none_or(|looked| !self.visible(scrape, looked)));
        new.map(|scrape| scrape.measured.as_slice()).collect()
    }

    /// Somebody has looked.
    pub(super) fn looked(&mut self, now_s: i64) {
        self.looked_s = Some(now_s);
        while self.scrapes.get(1).is_some_and(|scrape| self.visible(scrape, now_s)) {
            self.scrapes.pop_front();
        }
    }

    /// The newest visible scrape.
    pub(super) fn seen(&self, now_s: i64) -> &[Measured] {
        self.scrapes.iter().rev().find(|scrape| self.visible(scrape, now_s)).map_or(&[], |scrape| &scrape.measured)
    }

    fn visible(&self, scrape: &Scrape, now_s: i64) -> bool {
        scrape.at_s + i64::from(self.pipeline.lag_s) <= now_s
    }

    /// `None` when nothing was answered.
    fn quantiles<const N: usize>(&self, wanted: [f64; N]) -> [Option<f64>; N] {
        let mut points: Vec<(f64, u64)> =
            self.seconds.iter().flat_map(|second| second.latencies.iter().copied()).collect();
        points.sort_by(|one, other| one.0.total_cmp(&other.0));
        wanted.map(|p| quantile(&points, p))
    }
}

/// The first of the values, which rise, that has at least the part `p` of all weights up to it; `None` of none.
pub(super) fn quantile(points: &[(f64, u64)], p: f64) -> Option<f64> {
    let total: u128 = points.iter().map(|(_, weight)| u128::from(*weight)).sum();
    let mut before = 0_u128;
    points.iter().find_map(|(value, weight)| {
        before += u128::from(*weight);
        (before as f64 >= p * total as f64).then_some(*value)
    })
}

#[cfg(test)]
mod tests {
    use super::super::tests::workload;
    use super::*;

    fn meter(window_s: u32, lag_s: u32) -> Meter {
        Meter::new(&Pipeline { scrape_every_s: 1, window_s, lag_s })
    }

    fn value(measured: &[Measured], name: &str) -> Option<i64> {
        measured.iter().find(|each| each.name == name).map(|each| each.value)
    }

    #[test]
    fn rates_are_means_and_the_backlog_is_the_last() {
        let mut meter = meter(2, 0);
        let service = Service::of(&workload());
        let one =
            Flow { offered: 30 * MICRO, served: 20 * MICRO, failed: 0, waiting_before: 0, waiting_after: 10 * MICRO };
        let two = Flow { offered: 10 * MICRO, waiting_before: 10 * MICRO, waiting_after: 0, ..one };
        meter.second(&service, &one, 1);
        meter.scrape(1);
        assert!(meter.seen(1).is_empty(), "no whole window yet");
        meter.second(&service, &two, 1);
        meter.scrape(2);
        let seen = meter.seen(2);
        assert_eq!(
            (value(seen, ARRIVALS), value(seen, SERVED), value(seen, BACKLOG)),
            (Some(20_000), Some(20_000), Some(0))
        );
        // 5 wait on average in either second; 20 are served in 20 ms each.
        assert_eq!(value(seen, IN_FLIGHT), Some(5_400));
    }

    #[test]
    fn a_latency_is_that_of_all_that_was_answered_in_the_window() {
        let service = Service::of(&workload());
        let idle = Flow { offered: 3 * MICRO, served: 3 * MICRO, ..Flow::default() };
        let busy = Flow { waiting_before: 200 * MICRO, waiting_after: 200 * MICRO, served: MICRO, ..idle };
        let mut both = meter(2, 0);
        both.second(&service, &idle, 1);
        both.second(&service, &busy, 1);
        both.scrape(2);
        // A quarter of the answers waited 2 s: the slowest twentieth is among them, the median is not.
        let [median, slow] = [LATENCIES[0], LATENCIES[1]].map(|name| value(both.seen(2), name).expect("answers"));
        assert!((10_000..40_000).contains(&median), "{median}");
        assert!((2_000_000..2_100_000).contains(&slow), "{slow}");
    }

    #[test]
    fn without_answers_there_is_no_latency() {
        let mut silent = meter(1, 0);
        silent.second(&Service::of(&workload()), &Flow::default(), 1);
        silent.scrape(1);
        assert_eq!((value(silent.seen(1), LATENCIES[1]), value(silent.seen(1), ARRIVALS)), (None, Some(0)));
    }

    #[test]
    fn a_scrape_is_seen_after_its_lag() {
        let mut late = meter(1, 3);
        let service = Service::of(&workload());
        for at in 1..6 {
            late.second(
                &service,
                &Flow { offered: u64::try_from(at).expect("positive") * MICRO, ..Flow::default() },
                1,
            );
            late.scrape(at);
        }
        assert!(late.seen(3).is_empty());
        assert_eq!(value(late.seen(5), ARRIVALS), Some(2_000));
        assert_eq!(
            late.news(5).iter().map(|news| value(news, ARRIVALS)).collect::<Vec<_>>(),
            [Some(1_000), Some(2_000)]
        );
        late.looked(5);
        assert_eq!(value(late.seen(6), ARRIVALS), Some(3_000));
        assert_eq!(late.news(6).len(), 1);
        late.looked(6);
        assert!(late.news(6).is_empty());
        assert_eq!(value(late.seen(6), ARRIVALS), Some(3_000), "the newest stays");
    }
}
