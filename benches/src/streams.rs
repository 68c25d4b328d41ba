//! Streams of measurements, the same on every run.

use crate::worlds::Noise;

/// What a window is fed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stream {
    /// Microseconds that requests take: log-normal around 80 ms, each like the one before (autocorrelation 0.7), and one
    /// time in 500 a burst of 50 that take four times as long.
    Latency,
    /// Each above all before.
    Rising,
    /// Each below all before.
    Falling,
    /// All the same.
    Constant,
    /// Up in 100 steps, and down at once.
    SawTooth,
}

impl Stream {
    /// All of them, the usual one first.
    pub const ALL: [Self; 5] = [Self::Latency, Self::Rising, Self::Falling, Self::Constant, Self::SawTooth];

    /// The first so many values.
    #[must_use]
    pub fn values(self, count: usize) -> Vec<u32> {
        let ramp = 0..u32::try_from(count).expect("a small number");
        match self {
            Self::Latency => latency(count),
            Self::Rising => ramp.map(|i| 1000 + 7 * i).collect(),
            Self::Falling => ramp.rev().map(|i| 1000 + 7 * i).collect(),
            Self::Constant => vec![80_000; count],
            Self::SawTooth => ramp.map(|i| 1000 + 70 * (i % 100)).collect(),
        }
    }
}

fn latency(count: usize) -> Vec<u32> {
    let mut noise = Noise(300);
    let (mut drift, mut burst) = (0.0, 0);
    let mut value = || {
        // Twelve equal shares are as good as normal.
        let share = |noise: &mut Noise| (noise.bits() >> 11) as f64 / (1u64 << 53) as f64;
        let normal: f64 = (0..12).map(|_| share(&mut noise)).sum::<f64>() - 6.0;
        drift = 0.7 * drift + 0.51f64.sqrt() * normal;
        burst = if noise.once_in(500) { 50 } else { burst - i32::from(burst > 0) };
        let times = if burst > 0 { 4.0 } else { 1.0 };
        (80_000.0 * (0.5 * drift).exp() * times) as u32
    };
    (0..count).map(|_| value()).collect()
}

/// Recommendations of a busy workload, one each 15 s: a walk at random between 2 and 200.
#[must_use]
pub fn recommendations(count: usize) -> Vec<i32> {
    let (mut noise, mut replicas) = (Noise(20), 40);
    let mut next = || {
        replicas = (replicas + noise.range(-4, 5)).clamp(2, 200);
        i32::try_from(replicas).expect("a small number")
    };
    (0..count).map(|_| next()).collect()
}
