//! A scaling policy of the Nomad Autoscaler: as Nomad's API prints it, and its evaluations in a simulation.

mod player;
mod read;

use plimsoll_core::constrain::Bounds;
use plimsoll_core::error::ConfigError;
use plimsoll_core::schedule::{self, Entry, Schedule};
use plimsoll_core::step::nomad::{
    Check, Decision, History, Mended, Observation, OnError, Outlook, Reading, ScalingPolicy, Step,
};
use plimsoll_core::trace::Each;
use plimsoll_core::units::{Instant, Replicas, Span};

pub(super) use player::Player;

/// A scaling policy with the queries of its checks.
#[derive(Clone, Debug)]
pub struct NomadPolicy {
    bounds: Bounds,
    checks: Vec<Check>,
    queries: Vec<Query>,
    cooldown: Span,
    cooldown_on_scale_up: Option<Span>,
    evaluation_interval: Span,
    on_check_error: OnError,
    enabled: bool,
    dry_run: bool,
    mended: Mended,
    schedule: Option<Entry>,
    /// Of a scenario: the moment of its first second.
    starts_at: Option<Instant>,
}

/// What a check asks a source for.
#[derive(Clone, Debug)]
struct Query {
    /// The check's name.
    check: String,
    /// What it does, in a few words: `avg_cpu at 70`.
    about: String,
    source: String,
    query: String,
    /// `None` asks for one moment.
    window: Option<Span>,
    offset: Span,
    schedule: Option<Entry>,
}

/// One turn of a policy.
#[derive(Clone, Copy, Debug)]
pub struct Turn<'a> {
    /// The time, from the Unix epoch where a schedule is to be known.
    pub now: Instant,
    /// Instances that the target asks for; `None` when they could not be read.
    pub count: Option<Replicas>,
    /// Whether the target may be scaled.
    pub ready: bool,
    /// The points of every check, in order; `None` when its query failed.
    pub points: &'a [Option<Vec<f64>>],
}

/// What a policy said.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The decision.
    pub decision: Decision,
    /// Every step.
    pub steps: Vec<Step>,
    /// What of each check would change the answer.
    pub outlook: Vec<Option<Outlook>>,
    /// When time alone could change the answer: cooldowns and schedules.
    pub revisit_at: Option<Instant>,
}

impl NomadPolicy {
    fn build<R>(&self, run: impl FnOnce(&ScalingPolicy<'_>) -> R) -> Result<R, ConfigError> {
        let policy = ScalingPolicy::new(self.bounds, &self.checks)?
            .with_cooldown(self.cooldown, self.cooldown_on_scale_up)
            .with_on_check_error(self.on_check_error)
            .with_enabled(self.enabled)
            .with_dry_run(self.dry_run)
            .with_mended(self.mended);
        Ok(run(&policy))
    }

    /// Lends the core's policy.
    ///
    /// # Panics
    /// Never: the same was built once when this was made.
    pub fn with<R>(&self, run: impl FnOnce(&ScalingPolicy<'_>) -> R) -> R {
        match self.build(run) {
            Ok(result) => result,
            Err(error) => unreachable!("built before: {error}"),
        }
    }

    /// The bounds.
    #[must_use]
    pub const fn bounds(&self) -> Bounds {
        self.bounds
    }

    /// The checks' names, in their order.
    #[must_use]
    pub fn names(&self) -> Vec<&str> {
        self.queries.iter().map(|query| query.check.as_str()).collect()
    }

    /// The checks, one line each: `cpu, avg_cpu at 70`.
    #[must_use]
    pub fn metric_lines(&self) -> Vec<String> {
        self.queries.iter().map(|query| format!("{}, {}", query.check, query.about)).collect()
    }

    /// Decides one evaluation.
    pub fn decide(&self, past: &mut History, turn: &Turn<'_>) -> Answer {
        let now = turn.now;
        let mut revisit_at = None;
        let mut on = |entry: Option<&Entry>| {
            let Some((open, next)) = entry.map(|entry| open(entry, now)) else { return true };
            revisit_at = earlier(revisit_at, next);
            open
        };
        let on_schedule = on(self.schedule.as_ref());
        let checks = self.queries.iter().enumerate().map(|(index, query)| {
            let points = turn.points.get(index).and_then(Option::as_deref);
            if on(query.schedule.as_ref()) {
                points.map_or(Reading::Failed, Reading::Points)
            } else {
                Reading::OffSchedule
            }
        });
        let readings = checks.collect::<Vec<_>>();
        let seen = Observation { now, count: turn.count, ready: turn.ready, on_schedule, readings: &readings };
        let mut steps = Vec::new();
        self.with(|policy| {
            let decision = policy.decide(past, &seen, &mut Each(|step: &Step| steps.push(*step)));
            let decides = self.enabled && on_schedule && turn.ready;
            let outlook = (0..self.checks.len()).map(|check| policy.outlook(check, &seen).filter(|_| decides));
            let outlook = outlook.collect();
            Answer { decision, steps, outlook, revisit_at: earlier(revisit_at, decision.revisit_at) }
        })
    }

    /// What was decided was submitted to the target: the cooldown begins.
    pub fn applied(&self, past: &mut History, decision: &Decision) {
        self.with(|policy| policy.applied(past, decision));
    }

    /// Whether anything of it depends on the date.
    fn has_schedule(&self) -> bool {
        self.schedule.is_some() || self.queries.iter().any(|query| query.schedule.is_some())
    }
}

/// Whether a window is open, and when that may change.
fn open(entry: &Entry, now: Instant) -> (bool, Option<Instant>) {
    let seen = schedule::Observation::utc(now, Replicas(0));
    let entries = [*entry];
    match Schedule::new(Bounds::ONE, &entries) {
        Ok(schedule) => {
            let decision = schedule.decide(&mut schedule::History::default(), &seen, &mut ());
            (decision.detail.open != 0, schedule.next_change(&seen))
        }
        Err(error) => unreachable!("built before: {error}"),
    }
}

fn earlier(one: Option<Instant>, other: Option<Instant>) -> Option<Instant> {
    one.into_iter().chain(other).min()
}
