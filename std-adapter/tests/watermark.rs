//! WatermarkPodAutoscalers of Datadog: from manifests, and what is said about them in dumps.

use std::path::Path;
use std::process::{Command, Output};

use plimsoll::decide::Decisions;
use plimsoll::engine::{NamedPolicy, Settings, policies};
use plimsoll::explain::readings::{Reading, assign};
use plimsoll::explain::{MarkExplanation, watermark, watermark_json, watermark_reader, watermark_text};
use plimsoll::manifest::Dump;
use serde_json::{Value, json};

const DUMP: &str = "web.watermark.yaml";

const MANIFEST: &str = "\
apiVersion: datadoghq.com/v1alpha1
kind: WatermarkPodAutoscaler
metadata: { name: web, namespace: shop }
spec:
  scaleTargetRef: { apiVersion: apps/v1, kind: Deployment, name: web }
  minReplicas: 3
  maxReplicas: 12
  algorithm: average
  tolerance: 0.01
  readinessDelaySeconds: 10
  metrics:
  - type: Resource
    resource:
      name: cpu
      metricSelector: { matchLabels: { app: web } }
      highWatermark: 700m
      lowWatermark: 350m
";

fn loaded(text: &str) -> Result<Decisions, String> {
    let mut decisions = Decisions::new(Settings::default());
    decisions.define(policies(&[("wpa.yaml".to_owned(), text.into())], Settings::default())?);
    Ok(decisions)
}

fn ask(decisions: &mut Decisions, policy: &Value, readings: &Value) -> Value {
    let seen = json!({ "now": 0, "replicas": 4, "ready": 4, "readings": readings });
    decisions.line(1, json!({ "policy": policy, "observation": seen }).to_string().as_bytes())
}

/// 1.2 cores a pod where 0.7 is the most: 7, and 50 % of 4 more is 6.
#[test]
fn a_manifest_decides_as_its_spec_in_a_line_does() {
    let mut decisions = loaded(MANIFEST).expect("a policy");
    let spec = json!({
        "minReplicas": 3, "maxReplicas": 12, "algorithm": "average", "tolerance": "10m",
        "metrics": [{ "type": "Resource", "resource": { "name": "cpu", "highWatermark": "0.7", "lowWatermark": "0.35" } }],
    });
    for (value, to) in [("4800m", 6), ("2.83", 5), ("2828m", 4), ("2", 4), ("0.5", 3), ("0", 4)] {
        let named = ask(&mut decisions, &json!("shop/web"), &json!([{ "value": value }]));
        assert_eq!(named["decision"]["to"], json!(to), "{value}: {named}");
        assert_eq!(named, ask(&mut decisions, &json!({ "watermark": spec }), &json!([{ "value": value }])));
    }
}

#[test]
fn lists_of_kubectl_hold_several_and_status_does_not_matter() {
    let text = json!({ "apiVersion": "v1", "kind": "List", "items": [
        { "apiVersion": "v1", "kind": "Pod", "metadata": { "name": "x" } },
        { "apiVersion": "datadoghq.com/v1alpha1", "kind": "WatermarkPodAutoscaler", "metadata": { "name": "a" },
          "spec": { "scaleTargetRef": { "kind": "Deployment", "name": "a" }, "maxReplicas": 5, "metrics": [
              { "type": "External", "external": { "metricName": "m", "metricSelector": {}, "lowWatermark": 3 } }] },
          "status": { "conditions": [], "newer": { "than": "this" } } },
    ] });
    let found = policies(&[("list.json".to_owned(), text.to_string().into_bytes())], Settings::default());
    let names = found.expect("policies").iter().map(NamedPolicy::full).collect::<Vec<_>>();
    assert_eq!(names, ["WatermarkPodAutoscaler/default/a"]);
}

#[test]
fn what_is_wrong_with_a_manifest_is_named() {
    let spec = "wpa.yaml: WatermarkPodAutoscaler shop/web: spec";
    for (from, to, part) in [
        // Datadog's own sample has this field, which its API server drops.
        ("readinessDelaySeconds", "readinessDelay", "wpa.yaml:10: document 1: spec: unknown field \"readinessDelay\""),
        ("readinessDelaySeconds", "readinessDelay", "did you mean \"readinessDelaySeconds\"?"),
        ("Seconds: 10", "Seconds: 0", "spec.readinessDelaySeconds: 0 must be at least 1"),
        ("minReplicas: 3", "minReplicas: 0", "wpa.yaml:6: document 1: spec.minReplicas: 0 must be at least 1"),
        ("minReplicas: 3", "minReplicas: 13", &format!("{spec}: maxReplicas is 12, must be at least 13")),
        ("maxReplicas: 12", "dryRun: false", &format!("{spec}.maxReplicas is missing")),
        ("maxReplicas: 12", "maxReplicas: '12'", "spec.maxReplicas: expected"),
        ("kind: Deployment, name: web", "name: web", &format!("{spec}.scaleTargetRef.kind is missing")),
        ("tolerance: 0.01", "tolerance: 2", &format!("{spec}.tolerance is 2: must be 0 to 1")),
        ("tolerance: 0.01", "scaleDownLimitFactor: 100", "scaleDownLimitFactor is 100: must be 0 to below 100"),
        ("tolerance: 0.01", "dryRun: true", &format!("{spec}.dryRun is true")),
        ("tolerance: 0.01", "mended: {}", "unknown field \"mended\""),
        ("tolerance: 0.01", "recommender: { url: x }", "spec has recommender and metrics"),
        ("algorithm: average", "algorithm: mean", &format!("{spec}.algorithm is \"mean\"")),
        ("metricSelector: { matchLabels: { app: web } }", "", "spec.metrics[0].resource.metricSelector is missing"),
        ("{ matchLabels: { app: web } }", "{ matchExpressions: [{ key: a, operator: Is }] }", "metricSelector: "),
        ("highWatermark: 700m", "highWatermark: 300m", "(cpu): highWatermark is 0.3, must be at least lowWatermark"),
        ("highWatermark: 700m", "highWatermark: much", "spec.metrics[0].resource.highWatermark"),
        ("      name: cpu\n", "", &format!("{spec}.metrics[0].resource.name is missing")),
        ("type: Resource", "type: Pods", &format!("{spec}.metrics[0].type is \"Pods\"")),
        ("v1alpha1", "v1", "expected datadoghq.com/v1alpha1, found \"datadoghq.com/v1\""),
        ("name: web, namespace: shop", "namespace: shop", "metadata.name"),
    ] {
        assert!(MANIFEST.contains(from), "{from}");
        let error = loaded(&MANIFEST.replacen(from, to, 1)).err().unwrap_or_else(|| panic!("{to} is taken"));
        assert!(error.contains(part), "{error}, not {part}");
    }
    let (spec, _) = MANIFEST.split_once("  metrics:").expect("metrics");
    let error = loaded(&format!("{spec}  recommender: {{ url: http://x, settings: {{ a: b }} }}\n")).err();
    assert!(error.is_some_and(|error| error.contains("spec.recommender asks a service")));
    let error = loaded(spec).err();
    assert!(error.is_some_and(|error| error.contains("spec.metrics is empty")));
    let twice = loaded(&format!("{MANIFEST}---\n{MANIFEST}")).err().expect("twice");
    assert_eq!(twice, "wpa.yaml: WatermarkPodAutoscaler shop/web is given twice");
}

fn plimsoll(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_plimsoll")).args(arguments).output().expect("the binary runs")
}

fn dumps(name: &str) -> String {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/dumps").join(name).display().to_string()
}

#[test]
fn simulate_plays_a_manifest_or_says_what_it_does_not_measure() {
    let folder = std::env::temp_dir().join(format!("plimsoll-watermark-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    let file = folder.join("wpa.yaml");
    let run = |text: &str| {
        std::fs::write(&file, text).expect("written");
        plimsoll(&["simulate", "--policy", &file.display().to_string(), "--json"])
    };
    let played = run(MANIFEST);
    let told: Value = serde_json::from_slice(&played.stdout).expect("JSON");
    let syncs = told["syncs"].as_array().expect("syncs");
    let greatest = syncs.iter().filter_map(|sync| sync["to"].as_i64()).max();
    assert_eq!(greatest, Some(12), "the spike asks for all that it may have");
    let refused = run(&MANIFEST.replace("name: cpu", "name: gpu"));
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(
        said.contains("WatermarkPodAutoscaler shop/web: spec.metrics[0] is \"gpu\": measured here are cpu"),
        "{said}"
    );
    assert!(said.contains("name one of these"), "{said}");
    let none = run("apiVersion: v1\nkind: Pod\nmetadata: { name: x }\n");
    let said = String::from_utf8_lossy(&none.stderr).into_owned();
    assert!(said.contains("holds no policy") && said.contains("a WatermarkPodAutoscaler"), "{said}");
    std::fs::remove_dir_all(&folder).expect("removed");
}

fn text_of(name: &str) -> String {
    std::fs::read_to_string(dumps(name)).expect("a dump")
}

/// The sample dump with parts of its text replaced, explained.
fn explained(parts: &[(&str, &str)], now: Option<&str>, given: &[&str]) -> Result<MarkExplanation, String> {
    let text = parts.iter().fold(text_of(DUMP), |text, (from, to)| {
        assert!(text.contains(from), "{from}");
        text.replace(from, to)
    });
    let dump = Dump::read([("dump.yaml", text.as_bytes())]).map_err(|error| error.to_string())?;
    let object = dump.watermarks.first().ok_or("no WatermarkPodAutoscaler")?;
    let given = given.iter().map(|text| text.parse()).collect::<Result<Vec<Reading>, _>>()?;
    let given = assign(&given, &[watermark_reader(object)])?;
    watermark(&dump, object, now.map(|now| now.parse().expect("a time")), &given[0])
}

fn web(parts: &[(&str, &str)], given: &[&str]) -> MarkExplanation {
    explained(parts, None, given).expect("explained")
}

fn page(it: &MarkExplanation) -> String {
    watermark_text(it, false, 100).split_whitespace().collect::<Vec<_>>().join(" ")
}

const REQUESTS: &str = "nginx.net.request_per_s";
/// The parts of the sample that are not to play along.
const NO_DELAY: (&str, &str) = ("upscaleDelayAboveWatermarkSeconds: 45", "upscaleDelayAboveWatermarkSeconds: 0");
const FREE: (&str, &str) = ("downscaleForbiddenWindowSeconds: 600", "downscaleForbiddenWindowSeconds: 300");

/// 58 a pod by the last sync are above 44, for 23 of 45 s; 5 ready pods ask for 7.25, so 8.
#[test]
fn an_object_above_its_mark_waits_for_its_delay() {
    let it = web(&[], &[]);
    assert_eq!(it.decided(), Some((6, 6)));
    insta::assert_snapshot!("watermark", watermark_text(&it, false, 100));
    let told = watermark_json(&it);
    assert_eq!(told["answers"][0]["decision"]["lastWord"]["step"], json!("Delayed"));
    assert_eq!(told["answers"][0]["next"]["to"], json!(8));
    assert_eq!(told["metrics"][0]["value"], json!(290.0), "58 over 5 ready pods");
    assert_eq!(told["metrics"][1]["value"], json!(2.285), "without the sample of the pod that is not ready");
    let at = |now| explained(&[], Some(now), &[]).expect("explained").decided();
    assert_eq!(at("2026-11-24T02:36:59Z"), Some((6, 6)));
    assert_eq!(at("2026-11-24T02:37:00Z"), Some((6, 8)));
    assert_eq!(web(&[NO_DELAY], &[]).decided(), Some((6, 8)));
    // From 02:30:15Z on for 60 s nothing is added.
    assert_eq!(explained(&[NO_DELAY], Some("2026-11-24T02:31:14Z"), &[]).expect("explained").decided(), Some((6, 6)));
}

/// 75 in all are 15 a pod, below 18, and CPU is below 0.27 as well: 5 ready pods at 15 of 20 are 3, and 20 % of 6 is 1.
#[test]
fn fewer_takes_every_metric_and_the_forbidden_window() {
    let calm = [("cpu: 47", "cpu: 17"), ("cpu: 46", "cpu: 16"), ("cpu: 45", "cpu: 15"), ("cpu: 44", "cpu: 14")];
    let given = [format!("{REQUESTS}=75")];
    let given = given.iter().map(String::as_str).collect::<Vec<_>>();
    let it = web(&calm, &given);
    assert_eq!(it.decided(), Some((6, 6)));
    assert!(
        page(&it).contains("shrinking so soon after the last change is forbidden, for another 217 s"),
        "{}",
        page(&it)
    );
    let parts = [calm.as_slice(), &[FREE]].concat();
    assert_eq!(web(&parts, &given).decided(), Some((6, 5)));
    assert_eq!(web(&[FREE], &given).decided(), Some((6, 6)), "CPU is between its marks");
}

/// What is given comes before what the dump has, and that before what the last sync read.
#[test]
fn the_newest_value_of_an_external_metric_counts() {
    let series = |labels: &str, value: &str| {
        format!(
            "---\n{{ apiVersion: external.metrics.k8s.io/v1beta1, kind: ExternalMetricValueList, items: [{{ metricName: \
             {REQUESTS}, metricLabels: {labels}, timestamp: \"2026-11-24T02:36:40Z\", value: \"{value}\" }}] }}\n---\n\
             apiVersion: apps/v1"
        )
    };
    let total = |series: String, given: &[&str]| {
        let it = web(&[("---\napiVersion: apps/v1", &series)], given);
        watermark_json(&it)["metrics"][0]["value"].as_f64()
    };
    let mine = series("{ kube_deployment: web }", "100");
    assert_eq!(total(mine.clone(), &[]), Some(100.0));
    assert_eq!(total(mine.clone(), &["nginx.net.request_per_s=120"]), Some(120.0));
    assert_eq!(total(mine.clone(), &["web/nginx.net.request_per_s{kube_deployment=web}=120"]), Some(120.0));
    assert_eq!(total(series("{ kube_deployment: api }", "100"), &[]), Some(290.0), "that is another's");
    assert_eq!(total(series("null", "100"), &[]), Some(100.0), "an answer to the selector that was asked");
    let error = explained(&[], None, &["nginx.requests=3"]).expect_err("no such metric");
    assert!(error.contains("nothing here reads it; read are nginx.net.request_per_s"), "{error}");
    let failed = web(&[], &["nginx.net.request_per_s=failed"]);
    assert_eq!(failed.decided(), Some((6, 6)));
    assert!(page(&failed).contains("cannot be read (as given): nothing changes"), "{}", page(&failed));
}

#[test]
fn what_is_missing_is_said_and_never_taken_for_zero() {
    let it = web(&[("currentMetrics:", "otherMetrics:")], &[]);
    assert_eq!(it.decided(), None);
    let said = page(&it);
    assert!(said.contains("Decides now: not known"), "{said}");
    assert!(said.contains("give --reading nginx.net.request_per_s=VALUE"), "{said}");
    assert_eq!(watermark_json(&it)["answers"], json!([]));
    // Samples that the last sync could not get are not taken from before.
    let failed = [(
        "status: \"True\", reason: ValidMetricFound, message: \"the WPA was able to successfully calculate a replica count",
        "status: \"False\", reason: FailedGetExternalMetric, message: \"unable to get external metric shop",
    )];
    let it = web(&failed, &[]);
    assert_eq!(it.decided(), Some((6, 6)));
    assert!(page(&it).contains("cannot be read (as at the last sync, ScalingActive=False/FailedGetExternalMetric"));
    // The Deployment has pods, which the dump does not.
    let it = web(&[("kind: Pod\n", "kind: Thing\n")], &[]);
    assert_eq!(it.decided(), None);
    assert!(page(&it).contains("6 run, and the dump has none"), "{}", page(&it));
    // No samples: CPU as at the last sync, over the pods whose samples would count.
    let it = web(&[("kind: PodMetricsList", "kind: OtherList")], &[]);
    assert_eq!(watermark_json(&it)["metrics"][1]["value"], json!(2.275));
    let it =
        web(&[("metricSelector: { matchLabels: { app: web } }", "metricSelector: { matchLabels: { app: api } }")], &[]);
    assert!(page(&it).contains("no sample of the dump has the labels of metricSelector, app=api"), "{}", page(&it));
    for (parts, part) in [
        (("kind: Deployment\nmetadata", "kind: Thing\nmetadata"), "Deployment shop/web"),
        (("algorithm: average", "algorithm: mean"), "spec.algorithm is \"mean\""),
        (("  replicaScalingAbsoluteModulo: 1", "  recommender: { url: x }"), "spec has recommender and metrics"),
    ] {
        let error = explained(&[parts], None, &[]).expect_err("refused");
        assert!(error.contains(part), "{error}");
    }
}

/// A controller takes pods for its target's by their ReplicaSet's name, and Pending ones for ready for a while.
#[test]
fn pods_count_as_the_controller_counts_them() {
    let ready = |parts: &[(&str, &str)]| {
        let told = watermark_json(&web(parts, &[]));
        let of = |index: usize| [told["metrics"][index]["ready"].as_i64(), told["metrics"][index]["listed"].as_i64()];
        [of(0), of(1)].map(|pods| pods.map(|count| count.expect("a count")))
    };
    assert_eq!(ready(&[]), [[5, 6], [5, 5]]);
    let strange = ("name: web-7d8f9c5b6d, uid", "name: api-7d8f9c5b6d, uid");
    let said = page(&web(&[strange], &[]));
    assert_eq!(ready(&[strange]), [[0, 0], [0, 6]]);
    assert!(said.contains("not made by the target (metadata.ownerReferences): left out"), "{said}");
    assert!(said.contains("stays at 6 because nginx.net.request_per_s: there is no pod"), "{said}");
    let trusted = ("annotations: { ", "annotations: { wpa.datadoghq.com/skip-owner-check: \"true\", ");
    assert_eq!(ready(&[strange, trusted]), [[5, 6], [5, 5]]);
    // The pod that is not ready is still Pending, for 36 s.
    let pending = (
        "phase: Running, startTime: \"2026-11-24T02:30:16Z\", conditions: [{ type: Ready, status: \"False\"",
        "phase: Pending, startTime: \"2026-11-24T02:30:16Z\", conditions: [{ type: Ready, status: \"False\"",
    );
    assert_eq!(ready(&[pending]), [[5, 6], [5, 5]]);
    let patient = ("readinessDelaySeconds: 10", "readinessDelaySeconds: 37");
    // No pod took so long to become ready: for CPU upstream then takes none, for ever.
    assert_eq!(ready(&[pending, patient]), [[6, 6], [0, 0]]);
    // More than run: as many as run.
    assert_eq!(ready(&[("status: { replicas: 6", "status: { replicas: 3")])[0], [3, 6]);
    let gone = ("metadata: { name: web-7d8f9c5b6d-4k2xz, namespace: shop", "metadata: { name: other, namespace: shop");
    assert_eq!(ready(&[gone]), [[5, 6], [4, 5]], "no sample: it could be ready");
    assert!(page(&web(&[gone], &[])).contains("5 samples in the dump, 1 of them of pods that are not the target's"));
}

#[test]
fn a_monitor_that_is_not_ok_blocks_and_a_dry_run_writes_nothing() {
    let it = web(&[NO_DELAY, ("monitorState: OK", "monitorState: Alert")], &[]);
    assert_eq!(it.decided(), Some((6, 6)));
    let said = page(&it);
    assert!(
        said.contains("Decides now: stays at 6 because the DatadogMonitor shop/web is in the state Alert"),
        "{said}"
    );
    assert!(said.contains("without that: 6 → 8, because nginx.net.request_per_s asks for the most: 8"), "{said}");
    let away = ("kind: DatadogMonitor", "kind: DatadogMetric");
    let it = web(&[NO_DELAY, away], &[]);
    assert_eq!(it.decided(), Some((6, 8)));
    assert!(page(&it).contains("taken still to let it pass, as at the last sync"), "{}", page(&it));
    let blocked = (
        "type: ScalingBlocked, status: \"False\", reason: DatadogMonitorOK",
        "type: ScalingBlocked, status: \"True\", reason: DatadogMonitorNotOK",
    );
    assert_eq!(web(&[NO_DELAY, away, blocked], &[]).decided(), Some((6, 6)));
    let off = ("lifecycle-control.enabled: \"true\"", "lifecycle-control.enabled: \"false\"");
    assert_eq!(
        web(&[NO_DELAY, blocked, off], &[]).decided(),
        Some((6, 8)),
        "what the status still says does not count"
    );
    let it = web(&[NO_DELAY, ("  maxReplicas: 12", "  dryRun: true\n  maxReplicas: 12")], &[]);
    assert_eq!(it.decided(), Some((6, 8)));
    assert!(page(&it).contains("Decides now: stays at 6, in a dry run; without it: 6 → 8"), "{}", page(&it));
    assert_eq!(watermark_json(&it)["dryRun"], json!(true));
}

/// Upstream's first sync scales at once, whatever delays say.
#[test]
fn without_a_status_the_first_sync_is_told_and_what_else_may_be() {
    let whole = text_of(DUMP);
    let status = whole.split_once("status:\n").expect("a status").1.split_once("---\n").expect("an end").0;
    let none = (format!("status:\n{status}"), String::new());
    let it = web(&[(&none.0, &none.1)], &["nginx.net.request_per_s=290"]);
    assert_eq!(it.decided(), Some((6, 8)));
    let said = page(&it);
    assert!(said.contains("the scale was never written (status.lastScaleTime)"), "{said}");
    assert!(
        said.contains("if it scaled long ago: stays at 6, because the metric is not above its high mark"),
        "{said}"
    );
    assert_eq!(watermark_json(&it)["answers"].as_array().map(Vec::len), Some(2));
}

#[test]
fn the_command_explains_them_beside_others_and_only_those_that_are_wanted() {
    let (mine, other) = (dumps(DUMP), dumps("orders.keda.yaml"));
    let both = plimsoll(&["explain", &mine, &other, "--json"]);
    assert!(both.status.success(), "{}", String::from_utf8_lossy(&both.stderr));
    let told = String::from_utf8(both.stdout).expect("text");
    let told = told.lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON")).collect::<Vec<_>>();
    assert_eq!(told.len(), 3, "a ScaledObject, its HPA, and this");
    assert_eq!(told[2]["watermarkPodAutoscaler"], json!("shop/web"));
    for only in ["web", "shop/web", "WatermarkPodAutoscaler/shop/web", "WPA/shop/web"] {
        let one = plimsoll(&["explain", &mine, &other, "--only", only]);
        let said = String::from_utf8_lossy(&one.stdout).into_owned();
        assert!(said.starts_with("WatermarkPodAutoscaler shop/web scales Deployment shop/web: 6 replicas"), "{said}");
        assert!(!said.contains("ScaledObject"), "{said}");
    }
    let none = plimsoll(&["explain", &mine, "--only", "api"]);
    assert!(String::from_utf8_lossy(&none.stderr).contains("nothing named api to explain; there are web"));
}
