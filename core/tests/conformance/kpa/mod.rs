//! The vectors of Knative's pod autoscaler.

mod lifecycle;
mod scale;
mod settings;
mod windows;

use plimsoll_core::units::{Instant, Span};

use crate::Vector;

/// Runs one vector of any function.
pub(crate) fn run(vector: &Vector) -> Result<(), String> {
    match vector.r#fn.as_str() {
        "max_window" => windows::maximum(vector),
        "timed_max_window" => windows::timed_maximum(vector),
        "buckets" => windows::buckets(vector),
        "smoothing_coefficient" => windows::coefficient(vector),
        "round_digits" => windows::round(vector),
        "metric_windows" => settings::windows(vector),
        "kpa_scale" => scale::scale(vector),
        "kpa_init" => scale::init(vector),
        "kpa_run" => scale::run(vector),
        "kpa_lifecycle" => lifecycle::passes(vector),
        "kpa_apply" => lifecycle::apply(vector),
        "status_desired" => lifecycle::published(vector),
        "activator_count" => lifecycle::activators(vector),
        "resolve_target" => settings::target(vector),
        "initial_scale" => settings::initial_scale(vector),
        "sample_size" => settings::sample_size(vector),
        "same_sign" => settings::same_sign(vector),
        "initial_ebc" => settings::initial_excess(vector),
        other => Err(format!("unknown function {other}")),
    }
}

fn millis(at: i64) -> Instant {
    Instant::from_nanos(at * 1_000_000)
}

/// Seconds with a fraction.
fn seconds(at: f64) -> Instant {
    Instant::from_nanos((at * 1e9).round() as i64)
}

fn span(seconds: f64) -> Result<Span, String> {
    if seconds < 0.0 {
        return Err(format!("a span of {seconds} s"));
    }
    Ok(Span::from_nanos((seconds * 1e9).round() as u64))
}

fn close(what: &str, expected: f64, got: f64, tolerance: f64) -> Result<(), String> {
    let near = (expected - got).abs() <= tolerance * expected.abs().max(1.0);
    if near || expected == got { Ok(()) } else { Err(format!("{what}: expected {expected:?}, got {got:?}")) }
}

fn text<E: std::fmt::Display>(error: E) -> String {
    error.to_string()
}
