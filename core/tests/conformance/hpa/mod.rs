//! The vectors of the HPA.

mod calculate;
mod normalize;
mod sync;
mod world;

use crate::Vector;

/// Runs one vector of any function.
pub(crate) fn run(vector: &Vector) -> Result<(), String> {
    match vector.r#fn.as_str() {
        "resource_utilization" | "per_pod_average_value" => calculate::per_pod(vector),
        "object_value" | "external_value" | "object_average_value" | "external_average_value" => {
            calculate::whole(vector)
        }
        "group_pods" => calculate::group_pods(vector),
        "pod_requests" => calculate::pod_requests(vector),
        "stabilize_no_behavior" | "stabilize_with_behavior" => normalize::stabilize(vector),
        "limit_no_behavior" => normalize::limit_no_behavior(vector),
        "limit_with_behavior" => normalize::limit_with_behavior(vector),
        "up_limit" | "down_limit" => normalize::rate_limit(vector),
        "store_event" => normalize::store_event(vector),
        "sync" => sync::sync(vector),
        "sequence" => sync::sequence(vector),
        "history" => sync::history(vector),
        other => Err(format!("unknown function {other}")),
    }
}
