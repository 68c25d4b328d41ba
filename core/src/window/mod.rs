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

mod average;
pub mod buckets;
pub mod changes;
mod ewma;
mod exact;
mod extremes;
mod maximum;
mod measurement;
mod min_max;
mod rate;
mod relative;
mod ring;
mod timed;

pub use average::Average;
pub use buckets::{Buckets, Recorded};
pub use changes::{Change, Changes};
pub use ewma::Ewma;
pub use exact::ExactQuantiles;
pub use extremes::{Cuts, Entry, Extremes, ExtremesView};
pub use maximum::{Slot, SlotMaximum};
pub use measurement::{Held, Measurement, Quantile};
pub use min_max::MinMax;
pub use rate::Rate;
pub use relative::RelativeQuantiles;
pub use ring::Key;
pub use timed::{Forgetful, Timed, Window};

/// What became of an entry that was stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stored {
    /// It has a slot of its own.
    Kept,
    /// There was no room: older entries were merged toward the side that changes less.
    Merged,
}
