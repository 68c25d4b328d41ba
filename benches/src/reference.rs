//! The same sync as a model in the shape of the controller's: maps and sets by pod name, two passes, lists that are
//! read from end to end. Written from the description of the behaviour alone, and shares no arithmetic with core.
//!
//! It covers what is measured: one Resource metric `cpu` with a utilization target, in the newest release.

use std::collections::{HashMap, HashSet};

use plimsoll_core::constrain::{Amount, RatePolicy, Select};
use plimsoll_core::hpa::{Hpa, Phase, Ready, Target};
use plimsoll_core::units::Instant;

use crate::worlds::NamedPod;

const SECOND: i64 = 1_000_000_000;

/// A policy as plain numbers.
#[derive(Clone, Debug)]
pub struct Reference {
    min: i32,
    max: i32,
    target: i64,
    window_down: i64,
    behavior: Option<[Rules; 2]>,
}

/// The rules of one direction: a window, and for each rule percent or pods, the value, the period.
#[derive(Clone, Debug)]
struct Rules {
    window: i64,
    select: Select,
    rates: Vec<(bool, i32, i64)>,
}

/// What the controller remembers of one workload.
#[derive(Clone, Debug, Default)]
pub struct Memory {
    recommendations: Option<Vec<(i32, i64)>>,
    /// Change, time, outdated; upward and downward.
    events: [Vec<(i32, i64, bool)>; 2],
}

impl Memory {
    /// The recommendations with their times in nanoseconds, in the order of the list.
    pub fn recommendations(&self) -> impl Iterator<Item = (i32, i64)> {
        self.recommendations.iter().flatten().copied()
    }

    /// The scale was changed.
    pub fn applied(&mut self, policy: &Reference, from: i32, to: i32, now: Instant) {
        let Some(behavior) = &policy.behavior else { return };
        let side = usize::from(to < from);
        let longest = behavior[side].rates.iter().map(|rate| rate.2).max().unwrap_or(0);
        let (list, now) = (&mut self.events[side], now.as_nanos());
        let mut free = None;
        for (slot, event) in list.iter_mut().enumerate() {
            if event.1 < now - longest {
                event.2 = true;
            }
            if event.2 {
                free = Some(slot);
            }
        }
        let event = ((to - from).abs(), now, false);
        match free {
            Some(slot) => list[slot] = event,
            None => list.push(event),
        }
    }

    fn changed(&self, side: usize, after: i64) -> i32 {
        self.events[side].iter().filter(|event| event.1 > after).map(|event| event.0).sum()
    }
}

impl Reference {
    /// The same policy.
    ///
    /// # Panics
    /// When it is not of the kind that is measured.
    #[must_use]
    pub fn new(hpa: &Hpa<'_>) -> Self {
        let nanos = |span: plimsoll_core::units::Span| i64::try_from(span.as_nanos()).expect("below an hour");
        let [metric] = hpa.metrics() else { panic!("one metric") };
        let Target::Utilization(target) = metric.target() else { panic!("a utilization target") };
        assert!(metric.is_cpu(), "the rule for other resources is another");
        let window_down = nanos(hpa.controller().downscale_stabilization);
        let rate = |policy: &RatePolicy| match policy.amount() {
            Amount::Pods(value) => (false, value, nanos(policy.period())),
            Amount::Percent(value) => (true, value, nanos(policy.period())),
        };
        let rules = |rules: plimsoll_core::hpa::Rules<'_>, default: i64| Rules {
            window: rules.window().map_or(default, nanos),
            select: rules.rates().select(),
            rates: rules.rates().policies().iter().map(rate).collect(),
        };
        Self {
            min: hpa.bounds().min().0,
            max: hpa.bounds().max().0,
            target: i64::from(target),
            window_down,
            behavior: hpa.behavior().map(|both| [rules(both.up, 0), rules(both.down, window_down)]),
        }
    }

    /// One sync: the replicas that are wanted from now on.
    pub fn sync(&self, pods: &[NamedPod], current: i32, now: Instant, memory: &mut Memory) -> i32 {
        let now = now.as_nanos();
        if memory.recommendations.is_none() {
            // Made a moment before the rest of the sync.
            memory.recommendations = Some(vec![(current, now - 1)]);
        }
        if current == 0 {
            return 0;
        }
        if current > self.max {
            return self.max;
        }
        if current < self.min {
            return self.min;
        }
        let Some(asked) = self.asked(pods, current, now) else { return current };
        let asked = asked.max(0);
        match &self.behavior {
            None => {
                let held = self.held(asked, now, memory);
                let cap = (2.0 * f64::from(current)).max(4.0) as i32;
                held.min(self.max.min(cap)).max(self.min)
            }
            Some([up, down]) => {
                let held = held_by_both(up.window, down.window, asked, current, now, memory);
                self.limited(up, down, held, current, now, memory)
            }
        }
    }

    /// What the metric asks for, or nothing when it fails.
    fn asked(&self, pods: &[NamedPod], current: i32, now: i64) -> Option<i32> {
        // The answer of the metrics API, by name.
        let mut samples: HashMap<&str, i64> = HashMap::new();
        for pod in pods {
            if let Some(sample) = pod.pod.sample {
                samples.insert(&pod.name, sample.value.0);
            }
        }
        let (mut ready, mut unready, mut missing, mut ignored) =
            (0, HashSet::<&str>::new(), HashSet::<&str>::new(), HashSet::<&str>::new());
        for pod in pods {
            let name = pod.name.as_str();
            if pod.pod.deleted || pod.pod.phase == Phase::Failed {
                ignored.insert(name);
            } else if pod.pod.phase == Phase::Pending {
                unready.insert(name);
            } else if !samples.contains_key(name) {
                missing.insert(name);
            } else if judged_unready(pod, now) {
                unready.insert(name);
            } else {
                ready += 1;
            }
        }
        let mut requests: HashMap<&str, i64> = HashMap::new();
        for pod in pods {
            requests.insert(&pod.name, pod.pod.request.ok()?.0);
        }
        for name in unready.iter().chain(&ignored) {
            samples.remove(name);
        }
        if samples.is_empty() {
            return None;
        }
        let first = self.ratio(&samples, &requests)?;
        if missing.is_empty() && (unready.is_empty() || first <= 1.0) {
            return Some(if within(first) { current } else { (first * f64::from(ready)).ceil() as i32 });
        }
        for name in &missing {
            if first < 1.0 {
                samples.insert(name, requests[name] * self.target.max(100) / 100);
            } else if first > 1.0 {
                samples.insert(name, 0);
            }
        }
        if first > 1.0 {
            samples.extend(unready.iter().map(|name| (*name, 0)));
        }
        let second = self.ratio(&samples, &requests)?;
        if within(second) || (first < 1.0 && second > 1.0) || (first > 1.0 && second < 1.0) {
            return Some(current);
        }
        let replicas = (second * samples.len() as f64).ceil() as i32;
        let against = (second < 1.0 && replicas > current) || (second > 1.0 && replicas < current);
        Some(if against { current } else { replicas })
    }

    /// Whole percent of the requests over the target. Sums of integers: the order of a map plays no part.
    fn ratio(&self, samples: &HashMap<&str, i64>, requests: &HashMap<&str, i64>) -> Option<f64> {
        let (mut usage, mut requested) = (0, 0);
        for (name, value) in samples {
            if let Some(request) = requests.get(name) {
                usage += value;
                requested += request;
            }
        }
        (requested != 0).then(|| (usage * 100 / requested) as f64 / self.target as f64)
    }

    /// The highest recommendation of the window, this one included.
    fn held(&self, asked: i32, now: i64, memory: &mut Memory) -> i32 {
        let list = memory.recommendations.get_or_insert_default();
        let (mut highest, mut old) = (asked, None);
        for (slot, (replicas, at)) in list.iter().enumerate() {
            if *at < now - self.window_down {
                old = Some(slot);
            } else if *replicas > highest {
                highest = *replicas;
            }
        }
        match old {
            Some(slot) => list[slot] = (asked, now),
            None => list.push((asked, now)),
        }
        highest
    }

    /// The rate rules, then the bound of the direction.
    fn limited(&self, up: &Rules, down: &Rules, held: i32, current: i32, now: i64, memory: &Memory) -> i32 {
        if held > current {
            let furthest = reach(up, true, current, now, memory).max(current).min(self.max);
            held.min(furthest)
        } else if held < current {
            let furthest = reach(down, false, current, now, memory).min(current).max(self.min);
            held.max(furthest)
        } else {
            held
        }
    }
}

fn within(ratio: f64) -> bool {
    (1.0 - 0.1..=1.0 + 0.1).contains(&ratio)
}

/// The rule for CPU: a pod that is starting says little about it.
fn judged_unready(pod: &NamedPod, now: i64) -> bool {
    let (Some(condition), Some(started), Some(sample)) = (pod.pod.ready, pod.pod.started, pod.pod.sample) else {
        return true;
    };
    let since = condition.since.map_or(i64::MIN, Instant::as_nanos);
    let not_ready = condition.status == Ready::False;
    if started.as_nanos() + 300 * SECOND > now {
        let window = i64::try_from(sample.window.as_nanos()).unwrap_or(i64::MAX);
        not_ready || sample.at.as_nanos() < since.saturating_add(window)
    } else {
        not_ready && started.as_nanos() + 30 * SECOND > since
    }
}

/// The current number, raised to the lowest and lowered to the highest recommendation of its window.
fn held_by_both(up: i64, down: i64, asked: i32, current: i32, now: i64, memory: &mut Memory) -> i32 {
    let list = memory.recommendations.get_or_insert_default();
    let (mut low, mut high, mut old) = (asked, asked, None);
    for (slot, (replicas, at)) in list.iter().enumerate() {
        if *at > now - up {
            low = low.min(*replicas);
        }
        if *at > now - down {
            high = high.max(*replicas);
        }
        if *at < now - up && *at < now - down {
            old = Some(slot);
        }
    }
    match old {
        Some(slot) => list[slot] = (asked, now),
        None => list.push((asked, now)),
    }
    current.max(low).min(high)
}

/// How far the rules of a direction allow to go.
fn reach(rules: &Rules, up: bool, current: i32, now: i64, memory: &Memory) -> i32 {
    let limits = rules.rates.iter().map(|(percent, value, period)| {
        let start = current - memory.changed(0, now - period) + memory.changed(1, now - period);
        let share = f64::from(*value) / 100.0;
        match (up, *percent) {
            (true, false) => start + value,
            (false, false) => start - value,
            (true, true) => (f64::from(start) * (1.0 + share)).ceil() as i32,
            (false, true) => (f64::from(start) * (1.0 - share)) as i32,
        }
    });
    // The most change: the highest number upward, the lowest downward.
    let furthest = match (rules.select, up) {
        (Select::Disabled, _) => None,
        (Select::Max, true) | (Select::Min, false) => limits.max(),
        (Select::Max, false) | (Select::Min, true) => limits.min(),
    };
    furthest.unwrap_or(current)
}
