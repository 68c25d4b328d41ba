//! Samples of the three metrics APIs, in a dump.

use std::time::Duration;

use serde::Deserialize;

use super::document::{Fault, quoted};
use super::hpa::{Metadata, ObjectReference};
use super::object::{Object, lenient, named, wrong};
use super::place::time;
use super::pod::Resources;
use super::quantity::Quantity;
use super::selector::{LabelSelector, Labels};

/// One pod's sample from `metrics.k8s.io`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PodMetrics {
    /// `default` where the dump says nothing.
    pub namespace: String,
    /// The pod's name.
    pub pod: String,
    /// The pod's labels as the metrics server knew them; older servers give none.
    pub labels: Labels,
    /// The end of the interval that was measured.
    pub timestamp: Option<jiff::Timestamp>,
    /// The length of that interval; zero when the dump has none.
    pub window: Duration,
    /// Per container, in order.
    pub containers: Vec<ContainerUsage>,
}

/// What a container used.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct ContainerUsage {
    /// The container's name.
    pub name: String,
    /// By resource.
    pub usage: Resources,
}

/// One value of `custom.metrics.k8s.io`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CustomMetric {
    /// The namespace of the object; `default` where the dump says nothing.
    pub namespace: String,
    /// The object that the value is about.
    pub object: ObjectReference,
    /// The metric's name.
    pub metric: String,
    /// Which series were asked for.
    pub selector: Option<LabelSelector>,
    /// The value.
    pub value: Quantity,
    /// When it was taken.
    pub timestamp: Option<jiff::Timestamp>,
    /// Seconds over which it was taken, for rates.
    pub window_seconds: Option<i64>,
}

/// One value of `external.metrics.k8s.io`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ExternalMetricValue {
    /// The metric's name.
    pub metric: String,
    /// The labels of this series.
    pub labels: Labels,
    /// The value.
    pub value: Quantity,
    /// When it was taken.
    pub timestamp: Option<jiff::Timestamp>,
    /// Seconds over which it was taken, for rates.
    pub window_seconds: Option<i64>,
}

pub(super) fn pod_metrics(object: &Object<'_>) -> Result<PodMetrics, Fault> {
    let raw: RawPodMetrics = lenient(object)?;
    named(&raw.metadata.name, object)?;
    let window = match raw.window.as_str() {
        "" => Duration::ZERO,
        text => go_duration(text).ok_or_else(|| {
            let message = format!("expected a duration such as 10s or 1m30s, found the text {}", quoted(text));
            wrong(object, "window", message)
        })?,
    };
    Ok(PodMetrics {
        namespace: raw.metadata.namespace,
        pod: raw.metadata.name,
        labels: raw.metadata.labels,
        timestamp: raw.timestamp,
        window,
        containers: raw.containers,
    })
}

pub(super) fn custom(object: &Object<'_>) -> Result<CustomMetric, Fault> {
    let raw: RawCustom = lenient(object)?;
    // v1beta1 has metricName and selector, v1beta2 both within metric.
    let (metric, selector) = match raw.metric {
        Some(metric) => (metric.name, metric.selector),
        None => (raw.metric_name, raw.selector),
    };
    if metric.is_empty() {
        return Err(wrong(object, "metric.name", "a MetricValue without a metric name".to_owned()));
    }
    if raw.described_object.name.is_empty() {
        let message = "a MetricValue without the name of its object".to_owned();
        return Err(wrong(object, "describedObject.name", message));
    }
    let namespace = Some(raw.described_object.namespace).filter(|namespace| !namespace.is_empty());
    Ok(CustomMetric {
        namespace: namespace.unwrap_or_else(|| super::hpa::DEFAULT_NAMESPACE.to_owned()),
        object: ObjectReference {
            api_version: raw.described_object.api_version,
            kind: raw.described_object.kind,
            name: raw.described_object.name,
        },
        metric,
        selector,
        value: raw.value,
        timestamp: raw.timestamp,
        window_seconds: raw.window_seconds,
    })
}

pub(super) fn external(object: &Object<'_>) -> Result<ExternalMetricValue, Fault> {
    let raw: RawExternal = lenient(object)?;
    if raw.metric_name.is_empty() {
        let message = "an ExternalMetricValue without a metric name".to_owned();
        return Err(wrong(object, "metricName", message));
    }
    Ok(ExternalMetricValue {
        metric: raw.metric_name,
        labels: raw.metric_labels,
        value: raw.value,
        timestamp: raw.timestamp,
        window_seconds: raw.window_seconds,
    })
}

/// What Go's `time.ParseDuration` reads, without a minus: `10s`, `1m30.5s`, `1h`, `0`.
pub(crate) fn go_duration(text: &str) -> Option<Duration> {
    let mut rest = text.strip_prefix('+').unwrap_or(text);
    if rest == "0" {
        return Some(Duration::ZERO);
    }
    if rest.is_empty() {
        return None;
    }
    let mut total: u128 = 0;
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (number, after) = rest.split_at(end);
        let unit_end = after.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(after.len());
        let (unit, after) = after.split_at(unit_end);
        let nanos: u128 = match unit {
            "ns" => 1,
            "us" | "µs" | "μs" => 1_000,
            "ms" => 1_000_000,
            "s" => 1_000_000_000,
            "m" => 60_000_000_000,
            "h" => 3_600_000_000_000,
            _ => return None,
        };
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        if whole.is_empty() && fraction.is_empty() || fraction.contains('.') {
            return None;
        }
        let read = |digits: &str| {
            if digits.is_empty() { Some(0) } else { digits.parse::<u64>().ok() }
        };
        // Finer than a nanosecond of any unit is cut, as Go does it.
        let fraction = fraction.get(..15).unwrap_or(fraction);
        let scale = 10u128.pow(fraction.len() as u32);
        total = total.checked_add(u128::from(read(whole)?) * nanos + u128::from(read(fraction)?) * nanos / scale)?;
        rest = after;
    }
    // Go holds durations in an i64 of nanoseconds, 292 years.
    let nanos = i64::try_from(total).ok()?;
    Some(Duration::from_nanos(nanos.unsigned_abs()))
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct RawPodMetrics {
    metadata: Metadata,
    #[serde(deserialize_with = "time")]
    timestamp: Option<jiff::Timestamp>,
    window: String,
    containers: Vec<ContainerUsage>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct RawCustom {
    described_object: RawObject,
    metric_name: String,
    selector: Option<LabelSelector>,
    metric: Option<RawMetricName>,
    value: Quantity,
    #[serde(deserialize_with = "time")]
    timestamp: Option<jiff::Timestamp>,
    // v1beta1 calls it window.
    #[serde(alias = "window")]
    window_seconds: Option<i64>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct RawObject {
    kind: String,
    namespace: String,
    name: String,
    api_version: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct RawMetricName {
    name: String,
    selector: Option<LabelSelector>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct RawExternal {
    metric_name: String,
    metric_labels: Labels,
    value: Quantity,
    #[serde(deserialize_with = "time")]
    timestamp: Option<jiff::Timestamp>,
    #[serde(alias = "window")]
    window_seconds: Option<i64>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_are_go_durations() {
        for (text, nanos) in [
            ("10s", Some(10_000_000_000)),
            ("1m30s", Some(90_000_000_000)),
            ("15.037s", Some(15_037_000_000)),
            ("1h0m0.5s", Some(3_600_500_000_000)),
            (".5ms", Some(500_000)),
            ("1us", Some(1_000)),
            ("0", Some(0)),
            ("+1s", Some(1_000_000_000)),
            ("9223372036s", Some(9_223_372_036_000_000_000)),
            ("9223372037s", None),
            ("18446744073709551616s", None),
            ("10", None),
            ("s", None),
            (".s", None),
            ("1.2.3s", None),
            ("1d", None),
            ("-1s", None),
            ("1s ", None),
            ("+", None),
        ] {
            assert_eq!(go_duration(text).map(|d| d.as_nanos()), nanos, "{text}");
        }
    }
}
