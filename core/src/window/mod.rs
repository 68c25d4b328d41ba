//! Memory over time, of a fixed size.
//!
//! | to ask | use | cost of one question | bytes for N entries |
//! |---|---|---|---|
//! | the highest and lowest value of the last w seconds | [`Extremes`] | O(1), amortised | about 24 N |
//! | how much was changed in the last p seconds | [`changes::changed_since`] | O(N) | 24 N |
//! | the average of sums taken in equal slices of time | [`Buckets`] | O(slices of silence), weighted O(N) | 8 N |
//! | the highest value of the last n slices of time | [`SlotMaximum`] | O(1), amortised | 16 N |
//!
//! Both reproduce the lists that Kubernetes' HPA controller keeps, slot by slot, since after a window grows the
//! entries that upstream happened not to overwrite count again.

pub mod buckets;
pub mod changes;
mod extremes;
mod maximum;

pub use buckets::{Buckets, Recorded};
pub use changes::{Change, Changes};
pub use extremes::{Cuts, Entry, Extremes, ExtremesView};
pub use maximum::{Slot, SlotMaximum};

/// What became of an entry that was stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stored {
    /// It has a slot of its own.
    Kept,
    /// There was no room: older entries were merged toward the side that changes less.
    Merged,
}
