//! Step scaling: by how much depends on how far the alarm is breached.

use super::adjust::{Adjustment, StepAdjustment, check_steps, step_for};
use super::alarm::{Alarm, AlarmState, Datapoints};
use super::explain::Step;
use super::history::History;
use super::observation::{Observation, Outlook, Points, Threshold, around};
use super::pace::{LONGEST, Order, Pace, Standing};
use crate::constrain::Bounds;
use crate::decision::{self, Draft};
use crate::error::{ConfigError, Problem};
use crate::trace::Trace;
use crate::units::{Instant, Replicas, Span};

/// One step scaling policy and its alarm.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rule<'a> {
    alarm: Alarm,
    adjustment: Adjustment,
    steps: &'a [StepAdjustment],
    wait: Span,
}

impl<'a> Rule<'a> {
    /// `wait` is the warm-up or the cooldown, at most an hour.
    ///
    /// # Errors
    /// Names what is wrong with the steps, or the time.
    pub const fn new(
        alarm: Alarm,
        adjustment: Adjustment,
        steps: &'a [StepAdjustment],
        wait: Span,
    ) -> Result<Self, ConfigError> {
        if let Err(error) = check_steps(steps, adjustment) {
            return Err(error);
        }
        if let Err(error) = check_wait("wait", wait) {
            return Err(error);
        }
        Ok(Self { alarm, adjustment, steps, wait })
    }

    /// The first step that can never be for a breach, since it lies on the other side of the threshold. AWS accepts
    /// such steps; a host may warn.
    #[must_use]
    pub fn unreachable_step(&self) -> Option<usize> {
        let high = self.alarm.comparison().is_high();
        self.steps.iter().position(|step| {
            if high {
                step.upper.is_some_and(|upper| upper <= 0.0)
            } else {
                step.lower.is_some_and(|lower| lower >= 0.0)
            }
        })
    }

    /// The alarm.
    #[must_use]
    pub const fn alarm(&self) -> Alarm {
        self.alarm
    }

    /// The type of the adjustments.
    #[must_use]
    pub const fn adjustment(&self) -> Adjustment {
        self.adjustment
    }

    /// The steps.
    #[must_use]
    pub const fn steps(&self) -> &'a [StepAdjustment] {
        self.steps
    }
}

pub(super) const fn check_wait(field: &'static str, wait: Span) -> Result<(), ConfigError> {
    if wait.as_nanos() > LONGEST.as_nanos() {
        return Err(ConfigError::new(field, wait.as_nanos() as i64, Problem::AtMost(LONGEST.as_nanos() as i64)));
    }
    Ok(())
}

pub(super) const fn check_rules(count: usize) -> Result<(), ConfigError> {
    if count == 0 {
        return Err(ConfigError::new("rules", 0, Problem::Empty));
    }
    if count > u16::MAX as usize {
        return Err(ConfigError::new("rules", count as i64, Problem::AtMost(u16::MAX as i64)));
    }
    Ok(())
}

/// All step scaling policies of one group, usually one for each direction.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StepScaling<'a> {
    bounds: Bounds,
    pace: Pace,
    rules: &'a [Rule<'a>],
}

/// A decision on capacity.
pub type Decision = decision::Decision<Step, Detail>;

/// What else step, simple and target-tracking scaling know of a decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Detail {
    /// The rule that acts; `None` when none does, or the bounds alone do. For target tracking 0.
    pub rule: Option<u16>,
    /// Units that its adjustment was made on.
    pub base: Replicas,
    /// Whether alarms and values were clear enough to say what is wanted. Without that nothing shrinks.
    pub valid: bool,
    /// The moment of the decision.
    pub at: Instant,
}

impl<'a> StepScaling<'a> {
    /// At least one rule.
    ///
    /// # Errors
    /// When there is none, or more than 65,535.
    pub const fn new(bounds: Bounds, pace: Pace, rules: &'a [Rule<'a>]) -> Result<Self, ConfigError> {
        match check_rules(rules.len()) {
            Ok(()) => Ok(Self { bounds, pace, rules }),
            Err(error) => Err(error),
        }
    }

    /// The bounds.
    #[must_use]
    pub const fn bounds(&self) -> Bounds {
        self.bounds
    }

    /// Warm-up or cooldown.
    #[must_use]
    pub const fn pace(&self) -> Pace {
        self.pace
    }

    /// The rules.
    #[must_use]
    pub const fn rules(&self) -> &'a [Rule<'a>] {
        self.rules
    }

    /// Decides. O(rules × steps + new points).
    ///
    /// Alarms invoke their rules when a point came, or when something that time ends held a rule at the evaluation
    /// before. Of several rules that ask for something the largest capacity counts.
    pub fn decide<const A: usize>(
        &self,
        history: &mut History<A>,
        seen: &Observation<'_>,
        trace: &mut impl Trace<Step>,
    ) -> Decision {
        let now = seen.now;
        let from = seen.capacity.map_or(0, |capacity| capacity.desired.0);
        let mut draft = Draft::new(from, Step::Idle, trace);
        let mut detail = Detail { rule: None, base: Replicas(from), valid: false, at: now };
        history.see(now, &mut draft);
        let alarms = self.rules.iter().map(|rule| &rule.alarm);
        let fresh = history.take(alarms, seen.points, now, &mut draft);
        let Some(capacity) = seen.capacity else {
            // The points are in; they are evaluated as soon as there is a capacity to change.
            history.held |= fresh;
            draft.set(from, Step::CapacityUnknown);
            return draft.decide(detail);
        };
        let standing = Standing::of(self.pace, history.order, capacity, now);
        let evaluate = fresh || history.held;
        if !evaluate {
            draft.set(from, Step::NoNewPoint);
        }
        history.held = false;
        let (mut best, mut held) = (None::<(i32, u16, i32)>, false);
        detail.valid = !history.alarms.is_empty();
        for (index, (rule, points)) in self.rules.iter().zip(history.alarms.iter()).enumerate() {
            let number = number(index);
            detail.valid &= points.state() != AlarmState::Insufficient;
            if !evaluate {
                continue;
            }
            draft.note(Step::Alarm { rule: number, alarm: rule.alarm, state: points.state(), newest: points.newest() });
            if points.state() != AlarmState::Alarm {
                continue;
            }
            let Some(newest) = points.newest() else {
                detail.valid = false;
                draft.set(from, Step::NoSize { rule: number });
                continue;
            };
            let distance = newest - rule.alarm.threshold();
            let high = rule.alarm.comparison().is_high();
            let Some((step, StepAdjustment { adjustment, .. })) = step_for(rule.steps, high, distance) else {
                draft.note(Step::NoStep { rule: number, distance });
                continue;
            };
            let ask = Ask { rule: number, step: self::number(step), adjustment: rule.adjustment, by: adjustment };
            if let Some((to, base)) = ask.on(standing, self.bounds, &mut draft, &mut held)
                && best.is_none_or(|(known, ..)| to > known)
            {
                best = Some((to, number, base));
            }
        }
        history.held = held;
        if let Some((to, rule, base)) = best {
            detail.rule = Some(rule);
            detail.base = Replicas(base);
            if to != from {
                draft.set(to, Step::Chosen { rule, to: Replicas(to) });
            }
        }
        bound(self.bounds, &mut draft);
        draft.decide(detail)
    }

    /// Says what became of a decision: warm-ups and cooldowns begin when the capacity was really changed.
    pub fn applied<const A: usize>(&self, history: &mut History<A>, decision: &Decision, to: Replicas) {
        let rule = decision.detail.rule.and_then(|rule| self.rules.get(usize::from(rule)));
        if let Some(rule) = rule {
            let wait_in = (self.pace == Pace::Cooldown).then_some(rule.wait);
            ordered(&mut history.order, decision, to, rule.wait, wait_in);
        }
    }

    /// At which points the answer would be another one, for every rule's alarm alone. O(rules² × steps² × points).
    #[must_use]
    pub fn outlook<const A: usize>(&self, history: &History<A>, seen: &Observation<'_>) -> Outlook {
        let mut outlook = Outlook::default();
        let Some(capacity) = seen.capacity else { return outlook };
        for (index, rule) in self.rules.iter().enumerate() {
            let points = history.alarms.get(index).copied().unwrap_or_default();
            let threshold = rule.alarm.threshold();
            let bounds = rule.steps.iter().flat_map(|step| [step.lower, step.upper]).flatten();
            for value in core::iter::once(0.0).chain(bounds).flat_map(|bound| around(threshold + bound)) {
                if let Some(needed) = points.points_to_alarm(&rule.alarm, value) {
                    let to = self.ahead(history, seen, index, value, needed);
                    let found = Threshold { rule: number(index), value, points: needed, to };
                    outlook.offer(capacity.desired, points.newest(), found);
                }
            }
        }
        outlook
    }

    /// The answer after so many points of that value for one rule.
    fn ahead<const A: usize>(
        &self,
        history: &History<A>,
        seen: &Observation<'_>,
        rule: usize,
        value: f64,
        points: u8,
    ) -> Replicas {
        let mut ahead = history.clone();
        // Only this rule speaks: what the others ask for anyway would be counted as its own.
        let alarm = self.rules.get(rule).map(|rule| rule.alarm);
        while ahead.alarms.len() <= rule && ahead.alarms.push(Datapoints::NONE).is_ok() {}
        for (index, past) in ahead.alarms.iter_mut().enumerate() {
            if index == rule {
                alarm.iter().for_each(|alarm| (0..points).for_each(|_| past.push(alarm, Some(value))));
            } else {
                *past = Datapoints::NONE;
            }
        }
        ahead.held = true;
        self.decide(&mut ahead, &Observation { points: &[], ..*seen }, &mut ()).to
    }
}

/// What one rule asks for.
struct Ask {
    rule: u16,
    step: u16,
    adjustment: Adjustment,
    by: i32,
}

impl Ask {
    /// The capacity asked for and the units it was computed on; `None` when something holds it.
    fn on<T: Trace<Step>>(
        self,
        standing: Standing,
        bounds: Bounds,
        draft: &mut Draft<'_, Step, T>,
        held: &mut bool,
    ) -> Option<(i32, i32)> {
        let (rule, step) = (self.rule, Some(self.step));
        let Standing { desired, .. } = standing;
        let mut base = standing.base;
        let mut change = self.adjustment.change(base, self.by);
        if change < 0 {
            base = desired;
            change = self.adjustment.change(base, self.by);
        }
        let asked = clamp(i64::from(base).saturating_add(change), bounds);
        // Never below what is ordered already: an alarm that repeats orders once, a larger step only the difference.
        let to = match change.signum() {
            1 => asked.max(desired),
            0 => desired,
            _ => asked,
        };
        let (asked, ordered) = (Replicas(asked), Replicas(desired));
        draft.note(Step::Asked { rule, step, base: Replicas(base), change, to: asked });
        if change > 0
            && to == desired
            && let Some(until) = standing.fresh
        {
            *held |= until.is_some();
            draft.revisit(until);
            draft.set(desired, Step::OrderedAlready { rule, asked, ordered, until });
        }
        if change < 0
            && let Some(by) = standing.held
        {
            *held |= by.until().is_some();
            draft.revisit(by.until());
            draft.set(desired, Step::ScaleInHeld { rule, asked, by });
            return None;
        }
        Some((to, base))
    }
}

/// Within the bounds, as a number of replicas.
pub(super) fn clamp(units: i64, bounds: Bounds) -> i32 {
    let (min, max) = (i64::from(bounds.min().0), i64::from(bounds.max().0));
    i32::try_from(units.clamp(min, max.max(min))).unwrap_or(i32::MAX)
}

/// A capacity outside the bounds is brought inside, whatever else is asked for.
pub(super) fn bound<T: Trace<Step>>(bounds: Bounds, draft: &mut Draft<'_, Step, T>) {
    let from = draft.to();
    let to = clamp(i64::from(from), bounds);
    if to != from {
        draft.set(to, Step::Bounded { from: Replicas(from), to: Replicas(to) });
    }
}

/// Remembers an order, and for how long; a scale-in only where it holds later ones.
pub(super) fn ordered(
    order: &mut Option<Order>,
    decision: &Decision,
    to: Replicas,
    wait_out: Span,
    wait_in: Option<Span>,
) {
    let (from, now, base) = (decision.from.0, decision.detail.at, decision.detail.base.0);
    let wait = if to.0 > from { Some(wait_out) } else { wait_in };
    if to.0 != from {
        *order = wait.map(|wait| Order::of(base, from, to.0, now + wait));
    }
}

pub(super) fn number(index: usize) -> u16 {
    u16::try_from(index).unwrap_or(u16::MAX)
}

/// The points of rule number `index`.
pub(super) fn points_of<'a>(points: &[Points<'a>], index: usize) -> Points<'a> {
    points.get(index).copied().unwrap_or_default()
}
