//! A host without std and without an allocator: nothing but the engine, behind one plain function.
//!
//! `core/tests/no_alloc.rs` builds it and looks for symbols of an allocator.
#![no_std]

use plimsoll_core::combine::{self, Combination, FlapBudget, Vote};
use plimsoll_core::constrain::Bounds;
use plimsoll_core::hpa::{History, Hpa, Metric, Observation, Pod, PodCount, PodFold, Reading, Scale};
use plimsoll_core::schedule::{self, Action, Cron, Entry, Schedule};
use plimsoll_core::step::{
    self, Adjustment, Alarm, Capacity, Comparison, Pace, Points, Rule, StepAdjustment, StepScaling,
};
use plimsoll_core::units::{Instant, Milli, Replicas, Span};

static METRICS: [Metric; 1] = [match Metric::resource("cpu").utilization(70) {
    Ok(metric) => metric,
    Err(_) => panic!("at build time only"),
}];

static HPA: Hpa = match Bounds::new(3, 20) {
    Ok(bounds) => match Hpa::new(bounds, &METRICS) {
        Ok(hpa) => hpa,
        Err(_) => panic!("at build time only"),
    },
    Err(_) => panic!("at build time only"),
};

/// Replicas for pods of 1 core each; saves the history and reads it back on the way.
pub fn replicas(history: &mut History, used: &[i64], wanted: i32, nanos: i64) -> i32 {
    let now = Instant::from_nanos(nanos);
    let mut pods = PodFold::new(&HPA, 0, now);
    for milli in used {
        pods.add(&Pod { request: Ok(Milli(1000)), ..Pod::running(Milli(*milli), now) });
    }
    let seen = Observation {
        now,
        scale: Some(Scale { wanted: Replicas(wanted), running: Replicas(wanted) }),
        pods: Some(PodCount { listed: pods.listed(), ready: pods.listed() }),
        readings: &[Reading::Pods(pods)],
        ..Observation::default()
    };
    let decision = HPA.decide(history, &seen, &mut ());
    let mut bytes = [0; 1024];
    if let Ok(length) = history.save(&mut bytes)
        && let Ok(restored) = History::restore(bytes.get(..length).unwrap_or_default())
    {
        *history = restored;
    }
    decision.to.0
}

/// Units of a group by an alarm on one metric, at least as many as a schedule says, without flapping.
pub fn units(past: &mut (StepHistory, CalendarHistory, CombineHistory), point: f64, current: i32, nanos: i64) -> i32 {
    const STEPS: &[StepAdjustment] = &[StepAdjustment::new(Some(0.0), None, 1)];
    let (now, from) = (Instant::from_nanos(nanos), Replicas(current));
    let alarm = Alarm::new(Comparison::Above, 70.0, Span::from_secs(60));
    let rule = alarm.and_then(|alarm| Rule::new(alarm, Adjustment::default(), STEPS, Span::from_secs(120)));
    let opens = Cron::new("0 8 * * MON-FRI").map(Action::recurring).and_then(|action| action.sets(Some(5), None, None));
    let bounds = Bounds::new(1, 20);
    let (Ok(rule), Ok(opens), Ok(bounds)) = (rule, opens, bounds) else { return current };
    let (rules, entries) = ([rule], [Entry::action(opens)]);
    let (Ok(steps), Ok(schedule), Ok(budget)) = (
        StepScaling::new(bounds, Pace::WarmUp, &rules),
        Schedule::new(bounds, &entries),
        FlapBudget::new(2, Span::from_secs(3600)),
    ) else {
        return current;
    };
    let points: &[Points<'_>] = &[&[Some(point)]];
    let seen = step::Observation { now, capacity: Some(Capacity::of(current)), points, completed: None };
    let stepped = steps.decide(&mut past.0, &seen, &mut ());
    let calendar = schedule.decide(&mut past.1, &schedule::Observation::utc(now, from), &mut ());
    let seen = combine::Observation {
        now,
        current: Some(from),
        votes: &[Vote::of(&stepped).with_valid(stepped.detail.valid)],
        bounds: Some((calendar.detail.min, calendar.detail.max)),
        ..combine::Observation::default()
    };
    let combination = Combination::new(combine::Rule::Agreement, bounds).with_flap_budget(budget);
    let decision = combination.decide(&mut past.2, &seen, &mut ());
    combination.applied(&mut past.2, &decision, decision.to, &mut ());
    steps.applied(&mut past.0, &stepped, decision.to);
    decision.to.0
}

type StepHistory = step::History<1>;
type CalendarHistory = schedule::History;
type CombineHistory = combine::History<4, 4>;
