//! Windows beside naive twins: the first byte picks the window, the second how many measurements it has room for, the
//! rest is what happens to it.
//!
//! The order in which bytes are read is the format of the committed seeds.

mod memory;
mod twin;

use std::fmt::Debug;

use plimsoll_core::units::{Instant, Milli, Span};
use plimsoll_core::window::{
    Average, Ewma, ExactQuantiles, Forgetful, Key, Measurement, MinMax, Quantile, Rate, RelativeQuantiles, Timed,
    Window,
};

use crate::cursor::Cursor;
use twin::{Twin, nearest_rank};

const QUANTILES: [Quantile; 3] = [Quantile::P50, Quantile::P95, Quantile::P99];

/// How many windows there are to pick from.
pub(crate) const WINDOWS: u8 = 15;

/// Any bytes as what happens to a window, beside a plain list of the same.
///
/// * its answers are those of the list, exactly, or within the stated share
/// * it holds what the list holds, and says when the next one leaves
/// * saved and restored it is equal, and goes on as if nothing had been
///
/// # Panics
/// When a law is broken.
pub fn windows(bytes: &[u8]) {
    let mut cursor = Cursor::new(bytes);
    let window = cursor.byte() % WINDOWS;
    // Small ones turn around at once.
    match cursor.below(4) {
        0 => sized::<1>(window, cursor),
        1 => sized::<2>(window, cursor),
        2 => sized::<7>(window, cursor),
        _ => sized::<33>(window, cursor),
    }
}

fn sized<const N: usize>(window: u8, cursor: Cursor<'_>) {
    match window {
        0 => beside::<ExactQuantiles<N, 3>, N>(cursor),
        1 => beside::<ExactQuantiles<N, 3, u16>, N>(cursor),
        2 => beside::<ExactQuantiles<N, 3, f32>, N>(cursor),
        3 => beside::<RelativeQuantiles<N, 3>, N>(cursor),
        4 => beside::<RelativeQuantiles<N, 3, 47>, N>(cursor),
        5 => beside::<RelativeQuantiles<N, 3, 2, 3>, N>(cursor),
        6 => beside::<Average<N>, N>(cursor),
        7 => beside::<MinMax<N>, N>(cursor),
        8 => beside::<MinMax<N, f32>, N>(cursor),
        9 => beside::<MinMax<N, u64>, N>(cursor),
        10 => rate::<N>(cursor),
        11 => ewma(cursor),
        12 => memory::buckets::<N>(cursor),
        13 => memory::slot_maximum::<N>(cursor),
        _ => memory::extremes::<N>(cursor),
    }
}

/// A number as a value of a window.
trait Value: Copy + PartialOrd + Debug {
    fn from_number(number: i64) -> Self;
    /// As a window holds it; `None` is invalid.
    fn held(self) -> Option<Self>;
}

/// Those nearest to the greatest are held as the greatest less four.
macro_rules! integer {
    ($integer:ident) => {
        impl Value for $integer {
            fn from_number(number: i64) -> Self {
                number as Self
            }
            fn held(self) -> Option<Self> {
                Some(self.min(Self::MAX - 4))
            }
        }
    };
}
integer!(u16);
integer!(u32);
integer!(u64);

impl Value for Milli {
    fn from_number(number: i64) -> Self {
        Self(number)
    }
    fn held(self) -> Option<Self> {
        Some(Self(self.0.min(i64::MAX - 4)))
    }
}

impl Value for f32 {
    /// Any bits where the number is not small.
    fn from_number(number: i64) -> Self {
        if (-1..1000).contains(&number) { number as Self / 3.0 } else { Self::from_bits(number as u32) }
    }
    fn held(self) -> Option<Self> {
        self.is_finite().then_some(self + 0.0)
    }
}

/// A window over the last measurements, and what its answers are.
trait Answers: Forgetful<Value: Value> + Clone + PartialEq + Debug {
    fn new() -> Self;
    fn least(self, least: u16) -> Self;
    /// Whether the answers are those of the list.
    fn check(&self, twin: &Twin<Self::Value>);
    /// As this window holds a value.
    fn held_as(value: Self::Value) -> Option<Self::Value> {
        value.held()
    }
}

impl<const N: usize, K: Value + Key> Answers for ExactQuantiles<N, 3, K> {
    fn new() -> Self {
        Self::new(QUANTILES)
    }
    fn least(self, least: u16) -> Self {
        self.with_least(least)
    }
    fn check(&self, twin: &Twin<K>) {
        let sorted = twin.sorted();
        let exact = |quantile| sorted.as_deref().map(|sorted| nearest_rank(sorted, quantile));
        assert_eq!(self.quantiles().map(Vec::from), QUANTILES.map(exact).into_iter().collect());
        for other in [1, 2_500, 5_000, 10_000].map(|q| Quantile::new(q).expect("in range")) {
            assert_eq!(self.quantile(other), exact(other), "{other:?}");
        }
    }
}

impl<const N: usize, const W: usize, const S: u32> Answers for RelativeQuantiles<N, 3, W, S> {
    fn new() -> Self {
        Self::new(QUANTILES)
    }
    fn least(self, least: u16) -> Self {
        self.with_least(least)
    }
    fn check(&self, twin: &Twin<u64>) {
        let Some(sorted) = twin.sorted() else {
            assert_eq!((self.quantiles(), self.quantile(Quantile::P90)), (None, None));
            return;
        };
        let all = self.quantiles().expect("enough of them");
        QUANTILES.into_iter().zip(all).for_each(|(q, value)| assert_eq!(self.quantile(q), Some(value), "{q:?}"));
        for quantile in QUANTILES.into_iter().chain([Quantile::P90, Quantile::P99_9]) {
            let (ours, exact) = (self.quantile(quantile).expect("as the others"), nearest_rank(&sorted, quantile));
            let off = u128::from(ours.abs_diff(exact)) * u128::from(2 * S + 1);
            assert!(off <= u128::from(exact), "{quantile:?} is {ours} for {exact}");
        }
    }
    fn held_as(value: u64) -> Option<u64> {
        Some(value.min(Self::LARGEST))
    }
}

impl<const N: usize> Answers for Average<N> {
    fn new() -> Self {
        Self::new()
    }
    fn least(self, least: u16) -> Self {
        self.with_least(least)
    }
    fn check(&self, twin: &Twin<Milli>) {
        let values = twin.values();
        let sum: i128 = values.iter().map(|(_, value)| i128::from(value.0)).sum();
        let average = sum / i128::try_from(values.len().max(1)).expect("a few");
        let answer = |number: i128| twin.enough().then(|| Milli(number.clamp(i64::MIN.into(), i64::MAX.into()) as i64));
        assert_eq!((self.sum(), self.average()), (answer(sum), answer(average)));
    }
}

impl<const N: usize, K: Value + Key> Answers for MinMax<N, K> {
    fn new() -> Self {
        Self::new()
    }
    fn least(self, least: u16) -> Self {
        self.with_least(least)
    }
    fn check(&self, twin: &Twin<K>) {
        assert_eq!(self.greatest(), twin.best(|new, old| new > old));
        assert_eq!(self.least(), twin.best(|new, old| new < old));
    }
}

/// What happens next, and when. Zeros push a 0 and let no time pass.
struct Act {
    kind: u8,
    now: Instant,
    number: i64,
}

impl Act {
    /// Of a hundred at most: they show what there is to see.
    fn all(mut cursor: Cursor<'_>) -> impl Iterator<Item = Self> + '_ {
        let mut now = Instant::from_secs(0);
        (0..100).map_while(move |_| {
            if cursor.is_empty() {
                return None;
            }
            let kind = cursor.byte() % 16;
            now = cursor.time(now, Span::from_millis(500));
            Some(Self { kind, now, number: cursor.number(1) })
        })
    }

    fn measurement<V: Value>(&self) -> Measurement<V> {
        match self.kind {
            9 => Measurement::Missing,
            10 => Measurement::Stale,
            11 => Measurement::Invalid,
            _ => Measurement::Present(V::from_number(self.number)),
        }
    }

    /// Whether it is a measurement.
    fn pushes(&self) -> bool {
        self.kind < 12
    }

    fn count(&self) -> usize {
        usize::try_from(self.number.rem_euclid(40)).expect("below 40")
    }
}

fn span(cursor: &mut Cursor<'_>) -> Span {
    Span::from_nanos(match cursor.byte() {
        254 => 1,
        255 => u64::MAX,
        seconds => (u64::from(seconds) + 1) * 500_000_000,
    })
}

/// The window as its own bytes give it back. A byte less is refused.
pub(crate) fn restored<W: Window + PartialEq + Debug>(window: &W) -> W {
    let mut bytes = vec![0; W::saved_size()];
    let length = window.save(&mut bytes).expect("the size that it promises");
    assert!(W::restore(&bytes[..length - 1]).is_err(), "{window:?} is whole without its last byte");
    let restored = W::restore(&bytes[..length]).expect("our own bytes");
    assert_eq!(&restored, window, "another window than was saved");
    restored
}

/// A window over the last measurements, and the same in time.
fn beside<W: Answers, const N: usize>(mut cursor: Cursor<'_>) {
    let span = span(&mut cursor);
    let (mut last, mut twin) = (W::new(), Twin::new(N, None));
    let mut timed = Timed::<W, N>::new(W::new(), span).expect("some time");
    let mut timed_twin = Twin::new(N, Some(span));
    for act in Act::all(cursor) {
        let now = act.now;
        match act.kind {
            12 => {
                timed_twin.at(now);
                timed.at(now).check(&timed_twin);
            }
            13 => {
                last.forget(act.count());
                twin.forget(act.count());
            }
            14 => (last, timed) = (restored(&last), restored(&timed)),
            15 => {
                let least = u16::try_from(act.count()).expect("a few");
                (last, twin.least) = (last.least(least), usize::from(least.max(1)));
            }
            _ => {
                let measurement = act.measurement::<W::Value>();
                let held = measurement.and_then(W::held_as);
                last.push(now, measurement);
                twin.push(now, held);
                timed.push(now, measurement);
                timed_twin.push(now, held);
            }
        }
        assert_eq!((last.len(), last.is_empty()), (twin.list.len(), twin.list.is_empty()));
        assert_eq!(last.held(), twin.held());
        last.check(&twin);
        assert_eq!(timed.held(), timed_twin.held());
        timed.window().check(&timed_twin);
        assert_eq!(timed.revisit_at(), timed_twin.leaves_at());
        assert_eq!(timed.crowded_out(), timed_twin.crowded_out);
    }
}

fn rate<const N: usize>(mut cursor: Cursor<'_>) {
    let span = span(&mut cursor);
    let mut window = Rate::<N>::new(span).expect("some time");
    let mut twin = Twin::new(N, Some(span));
    twin.least = 2;
    for act in Act::all(cursor) {
        match act.kind {
            _ if act.pushes() => {
                window.push(act.now, act.measurement());
                twin.push(act.now, act.measurement().and_then(u64::held));
            }
            14 => window = restored(&window),
            15 => {
                let least = u16::try_from(act.count()).expect("a few");
                (window, twin.least) = (window.with_least(least), usize::from(least.max(2)));
            }
            _ => {
                window.at(act.now);
                twin.at(act.now);
            }
        }
        assert_eq!((window.held(), window.revisit_at()), (twin.held(), twin.leaves_at()));
        let values = twin.values();
        let grown = |pair: &[(Instant, u64)]| u128::from(pair[1].1.checked_sub(pair[0].1).unwrap_or(pair[1].1));
        let growth: u128 = values.windows(2).map(grown).sum();
        assert_eq!(window.increase(), twin.enough().then(|| u64::try_from(growth).unwrap_or(u64::MAX)));
        let nanos = values.first().zip(values.last()).map_or(0, |(first, last)| last.0.since(first.0).as_nanos());
        let rate = (growth * 1_000_000_000_000).checked_div(nanos.into()).filter(|_| twin.enough());
        assert_eq!(window.per_second(), rate.map(|rate| Milli(i64::try_from(rate).unwrap_or(i64::MAX))));
    }
}

fn ewma(mut cursor: Cursor<'_>) {
    let tau = span(&mut cursor);
    let mut window = Ewma::new(tau).expect("some time");
    // Every value with its weight; the weights fade with time.
    let mut weighted: Vec<(f64, f64)> = Vec::new();
    let (mut last, mut greatest, mut held) = (None::<Instant>, 0.0_f64, [0_u32; 4]);
    for act in Act::all(cursor) {
        if !act.pushes() {
            window = restored(&window);
            let limit = Span::from_secs(act.count() as u64);
            let young = last.is_some_and(|last| act.now.since(last) < limit);
            assert_eq!(window.younger_than(limit, act.now), window.mean().filter(|_| young));
            continue;
        }
        let small = (-1..1000).contains(&act.number);
        let value = if small { act.number as f64 } else { f64::from_bits(act.number.cast_unsigned()) };
        let measurement = act.measurement::<Milli>().map(|_| value);
        window.push(act.now, measurement);
        let kind = match measurement {
            Measurement::Present(value) if value.is_finite() => {
                let fade =
                    last.map_or(0.0, |last| (-(act.now.since(last).as_nanos() as f64 / tau.as_nanos() as f64)).exp());
                weighted.iter_mut().for_each(|(weight, _)| *weight *= fade);
                weighted.push((1.0 - fade, value));
                (last, greatest) = (Some(act.now), greatest.max(value.abs()));
                0
            }
            Measurement::Missing => 1,
            Measurement::Stale => 2,
            _ => 3,
        };
        held[kind] += 1;
        last = last.map(|last| last.min(act.now));
        let ours = window.held();
        assert_eq!(([ours.present, ours.missing, ours.stale, ours.invalid], ours.newest), (held, last));
        let mean = last.map(|_| weighted.iter().map(|(weight, value)| weight * value).sum::<f64>());
        let same = |(ours, mean): (f64, f64)| (ours - mean).abs() <= 1e-9 * greatest;
        assert_eq!(window.mean().is_some(), mean.is_some());
        assert!(window.mean().zip(mean).is_none_or(same), "{:?} for {mean:?}", window.mean());
    }
}
