//! Ours and the reference, over many workloads and their pasts.

use plimsoll_benches::worlds::{Noise, Policies, World};

#[test]
fn the_reference_gives_the_same_answers() {
    let policies = Policies::default();
    let (mut up, mut down) = (0, 0);
    for hpa in [policies.plain(), policies.with_behavior()] {
        let mut noise = Noise(11);
        for round in 0..600 {
            // The making of a world compares each sync of its past.
            let mut world = World::new(&hpa, 1 + round % 40, &mut noise);
            let decision = world.agree(&hpa);
            up += u32::from(decision.to > decision.from);
            down += u32::from(decision.to < decision.from);
        }
    }
    // Worlds in which nothing moves would show nothing.
    assert!(up > 100 && down > 20, "{up} up, {down} down");
}
