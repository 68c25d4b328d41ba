//! An HPA, asked by lines.

use plimsoll_core::hpa::{
    Applied, Decision, Detail, Hpa, MetricError, Observation, Phase, Pod, PodCount, PodFold, Reading, Ready,
    ReadyCondition, RequestError, RescaleReason, Sample, Scale, Selector, Step, Target, ValueSum,
};
use plimsoll_core::trace::Each;
use plimsoll_core::units::{Instant, Milli, Span};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{AppliedIn, Apply, Count, Kind, Line, Moment};
use crate::engine::{Past, Policy, PolicyError, Settings, record};
use crate::manifest::{self, Quantity};

/// A policy whose windows fit the history that lines have.
///
/// # Errors
/// What the API server would refuse, or that its windows need more memory than a history has.
pub(super) fn policy(spec: manifest::Spec, settings: Settings) -> Result<Policy, PolicyError> {
    let policy = Policy::new(spec, settings)?;
    policy.with(Past::fits)?;
    Ok(policy)
}

impl Kind for Policy {
    type History = Box<Past>;
    type Observation = ObservationIn;
    const TAKES_APPLIED: bool = true;

    fn about(&self) -> String {
        format!("HPA of {}", self.metric_lines().join("; "))
    }

    fn answer(&self, line: Line<Box<Past>, ObservationIn>) -> Result<Value, String> {
        let observation = line.observation.ok_or("observation is missing")?;
        let past = line.history.unwrap_or_default();
        self.with(|hpa| decide(hpa, past, line.applied, line.apply, &observation))
    }
}

fn decide(
    hpa: &Hpa<'_>,
    mut past: Box<Past>,
    applied: Option<AppliedIn>,
    apply: Apply,
    given: &ObservationIn,
) -> Result<Value, String> {
    let now = given.now.0;
    if let Some(change) = applied {
        let earlier = change.decision();
        hpa.applied(&mut past, &earlier, Applied::Done(earlier.to), &mut ());
    }
    if given.readings.len() > hpa.metrics().len() {
        let (given, wanted) = (given.readings.len(), hpa.metrics().len());
        return Err(format!("observation.readings has {given} entries, the policy has {wanted} metrics"));
    }
    let readings = given
        .readings
        .iter()
        .enumerate()
        .map(|(index, reading)| {
            reading.read(hpa, index, now).map_err(|error| format!("observation.readings[{index}]{error}"))
        })
        .collect::<Result<Vec<_>, _>>()?;
    let seen = Observation {
        now,
        scale: given
            .scale
            .map(|scale| Scale { wanted: scale.wanted.into(), running: scale.running.unwrap_or(scale.wanted).into() }),
        selector: match given.selector {
            SelectorIn::Usable => Selector::Usable,
            SelectorIn::Missing => Selector::Missing,
            SelectorIn::Unparsable => Selector::Unparsable,
            SelectorIn::Ambiguous => Selector::Ambiguous,
        },
        pods: given.pods.map(|pods| PodCount { listed: pods.listed, ready: pods.ready }),
        readings: &readings,
    };
    let mut steps = Vec::new();
    let decision = hpa.decide(&mut past, &seen, &mut Each(|step: &Step| steps.push(record::step(step, hpa, now))));
    if decision.changes() {
        let applied = match apply {
            Apply::Done => Some(Applied::Done(decision.to)),
            Apply::Failed => Some(Applied::Failed),
            Apply::None => None,
        };
        if let Some(applied) = applied {
            hpa.applied(&mut past, &decision, applied, &mut ());
        }
    }
    let outlooks = (0..hpa.metrics().len()).map(|index| record::outlook(&hpa.outlook(index, &seen)));
    Ok(json!({
        "decision": record::decision(&decision, hpa),
        "steps": steps,
        "conditions": past.conditions().iter().map(record::condition).collect::<Vec<_>>(),
        "outlook": outlooks.collect::<Vec<_>>(),
        "history": &*past,
    }))
}

impl AppliedIn {
    /// The decision that was carried out, as far as rate rules and conditions look at it.
    fn decision(&self) -> Decision {
        let (from, to) = (self.from.into(), self.to.into());
        let detail = Detail {
            recommended: None,
            winner: None,
            stabilized: None,
            error: None,
            reason: RescaleReason::None,
            at: self.at.0,
        };
        Decision { from, to, last_word: Step::Rescaled { from, to }, revisit_at: None, detail }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ObservationIn {
    now: Moment,
    scale: Option<ScaleIn>,
    #[serde(default)]
    selector: SelectorIn,
    #[serde(default = "no_pods")]
    pods: Option<CountIn>,
    #[serde(default)]
    readings: Vec<ReadingIn>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
struct ScaleIn {
    wanted: Count,
    #[serde(default)]
    running: Option<Count>,
}

#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
enum SelectorIn {
    #[default]
    Usable,
    Missing,
    Unparsable,
    Ambiguous,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
struct CountIn {
    listed: u32,
    ready: u32,
}

const fn no_pods() -> Option<CountIn> {
    Some(CountIn { listed: 0, ready: 0 })
}

/// One of the forms that a reading may have.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct ReadingIn {
    pods: Option<Vec<PodIn>>,
    unlisted: Vec<Quantity>,
    ready: Option<SumsIn>,
    value: Option<Quantity>,
    values: Option<Vec<Quantity>>,
    error: Option<ErrorIn>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SumsIn {
    pods: u32,
    usage: Quantity,
    #[serde(default)]
    request: Option<Quantity>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "camelCase")]
enum ErrorIn {
    Unavailable,
    NotANumber,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PodIn {
    #[serde(default)]
    phase: PhaseIn,
    #[serde(default)]
    deleted: bool,
    #[serde(default)]
    started: Option<Moment>,
    #[serde(default)]
    ready: Option<ReadyIn>,
    #[serde(default)]
    request: Option<Quantity>,
    #[serde(default)]
    sample: Option<SampleIn>,
}

#[derive(Clone, Copy, Default, Deserialize)]
enum PhaseIn {
    Pending,
    #[default]
    Running,
    Succeeded,
    Failed,
    Unknown,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
struct ReadyIn {
    status: TruthIn,
    #[serde(default)]
    since: Option<Moment>,
}

#[derive(Clone, Copy, Deserialize)]
enum TruthIn {
    True,
    False,
    Unknown,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct SampleIn {
    value: Quantity,
    at: Moment,
    #[serde(default)]
    window_seconds: u32,
}

impl ReadingIn {
    pub(super) fn read(&self, hpa: &Hpa<'_>, index: usize, now: Instant) -> Result<Reading, String> {
        let milli = |quantity: &Quantity| Milli(quantity.milli());
        let forms = [
            self.pods.is_some() || !self.unlisted.is_empty(),
            self.ready.is_some(),
            self.value.is_some(),
            self.values.is_some(),
            self.error.is_some(),
        ];
        if forms.into_iter().filter(|given| *given).count() != 1 {
            return Err(" must have exactly one of pods, ready, value, values, error".to_owned());
        }
        if let Some(error) = self.error {
            return Ok(Reading::Failed(match error {
                ErrorIn::Unavailable => MetricError::Unavailable,
                ErrorIn::NotANumber => MetricError::NotANumber,
            }));
        }
        if let Some(value) = &self.value {
            return Ok(Reading::Value(milli(value)));
        }
        if let Some(values) = &self.values {
            return Ok(Reading::Values(values.iter().map(milli).collect::<ValueSum>()));
        }
        let mut fold = PodFold::new(hpa, index, now);
        if let Some(sums) = &self.ready {
            let utilization = hpa.metrics().get(index).is_some_and(|m| matches!(m.target(), Target::Utilization(_)));
            let request = match (&sums.request, utilization) {
                (Some(request), _) => milli(request),
                (None, false) => Milli(0),
                (None, true) => return Err(".ready.request is missing: the target is a utilization".to_owned()),
            };
            fold.add_ready(sums.pods, milli(&sums.usage), request);
        }
        for pod in self.pods.iter().flatten() {
            fold.add(&pod.pod());
        }
        self.unlisted.iter().for_each(|value| fold.add_unlisted(milli(value)));
        Ok(Reading::Pods(fold))
    }
}

impl PodIn {
    fn pod(&self) -> Pod {
        Pod {
            phase: match self.phase {
                PhaseIn::Pending => Phase::Pending,
                PhaseIn::Running => Phase::Running,
                PhaseIn::Succeeded => Phase::Succeeded,
                PhaseIn::Failed => Phase::Failed,
                PhaseIn::Unknown => Phase::Unknown,
            },
            deleted: self.deleted,
            started: self.started.map(|moment| moment.0),
            ready: self.ready.map(|ready| ReadyCondition {
                status: match ready.status {
                    TruthIn::True => Ready::True,
                    TruthIn::False => Ready::False,
                    TruthIn::Unknown => Ready::Unknown,
                },
                since: ready.since.map(|moment| moment.0),
            }),
            sample: self.sample.map(|sample| Sample {
                value: Milli(sample.value.milli()),
                at: sample.at.0,
                window: Span::from_secs(u64::from(sample.window_seconds)),
            }),
            request: self.request.map(|request| Milli(request.milli())).ok_or(RequestError::Missing),
        }
    }
}
