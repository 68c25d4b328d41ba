//! Reads a scaling policy: as `nomad scaling policy info -json` prints it, or as it is written.
//!
//! Nomad's API keeps the blocks of HCL as lists of one; written by hand they are plain mappings. Either is read, block by
//! block, and errors name a field without those lists. Values of a strategy may be numbers or texts.

use std::collections::BTreeMap;

use jiff::Timestamp;
use plimsoll_core::constrain::Bounds;
use plimsoll_core::schedule::{Cron, Entry, Window};
use plimsoll_core::step::nomad::{Band, BandAction, TargetValue};
use plimsoll_core::step::nomad::{Check, Mended, OnError, PassThrough, ScalingPolicy, Strategy};
use plimsoll_core::units::Span;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::{Map, Value};

use super::{NomadPolicy, Query};
use crate::engine::{inline, instant};
use crate::manifest::go_duration;

/// What is asked where no source is named.
pub(super) const NOMAD_APM: &str = "nomad-apm";

/// Names of the API, and how they are written by hand.
const API_NAMES: [(&str, &str); 10] = [
    ("Min", "min"),
    ("Max", "max"),
    ("Enabled", "enabled"),
    ("Type", "type"),
    ("Policy", "policy"),
    ("ID", "id"),
    ("Namespace", "namespace"),
    ("Target", "target"),
    ("CreateIndex", "create_index"),
    ("ModifyIndex", "modify_index"),
];

/// The policy by its written names; ours are `mended` and `starts_at`.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Spec {
    min: Option<i64>,
    max: Option<i64>,
    enabled: Option<bool>,
    #[serde(rename = "type")]
    kind: Option<String>,
    policy: Option<Value>,
    #[serde(rename = "id")]
    _id: IgnoredAny,
    #[serde(rename = "namespace")]
    _namespace: IgnoredAny,
    #[serde(rename = "target")]
    _target: IgnoredAny,
    #[serde(rename = "create_index")]
    _create_index: IgnoredAny,
    #[serde(rename = "modify_index")]
    _modify_index: IgnoredAny,
    mended: MendedIn,
    starts_at: Option<Timestamp>,
}

#[derive(Clone, Copy, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct MendedIn {
    errors_as_documented: bool,
    bounds_always: bool,
    caps_minus_one: bool,
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct PolicyIn {
    cooldown: Option<String>,
    cooldown_on_scale_up: Option<String>,
    evaluation_interval: Option<String>,
    on_check_error: Option<String>,
    schedule: Option<Value>,
    check: Option<Value>,
    target: Option<Value>,
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct CheckIn {
    group: Option<String>,
    source: Option<String>,
    query: Option<String>,
    query_window: Option<String>,
    query_window_offset: Option<String>,
    on_error: Option<String>,
    schedule: Option<Value>,
    strategy: Option<Value>,
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct ScheduleIn {
    start: Option<String>,
    end: Option<String>,
    duration: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct TargetValueIn {
    target: Option<Value>,
    threshold: Option<Value>,
    max_scale_up: Option<Value>,
    max_scale_down: Option<Value>,
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct ThresholdIn {
    upper_bound: Option<Value>,
    lower_bound: Option<Value>,
    delta: Option<Value>,
    percentage: Option<Value>,
    value: Option<Value>,
    within_bounds_trigger: Option<Value>,
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct FixedValueIn {
    value: Option<Value>,
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct PassThroughIn {
    max_scale_up: Option<Value>,
    max_scale_down: Option<Value>,
}

impl NomadPolicy {
    /// From a policy in another text, where `root` is its name.
    ///
    /// # Errors
    /// The first field that does not fit.
    pub fn inline(given: &Value, root: &str) -> Result<Self, String> {
        let spec: Spec = inline(&written(given, root)?, root)?;
        if let Some(kind) = spec.kind.filter(|kind| !matches!(kind.as_str(), "" | "horizontal" | "cluster")) {
            return Err(format!("{root}.type is {kind:?}: must be horizontal or cluster"));
        }
        let bound = |field: &str, given: Option<i64>| {
            let given = given.ok_or_else(|| format!("{root}.{field} is missing"))?;
            let most = i32::MAX;
            i32::try_from(given).map_err(|_| format!("{root}.{field} is {given}: must be 0 to {most}"))
        };
        let (min, max) = (bound("min", spec.min)?, bound("max", spec.max)?);
        let bounds = Bounds::new(min, max).map_err(|error| format!("{root}: {error}"))?;
        let at = format!("{root}.policy");
        let given = spec.policy.ok_or_else(|| format!("{at} is missing"))?;
        let given: PolicyIn = inline(&block(&given, &at)?, &at)?;

        let checks = labelled(given.check.as_ref(), &format!("{at}.check"))?;
        if checks.is_empty() {
            return Err(format!("{at}.check is missing: a check must decide"));
        }
        let (mut rules, mut queries, mut groups) = (Vec::new(), Vec::new(), BTreeMap::new());
        for (name, block) in checks {
            let (check, query) = read_check(&name, &block, &format!("{at}.check.{name}"), &mut groups)?;
            rules.push(check);
            queries.push(query);
        }
        let span = |field: &str, given: Option<&str>| duration(&format!("{at}.{field}"), given);
        let or = |given: Option<Span>, default: Span| given.unwrap_or(default);
        let evaluation_interval = span("evaluation_interval", given.evaluation_interval.as_deref())?;
        let MendedIn { errors_as_documented, bounds_always, caps_minus_one } = spec.mended;
        let policy = Self {
            bounds,
            checks: rules,
            queries,
            cooldown: or(span("cooldown", given.cooldown.as_deref())?, ScalingPolicy::DEFAULT_COOLDOWN),
            cooldown_on_scale_up: span("cooldown_on_scale_up", given.cooldown_on_scale_up.as_deref())?,
            evaluation_interval: or(evaluation_interval, ScalingPolicy::DEFAULT_EVALUATION_INTERVAL),
            on_check_error: on_error(&format!("{at}.on_check_error"), given.on_check_error.as_deref())?
                .unwrap_or_default(),
            enabled: spec.enabled.unwrap_or(true),
            dry_run: dry_run(given.target.as_ref(), &format!("{at}.target"))?,
            mended: Mended { errors_as_documented, bounds_always, caps_minus_one },
            schedule: read_schedule(given.schedule.as_ref(), &format!("{at}.schedule"))?,
            starts_at: spec.starts_at.map(instant),
        };
        policy.build(|_| ()).map_err(|error| format!("{at}.{}", error.to_string().replacen("checks", "check", 1)))?;
        Ok(policy)
    }
}

fn read_check(
    name: &str,
    block: &Value,
    at: &str,
    groups: &mut BTreeMap<String, u16>,
) -> Result<(Check, Query), String> {
    let given: CheckIn = inline(block, at)?;
    let mut strategies = labelled(given.strategy.as_ref(), &format!("{at}.strategy"))?;
    let (strategy, config) = match (strategies.pop(), strategies.len()) {
        (Some(one), 0) => one,
        (None, _) => return Err(format!("{at}.strategy is missing")),
        (_, more) => return Err(format!("{at}.strategy is given {} times: a check has one", more + 1)),
    };
    let query = text(given.query).unwrap_or_default();
    let source = text(given.source).unwrap_or_else(|| NOMAD_APM.to_owned());
    let (strategy, about) = read_strategy(&strategy, &config, &query, &format!("{at}.strategy"))?;
    if query.is_empty() && !strategy.needs_no_points() {
        return Err(format!("{at}.query is missing: {} asks for points", strategy.name()));
    }
    let window = match given.query_window.as_deref() {
        Some("instant") => None,
        given => Some(duration(&format!("{at}.query_window"), given)?.unwrap_or(ScalingPolicy::DEFAULT_QUERY_WINDOW)),
    };
    if window.is_none() && source == NOMAD_APM && !strategy.needs_no_points() {
        return Err(format!("{at}.query_window is \"instant\": {NOMAD_APM} does not know that"));
    }
    if let (None, Strategy::Threshold(band)) = (window, &strategy)
        && band.trigger() != 1
    {
        let trigger = band.trigger();
        return Err(format!(
            "{at}.strategy.threshold.within_bounds_trigger is {trigger}: must be 1 with the query_window \"instant\", \
             which has one point"
        ));
    }
    let mut check = Check::new(strategy);
    if let Some(group) = text(given.group) {
        let next = u16::try_from(groups.len() + 1).map_err(|_| format!("{at}.group is one too many"))?;
        check = check.in_group(*groups.entry(group).or_insert(next));
    }
    if let Some(on_error) = on_error(&format!("{at}.on_error"), given.on_error.as_deref())? {
        check = check.with_on_error(on_error);
    }
    let offset = duration(&format!("{at}.query_window_offset"), given.query_window_offset.as_deref())?;
    let schedule = read_schedule(given.schedule.as_ref(), &format!("{at}.schedule"))?;
    let offset = offset.unwrap_or_default();
    Ok((check, Query { check: name.to_owned(), about, source, query, window, offset, schedule }))
}

/// The strategy, and the check in a few words.
fn read_strategy(name: &str, config: &Value, query: &str, root: &str) -> Result<(Strategy, String), String> {
    let at = format!("{root}.{name}");
    let float = |field: &str, given: Option<Value>| number(&format!("{at}.{field}"), given, float);
    let whole = |field: &str, given: Option<Value>| number(&format!("{at}.{field}"), given, whole);
    let told = |error: plimsoll_core::error::ConfigError| format!("{at}: {error}");
    match name {
        "target-value" => {
            let given: TargetValueIn = inline(config, &at)?;
            let target = float("target", given.target)?.ok_or_else(|| format!("{at}.target is missing"))?;
            let mut value = TargetValue::new(target).map_err(told)?;
            if let Some(threshold) = float("threshold", given.threshold)? {
                value = value.with_threshold(threshold).map_err(told)?;
            }
            let (up, down) =
                (whole("max_scale_up", given.max_scale_up)?, whole("max_scale_down", given.max_scale_down)?);
            Ok((Strategy::TargetValue(value.with_most(up, down)), format!("{query} at {target}")))
        }
        "threshold" => {
            let given: ThresholdIn = inline(config, &at)?;
            let (lower, upper) = (float("lower_bound", given.lower_bound)?, float("upper_bound", given.upper_bound)?);
            let range = match (lower, upper) {
                (Some(lower), Some(upper)) => format!("from {lower} to below {upper}"),
                (Some(lower), None) => format!("from {lower} on"),
                (None, Some(upper)) => format!("below {upper}"),
                (None, None) => return Err(format!("{at} has neither lower_bound nor upper_bound")),
            };
            let (delta, value) = (whole("delta", given.delta)?, whole("value", given.value)?);
            let (action, does) = match (delta, float("percentage", given.percentage)?, value) {
                (Some(delta), None, None) => (BandAction::Delta(delta), format!("{delta:+}")),
                (None, Some(percent), None) => (BandAction::Percentage(percent), format!("{percent:+} %")),
                (None, None, Some(value)) if value < 0 => {
                    return Err(format!("{at}.value is {value}: must be at least 0"));
                }
                (None, None, Some(value)) => (BandAction::Value(value), format!("to {value}")),
                (None, None, None) => return Err(format!("{at} has none of delta, percentage and value")),
                _ => return Err(format!("{at} has several of delta, percentage and value: one of them counts")),
            };
            let mut band = Band::new(lower, upper, action).map_err(told)?;
            if let Some(points) = whole("within_bounds_trigger", given.within_bounds_trigger)? {
                band = band.with_trigger(points);
            }
            let points = match band.trigger() {
                1 => "1 point".to_owned(),
                points => format!("{points} points"),
            };
            Ok((Strategy::Threshold(band), format!("{query} {range} at {points} {does}")))
        }
        "fixed-value" => {
            let given: FixedValueIn = inline(config, &at)?;
            let value = whole("value", given.value)?.ok_or_else(|| format!("{at}.value is missing"))?;
            Ok((Strategy::FixedValue(value), format!("always {value}")))
        }
        "pass-through" => {
            let given: PassThroughIn = inline(config, &at)?;
            let (up, down) =
                (whole("max_scale_up", given.max_scale_up)?, whole("max_scale_down", given.max_scale_down)?);
            let pass = PassThrough::default().with_most(up, down);
            Ok((Strategy::PassThrough(pass), format!("as many as {query}")))
        }
        _ => Err(format!("{root} is {name:?}: must be target-value, threshold, fixed-value or pass-through")),
    }
}

/// An entry that is open when the schedule is.
fn read_schedule(given: Option<&Value>, at: &str) -> Result<Option<Entry>, String> {
    let Some(given) = given else { return Ok(None) };
    let given: ScheduleIn = inline(&block(given, at)?, at)?;
    let cron = |field: &str, text: &str| Cron::new(text).map_err(|error| format!("{at}.{field} is {text:?}: {error}"));
    let start = text(given.start).ok_or_else(|| format!("{at}.start is missing"))?;
    let start = cron("start", &start)?;
    let window = match (text(given.end), text(given.duration)) {
        (Some(end), None) => Window::nomad(start, cron("end", &end)?),
        (None, Some(given)) => {
            let length = duration(&format!("{at}.duration"), Some(&given))?;
            let length = length.ok_or_else(|| format!("{at}.duration is {given:?}: must be more than 0"))?;
            Window::lasting(start, length).map_err(|error| format!("{at}: {error}"))?
        }
        _ => return Err(format!("{at} has either end or duration")),
    };
    // What it allows has no meaning: whether it is open is asked.
    let window = window.bounds(Some(1), None).map_err(|error| format!("{at}: {error}"))?;
    Ok(Some(Entry::window(window)))
}

/// Whether the target's block says `dry-run`; its other settings are its own.
fn dry_run(given: Option<&Value>, at: &str) -> Result<bool, String> {
    for (name, config) in labelled(given, at)? {
        match &config["dry-run"] {
            Value::Null => {}
            Value::Bool(on) => return Ok(*on),
            // Upstream knows no other text.
            Value::String(text) => return Ok(text == "true"),
            other => return Err(format!("{at}.{name}.dry-run is {other}: must be true or false")),
        }
    }
    Ok(false)
}

/// The policy with the names that are written by hand in place of the API's.
fn written(given: &Value, root: &str) -> Result<Value, String> {
    let Value::Object(fields) = given else { return Ok(given.clone()) };
    let mut written = Map::new();
    for (name, value) in fields {
        let plain = API_NAMES.iter().find(|(api, _)| api == name).map_or(name.as_str(), |(_, plain)| plain);
        if written.insert(plain.to_owned(), value.clone()).is_some() {
            return Err(format!("{root}.{plain} is given twice, once as {name}"));
        }
    }
    Ok(Value::Object(written))
}

/// A block: a mapping, or the API's list of one.
fn block(given: &Value, at: &str) -> Result<Value, String> {
    match given {
        Value::Object(_) => Ok(given.clone()),
        Value::Array(list) => match list.as_slice() {
            [one @ Value::Object(_)] => Ok(one.clone()),
            [other] => Err(format!("{at} holds {other}: must be a block")),
            more => Err(format!("{at} is a list of {}: must be one block", more.len())),
        },
        other => Err(format!("{at} is {other}: must be a block")),
    }
}

/// Blocks by their labels: a mapping, or the API's list of mappings.
fn labelled(given: Option<&Value>, at: &str) -> Result<Vec<(String, Value)>, String> {
    let none = Map::new();
    let maps = match given {
        None | Some(Value::Null) => vec![&none],
        Some(Value::Object(map)) => vec![map],
        Some(Value::Array(list)) => {
            let map = |value: &'_ Value| format!("{at} holds {value}: must be blocks by their names");
            list.iter().map(|value| value.as_object().ok_or_else(|| map(value))).collect::<Result<_, _>>()?
        }
        Some(other) => return Err(format!("{at} is {other}: must be blocks by their names")),
    };
    let mut blocks = Vec::<(String, Value)>::new();
    for (name, given) in maps.into_iter().flatten() {
        if name.is_empty() {
            return Err(format!("{at} has a block without a name"));
        }
        if blocks.iter().any(|(known, _)| known == name) {
            return Err(format!("{at}.{name} is given twice"));
        }
        blocks.push((name.clone(), block(given, &format!("{at}.{name}"))?));
    }
    Ok(blocks)
}

/// An empty text says nothing, as upstream has it.
fn text(given: Option<String>) -> Option<String> {
    given.filter(|text| !text.is_empty())
}

/// What Go reads as a duration. 0 is the same as nothing, since upstream cannot tell them apart.
fn duration(at: &str, given: Option<&str>) -> Result<Option<Span>, String> {
    let Some(text) = given else { return Ok(None) };
    let read = go_duration(text);
    let read = read.ok_or_else(|| format!("{at} is {text:?}: must be a duration such as 10s or 1m30s"))?;
    let nanos = u64::try_from(read.as_nanos()).unwrap_or(u64::MAX);
    Ok(Some(Span::from_nanos(nanos)).filter(|span| *span > Span::ZERO))
}

fn on_error(at: &str, given: Option<&str>) -> Result<Option<OnError>, String> {
    match given {
        None | Some("") => Ok(None),
        Some("ignore") => Ok(Some(OnError::Ignore)),
        Some("fail") => Ok(Some(OnError::Fail)),
        Some(other) => Err(format!("{at} is {other:?}: must be fail or ignore")),
    }
}

/// A number, or one in a text; an empty text says nothing.
fn number<T>(at: &str, given: Option<Value>, read: fn(&str) -> Result<T, &'static str>) -> Result<Option<T>, String> {
    let text = match given {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::String(text)) if text.is_empty() => return Ok(None),
        Some(Value::String(text)) => text,
        Some(Value::Number(number)) => number.to_string(),
        Some(other) => return Err(format!("{at} is {other}: must be a number")),
    };
    read(&text).map(Some).map_err(|wanted| format!("{at} is {text:?}: must be {wanted}"))
}

fn float(text: &str) -> Result<f64, &'static str> {
    text.parse().ok().filter(|number: &f64| number.is_finite()).ok_or("a finite number")
}

fn whole(text: &str) -> Result<i64, &'static str> {
    // A whole number may have passed through a reader that knows only floats.
    let text = text.strip_suffix(".0").unwrap_or(text);
    text.parse().map_err(|_| "a whole number")
}
