//! What is said about dumps with KEDA's and Knative's objects.

use std::path::Path;

use plimsoll::engine::Settings;
use plimsoll::explain::readings::{Reading, assign};
use plimsoll::explain::{
    RevisionExplanation, ScaledExplanation, json, revision, revision_json, revision_reader, revision_text, scaled,
    scaled_json, scaled_reader, scaled_text,
};
use plimsoll::manifest::Dump;
use serde_json::json;

const ORDERS: &str = "orders.keda.yaml";
const WEB: &str = "web.knative.yaml";

fn text_of(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/dumps").join(name);
    std::fs::read_to_string(path).expect("a dump")
}

/// The dump of `name` with parts of its text replaced.
fn changed(name: &str, parts: &[(&str, &str)]) -> String {
    parts.iter().fold(text_of(name), |text, (from, to)| {
        assert!(text.contains(from), "{from}");
        text.replace(from, to)
    })
}

fn dump(text: &str) -> Dump {
    Dump::read([("dump.yaml", text.as_bytes())]).unwrap_or_else(|error| panic!("{error}"))
}

fn readings(given: &[&str]) -> Vec<Reading> {
    given.iter().map(|text| text.parse().unwrap_or_else(|error| panic!("{text}: {error}"))).collect()
}

fn orders(parts: &[(&str, &str)], given: &[&str]) -> ScaledExplanation {
    let dump = dump(&changed(ORDERS, parts));
    let object = &dump.scaled_objects[0];
    let given = readings(given);
    let given = assign(&given, &[scaled_reader(object)]).expect("readings");
    scaled(&dump, object, Settings::default(), None, &given[0], None).expect("explained")
}

fn web(parts: &[(&str, &str)], given: &[&str]) -> RevisionExplanation {
    let dump = dump(&changed(WEB, parts));
    let autoscaler = &dump.pod_autoscalers[0];
    let given = readings(given);
    let given = assign(&given, &[revision_reader(autoscaler)]).expect("readings");
    let now = "2026-11-24T02:36:38Z".parse().ok();
    revision(&dump, autoscaler, now, &given[0]).expect("explained")
}

fn words(page: &str) -> String {
    page.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// 850 behind at 100 each are 9, and from 4 at most 8.
#[test]
fn a_scaled_object_with_work_is_scaled_by_its_hpa() {
    let it = orders(&[], &[]);
    assert_eq!(it.decided(), Some((4, 8)));
    let hpa = it.hpa().expect("it scales");
    assert_eq!(hpa.answers()[0].decision().to.0, 8);
    assert_eq!(json(hpa)["hpa"], json!("shop/keda-hpa-orders"));
    insta::assert_snapshot!("scaled_object", scaled_text(&it, false, 100));
    let told = scaled_json(&it);
    assert_eq!(told["decision"]["to"], json!(8));
    assert_eq!(told["triggers"][0]["valueMilli"], json!(850_000));
}

#[test]
fn without_work_the_cooldown_keeps_it_and_then_it_rests() {
    // 8 s after the last activity, and 308 s after it.
    let none = ["lag=0", "s1-prometheus=0"];
    let it = orders(&[], &none);
    assert_eq!(it.decided(), Some((4, 4)));
    assert!(words(&scaled_text(&it, false, 100)).contains("when the cooldown of 300 s has passed, 292 s from now"));
    let it = orders(&[("lastActiveTime: \"2026-11-24T02:36:30Z\"", "lastActiveTime: \"2026-11-24T02:31:30Z\"")], &none);
    assert_eq!(it.decided(), Some((4, 0)));
    assert!(it.hpa().is_none(), "it does not scale what goes to rest");
    assert!(words(&scaled_text(&it, false, 100)).contains("the cooldown of 300 s has passed"));
    // Out of rest by one trigger that is active.
    let it = orders(&[("spec: { replicas: 4,", "spec: { replicas: 0,")], &[]);
    assert_eq!(it.decided(), Some((0, 1)));
}

#[test]
fn what_is_missing_is_said_and_never_taken_for_zero() {
    let it = orders(&[("\"metricName\": \"s1-prometheus\"", "\"metricName\": \"other\"")], &["lag=0"]);
    assert_eq!(it.decided(), None);
    assert!(it.hpa().is_none());
    let page = scaled_text(&it, false, 100);
    assert!(page.contains("Decides now: not known"), "{page}");
    assert!(words(&page).contains("prometheus (s1-prometheus) is not in the dump"), "{page}");
    assert_eq!(scaled_json(&it)["decision"], json!(null));
    // Twice in the dump, and neither says whose it is.
    let twice = [(
        "\"items\": [{\"metricName\": \"s0-kafka-orders\"",
        "\"items\": [{\"metricName\": \"s0-kafka-orders\", \"value\": 3}, {\"metricName\": \"s0-kafka-orders\"",
    )];
    let it = orders(&twice, &[]);
    assert_eq!(it.decided(), None);
    assert!(words(&scaled_text(&it, false, 100)).contains("in the dump 2 times"));
    assert_eq!(orders(&twice, &["lag=850"]).decided(), Some((4, 8)));
}

/// Four failures are more than three: six replicas stand in for the lag, 600 at 100 each.
#[test]
fn a_failing_trigger_counts_on_from_its_status_until_the_fallback_stands_in() {
    let failing = |count: &str| {
        let health = format!("s0-kafka-orders: {{ numberOfFailures: {count}, status: Failing }}");
        orders(&[("s0-kafka-orders: { numberOfFailures: 0, status: Happy }", &health)], &[])
    };
    let it = failing("3");
    assert_eq!(it.decided(), Some((4, 6)));
    let page = words(&scaled_text(&it, false, 100));
    assert!(page.contains("lag could not be read (4 in a row): 600 stands in, for 6 replicas"), "{page}");
    assert!(page.contains("failing 3 times in a row by status.health"), "{page}");
    assert_eq!(failing("1").decided(), Some((4, 4)), "the fallback waits");
}

#[test]
fn annotations_pause_it_and_need_no_readings() {
    let paused = |annotation: &str| {
        let metadata = format!(
            "name: orders\n  annotations: {{ autoscaling.keda.sh/{annotation} }}\n  namespace: shop\n  creation"
        );
        orders(
            &[
                ("name: orders\n  namespace: shop\n  creation", &metadata),
                ("\"metricName\"", "\"metricName\": \"gone\", \"x\""),
            ],
            &[],
        )
    };
    let it = paused("paused-replicas: '2'");
    assert_eq!(it.decided(), Some((4, 2)));
    assert!(scaled_text(&it, false, 100).contains("autoscaling.keda.sh/paused-replicas"));
    assert_eq!(paused("paused: 'true'").decided(), Some((4, 4)));
    assert_eq!(paused("paused-scale-in: 'true'").decided(), None, "its triggers are read");
}

/// The HPA that KEDA makes asks for the same.
#[test]
fn an_hpa_that_the_dump_lacks_is_made() {
    let text = text_of(ORDERS);
    let mut documents = text.split("---\n").collect::<Vec<_>>();
    assert!(documents[1].contains("HorizontalPodAutoscaler"));
    documents.remove(1);
    let dump = dump(&documents.join("---\n"));
    let it = scaled(&dump, &dump.scaled_objects[0], Settings::default(), None, &[], None).expect("explained");
    assert_eq!(it.decided(), Some((4, 8)));
    assert!(words(&scaled_text(&it, false, 100)).contains("its HPA, keda-hpa-orders, is not in the dump"));
    // Without the target nothing can be said.
    documents.remove(1);
    let dump = Dump::read([("dump.yaml", documents.join("---\n").as_bytes())]).expect("a dump");
    let error = scaled(&dump, &dump.scaled_objects[0], Settings::default(), None, &[], None).expect_err("no target");
    assert!(error.contains("Deployment shop/orders"), "{error}");
}

#[test]
fn a_revision_without_averages_is_told_where_the_next_change_is() {
    let it = web(&[], &[]);
    assert!(it.decided().is_empty());
    insta::assert_snapshot!("revision_without_readings", revision_text(&it, false, 100));
    let page = revision_text(&web(&[], &["stable=3"]), false, 100);
    assert!(words(&page).contains("the average of the window panic is missing"), "{page}");
    assert_eq!(revision_json(&it)["answers"], json!([]));
}

/// 21 at 7 a pod are 3, the delay holds the 4 that were wanted.
#[test]
fn a_revision_is_explained_with_its_averages() {
    let it = web(&[], &["stable=21", "panic=24.5"]);
    assert_eq!(it.decided(), [(4, 4), (4, 3), (4, 4)]);
    insta::assert_snapshot!("revision", revision_text(&it, false, 100));
    let told = revision_json(&it);
    assert_eq!(told["answers"][1]["decision"]["to"], json!(3));
    assert_eq!(told["readings"], json!({ "stable": 21.0, "panic": 24.5 }));
    // 56 at 7 a pod are 8, twice the ready four: a panic.
    let it = web(&[], &["stable=21", "panic=56"]);
    assert_eq!(it.decided()[0], (4, 8));
    assert_eq!(revision_json(&it)["answers"][0]["decision"]["panicking"], json!(true));
}

#[test]
fn a_revision_goes_to_zero_by_its_state_and_its_settings() {
    let none = ["stable=0", "panic=0"];
    let no_delay = ("    autoscaling.knative.dev/scale-down-delay: 2m\n", "");
    // Active for longer than the stable window: it becomes inactive first, and the last pod stays.
    let it = web(&[no_delay, ("replicas: 4", "replicas: 1"), ("Scale: 4", "Scale: 1")], &none);
    assert_eq!(it.decided()[0], (1, 1));
    assert!(words(&revision_text(&it, false, 100)).contains("becomes inactive first"));
    let inactive = ("type: Active, status: \"True\"", "type: Active, status: \"False\", reason: NoTraffic");
    let it = web(&[no_delay, inactive, ("replicas: 4", "replicas: 1"), ("Scale: 4", "Scale: 1")], &none);
    assert_eq!(it.decided()[0], (1, 0));
    let minimum = ("max-scale: \"20\"", "min-scale: \"2\"");
    let it = web(&[no_delay, minimum], &none);
    assert_eq!(it.decided()[0], (4, 2));
    // Nobody can reach it: the minimum does not count, and active for long enough it becomes inactive.
    let it = web(&[no_delay, minimum, ("reachability: Reachable", "reachability: Unreachable")], &none);
    assert!(words(&revision_text(&it, false, 100)).contains("no route leads to it"));
    assert_eq!(it.decided()[0], (4, 4));
    assert!(words(&revision_text(&it, false, 100)).contains("becomes inactive first"));
}

#[test]
fn what_a_revision_needs_and_the_dump_lacks_is_said() {
    let given = ["stable=21", "panic=21"];
    let it = web(&[("kind: Deployment\nmetadata", "kind: Thing\nmetadata")], &given);
    assert!(
        words(&revision_text(&it, false, 100)).contains("it is not in the dump, and status.desiredScale, 4, is taken")
    );
    let it = web(&[("config-autoscaler", "config-other"), ("  actualScale: 4\n", "")], &given);
    let page = words(&revision_text(&it, false, 100));
    assert!(page.contains("Knative's defaults are taken"), "{page}");
    // The Deployment has pods, which the dump does not.
    assert!(page.contains("how many pods are ready: there is no status.actualScale, and no pods"), "{page}");
    assert!(page.contains("the ready pods could not be counted"), "{page}");
    let refused = |parts: &[(&str, &str)], given: &[&str]| {
        let dump = dump(&changed(WEB, parts));
        let given = readings(given);
        let given = assign(&given, &[revision_reader(&dump.pod_autoscalers[0])]).expect("readings");
        revision(&dump, &dump.pod_autoscalers[0], None, &given[0]).expect_err("refused")
    };
    for (parts, given, part) in [
        (&[("max-scale: \"20\"", "max-scale: many")] as &[(&str, &str)], &given as &[&str], "max-scale: \"many\""),
        (&[("stable-window: 90s", "stable-window: soon")], &given, "ConfigMap config-autoscaler: data.stable-window"),
        (&[], &["stable=failed", "panic=1"], "--reading stable=failed"),
        (&[], &["stable=-1", "panic=1"], "--reading stable=-1: must not be negative"),
    ] {
        let error = refused(parts, given);
        assert!(error.contains(part), "{error}");
    }
}
