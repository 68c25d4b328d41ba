//! What the API server refuses, beyond the vectors: releases, updates, names, and the exact lists of upstream.

use plimsoll::manifest::{Api, Condition, HorizontalPodAutoscaler, Quantity, Release, Spec, Status, fill, load};

const GOOD: &str = "
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: web}
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}
  minReplicas: 1
  maxReplicas: 5
  metrics:
  - {type: Object, object: {describedObject: {apiVersion: v1, kind: Svc, name: s}, metric: {name: q}, target: {type: Value, value: 1}}}
  - {type: ContainerResource, containerResource: {name: cpu, container: app, target: {type: Utilization, averageUtilization: 5}}}
  behavior: {scaleUp: {tolerance: 0.1}}
";

#[test]
fn a_good_one_passes_in_every_release() {
    for release in Release::ALL {
        assert_eq!(Api::of(release).validate(&hpa(GOOD), None), [], "{}", release.name());
    }
}

#[test]
fn each_change_gives_exactly_what_upstream_says() {
    for (from, to, expected) in [
        (
            "name: web}\nspec",
            "namespace: a}\nspec",
            &["metadata.name: Required value: name or generateName is required"][..],
        ),
        (
            "kind: Deployment, name: web",
            "kind: '', name: ..",
            &[
                "spec.scaleTargetRef.kind: Required value",
                "spec.scaleTargetRef.name: Invalid value: \"..\": may not be '..'",
            ],
        ),
        (
            "apps/v1",
            "v1",
            &["spec.scaleTargetRef.apiVersion: Invalid value: \"v1\": apiVersion must specify API group"],
        ),
        ("apps/v1", "''", &["spec.scaleTargetRef.apiVersion: Invalid value: \"\": apiVersion must specify API group"]),
        (
            "apps/v1",
            "a/b/c",
            &["spec.scaleTargetRef.apiVersion: Invalid value: \"a/b/c\": unexpected GroupVersion string: a/b/c"],
        ),
        ("apps/v1, kind: Deployment", "v1, kind: ReplicationController", &[]),
        (
            "minReplicas: 1",
            "minReplicas: 7",
            &["spec.maxReplicas: Invalid value: 5: must be greater than or equal to `minReplicas`"],
        ),
        (
            "maxReplicas: 5",
            "maxReplicas: -1",
            &[
                "spec.maxReplicas: Invalid value: -1: must be greater than or equal to 1",
                "spec.maxReplicas: Invalid value: -1: must be greater than or equal to `minReplicas`",
            ],
        ),
        (
            "apiVersion: v1, kind: Svc, name: s",
            "apiVersion: a/b/c, kind: S/vc, name: ''",
            &[
                "spec.metrics[0].object.describedObject.kind: Invalid value: \"S/vc\": may not contain '/'",
                "spec.metrics[0].object.describedObject.name: Required value",
                "spec.metrics[0].object.describedObject.apiVersion: Invalid value: \"a/b/c\": unexpected GroupVersion string: a/b/c",
            ],
        ),
        ("name: q", "name: 50%", &["spec.metrics[0].object.metric.name: Invalid value: \"50%\": may not contain '%'"]),
        ("name: q", "name: ''", &["spec.metrics[0].object.metric.name: Required value: must specify a metric name"]),
        (
            "type: Value, value: 1",
            "value: 0",
            &[
                "spec.metrics[0].object.target.type: Required value: must specify a metric target type",
                "spec.metrics[0].object.target.type: Invalid value: \"\": must be either Utilization, Value, or AverageValue",
                "spec.metrics[0].object.target.value: Invalid value: \"0\": must be positive",
            ],
        ),
        (
            "type: Object,",
            "type: Objekt,",
            &[
                "spec.metrics[0].type: Unsupported value: \"Objekt\": supported values: \"ContainerResource\", \"External\", \"Object\", \"Pods\", \"Resource\"",
                "spec.metrics[0].type: Unsupported value: \"Objekt\": supported values: \"ContainerResource\", \"External\", \"Object\", \"Pods\", \"Resource\"",
            ],
        ),
        (
            "type: Object,",
            "type: '',",
            &[
                "spec.metrics[0].type: Required value: must specify a metric source type",
                "spec.metrics[0].type: Unsupported value: \"\": supported values: \"ContainerResource\", \"External\", \"Object\", \"Pods\", \"Resource\"",
                "spec.metrics[0].type: Unsupported value: \"\": supported values: \"ContainerResource\", \"External\", \"Object\", \"Pods\", \"Resource\"",
            ],
        ),
        (
            "type: Object,",
            "type: Pods,",
            &["spec.metrics[0].pods: Required value: must populate information for the given metric source"],
        ),
        (
            "type: Object,",
            "type: Object, pods: {},",
            &["spec.metrics[0].pods: Forbidden: must populate the given metric source only"],
        ),
        (
            "name: cpu",
            "name: gpu",
            &[
                "spec.metrics[1].containerResource.name: Invalid value: \"gpu\": must be a standard resource type or fully qualified",
                "spec.metrics[1].containerResource.name: Invalid value: \"gpu\": must be a standard resource for containers",
            ],
        ),
        (
            "name: cpu",
            "name: ''",
            &["spec.metrics[1].containerResource.name: Required value: must specify a resource name"],
        ),
        (
            "container: app",
            "container: ''",
            &["spec.metrics[1].containerResource.container: Required value: must specify a container"],
        ),
        (
            "scaleUp: {tolerance: 0.1}",
            "scaleDown: {tolerance: -1m}",
            &["spec.behavior.scaleDown.tolerance: Invalid value: \"-1m\": must be greater than or equal to 0"],
        ),
        (
            "tolerance: 0.1",
            "policies: [{type: Pod, value: 0, periodSeconds: 1}]",
            &[
                "spec.behavior.scaleUp.policies[0].type: Unsupported value: \"Pod\": supported values: \"Percent\", \"Pods\"",
                "spec.behavior.scaleUp.policies[0].value: Invalid value: 0: must be greater than zero",
            ],
        ),
        (
            "tolerance: 0.1",
            "selectPolicy: ''",
            &[
                "spec.behavior.scaleUp.selectPolicy: Unsupported value: \"\": supported values: \"Disabled\", \"Max\", \"Min\"",
            ],
        ),
    ] {
        assert!(GOOD.contains(from), "{from}");
        let found = Api::default().validate(&hpa(&GOOD.replace(from, to)), None);
        let found: Vec<String> = found.iter().map(ToString::to_string).collect();
        assert_eq!(found, expected, "{to}");
    }
}

#[test]
fn sources_of_the_other_kinds() {
    for (metric, expected) in [
        (
            "{type: Pods, pods: {metric: {name: q}, target: {type: AverageValue, averageValue: 0}}}",
            &[
                "pods.target.averageValue: Invalid value: \"0\": must be positive",
                "pods.target.averageValue: Required value: must specify a positive target averageValue",
            ][..],
        ),
        (
            "{type: External, external: {metric: {name: q}, target: {type: Value}}}",
            &[
                "external.target.averageValue: Required value: must set either a target value for metric or a per-pod target",
            ],
        ),
        (
            "{type: External, external: {metric: {name: q}, target: {type: Value, value: 1, averageValue: 1}}}",
            &["external.target.value: Forbidden: may not set both a target value for metric and a per-pod target"],
        ),
        (
            "{type: Resource, resource: {target: {type: AverageValue, averageValue: 1}}}",
            &["resource.name: Required value: must specify a resource name"],
        ),
        ("{type: Resource, resource: {name: anything, target: {type: Value, averageValue: 1}}}", &[]),
    ] {
        let text = format!("{}  metrics: [{metric}]\n", &GOOD[..GOOD.find("  metrics").expect("metrics")]);
        let found = Api::default().validate_metric(&hpa(&text).spec.metrics[0]);
        let found: Vec<String> = found.iter().map(ToString::to_string).collect();
        assert_eq!(found, expected, "{metric}");
    }
}

#[test]
fn releases_differ_where_upstream_changed() {
    let count = |release, text: &str| Api::of(release).validate(&hpa(text), None).len();
    let last = |release, text: &str| {
        let found = Api::of(release).validate(&hpa(text), None);
        found.last().map(ToString::to_string).unwrap_or_default()
    };
    // References are checked since 1.34.
    let core = GOOD.replace("apps/v1", "v1").replace("{apiVersion: v1, kind: Svc", "{apiVersion: a/b/c, kind: Svc");
    assert_eq!((count(Release::V1_33, &core), count(Release::V1_34, &core)), (0, 2));
    // Tolerances are heard since 1.35.
    let negative = GOOD.replace("tolerance: 0.1", "tolerance: -0.1");
    assert_eq!((count(Release::V1_34, &negative), count(Release::V1_35, &negative)), (0, 1));
    // Zero pods are for 1.37.
    let zero = GOOD.replace("minReplicas: 1", "minReplicas: 0");
    assert_eq!(last(Release::V1_36, &zero), "spec.minReplicas: Invalid value: 0: must be greater than or equal to 1");
    assert_eq!(count(Release::V1_37, &zero), 0);
    // The words for maxReplicas changed in 1.36.
    let none = GOOD.replace("maxReplicas: 5", "maxReplicas: 0").replace("minReplicas: 1", "minReplicas: 0");
    assert!(last(Release::V1_35, &none).ends_with("Invalid value: 0: must be greater than 0"));
    assert_eq!(last(Release::V1_36, &none), "spec.maxReplicas: Required value: must be set and greater than 0");
}

#[test]
fn an_update_keeps_what_an_older_server_let_through() {
    let update = |api: Api, new: &str, old: &str| api.validate(&hpa(new), Some(&hpa(old))).len();
    let api = Api::default();
    let core = GOOD.replace("apps/v1", "v1");
    assert_eq!(update(api, &core, &core), 0);
    assert_eq!(update(api, &core, GOOD), 1);
    assert_eq!(update(api, &core, &core.replace("kind: Deployment", "kind: Other")), 1);

    let object = GOOD.replace("{apiVersion: v1, kind: Svc", "{apiVersion: a/b/c, kind: Svc");
    assert_eq!(update(api, &object, &object), 0);
    assert_eq!(update(api, &object, GOOD), 1);

    let old_api = Api::of(Release::V1_34);
    let negative = GOOD.replace("tolerance: 0.1", "tolerance: -0.1");
    assert_eq!(update(old_api, &negative, GOOD), 1);
    assert_eq!(update(old_api, &negative, &GOOD.replace("tolerance: 0.1", "")), 0);

    let zero = GOOD.replace("minReplicas: 1", "minReplicas: 0");
    assert_eq!(update(old_api, &zero, &zero), 0);
    assert_eq!(update(old_api, &zero, GOOD), 1);
    assert_eq!(update(old_api, &zero.replace("minReplicas: 0", "minReplicas: -1"), &zero), 1);
}

#[test]
fn a_gate_that_is_off_drops_tolerances_unless_they_were_there() {
    let tolerance = |spec: &Spec| {
        let up = spec.behavior.as_ref().and_then(|behavior| behavior.scale_up.as_ref());
        up.and_then(|rules| rules.tolerance).map(Quantity::milli)
    };
    let dropped = |api: Api, old: Option<&Spec>| {
        let mut spec = hpa(GOOD).spec;
        api.drop_disabled(&mut spec, old);
        tolerance(&spec)
    };
    assert_eq!(dropped(Api::default(), None), Some(100));
    assert_eq!(dropped(Api::of(Release::V1_33), None), None);
    assert_eq!(dropped(Api::of(Release::V1_33), Some(&hpa(GOOD).spec)), Some(100));
}

#[test]
fn a_status_counts_from_zero() {
    let status = Status {
        current_replicas: -1,
        desired_replicas: -2,
        conditions: vec![Condition::default(), Condition { observed_generation: Some(-3), ..Condition::default() }],
        ..Status::default()
    };
    let found: Vec<String> = Api::default().validate_status(&status).iter().map(ToString::to_string).collect();
    assert_eq!(
        found,
        [
            "status.currentReplicas: Invalid value: -1: must be greater than or equal to 0",
            "status.desiredReplicas: Invalid value: -2: must be greater than or equal to 0",
            "status.conditions[1].observedGeneration: Invalid value: -3: must be greater than or equal to 0",
        ]
    );
}

/// The autoscaler of a text, filled.
fn hpa(text: &str) -> HorizontalPodAutoscaler {
    let manifest = load("a.yaml", text.as_bytes()).unwrap_or_else(|error| panic!("{error}"));
    let mut hpa = manifest.hpas[0].hpa.clone();
    fill(&mut hpa.spec);
    hpa
}
