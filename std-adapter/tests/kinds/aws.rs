//! Groups of AWS.

use plimsoll::decide::Decisions;
use plimsoll::engine::Settings;
use serde_json::{Value, json};

use super::{ask, changes, explained, refused, simulated};

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
