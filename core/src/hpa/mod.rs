//! The Kubernetes HorizontalPodAutoscaler, decision for decision.
//!
//! One sync: the greatest of what the [metrics](Metric) ask for, held by the windows, cut by bounds and rates.
//!
//! 1. For each metric that is read from pods the host makes a [`PodFold`] and adds the pods one by one; other metrics
//!    are one [value](Reading::Value) or [several](Reading::Values).
//! 2. [`Hpa::decide`] gives a [`Decision`], moves the [`History`] and its [`Conditions`], and leaves a [`Step`] for
//!    every stage.
//! 3. The host writes the scale and says so with [`Hpa::applied`]: rate rules count that.
//! 4. [`Hpa::outlook`] tells at which reading the next change would come; [`decision::Decision::revisit_at`] when time
//!    alone could bring it.
//!
//! # What differs between releases ([`Profile`])
//!
//! | | 1.32 | 1.33 | 1.34 | 1.35 | 1.36 | 1.37 |
//! |---|---|---|---|---|---|---|
//! | a ratio of exactly 1.1 is within a tolerance of 0.1 | no | yes | yes | yes | yes | yes |
//! | tolerances in `behavior` | none | gate, off | gate, off | gate, on | gate, on | on |
//! | zero replicas are left again | if `min` is 0 | | | | if the HPA made them | |
//! | gate HPAScaleToZero | – | – | – | – | off | on |
//! | requests of a whole pod | no | no | yes | yes | yes | yes |
//! | a pod's sample lacks the metric's container | metric fails | no sample | | | | |
//! | a listed pod lacks the metric's container | requests 0 | 0 | 0 | error | error | error |
//! | sums of External metrics | wrap | wrap | average capped | both capped | | |
//!
//! # Where it differs from upstream on purpose
//!
//! [`DIFFERENCES`] lists each with its reason. Everything else is upstream's answer, quirks included; two known
//! defects have a switch in [`Mended`].
//!
//! [`decision::Decision::revisit_at`]: crate::decision::Decision::revisit_at

mod condition;
mod decide;
mod history;
mod observation;
mod outlook;
mod pods;
mod policy;
mod propose;
mod request;
pub mod stabilize;
mod step;

pub use condition::{Condition, ConditionKind, Conditions, Reason};
pub use decide::{Applied, Decision, Detail, RescaleReason, SyncError, proposal};
pub use history::History;
pub use observation::{MetricError, Observation, PodCount, Reading, Scale, Selector, ValueSum};
pub use outlook::{Outlook, Threshold};
pub use pods::{Ignored, LeftOut, Phase, Pod, PodClass, PodFold, Ready, ReadyCondition, Sample, Unready};
pub use policy::{
    Behavior, ColdStart, Controller, Hpa, Mended, Metric, MetricSource, Profile, Rules, Source, Target, Tolerances,
    Windows,
};
pub use propose::{Basis, Proposal, Reported};
pub use request::{
    Container, ContainerKind, PodLevel, RequestError, UpstreamText, first_without_request, pod_request, pod_usage,
};
pub use step::{Amounts, MetricReading, Read, Sentence, Step};

/// Where the answer is not upstream's v1.37.2 on purpose: what, and why.
pub const DIFFERENCES: &[(&str, &str)] = &[
    (
        "a float outside the range of an integer saturates, NaN gives 0",
        "upstream's answer depends on the processor: −2³¹ on amd64, which scales to the minimum when the load is greatest; saturation on arm64",
    ),
    (
        "the reported average of an Object or External metric with no running replicas is the total",
        "upstream divides by zero, and reports −2⁶³ on amd64; only the status shows it",
    ),
    (
        "a policy without metrics is refused",
        "the API server never lets one through; upstream would scale to the minimum and append an empty condition",
    ),
];
