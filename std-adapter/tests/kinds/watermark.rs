//! WatermarkPodAutoscalers of Datadog.

use std::path::Path;

use plimsoll::decide::Decisions;
use plimsoll::engine::Settings;
use serde_json::{Value, json};

use super::{ask, changes, explained, refused, simulated};

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

#[test]
fn a_resource_that_a_simulation_does_not_measure_is_named() {
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
