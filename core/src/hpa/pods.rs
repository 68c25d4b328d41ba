//! Pods and their samples, one by one, in constant memory.
//!
//! Upstream goes over the pods twice and keeps maps; a pod's part in both passes depends only on its class, so the
//! sums per class are enough. Adding is O(1) and the order of pods plays no part, but for which pod an error names.

use super::policy::{Hpa, Target};
use super::request::RequestError;
use crate::units::{Instant, Milli, Span};

/// The phase of a pod.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Not running yet.
    Pending,
    /// Running.
    Running,
    /// Ended well; an ordinary pod to the HPA.
    Succeeded,
    /// Ended badly.
    Failed,
    /// Not known; an ordinary pod to the HPA.
    Unknown,
}

/// The Ready condition of a pod.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReadyCondition {
    /// Its status.
    pub status: Ready,
    /// When it last changed; `None` counts as long ago.
    pub since: Option<Instant>,
}

/// The status of a Ready condition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ready {
    /// Ready.
    True,
    /// Not ready.
    False,
    /// Not known; counts as ready.
    Unknown,
}

/// What a pod used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sample {
    /// The value, in milli-units.
    pub value: Milli,
    /// When it was taken.
    pub at: Instant,
    /// The time it is an average of.
    pub window: Span,
}

/// One pod as a metric sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pod {
    /// Its phase.
    pub phase: Phase,
    /// It has a deletion timestamp.
    pub deleted: bool,
    /// Its start time.
    pub started: Option<Instant>,
    /// Its Ready condition.
    pub ready: Option<ReadyCondition>,
    /// What it used; `None` when there is no sample, never 0.
    pub sample: Option<Sample>,
    /// What it requests; only utilization targets look at it.
    pub request: Result<Milli, RequestError>,
}

impl Pod {
    /// A running and ready pod with a sample and no request, to be changed by `..`.
    #[must_use]
    pub const fn running(value: Milli, at: Instant) -> Self {
        Self {
            phase: Phase::Running,
            deleted: false,
            started: Some(Instant::MIN),
            ready: Some(ReadyCondition { status: Ready::True, since: None }),
            sample: Some(Sample { value, at, window: Span::ZERO }),
            request: Err(RequestError::Missing),
        }
    }

    /// Whether Object and External metrics count it.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.phase == Phase::Running && self.ready.is_some_and(|ready| ready.status == Ready::True)
    }
}

/// What a pod counts as, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum PodClass {
    /// Its sample counts.
    Ready,
    /// No sample: it is assumed to stand at its request (going down) or at 0 (going up).
    Missing,
    /// Left out going down, assumed at 0 going up.
    Unready(Unready),
    /// Left out.
    Ignored(Ignored),
}

/// Why a pod is unready.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Unready {
    /// Its phase is Pending.
    Pending,
    /// It has no Ready condition, or no start time.
    NoCondition,
    /// It is not ready, and still in its initialization period.
    Starting,
    /// It is ready, but its sample is from before, still in its initialization period.
    SampleTooEarly,
    /// It is not ready, and never was since it started.
    NeverReady,
}

/// Why a pod is ignored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Ignored {
    /// It is being deleted.
    Deleted,
    /// It has failed.
    Failed,
}

/// The pods and samples of one metric in one sync.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PodFold {
    now: Instant,
    cpu: Option<(Span, Span)>,
    pub(super) target: Target,
    pub(super) listed: u32,
    pub(super) ready: u32,
    pub(super) missing: u32,
    pub(super) unlisted: u32,
    pub(super) left_out: LeftOut,
    pub(super) usage: i64,
    pub(super) request: i64,
    pub(super) missing_request: i64,
    pub(super) missing_filled: i64,
    pub(super) unready_request: i64,
    pub(super) unlisted_usage: i64,
    pub(super) request_error: Option<(RequestError, u32)>,
    pub(super) changes_at: Instant,
}

/// How many pods were left out, by reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct LeftOut {
    /// See [`Unready::Pending`].
    pub pending: u32,
    /// See [`Unready::NoCondition`].
    pub no_condition: u32,
    /// See [`Unready::Starting`].
    pub starting: u32,
    /// See [`Unready::SampleTooEarly`].
    pub sample_too_early: u32,
    /// See [`Unready::NeverReady`].
    pub never_ready: u32,
    /// See [`Ignored::Deleted`].
    pub deleted: u32,
    /// See [`Ignored::Failed`].
    pub failed: u32,
}

impl LeftOut {
    /// All that are unready.
    #[must_use]
    pub const fn unready(&self) -> u32 {
        self.pending
            .saturating_add(self.no_condition)
            .saturating_add(self.starting)
            .saturating_add(self.sample_too_early)
            .saturating_add(self.never_ready)
    }

    /// All that are ignored.
    #[must_use]
    pub const fn ignored(&self) -> u32 {
        self.deleted.saturating_add(self.failed)
    }
}

impl PodFold {
    /// For the policy's metric number `metric`, at `now`. A number that the policy does not have gives a fold whose
    /// metric fails.
    #[must_use]
    pub fn new(hpa: &Hpa<'_>, metric: usize, now: Instant) -> Self {
        let metric = hpa.metrics.get(metric);
        let controller = &hpa.controller;
        Self {
            now,
            cpu: metric
                .filter(|metric| metric.is_cpu())
                .map(|_| (controller.cpu_initialization_period, controller.initial_readiness_delay)),
            target: metric.map_or(Target::Unusable, |metric| metric.target),
            listed: 0,
            ready: 0,
            missing: 0,
            unlisted: 0,
            left_out: LeftOut::default(),
            usage: 0,
            request: 0,
            missing_request: 0,
            missing_filled: 0,
            unready_request: 0,
            unlisted_usage: 0,
            request_error: None,
            changes_at: Instant::MAX,
        }
    }

    /// Adds a pod of the target, and says what it counts as.
    pub fn add(&mut self, pod: &Pod) -> PodClass {
        let request = match (self.target, pod.request) {
            (Target::Utilization(_), Ok(Milli(request))) => request,
            (Target::Utilization(_), Err(error)) => {
                // Every listed pod needs one, also those that are left out.
                self.request_error = self.request_error.or(Some((error, self.listed)));
                0
            }
            _ => 0,
        };
        self.listed = self.listed.wrapping_add(1);
        let class = self.classify(pod);
        match (class, pod.sample) {
            (PodClass::Ready, Some(sample)) => {
                self.ready = self.ready.wrapping_add(1);
                self.usage = self.usage.wrapping_add(sample.value.0);
                self.request = self.request.wrapping_add(request);
            }
            (PodClass::Ready | PodClass::Missing, _) => {
                self.missing = self.missing.wrapping_add(1);
                self.missing_request = self.missing_request.wrapping_add(request);
                // Truncated pod by pod, so the sum cannot be formed from the total.
                let percent = if let Target::Utilization(percent) = self.target { percent.max(100) } else { 100 };
                let filled = request.wrapping_mul(i64::from(percent)).wrapping_div(100);
                self.missing_filled = self.missing_filled.wrapping_add(filled);
            }
            (PodClass::Unready(why), _) => {
                self.unready_request = self.unready_request.wrapping_add(request);
                let count = match why {
                    Unready::Pending => &mut self.left_out.pending,
                    Unready::NoCondition => &mut self.left_out.no_condition,
                    Unready::Starting => &mut self.left_out.starting,
                    Unready::SampleTooEarly => &mut self.left_out.sample_too_early,
                    Unready::NeverReady => &mut self.left_out.never_ready,
                };
                *count = count.wrapping_add(1);
            }
            (PodClass::Ignored(why), _) => {
                let count = match why {
                    Ignored::Deleted => &mut self.left_out.deleted,
                    Ignored::Failed => &mut self.left_out.failed,
                };
                *count = count.wrapping_add(1);
            }
        }
        class
    }

    /// Adds a sample whose pod is not among the target's. Upstream keeps those: they enter averages per pod, and the
    /// number of samples that the second pass multiplies by.
    pub fn add_unlisted(&mut self, value: Milli) {
        self.unlisted = self.unlisted.wrapping_add(1);
        self.unlisted_usage = self.unlisted_usage.wrapping_add(value.0);
    }

    /// Adds `pods` ready pods at once, known only by their sums: for hosts that have readings but no pods, such as a
    /// gateway that knows its instances' total CPU and what they may use.
    pub fn add_ready(&mut self, pods: u32, usage: Milli, request: Milli) {
        self.listed = self.listed.wrapping_add(pods);
        self.ready = self.ready.wrapping_add(pods);
        self.usage = self.usage.wrapping_add(usage.0);
        self.request = self.request.wrapping_add(request.0);
    }

    /// The first line that matches decides; a missing sample comes before readiness.
    fn classify(&mut self, pod: &Pod) -> PodClass {
        if pod.deleted {
            return PodClass::Ignored(Ignored::Deleted);
        }
        match pod.phase {
            Phase::Failed => return PodClass::Ignored(Ignored::Failed),
            Phase::Pending => return PodClass::Unready(Unready::Pending),
            Phase::Running | Phase::Succeeded | Phase::Unknown => {}
        }
        let Some(sample) = pod.sample else {
            return PodClass::Missing;
        };
        match self.cpu.and_then(|(initialization, delay)| self.unready(pod, sample, initialization, delay)) {
            Some(why) => PodClass::Unready(why),
            None => PodClass::Ready,
        }
    }

    fn unready(&mut self, pod: &Pod, sample: Sample, initialization: Span, delay: Span) -> Option<Unready> {
        let (Some(ready), Some(started)) = (pod.ready, pod.started) else {
            return Some(Unready::NoCondition);
        };
        let since = ready.since.unwrap_or(Instant::MIN);
        let initialized = started + initialization;
        if initialized > self.now {
            let why = if ready.status == Ready::False {
                Unready::Starting
            } else if sample.at < since + sample.window {
                Unready::SampleTooEarly
            } else {
                return None;
            };
            self.changes_at = self.changes_at.min(initialized);
            return Some(why);
        }
        (ready.status == Ready::False && started + delay > since).then_some(Unready::NeverReady)
    }
}

/// What a fold holds, for those who explain it.
impl PodFold {
    /// Pods of the target.
    #[must_use]
    pub const fn listed(&self) -> u32 {
        self.listed
    }

    /// Pods whose sample counts.
    #[must_use]
    pub const fn ready(&self) -> u32 {
        self.ready
    }

    /// Pods without a sample.
    #[must_use]
    pub const fn missing(&self) -> u32 {
        self.missing
    }

    /// Samples without a pod.
    #[must_use]
    pub const fn unlisted(&self) -> u32 {
        self.unlisted
    }

    /// Pods left out, by reason.
    #[must_use]
    pub const fn left_out(&self) -> LeftOut {
        self.left_out
    }

    /// The sum of the samples that count, and of their pods' requests.
    #[must_use]
    pub const fn sums(&self) -> (Milli, Milli) {
        (Milli(self.usage), Milli(self.request))
    }

    /// The same fold as if the ready pods together had used this much.
    #[must_use]
    pub const fn with_usage(self, usage: Milli) -> Self {
        Self { usage: usage.0, ..self }
    }
}
