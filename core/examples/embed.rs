//! A host without std and without an allocator: nothing but the engine, behind one plain function.
//!
//! `core/tests/no_alloc.rs` builds it and looks for symbols of an allocator.
#![no_std]

use plimsoll_core::constrain::Bounds;
use plimsoll_core::hpa::{History, Hpa, Metric, Observation, Pod, PodCount, PodFold, Reading, Scale};
use plimsoll_core::units::{Instant, Milli, Replicas};

static METRICS: [Metric; 1] = [match Metric::resource("cpu").utilization(70) {
    Ok(metric) => metric,
    Err(_) => panic!("at build time only"),
}];

static HPA: Hpa = match Bounds::new(3, 20) {
    Ok(bounds) => match Hpa::new(bounds, &METRICS) {
        Ok(hpa) => hpa,
        Err(_) => panic!("at build time only"),
    },
    Err(_) => panic!("at build time only"),
};

/// Replicas for pods of 1 core each; saves the history and reads it back on the way.
pub fn replicas(history: &mut History, used: &[i64], wanted: i32, nanos: i64) -> i32 {
    let now = Instant::from_nanos(nanos);
    let mut pods = PodFold::new(&HPA, 0, now);
    for milli in used {
        pods.add(&Pod { request: Ok(Milli(1000)), ..Pod::running(Milli(*milli), now) });
    }
    let seen = Observation {
        now,
        scale: Some(Scale { wanted: Replicas(wanted), running: Replicas(wanted) }),
        pods: Some(PodCount { listed: pods.listed(), ready: pods.listed() }),
        readings: &[Reading::Pods(pods)],
        ..Observation::default()
    };
    let decision = HPA.decide(history, &seen, &mut ());
    let mut bytes = [0; 1024];
    if let Ok(length) = history.save(&mut bytes)
        && let Ok(restored) = History::restore(bytes.get(..length).unwrap_or_default())
    {
        *history = restored;
    }
    decision.to.0
}
