//! Rules: alarms and steps, simple scaling, target tracking, watermarks, and Nomad's strategies.
//!
//! | policy | scales | like |
//! |---|---|---|
//! | [`StepScaling`] | by a step that depends on how far an alarm is breached | EC2 and Application Auto Scaling |
//! | [`SimpleScaling`] | by one adjustment, then waits | EC2 Auto Scaling |
//! | [`TargetTracking`] | to the size that brings a metric to its target | both |
//! | [`PeakSizing`] | to the size for the peak of the last while | Google Compute Engine |
//! | [`Watermark`] | when a metric leaves the band between two marks | Datadog's WatermarkPodAutoscaler |
//! | [`nomad::ScalingPolicy`] | as the strategies of its checks ask, up before none before down | Nomad Autoscaler |
//!
//! Once a period the host gives every alarm's [point](Points), aggregated; an [`Alarm`] looks at the last N of them. A
//! rule whose alarm stands is invoked at every evaluation. What was really ordered is told with `applied`: from then on
//! units warm up, or a cooldown runs.
//!
//! ```
//! use plimsoll_core::constrain::Bounds;
//! use plimsoll_core::step::{
//!     Adjustment, AdjustmentType, Alarm, Capacity, Comparison, History, Observation, Pace, Rule, StepAdjustment,
//!     StepScaling,
//! };
//! use plimsoll_core::units::{Instant, Replicas, Span};
//!
//! // Above 50 % of CPU: 10 % more; from 70 % on 30 % more.
//! const STEPS: &[StepAdjustment] = &[
//!     StepAdjustment::new(Some(0.0), Some(20.0), 10),
//!     StepAdjustment::new(Some(20.0), None, 30),
//! ];
//! let alarm = Alarm::new(Comparison::Above, 50.0, Span::from_secs(60))?.with_datapoints(2, 3)?;
//! let percent = Adjustment::new(AdjustmentType::PercentChangeInCapacity).with_min_magnitude(1)?;
//! let rules = [Rule::new(alarm, percent, STEPS, Span::from_secs(120))?];
//! let policy = StepScaling::new(Bounds::new(1, 40)?, Pace::WarmUp, &rules)?;
//! let mut history = History::<1>::default();
//!
//! let mut seen = Observation { capacity: Some(Capacity::of(10)), ..Observation::default() };
//! seen.now = Instant::from_secs(60);
//! seen.points = &[&[Some(72.0)]];
//! assert!(!policy.decide(&mut history, &seen, &mut ()).changes()); // one point of two
//! seen.now = Instant::from_secs(120);
//! seen.points = &[&[Some(75.0)]];
//! let decision = policy.decide(&mut history, &seen, &mut ());
//! assert_eq!(decision.to, Replicas(13));
//! policy.applied(&mut history, &decision, decision.to);
//!
//! // The alarm still stands a minute later: the new units are warming up, nothing more is ordered.
//! seen.now = Instant::from_secs(180);
//! seen.capacity = Some(Capacity::of(13));
//! let decision = policy.decide(&mut history, &seen, &mut ());
//! assert!(!decision.changes());
//! assert_eq!(decision.revisit_at, Some(Instant::from_secs(240)));
//! # Ok::<(), plimsoll_core::error::ConfigError>(())
//! ```
//!
//! # Quirks that are kept
//!
//! * A percentage cannot leave 0 units; target tracking cannot either.
//! * An adjustment of a percentage below one unit is one unit, in either direction.
//! * While units warm up nothing is removed; a scale-out cooldown holds no scale-in.
//! * A scale-out is allowed in a scale-in cooldown, and ends it.
//! * A watermark policy's first sync scales at once and starts the forbidden windows; see [`Mended`] for this and others.
//! * Those of the Nomad Autoscaler are on the page of [`nomad`].
//!
//! # Where vendors are silent, or it differs on purpose
//!
//! [`DIFFERENCES`] lists our rules, [`nomad::DIFFERENCES`] those beside Nomad's.

mod adjust;
mod alarm;
mod explain;
mod history;
pub mod nomad;
mod observation;
mod pace;
mod peak;
mod simple;
mod stepped;
mod tracking;
mod watermark;

pub use adjust::{Adjustment, AdjustmentType, StepAdjustment, check_steps, step_for};
pub use alarm::{Alarm, AlarmState, Comparison, Datapoints, Missing, Samples, Statistic};
pub use explain::{Sentence, Step};
pub use history::{Action, History, SimpleHistory, TrackingHistory};
pub use observation::{Capacity, MetricObservation, Observation, Outlook, Points, Threshold};
pub use pace::{Held, Order, Pace, warm_up};
pub use peak::{Allowed, PeakHistory, PeakSizing};
pub use simple::{SimpleRule, SimpleScaling};
pub use stepped::{Decision, Detail, Rule, StepScaling};
pub use tracking::{Sensitivity, TargetTracking};
pub use watermark::{
    Algorithm, Converge, Mark, MarkDecision, MarkDetail, MarkHistory, MarkObservation, MarkReading, Mended, Times,
    Unreadable, Watermark, Watermarks,
};

/// Where the answer is our own rule: what, and why.
pub const DIFFERENCES: &[(&str, &str)] = &[
    (
        "an alarm looks at exactly N periods, and a missing point keeps it undecided only if it could turn the answer",
        "CloudWatch looks back over a range that it does not publish; Alarm::with_evaluation_range judges by its tables",
    ),
    (
        "a new alarm is INSUFFICIENT_DATA until its points decide, whatever the treatment; with an evaluation range, until \
         its first point",
        "else it would begin in ALARM",
    ),
    ("an alarm that stands by missing points alone changes nothing in step scaling", "the breach has no size"),
    (
        "the comparison decides which bound belongs to a step",
        "AWS words it by above and below, and says nothing of equal",
    ),
    ("a percentage of 0 stays 0 whatever the least magnitude", "AWS does not say"),
    (
        "a new order during a warm-up or cooldown begins it anew, on the capacity before the first order",
        "AWS does not say",
    ),
    (
        "a target-tracking scale-in removes at most a part of the capacity, a tenth by default",
        "AWS says gradually, and no number",
    ),
    ("target tracking holds while the newest point is missing", "AWS says that it does not scale on insufficient data"),
    ("a watermark float outside the range of an integer saturates", "upstream's answer depends on the processor"),
    (
        "a watermark metric without pods, or without ready ones, fails",
        "upstream divides by zero for some metrics, and recovers",
    ),
    ("the times of a watermark policy are exact", "upstream keeps them in conditions, in whole seconds"),
    ("a capacity outside the bounds is brought inside at every evaluation", "AWS does so when the group is changed"),
];
