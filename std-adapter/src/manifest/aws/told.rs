//! What the command line prints of a moment: activities, instances, the state of an alarm. Read leniently, by
//! [`explain`](crate::explain) only.

use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::Value;

/// A time: text as RFC 3339 has it, also without a colon in its offset, or seconds from the Unix epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "Value")]
pub struct Time(pub Timestamp);

impl TryFrom<Value> for Time {
    type Error = String;

    fn try_from(value: Value) -> Result<Self, String> {
        let time = match &value {
            Value::String(text) => text.parse().ok(),
            Value::Number(number) => number.as_f64().and_then(of_epoch),
            _ => None,
        };
        let wrong = || format!("{value} is no time: a text like \"2026-11-24T02:36:38Z\", or seconds from 1970");
        time.map(Self).ok_or_else(wrong)
    }
}

fn of_epoch(seconds: f64) -> Option<Timestamp> {
    let milli = libm::round(seconds * 1e3);
    // Milliseconds are what is printed; a double has no more at this size.
    if milli.abs() < 9e15 { Timestamp::from_millisecond(milli as i64).ok() } else { None }
}

/// A scaling activity of either API.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct Activity {
    /// The group of EC2.
    pub auto_scaling_group_name: Option<String>,
    /// The target of Application Auto Scaling.
    pub service_namespace: Option<String>,
    /// See `service_namespace`.
    pub resource_id: Option<String>,
    /// See `service_namespace`.
    pub scalable_dimension: Option<String>,
    /// What is done, in words.
    pub description: String,
    /// Why, in words.
    pub cause: String,
    /// When it began.
    pub start_time: Option<Time>,
    /// When it was done; absent while it goes on.
    pub end_time: Option<Time>,
    /// `Successful`, `InProgress`, `Failed`, ….
    pub status_code: String,
}

/// What an activity was caused by, where a policy was it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cause<'a> {
    /// When the alarm was acted on; EC2 tells it.
    pub at: Option<Timestamp>,
    /// The alarm.
    pub alarm: &'a str,
    /// The policy.
    pub policy: &'a str,
    /// Units before and after; EC2 tells them.
    pub change: Option<(i32, i32)>,
}

impl Activity {
    /// The last policy that is named as its cause. The words are AWS's: `… monitor alarm A in state ALARM triggered
    /// policy P changing the desired capacity from 2 to 3.`
    #[must_use]
    pub fn cause(&self) -> Option<Cause<'_>> {
        let (before, rest) = self.cause.rsplit_once("monitor alarm ")?;
        let (alarm, rest) = rest.split_once(" in state ALARM triggered policy ")?;
        let at = before.strip_suffix(" a ").and_then(|text| text.rsplit(' ').next()).and_then(|text| text.parse().ok());
        match rest.split_once(" changing the desired capacity from ") {
            Some((policy, change)) => {
                let numbers = change.split_once('.').map_or(change, |(first, _)| first);
                let change =
                    numbers.split_once(" to ").and_then(|(from, to)| Some((from.parse().ok()?, to.parse().ok()?)));
                Some(Cause { at, alarm, policy, change })
            }
            None => Some(Cause { at, alarm, policy: rest.trim_end(), change: None }),
        }
    }

    /// The capacity that it set: `Setting desired count to 4.`
    #[must_use]
    pub fn set(&self) -> Option<i32> {
        let rest = self.description.strip_prefix("Setting ")?;
        let (what, number) = rest.trim_end_matches('.').rsplit_once(" to ")?;
        // Bounds are set too.
        if what.contains("min capacity") || what.contains("max capacity") { None } else { number.parse().ok() }
    }

    /// The instance that it launched.
    #[must_use]
    pub fn launched(&self) -> Option<&str> {
        let rest = self.description.strip_prefix("Launching a new EC2 instance: ")?;
        rest.split([' ', '.']).next().filter(|name| !name.is_empty())
    }

    /// Whether it came to nothing.
    #[must_use]
    pub fn failed(&self) -> bool {
        matches!(self.status_code.as_str(), "Failed" | "Cancelled" | "Unfulfilled" | "Overridden")
    }
}

/// An instance of a group.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct Instance {
    /// Its name.
    pub instance_id: String,
    /// `InService`, `Pending`, `Terminating:Wait`, `Standby`, ….
    pub lifecycle_state: String,
    /// `Healthy` or `Unhealthy`.
    pub health_status: String,
    /// Units that it counts as; 1 when absent.
    pub weighted_capacity: Option<String>,
}

impl Instance {
    /// Units that it counts as.
    #[must_use]
    pub fn weight(&self) -> i32 {
        self.weighted_capacity.as_deref().and_then(|text| text.parse().ok()).unwrap_or(1)
    }
}

/// A process of a group that is switched off.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct SuspendedProcess {
    /// `AlarmNotification`, `Launch`, `Terminate`, ….
    pub process_name: String,
}

/// What is switched off of a scalable target.
#[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct SuspendedState {
    /// Scaling in.
    pub dynamic_scaling_in_suspended: bool,
    /// Scaling out.
    pub dynamic_scaling_out_suspended: bool,
}

/// A point that an alarm was evaluated with.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    /// When its period began.
    pub at: Timestamp,
    /// `None`: it was missing.
    pub value: Option<f64>,
}

/// `StateReasonData` of an alarm: a JSON text in a field.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct ReasonData {
    start_date: Option<Time>,
    period: Option<i64>,
    recent_datapoints: Vec<f64>,
    evaluated_datapoints: Vec<Evaluated>,
}

#[derive(Clone, Copy, Debug, Deserialize)]
struct Evaluated {
    timestamp: Time,
    #[serde(default)]
    value: Option<f64>,
}

/// The points that a `StateReasonData` tells of, oldest first, one for each period from the first to the last of them;
/// empty when it cannot be understood. `recentDatapoints` are those that were there, oldest first from `startDate` on,
/// `evaluatedDatapoints` those that decided, newest first and without a value when missing.
#[must_use]
pub(super) fn points(text: &str) -> Vec<Point> {
    const MOST: usize = 64;
    let Ok(data) = serde_json::from_str::<ReasonData>(text) else { return Vec::new() };
    let Some(period) = data.period.filter(|seconds| (1..=86_400).contains(seconds)).map(SignedDuration::from_secs)
    else {
        return Vec::new();
    };
    let mut known = std::collections::BTreeMap::new();
    if let Some(Time(start)) = data.start_date {
        let slots = (0..).map_while(|index| start.checked_add(period.checked_mul(index)?).ok());
        let recent = slots.zip(&data.recent_datapoints).take(MOST).map(|(at, value)| (at, Some(*value)));
        let recent = recent.collect::<Vec<_>>();
        let newest =
            data.evaluated_datapoints.iter().filter(|point| point.value.is_some()).map(|point| point.timestamp.0);
        // Where one between them was missing, their times cannot be told.
        if newest.max().is_none_or(|newest| recent.last().is_some_and(|(last, _)| *last == newest)) {
            known.extend(recent);
        }
    }
    known.extend(data.evaluated_datapoints.iter().map(|point| (point.timestamp.0, point.value)));
    let (Some((first, _)), Some((last, _))) = (known.first_key_value(), known.last_key_value()) else {
        return Vec::new();
    };
    let (mut at, last) = (*first, *last);
    let mut points = Vec::new();
    while at <= last && points.len() < MOST {
        points.push(Point { at, value: known.get(&at).copied().flatten() });
        let Ok(next) = at.checked_add(period) else { break };
        at = next;
    }
    // Points that are not on the beat of the period: only the newest is sure.
    if points.last().is_none_or(|point| point.at != last) {
        return vec![Point { at: last, value: known.get(&last).copied().flatten() }];
    }
    points
}

#[cfg(test)]
mod tests {
    use super::*;

    fn time(text: &str) -> Timestamp {
        text.parse().expect("a time")
    }

    #[test]
    fn times_of_both_versions_of_the_command_line() {
        for (text, expected) in [
            ("\"2026-11-24T02:36:38.500Z\"", "2026-11-24T02:36:38.5Z"),
            ("\"2026-11-24T02:36:38.500000+00:00\"", "2026-11-24T02:36:38.5Z"),
            ("\"2026-11-24T02:36:38.500+0000\"", "2026-11-24T02:36:38.5Z"),
            ("1462575838.171", "2016-05-06T23:03:58.171Z"),
        ] {
            assert_eq!(serde_json::from_str::<Time>(text).expect(text).0, time(expected), "{text}");
        }
        for text in ["\"soon\"", "true", "1e300", "-1e300", "null"] {
            assert!(serde_json::from_str::<Time>(text).is_err(), "{text}");
        }
    }

    #[test]
    fn the_words_of_an_activity_tell_what_was_changed_and_by_whom() {
        let ec2 = Activity {
            cause:
                "At 2026-11-24T02:30:00Z a monitor alarm cpu high in state ALARM triggered policy burst changing the \
                    desired capacity from 4 to 6.  At 2026-11-24T02:30:08Z an instance was started in response to a \
                    difference between desired and actual capacity, increasing the capacity from 4 to 6."
                    .to_owned(),
            description: "Launching a new EC2 instance: i-0a1".to_owned(),
            ..Activity::default()
        };
        let at = Some(time("2026-11-24T02:30:00Z"));
        assert_eq!(ec2.cause(), Some(Cause { at, alarm: "cpu high", policy: "burst", change: Some((4, 6)) }));
        assert_eq!((ec2.launched(), ec2.set()), (Some("i-0a1"), None));
        let ecs = Activity {
            cause: "monitor alarm web-high in state ALARM triggered policy web-out".to_owned(),
            description: "Setting desired count to 7.".to_owned(),
            ..Activity::default()
        };
        assert_eq!(ecs.cause(), Some(Cause { at: None, alarm: "web-high", policy: "web-out", change: None }));
        assert_eq!(ecs.set(), Some(7));
        let bounds = Activity {
            description: "Setting min capacity to 5 and max capacity to 10".to_owned(),
            cause: "scheduled action name morning was triggered".to_owned(),
            ..Activity::default()
        };
        assert_eq!((bounds.set(), bounds.cause()), (None, None));
    }

    #[test]
    fn the_points_of_a_state_are_in_the_order_of_time() {
        let values = |text: &str| points(text).iter().map(|point| point.value).collect::<Vec<_>>();
        let both = r#"{"version":"1.0","queryDate":"2022-01-17T14:48:42.271+0000","startDate":"2022-01-17T14:37:00.000+0000",
            "period":300,"recentDatapoints":[11.5,15.25],"threshold":10.0,"evaluatedDatapoints":[
            {"timestamp":"2022-01-17T14:42:00.000+0000","sampleCount":5.0,"value":15.25}]}"#;
        assert_eq!(values(both), [Some(11.5), Some(15.25)]);
        assert_eq!(points(both).last().map(|point| point.at), Some(time("2022-01-17T14:42:00Z")));
        // One between them is missing: the times of the others are those of the evaluated ones.
        let gap = r#"{"startDate":"2022-01-17T14:32:00.000+0000","period":300,"recentDatapoints":[11.5,15.25],
            "evaluatedDatapoints":[{"timestamp":"2022-01-17T14:42:00.000+0000","value":15.25},
            {"timestamp":"2022-01-17T14:37:00.000+0000"},{"timestamp":"2022-01-17T14:32:00.000+0000","value":11.5}]}"#;
        assert_eq!(values(gap), [Some(11.5), None, Some(15.25)]);
        let missing = r#"{"period":300,"recentDatapoints":[],"evaluatedDatapoints":[
            {"timestamp":"2022-01-17T14:42:00.000+0000"},{"timestamp":"2022-01-17T14:37:00.000+0000"}]}"#;
        assert_eq!(values(missing), [None, None]);
        let old = r#"{"startDate":"2014-04-09T18:44:00.000+0000","period":300,"recentDatapoints":[38.958,40.292]}"#;
        assert_eq!(values(old), [Some(38.958), Some(40.292)]);
        for text in
            ["", "{}", "[1]", r#"{"period":0,"recentDatapoints":[1]}"#, r#"{"period":60,"recentDatapoints":"many"}"#]
        {
            assert_eq!(points(text), [], "{text}");
        }
    }
}
