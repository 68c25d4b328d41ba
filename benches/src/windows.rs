//! Windows that are measured, ours and others, behind one name: a measurement comes, and the answer is asked for.

use std::collections::VecDeque;

use hdrhistogram::Histogram;
use plimsoll_core::units::{Instant, Milli, Span};
use plimsoll_core::window::{
    Average, Cuts, Entry, Ewma, ExactQuantiles, Extremes, Measurement, MinMax, Quantile, Rate, RelativeQuantiles,
    Timed, Window,
};
use sketches_ddsketch::{Config, DDSketch};

/// A window with its answer.
pub trait Contestant {
    /// Takes a value and answers.
    fn ask(&mut self, value: u32) -> u64;

    /// All values in turn: the sum of the answers.
    fn run(&mut self, values: &[u32]) -> u64 {
        values.iter().fold(0, |sum: u64, value| sum.wrapping_add(self.ask(*value)))
    }
}

/// At no particular time: none of these leave by age.
const NOW: Instant = Instant::from_secs(0);

/// Ours, exact.
pub type Exact<const N: usize> = ExactQuantiles<N, 1>;

/// Ours, exact, for p95.
#[must_use]
pub const fn exact<const N: usize>() -> Exact<N> {
    ExactQuantiles::new([Quantile::P95])
}

/// Ours, to 1 %, over every `u32`.
pub type OnePercent<const N: usize> = RelativeQuantiles<N, 1, 22>;

/// Ours, to 1 %, for p95.
#[must_use]
pub const fn one_percent<const N: usize>() -> OnePercent<N> {
    RelativeQuantiles::new([Quantile::P95])
}

impl<const N: usize> Contestant for ExactQuantiles<N, 1> {
    fn ask(&mut self, value: u32) -> u64 {
        self.push(NOW, Measurement::Present(value));
        self.quantiles().map_or(0, |[p95]| u64::from(p95))
    }
}

impl<const N: usize> Contestant for ExactQuantiles<N, 3> {
    fn ask(&mut self, value: u32) -> u64 {
        self.push(NOW, Measurement::Present(value));
        self.quantiles().map_or(0, |[p50, p95, p99]| u64::from(p50 ^ p95 ^ p99))
    }
}

impl<const N: usize> Contestant for ExactQuantiles<N, 1, u16> {
    /// In steps of 16 µs, up to a second.
    fn ask(&mut self, value: u32) -> u64 {
        self.push(NOW, Measurement::Present((value >> 4).min(65_000) as u16));
        self.quantiles().map_or(0, |[p95]| u64::from(p95) << 4)
    }
}

impl<const N: usize> Contestant for OnePercent<N> {
    fn ask(&mut self, value: u32) -> u64 {
        self.push(NOW, Measurement::Present(u64::from(value)));
        self.quantiles().map_or(0, |[p95]| p95)
    }
}

/// A window in which each measurement comes a second after the one before.
#[derive(Clone, Debug)]
pub struct Ticking<W> {
    window: W,
    now: Instant,
}

impl<W> Ticking<W> {
    /// From the origin of time on.
    #[must_use]
    pub const fn new(window: W) -> Self {
        Self { window, now: Instant::from_secs(0) }
    }
}

/// Puts a measurement into a ticking window, and asks it.
macro_rules! ticking {
    ($window:ty, $from:expr, $answer:expr) => {
        impl<const N: usize> Contestant for Ticking<$window> {
            fn ask(&mut self, value: u32) -> u64 {
                self.now = self.now + Span::from_secs(1);
                self.window.push(self.now, Measurement::Present($from(value)));
                let answer: fn(&$window) -> Option<u64> = $answer;
                answer(&self.window).unwrap_or(0)
            }
        }
    };
}
ticking!(Timed<Exact<N>, N>, |x| x, |w| w.window().quantiles().map(|[p95]| p95.into()));
ticking!(Average<N>, |x| Milli(i64::from(x)), |w| w.average().map(|x| x.0 as u64));
ticking!(MinMax<N>, |x| Milli(i64::from(x)), |w| w.greatest().map(|x| x.0 as u64));
ticking!(Rate<N>, u64::from, |w| w.per_second().map(|x| x.0 as u64));

impl Contestant for Ticking<Ewma> {
    fn ask(&mut self, value: u32) -> u64 {
        self.now = self.now + Span::from_secs(1);
        self.window.push(self.now, Measurement::Present(f64::from(value)));
        self.window.mean().map_or(0, |mean| mean as u64)
    }
}

/// The floor: a ring that is only written, and answers with what it lost.
#[derive(Clone, Debug)]
pub struct BareRing<const N: usize> {
    ring: [u32; N],
    head: usize,
}

impl<const N: usize> Default for BareRing<N> {
    fn default() -> Self {
        Self { ring: [0; N], head: 0 }
    }
}

impl<const N: usize> Contestant for BareRing<N> {
    fn ask(&mut self, value: u32) -> u64 {
        let old = std::mem::replace(&mut self.ring[self.head], value);
        self.head = if self.head + 1 == N { 0 } else { self.head + 1 };
        u64::from(old)
    }
}

/// A ring, copied and partitioned for each question.
#[derive(Clone, Debug, Default)]
pub struct SelectPerQuery<const N: usize> {
    ring: BareRing<N>,
    seen: usize,
}

impl<const N: usize> Contestant for SelectPerQuery<N> {
    fn ask(&mut self, value: u32) -> u64 {
        self.ring.ask(value);
        self.seen += 1;
        let mut copy = self.ring.ring;
        let values = &mut copy[..self.seen.min(N)];
        let rank = (values.len() * 95).div_ceil(100);
        u64::from(*values.select_nth_unstable(rank - 1).1)
    }
}

/// `sliding-quantile`, for `f64`, which holds every `u32`. It interpolates between ranks; asked for the very rank in a
/// full window, it gives the nearest one.
pub struct Sliding<const N: usize>(pub sliding_quantile::array::f64::Quantile<N>);

impl<const N: usize> Sliding<N> {
    /// For the nearest rank of a share.
    #[must_use]
    pub fn new(quantile: Quantile) -> Self {
        let rank = usize::from(quantile.rank(N as u16));
        Self(sliding_quantile::array::f64::Quantile::<N>::new((rank - 1) as f64 / (N - 1) as f64))
    }
}

impl<const N: usize> Contestant for Sliding<N> {
    fn ask(&mut self, value: u32) -> u64 {
        self.0.add(f64::from(value));
        self.0.get().round() as u64
    }
}

/// Three of them.
pub struct SlidingThree<const N: usize>(pub [Sliding<N>; 3]);

impl<const N: usize> Contestant for SlidingThree<N> {
    fn ask(&mut self, value: u32) -> u64 {
        self.0.iter_mut().fold(0, |all, one| all ^ one.ask(value))
    }
}

/// `sketches-ddsketch` at 1 %. Nothing ever leaves it: what leaving would cost is given to it.
pub struct Sketch(pub DDSketch);

impl Default for Sketch {
    fn default() -> Self {
        Self(DDSketch::new(Config::new(0.01, 2048, 1e-9)))
    }
}

impl Contestant for Sketch {
    fn ask(&mut self, value: u32) -> u64 {
        self.0.add(f64::from(value));
        self.0.quantile(0.95).ok().flatten().map_or(0, |p95| p95 as u64)
    }
}

/// `hdrhistogram` with two digits. Nothing ever leaves it.
pub struct Hdr(pub Histogram<u64>);

impl Default for Hdr {
    fn default() -> Self {
        Self(Histogram::new_with_bounds(1, u64::from(u32::MAX), 2).expect("bounds in order"))
    }
}

impl Contestant for Hdr {
    fn ask(&mut self, value: u32) -> u64 {
        self.0.saturating_record(u64::from(value));
        self.0.value_at_quantile(0.95)
    }
}

/// Six of them in turn, merged for each question: how to make it forget. Holds between 5/6 N and N values.
pub struct HdrPanes<const N: usize> {
    panes: VecDeque<Hdr>,
    in_newest: usize,
}

impl<const N: usize> Default for HdrPanes<N> {
    fn default() -> Self {
        Self { panes: (0..6).map(|_| Hdr::default()).collect(), in_newest: 0 }
    }
}

impl<const N: usize> Contestant for HdrPanes<N> {
    fn ask(&mut self, value: u32) -> u64 {
        if self.in_newest == N / 6 {
            self.panes.rotate_left(1);
            self.panes[5].0.reset();
            self.in_newest = 0;
        }
        self.in_newest += 1;
        self.panes[5].0.saturating_record(u64::from(value));
        let mut all = Hdr::default();
        for pane in &self.panes {
            all.0.add(&pane.0).expect("the same bounds");
        }
        all.0.value_at_quantile(0.95)
    }
}

/// The time between two recommendations.
pub const PERIOD: Span = Span::from_secs(15);

/// Stores each recommendation, and asks for the highest of the last `N`: ours.
#[derive(Clone, Debug)]
pub struct Stabilized<const N: usize> {
    extremes: Extremes<N>,
    now: Instant,
    window: Span,
}

impl<const N: usize> Default for Stabilized<N> {
    fn default() -> Self {
        let window = Span::from_nanos(PERIOD.as_nanos() * (N as u64 - 1));
        Self { extremes: Extremes::new(), now: Instant::from_secs(0), window }
    }
}

impl<const N: usize> Contestant for Stabilized<N> {
    fn ask(&mut self, value: u32) -> u64 {
        self.now = self.now + PERIOD;
        let cut = self.now - self.window;
        let mut view = self.extremes.view();
        // Without behavior nothing holds the scale down, so the lowest is not asked for.
        view.advance(Cuts { forget: cut, highest: cut, lowest: Instant::MAX });
        view.store(Entry { value: value as i32, at: self.now });
        view.highest().map_or(0, |entry| entry.value as u64)
    }
}

/// The same by reading the list from end to end, as the controller of Kubernetes does.
#[derive(Clone, Debug)]
pub struct Scanned<const N: usize> {
    list: Vec<(i32, i64)>,
    now: i64,
}

impl<const N: usize> Default for Scanned<N> {
    fn default() -> Self {
        Self { list: Vec::with_capacity(N), now: 0 }
    }
}

impl<const N: usize> Contestant for Scanned<N> {
    fn ask(&mut self, value: u32) -> u64 {
        self.now += 15_000_000_000;
        let cut = self.now - 15_000_000_000 * (N as i64 - 1);
        let (mut highest, mut old) = (value as i32, None);
        for (slot, (replicas, at)) in self.list.iter().enumerate() {
            if *at < cut {
                old = Some(slot);
            } else if *replicas > highest {
                highest = *replicas;
            }
        }
        match old {
            Some(slot) => self.list[slot] = (value as i32, self.now),
            None => self.list.push((value as i32, self.now)),
        }
        highest as u64
    }
}

/// Feeds both and compares every answer from the `skip`-th on, by `close`.
///
/// # Panics
/// When they do not agree.
pub fn agree(
    ours: &mut impl Contestant,
    theirs: &mut impl Contestant,
    values: &[u32],
    skip: usize,
    close: impl Fn(u64, u64) -> bool,
) {
    for (turn, value) in values.iter().enumerate() {
        let (ours, theirs) = (ours.ask(*value), theirs.ask(*value));
        assert!(turn < skip || close(ours, theirs), "answer {turn}: {ours}, and theirs {theirs}");
    }
}
