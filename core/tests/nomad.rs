//! The scaling policy of the Nomad Autoscaler: examples, a twin that follows upstream line by line, and laws.

use plimsoll_core::combine::{self, Combination, Rule, Vote};
use plimsoll_core::constrain::{Bounds, Direction};
use plimsoll_core::snapshot::SnapshotError;
use plimsoll_core::step::nomad::{Band, BandAction, TargetValue};
use plimsoll_core::step::nomad::{
    Check, Decision, History, Mended, Observation, OnError, Outlook, PassThrough, Reading, ScalingPolicy, Step,
    Strategy as Scaling,
};
use plimsoll_core::units::{Instant, Replicas, Span};
use proptest::prelude::*;

const UP: Option<Direction> = Some(Direction::Up);
const DOWN: Option<Direction> = Some(Direction::Down);

fn at(seconds: i64) -> Instant {
    Instant::from_secs(seconds)
}

fn bounds(min: i32, max: i32) -> Bounds {
    Bounds::new(min, max).expect("bounds")
}

fn target(target: f64) -> Check {
    Check::new(Scaling::TargetValue(TargetValue::new(target).expect("a target")))
}

/// Adds so many when one point is at `lower` or above.
fn above(lower: f64, delta: i64) -> Check {
    let band = Band::new(Some(lower), None, BandAction::Delta(delta)).expect("a band");
    Check::new(Scaling::Threshold(band.with_trigger(1)))
}

fn fixed(value: i64) -> Check {
    Check::new(Scaling::FixedValue(value))
}

fn pass() -> Check {
    Check::new(Scaling::PassThrough(PassThrough::default()))
}

fn seen<'a>(now: i64, count: i32, readings: &'a [Reading<'a>]) -> Observation<'a> {
    Observation { now: at(now), count: Some(Replicas(count)), readings, ..Observation::default() }
}

/// One evaluation of a fresh history.
fn once(policy: &ScalingPolicy<'_>, seen: &Observation<'_>) -> Decision {
    policy.decide(&mut History::default(), seen, &mut ())
}

fn policy(checks: &[Check]) -> ScalingPolicy<'_> {
    ScalingPolicy::new(bounds(1, 10), checks).expect("a policy")
}

/// What checks with these fixed values come to from 5 instances; with their groups.
fn from_five(values: &[(i64, u16)]) -> (i32, Option<u16>) {
    let checks = values.iter().map(|(value, group)| fixed(*value).in_group(*group)).collect::<Vec<_>>();
    let decision = once(&policy(&checks), &seen(0, 5, &[]));
    (decision.to.0, decision.detail.check)
}

#[test]
fn up_comes_before_none_before_down_and_the_larger_number_first() {
    assert_eq!(from_five(&[(3, 0), (7, 0), (9, 0), (5, 0)]), (9, Some(2)));
    assert_eq!(from_five(&[(3, 0), (5, 0), (2, 0)]), (5, Some(1)), "one none blocks");
    assert_eq!(from_five(&[(2, 0), (4, 0), (3, 0)]), (4, Some(1)), "the mildest");
    assert_eq!(from_five(&[(7, 0), (7, 0)]), (7, Some(0)), "the first of equal ones");
}

#[test]
fn a_group_says_none_only_if_all_of_it_do() {
    assert_eq!(from_five(&[(5, 1), (2, 1), (5, 1)]), (2, Some(1)));
    assert_eq!(from_five(&[(5, 1), (5, 1), (2, 2)]), (5, Some(0)), "another group's down is blocked");
    assert_eq!(from_five(&[(5, 1), (2, 1), (5, 0)]), (5, Some(2)), "and by a check without a group");
    assert_eq!(from_five(&[(5, 1), (2, 1), (4, 2), (5, 2)]), (4, Some(2)));
}

#[test]
fn numbers_are_cut_to_the_bounds_before_they_are_compared() {
    assert_eq!(from_five(&[(12, 0), (11, 0)]), (10, Some(0)), "both are 10: the first");
    let checks = [fixed(50)];
    let mut steps = heapless::Vec::<Step, 8>::new();
    let decision = policy(&checks).decide(&mut History::default(), &seen(0, 10, &[]), &mut steps);
    assert!(!decision.changes());
    assert_eq!(decision.last_word, Step::AsMany { check: 0, asked: 50, count: Replicas(10) });
    assert_eq!(decision.detail.asked, Some(Replicas(10)));
    assert_eq!(steps[0].to_string(), "check 1: its value is fixed: up to 50, 10 within the bounds");
    assert_eq!(decision.last_word.to_string(), "check 1 asks for 50, but 10 is the bound");
    let checks = [pass()];
    let decision = once(&policy(&checks), &seen(0, 5, &[Reading::Points(&[5.5])]));
    assert_eq!(decision.last_word.to_string(), "check 1 asks for 5, as many as there are");
}

#[test]
fn outside_the_bounds_nothing_happens_until_a_check_asks() {
    let mend = |on| Mended { bounds_always: on, ..Mended::default() };
    let checks = [target(10.0)];
    for (count, value, theirs, ours) in [
        (12, 10.0, 12, 10), // no change
        (12, 20.0, 10, 10), // up, to the most
        (0, 0.0, 0, 1),     // none from nothing
        (0, 5.0, 1, 1),
    ] {
        let readings = [Reading::Points(&[value])];
        let to = |on| once(&policy(&checks).with_mended(mend(on)), &seen(0, count, &readings)).to.0;
        assert_eq!((to(false), to(true)), (theirs, ours), "{value} on {count}");
    }
    let readings = [Reading::Points(&[20.0])];
    let decision = once(&policy(&checks), &seen(0, 12, &readings));
    assert_eq!(decision.detail.submits, UP, "the direction is the factor's, though 10 are fewer than 12");
    let decision = once(&policy(&checks).with_mended(mend(true)), &seen(0, 12, &[Reading::Failed]));
    assert_eq!(decision.to.0, 12, "an evaluation that ended asks for nothing");
}

#[test]
fn a_cooldown_holds_to_its_very_end_and_depends_on_the_direction() {
    let checks = [pass()];
    let policy = policy(&checks).with_cooldown(Span::from_secs(300), Some(Span::from_secs(60)));
    let mut past = History::default();
    let mut ask = |now: Instant, count, wanted: f64, apply| {
        let points = [wanted];
        let readings = [Reading::Points(&points)];
        let decision = policy.decide(&mut past, &Observation { now, ..seen(0, count, &readings) }, &mut ());
        if apply {
            policy.applied(&mut past, &decision);
        }
        decision
    };
    assert_eq!(ask(at(0), 4, 6.0, true).to.0, 6);
    let held = ask(at(60), 6, 8.0, true);
    assert!(!held.changes(), "at its end it still runs");
    assert_eq!((held.detail.asked, held.detail.submits), (Some(Replicas(8)), None));
    assert_eq!(held.revisit_at, Some(at(60).next()));
    assert_eq!(held.last_word, Step::CoolingDown { asked: Replicas(8), after: Direction::Up, until: at(60) });
    assert_eq!(ask(at(60).next(), 6, 3.0, true).to.0, 3, "what was held began no cooldown");
    assert!(!ask(at(360), 3, 6.0, true).changes(), "300 s after scaling down");
    assert_eq!(ask(at(361), 3, 6.0, false).to.0, 6);
    assert_eq!(ask(at(362), 3, 6.0, true).to.0, 6, "a target that refused starts none");
    assert!(!ask(at(363), 6, 6.0, false).changes());
}

#[test]
fn a_dry_run_changes_nothing_and_cools_down() {
    let checks = [fixed(7)];
    let policy = policy(&checks).with_dry_run(true);
    let mut past = History::default();
    let decision = policy.decide(&mut past, &seen(0, 5, &[]), &mut ());
    assert_eq!((decision.to.0, decision.detail.submits), (5, UP));
    assert_eq!(decision.last_word.to_string(), "a dry run: 7 would be set");
    policy.applied(&mut past, &decision);
    let decision = policy.decide(&mut past, &seen(1, 5, &[]), &mut ());
    let words = decision.last_word.seen_at(at(1)).to_string();
    assert_eq!(words, "7 asked for, but the cooldown after scaling up runs, for another 299 s");
}

#[test]
fn minus_one_stands_for_a_dry_run() {
    let checks = [pass()];
    let readings = [Reading::Points(&[-1.9])];
    let mut past = History::default();
    let decision = policy(&checks).decide(&mut past, &seen(0, 5, &readings), &mut ());
    assert_eq!((decision.to.0, decision.detail.submits), (5, DOWN));
    assert_eq!(decision.last_word, Step::MinusOne { check: 0 });
    policy(&checks).applied(&mut past, &decision);
    assert_eq!(past.scaled().expect("it cools down").direction, Direction::Down);
    let mended = Mended { caps_minus_one: true, ..Mended::default() };
    assert_eq!(once(&policy(&checks).with_mended(mended), &seen(0, 5, &readings)).to.0, 1);
    let readings = [Reading::Points(&[-2.0])];
    assert_eq!(once(&policy(&checks), &seen(0, 5, &readings)).to.0, 1, "any other is cut to the bounds");
}

#[test]
fn a_failed_query_ends_the_evaluation_unless_errors_are_as_documented() {
    let documented = Mended { errors_as_documented: true, ..Mended::default() };
    let up = Reading::Points(&[9.0]);
    let to = |own: Option<OnError>, all, mended, failed| {
        let check = own.map_or(pass(), |own| pass().with_on_error(own));
        let checks = [pass(), check];
        let policy = policy(&checks).with_on_check_error(all).with_mended(mended);
        once(&policy, &seen(0, 5, &[up, failed])).to.0
    };
    let (ignore, fail) = (OnError::Ignore, OnError::Fail);
    for failed in [Reading::Failed, Reading::Points(&[])] {
        assert_eq!(to(None, ignore, Mended::default(), failed), 5);
        assert_eq!(to(Some(ignore), ignore, Mended::default(), failed), 5);
        assert_eq!(to(None, ignore, documented, failed), 9);
        assert_eq!(to(None, fail, documented, failed), 5);
        assert_eq!(to(Some(ignore), fail, documented, failed), 9);
        assert_eq!(to(Some(fail), ignore, documented, failed), 5);
    }
    assert_eq!(to(None, fail, Mended::default(), Reading::OffSchedule), 9, "no failure: it has no say");
    let checks = [pass(), pass()];
    let decision = once(&policy(&checks), &seen(0, 5, &[up]));
    assert_eq!(decision.last_word, Step::QueryFailed { check: 1, ends: true }, "a missing reading failed");
    let decision = once(&policy(&checks).with_mended(documented), &seen(0, 5, &[]));
    assert_eq!((decision.last_word, decision.detail.asked), (Step::NoSay, None));
    assert_eq!(once(&policy(&[fixed(7)]), &seen(0, 5, &[Reading::Failed])).to.0, 7, "a fixed value asks nobody");
}

#[test]
fn what_keeps_a_policy_from_deciding_at_all() {
    let checks = [fixed(7)];
    let word = |policy: ScalingPolicy<'_>, seen: Observation<'_>| {
        let decision = once(&policy, &seen);
        assert!(!decision.changes() && decision.detail.submits.is_none());
        decision.last_word
    };
    let (policy, given) = (policy(&checks), seen(0, 5, &[]));
    assert_eq!(word(policy.with_enabled(false), given), Step::Disabled);
    assert_eq!(word(policy, Observation { on_schedule: false, ..given }), Step::OffSchedule);
    assert_eq!(word(policy, Observation { ready: false, ..given }), Step::TargetNotReady);
    assert_eq!(word(policy, Observation { count: None, ..given }), Step::CountUnread);
    assert_eq!(word(policy, Observation { readings: &[Reading::OffSchedule], ..given }), Step::NoSay);
}

#[test]
fn a_metric_passes_through_without_its_fraction() {
    let limited = PassThrough::default().with_most(Some(2), Some(1));
    let ask = |pass: PassThrough, value, count| pass.propose(&[7.0, value], count).map(|p| (p.direction, p.count));
    let free = PassThrough::default();
    assert_eq!(ask(free, 7.9, 5), Some((UP, 7)));
    assert_eq!(ask(free, 5.5, 5), Some((UP, 5)), "up by the point, to the same number");
    assert_eq!(ask(free, 4.9, 5), Some((DOWN, 4)));
    assert_eq!(ask(free, 5.0, 5), Some((None, 5)));
    assert_eq!(ask(free, f64::NAN, 5), Some((None, 5)));
    assert_eq!(ask(free, f64::INFINITY, 5), Some((UP, i64::MAX)));
    assert_eq!((ask(limited, 99.0, 5), ask(limited, 0.0, 5)), (Some((UP, 7)), Some((DOWN, 4))));
    assert_eq!(free.propose(&[], 5), None);
}

#[test]
fn checks_there_must_be_and_not_too_many() {
    let none: [Check; 0] = [];
    let error = ScalingPolicy::new(bounds(1, 9), &none).expect_err("none");
    assert_eq!(error.to_string(), "checks is empty, must have at least one entry");
    let many = [fixed(1); 65];
    let error = ScalingPolicy::new(bounds(1, 9), &many).expect_err("65");
    assert_eq!(error.to_string(), "checks is 65, must be at most 64");
    // The last one has a bit of its own.
    let mut most = [fixed(5).in_group(1); 64];
    most[63] = fixed(3).in_group(1);
    assert_eq!(from_five(&most.map(|_| (5, 1))), (5, Some(0)));
    assert_eq!(once(&policy(&most), &seen(0, 5, &[])).detail.check, Some(63));
}

#[test]
fn words_name_the_check_and_what_it_read() {
    let queue = Band::new(Some(100.0), None, BandAction::Delta(2)).expect("a band").with_trigger(2);
    let checks = [target(70.0), Check::new(Scaling::Threshold(queue)), pass()];
    let mut steps = heapless::Vec::<Step, 8>::new();
    let readings = [Reading::Points(&[60.0, 84.0]), Reading::Points(&[7.0, 120.0, 90.0]), Reading::Points(&[f64::NAN])];
    let seen = seen(0, 4, &readings);
    let decision = policy(&checks).decide(&mut History::default(), &seen, &mut steps);
    let names = ["cpu", "queue"];
    let words = steps.iter().map(|step| step.seen_at(seen.now).named(&names).to_string()).collect::<Vec<_>>();
    assert_eq!(
        words,
        [
            "cpu: 84 is 1.2 times the target of 70: up to 5",
            "queue: 1 of 3 points lie within its bounds, it takes 2: no change",
            "check 3: the newest point is no number: no change",
            "check 3: the newest point is NaN: no change",
            "cpu decides: up to 5",
        ]
    );
    assert_eq!(decision.last_word, steps[4]);
}

#[test]
fn the_outlook_says_at_which_readings_the_answer_changes() {
    let queue = Band::new(Some(100.0), None, BandAction::Delta(2)).expect("a band");
    let checks = [target(50.0).in_group(1), Check::new(Scaling::Threshold(queue)).in_group(1), fixed(4).in_group(1)];
    let policy = policy(&checks);
    let readings = [Reading::Points(&[50.0]), Reading::Points(&[120.0, 90.0, 130.0])];
    let seen = seen(0, 4, &readings);
    let Some(Outlook::Newest { more_from: Some(more), fewer_up_to: Some(fewer) }) = policy.outlook(0, &seen) else {
        panic!("two thresholds")
    };
    assert!((50.5..50.6).contains(&more), "{more}: just beyond a hundredth");
    assert_eq!(fewer, 37.5, "3 of 4");
    assert_eq!(policy.outlook(1, &seen), Some(Outlook::Points { within: 2, missing: 3, then: Some(Replicas(6)) }));
    assert_eq!((policy.outlook(2, &seen), policy.outlook(3, &seen)), (Some(Outlook::Fixed), None));
    // A check without a group that asks for no change holds it.
    let checks = [target(50.0), fixed(4)];
    let held = ScalingPolicy::new(bounds(1, 4), &checks).expect("a policy").outlook(0, &seen);
    assert_eq!(held, Some(Outlook::Newest { more_from: None, fewer_up_to: None }));
}

#[test]
fn the_outlook_knows_the_mark_of_a_dry_run() {
    // Only a factor below -0.3 scales in; with 5 at most of 4 that asks for -1, which changes nothing.
    let dead_band = TargetValue::new(50.0).and_then(|target| target.with_threshold(1.3)).expect("a target");
    let checks = [Check::new(Scaling::TargetValue(dead_band.with_most(None, Some(5))))];
    let mended = Mended { caps_minus_one: true, ..Mended::default() };
    let fewer = |policy: ScalingPolicy<'_>| match policy.outlook(0, &seen(0, 4, &[Reading::Points(&[50.0])])) {
        Some(Outlook::Newest { fewer_up_to, .. }) => fewer_up_to,
        other => panic!("{other:?}"),
    };
    assert!(fewer(policy(&checks).with_mended(mended)).is_some());
    assert_eq!(fewer(policy(&checks)), None);
}

/// As upstream is written: groups in a map, actions that preempt each other.
mod twin {
    use std::collections::BTreeMap;

    #[derive(Clone, Copy, Debug)]
    pub(super) enum Kind {
        Target { target: f64, threshold: f64, up: Option<i64>, down: Option<i64> },
        Band { lower: f64, upper: f64, trigger: i64, delta: Option<i64>, percent: Option<f64>, value: Option<i64> },
        Fixed(i64),
        Pass { up: Option<i64>, down: Option<i64> },
    }

    #[derive(Clone, Copy, Debug)]
    pub(super) struct Action {
        pub(super) direction: i8,
        pub(super) count: i64,
    }

    fn direction(count: i64, new: i64) -> i8 {
        i8::from(new > count) - i8::from(new < count)
    }

    fn run(kind: Kind, points: &[f64], count: i64) -> Action {
        let none = Action { direction: 0, count: 0 };
        match kind {
            Kind::Band { lower, upper, trigger, delta, percent, value } => {
                let mut within = 0;
                for point in points {
                    if *point >= lower && *point < upper {
                        within += 1;
                    }
                }
                if within < trigger {
                    return none;
                }
                let mut new = 0;
                if let Some(delta) = delta {
                    new = count + delta;
                } else if let Some(percent) = percent {
                    new = (count as f64 * (1.0 + percent / 100.0)).ceil() as i64;
                } else if let Some(value) = value {
                    new = value;
                }
                if new < 0 {
                    new = 0;
                }
                Action { direction: direction(count, new), count: new }
            }
            Kind::Target { target, threshold, up, down } => {
                let metric = points[points.len() - 1];
                let factor = if target == 0.0 { metric } else { metric / target };
                let direction = if count == 0 {
                    i8::from(factor > 0.0)
                } else if factor < 1.0 - threshold {
                    -1
                } else {
                    i8::from(factor > 1.0 + threshold)
                };
                if direction == 0 {
                    return none;
                }
                let mut new = if count == 0 { factor.ceil() as i64 } else { (count as f64 * factor).ceil() as i64 };
                if let Some(down) = down
                    && new < count - down
                {
                    new = count - down;
                }
                if let Some(up) = up
                    && new > count + up
                {
                    new = count + up;
                }
                if new == count { none } else { Action { direction, count: new } }
            }
            Kind::Fixed(value) => match direction(count, value) {
                0 => none,
                direction => Action { direction, count: value },
            },
            Kind::Pass { up, down } => {
                let metric = points[points.len() - 1];
                let mut new = metric as i64;
                if metric > count as f64 {
                    if let Some(up) = up
                        && new > count + up
                    {
                        new = count + up;
                    }
                    Action { direction: 1, count: new }
                } else if metric < count as f64 {
                    if let Some(down) = down
                        && new < count - down
                    {
                        new = count - down;
                    }
                    Action { direction: -1, count: new }
                } else {
                    none
                }
            }
        }
    }

    fn preempt(a: Option<Action>, b: Option<Action>) -> Option<Action> {
        let (Some(first), Some(second)) = (a, b) else { return a.or(b) };
        if second.direction > first.direction {
            return b;
        }
        if first.direction == second.direction && first.direction != 0 && second.count > first.count {
            return b;
        }
        a
    }

    /// The count and direction to submit, if any; `Err` when a query failed.
    pub(super) fn evaluate(
        checks: &[(Kind, u16, Option<Vec<f64>>)],
        (min, max): (i64, i64),
        count: i64,
    ) -> Result<Option<Action>, ()> {
        let mut groups = BTreeMap::<u16, Vec<Action>>::new();
        for (kind, group, points) in checks {
            let points = points.as_deref().unwrap_or_default();
            if points.is_empty() && !matches!(kind, Kind::Fixed(_)) {
                return Err(());
            }
            let mut action = run(*kind, points, count);
            if action.count != -1 {
                action.count = action.count.max(min).min(max);
            }
            groups.entry(*group).or_default().push(action);
        }
        let mut winner = None;
        for (group, results) in groups {
            let mut best = None;
            let mut nones = 0;
            for action in &results {
                if group != 0 && action.direction == 0 {
                    nones += 1;
                    continue;
                }
                best = preempt(best, Some(*action));
            }
            if nones > 0 && nones == results.len() {
                best = Some(results[0]);
            }
            winner = preempt(winner, best);
        }
        Ok(winner.filter(|action| action.direction != 0 && action.count != count))
    }
}

use twin::Kind;

fn check(kind: Kind, group: u16) -> Check {
    let strategy = match kind {
        Kind::Target { target, threshold, up, down } => Scaling::TargetValue(
            TargetValue::new(target).and_then(|t| t.with_threshold(threshold)).expect("a target").with_most(up, down),
        ),
        Kind::Band { lower, upper, trigger, delta, percent, value } => {
            let action = match (delta, percent) {
                (Some(delta), _) => BandAction::Delta(delta),
                (None, Some(percent)) => BandAction::Percentage(percent),
                (None, None) => BandAction::Value(value.unwrap_or(0)),
            };
            Scaling::Threshold(Band::new(Some(lower), Some(upper), action).expect("a band").with_trigger(trigger))
        }
        Kind::Fixed(value) => Scaling::FixedValue(value),
        Kind::Pass { up, down } => Scaling::PassThrough(PassThrough::default().with_most(up, down)),
    };
    Check::new(strategy).in_group(group)
}

fn a_value() -> impl Strategy<Value = f64> {
    prop_oneof![8 => (-40..400_i32).prop_map(|v| f64::from(v) / 4.0), 1 => Just(f64::NAN), 1 => any::<f64>()]
}

fn a_most() -> impl Strategy<Value = Option<i64>> {
    prop::option::of(-2..6_i64)
}

fn a_kind() -> impl Strategy<Value = Kind> {
    let target = prop_oneof![4 => 1.0..30.0, 1 => Just(0.0), 1 => -20.0..-1.0];
    prop_oneof![
        (target, prop_oneof![Just(0.01), 0.0..0.5], a_most(), a_most())
            .prop_map(|(target, threshold, up, down)| Kind::Target { target, threshold, up, down }),
        (a_value(), -5.0..60.0, 0..4_i64, -4..5_i64, 0..3).prop_map(|(lower, width, trigger, n, which)| Kind::Band {
            lower: if lower.is_nan() { f64::NEG_INFINITY } else { lower },
            upper: if lower.is_finite() { lower + width } else { width },
            trigger,
            delta: (which == 0).then_some(n),
            percent: (which == 1).then_some(n as f64 * 15.0),
            value: (which == 2).then_some(n.abs()),
        }),
        (-3..15_i64).prop_map(Kind::Fixed),
        (a_most(), a_most()).prop_map(|(up, down)| Kind::Pass { up, down }),
    ]
}

fn some_checks() -> impl Strategy<Value = Vec<(Kind, u16, Option<Vec<f64>>)>> {
    let points = prop_oneof![20 => prop::collection::vec(a_value(), 1..6).prop_map(Some), 1 => Just(None), 1 => Just(Some(vec![]))];
    prop::collection::vec((a_kind(), 0..3_u16, points), 1..7)
}

fn readings(checks: &[(Kind, u16, Option<Vec<f64>>)]) -> Vec<Reading<'_>> {
    checks.iter().map(|(_, _, points)| points.as_deref().map_or(Reading::Failed, Reading::Points)).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn decides_as_upstream_is_written(
        given in some_checks(),
        (min, span) in (0..5_i32, 0..12_i32),
        steps in prop::collection::vec((0..200_i64, 0..16_i32), 1..5),
    ) {
        let bounds = bounds(min, (min + span).max(1));
        let checks = given.iter().map(|(kind, group, _)| check(*kind, *group)).collect::<Vec<_>>();
        let policy = ScalingPolicy::new(bounds, &checks).expect("a policy")
            .with_cooldown(Span::from_secs(200), Some(Span::from_secs(90)));
        let readings = readings(&given);
        let range = (i64::from(bounds.min().0), i64::from(bounds.max().0));
        let (mut past, mut now, mut ends) = (History::default(), 0, None);
        for (later, count) in steps {
            now += later;
            let decision = policy.decide(&mut past, &seen(now, count, &readings), &mut ());
            policy.applied(&mut past, &decision);
            // Upstream cools down until a moment after the end.
            let action = twin::evaluate(&given, range, i64::from(count)).ok().flatten();
            let cools = ends.is_some_and(|end| now <= end);
            let submitted = action.filter(|_| !cools);
            let to = submitted.map_or(i64::from(count), |a| if a.count == -1 { i64::from(count) } else { a.count });
            prop_assert_eq!(i64::from(decision.to.0), to);
            let directions = submitted.map(|a| if a.direction > 0 { Direction::Up } else { Direction::Down });
            prop_assert_eq!(decision.detail.submits, directions);
            if let Some(action) = submitted {
                ends = Some(now + if action.direction > 0 { 90 } else { 200 });
            }
            prop_assert_eq!(decision.revisit_at.is_some(), cools && action.is_some());
        }
    }

    #[test]
    fn its_precedence_is_that_of_a_combination(
        votes in prop::collection::vec((1..11_i64, 0..3_u16), 1..7),
        count in 1..11_i32,
    ) {
        let checks = votes.iter().map(|(value, group)| fixed(*value).in_group(*group)).collect::<Vec<_>>();
        let alone = once(&policy(&checks), &seen(0, count, &[]));
        let current = Replicas(count);
        let votes = votes.iter().map(|(value, group)| Vote::new(current, Replicas(*value as i32)).in_group(*group));
        let votes = votes.collect::<Vec<_>>();
        let combination = Combination::new(Rule::Nomad, bounds(1, 10));
        let mut past = combine::History::<4, 4>::new(&combination).expect("room");
        let seen = combine::Observation { current: Some(current), votes: &votes, ..combine::Observation::default() };
        let combined = combination.decide(&mut past, &seen, &mut ());
        prop_assert_eq!(alone.to, combined.to);
        prop_assert_eq!(alone.detail.check, combined.detail.vote);
    }

    #[test]
    fn at_its_outlook_the_answer_changes_and_just_before_it_does_not(
        given in some_checks(), (min, span, count) in (0..4_i32, 0..12_i32, 0..14_i32), caps: bool,
    ) {
        let checks = given.iter().map(|(kind, group, _)| check(*kind, *group)).collect::<Vec<_>>();
        let policy = ScalingPolicy::new(bounds(min, (min + span).max(1)), &checks).expect("a policy")
            .with_mended(Mended { caps_minus_one: caps, ..Mended::default() });
        let given = readings(&given);
        for index in 0..checks.len() {
            let to = |newest: f64| {
                let points = [newest];
                let mut readings = given.clone();
                readings[index] = Reading::Points(&points);
                let decision = once(&policy, &seen(0, count, &readings));
                (decision.to.0, decision.detail.check == Some(index as u16))
            };
            let outlook = policy.outlook(index, &seen(0, count, &given));
            let Some(Outlook::Newest { more_from, fewer_up_to }) = outlook else { continue };
            if let Some(more) = more_from {
                prop_assert!(to(more).0 > count, "more from {}", more);
                let before = to(more.next_down());
                prop_assert!(!(before.1 && before.0 > count), "not yet at {}", before.0);
            }
            if let Some(fewer) = fewer_up_to {
                prop_assert!(to(fewer).0 < count, "fewer up to {}", fewer);
                let after = to(fewer.next_up());
                prop_assert!(!(after.1 && after.0 < count) || count > min + span, "no more at {}", after.0);
            }
        }
    }

    #[test]
    fn nothing_given_to_it_breaks_it(
        given in some_checks(),
        times in prop::collection::vec(any::<i64>(), 1..6),
        count in any::<i32>(),
        cooldown in any::<u64>(),
    ) {
        let mut checks = given.iter().map(|(kind, group, _)| check(*kind, *group)).collect::<Vec<_>>();
        checks.push(fixed(i64::MAX));
        checks.push(above(f64::NEG_INFINITY, i64::MIN));
        let readings = readings(&given);
        let policy = ScalingPolicy::new(bounds(0, i32::MAX), &checks).expect("a policy")
            .with_cooldown(Span::from_nanos(cooldown), None)
            .with_mended(Mended { errors_as_documented: true, bounds_always: true, caps_minus_one: true });
        let mut past = History::default();
        let mut last = None;
        for now in times {
            let seen = Observation { now: Instant::from_nanos(now), ..seen(0, count, &readings) };
            let mut steps = heapless::Vec::<Step, 32>::new();
            let decision = policy.decide(&mut past, &seen, &mut steps);
            policy.applied(&mut past, &decision);
            prop_assert_eq!(steps.contains(&Step::ClockWentBack { last: last.unwrap_or(seen.now), now: seen.now }), last.is_some_and(|last| last > seen.now));
            prop_assert!(decision.to.0 >= 0 || decision.to == decision.from);
            prop_assert!(past.scaled().is_none_or(|scaled| scaled.at <= seen.now), "nothing is remembered from later");
            for step in &steps {
                prop_assert!(!step.to_string().is_empty());
            }
            for index in 0..=checks.len() {
                let _ = policy.outlook(index, &seen);
            }
            last = Some(seen.now);

            let mut bytes = [0; History::SAVED];
            let length = past.save(&mut bytes).expect("room");
            prop_assert_eq!(History::restore(&bytes[..length]), Ok(past));
        }
    }
}

#[test]
fn a_snapshot_has_the_documented_bytes_and_garbage_is_refused() {
    let checks = [fixed(7)];
    let policy = policy(&checks);
    let mut past = History::default();
    let mut bytes = [0; History::SAVED];
    assert_eq!(past.save(&mut bytes), Ok(History::SAVED - 8 - 8 - 8), "no time, no scaling");
    assert_eq!(History::restore(&bytes[..History::SAVED - 24]), Ok(past));
    let decision = policy.decide(&mut past, &seen(2, 5, &[]), &mut ());
    policy.applied(&mut past, &decision);
    assert_eq!(past.save(&mut bytes), Ok(History::SAVED));
    let body = &bytes[12..History::SAVED - 4];
    let (two, cooldown) = (2_000_000_000_i64.to_le_bytes(), 300_000_000_000_u64.to_le_bytes());
    assert_eq!(body, [&[1][..], &two, &[1], &two, &cooldown].concat());
    assert_eq!((bytes[4], bytes[6]), (23, 1));
    for cut in 0..bytes.len() {
        assert!(History::restore(&bytes[..cut]).is_err(), "{cut}");
    }
    assert_eq!(past.save(&mut [0; 4]), Err(SnapshotError::NoRoom { needed: History::SAVED }));
    assert_eq!(History::restore(&[7; 60]), Err(SnapshotError::NotASnapshot));
    let mut frame = [0; 64];
    for (body, wrong) in [
        (&[0, 3][..], SnapshotError::BadValue { field: "direction", found: 3 }),
        (&[2, 0], SnapshotError::BadValue { field: "last time", found: 2 }),
        (&[0, 0, 0], SnapshotError::BadValue { field: "bytes after the last field", found: 1 }),
    ] {
        let mut to = plimsoll_core::snapshot::Writer::new(&mut frame, 23, 1);
        body.iter().for_each(|byte| to.u8(*byte));
        let length = to.finish().expect("room");
        assert_eq!(History::restore(&frame[..length]), Err(wrong));
    }
}

#[cfg(feature = "serde")]
#[test]
fn a_history_survives_serde() {
    let checks = [fixed(3)];
    let policy = policy(&checks);
    let mut past = History::default();
    let decision = policy.decide(&mut past, &seen(2, 5, &[]), &mut ());
    policy.applied(&mut past, &decision);
    let text = serde_json::to_string(&past).expect("a history");
    assert!(text.contains("Down"), "{text}");
    assert_eq!(serde_json::from_str::<History>(&text).expect("our own text"), past);
}
