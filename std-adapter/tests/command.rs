//! The command as a user runs it: what it prints, how it fails, what it exits with.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::{Value, json};

#[test]
fn without_arguments_the_spike_is_told_in_its_order() {
    let text = printed(&[]);
    let rows = text.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
    let steps = rows.filter_map(|row| match row[..] {
        [time, from, "→", to, ..] if time.starts_with('+') => Some((from.parse().ok()?, to.parse().ok()?)),
        _ => None,
    });
    assert_eq!(steps.collect::<Vec<(i64, i64)>>(), SPIKE, "{text}");
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    for part in [
        "12 asked for, the rule +5 pods in",
        "Documented against decided",
        "3 of 8 moments agree",
        "requests offered 74,700,000",
    ] {
        assert!(words.contains(part), "{part:?} is not in:\n{text}");
    }
}

#[test]
fn the_same_command_prints_the_same_bytes() {
    for arguments in [&[] as &[&str], &["simulate", "--json", "--seed", "7"]] {
        assert_eq!(run(arguments).stdout, run(arguments).stdout, "{arguments:?}");
    }
    assert_eq!(run(&[]).stdout, run(&["simulate"]).stdout);
}

#[test]
fn the_json_of_a_run_has_the_same_path() {
    let run: Value = serde_json::from_str(&printed(&["simulate", "--json"])).expect("JSON");
    assert_eq!(run["format"], json!("plimsoll-run/1"));
    assert_eq!(path(&run), SPIKE);
    conserved(&run);
}

#[test]
fn a_page_is_one_file_that_asks_nobody_for_anything() {
    let folder = Folder::new("page");
    let file = folder.file("spike.html");
    printed(&["simulate", "--html", text(&file)]);
    let written = folder.list();
    assert_eq!(written, ["spike.html"]);
    let page = std::fs::read_to_string(&file).expect("a page");
    assert!(page.starts_with("<!doctype html>") || page.starts_with("<!DOCTYPE html>"));
    for outside in ["http:", "https:", "src=", "@import", "url(", "<link", "<iframe", "fetch("] {
        assert!(!page.contains(outside), "{outside}");
    }
    // Links stay within the page.
    let links = page.split("href=").skip(1).map(|rest| rest.chars().take(2).collect::<String>());
    for link in links {
        assert!(link == "\"#" || link == "'#" || link.starts_with('#'), "{link}");
    }
    assert!(page.contains("Black Friday"));
}

/// Ten minutes at 300 requests a minute, ten at 180,000: 5 and 3,000 a second on the built-in platform.
#[test]
fn a_recorded_load_is_played_on_the_built_in_platform() {
    let folder = Folder::new("load");
    let mut csv = "minute,requests\n".to_owned();
    for minute in 0..20 {
        csv += &format!("{},{}\n", minute * 60, if minute < 10 { 300 } else { 180_000 });
    }
    let file = folder.write("day.csv", csv.as_bytes());
    let run: Value = serde_json::from_str(&printed(&["simulate", "--load", text(&file), "--json"])).expect("JSON");
    assert_eq!((run["title"].as_str(), run["duration_s"].as_u64()), (Some("day.csv"), Some(1_200)));
    assert_eq!(run["summary"]["offered"].as_f64(), Some(f64::from(10 * 300 + 10 * 180_000)));
    assert!(path(&run).iter().any(|(from, to)| to > from), "{:?}", path(&run));
    conserved(&run);

    // Forty times as much is more than twenty pods serve: some fail, some still wait when it ends.
    let run = printed(&["simulate", "--load", text(&file), "--scale", "40", "--json"]);
    let run: Value = serde_json::from_str(&run).expect("JSON");
    conserved(&run);
    for name in ["served", "failed", "queued_at_end"] {
        assert!(run["summary"][name].as_f64().is_some_and(|requests| requests > 0.0), "{name}: {}", run["summary"]);
    }

    let shown = printed(&["simulate", "--load", text(&file), "--from", "600", "--to", "1200", "--scale", "0.5"]);
    let words = shown.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(words.contains("10 rows, one every 60 s, highest 1500.0 requests per second; 0 gaps"), "{shown}");
}

#[test]
fn another_hpa_takes_the_place_of_the_scenarios() {
    let folder = Folder::new("hpa");
    let calm = folder.write("calm.yaml", HPA.as_bytes());
    let run: Value = serde_json::from_str(&printed(&["simulate", "--hpa", text(&calm), "--json"])).expect("JSON");
    assert_eq!(run["bounds"], json!([3, 5]));
    assert_eq!(path(&run).iter().map(|step| step.1).max(), Some(5));
    conserved(&run);
}

#[test]
fn policies_of_other_kinds_take_the_place_of_the_scenarios() {
    let folder = Folder::new("policy");
    let orders = folder.write("orders.yaml", ORDERS.as_bytes());
    let run: Value = serde_json::from_str(&printed(&["simulate", "--policy", text(&orders), "--json"])).expect("JSON");
    // Arrivals at 100 each, from the fewest to the most.
    assert_eq!(run["bounds"], json!([2, 9]));
    assert_eq!(path(&run).iter().map(|step| step.1).max(), Some(9));
    conserved(&run);
    // A revision needs a sample every second, which the file has to say.
    let pages = folder.write("pages.yaml", PAGES.as_bytes());
    let said = stderr(&run_with(&["simulate", "--policy", text(&pages)], b"", &[]));
    assert!(said.contains("pages.yaml: Service default/pages: metrics.scrape_every_s is 15"), "{said}");
    let zero = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios/to-zero.yaml");
    let run = printed(&["simulate", text(&zero), "--policy", text(&pages), "--json"]);
    let run: Value = serde_json::from_str(&run).expect("JSON");
    assert_eq!(run["bounds"], json!([0, 3]));
    assert_eq!(path(&run).iter().map(|step| step.1).max(), Some(3));
    conserved(&run);
    // What this scenario cannot test.
    let job = folder.write("job.yaml", JOB.as_bytes());
    let said = stderr(&run_with(&["simulate", "--policy", text(&job)], b"", &[]));
    assert!(said.contains("job.yaml: ScaledJob default/resize: spec starts jobs: it needs the section jobs"), "{said}");
    let both = folder.write("both.yaml", format!("{HPA}---\n{ORDERS}").as_bytes());
    let said = stderr(&run_with(&["simulate", "--policy", text(&both)], b"", &[]));
    assert!(said.contains("HorizontalPodAutoscaler/shop/web, ScaledObject/default/orders"), "{said}");
    let lag = folder.write("lag.yaml", ORDERS.replace("prometheus", "kafka").as_bytes());
    let said = stderr(&run_with(&["simulate", "--policy", text(&lag)], b"", &[]));
    assert!(said.contains("ScaledObject default/orders: spec.triggers[0].metadata.bootstrapServers"), "{said}");
}

#[test]
fn lines_name_policies_of_several_files() {
    let folder = Folder::new("kinds");
    let files = [("hpa.yaml", HPA), ("orders.yaml", ORDERS), ("job.yaml", JOB), ("pages.yaml", PAGES)];
    let files = files.map(|(name, text)| folder.write(name, text.as_bytes()));
    let mut arguments = vec!["decide"];
    files.iter().for_each(|file| arguments.extend(["--policy", text(file)]));
    let lines = [
        json!({ "policy": "default/orders", "observation": { "now": 0, "replicas": 2, "readings": [{ "value": 700 }] } }),
        json!({ "policy": "ScaledJob/default/resize", "observation": { "now": 0, "running": 1, "readings": [{ "queue": 9 }] } }),
        json!({ "policy": "default/pages", "observation": { "now": 0, "scale": 1, "ready": 1, "load": { "stable": 300, "panic": 300 } } }),
        json!({ "policy": "default/orderz", "observation": { "now": 0 } }),
    ];
    let lines = lines.map(|line| line.to_string()).join("\n");
    let output = run_with(&arguments, lines.as_bytes(), &[]);
    assert_eq!(output.status.code(), Some(3));
    // 7 wanted, twice the two at most; 9 at 5 a job are 2, and one runs; 5 wanted, 3 allowed.
    assert_eq!(decided(&output), [json!([1, 4]), json!([2, 2]), json!([3, 3]), json!([4, null])]);
    assert!(String::from_utf8_lossy(&output.stdout).contains("did you mean \\\"default/orders\\\""));
}

#[test]
fn dumps_of_other_kinds_are_explained_with_readings() {
    let dumps = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/dumps");
    let (orders, web) = (dumps.join("orders.keda.yaml"), dumps.join("web.knative.yaml"));
    let shown = printed(&["explain", text(&orders)]);
    // The object's page, and that of its HPA, once.
    assert_eq!(shown.matches("Decides now: 4 → 8").count(), 2, "{shown}");
    assert_eq!(shown.matches("HPA shop/keda-hpa-orders scales").count(), 1, "{shown}");
    let shown = printed(&["explain", text(&orders), text(&web), "--reading", "stable=21", "--reading", "panic=24.5"]);
    assert!(shown.contains("PodAutoscaler shop/web-00001 scales"), "{shown}");
    let shown = printed(&["explain", text(&orders), text(&web), "--only", "web-00001", "--json"]);
    assert_eq!(shown.lines().count(), 1);
    let shown =
        printed(&["explain", text(&orders), "--reading", "lag=0", "--reading", "orders/s1-prometheus=0", "--json"]);
    let objects = shown.lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON")).collect::<Vec<_>>();
    assert_eq!((&objects[0]["decision"]["to"], &objects[1]["hpa"]), (&json!(4), &json!("shop/keda-hpa-orders")));
    assert_eq!(objects[1]["answers"][0]["steps"][0]["proposal"]["replicas"], json!(0), "{}", objects[1]);
    // An HPA reads what is given as well.
    let shown = printed(&["explain", text(&orders), "--hpa", "keda-hpa-orders", "--reading", "s0-kafka-orders=450"]);
    assert!(shown.contains("HPA shop/keda-hpa-orders") && shown.contains("Decides now: 4 → 5"), "{shown}");
    for (arguments, part) in [
        (&["--reading", "leg=1"] as &[&str], "--reading leg: nothing here reads it; read are s0-kafka-orders"),
        (&["--only", "ordres"], "nothing named ordres to explain; there are orders, keda-hpa-orders"),
        (&["--reading", "stable=1"], "nothing here reads it"),
        (&["--reading", "lag=0", "--reading", "lag=1"], "--reading lag is given twice"),
    ] {
        let output = run(&[&["explain", text(&orders)], arguments].concat());
        assert_eq!(output.status.code(), Some(1));
        assert!(stderr(&output).contains(part), "{}", stderr(&output));
    }
    assert_eq!(run(&["explain", text(&orders), "--reading", "lag"]).status.code(), Some(2));
    // A history is that of an HPA.
    let folder = Folder::new("kinds-history");
    let answer = serde_json::from_str::<Value>(
        printed(&["explain", text(&orders), "--only", "keda-hpa-orders", "--json"]).trim(),
    );
    let history = answer.expect("JSON")["answers"][0]["history"].to_string();
    let history = folder.write("history.json", history.as_bytes());
    let shown = printed(&["explain", text(&orders), "--history", text(&history)]);
    assert!(shown.contains("HPA shop/keda-hpa-orders") && !shown.contains("A controller keeps"), "{shown}");
    let output = run(&["explain", text(&web), "--history", text(&history)]);
    assert!(stderr(&output).contains("--history is that of an HPA"), "{}", stderr(&output));
}

#[test]
fn the_built_in_scenario_can_be_printed_and_played_from_a_file() {
    let folder = Folder::new("scenario");
    let file = folder.write("mine.yaml", printed(&["simulate", "--scenario"]).as_bytes());
    assert_eq!(printed(&["simulate", text(&file)]), printed(&["simulate"]));
}

#[test]
fn dumps_are_explained_from_files_and_from_standard_input() {
    let dumps = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/dumps");
    let (objects, metrics) = (dumps.join("down-limited.objects.json"), dumps.join("down-limited.metrics.json"));
    let flags = [
        "--sync-period",
        "2s",
        "--downscale-stabilization",
        "20s",
        "--cpu-initialization-period",
        "5s",
        "--initial-readiness-delay",
        "1s",
    ];
    fn with<'a>(flags: &[&'a str], more: &[&'a str]) -> Vec<&'a str> {
        [&["explain"], more, flags].concat()
    }
    let shown = printed(&with(&flags, &[text(&objects), text(&metrics)]));
    assert!(shown.contains("Decides now: 8 → 6"), "{shown}");
    let samples = std::fs::read(&metrics).expect("the dump");
    assert_eq!(run_with(&with(&flags, &[text(&objects), "-"]), &samples, &[]).stdout, shown.as_bytes());

    // One object a line, and its history is taken back.
    let lines = printed(&with(&flags, &[text(&objects), text(&metrics), "--hpa", "default/web", "--json"]));
    let answer: Value = serde_json::from_str(&lines).expect("JSON");
    assert_eq!((lines.matches('\n').count(), &answer["format"]), (1, &json!("plimsoll-explanation/1")));
    let folder = Folder::new("history");
    let history = folder.write("history.json", answer["answers"][0]["history"].to_string().as_bytes());
    let shown = printed(&with(&flags, &[text(&objects), text(&metrics), "--history", text(&history)]));
    assert!(shown.contains("Decides now") && !shown.contains("cannot show"), "{shown}");
}

#[test]
fn wrong_usage_exits_with_2_and_shows_the_usage() {
    for arguments in [
        &["predict"] as &[&str],
        &["--speed"],
        &["explain"],
        &["simulate", "--from", "3"],
        &["simulate", "--seed", "many"],
        &["simulate", "a.yaml", "b.yaml"],
        &["decide", "--release", "1.2"],
        &["decide", "--feature-gate", "Everything=true"],
        &["decide", "--sync-period", "soon"],
        &["decide", "--tolerance", "-1"],
        &["explain", "x.json", "--now", "noon"],
        &["completions", "cmd"],
        &["--color", "pink"],
    ] {
        let output = run(arguments);
        let said = stderr(&output);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {said}");
        assert!(said.starts_with("error: ") && said.contains("--help"), "{arguments:?}: {said}");
        assert!(output.stdout.is_empty());
    }
}

#[test]
fn a_file_that_cannot_be_used_exits_with_1_and_one_sentence_that_names_it() {
    let folder = Folder::new("unusable");
    let empty = folder.write("empty.yaml", b"");
    let service = folder.write("service.yaml", b"kind: Service\nmetadata: {name: web}\n");
    let two = folder.write("two.yaml", format!("{HPA}---\n{HPA}").as_bytes());
    let bad = folder.write("bad.yaml", b"kind: [\n");
    let zero = folder.write("zero.yaml", HPA.replace("maxReplicas: 5", "maxReplicas: 0").as_bytes());
    let row = folder.write("row.csv", b"time,count\n0,1\n60,many\n");
    let page = folder.file("no/such/folder/page.html");
    let nothing = folder.file("nothing.json");
    let directory = folder.file("");
    let cases: [(&[&str], &Path); 16] = [
        (&["explain", text(&nothing)], &nothing),
        (&["explain", text(&directory)], &directory),
        (&["explain", text(&empty)], &empty),
        (&["explain", text(&service)], &service),
        (&["explain", text(&bad)], &bad),
        (&["explain", text(&service), "--history", text(&nothing)], &nothing),
        (&["explain", text(&service), "--history", text(&bad)], &bad),
        (&["simulate", text(&nothing)], &nothing),
        (&["simulate", text(&empty)], &empty),
        (&["simulate", "--load", text(&nothing)], &nothing),
        (&["simulate", "--load", text(&row)], &row),
        (&["simulate", "--hpa", text(&nothing)], &nothing),
        (&["simulate", "--hpa", text(&service)], &service),
        (&["simulate", "--hpa", text(&two)], &two),
        (&["simulate", "--hpa", text(&zero)], &zero),
        (&["simulate", "--html", text(&page)], &page),
    ];
    for (arguments, file) in cases {
        let output = run(arguments);
        let said = stderr(&output);
        assert_eq!(output.status.code(), Some(1), "{arguments:?}: {said}");
        assert!(said.starts_with("error: ") && said.contains(text(file)), "{arguments:?}: {said}");
        // A sentence; what was passed over may follow it, a line each.
        assert_eq!(said.lines().filter(|line| !line.starts_with("  ")).count(), 1, "{said}");
        assert!(output.stdout.is_empty(), "{arguments:?}");
    }
    let output = run(&["decide", "--policy", text(&nothing)]);
    assert_eq!((output.status.code(), stderr(&output).contains("nothing.json")), (Some(1), true));
}

#[test]
fn a_file_cannot_drive_the_terminal_with_its_error() {
    let input = b"{\"apiVersion\": \"v1\", \"kind\": \"\\u001b[2JHPA\", \"metadata\": {\"name\": \"\\u202e\"}}";
    let output = run_with(&["explain", "-"], input, &[]);
    let said = stderr(&output);
    assert_eq!(output.status.code(), Some(1));
    assert!(said.contains("[2JHPA") && said.chars().all(|letter| letter == '\n' || !letter.is_control()), "{said:?}");
    assert!(!said.contains('\u{202e}'), "{said:?}");
}

#[test]
fn decide_answers_every_line_and_exits_with_3_after_bad_ones() {
    let folder = Folder::new("decide");
    let policy = folder.write("hpa.yaml", HPA.as_bytes());
    let line = |pods: i32| {
        json!({ "policy": "shop/web", "observation": { "now": "2026-11-24T12:00:00Z", "scale": { "wanted": pods },
            "readings": [{ "ready": { "pods": pods, "usage": pods, "request": pods } }] } })
        .to_string()
    };
    let arguments = ["decide", "--policy", text(&policy)];
    let good = run_with(&arguments, format!("{}\n\n{}", line(3), line(5)).as_bytes(), &[]);
    assert_eq!(good.status.code(), Some(0), "{}", stderr(&good));
    assert_eq!(decided(&good), [json!([1, 5]), json!([3, 5])]);
    assert!(good.stderr.is_empty());

    let mixed = [line(3).as_bytes(), b"\n{\"policy\"\n\xff\xfe\n", line(4).as_bytes(), b"\n"].concat();
    let mixed = run_with(&arguments, &mixed, &[]);
    assert_eq!(mixed.status.code(), Some(3));
    assert_eq!(decided(&mixed), [json!([1, 5]), json!([2, null]), json!([3, null]), json!([4, 5])]);

    let nothing = run_with(&arguments, b"", &[]);
    assert_eq!((nothing.status.code(), nothing.stdout.len()), (Some(0), 0));
}

#[test]
fn colours_obey_pipes_the_environment_and_the_option() {
    let dump = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/dumps/two-unready.yaml");
    let commands: [&[&str]; 3] = [&["simulate"], &["explain", text(&dump)], &["explain", "no-such-file"]];
    for arguments in commands {
        let coloured = |options: &[&str], environment: &[(&str, &str)]| {
            let output = run_with(&[arguments, options].concat(), b"", environment);
            [output.stdout, output.stderr].concat().contains(&0x1b)
        };
        assert!(!coloured(&[], &[]), "a pipe: {arguments:?}");
        assert!(!coloured(&[], &[("NO_COLOR", "1")]), "{arguments:?}");
        assert!(!coloured(&["--color", "never"], &[("CLICOLOR_FORCE", "1")]), "{arguments:?}");
        assert!(coloured(&["--color", "always"], &[]), "{arguments:?}");
        assert!(coloured(&["--color", "always"], &[("NO_COLOR", "1")]), "the nearer word counts: {arguments:?}");
        assert!(coloured(&[], &[("CLICOLOR_FORCE", "1")]), "{arguments:?}");
    }
}

#[test]
fn completions_are_scripts_that_know_the_commands() {
    for (shell, mark) in [("bash", "complete -F"), ("zsh", "#compdef plimsoll"), ("fish", "complete -c plimsoll")] {
        let script = printed(&["completions", shell]);
        assert!(script.contains(mark), "{shell}: {script}");
        for command in ["simulate", "explain", "decide"] {
            assert!(script.contains(command), "{shell}: {command}");
        }
    }
}

#[test]
fn the_help_of_each_command() {
    for (name, arguments) in [
        ("help", &["--help"] as &[&str]),
        ("help_simulate", &["simulate", "--help"]),
        ("help_explain", &["explain", "--help"]),
        ("help_decide", &["decide", "--help"]),
        ("help_completions", &["completions", "--help"]),
    ] {
        let help = printed(arguments);
        assert!(help.lines().all(|line| line.chars().count() <= 100), "{help}");
        // The parser leaves blanks at the end of some lines, a snapshot does not keep them.
        let help = help.lines().map(str::trim_end).collect::<Vec<_>>().join("\n");
        insta::assert_snapshot!(name, help);
    }
    assert!(printed(&["--version"]).starts_with("plimsoll "));
}

/// The day of the greatest minute of the 1998 World Cup's site.
#[test]
fn a_match_day_of_the_world_cup() {
    let Some(file) = trace("worldcup98_per_minute.csv") else { return };
    let run: Value = serde_json::from_str(&printed(&[
        "simulate",
        "--load",
        text(&file),
        "--from",
        "1998-07-07 00:00",
        "--to",
        "1998-07-08 00:00",
        "--json",
    ]))
    .expect("JSON");
    let csv = std::fs::read_to_string(&file).expect("the trace");
    let day = csv.lines().filter_map(|row| row.strip_prefix("1998-07-07 ")?.split_once(','));
    let counts = day.map(|(_, count)| count.trim().parse::<f64>().expect("a count")).collect::<Vec<_>>();
    assert_eq!((counts.len(), counts.iter().copied().fold(0.0, f64::max)), (1_440, 229_426.0));
    assert_eq!(run["duration_s"], json!(86_400));
    near(&run["summary"]["offered"], counts.iter().sum());
    conserved(&run);
    println!("worldcup98_per_minute.csv, 1998-07-07: {}", run["summary"]);
}

#[test]
fn two_weeks_of_a_load_balancer() {
    let Some(file) = trace("nab_elb_request_count.csv") else { return };
    let run: Value = serde_json::from_str(&printed(&["simulate", "--load", text(&file), "--json"])).expect("JSON");
    conserved(&run);
    println!("nab_elb_request_count.csv: {}", run["summary"]);
}

/// What the platform's spike does to the number of replicas.
const SPIKE: [(i64, i64); 6] = [(3, 8), (8, 12), (12, 9), (9, 6), (6, 4), (4, 3)];

const HPA: &str = "apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: web, namespace: shop}
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}
  minReplicas: 3
  maxReplicas: 5
  metrics:
  - {type: Resource, resource: {name: cpu, target: {type: Utilization, averageUtilization: 50}}}
";

const ORDERS: &str = "apiVersion: keda.sh/v1alpha1
kind: ScaledObject
metadata: {name: orders}
spec:
  scaleTargetRef: {name: orders}
  minReplicaCount: 2
  maxReplicaCount: 9
  triggers:
  - {type: prometheus, metadata: {serverAddress: 'http://prometheus', query: arrivals_per_second, threshold: '100'}}
";

const JOB: &str = "apiVersion: keda.sh/v1alpha1
kind: ScaledJob
metadata: {name: resize}
spec:
  jobTargetRef: {template: {}}
  triggers: [{type: rabbitmq, metadata: {queueName: images, value: '5'}}]
";

const PAGES: &str = "apiVersion: serving.knative.dev/v1
kind: Service
metadata: {name: pages}
spec:
  template:
    metadata: {annotations: {autoscaling.knative.dev/max-scale: '3'}}
    spec: {containers: [{image: pages}]}
";

/// The changes of a run, in order.
fn path(run: &Value) -> Vec<(i64, i64)> {
    let syncs = run["syncs"].as_array().expect("syncs");
    let steps = syncs.iter().map(|sync| (sync["from"].as_i64().expect("from"), sync["to"].as_i64().expect("to")));
    steps.filter(|(from, to)| from != to).collect()
}

/// Every request was served, failed, or still waits.
fn conserved(run: &Value) {
    let summary = &run["summary"];
    let of = |name: &str| summary[name].as_f64().unwrap_or_else(|| panic!("{name} in {summary}"));
    assert!(of("offered") > 0.0);
    near(&summary["offered"], of("served") + of("failed") + of("queued_at_end"));
}

/// Equal but for the rounding of the sums.
fn near(found: &Value, wanted: f64) {
    let found = found.as_f64().expect("a number");
    assert!((found - wanted).abs() <= wanted.abs() * 1e-9, "{found} is not {wanted}");
}

/// `[line, to]` of every answer; null where there is none.
fn decided(output: &Output) -> Vec<Value> {
    let lines = std::str::from_utf8(&output.stdout).expect("text").lines();
    let answers = lines.map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
    answers.map(|answer| json!([answer["line"], answer["decision"]["to"]])).collect()
}

/// A recorded trace, where there is one: in the folder PLIMSOLL_DATA, or beside the repository.
fn trace(name: &str) -> Option<PathBuf> {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data");
    let file = std::env::var_os("PLIMSOLL_DATA").map_or_else(beside, PathBuf::from).join(name);
    if file.is_file() {
        return Some(file);
    }
    println!("skipped: {name} is not there (PLIMSOLL_DATA=DIR names its folder)");
    None
}

/// Standard output of a run that must succeed.
fn printed(arguments: &[&str]) -> String {
    let output = run(arguments);
    assert!(output.status.success(), "{arguments:?}: {}", stderr(&output));
    assert!(output.stderr.is_empty(), "{arguments:?}: {}", stderr(&output));
    String::from_utf8(output.stdout).expect("text")
}

fn run(arguments: &[&str]) -> Output {
    run_with(arguments, b"", &[])
}

fn run_with(arguments: &[&str], input: &[u8], environment: &[(&str, &str)]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_plimsoll"));
    for name in ["NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "TERM", "CI"] {
        command.env_remove(name);
    }
    command.env("COLUMNS", "100").envs(environment.iter().copied()).args(arguments);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the command runs");
    let mut stdin = child.stdin.take().expect("a pipe");
    let input = input.to_vec();
    // Written beside the reading: both pipes may be full.
    let writer = std::thread::spawn(move || {
        // A command that does not read has closed it.
        let _closed = stdin.write_all(&input);
    });
    let output = child.wait_with_output().expect("the command ends");
    writer.join().expect("written");
    output
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn text(path: &Path) -> &str {
    path.to_str().expect("a name")
}

/// A folder of one test, gone at its end.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("command-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).expect("a folder");
        Self(path)
    }

    fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    fn write(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let file = self.file(name);
        std::fs::write(&file, bytes).expect("written");
        file
    }

    fn list(&self) -> Vec<String> {
        let entries = self.0.read_dir().expect("a folder").map(|entry| entry.expect("an entry").file_name());
        entries.map(|name| name.into_string().expect("a name")).collect()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _left_behind = std::fs::remove_dir_all(&self.0);
    }
}
