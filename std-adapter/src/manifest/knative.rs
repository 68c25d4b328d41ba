//! Knative's autoscaler as it is written down: the config map `config-autoscaler` and the annotations of a revision.
//!
//! Texts become the core's numbers; the core judges them. Keys that Knative's autoscaler does not know are not read, as
//! upstream does. An error names the key and the text that stands there.
//!
//! Numbers, truths and durations are read as Go reads them (`strconv`, `time.ParseDuration`), but for hexadecimal
//! floats, and NaN and infinities, which upstream lets through its checks.
//! Source: `pkg/autoscaler/config`, `pkg/apis/autoscaling` of knative/serving v0.51.0.

use std::collections::BTreeMap;
use std::fmt;

use plimsoll_core::error::{ConfigError, Problem};
use plimsoll_core::kpa::{Aggregation, Cluster, Kpa, Metric, Revision, Settings, fraction};
use plimsoll_core::units::{Milli, Span};

const GROUP: &str = "autoscaling.knative.dev/";
const SERVING: &str = "serving.knative.dev/";
const CLASS: &str = "kpa.autoscaling.knative.dev";

/// Keys and their texts.
pub type Texts = BTreeMap<String, String>;

/// A setting that cannot be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnativeError {
    /// The key as it is written; the name of the setting where it is not written at all.
    pub key: String,
    /// The text that stands there, if one does.
    pub value: Option<String>,
    /// What is wrong with it.
    pub why: KnativeProblem,
}

/// What is wrong with a setting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KnativeProblem {
    /// No number.
    NotANumber,
    /// No whole number of 32 bits.
    NotAnInteger,
    /// None of Go's texts for truth.
    NotATruth,
    /// No duration.
    NotADuration,
    /// A duration below zero.
    Negative,
    /// None of these words.
    NotOneOf(&'static [&'static str]),
    /// Out of its range.
    Refused(ConfigError, Unit),
}

/// What a number in a [`ConfigError`] counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Whole numbers.
    One,
    /// Thousandths.
    Thousandth,
    /// Nanoseconds.
    Nanosecond,
}

impl fmt::Display for KnativeError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}: ", self.key)?;
        if let Some(value) = &self.value {
            write!(out, "{value:?} ")?;
        }
        match &self.why {
            KnativeProblem::NotANumber => out.write_str("is not a number"),
            KnativeProblem::NotAnInteger => out.write_str("is not a whole number of 32 bits"),
            KnativeProblem::NotATruth => out.write_str("is not true or false"),
            KnativeProblem::NotADuration => out.write_str("is not a duration, such as 90s or 1m30s"),
            KnativeProblem::Negative => out.write_str("must not be negative"),
            KnativeProblem::NotOneOf(words) => write!(out, "must be one of {}", words.join(", ")),
            KnativeProblem::Refused(error, unit) => {
                let number = |number: i64| Number { number, unit: *unit };
                match error.problem {
                    Problem::AtLeast(bound) => write!(out, "must be at least {}", number(bound)),
                    Problem::AtMost(bound) => write!(out, "must be at most {}", number(bound)),
                    Problem::MoreThan(bound) => write!(out, "must be more than {}", number(bound)),
                    Problem::MultipleOf(step) => write!(out, "must be a multiple of {}", number(step)),
                    _ => write!(out, "is refused: {error}"),
                }
            }
        }
    }
}

impl std::error::Error for KnativeError {}

struct Number {
    number: i64,
    unit: Unit,
}

impl fmt::Display for Number {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.unit {
            Unit::One => self.number.fmt(out),
            Unit::Thousandth => Milli(self.number).fmt(out),
            Unit::Nanosecond => Span::from_nanos(self.number.unsigned_abs()).fmt(out),
        }
    }
}

/// The settings of `config-autoscaler`, from the map under its `data`.
///
/// # Errors
/// The first key whose text cannot be read, or whose number is out of range. The whole map is then refused.
pub fn knative_cluster(data: &Texts) -> Result<Cluster, KnativeError> {
    let mut settings = Settings::DEFAULT;
    let keys = Keys { texts: data, group: "" };
    keys.truth("enable-scale-to-zero", &mut settings.scale_to_zero)?;
    keys.truth("allow-zero-initial-scale", &mut settings.allow_zero_initial_scale)?;
    for (key, to) in [
        ("max-scale-up-rate", &mut settings.max_scale_up_rate),
        ("max-scale-down-rate", &mut settings.max_scale_down_rate),
        ("container-concurrency-target-percentage", &mut settings.concurrency_utilization),
        ("container-concurrency-target-default", &mut settings.concurrency_target),
        ("requests-per-second-target-default", &mut settings.rps_target),
        ("target-burst-capacity", &mut settings.target_burst_capacity),
        ("panic-window-percentage", &mut settings.panic_window_percentage),
        ("activator-capacity", &mut settings.activator_capacity),
        ("panic-threshold-percentage", &mut settings.panic_threshold_percentage),
    ] {
        keys.read(&[key], float, KnativeProblem::NotANumber)?.into_iter().for_each(|found| *to = found);
    }
    settings.concurrency_utilization = fraction(settings.concurrency_utilization);
    for (key, to) in [
        ("initial-scale", &mut settings.initial_scale),
        ("min-scale", &mut settings.min_scale),
        ("max-scale", &mut settings.max_scale),
        ("max-scale-limit", &mut settings.max_scale_limit),
    ] {
        keys.read(&[key], integer, KnativeProblem::NotAnInteger)?.into_iter().for_each(|found| *to = found);
    }
    for (key, to) in [
        ("stable-window", &mut settings.stable_window),
        ("scale-down-delay", &mut settings.scale_down_delay),
        ("scale-to-zero-grace-period", &mut settings.scale_to_zero_grace),
        ("scale-to-zero-pod-retention-period", &mut settings.pod_retention),
    ] {
        keys.span(&[key])?.into_iter().for_each(|found| *to = found);
    }
    Cluster::new(settings).map_err(|error| keys.refused(&[error.field], error))
}

/// What a revision sets for itself, from its annotations and its `containerConcurrency` (0 or absent: any number).
///
/// # Errors
/// The first annotation whose text cannot be read. Ranges are judged with the cluster, see [`knative_autoscaler`].
pub fn knative_revision(annotations: &Texts, container_concurrency: Option<u32>) -> Result<Revision, KnativeError> {
    let keys = Keys { texts: annotations, group: GROUP };
    let number = |names: &[&str]| keys.read(names, float, KnativeProblem::NotANumber);
    let whole = |names: &[&str]| keys.read(names, integer, KnativeProblem::NotAnInteger);
    keys.word(&["class"], &[(CLASS, ())], &[CLASS])?;
    let deadline = Keys { group: SERVING, ..keys }.span(&["progress-deadline"])?;
    Ok(Revision {
        metric: keys
            .word(&["metric"], &[("concurrency", Metric::Concurrency), ("rps", Metric::Rps)], &["concurrency", "rps"])?
            .unwrap_or_default(),
        aggregation: keys
            .word(
                &["metric-aggregation-algorithm", "metricAggregationAlgorithm"],
                &[
                    ("", Aggregation::Linear),
                    ("linear", Aggregation::Linear),
                    ("weighted-exponential", Aggregation::WeightedExponential),
                    ("weightedExponential", Aggregation::WeightedExponential),
                ],
                &["linear", "weighted-exponential"],
            )?
            .unwrap_or_default(),
        container_concurrency,
        target: number(&["target"])?,
        target_utilization_percentage: number(&["target-utilization-percentage", "targetUtilizationPercentage"])?,
        target_burst_capacity: number(&["target-burst-capacity", "targetBurstCapacity"])?,
        window: keys.span(&["window"])?,
        panic_window_percentage: number(&["panic-window-percentage", "panicWindowPercentage"])?,
        panic_threshold_percentage: number(&["panic-threshold-percentage", "panicThresholdPercentage"])?,
        scale_down_delay: keys.span(&["scale-down-delay", "scaleDownDelay"])?,
        pod_retention: keys.span(&["scale-to-zero-pod-retention-period", "scaleToZeroPodRetentionPeriod"])?,
        initial_scale: whole(&["initial-scale", "initialScale"])?,
        min_scale: whole(&["min-scale", "minScale"])?,
        max_scale: whole(&["max-scale", "maxScale"])?,
        activation_scale: whole(&["activation-scale"])?,
        progress_deadline: deadline,
    })
}

/// The autoscaler of a revision.
///
/// # Errors
/// The first annotation whose text cannot be read, or whose number is out of range in this cluster.
pub fn knative_autoscaler(
    cluster: &Cluster,
    annotations: &Texts,
    container_concurrency: Option<u32>,
) -> Result<Kpa, KnativeError> {
    let revision = knative_revision(annotations, container_concurrency)?;
    Kpa::new(cluster, &revision).map_err(|error| {
        let group = if error.field == "progress-deadline" { SERVING } else { GROUP };
        Keys { texts: annotations, group }.refused(&[error.field, &camel_case(error.field)], error)
    })
}

#[derive(Clone, Copy)]
struct Keys<'a> {
    texts: &'a Texts,
    group: &'static str,
}

impl<'a> Keys<'a> {
    /// The first of several spellings that is there.
    fn find(&self, names: &[&str]) -> Option<(&'a String, &'a String)> {
        names.iter().find_map(|name| self.texts.get_key_value(&format!("{}{name}", self.group)))
    }

    fn read<T>(
        &self,
        names: &[&str],
        read: impl Fn(&str) -> Option<T>,
        why: KnativeProblem,
    ) -> Result<Option<T>, KnativeError> {
        let Some((key, text)) = self.find(names) else { return Ok(None) };
        match read(text) {
            Some(found) => Ok(Some(found)),
            None => Err(KnativeError { key: key.clone(), value: Some(text.clone()), why }),
        }
    }

    fn truth(&self, name: &str, to: &mut bool) -> Result<(), KnativeError> {
        self.read(&[name], truth, KnativeProblem::NotATruth)?.into_iter().for_each(|found| *to = found);
        Ok(())
    }

    fn span(&self, names: &[&str]) -> Result<Option<Span>, KnativeError> {
        let Some(nanos) = self.read(names, duration, KnativeProblem::NotADuration)? else { return Ok(None) };
        let nanos = self.read(names, |_| u64::try_from(nanos).ok(), KnativeProblem::Negative)?;
        Ok(nanos.map(Span::from_nanos))
    }

    fn word<T: Copy>(
        &self,
        names: &[&str],
        words: &[(&str, T)],
        shown: &'static [&'static str],
    ) -> Result<Option<T>, KnativeError> {
        let find = |text: &str| words.iter().find(|(word, _)| *word == text).map(|(_, meaning)| *meaning);
        self.read(names, find, KnativeProblem::NotOneOf(shown))
    }

    /// The core's verdict, with the text that led to it.
    fn refused(&self, names: &[&str], error: ConfigError) -> KnativeError {
        let why = KnativeProblem::Refused(error, unit(error.field));
        match self.find(names) {
            Some((key, text)) => KnativeError { key: key.clone(), value: Some(text.clone()), why },
            None => KnativeError { key: format!("{}{}", self.group, error.field), value: None, why },
        }
    }
}

fn unit(field: &str) -> Unit {
    match field {
        "initial-scale" | "min-scale" | "max-scale" | "max-scale-limit" | "activation-scale" => Unit::One,
        "window" | "stable-window" | "scale-down-delay" => Unit::Nanosecond,
        "scale-to-zero-grace-period" | "scale-to-zero-pod-retention-period" | "progress-deadline" => Unit::Nanosecond,
        _ => Unit::Thousandth,
    }
}

/// The older spelling of an annotation.
fn camel_case(name: &str) -> String {
    let mut words = name.split('-');
    let first = words.next().unwrap_or_default().to_owned();
    words.fold(first, |mut name, word| {
        let (initial, rest) = word.split_at(word.len().min(1));
        name.push_str(&initial.to_ascii_uppercase());
        name.push_str(rest);
        name
    })
}

/// `strconv.ParseBool`.
fn truth(text: &str) -> Option<bool> {
    match text {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Some(true),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Some(false),
        _ => None,
    }
}

/// `strconv.ParseInt` with 32 bits.
fn integer(text: &str) -> Option<i32> {
    text.parse().ok()
}

/// `strconv.ParseFloat`, finite decimals only. Underscores may stand between digits.
fn float(text: &str) -> Option<f64> {
    let letters = text.as_bytes();
    let digit = |place: Option<usize>| place.and_then(|place| letters.get(place)).is_some_and(u8::is_ascii_digit);
    let between = |place: usize| digit(place.checked_sub(1)) && digit(place.checked_add(1));
    if letters.iter().enumerate().any(|(place, letter)| *letter == b'_' && !between(place)) {
        return None;
    }
    text.replace('_', "").parse().ok().filter(|number: &f64| number.is_finite())
}

/// `time.ParseDuration`, in nanoseconds.
fn duration(text: &str) -> Option<i64> {
    let (negative, mut rest) = match text.strip_prefix(['-', '+']) {
        Some(rest) => (text.starts_with('-'), rest),
        None => (false, text),
    };
    if rest == "0" {
        return Some(0);
    }
    if rest.is_empty() {
        return None;
    }
    let mut total: u64 = 0;
    while !rest.is_empty() {
        let (whole, after) = digits(rest);
        let (part, after) = match after.strip_prefix('.') {
            Some(after) => digits(after),
            None => ("", after),
        };
        if whole.is_empty() && part.is_empty() {
            return None;
        }
        let end = after.find(|letter: char| letter == '.' || letter.is_ascii_digit()).unwrap_or(after.len());
        let (name, after) = after.split_at(end);
        let unit: u64 = match name {
            "ns" => 1,
            "us" | "\u{b5}s" | "\u{3bc}s" => 1_000,
            "ms" => 1_000_000,
            "s" => 1_000_000_000,
            "m" => 60_000_000_000,
            "h" => 3_600_000_000_000,
            _ => return None,
        };
        let whole: u64 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
        let mut value = whole.checked_mul(unit)?;
        let (part, scale) = fraction_of(part);
        // As Go has it: in floats, and the rest cut off.
        value = value.checked_add((part as f64 * (unit as f64 / scale)) as u64)?;
        total = total.checked_add(value)?;
        rest = after;
    }
    // −2⁶³ is a duration, 2⁶³ is none.
    match (negative, i64::try_from(total)) {
        (false, found) => found.ok(),
        (true, Ok(found)) => found.checked_neg(),
        (true, Err(_)) => (total == 1 << 63).then_some(i64::MIN),
    }
}

/// The digits after a point, as many as fit in 63 bits, and the power of ten that they are over.
fn fraction_of(digits: &str) -> (u64, f64) {
    const MOST: u64 = 1 << 63;
    let (mut number, mut scale) = (0_u64, 1.0);
    for digit in digits.bytes().map(|digit| u64::from(digit - b'0')) {
        match number.checked_mul(10).and_then(|tenfold| tenfold.checked_add(digit)) {
            Some(longer) if number <= (MOST - 1) / 10 && longer <= MOST => (number, scale) = (longer, scale * 10.0),
            _ => break,
        }
    }
    (number, scale)
}

fn digits(text: &str) -> (&str, &str) {
    text.split_at(text.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(text.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(pairs: &[(&str, &str)]) -> Texts {
        pairs.iter().map(|(key, text)| ((*key).to_owned(), (*text).to_owned())).collect()
    }

    #[test]
    fn texts_are_read_as_go_reads_them() {
        let spans = [
            ("1h", 3_600_000_000_000),
            ("1.5h", 5_400_000_000_000),
            ("-4m11s", -251_000_000_000),
            ("0", 0),
            ("-0", 0),
            ("+5s", 5_000_000_000),
            ("1\u{b5}s", 1_000),
            ("1.s", 1_000_000_000),
            (".5s", 500_000_000),
            ("1h1h", 7_200_000_000_000),
            ("2562047h47m16.854775807s", i64::MAX),
            ("1.0000000000000000001s", 1_000_000_000),
            ("0.3333333333333333333h", 1_200_000_000_000),
        ];
        for (text, nanos) in spans {
            assert_eq!(duration(text), Some(nanos), "{text}");
        }
        for text in ["5", "1e3s", "", ".s", "9223372037s", "s", "1 s", "-", "1m2", "1x"] {
            assert_eq!(duration(text), None, "{text}");
        }
        let floats = [("1_000", 1000.0), (".5", 0.5), ("5.", 5.0), ("-.5e1", -5.0), ("+1", 1.0), ("1_0e1", 100.0)];
        for (text, number) in floats {
            assert_eq!(float(text), Some(number), "{text}");
        }
        for text in ["1e400", "1e", "", " 1", "1 ", "_1", "1__0", "1_.5", "nan", "Inf", "not a float"] {
            assert_eq!(float(text), None, "{text}");
        }
        assert_eq!(
            ["+5", "-5", "007", "1_0", "2147483648", "0x5"].map(integer),
            [Some(5), Some(-5), Some(7), None, None, None]
        );
        assert_eq!(["TRUE", "f", "yes", "tRUE"].map(truth), [Some(true), Some(false), None, None]);
    }

    #[test]
    fn errors_name_the_key_and_the_text() {
        let cluster = |pairs: &[(&str, &str)]| knative_cluster(&texts(pairs)).expect_err("refused").to_string();
        assert_eq!(cluster(&[("stable-window", "61984ms")]), "stable-window: \"61984ms\" must be a multiple of 1 s");
        assert_eq!(cluster(&[("max-scale-up-rate", "1")]), "max-scale-up-rate: \"1\" must be more than 1");
        assert_eq!(cluster(&[("enable-scale-to-zero", "yes")]), "enable-scale-to-zero: \"yes\" is not true or false");
        assert_eq!(cluster(&[("max-scale-limit", "11")]), "max-scale: must be at least 1");
        assert_eq!(
            cluster(&[("scale-to-zero-pod-retention-period", "-4m11s")]),
            "scale-to-zero-pod-retention-period: \"-4m11s\" must not be negative"
        );
        let defaults = knative_cluster(&texts(&[("_example", "anything")])).expect("the defaults");
        let revision = |name: &str, text: &str| {
            knative_autoscaler(&defaults, &texts(&[(name, text)]), None).expect_err("refused").to_string()
        };
        assert_eq!(
            revision("autoscaling.knative.dev/panicThresholdPercentage", "50"),
            "autoscaling.knative.dev/panicThresholdPercentage: \"50\" must be at least 110"
        );
        assert_eq!(
            revision("serving.knative.dev/progress-deadline", "1500ms"),
            "serving.knative.dev/progress-deadline: \"1500ms\" must be a multiple of 1 s"
        );
        assert_eq!(
            revision("autoscaling.knative.dev/metric", "cpu"),
            "autoscaling.knative.dev/metric: \"cpu\" must be one of concurrency, rps"
        );
    }

    #[test]
    fn a_revision_overrides_its_cluster_in_either_spelling() {
        let cluster = knative_cluster(&texts(&[("container-concurrency-target-percentage", "80")])).expect("good");
        let annotations = texts(&[
            ("autoscaling.knative.dev/target", "50"),
            ("autoscaling.knative.dev/window", "2m"),
            ("autoscaling.knative.dev/minScale", "1"),
            ("autoscaling.knative.dev/min-scale", "2"),
            ("autoscaling.knative.dev/maxScale", "9"),
            ("autoscaling.knative.dev/metric-aggregation-algorithm", "weighted-exponential"),
            ("serving.knative.dev/progress-deadline", "5m"),
            ("app", "web"),
        ]);
        let kpa = knative_autoscaler(&cluster, &annotations, Some(10)).expect("good");
        assert_eq!((kpa.decider().target(), kpa.decider().total()), (8.0, 10.0));
        assert_eq!(kpa.windows(), (Span::from_secs(120), Span::from_secs(12)));
        assert_eq!(kpa.lifecycle().bounds(), (2, Some(9)));
        assert_eq!(kpa.lifecycle().activation_timeout(), Span::from_secs(330));
        assert_eq!(kpa.aggregation(), Aggregation::WeightedExponential);
    }
}
