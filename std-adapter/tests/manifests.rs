//! Policies of every kind from manifest files: which there are, by what names, and what is wrong with them.

use plimsoll::decide::Decisions;
use plimsoll::engine::{AnyPolicy, Settings, policies};
use serde_json::{Value, json};

const SHOP: &str = "\
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: { name: web, namespace: shop }
spec:
  scaleTargetRef: { apiVersion: apps/v1, kind: Deployment, name: web }
  maxReplicas: 5
  metrics:
  - { type: Resource, resource: { name: cpu, target: { type: Utilization, averageUtilization: 50 } } }
---
apiVersion: keda.sh/v1alpha1
kind: ScaledObject
metadata: { name: orders, namespace: shop, annotations: { autoscaling.keda.sh/paused-replicas: '7' } }
spec:
  scaleTargetRef: { name: orders }
  triggers: [{ type: rabbitmq, metadata: { queueName: orders, value: '20' } }]
---
apiVersion: keda.sh/v1alpha1
kind: ScaledJob
metadata: { name: orders, namespace: shop }
spec:
  jobTargetRef: { template: {} }
  triggers: [{ type: rabbitmq, metadata: { queueName: orders, value: '20' } }]
---
apiVersion: serving.knative.dev/v1
kind: Service
metadata: { name: pages, namespace: shop }
spec:
  template:
    metadata: { annotations: { autoscaling.knative.dev/max-scale: '20' } }
    spec: { containerConcurrency: 10, containers: [{ image: pages }] }
";

const CONFIG: &str = "\
apiVersion: v1
kind: ConfigMap
metadata: { name: config-autoscaler, namespace: knative-serving }
data: { container-concurrency-target-percentage: '50' }
";

fn loaded(texts: &[&str]) -> Result<Decisions, String> {
    let texts = texts.iter().enumerate().map(|(index, text)| (format!("{index}.yaml"), text.as_bytes().to_vec()));
    let mut decisions = Decisions::new(Settings::default());
    decisions.define(policies(&texts.collect::<Vec<_>>(), Settings::default())?);
    Ok(decisions)
}

fn answer(decisions: &mut Decisions, policy: &str, observation: &Value) -> Value {
    let line = json!({ "policy": policy, "observation": observation });
    decisions.line(1, line.to_string().as_bytes())
}

#[test]
fn lines_name_policies_of_every_kind() {
    let mut decisions = loaded(&[SHOP]).expect("policies");
    let cpu = json!({ "ready": { "pods": 2, "usage": "2", "request": "2" } });
    let web = answer(
        &mut decisions,
        "shop/web",
        &json!({ "now": 0, "scale": { "wanted": 2 }, "pods": { "listed": 2, "ready": 2 }, "readings": [cpu] }),
    );
    assert_eq!(web["decision"]["to"], json!(4), "{web}");
    // The annotation of the object counts: it is paused at 7.
    let orders = json!({ "now": 0, "replicas": 3, "readings": [{ "value": 90 }] });
    let orders = answer(&mut decisions, "ScaledObject/shop/orders", &orders);
    assert_eq!(orders["decision"]["to"], json!(7), "{orders}");
    let jobs = answer(
        &mut decisions,
        "ScaledJob/shop/orders",
        &json!({ "now": 0, "running": 1, "readings": [{ "queue": 90 }] }),
    );
    assert_eq!(jobs["decision"]["create"], json!(4), "{jobs}");
    let seen = json!({ "now": 0, "scale": 1, "ready": 1, "load": { "stable": 21.0, "panic": 21.0 } });
    let pages = answer(&mut decisions, "shop/pages", &seen);
    assert_eq!(pages["decision"]["to"], json!(3), "7 of 10 a pod: {pages}");
}

/// 50 % of 10 a pod, where Knative has 70 %: in another file, before or after.
#[test]
fn the_settings_of_a_cluster_count_in_whichever_file_they_stand() {
    let seen = json!({ "now": 0, "scale": 1, "ready": 1, "load": { "stable": 21.0, "panic": 21.0 } });
    for texts in [[SHOP, CONFIG], [CONFIG, SHOP]] {
        let mut decisions = loaded(&texts).expect("policies");
        assert_eq!(answer(&mut decisions, "shop/pages", &seen)["decision"]["to"], json!(5));
    }
}

#[test]
fn a_name_that_is_not_known_or_not_enough_is_answered_with_those_that_are() {
    let mut decisions = loaded(&[SHOP]).expect("policies");
    let mut error = |name: &str| answer(&mut decisions, name, &json!({ "now": 0 }))["error"].to_string();
    let both = error("shop/orders");
    assert!(both.contains("ScaledObject/shop/orders and ScaledJob/shop/orders"), "{both}");
    assert!(error("shop/wep").contains("did you mean \\\"shop/web\\\""), "{}", error("shop/wep"));
    let known = error("checkout");
    for name in ["known are ", "ScaledJob/shop/orders", "shop/pages", "shop/web"] {
        assert!(known.contains(name), "{known}");
    }
    assert!(!known.contains("Service/shop/pages"), "one name for each: {known}");
    let nothing = Decisions::new(Settings::default()).line(1, br#"{"policy": "x", "observation": {"now": 0}}"#);
    assert_eq!(nothing["error"], json!("policy is \"x\": no line and no --policy file has defined it"));
}

#[test]
fn what_is_wrong_with_a_manifest_is_named_with_its_file_and_object() {
    for (from, to, part) in [
        ("maxReplicas: 5", "maxReplicas: 0", "0.yaml: HPA shop/web: maxReplicas: Required value"),
        (
            "maxReplicas: 5",
            "maxReplica: 5",
            "0.yaml:6: document 1: spec: unknown field \"maxReplica\", did you mean \"maxReplicas\"?",
        ),
        (
            "paused-replicas: '7'",
            "paused-replicas: few",
            "0.yaml: ScaledObject shop/orders: metadata.annotations: paused",
        ),
        ("value: '20'", "value: many", "0.yaml: ScaledObject shop/orders: spec.triggers[0].metadata.value is \"many\""),
        ("jobTargetRef: {", "minReplicaCount: -2\n  jobTargetRef: {", "0.yaml: ScaledJob shop/orders: spec: min"),
        (
            "max-scale: '20'",
            "max-scale: many",
            "0.yaml: Service shop/pages: autoscaling.knative.dev/max-scale: \"many\"",
        ),
        ("max-scale:", "class: hpa.autoscaling.knative.dev, autoscaling.knative.dev/max-scale:", "knative.dev/class"),
        (
            "containerConcurrency: 10",
            "containerConcurrency: -1",
            "0.yaml:30: document 4: spec.template.spec.containerConcurrency",
        ),
        ("kind: ScaledJob", "kind: ScaledObject", "document 3: spec: unknown field \"jobTargetRef\""),
    ] {
        assert!(SHOP.contains(from), "{from}");
        let error = loaded(&[&SHOP.replacen(from, to, 1)]).err().unwrap_or_else(|| panic!("{to} is taken"));
        assert!(error.contains(part), "{error}");
    }
    let bad = CONFIG.replace("'50'", "half");
    let error = loaded(&[SHOP, &bad]).err().expect("refused");
    assert!(
        error.contains("1.yaml: ConfigMap config-autoscaler: data.container-concurrency-target-percentage"),
        "{error}"
    );
    for (texts, part) in [
        ([SHOP, SHOP], "1.yaml: HorizontalPodAutoscaler shop/web is given twice"),
        ([CONFIG, CONFIG], "1.yaml: ConfigMap config-autoscaler is given twice, first in 0.yaml"),
    ] {
        let error = loaded(&texts).err().expect("refused");
        assert!(error.contains(part), "{error}");
    }
}

#[test]
fn other_objects_are_passed_over() {
    let other = "apiVersion: v1\nkind: Service\nmetadata: { name: web }\n---\nkind: ConfigMap\nmetadata: { name: x }\n";
    assert_eq!(policies(&[("x.yaml".to_owned(), other.into())], Settings::default()).map(|found| found.len()), Ok(0));
    let found = policies(&[("shop.yaml".to_owned(), SHOP.into())], Settings::default()).expect("policies");
    let kinds = found.iter().map(|named| match named.policy {
        AnyPolicy::Hpa(_) => "hpa",
        AnyPolicy::Keda(_) => "keda",
        AnyPolicy::KedaJob(_) => "job",
        AnyPolicy::Knative(_) => "knative",
        AnyPolicy::Watermark(_) => "watermark",
    });
    assert_eq!(kinds.collect::<Vec<_>>(), ["hpa", "keda", "job", "knative"]);
}
