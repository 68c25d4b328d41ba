//! KEDA's settings, annotations and formulas as text. The other functions of these files are core's.

use std::collections::BTreeMap;

use plimsoll::manifest::keda::{Formula, Kafka, annotations, formula, job_strategy, partition_list};
use plimsoll_core::queue::formula::Value as Answer;
use plimsoll_core::queue::{
    Fallback, FallbackBehavior, Health, History, Modifiers, Observation, OffsetReset, Paused, Reading, ReplicaCounts,
    ScaledObject, Strategy, Target, Trigger,
};
use plimsoll_core::units::{Milli, Replicas};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{Vector, VectorFile, read};

const FUNCTIONS: [&str; 7] = [
    "kafka_config",
    "parse_partition_limitation",
    "job_strategy_select",
    "needs_pause",
    "paused_replica_count",
    "modifier_formula",
    "modifier_cast",
];

#[test]
fn keda_text() {
    let mut passed: BTreeMap<&str, usize> = FUNCTIONS.map(|function| (function, 0)).into();
    let mut failed = Vec::new();
    for name in ["keda_fallback_modifiers.json", "keda_kafka.json", "keda_scaledjob.json", "keda_scaledobject.json"] {
        let file: VectorFile<Vector> = read(name);
        assert_eq!(file.schema, "autoscale-vectors/1");
        assert_eq!(file.vectors.len(), file.count, "the file has as many vectors as it says");
        for vector in &file.vectors {
            let Some(function) = FUNCTIONS.into_iter().find(|function| *function == vector.function) else { continue };
            let verdict = match function {
                "kafka_config" => kafka(vector),
                "parse_partition_limitation" => partitions(vector),
                "job_strategy_select" => strategy(vector),
                "needs_pause" => pause(vector),
                "paused_replica_count" => paused_count(vector),
                "modifier_formula" => composite(vector),
                "modifier_cast" => cast(vector),
                other => Err(format!("unknown fn {other:?}")),
            };
            match verdict {
                Ok(()) => *passed.entry(function).or_default() += 1,
                Err(why) => failed.push(format!("{} ({}): {why}", vector.id, vector.name)),
            }
        }
    }
    for (function, count) in &passed {
        println!("keda_text: {function}: {count} passed");
    }
    assert!(failed.is_empty(), "{} failed:\n{}", failed.len(), failed.join("\n"));
    assert!(passed.values().sum::<usize>() > 0, "no vector ran");
}

fn part<T: DeserializeOwned>(value: &Value) -> Result<T, String> {
    T::deserialize(value).map_err(|error| error.to_string())
}

fn same<T: PartialEq + std::fmt::Debug>(what: &str, expected: T, found: T) -> Result<(), String> {
    if expected == found { Ok(()) } else { Err(format!("{what}: expected {expected:?}, found {found:?}")) }
}

fn kafka(vector: &Vector) -> Result<(), String> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Output {
        error: bool,
        lag_threshold: Option<i64>,
        activation_lag_threshold: Option<i64>,
        offset_reset_policy: Option<String>,
        allow_idle_consumers: Option<bool>,
        exclude_persistent_lag: Option<bool>,
        limit_to_partitions_with_lag: Option<bool>,
        ensure_even_distribution: Option<bool>,
    }
    let mut output = vector.output.clone();
    // Null is an answer here: no limitation.
    let limitation = output.as_object_mut().and_then(|fields| fields.remove("partition_limitation"));
    let output: Output = part(&output)?;
    let found = Kafka::read(&part(&vector.input)?);
    same("error", output.error, found.is_err())?;
    let Ok(found) = found else { return Ok(()) };
    if let Some(limitation) = limitation {
        same("limitation", part::<Option<Vec<i32>>>(&limitation)?, found.partitions)?;
    }
    let given = |expected: Option<i64>, found| same("number", expected.unwrap_or(found), found);
    given(output.lag_threshold, found.lag.threshold())?;
    given(output.activation_lag_threshold, found.lag.activation())?;
    let given = |expected: Option<bool>, found| same("switch", expected.unwrap_or(found), found);
    given(output.allow_idle_consumers, found.allow_idle_consumers)?;
    given(output.exclude_persistent_lag, found.exclude_persistent_lag)?;
    given(output.limit_to_partitions_with_lag, found.limit_to_partitions_with_lag)?;
    given(output.ensure_even_distribution, found.ensure_even_distribution)?;
    let reset = match found.offset_reset {
        OffsetReset::Latest => "latest",
        OffsetReset::Earliest => "earliest",
    };
    same("offset reset", output.offset_reset_policy.as_deref().unwrap_or(reset), reset)
}

fn partitions(vector: &Vector) -> Result<(), String> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Input {
        text: String,
    }
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Output {
        partitions: Option<Vec<i32>>,
        #[serde(default)]
        error: bool,
    }
    let (input, output): (Input, Output) = (part(&vector.input)?, part(&vector.output)?);
    let found = partition_list(&input.text);
    same("error", output.error, found.is_err())?;
    same("partitions", output.partitions.filter(|_| !output.error), found.ok())
}

fn strategy(vector: &Vector) -> Result<(), String> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Input {
        strategy: String,
        running_job_percentage: String,
    }
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Output {
        selected: String,
    }
    let (input, output): (Input, Output) = (part(&vector.input)?, part(&vector.output)?);
    let found = match job_strategy(&input.strategy, None, &input.running_job_percentage) {
        Strategy::Default => "default",
        Strategy::Custom { .. } => "custom",
        Strategy::Accurate => "accurate",
        Strategy::Eager => "eager",
    };
    same("strategy", output.selected.as_str(), found)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Annotated {
    annotations: BTreeMap<String, String>,
}

impl Annotated {
    fn whole(self) -> BTreeMap<String, String> {
        self.annotations.into_iter().map(|(name, value)| (format!("autoscaling.keda.sh/{name}"), value)).collect()
    }
}

fn pause(vector: &Vector) -> Result<(), String> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Output {
        paused: bool,
    }
    let (input, output): (Annotated, Output) = (part(&vector.input)?, part(&vector.output)?);
    // A number that cannot be read pauses all the same.
    let paused = annotations(&input.whole()).map_or(true, |found| found.paused != Paused::No);
    same("paused", output.paused, paused)
}

fn paused_count(vector: &Vector) -> Result<(), String> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Output {
        replicas: Option<i32>,
        #[serde(default)]
        error: bool,
    }
    let (input, output): (Annotated, Output) = (part(&vector.input)?, part(&vector.output)?);
    let found = annotations(&input.whole());
    same("error", output.error, found.is_err())?;
    let replicas = found.ok().and_then(|found| match found.paused {
        Paused::At(replicas) => Some(replicas.0),
        _ => None,
    });
    same("replicas", output.replicas, replicas)
}

/// Text to program to a whole read of a scaled object.
fn composite(vector: &Vector) -> Result<(), String> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Input {
        formula: Option<String>,
        values: BTreeMap<String, Option<f64>>,
        target: Option<String>,
        fallback_replicas: Option<i32>,
    }
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Output {
        composite: Option<f64>,
        #[serde(default)]
        error: bool,
    }
    let (input, output): (Input, Output) = (part(&vector.input)?, part(&vector.output)?);
    let found = (|| {
        let names: Vec<&str> = input.values.keys().map(String::as_str).collect();
        let formula = Formula::parse(&formula::cast(input.formula.as_deref()?), &names).ok()?;
        let values: Vec<_> = input.values.values().copied().collect();
        if let Answer::Number(number) = formula.program().ok()?.run(&values)
            && input.fallback_replicas.is_none()
        {
            // The function alone: how a missing value came about is another question.
            return Some(Milli((number * 1000.0).trunc() as i64));
        }
        let target = input.target.as_deref().map_or(Some(1.0), |text| text.parse::<f64>().ok())?;
        let target = Target::AverageValue(Milli((target * 1000.0).round() as i64));
        let triggers: Vec<_> = names.iter().map(|name| Trigger::external(name, target).expect("a target")).collect();
        let modifiers = Modifiers::new(formula.program().ok()?, target).ok()?;
        let object = ScaledObject::new(ReplicaCounts::DEFAULT, &triggers).ok()?.with_modifiers(modifiers).ok()?;
        let mut history = History::<16>::new(&object).ok()?;
        // A value that is missing is one whose trigger failed for longer than its threshold.
        let object = match input.fallback_replicas {
            Some(replicas) => {
                object.with_fallback(Fallback::new(0, replicas, FallbackBehavior::ScalingModifiers).ok()?)
            }
            None => object,
        };
        let mut readings = Vec::new();
        for (value, at) in input.values.values().zip(0..) {
            readings.push(match value {
                Some(value) => Reading::of(*value, false),
                None => Reading::Failed,
            });
            history.set_health(at, Some(Health { failures: 9, failing: true }));
        }
        let seen = Observation { replicas: Some(Replicas(1)), readings: &readings, ..Observation::default() };
        object.read(&mut history, &seen, &mut ()).first()?.value
    })();
    same("error", output.error, found.is_none())?;
    // What is expected was cut to thousandths already: 32.666 is 32665.999… of them.
    same("composite", output.composite.map(|value| (value * 1000.0).round() as i64), found.map(|value| value.0))
}

fn cast(vector: &Vector) -> Result<(), String> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Text {
        formula: String,
    }
    let (input, output): (Text, Text) = (part(&vector.input)?, part(&vector.output)?);
    same("formula", output.formula, formula::cast(&input.formula))
}
