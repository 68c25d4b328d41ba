//! Situations by hand: the spike, releases, mended defects, cold starts, clocks, outlooks.

use plimsoll_core::constrain::{Amount, Bounds, Limit, RatePolicy, RateRules, Select};
use plimsoll_core::hpa::{
    Applied, Behavior, ColdStart, Controller, Decision, History, Hpa, Mended, Metric, MetricError, Observation, Phase,
    Pod, PodClass, PodCount, PodFold, Profile, Reading, Ready, ReadyCondition, RequestError, Rules, Scale, Step,
    Unready, ValueSum, pod_usage, proposal,
};
use plimsoll_core::snapshot::{SnapshotError, Writer};
use plimsoll_core::trace::Each;
use plimsoll_core::units::{Instant, Milli, Replicas, Span};
use plimsoll_core::window::{Change, Entry};

fn secs(seconds: u64) -> Span {
    Span::from_secs(seconds)
}

fn at(seconds: i64) -> Instant {
    Instant::from_secs(seconds)
}

fn bounds(min: i32, max: i32) -> Bounds {
    Bounds::new(min, max).expect("bounds")
}

fn policy(amount: Amount, period: u64) -> RatePolicy {
    RatePolicy::new(amount, secs(period)).expect("a policy")
}

fn cpu(percent: i32) -> Metric<'static> {
    Metric::resource("cpu").utilization(percent).expect("a target")
}

fn external(target: i64) -> Metric<'static> {
    Metric::external("rate").average_value(Milli(target)).expect("a target")
}

/// One External metric and as many running pods as wanted.
fn seen(now: Instant, replicas: i32, readings: &[Reading]) -> Observation<'_> {
    Observation {
        now,
        scale: Some(Scale { wanted: Replicas(replicas), running: Replicas(replicas) }),
        pods: Some(PodCount::NONE),
        readings,
        ..Observation::default()
    }
}

fn total(value: i64) -> [Reading; 1] {
    [Reading::Values(ValueSum::from_iter([Milli(value)]))]
}

/// The rules of the platform: up 50 % or 5 pods in 30 s, down 25 % or 2 pods in 300 s.
fn spike_rules() -> ([RatePolicy; 2], [RatePolicy; 2]) {
    (
        [policy(Amount::Percent(50), 30), policy(Amount::Pods(5), 30)],
        [policy(Amount::Percent(25), 300), policy(Amount::Pods(2), 300)],
    )
}

fn behavior<'a>(up: &'a [RatePolicy], down: &'a [RatePolicy]) -> Behavior<'a> {
    let rules = |policies| Rules::new(RateRules::new(Select::Max, policies).expect("rules"));
    Behavior { up: rules(up), down: rules(down) }
}

#[test]
fn the_spike_goes_3_8_12_and_back_over_9_6_4() {
    let metrics = [cpu(70)];
    let (up, down) = spike_rules();
    let hpa = Hpa::new(bounds(3, 20), &metrics).expect("a policy").with_behavior(behavior(&up, &down));
    let mut history = History::<32, 32>::new(&hpa).expect("room");
    let (mut replicas, mut path) = (3, vec![3]);
    for tick in 0..(2 * 3600 + 1800) / 15 {
        let now = at(tick * 15);
        let load = if (60..7260).contains(&(tick * 15)) { 10_000 } else { 1_000 };
        // 0.078 pod-percent per request and second, spread over the pods; each requests one core.
        let share = 78 * load / 100 / i64::from(replicas);
        let mut fold = PodFold::new(&hpa, 0, now);
        (0..replicas).for_each(|_| {
            fold.add(&Pod { request: Ok(Milli(1000)), ..Pod::running(Milli(share), now) });
        });
        let decision = hpa.decide(&mut history, &seen(now, replicas, &[Reading::Pods(fold)]), &mut ());
        if decision.changes() {
            hpa.applied(&mut history, &decision, Applied::Done(decision.to), &mut ());
            replicas = decision.to.0;
            path.push(replicas);
        }
    }
    assert_eq!(path, [3, 8, 12, 9, 6, 4, 3]);
}

#[test]
fn a_ratio_of_exactly_the_tolerance_was_outside_until_1_32() {
    let metrics = [external(1000)];
    let asks = |profile| {
        let hpa = Hpa::new(bounds(1, 50), &metrics).expect("a policy").with_profile(profile);
        let mut history = History::<24, 24>::new(&hpa).expect("room");
        hpa.decide(&mut history, &seen(at(0), 10, &total(11_000)), &mut ()).detail.recommended
    };
    assert_eq!(asks(Profile::V1_32), Some(Replicas(11)));
    for profile in &Profile::ALL[1..] {
        assert_eq!(asks(*profile), Some(Replicas(10)), "{}", profile.name());
    }
}

#[test]
fn zero_replicas_are_left_by_another_rule_from_1_36() {
    let metrics = [external(1000)];
    let decide = |profile, min, own| {
        let hpa = Hpa::new(bounds(min, 50), &metrics).expect("a policy").with_profile(profile).with_scale_to_zero(true);
        let mut history = History::<24, 24>::new(&hpa).expect("room");
        if own {
            let up = hpa.decide(&mut history, &seen(at(0), 1, &total(0)), &mut ());
            hpa.applied(&mut history, &Decision { to: Replicas(0), ..up }, Applied::Done(Replicas(0)), &mut ());
        }
        hpa.decide(&mut history, &seen(at(600), 0, &total(3000)), &mut ()).to.0
    };
    assert_eq!(decide(Profile::V1_35, 0, false), 3, "until 1.35 a minimum of 0 computes");
    assert_eq!(decide(Profile::V1_35, 1, false), 0, "and any other is off");
    assert_eq!(decide(Profile::V1_36, 0, false), 0, "since then a human's zero is left alone");
    assert_eq!(decide(Profile::V1_36, 0, true), 3, "and the HPA's own zero is left again");
}

#[test]
fn own_tolerances_follow_the_release() {
    let metrics = [external(1000)];
    let rules = [policy(Amount::Percent(100), 15)];
    let loose = |rates: &'static [RatePolicy]| {
        let rules = Rules::new(RateRules::new(Select::Max, rates).expect("rules"));
        rules.with_tolerance(0.5).expect("a tolerance")
    };
    let rates: &'static [RatePolicy] = Box::leak(Box::new(rules));
    let hpa = Hpa::new(bounds(1, 50), &metrics)
        .expect("a policy")
        .with_behavior(Behavior { up: loose(rates), down: loose(rates) });
    let up = |profile, on: Option<bool>| {
        let hpa = hpa.with_profile(profile);
        on.map_or(hpa, |on| hpa.with_own_tolerances(on)).tolerances().up
    };
    assert_eq!(
        [up(Profile::V1_32, Some(true)), up(Profile::V1_33, None), up(Profile::V1_33, Some(true))],
        [0.1, 0.1, 0.5]
    );
    assert_eq!(
        [up(Profile::V1_35, None), up(Profile::V1_36, Some(false)), up(Profile::V1_37, Some(false))],
        [0.5, 0.1, 0.5]
    );
}

#[test]
fn sums_of_external_values_are_capped_by_release() {
    let (average, whole) = ([external(1000)], [Metric::external("rate").value(Milli(1000)).expect("a target")]);
    let values = Reading::Values([Milli(i64::MAX), Milli(i64::MAX)].into_iter().collect());
    let reported = |metrics: &[Metric<'_>], profile| {
        let hpa = Hpa::new(bounds(1, 50), metrics).expect("a policy").with_profile(profile);
        let pods = PodCount { listed: 4, ready: 4 };
        let seen = Observation { pods: Some(pods), ..Observation::default() };
        let scale = Scale { wanted: Replicas(4), running: Replicas(1) };
        let reported = proposal(&hpa, 0, &values, scale, &seen).expect("a proposal").reported;
        reported.average.or(reported.value)
    };
    assert_eq!(reported(&average, Profile::V1_33), Some(Milli(-2)));
    assert_eq!(reported(&average, Profile::V1_34), Some(Milli(i64::MAX)));
    assert_eq!(reported(&whole, Profile::V1_34), Some(Milli(-2)));
    assert_eq!(reported(&whole, Profile::V1_35), Some(Milli(i64::MAX)));
}

#[test]
fn a_missing_container_fails_a_pod_or_the_metric_by_release() {
    let metrics = [Metric::container_resource("cpu", "app").utilization(50).expect("a target")];
    let hpa = |profile| Hpa::new(bounds(1, 9), &metrics).expect("a policy").with_profile(profile);
    let usage = |profile| pod_usage(&hpa(profile), &metrics[0], [("side", Some(Milli(5)))].into_iter());
    assert_eq!(usage(Profile::V1_32), Err(RequestError::NoContainer));
    assert_eq!(usage(Profile::V1_33), Ok(None));
    let request = |profile| {
        let containers = core::iter::empty();
        plimsoll_core::hpa::pod_request(&hpa(profile), &metrics[0], containers, Default::default())
    };
    assert_eq!(request(Profile::V1_34), Ok(Milli(0)));
    assert_eq!(request(Profile::V1_35), Err(RequestError::NoContainer));
}

#[test]
fn on_target_holds_the_pods_running_unless_mended() {
    let metrics = [external(1000)];
    let asks = |mended| {
        let hpa = Hpa::new(bounds(1, 50), &metrics).expect("a policy").with_mended(mended);
        let mut history = History::<24, 24>::new(&hpa).expect("room");
        let readings = total(13_000);
        // A rolling update: 10 wanted, 13 running.
        let scale = Some(Scale { wanted: Replicas(10), running: Replicas(13) });
        hpa.decide(&mut history, &Observation { scale, ..seen(at(0), 10, &readings) }, &mut ()).to.0
    };
    assert_eq!(asks(Mended::NOTHING), 13);
    assert_eq!(asks(Mended { on_target_holds_wanted: true, ..Mended::NOTHING }), 10);
}

#[test]
fn a_pods_rule_that_overflows_freezes_growth_unless_mended() {
    let metrics = [external(1000)];
    let (up, down) = ([policy(Amount::Pods(i32::MAX), 15)], [policy(Amount::Percent(100), 15)]);
    let grows = |mended| {
        let hpa = Hpa::new(bounds(1, 50), &metrics).expect("a policy");
        let hpa = hpa.with_behavior(behavior(&up, &down)).with_mended(mended);
        let mut history = History::<24, 24>::new(&hpa).expect("room");
        hpa.decide(&mut history, &seen(at(0), 10, &total(90_000)), &mut ()).to.0
    };
    assert_eq!(grows(Mended::NOTHING), 10);
    assert_eq!(grows(Mended { pods_rule_saturates: true, ..Mended::NOTHING }), 50);
}

#[test]
fn a_mended_pods_rule_leaves_the_other_rules_in_force() {
    let metrics = [external(1000)];
    let (up, down) = ([policy(Amount::Pods(i32::MAX), 15), policy(Amount::Percent(10), 15)], spike_rules().1);
    let grows = |select| {
        let up = Rules::new(RateRules::new(select, &up).expect("rules"));
        let hpa = Hpa::new(bounds(1, 1000), &metrics)
            .expect("a policy")
            .with_behavior(Behavior { up, down: behavior(&down, &down).down })
            .with_mended(Mended { pods_rule_saturates: true, ..Mended::NOTHING });
        let mut history = History::<24, 24>::new(&hpa).expect("room");
        hpa.decide(&mut history, &seen(at(0), 10, &total(500_000)), &mut ()).to.0
    };
    assert_eq!((grows(Select::Max), grows(Select::Min)), (500, 11));
}

/// A history in which no window binds, with these changes.
fn remembering(up: &[Change], down: &[Change]) -> History {
    let mut history = History::default();
    history.restore_lists(Some(&[]), up, down).expect("few");
    history
}

#[test]
fn any_change_that_any_rule_counts_may_change_the_answer_when_it_leaves() {
    let metrics = [external(1000)];
    let change = |change, second| Change { change, at: at(second), outdated: false };
    let run = |up: &[RatePolicy], current, mut history: History| {
        let hpa = Hpa::new(bounds(1, 100), &metrics).expect("a policy");
        let down = [policy(Amount::Percent(100), 15)];
        let hpa = hpa.with_behavior(behavior(up, &down));
        let first = hpa.decide(&mut history, &seen(at(0), current, &total(40_000)), &mut ());
        let again = first.revisit_at.map(|at| hpa.decide(&mut history, &seen(at, current, &total(40_000)), &mut ()).to);
        (first.to, first.revisit_at, again)
    };
    // The shorter rule does not win now, and does when the change has left its period.
    let rules = [policy(Amount::Pods(10), 60), policy(Amount::Pods(9), 15)];
    let shorter = run(&rules, 20, remembering(&[change(5, -10)], &[]));
    assert_eq!(shorter, (Replicas(25), Some(at(5)), Some(Replicas(29))));
    // What was taken away lately lets more be added, until it has left.
    let rules = [policy(Amount::Pods(2), 60)];
    let other = run(&rules, 10, remembering(&[], &[change(10, -50)]));
    assert_eq!(other, (Replicas(22), Some(at(10)), Some(Replicas(12))));
}

#[test]
fn a_history_without_a_beginning_does_not_hold_for_ever() {
    let metrics = [external(1000)];
    let hpa = Hpa::new(bounds(1, 50), &metrics).expect("a policy").with_cold_start(ColdStart::HoldUntilWindowFilled);
    let mut history = remembering(&[], &[]);
    let path = [0, 299, 300].map(|second| hpa.decide(&mut history, &seen(at(second), 9, &total(2000)), &mut ()).to.0);
    assert_eq!(path, [9, 9, 2]);
}

#[test]
fn what_holds_a_number_is_named_even_beyond_the_current_one() {
    let metrics = [external(1000)];
    let rates = [policy(Amount::Percent(100), 15)];
    let hpa = Hpa::new(bounds(1, 50), &metrics).expect("a policy").with_behavior(behavior(&rates, &rates));
    let mut history: History = History::default();
    let list = [Entry { value: 20, at: at(-10) }];
    history.restore_lists(Some(&list), &[], &[]).expect("one");
    let decision = hpa.decide(&mut history, &seen(at(0), 10, &total(5000)), &mut ());
    assert_eq!(decision.to, Replicas(10));
    assert_eq!(decision.last_word.to_string(), "a recent recommendation of 20 holds 5 back at 10, until 290 s");
}

#[test]
fn a_full_history_of_one_moment_is_restored_as_it_was() {
    let metrics = [external(1000)];
    let rates = [policy(Amount::Percent(100), 15)];
    let rules =
        Rules::new(RateRules::new(Select::Max, &rates).expect("rules")).with_window(secs(300)).expect("a window");
    let hpa = Hpa::new(bounds(1, 50), &metrics)
        .expect("a policy")
        .with_behavior(Behavior { up: rules, down: rules })
        .with_controller(Controller { sync_period: secs(300), ..Controller::DEFAULT });
    let mut live = History::<3, 2>::new(&hpa).expect("room");
    let sync = |history: &mut History<3, 2>, second, value: i64| {
        hpa.decide(history, &seen(at(second), 2, &total(value * 1000)), &mut ())
    };
    for (second, value) in [(0, 1), (301, 3), (301, 1), (301, 4)] {
        sync(&mut live, second, value);
    }
    let mut bytes = [0; History::<3, 2>::saved_size()];
    let length = live.save(&mut bytes).expect("room");
    let mut restored = History::<3, 2>::restore(&bytes[..length]).expect("our own bytes");
    for _ in 0..3 {
        assert_eq!(sync(&mut live, 301, 3), sync(&mut restored, 301, 3));
        assert_eq!(live, restored);
    }
}

#[test]
fn a_snapshot_with_one_condition_twice_is_refused() {
    let mut out = [0; 64];
    let mut writer = Writer::new(&mut out, 1, 1);
    // No lists, and two conditions of the kind AbleToScale.
    writer.put(&[0, 0, 0, 0, 0, 0, 0, 2, 0, 1, 1, 0, 0, 0, 0, 0]);
    let length = writer.finish().expect("room");
    let error = History::<24, 24>::restore(&out[..length]).expect_err("a kind twice");
    assert_eq!(error.to_string(), "the snapshot's field condition given twice has the impossible value 0");
}

#[test]
fn a_large_history_is_restored_where_it_stands_or_not_at_all() {
    type Large = History<3602, 1802>;
    let entries = (0..3602).map(|second| Entry { value: 7, at: at(second) }).collect::<Vec<_>>();
    let changes =
        (0..1802).map(|second| Change { change: 2, at: at(second), outdated: second < 9 }).collect::<Vec<_>>();
    let (mut saved, mut there) = (Box::<Large>::default(), Box::<Large>::default());
    saved.restore_lists(Some(&entries), &changes, &changes[5..]).expect("room");
    there.restore_lists(Some(&entries[..3]), &[], &changes[..1]).expect("room");
    let mut bytes = vec![0; Large::saved_size()];
    let length = saved.save(&mut bytes).expect("room");
    bytes.truncate(length);

    let before = there.clone();
    let mut damaged = bytes.clone();
    damaged[length / 2] ^= 1;
    assert_eq!(there.restore_from(&damaged), Err(SnapshotError::Checksum));
    let mut unfit = History::<3602, 3>::default();
    assert_eq!(unfit.restore_from(&bytes), Err(SnapshotError::Capacity { needed: 1802, room: 3 }));
    assert_eq!((&there, unfit), (&before, History::default()));

    // Half of what the history takes.
    let thread = std::thread::Builder::new().stack_size(size_of::<Large>() / 2);
    let restored = thread.spawn(move || there.restore_from(&bytes).map(|()| there)).expect("a thread");
    assert_eq!(restored.join().expect("no panic"), Ok(saved));
}

#[test]
fn a_fold_made_for_another_metric_is_no_reading() {
    let metrics = [cpu(70), cpu(50)];
    let hpa = Hpa::new(bounds(1, 20), &metrics).expect("a policy");
    let mut fold = PodFold::new(&hpa, 1, at(0));
    fold.add_ready(2, Milli(100), Milli(200));
    let scale = Scale { wanted: Replicas(2), running: Replicas(2) };
    let asked =
        |metric| proposal(&hpa, metric, &Reading::Pods(fold), scale, &Observation::default()).map(|p| p.replicas);
    assert_eq!((asked(0), asked(1)), (Err(MetricError::NoReading), Ok(Replicas(2))));
}

#[test]
fn a_cold_start_may_hold_until_the_window_was_watched() {
    let metrics = [external(1000)];
    let path = |cold_start| {
        let hpa = Hpa::new(bounds(1, 50), &metrics).expect("a policy").with_cold_start(cold_start);
        let mut history = History::<24, 24>::new(&hpa).expect("room");
        // A human lowers the scale from 9 to 6 after the first sync; the load wants 2.
        hpa.decide(&mut history, &seen(at(0), 9, &total(2000)), &mut ());
        [15, 285, 300, 301].map(|second| hpa.decide(&mut history, &seen(at(second), 6, &total(2000)), &mut ()).to.0)
    };
    assert_eq!(path(ColdStart::Seed), [9, 9, 2, 2], "the seed of 9 raises the scale again");
    assert_eq!(path(ColdStart::HoldUntilWindowFilled), [9, 9, 2, 2], "upward there is no window to fill");
    let down = |cold_start| {
        let hpa = Hpa::new(bounds(1, 50), &metrics).expect("a policy").with_cold_start(cold_start);
        let mut history = History::<24, 24>::new(&hpa).expect("room");
        hpa.decide(&mut history, &seen(at(0), 4, &total(2000)), &mut ());
        [15, 299, 300].map(|second| hpa.decide(&mut history, &seen(at(second), 9, &total(2000)), &mut ()).to.0)
    };
    assert_eq!(down(ColdStart::Seed), [4, 4, 2], "raised to 9 by hand, and at once lowered to the seed");
    assert_eq!(down(ColdStart::HoldUntilWindowFilled), [9, 9, 2], "nothing moves down before the window is filled");
}

fn steps(hpa: &Hpa<'_>, history: &mut History, seen: &Observation<'_>) -> (Vec<Step>, Decision) {
    let mut steps = Vec::new();
    let decision = hpa.decide(history, seen, &mut Each(|step: &Step| steps.push(*step)));
    (steps, decision)
}

#[test]
fn odd_clocks_are_survived_and_seen() {
    let metrics = [external(1000)];
    let hpa = Hpa::new(bounds(1, 50), &metrics).expect("a policy");
    let mut history: History = History::new(&hpa).expect("room");
    let (year, low, high) = (at(31_536_000), total(2000), total(9000));
    steps(&hpa, &mut history, &seen(at(0), 9, &high));
    let (far, _) = steps(&hpa, &mut history, &seen(year, 9, &high));
    assert!(far.contains(&Step::LongGap { last: at(0), now: year }), "{far:?}");
    let (back, held) = steps(&hpa, &mut history, &seen(at(15), 9, &low));
    assert!(back.contains(&Step::ClockWentBack { last: year, now: at(15) }), "{back:?}");
    assert_eq!(held.to, Replicas(9), "the recommendation of next year counts as one from now");
    let (again, _) = steps(&hpa, &mut history, &seen(at(15), 9, &low));
    assert!(again.contains(&Step::ClockStood { now: at(15) }), "{again:?}");
    let (_, later) = steps(&hpa, &mut history, &seen(at(316), 9, &low));
    assert_eq!(later.to, Replicas(2), "and leaves the window as such");
}

#[test]
fn the_last_word_names_what_bound_and_until_when() {
    let metrics = [external(1000)];
    let (up, down) = spike_rules();
    let hpa = Hpa::new(bounds(3, 20), &metrics).expect("a policy").with_behavior(behavior(&up, &down));
    let mut history: History = History::new(&hpa).expect("room");
    let first = hpa.decide(&mut history, &seen(at(0), 3, &total(12_000)), &mut ());
    assert!(matches!(first.last_word, Step::Limited { limit: Limit::ScaleUpLimit, .. }));
    assert_eq!(first.last_word.to_string(), "12 asked for, the rule +5 pods in 30 s (began at 3) allows 8");
    hpa.applied(&mut history, &first, Applied::Done(first.to), &mut ());
    let second = hpa.decide(&mut history, &seen(at(15), 8, &total(12_000)), &mut ());
    assert_eq!((second.to, second.revisit_at), (Replicas(8), Some(at(30))));
    assert_eq!(
        second.last_word.to_string(),
        "12 asked for, the rule +5 pods in 30 s (began at 3) allows 8, until 30 s"
    );
    let third = hpa.decide(&mut history, &seen(at(30), 8, &total(12_000)), &mut ());
    assert_eq!(third.to, Replicas(12));
    let low = hpa.decide(&mut history, &seen(at(45), 12, &total(3000)), &mut ());
    assert_eq!(low.last_word.to_string(), "a recent recommendation of 12 holds 3 back at 12, until 330 s");
}

#[test]
fn an_outlook_is_the_nearest_reading_that_asks_for_another_number() {
    let metrics = [cpu(70)];
    let hpa = Hpa::new(bounds(1, 20), &metrics).expect("a policy");
    let mut fold = PodFold::new(&hpa, 0, at(1000));
    for usage in [650, 700, 750] {
        fold.add(&Pod { request: Ok(Milli(1000)), ..Pod::running(Milli(usage), at(990)) });
    }
    let readings = [Reading::Pods(fold)];
    let seen = seen(at(1000), 3, &readings);
    let outlook = hpa.outlook(0, &seen);
    let (up, down) = (outlook.up.expect("a way up"), outlook.down.expect("a way down"));
    // 78/70 is the first whole percentage above 1.1; going down, ⌈r × 3⌉ must fall to 2.
    assert_eq!((up.reported.utilization, up.total, up.replicas), (Some(78), Milli(2340), Replicas(4)));
    assert_eq!((down.reported.utilization, down.replicas), (Some(46), Replicas(2)));
    let at_usage = |total| {
        let reading = Reading::Pods(fold.with_usage(total));
        let scale = Scale { wanted: Replicas(3), running: Replicas(3) };
        proposal(&hpa, 0, &reading, scale, &seen).expect("a proposal").replicas
    };
    assert_eq!((at_usage(up.total), at_usage(Milli(up.total.0 - 1))), (Replicas(4), Replicas(3)));
    assert_eq!((at_usage(down.total), at_usage(Milli(down.total.0 + 1))), (Replicas(2), Replicas(3)));
}

#[test]
fn a_pod_tells_its_class_and_when_that_changes() {
    let metrics = [cpu(70)];
    let hpa = Hpa::new(bounds(1, 20), &metrics).expect("a policy");
    let mut fold = PodFold::new(&hpa, 0, at(1000));
    let running = Pod { request: Ok(Milli(1000)), ..Pod::running(Milli(500), at(990)) };
    let not_ready = Some(ReadyCondition { status: Ready::False, since: Some(at(960)) });
    assert_eq!(fold.add(&running), PodClass::Ready);
    let starting = Pod { started: Some(at(950)), ready: not_ready, ..running };
    assert_eq!(fold.add(&starting), PodClass::Unready(Unready::Starting));
    assert_eq!(fold.add(&Pod { sample: None, ..starting }), PodClass::Missing);
    assert_eq!(fold.add(&Pod { phase: Phase::Pending, ..running }), PodClass::Unready(Unready::Pending));
    let readings = [Reading::Pods(fold)];
    let mut history: History = History::new(&hpa).expect("room");
    let decision = hpa.decide(&mut history, &seen(at(1000), 4, &readings), &mut ());
    assert_eq!(decision.revisit_at, Some(at(1250)), "the starting pod's first 300 s end");
}

#[test]
fn a_failed_metric_blocks_the_way_down_only() {
    let metrics = [external(1000), external(1000)];
    let hpa = Hpa::new(bounds(1, 20), &metrics).expect("a policy");
    let decide = |value: i64| {
        let mut history: History = History::new(&hpa).expect("room");
        let readings = [total(value)[0], Reading::Failed(MetricError::NotANumber)];
        steps(&hpa, &mut history, &seen(at(0), 4, &readings))
    };
    let (down, held) = decide(1000);
    assert_eq!(held.to, Replicas(4));
    let words = down.iter().map(|step| step.sentence(&hpa).to_string()).collect::<Vec<_>>();
    assert!(words.contains(&"rate failed: the value is not a finite number".to_owned()), "{words:?}");
    assert!(words.contains(&"1 of 2 metrics failed and the rest do not ask for more: nothing changes".to_owned()));
    assert_eq!(decide(7000).1.to, Replicas(7));
}

#[test]
fn too_small_a_history_is_refused_with_the_size_it_needs() {
    let metrics = [external(1000)];
    let hour = Span::from_secs(3600);
    let controller = Controller { downscale_stabilization: hour, ..Controller::DEFAULT };
    let hpa = Hpa::new(bounds(1, 20), &metrics).expect("a policy").with_controller(controller);
    let error = History::<24, 24>::new(&hpa).expect_err("an hour at 15 s");
    assert_eq!(error.to_string(), "recommendations has room for 24 entries, the policy needs 242");
    assert!(History::<242, 0>::new(&hpa).is_ok());
}
