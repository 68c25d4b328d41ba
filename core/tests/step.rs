//! Step scaling, simple scaling, target tracking, watermarks and Nomad's strategies: examples, twins and laws.

use plimsoll_core::constrain::{Bounds, Direction};
use plimsoll_core::step::nomad::{Band, BandAction, TargetValue};
use plimsoll_core::step::{
    Adjustment, AdjustmentType, Alarm, AlarmState, Algorithm, Allowed, Capacity, Comparison, Converge, Datapoints,
    Decision, Held, History, Mark, MarkHistory, MarkObservation, MarkReading, Mended, MetricObservation, Missing,
    Observation, Order, Pace, PeakHistory, PeakSizing, Rule, Sensitivity, SimpleHistory, SimpleRule, SimpleScaling,
    Step, StepAdjustment, StepScaling, TargetTracking, Times, TrackingHistory, Unreadable, Watermark, Watermarks,
    warm_up,
};
use plimsoll_core::units::{Instant, Milli, Replicas, Span};
use proptest::prelude::*;

const fn secs(seconds: u64) -> Span {
    Span::from_secs(seconds)
}

const fn at(seconds: i64) -> Instant {
    Instant::from_secs(seconds)
}

fn bounds(min: i32, max: i32) -> Bounds {
    Bounds::new(min, max).expect("bounds")
}

fn alarm(comparison: Comparison, threshold: f64) -> Alarm {
    Alarm::new(comparison, threshold, secs(60)).expect("an alarm")
}

fn percent() -> Adjustment {
    Adjustment::new(AdjustmentType::PercentChangeInCapacity)
}

fn units() -> Adjustment {
    Adjustment::new(AdjustmentType::ChangeInCapacity)
}

const fn step(lower: Option<f64>, upper: Option<f64>, adjustment: i32) -> StepAdjustment {
    StepAdjustment::new(lower, upper, adjustment)
}

const OUT: [StepAdjustment; 3] =
    [step(Some(0.0), Some(10.0), 0), step(Some(10.0), Some(20.0), 10), step(Some(20.0), None, 30)];
const IN: [StepAdjustment; 3] =
    [step(None, Some(-20.0), -30), step(Some(-20.0), Some(-10.0), -10), step(Some(-10.0), Some(0.0), 0)];

/// Threshold 50, percent, both directions.
fn both_ways(wait: Span) -> [Rule<'static>; 2] {
    [
        Rule::new(alarm(Comparison::AtLeast, 50.0), percent(), &OUT, wait).expect("steps"),
        Rule::new(alarm(Comparison::AtMost, 50.0), percent(), &IN, wait).expect("steps"),
    ]
}

/// A group whose host does all that is decided.
struct Group<'a> {
    policy: StepScaling<'a>,
    past: History<4>,
    capacity: Capacity,
    now: i64,
}

impl<'a> Group<'a> {
    fn new(policy: StepScaling<'a>, desired: i32) -> Self {
        Self { policy, past: History::default(), capacity: Capacity::of(desired), now: 0 }
    }

    /// One period later, the same point for every rule.
    fn minute(&mut self, point: Option<f64>) -> Decision {
        self.now += 60;
        let one = [point];
        let points = [&one[..]; 4];
        self.see(&points)
    }

    fn see(&mut self, points: &[&[Option<f64>]]) -> Decision {
        let capacity = Some(self.capacity);
        let seen = Observation { now: at(self.now), capacity, points, completed: None };
        let decision = self.policy.decide(&mut self.past, &seen, &mut ());
        self.policy.applied(&mut self.past, &decision, decision.to);
        self.capacity.desired = decision.to;
        decision
    }

    fn words(&self, points: &[&[Option<f64>]]) -> Vec<String> {
        let mut steps = heapless::Vec::<Step, 32>::new();
        let seen = Observation { now: at(self.now + 60), capacity: Some(self.capacity), points, completed: None };
        self.policy.decide(&mut self.past.clone(), &seen, &mut steps);
        steps.iter().map(ToString::to_string).collect()
    }
}

#[test]
fn the_worked_example_goes_10_11_14_13_10() {
    let rules = both_ways(Span::ZERO);
    let policy = StepScaling::new(bounds(1, 40), Pace::WarmUp, &rules).expect("a policy");
    let mut group = Group::new(policy, 10);
    let path = [59.9, 60.0, 70.0, 40.0, 30.0, 40.1].map(|metric| group.minute(Some(metric)).to.0);
    assert_eq!(path, [10, 11, 14, 13, 10, 10]);
    let mut group = Group::new(policy, 10);
    group.capacity = Capacity::of(10).with_warm(8);
    assert_eq!(group.minute(Some(62.0)).to.0, 10, "10 % of the 8 warm ones is 1, and 10 are ordered");
}

#[test]
fn every_bound_is_taken_by_the_step_further_out() {
    let rules = both_ways(Span::ZERO);
    let policy = StepScaling::new(bounds(0, 1000), Pace::WarmUp, &rules).expect("a policy");
    let table = [
        (50.0, 100),
        (59.99, 100),
        (60.0, 110),
        (69.99, 110),
        (70.0, 130),
        (1e9, 130), //
        (40.01, 100),
        (40.0, 90),
        (30.01, 90),
        (30.0, 70),
        (-1e9, 70),
    ];
    for (metric, units) in table {
        assert_eq!(Group::new(policy, 100).minute(Some(metric)).to.0, units, "at {metric}");
    }
}

#[test]
fn a_repeated_alarm_orders_once_and_a_higher_step_the_difference() {
    let steps = [step(Some(0.0), Some(10.0), 2), step(Some(10.0), None, 3)];
    let rules = [Rule::new(alarm(Comparison::Above, 50.0), units(), &steps, secs(300)).expect("steps")];
    for pace in [Pace::WarmUp, Pace::Cooldown] {
        let policy = StepScaling::new(bounds(1, 40), pace, &rules).expect("a policy");
        let mut group = Group::new(policy, 10);
        let path = [55.0, 55.0, 65.0, 55.0, 65.0].map(|metric| group.minute(Some(metric)).to.0);
        assert_eq!(path, [12, 12, 13, 13, 13], "{pace:?}");
        // The order of minute 3 counts as new until 480 s.
        assert_eq!(group.past.order().expect("an order").until, at(480));
        group.now = 420;
        assert_eq!(group.minute(Some(55.0)).to.0, 15, "at that moment it is over");
    }
}

#[test]
fn what_time_ends_is_decided_again_without_a_new_point() {
    let steps = [step(Some(0.0), None, 2)];
    let rules = [Rule::new(alarm(Comparison::Above, 50.0), units(), &steps, secs(90)).expect("steps")];
    let policy = StepScaling::new(bounds(1, 40), Pace::WarmUp, &rules).expect("a policy");
    let mut group = Group::new(policy, 10);
    assert_eq!(group.minute(Some(55.0)).to.0, 12);
    group.now = 70;
    let idle = group.see(&[]);
    assert_eq!((idle.to.0, idle.last_word), (12, Step::NoNewPoint));
    let held = group.minute(Some(55.0));
    assert_eq!((held.to.0, held.revisit_at), (12, Some(at(150))));
    group.now = 149;
    assert_eq!(group.see(&[]).to.0, 12);
    group.now = 150;
    assert_eq!(group.see(&[]).to.0, 14);
}

#[test]
fn what_another_controller_told_is_decided_by_without_a_new_point() {
    let rules = both_ways(secs(120));
    let policy = StepScaling::new(bounds(1, 40), Pace::WarmUp, &rules).expect("a policy");
    let high = rules[0].alarm();
    let standing = Datapoints::told(&high, &[Some(72.0)], AlarmState::Alarm);
    let order = Order { out: true, base: 8, desired: 10, until: at(90) };
    let decide = |now: i64, order: Option<Order>| {
        let mut past = History::<4>::told(&[standing, Datapoints::NONE], order, None).expect("room");
        let seen = Observation { now: at(now), capacity: Some(Capacity::of(10)), ..Observation::default() };
        (policy.decide(&mut past, &seen, &mut ()).to, policy.decide(&mut past, &seen, &mut ()).last_word)
    };
    // 30 % of 10; of the 8 before the order that still counts, 10.4, of which 10 are ordered.
    assert_eq!(decide(60, None), (Replicas(13), Step::NoNewPoint));
    assert_eq!(decide(60, Some(order)).0, Replicas(10));
    assert_eq!(decide(90, Some(order)).0, Replicas(13));
    assert!(History::<1>::told(&[standing; 2], None, None).is_err(), "no room");
}

#[test]
fn nothing_is_removed_while_units_warm_up() {
    let rules = both_ways(secs(300));
    let policy = StepScaling::new(bounds(1, 40), Pace::WarmUp, &rules).expect("a policy");
    let mut group = Group::new(policy, 10);
    assert_eq!(group.minute(Some(70.0)).to.0, 13);
    let held = group.minute(Some(30.0));
    assert_eq!(held.to.0, 13);
    let by = Held::WarmingUp { until: Some(at(360)) };
    assert_eq!(held.last_word, Step::ScaleInHeld { rule: 1, asked: Replicas(10), by });
    assert_eq!(held.revisit_at, Some(at(360)));
    group.now = 300;
    assert_eq!(group.minute(Some(30.0)).to.0, 10);
    // The host knows better than the clock.
    group.capacity = Capacity::of(10).with_warm(9);
    assert_eq!(group.minute(Some(30.0)).to.0, 10, "one is not warm yet");
    group.capacity = Capacity::of(10).with_warm(10);
    assert_eq!(group.minute(Some(30.0)).to.0, 7);
}

#[test]
fn a_scale_out_in_a_scale_in_cooldown_is_allowed_and_ends_it() {
    let rules = both_ways(secs(300));
    let policy = StepScaling::new(bounds(1, 40), Pace::Cooldown, &rules).expect("a policy");
    let mut group = Group::new(policy, 20);
    assert_eq!(group.minute(Some(30.0)).to.0, 14);
    let held = group.minute(Some(30.0));
    assert_eq!(held.to.0, 14);
    assert!(matches!(held.last_word, Step::ScaleInHeld { by: Held::InCooldown { until }, .. } if until == at(360)));
    assert_eq!(group.minute(Some(70.0)).to.0, 18);
    assert_eq!(
        group.minute(Some(30.0)).to.0,
        13,
        "the scale-in cooldown is cancelled, and that of scaling out holds none"
    );
}

#[test]
fn a_capacity_outside_the_bounds_is_brought_inside() {
    let rules = both_ways(Span::ZERO);
    let policy = StepScaling::new(bounds(5, 10), Pace::WarmUp, &rules).expect("a policy");
    for (desired, metric, units) in
        [(12, 70.0, 10), (12, 50.0, 10), (2, 30.0, 5), (2, 70.0, 5), (10, 70.0, 10), (5, 30.0, 5)]
    {
        assert_eq!(Group::new(policy, desired).minute(Some(metric)).to.0, units, "{desired} at {metric}");
    }
    let seen = Observation { capacity: None, points: &[&[Some(70.0)]], ..Observation::default() };
    let unknown = policy.decide(&mut History::<2>::default(), &seen, &mut ());
    assert_eq!((unknown.changes(), unknown.last_word), (false, Step::CapacityUnknown));
    // The point is not lost with the capacity.
    let mut past = History::<2>::default();
    policy.decide(&mut past, &seen, &mut ());
    let seen = Observation { now: at(1), capacity: Some(Capacity::of(8)), ..Observation::default() };
    assert_eq!(policy.decide(&mut past, &seen, &mut ()).to.0, 10);
}

#[test]
fn too_few_points_scale_in_neither_direction() {
    let two_of_three = |comparison| alarm(comparison, 50.0).with_datapoints(2, 3).expect("2 of 3");
    let rules = [
        Rule::new(two_of_three(Comparison::AtLeast), percent(), &OUT, Span::ZERO).expect("steps"),
        Rule::new(two_of_three(Comparison::AtMost), percent(), &IN, Span::ZERO).expect("steps"),
    ];
    let policy = StepScaling::new(bounds(1, 40), Pace::WarmUp, &rules).expect("a policy");
    let mut group = Group::new(policy, 10);
    for point in [Some(80.0), None] {
        let decision = group.minute(point);
        assert_eq!((decision.to.0, decision.detail.valid), (10, false));
    }
    assert_eq!(group.past.alarms()[0].state(), AlarmState::Insufficient);
    assert_eq!(group.minute(Some(80.0)).to.0, 13);
    // Two of the last three still breach, but how far is not known.
    assert_eq!(group.minute(Some(80.0)).to.0, 16);
    let decision = group.minute(None);
    assert_eq!((decision.to.0, decision.last_word), (16, Step::NoSize { rule: 0 }));
    // The period without a point is seen by the clock as well.
    group.now += 60;
    assert_eq!(group.minute(Some(80.0)).to.0, 16);
    assert_eq!(group.past.alarms()[0].bits().0 & 0b111, 0b001);
}

#[test]
fn of_several_rules_the_largest_capacity_counts() {
    let (three, share) = ([step(None, Some(0.0), -3)], [step(None, Some(0.0), -25)]);
    let low = alarm(Comparison::AtMost, 50.0);
    let rules = [
        Rule::new(low, units(), &three, Span::ZERO).expect("steps"),
        Rule::new(low, percent(), &share, Span::ZERO).expect("steps"),
    ];
    let policy = StepScaling::new(bounds(1, 100), Pace::Cooldown, &rules).expect("a policy");
    assert_eq!(Group::new(policy, 8).minute(Some(40.0)).to.0, 6, "−3 gives 5, −25 % gives 6");
    let (three, triple) = ([step(Some(0.0), None, 3)], [step(Some(0.0), None, 200)]);
    let high = alarm(Comparison::AtLeast, 50.0);
    let rules = [
        Rule::new(high, units(), &three, Span::ZERO).expect("steps"),
        Rule::new(high, percent(), &triple, Span::ZERO).expect("steps"),
    ];
    let policy = StepScaling::new(bounds(1, 100), Pace::Cooldown, &rules).expect("a policy");
    assert_eq!(Group::new(policy, 10).minute(Some(60.0)).to.0, 30, "+3 against +200 %");
}

#[test]
fn a_warm_up_of_0_is_one_and_none_is_the_next_best() {
    let (own, group, cooldown) = (Some(secs(0)), Some(secs(60)), secs(300));
    assert_eq!(warm_up(own, group, cooldown), secs(0));
    assert_eq!(warm_up(None, group, cooldown), secs(60));
    assert_eq!(warm_up(None, None, cooldown), cooldown);
}

#[test]
fn steps_on_the_wrong_side_are_named() {
    let steps = [step(None, Some(0.0), -1), step(Some(0.0), None, 1)];
    let rule = |comparison| Rule::new(alarm(comparison, 50.0), units(), &steps, Span::ZERO).expect("steps");
    assert_eq!(rule(Comparison::Above).unreachable_step(), Some(0));
    assert_eq!(rule(Comparison::Below).unreachable_step(), Some(1));
    assert!(Rule::new(alarm(Comparison::Above, 1.0), units(), &steps, secs(3601)).is_err());
    assert!(StepScaling::new(bounds(0, 1), Pace::WarmUp, &[]).is_err());
    assert!(History::<1>::fits(2).is_err());
}

#[test]
fn an_outlook_tells_at_which_point_it_would_change() {
    let rules = both_ways(Span::ZERO);
    let policy = StepScaling::new(bounds(1, 40), Pace::WarmUp, &rules).expect("a policy");
    let mut group = Group::new(policy, 10);
    group.minute(Some(52.0));
    let seen = Observation { now: at(60), capacity: Some(group.capacity), ..Observation::default() };
    let outlook = policy.outlook(&group.past, &seen);
    let (up, down) = (outlook.up.expect("60"), outlook.down.expect("40"));
    assert_eq!((up.rule, up.value, up.points, up.to), (0, 60.0, 1, Replicas(11)));
    assert_eq!((down.rule, down.value, down.to), (1, 40.0, Replicas(9)));
    let one = [step(Some(0.0), None, 1)];
    let rules =
        [Rule::new(alarm(Comparison::Above, 50.0).with_datapoints(3, 3).expect("3 of 3"), units(), &one, Span::ZERO)
            .expect("steps")];
    let policy = StepScaling::new(bounds(1, 40), Pace::WarmUp, &rules).expect("a policy");
    let mut group = Group::new(policy, 10);
    group.minute(Some(55.0));
    let outlook = policy.outlook(&group.past, &Observation { now: at(60), ..seen });
    let out = outlook.up.expect("two more");
    assert_eq!((out.points, out.value, outlook.down), (2, 50.0_f64.next_up(), None));
}

#[test]
fn steps_say_why() {
    let rules = both_ways(secs(300));
    let policy = StepScaling::new(bounds(1, 40), Pace::WarmUp, &rules).expect("a policy");
    let mut group = Group::new(policy, 10);
    group.minute(Some(70.0));
    assert_eq!(
        group.words(&[&[Some(71.0)], &[Some(71.0)]]),
        [
            "rule 1: ALARM (it takes 1 of 1 >= 50), newest point 71",
            "rule 1, step 3: +3 on 10 gives 13",
            "rule 1: 13 asked for, 13 are ordered already, until 360 s",
            "rule 2: OK (it takes 1 of 1 <= 50), newest point 71",
        ]
    );
    assert_eq!(
        group.words(&[&[None], &[Some(35.0)]]),
        [
            "rule 1: INSUFFICIENT_DATA (it takes 1 of 1 >= 50), newest point missing",
            "rule 2: ALARM (it takes 1 of 1 <= 50), newest point 35",
            "rule 2, step 2: -1 on 13 gives 12",
            "rule 2: 12 asked for, but units are warming up, until 360 s",
        ]
    );
    let held = Step::ScaleInHeld { rule: 1, asked: Replicas(12), by: Held::InCooldown { until: at(360) } };
    assert_eq!(
        held.seen_at(at(300)).to_string(),
        "rule 2: 12 asked for, but the cooldown of the last scale-in runs, for another 60 s"
    );
}

// Simple scaling.

#[test]
fn simple_scaling_waits_for_completion_and_cooldown() {
    let rules = [
        SimpleRule::new(alarm(Comparison::Above, 80.0), units(), 2).expect("a rule"),
        SimpleRule::new(alarm(Comparison::Below, 20.0), percent(), -50)
            .and_then(|rule| rule.with_cooldown(secs(60)))
            .expect("a rule"),
    ];
    let policy = SimpleScaling::new(bounds(1, 20), &rules).expect("a policy");
    let mut past = SimpleHistory::<2>::default();
    let mut desired = 4;
    let mut go = |now: i64, point: f64, completed: Option<i64>| {
        let one = [Some(point)];
        let points = [&one[..]; 2];
        let capacity = Some(Capacity::of(desired));
        let seen = Observation { now: at(now), capacity, points: &points, completed: completed.map(at) };
        let decision = policy.decide(&mut past, &seen, &mut ());
        policy.applied(&mut past, &decision, decision.to);
        desired = decision.to.0;
        (decision.to.0, decision.last_word)
    };
    assert_eq!(go(60, 90.0, None).0, 6);
    assert_eq!(go(120, 90.0, None), (6, Step::ActionGoesOn { since: at(60) }));
    assert_eq!(go(180, 90.0, Some(30)), (6, Step::ActionGoesOn { since: at(60) }), "an older completion");
    assert_eq!(go(240, 90.0, Some(200)), (6, Step::CoolingDown { until: at(500) }));
    assert_eq!(go(499, 10.0, Some(200)), (6, Step::CoolingDown { until: at(500) }), "both directions");
    assert_eq!(go(500, 10.0, Some(200)).0, 3);
    assert_eq!(go(560, 90.0, Some(520)), (3, Step::CoolingDown { until: at(580) }), "a cooldown of its own");
    assert_eq!(go(620, 90.0, Some(520)).0, 5);
    assert!(
        SimpleRule::new(alarm(Comparison::Above, 1.0), Adjustment::new(AdjustmentType::ExactCapacity), -1).is_err()
    );
}

#[test]
fn the_outlook_of_simple_scaling_is_its_thresholds() {
    let rules = [SimpleRule::new(alarm(Comparison::Above, 80.0), units(), 2).expect("a rule")];
    let policy = SimpleScaling::new(bounds(1, 20), &rules).expect("a policy");
    let mut past = SimpleHistory::<1>::default();
    let mut seen =
        Observation { now: at(0), capacity: Some(Capacity::of(4)), points: &[&[Some(60.0)]], completed: None };
    policy.decide(&mut past, &seen, &mut ());
    let outlook = policy.outlook(&past, &seen);
    let out = outlook.up.expect("above 80");
    assert_eq!((out.value, out.points, out.to, outlook.down), (80.0_f64.next_up(), 1, Replicas(6), None));
    (seen.now, seen.points) = (at(60), &[]);
    let points: &[&[Option<f64>]] = &[&[Some(90.0)]];
    let decision = policy.decide(&mut past, &Observation { points, ..seen }, &mut ());
    policy.applied(&mut past, &decision, decision.to);
    assert_eq!(policy.outlook(&past, &seen).up, None, "triggers are ignored");
}

#[test]
fn simple_scaling_acts_on_missing_points_if_they_breach() {
    let rules = [SimpleRule::new(
        alarm(Comparison::Above, 80.0).with_missing(Missing::Breaching),
        Adjustment::new(AdjustmentType::ExactCapacity),
        7,
    )
    .expect("a rule")];
    let policy = SimpleScaling::new(bounds(1, 20), &rules).expect("a policy");
    let seen = Observation { now: at(0), capacity: Some(Capacity::of(1)), points: &[&[None]], completed: None };
    assert_eq!(policy.decide(&mut SimpleHistory::<1>::default(), &seen, &mut ()).to.0, 7);
}

// Target tracking.

fn quick(target: f64) -> TargetTracking {
    let sensitivity = Sensitivity { high: (1, 1), low: (1, 1), ..Sensitivity::AWS };
    TargetTracking::new(bounds(0, 100), target).and_then(|t| t.with_sensitivity(sensitivity)).expect("a policy")
}

fn track(
    policy: &TargetTracking,
    past: &mut TrackingHistory,
    now: i64,
    capacity: Capacity,
    point: Option<f64>,
) -> Decision {
    let seen = MetricObservation { now: at(now), capacity: Some(capacity), points: &[point] };
    let decision = policy.decide(past, &seen, &mut ());
    policy.applied(past, &decision, decision.to);
    decision
}

#[test]
fn what_is_added_rounds_up_and_what_is_removed_rounds_down() {
    let policy = quick(50.0).with_scale_in_fraction(1.0).expect("all at once");
    for (desired, value, units) in
        [(10, 57.5, 12), (10, 42.5, 9), (10, 50.0, 10), (10, 44.9, 9), (10, 0.0, 0), (1, 44.0, 1)]
    {
        let decision = track(&policy, &mut TrackingHistory::default(), 0, Capacity::of(desired), Some(value));
        assert_eq!(decision.to.0, units, "{desired} at {value}");
    }
    // Between 90 % and the target nothing happens.
    assert!(!track(&policy, &mut TrackingHistory::default(), 0, Capacity::of(10), Some(45.0)).changes());
    assert_eq!(
        track(&policy, &mut TrackingHistory::default(), 0, Capacity::of(0), Some(99.0)).to.0,
        0,
        "zero is not left"
    );
}

#[test]
fn three_points_above_or_fifteen_below() {
    let policy = TargetTracking::new(bounds(1, 100), 50.0).expect("a policy");
    let mut past = TrackingHistory::default();
    let mut desired = 10;
    let mut go = |minute: i64, value| {
        let decision = track(&policy, &mut past, minute * 60, Capacity::of(desired), Some(value));
        desired = decision.to.0;
        desired
    };
    assert_eq!([1, 2, 3].map(|minute| go(minute, 75.0)), [10, 10, 15]);
    assert_eq!([4, 5, 6].map(|minute| go(minute, 75.0)), [15, 15, 15], "10 warm ones still ask for 15");
    let path: Vec<_> = (7..30).map(|minute| go(minute, 10.0)).collect();
    let first = path.iter().position(|units| *units < 15);
    assert_eq!(first, Some(14), "the fifteenth");
    assert_eq!(path[14], 13, "a tenth of 15, rounded up");
    assert_eq!(path[18], 13, "the cooldown");
    assert_eq!(path[19], 11, "five minutes later");
}

#[test]
fn scale_in_may_be_disabled_and_waits_for_warm_up() {
    let policy = quick(50.0).without_scale_in();
    let decision = track(&policy, &mut TrackingHistory::default(), 0, Capacity::of(10), Some(10.0));
    assert_eq!((decision.to.0, decision.last_word), (10, Step::ScaleInDisabled { asked: Replicas(2) }));
    assert!(!policy.scales_in());
    let policy = quick(50.0);
    let cold = track(&policy, &mut TrackingHistory::default(), 0, Capacity::of(10).with_warm(9), Some(10.0));
    assert!(matches!(cold.last_word, Step::ScaleInHeld { by: Held::WarmingUp { until: None }, .. }));
    // Scaling out counts the warm ones only.
    let out = track(&policy, &mut TrackingHistory::default(), 0, Capacity::of(10).with_warm(8), Some(75.0));
    assert_eq!(out.to.0, 12);
}

#[test]
fn a_missing_point_holds() {
    let policy = quick(50.0);
    let mut past = TrackingHistory::default();
    for value in [None, Some(f64::NAN), Some(f64::INFINITY)] {
        let decision = track(&policy, &mut past, 0, Capacity::of(10), value);
        assert_eq!((decision.to.0, decision.detail.valid, decision.last_word), (10, false, Step::NoSize { rule: 0 }));
    }
}

#[test]
fn an_outlook_of_target_tracking_counts_the_points_needed() {
    let policy = TargetTracking::new(bounds(1, 100), 50.0).expect("a policy");
    let mut past = TrackingHistory::default();
    track(&policy, &mut past, 60, Capacity::of(10), Some(51.0));
    let seen = MetricObservation { now: at(60), capacity: Some(Capacity::of(10)), points: &[] };
    let outlook = policy.outlook(&past, &seen);
    let (up, down) = (outlook.up.expect("up"), outlook.down.expect("down"));
    assert_eq!((up.points, up.to.0), (2, 11));
    assert!(up.value > 50.0 && up.value < 50.001);
    assert_eq!((down.points, down.to.0), (15, 9));
    assert!(down.value < 45.0 && down.value > 44.999);
}

#[test]
fn wrong_targets_are_refused() {
    for target in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        assert!(TargetTracking::new(bounds(0, 1), target).is_err(), "{target}");
    }
    let good = TargetTracking::new(bounds(0, 1), 1.0).expect("a target");
    assert!(good.with_scale_in_fraction(1.1).is_err() && good.with_scale_in_fraction(-0.1).is_err());
    assert!(good.with_sensitivity(Sensitivity { low_factor: 1.1, ..Sensitivity::AWS }).is_err());
    assert!(good.with_sensitivity(Sensitivity { low: (16, 15), ..Sensitivity::AWS }).is_err());
    assert!(good.with_pace(Pace::Cooldown, secs(3601)).is_err());
}

// Sizing for the peak.

fn peak_at<const N: usize>(
    policy: &PeakSizing,
    past: &mut PeakHistory<N>,
    now: i64,
    desired: i32,
    value: f64,
) -> Decision {
    let seen = MetricObservation { now: at(now), capacity: Some(Capacity::of(desired)), points: &[Some(value)] };
    policy.decide(past, &seen, &mut ())
}

#[test]
fn the_largest_size_of_ten_minutes_counts() {
    let policy = PeakSizing::new(bounds(1, 100), 50.0).expect("a policy");
    let mut past = PeakHistory::<64>::default();
    assert_eq!(peak_at(&policy, &mut past, 0, 10, 75.0).to.0, 15);
    let held = peak_at(&policy, &mut past, 60, 15, 20.0);
    assert_eq!((held.to.0, held.revisit_at), (15, Some(at(600))));
    assert_eq!(held.last_word, Step::HeldByPeak { asked: Replicas(6), to: Replicas(15), until: Some(at(600)) });
    assert_eq!(peak_at(&policy, &mut past, 599, 15, 20.0).to.0, 15);
    assert_eq!(peak_at(&policy, &mut past, 600, 15, 20.0).to.0, 6, "what is that old counts no more");
    let missing = MetricObservation { now: at(601), capacity: Some(Capacity::of(6)), points: &[None] };
    let decision = policy.decide(&mut past, &missing, &mut ());
    assert_eq!((decision.to.0, decision.detail.valid), (6, false));
    assert_eq!(held.last_word.to_string(), "6 asked for, the peak of the last while holds 15, until 600 s");
}

#[test]
fn without_a_window_nothing_is_held_and_there_is_no_moment_to_wait_for() {
    let policy = PeakSizing::new(bounds(1, 100), 50.0).expect("a policy").with_stabilization(Span::ZERO);
    let mut past = PeakHistory::<64>::default();
    assert_eq!(peak_at(&policy, &mut past, 0, 10, 75.0).to.0, 15);
    let again = peak_at(&policy, &mut past, 0, 15, 20.0);
    assert_eq!((again.to.0, again.revisit_at), (6, None), "asked anew in the same moment");
    for window in [Span::ZERO, secs(600)] {
        let policy = policy.with_scale_in_control(Allowed::Units(2), window).expect("a control");
        let held = peak_at(&policy, &mut past, 60, 15, 20.0);
        assert_eq!((held.to.0, held.revisit_at), (13, None), "the present capacity is its own peak at any time");
    }
}

#[test]
fn a_window_that_is_longer_than_time_holds_the_first_moment_too() {
    let policy = PeakSizing::new(bounds(1, 100), 50.0).expect("a policy");
    let (mut past, first) = (PeakHistory::<64>::default(), Instant::MIN);
    for (now, value, to) in [(first, 75.0, 15), (first + secs(599), 20.0, 15), (first + secs(600), 20.0, 4)] {
        let seen = MetricObservation { now, capacity: Some(Capacity::of(10)), points: &[Some(value)] };
        assert_eq!(policy.decide(&mut past, &seen, &mut ()).to.0, to, "{now}");
    }
}

#[test]
fn scale_in_controls_keep_near_the_peak_of_the_capacity() {
    let with = |allowed| {
        let policy = PeakSizing::new(bounds(1, 100), 50.0).expect("a policy").with_stabilization(Span::ZERO);
        policy.with_scale_in_control(allowed, secs(300)).expect("a control")
    };
    for (allowed, first) in
        [(Allowed::Units(4), 16), (Allowed::Percent(25), 15), (Allowed::Percent(100), 4), (Allowed::Units(0), 20)]
    {
        let policy = with(allowed);
        let mut past = PeakHistory::<64>::default();
        let decision = peak_at(&policy, &mut past, 0, 20, 10.0);
        assert_eq!(decision.to.0, first, "{allowed:?}");
        let again = if allowed == Allowed::Percent(100) { 1 } else { first };
        assert_eq!(peak_at(&policy, &mut past, 299, first, 10.0).to.0, again, "{allowed:?}: 20 is still its peak");
    }
    let policy = PeakSizing::new(bounds(1, 100), 50.0).expect("a policy");
    assert!(policy.with_scale_in_control(Allowed::Percent(101), secs(1)).is_err());
    assert!(policy.with_scale_in_control(Allowed::Units(-1), secs(1)).is_err());
    assert!(PeakSizing::new(bounds(1, 100), 0.0).is_err());
}

#[test]
fn each_unit_carries_its_part_of_the_whole() {
    let policy = PeakSizing::per_unit(bounds(0, 100), 100.0).expect("a policy").with_stabilization(Span::ZERO);
    let mut past = PeakHistory::<4>::default();
    assert_eq!(peak_at(&policy, &mut past, 0, 0, 250.0).to.0, 3, "from none as well");
    assert_eq!(peak_at(&policy, &mut past, 1, 3, 200.0).to.0, 2);
    assert_eq!(peak_at(&policy, &mut past, 2, 2, 0.0).to.0, 0);
    assert!(PeakSizing::per_unit(bounds(0, 1), -1.0).is_err());
}

// Watermarks.

const MARKS: [Watermarks; 1] = [match Watermarks::new(Some(Milli(40_000)), Some(Milli(60_000))) {
    Ok(marks) => marks,
    Err(_) => panic!("at build time only"),
}];

fn watermark() -> Watermark<'static> {
    Watermark::new(bounds(1, 100), &MARKS).expect("a policy")
}

fn mark(policy: &Watermark<'_>, past: &mut MarkHistory, now: i64, replicas: i32, value: i64) -> (i32, Step) {
    let reading = MarkReading { total: Milli(value), ready: replicas, listed: replicas };
    let readings = [Some(reading)];
    let scale = Some((Replicas(replicas), Replicas(replicas)));
    let seen = MarkObservation { now: at(now), scale, readings: &readings };
    let decision = policy.decide(past, &seen, &mut ());
    policy.applied(past, &decision);
    (decision.to.0, decision.last_word)
}

#[test]
fn between_the_marks_nothing_happens_and_beyond_them_only_so_much() {
    let policy = watermark();
    // A tenth beyond a mark is still within it; 50 % up and 20 % down at once.
    for (replicas, value, expected) in [
        (10, 66_000, 10),
        (10, 66_001, 12),
        (10, 120_000, 15),
        (10, 36_000, 10),
        (10, 35_999, 8),
        (1, 120_000, 2),
        (10, 38_000, 10),
        (2, 10_000, 1),
        (1, 10_000, 1),
        (3, 35_000, 2),
    ] {
        assert_eq!(mark(&policy, &mut MarkHistory::default(), 0, replicas, value).0, expected, "{replicas} at {value}");
    }
    let average = policy.with_algorithm(Algorithm::Average);
    assert_eq!(mark(&average, &mut MarkHistory::default(), 0, 10, 700_000).0, 12, "70 a pod");
}

/// Marks, tolerance, ready pods, total and what is asked for: tests of the WatermarkPodAutoscaler at 70e8425.
#[test]
fn replicas_are_those_of_upstreams_tests() {
    let marks = [(20_000, 40_000), (2_000, 4_000), (75_000, 85_000), (75_000, 120_001)];
    let marks = marks.map(|(low, high)| [Watermarks::new(Some(Milli(low)), Some(Milli(high))).expect("marks")]);
    let (absolute, average) = (Algorithm::Absolute, Algorithm::Average);
    let (off, to_high, to_low) = (Converge::Off, Converge::HighWatermark, Converge::LowWatermark);
    for (metrics, tolerance, algorithm, converge, modulo, ready, total, expected) in [
        (0, 25, absolute, off, 1, 3, 270_000, 21),
        (0, 25, absolute, off, 5, 3, 270_000, 25),
        (0, 25, absolute, to_high, 1, 3, 27_000, 3),
        (0, 25, absolute, to_low, 1, 3, 27_000, 4),
        (0, 25, absolute, to_high, 1, 3, 24_000, 2),
        (0, 20, average, off, 1, 3, 270_000, 7),
        (1, 20, absolute, off, 1, 4, 8_600, 9),
        (1, 20, absolute, off, 1, 9, 8_600, 20),
        (1, 20, absolute, off, 1, 20, 200, 2),
        (1, 200, absolute, off, 1, 9, 4_799, 9),
        (2, 10, average, off, 1, 5, 370_000, 4),
        (2, 10, average, off, 1, 4, 240_000, 3),
        (2, 10, average, off, 1, 3, 240_000, 3),
        (3, 10, absolute, to_high, 1, 3, 80_000, 2),
    ] {
        let policy = Watermark::new(bounds(1, 100), &marks[metrics])
            .and_then(|policy| policy.with_tolerance(Milli(tolerance)))
            .and_then(|policy| policy.with_modulo(modulo))
            .expect("a policy")
            .with_algorithm(algorithm)
            .with_converge(converge);
        let readings = [Some(MarkReading { total: Milli(total), ready, listed: ready })];
        let scale = Some((Replicas(ready), Replicas(ready)));
        let seen = MarkObservation { now: at(0), scale, readings: &readings };
        let decision = policy.decide(&mut MarkHistory::default(), &seen, &mut ());
        assert_eq!(decision.detail.recommended, Some(Replicas(expected)), "{ready} ready, {total}");
    }
}

/// Bounds, limits in percent, ready pods and what is asked for at 50 replicas; likewise.
#[test]
fn limits_are_those_of_upstreams_tests() {
    let marks = [Watermarks::new(Some(Milli(1000)), None).expect("a mark")];
    for (min, max, up, down, ready, desired, expected) in [
        (15, 80, 30, 10, 50, 10, 45),
        (30, 80, 30, 70, 50, 10, 30),
        (10, 60, 30, 30, 50, 15, 35),
        (10, 80, 30, 30, 50, 40, 40),
        (3, 60, 20, 0, 50, 80, 60),
        (3, 60, 40, 0, 50, 65, 60),
        (3, 60, 40, 0, 50, 55, 55),
        (3, 60, 15, 15, 40, 10, 50),
    ] {
        let policy = Watermark::new(bounds(min, max), &marks)
            .and_then(|policy| policy.with_tolerance(Milli(0)))
            .and_then(|policy| policy.with_up_limit(Milli(up * 1000)))
            .and_then(|policy| policy.with_down_limit(Milli(down * 1000)))
            .expect("a policy");
        let readings = [Some(MarkReading { total: Milli(desired * 1000 / i64::from(ready)), ready, listed: 50 })];
        let scale = Some((Replicas(50), Replicas(50)));
        let seen = MarkObservation { now: at(0), scale, readings: &readings };
        let decision = policy.decide(&mut MarkHistory::default(), &seen, &mut ());
        assert_eq!(decision.detail.recommended.map(|r| i64::from(r.0)), Some(desired));
        assert_eq!(decision.to.0, expected, "{desired} within {min} to {max}, +{up} %, -{down} %");
    }
    for (up, down, most, least) in
        [(30, 30, 549, 297), (0, 0, 423, 423), (12, 73, 473, 115), (100, 73, 846, 115), (73, 73, 731, 115)]
    {
        let policy = Watermark::new(bounds(1, 10_000), &marks)
            .and_then(|policy| policy.with_up_limit(Milli(up * 1000)))
            .and_then(|policy| policy.with_down_limit(Milli(down * 1000)))
            .expect("a policy");
        assert_eq!(mark(&policy, &mut MarkHistory::default(), 0, 423, 1_000_000).0, most, "+{up} %");
        assert_eq!(mark(&policy, &mut MarkHistory::default(), 0, 423, 1).0, least, "-{down} %");
    }
}

#[test]
fn forbidden_windows_hold_after_any_change() {
    let policy = watermark();
    let mut past = MarkHistory::default();
    assert_eq!(mark(&policy, &mut past, 0, 10, 70_000).0, 12);
    let until = at(60);
    assert_eq!(mark(&policy, &mut past, 59, 12, 70_000), (12, Step::Forbidden { direction: Direction::Up, until }));
    let until = at(300);
    assert_eq!(mark(&policy, &mut past, 60, 12, 20_000), (12, Step::Forbidden { direction: Direction::Down, until }));
    assert_eq!(mark(&policy, &mut past, 60, 12, 70_000).0, 14, "at that moment it is over");
    assert_eq!(mark(&policy, &mut past, 359, 14, 20_000).0, 14);
    assert_eq!(mark(&policy, &mut past, 360, 14, 20_000).0, 12);
}

/// What upstream keeps in an object's status is all that counts: put together anew it decides the same.
#[test]
fn a_history_told_from_a_status_decides_as_the_one_that_was_there() {
    let times = Times { delay_above: secs(60), delay_below: secs(120), ..Times::DEFAULT };
    let policy = watermark().with_times(times);
    let mut past = MarkHistory::default();
    assert_eq!(mark(&policy, &mut past, 0, 10, 50_000).0, 10);
    assert_eq!(mark(&policy, &mut past, 310, 10, 70_000).0, 10, "above since 310");
    let mut seen = Vec::new();
    for (now, value) in [(330, 70_000), (369, 70_000), (370, 70_000), (330, 20_000), (370, 50_000)] {
        let mut told = MarkHistory::told(Some(at(0)), Some((true, at(310))), Some((false, at(0))));
        let step = mark(&policy, &mut told, now, 10, value);
        assert_eq!(step, mark(&policy, &mut past.clone(), now, 10, value), "{value} at {now}");
        seen.push(step.0);
    }
    assert_eq!(seen, [10, 10, 12, 10, 10]);
    // Never written: the first sync scales, whatever the delay says.
    assert_eq!(mark(&policy, &mut MarkHistory::told(None, None, None), 330, 10, 70_000).0, 12);
}

#[test]
fn delays_count_whole_seconds_beyond_the_mark() {
    let times = Times {
        delay_above: secs(60),
        delay_below: secs(120),
        upscale_forbidden: Span::ZERO,
        downscale_forbidden: Span::ZERO,
    };
    let policy = watermark().with_times(times).with_mended(Mended { first_like_others: true, ..Mended::default() });
    let mut past = MarkHistory::default();
    let delayed = |direction, until: i64| Step::Delayed { direction, until: Some(at(until)) };
    assert_eq!(mark(&policy, &mut past, 10, 10, 70_000), (10, delayed(Direction::Up, 70)));
    assert_eq!(mark(&policy, &mut past, 69, 10, 70_000), (10, delayed(Direction::Up, 70)));
    assert_eq!(mark(&policy, &mut past, 70, 10, 70_000).0, 12);
    assert_eq!(mark(&policy, &mut past, 80, 12, 50_000).0, 12);
    assert_eq!(mark(&policy, &mut past, 90, 12, 20_000), (12, delayed(Direction::Down, 210)));
    assert_eq!(mark(&policy, &mut past, 100, 12, 50_000).0, 12, "within the marks: the delay begins anew");
    assert_eq!(mark(&policy, &mut past, 110, 12, 20_000), (12, delayed(Direction::Down, 230)));
    assert_eq!(mark(&policy, &mut past, 230, 12, 20_000).0, 10);
}

#[test]
fn the_first_sync_of_upstream_counts_as_a_change_and_ours_need_not() {
    let mut past = MarkHistory::default();
    assert_eq!(mark(&watermark(), &mut past, 0, 10, 50_000).0, 10);
    assert_eq!(past.changed(), Some(at(0)), "upstream writes the same number");
    assert!(matches!(mark(&watermark(), &mut past, 30, 10, 70_000).1, Step::Forbidden { .. }));
    let mended = watermark().with_mended(Mended { first_like_others: true, ..Mended::default() });
    let mut past = MarkHistory::default();
    assert_eq!(mark(&mended, &mut past, 0, 10, 50_000).0, 10);
    assert_eq!(mark(&mended, &mut past, 30, 10, 70_000).0, 12);
}

#[test]
fn zero_and_pods_that_are_not_ready() {
    let zero = |policy: Watermark<'_>, ready| {
        let reading = MarkReading { total: Milli(0), ready, listed: 10 };
        let readings = [Some(reading)];
        let scale = Some((Replicas(10), Replicas(10)));
        policy.decide(&mut MarkHistory::default(), &MarkObservation { now: at(0), scale, readings: &readings }, &mut ())
    };
    assert_eq!(zero(watermark(), 8).to.0, 8, "upstream's way not to scale");
    assert_eq!(zero(watermark().with_mended(Mended { zero_holds: true, ..Mended::default() }), 8).to.0, 10);
    assert_eq!(zero(watermark().with_tolerate_zero(true), 10).to.0, 8, "20 % down");
    let failed = zero(watermark().with_min_available(90), 8);
    let error = Unreadable::TooFewReady { percent: 80 };
    assert_eq!((failed.changes(), failed.last_word), (false, Step::MetricFailed { metric: 0, error }));
    assert_eq!(zero(watermark(), 0).last_word, Step::MetricFailed { metric: 0, error: Unreadable::NoneReady });
}

#[test]
fn bounds_and_zero_replicas_come_before_windows() {
    let policy = Watermark::new(bounds(3, 8), &MARKS).expect("a policy");
    let go = |policy: &Watermark<'_>, wanted, running| {
        let reading = MarkReading { total: Milli(50_000), ready: 5, listed: 5 };
        let seen = MarkObservation {
            now: at(0),
            scale: Some((Replicas(wanted), Replicas(running))),
            readings: &[Some(reading)],
        };
        policy.decide(&mut MarkHistory::default(), &seen, &mut ()).to.0
    };
    assert_eq!([(20, 20), (1, 1), (0, 0), (5, 0), (5, 5)].map(|(w, r)| go(&policy, w, r)), [8, 3, 0, 1, 5]);
    assert_eq!(go(&policy.with_mended(Mended { keeps_wanted: true, ..Mended::default() }), 5, 0), 5);
    let free = Watermark::new(bounds(0, 100), &MARKS).expect("a policy");
    assert_eq!(mark(&free, &mut MarkHistory::default(), 0, 50, 1_000).0, 1, "no limit with a minimum of 0");
    let mended = free.with_mended(Mended { limits_at_zero_min: true, ..Mended::default() });
    assert_eq!(mark(&mended, &mut MarkHistory::default(), 0, 50, 1_000).0, 40);
}

#[test]
fn converging_creeps_within_the_marks() {
    let fewer = watermark().with_converge(Converge::HighWatermark);
    assert_eq!(mark(&fewer, &mut MarkHistory::default(), 0, 10, 50_000).0, 9, "9 would be at 55.6");
    assert_eq!(mark(&fewer, &mut MarkHistory::default(), 0, 10, 58_000).0, 10, "9 would be at 64.4");
    let more = watermark().with_converge(Converge::LowWatermark);
    assert_eq!(mark(&more, &mut MarkHistory::default(), 0, 10, 50_000).0, 11);
    assert_eq!(mark(&more, &mut MarkHistory::default(), 0, 10, 41_000).0, 10);
    let fives = watermark().with_modulo(5).and_then(|p| p.with_up_limit(Milli(100_000))).expect("a policy");
    assert_eq!(mark(&fives, &mut MarkHistory::default(), 0, 10, 70_000).0, 15);
    assert_eq!(mark(&fives, &mut MarkHistory::default(), 0, 10, 30_000).0, 10, "7 are rounded up to 10");
    for broken in [
        watermark().with_modulo(0).err(),
        watermark().with_tolerance(Milli(1001)).err(),
        watermark().with_down_limit(Milli(100_000)).err(),
    ] {
        assert!(broken.is_some());
    }
    assert!(Watermarks::new(None, None).is_err() && Watermarks::new(Some(Milli(2)), Some(Milli(1))).is_err());
}

#[test]
fn the_outlook_of_a_watermark_is_where_its_marks_are() {
    let policy = watermark();
    let reading = MarkReading { total: Milli(50_000), ready: 10, listed: 10 };
    let readings = [Some(reading)];
    let scale = Some((Replicas(10), Replicas(10)));
    let seen = MarkObservation { now: at(0), scale, readings: &readings };
    assert_eq!(policy.outlook(0, &seen), (Some(Milli(66_001)), Some(Milli(35_999))));
    assert_eq!(mark(&policy, &mut MarkHistory::default(), 0, 10, 66_001).0, 12);
}

#[test]
fn marks_in_words() {
    let step = Step::Marked { metric: 0, mark: Mark::Above, usage: Milli(66_001), to: Replicas(12) };
    assert_eq!(step.to_string(), "metric 1: 66.001 is above its high mark: 12");
}

// Nomad.

#[test]
fn nomad_counts_the_points_within_a_band() {
    let band = Band::new(Some(10.0), Some(20.0), BandAction::Delta(2)).expect("a band");
    let propose = |band: Band, points: &[f64]| band.propose(points, 5).map(|p| p.count);
    assert_eq!(propose(band, &[]), None);
    assert_eq!(propose(band, &[10.0, 19.9, 15.0, 15.0]), Some(5), "four of five");
    assert_eq!(propose(band, &[10.0, 19.9, 15.0, 15.0, 20.0, 15.0, 1.0]), Some(7), "not the latest");
    let one = |action| Band::new(Some(0.0), None, action).expect("a band").with_trigger(1);
    for (action, count) in [
        (BandAction::Percentage(-10.0), 5),
        (BandAction::Percentage(10.0), 6),
        (BandAction::Percentage(-40.0), 3),
        (BandAction::Delta(-9), 0),
        (BandAction::Value(3), 3),
        (BandAction::Percentage(-200.0), 0),
    ] {
        assert_eq!(propose(one(action), &[1.0]), Some(count), "{action:?}");
    }
    assert!(Band::new(None, None, BandAction::Delta(1)).is_err());
    assert!(Band::new(Some(1.0), None, BandAction::Value(-1)).is_err());
}

#[test]
fn nomad_brings_the_newest_point_to_its_target() {
    let target = |t: f64| TargetValue::new(t).expect("a target");
    let propose = |t: TargetValue, value, count| {
        let proposal = t.propose(&[1e9, value], count).expect("points");
        (proposal.direction, proposal.count)
    };
    let (up, down) = (Some(Direction::Up), Some(Direction::Down));
    assert_eq!(propose(target(10.0), 10.1, 10), (None, 10), "within 1 %");
    assert_eq!(propose(target(10.0), 10.2, 10), (up, 11));
    assert_eq!(propose(target(10.0), 5.1, 10), (down, 6));
    assert_eq!(propose(target(0.0), 3.0, 2), (up, 6), "a target of 0: the value is the factor");
    assert_eq!(propose(target(10.0), 25.0, 0), (up, 3), "from 0: the factor is the number");
    assert_eq!(propose(target(10.0), 0.0, 0), (None, 0));
    let limited = target(10.0).with_most(Some(2), Some(1));
    assert_eq!(propose(limited, 100.0, 10), (up, 12));
    assert_eq!(propose(limited, 0.0, 10), (down, 9));
    assert_eq!(target(1.0).propose(&[], 3), None);
}

/// Histories as JSON are the same histories.
#[cfg(feature = "serde")]
#[test]
fn histories_survive_serde() {
    use plimsoll_core::{combine, schedule};

    fn same<T: serde::Serialize + serde::de::DeserializeOwned + PartialEq + std::fmt::Debug>(past: &T) {
        let text = serde_json::to_string(past).expect("a history");
        assert_eq!(&serde_json::from_str::<T>(&text).expect("our own text"), past);
    }
    let rules = both_ways(secs(300));
    let policy = StepScaling::new(bounds(1, 40), Pace::WarmUp, &rules).expect("a policy");
    let mut group = Group::new(policy, 10);
    group.minute(Some(70.0));
    group.minute(None);
    same(&group.past);
    let mut past = MarkHistory::default();
    mark(&watermark(), &mut past, 0, 10, 70_000);
    same(&past);
    let mut past = PeakHistory::<4>::default();
    peak_at(&PeakSizing::new(bounds(1, 100), 50.0).expect("a policy"), &mut past, 0, 10, 75.0);
    same(&past);
    same(&schedule::History::default());
    same(&combine::History::<2, 2>::default());
}

// Laws.

fn rule_plans() -> impl Strategy<Value = Vec<(bool, i32, i32, u64, u8)>> {
    // High or low, near and far adjustment, wait, type.
    prop::collection::vec((any::<bool>(), -60..60i32, -60..60i32, 0..600u64, 0..3u8), 1..4)
}

type StepPlan = [StepAdjustment; 2];

fn steps_of(plans: &[(bool, i32, i32, u64, u8)]) -> Vec<StepPlan> {
    let steps = |(high, near, far, _, kind): &(bool, i32, i32, u64, u8)| {
        let (near, far) = if *kind == 1 { (near.abs(), far.abs()) } else { (*near, *far) };
        if *high {
            [step(Some(0.0), Some(10.0), near), step(Some(10.0), None, far)]
        } else {
            [step(None, Some(-10.0), far), step(Some(-10.0), Some(0.0), near)]
        }
    };
    plans.iter().map(steps).collect()
}

fn rules_of<'a>(plans: &[(bool, i32, i32, u64, u8)], steps: &'a [StepPlan]) -> Vec<Rule<'a>> {
    let rule = |((high, _, _, wait, kind), steps): (&(bool, i32, i32, u64, u8), &'a StepPlan)| {
        let comparison = if *high { Comparison::AtLeast } else { Comparison::AtMost };
        let kind =
            [AdjustmentType::ChangeInCapacity, AdjustmentType::ExactCapacity, AdjustmentType::PercentChangeInCapacity]
                [usize::from(*kind)];
        let alarm = alarm(comparison, 50.0).with_datapoints(1, 2).expect("1 of 2");
        Rule::new(alarm, Adjustment::new(kind), steps, secs(*wait)).expect("steps")
    };
    plans.iter().zip(steps).map(rule).collect()
}

/// The spec's section 2 by hand: one state of base, desired and end; 1 of 2 alarms from a list of points.
struct Twin {
    points: Vec<Option<f64>>,
    order: Option<(bool, i32, i64)>,
}

impl Twin {
    fn go(
        &mut self,
        plans: &[(bool, i32, i32, u64, u8)],
        pace: Pace,
        (min, max): (i32, i32),
        now: i64,
        c: i32,
        point: Option<f64>,
    ) -> i32 {
        self.points.push(point);
        let window = &self.points[self.points.len().saturating_sub(2)..];
        let running = self.order.filter(|(.., until)| now < *until);
        let out_base = match running {
            Some((true, base, _)) => base.min(c),
            _ => c,
        };
        let mut best: Option<(i32, i32, u64)> = None;
        for (high, near, far, wait, kind) in plans {
            let breaches = |v: f64| if *high { v >= 50.0 } else { v <= 50.0 };
            if !window.iter().flatten().any(|v| breaches(*v)) {
                continue;
            }
            let Some(v) = point else { continue };
            if !breaches(v) {
                // In alarm by the point before; only steps of the breach side match, and x = 0 is a breach.
                continue;
            }
            let adjustment = if (v - 50.0).abs() >= 10.0 { *far } else { *near };
            let change = |c: i32| -> i64 {
                match kind {
                    0 => i64::from(adjustment),
                    1 => i64::from(adjustment.abs()) - i64::from(c),
                    _ => {
                        let r = i64::from(c) * i64::from(adjustment);
                        if r == 0 {
                            0
                        } else if r.abs() < 100 {
                            r.signum()
                        } else {
                            r / 100
                        }
                    }
                }
            };
            let (mut base, mut delta) = (out_base, change(out_base));
            if delta < 0 {
                (base, delta) = (c, change(c));
            }
            let clamped = (i64::from(base) + delta).clamp(i64::from(min), i64::from(max)) as i32;
            let to = match delta.signum() {
                1 => clamped.max(c),
                0 => c,
                _ => clamped,
            };
            let blocked = match (pace, running) {
                (Pace::WarmUp, Some((out, ..))) => out,
                (Pace::Cooldown, Some((out, ..))) => !out,
                _ => false,
            };
            if delta < 0 && blocked {
                continue;
            }
            if best.is_none_or(|(known, ..)| to > known) {
                best = Some((to, base, *wait));
            }
        }
        let to = best.map_or(c, |(to, ..)| to).clamp(min, max);
        if let Some((_, base, wait)) = best
            && to != c
        {
            self.order =
                if to > c || pace == Pace::Cooldown { Some((to > c, base.min(c), now + wait as i64)) } else { None };
        }
        to
    }
}

fn units_allowed(allowed: Allowed) -> i32 {
    match allowed {
        Allowed::Units(units) => units,
        Allowed::Percent(_) => 0,
    }
}

proptest! {
    #[test]
    fn step_scaling_answers_as_its_twin(
        plans in rule_plans(), warm in any::<bool>(), min in 0..5i32, extra in 1..60i32, start in 0..80i32,
        points in prop::collection::vec(prop::option::weighted(0.9, (20..80i32).prop_map(f64::from)), 1..40),
    ) {
        let pace = if warm { Pace::WarmUp } else { Pace::Cooldown };
        let steps = steps_of(&plans);
        let rules = rules_of(&plans, &steps);
        let policy = StepScaling::new(bounds(min, min + extra), pace, &rules).expect("a policy");
        let mut group = Group::new(policy, start);
        let mut twin = Twin { points: Vec::new(), order: None };
        for (minute, point) in points.into_iter().enumerate() {
            let before = group.capacity.desired.0;
            let expected = twin.go(&plans, pace, (min, min + extra), (minute as i64 + 1) * 60, before, point);
            let decision = group.minute(point);
            prop_assert_eq!(decision.to.0, expected, "minute {}, {:?}", minute, decision);
        }
    }

    #[test]
    fn laws_of_step_scaling(
        plans in rule_plans(), warm in any::<bool>(), start in 0..80i32,
        points in prop::collection::vec((prop::option::weighted(0.9, (20..80i32).prop_map(f64::from)), 0..200i64), 1..40),
    ) {
        let pace = if warm { Pace::WarmUp } else { Pace::Cooldown };
        let steps = steps_of(&plans);
        let rules = rules_of(&plans, &steps);
        let policy = StepScaling::new(bounds(2, 50), pace, &rules).expect("a policy");
        let mut group = Group::new(policy, start);
        for (point, gap) in points {
            group.now += gap;
            let one = [point];
        let points = [&one[..]; 4];
            let before = group.capacity.desired;
            let order = group.past.order();
            // A saved history decides alike.
            let mut bytes = [0; History::<4>::saved_size()];
            let length = group.past.save(&mut bytes).expect("room");
            prop_assert_eq!(&History::<4>::restore(&bytes[..length]).expect("our own bytes"), &group.past);
            for cut in 0..length {
                prop_assert!(History::<4>::restore(&bytes[..cut]).is_err());
            }
            let decision = group.see(&points);
            prop_assert!((2..=50).contains(&decision.to.0), "within the bounds");
            let warming = order.is_some_and(|order| order.out && at(group.now) < order.until);
            if warm && warming && (2..=50).contains(&before.0) {
                prop_assert!(decision.to >= before, "nothing is removed while units warm up");
            }
            // The same alarm at once orders nothing more, unless there is no waiting.
            let waits = decision.detail.rule.is_some_and(|rule| plans[usize::from(rule)].3 > 0);
            if decision.to > before && waits {
                let again = group.see(&points);
                prop_assert!(again.to <= decision.to, "ordered once");
                group.capacity.desired = again.to;
            }
            // Before revisit_at the same world gives the same answer.
            if let Some(at) = decision.revisit_at.filter(|_| !decision.changes()) {
                let mut later = group.past.clone();
                let capacity = Some(group.capacity);
                let seen = Observation { now: at.previous(), capacity, points: &[], completed: None };
                if seen.now.since(self::at(group.now)) < secs(120) && group.past.alarms().len() == plans.len() {
                    prop_assert_eq!(policy.decide(&mut later, &seen, &mut ()).to, group.capacity.desired);
                }
            }
        }
    }

    #[test]
    fn laws_of_target_tracking(
        target in 1.0..100.0f64, warm in any::<bool>(), fraction in 0.0..1.0f64, start in 0..60i32,
        points in prop::collection::vec((prop::option::weighted(0.9, 0.0..300.0f64), 1..200i64), 1..60),
    ) {
        let pace = if warm { Pace::WarmUp } else { Pace::Cooldown };
        let policy = quick(target)
            .with_pace(pace, secs(120))
            .and_then(|p| p.with_scale_in_fraction(fraction))
            .expect("a policy");
        let (mut past, mut now, mut desired) = (TrackingHistory::default(), 0, start);
        for (point, gap) in points {
            now += gap;
            let mut bytes = [0; TrackingHistory::saved_size()];
            let length = past.save(&mut bytes).expect("room");
            prop_assert_eq!(&TrackingHistory::restore(&bytes[..length]).expect("our own bytes"), &past);
            let decision = track(&policy, &mut past, now, Capacity::of(desired), point);
            prop_assert!((0..=100).contains(&decision.to.0));
            if decision.to.0 > desired {
                prop_assert!(point.expect("a point") > target);
            }
            if decision.to.0 < desired {
                let most = (f64::from(desired) * fraction).ceil().max(1.0) as i32;
                prop_assert!(point.expect("a point") < target * 0.9);
                prop_assert!(desired - decision.to.0 <= most);
                prop_assert!(decision.to.0 >= (f64::from(desired) * point.expect("a point") / target).ceil() as i32);
            }
            desired = decision.to.0;
        }
    }

    #[test]
    fn the_outlook_of_a_peak_is_where_its_answer_changes(
        min in 0..5i32, room in 1..80i32, units in 0..60i32, cold in 0..5i32, target in 0.1..1000.0f64,
        share in 0.0..3.0f64, per_unit: bool, lately in prop::collection::vec((0..400i64, 0.0..3.0f64), 0..4),
        control in prop::option::of(0..30i32),
    ) {
        // The edge is met but for the last bits.
        const EDGE: f64 = 1e-14;
        // Outside the bounds any value changes the answer.
        let units = (min + units % (room + 1)).max(1);
        let new = if per_unit { PeakSizing::per_unit } else { PeakSizing::new };
        let mut policy = new(bounds(min, min + room), target).expect("a policy");
        if let Some(units) = control {
            policy = policy.with_scale_in_control(Allowed::Units(units), secs(300)).expect("units");
        }
        let whole = target * if per_unit { f64::from(units) } else { 1.0 };
        let (mut past, mut now) = (PeakHistory::<64>::default(), 0);
        for (gap, share) in lately {
            now += gap;
            peak_at(&policy, &mut past, now, units, whole * share);
        }
        let points = [Some(whole * share)];
        let capacity = Some(Capacity::of(units).with_warm((units - cold).max(1)));
        let seen = MetricObservation { now: at(now + 30), capacity, points: &points };
        policy.decide(&mut past, &seen, &mut ());
        let at_value = |value: f64| {
            let points = [Some(value)];
            policy.decide(&mut past.clone(), &MetricObservation { points: &points, ..seen }, &mut ()).to.0
        };
        let outlook = policy.outlook(&past, &seen);
        match outlook.up {
            Some(up) => {
                prop_assert_eq!((up.to.0, up.points), (at_value(up.value), 1));
                // What was asked for lately may lead there whatever is measured now.
                let crosses = at_value(up.value * (1.0 - EDGE)) <= units || at_value(0.0) > units;
                prop_assert!(at_value(up.value) > units && crosses, "{:?}", up);
            }
            None => prop_assert!(at_value(whole * 1e6) <= units || at_value(0.0) > units),
        }
        match outlook.down {
            Some(down) => {
                prop_assert_eq!(down.to.0, at_value(down.value));
                prop_assert!(at_value(down.value) < units && at_value(down.value * (1.0 + EDGE)) >= units, "{:?}", down);
            }
            None => prop_assert!(at_value(0.0) >= units || at_value(whole * 1e6) < units),
        }
    }

    #[test]
    fn peaks_are_those_of_a_list(
        stabilization in 0..900u64, window in 0..900u64, percent in prop::option::of(0..=100i32), units in 0..20i32,
        points in prop::collection::vec((0.0..200.0f64, 0..200i64), 1..60), start in 0..60i32,
    ) {
        let allowed = percent.map_or(Allowed::Units(units), Allowed::Percent);
        let policy = PeakSizing::new(bounds(1, 80), 50.0).expect("a policy")
            .with_stabilization(secs(stabilization))
            .with_scale_in_control(allowed, secs(window)).expect("a control");
        let (mut past, mut now, mut units) = (PeakHistory::<64>::default(), 0, start);
        let (mut sizes, mut capacities) = (Vec::new(), Vec::new());
        for (value, gap) in points {
            now += gap;
            let mut bytes = [0; PeakHistory::<64>::saved_size()];
            let length = past.save(&mut bytes).expect("room");
            past = PeakHistory::<64>::restore(&bytes[..length]).expect("our own bytes");
            let size = ((f64::from(units) * value / 50.0).ceil() as i32).clamp(1, 80);
            sizes.push((now, size));
            capacities.push((now, units));
            let largest = |list: &[(i64, i32)], window: u64, newest: i32| {
                let inside = list.iter().filter(|(at, _)| now - at < window as i64).map(|(_, n)| *n);
                inside.max().unwrap_or(newest).max(newest)
            };
            let mut expected = largest(&sizes, stabilization, size);
            if expected < units {
                let peak = largest(&capacities, window, units);
                let taken = percent.map_or(i64::from(units_allowed(allowed)), |percent| i64::from(peak) * i64::from(percent) / 100);
                expected = expected.max(units.min(peak - taken as i32));
            }
            let decision = peak_at(&policy, &mut past, now, units, value);
            prop_assert_eq!(decision.to.0, expected.clamp(1, 80));
            units = decision.to.0;
        }
    }

    #[test]
    fn laws_of_watermarks(
        low in 1..50_000i64, gap in 0..50_000i64, up in 0..200_000i64, down in 0..99_999i64, modulo in 1..4i32,
        syncs in prop::collection::vec((0..200_000i64, 1..400i64, 0..3u8), 1..40), start in 1..50i32,
    ) {
        let marks = [Watermarks::new(Some(Milli(low)), Some(Milli(low + gap))).expect("marks")];
        let policy = Watermark::new(bounds(1, 60), &marks)
            .and_then(|p| p.with_up_limit(Milli(up)))
            .and_then(|p| p.with_down_limit(Milli(down)))
            .and_then(|p| p.with_modulo(modulo))
            .expect("a policy")
            .with_times(Times { delay_above: secs(30), delay_below: secs(60), ..Times::DEFAULT });
        let (mut past, mut now, mut replicas) = (MarkHistory::default(), 0, start);
        for (value, gap, unready) in syncs {
            now += gap;
            let mut bytes = [0; MarkHistory::SAVED];
            let length = past.save(&mut bytes).expect("room");
            prop_assert_eq!(MarkHistory::restore(&bytes[..length]), Ok(past));
            let ready = (replicas - i32::from(unready)).max(1);
            let readings = [Some(MarkReading { total: Milli(value), ready, listed: replicas })];
            let scale = Some((Replicas(replicas), Replicas(replicas)));
            let seen = MarkObservation { now: at(now), scale, readings: &readings };
            let changed = past.changed();
            let decision = policy.decide(&mut past, &seen, &mut ());
            policy.applied(&mut past, &decision);
            prop_assert!((1..=60).contains(&decision.to.0));
            prop_assert!(decision.to.0 <= replicas + (f64::from(replicas) * up as f64 / 100_000.0).max(1.0) as i32);
            if let Some(changed) = changed && decision.changes() {
                let window = if decision.to.0 > replicas { 60 } else { 300 };
                prop_assert!(at(now).since(changed) >= secs(window));
            }
            replicas = decision.to.0;
        }
    }

    #[test]
    fn nothing_panics_whatever_the_host_says(
        calls in prop::collection::vec((any::<i64>(), any::<i32>(), any::<Option<i32>>(), any::<Option<f64>>(), any::<i64>()), 1..20),
        threshold in any::<f64>().prop_filter("finite", |x| x.is_finite()),
        adjustment in any::<i32>(), least in any::<u32>(),
    ) {
        let steps = [step(None, Some(0.0), adjustment), step(Some(0.0), None, adjustment.saturating_neg())];
        let adjust = percent().with_min_magnitude(least).expect("a percentage");
        let high = alarm(Comparison::AtLeast, threshold).with_missing(Missing::Ignore);
        let low = alarm(Comparison::Below, threshold);
        let rules = [
            Rule::new(high, adjust, &steps, secs(60)).expect("steps"),
            Rule::new(low, units(), &steps, secs(60)).expect("steps"),
        ];
        let policy = StepScaling::new(bounds(0, i32::MAX), Pace::Cooldown, &rules).expect("a policy");
        let simple_rules = [SimpleRule::new(high, adjust, adjustment).expect("a rule")];
        let simple = SimpleScaling::new(bounds(0, i32::MAX), &simple_rules).expect("a policy");
        let tracking = quick(threshold.abs().max(f64::MIN_POSITIVE));
        // One alarm too few on purpose.
        let (mut past, mut simple_past) = (History::<1>::default(), SimpleHistory::<1>::default());
        let (mut tracked, mut marked) = (TrackingHistory::default(), MarkHistory::default());
        let mut peaks = PeakHistory::<2>::default();
        for (now, desired, warm, point, value) in calls {
            let capacity = Some(Capacity { desired: Replicas(desired), warm: warm.map(Replicas) });
            let now = Instant::from_nanos(now);
            let three = [point, None, point];
            let points = [&three[..]; 2];
            let seen = Observation { now, capacity, points: &points, completed: Some(now) };
            let decision = policy.decide(&mut past, &seen, &mut ());
            policy.applied(&mut past, &decision, decision.to);
            let _any = policy.outlook(&past, &seen);
            let decision = simple.decide(&mut simple_past, &seen, &mut ());
            simple.applied(&mut simple_past, &decision, decision.to);
            let seen = MetricObservation { now, capacity, points: &[point] };
            let decision = tracking.decide(&mut tracked, &seen, &mut ());
            tracking.applied(&mut tracked, &decision, decision.to);
            let _any = tracking.outlook(&tracked, &seen);
            let sizing = PeakSizing::new(bounds(0, i32::MAX), 1e-300).expect("a policy");
            let sizing = sizing.with_scale_in_control(Allowed::Units(desired.saturating_abs()), secs(60)).expect("a control");
            sizing.decide(&mut peaks, &seen, &mut ());
            let readings = [Some(MarkReading { total: Milli(value), ready: desired, listed: warm.unwrap_or(1) })];
            let scale = Some((Replicas(desired), Replicas(warm.unwrap_or(0))));
            let seen = MarkObservation { now, scale, readings: &readings };
            let policy = watermark().with_modulo(desired.saturating_abs().max(1)).expect("1 or more");
            let decision = policy.decide(&mut marked, &seen, &mut ());
            policy.applied(&mut marked, &decision);
            let _any = policy.outlook(0, &seen);
        }
    }

    #[test]
    fn garbage_is_no_history(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(History::<2>::restore(&bytes).is_err());
        prop_assert!(MarkHistory::restore(&bytes).is_err());
        prop_assert!(PeakHistory::<4>::restore(&bytes).is_err());
    }
}
