//! What would a group or a scalable target of AWS do now, and why: from what the command line prints of it, its policies,
//! their alarms and its activities.
//!
//! CloudWatch does not publish how it comes to the state of an alarm in every case: the states are taken as they are
//! printed, and only a reading that is given is judged here. The points of a state are those of the moment in which it was
//! last updated. Where they are old the size of a breach is not known: then sizes are tried, from the smallest over the
//! bounds of all steps to beyond them, and the answer stands if they agree.

mod page;

use std::collections::BTreeSet;

use jiff::Timestamp;
use plimsoll_core::step::{Alarm, AlarmState, Datapoints};
use plimsoll_core::units::{Instant, Replicas, Span};
use serde_json::Value;

use super::readings::{self, Reader};
use crate::engine::aws::{Aws, Change, Joined, Pass, Series, Turn};
use crate::engine::instant;
use crate::manifest::aws::{self, Activity, Instance, Placed, Point, ScalingPolicy};

pub use page::{group_json, group_text};

/// The name of the reading of the capacity.
const DESIRED: &str = "desired";

/// What a group would do now.
#[derive(Debug)]
pub struct GroupExplanation {
    name: String,
    now: Timestamp,
    given_now: bool,
    policy: Aws,
    desired: Option<i32>,
    capacity: Vec<String>,
    series: Vec<SeriesRead>,
    idle: Vec<String>,
    answer: Option<Answer>,
    why_not: String,
    changes: Vec<Change>,
    gaps: Vec<String>,
}

/// What is known of the metric of a policy, and of its alarms.
#[derive(Debug)]
struct SeriesRead {
    alarms: Vec<AlarmRead>,
    /// The reading that is given; `None` within: it is missing.
    given: Option<Option<f64>>,
    /// The newest point, where it is of now.
    newest: Option<f64>,
}

/// What is known of an alarm.
#[derive(Debug)]
struct AlarmRead {
    name: Option<String>,
    alarm: Alarm,
    /// As printed; absent when it is not.
    state: Option<AlarmState>,
    since: Option<Timestamp>,
    points: Vec<Point>,
    /// Whether the points are of now.
    fresh: bool,
    /// Breaches of different sizes, the smallest first.
    sizes: Vec<f64>,
    /// With the reading that is given.
    judged: Option<AlarmState>,
}

#[derive(Debug)]
struct Answer {
    pass: Pass,
    /// Units after what is suspended had its say.
    to: i32,
    because: String,
    outlook: Value,
    /// What time alone changes: when, and the units then.
    next: Option<(Instant, i32)>,
}

/// Which of the values that are not known is tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Lean {
    /// The nearest to the threshold, then on to the bounds of the steps.
    Size(usize),
    /// What asks for the most, or the fewest.
    Most,
    /// See `Most`.
    Least,
}

impl GroupExplanation {
    /// Units now and then; `None` where something is missing.
    #[must_use]
    pub fn decided(&self) -> Option<(i32, i32)> {
        Some((self.desired?, self.answer.as_ref()?.to))
    }
}

/// A metric that a group reads, with all the names that it may be given by, and the series that read it.
struct Slot {
    names: Vec<String>,
    series: Vec<usize>,
}

/// What a group reads: its capacity, then every metric by its name, its alarms, or the policies that track it.
///
/// # Errors
/// When a policy would be refused.
pub fn group_reader(joined: &Joined) -> Result<Reader, String> {
    let slots = slots(&Aws::of(joined)?, joined);
    let names = std::iter::once(vec![DESIRED.to_owned()]).chain(slots.into_iter().map(|slot| slot.names));
    Ok(Reader { object: (joined.namespace.clone(), joined.resource.clone()), names: names.collect() })
}

fn slots(policy: &Aws, joined: &Joined) -> Vec<Slot> {
    let mut slots: Vec<(Value, String, Slot)> = Vec::new();
    for (index, series) in policy.series().iter().enumerate() {
        let alarms = alarm_names(series).filter_map(|name| joined.alarm(name)).collect::<Vec<_>>();
        let measured = alarms.first().filter(|_| policy.in_own_unit(index)).map(|alarm| {
            let statistic = alarm.extended_statistic.as_ref().or(alarm.statistic.as_ref());
            serde_json::json!([
                alarm.namespace,
                alarm.metric_name,
                statistic,
                alarm.dimensions,
                series.period.as_nanos()
            ])
        });
        let known = measured.as_ref().and_then(|_| alarms.first()?.metric_name.clone());
        let metric = known.or_else(|| series.measure.metric.clone()).unwrap_or_default();
        // Metric math has no name: the alarm's stands for it.
        let own = series.alarm.as_ref().unwrap_or(&series.policy);
        let key = measured.filter(|_| !metric.is_empty()).unwrap_or_else(|| serde_json::json!(own));
        let place = slots.iter().position(|(known, ..)| *known == key).unwrap_or_else(|| {
            slots.push((key, metric.clone(), Slot { names: vec![metric], series: Vec::new() }));
            slots.len() - 1
        });
        let names = &mut slots[place].2.names;
        names.extend(alarm_names(series).map(ToOwned::to_owned));
        names.extend(series.measure.metric.clone());
        if series.alarm.is_none() {
            names.push(series.policy.clone());
        }
        slots[place].2.series.push(index);
    }
    // A name that several metrics have is nobody's.
    let all = slots.iter().map(|(.., slot)| slot.names.iter().cloned().collect::<BTreeSet<_>>()).collect::<Vec<_>>();
    let shared = |name: &String| name.is_empty() || all.iter().filter(|names| names.contains(name)).count() > 1;
    let slots = slots.into_iter().map(|(.., slot)| {
        let mut seen = BTreeSet::new();
        let names = slot.names.into_iter().filter(|name| !shared(name) && seen.insert(name.clone())).collect();
        Slot { names, ..slot }
    });
    slots.collect()
}

fn alarm_names(series: &Series) -> impl Iterator<Item = &str> {
    series.alarm.iter().chain(series.own.iter().flatten()).map(String::as_str)
}

/// Explains a group at `now`, or at the newest time that the texts know of it. `given` are readings in the order of
/// [`group_reader`].
///
/// # Errors
/// When a policy would be refused, a reading is none, or no time is known.
pub fn group(
    joined: &Joined,
    now: Option<Timestamp>,
    given: &[Option<&readings::Reading>],
) -> Result<GroupExplanation, String> {
    let policy = Aws::of(joined)?;
    let at = now.or_else(|| newest(joined)).ok_or("nothing in the texts tells when they were printed: give --now")?;
    let (time, mut gaps) = (instant(at), Vec::new());
    let changes = changes(joined);
    let desired = desired(joined, given.first().copied().flatten(), &mut gaps)?;
    let series = series(&policy, joined, at, given.get(1..).unwrap_or_default())?;
    let warmth = Warmth::of(joined);
    missing(joined, &policy, &changes, &mut gaps);
    let asked = |lean: Lean, now: Instant, mut look: Option<&mut Value>| {
        let points = series.iter().map(|read| read.datapoints(lean)).collect::<Vec<_>>();
        let mut past = policy.told(&points, &changes)?;
        let turn = Turn {
            now,
            desired: desired.map(Replicas),
            warm: &|wait| warmth.at(now, wait).map(Replicas),
            points: &[],
            completed: changes.last().and_then(|change| change.done),
        };
        let pass = policy.turn(&mut past, &turn);
        // How far the next change is takes longer to find than the decision.
        if let Some(outlook) = &mut look {
            **outlook = policy.outlook(&past, &turn);
        }
        Ok::<_, String>(pass)
    };
    let mut explanation = GroupExplanation {
        name: joined.name(),
        now: at,
        given_now: now.is_some(),
        desired,
        capacity: capacity(joined, &policy, &warmth, time),
        idle: idle(joined),
        answer: None,
        why_not: String::new(),
        changes: changes.clone(),
        gaps,
        series: Vec::new(),
        policy: policy.clone(),
    };
    let mut outlook = Value::Null;
    let pass = asked(Lean::Size(0), time, Some(&mut outlook))?;
    let sizes = series.iter().flat_map(|read| &read.alarms).map(|it| it.sizes.len()).max().unwrap_or(0);
    // The fewest and the most units that are possible, by what is not known.
    let possible = |pass: &Pass| {
        let tried = (1..sizes).map(Lean::Size).chain([Lean::Most, Lean::Least]);
        let tried = tried.map(|lean| Ok(asked(lean, pass.at, None)?.to));
        let tried = tried.collect::<Result<Vec<_>, String>>()?;
        Ok::<_, String>(tried.iter().fold((pass.to, pass.to), |(least, most), to| (least.min(*to), most.max(*to))))
    };
    let (least, most) = possible(&pass)?;
    explanation.gaps.extend(unknown(&policy, joined, &series, least == most && desired.is_some()));
    if desired.is_none() {
        explanation.why_not = "the capacity that is asked for is not known".to_owned();
    } else if least != most {
        explanation.why_not = format!("it depends on what the texts do not show: from {least} to {most} are possible");
    } else {
        let (to, because) = allowed(joined, &pass);
        let then = pass.revisit_at.into_iter().chain(warmth.next(time, &policy.waits())).min();
        let next = then.map(|then| asked(Lean::Size(0), then, None)).transpose()?;
        let next = match next {
            Some(next) if possible(&next)? == (next.to, next.to) => Some((next.at, allowed(joined, &next).0)),
            _ => None,
        };
        explanation.answer = Some(Answer { to, because, outlook, next, pass });
    }
    explanation.series = series;
    Ok(explanation)
}

impl SeriesRead {
    /// Whether the answer may depend on what is not known of it.
    fn open(&self) -> bool {
        let alarming = |alarm: &AlarmRead| matches!(alarm.state, Some(AlarmState::Alarm) | None);
        self.newest.is_none() && self.given.is_none() && self.alarms.iter().any(alarming)
    }

    /// The points of its alarms, with stand-ins for what is not known.
    fn datapoints(&self, lean: Lean) -> Vec<Datapoints> {
        // Which alarm stands, of those that nothing tells of.
        let guessed = |alarm: &AlarmRead| match (lean, alarm.alarm.comparison().is_high()) {
            (Lean::Most, true) | (Lean::Least, false) => AlarmState::Alarm,
            _ => AlarmState::Ok,
        };
        let standing =
            self.alarms.iter().find(|it| it.judged.or(it.state).unwrap_or_else(|| guessed(it)) == AlarmState::Alarm);
        let newest = match (self.given, standing) {
            (Some(given), _) => given,
            (None, _) if self.newest.is_some() => self.newest,
            (None, Some(standing)) => Some(standing.breach(lean)),
            (None, None) => match self.alarms.as_slice() {
                [high, low] => Some(f64::midpoint(high.alarm.threshold(), low.alarm.threshold())),
                alarms => alarms.first().map(|it| it.near(false)),
            },
        };
        let points = self.alarms.iter().map(|it| {
            let state = it.judged.or(it.state).unwrap_or_else(|| guessed(it));
            let mut points = it.before();
            if self.given.is_some() || points.last().copied().flatten() != newest {
                points.push(newest);
            }
            Datapoints::told(&it.alarm, &points, state)
        });
        points.collect()
    }
}

impl AlarmRead {
    /// A value that breaches, near the threshold or far beyond it.
    fn breach(&self, lean: Lean) -> f64 {
        let size = match (lean, self.alarm.comparison().is_high()) {
            (Lean::Size(size), _) => self.sizes.get(size).or(self.sizes.last()),
            (Lean::Most, true) | (Lean::Least, false) => self.sizes.last(),
            _ => self.sizes.first(),
        };
        size.copied().unwrap_or_else(|| self.near(true))
    }

    /// The nearest value to the threshold that breaches, or does not.
    fn near(&self, breaches: bool) -> f64 {
        let threshold = self.alarm.threshold();
        let around = [threshold, threshold.next_up(), threshold.next_down()];
        around.into_iter().find(|value| self.alarm.breaches(*value) == breaches).unwrap_or(threshold)
    }

    /// Breaches from the smallest over the bounds of steps to one beyond them all.
    fn sizes(alarm: &Alarm, bounds: &[f64]) -> Vec<f64> {
        const FAR: f64 = 1e12;
        let threshold = alarm.threshold();
        let far = if alarm.comparison().is_high() { threshold + FAR } else { threshold - FAR };
        let around = |bound: f64| [bound, bound.next_up(), bound.next_down()];
        let values = bounds.iter().chain([&0.0]).flat_map(|bound| around(threshold + bound)).chain([far]);
        let mut values = values.filter(|value| alarm.breaches(*value)).collect::<Vec<_>>();
        values.sort_by(|one, other| (one - threshold).abs().total_cmp(&(other - threshold).abs()));
        values
    }

    /// The points before the newest: those that are told, or such as give the state.
    fn before(&self) -> Vec<Option<f64>> {
        if self.fresh {
            return self.points.iter().map(|point| point.value).collect();
        }
        let stand_in = match self.state {
            Some(AlarmState::Alarm) => Some(self.near(true)),
            Some(AlarmState::Ok) => Some(self.near(false)),
            Some(AlarmState::Insufficient) | None => None,
        };
        vec![stand_in; self.alarm.datapoints().1 as usize]
    }
}

/// What the texts and the readings tell of every metric.
fn series(
    policy: &Aws,
    joined: &Joined,
    now: Timestamp,
    given: &[Option<&readings::Reading>],
) -> Result<Vec<SeriesRead>, String> {
    let slots = slots(policy, joined);
    let reading = |index: usize| {
        let slot = slots.iter().position(|slot| slot.series.contains(&index))?;
        let given = given.get(slot).copied().flatten()?;
        Some(given.value.map(|value| readings::milli(value).0 as f64 / 1e3))
    };
    let series = policy.series().iter().enumerate().map(|(index, series)| {
        let names = match &series.alarm {
            Some(name) => vec![Some(name)],
            None => series.own.iter().map(Option::as_ref).collect(),
        };
        let own_unit = policy.in_own_unit(index);
        let given = reading(index);
        let bounds = policy.step_bounds(index);
        let alarms = policy.alarms_of(index).into_iter().zip(names).map(|(alarm, name)| {
            let printed = joined.alarms.iter().find(|it| Some(&it.it.alarm_name) == name);
            let told =
                AlarmRead { name: name.cloned(), sizes: AlarmRead::sizes(&alarm, &bounds), ..AlarmRead::of(alarm) };
            match printed {
                Some(printed) => told.printed(printed, now, own_unit),
                None => Ok(told),
            }
        });
        let mut alarms = alarms.collect::<Result<Vec<_>, _>>()?;
        let fresh = alarms.iter().filter(|it| it.fresh).filter_map(|it| it.points.last());
        let newest = fresh.max_by_key(|point| point.at).and_then(|point| point.value);
        for it in &mut alarms {
            // A state that nobody told of is not judged from one point.
            it.judged = given.filter(|_| it.state.is_some()).map(|given| {
                let mut points = Datapoints::told(&it.alarm, &it.before(), it.state.unwrap_or_default());
                points.push(&it.alarm, given);
                points.state()
            });
        }
        Ok(SeriesRead { alarms, given, newest })
    });
    series.collect()
}

/// What is not known of the metrics; `certain`: the answer is the same for all values.
fn unknown(policy: &Aws, joined: &Joined, series: &[SeriesRead], certain: bool) -> Vec<String> {
    let slots = slots(policy, joined);
    let unknown = policy.series().iter().zip(series).enumerate().filter_map(|(index, (series, read))| {
        let of = &series.policy;
        if read.alarms.iter().any(|it| it.state.is_none()) {
            return Some(format!(
                "the states of the alarms of {of}: no text has them (aws cloudwatch describe-alarms prints them)"
            ));
        }
        let stands = read.alarms.iter().find(|it| it.state == Some(AlarmState::Alarm)).filter(|_| read.open())?;
        let slot = slots.iter().find(|slot| slot.series.contains(&index));
        let name = slot.and_then(|slot| slot.names.first()).map_or("NAME", String::as_str);
        let last = stands.points.last().map_or_else(String::new, |point| format!(", {}", point.at));
        let same = if certain { "; the answer is the same for all" } else { "" };
        Some(format!(
            "the present value that {of} reads: an alarm has the points of its last update only{last}{same}. --reading \
             {name}=VALUE gives it"
        ))
    });
    unknown.collect()
}

impl AlarmRead {
    /// Nothing is told of it.
    const fn of(alarm: Alarm) -> Self {
        let (name, state, since, judged) = (None, None, None, None);
        Self { name, alarm, state, since, points: Vec::new(), fresh: false, sizes: Vec::new(), judged }
    }

    fn printed(self, printed: &Placed<aws::Alarm>, now: Timestamp, own_unit: bool) -> Result<Self, String> {
        let Placed { at, it } = printed;
        let state = match it.state_value.as_deref() {
            None => None,
            Some("OK") => Some(AlarmState::Ok),
            Some("ALARM") => Some(AlarmState::Alarm),
            Some("INSUFFICIENT_DATA") => Some(AlarmState::Insufficient),
            Some(other) => {
                return Err(format!("{at}.StateValue is {other:?}: must be OK, ALARM or INSUFFICIENT_DATA"));
            }
        };
        let points = if own_unit { it.points() } else { Vec::new() };
        let updated = it.state_updated_timestamp.map(|time| instant(time.0));
        let ended = points.last().map(|point| instant(point.at) + self.alarm.period());
        // A state is updated when it changes, and may have newer points since; within two periods it hardly has.
        let age = ended.map(|ended| instant(now).since(updated.map_or(ended, |updated| updated.max(ended))));
        let fresh = age.is_some_and(|age| age.as_nanos() < self.alarm.period().as_nanos().saturating_mul(2));
        let since = it.state_transitioned_timestamp.or(it.state_updated_timestamp).map(|time| time.0);
        Ok(Self { state, since, points, fresh, ..self })
    }
}

/// The newest time that the texts know of a group.
fn newest(joined: &Joined) -> Option<Timestamp> {
    let alarms = joined.alarms.iter().flat_map(|alarm| {
        let it = &alarm.it;
        [it.state_updated_timestamp, it.state_transitioned_timestamp].into_iter().flatten()
    });
    let activities = joined.activities.iter().flatten().flat_map(|it| [it.start_time, it.end_time]).flatten();
    alarms.chain(activities).map(|time| time.0).max()
}

/// The capacity that is asked for: as given, of the group, or what the last activity set.
fn desired(joined: &Joined, given: Option<&readings::Reading>, gaps: &mut Vec<String>) -> Result<Option<i32>, String> {
    if let Some(given) = given {
        let value = given.value.map(|value| readings::milli(value).0).filter(|milli| *milli >= 0 && milli % 1_000 == 0);
        let value = value.and_then(|milli| i32::try_from(milli / 1_000).ok());
        return value.map(Some).ok_or_else(|| format!("--reading {DESIRED}: must be a whole number of units"));
    }
    if let Some(desired) = joined.group.as_ref().and_then(|group| group.it.desired_capacity) {
        return Ok(Some(desired));
    }
    if joined.of_ec2() {
        gaps.push(
            "the capacity that is asked for: DesiredCapacity is missing, --reading desired=N gives it".to_owned(),
        );
        return Ok(None);
    }
    let set = newest_first(joined).into_iter().find_map(Activity::set);
    gaps.push(match set {
        Some(set) => format!(
            "the capacity that is asked for: a scalable target does not tell, and {set} is what its last activity set. \
             --reading desired=N gives another one"
        ),
        None => {
            "the capacity that is asked for: a scalable target does not tell, and no activity of these texts set one; \
                 --reading desired=N gives it"
                .to_owned()
        }
    });
    Ok(set)
}

/// Activities that came to something, or go on.
fn newest_first(joined: &Joined) -> Vec<&Activity> {
    let all = joined.activities.iter().flatten().filter(|it| !it.failed() && it.start_time.is_some());
    let mut all = all.collect::<Vec<_>>();
    all.sort_by_key(|it| std::cmp::Reverse(it.start_time));
    all
}

/// What policies did, oldest first.
fn changes(joined: &Joined) -> Vec<Change> {
    let mut changes: Vec<Change> = Vec::new();
    let mut activities = newest_first(joined);
    activities.reverse();
    let (mut capacity, mut open) = (None, false);
    for activity in activities {
        let done = activity.end_time.map(|time| instant(time.0));
        let before = if let Some(set) = activity.set() { capacity.replace(set) } else { None };
        let Some(cause) = activity.cause() else { continue };
        let started = activity.start_time.map(|time| time.0);
        let (Some(at), Some((from, to))) = (cause.at.or(started), cause.change.or(before.zip(capacity))) else {
            continue;
        };
        let at = instant(at);
        // Every instance has its own activity.
        match changes.last_mut().filter(|last| last.at == at && last.policy == cause.policy) {
            Some(last) => {
                open |= done.is_none();
                last.done = if open { None } else { last.done.max(done) };
            }
            None => {
                open = done.is_none();
                changes.push(Change { policy: cause.policy.to_owned(), from, to, at, done });
            }
        }
    }
    changes
}

/// Since when units are in service.
struct Warmth {
    /// `None`: no text tells of the units.
    units: Option<Vec<(i32, Option<Instant>)>>,
}

impl Warmth {
    fn of(joined: &Joined) -> Self {
        let instances = joined.group.as_ref().and_then(|group| group.it.instances.as_ref());
        let launched = |instance: &Instance| {
            let of = |it: &&Activity| it.launched() == Some(&instance.instance_id);
            joined.activities.iter().flatten().find(of)
        };
        let units = instances.map(|instances| {
            let in_service = instances.iter().filter(|it| it.lifecycle_state == "InService");
            // One whose launch nothing tells of was launched long ago.
            let since =
                |it: &Instance| launched(it).map(|launch| launch.end_time.map_or(Instant::MAX, |end| instant(end.0)));
            in_service.map(|it| (it.weight(), since(it))).collect()
        });
        Self { units }
    }

    /// Units that have been in service for `wait`.
    fn at(&self, now: Instant, wait: Span) -> Option<i32> {
        let warm = self.units.as_ref()?.iter().filter(|(_, since)| since.is_none_or(|since| since + wait <= now));
        Some(warm.fold(0, |sum: i32, (weight, _)| sum.saturating_add(*weight)))
    }

    /// When the next unit has warmed up, by any of these times.
    fn next(&self, now: Instant, waits: &[Span]) -> Option<Instant> {
        let since = self.units.iter().flatten().filter_map(|(_, since)| *since).filter(|since| *since < Instant::MAX);
        since.flat_map(|since| waits.iter().map(move |wait| since + *wait)).filter(|then| *then > now).min()
    }
}

/// The units in words.
fn capacity(joined: &Joined, policy: &Aws, warmth: &Warmth, now: Instant) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some(instances) = joined.group.as_ref().and_then(|group| group.it.instances.as_ref()) {
        let mut states = std::collections::BTreeMap::<&str, usize>::new();
        for instance in instances {
            *states.entry(&instance.lifecycle_state).or_default() += 1;
        }
        let states = states.into_iter().map(|(state, count)| format!("{count} {state}")).collect::<Vec<_>>();
        let sick = instances.iter().filter(|it| !matches!(it.health_status.as_str(), "" | "Healthy"));
        let sick = sick.map(|it| format!("; {} is {}", it.instance_id, it.health_status)).collect::<String>();
        let states = if states.is_empty() { "none".to_owned() } else { states.join(", ") };
        lines.push(format!("instances: {states}{sick}"));
    }
    if policy.warms_up() {
        for wait in policy.waits() {
            if let Some(warm) = warmth.at(now, wait) {
                lines.push(format!("{warm} have warmed up: in service for {wait} or more"));
            }
        }
    }
    lines
}

/// What cannot act.
fn idle(joined: &Joined) -> Vec<String> {
    let mut lines = Vec::new();
    for policy in joined.policies.iter().filter(|policy| policy.it.enabled == Some(false)) {
        lines.push(format!("{} is not Enabled", policy.it.policy_name));
    }
    let tracks = |it: &ScalingPolicy| it.policy_type.as_deref() == Some("TargetTrackingScaling");
    for Placed { it, .. } in joined.policies.iter().filter(|policy| !tracks(&policy.it)) {
        if it.policy_arn.is_some() && !joined.alarms.iter().any(|alarm| aws::invokes(&alarm.it, it)) {
            lines.push(format!("{} has no alarm: only execute-policy invokes it", it.policy_name));
        }
    }
    for alarm in joined.alarms.iter().filter(|alarm| alarm.it.actions_enabled == Some(false)) {
        lines.push(format!("{} has not ActionsEnabled: it invokes nothing", alarm.it.alarm_name));
    }
    lines.extend(suspended(joined).map(|name| format!("{name} is suspended")));
    lines
}

fn suspended(joined: &Joined) -> impl Iterator<Item = &str> {
    let group = joined.group.as_ref().map(|group| &group.it);
    let processes = group.into_iter().flat_map(|it| &it.suspended_processes).map(|it| it.process_name.as_str());
    let state = group.and_then(|it| it.suspended_state).unwrap_or_default();
    let dynamic = [
        ("DynamicScalingIn", state.dynamic_scaling_in_suspended),
        ("DynamicScalingOut", state.dynamic_scaling_out_suspended),
    ];
    processes.chain(dynamic.into_iter().filter(|(_, suspended)| *suspended).map(|(name, _)| name))
}

/// What is left of a decision where something is suspended, and the reason.
fn allowed(joined: &Joined, pass: &Pass) -> (i32, String) {
    let (from, to) = (pass.from.0, pass.to.0);
    let holds = |name: &&str| match *name {
        "AlarmNotification" => to != from,
        "DynamicScalingIn" => to < from,
        "DynamicScalingOut" => to > from,
        _ => false,
    };
    match suspended(joined).find(holds) {
        None => (to, pass.reason.clone()),
        Some(name) => (from, format!("{name} is suspended; else {to}: {}", pass.reason)),
    }
}

/// What the texts do not show.
fn missing(joined: &Joined, policy: &Aws, changes: &[Change], gaps: &mut Vec<String>) {
    if joined.activities.is_none() {
        let command = if joined.of_ec2() { "autoscaling" } else { "application-autoscaling" };
        let waits =
            if policy.warms_up() { "its instances are taken to be warm" } else { "no cooldown is taken to run" };
        gaps.push(format!(
            "what was done last, and when: no text has it (aws {command} describe-scaling-activities prints it); {waits}"
        ));
    } else if changes.is_empty() {
        gaps.push(
            "a change that a policy made: the activities of these texts have none, so nothing waits for one".to_owned(),
        );
    }
    gaps.extend(joined.notes.iter().cloned());
    for policy in &joined.predictive {
        let name = &policy.it.policy_name;
        gaps.push(format!("what {name} forecasts: predictive scaling may ask for more than the others"));
    }
}
