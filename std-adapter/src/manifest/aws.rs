//! Scaling policies of AWS as its APIs take and print them: EC2 Auto Scaling and Application Auto Scaling.
//!
//! A text may be the input of `put-scaling-policy` or `put-metric-alarm`, or what `describe-policies`,
//! `describe-scaling-policies`, `describe-alarms`, `describe-auto-scaling-groups`, `describe-scalable-targets` and
//! `describe-scaling-activities` print. Names and types of the fields are those of the models of the APIs (autoscaling
//! 2011-01-01, application-autoscaling 2016-02-06, monitoring 2010-08-01) as of August 2026. Policies and alarms are read
//! strictly; of groups and targets only what decides. What a policy means, and whether it is one, says the engine.

mod told;

use std::cell::RefCell;

use serde::Deserialize;
use serde::de::{DeserializeOwned, IgnoredAny};

use super::document::{Document, Fault, LoadError, Node, Value, documents};
use super::place::{Place, Strictness};

pub use told::{Activity, Cause, Instance, Point, SuspendedProcess, SuspendedState, Time};

/// What texts of AWS hold, in the order of the texts.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Aws {
    /// Scaling policies.
    pub policies: Vec<Placed<ScalingPolicy>>,
    /// Alarms of CloudWatch.
    pub alarms: Vec<Placed<Alarm>>,
    /// Groups and scalable targets.
    pub groups: Vec<Placed<Group>>,
    /// Scaling activities; absent where no text has a list of them.
    pub activities: Option<Vec<Activity>>,
    /// What was passed over, one line each.
    pub notes: Vec<String>,
}

/// Something, and where it is written: `alarms.json: MetricAlarms[3]`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Placed<T> {
    /// Where it is written.
    pub at: String,
    /// What is written there.
    pub it: T,
}

/// One scaling policy of either API: fields of the other one are absent.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, rename_all = "PascalCase", deny_unknown_fields)]
pub struct ScalingPolicy {
    /// Its name.
    pub policy_name: String,
    /// `SimpleScaling` where EC2 is told nothing, `StepScaling`, `TargetTrackingScaling`, `PredictiveScaling`.
    pub policy_type: Option<String>,
    /// Its ARN.
    #[serde(rename = "PolicyARN", alias = "PolicyArn")]
    pub policy_arn: Option<String>,
    /// The group of EC2.
    pub auto_scaling_group_name: Option<String>,
    /// `ecs`, `dynamodb`, … of Application Auto Scaling.
    pub service_namespace: Option<String>,
    /// The target of Application Auto Scaling.
    pub resource_id: Option<String>,
    /// What of it is scaled.
    pub scalable_dimension: Option<String>,
    /// `ChangeInCapacity`, `ExactCapacity` or `PercentChangeInCapacity`.
    pub adjustment_type: Option<String>,
    /// Least change of a `PercentChangeInCapacity`.
    pub min_adjustment_magnitude: Option<i32>,
    /// The old name of `MinAdjustmentMagnitude`.
    pub min_adjustment_step: Option<i32>,
    /// The one change of simple scaling.
    pub scaling_adjustment: Option<i32>,
    /// Seconds.
    pub cooldown: Option<i32>,
    /// `Minimum`, `Maximum` or `Average`.
    pub metric_aggregation_type: Option<String>,
    /// Steps, relative to the alarm's threshold.
    pub step_adjustments: Vec<StepAdjustment>,
    /// Seconds.
    pub estimated_instance_warmup: Option<i32>,
    /// Target tracking of EC2.
    pub target_tracking_configuration: Option<TargetTracking>,
    /// Step scaling of Application Auto Scaling.
    pub step_scaling_policy_configuration: Option<StepScaling>,
    /// Target tracking of Application Auto Scaling.
    pub target_tracking_scaling_policy_configuration: Option<TargetTracking>,
    /// Whether it does anything; it does when absent.
    pub enabled: Option<bool>,
    /// Alarms that invoke it.
    pub alarms: Vec<AlarmReference>,
    /// Predictive scaling of either API.
    #[serde(alias = "PredictiveScalingPolicyConfiguration")]
    pub predictive_scaling_configuration: Option<Predictive>,
    /// When it was made: a text, or seconds from the Unix epoch.
    pub creation_time: Option<serde_json::Value>,
}

/// Predictive scaling: only whether it acts.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct Predictive {
    /// `ForecastOnly` when absent, or `ForecastAndScale`.
    pub mode: Option<String>,
}

impl Predictive {
    /// Whether it does more than forecast.
    #[must_use]
    pub fn scales(&self) -> bool {
        self.mode.as_deref() == Some("ForecastAndScale")
    }
}

/// One step.
#[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize)]
#[serde(default, rename_all = "PascalCase", deny_unknown_fields)]
pub struct StepAdjustment {
    /// Absent: no bound.
    pub metric_interval_lower_bound: Option<f64>,
    /// Absent: no bound.
    pub metric_interval_upper_bound: Option<f64>,
    /// By how much, or to how much. AWS takes no step without it.
    pub scaling_adjustment: Option<i32>,
}

/// Step scaling as Application Auto Scaling has it.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, rename_all = "PascalCase", deny_unknown_fields)]
pub struct StepScaling {
    /// As in [`ScalingPolicy`].
    pub adjustment_type: Option<String>,
    /// As in [`ScalingPolicy`].
    pub step_adjustments: Vec<StepAdjustment>,
    /// As in [`ScalingPolicy`].
    pub min_adjustment_magnitude: Option<i32>,
    /// Seconds.
    pub cooldown: Option<i32>,
    /// As in [`ScalingPolicy`].
    pub metric_aggregation_type: Option<String>,
}

/// Target tracking.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, rename_all = "PascalCase", deny_unknown_fields)]
pub struct TargetTracking {
    /// The value to keep. AWS takes no policy without it.
    pub target_value: Option<f64>,
    /// A metric that AWS knows.
    pub predefined_metric_specification: Option<PredefinedMetric>,
    /// A metric of one's own: its names only.
    pub customized_metric_specification: Option<CustomizedMetric>,
    /// Seconds; of Application Auto Scaling.
    pub scale_out_cooldown: Option<i32>,
    /// Seconds; of Application Auto Scaling.
    pub scale_in_cooldown: Option<i32>,
    /// Whether it never lowers the capacity.
    pub disable_scale_in: Option<bool>,
}

/// A metric that AWS knows.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, rename_all = "PascalCase", deny_unknown_fields)]
pub struct PredefinedMetric {
    /// Such as `ASGAverageCPUUtilization`.
    pub predefined_metric_type: String,
    /// Of a load balancer's target group.
    pub resource_label: Option<String>,
}

/// A metric of one's own. How it is computed from others is CloudWatch's business.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, rename_all = "PascalCase", deny_unknown_fields)]
pub struct CustomizedMetric {
    /// Its name.
    pub metric_name: String,
    /// Its namespace.
    pub namespace: String,
    /// `Average`, `Minimum`, `Maximum`, `SampleCount`, `Sum`.
    pub statistic: Option<String>,
    #[serde(rename = "Dimensions")]
    _dimensions: IgnoredAny,
    #[serde(rename = "Unit")]
    _unit: IgnoredAny,
    /// Seconds: 10, 30 or 60; of EC2.
    pub period: Option<i32>,
    /// Metric math.
    pub metrics: Vec<MetricQuery>,
}

/// One metric of metric math: only how often it has points, and its name.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct MetricQuery {
    /// Its name among the others.
    pub id: String,
    /// In words.
    pub label: Option<String>,
    /// Seconds.
    pub period: Option<i32>,
    /// The metric; absent for an expression.
    pub metric_stat: Option<MetricStat>,
}

/// See [`MetricQuery`].
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct MetricStat {
    /// Seconds.
    pub period: Option<i32>,
}

/// An alarm by its name.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, rename_all = "PascalCase", deny_unknown_fields)]
pub struct AlarmReference {
    /// Its name.
    pub alarm_name: String,
    #[serde(rename = "AlarmARN", alias = "AlarmArn")]
    _arn: IgnoredAny,
}

/// An alarm of CloudWatch. What does not decide is passed over, by its name.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, rename_all = "PascalCase", deny_unknown_fields)]
pub struct Alarm {
    /// Its name.
    pub alarm_name: String,
    /// `GreaterThanOrEqualToThreshold` and so on.
    pub comparison_operator: String,
    /// What the metric is compared with; absent where a band of expected values is.
    pub threshold: Option<f64>,
    /// Seconds.
    pub period: i32,
    /// N of M of N.
    pub evaluation_periods: i32,
    /// M of M of N; N when absent.
    pub datapoints_to_alarm: Option<i32>,
    /// `missing`, `breaching`, `notBreaching`, `ignore`.
    pub treat_missing_data: Option<String>,
    /// Its metric.
    pub metric_name: Option<String>,
    /// `Average`, `Sum`, ….
    pub statistic: Option<String>,
    /// `p95`, ….
    pub extended_statistic: Option<String>,
    /// Where its metric is.
    pub namespace: Option<String>,
    /// Metric math, in place of the metric.
    pub metrics: Vec<MetricQuery>,
    /// What it invokes: ARNs of policies.
    pub alarm_actions: Vec<String>,
    /// Whether it invokes anything; it does when absent.
    pub actions_enabled: Option<bool>,
    /// `OK`, `ALARM` or `INSUFFICIENT_DATA`.
    pub state_value: Option<String>,
    /// Why, as JSON in a text.
    pub state_reason_data: Option<String>,
    /// When its state was last updated.
    pub state_updated_timestamp: Option<Time>,
    /// When its state last changed.
    pub state_transitioned_timestamp: Option<Time>,
    #[serde(rename = "AlarmArn")]
    _alarm_arn: IgnoredAny,
    #[serde(rename = "AlarmDescription")]
    _alarm_description: IgnoredAny,
    #[serde(rename = "AlarmConfigurationUpdatedTimestamp")]
    _alarm_configuration_updated_timestamp: IgnoredAny,
    #[serde(rename = "OKActions")]
    _ok_actions: IgnoredAny,
    #[serde(rename = "InsufficientDataActions")]
    _insufficient_data_actions: IgnoredAny,
    #[serde(rename = "StateReason")]
    _state_reason: IgnoredAny,
    #[serde(rename = "EvaluationState")]
    _evaluation_state: IgnoredAny,
    #[serde(rename = "EvaluateLowSampleCountPercentile")]
    _evaluate_low_sample_count_percentile: IgnoredAny,
    /// Of what: names and values.
    pub dimensions: Option<serde_json::Value>,
    #[serde(rename = "Unit")]
    _unit: IgnoredAny,
    #[serde(rename = "ThresholdMetricId")]
    _threshold_metric_id: IgnoredAny,
    #[serde(rename = "Tags")]
    _tags: IgnoredAny,
    #[serde(rename = "EvaluationWindow")]
    _evaluation_window: IgnoredAny,
    #[serde(rename = "EvaluationCriteria")]
    _evaluation_criteria: IgnoredAny,
    #[serde(rename = "EvaluationInterval")]
    _evaluation_interval: IgnoredAny,
}

impl Alarm {
    /// Seconds from point to point: of its metric, or of what metric math reads.
    #[must_use]
    pub fn seconds(&self) -> i32 {
        if self.period != 0 { self.period } else { seconds_of(&self.metrics).unwrap_or(0) }
    }

    /// The points that its state was found with, oldest first.
    #[must_use]
    pub fn points(&self) -> Vec<Point> {
        self.state_reason_data.as_deref().map_or_else(Vec::new, told::points)
    }
}

impl CustomizedMetric {
    /// Seconds from point to point, where they are told.
    #[must_use]
    pub fn seconds(&self) -> Option<i32> {
        self.period.or_else(|| seconds_of(&self.metrics))
    }
}

/// Whether an alarm invokes a policy: one of them names the other.
#[must_use]
pub fn invokes(alarm: &Alarm, policy: &ScalingPolicy) -> bool {
    policy.alarms.iter().any(|reference| reference.alarm_name == alarm.alarm_name)
        || policy.policy_arn.as_ref().is_some_and(|arn| alarm.alarm_actions.contains(arn))
}

fn seconds_of(metrics: &[MetricQuery]) -> Option<i32> {
    metrics.iter().find_map(|metric| metric.period.or(metric.metric_stat.as_ref().and_then(|stat| stat.period)))
}

/// A group of EC2, or a scalable target. What does not decide is passed over.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct Group {
    /// The group's name.
    pub auto_scaling_group_name: Option<String>,
    /// The target's service.
    pub service_namespace: Option<String>,
    /// The target.
    pub resource_id: Option<String>,
    /// What of it is scaled.
    pub scalable_dimension: Option<String>,
    /// Least capacity.
    #[serde(alias = "MinCapacity")]
    pub min_size: Option<i32>,
    /// Most capacity.
    #[serde(alias = "MaxCapacity")]
    pub max_size: Option<i32>,
    /// Capacity asked for; a scalable target does not tell.
    pub desired_capacity: Option<i32>,
    /// Seconds.
    pub default_cooldown: Option<i32>,
    /// Seconds; absent is not 0.
    pub default_instance_warmup: Option<i32>,
    /// The units; a scalable target does not tell.
    pub instances: Option<Vec<Instance>>,
    /// What is switched off of a group.
    pub suspended_processes: Vec<SuspendedProcess>,
    /// What is switched off of a target.
    pub suspended_state: Option<SuspendedState>,
}

/// The lists that the command line prints.
const LISTS: [&str; 7] = [
    "ScalingPolicies",
    "MetricAlarms",
    "CompositeAlarms",
    "AutoScalingGroups",
    "ScalableTargets",
    "Activities",
    "ScalingActivities",
];

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct Printed {
    scaling_policies: Vec<ScalingPolicy>,
    metric_alarms: Vec<Alarm>,
    auto_scaling_groups: Vec<Group>,
    scalable_targets: Vec<Group>,
    #[serde(alias = "ScalingActivities")]
    activities: Option<Vec<Activity>>,
    next_token: Option<String>,
}

/// What a document of AWS is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Shape {
    Lists,
    Policy,
    Alarm,
}

/// By its fields: no object of Kubernetes is without a kind.
fn shape(root: &Node) -> Option<Shape> {
    let has = |key: &str| root.get(key).is_some();
    if has("kind") || has("apiVersion") {
        None
    } else if LISTS.iter().any(|list| has(list)) {
        Some(Shape::Lists)
    } else if has("PolicyName") {
        Some(Shape::Policy)
    } else {
        has("AlarmName").then_some(Shape::Alarm)
    }
}

impl Aws {
    /// Whether a text is of AWS and not of Kubernetes: its first document says it.
    #[must_use]
    pub fn is(text: &[u8]) -> bool {
        // Most texts have none of these words, and are not read for nothing.
        let words = LISTS.into_iter().chain(["PolicyName", "AlarmName"]);
        if !std::str::from_utf8(text).is_ok_and(|text| words.into_iter().any(|word| text.contains(word))) {
            return false;
        }
        let documents = documents("", text).unwrap_or_default();
        documents.first().is_some_and(|document| shape(&document.root).is_some())
    }

    /// Adds what a JSON or YAML text holds, read strictly. `file` is the name for errors.
    ///
    /// # Errors
    /// Names file, line, path and value of the first thing that does not fit.
    pub fn add(&mut self, file: &str, text: &[u8]) -> Result<(), LoadError> {
        self.read(file, text, true)
    }

    /// The same for what the command line printed: fields that a newer API has are passed over and noted.
    ///
    /// # Errors
    /// See [`Aws::add`].
    pub fn add_printed(&mut self, file: &str, text: &[u8]) -> Result<(), LoadError> {
        self.read(file, text, false)
    }

    fn read(&mut self, file: &str, text: &[u8], strict: bool) -> Result<(), LoadError> {
        let documents = documents(file, text)?;
        let several = documents.len() > 1;
        for document in &documents {
            let at = if several { format!("{file}: document {}", document.number()) } else { file.to_owned() };
            let unknown = RefCell::default();
            let strictness = if strict { Strictness::Strict } else { Strictness::Noted(&unknown) };
            match shape(&document.root) {
                Some(Shape::Lists) => self.lists(&at, printed(document, strictness)?),
                Some(Shape::Policy) => self.policies.push(Placed { at, it: printed(document, strictness)? }),
                Some(Shape::Alarm) => self.alarms.push(Placed { at, it: printed(document, strictness)? }),
                None => return Err(document.error(foreign(&document.root))),
            }
            // Of policies and alarms all fields are known; of the rest, those that decide.
            let of_rest = |path: &String| {
                let rest = LISTS.iter().filter(|list| !["ScalingPolicies", "MetricAlarms"].contains(list));
                rest.into_iter().any(|list| path.starts_with(list))
                    || [".Metrics[", ".PredictiveScaling"].iter().any(|part| path.contains(part))
            };
            let notes = unknown.take().into_iter().filter(|path| !of_rest(path));
            self.notes.extend(notes.map(|path| format!("{file}: {path}: passed over an unknown field")));
        }
        Ok(())
    }

    fn lists(&mut self, at: &str, lists: Printed) {
        fn placed<T>(at: &str, list: &str, items: Vec<T>) -> impl Iterator<Item = Placed<T>> {
            items.into_iter().enumerate().map(move |(index, it)| Placed { at: format!("{at}: {list}[{index}]"), it })
        }
        self.policies.extend(placed(at, "ScalingPolicies", lists.scaling_policies));
        self.alarms.extend(placed(at, "MetricAlarms", lists.metric_alarms));
        self.groups.extend(placed(at, "AutoScalingGroups", lists.auto_scaling_groups));
        self.groups.extend(placed(at, "ScalableTargets", lists.scalable_targets));
        if let Some(activities) = lists.activities {
            self.activities.get_or_insert_default().extend(activities);
        }
        if lists.next_token.is_some() {
            self.notes.push(format!("{at} has a NextToken: what comes after it is not there"));
        }
    }
}

fn printed<T: DeserializeOwned>(document: &Document, strictness: Strictness<'_>) -> Result<T, LoadError> {
    let place = Place::root(&document.root, strictness);
    T::deserialize(place).map_err(|fault| document.error(fault.within(&place)))
}

fn foreign(root: &Node) -> Fault {
    let found = match &root.value {
        Value::Map(_) => "a mapping without any of these".to_owned(),
        other => other.describe(),
    };
    let lists = LISTS.join(", ");
    let message = format!("expected what the AWS CLI takes or prints (PolicyName, AlarmName, {lists}), found {found}");
    Fault::new(message).at_line(root.line)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Aws, String> {
        let mut aws = Aws::default();
        aws.add("policy.json", text.as_bytes()).map_err(|error| error.to_string())?;
        Ok(aws)
    }

    #[test]
    fn what_put_scaling_policy_takes() {
        let aws = read(
            r#"{"AutoScalingGroupName": "web", "PolicyName": "steps", "PolicyType": "StepScaling",
                "AdjustmentType": "PercentChangeInCapacity", "MinAdjustmentMagnitude": 2,
                "StepAdjustments": [{"MetricIntervalLowerBound": 0, "MetricIntervalUpperBound": 15.5, "ScalingAdjustment": 10},
                                    {"MetricIntervalLowerBound": 15.5, "ScalingAdjustment": 30}],
                "EstimatedInstanceWarmup": 120}"#,
        )
        .expect("a policy");
        let policy = &aws.policies[0].it;
        assert_eq!((policy.policy_name.as_str(), policy.min_adjustment_magnitude), ("steps", Some(2)));
        assert_eq!(policy.step_adjustments[0].metric_interval_upper_bound, Some(15.5));
        assert_eq!(policy.step_adjustments[1].metric_interval_upper_bound, None);
    }

    #[test]
    fn what_the_describe_commands_print() {
        let aws = read(
            r#"{"ScalingPolicies": [{"PolicyARN": "arn:1", "PolicyName": "track", "ServiceNamespace": "ecs",
                  "PolicyType": "TargetTrackingScaling", "CreationTime": 1.5,
                  "TargetTrackingScalingPolicyConfiguration": {"TargetValue": 70.0, "ScaleInCooldown": 300,
                    "PredefinedMetricSpecification": {"PredefinedMetricType": "ECSServiceAverageCPUUtilization"}},
                  "Alarms": [{"AlarmName": "high", "AlarmARN": "arn:2"}]}]}
               {"MetricAlarms": [{"AlarmName": "high", "Threshold": 70, "ComparisonOperator": "GreaterThanThreshold",
                  "Period": 60, "EvaluationPeriods": 3, "StateValue": "OK"}]}
               {"ScalableTargets": [{"ResourceId": "service/web", "MinCapacity": 2, "MaxCapacity": 20, "RoleARN": "r"}]}
               {"AutoScalingGroups": [{"AutoScalingGroupName": "web", "MinSize": 1, "MaxSize": 9, "DesiredCapacity": 4,
                  "DefaultCooldown": 300, "Instances": []}]}"#,
        )
        .expect("four lists");
        assert_eq!((aws.policies.len(), aws.alarms.len(), aws.groups.len()), (1, 1, 2));
        assert_eq!((aws.groups[0].it.min_size, aws.groups[1].it.max_size), (Some(2), Some(9)));
        assert_eq!(aws.groups[1].at, "policy.json: document 4: AutoScalingGroups[0]");
        let tracking = aws.policies[0].it.target_tracking_scaling_policy_configuration.as_ref().expect("tracking");
        assert_eq!((tracking.target_value, tracking.scale_in_cooldown), (Some(70.0), Some(300)));
    }

    #[test]
    fn texts_of_aws_are_told_by_their_shape() {
        for text in [r#"{"ScalingPolicies": []}"#, "AutoScalingGroups: []", r#"{"PolicyName": "a"}"#, "AlarmName: a"] {
            assert!(Aws::is(text.as_bytes()), "{text}");
        }
        let kubernetes = r#"{"kind": "List", "ScalingPolicies": []}"#;
        for text in ["", "{}", "[]", "{", "kind: Pod", kubernetes, "apiVersion: v1\nPolicyName: a"] {
            assert!(!Aws::is(text.as_bytes()), "{text}");
        }
    }

    #[test]
    fn what_is_printed_may_have_fields_of_a_newer_api() {
        let text = br#"{"MetricAlarms": [{"AlarmName": "a", "Newer": 1}], "NextToken": "t"}"#;
        let mut aws = Aws::default();
        aws.add_printed("alarms.json", text).expect("noted");
        assert_eq!(
            aws.notes,
            [
                "alarms.json has a NextToken: what comes after it is not there",
                "alarms.json: MetricAlarms[0].Newer: passed over an unknown field"
            ]
        );
        assert!(Aws::default().add("alarms.json", text).is_err());
    }

    #[test]
    fn what_does_not_fit_is_named() {
        for (text, part) in [
            (r#"{"PolicyName": "a", "AdjustmentTyp": "ExactCapacity"}"#, "AdjustmentTyp"),
            (r#"{"ScalingPolicie": []}"#, "expected what the AWS CLI takes or prints"),
            (r#"{"ScalingPolicies": []} {"kind": "HorizontalPodAutoscaler"}"#, "document 2"),
            (r#"{"PolicyName": "a", "Cooldown": "soon"}"#, "Cooldown"),
            (r#"{"ScalingPolicies": [{"PolicyName": "a"}, {"Nothing": 1}]}"#, "ScalingPolicies[1]"),
            (r#"{"ScalingPolicies": {}}"#, "ScalingPolicies"),
            (
                r#"{"MetricAlarms": [{"AlarmName": "a", "TreatMisingData": "ignore"}]}"#,
                "did you mean \"TreatMissingData\"",
            ),
            ("[1]", "policy.json"),
        ] {
            let error = read(text).expect_err(text);
            assert!(error.contains(part), "{error}");
        }
    }
}
