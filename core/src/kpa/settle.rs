//! From the number wanted to the number written: bounds, the protocol that leads to zero, and the state.

use super::history::{Reason, State, Status};
use super::observation::Pass;
use super::policy::{Burst, Lifecycle};
use super::step::Step;
use crate::decision::Draft;
use crate::trace::Trace;
use crate::units::{Instant, Replicas, Span};

/// How long after becoming inactive behind the proxy upstream looks again: nothing else would remind it.
const LOOK_AGAIN: Span = Span::from_secs(3);

/// What became of the number wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Settled {
    /// Replicas after bounds and protocol; `None` when not known. While a protocol waits, it is not what is written.
    pub wanted: Option<Replicas>,
    /// Replicas that the target is to ask for.
    pub replicas: Replicas,
    /// When upstream looks again: so much time from now.
    pub again_after: Option<Span>,
    /// The proxy is to be probed until it answers.
    pub probe: bool,
    /// Where requests are to go.
    pub route: Route,
    /// How many proxies are to be in the path, if the pods could be counted.
    pub activators: Option<u32>,
}

/// Where requests go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub enum Route {
    /// To the pods.
    Direct,
    /// Through the proxy.
    Proxied,
}

impl Lifecycle {
    /// One pass: bounds, protocol and state. O(1).
    pub fn settle(&self, status: &mut Status, pass: &Pass, trace: &mut impl Trace<Step>) -> Settled {
        settle(self, status, pass, &mut Draft::new(pass.scale.0, Step::NothingKnown, trace))
    }
}

pub(super) fn settle<T: Trace<Step>>(
    lifecycle: &Lifecycle,
    status: &mut Status,
    pass: &Pass,
    draft: &mut Draft<'_, Step, T>,
) -> Settled {
    let mut settled = Settled {
        wanted: None,
        replicas: pass.scale,
        again_after: None,
        probe: false,
        route: Route::Proxied,
        activators: pass.ready.map(|ready| lifecycle.activators(ready)),
    };
    let before = status.state;
    let bounded = bound(lifecycle, status, pass, draft);
    match bounded {
        None => draft.set(pass.scale.0, Step::NothingKnown),
        Some(0) => to_zero(lifecycle, status, pass, &mut settled, draft),
        Some(bounded) => write(&mut settled, bounded, draft),
    }
    if settled.wanted.is_some_and(|wanted| wanted.0 > 0) && pass.excess_burst_capacity >= 0 {
        settled.route = Route::Direct;
    }
    // Where the pods could not be counted, upstream's pass ends here with an error, and the status stays.
    if let Some(ready) = pass.ready {
        status.publish(settled.wanted);
        advance(lifecycle, status, pass, settled.wanted, ready);
    }
    if status.state != before {
        draft.note(Step::StateChanged { from: before, to: status.state });
    }
    let next = next_pass(lifecycle, status, pass, bounded, settled.replicas.0);
    draft.revisit(next.map(|at| at.max(pass.now.next())));
    settled
}

/// When another pass would answer otherwise, if nothing but the time changes: `bounded` is what this one had to settle,
/// `answer` what it says.
fn next_pass(
    lifecycle: &Lifecycle,
    status: &Status,
    pass: &Pass,
    bounded: Option<i32>,
    answer: i32,
) -> Option<Instant> {
    let next = bound(lifecycle, status, pass, &mut Draft::new(0, Step::NothingKnown, &mut ()));
    match next {
        Some(0) if lifecycle.scale_to_zero => zero_changes_at(lifecycle, status, pass, answer),
        // This pass moved the state, so that another minimum counts, or an unknown number does.
        _ => (next != bounded).then_some(pass.now),
    }
}

/// The number within its bounds. An unknown one counts as less than none while activating, else there is none.
pub(super) fn bound<T: Trace<Step>>(
    lifecycle: &Lifecycle,
    status: &Status,
    pass: &Pass,
    draft: &mut Draft<'_, Step, T>,
) -> Option<i32> {
    if pass.wanted.is_none() && status.state != State::Activating {
        return None;
    }
    let min = lifecycle.min_of(pass);
    let starts = lifecycle.initial_scale > 1 && !status.initialized && pass.reachable;
    let low = if starts { min.max(lifecycle.initial_scale) } else { min };
    let wanted = pass.wanted.map_or(-1, |wanted| wanted.0);
    if wanted < low {
        draft.set(low, Step::BelowMin { from: pass.wanted, to: Replicas(low), initial: starts && low > min });
        return Some(low);
    }
    Some(match lifecycle.max {
        Some(max) if wanted > max => {
            draft.set(max, Step::AboveMax { from: Replicas(wanted), to: Replicas(max) });
            max
        }
        _ => wanted,
    })
}

fn write<T: Trace<Step>>(settled: &mut Settled, replicas: i32, draft: &mut Draft<'_, Step, T>) {
    (settled.wanted, settled.replicas) = (Some(Replicas(replicas)), Replicas(replicas));
    if draft.to() != replicas {
        draft.set(replicas, Step::Settled { replicas: Replicas(replicas) });
    }
}

/// Waits: the scale stays, whatever is wanted.
fn wait<T: Trace<Step>>(pass: &Pass, step: Step, draft: &mut Draft<'_, Step, T>) {
    draft.set(pass.scale.0, step);
}

/// The protocol that leads to zero, by state and time in it.
fn to_zero<T: Trace<Step>>(
    lifecycle: &Lifecycle,
    status: &Status,
    pass: &Pass,
    settled: &mut Settled,
    draft: &mut Draft<'_, Step, T>,
) {
    let now = pass.now;
    if !lifecycle.scale_to_zero {
        draft.set(1, Step::ZeroDisabled);
        return write(settled, 1, draft);
    }
    let since = status.held_since(lifecycle.mended);
    let held = now.since(since);
    match status.state {
        State::Activating => {
            let timeout = lifecycle.activation_timeout();
            if held > timeout {
                draft.set(0, Step::ActivationTimedOut);
                return write(settled, 0, draft);
            }
            // From now, not from the beginning: upstream looks again later than it could.
            settled.again_after = Some(timeout);
            wait(pass, Step::ActivationHolds { until: since + timeout }, draft);
        }
        State::Active if held >= lifecycle.stable_window => {
            settled.wanted = Some(Replicas(0));
            settled.again_after = pass.proxy.routed.then_some(LOOK_AGAIN);
            wait(pass, Step::Deactivates, draft);
        }
        State::Active => {
            settled.again_after = Some(left(lifecycle.stable_window, held));
            draft.set(1, Step::ActiveHolds { until: since + lifecycle.stable_window });
            write(settled, 1, draft);
        }
        State::Inactive => {
            settled.wanted = Some(Replicas(0));
            if lifecycle.burst != Burst::Unlimited && !pass.proxy.confirmed {
                settled.probe = true;
                return wait(pass, Step::ProxyAwaited, draft);
            }
            let retention = lifecycle.retention_of(pass);
            let proxied = pass.proxy.since.map_or(Span::ZERO, |since| now.since(since));
            if held < lifecycle.grace.max(retention) {
                if held < retention {
                    settled.again_after = Some(left(retention, held));
                    return wait(pass, Step::RetentionHolds { until: since + retention }, draft);
                }
                if proxied < lifecycle.grace {
                    let rest = left(lifecycle.grace, proxied);
                    settled.again_after = Some(rest);
                    return wait(pass, Step::GraceHolds { until: now + rest }, draft);
                }
            }
            draft.set(0, Step::ToZero);
            write(settled, 0, draft);
        }
    }
}

fn left(of: Span, gone: Span) -> Span {
    Span::from_nanos(of.as_nanos().saturating_sub(gone.as_nanos()))
}

/// The state after a pass.
fn advance(lifecycle: &Lifecycle, status: &mut Status, pass: &Pass, wanted: Option<Replicas>, ready: u32) {
    let min = lifecycle.min_of(pass);
    let enough = min.max(if status.initialized { 1 } else { lifecycle.initial_scale });
    let is_enough = i64::from(ready) >= i64::from(enough);
    if is_enough && pass.named {
        status.initialized = true;
    }
    let goes_on = wanted.is_some_and(|wanted| wanted.0 > 0) || status.state != State::Inactive;
    if wanted == Some(Replicas(0)) || enough == 0 {
        // Wanted zero while activating: the deadline has passed.
        let timed_out = status.state == State::Activating && enough > 0;
        let reason = if timed_out { Reason::TimedOut } else { Reason::NoTraffic };
        status.mark(State::Inactive, Some(reason), pass.now);
    } else if !is_enough && goes_on {
        status.mark(State::Activating, Some(Reason::Queued), pass.now);
    } else if !is_enough {
        status.mark(State::Inactive, Some(Reason::NoTraffic), pass.now);
    } else if goes_on {
        status.mark(State::Active, None, pass.now);
    }
}

/// When time alone, or another pass at once, would bring the protocol to its next answer, as the state is now.
fn zero_changes_at(lifecycle: &Lifecycle, status: &Status, pass: &Pass, answer: i32) -> Option<Instant> {
    let since = status.held_since(lifecycle.mended);
    match status.state {
        // Active is the only state that asks for one.
        State::Activating | State::Inactive if pass.scale.0 == 0 => None,
        State::Activating => Some((since + lifecycle.activation_timeout()).next()),
        // The next pass deactivates, if the pods are counted.
        State::Active if pass.now.since(since) >= lifecycle.stable_window => pass.ready.map(|_| pass.now),
        // Only just active: the next pass leaves one.
        State::Active if answer != 1 => Some(pass.now),
        State::Active => Some(since + lifecycle.stable_window),
        State::Inactive if lifecycle.burst != Burst::Unlimited && !pass.proxy.confirmed => None,
        State::Inactive => {
            let retention = lifecycle.retention_of(pass);
            let certain = since + lifecycle.grace.max(retention);
            let proxied = pass.proxy.since.map(|at| (at + lifecycle.grace).max(since + retention));
            Some(proxied.map_or(certain, |proxied| proxied.min(certain)))
        }
    }
}

impl Lifecycle {
    /// The fewest pods, if anybody can reach them.
    fn min_of(&self, pass: &Pass) -> i32 {
        if pass.reachable { self.min } else { 0 }
    }

    fn retention_of(&self, pass: &Pass) -> Span {
        if pass.reachable { self.pod_retention } else { Span::ZERO }
    }
}
