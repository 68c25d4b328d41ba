//! Kubernetes as it is written down: manifests that a user wrote, dumps that `kubectl` printed.
//!
//! Text becomes trees of which every node knows its line (`document`, with `yaml` and `json` below it). A tree is read
//! into plain types through serde (`place`), so an error says in which file, document, path and line something does
//! not fit, and what was found there. `load` reads manifests, strictly: a field that Kubernetes does not know is
//! refused, with the name that was probably meant. `fill` and `Api::validate` then do what the API server of a release
//! does: defaults, and refusals with its field paths and words. `Dump` reads what a cluster printed, leniently, and
//! gives values that an engine can be asked with.
//!
//! Nothing here reads a file or a clock: texts come in as bytes with a name. At most 64 MiB, 2,000,000 values and 64
//! levels of one text are read. Amounts are `Quantity`, exact to the nano; times are `jiff::Timestamp`; what is absent
//! is `None`, or empty where empty and absent mean the same to Kubernetes.

pub mod aws;
mod defaults;
mod document;
mod dump;
mod event;
mod hpa;
mod json;
pub mod keda;
mod knative;
mod load;
mod metrics;
mod names;
mod object;
mod place;
mod pod;
mod quantity;
mod scale;
pub mod scaled;
mod selector;
pub mod serving;
mod v1;
mod validate;
pub mod watermark;
mod yaml;

pub use defaults::{Gates, Release, fill, fill_behavior};
pub use document::{Document, LoadError, MOST_ALIASED, MOST_BYTES, MOST_DEPTH, MOST_NODES, documents};
pub use dump::Dump;
pub use event::Rescale;
pub use hpa::{
    Behavior, Condition, ContainerResourceMetric, CurrentMetric, CurrentValue, ExternalMetric, HorizontalPodAutoscaler,
    KIND, Metadata, Metric, MetricName, MetricStatus, MetricTarget, ObjectMetric, ObjectReference, PodsMetric,
    ResourceMetric, ScalingPolicy, ScalingRules, Spec, Status,
};
pub use knative::{KnativeError, KnativeProblem, Texts, Unit, knative_autoscaler, knative_cluster, knative_revision};
pub use load::{LoadedHpa, Manifest, load};
pub(crate) use metrics::go_duration;
pub use metrics::{ContainerUsage, CustomMetric, ExternalMetricValue, PodMetrics};
pub use pod::{Container, Owner, Phase, Pod, Ready, Resources, Truth};
pub use quantity::{Quantity, QuantityError};
pub use scale::ScaleTarget;
pub use selector::{LabelExpression, LabelSelector, Labels, Selector, SelectorError};
pub use validate::{Api, Violation, ViolationKind};
