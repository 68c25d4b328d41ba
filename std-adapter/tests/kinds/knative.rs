//! Revisions of Knative.

use plimsoll::decide::Decisions;
use plimsoll::engine::Settings;
use serde_json::{Value, json};

use super::{ask, explained, refused};

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
