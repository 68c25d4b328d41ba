//! A measurement and a question, by window. The ratios to quote come from the program `window_ratios`.

use std::hint::black_box;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use plimsoll_benches::streams::{Stream, recommendations};
use plimsoll_benches::windows::{
    BareRing, Contestant, Hdr, HdrPanes, Scanned, SelectPerQuery, Sketch, Sliding, Stabilized, agree, exact,
    one_percent,
};
use plimsoll_core::window::Quantile;

const VALUES: usize = 5_000;

fn bench<C: Contestant>(criterion: &mut Criterion, group: &str, name: &str, values: &[u32], new: impl Fn() -> C) {
    let mut group = criterion.benchmark_group(group);
    group.throughput(Throughput::Elements(values.len() as u64));
    let full = || {
        let mut window = new();
        window.run(values);
        window
    };
    group.bench_function(name, |bencher| {
        bencher.iter_batched_ref(full, |window| window.run(black_box(values)), BatchSize::PerIteration);
    });
    group.finish();
}

fn quantiles(criterion: &mut Criterion) {
    for stream in Stream::ALL {
        let values = stream.values(VALUES);
        let equal = |ours, theirs| ours == theirs;
        let within = |ours: u64, theirs: u64| ours.abs_diff(theirs) * 101 <= theirs;
        // Panics when they do not agree: nothing is timed before.
        agree(&mut exact::<300>(), &mut SelectPerQuery::<300>::default(), &values, 0, equal);
        agree(&mut exact::<300>(), &mut Sliding::<300>::new(Quantile::P95), &values, 300, equal);
        agree(&mut one_percent::<300>(), &mut exact::<300>(), &values, 0, within);
        let group = format!("p95 of 300, {stream:?}");
        bench(criterion, &group, "ExactQuantiles", &values, exact::<300>);
        bench(criterion, &group, "RelativeQuantiles", &values, one_percent::<300>);
        bench(criterion, &group, "sliding-quantile", &values, || Sliding::<300>::new(Quantile::P95));
        if stream == Stream::Latency {
            bench(criterion, &group, "select_nth_unstable", &values, SelectPerQuery::<300>::default);
            bench(criterion, &group, "sketches-ddsketch", &values, Sketch::default);
            bench(criterion, &group, "hdrhistogram", &values, Hdr::default);
            bench(criterion, &group, "six hdrhistogram", &values, HdrPanes::<300>::default);
            bench(criterion, &group, "bare ring", &values, BareRing::<300>::default);
        }
    }
}

fn stabilization<const N: usize>(criterion: &mut Criterion, values: &[u32]) {
    agree(&mut Stabilized::<N>::default(), &mut Scanned::<N>::default(), values, 0, |ours, theirs| ours == theirs);
    let group = format!("highest of {N}");
    bench(criterion, &group, "Extremes", values, Stabilized::<N>::default);
    bench(criterion, &group, "linear scan", values, Scanned::<N>::default);
}

fn extremes(criterion: &mut Criterion) {
    let values: Vec<u32> = recommendations(VALUES).iter().map(|replicas| replicas.unsigned_abs()).collect();
    stabilization::<20>(criterion, &values);
    stabilization::<60>(criterion, &values);
    stabilization::<240>(criterion, &values);
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(20);
    targets = quantiles, extremes
}
criterion_main!(benches);
