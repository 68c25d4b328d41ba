//! Simple scaling: one adjustment, then a cooldown in which nothing happens.

use super::adjust::Adjustment;
use super::alarm::{Alarm, AlarmState};
use super::explain::Step;
use super::history::{Action, SimpleHistory};
use super::observation::{Observation, Outlook, Threshold, around};
use super::stepped::{Decision, Detail, bound, check_rules, check_wait, clamp, number};
use crate::constrain::Bounds;
use crate::decision::Draft;
use crate::error::ConfigError;
use crate::trace::Trace;
use crate::units::{Instant, Replicas, Span};

/// One simple scaling policy and its alarm.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SimpleRule {
    alarm: Alarm,
    adjustment: Adjustment,
    by: i32,
    cooldown: Option<Span>,
}

impl SimpleRule {
    /// With the group's default cooldown.
    ///
    /// # Errors
    /// A negative exact capacity.
    pub const fn new(alarm: Alarm, adjustment: Adjustment, by: i32) -> Result<Self, ConfigError> {
        match adjustment.accepts("scaling adjustment", by) {
            Ok(()) => Ok(Self { alarm, adjustment, by, cooldown: None }),
            Err(error) => Err(error),
        }
    }

    /// A cooldown of its own, at most an hour.
    ///
    /// # Errors
    /// When it is longer.
    pub const fn with_cooldown(self, cooldown: Span) -> Result<Self, ConfigError> {
        match check_wait("cooldown", cooldown) {
            Ok(()) => Ok(Self { cooldown: Some(cooldown), ..self }),
            Err(error) => Err(error),
        }
    }

    /// The alarm.
    #[must_use]
    pub const fn alarm(&self) -> Alarm {
        self.alarm
    }

    /// Its own cooldown, if it has one.
    #[must_use]
    pub const fn cooldown(&self) -> Option<Span> {
        self.cooldown
    }
}

/// All simple scaling policies of one group. For compatibility: step scaling is better in every case we know.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SimpleScaling<'a> {
    bounds: Bounds,
    rules: &'a [SimpleRule],
    default_cooldown: Span,
}

impl<'a> SimpleScaling<'a> {
    /// The group's default cooldown where none is given.
    pub const DEFAULT_COOLDOWN: Span = Span::from_secs(300);

    /// At least one rule; the default cooldown is 300 s.
    ///
    /// # Errors
    /// When there is none, or more than 65,535.
    pub const fn new(bounds: Bounds, rules: &'a [SimpleRule]) -> Result<Self, ConfigError> {
        match check_rules(rules.len()) {
            Ok(()) => Ok(Self { bounds, rules, default_cooldown: Self::DEFAULT_COOLDOWN }),
            Err(error) => Err(error),
        }
    }

    /// The group's default cooldown, at most an hour.
    ///
    /// # Errors
    /// When it is longer.
    pub const fn with_default_cooldown(self, cooldown: Span) -> Result<Self, ConfigError> {
        match check_wait("default cooldown", cooldown) {
            Ok(()) => Ok(Self { default_cooldown: cooldown, ..self }),
            Err(error) => Err(error),
        }
    }

    /// The bounds.
    #[must_use]
    pub const fn bounds(&self) -> Bounds {
        self.bounds
    }

    /// The rules.
    #[must_use]
    pub const fn rules(&self) -> &'a [SimpleRule] {
        self.rules
    }

    /// Decides. O(rules + new points). Of several rules that act at once the largest capacity counts.
    ///
    /// From the start of an action until it has completed and its cooldown, counted from there, has passed, all
    /// triggers are ignored. Bounds, schedules and manual changes are not.
    pub fn decide<const A: usize>(
        &self,
        history: &mut SimpleHistory<A>,
        seen: &Observation<'_>,
        trace: &mut impl Trace<Step>,
    ) -> Decision {
        let now = seen.now;
        let from = seen.capacity.map_or(0, |capacity| capacity.desired.0);
        let mut draft = Draft::new(from, Step::Idle, trace);
        let mut detail = Detail { rule: None, base: Replicas(from), valid: false, at: now };
        history.see(now, &mut draft);
        let fresh = history.take(self.rules.iter().map(|rule| &rule.alarm), seen.points, now, &mut draft);
        if let Some(action) = &mut history.action {
            // A completion before the start is that of an earlier action, one later than now has not been.
            let completed = seen.completed.filter(|at| *at >= action.started).map(|at| at.min(now));
            action.completed = action.completed.or(completed);
        }
        if seen.capacity.is_none() {
            // The points are in; they are evaluated as soon as there is a capacity to change.
            history.held |= fresh;
            draft.set(from, Step::CapacityUnknown);
            return draft.decide(detail);
        }
        detail.valid = history.alarms.iter().all(|points| points.state() != AlarmState::Insufficient);
        let evaluate = fresh || history.held;
        history.held = false;
        if !evaluate {
            draft.set(from, Step::NoNewPoint);
        } else if let Some(step) = busy(history.action, now) {
            history.held = true;
            if let Step::CoolingDown { until } = step {
                draft.revisit(Some(until));
            }
            draft.set(from, step);
        } else {
            let mut best = None::<(i32, u16)>;
            for (index, (rule, points)) in self.rules.iter().zip(history.alarms.iter()).enumerate() {
                let (rule_number, state) = (number(index), points.state());
                let newest = points.newest();
                draft.note(Step::Alarm { rule: rule_number, alarm: rule.alarm, state, newest });
                if state != AlarmState::Alarm {
                    continue;
                }
                let change = rule.adjustment.change(from, rule.by);
                let to = clamp(i64::from(from).saturating_add(change), self.bounds);
                let base = Replicas(from);
                draft.note(Step::Asked { rule: rule_number, step: None, base, change, to: Replicas(to) });
                if best.is_none_or(|(known, _)| to > known) {
                    best = Some((to, rule_number));
                }
            }
            if let Some((to, rule)) = best {
                detail.rule = Some(rule);
                if to != from {
                    draft.set(to, Step::Chosen { rule, to: Replicas(to) });
                }
            }
        }
        bound(self.bounds, &mut draft);
        draft.decide(detail)
    }

    /// Says that a decision was begun with: from now on triggers are ignored.
    pub fn applied<const A: usize>(&self, history: &mut SimpleHistory<A>, decision: &Decision, to: Replicas) {
        let rule = decision.detail.rule.and_then(|rule| self.rules.get(usize::from(rule)));
        if let Some(rule) = rule.filter(|_| to != decision.from) {
            let cooldown = rule.cooldown.unwrap_or(self.default_cooldown);
            history.action = Some(Action { started: decision.detail.at, completed: None, cooldown });
        }
    }

    /// At which points the answer would be another one; none while triggers are ignored. O(rules × points).
    #[must_use]
    pub fn outlook<const A: usize>(&self, history: &SimpleHistory<A>, seen: &Observation<'_>) -> Outlook {
        let mut outlook = Outlook::default();
        let Some(capacity) = seen.capacity.filter(|_| busy(history.action, seen.now).is_none()) else { return outlook };
        let from = capacity.desired;
        for (index, rule) in self.rules.iter().enumerate() {
            let past = history.alarms.get(index).copied().unwrap_or_default();
            let change = rule.adjustment.change(from.0, rule.by);
            let to = Replicas(clamp(i64::from(from.0).saturating_add(change), self.bounds));
            for value in around(rule.alarm.threshold()) {
                if let Some(points) = past.points_to_alarm(&rule.alarm, value) {
                    outlook.offer(from, past.newest(), Threshold { rule: number(index), value, points, to });
                }
            }
        }
        outlook
    }
}

/// Why triggers are ignored, if they are.
fn busy(action: Option<Action>, now: Instant) -> Option<Step> {
    let action = action?;
    match action.completed {
        None => Some(Step::ActionGoesOn { since: action.started }),
        Some(completed) => {
            let until = completed + action.cooldown;
            (now < until).then_some(Step::CoolingDown { until })
        }
    }
}
