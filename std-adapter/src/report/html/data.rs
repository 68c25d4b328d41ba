//! The values for the cursor and the record of each decision, as JSON inside the page.
//!
//! Samples are columns, and numbers have four digits: a fifth of the bytes of the run itself.

use serde::Serialize;

use crate::report::words::Words;
use crate::simulate::run::{Run, Sample, Sync};

#[derive(Serialize)]
struct Data<'run> {
    span: u32,
    /// What a replica is called.
    replica: &'static str,
    at: Vec<u32>,
    offered: Vec<Number>,
    served: Vec<Number>,
    failed: Vec<Number>,
    queued: Vec<Number>,
    p50: Vec<Number>,
    p95: Vec<Number>,
    cpu: Vec<Number>,
    memory: Vec<Number>,
    wanted: Vec<i32>,
    ready: Vec<i32>,
    starting: Vec<i32>,
    pending: Vec<i32>,
    draining: Vec<i32>,
    nodes: Vec<Option<i32>>,
    syncs: &'run [Sync],
}

/// JSON that cannot end the script element that it stands in.
pub(super) fn json(run: &Run, span: u32) -> String {
    let numbers = |value: fn(&Sample) -> f64| run.samples.iter().map(|sample| Number::of(value(sample))).collect();
    let counts = |value: fn(&Sample) -> i32| run.samples.iter().map(value).collect();
    let data = Data {
        span,
        replica: Words::of(run).replica,
        at: run.samples.iter().map(|sample| sample.at_s).collect(),
        offered: numbers(|sample| sample.offered),
        served: numbers(|sample| sample.served),
        failed: numbers(|sample| sample.failed),
        queued: numbers(|sample| sample.queued),
        p50: numbers(|sample| sample.latency_p50_ms),
        p95: numbers(|sample| sample.latency_p95_ms),
        cpu: numbers(|sample| sample.cpu_percent),
        memory: numbers(|sample| sample.memory_percent),
        wanted: counts(|sample| sample.wanted),
        ready: counts(|sample| sample.ready),
        starting: counts(|sample| sample.starting),
        pending: counts(|sample| sample.pending),
        draining: counts(|sample| sample.draining),
        nodes: run.samples.iter().map(|sample| sample.nodes).collect(),
        syncs: &run.syncs,
    };
    // No key can fail to become JSON here; a page without data still shows its charts.
    let json = serde_json::to_string(&data).unwrap_or_default();
    // Inside JSON these letters stand in strings only, where an escape means the same.
    json.replace('<', "\\u003c").replace('>', "\\u003e").replace('&', "\\u0026")
}

/// A number as short as its four digits; `null` when it is none.
#[derive(Serialize)]
#[serde(untagged)]
enum Number {
    Whole(i64),
    Broken(f64),
    None,
}

impl Number {
    fn of(value: f64) -> Self {
        if !value.is_finite() {
            return Self::None;
        }
        let whole = value.round();
        // Whole numbers stay as they are: they are counts, and short.
        if whole.abs() < 1e15 && (value == whole || value.abs() >= 1e3) {
            return Self::Whole(whole as i64);
        }
        format!("{value:.3e}").parse().map_or(Self::None, Self::Broken)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short() {
        let json = |value| serde_json::to_string(&Number::of(value)).unwrap();
        assert_eq!(json(10_123.456), "10123");
        assert_eq!(json(65.123_456), "65.12");
        assert_eq!(json(0.0), "0");
        assert_eq!(json(f64::NAN), "null");
    }
}
