//! Bounds by the calendar.

use plimsoll::decide::Decisions;
use plimsoll::engine::Settings;
use serde_json::{Value, json};

use super::{ask, explained, refused};

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
