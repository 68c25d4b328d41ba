//! A WatermarkPodAutoscaler of Datadog: its spec, and its controller in a simulation.

use plimsoll_core::constrain::Bounds;
use plimsoll_core::error::ConfigError;
use plimsoll_core::step::{
    Algorithm, Converge, MarkDecision, MarkHistory, MarkObservation, MarkReading, Mended, Step, Times, Watermark,
    Watermarks,
};
use plimsoll_core::trace::Each;
use plimsoll_core::units::{Instant, Milli, Replicas, Span};
use serde::Deserialize;
use serde_json::Value;

use crate::manifest::watermark::{MarkedMetric, WatermarkSpec};
use crate::manifest::{ObjectReference, Quantity, Selector};
use crate::simulate::run::{MetricReading, Sync};
use crate::simulate::{CPU, MEMORY, Phase, SECOND_NS, Scaler, Seen};

/// A WatermarkPodAutoscaler's policy.
#[derive(Clone, Debug)]
pub struct WatermarkPods {
    bounds: Bounds,
    metrics: Vec<MetricOf>,
    algorithm: Algorithm,
    tolerance: Milli,
    up_limit: Milli,
    down_limit: Milli,
    times: Times,
    min_available: i32,
    modulo: i32,
    tolerates_zero: bool,
    converge: Converge,
    mended: Mended,
    readiness_delay_s: i64,
}

/// What one metric is, and where its marks are.
#[derive(Clone, Debug)]
pub struct MetricOf {
    /// Of the resource, or of the external metric.
    pub name: String,
    /// Whether it is read from the pods.
    pub resource: bool,
    /// Which series, or which pods' samples; absent in another text than a manifest.
    pub selector: Option<Selector>,
    /// The marks.
    pub marks: Watermarks,
}

/// What of upstream's defects is answered better, beside the fields of Datadog's.
#[derive(Clone, Copy, Default, Deserialize)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
struct MendedIn {
    first_like_others: bool,
    zero_holds: bool,
    limits_at_zero_min: bool,
    keeps_wanted: bool,
}

impl WatermarkPods {
    /// From a `spec` in another text, where `root` is its name. `mended` beside its fields is ours.
    ///
    /// # Errors
    /// The first field that does not fit.
    pub fn inline(given: &Value, root: &str) -> Result<Self, String> {
        let mut given = given.clone();
        let mended = given.as_object_mut().and_then(|fields| fields.remove("mended")).filter(|it| !it.is_null());
        let spec: WatermarkSpec = super::inline(&given, root)?;
        let mended = mended.map_or(Ok(MendedIn::default()), |mended| super::inline(&mended, &format!("{root}.mended")));
        Self::new(&spec, mended?, root)
    }

    /// From the `spec` of an object.
    ///
    /// # Errors
    /// What the controller would refuse, and what cannot be answered here.
    pub fn of(spec: &WatermarkSpec) -> Result<Self, String> {
        let ObjectReference { kind, name, .. } = &spec.scale_target_ref;
        for (field, given) in [("kind", kind), ("name", name)] {
            if given.is_empty() {
                return Err(format!("spec.scaleTargetRef.{field} is missing"));
            }
        }
        if spec.recommender.is_some() && !spec.metrics.is_empty() {
            return Err("spec has recommender and metrics: one of them must decide".to_owned());
        }
        let policy = Self::new(spec, MendedIn::default(), "spec")?;
        for (index, metric) in policy.metrics.iter().enumerate() {
            if metric.selector.is_none() {
                let kind = if metric.resource { "resource" } else { "external" };
                return Err(format!("spec.metrics[{index}].{kind}.metricSelector is missing"));
            }
        }
        Ok(policy)
    }

    fn new(spec: &WatermarkSpec, mended: MendedIn, root: &str) -> Result<Self, String> {
        if spec.dry_run {
            return Err(format!(
                "{root}.dryRun is true: a policy that changes nothing has nothing to show; false shows what it would do"
            ));
        }
        if spec.recommender.is_some() {
            return Err(format!("{root}.recommender asks a service: only metrics are known here"));
        }
        let max = spec.max_replicas.ok_or_else(|| format!("{root}.maxReplicas is missing"))?;
        let bounds = Bounds::new(spec.min_replicas.unwrap_or(1), max)
            .map_err(|error| format!("{root}: {}", in_replicas(error)))?;
        if spec.metrics.is_empty() {
            return Err(format!("{root}.metrics is empty: a metric must decide"));
        }
        let metrics = spec.metrics.iter().enumerate().map(|(index, given)| metric(root, index, given));
        let seconds = |field, given: Option<i32>, default: Span| match given {
            None => Ok(default),
            Some(given) => at_least(root, field, given, 1),
        };
        let delay = |field, given: Option<i32>| given.map_or(Ok(Span::ZERO), |given| at_least(root, field, given, 0));
        let up_delay = spec.upscale_delay_above_watermark_seconds;
        let down_delay = spec.downscale_delay_below_watermark_seconds;
        let up = spec.upscale_forbidden_window_seconds;
        let down = spec.downscale_forbidden_window_seconds;
        let times = Times {
            upscale_forbidden: seconds("upscaleForbiddenWindowSeconds", up, Times::DEFAULT.upscale_forbidden)?,
            downscale_forbidden: seconds("downscaleForbiddenWindowSeconds", down, Times::DEFAULT.downscale_forbidden)?,
            delay_above: delay("upscaleDelayAboveWatermarkSeconds", up_delay)?,
            delay_below: delay("downscaleDelayBelowWatermarkSeconds", down_delay)?,
        };
        let readiness = delay("readinessDelaySeconds", spec.readiness_delay_seconds)?;
        let milli = |given: Option<Quantity>, default| given.map_or(default, |given| Milli(given.milli()));
        let MendedIn { first_like_others, zero_holds, limits_at_zero_min, keeps_wanted } = mended;
        let policy = Self {
            bounds,
            metrics: metrics.collect::<Result<_, _>>()?,
            algorithm: algorithm(root, &spec.algorithm)?,
            // Upstream takes 0 for its default, as it cannot tell it from nothing.
            tolerance: milli(spec.tolerance.filter(|given| given.milli() != 0), Milli(100)),
            up_limit: milli(spec.scale_up_limit_factor, Milli(50_000)),
            down_limit: milli(spec.scale_down_limit_factor, Milli(20_000)),
            times,
            min_available: percentage(root, spec.min_available_replica_percentage)?,
            modulo: spec.replica_scaling_absolute_modulo.unwrap_or(1),
            tolerates_zero: spec.tolerate_zero,
            converge: converge(root, &spec.converge_towards_watermark)?,
            mended: Mended { first_like_others, zero_holds, limits_at_zero_min, keeps_wanted },
            readiness_delay_s: i64::try_from(readiness.as_secs()).unwrap_or(i64::MAX),
        };
        policy.refused(root)?;
        Ok(policy)
    }

    /// What the core would refuse, in Datadog's words.
    fn refused(&self, root: &str) -> Result<(), String> {
        for (field, given, most, range) in [
            ("tolerance", self.tolerance, 1_000, "0 to 1"),
            ("scaleUpLimitFactor", self.up_limit, i64::MAX, "at least 0, in percent"),
            ("scaleDownLimitFactor", self.down_limit, 99_999, "0 to below 100, in percent"),
        ] {
            if !(0..=most).contains(&given.0) {
                return Err(format!("{root}.{field} is {given}: must be {range}"));
            }
        }
        if self.modulo < 1 {
            return Err(format!("{root}.replicaScalingAbsoluteModulo is {}: must be at least 1", self.modulo));
        }
        self.build(|_| ()).map_err(|error| format!("{root}: {error}"))
    }

    fn build<R>(&self, run: impl FnOnce(&Watermark<'_>) -> R) -> Result<R, ConfigError> {
        let marks = self.metrics.iter().map(|metric| metric.marks).collect::<Vec<_>>();
        let policy = Watermark::new(self.bounds, &marks)?
            .with_algorithm(self.algorithm)
            .with_tolerance(self.tolerance)?
            .with_up_limit(self.up_limit)?
            .with_down_limit(self.down_limit)?
            .with_times(self.times)
            .with_min_available(self.min_available)
            .with_modulo(self.modulo)?
            .with_tolerate_zero(self.tolerates_zero)
            .with_converge(self.converge)
            .with_mended(self.mended);
        Ok(run(&policy))
    }

    /// Lends the core's policy.
    ///
    /// # Panics
    /// Never: the same was built once when this was made.
    pub fn with<R>(&self, run: impl FnOnce(&Watermark<'_>) -> R) -> R {
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

    /// The metrics, in their order.
    #[must_use]
    pub fn metrics(&self) -> &[MetricOf] {
        &self.metrics
    }

    /// Whether values are divided by the ready pods.
    #[must_use]
    pub fn averages(&self) -> bool {
        self.algorithm == Algorithm::Average
    }

    /// The marks with the tolerance, beyond which a value is out of them.
    #[must_use]
    pub fn edges(&self, marks: Watermarks) -> (Milli, Milli) {
        // Whole thousandths, as upstream's integers have them.
        let slack = |mark: Milli| mark.0.saturating_mul(self.tolerance.0) / 1000;
        let (low, high) = (marks.low(), marks.high());
        (Milli(low.0.saturating_sub(slack(low))), Milli(high.0.saturating_add(slack(high))))
    }

    /// What of a reading is compared with the marks; `None` where no pod is ready.
    #[must_use]
    pub fn usage(&self, reading: &MarkReading) -> Option<Milli> {
        if self.averages() { reading.total.0.checked_div(reading.ready.into()).map(Milli) } else { Some(reading.total) }
    }

    /// For so long a Pending pod is taken for a ready one; of a pod that became ready sooner after its start, CPU does not
    /// count.
    #[must_use]
    pub const fn readiness_delay_s(&self) -> i64 {
        self.readiness_delay_s
    }

    /// Forbidden windows and delays.
    #[must_use]
    pub const fn times(&self) -> Times {
        self.times
    }

    /// The metrics' names, in their order.
    #[must_use]
    pub fn names(&self) -> Vec<&str> {
        self.metrics.iter().map(|metric| metric.name.as_str()).collect()
    }

    /// The metrics, one line each: `cpu, between 0.4 and 0.7 a pod`.
    #[must_use]
    pub fn metric_lines(&self) -> Vec<String> {
        let each = if self.averages() { " a pod" } else { " in all" };
        let line = |metric: &MetricOf| {
            format!("{}, between {} and {}{each}", metric.name, metric.marks.low(), metric.marks.high())
        };
        self.metrics.iter().map(line).collect()
    }

    /// Decides, with every step as the core has it.
    pub fn decide(&self, past: &mut MarkHistory, seen: &MarkObservation<'_>) -> (MarkDecision, Vec<Step>) {
        let mut steps = Vec::new();
        let decision = self.with(|policy| policy.decide(past, seen, &mut Each(|step: &Step| steps.push(*step))));
        (decision, steps)
    }

    /// The scale was written: forbidden windows begin. Upstream also says so when a first sync writes what is there.
    pub fn applied(&self, past: &mut MarkHistory, decision: &MarkDecision) {
        self.with(|policy| policy.applied(past, decision));
    }
}

fn metric(root: &str, index: usize, given: &MarkedMetric) -> Result<MetricOf, String> {
    let at = format!("{root}.metrics[{index}]");
    let (kind, field, name, selector, low, high) = match (given.kind.as_str(), &given.external, &given.resource) {
        ("External", Some(it), None) => {
            ("external", "metricName", &it.metric_name, &it.metric_selector, it.low_watermark, it.high_watermark)
        }
        ("Resource", None, Some(it)) => {
            ("resource", "name", &it.name, &it.metric_selector, it.low_watermark, it.high_watermark)
        }
        ("External", ..) => return Err(format!("{at} is External: must have external, and nothing else")),
        ("Resource", ..) => return Err(format!("{at} is Resource: must have resource, and nothing else")),
        (other, ..) => return Err(format!("{at}.type is {other:?}: must be External or Resource")),
    };
    if name.is_empty() {
        return Err(format!("{at}.{kind}.{field} is missing"));
    }
    let selector = selector.as_ref().map(Selector::try_from).transpose();
    let selector = selector.map_err(|error| format!("{at}.{kind}.metricSelector: {error}"))?;
    let milli = |mark: Option<Quantity>| mark.map(|mark| Milli(mark.milli()));
    let marks = match (milli(low), milli(high)) {
        (None, None) => return Err(format!("{at} ({name}) has neither lowWatermark nor highWatermark")),
        (Some(low), Some(high)) if high < low => {
            return Err(format!("{at} ({name}): highWatermark is {high}, must be at least lowWatermark, {low}"));
        }
        (low, high) => Watermarks::new(low, high).map_err(|error| format!("{at} ({name}): {error}"))?,
    };
    Ok(MetricOf { name: name.clone(), resource: kind == "resource", selector, marks })
}

fn algorithm(root: &str, given: &str) -> Result<Algorithm, String> {
    match given {
        "" | "absolute" => Ok(Algorithm::Absolute),
        "average" => Ok(Algorithm::Average),
        other => Err(format!("{root}.algorithm is {other:?}: must be absolute or average")),
    }
}

fn converge(root: &str, given: &str) -> Result<Converge, String> {
    match given {
        "" => Ok(Converge::Off),
        "highwatermark" => Ok(Converge::HighWatermark),
        "lowwatermark" => Ok(Converge::LowWatermark),
        other => Err(format!("{root}.convergeTowardsWatermark is {other:?}: must be highwatermark or lowwatermark")),
    }
}

fn percentage(root: &str, given: i32) -> Result<i32, String> {
    match given {
        0..=100 => Ok(given),
        _ => Err(format!("{root}.minAvailableReplicaPercentage is {given}: must be 0 to 100")),
    }
}

fn at_least(root: &str, field: &str, given: i32, least: i32) -> Result<Span, String> {
    match u64::try_from(given) {
        Ok(seconds) if given >= least => Ok(Span::from_secs(seconds)),
        _ => Err(format!("{root}.{field} is {given}: must be at least {least}")),
    }
}

fn in_replicas(error: ConfigError) -> String {
    error.to_string().replacen("min ", "minReplicas ", 1).replacen("max ", "maxReplicas ", 1)
}

/// Decides a simulated workload as the controller would.
pub(super) struct Player {
    policy: WatermarkPods,
    past: MarkHistory,
    last: Option<MarkDecision>,
}

impl Player {
    /// # Errors
    /// When a metric is none that the simulation has.
    pub(super) fn new(policy: WatermarkPods, root: &str) -> Result<Self, String> {
        for (index, metric) in policy.metrics.iter().enumerate() {
            let known: &[&str] = if metric.resource { &[CPU, MEMORY] } else { &super::SERVICE };
            if !known.contains(&metric.name.as_str()) {
                let (name, known) = (&metric.name, known.join(", "));
                return Err(format!("{root}.metrics[{index}] is {name:?}: measured here are {known}"));
            }
        }
        Ok(Self { policy, past: MarkHistory::default(), last: None })
    }

    fn read(&self, metric: &MetricOf, seen: &Seen<'_>) -> Option<MarkReading> {
        let count = |pods: usize| i32::try_from(pods).unwrap_or(i32::MAX);
        if !metric.resource {
            let sample = seen.sample(&metric.name)?;
            let ready = super::ready(seen).min(seen.status_replicas);
            return Some(MarkReading { total: Milli(sample.value), ready, listed: count(seen.pods.len()) });
        }
        let delay = self.policy.readiness_delay_s.saturating_mul(SECOND_NS);
        let (mut total, mut ready, mut listed) = (0_i64, 0, 0);
        for pod in seen.pods.iter().filter(|pod| pod.phase == Phase::Running) {
            let Some(sample) = pod.sample(&metric.name) else {
                // It could be ready, and has no sample.
                listed += 1;
                continue;
            };
            // Of CPU, not of memory, those do not count that are not ready, or were only so in their first moments.
            let counts = metric.name != CPU
                || pod
                    .started
                    .zip(pod.ready)
                    .is_some_and(|(started, ready)| ready.status && started.saturating_add(delay) <= ready.since);
            if counts {
                listed += 1;
                ready += 1;
                total = total.saturating_add(sample.value);
            }
        }
        // Without any sample there is no reading.
        (ready > 0 || listed == 0).then_some(MarkReading { total: Milli(total), ready, listed })
    }
}

impl Scaler for Player {
    fn bounds(&self) -> (i32, Option<i32>) {
        (self.policy.bounds.min().0, Some(self.policy.bounds.max().0))
    }

    fn metrics(&self) -> Vec<String> {
        self.policy.metric_lines()
    }

    fn sync(&mut self, seen: &Seen<'_>) -> Sync {
        let now = Instant::from_nanos(seen.now);
        let readings = self.policy.metrics.iter().map(|metric| self.read(metric, seen)).collect::<Vec<_>>();
        let observation = MarkObservation {
            now,
            scale: Some((Replicas(seen.spec_replicas), Replicas(seen.status_replicas))),
            readings: &readings,
        };
        let (decision, steps) = self.policy.decide(&mut self.past, &observation);
        if !decision.changes() {
            // What changes nothing is written at once; it counts where upstream counts it.
            self.policy.applied(&mut self.past, &decision);
        }
        self.last = Some(decision);
        let names = self.policy.names();
        let words = |step: &Step| step.seen_at(now).named(&names).to_string();
        let reading = |step: &Step| {
            let (metric, read, asks) = match step {
                Step::Marked { metric, usage, to, .. } => (metric, usage.to_string(), Some(to.0)),
                Step::MetricFailed { metric, error } => (metric, format!("failed: {error}"), None),
                _ => return None,
            };
            let metric = names.get(usize::from(*metric)).copied().unwrap_or_default().to_owned();
            Some(MetricReading { metric, read, asks })
        };
        Sync {
            at_s: 0,
            from: decision.from.0,
            to: decision.to.0,
            readings: steps.iter().filter_map(reading).collect(),
            asked: decision.detail.recommended.map(|replicas| replicas.0),
            reason: words(&decision.last_word),
            steps: steps.iter().map(words).collect(),
            conditions: Vec::new(),
            revisit_at_s: super::second_of(decision.revisit_at),
        }
    }

    fn applied(&mut self, _: i64, _: i32, _: i32) {
        if let Some(decision) = self.last.filter(MarkDecision::changes) {
            self.policy.applied(&mut self.past, &decision);
        }
    }
}
