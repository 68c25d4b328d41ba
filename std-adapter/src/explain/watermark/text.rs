//! An explanation of a WatermarkPodAutoscaler as a page for a terminal.

use plimsoll_core::step::{Mark, Step};
use plimsoll_core::units::{Instant, Milli};

use super::read::{Found, Read, usage_at_last_sync};
use super::{MarkAnswer, MarkExplanation, told};
use crate::engine::instant;
use crate::engine::watermark::MetricOf;
use crate::explain::page::Page;
use crate::explain::text::{clock, from_on, up_to};
use crate::manifest::watermark::WATERMARK;

/// Pods named one by one; more are counted.
const NAMED: usize = 8;

/// The explanation in words, wrapped to `width` columns (60 or more); with `colour`, in ANSI styles.
#[must_use]
pub fn text(it: &MarkExplanation, colour: bool, width: usize) -> String {
    let mut page = Page::new(colour, width);
    let now = instant(it.now);
    let bounds = it.policy.bounds();
    page.paragraph(
        "",
        &format!(
            "{WATERMARK} {} scales {}: {} replicas, {} to {} allowed",
            it.name,
            it.target,
            it.scale.0,
            bounds.min(),
            bounds.max()
        ),
    );
    let source = if it.given_now { "as given" } else { "the newest time in the dump" };
    page.paragraph("", &format!("at {} ({source}), answered like Datadog's controller 0.10", it.now));
    verdict(&mut page, it, now);
    metrics(&mut page, it);
    if let Some(answer) = it.answers.first() {
        then(&mut page, it, answer, now);
    }
    page.heading("What the object tells");
    for fact in &it.facts {
        page.point(fact);
    }
    last_sync(&mut page, it);
    others(&mut page, it, now);
    page.done()
}

fn verdict(page: &mut Page, it: &MarkExplanation, now: Instant) {
    let free = it.answers.first().map(|answer| (moved(answer), because(it, answer, now)));
    match (&it.blocked, free) {
        (Some(why), free) => {
            page.verdict(&format!("stays at {}", it.scale.0), why);
            if let Some((moved, because)) = free {
                page.paragraph("  ", &format!("without that: {moved}, because {because}"));
            }
        }
        (None, Some((moved, because))) if it.dry_run => {
            page.verdict(&format!("stays at {}, in a dry run; without it: {moved}", it.scale.0), &because);
        }
        (None, Some((moved, because))) => page.verdict(&moved, &because),
        (None, None) => page.untold("a metric is not known"),
    }
}

fn moved(answer: &MarkAnswer) -> String {
    let (from, to) = (answer.decision.from, answer.decision.to);
    if answer.decision.changes() { format!("{from} → {to}") } else { format!("stays at {to}") }
}

fn because(it: &MarkExplanation, answer: &MarkAnswer, now: Instant) -> String {
    words(it, &answer.decision.last_word, now)
}

fn words(it: &MarkExplanation, step: &Step, now: Instant) -> String {
    step.seen_at(now).named(&it.policy.names()).to_string()
}

fn metrics(page: &mut Page, it: &MarkExplanation) {
    page.heading("Metrics");
    let steps = it.answers.first().map(|answer| answer.steps.as_slice()).unwrap_or_default();
    for (index, (metric, read)) in it.policy.metrics().iter().zip(&it.metrics).enumerate() {
        let about = |step: &&Step| match step {
            Step::Marked { metric, .. } | Step::MetricFailed { metric, .. } => usize::from(*metric) == index,
            _ => false,
        };
        let step = steps.iter().find(about);
        page.point(&one(it, metric, read, step));
        for (why, pods) in &read.left_out {
            let mut names = pods.iter().take(NAMED).map(String::as_str).collect::<Vec<_>>().join(", ");
            if pods.len() > NAMED {
                names += &format!(" and {} more", pods.len() - NAMED);
            }
            page.paragraph("      ", &format!("{names}: {why}"));
        }
        if let Some(text) = distance(it, index, step) {
            page.paragraph("      ", &text);
        }
    }
    if it.metrics.len() > 1 {
        page.point("the metric that asks for the most decides, so fewer only when all ask for fewer");
    }
}

fn one(it: &MarkExplanation, metric: &MetricOf, read: &Read, step: Option<&Step>) -> String {
    let MetricOf { name, marks, .. } = metric;
    let (least, most) = it.policy.edges(*marks);
    let each = each(it);
    let marked = format!("marks {} and {}{each}, with tolerance {least} and {most}", marks.low(), marks.high());
    match (&read.found, step) {
        (Found::Missing(why), _) => format!("{name} is {why}; {marked}"),
        (Found::Failed(why), _) => format!("{name} cannot be read ({why}): nothing changes; {marked}"),
        (Found::Value { reading, from, .. }, step) => {
            let pods = format!("{} of {} pods ready", reading.ready, reading.listed);
            let usage = it.policy.usage(reading);
            let usage = usage.map_or_else(|| "an unknown usage".to_owned(), |usage| format!("{usage}{each}"));
            let told = match step {
                Some(Step::Marked { mark, to, .. }) => {
                    let band = match mark {
                        Mark::Above => "above its high mark",
                        Mark::Below => "below its low mark",
                        Mark::Between => "within its marks",
                        Mark::Zero => "0, which is not tolerated (spec.tolerateZero): the ready pods are asked for",
                    };
                    format!(": {band}; asks {to}")
                }
                Some(Step::MetricFailed { error, .. }) => format!(": {error}, so nothing changes"),
                _ => String::new(),
            };
            format!("{name} reads {usage} ({from}; {pods}), {marked}{told}")
        }
    }
}

/// How far a metric is from asking for another number.
fn distance(it: &MarkExplanation, index: usize, step: Option<&Step>) -> Option<String> {
    let reading = it.metrics.get(index)?.reading()?;
    let (up, down) = *it.outlooks.get(index)?;
    let pods = if it.policy.averages() { f64::from(reading.ready.max(1)) } else { 1.0 };
    let usage = |total: Milli| total.0 as f64 / pods / 1e3;
    let already = |total: Milli| total == reading.total;
    let each = each(it);
    let more = up.map(|total| match already(total) {
        true => "more already".to_owned(),
        false => format!("more {}", from_on(usage(total), each)),
    });
    // A value of 0 that is not tolerated asks for no fewer, others near it do.
    let zero = matches!(step, Some(Step::Marked { mark: Mark::Zero, .. }));
    let fewer = down.filter(|_| !zero).map(|total| match already(total) {
        true => "fewer already".to_owned(),
        false => format!("fewer {}", up_to(usage(total), each)),
    });
    let asks = [more, fewer].into_iter().flatten().collect::<Vec<_>>();
    (!asks.is_empty()).then(|| format!("asks for {}", asks.join("; for ")))
}

fn each(it: &MarkExplanation) -> &'static str {
    if it.policy.averages() { " a pod" } else { " in all" }
}

fn then(page: &mut Page, it: &MarkExplanation, answer: &MarkAnswer, now: Instant) {
    page.heading("Then");
    let after = |step: &&Step| !matches!(step, Step::Marked { .. } | Step::MetricFailed { .. });
    let after = answer.steps.iter().filter(after).collect::<Vec<_>>();
    for step in &after {
        page.point(&words(it, step, now));
    }
    if after.is_empty() {
        page.point("a metric without a number holds the scale");
    }
    if let Some((at, next)) = &answer.next {
        page.heading("What time alone changes");
        let then = if next.changes() { format!("{} → {}", next.from, next.to) } else { format!("still {}", next.to) };
        page.point(&format!(
            "{} ({} from now) a window or a delay lets go: with the same readings {then}",
            clock(*at),
            at.since(now)
        ));
    }
}

/// What the last sync did, as its status has it: the present readings may already be others.
fn last_sync(page: &mut Page, it: &MarkExplanation) {
    let status = &it.status;
    if status.conditions.is_empty() {
        return;
    }
    page.heading("What the last sync did, by its status");
    let read = it.policy.metrics().iter().enumerate().filter_map(|(index, metric)| {
        let usage = status.current_metrics.get(index).and_then(|current| usage_at_last_sync(current, metric))?;
        Some(format!("{} {}{}", metric.name, Milli(usage.milli()), each(it)))
    });
    let read = read.collect::<Vec<_>>();
    if !read.is_empty() {
        page.point(&format!("it read {}", read.join(", ")));
    }
    page.point(&format!(
        "{} pods ran, {} wanted; the scale was written {} times",
        status.current_replicas, status.desired_replicas, status.scaling_events_count
    ));
    for condition in &status.conditions {
        let message = if condition.message.is_empty() { String::new() } else { format!(": {}", condition.message) };
        page.point(&format!("{}{message}", told(condition)));
    }
}

fn others(page: &mut Page, it: &MarkExplanation, now: Instant) {
    let others = it.answers.iter().skip(1).collect::<Vec<_>>();
    if it.gaps.is_empty() && others.is_empty() {
        return;
    }
    page.heading("What the dump cannot show");
    for gap in &it.gaps {
        page.point(gap);
    }
    let first = it.answers.first().map(|answer| answer.decision.to);
    for answer in others {
        if first == Some(answer.decision.to) {
            page.point(&format!("if {}: the same", answer.assumption));
        } else {
            page.point(&format!("if {}: {}, because {}", answer.assumption, moved(answer), because(it, answer, now)));
        }
    }
}
