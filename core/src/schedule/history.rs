//! What a schedule remembers of one workload.
//!
//! # Bytes
//!
//! The body of a [snapshot](crate::snapshot) of kind 9, version 1: the time up to which entries have acted (0, or 1 and
//! i64 ns), then minimum, maximum and capacity as actions set them, each 0, or 1 and an i32.

use crate::snapshot::{FRAME, Reader, SnapshotError, Writer};
use crate::units::{Instant, Replicas};

/// What actions have set, and up to when they have acted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct History {
    pub(super) acted: Option<Instant>,
    pub(super) min: Option<i32>,
    pub(super) max: Option<i32>,
    pub(super) desired: Option<i32>,
}

impl History {
    const KIND: u16 = 9;
    const VERSION: u16 = 1;

    /// The most bytes that [`History::save`] writes.
    pub const SAVED: usize = FRAME + 9 + 3 * 5;

    /// Minimum and maximum that actions have set and nothing restores.
    #[must_use]
    pub fn set(&self) -> (Option<Replicas>, Option<Replicas>) {
        (self.min.map(Replicas), self.max.map(Replicas))
    }

    /// Writes the history as the bytes described in the module's documentation, and gives their number.
    ///
    /// # Errors
    /// When the buffer is too small, with the size needed.
    pub fn save(&self, out: &mut [u8]) -> Result<usize, SnapshotError> {
        let mut to = Writer::new(out, Self::KIND, Self::VERSION);
        to.moment(self.acted);
        for number in [self.min, self.max, self.desired] {
            to.u8(u8::from(number.is_some()));
            number.into_iter().for_each(|number| to.i32(number));
        }
        to.finish()
    }

    /// Reads what [`History::save`] wrote.
    ///
    /// # Errors
    /// Whatever is wrong with the bytes.
    pub fn restore(bytes: &[u8]) -> Result<Self, SnapshotError> {
        let mut from = Reader::new(bytes, Self::KIND, Self::VERSION)?;
        let acted = from.moment("acted until")?;
        let mut number = |field| -> Result<Option<i32>, SnapshotError> {
            if !from.flag(field)? {
                return Ok(None);
            }
            match from.i32()? {
                number if number < 0 => Err(SnapshotError::BadValue { field, found: i64::from(number) }),
                number => Ok(Some(number)),
            }
        };
        let (min, max, desired) = (number("min")?, number("max")?, number("desired")?);
        from.finish()?;
        Ok(Self { acted, min, max, desired })
    }
}
