//! One whole sync, ours and the reference's, over varied pods. The ratios to quote come from the program `ratios`.

use std::hint::black_box;

use criterion::{BatchSize, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use plimsoll_benches::reference::Reference;
use plimsoll_benches::worlds::{Policies, SIZES, fleet, small_fleet};

fn sync(criterion: &mut Criterion) {
    let policies = Policies::default();
    let hpa = policies.with_behavior();
    let reference = Reference::new(&hpa);
    let mut group = criterion.benchmark_group("sync");
    for pods in SIZES {
        let worlds = fleet(&hpa, pods, small_fleet(pods), 3);
        for world in &worlds {
            // Panics when both do not agree: nothing is timed before.
            world.clone().agree(&hpa);
        }
        let pasts = || worlds.iter().map(|world| (world.history.clone(), world.memory.clone())).collect::<Vec<_>>();
        group.throughput(Throughput::Elements(worlds.len() as u64));
        group.bench_function(BenchmarkId::new("plimsoll", pods), |bencher| {
            bencher.iter_batched_ref(
                pasts,
                |pasts| {
                    for (world, (history, _)) in worlds.iter().zip(pasts) {
                        black_box(world.ours(&hpa, history));
                    }
                },
                BatchSize::PerIteration,
            );
        });
        group.bench_function(BenchmarkId::new("reference", pods), |bencher| {
            bencher.iter_batched_ref(
                pasts,
                |pasts| {
                    for (world, (_, memory)) in worlds.iter().zip(pasts) {
                        black_box(reference.sync(&world.pods, world.replicas, world.now, memory));
                    }
                },
                BatchSize::PerIteration,
            );
        });
    }
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(20);
    targets = sync
}
criterion_main!(benches);
