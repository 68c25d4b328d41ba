//! Policies of every kind through the adapter: asked by lines, explained in words.

use std::path::Path;

use plimsoll::decide::Decisions;
use plimsoll::engine::{self, Settings};
use plimsoll::explain;
use plimsoll::manifest::Api;
use plimsoll::simulate;
use plimsoll::simulate::run::Run;
use plimsoll::simulate::scenario::Scenario;
use serde_json::{Value, json};

fn ask(decisions: &mut Decisions, line: &Value) -> Value {
    let answer = decisions.line(1, line.to_string().as_bytes());
    assert_eq!(answer.get("error"), None, "{line}");
    answer
}

fn refused(line: &Value) -> String {
    let answer = Decisions::new(Settings::default()).line(1, line.to_string().as_bytes());
    answer["error"].as_str().unwrap_or_else(|| panic!("{line} is answered: {answer}")).to_owned()
}

fn explained(line: &Value) -> String {
    let told = Decisions::new(Settings::default()).told(line.to_string().as_bytes()).expect("an answer");
    explain::told(&told, false, 100)
}

fn revision() -> Value {
    json!({ "knative": { "containerConcurrency": 10, "annotations": { "autoscaling.knative.dev/max-scale": "20" } } })
}

#[test]
fn a_revision_panics_and_its_history_goes_on() {
    let mut decisions = Decisions::new(Settings::default());
    ask(&mut decisions, &json!({ "define": "web", "policy": revision() }));
    let second = |s: i64| s * 1_000_000_000;
    let samples: Vec<Value> = (0..6).map(|s| json!({ "at": second(s), "value": 70.0 })).collect();
    let seen = json!({ "now": second(6), "scale": 1, "ready": 1, "samples": samples });
    let first = ask(&mut decisions, &json!({ "policy": "web", "observation": seen }));
    // 70 in flight at 7 a pod: ten times the one that is ready.
    assert_eq!((&first["decision"]["to"], &first["decision"]["panicking"]), (&json!(10), &json!(true)));
    let caused = first["steps"].as_array().and_then(|steps| steps.iter().find(|step| step["step"] == "PanicCaused"));
    assert_eq!(caused.map(|step| &step["threshold"]), Some(&json!(2.0)));

    // The load falls; in the panic the number stays, if the history is given back.
    let calm: Vec<Value> = (6..16).map(|s| json!({ "at": second(s), "value": 7.0 })).collect();
    let seen = json!({ "now": second(16), "scale": 10, "ready": 10, "samples": calm });
    let line = json!({ "policy": "web", "history": first["history"], "observation": seen });
    let held = ask(&mut decisions, &line);
    assert_eq!((&held["decision"]["to"], &held["decision"]["lastWord"]["step"]), (&json!(10), &json!("PanicHolds")));
    let forgotten = ask(&mut decisions, &json!({ "policy": "web", "observation": line["observation"] }));
    assert_eq!(forgotten["decision"]["lastWord"]["step"], "PanicHolds", "more than one ready pod begins in a panic");
}

#[test]
fn what_is_wrong_with_a_revision_is_named() {
    for (policy, part) in [
        (json!({ "knative": { "annotation": {} } }), "did you mean \"annotations\""),
        (json!({ "knative": { "annotations": { "autoscaling.knative.dev/window": "2s" } } }), "window"),
        (json!({ "knative": { "config": { "max-scale-up-rate": "1" } } }), "policy.knative.config: max-scale-up-rate"),
        (json!({ "knative": 3 }), "policy.knative"),
    ] {
        let error = refused(&json!({ "policy": policy, "observation": { "now": 0, "scale": 1, "ready": 1 } }));
        assert!(error.contains(part), "{error}");
    }
    let line = json!({ "policy": revision(), "observation": { "now": 0, "scale": 1, "ready": 1, "redy": 2 } });
    assert!(refused(&line).contains("did you mean \"ready\""), "{}", refused(&line));
}

#[test]
fn a_revision_is_explained_in_words() {
    let seen = json!({ "now": 90_000_000_000_i64, "scale": 4, "ready": 4, "load": { "stable": 21.0, "panic": 24.5 } });
    insta::assert_snapshot!("knative", explained(&json!({ "policy": revision(), "observation": seen })));
}

fn orders() -> Value {
    json!({ "keda": {
        "maxReplicaCount": 20,
        "fallback": { "failureThreshold": 1, "replicas": 6 },
        "triggers": [{ "type": "kafka", "metadata": {
            "bootstrapServers": "kafka:9092", "consumerGroup": "orders", "topic": "orders", "lagThreshold": "100" } }],
    } })
}

fn behind(messages: i64) -> Value {
    let partitions = (0..10).map(|id| json!({ "id": id, "committed": 0, "head": messages / 10 }));
    json!({ "partitions": partitions.collect::<Vec<_>>() })
}

#[test]
fn a_scaled_object_is_activated_scaled_and_put_to_rest() {
    let mut decisions = Decisions::new(Settings::default());
    ask(&mut decisions, &json!({ "define": "orders", "policy": orders() }));
    let mut history = Value::Null;
    let mut turn = |second: i64, replicas: i32, reading: Value| {
        let seen = json!({ "now": second * 1_000_000_000, "created": 0, "replicas": replicas, "ready": replicas, "readings": [reading] });
        let line = json!({ "policy": "orders", "history": history, "observation": seen });
        let answer = ask(&mut decisions, &line);
        history = answer["history"].clone();
        (answer["decision"]["to"].clone(), answer["decision"]["lastWord"]["text"].as_str().unwrap_or("").to_owned())
    };
    assert_eq!(turn(0, 0, behind(0)).0, 0);
    assert_eq!(turn(30, 0, behind(900)).0, 1, "out of zero to one");
    // 900 behind, 100 each: nine, and at most four at once from one.
    assert_eq!(turn(45, 1, behind(900)).0, 4);
    // Two failures in a row are one more than the threshold: the fallback's six stand in.
    let failed = json!({ "failed": true });
    let _first = turn(60, 4, failed.clone());
    let (to, why) = turn(75, 4, failed);
    assert_eq!(to, 8, "the rate without behavior, as upstream: {why}");
    let (to, why) = turn(500, 6, behind(0));
    assert_eq!(to, 0, "{why}");
}

#[test]
fn a_scaled_object_is_explained_in_words() {
    let seen = json!({ "now": 60_000_000_000_i64, "created": 0, "replicas": 3, "ready": 3, "readings": [behind(850)] });
    insta::assert_snapshot!("keda", explained(&json!({ "policy": orders(), "observation": seen })));
}

#[test]
fn what_is_wrong_with_a_scaled_object_is_named() {
    let with = |field: &str, value: Value| {
        let mut policy = orders();
        policy["keda"][field] = value;
        policy
    };
    for (policy, part) in [
        (with("maxReplicas", json!(3)), "did you mean"),
        (with("idleReplicaCount", json!(3)), "policy.keda: idle"),
        (with("triggers", json!([{ "type": "karafka" }])), "policy.keda.triggers[0].type is \"karafka\""),
        (
            with("triggers", json!([{ "type": "kafka", "metadata": {} }])),
            "policy.keda.triggers[0].metadata.bootstrapServers",
        ),
        (
            with("triggers", json!([{ "type": "prometheus", "metadata": { "threshold": "ten" } }])),
            "metadata.threshold is \"ten\"",
        ),
        (with("triggers", json!([])), "triggers"),
        (with("annotations", json!({ "autoscaling.keda.sh/paused-replicas": "few" })), "paused-replicas"),
        (
            with("advanced", json!({ "scalingModifiers": { "formula": "a +", "target": "1" } })),
            "scalingModifiers.formula",
        ),
    ] {
        let error = refused(&json!({ "policy": policy, "observation": { "now": 0, "replicas": 1 } }));
        assert!(error.contains(part), "{error}");
    }
    let line = json!({ "policy": orders(), "observation": { "now": 0, "replicas": 1, "readings": [{ "value": 1, "failed": true }] } });
    assert!(refused(&line).contains("observation.readings[0] must have exactly one of"), "{}", refused(&line));
}

fn group() -> Value {
    json!({ "consumers": { "min_replicas": 2, "max_replicas": 50, "service_rps": 10, "delay_s": 20, "drain_s": 60 } })
}

#[test]
fn consumers_are_sized_by_what_arrives() {
    let mut decisions = Decisions::new(Settings::default());
    let line = |second: i64, produced: i64, history: Value| {
        let seen = json!({ "now": second * 1_000_000_000, "replicas": 10, "backlog": 6000, "produced": produced });
        json!({ "policy": group(), "history": history, "observation": seen })
    };
    let first = ask(&mut decisions, &line(0, 0, Value::Null));
    let second = ask(&mut decisions, &line(15, 1500, first["history"].clone()));
    // 100 per second arrive; 6,000, and 300 of the rebalance, are to be gone in the 60 − 20 − 3 s left: 27.03 consumers.
    assert_eq!((&second["decision"]["to"], &second["decision"]["arrival"]), (&json!(28), &json!(100.0)));
    insta::assert_snapshot!("consumers", explained(&line(15, 1500, first["history"].clone())));
    let wrong = json!({ "consumers": { "max_replicas": 50, "service_rps": 10, "delay_s": 20, "drain_s": 30 } });
    let error = refused(&json!({ "policy": wrong, "observation": { "now": 0, "replicas": 1, "backlog": 0 } }));
    assert!(error.contains("policy.consumers: drain"), "{error}");
}

fn alarm(name: &str, comparison: &str, threshold: f64, periods: i32) -> Value {
    json!({ "AlarmName": name, "ComparisonOperator": comparison, "Threshold": threshold, "Period": 60,
            "EvaluationPeriods": periods, "MetricName": "CPUUtilization", "Statistic": "Average" })
}

/// The worked example of step scaling: a threshold of 50 %, steps of 0, 10 and 30 % either way.
fn steps() -> Value {
    let policy = |name: &str, steps: [(Option<f64>, Option<f64>, i32); 3], alarm: &str| {
        let steps = steps.map(|(lower, upper, adjustment)| {
            json!({ "MetricIntervalLowerBound": lower, "MetricIntervalUpperBound": upper, "ScalingAdjustment": adjustment })
        });
        json!({ "PolicyName": name, "PolicyType": "StepScaling", "AdjustmentType": "PercentChangeInCapacity",
                "EstimatedInstanceWarmup": 0, "StepAdjustments": steps, "Alarms": [{ "AlarmName": alarm }] })
    };
    let some = |x: f64| Some(x);
    json!({ "aws": {
        "min": 1,
        "max": 40,
        "policies": [
            policy("out", [(some(0.0), some(10.0), 0), (some(10.0), some(20.0), 10), (some(20.0), None, 30)], "high"),
            // In any order.
            policy("in", [(some(-10.0), some(0.0), 0), (some(-20.0), some(-10.0), -10), (None, some(-20.0), -30)], "low"),
        ],
        "alarms": [
            alarm("high", "GreaterThanOrEqualToThreshold", 50.0, 1),
            alarm("low", "LessThanOrEqualToThreshold", 50.0, 1),
        ],
    } })
}

#[test]
fn steps_of_aws_go_10_11_14_13_10() {
    let mut decisions = Decisions::new(Settings::default());
    ask(&mut decisions, &json!({ "define": "group", "policy": steps() }));
    let (mut history, mut desired) = (Value::Null, json!(10));
    let path = [59.9, 60.0, 70.0, 40.0, 30.0, 40.1].iter().zip(1_i64..).map(|(cpu, minute)| {
        let points = json!({ "high": [cpu], "low": [cpu] });
        let seen = json!({ "now": minute * 60_000_000_000, "desired": desired, "alarms": points });
        let answer = ask(&mut decisions, &json!({ "policy": "group", "history": history, "observation": seen }));
        (history, desired) = (answer["history"].clone(), answer["decision"]["to"].clone());
        desired.as_i64().expect("a number")
    });
    assert_eq!(path.collect::<Vec<_>>(), [10, 11, 14, 13, 10, 10]);
    let seen = json!({ "now": 0, "desired": 10, "warm": 8, "alarms": { "high": [62] } });
    let answer = ask(&mut decisions, &json!({ "policy": "group", "observation": seen }));
    assert_eq!(answer["decision"]["to"], 10, "10 % of the 8 that are warm is 1, and 10 are ordered");
}

fn tracking(name: &str, target: f64) -> Value {
    json!({ "PolicyName": name, "PolicyType": "TargetTrackingScaling", "EstimatedInstanceWarmup": 0,
            "TargetTrackingConfiguration": { "TargetValue": target,
              "PredefinedMetricSpecification": { "PredefinedMetricType": "ASGAverageCPUUtilization" } } })
}

/// Two targets, and a step beside them; a point decides.
fn mixed() -> Value {
    let mut policy = steps();
    let policies = policy["aws"]["policies"].as_array_mut().expect("a list");
    policies.truncate(1);
    policies.extend([tracking("cpu", 50.0), tracking("memory", 80.0)]);
    policy["aws"]["alarms"].as_array_mut().expect("a list").truncate(1);
    policy["aws"]["tracking"] = json!({ "high": [1, 1], "low": [1, 1], "in_cooldown_s": 0, "in_fraction": 1 });
    policy
}

#[test]
fn policies_of_a_group_of_aws_decide_together() {
    let mut decisions = Decisions::new(Settings::default());
    let mut at = |high: f64, cpu: f64, memory: f64| {
        let points = json!({ "cpu": [cpu], "memory": [memory] });
        let seen = json!({ "now": 0, "desired": 10, "alarms": { "high": [high] }, "metrics": points });
        let answer = ask(&mut decisions, &json!({ "policy": mixed(), "observation": seen }));
        let last = &answer["decision"]["lastWord"];
        (answer["decision"]["to"].as_i64(), last["step"].clone(), last["policy"].clone())
    };
    assert_eq!(at(70.0, 75.0, 88.0), (Some(15), json!("MostCounts"), json!("cpu")), "13, 15 and 11");
    assert_eq!(at(0.0, 30.0, 80.0), (Some(10), json!("Opposed"), json!("cpu")), "memory is on its target");
    assert_eq!(at(0.0, 30.0, 56.0), (Some(7), json!("MostCounts"), json!("memory")), "6 and 7");
    assert_eq!(at(70.0, 30.0, 56.0), (Some(13), json!("Chosen"), json!("out")), "out before in");
}

#[test]
fn new_units_warm_up_whoever_ordered_them() {
    let mut policy = mixed();
    policy["aws"]["policies"][0]["EstimatedInstanceWarmup"] = json!(120);
    policy["aws"]["policies"][2]["EstimatedInstanceWarmup"] = json!(600);
    let mut decisions = Decisions::new(Settings::default());
    let mut minute = |minute: i64, desired: i32, high: f64, targets: f64, history: &Value| {
        let points = json!({ "cpu": [targets * 50.0], "memory": [targets * 80.0] });
        let now = minute * 60_000_000_000;
        let seen = json!({ "now": now, "desired": desired, "alarms": { "high": [high] }, "metrics": points });
        ask(&mut decisions, &json!({ "policy": policy, "history": history, "observation": seen }))
    };
    let first = minute(0, 10, 70.0, 1.0, &Value::Null);
    assert_eq!(first["decision"]["to"], 13);
    // Both targets would scale in; for one of them the new units are not warm.
    let held = minute(5, 13, 0.0, 0.5, &first["history"]);
    assert_eq!((&held["decision"]["to"], &held["decision"]["lastWord"]["by"]), (&json!(13), &json!("memory")));
    assert_eq!(minute(10, 13, 0.0, 0.5, &held["history"])["decision"]["to"], 7);
}

#[test]
fn simple_scaling_waits_until_an_action_is_over_and_the_cooldown_too() {
    let policy = json!({ "aws": { "min": 1, "max": 40, "default_cooldown_s": 120,
        "policies": [{ "PolicyName": "plus", "AdjustmentType": "ChangeInCapacity", "ScalingAdjustment": 2,
                       "PolicyARN": "arn:plus" }],
        "alarms": [{ "AlarmName": "high", "ComparisonOperator": "GreaterThanThreshold", "Threshold": 50, "Period": 60,
                     "EvaluationPeriods": 1, "AlarmActions": ["arn:plus", "arn:aws:sns:somebody"] }] } });
    let mut decisions = Decisions::new(Settings::default());
    let mut history = Value::Null;
    let mut minute = |minute: i64, desired: i32, completed: Option<i64>| {
        let completed = completed.map(|minute| minute * 60_000_000_000);
        let seen = json!({ "now": minute * 60_000_000_000, "desired": desired, "alarms": { "high": [90] }, "completed": completed });
        let answer = ask(&mut decisions, &json!({ "policy": policy, "history": history, "observation": seen }));
        history = answer["history"].clone();
        (answer["decision"]["to"].as_i64(), answer["decision"]["lastWord"]["step"].as_str().unwrap_or("").to_owned())
    };
    assert_eq!(minute(0, 4, None), (Some(6), "Chosen".to_owned()));
    assert_eq!(minute(1, 6, None), (Some(6), "ActionGoesOn".to_owned()));
    assert_eq!(minute(2, 6, Some(2)), (Some(6), "CoolingDown".to_owned()));
    assert_eq!(minute(3, 6, Some(2)), (Some(6), "CoolingDown".to_owned()));
    assert_eq!(minute(4, 6, Some(2)), (Some(8), "Chosen".to_owned()));
}

#[test]
fn application_auto_scaling_counts_what_its_cooldown_covers() {
    let policy = |namespace: &str| {
        let step = |lower: i32, upper: Option<i32>, by: i32| json!({ "MetricIntervalLowerBound": lower, "MetricIntervalUpperBound": upper, "ScalingAdjustment": by });
        json!({ "aws": { "min": 1, "max": 40, "alarms": [alarm("high", "GreaterThanThreshold", 50.0, 1)],
            "policies": [{ "PolicyName": "out", "PolicyType": "StepScaling", "ServiceNamespace": namespace,
                "StepScalingPolicyConfiguration": { "AdjustmentType": "ChangeInCapacity",
                    "StepAdjustments": [step(0, Some(10), 2), step(10, None, 3)] },
                "Alarms": [{ "AlarmName": "high", "AlarmARN": "arn:high" }] }] } })
    };
    let path = |namespace: &str| {
        let mut decisions = Decisions::new(Settings::default());
        let (mut history, mut desired) = (Value::Null, json!(10));
        let path = [55, 65, 65].iter().zip(1_i64..).map(|(cpu, minute)| {
            let seen = json!({ "now": minute * 60_000_000_000, "desired": desired, "alarms": { "high": [cpu] } });
            let line = json!({ "policy": policy(namespace), "history": history, "observation": seen });
            let answer = ask(&mut decisions, &line);
            (history, desired) = (answer["history"].clone(), answer["decision"]["to"].clone());
            desired.as_i64().expect("a number")
        });
        path.collect::<Vec<_>>()
    };
    // Two more, then three of which two are there.
    assert_eq!(path("ecs"), [12, 13, 13]);
    assert_eq!(path("dynamodb"), [12, 15, 18], "without a cooldown");
}

#[test]
fn the_alarms_that_aws_made_say_when_a_target_is_missed() {
    let policy = |alarms: Value| {
        let mut policy = tracking("cpu", 50.0);
        policy["Alarms"] = json!([{ "AlarmName": "cpu-high" }, { "AlarmName": "cpu-low" }]);
        json!({ "aws": { "min": 1, "max": 40, "policies": [policy], "alarms": alarms } })
    };
    let points = |policy: &Value, cpu: f64| {
        let seen = json!({ "now": 0, "desired": 10, "metrics": { "cpu": [cpu, cpu] } });
        let answer = ask(&mut Decisions::new(Settings::default()), &json!({ "policy": policy, "observation": seen }));
        answer["decision"]["to"].clone()
    };
    let made =
        json!([alarm("cpu-high", "GreaterThanThreshold", 50.0, 2), alarm("cpu-low", "LessThanThreshold", 40.0, 2),]);
    assert_eq!(points(&policy(json!([])), 60.0), 10, "three points by default");
    assert_eq!(points(&policy(made.clone()), 60.0), 12);
    assert_eq!(points(&policy(made.clone()), 42.0), 10, "not below 40");
    assert_eq!(points(&policy(made.clone()), 39.0), 9, "a tenth at most");
    let mut uneven = made;
    uneven[1]["Period"] = json!(30);
    let found = refused(&json!({ "policy": policy(uneven), "observation": { "now": 0, "desired": 1 } }));
    assert!(found.starts_with("policy.aws.alarms[1].Period is 30: both alarms"), "{found}");
}

/// Opens a scenario of the folder with parts of its text replaced.
fn simulated(file: &str, changes: &[(&str, &str)]) -> Result<Run, String> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios").join(file);
    let mut text = std::fs::read_to_string(file).expect("the file");
    for (from, to) in changes {
        assert!(text.contains(from), "{from}");
        text = text.replace(from, to);
    }
    let scenario = Scenario::parse(&text, &mut |_| unreachable!("no trace")).map_err(|error| error.to_string())?;
    let mut scaler = engine::scaler(scenario.plan(), Api::default())?;
    Ok(simulate::run(&scenario, &mut *scaler, &mut |_, _| {}))
}

/// Seconds and numbers of the changes.
fn changes(run: &Run) -> Vec<(u32, i32)> {
    run.syncs.iter().filter(|sync| sync.from != sync.to).map(|sync| (sync.at_s, sync.to)).collect()
}

#[test]
fn steps_and_a_target_answer_a_load_that_triples() {
    let run = simulated("steps.yaml", &[]).expect("plays");
    let path = changes(&run);
    // As the file's comments have it: +30 % of 8, +100 % of the 8 that are warm, and the target's 24 before the step's 20.
    assert_eq!(path[..3], [(660, 10), (720, 16), (960, 24)]);
    let last = run.syncs.iter().find(|sync| sync.at_s == 960).expect("a sync");
    assert_eq!(last.reason, "of all that policies ask for the most counts: 24, of cpu50");
    assert_eq!(last.readings.iter().map(|reading| reading.asks).collect::<Vec<_>>(), [Some(20), Some(24)]);
    // In by a tenth at a time, 5 minutes apart, after 15 points.
    assert_eq!(path[3..5], [(3300, 21), (3600, 18)]);
    // Requests for each unit in a minute: 100 of them a second are 6,000.
    let requests = [
        ("ASGAverageCPUUtilization", "ALBRequestCountPerTarget"),
        ("TargetValue: 50", "TargetValue: 6000"),
        ("MetricName: CPUUtilization", "MetricName: latency_p95_ms"),
        ("Threshold: 70", "Threshold: 1000000"),
    ];
    let run = simulated("steps.yaml", &requests).expect("plays");
    // 2,400 a second for 8 units are 18,000 a minute each.
    assert_eq!(changes(&run)[0].1, 24, "{:?}", changes(&run));
}

#[test]
fn what_a_simulation_does_not_measure_is_named() {
    for (from, to, error) in [
        (
            "ASGAverageCPUUtilization",
            "ASGAverageNetworkIn",
            "aws.policies[0] tracks \"ASGAverageNetworkIn\": measured here",
        ),
        (
            "MetricName: CPUUtilization",
            "MetricName: disk",
            "aws.alarms[0] has the metric \"disk\": measured here are CPU",
        ),
        ("      Statistic: Average\n", "", "aws.alarms[0] has no Statistic"),
        ("Statistic: Average", "ExtendedStatistic: p95", "aws.alarms[0].ExtendedStatistic is \"p95\""),
        ("MetricName: CPUUtilization", "MetricName: RequestCountPerTarget", "its only Statistic is Sum"),
        (
            "\naws:",
            "\ncontroller: { sync_period_s: 90 }\naws:",
            "controller.sync_period_s is 90: aws.alarms[0] wants a point",
        ),
    ] {
        let found = simulated("steps.yaml", &[(from, to)]).expect_err(to);
        assert!(found.contains(error), "{found}, not {error}");
    }
    let found = simulated("watermarks.yaml", &[("name: cpu", "name: gpu")]).expect_err("no such resource");
    assert_eq!(found, "watermark.metrics[0] is \"gpu\": measured here are cpu, memory");
}

#[test]
fn between_two_marks_there_are_fewer_changes_than_at_one_target() {
    let run = simulated("watermarks.yaml", &[]).expect("plays");
    let text = "hpa:\n  minReplicas: 3\n  maxReplicas: 60\n  metrics: [{type: Resource, resource: {name: cpu, target: \
                {type: Utilization, averageUtilization: 60}}}]\nnothing:";
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios/watermarks.yaml");
    let whole = std::fs::read_to_string(file).expect("the file");
    let section = whole.split_once("\nwatermark:").expect("the section").1;
    let hpa = simulated("watermarks.yaml", &[(&format!("watermark:{section}"), text.trim_end_matches("\nnothing:"))]);
    let hpa = hpa.expect("plays");
    assert!(changes(&run).len() * 3 < changes(&hpa).len() * 2, "{} and {}", changes(&run).len(), changes(&hpa).len());
    assert_eq!(run.summary.failed, 0.0);
}

#[test]
fn a_group_of_aws_is_explained_in_words() {
    let points = json!({ "cpu": [75.5], "memory": [40] });
    let seen = json!({ "now": 60_000_000_000_i64, "desired": 10, "alarms": { "high": [62.5] }, "metrics": points });
    insta::assert_snapshot!("aws", explained(&json!({ "policy": mixed(), "observation": seen })));
}

#[test]
fn what_is_wrong_with_a_group_of_aws_is_named() {
    let with = |pointer: &str, value: Value| {
        let mut policy = mixed();
        let (parent, field) = pointer.rsplit_once('/').expect("a pointer");
        policy.pointer_mut(&format!("/aws{parent}")).expect(pointer)[field] = value;
        policy
    };
    let tracking = "/policies/1/TargetTrackingConfiguration";
    for (policy, error) in [
        (with("/maximum", json!(3)), "policy.aws: unknown field \"maximum\""),
        (with("/max", json!(0)), "policy.aws: max is 0"),
        (with("/policies", json!([])), "policy.aws.policies is empty"),
        (with("/default_instance_warmup_s", json!(3601)), "default_instance_warmup_s is 3601: must be 0 to 3600"),
        (with("/policies/0/PolicyName", json!("cpu")), "policies[1].PolicyName is \"cpu\": another one has this name"),
        (with("/policies/0/PolicyType", json!("PredictiveScaling")), "policies[0].PolicyType is \"PredictiveScaling\""),
        (with("/policies/0/PolicyType", Value::Null), "policies[0].StepAdjustments does not go with simple scaling"),
        (with("/policies/0/Cooldown", json!(10)), "policies[0].Cooldown does not go with step scaling"),
        (with("/policies/0/AdjustmentType", json!("Percent")), "policies[0].AdjustmentType is \"Percent\""),
        (with("/policies/0/AdjustmentType", Value::Null), "policies[0].AdjustmentType is missing"),
        (with("/policies/0/StepAdjustments", json!([])), "policies[0].StepAdjustments: steps is empty"),
        (
            with("/policies/0/StepAdjustments/1/MetricIntervalLowerBound", json!(11)),
            "policies[0].StepAdjustments: steps number 1 leaves a gap",
        ),
        (
            with("/policies/0/StepAdjustments/1/ScalingAdjustment", Value::Null),
            "policies[0].StepAdjustments[1].ScalingAdjustment is missing",
        ),
        (with("/policies/0/Alarms/0/AlarmName", json!("hihg")), "Alarms[0].AlarmName is \"hihg\""),
        (with("/policies/0/Alarms", json!([])), "policies[0]: no alarm invokes \"out\""),
        (with("/policies/0/EstimatedInstanceWarmup", json!(-1)), "EstimatedInstanceWarmup is -1: must be 0 to 3600"),
        (
            with("/policies/0/ServiceNamespace", json!("ecs")),
            "policies[1] is of another API than policy.aws.policies[0]",
        ),
        (with("/alarms/0/Threshold", Value::Null), "alarms[0].Threshold is missing"),
        (with("/alarms/0/Period", json!(0)), "alarms[0].Period is 0: must be at least 1"),
        (with("/alarms/0/DatapointsToAlarm", json!(2)), "alarms[0]: datapoints to alarm is 2, must be at most 1"),
        (with("/alarms/0/TreatMissingData", json!("breach")), "alarms[0].TreatMissingData is \"breach\""),
        (with("/alarms/0/ComparisonOperator", json!(">")), "alarms[0].ComparisonOperator is \">\""),
        (with("/alarms/0/EvaluationPeriod", json!(1)), "did you mean \"EvaluationPeriods\""),
        (with(&format!("{tracking}/TargetValue"), Value::Null), "TargetTrackingConfiguration.TargetValue is missing"),
        (with(&format!("{tracking}/TargetValue"), json!(-5)), "TargetValue is -5: must be above 0"),
        (with(&format!("{tracking}/ScaleInCooldown"), json!(5)), "ScaleInCooldown is 5: only Application Auto Scaling"),
        (
            with(&format!("{tracking}/PredefinedMetricSpecification"), Value::Null),
            "must have exactly one of Predefined",
        ),
        (with("/tracking/low_factor", json!(1.5)), "policy.aws.tracking: low factor is 1500, must be at most 1000"),
    ] {
        let found = refused(&json!({ "policy": policy, "observation": { "now": 0, "desired": 1 } }));
        assert!(found.contains(error), "{found}, not {error}");
    }
    let mut idle = mixed();
    idle["aws"]["policies"].as_array_mut().expect("a list").remove(0);
    let found = refused(&json!({ "policy": idle, "observation": { "now": 0, "desired": 1 } }));
    assert_eq!(found, "policy.aws.alarms[0] (high) invokes no policy");
    for (seen, error) in [
        (json!({ "alarms": { "hihg": [1] } }), "observation.alarms has \"hihg\": of alarms that invoke step"),
        (
            json!({ "metrics": { "disk": [1] } }),
            "observation.metrics has \"disk\": of target tracking policies there are cpu, memory",
        ),
        (json!({ "desire": 2 }), "did you mean \"desired\""),
    ] {
        let mut whole = json!({ "now": 0, "desired": 1 });
        whole.as_object_mut().expect("an object").extend(seen.as_object().expect("an object").clone());
        let found = refused(&json!({ "policy": mixed(), "observation": whole }));
        assert!(found.contains(error), "{found}, not {error}");
    }
}

fn marks() -> Value {
    json!({ "watermark": {
        "minReplicas": 2,
        "maxReplicas": 30,
        "algorithm": "average",
        "upscaleDelayAboveWatermarkSeconds": 30,
        "metrics": [
            { "type": "Resource", "resource": { "name": "cpu", "highWatermark": "400m", "lowWatermark": "200m" } },
            { "type": "External", "external": { "metricName": "in_flight", "highWatermark": "8", "lowWatermark": "2" } },
        ],
    } })
}

#[test]
fn between_its_marks_a_watermark_policy_rests() {
    let mut decisions = Decisions::new(Settings::default());
    let mut history = Value::Null;
    let mut at = |second: i64, replicas: i32, cpu: &str| {
        let readings = json!([{ "value": cpu, "ready": replicas }, { "value": 5 * replicas }]);
        let seen =
            json!({ "now": second * 1_000_000_000, "replicas": replicas, "ready": replicas, "readings": readings });
        let answer = ask(&mut decisions, &json!({ "policy": marks(), "history": history, "observation": seen }));
        history = answer["history"].clone();
        (answer["decision"]["to"].as_i64(), answer["decision"]["lastWord"]["step"].as_str().unwrap_or("").to_owned())
    };
    // 0.3 of a core each, and 0.43, which the tolerance of 10 % still takes for 0.4.
    assert_eq!(at(0, 10, "3").0, Some(10));
    assert_eq!(at(300, 10, "4300m").0, Some(10));
    assert_eq!(at(400, 10, "6").1, "Delayed", "above its mark for no time yet");
    // 6 cores at 0.4 each are 15, half as many more as there are.
    assert_eq!(at(430, 10, "6").0, Some(15));
    assert_eq!(at(445, 15, "12").1, "Forbidden", "so soon after the last change");
}

#[test]
fn watermarks_are_explained_in_words() {
    let readings = json!([{ "value": "6.5", "ready": 10 }, null]);
    let seen = json!({ "now": 0, "replicas": 10, "ready": 10, "readings": readings });
    let failed = explained(&json!({ "policy": marks(), "observation": seen }));
    assert!(failed.contains("in_flight: no reading was given: nothing changes"), "{failed}");
    let readings = json!([{ "value": "6.5", "ready": 10 }, { "value": 31 }]);
    let seen = json!({ "now": 0, "replicas": 10, "ready": 10, "readings": readings });
    insta::assert_snapshot!("watermark", explained(&json!({ "policy": marks(), "observation": seen })));
}

#[test]
fn what_is_wrong_with_watermarks_is_named() {
    let with = |field: &str, value: Value| {
        let mut policy = marks();
        policy["watermark"][field] = value;
        policy
    };
    let metric = |value: Value| with("metrics", json!([value]));
    for (policy, error) in [
        (with("maxReplica", json!(3)), "did you mean"),
        (with("maxReplicas", Value::Null), "policy.watermark.maxReplicas is missing"),
        (with("minReplicas", json!(31)), "policy.watermark: maxReplicas is 30, must be at least 31"),
        (with("algorithm", json!("mean")), "policy.watermark.algorithm is \"mean\""),
        (with("tolerance", json!("1500m")), "policy.watermark.tolerance is 1.5: must be 0 to 1"),
        (with("scaleUpLimitFactor", json!(-1)), "scaleUpLimitFactor is -1: must be at least 0, in percent"),
        (with("scaleDownLimitFactor", json!(100)), "scaleDownLimitFactor is 100: must be 0 to below 100"),
        (with("upscaleForbiddenWindowSeconds", json!(0)), "upscaleForbiddenWindowSeconds is 0: must be at least 1"),
        (with("downscaleDelayBelowWatermarkSeconds", json!(-1)), "BelowWatermarkSeconds is -1: must be at least 0"),
        (with("replicaScalingAbsoluteModulo", json!(0)), "replicaScalingAbsoluteModulo is 0: must be at least 1"),
        (with("convergeTowardsWatermark", json!("middle")), "convergeTowardsWatermark is \"middle\""),
        (with("minAvailableReplicaPercentage", json!(101)), "minAvailableReplicaPercentage is 101"),
        (with("dryRun", json!(true)), "policy.watermark.dryRun is true"),
        (with("recommender", json!({ "url": "x" })), "policy.watermark.recommender asks a service"),
        (with("metrics", json!([])), "policy.watermark.metrics is empty"),
        (metric(json!({ "type": "Pods" })), "metrics[0].type is \"Pods\""),
        (metric(json!({ "type": "Resource", "external": {} })), "metrics[0] is Resource: must have resource"),
        (metric(json!({ "type": "Resource", "resource": {} })), "metrics[0].resource.name is missing"),
        (metric(json!({ "type": "Resource", "resource": { "name": "cpu" } })), "(cpu) has neither lowWatermark"),
        (
            metric(json!({ "type": "Resource", "resource": { "name": "cpu", "lowWatermark": 2, "highWatermark": 1 } })),
            "(cpu): highWatermark is 1, must be at least lowWatermark, 2",
        ),
    ] {
        let seen = json!({ "now": 0, "replicas": 1, "ready": 1, "readings": [] });
        let found = refused(&json!({ "policy": policy, "observation": seen }));
        assert!(found.contains(error), "{found}, not {error}");
    }
    let seen = json!({ "now": 0, "replicas": 1, "readings": [{ "value": 1 }] });
    let found = refused(&json!({ "policy": marks(), "observation": seen }));
    assert_eq!(found, "observation.readings[0].ready is missing, as is observation.ready");
}

fn resize() -> Value {
    json!({ "keda_job": {
        "maxReplicaCount": 30,
        "successfulJobsHistoryLimit": 1,
        "scalingStrategy": { "strategy": "accurate" },
        "triggers": [{ "type": "rabbitmq", "name": "images", "metadata": { "queueName": "images", "value": "5" } }],
    } })
}

fn jobs(observation: Value) -> Value {
    json!({ "policy": resize(), "observation": observation })
}

#[test]
fn a_scaled_job_starts_jobs_for_its_queue() {
    let mut decisions = Decisions::new(Settings::default());
    let mut create = |observation: Value| {
        let answer = ask(&mut decisions, &jobs(observation));
        (answer["decision"]["create"].clone(), answer["decision"]["lastWord"]["step"].clone())
    };
    let (created, enough) = (json!("Created"), json!("Enough"));
    // 52 at 5 a job are 11; the accurate strategy takes the pending 2 off.
    let queue = |length: i64| json!([{ "queue": length }]);
    assert_eq!(
        create(json!({ "now": 0, "running": 4, "pending": 2, "readings": queue(52) })),
        (json!(9), created.clone())
    );
    // 30 at once, 28 of them run: two more whatever waits.
    assert_eq!(
        create(json!({ "now": 0, "running": 28, "pending": 0, "readings": queue(500) })),
        (json!(2), created.clone())
    );
    assert_eq!(create(json!({ "now": 0, "running": 3, "pending": 3, "readings": queue(11) })), (json!(0), enough));
    assert_eq!(create(json!({ "now": 0, "running": 3, "readings": queue(0) })), (json!(0), json!("Idle")));
    // Whoever asks may know better what a job takes, and whether there is work.
    let told = json!([{ "queue": 52, "target": "26", "active": true }]);
    assert_eq!(create(json!({ "now": 0, "running": 0, "readings": told })), (json!(2), created));
    let inactive = json!([{ "queue": 52, "active": false }]);
    assert_eq!(create(json!({ "now": 0, "running": 0, "readings": inactive })), (json!(0), json!("Idle")));
    assert_eq!(create(json!({ "now": 0, "running": 0 })), (json!(0), json!("Idle")), "what is not read is no queue");
}

#[test]
fn jobs_are_counted_by_their_pods_and_finished_ones_deleted() {
    let mut decisions = Decisions::new(Settings::default());
    let seen = json!({ "now": 0, "readings": [{ "queue": 50 }], "jobs": [
        { "pods": [{ "phase": "Running" }] },
        { "pods": [{ "phase": "Pending", "conditions": ["PodScheduled"] }] },
        { "pods": [] },
        { "name": "late", "finished": "succeeded", "completed": 90 },
        { "name": "early", "finished": "succeeded", "completed": 10 },
        { "name": "broken", "finished": "failed" },
    ] });
    let answer = ask(&mut decisions, &jobs(seen.clone()));
    let decision = &answer["decision"];
    // Two of three are pending: 10 jobs less these.
    assert_eq!((&decision["from"], &decision["pending"], &decision["create"]), (&json!(3), &json!(2), &json!(8)));
    assert_eq!(decision["delete"], json!(["early"]));
    assert_eq!(answer["conditions"], json!(["Ready=True", "Active=True"]));
    // A job whose pod is scheduled is not pending where that is what counts.
    let mut policy = resize();
    policy["keda_job"]["scalingStrategy"]["pendingPodConditions"] = json!(["PodScheduled"]);
    let answer = ask(&mut decisions, &json!({ "policy": policy, "observation": seen }));
    assert_eq!(answer["decision"]["pending"], json!(2), "the running one shows no condition");
    policy["keda_job"]["annotations"] = json!({ "autoscaling.keda.sh/paused": "true" });
    let answer = ask(&mut decisions, &json!({ "policy": policy, "observation": seen }));
    assert_eq!((&answer["decision"]["create"], &answer["decision"]["lastWord"]["step"]), (&json!(0), &json!("Paused")));
}

#[test]
fn a_scaled_job_is_explained_in_words() {
    insta::assert_snapshot!(
        "keda_job",
        explained(&jobs(json!({ "now": 0, "running": 4, "pending": 2, "readings": [{ "queue": 52 }] })))
    );
}

#[test]
fn what_is_wrong_with_a_scaled_job_is_named() {
    let with = |field: &str, value: Value| {
        let mut policy = resize();
        policy["keda_job"][field] = value;
        policy
    };
    for (policy, part) in [
        (with("maxReplica", json!(3)), "did you mean"),
        (with("minReplicaCount", json!(-1)), "policy.keda_job: min"),
        (with("failedJobsHistoryLimit", json!(-1)), "policy.keda_job.failedJobsHistoryLimit is -1"),
        (with("triggers", json!([])), "policy.keda_job.triggers is empty"),
        (with("triggers", json!([{ "type": "karafka" }])), "policy.keda_job.triggers[0].type is \"karafka\""),
    ] {
        let error = refused(&json!({ "policy": policy, "observation": { "now": 0, "running": 1 } }));
        assert!(error.contains(part), "{error}");
    }
    let queue = json!([{ "queue": 1 }]);
    for (seen, part) in [
        (json!({ "now": 0, "readings": queue }), "observation.running is missing"),
        (json!({ "now": 0, "running": -1 }), "observation.running is -1"),
        (json!({ "now": 0, "running": 1, "pending": 2 }), "observation.pending is 2"),
        (json!({ "now": 0, "running": 1, "jobs": [] }), "either jobs, or running and pending"),
        (json!({ "now": 0, "jobs": [{ "finished": "failed" }] }), "observation.jobs[0].name is missing"),
        (json!({ "now": 0, "jobs": [{ "pods": [{ "phase": "Runing" }] }] }), "observation.jobs[0].pods[0].phase"),
        (
            json!({ "now": 0, "running": 0, "readings": [{ "queue": 1, "failed": true }] }),
            "observation.readings[0] must",
        ),
        (json!({ "now": 0, "running": 0, "readings": [{ "partitions": [] }] }), "the trigger is not of kafka"),
        (json!({ "now": 0, "running": 0, "readings": [{ "queue": 1, "target": "-1" }] }), "a target of -1"),
        (json!({ "now": 0, "running": 0, "readings": [{ "queue": 1 }, { "queue": 2 }] }), "has 2 entries"),
    ] {
        let error = refused(&jobs(seen));
        assert!(error.contains(part), "{error}");
    }
}

#[test]
fn a_schedule_opens_acts_and_is_explained() {
    let policy = json!({ "schedule": {
        "min_replicas": 2, "max_replicas": 40, "time_zone": "Europe/Berlin",
        "entries": [
            { "start": "0 8 * * MON-FRI", "end": "0 18 * * MON-FRI", "min": 10 },
            { "at": "0 20 * * *", "desired": 4 },
        ],
    } });
    let line = |now: &str, replicas: i32, history: Value| json!({ "policy": policy, "history": history, "observation": { "now": now, "replicas": replicas } });
    let mut decisions = Decisions::new(Settings::default());
    // Friday, 07:30 UTC: 08:30 in Berlin in winter, and 09:30 in summer.
    for day in ["2026-11-27T07:30:00Z", "2026-07-03T07:30:00Z"] {
        let open = ask(&mut decisions, &line(day, 3, Value::Null));
        assert_eq!((&open["decision"]["to"], &open["decision"]["min"]), (&json!(10), &json!(10)), "{day}");
    }
    let before = ask(&mut decisions, &line("2026-11-27T18:30:00Z", 12, Value::Null));
    assert_eq!(before["decision"]["to"], 12, "the window is closed, and nothing lowers");
    let acts = ask(&mut decisions, &line("2026-11-27T19:00:05Z", 12, before["history"].clone()));
    assert_eq!(acts["decision"]["to"], 4);
    insta::assert_snapshot!("schedule", explained(&line("2026-11-27T07:30:00Z", 3, Value::Null)));

    for (field, value, part) in [
        ("time_zone", json!("Europe/Nowhere"), "entries[0]: time_zone \"Europe/Nowhere\" is not known"),
        ("entries", json!([{ "start": "0 8 * *", "end": "0 9 * * *", "min": 1 }]), "entries[0]: start is \"0 8 * *\""),
        ("entries", json!([{ "start": "0 8 * * *", "min": 1 }]), "either end or duration_s"),
        ("entries", json!([{ "at": "0 8 * * *" }]), "entries[0]: action"),
        ("max_replicas", json!(1), "policy.schedule: max"),
    ] {
        let mut policy = policy.clone();
        policy["schedule"][field] = value;
        let error = refused(&json!({ "policy": policy, "observation": { "now": 0, "replicas": 1 } }));
        assert!(error.contains(part), "{error}");
    }
}

#[test]
fn votes_are_combined_guarded_and_held_by_a_budget() {
    let policy = json!({ "combine": {
        "min_replicas": 1, "max_replicas": 20, "flap_budget": { "reversals": 1, "period_s": 600 },
    } });
    let mut decisions = Decisions::new(Settings::default());
    ask(&mut decisions, &json!({ "define": "both", "policy": policy }));
    let mut history = Value::Null;
    let mut turn = |second: i64, replicas: i32, votes: Value, guards: Value| {
        let seen = json!({ "now": second * 1_000_000_000, "replicas": replicas, "votes": votes, "guards": guards });
        let answer = ask(&mut decisions, &json!({ "policy": "both", "history": history, "observation": seen }));
        history = answer["history"].clone();
        (answer["decision"]["to"].clone(), answer["decision"]["lastWord"]["step"].clone())
    };
    // All want fewer; the mildest wants 5, on which 60 % would be 96 %.
    let guard = json!([{ "value": 60, "threshold": 80 }]);
    let fewer = json!([{ "want": 3 }, { "want": 5 }]);
    assert_eq!(turn(0, 8, fewer.clone(), guard), (json!(6), json!("Guarded")));
    assert_eq!(turn(30, 6, json!([{ "want": 9 }, { "want": 2 }]), json!([])).0, 9, "one is enough to grow");
    // The one reversal of ten minutes is spent.
    assert_eq!(turn(60, 9, fewer.clone(), json!([])), (json!(9), json!("FlapHeld")));
    assert_eq!(turn(660, 9, fewer, json!([])).0, 5);
    // A vote without an answer holds what would be removed, unless it is soft.
    assert_eq!(turn(1300, 5, json!([{ "want": 2 }, { "want": null }]), json!([])).0, 5);
    assert_eq!(turn(1310, 5, json!([{ "want": 2 }, { "want": null, "soft": true }]), json!([])).0, 2);
}
