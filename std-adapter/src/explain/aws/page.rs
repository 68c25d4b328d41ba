//! The explanation of a group as a page, and as JSON.

use plimsoll_core::step::AlarmState;
use serde_json::{Value, json};

use super::super::EXPLANATION_FORMAT;
use super::super::page::Page;
use super::super::text::clock;
use super::{AlarmRead, GroupExplanation, SeriesRead};
use crate::engine::instant;

/// Points that are shown of an alarm.
const SHOWN: usize = 5;

/// The explanation in words, wrapped to `width` columns (60 or more); with `colour`, in ANSI styles.
#[must_use]
pub fn group_text(it: &GroupExplanation, colour: bool, width: usize) -> String {
    let mut page = Page::new(colour, width);
    let bounds = it.policy.bounds();
    let desired = it.desired.map_or_else(|| "capacity not known".to_owned(), |desired| format!("{desired} asked for"));
    page.paragraph("", &format!("{}: {desired}, {} to {} allowed", it.name, bounds.min(), bounds.max()));
    let source = if it.given_now { "as given" } else { "the newest time in the texts" };
    page.paragraph("", &format!("at {} ({source}), answered as AWS documents it", it.now));
    match (it.decided(), &it.answer) {
        (Some((from, to)), Some(answer)) => {
            let moved = if from == to { format!("stays at {to}") } else { format!("{from} → {to}") };
            page.verdict(&moved, &answer.because);
        }
        _ => page.untold(&it.why_not),
    }
    page.heading("Policies");
    for (index, read) in it.series.iter().enumerate() {
        policy(&mut page, it, index, read);
    }
    for line in &it.idle {
        page.point(line);
    }
    rest(&mut page, it);
    if !it.capacity.is_empty() || !it.changes.is_empty() {
        page.heading("Capacity");
    }
    for line in &it.capacity {
        page.point(line);
    }
    if let Some(last) = it.changes.last() {
        let done = last.done.map_or_else(|| "which goes on".to_owned(), |done| format!("done {}", clock(done)));
        page.point(&format!("{} changed {} to {} {}, {done}", last.policy, last.from, last.to, clock(last.at)));
    }
    if let Some(((then, to), from)) = it.answer.as_ref().and_then(|answer| answer.next).zip(it.desired) {
        page.heading("What time alone changes");
        let moved = if from == to { format!("still {to}") } else { format!("{from} → {to}") };
        let left = then.since(instant(it.now));
        page.point(&format!(
            "{} ({left} from now) a warm-up or a cooldown lets go: with the same points {moved}",
            clock(then)
        ));
    }
    if !it.gaps.is_empty() {
        page.heading("What the texts cannot show");
    }
    for gap in &it.gaps {
        page.point(gap);
    }
    page.done()
}

fn policy(page: &mut Page, it: &GroupExplanation, index: usize, read: &SeriesRead) {
    let (lines, name) = (it.policy.metric_lines(), it.policy.policy_of(index).unwrap_or_default());
    page.point(lines.get(index).map_or(name, String::as_str));
    for alarm in &read.alarms {
        page.paragraph("      ", &state(alarm));
    }
    match read.given {
        Some(Some(value)) => page.paragraph("      ", &format!("reads {value}, as given")),
        Some(None) => page.paragraph("      ", "its newest point is missing, as given"),
        None => {}
    }
    let Some(answer) = &it.answer else { return };
    let steps = answer.pass.steps.iter().filter(|(step, _)| telling(step) && of(step) == Some(name));
    for (_, text) in steps.filter(|(_, text)| *text != answer.because) {
        page.paragraph("      ", text);
    }
    let outlook = &answer.outlook[name];
    // Of points that are not told some may breach already.
    let old = read.alarms.iter().any(|alarm| !alarm.fresh);
    let sides = [("up", "more"), ("down", "fewer")];
    let sides = sides.into_iter().filter_map(|(side, words)| turn(&outlook[side], words, old));
    let sides = sides.collect::<Vec<_>>();
    if !sides.is_empty() {
        page.paragraph("      ", &format!("asks {}", sides.join("; ")));
    }
}

/// What is left of the steps: those of no policy, of one alone.
fn rest(page: &mut Page, it: &GroupExplanation) {
    let Some(answer) = &it.answer else { return };
    let names = (0..it.series.len()).filter_map(|index| it.policy.policy_of(index)).collect::<Vec<_>>();
    let rest = answer.pass.steps.iter().filter(|(step, text)| {
        telling(step) && !of(step).is_some_and(|of| names.contains(&of)) && *text != answer.because
    });
    let rest = rest.collect::<Vec<_>>();
    if !rest.is_empty() {
        page.heading("Then");
    }
    for (_, text) in rest {
        page.point(text);
    }
}

/// The states of alarms are told with their points, which stand-ins are not.
fn telling(step: &Value) -> bool {
    step["step"] != json!("Alarm")
}

fn of(step: &Value) -> Option<&str> {
    step["policy"].as_str()
}

/// `cpu-high is in ALARM since at 02:36:12Z; 3 of the last 3 points breach: 64.25, 71.5, 82`
fn state(it: &AlarmRead) -> String {
    let side = if it.alarm.comparison().is_high() { "high" } else { "low" };
    let name = it.name.clone().unwrap_or_else(|| format!("its {side} alarm"));
    let (symbol, threshold) = (it.alarm.comparison().symbol(), it.alarm.threshold());
    let (enough, of) = it.alarm.datapoints();
    let rule = format!("{symbol} {threshold} in {enough} of {of}");
    let Some(state) = it.state else { return format!("{name} ({rule}): its state is not known") };
    let since = it.since.map_or_else(String::new, |since| format!(" since {since}"));
    let mut text = format!("{name} ({rule}): {state}{since}");
    if let Some(last) = it.points.last() {
        let points = it.points.iter().rev().take(SHOWN).rev();
        let values = points.map(|point| point.value.map_or_else(|| "missing".to_owned(), |value| value.to_string()));
        let values = values.collect::<Vec<_>>().join(", ");
        if it.fresh {
            let recent = it.points.iter().rev().take(of as usize);
            let breaching = recent.filter(|point| point.value.is_some_and(|value| it.alarm.breaches(value))).count();
            text += &format!("; {breaching} of its last {} points breach: {values}", it.points.len().min(of as usize));
        } else {
            text += &format!("; its points then: {values}, the last {}", clock(instant(last.at)));
        }
    }
    match it.judged.filter(|judged| *judged != state) {
        Some(judged) => text + &format!("; with the reading {judged}"),
        None => text,
    }
}

/// `for more, 7, after 2 points just above 60`
fn turn(threshold: &Value, side: &str, old: bool) -> Option<String> {
    let (value, points, to) = (threshold["value"].as_f64()?, threshold["points"].as_u64()?, threshold["to"].as_i64()?);
    // Thresholds lie beside the next double: 60.00000000000001 is just above 60.
    let round = (value * 1e6).round() / 1e6;
    let place = match value.total_cmp(&round) {
        std::cmp::Ordering::Less => format!("just below {round}"),
        std::cmp::Ordering::Equal => format!("at {round}"),
        std::cmp::Ordering::Greater => format!("just above {round}"),
    };
    let points = match points {
        1 => "one more point".to_owned(),
        _ if old => format!("at most {points} more points"),
        _ => format!("{points} more points"),
    };
    Some(format!("for {side}, {to}, after {points} {place}"))
}

/// The explanation as JSON; times of decisions are nanoseconds from the Unix epoch.
#[must_use]
pub fn group_json(it: &GroupExplanation) -> Value {
    let state = |state: Option<AlarmState>| state.map(|state| state.to_string());
    let policies = it.series.iter().zip(it.policy.series()).enumerate().map(|(index, (read, series))| {
        let alarms = read.alarms.iter().map(|it| {
            let points = it.points.iter().map(|point| json!({ "at": point.at.to_string(), "value": point.value }));
            let (enough, of) = it.alarm.datapoints();
            json!({
                "name": it.name,
                "comparison": it.alarm.comparison().symbol(),
                "threshold": it.alarm.threshold(),
                "datapointsToAlarm": enough,
                "evaluationPeriods": of,
                "periodSeconds": it.alarm.period().as_secs(),
                "state": state(it.state),
                "since": it.since.map(|since| since.to_string()),
                "stateWithReading": state(it.judged),
                "points": points.collect::<Vec<_>>(),
                "ofNow": it.fresh,
            })
        });
        let name = it.policy.policy_of(index).unwrap_or_default();
        json!({
            "policy": series.policy,
            "metric": series.measure.metric,
            "alarms": alarms.collect::<Vec<_>>(),
            "reading": read.given,
            "outlook": it.answer.as_ref().map(|answer| &answer.outlook[name]),
        })
    });
    let bounds = it.policy.bounds();
    let decision = it.answer.as_ref().zip(it.decided()).map(|(answer, (from, to))| {
        json!({
            "from": from,
            "to": to,
            "changes": from != to,
            "lastWord": { "text": answer.because },
            "next": answer.next.map(|(at, to)| json!({ "at": at, "to": to })),
        })
    });
    let steps = it.answer.iter().flat_map(|answer| &answer.pass.steps).map(|(step, _)| step);
    json!({
        "format": EXPLANATION_FORMAT,
        "group": it.name,
        "now": it.now.to_string(),
        "min": bounds.min(),
        "max": bounds.max(),
        "desired": it.desired,
        "decision": decision,
        "notKnown": it.answer.is_none().then_some(&it.why_not),
        "policies": policies.collect::<Vec<_>>(),
        "steps": steps.filter(|step| telling(step)).collect::<Vec<_>>(),
        "capacity": it.capacity,
        "changes": it.changes.iter().map(|change| json!({
            "policy": change.policy, "from": change.from, "to": change.to, "at": change.at, "done": change.done,
        })).collect::<Vec<_>>(),
        "idle": it.idle,
        "gaps": it.gaps,
    })
}
