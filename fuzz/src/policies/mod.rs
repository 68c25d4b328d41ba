//! Every policy but the HPA, which has targets of its own, and the whole life of a workload under it.

mod combine;
mod kpa;
mod lag;
mod object;
mod rates;
mod rules;
mod schedule;
mod watermark;

use crate::cursor::Cursor;
use crate::life::{Life, Saved, live, read_back};

/// Makes a policy of bytes, and lives with it up to so many moments: from a history that is read, or else from a new one.
/// Gives the bytes of the history at the end; `None` when those it was to be read from were refused.
pub(crate) type Run = fn(from: Option<&[u8]>, cursor: &mut Cursor<'_>, moments: usize) -> Option<Vec<u8>>;

/// What to live with, and the kind of its snapshot. The next policy is one more row, at the end, lest the seeds of the
/// others mean something else. One that remembers nothing has a kind of 0, and is left out of `histories`.
pub(crate) const LIVES: [(u16, Run); 11] = [
    (5, rules::step),
    (6, rules::simple),
    (7, rules::tracking),
    (15, rules::peak),
    (8, watermark::watermark),
    (2, kpa::kpa),
    (3, object::object),
    (4, rates::rates),
    (9, schedule::schedule),
    (10, combine::combine),
    (11, lag::lag),
];

/// Any bytes as a policy and the life of a workload: the first byte picks the policy. The laws are those that
/// `live` names, and each policy's own.
///
/// # Panics
/// When a law is broken.
pub fn policies(bytes: &[u8]) {
    let mut cursor = Cursor::new(bytes);
    let (_, run) = LIVES[cursor.below(LIVES.len())];
    // They show what there is to see; without an end, a long input would only be slow.
    run(None, &mut cursor, 60);
}

fn start<L: Life>(
    life: &L,
    new: L::History,
    from: Option<&[u8]>,
    cursor: &mut Cursor<'_>,
    moments: usize,
) -> Option<Vec<u8>> {
    let history = match from {
        Some(bytes) => read_back(&L::History::restore(bytes).ok()?),
        None => new,
    };
    Some(crate::life::bytes_of(&live(life, history, cursor, moments)))
}
