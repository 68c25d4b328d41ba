//! The types that C sees. Their documentation is the header's.
//!
//! Numbers of enums travel as `i32`, so that a number that is none can be refused; yes and no as `u32` of 1 and 0.

use core::ffi::c_char;

/// The most metrics of a policy.
pub const MOST_METRICS: usize = 16;
/// The most rate rules of a policy in one direction.
pub const MOST_RATE_RULES: usize = 16;
/// Room for the names of all metrics and containers of a policy together, in bytes.
pub const NAME_BYTES: usize = 2048;
/// The most conditions of a history.
pub const MOST_CONDITIONS: usize = 4;
/// Memory that a policy takes in this release at most, for hosts that set it aside when they are compiled; it wants the
/// alignment of a `uint64_t`.
pub const HPA_BYTES: usize = 4096;
/// The same for a history with `PLIMSOLL_ROOM_USUAL`.
pub const HISTORY_BYTES: usize = 1664;
/// The same for a history with `PLIMSOLL_ROOM_LONGEST`.
pub const HISTORY_LONGEST_BYTES: usize = 10240;
/// The same for a history with `PLIMSOLL_ROOM_LONGEST_BY_SECONDS`.
pub const HISTORY_LONGEST_BY_SECONDS_BYTES: usize = 147456;
/// The same for a fold.
pub const FOLD_BYTES: usize = 256;

/// What a call came to. The numbers are never used for anything else.
#[repr(i32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// The answer was written.
    Ok = 0,
    /// A pointer is NULL.
    NullPointer = 1,
    /// A pointer, or the stride of an array, is not aligned for its type.
    Misaligned = 2,
    /// A `struct_size` is smaller than any release's struct, was never set, or is greater than the stride.
    StructSize = 3,
    /// A number is outside its documented range.
    OutOfRange = 4,
    /// A history has room for fewer entries than are needed.
    Capacity = 5,
    /// The bytes of a saved history are none, or were changed.
    BadHistory = 6,
    /// A defect of the library. A history that was being moved may have been moved in part: restore or restart it.
    Internal = 8,
    /// Two structs of a call overlap, and one of them is written.
    Overlap = 9,
    /// Memory or a buffer is too small.
    NoRoom = 10,
    /// The memory was not initialised by this release of the library, or was overwritten.
    NotInitialized = 11,
    /// More metrics, rate rules or bytes of names than a policy holds.
    TooMany = 12,
    /// There is no metric, or no rate rule in a direction of a behavior.
    Empty = 13,
    /// This kind of metric does not take this kind of target.
    WrongTarget = 14,
    /// A text is not UTF-8.
    BadText = 15,
    /// The policy has no metric of that number.
    NoSuchMetric = 16,
}

/// The release of Kubernetes that is answered like.
#[repr(i32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Profile {
    /// 1.32 and earlier.
    V1_32 = 132,
    /// 1.33.
    V1_33 = 133,
    /// 1.34.
    V1_34 = 134,
    /// 1.35.
    V1_35 = 135,
    /// 1.36.
    V1_36 = 136,
    /// 1.37.
    V1_37 = 137,
}

/// Whether a feature gate is on.
#[repr(i32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gate {
    /// As in the release that is answered like.
    Default = 0,
    /// On, where that release has the gate.
    On = 1,
    /// Off, where that release has the gate.
    Off = 2,
}

/// What a history that knows nothing yet allows.
#[repr(i32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ColdStart {
    /// As upstream: the current number counts as a recommendation.
    Seed = 0,
    /// Nothing moves in a direction before that direction's window was watched from end to end.
    HoldUntilWindowFilled = 1,
}

/// Where a metric comes from.
#[repr(i32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// CPU, memory, … of whole pods.
    Resource = 1,
    /// The same, of one container in each pod.
    ContainerResource = 2,
    /// A custom metric with one value per pod.
    Pods = 3,
    /// A custom metric of one object.
    Object = 4,
    /// A metric from outside the cluster: a list of values that are added up.
    External = 5,
    /// A type that this release does not know; always fails.
    Unknown = 6,
}

/// What a metric is compared with.
#[repr(i32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TargetKind {
    /// Percent of the pods' requests: `target_percent`.
    Utilization = 1,
    /// A value per pod: `target_milli`.
    AverageValue = 2,
    /// A value of the whole: `target_milli`.
    Value = 3,
    /// A manifest that names one kind of target and sets another; always fails.
    Unusable = 4,
}

/// What a rate rule counts.
#[repr(i32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RateKind {
    /// A number of pods.
    Pods = 1,
    /// Percent of the replicas at the beginning of the period; may be above 100.
    Percent = 2,
}

/// Which of several rate rules counts.
#[repr(i32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Select {
    /// The one that allows the most change.
    Max = 0,
    /// The one that allows the least change.
    Min = 1,
    /// None: no change in this direction.
    Disabled = 2,
}

/// How much a history has room for.
#[repr(i32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Room {
    /// 24 recommendations, 24 changes a direction: windows and periods up to 330 s at a sync in 15 s.
    Usual = 1,
    /// 242 and 122: the longest that Kubernetes allows, an hour and half an hour, at a sync in 15 s.
    Longest = 2,
    /// 3602 and 1802: the longest that Kubernetes allows, at a sync a second.
    LongestBySeconds = 3,
}

/// The phase of a pod.
#[repr(i32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Not running yet.
    Pending = 1,
    /// Running.
    Running = 2,
    /// Ended well; an ordinary pod to the HPA.
    Succeeded = 3,
    /// Ended badly.
    Failed = 4,
    /// Not known; an ordinary pod to the HPA.
    Unknown = 5,
}

/// The status of a pod's Ready condition; 0 = the pod has no such condition.
#[repr(i32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ready {
    /// Ready.
    True = 1,
    /// Not ready.
    False = 2,
    /// Not known; counts as ready.
    Unknown = 3,
}

/// Why a pod's request is not known; 0 = it is known.
#[repr(i32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RequestError {
    /// A container has none.
    Missing = 1,
    /// Requests are set at the pod's level, and none is to be had for this resource.
    MissingPodLevel = 2,
    /// The metric's container is not in the pod.
    NoContainer = 3,
}

/// What a pod counts as.
#[repr(i32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PodClass {
    /// Its sample counts.
    Ready = 1,
    /// No sample: assumed to stand at its request (going down) or at 0 (going up).
    Missing = 2,
    /// Unready: its phase is Pending.
    Pending = 3,
    /// Unready: it has no Ready condition, or no start time.
    NoCondition = 4,
    /// Unready: not ready, and still in its initialization period.
    Starting = 5,
    /// Unready: its sample is from before it was ready, still in its initialization period.
    SampleTooEarly = 6,
    /// Unready: not ready, and never was since it started.
    NeverReady = 7,
    /// Ignored: it is being deleted.
    Deleted = 8,
    /// Ignored: it has failed.
    Failed = 9,
}

/// Whether the target's selector can be used.
#[repr(i32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Selector {
    /// It selects pods of this target only.
    Usable = 0,
    /// The scale has none.
    Missing = 1,
    /// It does not parse.
    Unparsable = 2,
    /// A pod it selects is selected by another HPA's target too.
    Ambiguous = 3,
}

/// What was read for one metric.
#[repr(i32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReadingKind {
    /// Nothing; the metric fails.
    None = 0,
    /// Pods and their samples, as an array: `pods`, and in `values_milli` samples whose pod is not among them.
    Pods = 1,
    /// Pods and their samples, added one by one to a fold: `fold`.
    Fold = 2,
    /// One value: `value_milli`. Object.
    Value = 3,
    /// Several values: `values_milli`. External.
    Values = 4,
    /// It could not be read: `error`.
    Failed = 5,
}

/// Why a metric gave no proposal; 0 = it gave one.
#[repr(i32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MetricError {
    /// The metrics API failed, or answered with nothing.
    Unavailable = 1,
    /// The value was no finite number.
    NotANumber = 2,
    /// The host gave no reading, or one of another kind.
    NoReading = 3,
    /// The pods could not be listed.
    PodsUnlisted = 4,
    /// There are no pods.
    NoPods = 5,
    /// No pod that counts has a sample.
    NoSamples = 6,
    /// A pod's request is not known: `request_error` has why, `error_pod` which pod.
    Request = 7,
    /// The container is missing in a pod's sample (1.32).
    NoContainerInSample = 8,
    /// No sample belongs to a pod with a request.
    NothingMatched = 9,
    /// The manifest names one kind of target and sets another.
    UnusableTarget = 10,
    /// A type of metric that is not known.
    UnknownSource = 11,
}

/// The error that a sync ends with; 0 = none.
#[repr(i32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SyncError {
    /// The scale could not be read.
    ScaleUnread = 1,
    /// No number could be computed: the selector, the pods, or too many metrics failed.
    Unknowable = 2,
    /// Some metrics failed; the sync went on.
    PartlyFailed = 3,
}

/// The reason that upstream gives in its event when it rescales.
#[repr(i32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RescaleReason {
    /// No text: the metrics ask for the current number.
    None = 0,
    /// More than the most.
    AboveMax = 1,
    /// Fewer than the fewest.
    BelowMin = 2,
    /// The metric `rescale_metric` is above its target.
    MetricAbove = 3,
    /// All metrics are below their targets.
    AllBelow = 4,
}

/// What the host did with a decision.
#[repr(i32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Applied {
    /// The scale was written.
    Done = 1,
    /// The scale could not be written.
    Failed = 2,
}

/// What a step says. The numbers are never used for anything else.
#[repr(i32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StepKind {
    /// The clock ran back, from `last_ns` to `now_ns`.
    ClockWentBack = 1,
    /// A second sync at the same time, `now_ns`.
    ClockStood = 2,
    /// Nothing that was remembered at `last_ns` counts any more at `now_ns`.
    LongGap = 3,
    /// The history was full: older entries were merged.
    HistoryFull = 4,
    /// The first sync: the current number, `to`, counts as a recommendation.
    Seeded = 5,
    /// The scale could not be read.
    ScaleUnread = 6,
    /// Zero replicas: off.
    Disabled = 7,
    /// More replicas than the most: lowered at once, `from`, `to`.
    AboveMax = 8,
    /// Fewer replicas than the fewest: raised at once, `from`, `to`.
    BelowMin = 9,
    /// The selector cannot be used: `selector`.
    SelectorUnusable = 10,
    /// The pods could not be listed.
    PodsUnlisted = 11,
    /// `metric` asks for `to`: `basis`, `ratio`, `reported`, and what was read, from `pods_listed` on.
    Proposed = 12,
    /// `metric` failed: `source`, `error`, `request_error`, `error_pod`.
    MetricFailed = 13,
    /// The metrics' number stands: `metric` asks for the most, `to`; `from` = replicas now.
    Recommended = 14,
    /// No number can be computed: `metrics_failed` of `metrics`; nothing changes.
    Unknowable = 15,
    /// `metrics_failed` of `metrics`; the others ask for no fewer replicas than there are.
    PartlyFailed = 16,
    /// A window holds the number: `direction`, `by`, `from`, `to`, `until_ns`.
    Stabilized = 17,
    /// The window was not watched from end to end yet: `from`, `to`, `until_ns`.
    ColdHeld = 18,
    /// A bound or a rate cut the number: `from`, `to`, `limit`, and with `has_rate` the rule's part, from `rate_kind` on.
    Limited = 19,
    /// Raised to the fewest, `to`, from zero.
    LiftedFromZero = 20,
    /// The scale was written: `from`, `to`.
    Rescaled = 21,
    /// The scale could not be written: `from`, `to`.
    RescaleFailed = 22,
}

/// Which rule gave a proposal.
#[repr(i32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Basis {
    /// The ratio is close enough to 1: the number stays.
    WithinTolerance = 1,
    /// Ratio times the ready pods.
    ReadyPods = 2,
    /// Ratio, with missing and unready pods filled in, times the samples then held.
    FilledIn = 3,
    /// With missing and unready pods filled in the ratio is close enough to 1, or on the other side of it.
    FilledInHolds = 4,
    /// With missing and unready pods filled in the number would move against the ratio.
    FilledInOpposes = 5,
    /// From zero replicas: the ratio itself.
    FromZero = 6,
    /// Total over target per pod.
    PerPod = 7,
    /// The average per running pod is close enough to the target: the pods running.
    RunningPods = 8,
}

/// Up or down.
#[repr(i32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// More replicas.
    Up = 1,
    /// Fewer replicas.
    Down = 2,
}

/// What a cut says.
#[repr(i32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    /// Nothing was cut.
    DesiredWithinRange = 1,
    /// Raised to the fewest.
    TooFewReplicas = 2,
    /// Lowered to the most.
    TooManyReplicas = 3,
    /// The rate of growing.
    ScaleUpLimit = 4,
    /// The rate of shrinking.
    ScaleDownLimit = 5,
}

/// What a condition is about; `plimsoll_condition_kind_str` has the API's names.
#[repr(i32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConditionKind {
    /// The scale can be read and written.
    AbleToScale = 1,
    /// Replicas can be computed.
    ScalingActive = 2,
    /// A bound or a rate cut the number.
    ScalingLimited = 3,
    /// The HPA itself scaled to zero.
    ScaledToZero = 4,
}

/// Why a condition is as it is; `plimsoll_reason_str` has the API's names.
#[repr(i32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// The scale could not be read.
    FailedGetScale = 1,
    /// The scale could be read.
    SucceededGetScale = 2,
    /// The scale could not be written.
    FailedUpdateScale = 3,
    /// The scale was written.
    SucceededRescale = 4,
    /// No window holds the number.
    ReadyForNewScale = 5,
    /// A higher recommendation of the window holds the number.
    ScaleDownStabilized = 6,
    /// A lower recommendation of the window holds the number.
    ScaleUpStabilized = 7,
    /// Zero replicas: off.
    ScalingDisabled = 8,
    /// The selector is missing or does not parse.
    InvalidSelector = 9,
    /// The selector selects pods of another HPA.
    AmbiguousSelector = 10,
    /// A Resource metric failed.
    FailedGetResourceMetric = 11,
    /// A ContainerResource metric failed.
    FailedGetContainerResourceMetric = 12,
    /// A Pods metric failed.
    FailedGetPodsMetric = 13,
    /// An Object metric failed.
    FailedGetObjectMetric = 14,
    /// An External metric failed.
    FailedGetExternalMetric = 15,
    /// The type of metric is not known.
    InvalidMetricSourceType = 16,
    /// A metric gave a number.
    ValidMetricFound = 17,
    /// Nothing was cut.
    DesiredWithinRange = 18,
    /// Raised to the fewest.
    TooFewReplicas = 19,
    /// Lowered to the most.
    TooManyReplicas = 20,
    /// Cut by the rate upward.
    ScaleUpLimit = 21,
    /// Cut by the rate downward.
    ScaleDownLimit = 22,
    /// The HPA itself scaled to zero.
    ScaledToZero = 23,
    /// It did not.
    NotScaledToZero = 24,
}

/// A policy, in memory of the caller: `plimsoll_hpa_size` bytes, aligned to `plimsoll_hpa_align`. It holds copies of
/// all that it was made from and no pointers: it may be moved with memcpy, and read by several threads at once.
pub struct OpaqueHpa {
    _in_the_callers_memory: (),
}

/// All that is remembered of one workload, in memory of the caller: `plimsoll_history_size` bytes, aligned to
/// `plimsoll_history_align`. It holds no pointers and may be moved with memcpy.
pub struct OpaqueHistory {
    _in_the_callers_memory: (),
}

/// The pods of one metric in one sync, in memory of the caller: `plimsoll_fold_size` bytes, aligned to
/// `plimsoll_fold_align`.
pub struct OpaqueFold {
    _in_the_callers_memory: (),
}

/// One metric of a policy. Required: all up to `name_length`; a metric without a container has none.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct MetricConfig {
    /// `sizeof(struct plimsoll_metric)`.
    pub struct_size: u32,
    /// A number of `enum plimsoll_source`.
    pub source: i32,
    /// A number of `enum plimsoll_target_kind`.
    pub target: i32,
    /// For a utilization: percent of the requests, 1 or more.
    pub target_percent: i32,
    /// For the others: thousandths of the unit, 1 or more.
    pub target_milli: i64,
    /// The name, UTF-8 without an end mark: of the resource (`cpu` and `memory` mean something), or of the metric.
    pub name: *const c_char,
    /// Its length in bytes.
    pub name_length: usize,
    /// For a ContainerResource the container's name; not looked at for the others.
    pub container: *const c_char,
    /// Its length in bytes.
    pub container_length: usize,
}

/// At most so much change in any period.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct RateRule {
    /// `sizeof(struct plimsoll_rate_rule)`.
    pub struct_size: u32,
    /// A number of `enum plimsoll_rate_kind`.
    pub kind: i32,
    /// How much, 1 or more.
    pub value: i32,
    /// Not looked at.
    pub reserved: u32,
    /// The period, 1 s to 30 min.
    pub period_ns: u64,
}

/// The rules of one direction of a behavior, after defaulting. Required: all up to `rates_stride`.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct Rules {
    /// `sizeof(struct plimsoll_rules)`.
    pub struct_size: u32,
    /// A number of `enum plimsoll_select`.
    pub select: i32,
    /// Rate rules, 1 to `PLIMSOLL_MOST_RATE_RULES`.
    pub rates: *const RateRule,
    /// How many.
    pub rates_length: usize,
    /// Bytes from one to the next; `sizeof(struct plimsoll_rate_rule)` in a plain array.
    pub rates_stride: usize,
    /// 1 = `window_ns` is given; 0 = upward none, downward the controller's. Default: 0.
    pub has_window: u32,
    /// 1 = `tolerance` is given; 0 = the controller's. Default: 0.
    pub has_tolerance: u32,
    /// The stabilization window, at most an hour.
    pub window_ns: u64,
    /// The tolerance, 0 or more.
    pub tolerance: f64,
}

/// What a policy is made from. `plimsoll_hpa_config_defaults` fills it. Required: all up to `metrics_stride`; all else
/// has a default.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct HpaConfig {
    /// `sizeof(struct plimsoll_hpa_config)`.
    pub struct_size: u32,
    /// The fewest replicas, 0 or more. Default: 1.
    pub min_replicas: i32,
    /// The most replicas, at least 1 and `min_replicas`. No default.
    pub max_replicas: i32,
    /// A number of `enum plimsoll_profile`. Default: 1.37.
    pub profile: i32,
    /// Metrics, 1 to `PLIMSOLL_MOST_METRICS`.
    pub metrics: *const MetricConfig,
    /// How many.
    pub metrics_length: usize,
    /// Bytes from one to the next; `sizeof(struct plimsoll_metric)` in a plain array.
    pub metrics_stride: usize,
    /// The behavior upward; given together with `down`, or NULL. Default: NULL.
    pub up: *const Rules,
    /// The behavior downward. Default: NULL.
    pub down: *const Rules,
    /// Not looked at.
    pub reserved: usize,
    /// The time between two syncs, 1 or more. Only the room that a history needs depends on it. Default: 15 s.
    pub sync_period_ns: u64,
    /// The window downward where none is given. Default: 300 s.
    pub downscale_window_ns: u64,
    /// How long after its start a pod's CPU is judged by its sample's window. Default: 300 s.
    pub cpu_initialization_period_ns: u64,
    /// How soon after its start an unready pod counts as never having been ready. Default: 30 s.
    pub initial_readiness_delay_ns: u64,
    /// How far a ratio may be from 1 without a change, 0 or more. Default: 0.1.
    pub tolerance: f64,
    /// The gate HPAScaleToZero, a number of `enum plimsoll_gate`. Default: the release's.
    pub scale_to_zero: i32,
    /// The gate HPAConfigurableTolerance. Default: the release's.
    pub own_tolerances: i32,
    /// The gate PodLevelResources. Default: the release's.
    pub pod_level_requests: i32,
    /// A number of `enum plimsoll_cold_start`. Default: `PLIMSOLL_COLD_START_SEED`.
    pub cold_start: i32,
    /// 1 = an average of an Object or External metric that is within tolerance holds the replicas wanted; upstream
    /// proposes the replicas running. Default: 0.
    pub mend_on_target: u32,
    /// 1 = a Pods rule whose sum passes 2^31-1 allows 2^31-1; upstream wraps. Default: 0.
    pub mend_pods_rule: u32,
}

/// One pod as a metric sees it.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct Pod {
    /// `sizeof(struct plimsoll_pod)`.
    pub struct_size: u32,
    /// A number of `enum plimsoll_phase`.
    pub phase: i32,
    /// 1 = it is being deleted.
    pub deleted: u32,
    /// Its Ready condition, a number of `enum plimsoll_ready`; 0 = it has none.
    pub ready: i32,
    /// 1 = it has a start time, `started_ns`.
    pub has_started: u32,
    /// 1 = it is known when its Ready condition last changed, `ready_since_ns`; 0 = long ago.
    pub has_ready_since: u32,
    /// 1 = it has a sample: `sample_milli`, `sampled_at_ns`, `sample_window_ns`. Missing is not 0.
    pub has_sample: u32,
    /// 0 = `request_milli` is known; else why not, a number of `enum plimsoll_request_error`. Only utilization targets
    /// look at it.
    pub request_error: i32,
    /// When it started.
    pub started_ns: i64,
    /// When its Ready condition last changed.
    pub ready_since_ns: i64,
    /// What it used, in thousandths of the unit.
    pub sample_milli: i64,
    /// When that was sampled.
    pub sampled_at_ns: i64,
    /// The time that the sample is an average of.
    pub sample_window_ns: u64,
    /// What it requests.
    pub request_milli: i64,
}

/// When a container runs.
#[repr(i32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ContainerKind {
    /// With the pod.
    Main = 1,
    /// Before the pod, to its end.
    Init = 2,
    /// An init container with restartPolicy Always: it starts before the pod and runs with it.
    Sidecar = 3,
}

/// One container of a pod, for one resource.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct Container {
    /// `sizeof(struct plimsoll_container)`.
    pub struct_size: u32,
    /// A number of `enum plimsoll_container_kind`.
    pub kind: i32,
    /// Its name, UTF-8 without an end mark.
    pub name: *const c_char,
    /// Its length in bytes.
    pub name_length: usize,
    /// 1 = it requests `request_milli`; 0 = nothing is set.
    pub has_request: u32,
    /// Not looked at.
    pub reserved: u32,
    /// What it requests.
    pub request_milli: i64,
}

/// What one container of a pod was seen to use, of one resource.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct ContainerUsage {
    /// `sizeof(struct plimsoll_container_usage)`.
    pub struct_size: u32,
    /// 1 = it used `usage_milli`; 0 = the resource is not reported.
    pub has_usage: u32,
    /// Its name, UTF-8 without an end mark.
    pub name: *const c_char,
    /// Its length in bytes.
    pub name_length: usize,
    /// What it used.
    pub usage_milli: i64,
}

/// What is set for a whole pod, for one resource.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct PodLevel {
    /// `sizeof(struct plimsoll_pod_level)`.
    pub struct_size: u32,
    /// 1 = requests are set at the pod's level, for this or another supported resource.
    pub set: u32,
    /// 1 = `request_milli` is set for this resource.
    pub has_request: u32,
    /// 1 = `overhead_milli` is set for this resource.
    pub has_overhead: u32,
    /// The request at the pod's level.
    pub request_milli: i64,
    /// The overhead.
    pub overhead_milli: i64,
}

/// What was read for one metric. Only what `kind` names is looked at.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct Reading {
    /// `sizeof(struct plimsoll_reading)`.
    pub struct_size: u32,
    /// A number of `enum plimsoll_reading_kind`.
    pub kind: i32,
    /// The value, in thousandths of the unit.
    pub value_milli: i64,
    /// A number of `enum plimsoll_metric_error`.
    pub error: i32,
    /// For `PLIMSOLL_METRIC_ERROR_REQUEST`: a number of `enum plimsoll_request_error`.
    pub request_error: i32,
    /// For `PLIMSOLL_METRIC_ERROR_REQUEST`: which pod, from 0.
    pub error_pod: u32,
    /// Not looked at.
    pub reserved: u32,
    /// Pods.
    pub pods: *const Pod,
    /// How many.
    pub pods_length: usize,
    /// Bytes from one to the next; `sizeof(struct plimsoll_pod)` in a plain array.
    pub pods_stride: usize,
    /// Values in thousandths of the unit, in order.
    pub values_milli: *const i64,
    /// How many.
    pub values_length: usize,
    /// A fold of this metric at this time.
    pub fold: *const OpaqueFold,
}

/// Everything one sync looks at. All that it points to is read before anything is written.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct Observation {
    /// `sizeof(struct plimsoll_observation)`.
    pub struct_size: u32,
    /// 1 = the scale could be read: `wanted_replicas`, `running_replicas`.
    pub has_scale: u32,
    /// The time, in nanoseconds from any origin that stays the same for one history. The only time there is.
    pub now_ns: i64,
    /// `spec.replicas`: how many are asked for, 0 or more.
    pub wanted_replicas: i32,
    /// `status.replicas`: how many exist, 0 or more. Only averages per pod of Object and External metrics look at it.
    pub running_replicas: i32,
    /// A number of `enum plimsoll_selector`.
    pub selector: i32,
    /// 1 = the pods could be listed, or the host has none and needs none: `pods_listed`, `pods_ready`.
    pub has_pods: u32,
    /// Pods that match the selector, in any phase.
    pub pods_listed: u32,
    /// Those Running with Ready = True, also when they are being deleted.
    pub pods_ready: u32,
    /// A reading for each metric of the policy, in its order; a missing one fails.
    pub readings: *const Reading,
    /// How many.
    pub readings_length: usize,
    /// Bytes from one to the next; `sizeof(struct plimsoll_reading)` in a plain array.
    pub readings_stride: usize,
    /// Not looked at.
    pub reserved: usize,
}

/// What was decided. Required: all up to `revisit_at_ns`.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decision {
    /// `sizeof(struct plimsoll_decision)`; set it before the call.
    pub struct_size: u32,
    /// Replicas asked for before.
    pub from: i32,
    /// Replicas to ask for; the scale is to be written when this is not `from`.
    pub to: i32,
    /// What had the last word: a number of `enum plimsoll_step_kind`. New ones may be added.
    pub last_word: i32,
    /// The moment of the decision.
    pub at_ns: i64,
    /// 1 = time alone could change the answer; 0 = only another observation can.
    pub has_revisit_at: u32,
    /// 1 = `recommended` was computed.
    pub has_recommended: u32,
    /// The earliest moment at which time alone could change the answer, on the clock of `now_ns`.
    pub revisit_at_ns: i64,
    /// What the metrics ask for, before windows and limits.
    pub recommended: i32,
    /// 1 = `winner` asks for the most.
    pub has_winner: u32,
    /// The number of that metric, from 0.
    pub winner: u32,
    /// 1 = `stabilized` was computed.
    pub has_stabilized: u32,
    /// After the windows.
    pub stabilized: i32,
    /// The error that the sync ends with, a number of `enum plimsoll_sync_error`; 0 = none.
    pub error: i32,
    /// A number of `enum plimsoll_rescale_reason`.
    pub rescale_reason: i32,
    /// The metric that it is about, from 0.
    pub rescale_metric: u32,
    /// How many steps there were, also those that found no room.
    pub steps: u32,
    /// Always 0.
    pub reserved: u32,
}

/// What a status reports of a metric. A part of other structs, and of this size for ever.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reported {
    /// 1 = `utilization` is reported.
    pub has_utilization: u32,
    /// Whole percent of the requests.
    pub utilization: i32,
    /// 1 = `average_milli` is reported.
    pub has_average: u32,
    /// 1 = `value_milli` is reported.
    pub has_value: u32,
    /// Thousandths per pod.
    pub average_milli: i64,
    /// Thousandths of the whole.
    pub value_milli: i64,
}

/// One step of a decision: why. What a kind of step does not name is 0. Before a call set `struct_size` of the first
/// record of an array; it is then set in all that are written.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StepRecord {
    /// `sizeof(struct plimsoll_step)`, and bytes from one record to the next.
    pub struct_size: u32,
    /// A number of `enum plimsoll_step_kind`. New ones may be added.
    pub kind: i32,
    /// The metric, from 0.
    pub metric: u32,
    /// Replicas before.
    pub from: i32,
    /// Replicas after.
    pub to: i32,
    /// The recommendation that holds.
    pub by: i32,
    /// A number of `enum plimsoll_direction`.
    pub direction: i32,
    /// A number of `enum plimsoll_selector`.
    pub selector: i32,
    /// A number of `enum plimsoll_source`.
    pub source: i32,
    /// A number of `enum plimsoll_metric_error`.
    pub error: i32,
    /// A number of `enum plimsoll_request_error`.
    pub request_error: i32,
    /// The pod that an error is about, from 0.
    pub error_pod: u32,
    /// Metrics that failed.
    pub metrics_failed: u32,
    /// Metrics of the policy.
    pub metrics: u32,
    /// A number of `enum plimsoll_limit`.
    pub limit: i32,
    /// A number of `enum plimsoll_basis`.
    pub basis: i32,
    /// Time of this sync.
    pub now_ns: i64,
    /// Time of the sync before.
    pub last_ns: i64,
    /// Until when it holds.
    pub until_ns: i64,
    /// What was read over what was wanted.
    pub ratio: f64,
    /// What the status reports.
    pub reported: Reported,
    /// Pods of the target; 0 when the metric is not read from pods.
    pub pods_listed: u32,
    /// Pods whose sample counts.
    pub pods_ready: u32,
    /// Pods without a sample.
    pub pods_missing: u32,
    /// Samples without a pod.
    pub unlisted: u32,
    /// Pods left out, see `enum plimsoll_pod_class`.
    pub pending: u32,
    /// The same.
    pub no_condition: u32,
    /// The same.
    pub starting: u32,
    /// The same.
    pub sample_too_early: u32,
    /// The same.
    pub never_ready: u32,
    /// The same.
    pub deleted: u32,
    /// The same.
    pub failed: u32,
    /// 1 = there are rate rules in this direction.
    pub has_rate: u32,
    /// The rule, a number of `enum plimsoll_rate_kind`; 0 = the direction is disabled.
    pub rate_kind: i32,
    /// How much it allows.
    pub rate_value: i32,
    /// The replicas that its period began with.
    pub rate_start: i32,
    /// The most or fewest replicas that it allows.
    pub rate_replicas: i32,
    /// 1 = `eases_at_ns` is known.
    pub has_eases_at: u32,
    /// 1 = `stands_until_ns` is known.
    pub has_stands_until: u32,
    /// Its period.
    pub rate_period_ns: u64,
    /// When the oldest change that the rule counts leaves its period.
    pub eases_at_ns: i64,
    /// When the first of all changes that any rule counts leaves its period.
    pub stands_until_ns: i64,
}

/// One condition of the HPA's status. Before a call set `struct_size` of the first of an array.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Condition {
    /// `sizeof(struct plimsoll_condition)`, and bytes from one to the next.
    pub struct_size: u32,
    /// A number of `enum plimsoll_condition_kind`.
    pub kind: i32,
    /// 1 = it holds.
    pub status: u32,
    /// A number of `enum plimsoll_reason`.
    pub reason: i32,
    /// 1 = it is known when its status last changed.
    pub has_since: u32,
    /// Always 0.
    pub reserved: u32,
    /// When its status last changed.
    pub since_ns: i64,
}

/// At which readings a metric would ask for another number of replicas than there are, all else being equal.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outlook {
    /// `sizeof(struct plimsoll_outlook)`; set it before the call.
    pub struct_size: u32,
    /// 1 = some reading asks for more.
    pub has_up: u32,
    /// 1 = some reading asks for less.
    pub has_down: u32,
    /// What the nearest reading that asks for more asks for.
    pub up_replicas: i32,
    /// What the nearest reading that asks for less asks for.
    pub down_replicas: i32,
    /// Always 0.
    pub reserved: u32,
    /// The total of that reading, upward: of the ready pods' samples, or the value.
    pub up_total_milli: i64,
    /// The same downward.
    pub down_total_milli: i64,
    /// The reading upward as the status would report it.
    pub up: Reported,
    /// The same downward.
    pub down: Reported,
}

/// One workload of a batch: the arguments of `plimsoll_hpa_decide`, and what it came to.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct BatchItem {
    /// `sizeof(struct plimsoll_hpa_batch_item)`.
    pub struct_size: u32,
    /// Out: a number of `enum plimsoll_status`.
    pub status: i32,
    /// The policy; items may share it.
    pub policy: *const OpaqueHpa,
    /// The history; each workload has its own.
    pub history: *mut OpaqueHistory,
    /// The observation.
    pub observation: *const Observation,
    /// Out: the decision.
    pub decision: *mut Decision,
    /// Out: steps, or NULL.
    pub steps: *mut StepRecord,
    /// Room for steps.
    pub steps_capacity: usize,
    /// Out: steps written.
    pub steps_length: usize,
    /// Not looked at.
    pub reserved: usize,
}
