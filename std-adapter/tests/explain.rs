//! What is said about real and made-up dumps, and that it is what a controller does.

use std::path::Path;

use plimsoll::engine::{Past, Settings};
use plimsoll::explain::{Explanation, explain, json, text};
use plimsoll::manifest::Dump;
use plimsoll_core::constrain::{Amount, Direction, Limit};
use plimsoll_core::hpa::{Controller, Step};
use plimsoll_core::units::{Replicas, Span};
use serde_json::{Value, json};

// The real dumps; what the controller did next is in the dumps' README.

#[test]
fn up_limited_stays_at_11_and_goes_to_14_two_seconds_later() {
    let seen = real("up-limited");
    assert_eq!(decided(&seen), (11, 11));
    let (at, next) = seen.answers()[0].next().expect("time lets the first minutes of pods go");
    let (now, next) = (seen.answers()[0].decision().detail.at, (at, next));
    assert_eq!(next.0.since(now), Span::from_secs(2));
    assert_eq!((next.1.from, next.1.to), (Replicas(11), Replicas(14)));
    insta::assert_snapshot!("up_limited", text(&seen, false, 100));
}

#[test]
fn pods_starting_stays_at_11_by_the_rate_rule() {
    let seen = real("pods-starting");
    assert_eq!(decided(&seen), (11, 11));
    let Step::Limited { from, to, limit: Limit::ScaleUpLimit, rate: Some(rate) } =
        seen.answers()[0].decision().last_word
    else {
        panic!("{:?}", seen.answers()[0].decision());
    };
    assert_eq!((from, to), (Replicas(19), Replicas(11)));
    // 50 % of 6 is less than 5 pods; the period began at 6.
    let (rule, began) = rate.by.expect("a rule");
    assert_eq!((rule.amount(), rule.period(), began), (Amount::Pods(5), Span::from_secs(10), 6));
    insta::assert_snapshot!("pods_starting", text(&seen, false, 100));
}

#[test]
fn down_stabilized_stays_at_17_by_the_window() {
    let seen = real("down-stabilized");
    assert_eq!(decided(&seen), (17, 17));
    let Step::Stabilized { direction: Direction::Down, from, to, .. } = seen.answers()[0].decision().last_word else {
        panic!("{:?}", seen.answers()[0].decision());
    };
    assert_eq!((from, to), (Replicas(13), Replicas(17)));
    insta::assert_snapshot!("down_stabilized", text(&seen, false, 100));
}

#[test]
fn down_limited_goes_from_8_to_6_by_the_rate_rule() {
    let seen = real("down-limited");
    assert_eq!(decided(&seen), (8, 6));
    let Step::Limited { limit: Limit::ScaleDownLimit, rate: Some(rate), .. } = seen.answers()[0].decision().last_word
    else {
        panic!("{:?}", seen.answers()[0].decision());
    };
    // 25 % of 8 are 2 pods: both rules allow 6, the first of them is named.
    let (rule, began) = rate.by.expect("a rule");
    assert_eq!((rule.amount(), rule.period(), began), (Amount::Percent(25), Span::from_secs(15), 8));
    insta::assert_snapshot!("down_limited", text(&seen, false, 100));
}

/// shop-09 is starting, shop-10 never was ready, the eight others use 460 of their 500 thousandths:
///
/// * 8 × 460 = 3680 of 8 × 500 = 4000 is 92 %; against 60 % that is more, so the two count as using nothing:
/// * 3680 of 10 × 500 = 5000 is 73.6 %, and the API's arithmetic drops the fraction: 73 %
/// * 73 / 60 × 10 pods = 12.17, rounded up: 13; with the two pods' own samples it were 14, with 92 / 60 of all ten 16
/// * 13 is below twice 10 and below 30: nothing cuts it
#[test]
fn two_unready_pods_of_ten_are_named_with_their_reasons_and_damp_the_growth() {
    let dump = of_file("two-unready.yaml");
    let seen = explain(&dump, &dump.hpas[0], Settings::default(), None, None).expect("explained");
    assert_eq!(decided(&seen), (10, 13));
    let page = text(&seen, false, 100);
    let words = one_line(&page);
    for part in [
        "Decides now: 10 → 13",
        "cpu reads 92 % of request, target 60 %, from 8 of 10 pods (1 still starting, 1 never ready)",
        "shop-09: not ready, still in its CPU initialization period: left out when scaling down, taken at 0 when scaling up",
        "shop-10: never ready since it started: left out when scaling down, taken at 0 when scaling up",
    ] {
        assert!(words.contains(part), "{part:?} is not in:\n{page}");
    }
    for other in 1..=8 {
        assert!(!page.contains(&format!("shop-{other:02}")), "shop-{other:02} simply counts:\n{page}");
    }
    insta::assert_snapshot!("two_unready", page);
    let lines = serde_json::to_string_pretty(&json(&seen)).expect("JSON");
    insta::assert_snapshot!("two_unready_json", lines);
}

// Small worlds: three pods that use all of the half core they request, unless a test says otherwise.

#[test]
fn a_missing_target_is_named_with_the_command_that_prints_it() {
    let dump = dump(vec![hpa(json!({}))]);
    let error = explain(&dump, &dump.hpas[0], Settings::default(), None, None).expect_err("no target");
    assert_eq!(
        error.to_string(),
        "the dump does not hold the target, Deployment default/web: add it (kubectl get deployment -o json)"
    );
}

#[test]
fn a_dump_without_any_time_asks_for_one() {
    let timeless =
        json!({ "kind": "Pod", "apiVersion": "v1", "metadata": { "name": "web-1", "labels": { "app": "web" } } });
    let dump = dump(vec![hpa(json!({})), deployment(1), timeless]);
    let error = explain(&dump, &dump.hpas[0], Settings::default(), None, None).expect_err("no time");
    assert_eq!(error.to_string(), "nothing in the dump tells when it was taken: give --now");
    let now = "2026-11-24T12:00:00Z".parse().expect("a time");
    let seen = explain(&dump, &dump.hpas[0], Settings::default(), Some(now), None).expect("a time is given");
    assert!(text(&seen, false, 100).contains("at 2026-11-24T12:00:00Z (as given)"));
}

#[test]
fn without_samples_the_metric_fails_and_nothing_changes() {
    let mut objects = world(3);
    objects.retain(|object| object["kind"] != "PodMetrics");
    let seen = explained(objects);
    assert_eq!(decided(&seen), (3, 3));
    assert_eq!(seen.answers()[0].decision().last_word, Step::Unknowable { invalid: 1, of: 1 });
    says(
        &seen,
        &[
            "Decides now: stays at 3",
            "cpu failed: the metrics API gave no values",
            "ScalingActive=False/FailedGetResourceMetric",
        ],
    );
}

#[test]
fn a_pod_without_a_request_is_named_with_its_container() {
    let mut objects = world(3);
    let pod = objects.iter_mut().find(|object| object["metadata"]["name"] == "web-2").expect("web-2");
    pod["spec"]["containers"][0]["resources"] = json!({});
    let seen = explained(objects);
    assert_eq!(decided(&seen), (3, 3));
    says(
        &seen,
        &[
            "web-2: missing request for cpu in container app of Pod web-2",
            "cpu failed: pod 2 has a container without a request",
        ],
    );
}

#[test]
fn two_hpas_on_the_same_pods_are_ambiguous() {
    let mut objects = world(3);
    let mut other = hpa(json!({}));
    other["metadata"]["name"] = json!("other");
    objects.push(other);
    let seen = explained(objects);
    assert_eq!(decided(&seen), (3, 3));
    says(
        &seen,
        &["a pod is selected by another HPA's target too: nothing changes", "ScalingActive=False/AmbiguousSelector"],
    );
}

/// External: 7 + 8 over 5 per pod is 3. Object: 12,000 over 6,000 doubles the 2 ready pods. The greater wins.
#[test]
fn external_and_object_metrics_are_read_from_value_lists() {
    let metrics = json!([
        { "type": "External", "external": {
            "metric": { "name": "lag", "selector": { "matchLabels": { "topic": "orders" } } },
            "target": { "type": "AverageValue", "averageValue": "5" } } },
        { "type": "Object", "object": {
            "describedObject": { "apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "name": "front" },
            "metric": { "name": "hits" }, "target": { "type": "Value", "value": "6k" } } },
    ]);
    let mut objects = vec![hpa(json!({ "metrics": metrics })), deployment(2), pod("web-1"), pod("web-2")];
    let lag = |topic: &str, value: &str| json!({ "metricName": "lag", "metricLabels": { "topic": topic, "shard": value }, "timestamp": NOW, "value": value });
    objects.push(json!({ "kind": "ExternalMetricValueList", "apiVersion": "external.metrics.k8s.io/v1beta1",
        "items": [lag("orders", "7"), lag("orders", "8"), lag("other", "1000")] }));
    objects.push(json!({ "kind": "MetricValueList", "apiVersion": "custom.metrics.k8s.io/v1beta2", "items": [
        { "describedObject": { "kind": "Ingress", "namespace": "default", "name": "front" }, "metric": { "name": "hits" },
          "timestamp": NOW, "value": "12k" }] }));
    let texts = objects.iter().map(ToString::to_string).collect::<Vec<_>>();
    let dump = Dump::read(texts.iter().map(|text| ("values.json", text.as_bytes()))).expect("a dump");
    let seen = explain(&dump, &dump.hpas[0], Settings::default(), None, None).expect("explained");
    assert_eq!(decided(&seen), (2, 4));
    says(
        &seen,
        &[
            "lag reads 7.5 per pod, target 5; asks 3: total over target, rounded up",
            "hits reads 12000, target 6000; asks 4: ratio 2.00 × ready pods, rounded up",
            "hits asks for the most: 4, now 2",
        ],
    );
}

/// +4 pods in 60 s. The events say 5 → 8 twenty seconds ago: the period began at 5, and 9 is the most. Without them
/// nobody knows, and 8 + 4 = 12 are allowed.
#[test]
fn events_tell_the_sizes_that_rate_rules_count() {
    let mut objects = world(8);
    objects[0]["spec"]["behavior"] = json!({ "scaleUp": {
        "policies": [{ "type": "Pods", "value": 4, "periodSeconds": 60 }] } });
    objects[0]["status"] = status(8, "ReadyForNewScale", "DesiredWithinRange");
    objects[0]["status"]["lastScaleTime"] = json!("2026-11-24T11:59:40Z");
    let without = explained(objects.clone());
    assert_eq!(decided(&without), (8, 12));
    says(&without, &["not known: from how many the scale was changed to 8 20 s ago", "kubectl get events -o json"]);

    let event = |name: &str, size: i32, at: &str, hpa: &str| {
        json!({ "apiVersion": "v1", "kind": "Event", "metadata": { "name": name },
            "involvedObject": { "kind": "HorizontalPodAutoscaler", "namespace": "default", "name": hpa },
            "reason": "SuccessfulRescale", "lastTimestamp": at,
            "message": format!("New size: {size}; reason: cpu resource utilization (percentage of request) above target") })
    };
    objects.push(event("b", 8, "2026-11-24T11:59:40Z", "web"));
    objects.push(event("a", 5, "2026-11-24T11:50:00Z", "web"));
    objects.push(event("c", 1, "2026-11-24T11:59:30Z", "another"));
    let with = explained(objects);
    assert_eq!(decided(&with), (8, 9));
    says(&with, &["events: 5 → 8, 20 s ago", "the rule +4 pods in 60 s (began at 5) allows 9, for another 40 s"]);
    assert!(!text(&with, false, 100).contains("not known: from how many"));
}

/// Ten pods at 20 % against 50 % ask for 4, but the status tells what the last sync asked for, and the controller still
/// counts that for five minutes.
#[test]
fn what_was_asked_for_at_the_last_sync_still_holds() {
    let with_status = |able: &str, limited: &str| {
        let mut objects = world(10);
        objects.iter_mut().filter(|object| object["kind"] == "PodMetrics").for_each(|sample| {
            sample["containers"][0]["usage"]["cpu"] = json!("100m");
        });
        objects[0]["status"] = status(10, able, limited);
        explained(objects)
    };
    for able in ["ReadyForNewScale", "SucceededRescale", "ScaleDownStabilized"] {
        let seen = with_status(able, "DesiredWithinRange");
        assert_eq!(decided(&seen), (10, 10), "{able}");
        says(
            &seen,
            &[
                "a recent recommendation of 10 holds 4 back at 10, for another 300 s",
                "if nothing it remembers binds any more: 10 → 4",
            ],
        );
    }
    // More than 10 was asked for: at least 11 is held, and without behavior the number may even rise to it.
    let seen = with_status("ReadyForNewScale", "ScaleUpLimit");
    assert_eq!(decided(&seen), (10, 11));
    says(&seen, &["not known: how many the windows hold: 11 or more"]);
    // Fewer was asked for: whatever the window holds is below 10.
    let seen = with_status("SucceededRescale", "ScaleDownLimit");
    assert_eq!(decided(&seen), (10, 4));
    says(
        &seen,
        &["not known: what the window holds: something between 1 and 9", "if the window holds the most it may: 10 → 9"],
    );
    // Nothing was computed: nothing is known.
    let seen = with_status("SucceededGetScale", "DesiredWithinRange");
    assert_eq!(decided(&seen), (10, 4));
    says(&seen, &["says that no number was computed at the last sync", "if it has just started: stays at 10"]);
}

#[test]
fn a_saved_history_gives_the_same_decision_and_leaves_nothing_to_guess() {
    for name in ["up-limited", "pods-starting", "down-stabilized"] {
        let before = real(name);
        // As a user does it: what --json printed goes into a file, and back.
        let printed = json(&before).to_string();
        let printed: Value = serde_json::from_str(&printed).expect("JSON");
        let history: Box<Past> = serde_json::from_value(printed["answers"][0]["history"].clone()).expect("a history");
        assert_eq!(&*history, before.answers()[0].history(), "{name}");
        let dump = of_real(name);
        let after = explain(&dump, &dump.hpas[0], cluster(), None, Some(&history)).expect("explained");
        assert_eq!(after.answers().len(), 1);
        let (was, is) = (before.answers()[0].decision(), after.answers()[0].decision());
        assert_eq!((was.from, was.to, was.last_word), (is.from, is.to, is.last_word), "{name}");
        let page = text(&after, false, 100);
        assert!(!page.contains("cannot show") && !page.contains("memory only"), "{page}");
        assert!(page.contains("a second sync at the same moment"), "{page}");
        assert!(text(&before, false, 100).contains("What the dump cannot show"));
    }
}

#[test]
fn zero_replicas_are_off() {
    let seen = explained(world(0));
    assert_eq!(decided(&seen), (0, 0));
    says(
        &seen,
        &[
            "zero replicas, not of the HPA's own making: scaling is off",
            "none was read: the number of replicas alone decides",
        ],
    );
}

#[test]
fn a_number_out_of_range_is_put_back_at_once_and_metrics_are_not_read() {
    let mut objects = world(3);
    objects[1]["spec"]["replicas"] = json!(25);
    let above = explained(objects);
    assert_eq!(decided(&above), (25, 20));
    says(&above, &["25 are above the maximum of 20: lowered at once, metrics are not read"]);

    let mut objects = world(3);
    objects[0]["spec"]["minReplicas"] = json!(5);
    let below = explained(objects);
    assert_eq!(decided(&below), (3, 5));
    says(&below, &["3 are below the minimum of 5: raised at once, metrics are not read"]);
}

/// All of the request against 80 % is 1.25 × 3 = 3.75: 4.
#[test]
fn an_hpa_of_version_1_is_explained_like_one_of_version_2() {
    let mut objects = world(3);
    objects[0] = json!({ "apiVersion": "autoscaling/v1", "kind": "HorizontalPodAutoscaler", "metadata": { "name": "web" },
        "spec": { "scaleTargetRef": target(), "maxReplicas": 20, "targetCPUUtilizationPercentage": 80 } });
    let seen = explained(objects);
    assert_eq!(decided(&seen), (3, 4));
    says(&seen, &["cpu reads 100 % of request, target 80 %, from 3 of 3 pods; asks 4"]);
}

#[test]
fn an_hpa_that_never_synced_remembers_nothing_and_says_so() {
    let seen = explained(world(3));
    assert_eq!(seen.answers().len(), 1);
    assert_eq!(seen.answers()[0].assumption(), "it has just started");
    says(
        &seen,
        &[
            "the status has no conditions: no sync was made yet, and there is nothing to remember",
            "first sync: the current 3 count as a recommendation",
        ],
    );
}

#[test]
fn the_page_keeps_to_its_width_and_to_plain_text() {
    for width in [60, 80, 100, 140] {
        let page = text(&real("up-limited"), false, width);
        for line in page.lines() {
            assert!(line.chars().count() <= width, "{width}: {line:?}");
            assert!(!line.contains('\u{1b}') && line.trim_end() == line, "{line:?}");
        }
    }
    assert!(text(&real("up-limited"), true, 100).contains("\u{1b}["));
}

#[test]
fn names_and_messages_of_a_dump_cannot_drive_the_terminal() {
    let mut objects = world(2);
    objects[0]["status"] = status(2, "ReadyForNewScale", "DesiredWithinRange");
    objects[0]["status"]["conditions"][0]["message"] = json!("all\u{1b}[2J\r\nis \u{202e}llew");
    objects[2]["metadata"]["name"] = json!("web\u{1b}]0;x\u{7}");
    let page = text(&explained(objects), false, 100);
    assert!(page.contains("AbleToScale=True/ReadyForNewScale: all [2J is llew"), "{page}");
    assert!(page.contains("web ]0;x"), "{page}");
    assert!(page.chars().all(|letter| letter == '\n' || !letter.is_control() && letter != '\u{202e}'), "{page:?}");
}

const NOW: &str = "2026-11-24T12:00:00Z";

fn target() -> Value {
    json!({ "apiVersion": "apps/v1", "kind": "Deployment", "name": "web" })
}

/// An HPA of 50 % CPU, 1 to 20; `spec` adds to it or replaces.
fn hpa(spec: Value) -> Value {
    let mut hpa = json!({ "apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler",
        "metadata": { "name": "web", "namespace": "default" },
        "spec": { "scaleTargetRef": target(), "minReplicas": 1, "maxReplicas": 20, "metrics": [
            { "type": "Resource", "resource": { "name": "cpu", "target": { "type": "Utilization", "averageUtilization": 50 } } }] } });
    for (name, value) in spec.as_object().expect("fields") {
        hpa["spec"][name] = value.clone();
    }
    hpa
}

fn status(replicas: i32, able: &str, limited: &str) -> Value {
    json!({ "currentReplicas": replicas, "desiredReplicas": replicas, "conditions": [
        { "type": "AbleToScale", "status": "True", "reason": able },
        { "type": "ScalingActive", "status": "True", "reason": "ValidMetricFound" },
        { "type": "ScalingLimited", "status": if limited == "DesiredWithinRange" { "False" } else { "True" }, "reason": limited },
    ] })
}

fn deployment(replicas: usize) -> Value {
    json!({ "apiVersion": "apps/v1", "kind": "Deployment", "metadata": { "name": "web" },
        "spec": { "replicas": replicas, "selector": { "matchLabels": { "app": "web" } } }, "status": { "replicas": replicas } })
}

fn pod(name: &str) -> Value {
    json!({ "apiVersion": "v1", "kind": "Pod", "metadata": { "name": name, "labels": { "app": "web" } },
        "spec": { "containers": [{ "name": "app", "resources": { "requests": { "cpu": "500m" } } }] },
        "status": { "phase": "Running", "startTime": "2026-11-24T10:00:00Z",
            "conditions": [{ "type": "Ready", "status": "True", "lastTransitionTime": "2026-11-24T10:00:05Z" }] } })
}

fn sample(name: &str, cpu: &str) -> Value {
    json!({ "apiVersion": "metrics.k8s.io/v1beta1", "kind": "PodMetrics", "metadata": { "name": name, "labels": { "app": "web" } },
        "timestamp": NOW, "window": "15s", "containers": [{ "name": "app", "usage": { "cpu": cpu } }] })
}

/// HPA, Deployment, so many pods, their samples.
fn world(pods: usize) -> Vec<Value> {
    let mut objects = vec![hpa(json!({})), deployment(pods)];
    objects.extend((1..=pods.max(1)).map(|number| pod(&format!("web-{number}"))));
    objects.extend((1..=pods.max(1)).map(|number| sample(&format!("web-{number}"), "500m")));
    objects
}

fn dump(objects: Vec<Value>) -> Dump {
    let list = json!({ "apiVersion": "v1", "kind": "List", "items": objects }).to_string();
    let dump = Dump::read([("small.json", list.as_bytes())]).expect("a dump");
    assert_eq!(dump.notes, [""; 0]);
    dump
}

/// What is said about the HPA `web`.
fn explained(objects: Vec<Value>) -> Explanation {
    let dump = dump(objects);
    let web = dump.hpas.iter().find(|hpa| hpa.metadata.name == "web").expect("web");
    explain(&dump, web, Settings::default(), None, None).expect("explained")
}

/// The likeliest decision.
fn decided(seen: &Explanation) -> (i32, i32) {
    let decision = seen.answers()[0].decision();
    (decision.from.0, decision.to.0)
}

fn says(seen: &Explanation, parts: &[&str]) {
    let page = text(seen, false, 100);
    let words = one_line(&page);
    for part in parts {
        assert!(words.contains(part), "{part:?} is not in:\n{page}");
    }
}

/// Without the breaks between lines.
fn one_line(page: &str) -> String {
    page.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The flags of the cluster that the real dumps are from.
fn cluster() -> Settings {
    let controller = Controller {
        sync_period: Span::from_secs(2),
        downscale_stabilization: Span::from_secs(20),
        cpu_initialization_period: Span::from_secs(5),
        initial_readiness_delay: Span::from_secs(1),
        ..Controller::DEFAULT
    };
    Settings { controller, ..Settings::default() }
}

fn real(name: &str) -> Explanation {
    let dump = of_real(name);
    explain(&dump, &dump.hpas[0], cluster(), None, None).expect("explained")
}

fn of_real(name: &str) -> Dump {
    let mut dump = Dump::default();
    for part in ["objects", "metrics"] {
        add(&mut dump, &format!("{name}.{part}.json"));
    }
    dump
}

fn of_file(file: &str) -> Dump {
    let mut dump = Dump::default();
    add(&mut dump, file);
    dump
}

fn add(dump: &mut Dump, file: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/dumps").join(file);
    dump.add(file, &std::fs::read(path).expect("the dump")).expect("a dump");
}
