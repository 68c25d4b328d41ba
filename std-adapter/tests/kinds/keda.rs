//! Scaled objects of KEDA.

use plimsoll::decide::Decisions;
use plimsoll::engine::Settings;
use serde_json::{Value, json};

use super::{ask, explained, refused};

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
