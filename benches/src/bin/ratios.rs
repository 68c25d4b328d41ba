//! How many times longer the reference takes for a sync, by batches of both in turn, in time that the thread had the
//! processor.
//!
//! A batch goes once over all workloads of a fleet, right after an untimed one of the same side, so that no side pays
//! for what the other left in the caches. The small fleet of each size stays in them and shows the work; the large one
//! is read from memory, and there ours waits for its pods and histories.
//!
//! The minimum over minimum is what the code can do, the median over median what it did. A side whose median is more
//! than 1.3 times its minimum was disturbed: the row says so, and the program ends with status 1.

use std::process::ExitCode;
use std::time::Duration;

use plimsoll_benches::reference::Reference;
use plimsoll_benches::turns::{Times, time};
use plimsoll_benches::worlds::{Policies, SIZES, World, fleet, large_fleet, small_fleet};
use plimsoll_core::hpa::Hpa;

const TURNS: usize = 31;

fn main() -> ExitCode {
    let policies = Policies::default();
    let mut disturbed = false;
    println!("reference / plimsoll, one whole sync, {TURNS} turns");
    println!("{:<9} {:>5} {:>9} {:>7} {:>7}", "policy", "pods", "workloads", "min", "median");
    for (name, hpa) in [("plain", policies.plain()), ("behavior", policies.with_behavior())] {
        for pods in SIZES {
            for count in [small_fleet(pods), large_fleet(pods)] {
                let [ours, theirs] = measure(&hpa, &fleet(&hpa, pods, count, 5));
                let noisy = ours.noisy() || theirs.noisy();
                disturbed |= noisy;
                let (min, median) = (theirs.min / ours.min, theirs.median / ours.median);
                println!("{name:<9} {pods:>5} {count:>9} {min:>7.1} {median:>7.1}{}", if noisy { " !" } else { "" });
            }
        }
    }
    if disturbed {
        println!("! = disturbed: run again on a quieter machine");
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

/// Ours and the reference's.
fn measure(hpa: &Hpa<'_>, worlds: &[World]) -> [Times; 2] {
    // Panics when both do not agree: nothing is timed before.
    worlds.iter().for_each(|world| {
        world.clone().agree(hpa);
    });
    let reference = Reference::new(hpa);
    let ours = || {
        let mut pasts = worlds.iter().map(|world| world.history.clone()).collect::<Vec<_>>();
        time(|| worlds.iter().zip(&mut pasts).map(|(world, past)| i64::from(world.ours(hpa, past).to.0)).sum::<i64>())
    };
    let theirs = || {
        let mut pasts = worlds.iter().map(|world| world.memory.clone()).collect::<Vec<_>>();
        let sync = |(world, past): (&World, _)| i64::from(reference.sync(&world.pods, world.replicas, world.now, past));
        time(|| worlds.iter().zip(&mut pasts).map(sync).sum::<i64>())
    };
    let mut times: [Vec<Duration>; 2] = Default::default();
    for _ in 0..TURNS {
        let turn = [ours(), ours(), theirs(), theirs()];
        assert!(turn.iter().all(|(sum, _)| *sum == turn[0].0), "both do not agree");
        times[0].push(turn[1].1);
        times[1].push(turn[3].1);
    }
    times.map(Times::of)
}
