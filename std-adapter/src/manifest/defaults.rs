//! What the API server fills in, and which release of it: absent fields of an autoscaler get these values before
//! validation. Source: `pkg/apis/autoscaling/v2/defaults.go` of Kubernetes 1.37.

use super::hpa::{Behavior, Metric, MetricTarget, ResourceMetric, ScalingPolicy, ScalingRules, Spec};

/// A release of Kubernetes, as far as autoscalers tell them apart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Release {
    /// 1.32
    V1_32,
    /// 1.33
    V1_33,
    /// 1.34
    V1_34,
    /// 1.35
    V1_35,
    /// 1.36
    V1_36,
    /// 1.37
    #[default]
    V1_37,
}

impl Release {
    /// All, the oldest first.
    pub const ALL: [Self; 6] = [Self::V1_32, Self::V1_33, Self::V1_34, Self::V1_35, Self::V1_36, Self::V1_37];

    /// `1.37`
    pub const fn name(self) -> &'static str {
        match self {
            Self::V1_32 => "1.32",
            Self::V1_33 => "1.33",
            Self::V1_34 => "1.34",
            Self::V1_35 => "1.35",
            Self::V1_36 => "1.36",
            Self::V1_37 => "1.37",
        }
    }

    /// The release called `1.37` (or `v1.37`).
    pub fn from_name(name: &str) -> Option<Self> {
        let name = name.strip_prefix('v').unwrap_or(name);
        Self::ALL.into_iter().find(|release| release.name() == name)
    }
}

/// The feature gates that autoscalers know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gates {
    /// HPAScaleToZero: `minReplicas: 0` is allowed. On by default in 1.37 only.
    pub scale_to_zero: bool,
    /// HPAConfigurableTolerance: `tolerance` in the rules is heard. On by default since 1.35.
    pub configurable_tolerance: bool,
}

impl Gates {
    /// As the release has them when nobody sets a flag.
    pub const fn of(release: Release) -> Self {
        Self {
            scale_to_zero: matches!(release, Release::V1_37),
            configurable_tolerance: matches!(release, Release::V1_35 | Release::V1_36 | Release::V1_37),
        }
    }
}

impl Default for Gates {
    fn default() -> Self {
        Self::of(Release::default())
    }
}

/// Fills a spec as the API server does: `minReplicas`, CPU at 80 % for no metrics, and the behavior if there is one.
pub fn fill(spec: &mut Spec) {
    spec.min_replicas.get_or_insert(1);
    if spec.metrics.is_empty() {
        spec.metrics.push(Metric {
            kind: "Resource".to_owned(),
            resource: Some(ResourceMetric {
                name: "cpu".to_owned(),
                target: MetricTarget {
                    kind: "Utilization".to_owned(),
                    average_utilization: Some(80),
                    ..MetricTarget::default()
                },
            }),
            ..Metric::default()
        });
    }
    fill_behavior(&mut spec.behavior);
}

/// Fills both directions of a behavior, field by field; an absent one stays absent. The shrinking window and both
/// tolerances stay unset: the controller's flags stand for them.
pub fn fill_behavior(behavior: &mut Option<Behavior>) {
    let Some(behavior) = behavior else {
        return;
    };
    let up = behavior.scale_up.get_or_insert_default();
    up.stabilization_window_seconds.get_or_insert(0);
    fill_rules(up, || vec![policy("Pods", 4), policy("Percent", 100)]);
    let down = behavior.scale_down.get_or_insert_default();
    fill_rules(down, || vec![policy("Percent", 100)]);
}

fn fill_rules(rules: &mut ScalingRules, policies: fn() -> Vec<ScalingPolicy>) {
    rules.select_policy.get_or_insert_with(|| "Max".to_owned());
    // A given list stands, even an empty one: validation refuses that.
    rules.policies.get_or_insert_with(policies);
}

fn policy(kind: &str, value: i32) -> ScalingPolicy {
    ScalingPolicy { kind: kind.to_owned(), value, period_seconds: 15 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_spec_scales_from_one_on_cpu_and_gets_no_behavior() {
        let mut spec = Spec::default();
        fill(&mut spec);
        assert_eq!(spec.min_replicas, Some(1));
        assert_eq!(spec.behavior, None);
        let cpu = spec.metrics[0].resource.as_ref().expect("a resource metric");
        assert_eq!((cpu.name.as_str(), cpu.target.average_utilization), ("cpu", Some(80)));
        let once = spec.clone();
        fill(&mut spec);
        assert_eq!(spec, once, "filling twice changes nothing");
    }

    #[test]
    fn gates_are_those_of_the_release() {
        let on = |gate: fn(Gates) -> bool| -> Vec<&str> {
            let releases = Release::ALL.into_iter().filter(|release| gate(Gates::of(*release)));
            releases.map(Release::name).collect()
        };
        assert_eq!(on(|gates| gates.scale_to_zero), ["1.37"]);
        assert_eq!(on(|gates| gates.configurable_tolerance), ["1.35", "1.36", "1.37"]);
        assert_eq!(Release::from_name("v1.32"), Some(Release::V1_32));
        assert_eq!(Release::from_name("1.31"), None);
    }
}
