//! Activation of scaled objects.

use plimsoll_core::queue::{
    Annotations, Applied, Fallback, FallbackBehavior, History, Observation, Paused, Reading, Ready, ReplicaCounts,
    ScaledObject, Target, Trigger,
};
use plimsoll_core::units::{Instant, Milli, Replicas, Span};
use serde::Deserialize;

use crate::{Vector, read, same};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Stand {
    replicas: i32,
    failure_threshold: i32,
}

pub(crate) fn decision(vector: &Vector) -> Result<(), String> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct In {
        min: Option<i32>,
        max: Option<i32>,
        idle: Option<i32>,
        current: i32,
        active: bool,
        error: bool,
        fallback: Option<Stand>,
        last_active_ago_s: Option<u64>,
        cooldown_s: Option<u64>,
        initial_cooldown_s: Option<u64>,
        age_s: u64,
        pause_scale_in: bool,
        pause_scale_out: bool,
        paused: bool,
        force_activation: bool,
    }
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Out {
        set_replicas: Option<i32>,
        active: Option<String>,
        ready: String,
        last_active_updated: bool,
        paused: bool,
    }
    let (given, out): (In, Out) = (read(&vector.r#in)?, read(&vector.out)?);
    // One trigger has the activity and, where needed, another one the failure.
    let target = Target::AverageValue(Milli(1000));
    let triggers = ["work", "broken"].map(|name| Trigger::external(name, target).expect("a target"));
    let triggers = if given.error { &triggers[..] } else { &triggers[..1] };
    // The executor is not asked whether an idle count needs a minimum.
    let counts = ReplicaCounts::new(given.min.or(given.idle.map(|_| 0)), given.max, given.idle);
    let counts = counts.map_err(|error| error.to_string())?;
    let mut object = ScaledObject::new(counts, triggers).expect("triggers");
    if let Some(cooldown) = given.cooldown_s {
        object = object.with_cooldown(Span::from_secs(cooldown));
    }
    if let Some(cooldown) = given.initial_cooldown_s {
        object = object.with_initial_cooldown(Span::from_secs(cooldown));
    }
    if let Some(Stand { replicas, failure_threshold }) = given.fallback {
        // The executor sees an error: the fallback's threshold was not passed.
        let fallback = Fallback::new(failure_threshold.max(1), replicas, FallbackBehavior::Unset);
        object = object.with_fallback(fallback.map_err(|error| error.to_string())?);
    }
    let now = Instant::from_secs(10_000_000);
    let mut history: History = History::new(&object).expect("room");
    let last_active = given.last_active_ago_s.map(|ago| now - Span::from_secs(ago));
    history.set_last_active(last_active);
    let value = Milli(if given.active { 5000 } else { 0 });
    let readings = [Reading::Value { value, active: given.active }, Reading::Failed];
    let seen = Observation {
        now,
        created: now - Span::from_secs(given.age_s),
        replicas: Some(Replicas(given.current)),
        ready: None,
        readings: &readings,
        annotations: Annotations {
            paused: if given.paused { Paused::AsIs } else { Paused::No },
            scale_in_paused: given.pause_scale_in,
            scale_out_paused: given.pause_scale_out,
            force_activation: given.force_activation,
        },
    };
    let decision = object.decide(&mut history, &seen, &mut ());
    object.applied(&mut history, &decision, Applied::Done(decision.to), &mut ());
    same("replicas", out.set_replicas, decision.changes().then_some(decision.to.0))?;
    let active = decision.detail.active.map(|active| if active { "True" } else { "False" }.to_owned());
    same("active", out.active, active)?;
    let ready = match decision.detail.ready {
        Ready::True => "True",
        Ready::False => "False",
        Ready::Unknown => "Unknown",
    };
    same("ready", out.ready.as_str(), ready)?;
    // A last activity of 0 s ago that is refreshed cannot be told from one that is not.
    if given.last_active_ago_s != Some(0) {
        same("last active updated", out.last_active_updated, history.last_active() != last_active)?;
    }
    same("paused", out.paused, decision.detail.active.is_none())
}

pub(crate) fn bounds(vector: &Vector) -> Result<(), String> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct In {
        min: Option<i32>,
        max: Option<i32>,
        idle: Option<i32>,
    }
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Out {
        error: bool,
    }
    let (given, out): (In, Out) = (read(&vector.r#in)?, read(&vector.out)?);
    same("error", out.error, ReplicaCounts::new(given.min, given.max, given.idle).is_err())
}

pub(crate) fn hpa_bounds(vector: &Vector) -> Result<(), String> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct In {
        min: Option<i32>,
        max: Option<i32>,
    }
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Out {
        hpa_min: i32,
        hpa_max: i32,
    }
    let (given, out): (In, Out) = (read(&vector.r#in)?, read(&vector.out)?);
    let bounds = ReplicaCounts::new(given.min, given.max, None).map_err(|error| error.to_string())?.hpa_bounds();
    same("bounds", (out.hpa_min, out.hpa_max), (bounds.min().0, bounds.max().0))
}

pub(crate) fn idle_or_min(vector: &Vector) -> Result<(), String> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct In {
        idle: Option<i32>,
        min: Option<i32>,
    }
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Out {
        is_idle: bool,
        replicas: i32,
    }
    let (given, out): (In, Out) = (read(&vector.r#in)?, read(&vector.out)?);
    // Upstream's function is called without the check that an idle count is below the minimum.
    let valid = ReplicaCounts::new(given.min, None, given.idle);
    let counts =
        valid.or_else(|_| ReplicaCounts::new(Some(given.idle.unwrap_or(0).saturating_add(1)), None, given.idle));
    let counts = counts.map_err(|error| error.to_string())?;
    same("rest", (out.is_idle, out.replicas), (counts.idle().is_some(), counts.at_rest()))
}

pub(crate) fn aggregation(vector: &Vector) -> Result<(), String> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct One {
        error: bool,
        active: bool,
    }
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct In {
        triggers: Vec<One>,
    }
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Out {
        active: bool,
        error: bool,
    }
    let (given, out): (In, Out) = (read(&vector.r#in)?, read(&vector.out)?);
    let one = Trigger::external("one", Target::AverageValue(Milli(1000))).expect("a target");
    let triggers = vec![one; given.triggers.len()];
    let object = ScaledObject::new(ReplicaCounts::DEFAULT, &triggers).expect("triggers");
    let read_one = |trigger: &One| match trigger {
        One { error: true, .. } => Reading::Failed,
        One { active, .. } => Reading::Value { value: Milli(0), active: *active },
    };
    let readings: Vec<_> = given.triggers.iter().map(read_one).collect();
    let seen = Observation { replicas: Some(Replicas(3)), readings: &readings, ..Observation::default() };
    let decision = object.decide(&mut History::<64>::new(&object).expect("room"), &seen, &mut ());
    same("active", Some(out.active), decision.detail.active)?;
    same("error", out.error, decision.detail.error)
}
