//! How many times longer others take for a measurement and a question than our windows, and how many times larger they
//! are, by batches of all in turn, in time that the thread had the processor. The crate's documentation has figures.
//!
//! Answers are compared before anything is timed: the exact ones must be equal, those to 1 % within their share of the
//! exact ones. Minimum over minimum and median over median; a side whose median is more than 1.3 times its minimum was
//! disturbed: the row says so, and the program ends with status 1.

use std::hint::black_box;
use std::process::ExitCode;
use std::time::Duration;

use plimsoll_benches::streams::{Stream, recommendations};
use plimsoll_benches::turns::{Times, time};
use plimsoll_benches::windows::{
    BareRing, Contestant, Hdr, HdrPanes, Scanned, SelectPerQuery, Sketch, Sliding, SlidingThree, Stabilized, agree,
    exact, one_percent,
};
use plimsoll_core::window::{ExactQuantiles, Quantile};

const TURNS: usize = 31;
/// Values of a batch: too many for a branch predictor to know them by heart.
const BATCH: usize = 20_000;
const THREE: [Quantile; 3] = [Quantile::P50, Quantile::P95, Quantile::P99];

/// One side: a name, its bytes where they are a matter of the window, and a batch that can be run again and again.
struct Side<'a> {
    name: &'static str,
    bytes: Option<usize>,
    batch: Box<dyn FnMut() -> u64 + 'a>,
}

fn side<'a>(
    name: &'static str,
    bytes: impl Into<Option<usize>>,
    mut window: impl Contestant + 'a,
    values: &'a [u32],
) -> Side<'a> {
    Side { name, bytes: bytes.into(), batch: Box::new(move || window.run(black_box(values))) }
}

fn sized<'a, C: Contestant + 'a>(name: &'static str, window: C, values: &'a [u32]) -> Side<'a> {
    side(name, size_of::<C>(), window, values)
}

/// Times all sides in turn and prints the others against the first; gives the nanoseconds of the first.
fn compare(title: &str, mut sides: Vec<Side<'_>>, disturbed: &mut bool) -> f64 {
    let mut times: Vec<Vec<Duration>> = vec![Vec::new(); sides.len()];
    for _ in 0..TURNS {
        for (side, times) in sides.iter_mut().zip(&mut times) {
            // The first run is not timed: no side pays for what another left in the caches.
            black_box((side.batch)());
            let (sum, elapsed) = time(|| (side.batch)());
            black_box(sum);
            times.push(elapsed);
        }
    }
    println!("{title}");
    let times: Vec<Times> = times.into_iter().map(Times::of).collect();
    let (ours, our_bytes) = (times[0], sides[0].bytes);
    for (side, times) in sides.iter().zip(times) {
        *disturbed |= times.noisy();
        let bytes = side.bytes.map_or(String::new(), |bytes| bytes.to_string());
        let larger = side
            .bytes
            .zip(our_bytes)
            .map_or(String::new(), |(theirs, ours)| format!("{:.1}", theirs as f64 / ours as f64));
        println!(
            "  {:<34} {:>9.1} ns {:>8.1} {:>8.1} {:>7} {:>6}{}",
            side.name,
            times.min * 1e9 / BATCH as f64,
            times.min / ours.min,
            times.median / ours.median,
            bytes,
            larger,
            if times.noisy() { " !" } else { "" }
        );
    }
    ours.min * 1e9 / BATCH as f64
}

fn exact_windows<const N: usize>(values: &[u32], disturbed: &mut bool) {
    let equal = |ours, theirs| ours == theirs;
    agree(&mut exact::<N>(), &mut SelectPerQuery::<N>::default(), values, 0, equal);
    agree(&mut exact::<N>(), &mut Sliding::<N>::new(Quantile::P95), values, N, equal);
    let sides = vec![
        sized("ExactQuantiles, p95", exact::<N>(), values),
        sized("sliding-quantile", Sliding::<N>::new(Quantile::P95), values),
        side("ring and select_nth_unstable", None, SelectPerQuery::<N>::default(), values),
        side("a ring that is only written", None, BareRing::<N>::default(), values),
    ];
    compare(&format!("exact p95 of the last {N}"), sides, disturbed);
}

fn three_quantiles(values: &[u32], disturbed: &mut bool) {
    let sliding = || SlidingThree(THREE.map(Sliding::<300>::new));
    agree(&mut ExactQuantiles::<300, 3>::new(THREE), &mut sliding(), values, 300, |ours, theirs| ours == theirs);
    let sides = vec![
        sized("ExactQuantiles, p50, p95, p99", ExactQuantiles::<300, 3>::new(THREE), values),
        sized("three sliding-quantile", sliding(), values),
    ];
    compare("exact p50, p95 and p99 of the last 300", sides, disturbed);
    let narrow = || ExactQuantiles::<300, 1, u16>::new([Quantile::P95]);
    agree(&mut narrow(), &mut SelectPerQuery::<300>::default(), values, 0, |ours, theirs| {
        ours == (theirs >> 4).min(65_000) << 4
    });
    let sides = vec![
        sized("ExactQuantiles, p95, u16", narrow(), values),
        sized("sliding-quantile", Sliding::<300>::new(Quantile::P95), values),
    ];
    compare("exact p95 of the last 300, in 16 bits", sides, disturbed);
}

fn one_percent_windows(values: &[u32], disturbed: &mut bool) {
    let within = |share: u64| move |ours: u64, theirs: u64| ours.abs_diff(theirs) * share <= theirs;
    agree(&mut one_percent::<300>(), &mut exact::<300>(), values, 0, within(101));
    // The others have the right answer as long as nothing must leave.
    agree(&mut Hdr::default(), &mut exact::<300>(), &values[..300], 0, within(100));
    agree(&mut HdrPanes::<300>::default(), &mut exact::<300>(), &values[..300], 0, within(100));
    // This one takes the rank below.
    let (mut sketch, mut sorted) = (Sketch::default(), Vec::new());
    for value in &values[..300] {
        sorted.insert(sorted.partition_point(|other| other < value), *value);
        let (theirs, exact) = (sketch.ask(*value) as f64, f64::from(sorted[(sorted.len() - 1) * 95 / 100]));
        assert!((theirs - exact).abs() <= exact * 0.0101, "the sketch says {theirs} for {exact}");
    }
    let sides = vec![
        sized("RelativeQuantiles, p95", one_percent::<300>(), values),
        side("sketches-ddsketch, never forgets", None, Sketch::default(), values),
        side("hdrhistogram, never forgets", None, Hdr::default(), values),
        side("six hdrhistogram, merged", None, HdrPanes::<300>::default(), values),
        side("a ring that is only written", None, BareRing::<300>::default(), values),
    ];
    compare("p95 of the last 300 to 1 %", sides, disturbed);
    agree(&mut one_percent::<4096>(), &mut SelectPerQuery::<4096>::default(), values, 0, within(101));
    let sides = vec![
        sized("RelativeQuantiles, p95", one_percent::<4096>(), values),
        side("sketches-ddsketch, never forgets", None, Sketch::default(), values),
        side("hdrhistogram, never forgets", None, Hdr::default(), values),
    ];
    compare("p95 of the last 4096 to 1 %", sides, disturbed);
}

fn stabilization<const N: usize>(values: &[u32], disturbed: &mut bool) -> f64 {
    agree(&mut Stabilized::<N>::default(), &mut Scanned::<N>::default(), values, 0, |ours, theirs| ours == theirs);
    let sides = vec![
        sized("Extremes", Stabilized::<N>::default(), values),
        side("a list read from end to end", N * 16, Scanned::<N>::default(), values),
    ];
    compare(&format!("highest of the last {N} recommendations"), sides, disturbed)
}

fn main() -> ExitCode {
    let mut disturbed = false;
    println!("a measurement and a question: ns, times ours (min, median), bytes, times ours; {TURNS} turns");
    let values = Stream::Latency.values(BATCH);
    exact_windows::<60>(&values, &mut disturbed);
    exact_windows::<300>(&values, &mut disturbed);
    exact_windows::<512>(&values, &mut disturbed);
    three_quantiles(&values, &mut disturbed);
    one_percent_windows(&values, &mut disturbed);
    for stream in Stream::ALL {
        let values = stream.values(BATCH);
        agree(&mut exact::<300>(), &mut SelectPerQuery::<300>::default(), &values, 0, |ours, theirs| ours == theirs);
        let sides = vec![
            sized("ExactQuantiles, p95", exact::<300>(), &values),
            sized("sliding-quantile", Sliding::<300>::new(Quantile::P95), &values),
            sized("RelativeQuantiles, p95", one_percent::<300>(), &values),
        ];
        compare(&format!("{stream:?}, the last 300"), sides, &mut disturbed);
    }
    let values: Vec<u32> = recommendations(BATCH).iter().map(|replicas| replicas.unsigned_abs()).collect();
    let at_20 = stabilization::<20>(&values, &mut disturbed);
    stabilization::<60>(&values, &mut disturbed);
    let at_240 = stabilization::<240>(&values, &mut disturbed);
    println!("240 over 20 recommendations: {:.2}", at_240 / at_20);
    if disturbed {
        println!("! = disturbed: run again on a quieter machine");
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}
