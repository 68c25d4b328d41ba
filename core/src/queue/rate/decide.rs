//! One step: learn, size, share, hold.

use super::estimate::{Counters, Throughput, diminishing, learn, learn_delay};
use super::history::{History, Known};
use super::policy::{Observation, RateAware};
use super::size::{Demand, Sizing, partition_share, size};
use super::step::{Hold, Step};
use super::{seconds, span};
use crate::decision::Draft;
use crate::math;
use crate::trace::Trace;
use crate::units::{Instant, Milli, Replicas, Span};
use crate::window::{Cuts, Entry, ExtremesView, Stored};

/// What a rate-aware policy decides.
pub type Decision = crate::decision::Decision<Step, Detail>;

/// What it knows beside the number.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Detail {
    /// Messages arriving per second; `None` when that is not known yet.
    pub arrival: Option<f64>,
    /// Messages per second that a consumer is counted on for.
    pub service: f64,
    /// How long a new consumer takes.
    pub delay: Span,
    /// What the demand needs; `None` when it was not sized.
    pub sizing: Option<Sizing>,
    /// Within bounds, before any hold.
    pub recommended: Option<Replicas>,
    /// The moment of the decision.
    pub at: Instant,
}

/// What the host did with a decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Applied {
    /// The scale was written with this number.
    Done(Replicas),
    /// The scale could not be written.
    Failed,
}

/// At which backlog another number of consumers would be asked for, all else being equal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Outlook {
    /// Asked for now, before any hold.
    pub replicas: Option<Replicas>,
    /// The least backlog that asks for more; `None` at the most.
    pub more_at: Option<i64>,
    /// The greatest backlog that asks for fewer; `None` when none does.
    pub fewer_at: Option<i64>,
}

impl RateAware {
    /// Decides one step. Cannot fail and cannot panic: whatever is wrong with the observation shows as a step.
    ///
    /// O(1) amortised, and O(partitions) where they are given one by one.
    pub fn decide<const R: usize>(
        &self,
        history: &mut History<R>,
        seen: &Observation<'_>,
        trace: &mut impl Trace<Step>,
    ) -> Decision {
        let (known, recommendations) = history.view();
        step(self, known, recommendations, seen, trace)
    }

    /// Says what became of a decision that [changes](crate::decision::Decision::changes) the scale: the delay is
    /// measured from here, and a scale-up is on trial.
    pub fn applied<const R: usize>(
        &self,
        history: &mut History<R>,
        decision: &Decision,
        applied: Applied,
        trace: &mut impl Trace<Step>,
    ) {
        let (known, _) = history.view();
        let from = decision.from;
        let Applied::Done(to) = applied else {
            trace.record(&Step::RescaleFailed { from, to: decision.to });
            return;
        };
        if from == to {
            return;
        }
        trace.record(&Step::Rescaled { from, to });
        if to > from {
            known.ordered = Some((decision.detail.at, to.0));
            known.trial = known.pairs.last().copied().filter(|pair| pair.consumers == from.0);
        } else {
            known.ordered = None;
            known.trial = None;
            known.ineffective = false;
        }
    }

    /// How far the answer is from changing. About 120 evaluations of the formula.
    #[must_use]
    pub fn outlook<const R: usize>(&self, history: &History<R>, seen: &Observation<'_>) -> Outlook {
        let (Some(replicas), Some(backlog)) = (seen.replicas, seen.backlog) else { return Outlook::default() };
        let view = View::of(self, history.known());
        let at = |backlog: i64| self.bounded(&view.need(self, seen, replicas.0, backlog).1);
        let backlog = backlog.max(0);
        let present = at(backlog);
        const MOST: i64 = 1 << 60;
        let more_at = (at(MOST) > present).then(|| {
            let (mut low, mut high) = (backlog, MOST);
            while low.saturating_add(1) < high {
                let middle = low.midpoint(high);
                if at(middle) > present { high = middle } else { low = middle }
            }
            high
        });
        let fewer_at = (at(0) < present).then(|| {
            let (mut low, mut high) = (0_i64, backlog);
            while low.saturating_add(1) < high {
                let middle = low.midpoint(high);
                if at(middle) < present { low = middle } else { high = middle }
            }
            low
        });
        Outlook { replicas: Some(Replicas(present)), more_at, fewer_at }
    }

    /// Within bounds; not 0, which only the cooldown leads to.
    fn bounded(&self, need: &Need) -> i32 {
        need.to.max(1).max(self.bounds.min().0).min(self.bounds.max().0)
    }
}

/// What is known, as the formulas take it.
struct View {
    arrival: Option<f64>,
    service: f64,
    delay: Span,
}

/// How many consumers, and how they came about.
struct Need {
    to: i32,
    infeasible: bool,
    shared: Option<Step>,
}

impl View {
    fn of(policy: &RateAware, known: &Known) -> Self {
        let measured = match (known.estimates.service, known.estimates.slowest) {
            (Some(service), Some(slowest)) if slowest < service => Some(slowest),
            (service, _) => service,
        };
        let mut pairs = heapless::Vec::<(i32, f64), { super::estimate::PAIRS }>::new();
        for pair in &known.pairs {
            let _fits = pairs.push((pair.consumers, pair.rate));
        }
        // The fit explains the loss among many; a slow consumer is in the service rate already.
        let kept = if measured.is_some() { diminishing(&pairs) } else { 1.0 };
        let service = measured.filter(|service| *service > 0.0).unwrap_or(policy.service) * kept;
        Self { arrival: known.estimates.arrival, service, delay: known.estimates.delay.map_or(policy.delay, span) }
    }

    /// The sizing (none by lag only), and the need.
    fn need(&self, policy: &RateAware, seen: &Observation<'_>, current: i32, backlog: i64) -> (Option<Sizing>, Need) {
        let waiting = backlog.max(0) as f64;
        let sizing = self.arrival.map(|arrival| {
            size(&Demand {
                backlog: waiting,
                arrival,
                service: self.service,
                // What was asked for will work before anything that is asked for now.
                on_the_way: f64::from(current.max(0)),
                delay: self.delay,
                rebalance: policy.rebalance,
                drain: policy.drain,
                utilization: policy.utilization,
                wait: policy.wait,
                combine: policy.combine,
            })
        });
        let consumers = sizing.map_or(waiting / self.per_consumer(policy), |sizing| sizing.consumers);
        let whole = super::size::guarded_ceil(consumers).max(0);
        let infeasible = sizing.is_some_and(|sizing| sizing.infeasible());
        let Some(partitions) = seen.partitions else { return (sizing, Need { to: whole, infeasible, shared: None }) };
        let share = partition_share(partitions, consumers);
        let to = i32::try_from(share.consumers).unwrap_or(i32::MAX);
        let shared = Step::Shared {
            from: Replicas(whole),
            to: Replicas(to),
            partitions: share.partitions,
            infeasible: share.infeasible,
        };
        (sizing, Need { to, infeasible, shared: (to != whole).then_some(shared) })
    }

    /// Lag only: the threshold whose standing wait is the drain time.
    fn per_consumer(&self, policy: &RateAware) -> f64 {
        self.service * seconds(policy.drain)
    }
}

fn milli(x: f64) -> Milli {
    Milli(math::round(x * 1000.0) as i64)
}

fn step<T: Trace<Step>>(
    policy: &RateAware,
    known: &mut Known,
    mut recommendations: ExtremesView<'_>,
    seen: &Observation<'_>,
    trace: &mut T,
) -> Decision {
    let now = seen.now;
    let current = seen.replicas.map_or(0, |replicas| replicas.0);
    let mut draft = Draft::new(current, Step::ScaleUnread, trace);
    observe(policy, known, &mut recommendations, seen, &mut draft);
    let view = View::of(policy, known);
    let mut detail = Detail {
        arrival: view.arrival,
        service: view.service,
        delay: view.delay,
        sizing: None,
        recommended: None,
        at: now,
    };
    if seen.replicas.is_none() {
        draft.set(current, Step::ScaleUnread);
        return draft.decide(detail);
    }
    let Some(backlog) = seen.backlog.map(|backlog| backlog.max(0)) else {
        known.misses = known.misses.saturating_add(1);
        let misses = known.misses;
        let kept = policy.fallback.filter(|fallback| misses > fallback.threshold()).and_then(|f| f.kept(Some(current)));
        match kept {
            None => draft.set(current, Step::BacklogMissing { misses }),
            Some(kept) => {
                let to = kept.max(policy.bounds.min().0).min(policy.bounds.max().0);
                draft.set(to, Step::FellBack { misses, to: Replicas(to) });
            }
        }
        return draft.decide(detail);
    };
    known.misses = 0;
    if backlog > 0 {
        known.empty_since = None;
    } else {
        known.empty_since.get_or_insert(now);
        (known.ineffective, known.trial) = (false, known.trial.filter(|_| !known.ineffective));
    }
    if let Some(arrival) = view.arrival {
        let (arrival, service) = (milli(arrival), milli(view.service));
        draft.note(Step::Estimated { arrival, service, delay: view.delay });
    }
    partitions(policy, &view, seen, &mut draft);

    if current <= 0 {
        let waits = policy.oldest.is_some_and(|limit| seen.oldest.is_some_and(|oldest| oldest > limit));
        if backlog <= policy.activation && !waits && policy.bounds.min().0 == 0 {
            draft.set(0, Step::AtRest);
            return draft.decide(detail);
        }
        let to = recommend(policy, &view, seen, 0, backlog, &mut draft, &mut detail);
        remember(policy, &mut recommendations, to, now, &mut draft);
        draft.set(to, Step::Activated { to: Replicas(to) });
        return draft.decide(detail);
    }
    let asked = recommend(policy, &view, seen, current, backlog, &mut draft, &mut detail);
    if recommendations.is_empty() {
        // A history that knows nothing takes the present number for a recommendation: a restart does not scale down.
        recommendations.store(Entry { value: current, at: now.previous() });
    }
    let highest = remember(policy, &mut recommendations, asked, now, &mut draft);
    let at = Replicas(current);
    let (min, max) = (policy.bounds.min().0, policy.bounds.max().0);
    if current > max {
        // Down to the bound at once; further only to what was enough for the whole window.
        let to = Replicas(highest.value.max(asked).min(max));
        draft.set(to.0, Step::ScaledDown { from: at, to });
    } else if current < min {
        draft.set(asked, Step::ScaledUp { from: at, to: Replicas(asked) });
    } else if asked > current {
        if known.ineffective {
            draft.set(current, Step::Held { from: Replicas(asked), to: at, by: Hold::Bottleneck });
        } else {
            draft.set(asked, Step::ScaledUp { from: at, to: Replicas(asked) });
        }
    } else if to_zero(policy, known, &view, now, current, &mut draft) {
        return draft.decide(detail);
    } else {
        down(policy, &view, &detail, (asked, highest), now, current, &mut draft);
    }
    draft.decide(detail)
}

/// Time, rates, delay, and whether the last scale-up was of use.
fn observe<T: Trace<Step>>(
    policy: &RateAware,
    known: &mut Known,
    recommendations: &mut ExtremesView<'_>,
    seen: &Observation<'_>,
    draft: &mut Draft<'_, Step, T>,
) {
    let now = seen.now;
    let counters = Counters::of(seen, known.counters.as_ref());
    let Some(before) = known.counters.replace(counters) else { return };
    if before.at > now {
        recommendations.clamp(now);
        known.empty_since = known.empty_since.map(|since| since.min(now));
        known.ordered = known.ordered.map(|(at, consumers)| (at.min(now), consumers));
    }
    if before.at >= now {
        draft.note(Step::ClockWentBack { last: before.at, now });
        return;
    }
    let throughput = learn(&mut known.estimates, &mut known.pairs, policy, &before, &counters);
    if let Some((at, consumers)) = known.ordered
        && counters.running.is_some_and(|running| running >= consumers)
        && seen.running.is_some()
    {
        learn_delay(&mut known.estimates, policy, seconds(now.since(at)));
        known.ordered = None;
    }
    if let (Some(trial), Some(after)) = (known.trial, throughput) {
        if known.ineffective {
            // What was the limit gave way.
            known.ineffective = after.rate <= 1.1 * trial.rate;
        } else if after.consumers > trial.consumers && known.ordered.is_none() {
            judge(known, trial, after, draft);
        }
        if !known.ineffective && known.ordered.is_none() {
            known.trial = None;
        }
    }
}

/// A scale-up that brought less than a tenth of what its consumers did before, each, was of no use.
fn judge<T: Trace<Step>>(known: &mut Known, before: Throughput, after: Throughput, draft: &mut Draft<'_, Step, T>) {
    let each = before.rate / f64::from(before.consumers.max(1));
    let expected = each * f64::from(after.consumers.saturating_sub(before.consumers));
    known.ineffective = after.rate - before.rate < 0.1 * expected;
    if known.ineffective {
        // From here on it is the throughput to be beaten.
        known.trial = Some(after);
        draft.note(Step::Ineffective { before: milli(before.rate), after: milli(after.rate) });
    }
}

/// Flags partitions that more consumers cannot help.
fn partitions<T: Trace<Step>>(policy: &RateAware, view: &View, seen: &Observation<'_>, draft: &mut Draft<'_, Step, T>) {
    for (load, partition) in seen.loads.iter().zip(0_u32..) {
        let left = view.service - load.arrival;
        if left <= 0.0 {
            draft.note(Step::HotPartition { partition, arrival: milli(load.arrival) });
        } else if load.backlog / left > seconds(policy.drain) {
            draft.note(Step::LatePartition { partition, drains_in: span(load.backlog / left) });
        }
    }
}

/// What the demand asks for, within bounds.
fn recommend<T: Trace<Step>>(
    policy: &RateAware,
    view: &View,
    seen: &Observation<'_>,
    current: i32,
    backlog: i64,
    draft: &mut Draft<'_, Step, T>,
    detail: &mut Detail,
) -> i32 {
    let (sizing, need) = view.need(policy, seen, current, backlog);
    detail.sizing = sizing;
    match sizing {
        None => draft.note(Step::LagOnly { backlog, per_consumer: milli(view.per_consumer(policy)) }),
        Some(sizing) => draft.note(Step::Sized {
            backlog_then: milli(sizing.backlog_then),
            steady: milli(sizing.steady),
            drain: milli(sizing.drain),
            wait: milli(sizing.wait),
            to: Replicas(sizing.whole()),
        }),
    }
    if need.infeasible {
        draft.note(Step::Infeasible);
    }
    if let Some(shared) = need.shared {
        draft.note(shared);
    }
    let replicas = policy.bounded(&need);
    detail.recommended = Some(Replicas(replicas));
    draft.note(Step::Recommended { replicas: Replicas(replicas) });
    replicas
}

/// Stores a recommendation, and gives the highest of the window with it.
fn remember<T: Trace<Step>>(
    policy: &RateAware,
    recommendations: &mut ExtremesView<'_>,
    asked: i32,
    now: Instant,
    draft: &mut Draft<'_, Step, T>,
) -> Entry {
    let cut = now.next() - policy.stabilization;
    recommendations.advance(Cuts { forget: cut, highest: cut, lowest: Instant::MAX });
    let entry = Entry { value: asked, at: now };
    if recommendations.store(entry) == Stored::Merged {
        draft.note(Step::HistoryFull);
    }
    recommendations.highest().filter(|highest| highest.value >= asked).unwrap_or(entry)
}

/// To zero, when the backlog is empty for a cooldown and less than one message is expected in the next.
fn to_zero<T: Trace<Step>>(
    policy: &RateAware,
    known: &Known,
    view: &View,
    now: Instant,
    current: i32,
    draft: &mut Draft<'_, Step, T>,
) -> bool {
    let Some(since) = known.empty_since.filter(|_| policy.bounds.min().0 == 0) else { return false };
    let quiet = view.arrival.is_none_or(|arrival| arrival * seconds(policy.cooldown) < 1.0);
    if !quiet {
        return false;
    }
    let until = since + policy.cooldown;
    if until >= now {
        draft.revisit(Some(until.next()));
        if current == 1 {
            draft.set(1, Step::Held { from: Replicas(0), to: Replicas(1), by: Hold::Cooldown { until } });
            return true;
        }
        return false;
    }
    draft.set(0, Step::Deactivated { from: Replicas(current) });
    true
}

/// Fewer, if that held for a window, is more than a little, and is worth a rebalance.
fn down<T: Trace<Step>>(
    policy: &RateAware,
    view: &View,
    detail: &Detail,
    (asked, highest): (i32, Entry),
    now: Instant,
    current: i32,
    draft: &mut Draft<'_, Step, T>,
) {
    let (at, from) = (Replicas(current), Replicas(asked));
    let to = highest.value.max(asked);
    if asked == current {
        draft.set(current, Step::Enough { at });
        return;
    }
    let keep = |by: Hold| Step::Held { from, to: at, by };
    let leaves = highest.at + policy.stabilization;
    if to > asked {
        draft.revisit(Some(leaves).filter(|leaves| *leaves > now));
    }
    if to >= current {
        draft.set(current, keep(Hold::Window { until: leaves }));
        return;
    }
    let (few, many) = (f64::from(to), f64::from(current));
    let saved = (many - few) * seconds(policy.hold);
    let backlog_then = detail.sizing.map_or(0.0, |sizing| sizing.backlog_then);
    // What arrives in a rebalance is part of it at every step.
    let allowed = view
        .arrival
        .map_or(f64::INFINITY, |arrival| arrival * (seconds(policy.small_wait) + seconds(policy.rebalance)));
    let step = match () {
        () if few > many * (1.0 - policy.tolerance) => keep(Hold::Tolerance),
        () if backlog_then > 0.0 && backlog_then >= allowed => keep(Hold::Backlog),
        () if saved <= many * seconds(policy.rebalance) => keep(Hold::Rebalance),
        () => {
            draft.set(to, Step::ScaledDown { from: at, to: Replicas(to) });
            return;
        }
    };
    draft.set(current, step);
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::super::policy::PartitionLoad;
    use super::*;
    use crate::constrain::Bounds;
    use crate::queue::fallback::{Fallback, FallbackBehavior};
    use proptest::prelude::*;
    use std::string::ToString;
    use std::vec::Vec as StdVec;

    fn secs(seconds: u64) -> Span {
        Span::from_secs(seconds)
    }

    /// 10 messages per second and consumer, 20 s to start one, drain in a minute.
    fn policy(min: i32) -> RateAware {
        RateAware::new(Bounds::new(min, 100).unwrap(), 10.0, secs(20), secs(60)).unwrap().with_rebalance(Span::ZERO)
    }

    /// A queue that is written to and read from at given rates.
    #[derive(Clone, Copy, Default)]
    struct World {
        second: i64,
        produced: i64,
        processed: i64,
        replicas: i32,
        running: i32,
    }

    impl World {
        fn seen(&self) -> Observation<'static> {
            Observation {
                now: Instant::from_secs(self.second),
                replicas: Some(Replicas(self.replicas)),
                running: Some(Replicas(self.running)),
                backlog: Some(self.produced - self.processed),
                produced: Some(self.produced),
                processed: Some(self.processed),
                ..Observation::default()
            }
        }

        /// Fifteen seconds pass.
        fn pass(&mut self, arrival: i64, each: i64) {
            self.second += 15;
            self.produced += 15 * arrival;
            self.processed = self.produced.min(self.processed + 15 * each * i64::from(self.running));
            self.running = self.replicas;
        }
    }

    fn decide(policy: &RateAware, history: &mut History, world: &mut World) -> Decision {
        let decision = policy.decide(history, &world.seen(), &mut ());
        policy.applied(history, &decision, Applied::Done(decision.to), &mut ());
        world.replicas = decision.to.0;
        decision
    }

    #[test]
    fn a_step_of_load_is_met_and_left_again() {
        let policy = policy(1).with_stabilization(secs(60));
        let mut history: History = History::new(&policy).unwrap();
        let mut world = World { replicas: 13, running: 13, ..World::default() };
        let mut counts = StdVec::new();
        for step in 0..100 {
            decide(&policy, &mut history, &mut world);
            counts.push(world.replicas);
            world.pass(if step < 40 { 500 } else { 100 }, 10);
        }
        let backlog = world.produced - world.processed;
        assert!(counts[..40].iter().any(|n| *n >= 63), "500 / (10 × 0.8) hold the line: {counts:?}");
        assert_eq!(world.replicas, 13, "100 / (10 × 0.8): {counts:?}");
        assert_eq!(backlog, 0);
        let changes = counts.windows(2).filter(|pair| pair[0] != pair[1]).count();
        assert!(changes < 15, "{changes} changes: {counts:?}");
    }

    #[test]
    fn a_window_that_is_longer_than_time_holds_the_first_moment_too() {
        let policy = policy(1).with_stabilization(secs(60));
        let mut history: History = History::new(&policy).unwrap();
        // By lag alone: 600 messages for each consumer.
        for (second, backlog, to) in [(0, 6000, 10), (59, 600, 10), (60, 600, 1)] {
            let now = Instant::MIN + secs(second);
            let replicas = Some(Replicas(10));
            let seen =
                Observation { now, replicas, running: replicas, backlog: Some(backlog), ..Observation::default() };
            assert_eq!(policy.decide(&mut history, &seen, &mut ()).to.0, to, "{now}");
        }
    }

    #[test]
    fn to_zero_only_when_nothing_is_expected_and_from_zero_to_what_is_needed() {
        let policy = policy(0).with_stabilization(secs(15)).with_cooldown(secs(60));
        let mut history: History = History::new(&policy).unwrap();
        let mut world = World { replicas: 2, running: 2, ..World::default() };
        let mut zero_at = None;
        for _ in 0..60 {
            let decision = decide(&policy, &mut history, &mut world);
            if decision.to.0 == 0 {
                zero_at.get_or_insert(world.second);
            }
            world.pass(0, 10);
        }
        assert_eq!(zero_at, Some(75), "strictly later than the cooldown");
        // 3000 waiting, none expected: 3000 / 40 s at 10 each, at once.
        world.produced += 3000;
        let decision = policy.decide(&mut history, &world.seen(), &mut ());
        assert!(decision.to.0 >= 8, "{decision:?}");
        assert!(matches!(decision.last_word, Step::Activated { .. }));
    }

    #[test]
    fn without_a_rate_of_arrival_it_goes_by_lag() {
        let policy = policy(1);
        let mut history: History = History::new(&policy).unwrap();
        let seen = Observation { replicas: Some(Replicas(1)), backlog: Some(6000), ..Observation::default() };
        let decision = policy.decide(&mut history, &seen, &mut ());
        // 600 messages per consumer: those that one does in a minute.
        assert_eq!((decision.to, decision.detail.sizing), (Replicas(10), None));
    }

    #[test]
    fn a_missing_backlog_holds_and_then_falls_back() {
        let fallback = Fallback::new(2, 7, FallbackBehavior::CurrentReplicasIfHigher).unwrap();
        let policy = policy(1).with_fallback(fallback);
        let mut history: History = History::new(&policy).unwrap();
        let seen = Observation { replicas: Some(Replicas(3)), ..Observation::default() };
        let to = [(); 4].map(|()| policy.decide(&mut history, &seen, &mut ()).to.0);
        assert_eq!(to, [3, 3, 7, 7]);
    }

    #[test]
    fn more_consumers_behind_a_bottleneck_are_not_asked_for_twice() {
        let policy = policy(1);
        let mut history: History = History::new(&policy).unwrap();
        let mut world = World { replicas: 10, running: 10, produced: 1000, ..World::default() };
        let mut held = false;
        for _ in 0..12 {
            let decision = decide(&policy, &mut history, &mut world);
            held |= matches!(decision.last_word, Step::Held { by: Hold::Bottleneck, .. });
            // A database does 100 per second, however many ask.
            let each = 100 / i64::from(world.running.max(1));
            world.pass(120, each);
        }
        assert!(held && history.ineffective());
        // The database is mended: each does ten again, and more are asked for.
        let before = world.replicas;
        for _ in 0..4 {
            world.pass(400, 10);
            decide(&policy, &mut history, &mut world);
        }
        assert!(!history.ineffective() && world.replicas > before);
    }

    #[test]
    fn a_lowered_maximum_cuts_to_itself_and_not_past_the_window() {
        let wide = policy(1);
        let mut history: History = History::new(&wide).unwrap();
        let mut world = World { replicas: 50, running: 50, produced: 30_000, ..World::default() };
        decide(&wide, &mut history, &mut world);
        world.replicas = 50;
        world.processed = world.produced;
        world.pass(10, 10);
        let narrow = RateAware::new(Bounds::new(1, 20).unwrap(), 10.0, secs(20), secs(60)).unwrap();
        assert_eq!(
            narrow.decide(&mut history, &world.seen(), &mut ()).to,
            Replicas(20),
            "2 were not enough for a window"
        );
        world.second += 301;
        assert!(narrow.decide(&mut history, &world.seen(), &mut ()).to < Replicas(20));
    }

    #[test]
    fn partitions_and_their_hot_ones_are_told() {
        let policy = policy(1);
        let mut history: History = History::new(&policy).unwrap();
        let loads = [PartitionLoad { backlog: 0.0, arrival: 12.0 }, PartitionLoad { backlog: 900.0, arrival: 1.0 }];
        let seen = Observation {
            replicas: Some(Replicas(1)),
            backlog: Some(1800),
            partitions: Some(13),
            loads: &loads,
            ..Observation::default()
        };
        let mut told = StdVec::new();
        let mut trace = crate::trace::Each(|step: &Step| told.push(step.to_string()));
        let decision = policy.decide(&mut history, &seen, &mut trace);
        assert_eq!(decision.to, Replicas(4), "three are needed; four have at most four partitions each");
        assert_eq!(told[0], "partition 1 gets 12 per second, more than a consumer does: no number of them drains it");
        assert_eq!(told[1], "partition 2 drains in 100 s at best, after the deadline");
        assert!(told.contains(&"3 needed; 4 have at most 4 partitions each".to_string()), "{told:?}");
    }

    #[test]
    fn idle_consumers_say_nothing_about_the_service_rate() {
        let policy = policy(1);
        let mut history: History = History::new(&policy).unwrap();
        let mut world = World { replicas: 10, running: 10, ..World::default() };
        for _ in 0..9 {
            policy.decide(&mut history, &world.seen(), &mut ());
            world.pass(5, 10);
        }
        assert_eq!(history.estimates().service, None);
        assert!(history.estimates().arrival.is_some_and(|arrival| (arrival - 5.0).abs() < 1e-9));
    }

    #[test]
    fn the_delay_is_measured_from_order_to_work() {
        let policy = policy(1);
        let mut history: History = History::new(&policy).unwrap();
        let mut world = World { replicas: 1, running: 1, produced: 6000, ..World::default() };
        decide(&policy, &mut history, &mut world);
        assert!(world.replicas > 1);
        // Thirty seconds without new consumers, then all of them: half of the ten seconds more than expected.
        for _ in 0..2 {
            world.second += 15;
            if world.second == 30 {
                world.running = world.replicas;
            }
            policy.decide(&mut history, &world.seen(), &mut ());
        }
        assert_eq!(history.estimates().delay, Some(25.0));
    }

    #[test]
    fn the_outlook_is_where_the_answer_changes() {
        let policy = policy(1);
        let mut history: History = History::new(&policy).unwrap();
        let mut world = World { replicas: 10, running: 10, produced: 3000, ..World::default() };
        policy.decide(&mut history, &world.seen(), &mut ());
        world.pass(100, 10);
        policy.decide(&mut history, &world.seen(), &mut ());
        let seen = world.seen();
        let outlook = policy.outlook(&history, &seen);
        let at = |backlog| {
            let seen = Observation { backlog: Some(backlog), ..seen };
            policy.outlook(&history, &seen).replicas
        };
        let (more, fewer) = (outlook.more_at.unwrap(), outlook.fewer_at.unwrap());
        assert!(at(more) > outlook.replicas && at(more - 1) == outlook.replicas);
        assert!(at(fewer) < outlook.replicas && at(fewer + 1) == outlook.replicas);
    }

    #[test]
    fn impossible_policies_cannot_be_built() {
        let bounds = Bounds::new(0, 9).unwrap();
        let text = |result: Result<RateAware, crate::error::ConfigError>| result.unwrap_err().to_string();
        let swings = RateAware::new(bounds, 1.0, secs(40), secs(60));
        assert_eq!(text(swings), "drain is 60000000000, must be at least 80000000000");
        assert!(RateAware::new(bounds, f64::NAN, secs(1), secs(60)).is_err());
        assert!(RateAware::new(bounds, 0.0, secs(1), secs(60)).is_err());
        assert!(RateAware::new(bounds, 1.0, Span::ZERO, Span::ZERO).is_err());
        assert!(policy(0).with_utilization(1.5).is_err());
        assert!(policy(0).with_scale_down(-0.1, secs(1), secs(1)).is_err());
        assert!(policy(0).with_delay_bounds(secs(9), secs(40)).is_err());
        let long = policy(0).with_stabilization(secs(3600));
        assert!(History::<24>::new(&long).is_err() && History::<256>::new(&long).is_ok());
    }

    #[test]
    fn garbage_is_no_history() {
        let policy = policy(1);
        let mut history: History = History::new(&policy).unwrap();
        let mut world = World { replicas: 4, running: 4, produced: 9000, ..World::default() };
        for _ in 0..6 {
            decide(&policy, &mut history, &mut world);
            world.pass(70, 9);
        }
        let mut out = [0; History::<24>::saved_size()];
        let length = history.save(&mut out).unwrap();
        for cut in 0..length {
            assert!(History::<24>::restore(&out[..cut]).is_err());
        }
        for at in 0..length {
            let mut bytes = out;
            bytes[at] ^= 0x55;
            assert!(History::<24>::restore(&bytes[..length]).is_err());
        }
    }

    #[allow(clippy::type_complexity)] // a tuple is what proptest makes of a tuple
    fn world_step() -> impl Strategy<Value = (i64, Option<i64>, Option<i64>, Option<i64>, Option<i32>, Option<u32>)> {
        let counter = || prop::option::of(prop_oneof![any::<i64>(), -10i64..100_000]);
        let replicas = prop::option::of(prop_oneof![any::<i32>(), 0i32..50]);
        (
            prop_oneof![any::<i64>(), 0i64..1_000_000_000_000],
            counter(),
            counter(),
            counter(),
            replicas,
            any::<Option<u32>>(),
        )
    }

    proptest! {
        #[test]
        fn absurd_streams_are_survived_within_bounds_and_snapshots_change_nothing(
            steps in prop::collection::vec(world_step(), 1..60),
        ) {
            let policy = policy(2);
            let mut history: History = History::new(&policy).unwrap();
            let mut told = StdVec::new();
            for (at, backlog, produced, processed, replicas, partitions) in steps {
                let loads = [PartitionLoad { backlog: f64::NAN, arrival: f64::INFINITY }];
                let seen = Observation {
                    now: Instant::from_nanos(at),
                    replicas: replicas.map(Replicas),
                    backlog,
                    produced,
                    processed,
                    partitions,
                    loads: &loads,
                    ..Observation::default()
                };
                let mut out = [0; History::<24>::saved_size()];
                let length = history.save(&mut out).unwrap();
                let mut restored = History::<24>::restore(&out[..length]).unwrap();
                let mut trace = crate::trace::Each(|step: &Step| told.push(step.to_string()));
                let decision = policy.decide(&mut history, &seen, &mut trace);
                prop_assert_eq!(decision, policy.decide(&mut restored, &seen, &mut ()));
                if decision.changes() {
                    prop_assert!((2..=100).contains(&decision.to.0), "{:?}", decision);
                }
                let _ = policy.outlook(&history, &seen);
                policy.applied(&mut history, &decision, Applied::Done(decision.to), &mut ());
            }
        }
    }
}
