//! One sync of 10 and of 1,000 pods, and 10,000 measurements of windows, in functions that callgrind can tell apart, and
//! the sizes of what takes part.
//!
//! The crate's documentation has the command.

use std::hint::black_box;

use plimsoll_benches::streams::{Stream, recommendations};
use plimsoll_benches::windows::{
    BareRing, Contestant, Exact, OnePercent, SelectPerQuery, Sliding, Stabilized, Ticking, exact, one_percent,
};
use plimsoll_benches::worlds::{Noise, Policies, World};
use plimsoll_core::hpa::{Decision, History, Hpa, Observation, Pod, PodFold, Step};
use plimsoll_core::units::Span;
use plimsoll_core::window::{Average, Ewma, ExactQuantiles, MinMax, Quantile, Rate, Timed};

/// Pods added, then decided. The number in it keeps the compiler from making one function of two.
#[inline(never)]
fn whole_10(hpa: &Hpa<'_>, world: &World, history: &mut History) -> Decision {
    black_box(10);
    black_box(world).ours(black_box(hpa), history)
}

/// As [`whole_10`]; a name of its own for callgrind.
#[inline(never)]
fn whole_1000(hpa: &Hpa<'_>, world: &World, history: &mut History) -> Decision {
    black_box(1000);
    black_box(world).ours(black_box(hpa), history)
}

/// Decided on pods that were added before.
#[inline(never)]
fn decide_10(hpa: &Hpa<'_>, world: &World, history: &mut History, fold: PodFold) -> Decision {
    black_box(10);
    black_box(world).decide(black_box(hpa), history, fold)
}

/// As [`decide_10`]; a name of its own for callgrind.
#[inline(never)]
fn decide_1000(hpa: &Hpa<'_>, world: &World, history: &mut History, fold: PodFold) -> Decision {
    black_box(1000);
    black_box(world).decide(black_box(hpa), history, fold)
}

/// Measurements after those that fill a window.
const MEASURED: usize = 10_000;
const FILL: usize = 1_000;

/// Functions of one name each, which put all values through a window and ask after each.
macro_rules! feed {
    ($($name:ident: $window:ty;)*) => {
        $(
            #[inline(never)]
            fn $name(window: &mut $window, values: &[u32]) -> u64 {
                black_box(stringify!($name));
                window.run(black_box(values))
            }
        )*
    };
}
feed! {
    exact_usual: Exact<300>;
    exact_rising: Exact<300>;
    exact_falling: Exact<300>;
    exact_constant: Exact<300>;
    exact_saw_tooth: Exact<300>;
    exact_three: ExactQuantiles<300, 3>;
    exact_16_bits: ExactQuantiles<300, 1, u16>;
    one_percent_usual: OnePercent<300>;
    one_percent_rising: OnePercent<300>;
    sliding_usual: Sliding<300>;
    sliding_rising: Sliding<300>;
    select_usual: SelectPerQuery<300>;
    bare_ring: BareRing<300>;
    timed: Ticking<Timed<Exact<300>, 300>>;
    average: Ticking<Average<300>>;
    min_max: Ticking<MinMax<300>>;
    rate: Ticking<Rate<300>>;
    ewma: Ticking<Ewma>;
    stabilized_20: Stabilized<20>;
    stabilized_240: Stabilized<240>;
}

/// Fills the window, then feeds it: only the second is counted.
fn feed<C: Contestant>(mut window: C, values: &[u32], run: fn(&mut C, &[u32]) -> u64) {
    window.run(&values[..FILL]);
    black_box(run(&mut window, &values[FILL..]));
}

fn windows() {
    println!("bytes: ExactQuantiles<300, 1> {}", size_of::<Exact<300>>());
    println!("bytes: ExactQuantiles<300, 3> {}", size_of::<ExactQuantiles<300, 3>>());
    println!("bytes: ExactQuantiles<300, 1, u16> {}", size_of::<ExactQuantiles<300, 1, u16>>());
    println!("bytes: RelativeQuantiles<300, 1, 22> {}", size_of::<OnePercent<300>>());
    println!("bytes: sliding-quantile of 300 f64 {}", size_of::<Sliding<300>>());
    println!("bytes: Extremes<240> with its clock {}", size_of::<Stabilized<240>>());
    let of = |stream: Stream| stream.values(FILL + MEASURED);
    let usual = of(Stream::Latency);
    feed(exact(), &usual, exact_usual);
    feed(exact(), &of(Stream::Rising), exact_rising);
    feed(exact(), &of(Stream::Falling), exact_falling);
    feed(exact(), &of(Stream::Constant), exact_constant);
    feed(exact(), &of(Stream::SawTooth), exact_saw_tooth);
    feed(ExactQuantiles::new([Quantile::P50, Quantile::P95, Quantile::P99]), &usual, exact_three);
    feed(ExactQuantiles::new([Quantile::P95]), &usual, exact_16_bits);
    feed(one_percent(), &usual, one_percent_usual);
    feed(one_percent(), &of(Stream::Rising), one_percent_rising);
    feed(Sliding::new(Quantile::P95), &usual, sliding_usual);
    feed(Sliding::new(Quantile::P95), &of(Stream::Rising), sliding_rising);
    feed(SelectPerQuery::default(), &usual, select_usual);
    feed(BareRing::default(), &usual, bare_ring);
    let span = Span::from_secs(300);
    feed(Ticking::new(Timed::new(exact(), span).expect("some time")), &usual, timed);
    feed(Ticking::new(Average::new()), &usual, average);
    feed(Ticking::new(MinMax::new()), &usual, min_max);
    feed(Ticking::new(Rate::new(span).expect("some time")), &of(Stream::Rising), rate);
    feed(Ticking::new(Ewma::new(span).expect("some time")), &usual, ewma);
    let replicas: Vec<u32> = recommendations(FILL + MEASURED).iter().map(|n| n.unsigned_abs()).collect();
    feed(Stabilized::<20>::default(), &replicas, stabilized_20);
    feed(Stabilized::<240>::default(), &replicas, stabilized_240);
}

fn main() {
    windows();
    println!("bytes: Hpa {}", size_of::<Hpa<'_>>());
    println!("bytes: History<24, 24> {}", size_of::<History<24, 24>>());
    println!("bytes: Observation {}", size_of::<Observation<'_>>());
    println!("bytes: Pod {}", size_of::<Pod>());
    println!("bytes: PodFold {}", size_of::<PodFold>());
    println!("bytes: Step {}", size_of::<Step>());
    println!("bytes: Decision {}", size_of::<Decision>());

    let policies = Policies::default();
    let hpa = policies.with_behavior();
    let mut noise = Noise(9);
    let (ten, thousand) = (World::new(&hpa, 10, &mut noise), World::new(&hpa, 1000, &mut noise));
    let past = |world: &World| world.history.clone();
    // Each is called once: the count of a function is the count of one sync.
    let whole = [whole_10(&hpa, &ten, &mut past(&ten)), whole_1000(&hpa, &thousand, &mut past(&thousand))];
    let folds = [ten.fold(&hpa), thousand.fold(&hpa)];
    let alone = [
        decide_10(&hpa, &ten, &mut past(&ten), folds[0]),
        decide_1000(&hpa, &thousand, &mut past(&thousand), folds[1]),
    ];
    assert_eq!(whole, alone);
    for (pods, decision) in [10, 1000].into_iter().zip(whole) {
        println!("{pods} pods: {} to {}, {}", decision.from, decision.to, decision.last_word.sentence(&hpa));
    }
}
