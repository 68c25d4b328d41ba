//! Everything that is remembered of one scaled object, of a fixed size.
//!
//! Upstream has it in the status: the last activity, and for each trigger whether and how often it failed.
//!
//! # Bytes
//!
//! The body of a [snapshot](crate::snapshot) of kind 3, version 1. Times are nanoseconds from the host's origin (i64).
//!
//! | bytes | field |
//! |---|---|
//! | 1 | flags: 1 = a time of the last activity follows, 2 = the time of the last pass follows |
//! | 0 or 8 | time of the last activity |
//! | 0 or 8 | time of the last pass |
//! | 2 + 6 n | number of triggers; for each: 1 = known, failures in a row (i32), whether the last read failed (0 or 1) |

use heapless::Vec;
use heapless::vec::VecView;

use super::fallback::Health;
use super::policy::ScaledObject;
use crate::error::{ConfigError, Problem};
use crate::snapshot::{FRAME, Reader, SnapshotError, Writer};
use crate::units::Instant;

const KIND: u16 = 3;
const VERSION: u16 = 1;

/// What is remembered of one scaled object with up to `T` triggers.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct History<const T: usize = 8> {
    last_active: Option<Instant>,
    last: Option<Instant>,
    health: Vec<Option<Health>, T>,
}

impl<const T: usize> Default for History<T> {
    fn default() -> Self {
        Self { last_active: None, last: None, health: Vec::new() }
    }
}

impl<const T: usize> History<T> {
    /// Knows nothing yet.
    ///
    /// # Errors
    /// When the policy has more triggers than there is room for.
    pub fn new(object: &ScaledObject<'_>) -> Result<Self, ConfigError> {
        Self::fits(object)?;
        Ok(Self::default())
    }

    /// Whether there is room for the policy's triggers. A history that is too small still decides: triggers beyond it
    /// are read, their failures count as the first each time, and the HPA gets no metric of them.
    ///
    /// # Errors
    /// The number needed, and the room.
    pub fn fits(object: &ScaledObject<'_>) -> Result<(), ConfigError> {
        const { assert!(0 < T && T < 65_536, "room for 1 to 65,535 triggers") };
        let needed = object.triggers.len();
        if needed > T {
            let needed = u32::try_from(needed).unwrap_or(u32::MAX);
            return Err(ConfigError::new(
                "triggers",
                i64::try_from(T).unwrap_or(i64::MAX),
                Problem::Capacity { needed },
            ));
        }
        Ok(())
    }

    /// When something was active for the last time.
    #[must_use]
    pub const fn last_active(&self) -> Option<Instant> {
        self.last_active
    }

    /// Puts the last activity back as a status has it.
    pub const fn set_last_active(&mut self, at: Option<Instant>) {
        self.last_active = at;
    }

    /// How a trigger has been lately; `None` before its first read with a fallback.
    #[must_use]
    pub fn health(&self, trigger: usize) -> Option<Health> {
        self.health.get(trigger).copied().flatten()
    }

    /// Puts the health of a trigger back as a status has it; `false` when there is no room.
    pub fn set_health(&mut self, trigger: usize, health: Option<Health>) -> bool {
        self.view().set_health(trigger, health)
    }

    /// The most bytes that [`History::save`] writes.
    #[must_use]
    pub const fn saved_size() -> usize {
        FRAME.saturating_add(19).saturating_add(T.saturating_mul(6))
    }

    /// Writes the history as the bytes described in the module's documentation, and gives their number.
    ///
    /// # Errors
    /// When the buffer is too small, with the size needed.
    pub fn save(&self, out: &mut [u8]) -> Result<usize, SnapshotError> {
        let mut to = Writer::new(out, KIND, VERSION);
        to.u8(u8::from(self.last_active.is_some()) | (u8::from(self.last.is_some()) << 1));
        for time in [self.last_active, self.last].into_iter().flatten() {
            to.i64(time.as_nanos());
        }
        to.u16(u16::try_from(self.health.len()).unwrap_or(u16::MAX));
        for health in &self.health {
            let known = health.unwrap_or_default();
            to.u8(u8::from(health.is_some()));
            to.i32(known.failures);
            to.u8(u8::from(known.failing));
        }
        to.finish()
    }

    /// Reads what [`History::save`] wrote. The history then decides as if it had never stopped.
    ///
    /// # Errors
    /// Whatever is wrong with the bytes. Nothing is believed unchecked.
    pub fn restore(bytes: &[u8]) -> Result<Self, SnapshotError> {
        let mut from = Reader::new(bytes, KIND, VERSION)?;
        let mut history = Self::default();
        let flags = from.u8()?;
        if flags > 3 {
            return Err(SnapshotError::BadValue { field: "flags", found: i64::from(flags) });
        }
        if flags & 1 != 0 {
            history.last_active = Some(Instant::from_nanos(from.i64()?));
        }
        if flags & 2 != 0 {
            history.last = Some(Instant::from_nanos(from.i64()?));
        }
        let count = usize::from(from.u16()?);
        for _ in 0..count {
            let known = boolean("known", from.u8()?)?;
            let health = Health { failures: from.i32()?, failing: boolean("failing", from.u8()?)? };
            if health.failures < 0 || (!known && health != Health::default()) {
                return Err(SnapshotError::BadValue { field: "failures", found: i64::from(health.failures) });
            }
            let room = SnapshotError::Capacity { needed: count, room: T };
            history.health.push(known.then_some(health)).map_err(|_| room)?;
        }
        from.finish()?;
        Ok(history)
    }

    /// The same, without its capacity in the type.
    pub(super) fn view(&mut self) -> HistoryView<'_> {
        HistoryView { last_active: &mut self.last_active, last: &mut self.last, health: self.health.as_mut_view() }
    }
}

fn boolean(field: &'static str, found: u8) -> Result<bool, SnapshotError> {
    match found {
        0 => Ok(false),
        1 => Ok(true),
        _ => Err(SnapshotError::BadValue { field, found: i64::from(found) }),
    }
}

/// A history of any capacity, borrowed.
pub(super) struct HistoryView<'a> {
    pub(super) last_active: &'a mut Option<Instant>,
    pub(super) last: &'a mut Option<Instant>,
    health: &'a mut VecView<Option<Health>>,
}

impl HistoryView<'_> {
    /// Takes note of the time, and gives the time before. When time ran back, what was active later was active now:
    /// the cooldown begins anew, instead of never ending.
    pub(super) fn see(&mut self, now: Instant) -> Option<Instant> {
        let last = self.last.replace(now);
        *self.last_active = self.last_active.map(|at| at.min(now));
        last
    }

    pub(super) fn health(&self, trigger: usize) -> Option<Health> {
        self.health.get(trigger).copied().flatten()
    }

    pub(super) fn set_health(&mut self, trigger: usize, health: Option<Health>) -> bool {
        while self.health.len() <= trigger {
            if self.health.push(None).is_err() {
                return false;
            }
        }
        if let Some(place) = self.health.get_mut(trigger) {
            *place = health;
        }
        true
    }

    /// Whether any trigger is failing for longer than a threshold.
    pub(super) fn any_above(&self, threshold: i32) -> bool {
        self.health.iter().flatten().any(|health| health.failing && health.failures > threshold)
    }
}
