//! A scaled object as the core has it, and the HPA that KEDA makes of it.

use plimsoll_core::queue::{self, Fallback, FallbackBehavior, Modifiers, ReplicaCounts, ScaledObject, Target, Trigger};
use plimsoll_core::units::{Milli, Span};
use serde_json::{Value, json};

use super::MOST_TRIGGERS;
use super::source::{Kind, Source, is_resource, source};
use crate::manifest::keda::Formula;
use crate::manifest::scaled::{self, ScaledObjectSpec};

/// The object without its HPA.
#[derive(Clone, Debug)]
pub(super) struct Object {
    pub(super) spec: ScaledObjectSpec,
    pub(super) counts: ReplicaCounts,
    pub(super) sources: Vec<Source>,
    pub(super) annotations: queue::Annotations,
    fallback: Option<Fallback>,
    composite: Option<Composite>,
}

/// A formula with its targets.
#[derive(Clone, Debug)]
struct Composite {
    formula: Formula,
    target: Target,
    activation: f64,
    whole: bool,
}

impl Object {
    /// # Errors
    /// The first field or setting that does not fit, with its path in the object.
    pub(super) fn new(spec: ScaledObjectSpec, annotations: queue::Annotations) -> Result<Self, String> {
        let counts = ReplicaCounts::new(spec.min_replica_count, spec.max_replica_count, spec.idle_replica_count)
            .map_err(|error| format!("spec: {error}"))?;
        if spec.triggers.len() > MOST_TRIGGERS {
            return Err(format!(
                "spec.triggers has {} entries: at most {MOST_TRIGGERS} are decided",
                spec.triggers.len()
            ));
        }
        let sources = spec.triggers.iter().enumerate().map(|(index, trigger)| source(index, trigger));
        let sources = sources.collect::<Result<Vec<_>, _>>()?;
        let (fallback, composite) = (spec.fallback.as_ref().and_then(fallback), composite(&spec)?);
        Ok(Self { spec, counts, sources, annotations, fallback, composite })
    }

    /// Lends the core's policy.
    ///
    /// # Errors
    /// What of the settings does not go together.
    pub(super) fn build<R>(&self, run: impl FnOnce(&ScaledObject<'_>) -> R) -> Result<R, String> {
        let told = |error: plimsoll_core::error::ConfigError| error.to_string();
        let triggers = self.sources.iter().map(|source| match &source.kind {
            Kind::Kafka(kafka) => Ok(Trigger::lag(&source.name, &kafka.lag)),
            Kind::Value { target, .. } => Trigger::external(&source.name, *target).map_err(told),
            Kind::Resource => Ok(Trigger::resource(&source.name)),
        });
        let triggers = triggers.collect::<Result<Vec<_>, _>>()?;
        let (cooldown, initial) = self.cooldowns();
        let mut object = ScaledObject::new(self.counts, &triggers)
            .map_err(|error| format!("spec.{error}"))?
            .with_cooldown(cooldown)
            .with_initial_cooldown(initial);
        if let Some(fallback) = self.fallback {
            object = object.with_fallback(fallback);
        }
        if let Some(composite) = &self.composite {
            let modifiers = Modifiers::new(composite.formula.program().map_err(told)?, composite.target)
                .map_err(told)?
                .with_activation(composite.activation)
                .map_err(told)?
                .with_whole_target(composite.whole);
            object = object.with_modifiers(modifiers).map_err(told)?;
        }
        Ok(run(&object))
    }

    /// The spec of the HPA that KEDA makes: External metrics of the triggers or of the formula, CPU and memory as they are.
    pub(super) fn hpa_spec(&self) -> Result<Value, String> {
        let external = self.build(|object| {
            let external = object.hpa_metrics().map(|(trigger, target)| {
                let name = trigger.map_or_else(|| "composite".to_owned(), |index| self.metric_name(usize::from(index)));
                let target = match target {
                    Target::AverageValue(Milli(value)) => {
                        json!({ "type": "AverageValue", "averageValue": format!("{value}m") })
                    }
                    Target::Value(Milli(value)) => json!({ "type": "Value", "value": format!("{value}m") }),
                };
                json!({ "type": "External", "external": { "metric": { "name": name }, "target": target } })
            });
            external.collect::<Vec<_>>()
        })?;
        let resources = self.spec.triggers.iter().enumerate();
        let resources = resources.filter(|(_, trigger)| is_resource(&trigger.kind)).map(resource_metric);
        let resources = resources.collect::<Result<Vec<_>, _>>()?;
        let config = self.spec.advanced.as_ref().and_then(|it| it.horizontal_pod_autoscaler_config.as_ref());
        let mut behavior = config.and_then(|config| config.behavior.as_ref()).map(|behavior| json!(behavior));
        for (paused, direction) in
            [(self.annotations.scale_in_paused, "scaleDown"), (self.annotations.scale_out_paused, "scaleUp")]
        {
            if paused {
                let behavior = behavior.get_or_insert_with(|| json!({}));
                behavior[direction]["selectPolicy"] = json!("Disabled");
            }
        }
        let bounds = self.counts.hpa_bounds();
        let metrics = [external, resources].concat();
        let mut spec = json!({
            "minReplicas": bounds.min(),
            "maxReplicas": bounds.max(),
            "metrics": metrics,
        });
        if let Some(behavior) = behavior {
            spec["behavior"] = behavior;
        }
        Ok(spec)
    }

    fn metric_name(&self, trigger: usize) -> String {
        let kind = self.spec.triggers.get(trigger).map_or("", |trigger| trigger.kind.as_str());
        format!("s{trigger}-{kind}")
    }

    /// The cooldown, and that at the beginning.
    pub(super) fn cooldowns(&self) -> (Span, Span) {
        let seconds = |given: Option<i32>, default: u64| {
            Span::from_secs(given.map_or(default, |seconds| u64::try_from(seconds).unwrap_or(0)))
        };
        (seconds(self.spec.cooldown_period, 300), seconds(self.spec.initial_cooldown_period, 0))
    }
}

/// A fallback with impossible numbers is none, as upstream has it.
fn fallback(given: &scaled::Fallback) -> Option<Fallback> {
    let behavior = match given.behavior.as_deref() {
        None | Some("") => FallbackBehavior::Unset,
        Some("currentReplicas") => FallbackBehavior::CurrentReplicas,
        Some("currentReplicasIfHigher") => FallbackBehavior::CurrentReplicasIfHigher,
        Some("currentReplicasIfLower") => FallbackBehavior::CurrentReplicasIfLower,
        Some("scalingModifiers") => FallbackBehavior::ScalingModifiers,
        Some(_) => FallbackBehavior::Static,
    };
    Fallback::new(given.failure_threshold, given.replicas, behavior).ok()
}

fn composite(spec: &ScaledObjectSpec) -> Result<Option<Composite>, String> {
    const AT: &str = "spec.advanced.scalingModifiers";
    let Some(given) = spec.advanced.as_ref().and_then(|advanced| advanced.scaling_modifiers.as_ref()) else {
        return Ok(None);
    };
    let names = spec.triggers.iter().map(|trigger| match &trigger.name {
        Some(name) if !is_resource(&trigger.kind) => name.as_str(),
        _ => "",
    });
    let formula =
        Formula::parse(&given.formula, &names.collect::<Vec<_>>()).map_err(|error| format!("{AT}.formula: {error}"))?;
    let number = |field: &str, text: &str| {
        let number = text.trim().parse::<f64>().ok().filter(|number| number.is_finite());
        number.ok_or_else(|| format!("{AT}.{field} is {text:?}: must be a number"))
    };
    let target = Milli::from_units(number("target", &given.target)?).unwrap_or_default();
    let target = match given.metric_type.as_deref() {
        None | Some("" | "AverageValue") => Target::AverageValue(target),
        Some("Value") => Target::Value(target),
        Some(other) => return Err(format!("{AT}.metricType is {other:?}: must be AverageValue or Value")),
    };
    let activation = given.activation_target.as_deref().map(|text| number("activationTarget", text)).transpose()?;
    let whole = given.target.trim().parse::<i64>().is_ok();
    Ok(Some(Composite { formula, target, activation: activation.unwrap_or(0.0), whole }))
}

fn resource_metric((index, trigger): (usize, &scaled::Trigger)) -> Result<Value, String> {
    let value = trigger.metadata.get("value").cloned().unwrap_or_default();
    let target = match trigger.metric_type.as_deref() {
        Some("AverageValue") => json!({ "type": "AverageValue", "averageValue": value }),
        _ => {
            let percent = value.trim().parse::<i32>();
            let percent = percent
                .map_err(|_| format!("spec.triggers[{index}].metadata.value is {value:?}: must be a percentage"))?;
            json!({ "type": "Utilization", "averageUtilization": percent })
        }
    };
    Ok(json!({ "type": "Resource", "resource": { "name": trigger.kind, "target": target } }))
}
