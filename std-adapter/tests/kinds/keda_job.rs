//! Scaled jobs of KEDA.

use plimsoll::decide::Decisions;
use plimsoll::engine::Settings;
use serde_json::{Value, json};

use super::{ask, explained, refused};

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
        (json!({ "now": 0, "running": -1 }), "observation.running: -1 is negative"),
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
