//! Decisions from averages, and from samples.

use plimsoll_core::kpa::{
    Aggregation, Decider, DeciderSpec, Demand, Load, Memory, Mended, Proposal, Sample, Unknown, Windows,
};
use plimsoll_core::units::{Instant, Span};
use plimsoll_core::window::Recorded;
use serde::Deserialize;
use serde_json::Value;

use super::{close, millis, seconds, span, text};
use crate::{Vector, read, same};

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct SpecIn {
    target_value: f64,
    total_value: f64,
    target_burst_capacity: f64,
    panic_threshold: f64,
    max_scale_up_rate: f64,
    max_scale_down_rate: f64,
    stable_window_s: f64,
    scale_down_delay_s: f64,
    activation_scale: i32,
    reachable: bool,
}

impl SpecIn {
    fn decider(&self) -> Result<Decider, String> {
        let spec = DeciderSpec {
            target: self.target_value,
            total: self.total_value,
            target_burst_capacity: self.target_burst_capacity,
            panic_threshold: self.panic_threshold,
            max_scale_up_rate: self.max_scale_up_rate,
            max_scale_down_rate: self.max_scale_down_rate,
            stable_window: span(self.stable_window_s)?,
            scale_down_delay: span(self.scale_down_delay_s)?,
            activation_scale: self.activation_scale,
        };
        Decider::new(spec).map_err(text)
    }
}

/// A spec whose named fields were replaced.
fn update(spec: &mut Value, fields: &Value) -> Result<(), String> {
    let (Some(spec), Some(fields)) = (spec.as_object_mut(), fields.as_object()) else {
        return Err("a spec is an object".to_owned());
    };
    for (name, value) in fields {
        *spec.get_mut(name).ok_or_else(|| format!("the spec has no {name}"))? = value.clone();
    }
    Ok(())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ScaleIn {
    spec: Value,
    init: InitIn,
    ebc_tolerance: i32,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct InitIn {
    ready: Option<u32>,
    panic_since_s: Option<f64>,
    max_panic_pods: Option<i32>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ScaleOut {
    steps: Vec<StepIn>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StepIn {
    t_s: f64,
    ready: Option<u32>,
    stable: Option<f64>,
    panic: Option<f64>,
    #[serde(default)]
    update_spec: Option<Value>,
    #[serde(default)]
    metrics_error: bool,
    #[serde(default)]
    ready_error: bool,
    want: Option<WantIn>,
    #[serde(default)]
    want_panic: Option<bool>,
    #[serde(default)]
    want_panic_since_s: Option<f64>,
    #[serde(default)]
    want_max_panic_pods: Option<i32>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct WantIn {
    valid: bool,
    desired: i32,
    ebc: i32,
}

impl WantIn {
    fn compare(&self, got: Result<Proposal, Unknown>, tolerance: i32) -> Result<(), String> {
        let (desired, ebc) = got.map_or((0, 0), |got| (got.wanted.0, got.excess_burst_capacity));
        let near = (i64::from(self.ebc) - i64::from(ebc)).abs() <= i64::from(tolerance);
        if (self.valid, self.desired) == (got.is_ok(), desired) && near {
            return Ok(());
        }
        Err(format!("expected {self:?}, got {got:?}"))
    }
}

type Remembered = Memory<1800>;

pub(crate) fn scale(vector: &Vector) -> Result<(), String> {
    let (mut given, expected): (ScaleIn, ScaleOut) = (read(&vector.r#in)?, read(&vector.out)?);
    let mut spec: SpecIn = read(&given.spec)?;
    let mut memory = Box::new(begin(&spec, &given.init)?);
    for (number, step) in expected.steps.iter().enumerate() {
        if let Some(fields) = &step.update_spec {
            update(&mut given.spec, fields)?;
            spec = read(&given.spec)?;
        }
        let load = match (step.stable, step.panic) {
            _ if step.metrics_error => Err(Unknown::Metric),
            (Some(stable), Some(panic)) => Ok(Load { stable, panic }),
            _ => return Err(format!("step {number} has no averages")),
        };
        let demand = Demand {
            now: seconds(step.t_s),
            load,
            ready: step.ready.filter(|_| !step.ready_error),
            starting: 0,
            reachable: spec.reachable,
        };
        let got = spec.decider()?.propose(&mut memory, &demand, &mut ());
        let at = |why| format!("step {number}: {why}");
        if let Some(want) = &step.want {
            want.compare(got, given.ebc_tolerance).map_err(at)?;
        }
        let panic = memory.panic();
        if let Some(want) = step.want_panic {
            same("panic", want, panic.since.is_some()).map_err(at)?;
        }
        if let Some(since) = step.want_panic_since_s {
            same("panic since", Some(seconds(since)), panic.since).map_err(at)?;
        }
        if let Some(most) = step.want_max_panic_pods {
            same("most pods of the panic", most, panic.most).map_err(at)?;
        }
    }
    Ok(())
}

/// A memory whose panic may have begun before, at the number of pods that were ready then.
fn begin(spec: &SpecIn, init: &InitIn) -> Result<Remembered, String> {
    let Some(since) = init.panic_since_s else {
        if init.max_panic_pods.is_some() {
            return Err("a panic has a beginning".to_owned());
        }
        return Remembered::new(&spec.decider()?, init.ready, Instant::default()).map_err(text);
    };
    let most = init.max_panic_pods.and_then(|most| u32::try_from(most).ok()).filter(|most| *most > 1);
    let Some(most) = most else { return Err("a panic has more than one pod".to_owned()) };
    Remembered::new(&spec.decider()?, Some(most), seconds(since)).map_err(text)
}

pub(crate) fn init(vector: &Vector) -> Result<(), String> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct In {
        ready: Option<u32>,
    }
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Out {
        panic: bool,
        max_panic_pods: i32,
    }
    let (given, expected): (In, Out) = (read(&vector.r#in)?, read(&vector.out)?);
    let spec = DeciderSpec {
        target: 10.0,
        total: 10.0,
        target_burst_capacity: 0.0,
        panic_threshold: 2.0,
        max_scale_up_rate: 10.0,
        max_scale_down_rate: 10.0,
        stable_window: Span::from_secs(60),
        scale_down_delay: Span::ZERO,
        activation_scale: 0,
    };
    let decider = Decider::new(spec).map_err(text)?;
    let panic = Memory::<1>::new(&decider, given.ready, Instant::default()).map_err(text)?.panic();
    same("panic", expected.panic, panic.since.is_some())?;
    same("most pods", expected.max_panic_pods, panic.most)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RunIn {
    spec: Value,
    #[serde(rename = "metric")]
    _metric: String,
    stable_window_s: u64,
    panic_window_s: u64,
    weighted: bool,
    scraped: bool,
    init_ready: Option<u32>,
    base_unix_ms: i64,
    ops: Vec<Op>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, tag = "op", rename_all = "snake_case")]
enum Op {
    Record { t_ms: i64, value: f64, proxied: f64 },
    Resize { t_ms: i64, stable_window_s: u64, panic_window_s: u64 },
    UpdateSpec { spec: Value },
    Scale { t_ms: i64, ready: Option<u32> },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RunOut {
    results: Vec<Option<ResultIn>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ResultIn {
    valid: bool,
    desired: i32,
    ebc: i32,
    stable: Option<f64>,
    panic: Option<f64>,
}

pub(crate) fn run(vector: &Vector) -> Result<(), String> {
    let (mut given, expected): (RunIn, RunOut) = (read(&vector.r#in)?, read(&vector.out)?);
    same("results", given.ops.len(), expected.results.len())?;
    let at = |t_ms: i64| millis(given.base_unix_ms + t_ms);
    let mut spec: SpecIn = read(&given.spec)?;
    let aggregation = if given.weighted { Aggregation::WeightedExponential } else { Aggregation::Linear };
    let spans = |stable, panic| (Span::from_secs(stable), Span::from_secs(panic));
    let (stable, panic) = spans(given.stable_window_s, given.panic_window_s);
    let mut windows = Box::new(Windows::<3600, 3600>::new(stable, panic).map_err(text)?);
    let mut memory = Box::new(Remembered::new(&spec.decider()?, given.init_ready, at(0)).map_err(text)?);
    for (number, (op, want)) in given.ops.iter().zip(&expected.results).enumerate() {
        match op {
            Op::Record { t_ms, value, proxied } => {
                let sample = Sample { value: *value, proxied: *proxied };
                if windows.record(at(*t_ms), sample) == Recorded::NotFinite {
                    return Err(format!("op {number} is not finite"));
                }
            }
            Op::Resize { t_ms, stable_window_s, panic_window_s } => {
                let (stable, panic) = spans(*stable_window_s, *panic_window_s);
                windows.resize(stable, panic, at(*t_ms), Mended::NOTHING).map_err(text)?;
            }
            Op::UpdateSpec { spec: fields } => {
                update(&mut given.spec, fields)?;
                spec = read(&given.spec)?;
            }
            Op::Scale { t_ms, ready } => {
                let now = at(*t_ms);
                let load = windows.read(now, aggregation, given.scraped, Mended::NOTHING);
                let demand = Demand {
                    now,
                    load: load.ok_or(Unknown::NoData),
                    ready: *ready,
                    starting: 0,
                    reachable: spec.reachable,
                };
                let got = spec.decider()?.propose(&mut memory, &demand, &mut ());
                let Some(want) = want else { return Err(format!("op {number} wants nothing")) };
                let at = |why| format!("op {number} at {t_ms} ms: {why}");
                match (want.stable, want.panic, load) {
                    (Some(stable), Some(panic), Some(load)) => {
                        close("stable", stable, load.stable, 1e-9).map_err(at)?;
                        close("panic", panic, load.panic, 1e-9).map_err(at)?;
                    }
                    (None, None, None) => {}
                    _ => return Err(at(format!("expected {:?}, got {load:?}", (want.stable, want.panic)))),
                }
                let want = WantIn { valid: want.valid, desired: want.desired, ebc: want.ebc };
                want.compare(got, 0).map_err(at)?;
                continue;
            }
        }
        if want.is_some() {
            return Err(format!("op {number} has no result"));
        }
    }
    Ok(())
}
