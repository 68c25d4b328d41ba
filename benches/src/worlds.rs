//! Workloads with pods that differ, the same on every run.

use plimsoll_core::constrain::{Amount, Bounds, RatePolicy, RateRules, Select};
use plimsoll_core::hpa::{
    Applied, Behavior, Decision, History, Hpa, Metric, Observation, Phase, Pod, PodCount, PodFold, Reading, Ready,
    ReadyCondition, Rules, Sample, Scale,
};
use plimsoll_core::units::{Instant, Milli, Replicas, Span};

use crate::reference::{Memory, Reference};

/// Pods per workload that are measured.
pub const SIZES: [usize; 3] = [10, 100, 1000];

/// Syncs that a workload has behind it: its lists are as long as in daily use.
const BEFORE: i64 = 40;
const PERIOD: i64 = 15;

/// Workloads of a size with some 20,000 pods together: they stay in a processor's caches, and are too many for its
/// branch predictor to know them by heart.
#[must_use]
pub const fn small_fleet(pods: usize) -> usize {
    20_000 / pods
}

/// Workloads of a size with some 80,000 pods together: they and their histories are read from memory.
#[must_use]
pub const fn large_fleet(pods: usize) -> usize {
    4 * small_fleet(pods)
}

/// Numbers that look random and are the same everywhere (SplitMix64).
#[derive(Clone, Debug)]
pub struct Noise(pub u64);

impl Noise {
    /// 64 of them.
    pub const fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// In `low..high`.
    pub const fn range(&mut self, low: i64, high: i64) -> i64 {
        low + (self.bits() % (high - low) as u64) as i64
    }

    /// One time in so many.
    pub const fn once_in(&mut self, times: u64) -> bool {
        self.bits().is_multiple_of(times)
    }
}

/// The policies of the measurements: CPU at 70 % of the requests, with and without behavior.
#[derive(Debug)]
pub struct Policies {
    metrics: [Metric<'static>; 1],
    up: [RatePolicy; 2],
    down: [RatePolicy; 2],
}

impl Default for Policies {
    fn default() -> Self {
        let policy = |amount, seconds| RatePolicy::new(amount, Span::from_secs(seconds)).expect("in range");
        Self {
            metrics: [Metric::resource("cpu").utilization(70).expect("a target above 0")],
            up: [policy(Amount::Percent(100), 60), policy(Amount::Pods(4), 60)],
            down: [policy(Amount::Percent(25), 300), policy(Amount::Pods(2), 120)],
        }
    }
}

impl Policies {
    /// Without behavior: the controller's defaults.
    ///
    /// # Panics
    /// Never: the numbers are in range.
    #[must_use]
    pub fn plain(&self) -> Hpa<'_> {
        Hpa::new(Bounds::new(2, 3000).expect("in order"), &self.metrics).expect("one metric")
    }

    /// With two rules and a window in each direction.
    ///
    /// # Panics
    /// Never: the numbers are in range.
    #[must_use]
    pub fn with_behavior(&self) -> Hpa<'_> {
        let rules = |policies, seconds| {
            let rates = RateRules::new(Select::Max, policies).expect("two rules");
            Rules::new(rates).with_window(Span::from_secs(seconds)).expect("below an hour")
        };
        self.plain().with_behavior(Behavior { up: rules(&self.up, 30), down: rules(&self.down, 300) })
    }
}

/// A pod with its name: ours looks at the pod only, the reference finds what belongs to it by name.
#[derive(Clone, Debug)]
pub struct NamedPod {
    /// As a deployment makes them.
    pub name: String,
    /// The pod.
    pub pod: Pod,
}

/// One workload at the moment of a sync, with what each side remembers of it.
#[derive(Clone, Debug)]
pub struct World {
    /// The moment.
    pub now: Instant,
    /// Replicas wanted so far.
    pub replicas: i32,
    /// The pods that match the selector.
    pub pods: Vec<NamedPod>,
    /// Our memory.
    pub history: History,
    /// The reference's memory.
    pub memory: Memory,
}

impl World {
    /// A workload with a past: as many pods as asked for, and `BEFORE` syncs behind it.
    ///
    /// # Panics
    /// When ours and the reference do not agree on one of those syncs.
    #[must_use]
    pub fn new(hpa: &Hpa<'_>, pods: usize, noise: &mut Noise) -> Self {
        let mut world = Self {
            now: Instant::from_secs(0),
            replicas: 3,
            pods: Vec::new(),
            history: History::new(hpa).expect("room for the policy"),
            memory: Memory::default(),
        };
        let start = noise.range(0, 100_000);
        // A third was small until now, so that its windows let it shrink.
        let usual = if noise.once_in(3) { pods.min(3) } else { pods };
        // A few pods are enough to fill the lists, and cheap.
        for sync in 0..BEFORE {
            world.now = Instant::from_secs(start + sync * PERIOD + noise.range(0, 3));
            world.pods = named(8, world.now, noise);
            let decision = world.agree(hpa);
            if decision.changes() {
                hpa.applied(&mut world.history, &decision, Applied::Done(decision.to), &mut ());
                world.memory.applied(&Reference::new(hpa), decision.from.0, decision.to.0, world.now);
            }
            world.replicas = if noise.once_in(4) { i32::try_from(usual).expect("small") } else { decision.to.0 };
        }
        world.now = Instant::from_secs(start + BEFORE * PERIOD + noise.range(0, 3));
        world.replicas = i32::try_from(pods).expect("a small number");
        world.pods = named(pods, world.now, noise);
        world
    }

    /// Our whole sync: every pod added, then decided.
    pub fn ours(&self, hpa: &Hpa<'_>, history: &mut History) -> Decision {
        self.decide(hpa, history, self.fold(hpa))
    }

    /// Every pod added.
    #[must_use]
    pub fn fold(&self, hpa: &Hpa<'_>) -> PodFold {
        let mut fold = PodFold::new(hpa, 0, self.now);
        for pod in &self.pods {
            fold.add(&pod.pod);
        }
        fold
    }

    /// Our decision on pods that were added before.
    pub fn decide(&self, hpa: &Hpa<'_>, history: &mut History, fold: PodFold) -> Decision {
        let wanted = Replicas(self.replicas);
        let seen = Observation {
            now: self.now,
            scale: Some(Scale { wanted, running: wanted }),
            pods: Some(PodCount { listed: fold.listed(), ready: fold.ready() }),
            readings: &[Reading::Pods(fold)],
            ..Observation::default()
        };
        hpa.decide(history, &seen, &mut ())
    }

    /// Both decide and remember.
    ///
    /// # Panics
    /// When they do not agree.
    pub fn agree(&mut self, hpa: &Hpa<'_>) -> Decision {
        let mut history = self.history.clone();
        let ours = self.ours(hpa, &mut history);
        self.history = history;
        let theirs = Reference::new(hpa).sync(&self.pods, self.replicas, self.now, &mut self.memory);
        assert_eq!(ours.to.0, theirs, "{ours:?}");
        let recommendations = self.history.recommendations().unwrap_or_default();
        let listed = recommendations.iter().map(|entry| (entry.value, entry.at.as_nanos()));
        assert!(listed.eq(self.memory.recommendations()), "other recommendations are remembered");
        ours
    }
}

/// Workloads of one size, with and without behavior, each with a past of its own.
#[must_use]
pub fn fleet(hpa: &Hpa<'_>, pods: usize, count: usize, seed: u64) -> Vec<World> {
    let mut noise = Noise(seed);
    (0..count).map(|_| World::new(hpa, pods, &mut noise)).collect()
}

/// So many pods around a common load; one in ten is not plainly running.
fn named(count: usize, now: Instant, noise: &mut Noise) -> Vec<NamedPod> {
    let load = noise.range(200, 1100);
    (0..count)
        .map(|_| {
            let suffix = noise.bits();
            let name = format!("checkout-{:010x}-{:05x}", (suffix >> 32) & 0xff_ffff_ffff, suffix & 0xf_ffff);
            NamedPod { name, pod: pod(load, now, noise) }
        })
        .collect()
}

fn pod(load: i64, now: Instant, noise: &mut Noise) -> Pod {
    let ago = |seconds: i64| now - Span::from_secs(seconds.unsigned_abs());
    let request = noise.range(2, 20) * 100;
    let sample = Sample {
        value: Milli(request * noise.range(load * 7 / 10, load * 13 / 10) / 1000),
        at: ago(noise.range(0, 60)),
        window: Span::from_secs(30),
    };
    let started = noise.range(400, 1_000_000);
    let plain = Pod {
        phase: Phase::Running,
        deleted: false,
        started: Some(ago(started)),
        ready: Some(ReadyCondition { status: Ready::True, since: Some(ago(started - 20)) }),
        sample: Some(sample),
        request: Ok(Milli(request)),
    };
    if !noise.once_in(10) {
        return plain;
    }
    let young = noise.range(1, 300);
    let since = Some(ago(noise.range(0, young + 1)));
    match noise.range(0, 7) {
        0 => Pod { phase: Phase::Pending, sample: None, started: None, ready: None, ..plain },
        1 | 2 => Pod { sample: None, ..plain },
        3 => Pod { ready: Some(ReadyCondition { status: Ready::False, since }), started: Some(ago(young)), ..plain },
        4 => Pod { ready: Some(ReadyCondition { status: Ready::True, since }), started: Some(ago(young)), ..plain },
        5 => Pod { deleted: true, ..plain },
        _ => Pod { phase: Phase::Failed, ..plain },
    }
}
