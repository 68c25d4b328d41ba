//! Scaling policies of AWS as its APIs take and print them: EC2 Auto Scaling and Application Auto Scaling.
//!
//! A text may be the input of `put-scaling-policy`, or what `describe-policies`, `describe-scaling-policies`,
//! `describe-alarms`, `describe-auto-scaling-groups` and `describe-scalable-targets` print. Policies and alarms are read
//! strictly; of groups and targets only what decides. What a policy means, and whether it is one, says the engine.

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::document::{LoadError, documents};

/// What texts of AWS hold.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Aws {
    /// Scaling policies, in the order of the texts.
    pub policies: Vec<ScalingPolicy>,
    /// Alarms of CloudWatch.
    pub alarms: Vec<Alarm>,
    /// Groups and scalable targets.
    pub groups: Vec<Group>,
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
    /// When it was made: a text, or seconds from the Unix epoch.
    pub creation_time: Option<serde_json::Value>,
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
    #[serde(rename = "Period")]
    _period: IgnoredAny,
    #[serde(rename = "Metrics")]
    _metrics: IgnoredAny,
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
    /// What it invokes: ARNs of policies.
    pub alarm_actions: Vec<String>,
    #[serde(rename = "AlarmArn")]
    _alarm_arn: IgnoredAny,
    #[serde(rename = "AlarmDescription")]
    _alarm_description: IgnoredAny,
    #[serde(rename = "AlarmConfigurationUpdatedTimestamp")]
    _alarm_configuration_updated_timestamp: IgnoredAny,
    #[serde(rename = "ActionsEnabled")]
    _actions_enabled: IgnoredAny,
    #[serde(rename = "OKActions")]
    _ok_actions: IgnoredAny,
    #[serde(rename = "InsufficientDataActions")]
    _insufficient_data_actions: IgnoredAny,
    #[serde(rename = "StateValue")]
    _state_value: IgnoredAny,
    #[serde(rename = "StateReason")]
    _state_reason: IgnoredAny,
    #[serde(rename = "StateReasonData")]
    _state_reason_data: IgnoredAny,
    #[serde(rename = "StateUpdatedTimestamp")]
    _state_updated_timestamp: IgnoredAny,
    #[serde(rename = "StateTransitionedTimestamp")]
    _state_transitioned_timestamp: IgnoredAny,
    #[serde(rename = "EvaluationState")]
    _evaluation_state: IgnoredAny,
    #[serde(rename = "EvaluateLowSampleCountPercentile")]
    _evaluate_low_sample_count_percentile: IgnoredAny,
    #[serde(rename = "Namespace")]
    _namespace: IgnoredAny,
    #[serde(rename = "Dimensions")]
    _dimensions: IgnoredAny,
    #[serde(rename = "Unit")]
    _unit: IgnoredAny,
    #[serde(rename = "Metrics")]
    _metrics: IgnoredAny,
    #[serde(rename = "ThresholdMetricId")]
    _threshold_metric_id: IgnoredAny,
    #[serde(rename = "Tags")]
    _tags: IgnoredAny,
}

/// A group of EC2, or a scalable target. What does not decide is passed over.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct Group {
    /// The group's name, or the target's resource.
    #[serde(alias = "ResourceId")]
    pub auto_scaling_group_name: String,
    /// Least capacity.
    #[serde(alias = "MinCapacity")]
    pub min_size: i32,
    /// Most capacity.
    #[serde(alias = "MaxCapacity")]
    pub max_size: i32,
    /// Capacity asked for; a scalable target does not tell.
    pub desired_capacity: Option<i32>,
    /// Seconds.
    pub default_cooldown: Option<i32>,
    /// Seconds; absent is not 0.
    pub default_instance_warmup: Option<i32>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct Printed {
    scaling_policies: Option<Vec<ScalingPolicy>>,
    metric_alarms: Option<Vec<Alarm>>,
    auto_scaling_groups: Option<Vec<Group>>,
    scalable_targets: Option<Vec<Group>>,
}

impl Aws {
    /// Adds what a JSON or YAML text holds. `file` is the name for errors.
    ///
    /// # Errors
    /// Names file, line, path and value of the first thing that does not fit.
    pub fn add(&mut self, file: &str, text: &[u8]) -> Result<(), LoadError> {
        for document in documents(file, text)? {
            let Printed { scaling_policies, metric_alarms, auto_scaling_groups, scalable_targets } = document.read()?;
            let lists = scaling_policies.is_some()
                || metric_alarms.is_some()
                || auto_scaling_groups.is_some()
                || scalable_targets.is_some();
            self.policies.extend(scaling_policies.into_iter().flatten());
            self.alarms.extend(metric_alarms.into_iter().flatten());
            self.groups.extend(auto_scaling_groups.into_iter().flatten());
            self.groups.extend(scalable_targets.into_iter().flatten());
            if !lists {
                self.policies.push(document.read()?);
            }
        }
        Ok(())
    }
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
        let policy = &aws.policies[0];
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
        assert_eq!((aws.groups[0].min_size, aws.groups[1].max_size), (2, 9));
        let tracking = aws.policies[0].target_tracking_scaling_policy_configuration.as_ref().expect("tracking");
        assert_eq!((tracking.target_value, tracking.scale_in_cooldown), (Some(70.0), Some(300)));
    }

    #[test]
    fn what_does_not_fit_is_named() {
        for (text, part) in [
            (r#"{"PolicyName": "a", "AdjustmentTyp": "ExactCapacity"}"#, "AdjustmentTyp"),
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
