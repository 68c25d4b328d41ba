//! What a combination remembers of one workload.
//!
//! # Bytes
//!
//! The body of a [snapshot](crate::snapshot) of kind 10, version 1. Times are nanoseconds from the host's origin (i64).
//!
//! | bytes | field |
//! |---|---|
//! | 1 or 9 | the last time (0, or 1 and the time) |
//! | 1 | direction of the last change: 0 none yet, 1 up, 2 down |
//! | 1 + 8 n | number of reversals; their times, oldest first |
//! | 2 + 13 n | number of changes upward; for each: change (i32), time, outdated (0 or 1) |
//! | 2 + 13 n | the same downward |

use super::flap::Flaps;
use super::policy::Combination;
use crate::error::ConfigError;
use crate::snapshot::{FRAME, Reader, SnapshotError, Writer};
use crate::units::Instant;
use crate::window::changes::clamp;
use crate::window::{Change, Changes};

const KIND: u16 = 10;
const VERSION: u16 = 1;

/// Room for `K` reversals and `E` changes in each direction.
#[derive(Clone, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct History<const K: usize = 8, const E: usize = 24> {
    pub(super) flaps: Flaps<K>,
    pub(super) up: Changes<E>,
    pub(super) down: Changes<E>,
    last: Option<Instant>,
}

impl<const K: usize, const E: usize> History<K, E> {
    /// Knows nothing yet.
    ///
    /// # Errors
    /// When the flap budget needs more room.
    pub fn new(combination: &Combination<'_>) -> Result<Self, ConfigError> {
        const { assert!(K < 256 && E < 65_536, "at most 255 reversals and 65,535 changes") };
        combination.flaps.map_or(Ok(()), Flaps::<K>::fits)?;
        Ok(Self::default())
    }

    /// The last reversals.
    #[must_use]
    pub const fn flaps(&self) -> &Flaps<K> {
        &self.flaps
    }

    /// Takes note of the time, and gives the time before. When it ran back, later changes were made now.
    pub(super) fn see(&mut self, now: Instant) -> Option<Instant> {
        let last = self.last.replace(now);
        if last.is_some_and(|last| last > now) {
            self.flaps.clamp(now);
            clamp(&mut self.up, now);
            clamp(&mut self.down, now);
        }
        last
    }

    /// The most bytes that [`History::save`] writes.
    #[must_use]
    pub const fn saved_size() -> usize {
        FRAME.saturating_add(9 + 1 + 1 + 4).saturating_add(K.saturating_mul(8)).saturating_add(E.saturating_mul(26))
    }

    /// Writes the history as the bytes described in the module's documentation, and gives their number.
    ///
    /// # Errors
    /// When the buffer is too small, with the size needed.
    pub fn save(&self, out: &mut [u8]) -> Result<usize, SnapshotError> {
        let mut to = Writer::new(out, KIND, VERSION);
        to.moment(self.last);
        to.u8(match self.flaps.last {
            None => 0,
            Some(true) => 1,
            Some(false) => 2,
        });
        to.u8(u8::try_from(self.flaps.times.len()).unwrap_or(u8::MAX));
        self.flaps.times.iter().for_each(|at| to.i64(at.as_nanos()));
        for list in [&self.up, &self.down] {
            to.u16(u16::try_from(list.len()).unwrap_or(u16::MAX));
            for change in list {
                to.i32(change.change);
                to.i64(change.at.as_nanos());
                to.u8(u8::from(change.outdated));
            }
        }
        to.finish()
    }

    /// Reads what [`History::save`] wrote.
    ///
    /// # Errors
    /// Whatever is wrong with the bytes.
    pub fn restore(bytes: &[u8]) -> Result<Self, SnapshotError> {
        let mut from = Reader::new(bytes, KIND, VERSION)?;
        let mut history = Self { last: from.moment("last time")?, ..Self::default() };
        history.flaps.last = match from.u8()? {
            0 => None,
            1 => Some(true),
            2 => Some(false),
            found => return Err(SnapshotError::BadValue { field: "last direction", found: i64::from(found) }),
        };
        let count = usize::from(from.u8()?);
        for _ in 0..count {
            let at = Instant::from_nanos(from.i64()?);
            history.flaps.times.push(at).map_err(|_| SnapshotError::Capacity { needed: count, room: K })?;
        }
        for list in [&mut history.up, &mut history.down] {
            let count = usize::from(from.u16()?);
            for _ in 0..count {
                let (change, at) = (from.i32()?, Instant::from_nanos(from.i64()?));
                let change = Change { change, at, outdated: from.flag("outdated")? };
                list.push(change).map_err(|_| SnapshotError::Capacity { needed: count, room: E })?;
            }
        }
        from.finish()?;
        Ok(history)
    }
}
