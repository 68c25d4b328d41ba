//! Texts of the command line, joined: to every group or scalable target its policies, their alarms and its activities.

use std::collections::{BTreeMap, BTreeSet};

use crate::manifest::aws::{self, Activity, Alarm, Group, Placed, Predictive, ScalingPolicy};

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
    /// What was passed over in the texts.
    pub notes: Vec<String>,
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

    /// Whether a user may mean it: `web`, `service/default/web`, `ecs/service/default/web`, or with the kind before it.
    #[must_use]
    pub fn is_named(&self, name: &str) -> bool {
        name == self.resource || name == self.short() || name == format!("{}/{}", self.kind, self.short())
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
        format!("{}: its bounds are in no text ({command} prints them)", self.placed())
    }

    /// Its name, with the place of a policy of it.
    #[must_use]
    pub fn placed(&self) -> String {
        let at = self.policies.first().map_or_else(String::new, |policy| format!("{}: ", policy.at));
        at + &self.name()
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
    let mut all = All::default();
    for group in &texts.groups {
        let Group { auto_scaling_group_name, service_namespace, resource_id, scalable_dimension, .. } = &group.it;
        let target = [service_namespace, resource_id, scalable_dimension].map(Option::as_ref);
        let joined = all.of(key(&group.at, auto_scaling_group_name.as_ref(), target)?);
        if let Some(earlier) = joined.group.replace(group.clone()) {
            return Err(format!("{}: {} is given twice, first in {}", group.at, joined.name(), earlier.at));
        }
    }
    for policy in &texts.policies {
        let ScalingPolicy { auto_scaling_group_name, service_namespace, resource_id, scalable_dimension, .. } =
            &policy.it;
        let target = [service_namespace, resource_id, scalable_dimension].map(Option::as_ref);
        let joined = all.of(key(&policy.at, auto_scaling_group_name.as_ref(), target)?);
        if policy.it.policy_type.as_deref() != Some("PredictiveScaling") {
            joined.policies.push(policy.clone());
        } else if policy.it.predictive_scaling_configuration.as_ref().is_some_and(Predictive::scales) {
            joined.predictive.push(policy.clone());
        }
    }
    // An account may have thousands of alarms.
    let mut alarms = BTreeMap::<&str, BTreeSet<usize>>::new();
    for (index, alarm) in texts.alarms.iter().enumerate() {
        for name in alarm.it.alarm_actions.iter().chain([&alarm.it.alarm_name]) {
            alarms.entry(name).or_default().insert(index);
        }
    }
    for joined in &mut all.joined {
        let policies = joined.policies.iter().map(|policy| &policy.it);
        let names = policies.flat_map(|it| it.alarms.iter().map(|alarm| &alarm.alarm_name).chain(&it.policy_arn));
        let own = names.filter_map(|name| alarms.get(name.as_str())).flatten().collect::<BTreeSet<_>>();
        joined.alarms = own.into_iter().filter_map(|index| texts.alarms.get(*index)).cloned().collect();
        joined.activities = texts.activities.as_ref().map(|_| Vec::new());
        joined.notes.clone_from(&texts.notes);
    }
    for activity in texts.activities.iter().flatten() {
        let Activity { auto_scaling_group_name, service_namespace, resource_id, scalable_dimension, .. } = activity;
        let target = [service_namespace, resource_id, scalable_dimension].map(Option::as_ref);
        // One of a group that is not there tells nothing.
        let Ok((kind, namespace, resource)) = key("", auto_scaling_group_name.as_ref(), target) else { continue };
        let place = all.places.get(&[kind, namespace, resource].map(ToOwned::to_owned));
        if let Some(joined) = place.and_then(|place| all.joined.get_mut(*place)) {
            joined.activities.get_or_insert_default().push(activity.clone());
        }
    }
    Ok(all.joined)
}

#[derive(Default)]
struct All {
    joined: Vec<Joined>,
    places: BTreeMap<[String; 3], usize>,
}

impl All {
    fn of(&mut self, (kind, namespace, resource): Key<'_>) -> &mut Joined {
        let key = [kind, namespace, resource].map(ToOwned::to_owned);
        let place = *self.places.entry(key.clone()).or_insert(self.joined.len());
        if place == self.joined.len() {
            let [kind, namespace, resource] = key;
            self.joined.push(Joined { kind, namespace, resource, ..Joined::default() });
        }
        &mut self.joined[place]
    }
}
