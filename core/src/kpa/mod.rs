//! Knative's pod autoscaler (KPA), decision for decision: by requests in flight or per second, and down to zero.
//!
//! Samples → sums of one second → two averages → a decision every 2 s → bounds and the way to zero.
//!
//! 1. The host adds a [`Sample`] whenever it has one, with [`Kpa::record`]: of the pods about once a second, of the proxy
//!    when it reports. What came through the proxy is subtracted at the pods, so that nothing counts twice.
//! 2. [`Kpa::decide`] every [`TICK`], and at once when a request arrives at scale 0. The long, *stable* window says how
//!    many pods a load needs; the short, *panic* window can only raise that: when it asks for a multiple of the ready
//!    pods, there is a panic until a stable window after its last cause, and the number does not fall.
//! 3. The host writes [`Decision::to`](crate::decision::Decision::to), routes requests as [`Detail::route`] says, and
//!    probes the proxy while [`Detail::probe`] asks for it.
//! 4. [`decision::Decision::revisit_at`] says when time alone could change the answer; the next nanosecond means at once:
//!    this decision moved the state of the life cycle, and the next one goes on from there.
//! 5. [`Kpa::outlook`] tells at which load the next change would come.
//!
//! A revision without traffic becomes inactive first: requests then go through the proxy, which keeps them until there
//! are pods. Only when the proxy was in the path for a grace period the last pod goes.
//!
//! The stages stand on their own as well: [`Windows`], [`Decider`] with its [`Memory`], [`Lifecycle`] with its [`Status`].
//!
//! ```
//! use plimsoll_core::kpa::{Cluster, History, Kpa, Observation, Revision, Sample, Settings};
//! use plimsoll_core::units::{Instant, Replicas, Span};
//!
//! let kpa = Kpa::new(&Cluster::new(Settings::DEFAULT)?, &Revision::default())?;
//! let start = Instant::from_secs(0);
//! let mut history: History = History::new(&kpa, Some(1), start)?;
//!
//! // 350 requests in flight, on one pod that is to carry 70 of its 100.
//! for second in 0..6 {
//!     let _kept = kpa.record(&mut history, start + Span::from_secs(second), Sample::direct(350.0));
//! }
//! let now = start + Span::from_secs(6);
//! let seen = Observation { now, scale: Some(Replicas(1)), ready: Some(1), ..Observation::default() };
//! let decision = kpa.decide(&mut history, &seen, &mut ());
//! assert_eq!(decision.to, Replicas(5));
//! assert!(decision.detail.panicking); // five times the ready pods; the threshold is two
//! assert_eq!(decision.detail.excess_burst_capacity, 100 - 211 - 350); // so requests go through the proxy
//! # Ok::<(), plimsoll_core::error::ConfigError>(())
//! ```
//!
//! # Worth knowing
//!
//! * The panic test rounds pods up first: one pod panics at 70.01 requests where a hundred take twice their load.
//! * The upper rate counts ready pods, so with a small one the next step waits for pods that are starting.
//! * Silence keeps the plain average for a whole window, and then it is 0 at once.
//! * A history made while more than one pod was ready begins in a panic: a restart does not scale down.
//! * The delay is fixed when the history is made; a policy with another one does not change it.
//! * Timers of the life cycle start anew when only the *reason* of a state changes.
//!
//! Each known defect among these has a switch in [`Mended`], off by default.
//!
//! # Where it differs from upstream on purpose
//!
//! [`DIFFERENCES`] lists each with its reason. Everything else is the answer of `knative.dev/serving` v0.51.0.
//!
//! [`decision::Decision::revisit_at`]: crate::decision::Decision::revisit_at

mod decide;
mod history;
mod observation;
mod outlook;
mod policy;
mod propose;
mod settings;
mod settle;
mod step;

pub use decide::{Decision, Detail};
pub use history::{History, Memory, Panic, Ramp, Reason, State, Status, Windows};
pub use observation::{Demand, Load, Observation, Pass, Proxy, Reading, Sample, Unknown};
pub use outlook::{Outlook, Threshold};
pub use policy::{
    BUCKET, Burst, Decider, DeciderSpec, Kpa, LeastExcess, Lifecycle, LifecycleSpec, Mended, TICK, extrapolate,
    same_sign, sample_size,
};
pub use propose::Proposal;
pub use settings::{
    Aggregation, Cluster, LEAST_TARGET, Metric, Revision, Settings, Target, fraction, initial_scale, panic_window,
    resolve_target,
};
pub use settle::{Route, Settled};
pub use step::{Sentence, Step, Window};

/// Where the answer is not upstream's v0.51.0 on purpose: what, and why.
pub const DIFFERENCES: &[(&str, &str)] = &[
    (
        "numbers of pods and the excess burst capacity saturate at 31 bits",
        "upstream's conversion depends on the processor: −2³¹ on amd64, when the load is greatest",
    ),
    (
        "settings and samples that are no finite numbers are refused, and an average that is NaN gives no number",
        "upstream takes NaN through every check of a config map, and one such sample stays in a sum for ever",
    ),
    (
        "a sum that overflowed is added up anew from its buckets",
        "upstream's stays infinite or becomes NaN when the great values have left",
    ),
    (
        "when time runs back, what was remembered from later counts as seen now, and samples from more than a window ahead are forgotten",
        "upstream's delay then loses its order or panics, and its windows drop every sample until the clock has caught up",
    ),
    (
        "all readings of the clock within a decision are one",
        "upstream reads the wall clock anew for the first panic and for the resizing of windows",
    ),
];
