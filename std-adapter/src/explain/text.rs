//! An explanation as a page for a terminal.

use std::collections::BTreeMap;

use plimsoll_core::hpa::{Hpa, Ignored, Metric, Outlook, PodClass, Reading, Reported, Step, Threshold, Unready};
use plimsoll_core::units::{Instant, Milli};

use super::page::Page;
use super::{Answer, Explanation, Part};
use crate::engine::{instant, profile};
use crate::manifest;

/// Pods named one by one; more are counted.
const NAMED: usize = 8;

/// The explanation in words, wrapped to `width` columns (60 or more); with `colour`, in ANSI styles.
#[must_use]
pub fn text(explanation: &Explanation, colour: bool, width: usize) -> String {
    let mut page = Page::new(colour, width);
    explanation.policy.with(|core| {
        head(&mut page, explanation, core);
        verdict(&mut page, explanation, core);
        metrics(&mut page, explanation, core);
        steps(&mut page, explanation, core);
        changes(&mut page, explanation);
        last_sync(&mut page, explanation, core);
        memory(&mut page, explanation, core);
    });
    page.done()
}

/// What a pod counts as, in words.
pub(super) const fn class(class: PodClass) -> &'static str {
    match class {
        PodClass::Ready => "counts",
        PodClass::Missing => "no sample: taken at its request when scaling down, at 0 when scaling up",
        PodClass::Unready(Unready::Pending) => "Pending: left out when scaling down, taken at 0 when scaling up",
        PodClass::Unready(Unready::NoCondition) => {
            "no Ready condition or no start time: left out when scaling down, taken at 0 when scaling up"
        }
        PodClass::Unready(Unready::Starting) => {
            "not ready, still in its CPU initialization period: left out when scaling down, taken at 0 when scaling up"
        }
        PodClass::Unready(Unready::SampleTooEarly) => {
            "its sample reaches back before it was ready: left out when scaling down, taken at 0 when scaling up"
        }
        PodClass::Unready(Unready::NeverReady) => {
            "never ready since it started: left out when scaling down, taken at 0 when scaling up"
        }
        PodClass::Ignored(Ignored::Deleted) => "being deleted: left out",
        PodClass::Ignored(Ignored::Failed) => "failed: left out",
    }
}

fn head(page: &mut Page, explanation: &Explanation, core: &Hpa<'_>) {
    let bounds = core.bounds();
    let now = answers_from(explanation);
    page.paragraph(
        "",
        &format!(
            "HPA {} scales {}: {now} replicas, {} to {} allowed",
            explanation.name,
            explanation.target,
            bounds.min(),
            bounds.max()
        ),
    );
    let source = if explanation.given_now { "as given" } else { "the newest time in the dump" };
    let release = profile(explanation.policy.settings().api.release).name().replace("hpa-", "Kubernetes ");
    page.paragraph("", &format!("at {} ({source}), answered like {release}", explanation.now));
}

fn answers_from(explanation: &Explanation) -> i32 {
    explanation.answers.first().map_or(0, |answer| answer.decision.from.0)
}

fn verdict(page: &mut Page, explanation: &Explanation, core: &Hpa<'_>) {
    let Some(answer) = explanation.answers.first() else { return };
    let because = answer.decision.last_word.sentence(core).seen_at(instant(explanation.now)).to_string();
    page.verdict(&moved(answer), &because);
}

fn moved(answer: &Answer) -> String {
    let decision = &answer.decision;
    if decision.changes() {
        format!("{} → {}", decision.from, decision.to)
    } else {
        format!("stays at {}", decision.to)
    }
}

fn metrics(page: &mut Page, explanation: &Explanation, core: &Hpa<'_>) {
    page.heading("Metrics");
    let now = instant(explanation.now);
    let steps = explanation.answers.first().map(|answer| answer.steps.as_slice()).unwrap_or_default();
    if !steps.iter().any(|step| matches!(step, Step::Proposed { .. } | Step::MetricFailed { .. })) {
        page.point("none was read: the number of replicas alone decides");
        return;
    }
    for (index, line) in explanation.policy.metric_lines().iter().enumerate() {
        let about = |step: &&Step| match step {
            Step::Proposed { metric, .. } | Step::MetricFailed { metric, .. } => usize::from(*metric) == index,
            _ => false,
        };
        match steps.iter().find(about) {
            Some(step) => page.point(&step.sentence(core).seen_at(now).to_string()),
            None => page.point(line),
        }
        let parts = explanation.parts.get(index).map(Vec::as_slice).unwrap_or_default();
        pods(page, parts);
        if let (Some(outlook), Some(reading)) = (explanation.outlooks.get(index), explanation.readings.get(index))
            && let Some(text) = core.metrics().get(index).and_then(|metric| distance(outlook, reading, metric))
        {
            page.paragraph("      ", &text);
        }
    }
}

/// Pods that do not simply count, those with the same reason together.
fn pods(page: &mut Page, parts: &[Part]) {
    let mut groups = BTreeMap::<&str, Vec<&str>>::new();
    for part in parts {
        match &part.request {
            Some(error) => page.paragraph("      ", &format!("{}: {error}", part.pod)),
            None => groups.entry(class(part.class)).or_default().push(&part.pod),
        }
    }
    for (why, pods) in groups {
        let mut names = pods.iter().take(NAMED).copied().collect::<Vec<_>>().join(", ");
        if pods.len() > NAMED {
            names += &format!(" and {} more", pods.len() - NAMED);
        }
        page.paragraph("      ", &format!("{names}: {why}"));
    }
}

/// How far a metric is from asking for another number.
fn distance(outlook: &Outlook, reading: &Reading, metric: &Metric<'_>) -> Option<String> {
    let present = match reading {
        Reading::Pods(fold) => Some(fold.sums().0),
        Reading::Value(value) => Some(*value),
        _ => None,
    };
    let side = |threshold: &Option<Threshold>, already: &str, at: &str| {
        threshold.as_ref().map(|threshold| {
            if present == Some(threshold.total) {
                format!("{already} already, {}", threshold.replicas)
            } else {
                format!("{already} {at}", at = at.replace('_', &metric.words(threshold.reported).to_string()))
            }
        })
    };
    let up = side(&outlook.up, "for more", "from _");
    let down = side(&outlook.down, "for fewer", "at _ or below");
    match (up, down) {
        (None, None) => None,
        (Some(one), None) | (None, Some(one)) => Some(format!("asks {one}")),
        (Some(up), Some(down)) => Some(format!("asks {up}; {down}")),
    }
}

fn steps(page: &mut Page, explanation: &Explanation, core: &Hpa<'_>) {
    let Some(answer) = explanation.answers.first() else { return };
    let now = instant(explanation.now);
    page.heading("Then");
    let after = answer.steps.iter().filter(|step| !matches!(step, Step::Proposed { .. } | Step::MetricFailed { .. }));
    for step in after {
        page.point(&step.sentence(core).seen_at(now).to_string());
    }
    page.point(&format!("conditions: {}", answer.conditions.join(", ")));
}

/// What the last sync did, as its status has it: the present readings may already be others.
fn last_sync(page: &mut Page, explanation: &Explanation, core: &Hpa<'_>) {
    let status = &explanation.status;
    if status.conditions.is_empty() {
        return;
    }
    page.heading("What the last sync did, by its status");
    let mut read = Vec::new();
    for (index, metric) in core.metrics().iter().enumerate() {
        let current = status.current_metrics.get(index).and_then(manifest::MetricStatus::current);
        if let Some(current) = current {
            let milli = |quantity: Option<manifest::Quantity>| quantity.map(|quantity| Milli(quantity.milli()));
            let reported = Reported {
                utilization: current.average_utilization,
                average: milli(current.average_value),
                value: milli(current.value),
            };
            read.push(format!("{} {}", metric.name(), metric.words(reported)));
        }
    }
    if !read.is_empty() {
        page.point(&format!("it read {}", read.join(", ")));
    }
    let scaled = status.last_scale_time.map_or(String::new(), |time| format!("; last scaled {}", clock(instant(time))));
    page.point(&format!("{} replicas, {} wanted{scaled}", status.current_replicas, status.desired_replicas));
    for condition in &status.conditions {
        let message = if condition.message.is_empty() { String::new() } else { format!(": {}", condition.message) };
        page.point(&format!("{}={}/{}{message}", condition.kind, condition.status, condition.reason));
    }
}

fn changes(page: &mut Page, explanation: &Explanation) {
    let Some(answer) = explanation.answers.first() else { return };
    let Some((at, next)) = &answer.next else { return };
    page.heading("What time alone changes");
    page.point(&format!(
        "{} ({} from now) a rule, a window or a pod's first minutes let go: with the same samples {}",
        clock(*at),
        at.since(instant(explanation.now)),
        if next.changes() { format!("{} → {}", next.from, next.to) } else { format!("still {}", next.to) }
    ));
}

/// `at 02:36:38Z`
pub(super) fn clock(at: Instant) -> String {
    jiff::Timestamp::from_nanosecond(i128::from(at.as_nanos())).map_or_else(
        |_| at.to_string(),
        |time| {
            let text = time.to_string();
            text.split_once('T').map_or(text.clone(), |(_, clock)| format!("at {clock}"))
        },
    )
}

/// The least number of a range, to thousandths: the next float after a whole number is above it. `each` is its unit.
pub(super) fn from_on(least: f64, each: &str) -> String {
    let shown = (least * 1e3).round() / 1e3;
    if shown < least { format!("above {shown}{each}") } else { format!("from {shown}{each} on") }
}

/// The greatest number of a range, likewise.
pub(super) fn up_to(most: f64, each: &str) -> String {
    let shown = (most * 1e3).round() / 1e3;
    if shown > most { format!("below {shown}{each}") } else { format!("at {shown}{each} or below") }
}

fn memory(page: &mut Page, explanation: &Explanation, core: &Hpa<'_>) {
    if explanation.with_history {
        return;
    }
    page.heading("What the dump cannot show");
    page.point(
        "A controller keeps its recommendations and scale events in memory only. The answer above assumes that it remembers \
         what the following tells:",
    );
    let first = explanation.answers.first();
    if explanation.facts.is_empty() {
        page.point("the status has no conditions: no sync was made yet, and there is nothing to remember");
    }
    for fact in &explanation.facts {
        page.paragraph("      ", fact);
    }
    for gap in &explanation.gaps {
        page.point(&format!("not known: {gap}"));
    }
    let others = explanation.answers.iter().skip(1).collect::<Vec<_>>();
    let differing = others.iter().filter(|answer| first.is_some_and(|first| first.decision.to != answer.decision.to));
    let now = instant(explanation.now);
    let mut any = false;
    for answer in differing {
        any = true;
        let why = answer.decision.last_word.sentence(core).seen_at(now);
        page.point(&format!("if {}: {}, because {why}", answer.assumption, moved(answer)));
    }
    if !any && !others.is_empty() {
        page.point("whatever it remembers of what the dump allows, the answer is the same");
    }
}
