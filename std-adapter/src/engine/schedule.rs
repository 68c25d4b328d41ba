//! Bounds and capacity by the calendar: entries with time zones by name, and in a simulation with a date.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use plimsoll_core::constrain::Bounds;
use plimsoll_core::error::ConfigError;
use plimsoll_core::schedule::{Action, Cron, Decision, Entry, History, Observation, Overlap, Schedule, Step, Window};
use plimsoll_core::trace::Each;
use plimsoll_core::units::{Instant, Replicas, Span};
use serde::Deserialize;
use serde_json::Value;

use super::instant;
use crate::simulate::run::{MetricReading, Sync};
use crate::simulate::{Scaler, Seen};

/// A schedule with its zones.
#[derive(Clone, Debug)]
pub struct Calendar {
    bounds: Bounds,
    overlap: Overlap,
    entries: Vec<Entry>,
    zones: Vec<TimeZone>,
    starts_at: Option<Timestamp>,
}

/// A schedule as it is written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Spec {
    min_replicas: i32,
    max_replicas: i32,
    /// Of all entries that name none; UTC when absent.
    #[serde(default)]
    time_zone: Option<String>,
    /// The moment of a scenario's first second.
    #[serde(default)]
    starts_at: Option<Timestamp>,
    #[serde(default)]
    overlap: OverlapIn,
    entries: Vec<EntryIn>,
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum OverlapIn {
    #[default]
    Combine,
    Profile,
}

/// A window, from `start` to `end` or for `duration_s`; or an action, `at` a cron expression or a moment.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct EntryIn {
    start: Option<String>,
    end: Option<String>,
    duration_s: Option<u32>,
    at: Option<String>,
    /// Of an action that recurs: neither before nor after these.
    not_before: Option<Timestamp>,
    not_after: Option<Timestamp>,
    min: Option<i32>,
    max: Option<i32>,
    desired: Option<i32>,
    time_zone: Option<String>,
}

impl Calendar {
    /// From its section in another text, where `root` is its name.
    ///
    /// # Errors
    /// The first field that does not fit.
    pub fn inline(given: &Value, root: &str) -> Result<Self, String> {
        let spec: Spec = super::inline(given, root)?;
        let bounds = Bounds::new(spec.min_replicas, spec.max_replicas).map_err(|error| format!("{root}: {error}"))?;
        let (mut entries, mut zones) = (Vec::new(), Vec::new());
        for (index, entry) in spec.entries.iter().enumerate() {
            let at = format!("{root}.entries[{index}]");
            let zone = entry.time_zone.as_deref().or(spec.time_zone.as_deref()).unwrap_or("UTC");
            zones.push(TimeZone::get(zone).map_err(|_| format!("{at}: time_zone {zone:?} is not known"))?);
            let number =
                u16::try_from(index).map_err(|_| format!("{root}.entries has {} entries", spec.entries.len()))?;
            entries.push(entry.read().map_err(|error| format!("{at}: {error}"))?.in_zone(number));
        }
        let overlap = match spec.overlap {
            OverlapIn::Combine => Overlap::Combine,
            OverlapIn::Profile => Overlap::Profile,
        };
        let calendar = Self { bounds, overlap, entries, zones, starts_at: spec.starts_at };
        Schedule::new(bounds, &calendar.entries).map_err(|error| format!("{root}: {error}"))?;
        Ok(calendar)
    }

    /// Decides at a moment since the Unix epoch.
    pub fn decide(
        &self,
        history: &mut History,
        now: Instant,
        current: Option<Replicas>,
        mut each: impl FnMut(&Step),
    ) -> Decision {
        let offset = |zone: u16, unix: i64| {
            let zone = self.zones.get(usize::from(zone));
            let at = Timestamp::from_second(unix);
            zone.zip(at.ok()).map_or(0, |(zone, at)| zone.to_offset(at).seconds())
        };
        let seen = Observation { now, current, offset: &offset };
        match Schedule::new(self.bounds, &self.entries) {
            Ok(schedule) => {
                schedule.with_overlap(self.overlap).decide(history, &seen, &mut Each(|step: &Step| each(step)))
            }
            Err(error) => unreachable!("built before: {error}"),
        }
    }

    /// Says that the number that an action asked for was written.
    pub fn applied(&self, history: &mut History) {
        if let Ok(schedule) = Schedule::new(self.bounds, &self.entries) {
            schedule.applied(history);
        }
    }

    /// `schedule of 3 entries`
    #[must_use]
    pub fn metric_line(&self) -> String {
        match self.entries.len() {
            1 => "schedule of 1 entry".to_owned(),
            entries => format!("schedule of {entries} entries"),
        }
    }
}

impl EntryIn {
    fn read(&self) -> Result<Entry, String> {
        let told = |error: ConfigError| error.to_string();
        let cron = |name: &str, text: &str| {
            // Five fields, or six with a year.
            let read = if text.split_whitespace().count() > 5 { Cron::with_year(text) } else { Cron::new(text) };
            read.map_err(|error| format!("{name} is {text:?}: {error}"))
        };
        let moment = |text: &str| text.parse::<Timestamp>().ok().map(instant);
        if let Some(at) = &self.at {
            if self.start.is_some() || self.end.is_some() || self.duration_s.is_some() {
                return Err("at makes an action, start and end a window: give one of them".to_owned());
            }
            let action = match moment(at) {
                Some(moment) => Action::once(moment),
                None => Action::recurring(cron("at", at)?)
                    .between(self.not_before.map(instant), self.not_after.map(instant))
                    .map_err(told)?,
            };
            return action.sets(self.min, self.max, self.desired).map(Entry::action).map_err(told);
        }
        if self.desired.is_some() {
            return Err("desired belongs to an action, which has at".to_owned());
        }
        let start = self.start.as_deref().ok_or("at or start is missing")?;
        let window = match (self.end.as_deref(), self.duration_s) {
            (Some(end), None) => match (moment(start), moment(end)) {
                (Some(start), Some(end)) => Window::dates(start, end).map_err(told)?,
                _ => Window::nomad(cron("start", start)?, cron("end", end)?),
            },
            (None, Some(seconds)) => {
                Window::lasting(cron("start", start)?, Span::from_secs(u64::from(seconds))).map_err(told)?
            }
            _ => return Err("a window has either end or duration_s".to_owned()),
        };
        window.bounds(self.min, self.max).map(Entry::window).map_err(told)
    }
}

/// Keeps a simulated workload within the bounds of the calendar.
pub(super) struct Player {
    calendar: Calendar,
    history: History,
    starts_at: Instant,
}

impl Player {
    /// # Errors
    /// When the scenario has no date.
    pub(super) fn new(calendar: Calendar, root: &str) -> Result<Self, String> {
        let starts_at = calendar.starts_at.map(instant);
        let starts_at =
            starts_at.ok_or_else(|| format!("{root}.starts_at is missing: the date of the first second"))?;
        Ok(Self { calendar, history: History::default(), starts_at })
    }
}

impl Player {
    /// What the calendar says: a sync, the bounds of the moment, and the number that an action asks for.
    pub(super) fn look(&mut self, seen: &Seen<'_>) -> (Sync, (Replicas, Replicas), Option<Replicas>) {
        let now = Instant::from_nanos(self.starts_at.as_nanos().saturating_add(seen.now));
        let mut steps = Vec::new();
        let current = Some(Replicas(seen.spec_replicas));
        let decision = self.calendar.decide(&mut self.history, now, current, |step| steps.push(step.to_string()));
        let detail = &decision.detail;
        let since_start = |at: Instant| Instant::from_nanos(at.as_nanos().saturating_sub(self.starts_at.as_nanos()));
        let sync = Sync {
            at_s: 0,
            from: decision.from.0,
            to: decision.to.0,
            readings: vec![MetricReading {
                metric: "schedule".to_owned(),
                read: format!("{} to {} allowed", detail.min, detail.max),
                asks: Some(decision.to.0),
            }],
            asked: Some(decision.to.0),
            reason: decision.last_word.to_string(),
            steps,
            conditions: Vec::new(),
            revisit_at_s: super::second_of(decision.revisit_at.map(since_start)),
        };
        (sync, (detail.min, detail.max), detail.desired)
    }
}

impl Scaler for Player {
    fn bounds(&self) -> (i32, Option<i32>) {
        (self.calendar.bounds.min().0, Some(self.calendar.bounds.max().0))
    }

    fn metrics(&self) -> Vec<String> {
        vec![self.calendar.metric_line()]
    }

    fn sync(&mut self, seen: &Seen<'_>) -> Sync {
        self.look(seen).0
    }

    fn applied(&mut self, _: i64, _: i32, _: i32) {
        self.calendar.applied(&mut self.history);
    }
}
