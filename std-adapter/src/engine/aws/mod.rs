//! Scaling policies of one group of AWS: step scaling, simple scaling and target tracking, decided together.
//!
//! `read` makes the core's policies of what AWS's APIs take and print, of a section or of what `join` found in texts of
//! the command line; `together` is AWS's rule for several of them, and `player` gathers the points of every period in a
//! simulation.

mod join;
mod player;
mod read;
mod together;
mod told;

use plimsoll_core::constrain::Bounds;
use plimsoll_core::error::ConfigError;
use plimsoll_core::step::{
    Adjustment, Alarm, AlarmState, Capacity, Datapoints, Decision, Detail, History, MetricObservation, Observation,
    Outlook, Pace, Rule, SimpleHistory, SimpleRule, SimpleScaling, Step, StepAdjustment, StepScaling, TargetTracking,
    Threshold, TrackingHistory,
};
use plimsoll_core::trace::Each;
use plimsoll_core::units::{Instant, Replicas, Span};
use serde_json::{Value, json};

use self::together::{Ballot, Verdict, together};
use super::record;
use crate::manifest::aws;
use crate::simulate::run::MetricReading;

pub use join::{Joined, join};
pub(super) use player::Player;
pub use told::Change;

/// Most alarms that invoke step scaling, and as many for simple scaling.
pub const MOST_ALARMS: usize = 64;

/// The policies of a group.
#[derive(Clone, Debug)]
pub struct Aws {
    bounds: Bounds,
    pace: Pace,
    default_cooldown: Span,
    stepped: Vec<Stepped>,
    simple: Vec<Simple>,
    tracked: Vec<Tracked>,
    series: Vec<Series>,
}

/// One alarm with the step scaling policy that it invokes.
#[derive(Clone, Debug)]
struct Stepped {
    name: String,
    alarm: Alarm,
    adjustment: Adjustment,
    steps: Vec<StepAdjustment>,
    wait: Span,
}

/// One alarm with the simple scaling policy that it invokes.
#[derive(Clone, Debug)]
struct Simple {
    name: String,
    rule: SimpleRule,
}

/// A target tracking policy.
#[derive(Clone, Debug)]
struct Tracked {
    name: String,
    policy: TargetTracking,
    wait: Span,
    in_cooldown: Span,
    /// Whether the alarms that AWS made compare the metric itself.
    same_unit: bool,
}

/// What is measured for one alarm, or one target tracking policy: a point a period.
#[derive(Clone, Debug)]
pub struct Series {
    /// Where it is written.
    pub at: String,
    /// The alarm's name; a target tracking policy has alarms of its own.
    pub alarm: Option<String>,
    /// Those, the high and the low one, where they are known.
    pub own: [Option<String>; 2],
    /// The name of the policy that it invokes.
    pub policy: String,
    /// What is measured.
    pub measure: Measure,
    /// Time between two points.
    pub period: Span,
    /// Units that have been there for less do not count in it.
    pub warm_up: Span,
}

/// A metric as CloudWatch names it.
#[derive(Clone, Debug, PartialEq)]
pub struct Measure {
    /// Its name, or its predefined type.
    pub metric: Option<String>,
    /// Whether it is a predefined type.
    pub predefined: bool,
    /// `Average`, `Sum`, ….
    pub statistic: Option<String>,
    /// `p95`, ….
    pub extended: Option<String>,
}

impl Measure {
    fn of_alarm(alarm: &aws::Alarm) -> Self {
        let (statistic, extended) = (alarm.statistic.clone(), alarm.extended_statistic.clone());
        Self { metric: alarm.metric_name.clone(), predefined: false, statistic, extended }
    }

    fn name(&self) -> &str {
        self.metric.as_deref().unwrap_or("a metric")
    }
}

/// What is remembered of a group.
#[derive(Clone, Debug, PartialEq)]
pub struct AwsPast {
    /// Of step scaling.
    pub step: History<MOST_ALARMS>,
    /// Of simple scaling.
    pub simple: SimpleHistory<MOST_ALARMS>,
    /// Of every target tracking policy.
    pub tracking: Vec<TrackingHistory>,
}

/// What one evaluation looks at.
#[derive(Clone, Copy)]
pub struct Turn<'a> {
    /// The time.
    pub now: Instant,
    /// The capacity that is asked for; `None` when it could not be read.
    pub desired: Option<Replicas>,
    /// How many units have been there for so long; `None` when the host does not know.
    pub warm: &'a dyn Fn(Span) -> Option<Replicas>,
    /// The new points of every [`Series`].
    pub points: &'a [Vec<Option<f64>>],
    /// When the last unit of the last action was launched or terminated; `None` while that goes on.
    pub completed: Option<Instant>,
}

/// What one evaluation did.
#[derive(Debug)]
pub struct Pass {
    /// The moment.
    pub at: Instant,
    /// Units before and after.
    pub from: Replicas,
    /// See `from`.
    pub to: Replicas,
    /// What had the last word, in words.
    pub reason: String,
    /// The same as JSON.
    pub last_word: Value,
    /// Every step of every policy, as JSON and in words.
    pub steps: Vec<(Value, String)>,
    /// The states of all alarms, by their names; those of target tracking have the names that AWS ends theirs with.
    pub alarms: Vec<(String, AlarmState)>,
    /// What every series read and asks for.
    pub readings: Vec<MetricReading>,
    /// The most that a policy asks for; `None` when none asks and not all can tell.
    pub asked: Option<i32>,
    /// When time alone could change the answer.
    pub revisit_at: Option<Instant>,
    decisions: Vec<(Who, Decision)>,
    verdict: Verdict,
}

/// One of the core's policies: all of step scaling decides as one, as does all of simple scaling.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Who {
    Stepped,
    Simple,
    Tracked(usize),
}

impl Aws {
    /// From its section in another text, where `root` is its name.
    ///
    /// # Errors
    /// The first field that does not fit.
    pub fn inline(given: &Value, root: &str) -> Result<Self, String> {
        read::section(given, root)
    }

    /// From what the command line printed of one group or scalable target. Where all its policies are disabled, none acts.
    ///
    /// # Errors
    /// The first field that does not fit, or which command prints what is missing.
    pub fn of(joined: &Joined) -> Result<Self, String> {
        read::joined(joined)
    }

    /// Fewest and most units.
    #[must_use]
    pub const fn bounds(&self) -> Bounds {
        self.bounds
    }

    /// What is measured, in the order in which points are given.
    #[must_use]
    pub fn series(&self) -> &[Series] {
        &self.series
    }

    /// How many policies track a target.
    #[must_use]
    pub fn tracking(&self) -> usize {
        self.tracked.len()
    }

    /// The policies, one line each.
    #[must_use]
    pub fn metric_lines(&self) -> Vec<String> {
        let alarm = |series: &Series, alarm: Alarm| {
            let (breaching, of) = alarm.datapoints();
            let (symbol, threshold, metric) = (alarm.comparison().symbol(), alarm.threshold(), series.measure.name());
            let period = alarm.period();
            format!("{}, {metric} {symbol} {threshold} in {breaching} of {of} periods of {period}", series.policy)
        };
        let stepped = self.stepped.iter().zip(&self.series).map(|(stepped, series)| {
            let rule = stepped.rule();
            let never = rule.unreachable_step().map_or_else(String::new, |step| {
                format!("; step {} lies on the other side of the threshold and is never taken", step + 1)
            });
            format!("step scaling {}{never}", alarm(series, stepped.alarm))
        });
        let simple = self.simple.iter().zip(self.series.iter().skip(self.stepped.len()));
        let simple = simple.map(|(simple, series)| format!("simple scaling {}", alarm(series, simple.rule.alarm())));
        let tracked = self.tracked.iter().zip(self.series.iter().skip(self.stepped.len() + self.simple.len()));
        let tracked = tracked.map(|(tracked, series)| {
            let never_in = if tracked.policy.scales_in() { "" } else { ", never scales in" };
            let (metric, target) = (series.measure.name(), tracked.policy.target());
            format!("target tracking {}, {metric}, target {target}{never_in}", tracked.name)
        });
        stepped.chain(simple).chain(tracked).collect()
    }

    /// Knows nothing yet.
    #[must_use]
    pub fn start(&self) -> AwsPast {
        AwsPast {
            step: History::default(),
            simple: SimpleHistory::default(),
            tracking: vec![TrackingHistory::default(); self.tracked.len()],
        }
    }

    /// One evaluation of all policies, and what they decide together.
    pub fn turn(&self, past: &mut AwsPast, turn: &Turn<'_>) -> Pass {
        let from = turn.desired.unwrap_or_default();
        let mut book = Book { now: turn.now, several: self.policies() > 1, steps: Vec::new(), asks: Vec::new() };
        let (mut decisions, mut votes) = (Vec::new(), Vec::new());
        let capacity = |wait: Span| turn.desired.map(|desired| Capacity { desired, warm: (turn.warm)(wait) });
        let points = turn.points.iter().map(Vec::as_slice).collect::<Vec<_>>();
        let (stepped, rest) = points.split_at(self.stepped.len().min(points.len()));
        let (simple, tracked) = rest.split_at(self.simple.len().min(rest.len()));
        if !self.stepped.is_empty() {
            let wait = self.stepped.iter().map(|stepped| stepped.wait).max().unwrap_or_default();
            let (now, completed) = (turn.now, turn.completed);
            let seen = Observation { now, capacity: capacity(wait), points: stepped, completed };
            let names = self.stepped.iter().map(|stepped| stepped.name.as_str()).collect::<Vec<_>>();
            let decision = self.step_scaling(|policy| {
                let mut tell = Each(|step: &Step| book.take(0, "step scaling", &names, step));
                policy.decide(&mut past.step, &seen, &mut tell)
            });
            votes.push(Ballot::of(&decision));
            decisions.push((Who::Stepped, decision));
        }
        if !self.simple.is_empty() {
            let (now, completed) = (turn.now, turn.completed);
            let seen = Observation { now, capacity: capacity(Span::ZERO), points: simple, completed };
            let names = self.simple.iter().map(|simple| simple.name.as_str()).collect::<Vec<_>>();
            let first = self.stepped.len();
            let decision = self.simple_scaling(|policy| {
                let mut tell = Each(|step: &Step| book.take(first, "simple scaling", &names, step));
                policy.decide(&mut past.simple, &seen, &mut tell)
            });
            votes.push(Ballot::of(&decision));
            decisions.push((Who::Simple, decision));
        }
        for (index, (tracked_by, history)) in self.tracked.iter().zip(&mut past.tracking).enumerate() {
            let points = tracked.get(index).copied().unwrap_or_default();
            let seen = MetricObservation { now: turn.now, capacity: capacity(tracked_by.wait), points };
            let first = self.stepped.len() + self.simple.len() + index;
            // The high and the low alarm are one policy's.
            let names = [tracked_by.name.as_str(); 2];
            let mut tell = Each(|step: &Step| book.take(first, &tracked_by.name, &names, step));
            let decision = tracked_by.policy.decide(history, &seen, &mut tell);
            votes.push(Ballot::of_tracking(&decision, &tracked_by.policy, history));
            decisions.push((Who::Tracked(index), decision));
        }
        let verdict = together(turn.now, turn.desired, self.bounds, &votes);
        let to = Replicas(verdict.to(from.0));
        let content = turn.desired.is_some() && decisions.iter().all(|(_, decision)| decision.detail.valid);
        let (reason, last_word) = self.last_word(&decisions, verdict, to, turn.now);
        if let Verdict::Opposed { .. } | Verdict::Acts { of: 2.., .. } = verdict {
            book.steps.push((last_word.clone(), reason.clone()));
        }
        Pass {
            at: turn.now,
            from,
            to,
            reason,
            last_word,
            steps: book.steps,
            alarms: self.alarms(past),
            readings: self.readings(past, &book.asks),
            // Who is content asks for what there is.
            asked: book.asks.iter().map(|(_, asked)| asked.0).max().or(content.then_some(from.0)),
            revisit_at: decisions.iter().filter_map(|(_, decision)| decision.revisit_at).min(),
            decisions,
            verdict,
        }
    }

    /// The scale was changed to `to`: warm-ups, cooldowns and actions begin.
    pub fn applied(&self, past: &mut AwsPast, pass: &Pass, to: Replicas) {
        let direction = |decision: &Decision| (decision.to.0.cmp(&decision.from.0), decision.detail.rule.is_some());
        let out = to > pass.from;
        let meant = to.0.cmp(&pass.from.0);
        for (index, (who, decision)) in pass.decisions.iter().enumerate() {
            let acted = matches!(pass.verdict, Verdict::Acts { winner, .. } if winner == index);
            let agrees = direction(decision) == (meant, true);
            if acted || agrees {
                self.tell(past, *who, decision, to);
            } else if out && self.pace == Pace::WarmUp {
                // New units warm up whoever ordered them, by every policy's own time.
                let (rule, order) = match who {
                    Who::Stepped => (self.slowest(), past.step.order()),
                    Who::Simple => continue,
                    Who::Tracked(index) => (0, past.tracking.get(*index).and_then(History::order)),
                };
                let running = order.filter(|order| order.out && decision.detail.at < order.until);
                let base = Replicas(running.map_or(pass.from.0, |order| order.base));
                let detail = Detail { rule: Some(rule), base, ..decision.detail };
                self.tell(past, *who, &Decision { detail, ..*decision }, to);
            }
        }
    }

    fn tell(&self, past: &mut AwsPast, who: Who, decision: &Decision, to: Replicas) {
        match who {
            Who::Stepped => self.step_scaling(|policy| policy.applied(&mut past.step, decision, to)),
            Who::Simple => self.simple_scaling(|policy| policy.applied(&mut past.simple, decision, to)),
            Who::Tracked(index) => {
                if let Some((tracked, history)) = self.tracked.get(index).zip(past.tracking.get_mut(index)) {
                    tracked.policy.applied(history, decision, to);
                }
            }
        }
    }

    /// How far every policy's next change is, by the policy's name.
    #[must_use]
    pub fn outlook(&self, past: &AwsPast, turn: &Turn<'_>) -> Value {
        let capacity = |wait: Span| turn.desired.map(|desired| Capacity { desired, warm: (turn.warm)(wait) });
        let mut all = serde_json::Map::new();
        // Each side may be another rule's: of these names.
        let mut offer = |names: &[&str], outlook: Outlook| {
            for (side, threshold) in [("up", outlook.up), ("down", outlook.down)] {
                if let Some(Threshold { rule, value, points, to }) = threshold
                    && let Some(name) = names.get(usize::from(rule))
                {
                    let sides = all.entry(*name).or_insert_with(|| json!({}));
                    sides[side] = json!({ "value": value, "points": points, "to": to });
                }
            }
        };
        if !self.stepped.is_empty() {
            let wait = self.stepped.iter().map(|stepped| stepped.wait).max().unwrap_or_default();
            let seen = Observation { now: turn.now, capacity: capacity(wait), ..Observation::default() };
            let names = self.stepped.iter().map(|stepped| stepped.name.as_str()).collect::<Vec<_>>();
            offer(&names, self.step_scaling(|policy| policy.outlook(&past.step, &seen)));
        }
        if !self.simple.is_empty() {
            let seen = Observation { now: turn.now, capacity: capacity(Span::ZERO), ..Observation::default() };
            let names = self.simple.iter().map(|simple| simple.name.as_str()).collect::<Vec<_>>();
            offer(&names, self.simple_scaling(|policy| policy.outlook(&past.simple, &seen)));
        }
        for (tracked, history) in self.tracked.iter().zip(&past.tracking) {
            let seen = MetricObservation { now: turn.now, capacity: capacity(tracked.wait), points: &[] };
            offer(&[&tracked.name], tracked.policy.outlook(history, &seen));
        }
        Value::Object(all)
    }

    fn policies(&self) -> usize {
        usize::from(!self.stepped.is_empty()) + usize::from(!self.simple.is_empty()) + self.tracked.len()
    }

    /// The rule of the longest warm-up.
    fn slowest(&self) -> u16 {
        let slowest = self.stepped.iter().enumerate().max_by_key(|(_, stepped)| stepped.wait);
        u16::try_from(slowest.map_or(0, |(index, _)| index)).unwrap_or(u16::MAX)
    }

    fn step_scaling<R>(&self, run: impl FnOnce(&StepScaling<'_>) -> R) -> R {
        let rules = self.stepped.iter().map(Stepped::rule).collect::<Vec<_>>();
        run(&built(StepScaling::new(self.bounds, self.pace, &rules)))
    }

    fn simple_scaling<R>(&self, run: impl FnOnce(&SimpleScaling<'_>) -> R) -> R {
        let rules = self.simple.iter().map(|simple| simple.rule).collect::<Vec<_>>();
        let policy = SimpleScaling::new(self.bounds, &rules)
            .and_then(|policy| policy.with_default_cooldown(self.default_cooldown));
        run(&built(policy))
    }

    /// The alarms' states after an evaluation.
    fn alarms(&self, past: &AwsPast) -> Vec<(String, AlarmState)> {
        let mut alarms: Vec<(String, AlarmState)> = Vec::new();
        let own = past.step.alarms().iter().zip(&self.series);
        let simple = past.simple.alarms().iter().zip(self.series.iter().skip(self.stepped.len()));
        for (points, series) in own.chain(simple) {
            let name = series.alarm.clone().unwrap_or_default();
            // One alarm may invoke several policies.
            if !alarms.iter().any(|(known, _)| *known == name) {
                alarms.push((name, points.state()));
            }
        }
        for (tracked, history) in self.tracked.iter().zip(&past.tracking) {
            for (points, end) in history.alarms().iter().zip(["AlarmHigh", "AlarmLow"]) {
                alarms.push((format!("{}-{end}", tracked.name), points.state()));
            }
        }
        alarms
    }

    /// What every series read, and asked for.
    fn readings(&self, past: &AwsPast, asks: &[(usize, Replicas)]) -> Vec<MetricReading> {
        let own = past.step.alarms().iter().chain(past.simple.alarms());
        let own = own.map(|points| (*points, points.state().to_string()));
        let tracked = past.tracking.iter().map(|history| {
            let [high, low] = [0, 1].map(|alarm| history.alarms().get(alarm).copied().unwrap_or(Datapoints::NONE));
            let state = match (high.state(), low.state()) {
                (AlarmState::Alarm, _) => "AlarmHigh".to_owned(),
                (_, AlarmState::Alarm) => "AlarmLow".to_owned(),
                (state, _) => state.to_string(),
            };
            (high, state)
        });
        let readings =
            self.series.iter().zip(own.chain(tracked)).enumerate().map(|(index, (series, (points, state)))| {
                let newest = points.newest().map_or_else(|| "missing".to_owned(), |newest| newest.to_string());
                let read = format!("{} {newest}, {state}", series.measure.name());
                let metric = series.alarm.clone().unwrap_or_else(|| series.policy.clone());
                let asks = asks.iter().filter(|(of, _)| *of == index).map(|(_, asked)| asked.0).max();
                MetricReading { metric, read, asks }
            });
        readings.collect()
    }

    /// The reason for what was decided, in words and as JSON.
    fn last_word(
        &self,
        decisions: &[(Who, Decision)],
        verdict: Verdict,
        to: Replicas,
        now: Instant,
    ) -> (String, Value) {
        match verdict {
            Verdict::Acts { winner, of: 2.., .. } => {
                let name = self.named(decisions.get(winner));
                let text = format!("of all that policies ask for the most counts: {to}, of {name}");
                (text.clone(), json!({ "step": "MostCounts", "text": text, "policy": name, "to": to }))
            }
            Verdict::Opposed { wants, by } => {
                let (wants, by) = (self.named(decisions.get(wants)), self.named(decisions.get(by)));
                let text = format!(
                    "{wants} would scale in, {by} would not: target tracking scales in only if all such policies agree"
                );
                (text.clone(), json!({ "step": "Opposed", "text": text, "policy": wants, "by": by }))
            }
            Verdict::Acts { winner, .. } => self.own_word(decisions.get(winner), now),
            Verdict::Holds => {
                let telling =
                    |(_, decision): &&(Who, Decision)| !matches!(decision.last_word, Step::Idle | Step::NoNewPoint);
                let first = decisions.iter().find(telling);
                let idle = decisions.iter().find(|(_, decision)| decision.last_word == Step::Idle);
                self.own_word(first.or(idle).or(decisions.first()), now)
            }
        }
    }

    /// What had the last word in one policy.
    fn own_word(&self, decided: Option<&(Who, Decision)>, now: Instant) -> (String, Value) {
        let Some((who, decision)) = decided else { return Default::default() };
        let names = match who {
            Who::Stepped => self.stepped.iter().map(|stepped| stepped.name.as_str()).collect::<Vec<_>>(),
            Who::Simple => self.simple.iter().map(|simple| simple.name.as_str()).collect(),
            Who::Tracked(index) => self.tracked.get(*index).map_or_else(Vec::new, |it| vec![it.name.as_str(); 2]),
        };
        let several = self.policies() > 1 && !matches!(decision.last_word, Step::Idle | Step::NoNewPoint);
        told(&decision.last_word, several.then(|| self.named(decided)).as_deref(), &names, now)
    }

    /// The policy that a decision is of.
    fn named(&self, decided: Option<&(Who, Decision)>) -> String {
        let name = decided.and_then(|(who, decision)| {
            let rule = decision.detail.rule.map(usize::from);
            match who {
                Who::Stepped => rule.and_then(|rule| self.stepped.get(rule)).map(|it| it.name.as_str()),
                Who::Simple => rule.and_then(|rule| self.simple.get(rule)).map(|it| it.name.as_str()),
                Who::Tracked(index) => self.tracked.get(*index).map(|it| it.name.as_str()),
            }
        });
        let kind = match decided {
            Some((Who::Simple, _)) => "simple scaling",
            _ => "step scaling",
        };
        name.unwrap_or(kind).to_owned()
    }
}

impl Stepped {
    /// Whether it is of this policy: one with several alarms is told with each.
    fn of(&self, policy: &str) -> bool {
        of(&self.name, policy)
    }

    fn rule(&self) -> Rule<'_> {
        built(Rule::new(self.alarm, self.adjustment, &self.steps, self.wait))
    }
}

impl Simple {
    /// See [`Stepped::of`].
    fn of(&self, policy: &str) -> bool {
        of(&self.name, policy)
    }
}

fn of(name: &str, policy: &str) -> bool {
    name.strip_prefix(policy).is_some_and(|rest| rest.is_empty() || rest.starts_with(" ("))
}

/// What was built once when the group was read.
fn built<T>(made: Result<T, ConfigError>) -> T {
    match made {
        Ok(made) => made,
        Err(error) => unreachable!("built before: {error}"),
    }
}

/// The steps of all policies under way.
struct Book {
    now: Instant,
    several: bool,
    steps: Vec<(Value, String)>,
    /// Numbers of series, and what was asked for.
    asks: Vec<(usize, Replicas)>,
}

impl Book {
    /// A step of the policy `of`, whose rules begin with series number `first`.
    fn take(&mut self, first: usize, of: &str, names: &[&str], step: &Step) {
        if let Step::Asked { rule, to, .. } = step {
            self.asks.push((first + usize::from(*rule), *to));
        }
        let (text, value) = told(step, self.several.then_some(of), names, self.now);
        self.steps.push((value, text));
    }
}

/// A step in words and as JSON, with the names of the rules; one that is about no rule begins with the policy's.
fn told(step: &Step, of: Option<&str>, names: &[&str], now: Instant) -> (String, Value) {
    let words = step.seen_at(now).named(names);
    let text = match of.filter(|_| step.rule().is_none()) {
        Some(of) => format!("{of}: {words}"),
        None => words.to_string(),
    };
    let mut value = record::told(step, &text);
    let policy = step.rule().and_then(|rule| names.get(usize::from(rule)).copied()).or(of);
    if let (Some(policy), Some(fields)) = (policy, value.as_object_mut()) {
        fields.insert("policy".to_owned(), json!(policy));
    }
    (text, value)
}
