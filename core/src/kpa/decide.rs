//! One decision: averages, proposal, pass.

use super::history::{History, Reason, State};
use super::observation::{Demand, Load, Observation, Pass, Reading, Sample, Unknown};
use super::policy::{Kpa, same_sign};
use super::propose::{Proposal, propose};
use super::settle::{Route, Settled, settle};
use super::step::Step;
use crate::decision::Draft;
use crate::error::{ConfigError, Problem};
use crate::trace::Trace;
use crate::units::{Instant, Replicas, Span};
use crate::window::Recorded;

/// What the KPA decides.
pub type Decision = crate::decision::Decision<Step, Detail>;

/// What the KPA knows beside the number.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Detail {
    /// The averages, or why there are none.
    pub load: Result<Load, Unknown>,
    /// What the decider says now, or why it cannot.
    pub proposal: Result<Proposal, Unknown>,
    /// Whether there is a panic.
    pub panicking: bool,
    /// Requests that would fit beyond the present load and the burst, as of the last proposal.
    pub excess_burst_capacity: i32,
    /// The excess changed sides (0 counts as positive): the route may change.
    pub excess_flipped: bool,
    /// Replicas after bounds and protocol; `None` when not known. While the protocol waits it is not yet what is written.
    pub wanted: Option<Replicas>,
    /// Where requests are to go.
    pub route: Route,
    /// How many proxies are to be in the path, if the pods could be counted.
    pub activators: Option<u32>,
    /// The proxy is to be probed until it answers.
    pub probe: bool,
    /// When upstream would look again for the life cycle's sake: so much time from now.
    pub again_after: Option<Span>,
    /// The state of the life cycle after the decision.
    pub state: State,
    /// The reason that upstream gives for it.
    pub reason: Option<Reason>,
    /// Whether the initial scale was ready once.
    pub initialized: bool,
    /// Replicas that upstream publishes as desired.
    pub published: Option<Replicas>,
    /// The moment of the decision.
    pub at: Instant,
}

impl Kpa {
    /// Adds a sample, at its own time; late ones are added where they belong. Several in one second add up: proxies and
    /// pods report apart. O(1), or O(seconds skipped).
    ///
    /// One that is refused shows as a step of the next decision.
    pub fn record<const S: usize, const P: usize, const D: usize>(
        &self,
        history: &mut History<S, P, D>,
        at: Instant,
        sample: Sample,
    ) -> Recorded {
        history.record(at, sample)
    }

    /// Decides one tick. Cannot fail and cannot panic: whatever is wrong with the observation shows as a step.
    ///
    /// O(1) amortised for plain averages while samples come, else O(window).
    pub fn decide<const S: usize, const P: usize, const D: usize>(
        &self,
        history: &mut History<S, P, D>,
        seen: &Observation,
        trace: &mut impl Trace<Step>,
    ) -> Decision {
        let now = seen.now;
        let current = seen.scale.map_or(0, |scale| scale.0);
        let mut draft = Draft::new(current, Step::ScaleUnread, trace);
        if let Some(last) = history.see(now).filter(|last| *last > now) {
            draft.note(Step::ClockWentBack { last, now });
        }
        let refused = core::mem::take(&mut history.refused);
        if refused > 0 {
            draft.note(Step::SamplesRefused { count: refused });
        }
        if let Err(error) = self.resize(history, now) {
            draft.note(too_long(&error));
        }
        let load = match seen.load {
            Reading::Given(load) => Ok(load),
            Reading::Failed => Err(Unknown::Metric),
            Reading::Recorded => {
                draft.revisit(history.windows.stable.changes_at(now));
                let load = history.windows.read(now, self.aggregation, self.is_scraped(), self.mended);
                load.ok_or(Unknown::NoData)
            }
        };
        let demand = Demand { now, load, ready: seen.ready, starting: seen.starting, reachable: seen.reachable };
        let proposal = propose(&self.decider, &mut history.memory, &demand, &mut draft);
        let excess_before = history.excess;
        match proposal {
            Ok(proposal) => {
                history.wanted = Some(proposal.wanted);
                history.excess = proposal.excess_burst_capacity;
            }
            Err(why) => {
                draft.note(Step::NotKnown { why });
                if let Some(wanted) = history.wanted {
                    draft.set(wanted.0, Step::Kept { wanted });
                }
            }
        }
        let settled = match seen.scale {
            Some(scale) => {
                let pass = Pass {
                    now,
                    wanted: history.wanted,
                    excess_burst_capacity: history.excess,
                    scale,
                    ready: seen.ready,
                    reachable: seen.reachable,
                    proxy: seen.proxy,
                    named: seen.named,
                };
                settle(&self.lifecycle, &mut history.status, &pass, &mut draft)
            }
            None => {
                draft.set(current, Step::ScaleUnread);
                unread(history.wanted, history.excess)
            }
        };
        draft.decide(Detail {
            load,
            proposal,
            panicking: history.memory.panic.since.is_some(),
            excess_burst_capacity: history.excess,
            excess_flipped: !same_sign(excess_before, history.excess),
            wanted: settled.wanted,
            route: settled.route,
            activators: settled.activators,
            probe: settled.probe,
            again_after: settled.again_after,
            state: history.status.state,
            reason: history.status.reason,
            initialized: history.status.initialized,
            published: history.status.published,
            at: now,
        })
    }

    /// Gives the windows of a history the policy's lengths, as [`Kpa::decide`] does as well; `now` is the wall clock.
    ///
    /// # Errors
    /// When there is no room for one; that one keeps its length.
    pub fn resize<const S: usize, const P: usize, const D: usize>(
        &self,
        history: &mut History<S, P, D>,
        now: Instant,
    ) -> Result<(), ConfigError> {
        history.windows.resize(self.stable_window, self.panic_window, now, self.mended)
    }
}

fn too_long(error: &ConfigError) -> Step {
    let needed = match error.problem {
        Problem::Capacity { needed } => needed,
        _ => 0,
    };
    Step::WindowTooLong { needed, room: u32::try_from(error.given).unwrap_or(0) }
}

/// Without a scale there is nothing to write, and upstream's pass ends with an error: the route stays what the last
/// proposal makes it.
fn unread(wanted: Option<Replicas>, excess: i32) -> Settled {
    let direct = excess >= 0 && wanted.is_some_and(|wanted| wanted.0 > 0);
    let route = if direct { Route::Direct } else { Route::Proxied };
    Settled { wanted, replicas: Replicas(0), again_after: None, probe: false, route, activators: None }
}
