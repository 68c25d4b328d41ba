//! A policy, and what a host sees in one sync, from bytes.
//!
//! The order in which bytes are read is the format of the committed seeds.

use plimsoll_core::constrain::{Amount, Bounds, RatePolicy, RateRules, Select};
use plimsoll_core::hpa::{
    Behavior, ColdStart, Controller, Hpa, Mended, Metric, MetricError, Observation, Phase, Pod, PodCount, PodFold,
    Profile, Reading, Ready, ReadyCondition, RequestError, Rules, Sample, Scale, Selector, ValueSum,
};
use plimsoll_core::units::{Instant, Milli, Replicas, Span};

use crate::cursor::Cursor;

const SECOND: i64 = 1_000_000_000;

/// The parts of a policy; whatever the bytes are, they are in range.
pub(crate) struct Plan {
    bounds: Bounds,
    metrics: Vec<Metric<'static>>,
    behavior: Option<[RulesPlan; 2]>,
    profile: Profile,
    flags: u8,
    controller: Controller,
}

struct RulesPlan {
    window: Option<Span>,
    tolerance: Option<f64>,
    select: Select,
    policies: Vec<RatePolicy>,
}

impl Plan {
    pub(crate) fn from_bytes(cursor: &mut Cursor<'_>) -> Self {
        let min = cursor.small().max(0);
        let max = cursor.small().max(min).max(1);
        let metrics = (0..=cursor.below(3)).map(|_| metric(cursor)).collect();
        let behavior = cursor.flag().then(|| [RulesPlan::from_bytes(cursor), RulesPlan::from_bytes(cursor)]);
        let profile = Profile::ALL[Profile::ALL.len() - 1 - cursor.below(Profile::ALL.len())];
        let flags = cursor.byte();
        let controller = if cursor.once_in(8) {
            let span = |cursor: &mut Cursor<'_>| Span::from_nanos(cursor.number(SECOND).unsigned_abs());
            Controller {
                sync_period: span(cursor),
                downscale_stabilization: span(cursor),
                cpu_initialization_period: span(cursor),
                initial_readiness_delay: span(cursor),
                // Any bits: negative, infinite, NaN.
                tolerance: f64::from_bits(cursor.number(1 << 52).cast_unsigned()),
            }
        } else {
            Controller::DEFAULT
        };
        Self { bounds: Bounds::new(min, max).expect("in order"), metrics, behavior, profile, flags, controller }
    }

    pub(crate) fn with<T>(&self, run: impl FnOnce(&Hpa<'_>) -> T) -> T {
        let on = |bit: u8| self.flags & (1 << bit) != 0;
        let mut hpa = Hpa::new(self.bounds, &self.metrics).expect("one metric or more").with_profile(self.profile);
        hpa = hpa.with_controller(self.controller);
        hpa = hpa.with_mended(Mended { on_target_holds_wanted: on(0), pods_rule_saturates: on(1) });
        if on(2) {
            hpa = hpa.with_scale_to_zero(on(3)).with_own_tolerances(on(4)).with_pod_level_requests(on(5));
        }
        if on(6) {
            hpa = hpa.with_cold_start(ColdStart::HoldUntilWindowFilled);
        }
        if let Some([up, down]) = &self.behavior {
            hpa = hpa.with_behavior(Behavior { up: up.rules(), down: down.rules() });
        }
        run(&hpa)
    }
}

fn metric(cursor: &mut Cursor<'_>) -> Metric<'static> {
    let name = if cursor.flag() { "cpu" } else { "memory" };
    let target = cursor.number(1).max(1);
    let percent = i32::try_from(target).unwrap_or(i32::MAX);
    match cursor.below(9) {
        0 => Metric::resource(name).utilization(percent),
        1 => Metric::container_resource(name, "main").utilization(percent),
        2 => Metric::resource(name).average_value(Milli(target)),
        3 => Metric::pods(name).average_value(Milli(target)),
        4 => Metric::object(name).value(Milli(target)),
        5 => Metric::external(name).value(Milli(target)),
        6 => Metric::object(name).average_value(Milli(target)),
        7 => Metric::external(name).average_value(Milli(target)),
        _ if cursor.flag() => Ok(Metric::unknown(name)),
        _ => Ok(Metric::resource(name).unusable()),
    }
    .expect("a target of 1 or more, of its source's kind")
}

impl RulesPlan {
    fn from_bytes(cursor: &mut Cursor<'_>) -> Self {
        let seconds =
            |cursor: &mut Cursor<'_>, most: i64| Span::from_secs(cursor.number(5).clamp(0, most).unsigned_abs());
        let window = cursor.flag().then(|| seconds(cursor, 3600));
        let tolerance = cursor.once_in(4).then(|| f64::from(cursor.byte()) / 100.0);
        let select = [Select::Max, Select::Min, Select::Disabled][cursor.below(3)];
        let policies = (0..=cursor.below(3)).map(|_| {
            let percent = cursor.flag();
            let value = cursor.small().max(1);
            let amount = if percent { Amount::Percent(value) } else { Amount::Pods(value) };
            RatePolicy::new(amount, seconds(cursor, 1800).max(Span::from_secs(1))).expect("in range")
        });
        Self { window, tolerance, select, policies: policies.collect() }
    }

    fn rules(&self) -> Rules<'_> {
        let mut rules = Rules::new(RateRules::new(self.select, &self.policies).expect("one or more"));
        if let Some(window) = self.window {
            rules = rules.with_window(window).expect("an hour at most");
        }
        if let Some(tolerance) = self.tolerance {
            rules = rules.with_tolerance(tolerance).expect("0 or more");
        }
        rules
    }
}

/// One sync, with times as ages.
pub(crate) struct Sync {
    gap: i64,
    /// A human sets the scale to `wanted`.
    pub(crate) edited: bool,
    pub(crate) wanted: i32,
    running: i32,
    /// The host's write comes through.
    pub(crate) written: bool,
    odd: u8,
    pods: Vec<PodPlan>,
    values: Vec<i64>,
}

struct PodPlan {
    phase: Phase,
    deleted: bool,
    started: Option<i64>,
    ready: Option<(Ready, Option<i64>)>,
    sample: Option<(i64, i64, i64)>,
    request: Result<Milli, RequestError>,
}

impl Sync {
    pub(crate) fn from_bytes(cursor: &mut Cursor<'_>) -> Self {
        let gap = cursor.number(SECOND);
        let edited = cursor.once_in(8);
        let wanted = if edited { cursor.small() } else { 0 };
        let written = !cursor.once_in(8);
        let running = cursor.small();
        let odd = cursor.byte();
        let pods = (0..cursor.below(12)).map(|_| PodPlan::from_bytes(cursor)).collect();
        let values = (0..cursor.below(4)).map(|_| cursor.number(100)).collect();
        Self { gap, edited, wanted, running, written, odd, pods, values }
    }

    pub(crate) fn next(&self, now: Instant) -> Instant {
        Instant::from_nanos(now.as_nanos().saturating_add(self.gap))
    }

    /// One reading for each metric of the policy.
    pub(crate) fn readings(&self, hpa: &Hpa<'_>, now: Instant) -> Vec<Reading> {
        let reading = |(index, metric): (usize, &Metric<'_>)| {
            if self.odd == 1 {
                return Reading::Failed(MetricError::Unavailable);
            }
            if !metric.is_per_pod() {
                let value = Milli(self.values.first().copied().unwrap_or_default());
                let sum = ValueSum::from_iter(self.values.iter().copied().map(Milli));
                // Now and then one of the wrong kind.
                let object = matches!(metric.source(), plimsoll_core::hpa::Source::Object);
                return if object == (self.odd != 2) { Reading::Value(value) } else { Reading::Values(sum) };
            }
            let mut fold = PodFold::new(hpa, index, now);
            self.pods.iter().for_each(|pod| {
                fold.add(&pod.at(now));
            });
            match self.odd {
                3 => self.values.iter().for_each(|value| fold.add_unlisted(Milli(*value))),
                4 => fold.add_ready(u32::MAX, Milli(i64::MAX), Milli(i64::MIN)),
                _ => {}
            }
            Reading::Pods(fold)
        };
        hpa.metrics().iter().enumerate().map(reading).collect()
    }

    pub(crate) fn observation<'a>(&self, readings: &'a [Reading], now: Instant, wanted: i32) -> Observation<'a> {
        let listed = u32::try_from(self.pods.len()).expect("a few");
        Observation {
            now,
            scale: (self.odd != 5).then_some(Scale { wanted: Replicas(wanted), running: Replicas(self.running) }),
            selector: match self.odd {
                6 => Selector::Missing,
                7 => Selector::Unparsable,
                8 => Selector::Ambiguous,
                _ => Selector::Usable,
            },
            pods: (self.odd != 9).then_some(PodCount { listed, ready: if self.odd == 10 { u32::MAX } else { listed } }),
            readings: if self.odd == 11 { &[] } else { readings },
        }
    }
}

impl PodPlan {
    /// A plain byte is a plain pod: running, ready, all known. Only one in four is anything else.
    fn from_bytes(cursor: &mut Cursor<'_>) -> Self {
        let usage = cursor.number(10);
        let mut pod = Self {
            phase: Phase::Running,
            deleted: false,
            started: Some(3600 * SECOND),
            ready: Some((Ready::True, Some(3600 * SECOND))),
            sample: Some((usage, 5 * SECOND, 30 * SECOND)),
            request: Ok(Milli(1000)),
        };
        if !cursor.once_in(4) {
            return pod;
        }
        let age = |cursor: &mut Cursor<'_>| (!cursor.once_in(4)).then(|| cursor.number(5 * SECOND));
        pod.phase = [Phase::Running, Phase::Pending, Phase::Succeeded, Phase::Failed, Phase::Unknown][cursor.below(5)];
        pod.deleted = cursor.once_in(4);
        pod.started = age(cursor);
        let status = [Ready::True, Ready::False, Ready::Unknown][cursor.below(3)];
        pod.ready = (!cursor.once_in(4)).then(|| (status, age(cursor)));
        pod.sample = (!cursor.once_in(3)).then(|| (usage, cursor.number(SECOND), cursor.number(SECOND)));
        pod.request = if cursor.once_in(16) { Err(RequestError::Missing) } else { Ok(Milli(cursor.number(10))) };
        pod
    }

    fn at(&self, now: Instant) -> Pod {
        let ago = |age: i64| Instant::from_nanos(now.as_nanos().saturating_sub(age));
        Pod {
            phase: self.phase,
            deleted: self.deleted,
            started: self.started.map(ago),
            ready: self.ready.map(|(status, since)| ReadyCondition { status, since: since.map(ago) }),
            sample: self.sample.map(|(value, age, window)| Sample {
                value: Milli(value),
                at: ago(age),
                window: Span::from_nanos(window.unsigned_abs()),
            }),
            request: self.request,
        }
    }
}
