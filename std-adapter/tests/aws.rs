//! What the AWS CLI prints of groups and scalable targets: read as policies, asked, played, explained. The texts in
//! `tests/aws` are made after the shapes of the APIs.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use plimsoll::decide::Decisions;
use plimsoll::engine::aws::join;
use plimsoll::engine::{self, NamedPolicy, Settings};
use plimsoll::explain::readings::{Reading, assign};
use plimsoll::explain::{GroupExplanation, group, group_json, group_reader, group_text};
use plimsoll::manifest::aws::Aws;
use serde_json::{Value, json};

const WEB: [&str; 4] = ["groups.json", "policies.json", "alarms.json", "activities.json"];
const ECS: [&str; 1] = ["ecs.json"];

fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/aws").join(name)
}

/// The texts of these names, with parts of them replaced.
fn texts(names: &[&str], parts: &[(&str, &str)]) -> Vec<(String, Vec<u8>)> {
    let read = |name: &&str| std::fs::read_to_string(path(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
    let mut texts = names.iter().map(read).collect::<Vec<_>>();
    for (from, to) in parts {
        assert!(texts.iter().any(|text| text.contains(from)), "{from}");
        texts.iter_mut().for_each(|text| *text = text.replace(from, to));
    }
    names.iter().map(|name| (*name).to_owned()).zip(texts.into_iter().map(String::into_bytes)).collect()
}

fn policies(names: &[&str], parts: &[(&str, &str)]) -> Result<Vec<NamedPolicy>, String> {
    engine::policies(&texts(names, parts), Settings::default())
}

/// The first group that has policies, explained.
fn try_explain(texts: &[(String, Vec<u8>)], now: Option<&str>, given: &[&str]) -> Result<GroupExplanation, String> {
    let mut aws = Aws::default();
    for (name, text) in texts {
        aws.add_printed(name, text).map_err(|error| error.to_string())?;
    }
    let all = join(&aws)?;
    let joined = all.iter().find(|joined| !joined.policies.is_empty()).ok_or("no policy")?;
    let given = given.iter().map(|text| text.parse()).collect::<Result<Vec<Reading>, _>>()?;
    let assigned = assign(&given, &[group_reader(joined)?])?;
    group(joined, now.map(|now| now.parse().expect("a time")), &assigned[0])
}

fn explained(names: &[&str], parts: &[(&str, &str)], now: Option<&str>, given: &[&str]) -> GroupExplanation {
    try_explain(&texts(names, parts), now, given).unwrap_or_else(|error| panic!("{error}"))
}

/// The page in one line.
fn words(it: &GroupExplanation) -> String {
    group_text(it, false, 100).split_whitespace().collect::<Vec<_>>().join(" ")
}

/// 82 % on 4 warm units at a target of 50 % are 7; six are ordered already, which is what the steps ask for.
#[test]
fn a_group_is_explained_with_its_alarms_and_the_units_that_warm_up() {
    let it = explained(&WEB, &[], None, &[]);
    assert_eq!(it.decided(), Some((6, 7)));
    insta::assert_snapshot!("group", group_text(&it, false, 100));
    let told = group_json(&it);
    assert_eq!(told["decision"]["lastWord"]["text"], "cpu50 asks for the most: 7");
    // The unit that came at 02:36:10 is warm two minutes later: 82 % on 5 are 9.
    assert_eq!(told["decision"]["next"], json!({ "at": 1_795_487_890_000_000_000_i64, "to": 9 }));
    assert_eq!(told["policies"][1]["alarms"][0]["points"][2]["value"], json!(82.0));
    assert_eq!(told["changes"][0]["from"], json!(4));
    let steps = told["steps"].as_array().expect("steps");
    assert!(steps.iter().all(|step| step["step"].is_string()), "a step has a name: {steps:?}");
}

#[test]
fn a_scalable_target_is_explained_with_its_cooldown() {
    let it = explained(&ECS, &[], None, &[]);
    assert_eq!(it.decided(), Some((4, 4)), "the last scale-in ended this moment");
    insta::assert_snapshot!("target", group_text(&it, false, 100));
    let at = |now: &str, given: &[&str]| explained(&ECS, &[], Some(now), given).decided();
    assert_eq!(at("2026-11-24T02:36:06Z", &[]), Some((4, 4)), "300 s are not over");
    assert_eq!(at("2026-11-24T02:36:07Z", &[]), Some((4, 3)));
    assert_eq!(at("2026-11-24T02:36:07Z", &["desired=1"]), Some((1, 1)));
    // A scale-out does not wait for the cooldown of a scale-in.
    let standing = [("\"StateValue\": \"OK\"", "\"StateValue\": \"ALARM\"")];
    let it = explained(&ECS, &standing, None, &["orders-backlog-high=1600"]);
    assert_eq!(it.decided(), Some((4, 7)), "{}", words(&it));
}

#[test]
fn a_reading_is_the_next_point_of_every_alarm_on_its_metric() {
    let now = Some("2026-11-24T02:37:00Z");
    let it = explained(&WEB, &[], now, &["CPUUtilization=90"]);
    assert_eq!(it.decided(), Some((6, 8)), "burst's second step doubles 4, 90 % at 50 % asks for 8");
    assert!(words(&it).contains("burst, step 2: +4 on 4 gives 8"), "{}", words(&it));
    let it = explained(&WEB, &[], now, &["cpu-burst=40"]);
    assert_eq!(it.decided(), Some((6, 6)), "one name stands for the metric");
    assert!(words(&it).contains("breach: 64.25, 71.5, 82; with the reading OK"), "{}", words(&it));
    let it = explained(&WEB, &[], now, &["CPUUtilization=failed"]);
    assert_eq!(it.decided(), Some((6, 6)), "a breach without a size");
    let error = |given: &str| try_explain(&texts(&WEB, &[]), None, &[given]).map(|_| ()).expect_err(given);
    assert!(error("Cpu=1").contains("nothing here reads it; read are desired, CPUUtilization"), "{}", error("Cpu=1"));
    for given in ["desired=1.5", "desired=failed", "desired=-1", "desired=1e10"] {
        assert_eq!(error(given), "--reading desired: must be a whole number of units");
    }
}

/// An hour later the alarms still stand, and nobody knows at which value.
#[test]
fn a_breach_whose_size_is_not_known_is_not_guessed() {
    let later = Some("2026-11-24T03:37:00Z");
    let it = explained(&WEB, &[], later, &[]);
    assert_eq!(it.decided(), None);
    let page = words(&it);
    assert!(
        page.contains("Decides now: not known because it depends on what the texts do not show: from 7 to 20"),
        "{page}"
    );
    assert!(
        page.contains("the present value that cpu50 reads: an alarm has the points of its last update only"),
        "{page}"
    );
    assert!(page.contains("--reading CPUUtilization=VALUE gives it"), "{page}");
    assert_eq!(group_json(&it)["decision"], Value::Null);
    assert_eq!(explained(&WEB, &[], later, &["CPUUtilization=72"]).decided(), Some((6, 8)));
    // Where every size asks for the same the answer is known.
    let it = explained(&ECS, &[], later, &[]);
    assert_eq!(it.decided(), Some((4, 3)));
    assert!(words(&it).contains("the answer is the same for all"), "{}", words(&it));
    // Of a first step that asks for more than the last one, the bound between them is tried as well.
    let odd = [
        ("\"StateValue\": \"OK\"", "\"StateValue\": \"ALARM\""),
        ("\"ScalingAdjustment\": 1 ", "\"ScalingAdjustment\": 3 "),
        (
            "{ \"MetricIntervalLowerBound\": 1000.0, \"ScalingAdjustment\": 3 }",
            "{ \"MetricIntervalLowerBound\": 1000.0, \"MetricIntervalUpperBound\": 2000.0, \"ScalingAdjustment\": 5 }, \
          { \"MetricIntervalLowerBound\": 2000.0, \"ScalingAdjustment\": 3 }",
        ),
    ];
    let it = explained(&ECS, &odd, later, &[]);
    assert!(words(&it).contains("from 7 to 9 are possible"), "{}", words(&it));
}

#[test]
fn what_no_text_has_is_named_with_the_command_that_prints_it() {
    // No alarms of target tracking, no activities.
    let mut some = texts(&["groups.json", "policies.json"], &[]);
    let mut policies = serde_json::from_slice::<Value>(&some[1].1).expect("JSON");
    policies["ScalingPolicies"].as_array_mut().expect("a list").truncate(1);
    some[1].1 = policies.to_string().into_bytes();
    let error = try_explain(&some, None, &[]).map(|_| ()).expect_err("no time");
    assert_eq!(error, "nothing in the texts tells when they were printed: give --now");
    let it = try_explain(&some, Some("2026-11-24T02:37:00Z"), &["cpu50=80"]).expect("explained");
    assert_eq!(it.decided(), None, "its alarm may stand or not");
    let page = words(&it);
    for part in [
        "the states of the alarms of cpu50: no text has them (aws cloudwatch describe-alarms prints them)",
        "what was done last, and when: no text has it (aws autoscaling describe-scaling-activities prints it)",
        "from 6 to 8 are possible",
    ] {
        assert!(page.contains(part), "{part}\n{page}");
    }
    // A scalable target without an activity does not tell its capacity.
    let it = explained(&ECS, &[("Setting desired count", "Changing desired count")], None, &[]);
    assert_eq!(it.decided(), None);
    assert!(words(&it).contains("the capacity that is asked for is not known"), "{}", words(&it));
    // A page of a long list.
    let it = explained(&WEB, &[("\"CompositeAlarms\": []", "\"NextToken\": \"more\"")], None, &[]);
    assert!(words(&it).contains("alarms.json has a NextToken"), "{}", words(&it));
}

#[test]
fn what_is_suspended_or_disabled_does_not_act() {
    let suspended = |name: &str| {
        let process = format!("\"SuspendedProcesses\": [{{ \"ProcessName\": \"{name}\" }}]");
        explained(&WEB, &[("\"SuspendedProcesses\": []", &process)], None, &[])
    };
    let it = suspended("AlarmNotification");
    assert_eq!(it.decided(), Some((6, 6)));
    assert!(
        words(&it).contains("AlarmNotification is suspended; else 7: cpu50 asks for the most: 7"),
        "{}",
        words(&it)
    );
    assert_eq!(suspended("ReplaceUnhealthy").decided(), Some((6, 7)), "another process");
    let scaling_in = [("\"DynamicScalingInSuspended\": false", "\"DynamicScalingInSuspended\": true")];
    let it = explained(&ECS, &scaling_in, Some("2026-11-24T02:37:00Z"), &[]);
    assert_eq!(it.decided(), Some((4, 4)));
    assert!(words(&it).contains("DynamicScalingIn is suspended; else 3"), "{}", words(&it));
    let disabled = [("\"Enabled\": true", "\"Enabled\": false")];
    let it = explained(&WEB, &disabled, None, &[]);
    assert_eq!(it.decided(), Some((6, 6)));
    assert!(words(&it).contains("burst is not Enabled"), "{}", words(&it));
    let error = policies(&WEB, &disabled).map(|_| ()).expect_err("none acts");
    assert!(
        error.starts_with("policies.json: ScalingPolicies[0]: AutoScalingGroup web: none of its policies acts"),
        "{error}"
    );
    // What is printed without alarms has none.
    let by_hand = [
        (
            "{ \"AlarmName\": \"cpu-burst\", \"AlarmARN\": \"arn:aws:cloudwatch:eu-central-1:123456789012:alarm:cpu-burst\" }",
            "",
        ),
        ("policyName/burst\"\n            ],", "policyName/other\"\n            ],"),
    ];
    let it = explained(&WEB, &by_hand, None, &[]);
    assert!(words(&it).contains("burst has no alarm: only execute-policy invokes it"), "{}", words(&it));
    assert_eq!(it.decided(), Some((6, 7)));
    let quiet = [(
        "\"AlarmName\": \"cpu-burst\",\n            \"ActionsEnabled\": true",
        "\"AlarmName\": \"cpu-burst\", \"ActionsEnabled\": false",
    )];
    let it = explained(&WEB, &quiet, None, &["CPUUtilization=90"]);
    assert!(words(&it).contains("cpu-burst has not ActionsEnabled: it invokes nothing"), "{}", words(&it));
    assert!(!words(&it).contains("step scaling burst"));
}

#[test]
fn simple_scaling_ignores_its_alarms_until_the_cooldown_is_over() {
    let simple = |text: &str, now: &str| {
        let text = text.replace("NOW", "2026-11-24T02:30:30Z");
        try_explain(&[("plus.json".to_owned(), text.into_bytes())], Some(now), &[]).expect("explained")
    };
    let text = r#"{"AutoScalingGroups": [{"AutoScalingGroupName": "jobs", "MinSize": 1, "MaxSize": 9, "DesiredCapacity": 4, "DefaultCooldown": 300}],
        "ScalingPolicies": [{"AutoScalingGroupName": "jobs", "PolicyName": "plus", "AdjustmentType": "ChangeInCapacity",
            "ScalingAdjustment": 2, "Cooldown": 180, "Alarms": [{"AlarmName": "high"}]}],
        "MetricAlarms": [{"AlarmName": "high", "MetricName": "Depth", "Statistic": "Sum", "Period": 60, "EvaluationPeriods": 1,
            "ComparisonOperator": "GreaterThanThreshold", "Threshold": 10, "StateValue": "ALARM"}],
        "Activities": [{"AutoScalingGroupName": "jobs", "Description": "Launching a new EC2 instance: i-1", "StatusCode": "Successful",
            "Cause": "At 2026-11-24T02:30:00Z a monitor alarm high in state ALARM triggered policy plus changing the desired capacity from 2 to 4.",
            "StartTime": "2026-11-24T02:30:02Z", "EndTime": "NOW"}]}"#;
    let it = simple(text, "2026-11-24T02:33:00Z");
    assert_eq!(it.decided(), Some((4, 4)));
    assert!(
        words(&it).contains("the cooldown after the last action runs: triggers are ignored, for another 30 s"),
        "{}",
        words(&it)
    );
    assert_eq!(simple(text, "2026-11-24T02:33:30Z").decided(), Some((4, 6)), "the size of the breach does not count");
    let goes_on = simple(&text.replace(", \"EndTime\": \"NOW\"", ""), "2026-11-24T02:50:00Z");
    assert!(words(&goes_on).contains("the last action goes on for 1200 s"), "{}", words(&goes_on));
}

/// The alarms of DynamoDB compare what was consumed, not the utilization: their points are no values of the metric, and
/// target tracking there has no cooldown of its own.
#[test]
fn alarms_of_another_unit_tell_their_state_and_no_value() {
    let text = r#"{"ScalableTargets": [{"ServiceNamespace": "dynamodb", "ResourceId": "table/orders",
            "ScalableDimension": "dynamodb:table:ReadCapacityUnits", "MinCapacity": 5, "MaxCapacity": 100}],
        "ScalingPolicies": [{"PolicyName": "reads", "ServiceNamespace": "dynamodb", "ResourceId": "table/orders",
            "ScalableDimension": "dynamodb:table:ReadCapacityUnits", "PolicyType": "TargetTrackingScaling",
            "TargetTrackingScalingPolicyConfiguration": {"TargetValue": 70.0,
                "PredefinedMetricSpecification": {"PredefinedMetricType": "DynamoDBReadCapacityUtilization"}},
            "Alarms": [{"AlarmName": "TargetTracking-table/orders-AlarmHigh-1"}, {"AlarmName": "TargetTracking-table/orders-AlarmLow-2"},
                {"AlarmName": "TargetTracking-table/orders-ProvisionedCapacityHigh-3"}]}],
        "MetricAlarms": [
            {"AlarmName": "TargetTracking-table/orders-AlarmHigh-1", "Namespace": "AWS/DynamoDB", "MetricName": "ConsumedReadCapacityUnits",
             "Statistic": "Sum", "Period": 60, "EvaluationPeriods": 2, "Threshold": 420, "ComparisonOperator": "GreaterThanThreshold",
             "StateValue": "ALARM", "StateUpdatedTimestamp": "2026-11-24T02:36:10Z", "StateReasonData":
             "{\"startDate\":\"2026-11-24T02:34:00.000+0000\",\"period\":60,\"recentDatapoints\":[500.0,510.0]}"},
            {"AlarmName": "TargetTracking-table/orders-AlarmLow-2", "Namespace": "AWS/DynamoDB", "MetricName": "ConsumedReadCapacityUnits",
             "Statistic": "Sum", "Period": 60, "EvaluationPeriods": 15, "Threshold": 300, "ComparisonOperator": "LessThanThreshold",
             "StateValue": "OK", "StateUpdatedTimestamp": "2026-11-24T02:00:10Z"},
            {"AlarmName": "TargetTracking-table/orders-ProvisionedCapacityHigh-3", "Namespace": "AWS/DynamoDB",
             "MetricName": "ProvisionedReadCapacityUnits", "Statistic": "Average", "Period": 300, "EvaluationPeriods": 3, "Threshold": 10,
             "ComparisonOperator": "GreaterThanThreshold", "StateValue": "OK"}]}"#;
    let text = [("table.json".to_owned(), text.as_bytes().to_vec())];
    let it = try_explain(&text, None, &["desired=10"]).expect("explained");
    assert_eq!(it.decided(), None);
    assert!(words(&it).contains("AlarmHigh-1 (> 70 in 2 of 2): ALARM since"), "{}", words(&it));
    assert!(!words(&it).contains("510"), "{}", words(&it));
    let it = try_explain(&text, None, &["desired=10", "reads=84"]).expect("explained");
    assert_eq!(it.decided(), Some((10, 12)));
    let waits = engine::policies(&text, Settings::default()).expect("a policy");
    let mut decisions = Decisions::new(Settings::default());
    decisions.define(waits);
    let mut history = Value::Null;
    let path = [(10, 1), (12, 2), (12, 3)].map(|(desired, minute)| {
        let seen = json!({ "now": minute * 60_000_000_000_i64, "desired": desired, "metrics": { "reads": [84, 84] } });
        let line = json!({ "policy": "dynamodb/table/orders", "history": history, "observation": seen });
        let answer = decisions.line(1, line.to_string().as_bytes());
        history = answer["history"].clone();
        answer["decision"]["to"].as_i64().unwrap_or_else(|| panic!("{answer}"))
    });
    assert_eq!(path, [12, 15, 15], "the first two orders are a minute apart");
}

#[test]
fn groups_and_targets_go_by_their_names() {
    let all = [&WEB[..], &ECS].concat();
    let found = policies(&all, &[]).expect("policies");
    let names = found.iter().map(|policy| (policy.short(), policy.full())).collect::<Vec<_>>();
    let own = |short: &str, full: &str| (short.to_owned(), full.to_owned());
    assert_eq!(
        names,
        [
            own("web", "AutoScalingGroup/web"),
            own("ecs/service/shop/orders", "ecs:service:DesiredCount/ecs/service/shop/orders"),
        ],
        "the group without policies is passed over"
    );
    let mut decisions = Decisions::new(Settings::default());
    decisions.define(found);
    let mut ask = |policy: &str, observation: Value| {
        decisions.line(1, json!({ "policy": policy, "observation": observation }).to_string().as_bytes())
    };
    let seen = json!({ "now": 0, "desired": 6, "warm": 4, "alarms": { "cpu-burst": [71.5, 82] }, "metrics": { "cpu50": [64.25, 71.5, 82] } });
    assert_eq!(ask("web", seen.clone())["decision"]["to"], json!(7), "as it is explained");
    assert_eq!(ask("AutoScalingGroup/web", seen)["decision"]["to"], json!(7));
    let seen = json!({ "now": 0, "desired": 1, "alarms": { "orders-backlog-high": [900, 1600] } });
    assert_eq!(ask("ecs/service/shop/orders", seen)["decision"]["to"], json!(4));
    let error = ask("wep", json!({ "now": 0 }))["error"].clone();
    assert!(error.as_str().is_some_and(|error| error.contains("did you mean \"web\"?")), "{error}");
}

#[test]
fn two_dimensions_of_one_resource_share_its_name() {
    let table = |dimension: &str| {
        let target = json!({ "ServiceNamespace": "dynamodb", "ResourceId": "table/a", "ScalableDimension": dimension });
        let with = |fields: Value| {
            let (mut all, more) = (target.clone(), fields);
            all.as_object_mut().expect("fields").extend(more.as_object().expect("fields").clone());
            all
        };
        let tracking = json!({ "TargetValue": 70, "PredefinedMetricSpecification": { "PredefinedMetricType": "DynamoDBReadCapacityUtilization" } });
        json!({ "ScalableTargets": [with(json!({ "MinCapacity": 1, "MaxCapacity": 9 }))],
                "ScalingPolicies": [with(json!({ "PolicyName": "p", "PolicyType": "TargetTrackingScaling",
                    "TargetTrackingScalingPolicyConfiguration": tracking }))] })
        .to_string()
        .into_bytes()
    };
    let dimensions = ["dynamodb:table:ReadCapacityUnits", "dynamodb:table:WriteCapacityUnits"];
    let texts = dimensions.map(|dimension| (dimension.to_owned(), table(dimension)));
    let mut decisions = Decisions::new(Settings::default());
    decisions.define(engine::policies(&texts, Settings::default()).expect("two"));
    let mut ask = |name: &str| {
        let line = json!({ "policy": name, "observation": { "now": 0, "desired": 2 } });
        decisions.line(1, line.to_string().as_bytes())
    };
    assert_eq!(ask("dynamodb:table:ReadCapacityUnits/dynamodb/table/a")["decision"]["to"], json!(2));
    let error = ask("dynamodb/table/a")["error"].clone();
    assert!(
        error
            .as_str()
            .is_some_and(|error| error.contains("there are dynamodb:table:ReadCapacityUnits/dynamodb/table/a and")),
        "{error}"
    );
}

/// Names of texts, parts replaced, and what is said.
type Case<'a> = (&'a [&'a str], &'a [(&'a str, &'a str)], &'a str);

#[test]
fn what_does_not_fit_names_the_file_and_the_field() {
    let two = ["groups.json", "policies.json"];
    let all = ["groups.json", "policies.json", "alarms.json"];
    let cases: [Case<'_>; 15] = [
        (
            &["policies.json"],
            &[],
            "AutoScalingGroup web: its bounds are in no text (aws autoscaling describe-auto-scaling-groups prints them)",
        ),
        (
            &["ecs.json"],
            &[("ScalableTargets", "CompositeAlarms")],
            "ecs:service:DesiredCount ecs/service/shop/orders: its bounds are in no text (aws application-autoscaling describe-scalable-targets prints them)",
        ),
        (
            &two,
            &[],
            "policies.json: ScalingPolicies[1].Alarms[0].AlarmName is \"cpu-burst\": no text has an alarm of this name (aws cloudwatch describe-alarms prints it)",
        ),
        (&["groups.json"], &[], "groups.json: no scaling policy in it (aws autoscaling describe-policies and"),
        (&["alarms.json"], &[], "alarms.json: no scaling policy in it"),
        (
            &all,
            &[("\"MaxSize\": 20", "\"MaxSize\": 1")],
            "groups.json: AutoScalingGroups[0]: max is 1, must be at least 2",
        ),
        (&all, &[("\"MaxSize\": 20,", "")], "groups.json: AutoScalingGroups[0].MaxSize is missing"),
        (
            &all,
            &[("\"DefaultInstanceWarmup\": 120", "\"DefaultInstanceWarmup\": -1")],
            "groups.json: AutoScalingGroups[0].DefaultInstanceWarmup is -1: must be 0 to 3600 seconds",
        ),
        (&all, &[("\"TargetValue\": 50.0", "\"TargetValu\": 50.0")], "did you mean \"TargetValue\""),
        (
            &all,
            &[("\"TargetValue\": 50.0,\n                \"DisableScaleIn\"", "\"DisableScaleIn\"")],
            "policies.json: ScalingPolicies[0].TargetTrackingConfiguration.TargetValue is missing",
        ),
        (
            &all,
            &[("\"PercentChangeInCapacity\"", "\"Percent\"")],
            "policies.json: ScalingPolicies[1].AdjustmentType is \"Percent\"",
        ),
        (
            &all,
            &[("\"GreaterThanOrEqualToThreshold\"", "\"GreaterThanUpperThreshold\"")],
            "alarms.json: MetricAlarms[2].ComparisonOperator is \"GreaterThanUpperThreshold\"",
        ),
        (
            &all,
            &[("\"Mode\": \"ForecastOnly\"", "\"Mode\": \"ForecastAndScale\"")],
            "policies.json: ScalingPolicies[2].PolicyType is \"PredictiveScaling\", and it scales",
        ),
        (
            &all,
            &[("\"PolicyName\": \"burst\"", "\"PolicyName\": \"cpu50\"")],
            "policies.json: ScalingPolicies[1].PolicyName is \"cpu50\": another one has this name",
        ),
        (
            &all,
            &[("\"AutoScalingGroupName\": \"bastion\"", "\"AutoScalingGroupName\": \"web\"")],
            "groups.json: AutoScalingGroups[1]: AutoScalingGroup web is given twice, first in groups.json: AutoScalingGroups[0]",
        ),
    ];
    for (names, parts, expected) in cases {
        let error = policies(names, parts).map(|found| found.len()).expect_err(expected);
        assert!(error.contains(expected), "{expected}\n{error}");
    }
    let nobody = [("p.json".to_owned(), br#"{"PolicyName": "p", "PolicyType": "StepScaling"}"#.to_vec())];
    let error = engine::policies(&nobody, Settings::default()).map(|_| ()).expect_err("whose");
    assert_eq!(error, "p.json has neither AutoScalingGroupName nor ResourceId: it must say what it scales");
    let state = [("\"StateValue\": \"ALARM\"", "\"StateValue\": \"LOUD\"")];
    let error = try_explain(&texts(&WEB, &state), None, &[]).map(|_| ()).expect_err("a state");
    assert_eq!(error, "alarms.json: MetricAlarms[2].StateValue is \"LOUD\": must be OK, ALARM or INSUFFICIENT_DATA");
}

/// What `put-scaling-policy` and `put-metric-alarm` take, in YAML, beside an HPA.
#[test]
fn inputs_of_commands_and_manifests_of_kubernetes_are_read_together() {
    let hpa = "apiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nmetadata: { name: web }\nspec: { scaleTargetRef: \
               { apiVersion: apps/v1, kind: Deployment, name: web }, maxReplicas: 3, metrics: [] }\n";
    let policy = "AutoScalingGroupName: web\nPolicyName: out\nPolicyType: StepScaling\nAdjustmentType: ChangeInCapacity\n\
                  StepAdjustments: [{ MetricIntervalLowerBound: 0, ScalingAdjustment: 1 }]\nAlarms: [{ AlarmName: high }]\n";
    let alarm = "AlarmName: high\nMetricName: CPUUtilization\nStatistic: Average\nPeriod: 60\nEvaluationPeriods: 1\n\
                 Threshold: 50\nComparisonOperator: GreaterThanThreshold\n";
    let group = "AutoScalingGroups: [{ AutoScalingGroupName: web, MinSize: 1, MaxSize: 5 }]\n";
    let aws = format!("{policy}---\n{alarm}---\n{group}");
    let texts = [("hpa.yaml", hpa), ("aws.yaml", &aws)].map(|(name, text)| (name.to_owned(), text.as_bytes().to_vec()));
    let found = engine::policies(&texts, Settings::default()).expect("both");
    assert_eq!(
        found.iter().map(NamedPolicy::full).collect::<Vec<_>>(),
        ["HorizontalPodAutoscaler/default/web", "AutoScalingGroup/web"]
    );
    let alone = [("aws.yaml".to_owned(), aws.replace("\nAlarms: [{ AlarmName: high }]", "").into_bytes())];
    let error = engine::policies(&alone, Settings::default()).map(|_| ()).expect_err("nothing invokes it");
    let expected =
        "aws.yaml: document 1: no alarm of these texts invokes \"out\" (aws cloudwatch describe-alarms prints them)";
    assert_eq!(error, expected);
    // In one text they do not go together.
    let mixed = [("mixed.yaml".to_owned(), format!("{aws}---\n{hpa}").into_bytes())];
    let error = engine::policies(&mixed, Settings::default()).map(|_| ()).expect_err("mixed");
    assert!(error.contains("document 4: expected what the AWS CLI takes or prints"), "{error}");
}

/// Exit code, standard output and standard error.
fn run(arguments: &[&str]) -> (i32, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_plimsoll"));
    let output = command.args(arguments).current_dir(path("")).stdin(Stdio::null()).output().expect("the command runs");
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).split_whitespace().collect::<Vec<_>>().join(" ");
    (output.status.code().expect("no signal ends it"), text(output.stdout), text(output.stderr))
}

#[test]
fn the_command_explains_groups_beside_other_dumps() {
    let files = ["ecs.json", "../dumps/orders.keda.yaml", "groups.json", "policies.json", "alarms.json"];
    let (code, page, _) = run(&[&["explain"], &files[..]].concat());
    assert_eq!(code, 0);
    for part in
        ["ScaledObject shop/orders scales", "ecs/service/shop/orders: 4 asked for", "AutoScalingGroup web: 6 asked for"]
    {
        assert!(page.contains(part), "{part}: {page}");
    }
    for only in ["service/shop/orders", "ecs/service/shop/orders", "ecs:service:DesiredCount/ecs/service/shop/orders"] {
        let (_, told, _) =
            run(&["explain", "ecs.json", "groups.json", "policies.json", "alarms.json", "--only", only, "--json"]);
        let told = serde_json::from_str::<Value>(&told).unwrap_or_else(|error| panic!("{only}: {error}: {told}"));
        assert_eq!(told["desired"], json!(4), "{only}");
    }
    for (arguments, expected) in [
        (
            &["explain", "groups.json"] as &[&str],
            "groups.json: no scaling policy in it (aws autoscaling describe-policies, or",
        ),
        (&["explain", "alarms.json"], "alarms.json: no scaling policy in it"),
        (
            &["explain", "groups.json", "policies.json", "alarms.json", "--only", "bastion"],
            "no scaling policy of bastion in it",
        ),
        (&["explain", "ecs.json", "--only", "web"], "nothing named web to explain; there are ecs/service/shop/orders"),
        (
            &["explain", "policies.json"],
            "error: policies.json: ScalingPolicies[0]: AutoScalingGroup web: its bounds are in no text",
        ),
        (&["explain", "ecs.json", "--reading", "lag=1"], "read are desired, ApproximateNumberOfMessagesVisible"),
    ] {
        let (code, _, said) = run(arguments);
        assert!(code == 1 && said.contains(expected), "{arguments:?}: {said}");
    }
}

#[test]
fn the_command_plays_a_group_of_several_files() {
    let files = ["--policy", "groups.json", "--policy", "policies.json", "--policy", "alarms.json"];
    let (code, told, said) = run(&[&["simulate", "--json"], &files[..]].concat());
    assert_eq!(code, 0, "{said}");
    let told = serde_json::from_str::<Value>(&told).expect("JSON");
    let syncs = told["syncs"].as_array().expect("syncs");
    let most = syncs.iter().filter_map(|sync| sync["to"].as_i64()).max();
    assert!(most.is_some_and(|most| (10..=20).contains(&most)), "{most:?}");
    assert!(syncs.iter().any(|sync| sync["reason"].as_str().is_some_and(|reason| reason.contains("burst"))));
    let (code, _, said) = run(&[&["simulate", "--policy", "ecs.json"], &files[..]].concat());
    assert!(
        code == 1
            && said
                .contains("holds 2 policies, one can be tested: ecs:service:DesiredCount/ecs/service/shop/orders, AutoScalingGroup/web"),
        "{said}"
    );
}

#[test]
fn a_simulation_refuses_a_metric_that_it_does_not_measure() {
    let network = [(
        "\"PredefinedMetricType\": \"ASGAverageCPUUtilization\"",
        "\"PredefinedMetricType\": \"ASGAverageNetworkIn\"",
    )];
    let mut found = policies(&WEB, &network).expect("decide knows it");
    let plan = plimsoll::simulate::scenario::Plan::parse(plimsoll::simulate::scenario::BLACK_FRIDAY).expect("a plan");
    let refused = engine::scaler_of(found.remove(0).policy, &plan).map(|_| ()).expect_err("not measured");
    assert!(
        refused.starts_with("policies.json: ScalingPolicies[0] tracks \"ASGAverageNetworkIn\": measured here are ASGAverageCPUUtilization")
            && refused.ends_with("; decide takes points of any metric"),
        "{refused}"
    );
}

/// Every value of the texts replaced by values of other types and by extremes, or left out: an answer or a sentence.
#[test]
fn malformed_texts_are_answered_or_refused_with_a_place() {
    let values = [
        "null",
        "true",
        "[]",
        "{\"a\": 1}",
        "\"\"",
        "\"-\\u0000\\u202e\"",
        "-1",
        "0.5",
        "2147483647",
        "1e300",
        "1e999",
    ];
    let (mut count, mut runs, mut refused, mut explained) = (0, 0, 0, 0);
    for names in [&WEB[..], &ECS] {
        let good = texts(names, &[]);
        for (index, (_, text)) in good.iter().enumerate() {
            let text = String::from_utf8(text.clone()).expect("UTF-8");
            let trees = serde_json::Deserializer::from_str(&text).into_iter::<Value>().collect::<Result<Vec<_>, _>>();
            let tree = Value::Array(trees.expect("JSON"));
            let places = places(&tree);
            for (place, value) in places
                .iter()
                .flat_map(|place| values.map(Some).into_iter().chain([None]).map(move |value| (place, value)))
            {
                // A third of them: the values differ from place to place.
                count += 1;
                if count % 3 != 0 {
                    continue;
                }
                let mut all = good.clone();
                all[index].1 = changed(&tree, place, value).into_bytes();
                runs += 1;
                if runs % 7 == 0 {
                    let length = all[index].1.len() * (runs % 11) / 11;
                    all[index].1.truncate(length);
                }
                let told = |why: String| {
                    let known = names.iter().copied().chain(["--now", "no policy"]);
                    assert!(known.into_iter().any(|part| why.contains(part)), "{place} {value:?}: {why}");
                };
                match engine::policies(&all, Settings::default()) {
                    Ok(found) => asked_once(found),
                    Err(why) => {
                        refused += 1;
                        told(why);
                    }
                }
                match try_explain(&all, None, &[]) {
                    Ok(it) => {
                        explained += 1;
                        assert!(group_text(&it, true, 60).contains("Decides now"));
                        assert!(group_json(&it)["now"].is_string());
                    }
                    Err(why) => told(why),
                }
            }
        }
    }
    println!("{runs} runs, {refused} refused, {explained} explained");
    assert!(runs > 1_000 && refused > 500 && explained > 500, "{runs} {refused} {explained}");
}

fn asked_once(found: Vec<NamedPolicy>) {
    let mut decisions = Decisions::new(Settings::default());
    let names = found.iter().map(NamedPolicy::full).collect::<Vec<_>>();
    decisions.define(found);
    for name in names {
        let line = json!({ "policy": name, "observation": { "now": 0, "desired": 4 } }).to_string();
        let answer = decisions.line(1, line.as_bytes());
        assert!(answer["decision"]["to"].as_i64().is_some(), "{answer}");
    }
}

/// The documents of a text with another value at a place, or with none.
fn changed(tree: &Value, place: &str, value: Option<&str>) -> String {
    let mut tree = tree.clone();
    match value {
        Some(_) => *tree.pointer_mut(place).expect("a place") = json!("@@"),
        None => remove(&mut tree, place),
    }
    let documents = tree.as_array().expect("documents").iter().map(Value::to_string).collect::<Vec<_>>();
    documents.join("\n").replace("\"@@\"", value.unwrap_or_default())
}

fn remove(tree: &mut Value, place: &str) {
    let (parent, name) = place.rsplit_once('/').expect("a place");
    match tree.pointer_mut(parent) {
        Some(Value::Object(fields)) => drop(fields.remove(name)),
        Some(Value::Array(items)) => drop(items.remove(name.parse::<usize>().expect("an index"))),
        _ => unreachable!("only these have places"),
    }
}

/// JSON pointers to everything below the root.
fn places(tree: &Value) -> Vec<String> {
    let down: Vec<(String, &Value)> = match tree {
        Value::Object(fields) => fields.iter().map(|(name, value)| (name.clone(), value)).collect(),
        Value::Array(items) => items.iter().enumerate().map(|(index, value)| (index.to_string(), value)).collect(),
        _ => Vec::new(),
    };
    let below = |(name, value): (String, &Value)| {
        let here = format!("/{name}");
        std::iter::once(here.clone()).chain(places(value).into_iter().map(move |place| format!("{here}{place}")))
    };
    down.into_iter().flat_map(below).collect()
}
