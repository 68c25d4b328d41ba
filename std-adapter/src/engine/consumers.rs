//! Consumers sized by rates: our own policy for topics and queues, as a scenario or a line writes it, and in a simulation.

use plimsoll_core::constrain::Bounds;
use plimsoll_core::error::ConfigError;
use plimsoll_core::queue::rate::{Applied, Combine, Decision, History, Observation, RateAware, Step};
use plimsoll_core::trace::Each;
use plimsoll_core::units::{Instant, Replicas, Span};
use serde::Deserialize;
use serde_json::Value;

use crate::simulate::run::{MetricReading, Sync};
use crate::simulate::{Scaler, Seen};

/// A history with room for an hour of recommendations at one a second.
pub type ConsumersPast = History<3602>;

/// The policy of a group of consumers.
#[derive(Clone, Debug)]
pub struct Consumers {
    policy: RateAware,
    spec: Spec,
}

/// The policy as it is written.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Spec {
    /// Fewest consumers.
    #[serde(default)]
    pub min_replicas: i32,
    /// Most consumers.
    pub max_replicas: i32,
    /// Messages per second that a busy consumer does, as far as is known before it was measured.
    pub service_rps: f64,
    /// Seconds until a new consumer works, likewise.
    pub delay_s: u32,
    /// Seconds in which a backlog is to be gone; at least twice the delay.
    pub drain_s: u32,
    /// How busy consumers are to be in the steady state.
    #[serde(default = "utilization")]
    pub utilization: f64,
    /// The longest that a message may wait, seconds.
    #[serde(default)]
    pub wait_s: Option<u32>,
    /// Seconds for which a change stops all consumers.
    #[serde(default = "three")]
    pub rebalance_s: u32,
    /// `max` of headroom and drain, or their `sum`.
    #[serde(default)]
    pub combine: CombineIn,
    /// Leaves zero above this backlog.
    #[serde(default)]
    pub activation_backlog: u32,
    /// Seconds from an empty backlog to zero.
    #[serde(default = "five_minutes")]
    pub cooldown_s: u32,
    /// Seconds for which fewer consumers must have been enough.
    #[serde(default = "five_minutes")]
    pub stabilization_s: u32,
    /// Seconds between two decisions: only the room for recommendations depends on it.
    #[serde(default = "fifteen")]
    pub step_s: u32,
}

/// How headroom and drain become one.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CombineIn {
    /// The greater.
    #[default]
    Max,
    /// Both together.
    Sum,
}

const fn utilization() -> f64 {
    0.8
}

const fn three() -> u32 {
    3
}

const fn fifteen() -> u32 {
    15
}

const fn five_minutes() -> u32 {
    300
}

fn seconds(s: u32) -> Span {
    Span::from_secs(u64::from(s))
}

impl Consumers {
    /// From its section in another text, where `root` is its name.
    ///
    /// # Errors
    /// The first field that does not fit.
    pub fn inline(given: &Value, root: &str) -> Result<Self, String> {
        let spec: Spec = super::inline(given, root)?;
        let policy = build(&spec).map_err(|error| format!("{root}: {error}"))?;
        Ok(Self { policy, spec })
    }

    /// The core's policy.
    #[must_use]
    pub const fn policy(&self) -> &RateAware {
        &self.policy
    }

    /// `backlog, drained in 300 s, 80 % busy`
    #[must_use]
    pub fn metric_line(&self) -> String {
        let Spec { drain_s, utilization, .. } = self.spec;
        format!("backlog, drained in {drain_s} s; {} % busy", utilization * 100.0)
    }

    /// A history that knows nothing.
    #[must_use]
    pub fn start(&self) -> Box<ConsumersPast> {
        match ConsumersPast::new(&self.policy) {
            Ok(past) => Box::new(past),
            Err(error) => unreachable!("seen to fit: {error}"),
        }
    }
}

fn build(spec: &Spec) -> Result<RateAware, ConfigError> {
    let bounds = Bounds::new(spec.min_replicas, spec.max_replicas)?;
    let policy = RateAware::new(bounds, spec.service_rps, seconds(spec.delay_s), seconds(spec.drain_s))?
        .with_utilization(spec.utilization)?
        .with_rebalance(seconds(spec.rebalance_s))
        .with_activation(i64::from(spec.activation_backlog), None)
        .with_cooldown(seconds(spec.cooldown_s))
        .with_stabilization(seconds(spec.stabilization_s))
        .with_step(seconds(spec.step_s))?
        .with_combine(match spec.combine {
            CombineIn::Max => Combine::Max,
            CombineIn::Sum => Combine::Sum,
        });
    let policy = match spec.wait_s {
        Some(wait) => policy.with_wait(seconds(wait)),
        None => policy,
    };
    ConsumersPast::fits(&policy)?;
    Ok(policy)
}

/// Decides a simulated group of consumers.
pub(super) struct Player {
    policy: Consumers,
    past: Box<ConsumersPast>,
    last: Option<Decision>,
}

impl Player {
    pub(super) fn new(policy: Consumers) -> Self {
        Self { past: policy.start(), policy, last: None }
    }
}

impl Scaler for Player {
    fn bounds(&self) -> (i32, Option<i32>) {
        let bounds = self.policy.policy.bounds();
        (bounds.min().0, Some(bounds.max().0))
    }

    fn metrics(&self) -> Vec<String> {
        vec![self.policy.metric_line()]
    }

    fn sync(&mut self, seen: &Seen<'_>) -> Sync {
        let now = Instant::from_nanos(seen.now);
        let (produced, processed) = seen.partitions.iter().fold((0_i64, 0_i64), |(heads, committed), partition| {
            (heads.saturating_add(partition.head), committed.saturating_add(partition.committed))
        });
        let observation = Observation {
            now,
            replicas: Some(Replicas(seen.spec_replicas)),
            running: Some(Replicas(super::ready(seen))),
            backlog: Some(produced.saturating_sub(processed)),
            produced: Some(produced),
            processed: Some(processed),
            partitions: u32::try_from(seen.partitions.len()).ok(),
            ..Observation::default()
        };
        let mut steps = Vec::new();
        let mut tell = Each(|step: &Step| steps.push(step.to_string()));
        let decision = self.policy.policy.decide(&mut self.past, &observation, &mut tell);
        self.last = Some(decision);
        let detail = &decision.detail;
        let arrival = detail.arrival.map_or("not known".to_owned(), |rate| format!("{rate:.1} per second"));
        let backlog = produced.saturating_sub(processed);
        let read = format!("{backlog}, arrival {arrival}, service {:.1} each", detail.service);
        let asks = detail.recommended.map(|replicas| replicas.0);
        Sync {
            at_s: 0,
            from: decision.from.0,
            to: decision.to.0,
            readings: vec![MetricReading { metric: "backlog".to_owned(), read, asks }],
            asked: asks,
            reason: decision.last_word.to_string(),
            steps,
            conditions: Vec::new(),
            revisit_at_s: super::second_of(decision.revisit_at),
        }
    }

    fn applied(&mut self, _: i64, _: i32, to: i32) {
        if let Some(decision) = &self.last {
            self.policy.policy.applied(&mut self.past, decision, Applied::Done(Replicas(to)), &mut ());
        }
    }
}
