//! The vectors of KEDA's scaled objects and scaled jobs.

mod fallback;
mod job;
mod lag;
mod object;

use crate::Vector;

/// Runs one vector of any function whose input is not text.
pub(crate) fn run(vector: &Vector) -> Result<(), String> {
    match vector.r#fn.as_str() {
        "kafka_partition_lag" => lag::partition_lag(vector),
        "divisors" => lag::divisors(vector),
        "even_factor" => lag::even_factor(vector),
        "active_partitions" => lag::active_partitions(vector),
        "cap_lag_to_partitions" => lag::cap(vector),
        "kafka_total_lag" => lag::total(vector),
        "kafka_group" => lag::group(vector),
        "scaled_object_decision" => object::decision(vector),
        "scaled_object_bounds" => object::bounds(vector),
        "hpa_bounds" => object::hpa_bounds(vector),
        "idle_or_min" => object::idle_or_min(vector),
        "trigger_aggregation" => object::aggregation(vector),
        "fallback_step" => fallback::step(vector),
        "fallback_condition" => fallback::condition(vector),
        "modifier_trigger_value" => fallback::trigger_value(vector),
        "modifier_activation" => fallback::activation(vector),
        "job_strategy" => job::strategy(vector),
        "job_decision" => job::decision(vector),
        "job_bounds" => job::bounds(vector),
        "job_target_average" => job::target_average(vector),
        "job_state" => job::state(vector),
        "job_pending" => job::pending(vector),
        "job_history_cleanup" => job::cleanup(vector),
        "job_cycle" => job::cycle(vector),
        other => Err(format!("unknown function {other}")),
    }
}
