//! Decisions as lines of JSON, for programs in other languages and for batches: format `plimsoll-decide/1`.
//!
//! [`FORMAT_HELP`] is the description that users get. Times are nanoseconds from an origin that the caller picks, or
//! RFC 3339 texts, which count from the Unix epoch. Amounts are Kubernetes quantities (`"250m"`, `"1.5Gi"`, 3).

use std::collections::BTreeMap;

use plimsoll_core::hpa::{
    Applied, Decision, Detail, Hpa, MetricError, Observation, Phase, Pod, PodCount, PodFold, Reading, Ready,
    ReadyCondition, RequestError, RescaleReason, Sample, Scale, Selector, Step, Target, ValueSum,
};
use plimsoll_core::trace::Each;
use plimsoll_core::units::{Instant, Milli, Replicas, Span};
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::{Value, json};

use crate::engine::{Past, Policy, PolicyError, Settings, inline_spec, instant, record};
use crate::manifest::{self, Quantity};

/// The format's name; a line may name it, and another name is refused.
pub const DECIDE_FORMAT: &str = "plimsoll-decide/1";

/// The format in words, for `--help`.
pub const FORMAT_HELP: &str = r#"Format plimsoll-decide/1, one JSON object a line:

{"define": "web", "policy": {HPA spec}}     names a policy for later lines
{"id": 1,                                   anything, given back
 "policy": "web" | {HPA spec},              by name, or the spec itself
                                            (scaleTargetRef may be left out)
 "history": null | {...},                   as the answer before gave it; null or
                                            absent: nothing is known
 "applied": {"at": T, "from": 3, "to": 8},  a change made since, for the rate rules
 "apply": "done" | "failed" | "none",       what to assume of this decision in the
                                            history given back ("done": written;
                                            "none": say so later with "applied")
 "observation": {
   "now": T,                                nanoseconds from any origin, or a text
                                            like "2026-11-24T02:36:38Z"
   "scale": {"wanted": 3, "running": 3},    null: it could not be read
   "selector": "usable" | "missing" | "unparsable" | "ambiguous",
   "pods": {"listed": 3, "ready": 3},       null: they could not be listed;
                                            absent: none
   "readings": [ one for each metric of the spec, in its order:
     {"pods": [{"phase": "Running", "deleted": false, "started": T,
                "ready": {"status": "True", "since": T}, "request": "1",
                "sample": {"value": "700m", "at": T, "windowSeconds": 30}}],
      "unlisted": ["20m"]}                  samples without a pod
     {"ready": {"pods": 3, "usage": "2.1", "request": "3"}}
                                            sums, from a host without pods
     {"value": "12"}   {"values": ["5", "7"]}
     {"error": "unavailable" | "notANumber"}
   ]}}

Answers: {"id", "line", "decision", "steps", "conditions", "outlook", "history"}
or {"id", "line", "error"}."#;

/// Answers lines, and keeps the policies that they define.
pub struct Decisions {
    settings: Settings,
    policies: BTreeMap<String, Policy>,
    bad: u64,
}

impl Decisions {
    /// For a cluster with these flags.
    #[must_use]
    pub const fn new(settings: Settings) -> Self {
        Self { settings, policies: BTreeMap::new(), bad: 0 }
    }

    /// Names a policy for later lines.
    ///
    /// # Errors
    /// What the API server would refuse, or that its windows need more memory than a history has.
    pub fn define(&mut self, name: &str, spec: manifest::Spec) -> Result<(), PolicyError> {
        let policy = self.policy(spec)?;
        self.policies.insert(name.to_owned(), policy);
        Ok(())
    }

    /// Lines that could not be used so far.
    #[must_use]
    pub const fn bad_lines(&self) -> u64 {
        self.bad
    }

    /// Answers line number `number`: always with one JSON object.
    pub fn line(&mut self, number: u64, text: &[u8]) -> Value {
        let id = serde_json::from_slice::<Named>(text).map(|named| named.id).unwrap_or_default();
        let mut answer = serde_json::Map::new();
        if let Some(id) = id {
            answer.insert("id".to_owned(), id);
        }
        answer.insert("line".to_owned(), json!(number));
        match self.answer(text) {
            Ok(Value::Object(mut fields)) => answer.append(&mut fields),
            Ok(other) => {
                answer.insert("answer".to_owned(), other);
            }
            Err(error) => {
                self.bad += 1;
                answer.insert("error".to_owned(), json!(error));
            }
        }
        Value::Object(answer)
    }

    fn policy(&self, spec: manifest::Spec) -> Result<Policy, PolicyError> {
        let policy = Policy::new(spec, self.settings)?;
        policy.with(Past::fits)?;
        Ok(policy)
    }

    fn answer(&mut self, text: &[u8]) -> Result<Value, String> {
        let line = parse(text)?;
        if let Some(format) = line.format.filter(|format| format != DECIDE_FORMAT) {
            return Err(format!("format is {format:?}: this build answers {DECIDE_FORMAT}"));
        }
        let given = match line.policy.ok_or("policy is missing: a name, or the spec of an HPA")? {
            Value::String(name) => match self.policies.get(&name) {
                Some(policy) => policy.clone(),
                None => return Err(format!("policy is {name:?}: no line and no --policy file has defined it")),
            },
            spec if !spec.is_object() => {
                return Err(format!("policy is {spec}: must be a name, or the spec of an HPA"));
            }
            spec => self.policy(inline_spec(&spec, "policy")?).map_err(|error| format!("policy: {error}"))?,
        };
        if let Some(name) = line.define {
            self.policies.insert(name.clone(), given);
            return Ok(json!({ "defined": name }));
        }
        let observation = line.observation.ok_or("observation is missing")?;
        let past = line.history.unwrap_or_default();
        given.with(|hpa| decide(hpa, past, line.applied.as_ref(), line.apply, &observation))
    }
}

/// Strictly JSON; what does not fit is named with its path, and with what was probably meant.
fn parse(text: &[u8]) -> Result<Line, String> {
    // Every line is line 1 to its parser.
    serde_json::from_slice::<IgnoredAny>(text)
        .map_err(|error| format!("no JSON: {}", error.to_string().replace(" at line 1 column ", " at column ")))?;
    let describe = |error: manifest::LoadError| match error.path.as_str() {
        "" => error.message,
        path => format!("{path}: {}", error.message),
    };
    let documents = manifest::documents("line", text).map_err(describe)?;
    documents.first().ok_or("no object: the line is empty or null")?.read().map_err(describe)
}

fn decide(
    hpa: &Hpa<'_>,
    mut past: Box<Past>,
    applied: Option<&AppliedIn>,
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
        scale: given.scale.map(|scale| Scale {
            wanted: Replicas(scale.wanted),
            running: Replicas(scale.running.unwrap_or(scale.wanted)),
        }),
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

/// Only the id, from a line that may be wrong otherwise.
#[derive(Deserialize)]
struct Named {
    #[serde(default)]
    id: Option<Value>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Line {
    #[serde(default)]
    format: Option<String>,
    #[serde(default, rename = "id")]
    _id: Option<Value>,
    #[serde(default)]
    define: Option<String>,
    #[serde(default)]
    policy: Option<Value>,
    #[serde(default)]
    history: Option<Box<Past>>,
    #[serde(default)]
    applied: Option<AppliedIn>,
    #[serde(default)]
    apply: Apply,
    #[serde(default)]
    observation: Option<ObservationIn>,
}

#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
enum Apply {
    #[default]
    Done,
    Failed,
    None,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AppliedIn {
    at: Moment,
    from: i32,
    to: i32,
}

impl AppliedIn {
    /// The decision that was carried out, as far as rate rules and conditions look at it.
    fn decision(&self) -> Decision {
        let (from, to) = (Replicas(self.from), Replicas(self.to));
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
struct ObservationIn {
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
    wanted: i32,
    #[serde(default)]
    running: Option<i32>,
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
struct ReadingIn {
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

/// A moment: nanoseconds from the caller's origin, or RFC 3339.
#[derive(Clone, Copy, Deserialize)]
#[serde(try_from = "Value")]
struct Moment(Instant);

impl TryFrom<Value> for Moment {
    type Error = String;
    fn try_from(value: Value) -> Result<Self, String> {
        let wrong =
            || format!("{value} is no time: nanoseconds as a whole number, or a text like \"2026-11-24T02:36:38Z\"");
        match &value {
            Value::Number(number) => number.as_i64().map(|nanos| Self(Instant::from_nanos(nanos))).ok_or_else(wrong),
            Value::String(text) => text.parse().map(|time| Self(instant(time))).map_err(|_| wrong()),
            _ => Err(wrong()),
        }
    }
}

impl ReadingIn {
    fn read(&self, hpa: &Hpa<'_>, index: usize, now: Instant) -> Result<Reading, String> {
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
