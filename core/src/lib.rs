//! Autoscaling decisions, as values.
//!
//! A **policy** (immutable, validated) looks at an **observation** (what the host saw, with the time) and at the
//! **history** of one workload (plain data of a fixed size), and gives a **decision**: how many replicas, what had the
//! last word, and when time alone could change the answer. Every stage can leave a **step** in a trace.
//!
//! ```
//! use plimsoll_core::constrain::Bounds;
//! use plimsoll_core::hpa::{Hpa, History, Metric, Observation, PodCount, Reading, Scale, ValueSum};
//! use plimsoll_core::units::{Instant, Milli, Replicas};
//!
//! // One external metric, 100 requests per second and pod; constant, so a bad policy would not compile.
//! static METRICS: [Metric; 1] = [match Metric::external("rps").average_value(Milli(100_000)) {
//!     Ok(metric) => metric,
//!     Err(_) => panic!("a positive target"),
//! }];
//! let hpa = Hpa::new(Bounds::new(1, 20)?, &METRICS)?;
//! let mut history: History = History::new(&hpa)?;
//!
//! let seen = Observation {
//!     now: Instant::from_secs(0),
//!     scale: Some(Scale { wanted: Replicas(4), running: Replicas(4) }),
//!     pods: Some(PodCount::NONE),
//!     readings: &[Reading::Values(ValueSum::from_iter([Milli(900_000)]))],
//!     ..Observation::default()
//! };
//! let decision = hpa.decide(&mut history, &seen, &mut ());
//! assert_eq!(decision.to, Replicas(8)); // asks for 9; at most twice the current number at once
//! # Ok::<(), plimsoll_core::error::ConfigError>(())
//! ```
//!
//! # Promises
//!
//! * no allocation, no clock, no I/O, no `unsafe`, no panic; `decide` cannot fail
//! * the same bits on every machine: integers in milli-units, binary64 in a fixed order, `libm` for the rest
//! * missing is `None`, never 0; NaN, negative, absurd and late input is survived and shows as a step
//!
//! # Rooms, lowest first; a room uses only what is below it
//!
//! | layer | modules | |
//! |---|---|---|
//! | 5 | [`hpa`], [`kpa`], [`queue`], [`step`], [`schedule`], [`combine`] | policies |
//! | 4 | [`constrain`] | bounds and rate rules |
//! | 3 | [`decision`] | draft and decision |
//! | 2 | [`window`] | memory over time |
//! | 1 | [`trace`], [`snapshot`] | explanation, bytes |
//! | 0 | [`units`], [`math`], [`error`] | numbers and their names |
#![no_std]
#![forbid(unsafe_code)]
#![cfg_attr(
    not(test),
    warn(
        clippy::arithmetic_side_effects,
        clippy::indexing_slicing,
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic
    )
)]

pub mod combine;
pub mod constrain;
pub mod decision;
pub mod error;
pub mod hpa;
pub mod kpa;
pub mod math;
pub mod queue;
pub mod schedule;
pub mod snapshot;
pub mod step;
pub mod trace;
pub mod units;
pub mod window;
