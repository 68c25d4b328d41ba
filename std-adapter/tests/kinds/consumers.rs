//! Consumers sized by rates.

use plimsoll::decide::Decisions;
use plimsoll::engine::Settings;
use serde_json::{Value, json};

use super::{ask, explained, refused};

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
