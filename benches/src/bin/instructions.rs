//! One sync of 10 and of 1,000 pods, in functions that callgrind can tell apart, and the sizes of what takes part.
//!
//! The crate's documentation has the command.

use std::hint::black_box;

use plimsoll_benches::worlds::{Noise, Policies, World};
use plimsoll_core::hpa::{Decision, History, Hpa, Observation, Pod, PodFold, Step};

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

fn main() {
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
