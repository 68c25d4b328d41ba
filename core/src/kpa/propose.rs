//! From averages to a number of pods, in upstream's order.

use super::history::{Memory, Panic, Ramp};
use super::observation::{Demand, Load, Unknown};
use super::policy::{Decider, LeastExcess, TICK};
use super::step::{Step, Window};
use crate::decision::Draft;
use crate::math;
use crate::trace::Trace;
use crate::units::{Instant, Replicas, Span};
use crate::window::{SlotMaximum, Stored};

/// What the decider says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Proposal {
    /// Replicas wanted.
    pub wanted: Replicas,
    /// Requests that would fit beyond the present load and the burst.
    pub excess_burst_capacity: i32,
}

impl Decider {
    /// What the load asks for, limited by rates, raised by panic and delay. Minimum and maximum are not its business.
    ///
    /// O(1), amortised.
    ///
    /// # Errors
    /// Why no number can be computed; the memory is not touched then.
    pub fn propose<const D: usize>(
        &self,
        memory: &mut Memory<D>,
        demand: &Demand,
        trace: &mut impl Trace<Step>,
    ) -> Result<Proposal, Unknown> {
        propose(self, memory, demand, &mut Draft::new(0, Step::NothingKnown, trace))
    }
}

/// A number that was computed, and the memory that goes with it.
pub(super) struct Weighed {
    pub(super) wanted: i32,
    panic: Panic,
    ramp: Option<Ramp>,
}

pub(super) fn propose<const D: usize, T: Trace<Step>>(
    decider: &Decider,
    memory: &mut Memory<D>,
    demand: &Demand,
    draft: &mut Draft<'_, Step, T>,
) -> Result<Proposal, Unknown> {
    let (ready, load) = known(demand)?;
    let weighed = weigh(decider, memory.panic, memory.ramp, demand, ready, load, draft);
    (memory.panic, memory.ramp) = (weighed.panic, weighed.ramp);
    if decider.mended.delay_follows_policy {
        follow(decider, &mut memory.delay);
    }
    let mut wanted = weighed.wanted;
    if demand.reachable
        && let Some(delay) = &mut memory.delay
    {
        if delay.record(demand.now, wanted) == Stored::Merged {
            draft.note(Step::DelayFull);
        }
        let highest = delay.current().unwrap_or(wanted);
        if highest != wanted {
            let until = delay.leaves_at();
            draft.revisit(until);
            draft.set(highest, Step::Delayed { from: wanted, to: highest, until });
            wanted = highest;
        }
    }
    let excess = decider.excess_burst_capacity(ready, load.panic);
    draft.note(Step::Burst { excess });
    Ok(Proposal { wanted: Replicas(wanted), excess_burst_capacity: excess })
}

fn follow<const D: usize>(decider: &Decider, delay: &mut Option<SlotMaximum<D>>) {
    if decider.delay == Span::ZERO {
        *delay = None;
    } else {
        delay.get_or_insert_with(|| SlotMaximum::new(decider.delay, TICK)).resize(decider.delay);
    }
}

/// The ready pods and the load, if both are known and are numbers.
fn known(demand: &Demand) -> Result<(u32, Load), Unknown> {
    let ready = demand.ready.ok_or(Unknown::Pods)?;
    let load = demand.load?;
    if load.stable.is_nan() || load.panic.is_nan() {
        return Err(Unknown::NotANumber);
    }
    Ok((ready, load))
}

/// Everything but the delay.
pub(super) fn weigh<T: Trace<Step>>(
    decider: &Decider,
    mut panic: Panic,
    mut ramp: Option<Ramp>,
    demand: &Demand,
    ready: u32,
    load: Load,
    draft: &mut Draft<'_, Step, T>,
) -> Weighed {
    let now = demand.now;
    let pods = f64::from(ready.max(1));
    // Rounded up, so that even a small rate allows one more; down, so that even a small one lets one go.
    let most = math::ceil(decider.up * pods);
    let fewest = if demand.reachable { math::floor(pods / decider.down) } else { 0.0 };
    let limits = (fewest, most, ready.max(1));
    let ask = |window, average: f64| {
        let asked = math::ceil(average / decider.target);
        (asked, Step::Asked { window, average, target: decider.target, pods: math::ceil_i32(asked) })
    };
    let (asked, step) = ask(Window::Stable, load.stable);
    draft.set(math::ceil_i32(asked), step);
    let stable = limit(decider, Window::Stable, asked, limits, |to, step| draft.set(to, step));
    let (panic_asked, step) = ask(Window::Panic, load.panic);
    draft.note(step);
    let in_panic = limit(decider, Window::Panic, panic_asked, limits, |_, step| draft.note(step));

    ramp = ramp.filter(|_| demand.reachable).and_then(|ramp| step_down(decider, ramp, now));
    let ratio = panic_ratio(decider, demand, ready, load, panic_asked);
    let over = ratio.is_some_and(|ratio| ratio >= decider.panic_threshold);
    let end = |since: Instant| (since + decider.stable_window).next();
    if let Some(ratio) = ratio.filter(|_| over) {
        let extended = panic.since.is_some();
        draft.note(Step::PanicCaused { ratio, threshold: decider.panic_threshold, extended });
        panic.since = Some(now);
        if let Some(ramp) = ramp.take() {
            panic.most = panic.most.max(ramp.fewest);
        }
    } else if panic.since.is_some_and(|since| since + decider.stable_window < now) {
        draft.note(Step::PanicEnded { most: Replicas(panic.most) });
        if decider.mended.panic_ramps_down && demand.reachable {
            ramp = step_down(decider, Ramp { fewest: panic.most, steps_at: now }, now);
        }
        panic = Panic { since: None, most: 0 };
    }

    let mut wanted = stable;
    if let Some(since) = panic.since {
        if in_panic > wanted {
            draft.set(in_panic, Step::PanicAsksMore { from: wanted, to: in_panic });
            wanted = in_panic;
        }
        panic.most = panic.most.max(wanted);
        if !over {
            draft.revisit(Some(end(since)));
        }
        if panic.most > wanted {
            draft.set(panic.most, Step::PanicHolds { from: wanted, to: panic.most, until: end(since) });
            wanted = panic.most;
        }
    }
    if let Some(ramp) = ramp
        && ramp.fewest > wanted
    {
        draft.revisit(Some(ramp.steps_at));
        draft.set(ramp.fewest, Step::Ramped { from: wanted, to: ramp.fewest, until: ramp.steps_at });
        wanted = ramp.fewest;
    }
    Weighed { wanted, panic, ramp }
}

/// What a window asks for, within the rates, and at least the activation scale while it asks for anything.
fn limit(
    decider: &Decider,
    window: Window,
    asked: f64,
    (fewest, most, ready): (f64, f64, u32),
    mut say: impl FnMut(i32, Step),
) -> i32 {
    let (from, to) = (math::ceil_i32(asked), math::ceil_i32(asked.max(fewest).min(most)));
    if to != from {
        say(to, Step::RateLimited { window, from, to, ready });
    }
    let activation = decider.activation_scale;
    if activation > 1 && asked > 0.0 && activation > to {
        say(activation, Step::ActivationScale { window, from: to, to: activation });
        return activation;
    }
    to
}

/// Whether the load is a cause of panic.
pub(super) fn panics(decider: &Decider, demand: &Demand, ready: u32, load: Load) -> bool {
    let asked = math::ceil(load.panic / decider.target);
    panic_ratio(decider, demand, ready, load, asked).is_some_and(|ratio| ratio >= decider.panic_threshold)
}

/// How many times the pods that there are the panic window asks for; `None` when it may not cause a panic at all.
fn panic_ratio(decider: &Decider, demand: &Demand, ready: u32, load: Load, asked: f64) -> Option<f64> {
    let starting = if decider.mended.starting_pods_count { demand.starting } else { 0 };
    let pods = f64::from(ready.saturating_add(starting).max(1));
    match decider.mended.exact_panic {
        None => Some(asked / pods),
        Some(LeastExcess(excess)) => {
            let exact = load.panic / decider.target;
            (exact - pods >= f64::from(excess)).then_some(exact / pods)
        }
    }
}

/// Lets a ramp fall by the rate once for every stable window that began; `None` when it has nothing left to hold.
fn step_down(decider: &Decider, mut ramp: Ramp, now: Instant) -> Option<Ramp> {
    // A rate hardly above 1 takes long; after so many windows the panic is forgotten.
    const MOST_STEPS: u32 = 1000;
    let window = decider.stable_window.max(TICK);
    for _ in 0..MOST_STEPS {
        if ramp.steps_at > now {
            return Some(ramp);
        }
        let fewer = math::floor_i32(f64::from(ramp.fewest) / decider.down);
        // A rate of exactly 1 would never arrive.
        if fewer < 1 || fewer >= ramp.fewest {
            return None;
        }
        (ramp.fewest, ramp.steps_at) = (fewer, ramp.steps_at + window);
    }
    None
}
