//! Everything that is remembered of one workload, of a fixed size.
//!
//! Upstream keeps recommendations and scale events in the controller's memory, and loses them with it; the conditions
//! are in the HPA's status. Here all of it is one value, which can be saved.
//!
//! # Bytes
//!
//! The body of a [snapshot](crate::snapshot) of kind 1, version 1. Times are nanoseconds from the host's origin (i64).
//!
//! | bytes | field |
//! |---|---|
//! | 1 | flags: 1 = a recommendation was ever stored, 2 = the time of the start follows, 4 = the last time follows |
//! | 0 or 8 | time of the start |
//! | 0 or 8 | the last time |
//! | 2 + 12 n | number of recommendations; for each, in the order of the list: replicas (i32), time |
//! | 2 + 13 n | number of changes upward; for each: change (i32), time, outdated (0 or 1) |
//! | 2 + 13 n | the same downward |
//! | 1 + n × (4 or 12) | number of conditions; for each: kind, status (0 or 1), reason, 1 = a time follows; time |
//!
//! Kinds and reasons are positions in [`ConditionKind::ALL`] and [`Reason::ALL`].

use super::condition::{Condition, ConditionKind, Conditions, Reason};
use super::policy::Hpa;
use crate::error::{ConfigError, Problem};
use crate::snapshot::{FRAME, Reader, SnapshotError, Writer};
use crate::units::Instant;
use crate::window::changes::{self, ChangesView};
use crate::window::{Change, Changes, Entry, Extremes, ExtremesView};

const KIND: u16 = 1;
const VERSION: u16 = 1;

/// What is remembered of one workload: room for `R` recommendations and `E` scale events in each direction.
///
/// The defaults serve windows and periods of up to 330 s at one sync in 15 s; the API's longest (an hour, half an hour)
/// need `History<242, 122>`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct History<const R: usize = 24, const E: usize = 24> {
    recommendations: Extremes<R>,
    seeded: bool,
    up: Changes<E>,
    down: Changes<E>,
    conditions: Conditions,
    started: Option<Instant>,
    last: Option<Instant>,
}

impl<const R: usize, const E: usize> History<R, E> {
    /// Knows nothing yet.
    ///
    /// # Errors
    /// When the policy needs more room than there is.
    pub fn new(hpa: &Hpa<'_>) -> Result<Self, ConfigError> {
        Self::fits(hpa)?;
        Ok(Self::default())
    }

    /// Whether there is room for all that the policy ever holds at the controller's sync period. Ask again when the
    /// policy changes; a history that is too small still decides, merges its oldest entries and leaves a step.
    ///
    /// # Errors
    /// The number needed, and the room.
    pub fn fits(hpa: &Hpa<'_>) -> Result<(), ConfigError> {
        const { assert!(0 < R && R < 65_536 && E < 65_536, "a history has room for 1 to 65,535 recommendations") };
        let (recommendations, events) = hpa.entries_needed();
        for (field, room, needed) in [("recommendations", R, recommendations), ("scale events", E, events)] {
            if room < needed {
                let needed = u32::try_from(needed).unwrap_or(u32::MAX);
                let given = i64::try_from(room).unwrap_or(i64::MAX);
                return Err(ConfigError::new(field, given, Problem::Capacity { needed }));
            }
        }
        Ok(())
    }

    /// The recommendations in the order of upstream's list; `None` before the first sync.
    #[must_use]
    pub fn recommendations(&self) -> Option<&[Entry]> {
        self.seeded.then(|| self.recommendations.slots())
    }

    /// The changes upward and downward, in the order of upstream's lists.
    #[must_use]
    pub fn events(&self) -> (&[Change], &[Change]) {
        (&self.up, &self.down)
    }

    /// The conditions of the status.
    #[must_use]
    pub fn conditions(&self) -> &Conditions {
        &self.conditions
    }

    /// The conditions, to be filled from a status.
    pub fn conditions_mut(&mut self) -> &mut Conditions {
        &mut self.conditions
    }

    /// Loses what a controller loses when it restarts: all but the conditions.
    pub fn restart(&mut self) {
        *self = Self { conditions: core::mem::take(&mut self.conditions), ..Self::default() };
    }

    /// Puts lists back as upstream's memory has them. `None` means that no sync has been.
    ///
    /// # Errors
    /// When they do not fit; nothing is changed then.
    pub fn restore_lists(
        &mut self,
        recommendations: Option<&[Entry]>,
        up: &[Change],
        down: &[Change],
    ) -> Result<(), SnapshotError> {
        let given = recommendations.unwrap_or_default();
        for (needed, room) in [(given.len(), R), (up.len(), E), (down.len(), E)] {
            if needed > room {
                return Err(SnapshotError::Capacity { needed, room });
            }
        }
        self.seeded = recommendations.is_some();
        self.recommendations.restore(given);
        for (list, given) in [(&mut self.up, up), (&mut self.down, down)] {
            list.clear();
            let _fits = list.extend_from_slice(given);
        }
        self.started = given.iter().map(|entry| entry.at).min();
        Ok(())
    }

    /// The most bytes that [`History::save`] writes.
    #[must_use]
    pub const fn saved_size() -> usize {
        let (recommendations, events) = (R.saturating_mul(12), E.saturating_mul(26));
        // Flags and times 17, three counts 6, conditions 1 + 4 × 12.
        FRAME.saturating_add(72).saturating_add(recommendations).saturating_add(events)
    }

    /// Writes the history as the bytes described in the module's documentation, and gives their number.
    ///
    /// # Errors
    /// When the buffer is too small, with the size needed.
    pub fn save(&self, out: &mut [u8]) -> Result<usize, SnapshotError> {
        let mut to = Writer::new(out, KIND, VERSION);
        let flag = |bit: u8, on: bool| if on { bit } else { 0 };
        to.u8(flag(1, self.seeded) | flag(2, self.started.is_some()) | flag(4, self.last.is_some()));
        for time in [self.started, self.last].into_iter().flatten() {
            to.i64(time.as_nanos());
        }
        to.u16(length(self.recommendations.slots().len()));
        for entry in self.recommendations.slots() {
            to.i32(entry.value);
            to.i64(entry.at.as_nanos());
        }
        for list in [&self.up, &self.down] {
            to.u16(length(list.len()));
            for change in list {
                to.i32(change.change);
                to.i64(change.at.as_nanos());
                to.u8(u8::from(change.outdated));
            }
        }
        to.u8(length(self.conditions.iter().len()) as u8);
        for condition in self.conditions.iter() {
            to.u8(condition.kind as u8);
            to.u8(u8::from(condition.status));
            to.u8(condition.reason as u8);
            to.u8(u8::from(condition.since.is_some()));
            if let Some(since) = condition.since {
                to.i64(since.as_nanos());
            }
        }
        to.finish()
    }

    /// Reads what [`History::save`] wrote. The history then decides as if it had never stopped.
    ///
    /// # Errors
    /// Whatever is wrong with the bytes. Nothing is believed unchecked.
    pub fn restore(bytes: &[u8]) -> Result<Self, SnapshotError> {
        let mut history = Self::default();
        history.restore_from(bytes)?;
        Ok(history)
    }

    /// The same into a history that is there: a large one is then never on the stack.
    ///
    /// # Errors
    /// As [`History::restore`]; nothing is changed then.
    pub fn restore_from(&mut self, bytes: &[u8]) -> Result<(), SnapshotError> {
        let Saved { seeded, started, last, recommendations, up, down, conditions } = Saved::read(bytes, R, E)?;
        self.recommendations.refill(recommendations.iter().map(entry));
        for (list, saved) in [(&mut self.up, up), (&mut self.down, down)] {
            list.clear();
            for saved in saved {
                let _fits = list.push(change(saved));
            }
        }
        (self.seeded, self.started, self.last, self.conditions) = (seeded, started, last, conditions);
        Ok(())
    }

    /// The same, without its capacities in the type.
    pub(super) fn view(&mut self) -> HistoryView<'_> {
        const { assert!(0 < R && R < 65_536 && E < 65_536, "a history has room for 1 to 65,535 recommendations") };
        HistoryView {
            recommendations: self.recommendations.view(),
            seeded: &mut self.seeded,
            up: self.up.as_mut_view(),
            down: self.down.as_mut_view(),
            conditions: &mut self.conditions,
            started: &mut self.started,
            last: &mut self.last,
        }
    }
}

/// A history of any capacity, borrowed.
pub(super) struct HistoryView<'a> {
    pub(super) recommendations: ExtremesView<'a>,
    pub(super) seeded: &'a mut bool,
    pub(super) up: &'a mut ChangesView,
    pub(super) down: &'a mut ChangesView,
    pub(super) conditions: &'a mut Conditions,
    pub(super) started: &'a mut Option<Instant>,
    pub(super) last: &'a mut Option<Instant>,
}

impl HistoryView<'_> {
    /// Takes note of the time, and gives the time before. When time ran back, what was remembered from later is taken
    /// to be from now: it ages again, instead of holding the scale until the clock catches up.
    pub(super) fn see(&mut self, now: Instant) -> Option<Instant> {
        let last = self.last.replace(now);
        if last.is_some_and(|last| last > now) {
            self.recommendations.clamp(now);
            changes::clamp(self.up, now);
            changes::clamp(self.down, now);
            *self.started = self.started.map(|started| started.min(now));
        }
        last
    }
}

/// A snapshot that was found good, with its lists where they stand.
struct Saved<'a> {
    seeded: bool,
    started: Option<Instant>,
    last: Option<Instant>,
    recommendations: &'a [[u8; 12]],
    up: &'a [[u8; 13]],
    down: &'a [[u8; 13]],
    conditions: Conditions,
}

impl<'a> Saved<'a> {
    /// For a history with room for so many recommendations and events.
    fn read(bytes: &'a [u8], recommendations: usize, events: usize) -> Result<Self, SnapshotError> {
        fn list<'a, const N: usize>(from: &mut Reader<'a>, room: usize) -> Result<&'a [[u8; N]], SnapshotError> {
            let needed = usize::from(from.u16()?);
            let list = from.records(needed)?;
            if needed > room { Err(SnapshotError::Capacity { needed, room }) } else { Ok(list) }
        }
        let mut from = Reader::new(bytes, KIND, VERSION)?;
        let flags = from.u8()?;
        if flags > 7 {
            return Err(SnapshotError::BadValue { field: "flags", found: i64::from(flags) });
        }
        let seeded = flags & 1 != 0;
        let mut time = |present: bool| -> Result<Option<Instant>, SnapshotError> {
            if present { Ok(Some(Instant::from_nanos(from.i64()?))) } else { Ok(None) }
        };
        let (started, last) = (time(flags & 2 != 0)?, time(flags & 4 != 0)?);
        let recommendations = list(&mut from, recommendations)?;
        if !seeded && !recommendations.is_empty() {
            let found = i64::from(length(recommendations.len()));
            return Err(SnapshotError::BadValue { field: "recommendations before the first", found });
        }
        let (up, down) = (list::<13>(&mut from, events)?, list::<13>(&mut from, events)?);
        for [.., outdated] in up.iter().chain(down) {
            boolean("outdated", *outdated)?;
        }
        let mut conditions = Conditions::default();
        for _ in 0..from.u8()? {
            let kind = one_of("condition", ConditionKind::ALL, from.u8()?)?;
            let status = boolean("status", from.u8()?)?;
            let reason = one_of("reason", Reason::ALL, from.u8()?)?;
            let since = if boolean("since", from.u8()?)? { Some(Instant::from_nanos(from.i64()?)) } else { None };
            if conditions.get(kind).is_some() {
                return Err(SnapshotError::BadValue { field: "condition given twice", found: i64::from(kind as u8) });
            }
            conditions.restore(Condition { kind, status, reason, since });
        }
        from.finish()?;
        Ok(Self { seeded, started, last, recommendations, up, down, conditions })
    }
}

fn entry(saved: &[u8; 12]) -> Entry {
    let [a, b, c, d, at @ ..] = *saved;
    Entry { value: i32::from_le_bytes([a, b, c, d]), at: Instant::from_nanos(i64::from_le_bytes(at)) }
}

fn change(saved: &[u8; 13]) -> Change {
    let [a, b, c, d, at @ .., outdated] = *saved;
    let (change, at) = (i32::from_le_bytes([a, b, c, d]), Instant::from_nanos(i64::from_le_bytes(at)));
    Change { change, at, outdated: outdated != 0 }
}

fn length(count: usize) -> u16 {
    u16::try_from(count).unwrap_or(u16::MAX)
}

fn boolean(field: &'static str, found: u8) -> Result<bool, SnapshotError> {
    match found {
        0 => Ok(false),
        1 => Ok(true),
        _ => Err(SnapshotError::BadValue { field, found: i64::from(found) }),
    }
}

fn one_of<T: Copy>(field: &'static str, all: &[T], found: u8) -> Result<T, SnapshotError> {
    all.get(usize::from(found)).copied().ok_or(SnapshotError::BadValue { field, found: i64::from(found) })
}

/// Histories as serde values: the fields of the bytes above, by name.
#[cfg(feature = "serde")]
mod as_serde {
    use core::fmt;

    use heapless::{Vec, VecView};
    use serde::de::{DeserializeSeed, Error, MapAccess, SeqAccess, Visitor};
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use super::{Change, Conditions, Entry, History, Instant};

    const FIELDS: &[&str] = &["started", "last", "recommendations", "up", "down", "conditions"];

    #[derive(Serialize)]
    #[serde(rename = "History")]
    struct Written<'a> {
        started: Option<Instant>,
        last: Option<Instant>,
        recommendations: Option<&'a [Entry]>,
        up: &'a [Change],
        down: &'a [Change],
        conditions: &'a Conditions,
    }

    impl<const R: usize, const E: usize> Serialize for History<R, E> {
        fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
            let (up, down) = self.events();
            let (started, last) = (self.started, self.last);
            let recommendations = self.recommendations();
            Written { started, last, recommendations, up, down, conditions: &self.conditions }.serialize(to)
        }
    }

    impl<'de, const R: usize, const E: usize> Deserialize<'de> for History<R, E> {
        fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
            let mut history = Self::default();
            from.deserialize_struct("History", FIELDS, Fill(&mut history))?;
            Ok(history)
        }
    }

    /// Fills a history in place: passed up as a value it would be copied on every level of a parser, which is megabytes of
    /// stack for a large one.
    struct Fill<'a, const R: usize, const E: usize>(&'a mut History<R, E>);

    #[derive(Clone, Copy, Deserialize)]
    #[serde(field_identifier, rename_all = "lowercase")]
    enum Field {
        Started,
        Last,
        Recommendations,
        Up,
        Down,
        Conditions,
    }

    impl<'de, const R: usize, const E: usize> Visitor<'de> for Fill<'_, R, E> {
        type Value = ();

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a history")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
            let (history, mut given) = (self.0, [false; FIELDS.len()]);
            let mut recommendations = Vec::<Entry, R>::new();
            while let Some(field) = map.next_key::<Field>()? {
                if let (Some(given), Some(name)) = (given.get_mut(field as usize), FIELDS.get(field as usize))
                    && core::mem::replace(given, true)
                {
                    return Err(A::Error::duplicate_field(name));
                }
                match field {
                    Field::Started => history.started = map.next_value()?,
                    Field::Last => history.last = map.next_value()?,
                    Field::Recommendations => history.seeded = map.next_value_seed(OrNone(&mut recommendations))?,
                    Field::Up => map.next_value_seed(List(&mut history.up))?,
                    Field::Down => map.next_value_seed(List(&mut history.down))?,
                    Field::Conditions => history.conditions = map.next_value()?,
                }
            }
            history.recommendations.restore(&recommendations);
            // The others are absent where nothing is known.
            for (name, given) in FIELDS.iter().zip(given).skip(3) {
                if !given {
                    return Err(A::Error::missing_field(name));
                }
            }
            Ok(())
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
            let history = self.0;
            let mut recommendations = Vec::<Entry, R>::new();
            let short = |length| A::Error::invalid_length(length, &"the six fields of a history");
            history.started = seq.next_element()?.ok_or_else(|| short(0))?;
            history.last = seq.next_element()?.ok_or_else(|| short(1))?;
            history.seeded = seq.next_element_seed(OrNone(&mut recommendations))?.ok_or_else(|| short(2))?;
            history.recommendations.restore(&recommendations);
            seq.next_element_seed(List(&mut history.up))?.ok_or_else(|| short(3))?;
            seq.next_element_seed(List(&mut history.down))?.ok_or_else(|| short(4))?;
            history.conditions = seq.next_element()?.ok_or_else(|| short(5))?;
            Ok(())
        }
    }

    /// A list that goes into the room there is.
    struct List<'a, T>(&'a mut VecView<T>);

    impl<'de, T: Deserialize<'de>> DeserializeSeed<'de> for List<'_, T> {
        type Value = ();

        fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<(), D::Error> {
            from.deserialize_seq(self)
        }
    }

    impl<'de, T: Deserialize<'de>> Visitor<'de> for List<'_, T> {
        type Value = ();

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            write!(f, "a list of at most {} entries", self.0.capacity())
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
            self.0.clear();
            while let Some(entry) = seq.next_element()? {
                if self.0.push(entry).is_err() {
                    return Err(A::Error::invalid_length(self.0.len().saturating_add(1), &self));
                }
            }
            Ok(())
        }
    }

    /// The same, or nothing; says which.
    struct OrNone<'a, T>(&'a mut VecView<T>);

    impl<'de, T: Deserialize<'de>> DeserializeSeed<'de> for OrNone<'_, T> {
        type Value = bool;

        fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<bool, D::Error> {
            from.deserialize_option(self)
        }
    }

    impl<'de, T: Deserialize<'de>> Visitor<'de> for OrNone<'_, T> {
        type Value = bool;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            write!(f, "null or a list of at most {} entries", self.0.capacity())
        }

        fn visit_none<X: Error>(self) -> Result<bool, X> {
            Ok(false)
        }

        fn visit_unit<X: Error>(self) -> Result<bool, X> {
            Ok(false)
        }

        fn visit_some<D: Deserializer<'de>>(self, from: D) -> Result<bool, D::Error> {
            List(self.0).deserialize(from).map(|()| true)
        }
    }
}
