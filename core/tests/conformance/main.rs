//! Runs every vector through the public API, and counts.
//!
//! An unknown function or an unknown field fails: a vector that is not understood is not passed.

mod hpa;
mod keda;
mod kpa;

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Deserialize;
use serde_json::Value;

/// One file of vectors.
#[derive(Deserialize)]
struct File {
    schema: String,
    count: usize,
    vectors: Vec<Vector>,
}

/// One vector; what it puts in and expects depends on its function.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Vector {
    id: String,
    r#fn: String,
    name: String,
    #[serde(rename = "origin")]
    _origin: String,
    #[serde(rename = "ref")]
    _ref: String,
    #[serde(rename = "note", default)]
    _note: Option<String>,
    #[serde(rename = "features", default)]
    _features: Vec<String>,
    r#in: Value,
    out: Value,
}

/// Functions that are not core's: settings as text. `cargo test -p plimsoll --test conformance` runs them.
const ELSEWHERE: &[&str] = &[
    "kpa_config",
    "kafka_config",
    "parse_partition_limitation",
    "job_strategy_select",
    "needs_pause",
    "paused_replica_count",
    "modifier_formula",
    "modifier_cast",
];

/// Runs all vectors of these files; `run` answers what differs.
fn conform(files: &[&str], run: impl Fn(&Vector) -> Result<(), String>) {
    let folder = std::env::var_os("PLIMSOLL_VECTORS")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/vectors"), PathBuf::from);
    let (mut passed, mut elsewhere) = (BTreeMap::<String, usize>::new(), BTreeMap::<String, usize>::new());
    let mut failures = Vec::new();
    for file in files {
        let path = folder.join(file);
        let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let parsed: File = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        assert_eq!(parsed.schema, "autoscale-vectors/1", "{file}");
        assert_eq!(parsed.count, parsed.vectors.len(), "{file} is not whole");
        for vector in &parsed.vectors {
            if ELSEWHERE.contains(&vector.r#fn.as_str()) {
                *elsewhere.entry(format!("{file} {}", vector.r#fn)).or_default() += 1;
                continue;
            }
            match run(vector) {
                Ok(()) => *passed.entry(format!("{file} {}", vector.r#fn)).or_default() += 1,
                Err(why) => failures.push(format!("{} {} ({}): {why}", vector.id, vector.r#fn, vector.name)),
            }
        }
    }
    for (function, count) in &passed {
        println!("{count:5} {function}");
    }
    for (function, count) in &elsewhere {
        println!("{count:5} {function}: run by std-adapter/tests/conformance.rs");
    }
    println!("{} passed, {} failed", passed.values().sum::<usize>(), failures.len());
    let shown = failures.iter().take(20).cloned().collect::<Vec<_>>().join("\n");
    assert!(failures.is_empty(), "{} vectors differ, the first:\n{shown}", failures.len());
    assert!(!passed.is_empty(), "no vector ran");
}

/// Reads the input or the output of a vector; a field that is not expected is an error.
fn read<T: for<'de> Deserialize<'de>>(value: &Value) -> Result<T, String> {
    T::deserialize(value).map_err(|error| error.to_string())
}

/// Compares one expected field with the answer.
fn same<T: PartialEq + std::fmt::Debug>(what: &str, expected: T, got: T) -> Result<(), String> {
    if expected == got { Ok(()) } else { Err(format!("{what}: expected {expected:?}, got {got:?}")) }
}

#[test]
fn hpa() {
    let files = [
        "hpa_normalize.json",
        "hpa_pods.json",
        "hpa_replica_calc.json",
        "hpa_run_calc.json",
        "hpa_run_history.json",
        "hpa_sequences.json",
        "hpa_sync.json",
    ];
    conform(&files, hpa::run);
}

#[test]
fn kpa() {
    let files = ["kpa_apply_config.json", "kpa_run_scale.json", "kpa_scale.json", "kpa_windows.json"];
    conform(&files, kpa::run);
}

#[test]
fn keda() {
    let files = [
        "keda_fallback_modifiers.json",
        "keda_kafka.json",
        "keda_run_fallback.json",
        "keda_run_jobs.json",
        "keda_run_kafka.json",
        "keda_run_scaledobject.json",
        "keda_scaledjob.json",
        "keda_scaledobject.json",
    ];
    conform(&files, keda::run);
}
