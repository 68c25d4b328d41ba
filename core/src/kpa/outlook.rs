//! How far the next change is: at which load more or fewer pods would be wanted, and at which a panic would begin.

use super::history::History;
use super::observation::{Demand, Load, Observation, Pass};
use super::policy::Kpa;
use super::propose::weigh;
use super::settle::bound;
use super::step::Step;
use crate::decision::Draft;
use crate::units::{Replicas, Span};

/// At which loads the answer would be another one, all else being equal.
#[derive(Clone, Copy, Debug, PartialEq, Default)]
pub struct Outlook {
    /// The least steady load at which more than the present number would be wanted; `None` when none is.
    pub up: Option<Threshold>,
    /// The greatest steady load at which fewer would be; `None` when none is: a panic, the delay or the minimum holds.
    pub down: Option<Threshold>,
    /// The least panic average that would begin a panic, or make it last longer.
    pub panic: Option<f64>,
}

/// A load, and what it would ask for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Threshold {
    /// Both averages.
    pub load: f64,
    /// Replicas wanted within bounds. Zero is only wanted: the protocol takes its time.
    pub replicas: Replicas,
}

impl Kpa {
    /// How far the next change is, from the scale and the pods seen now. About 200 evaluations.
    #[must_use]
    pub fn outlook<const S: usize, const P: usize, const D: usize>(
        &self,
        history: &History<S, P, D>,
        seen: &Observation,
    ) -> Outlook {
        let (Some(current), Some(ready)) = (seen.scale, seen.ready) else {
            return Outlook::default();
        };
        let delayed = history.memory.delay.as_ref().filter(|_| seen.reachable).and_then(|delay| {
            let duration = if self.mended.delay_follows_policy { self.decider.delay } else { delay.duration() };
            delay.highest_within(duration, seen.now).filter(|_| duration > Span::ZERO)
        });
        let at = |load: f64| {
            let load = Load { stable: load, panic: load };
            let (mut trace, memory) = ((), &history.memory);
            let mut draft = Draft::new(current.0, Step::NothingKnown, &mut trace);
            let weighed = weigh(&self.decider, memory.panic, memory.ramp, &demand(seen, load), ready, load, &mut draft);
            let wanted = delayed.map_or(weighed.wanted, |delayed| delayed.max(weighed.wanted));
            let pass = Pass {
                now: seen.now,
                wanted: Some(Replicas(wanted)),
                excess_burst_capacity: 0,
                scale: current,
                ready: seen.ready,
                reachable: seen.reachable,
                proxy: seen.proxy,
                named: seen.named,
            };
            bound(&self.lifecycle, &history.status, &pass, &mut draft).unwrap_or(wanted)
        };
        let threshold = |load: f64| Threshold { load, replicas: Replicas(at(load)) };
        let panics = |panic: f64| {
            let load = Load { stable: 0.0, panic };
            let demand = demand(seen, load);
            super::propose::panics(&self.decider, &demand, ready, load)
        };
        Outlook {
            up: least(|load| at(load) > current.0).map(threshold),
            // Fewer at none of the loads, at all, or at all below the first at which they are not.
            down: match least(|load| at(load) >= current.0) {
                Some(first) => below(first).map(threshold),
                None => Some(threshold(f64::MAX)),
            },
            panic: least(panics),
        }
    }
}

fn demand(seen: &Observation, load: Load) -> Demand {
    Demand { now: seen.now, load: Ok(load), ready: seen.ready, starting: seen.starting, reachable: seen.reachable }
}

/// The least load from 0 on for which something holds that holds for every greater one as well.
fn least(holds: impl Fn(f64) -> bool) -> Option<f64> {
    // Floats that are not negative are ordered like their bits.
    let (mut low, mut high) = (0, f64::MAX.to_bits());
    if !holds(f64::from_bits(high)) {
        return None;
    }
    while low < high {
        let middle = low.midpoint(high);
        if holds(f64::from_bits(middle)) { high = middle } else { low = middle.saturating_add(1) }
    }
    Some(f64::from_bits(high))
}

fn below(load: f64) -> Option<f64> {
    load.to_bits().checked_sub(1).map(f64::from_bits)
}
