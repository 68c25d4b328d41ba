//! Scaling policies of the Nomad Autoscaler: asked by lines, explained in words, and played.

use std::path::Path;

use plimsoll::decide::Decisions;
use plimsoll::engine::{self, Settings};
use plimsoll::explain;
use plimsoll::manifest::Api;
use plimsoll::simulate;
use plimsoll::simulate::run::{Run, Sync};
use plimsoll::simulate::scenario::Scenario;
use serde_json::{Value, json};

/// As Nomad's API prints it: blocks are lists of one.
fn printed() -> Value {
    json!({ "nomad": {
        "ID": "248f6157-ca37-f868-a0ab-cabbc67fec1d",
        "Namespace": "default",
        "Type": "horizontal",
        "Target": { "Group": "web", "Job": "shop", "Namespace": "default" },
        "Min": 1,
        "Max": 10,
        "Enabled": true,
        "Policy": {
            "cooldown": "1m30s",
            "evaluation_interval": "10s",
            "on_check_error": "fail",
            "check": [
                { "cpu": [{
                    "group": "load",
                    "source": "nomad-apm",
                    "query": "avg_cpu",
                    "strategy": [{ "target-value": [{ "target": 70 }] }],
                }] },
                { "queue": [{
                    "group": "load",
                    "source": "prometheus",
                    "query": "backlog",
                    "query_window": "30s",
                    "strategy": [{ "threshold": [{ "lower_bound": "100", "delta": 2, "within_bounds_trigger": 2 }] }],
                }] },
            ],
            "target": [{ "nomad-target": [{ "Group": "web" }] }],
        },
        "CreateIndex": 10,
        "ModifyIndex": 12,
    } })
}

/// The same as it is written by hand.
fn written() -> Value {
    json!({ "nomad": {
        "min": 1,
        "max": 10,
        "policy": {
            "cooldown": "90s",
            "on_check_error": "fail",
            "check": {
                "cpu": { "group": "load", "query": "avg_cpu", "strategy": { "target-value": { "target": "70" } } },
                "queue": {
                    "group": "load",
                    "source": "prometheus",
                    "query": "backlog",
                    "query_window": "30s",
                    "strategy": { "threshold": { "lower_bound": 100, "delta": "2", "within_bounds_trigger": 2 } },
                },
            },
        },
    } })
}

fn seen(second: i64, count: i32, checks: &Value) -> Value {
    json!({ "now": second * 1_000_000_000, "count": count, "checks": checks })
}

fn ask(line: &Value) -> Value {
    let answer = Decisions::new(Settings::default()).line(1, line.to_string().as_bytes());
    assert_eq!(answer.get("error"), None, "{line}");
    answer
}

fn refused(policy: &Value, observation: &Value) -> String {
    let line = json!({ "policy": policy, "observation": observation });
    let answer = Decisions::new(Settings::default()).line(1, line.to_string().as_bytes());
    answer["error"].as_str().unwrap_or_else(|| panic!("{line} is answered: {answer}")).to_owned()
}

fn explained(line: &Value) -> String {
    let told = Decisions::new(Settings::default()).told(line.to_string().as_bytes()).expect("an answer");
    explain::told(&told, false, 100)
}

/// Plays the scenario of the folder with parts of its text replaced.
fn played(changes: &[(&str, &str)]) -> Result<Run, String> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios/nomad.yaml");
    let mut text = std::fs::read_to_string(file).expect("the file");
    for (from, to) in changes {
        assert!(text.contains(from), "{from}");
        text = text.replace(from, to);
    }
    let scenario = Scenario::parse(&text, &mut |_| unreachable!("no trace")).map_err(|error| error.to_string())?;
    let mut scaler = engine::scaler(scenario.plan(), Api::default())?;
    Ok(simulate::run(&scenario, &mut *scaler, &mut |_, _| {}))
}

fn sync(run: &Run, at_s: u32) -> &Sync {
    run.syncs.iter().find(|sync| sync.at_s == at_s).unwrap_or_else(|| panic!("a sync at {at_s}"))
}

#[test]
fn a_policy_means_the_same_printed_and_written() {
    let seen = seen(0, 4, &json!({ "cpu": [84], "queue": [7, 120, 130] }));
    let [one, other] = [printed(), written()].map(|policy| ask(&json!({ "policy": policy, "observation": seen })));
    assert_eq!(one, other);
    assert_eq!(one["decision"]["to"], 6, "two more for the queue, and 84 of 70 % would be 5");
    assert_eq!((&one["decision"]["check"], &one["decision"]["submits"]), (&json!("queue"), &json!("up")));
}

#[test]
fn its_history_carries_the_cooldown_from_line_to_line() {
    let ask_at = |second: i64, history: &Value, apply: &str| {
        let seen = seen(second, 4, &json!({ "cpu": [84], "queue": [0] }));
        ask(&json!({ "policy": written(), "history": history, "apply": apply, "observation": seen }))
    };
    let first = ask_at(0, &Value::Null, "done");
    assert_eq!(first["decision"]["to"], 5);
    let held = ask_at(90, &first["history"], "done");
    assert_eq!((&held["decision"]["to"], &held["decision"]["asked"]), (&json!(4), &json!(5)));
    assert_eq!(held["decision"]["lastWord"]["step"], "CoolingDown");
    assert_eq!(held["decision"]["revisitAt"], 90_000_000_001_i64);
    assert_eq!(ask_at(91, &held["history"], "done")["decision"]["to"], 5);
    let failed = ask_at(0, &Value::Null, "failed");
    assert_eq!(ask_at(1, &failed["history"], "done")["decision"]["to"], 5, "a scaling that failed holds nothing");
}

#[test]
fn a_decision_is_explained_in_words() {
    let observation = seen(0, 4, &json!({ "cpu": [64, 84], "queue": [7, 120] }));
    insta::assert_snapshot!("nomad", explained(&json!({ "policy": printed(), "observation": observation })));
    let observation = seen(0, 4, &json!({ "cpu": [84] }));
    let failed = explained(&json!({ "policy": printed(), "observation": observation }));
    assert!(failed.contains("queue: the query failed or gave no point: nothing changes"), "{failed}");
    let mut dry = written();
    dry["nomad"]["policy"]["target"] = json!({ "nomad": { "dry-run": "true" } });
    dry["nomad"]["policy"]["check"] = json!({ "floor": { "strategy": { "fixed-value": { "value": 6 } } } });
    let dry = explained(&json!({ "policy": dry, "observation": seen(0, 4, &json!({})) }));
    assert!(dry.contains("stays at 4\n  because a dry run: 6 would be set"), "{dry}");
}

#[test]
fn schedules_say_when_a_policy_and_a_check_count() {
    let mut policy = written();
    policy["nomad"]["policy"]["schedule"] = json!([{ "start": "0 8 * * *", "end": "0 18 * * *" }]);
    policy["nomad"]["policy"]["check"]["queue"]["schedule"] = json!({ "start": "0 9 * * *", "duration": "1h" });
    let at = |time: &str| {
        let seen = json!({ "now": time, "count": 4, "checks": { "cpu": [70], "queue": [120, 130] } });
        let answer = ask(&json!({ "policy": policy, "observation": seen }));
        let word = answer["decision"]["lastWord"]["step"].as_str().unwrap_or_default().to_owned();
        (answer["decision"]["to"].as_i64().unwrap_or(-1), word, answer["decision"]["revisitAt"].as_i64())
    };
    let moment = |time: &str| Some(time.parse::<jiff::Timestamp>().expect("a time").as_nanosecond() as i64);
    assert_eq!(at("2026-11-24T07:59:59Z"), (4, "OffSchedule".to_owned(), moment("2026-11-24T08:00:00Z")));
    assert_eq!(at("2026-11-24T08:00:00Z"), (4, "NoChange".to_owned(), moment("2026-11-24T09:00:00Z")));
    assert_eq!(at("2026-11-24T09:30:00Z"), (6, "Decided".to_owned(), moment("2026-11-24T10:00:00Z")));
    assert_eq!(at("2026-11-24T10:00:00Z").0, 4);
    assert_eq!(at("2026-11-24T18:00:00Z").1, "OffSchedule");
}

#[test]
fn what_is_wrong_with_a_policy_is_named() {
    let with = |path: &str, value: Value| {
        let mut policy = written();
        *policy["nomad"].pointer_mut(path).unwrap_or_else(|| panic!("{path}")) = value;
        policy
    };
    let section = |field: &str, value: Value| {
        let mut policy = written();
        policy["nomad"][field] = value;
        policy
    };
    let rule = |field: &str, value: Value| {
        let mut policy = written();
        policy["nomad"]["policy"][field] = value;
        policy
    };
    let cpu = |field: &str, value: Value| {
        let mut policy = written();
        policy["nomad"]["policy"]["check"]["cpu"][field] = value;
        policy
    };
    let strategy = |value: Value| cpu("strategy", value);
    let band = |value: Value| strategy(json!({ "threshold": value }));
    for (policy, error) in [
        (section("maxi", json!(3)), "policy.nomad: unknown field \"maxi\", did you mean \"max\"?"),
        (section("Max", json!(3)), "policy.nomad.max is given twice, once as Max"),
        (with("/max", Value::Null), "policy.nomad.max is missing"),
        (with("/min", Value::Null), "policy.nomad.min is missing"),
        (with("/min", json!(11)), "policy.nomad: max is 10, must be at least 11"),
        (with("/min", json!(-1)), "policy.nomad: min is -1, must be at least 0"),
        (with("/max", json!(3_000_000_000_i64)), "policy.nomad.max is 3000000000: must be 0 to 2147483647"),
        (
            section("type", json!("vertical_cpu")),
            "policy.nomad.type is \"vertical_cpu\": must be horizontal or cluster",
        ),
        (with("/policy", Value::Null), "policy.nomad.policy is missing"),
        (with("/policy", json!([])), "policy.nomad.policy is a list of 0: must be one block"),
        (rule("cooldown", json!("soon")), "policy.nomad.policy.cooldown is \"soon\": must be a duration"),
        (rule("cooldown_on_scale_up", json!("-1m")), "policy.cooldown_on_scale_up is \"-1m\": must be a duration"),
        (rule("on_check_error", json!("stop")), "policy.on_check_error is \"stop\": must be fail or ignore"),
        (rule("check", json!({})), "policy.nomad.policy.check is missing: a check must decide"),
        (rule("check", json!([{ "a": {} }, { "a": {} }])), "policy.nomad.policy.check.a is given twice"),
        (rule("check", json!([7])), "policy.check holds 7: must be blocks by their names"),
        (rule("check", json!({ "a": [] })), "policy.check.a is a list of 0: must be one block"),
        (rule("target", json!({ "nomad": { "dry-run": 1 } })), "target.nomad.dry-run is 1: must be true or false"),
        (cpu("query", json!("")), "policy.check.cpu.query is missing: target-value asks for points"),
        (cpu("qery", json!("")), "did you mean"),
        (cpu("on_error", json!("x")), "policy.check.cpu.on_error is \"x\": must be fail or ignore"),
        (cpu("query_window", json!("instant")), "cpu.query_window is \"instant\": nomad-apm does not know that"),
        (cpu("schedule", json!({ "start": "0 8 * * *" })), "check.cpu.schedule has either end or duration"),
        (cpu("schedule", json!({ "end": "0 8 * * *" })), "check.cpu.schedule.start is missing"),
        (cpu("schedule", json!({ "start": "8 o'clock", "duration": "1h" })), "cpu.schedule.start is \"8 o'clock\""),
        (cpu("schedule", json!({ "start": "0 8 * * *", "duration": "0s" })), "duration is \"0s\": must be more than 0"),
        (strategy(json!({})), "policy.check.cpu.strategy is missing"),
        (
            strategy(json!({ "fixed-value": { "value": 1 }, "pass-through": {} })),
            "check.cpu.strategy is given 2 times: a check has one",
        ),
        (
            strategy(json!({ "app-sizing": {} })),
            "check.cpu.strategy is \"app-sizing\": must be target-value, threshold",
        ),
        (strategy(json!({ "target-value": {} })), "check.cpu.strategy.target-value.target is missing"),
        (strategy(json!({ "target-value": { "target": "much" } })), "target is \"much\": must be a finite number"),
        (strategy(json!({ "target-value": { "target": true } })), "target is true: must be a number"),
        (
            strategy(json!({ "target-value": { "target": 1, "max_scale_up": 1.5 } })),
            "target-value.max_scale_up is \"1.5\": must be a whole number",
        ),
        (strategy(json!({ "fixed-value": {} })), "check.cpu.strategy.fixed-value.value is missing"),
        (band(json!({ "delta": 1 })), "cpu.strategy.threshold has neither lower_bound nor upper_bound"),
        (band(json!({ "lower_bound": 1 })), "cpu.strategy.threshold has none of delta, percentage and value"),
        (
            band(json!({ "lower_bound": 1, "delta": 1, "value": 2 })),
            "threshold has several of delta, percentage and value: one of them counts",
        ),
        (band(json!({ "lower_bound": 1, "value": -2 })), "threshold.value is -2: must be at least 0"),
        (
            with("/policy/check/queue/query_window", json!("instant")),
            "queue.strategy.threshold.within_bounds_trigger is 2: must be 1 with the query_window \"instant\"",
        ),
    ] {
        let found = refused(&policy, &seen(0, 4, &json!({ "cpu": [1] })));
        assert!(found.contains(error), "{found}, not {error}");
    }
    let many = (0..65).map(|n| (format!("c{n}"), json!({ "strategy": { "fixed-value": { "value": 1 } } })));
    let found = refused(&rule("check", Value::Object(many.collect())), &seen(0, 4, &json!({})));
    assert_eq!(found, "policy.nomad.policy.check is 65, must be at most 64");
}

#[test]
fn what_is_wrong_with_an_observation_is_named() {
    for (observation, error) in [
        (seen(0, 4, &json!({ "cup": [1] })), "observation.checks.cup: the policy has the checks cpu, queue"),
        (seen(0, 4, &json!({ "cpu": 7 })), "observation.checks.cpu is 7: must be a list of numbers, or null"),
        (seen(0, 4, &json!({ "cpu": [1, "2"] })), "observation.checks.cpu is [1,\"2\"]: must be a list of numbers"),
        (seen(0, -4, &json!({})), "observation.count: -4 is negative: there are 0 or more"),
        (json!({ "count": 4 }), "now"),
    ] {
        let found = refused(&written(), &observation);
        assert!(found.contains(error), "{found}, not {error}");
    }
    let line = json!({ "policy": written(), "history": "UExJTQ==", "observation": seen(0, 4, &json!({})) });
    let answer = Decisions::new(Settings::default()).line(1, line.to_string().as_bytes());
    assert_eq!(answer["error"], "history: the snapshot ends after 4 bytes");
    let unread = ask(&json!({ "policy": written(), "observation": { "now": 0, "count": null } }));
    assert_eq!(unread["decision"]["lastWord"]["step"], "CountUnread");
    let busy = ask(&json!({ "policy": written(), "observation": { "now": 0, "count": 3, "ready": false } }));
    assert_eq!(busy["decision"]["lastWord"]["step"], "TargetNotReady");
    assert_eq!(busy["outlook"], json!([]), "nothing changes the answer");
}

#[test]
fn a_queue_that_cpu_does_not_see_doubles_the_instances() {
    let run = played(&[]).expect("plays");
    let by = |check: &str| run.syncs.iter().filter(|sync| sync.reason.starts_with(&format!("{check} decides"))).count();
    assert!(by("cpu") > 10 && by("queue") > 0, "{} and {}", by("cpu"), by("queue"));
    let doubled = run.syncs.iter().find(|sync| sync.reason.starts_with("queue decides")).expect("it decides");
    assert_eq!(doubled.to, (doubled.from * 2).min(60));
    assert_eq!(run.summary.failed, 0.0);
    // Without the group an empty queue asks for no change, and nothing is ever removed.
    let alone = played(&[("        group: load\n", "")]).expect("plays");
    assert_eq!(alone.summary.scaled_down, 0);
    assert!(run.summary.scaled_down > 5);
    assert!(alone.syncs.iter().any(|sync| sync.reason == "queue asks for no change: nothing is removed"));
}

#[test]
fn a_window_of_prometheus_has_a_point_a_second_and_of_others_one_a_sample() {
    let points = |changes: &[(&str, &str)]| {
        let run = played(changes).expect("plays");
        let sync = sync(&run, 600);
        sync.readings.iter().find(|reading| reading.metric == "queue").expect("a reading").read.clone()
    };
    let short = ("duration_s: 7200\n", "duration_s: 601\n");
    assert_eq!(points(&[short]), "0 of 31 points lie within its bounds, it takes 15");
    let other = [short, ("source: prometheus", "source: datadog")];
    // Samples of every 5 s, the newest a second late: from 570 to 595.
    assert_eq!(points(&other), "0 of 6 points lie within its bounds, it takes 15");
    let earlier = [other[0], other[1], ("query_window: 30s", "query_window: 12s\n        query_window_offset: 5m")];
    // From 288 to 300.
    assert_eq!(points(&earlier), "0 of 3 points lie within its bounds, it takes 15");
    let instant = [short, ("query_window: 30s", "query_window: instant"), ("trigger: 15", "trigger: 1")];
    assert_eq!(points(&instant), "0 of 1 point lies within its bounds, it takes 1");
}

#[test]
fn one_of_several_policies_opposes_a_scale_in_by_asking_for_no_change() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios/nomad.yaml");
    let text = std::fs::read_to_string(file).expect("the file");
    let (before, section) = text.split_once("nomad:\n").expect("the section");
    let (section, after) = section.split_once("\ncontroller:").expect("its end");
    let section = section.replace("\n", "\n        ");
    let text = format!(
        "{before}combine:\n  min_replicas: 1\n  max_replicas: 60\n  of:\n    - hpa: {{ maxReplicas: 9, metrics: [{{ type: \
         Resource, resource: {{ name: cpu, target: {{ type: Utilization, averageUtilization: 700 }} }} }}] }}\n    - \
         nomad:\n        {section}\ncontroller:{after}"
    );
    let scenario = Scenario::parse(&text, &mut |_| unreachable!("no trace")).expect("a scenario");
    let mut scaler = engine::scaler(scenario.plan(), Api::default()).expect("both");
    let run = simulate::run(&scenario, &mut *scaler, &mut |_, _| {});
    let held = run.syncs.iter().filter(|sync| sync.reason == "vote 2 does not want fewer: nothing is removed").count();
    assert!(held > 100, "{held}");
    assert!(run.syncs.iter().all(|sync| !sync.reason.contains("is not known")), "it has an answer at every evaluation");
}

#[test]
fn a_policy_is_evaluated_at_its_interval() {
    let run = played(&[("sync_period_s: 10", "sync_period_s: 4"), ("duration_s: 7200\n", "duration_s: 60\n")]);
    let run = run.expect("plays");
    let evaluated = run.syncs.iter().filter(|sync| !sync.steps.is_empty()).map(|sync| sync.at_s).collect::<Vec<_>>();
    assert_eq!(evaluated, [10, 22, 34, 46, 58], "the first sync at or after 10 s");
    assert_eq!(sync(&run, 14).reason, "at rest: the policy is evaluated every 10 s");
}

#[test]
fn what_a_simulation_cannot_give_is_named() {
    for (from, to, error) in [
        (
            "sync_period_s: 10",
            "sync_period_s: 15",
            "controller.sync_period_s is 15: nomad.policy.evaluation_interval is 10 s, so it must be at most that",
        ),
        (
            "query: avg_cpu-allocated",
            "query: avg_disk",
            "nomad.policy.check.cpu.query is \"avg_disk\": of nomad-apm there are sum, avg, max, min and of them cpu, \
             cpu-allocated, memory, memory-allocated, as in avg_cpu-allocated",
        ),
        (
            "query: backlog",
            "query: up",
            "nomad.policy.check.queue.query is \"up\": of the source \"prometheus\" there are arrivals_per_second, \
             served_per_second, in_flight, backlog, latency_p50_ms, latency_p95_ms, latency_p99_ms",
        ),
        (
            "    cooldown: 3m\n",
            "    cooldown: 3m\n    schedule: { start: \"0 8 * * *\", duration: 1h }\n",
            "nomad.starts_at is missing: a schedule needs the date of the first second",
        ),
    ] {
        assert_eq!(played(&[(from, to)]).expect_err(to), error);
    }
    let dated = "  starts_at: 2026-11-24T08:30:00Z\n  policy:\n    schedule: { start: \"0 8 * * *\", duration: 1h }\n";
    let run = played(&[("  policy:\n", dated)]).expect("plays");
    assert_ne!(sync(&run, 1_790).reason, "the policy is outside its schedule: nothing changes");
    assert_eq!(sync(&run, 1_800).reason, "the policy is outside its schedule: nothing changes");
    assert_eq!(sync(&run, 1_790).revisit_at_s, Some(1_800));
}

#[test]
fn every_query_of_the_nomad_apm_reads_the_pods() {
    let read = |query: &str| {
        let run = played(&[("query: avg_cpu-allocated", query), ("duration_s: 7200\n", "duration_s: 601\n")]);
        let run = run.expect(query);
        let read = &sync(&run, 600).readings[0].read;
        read.split(' ').next().and_then(|number| number.parse::<f64>().ok()).unwrap_or_else(|| panic!("{read}"))
    };
    let [avg, sum, max, min] = ["avg", "sum", "max", "min"].map(|it| read(&format!("query: {it}_memory-allocated")));
    assert!(min <= avg && avg <= max && sum > 2.0 * avg, "{min} {avg} {max} {sum}");
    // 100 MiB of 256.
    assert!((39.0..45.0).contains(&avg), "{avg}");
    let bytes = read("query: taskgroup_avg_memory/web/shop@default");
    assert!((bytes / 1_048_576.0 / 2.56 - avg).abs() < 0.1, "{bytes}");
}
