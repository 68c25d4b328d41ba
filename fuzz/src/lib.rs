//! What must hold for any bytes, as plain functions.
//!
//! | target | bytes are | it holds that |
//! |---|---|---|
//! | [`snapshot`] | a history of the HPA | it is refused, or saved as the same bytes, and decides |
//! | [`sync`] | an HPA and the life of a workload | laws of every decision |
//! | [`histories`] | a history of any other kind | it is refused, or saved and restored to an equal one, and decides |
//! | [`policies`] | any other policy and the life of a workload | laws of every decision, and each policy's own |
//! | [`windows`] | what happens to a window | it answers as a plain list does |
//!
//! A new policy is a row in `policies::LIVES`, and a file beside the others that says how bytes make the policy and
//! what is seen at one moment; its history is then one of [`histories`] as well.
//!
//! Plain `cargo test` replays `corpus/` and a few thousand mutations of it. New inputs are looked for by cargo-fuzz,
//! which wants nightly; from this folder:
//!
//! ```text
//! cargo install --locked cargo-fuzz
//! export CARGO_PROFILE_RELEASE_LTO=off # what is shipped is linked with LTO, which loses the coverage counters
//! cargo +nightly fuzz run --fuzz-dir . --features libfuzzer sync -- -max_total_time=60 -max_len=4096
//! cargo +nightly fuzz run --fuzz-dir . --features libfuzzer snapshot -- -max_total_time=60 -max_len=4096
//! cargo +nightly fuzz run --fuzz-dir . --features libfuzzer histories -- -max_total_time=60 -max_len=2048
//! cargo +nightly fuzz run --fuzz-dir . --features libfuzzer policies -- -max_total_time=60 -max_len=2048
//! cargo +nightly fuzz run --fuzz-dir . --features libfuzzer windows -- -max_total_time=60 -max_len=1024
//! ```
//!
//! It adds what it finds to `corpus/`. Only the seeds are committed, made by
//! `UPDATE_CORPUS=1 cargo test -p plimsoll-fuzz --test corpus`; a finding becomes a test beside the code it is about.
#![forbid(unsafe_code)]

mod cursor;
mod histories;
mod life;
mod plan;
mod policies;
pub mod seeds;
mod windows;

use plimsoll_core::hpa::{Applied, Decision, History, Hpa, Observation, Reading, Step, proposal};
use plimsoll_core::snapshot::{FRAME, Writer};
use plimsoll_core::trace::Each;
use plimsoll_core::units::{Instant, Span};
use plimsoll_core::window::Entry;

use cursor::Cursor;
pub use histories::histories;
use life::is_same;
use plan::{Plan, Sync};
pub use policies::policies;
pub use windows::windows;

/// Any bytes as a history: as they are, and as the body of a well-framed snapshot, since no fuzzer guesses a checksum.
///
/// What restores is saved as the same bytes, and can be decided with.
///
/// # Panics
/// When a law is broken.
pub fn snapshot(bytes: &[u8]) {
    let mut framed = vec![0; bytes.len() + FRAME];
    let mut writer = Writer::new(&mut framed, 1, 1);
    writer.put(bytes);
    assert_eq!(writer.finish(), Ok(framed.len()));
    for hostile in [bytes, &framed] {
        restored::<24, 24>(hostile);
        // Small enough to be full at once.
        restored::<3, 2>(hostile);
    }
}

fn restored<const R: usize, const E: usize>(bytes: &[u8]) {
    let mut there = History::<R, E>::default();
    let entry = Entry { value: 1, at: Instant::from_secs(1) };
    there.restore_lists(Some(&[entry]), &[], &[]).expect("room for one");
    let before = there.clone();
    let restored = there.restore_from(bytes);
    let Ok(mut history) = History::<R, E>::restore(bytes) else {
        assert!(restored.is_err());
        assert_eq!(there, before, "changed by bytes that were refused");
        return;
    };
    assert_eq!((restored, &there), (Ok(()), &history), "something was left of the history before");
    let mut saved = vec![0; saved_size::<R, E>()];
    let length = history.save(&mut saved).expect("the size that it promises");
    let saved = &saved[..length];
    // Bytes behind the frame are left alone.
    let framed = &bytes[..bytes.len().min(framed_size(bytes))];
    assert_eq!(saved, framed, "other bytes than were restored");
    assert_eq!(History::restore(saved).as_ref(), Ok(&history), "another history than was saved");
    // The bytes serve as the world as well.
    let mut cursor = Cursor::new(bytes);
    let plan = Plan::from_bytes(&mut cursor);
    plan.with(|hpa| {
        let mut now = Instant::from_secs(0);
        for _ in 0..4 {
            let sync = Sync::from_bytes(&mut cursor);
            now = sync.next(now);
            decide(hpa, &mut history, &sync, now, sync.wanted);
        }
    });
}

const fn saved_size<const R: usize, const E: usize>() -> usize {
    History::<R, E>::saved_size()
}

/// The size that the header gives.
fn framed_size(bytes: &[u8]) -> usize {
    let length = bytes.get(8..12).and_then(|length| length.try_into().ok()).map_or(0, u32::from_le_bytes);
    usize::try_from(length).map_or(usize::MAX, |length| length.saturating_add(FRAME))
}

/// A policy and the whole history of a workload, both from bytes.
///
/// * a change stays within the bounds, and a number that is decided is never below 0
/// * the last word is a step that was left, and time alone can only change the answer later than now
/// * deciding with a history that was saved and restored is the same, and leaves the same history
/// * the outlook of a metric is what the metric then asks for
///
/// # Panics
/// When a law is broken.
pub fn sync(bytes: &[u8]) {
    let mut cursor = Cursor::new(bytes);
    let plan = Plan::from_bytes(&mut cursor);
    let small = cursor.flag();
    plan.with(|hpa| if small { workload::<3, 2>(hpa, cursor) } else { workload::<24, 24>(hpa, cursor) });
}

fn workload<const R: usize, const E: usize>(hpa: &Hpa<'_>, mut cursor: Cursor<'_>) {
    let mut history = History::<R, E>::default();
    let (mut now, mut replicas) = (Instant::from_secs(0), i32::from(cursor.byte()));
    // A hundred syncs show what there is to see; without an end, a long input would only be slow.
    for _ in 0..100 {
        if cursor.is_empty() {
            break;
        }
        let sync = Sync::from_bytes(&mut cursor);
        now = sync.next(now);
        let wanted = if sync.edited { sync.wanted } else { replicas };
        let mut saved = vec![0; saved_size::<R, E>()];
        let length = history.save(&mut saved).expect("the size that it promises");
        let mut restored = History::<R, E>::restore(&saved[..length]).expect("our own bytes");
        assert_eq!(history, restored);
        let decision = decide(hpa, &mut history, &sync, now, wanted);
        let readings = sync.readings(hpa, now);
        let again = hpa.decide(&mut restored, &sync.observation(&readings, now, wanted), &mut ());
        assert!(is_same(&again, &decision), "a restored history decides otherwise: {again:?} {decision:?}");
        assert_eq!(history, restored, "and remembers otherwise");
        replicas = decision.from.0;
        if decision.changes() {
            let applied = if sync.written { Applied::Done(decision.to) } else { Applied::Failed };
            hpa.applied(&mut history, &decision, applied, &mut ());
            replicas = if sync.written { decision.to.0 } else { replicas };
        }
    }
}

/// One sync, with the laws of a single decision.
fn decide<const R: usize, const E: usize>(
    hpa: &Hpa<'_>,
    history: &mut History<R, E>,
    sync: &Sync,
    now: Instant,
    wanted: i32,
) -> Decision {
    let readings = sync.readings(hpa, now);
    let seen = sync.observation(&readings, now, wanted);
    let mut steps = Vec::new();
    let decision = hpa.decide(history, &seen, &mut Each(|step: &Step| steps.push(*step)));
    let (from, to) = (decision.from, decision.to);
    if decision.changes() {
        assert!(hpa.bounds().min() <= to && to <= hpa.bounds().max(), "{from} to {to} leaves {:?}", hpa.bounds());
    }
    // The last word stands near the end.
    assert!(
        steps.iter().rev().any(|step| is_same(step, &decision.last_word)),
        "no such step: {:?}",
        decision.last_word
    );
    // At the end of time there is no later.
    if now < Instant::MAX - Span::from_secs(4000) {
        assert!(decision.revisit_at.is_none_or(|at| at > now), "{:?} at {now}", decision.revisit_at);
    }
    steps.iter().for_each(|step| assert!(!step.sentence(hpa).to_string().is_empty()));
    // One of the metrics: an outlook costs more than all the rest.
    outlook(hpa, steps.len() % hpa.metrics().len(), &seen);
    decision
}

/// What the outlook says of the pods' total is what the metric then asks for.
fn outlook(hpa: &Hpa<'_>, metric: usize, seen: &Observation<'_>) {
    let outlook = hpa.outlook(metric, seen);
    let (Some(Reading::Pods(fold)), Some(scale)) = (seen.readings.get(metric), seen.scale) else { return };
    for threshold in [outlook.up, outlook.down].into_iter().flatten() {
        let then = proposal(hpa, metric, &Reading::Pods(fold.with_usage(threshold.total)), scale, seen);
        assert_eq!(then.map(|then| then.replicas), Ok(threshold.replicas));
        assert_ne!(threshold.replicas, scale.wanted);
    }
}
