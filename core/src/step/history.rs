//! Everything that step, simple and target-tracking scaling remember of one group, of a fixed size.
//!
//! # Bytes
//!
//! The body of a [snapshot](crate::snapshot) of kind 5 (step), 6 (simple) or 7 (target tracking), version 1. Times are
//! nanoseconds from the host's origin (i64); a time that may be absent is 0, or 1 and the time.
//!
//! | bytes | field |
//! |---|---|
//! | 1 | 1 = the next evaluation needs no new point: something that time ends held a rule, or the capacity was not read |
//! | 1 or 9 | time of the last evaluation |
//! | 1 or 18 | 0, or 1 and the last order: out (0 or 1), base and desired (i32), its end |
//! | 1 or 18 to 26 | 0, or 1 and the last action: its start, its completion (may be absent), its cooldown (u64 ns) |
//! | 1 + n × (20 to 36) | number of alarms; for each: bits of the periods with a point and with a breach (u64), periods seen, state (0 insufficient, 1 OK, 2 alarm), the newest point (0, or 1 and its bits), time of the last point (may be absent) |

use heapless::Vec;

use super::alarm::{Alarm, Datapoints};
use super::explain::Step;
use super::observation::Points;
use super::pace::{self, Order};
use super::stepped::{number, points_of};
use crate::decision::Draft;
use crate::error::{ConfigError, Problem};
use crate::snapshot::{FRAME, Reader, SnapshotError, Writer};
use crate::trace::Trace;
use crate::units::{Instant, Span};

const VERSION: u16 = 1;

/// What is remembered of one group: room for `A` alarms (at most 255). `KIND` tells snapshots apart.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct History<const A: usize = 2, const KIND: u16 = 5> {
    pub(super) alarms: Vec<Datapoints, A>,
    pub(super) order: Option<Order>,
    pub(super) action: Option<Action>,
    pub(super) held: bool,
    last: Option<Instant>,
}

const _: () = assert!(size_of::<History<2>>() <= 200, "an alarm for each direction: five of them fit in a kilobyte");

/// The history of simple scaling.
pub type SimpleHistory<const A: usize = 2> = History<A, 6>;

/// The history of target tracking: a high and a low alarm.
pub type TrackingHistory = History<2, 7>;

/// The last action of simple scaling.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Action {
    /// When it was started.
    pub started: Instant,
    /// When its last unit was launched or terminated.
    pub completed: Option<Instant>,
    /// The cooldown that follows.
    pub cooldown: Span,
}

impl<const A: usize, const KIND: u16> Default for History<A, KIND> {
    /// Knows nothing yet.
    fn default() -> Self {
        const { assert!(A < 256, "a history has room for at most 255 alarms") };
        Self { alarms: Vec::new(), order: None, action: None, held: false, last: None }
    }
}

impl<const A: usize, const KIND: u16> History<A, KIND> {
    /// What another controller of the group is known to remember: the points of its alarms in the order of the rules,
    /// its last order, and for simple scaling its last action. The next evaluation takes the alarms as they stand and
    /// needs no new point.
    ///
    /// # Errors
    /// More alarms than there is room for.
    pub fn told(alarms: &[Datapoints], order: Option<Order>, action: Option<Action>) -> Result<Self, ConfigError> {
        Self::fits(alarms.len())?;
        let alarms = alarms.iter().copied().collect();
        Ok(Self { alarms, order, action, held: true, last: None })
    }

    /// Whether there is room for the alarms of so many rules. A history that is too small still decides, leaves out
    /// the rules beyond it, and leaves a step.
    ///
    /// # Errors
    /// The number needed, and the room.
    pub fn fits(rules: usize) -> Result<(), ConfigError> {
        if rules > A {
            let needed = u32::try_from(rules).unwrap_or(u32::MAX);
            return Err(ConfigError::new("alarms", A as i64, Problem::Capacity { needed }));
        }
        Ok(())
    }

    /// The points of every alarm, in the order of the rules; empty before the first evaluation.
    #[must_use]
    pub fn alarms(&self) -> &[Datapoints] {
        &self.alarms
    }

    /// The last order, also when its warm-up or cooldown is over.
    #[must_use]
    pub const fn order(&self) -> Option<Order> {
        self.order
    }

    /// The last action of simple scaling.
    #[must_use]
    pub const fn action(&self) -> Option<Action> {
        self.action
    }

    /// Takes note of the time. When it ran back, what was remembered from later is taken to be from now.
    pub(super) fn see<T: Trace<Step>>(&mut self, now: Instant, draft: &mut Draft<'_, Step, T>) {
        let Some(last) = self.last.replace(now).filter(|last| *last > now) else { return };
        draft.note(Step::ClockWentBack { last, now });
        self.alarms.iter_mut().for_each(|alarm| alarm.clamp(now));
        pace::clamp(&mut self.order, now);
        if let Some(action) = &mut self.action {
            action.started = action.started.min(now);
            action.completed = action.completed.map(|completed| completed.min(now));
        }
    }

    /// Takes the new points of every alarm; true when there was any.
    pub(super) fn take<'a, T: Trace<Step>>(
        &mut self,
        alarms: impl Iterator<Item = &'a Alarm>,
        points: &[Points<'_>],
        now: Instant,
        draft: &mut Draft<'_, Step, T>,
    ) -> bool {
        let (mut fresh, mut rules) = (false, 0_usize);
        for alarm in alarms {
            let index = rules;
            rules = rules.saturating_add(1);
            if index == self.alarms.len() && self.alarms.push(Datapoints::NONE).is_err() {
                draft.note(Step::HistoryFull { room: number(A) });
                break;
            }
            let given = points_of(points, index);
            if given.iter().flatten().any(|value| !value.is_finite()) {
                draft.note(Step::NotANumber { rule: number(index) });
            }
            fresh |= self.alarms.get_mut(index).is_some_and(|past| past.take(alarm, given, now));
        }
        // Alarms of rules that are gone would come back with a later policy as if no time had passed.
        self.alarms.truncate(rules);
        fresh
    }

    /// The most bytes that [`History::save`] writes.
    #[must_use]
    pub const fn saved_size() -> usize {
        let alarms = A.saturating_mul(Datapoints::SAVED);
        FRAME.saturating_add(1 + 9 + 1 + Order::SAVED + 1 + 8 + 9 + 8 + 1).saturating_add(alarms)
    }

    /// Writes the history as the bytes described in the module's documentation, and gives their number.
    ///
    /// # Errors
    /// When the buffer is too small, with the size needed.
    pub fn save(&self, out: &mut [u8]) -> Result<usize, SnapshotError> {
        let mut to = Writer::new(out, KIND, VERSION);
        to.u8(u8::from(self.held));
        to.moment(self.last);
        Order::save(self.order, &mut to);
        to.u8(u8::from(self.action.is_some()));
        if let Some(action) = self.action {
            to.i64(action.started.as_nanos());
            to.moment(action.completed);
            to.put(&action.cooldown.as_nanos().to_le_bytes());
        }
        to.u8(u8::try_from(self.alarms.len()).unwrap_or(u8::MAX));
        for alarm in &self.alarms {
            alarm.save(&mut to);
        }
        to.finish()
    }

    /// Reads what [`History::save`] wrote. The history then decides as if it had never stopped.
    ///
    /// # Errors
    /// Whatever is wrong with the bytes. Nothing is believed unchecked.
    pub fn restore(bytes: &[u8]) -> Result<Self, SnapshotError> {
        let mut from = Reader::new(bytes, KIND, VERSION)?;
        let mut history = Self { held: from.flag("held")?, last: from.moment("last time")?, ..Self::default() };
        history.order = Order::restore(&mut from)?;
        if from.flag("action")? {
            let started = Instant::from_nanos(from.i64()?);
            let completed = from.moment("completion")?;
            let cooldown = Span::from_nanos(from.i64()?.cast_unsigned());
            history.action = Some(Action { started, completed, cooldown });
        }
        let count = usize::from(from.u8()?);
        for _ in 0..count {
            let alarm = Datapoints::restore(&mut from)?;
            history.alarms.push(alarm).map_err(|_| SnapshotError::Capacity { needed: count, room: A })?;
        }
        from.finish()?;
        Ok(history)
    }
}
