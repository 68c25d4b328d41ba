//! Texts of the command line, joined: to every group or scalable target its policies, their alarms and its activities.

use crate::manifest::aws::{self, Activity, Alarm, Group, Placed, ScalingPolicy};

use super::read::invokes;

/// The kind of a group of EC2 Auto Scaling; that of a scalable target is its dimension.
const GROUP: &str = "AutoScalingGroup";

/// One group or scalable target with all that the texts tell of it.
#[derive(Clone, Debug, Default)]
pub struct Joined {
    /// `AutoScalingGroup`, or a dimension such as `ecs:service:DesiredCount`.
    pub kind: String,
    /// Empty, or the service of a target: `ecs`.
    pub namespace: String,
    /// The name of a group, or the resource: `service/default/web`.
    pub resource: String,
    /// Its bounds.
    pub group: Option<Placed<Group>>,
    /// Its policies but for predictive scaling.
    pub policies: Vec<Placed<ScalingPolicy>>,
    /// Its policies of predictive scaling that do more than forecast.
    pub predictive: Vec<Placed<ScalingPolicy>>,
    /// What invokes its policies.
    pub alarms: Vec<Placed<Alarm>>,
    /// What was done, in the order of the texts; absent where no text tells of activities.
    pub activities: Option<Vec<Activity>>,
}

impl Joined {
    /// `web`, or `ecs/service/default/web`.
    #[must_use]
    pub fn short(&self) -> String {
        let slash = if self.namespace.is_empty() { "" } else { "/" };
        format!("{}{slash}{}", self.namespace, self.resource)
    }

    /// `AutoScalingGroup web`, or `ecs:service:DesiredCount ecs/service/default/web`.
    #[must_use]
    pub fn name(&self) -> String {
        format!("{} {}", self.kind, self.short())
    }

    /// Whether it is a group of EC2 Auto Scaling.
    #[must_use]
    pub fn of_ec2(&self) -> bool {
        self.kind == GROUP
    }

    /// The policy of the texts by its name.
    #[must_use]
    pub fn policy(&self, name: &str) -> Option<&ScalingPolicy> {
        self.policies.iter().map(|policy| &policy.it).find(|policy| policy.policy_name == name)
    }

    /// The alarm of the texts by its name.
    #[must_use]
    pub fn alarm(&self, name: &str) -> Option<&Alarm> {
        self.alarms.iter().map(|alarm| &alarm.it).find(|alarm| alarm.alarm_name == name)
    }

    pub(super) fn no_bounds(&self) -> String {
        let command = if self.of_ec2() {
            "aws autoscaling describe-auto-scaling-groups"
        } else {
            "aws application-autoscaling describe-scalable-targets"
        };
        format!("{}: its bounds are in no text ({command} prints them)", self.name())
    }

    fn is(&self, kind: &str, namespace: &str, resource: &str) -> bool {
        self.kind == kind && self.namespace == namespace && self.resource == resource
    }
}

/// What a policy, a target or an activity is about.
type Key<'a> = (&'a str, &'a str, &'a str);

/// # Errors
/// Names the field that is missing.
fn key<'a>(
    at: &str,
    group: Option<&'a String>,
    [namespace, resource, dimension]: [Option<&'a String>; 3],
) -> Result<Key<'a>, String> {
    let given = |field: &str, given: Option<&'a String>| {
        given.map(String::as_str).filter(|text| !text.is_empty()).ok_or_else(|| format!("{at}.{field} is missing"))
    };
    match (group, resource) {
        (Some(_), Some(resource)) => Err(format!("{at} has an AutoScalingGroupName, and the ResourceId {resource:?}")),
        (None, None) => {
            Err(format!("{at} has neither AutoScalingGroupName nor ResourceId: it must say what it scales"))
        }
        (Some(_), None) => Ok((GROUP, "", given("AutoScalingGroupName", group)?)),
        (None, Some(_)) => Ok((
            given("ScalableDimension", dimension)?,
            given("ServiceNamespace", namespace)?,
            given("ResourceId", resource)?,
        )),
    }
}

/// All groups and targets of the texts that are given or have a policy, in their order.
///
/// # Errors
/// What does not say what it is about, and what is given twice, with its place.
pub fn join(texts: &aws::Aws) -> Result<Vec<Joined>, String> {
    fn of<'j>(all: &'j mut Vec<Joined>, (kind, namespace, resource): Key<'_>) -> &'j mut Joined {
        let index = all.iter().position(|joined| joined.is(kind, namespace, resource)).unwrap_or_else(|| {
            let [kind, namespace, resource] = [kind, namespace, resource].map(ToOwned::to_owned);
            all.push(Joined { kind, namespace, resource, ..Joined::default() });
            all.len() - 1
        });
        &mut all[index]
    }
    let mut all = Vec::new();
    for group in &texts.groups {
        let Group { auto_scaling_group_name, service_namespace, resource_id, scalable_dimension, .. } = &group.it;
        let target = [service_namespace, resource_id, scalable_dimension].map(Option::as_ref);
        let joined = of(&mut all, key(&group.at, auto_scaling_group_name.as_ref(), target)?);
        if let Some(earlier) = joined.group.replace(group.clone()) {
            return Err(format!("{}: {} is given twice, first in {}", group.at, joined.name(), earlier.at));
        }
    }
    for policy in &texts.policies {
        let ScalingPolicy { auto_scaling_group_name, service_namespace, resource_id, scalable_dimension, .. } =
            &policy.it;
        let target = [service_namespace, resource_id, scalable_dimension].map(Option::as_ref);
        let joined = of(&mut all, key(&policy.at, auto_scaling_group_name.as_ref(), target)?);
        if policy.it.policy_type.as_deref() != Some("PredictiveScaling") {
            joined.policies.push(policy.clone());
        } else if policy.it.predictive_scaling_configuration.as_ref().is_some_and(|it| it.scales()) {
            joined.predictive.push(policy.clone());
        }
    }
    for joined in &mut all {
        let invoking = |alarm: &&Placed<Alarm>| joined.policies.iter().any(|policy| invokes(&alarm.it, &policy.it));
        joined.alarms = texts.alarms.iter().filter(invoking).cloned().collect();
        joined.activities = texts.activities.as_ref().map(|all| {
            let own = |activity: &&Activity| {
                let Activity { auto_scaling_group_name, service_namespace, resource_id, scalable_dimension, .. } =
                    activity;
                let target = [service_namespace, resource_id, scalable_dimension].map(Option::as_ref);
                let key = key("", auto_scaling_group_name.as_ref(), target);
                key.is_ok_and(|(kind, namespace, resource)| joined.is(kind, namespace, resource))
            };
            all.iter().filter(own).cloned().collect()
        });
    }
    Ok(all)
}
