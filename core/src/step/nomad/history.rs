//! What a scaling policy remembers of one target: the last scaling.
//!
//! # Bytes
//!
//! The body of a [snapshot](crate::snapshot) of kind 23, version 1: the time of the last evaluation (0, or 1 and i64 ns);
//! then 0, or the direction of the last scaling (1 up, 2 down), its time (i64 ns) and its cooldown (u64 ns).

use crate::constrain::Direction;
use crate::snapshot::{FRAME, Reader, SnapshotError, Writer};
use crate::units::{Instant, Span};

/// What a [`ScalingPolicy`](super::ScalingPolicy) remembers of one target.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct History {
    last: Option<Instant>,
    pub(super) scaled: Option<Scaled>,
}

/// The last scaling that was submitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Scaled {
    /// When.
    pub at: Instant,
    /// Up or down.
    pub direction: Direction,
    /// The cooldown that followed, of the policy of that time.
    pub cooldown: Span,
}

impl Scaled {
    /// The last moment of its cooldown.
    #[must_use]
    pub fn until(&self) -> Instant {
        self.at + self.cooldown
    }
}

impl History {
    const KIND: u16 = 23;
    const VERSION: u16 = 1;

    /// The most bytes that [`History::save`] writes.
    pub const SAVED: usize = FRAME + 9 + 1 + 8 + 8;

    /// The last scaling, also when its cooldown is over.
    #[must_use]
    pub const fn scaled(&self) -> Option<Scaled> {
        self.scaled
    }

    /// Takes note of the time, and gives the one before if it is later. What was remembered from later is then taken to
    /// be from now.
    pub(super) fn see(&mut self, now: Instant) -> Option<Instant> {
        let later = self.last.replace(now).filter(|last| *last > now);
        if later.is_some()
            && let Some(scaled) = &mut self.scaled
        {
            scaled.at = scaled.at.min(now);
        }
        later
    }

    /// Writes the history as the bytes described in the module's documentation, and gives their number.
    ///
    /// # Errors
    /// When the buffer is too small, with the size needed.
    pub fn save(&self, out: &mut [u8]) -> Result<usize, SnapshotError> {
        let mut to = Writer::new(out, Self::KIND, Self::VERSION);
        to.moment(self.last);
        match self.scaled {
            None => to.u8(0),
            Some(Scaled { at, direction, cooldown }) => {
                to.u8(if direction == Direction::Up { 1 } else { 2 });
                to.i64(at.as_nanos());
                to.put(&cooldown.as_nanos().to_le_bytes());
            }
        }
        to.finish()
    }

    /// Reads what [`History::save`] wrote.
    ///
    /// # Errors
    /// Whatever is wrong with the bytes.
    pub fn restore(bytes: &[u8]) -> Result<Self, SnapshotError> {
        let mut from = Reader::new(bytes, Self::KIND, Self::VERSION)?;
        let last = from.moment("last time")?;
        let direction = match from.u8()? {
            0 => None,
            1 => Some(Direction::Up),
            2 => Some(Direction::Down),
            found => return Err(SnapshotError::BadValue { field: "direction", found: i64::from(found) }),
        };
        let mut scaled = None;
        if let Some(direction) = direction {
            let at = Instant::from_nanos(from.i64()?);
            scaled = Some(Scaled { at, direction, cooldown: Span::from_nanos(from.i64()?.cast_unsigned()) });
        }
        from.finish()?;
        Ok(Self { last, scaled })
    }
}
