//! Several policies as one, with rate rules and a flap budget.

use plimsoll_core::combine::{
    Combination, Decision, Detail, FlapBudget, Guard, History, Observation, Rule, Scales, Step, Strength, Vote,
};
use plimsoll_core::constrain::{Amount, RatePolicy, RateRules, Select};
use plimsoll_core::trace::Trace;
use plimsoll_core::units::{Instant, Replicas, Span};

use super::start;
use crate::cursor::Cursor;
use crate::life::{Life, Saved, saved};

type Small = History<2, 2>;
type Large = History<8, 24>;

saved!(Small, 10, Self::saved_size());
saved!(Large, 10, Self::saved_size());

struct Combined<'a, const K: usize, const E: usize>(Combination<'a>);

#[derive(Debug)]
struct Moment {
    now: Instant,
    current: Option<Replicas>,
    votes: Vec<Vote>,
    guards: Vec<Guard>,
    bounds: Option<(Replicas, Replicas)>,
}

impl Moment {
    fn seen(&self) -> Observation<'_> {
        Observation {
            now: self.now,
            current: self.current,
            votes: &self.votes,
            guards: &self.guards,
            bounds: self.bounds,
        }
    }
}

impl<const K: usize, const E: usize> Life for Combined<'_, K, E>
where
    History<K, E>: Saved,
{
    type History = History<K, E>;
    type Step = Step;
    type Detail = Detail;
    type Moment = Moment;

    fn moment(&self, cursor: &mut Cursor<'_>, now: Instant, replicas: i32) -> Moment {
        let vote = |cursor: &mut Cursor<'_>| {
            let vote = Vote::new(Replicas(replicas), Replicas(cursor.small()));
            let odd = if cursor.once_in(4) { cursor.byte() } else { 0 };
            let scales = [Scales::Both, Scales::OutOnly, Scales::InOnly, Scales::Both][usize::from(odd & 3)];
            let strength = if odd & 4 != 0 { Strength::Soft } else { Strength::Hard };
            let vote = vote.with_valid(odd & 8 == 0).with_strength(strength).with_scales(scales);
            vote.in_group(u16::from(odd >> 4 & 1)).with_weight(if odd & 32 != 0 { cursor.byte().into() } else { 1 })
        };
        let guard = |cursor: &mut Cursor<'_>| {
            let value = cursor.option(Cursor::float);
            Guard { value, threshold: cursor.float(), inclusive: cursor.flag() }
        };
        let odd = cursor.byte();
        Moment {
            now,
            current: (odd % 16 != 1).then_some(Replicas(replicas)),
            votes: (0..cursor.below(4)).map(|_| vote(cursor)).collect(),
            guards: (0..odd / 128).map(|_| guard(cursor)).collect(),
            bounds: (odd % 16 == 2).then(|| (Replicas(cursor.small()), Replicas(cursor.small()))),
        }
    }

    fn decide(&self, history: &mut Self::History, moment: &Moment, trace: &mut impl Trace<Step>) -> Decision {
        self.0.decide(history, &moment.seen(), trace)
    }

    fn applied(&self, history: &mut Self::History, decision: &Decision, written: Option<Replicas>) {
        if let Some(to) = written {
            self.0.applied(history, decision, to, &mut ());
        }
    }

    fn is_read(moment: &Moment) -> bool {
        moment.current.is_some()
    }

    fn is_opening(step: &Step) -> bool {
        matches!(step, Step::NoChange)
    }

    fn sentence(&self, step: &Step) -> String {
        step.to_string()
    }

    fn laws(&self, moment: &Moment, decision: &Decision, steps: &[Step]) {
        if moment.current.is_none() {
            return;
        }
        let bounds = self.0.bounds();
        assert!(bounds.min() <= decision.to && decision.to <= bounds.max(), "{decision:?} leaves {bounds:?}");
        // A budget that is spent lets nothing through but what the bounds ask for.
        let held = steps.iter().any(|step| matches!(step, Step::FlapHeld { .. }));
        let inside = bounds.min() <= decision.from && decision.from <= bounds.max();
        assert!(!held || !inside || !decision.changes(), "{decision:?}");
    }

    fn later(&self, moment: &Moment, now: Instant) -> Option<Moment> {
        Some(Moment { now, votes: moment.votes.clone(), guards: moment.guards.clone(), ..*moment })
    }

    fn outlook(&self, history: &Self::History, moment: &Moment, decision: &Decision) {
        for (number, vote) in (0..).zip(&moment.votes) {
            let outlook = self.0.outlook(number, history, &moment.seen());
            let wanting = |want: i32| {
                let mut votes = moment.votes.clone();
                let Vote { strength, scales, group, weight, .. } = *vote;
                let says = Vote::new(decision.from, Replicas(want));
                votes[usize::from(number)] = Vote { strength, scales, group, weight, ..says };
                let seen = Observation { votes: &votes, ..moment.seen() };
                self.0.decide(&mut history.clone(), &seen, &mut ()).to
            };
            // One that is not known is asked as one that wants no change.
            let first = if vote.valid { vote.want.0 } else { decision.from.0 };
            if let Some(up) = outlook.up {
                assert!(wanting(up.want.0) == up.to && up.to > decision.to, "{number}: {up:?} of {decision:?}");
                assert!(
                    up.want.0 <= first || wanting(up.want.0 - 1) <= decision.to,
                    "{number}: {up:?} of {decision:?}"
                );
            }
            if let Some(down) = outlook.down {
                assert!(wanting(down.want.0) == down.to && down.to < decision.to, "{number}: {down:?} of {decision:?}");
                let nearest = down.want.0 >= first || wanting(down.want.0 + 1) >= decision.to;
                assert!(nearest, "{number}: {down:?} of {decision:?}");
            }
        }
        // No more reversals in a period than the budget has.
        let Some(budget) = self.0.flap_budget().filter(|budget| usize::from(budget.reversals()) <= K) else { return };
        let spent = history.flaps().times().iter().filter(|at| **at > moment.now - budget.period());
        let left = budget.reversals().saturating_sub(u8::try_from(spent.count()).unwrap_or(u8::MAX));
        assert_eq!(self.0.reversals_left(history, moment.now), Some(left));
    }
}

fn rates(cursor: &mut Cursor<'_>) -> (Select, Vec<RatePolicy>) {
    let select = [Select::Max, Select::Min, Select::Disabled][cursor.below(3)];
    let rate = |cursor: &mut Cursor<'_>| {
        let value = cursor.small().max(1);
        let amount = if cursor.flag() { Amount::Percent(value) } else { Amount::Pods(value) };
        let period = cursor.span(Span::from_secs(10)).clamp(Span::from_secs(1), Span::from_secs(1800));
        RatePolicy::new(amount, period).expect("in range")
    };
    (select, (0..=cursor.below(2)).map(|_| rate(cursor)).collect())
}

pub(super) fn combine(from: Option<&[u8]>, cursor: &mut Cursor<'_>, moments: usize) -> Option<Vec<u8>> {
    let rule = [Rule::Agreement, Rule::Largest, Rule::Greatest, Rule::First, Rule::Weighted, Rule::Nomad];
    let rule = rule[cursor.below(rule.len())];
    let (bounds, flags) = (cursor.bounds(), cursor.byte());
    let on = |bit: u8| flags & (1 << bit) != 0;
    let (up, down) = (rates(cursor), rates(cursor));
    let mut policy = Combination::new(rule, bounds);
    if on(0) {
        policy = policy.with_rates(rules(&up, on(1)), rules(&down, on(1)));
    }
    if on(2) {
        let (reversals, period) = (1 + cursor.byte() % 4, cursor.span(Span::from_secs(30)).max(Span::from_nanos(1)));
        let budget = FlapBudget::new(reversals, period).expect("one or more");
        policy = policy.with_flap_budget(budget.growth_first().ok().filter(|_| on(3)).unwrap_or(budget));
    }
    if on(7) {
        start(&Combined::<2, 2>(policy), History::default(), from, cursor, moments)
    } else {
        start(&Combined::<8, 24>(policy), History::default(), from, cursor, moments)
    }
}

fn rules((select, rates): &(Select, Vec<RatePolicy>), saturating: bool) -> RateRules<'_> {
    let rules = RateRules::new(*select, rates).expect("one or more");
    if saturating { rules.saturating() } else { rules }
}
