//! The policy, what it looks at, and how it decides.

use core::cmp::Reverse;

use super::history::{History, Scaled};
use super::step::{Step, Why};
use super::strategy::{Proposal, Strategy};
use crate::constrain::{Bounds, Direction};
use crate::decision::{self, Draft};
use crate::error::{ConfigError, Problem};
use crate::trace::Trace;
use crate::units::{Instant, Replicas, Span};

/// One check of a policy.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Check {
    strategy: Strategy,
    group: u16,
    on_error: Option<OnError>,
}

/// What a check that fails means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum OnError {
    /// The check is left out. Upstream's default.
    #[default]
    Ignore,
    /// The evaluation ends.
    Fail,
}

impl Check {
    /// In no group, and with the policy's `on_check_error`.
    #[must_use]
    pub const fn new(strategy: Strategy) -> Self {
        Self { strategy, group: 0, on_error: None }
    }

    /// In a group of correlated checks; 0 is none.
    #[must_use]
    pub const fn in_group(self, group: u16) -> Self {
        Self { group, ..self }
    }

    /// Its own `on_error`.
    #[must_use]
    pub const fn with_on_error(self, on_error: OnError) -> Self {
        Self { on_error: Some(on_error), ..self }
    }

    /// Its strategy.
    #[must_use]
    pub const fn strategy(&self) -> &Strategy {
        &self.strategy
    }

    /// Its group; 0 is none.
    #[must_use]
    pub const fn group(&self) -> u16 {
        self.group
    }
}

/// Known defects of upstream answered better. All off by default.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Mended {
    /// `on_error` and `on_check_error` also speak of a query that fails, as Nomad documents it, and as its Autoscaler
    /// did up to 0.4.7: an ignored check is left out. Since then it ends the evaluation.
    pub errors_as_documented: bool,
    /// A number of instances outside the bounds is brought inside by every evaluation that asks for no change.
    pub bounds_always: bool,
    /// A check that asks for −1 is cut to the bounds like any other. Upstream takes it for a dry run.
    pub caps_minus_one: bool,
}

/// A scaling policy of the Nomad Autoscaler.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ScalingPolicy<'a> {
    bounds: Bounds,
    checks: &'a [Check],
    cooldown: Span,
    cooldown_on_scale_up: Option<Span>,
    on_check_error: OnError,
    enabled: bool,
    dry_run: bool,
    mended: Mended,
}

/// What the query of one check gave.
#[derive(Clone, Copy, Debug, PartialEq, Default)]
pub enum Reading<'a> {
    /// The points of its window, oldest first. None at all is the same as a failure.
    Points(&'a [f64]),
    /// It failed.
    #[default]
    Failed,
    /// The check is outside its schedule: it has no say.
    OffSchedule,
}

/// What a scaling policy looks at.
#[derive(Clone, Copy, Debug)]
pub struct Observation<'a> {
    /// The time.
    pub now: Instant,
    /// The number of instances that the target asks for; `None` when it could not be read.
    pub count: Option<Replicas>,
    /// Whether the target says that it may be scaled.
    pub ready: bool,
    /// Whether the policy is within its schedule; true where it has none.
    pub on_schedule: bool,
    /// One reading for each check, in order; those that are missing failed.
    pub readings: &'a [Reading<'a>],
}

impl Default for Observation<'_> {
    fn default() -> Self {
        Self { now: Instant::default(), count: None, ready: true, on_schedule: true, readings: &[] }
    }
}

/// A decision of a scaling policy.
pub type Decision = decision::Decision<Step, Detail>;

/// What else a scaling policy knows of a decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Detail {
    /// Number of the check that decides; `None` when none has a say.
    pub check: Option<u16>,
    /// Instances that the checks ask for, within the bounds, whether or not a cooldown holds them; as many as there are
    /// when they ask for no change, `None` when none has a say or a failure ended the evaluation.
    pub asked: Option<Replicas>,
    /// The direction of what upstream would submit to the target, also in a dry run that changes nothing: then call
    /// [`ScalingPolicy::applied`].
    pub submits: Option<Direction>,
    /// The moment of the decision.
    pub at: Instant,
}

/// What a check asks for, within the bounds.
#[derive(Clone, Copy)]
pub(super) struct Action {
    pub(super) check: usize,
    pub(super) direction: Option<Direction>,
    /// Within the bounds; but upstream's mark of a dry run is left as it is.
    pub(super) count: i64,
    asked: i64,
}

/// What an evaluation of the checks comes to.
pub(super) enum Outcome {
    /// A check failed, and that ends the evaluation.
    Ended,
    /// No check has a say.
    Silent,
    /// This check decides; and whether any would scale in.
    Winner(Action, bool),
}

impl<'a> ScalingPolicy<'a> {
    /// `cooldown` where nothing is said.
    pub const DEFAULT_COOLDOWN: Span = Span::from_secs(300);

    /// `evaluation_interval` where nothing is said: the host's business.
    pub const DEFAULT_EVALUATION_INTERVAL: Span = Span::from_secs(10);

    /// `query_window` of a check where nothing is said: the host's business.
    pub const DEFAULT_QUERY_WINDOW: Span = Span::from_secs(60);

    /// The most checks.
    pub const MOST_CHECKS: usize = 64;

    /// With upstream's defaults: enabled, a cooldown of 5 minutes in both directions.
    ///
    /// # Errors
    /// When there is no check, or more than 64.
    pub const fn new(bounds: Bounds, checks: &'a [Check]) -> Result<Self, ConfigError> {
        if checks.is_empty() {
            return Err(ConfigError::new("checks", 0, Problem::Empty));
        }
        if checks.len() > Self::MOST_CHECKS {
            return Err(ConfigError::new("checks", checks.len() as i64, Problem::AtMost(Self::MOST_CHECKS as i64)));
        }
        Ok(Self {
            bounds,
            checks,
            cooldown: Self::DEFAULT_COOLDOWN,
            cooldown_on_scale_up: None,
            on_check_error: OnError::Ignore,
            enabled: true,
            dry_run: false,
            mended: Mended { errors_as_documented: false, bounds_always: false, caps_minus_one: false },
        })
    }

    /// So long nothing is scaled after a scaling; `on_scale_up` after one up, where it differs.
    #[must_use]
    pub const fn with_cooldown(self, cooldown: Span, on_scale_up: Option<Span>) -> Self {
        Self { cooldown, cooldown_on_scale_up: on_scale_up, ..self }
    }

    /// `on_check_error`: what a failing check means that says nothing itself.
    #[must_use]
    pub const fn with_on_check_error(self, on_check_error: OnError) -> Self {
        Self { on_check_error, ..self }
    }

    /// Whether it decides at all.
    #[must_use]
    pub const fn with_enabled(self, enabled: bool) -> Self {
        Self { enabled, ..self }
    }

    /// `dry-run` of its target: decides and cools down, but changes nothing.
    #[must_use]
    pub const fn with_dry_run(self, dry_run: bool) -> Self {
        Self { dry_run, ..self }
    }

    /// Known defects of upstream answered better.
    #[must_use]
    pub const fn with_mended(self, mended: Mended) -> Self {
        Self { mended, ..self }
    }

    /// The bounds.
    #[must_use]
    pub const fn bounds(&self) -> Bounds {
        self.bounds
    }

    /// The checks.
    #[must_use]
    pub const fn checks(&self) -> &'a [Check] {
        self.checks
    }

    /// The cooldown after a scaling in a direction.
    #[must_use]
    pub fn cooldown(&self, direction: Direction) -> Span {
        match direction {
            Direction::Up => self.cooldown_on_scale_up.unwrap_or(self.cooldown),
            Direction::Down => self.cooldown,
        }
    }

    /// Decides one evaluation. O(points + checks²).
    pub fn decide(&self, history: &mut History, seen: &Observation<'_>, trace: &mut impl Trace<Step>) -> Decision {
        let now = seen.now;
        let count = seen.count.map_or(0, |count| count.0);
        let mut draft = Draft::new(count, Step::NoSay, trace);
        let mut detail = Detail { check: None, asked: None, submits: None, at: now };
        if let Some(last) = history.see(now) {
            draft.note(Step::ClockWentBack { last, now });
        }
        let idle = match seen.count {
            _ if !self.enabled => Some(Step::Disabled),
            _ if !seen.on_schedule => Some(Step::OffSchedule),
            None => Some(Step::CountUnread),
            Some(_) if !seen.ready => Some(Step::TargetNotReady),
            Some(_) => None,
        };
        if let Some(step) = idle {
            draft.set(count, step);
            return draft.decide(detail);
        }
        let outcome = self.evaluate(seen, None, &mut |step, decides| {
            if decides { draft.set(count, step) } else { draft.note(step) }
        });
        if matches!(outcome, Outcome::Ended) {
            return draft.decide(detail);
        }
        let change = self.change(outcome, &mut draft, &mut detail);
        detail.asked = change.map(|(_, to)| Replicas(to)).or(seen.count.filter(|_| detail.check.is_some()));
        let Some((direction, to)) = change else { return draft.decide(detail) };
        if let Some(scaled) = history.scaled.filter(|scaled| now <= scaled.until()) {
            let until = scaled.until();
            draft.revisit(Some(until.next()));
            draft.set(count, Step::CoolingDown { asked: Replicas(to), after: scaled.direction, until });
            return draft.decide(detail);
        }
        detail.submits = Some(direction);
        if self.dry_run && to != count {
            draft.set(count, Step::DryRun { to: Replicas(to) });
        }
        draft.decide(detail)
    }

    /// The direction and the number that an outcome asks for, unless it asks for what is there.
    fn change<T: Trace<Step>>(
        &self,
        outcome: Outcome,
        draft: &mut Draft<'_, Step, T>,
        detail: &mut Detail,
    ) -> Option<(Direction, i32)> {
        let count = draft.from();
        if let Outcome::Winner(action, opposed) = outcome {
            let check = number(action.check);
            detail.check = Some(check);
            match action.direction {
                Some(direction) if action.count != i64::from(count) => {
                    let Some(to) = i32::try_from(action.count).ok().filter(|to| *to >= 0) else {
                        draft.set(count, Step::MinusOne { check });
                        return Some((direction, count));
                    };
                    draft.set(to, Step::Decided { check, direction, to: Replicas(to) });
                    return Some((direction, to));
                }
                Some(_) => draft.set(count, Step::AsMany { check, asked: action.asked, count: Replicas(count) }),
                None => draft.set(count, Step::NoChange { check, opposed }),
            }
        } else {
            draft.set(count, Step::NoSay);
        }
        let within = count.clamp(self.bounds.min().0, self.bounds.max().0);
        if !self.mended.bounds_always || within == count {
            return None;
        }
        draft.set(within, Step::Bounded { from: Replicas(count), to: Replicas(within) });
        Some((if within > count { Direction::Up } else { Direction::Down }, within))
    }

    /// Asks every check, `instead` one of them with another proposal, and picks the one that decides. What is said is
    /// told, with whether it decides.
    pub(super) fn evaluate(
        &self,
        seen: &Observation<'_>,
        instead: Option<(usize, Proposal)>,
        tell: &mut impl FnMut(Step, bool),
    ) -> Outcome {
        // One bit for each check: those that ask for a change, and those of a group that ask for none.
        let (mut moves, mut silent) = (0_u64, 0_u64);
        let mut best = None::<Action>;
        let mut shrinks = false;
        for (index, check) in self.checks.iter().enumerate() {
            let reading = seen.readings.get(index).copied().unwrap_or_default();
            if reading == Reading::OffSchedule {
                tell(Step::CheckOffSchedule { check: number(index) }, false);
                continue;
            }
            let given = instead.filter(|(other, _)| *other == index).map(|(_, proposal)| proposal);
            let Some(action) = self.act(index, check, reading, seen, given, tell) else {
                let on_error = check.on_error.unwrap_or(self.on_check_error);
                let ends = !self.mended.errors_as_documented || on_error == OnError::Fail;
                tell(Step::QueryFailed { check: number(index), ends }, ends);
                if ends {
                    return Outcome::Ended;
                }
                continue;
            };
            shrinks |= action.direction == Some(Direction::Down);
            let bit = bit(index);
            if check.group != 0 && action.direction.is_none() {
                silent |= bit;
                continue;
            }
            if action.direction.is_some() {
                moves |= bit;
            }
            best = Some(preempt(best, action));
        }
        // A "none" of a group counts only if the whole group says so.
        let in_group = |group: u16| self.checks.iter().enumerate().filter(move |(_, check)| check.group == group);
        let whole = self.checks.iter().enumerate().find(|(index, check)| {
            silent & bit(*index) != 0 && !in_group(check.group).any(|(other, _)| moves & bit(other) != 0)
        });
        if let Some((check, _)) = whole {
            let count = i64::from(seen.count.unwrap_or_default().0);
            best = Some(preempt(best, Action { check, direction: None, count, asked: count }));
        }
        best.map_or(Outcome::Silent, |action| Outcome::Winner(action, shrinks))
    }

    /// What one check asks for; `None` when its query failed.
    fn act(
        &self,
        index: usize,
        check: &Check,
        reading: Reading<'_>,
        seen: &Observation<'_>,
        given: Option<Proposal>,
        tell: &mut impl FnMut(Step, bool),
    ) -> Option<Action> {
        let points = if let Reading::Points(points) = reading { points } else { &[] };
        let count = i64::from(seen.count.unwrap_or_default().0);
        let proposal = given.or_else(|| check.strategy.propose(points, count))?;
        let newest_counts = matches!(check.strategy, Strategy::TargetValue(_) | Strategy::PassThrough(_));
        if newest_counts && points.last().is_some_and(|newest| newest.is_nan()) {
            tell(Step::NotANumber { check: number(index) }, false);
        }
        let Proposal { direction, count: asked } = proposal;
        let (min, max) = (i64::from(self.bounds.min().0), i64::from(self.bounds.max().0));
        let marked = asked == -1 && !self.mended.caps_minus_one;
        let within = if direction.is_none() || marked { asked } else { asked.clamp(min, max) };
        let why = Why::of(&check.strategy, points);
        tell(Step::Voted { check: number(index), why, direction, asked, within }, false);
        Some(Action { check: index, direction, count: within, asked })
    }

    /// Says that what was decided was submitted: the cooldown begins. When the target refused, do not.
    pub fn applied(&self, history: &mut History, decision: &Decision) {
        if let Some(direction) = decision.detail.submits {
            let cooldown = self.cooldown(direction);
            history.scaled = Some(Scaled { at: decision.detail.at, direction, cooldown });
        }
    }
}

/// Up before none before down; of the same direction the larger number; else the first.
fn preempt(best: Option<Action>, next: Action) -> Action {
    let Some(best) = best else { return next };
    let rank = |action: &Action| match action.direction {
        Some(Direction::Up) => (2, action.count, Reverse(action.check)),
        None => (1, 0, Reverse(action.check)),
        Some(Direction::Down) => (0, action.count, Reverse(action.check)),
    };
    if rank(&next) > rank(&best) { next } else { best }
}

/// The bit of a check; there are at most 64.
fn bit(index: usize) -> u64 {
    u32::try_from(index).ok().and_then(|index| 1_u64.checked_shl(index)).unwrap_or(0)
}

pub(super) fn number(index: usize) -> u16 {
    u16::try_from(index).unwrap_or(u16::MAX)
}
