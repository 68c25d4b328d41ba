//! From what is written to what the core decides with: names and values as AWS checks and defaults them.

use plimsoll_core::constrain::Bounds;
use plimsoll_core::error::ConfigError;
use plimsoll_core::step::{
    Adjustment, AdjustmentType, Alarm, Comparison, Missing, Pace, Rule, Sensitivity, SimpleRule, SimpleScaling,
    StepAdjustment, TargetTracking,
};
use plimsoll_core::units::Span;
use serde::Deserialize;
use serde_json::Value;

use super::join::Joined;
use super::{Aws, MOST_ALARMS, Measure, Series, Simple, Stepped, Tracked};
use crate::manifest::aws::{self, Placed, ScalingPolicy, invokes};

/// A group with its policies as a scenario or a line writes it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Section {
    min: i32,
    max: i32,
    #[serde(default = "five_minutes")]
    default_cooldown_s: i32,
    #[serde(default)]
    default_instance_warmup_s: Option<i32>,
    #[serde(default)]
    tracking: Unpublished,
    policies: Vec<ScalingPolicy>,
    #[serde(default)]
    alarms: Vec<aws::Alarm>,
}

/// What AWS does not publish of target tracking.
#[derive(Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Unpublished {
    period_s: i32,
    /// M and N.
    high: (u32, u32),
    low: (u32, u32),
    low_factor: f64,
    in_fraction: f64,
    in_cooldown_s: i32,
}

impl Default for Unpublished {
    fn default() -> Self {
        let Sensitivity { high, low, low_factor, .. } = Sensitivity::AWS;
        Self { period_s: 60, high, low, low_factor, in_fraction: 0.1, in_cooldown_s: 300 }
    }
}

const fn five_minutes() -> i32 {
    300
}

/// Which of the three kinds a policy is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Simple,
    Step,
    Tracking,
}

/// The policies so far.
#[derive(Default)]
struct Built {
    stepped: Vec<(Stepped, Series)>,
    simple: Vec<(Simple, Series)>,
    tracked: Vec<(Tracked, Series)>,
}

/// From a section of another text.
pub(super) fn section(given: &Value, root: &str) -> Result<Aws, String> {
    let section: Section = crate::engine::inline(given, root)?;
    let Section { min, max, default_cooldown_s, default_instance_warmup_s, tracking, policies, alarms } = section;
    if policies.is_empty() {
        return Err(format!("{root}.policies is empty: a policy must decide"));
    }
    let warmup = |given| seconds(root, "default_instance_warmup_s", given);
    let reader = Reader {
        root,
        bounds: Bounds::new(min, max).map_err(|error| format!("{root}: {error}"))?,
        cooldown: seconds(root, "default_cooldown_s", default_cooldown_s)?,
        warmup: default_instance_warmup_s.map(warmup).transpose()?,
        tracking,
        policies: placed(root, "policies", policies),
        alarms: placed(root, "alarms", alarms),
        printed: false,
    };
    let read = reader.read()?;
    reader.all_invoke()?;
    if read.series.is_empty() {
        return Err(format!("{root}.policies has no policy that is enabled"));
    }
    Ok(read)
}

fn placed<T>(root: &str, list: &str, given: Vec<T>) -> Vec<Placed<T>> {
    let placed = |(index, it)| Placed { at: format!("{root}.{list}[{index}]"), it };
    given.into_iter().enumerate().map(placed).collect()
}

/// From what the command line printed of one group or scalable target; perhaps no policy of it acts.
pub(super) fn joined(joined: &Joined) -> Result<Aws, String> {
    let root = joined.name();
    let group = joined.group.as_ref().ok_or_else(|| joined.no_bounds())?;
    let at = &group.at;
    let bound = |field: &str, given: Option<i32>| given.ok_or_else(|| format!("{at}.{field} is missing"));
    let [min, max] = if joined.of_ec2() { ["MinSize", "MaxSize"] } else { ["MinCapacity", "MaxCapacity"] };
    let (min, max) = (bound(min, group.it.min_size)?, bound(max, group.it.max_size)?);
    let span = |field: &str, given: Option<i32>| given.map(|given| seconds(at, field, given)).transpose();
    let reader = Reader {
        root: &root,
        bounds: Bounds::new(min, max).map_err(|error| format!("{at}: {error}"))?,
        cooldown: span("DefaultCooldown", group.it.default_cooldown)?.unwrap_or(SimpleScaling::DEFAULT_COOLDOWN),
        warmup: span("DefaultInstanceWarmup", group.it.default_instance_warmup)?,
        tracking: Unpublished::default(),
        policies: joined.policies.clone(),
        alarms: joined.alarms.clone(),
        printed: true,
    };
    reader.read()
}

struct Reader<'a> {
    root: &'a str,
    bounds: Bounds,
    cooldown: Span,
    warmup: Option<Span>,
    tracking: Unpublished,
    policies: Vec<Placed<ScalingPolicy>>,
    alarms: Vec<Placed<aws::Alarm>>,
    /// By the command line: then another command prints what is missing.
    printed: bool,
}

impl Reader<'_> {
    fn read(&self) -> Result<Aws, String> {
        let pace = self.pace()?;
        self.names()?;
        let mut built = Built::default();
        for policy in &self.policies {
            self.policy(policy, pace, &mut built)?;
        }
        let alarms = built.stepped.len().max(built.simple.len());
        if alarms > MOST_ALARMS {
            let root = self.root;
            return Err(format!("{root}: alarms invoke {alarms} policies of one kind: must be at most {MOST_ALARMS}"));
        }
        let (stepped, mut series): (Vec<_>, Vec<_>) = built.stepped.into_iter().unzip();
        let (simple, of_simple): (Vec<_>, Vec<_>) = built.simple.into_iter().unzip();
        let (tracked, of_tracked): (Vec<_>, Vec<_>) = built.tracked.into_iter().unzip();
        series.extend(of_simple);
        series.extend(of_tracked);
        Ok(Aws { bounds: self.bounds, pace, default_cooldown: self.cooldown, stepped, simple, tracked, series })
    }

    /// One group is of EC2 Auto Scaling, or of Application Auto Scaling.
    fn pace(&self) -> Result<Pace, String> {
        let pace = |policy: &ScalingPolicy| if of_application(policy) { Pace::Cooldown } else { Pace::WarmUp };
        let Some(first) = self.policies.first() else { return Ok(Pace::WarmUp) };
        match self.policies.iter().find(|other| pace(&other.it) != pace(&first.it)) {
            None => Ok(pace(&first.it)),
            Some(other) => Err(format!("{} is of another API than {}: a group has one", other.at, first.at)),
        }
    }

    /// Policies and alarms go by their names.
    fn names(&self) -> Result<(), String> {
        let policies = self.policies.iter().map(|policy| (&policy.at, &policy.it.policy_name)).collect::<Vec<_>>();
        let alarms = self.alarms.iter().map(|alarm| (&alarm.at, &alarm.it.alarm_name)).collect::<Vec<_>>();
        for (field, names) in [("PolicyName", policies), ("AlarmName", alarms)] {
            for (index, (at, name)) in names.iter().enumerate() {
                if name.is_empty() {
                    return Err(format!("{at}.{field} is missing"));
                }
                if names.iter().take(index).any(|(_, other)| other == name) {
                    return Err(format!("{at}.{field} is {name:?}: another one has this name"));
                }
            }
        }
        Ok(())
    }

    fn policy(&self, given: &Placed<ScalingPolicy>, pace: Pace, built: &mut Built) -> Result<(), String> {
        let Placed { at, it: policy } = given;
        let kind = kind(at, policy)?;
        fitting(at, policy, kind)?;
        let alarms = self.alarms(at, policy, kind)?;
        if policy.enabled == Some(false) {
            return Ok(());
        }
        if kind == Kind::Tracking {
            built.tracked.push(self.tracking(at, policy, pace, &alarms)?);
            return Ok(());
        }
        // One that was printed names its alarms: without any, only execute-policy invokes it.
        if alarms.is_empty() && self.printed && policy.policy_arn.is_some() {
            return Ok(());
        }
        if alarms.is_empty() {
            let name = &policy.policy_name;
            return Err(if self.printed {
                format!("{at}: no alarm of these texts invokes {name:?} (aws cloudwatch describe-alarms prints them)")
            } else {
                format!(
                    "{at}: no alarm invokes {name:?}: name one in its Alarms, or its PolicyARN in an alarm's AlarmActions"
                )
            });
        }
        for Placed { at: place, it: given } in &alarms {
            let alarm = alarm(place, given)?;
            // One whose actions are switched off invokes nothing.
            if given.actions_enabled == Some(false) {
                continue;
            }
            let name = match alarms.as_slice() {
                [_] => policy.policy_name.clone(),
                _ => format!("{} ({})", policy.policy_name, given.alarm_name),
            };
            let series = |warm_up| Series {
                at: place.clone(),
                alarm: Some(given.alarm_name.clone()),
                own: [None, None],
                policy: policy.policy_name.clone(),
                measure: Measure::of_alarm(given),
                period: alarm.period(),
                warm_up,
            };
            if kind == Kind::Simple {
                let rule = self.simple(at, policy, alarm)?;
                // The group's warm-up, and no other, keeps units of simple scaling out of the metric.
                built.simple.push((Simple { name, rule }, series(self.warmup.unwrap_or(Span::ZERO))));
            } else {
                let stepped = self.stepped(at, policy, alarm, name)?;
                let warm_up = if pace == Pace::WarmUp { stepped.wait } else { Span::ZERO };
                built.stepped.push((stepped, series(warm_up)));
            }
        }
        Ok(())
    }

    /// The alarms of a policy: those that it names, and those that name it.
    fn alarms(&self, at: &str, policy: &ScalingPolicy, kind: Kind) -> Result<Vec<&Placed<aws::Alarm>>, String> {
        for (index, reference) in policy.alarms.iter().enumerate() {
            let known = self.alarms.iter().any(|alarm| alarm.it.alarm_name == reference.alarm_name);
            // The alarms of target tracking are AWS's own: they need not be there.
            if !known && kind != Kind::Tracking {
                let (name, root) = (&reference.alarm_name, self.root);
                let none = if self.printed {
                    "no text has an alarm of this name (aws cloudwatch describe-alarms prints it)".to_owned()
                } else {
                    format!("{root}.alarms has none of this name")
                };
                return Err(format!("{at}.Alarms[{index}].AlarmName is {name:?}: {none}"));
            }
        }
        Ok(self.alarms.iter().filter(|alarm| invokes(&alarm.it, policy)).collect())
    }

    /// An alarm of a section that invokes nothing is a name that was mistyped.
    fn all_invoke(&self) -> Result<(), String> {
        let idle = |alarm: &&Placed<aws::Alarm>| !self.policies.iter().any(|policy| invokes(&alarm.it, &policy.it));
        match self.alarms.iter().find(idle) {
            None => Ok(()),
            Some(alarm) => Err(format!("{} ({}) invokes no policy", alarm.at, alarm.it.alarm_name)),
        }
    }

    fn simple(&self, at: &str, policy: &ScalingPolicy, alarm: Alarm) -> Result<SimpleRule, String> {
        let least = policy.min_adjustment_magnitude.or(policy.min_adjustment_step);
        let adjustment = adjustment(at, policy.adjustment_type.as_deref(), least)?;
        let by = policy.scaling_adjustment.ok_or_else(|| format!("{at}.ScalingAdjustment is missing"))?;
        let rule = SimpleRule::new(alarm, adjustment, by).map_err(|error| format!("{at}: {error}"))?;
        match policy.cooldown {
            None => Ok(rule),
            Some(given) => {
                let cooldown = seconds(at, "Cooldown", given)?;
                rule.with_cooldown(cooldown).map_err(|error| format!("{at}.Cooldown: {error}"))
            }
        }
    }

    fn stepped(&self, at: &str, policy: &ScalingPolicy, alarm: Alarm, name: String) -> Result<Stepped, String> {
        let application = policy.step_scaling_policy_configuration.as_ref();
        let (at, kind, least, given, aggregation, wait) = match application {
            Some(step) => {
                let at = format!("{at}.StepScalingPolicyConfiguration");
                let wait = match step.cooldown {
                    Some(given) => seconds(&at, "Cooldown", given)?,
                    None => SimpleScaling::DEFAULT_COOLDOWN,
                };
                let least = step.min_adjustment_magnitude;
                (at, &step.adjustment_type, least, &step.step_adjustments, &step.metric_aggregation_type, wait)
            }
            None => {
                let wait = self.instance_warmup(at, policy)?;
                let least = policy.min_adjustment_magnitude;
                let (steps, aggregation) = (&policy.step_adjustments, &policy.metric_aggregation_type);
                (at.to_owned(), &policy.adjustment_type, least, steps, aggregation, wait)
            }
        };
        if let Some(other) = aggregation.as_deref().filter(|given| !["Average", "Minimum", "Maximum"].contains(given)) {
            return Err(format!("{at}.MetricAggregationType is {other:?}: must be Average, Minimum or Maximum"));
        }
        let adjustment = adjustment(&at, kind.as_deref(), least)?;
        let mut steps = Vec::new();
        for (index, step) in given.iter().enumerate() {
            let missing = || format!("{at}.StepAdjustments[{index}].ScalingAdjustment is missing");
            let by = step.scaling_adjustment.ok_or_else(missing)?;
            let bounds = (step.metric_interval_lower_bound, step.metric_interval_upper_bound);
            steps.push(StepAdjustment::new(bounds.0, bounds.1, by));
        }
        // AWS takes them in any order.
        let lower = |step: &StepAdjustment| step.lower.unwrap_or(f64::NEG_INFINITY);
        steps.sort_by(|one, other| lower(one).total_cmp(&lower(other)));
        let told = |error: ConfigError| format!("{at}.StepAdjustments: {error}");
        Rule::new(alarm, adjustment, &steps, wait).map_err(told)?;
        Ok(Stepped { name, alarm, adjustment, steps, wait })
    }

    /// The policy's, else the group's, else the default cooldown.
    fn instance_warmup(&self, at: &str, policy: &ScalingPolicy) -> Result<Span, String> {
        match policy.estimated_instance_warmup {
            Some(given) => seconds(at, "EstimatedInstanceWarmup", given),
            None => Ok(self.warmup.unwrap_or(self.cooldown)),
        }
    }

    fn tracking(
        &self,
        at: &str,
        policy: &ScalingPolicy,
        pace: Pace,
        alarms: &[&Placed<aws::Alarm>],
    ) -> Result<(Tracked, Series), String> {
        let own = policy.target_tracking_configuration.as_ref();
        let application = policy.target_tracking_scaling_policy_configuration.as_ref();
        let field = match pace {
            Pace::WarmUp => "TargetTrackingConfiguration",
            Pace::Cooldown => "TargetTrackingScalingPolicyConfiguration",
        };
        let given = if pace == Pace::WarmUp { own } else { application };
        let given = given.ok_or_else(|| format!("{at}.{field} is missing"))?;
        let inner = format!("{at}.{field}");
        let target = given.target_value.ok_or_else(|| format!("{inner}.TargetValue is missing"))?;
        if target <= 0.0 {
            return Err(format!("{inner}.TargetValue is {target}: must be above 0"));
        }
        let measure = match (&given.predefined_metric_specification, &given.customized_metric_specification) {
            (Some(predefined), None) => Measure {
                metric: Some(predefined.predefined_metric_type.clone()),
                predefined: true,
                statistic: None,
                extended: None,
            },
            (None, Some(customized)) => Measure {
                metric: Some(customized.metric_name.clone()).filter(|name| !name.is_empty()),
                predefined: false,
                statistic: customized.statistic.clone(),
                extended: None,
            },
            _ => {
                return Err(format!(
                    "{inner} must have exactly one of PredefinedMetricSpecification, CustomizedMetricSpecification"
                ));
            }
        };
        let unpublished = self.tracking;
        let (wait, in_cooldown) = if pace == Pace::WarmUp {
            for (name, given) in
                [("ScaleOutCooldown", given.scale_out_cooldown), ("ScaleInCooldown", given.scale_in_cooldown)]
            {
                if let Some(given) = given {
                    return Err(format!("{inner}.{name} is {given}: only Application Auto Scaling has cooldowns here"));
                }
            }
            let own = seconds(&format!("{}.tracking", self.root), "in_cooldown_s", unpublished.in_cooldown_s)?;
            (self.instance_warmup(at, policy)?, own)
        } else {
            let cooldown = |name, given: Option<i32>| match given {
                Some(given) => seconds(&inner, name, given),
                None => Ok(default_cooldown(policy)),
            };
            (
                cooldown("ScaleOutCooldown", given.scale_out_cooldown)?,
                cooldown("ScaleInCooldown", given.scale_in_cooldown)?,
            )
        };
        let customized = given.customized_metric_specification.as_ref();
        let sensitivity = self.sensitivity(&inner, customized, target, alarms)?;
        // Only a section says what is not published; a text of the command line says the rest.
        let told = |error: ConfigError| match self.printed {
            true => format!("{inner}: {error}"),
            false => format!("{}.tracking: {error}", self.root),
        };
        let tracking = TargetTracking::new(self.bounds, target)
            .and_then(|policy| policy.with_sensitivity(sensitivity))
            .and_then(|policy| policy.with_pace(pace, wait))
            .and_then(|policy| policy.with_scale_in_cooldown(in_cooldown))
            .and_then(|policy| policy.with_scale_in_fraction(unpublished.in_fraction))
            .map_err(told)?;
        // Storage of Kafka's brokers never shrinks.
        let disabled = given.disable_scale_in == Some(true) || policy.service_namespace.as_deref() == Some("kafka");
        let tracking = if disabled { tracking.without_scale_in() } else { tracking };
        let series = Series {
            at: at.to_owned(),
            alarm: None,
            own: [true, false]
                .map(|high| own_alarms(alarms).find(|it| is_high(it) == high).map(|it| it.alarm_name.clone())),
            policy: policy.policy_name.clone(),
            measure,
            period: sensitivity.period,
            warm_up: if pace == Pace::WarmUp { wait } else { Span::ZERO },
        };
        let same_unit = same_unit(target, alarms);
        Ok((Tracked { name: policy.policy_name.clone(), policy: tracking, wait, in_cooldown, same_unit }, series))
    }

    /// What the alarms that AWS made say, where they are given; else what it is known to make.
    fn sensitivity(
        &self,
        at: &str,
        customized: Option<&aws::CustomizedMetric>,
        target: f64,
        alarms: &[&Placed<aws::Alarm>],
    ) -> Result<Sensitivity, String> {
        let Unpublished { period_s, high, low, low_factor, .. } = self.tracking;
        let tracking = format!("{}.tracking", self.root);
        let period = match customized.and_then(aws::CustomizedMetric::seconds) {
            Some(given) => at_least_one(&format!("{at}.CustomizedMetricSpecification"), "Period", given)?,
            None => at_least_one(&tracking, "period_s", period_s)?,
        };
        let mut sensitivity = Sensitivity { period: Span::from_secs(u64::from(period)), high, low, low_factor };
        let (same_unit, mut first) = (same_unit(target, alarms), None);
        for Placed { at, it: given } in alarms.iter().filter(|alarm| is_own(&alarm.it)) {
            let alarm = alarm(at, given)?;
            if first.is_some_and(|period| period != alarm.period()) {
                let period = given.seconds();
                return Err(format!("{at}.Period is {period}: both alarms of a target tracking policy have the same"));
            }
            first = Some(alarm.period());
            sensitivity.period = alarm.period();
            if alarm.comparison().is_high() {
                sensitivity.high = alarm.datapoints();
            } else {
                sensitivity.low = alarm.datapoints();
                if same_unit {
                    let factor = alarm.threshold() / target;
                    if !(0.0..=1.0).contains(&factor) {
                        let threshold = alarm.threshold();
                        return Err(format!(
                            "{at}.Threshold is {threshold}: the low alarm of a target of {target} is below it"
                        ));
                    }
                    sensitivity.low_factor = factor;
                }
            }
        }
        Ok(sensitivity)
    }
}

/// DynamoDB has two more alarms for each policy, which watch what is provisioned and not the metric.
fn is_own(alarm: &aws::Alarm) -> bool {
    !alarm.alarm_name.contains("-ProvisionedCapacity")
}

fn own_alarms<'a>(alarms: &'a [&Placed<aws::Alarm>]) -> impl Iterator<Item = &'a aws::Alarm> {
    alarms.iter().map(|alarm| &alarm.it).filter(|alarm| is_own(alarm))
}

fn is_high(alarm: &aws::Alarm) -> bool {
    alarm.comparison_operator.starts_with("Greater")
}

/// Whether the alarms that AWS made compare the metric that is tracked. Those of DynamoDB and Keyspaces compare what was
/// consumed with a part of what is provisioned, and say nothing of the target.
fn same_unit(target: f64, alarms: &[&Placed<aws::Alarm>]) -> bool {
    let high = own_alarms(alarms).find(|alarm| is_high(alarm)).and_then(|alarm| alarm.threshold);
    high.is_none_or(|threshold| (threshold - target).abs() <= 1e-9 * target.abs())
}

fn of_application(policy: &ScalingPolicy) -> bool {
    policy.service_namespace.is_some()
        || policy.resource_id.is_some()
        || policy.scalable_dimension.is_some()
        || policy.step_scaling_policy_configuration.is_some()
        || policy.target_tracking_scaling_policy_configuration.is_some()
}

fn kind(at: &str, policy: &ScalingPolicy) -> Result<Kind, String> {
    match policy.policy_type.as_deref() {
        None if of_application(policy) => Err(format!("{at}.PolicyType is missing")),
        None | Some("SimpleScaling") => Ok(Kind::Simple),
        Some("StepScaling") => Ok(Kind::Step),
        Some("TargetTrackingScaling") => Ok(Kind::Tracking),
        Some(other) => {
            Err(format!("{at}.PolicyType is {other:?}: known are SimpleScaling, StepScaling, TargetTrackingScaling"))
        }
    }
}

/// Fields that do not go with the kind are refused, as AWS does.
fn fitting(at: &str, policy: &ScalingPolicy, kind: Kind) -> Result<(), String> {
    let (name, fields): (_, &[&str]) = match (kind, of_application(policy)) {
        (Kind::Simple, true) => {
            return Err(format!("{at}.PolicyType is \"SimpleScaling\": Application Auto Scaling has none"));
        }
        (Kind::Simple, false) => (
            "simple scaling",
            &["AdjustmentType", "MinAdjustmentMagnitude", "MinAdjustmentStep", "ScalingAdjustment", "Cooldown"],
        ),
        (Kind::Step, false) => (
            "step scaling",
            &[
                "AdjustmentType",
                "MinAdjustmentMagnitude",
                "MetricAggregationType",
                "StepAdjustments",
                "EstimatedInstanceWarmup",
            ],
        ),
        (Kind::Step, true) => ("step scaling", &["StepScalingPolicyConfiguration"]),
        (Kind::Tracking, false) => ("target tracking", &["TargetTrackingConfiguration", "EstimatedInstanceWarmup"]),
        (Kind::Tracking, true) => ("target tracking", &["TargetTrackingScalingPolicyConfiguration"]),
    };
    let given = [
        ("AdjustmentType", policy.adjustment_type.is_some()),
        ("MinAdjustmentMagnitude", policy.min_adjustment_magnitude.is_some()),
        ("MinAdjustmentStep", policy.min_adjustment_step.is_some()),
        ("ScalingAdjustment", policy.scaling_adjustment.is_some()),
        ("Cooldown", policy.cooldown.is_some()),
        ("MetricAggregationType", policy.metric_aggregation_type.is_some()),
        ("StepAdjustments", !policy.step_adjustments.is_empty()),
        ("EstimatedInstanceWarmup", policy.estimated_instance_warmup.is_some()),
        ("TargetTrackingConfiguration", policy.target_tracking_configuration.is_some()),
        ("StepScalingPolicyConfiguration", policy.step_scaling_policy_configuration.is_some()),
        ("TargetTrackingScalingPolicyConfiguration", policy.target_tracking_scaling_policy_configuration.is_some()),
    ];
    match given.iter().find(|(field, given)| *given && !fields.contains(field)) {
        None => Ok(()),
        Some((field, _)) => {
            let by = match policy.policy_type.as_deref() {
                None => "absent, which is SimpleScaling".to_owned(),
                Some(given) => format!("{given:?}"),
            };
            Err(format!("{at}.{field} does not go with {name}: PolicyType is {by}"))
        }
    }
}

fn adjustment(at: &str, kind: Option<&str>, least: Option<i32>) -> Result<Adjustment, String> {
    const KNOWN: &str = "ChangeInCapacity, ExactCapacity or PercentChangeInCapacity";
    let kind = match kind {
        None => return Err(format!("{at}.AdjustmentType is missing: {KNOWN}")),
        Some("ChangeInCapacity") => AdjustmentType::ChangeInCapacity,
        Some("ExactCapacity") => AdjustmentType::ExactCapacity,
        Some("PercentChangeInCapacity") => AdjustmentType::PercentChangeInCapacity,
        Some(other) => return Err(format!("{at}.AdjustmentType is {other:?}: must be {KNOWN}")),
    };
    let adjustment = Adjustment::new(kind);
    let Some(given) = least else { return Ok(adjustment) };
    let least = at_least_one(at, "MinAdjustmentMagnitude", given)?;
    adjustment
        .with_min_magnitude(least)
        .map_err(|_| format!("{at}.MinAdjustmentMagnitude is {given}: only a PercentChangeInCapacity has one"))
}

/// An alarm as CloudWatch has it.
fn alarm(at: &str, given: &aws::Alarm) -> Result<Alarm, String> {
    let comparison = match given.comparison_operator.as_str() {
        "GreaterThanThreshold" => Comparison::Above,
        "GreaterThanOrEqualToThreshold" => Comparison::AtLeast,
        "LessThanThreshold" => Comparison::Below,
        "LessThanOrEqualToThreshold" => Comparison::AtMost,
        other => {
            return Err(format!(
                "{at}.ComparisonOperator is {other:?}: must be GreaterThanThreshold, GreaterThanOrEqualToThreshold, \
                 LessThanThreshold or LessThanOrEqualToThreshold"
            ));
        }
    };
    let missing = match given.treat_missing_data.as_deref() {
        // Whatever is chosen, these keep their state (PutMetricAlarm in the API reference).
        _ if given.namespace.as_deref() == Some("AWS/DynamoDB") => Missing::Ignore,
        None | Some("missing") => Missing::Missing,
        Some("breaching") => Missing::Breaching,
        Some("notBreaching") => Missing::NotBreaching,
        Some("ignore") => Missing::Ignore,
        Some(other) => {
            return Err(format!(
                "{at}.TreatMissingData is {other:?}: must be missing, breaching, notBreaching or ignore"
            ));
        }
    };
    let threshold = given.threshold.ok_or_else(|| format!("{at}.Threshold is missing"))?;
    let period = at_least_one(at, "Period", given.seconds())?;
    let of = at_least_one(at, "EvaluationPeriods", given.evaluation_periods)?;
    let breaching = match given.datapoints_to_alarm {
        None => of,
        Some(given) => at_least_one(at, "DatapointsToAlarm", given)?,
    };
    Alarm::new(comparison, threshold, Span::from_secs(u64::from(period)))
        .and_then(|alarm| alarm.with_datapoints(breaching, of))
        .map(|alarm| alarm.with_missing(missing))
        .map_err(|error| format!("{at}: {error}"))
}

/// What target tracking of Application Auto Scaling takes where nothing is said (TargetTrackingScalingPolicyConfiguration
/// in the API reference): these resources are scaled without a wait. Step scaling has 300 s for all of them.
fn default_cooldown(policy: &ScalingPolicy) -> Span {
    const AT_ONCE: [&str; 5] = ["cassandra", "comprehend", "dynamodb", "kafka", "lambda"];
    let at_once = policy.service_namespace.as_deref().is_some_and(|name| AT_ONCE.contains(&name));
    if at_once { Span::ZERO } else { SimpleScaling::DEFAULT_COOLDOWN }
}

fn seconds(at: &str, field: &str, given: i32) -> Result<Span, String> {
    match u64::try_from(given) {
        Ok(seconds @ 0..=3600) => Ok(Span::from_secs(seconds)),
        _ => Err(format!("{at}.{field} is {given}: must be 0 to 3600 seconds")),
    }
}

fn at_least_one(at: &str, field: &str, given: i32) -> Result<u32, String> {
    match u32::try_from(given) {
        Ok(given @ 1..) => Ok(given),
        _ => Err(format!("{at}.{field} is {given}: must be at least 1")),
    }
}
