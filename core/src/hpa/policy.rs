//! The policy: bounds, metrics, behavior, the controller's flags, and the release it answers like.

use crate::constrain::{Bounds, RateRules};
use crate::error::{ConfigError, Problem};
use crate::units::{Milli, Span};

/// A HorizontalPodAutoscaler's policy. Immutable; one serves any number of workloads; fits a `static`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Hpa<'a> {
    pub(super) bounds: Bounds,
    pub(super) metrics: &'a [Metric<'a>],
    pub(super) behavior: Option<Behavior<'a>>,
    pub(super) controller: Controller,
    pub(super) profile: Profile,
    pub(super) scale_to_zero: bool,
    pub(super) own_tolerances: bool,
    pub(super) pod_level_requests: bool,
    pub(super) cold_start: ColdStart,
    pub(super) mended: Mended,
}

/// Steps number metrics with 16 bits.
const MOST_METRICS: usize = u16::MAX as usize;

impl<'a> Hpa<'a> {
    /// Answers like [`Profile::V1_37`] with the controller's default flags and without behavior.
    ///
    /// # Errors
    /// When there is no metric, or more than 65,535.
    pub const fn new(bounds: Bounds, metrics: &'a [Metric<'a>]) -> Result<Self, ConfigError> {
        if metrics.is_empty() {
            return Err(ConfigError::new("metrics", 0, Problem::Empty));
        }
        if metrics.len() > MOST_METRICS {
            return Err(ConfigError::new("metrics", metrics.len() as i64, Problem::AtMost(MOST_METRICS as i64)));
        }
        let profile = Profile::V1_37;
        Ok(Self {
            bounds,
            metrics,
            behavior: None,
            controller: Controller::DEFAULT,
            profile,
            scale_to_zero: profile.scale_to_zero(),
            own_tolerances: profile.own_tolerances(),
            pod_level_requests: profile.pod_level_requests(),
            cold_start: ColdStart::Seed,
            mended: Mended::NOTHING,
        })
    }

    /// Answers like another release; sets its gates to that release's defaults, so call it before those that set gates.
    #[must_use]
    pub const fn with_profile(self, profile: Profile) -> Self {
        Self {
            profile,
            scale_to_zero: profile.scale_to_zero(),
            own_tolerances: profile.own_tolerances(),
            pod_level_requests: profile.pod_level_requests(),
            ..self
        }
    }

    /// Windows, rate rules and tolerances of `spec.behavior`.
    #[must_use]
    pub const fn with_behavior(self, behavior: Behavior<'a>) -> Self {
        Self { behavior: Some(behavior), ..self }
    }

    /// The controller's flags.
    #[must_use]
    pub const fn with_controller(self, controller: Controller) -> Self {
        Self { controller, ..self }
    }

    /// The gate HPAScaleToZero: whether zero replicas of its own making are left again.
    #[must_use]
    pub const fn with_scale_to_zero(self, on: bool) -> Self {
        Self { scale_to_zero: on, ..self }
    }

    /// The gate HPAConfigurableTolerance, which exists from 1.33 to 1.36: earlier releases have no tolerance of their
    /// own, 1.37 always has, and there this changes nothing.
    #[must_use]
    pub const fn with_own_tolerances(self, on: bool) -> Self {
        let own_tolerances = match self.profile {
            Profile::V1_32 => false,
            Profile::V1_37 => true,
            _ => on,
        };
        Self { own_tolerances, ..self }
    }

    /// The gate PodLevelResources: whether requests of a whole pod count. On from 1.34; there is none before.
    #[must_use]
    pub const fn with_pod_level_requests(self, on: bool) -> Self {
        Self { pod_level_requests: on && self.profile.pod_level_requests(), ..self }
    }

    /// What a history that knows nothing yet allows.
    #[must_use]
    pub const fn with_cold_start(self, cold_start: ColdStart) -> Self {
        Self { cold_start, ..self }
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

    /// The metrics, in order.
    #[must_use]
    pub const fn metrics(&self) -> &'a [Metric<'a>] {
        self.metrics
    }

    /// The behavior, if there is one.
    #[must_use]
    pub const fn behavior(&self) -> Option<Behavior<'a>> {
        self.behavior
    }

    /// The controller's flags.
    #[must_use]
    pub const fn controller(&self) -> Controller {
        self.controller
    }

    /// The release it answers like.
    #[must_use]
    pub const fn profile(&self) -> Profile {
        self.profile
    }

    /// Whether requests of a whole pod count.
    #[must_use]
    pub const fn pod_level_requests(&self) -> bool {
        self.pod_level_requests
    }

    /// The tolerances in force, downward and upward.
    #[must_use]
    pub fn tolerances(&self) -> Tolerances {
        let flag = self.controller.tolerance;
        let own = self.behavior.filter(|_| self.own_tolerances);
        Tolerances {
            down: own.and_then(|b| b.down.tolerance).unwrap_or(flag),
            up: own.and_then(|b| b.up.tolerance).unwrap_or(flag),
        }
    }

    /// The windows in force, downward and upward.
    #[must_use]
    pub fn windows(&self) -> Windows {
        let flag = self.controller.downscale_stabilization;
        match self.behavior {
            None => Windows { down: flag, up: Span::ZERO },
            // With behavior upstream takes the flag's whole seconds.
            Some(b) => Windows {
                down: b.down.window.unwrap_or(Span::from_secs(flag.as_secs())),
                up: b.up.window.unwrap_or(Span::ZERO),
            },
        }
    }

    /// Entries that a history needs: of recommendations, and of scale events in each direction. At the controller's
    /// sync period no more are ever held, whatever happens.
    #[must_use]
    pub fn entries_needed(&self) -> (usize, usize) {
        let windows = self.windows();
        let longest = windows.down.max(windows.up);
        let events = self.behavior.map_or(0, |b| self.held(b.up.rates.longest().max(b.down.rates.longest())));
        (self.held(longest), events)
    }

    fn held(&self, span: Span) -> usize {
        let period = self.controller.sync_period.as_nanos().max(1);
        let held = span.as_nanos().checked_div(period).unwrap_or(0).saturating_add(2);
        usize::try_from(held).unwrap_or(usize::MAX)
    }
}

/// The release of Kubernetes that is answered like.
///
/// Only releases that decide differently matter: see the table of differences in the module's documentation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Profile {
    /// 1.32 and earlier.
    V1_32,
    /// 1.33.
    V1_33,
    /// 1.34.
    V1_34,
    /// 1.35.
    V1_35,
    /// 1.36.
    V1_36,
    /// 1.37.
    #[default]
    V1_37,
}

impl Profile {
    /// Every profile, oldest first.
    pub const ALL: [Self; 6] = [Self::V1_32, Self::V1_33, Self::V1_34, Self::V1_35, Self::V1_36, Self::V1_37];

    /// `hpa-1.37` and so on.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::V1_32 => "hpa-1.32",
            Self::V1_33 => "hpa-1.33",
            Self::V1_34 => "hpa-1.34",
            Self::V1_35 => "hpa-1.35",
            Self::V1_36 => "hpa-1.36",
            Self::V1_37 => "hpa-1.37",
        }
    }

    const fn scale_to_zero(self) -> bool {
        matches!(self, Self::V1_37)
    }

    const fn own_tolerances(self) -> bool {
        matches!(self, Self::V1_35 | Self::V1_36 | Self::V1_37)
    }

    const fn pod_level_requests(self) -> bool {
        !matches!(self, Self::V1_32 | Self::V1_33)
    }
}

/// Flags of kube-controller-manager that decisions depend on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Controller {
    /// Time between two syncs of one workload, 15 s. Only the size of the history depends on it.
    pub sync_period: Span,
    /// The window downward where none is given, 300 s.
    pub downscale_stabilization: Span,
    /// How long after its start a pod's CPU is judged by its sample's window, 300 s.
    pub cpu_initialization_period: Span,
    /// How soon after its start an unready pod counts as never having been ready, 30 s.
    pub initial_readiness_delay: Span,
    /// How far a ratio may be from 1 without a change, 0.1.
    pub tolerance: f64,
}

impl Controller {
    /// The controller's defaults.
    pub const DEFAULT: Self = Self {
        sync_period: Span::from_secs(15),
        downscale_stabilization: Span::from_secs(300),
        cpu_initialization_period: Span::from_secs(300),
        initial_readiness_delay: Span::from_secs(30),
        tolerance: 0.1,
    };
}

impl Default for Controller {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// `spec.behavior`, after defaulting.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Behavior<'a> {
    /// Going up.
    pub up: Rules<'a>,
    /// Going down.
    pub down: Rules<'a>,
}

/// The rules of one direction.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rules<'a> {
    rates: RateRules<'a>,
    window: Option<Span>,
    tolerance: Option<f64>,
}

impl<'a> Rules<'a> {
    /// Rate rules; the window is the default of its direction (0 upward, the controller's flag downward).
    #[must_use]
    pub const fn new(rates: RateRules<'a>) -> Self {
        Self { rates, window: None, tolerance: None }
    }

    /// A window of at most one hour.
    ///
    /// # Errors
    /// When it is longer.
    pub const fn with_window(self, window: Span) -> Result<Self, ConfigError> {
        let nanos = window.as_nanos();
        if nanos > Span::from_secs(3600).as_nanos() {
            return Err(ConfigError::new("window", nanos as i64, Problem::AtMost(3_600_000_000_000)));
        }
        Ok(Self { window: Some(window), ..self })
    }

    /// A tolerance of its own, 0 or more; downward, 1 and more hold every ratio below 1.
    ///
    /// # Errors
    /// When it is negative or no number.
    pub const fn with_tolerance(self, tolerance: f64) -> Result<Self, ConfigError> {
        if !tolerance.is_finite() {
            return Err(ConfigError::new("tolerance", 0, Problem::NotFinite));
        }
        if tolerance < 0.0 {
            return Err(ConfigError::new("tolerance", (tolerance * 1000.0) as i64, Problem::AtLeast(0)));
        }
        Ok(Self { tolerance: Some(tolerance), ..self })
    }

    /// The rate rules.
    #[must_use]
    pub const fn rates(&self) -> RateRules<'a> {
        self.rates
    }

    /// The window, if one is given.
    #[must_use]
    pub const fn window(&self) -> Option<Span> {
        self.window
    }
}

/// Tolerances in force.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tolerances {
    /// Below a ratio of 1.
    pub down: f64,
    /// Above a ratio of 1.
    pub up: f64,
}

impl Tolerances {
    /// Whether a ratio is close enough to 1. NaN never is.
    #[must_use]
    pub fn hold(&self, ratio: f64, profile: Profile) -> bool {
        if profile == Profile::V1_32 {
            // The older test misses a ratio of exactly 1.1: |1 − 1.1| is 0.10000000000000009.
            let distance = if ratio < 1.0 { 1.0 - ratio } else { ratio - 1.0 };
            return distance <= self.up;
        }
        (1.0 - self.down) <= ratio && ratio <= (1.0 + self.up)
    }
}

/// Windows in force.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Windows {
    /// The highest recommendation of this time holds a scale-down.
    pub down: Span,
    /// The lowest recommendation of this time holds a scale-up.
    pub up: Span,
}

/// What a history that knows nothing yet allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum ColdStart {
    /// As upstream: the current number counts as the first recommendation.
    #[default]
    Seed,
    /// Nothing moves in a direction before that direction's window was watched from end to end.
    HoldUntilWindowFilled,
}

/// Known defects of upstream that are answered better when switched on. All are off by default: parity first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Mended {
    /// A per-pod average of an Object or External metric that is within tolerance holds the replicas wanted; upstream
    /// proposes the replicas running, and so scales up in the middle of a rolling update (issue 138505).
    pub on_target_holds_wanted: bool,
    /// A Pods rule whose sum passes 2³¹−1 allows 2³¹−1; upstream wraps, which freezes scaling up.
    pub pods_rule_saturates: bool,
}

impl Mended {
    /// Upstream, defects and all.
    pub const NOTHING: Self = Self { on_target_holds_wanted: false, pods_rule_saturates: false };
}

/// Where a metric comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// CPU, memory, … of whole pods.
    Resource,
    /// The same, of one container in each pod.
    ContainerResource,
    /// A custom metric with one value per pod.
    Pods,
    /// A custom metric of one object.
    Object,
    /// A metric from outside the cluster: a list of values that are added up.
    External,
    /// A type that this release does not know.
    Unknown,
}

/// What a metric is compared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// Percent of the pods' requests.
    Utilization(i32),
    /// A value per pod.
    AverageValue(Milli),
    /// A value of the whole.
    Value(Milli),
    /// A manifest may name a kind of target and set another; the metric then always fails.
    Unusable,
}

/// One metric of a policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Metric<'a> {
    pub(super) source: Source,
    pub(super) name: &'a str,
    pub(super) container: Option<&'a str>,
    pub(super) target: Target,
}

impl<'a> Metric<'a> {
    /// A resource of the pods, e.g. `cpu`.
    #[must_use]
    pub const fn resource(name: &'a str) -> MetricSource<'a> {
        MetricSource { source: Source::Resource, name, container: None }
    }

    /// A resource of one container in each pod.
    #[must_use]
    pub const fn container_resource(name: &'a str, container: &'a str) -> MetricSource<'a> {
        MetricSource { source: Source::ContainerResource, name, container: Some(container) }
    }

    /// A custom metric with one value per pod.
    #[must_use]
    pub const fn pods(name: &'a str) -> MetricSource<'a> {
        MetricSource { source: Source::Pods, name, container: None }
    }

    /// A custom metric of one object.
    #[must_use]
    pub const fn object(name: &'a str) -> MetricSource<'a> {
        MetricSource { source: Source::Object, name, container: None }
    }

    /// A metric from outside the cluster.
    #[must_use]
    pub const fn external(name: &'a str) -> MetricSource<'a> {
        MetricSource { source: Source::External, name, container: None }
    }

    /// A metric of a type that is not known; it always fails.
    #[must_use]
    pub const fn unknown(name: &'a str) -> Self {
        Self { source: Source::Unknown, name, container: None, target: Target::Unusable }
    }

    /// Where it comes from.
    #[must_use]
    pub const fn source(&self) -> Source {
        self.source
    }

    /// Its name; for resources that of the resource.
    #[must_use]
    pub const fn name(&self) -> &'a str {
        self.name
    }

    /// The container it is about.
    #[must_use]
    pub const fn container(&self) -> Option<&'a str> {
        self.container
    }

    /// What it is compared with.
    #[must_use]
    pub const fn target(&self) -> Target {
        self.target
    }

    /// Whether it is read from the pods one by one, that is, through a [`PodFold`](super::PodFold).
    #[must_use]
    pub const fn is_per_pod(&self) -> bool {
        matches!(self.source, Source::Resource | Source::ContainerResource | Source::Pods)
    }

    /// Whether readiness matters: CPU of pods that are starting says little.
    #[must_use]
    pub fn is_cpu(&self) -> bool {
        matches!(self.source, Source::Resource | Source::ContainerResource) && self.name == "cpu"
    }
}

/// A metric that still wants its target.
#[derive(Clone, Copy, Debug)]
pub struct MetricSource<'a> {
    source: Source,
    name: &'a str,
    container: Option<&'a str>,
}

impl<'a> MetricSource<'a> {
    /// Percent of the requests, 1 or more. Resources only.
    ///
    /// # Errors
    /// Names a target that is out of range or of the wrong kind, as the others do.
    pub const fn utilization(self, percent: i32) -> Result<Metric<'a>, ConfigError> {
        if !matches!(self.source, Source::Resource | Source::ContainerResource) {
            return Err(ConfigError::new("target", percent as i64, Problem::WrongTarget));
        }
        if percent < 1 {
            return Err(ConfigError::new("target", percent as i64, Problem::AtLeast(1)));
        }
        Ok(self.with(Target::Utilization(percent)))
    }

    /// A value per pod, above 0.
    ///
    /// # Errors
    /// As [`MetricSource::utilization`].
    pub const fn average_value(self, value: Milli) -> Result<Metric<'a>, ConfigError> {
        if value.0 < 1 {
            return Err(ConfigError::new("target", value.0, Problem::AtLeast(1)));
        }
        Ok(self.with(Target::AverageValue(value)))
    }

    /// A value of the whole, above 0. Object and External only.
    ///
    /// # Errors
    /// As [`MetricSource::utilization`].
    pub const fn value(self, value: Milli) -> Result<Metric<'a>, ConfigError> {
        if !matches!(self.source, Source::Object | Source::External) {
            return Err(ConfigError::new("target", value.0, Problem::WrongTarget));
        }
        if value.0 < 1 {
            return Err(ConfigError::new("target", value.0, Problem::AtLeast(1)));
        }
        Ok(self.with(Target::Value(value)))
    }

    /// A manifest that names one kind of target and sets another: accepted by the API, and failing at every sync.
    #[must_use]
    pub const fn unusable(self) -> Metric<'a> {
        self.with(Target::Unusable)
    }

    const fn with(self, target: Target) -> Metric<'a> {
        Metric { source: self.source, name: self.name, container: self.container, target }
    }
}
