//! Bounds and capacity by the calendar.

use plimsoll_core::schedule::{
    Action, Cron, Decision, Detail, Entry, History, Observation, Overlap, Schedule, Step, Window,
};
use plimsoll_core::trace::Trace;
use plimsoll_core::units::{Instant, Replicas, Span};

use super::start;
use crate::cursor::Cursor;
use crate::life::{Life, saved};

saved!(History, 9, Self::SAVED);

struct Calendar<'a>(Schedule<'a>);

#[derive(Debug)]
struct Moment {
    now: Instant,
    current: Option<Replicas>,
    zone: u8,
}

impl Moment {
    fn see<T>(&self, run: impl FnOnce(&Observation<'_>) -> T) -> T {
        let zone = self.zone;
        let offset = move |number: u16, unix: i64| match zone {
            // An hour forward and back every other day.
            1 => 3600 * i32::from(unix.div_euclid(86_400) % 4 < 2),
            2 => i32::from(number) * 1800 - 43_200,
            // Nothing that is believed.
            3 => i32::MAX,
            4 => i32::MIN,
            _ => 0,
        };
        run(&Observation { now: self.now, current: self.current, offset: &offset })
    }
}

impl Life for Calendar<'_> {
    type History = History;
    type Step = Step;
    type Detail = Detail;
    type Moment = Moment;
    const UNIT: Span = Span::from_secs(1200);

    fn moment(&self, cursor: &mut Cursor<'_>, now: Instant, replicas: i32) -> Moment {
        Moment { now, current: (!cursor.once_in(16)).then_some(Replicas(replicas)), zone: cursor.byte() % 8 }
    }

    fn decide(&self, history: &mut History, moment: &Moment, trace: &mut impl Trace<Step>) -> Decision {
        moment.see(|seen| self.0.decide(history, seen, trace))
    }

    fn applied(&self, history: &mut History, _: &Decision, written: Option<Replicas>) {
        if written.is_some() {
            self.0.applied(history);
        }
    }

    fn is_read(moment: &Moment) -> bool {
        moment.current.is_some()
    }

    fn sentence(&self, step: &Step) -> String {
        step.to_string()
    }

    fn laws(&self, moment: &Moment, decision: &Decision, _: &[Step]) {
        let Detail { min, max, at, .. } = decision.detail;
        assert!(Replicas(0) <= min && min <= max && at == moment.now, "{decision:?}");
        if moment.current.is_some() {
            assert!(min <= decision.to && decision.to <= max, "{decision:?}");
        }
    }

    fn later(&self, moment: &Moment, now: Instant) -> Option<Moment> {
        Some(Moment { now, ..*moment })
    }
}

/// One field: any, every so many, a number, a range, or a list.
fn field(cursor: &mut Cursor<'_>, low: usize, high: usize) -> String {
    let mut number = || low + cursor.below(high - low + 1);
    let (one, other) = (number(), number());
    match cursor.below(8) {
        0..=3 => "*".to_owned(),
        4 => format!("*/{}", one.max(1)),
        5 => one.to_string(),
        6 => format!("{}-{}", one.min(other), one.max(other)),
        _ => format!("{one},{other}"),
    }
}

fn cron(cursor: &mut Cursor<'_>) -> Cron {
    let [minute, hour] = [(0, 59), (0, 23)].map(|(low, high)| field(cursor, low, high));
    // Often every day: what comes once in years is looked for through all of them.
    let days = if cursor.once_in(4) {
        [(1, 31), (1, 12), (0, 7)].map(|(low, high)| field(cursor, low, high)).join(" ")
    } else {
        "* * *".to_owned()
    };
    Cron::new(&format!("{minute} {hour} {days}")).expect("in range")
}

fn entry(cursor: &mut Cursor<'_>) -> Option<Entry> {
    let kind = cursor.below(6);
    let [min, max, desired] = std::array::from_fn(|_| cursor.option(|cursor| cursor.small().max(0)));
    let mut moment = || Instant::from_secs(cursor.number(600));
    let (start, end) = (moment(), moment());
    let window = match kind {
        0 => return Action::once(start).sets(min, max, desired).ok().map(Entry::action),
        1 => {
            let action = Action::recurring(cron(cursor)).sets(min, max, desired).ok()?;
            let between = cursor.once_in(4).then_some((Some(start), Some(end)));
            let action = between.and_then(|(start, end)| action.between(start, end).ok()).unwrap_or(action);
            return Some(Entry::action(action));
        }
        2 => Window::keda(cron(cursor), cron(cursor)).ok()?,
        3 => Window::nomad(cron(cursor), cron(cursor)),
        4 => Window::lasting(cron(cursor), cursor.span(Span::from_secs(600)).max(Span::from_nanos(1))).ok()?,
        _ => Window::dates(start, end).ok()?,
    };
    window.bounds(min, max).ok().map(Entry::window)
}

pub(super) fn schedule(from: Option<&[u8]>, cursor: &mut Cursor<'_>, moments: usize) -> Option<Vec<u8>> {
    let bounds = cursor.bounds();
    let overlap = if cursor.flag() { Overlap::Profile } else { Overlap::Combine };
    let entries: Vec<_> = (0..=cursor.below(4))
        .filter_map(|zone| entry(cursor).map(|entry| entry.in_zone(u16::try_from(zone).expect("a few"))))
        .collect();
    let schedule = Schedule::new(bounds, &entries).expect("a few").with_overlap(overlap);
    // A day is looked through minute by minute: fewer moments say as much.
    start(&Calendar(schedule), History::default(), from, cursor, moments.min(20))
}
