//! A scaled object of KEDA, asked by lines: both loops turn once.

use plimsoll_core::hpa::{Hpa, MetricError, PodCount, Reading as HpaReading};
use plimsoll_core::queue::{HpaMetric, Observation, Offsets, Partition, Reading, Target};
use plimsoll_core::units::{Milli, Replicas};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::hpa::ReadingIn;
use super::{Count, Kind, Line, Moment, PartitionIn, Saved};
use crate::engine::keda::{Keda, KedaPast, Turn};
use crate::engine::{Past, record};

/// Committed offsets that a history remembers for each trigger.
type Seen = Offsets<1024>;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ObservationIn {
    now: Moment,
    #[serde(default)]
    created: Option<Moment>,
    replicas: Option<Count>,
    #[serde(default)]
    running: Option<Count>,
    #[serde(default)]
    ready: Option<Count>,
    #[serde(default)]
    readings: Vec<TriggerIn>,
    /// CPU and memory, as an HPA reads them.
    #[serde(default)]
    resources: Vec<ReadingIn>,
    /// Whether the outer loop turns, and not the HPA alone.
    #[serde(default = "yes")]
    polls: bool,
}

const fn yes() -> bool {
    true
}

/// One of the forms that a trigger's reading may have.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
#[derive(Default)]
struct TriggerIn {
    value: Option<f64>,
    active: Option<bool>,
    partitions: Option<Vec<PartitionIn>>,
    failed: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct HistoryIn {
    object: Saved,
    hpa: Box<Past>,
    offsets: Vec<Saved>,
}

#[derive(Serialize)]
struct HistoryOut<'a> {
    object: Value,
    hpa: &'a Past,
    offsets: Vec<Value>,
}

impl Kind for Keda {
    type History = HistoryIn;
    type Observation = ObservationIn;

    fn about(&self) -> String {
        format!("KEDA, {}", self.metric_lines().join("; "))
    }

    fn answer(&self, line: Line<HistoryIn, ObservationIn>) -> Result<Value, String> {
        let given = line.observation.ok_or("observation is missing")?;
        let (mut past, mut hpa_past, mut offsets) = match line.history {
            None => (self.start(), Box::default(), (0..self.triggers()).map(|_| Seen::new()).collect::<Vec<_>>()),
            Some(history) => restored(self, history)?,
        };
        if given.readings.len() > self.triggers() {
            let (given, wanted) = (given.readings.len(), self.triggers());
            return Err(format!("observation.readings has {given} entries, the object has {wanted} triggers"));
        }
        let readings = given.readings.iter().zip(&mut offsets).enumerate().map(|(index, (reading, offsets))| {
            reading.read(self, index, offsets).map_err(|error| format!("observation.readings[{index}] {error}"))
        });
        let readings = readings.collect::<Result<Vec<_>, _>>()?;
        let now = given.now.0;
        let resource = self.hpa().with(|hpa| {
            let first = hpa.metrics().len().saturating_sub(given.resources.len());
            let read = given.resources.iter().enumerate().map(|(index, reading)| {
                let told = |error| format!("observation.resources[{index}]{error}");
                reading.read(hpa, first + index, now).map_err(told)
            });
            read.collect::<Result<Vec<_>, _>>()
        })?;
        let resource = |hpa: &Hpa<'_>, index: usize| {
            let first = hpa.metrics().len().saturating_sub(resource.len());
            let given = index.checked_sub(first).and_then(|index| resource.get(index));
            given.copied().unwrap_or(HpaReading::Failed(MetricError::Unavailable))
        };
        let [ready, running] = [given.ready, given.running.or(given.replicas)].map(|it| it.map_or(0, |Count(it)| it));
        let count = |pods: i32| u32::try_from(pods).unwrap_or(0);
        let turn = Turn {
            seen: Observation {
                now,
                created: given.created.map_or(now, |moment| moment.0),
                replicas: given.replicas.map(Replicas::from),
                ready: given.ready.map(|Count(ready)| ready),
                readings: &readings,
                annotations: self.annotations(),
            },
            running,
            pods: PodCount { listed: count(running.max(ready)), ready: count(ready) },
            polls: given.polls,
        };
        let pass = self.pass(&mut past, &mut hpa_past, &turn, &resource);
        let (steps, _): (Vec<Value>, Vec<String>) = pass.steps.into_iter().unzip();
        Ok(json!({
            "decision": {
                "from": pass.from,
                "to": pass.to,
                "changes": pass.from != pass.to,
                "lastWord": { "text": pass.reason },
                "recommended": pass.asked,
                "active": pass.active,
                "hpaScales": pass.hpa_scales,
                "metrics": pass.metrics.iter().map(metric).collect::<Vec<_>>(),
                "revisitAt": pass.revisit_at,
            },
            "steps": steps,
            "outlook": pass.outlook,
            "conditions": hpa_past.conditions().iter().map(record::condition).collect::<Vec<_>>(),
            "history": HistoryOut {
                object: Saved::text(KedaPast::saved_size(), |out| past.save(out)),
                hpa: &hpa_past,
                offsets: offsets.iter().map(|each| Saved::text(Seen::saved_size(), |out| each.save(out))).collect(),
            },
        }))
    }
}

fn restored(keda: &Keda, history: HistoryIn) -> Result<(KedaPast, Box<Past>, Vec<Seen>), String> {
    let past = KedaPast::restore(&history.object.0).map_err(|error| format!("history.object: {error}"))?;
    let offsets = history.offsets.iter().map(|bytes| Seen::restore(&bytes.0));
    let mut offsets = offsets.collect::<Result<Vec<_>, _>>().map_err(|error| format!("history.offsets: {error}"))?;
    offsets.resize_with(keda.triggers(), Seen::new);
    Ok((past, history.hpa, offsets))
}

fn metric(metric: &HpaMetric) -> Value {
    let (kind, Milli(target)) = match metric.target {
        Target::AverageValue(target) => ("AverageValue", target),
        Target::Value(target) => ("Value", target),
    };
    json!({
        "trigger": metric.trigger,
        "type": kind,
        "targetMilli": target,
        "valueMilli": metric.value.map(|Milli(value)| value),
        "fallback": metric.fallback,
    })
}

impl TriggerIn {
    fn read(&self, keda: &Keda, index: usize, offsets: &mut Seen) -> Result<Reading, String> {
        match (self.value, &self.partitions, self.failed) {
            (Some(value), None, false) => Ok(match (keda.reading(index, value), self.active) {
                (Reading::Value { value, .. }, Some(active)) => Reading::Value { value, active },
                (reading, _) => reading,
            }),
            (None, Some(partitions), false) => {
                let partitions = partitions.iter().map(|given| Partition::from(*given));
                let group = keda.group(index, &partitions.collect::<Vec<_>>(), offsets);
                group
                    .map(|group| group.reading())
                    .ok_or_else(|| "has partitions, the trigger is not of kafka".to_owned())
            }
            (None, None, true) => Ok(Reading::Failed),
            _ => Err("must have exactly one of value, partitions, failed".to_owned()),
        }
    }
}
