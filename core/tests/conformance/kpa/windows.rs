//! Buckets, and maxima over slots.

use plimsoll_core::units::{Instant, Span};
use plimsoll_core::window::buckets::{round_digits, smoothing_coefficient};
use plimsoll_core::window::{Buckets, Recorded, SlotMaximum};
use serde::Deserialize;

use super::{close, millis, text};
use crate::{Vector, read, same};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MaximumIn {
    slots: u64,
    index: Vec<i64>,
    values: Vec<i32>,
}

pub(crate) fn maximum(vector: &Vector) -> Result<(), String> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Out {
        current: Vec<i32>,
    }
    let (given, expected): (MaximumIn, Out) = (read(&vector.r#in)?, read(&vector.out)?);
    let mut window = SlotMaximum::<1800>::new(Span::from_secs(given.slots), Span::from_secs(1));
    let mut current = Vec::new();
    for (index, value) in given.index.iter().zip(&given.values) {
        window.record(Instant::from_secs(*index), *value);
        current.push(window.current().unwrap_or(0));
    }
    same("current", expected.current, current)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TimedIn {
    duration_ms: u64,
    granularity_ms: u64,
    records: Vec<RecordIn>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RecordIn {
    t_ms: i64,
    value: i32,
}

pub(crate) fn timed_maximum(vector: &Vector) -> Result<(), String> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Out {
        current: i32,
    }
    let (given, expected): (TimedIn, Out) = (read(&vector.r#in)?, read(&vector.out)?);
    let spans = (Span::from_millis(given.duration_ms), Span::from_millis(given.granularity_ms));
    let mut window = SlotMaximum::<1800>::new(spans.0, spans.1);
    for record in &given.records {
        window.record(millis(record.t_ms), record.value);
    }
    same("current", expected.current, window.current().unwrap_or(0))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct BucketsIn {
    window_ms: u64,
    granularity_ms: u64,
    weighted: bool,
    base_unix_ms: i64,
    ops: Vec<Op>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, tag = "op", rename_all = "snake_case")]
enum Op {
    Record { t_ms: i64, value: f64 },
    Average { t_ms: i64 },
    Sum { t_ms: i64 },
    Empty { t_ms: i64 },
    Resize { window_ms: u64, now_ms: i64 },
    BucketCount {},
    FirstWrite {},
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct BucketsOut {
    results: Vec<Option<Want>>,
}

/// A number or a truth, or a time.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Want {
    want: Option<Answer>,
    want_ms: Option<i64>,
    tol: Option<f64>,
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(untagged)]
enum Answer {
    Truth(bool),
    Number(f64),
}

pub(crate) fn buckets(vector: &Vector) -> Result<(), String> {
    let (given, expected): (BucketsIn, BucketsOut) = (read(&vector.r#in)?, read(&vector.out)?);
    let spans = (Span::from_millis(given.window_ms), Span::from_millis(given.granularity_ms));
    let mut buckets = Box::new(Buckets::<3600>::new(spans.0, spans.1).map_err(text)?);
    let at = |t_ms: i64| millis(given.base_unix_ms + t_ms);
    same("results", given.ops.len(), expected.results.len())?;
    for (number, (op, want)) in given.ops.iter().zip(&expected.results).enumerate() {
        let got = match *op {
            Op::Record { t_ms, value } => {
                if buckets.record(at(t_ms), value) == Recorded::NotFinite {
                    return Err("a value is not finite".to_owned());
                }
                None
            }
            Op::Resize { window_ms, now_ms } => {
                buckets.resize(Span::from_millis(window_ms), at(now_ms)).map_err(text)?;
                None
            }
            Op::Average { t_ms } if given.weighted => Some(buckets.weighted_average(at(t_ms))),
            Op::Average { t_ms } => Some(buckets.average(at(t_ms))),
            Op::Sum { t_ms } => Some(buckets.sum(at(t_ms))),
            Op::BucketCount {} => Some(buckets.count() as f64),
            Op::Empty { t_ms } => {
                let Some(want) = want else { continue };
                let got = Some(Answer::Truth(buckets.is_empty(at(t_ms))));
                same(&format!("empty, op {number}"), &want.want, &got)?;
                continue;
            }
            Op::FirstWrite {} => {
                let Some(want) = want else { continue };
                same(
                    &format!("first write, op {number}"),
                    (&None, want.want_ms.map(at)),
                    (&want.want, buckets.first()),
                )?;
                continue;
            }
        };
        match (want, got) {
            (None, _) => {}
            (Some(Want { want: Some(Answer::Number(want)), want_ms: None, tol }), Some(got)) => {
                // A tolerance that is given is absolute, as upstream compares.
                let near = tol.is_some_and(|tol| (want - got).abs() <= tol);
                if !near {
                    close(&format!("op {number}"), *want, got, 1e-9)?;
                }
            }
            _ => return Err(format!("op {number} answers {got:?}")),
        }
    }
    Ok(())
}

pub(crate) fn coefficient(vector: &Vector) -> Result<(), String> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct In {
        buckets: u64,
    }
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Out {
        coefficient: f64,
        tol: f64,
    }
    let (given, expected): (In, Out) = (read(&vector.r#in)?, read(&vector.out)?);
    let got = smoothing_coefficient(given.buckets);
    // Upstream compares loosely; the formula is the same.
    close("coefficient", expected.coefficient, got, 1e-12)
        .or_else(|why| if (expected.coefficient - got).abs() <= expected.tol.min(1e-9) { Ok(()) } else { Err(why) })
}

pub(crate) fn round(vector: &Vector) -> Result<(), String> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct In {
        digits: u8,
        x: f64,
    }
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Out {
        y: f64,
    }
    let (given, expected): (In, Out) = (read(&vector.r#in)?, read(&vector.out)?);
    same("rounded", expected.y, round_digits(given.digits, given.x))
}
