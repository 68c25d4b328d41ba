//! An autoscaler of Google Compute Engine: its `autoscalingPolicy`, and the autoscaler in a simulation.
//!
//! Every signal sizes the group for itself, for the peak of the last while; the largest size counts, and nothing is
//! removed while a signal is not known. Facts: "Autoscaling groups of instances" and the resource `autoscalers` of the
//! Compute Engine API.

use plimsoll_core::combine::{Combination, History, Observation, Rule, Scales, Step as Combining, Vote};
use plimsoll_core::constrain::Bounds;
use plimsoll_core::step::{Allowed, Capacity, Decision, MetricObservation, PeakHistory, PeakSizing, Step};
use plimsoll_core::trace::Each;
use plimsoll_core::units::{Instant, Replicas, Span};
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::{Map, Value, json};

use super::{SERVICE, record};
use crate::simulate::run::{MetricReading, Sync};
use crate::simulate::{CPU, REQUESTS, Scaler, Seen, SeenPod};

/// What is remembered of one signal: an evaluation a second for ten minutes, or one in 15 s for two hours and a half.
pub type SignalPast = PeakHistory<602>;

/// The shortest stabilization period.
const STABILIZATION: Span = Span::from_secs(600);

/// An autoscaler's policy.
#[derive(Clone, Debug)]
pub struct Gce {
    bounds: Bounds,
    /// Time that a unit takes to initialize; until then it neither counts nor is measured.
    initialization: Span,
    scales_in: bool,
    signals: Vec<Signal>,
}

#[derive(Clone, Debug)]
struct Signal {
    name: String,
    at: String,
    policy: PeakSizing,
    measure: Measure,
    line: String,
}

/// What a signal measures.
#[derive(Clone, Debug)]
enum Measure {
    Cpu,
    LoadBalancing,
    Custom { metric: String, per_minute: bool, rate: bool, each: bool },
}

/// The `autoscalingPolicy` as the API has it.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
struct Spec {
    min_num_replicas: Option<i32>,
    max_num_replicas: Option<i32>,
    cool_down_period_sec: Option<i32>,
    mode: String,
    cpu_utilization: Option<Cpu>,
    custom_metric_utilizations: Vec<Custom>,
    load_balancing_utilization: Option<LoadBalancing>,
    scale_in_control: Option<ScaleIn>,
    scaling_schedules: Option<Map<String, Value>>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
struct Cpu {
    utilization_target: Option<f64>,
    predictive_method: String,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
struct LoadBalancing {
    utilization_target: Option<f64>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
struct Custom {
    metric: String,
    /// Chooses time series; whoever measures has chosen.
    #[serde(rename = "filter")]
    _filter: Option<String>,
    utilization_target_type: String,
    utilization_target: Option<f64>,
    single_instance_assignment: Option<f64>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
struct ScaleIn {
    max_scaled_in_replicas: FixedOrPercent,
    time_window_sec: Option<i32>,
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct FixedOrPercent {
    fixed: Option<i32>,
    percent: Option<i32>,
    /// What the API computes of the two.
    #[serde(rename = "calculated")]
    _calculated: Option<IgnoredAny>,
}

/// What one evaluation looks at.
#[derive(Clone, Copy, Debug)]
pub struct Turn<'a> {
    /// The time.
    pub now: Instant,
    /// Units that are asked for; `None` when that could not be read.
    pub desired: Option<Replicas>,
    /// Units that have initialized; absent: all of them.
    pub serving: Option<Replicas>,
    /// A value for each signal; `None` is missing.
    pub values: &'a [Option<f64>],
}

/// What one evaluation did.
#[derive(Debug)]
pub struct Pass {
    /// Units before and after.
    pub from: Replicas,
    /// See `from`.
    pub to: Replicas,
    /// What had the last word, in words.
    pub reason: String,
    /// The same as JSON.
    pub last_word: Value,
    /// Every step, as JSON and in words.
    pub steps: Vec<(Value, String)>,
    /// What every signal read and asks for.
    pub readings: Vec<MetricReading>,
    /// What they ask for together.
    pub asked: Option<i32>,
    /// When time alone could change the answer.
    pub revisit_at: Option<Instant>,
}

impl Gce {
    /// From an `autoscalingPolicy` in another text, or an autoscaler that has one; `root` is its name.
    ///
    /// # Errors
    /// The first field that does not fit.
    pub fn inline(given: &Value, root: &str) -> Result<Self, String> {
        if let Some(policy) = given.get("autoscalingPolicy") {
            return Self::read(policy, &format!("{root}.autoscalingPolicy"));
        }
        Self::read(given, root)
    }

    fn read(given: &Value, root: &str) -> Result<Self, String> {
        let spec: Spec = super::inline(given, root)?;
        let scales_in = match spec.mode.as_str() {
            "" | "ON" => true,
            "ONLY_SCALE_OUT" | "ONLY_UP" => false,
            "OFF" => return Err(format!("{root}.mode is \"OFF\": a policy that changes nothing has nothing to show")),
            other => return Err(format!("{root}.mode is {other:?}: must be ON, ONLY_SCALE_OUT or OFF")),
        };
        if spec.scaling_schedules.is_some_and(|schedules| !schedules.is_empty()) {
            return Err(format!(
                "{root}.scalingSchedules are not read: a schedule combined with this policy gives the same floor"
            ));
        }
        let min = spec.min_num_replicas.ok_or_else(|| format!("{root}.minNumReplicas is missing: GCE picks one"))?;
        let max = spec.max_num_replicas.ok_or_else(|| format!("{root}.maxNumReplicas is missing"))?;
        let named = |text: String| text.replacen("min ", "minNumReplicas ", 1).replacen("max ", "maxNumReplicas ", 1);
        let bounds = Bounds::new(min, max).map_err(|error| format!("{root}: {}", named(error.to_string())))?;
        let initialization = seconds(spec.cool_down_period_sec.unwrap_or(60), 0)
            .map_err(|error| format!("{root}.coolDownPeriodSec {error}"))?;
        let control = spec.scale_in_control.map(|control| control.read(&format!("{root}.scaleInControl")));
        let (control, cpu) = (control.transpose()?, spec.cpu_utilization);
        // Without any signal it is CPU, at 60 %.
        let cpu = match (cpu, spec.custom_metric_utilizations.is_empty() && spec.load_balancing_utilization.is_none()) {
            (None, true) => Some(Cpu { utilization_target: Some(0.6), ..Cpu::default() }),
            (cpu, _) => cpu,
        };
        let mut signals = Vec::new();
        signals.extend(cpu.map(|cpu| cpu.read(bounds, format!("{root}.cpuUtilization"))).transpose()?);
        let balancing = spec.load_balancing_utilization;
        let balancing = balancing.map(|given| given.read(bounds, format!("{root}.loadBalancingUtilization")));
        signals.extend(balancing.transpose()?);
        for (index, custom) in spec.custom_metric_utilizations.into_iter().enumerate() {
            signals.push(custom.read(bounds, format!("{root}.customMetricUtilizations[{index}]"))?);
        }
        let stabilization = STABILIZATION.max(initialization);
        for index in 0..signals.len() {
            let (before, rest) = signals.split_at_mut(index);
            let Some(signal) = rest.first_mut() else { break };
            if before.iter().any(|other| other.name == signal.name) {
                return Err(format!("{} is named {:?}, as another signal is", signal.at, signal.name));
            }
            signal.policy = signal.policy.with_stabilization(stabilization);
            if let Some((allowed, window)) = control {
                let policy = signal.policy.with_scale_in_control(allowed, window);
                signal.policy = policy.map_err(|error| format!("{root}.scaleInControl: {error}"))?;
            }
        }
        Ok(Self { bounds, initialization, scales_in, signals })
    }

    /// Fewest and most units.
    #[must_use]
    pub const fn bounds(&self) -> Bounds {
        self.bounds
    }

    /// The signals' names, in their order.
    #[must_use]
    pub fn names(&self) -> Vec<&str> {
        self.signals.iter().map(|signal| signal.name.as_str()).collect()
    }

    /// The signals, one line each.
    #[must_use]
    pub fn metric_lines(&self) -> Vec<String> {
        let mut lines = self.signals.iter().map(|signal| signal.line.clone()).collect::<Vec<_>>();
        if !self.scales_in {
            lines.push("never scales in".to_owned());
        }
        lines
    }

    /// Remembers nothing yet.
    #[must_use]
    pub fn start(&self) -> Vec<SignalPast> {
        vec![SignalPast::default(); self.signals.len()]
    }

    fn seen<'a>(&self, turn: &Turn<'_>, value: &'a [Option<f64>]) -> MetricObservation<'a> {
        let capacity = turn.desired.map(|desired| Capacity { desired, warm: turn.serving });
        MetricObservation { now: turn.now, capacity, points: value }
    }

    /// One evaluation of all signals.
    pub fn turn(&self, past: &mut [SignalPast], turn: &Turn<'_>) -> Pass {
        let (now, from) = (turn.now, turn.desired.unwrap_or_default());
        let scales = if self.scales_in { Scales::Both } else { Scales::OutOnly };
        let (mut steps, mut readings, mut decisions, mut votes) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        let values = turn.values.iter().copied().chain(std::iter::repeat(None));
        for ((signal, past), value) in self.signals.iter().zip(past).zip(values) {
            let value = [value];
            let mut asks = None;
            let mut tell = Each(|step: &Step| {
                if let Step::Asked { to, .. } = step {
                    asks = Some(to.0);
                }
                steps.push(self.told(step, signal, now));
            });
            let decision = signal.policy.decide(past, &self.seen(turn, &value), &mut tell);
            let [value] = value;
            let read = value.map_or_else(|| "missing".to_owned(), |value| value.to_string());
            readings.push(MetricReading { metric: signal.name.clone(), read, asks });
            votes.push(Vote::of(&decision).with_valid(decision.detail.valid).with_scales(scales));
            decisions.push(decision);
        }
        let seen = Observation { now, current: turn.desired, votes: &votes, ..Observation::default() };
        // Nothing of it is remembered: it has neither rates nor a flap budget.
        let mut none = History::<1, 1>::default();
        let all = Combination::new(Rule::Agreement, self.bounds).decide(&mut none, &seen, &mut ());
        let (last_word, reason) = self.last_word(all.last_word, &decisions, now);
        if self.signals.len() > 1 {
            steps.push((last_word.clone(), reason.clone()));
        }
        Pass {
            from,
            to: all.to,
            reason,
            last_word,
            steps,
            asked: readings.iter().filter_map(|reading| reading.asks).max(),
            readings,
            revisit_at: decisions.iter().filter_map(|decision| decision.revisit_at).min(),
        }
    }

    /// How far every signal's next change is, by its name; the values are those of the turn before.
    #[must_use]
    pub fn outlook(&self, past: &[SignalPast], turn: &Turn<'_>) -> Value {
        let values = turn.values.iter().copied().chain(std::iter::repeat(None));
        let each = self.signals.iter().zip(past).zip(values).map(|((signal, past), value)| {
            let outlook = signal.policy.outlook(past, &self.seen(turn, &[value]));
            let told =
                |threshold: plimsoll_core::step::Threshold| json!({ "value": threshold.value, "to": threshold.to });
            // A signal that never scales in is not asked when.
            let down = outlook.down.filter(|_| self.scales_in);
            (signal.name.clone(), json!({ "up": outlook.up.map(told), "down": down.map(told) }))
        });
        Value::Object(each.collect())
    }

    /// A step with the name of its signal.
    fn told(&self, step: &Step, signal: &Signal, now: Instant) -> (Value, String) {
        let names = [signal.name.as_str()];
        let words = step.seen_at(now).named(&names);
        let text = match step.rule() {
            None if self.signals.len() > 1 => format!("{}: {words}", signal.name),
            _ => words.to_string(),
        };
        (record::told(step, &text), text)
    }

    fn last_word(&self, word: Combining, decisions: &[Decision], now: Instant) -> (Value, String) {
        let own = |number: u16| {
            let index = usize::from(number);
            let (signal, decision) = self.signals.get(index).zip(decisions.get(index))?;
            Some((signal.name.as_str(), self.told(&decision.last_word, signal, now)))
        };
        let holds = |decision: &Decision| matches!(decision.last_word, Step::HeldByPeak { .. });
        let (number, text) = match word {
            Combining::Decided { vote, to } => (vote, Some(format!("needs the most: {to}"))),
            Combining::Unknown { vote } => (vote, Some("is missing: nothing is removed".to_owned())),
            Combining::Opposed { vote } if !decisions.get(usize::from(vote)).is_some_and(holds) => {
                (vote, Some("needs what there is: nothing is removed".to_owned()))
            }
            Combining::Opposed { vote } => (vote, None),
            // All are content, or none is known; one that holds tells why.
            _ => {
                let first = decisions.iter().position(holds).unwrap_or(0);
                (u16::try_from(first).unwrap_or(0), None)
            }
        };
        let Some((name, (value, words))) = own(number) else { return (json!(null), word.to_string()) };
        match text.filter(|_| self.signals.len() > 1) {
            None => (value, words),
            Some(text) => {
                let text = format!("{name} {text}");
                (record::told(&word, &text), text)
            }
        }
    }
}

impl Cpu {
    fn read(self, bounds: Bounds, at: String) -> Result<Signal, String> {
        if !matches!(self.predictive_method.as_str(), "" | "NONE") {
            return Err(format!("{at}.predictiveMethod is {:?}: only NONE is known here", self.predictive_method));
        }
        let target = self.utilization_target.ok_or_else(|| format!("{at}.utilizationTarget is missing"))?;
        if target > 1.0 {
            return Err(format!("{at}.utilizationTarget is {target}: must be more than 0, at most 1"));
        }
        signal(CPU.to_owned(), at, "utilizationTarget", Measure::Cpu, PeakSizing::new(bounds, target), target)
    }
}

impl LoadBalancing {
    fn read(self, bounds: Bounds, at: String) -> Result<Signal, String> {
        let target = self.utilization_target.ok_or_else(|| format!("{at}.utilizationTarget is missing"))?;
        let policy = PeakSizing::new(bounds, target);
        signal("loadBalancing".to_owned(), at, "utilizationTarget", Measure::LoadBalancing, policy, target)
    }
}

impl Custom {
    fn read(self, bounds: Bounds, at: String) -> Result<Signal, String> {
        if self.metric.is_empty() {
            return Err(format!("{at}.metric is missing"));
        }
        let (rate, per_minute) = match self.utilization_target_type.as_str() {
            "" | "GAUGE" => (false, false),
            "DELTA_PER_SECOND" => (true, false),
            "DELTA_PER_MINUTE" => (true, true),
            other => {
                return Err(format!(
                    "{at}.utilizationTargetType is {other:?}: must be GAUGE, DELTA_PER_SECOND or DELTA_PER_MINUTE"
                ));
            }
        };
        let (field, target, each) = match (self.utilization_target, self.single_instance_assignment) {
            (Some(target), None) => ("utilizationTarget", target, false),
            (None, Some(target)) => ("singleInstanceAssignment", target, true),
            _ => return Err(format!("{at} must have either utilizationTarget or singleInstanceAssignment")),
        };
        let policy = if each { PeakSizing::per_unit(bounds, target) } else { PeakSizing::new(bounds, target) };
        let measure = Measure::Custom { metric: self.metric.clone(), per_minute, rate, each };
        signal(self.metric, at, field, measure, policy, target)
    }
}

fn signal(
    name: String,
    at: String,
    field: &str,
    measure: Measure,
    policy: Result<PeakSizing, plimsoll_core::error::ConfigError>,
    target: f64,
) -> Result<Signal, String> {
    let policy = policy.map_err(|_| format!("{at}.{field} is {target}: must be more than 0"))?;
    let line = match &measure {
        Measure::Custom { each: true, .. } => format!("{name}, {target} for each unit"),
        _ => format!("{name}, target {target}"),
    };
    Ok(Signal { name, at, policy, measure, line })
}

impl ScaleIn {
    fn read(self, at: &str) -> Result<(Allowed, Span), String> {
        let allowed = match (self.max_scaled_in_replicas.fixed, self.max_scaled_in_replicas.percent) {
            (Some(fixed), None) if fixed >= 0 => Allowed::Units(fixed),
            (None, Some(percent)) if (0..=100).contains(&percent) => Allowed::Percent(percent),
            (Some(fixed), None) => {
                return Err(format!("{at}.maxScaledInReplicas.fixed is {fixed}: must be at least 0"));
            }
            (None, Some(percent)) => {
                return Err(format!("{at}.maxScaledInReplicas.percent is {percent}: must be 0 to 100"));
            }
            _ => return Err(format!("{at}.maxScaledInReplicas must have either fixed or percent")),
        };
        let window = self.time_window_sec.ok_or_else(|| format!("{at}.timeWindowSec is missing"))?;
        Ok((allowed, seconds(window, 60).map_err(|error| format!("{at}.timeWindowSec {error}"))?))
    }
}

/// At most an hour, as the API has it.
fn seconds(given: i32, least: i32) -> Result<Span, String> {
    match u64::try_from(given) {
        Ok(seconds) if (least..=3_600).contains(&given) => Ok(Span::from_secs(seconds)),
        _ => Err(format!("is {given}: must be {least} to 3600")),
    }
}

/// Decides a simulated workload as the autoscaler would.
pub(super) struct Player {
    policy: Gce,
    past: Vec<SignalPast>,
}

impl Player {
    /// # Errors
    /// When a signal is none that the simulation measures.
    pub(super) fn new(policy: Gce) -> Result<Self, String> {
        for Signal { measure, at, .. } in &policy.signals {
            match measure {
                Measure::Cpu => {}
                Measure::LoadBalancing => {
                    return Err(format!(
                        "{at}: there is no load balancer with a capacity here; {REQUESTS} is measured"
                    ));
                }
                Measure::Custom { metric, rate, each, .. } => {
                    let known = SERVICE.contains(&metric.as_str()) || metric == REQUESTS;
                    if !known {
                        let known = SERVICE.join(", ");
                        return Err(format!("{at}.metric is {metric:?}: measured here are {REQUESTS}, {known}"));
                    }
                    if *rate && !metric.ends_with("_per_second") {
                        return Err(format!("{at}.utilizationTargetType: {metric} is no rate, only a GAUGE"));
                    }
                    if *each && metric == REQUESTS {
                        return Err(format!("{at}.singleInstanceAssignment: {REQUESTS} is measured for each unit"));
                    }
                }
            }
        }
        Ok(Self { past: policy.start(), policy })
    }

    /// Units that have initialized.
    fn initialized<'s>(&self, seen: &'s Seen<'s>) -> impl Iterator<Item = &'s SeenPod<'s>> + use<'s> {
        let wait = i64::try_from(self.policy.initialization.as_nanos()).unwrap_or(i64::MAX);
        let now = seen.now;
        seen.pods.iter().filter(move |pod| {
            !pod.deleted && pod.ready.is_some_and(|ready| ready.status && now.saturating_sub(ready.since) >= wait)
        })
    }

    /// What a signal measures: the mean of the units that have initialized, or a value of the whole.
    fn value(&self, measure: &Measure, seen: &Seen<'_>) -> Option<f64> {
        let mean = |name: &str, of: &dyn Fn(&SeenPod<'_>) -> f64| {
            let values = self.initialized(seen).filter_map(|pod| Some(pod.sample(name)?.value as f64 / of(pod)));
            let (sum, count) = values.fold((0.0, 0_u32), |(sum, count), value| (sum + value, count + 1));
            (count > 0).then(|| sum / f64::from(count))
        };
        match measure {
            Measure::Cpu => mean(CPU, &|pod| pod.cpu_request_milli as f64),
            Measure::LoadBalancing => None,
            Measure::Custom { metric, per_minute, .. } => {
                let value = if metric == REQUESTS {
                    mean(REQUESTS, &|_| 1e3)
                } else {
                    seen.sample(metric).map(|sample| sample.value as f64 / 1e3)
                };
                value.map(|value| if *per_minute { value * 60.0 } else { value })
            }
        }
    }
}

impl Scaler for Player {
    fn bounds(&self) -> (i32, Option<i32>) {
        (self.policy.bounds.min().0, Some(self.policy.bounds.max().0))
    }

    fn metrics(&self) -> Vec<String> {
        self.policy.metric_lines()
    }

    fn sync(&mut self, seen: &Seen<'_>) -> Sync {
        let values = self.policy.signals.iter().map(|signal| self.value(&signal.measure, seen));
        // Thousandths, as all samples are.
        let values = values.map(|value| value.map(|value| libm::round(value * 1e3) / 1e3)).collect::<Vec<_>>();
        let serving = i32::try_from(self.initialized(seen).count()).unwrap_or(i32::MAX);
        let turn = Turn {
            now: Instant::from_nanos(seen.now),
            desired: Some(Replicas(seen.spec_replicas)),
            serving: Some(Replicas(serving)),
            values: &values,
        };
        let pass = self.policy.turn(&mut self.past, &turn);
        Sync {
            at_s: 0,
            from: pass.from.0,
            to: pass.to.0,
            readings: pass.readings,
            asked: pass.asked,
            reason: pass.reason,
            steps: pass.steps.into_iter().map(|(_, text)| text).collect(),
            conditions: Vec::new(),
            revisit_at_s: super::second_of(pass.revisit_at),
        }
    }

    fn applied(&mut self, _: i64, _: i32, _: i32) {}
}
