//! Every message with which manifests and dumps are refused, word by word.

use plimsoll::manifest::{Dump, HorizontalPodAutoscaler, MOST_BYTES, MOST_DEPTH, documents, load};
use serde::Deserialize;

#[test]
fn texts_that_are_no_documents() {
    let cases: &[(&[u8], &str)] = &[
        (b"kind: A\nname: \xff\n", "a.yaml:2: is not UTF-8: byte 0xff"),
        (
            b"kind: [a\nname: b\n",
            "a.yaml:2: document 1: is not valid YAML: illegal placement of ':' indicator (column 5)",
        ),
        (b"kind: A\n---\nkind: \"B\n", "a.yaml:3: document 2: is not valid YAML: unclosed quote (column 7)"),
        (
            b"kind: A\n\tname: b\n",
            "a.yaml:1: document 1: is not valid YAML: while scanning a plain scalar, found a tab (column 7)",
        ),
        (b"{\"kind\": \"A\",\n \"name\": ", "a.yaml:2: document 1: the JSON text ends too early"),
        (b"{\"kind\": \"A\"\n \"name\": 1}", "a.yaml:2: document 1: is not valid JSON: expected `,` or `}` (column 2)"),
        (b"{\"kind\": 1}}", "a.yaml:1: document 2: is not valid JSON: expected value (column 12)"),
        (b"a: 1\nb: 2\na: 3\n", "a.yaml:3: document 1: the key \"a\" stands twice in one mapping, first on line 1"),
        (
            b"{\"a\": 1,\n \"b\": 2,\n \"a\": 3}",
            "a.yaml:3: document 1: the key \"a\" stands twice in one mapping, first on line 1",
        ),
        (b"? [a]\n: 1\n", "a.yaml:1: document 1: a mapping key must be text"),
        (b"a: &x 1\n*x : 2\n", "a.yaml:2: document 1: an alias cannot be a mapping key"),
        (b"a: *x\n", "a.yaml:1: document 1: is not valid YAML: while parsing node, found unknown anchor (column 4)"),
        (b"a: &x [*x]\n", "a.yaml:1: document 1: an alias stands inside the value that it repeats"),
        (b"a: !mine 1\n", "a.yaml:1: document 1: the tag !mine means nothing here"),
        (b"a: !!int b\n", "a.yaml:1: document 1: \"b\" does not fit its tag !!int"),
        (b"a: !!set {}\n", "a.yaml:1: document 1: the tag !!set means nothing here"),
        (b"a:\n  <<: 1\n", "a.yaml:2: document 1: the merge key << needs a mapping, found the number 1"),
    ];
    check(cases.iter().map(|(text, message)| (text.to_vec(), *message)), |text| documents("a.yaml", text).map(drop));
}

#[test]
fn texts_that_ask_for_too_much() {
    let deep = |open: &str, close: &str| {
        let levels = MOST_DEPTH + 1;
        format!("{}{}", open.repeat(levels), close.repeat(levels)).into_bytes()
    };
    let bomb = "a: &a [x, x, x, x, x, x, x, x, x, x]\n".to_owned()
        + &('b'..='h')
            .zip('a'..)
            .map(|(name, below)| format!("{name}: &{name} [{}]\n", vec![format!("*{below}"); 10].join(", ")))
            .collect::<String>();
    let tower = "a0: &a0 []\n".to_owned()
        + &(1..MOST_DEPTH).map(|n| format!("a{n}: &a{n} [*a{}]\n", n - 1)).collect::<String>();
    let cases = [
        (vec![b' '; MOST_BYTES + 1], "a.yaml: has 67108865 bytes; at most 67108864 are read"),
        (deep("[", "]"), "a.yaml:1: document 1: is nested deeper than 64 levels"),
        (deep("- ", "x\n"), "a.yaml:1: document 1: is nested deeper than 64 levels"),
        (bomb.into_bytes(), "a.yaml:5: document 1: aliases add more than 100000 values"),
        (tower.into_bytes(), "a.yaml:64: document 1: is nested deeper than 64 levels"),
        (format!("[{}1]", "1,".repeat(2_000_000)).into_bytes(), "a.yaml:1: document 1: holds more than 2000000 values"),
        (
            format!("a: [{}1]", "1,".repeat(2_000_000)).into_bytes(),
            "a.yaml:1: document 1: holds more than 2000000 values",
        ),
    ];
    check(cases, |text| documents("a.yaml", text).map(drop));
}

#[test]
fn documents_that_are_not_the_type_asked_for() {
    #[derive(Debug, Deserialize)]
    #[serde(rename_all = "camelCase", deny_unknown_fields)]
    struct Thing {
        #[serde(rename = "replicas")]
        _replicas: u8,
        #[serde(default, rename = "isOn")]
        _on: bool,
        #[serde(default, rename = "ratio")]
        _ratio: f64,
        #[serde(default, rename = "color")]
        _color: Option<Color>,
        #[serde(default, rename = "inner")]
        _inner: Vec<Self>,
    }
    #[derive(Debug, Deserialize)]
    #[serde(rename_all = "lowercase")]
    enum Color {
        Red,
        Green,
    }
    let cases = [
        ("isOn: true", "a.yaml:1: document 1: the field \"replicas\" is missing"),
        (
            "replicas: 256",
            "a.yaml:1: document 1: replicas: expected a whole number from 0 to 255, found the number 256",
        ),
        (
            "replicas: 1.5",
            "a.yaml:1: document 1: replicas: expected a whole number from 0 to 255, found the number 1.5",
        ),
        (
            "replicas: .nan",
            "a.yaml:1: document 1: replicas: expected a whole number from 0 to 255, found the number NaN",
        ),
        (
            "replicas: '1'",
            "a.yaml:1: document 1: replicas: expected a whole number from 0 to 255, found the text \"1\"",
        ),
        ("replicas: 1\nisOn: 1", "a.yaml:2: document 1: isOn: expected true or false, found the number 1"),
        ("replicas: 1\nratio: high", "a.yaml:2: document 1: ratio: expected a number, found the text \"high\""),
        ("replicas: 1\ncolor: gren", "a.yaml:2: document 1: color: unknown value \"gren\", did you mean \"green\"?"),
        ("replicas: 1\ncolor: purple", "a.yaml:2: document 1: color: unknown value \"purple\"; known are green, red"),
        ("replicas: 1\ncolor: 3", "a.yaml:2: document 1: color: expected text, found the number 3"),
        ("replicas: 1\ninner: {}", "a.yaml:2: document 1: inner: expected a list, found a mapping"),
        (
            "replicas: 1\ninner:\n- replicas: 1\n  inner:\n  - 5",
            "a.yaml:5: document 1: inner[0].inner[0]: expected a mapping, found the number 5",
        ),
        (
            "replicas: 1\ninner:\n- replicas: 2\n  replica: 3",
            "a.yaml:4: document 1: inner[0]: unknown field \"replica\", did you mean \"replicas\"?",
        ),
        (
            "replicas: 1\n\"odd key\": 3",
            "a.yaml:2: document 1: unknown field \"odd key\"; known are color, inner, isOn, ratio, replicas",
        ),
        ("- replicas: 1", "a.yaml:1: document 1: expected a mapping, found a list"),
    ];
    check(cases.map(|(text, message)| (text.into(), message)), |text| {
        documents("a.yaml", text)?[0].read::<Thing>().map(drop)
    });
}

#[test]
fn manifests() {
    let v2 = |rest: &str| format!("apiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\n{rest}");
    let v1 = |name: &str, json: &str| {
        format!(
            "apiVersion: autoscaling/v1\nkind: HorizontalPodAutoscaler\nmetadata:\n  annotations:\n    \
             autoscaling.alpha.kubernetes.io/{name}: '{json}'\n"
        )
    };
    let version = |version: &str| format!("kind: HorizontalPodAutoscaler\napiVersion: {version}\n");
    let cases = [
        ("5".to_owned(), "a.yaml:1: document 1: expected a Kubernetes object, found the number 5"),
        ("- a".to_owned(), "a.yaml:1: document 1: expected a Kubernetes object, found a list"),
        ("name: web".to_owned(), "a.yaml:1: document 1: expected a Kubernetes object, found a mapping without kind"),
        ("kind: List\nitems: 5".to_owned(), "a.yaml:2: document 1: items: expected a list, found the number 5"),
        (
            "kind: List\nitems:\n- name: a".to_owned(),
            "a.yaml:3: document 1: items[0]: expected a Kubernetes object, found a mapping without kind",
        ),
        (
            "kind: List\nitems:\n- 5".to_owned(),
            "a.yaml:3: document 1: items[0]: expected a Kubernetes object, found the number 5",
        ),
        (
            "kind: HorizontalPodAutoscalerList\nitems:\n- 5".to_owned(),
            "a.yaml:3: document 1: items[0]: expected a Kubernetes object, found the number 5",
        ),
        (
            version("autoscaling/v2beta1"),
            "a.yaml:2: document 1: apiVersion: autoscaling/v2beta1 is gone since Kubernetes 1.25: write \"apiVersion: autoscaling/v2\", with each metric's name under \"metric\" and its targetAverageUtilization, targetAverageValue or targetValue under \"target\"",
        ),
        (
            version("autoscaling/v2beta2"),
            "a.yaml:2: document 1: apiVersion: autoscaling/v2beta2 is gone since Kubernetes 1.26: write \"apiVersion: autoscaling/v2\", the fields are the same",
        ),
        (
            version("autoscaling/v3"),
            "a.yaml:2: document 1: apiVersion: \"autoscaling/v3\" is no version of a HorizontalPodAutoscaler: write \"apiVersion: autoscaling/v2\"",
        ),
        (version(""), "a.yaml:2: document 1: apiVersion: is missing: write \"apiVersion: autoscaling/v2\""),
        (v2("specs: {}"), "a.yaml:3: document 1: unknown field \"specs\", did you mean \"spec\"?"),
        (
            v2("spec:\n  maxReplicas: ten"),
            "a.yaml:4: document 1: spec.maxReplicas: expected a whole number from -2147483648 to 2147483647, found the text \"ten\"",
        ),
        (
            v2("spec:\n  maxReplicas: 2147483648"),
            "a.yaml:4: document 1: spec.maxReplicas: expected a whole number from -2147483648 to 2147483647, found the number 2147483648",
        ),
        (
            v2("spec:\n  metrics:\n  - type: Resource\n    resource:\n      target:\n        avrageUtilization: 50"),
            "a.yaml:8: document 1: spec.metrics[0].resource.target: unknown field \"avrageUtilization\", did you mean \"averageUtilization\"?",
        ),
        (
            v2("spec:\n  scaleTargetRef:\n    namespace: default"),
            "a.yaml:5: document 1: spec.scaleTargetRef: unknown field \"namespace\"; known are apiVersion, kind, name",
        ),
        (
            v2("spec:\n  metrics:\n  - external:\n      target:\n        value: 10 GB"),
            "a.yaml:7: document 1: spec.metrics[0].external.target.value: \"10 GB\" is not a quantity: the suffix \" GB\" is none of n u m k M G T P E Ki Mi Gi Ti Pi Ei and no exponent like e3",
        ),
        (
            v2("spec:\n  metrics:\n  - external:\n      target:\n        value: .inf"),
            "a.yaml:7: document 1: spec.metrics[0].external.target.value: \"inf\" is not a quantity: it is not a finite number",
        ),
        (
            v2("spec:\n  metrics:\n  - external:\n      target:\n        value: true"),
            "a.yaml:7: document 1: spec.metrics[0].external.target.value: expected a quantity such as \"250m\" or \"1.5Gi\", found true",
        ),
        (
            v2("spec:\n  metrics:\n  - external:\n      target:\n        value: [1]"),
            "a.yaml:7: document 1: spec.metrics[0].external.target.value: expected a quantity such as \"250m\" or \"1.5Gi\", found a list",
        ),
        (
            v2("spec:\n  behavior:\n    scaleUp:\n      policies:\n      - Pods"),
            "a.yaml:7: document 1: spec.behavior.scaleUp.policies[0]: expected a mapping, found the text \"Pods\"",
        ),
        (
            v2("spec:\n  behavior: none"),
            "a.yaml:4: document 1: spec.behavior: expected a mapping, found the text \"none\"",
        ),
        (v2("metadata:\n  name: 5"), "a.yaml:4: document 1: metadata.name: expected text, found the number 5"),
        (
            v2("metadata:\n  labels:\n    example.com/canary: yes"),
            "a.yaml:5: document 1: metadata.labels[\"example.com/canary\"]: expected text, found true",
        ),
        (
            v2("status:\n  lastScaleTime: yesterday"),
            "a.yaml:4: document 1: status.lastScaleTime: expected a time like 2026-11-24T02:36:38Z, found the text \"yesterday\"",
        ),
        (v2("status:\n  conditions: {}"), "a.yaml:4: document 1: status.conditions: expected a list, found a mapping"),
        (
            v1("metrics", "[{"),
            "a.yaml:5: document 1: metadata.annotations: the annotation autoscaling.alpha.kubernetes.io/metrics of autoscaling/v1 cannot be converted: the JSON text ends too early; write \"apiVersion: autoscaling/v2\" with spec.metrics instead",
        ),
        (
            v1("metrics", "[] []"),
            "a.yaml:5: document 1: metadata.annotations: the annotation autoscaling.alpha.kubernetes.io/metrics of autoscaling/v1 cannot be converted: it holds more than one value; write \"apiVersion: autoscaling/v2\" with spec.metrics instead",
        ),
        (
            v1("metrics", r#"[{"type": "Resource", "resource": {"nam": "cpu"}}]"#),
            "a.yaml:5: document 1: metadata.annotations: the annotation autoscaling.alpha.kubernetes.io/metrics of autoscaling/v1 cannot be converted: [0].resource: unknown field \"nam\", did you mean \"name\"?; write \"apiVersion: autoscaling/v2\" with spec.metrics instead",
        ),
        (
            v1("behavior", r#"{"ScaleUp": {"Policies": 5}}"#),
            "a.yaml:5: document 1: metadata.annotations: the annotation autoscaling.alpha.kubernetes.io/behavior of autoscaling/v1 cannot be converted: scaleUp.policies: expected a list, found the number 5; write \"apiVersion: autoscaling/v2\" with spec.behavior instead",
        ),
        (
            v1("conditions", "5"),
            "a.yaml:5: document 1: metadata.annotations: the annotation autoscaling.alpha.kubernetes.io/conditions of autoscaling/v1 cannot be converted: expected a list, found the number 5; write \"apiVersion: autoscaling/v2\" with status.conditions instead",
        ),
        (
            "apiVersion: v1\nkind: List\nitems:\n- apiVersion: autoscaling/v1\n  kind: HorizontalPodAutoscaler\n  \
             spec:\n    metrics: []"
                .to_owned(),
            "a.yaml:7: document 1: items[0].spec: unknown field \"metrics\"; known are maxReplicas, minReplicas, scaleTargetRef, targetCPUUtilizationPercentage",
        ),
    ];
    check(cases.map(|(text, message)| (text.into_bytes(), message)), |text| load("a.yaml", text).map(drop));
}

#[test]
fn one_document_as_an_autoscaler() {
    let cases = [
        (
            "apiVersion: v1\nkind: Service",
            "a.yaml:2: document 1: expected a HorizontalPodAutoscaler, found the kind \"Service\"",
        ),
        ("- 5", "a.yaml:1: document 1: expected a HorizontalPodAutoscaler, found the kind \"\""),
    ];
    check(cases.map(|(text, message)| (text.into(), message)), |text| {
        HorizontalPodAutoscaler::from_document(&documents("a.yaml", text)?[0]).map(drop)
    });
}

#[test]
fn dumps() {
    let pod = |rest: &str| format!("apiVersion: v1\nkind: Pod\nmetadata: {{name: p}}\n{rest}");
    let metric =
        |rest: &str| format!("apiVersion: metrics.k8s.io/v1beta1\nkind: PodMetrics\nmetadata: {{name: p}}\n{rest}");
    let deployment = |rest: &str| format!("apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: d}}\n{rest}");
    let custom = "apiVersion: custom.metrics.k8s.io/v1beta2\nkind: MetricValueList\nitems:\n";
    let cases = [
        ("apiVersion: v1\nkind: Pod\n".to_owned(), "a.yaml:1: document 1: metadata.name: a Pod without a name"),
        (
            "apiVersion: v1\nkind: PodList\nitems:\n- metadata: {name: a}\n- metadata:\n    namespace: b\n".to_owned(),
            "a.yaml:5: document 1: items[1].metadata.name: a Pod without a name",
        ),
        (
            pod("status:\n  phase: Sleeping"),
            "a.yaml:5: document 1: status.phase: expected one of Pending, Running, Succeeded, Failed, Unknown, found the text \"Sleeping\"",
        ),
        (
            pod("status:\n  startTime: 12:00"),
            "a.yaml:5: document 1: status.startTime: expected a time like 2026-11-24T02:36:38Z, found the text \"12:00\"",
        ),
        (
            pod("status:\n  conditions:\n  - type: Ready\n    status: true"),
            "a.yaml:7: document 1: status.conditions[0].status: expected text, found true",
        ),
        (
            pod("status:\n  conditions:\n  - type: Ready\n    status: Maybe"),
            "a.yaml:7: document 1: status.conditions[0].status: expected one of True, False, Unknown, found the text \"Maybe\"",
        ),
        (
            pod("status:\n  conditions:\n  - type: PodScheduled\n    status: no way"),
            "a.yaml:7: document 1: status.conditions[0].status: expected one of True, False, Unknown, found the text \"no way\"",
        ),
        (
            pod("spec:\n  containers:\n  - name: a\n    resources:\n      requests:\n        cpu: 1 core"),
            "a.yaml:9: document 1: spec.containers[0].resources.requests.cpu: \"1 core\" is not a quantity: the suffix \" core\" is none of n u m k M G T P E Ki Mi Gi Ti Pi Ei and no exponent like e3",
        ),
        (pod("spec:\n  containers: a"), "a.yaml:5: document 1: spec.containers: expected a list, found the text \"a\""),
        (
            deployment("spec:\n  replicas: many"),
            "a.yaml:5: document 1: spec.replicas: expected a whole number from -2147483648 to 2147483647, found the text \"many\"",
        ),
        (
            deployment("spec:\n  selector:\n    matchExpressions:\n    - {key: a, operator: Is}"),
            "a.yaml:5: document 1: spec.selector: the operator \"Is\" on \"a\" is not In, NotIn, Exists or DoesNotExist",
        ),
        (
            "apiVersion: autoscaling/v1\nkind: Scale\nmetadata: {name: s}\nstatus:\n  selector: a in b".to_owned(),
            "a.yaml:5: document 1: status.selector: \"a in b\" is not a selector: it cannot be read from \"a in b\"",
        ),
        (metric("window: 10"), "a.yaml:4: document 1: window: expected text, found the number 10"),
        (
            metric("window: 10 s"),
            "a.yaml:4: document 1: window: expected a duration such as 10s or 1m30s, found the text \"10 s\"",
        ),
        (metric("timestamp: 0"), "a.yaml:4: document 1: timestamp: expected text, found the number 0"),
        (
            metric("containers:\n- usage:\n    cpu: x"),
            "a.yaml:6: document 1: containers[0].usage.cpu: \"x\" is not a quantity: it has no digits",
        ),
        (
            format!("{custom}- describedObject: {{name: a}}\n  metric: {{}}"),
            "a.yaml:5: document 1: items[0].metric.name: a MetricValue without a metric name",
        ),
        (
            format!("{custom}- metric: {{name: q}}"),
            "a.yaml:4: document 1: items[0].describedObject.name: a MetricValue without the name of its object",
        ),
        (
            format!("{custom}- {{metric: {{name: q}}, describedObject: {{name: a}}, value: many}}"),
            "a.yaml:4: document 1: items[0].value: \"many\" is not a quantity: it has no digits",
        ),
        (
            "apiVersion: external.metrics.k8s.io/v1beta1\nkind: ExternalMetricValueList\nitems:\n- value: 1".to_owned(),
            "a.yaml:4: document 1: items[0].metricName: an ExternalMetricValue without a metric name",
        ),
    ];
    check(cases.map(|(text, message)| (text.into_bytes(), message)), |text| Dump::read([("a.yaml", text)]).map(drop));
}

/// Runs all cases, so that one look shows every difference.
fn check<'m, E: std::fmt::Display>(
    cases: impl IntoIterator<Item = (Vec<u8>, &'m str)>,
    read: impl Fn(&[u8]) -> Result<(), E>,
) {
    let mut wrong = Vec::new();
    for (text, expected) in cases {
        let found = match read(&text) {
            Ok(()) => "(accepted)".to_owned(),
            Err(error) => error.to_string(),
        };
        if found != expected {
            let start = String::from_utf8_lossy(&text[..text.len().min(200)]).into_owned();
            wrong.push(format!("{start:?}\n  gives    {found}\n  expected {expected}"));
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}
