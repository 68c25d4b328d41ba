//! Between the words of Kubernetes and the values of the engine.
//!
//! [`Policy`] owns what the core's `Hpa` borrows, and is made from a manifest's spec. [`World`] is one moment of a
//! cluster as a dump shows it, and gives the readings of a policy's metrics with the class of every pod.
//! [`remembered`] puts together what a controller must still know, from a status and from events. [`record`] writes
//! steps as JSON. [`Decider`] plays the controller in a simulation.
//!
//! Every other kind of policy has a file here: what owns the core's policy, made from a section of another text, and its
//! player in a simulation. The next one goes beside them, into [`scaler`] and
//! [`Plan::policies`](crate::simulate::scenario::Plan::policies), and with a file of its own into
//! [`decide`](crate::decide), which says what a line tells it.

pub mod aws;
pub mod combine;
pub mod consumers;
mod decider;
pub mod gce;
pub mod keda;
pub mod keda_job;
pub mod knative;
mod manifests;
pub mod nomad;
mod policy;
pub mod record;
pub mod remembered;
pub mod schedule;
pub mod watermark;
mod world;

pub use decider::Decider;
pub use manifests::{AnyPolicy, NamedPolicy, policies};
pub use policy::{Policy, PolicyError, Settings, inline_spec, profile};
pub use world::{PodPart, World, WorldError, instant, newest};

use plimsoll_core::units::Instant;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::manifest::{self, Api};
use crate::simulate::scenario::Plan;
use crate::simulate::{ARRIVALS, BACKLOG, IN_FLIGHT, LATENCIES, SECOND_NS, SERVED, Scaler, Seen};

/// What decides in a scenario; `api` is the release and its gates, for an HPA.
///
/// # Errors
/// What of the policy's section does not fit, or cannot be in this scenario.
pub fn scaler(plan: &Plan, api: Api) -> Result<Box<dyn Scaler>, String> {
    let given = plan.policies().into_iter().find_map(|(kind, given)| Some((kind, given?)));
    let (kind, given) = given.ok_or("the scenario has no policy")?;
    about_jobs(kind == KEDA_JOB, kind, plan)?;
    if kind != "combine" {
        return single(kind, given, kind, plan, api);
    }
    use combine::Voter;
    let combined = combine::Combined::inline(given, "combine")?;
    let members = combined.members.iter().enumerate().map(|(index, member)| {
        let root = format!("combine.of[{index}].{}", member.kind);
        match member.kind.as_str() {
            "hpa" => Ok(Voter::Policy(Box::new(hpa(&member.given, &root, plan, api)?.deferred()))),
            "schedule" => {
                let calendar = schedule::Calendar::inline(&member.given, &root)?;
                Ok(Voter::Calendar(schedule::Player::new(calendar, &root)?))
            }
            KEDA_JOB => Err(format!("{root}: a ScaledJob starts jobs, and cannot be one of several")),
            "combine" => Err(format!("{root}: a combination cannot be one of several")),
            "keda" => Err(format!("{root}: KEDA's HPA writes the scale itself, and cannot be one of several")),
            kind => single(kind, &member.given, &root, plan, api).map(Voter::Policy),
        }
    });
    let members = members.collect::<Result<Vec<_>, _>>()?;
    if members.is_empty() {
        return Err("combine.of is empty: it must name the policies".to_owned());
    }
    Ok(Box::new(combine::Player::new(combined, members)))
}

/// The kind of policy that starts jobs.
const KEDA_JOB: &str = "keda_job";

/// Jobs are started by a policy of jobs, and pods are scaled by one of the others.
fn about_jobs(starts_jobs: bool, root: &str, plan: &Plan) -> Result<(), String> {
    match (starts_jobs, plan.jobs.is_some()) {
        (true, false) => Err(format!("{root} starts jobs: it needs the section jobs, which says what one does")),
        (false, true) => Err(format!(
            "{root} scales pods, and the scenario has the section jobs: only {KEDA_JOB}, a ScaledJob, starts jobs"
        )),
        (true, true) | (false, false) => Ok(()),
    }
}

fn hpa(given: &Value, root: &str, plan: &Plan, api: Api) -> Result<Decider, String> {
    let spec = inline_spec(given, root)?;
    Decider::of_spec(spec, &plan.controller, api).map_err(|error| format!("{root}: {error}"))
}

/// A policy of one kind; `root` is its name in the scenario.
fn single(kind: &str, given: &Value, root: &str, plan: &Plan, api: Api) -> Result<Box<dyn Scaler>, String> {
    match kind {
        "hpa" => Ok(Box::new(hpa(given, root, plan, api)?)),
        "keda" => {
            let policy = keda::Keda::inline(given, root, decider::settings(&plan.controller, api))?;
            player(AnyPolicy::Keda(Box::new(policy)), root, plan)
        }
        KEDA_JOB => player(AnyPolicy::KedaJob(keda_job::KedaJob::inline(given, root)?), root, plan),
        "knative" => player(AnyPolicy::Knative(knative::Knative::inline(given, root)?), root, plan),
        "consumers" => {
            if plan.topic.is_none() {
                return Err(format!("{root} needs the section topic"));
            }
            Ok(Box::new(consumers::Player::new(consumers::Consumers::inline(given, root)?)))
        }
        "aws" => player(AnyPolicy::Aws(Box::new(aws::Aws::inline(given, root)?)), root, plan),
        "watermark" => player(AnyPolicy::Watermark(watermark::WatermarkPods::inline(given, root)?), root, plan),
        "gce" => Ok(Box::new(gce::Player::new(gce::Gce::inline(given, root)?)?)),
        "nomad" => {
            let policy = nomad::NomadPolicy::inline(given, root)?;
            Ok(Box::new(nomad::Player::new(policy, root, plan.controller.sync_period_s)?))
        }
        "schedule" => Ok(Box::new(schedule::Player::new(schedule::Calendar::inline(given, root)?, root)?)),
        _ => {
            let known = plan.policies().map(|(kind, _)| kind).join(", ");
            Err(format!("{root}: there is no policy {kind:?}; known are {known}"))
        }
    }
}

/// What decides in a scenario in place of its own policy.
///
/// # Errors
/// When the policy cannot be in this scenario.
pub fn scaler_of(policy: AnyPolicy, plan: &Plan) -> Result<Box<dyn Scaler>, String> {
    about_jobs(matches!(policy, AnyPolicy::KedaJob(_)), "spec", plan)?;
    let hint = match policy {
        AnyPolicy::Knative(_) => "; they are in the scenario's file (simulate --scenario prints the built-in one)",
        AnyPolicy::Watermark(_) => "; name one of these in a copy of the manifest",
        _ => "",
    };
    player(policy, "spec", plan).map_err(|error| error + hint)
}

/// The flags of the controller in a scenario; `api` is the release and its gates.
#[must_use]
pub fn settings_of(plan: &Plan, api: Api) -> Settings {
    decider::settings(&plan.controller, api)
}

/// `root` is the name of the policy's text.
fn player(policy: AnyPolicy, root: &str, plan: &Plan) -> Result<Box<dyn Scaler>, String> {
    match policy {
        AnyPolicy::Hpa(policy) => Ok(Box::new(Decider::new(policy).map_err(|error| error.to_string())?)),
        AnyPolicy::Keda(policy) => Ok(Box::new(keda::Player::new(*policy, root, plan.topic.is_some())?)),
        AnyPolicy::Aws(policy) => Ok(Box::new(aws::Player::new(*policy, plan.controller.sync_period_s)?)),
        AnyPolicy::KedaJob(policy) => Ok(Box::new(keda_job::Player::new(policy, root)?)),
        AnyPolicy::Knative(policy) => {
            let (every, window) = (plan.metrics.scrape_every_s, plan.metrics.window_s);
            if (every, window) != (1, 1) {
                return Err(format!(
                    "metrics.scrape_every_s is {every} and metrics.window_s is {window}: both must be 1 with knative, in \
                     whose windows a second without a sample counts as zero"
                ));
            }
            Ok(Box::new(knative::Player::new(policy)))
        }
        AnyPolicy::Watermark(policy) => Ok(Box::new(watermark::Player::new(policy, root)?)),
    }
}

/// Reads a section of another text as strictly as a manifest. `root` is its name there.
fn inline<T: DeserializeOwned>(given: &Value, root: &str) -> Result<T, String> {
    let told = |error: manifest::LoadError| {
        let dot = if error.path.is_empty() { "" } else { "." };
        format!("{root}{dot}{}: {}", error.path, error.message)
    };
    let documents = manifest::documents(root, given.to_string().as_bytes()).map_err(told)?;
    documents.first().ok_or_else(|| format!("{root} is empty"))?.read().map_err(told)
}

/// Names of what is measured of the service as a whole.
const SERVICE: [&str; 7] = [ARRIVALS, SERVED, IN_FLIGHT, BACKLOG, LATENCIES[0], LATENCIES[1], LATENCIES[2]];

/// Pods that are ready and not being deleted.
fn ready(seen: &Seen<'_>) -> i32 {
    let ready = seen.pods.iter().filter(|pod| !pod.deleted && pod.ready.is_some_and(|ready| ready.status));
    i32::try_from(ready.count()).unwrap_or(i32::MAX)
}

/// Second of the run.
fn second_of(at: Option<Instant>) -> Option<u32> {
    at.and_then(|at| u32::try_from(at.as_nanos() / SECOND_NS).ok())
}

/// A history with room for the API's longest windows and periods (an hour, half an hour) at one sync a second.
pub type Past = plimsoll_core::hpa::History<3602, 1802>;
