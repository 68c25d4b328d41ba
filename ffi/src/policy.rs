//! A policy that owns what the core borrows.
//!
//! Memory of a caller may move, so nothing in it may point into it: names stand in one text, metrics say where in it,
//! and the core's policy is put together again at each call. That is a few dozen moves and no search.

use core::fmt;

use heapless::{String, Vec};
use plimsoll_core::constrain::{Amount, Bounds, RatePolicy, RateRules, Select};
use plimsoll_core::error::{ConfigError, Problem};
use plimsoll_core::hpa::{self, Behavior, ColdStart, Controller, Hpa, Mended, Metric, Profile, Source, Target};
use plimsoll_core::units::{Milli, Span};

use crate::abi::{self, Gate, HpaConfig, MOST_METRICS, MOST_RATE_RULES, NAME_BYTES, Status};
use crate::number::{Numbered, flag, given, status_words};

/// A policy as it lies in memory.
#[derive(Clone, Debug)]
pub(crate) struct Policy {
    bounds: Bounds,
    controller: Controller,
    profile: Profile,
    gates: [Option<bool>; 3],
    cold_start: ColdStart,
    mended: Mended,
    metrics: Vec<Owned, MOST_METRICS>,
    behavior: Option<[OwnedRules; 2]>,
    names: String<NAME_BYTES>,
}

/// A metric whose names are places in the policy's text.
#[derive(Clone, Copy, Debug)]
struct Owned {
    source: Source,
    target: Target,
    name: Place,
    container: Place,
}

/// First and last-but-one byte.
type Place = (u16, u16);

/// The rules of one direction.
#[derive(Clone, Debug)]
pub(crate) struct OwnedRules {
    select: Select,
    rates: Vec<RatePolicy, MOST_RATE_RULES>,
    window: Option<Span>,
    tolerance: Option<f64>,
}

/// Why a configuration makes no policy.
pub(crate) struct Refused {
    pub(crate) at: At,
    pub(crate) why: Why,
}

/// What it is about.
pub(crate) enum At {
    Policy,
    Metric(usize),
    Up,
    Down,
}

/// What is wrong.
pub(crate) enum Why {
    Config(ConfigError),
    Status(Status),
}

impl Why {
    /// The same, and where.
    pub(crate) fn at(self, at: At) -> Refused {
        Refused { at, why: self }
    }
}

impl From<ConfigError> for Why {
    fn from(error: ConfigError) -> Self {
        Self::Config(error)
    }
}

impl From<Status> for Why {
    fn from(status: Status) -> Self {
        Self::Status(status)
    }
}

impl From<Refused> for Status {
    fn from(refused: Refused) -> Self {
        match refused.why {
            Why::Config(error) => status(error),
            Why::Status(status) => status,
        }
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.at {
            At::Policy => {}
            At::Metric(index) => write!(f, "metrics[{index}]: ")?,
            At::Up => f.write_str("up: ")?,
            At::Down => f.write_str("down: ")?,
        }
        match self.why {
            Why::Config(error) => error.fmt(f),
            Why::Status(status) => f.write_str(status_words(status as i32).to_str().unwrap_or_default()),
        }
    }
}

/// A metric of a configuration, with its texts.
pub(crate) struct GivenMetric<'a> {
    pub(crate) config: abi::MetricConfig,
    pub(crate) name: &'a str,
    pub(crate) container: &'a str,
}

impl Policy {
    /// Begins with everything but metrics and behavior; [`Policy::check`] ends it.
    pub(crate) fn new(config: &HpaConfig) -> Result<Self, Why> {
        let tolerable = config.tolerance.is_finite() && config.tolerance >= 0.0;
        if !tolerable || config.sync_period_ns == 0 {
            return Err(Status::OutOfRange.into());
        }
        Ok(Self {
            bounds: Bounds::new(config.min_replicas, config.max_replicas)?,
            controller: Controller {
                sync_period: Span::from_nanos(config.sync_period_ns),
                downscale_stabilization: Span::from_nanos(config.downscale_window_ns),
                cpu_initialization_period: Span::from_nanos(config.cpu_initialization_period_ns),
                initial_readiness_delay: Span::from_nanos(config.initial_readiness_delay_ns),
                tolerance: config.tolerance,
            },
            profile: Profile::from_number(config.profile)?,
            gates: [gate(config.scale_to_zero)?, gate(config.own_tolerances)?, gate(config.pod_level_requests)?],
            cold_start: ColdStart::from_number(config.cold_start)?,
            mended: Mended {
                on_target_holds_wanted: flag(config.mend_on_target)?,
                pods_rule_saturates: flag(config.mend_pods_rule)?,
            },
            metrics: Vec::new(),
            behavior: None,
            names: String::new(),
        })
    }

    /// Adds the next metric.
    pub(crate) fn add_metric(&mut self, given: &GivenMetric<'_>) -> Result<(), Why> {
        let (config, source) = (&given.config, Source::from_number(given.config.source)?);
        let kinds = [
            (abi::TargetKind::Utilization, Target::Utilization(config.target_percent)),
            (abi::TargetKind::AverageValue, Target::AverageValue(Milli(config.target_milli))),
            (abi::TargetKind::Value, Target::Value(Milli(config.target_milli))),
            (abi::TargetKind::Unusable, Target::Unusable),
        ];
        let target = kinds.iter().find(|(kind, _)| *kind as i32 == config.target).ok_or(Status::OutOfRange)?.1;
        let container = if source == Source::ContainerResource { given.container } else { "" };
        metric(source, given.name, container, target)?;
        let owned = Owned { source, target, name: self.keep(given.name)?, container: self.keep(container)? };
        self.metrics.push(owned).map_err(|_| Status::TooMany.into())
    }

    fn keep(&mut self, text: &str) -> Result<Place, Status> {
        let place = |at: usize| u16::try_from(at).map_err(|_| Status::TooMany);
        let begin = place(self.names.len())?;
        self.names.push_str(text).map_err(|_| Status::TooMany)?;
        Ok((begin, place(self.names.len())?))
    }

    /// Sets the behavior.
    pub(crate) fn set_behavior(&mut self, up: OwnedRules, down: OwnedRules) {
        self.behavior = Some([up, down]);
    }

    /// Whether the core takes it; the rest was asked as it came.
    pub(crate) fn check(&self) -> Result<(), Refused> {
        if self.metrics.is_empty() {
            return Err(Why::Status(Status::Empty).at(At::Policy));
        }
        if let Some([up, down]) = &self.behavior {
            up.rules().map_err(|error| Why::Config(error).at(At::Up))?;
            down.rules().map_err(|error| Why::Config(error).at(At::Down))?;
        }
        self.with(|_| Ok(())).map_err(|status| Why::Status(status).at(At::Policy))
    }

    /// How many metrics it has.
    pub(crate) fn metrics(&self) -> usize {
        self.metrics.len()
    }

    /// Calls with the core's policy.
    pub(crate) fn with<T>(&self, body: impl FnOnce(&Hpa<'_>) -> Result<T, Status>) -> Result<T, Status> {
        let mut metrics = Vec::<Metric<'_>, MOST_METRICS>::new();
        for owned in &self.metrics {
            let metric = metric(owned.source, self.text(owned.name), self.text(owned.container), owned.target);
            metrics.push(metric.map_err(status)?).map_err(|_| Status::Internal)?;
        }
        let mut hpa = Hpa::new(self.bounds, &metrics)
            .map_err(status)?
            .with_profile(self.profile)
            .with_controller(self.controller)
            .with_cold_start(self.cold_start)
            .with_mended(self.mended);
        let [scale_to_zero, own_tolerances, pod_level_requests] = self.gates;
        if let Some(on) = scale_to_zero {
            hpa = hpa.with_scale_to_zero(on);
        }
        if let Some(on) = own_tolerances {
            hpa = hpa.with_own_tolerances(on);
        }
        if let Some(on) = pod_level_requests {
            hpa = hpa.with_pod_level_requests(on);
        }
        if let Some([up, down]) = &self.behavior {
            hpa = hpa.with_behavior(Behavior { up: up.rules().map_err(status)?, down: down.rules().map_err(status)? });
        }
        body(&hpa)
    }

    fn text(&self, (begin, end): Place) -> &str {
        self.names.as_str().get(usize::from(begin)..usize::from(end)).unwrap_or_default()
    }
}

impl OwnedRules {
    /// The rules of one direction; [`OwnedRules::add`] adds rates.
    pub(crate) fn new(config: &abi::Rules) -> Result<Self, Why> {
        Ok(Self {
            select: Select::from_number(config.select)?,
            rates: Vec::new(),
            window: given(config.has_window, Span::from_nanos(config.window_ns))?,
            tolerance: given(config.has_tolerance, config.tolerance)?,
        })
    }

    /// Adds the next rate rule.
    pub(crate) fn add(&mut self, rule: &abi::RateRule) -> Result<(), Why> {
        let kinds =
            [(abi::RateKind::Pods, Amount::Pods(rule.value)), (abi::RateKind::Percent, Amount::Percent(rule.value))];
        let amount = kinds.iter().find(|(kind, _)| *kind as i32 == rule.kind).ok_or(Status::OutOfRange)?.1;
        let rate = RatePolicy::new(amount, Span::from_nanos(rule.period_ns))?;
        self.rates.push(rate).map_err(|_| Status::TooMany.into())
    }

    fn rules(&self) -> Result<hpa::Rules<'_>, ConfigError> {
        let mut rules = hpa::Rules::new(RateRules::new(self.select, &self.rates)?);
        if let Some(window) = self.window {
            rules = rules.with_window(window)?;
        }
        match self.tolerance {
            Some(tolerance) => rules.with_tolerance(tolerance),
            None => Ok(rules),
        }
    }
}

fn metric<'a>(source: Source, name: &'a str, container: &'a str, target: Target) -> Result<Metric<'a>, ConfigError> {
    let source = match source {
        Source::Resource => Metric::resource(name),
        Source::ContainerResource => Metric::container_resource(name, container),
        Source::Pods => Metric::pods(name),
        Source::Object => Metric::object(name),
        Source::External => Metric::external(name),
        Source::Unknown => return Ok(Metric::unknown(name)),
    };
    match target {
        Target::Utilization(percent) => source.utilization(percent),
        Target::AverageValue(value) => source.average_value(value),
        Target::Value(value) => source.value(value),
        Target::Unusable => Ok(source.unusable()),
    }
}

fn gate(number: i32) -> Result<Option<bool>, Status> {
    let gates = [(Gate::Default, None), (Gate::On, Some(true)), (Gate::Off, Some(false))];
    gates.iter().find(|(gate, _)| *gate as i32 == number).map(|(_, on)| *on).ok_or(Status::OutOfRange)
}

/// The status that says what a configuration's error says.
pub(crate) fn status(error: ConfigError) -> Status {
    match error.problem {
        Problem::AtLeast(_)
        | Problem::AtMost(_)
        | Problem::MoreThan(_)
        | Problem::MultipleOf(_)
        | Problem::Unreadable
        | Problem::Gap
        | Problem::Overlap
        | Problem::Open
        | Problem::NotTogether
        | Problem::NotFinite => Status::OutOfRange,
        Problem::Empty => Status::Empty,
        Problem::WrongTarget => Status::WrongTarget,
        Problem::Capacity { .. } => Status::Capacity,
    }
}
