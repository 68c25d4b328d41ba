//! The types that C sees. Their documentation is the header's.

use std::ffi::CStr;

use plimsoll_core::hpa::Step;

use crate::sums::Past;

/// Room for the bytes of a history: an hour of recommendations at one sync in 15 s, four minutes at one a second.
pub const HISTORY_BYTES: usize = 2992;

const _: () = assert!(HISTORY_BYTES == Past::saved_size());

/// What a call came to. The numbers are never used for anything else.
#[repr(i32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// The answer was written.
    Ok = 0,
    /// A pointer is NULL.
    NullPointer = 1,
    /// A pointer is not aligned for its type.
    Misaligned = 2,
    /// A `struct_size` is smaller than the struct, or was never set.
    StructSize = 3,
    /// A number is outside its documented range.
    OutOfRange = 4,
    /// The window at this period needs more recommendations than a history has room for.
    Capacity = 5,
    /// The bytes of the history are none, or were changed.
    BadHistory = 6,
    /// Sums cannot give the exact answer: several missing pods and a target above 100 %.
    Inexact = 7,
    /// A defect of the library.
    Internal = 8,
}

impl Status {
    /// The status of that number, if there is one.
    #[must_use]
    pub const fn from_number(number: i32) -> Option<Self> {
        Some(match number {
            0 => Self::Ok,
            1 => Self::NullPointer,
            2 => Self::Misaligned,
            3 => Self::StructSize,
            4 => Self::OutOfRange,
            5 => Self::Capacity,
            6 => Self::BadHistory,
            7 => Self::Inexact,
            8 => Self::Internal,
            _ => return None,
        })
    }

    /// In words.
    #[must_use]
    pub const fn words(self) -> &'static CStr {
        match self {
            Self::Ok => c"ok",
            Self::NullPointer => c"a pointer is NULL",
            Self::Misaligned => c"a pointer is misaligned",
            Self::StructSize => c"struct_size is smaller than the struct",
            Self::OutOfRange => c"a number is out of its range",
            Self::Capacity => c"the window needs more room than a history has",
            Self::BadHistory => c"the bytes are no history",
            Self::Inexact => c"sums cannot give the exact answer for several missing pods and a target above 100 %",
            Self::Internal => c"a defect of the library",
        }
    }
}

/// One sync of a Kubernetes HPA with one Resource metric, a utilization target and no `behavior`, for hosts that know
/// their pods by sums.
///
/// Amounts are in thousandths of the resource's unit (1500 = 1.5 cores). A pod counts in exactly one of the three
/// groups: ready (its usage is known), missing (it runs, its usage is not known), unready (not running yet, or its
/// usage says nothing yet). Pods that failed or are being deleted count in none.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct HpaSums {
    /// `sizeof(struct plimsoll_hpa_sums)`.
    pub struct_size: u32,
    /// The fewest replicas, 0 or more.
    pub min_replicas: i32,
    /// The most replicas, at least 1 and `min_replicas`.
    pub max_replicas: i32,
    /// Wanted usage in percent of the requests, 1 or more; above 100 only with at most one missing pod, since what
    /// stands in for a missing pod is then rounded pod by pod.
    pub target_percent: i32,
    /// How far usage over target may be from 1 without a change, 0 or more; Kubernetes: 0.1.
    pub tolerance: f64,
    /// How long a higher recommendation holds a scale-down, in nanoseconds; Kubernetes: 300000000000.
    pub downscale_window_ns: u64,
    /// The time between two syncs, in nanoseconds, 1 or more; Kubernetes: 15000000000. Only the room that the history
    /// needs depends on it.
    pub sync_period_ns: u64,
    /// The time, in nanoseconds from any origin that stays the same for one history.
    pub now_ns: i64,
    /// Replicas that the target is asked to have now, 0 or more; at 0 scaling is off, and stays so.
    pub replicas: i32,
    /// Ready pods.
    pub ready_pods: u32,
    /// Missing pods; with `unready_pods` at most 1048576.
    pub missing_pods: u32,
    /// Unready pods.
    pub unready_pods: u32,
    /// What the ready pods use together; 0 when there are none, as the sums below.
    pub ready_usage_milli: i64,
    /// What the ready pods request together, 0 to `INT64_MAX / 100`, as the two below.
    pub ready_request_milli: i64,
    /// What the missing pods request together.
    pub missing_request_milli: i64,
    /// What the unready pods request together.
    pub unready_request_milli: i64,
}

/// All that is remembered of one workload. Set `struct_size`, and `length` to 0, before its first sync; save and
/// restore the first `length` of `bytes`, in the format of a snapshot, to survive a restart.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StoredHistory {
    /// `sizeof(struct plimsoll_history)`.
    pub struct_size: u32,
    /// Bytes in use; 0 = nothing is remembered.
    pub length: u32,
    /// The snapshot. The bytes after it mean nothing.
    pub bytes: [u8; HISTORY_BYTES],
}

/// What was decided.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decision {
    /// `sizeof(struct plimsoll_decision)`; set it before the call.
    pub struct_size: u32,
    /// Replicas asked for before.
    pub from: i32,
    /// Replicas to ask for; the scale is to be written when this is not `from`.
    pub to: i32,
    /// What had the last word: a number of `enum plimsoll_step`. New ones may be added.
    pub last_word: i32,
    /// 1 when `recommended` was computed, else 0.
    pub has_recommended: u32,
    /// What the usage asks for, before window and limits.
    pub recommended: i32,
    /// 1 when time alone could change the answer, else 0.
    pub has_revisit_at: u32,
    /// Always 0.
    pub reserved: u32,
    /// The earliest moment at which it could, on the clock of `now_ns`; 0 when it could not.
    pub revisit_at_ns: i64,
}

/// What a step says. The numbers are never used for anything else.
#[repr(i32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StepKind {
    /// The clock ran back.
    ClockWentBack = 1,
    /// A second sync at the same time.
    ClockStood = 2,
    /// Nothing that was remembered counts any more.
    LongGap = 3,
    /// The history was full: older entries were merged.
    HistoryFull = 4,
    /// The first sync: the current number counts as a recommendation.
    Seeded = 5,
    /// The scale could not be read.
    ScaleUnread = 6,
    /// Zero replicas: off.
    Disabled = 7,
    /// More replicas than the most: lowered at once.
    AboveMax = 8,
    /// Fewer replicas than the fewest: raised at once.
    BelowMin = 9,
    /// The selector cannot be used.
    SelectorUnusable = 10,
    /// The pods could not be listed.
    PodsUnlisted = 11,
    /// A metric gave a number.
    Proposed = 12,
    /// A metric failed.
    MetricFailed = 13,
    /// The metrics' number stands.
    Recommended = 14,
    /// No number can be computed: nothing changes.
    Unknowable = 15,
    /// Some metrics failed.
    PartlyFailed = 16,
    /// A window holds the number.
    Stabilized = 17,
    /// The window was not watched from end to end yet.
    ColdHeld = 18,
    /// A bound or a rate cut the number.
    Limited = 19,
    /// Raised to the fewest from zero.
    LiftedFromZero = 20,
    /// The scale was written.
    Rescaled = 21,
    /// The scale could not be written.
    RescaleFailed = 22,
}

impl From<&Step> for StepKind {
    fn from(step: &Step) -> Self {
        // No wildcard: a new step wants a number.
        match step {
            Step::ClockWentBack { .. } => Self::ClockWentBack,
            Step::ClockStood { .. } => Self::ClockStood,
            Step::LongGap { .. } => Self::LongGap,
            Step::HistoryFull => Self::HistoryFull,
            Step::Seeded { .. } => Self::Seeded,
            Step::ScaleUnread => Self::ScaleUnread,
            Step::Disabled => Self::Disabled,
            Step::AboveMax { .. } => Self::AboveMax,
            Step::BelowMin { .. } => Self::BelowMin,
            Step::SelectorUnusable { .. } => Self::SelectorUnusable,
            Step::PodsUnlisted => Self::PodsUnlisted,
            Step::Proposed { .. } => Self::Proposed,
            Step::MetricFailed { .. } => Self::MetricFailed,
            Step::Recommended { .. } => Self::Recommended,
            Step::Unknowable { .. } => Self::Unknowable,
            Step::PartlyFailed { .. } => Self::PartlyFailed,
            Step::Stabilized { .. } => Self::Stabilized,
            Step::ColdHeld { .. } => Self::ColdHeld,
            Step::Limited { .. } => Self::Limited,
            Step::LiftedFromZero { .. } => Self::LiftedFromZero,
            Step::Rescaled { .. } => Self::Rescaled,
            Step::RescaleFailed { .. } => Self::RescaleFailed,
        }
    }
}
