//! What the host saw, with the time.

use crate::units::{Instant, Replicas};

/// Everything one decision looks at.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Observation {
    /// The time.
    pub now: Instant,
    /// How many replicas the target asks for; `None` when that could not be read.
    pub scale: Option<Replicas>,
    /// Pods that are ready; 0 when their service does not exist yet, `None` when they could not be counted.
    pub ready: Option<u32>,
    /// Pods that exist and are not ready. Only [`Mended::starting_pods_count`](super::Mended) looks at them.
    pub starting: u32,
    /// The averages over all pods.
    pub load: Reading,
    /// Whether a route leads to the revision. If not, minimum, retention, delay and scale-down rate do not count.
    pub reachable: bool,
    /// The proxy that buffers requests.
    pub proxy: Proxy,
    /// Whether the revision's service has its name: before that it does not count as initialised.
    pub named: bool,
}

impl Default for Observation {
    /// A reachable revision, of which nothing could be read but the recorded samples, at the origin of time.
    fn default() -> Self {
        Self {
            now: Instant::default(),
            scale: None,
            ready: None,
            starting: 0,
            load: Reading::Recorded,
            reachable: true,
            proxy: Proxy::default(),
            named: true,
        }
    }
}

/// Where the averages come from.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Reading {
    /// From the samples recorded in the history.
    Recorded,
    /// From the host.
    Given(Load),
    /// From nowhere: the source failed.
    Failed,
}

/// Averages of the metric over the two windows, summed over all pods.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Load {
    /// Over the stable window.
    pub stable: f64,
    /// Over the panic window.
    pub panic: f64,
}

/// What is known of the proxy (Knative's activator).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Proxy {
    /// The route goes through it, by its specification.
    pub routed: bool,
    /// A probe was answered by it: requests really pass.
    pub confirmed: bool,
    /// Since when it is in the path; `None` when it is not.
    pub since: Option<Instant>,
}

/// One sample, summed over the pods.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sample {
    /// Requests in flight, or requests per second.
    pub value: f64,
    /// Those of them that came through the proxy, which reports them itself.
    pub proxied: f64,
}

impl Sample {
    /// A sample without proxied requests.
    #[must_use]
    pub const fn direct(value: f64) -> Self {
        Self { value, proxied: 0.0 }
    }
}

/// What a [`Decider`](super::Decider) looks at.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Demand {
    /// The time.
    pub now: Instant,
    /// The averages, or why there are none.
    pub load: Result<Load, Unknown>,
    /// Pods that are ready; `None` when they could not be counted.
    pub ready: Option<u32>,
    /// Pods that exist and are not ready.
    pub starting: u32,
    /// Whether a route leads to the revision.
    pub reachable: bool,
}

/// Why no number can be computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub enum Unknown {
    /// The ready pods could not be counted.
    Pods,
    /// The metric could not be read.
    Metric,
    /// Nothing was recorded for more than a stable window.
    NoData,
    /// An average is no number.
    NotANumber,
}

/// What a [`Lifecycle`](super::Lifecycle) looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pass {
    /// The time.
    pub now: Instant,
    /// Replicas that the decider wants; `None` before it ever could tell.
    pub wanted: Option<Replicas>,
    /// Its excess burst capacity.
    pub excess_burst_capacity: i32,
    /// Replicas that the target asks for.
    pub scale: Replicas,
    /// Pods that are ready.
    pub ready: Option<u32>,
    /// Whether a route leads to the revision.
    pub reachable: bool,
    /// The proxy.
    pub proxy: Proxy,
    /// Whether the service has its name.
    pub named: bool,
}
