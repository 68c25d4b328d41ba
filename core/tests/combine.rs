//! Votes, guards and flap budgets: the tables of the systems that are followed, and laws.

use plimsoll_core::combine::{
    Combination, Decision, FlapBudget, Flaps, Guard, History, Observation, Outlook, Rule, Scales, Step, Strength,
    Threshold, Vote,
};
use plimsoll_core::constrain::{Amount, Bounds, Direction, RatePolicy, RateRules, Select};
use plimsoll_core::units::{Instant, Replicas, Span};
use proptest::prelude::*;

fn at(seconds: i64) -> Instant {
    Instant::from_secs(seconds)
}

fn bounds(min: i32, max: i32) -> Bounds {
    Bounds::new(min, max).expect("bounds")
}

fn vote(from: i32, want: i32) -> Vote {
    Vote::new(Replicas(from), Replicas(want))
}

fn unknown(from: i32) -> Vote {
    Vote::unknown(Replicas(from))
}

fn decide(rule: Rule, current: i32, votes: &[Vote]) -> Decision {
    let policy = Combination::new(rule, bounds(0, 100));
    let seen = Observation { current: Some(Replicas(current)), votes, ..Observation::default() };
    policy.decide(&mut History::<2, 2>::default(), &seen, &mut ())
}

fn to(rule: Rule, current: i32, votes: &[Vote]) -> i32 {
    decide(rule, current, votes).to.0
}

#[test]
fn the_examples_of_the_engine_rule() {
    for rule in [Rule::Agreement, Rule::Largest, Rule::Greatest] {
        assert_eq!(to(rule, 8, &[vote(8, 5), vote(8, 6)]), 6, "−3 and −25 % of 8, {rule:?}");
        assert_eq!(to(rule, 10, &[vote(10, 13), vote(10, 30)]), 30, "+3 and +200 % of 10, {rule:?}");
        assert_eq!(to(rule, 10, &[vote(10, 5), vote(10, 12)]), 12, "{rule:?}");
        assert_eq!(to(rule, 10, &[]), 10, "{rule:?}");
    }
}

#[test]
fn all_must_agree_to_shrink_or_only_those_that_act() {
    let votes = [vote(10, 5), vote(10, 10)];
    assert_eq!(to(Rule::Agreement, 10, &votes), 10);
    assert_eq!(decide(Rule::Agreement, 10, &votes).last_word, Step::Opposed { vote: 1 });
    assert_eq!(to(Rule::Largest, 10, &votes), 5, "AWS: step scaling may shrink alone");
    assert_eq!(to(Rule::Greatest, 10, &votes), 10);
    // Target tracking without scale-in opposes none.
    let no_scale_in = vote(10, 10).with_scales(Scales::OutOnly);
    assert_eq!(to(Rule::Agreement, 10, &[vote(10, 5), no_scale_in]), 5);
    assert_eq!(to(Rule::Agreement, 10, &[no_scale_in]), 10);
    assert_eq!(to(Rule::Agreement, 10, &[vote(10, 5).with_scales(Scales::OutOnly)]), 10, "and never shrinks");
}

#[test]
fn rules_of_an_azure_profile() {
    let out = |want| vote(10, want).with_scales(Scales::OutOnly);
    let r#in = |want| vote(10, want).with_scales(Scales::InOnly);
    assert_eq!(to(Rule::Agreement, 10, &[out(12), out(14), r#in(8)]), 14, "any scale-out rule, the largest");
    assert_eq!(to(Rule::Agreement, 10, &[out(10), r#in(8), r#in(9)]), 9, "all scale-in rules, the mildest");
    assert_eq!(to(Rule::Agreement, 10, &[out(10), r#in(8), r#in(10)]), 10, "one does not hold");
    assert_eq!(to(Rule::Agreement, 10, &[r#in(15)]), 10, "a scale-in rule adds none");
}

#[test]
fn a_vote_that_is_not_known_holds_shrinking_unless_it_is_soft() {
    for rule in [Rule::Agreement, Rule::Largest, Rule::Greatest, Rule::Weighted, Rule::Nomad] {
        let held = decide(rule, 10, &[vote(10, 5), unknown(10)]);
        assert_eq!((held.to.0, held.last_word), (10, Step::Unknown { vote: 1 }), "{rule:?}");
        assert_eq!(to(rule, 10, &[vote(10, 15), unknown(10)]), 15, "{rule:?}");
        let soft = unknown(10).with_strength(Strength::Soft);
        assert_eq!(to(rule, 10, &[vote(10, 5), soft]), 5, "{rule:?}");
        assert_eq!(to(rule, 10, &[soft, unknown(10)]), 10, "{rule:?}");
    }
    assert_eq!(to(Rule::First, 10, &[unknown(10), vote(10, 5), vote(10, 20)]), 5, "the first that answers");
}

#[test]
fn the_mean_is_by_weight_and_rounds_up() {
    let mean = |votes: &[(i32, u16)]| {
        let votes: Vec<_> = votes.iter().map(|(want, weight)| vote(10, *want).with_weight(*weight)).collect();
        to(Rule::Weighted, 10, &votes)
    };
    assert_eq!(mean(&[(10, 1), (13, 1)]), 12);
    assert_eq!(mean(&[(4, 3), (20, 1)]), 8);
    assert_eq!(mean(&[(4, 0), (20, 0)]), 10, "without weight nothing");
    assert_eq!(mean(&[(4, 1), (20, 0)]), 4);
}

#[test]
fn nomad_prefers_up_to_none_to_down() {
    let nomad = |votes: &[Vote]| to(Rule::Nomad, 10, votes);
    assert_eq!(nomad(&[vote(10, 12), vote(10, 15), vote(10, 10), vote(10, 5)]), 15);
    assert_eq!(nomad(&[vote(10, 5), vote(10, 10)]), 10, "one none outside a group blocks");
    assert_eq!(nomad(&[vote(10, 5), vote(10, 7)]), 7, "the larger count");
    let grouped = |want| vote(10, want).in_group(1);
    assert_eq!(nomad(&[grouped(5), grouped(10), grouped(10)]), 5, "a group ignores none");
    assert_eq!(nomad(&[grouped(10), grouped(10), vote(10, 5)]), 10, "unless all of it say so");
    assert_eq!(nomad(&[grouped(10), vote(10, 5).in_group(2)]), 10, "groups are one vote each");
    assert_eq!(nomad(&[grouped(5), vote(10, 10).in_group(2)]), 10);
    let silent = unknown(10).with_strength(Strength::Soft).in_group(1);
    assert_eq!(nomad(&[grouped(10), silent, vote(10, 5)]), 5, "a check that gave nothing breaks the group's none");
}

#[test]
fn a_scale_in_that_would_be_reversed_is_cut_or_refused() {
    let policy = Combination::new(Rule::Agreement, bounds(0, 100));
    let go = |current: i32, want: i32, guards: &[Guard]| {
        let votes = [vote(current, want)];
        let seen = Observation { current: Some(Replicas(current)), votes: &votes, guards, ..Observation::default() };
        policy.decide(&mut History::<2, 2>::default(), &seen, &mut ())
    };
    let at_80 = |value| [Guard::at_least(Some(value), 80.0)];
    assert_eq!(go(3, 2, &at_80(60.0)).to.0, 3, "90 % on two");
    assert_eq!(go(3, 2, &at_80(50.0)).to.0, 2, "75 % on two");
    assert_eq!(go(10, 2, &at_80(60.0)).to.0, 8, "75 % on eight");
    assert_eq!(go(3, 0, &at_80(1.0)).to.0, 1, "infinite on none");
    assert_eq!(go(3, 0, &at_80(0.0)).to.0, 0);
    assert_eq!(go(10, 2, &[Guard::above(Some(60.0), 80.0), Guard::above(Some(30.0), 50.0)]).to.0, 8);
    assert_eq!(go(10, 2, &[Guard::above(Some(1.0), 80.0), Guard::above(None, 50.0)]).to.0, 10, "not known");
    assert_eq!(go(10, 12, &[Guard::above(None, 50.0)]).to.0, 12, "growing is not guarded");
    let cut = go(10, 2, &at_80(60.0));
    assert_eq!(cut.last_word, Step::Guarded { guard: 0, from: Replicas(2), to: Replicas(8) });
    assert_eq!(cut.detail.asked, Some(Replicas(2)));
}

#[test]
fn then_come_the_schedules_bounds_and_the_hard_ones() {
    let policy = Combination::new(Rule::Agreement, bounds(2, 20));
    let go = |current: i32, want: i32, bounds: Option<(i32, i32)>| {
        let votes = [vote(current, want)];
        let bounds = bounds.map(|(min, max)| (Replicas(min), Replicas(max)));
        let seen = Observation { current: Some(Replicas(current)), votes: &votes, bounds, ..Observation::default() };
        policy.decide(&mut History::<2, 2>::default(), &seen, &mut ()).to.0
    };
    assert_eq!(go(10, 5, Some((8, 15))), 8);
    assert_eq!(go(10, 18, Some((8, 15))), 15);
    assert_eq!(go(10, 50, Some((30, 40))), 20, "the hard maximum stands");
    assert_eq!(go(10, 10, Some((12, 15))), 12, "also without a vote");
    assert_eq!(go(10, 0, None), 2);
    let unread = Observation { votes: &[vote(1, 2)], ..Observation::default() };
    assert!(!policy.decide(&mut History::<2, 2>::default(), &unread, &mut ()).changes());
}

#[test]
fn rate_rules_count_what_was_applied() {
    let up = [RatePolicy::new(Amount::Pods(4), Span::from_secs(60)).expect("a rule")];
    let down = [RatePolicy::new(Amount::Percent(50), Span::from_secs(60)).expect("a rule")];
    let rules = |policies| RateRules::new(Select::Max, policies).expect("rules");
    let policy = Combination::new(Rule::Agreement, bounds(1, 100)).with_rates(rules(&up), rules(&down));
    let mut past = History::<2, 4>::default();
    let mut current = 10;
    let mut go = |seconds: i64, want: i32| {
        let votes = [vote(current, want)];
        let seen =
            Observation { now: at(seconds), current: Some(Replicas(current)), votes: &votes, ..Observation::default() };
        let decision = policy.decide(&mut past, &seen, &mut ());
        policy.applied(&mut past, &decision, decision.to, &mut ());
        current = decision.to.0;
        (current, decision.revisit_at)
    };
    assert_eq!(go(0, 30).0, 14);
    assert_eq!(go(30, 30), (14, Some(at(60))));
    assert_eq!(go(60, 30).0, 18);
    assert_eq!(go(130, 1).0, 9);
}

// The flap budget.

/// A world that wants to go up and down in turn.
fn swing(budget: FlapBudget, seconds: &[i64]) -> Vec<(i32, Option<Instant>)> {
    let policy = Combination::new(Rule::Agreement, bounds(1, 100)).with_flap_budget(budget);
    let mut past = History::<4, 4>::new(&policy).expect("room");
    let mut current = 10;
    let mut wants = [20, 10].into_iter().cycle();
    let moments = seconds.iter().map(|seconds| {
        let votes = [vote(current, wants.next().expect("for ever"))];
        let seen = Observation {
            now: at(*seconds),
            current: Some(Replicas(current)),
            votes: &votes,
            ..Observation::default()
        };
        let decision = policy.decide(&mut past, &seen, &mut ());
        policy.applied(&mut past, &decision, decision.to, &mut ());
        current = decision.to.0;
        (current, decision.revisit_at)
    });
    moments.collect()
}

#[test]
fn a_spent_budget_holds_and_says_until_when() {
    let budget = FlapBudget::new(2, Span::from_secs(100)).expect("a budget");
    // Up; down and up are two reversals; down is held until the first is 100 s old.
    let held = Some(at(110));
    assert_eq!(
        swing(budget, &[0, 10, 20, 30, 40, 109]),
        [(20, None), (10, None), (20, None), (20, held), (20, None), (20, held)]
    );
    assert_eq!(swing(budget, &[0, 10, 20, 30, 40, 110])[5], (10, None));
    let steps = FlapBudget::new(1, Span::from_secs(100)).expect("a budget");
    let mut past = Flaps::<1>::default();
    let (ten, five) = (Replicas(10), Replicas(5));
    assert_eq!(steps.held(&past, ten, five, at(0)), None, "the first change reverses nothing");
    past.record(ten, five, at(0));
    assert_eq!(steps.held(&past, ten, five, at(1)), None, "nor does one of the same direction");
    past.record(five, ten, at(2));
    assert_eq!((steps.held(&past, ten, five, at(3)), steps.left(&past, at(3))), (Some(at(102)), 0));
    assert_eq!((steps.held(&past, ten, five, at(102)), steps.left(&past, at(102))), (None, 1));
    assert!(FlapBudget::new(0, Span::from_secs(1)).is_err() && FlapBudget::new(1, Span::ZERO).is_err());
    assert!(steps.growth_first().is_err() && Flaps::<1>::fits(budget).is_err());
}

#[test]
fn growth_first_keeps_room_for_growth() {
    let budget = FlapBudget::new(2, Span::from_secs(100)).and_then(FlapBudget::growth_first).expect("a budget");
    // Down at 10 leaves room for up at 20; the next down waits until both have left.
    let path = swing(budget, &[0, 10, 20, 30, 40, 110, 115, 120]);
    let numbers: Vec<_> = path.iter().map(|(replicas, _)| *replicas).collect();
    assert_eq!(numbers, [20, 10, 20, 20, 20, 20, 20, 10]);
    assert_eq!(path[3].1, Some(at(120)));
}

#[test]
fn bounds_are_kept_even_when_the_budget_is_spent() {
    let budget = FlapBudget::new(1, Span::from_secs(100)).expect("a budget");
    let policy = Combination::new(Rule::Agreement, bounds(1, 15)).with_flap_budget(budget);
    let mut past = History::<1, 1>::default();
    for (seconds, current, want) in [(0, 5, 3), (1, 3, 10)] {
        let votes = [vote(current, want)];
        let seen =
            Observation { now: at(seconds), current: Some(Replicas(current)), votes: &votes, ..Observation::default() };
        let decision = policy.decide(&mut past, &seen, &mut ());
        policy.applied(&mut past, &decision, decision.to, &mut ());
    }
    let seen =
        Observation { now: at(2), current: Some(Replicas(30)), votes: &[vote(30, 30)], ..Observation::default() };
    assert_eq!(policy.decide(&mut past, &seen, &mut ()).to.0, 15);
}

#[test]
fn steps_in_words() {
    let held = Step::FlapHeld { direction: Direction::Down, asked: Replicas(5), until: at(110) };
    let words = [
        Step::Voted { vote: 0, says: vote(8, 5) },
        Step::Voted { vote: 1, says: unknown(8) },
        Step::Opposed { vote: 1 },
        Step::Guarded { guard: 0, from: Replicas(2), to: Replicas(8) },
        held,
    ]
    .map(|step| step.to_string());
    assert_eq!(
        words,
        [
            "vote 1 wants down to 5",
            "vote 2 is not known",
            "vote 2 does not want fewer: nothing is removed",
            "2 would trigger scale-out rule 1: 8",
            "shrinking to 5 would reverse too often, until 110 s",
        ]
    );
}

#[test]
fn the_outlook_is_what_a_vote_would_have_to_want() {
    let outlook = |rule, votes: &[Vote], vote| {
        let policy = Combination::new(rule, bounds(0, 100));
        let seen = Observation { current: Some(Replicas(10)), votes, ..Observation::default() };
        policy.outlook(vote, &History::<2, 2>::default(), &seen)
    };
    let threshold = |want, to| Some(Threshold { want: Replicas(want), to: Replicas(to) });
    let votes = [vote(10, 12), vote(10, 8)];
    let first = Outlook { up: threshold(13, 13), down: threshold(11, 11) };
    assert_eq!(outlook(Rule::Agreement, &votes, 0), first);
    let second = Outlook { up: threshold(13, 13), down: None };
    assert_eq!(outlook(Rule::Agreement, &votes, 1), second, "it opposes nothing that grows");
    // The mean is 10; 11 of 10.5, and 9 of 8 and 10.
    let mean = Outlook { up: threshold(9, 11), down: threshold(6, 9) };
    assert_eq!(outlook(Rule::Weighted, &votes, 1), mean);
    assert_eq!(outlook(Rule::Agreement, &votes, 2), Outlook::default(), "there is no third");
    // A vote that opposes would have to want fewer, and is then the mildest.
    let opposed = [vote(10, 5), vote(10, 10)];
    assert_eq!(outlook(Rule::Agreement, &opposed, 1).down, threshold(9, 9));
    let unknown = [vote(10, 5), unknown(10)];
    assert_eq!(outlook(Rule::Agreement, &unknown, 1).down, threshold(9, 9), "asked as if it were known");
    assert_eq!(outlook(Rule::Agreement, &unknown, 0), Outlook { up: threshold(11, 11), down: None });
}

fn any_vote() -> impl Strategy<Value = (i32, u8, u8, u16, u16)> {
    (0..40i32, 0..6u8, 0..3u8, 0..3u16, 0..4u16)
}

fn votes_of(plan: &[(i32, u8, u8, u16, u16)], current: i32) -> Vec<Vote> {
    let make = |(want, valid, scales, group, weight): &(i32, u8, u8, u16, u16)| {
        Vote::new(Replicas(current), Replicas(*want))
            .with_valid(*valid > 1)
            .with_strength(if *valid == 0 { Strength::Soft } else { Strength::Hard })
            .with_scales([Scales::Both, Scales::OutOnly, Scales::InOnly][usize::from(*scales)])
            .in_group(*group)
            .with_weight(*weight)
    };
    plan.iter().map(make).collect()
}

const RULES: [Rule; 6] = [Rule::Agreement, Rule::Largest, Rule::Greatest, Rule::First, Rule::Weighted, Rule::Nomad];

/// Upstream's loops over groups and their checks.
fn nomad_twin(votes: &[Vote], current: i32) -> i32 {
    let rank = |vote: &Vote| match vote.direction {
        Some(Direction::Up) => 2,
        None => 1,
        Some(Direction::Down) => 0,
    };
    let preempt = |winner: Option<Vote>, other: Vote| match winner {
        None => Some(other),
        Some(old) if rank(&other) > rank(&old) => Some(other),
        Some(old) if rank(&other) == rank(&old) && rank(&old) != 1 && other.want > old.want => Some(other),
        old => old,
    };
    let mut winner = None;
    for group in 0..3 {
        let results: Vec<_> = votes.iter().filter(|vote| vote.group == group).copied().collect();
        let (mut group_winner, mut none) = (None, 0);
        for result in results.iter().filter(|vote| vote.valid) {
            if group != 0 && result.direction.is_none() {
                none += 1;
                continue;
            }
            group_winner = preempt(group_winner, *result);
        }
        if none > 0 && none == results.len() {
            group_winner = Some(results[0]);
        }
        if let Some(group_winner) = group_winner {
            winner = preempt(winner, group_winner);
        }
    }
    let want = winner.map_or(current, |vote| vote.want.0);
    let blocked = votes.iter().any(|vote| !vote.valid && vote.strength == Strength::Hard);
    if want < current && blocked { current } else { want }
}

proptest! {
    #[test]
    fn laws_of_combination(
        plan in prop::collection::vec(any_vote(), 0..6), current in 0..40i32, rule in prop::sample::select(&RULES[..]),
    ) {
        let votes = votes_of(&plan, current);
        let decision = decide(rule, current, &votes);
        let wants: Vec<i32> = votes.iter().filter(|vote| vote.valid).map(|vote| vote.want.0).collect();
        let blocked = votes.iter().any(|vote| !vote.valid && vote.strength == Strength::Hard);
        if decision.to.0 < current && rule != Rule::First {
            prop_assert!(!blocked, "an unknown hard vote");
        }
        if decision.to.0 != current {
            let (least, most) = (wants.iter().min().copied(), wants.iter().max().copied());
            prop_assert!(least <= Some(decision.to.0) && Some(decision.to.0) <= most, "between the wants");
        }
        match rule {
            Rule::Greatest => {
                let greatest = wants.iter().max().copied().unwrap_or(current);
                prop_assert_eq!(decision.to.0, if blocked { greatest.max(current) } else { greatest });
            }
            Rule::Nomad => prop_assert_eq!(decision.to.0, nomad_twin(&votes, current)),
            Rule::Agreement if decision.to.0 < current => {
                prop_assert!(votes.iter().filter(|v| v.valid && v.scales != Scales::OutOnly).all(|v| v.want.0 < current));
            }
            _ => {}
        }
        // The order of votes does not matter, but to the first that answers.
        if rule != Rule::First {
            let reversed: Vec<_> = votes.iter().rev().copied().collect();
            prop_assert_eq!(decide(rule, current, &reversed).to, decision.to);
        }
    }

    #[test]
    fn the_flap_budget_is_never_exceeded(
        reversals in 1..5u8, period in 1..200u64, growth_first: bool,
        wants in prop::collection::vec((0..40i64, 1..30i32, prop::bool::weighted(0.9)), 1..80),
    ) {
        let budget = FlapBudget::new(reversals, Span::from_secs(period)).expect("a budget");
        let budget = if growth_first && reversals > 1 { budget.growth_first().expect("two") } else { budget };
        let growth_first = growth_first && reversals > 1;
        let policy = Combination::new(Rule::Agreement, bounds(1, 30)).with_flap_budget(budget);
        let mut past = History::<4, 4>::new(&policy).expect("room");
        let (mut now, mut current, mut changes) = (0, 10, Vec::<(i64, bool)>::new());
        for (gap, want, written) in wants {
            now += gap;
            let mut bytes = [0; History::<4, 4>::saved_size()];
            let length = past.save(&mut bytes).expect("room");
            prop_assert_eq!(&History::<4, 4>::restore(&bytes[..length]).expect("our own bytes"), &past);
            for cut in 0..length {
                prop_assert!(History::<4, 4>::restore(&bytes[..cut]).is_err());
            }
            let votes = [vote(current, want)];
            let seen = Observation { now: at(now), current: Some(Replicas(current)), votes: &votes, ..Observation::default() };
            let decision = policy.decide(&mut past, &seen, &mut ());
            if growth_first && want > current {
                prop_assert_eq!(decision.to.0, want, "growth never waits");
            }
            if decision.to.0 != want {
                let until = decision.revisit_at.expect("held until");
                prop_assert!(until > at(now));
                let again = |now| policy.decide(&mut past.clone(), &Observation { now, ..seen }, &mut ()).to.0;
                prop_assert_eq!(again(until.previous()), current, "until then");
                prop_assert_eq!(again(until), want, "no longer");
            }
            if written && decision.changes() {
                policy.applied(&mut past, &decision, decision.to, &mut ());
                changes.push((now, decision.to.0 > current));
                current = decision.to.0;
            }
        }
        let times: Vec<i64> = changes.windows(2).filter(|pair| pair[0].1 != pair[1].1).map(|pair| pair[1].0).collect();
        for (index, end) in times.iter().enumerate() {
            let within = times[..=index].iter().filter(|time| end - **time < period as i64).count();
            prop_assert!(within <= usize::from(reversals), "{:?}", times);
        }
    }

    #[test]
    fn the_outlook_is_where_the_answer_changes(
        plan in prop::collection::vec(any_vote(), 1..5), current in 0..40i32, rule in prop::sample::select(&RULES[..]),
        least in 0..20i32, room in 0..60i32, before in prop::collection::vec((0..40i64, 1..30i32), 0..6),
        limits in (any::<bool>(), any::<bool>(), prop::option::of((-5.0..100.0f64, 1.0..100.0f64))),
    ) {
        let amounts = [RatePolicy::new(Amount::Pods(5), Span::from_secs(60)).expect("a rule")];
        let rates = RateRules::new(Select::Max, &amounts).expect("rules");
        let mut policy = Combination::new(rule, bounds(least, least + room + 1));
        if limits.0 {
            policy = policy.with_rates(rates, rates);
        }
        if limits.1 {
            policy = policy.with_flap_budget(FlapBudget::new(1, Span::from_secs(90)).expect("a budget"));
        }
        let mut past = History::<4, 8>::new(&policy).expect("room");
        let (mut now, mut replicas) = (0, current);
        for (gap, want) in before {
            now += gap;
            let votes = [vote(replicas, want)];
            let seen = Observation { now: at(now), current: Some(Replicas(replicas)), votes: &votes, ..Observation::default() };
            let decision = policy.decide(&mut past, &seen, &mut ());
            policy.applied(&mut past, &decision, decision.to, &mut ());
            replicas = decision.to.0;
        }
        let votes = votes_of(&plan, replicas);
        let guards = limits.2.map(|(value, threshold)| Guard::above(Some(value), threshold));
        let guards: Vec<Guard> = guards.into_iter().collect();
        let seen = Observation {
            now: at(now), current: Some(Replicas(replicas)), votes: &votes, guards: &guards, ..Observation::default()
        };
        let answer = policy.decide(&mut past, &seen, &mut ()).to;
        for (number, vote) in (0_u16..).zip(&votes) {
            let wanting = |want: i32| {
                let mut votes = votes.clone();
                let like = Vote::new(Replicas(replicas), Replicas(want));
                votes[usize::from(number)] = Vote { want: like.want, direction: like.direction, valid: true, ..*vote };
                policy.decide(&mut past.clone(), &Observation { votes: &votes, ..seen }, &mut ()).to
            };
            let first = if vote.valid { vote.want.0 } else { replicas };
            // From a mean of 0 to one of 40, one of weight 1 moves by 40 times the weights, which are at most 12.
            let up = (first..first + 600).find(|want| wanting(*want) > answer);
            let down = (0..=first).rev().find(|want| wanting(*want) < answer);
            let threshold = |want: Option<i32>| want.map(|want| Threshold { want: Replicas(want), to: wanting(want) });
            let outlook = policy.outlook(number, &past, &seen);
            prop_assert_eq!(outlook, Outlook { up: threshold(up), down: threshold(down) }, "vote {}", number);
        }
    }

    #[test]
    fn nothing_panics_whatever_the_host_says(
        calls in prop::collection::vec((any::<i64>(), any::<i32>(), any::<i32>(), any::<i32>(), any::<f64>(), any::<u16>()), 1..30),
        rule in prop::sample::select(&RULES[..]),
    ) {
        let rules = [RatePolicy::new(Amount::Pods(i32::MAX), Span::from_secs(60)).expect("a rule")];
        let rates = RateRules::new(Select::Max, &rules).expect("rules");
        let budget = FlapBudget::new(200, Span::from_secs(60)).expect("a budget");
        let policy = Combination::new(rule, bounds(0, i32::MAX)).with_rates(rates, rates).with_flap_budget(budget);
        // Too small on purpose.
        let mut past = History::<1, 1>::default();
        for (now, current, want, other, value, weight) in calls {
            let votes = [vote(current, want).with_weight(weight), vote(want, other), unknown(other)];
            let guards = [Guard::above(Some(value), value / 2.0), Guard::at_least(Some(-value), value)];
            let seen = Observation {
                now: Instant::from_nanos(now),
                current: Some(Replicas(current)),
                votes: &votes,
                guards: &guards,
                bounds: Some((Replicas(other), Replicas(want))),
            };
            let decision = policy.decide(&mut past, &seen, &mut ());
            prop_assert!(decision.to.0 >= 0);
            policy.applied(&mut past, &decision, decision.to, &mut ());
        }
    }

    #[test]
    fn garbage_is_no_history(bytes in prop::collection::vec(any::<u8>(), 0..100)) {
        prop_assert!(History::<4, 4>::restore(&bytes).is_err());
    }
}
