//! What a cluster's administrator and a revision's author set, as numbers.
//!
//! [`Settings`] are the keys of Knative's `config-autoscaler` (and the progress deadline of `config-deployment`), a
//! [`Cluster`] is settings that were checked; a [`Revision`] holds what its annotations override.

use crate::error::{ConfigError, Problem};
use crate::math;
use crate::units::Span;

/// The least target of a pod.
pub const LEAST_TARGET: f64 = 0.01;
const SECOND: u64 = 1_000_000_000;
const LONGEST: Span = Span::from_secs(3600);
const SHORTEST_WINDOW: Span = Span::from_secs(6);

/// The settings of a cluster, by upstream's names; not yet checked.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Settings {
    /// Both states of `enable-scale-to-zero`.
    pub scale_to_zero: bool,
    /// `container-concurrency-target-percentage` as a fraction, in (0, 1]. See [`fraction`].
    pub concurrency_utilization: f64,
    /// `container-concurrency-target-default`: requests in flight per pod, where the container sets no limit.
    pub concurrency_target: f64,
    /// The fraction for requests per second; no key of the config map.
    pub rps_utilization: f64,
    /// `requests-per-second-target-default`.
    pub rps_target: f64,
    /// `max-scale-up-rate`: at most so many times the ready pods at once; above 1.
    pub max_scale_up_rate: f64,
    /// `max-scale-down-rate`: at least the ready pods over this at once; above 1.
    pub max_scale_down_rate: f64,
    /// `target-burst-capacity`: requests in flight that must fit at once; 0 = none, −1 = any number.
    pub target_burst_capacity: f64,
    /// `stable-window`, 6 s to an hour in whole seconds.
    pub stable_window: Span,
    /// `panic-window-percentage` of the stable window, 1 to 100.
    pub panic_window_percentage: f64,
    /// `panic-threshold-percentage`. Upstream checks it only on revisions, and so does this.
    pub panic_threshold_percentage: f64,
    /// `activator-capacity`: requests in flight that one proxy takes; 1 or more.
    pub activator_capacity: f64,
    /// `scale-down-delay`, in whole seconds.
    pub scale_down_delay: Span,
    /// `scale-to-zero-grace-period`, above 0.
    pub scale_to_zero_grace: Span,
    /// `scale-to-zero-pod-retention-period`.
    pub pod_retention: Span,
    /// `allow-zero-initial-scale`.
    pub allow_zero_initial_scale: bool,
    /// `initial-scale`.
    pub initial_scale: i32,
    /// `min-scale`.
    pub min_scale: i32,
    /// `max-scale`; 0 = unbounded.
    pub max_scale: i32,
    /// `max-scale-limit`, the most that a maximum may be; 0 = no limit.
    pub max_scale_limit: i32,
    /// `progress-deadline` of `config-deployment`: how long an activation may take.
    pub progress_deadline: Span,
}

impl Settings {
    /// What holds where nothing is set.
    pub const DEFAULT: Self = Self {
        scale_to_zero: true,
        concurrency_utilization: 0.7,
        concurrency_target: 100.0,
        rps_utilization: 0.7,
        rps_target: 200.0,
        max_scale_up_rate: 1000.0,
        max_scale_down_rate: 2.0,
        target_burst_capacity: 211.0,
        stable_window: Span::from_secs(60),
        panic_window_percentage: 10.0,
        panic_threshold_percentage: 200.0,
        activator_capacity: 100.0,
        scale_down_delay: Span::ZERO,
        scale_to_zero_grace: Span::from_secs(30),
        pod_retention: Span::ZERO,
        allow_zero_initial_scale: false,
        initial_scale: 1,
        min_scale: 0,
        max_scale: 0,
        max_scale_limit: 0,
        progress_deadline: Span::from_secs(600),
    };
}

impl Default for Settings {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// A utilisation as Knative reads it: up to 1 a fraction already, above a percentage.
#[must_use]
pub const fn fraction(percentage: f64) -> f64 {
    if percentage > 1.0 { percentage / 100.0 } else { percentage }
}

/// Settings that were checked.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cluster(Settings);

impl Cluster {
    /// Checks the settings as Knative does when its config map changes, and that every number is finite.
    ///
    /// # Errors
    /// Names the first setting that is impossible.
    pub const fn new(settings: Settings) -> Result<Self, ConfigError> {
        match check(&settings) {
            Some(error) => Err(error),
            None => Ok(Self(settings)),
        }
    }

    /// The settings.
    #[must_use]
    pub const fn settings(&self) -> &Settings {
        &self.0
    }
}

const fn check(s: &Settings) -> Option<ConfigError> {
    if let Some(error) = first_of(&[
        finite("target-burst-capacity", s.target_burst_capacity),
        finite("container-concurrency-target-percentage", s.concurrency_utilization),
        finite("container-concurrency-target-default", s.concurrency_target),
        finite("utilization of requests per second", s.rps_utilization),
        finite("requests-per-second-target-default", s.rps_target),
        finite("activator-capacity", s.activator_capacity),
        finite("max-scale-up-rate", s.max_scale_up_rate),
        finite("max-scale-down-rate", s.max_scale_down_rate),
        finite("panic-window-percentage", s.panic_window_percentage),
        finite("panic-threshold-percentage", s.panic_threshold_percentage),
    ]) {
        return Some(error);
    }
    let least_max = if s.max_scale_limit > 0 { 1 } else { 0 };
    let least_initial = if s.allow_zero_initial_scale { 0 } else { 1 };
    first_of(&[
        span_more("scale-to-zero-grace-period", s.scale_to_zero_grace),
        span_more("progress-deadline", s.progress_deadline),
        whole_seconds("scale-down-delay", s.scale_down_delay),
        burst("target-burst-capacity", s.target_burst_capacity),
        more("container-concurrency-target-percentage", s.concurrency_utilization, 0.0),
        most("container-concurrency-target-percentage", s.concurrency_utilization, 1.0),
        least("container-concurrency-target", s.concurrency_utilization * s.concurrency_target, LEAST_TARGET),
        more("utilization of requests per second", s.rps_utilization, 0.0),
        least("requests-per-second-target-default", s.rps_target, LEAST_TARGET),
        least("activator-capacity", s.activator_capacity, 1.0),
        more("max-scale-up-rate", s.max_scale_up_rate, 1.0),
        more("max-scale-down-rate", s.max_scale_down_rate, 1.0),
        window("stable-window", s.stable_window),
        least("panic-window-percentage", s.panic_window_percentage, 1.0),
        most("panic-window-percentage", s.panic_window_percentage, 100.0),
        int_least("initial-scale", s.initial_scale, least_initial),
        int_least("min-scale", s.min_scale, 0),
        int_least("max-scale", s.max_scale, least_max),
        if s.max_scale_limit > 0 { int_most("max-scale", s.max_scale, s.max_scale_limit) } else { None },
        int_least("max-scale-limit", s.max_scale_limit, 0),
        if s.max_scale > 0 { int_most("min-scale", s.min_scale, s.max_scale) } else { None },
    ])
}

/// What a revision's pods are measured by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Metric {
    /// Requests in flight.
    #[default]
    Concurrency,
    /// Requests per second.
    Rps,
}

/// How a window is averaged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Aggregation {
    /// Every second alike.
    #[default]
    Linear,
    /// Recent seconds more.
    WeightedExponential,
}

/// What one revision sets for itself, by the names of its annotations; the rest is the cluster's.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Revision {
    /// `metric`.
    pub metric: Metric,
    /// `metric-aggregation-algorithm`.
    pub aggregation: Aggregation,
    /// `containerConcurrency` of the revision: the most requests in flight that a pod takes; `None` = any number.
    pub container_concurrency: Option<u32>,
    /// `target`: the total per pod; 0.01 or more.
    pub target: Option<f64>,
    /// `target-utilization-percentage`, 1 to 100.
    pub target_utilization_percentage: Option<f64>,
    /// `target-burst-capacity`.
    pub target_burst_capacity: Option<f64>,
    /// `window`, 6 s to an hour in whole seconds.
    pub window: Option<Span>,
    /// `panic-window-percentage`, 1 to 100.
    pub panic_window_percentage: Option<f64>,
    /// `panic-threshold-percentage`, 110 to 1000.
    pub panic_threshold_percentage: Option<f64>,
    /// `scale-down-delay`, at most an hour in whole seconds.
    pub scale_down_delay: Option<Span>,
    /// `scale-to-zero-pod-retention-period`, at most an hour.
    pub pod_retention: Option<Span>,
    /// `initial-scale`. 0 counts only where the cluster allows it.
    pub initial_scale: Option<i32>,
    /// `min-scale`.
    pub min_scale: Option<i32>,
    /// `max-scale`; 0 = unbounded.
    pub max_scale: Option<i32>,
    /// `activation-scale`: the fewest pods while there is demand; 2 or more.
    pub activation_scale: Option<i32>,
    /// `progress-deadline`, above 0 in whole seconds.
    pub progress_deadline: Option<Span>,
}

impl Revision {
    pub(super) const fn check(&self, cluster: &Cluster) -> Option<ConfigError> {
        let limit = cluster.0.max_scale_limit;
        let (min, max) = (int_or(self.min_scale, 0), int_or(self.max_scale, 0));
        first_of(&[
            int_least("min-scale", min, 0),
            int_least("max-scale", max, 0),
            if max > 0 { int_least("max-scale", max, min) } else { None },
            if limit > 0 && self.max_scale.is_some() { int_least("max-scale", max, 1) } else { None },
            if limit > 0 && self.max_scale.is_some() { int_most("max-scale", max, limit) } else { None },
            match self.activation_scale {
                None => None,
                Some(scale) => first_of(&[
                    int_least("activation-scale", scale, 2),
                    int_least("activation-scale", scale, min),
                    if max > 0 { int_most("activation-scale", scale, max) } else { None },
                ]),
            },
            match self.panic_window_percentage {
                None => None,
                Some(p) => between("panic-window-percentage", p, 1.0, 100.0),
            },
            match self.panic_threshold_percentage {
                None => None,
                Some(p) => between("panic-threshold-percentage", p, 110.0, 1000.0),
            },
            match self.target {
                None => None,
                Some(target) => between("target", target, LEAST_TARGET, f64::MAX),
            },
            match self.target_utilization_percentage {
                None => None,
                Some(p) => between("target-utilization-percentage", p, 1.0, 100.0),
            },
            match self.target_burst_capacity {
                None => None,
                Some(capacity) => {
                    first_of(&[finite("target-burst-capacity", capacity), burst("target-burst-capacity", capacity)])
                }
            },
            match self.window {
                None => None,
                Some(span) => window("window", span),
            },
            match self.pod_retention {
                None => None,
                Some(span) => span_most("scale-to-zero-pod-retention-period", span, LONGEST),
            },
            match self.scale_down_delay {
                None => None,
                Some(span) => {
                    first_of(&[span_most("scale-down-delay", span, LONGEST), whole_seconds("scale-down-delay", span)])
                }
            },
            match self.progress_deadline {
                None => None,
                Some(span) => {
                    first_of(&[span_more("progress-deadline", span), whole_seconds("progress-deadline", span)])
                }
            },
            match self.initial_scale {
                None => None,
                Some(scale) => int_least("initial-scale", scale, 0),
            },
        ])
    }
}

/// What a pod is to carry, and what it can.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Target {
    /// What the averages are divided by: total × utilisation, 0.01 or more.
    pub target: f64,
    /// All that a pod takes.
    pub total: f64,
}

/// The target and the total of a revision's pods.
///
/// The total is the container's limit or the cluster's default; a target of the revision's own replaces it, but not
/// beyond the container's limit when requests in flight are counted.
#[must_use]
pub fn resolve_target(cluster: &Cluster, revision: &Revision) -> Target {
    let s = cluster.settings();
    let limit = revision.container_concurrency.filter(|limit| *limit > 0).map(f64::from);
    let (default, utilization) = match revision.metric {
        Metric::Concurrency => (limit.unwrap_or(s.concurrency_target), s.concurrency_utilization),
        Metric::Rps => (s.rps_target, s.rps_utilization),
    };
    let total = match (revision.target, revision.metric, limit) {
        (None, ..) => default,
        (Some(target), Metric::Concurrency, Some(limit)) => target.min(limit),
        (Some(target), ..) => target,
    };
    let utilization = revision.target_utilization_percentage.map_or(utilization, |percent| percent / 100.0);
    Target { target: (total * utilization).max(LEAST_TARGET), total }
}

/// The initial scale in force: a revision's 0 counts only where the cluster allows it.
#[must_use]
pub fn initial_scale(cluster: &Cluster, revision: &Revision) -> i32 {
    let s = cluster.settings();
    match revision.initial_scale {
        Some(scale) if scale != 0 || s.allow_zero_initial_scale => scale,
        _ => s.initial_scale,
    }
}

/// The panic window: a share of the stable one, rounded to whole seconds (a half up), one at least.
#[must_use]
pub fn panic_window(stable: Span, percentage: f64) -> Span {
    let nanos = math::trunc(stable.as_nanos() as f64 * percentage / 100.0) as u64;
    Span::from_secs((nanos.saturating_add(SECOND / 2) / SECOND).max(1))
}

const fn first_of(errors: &[Option<ConfigError>]) -> Option<ConfigError> {
    let mut rest = errors;
    while let [first, others @ ..] = rest {
        if first.is_some() {
            return *first;
        }
        rest = others;
    }
    None
}

pub(super) const fn finite(field: &'static str, given: f64) -> Option<ConfigError> {
    if given.is_finite() { None } else { Some(ConfigError::new(field, 0, Problem::NotFinite)) }
}

const fn milli(x: f64) -> i64 {
    (x * 1000.0) as i64
}

pub(super) const fn more(field: &'static str, given: f64, bound: f64) -> Option<ConfigError> {
    if given > bound { None } else { Some(ConfigError::new(field, milli(given), Problem::MoreThan(milli(bound)))) }
}

pub(super) const fn least(field: &'static str, given: f64, bound: f64) -> Option<ConfigError> {
    if given >= bound { None } else { Some(ConfigError::new(field, milli(given), Problem::AtLeast(milli(bound)))) }
}

const fn most(field: &'static str, given: f64, bound: f64) -> Option<ConfigError> {
    if given <= bound { None } else { Some(ConfigError::new(field, milli(given), Problem::AtMost(milli(bound)))) }
}

const fn between(field: &'static str, given: f64, low: f64, high: f64) -> Option<ConfigError> {
    first_of(&[finite(field, given), least(field, given, low), most(field, given, high)])
}

/// 0 or more, or −1 for any number.
pub(super) const fn burst(field: &'static str, given: f64) -> Option<ConfigError> {
    if given == -1.0 { None } else { least(field, given, 0.0) }
}

pub(super) const fn int_least(field: &'static str, given: i32, bound: i32) -> Option<ConfigError> {
    if given >= bound { None } else { Some(ConfigError::new(field, given as i64, Problem::AtLeast(bound as i64))) }
}

const fn int_most(field: &'static str, given: i32, bound: i32) -> Option<ConfigError> {
    if given <= bound { None } else { Some(ConfigError::new(field, given as i64, Problem::AtMost(bound as i64))) }
}

const fn int_or(given: Option<i32>, default: i32) -> i32 {
    match given {
        Some(given) => given,
        None => default,
    }
}

const fn nanos(span: Span) -> i64 {
    let nanos = span.as_nanos();
    if nanos > i64::MAX as u64 { i64::MAX } else { nanos as i64 }
}

const fn span_more(field: &'static str, given: Span) -> Option<ConfigError> {
    if given.as_nanos() > 0 { None } else { Some(ConfigError::new(field, 0, Problem::MoreThan(0))) }
}

const fn span_most(field: &'static str, given: Span, bound: Span) -> Option<ConfigError> {
    if given.as_nanos() <= bound.as_nanos() {
        None
    } else {
        Some(ConfigError::new(field, nanos(given), Problem::AtMost(nanos(bound))))
    }
}

const fn whole_seconds(field: &'static str, given: Span) -> Option<ConfigError> {
    if given.as_nanos().is_multiple_of(SECOND) {
        None
    } else {
        Some(ConfigError::new(field, nanos(given), Problem::MultipleOf(SECOND as i64)))
    }
}

const fn window(field: &'static str, given: Span) -> Option<ConfigError> {
    if given.as_nanos() < SHORTEST_WINDOW.as_nanos() {
        return Some(ConfigError::new(field, nanos(given), Problem::AtLeast(nanos(SHORTEST_WINDOW))));
    }
    first_of(&[span_most(field, given, LONGEST), whole_seconds(field, given)])
}
