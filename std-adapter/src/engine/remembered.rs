//! What a controller must still know, put together from what it left behind.
//!
//! Upstream keeps recommendations and scale events in memory only. A status still tells some of it: whether a window
//! held the number at the last sync and at what, when the scale was last changed, and whether a rate rule cut that
//! change. Events tell sizes and times. What none of them tells is said, not guessed.

use plimsoll_core::constrain::{Direction, Lately, RateRules, rate_limit};
use plimsoll_core::hpa::{Condition, ConditionKind, Hpa, Reason};
use plimsoll_core::units::{Instant, Span};
use plimsoll_core::window::{Change, Entry};

use super::Past;
use super::world::instant;
use crate::manifest::{self, Rescale};

/// A history put together, and what it rests on.
#[derive(Debug)]
pub struct Remembered {
    /// The history.
    pub past: Box<Past>,
    /// What was concluded, and from what; a sentence each.
    pub facts: Vec<String>,
    /// What cannot be known; a sentence each.
    pub gaps: Vec<String>,
    /// The window may hold any number in this range, if it holds one at all.
    pub held_between: Option<(i32, i32)>,
}

/// The history of a controller that has synced before and remembers nothing that binds.
#[must_use]
pub fn nothing_binding(status: &manifest::Status) -> Box<Past> {
    let mut past = Box::<Past>::default();
    restore_conditions(&mut past, status);
    let _empty_lists_fit = past.restore_lists(Some(&[]), &[], &[]);
    past
}

/// The history of a controller that has just started: only the status survives.
#[must_use]
pub fn just_started(status: &manifest::Status) -> Box<Past> {
    let mut past = Box::<Past>::default();
    restore_conditions(&mut past, status);
    past
}

/// Puts the history together from status and events. `None` when no sync has been: nothing is remembered then.
#[must_use]
pub fn from_status(
    hpa: &Hpa<'_>,
    status: &manifest::Status,
    rescales: &[&Rescale],
    now: Instant,
) -> Option<Remembered> {
    let mut remembered =
        Remembered { past: nothing_binding(status), facts: Vec::new(), gaps: Vec::new(), held_between: None };
    let conditions = remembered.past.conditions();
    let able = conditions.get(ConditionKind::AbleToScale)?.reason;
    let limited = conditions.get(ConditionKind::ScalingLimited).map(|condition| condition.reason);
    let window = held(hpa, status, able, limited, &mut remembered);
    let (up, down) = changes(hpa, status, limited, rescales, now, &mut remembered);
    let entries = window.map(|value| Entry { value, at: now });
    let _few_entries_fit = remembered.past.restore_lists(Some(entries.as_slice()), &up, &down);
    Some(remembered)
}

fn restore_conditions(past: &mut Past, status: &manifest::Status) {
    for given in &status.conditions {
        let (kind, reason) = (ConditionKind::from_name(&given.kind), Reason::from_name(&given.reason));
        if let (Some(kind), Some(reason)) = (kind, reason) {
            let since = given.last_transition_time.map(instant);
            past.conditions_mut().restore(Condition { kind, status: given.status == "True", reason, since });
        }
    }
}

/// What the windows hold since the last sync: every sync leaves what was asked for.
fn held(
    hpa: &Hpa<'_>,
    status: &manifest::Status,
    able: Reason,
    limited: Option<Reason>,
    remembered: &mut Remembered,
) -> Option<i32> {
    let desired = status.desired_replicas;
    let (min, max) = (hpa.bounds().min().0, hpa.bounds().max().0);
    let windows = hpa.windows();
    let Remembered { facts, gaps, held_between, .. } = remembered;
    let kind = able.name();
    let window = match able {
        Reason::ScaleDownStabilized => Some(windows.down),
        Reason::ScaleUpStabilized => Some(windows.up),
        Reason::ReadyForNewScale | Reason::SucceededRescale | Reason::FailedUpdateScale => None,
        _ => {
            facts.push(format!("the condition {kind} says that no number was computed at the last sync"));
            gaps.push("what the windows hold from earlier syncs".to_owned());
            return None;
        }
    };
    let limit = limited.filter(|limit| *limit != Reason::DesiredWithinRange);
    match (limit, window) {
        (None, Some(span)) => {
            facts.push(format!(
                "the condition {kind} says that a recommendation of {desired} was in the window of {span} at the last sync"
            ));
            gaps.push(format!("when it was made, and so when it leaves the window: within {span} from now"));
            Some(desired)
        }
        (None, None) => {
            facts.push(format!(
                "the condition {kind}, without a limit, says that the last sync asked for {desired}: the windows count that"
            ));
            Some(desired)
        }
        // Below the minimum nothing binds.
        (Some(Reason::TooFewReplicas), None) => {
            facts.push(format!(
                "the conditions {kind} and {} say that the last sync asked for fewer than {desired}",
                Reason::TooFewReplicas.name()
            ));
            None
        }
        (Some(limit @ (Reason::ScaleUpLimit | Reason::TooManyReplicas)), _) => {
            let least = desired.saturating_add(1);
            let what = if window.is_some() { "a window held" } else { "the last sync asked for" };
            facts.push(format!(
                "the conditions {kind} and {} say that {what} more than {desired}: the windows count that",
                limit.name()
            ));
            // Rules of behavior hold at most the current number: how many more plays no part, unless growing is held too.
            if hpa.behavior().is_none() || windows.up > Span::ZERO {
                gaps.push(format!("how many the windows hold: {least} or more"));
                *held_between = Some((least, max)).filter(|(low, high)| low <= high);
            }
            Some(if hpa.behavior().is_some() { max.max(least) } else { least })
        }
        (Some(limit), _) => {
            let (low, high) = (min, desired.saturating_sub(1));
            let what = if window.is_some() { "a window held" } else { "the last sync asked for" };
            facts.push(format!(
                "the conditions {kind} and {} say that {what} fewer, and a limit then set {desired}",
                limit.name()
            ));
            gaps.push(format!("what the window holds: something between {low} and {high}"));
            *held_between = Some((low, high)).filter(|(low, high)| low <= high);
            None
        }
    }
}

/// The changes that rate rules may still count.
fn changes(
    hpa: &Hpa<'_>,
    status: &manifest::Status,
    limited: Option<Reason>,
    rescales: &[&Rescale],
    now: Instant,
    remembered: &mut Remembered,
) -> (Vec<Change>, Vec<Change>) {
    let (mut up, mut down) = (Vec::new(), Vec::new());
    let Some(behavior) = hpa.behavior() else { return (up, down) };
    let rules = [(Direction::Up, behavior.up.rates()), (Direction::Down, behavior.down.rates())];
    let longest = rules.iter().map(|(_, rules)| rules.longest()).max().unwrap_or_default();
    let mut add = |change: i32, at: Instant| {
        let list = if change > 0 { &mut up } else { &mut down };
        list.push(Change { change: change.saturating_abs(), at, outdated: false });
    };
    let Some(last) = status.last_scale_time.map(instant) else {
        remembered.facts.push("the status says that the scale was never changed".to_owned());
        return (up, down);
    };
    let age = now.since(last);
    if age >= longest {
        remembered.facts.push(format!("the scale was last changed {age} ago: no rate rule counts that any more"));
        return (up, down);
    }
    let to = status.desired_replicas;
    // Events have the sizes; the size before the first of them is that of the status only when it was the last.
    let mut sizes = rescales.iter().map(|rescale| (instant(rescale.at), rescale.size)).collect::<Vec<_>>();
    sizes.sort_unstable();
    for pair in sizes.windows(2) {
        if let [(_, before), (at, after)] = *pair
            && before != after
            && now.since(at) < longest
        {
            remembered.facts.push(format!("events: {before} → {after}, {} ago", now.since(at)));
            add(after - before, at);
        }
    }
    let told = sizes.len() > 1 && sizes.last().is_some_and(|(at, size)| *size == to && at.since(last) <= SECOND);
    if told {
        return (up, down);
    }
    if status.current_replicas != to {
        let from = status.current_replicas;
        remembered.facts.push(format!("the status was written as the scale was changed: {from} → {to}, {age} ago"));
        add(to - from, last);
        return (up, down);
    }
    let direction = match limited {
        Some(Reason::ScaleUpLimit) => Some(Direction::Up),
        Some(Reason::ScaleDownLimit) => Some(Direction::Down),
        _ => None,
    };
    let from = direction.and_then(|direction| {
        let (_, rules) = rules.into_iter().find(|(each, _)| *each == direction)?;
        began(rules, direction, to, hpa.bounds().max().0)
    });
    match from {
        Some(from) => {
            let reason = limited.map_or("", Reason::name);
            remembered.facts.push(format!(
                "the scale was changed to {to} {age} ago; the condition {reason} says that a rate rule set the pace, and its rules \
                 lead to {to} from {from}: {from} → {to}"
            ));
            add(to - from, last);
        }
        None => remembered.gaps.push(format!(
            "from how many the scale was changed to {to} {age} ago: rate rules may still count that (kubectl get events -o json \
             would tell)"
        )),
    }
    (up, down)
}

/// A time in a status has whole seconds.
const SECOND: Span = Span::from_secs(1);

/// The number from which these rules allow exactly `to`; of several the farthest, which leaves the least budget.
fn began(rules: RateRules<'_>, direction: Direction, to: i32, max: i32) -> Option<i32> {
    let nothing = Lately { up: &[], down: &[], now: Instant::default() };
    let leads = |from: &i32| rate_limit(rules, direction, *from, &nothing).replicas == to;
    match direction {
        Direction::Up => (1..to).find(leads),
        Direction::Down => (to.saturating_add(1)..=max.max(to).saturating_mul(2)).rev().find(leads),
    }
}
