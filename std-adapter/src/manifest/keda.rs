//! KEDA as it is written down: settings of triggers and annotations, all of them text, and formulas.

use std::collections::BTreeMap;
use std::fmt;

use plimsoll_core::queue::{Annotations, Calculation, ConsumerCap, LagPolicy, OffsetReset, Paused, Strategy};
use plimsoll_core::units::Replicas;

use super::document::quoted;

pub mod formula;

pub use formula::{Formula, FormulaError};

/// The most partitions that a limitation may list.
pub const MOST_PARTITIONS: usize = 1 << 16;

/// Text that does not fit: which setting, and what is wrong with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SettingError {
    /// The setting, by its name in a manifest.
    pub setting: &'static str,
    /// What is wrong.
    pub message: String,
}

impl fmt::Display for SettingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.setting, self.message)
    }
}

impl std::error::Error for SettingError {}

fn wrong<T>(setting: &'static str, message: impl Into<String>) -> Result<T, SettingError> {
    Err(SettingError { setting, message: message.into() })
}

/// The `metadata` of a Kafka trigger, as far as decisions depend on it.
#[derive(Clone, Debug, PartialEq)]
pub struct Kafka {
    /// Where the brokers are.
    pub bootstrap_servers: Vec<String>,
    /// The group whose lag counts.
    pub consumer_group: String,
    /// The topic; all that the group has committed to without one.
    pub topic: Option<String>,
    /// The partitions that count; all of them without one. Ignored, as by KEDA, without a topic.
    pub partitions: Option<Vec<i32>>,
    /// How lag is counted.
    pub lag: LagPolicy,
    /// `offsetResetPolicy`.
    pub offset_reset: OffsetReset,
    /// `allowIdleConsumers`.
    pub allow_idle_consumers: bool,
    /// `excludePersistentLag`.
    pub exclude_persistent_lag: bool,
    /// `limitToPartitionsWithLag`.
    pub limit_to_partitions_with_lag: bool,
    /// `ensureEvenDistributionOfPartitions`.
    pub ensure_even_distribution: bool,
}

impl Kafka {
    /// Reads the settings, fills in KEDA's defaults, and refuses what KEDA refuses.
    ///
    /// # Errors
    /// The first setting that does not fit.
    pub fn read(metadata: &BTreeMap<String, String>) -> Result<Self, SettingError> {
        let settings = Settings(metadata);
        let bootstrap = settings.required("bootstrapServers")?;
        let consumer_group = settings.required("consumerGroup")?.to_owned();
        let topic = settings.text("topic").map(str::to_owned);
        let threshold = settings.whole("lagThreshold", LagPolicy::DEFAULT_THRESHOLD)?;
        let activation = settings.whole("activationLagThreshold", 0)?;
        let offset_reset = match settings.text("offsetResetPolicy") {
            None | Some("latest") => OffsetReset::Latest,
            Some("earliest") => OffsetReset::Earliest,
            Some(other) => {
                return wrong("offsetResetPolicy", format!("{} is neither latest nor earliest", quoted(other)));
            }
        };
        let allow_idle_consumers = settings.truth("allowIdleConsumers")?;
        let exclude_persistent_lag = settings.truth("excludePersistentLag")?;
        let zero_on_invalid_offset = settings.truth("scaleToZeroOnInvalidOffset")?;
        let limit_to_partitions_with_lag = settings.truth("limitToPartitionsWithLag")?;
        let ensure_even_distribution = settings.truth("ensureEvenDistributionOfPartitions")?;
        let full_metadata = settings.text("fullMetadata").is_none() || settings.truth("fullMetadata")?;

        if let Some(version) = settings.text("version")
            && !is_kafka_version(version)
        {
            return wrong("version", format!("{} is no version of Kafka, as 2.8.0 is", quoted(version)));
        }
        settings.one_of("tls", &["enable", "disable"])?;
        settings.truth("unsafeSsl")?;
        let sasl = ["none", "plaintext", "scram_sha256", "scram_sha512", "oauthbearer", "gssapi"];
        settings.one_of("sasl", &sasl)?;

        let partitions = settings.text("partitionLimitation").map(partition_list).transpose()?;
        let cap = match (allow_idle_consumers, limit_to_partitions_with_lag, ensure_even_distribution) {
            (true, true, _) => {
                return wrong("limitToPartitionsWithLag", "cannot be set together with allowIdleConsumers");
            }
            (_, true, true) => {
                let why = "cannot be set together with ensureEvenDistributionOfPartitions";
                return wrong("limitToPartitionsWithLag", why);
            }
            (_, true, false) => ConsumerCap::LaggingPartitions,
            (_, false, true) => ConsumerCap::EvenShares,
            (true, false, false) => ConsumerCap::Unlimited,
            (false, false, false) => ConsumerCap::Partitions,
        };
        if topic.is_none() {
            if limit_to_partitions_with_lag {
                return wrong("limitToPartitionsWithLag", "needs a topic");
            }
            if ensure_even_distribution {
                return wrong("ensureEvenDistributionOfPartitions", "needs a topic");
            }
            if !full_metadata {
                return wrong("fullMetadata", "cannot be false without a topic");
            }
        }
        let lag = LagPolicy::new(threshold).or_else(|error| wrong("lagThreshold", error.to_string()))?;
        let lag =
            lag.with_activation(activation).or_else(|error| wrong("activationLagThreshold", error.to_string()))?;
        Ok(Self {
            bootstrap_servers: bootstrap.split(',').map(|server| server.trim().to_owned()).collect(),
            consumer_group,
            partitions: partitions.filter(|_| topic.is_some()),
            topic,
            lag: lag
                .with_offset_reset(offset_reset)
                .with_zero_on_invalid_offset(zero_on_invalid_offset)
                .with_persistent_lag_excluded(exclude_persistent_lag)
                .with_cap(cap),
            offset_reset,
            allow_idle_consumers,
            exclude_persistent_lag,
            limit_to_partitions_with_lag,
            ensure_even_distribution,
        })
    }
}

/// Settings by name; blanks around a value do not count, and a blank value is none.
struct Settings<'a>(&'a BTreeMap<String, String>);

impl<'a> Settings<'a> {
    fn text(&self, setting: &str) -> Option<&'a str> {
        self.0.get(setting).map(|text| text.trim()).filter(|text| !text.is_empty())
    }

    fn required(&self, setting: &'static str) -> Result<&'a str, SettingError> {
        self.text(setting).map_or_else(|| wrong(setting, "is required"), Ok)
    }

    fn whole(&self, setting: &'static str, default: i64) -> Result<i64, SettingError> {
        let Some(text) = self.text(setting) else { return Ok(default) };
        // KEDA reads these as JSON, which knows no sign before a positive number and no leading zeros.
        let digits = text.strip_prefix('-').unwrap_or(text);
        let json = !digits.starts_with('+') && (digits == "0" || !digits.starts_with('0'));
        text.parse()
            .ok()
            .filter(|_| json)
            .map_or_else(|| wrong(setting, format!("{} is no whole number", quoted(text))), Ok)
    }

    fn one_of(&self, setting: &'static str, known: &[&str]) -> Result<(), SettingError> {
        match self.text(setting) {
            Some(text) if !known.contains(&text) => {
                wrong(setting, format!("{} is none of {}", quoted(text), known.join(", ")))
            }
            _ => Ok(()),
        }
    }

    fn truth(&self, setting: &'static str) -> Result<bool, SettingError> {
        let Some(text) = self.text(setting) else { return Ok(false) };
        truth(text).map_or_else(|| wrong(setting, format!("{} is neither true nor false", quoted(text))), Ok)
    }
}

/// Three numbers, or four of which the first is 0.
fn is_kafka_version(text: &str) -> bool {
    let parts: Vec<&str> = text.split('.').collect();
    let digits = parts.iter().all(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()));
    digits && (parts.len() == 3 || (parts.len() == 4 && parts[0] == "0"))
}

/// What Go's `strconv.ParseBool` takes.
fn truth(text: &str) -> Option<bool> {
    match text {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Some(true),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Some(false),
        _ => None,
    }
}

/// A list of partitions and ranges, as `1-4,8`, blanks allowed. A range that runs backwards is empty.
///
/// # Errors
/// What is no number or range, or more than [`MOST_PARTITIONS`].
pub fn partition_list(text: &str) -> Result<Vec<i32>, SettingError> {
    const SETTING: &str = "partitionLimitation";
    let number = |part: &str| {
        let no_number = || wrong(SETTING, format!("{} is no partition", quoted(part.trim())));
        part.trim().parse::<i32>().map_or_else(|_| no_number(), Ok)
    };
    let mut partitions = Vec::new();
    for part in text.split(',') {
        let range = match part.split('-').collect::<Vec<_>>()[..] {
            [single] => number(single)?..=number(single)?,
            [from, to] => number(from)?..=number(to)?,
            _ => return wrong(SETTING, format!("{} is no range", quoted(part.trim()))),
        };
        let length = i64::from(*range.end()) - i64::from(*range.start()) + 1;
        if partitions.len() as i64 + length.max(0) > MOST_PARTITIONS as i64 {
            return wrong(SETTING, format!("lists more than {MOST_PARTITIONS} partitions"));
        }
        partitions.extend(range);
    }
    Ok(partitions)
}

/// A `scalingStrategy`, by name. As in KEDA, custom without a percentage that is a number is the default one, as is any
/// name that is not known.
#[must_use]
pub fn job_strategy(name: &str, deduction: Option<i32>, running_percentage: &str) -> Strategy {
    match (name, running_percentage.parse::<f64>()) {
        ("custom", Ok(running)) if running.is_finite() => {
            Strategy::Custom { deduction: deduction.unwrap_or(0), running }
        }
        ("accurate", _) => Strategy::Accurate,
        ("eager", _) => Strategy::Eager,
        _ => Strategy::Default,
    }
}

/// `multipleScalersCalculation`, by name. Any name that is not known is max.
#[must_use]
pub fn job_calculation(name: &str) -> Calculation {
    match name {
        "min" => Calculation::Min,
        "avg" => Calculation::Avg,
        "sum" => Calculation::Sum,
        _ => Calculation::Max,
    }
}

const PREFIX: &str = "autoscaling.keda.sh/";

/// What the annotations `autoscaling.keda.sh/…` of a scaled object ask for. A switch with a value that is neither true
/// nor false is on.
///
/// # Errors
/// When `paused-replicas` is no number.
pub fn annotations(annotations: &BTreeMap<String, String>) -> Result<Annotations, SettingError> {
    let get = |name: &str| annotations.get(&format!("{PREFIX}{name}")).map(String::as_str);
    let on = |name: &str| get(name).is_some_and(|value| truth(value).unwrap_or(true));
    let paused = match get("paused-replicas") {
        Some(text) => match text.parse() {
            Ok(replicas) => Paused::At(Replicas(replicas)),
            Err(_) => return wrong("paused-replicas", format!("{} is no number of replicas", quoted(text))),
        },
        None if on("paused") => Paused::AsIs,
        None => Paused::No,
    };
    Ok(Annotations {
        paused,
        scale_in_paused: on("paused-scale-in"),
        scale_out_paused: on("paused-scale-out"),
        force_activation: on("force-activation"),
    })
}

/// Whether an annotation pauses a scaled job; `paused-replicas` and the other annotations are for scaled objects only.
#[must_use]
pub fn job_paused(annotations: &BTreeMap<String, String>) -> bool {
    annotations.get(&format!("{PREFIX}paused")).is_some_and(|value| truth(value).unwrap_or(true))
}

/// The nearest of some names, if one is near.
fn nearest<'n>(name: &str, known: impl IntoIterator<Item = &'n str>) -> Option<&'n str> {
    let distances = known.into_iter().map(|known| (strsim::damerau_levenshtein(name, known), known));
    distances.filter(|(distance, _)| *distance <= 2 && *distance < name.len()).min().map(|(_, known)| known)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn settings_that_do_not_fit_are_named() {
        let with = |name, value| {
            let settings =
                [("bootstrapServers", "a:9092, b:9092"), ("consumerGroup", "g"), ("topic", "t"), (name, value)];
            Kafka::read(&map(&settings)).map_err(|error| error.to_string())
        };
        assert_eq!(with("x", "").map(|kafka| kafka.bootstrap_servers), Ok(vec!["a:9092".into(), "b:9092".into()]));
        let refused = [
            ("lagThreshold", "0", "lagThreshold: lag threshold is 0, must be at least 1"),
            ("lagThreshold", "1.5", "lagThreshold: \"1.5\" is no whole number"),
            ("version", "2.8", "version: \"2.8\" is no version of Kafka, as 2.8.0 is"),
            ("tls", "on", "tls: \"on\" is none of enable, disable"),
            ("allowIdleConsumers", "yes", "allowIdleConsumers: \"yes\" is neither true nor false"),
            ("offsetResetPolicy", "first", "offsetResetPolicy: \"first\" is neither latest nor earliest"),
            ("partitionLimitation", "1-2-3", "partitionLimitation: \"1-2-3\" is no range"),
            ("partitionLimitation", "0-70000", "partitionLimitation: lists more than 65536 partitions"),
        ];
        for (name, value, expected) in refused {
            assert_eq!(with(name, value).err().as_deref(), Some(expected));
        }
    }

    #[test]
    fn a_number_of_replicas_wins_over_paused_false() {
        let read = |pairs: &[(&str, &str)]| annotations(&map(pairs));
        let both = read(&[("autoscaling.keda.sh/paused", "false"), ("autoscaling.keda.sh/paused-replicas", "3")]);
        assert_eq!(both.map(|found| found.paused), Ok(Paused::At(Replicas(3))));
        let odd = read(&[("autoscaling.keda.sh/paused-scale-in", "")]);
        assert_eq!(odd.map(|found| found.scale_in_paused), Ok(true));
        assert!(read(&[("autoscaling.keda.sh/paused-replicas", "x")]).is_err());
    }
}
