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
    ///
    /// Upstream's two loops both read, so a failure counts once in each. Only where
    /// [`ScaledObject::shares_reads`] holds it is one read for both, as in [`ScaledObject::decide`] alone.
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

#[cfg(test)]
mod tests {
    extern crate std;
    use super::super::fallback::{Fallback, FallbackBehavior, Health};
    use super::super::formula::{Op, Program};
    use super::super::observation::Annotations;
    use super::super::policy::{Mended, ReplicaCounts, Trigger};
    use super::*;
    use crate::units::Span;
    use proptest::prelude::*;
    use std::string::{String, ToString};
    use std::vec::Vec as StdVec;

    const AVERAGE_10: Target = Target::AverageValue(Milli(10_000));

    fn trigger(name: &str) -> Trigger<'_> {
        Trigger::external(name, AVERAGE_10).unwrap()
    }

    fn works(value: i64) -> Reading {
        Reading::Value { value: Milli(value * 1000), active: value > 0 }
    }

    fn seen(second: i64, replicas: i32, readings: &[Reading]) -> Observation<'_> {
        Observation {
            now: Instant::from_secs(second),
            replicas: Some(Replicas(replicas)),
            readings,
            ..Observation::default()
        }
    }

    #[test]
    fn a_day_at_the_queue() {
        let triggers = [trigger("orders")];
        let counts = ReplicaCounts::new(None, Some(20), None).unwrap();
        let object = ScaledObject::new(counts, &triggers).unwrap();
        let mut history: History = History::new(&object).unwrap();
        let mut told = StdVec::<String>::new();
        let mut pass = |second, replicas, value| {
            let readings = [works(value)];
            let seen = seen(second, replicas, &readings);
            let decision = object.decide(&mut history, &seen, &mut ());
            object.applied(&mut history, &decision, Applied::Done(decision.to), &mut ());
            told.push(decision.last_word.sentence(&object).seen_at(seen.now).to_string());
            (decision.to.0, decision.revisit_at, decision.detail.hpa_scales)
        };
        assert_eq!(pass(0, 0, 0), (0, None, false));
        assert_eq!(pass(30, 0, 55), (1, None, false));
        assert_eq!(pass(60, 1, 55), (1, None, true));
        let until = Some((Instant::from_secs(60) + Span::from_secs(300)).next());
        assert_eq!(pass(90, 6, 0), (6, until, true));
        // Strictly later: at the end of the cooldown it still holds.
        assert_eq!(pass(360, 1, 0), (1, until, true));
        assert_eq!(pass(361, 1, 0), (0, None, false));
        assert_eq!(
            told,
            [
                "no work, and nothing to change here",
                "there is work: activated, from 0 to 1",
                "there is work: the HPA scales",
                "no work: the cooldown since the last activity keeps 6, for another 270 s",
                "no work: the cooldown since the last activity keeps 1, for another 0 s",
                "no work: from 1 to 0",
            ]
        );
    }

    #[test]
    fn the_moment_of_the_next_answer_is_exact() {
        let triggers = [trigger("orders")];
        let object = ScaledObject::new(ReplicaCounts::DEFAULT, &triggers).unwrap();
        let mut history: History = History::new(&object).unwrap();
        history.set_last_active(Some(Instant::from_secs(0)));
        let readings = [works(0)];
        let at = object.decide(&mut history, &seen(10, 3, &readings), &mut ()).revisit_at.unwrap();
        let later = |now| Observation { now, ..seen(0, 3, &readings) };
        assert_eq!(object.decide(&mut history, &later(at.previous()), &mut ()).to, Replicas(3));
        assert_eq!(object.decide(&mut history, &later(at), &mut ()).to, Replicas(0));
    }

    #[test]
    fn activity_outlives_the_failure_of_another_trigger_when_mended() {
        let triggers = [trigger("orders"), trigger("mails")];
        let upstream = ScaledObject::new(ReplicaCounts::DEFAULT, &triggers).unwrap();
        let mended = upstream.with_mended(Mended { activity_outlives_errors: true, ..Mended::NOTHING });
        for (object, expected) in [(upstream, 0), (mended, 4)] {
            let mut history: History = History::new(&object).unwrap();
            history.set_last_active(Some(Instant::from_secs(0)));
            object.decide(&mut history, &seen(290, 4, &[works(5), Reading::Failed]), &mut ());
            let quiet = object.decide(&mut history, &seen(320, 4, &[works(0), works(0)]), &mut ());
            assert_eq!(quiet.to, Replicas(expected));
        }
    }

    #[test]
    fn a_fallback_of_zero_waits_when_mended() {
        let triggers = [trigger("orders")];
        let fallback = Fallback::new(3, 0, FallbackBehavior::Static).unwrap();
        let upstream = ScaledObject::new(ReplicaCounts::DEFAULT, &triggers).unwrap().with_fallback(fallback);
        let mended = upstream.with_mended(Mended { zero_fallback_waits: true, ..Mended::NOTHING });
        for (object, expected) in [(upstream, 0), (mended, 4)] {
            let mut history: History = History::new(&object).unwrap();
            let decision = object.decide(&mut history, &seen(400, 4, &[Reading::Failed]), &mut ());
            assert_eq!(decision.to, Replicas(expected));
        }
    }

    #[test]
    fn a_fractional_target_falls_back_when_mended() {
        let triggers = [trigger("orders")];
        let ops = [Op::Trigger(0)];
        let target = Target::AverageValue(Milli(2500));
        let modifiers = Modifiers::new(Program::new(&ops).unwrap(), target).unwrap();
        let fallback = Fallback::new(0, 4, FallbackBehavior::Static).unwrap();
        let object = ScaledObject::new(ReplicaCounts::DEFAULT, &triggers).unwrap();
        let upstream = object.with_fallback(fallback).with_modifiers(modifiers).unwrap();
        let mended = upstream.with_mended(Mended { fractional_target_falls_back: true, ..Mended::NOTHING });
        for (object, expected) in [(upstream, None), (mended, Some(Milli(10_000)))] {
            let mut history: History = History::new(&object).unwrap();
            let metrics = object.read(&mut history, &seen(0, 3, &[Reading::Failed]), &mut ());
            assert_eq!(metrics[0].value, expected);
        }
    }

    #[test]
    fn a_formula_is_one_metric_and_its_activity() {
        let triggers = [trigger("kafka"), Trigger::resource("cpu"), trigger("rabbit")];
        // kafka ?? rabbit
        let ops = [Op::Trigger(0), Op::Trigger(2), Op::Coalesce];
        let modifiers = Modifiers::new(Program::new(&ops).unwrap(), Target::AverageValue(Milli(2000))).unwrap();
        let fallback = Fallback::new(1, 7, FallbackBehavior::ScalingModifiers).unwrap();
        let object = ScaledObject::new(ReplicaCounts::DEFAULT, &triggers).unwrap();
        let object = object.with_modifiers(modifiers.with_activation(50.0).unwrap()).unwrap().with_fallback(fallback);
        let mut history: History = History::new(&object).unwrap();
        let failed = Reading::Failed;
        let mut pass = |first, last| {
            let decision = object.decide(&mut history, &seen(0, 3, &[first, works(1), last]), &mut ());
            let metrics = &decision.detail.metrics;
            assert_eq!((metrics.len(), metrics[0].trigger), (1, None));
            (metrics[0].value.map(|value| value.0), decision.detail.active, decision.detail.error)
        };
        assert_eq!(pass(works(60), works(40)), (Some(60_000), Some(true), false));
        assert_eq!(pass(failed, works(40)), (None, Some(false), true), "the first failure is an error");
        assert_eq!(pass(failed, works(40)), (Some(40_000), Some(false), false), "the second is nil");
        assert_eq!(pass(failed, failed), (None, Some(false), true));
        assert_eq!(pass(failed, failed), (Some(14_000), Some(false), false), "seven replicas at a target of 2");
    }

    #[test]
    fn only_cpu_keeps_it_active_unless_it_fails() {
        let triggers = [Trigger::resource("cpu")];
        let object = ScaledObject::new(ReplicaCounts::DEFAULT, &triggers).unwrap();
        let mut history: History = History::new(&object).unwrap();
        let active = |history: &mut History, readings: &[Reading]| {
            object.decide(history, &seen(0, 3, readings), &mut ()).detail.active
        };
        assert_eq!(active(&mut history, &[]), Some(true));
        assert_eq!(active(&mut history, &[Reading::Failed]), Some(false));
        assert_eq!(object.hpa_metrics().count(), 0);
    }

    #[test]
    fn pausing_stops_everything_and_its_number_wins() {
        let triggers = [trigger("orders")];
        let object = ScaledObject::new(ReplicaCounts::DEFAULT, &triggers).unwrap();
        let mut history: History = History::new(&object).unwrap();
        let readings = [works(90)];
        let paused = |paused| Annotations { paused, force_activation: true, ..Annotations::default() };
        let seen = seen(0, 0, &readings);
        let as_is = Observation { annotations: paused(Paused::AsIs), ..seen };
        assert_eq!(object.decide(&mut history, &as_is, &mut ()).to, Replicas(0));
        let at = Observation { annotations: paused(Paused::At(Replicas(4))), ..seen };
        assert_eq!(object.decide(&mut history, &at, &mut ()).to, Replicas(4));
        assert_eq!(history.last_active(), None);
    }

    #[test]
    fn when_the_clock_runs_back_the_cooldown_begins_anew() {
        let triggers = [trigger("orders")];
        let object = ScaledObject::new(ReplicaCounts::DEFAULT, &triggers).unwrap();
        let mut history: History = History::new(&object).unwrap();
        object.decide(&mut history, &seen(10_000, 3, &[works(5)]), &mut ());
        let mut noted = false;
        let mut trace = crate::trace::Each(|step: &Step| noted |= matches!(step, Step::ClockWentBack { .. }));
        let back = object.decide(&mut history, &seen(100, 3, &[works(0)]), &mut trace);
        assert_eq!(back.revisit_at, Some((Instant::from_secs(100) + Span::from_secs(300)).next()));
        assert!(noted);
    }

    #[test]
    fn a_history_survives_a_snapshot_and_garbage_does_not() {
        let mut history = History::<3>::default();
        history.set_last_active(Some(Instant::from_secs(-5)));
        history.set_health(1, Some(Health { failures: 4, failing: true }));
        let mut out = [0; History::<3>::saved_size()];
        let length = history.save(&mut out).unwrap();
        assert_eq!(History::<3>::restore(&out[..length]).as_ref(), Ok(&history));
        for cut in 0..length {
            assert!(History::<3>::restore(&out[..cut]).is_err());
        }
        assert!(History::<1>::restore(&out[..length]).is_err(), "two triggers do not fit");
        // Two triggers' worth of bytes with every byte changed in turn: an error, never a panic.
        for at in 0..length {
            let mut bytes = out;
            bytes[at] ^= 0x41;
            assert!(History::<3>::restore(&bytes[..length]).is_err());
        }
    }

    /// The rules of a pass, as one expression.
    fn naive(
        (min, idle): (Option<i32>, Option<i32>),
        (current, active, error): (i32, bool, bool),
        fallback: Option<i32>,
        since: Option<i64>,
        annotations: Annotations,
    ) -> i32 {
        let low = min.unwrap_or(0);
        if active || annotations.force_activation {
            let leaves = (idle.is_some() && current < low) || current == 0;
            return if leaves && !annotations.scale_out_paused { low.max(1) } else { current };
        }
        if error && fallback != Some(0) {
            return current;
        }
        if idle.is_some_and(|idle| current > idle) || (current > 0 && low == 0) {
            let over = since.is_none_or(|since| since > 300);
            return if over && !annotations.scale_in_paused { idle.unwrap_or(low) } else { current };
        }
        if idle.is_none() && current < low { low } else { current }
    }

    proptest! {
        #[test]
        fn a_naive_twin_cannot_be_told_apart(
            min in prop::option::of(0i32..6), idle in prop::option::of(0i32..6), current in 0i32..9, active: bool,
            error: bool, fallback in prop::option::of(0i32..3), since in prop::option::of(0i64..700),
            scale_in_paused: bool, scale_out_paused: bool, force_activation: bool,
        ) {
            let Ok(counts) = ReplicaCounts::new(min, Some(10), idle) else { return Ok(()) };
            let triggers = [trigger("a"), trigger("b")];
            let mut object = ScaledObject::new(counts, &triggers).unwrap();
            if let Some(replicas) = fallback {
                object = object.with_fallback(Fallback::new(9, replicas, FallbackBehavior::Static).unwrap());
            }
            let mut history: History = History::new(&object).unwrap();
            history.set_last_active(since.map(|ago| Instant::from_secs(100_000 - ago)));
            let annotations =
                Annotations { paused: Paused::No, scale_in_paused, scale_out_paused, force_activation };
            let second = if error { Reading::Failed } else { works(0) };
            let readings = [works(i64::from(active)), second];
            let seen = Observation { annotations, ..seen(100_000, current, &readings) };
            let decision = object.decide(&mut history, &seen, &mut ());
            let expected = naive((min, idle), (current, active, error), fallback, since, annotations);
            prop_assert_eq!(decision.to, Replicas(expected));
        }

        #[test]
        fn absurd_observations_are_survived(
            passes in prop::collection::vec((any::<i64>(), any::<i32>(), any::<i64>(), any::<bool>()), 1..20),
        ) {
            let triggers = [trigger("a"), trigger("b")];
            let object = ScaledObject::new(ReplicaCounts::DEFAULT, &triggers).unwrap();
            let object = object.with_fallback(Fallback::new(0, i32::MAX, FallbackBehavior::Unset).unwrap());
            let mut history = History::<1>::default();
            for (at, replicas, value, failed) in passes {
                let reading =
                    if failed { Reading::Failed } else { Reading::Value { value: Milli(value), active: value > 0 } };
                let readings = [reading];
                let seen = Observation {
                    now: Instant::from_nanos(at),
                    ready: Some(replicas),
                    ..seen(0, replicas, &readings)
                };
                let decision = object.decide(&mut history, &seen, &mut crate::trace::Each(|step: &Step| {
                    let _ = step.to_string();
                }));
                object.applied(&mut history, &decision, Applied::Done(decision.to), &mut ());
            }
        }
    }
}
