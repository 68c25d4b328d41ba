//! Policies of every kind through the adapter: asked by lines, explained in words. A kind has a file.

mod aws;
mod combine;
mod consumers;
mod gce;
mod keda;
mod keda_job;
mod knative;
mod schedule;
mod watermark;

use std::path::Path;

use plimsoll::decide::Decisions;
use plimsoll::engine::{self, Settings};
use plimsoll::explain;
use plimsoll::manifest::Api;
use plimsoll::simulate;
use plimsoll::simulate::run::Run;
use plimsoll::simulate::scenario::Scenario;
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

/// Opens a scenario of the folder with parts of its text replaced.
fn simulated(file: &str, changes: &[(&str, &str)]) -> Result<Run, String> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios").join(file);
    let mut text = std::fs::read_to_string(file).expect("the file");
    for (from, to) in changes {
        assert!(text.contains(from), "{from}");
        text = text.replace(from, to);
    }
    let scenario = Scenario::parse(&text, &mut |_| unreachable!("no trace")).map_err(|error| error.to_string())?;
    let mut scaler = engine::scaler(scenario.plan(), Api::default())?;
    Ok(simulate::run(&scenario, &mut *scaler, &mut |_, _| {}))
}

/// Seconds and numbers of the changes.
fn changes(run: &Run) -> Vec<(u32, i32)> {
    run.syncs.iter().filter(|sync| sync.from != sync.to).map(|sync| (sync.at_s, sync.to)).collect()
}

#[test]
fn counts_below_zero_and_kinds_that_nobody_knows_are_refused() {
    let gce = json!({ "gce": { "minNumReplicas": 1, "maxNumReplicas": 9 } });
    let bounds = json!({ "combine": { "min_replicas": 1, "max_replicas": 9 } });
    let hpa = json!({ "maxReplicas": 9, "metrics": [
        { "type": "External", "external": { "metric": { "name": "x" }, "target": { "type": "Value", "value": 1 } } },
    ] });
    for (policy, seen, error) in [
        (
            &gce,
            json!({ "now": 0, "desired": -5, "signals": {} }),
            "observation.desired: -5 is negative: there are 0 or more",
        ),
        (
            &bounds,
            json!({ "now": 0, "replicas": -8, "votes": [] }),
            "observation.replicas: -8 is negative: there are 0 or more",
        ),
        (
            &bounds,
            json!({ "now": 0, "replicas": 8, "votes": [{ "want": 5 }, { "want": -5 }] }),
            "observation.votes[1].want: -5 is negative: there are 0 or more",
        ),
        (
            &hpa,
            json!({ "now": 0, "scale": { "wanted": -3 }, "readings": [{ "value": "1" }] }),
            "observation.scale.wanted: -3 is negative: there are 0 or more",
        ),
        (
            &json!({ "knative": {} }),
            json!({ "now": 0, "scale": -3, "ready": 1 }),
            "observation.scale: -3 is negative: there are 0 or more",
        ),
    ] {
        assert_eq!(refused(&json!({ "policy": policy, "observation": seen })), error);
    }
    let known = "known are hpa, keda, keda_job, knative, consumers, aws, watermark, gce, nomad, schedule, combine";
    let seen = json!({ "now": 0 });
    let found = refused(&json!({ "policy": { "gcp": {} }, "observation": seen }));
    assert_eq!(found, format!("policy.gcp: there is no such kind; {known}"));
    let both = json!({ "gce": gce["gce"], "combine": bounds["combine"] });
    let found = refused(&json!({ "policy": both, "observation": seen }));
    assert!(found.contains("a policy of a kind stands alone under its name"), "{found}");
    assert!(refused(&json!({ "observation": seen })).contains("nomad, schedule, combine"));
    let seen = json!({ "now": 0, "desired": 4, "signals": {} });
    let found = refused(&json!({ "policy": gce, "observation": seen, "applied": { "at": 0, "from": 3, "to": 4 } }));
    assert!(found.starts_with("applied is taken for an HPA alone"), "{found}");
}

#[test]
fn a_number_that_could_not_be_read_is_not_told_as_zero() {
    let policy = json!({ "gce": { "minNumReplicas": 1, "maxNumReplicas": 9 } });
    let page = explained(&json!({ "policy": policy, "observation": { "now": 0, "desired": null, "signals": {} } }));
    assert!(page.contains("how many there are is not known") && page.contains("changes nothing"), "{page}");
    assert!(!page.contains("0 now"), "{page}");
}
