//! Target tracking: as many units as bring a metric to its target.

use super::alarm::{Alarm, AlarmState, Comparison};
use super::explain::Step;
use super::history::TrackingHistory;
use super::observation::{MetricObservation, Outlook, Threshold, around, near};
use super::pace::{Pace, Standing};
use super::stepped::{Decision, Detail, bound, check_wait, clamp, ordered};
use crate::constrain::Bounds;
use crate::decision::Draft;
use crate::error::{ConfigError, Problem};
use crate::math;
use crate::trace::Trace;
use crate::units::{Replicas, Span};

/// A target tracking policy. The metric must fall when capacity rises: utilisation, or load per unit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TargetTracking {
    bounds: Bounds,
    target: f64,
    high: Alarm,
    low: Alarm,
    pace: Pace,
    wait: Span,
    in_cooldown: Span,
    in_fraction: f64,
    scales_in: bool,
}

/// The alarms of a target tracking policy. AWS shows these and does not promise them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sensitivity {
    /// Time between two points.
    pub period: Span,
    /// M and N of the high alarm.
    pub high: (u32, u32),
    /// M and N of the low alarm.
    pub low: (u32, u32),
    /// The low alarm's threshold, as a part of the target.
    pub low_factor: f64,
}

impl Sensitivity {
    /// 3 points of a minute above the target, 15 below 90 % of it.
    pub const AWS: Self = Self { period: Span::from_secs(60), high: (3, 3), low: (15, 15), low_factor: 0.9 };
}

impl Default for Sensitivity {
    fn default() -> Self {
        Self::AWS
    }
}

impl TargetTracking {
    /// With 300 s of warm-up and as much between two scale-ins, each of at most a tenth of the capacity.
    ///
    /// # Errors
    /// A target that is not above 0.
    pub const fn new(bounds: Bounds, target: f64) -> Result<Self, ConfigError> {
        if !target.is_finite() {
            return Err(ConfigError::new("target", 0, Problem::NotFinite));
        }
        if target <= 0.0 {
            return Err(ConfigError::new("target", (target * 1000.0) as i64, Problem::MoreThan(0)));
        }
        let (high, low) = match alarms(target, Sensitivity::AWS) {
            Ok(both) => both,
            Err(error) => return Err(error),
        };
        let wait = Span::from_secs(300);
        let (pace, in_cooldown) = (Pace::WarmUp, wait);
        Ok(Self { bounds, target, high, low, pace, wait, in_cooldown, in_fraction: 0.1, scales_in: true })
    }

    /// Other alarms.
    ///
    /// # Errors
    /// Numbers of points out of range, a period of no length, or a factor outside 0 to 1.
    pub const fn with_sensitivity(self, sensitivity: Sensitivity) -> Result<Self, ConfigError> {
        let factor = sensitivity.low_factor;
        if !factor.is_finite() {
            return Err(ConfigError::new("low factor", 0, Problem::NotFinite));
        }
        if factor < 0.0 {
            return Err(ConfigError::new("low factor", (factor * 1000.0) as i64, Problem::AtLeast(0)));
        }
        if factor > 1.0 {
            return Err(ConfigError::new("low factor", (factor * 1000.0) as i64, Problem::AtMost(1000)));
        }
        match alarms(self.target, sensitivity) {
            Ok((high, low)) => Ok(Self { high, low, ..self }),
            Err(error) => Err(error),
        }
    }

    /// Warm-up of new units (EC2) or scale-out cooldown (Application Auto Scaling), at most an hour.
    ///
    /// # Errors
    /// When it is longer.
    pub const fn with_pace(self, pace: Pace, wait: Span) -> Result<Self, ConfigError> {
        match check_wait("wait", wait) {
            Ok(()) => Ok(Self { pace, wait, ..self }),
            Err(error) => Err(error),
        }
    }

    /// Time between two scale-ins, at most an hour.
    ///
    /// # Errors
    /// When it is longer.
    pub const fn with_scale_in_cooldown(self, cooldown: Span) -> Result<Self, ConfigError> {
        match check_wait("scale-in cooldown", cooldown) {
            Ok(()) => Ok(Self { in_cooldown: cooldown, ..self }),
            Err(error) => Err(error),
        }
    }

    /// Our rule, since AWS does not publish its own: one scale-in removes at most this part of the capacity, rounded
    /// up, and always one unit; 0 to 1.
    ///
    /// # Errors
    /// When it is outside.
    pub const fn with_scale_in_fraction(self, fraction: f64) -> Result<Self, ConfigError> {
        if !fraction.is_finite() {
            return Err(ConfigError::new("scale-in fraction", 0, Problem::NotFinite));
        }
        if fraction < 0.0 {
            return Err(ConfigError::new("scale-in fraction", (fraction * 1000.0) as i64, Problem::AtLeast(0)));
        }
        if fraction > 1.0 {
            return Err(ConfigError::new("scale-in fraction", (fraction * 1000.0) as i64, Problem::AtMost(1000)));
        }
        Ok(Self { in_fraction: fraction, ..self })
    }

    /// Never lowers the capacity.
    #[must_use]
    pub const fn without_scale_in(self) -> Self {
        Self { scales_in: false, ..self }
    }

    /// The bounds.
    #[must_use]
    pub const fn bounds(&self) -> Bounds {
        self.bounds
    }

    /// The target.
    #[must_use]
    pub const fn target(&self) -> f64 {
        self.target
    }

    /// Whether it ever lowers the capacity. One that does not, does not oppose others that do.
    #[must_use]
    pub const fn scales_in(&self) -> bool {
        self.scales_in
    }

    /// The high and the low alarm.
    #[must_use]
    pub const fn alarms(&self) -> (Alarm, Alarm) {
        (self.high, self.low)
    }

    /// The units that bring the metric to its target: `⌈units × value / target⌉`. What is added is rounded up, what is
    /// removed down: 1.5 more are 2, 1.5 fewer are 1.
    #[must_use]
    pub fn size(&self, units: i32, value: f64) -> i32 {
        math::ceil_i32(f64::from(units) * value / self.target)
    }

    /// Decides. O(new points).
    pub fn decide(
        &self,
        history: &mut TrackingHistory,
        seen: &MetricObservation<'_>,
        trace: &mut impl Trace<Step>,
    ) -> Decision {
        let now = seen.now;
        let from = seen.capacity.map_or(0, |capacity| capacity.desired.0);
        let mut draft = Draft::new(from, Step::Idle, trace);
        let mut detail = Detail { rule: None, base: Replicas(from), valid: false, at: now };
        history.see(now, &mut draft);
        let fresh = history.take([&self.high, &self.low].into_iter(), &[seen.points, seen.points], now, &mut draft);
        let Some(capacity) = seen.capacity else {
            // The points are in; they are evaluated as soon as there is a capacity to change.
            history.held |= fresh;
            draft.set(from, Step::CapacityUnknown);
            return draft.decide(detail);
        };
        let standing = Standing::of(self.pace, history.order, capacity, now);
        let evaluate = fresh || history.held;
        history.held = false;
        let states = [0, 1].map(|index| history.alarms.get(index).copied().unwrap_or_default());
        let [high, low] = states;
        detail.valid = high.newest().is_some();
        if evaluate {
            for (rule, (alarm, points)) in [(0, (self.high, high)), (1, (self.low, low))] {
                draft.note(Step::Alarm { rule, alarm, state: points.state(), newest: points.newest() });
            }
        }
        match high.newest() {
            _ if !evaluate => draft.set(from, Step::NoNewPoint),
            None => draft.set(from, Step::NoSize { rule: 0 }),
            Some(value) if high.state() == AlarmState::Alarm => {
                history.held = self.scale_out(standing, value, &mut draft, &mut detail);
            }
            Some(value) if low.state() == AlarmState::Alarm => {
                history.held = self.scale_in(standing, value, &mut draft, &mut detail);
            }
            Some(_) => {}
        }
        bound(self.bounds, &mut draft);
        draft.decide(detail)
    }

    /// At once, in proportion, and never below what is ordered already. True when time alone could change the answer.
    fn scale_out<T: Trace<Step>>(
        &self,
        standing: Standing,
        value: f64,
        draft: &mut Draft<'_, Step, T>,
        detail: &mut Detail,
    ) -> bool {
        let Standing { desired, base, .. } = standing;
        let asked = clamp(i64::from(self.size(base, value)), self.bounds);
        let (to, asked) = (asked.max(desired), Replicas(asked));
        self.note_asked(base, asked, draft);
        if to > desired {
            (detail.rule, detail.base) = (Some(0), Replicas(base));
            draft.set(to, Step::Chosen { rule: 0, to: Replicas(to) });
        } else if let Some(until) = standing.fresh {
            draft.revisit(until);
            draft.set(desired, Step::OrderedAlready { rule: 0, asked, ordered: Replicas(desired), until });
            return until.is_some();
        }
        false
    }

    /// A little at a time. True when time alone could change the answer.
    fn scale_in<T: Trace<Step>>(
        &self,
        standing: Standing,
        value: f64,
        draft: &mut Draft<'_, Step, T>,
        detail: &mut Detail,
    ) -> bool {
        let desired = standing.desired;
        let wanted = clamp(i64::from(self.size(desired, value)), self.bounds).min(desired);
        let asked = Replicas(wanted);
        self.note_asked(desired, asked, draft);
        if wanted == desired {
            return false;
        }
        if !self.scales_in {
            draft.set(desired, Step::ScaleInDisabled { asked });
            return false;
        }
        if let Some(by) = standing.held {
            draft.revisit(by.until());
            draft.set(desired, Step::ScaleInHeld { rule: 0, asked, by });
            return by.until().is_some();
        }
        let most = math::ceil_i32(f64::from(desired) * self.in_fraction).max(1);
        let to = wanted.max(desired.saturating_sub(most));
        (detail.rule, detail.base) = (Some(0), Replicas(desired));
        draft.set(to, Step::Chosen { rule: 0, to: asked });
        if to != wanted {
            draft.set(to, Step::ScaleInSlowed { asked, to: Replicas(to) });
        }
        false
    }

    fn note_asked<T: Trace<Step>>(&self, base: i32, asked: Replicas, draft: &mut Draft<'_, Step, T>) {
        let change = i64::from(asked.0).saturating_sub(i64::from(base));
        draft.note(Step::Asked { rule: 0, step: None, base: Replicas(base), change, to: asked });
    }

    /// Says what became of a decision: warm-ups and cooldowns begin when the capacity was really changed.
    pub fn applied(&self, history: &mut TrackingHistory, decision: &Decision, to: Replicas) {
        if decision.detail.rule.is_some() {
            ordered(&mut history.order, decision, to, self.wait, Some(self.in_cooldown));
        }
    }

    /// At which points the answer would be another one.
    #[must_use]
    pub fn outlook(&self, history: &TrackingHistory, seen: &MetricObservation<'_>) -> Outlook {
        let mut outlook = Outlook::default();
        let Some(capacity) = seen.capacity else { return outlook };
        let [high, low] = [0, 1].map(|index| history.alarms.get(index).copied().unwrap_or_default());
        let Standing { desired, base, .. } = Standing::of(self.pace, history.order, capacity, seen.now);
        // Where the size passes what there is, from above and from below.
        let more = f64::from(desired) * self.target / f64::from(base.max(1));
        let fewer = f64::from(desired.saturating_sub(1)) * self.target / f64::from(desired.max(1));
        let alarms = [self.high.threshold(), self.low.threshold()];
        for value in alarms.into_iter().flat_map(around).chain([more, fewer].into_iter().flat_map(near)) {
            for (alarm, points) in [(&self.high, high), (&self.low, low)] {
                let Some(points) = points.points_to_alarm(alarm, value) else { continue };
                let mut ahead = history.clone();
                for _ in 1..points {
                    let next = MetricObservation { points: &[Some(value)], ..*seen };
                    let _not_yet = self.decide(&mut ahead, &next, &mut ());
                }
                let next = MetricObservation { points: &[Some(value)], ..*seen };
                let to = self.decide(&mut ahead, &next, &mut ()).to;
                outlook.offer(capacity.desired, high.newest(), Threshold { rule: 0, value, points, to });
            }
        }
        outlook
    }
}

const fn alarms(target: f64, sensitivity: Sensitivity) -> Result<(Alarm, Alarm), ConfigError> {
    let Sensitivity { period, high, low, low_factor } = sensitivity;
    let high = match Alarm::new(Comparison::Above, target, period) {
        Ok(alarm) => alarm.with_datapoints(high.0, high.1),
        Err(error) => Err(error),
    };
    let low = match Alarm::new(Comparison::Below, target * low_factor, period) {
        Ok(alarm) => alarm.with_datapoints(low.0, low.1),
        Err(error) => Err(error),
    };
    match (high, low) {
        (Ok(high), Ok(low)) => Ok((high, low)),
        (Err(error), _) | (_, Err(error)) => Err(error),
    }
}
