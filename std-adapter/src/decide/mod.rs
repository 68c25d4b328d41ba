//! Decisions as lines of JSON, for programs in other languages and for batches: format `plimsoll-decide/1`.
//!
//! [`FORMAT_HELP`] is the description that users get. Times are nanoseconds from an origin that the caller picks, or
//! RFC 3339 texts, which count from the Unix epoch. Amounts are Kubernetes quantities (`"250m"`, `"1.5Gi"`, 3).
//!
//! Every kind of policy has a file here: what its observation looks like, and what it answers.

mod aws;
mod combine;
mod consumers;
mod gce;
mod hpa;
mod keda;
mod keda_job;
mod knative;
mod nomad;
mod schedule;
mod watermark;

use std::collections::BTreeMap;
use std::rc::Rc;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use plimsoll_core::queue::Partition;
use plimsoll_core::units::{Instant, Replicas};
use serde::de::{DeserializeOwned, Error as _, IgnoredAny};
use serde::{Deserialize, Deserializer};
use serde_json::{Value, json};

use crate::engine::aws::Aws;
use crate::engine::combine::Combined;
use crate::engine::consumers::Consumers;
use crate::engine::gce::Gce;
use crate::engine::keda::Keda;
use crate::engine::keda_job::KedaJob;
use crate::engine::knative::Knative;
use crate::engine::nomad::NomadPolicy;
use crate::engine::schedule::Calendar;
use crate::engine::watermark::WatermarkPods;
use crate::engine::{AnyPolicy, NamedPolicy, Settings, inline_spec, instant};
use crate::manifest;

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

A policy of another kind stands under its name, with an observation of its own:

{"policy": {"knative": {"annotations": {...}, "containerConcurrency": 10,
                        "config": {data of config-autoscaler}}},
 "observation": {
   "now": T, "scale": 1, "ready": 1, "starting": 0,   null: could not be read
   "samples": [{"at": T, "value": 12.5, "proxied": 0}],  since the last line
   "load": {"stable": 12.5, "panic": 40},   instead of samples
   "failed": false,                         the metric could not be read
   "reachable": true, "named": true,
   "proxy": {"routed": false, "confirmed": false, "since": T}}}

{"policy": {"keda": {spec of a ScaledObject, "annotations": {...}}},
 "observation": {
   "now": T, "created": T, "replicas": 3, "running": 3, "ready": 3,
   "polls": true,                           false: only its HPA syncs
   "readings": [ one for each trigger:
     {"value": 1500, "active": true}        by its own threshold without "active"
     {"partitions": [{"id": 0, "committed": 90, "head": 100, "logStart": 0}]}
     {"failed": true}],
   "resources": [ readings of CPU and memory triggers, as an HPA's ]}}

{"policy": {"keda_job": {spec of a ScaledJob, "annotations": {...}}},
 "observation": {
   "now": T,
   "readings": [ one for each trigger:
     {"queue": 120, "target": "5", "active": true}
                                            by the trigger's own settings without
                                            "target" (messages for a job), "active"
     {"partitions": [...]}   {"failed": true}],
   "running": 4, "pending": 1,              unfinished jobs, pending ones among them;
   "jobs": [{"pods": [{"phase": "Pending", "conditions": ["PodScheduled"]}]},
            {"name": "a", "finished": "succeeded" | "failed", "completed": T}]}}
                                            or the jobs, with the conditions of their
                                            pods that are true; the answer has
                                            "create" and, of the finished, "delete"

{"policy": {"consumers": {section of a scenario file}},
 "observation": {
   "now": T, "replicas": 5, "running": 5, "backlog": 1200, "partitions": 100,
   "produced": 900000, "processed": 898800,  counters since any beginning
   "busy_s": 812.5, "oldest_s": 9,
   "loads": [{"backlog": 10, "arrival": 2.5}]}}   partition by partition

{"policy": {"aws": {section of a scenario file}},
 "observation": {
   "now": T, "desired": 10,                 null: could not be read
   "warm": 8,                               units that have warmed up; absent: the
                                            time since the last order tells
   "alarms": {"cpu-high": [62.5, null]},    by alarm: the point of each period that
                                            ended since the last line; null: missing
   "metrics": {"cpu50": [62.5]},            the same by target tracking policy
   "completed": T}}                         of simple scaling's last action; null or
                                            absent: it goes on

{"policy": {"watermark": {spec of a WatermarkPodAutoscaler}},
 "observation": {
   "now": T, "replicas": 5, "running": 5, "ready": 5, "listed": 5,
   "readings": [ one for each metric:
     {"value": "12.5"}                      the sum, over the pods above
     {"value": "12.5", "ready": 4, "listed": 5}    or over others
     null]}}                                it could not be read

{"policy": {"gce": {autoscalingPolicy of Compute Engine}},
 "observation": {
   "now": T, "desired": 10, "serving": 8,   units that have initialized; absent: all
   "signals": {"cpu": 0.72, "backlog": null}}}   by name: cpu, loadBalancing, or the
                                            metric's; null or absent: missing

{"policy": {"nomad": {scaling policy, as Nomad's API prints it}},
 "observation": {
   "now": T, "count": 5, "ready": true,     "ready" false: the target may not be scaled
   "checks": {"cpu": [64, 84.5],            by check: the points of its query window,
              "queue": null}}}              oldest first; null or absent: it failed

{"policy": {"schedule": {section of a scenario file}},
 "observation": {"now": T, "replicas": 3}}  times from the Unix epoch

{"policy": {"combine": {section of a scenario file, without "of"}},
 "observation": {
   "now": T, "replicas": 8,
   "votes": [{"want": 5, "soft": false, "scales": "both" | "outOnly" | "inOnly",
              "group": 0, "weight": 1}],    "want" null: no answer
   "guards": [{"value": 60, "threshold": 80, "inclusive": false}],
   "bounds": {"min": 2, "max": 10}}}        of the moment

Answers: {"id", "line", "decision", "steps", "conditions", "outlook", "history"}
or {"id", "line", "error"}."#;

/// Makes a policy of the spec that stands under its kind's name, where that is called so.
type Make = fn(spec: &Value, root: &str, settings: Settings) -> Result<Rc<dyn Asked>, String>;

/// The kinds of policies, by the names under which they stand in a line.
const KINDS: [(&str, Make); 11] = [
    ("hpa", hpa_of),
    ("keda", |spec, root, settings| Ok(Rc::new(Keda::inline(spec, root, settings)?))),
    ("keda_job", |spec, root, _| Ok(Rc::new(KedaJob::inline(spec, root)?))),
    ("knative", |spec, root, _| Ok(Rc::new(Knative::inline(spec, root)?))),
    ("consumers", |spec, root, _| Ok(Rc::new(Consumers::inline(spec, root)?))),
    ("aws", |spec, root, _| Ok(Rc::new(Aws::inline(spec, root)?))),
    ("watermark", |spec, root, _| Ok(Rc::new(WatermarkPods::inline(spec, root)?))),
    ("gce", |spec, root, _| Ok(Rc::new(Gce::inline(spec, root)?))),
    ("nomad", |spec, root, _| Ok(Rc::new(NomadPolicy::inline(spec, root)?))),
    ("schedule", |spec, root, _| Ok(Rc::new(Calendar::inline(spec, root)?))),
    ("combine", |spec, root, _| Ok(Rc::new(Combined::inline(spec, root)?))),
];

/// Policies that an error names; more are counted.
const NAMED: usize = 8;

/// Answers lines, and keeps the policies that they define.
pub struct Decisions {
    settings: Settings,
    policies: BTreeMap<String, Rc<dyn Asked>>,
    /// Names that objects of several kinds have, with what tells them apart.
    shared: BTreeMap<String, Vec<String>>,
    bad: u64,
}

/// A policy of one kind, and what a line tells it.
trait Kind {
    /// What it remembers, as an answer gave it.
    type History: DeserializeOwned;
    /// What is seen.
    type Observation: DeserializeOwned;
    /// Whether it remembers changes that others have made.
    const TAKES_APPLIED: bool = false;

    /// What it is, in a few words.
    fn about(&self) -> String;

    /// The fields of the answer.
    fn answer(&self, line: Line<Self::History, Self::Observation>) -> Result<Value, String>;
}

/// A policy of any kind.
trait Asked {
    /// See [`Kind::about`].
    fn what(&self) -> String;

    /// Answers a whole line.
    fn line(&self, text: &[u8]) -> Result<Value, String>;
}

impl<K: Kind> Asked for K {
    fn what(&self) -> String {
        self.about()
    }

    fn line(&self, text: &[u8]) -> Result<Value, String> {
        let line: Line<K::History, K::Observation> = parse(text)?;
        if line.applied.is_some() && !K::TAKES_APPLIED {
            return Err("applied is taken for an HPA alone: give this policy the scale as it is now".to_owned());
        }
        self.answer(line)
    }
}

impl Decisions {
    /// For a cluster with these flags.
    #[must_use]
    pub const fn new(settings: Settings) -> Self {
        Self { settings, policies: BTreeMap::new(), shared: BTreeMap::new(), bad: 0 }
    }

    /// Names the policies of manifests for later lines: `namespace/name`, and `Kind/namespace/name`, which alone stands
    /// for one of several of the same name. Groups of AWS have no namespace.
    pub fn define(&mut self, policies: Vec<NamedPolicy>) {
        let mut kinds = BTreeMap::<String, Vec<String>>::new();
        for policy in &policies {
            kinds.entry(policy.short()).or_default().push(policy.full());
        }
        for policy in policies {
            let (short, full) = (policy.short(), policy.full());
            let asked: Rc<dyn Asked> = match policy.policy {
                AnyPolicy::Hpa(policy) => Rc::new(policy),
                AnyPolicy::Keda(policy) => Rc::new(*policy),
                AnyPolicy::KedaJob(policy) => Rc::new(policy),
                AnyPolicy::Knative(policy) => Rc::new(policy),
                AnyPolicy::Aws(policy) => Rc::new(*policy),
                AnyPolicy::Watermark(policy) => Rc::new(policy),
            };
            if kinds.get(&short).is_some_and(|kinds| kinds.len() == 1) {
                self.policies.insert(short, Rc::clone(&asked));
            }
            self.policies.insert(full, asked);
        }
        kinds.retain(|_, kinds| kinds.len() > 1);
        self.shared.extend(kinds);
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

    /// Answers a line with all that it takes to explain the answer. A line that defines a policy is none.
    ///
    /// # Errors
    /// What of the line does not fit, by its path.
    pub fn told(&mut self, text: &[u8]) -> Result<Told, String> {
        let line: Line<IgnoredAny, IgnoredAny> = parse(text)?;
        if line.define.is_some() {
            return Err("the line defines a policy: give one that asks".to_owned());
        }
        let policy = self.of(line.policy)?;
        let answer = policy.line(text)?;
        let now = serde_json::from_slice::<Timed>(text).map_or(Instant::default(), |timed| timed.observation.now.0);
        Ok(Told { about: policy.what(), now, answer })
    }

    fn answer(&mut self, text: &[u8]) -> Result<Value, String> {
        let line: Line<IgnoredAny, IgnoredAny> = parse(text)?;
        if let Some(format) = line.format.filter(|format| format != DECIDE_FORMAT) {
            return Err(format!("format is {format:?}: this build answers {DECIDE_FORMAT}"));
        }
        let policy = self.of(line.policy)?;
        if let Some(name) = line.define {
            self.policies.insert(name.clone(), policy);
            return Ok(json!({ "defined": name }));
        }
        policy.line(text)
    }

    fn of(&self, policy: Option<Value>) -> Result<Rc<dyn Asked>, String> {
        match policy.ok_or_else(|| format!("policy is missing: a name, the spec of an HPA, or one of {}", kinds()))? {
            Value::String(name) => match self.policies.get(&name) {
                Some(policy) => Ok(Rc::clone(policy)),
                None => Err(self.unknown(&name)),
            },
            spec if !spec.is_object() => {
                Err(format!("policy is {spec}: must be a name, the spec of an HPA, or one of {}", kinds()))
            }
            spec => self.policy(&spec),
        }
    }

    fn unknown(&self, name: &str) -> String {
        if let Some(kinds) = self.shared.get(name) {
            return format!("policy is {name:?}: there are {}; name one of them so", kinds.join(" and "));
        }
        // The long name of what has a short one is not told twice.
        let long = |known: &&String| {
            let short = known.split_once('/').map_or("", |(_, short)| short);
            !self.policies.contains_key(short)
        };
        let known = self.policies.keys().filter(long).map(String::as_str).collect::<Vec<_>>();
        let near = self.policies.keys().map(|known| (strsim::damerau_levenshtein(name, known), known));
        let near = near.filter(|(distance, _)| *distance <= 2).min();
        let hint = match (near, known.len()) {
            (Some((_, near)), _) => format!("; did you mean {near:?}?"),
            (None, 0) => String::new(),
            (None, count) => {
                let more = if count > NAMED { format!(" and {} more", count - NAMED) } else { String::new() };
                format!("; known are {}{more}", known.into_iter().take(NAMED).collect::<Vec<_>>().join(", "))
            }
        };
        format!("policy is {name:?}: no line and no --policy file has defined it{hint}")
    }

    /// A policy of another kind stands under its name; an HPA's spec may stand alone.
    fn policy(&self, given: &Value) -> Result<Rc<dyn Asked>, String> {
        let fields = given.as_object().into_iter().flatten();
        let kind = fields.clone().find_map(|(name, spec)| Some((KINDS.iter().find(|(kind, _)| kind == name)?, spec)));
        let alone = given.as_object().is_some_and(|fields| fields.len() == 1);
        match (kind, fields.clone().next()) {
            (Some(((name, make), spec)), _) if alone => make(spec, &format!("policy.{name}"), self.settings),
            (Some(((name, _), _)), _) => {
                Err(format!("policy has {name} and other fields: a policy of a kind stands alone under its name"))
            }
            (None, Some((name, Value::Object(_))))
                if alone && !matches!(name.as_str(), "behavior" | "scaleTargetRef") =>
            {
                Err(format!("policy.{name}: there is no such kind; known are {}", kinds()))
            }
            _ => hpa_of(given, "policy", self.settings),
        }
    }
}

/// An HPA, which may stand without its kind.
fn hpa_of(given: &Value, root: &str, settings: Settings) -> Result<Rc<dyn Asked>, String> {
    let policy = hpa::policy(inline_spec(given, root)?, settings);
    Ok(Rc::new(policy.map_err(|error| format!("{root}: {error}"))?))
}

/// The names of all kinds.
fn kinds() -> String {
    KINDS.map(|(name, _)| name).join(", ")
}

/// Strictly JSON; what does not fit is named with its path, and with what was probably meant.
fn parse<T: DeserializeOwned>(text: &[u8]) -> Result<T, String> {
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

/// An answer, and what it is about.
#[derive(Clone, Debug)]
pub struct Told {
    /// The policy in a few words.
    pub about: String,
    /// The moment of the observation.
    pub now: Instant,
    /// The answer, as [`Decisions::line`] has it.
    pub answer: Value,
}

/// Only the moment, from a line that was understood.
#[derive(Deserialize)]
struct Timed {
    observation: TimedObservation,
}

#[derive(Deserialize)]
struct TimedObservation {
    now: Moment,
}

/// Only the id, from a line that may be wrong otherwise.
#[derive(Deserialize)]
struct Named {
    #[serde(default)]
    id: Option<Value>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase", bound = "H: DeserializeOwned, O: DeserializeOwned")]
struct Line<H, O> {
    #[serde(default)]
    format: Option<String>,
    #[serde(default, rename = "id")]
    _id: Option<Value>,
    #[serde(default)]
    define: Option<String>,
    #[serde(default)]
    policy: Option<Value>,
    #[serde(default)]
    history: Option<H>,
    #[serde(default)]
    applied: Option<AppliedIn>,
    #[serde(default)]
    apply: Apply,
    #[serde(default)]
    observation: Option<O>,
}

/// A history as the bytes that the core writes, in base64: those of most kinds are long, and nobody's to edit.
struct Saved(Vec<u8>);

impl Saved {
    /// What `save` writes, in text.
    fn text<E: std::fmt::Display>(room: usize, save: impl FnOnce(&mut [u8]) -> Result<usize, E>) -> Value {
        let mut bytes = vec![0; room];
        match save(&mut bytes) {
            Ok(length) => json!(BASE64_STANDARD.encode(bytes.get(..length).unwrap_or_default())),
            Err(error) => unreachable!("there is room for all of it: {error}"),
        }
    }
}

impl<'de> Deserialize<'de> for Saved {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        let wrong = |error| D::Error::custom(format_args!("no saved history, as an answer gave it: {error}"));
        BASE64_STANDARD.decode(text).map(Self).map_err(wrong)
    }
}

/// What to assume of the decision in the history that is given back.
#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
enum Apply {
    #[default]
    Done,
    Failed,
    None,
}

/// A count of replicas, units or jobs.
#[derive(Clone, Copy, Deserialize)]
#[serde(try_from = "i32")]
struct Count(i32);

impl TryFrom<i32> for Count {
    type Error = String;

    fn try_from(given: i32) -> Result<Self, String> {
        if given < 0 { Err(format!("{given} is negative: there are 0 or more")) } else { Ok(Self(given)) }
    }
}

impl From<Count> for Replicas {
    fn from(Count(count): Count) -> Self {
        Self(count)
    }
}

/// A change made since the last decision.
#[derive(Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
struct AppliedIn {
    at: Moment,
    from: Count,
    to: Count,
}

/// A partition, as a Kafka trigger sees it.
#[derive(Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct PartitionIn {
    id: u32,
    #[serde(default)]
    committed: Option<i64>,
    #[serde(default)]
    head: Option<i64>,
    #[serde(default)]
    log_start: Option<i64>,
}

impl From<PartitionIn> for Partition {
    fn from(given: PartitionIn) -> Self {
        Self { id: given.id, committed: given.committed, head: given.head, log_start: given.log_start }
    }
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
