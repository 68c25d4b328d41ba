//! One pass, stage by stage, in upstream's order: read the triggers, then activate, rest, or leave it to the HPA.

use heapless::Vec;
use heapless::vec::VecView;

use super::fallback::FallbackBehavior;
use super::formula::Value;
use super::history::{History, HistoryView};
use super::observation::{Observation, Paused, Reading};
use super::policy::{Modifiers, ScaledObject, Target, units};
use super::step::{Missing, Step};
use crate::decision::Draft;
use crate::math;
use crate::trace::Trace;
use crate::units::{Instant, Milli, Replicas};

/// What a scaled object decides: activation's answer, and the metrics for the HPA beside it.
pub type Decision<const T: usize> = crate::decision::Decision<Step, Detail<T>>;

/// What a scaled object knows beside the number.
#[derive(Clone, Debug, PartialEq)]
pub struct Detail<const T: usize> {
    /// Whether there is work; `None` while paused, or when the scale could not be read.
    pub active: Option<bool>,
    /// Whether a trigger failed and nothing stood in for it.
    pub error: bool,
    /// The condition Ready.
    pub ready: Ready,
    /// The condition Fallback: a trigger fails for longer than its threshold. `None` without a usable fallback.
    pub fallback: Option<bool>,
    /// Whether the HPA scales now: neither paused, nor at zero, nor moved by this decision.
    pub hpa_scales: bool,
    /// The metrics for the HPA, in the order of [`ScaledObject::hpa_metrics`].
    pub metrics: Vec<HpaMetric, T>,
    /// The moment of the decision.
    pub at: Instant,
}

/// The condition Ready of a scaled object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ready {
    /// All is well, or nothing needed the triggers that failed.
    True,
    /// Nothing works.
    False,
    /// Some triggers work.
    Unknown,
}

/// One metric for the HPA: an External metric with this target and value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HpaMetric {
    /// Number of the trigger; `None` for the composite of a formula.
    pub trigger: Option<u16>,
    /// What it is compared with.
    pub target: Target,
    /// The value; `None` when it could not be read: the HPA then does not scale down.
    pub value: Option<Milli>,
    /// Whether it stands in for a reading.
    pub fallback: bool,
}

/// What the host did with a decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Applied {
    /// The scale was written with this number.
    Done(Replicas),
    /// The scale could not be written.
    Failed,
}

impl ScaledObject<'_> {
    /// Decides one pass. Cannot fail and cannot panic: whatever is wrong with the observation shows as a step.
    ///
    /// [`decision.to`](crate::decision::Decision::to) is activation's word: a number other than the present one only
    /// when the target is activated, put to rest or below its fewest. Otherwise the HPA scales, by `detail.metrics`,
    /// within [`hpa_bounds`](super::ReplicaCounts::hpa_bounds). O(triggers + formula).
    ///
    /// Failures are counted here: every read counts, as upstream counts them. Where an HPA reads at its own pace, its
    /// reads are [`ScaledObject::read`].
    pub fn decide<const T: usize>(
        &self,
        history: &mut History<T>,
        seen: &Observation<'_>,
        trace: &mut impl Trace<Step>,
    ) -> Decision<T> {
        let mut metrics = Vec::new();
        let decision = pass(self, history.view(), seen, metrics.as_mut_view(), trace);
        let crate::decision::Decision { from, to, last_word, revisit_at, detail } = decision;
        let Found { active, error, ready, fallback, hpa_scales } = detail;
        let detail = Detail { active, error, ready, fallback, hpa_scales, metrics, at: seen.now };
        Decision { from, to, last_word, revisit_at, detail }
    }

    /// One read by the HPA: the metrics it gets, failures counted. O(triggers + formula).
    pub fn read<const T: usize>(
        &self,
        history: &mut History<T>,
        seen: &Observation<'_>,
        trace: &mut impl Trace<Step>,
    ) -> Vec<HpaMetric, T> {
        let mut metrics = Vec::new();
        let mut draft = Draft::new(0, Step::ScaleUnread, trace);
        let _state = read(self, &mut history.view(), seen, metrics.as_mut_view(), &mut draft);
        metrics
    }

    /// Says what became of a decision that [changes](crate::decision::Decision::changes) the scale: an activation that
    /// was written counts as activity.
    pub fn applied<const T: usize>(
        &self,
        history: &mut History<T>,
        decision: &Decision<T>,
        applied: Applied,
        trace: &mut impl Trace<Step>,
    ) {
        let (from, to) = (decision.from, decision.to);
        match applied {
            Applied::Failed => trace.record(&Step::RescaleFailed { from, to }),
            Applied::Done(to) => {
                if from != to {
                    trace.record(&Step::Rescaled { from, to });
                }
                if matches!(decision.last_word, Step::Activated { .. }) {
                    *history.view().last_active = Some(decision.detail.at);
                }
            }
        }
    }
}

/// A detail without its metrics.
struct Found {
    active: Option<bool>,
    error: bool,
    ready: Ready,
    fallback: Option<bool>,
    hpa_scales: bool,
}

fn pass<T: Trace<Step>>(
    object: &ScaledObject<'_>,
    mut past: HistoryView<'_>,
    seen: &Observation<'_>,
    metrics: &mut VecView<HpaMetric>,
    trace: &mut T,
) -> crate::decision::Decision<Step, Found> {
    let now = seen.now;
    let current = seen.replicas.map_or(0, |replicas| replicas.0);
    let mut draft = Draft::new(current, Step::LeftToHpa, trace);
    if let Some(last) = past.see(now).filter(|last| *last > now) {
        draft.note(Step::ClockWentBack { last, now });
    }
    let mut found = Found { active: None, error: false, ready: Ready::True, fallback: None, hpa_scales: false };
    let annotations = seen.annotations;
    // While paused there is no loop that would read, nor an HPA.
    let frozen = annotations.paused != Paused::No;
    let state = if frozen { State::default() } else { read(object, &mut past, seen, metrics, &mut draft) };
    (found.error, found.fallback) = (state.error, state.fallback);
    if seen.replicas.is_none() {
        found.ready = Ready::False;
        draft.set(current, Step::ScaleUnread);
        return draft.decide(found);
    }
    match annotations.paused {
        Paused::No => {}
        Paused::AsIs => {
            draft.set(current, Step::Paused { replicas: Replicas(current) });
            return draft.decide(found);
        }
        Paused::At(replicas) => {
            draft.set(replicas.0.max(0), Step::Paused { replicas });
            return draft.decide(found);
        }
    }
    let active = state.active || annotations.force_activation;
    found.active = Some(active);
    if active {
        found.ready = activate(object, &mut past, seen, &state, current, &mut draft);
    } else {
        found.ready = rest(object, &past, seen, &state, current, &mut draft);
    }
    found.hpa_scales = current > 0 && draft.to() == current;
    draft.decide(found)
}

/// Something is active: out of zero or idle, or a note that there was work.
fn activate<T: Trace<Step>>(
    object: &ScaledObject<'_>,
    past: &mut HistoryView<'_>,
    seen: &Observation<'_>,
    state: &State,
    current: i32,
    draft: &mut Draft<'_, Step, T>,
) -> Ready {
    let counts = object.counts;
    let forced = !state.active;
    if (counts.idle().is_some() && current < counts.floor()) || current == 0 {
        if seen.annotations.scale_out_paused {
            draft.set(current, Step::ScaleOutPaused { at: Replicas(current) });
            return Ready::True;
        }
        let to = counts.at_activation();
        draft.set(to, Step::Activated { from: Replicas(current), to: Replicas(to), forced });
        return Ready::True;
    }
    if state.error {
        if object.mended.activity_outlives_errors {
            *past.last_active = Some(seen.now);
        }
        draft.set(current, Step::PartlyFailed);
        return Ready::Unknown;
    }
    *past.last_active = Some(seen.now);
    draft.set(current, Step::Active { forced });
    Ready::True
}

/// Nothing is active: to zero or idle after the cooldown, or up to the fewest.
fn rest<T: Trace<Step>>(
    object: &ScaledObject<'_>,
    past: &HistoryView<'_>,
    seen: &Observation<'_>,
    state: &State,
    current: i32,
    draft: &mut Draft<'_, Step, T>,
) -> Ready {
    let (counts, now) = (object.counts, seen.now);
    if state.error {
        let Some(fallback) = object.fallback else {
            draft.set(current, Step::AllFailed);
            return Ready::False;
        };
        if fallback.replicas() != 0 || object.mended.zero_fallback_waits {
            draft.set(current, Step::AwaitsFallback { replicas: Replicas(fallback.replicas()) });
            return Ready::True;
        }
    }
    let from = Replicas(current);
    if counts.idle().is_some_and(|idle| current > idle) || (current > 0 && counts.floor() == 0) {
        if seen.annotations.scale_in_paused {
            draft.set(current, Step::ScaleInPaused { at: from });
            return Ready::True;
        }
        let (since, period) = match *past.last_active {
            Some(last) => (last, object.cooldown),
            None => (seen.created, object.initial_cooldown),
        };
        // Strictly later than the period's end.
        if since + period < now {
            let to = Replicas(counts.at_rest());
            draft.set(to.0, Step::Deactivated { from, to, idle: counts.idle().is_some() });
        } else {
            let until = (since + period).next();
            draft.revisit(Some(until));
            draft.set(current, Step::CoolingDown { at: from, until, ever_active: past.last_active.is_some() });
        }
    } else if counts.idle().is_none() && current < counts.floor() {
        let to = Replicas(counts.floor());
        draft.set(to.0, Step::RaisedToMin { from, to });
    } else {
        draft.set(current, Step::Inactive);
    }
    Ready::True
}

/// What the triggers say together.
#[derive(Default)]
struct State {
    active: bool,
    error: bool,
    fallback: Option<bool>,
}

/// Reads every trigger once, and makes the HPA's metrics of them.
fn read<T: Trace<Step>>(
    object: &ScaledObject<'_>,
    past: &mut HistoryView<'_>,
    seen: &Observation<'_>,
    metrics: &mut VecView<HpaMetric>,
    draft: &mut Draft<'_, Step, T>,
) -> State {
    let usable = object.usable_fallback();
    let mut state = State { active: false, error: false, fallback: None };
    // By trigger: what a formula computes with. As many as a history has room for.
    let mut first_fallback = None;
    let mut external = false;
    for (index, (trigger, number)) in object.triggers.iter().zip(0_u16..).enumerate() {
        let reading = seen.readings.get(index).copied();
        let Some(target) = trigger.target() else {
            // CPU and memory: the HPA reads them; what fails here is the trigger itself.
            state.error |= reading == Some(Reading::Failed);
            continue;
        };
        external = true;
        let one = read_one(object, past, seen, (index, number), target, reading, draft);
        state.active |= one.active || one.metric.fallback;
        state.error |= one.metric.value.is_none() && !one.nil;
        if one.metric.fallback {
            first_fallback = first_fallback.or(one.metric.value);
        }
        // Without a formula upstream hands its placeholder for nil on to the HPA.
        let placeholder = (one.nil && object.modifiers.is_none()).then_some(Milli(-1000));
        let _full = metrics.push(HpaMetric { value: one.metric.value.or(placeholder), ..one.metric });
    }
    state.fallback = usable.map(|fallback| past.any_above(fallback.threshold()));
    if let Some(modifiers) = object.modifiers {
        state.active = compose(object, &modifiers, past, &state, first_fallback, metrics, draft);
    }
    // Only CPU and memory: there is nothing that could activate it from zero.
    state.active |= !external && !state.error;
    state
}

/// One trigger, read.
struct One {
    metric: HpaMetric,
    active: bool,
    /// Nothing stands in, by the fallback's word.
    nil: bool,
}

fn read_one<T: Trace<Step>>(
    object: &ScaledObject<'_>,
    past: &mut HistoryView<'_>,
    seen: &Observation<'_>,
    (index, number): (usize, u16),
    target: Target,
    reading: Option<Reading>,
    draft: &mut Draft<'_, Step, T>,
) -> One {
    let usable = object.usable_fallback();
    let metric = HpaMetric { trigger: Some(number), target, value: None, fallback: false };
    let failed = One { metric, active: false, nil: false };
    let mut health = past.health(index).unwrap_or_default();
    if let Some(Reading::Value { value, active }) = reading {
        if usable.is_some() {
            health.succeed();
            if !past.set_health(index, Some(health)) {
                draft.note(Step::HistoryFull { trigger: number });
            }
        }
        draft.note(Step::Read { trigger: number, value, active });
        return One { metric: HpaMetric { value: Some(value), ..metric }, active, nil: false };
    }
    let Some(fallback) = usable else {
        draft.note(Step::TriggerFailed { trigger: number, failures: None, why: Missing::NoFallback });
        return failed;
    };
    health.fail();
    if !past.set_health(index, Some(health)) {
        draft.note(Step::HistoryFull { trigger: number });
    }
    let failures = Some(health.failures);
    if health.failures <= fallback.threshold() {
        let why = Missing::BelowThreshold(fallback.threshold());
        draft.note(Step::TriggerFailed { trigger: number, failures, why });
        return failed;
    }
    if fallback.behavior() == FallbackBehavior::ScalingModifiers {
        draft.note(Step::TriggerFailed { trigger: number, failures, why: Missing::NilInFormula });
        return One { nil: true, ..failed };
    }
    let current = seen.replicas.map(|replicas| replicas.0);
    let stand_in = fallback.metric(object.modifiers.map_or(target, |modifiers| modifiers.target), current, seen.ready);
    let Some(value) = stand_in else {
        let why = if fallback.kept(current).is_none() { Missing::Replicas } else { Missing::ReadyPods };
        draft.note(Step::TriggerFailed { trigger: number, failures, why });
        return failed;
    };
    let replicas = Replicas(fallback.kept(current).unwrap_or_default());
    draft.note(Step::FellBack { trigger: number, failures: health.failures, replicas, value });
    One { metric: HpaMetric { value: Some(value), fallback: true, ..metric }, active: false, nil: false }
}

/// The composite replaces all external metrics. Gives whether it is active.
fn compose<T: Trace<Step>>(
    object: &ScaledObject<'_>,
    modifiers: &Modifiers<'_>,
    past: &HistoryView<'_>,
    state: &State,
    first_fallback: Option<Milli>,
    metrics: &mut VecView<HpaMetric>,
    draft: &mut Draft<'_, Step, T>,
) -> bool {
    let value = match first_fallback {
        Some(value) => Some(value),
        None => formula(object, modifiers, past, metrics, draft),
    };
    let active = !state.error && value.is_some_and(|value| units(value) > modifiers.activation);
    // The HPA gets an error when a trigger failed and nothing stands in for any.
    let handed = value.filter(|_| !state.error || first_fallback.is_some());
    draft.note(Step::Composed { value, active, error: state.error });
    metrics.clear();
    let fallback = first_fallback.is_some();
    let _full = metrics.push(HpaMetric { trigger: None, target: modifiers.target, value: handed, fallback });
    active
}

fn formula<T: Trace<Step>>(
    object: &ScaledObject<'_>,
    modifiers: &Modifiers<'_>,
    past: &HistoryView<'_>,
    metrics: &VecView<HpaMetric>,
    draft: &mut Draft<'_, Step, T>,
) -> Option<Milli> {
    let nils = object.fallback.filter(|fallback| fallback.behavior() == FallbackBehavior::ScalingModifiers);
    let lookup = |trigger: u16| {
        // A trigger that failed below its threshold is not in upstream's list, and so is nil too.
        let metric = metrics.iter().find(|metric| metric.trigger == Some(trigger))?;
        let beyond = nils.is_some_and(|fallback| {
            past.health(usize::from(trigger)).is_some_and(|health| health.failures > fallback.threshold())
        });
        metric.value.filter(|_| !beyond).map(units)
    };
    match modifiers.program.run_with(lookup) {
        // Cut to thousandths.
        Value::Number(number) => Some(Milli(math::trunc_i64(number * 1000.0))),
        Value::Nil => {
            let Some(fallback) = object.fallback else {
                draft.note(Step::FormulaFailed { nil: true });
                return None;
            };
            let (Target::AverageValue(target) | Target::Value(target)) = modifiers.target;
            Some(Milli(math::trunc_i64(f64::from(fallback.replicas()) * units(target) * 1000.0)))
        }
        Value::Truth(_) | Value::Failed => {
            draft.note(Step::FormulaFailed { nil: false });
            None
        }
    }
}
