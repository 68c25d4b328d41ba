//! Policies of every kind through the adapter: asked by lines, explained in words.

use plimsoll::decide::Decisions;
use plimsoll::engine::Settings;
use plimsoll::explain;
use serde_json::{Value, json};

fn ask(decisions: &mut Decisions, line: &Value) -> Value {
    let answer = decisions.line(1, line.to_string().as_bytes());
    assert_eq!(answer.get("error"), None, "{line}");
    answer
}

fn refused(line: &Value) -> String {
    let answer = Decisions::new(Settings::default()).line(1, line.to_string().as_bytes());
    answer["error"].as_str().unwrap_or_else(|| panic!("{line} is answered: {answer}")).to_owned()
}

fn explained(line: &Value) -> String {
    let told = Decisions::new(Settings::default()).told(line.to_string().as_bytes()).expect("an answer");
    explain::told(&told, false, 100)
}

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
        (json!({ "now": 0, "running": -1 }), "observation.running is -1"),
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

#[test]
fn votes_are_combined_guarded_and_held_by_a_budget() {
    let policy = json!({ "combine": {
        "min_replicas": 1, "max_replicas": 20, "flap_budget": { "reversals": 1, "period_s": 600 },
    } });
    let mut decisions = Decisions::new(Settings::default());
    ask(&mut decisions, &json!({ "define": "both", "policy": policy }));
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
