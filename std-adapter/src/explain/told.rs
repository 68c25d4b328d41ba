//! What a line of `decide` was answered, as a page for a terminal.

use plimsoll_core::units::Instant;
use serde_json::Value;

use super::page::Page;
use crate::decide::Told;

/// Last words of a decision about a scale that could not be read: its numbers are none.
const UNREAD: [&str; 3] = ["ScaleUnread", "CapacityUnknown", "CountUnread"];

/// The answer in words, wrapped to `width` columns (60 or more); with `colour`, in ANSI styles.
#[must_use]
pub fn told(told: &Told, colour: bool, width: usize) -> String {
    let mut page = Page::new(colour, width);
    let (answer, now) = (&told.answer, told.now);
    let decision = &answer["decision"];
    let (from, to) = (&decision["from"], &decision["to"]);
    let unread = UNREAD.contains(&decision["lastWord"]["step"].as_str().unwrap_or_default());
    let here = if unread { "how many there are is not known".to_owned() } else { format!("{from} now") };
    page.paragraph("", &format!("{}: {here}", told.about));
    let moved = match decision["create"].as_i64() {
        Some(0) => "starts no job".to_owned(),
        Some(1) => "starts 1 job".to_owned(),
        Some(create) => format!("starts {create} jobs"),
        None if unread => "changes nothing".to_owned(),
        None if from == to => format!("stays at {to}"),
        None => format!("{from} → {to}"),
    };
    page.verdict(&moved, text(&decision["lastWord"]));
    let steps = answer["steps"].as_array().map(Vec::as_slice).unwrap_or_default();
    if !steps.is_empty() {
        page.heading("Steps");
    }
    for step in steps {
        page.point(text(step));
    }
    let conditions = answer["conditions"].as_array().map(Vec::as_slice).unwrap_or_default();
    let conditions = conditions.iter().map(condition).collect::<Vec<_>>();
    if !conditions.is_empty() {
        page.point(&format!("conditions: {}", conditions.join(", ")));
    }
    if let Some(at) = decision["revisitAt"].as_i64().map(Instant::from_nanos) {
        page.heading("What time alone changes");
        page.point(&format!("in {} the same readings may be answered otherwise", at.since(now)));
    }
    let mut turns = Vec::new();
    flat(&answer["outlook"], "", &mut turns);
    if !turns.is_empty() {
        page.heading("How far the next change is");
        for turn in turns {
            page.point(&turn);
        }
    }
    page.done()
}

fn text(step: &Value) -> &str {
    step["text"].as_str().unwrap_or_default()
}

fn condition(condition: &Value) -> String {
    match condition {
        Value::String(text) => text.clone(),
        object => {
            let part = |name: &str| object[name].as_str().unwrap_or_default().to_owned();
            format!("{}={}/{}", part("type"), part("status"), part("reason"))
        }
    }
}

/// One line for each innermost object: `up: load 140.2, replicas 3`.
fn flat(value: &Value, path: &str, lines: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            let mut here = Vec::new();
            for (name, value) in fields {
                match value {
                    Value::Null => {}
                    Value::Object(_) | Value::Array(_) => flat(value, &format!("{path}{name} "), lines),
                    Value::String(text) => here.push(format!("{name} {text}")),
                    // Totals of an HPA's outlook are thousandths, whatever else is says so.
                    Value::Number(number) if name == "total" || name.ends_with("Milli") => {
                        let value = number.as_f64().unwrap_or_default() / 1e3;
                        here.push(format!("{} {value}", name.trim_end_matches("Milli")));
                    }
                    Value::Number(number) if number.is_f64() => {
                        let value = number.as_f64().unwrap_or_default();
                        here.push(format!("{name} {}", (value * 1e3).round() / 1e3));
                    }
                    plain => here.push(format!("{name} {plain}")),
                }
            }
            if !here.is_empty() {
                let colon = if path.is_empty() { "" } else { ": " };
                lines.push(format!("{}{colon}{}", path.trim_end(), here.join(", ")));
            }
        }
        Value::Array(list) => {
            for (index, each) in list.iter().enumerate() {
                flat(each, &format!("{path}{} ", index + 1), lines);
            }
        }
        _ => {}
    }
}
