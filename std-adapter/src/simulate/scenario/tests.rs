use proptest::prelude::*;

use super::super::load::{Spike, trace};
use super::*;

#[test]
fn the_built_in_scenario_parses_and_has_the_platforms_figures() {
    let scenario = Scenario::black_friday().expect("parses");
    let plan = scenario.plan();
    assert_eq!(plan.title, "Black Friday");
    let spike = Spike { from_rps: 1_000.0, to_rps: 10_000.0, at_s: 600, duration_s: 7_200, rise_s: 0, fall_s: 0 };
    assert_eq!(plan.load, [Part::Spike(spike)]);
    let hpa = plan.hpa.as_ref().expect("an HPA");
    assert_eq!((hpa["minReplicas"].as_i64(), hpa["maxReplicas"].as_i64()), (Some(3), Some(20)));
    assert_eq!(hpa["metrics"].as_array().map(Vec::len), Some(3));
    assert_eq!(plan.controller, Controller::default());
    assert_eq!((plan.documented.len(), plan.document_starts_s), (8, 600));
    assert_eq!(
        (scenario.load().rate(599), scenario.load().rate(600), scenario.load().rate(7_800)),
        (1_000.0, 10_000.0, 1_000.0)
    );
}

#[test]
fn only_the_necessary_fields_are_necessary() {
    let plan = Plan::parse(SMALL).expect("parses");
    assert_eq!((plan.seed, plan.sample_every_s, plan.document_starts_s), (1, 5, 0));
    assert_eq!((plan.metrics, plan.nodes), (Pipeline::default(), None));
    assert_eq!((plan.workload.pod_quota, plan.workload.cpu_limit_millicores), (1_000, None));
}

#[test]
fn text_that_is_no_scenario_is_refused_with_its_line() {
    for (from, to, message) in [
        ("duration_s: 60", "duration: 60", "line 2: there is no \"duration\" here; did you mean duration_s?"),
        (
            "duration_s: 60",
            "colour: 60",
            "line 2: there is no \"colour\" here; known are title, description, seed, duration_s, sample_every_s, load, \
             workload, topic, jobs, nodes, metrics, hpa, knative, keda, keda_job, consumers, aws, watermark, gce, nomad, \
             schedule, combine, controller, document_starts_s, documented",
        ),
        ("  drain_s: 1", "  drian_s: 1", "line 16: there is no \"drian_s\" here; did you mean drain_s?"),
        ("[steady:", "[stedy:", "line 3: there is no \"stedy\" here; did you mean steady?"),
        ("{rate_rps: 1}", "{rate: 1}", "line 3: there is no \"rate\" here; did you mean rate_rps?"),
        ("duration_s: 60\n", "", "duration_s is missing in the section that ends at line 16"),
        ("  queue_limit: 5\n", "", "queue_limit is missing in the section that ends at line 15"),
        ("  replicas: 1", "  replicas: few", "line 5, column 13: invalid i32, in \"replicas: few\""),
        ("  drain_s: 1", "  drain_s: -1", "line 16, column 12: invalid u32, in \"drain_s: -1\""),
        (
            "duration_s: 60",
            "duration_s: 60\nduration_s: 61",
            "line 3, column 1: duplicate mapping key `duration_s` is not allowed here, in \"duration_s: 61\"",
        ),
        ("{rate_rps: 1}", "{rate_rps: 1", ""),
        ("hpa: {}", "hpa: {}\n---\ntitle: two", ""),
    ] {
        assert!(SMALL.contains(from), "{from}");
        let error = Plan::parse(&SMALL.replace(from, to)).expect_err(to).to_string();
        if message.is_empty() {
            assert!(error.starts_with("line "), "{error}");
        } else {
            assert_eq!(error, message);
        }
    }
    assert!(matches!(Plan::parse(""), Err(ScenarioError::Missing { name: "title", .. } | ScenarioError::Yaml { .. })));
    let large = "#".repeat(BYTES_MOST + 1);
    let error = Plan::parse(&large).expect_err("large");
    assert_eq!(error.to_string(), "a scenario has at most 1048576 bytes, this one 1048577");
}

#[test]
fn text_made_to_exhaust_the_reader_is_refused() {
    let deep = SMALL.replace("hpa: {}", &format!("hpa: {}1{}", "{a: ".repeat(60), "}".repeat(60)));
    assert!(matches!(Plan::parse(&deep), Err(ScenarioError::Yaml { .. })));
    let wide = SMALL.replace("hpa: {}", &format!("hpa: {{a: [{}]}}", "1,".repeat(150_000)));
    assert!(matches!(Plan::parse(&wide), Err(ScenarioError::Yaml { .. })));
    let mut laughs = "hpa:\n  a0: &a0 [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]\n".to_owned();
    for level in 1..9 {
        let before = level - 1;
        laughs.push_str(&format!("  a{level}: &a{level} [{}]\n", vec![format!("*a{before}"); 10].join(", ")));
    }
    assert!(matches!(Plan::parse(&SMALL.replace("hpa: {}", &laughs)), Err(ScenarioError::Yaml { .. })));
}

#[test]
fn impossible_values_name_field_and_value() {
    type Change = fn(&mut Plan);
    let cases: &[(Change, &str)] = &[
        (|it| it.title = " ".to_owned(), "title is empty: must have some text"),
        (|it| it.duration_s = 0, "duration_s is 0: must be 1 to 2678400"),
        (|it| it.duration_s = DURATION_MOST_S + 1, "duration_s is 2678401: must be 1 to 2678400"),
        (|it| it.sample_every_s = 0, "sample_every_s is 0: must be 1 to 86400"),
        (
            |it| (it.duration_s, it.sample_every_s) = (DURATION_MOST_S, 1),
            "sample_every_s is 1: gives more than 100000 samples in 2678400 s",
        ),
        (|it| it.load.clear(), "load is an empty list: must have at least one part"),
        (|it| it.hpa = Some(serde_json::json!([1])), "hpa is a list: must be a mapping"),
        (
            |it| it.hpa = None,
            "the policy is absent: there must be one of hpa, keda, keda_job, knative, consumers, aws, watermark, gce, nomad, schedule, combine",
        ),
        (
            |it| it.knative = Some(serde_json::json!({})),
            "knative is given: there is hpa already, and one policy decides",
        ),
        (|it| it.document_starts_s = 61, "document_starts_s is 61: must be 0 to 60"),
        (|it| it.workload.replicas = -1, "workload.replicas is -1: must be 0 to 1000"),
        (|it| it.workload.replicas = 1_001, "workload.replicas is 1001: must be 0 to 1000"),
        (|it| it.workload.pod_quota = 0, "workload.pod_quota is 0: must be 1 to 10000"),
        (|it| it.workload.cpu_request_millicores = 0, "workload.cpu_request_millicores is 0: must be 1 to 1000000"),
        (
            |it| it.workload.cpu_limit_millicores = Some(99),
            "workload.cpu_limit_millicores is 99: must be 100 to 1000000",
        ),
        (|it| it.workload.cpu_ms_per_request = -0.5, "workload.cpu_ms_per_request is -0.5: must be 0 to 1000000"),
        (|it| it.workload.cpu_ms_per_request = f64::NAN, "workload.cpu_ms_per_request is NaN: must be 0 to 1000000"),
        (|it| it.workload.cpu_fixed_millicores = -1.0, "workload.cpu_fixed_millicores is -1: must be 0 to 1000000"),
        (
            |it| it.workload.cpu_starting_millicores = 1e7,
            "workload.cpu_starting_millicores is 10000000: must be 0 to 1000000",
        ),
        (
            |it| {
                (it.workload.cpu_limit_millicores, it.workload.cpu_fixed_millicores) = (Some(200), 201.0);
            },
            "workload.cpu_fixed_millicores is 201: must be 0 to 200",
        ),
        (
            |it| {
                (it.workload.cpu_limit_millicores, it.workload.cpu_starting_millicores) = (Some(200), 300.0);
            },
            "workload.cpu_starting_millicores is 300: must be 0 to 200",
        ),
        (|it| it.workload.memory_request_mib = 0, "workload.memory_request_mib is 0: must be 1 to 1048576"),
        (|it| it.workload.memory_limit_mib = Some(1), "workload.memory_limit_mib is 1: must be 128 to 1048576"),
        (|it| it.workload.memory_base_mib = f64::INFINITY, "workload.memory_base_mib is inf: must be 0 to 1048576"),
        (|it| it.workload.memory_mib_per_rps = -1.0, "workload.memory_mib_per_rps is -1: must be 0 to 1048576"),
        (|it| it.workload.capacity_rps = 0.0, "workload.capacity_rps is 0: must be 0.001 to 1000000"),
        (|it| it.workload.service_ms = 0.0, "workload.service_ms is 0: must be 0.001 to 3600000"),
        (|it| it.workload.queue_limit = u32::MAX, "workload.queue_limit is 4294967295: must be 0 to 1000000000"),
        (|it| it.workload.request_timeout_s = Some(0), "workload.request_timeout_s is 0: must be 1 to 3600"),
        (
            |it| it.workload.request_timeout_s = None,
            "workload.request_timeout_s is absent: must be given where there are no topic and no jobs",
        ),
        (
            |it| it.topic = Some(Topic { partitions: 1, rebalance_s: 0, hot_percent: 0.0 }),
            "workload.request_timeout_s is 5: must be absent with a topic: messages wait for ever",
        ),
        (|it| topic(it).partitions = 0, "topic.partitions is 0: must be 1 to 10000"),
        (|it| topic(it).rebalance_s = 3_601, "topic.rebalance_s is 3601: must be 0 to 3600"),
        (|it| topic(it).hot_percent = f64::NAN, "topic.hot_percent is NaN: must be 0 to 100"),
        (
            |it| (jobs(it).wait_s, topic(it).partitions) = (0, 1),
            "jobs is given: there is a topic already, and messages wait in one place",
        ),
        (|it| jobs(it).messages_per_job = Some(0), "jobs.messages_per_job is 0: must be 1 to 1000000"),
        (
            |it| (jobs(it).messages_per_job, jobs(it).until_empty) = (Some(7), true),
            "jobs.messages_per_job is 7: must be absent with until_empty, which ends a job when it finds no message",
        ),
        (|it| jobs(it).wait_s = 86_401, "jobs.wait_s is 86401: must be 0 to 86400"),
        (|it| jobs(it).fails_percent = -0.5, "jobs.fails_percent is -0.5: must be 0 to 100"),
        (|it| jobs(it).fails_percent = f64::NAN, "jobs.fails_percent is NaN: must be 0 to 100"),
        (
            |it| (jobs(it).wait_s, it.workload.replicas) = (0, 3),
            "workload.replicas is 3: must be 0 with jobs: those that run were started by the policy",
        ),
        (
            |it| (jobs(it).wait_s, it.workload.drain_s) = (0, 2),
            "workload.drain_s is 2: must be absent with jobs: they end by themselves",
        ),
        (
            |it| (jobs(it).wait_s, it.workload.request_timeout_s) = (0, Some(5)),
            "workload.request_timeout_s is 5: must be absent with jobs: messages wait for ever",
        ),
        (|it| it.workload.start_up_s = 86_401, "workload.start_up_s is 86401: must be 0 to 86400"),
        (|it| it.workload.start_up_jitter_s = 86_401, "workload.start_up_jitter_s is 86401: must be 0 to 86400"),
        (|it| it.workload.readiness_delay_s = 86_401, "workload.readiness_delay_s is 86401: must be 0 to 86400"),
        (|it| it.workload.drain_s = 86_401, "workload.drain_s is 86401: must be 0 to 86400"),
        (|it| nodes(it).pods_per_node = 0, "nodes.pods_per_node is 0: must be 1 to 1000"),
        (|it| nodes(it).most = 0, "nodes.most is 0: must be 1 to 10000"),
        (|it| nodes(it).fewest = 9, "nodes.fewest is 9: must be 0 to 4"),
        (|it| nodes(it).at_start = 1, "nodes.at_start is 1: must be 2 to 4"),
        (|it| nodes(it).other_pods = 5, "nodes.other_pods is 5: must be 0 to 4"),
        (|it| nodes(it).added_together = 0, "nodes.added_together is 0: must be 1 to 1000"),
        (|it| nodes(it).provisioning_s = 86_401, "nodes.provisioning_s is 86401: must be 0 to 86400"),
        (|it| nodes(it).idle_removal_s = 0, "nodes.idle_removal_s is 0: must be 1 to 2678400"),
        (|it| it.metrics.scrape_every_s = 0, "metrics.scrape_every_s is 0: must be 1 to 3600"),
        (|it| it.metrics.window_s = 601, "metrics.window_s is 601: must be 1 to 600"),
        (|it| it.metrics.lag_s = 3_601, "metrics.lag_s is 3601: must be 0 to 3600"),
        (|it| it.controller.sync_period_s = 0, "controller.sync_period_s is 0: must be 1 to 3600"),
        (
            |it| it.controller.tolerance = 0.0,
            "controller.tolerance is 0: must be above 0: the flag's 0 means its default",
        ),
        (|it| it.controller.tolerance = -0.1, "controller.tolerance is -0.1: must be 0 to 1"),
        (
            |it| it.controller.downscale_stabilization_s = 0,
            "controller.downscale_stabilization_s is 0: must be 1 to 3600",
        ),
        (
            |it| it.controller.cpu_initialization_period_s = 0,
            "controller.cpu_initialization_period_s is 0: must be 1 to 86400",
        ),
        (
            |it| it.controller.initial_readiness_delay_s = 0,
            "controller.initial_readiness_delay_s is 0: must be 1 to 86400",
        ),
        (|it| it.controller.first_sync_s = 86_401, "controller.first_sync_s is 86401: must be 0 to 86400"),
        (|it| row(it).moment.clear(), "documented[0].moment is empty: must have some text"),
        (|it| row(it).says.clear(), "documented[0].says is empty: must have some text"),
        (|it| row(it).from_s = -1, "documented[0].from_s is -1: must be 0 to 59"),
        (|it| row(it).to_s = 60, "documented[0].to_s is 60: must be 10 to 59"),
        (|it| row(it).to_s = 9, "documented[0].to_s is 9: must be 10 to 59"),
        (
            |it| row(it).expect = Expect::default(),
            "documented[0].expect is empty: must have replicas, ready, nodes or cpu_percent",
        ),
        (|it| row(it).expect.replicas = Some(-1), "documented[0].expect.replicas is -1: must be 0 to 2147483647"),
        (|it| row(it).expect.nodes = Some(3), "documented[0].expect.nodes is 3: the scenario has no nodes"),
        (
            |it| row(it).expect.cpu_percent = Some(-1.0),
            "documented[0].expect.cpu_percent is -1: must be 0 to 1000000000",
        ),
        (|it| row(it).expect.cpu_within = Some(5.0), "documented[0].expect.cpu_within is 5: needs cpu_percent"),
        (|it| row(it).expect.cpu_within = Some(-5.0), "documented[0].expect.cpu_within is -5: must be 0 to 1000"),
        (
            |it| row(it).because = "{replicas} and {pods}".to_owned(),
            "documented[0].because is {pods}: may quote only {replicas}, {ready}, {nodes}, {cpu_percent}, {reason}",
        ),
        (|it| it.documented = vec![row(it).clone(); 1_001], "documented, number of rows, is 1001: must be 0 to 1000"),
    ];
    for (change, message) in cases {
        let mut plan = Plan::parse(SMALL).expect("parses");
        change(&mut plan);
        assert_eq!(Scenario::new(plan, &mut no_files).expect_err(message).to_string(), *message);
    }
}

#[test]
fn what_is_wrong_with_a_trace_is_told_through_the_scenario() {
    let traced = SMALL.replace("steady: {rate_rps: 1}", "trace: {file: a.csv}");
    let error = Scenario::parse(&traced, &mut |_| Ok(b"t,n\n0,x\n".to_vec())).expect_err("x");
    assert_eq!(error.to_string(), "trace a.csv, line 2, column n: \"x\" is not a number");
    assert!(matches!(error, ScenarioError::Load(LoadError::Trace(trace::TraceError { line: 2, .. }))));
    let error = Scenario::parse(&traced, &mut no_files).expect_err("no file");
    assert_eq!(error.to_string(), "trace a.csv cannot be read: entity not found");
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(text in "[a-z_:\\- \n{}\\[\\]0-9\"'&*!|>.]{0,200}") {
        let _ = Scenario::parse(&text, &mut no_files);
    }

    #[test]
    fn a_scenario_with_a_hole_does_not_panic(start in 0_usize..400, length in 1_usize..60) {
        let holed: String = SMALL.chars().enumerate().filter(|(at, _)| !(start..start + length).contains(at)).map(|(_, it)| it).collect();
        let _ = Scenario::parse(&holed, &mut no_files);
    }
}

/// Everything that has to be said.
const SMALL: &str = "\
title: small
duration_s: 60
load: [steady: {rate_rps: 1}]
workload:
  replicas: 1
  cpu_request_millicores: 100
  cpu_ms_per_request: 1
  memory_request_mib: 128
  memory_base_mib: 10
  capacity_rps: 100
  service_ms: 5
  queue_limit: 5
  request_timeout_s: 5
  start_up_s: 5
  readiness_delay_s: 0
  drain_s: 1
hpa: {}
";

fn jobs(plan: &mut Plan) -> &mut Jobs {
    (plan.workload.request_timeout_s, plan.workload.replicas, plan.workload.drain_s) = (None, 0, 0);
    plan.jobs.get_or_insert_with(super::super::tests::jobs)
}

fn topic(plan: &mut Plan) -> &mut Topic {
    plan.workload.request_timeout_s = None;
    plan.topic.get_or_insert(Topic { partitions: 4, rebalance_s: 0, hot_percent: 0.0 })
}

fn nodes(plan: &mut Plan) -> &mut Nodes {
    plan.nodes.get_or_insert(Nodes {
        pods_per_node: 2,
        other_pods: 0,
        at_start: 2,
        fewest: 2,
        most: 4,
        added_together: 1,
        provisioning_s: 1,
        idle_removal_s: 1,
    })
}

fn row(plan: &mut Plan) -> &mut Row {
    if plan.documented.is_empty() {
        plan.documented.push(Row {
            moment: "+10 s".to_owned(),
            says: "one pod".to_owned(),
            from_s: 10,
            to_s: 20,
            expect: Expect { replicas: Some(1), ..Expect::default() },
            because: String::new(),
        });
    }
    &mut plan.documented[0]
}

fn no_files(_: &str) -> std::io::Result<Vec<u8>> {
    Err(std::io::ErrorKind::NotFound.into())
}
