//! Several policies, one number.

use plimsoll::decide::Decisions;
use plimsoll::engine::Settings;
use serde_json::{Value, json};

use super::{ask, explained};

#[test]
fn votes_are_combined_guarded_and_held_by_a_budget() {
    let policy = json!({ "combine": {
        "min_replicas": 1, "max_replicas": 20, "flap_budget": { "reversals": 1, "period_s": 600 },
    } });
    let mut decisions = Decisions::new(Settings::default());
    ask(&mut decisions, &json!({ "define": "both", "policy": policy.clone() }));
    let seen = json!({ "now": 0, "replicas": 8, "votes": [{ "want": 3 }, { "want": 5 }] });
    let line = json!({ "policy": "both", "observation": seen });
    let votes = ask(&mut decisions, &line)["outlook"]["vote"].clone();
    assert_eq!(votes[0], json!({ "up": { "want": 6, "to": 6 }, "down": null }), "the other is the mildest");
    assert_eq!(votes[1]["down"], json!({ "want": 4, "to": 4 }));
    insta::assert_snapshot!("combine", explained(&json!({ "policy": policy, "observation": seen })));
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
