//! The ranges of a plan's values, section by section, in the order of the file.

use super::super::value::{BadValue, within};
use super::{Controller, DURATION_MOST_S, Expect, Jobs, Nodes, PODS_MOST, Pipeline, Plan, Row, Topic, Workload};

const DAY_S: u32 = 86_400;
const SAMPLES_MOST: u32 = 100_000;
const ROWS_MOST: usize = 1_000;
const NODES_MOST: u32 = 10_000;
const MILLICORES_MOST: u32 = 1_000_000;
/// One TiB: its milli-bytes still fit in 63 bits, as they must for the engine.
const MEMORY_MOST_MIB: u32 = 1 << 20;

/// What a `because` may quote.
pub(in super::super) const QUOTES: [&str; 5] = ["replicas", "ready", "nodes", "cpu_percent", "reason"];

/// Refuses the first value that cannot be.
pub(super) fn plan(plan: &Plan) -> Result<(), BadValue> {
    text("title", &plan.title)?;
    within("duration_s", plan.duration_s, 1, DURATION_MOST_S)?;
    within("sample_every_s", plan.sample_every_s, 1, DAY_S)?;
    if plan.duration_s / plan.sample_every_s > SAMPLES_MOST {
        let why = format!("gives more than {SAMPLES_MOST} samples in {} s", plan.duration_s);
        return Err(BadValue::new("sample_every_s", plan.sample_every_s, why));
    }
    workload(&plan.workload)?;
    let messages = match (&plan.topic, &plan.jobs) {
        (Some(_), Some(_)) => {
            return Err(BadValue::new("jobs", "given", "there is a topic already, and messages wait in one place"));
        }
        (Some(section), None) => topic(section).map(|()| Some("a topic"))?,
        (None, Some(section)) => jobs(section, &plan.workload).map(|()| Some("jobs"))?,
        (None, None) => None,
    };
    match (messages, plan.workload.request_timeout_s) {
        (Some(_), None) => {}
        (Some(section), Some(timeout)) => {
            let why = format!("must be absent with {section}: messages wait for ever");
            return Err(BadValue::new("workload.request_timeout_s", timeout, why));
        }
        (None, None) => {
            let why = "must be given where there are no topic and no jobs";
            return Err(BadValue::new("workload.request_timeout_s", "absent", why));
        }
        (None, Some(timeout)) => within("workload.request_timeout_s", timeout, 1, 3_600)?,
    }
    if let Some(section) = &plan.nodes {
        nodes(section)?;
    }
    metrics(&plan.metrics)?;
    policy(plan)?;
    controller(&plan.controller)?;
    within("document_starts_s", plan.document_starts_s, 0, plan.duration_s)?;
    within("documented, number of rows,", plan.documented.len(), 0, ROWS_MOST)?;
    plan.documented
        .iter()
        .enumerate()
        .try_for_each(|(index, row)| documented(&format!("documented[{index}]"), row, plan))
}

fn workload(it: &Workload) -> Result<(), BadValue> {
    let millicores = f64::from(MILLICORES_MOST);
    let memory = f64::from(MEMORY_MOST_MIB);
    within("workload.pod_quota", it.pod_quota, 1, PODS_MOST)?;
    within("workload.replicas", it.replicas, 0, it.pod_quota)?;
    within("workload.cpu_request_millicores", it.cpu_request_millicores, 1, MILLICORES_MOST)?;
    if let Some(limit) = it.cpu_limit_millicores {
        within("workload.cpu_limit_millicores", limit, it.cpu_request_millicores, MILLICORES_MOST)?;
    }
    within("workload.cpu_ms_per_request", it.cpu_ms_per_request, 0.0, 1e6)?;
    within("workload.cpu_fixed_millicores", it.cpu_fixed_millicores, 0.0, millicores)?;
    within("workload.cpu_starting_millicores", it.cpu_starting_millicores, 0.0, millicores)?;
    if let Some(limit) = it.cpu_limit_millicores {
        let limit = f64::from(limit);
        within("workload.cpu_fixed_millicores", it.cpu_fixed_millicores, 0.0, limit)?;
        within("workload.cpu_starting_millicores", it.cpu_starting_millicores, 0.0, limit)?;
    }
    within("workload.memory_request_mib", it.memory_request_mib, 1, MEMORY_MOST_MIB)?;
    if let Some(limit) = it.memory_limit_mib {
        within("workload.memory_limit_mib", limit, it.memory_request_mib, MEMORY_MOST_MIB)?;
    }
    within("workload.memory_base_mib", it.memory_base_mib, 0.0, memory)?;
    within("workload.memory_mib_per_rps", it.memory_mib_per_rps, 0.0, memory)?;
    within("workload.capacity_rps", it.capacity_rps, 0.001, 1e6)?;
    within("workload.service_ms", it.service_ms, 0.001, 3_600_000.0)?;
    within("workload.queue_limit", it.queue_limit, 0, 1_000_000_000)?;
    within("workload.start_up_s", it.start_up_s, 0, DAY_S)?;
    within("workload.start_up_jitter_s", it.start_up_jitter_s, 0, DAY_S)?;
    within("workload.readiness_delay_s", it.readiness_delay_s, 0, DAY_S)?;
    within("workload.drain_s", it.drain_s, 0, DAY_S)
}

fn policy(plan: &Plan) -> Result<(), BadValue> {
    let policies = plan.policies();
    let known = policies.map(|(name, _)| name).join(", ");
    let given: Vec<_> = policies.into_iter().filter_map(|(name, value)| Some((name, value?))).collect();
    match given.as_slice() {
        [] => Err(BadValue::new("the policy", "absent", format!("there must be one of {known}"))),
        [(_, value)] if value.is_object() => Ok(()),
        [(name, value)] => Err(BadValue::new(*name, kind(value), "must be a mapping")),
        [(one, _), (other, _), ..] => {
            Err(BadValue::new(*other, "given", format!("there is {one} already, and one policy decides")))
        }
    }
}

fn topic(it: &Topic) -> Result<(), BadValue> {
    within("topic.partitions", it.partitions, 1, 10_000)?;
    within("topic.rebalance_s", it.rebalance_s, 0, 3_600)?;
    within("topic.hot_percent", it.hot_percent, 0.0, 100.0)
}

fn jobs(it: &Jobs, workload: &Workload) -> Result<(), BadValue> {
    match (it.messages_per_job, it.until_empty) {
        (Some(given), true) => {
            let why = "must be absent with until_empty, which ends a job when it finds no message";
            return Err(BadValue::new("jobs.messages_per_job", given, why));
        }
        (given, _) => within("jobs.messages_per_job", given.unwrap_or(1), 1, 1_000_000)?,
    }
    within("jobs.wait_s", it.wait_s, 0, DAY_S)?;
    within("jobs.fails_percent", it.fails_percent, 0.0, 100.0)?;
    if workload.replicas != 0 {
        let why = "must be 0 with jobs: those that run were started by the policy";
        return Err(BadValue::new("workload.replicas", workload.replicas, why));
    }
    if workload.drain_s != 0 {
        let why = "must be absent with jobs: they end by themselves";
        return Err(BadValue::new("workload.drain_s", workload.drain_s, why));
    }
    Ok(())
}

fn nodes(it: &Nodes) -> Result<(), BadValue> {
    within("nodes.pods_per_node", it.pods_per_node, 1, 1_000)?;
    within("nodes.most", it.most, 1, NODES_MOST)?;
    within("nodes.fewest", it.fewest, 0, it.most)?;
    within("nodes.at_start", it.at_start, it.fewest, it.most)?;
    within("nodes.other_pods", it.other_pods, 0, it.at_start * it.pods_per_node)?;
    within("nodes.added_together", it.added_together, 1, 1_000)?;
    within("nodes.provisioning_s", it.provisioning_s, 0, DAY_S)?;
    within("nodes.idle_removal_s", it.idle_removal_s, 1, DURATION_MOST_S)
}

fn metrics(it: &Pipeline) -> Result<(), BadValue> {
    within("metrics.scrape_every_s", it.scrape_every_s, 1, 3_600)?;
    within("metrics.window_s", it.window_s, 1, 600)?;
    within("metrics.lag_s", it.lag_s, 0, 3_600)
}

fn controller(it: &Controller) -> Result<(), BadValue> {
    within("controller.sync_period_s", it.sync_period_s, 1, 3_600)?;
    if it.tolerance == 0.0 {
        return Err(BadValue::new("controller.tolerance", 0, "must be above 0: the flag's 0 means its default"));
    }
    within("controller.tolerance", it.tolerance, 0.0, 1.0)?;
    within("controller.downscale_stabilization_s", it.downscale_stabilization_s, 1, 3_600)?;
    within("controller.cpu_initialization_period_s", it.cpu_initialization_period_s, 1, DAY_S)?;
    within("controller.initial_readiness_delay_s", it.initial_readiness_delay_s, 1, DAY_S)?;
    within("controller.first_sync_s", it.first_sync_s, 0, DAY_S)
}

fn documented(path: &str, row: &Row, plan: &Plan) -> Result<(), BadValue> {
    text(&format!("{path}.moment"), &row.moment)?;
    text(&format!("{path}.says"), &row.says)?;
    let first = -i64::from(plan.document_starts_s);
    let last = i64::from(plan.duration_s) - 1 + first;
    within(&format!("{path}.from_s"), row.from_s, first, last)?;
    within(&format!("{path}.to_s"), row.to_s, row.from_s, last)?;
    expected(&format!("{path}.expect"), &row.expect, plan)?;
    let mut rest = row.because.as_str();
    while let Some((_, open)) = rest.split_once('{') {
        let (name, after) = open.split_once('}').unwrap_or((open, ""));
        if !QUOTES.contains(&name) {
            let why = format!("may quote only {{{}}}", QUOTES.join("}, {"));
            return Err(BadValue::new(format!("{path}.because"), format!("{{{name}}}"), why));
        }
        rest = after;
    }
    Ok(())
}

fn expected(path: &str, it: &Expect, plan: &Plan) -> Result<(), BadValue> {
    if it.replicas.is_none() && it.ready.is_none() && it.nodes.is_none() && it.cpu_percent.is_none() {
        return Err(BadValue::new(path, "empty", "must have replicas, ready, nodes or cpu_percent"));
    }
    for (name, number) in [("replicas", it.replicas), ("ready", it.ready), ("nodes", it.nodes)] {
        within(&format!("{path}.{name}"), number.unwrap_or(0), 0, i32::MAX)?;
    }
    if let (Some(nodes), None) = (it.nodes, &plan.nodes) {
        return Err(BadValue::new(format!("{path}.nodes"), nodes, "the scenario has no nodes"));
    }
    within(&format!("{path}.cpu_percent"), it.cpu_percent.unwrap_or(0.0), 0.0, 1e9)?;
    within(&format!("{path}.cpu_within"), it.cpu_within.unwrap_or(0.0), 0.0, 1_000.0)?;
    match (it.cpu_percent, it.cpu_within) {
        (None, Some(within)) => Err(BadValue::new(format!("{path}.cpu_within"), within, "needs cpu_percent")),
        _ => Ok(()),
    }
}

fn text(field: &str, text: &str) -> Result<(), BadValue> {
    if text.trim().is_empty() {
        return Err(BadValue::new(field, "empty", "must have some text"));
    }
    Ok(())
}

const fn kind(value: &serde_json::Value) -> &'static str {
    match value {
        serde_json::Value::Null => "null",
        serde_json::Value::Bool(_) => "true or false",
        serde_json::Value::Number(_) => "a number",
        serde_json::Value::String(_) => "text",
        serde_json::Value::Array(_) => "a list",
        serde_json::Value::Object(_) => "a mapping",
    }
}
