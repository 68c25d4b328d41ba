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
use serde_json::Value;

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
