//! Schedules: cron against a naive twin, changes of the clock, actions, windows.

use std::fmt::Write;

use plimsoll_core::constrain::Bounds;
use plimsoll_core::error::Problem;
use plimsoll_core::schedule::{
    Action, Civil, Cron, Decision, Entry, History, Observation, Overlap, Schedule, Step, Window,
};
use plimsoll_core::units::{Instant, Replicas, Span};
use proptest::prelude::*;

fn cron(text: &str) -> Cron {
    Cron::new(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn civil(year: i32, month: u8, day: u8, hour: u8, minute: u8) -> Civil {
    Civil::new(year, month, day, hour, minute).expect("a date")
}

fn unix(year: i32, month: u8, day: u8, hour: u8, minute: u8) -> i64 {
    civil(year, month, day, hour, minute).minutes() * 60
}

fn at(year: i32, month: u8, day: u8, hour: u8, minute: u8) -> Instant {
    Instant::from_secs(unix(year, month, day, hour, minute))
}

fn bounds(min: i32, max: i32) -> Bounds {
    Bounds::new(min, max).expect("bounds")
}

/// Central Europe: from 1:00 UTC on the last Sunday of March to 1:00 UTC on the last Sunday of October two hours.
fn berlin(unix: i64) -> i32 {
    let date = Civil::from_minutes(unix.div_euclid(60));
    let last_sunday = |month| {
        let end = civil(date.year, month, 31, 1, 0);
        (end.minutes() - i64::from(end.weekday()) * 1440) * 60
    };
    if (last_sunday(3)..last_sunday(10)).contains(&unix) { 7200 } else { 3600 }
}

fn utc(_: i64) -> i32 {
    0
}

#[test]
fn fields_lists_ranges_steps_and_names() {
    let table = [
        ("* * * * *", "0 0 1 1 4", true),
        ("5,10-12 * * * *", "11 0 1 1 4", true),
        ("5,10-12 * * * *", "13 0 1 1 4", false),
        ("*/15 * * * *", "45 0 1 1 4", true),
        ("*/15 * * * *", "46 0 1 1 4", false),
        ("10-30/10 * * * *", "30 0 1 1 4", true),
        ("10-30/10 * * * *", "40 0 1 1 4", false),
        ("50/5 * * * *", "55 0 1 1 4", true),
        ("50/5 * * * *", "45 0 1 1 4", false),
        ("* 23 * * *", "0 23 1 1 4", true),
        ("* * * jan-MAR *", "0 0 1 2 0", true),
        ("* * * dec *", "0 0 1 2 0", false),
        ("* * ? * thu", "0 0 1 1 4", true),
        ("* * * * SUN", "0 0 4 1 0", true),
        ("* * * * 7", "0 0 4 1 0", true),
        ("* * * * 5-7", "0 0 4 1 0", true),
        ("* * * * 1/2", "0 0 4 1 0", false),
        ("* * * * 1/2", "0 0 2 1 5", true),
        ("  *   *\t* * *  ", "0 0 1 1 4", true),
    ];
    for (text, moment, expected) in table {
        let parts: Vec<u8> = moment.split(' ').map(|part| part.parse().expect("a number")).collect();
        let date = civil(1970, parts[3], parts[2], parts[1], parts[0]);
        if parts[2..4] != [1, 2] {
            assert_eq!(date.weekday(), parts[4], "{moment}");
        }
        assert_eq!(cron(text).matches(date), expected, "{text} at {moment}");
    }
}

#[test]
fn a_day_is_both_where_one_is_a_star_and_either_where_none_is() {
    let month_of =
        |text: &str| -> Vec<u8> { (1..=31).filter(|day| cron(text).matches(civil(2024, 1, *day, 0, 0))).collect() };
    assert_eq!(month_of("0 0 13 * *"), [13]);
    assert_eq!(month_of("0 0 * * FRI"), [5, 12, 19, 26]);
    assert_eq!(month_of("0 0 13 * FRI"), [5, 12, 13, 19, 26], "either");
    assert_eq!(month_of("0 0 */10 * FRI"), [1, 5, 11, 12, 19, 21, 26, 31], "*/10 is no star");
    assert_eq!(month_of("0 0 */1 * FRI"), [5, 12, 19, 26], "*/1 is one");
}

#[test]
fn errors_name_the_field() {
    let problem = |text: &str| Cron::new(text).map_err(|e| (e.field, e.given, e.problem)).expect_err(text);
    assert_eq!(problem("60 * * * *"), ("minute", 60, Problem::AtMost(59)));
    assert_eq!(problem("* 24 * * *"), ("hour", 24, Problem::AtMost(23)));
    assert_eq!(problem("* * 0 * *"), ("day of month", 0, Problem::AtLeast(1)));
    assert_eq!(problem("* * * 13 *"), ("month", 13, Problem::AtMost(12)));
    assert_eq!(problem("* * * * 8"), ("day of week", 8, Problem::AtMost(7)));
    assert_eq!(problem("* * * foo *"), ("month", 7, Problem::Unreadable));
    assert_eq!(problem("? * * * *"), ("minute", 1, Problem::Unreadable));
    assert_eq!(problem("* * * *"), ("day of week", 8, Problem::Unreadable));
    assert_eq!(problem("* * * * * *"), ("cron", 11, Problem::Unreadable));
    assert_eq!(problem(""), ("minute", 1, Problem::Unreadable));
    assert_eq!(problem("1, * * * *"), ("minute", 3, Problem::Unreadable));
    assert_eq!(problem("*/0 * * * *"), ("minute", 0, Problem::AtLeast(1)));
    assert_eq!(problem("5-3 * * * *"), ("minute", 3, Problem::AtLeast(5)));
    assert_eq!(problem("* * * * FRI-MON"), ("day of week", 1, Problem::AtLeast(5)));
    assert_eq!(problem("1-2-3 * * * *"), ("minute", 4, Problem::Unreadable));
    assert_eq!(problem("99999999999999999999 * * * *").1, i64::from(u32::MAX));
    assert_eq!(problem("* * L * *"), ("day of month", 5, Problem::Unreadable));
    let text = Cron::new("* * * foo *").expect_err("no month").to_string();
    assert_eq!(text, "month cannot be read at character 7");
}

#[test]
fn the_form_of_application_auto_scaling_has_years_and_counts_days_from_sunday() {
    let read = |text: &str| Cron::with_year(text).unwrap_or_else(|error| panic!("{text}: {error}"));
    assert!(read("0 12 ? * 1 *").matches(civil(2024, 1, 7, 12, 0)), "1 is Sunday");
    assert!(read("0 12 ? * MON-FRI 2024").matches(civil(2024, 1, 8, 12, 0)));
    let once = read("30 6 1 1 ? 2026-2028/2");
    assert_eq!(once.next(civil(2024, 1, 1, 0, 0)), Some(civil(2026, 1, 1, 6, 30)));
    assert_eq!(once.next(civil(2026, 1, 1, 6, 30)), Some(civil(2028, 1, 1, 6, 30)));
    assert_eq!(once.next(civil(2028, 1, 1, 6, 30)), None);
    assert_eq!(once.prev(civil(2300, 1, 1, 0, 0)), Some(civil(2028, 1, 1, 6, 30)));
    assert_eq!(read("0 0 1 1 ? 2199").next(civil(1970, 1, 1, 0, 0)), Some(civil(2199, 1, 1, 0, 0)));
    for wrong in ["0 12 ? * 0 *", "0 12 * * *", "0 12 ? * 1 1969", "0 12 ? * 1 2200", "0 12 ? * 6L *", "0 12 ? * 6#3 *"]
    {
        assert!(Cron::with_year(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn the_29th_of_february_comes_even_across_2100_and_the_30th_never() {
    let leap = cron("0 0 29 2 *");
    assert_eq!(leap.next(civil(2023, 1, 1, 0, 0)), Some(civil(2024, 2, 29, 0, 0)));
    assert_eq!(leap.next(civil(2096, 2, 29, 0, 0)), Some(civil(2104, 2, 29, 0, 0)));
    assert_eq!(leap.prev(civil(2104, 2, 29, 0, 0)), Some(civil(2096, 2, 29, 0, 0)));
    // Both fields restricted would be either; with the year's form one is `?`. A leap day on a Sunday is 28 years off.
    let next_sunday = |from: Civil| {
        let mut at = from;
        loop {
            at = leap.next(at)?;
            if at.weekday() == 0 {
                return Some(at);
            }
        }
    };
    assert_eq!(next_sunday(civil(2004, 2, 29, 0, 0)), Some(civil(2032, 2, 29, 0, 0)));
    assert_eq!(cron("0 0 30 2 *").next(civil(2024, 1, 1, 0, 0)), None);
    assert_eq!(cron("0 0 31 4,6,9,11 *").prev(civil(2024, 1, 1, 0, 0)), None);
}

#[test]
fn a_skipped_time_fires_after_the_gap_and_a_repeated_one_once() {
    let at = |hour, minute| unix(2024, 3, 31, hour, minute);
    // 2:00 to 3:00 is skipped at 1:00 UTC.
    let half_past_two = cron("30 2 * * *");
    assert_eq!(half_past_two.next_firing(at(0, 59), &berlin), Some(at(1, 0)));
    assert_eq!(half_past_two.next_firing(at(1, 0), &berlin), Some(unix(2024, 4, 1, 0, 30)));
    assert_eq!(half_past_two.last_firing(at(1, 0), &berlin), Some(at(1, 0)));
    assert_eq!(half_past_two.last_firing(at(0, 59), &berlin), Some(unix(2024, 3, 30, 1, 30)));
    // 2:00 to 3:00 is repeated from 1:00 UTC on; 2:30 is at 0:30 and 1:30 UTC.
    let at = |hour, minute| unix(2024, 10, 27, hour, minute);
    assert_eq!(half_past_two.next_firing(at(0, 0), &berlin), Some(at(0, 30)));
    assert_eq!(half_past_two.next_firing(at(0, 30), &berlin), Some(unix(2024, 10, 28, 1, 30)), "not again");
    assert_eq!(half_past_two.last_firing(at(1, 45), &berlin), Some(at(0, 30)));
    let every_minute = cron("* * * * *");
    assert_eq!(every_minute.last_firing(at(1, 10), &berlin), Some(at(0, 59)), "quiet in the hour that is repeated");
    assert_eq!(every_minute.next_firing(at(1, 10), &berlin), Some(at(2, 0)));
}

/// All firings of the Unix minutes of a span, minute by minute: a local time at its first occurrence, a skipped one
/// at the first instant after the gap.
fn naive_firings(cron: &Cron, from: i64, minutes: i64, offset: fn(i64) -> i32) -> Vec<i64> {
    let local = |unix: i64| unix + i64::from(offset(unix));
    let mut seen = std::collections::BTreeSet::new();
    let mut firings = Vec::new();
    for minute in -1600..minutes {
        let unix = from + minute * 60;
        let (before, now) = (local(unix - 60), local(unix));
        // Normally one local minute; after a gap all skipped ones too.
        let mut due = false;
        let mut skipped = (before + 60).min(now);
        while skipped <= now {
            due |= seen.insert(skipped) && cron.matches(Civil::from_minutes(skipped.div_euclid(60)));
            skipped += 60;
        }
        if due && minute >= 0 {
            firings.push(unix);
        }
    }
    firings
}

fn texts() -> impl Strategy<Value = String> {
    let field = |low: u32, high: u32| {
        prop_oneof![
            3 => Just("*".to_owned()),
            2 => (low..=high).prop_map(|n| n.to_string()),
            1 => (low..=high, 1..7u32).prop_map(move |(n, by)| format!("{n}-{high}/{by}")),
            1 => (1..9u32).prop_map(|by| format!("*/{by}")),
            1 => (low..=high, low..=high).prop_map(|(a, b)| format!("{a},{}-{}", a.min(b), a.max(b))),
        ]
    };
    (field(0, 59), field(0, 23), field(1, 31), field(1, 12), field(0, 7)).prop_map(
        |(minute, hour, day, month, weekday)| {
            let mut text = String::new();
            write!(text, "{minute} {hour} {day} {month} {weekday}").expect("a string");
            text
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]

    #[test]
    fn next_is_the_least_match_after_now_and_prev_the_greatest_before(
        text in texts(), start in unix(1969, 1, 1, 0, 0) / 60..unix(2105, 1, 1, 0, 0) / 60,
    ) {
        let cron = cron(&text);
        // Minute by minute for twenty days.
        let naive = |step: i64| (1..20 * 1440).map(|n| Civil::from_minutes(start + n * step)).find(|at| cron.matches(*at));
        let here = Civil::from_minutes(start);
        for (found, step) in [(cron.next(here), 1), (cron.prev(here), -1)] {
            match naive(step) {
                Some(expected) => prop_assert_eq!(found, Some(expected), "{}", text),
                None => prop_assert!(found.is_none_or(|at| (at.minutes() - start).abs() >= 20 * 1440)),
            }
            if let Some(at) = found {
                prop_assert!(cron.matches(at));
            }
        }
    }

    #[test]
    fn firings_are_those_of_a_clock_watched_minute_by_minute(
        text in texts(), season in prop::sample::select(vec![(2024, 3, 30), (2024, 10, 26), (2025, 3, 29), (2025, 10, 25), (2024, 6, 1)]),
    ) {
        let cron = cron(&text);
        let from = unix(season.0, season.1, season.2, 12, 0);
        let span = 2 * 1440;
        let expected = naive_firings(&cron, from, span, berlin);
        let mut firings = Vec::new();
        let mut now = from - 60;
        while let Some(next) = cron.next_firing(now, &berlin) && next < from + span * 60 {
            firings.push(next);
            now = next;
        }
        prop_assert_eq!(&firings, &expected, "{}", text);
        // Backward the same.
        let mut backward = Vec::new();
        let mut now = from + span * 60 - 60;
        while let Some(last) = cron.last_firing(now, &berlin) && last >= from {
            backward.push(last);
            now = last - 1;
        }
        backward.reverse();
        prop_assert_eq!(backward, expected, "{}", text);
    }

    #[test]
    fn no_text_panics(text in "[-0-9*/,? A-Za-zäJAN]{0,40}") {
        for read in [Cron::new(&text), Cron::with_year(&text)].into_iter().flatten() {
            let _any = read.next_firing(i64::MAX, &|_| i32::MAX);
            let _any = read.last_firing(i64::MIN, &|unix| if unix % 2 == 0 { i32::MIN } else { i32::MAX });
            let _any = read.next(civil(2024, 1, 1, 0, 0));
        }
    }
}

// Actions.

fn decide(schedule: &Schedule<'_>, past: &mut History, now: Instant, current: i32) -> Decision {
    let decision = schedule.decide(past, &Observation::utc(now, Replicas(current)), &mut ());
    schedule.applied(past);
    decision
}

#[test]
fn an_action_overwrites_and_nothing_restores() {
    let morning = Action::recurring(cron("0 8 * * *")).sets(Some(10), Some(30), Some(12)).expect("numbers");
    let evening = Action::recurring(cron("0 20 * * *")).sets(Some(2), None, None).expect("numbers");
    let entries = [Entry::action(morning), Entry::action(evening)];
    let schedule = Schedule::new(bounds(1, 20), &entries).expect("a schedule");
    let mut past = History::default();
    let first = decide(&schedule, &mut past, at(2024, 1, 1, 7, 59), 3);
    assert_eq!((first.to.0, first.detail.max.0), (3, 20));
    assert_eq!(first.revisit_at, Some(at(2024, 1, 1, 8, 0)));
    let acted = decide(&schedule, &mut past, at(2024, 1, 1, 8, 1), 3);
    assert_eq!((acted.to.0, acted.detail.min.0, acted.detail.max.0), (12, 10, 30));
    assert_eq!(decide(&schedule, &mut past, at(2024, 1, 1, 8, 2), 14).to.0, 14, "once");
    assert_eq!(decide(&schedule, &mut past, at(2024, 1, 1, 8, 3), 4).to.0, 10, "the minimum stays");
    let evening = decide(&schedule, &mut past, at(2024, 1, 1, 20, 0), 25);
    assert_eq!((evening.to.0, evening.detail.min.0, evening.detail.max.0), (25, 2, 30), "the maximum stays as well");
    assert_eq!(past.set(), (Some(Replicas(2)), Some(Replicas(30))));
}

#[test]
fn what_was_missed_acts_once_in_the_order_of_its_times() {
    let entries = [
        Entry::action(Action::recurring(cron("0 20 * * *")).sets(Some(2), None, Some(4)).expect("numbers")),
        Entry::action(Action::recurring(cron("0 8 * * *")).sets(Some(3), None, Some(12)).expect("numbers")),
        Entry::action(Action::recurring(cron("0 8 * * *")).sets(None, None, Some(13)).expect("numbers")),
    ];
    let schedule = Schedule::new(bounds(1, 20), &entries).expect("a schedule");
    let run = |until: Instant| {
        let mut past = History::default();
        decide(&schedule, &mut past, at(2024, 1, 1, 0, 0), 5);
        let mut steps = heapless::Vec::<Step, 16>::new();
        let seen = Observation::utc(until, Replicas(5));
        let decision = schedule.decide(&mut past, &seen, &mut steps);
        let acted = steps.iter().filter_map(|step| match step {
            Step::Acted { entry, .. } => Some(*entry),
            _ => None,
        });
        (decision.to.0, decision.detail.min.0, acted.collect::<Vec<_>>())
    };
    assert_eq!(run(at(2024, 1, 9, 12, 0)), (13, 3, vec![0, 1, 2]), "a week later: evening before, then both mornings");
    assert_eq!(run(at(2024, 1, 9, 20, 0)), (4, 2, vec![1, 2, 0]));
    assert_eq!(run(at(2024, 1, 1, 7, 59)), (5, 1, vec![]));
    // A history that knows nothing catches up nothing.
    assert_eq!(decide(&schedule, &mut History::default(), at(2024, 1, 9, 12, 0), 5).to.0, 5);
    assert_eq!(decide(&schedule, &mut History::default(), at(2024, 1, 9, 8, 0), 5).to.0, 13, "but what is due now");
}

#[test]
fn an_action_acts_at_its_start_and_not_after_its_end() {
    let (start, end) = (at(2024, 1, 1, 7, 30), at(2024, 1, 3, 8, 0));
    let action = Action::recurring(cron("0 8 * * *")).between(Some(start), Some(end)).expect("an order");
    let entries = [Entry::action(action.sets(None, None, Some(9)).expect("a number"))];
    let schedule = Schedule::new(bounds(1, 20), &entries).expect("a schedule");
    let mut past = History::default();
    let mut acted = Vec::new();
    let mut now = at(2023, 12, 31, 0, 0);
    while now < at(2024, 1, 5, 0, 0) {
        let decision = decide(&schedule, &mut past, now, 5);
        if decision.changes() {
            acted.push(now);
        }
        let next = decision.revisit_at;
        assert!(next.is_none_or(|next| next > now));
        now = next.unwrap_or(Instant::MAX);
    }
    assert_eq!(acted, [start, at(2024, 1, 1, 8, 0), at(2024, 1, 2, 8, 0)]);
    assert!(action.between(Some(end), Some(start)).is_err());
}

#[test]
fn an_impossible_action_does_nothing_and_wrong_ones_cannot_be_built() {
    let entries = [Entry::action(Action::once(at(2024, 1, 1, 0, 0)).sets(Some(21), None, None).expect("a number"))];
    let schedule = Schedule::new(bounds(1, 20), &entries).expect("a schedule");
    let mut steps = heapless::Vec::<Step, 16>::new();
    let seen = Observation::utc(at(2024, 1, 1, 0, 0), Replicas(5));
    let decision = schedule.decide(&mut History::default(), &seen, &mut steps);
    assert_eq!((decision.to.0, decision.detail.min.0), (5, 1));
    assert_eq!(steps[0], Step::Refused { entry: 0, min: Replicas(21), max: Replicas(20) });
    let once = Action::once(at(2024, 1, 1, 0, 0));
    for (min, max, desired) in [
        (None, None, None),
        (Some(-1), None, None),
        (None, Some(-1), None),
        (Some(3), Some(2), None),
        (Some(3), None, Some(2)),
        (None, Some(3), Some(4)),
        (None, None, Some(-1)),
    ] {
        assert!(once.sets(min, max, desired).is_err(), "{min:?} {max:?} {desired:?}");
    }
}

#[test]
fn an_action_asks_until_its_number_was_written() {
    let entries = [Entry::action(Action::once(at(2024, 1, 1, 0, 0)).sets(None, None, Some(9)).expect("a number"))];
    let schedule = Schedule::new(bounds(1, 20), &entries).expect("a schedule");
    let mut past = History::default();
    for minute in 0..3 {
        let seen = Observation::utc(at(2024, 1, 1, 0, minute), Replicas(5));
        assert_eq!(schedule.decide(&mut past, &seen, &mut ()).to.0, 9, "the host could not write");
    }
    schedule.applied(&mut past);
    assert_eq!(decide(&schedule, &mut past, at(2024, 1, 1, 0, 4), 5).to.0, 5);
}

// Windows.

fn open(window: Window, now: Instant) -> bool {
    let entries = [Entry::window(window.bounds(Some(7), None).expect("a bound"))];
    let schedule = Schedule::new(bounds(0, 20), &entries).expect("a schedule");
    let decision = decide(&schedule, &mut History::default(), now, 0);
    assert_eq!(decision.to.0 == 7, decision.detail.open == 1);
    decision.detail.open == 1
}

#[test]
fn windows_open_as_their_vendors_say() {
    let (opens, closes) = (cron("0 8 * * MON-FRI"), cron("0 18 * * MON-FRI"));
    let keda = |end| Window::keda(opens, end).expect("two times");
    // 2024-01-05 is a Friday.
    for (day, hour, minute, expected) in
        [(5, 7, 59, false), (5, 8, 0, true), (5, 17, 59, true), (5, 18, 0, false), (6, 12, 0, false)]
    {
        let now = at(2024, 1, day, hour, minute);
        assert_eq!(open(keda(closes), now), expected, "KEDA, {now}");
        assert_eq!(open(Window::nomad(opens, closes), now), expected, "Nomad, {now}");
        assert_eq!(open(Window::lasting(opens, Span::from_secs(36_000)).expect("ten hours"), now), expected, "{now}");
    }
    // An end on every day: KEDA is open on Saturday before the end, since that comes before the next start.
    let daily = cron("0 18 * * *");
    assert!(open(keda(daily), at(2024, 1, 6, 12, 0)));
    assert!(!open(Window::nomad(opens, daily), at(2024, 1, 6, 12, 0)));
    // Over midnight.
    let night = |now| open(Window::nomad(cron("0 22 * * *"), cron("0 6 * * *")), now);
    assert!(night(at(2024, 1, 5, 23, 0)) && night(at(2024, 1, 6, 5, 59)) && !night(at(2024, 1, 6, 6, 0)));
    assert!(Window::keda(daily, cron("0 18 * * 0-6")).is_err() || Window::keda(daily, daily).is_err());
    assert!(Window::lasting(daily, Span::ZERO).is_err());
    let dates = Window::dates(at(2024, 1, 1, 0, 0), at(2024, 1, 2, 0, 0)).expect("a day");
    assert!(open(dates, at(2024, 1, 1, 0, 0)) && !open(dates, at(2024, 1, 2, 0, 0)));
    assert!(Window::dates(at(2024, 1, 1, 0, 0), at(2024, 1, 1, 0, 0)).is_err());
}

#[test]
fn overlapping_windows_give_the_greatest_minimum_and_the_least_maximum() {
    let always = |min, max| {
        Entry::window(
            Window::lasting(cron("* * * * *"), Span::from_secs(60))
                .expect("a minute")
                .bounds(min, max)
                .expect("bounds"),
        )
    };
    let of = |entries: &[Entry], overlap| {
        let schedule = Schedule::new(bounds(2, 20), entries).expect("a schedule").with_overlap(overlap);
        let detail = decide(&schedule, &mut History::default(), at(2024, 1, 1, 0, 0), 5).detail;
        (detail.min.0, detail.max.0)
    };
    let combine = |entries: &[Entry]| of(entries, Overlap::Combine);
    assert_eq!(combine(&[always(Some(5), None), always(Some(8), Some(15)), always(Some(1), Some(12))]), (8, 12));
    assert_eq!(combine(&[always(Some(10), None), always(None, Some(4))]), (10, 10), "the minimum wins");
    assert_eq!(combine(&[always(Some(30), None), always(None, Some(4))]), (20, 20), "up to the hard maximum");
    assert_eq!(combine(&[always(None, Some(1))]), (2, 2), "and the hard minimum stands");
    assert_eq!(combine(&[]), (2, 20));
    let dates = Window::dates(at(2023, 12, 31, 0, 0), at(2024, 1, 2, 0, 0)).expect("two days");
    let dates = Entry::window(dates.bounds(Some(0), Some(50)).expect("bounds"));
    let profile = |entries: &[Entry]| of(entries, Overlap::Profile);
    assert_eq!(profile(&[always(Some(5), Some(6)), dates]), (0, 50), "dates beat recurrence, and replace");
    assert_eq!(profile(&[always(Some(5), Some(6)), always(Some(7), Some(8))]), (5, 6), "the first");
    assert_eq!(profile(&[always(Some(30), None)]), (30, 30));
}

#[test]
fn zones_are_the_hosts_and_by_number() {
    let window = Window::nomad(cron("0 8 * * *"), cron("0 9 * * *")).bounds(Some(7), None).expect("a bound");
    let entries = [Entry::window(window), Entry::window(window).in_zone(1)];
    let schedule = Schedule::new(bounds(0, 20), &entries).expect("a schedule");
    let offset = |zone: u16, unix: i64| if zone == 1 { berlin(unix) } else { utc(unix) };
    let open = |hour, minute| {
        let now = at(2024, 7, 1, hour, minute);
        let seen = Observation { now, current: Some(Replicas(0)), offset: &offset };
        schedule.decide(&mut History::default(), &seen, &mut ()).detail.open
    };
    assert_eq!([open(5, 59), open(6, 0), open(7, 0), open(8, 0)], [0, 0b10, 0, 0b01]);
    let unread = Observation { now: at(2024, 7, 1, 6, 0), current: None, offset: &offset };
    let decision = schedule.decide(&mut History::default(), &unread, &mut ());
    assert_eq!((decision.changes(), decision.detail.min.0), (false, 7));
}

#[test]
fn steps_in_words() {
    let now = at(2024, 1, 1, 8, 1);
    let words = [
        Step::Acted { entry: 0, due: at(2024, 1, 1, 8, 0), now },
        Step::Raised { entry: Some(1), from: Replicas(3), to: Replicas(7) },
        Step::Lowered { entry: None, from: Replicas(30), to: Replicas(20) },
        Step::Within { min: Replicas(1), max: Replicas(20) },
    ]
    .map(|step| step.to_string());
    assert_eq!(
        words,
        ["entry 1 acts, due 60 s ago", "entry 2 asks for at least 7, not 3", "at most 20, not 30", "within 1 to 20"]
    );
}

/// Two expressions, a kind of entry, minimum, maximum and capacity.
type EntryPlan = (String, String, u8, Option<i32>, Option<i32>, Option<i32>);

fn entries_plan() -> impl Strategy<Value = Vec<EntryPlan>> {
    let number = || prop::option::of(0..30i32);
    prop::collection::vec((texts(), texts(), 0..5u8, number(), number(), number()), 0..5)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn laws_of_schedules(
        plan in entries_plan(), overlap in prop::sample::select(vec![Overlap::Combine, Overlap::Profile]),
        moments in prop::collection::vec((-600..400_000i64, 0..40i32), 1..12),
    ) {
        let entries: Vec<Entry> = plan.iter().filter_map(|(start, end, kind, min, max, desired)| {
            let (start, end) = (cron(start), cron(end));
            let window = match kind {
                0 => return Action::recurring(start).sets(*min, *max, *desired).ok().map(Entry::action),
                1 => Window::keda(start, end).ok()?,
                2 => Window::nomad(start, end),
                3 => Window::lasting(start, Span::from_secs(5000)).ok()?,
                _ => Window::dates(at(2024, 3, 30, 0, 0), at(2024, 4, 2, 0, 0)).ok()?,
            };
            window.bounds(*min, *max).ok().map(Entry::window)
        }).collect();
        let schedule = Schedule::new(bounds(3, 25), &entries).expect("a schedule").with_overlap(overlap);
        let (mut past, mut now) = (History::default(), unix(2024, 3, 29, 0, 0));
        for (gap, current) in moments {
            now += gap;
            let mut bytes = [0; History::SAVED];
            let length = past.save(&mut bytes).expect("room");
            prop_assert_eq!(History::restore(&bytes[..length]), Ok(past));
            for cut in 0..length {
                prop_assert!(History::restore(&bytes[..cut]).is_err());
            }
            let offset = |_: u16, unix: i64| berlin(unix);
            let seen = Observation { now: Instant::from_secs(now), current: Some(Replicas(current)), offset: &offset };
            let decision = schedule.decide(&mut past, &seen, &mut ());
            let detail = decision.detail;
            prop_assert!(detail.min <= decision.to && decision.to <= detail.max, "{:?}", decision);
            // Until it is to be asked again, the same world gives the same answer.
            let later = decision.revisit_at.map_or(now + 1000, |at| at.previous().as_nanos() / 1_000_000_000);
            if later > now {
                let seen = Observation { now: Instant::from_secs(now + (later - now) / 2), ..seen };
                let again = schedule.decide(&mut past.clone(), &seen, &mut ());
                prop_assert_eq!(again.to, decision.to);
                prop_assert_eq!(again.detail.open, detail.open);
            }
            schedule.applied(&mut past);
        }
    }

    #[test]
    fn garbage_is_no_history(bytes in prop::collection::vec(any::<u8>(), 0..100)) {
        prop_assert!(History::restore(&bytes).is_err());
    }
}
