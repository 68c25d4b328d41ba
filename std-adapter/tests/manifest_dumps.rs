//! Four real moments of a cluster, and small dumps of the kinds that those do not hold.

use std::path::PathBuf;
use std::time::Duration;

use plimsoll::manifest::{Api, Dump, Phase, Quantity, Truth, load};

#[test]
fn the_real_dumps_hold_what_their_readme_says() {
    for (name, pods, samples, desired, reason) in [
        ("up-limited", 11, 10, 11, "ScaleUpLimit"),
        ("pods-starting", 11, 6, 11, "ScaleUpLimit"),
        ("down-stabilized", 17, 15, 17, "DesiredWithinRange"),
        ("down-limited", 8, 7, 8, "ScaleDownLimit"),
    ] {
        let dump = real(name);
        assert_eq!(dump.notes, [""; 0], "{name}");
        let [hpa] = dump.hpas.as_slice() else {
            panic!("{name}: one autoscaler");
        };
        assert_eq!((hpa.metadata.namespace.as_str(), hpa.metadata.name.as_str()), ("default", "web"));
        assert_eq!(hpa.status.desired_replicas, desired, "{name}");
        let limited = hpa.status.conditions.iter().find(|c| c.kind == "ScalingLimited");
        assert_eq!(limited.map(|c| c.reason.as_str()), Some(reason), "{name}");
        assert_eq!(hpa.spec.metrics[1].resource.as_ref().and_then(|r| r.target.average_value), quantity("300Mi"));
        // What the server stored is filled and valid.
        let mut filled = hpa.spec.clone();
        plimsoll::manifest::fill(&mut filled);
        assert_eq!(filled, hpa.spec, "{name}");
        assert_eq!(Api::default().validate(hpa, None), [], "{name}");
        assert_eq!(Api::default().validate_status(&hpa.status), [], "{name}");

        let [scale] = dump.scales.as_slice() else {
            panic!("{name}: one workload");
        };
        assert_eq!((scale.kind.as_str(), scale.api_version.as_str()), ("Deployment", "apps/v1"));
        assert_eq!(scale.replicas, desired, "{name}");
        let selector = scale.selector.as_ref().expect("a selector");
        assert_eq!(selector.to_string(), "app=web");
        assert!(dump.pods.iter().all(|pod| selector.matches(&pod.labels)));

        assert_eq!(dump.pods.len(), pods, "{name}");
        for pod in &dump.pods {
            assert_eq!(pod.containers.len(), 1);
            assert_eq!(pod.containers[0].requests.get("cpu").map(|cpu| cpu.milli()), Some(200));
            assert_eq!(pod.containers[0].requests.get("memory").copied(), quantity("256Mi"));
            assert_eq!(pod.node.as_deref(), Some("n1"));
        }
        assert_eq!(dump.pod_metrics.len(), samples, "{name}");
        for sample in &dump.pod_metrics {
            assert_eq!(sample.window, Duration::from_secs(10));
            assert!(sample.timestamp.is_some());
            assert_eq!(sample.containers.len(), 1);
            assert_eq!(sample.containers[0].usage.len(), 2);
        }
    }
}

#[test]
fn pods_that_just_started_have_no_readiness_and_no_start() {
    let dump = real("pods-starting");
    let (new, old): (Vec<_>, Vec<_>) = dump.pods.iter().partition(|pod| pod.phase == Phase::Pending);
    assert_eq!((new.len(), old.len()), (5, 6));
    assert!(new.iter().all(|pod| pod.ready.is_none() && pod.started.is_none()));
    for pod in old {
        let ready = pod.ready.expect("an old pod is ready");
        assert_eq!((pod.phase, ready.status), (Phase::Running, Truth::True));
        assert!(ready.since.is_some() && pod.started.is_some());
    }
}

#[test]
fn one_sample_is_read_to_the_nano() {
    let dump = real("down-limited");
    let sample = &dump.pod_metrics[0];
    assert_eq!(sample.pod, "web-579bbf949b-bv9tc");
    let timestamp = sample.timestamp.map(|time| time.to_string());
    assert_eq!(timestamp.as_deref(), Some("2026-11-24T02:36:38Z"));
    let usage = &sample.containers[0].usage;
    assert_eq!(usage.get("cpu").map(|cpu| cpu.milli()), Some(25));
    assert_eq!(usage.get("memory").map(|memory| memory.whole()), Some(122 << 20));
}

#[test]
fn a_dump_in_yaml_and_a_dump_in_json_are_the_same() {
    let text = std::fs::read(path("up-limited.objects.json")).expect("the dump");
    let tree: serde_json::Value = serde_json::from_slice(&text).expect("JSON");
    // Compact JSON is YAML as well; a document marker makes it so for the reader.
    let yaml = format!("---\n{tree}\n");
    let json = Dump::read([("a", text.as_slice())]).expect("JSON");
    let yaml = Dump::read([("a", yaml.as_bytes())]).expect("YAML");
    assert_eq!(json.pods, yaml.pods);
    assert_eq!(json.hpas, yaml.hpas);
    assert_eq!(json.scales, yaml.scales);
}

#[test]
fn a_pod_with_everything() {
    let dump = Dump::read([(
        "a.yaml",
        b"
apiVersion: v1
kind: Pod
metadata:
  name: p
  namespace: prod
  deletionTimestamp: 2026-01-01T00:00:00Z
spec:
  initContainers:
  - {name: once, resources: {requests: {cpu: 2}}}
  - {name: side, restartPolicy: Always, resources: {requests: {cpu: 0.5}}}
  containers:
  - {name: b}
  - {name: a, resources: {requests: {nvidia.com/gpu: '1'}, limits: {cpu: ignored}}}
  resources: {requests: {memory: 1Gi}}
  overhead: {cpu: 250m}
status:
  phase: Pending
  conditions:
  - {type: Ready, status: 'False', lastTransitionTime: null}
  - {type: PodScheduled, status: 'False', reason: Unschedulable}
"
        .as_slice(),
    )])
    .expect("a pod");
    let pod = &dump.pods[0];
    assert!(pod.deleted && pod.unschedulable && pod.node.is_none());
    assert_eq!(pod.ready.map(|ready| (ready.status, ready.since)), Some((Truth::False, None)));
    let names = |list: &[plimsoll::manifest::Container]| -> Vec<(String, bool)> {
        list.iter().map(|c| (c.name.clone(), c.restartable)).collect()
    };
    assert_eq!(names(&pod.init_containers), [("once".to_owned(), false), ("side".to_owned(), true)]);
    assert_eq!(names(&pod.containers), [("b".to_owned(), false), ("a".to_owned(), false)]);
    assert_eq!(pod.init_containers[1].requests.get("cpu").copied(), quantity("500m"));
    assert_eq!(pod.containers[1].requests.get("nvidia.com/gpu").copied(), quantity("1"));
    assert_eq!(pod.requests.get("memory").copied(), quantity("1Gi"));
    assert_eq!(pod.overhead.get("cpu").copied(), quantity("250m"));
}

#[test]
fn scales_and_workloads() {
    let dump = Dump::read([(
        "a.yaml",
        b"
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: db}
spec:
  selector:
    matchExpressions:
    - {key: app, operator: In, values: [db]}
---
apiVersion: autoscaling/v1
kind: Scale
metadata: {name: idle, namespace: prod}
spec: {}
status: {replicas: 2, selector: 'app=idle,tier notin (x, y)'}
---
apiVersion: apps/v1
kind: ReplicaSet
metadata: {name: rs}
spec: {replicas: 0}
"
        .as_slice(),
    )])
    .expect("workloads");
    let seen: Vec<(&str, &str, &str, i32, i32, String)> = dump
        .scales
        .iter()
        .map(|s| {
            let selector = s.selector.as_ref().map_or("none".to_owned(), ToString::to_string);
            (s.kind.as_str(), s.namespace.as_str(), s.name.as_str(), s.replicas, s.status_replicas, selector)
        })
        .collect();
    assert_eq!(
        seen,
        [
            ("StatefulSet", "default", "db", 1, 0, "app in (db)".to_owned()),
            ("Scale", "prod", "idle", 0, 2, "app=idle,tier notin (x,y)".to_owned()),
            ("ReplicaSet", "default", "rs", 0, 0, "none".to_owned()),
        ]
    );
}

#[test]
fn custom_and_external_metrics_of_both_versions() {
    let dump = Dump::read([
        (
            "custom.json",
            br#"{"kind":"MetricValueList","apiVersion":"custom.metrics.k8s.io/v1beta1","items":[
                {"describedObject":{"kind":"Pod","namespace":"prod","name":"p","apiVersion":"/v1"},
                 "metricName":"qps","timestamp":"2026-01-01T00:00:00Z","window":60,"value":"1500m","selector":null}]}
               {"kind":"MetricValueList","apiVersion":"custom.metrics.k8s.io/v1beta2","items":[
                {"describedObject":{"kind":"Ingress","namespace":"prod","name":"i"},
                 "metric":{"name":"hits","selector":{"matchLabels":{"verb":"GET"}}},"windowSeconds":30,"value":"12k"}]}"#
                .as_slice(),
        ),
        (
            "external.json",
            br#"{"kind":"ExternalMetricValueList","apiVersion":"external.metrics.k8s.io/v1beta1","items":[
                {"metricName":"lag","metricLabels":{"topic":"a"},"timestamp":"2026-01-01T00:00:01.5Z","value":"7"},
                {"metricName":"lag","metricLabels":{"topic":"b"},"value":8}]}"#,
        ),
    ])
    .expect("metrics");
    let custom: Vec<_> = dump
        .custom_metrics
        .iter()
        .map(|m| (m.namespace.as_str(), m.object.name.as_str(), m.metric.as_str(), m.value.milli(), m.window_seconds))
        .collect();
    assert_eq!(custom, [("prod", "p", "qps", 1_500, Some(60)), ("prod", "i", "hits", 12_000_000, Some(30))]);
    assert!(dump.custom_metrics[1].selector.is_some());
    let external: Vec<_> = dump
        .external_metrics
        .iter()
        .map(|m| (m.metric.as_str(), m.labels["topic"].as_str(), m.value.whole(), m.timestamp.is_some()))
        .collect();
    assert_eq!(external, [("lag", "a", 7, true), ("lag", "b", 8, false)]);
}

#[test]
fn raw_lists_give_their_items_kind_and_version() {
    let raw = br#"{"kind":"HorizontalPodAutoscalerList","apiVersion":"autoscaling/v2","items":[
        {"metadata":{"name":"web"},"spec":{"maxReplicas":3}}]}"#;
    let old = br#"{"kind":"HorizontalPodAutoscalerList","apiVersion":"autoscaling/v1","items":[
        {"metadata":{"name":"old"},"spec":{"maxReplicas":4,"targetCPUUtilizationPercentage":50}}]}"#;
    let deployments = br#"{"kind":"DeploymentList","apiVersion":"apps/v1","items":[{"metadata":{"name":"d"}}]}"#;
    let texts = [("a", raw.as_slice()), ("b", old.as_slice()), ("c", deployments.as_slice())];
    let dump = Dump::read(texts).expect("lists");
    let hpas: Vec<_> = dump
        .hpas
        .iter()
        .map(|hpa| (hpa.metadata.name.as_str(), hpa.api_version.as_str(), hpa.spec.max_replicas))
        .collect();
    assert_eq!(hpas, [("web", "autoscaling/v2", 3), ("old", "autoscaling/v2", 4)]);
    assert_eq!((dump.scales[0].kind.as_str(), dump.scales[0].api_version.as_str()), ("Deployment", "apps/v1"));
}

#[test]
fn what_is_passed_over_is_named() {
    let objects = b"
apiVersion: v1
kind: List
items:
- {apiVersion: v1, kind: Service, metadata: {name: web}}
- {apiVersion: v1, kind: Pod, metadata: {name: p}, status: {phase: Pending}}
- apiVersion: autoscaling/v2
  kind: HorizontalPodAutoscaler
  metadata: {name: web, managedFields: [{manager: me}]}
  spec: {maxReplicas: 3, patience: 9}
";
    let later = b"{\"apiVersion\": \"v1\", \"kind\": \"Pod\", \"metadata\": {\"name\": \"p\"}, \"status\": {\"phase\": \"Running\"}}";
    let dump = Dump::read([("a.yaml", objects.as_slice()), ("b.json", later)]).expect("a dump");
    assert_eq!(
        dump.notes,
        [
            "a.yaml: document 1: items[0]: passed over Service web",
            "a.yaml: document 1: items[2].spec.patience: passed over an unknown field",
            "Pod default/p is given twice; the later stands",
        ]
    );
    assert_eq!((dump.pods.len(), dump.pods[0].phase), (1, Phase::Running));
    assert_eq!(dump.hpas[0].spec.max_replicas, 3);

    let manifest =
        load("c.yaml", b"kind: Service\nmetadata: {name: web}\n---\n---\nkind: Thing\n").expect("no autoscaler");
    assert!(manifest.hpas.is_empty());
    assert_eq!(
        manifest.notes,
        ["c.yaml: document 1: passed over Service web", "c.yaml: document 3: passed over Thing without a name",]
    );
}

fn real(name: &str) -> Dump {
    let texts: Vec<(String, Vec<u8>)> = ["objects", "metrics"]
        .map(|part| format!("{name}.{part}.json"))
        .map(|file| {
            let text = std::fs::read(path(&file)).expect("the dump");
            (file, text)
        })
        .into();
    let texts = texts.iter().map(|(file, text)| (file.as_str(), text.as_slice()));
    Dump::read(texts).unwrap_or_else(|error| panic!("{error}"))
}

fn path(file: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/dumps").join(file)
}

fn quantity(text: &str) -> Option<Quantity> {
    Some(text.parse().expect("a quantity"))
}
