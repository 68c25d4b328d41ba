//! Autoscalers of Google Compute Engine.

use plimsoll::decide::Decisions;
use plimsoll::engine::Settings;
use serde_json::{Value, json};

use super::{ask, changes, explained, refused, simulated};

fn policy() -> Value {
    json!({ "gce": {
        "minNumReplicas": 2,
        "maxNumReplicas": 40,
        "cpuUtilization": { "utilizationTarget": 0.6 },
        "customMetricUtilizations": [{ "metric": "backlog", "singleInstanceAssignment": 100 }],
        "scaleInControl": { "maxScaledInReplicas": { "percent": 20 }, "timeWindowSec": 600 },
    } })
}

#[test]
fn the_largest_size_of_all_signals_counts_and_its_peak_holds() {
    let mut decisions = Decisions::new(Settings::default());
    ask(&mut decisions, &json!({ "define": "group", "policy": policy() }));
    let mut history = Value::Null;
    let mut turn = |second: i64, desired: i32, signals: Value| {
        let seen = json!({ "now": second * 1_000_000_000, "desired": desired, "signals": signals });
        let answer = ask(&mut decisions, &json!({ "policy": "group", "history": history, "observation": seen }));
        history = answer["history"].clone();
        (answer["decision"]["to"].clone(), answer["decision"]["lastWord"]["text"].clone())
    };
    // 10 × 0.9 / 0.6, and 1,150 of 100 each.
    assert_eq!(turn(0, 10, json!({ "cpu": 0.9, "backlog": 1_150 })).0, 15);
    assert_eq!(turn(60, 15, json!({ "cpu": 0.5, "backlog": 1_900 })).0, 19);
    let (to, word) = turn(120, 19, json!({ "cpu": 0.3, "backlog": 200 }));
    assert_eq!(
        (to, word),
        (json!(19), json!("backlog: 2 asked for, the peak of the last while holds 19, for another 540 s"))
    );
    // Ten minutes later the peaks of both are gone; a fifth of the 19 may go, and 15.2 are rounded up.
    assert_eq!(turn(700, 19, json!({ "cpu": 0.3, "backlog": 200 })).0, 16);
    let (to, word) = turn(1_400, 16, json!({ "cpu": 0.1, "backlog": null }));
    assert_eq!((to, word), (json!(16), json!("backlog is missing: nothing is removed")));
}

#[test]
fn a_group_that_only_grows_never_shrinks() {
    let policy = json!({ "gce": { "minNumReplicas": 1, "maxNumReplicas": 9, "mode": "ONLY_SCALE_OUT" } });
    let mut decisions = Decisions::new(Settings::default());
    let mut to = |cpu: f64| {
        let seen = json!({ "now": 0, "desired": 4, "signals": { "cpu": cpu } });
        ask(&mut decisions, &json!({ "policy": policy, "observation": seen }))
    };
    // CPU at 60 %, where nothing is said.
    assert_eq!(to(0.9)["decision"]["to"], 6);
    let few = to(0.1);
    assert_eq!((&few["decision"]["to"], &few["outlook"]["cpu"]["down"]), (&json!(4), &Value::Null));
}

#[test]
fn a_group_of_gce_is_explained_in_words() {
    let seen = json!({ "now": 0, "desired": 10, "serving": 8, "signals": { "cpu": 0.9, "backlog": 700 } });
    insta::assert_snapshot!("gce", explained(&json!({ "policy": policy(), "observation": seen })));
}

#[test]
fn a_group_of_gce_follows_a_wave_and_comes_down_late() {
    let run = simulated("peaks.yaml", &[]).expect("plays");
    // Down from the first size, up, down, and up again, in spite of the noise.
    assert_eq!((run.summary.failed, run.summary.reversals), (0.0, 3), "{:?}", changes(&run));
    let hold = run.syncs.iter().filter(|sync| sync.reason.contains("the peak of the last while holds")).count();
    assert!(hold * 15 > 600, "{hold} syncs held");
}

#[test]
fn what_is_wrong_with_a_group_of_gce_is_named() {
    let seen = json!({ "now": 0, "desired": 4, "signals": {} });
    for (pointer, value, error) in [
        ("/gce/minNumReplicas", json!(50), "policy.gce: maxNumReplicas is 40, must be at least 50"),
        ("/gce/maxNumReplicas", Value::Null, "policy.gce.maxNumReplicas is missing"),
        ("/gce/cpuUtilization/utilizationTarget", json!(60), "policy.gce.cpuUtilization.utilizationTarget is 60"),
        ("/gce/cpuUtilization/utilizationTarget", json!(0), "policy.gce.cpuUtilization.utilizationTarget is 0"),
        ("/gce/cpuUtilization/predictiveMethod", json!("OPTIMIZE_AVAILABILITY"), "only NONE is known here"),
        ("/gce/customMetricUtilizations/0/metric", json!("cpu"), "customMetricUtilizations[0] is named \"cpu\", as"),
        ("/gce/customMetricUtilizations/0/utilizationTarget", json!(5), "[0] must have either utilizationTarget or"),
        ("/gce/customMetricUtilizations/0/utilizationTargetType", json!("RATE"), "utilizationTargetType is \"RATE\""),
        ("/gce/scaleInControl/maxScaledInReplicas/percent", json!(101), "percent is 101: must be 0 to 100"),
        ("/gce/scaleInControl/maxScaledInReplicas/fixed", json!(3), "must have either fixed or percent"),
        ("/gce/scaleInControl/timeWindowSec", json!(9_000), "timeWindowSec is 9000: must be 60 to 3600"),
        ("/gce/coolDownPeriodSec", json!(-1), "policy.gce.coolDownPeriodSec is -1: must be 0 to 3600"),
        ("/gce/mode", json!("OFF"), "policy.gce.mode is \"OFF\""),
        ("/gce/scalingSchedules", json!({ "day": {} }), "policy.gce.scalingSchedules are not read"),
        ("/gce/minNumReplica", json!(1), "did you mean \"minNumReplicas\"?"),
    ] {
        let mut policy = policy();
        let (parent, field) = pointer.rsplit_once('/').expect("a path");
        policy.pointer_mut(parent).expect("a parent")[field] = value;
        let found = refused(&json!({ "policy": policy, "observation": seen }));
        assert!(found.contains(error), "{found}, not {error}");
    }
    let whole = json!({ "gce": { "name": "web", "autoscalingPolicy": { "minNumReplicas": 1 } } });
    let found = refused(&json!({ "policy": whole, "observation": seen }));
    assert_eq!(found, "policy.gce.autoscalingPolicy.maxNumReplicas is missing");
    let unknown = json!({ "now": 0, "desired": 4, "signals": { "disk": 1 } });
    let found = refused(&json!({ "policy": policy(), "observation": unknown }));
    assert_eq!(found, "observation.signals has \"disk\": the policy has cpu, backlog");
    for (from, to, error) in [
        ("requests_per_second", "disk", "gce.customMetricUtilizations[0].metric is \"disk\": measured here are"),
        ("requests_per_second", "backlog", "utilizationTargetType: backlog is no rate, only a GAUGE"),
        ("cpuUtilization", "loadBalancingUtilization", "there is no load balancer with a capacity here"),
    ] {
        let found = simulated("peaks.yaml", &[(from, to)]).expect_err(to);
        assert!(found.contains(error), "{found}, not {error}");
    }
}
