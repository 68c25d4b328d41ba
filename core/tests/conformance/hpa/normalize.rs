//! Windows, limits, and lists of scale events.

use plimsoll_core::constrain::{self, Bounds, Direction, GrowthCap, Lately, Limit, Limited};
use plimsoll_core::hpa::{Windows, stabilize as windows};
use plimsoll_core::units::{Instant, Span};
use plimsoll_core::window::changes::{changed_since, store};
use plimsoll_core::window::{Change, Changes, Entry, Extremes};
use serde::Deserialize;

use super::world::{RulesIn, ago, span};
use crate::{Vector, read, same};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RecommendationIn {
    replicas: i32,
    age_s: i64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StabilizeIn {
    #[serde(default)]
    window_s: Option<i64>,
    #[serde(default)]
    current: Option<i32>,
    desired: i32,
    #[serde(default)]
    up_window_s: Option<i64>,
    #[serde(default)]
    down_window_s: Option<i64>,
    recommendations: Vec<RecommendationIn>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StabilizeOut {
    stabilized: i32,
    #[serde(default)]
    log_length: Option<usize>,
    #[serde(default)]
    log_replicas: Option<Vec<i32>>,
    #[serde(default)]
    reason_if_changed: Option<String>,
}

pub(crate) fn stabilize(vector: &Vector) -> Result<(), String> {
    let (given, expected): (StabilizeIn, StabilizeOut) = (read(&vector.r#in)?, read(&vector.out)?);
    let list = given.recommendations.iter().map(|r| Entry { value: r.replicas, at: ago(r.age_s) }).collect::<Vec<_>>();
    let mut recommendations = Extremes::<64>::new();
    if !recommendations.restore(&list).is_empty() {
        return Err("too long a list".to_owned());
    }
    let got = match (given.window_s, given.current, given.up_window_s, given.down_window_s) {
        (Some(window), None, None, None) => {
            let both = Windows { down: span(window)?, up: Span::ZERO };
            windows::without_behavior(both, given.desired, ago(0), &mut recommendations.view())
        }
        (None, Some(current), Some(up), Some(down)) => {
            let both = Windows { down: span(down)?, up: span(up)? };
            windows::with_behavior(both, given.desired, current, ago(0), &mut recommendations.view())
        }
        _ => return Err("one kind of windows".to_owned()),
    };
    same("stabilized", expected.stabilized, got.replicas)?;
    let log = recommendations.slots().iter().map(|entry| entry.value).collect::<Vec<_>>();
    if let Some(length) = expected.log_length {
        same("log length", length, log.len())?;
    }
    if let Some(replicas) = expected.log_replicas {
        same("log", replicas, log)?;
    }
    if let Some(reason) = expected.reason_if_changed {
        let held = got.held.map(|held| match held.direction {
            Direction::Up => "ScaleUpStabilized",
            Direction::Down => "ScaleDownStabilized",
        });
        if got.replicas != given.desired {
            same("reason", Some(reason.as_str()), held)?;
        }
    }
    Ok(())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LimitIn {
    current: i32,
    desired: i32,
    min: i32,
    max: i32,
    scale_up_limit_factor: f64,
    scale_up_limit_minimum: f64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LimitOut {
    replicas: i32,
    reason: String,
}

fn compare(expected: &LimitOut, got: Limited) -> Result<(), String> {
    same("replicas", expected.replicas, got.replicas)?;
    let reason = match got.limit {
        Limit::DesiredWithinRange => "DesiredWithinRange",
        Limit::TooFewReplicas => "TooFewReplicas",
        Limit::TooManyReplicas => "TooManyReplicas",
        Limit::ScaleUpLimit => "ScaleUpLimit",
        Limit::ScaleDownLimit => "ScaleDownLimit",
    };
    same("reason", expected.reason.as_str(), reason)
}

fn bounds(min: i32, max: i32) -> Result<Bounds, String> {
    Bounds::new(min, max).map_err(|error| error.to_string())
}

pub(crate) fn limit_no_behavior(vector: &Vector) -> Result<(), String> {
    let given: LimitIn = read(&vector.r#in)?;
    let cap = GrowthCap { factor: given.scale_up_limit_factor, floor: given.scale_up_limit_minimum };
    let got = constrain::without_rules(given.desired, given.current, bounds(given.min, given.max)?, cap);
    compare(&read(&vector.out)?, got)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct EventIn {
    change: i32,
    age_s: i64,
    #[serde(default)]
    outdated: bool,
}

fn events(given: &[EventIn]) -> Vec<Change> {
    given.iter().map(|e| Change { change: e.change, at: ago(e.age_s), outdated: e.outdated }).collect()
}

const NOW: Instant = Instant::from_secs(super::world::NOW);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RulesLimitIn {
    current: i32,
    desired: i32,
    min: i32,
    max: i32,
    scale_up: RulesIn,
    scale_down: RulesIn,
    up_events: Vec<EventIn>,
    down_events: Vec<EventIn>,
}

pub(crate) fn limit_with_behavior(vector: &Vector) -> Result<(), String> {
    let given: RulesLimitIn = read(&vector.r#in)?;
    let up = RulesIn::read(Some(&given.scale_up), true)?.rates();
    let down = RulesIn::read(Some(&given.scale_down), false)?.rates();
    let (up_events, down_events) = (events(&given.up_events), events(&given.down_events));
    let lately = Lately { up: &up_events, down: &down_events, now: NOW };
    let limits = bounds(given.min, given.max)?;
    compare(&read(&vector.out)?, constrain::with_rules(given.desired, given.current, limits, (up, down), &lately))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RateLimitIn {
    current: i32,
    rules: RulesIn,
    up_events: Vec<EventIn>,
    down_events: Vec<EventIn>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RateLimitOut {
    limit: i32,
}

pub(crate) fn rate_limit(vector: &Vector) -> Result<(), String> {
    let (given, expected): (RateLimitIn, RateLimitOut) = (read(&vector.r#in)?, read(&vector.out)?);
    let direction = if vector.r#fn == "up_limit" { Direction::Up } else { Direction::Down };
    let rules = RulesIn::read(Some(&given.rules), direction == Direction::Up)?.rates();
    let (up, down) = (events(&given.up_events), events(&given.down_events));
    let got = constrain::rate_limit(rules, direction, given.current, &Lately { up: &up, down: &down, now: NOW });
    same("limit", expected.limit, got.replicas)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StoreIn {
    replica_change: i32,
    directions: Vec<String>,
    period_s_queried: i64,
    events: Vec<EventIn>,
    rules_of_that_direction: Option<RulesIn>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StoreOut {
    change_in_period_before: i32,
    events_after: Vec<EventOut>,
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct EventOut {
    change: i32,
    outdated: bool,
}

pub(crate) fn store_event(vector: &Vector) -> Result<(), String> {
    let given: StoreIn = read(&vector.r#in)?;
    for direction in &given.directions {
        let up = match direction.as_str() {
            "up" => true,
            "down" => false,
            other => return Err(format!("direction {other}")),
        };
        let expected: StoreOut = read(&vector.out)?;
        let mut list = Changes::<64>::from_slice(&events(&given.events)).map_err(|_| "too long a list".to_owned())?;
        let before = changed_since(&list, span(given.period_s_queried)?, NOW);
        same("change before", expected.change_in_period_before, before)?;
        if let Some(rules) = &given.rules_of_that_direction {
            let longest = RulesIn::read(Some(rules), up)?.rates().longest();
            store(&mut list, given.replica_change, NOW, longest);
        }
        let after = list.iter().map(|e| EventOut { change: e.change, outdated: e.outdated }).collect();
        same("events", expected.events_after, after)?;
    }
    Ok(())
}
