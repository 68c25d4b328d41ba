//! What would an HPA decide now, and why: from a dump of the cluster, and from what its controller must still know.
//!
//! [`explain`] answers under each assumption about the controller's memory that the dump allows: what its status and
//! events tell, that nothing remembered binds any more, that the controller has just started; or, with a saved
//! history, what that history says. [`text`] makes a page of it.
//!
//! Policies of every kind are explained from a line of [`decide`](crate::decide), which has all that they look at:
//! [`told`] makes a page of the answer.

mod keda;
mod knative;
mod page;
pub mod readings;
mod text;
mod told;
mod watermark;

use std::borrow::Cow;
use std::fmt;

use plimsoll_core::hpa::{Applied, Decision, Hpa, Observation, Outlook, PodClass, Reading, Scale, Step};
use plimsoll_core::trace::Each;
use plimsoll_core::units::Instant;
use plimsoll_core::window::Entry;
use serde_json::{Value, json};

use crate::engine::{Past, Policy, PolicyError, Settings, World, WorldError, instant, record, remembered};
use crate::manifest::{self, Dump, HorizontalPodAutoscaler, Rescale};

pub use keda::{ScaledExplanation, hpa_of, reader as scaled_reader, scaled, scaled_json, scaled_text};
pub use knative::{
    RevisionExplanation, json as revision_json, reader as revision_reader, revision, text as revision_text,
};
pub use readings::Reader;
pub use text::text;
pub use told::told;
pub use watermark::{
    MarkExplanation, json as watermark_json, reader as watermark_reader, text as watermark_text, watermark,
};

/// Version of the JSON that an explanation prints.
pub const EXPLANATION_FORMAT: &str = "plimsoll-explanation/1";

/// What one HPA would decide now.
#[derive(Debug)]
pub struct Explanation {
    policy: Policy,
    name: String,
    target: String,
    now: jiff::Timestamp,
    given_now: bool,
    readings: Vec<Reading>,
    parts: Vec<Vec<Part>>,
    outlooks: Vec<Outlook>,
    answers: Vec<Answer>,
    facts: Vec<String>,
    gaps: Vec<String>,
    status: manifest::Status,
    with_history: bool,
}

/// A pod's part in a metric, when its sample does not simply count.
#[derive(Debug)]
struct Part {
    pod: String,
    class: PodClass,
    request: Option<String>,
}

/// What is decided under one assumption about the controller's memory.
#[derive(Debug)]
pub struct Answer {
    assumption: &'static str,
    decision: Decision,
    steps: Vec<Step>,
    conditions: Vec<String>,
    /// What the same samples give when time lets go, and when that is.
    next: Option<(Instant, Decision)>,
    past: Box<Past>,
}

impl Answer {
    /// The assumption, in words.
    #[must_use]
    pub const fn assumption(&self) -> &'static str {
        self.assumption
    }

    /// What is decided.
    #[must_use]
    pub const fn decision(&self) -> &Decision {
        &self.decision
    }

    /// What is decided when time lets go, all samples being the same.
    #[must_use]
    pub const fn next(&self) -> Option<&(Instant, Decision)> {
        self.next.as_ref()
    }

    /// The history after the decision, taken as written.
    #[must_use]
    pub const fn history(&self) -> &Past {
        &self.past
    }
}

impl Explanation {
    /// What had the last word in the likeliest answer.
    fn because(&self) -> Option<String> {
        let decision = self.answers.first()?.decision();
        let now = instant(self.now);
        Some(self.policy.with(|core| decision.last_word.sentence(core).seen_at(now).to_string()))
    }

    /// The answers; the first is the likeliest.
    #[must_use]
    pub fn answers(&self) -> &[Answer] {
        &self.answers
    }
}

/// Why an HPA cannot be explained.
#[derive(Clone, Debug, PartialEq)]
pub enum ExplainError {
    /// Its spec is no policy.
    Policy(PolicyError),
    /// The dump does not show what it sees.
    World(WorldError),
}

impl fmt::Display for ExplainError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Policy(error) => error.fmt(f),
            Self::World(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for ExplainError {}

/// Explains `hpa` of `dump` at `now`, or at the newest time that the dump knows. Times of `history` are nanoseconds from
/// the Unix epoch.
///
/// # Errors
/// When the spec would be refused, the target is missing, or no time is known.
pub fn explain(
    dump: &Dump,
    hpa: &HorizontalPodAutoscaler,
    settings: Settings,
    now: Option<jiff::Timestamp>,
    history: Option<&Past>,
) -> Result<Explanation, ExplainError> {
    explain_at(dump, hpa, settings, (now, now.is_some()), history)
}

/// The same, with whether the time was given by the user.
fn explain_at(
    dump: &Dump,
    hpa: &HorizontalPodAutoscaler,
    settings: Settings,
    (now, given_now): (Option<jiff::Timestamp>, bool),
    history: Option<&Past>,
) -> Result<Explanation, ExplainError> {
    let policy = Policy::new(hpa.spec.clone(), settings).map_err(ExplainError::Policy)?;
    // The filled spec: an HPA from a manifest has no defaults yet.
    let filled = HorizontalPodAutoscaler { spec: policy.spec().clone(), ..hpa.clone() };
    let world = World::new(dump, &filled, now).map_err(ExplainError::World)?;
    let rescales = dump
        .rescales
        .iter()
        .filter(|rescale| rescale.namespace == hpa.metadata.namespace && rescale.hpa == hpa.metadata.name)
        .collect::<Vec<_>>();
    Ok(policy.with(|core| explained(&policy, core, &filled, &world, &rescales, given_now, history)))
}

fn explained(
    policy: &Policy,
    core: &Hpa<'_>,
    hpa: &HorizontalPodAutoscaler,
    world: &World<'_>,
    rescales: &[&Rescale],
    given_now: bool,
    history: Option<&Past>,
) -> Explanation {
    let now = instant(world.now());
    let (mut readings, mut parts) = (Vec::new(), Vec::new());
    for index in 0..core.metrics().len() {
        let (reading, pods) = world.reading(core, index);
        let odd =
            pods.into_iter().filter(|part| part.class != PodClass::Ready || part.request.is_err()).map(|part| Part {
                pod: part.pod.to_owned(),
                class: part.class,
                request: part.request.err().filter(|_| wants_requests(core, index)),
            });
        parts.push(odd.filter(|part| part.class != PodClass::Ready || part.request.is_some()).collect());
        readings.push(reading);
    }
    let seen = Observation {
        now,
        scale: Some(world.scale()),
        selector: world.selector(),
        pods: Some(world.count()),
        readings: &readings,
    };
    let answer = |assumption, past| answer(core, &seen, world, assumption, past);
    let (mut answers, mut facts, mut gaps) = (Vec::new(), Vec::new(), Vec::new());
    if let Some(history) = history {
        answers.push(answer("the saved history is the controller's", Box::new(history.clone())));
    } else {
        if let Some(told) = remembered::from_status(core, &hpa.status, rescales, now) {
            if let Some((low, high)) = told.held_between {
                for (assumption, value) in
                    [("the window holds the most it may", high), ("the window holds the least it may", low)]
                {
                    let mut past = told.past.clone();
                    let (up, down) = (past.events().0.to_vec(), past.events().1.to_vec());
                    let entry = [Entry { value, at: now }];
                    let _one_entry_fits = past.restore_lists(Some(&entry), &up, &down);
                    answers.push(answer(assumption, past));
                }
            }
            answers.insert(0, answer("it remembers what status and events tell", told.past));
            (facts, gaps) = (told.facts, told.gaps);
            answers.push(answer("nothing it remembers binds any more", remembered::nothing_binding(&hpa.status)));
        }
        answers.push(answer("it has just started", remembered::just_started(&hpa.status)));
    }
    Explanation {
        policy: policy.clone(),
        name: format!("{}/{}", hpa.metadata.namespace, hpa.metadata.name),
        target: {
            let reference = &hpa.spec.scale_target_ref;
            format!("{} {}/{}", reference.kind, hpa.metadata.namespace, reference.name)
        },
        now: world.now(),
        given_now,
        outlooks: (0..core.metrics().len()).map(|index| core.outlook(index, &seen)).collect(),
        readings: readings.clone(),
        parts,
        answers,
        facts,
        gaps,
        status: hpa.status.clone(),
        with_history: history.is_some(),
    }
}

/// What an HPA reads from outside the cluster.
#[must_use]
pub fn hpa_reader(hpa: &HorizontalPodAutoscaler) -> Reader {
    let external = hpa.spec.metrics.iter().filter_map(|metric| metric.external.as_ref());
    Reader {
        object: (hpa.metadata.namespace.clone(), hpa.metadata.name.clone()),
        names: external.map(|external| vec![external.metric.name.clone()]).collect(),
    }
}

/// The dump as an HPA sees it with these readings, in the order of [`hpa_reader`].
#[must_use]
pub fn with_readings<'d>(
    dump: &'d Dump,
    hpa: &HorizontalPodAutoscaler,
    given: &[Option<&readings::Reading>],
) -> Cow<'d, Dump> {
    let mut told = Cow::Borrowed(dump);
    for (names, given) in hpa_reader(hpa).names.iter().zip(given) {
        if let (Some(name), Some(given)) = (names.first(), given) {
            readings::put(told.to_mut(), name, given.value);
        }
    }
    told
}

fn wants_requests(core: &Hpa<'_>, index: usize) -> bool {
    let target = core.metrics().get(index).map(plimsoll_core::hpa::Metric::target);
    matches!(target, Some(plimsoll_core::hpa::Target::Utilization(_)))
}

fn answer(
    core: &Hpa<'_>,
    seen: &Observation<'_>,
    world: &World<'_>,
    assumption: &'static str,
    mut past: Box<Past>,
) -> Answer {
    let mut steps = Vec::new();
    let decision = core.decide(&mut past, seen, &mut Each(|step: &Step| steps.push(*step)));
    if decision.changes() {
        core.applied(&mut past, &decision, Applied::Done(decision.to), &mut ());
    }
    let next = decision.revisit_at.and_then(|at| {
        let then = jiff::Timestamp::from_nanosecond(i128::from(at.as_nanos())).ok()?;
        let readings = world.at(then).readings(core);
        let scale = seen.scale.map(|scale| Scale { wanted: decision.to, ..scale });
        let later = Observation { now: at, scale, readings: &readings, ..*seen };
        Some((at, core.decide(&mut past.clone(), &later, &mut ())))
    });
    let conditions = past.conditions().iter().map(ToString::to_string).collect();
    Answer { assumption, decision, steps, conditions, next, past }
}

/// The explanation as JSON; times are nanoseconds from the Unix epoch.
#[must_use]
pub fn json(explanation: &Explanation) -> Value {
    explanation.policy.with(|core| {
        let now = instant(explanation.now);
        let answers = explanation.answers.iter().map(|answer| {
            json!({
                "assumption": answer.assumption,
                "decision": record::decision(&answer.decision, core),
                "steps": answer.steps.iter().map(|step| record::step(step, core, now)).collect::<Vec<_>>(),
                "conditions": answer.past.conditions().iter().map(record::condition).collect::<Vec<_>>(),
                "next": answer.next.as_ref().map(|(at, next)| json!({ "at": at, "to": next.to })),
                "history": &*answer.past,
            })
        });
        let metrics = (0..core.metrics().len()).map(|index| {
            let parts = explanation.parts.get(index).map(Vec::as_slice).unwrap_or_default();
            json!({
                "name": core.metrics().get(index).map(plimsoll_core::hpa::Metric::name),
                "outlook": explanation.outlooks.get(index).map(record::outlook),
                "pods": parts.iter().map(|part| json!({
                    "pod": part.pod, "class": text::class(part.class), "request": part.request,
                })).collect::<Vec<_>>(),
            })
        });
        json!({
            "format": EXPLANATION_FORMAT,
            "hpa": explanation.name,
            "target": explanation.target,
            "now": explanation.now.to_string(),
            "metrics": metrics.collect::<Vec<_>>(),
            "answers": answers.collect::<Vec<_>>(),
            "facts": explanation.facts,
            "gaps": explanation.gaps,
            "status": explanation.status,
        })
    })
}
