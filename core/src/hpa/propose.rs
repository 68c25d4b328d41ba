//! What one metric asks for. Pure arithmetic, in the order of operations that upstream has.

use super::observation::{MetricError, Observation, PodCount, Reading, Scale, ValueSum};
use super::pods::PodFold;
use super::policy::{Hpa, Metric, Profile, Source, Target};
use crate::math;
use crate::units::{Milli, Replicas};

/// What one metric asks for, and what it was computed from.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Proposal {
    /// What it asks for; may be negative for negative metrics.
    pub replicas: Replicas,
    /// Which rule gave the number.
    pub basis: Basis,
    /// What was read over what was wanted; after the second pass, of that.
    pub ratio: f64,
    /// What the status reports.
    pub reported: Reported,
}

/// What the status reports of a metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Reported {
    /// Whole percent of the requests.
    pub utilization: Option<i32>,
    /// Value per pod.
    pub average: Option<Milli>,
    /// Value of the whole.
    pub value: Option<Milli>,
}

/// Which rule gave a proposal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Basis {
    /// The ratio is close enough to 1: the number stays.
    WithinTolerance,
    /// Ratio times the ready pods. Not times the current number: fewer pods than wanted ask for less.
    ReadyPods,
    /// Ratio, with missing and unready pods filled in, times the samples then held.
    FilledIn,
    /// With missing and unready pods filled in the ratio is close enough to 1, or on the other side of it.
    FilledInHolds,
    /// With missing and unready pods filled in the number would move against the ratio.
    FilledInOpposes,
    /// From zero replicas: the ratio itself.
    FromZero,
    /// Total over target per pod.
    PerPod,
    /// The average per running pod is close enough to the target: upstream proposes the pods running.
    RunningPods,
}

/// What metric number `index` of the policy asks for. O(1).
pub(super) fn propose(
    hpa: &Hpa<'_>,
    metric: &Metric<'_>,
    reading: Option<&Reading>,
    scale: Scale,
    seen: &Observation<'_>,
) -> Result<Proposal, MetricError> {
    if metric.source == Source::Unknown {
        return Err(MetricError::UnknownSource);
    }
    if metric.target == Target::Unusable {
        return Err(MetricError::UnusableTarget);
    }
    match (reading, metric.source, metric.target) {
        (Some(Reading::Failed(error)), ..) => Err(*error),
        // Made for another metric: what it filled in would be wrong.
        (Some(Reading::Pods(fold)), ..) if fold.target != metric.target => Err(MetricError::NoReading),
        (Some(Reading::Pods(fold)), _, Target::Utilization(percent)) => utilization(hpa, fold, percent, scale),
        (Some(Reading::Pods(fold)), _, Target::AverageValue(target)) if metric.is_per_pod() => {
            average(hpa, fold, target, scale)
        }
        (Some(Reading::Value(value)), Source::Object, _) => whole(hpa, metric, *value, scale, seen.pods),
        (Some(Reading::Values(values)), Source::External, target) => {
            whole(hpa, metric, total(hpa, values, target)?, scale, seen.pods)
        }
        _ => Err(MetricError::NoReading),
    }
}

/// Percent of the requests.
fn utilization(hpa: &Hpa<'_>, pods: &PodFold, target: i32, scale: Scale) -> Result<Proposal, MetricError> {
    any_samples(pods)?;
    if let Some((error, pod)) = pods.request_error {
        return Err(MetricError::Request { error, pod });
    }
    // The fraction of the percentage is lost before the ratio is formed: 99.9 % counts as 99.
    let percent = |usage: i64, request: i64| {
        if request == 0 {
            Err(MetricError::NothingMatched)
        } else {
            Ok(math::div(usage.wrapping_mul(100), request) as i32)
        }
    };
    let read = percent(pods.usage, pods.request)?;
    let reported = Reported {
        utilization: Some(read),
        average: Some(Milli(math::div(pods.usage, i64::from(pods.ready)))),
        value: None,
    };
    let ratio = |percent: i32| f64::from(percent) / f64::from(target);
    let rest = |filled: &Filled| {
        let usage = pods.usage.wrapping_add(if filled.below { pods.missing_filled } else { 0 });
        let missing = if filled.missing { pods.missing_request } else { 0 };
        let unready = if filled.unready { pods.unready_request } else { 0 };
        Ok(ratio(percent(usage, pods.request.wrapping_add(missing).wrapping_add(unready))?))
    };
    from_ratio(hpa, pods, ratio(read), scale, reported, rest)
}

/// A value per pod.
fn average(hpa: &Hpa<'_>, pods: &PodFold, target: Milli, scale: Scale) -> Result<Proposal, MetricError> {
    any_samples(pods)?;
    // Samples without a pod count here, in both passes.
    let usage = pods.usage.wrapping_add(pods.unlisted_usage);
    let average = |usage: i64, count: u32| math::div(usage, i64::from(count));
    let read = average(usage, pods.ready.wrapping_add(pods.unlisted));
    let reported = Reported { average: Some(Milli(read)), ..Reported::default() };
    let ratio = |average: i64| average as f64 / target.0 as f64;
    let rest = |filled: &Filled| {
        let missing = if filled.below { target.0.wrapping_mul(i64::from(pods.missing)) } else { 0 };
        Ok(ratio(average(usage.wrapping_add(missing), filled.count)))
    };
    from_ratio(hpa, pods, ratio(read), scale, reported, rest)
}

fn any_samples(pods: &PodFold) -> Result<(), MetricError> {
    match (pods.listed, pods.ready.wrapping_add(pods.unlisted)) {
        (0, _) => Err(MetricError::NoPods),
        (_, 0) => Err(MetricError::NoSamples),
        _ => Ok(()),
    }
}

/// What the second pass fills in.
struct Filled {
    /// Missing pods are in the set.
    missing: bool,
    /// … at their request or the target: the ratio was below 1.
    below: bool,
    /// Unready pods are in the set, at 0.
    unready: bool,
    /// Samples then held, those without a pod included.
    count: u32,
}

/// Both passes, common to utilization and averages per pod; `second` gives the ratio with pods filled in.
fn from_ratio(
    hpa: &Hpa<'_>,
    pods: &PodFold,
    ratio: f64,
    scale: Scale,
    reported: Reported,
    second: impl Fn(&Filled) -> Result<f64, MetricError>,
) -> Result<Proposal, MetricError> {
    let current = scale.wanted.0;
    let tolerances = hpa.tolerances();
    let done = |replicas, basis, ratio| Ok(Proposal { replicas: Replicas(replicas), basis, ratio, reported });
    let unready = pods.left_out.unready();
    if pods.missing == 0 && !(unready > 0 && ratio > 1.0) {
        if tolerances.hold(ratio, hpa.profile) {
            return done(current, Basis::WithinTolerance, ratio);
        }
        return done(math::ceil_i32(ratio * f64::from(pods.ready)), Basis::ReadyPods, ratio);
    }
    let (below, above) = (ratio < 1.0, ratio > 1.0);
    let missing = if below || above { pods.missing } else { 0 };
    let added = missing.wrapping_add(if above { unready } else { 0 });
    let count = pods.ready.wrapping_add(pods.unlisted).wrapping_add(added);
    let filled = second(&Filled { missing: below || above, below, unready: above, count })?;
    if tolerances.hold(filled, hpa.profile) || (below && filled > 1.0) || (above && filled < 1.0) {
        return done(current, Basis::FilledInHolds, filled);
    }
    let replicas = math::ceil_i32(filled * f64::from(count));
    if (filled < 1.0 && replicas > current) || (filled > 1.0 && replicas < current) {
        return done(current, Basis::FilledInOpposes, filled);
    }
    done(replicas, Basis::FilledIn, filled)
}

/// The sum of an External metric, under the cap of its kind of target and release.
fn total(hpa: &Hpa<'_>, values: &ValueSum, target: Target) -> Result<Milli, MetricError> {
    if values.count == 0 {
        return Err(MetricError::Unavailable);
    }
    Ok(Milli(match target {
        Target::Value(_) if hpa.profile >= Profile::V1_35 => values.capped.0,
        Target::AverageValue(_) if hpa.profile >= Profile::V1_34 => values.guarded.0,
        _ => values.plain,
    }))
}

/// Object and External: one value for the whole workload.
fn whole(
    hpa: &Hpa<'_>,
    metric: &Metric<'_>,
    value: Milli,
    scale: Scale,
    pods: Option<PodCount>,
) -> Result<Proposal, MetricError> {
    let done = |replicas, basis, ratio, reported| Ok(Proposal { replicas: Replicas(replicas), basis, ratio, reported });
    let (current, running) = (scale.wanted.0, f64::from(scale.running.0));
    let tolerances = hpa.tolerances();
    let read = value.0 as f64;
    match metric.target {
        Target::Value(target) => {
            let reported = Reported { value: Some(value), ..Reported::default() };
            let ratio = read / target.0 as f64;
            if current == 0 {
                return done(math::ceil_i32(ratio), Basis::FromZero, ratio, reported);
            }
            if tolerances.hold(ratio, hpa.profile) {
                return done(current, Basis::WithinTolerance, ratio, reported);
            }
            let pods = pods.ok_or(MetricError::PodsUnlisted)?;
            if pods.listed == 0 {
                return Err(MetricError::NoPods);
            }
            done(math::ceil_i32(ratio * f64::from(pods.ready)), Basis::ReadyPods, ratio, reported)
        }
        Target::AverageValue(target) => {
            // Upstream divides by zero here when nothing runs; the total is the honest answer.
            let average = match scale.running.0 {
                0 => value.0,
                // An External total at the cap is reported as it is, not divided.
                _ if metric.source == Source::External && read >= 9_223_372_036_854_775_808.0 => i64::MAX,
                _ => math::ceil_i64(read / running),
            };
            let reported = Reported { average: Some(Milli(average)), ..Reported::default() };
            let ratio = read / (target.0 as f64 * running);
            if tolerances.hold(ratio, hpa.profile) {
                return if hpa.mended.on_target_holds_wanted {
                    done(current, Basis::WithinTolerance, ratio, reported)
                } else {
                    done(scale.running.0, Basis::RunningPods, ratio, reported)
                };
            }
            done(math::ceil_i32(read / target.0 as f64), Basis::PerPod, ratio, reported)
        }
        Target::Utilization(_) | Target::Unusable => Err(MetricError::UnusableTarget),
    }
}
