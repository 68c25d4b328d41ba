//! Every vector against this crate. `PLIMSOLL_VECTORS=DIR` reads the files from DIR; a missing file is a failure.

#[path = "conformance/keda.rs"]
mod keda;

use std::collections::BTreeMap;
use std::path::PathBuf;

use plimsoll::manifest::{
    Api, Behavior, Metric, ObjectReference, ScalingRules, Spec, Texts, Violation, ViolationKind, documents,
    fill_behavior, knative_cluster,
};
use plimsoll_core::kpa::Settings;
use plimsoll_core::units::Span;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

#[test]
fn hpa_api() {
    let file: VectorFile<Vector> = read("hpa_api.json");
    assert_eq!(file.schema, "autoscale-vectors/1");
    let mut passed: BTreeMap<&str, usize> = BTreeMap::new();
    let mut failed = Vec::new();
    for vector in &file.vectors {
        let verdict = match vector.function.as_str() {
            "validate_rules" => validate_rules(vector),
            "validate_spec" => validate_spec(vector),
            "validate_metric" => validate_metric(vector),
            "default_behavior" => default_behavior(vector),
            unknown => Err(format!("unknown fn {unknown:?}")),
        };
        match verdict {
            Ok(()) => *passed.entry(&vector.function).or_default() += 1,
            Err(why) => failed.push(format!("{} ({}): {why}", vector.id, vector.name)),
        }
    }
    for (function, count) in &passed {
        println!("hpa_api: {function}: {count} passed");
    }
    assert!(failed.is_empty(), "{} failed:\n{}", failed.len(), failed.join("\n"));
    assert_eq!(passed.values().sum::<usize>(), file.count, "the file has as many vectors as it says");
}

/// The settings of Knative's autoscaler as text. The other functions of the file are core's: its own test runs them.
#[test]
fn kpa_config() {
    let file: VectorFile<Vector> = read("kpa_apply_config.json");
    assert_eq!(file.schema, "autoscale-vectors/1");
    assert_eq!(file.vectors.len(), file.count, "the file has as many vectors as it says");
    let mut passed = 0;
    let mut failed = Vec::new();
    for vector in file.vectors.iter().filter(|vector| vector.function == "kpa_config") {
        match knative_config(vector) {
            Ok(()) => passed += 1,
            Err(why) => failed.push(format!("{} ({}): {why}", vector.id, vector.name)),
        }
    }
    println!("kpa_config: {passed} passed");
    assert!(failed.is_empty(), "{} failed:\n{}", failed.len(), failed.join("\n"));
    assert!(passed > 0, "no vector ran");
}

fn knative_config(vector: &Vector) -> Result<(), String> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Input {
        settings: Texts,
    }
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Output {
        error: bool,
        #[serde(default)]
        defaults: BTreeMap<String, Value>,
        #[serde(default)]
        changed: BTreeMap<String, Value>,
    }
    let input: Input = serde_json::from_value(vector.input.clone()).map_err(|error| error.to_string())?;
    let output: Output = serde_json::from_value(vector.output.clone()).map_err(|error| error.to_string())?;
    let cluster = match knative_cluster(&input.settings) {
        Err(_) if output.error => return Ok(()),
        Err(error) => return Err(error.to_string()),
        Ok(_) if output.error => return Err("not refused".to_owned()),
        Ok(cluster) => cluster,
    };
    let (found, defaults) = (by_name(cluster.settings()), by_name(&Settings::DEFAULT));
    for (name, expected) in &output.defaults {
        let default = defaults.get(name.as_str()).ok_or_else(|| format!("unknown setting {name}"))?;
        same(name, expected, default)?;
    }
    // What is not said to be changed is as by default.
    for (name, found) in &found {
        same(name, output.changed.get(*name).unwrap_or(&defaults[name]), found)?;
    }
    match output.changed.keys().find(|name| !found.contains_key(name.as_str())) {
        Some(unknown) => Err(format!("unknown setting {unknown}")),
        None => Ok(()),
    }
}

/// Numbers are compared as numbers: 3 and 3.0 are the same.
fn same(name: &str, expected: &Value, found: &Value) -> Result<(), String> {
    let equal = match (expected.as_f64(), found.as_f64()) {
        (Some(expected), Some(found)) => expected == found,
        _ => expected == found,
    };
    if equal { Ok(()) } else { Err(format!("{name}: got {found}, expected {expected}")) }
}

fn by_name(s: &Settings) -> BTreeMap<&'static str, Value> {
    let seconds = |span: Span| Value::from(span.as_nanos() as f64 / 1e9);
    BTreeMap::from([
        ("enable_scale_to_zero", s.scale_to_zero.into()),
        ("cc_fraction", s.concurrency_utilization.into()),
        ("cc_default", s.concurrency_target.into()),
        ("target_utilization", s.rps_utilization.into()),
        ("rps_default", s.rps_target.into()),
        ("max_scale_up_rate", s.max_scale_up_rate.into()),
        ("max_scale_down_rate", s.max_scale_down_rate.into()),
        ("target_burst_capacity", s.target_burst_capacity.into()),
        ("panic_window_percentage", s.panic_window_percentage.into()),
        ("activator_capacity", s.activator_capacity.into()),
        ("panic_threshold_percentage", s.panic_threshold_percentage.into()),
        ("stable_window_s", seconds(s.stable_window)),
        ("scale_to_zero_grace_s", seconds(s.scale_to_zero_grace)),
        ("pod_retention_s", seconds(s.pod_retention)),
        ("scale_down_delay_s", seconds(s.scale_down_delay)),
        ("allow_zero_initial_scale", s.allow_zero_initial_scale.into()),
        ("initial_scale", s.initial_scale.into()),
        ("min_scale", s.min_scale.into()),
        ("max_scale", s.max_scale.into()),
        ("max_scale_limit", s.max_scale_limit.into()),
    ])
}

fn validate_rules(vector: &Vector) -> Result<(), String> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Input {
        #[serde(default)]
        gates: BTreeMap<String, bool>,
        rules: ScalingRules,
        old_rules: Option<ScalingRules>,
    }
    let input: Input = ours(&vector.input)?;
    compare(api(&input.gates)?.validate_rules(&input.rules, input.old_rules.as_ref()), &vector.output)
}

fn validate_spec(vector: &Vector) -> Result<(), String> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Input {
        #[serde(default)]
        gates: BTreeMap<String, bool>,
        spec: Spec,
        old_min_replicas: Option<i32>,
    }
    let Input { gates, mut spec, old_min_replicas } = ours(&vector.input)?;
    if spec.scale_target_ref == ObjectReference::default() {
        // The vectors are about limits and metrics; the target is a good one.
        spec.scale_target_ref = ObjectReference {
            api_version: "apps/v1".to_owned(),
            kind: "Deployment".to_owned(),
            name: "web".to_owned(),
        };
    }
    let old = old_min_replicas.map(|min| Spec { min_replicas: Some(min), ..spec.clone() });
    compare(api(&gates)?.validate_spec(&spec, old.as_ref()), &vector.output)
}

fn validate_metric(vector: &Vector) -> Result<(), String> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Input {
        #[serde(default)]
        gates: BTreeMap<String, bool>,
        metric: Metric,
    }
    let input: Input = ours(&vector.input)?;
    compare(api(&input.gates)?.validate_metric(&input.metric), &vector.output)
}

fn default_behavior(vector: &Vector) -> Result<(), String> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Both {
        behavior: Option<Behavior>,
    }
    let Both { mut behavior } = ours(&vector.input)?;
    let expected: Both = ours(&vector.output)?;
    fill_behavior(&mut behavior);
    if behavior == expected.behavior {
        return Ok(());
    }
    Err(format!("got {behavior:?}, expected {:?}", expected.behavior))
}

/// The newest release, with the gates that the vector names.
fn api(gates: &BTreeMap<String, bool>) -> Result<Api, String> {
    let mut api = Api::default();
    for (gate, on) in gates {
        match gate.as_str() {
            "HPAScaleToZero" => api.gates.scale_to_zero = *on,
            "HPAConfigurableTolerance" => api.gates.configurable_tolerance = *on,
            _ => return Err(format!("unknown gate {gate:?}")),
        }
    }
    Ok(api)
}

/// Nothing missing, nothing extra. Upstream says some things twice; how often a vector lists them is left open.
fn compare(found: Vec<Violation>, output: &Value) -> Result<(), String> {
    let verdict: Verdict = ours(output)?;
    let fits = |violation: &Violation, wanted: &Wanted| {
        violation.field == wanted.field
            && kind(violation.kind) == wanted.kind
            && violation.to_string().contains(&wanted.contains)
    };
    if verdict.valid != found.is_empty() {
        return Err(format!("valid should be {}, found {}", verdict.valid, list(&found)));
    }
    for wanted in &verdict.errors {
        if !found.iter().any(|violation| fits(violation, wanted)) {
            return Err(format!("{wanted:?} is missing in {}", list(&found)));
        }
    }
    match found.iter().find(|v| !verdict.errors.iter().any(|wanted| fits(v, wanted))) {
        Some(extra) => Err(format!("not expected: {extra}")),
        None => Ok(()),
    }
}

fn list(found: &[Violation]) -> String {
    let texts: Vec<String> = found.iter().map(Violation::to_string).collect();
    format!("[{}]", texts.join("; "))
}

fn kind(kind: ViolationKind) -> &'static str {
    match kind {
        ViolationKind::Required => "Required",
        ViolationKind::Invalid => "Invalid",
        ViolationKind::NotSupported => "NotSupported",
        ViolationKind::Forbidden => "Forbidden",
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Verdict {
    valid: bool,
    #[serde(default)]
    errors: Vec<Wanted>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    field: String,
    kind: String,
    contains: String,
}

/// A part of a vector through the crate's own reader, so that the vectors exercise it as well.
fn ours<T: DeserializeOwned>(part: &Value) -> Result<T, String> {
    let documents = documents("vector", part.to_string().as_bytes()).map_err(|error| error.to_string())?;
    let [document] = documents.as_slice() else {
        return Err("a vector is one document".to_owned());
    };
    document.read().map_err(|error| error.to_string())
}

/// The envelope of a vector file, as far as it is used here.
#[derive(Deserialize)]
struct VectorFile<V> {
    schema: String,
    count: usize,
    vectors: Vec<V>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Vector {
    id: String,
    #[serde(rename = "fn")]
    function: String,
    name: String,
    #[serde(rename = "origin")]
    _origin: String,
    #[serde(rename = "ref")]
    _reference: String,
    #[serde(rename = "in")]
    input: Value,
    #[serde(rename = "out")]
    output: Value,
    #[serde(default, rename = "note")]
    _note: Option<String>,
    #[serde(default, rename = "features")]
    _features: Option<Value>,
}

fn read<T: DeserializeOwned>(name: &str) -> T {
    let directory = match std::env::var_os("PLIMSOLL_VECTORS") {
        Some(directory) => PathBuf::from(directory),
        None => PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/vectors"),
    };
    let path = directory.join(name);
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}
