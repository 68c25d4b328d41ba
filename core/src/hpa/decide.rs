//! One sync, stage by stage, in upstream's order.

use core::fmt;

use super::condition::{ConditionKind, Reason};
use super::history::{History, HistoryView};
use super::observation::{MetricError, Observation, Reading, Scale, Selector};
use super::policy::{ColdStart, Hpa, Profile, Source};
use super::propose::{Proposal, propose};
use super::stabilize::{self, Stabilized};
use super::step::{Read, Step, failed};
use crate::constrain::{self, GrowthCap, Lately, Limit, Limited};
use crate::decision::Draft;
use crate::trace::Trace;
use crate::units::{Instant, Replicas};
use crate::window::{Entry, Stored, changes};

/// What the HPA decides.
pub type Decision = crate::decision::Decision<Step, Detail>;

/// What the HPA knows beside the number.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Detail {
    /// What the metrics ask for together, before windows and limits; `None` when none was computed.
    pub recommended: Option<Replicas>,
    /// The metric that asks for the most, by its number in the policy.
    pub winner: Option<u16>,
    /// After the windows.
    pub stabilized: Option<Replicas>,
    /// The error that upstream's sync ends with.
    pub error: Option<SyncError>,
    /// The reason that upstream gives in its event when it rescales.
    pub reason: RescaleReason,
    /// The moment of the decision.
    pub at: Instant,
}

/// The error that a sync ends with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SyncError {
    /// The scale could not be read.
    ScaleUnread,
    /// No number could be computed: the selector, the pods, or too many metrics failed.
    Unknowable,
    /// Some metrics failed; the sync went on.
    PartlyFailed,
}

impl SyncError {
    /// Whether the sync stopped: the status then keeps its desired replicas.
    #[must_use]
    pub const fn stops(self) -> bool {
        !matches!(self, Self::PartlyFailed)
    }
}

/// The reason that upstream gives in its event when it rescales.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum RescaleReason {
    /// No text: the metrics ask for the current number.
    #[default]
    None,
    /// More than the most.
    AboveMax,
    /// Fewer than the fewest.
    BelowMin,
    /// The metric of this number is above its target.
    MetricAbove(u16),
    /// All metrics are below their targets.
    AllBelow,
}

impl fmt::Display for RescaleReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => Ok(()),
            Self::AboveMax => f.write_str("Current number of replicas above Spec.MaxReplicas"),
            Self::BelowMin => f.write_str("Current number of replicas below Spec.MinReplicas"),
            Self::MetricAbove(metric) => {
                write!(f, "metric {} above target", metric.saturating_add(1))
            }
            Self::AllBelow => f.write_str("All metrics below target"),
        }
    }
}

/// What the host did with a decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Applied {
    /// The scale was written with this number.
    Done(Replicas),
    /// The scale could not be written.
    Failed,
}

impl Hpa<'_> {
    /// Decides one sync. Cannot fail and cannot panic: whatever is wrong with the observation shows as a step.
    ///
    /// O(metrics + rules × changes), amortised; pods were folded before.
    pub fn decide<const R: usize, const E: usize>(
        &self,
        history: &mut History<R, E>,
        seen: &Observation<'_>,
        trace: &mut impl Trace<Step>,
    ) -> Decision {
        sync(self, history.view(), seen, trace)
    }

    /// Says what became of a decision that [changes](crate::decision::Decision::changes) the scale: rate rules count
    /// what was really changed, and the conditions tell. A number written that is the one before changes nothing.
    pub fn applied<const R: usize, const E: usize>(
        &self,
        history: &mut History<R, E>,
        decision: &Decision,
        applied: Applied,
        trace: &mut impl Trace<Step>,
    ) {
        let past = history.view();
        let (from, now) = (decision.from, decision.detail.at);
        let Applied::Done(to) = applied else {
            past.conditions.set(ConditionKind::AbleToScale, false, Reason::FailedUpdateScale, now);
            trace.record(&Step::RescaleFailed { from, to: decision.to });
            return;
        };
        if from == to {
            return;
        }
        past.conditions.set(ConditionKind::AbleToScale, true, Reason::SucceededRescale, now);
        trace.record(&Step::Rescaled { from, to });
        if let Some(behavior) = self.behavior {
            let (list, rules) = if to > from { (past.up, behavior.up) } else { (past.down, behavior.down) };
            let change = to.0.wrapping_sub(from.0).wrapping_abs();
            if changes::store(list, change, now, rules.rates().longest()) == Stored::Merged {
                trace.record(&Step::HistoryFull);
            }
        }
        if self.profile < Profile::V1_36 {
            return;
        }
        if !self.scale_to_zero {
            past.conditions.remove(ConditionKind::ScaledToZero);
        } else if from.0 > 0 && to.0 == 0 && self.bounds.min().0 == 0 && self.counts_from_outside() {
            past.conditions.set(ConditionKind::ScaledToZero, true, Reason::ScaledToZero, now);
        } else {
            past.conditions.set(ConditionKind::ScaledToZero, false, Reason::NotScaledToZero, now);
        }
    }

    /// Whether a metric can be read without pods.
    fn counts_from_outside(&self) -> bool {
        self.metrics.iter().any(|metric| matches!(metric.source, Source::Object | Source::External))
    }
}

fn sync<T: Trace<Step>>(hpa: &Hpa<'_>, mut past: HistoryView<'_>, seen: &Observation<'_>, trace: &mut T) -> Decision {
    let now = seen.now;
    let mut detail =
        Detail { recommended: None, winner: None, stabilized: None, error: None, reason: RescaleReason::None, at: now };
    let current = seen.scale.map_or(0, |scale| scale.wanted.0);
    let mut draft = Draft::new(current, Step::ScaleUnread, trace);
    see_time(hpa, &mut past, now, &mut draft);

    let Some(scale) = seen.scale else {
        past.conditions.set(ConditionKind::AbleToScale, false, Reason::FailedGetScale, now);
        detail.error = Some(SyncError::ScaleUnread);
        draft.note(Step::ScaleUnread);
        return draft.decide(detail);
    };
    past.conditions.set(ConditionKind::AbleToScale, true, Reason::SucceededGetScale, now);
    seed(&mut past, current, now, &mut draft);

    let (min, max) = (hpa.bounds.min(), hpa.bounds.max());
    let own_zero = hpa.profile >= Profile::V1_36 && hpa.scale_to_zero && past.conditions.scaled_to_zero();
    if current == 0 && !leaves_zero(hpa, own_zero) {
        past.conditions.set(ConditionKind::ScalingActive, false, Reason::ScalingDisabled, now);
        if !hpa.scale_to_zero && hpa.profile >= Profile::V1_36 {
            past.conditions.remove(ConditionKind::ScaledToZero);
        }
        draft.set(0, Step::Disabled);
        return draft.decide(detail);
    }
    if current > max.0 {
        detail.reason = RescaleReason::AboveMax;
        draft.set(max.0, Step::AboveMax { from: scale.wanted, to: max });
    } else if current != 0 && current < min.0 {
        detail.reason = RescaleReason::BelowMin;
        draft.set(min.0, Step::BelowMin { from: scale.wanted, to: min });
    } else {
        let Some(asked) = recommend(hpa, &mut past, scale, seen, &mut draft, &mut detail) else {
            detail.error = Some(SyncError::Unknowable);
            return draft.decide(detail);
        };
        let stable = hold(hpa, &mut past, asked, now, &mut draft);
        detail.stabilized = Some(Replicas(stable));
        limit(hpa, &mut past, stable, now, &mut draft);
        if current == 0 && min.0 != 0 && own_zero && draft.to() < min.0 {
            if detail.reason == RescaleReason::None {
                detail.reason = RescaleReason::BelowMin;
            }
            draft.set(min.0, Step::LiftedFromZero { to: min });
        }
    }
    draft.decide(detail)
}

/// Notes the time, and whatever is odd about it.
fn see_time<T: Trace<Step>>(hpa: &Hpa<'_>, past: &mut HistoryView<'_>, now: Instant, draft: &mut Draft<'_, Step, T>) {
    let Some(last) = past.see(now) else { return };
    if last > now {
        draft.note(Step::ClockWentBack { last, now });
    } else if last == now {
        draft.note(Step::ClockStood { now });
    } else {
        let rates = hpa.behavior.map(|b| b.up.rates().longest().max(b.down.rates().longest()));
        let windows = hpa.windows();
        let longest = windows.down.max(windows.up).max(rates.unwrap_or_default());
        let usual = hpa.controller.sync_period;
        if now.since(last) > longest.max(usual) {
            draft.note(Step::LongGap { last, now });
        }
    }
}

/// At the very first sync the current number counts as a recommendation, made a moment ago.
fn seed<T: Trace<Step>>(past: &mut HistoryView<'_>, current: i32, now: Instant, draft: &mut Draft<'_, Step, T>) {
    past.started.get_or_insert(now);
    if *past.seeded {
        return;
    }
    *past.seeded = true;
    // Upstream reads the clock again later in the sync: one tick tells which side of a window's edge this is on.
    past.recommendations.store(Entry { value: current, at: now.previous() });
    draft.note(Step::Seeded { replicas: Replicas(current) });
}

/// Whether zero replicas are computed on, or left alone.
fn leaves_zero(hpa: &Hpa<'_>, own_zero: bool) -> bool {
    if hpa.profile < Profile::V1_36 {
        return hpa.bounds.min().0 == 0;
    }
    own_zero && (hpa.bounds.min().0 != 0 || hpa.counts_from_outside())
}

/// The greatest of what the metrics ask for; `None` when that cannot be known.
fn recommend<T: Trace<Step>>(
    hpa: &Hpa<'_>,
    past: &mut HistoryView<'_>,
    scale: Scale,
    seen: &Observation<'_>,
    draft: &mut Draft<'_, Step, T>,
    detail: &mut Detail,
) -> Option<i32> {
    let (current, now) = (scale.wanted, seen.now);
    let count = |n: usize| u16::try_from(n).unwrap_or(u16::MAX);
    let of = count(hpa.metrics.len());
    let unknowable = Step::Unknowable { invalid: 0, of };
    if seen.selector != Selector::Usable {
        let reason = match seen.selector {
            Selector::Ambiguous => Reason::AmbiguousSelector,
            _ => Reason::InvalidSelector,
        };
        past.conditions.set(ConditionKind::ScalingActive, false, reason, now);
        draft.set(current.0, Step::SelectorUnusable { selector: seen.selector });
        draft.note(unknowable);
        return None;
    }
    if seen.pods.is_none() {
        draft.set(current.0, Step::PodsUnlisted);
        draft.note(unknowable);
        return None;
    }
    let (mut replicas, mut invalid, mut first) = (0, 0_u16, None);
    for (index, metric) in hpa.metrics.iter().enumerate() {
        let reading = seen.readings.get(index);
        let metric_index = count(index);
        match propose(hpa, metric, reading, scale, seen) {
            Ok(proposal) => {
                let read = reading.map(read).unwrap_or_default();
                draft.note(Step::Proposed { metric: metric_index, read, proposal });
                if let Some(Reading::Pods(fold)) = reading {
                    draft.revisit(Some(fold.changes_at).filter(|at| *at < Instant::MAX));
                }
                // Anything replaces a running value of exactly 0, also a negative one.
                if replicas == 0 || proposal.replicas.0 > replicas {
                    replicas = proposal.replicas.0;
                    detail.winner = Some(metric_index);
                }
            }
            Err(error) => {
                invalid = invalid.saturating_add(1);
                first = first.or(Some(failed(metric.source)));
                draft.note(Step::MetricFailed { metric: metric_index, source: metric.source, error });
            }
        }
    }
    if let Some(reason) = first
        && (invalid >= of || replicas < current.0)
    {
        past.conditions.set(ConditionKind::ScalingActive, false, reason, now);
        detail.winner = None;
        draft.set(current.0, Step::Unknowable { invalid, of });
        return None;
    }
    past.conditions.set(ConditionKind::ScalingActive, true, Reason::ValidMetricFound, now);
    if invalid > 0 {
        detail.error = Some(SyncError::PartlyFailed);
        draft.note(Step::PartlyFailed { invalid, of });
    }
    let asked = replicas.max(0);
    detail.recommended = Some(Replicas(asked));
    let winner = detail.winner.unwrap_or(0);
    detail.reason = match asked.cmp(&current.0) {
        core::cmp::Ordering::Greater => RescaleReason::MetricAbove(winner),
        core::cmp::Ordering::Equal => RescaleReason::None,
        core::cmp::Ordering::Less => RescaleReason::AllBelow,
    };
    draft.set(asked, Step::Recommended { metric: winner, replicas: Replicas(asked), current });
    Some(asked)
}

fn read(reading: &Reading) -> Read {
    match reading {
        Reading::Pods(fold) => Read {
            listed: fold.listed,
            ready: fold.ready,
            missing: fold.missing,
            unlisted: fold.unlisted,
            left_out: fold.left_out,
        },
        _ => Read::default(),
    }
}

/// The windows.
fn hold<T: Trace<Step>>(
    hpa: &Hpa<'_>,
    past: &mut HistoryView<'_>,
    asked: i32,
    now: Instant,
    draft: &mut Draft<'_, Step, T>,
) -> i32 {
    let (current, windows) = (draft.from(), hpa.windows());
    let Stabilized { replicas, held, stored } = if hpa.behavior.is_some() {
        stabilize::with_behavior(windows, asked, current, now, &mut past.recommendations)
    } else {
        stabilize::without_behavior(windows, asked, now, &mut past.recommendations)
    };
    if stored == Stored::Merged {
        draft.note(Step::HistoryFull);
    }
    let reason = if replicas == asked {
        Reason::ReadyForNewScale
    } else if hpa.behavior.is_some() && asked >= current {
        Reason::ScaleUpStabilized
    } else {
        Reason::ScaleDownStabilized
    };
    past.conditions.set(ConditionKind::AbleToScale, true, reason, now);
    if let Some(stabilize::Held { direction, by, until }) = held {
        let (by, from, to) = (Replicas(by), Replicas(asked), Replicas(replicas));
        draft.revisit(Some(until));
        draft.set(replicas, Step::Stabilized { direction, by, from, to, until });
    }
    if hpa.cold_start == ColdStart::HoldUntilWindowFilled && replicas != current {
        let window = if replicas > current { windows.up } else { windows.down };
        let until = past.started.unwrap_or(now) + window;
        if until > now {
            draft.revisit(Some(until));
            draft.set(current, Step::ColdHeld { from: Replicas(replicas), to: Replicas(current), until });
            return current;
        }
    }
    replicas
}

/// Bounds and rates.
fn limit<T: Trace<Step>>(
    hpa: &Hpa<'_>,
    past: &mut HistoryView<'_>,
    stable: i32,
    now: Instant,
    draft: &mut Draft<'_, Step, T>,
) {
    let Limited { replicas, limit, rate } = match hpa.behavior {
        None => constrain::without_rules(stable, draft.from(), hpa.bounds, GrowthCap::HPA),
        Some(behavior) => {
            let lately = Lately { up: past.up, down: past.down, now };
            let rules = match (behavior.up.rates(), behavior.down.rates()) {
                (up, down) if hpa.mended.pods_rule_saturates => (up.saturating(), down),
                both => both,
            };
            constrain::with_rules(stable, draft.from(), hpa.bounds, rules, &lately)
        }
    };
    let (limited, reason) = match limit {
        Limit::DesiredWithinRange => (false, Reason::DesiredWithinRange),
        Limit::TooFewReplicas => (true, Reason::TooFewReplicas),
        Limit::TooManyReplicas => (true, Reason::TooManyReplicas),
        Limit::ScaleUpLimit => (true, Reason::ScaleUpLimit),
        Limit::ScaleDownLimit => (true, Reason::ScaleDownLimit),
    };
    past.conditions.set(ConditionKind::ScalingLimited, limited, reason, now);
    draft.revisit(rate.and_then(|rate| rate.stands_until));
    if replicas != stable {
        draft.set(replicas, Step::Limited { from: Replicas(stable), to: Replicas(replicas), limit, rate });
    }
}

/// What one metric asks for, alone: the calculator without windows, limits or memory.
///
/// # Errors
/// Why it gives no number.
pub fn proposal(
    hpa: &Hpa<'_>,
    metric: usize,
    reading: &Reading,
    scale: Scale,
    seen: &Observation<'_>,
) -> Result<Proposal, MetricError> {
    let metric = hpa.metrics.get(metric).ok_or(MetricError::NoReading)?;
    propose(hpa, metric, Some(reading), scale, seen)
}
