//! Targets, windows, and small sums.

use plimsoll_core::kpa::{
    self, Cluster, Decider, DeciderSpec, Metric, Revision, Settings, panic_window, resolve_target,
};
use plimsoll_core::units::Span;
use serde::Deserialize;

use super::text;
use crate::{Vector, read, same};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TargetIn {
    metric: String,
    container_concurrency: u32,
    target: Option<f64>,
    tu_percent: Option<f64>,
    config: ConfigIn,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ConfigIn {
    cc_fraction: f64,
    cc_default: f64,
    rps_default: f64,
    target_utilization: f64,
}

pub(crate) fn target(vector: &Vector) -> Result<(), String> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Out {
        target: f64,
        total: f64,
    }
    let (given, expected): (TargetIn, Out) = (read(&vector.r#in)?, read(&vector.out)?);
    let cluster = Cluster::new(Settings {
        concurrency_utilization: given.config.cc_fraction,
        concurrency_target: given.config.cc_default,
        rps_target: given.config.rps_default,
        rps_utilization: given.config.target_utilization,
        ..Settings::DEFAULT
    })
    .map_err(text)?;
    let revision = Revision {
        metric: match given.metric.as_str() {
            "concurrency" => Metric::Concurrency,
            "rps" => Metric::Rps,
            other => return Err(format!("metric {other}")),
        },
        container_concurrency: Some(given.container_concurrency),
        target: given.target,
        target_utilization_percentage: given.tu_percent,
        ..Revision::default()
    };
    let got = resolve_target(&cluster, &revision);
    same("target and total", (expected.target, expected.total), (got.target, got.total))
}

pub(crate) fn windows(vector: &Vector) -> Result<(), String> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct In {
        window_s: Option<u64>,
        panic_window_percentage: Option<f64>,
        config_stable_window_s: u64,
        config_panic_window_percentage: f64,
    }
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Out {
        stable_s: u64,
        panic_s: u64,
    }
    let (given, expected): (In, Out) = (read(&vector.r#in)?, read(&vector.out)?);
    let cluster = Cluster::new(Settings {
        stable_window: Span::from_secs(given.config_stable_window_s),
        panic_window_percentage: given.config_panic_window_percentage,
        ..Settings::DEFAULT
    })
    .map_err(text)?;
    let revision = Revision {
        window: given.window_s.map(Span::from_secs),
        panic_window_percentage: given.panic_window_percentage,
        ..Revision::default()
    };
    let (stable, panic) = kpa::Kpa::new(&cluster, &revision).map_err(text)?.windows();
    let percentage = given.panic_window_percentage.unwrap_or(given.config_panic_window_percentage);
    same("panic window", panic, panic_window(stable, percentage))?;
    same("windows", (expected.stable_s, expected.panic_s), (stable.as_secs(), panic.as_secs()))
}

pub(crate) fn initial_scale(vector: &Vector) -> Result<(), String> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct In {
        revision: Option<i32>,
        cluster: i32,
        allow_zero: bool,
    }
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Out {
        initial: i32,
    }
    let (given, expected): (In, Out) = (read(&vector.r#in)?, read(&vector.out)?);
    let cluster = Cluster::new(Settings {
        initial_scale: given.cluster,
        allow_zero_initial_scale: given.allow_zero,
        ..Settings::DEFAULT
    })
    .map_err(text)?;
    let revision = Revision { initial_scale: given.revision, ..Revision::default() };
    same("initial scale", expected.initial, kpa::initial_scale(&cluster, &revision))
}

pub(crate) fn sample_size(vector: &Vector) -> Result<(), String> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct In {
        population: i64,
    }
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Out {
        sample: u32,
    }
    let (given, expected): (In, Out) = (read(&vector.r#in)?, read(&vector.out)?);
    // Upstream answers 0 for a negative number of pods.
    same("sample", expected.sample, kpa::sample_size(u32::try_from(given.population).unwrap_or(0)))
}

pub(crate) fn same_sign(vector: &Vector) -> Result<(), String> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct In {
        a: i32,
        b: i32,
    }
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Out {
        same: bool,
    }
    let (given, expected): (In, Out) = (read(&vector.r#in)?, read(&vector.out)?);
    same("sign", expected.same, kpa::same_sign(given.a, given.b))
}

pub(crate) fn initial_excess(vector: &Vector) -> Result<(), String> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct In {
        initial_scale: i32,
        tbc: f64,
        total_value: f64,
    }
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Out {
        ebc: i32,
        desired: i32,
    }
    let (given, expected): (In, Out) = (read(&vector.r#in)?, read(&vector.out)?);
    let decider = Decider::new(DeciderSpec {
        target: 1.0,
        total: given.total_value,
        target_burst_capacity: given.tbc,
        panic_threshold: 2.0,
        max_scale_up_rate: 10.0,
        max_scale_down_rate: 10.0,
        stable_window: Span::from_secs(60),
        scale_down_delay: Span::ZERO,
        activation_scale: 0,
    })
    .map_err(text)?;
    same("excess", expected.ebc, decider.initial_excess_burst_capacity(given.initial_scale))?;
    // Before the first decision nothing is wanted.
    same("desired", expected.desired, -1)
}
