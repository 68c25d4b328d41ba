//! ScaledJobs of KEDA in a simulation: what every pass starts, computed by hand; how the strategies differ; what is kept of
//! jobs that have ended; what is refused.

use std::process::{Command, Output};

use plimsoll::engine;
use plimsoll::manifest::Api;
use plimsoll::report::{self, Style};
use plimsoll::simulate;
use plimsoll::simulate::run::{JobTotals, Run};
use plimsoll::simulate::scenario::Scenario;

/// Ten messages in the first ten seconds, five more in seconds 20 to 24. A job starts for 5 s and works for 25.
const WORLD: &str = "title: A burst
duration_s: 121
load:
  - spike: { from_rps: 0, to_rps: 1, at_s: 0, duration_s: 10 }
  - spike: { from_rps: 0, to_rps: 1, at_s: 20, duration_s: 5 }
jobs: {}
workload:
  replicas: 0
  cpu_request_millicores: 500
  cpu_ms_per_request: 1000
  memory_request_mib: 256
  memory_base_mib: 100
  capacity_rps: 0.04
  service_ms: 25000
  queue_limit: 1000
  start_up_s: 5
metrics: { scrape_every_s: 1, window_s: 1, lag_s: 0 }
controller: { first_sync_s: 10 }
keda_job:
  pollingInterval: 10
  maxReplicaCount: 20
  scalingStrategy: { strategy: default }
  triggers: [{ type: rabbitmq, metadata: { queueName: q, value: '1' } }]
";

/// The world with texts replaced, each of which it has.
fn world(changes: &[(&str, &str)]) -> String {
    changes.iter().fold(WORLD.to_owned(), |text, (from, to)| {
        assert!(text.contains(from), "{from}");
        text.replacen(from, to, 1)
    })
}

fn scenario(text: &str) -> Scenario {
    Scenario::parse(text, &mut |_| Err(std::io::ErrorKind::NotFound.into())).unwrap_or_else(|error| panic!("{error}"))
}

fn played(changes: &[(&str, &str)]) -> Run {
    let scenario = scenario(&world(changes));
    let mut scaler = engine::scaler(scenario.plan(), Api::default()).unwrap_or_else(|error| panic!("{error}"));
    simulate::run(&scenario, &mut *scaler, &mut |_, _| {})
}

fn refused(text: &str) -> String {
    let scenario = scenario(text);
    engine::scaler(scenario.plan(), Api::default()).err().expect("a refusal")
}

/// Jobs before and after each of the first passes.
fn passes(run: &Run, count: usize) -> Vec<(i32, i32)> {
    run.syncs.iter().take(count).map(|sync| (sync.from, sync.to)).collect()
}

fn totals(run: &Run) -> &JobTotals {
    run.summary.jobs.as_ref().expect("a run of jobs")
}

const MISSED: (&str, &str) = ("jobs: {}", "jobs: { taken_count: false }");

fn strategy(name: &'static str) -> (&'static str, &'static str) {
    ("{ strategy: default }", name)
}

#[test]
fn the_default_strategy_starts_what_is_counted_less_what_runs() {
    let run = played(&[]);
    let seconds = run.syncs.iter().map(|sync| sync.at_s).take(3).collect::<Vec<_>>();
    assert_eq!(seconds, [10, 20, 30], "a pass every pollingInterval");
    // 10 wait. At 20 all of them are in work and still counted, at 30 five more; at 40 the first ten are done.
    assert_eq!(passes(&run, 5), [(0, 10), (10, 10), (10, 15), (5, 5), (5, 5)]);
    let first = &run.syncs[0];
    assert_eq!((first.asked, first.readings[0].asks, first.readings[0].read.as_str()), (Some(10), Some(10), "10"));
    assert_eq!(first.conditions, ["Ready=True", "Active=True"]);
    assert_eq!(first.reason, "10 asked for, 10 allowed beside those that run: 10 started");
    let last = run.syncs.last().expect("passes");
    assert_eq!((last.from, last.to, last.reason.as_str()), (0, 0, "no work: no job is started"));
    assert_eq!((run.bounds, run.summary.served, run.summary.scaled_up), ((0, Some(20)), 15.0, 2));
    let all = JobTotals { started: 15, succeeded: 15, kept: (15, 0), ..JobTotals::default() };
    assert_eq!(*totals(&run), all);
}

#[test]
fn the_default_strategy_waits_where_the_queue_hides_what_is_in_work() {
    // At 30 five wait and ten run: none is started, until the ten have ended.
    let run = played(&[MISSED]);
    assert_eq!(passes(&run, 5), [(0, 10), (10, 10), (10, 10), (0, 5), (5, 5)]);
    assert_eq!(totals(&run).started, 15);
    let counted = played(&[]);
    assert!(run.summary.latency_p95_max_ms > counted.summary.latency_p95_max_ms + 5_000.0);
}

#[test]
fn the_accurate_strategy_fits_a_queue_that_hides_what_is_in_work() {
    let run = played(&[MISSED, strategy("{ strategy: accurate }")]);
    assert_eq!(passes(&run, 5), [(0, 10), (10, 10), (10, 15), (5, 5), (5, 5)]);
    assert_eq!((totals(&run).started, totals(&run).found_nothing), (15, 0));
}

#[test]
fn the_accurate_strategy_starts_jobs_twice_where_messages_in_work_count() {
    // At 20 ten are counted, all in work: ten jobs more, up to the most. They take what comes next, or find nothing.
    let run = played(&[strategy("{ strategy: accurate }")]);
    assert_eq!(passes(&run, 3)[..2], [(0, 10), (10, 20)]);
    assert!(totals(&run).found_nothing >= 5, "{:?}", totals(&run));
    assert_eq!(run.summary.served, 15.0);
}

#[test]
fn the_custom_strategy_takes_off_a_constant_and_a_part_of_what_runs() {
    let custom = strategy(
        "{ strategy: custom, customScalingQueueLengthDeduction: 2, customScalingRunningJobPercentage: '0.5' }",
    );
    // 10 − 2; then 10 − 2 − 4.
    assert_eq!(passes(&played(&[custom]), 2), [(0, 8), (8, 12)]);
}

#[test]
fn the_eager_strategy_fills_the_free_slots() {
    // Ten messages at five a job are two jobs, and as many again where the default starts none.
    let two = ("value: '1'", "value: '5'");
    assert_eq!(passes(&played(&[two, strategy("{ strategy: eager }")]), 2), [(0, 2), (2, 4)]);
    assert_eq!(passes(&played(&[two]), 2), [(0, 2), (2, 2)]);
}

#[test]
fn the_fewest_are_filled_up_first_and_the_queue_is_seen_a_pass_later() {
    // Two at 10. At 20 there are ten messages beside the two that run.
    let run = played(&[("maxReplicaCount: 20", "minReplicaCount: 2\n  maxReplicaCount: 20")]);
    assert_eq!(passes(&run, 2), [(0, 2), (2, 12)]);
    assert_eq!(run.syncs[0].reason, "fewer jobs than the minimum: 2 started");
    assert_eq!(run.bounds, (2, Some(20)));
    // Without a message a job of the fewest ends, and the next pass starts another.
    assert!(totals(&run).found_nothing > 5);
}

#[test]
fn what_is_pending_follows_the_conditions_that_are_asked_for() {
    // Passes at 10, 13 and 16, while the first jobs start: they have a place, and run by their phase.
    let fast = ("pollingInterval: 10", "pollingInterval: 3");
    let phase = played(&[fast, strategy("{ strategy: accurate }")]);
    assert_eq!(passes(&phase, 2), [(0, 10), (10, 20)]);
    let ready = played(&[fast, strategy("{ strategy: accurate, pendingPodConditions: [Ready] }")]);
    assert_eq!(passes(&ready, 2), [(0, 10), (10, 10)]);
    // Without nodes for them jobs are pending by phase, too.
    let nodes = "nodes: { pods_per_node: 1, at_start: 4, most: 4, provisioning_s: 60, idle_removal_s: 600 }\nmetrics:";
    let waiting = played(&[("metrics:", nodes), MISSED, fast, strategy("{ strategy: accurate }")]);
    // Ten counted, six of ten pending: four more.
    assert_eq!(passes(&waiting, 2), [(0, 10), (10, 14)]);
    let at = |at_s| waiting.samples.iter().find(|sample| sample.at_s == at_s).expect("a sample");
    assert_eq!((at(10).starting, at(10).pending, at(15).ready), (4, 6, 4));
}

#[test]
fn a_pause_starts_nothing_and_a_metric_without_a_sample_is_a_failure() {
    let paused = played(&[("keda_job:\n", "keda_job:\n  annotations: { autoscaling.keda.sh/paused: 'true' }\n")]);
    assert!(paused.syncs.iter().all(|sync| (sync.to, sync.reason.as_str()) == (0, "paused: no job is started")));
    let unknown =
        ("rabbitmq, metadata: { queueName: q, value: '1' }", "prometheus, metadata: { query: nobody, threshold: '1' }");
    let failed = played(&[unknown]);
    assert_eq!(failed.syncs[0].conditions, ["Ready=False", "Active=False"]);
    assert_eq!((failed.syncs[0].readings[0].read.as_str(), failed.syncs[0].readings[0].asks), ("no sample", None));
    let rate = (
        "rabbitmq, metadata: { queueName: q, value: '1' }",
        "prometheus, metadata: { query: arrivals_per_second, threshold: '0.5' }",
    );
    // One a second in the tenth second: a queue of one, for two jobs at most.
    assert_eq!(passes(&played(&[rate]), 1), [(0, 1)]);
}

#[test]
fn ended_jobs_are_kept_up_to_the_limits_of_their_kind() {
    let kept = |jobs: &str, limits: &str| {
        let limits = format!("keda_job:\n  {limits}\n");
        let run = played(&[("jobs: {}", jobs), ("keda_job:\n", &limits)]);
        (totals(&run).kept, totals(&run).succeeded, totals(&run).failed)
    };
    assert_eq!(kept("jobs: {}", "successfulJobsHistoryLimit: 4"), ((4, 0), 15, 0));
    assert_eq!(kept("jobs: {}", "successfulJobsHistoryLimit: 0"), ((0, 0), 15, 0));
    let lost = "jobs: { fails_percent: 100, failed_return: false }";
    assert_eq!(kept(lost, "minReplicaCount: 0"), ((0, 15), 0, 15));
    assert_eq!(kept(lost, "failedJobsHistoryLimit: 3"), ((0, 3), 0, 15));
}

#[test]
fn a_failed_job_is_started_again_for_its_message_unless_it_took_it_along() {
    let back = played(&[("jobs: {}", "jobs: { fails_percent: 40 }"), ("duration_s: 121", "duration_s: 900")]);
    assert_eq!((back.summary.served, back.summary.failed), (15.0, 0.0));
    assert!(totals(&back).failed > 0 && totals(&back).started == 15 + totals(&back).failed, "{:?}", totals(&back));
    let lost = played(&[("jobs: {}", "jobs: { fails_percent: 40, failed_return: false }")]);
    assert_eq!(lost.summary.served + lost.summary.failed, 15.0);
    assert_eq!((totals(&lost).started, totals(&lost).failed as f64), (15, lost.summary.failed));
    let other = played(&[("title: A burst", "title: A burst\nseed: 2"), ("jobs: {}", "jobs: { fails_percent: 40 }")]);
    let again = played(&[("jobs: {}", "jobs: { fails_percent: 40 }")]);
    assert_eq!(again, played(&[("jobs: {}", "jobs: { fails_percent: 40 }")]), "the same scenario, the same run");
    assert_ne!(again.syncs, other.syncs, "other draws");
}

#[test]
fn a_quota_bounds_the_jobs_that_have_not_ended() {
    let run = played(&[("replicas: 0", "replicas: 0\n  pod_quota: 4")]);
    assert_eq!(passes(&run, 2), [(0, 10), (4, 10)]);
    assert!(run.samples.iter().all(|sample| sample.wanted <= 4));
    assert_eq!(run.samples.iter().map(|sample| sample.wanted).max(), Some(4));
}

#[test]
fn reports_speak_of_jobs_and_messages() {
    let run = played(&[("jobs: {}", "jobs: { fails_percent: 30 }")]);
    let text = report::timeline(&run, Style::Plain, 100);
    let page = report::page(&run);
    for part in ["0…20 jobs", "messages offered", "job-hours", "jobs started", "found no message", "ended jobs kept"]
    {
        assert!(text.contains(part), "{part}\n{text}");
    }
    for part in ["0…20 jobs", "Messages offered", "Job-hours", "Jobs started", "messages per second", "jobs unfinished"]
    {
        assert!(page.contains(part), "{part}");
    }
    for part in ["requests ", "pods", "scalings", "reversals", " down"] {
        assert!(!text.contains(part), "{part}\n{text}");
    }
    for part in [
        "Requests offered",
        ">Scalings<",
        ">Reversals<",
        "pods wanted",
        ">Pods<",
        "requests per second",
        "requests wai",
    ] {
        assert!(!page.contains(part), "{part}");
    }
}

#[test]
fn what_does_not_belong_together_is_refused_by_name() {
    let job = &WORLD[WORLD.find("keda_job:").expect("a policy")..];
    let indented = job.replace('\n', "\n      ").trim_end().to_owned();
    let combine = format!("combine:\n  min_replicas: 0\n  max_replicas: 5\n  of:\n    - {indented}\n");
    let hpa = "hpa: { maxReplicas: 5 }\n";
    let only = "and the scenario has the section jobs: only keda_job, a ScaledJob, starts jobs";
    let pods =
        |text: &str| text.replace("jobs: {}\n", "").replace("start_up_s: 5", "start_up_s: 5\n  request_timeout_s: 5");
    for (text, said) in [
        (WORLD.replace(job, hpa), format!("hpa scales pods, {only}")),
        (WORLD.replace(job, &combine), format!("combine scales pods, {only}")),
        (pods(WORLD), "keda_job starts jobs: it needs the section jobs, which says what one does".to_owned()),
        (
            pods(&WORLD.replace(job, &combine)),
            "combine.of[0].keda_job: a ScaledJob starts jobs, and cannot be one of several".to_owned(),
        ),
        (
            world(&[(
                "rabbitmq, metadata: { queueName: q, value: '1' }",
                "kafka, metadata: { bootstrapServers: k, consumerGroup: g, topic: t }",
            )]),
            "keda_job.triggers[0] is of kafka: jobs take from one queue, which has no partitions".to_owned(),
        ),
        (
            world(&[("maxReplicaCount: 20", "maxReplicaCount: -1")]),
            "keda_job: max is -1, must be at least 0".to_owned(),
        ),
        (
            world(&[("maxReplicaCount: 20", "failedJobsHistoryLimit: -2")]),
            "keda_job.failedJobsHistoryLimit is -2: must not be negative".to_owned(),
        ),
    ] {
        assert_eq!(refused(&text), said);
    }
}

#[test]
fn the_figures_in_the_comment_of_the_scenario_are_those_of_its_runs() {
    let file = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios/jobs.yaml");
    let text = std::fs::read_to_string(file).expect("the scenario");
    let run = |strategy: &str, taken_count: &str| {
        let given = [("{ strategy: default }", strategy), ("taken_count: true", taken_count)];
        let text = given.iter().fold(text.clone(), |text, (from, to)| {
            assert!(text.contains(from), "{from}");
            text.replace(from, to)
        });
        let scenario = scenario(&text);
        let mut scaler = engine::scaler(scenario.plan(), Api::default()).expect("a policy");
        let run = simulate::run(&scenario, &mut *scaler, &mut |_, _| {});
        let jobs = totals(&run);
        assert_eq!((run.summary.served, jobs.in_work_at_end), (150.0, 0));
        let hours = format!("{:.1} job-hours", run.summary.pod_hours);
        ((jobs.started, jobs.failed, jobs.found_nothing), hours, run.summary.latency_p95_max_ms / 1_000.0)
    };
    let (counted, hidden) = ("taken_count: true", "taken_count: false");
    assert_eq!(run("{ strategy: default }", counted), ((156, 6, 0), "7.1 job-hours".to_owned(), 347.0));
    let (accurate, hours, _) = run("{ strategy: accurate }", counted);
    assert_eq!((accurate, hours.as_str()), ((381, 6, 225), "9.9 job-hours"));
    assert_eq!(run("{ strategy: default }", hidden).2, 531.0);
    assert_eq!(run("{ strategy: accurate }", hidden).0.0, 204);
    assert_eq!(run("{ strategy: accurate, pendingPodConditions: [Ready] }", hidden).0.0, 159);
    let comment = text.lines().take_while(|line| line.starts_with('#')).map(|line| line.trim_start_matches(['#', ' ']));
    let comment = comment.collect::<Vec<_>>().join(" ");
    for figure in [
        "156 jobs",
        "six failed",
        "381 jobs",
        "225 find",
        "9.9 job-hours",
        "of 7.1",
        "531 s",
        "347 s",
        "204 jobs",
        "159.",
    ] {
        assert!(comment.contains(figure), "{figure}: {comment}");
    }
}

#[test]
fn a_manifest_is_tested_where_there_are_jobs() {
    let folder = std::env::temp_dir().join(format!("plimsoll-jobs-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    let write = |name: &str, text: &str| {
        let path = folder.join(name);
        std::fs::write(&path, text).expect("written");
        path.display().to_string()
    };
    let scenario = write("world.yaml", WORLD);
    let job = write(
        "job.yaml",
        "apiVersion: keda.sh/v1alpha1\nkind: ScaledJob\nmetadata: {name: resize}\nspec:\n  jobTargetRef: {template: {}}\n  \
         maxReplicaCount: 3\n  triggers: [{type: rabbitmq, metadata: {queueName: images, value: '5'}}]\n",
    );
    let object = write(
        "object.yaml",
        "apiVersion: keda.sh/v1alpha1\nkind: ScaledObject\nmetadata: {name: web}\nspec:\n  scaleTargetRef: {name: web}\n  \
         triggers: [{type: rabbitmq, metadata: {queueName: images, value: '5'}}]\n",
    );
    let simulate = |arguments: &[&str]| {
        Command::new(env!("CARGO_BIN_EXE_plimsoll")).arg("simulate").args(arguments).output().expect("it runs")
    };
    let stderr = |output: Output| {
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        String::from_utf8(output.stderr).expect("text")
    };
    let output = simulate(&[&scenario, "--policy", &job, "--json"]);
    let run: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    // A pass every 30 s, from the file's first second on: ten messages at five a job.
    assert_eq!((&run["bounds"], &run["syncs"][1]["at_s"]), (&serde_json::json!([0, 3]), &serde_json::json!(40)));
    assert_eq!((&run["syncs"][0]["from"], &run["syncs"][0]["to"]), (&serde_json::json!(0), &serde_json::json!(2)));
    let said = stderr(simulate(&[&scenario, "--policy", &object]));
    let only =
        "ScaledObject default/web: spec scales pods, and the scenario has the section jobs: only keda_job, a ScaledJob";
    assert!(said.contains(only), "{said}");
    let said = stderr(simulate(&["--policy", &job]));
    assert!(said.contains("ScaledJob default/resize: spec starts jobs: it needs the section jobs"), "{said}");
    std::fs::remove_dir_all(&folder).expect("cleaned up");
}
