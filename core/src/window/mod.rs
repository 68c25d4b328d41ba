//! Memory over time, of a fixed size.
//!
//! # Memory of policies
//!
//! | to ask | use | cost of one question | bytes for N entries |
//! |---|---|---|---|
//! | the highest and lowest value of the last w seconds | [`Extremes`] | O(1), amortised | about 24 N |
//! | how much was changed in the last p seconds | [`changes::changed_since`] | O(N) | 24 N |
//! | the average of sums taken in equal slices of time | [`Buckets`] | O(slices of silence), weighted O(N) | 8 N |
//! | the highest value of the last n slices of time | [`SlotMaximum`] | O(1), amortised | 16 N |
//!
//! The first two reproduce the lists that Kubernetes' HPA controller keeps, slot by slot, since after a window grows the
//! entries that upstream happened not to overwrite count again.
//!
//! # Windows of metrics
//!
//! What comes from a metric can feed any policy: the answer of a window is a reading, and `None` is a failed one. A
//! window takes a [`Measurement`], which is a value or says why there is none; says how many of each it [holds](Held)
//! and how old the newest value is; and answers `None`, never 0, with fewer values than asked for (`with_least`).
//!
//! | to ask | use | bytes | bytes at N = 300 | instructions a measurement and question | error |
//! |---|---|---|---|---|---|
//! | p50, p95, p99 of up to 512 values | [`ExactQuantiles`] | 4 N + 56 Q, about; half with `u16` | 1,272; with 3 quantiles 1,384; `u16` 656 | 120; rising 433, falling 487; with 3 quantiles 337 | none |
//! | the same of up to 65,535 values | [`RelativeQuantiles`] | 2 N + 136 W | 2,120 to 442,367; 3,616 for every `u32` | 121; rising 143 | 0.99 % of the value |
//! | the average or the sum | [`Average`] | 8 N | 2,432 | 107 | none |
//! | the greatest and the least | [`MinMax`] | 12 N, or 8 N with `u32` | 3,664 | 149, amortised | none |
//! | how fast a counter grows | [`Rate`] | 16 N | 4,896 | 269 | none |
//! | a mean that forgets by and by | [`Ewma`] | 48 | 48 | 109 | floating point |
//! | any but the last two over a span of time | [`Timed`] around it | 8 N more | 2,440 more | 283 with [`ExactQuantiles`] | none |
//!
//! Without [`Timed`], windows hold the last N measurements however old; [`Rate`] knows the time by itself. The
//! instructions are those of x86-64 with SSE2, for a log-normal stream of latencies and 300 measurements; the crate
//! `plimsoll-benches` counts them (its documentation has the command), and times the windows beside others.
//!
//! All can be [saved and restored](Window::save), and are serde values with the feature `serde`: the fields of the
//! snapshot by name, measurements oldest first and as they were given ([`RelativeQuantiles`]: the numbers of their
//! buckets). What no window can be is refused.
//!
//! ```json
//! {"ring": {"newest": 59000000000, "least": 1, "measurements": [{"Present": 12}, "Missing"]}, "quantiles": [9500]}
//! ```
//!
//! Which one? With up to some hundred values [`ExactQuantiles`] has no error and is smaller. [`RelativeQuantiles`] is
//! for more values, or where each measurement should take as long as another. For a metric that comes at its own pace
//! take [`Timed`], with a span of the policy's period or longer.

#[cfg(feature = "serde")]
mod as_serde;
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
