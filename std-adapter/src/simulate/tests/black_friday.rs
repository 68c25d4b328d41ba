//! The built-in scenario gives the platform's table: played with the rules that it needs of Kubernetes' HPA, written
//! down naively. The engine answers for the rules; this shows that the scenario's figures are right.

use super::super::*;
use super::answer;

#[test]
fn the_scale_goes_up_and_down_as_the_rules_give_it() {
    let run = played();
    let scalings: Vec<(i64, i32, i32)> = (run.syncs.iter())
        .filter(|sync| sync.from != sync.to)
        .map(|sync| (i64::from(sync.at_s) - SPIKE_S, sync.from, sync.to))
        .collect();
    assert_eq!(scalings, [(30, 3, 8), (60, 8, 12), (7_515, 12, 9), (7_815, 9, 6), (8_115, 6, 4), (8_415, 4, 3)]);
    assert_eq!((run.summary.scaled_up, run.summary.scaled_down, run.summary.reversals), (2, 4, 1));
}

#[test]
fn cpu_is_as_the_platform_tells_it() {
    let run = played();
    let cpu = |at: i64| {
        let at = u32::try_from(at + SPIKE_S).expect("in the run");
        let sample = run.samples.iter().find(|sample| sample.at_s == at).expect("a sample");
        (sample.ready, (sample.cpu_percent * 10.0).round() / 10.0)
    };
    assert_eq!(cpu(-5), (3, 26.0));
    assert_eq!(cpu(0), (3, 260.0));
    assert_eq!(cpu(60), (8, 97.5));
    assert_eq!(cpu(300), (12, 65.0));
    assert!(run.summary.failed == 0.0, "3 pods of 3,500 requests per second carry the spike");
}

#[test]
fn pods_wait_for_three_nodes_and_the_nodes_go_again() {
    let run = played();
    let at = |second: i64| {
        let second = u32::try_from(second + SPIKE_S).expect("in the run");
        run.samples.iter().find(|sample| sample.at_s == second).expect("a sample")
    };
    assert_eq!((at(30).pending, at(60).pending, at(205).pending, at(210).pending), (0, 4, 4, 0));
    assert_eq!((at(205).nodes, at(210).nodes, at(9_000).nodes), (Some(6), Some(9), Some(6)));
}

#[test]
fn every_row_of_the_document_has_its_verdict() {
    let run = played();
    let verdicts: Vec<(&str, bool)> = run.documented.iter().map(|row| (row.moment.as_str(), row.agrees)).collect();
    assert_eq!(
        verdicts,
        [
            ("before", false),
            ("+30 s", true),
            ("+60 s", true),
            ("+90 s", false),
            ("+2 min", false),
            ("+2 h 5 min", false),
            ("+2 h 15 min", false),
            ("+2 h 25 min", true),
        ]
    );
    assert!(run.documented.iter().all(|row| row.agrees == row.reason.is_empty()));
    assert_eq!(run.documented[0].decided, "3 replicas, 26 % CPU at −5 min");
    assert_eq!(run.documented[3].decided, "12 replicas, 8 ready, 97.5 % CPU at +1 min 30 s");
    assert_eq!(run.documented[4].decided, "6 nodes at +2 min");
    assert_eq!(run.documented[5].decided, "12 replicas at +2 h 5 min, 9 replicas at +2 h 5 min 15 s");
    assert!(run.documented[5].reason.starts_with("9 replicas: down by 25 %"), "{}", run.documented[5].reason);
}

const SPIKE_S: i64 = 600;

fn played() -> Run {
    let scenario = Scenario::black_friday().expect("parses");
    run(&scenario, &mut Naive::default(), &mut |_, _| {})
}

/// Minimum 3, maximum 20; CPU 70 %, memory 80 %, 1,000 requests per second; the behavior of the scenario's `hpa`.
#[derive(Default)]
struct Naive {
    asked: Vec<(i64, i32)>,
    changes: Vec<(i64, i32)>,
}

impl Scaler for Naive {
    fn bounds(&self) -> (i32, Option<i32>) {
        (3, Some(20))
    }

    fn metrics(&self) -> Vec<String> {
        Vec::new()
    }

    fn sync(&mut self, seen: &Seen<'_>) -> Sync {
        let current = seen.spec_replicas;
        let asks = [(CPU, 700), (MEMORY, 800 * 1_024 * 1_048_576), (REQUESTS, 1_000_000)];
        let asked = asks.iter().filter_map(|(name, target)| wants(seen, name, *target)).max().unwrap_or(current);
        let steady = self.asked.iter().filter(|(at, _)| *at > seen.now - 300 * SECOND_NS).map(|(_, asked)| *asked);
        let held = if asked < current { steady.fold(asked, i32::max).min(current) } else { asked };
        self.asked.push((seen.now, asked));
        let before = |period: i64| {
            let recent = self.changes.iter().filter(|(at, _)| *at > seen.now - period * SECOND_NS);
            current - recent.map(|(_, change)| change).sum::<i32>()
        };
        let (up, down) = (before(30), before(300));
        let most = (up + 5).max((up * 3 + 1) / 2).max(current).min(20);
        let least = (down - 2).min(down * 3 / 4).min(current).max(3);
        answer(if held > current { held.min(most) } else { held.max(least) })
    }

    fn applied(&mut self, at: i64, from: i32, to: i32) {
        self.changes.push((at, to - from));
    }
}

/// What one metric asks for: pods that are not ready or have no sample count 0 going up; of those without a sample nothing
/// is known going down, and the scale stays.
fn wants(seen: &Seen<'_>, name: &str, target: i64) -> Option<i32> {
    let pods = seen.pods.iter().filter(|pod| !pod.deleted);
    let ready = |pod: &&SeenPod<'_>| {
        let ready = pod.ready.filter(|ready| ready.status);
        ready.is_some_and(|ready| pod.sample(name).is_some_and(|it| it.at >= ready.since + it.window))
    };
    let values: Vec<i64> = pods.clone().filter(ready).filter_map(|pod| Some(pod.sample(name)?.value)).collect();
    let (all, some) = (pods.count(), values.len());
    let sum: i64 = values.iter().sum();
    let share = |count: usize| sum as f64 / (target as f64 * count as f64);
    if some == 0 {
        return None;
    }
    if some < all && share(some) <= 1.0 {
        return Some(seen.spec_replicas);
    }
    let ratio = share(all);
    let within = (0.9..=1.1).contains(&ratio) || (some < all && ratio < 1.0);
    Some(if within { seen.spec_replicas } else { (ratio * all as f64).ceil() as i32 })
}
