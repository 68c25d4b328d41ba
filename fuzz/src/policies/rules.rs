//! Step scaling, simple scaling, target tracking, and sizing for the peak.

use plimsoll_core::constrain::Bounds;
use plimsoll_core::step::{
    Adjustment, AdjustmentType, Alarm, Allowed, Capacity, Comparison, Decision, Detail, History, MetricObservation,
    Missing, Observation, Outlook, Pace, PeakHistory, PeakSizing, Points, Rule, Sensitivity, SimpleHistory, SimpleRule,
    SimpleScaling, Step, StepAdjustment, StepScaling, TargetTracking, Threshold, TrackingHistory,
};
use plimsoll_core::trace::Trace;
use plimsoll_core::units::{Instant, Replicas, Span};

use super::start;
use crate::cursor::Cursor;
use crate::life::{Life, Saved, saved};

const MINUTE: Span = Span::from_secs(60);
const LONGEST: Span = Span::from_secs(3600);

saved!(History<1>, 5, Self::saved_size());
saved!(History<3>, 5, Self::saved_size());
saved!(SimpleHistory<1>, 6, Self::saved_size());
saved!(SimpleHistory<3>, 6, Self::saved_size());
saved!(TrackingHistory, 7, Self::saved_size());
saved!(PeakHistory<2>, 15, Self::saved_size());
saved!(PeakHistory<24>, 15, Self::saved_size());

fn alarm(cursor: &mut Cursor<'_>) -> Alarm {
    let comparison = [Comparison::Above, Comparison::AtLeast, Comparison::Below, Comparison::AtMost][cursor.below(4)];
    let threshold = Some(cursor.float()).filter(|threshold| threshold.is_finite()).unwrap_or(0.0);
    let period = if cursor.once_in(8) { cursor.span(MINUTE).max(Span::from_nanos(1)) } else { MINUTE };
    let of = 1 + cursor.below(5) as u32;
    let breaching = 1 + cursor.below(5) as u32 % of;
    let missing = [Missing::Missing, Missing::Breaching, Missing::NotBreaching, Missing::Ignore][cursor.below(4)];
    let alarm = Alarm::new(comparison, threshold, period).expect("some time");
    let alarm = alarm.with_datapoints(breaching, of).expect("in range").with_missing(missing);
    if cursor.once_in(4) { alarm.with_evaluation_range(of + 2).expect("longer") } else { alarm }
}

/// An adjustment, and a number that it takes.
fn adjustment(cursor: &mut Cursor<'_>) -> (Adjustment, Box<dyn Fn(i32) -> i32>) {
    let adjustment = match cursor.below(4) {
        0 => Adjustment::new(AdjustmentType::ChangeInCapacity),
        1 => return (Adjustment::new(AdjustmentType::ExactCapacity), Box::new(|by| by.max(0))),
        2 => Adjustment::new(AdjustmentType::PercentChangeInCapacity),
        _ => Adjustment::new(AdjustmentType::PercentChangeInCapacity)
            .with_min_magnitude(cursor.small().unsigned_abs())
            .expect("a percentage"),
    };
    (adjustment, Box::new(|by| by))
}

/// Steps away from the threshold, the last one open, on the side of the alarm; each further out.
fn steps(cursor: &mut Cursor<'_>, high: bool, number: impl Fn(i32) -> i32) -> Vec<StepAdjustment> {
    let mut from = 0.0;
    let count = cursor.below(3);
    let mut steps: Vec<_> = (0..=count)
        .map(|step| {
            let begin = Some(from);
            from += 0.5 + f64::from(cursor.byte());
            let end = (step < count).then_some(from);
            let by = number(if high { cursor.small() } else { cursor.small().saturating_neg() });
            let (lower, upper) = if high { (begin, end) } else { (end.map(|end| -end), begin.map(|begin| -begin)) };
            StepAdjustment::new(lower, upper, by)
        })
        .collect();
    if !high {
        steps.reverse();
    }
    steps
}

fn wait(cursor: &mut Cursor<'_>) -> Span {
    cursor.span(Span::from_secs(30)).min(LONGEST)
}

fn pace(cursor: &mut Cursor<'_>) -> Pace {
    if cursor.flag() { Pace::Cooldown } else { Pace::WarmUp }
}

/// Points of the periods that ended; mostly one.
fn points(cursor: &mut Cursor<'_>) -> Vec<Option<f64>> {
    let count = if cursor.once_in(4) { cursor.below(4) } else { 1 };
    (0..count).map(|_| (!cursor.once_in(6)).then(|| cursor.float())).collect()
}

fn capacity(cursor: &mut Cursor<'_>, replicas: i32) -> Option<Capacity> {
    let capacity = match cursor.byte() % 16 {
        1 => return None,
        2 => Capacity::of(replicas).with_warm(cursor.small()),
        3 => Capacity::of(replicas).with_warm(replicas / 2),
        _ => Capacity::of(replicas),
    };
    Some(capacity)
}

/// What a group of rules sees, with a list of points for each rule.
#[derive(Debug)]
struct Moment {
    now: Instant,
    capacity: Option<Capacity>,
    points: Vec<Vec<Option<f64>>>,
    completed: Option<Instant>,
}

impl Moment {
    fn new(cursor: &mut Cursor<'_>, now: Instant, replicas: i32, rules: usize) -> Self {
        let capacity = capacity(cursor, replicas);
        let points = (0..rules).map(|_| points(cursor)).collect();
        let ago = cursor.number(10_000_000_000);
        let completed = Instant::from_nanos(now.as_nanos().saturating_sub(ago));
        Self { now, capacity, points, completed: cursor.flag().then_some(completed) }
    }

    fn see<T>(&self, run: impl FnOnce(&Observation<'_>) -> T) -> T {
        let points: Vec<Points<'_>> = self.points.iter().map(Vec::as_slice).collect();
        run(&Observation { now: self.now, capacity: self.capacity, points: &points, completed: self.completed })
    }

    /// The first rule's points, or one metric's.
    fn metric(&self) -> MetricObservation<'_> {
        MetricObservation { now: self.now, capacity: self.capacity, points: &self.points[0] }
    }

    /// Without new points, while none is late; where every rule got one now.
    fn later(&self, now: Instant, periods: impl Iterator<Item = Span>) -> Option<Self> {
        let fresh = self.points.iter().all(|points| !points.is_empty());
        let in_time = periods.min().is_some_and(|period| now.since(self.now) < period);
        (fresh && in_time).then(|| Self { now, points: vec![Vec::new(); self.points.len()], ..*self })
    }

    /// The next points of one rule, all of one value, the clock standing still.
    fn next(&self, threshold: Threshold) -> Self {
        let points = vec![vec![Some(threshold.value); threshold.points.into()]];
        Self { points, ..*self }
    }
}

fn within(bounds: Bounds, moment: &Moment, decision: &Decision) {
    assert_eq!(decision.detail.at, moment.now);
    if moment.capacity.is_some() {
        let (min, max) = (bounds.min(), bounds.max());
        assert!(min <= decision.to && decision.to <= max, "{decision:?} leaves {bounds:?}");
    }
}

/// Each threshold brings what it says, on its side.
fn thresholds(outlook: Outlook, moment: &Moment, decide: impl Fn(&Moment) -> Replicas) {
    let from = moment.capacity.map_or(Replicas(0), |capacity| capacity.desired);
    for threshold in [outlook.up, outlook.down].into_iter().flatten() {
        assert_eq!(decide(&moment.next(threshold)), threshold.to, "{threshold:?}");
    }
    assert!(outlook.up.is_none_or(|up| up.to > from) && outlook.down.is_none_or(|down| down.to < from), "{outlook:?}");
}

struct Stepped<'a, const A: usize>(StepScaling<'a>);

impl<const A: usize> Life for Stepped<'_, A>
where
    History<A>: Saved,
{
    type History = History<A>;
    type Step = Step;
    type Detail = Detail;
    type Moment = Moment;

    fn moment(&self, cursor: &mut Cursor<'_>, now: Instant, replicas: i32) -> Moment {
        Moment::new(cursor, now, replicas, self.0.rules().len())
    }

    fn decide(&self, history: &mut History<A>, moment: &Moment, trace: &mut impl Trace<Step>) -> Decision {
        moment.see(|seen| self.0.decide(history, seen, trace))
    }

    fn applied(&self, history: &mut History<A>, decision: &Decision, written: Option<Replicas>) {
        if let Some(to) = written {
            self.0.applied(history, decision, to);
        }
    }

    fn is_read(moment: &Moment) -> bool {
        moment.capacity.is_some()
    }

    fn is_opening(step: &Step) -> bool {
        matches!(step, Step::Idle)
    }

    fn sentence(&self, step: &Step) -> String {
        step.to_string()
    }

    fn laws(&self, moment: &Moment, decision: &Decision, _: &[Step]) {
        within(self.0.bounds(), moment, decision);
    }

    fn later(&self, moment: &Moment, now: Instant) -> Option<Moment> {
        // Rules that found no room are new at each moment.
        let rules = self.0.rules();
        let fits = rules.len() <= A;
        moment.later(now, rules.iter().map(|rule| rule.alarm().period())).filter(|_| fits)
    }

    fn outlook(&self, history: &History<A>, moment: &Moment, _: &Decision) {
        let outlook = moment.see(|seen| self.0.outlook(history, seen));
        // Where there is one rule alone: others would have their say at the next points.
        if self.0.rules().len() == 1 && !moment.points[0].is_empty() {
            thresholds(outlook, moment, |next| self.decide(&mut history.clone(), next, &mut ()).to);
        }
    }
}

pub(super) fn step(from: Option<&[u8]>, cursor: &mut Cursor<'_>, moments: usize) -> Option<Vec<u8>> {
    let (bounds, pace, small) = (cursor.bounds(), pace(cursor), cursor.flag());
    let plans: Vec<_> = (0..=cursor.below(3))
        .map(|_| {
            let (alarm, (adjustment, number)) = (alarm(cursor), adjustment(cursor));
            (alarm, adjustment, steps(cursor, alarm.comparison().is_high(), number), wait(cursor))
        })
        .collect();
    let rules: Vec<_> = plans
        .iter()
        .map(|(alarm, adjustment, steps, wait)| Rule::new(*alarm, *adjustment, steps, *wait).expect("steps in order"))
        .collect();
    let policy = StepScaling::new(bounds, pace, &rules).expect("a rule");
    if small {
        start(&Stepped::<1>(policy), History::default(), from, cursor, moments)
    } else {
        start(&Stepped::<3>(policy), History::default(), from, cursor, moments)
    }
}

struct Simple<'a, const A: usize>(SimpleScaling<'a>);

impl<const A: usize> Life for Simple<'_, A>
where
    SimpleHistory<A>: Saved,
{
    type History = SimpleHistory<A>;
    type Step = Step;
    type Detail = Detail;
    type Moment = Moment;

    fn moment(&self, cursor: &mut Cursor<'_>, now: Instant, replicas: i32) -> Moment {
        Moment::new(cursor, now, replicas, self.0.rules().len())
    }

    fn decide(&self, history: &mut SimpleHistory<A>, moment: &Moment, trace: &mut impl Trace<Step>) -> Decision {
        moment.see(|seen| self.0.decide(history, seen, trace))
    }

    fn applied(&self, history: &mut SimpleHistory<A>, decision: &Decision, written: Option<Replicas>) {
        if let Some(to) = written {
            self.0.applied(history, decision, to);
        }
    }

    fn is_read(moment: &Moment) -> bool {
        moment.capacity.is_some()
    }

    fn is_opening(step: &Step) -> bool {
        matches!(step, Step::Idle)
    }

    fn sentence(&self, step: &Step) -> String {
        step.to_string()
    }

    fn laws(&self, moment: &Moment, decision: &Decision, steps: &[Step]) {
        within(self.0.bounds(), moment, decision);
        let waits = steps.iter().any(|step| matches!(step, Step::CoolingDown { .. } | Step::ActionGoesOn { .. }));
        assert!(!waits || decision.detail.rule.is_none(), "acts while it waits: {decision:?}");
    }

    fn later(&self, moment: &Moment, now: Instant) -> Option<Moment> {
        let fits = self.0.rules().len() <= A;
        // A completion that is later than now will have been.
        let completed = moment.completed.is_none_or(|at| at <= moment.now);
        moment.later(now, self.0.rules().iter().map(|rule| rule.alarm().period())).filter(|_| fits && completed)
    }

    fn outlook(&self, history: &SimpleHistory<A>, moment: &Moment, _: &Decision) {
        let outlook = moment.see(|seen| self.0.outlook(history, seen));
        if self.0.rules().len() == 1 && !moment.points[0].is_empty() {
            thresholds(outlook, moment, |next| self.decide(&mut history.clone(), next, &mut ()).to);
        }
    }
}

pub(super) fn simple(from: Option<&[u8]>, cursor: &mut Cursor<'_>, moments: usize) -> Option<Vec<u8>> {
    let (bounds, small) = (cursor.bounds(), cursor.flag());
    let cooldown = wait(cursor);
    let rules: Vec<_> = (0..=cursor.below(3))
        .map(|_| {
            let (alarm, (adjustment, number)) = (alarm(cursor), adjustment(cursor));
            let by =
                number(if alarm.comparison().is_high() { cursor.small() } else { cursor.small().saturating_neg() });
            let rule = SimpleRule::new(alarm, adjustment, by).expect("a number that it takes");
            if cursor.flag() { rule.with_cooldown(wait(cursor)).expect("an hour at most") } else { rule }
        })
        .collect();
    let policy = SimpleScaling::new(bounds, &rules).and_then(|policy| policy.with_default_cooldown(cooldown));
    let policy = policy.expect("a rule, an hour at most");
    if small {
        start(&Simple::<1>(policy), SimpleHistory::default(), from, cursor, moments)
    } else {
        start(&Simple::<3>(policy), SimpleHistory::default(), from, cursor, moments)
    }
}

struct Tracking(TargetTracking);

impl Life for Tracking {
    type History = TrackingHistory;
    type Step = Step;
    type Detail = Detail;
    type Moment = Moment;

    fn moment(&self, cursor: &mut Cursor<'_>, now: Instant, replicas: i32) -> Moment {
        Moment::new(cursor, now, replicas, 1)
    }

    fn decide(&self, history: &mut TrackingHistory, moment: &Moment, trace: &mut impl Trace<Step>) -> Decision {
        self.0.decide(history, &moment.metric(), trace)
    }

    fn applied(&self, history: &mut TrackingHistory, decision: &Decision, written: Option<Replicas>) {
        if let Some(to) = written {
            self.0.applied(history, decision, to);
        }
    }

    fn is_read(moment: &Moment) -> bool {
        moment.capacity.is_some()
    }

    fn is_opening(step: &Step) -> bool {
        matches!(step, Step::Idle)
    }

    fn sentence(&self, step: &Step) -> String {
        step.to_string()
    }

    fn laws(&self, moment: &Moment, decision: &Decision, _: &[Step]) {
        within(self.0.bounds(), moment, decision);
        let fewer = decision.to < decision.from && decision.from <= self.0.bounds().max();
        assert!(!fewer || self.0.scales_in(), "never lowers: {decision:?}");
    }

    fn later(&self, moment: &Moment, now: Instant) -> Option<Moment> {
        moment.later(now, [self.0.alarms().0.period()].into_iter())
    }

    fn outlook(&self, history: &TrackingHistory, moment: &Moment, _: &Decision) {
        let outlook = self.0.outlook(history, &moment.metric());
        if !moment.points[0].is_empty() {
            thresholds(outlook, moment, |next| self.decide(&mut history.clone(), next, &mut ()).to);
        }
    }
}

pub(super) fn tracking(from: Option<&[u8]>, cursor: &mut Cursor<'_>, moments: usize) -> Option<Vec<u8>> {
    let bounds = cursor.bounds();
    let target = Some(cursor.float()).filter(|target| target.is_finite() && *target > 0.0).unwrap_or(50.0);
    let mut policy = TargetTracking::new(bounds, target).expect("above 0");
    if cursor.flag() {
        let datapoints = |cursor: &mut Cursor<'_>| {
            let of = 1 + cursor.below(4) as u32;
            (1 + cursor.below(4) as u32 % of, of)
        };
        let (high, low) = (datapoints(cursor), datapoints(cursor));
        let sensitivity = Sensitivity { period: MINUTE, high, low, low_factor: cursor.part() };
        policy = policy.with_sensitivity(sensitivity).expect("in range");
    }
    if cursor.flag() {
        policy = policy.with_pace(pace(cursor), wait(cursor)).expect("an hour at most");
        policy = policy.with_scale_in_cooldown(wait(cursor)).expect("an hour at most");
        policy = policy.with_scale_in_fraction(cursor.part()).expect("in range");
    }
    if cursor.once_in(4) {
        policy = policy.without_scale_in();
    }
    start(&Tracking(policy), TrackingHistory::default(), from, cursor, moments)
}

struct Peak<const N: usize>(PeakSizing);

impl<const N: usize> Life for Peak<N>
where
    PeakHistory<N>: Saved,
{
    type History = PeakHistory<N>;
    type Step = Step;
    type Detail = Detail;
    type Moment = Moment;

    fn moment(&self, cursor: &mut Cursor<'_>, now: Instant, replicas: i32) -> Moment {
        Moment::new(cursor, now, replicas, 1)
    }

    fn decide(&self, history: &mut PeakHistory<N>, moment: &Moment, trace: &mut impl Trace<Step>) -> Decision {
        self.0.decide(history, &moment.metric(), trace)
    }

    fn applied(&self, _: &mut PeakHistory<N>, _: &Decision, _: Option<Replicas>) {}

    fn is_read(moment: &Moment) -> bool {
        moment.capacity.is_some()
    }

    fn is_opening(step: &Step) -> bool {
        matches!(step, Step::Idle)
    }

    fn sentence(&self, step: &Step) -> String {
        step.to_string()
    }

    fn laws(&self, moment: &Moment, decision: &Decision, _: &[Step]) {
        within(self.0.bounds(), moment, decision);
    }

    fn later(&self, moment: &Moment, now: Instant) -> Option<Moment> {
        Some(Moment { now, points: moment.points.clone(), ..*moment })
    }

    fn outlook(&self, history: &PeakHistory<N>, moment: &Moment, _: &Decision) {
        let outlook = self.0.outlook(history, &moment.metric());
        thresholds(outlook, moment, |next| self.decide(&mut history.clone(), next, &mut ()).to);
    }
}

pub(super) fn peak(from: Option<&[u8]>, cursor: &mut Cursor<'_>, moments: usize) -> Option<Vec<u8>> {
    let (bounds, flags) = (cursor.bounds(), cursor.byte());
    let target = Some(cursor.float()).filter(|target| target.is_finite() && *target > 0.0).unwrap_or(50.0);
    let new = if flags & 2 == 0 { PeakSizing::new } else { PeakSizing::per_unit };
    let mut policy = new(bounds, target).expect("above 0");
    if cursor.flag() {
        policy = policy.with_stabilization(cursor.span(Span::from_secs(15)));
    }
    if cursor.flag() {
        let number = cursor.small().max(0);
        let allowed = if cursor.flag() { Allowed::Percent(number.min(100)) } else { Allowed::Units(number) };
        policy = policy.with_scale_in_control(allowed, cursor.span(Span::from_secs(15))).expect("in range");
    }
    if flags & 1 == 1 {
        start(&Peak::<2>(policy), PeakHistory::default(), from, cursor, moments)
    } else {
        start(&Peak::<24>(policy), PeakHistory::default(), from, cursor, moments)
    }
}
