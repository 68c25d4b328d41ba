//! What a pod requests and uses, from its containers.

use core::fmt;

use super::policy::{Hpa, Metric, Profile, Source};
use crate::units::Milli;

/// One container of a pod, for one resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Container<'a> {
    /// Its name.
    pub name: &'a str,
    /// What it requests; `None` when nothing is set.
    pub request: Option<Milli>,
    /// When it runs.
    pub kind: ContainerKind,
}

/// When a container runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ContainerKind {
    /// With the pod.
    Main,
    /// Before the pod, to its end.
    Init,
    /// An init container with restartPolicy Always: it starts before the pod and runs with it.
    Sidecar,
}

/// What is set for a whole pod, for one resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct PodLevel {
    /// Requests are set at the pod's level, for this or another supported resource.
    pub set: bool,
    /// The request at the pod's level for this resource.
    pub request: Option<Milli>,
    /// The overhead for this resource.
    pub overhead: Option<Milli>,
}

/// Why a pod's request is not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub enum RequestError {
    /// A container has none.
    Missing,
    /// Requests are set at the pod's level, and none is to be had for this resource.
    MissingPodLevel,
    /// The metric's container is not in the pod.
    NoContainer,
}

impl fmt::Display for RequestError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Missing => "a container without a request",
            Self::MissingPodLevel => "pod-level requests, but none for this resource",
            Self::NoContainer => "no container of that name",
        })
    }
}

impl RequestError {
    /// The error in upstream's words, for the pod and the container that it is about.
    #[must_use]
    pub const fn upstream<'a>(self, resource: &'a str, container: &'a str, pod: &'a str) -> UpstreamText<'a> {
        UpstreamText { error: self, resource, container, pod }
    }
}

/// A [`RequestError`] in upstream's words.
#[derive(Clone, Copy, Debug)]
pub struct UpstreamText<'a> {
    error: RequestError,
    resource: &'a str,
    container: &'a str,
    pod: &'a str,
}

impl fmt::Display for UpstreamText<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { error, resource, container, pod } = self;
        match error {
            RequestError::Missing => write!(f, "missing request for {resource} in container {container} of Pod {pod}"),
            RequestError::MissingPodLevel => write!(f, "missing pod-level request for {resource} in Pod {pod}"),
            RequestError::NoContainer => write!(f, "container {container} not found in Pod {pod}"),
        }
    }
}

/// What a pod requests of a metric's resource. `containers` gives the init containers in their order; main containers
/// may stand anywhere. O(containers).
///
/// # Errors
/// The first container without a request, in upstream's order: main containers first. [`first_without_request`] names it.
pub fn pod_request<'a>(
    hpa: &Hpa<'_>,
    metric: &Metric<'_>,
    containers: impl Iterator<Item = Container<'a>> + Clone,
    pod: PodLevel,
) -> Result<Milli, RequestError> {
    if let Some(name) = metric.container.filter(|_| metric.source == Source::ContainerResource) {
        let running = in_upstream_order(containers).find(|container| container.name == name);
        return match running {
            Some(container) => container.request.ok_or(RequestError::Missing),
            // Until 1.34 a pod without the container requested nothing.
            None if hpa.profile < Profile::V1_35 => Ok(Milli(0)),
            None => Err(RequestError::NoContainer),
        };
    }
    if hpa.pod_level_requests && pod.set {
        let effective = pod.request.map(|Milli(request)| i128::from(request)).or_else(|| aggregate(containers));
        return match (effective, pod.overhead) {
            (None, None) => Err(RequestError::MissingPodLevel),
            (request, overhead) => {
                let Milli(overhead) = overhead.unwrap_or_default();
                Ok(Milli((request.unwrap_or_default() as i64).wrapping_add(overhead)))
            }
        };
    }
    let mut sum = 0_i64;
    for container in in_upstream_order(containers) {
        let Milli(request) = container.request.ok_or(RequestError::Missing)?;
        sum = sum.wrapping_add(request);
    }
    Ok(Milli(sum))
}

/// The name of the container that [`pod_request`] fails for.
pub fn first_without_request<'a>(containers: impl Iterator<Item = Container<'a>> + Clone) -> Option<&'a str> {
    in_upstream_order(containers).find(|container| container.request.is_none()).map(|container| container.name)
}

/// What a pod used, from its containers' samples: each a name and the usage, `None` where the resource is not reported.
///
/// A pod that reports no container, or one without the resource, has no sample; for a container's metric it is that
/// container's sample or none. `Err` is the answer of 1.32, where the whole metric fails if the container is missing.
///
/// # Errors
/// [`RequestError::NoContainer`], only for [`Profile::V1_32`].
pub fn pod_usage<'a>(
    hpa: &Hpa<'_>,
    metric: &Metric<'_>,
    mut containers: impl Iterator<Item = (&'a str, Option<Milli>)>,
) -> Result<Option<Milli>, RequestError> {
    if let Some(name) = metric.container.filter(|_| metric.source == Source::ContainerResource) {
        return match containers.find(|(container, _)| *container == name) {
            Some((_, usage)) => Ok(usage),
            None if hpa.profile == Profile::V1_32 => Err(RequestError::NoContainer),
            None => Ok(None),
        };
    }
    let mut sum = None;
    for (_, usage) in containers {
        let Some(Milli(usage)) = usage else {
            return Ok(None);
        };
        sum = Some(Milli(sum.map_or(0, |Milli(sum): Milli| sum).wrapping_add(usage)));
    }
    Ok(sum)
}

/// Main containers, then sidecars.
fn in_upstream_order<'a>(
    containers: impl Iterator<Item = Container<'a>> + Clone,
) -> impl Iterator<Item = Container<'a>> {
    let sidecars = containers.clone().filter(|container| container.kind == ContainerKind::Sidecar);
    containers.filter(|container| container.kind == ContainerKind::Main).chain(sidecars)
}

/// What the scheduler reserves: all that run together, or the peak while the init containers run one after another,
/// each beside the sidecars before it. `None` when no container has a request.
fn aggregate<'a>(containers: impl Iterator<Item = Container<'a>> + Clone) -> Option<i128> {
    containers.clone().find_map(|container| container.request)?;
    // Upstream compares quantities, which do not wrap; only what comes out is cut to 64 bits.
    let (mut together, mut sidecars, mut peak) = (0_i128, 0_i128, 0_i128);
    for container in containers {
        let request = i128::from(container.request.unwrap_or_default().0);
        match container.kind {
            ContainerKind::Main => together = together.wrapping_add(request),
            ContainerKind::Sidecar => {
                together = together.wrapping_add(request);
                sidecars = sidecars.wrapping_add(request);
                peak = peak.max(sidecars);
            }
            ContainerKind::Init => peak = peak.max(sidecars.wrapping_add(request)),
        }
    }
    Some(together.max(peak))
}
