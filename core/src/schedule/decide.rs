//! Which entries act, which windows are open, and the bounds that follow.

use core::fmt;

use super::history::History;
use super::policy::{Action, Kind, Overlap, Schedule, When, Window};
use crate::decision::{self, Draft};
use crate::trace::Trace;
use crate::units::{Instant, Replicas};

/// What a schedule looks at.
#[derive(Clone, Copy)]
pub struct Observation<'a> {
    /// The time. The host's origin must be the Unix epoch.
    pub now: Instant,
    /// Replicas that the scale asks for; `None` when it could not be read.
    pub current: Option<Replicas>,
    /// The offset from UTC of a zone at a Unix time, in seconds east. At most 18 hours are believed.
    pub offset: &'a dyn Fn(u16, i64) -> i32,
}

impl<'a> Observation<'a> {
    /// All zones are UTC.
    #[must_use]
    pub fn utc(now: Instant, current: Replicas) -> Self {
        Self { now, current: Some(current), offset: &|_, _| 0 }
    }
}

impl fmt::Debug for Observation<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { now, current, .. } = self;
        f.debug_struct("Observation").field("now", now).field("current", current).finish_non_exhaustive()
    }
}

/// A decision of a schedule.
pub type Decision = decision::Decision<Step, Detail>;

/// The bounds of the moment: what other policies are to stay within.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Detail {
    /// The fewest.
    pub min: Replicas,
    /// The most.
    pub max: Replicas,
    /// The number that an action asks for, until [`Schedule::applied`] says that it was written.
    pub desired: Option<Replicas>,
    /// The windows that are open: bit n for entry n, up to entry 63.
    pub open: u64,
    /// The moment of the decision.
    pub at: Instant,
}

/// One step of a decision. Entries are numbered from 0 in the policy, and from 1 in words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub enum Step {
    /// The clock ran back: what acted after now acts again.
    ClockWentBack {
        /// Time of the decision before.
        last: Instant,
        /// Time of this one.
        now: Instant,
    },
    /// The scale could not be read: bounds are told, nothing changes.
    ScaleUnread,
    /// An action acts.
    Acted {
        /// Number of the entry.
        entry: u16,
        /// When it was due.
        due: Instant,
        /// The moment of the decision.
        now: Instant,
    },
    /// An action would make bounds or capacity impossible: it does nothing.
    Refused {
        /// Number of the entry.
        entry: u16,
        /// The fewest that it would mean.
        min: Replicas,
        /// The most.
        max: Replicas,
    },
    /// A window is open.
    Open {
        /// Number of the entry.
        entry: u16,
    },
    /// An action asks for a number.
    Desired {
        /// Replicas.
        to: Replicas,
    },
    /// The number was below the fewest.
    Raised {
        /// The window that says so; `None` when the bounds do.
        entry: Option<u16>,
        /// Replicas before.
        from: Replicas,
        /// The fewest.
        to: Replicas,
    },
    /// The number was above the most.
    Lowered {
        /// The window that says so; `None` when the bounds do.
        entry: Option<u16>,
        /// Replicas before.
        from: Replicas,
        /// The most.
        to: Replicas,
    },
    /// The number is within the bounds.
    Within {
        /// The fewest.
        min: Replicas,
        /// The most.
        max: Replicas,
    },
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let nth = |entry: u16| u32::from(entry).saturating_add(1);
        match *self {
            Self::ClockWentBack { last, now } => {
                write!(f, "the clock ran back by {}: what acted after now acts again", last.since(now))
            }
            Self::ScaleUnread => f.write_str("the scale could not be read: nothing changes"),
            Self::Acted { entry, due, now } if due == now => write!(f, "entry {} acts", nth(entry)),
            Self::Acted { entry, due, now } => write!(f, "entry {} acts, due {} ago", nth(entry), now.since(due)),
            Self::Refused { entry, min, max } => {
                write!(f, "entry {} does nothing: it would mean {min} to {max}, or a number outside", nth(entry))
            }
            Self::Open { entry } => write!(f, "the window of entry {} is open", nth(entry)),
            Self::Desired { to } => write!(f, "an action asks for {to}"),
            Self::Raised { entry, from, to } => match entry {
                Some(entry) => write!(f, "entry {} asks for at least {to}, not {from}", nth(entry)),
                None => write!(f, "at least {to}, not {from}"),
            },
            Self::Lowered { entry, from, to } => match entry {
                Some(entry) => write!(f, "entry {} allows at most {to}, not {from}", nth(entry)),
                None => write!(f, "at most {to}, not {from}"),
            },
            Self::Within { min, max } => write!(f, "within {min} to {max}"),
        }
    }
}

/// A bound, and the window that set it.
type Side = (i32, Option<u16>);

impl Schedule<'_> {
    /// Decides. O(entries), with actions due O(entries²).
    ///
    /// Actions that were due since the last decision act, each at most once, the newest due; in the order of their
    /// times, then of the entries. At the first decision of a history only what is due that very moment acts.
    pub fn decide(&self, history: &mut History, seen: &Observation<'_>, trace: &mut impl Trace<Step>) -> Decision {
        let now = seen.now;
        let current = seen.current.map_or(0, |current| current.0);
        let (min, max) = self.base(history);
        let within = Step::Within { min: Replicas(min), max: Replicas(max) };
        let mut draft = Draft::new(current, within, trace);
        self.act(history, seen, &mut draft);

        let (base_min, base_max) = self.base(history);
        let (mut floor, mut ceiling, mut open): (Side, Side, u64) = ((base_min, None), (base_max, None), 0);
        let mut profile = None::<(bool, u16, Window)>;
        for (number, window) in self.windows(seen) {
            open |= 1_u64.checked_shl(u32::from(number)).unwrap_or(0);
            draft.note(Step::Open { entry: number });
            match self.overlap {
                Overlap::Combine => {
                    if let Some(min) = window.min.filter(|min| *min > floor.0) {
                        floor = (min, Some(number));
                    }
                    if let Some(max) = window.max.filter(|max| *max < ceiling.0) {
                        ceiling = (max, Some(number));
                    }
                }
                Overlap::Profile => {
                    let dated = matches!(window.when, When::Dates { .. });
                    if profile.is_none_or(|(known, ..)| dated && !known) {
                        profile = Some((dated, number, window));
                    }
                }
            }
        }
        if let Some((_, number, window)) = profile {
            floor = window.min.map_or(floor, |min| (min, Some(number)));
            ceiling = window.max.map_or(ceiling, |max| (max, Some(number)));
            // A profile that sets one side only may leave the other on the wrong side of it.
            if floor.0 > ceiling.0 {
                if window.min.is_some() { ceiling = floor } else { floor = ceiling }
            }
        } else {
            floor.0 = floor.0.min(base_max.max(base_min));
            if floor.0 > ceiling.0 {
                ceiling = floor;
            }
        }
        draft.revisit(self.next_change(seen));
        let detail = Detail {
            min: Replicas(floor.0),
            max: Replicas(ceiling.0),
            desired: history.desired.map(Replicas),
            open,
            at: now,
        };
        if seen.current.is_none() {
            draft.set(current, Step::ScaleUnread);
            return draft.decide(detail);
        }
        if let Some(desired) = history.desired {
            draft.set(desired, Step::Desired { to: Replicas(desired) });
        }
        let from = Replicas(draft.to());
        if from.0 < floor.0 {
            draft.set(floor.0, Step::Raised { entry: floor.1, from, to: Replicas(floor.0) });
        } else if from.0 > ceiling.0 {
            draft.set(ceiling.0, Step::Lowered { entry: ceiling.1, from, to: Replicas(ceiling.0) });
        } else if history.desired.is_none() {
            draft.set(from.0, Step::Within { min: Replicas(floor.0), max: Replicas(ceiling.0) });
        }
        draft.decide(detail)
    }

    /// Says that the number was written: an action's number is asked for once.
    pub fn applied(&self, history: &mut History) {
        history.desired = None;
    }

    /// When, after now, an entry acts or a window may open or close.
    #[must_use]
    pub fn next_change(&self, seen: &Observation<'_>) -> Option<Instant> {
        let changes = self.entries.iter().filter_map(|entry| {
            let offset = |unix: i64| (seen.offset)(entry.zone, unix);
            match &entry.kind {
                Kind::Action(action) => action.next(seen.now, &offset),
                Kind::Window(window) => window.when.next_change(seen.now, &offset),
            }
        });
        changes.min()
    }

    /// The bounds without windows.
    fn base(&self, history: &History) -> (i32, i32) {
        let min = history.min.unwrap_or(self.bounds.min().0);
        let max = history.max.unwrap_or(self.bounds.max().0);
        (min, max.max(min))
    }

    /// The windows that are open, by number.
    fn windows(&self, seen: &Observation<'_>) -> impl Iterator<Item = (u16, Window)> {
        self.entries.iter().enumerate().filter_map(|(number, entry)| match entry.kind {
            Kind::Window(window) => {
                let offset = |unix: i64| (seen.offset)(entry.zone, unix);
                let number = u16::try_from(number).unwrap_or(u16::MAX);
                window.when.open(seen.now, &offset).then_some((number, window))
            }
            Kind::Action(_) => None,
        })
    }

    /// Lets actions act that were due since the last decision.
    fn act<T: Trace<Step>>(&self, history: &mut History, seen: &Observation<'_>, draft: &mut Draft<'_, Step, T>) {
        let now = seen.now;
        let since = match history.acted.replace(now) {
            Some(last) if last > now => {
                draft.note(Step::ClockWentBack { last, now });
                now
            }
            Some(last) => last,
            None => now.previous(),
        };
        let mut done = None::<(Instant, usize)>;
        loop {
            let due = self.entries.iter().enumerate().filter_map(|(number, entry)| {
                let Kind::Action(action) = entry.kind else { return None };
                let offset = |unix: i64| (seen.offset)(entry.zone, unix);
                let due = action.last(now, &offset).filter(|due| *due > since)?;
                Some((due, number, action))
            });
            let next = due.filter(|(due, number, _)| done.is_none_or(|done| (*due, *number) > done));
            let Some((due, number, action)) = next.min_by_key(|(due, number, _)| (*due, *number)) else { return };
            done = Some((due, number));
            let entry = u16::try_from(number).unwrap_or(u16::MAX);
            let (min, max) = self.base(history);
            let (min, max) = (action.min.unwrap_or(min), action.max.unwrap_or(max));
            if possible(&action, min, max) {
                history.min = action.min.or(history.min);
                history.max = action.max.or(history.max);
                history.desired = action.desired.or(history.desired.filter(|d| (min..=max).contains(d)));
                draft.note(Step::Acted { entry, due, now });
            } else {
                draft.note(Step::Refused { entry, min: Replicas(min), max: Replicas(max) });
            }
        }
    }
}

fn possible(action: &Action, min: i32, max: i32) -> bool {
    min <= max && action.desired.is_none_or(|desired| (min..=max).contains(&desired))
}
