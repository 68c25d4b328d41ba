//! Observations: numbers of C become values of the core.

use heapless::Vec;
use plimsoll_core::hpa::{self, PodClass, PodCount, Reading, ReadyCondition, Sample, Scale, Selector, Unready};
use plimsoll_core::units::{Instant, Milli, Replicas, Span};

use crate::abi::{self, MOST_METRICS, Status};
use crate::number::{Numbered, flag, given};

/// Readings of all metrics. Three kilobytes, so they are made in place and not handed about.
pub(crate) type Readings = Vec<Reading, MOST_METRICS>;

/// An observation without its readings.
#[derive(Clone, Copy)]
pub(crate) struct Seen {
    now: Instant,
    scale: Option<Scale>,
    selector: Selector,
    pods: Option<PodCount>,
}

impl Seen {
    /// From the numbers.
    pub(crate) fn new(seen: &abi::Observation) -> Result<Self, Status> {
        let scale = Scale { wanted: Replicas(seen.wanted_replicas), running: Replicas(seen.running_replicas) };
        let scale = given(seen.has_scale, scale)?;
        if scale.is_some_and(|scale| scale.wanted.0 < 0 || scale.running.0 < 0) {
            return Err(Status::OutOfRange);
        }
        Ok(Self {
            now: Instant::from_nanos(seen.now_ns),
            scale,
            selector: Selector::from_number(seen.selector)?,
            pods: given(seen.has_pods, PodCount { listed: seen.pods_listed, ready: seen.pods_ready })?,
        })
    }

    /// The moment.
    pub(crate) fn now(&self) -> Instant {
        self.now
    }

    /// As the core wants it.
    pub(crate) fn with(self, readings: &Readings) -> hpa::Observation<'_> {
        let Self { now, scale, selector, pods } = self;
        hpa::Observation { now, scale, selector, pods, readings }
    }
}

/// A pod.
pub(crate) fn pod(pod: &abi::Pod) -> Result<hpa::Pod, Status> {
    let since = given(pod.has_ready_since, Instant::from_nanos(pod.ready_since_ns))?;
    let ready = match pod.ready {
        0 => None,
        number => Some(ReadyCondition { status: hpa::Ready::from_number(number)?, since }),
    };
    let sample = Sample {
        value: Milli(pod.sample_milli),
        at: Instant::from_nanos(pod.sampled_at_ns),
        window: Span::from_nanos(pod.sample_window_ns),
    };
    Ok(hpa::Pod {
        phase: hpa::Phase::from_number(pod.phase)?,
        deleted: flag(pod.deleted)?,
        started: given(pod.has_started, Instant::from_nanos(pod.started_ns))?,
        ready,
        sample: given(pod.has_sample, sample)?,
        request: match pod.request_error {
            0 => Ok(Milli(pod.request_milli)),
            number => Err(hpa::RequestError::from_number(number)?),
        },
    })
}

/// A container, with its name.
pub(crate) fn container<'a>(container: &abi::Container, name: &'a str) -> Result<hpa::Container<'a>, Status> {
    let request = given(container.has_request, Milli(container.request_milli))?;
    Ok(hpa::Container { name, request, kind: hpa::ContainerKind::from_number(container.kind)? })
}

/// A container's usage, with its name.
pub(crate) fn container_usage<'a>(
    container: &abi::ContainerUsage,
    name: &'a str,
) -> Result<(&'a str, Option<Milli>), Status> {
    Ok((name, given(container.has_usage, Milli(container.usage_milli))?))
}

/// What is set for a whole pod.
pub(crate) fn pod_level(level: &abi::PodLevel) -> Result<hpa::PodLevel, Status> {
    Ok(hpa::PodLevel {
        set: flag(level.set)?,
        request: given(level.has_request, Milli(level.request_milli))?,
        overhead: given(level.has_overhead, Milli(level.overhead_milli))?,
    })
}

/// What a pod counts as.
pub(crate) fn class(class: PodClass) -> abi::PodClass {
    match class {
        PodClass::Ready => abi::PodClass::Ready,
        PodClass::Missing => abi::PodClass::Missing,
        PodClass::Unready(Unready::Pending) => abi::PodClass::Pending,
        PodClass::Unready(Unready::NoCondition) => abi::PodClass::NoCondition,
        PodClass::Unready(Unready::Starting) => abi::PodClass::Starting,
        PodClass::Unready(Unready::SampleTooEarly) => abi::PodClass::SampleTooEarly,
        PodClass::Unready(Unready::NeverReady) => abi::PodClass::NeverReady,
        PodClass::Ignored(hpa::Ignored::Deleted) => abi::PodClass::Deleted,
        PodClass::Ignored(hpa::Ignored::Failed) => abi::PodClass::Failed,
    }
}

/// An error of a metric as three numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct ErrorNumbers {
    pub(crate) error: i32,
    pub(crate) request_error: i32,
    pub(crate) pod: u32,
}

impl From<hpa::MetricError> for ErrorNumbers {
    fn from(error: hpa::MetricError) -> Self {
        let error = match error {
            hpa::MetricError::Request { error, pod } => {
                let request_error = error.number();
                return Self { error: abi::MetricError::Request as i32, request_error, pod };
            }
            hpa::MetricError::Unavailable => abi::MetricError::Unavailable,
            hpa::MetricError::NotANumber => abi::MetricError::NotANumber,
            hpa::MetricError::NoReading => abi::MetricError::NoReading,
            hpa::MetricError::PodsUnlisted => abi::MetricError::PodsUnlisted,
            hpa::MetricError::NoPods => abi::MetricError::NoPods,
            hpa::MetricError::NoSamples => abi::MetricError::NoSamples,
            hpa::MetricError::NoContainerInSample => abi::MetricError::NoContainerInSample,
            hpa::MetricError::NothingMatched => abi::MetricError::NothingMatched,
            hpa::MetricError::UnusableTarget => abi::MetricError::UnusableTarget,
            hpa::MetricError::UnknownSource => abi::MetricError::UnknownSource,
        };
        Self { error: error as i32, ..Self::default() }
    }
}

impl ErrorNumbers {
    /// The error.
    pub(crate) fn error(self) -> Result<hpa::MetricError, Status> {
        let plain = [
            hpa::MetricError::Unavailable,
            hpa::MetricError::NotANumber,
            hpa::MetricError::NoReading,
            hpa::MetricError::PodsUnlisted,
            hpa::MetricError::NoPods,
            hpa::MetricError::NoSamples,
            hpa::MetricError::NoContainerInSample,
            hpa::MetricError::NothingMatched,
            hpa::MetricError::UnusableTarget,
            hpa::MetricError::UnknownSource,
        ];
        if self.error == abi::MetricError::Request as i32 {
            let error = hpa::RequestError::from_number(self.request_error)?;
            return Ok(hpa::MetricError::Request { error, pod: self.pod });
        }
        let found = plain.into_iter().find(|error| Self::from(*error).error == self.error);
        found.ok_or(Status::OutOfRange)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_error_comes_back_as_it_went() {
        for error in 1..=11 {
            let numbers = ErrorNumbers { error, request_error: 2, pod: 3 };
            let back = ErrorNumbers::from(numbers.error().expect("a known error"));
            let expected = if error == 7 { numbers } else { ErrorNumbers { error, ..Default::default() } };
            assert_eq!(back, expected);
        }
        for unknown in [0, 12, -1] {
            assert_eq!(ErrorNumbers { error: unknown, ..Default::default() }.error(), Err(Status::OutOfRange));
        }
    }
}
