//! Every vector against this crate. `PLIMSOLL_VECTORS=DIR` reads the files from DIR; a missing file is a failure.

use std::collections::BTreeMap;
use std::path::PathBuf;

use plimsoll::manifest::{
    Api, Behavior, Metric, ObjectReference, ScalingRules, Spec, Violation, ViolationKind, documents, fill_behavior,
};
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
