//! The loop, played with scalers of a few lines, and the worlds that the other tests share.

mod black_friday;

use std::path::{Path, PathBuf};

use proptest::prelude::*;

use super::load::{LoadError, Noise, Part, Steady, Step};
use super::run::MetricReading;
use super::scenario::{Controller, Jobs, Nodes, Pipeline, Plan, ScenarioError, Workload};
use super::*;

#[test]
fn a_script_is_followed_to_the_second_and_its_scalings_are_counted() {
    let mut script = Script::new(&[(45, 5), (60, 3), (75, 3), (90, 4)]);
    let run = played(plan(100.0, 120), &mut script);
    assert_eq!(script.applied, [(45 * SECOND_NS, 2, 5), (60 * SECOND_NS, 5, 3), (90 * SECOND_NS, 3, 4)]);
    let syncs: Vec<(u32, i32, i32)> = run.syncs.iter().map(|sync| (sync.at_s, sync.from, sync.to)).collect();
    assert_eq!(syncs, [(30, 2, 2), (45, 2, 5), (60, 5, 3), (75, 3, 3), (90, 3, 4), (105, 4, 4)]);
    let summary = &run.summary;
    assert_eq!((summary.scaled_up, summary.scaled_down, summary.reversals, summary.syncs), (2, 1, 2, 6));
    assert_eq!(summary.replicas, (2, 5));
    let replica_seconds = f64::from(45 * 2 + 15 * 5 + 30 * 3 + 30 * 4);
    assert_eq!(summary.pod_hours, replica_seconds / 3_600.0);
    assert_eq!(
        (summary.offered, summary.served, summary.failed, summary.queued_at_end),
        (12_000.0, 12_000.0, 0.0, 0.0)
    );
    assert_eq!((run.bounds, run.metrics.as_slice()), ((1, Some(9)), ["a script".to_owned()].as_slice()));
}

#[test]
fn samples_are_spaced_as_asked_and_taken_at_every_scaling() {
    let run = played(Plan { sample_every_s: 50, ..plan(1.0, 120) }, &mut Script::new(&[(45, 3), (105, 2)]));
    let seconds: Vec<(u32, i32)> = run.samples.iter().map(|sample| (sample.at_s, sample.wanted)).collect();
    assert_eq!(seconds, [(0, 2), (45, 3), (50, 3), (100, 3), (105, 2), (119, 2)]);
}

#[test]
fn a_scaler_sees_pods_requests_and_samples() {
    let mut seen = Vec::new();
    let mut look = Look(|now: &Seen<'_>| {
        let pods = now.pods.iter().map(|pod| {
            (
                pod.name.to_owned(),
                pod.phase,
                pod.deleted,
                pod.started,
                pod.ready,
                pod.sample(CPU).copied(),
                pod.sample(REQUESTS).copied(),
            )
        });
        seen.push((now.now, now.spec_replicas, now.status_replicas, pods.collect::<Vec<_>>()));
        let first = &now.pods[0];
        assert_eq!((first.cpu_request_milli, first.memory_request_milli), (1_000, 1_024 * 1_048_576 * 1_000));
        assert_eq!(first.sample("gpu"), None);
        if now.now == 30 * SECOND_NS { 3 } else { now.spec_replicas }
    });
    played(plan(100.0, 46), &mut look);
    assert_eq!(seen.len(), 2);
    let (now, spec, status, pods) = &seen[0];
    assert_eq!((*now, *spec, *status, pods.len()), (30 * SECOND_NS, 2, 2, 2));
    // Ready for an hour, after 12 s of starting; 50 requests per second at 10 ms; the scrape of second 15 is the newest
    // that has been visible, as that of second 30 is seen 2 s later.
    let sample = |name, value, at_s| Measured { name, value, at: at_s * SECOND_NS, window: 15 * SECOND_NS };
    let ready = Some(Ready { status: true, since: -3_600 * SECOND_NS });
    let started = Some(-3_612 * SECOND_NS);
    let old = |name: &str, at_s| {
        let (cpu, requests) = (sample(CPU, 500, at_s), sample(REQUESTS, 50_000, at_s));
        (name.to_owned(), Phase::Running, false, started, ready, Some(cpu), Some(requests))
    };
    assert_eq!(*pods, [old("pod-1", 15), old("pod-2", 15)]);
    let (_, spec, status, pods) = &seen[1];
    assert_eq!((*spec, *status), (3, 3));
    let started = Some(30 * SECOND_NS);
    let ready = Some(Ready { status: true, since: 42 * SECOND_NS });
    let new = ("pod-3".to_owned(), Phase::Running, false, started, ready, None, None);
    assert_eq!(*pods, [old("pod-1", 30), old("pod-2", 30), new]);
}

#[test]
fn a_negative_answer_means_no_replicas_and_the_record_is_the_worlds() {
    let mut look = Look(|_: &Seen<'_>| -7);
    let run = played(plan(1.0, 46), &mut look);
    let syncs: Vec<(u32, i32, i32)> = run.syncs.iter().map(|sync| (sync.at_s, sync.from, sync.to)).collect();
    assert_eq!(syncs, [(30, 2, 0), (45, 0, 0)]);
}

#[test]
fn a_proportional_scaler_follows_a_step_and_comes_back() {
    let mut plan = plan(0.0, 1_200);
    plan.load = vec![Part::Step(Step { from_rps: 100.0, to_rps: 400.0, at_s: 200 })];
    let run = played(plan.clone(), &mut Look(proportional));
    assert_eq!(run.samples.last().map(|sample| (sample.wanted, sample.ready)), Some((8, 8)));
    // One too many for a while: the requests that had queued up come on top of those that arrive.
    assert_eq!((run.summary.replicas, run.summary.scaled_down), ((2, 9), 1));
    assert!(run.summary.failed > 0.0, "two pods cannot serve 400 requests per second");
    let late = run.samples.iter().filter(|sample| sample.at_s > 400);
    assert!(late.clone().all(|sample| sample.failed == 0.0 && sample.cpu_percent == 50.0));

    plan.load = vec![Part::Step(Step { from_rps: 400.0, to_rps: 100.0, at_s: 600 })];
    let run = played(plan, &mut Look(proportional));
    assert_eq!(run.samples.last().map(|sample| (sample.wanted, sample.draining)), Some((2, 0)));
}

#[test]
fn progress_is_told_about_a_hundred_times_and_ends_at_the_end() {
    let told = |duration_s| {
        let mut told = Vec::new();
        run(&scenario(plan(1.0, duration_s)), &mut Script::new(&[]), &mut |done, of| told.push((done, of)));
        told
    };
    let long = told(1_050);
    assert_eq!((long.len(), long.first(), long.last()), (96, Some(&(11, 1_050)), Some(&(1_050, 1_050))));
    assert_eq!(told(1), [(1, 1)]);
}

#[test]
fn seeds_change_start_up_times_and_nothing_else_does() {
    let play = |seed| {
        let mut plan = Plan { seed, sample_every_s: 1, ..plan(100.0, 120) };
        plan.workload.start_up_jitter_s = 30;
        played(plan, &mut Script::new(&[(30, 20)]))
    };
    let ready = |run: &Run| run.samples.iter().map(|sample| sample.ready).collect::<Vec<_>>();
    assert_eq!(play(1), play(1));
    assert_ne!(ready(&play(1)), ready(&play(2)));
}

/// The bits of a whole run, so that a machine or a version that counts otherwise is found out.
#[test]
fn a_run_has_the_same_bits_everywhere() {
    let mut plan = plan(0.0, 900);
    plan.nodes = Some(nodes());
    plan.workload.start_up_jitter_s = 9;
    plan.load = serde_saphyr::from_str(
        "- noise: {on: [{sine: {mean_rps: 250, amplitude_rps: 200, period_s: 600}}], percent: 20, every_s: 7}",
    )
    .expect("parts");
    let run = played(plan, &mut Look(proportional));
    let text = serde_json::to_string(&run).expect("JSON");
    // FNV-1a, 64 bits (G. Fowler, L. Noll, K.-P. Vo): enough to notice a change.
    let hash = text
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    assert_eq!(hash, 15_295_339_824_381_874_315, "{:?}", run.summary);
}

/// A real day, when it is here: every request of it is accounted for, and the scale follows.
#[test]
fn a_day_of_the_world_cup_is_served() {
    let mut plan = plan(0.0, 86_400);
    let text = "- trace: {file: worldcup98_per_minute.csv, from: 1998-07-07 00:00, to: 1998-07-08 00:00}";
    plan.load = serde_saphyr::from_str(text).expect("parts");
    plan.sample_every_s = 60;
    plan.workload.queue_limit = 100_000;
    let mut files = |name: &str| stored(name).ok_or_else(|| std::io::ErrorKind::NotFound.into());
    let scenario = match Scenario::new(plan, &mut files) {
        Err(ScenarioError::Load(LoadError::File { .. })) => return,
        scenario => scenario.expect("a possible plan"),
    };
    let run = run(&scenario, &mut Look(proportional), &mut |_, _| {});
    let total = &run.summary;
    assert!((total.offered - 42_806_305.0).abs() < 1.0, "{total:?}");
    assert!((total.offered - total.served - total.failed - total.queued_at_end).abs() < 1e-6);
    assert!(total.failed == 0.0, "{total:?}");
    // 3,824 requests per second in the busiest minute, 50 a pod; the samples of pods that have just become ready are low.
    assert!((77..=90).contains(&total.replicas.1), "{total:?}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn the_same_scenario_gives_the_same_run_and_its_requests_add_up(
        seed: u64,
        rate in 0.0..3_000.0,
        percent in 0.0..100.0,
        jitter in 0_u32..60,
        with_nodes: bool,
        script in prop::collection::vec((30_u32..300, 0_i32..25), 0..12),
    ) {
        let mut plan = Plan { seed, ..plan(rate, 300) };
        let steady = plan.load.clone();
        plan.load = vec![Part::Noise(Noise { on: steady, percent, every_s: 3, seed: None })];
        plan.workload.start_up_jitter_s = jitter;
        plan.nodes = with_nodes.then(nodes);
        let once = played(plan.clone(), &mut Script::new(&script));
        let again = played(plan, &mut Script::new(&script));
        prop_assert_eq!(serde_json::to_string(&once).expect("JSON"), serde_json::to_string(&again).expect("JSON"));
        prop_assert_eq!(&once, &again);
        let total = &once.summary;
        let accounted = total.served + total.failed + total.queued_at_end;
        prop_assert!((total.offered - accounted).abs() <= 1e-9 * total.offered.max(1.0));
        prop_assert!(total.offered >= 0.0 && total.served >= 0.0 && total.failed >= 0.0 && total.queued_at_end >= 0.0);
        prop_assert!(once.samples.windows(2).all(|two| two[0].at_s < two[1].at_s));
    }

    #[test]
    fn more_capacity_never_fails_more_at_steady_load(
        rate in 1.0..1_000.0,
        less in 0.5..600.0,
        more in 0.5..600.0,
        queue_limit in 0_u32..2_000,
        request_timeout_s in 1_u32..8,
    ) {
        let failed = |capacity_rps: f64| {
            let mut plan = plan(rate, 60);
            let request_timeout_s = Some(request_timeout_s);
            plan.workload = Workload { capacity_rps, queue_limit, request_timeout_s, ..plan.workload };
            played(plan, &mut Script::new(&[])).summary.failed
        };
        prop_assert!(failed(f64::max(less, more)) <= failed(f64::min(less, more)));
    }

    #[test]
    fn more_pods_never_fail_more_at_steady_load(rate in 1.0..2_000.0, few in 0_i32..20, many in 0_i32..20) {
        let failed = |replicas: i32| {
            let mut plan = plan(rate, 60);
            plan.workload.replicas = replicas;
            played(plan, &mut Script::new(&[])).summary.failed
        };
        prop_assert!(failed(few.max(many)) <= failed(few.min(many)));
    }
}

/// Does what a script says: from each second on, so many replicas.
struct Script {
    lines: Vec<(u32, i32)>,
    applied: Vec<(i64, i32, i32)>,
}

impl Script {
    fn new(lines: &[(u32, i32)]) -> Self {
        let mut lines = lines.to_vec();
        lines.sort_unstable();
        Self { lines, applied: Vec::new() }
    }
}

impl Scaler for Script {
    fn bounds(&self) -> (i32, Option<i32>) {
        (1, Some(9))
    }

    fn metrics(&self) -> Vec<String> {
        vec!["a script".to_owned()]
    }

    fn sync(&mut self, seen: &Seen<'_>) -> Sync {
        let now = u32::try_from(seen.now / SECOND_NS).expect("a second of the run");
        let line = self.lines.iter().rev().find(|(at, _)| *at <= now);
        answer(line.map_or(seen.spec_replicas, |(_, to)| *to))
    }

    fn applied(&mut self, at: i64, from: i32, to: i32) {
        self.applied.push((at, from, to));
    }
}

/// A scaler that is a function.
struct Look<F>(F);

impl<F: FnMut(&Seen<'_>) -> i32> Scaler for Look<F> {
    fn bounds(&self) -> (i32, Option<i32>) {
        (0, Some(0))
    }

    fn metrics(&self) -> Vec<String> {
        Vec::new()
    }

    fn sync(&mut self, seen: &Seen<'_>) -> Sync {
        answer((self.0)(seen))
    }

    fn applied(&mut self, _: i64, _: i32, _: i32) {}
}

/// As many replicas as bring the measured CPU to 50 % of the request, when every pod that is not deleted has a sample.
fn proportional(seen: &Seen<'_>) -> i32 {
    let usage = seen.pods.iter().filter(|pod| !pod.deleted).map(|pod| pod.sample(CPU).map(|sample| sample.value));
    match usage.sum::<Option<i64>>() {
        Some(sum) if sum > 0 => i32::try_from((sum + 499) / 500).expect("small"),
        _ => seen.spec_replicas,
    }
}

/// An answer that only has a number; the run fills in the rest.
pub(super) fn answer(to: i32) -> Sync {
    Sync {
        at_s: 999,
        from: 999,
        to,
        readings: Vec::<MetricReading>::new(),
        asked: Some(to),
        reason: "as told".to_owned(),
        steps: Vec::new(),
        conditions: Vec::new(),
        revisit_at_s: None,
    }
}

/// A stored trace; its absence is said and is no failure, as the traces are not part of the repository.
pub(super) fn stored(file: &str) -> Option<Vec<u8>> {
    let folder = std::env::var_os("PLIMSOLL_DATA")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data"), PathBuf::from);
    let bytes = std::fs::read(folder.join(file));
    if bytes.is_err() {
        eprintln!("skipped: {file} is not here; set PLIMSOLL_DATA to its folder");
    }
    bytes.ok()
}

fn played(plan: Plan, scaler: &mut dyn Scaler) -> Run {
    run(&scenario(plan), scaler, &mut |_, _| {})
}

/// A plan that needs no files, checked.
pub(super) fn scenario(plan: Plan) -> Scenario {
    Scenario::new(plan, &mut |_| Err(std::io::ErrorKind::NotFound.into())).expect("a possible plan")
}

/// Two pods for a steady load.
pub(super) fn plan(rate_rps: f64, duration_s: u32) -> Plan {
    Plan {
        title: "a test".to_owned(),
        description: String::new(),
        seed: 1,
        duration_s,
        sample_every_s: 1,
        load: vec![Part::Steady(Steady { rate_rps })],
        workload: workload(),
        topic: None,
        jobs: None,
        nodes: None,
        metrics: Pipeline::default(),
        hpa: Some(serde_json::json!({})),
        keda: None,
        keda_job: None,
        knative: None,
        consumers: None,
        aws: None,
        watermark: None,
        gce: None,
        nomad: None,
        schedule: None,
        combine: None,
        controller: Controller::default(),
        document_starts_s: 0,
        documented: Vec::new(),
    }
}

/// Pods that serve 100 requests per second of 10 ms CPU each.
pub(super) fn workload() -> Workload {
    Workload {
        replicas: 2,
        pod_quota: 1_000,
        cpu_request_millicores: 1_000,
        cpu_limit_millicores: None,
        cpu_ms_per_request: 10.0,
        cpu_fixed_millicores: 0.0,
        cpu_starting_millicores: 0.0,
        memory_request_mib: 1_024,
        memory_limit_mib: None,
        memory_base_mib: 100.0,
        memory_mib_per_rps: 1.0,
        capacity_rps: 100.0,
        service_ms: 20.0,
        queue_limit: 100,
        request_timeout_s: Some(5),
        start_up_s: 10,
        start_up_jitter_s: 0,
        readiness_delay_s: 2,
        drain_s: 3,
    }
}

/// Jobs that take one message each.
pub(super) fn jobs() -> Jobs {
    Jobs {
        messages_per_job: None,
        until_empty: false,
        wait_s: 0,
        fails_percent: 0.0,
        failed_return: true,
        taken_count: true,
    }
}

/// Two nodes of two places, up to 20.
pub(super) fn nodes() -> Nodes {
    Nodes {
        pods_per_node: 2,
        other_pods: 0,
        at_start: 2,
        fewest: 2,
        most: 20,
        added_together: 1,
        provisioning_s: 100,
        idle_removal_s: 50,
    }
}
