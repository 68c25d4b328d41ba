//! Why: every stage of a decision leaves values, and `Display` makes sentences of them.

use core::fmt;

use super::observation::{MetricError, Selector};
use super::pods::LeftOut;
use super::policy::{Hpa, Metric, Source, Target};
use super::propose::{Basis, Proposal, Reported};
use crate::constrain::{Amount, Direction, Limit, RateLimit};
use crate::units::{Instant, Milli, Replicas};

/// One step of a decision.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Step {
    /// The clock ran back; what was remembered from later counts as from now.
    ClockWentBack {
        /// Time of the sync before.
        last: Instant,
        /// Time of this sync.
        now: Instant,
    },
    /// A second sync at the same time.
    ClockStood {
        /// The time.
        now: Instant,
    },
    /// So much time passed that nothing that was remembered counts any more.
    LongGap {
        /// Time of the sync before.
        last: Instant,
        /// Time of this sync.
        now: Instant,
    },
    /// The list of recommendations or of scale events was full: older entries were merged.
    HistoryFull,
    /// The first sync: the current number counts as a recommendation.
    Seeded {
        /// The current number.
        replicas: Replicas,
    },
    /// The scale could not be read.
    ScaleUnread,
    /// Zero replicas, not of the HPA's own making: off.
    Disabled,
    /// More replicas than the most; metrics are not read.
    AboveMax {
        /// Replicas before.
        from: Replicas,
        /// The most.
        to: Replicas,
    },
    /// Fewer replicas than the fewest; metrics are not read.
    BelowMin {
        /// Replicas before.
        from: Replicas,
        /// The fewest.
        to: Replicas,
    },
    /// The selector cannot be used.
    SelectorUnusable {
        /// Why.
        selector: Selector,
    },
    /// The pods could not be listed.
    PodsUnlisted,
    /// A metric gave a number.
    Proposed {
        /// Number of the metric in the policy.
        metric: u16,
        /// What was read, and what was left out.
        read: Read,
        /// What it asks for.
        proposal: Proposal,
    },
    /// A metric failed.
    MetricFailed {
        /// Number of the metric in the policy.
        metric: u16,
        /// Where it comes from.
        source: Source,
        /// Why.
        error: MetricError,
    },
    /// The greatest proposal.
    Recommended {
        /// Number of the metric in the policy.
        metric: u16,
        /// What it asks for.
        replicas: Replicas,
        /// Replicas now.
        current: Replicas,
    },
    /// No number can be computed: nothing is changed.
    Unknowable {
        /// Metrics that failed; 0 when none was tried.
        invalid: u16,
        /// Metrics of the policy.
        of: u16,
    },
    /// Some metrics failed, the others ask for no fewer replicas than there are.
    PartlyFailed {
        /// Metrics that failed.
        invalid: u16,
        /// Metrics of the policy.
        of: u16,
    },
    /// A window holds the number.
    Stabilized {
        /// The direction that is held.
        direction: Direction,
        /// The recommendation that holds it.
        by: Replicas,
        /// Replicas asked for.
        from: Replicas,
        /// Replicas after the window.
        to: Replicas,
        /// When that leaves the window.
        until: Instant,
    },
    /// The window of this direction was not watched from end to end yet.
    ColdHeld {
        /// Replicas asked for.
        from: Replicas,
        /// Replicas now.
        to: Replicas,
        /// When it will have been.
        until: Instant,
    },
    /// A bound or a rate rule cut the number.
    Limited {
        /// Replicas before the cut.
        from: Replicas,
        /// Replicas after it.
        to: Replicas,
        /// What cut it.
        limit: Limit,
        /// The rate rule's part in it.
        rate: Option<RateLimit>,
    },
    /// The HPA leaves its own zero: raised to the fewest.
    LiftedFromZero {
        /// The fewest.
        to: Replicas,
    },
    /// The host wrote the scale.
    Rescaled {
        /// Replicas before.
        from: Replicas,
        /// Replicas after.
        to: Replicas,
    },
    /// The host could not write the scale.
    RescaleFailed {
        /// Replicas before.
        from: Replicas,
        /// Replicas that were to be.
        to: Replicas,
    },
}

/// What was read for a metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Read {
    /// Pods of the target; 0 when the metric is not read from pods.
    pub listed: u32,
    /// Pods whose sample counts.
    pub ready: u32,
    /// Pods without a sample.
    pub missing: u32,
    /// Samples without a pod.
    pub unlisted: u32,
    /// Pods left out, by reason.
    pub left_out: LeftOut,
}

impl Step {
    /// The reason of the event that upstream sends at this step, if it sends one.
    #[must_use]
    pub const fn event(&self) -> Option<&'static str> {
        Some(match self {
            Self::ScaleUnread => "FailedGetScale",
            Self::SelectorUnusable { selector } => match selector {
                Selector::Missing => "SelectorRequired",
                Selector::Unparsable => "InvalidSelector",
                Selector::Ambiguous => "AmbiguousSelector",
                Selector::Usable => return None,
            },
            Self::MetricFailed { source, .. } => failed(*source).name(),
            Self::Unknowable { .. } => "FailedComputeMetricsReplicas",
            Self::Rescaled { .. } => "SuccessfulRescale",
            Self::RescaleFailed { .. } => "FailedRescale",
            _ => return None,
        })
    }

    /// What a metric read, in words: `121 % of request, target 70 % (7 of 11 pods, 1 without a sample)`, or why it
    /// failed. `None` for steps of other kinds.
    #[must_use]
    pub fn reading<'a>(&self, hpa: &'a Hpa<'a>) -> Option<MetricReading<'a>> {
        let (metric, read) = match *self {
            Self::Proposed { metric, read, proposal } => (metric, Ok((read, proposal))),
            Self::MetricFailed { metric, error, .. } => (metric, Err(error)),
            _ => return None,
        };
        Some(MetricReading { metric: hpa.metrics.get(usize::from(metric))?, read })
    }

    /// The step as a sentence with the names of the policy's metrics.
    #[must_use]
    pub const fn sentence<'a>(&'a self, hpa: &'a Hpa<'a>) -> Sentence<'a> {
        Sentence { step: self, hpa: Some(hpa), now: None }
    }
}

/// The reason of a failing metric, for its condition and its event.
pub(super) const fn failed(source: Source) -> super::condition::Reason {
    use super::condition::Reason;
    match source {
        Source::Resource => Reason::FailedGetResourceMetric,
        Source::ContainerResource => Reason::FailedGetContainerResourceMetric,
        Source::Pods => Reason::FailedGetPodsMetric,
        Source::Object => Reason::FailedGetObjectMetric,
        Source::External => Reason::FailedGetExternalMetric,
        Source::Unknown => Reason::InvalidMetricSourceType,
    }
}

impl fmt::Display for Step {
    /// The sentence, with metrics by number. [`Step::sentence`] has their names.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Sentence { step: self, hpa: None, now: None }.fmt(f)
    }
}

/// What a metric read, in words; see [`Step::reading`].
#[derive(Clone, Copy, Debug)]
pub struct MetricReading<'a> {
    metric: &'a Metric<'a>,
    read: Result<(Read, Proposal), MetricError>,
}

impl MetricReading<'_> {
    /// The metric's name.
    #[must_use]
    pub const fn metric(&self) -> &str {
        self.metric.name
    }

    /// The replicas that it asks for; `None` when it failed.
    #[must_use]
    pub fn asks(&self) -> Option<Replicas> {
        self.read.ok().map(|(_, proposal)| proposal.replicas)
    }
}

impl fmt::Display for MetricReading<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (read, proposal) = match self.read {
            Ok(read) => read,
            Err(error) => return write!(f, "failed: {error}"),
        };
        let memory = self.metric.name == "memory";
        write!(
            f,
            "{}, target {}",
            self.metric.words(proposal.reported),
            Wanted { target: self.metric.target, memory }
        )?;
        let opening = if read.listed > 0 {
            write!(f, " ({} of {} pods", read.ready, read.listed)?;
            ", "
        } else {
            " ("
        };
        let open = left_out(f, &read, opening)? || read.listed > 0;
        if open { f.write_str(")") } else { Ok(()) }
    }
}

/// A step in words.
#[derive(Clone, Copy, Debug)]
pub struct Sentence<'a> {
    step: &'a Step,
    hpa: Option<&'a Hpa<'a>>,
    now: Option<Instant>,
}

impl Sentence<'_> {
    /// Gives moments as seen from `now`: `for another 285 s` instead of `until 330 s`.
    #[must_use]
    pub const fn seen_at(self, now: Instant) -> Self {
        Self { now: Some(now), ..self }
    }
}

/// The end of something that holds, if it is known.
struct Until {
    end: Option<Instant>,
    now: Option<Instant>,
}

impl fmt::Display for Until {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.end, self.now) {
            (None, _) => Ok(()),
            (Some(end), None) => write!(f, ", until {end}"),
            (Some(end), Some(now)) => write!(f, ", for another {}", end.since(now)),
        }
    }
}

impl fmt::Display for Sentence<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self.step {
            Step::ClockWentBack { last, now } => {
                write!(f, "the clock ran back by {}: what was seen later counts as seen now", last.since(now))
            }
            Step::ClockStood { now } if self.now == Some(now) => f.write_str("a second sync at the same moment"),
            Step::ClockStood { now } => write!(f, "a second sync at {now}"),
            Step::LongGap { last, now } => {
                write!(f, "{} passed since the last sync: nothing remembered counts any more", now.since(last))
            }
            Step::HistoryFull => f.write_str("the history is full: its oldest entries were merged"),
            Step::Seeded { replicas } => {
                write!(f, "first sync: the current {replicas} count as a recommendation")
            }
            Step::ScaleUnread => f.write_str("the scale of the target could not be read: nothing changes"),
            Step::Disabled => f.write_str("zero replicas, not of the HPA's own making: scaling is off"),
            Step::AboveMax { from, to } => {
                write!(f, "{from} are above the maximum of {to}: lowered at once, metrics are not read")
            }
            Step::BelowMin { from, to } => {
                write!(f, "{from} are below the minimum of {to}: raised at once, metrics are not read")
            }
            Step::SelectorUnusable { selector } => f.write_str(match selector {
                Selector::Missing => "the scale has no selector: nothing changes",
                Selector::Unparsable => "the scale's selector does not parse: nothing changes",
                Selector::Ambiguous => "a pod is selected by another HPA's target too: nothing changes",
                Selector::Usable => "the scale's selector can be used",
            }),
            Step::PodsUnlisted => f.write_str("the pods could not be listed: nothing changes"),
            Step::Proposed { metric, read, proposal } => self.proposed(f, metric, &read, &proposal),
            Step::MetricFailed { metric, error, .. } => {
                write!(f, "{} failed: {error}", self.metric(metric))
            }
            Step::Recommended { metric, replicas, current } => {
                let name = self.metric(metric);
                match replicas.cmp(&current) {
                    core::cmp::Ordering::Greater => {
                        write!(f, "{name} asks for the most: {replicas}, now {current}")
                    }
                    core::cmp::Ordering::Equal => {
                        write!(f, "{name} asks for the most: {replicas}, as many as now")
                    }
                    core::cmp::Ordering::Less => {
                        write!(f, "all metrics are below target; {name} asks for the most: {replicas}, now {current}")
                    }
                }
            }
            Step::Unknowable { invalid: 0, .. } => f.write_str("no number can be computed: nothing changes"),
            Step::Unknowable { invalid, of } => {
                write!(f, "{invalid} of {of} metrics failed and the rest do not ask for more: nothing changes")
            }
            Step::PartlyFailed { invalid, of } => {
                write!(f, "{invalid} of {of} metrics failed: scaling down is out, staying and growing are not")
            }
            Step::Stabilized { direction, by, from, to, until } => {
                match direction {
                    Direction::Down => write!(f, "a recent recommendation of {by} holds {from} back at {to}")?,
                    Direction::Up => write!(f, "a recent recommendation of {by} holds growth to {from} back at {to}")?,
                }
                Until { end: Some(until), now: self.now }.fmt(f)
            }
            Step::ColdHeld { from, to, until } => {
                write!(f, "{from} asked for, but the window was not yet watched from end to end: stays at {to}")?;
                Until { end: Some(until), now: self.now }.fmt(f)
            }
            Step::Limited { from, to, limit, rate } => limited(f, (from, to), limit, rate, self.now),
            Step::LiftedFromZero { to } => write!(f, "leaves zero: at least the minimum of {to}"),
            Step::Rescaled { from, to } => write!(f, "the scale was changed from {from} to {to}"),
            Step::RescaleFailed { from, to } => {
                write!(f, "the scale could not be changed from {from} to {to}: tried again at the next sync")
            }
        }
    }
}

fn limited(
    f: &mut fmt::Formatter<'_>,
    (from, to): (Replicas, Replicas),
    limit: Limit,
    rate: Option<RateLimit>,
    now: Option<Instant>,
) -> fmt::Result {
    match limit {
        Limit::DesiredWithinRange => write!(f, "{to} is within bounds and rates"),
        Limit::TooFewReplicas => write!(f, "{from} asked for, the minimum is {to}"),
        Limit::TooManyReplicas => write!(f, "{from} asked for, the maximum is {to}"),
        Limit::ScaleUpLimit | Limit::ScaleDownLimit => {
            write!(f, "{from} asked for, ")?;
            let down = limit == Limit::ScaleDownLimit;
            match rate {
                None => write!(f, "without behavior {to} is the most at once: twice the current number, or 4"),
                Some(RateLimit { by: None, .. }) => {
                    write!(f, "but scaling {} is disabled", if down { "down" } else { "up" })
                }
                Some(RateLimit { by: Some((policy, start)), eases_at, .. }) => {
                    let sign = if down { '\u{2212}' } else { '+' };
                    match policy.amount() {
                        Amount::Pods(pods) => write!(f, "the rule {sign}{pods} pods in {}", policy.period())?,
                        Amount::Percent(percent) => write!(f, "the rule {sign}{percent} % in {}", policy.period())?,
                    }
                    write!(f, " (began at {start}) allows {to}")?;
                    write!(f, "{}", Until { end: eases_at, now })
                }
            }
        }
    }
}

impl Sentence<'_> {
    fn metric(&self, index: u16) -> Named<'_> {
        Named { index, metric: self.hpa.and_then(|hpa| hpa.metrics.get(usize::from(index))) }
    }

    fn proposed(&self, f: &mut fmt::Formatter<'_>, metric: u16, read: &Read, proposal: &Proposal) -> fmt::Result {
        let named = self.metric(metric);
        let memory = named.metric.is_some_and(|metric| metric.name == "memory");
        write!(f, "{named} reads {}", Amounts { reported: proposal.reported, memory })?;
        if let Some(metric) = named.metric {
            write!(f, ", target {}", Wanted { target: metric.target, memory })?;
        }
        if read.listed > 0 {
            write!(f, ", from {} of {} pods", read.ready, read.listed)?;
        }
        if left_out(f, read, " (")? {
            f.write_str(")")?;
        }
        write!(f, "; asks {}: ", proposal.replicas)?;
        let ratio = Ratio(proposal.ratio);
        match proposal.basis {
            Basis::WithinTolerance => write!(f, "ratio {ratio} is within tolerance"),
            Basis::ReadyPods if read.listed > 0 => {
                write!(f, "ratio {ratio} × {} pods, rounded up", read.ready)
            }
            Basis::ReadyPods => write!(f, "ratio {ratio} × ready pods, rounded up"),
            Basis::FilledIn => write!(f, "ratio {ratio} with those pods filled in, rounded up"),
            Basis::FilledInHolds => {
                write!(f, "with those pods filled in, ratio {ratio} moves nothing")
            }
            Basis::FilledInOpposes => {
                write!(f, "with those pods filled in it would move the other way")
            }
            Basis::FromZero => write!(f, "ratio {ratio}, from zero"),
            Basis::PerPod => f.write_str("total over target, rounded up"),
            Basis::RunningPods => {
                write!(f, "ratio {ratio} is within tolerance, so the pods that run")
            }
        }
    }
}

/// The pods that do not simply count, after `opening`; whether there are any.
fn left_out(f: &mut fmt::Formatter<'_>, read: &Read, opening: &str) -> Result<bool, fmt::Error> {
    let LeftOut { pending, no_condition, starting, sample_too_early, never_ready, deleted, failed } = read.left_out;
    let parts = [
        (read.missing, "without a sample"),
        (pending, "pending"),
        (no_condition, "without a Ready condition"),
        (starting, "still starting"),
        (sample_too_early, "with a sample from before it was ready"),
        (never_ready, "never ready"),
        (deleted, "being deleted"),
        (failed, "failed"),
        (read.unlisted, "of unknown pods"),
    ];
    let mut open = false;
    for (count, why) in parts.into_iter().filter(|(count, _)| *count > 0) {
        write!(f, "{}{count} {why}", if open { ", " } else { opening })?;
        open = true;
    }
    Ok(open)
}

struct Named<'a> {
    index: u16,
    metric: Option<&'a Metric<'a>>,
}

impl fmt::Display for Named<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.metric {
            None => write!(f, "metric {}", self.index.saturating_add(1)),
            Some(metric) => match metric.container {
                Some(container) => write!(f, "{} of container {container}", metric.name),
                None => f.write_str(metric.name),
            },
        }
    }
}

impl Metric<'_> {
    /// A reading in words: `133 % of request`, `143.2Mi per pod`, `12.5`.
    #[must_use]
    pub fn words(&self, reported: Reported) -> Amounts {
        Amounts { reported, memory: self.name == "memory" }
    }
}

/// A reading in words; see [`Metric::words`].
#[derive(Clone, Copy, Debug)]
pub struct Amounts {
    reported: Reported,
    memory: bool,
}

impl fmt::Display for Amounts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Reported { utilization, average, value } = self.reported;
        match (utilization, average, value) {
            (Some(percent), ..) => write!(f, "{percent} % of request"),
            (None, Some(average), _) => write!(f, "{} per pod", Value { value: average, memory: self.memory }),
            (None, None, Some(value)) => Value { value, memory: self.memory }.fmt(f),
            (None, None, None) => f.write_str("nothing"),
        }
    }
}

struct Wanted {
    target: Target,
    memory: bool,
}

impl fmt::Display for Wanted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.target {
            Target::Utilization(percent) => write!(f, "{percent} %"),
            Target::AverageValue(value) | Target::Value(value) => Value { value, memory: self.memory }.fmt(f),
            Target::Unusable => f.write_str("unusable"),
        }
    }
}

/// A value; memory in the largest binary unit that leaves one or more.
struct Value {
    value: Milli,
    memory: bool,
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const UNITS: [(i64, &str); 4] = [(1 << 40, "Ti"), (1 << 30, "Gi"), (1 << 20, "Mi"), (1 << 10, "Ki")];
        let bytes = self.value.0 / 1000;
        match UNITS.into_iter().find(|(size, _)| self.memory && bytes.saturating_abs() >= *size) {
            // One decimal is enough for a sentence.
            Some((size, unit)) => {
                let tenths = bytes.saturating_mul(10).checked_div(size).unwrap_or(0);
                write!(f, "{}{unit}", Milli(tenths.saturating_mul(100)))
            }
            None => self.value.fmt(f),
        }
    }
}

/// A ratio with two decimals, rounded to the nearest, a tie to the even one; beyond 2⁶⁴ it only saturates.
///
/// Like `{:.2}`, but by integers: the formatting of floats brings panics that a linker cannot prove unreachable, and
/// several kilobytes.
struct Ratio(f64);

impl fmt::Display for Ratio {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bits = self.0.to_bits();
        let (exponent, fraction) = ((bits >> 52) & 0x7ff, bits & ((1 << 52) - 1));
        if exponent == 0x7ff && fraction != 0 {
            return f.write_str("NaN");
        }
        if self.0.is_sign_negative() {
            f.write_str("-")?;
        }
        if exponent == 0x7ff {
            return f.write_str("inf");
        }
        // The value is mantissa × 2^(exponent − 1075).
        let mantissa = if exponent == 0 { fraction } else { fraction | (1 << 52) };
        let shift = u32::try_from(exponent.max(1).abs_diff(1075)).unwrap_or(u32::MAX);
        let (whole, cents) = if exponent >= 1075 {
            (if shift <= 11 { mantissa.wrapping_shl(shift) } else { u64::MAX }, 0)
        } else if shift < 64 {
            // 53 bits and 7 for the hundred.
            let hundredths = mantissa.wrapping_mul(100);
            let floor = hundredths.wrapping_shr(shift);
            let (rest, half) = (hundredths ^ floor.wrapping_shl(shift), 1_u64.wrapping_shl(shift) >> 1);
            let up = rest > half || (rest == half && floor & 1 == 1);
            let rounded = floor.saturating_add(u64::from(up));
            (rounded / 100, rounded % 100)
        } else {
            // 60 bits of hundredths are below a half of 2^64.
            (0, 0)
        };
        write!(f, "{whole}.{}{}", cents / 10, cents % 10)
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use proptest::prelude::*;
    use std::string::ToString;

    #[test]
    fn ratios_at_the_edges_read_as_floats_do() {
        let ties = [0.125, 0.375, 1.125, 1.375, 0.005, 1.005, 2.675, 0.995, 99.995];
        let edges = [0.0, -0.0, -1.5, 1.0, 1e15, 9.007199254740993e15, 1.8e19, 5e-324, 0.004999, f64::MIN_POSITIVE];
        for ratio in ties.into_iter().chain(edges).chain([f64::NAN, f64::INFINITY, f64::NEG_INFINITY]) {
            assert_eq!(Ratio(ratio).to_string(), std::format!("{ratio:.2}"), "{ratio:?}");
        }
        assert_eq!(Ratio(1e300).to_string(), "18446744073709551615.00");
    }

    proptest! {
        #[test]
        fn ratios_read_as_floats_do(ratio in -1e18..1e18, small in -20.0..20.0, eighths in -4000i32..4000) {
            for ratio in [ratio, small, f64::from(eighths) / 8.0, f64::from(eighths) / 1000.0] {
                prop_assert_eq!(Ratio(ratio).to_string(), std::format!("{ratio:.2}"));
            }
        }
    }
}
