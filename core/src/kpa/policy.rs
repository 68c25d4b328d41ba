//! The policy: a decider (how much is needed), a life cycle (what is done with it), and the windows between samples
//! and decider.

use super::settings::{
    Aggregation, Cluster, Revision, burst, finite, initial_scale, int_least, least, more, panic_window, resolve_target,
};
use crate::error::ConfigError;
use crate::math;
use crate::units::Span;

/// Time between two decisions, and the length of a slot of the delay.
pub const TICK: Span = Span::from_secs(2);
/// The length of a bucket.
pub const BUCKET: Span = Span::from_secs(1);
/// How much longer than the progress deadline an activation may take.
const ACTIVATION_BUFFER: Span = Span::from_secs(30);
/// Proxies in the path of requests, at least.
const LEAST_ACTIVATORS: f64 = 2.0;

/// A Knative-style autoscaler of one revision. Immutable; one serves any number of workloads that are set alike.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Kpa {
    pub(super) decider: Decider,
    pub(super) lifecycle: Lifecycle,
    pub(super) stable_window: Span,
    pub(super) panic_window: Span,
    pub(super) aggregation: Aggregation,
    pub(super) mended: Mended,
}

impl Kpa {
    /// The autoscaler of a revision in a cluster: everything as the revision sets it, else as the cluster does.
    ///
    /// # Errors
    /// Names the annotation that is impossible, with what Knative's webhook asks of it.
    pub fn new(cluster: &Cluster, revision: &Revision) -> Result<Self, ConfigError> {
        if let Some(error) = revision.check(cluster) {
            return Err(error);
        }
        let s = cluster.settings();
        let target = resolve_target(cluster, revision);
        let stable_window = revision.window.unwrap_or(s.stable_window);
        let panic_percentage = revision.panic_window_percentage.unwrap_or(s.panic_window_percentage);
        let threshold = revision.panic_threshold_percentage.unwrap_or(s.panic_threshold_percentage);
        let target_burst_capacity = revision.target_burst_capacity.unwrap_or(s.target_burst_capacity);
        let decider = Decider::new(DeciderSpec {
            target: target.target,
            total: target.total,
            target_burst_capacity,
            panic_threshold: threshold / 100.0,
            max_scale_up_rate: s.max_scale_up_rate,
            max_scale_down_rate: s.max_scale_down_rate,
            stable_window,
            scale_down_delay: revision.scale_down_delay.unwrap_or(s.scale_down_delay),
            activation_scale: revision.activation_scale.unwrap_or(0),
        })?;
        let lifecycle = Lifecycle::new(LifecycleSpec {
            min_scale: revision.min_scale.unwrap_or(s.min_scale),
            max_scale: revision.max_scale.unwrap_or(s.max_scale),
            initial_scale: initial_scale(cluster, revision),
            scale_to_zero: s.scale_to_zero,
            stable_window,
            grace: s.scale_to_zero_grace,
            pod_retention: revision.pod_retention.unwrap_or(s.pod_retention),
            progress_deadline: revision.progress_deadline.unwrap_or(s.progress_deadline),
            total: target.total,
            target_burst_capacity,
            activator_capacity: s.activator_capacity,
        })?;
        let panic_window = panic_window(stable_window, panic_percentage);
        let aggregation = revision.aggregation;
        Ok(Self { decider, lifecycle, stable_window, panic_window, aggregation, mended: Mended::NOTHING })
    }

    /// Known defects of upstream answered better.
    #[must_use]
    pub const fn with_mended(self, mended: Mended) -> Self {
        let decider = Decider { mended, ..self.decider };
        let lifecycle = Lifecycle { mended, ..self.lifecycle };
        Self { decider, lifecycle, mended, ..self }
    }

    /// How much is needed.
    #[must_use]
    pub const fn decider(&self) -> &Decider {
        &self.decider
    }

    /// What is done with it.
    #[must_use]
    pub const fn lifecycle(&self) -> &Lifecycle {
        &self.lifecycle
    }

    /// The stable and the panic window.
    #[must_use]
    pub const fn windows(&self) -> (Span, Span) {
        (self.stable_window, self.panic_window)
    }

    /// How windows are averaged.
    #[must_use]
    pub const fn aggregation(&self) -> Aggregation {
        self.aggregation
    }

    /// The switches in force.
    #[must_use]
    pub const fn mended(&self) -> Mended {
        self.mended
    }

    /// Whether pods are asked for samples: not where all requests pass the proxy, which reports its own. Then silence
    /// is no lack of data.
    #[must_use]
    pub const fn is_scraped(&self) -> bool {
        !matches!(self.lifecycle.burst, Burst::Unlimited)
    }
}

/// Known defects of upstream, each with a switch; all off is upstream's answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Mended {
    /// The weighted average is divided by the sum of its weights: a young window does not read low.
    pub normalized_average: bool,
    /// A resized window remembers where its data began: its average does not fall.
    pub resize_keeps_first: bool,
    /// Seconds without a sample count as 0 from the second one on, instead of keeping the (plain) average until a window
    /// has passed. For sources that are silent only when there is nothing to say.
    pub silence_is_zero: bool,
    /// After a panic the number falls by the scale-down rate per stable window, not per tick.
    pub panic_ramps_down: bool,
    /// Pods that are starting count in the panic ratio: what is on its way is no reason to panic again.
    pub starting_pods_count: bool,
    /// The panic test compares real numbers instead of rounded-up pods, and asks for a least excess.
    pub exact_panic: Option<LeastExcess>,
    /// A changed scale-down delay holds at once, and none is left where it was taken away.
    pub delay_follows_policy: bool,
    /// Grace, retention and deadline count from the last change of the state, not of the reason given for it.
    pub timers_ignore_reasons: bool,
}

/// How many pods more than there are a load must ask for to be a reason to panic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LeastExcess(pub u32);

impl Mended {
    /// Upstream's answers.
    pub const NOTHING: Self = Self {
        normalized_average: false,
        resize_keeps_first: false,
        silence_is_zero: false,
        panic_ramps_down: false,
        starting_pods_count: false,
        exact_panic: None,
        delay_follows_policy: false,
        timers_ignore_reasons: false,
    };
}

/// How many requests in flight must fit at once, beyond those that there are.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Burst {
    /// None: the proxy leaves the path as soon as there is a pod.
    Off,
    /// Any number: the proxy never leaves the path.
    Unlimited,
    /// So many.
    Capacity(f64),
}

impl Burst {
    fn new(capacity: f64) -> Self {
        if capacity == 0.0 {
            Self::Off
        } else if capacity > 0.0 {
            Self::Capacity(capacity)
        } else {
            Self::Unlimited
        }
    }
}

/// What a [`Decider`] goes by, as upstream's `DeciderSpec` has it; not yet checked.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DeciderSpec {
    /// What a pod is to carry; above 0.
    pub target: f64,
    /// All that it takes; 0 or more.
    pub total: f64,
    /// 0 or more, or −1.
    pub target_burst_capacity: f64,
    /// Panic from so many times the ready pods on; above 0.
    pub panic_threshold: f64,
    /// 1 or more.
    pub max_scale_up_rate: f64,
    /// 1 or more.
    pub max_scale_down_rate: f64,
    /// How long a panic lasts after its last cause.
    pub stable_window: Span,
    /// How long the highest number holds.
    pub scale_down_delay: Span,
    /// The fewest pods while there is demand; below 2 it has no effect.
    pub activation_scale: i32,
}

/// From averages to a number of pods: rates, panic, delay, excess burst capacity.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Decider {
    pub(super) target: f64,
    pub(super) total: f64,
    pub(super) burst: Burst,
    pub(super) panic_threshold: f64,
    pub(super) up: f64,
    pub(super) down: f64,
    pub(super) stable_window: Span,
    pub(super) delay: Span,
    pub(super) activation_scale: i32,
    pub(super) mended: Mended,
}

impl Decider {
    /// Checked numbers only.
    ///
    /// # Errors
    /// Names the number that is impossible.
    pub fn new(spec: DeciderSpec) -> Result<Self, ConfigError> {
        let errors = [
            finite("target", spec.target),
            finite("total", spec.total),
            finite("target-burst-capacity", spec.target_burst_capacity),
            finite("panic-threshold", spec.panic_threshold),
            finite("max-scale-up-rate", spec.max_scale_up_rate),
            finite("max-scale-down-rate", spec.max_scale_down_rate),
            more("target", spec.target, 0.0),
            least("total", spec.total, 0.0),
            burst("target-burst-capacity", spec.target_burst_capacity),
            more("panic-threshold", spec.panic_threshold, 0.0),
            least("max-scale-up-rate", spec.max_scale_up_rate, 1.0),
            least("max-scale-down-rate", spec.max_scale_down_rate, 1.0),
            int_least("activation-scale", spec.activation_scale, 0),
        ];
        if let Some(error) = errors.into_iter().flatten().next() {
            return Err(error);
        }
        Ok(Self {
            target: spec.target,
            total: spec.total,
            burst: Burst::new(spec.target_burst_capacity),
            panic_threshold: spec.panic_threshold,
            up: spec.max_scale_up_rate,
            down: spec.max_scale_down_rate,
            stable_window: spec.stable_window,
            delay: spec.scale_down_delay,
            activation_scale: spec.activation_scale,
            mended: Mended::NOTHING,
        })
    }

    /// Known defects of upstream answered better.
    #[must_use]
    pub const fn with_mended(self, mended: Mended) -> Self {
        Self { mended, ..self }
    }

    /// What a pod is to carry.
    #[must_use]
    pub const fn target(&self) -> f64 {
        self.target
    }

    /// All that a pod takes.
    #[must_use]
    pub const fn total(&self) -> f64 {
        self.total
    }

    /// The burst that must fit.
    #[must_use]
    pub const fn burst(&self) -> Burst {
        self.burst
    }

    /// Slots that a history needs for the delay.
    #[must_use]
    pub fn delay_slots(&self) -> u64 {
        self.delay.as_nanos().div_ceil(TICK.as_nanos())
    }

    /// How many requests more than there are would fit, less the burst that must; negative: not enough. Without a burst
    /// it is 0, for any burst −1. From the ready pods, 0 if there are none, and the panic average.
    #[must_use]
    pub fn excess_burst_capacity(&self, ready: u32, panic_average: f64) -> i32 {
        match self.burst {
            Burst::Off => 0,
            Burst::Unlimited => -1,
            Burst::Capacity(capacity) => math::floor_i32(f64::from(ready) * self.total - capacity - panic_average),
        }
    }

    /// The same before the first decision, from the initial scale.
    #[must_use]
    pub fn initial_excess_burst_capacity(&self, initial_scale: i32) -> i32 {
        match self.burst {
            Burst::Off => 0,
            Burst::Unlimited => -1,
            Burst::Capacity(capacity) => math::trunc_i32(f64::from(initial_scale) * self.total - capacity),
        }
    }
}

/// Whether two excess capacities are on the same side; 0 counts as positive. Only a flip is worth telling anybody.
#[must_use]
pub const fn same_sign(a: i32, b: i32) -> bool {
    (a < 0) == (b < 0)
}

/// What a [`Lifecycle`] goes by; not yet checked.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LifecycleSpec {
    /// The fewest pods; does not count when nobody can reach the revision.
    pub min_scale: i32,
    /// The most pods; 0 = any number. When it is below the minimum, upstream lifts to the one and cuts to the other.
    pub max_scale: i32,
    /// The fewest pods until so many were ready once.
    pub initial_scale: i32,
    /// Whether zero is allowed.
    pub scale_to_zero: bool,
    /// How long a revision stays active at least.
    pub stable_window: Span,
    /// How long the proxy must have been in the path, or the revision inactive.
    pub grace: Span,
    /// How long the last pod is kept at least.
    pub pod_retention: Span,
    /// How long an activation may take, less 30 s.
    pub progress_deadline: Span,
    /// All that a pod takes.
    pub total: f64,
    /// 0 or more, or −1.
    pub target_burst_capacity: f64,
    /// Requests in flight that one proxy takes; above 0.
    pub activator_capacity: f64,
}

/// From the number wanted to the number written: bounds, and the protocol that leads to zero.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Lifecycle {
    pub(super) min: i32,
    pub(super) max: Option<i32>,
    pub(super) initial_scale: i32,
    pub(super) scale_to_zero: bool,
    pub(super) stable_window: Span,
    pub(super) grace: Span,
    pub(super) pod_retention: Span,
    pub(super) progress_deadline: Span,
    pub(super) total: f64,
    pub(super) burst: Burst,
    pub(super) activator_capacity: f64,
    pub(super) mended: Mended,
}

impl Lifecycle {
    /// Checked numbers only.
    ///
    /// # Errors
    /// Names the number that is impossible.
    pub fn new(spec: LifecycleSpec) -> Result<Self, ConfigError> {
        let errors = [
            int_least("min-scale", spec.min_scale, 0),
            int_least("max-scale", spec.max_scale, 0),
            int_least("initial-scale", spec.initial_scale, 0),
            finite("total", spec.total),
            finite("target-burst-capacity", spec.target_burst_capacity),
            finite("activator-capacity", spec.activator_capacity),
            least("total", spec.total, 0.0),
            burst("target-burst-capacity", spec.target_burst_capacity),
            more("activator-capacity", spec.activator_capacity, 0.0),
        ];
        if let Some(error) = errors.into_iter().flatten().next() {
            return Err(error);
        }
        Ok(Self {
            min: spec.min_scale,
            max: Some(spec.max_scale).filter(|max| *max != 0),
            initial_scale: spec.initial_scale,
            scale_to_zero: spec.scale_to_zero,
            stable_window: spec.stable_window,
            grace: spec.grace,
            pod_retention: spec.pod_retention,
            progress_deadline: spec.progress_deadline,
            total: spec.total,
            burst: Burst::new(spec.target_burst_capacity),
            activator_capacity: spec.activator_capacity,
            mended: Mended::NOTHING,
        })
    }

    /// Known defects of upstream answered better.
    #[must_use]
    pub const fn with_mended(self, mended: Mended) -> Self {
        Self { mended, ..self }
    }

    /// The fewest pods and the most, `None` for any number.
    #[must_use]
    pub const fn bounds(&self) -> (i32, Option<i32>) {
        (self.min, self.max)
    }

    /// The fewest pods until so many were ready once.
    #[must_use]
    pub const fn initial_scale(&self) -> i32 {
        self.initial_scale
    }

    /// How long an activation may take.
    #[must_use]
    pub const fn activation_timeout(&self) -> Span {
        Span::from_nanos(self.progress_deadline.as_nanos().saturating_add(ACTIVATION_BUFFER.as_nanos()))
    }

    /// How many proxies to put into the path of requests: enough for what the ready pods take and the burst, 2 at least.
    #[must_use]
    pub fn activators(&self, ready: u32) -> u32 {
        let burst = match self.burst {
            Burst::Off => return LEAST_ACTIVATORS as u32,
            Burst::Unlimited => 0.0,
            Burst::Capacity(capacity) => capacity,
        };
        let covered = f64::from(ready) * self.total + burst;
        math::ceil(covered / self.activator_capacity).max(LEAST_ACTIVATORS).min(f64::from(i32::MAX)) as u32
    }
}

/// How many of so many pods are to be sampled: all of up to 3, else enough for 95 % confidence at a margin of 5 in a
/// population with variance 100 (`n = N·X / (N+X−1)`, `X = 1.96²·100/25`).
#[must_use]
pub fn sample_size(pods: u32) -> u32 {
    const UNBOUNDED: f64 = 15.3664;
    if pods <= 3 {
        return pods;
    }
    let population = f64::from(pods);
    math::ceil(population * UNBOUNDED / (population + UNBOUNDED - 1.0)) as u32
}

/// The sum over all pods, from the sum over some: scaled by `pods / sampled`. `None` when none was sampled.
#[must_use]
pub fn extrapolate(sum: f64, sampled: u32, pods: u32) -> Option<f64> {
    (sampled > 0).then(|| sum / f64::from(sampled) * f64::from(pods))
}
