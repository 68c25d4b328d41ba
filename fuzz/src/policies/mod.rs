//! Every policy but the HPA, which has targets of its own, and the whole life of a workload under it.

mod combine;
mod kpa;
mod lag;
mod nomad;
mod object;
mod rates;
mod rules;
mod schedule;
mod watermark;

use crate::cursor::Cursor;
use crate::life::{Life, Saved, bytes_of, live, read_back};

/// Makes a policy of bytes, and lives with it up to so many moments: from a history that is read, or else from a new one.
/// Gives the bytes of the history at the end; `None` when those it was to be read from were refused.
pub(crate) type Run = fn(from: Option<&[u8]>, cursor: &mut Cursor<'_>, moments: usize) -> Option<Vec<u8>>;

/// What to live with, and the kind of its snapshot. The next policy is one more row, at the end: the seeds of the others
/// go by their places.
pub(crate) const LIVES: [(u16, Run); 12] = [
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
    (23, nomad::nomad),
];

/// Any bytes as a policy and the life of a workload: the first byte picks the policy.
///
/// * a change stays within the bounds, and what could not be read is not changed
/// * the last word is a step that was left, each of which has words
/// * time alone can only change the answer later than now, and does not before the moment that is named
/// * deciding with a history that was saved and restored is the same, and leaves the same history
/// * the answer changes where the outlook says so
///
/// # Panics
/// When a law is broken.
pub fn policies(bytes: &[u8]) {
    let mut cursor = Cursor::new(bytes);
    let (_, run) = LIVES[cursor.below(LIVES.len())];
    // They show what there is to see; without an end, a long input would only be slow.
    run(None, &mut cursor, 60);
}

/// Lives from a history that is read, or from a new one.
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
    Some(bytes_of(&live(life, history, cursor, moments)))
}
