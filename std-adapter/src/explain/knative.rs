//! What would Knative's autoscaler decide now about a revision, and why: from a dump with its PodAutoscaler, and the
//! averages of its two windows as they are given.
//!
//! The averages are in the autoscaler's memory and metrics only, no object has them. Without them it is still told at
//! which load another number would be wanted.

use plimsoll_core::kpa::{
    Decision, Load, Observation, Outlook, Proxy, Reading, Reason, State, Status, Step, TICK, Threshold,
};
use plimsoll_core::trace::Each;
use plimsoll_core::units::{Instant, Replicas};
use serde_json::{Value, json};

use super::EXPLANATION_FORMAT;
use super::page::Page;
use super::readings::{self, Reader};
use super::text::{clock, from_on, up_to};
use crate::engine::knative::{Knative, KnativePast, condition};
use crate::engine::{instant, record};
use crate::manifest::serving::{Autoscaled, CONFIG, POD_AUTOSCALER, Reachability};
use crate::manifest::{Condition, Dump, Metadata, Pod, ScaleTarget, Texts, Truth, knative_cluster};

/// The names of the averages.
const WINDOWS: [&str; 2] = ["stable", "panic"];

/// What Knative's autoscaler would decide now.
#[derive(Debug)]
pub struct RevisionExplanation {
    name: String,
    target: String,
    policy: Knative,
    now: jiff::Timestamp,
    given_now: bool,
    scale: Option<i32>,
    ready: Option<u32>,
    load: [Option<f64>; 2],
    answers: Vec<RevisionAnswer>,
    outlook: Outlook,
    facts: Vec<String>,
    status: Vec<String>,
    gaps: Vec<String>,
}

/// What is decided under one assumption about the autoscaler's memory.
#[derive(Debug)]
struct RevisionAnswer {
    assumption: &'static str,
    decision: Decision,
    steps: Vec<Step>,
}

impl RevisionExplanation {
    /// Replicas now and then, likeliest first; empty where averages are missing.
    #[must_use]
    pub fn decided(&self) -> Vec<(i32, i32)> {
        self.answers.iter().map(|answer| (answer.decision.from.0, answer.decision.to.0)).collect()
    }
}

/// What a revision reads.
#[must_use]
pub fn reader(autoscaler: &Autoscaled) -> Reader {
    let Metadata { namespace, name, .. } = &autoscaler.metadata;
    Reader {
        object: (namespace.clone(), name.clone()),
        names: WINDOWS.iter().map(|&window| vec![window.to_owned()]).collect(),
    }
}

/// Explains `autoscaler` of `dump` at `now`, or at the newest time that the dump knows. `given` are the averages of the
/// stable and of the panic window.
///
/// # Errors
/// When a setting would be refused, a reading is none, or no time is known.
pub fn revision(
    dump: &Dump,
    autoscaler: &Autoscaled,
    now: Option<jiff::Timestamp>,
    given: &[Option<&readings::Reading>],
) -> Result<RevisionExplanation, String> {
    let (mut facts, mut gaps) = (Vec::new(), Vec::new());
    let nothing = Texts::new();
    let config = dump.autoscaler_config.as_ref();
    let cluster = knative_cluster(config.map_or(&nothing, |config| &config.data))
        .map_err(|error| format!("ConfigMap {CONFIG}: data.{error}"))?;
    if config.is_none() {
        gaps.push(format!(
            "the cluster's settings: ConfigMap {CONFIG} is not in the dump (kubectl get configmap -n knative-serving \
             {CONFIG} -o json prints it), and Knative's defaults are taken"
        ));
    }
    let policy = Knative::new(&cluster, &autoscaler.annotations, autoscaler.container_concurrency)
        .map_err(|error| format!("metadata.annotations: {error}"))?;
    let mut load = [None; 2];
    for ((slot, name), given) in load.iter_mut().zip(WINDOWS).zip(given) {
        let Some(given) = given else { continue };
        let value = given.value.ok_or_else(|| format!("--reading {name}=failed: must be the average of a window"))?;
        let value = readings::milli(value).0 as f64 / 1e3;
        if value < 0.0 {
            return Err(format!("--reading {name}={value}: must not be negative"));
        }
        *slot = Some(value);
    }
    let at =
        now.or_else(|| newest(dump, autoscaler)).ok_or("nothing in the dump tells when it was taken: give --now")?;
    let time = instant(at);
    let target = target(dump, autoscaler);
    let scale = scale(autoscaler, target, &mut gaps);
    let ready = ready(dump, autoscaler, target, &mut facts, &mut gaps);
    let (status, proxy) = status(autoscaler, time, &mut facts, &mut gaps);
    let reachable = autoscaler.reachability != Reachability::Unreachable;
    facts.push(match autoscaler.reachability {
        Reachability::Reachable => "a route leads to it (spec.reachability)".to_owned(),
        Reachability::Unreachable => {
            "no route leads to it (spec.reachability): minimum, delay and the rate downward do not count".to_owned()
        }
        Reachability::Unknown => {
            "spec.reachability does not say whether a route leads to it: taken that one does".to_owned()
        }
    });
    let seen = Observation {
        now: time,
        scale: scale.map(Replicas),
        ready,
        starting: 0,
        load: match load {
            [Some(stable), Some(panic)] => Reading::Given(Load { stable, panic }),
            _ => Reading::Failed,
        },
        reachable,
        proxy,
        named: !autoscaler.status.service_name.is_empty(),
    };
    let past = |ready: u32| {
        let mut past = policy.start(Some(ready), time);
        *past.status_mut() = status;
        past
    };
    // More than one ready pod at its beginning makes a panic.
    let ready_pods = ready.unwrap_or(0);
    let mut assumptions = vec![("no panic lasts, and nothing is delayed", past(ready_pods.min(1)))];
    let delay = assumptions.first().and_then(|(_, past)| past.memory().delay()).filter(|_| reachable);
    if let Some(delay) = delay.map(plimsoll_core::window::SlotMaximum::duration) {
        gaps.push(format!(
            "what was wanted in the last {delay} (scale-down-delay): that is in the autoscaler's memory only, and taken to \
             be status.desiredScale until just now"
        ));
        let held =
            status.published.and_then(|published| delayed(&policy, past(ready_pods.min(1)), status, published, &seen));
        if let Some(past) = held {
            assumptions.insert(0, ("no panic lasts, and status.desiredScale was wanted within the delay", past));
        }
    }
    if ready_pods > 1 {
        assumptions.push(("a panic lasts, or it has just started, which counts as one", past(ready_pods)));
    }
    let outlook = assumptions.first().map(|(_, past)| policy.kpa().outlook(past, &seen)).unwrap_or_default();
    let answers = match seen.load {
        Reading::Given(_) => {
            assumptions.into_iter().map(|(assumption, past)| answer(&policy, assumption, past, &seen)).collect()
        }
        _ => Vec::new(),
    };
    if now.is_none() {
        gaps.push("when the dump was taken: its newest time is taken, --now gives another".to_owned());
    }
    let Metadata { namespace, name, .. } = &autoscaler.metadata;
    let kind = if autoscaler.target.kind.is_empty() { "Deployment" } else { &autoscaler.target.kind };
    Ok(RevisionExplanation {
        name: format!("{namespace}/{name}"),
        target: format!("{kind} {namespace}/{}", autoscaler.target.name),
        now: at,
        given_now: now.is_some(),
        scale,
        ready,
        load,
        answers,
        outlook,
        facts,
        status: autoscaler.status.conditions.iter().map(told).collect(),
        gaps,
        policy,
    })
}

/// A history whose delay holds a number as of the tick before; `None` where that number would have begun a panic.
fn delayed(
    policy: &Knative,
    mut past: Box<KnativePast>,
    status: Status,
    wanted: Replicas,
    seen: &Observation,
) -> Option<Box<KnativePast>> {
    let load = f64::from(wanted.0) * policy.kpa().decider().target();
    let before = Observation {
        now: Instant::from_nanos(seen.now.as_nanos().saturating_sub(i64::try_from(TICK.as_nanos()).unwrap_or(0))),
        load: Reading::Given(Load { stable: load, panic: load }),
        ..*seen
    };
    let decision = policy.kpa().decide(&mut past, &before, &mut ());
    *past.status_mut() = status;
    Some(past).filter(|_| !decision.detail.panicking)
}

fn answer(
    policy: &Knative,
    assumption: &'static str,
    mut past: Box<KnativePast>,
    seen: &Observation,
) -> RevisionAnswer {
    let mut steps = Vec::new();
    let decision = policy.kpa().decide(&mut past, seen, &mut Each(|step: &Step| steps.push(*step)));
    RevisionAnswer { assumption, decision, steps }
}

fn target<'d>(dump: &'d Dump, autoscaler: &Autoscaled) -> Option<&'d ScaleTarget> {
    let wanted = &autoscaler.target;
    let mut named = dump
        .scales
        .iter()
        .filter(|scale| scale.namespace == autoscaler.metadata.namespace && scale.name == wanted.name);
    named.clone().find(|scale| scale.kind == wanted.kind).or_else(|| named.find(|scale| scale.kind == "Scale"))
}

fn scale(autoscaler: &Autoscaled, target: Option<&ScaleTarget>, gaps: &mut Vec<String>) -> Option<i32> {
    if let Some(target) = target {
        return Some(target.replicas);
    }
    let (kind, name) = (&autoscaler.target.kind, &autoscaler.target.name);
    let desired = autoscaler.status.desired_scale.filter(|desired| *desired >= 0);
    gaps.push(match desired {
        Some(desired) => format!(
            "how many pods {kind} {name} asks for: it is not in the dump, and status.desiredScale, {desired}, is taken"
        ),
        None => {
            format!("how many pods {kind} {name} asks for: it is not in the dump, and there is no status.desiredScale")
        }
    });
    desired
}

fn ready(
    dump: &Dump,
    autoscaler: &Autoscaled,
    target: Option<&ScaleTarget>,
    facts: &mut Vec<String>,
    gaps: &mut Vec<String>,
) -> Option<u32> {
    let told = autoscaler.status.actual_scale.and_then(|actual| u32::try_from(actual).ok());
    if let Some(actual) = told {
        facts.push(format!("{actual} pods are ready (status.actualScale)"));
        return Some(actual);
    }
    let selector = target.and_then(|target| target.selector.as_ref()).filter(|selector| !selector.is_empty());
    let pods = dump.pods.iter().filter(|pod| {
        pod.namespace == autoscaler.metadata.namespace && selector.is_some_and(|selector| selector.matches(&pod.labels))
    });
    let pods = pods.collect::<Vec<_>>();
    // A dump without pods is no sign that there are none.
    if selector.is_none() || (pods.is_empty() && target.is_some_and(|target| target.status_replicas > 0)) {
        gaps.push("how many pods are ready: there is no status.actualScale, and no pods to be counted".to_owned());
        return None;
    }
    let ready = |pod: &&&Pod| !pod.deleted && pod.ready.is_some_and(|ready| ready.status == Truth::True);
    let ready = pods.iter().filter(ready).count();
    facts.push(format!("{ready} pods of the dump are ready; there is no status.actualScale"));
    u32::try_from(ready).ok()
}

/// The state of the life cycle as the conditions tell it, and where requests go by it.
fn status(autoscaler: &Autoscaled, now: Instant, facts: &mut Vec<String>, gaps: &mut Vec<String>) -> (Status, Proxy) {
    let find = |kind: &str| autoscaler.status.conditions.iter().find(|condition| condition.kind == kind);
    let mut status = Status::new(now);
    // Knative writes -1 for a number that is not known.
    status.published = autoscaler.status.desired_scale.filter(|desired| *desired >= 0).map(Replicas);
    status.initialized = find("ScaleTargetInitialized").is_some_and(|condition| condition.status == "True");
    let Some(active) = find("Active") else {
        gaps.push("since when it is active: there is no condition Active, and it is taken to begin now".to_owned());
        return (status, Proxy::default());
    };
    (status.state, status.reason) = match active.status.as_str() {
        "True" => (State::Active, None),
        "False" if active.reason == "TimedOut" => (State::Inactive, Some(Reason::TimedOut)),
        "False" => (State::Inactive, Some(Reason::NoTraffic)),
        _ => (State::Activating, Some(Reason::Queued)),
    };
    let since = active.last_transition_time.map(instant);
    (status.since, status.reason_since) = (since, since);
    match since {
        Some(since) => {
            facts.push(format!("{} {} ({} before now)", began(status.state), clock(since), now.since(since)));
        }
        None => gaps.push(format!(
            "since when it is {}: condition Active has no lastTransitionTime, and it is taken to be for long",
            status.state
        )),
    }
    if status.state != State::Inactive {
        gaps.push(
            "whether and since when requests go through the activator, which matters on the way to zero only"
                .to_owned(),
        );
        return (status, Proxy::default());
    }
    gaps.push("since when requests go through the activator: taken to be since it is inactive".to_owned());
    (status, Proxy { routed: true, confirmed: true, since })
}

const fn began(state: State) -> &'static str {
    match state {
        State::Activating => "began to activate",
        State::Active => "became active",
        State::Inactive => "became inactive",
    }
}

/// The newest time of a dump that is about a revision.
fn newest(dump: &Dump, autoscaler: &Autoscaled) -> Option<jiff::Timestamp> {
    let namespace = &autoscaler.metadata.namespace;
    let conditions = autoscaler.status.conditions.iter().filter_map(|condition| condition.last_transition_time);
    let pods = dump.pods.iter().filter(|pod| pod.namespace == *namespace);
    let pods = pods.flat_map(|pod| [pod.started, pod.ready.and_then(|ready| ready.since)]).flatten();
    let samples = dump.pod_metrics.iter().filter(|item| item.namespace == *namespace).filter_map(|item| item.timestamp);
    conditions.chain(pods).chain(samples).chain(autoscaler.metadata.creation_timestamp).max()
}

fn told(condition: &Condition) -> String {
    let reason = if condition.reason.is_empty() { String::new() } else { format!("/{}", condition.reason) };
    format!("{}={}{reason}", condition.kind, condition.status)
}

fn moved(decision: &Decision) -> String {
    if decision.changes() {
        format!("{} → {}", decision.from, decision.to)
    } else {
        format!("stays at {}", decision.to)
    }
}

/// The explanation in words, wrapped to `width` columns (60 or more); with `colour`, in ANSI styles.
#[must_use]
pub fn text(it: &RevisionExplanation, colour: bool, width: usize) -> String {
    let mut page = Page::new(colour, width);
    let (min, max) = it.policy.kpa().lifecycle().bounds();
    let most = max.map_or_else(|| "any number".to_owned(), |max| max.to_string());
    let pods = it.scale.map_or_else(|| "an unknown number of".to_owned(), |scale| scale.to_string());
    page.paragraph(
        "",
        &format!("{POD_AUTOSCALER} {} scales {}: {pods} pods, {min} to {most} allowed", it.name, it.target),
    );
    let source = if it.given_now { "as given" } else { "the newest time in the dump" };
    page.paragraph("", &format!("at {} ({source}), answered like Knative Serving 0.51", it.now));
    page.paragraph("", &it.policy.metric_line());
    let now = instant(it.now);
    if let Some(answer) = it.answers.first() {
        page.verdict(&moved(&answer.decision), &answer.decision.last_word.seen_at(now).to_string());
        page.heading("Steps");
        for step in &answer.steps {
            page.point(&step.seen_at(now).to_string());
        }
        page.point(&format!("conditions: {}", condition(&answer.decision)));
    } else {
        let missing = WINDOWS.iter().zip(it.load).filter(|(_, load)| load.is_none()).map(|(&window, _)| window);
        let missing = missing.collect::<Vec<_>>();
        let (names, are) =
            if missing.len() == 1 { ("average of the window", "is") } else { ("averages of the windows", "are") };
        page.untold(&format!("the {names} {} {are} missing: no object of a cluster has them", missing.join(" and ")));
        let options = missing.iter().map(|window| format!("--reading {window}=VALUE")).collect::<Vec<_>>().join(" ");
        let metrics = if it.policy.metric_name() == "concurrency" {
            "autoscaler_stable_request_concurrency and autoscaler_panic_request_concurrency"
        } else {
            "autoscaler_stable_requests_per_second and autoscaler_panic_requests_per_second"
        };
        page.paragraph("  ", &format!("Give them with {options}; the autoscaler exports them as {metrics}."));
    }
    page.heading("How far the next change is");
    for line in distances(it) {
        page.point(&line);
    }
    page.heading("What the object tells");
    for fact in &it.facts {
        page.point(fact);
    }
    if !it.status.is_empty() {
        page.point(&format!("conditions of the last pass: {}", it.status.join(", ")));
    }
    page.heading("What the dump cannot show");
    for gap in &it.gaps {
        page.point(gap);
    }
    memory(&mut page, it, now);
    page.done()
}

/// What the autoscaler may remember.
fn memory(page: &mut Page, it: &RevisionExplanation, now: Instant) {
    page.point("whether a panic lasts: that is in the autoscaler's memory only, and taken not to be");
    let Some((first, others)) = it.answers.split_first() else { return };
    for answer in others {
        if answer.decision.to == first.decision.to {
            page.paragraph("      ", &format!("if {}: the same", answer.assumption));
        } else {
            let why = answer.decision.last_word.seen_at(now);
            page.paragraph("      ", &format!("if {}: {}, because {why}", answer.assumption, moved(&answer.decision)));
        }
    }
}

fn distances(it: &RevisionExplanation) -> Vec<String> {
    let name = it.policy.metric_name();
    let mut lines = Vec::new();
    if it.scale.is_none() || it.ready.is_none() {
        return vec!["not known without the number of pods that are asked for, and of those that are ready".to_owned()];
    }
    lines.push(it.outlook.up.as_ref().map_or_else(
        || "no load asks for more".to_owned(),
        |up| format!("more {} ({name} over all pods, steady): {}", from_on(up.load, ""), up.replicas),
    ));
    lines.push(match it.outlook.down.as_ref() {
        None => "no load asks for fewer".to_owned(),
        // The greatest of all loads: every one.
        Some(down) if down.load == f64::MAX => format!("fewer at any load: {}", down.replicas),
        Some(down) => format!("fewer {}: {}", up_to(down.load, ""), down.replicas),
    });
    if let Some(panic) = it.outlook.panic {
        lines.push(format!("a panic {} in the panic window", from_on(panic, "")));
    }
    lines
}

/// The explanation as JSON; times are nanoseconds from the Unix epoch.
#[must_use]
pub fn json(it: &RevisionExplanation) -> Value {
    let now = instant(it.now);
    let threshold = |it: &Threshold| json!({ "load": it.load, "replicas": it.replicas });
    let answers = it.answers.iter().map(|answer| {
        let decision = &answer.decision;
        json!({
            "assumption": answer.assumption,
            "decision": {
                "from": decision.from,
                "to": decision.to,
                "changes": decision.changes(),
                "lastWord": record::told(&decision.last_word, decision.last_word.seen_at(now)),
                "panicking": decision.detail.panicking,
                "revisitAt": decision.revisit_at,
            },
            "steps": answer.steps.iter().map(|step| record::told(step, step.seen_at(now))).collect::<Vec<_>>(),
            "conditions": [condition(decision)],
        })
    });
    let [stable, panic] = it.load;
    json!({
        "format": EXPLANATION_FORMAT,
        "podAutoscaler": it.name,
        "target": it.target,
        "now": it.now.to_string(),
        "scale": it.scale,
        "ready": it.ready,
        "readings": { "stable": stable, "panic": panic },
        "answers": answers.collect::<Vec<_>>(),
        "outlook": {
            "up": it.outlook.up.as_ref().map(threshold),
            "down": it.outlook.down.as_ref().map(threshold),
            "panic": it.outlook.panic,
        },
        "facts": it.facts,
        "conditions": it.status,
        "gaps": it.gaps,
    })
}
