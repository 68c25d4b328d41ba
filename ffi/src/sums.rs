//! One sync from sums: how they become a fold without losing exactness.
//!
//! Ready pods enter a fold only by their sums. Unready pods enter by their number and the sum of their requests, so
//! one pod with the whole sum and the rest with nothing are the same fold. So do missing pods while the target is at
//! most 100 %: each then stands at its request, and nothing is rounded. Above that each stands at
//! `request × target / 100`, truncated pod by pod, and a sum no longer tells.

use plimsoll_core::constrain::Bounds;
use plimsoll_core::error::{ConfigError, Problem};
use plimsoll_core::hpa::{
    Controller, History, Hpa, Metric, Observation, Phase, Pod, PodCount, PodFold, Reading, Scale,
};
use plimsoll_core::units::{Instant, Milli, Replicas, Span};

use crate::abi::{Decision, HISTORY_BYTES, HpaSums, Status, StepKind, StoredHistory};

/// Without rate rules no scale event is ever kept.
pub(crate) type Past = History<242, 0>;

/// More pods than any cluster has; the work of a call is bounded by it.
const MOST_PODS: u32 = 1 << 20;
/// A hundred times a sum must fit, or the sum would overflow where its parts do not.
const MOST_REQUESTED: i64 = i64::MAX / 100;

/// Decides, and moves the history; `Err` leaves both outputs as they were.
pub(crate) fn decide(sums: &HpaSums, history: &mut StoredHistory, out: &mut Decision) -> Result<(), Status> {
    // Not named cpu: the host has judged readiness already.
    let metrics = [Metric::resource("usage").utilization(sums.target_percent).map_err(status)?];
    let bounds = Bounds::new(sums.min_replicas, sums.max_replicas).map_err(status)?;
    let valid = sums.tolerance.is_finite() && sums.tolerance >= 0.0 && sums.sync_period_ns > 0 && sums.replicas >= 0;
    if !valid {
        return Err(Status::OutOfRange);
    }
    let controller = Controller {
        tolerance: sums.tolerance,
        downscale_stabilization: Span::from_nanos(sums.downscale_window_ns),
        sync_period: Span::from_nanos(sums.sync_period_ns),
        ..Controller::DEFAULT
    };
    let hpa = Hpa::new(bounds, &metrics).map_err(status)?.with_controller(controller);
    Past::fits(&hpa).map_err(status)?;
    let now = Instant::from_nanos(sums.now_ns);
    let fold = fold(&hpa, sums, now)?;
    let mut past = restore(history)?;
    let wanted = Replicas(sums.replicas);
    let seen = Observation {
        now,
        scale: Some(Scale { wanted, running: wanted }),
        pods: Some(PodCount { listed: fold.listed(), ready: fold.ready() }),
        readings: &[Reading::Pods(fold)],
        ..Observation::default()
    };
    let decision = hpa.decide(&mut past, &seen, &mut ());
    let mut bytes = [0; HISTORY_BYTES];
    let length = past.save(&mut bytes).map_err(|_| Status::Internal)?;
    (history.length, history.bytes) = (u32::try_from(length).map_err(|_| Status::Internal)?, bytes);
    let (recommended, revisit_at) = (decision.detail.recommended, decision.revisit_at);
    *out = Decision {
        struct_size: out.struct_size,
        from: decision.from.0,
        to: decision.to.0,
        last_word: StepKind::from(&decision.last_word) as i32,
        has_recommended: u32::from(recommended.is_some()),
        recommended: recommended.unwrap_or_default().0,
        has_revisit_at: u32::from(revisit_at.is_some()),
        reserved: 0,
        revisit_at_ns: revisit_at.unwrap_or_default().as_nanos(),
    };
    Ok(())
}

fn fold(hpa: &Hpa<'_>, sums: &HpaSums, now: Instant) -> Result<PodFold, Status> {
    let requests = [sums.ready_request_milli, sums.missing_request_milli, sums.unready_request_milli];
    let irregular = sums.missing_pods.checked_add(sums.unready_pods);
    let pods_fit = irregular.is_some_and(|n| n <= MOST_PODS && sums.ready_pods.checked_add(n).is_some());
    if !pods_fit || requests.iter().any(|request| !(0..=MOST_REQUESTED).contains(request)) {
        return Err(Status::OutOfRange);
    }
    // A sum without pods would otherwise be lost without a word.
    let counts = [sums.ready_pods, sums.missing_pods, sums.unready_pods];
    let lost = counts.iter().zip(requests).any(|(pods, request)| *pods == 0 && request != 0);
    if lost || (sums.ready_pods == 0 && sums.ready_usage_milli != 0) {
        return Err(Status::OutOfRange);
    }
    if sums.target_percent > 100 && sums.missing_pods > 1 {
        return Err(Status::Inexact);
    }
    let mut fold = PodFold::new(hpa, 0, now);
    fold.add_ready(sums.ready_pods, Milli(sums.ready_usage_milli), Milli(sums.ready_request_milli));
    let missing = Pod { sample: None, ..Pod::running(Milli(0), now) };
    let unready = Pod { phase: Phase::Pending, ..missing };
    for (pods, request, pod) in [
        (sums.missing_pods, sums.missing_request_milli, missing),
        (sums.unready_pods, sums.unready_request_milli, unready),
    ] {
        for index in 0..pods {
            fold.add(&Pod { request: Ok(Milli(if index == 0 { request } else { 0 })), ..pod });
        }
    }
    Ok(fold)
}

fn restore(history: &StoredHistory) -> Result<Past, Status> {
    if history.length == 0 {
        return Ok(Past::default());
    }
    let length = usize::try_from(history.length).map_err(|_| Status::BadHistory)?;
    let bytes = history.bytes.get(..length).ok_or(Status::BadHistory)?;
    Past::restore(bytes).map_err(|_| Status::BadHistory)
}

fn status(error: ConfigError) -> Status {
    match error.problem {
        Problem::Capacity { .. } => Status::Capacity,
        _ => Status::OutOfRange,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// What a pod is, and its usage and request.
    type Each = (u8, i64, i64);

    fn sums(pods: &[Each], replicas: i32, target_percent: i32, now_ns: i64) -> HpaSums {
        let of = |class: u8| pods.iter().filter(move |pod| pod.0 == class);
        let count = |class| u32::try_from(of(class).count()).expect("a few pods");
        let request = |class| of(class).map(|pod| pod.2).sum();
        HpaSums {
            struct_size: 0,
            min_replicas: 1,
            max_replicas: 30,
            target_percent,
            tolerance: 0.1,
            downscale_window_ns: 60_000_000_000,
            sync_period_ns: 15_000_000_000,
            now_ns,
            replicas,
            ready_pods: count(0),
            missing_pods: count(1),
            unready_pods: count(2),
            ready_usage_milli: of(0).map(|pod| pod.1).sum(),
            ready_request_milli: request(0),
            missing_request_milli: request(1),
            unready_request_milli: request(2),
        }
    }

    /// The same sync with every pod added by itself.
    fn one_by_one(pods: &[Each], sums: &HpaSums, past: &mut Past) -> plimsoll_core::hpa::Decision {
        let metrics = [Metric::resource("memory").utilization(sums.target_percent).expect("a target")];
        let bounds = Bounds::new(sums.min_replicas, sums.max_replicas).expect("bounds");
        let controller = Controller {
            downscale_stabilization: Span::from_nanos(sums.downscale_window_ns),
            tolerance: sums.tolerance,
            ..Controller::DEFAULT
        };
        let hpa = Hpa::new(bounds, &metrics).expect("a policy").with_controller(controller);
        let now = Instant::from_nanos(sums.now_ns);
        let mut fold = PodFold::new(&hpa, 0, now);
        for (class, usage, request) in pods {
            let ready = Pod { request: Ok(Milli(*request)), ..Pod::running(Milli(*usage), now) };
            fold.add(&match class {
                0 => ready,
                1 => Pod { sample: None, ..ready },
                _ => Pod { phase: Phase::Pending, ..ready },
            });
        }
        let scale = Some(Scale { wanted: Replicas(sums.replicas), running: Replicas(sums.replicas) });
        let readings = [Reading::Pods(fold)];
        let seen = Observation { now, scale, pods: Some(PodCount::NONE), readings: &readings, ..Default::default() };
        hpa.decide(past, &seen, &mut ())
    }

    proptest! {
        #[test]
        fn sums_decide_like_the_pods_one_by_one(
            syncs in prop::collection::vec(
                (prop::collection::vec((0..3u8, 0..1500i64, 0..1000i64), 0..12), 0..35i32, 1..60i64), 1..8,
            ),
            target in 1..180i32,
        ) {
            let (mut history, mut past) =
                (StoredHistory { struct_size: 0, length: 0, bytes: [0; HISTORY_BYTES] }, Past::default());
            let mut now = 0;
            for (pods, replicas, gap) in syncs {
                now += gap * 1_000_000_000;
                let sums = sums(&pods, replicas, target, now);
                let mut out = Decision {
                    struct_size: 0, from: 0, to: 0, last_word: 0, has_recommended: 0, recommended: 0,
                    has_revisit_at: 0, reserved: 0, revisit_at_ns: 0,
                };
                match decide(&sums, &mut history, &mut out) {
                    Err(status) => {
                        prop_assert_eq!(status, Status::Inexact);
                        prop_assert!(target > 100 && sums.missing_pods > 1);
                    }
                    Ok(()) => {
                        let twin = one_by_one(&pods, &sums, &mut past);
                        prop_assert_eq!((out.from, out.to), (twin.from.0, twin.to.0));
                        prop_assert_eq!(out.last_word, StepKind::from(&twin.last_word) as i32);
                        prop_assert_eq!(out.has_recommended == 1, twin.detail.recommended.is_some());
                        let at = (out.has_revisit_at == 1).then_some(Instant::from_nanos(out.revisit_at_ns));
                        prop_assert_eq!(at, twin.revisit_at);
                    }
                }
            }
        }
    }
}
