//! A trigger of a manifest: what its settings decide, for scaled objects and scaled jobs alike.

use std::collections::BTreeMap;

use plimsoll_core::queue::{GroupLag, Offsets, Partition, Target};
use plimsoll_core::units::Milli;

use crate::manifest::keda::Kafka;
use crate::manifest::scaled;
use crate::simulate::BACKLOG;

/// The settings that a kind of trigger calls its target and its activation threshold.
const VALUES: [(&str, &str, &str); 15] = [
    ("prometheus", "threshold", "activationThreshold"),
    ("rabbitmq", "value", "activationValue"),
    ("aws-sqs-queue", "queueLength", "activationQueueLength"),
    ("redis", "listLength", "activationListLength"),
    ("redis-streams", "pendingEntriesCount", "activationLagCount"),
    ("nats-jetstream", "lagThreshold", "activationLagThreshold"),
    ("gcp-pubsub", "value", "activationValue"),
    ("azure-queue", "queueLength", "activationQueueLength"),
    ("azure-servicebus", "messageCount", "activationMessageCount"),
    ("azure-eventhub", "unprocessedEventThreshold", "activationUnprocessedEventThreshold"),
    ("postgresql", "targetQueryValue", "activationTargetQueryValue"),
    ("mysql", "queryValue", "activationQueryValue"),
    ("metrics-api", "targetValue", "activationTargetValue"),
    ("datadog", "queryValue", "activationQueryValue"),
    ("external", "targetValue", "activationTargetValue"),
];

/// A trigger, as far as its settings decide.
#[derive(Clone, Debug)]
pub(in crate::engine) struct Source {
    pub(super) name: String,
    pub(super) kind: Kind,
}

impl Source {
    /// Its own name, or that of its type.
    pub(in crate::engine) fn name(&self) -> &str {
        &self.name
    }

    /// Above which it is active.
    pub(in crate::engine) fn activation(&self) -> f64 {
        match &self.kind {
            Kind::Value { activation, .. } => *activation,
            Kind::Kafka(kafka) => kafka.lag.activation() as f64,
            Kind::Resource => 0.0,
        }
    }

    /// What one replica, or job, is to carry: 0 where the target is one of the whole, as upstream has it; `None` for CPU
    /// and memory.
    pub(in crate::engine) fn per_replica(&self) -> Option<Milli> {
        match &self.kind {
            Kind::Value { target: Target::AverageValue(value), .. } => Some(*value),
            Kind::Value { target: Target::Value(_), .. } => Some(Milli(0)),
            Kind::Kafka(kafka) => Some(Milli(kafka.lag.threshold().saturating_mul(1000))),
            Kind::Resource => None,
        }
    }

    /// Whether it reads partitions.
    pub(in crate::engine) const fn is_kafka(&self) -> bool {
        matches!(self.kind, Kind::Kafka(_))
    }

    /// The name of the service's metric that it reads in a simulation; `None` for one that reads partitions or pods.
    pub(in crate::engine) fn simulated(&self) -> Option<&str> {
        match &self.kind {
            Kind::Value { query: Some(query), .. } => Some(query),
            Kind::Value { query: None, .. } => Some(BACKLOG),
            _ => None,
        }
    }

    /// What a Kafka trigger reads of the partitions; `None` for one of another kind.
    pub(in crate::engine) fn group<const P: usize>(
        &self,
        all: &[Partition],
        offsets: &mut Offsets<P>,
    ) -> Option<GroupLag> {
        let Kind::Kafka(kafka) = &self.kind else { return None };
        let counts =
            |id: u32| kafka.partitions.as_ref().is_none_or(|only| i32::try_from(id).is_ok_and(|id| only.contains(&id)));
        let partitions = all.iter().copied().filter(|partition| counts(partition.id)).collect::<Vec<_>>();
        Some(kafka.lag.read(&partitions, offsets))
    }
}

#[derive(Clone, Debug)]
pub(super) enum Kind {
    Kafka(Box<Kafka>),
    Value {
        target: Target,
        activation: f64,
        /// Of prometheus, which names what it reads.
        query: Option<String>,
    },
    Resource,
}

pub(in crate::engine) fn source(index: usize, trigger: &scaled::Trigger) -> Result<Source, String> {
    let at = format!("spec.triggers[{index}]");
    let name = trigger.name.clone().filter(|name| !name.is_empty()).unwrap_or_else(|| trigger.kind.clone());
    let kind = match trigger.kind.as_str() {
        "kafka" | "apache-kafka" => {
            Kind::Kafka(Box::new(Kafka::read(&trigger.metadata).map_err(|error| format!("{at}.metadata.{error}"))?))
        }
        kind if is_resource(kind) => Kind::Resource,
        kind => {
            let Some((_, target, activation)) = VALUES.iter().find(|(known, ..)| *known == kind) else {
                let known = VALUES.iter().map(|(known, ..)| *known).collect::<Vec<_>>().join(", ");
                return Err(format!("{at}.type is {kind:?}: known are kafka, cpu, memory, {known}"));
            };
            let number =
                |name: &str| number(&trigger.metadata, name).map_err(|why| format!("{at}.metadata.{name} {why}"));
            let given = number(target)?.ok_or_else(|| format!("{at}.metadata.{target} is missing"))?;
            let given = Milli::from_units(given).unwrap_or_default();
            let target = match trigger.metric_type.as_deref() {
                None | Some("" | "AverageValue") => Target::AverageValue(given),
                Some("Value") => Target::Value(given),
                Some(other) => return Err(format!("{at}.metricType is {other:?}: must be AverageValue or Value")),
            };
            let query = trigger.metadata.get("query").filter(|_| kind == "prometheus").cloned();
            Kind::Value { target, activation: number(activation)?.unwrap_or(0.0), query }
        }
    };
    Ok(Source { name, kind })
}

fn number(metadata: &BTreeMap<String, String>, name: &str) -> Result<Option<f64>, String> {
    let Some(text) = metadata.get(name) else { return Ok(None) };
    match text.trim().parse::<f64>() {
        Ok(number) if number.is_finite() => Ok(Some(number)),
        _ => Err(format!("is {text:?}: must be a number")),
    }
}

pub(super) fn is_resource(kind: &str) -> bool {
    matches!(kind, "cpu" | "memory")
}
