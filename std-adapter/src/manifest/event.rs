//! Events of autoscalers: what size they set, and when.

use serde::Deserialize;

use super::document::Fault;
use super::hpa::{DEFAULT_NAMESPACE, KIND};
use super::object::{Object, lenient};
use super::place::time;

/// An autoscaler changed its scale (an event with the reason SuccessfulRescale). The server keeps events for an hour, and
/// counts equal ones up in one: then only the last of them has a time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rescale {
    /// `default` where the dump says nothing.
    pub namespace: String,
    /// The autoscaler's name.
    pub hpa: String,
    /// The size that was set.
    pub size: i32,
    /// When.
    pub at: jiff::Timestamp,
}

/// `None` for an event of another kind of object, with another reason, or without a size or a time.
pub(super) fn rescale(object: &Object<'_>) -> Result<Option<Rescale>, Fault> {
    let raw: RawEvent = lenient(object)?;
    if raw.involved_object.kind != KIND || raw.reason != "SuccessfulRescale" {
        return Ok(None);
    }
    let size = raw.message.strip_prefix("New size: ").and_then(|text| text.split(';').next()?.trim().parse().ok());
    let namespace = Some(raw.involved_object.namespace).filter(|namespace| !namespace.is_empty());
    Ok(size.zip(raw.last_timestamp.or(raw.event_time)).map(|(size, at)| Rescale {
        namespace: namespace.unwrap_or_else(|| DEFAULT_NAMESPACE.to_owned()),
        hpa: raw.involved_object.name,
        size,
        at,
    }))
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct RawEvent {
    involved_object: RawInvolved,
    reason: String,
    message: String,
    #[serde(deserialize_with = "time")]
    last_timestamp: Option<jiff::Timestamp>,
    #[serde(deserialize_with = "time")]
    event_time: Option<jiff::Timestamp>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct RawInvolved {
    kind: String,
    namespace: String,
    name: String,
}

#[cfg(test)]
mod tests {
    use crate::manifest::Dump;

    #[test]
    fn a_rescale_has_size_and_time_and_other_events_are_passed_over() {
        let text = r#"{"apiVersion": "v1", "kind": "List", "items": [
            {"apiVersion": "v1", "kind": "Event", "metadata": {"name": "a", "namespace": "shop"},
             "involvedObject": {"kind": "HorizontalPodAutoscaler", "namespace": "shop", "name": "web"},
             "reason": "SuccessfulRescale", "message": "New size: 11; reason: cpu resource utilization (percentage of request) above target",
             "lastTimestamp": "2026-11-24T02:33:38Z"},
            {"apiVersion": "v1", "kind": "Event", "metadata": {"name": "b"},
             "involvedObject": {"kind": "Pod", "name": "web-1"}, "reason": "Started", "message": "New size: 3"}]}"#;
        let dump = Dump::read([("events.json", text.as_bytes())]).expect("two events");
        let [rescale] = &dump.rescales[..] else { panic!("{:?}", dump.rescales) };
        assert_eq!((rescale.namespace.as_str(), rescale.hpa.as_str(), rescale.size), ("shop", "web", 11));
        assert_eq!(rescale.at.to_string(), "2026-11-24T02:33:38Z");
        assert!(dump.notes.is_empty(), "{:?}", dump.notes);
    }

    #[test]
    fn a_time_that_cannot_be_read_names_its_place() {
        let text = r#"{"apiVersion": "v1", "kind": "Event", "lastTimestamp": "yesterday"}"#;
        let error = Dump::read([("events.json", text.as_bytes())]).expect_err("no time");
        assert_eq!(
            error.to_string(),
            "events.json:1: document 1: lastTimestamp: expected a time like 2026-11-24T02:36:38Z, found the text \"yesterday\""
        );
    }
}
