//! The inputs that a fuzzer starts from: a few situations written byte by byte, and noise.

use plimsoll_core::constrain::{Amount, Bounds, RatePolicy, RateRules, Select};
use plimsoll_core::hpa::{
    Applied, Behavior, History, Hpa, Metric, Observation, PodCount, Reading, Rules, Scale, ValueSum,
};
use plimsoll_core::units::{Instant, Milli, Replicas, Span};

use crate::histories::{KINDS, saved};
use crate::policies::LIVES;

/// A seed: its file name in the corpus, and its bytes.
pub type Seed = (String, Vec<u8>);

/// Numbers that look random and are the same everywhere (SplitMix64).
#[derive(Clone, Debug)]
pub struct Noise(pub u64);

impl Noise {
    /// The next 64 bits.
    pub const fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// Below `end`, which is not 0.
    pub const fn below(&mut self, end: usize) -> usize {
        (self.bits() % end as u64) as usize
    }

    /// As many bytes, half of them small: the cursor reads those as ordinary numbers.
    pub fn bytes(&mut self, count: usize) -> Vec<u8> {
        let byte = |noise: &mut Self| noise.bits() as u8 >> if noise.bits().is_multiple_of(2) { 0 } else { 5 };
        (0..count).map(|_| byte(self)).collect()
    }
}

/// A policy: 1 to 20 replicas, one metric, and what follows it.
fn plan(metric: [u8; 3], behavior: &[u8]) -> Vec<u8> {
    // Bounds, one metric; behind the behavior: newest profile, no flags, default controller, room for 24.
    let mut bytes = vec![1, 20, 0];
    bytes.extend(metric);
    bytes.extend(behavior);
    bytes.extend([0, 0, 0, 0]);
    bytes
}

/// A sync after so many seconds: `pods` ready pods that each use `usage` tens of milli-units, and one value.
fn moment(gap: u8, odd: u8, pods: u8, usage: u8, value: u8) -> Vec<u8> {
    let mut bytes = vec![gap, 0, 0, pods, odd, pods];
    (0..pods).for_each(|_| bytes.extend([usage, 0]));
    bytes.extend([1, value]);
    bytes
}

/// The seeds of [`sync`](crate::sync).
#[must_use]
pub fn sync() -> Vec<Seed> {
    const CPU_70: [u8; 3] = [1, 70, 0];
    const RATE_100: [u8; 3] = [0, 100, 7];
    // Up 50 % or 5 pods in 30 s; down 25 % or 2 pods in 150 s, window of 60 s.
    const BEHAVIOR: &[u8] = &[1, 0, 0, 0, 1, 1, 50, 6, 0, 5, 6, 1, 12, 0, 0, 1, 1, 25, 30, 0, 2, 30];
    let path = |plan: Vec<u8>, start: u8, moments: &[(u8, u8, u8, u8, u8)]| {
        let mut bytes = plan;
        bytes.push(start);
        for (gap, odd, pods, usage, value) in moments {
            bytes.extend(moment(*gap, *odd, *pods, *usage, *value));
        }
        bytes
    };
    let spike = [(15, 0, 3, 90, 9), (15, 0, 5, 90, 30), (15, 0, 8, 95, 60), (60, 0, 9, 20, 5), (200, 0, 9, 10, 1)];
    let odd = (1..12).map(|odd| (15, odd, 4, 80, 9)).collect::<Vec<_>>();
    // 250 and above are the extremes of the cursor: the clock to its ends and back.
    let clocks = [(15, 0, 4, 90, 9), (252, 0, 4, 10, 1), (251, 0, 4, 50, 2), (250, 0, 4, 90, 9), (0, 0, 4, 90, 9)];
    let flapping = (0..30).map(|n| (5, 0, 6, if n % 2 == 0 { 100 } else { 10 }, n)).collect::<Vec<_>>();
    let mut seeds = vec![
        ("spike-cpu".to_owned(), path(plan(CPU_70, &[0]), 3, &spike)),
        ("spike-cpu-behavior".to_owned(), path(plan(CPU_70, BEHAVIOR), 3, &spike)),
        ("spike-rate-behavior".to_owned(), path(plan(RATE_100, BEHAVIOR), 3, &spike)),
        ("odd-observations".to_owned(), path(plan(CPU_70, &[0]), 4, &odd)),
        ("odd-observations-rate".to_owned(), path(plan(RATE_100, BEHAVIOR), 4, &odd)),
        ("clocks".to_owned(), path(plan(CPU_70, BEHAVIOR), 4, &clocks)),
        ("flapping".to_owned(), path(plan(CPU_70, BEHAVIOR), 6, &flapping)),
        ("zero".to_owned(), path(plan(RATE_100, &[0]), 0, &spike)),
    ];
    let mut noise = Noise(1);
    for (number, length) in [40, 80, 160, 160, 320, 320, 640, 640].into_iter().enumerate() {
        seeds.push((format!("noise-{number}"), noise.bytes(length)));
    }
    seeds
}

/// The seeds of [`windows`](crate::windows): noise for each window.
#[must_use]
pub fn windows() -> Vec<Seed> {
    let mut noise = Noise(3);
    let seed = |window: u8| {
        let mut bytes = vec![window, window / 2 % 4];
        bytes.extend(noise.bytes(if window % 4 == 3 { 360 } else { 180 }));
        (format!("window-{window:02}"), bytes)
    };
    (0..crate::windows::WINDOWS).map(seed).collect()
}

/// The seeds of [`policies`](crate::policies): two lives under each.
#[must_use]
pub fn policies() -> Vec<Seed> {
    let mut noise = Noise(5);
    let mut seeds = Vec::new();
    for policy in 0..LIVES.len() as u8 {
        for (name, length) in [("short", 90), ("long", 360)] {
            let mut bytes = vec![policy];
            bytes.extend(noise.bytes(length));
            seeds.push((format!("policy-{policy:02}-{name}"), bytes));
        }
    }
    seeds
}

/// The seeds of [`histories`](crate::histories): a history of each kind as it was saved, and its body, each with a world.
///
/// # Panics
/// Never: what it saves it made itself.
#[must_use]
pub fn histories() -> Vec<Seed> {
    let mut noise = Noise(11);
    let mut seeds = Vec::new();
    for kind in 0..KINDS as u8 {
        let (life, world) = (noise.bytes(300), noise.bytes(60));
        let saved = saved(kind.into(), &life);
        let seed = |history: &[u8]| [&[kind, 60][..], history, &world].concat();
        seeds.push((format!("body-{kind:02}"), seed(&saved[12..saved.len() - 4])));
        seeds.push((format!("saved-{kind:02}"), seed(&saved)));
    }
    seeds
}

/// The seeds of [`snapshot`](crate::snapshot): histories as they were saved, and bodies without their frames.
///
/// # Panics
/// Never: what it builds is in range.
#[must_use]
pub fn snapshot() -> Vec<Seed> {
    let metrics = [Metric::external("rate").average_value(Milli(1000)).expect("a target")];
    let policies = [RatePolicy::new(Amount::Percent(50), Span::from_secs(60)).expect("in range")];
    let rules = Rules::new(RateRules::new(Select::Max, &policies).expect("one rule"));
    let hpa = Hpa::new(Bounds::new(0, 50).expect("bounds"), &metrics).expect("one metric");
    let hpa = hpa.with_behavior(Behavior { up: rules, down: rules });
    let mut seeds = Vec::new();
    for syncs in [0_i64, 1, 5, 30] {
        let (mut history, mut replicas) = (History::<24, 24>::default(), 4);
        for sync in 0..syncs {
            let readings = [Reading::Values(ValueSum::from_iter([Milli(sync * 7919 % 40_000)]))];
            let seen = Observation {
                now: Instant::from_secs(sync * 15),
                scale: Some(Scale { wanted: Replicas(replicas), running: Replicas(replicas) }),
                pods: Some(PodCount::NONE),
                readings: &readings,
                ..Observation::default()
            };
            let decision = hpa.decide(&mut history, &seen, &mut ());
            if decision.changes() {
                hpa.applied(&mut history, &decision, Applied::Done(decision.to), &mut ());
                replicas = decision.to.0;
            }
        }
        let mut bytes = vec![0; History::<24, 24>::saved_size()];
        let length = history.save(&mut bytes).expect("room");
        bytes.truncate(length);
        seeds.push((format!("body-{syncs}"), bytes[12..length - 4].to_vec()));
        seeds.push((format!("saved-{syncs}"), bytes));
    }
    seeds
}
