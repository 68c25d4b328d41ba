//! What manifests mean: YAML as `kubectl` reads it, `autoscaling/v1`, and where things stand in the text.

use plimsoll::manifest::{Api, HorizontalPodAutoscaler, Labels, LoadError, documents, fill, load};

#[test]
fn plain_yaml_scalars_mean_what_they_mean_to_kubectl() {
    let read =
        |scalar: &str| -> Result<Labels, LoadError> { documents("a", format!("k: {scalar}").as_bytes())?[0].read() };
    for text in ["a", "'5'", "\"yes\"", "!!str 5", "2026-11-24T02:36:38Z", "1.2.3", "08x", "0x", "1e999", "y", "n"] {
        let value = text.trim_start_matches("!!str ").trim_matches(['\'', '"']);
        let labels = read(text).unwrap_or_else(|error| panic!("{text}: {error}"));
        assert_eq!(labels["k"], value, "{text}");
    }
    for (text, found) in [
        ("5", "the number 5"),
        ("010", "the number 8"),
        ("0o10", "the number 8"),
        ("0x1F", "the number 31"),
        ("-0b11", "the number -3"),
        ("1_000", "the number 1000"),
        ("08", "the number 8.0"),
        ("1e3", "the number 1000.0"),
        ("9223372036854775808", "the number 9.223372036854776e18"),
        (".5", "the number 0.5"),
        ("-.inf", "the number -inf"),
        (".NaN", "the number NaN"),
        ("yes", "true"),
        ("Off", "false"),
        ("[]", "a list"),
        ("{}", "a mapping"),
    ] {
        let error = read(text).expect_err(text);
        assert_eq!(error.message, format!("expected text, found {found}"), "{text}");
    }
    for empty in ["", "~", "null"] {
        assert_eq!(read(empty).expect("null is the empty text")["k"], "", "{empty:?}");
    }
}

#[test]
fn aliases_and_merge_keys_are_followed() {
    let text = "base: &base {a: '1', b: '2'}\nlist: [*base, *base]\nown:\n  b: '3'\n  <<: *base\nboth:\n  \
                <<: [{a: x}, *base]\n&k word: *k\n";
    type Sections = std::collections::BTreeMap<String, serde_json::Value>;
    let sections: Sections = documents("a", text.as_bytes()).expect("YAML")[0].read().expect("sections");
    assert_eq!(sections["list"], serde_json::json!([{"a":"1","b":"2"},{"a":"1","b":"2"}]));
    assert_eq!(sections["own"], serde_json::json!({"a":"1","b":"3"}));
    assert_eq!(sections["word"], serde_json::json!("word"));
    assert_eq!(sections["both"], serde_json::json!({"a":"x","b":"2"}));
}

#[test]
fn documents_are_counted_and_texts_of_both_kinds_are_told_apart() {
    let numbers = |text: &str| -> Vec<usize> {
        let documents = documents("a", text.as_bytes()).unwrap_or_else(|error| panic!("{error}"));
        documents.iter().map(plimsoll::manifest::Document::number).collect()
    };
    assert_eq!(numbers(""), [0; 0]);
    assert_eq!(numbers("# nothing\n---\n"), [0; 0]);
    assert_eq!(numbers("a: 1\n---\n---\nb: 2\n...\n"), [1, 3]);
    assert_eq!(numbers("{\"a\": 1}\n{\"b\": 2} null {}"), [1, 2, 4]);
    // Flow style and trailing commas are no JSON, but YAML.
    assert_eq!(numbers("{a: 1,}\n---\n[b]"), [1, 2]);
    assert_eq!(numbers("\u{feff}{\"a\": 1}"), [1]);
}

#[test]
fn a_violation_is_found_in_the_text() {
    let text = "# ours\nkind: List\nitems:\n- kind: HorizontalPodAutoscaler\n  apiVersion: autoscaling/v2\n  metadata:\n    \
                name: web\n  spec:\n    scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}\n    \
                maxReplicas: 0\n    metrics:\n    - type: Resource\n      resource:\n        name: cpu\n        target:\n          \
                type: Utilization\n          averageUtilization: 0\n    - type: Pods\n";
    let manifest = load("web.yaml", text.as_bytes()).expect("readable");
    let loaded = &manifest.hpas[0];
    let mut hpa = loaded.hpa.clone();
    fill(&mut hpa.spec);
    let located: Vec<String> =
        Api::default().validate(&hpa, None).iter().map(|violation| loaded.locate(violation)).collect();
    assert_eq!(
        located,
        [
            "web.yaml:10: spec.maxReplicas: Required value: must be set and greater than 0",
            "web.yaml:10: spec.maxReplicas: Invalid value: 0: must be greater than or equal to `minReplicas`",
            "web.yaml:17: spec.metrics[0].resource.target.averageUtilization: Invalid value: 0: must be greater than 0",
            "web.yaml:18: spec.metrics[1].pods: Required value: must populate information for the given metric source",
        ]
    );
}

#[test]
fn version_1_with_its_annotations_is_the_same_autoscaler_as_version_2() {
    let old = r#"
apiVersion: autoscaling/v1
kind: HorizontalPodAutoscaler
metadata:
  name: web
  annotations:
    team: core
    autoscaling.alpha.kubernetes.io/metrics: |
      [{"type": "Resource", "resource": {"name": "memory", "targetAverageValue": "300Mi"}},
       {"type": "ContainerResource", "containerResource": {"name": "cpu", "container": "app", "targetAverageUtilization": 60}},
       {"type": "Pods", "pods": {"metricName": "qps", "targetAverageValue": "5"}},
       {"type": "Object", "object": {"target": {"kind": "Ingress", "name": "i"}, "metricName": "hits", "targetValue": "0", "averageValue": "2"}},
       {"type": "Object", "object": {"target": {"kind": "Ingress", "name": "i"}, "metricName": "hits", "targetValue": "9"}},
       {"type": "External", "external": {"metricName": "lag", "metricSelector": {"matchLabels": {"topic": "a"}}, "targetValue": "30"}}]
    autoscaling.alpha.kubernetes.io/behavior: >
      {"ScaleUp": {"StabilizationWindowSeconds": 0, "SelectPolicy": "Max", "Tolerance": null,
       "Policies": [{"Type": "Pods", "Value": 4, "PeriodSeconds": 15}]}, "ScaleDown": null}
    autoscaling.alpha.kubernetes.io/conditions: >
      [{"type": "AbleToScale", "status": "True", "lastTransitionTime": "2026-01-01T00:00:00Z", "reason": "ReadyForNewScale"}]
    autoscaling.alpha.kubernetes.io/current-metrics: "[]"
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}
  minReplicas: 2
  maxReplicas: 10
  targetCPUUtilizationPercentage: 70
status: {currentReplicas: 3, desiredReplicas: 4, lastScaleTime: "2026-01-01T00:00:00Z", currentCPUUtilizationPercentage: 5}
"#;
    let new = r#"
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: web, namespace: default, annotations: {team: core}}
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}
  minReplicas: 2
  maxReplicas: 10
  metrics:
  - {type: Resource, resource: {name: memory, target: {type: AverageValue, averageValue: 300Mi}}}
  - {type: ContainerResource, containerResource: {name: cpu, container: app, target: {type: Utilization, averageUtilization: 60}}}
  - {type: Pods, pods: {metric: {name: qps}, target: {type: AverageValue, averageValue: 5}}}
  - {type: Object, object: {describedObject: {kind: Ingress, name: i}, metric: {name: hits}, target: {type: AverageValue, averageValue: 2}}}
  - {type: Object, object: {describedObject: {kind: Ingress, name: i}, metric: {name: hits}, target: {type: Value, value: 9}}}
  - {type: External, external: {metric: {name: lag, selector: {matchLabels: {topic: a}}}, target: {type: Value, value: 30}}}
  - {type: Resource, resource: {name: cpu, target: {type: Utilization, averageUtilization: 70}}}
  behavior:
    scaleUp:
      stabilizationWindowSeconds: 0
      selectPolicy: Max
      policies: [{type: Pods, value: 4, periodSeconds: 15}]
status:
  currentReplicas: 3
  desiredReplicas: 4
  lastScaleTime: 2026-01-01T00:00:00Z
  conditions: [{type: AbleToScale, status: "True", lastTransitionTime: 2026-01-01T00:00:00Z, reason: ReadyForNewScale}]
"#;
    assert_eq!(one(old), one(new));
    let mut filled = one(old);
    fill(&mut filled.spec);
    assert_eq!(Api::default().validate(&filled, None), []);
}

#[test]
fn a_plain_version_1_has_cpu_only() {
    let text =
        "apiVersion: autoscaling/v1\nkind: HorizontalPodAutoscaler\nmetadata: {name: web}\nspec: {maxReplicas: 3}\n";
    let mut hpa = one(text);
    assert_eq!(hpa.spec.metrics, []);
    assert_eq!(hpa.spec.behavior, None);
    fill(&mut hpa.spec);
    let cpu = hpa.spec.metrics[0].resource.as_ref().expect("the default metric");
    assert_eq!((cpu.name.as_str(), cpu.target.average_utilization), ("cpu", Some(80)));
}

#[test]
fn what_is_written_is_read_back() {
    let mut hpa = one(
        "apiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nmetadata: {name: web, labels: {a: b}}\nspec:\n  \
         maxReplicas: 3\n  behavior: {scaleDown: {tolerance: 0.05}}\n",
    );
    fill(&mut hpa.spec);
    let json = serde_json::to_string(&hpa).expect("plain data");
    assert!(json.contains(r#""tolerance":"50m""#), "{json}");
    assert_eq!(one(&json), hpa);
}

fn one(text: &str) -> HorizontalPodAutoscaler {
    let manifest = load("a.yaml", text.as_bytes()).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(manifest.hpas.len(), 1);
    manifest.hpas[0].hpa.clone()
}
