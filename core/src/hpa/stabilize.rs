//! Windows: a number is held by the recommendations of the last while.

use super::policy::Windows;
use crate::constrain::Direction;
use crate::units::Instant;
use crate::window::{Cuts, Entry, ExtremesView, Stored};

/// A number after the windows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stabilized {
    /// Replicas.
    pub replicas: i32,
    /// What held it, when the windows changed the number.
    pub held: Option<Held>,
    /// Whether the list of recommendations had room.
    pub stored: Stored,
}

/// What held a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Held {
    /// The direction that was held.
    pub direction: Direction,
    /// The recommendation that holds it.
    pub by: i32,
    /// When that leaves the window.
    pub until: Instant,
}

/// Without behavior: the highest recommendation of the window counts, one aged exactly the window included. It may be
/// above the current number. O(1) amortised.
pub fn without_behavior(
    windows: Windows,
    wanted: i32,
    now: Instant,
    recommendations: &mut ExtremesView<'_>,
) -> Stabilized {
    let cut = now - windows.down;
    recommendations.advance(Cuts { forget: cut, highest: cut, lowest: Instant::MAX });
    let higher = recommendations.highest().filter(|entry| entry.value > wanted);
    let stored = recommendations.store(Entry { value: wanted, at: now });
    Stabilized {
        replicas: higher.map_or(wanted, |entry| entry.value),
        held: higher.map(|entry| Held {
            direction: Direction::Down,
            by: entry.value,
            until: (entry.at + windows.down).next(),
        }),
        stored,
    }
}

/// With behavior: the current number, raised to the lowest and lowered to the highest recommendation of each window;
/// one aged exactly the window is outside. Never moves against the number wanted. O(1) amortised.
pub fn with_behavior(
    windows: Windows,
    wanted: i32,
    current: i32,
    now: Instant,
    recommendations: &mut ExtremesView<'_>,
) -> Stabilized {
    let (up, down) = (now - windows.up, now - windows.down);
    recommendations.advance(Cuts { forget: up.min(down), highest: down.next(), lowest: up.next() });
    let lowest = recommendations.lowest().filter(|entry| entry.value < wanted);
    let highest = recommendations.highest().filter(|entry| entry.value > wanted);
    let low = lowest.map_or(wanted, |entry| entry.value);
    let high = highest.map_or(wanted, |entry| entry.value);
    let raised = if current < low { low } else { current };
    let replicas = if raised > high { high } else { raised };
    let stored = recommendations.store(Entry { value: wanted, at: now });
    let (direction, binding, window) =
        if wanted >= current { (Direction::Up, lowest, windows.up) } else { (Direction::Down, highest, windows.down) };
    let held = binding.filter(|_| replicas != wanted).map(|entry| Held {
        direction,
        by: entry.value,
        until: entry.at + window,
    });
    Stabilized { replicas, held, stored }
}
