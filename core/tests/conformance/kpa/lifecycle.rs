//! Passes: bounds, the protocol that leads to zero, states.

use plimsoll_core::kpa::{Lifecycle, LifecycleSpec, Pass, Proxy, Settled, State, Status};
use plimsoll_core::units::{Instant, Replicas, Span};
use serde::Deserialize;

use super::{millis, span, text};
use crate::{Vector, read, same};

const SPEC: LifecycleSpec = LifecycleSpec {
    min_scale: 0,
    max_scale: 0,
    initial_scale: 1,
    scale_to_zero: true,
    stable_window: Span::from_secs(60),
    grace: Span::from_secs(30),
    pod_retention: Span::ZERO,
    progress_deadline: Span::from_secs(600),
    total: 100.0,
    target_burst_capacity: 211.0,
    activator_capacity: 100.0,
};

fn wanted(scale_to: i32) -> Option<Replicas> {
    Some(Replicas(scale_to)).filter(|wanted| wanted.0 >= 0)
}

fn number(replicas: Option<Replicas>) -> i32 {
    replicas.map_or(-1, |replicas| replicas.0)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ApplyIn {
    start_replicas: i32,
    scale_to: i32,
    min: i32,
    max: i32,
    state: String,
    state_for_s: f64,
    stable_window_s: f64,
    grace_s: f64,
    pod_retention_s: f64,
    sks_mode: String,
    proxy_for_s: f64,
    tbc: f64,
    activator_probe: String,
    reachability: String,
    initial_scale: i32,
    scale_target_initialized: bool,
    progress_deadline_s: f64,
    enable_scale_to_zero: bool,
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct ApplyOut {
    desired: i32,
    applied: bool,
    requeues: u32,
    async_probes: u32,
}

fn state(name: &str) -> Result<State, String> {
    Ok(match name {
        "active" => State::Active,
        "inactive" => State::Inactive,
        "unknown" => State::Activating,
        other => return Err(format!("state {other}")),
    })
}

pub(crate) fn apply(vector: &Vector) -> Result<(), String> {
    let (given, expected): (ApplyIn, ApplyOut) = (read(&vector.r#in)?, read(&vector.out)?);
    let lifecycle = Lifecycle::new(LifecycleSpec {
        min_scale: given.min,
        max_scale: given.max,
        initial_scale: given.initial_scale,
        scale_to_zero: given.enable_scale_to_zero,
        stable_window: span(given.stable_window_s)?,
        grace: span(given.grace_s)?,
        pod_retention: span(given.pod_retention_s)?,
        progress_deadline: span(given.progress_deadline_s)?,
        target_burst_capacity: given.tbc,
        ..SPEC
    })
    .map_err(text)?;
    let now = Instant::from_secs(1_000_000);
    let since = Some(now - span(given.state_for_s)?);
    let mut status = Status {
        state: state(&given.state)?,
        reason: None,
        since,
        reason_since: since,
        initialized: given.scale_target_initialized,
        published: None,
    };
    let proxied = span(given.proxy_for_s)?;
    let pass = Pass {
        now,
        wanted: wanted(given.scale_to),
        excess_burst_capacity: 0,
        scale: Replicas(given.start_replicas),
        ready: None,
        reachable: given.reachability != "unreachable",
        proxy: Proxy {
            routed: given.sks_mode == "proxy",
            confirmed: given.activator_probe == "ok",
            since: (proxied > Span::ZERO).then(|| now - proxied),
        },
        named: true,
    };
    let got = lifecycle.settle(&mut status, &pass, &mut ());
    let got = ApplyOut {
        desired: number(got.wanted),
        applied: got.replicas != pass.scale,
        requeues: u32::from(got.again_after.is_some()),
        async_probes: u32::from(got.probe),
    };
    same("result", expected, got)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PassesIn {
    min: i32,
    max: i32,
    unreachable: bool,
    initial_scale: i32,
    enable_scale_to_zero: bool,
    stable_window_s: f64,
    grace_s: f64,
    pod_retention_s: f64,
    progress_deadline_s: f64,
    tbc: f64,
    start_replicas: i32,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PassesOut {
    passes: Vec<PassIn>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PassIn {
    t_ms: i64,
    scale_to: i32,
    ready: u32,
    probe_ok: bool,
    sks_proxy: bool,
    proxy_for_ms: Option<u64>,
    want: WantIn,
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct WantIn {
    desired: i32,
    replicas: i32,
    applied: bool,
    requeue_ms: Vec<u64>,
    async_probes: u32,
    state: String,
    initialized: bool,
    published: i32,
}

pub(crate) fn passes(vector: &Vector) -> Result<(), String> {
    let (given, expected): (PassesIn, PassesOut) = (read(&vector.r#in)?, read(&vector.out)?);
    let lifecycle = Lifecycle::new(LifecycleSpec {
        min_scale: given.min,
        max_scale: given.max,
        initial_scale: given.initial_scale,
        scale_to_zero: given.enable_scale_to_zero,
        stable_window: span(given.stable_window_s)?,
        grace: span(given.grace_s)?,
        pod_retention: span(given.pod_retention_s)?,
        progress_deadline: span(given.progress_deadline_s)?,
        target_burst_capacity: given.tbc,
        ..SPEC
    })
    .map_err(text)?;
    let mut status = Status::new(millis(0));
    let mut scale = Replicas(given.start_replicas);
    for (index, pass) in expected.passes.iter().enumerate() {
        let now = millis(pass.t_ms);
        let seen = Pass {
            now,
            wanted: wanted(pass.scale_to),
            excess_burst_capacity: 0,
            scale,
            ready: Some(pass.ready),
            reachable: !given.unreachable,
            proxy: Proxy {
                routed: pass.sks_proxy,
                confirmed: pass.probe_ok,
                since: pass.proxy_for_ms.map(|ago| now - Span::from_millis(ago)),
            },
            named: true,
        };
        let settled = lifecycle.settle(&mut status, &seen, &mut ());
        let got = compose(&settled, &status, scale);
        same(&format!("pass {index} at {} ms", pass.t_ms), &pass.want, &got)?;
        scale = settled.replicas;
    }
    Ok(())
}

fn compose(settled: &Settled, status: &Status, before: Replicas) -> WantIn {
    WantIn {
        desired: number(settled.wanted),
        replicas: settled.replicas.0,
        applied: settled.replicas != before,
        requeue_ms: settled.again_after.iter().map(|span| span.as_nanos() / 1_000_000).collect(),
        async_probes: u32::from(settled.probe),
        state: match status.state {
            State::Active => "active",
            State::Inactive => "inactive",
            State::Activating => "unknown",
        }
        .to_owned(),
        initialized: status.initialized,
        published: number(status.published),
    }
}

pub(crate) fn published(vector: &Vector) -> Result<(), String> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct In {
        previous_desired: Option<i32>,
        want: i32,
        ready: u32,
    }
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Out {
        desired: i32,
        actual: u32,
    }
    let (given, expected): (In, Out) = (read(&vector.r#in)?, read(&vector.out)?);
    let mut status = Status { published: given.previous_desired.and_then(wanted), ..Status::new(millis(0)) };
    status.publish(wanted(given.want));
    same("desired", expected.desired, number(status.published))?;
    same("actual", expected.actual, given.ready)
}

pub(crate) fn activators(vector: &Vector) -> Result<(), String> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct In {
        ready: u32,
        total_value: f64,
        tbc: f64,
        activator_capacity: f64,
    }
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Out {
        activators: u32,
    }
    let (given, expected): (In, Out) = (read(&vector.r#in)?, read(&vector.out)?);
    let lifecycle = Lifecycle::new(LifecycleSpec {
        total: given.total_value,
        target_burst_capacity: given.tbc,
        activator_capacity: given.activator_capacity,
        ..SPEC
    })
    .map_err(text)?;
    same("activators", expected.activators, lifecycle.activators(given.ready))
}
