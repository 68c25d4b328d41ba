//! Every exported function, and all `unsafe` of the crate: here pointers become values and values go back.
//!
//! Structs are copied in, worked on, and copied out at the end, so no reference to a caller's memory ever exists.
#![expect(unsafe_code, reason = "a C interface dereferences pointers and exports symbols; here and nowhere else")]

use std::ffi::c_char;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::abi::{Decision, HpaSums, Status, StoredHistory};
use crate::sums;

/// The version of the library, as text that is never freed. Compare it with `PLIMSOLL_VERSION`.
// SAFETY: the name is this library's own.
#[unsafe(no_mangle)]
pub extern "C" fn plimsoll_version() -> *const c_char {
    concat!(env!("CARGO_PKG_VERSION"), "\0").as_ptr().cast()
}

/// A status in words, as text that is never freed; never NULL, also for numbers that are no status.
// SAFETY: the name is this library's own.
#[unsafe(no_mangle)]
pub extern "C" fn plimsoll_status_str(status: i32) -> *const c_char {
    Status::from_number(status).map_or(c"unknown status", Status::words).as_ptr()
}

/// Decides one sync from sums, and moves the history. `history` and `out` are written only when the status is
/// `PLIMSOLL_STATUS_OK`. O(missing and unready pods + recommendations remembered).
///
/// # Safety
/// Each pointer that is not NULL or misaligned points to `struct_size` bytes that this call may read and, but for
/// `in`, write; the three do not overlap.
// SAFETY: the name is this library's own.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn plimsoll_hpa_decide_sums(
    r#in: *const HpaSums,
    history: *mut StoredHistory,
    out: *mut Decision,
) -> Status {
    answer(|| {
        // SAFETY: the caller's promise, above.
        let (sums, mut past, mut decision) = unsafe { (read(r#in)?, read(history)?, read(out)?) };
        sums::decide(&sums, &mut past, &mut decision)?;
        // SAFETY: `read` found both pointers good, and the caller lets us write there.
        unsafe {
            history.write(past);
            out.write(decision);
        }
        Ok(())
    })
}

/// A struct that begins with its size.
///
/// # Safety
/// `repr(C)`, the first field is the `u32` of the size, and every pattern of bits is a value.
unsafe trait Sized32: Copy {}
// SAFETY: as the trait asks: integers and floats only, `struct_size` first.
unsafe impl Sized32 for HpaSums {}
// SAFETY: as above.
unsafe impl Sized32 for StoredHistory {}
// SAFETY: as above.
unsafe impl Sized32 for Decision {}

/// Copies a struct in, if the pointer and the size that stands in it are good.
///
/// # Safety
/// A pointer that is not NULL or misaligned points to as many readable bytes as the `u32` there says.
unsafe fn read<T: Sized32>(pointer: *const T) -> Result<T, Status> {
    if pointer.is_null() {
        return Err(Status::NullPointer);
    }
    if !pointer.is_aligned() {
        return Err(Status::Misaligned);
    }
    // SAFETY: not NULL, aligned for T and so for its first field, which the caller promises to be readable.
    let size = unsafe { pointer.cast::<u32>().read() };
    if usize::try_from(size).map_or(true, |size| size < size_of::<T>()) {
        return Err(Status::StructSize);
    }
    // SAFETY: the size just read covers T, the caller promises that many bytes, and any bits are a T.
    Ok(unsafe { pointer.read() })
}

/// Runs the body of an exported function; a panic becomes a status.
fn answer(body: impl FnOnce() -> Result<(), Status>) -> Status {
    // Unwind safe: what a panic could leave half done are copies, which are dropped.
    match catch_unwind(AssertUnwindSafe(body)) {
        Ok(Ok(())) => Status::Ok,
        Ok(Err(status)) => status,
        Err(_) => Status::Internal,
    }
}

#[cfg(test)]
mod tests {
    use std::ffi::CStr;
    use std::ptr::{null, null_mut};

    use super::*;
    use crate::abi::HISTORY_BYTES;

    fn size<T>() -> u32 {
        u32::try_from(size_of::<T>()).expect("a small struct")
    }

    /// Four replicas at 90 % of a target of 60 %.
    fn busy() -> HpaSums {
        HpaSums {
            struct_size: size::<HpaSums>(),
            min_replicas: 1,
            max_replicas: 20,
            target_percent: 60,
            tolerance: 0.1,
            downscale_window_ns: 300_000_000_000,
            sync_period_ns: 15_000_000_000,
            now_ns: 0,
            replicas: 4,
            ready_pods: 4,
            missing_pods: 0,
            unready_pods: 0,
            ready_usage_milli: 3600,
            ready_request_milli: 4000,
            missing_request_milli: 0,
            unready_request_milli: 0,
        }
    }

    fn empty() -> (StoredHistory, Decision) {
        let history = StoredHistory { struct_size: size::<StoredHistory>(), length: 0, bytes: [7; HISTORY_BYTES] };
        let decision = Decision {
            struct_size: size::<Decision>(),
            from: -1,
            to: -1,
            last_word: -1,
            has_recommended: 9,
            recommended: -1,
            has_revisit_at: 9,
            reserved: 9,
            revisit_at_ns: -1,
        };
        (history, decision)
    }

    fn call(sums: &HpaSums, history: &mut StoredHistory, out: &mut Decision) -> Status {
        // SAFETY: three references to whole structs.
        unsafe { plimsoll_hpa_decide_sums(sums, history, out) }
    }

    #[test]
    fn a_panic_becomes_a_status() {
        assert_eq!(answer(|| panic!("on purpose")), Status::Internal);
    }

    #[test]
    fn the_answer_and_the_history_are_written_on_success() {
        let (mut history, mut out) = empty();
        assert_eq!(call(&busy(), &mut history, &mut out), Status::Ok);
        // 90 / 60 × 4 pods.
        assert_eq!((out.from, out.to, out.has_recommended, out.recommended), (4, 6, 1, 6));
        assert_eq!(&history.bytes[..4], b"PLIM");
        let later = HpaSums { now_ns: 15_000_000_000, replicas: 6, ready_pods: 6, ready_usage_milli: 600, ..busy() };
        assert_eq!(call(&later, &mut history, &mut out), Status::Ok);
        assert_eq!((out.to, out.recommended), (6, 2), "what was asked for 15 s ago holds");
        assert_eq!((out.has_revisit_at, out.revisit_at_ns), (1, 300_000_000_001));
    }

    #[test]
    fn nothing_is_written_unless_all_is_well() {
        let good = busy();
        let cases = [
            (HpaSums { struct_size: 0, ..good }, Status::StructSize),
            (HpaSums { struct_size: size::<HpaSums>() - 1, ..good }, Status::StructSize),
            (HpaSums { max_replicas: 0, ..good }, Status::OutOfRange),
            (HpaSums { target_percent: 0, ..good }, Status::OutOfRange),
            (HpaSums { tolerance: f64::NAN, ..good }, Status::OutOfRange),
            (HpaSums { tolerance: -0.1, ..good }, Status::OutOfRange),
            (HpaSums { sync_period_ns: 0, ..good }, Status::OutOfRange),
            (HpaSums { replicas: -1, ..good }, Status::OutOfRange),
            (HpaSums { missing_pods: 1 << 20, unready_pods: 1, ..good }, Status::OutOfRange),
            (HpaSums { missing_pods: u32::MAX, unready_pods: 1, ..good }, Status::OutOfRange),
            (HpaSums { ready_pods: u32::MAX, unready_pods: 1, ..good }, Status::OutOfRange),
            (HpaSums { ready_pods: 0, ..good }, Status::OutOfRange),
            (HpaSums { unready_request_milli: 1, ..good }, Status::OutOfRange),
            (HpaSums { ready_request_milli: i64::MAX / 100 + 1, ..good }, Status::OutOfRange),
            (HpaSums { ready_request_milli: -1, ..good }, Status::OutOfRange),
            (HpaSums { sync_period_ns: 1_000_000_000, ..good }, Status::Capacity),
            (HpaSums { target_percent: 101, missing_pods: 2, ..good }, Status::Inexact),
        ];
        for (sums, expected) in cases {
            let (mut history, mut out) = empty();
            assert_eq!(call(&sums, &mut history, &mut out), expected, "{sums:?}");
            assert_eq!((history, out), empty(), "{sums:?}");
        }
    }

    #[test]
    fn a_history_that_was_changed_is_refused_and_left_alone() {
        let (mut history, mut out) = empty();
        assert_eq!(call(&busy(), &mut history, &mut out), Status::Ok);
        let (good, answered) = (history, out);
        for break_it in [
            |h: &mut StoredHistory| h.bytes[20] ^= 1,
            |h: &mut StoredHistory| h.length -= 1,
            |h: &mut StoredHistory| h.length = u32::MAX,
            |h: &mut StoredHistory| h.struct_size -= 1,
        ] {
            history = good;
            break_it(&mut history);
            let broken = history;
            let refused = call(&busy(), &mut history, &mut out);
            let expected = if broken.struct_size == good.struct_size { Status::BadHistory } else { Status::StructSize };
            assert_eq!((refused, history, out), (expected, broken, answered));
        }
    }

    #[test]
    fn pointers_that_lead_nowhere_give_a_status() {
        let (sums, (mut history, mut out)) = (busy(), empty());
        // SAFETY: NULL and misaligned pointers are what the function promises to refuse.
        let statuses = unsafe {
            let odd = (&raw const sums).cast::<u8>().add(1).cast();
            [
                plimsoll_hpa_decide_sums(null(), &raw mut history, &raw mut out),
                plimsoll_hpa_decide_sums(&raw const sums, null_mut(), &raw mut out),
                plimsoll_hpa_decide_sums(&raw const sums, &raw mut history, null_mut()),
                plimsoll_hpa_decide_sums(odd, &raw mut history, &raw mut out),
            ]
        };
        assert_eq!(statuses, [Status::NullPointer, Status::NullPointer, Status::NullPointer, Status::Misaligned]);
        assert_eq!((history, out), empty());
    }

    #[test]
    fn a_caller_with_larger_structs_keeps_what_it_has_behind_ours() {
        #[repr(C)]
        struct Larger {
            known: Decision,
            more: [u8; 8],
        }
        let (mut history, known) = empty();
        let mut out = Larger { known: Decision { struct_size: size::<Larger>(), ..known }, more: [5; 8] };
        // SAFETY: `known` is the beginning of `out`, whose size it holds.
        let status = unsafe { plimsoll_hpa_decide_sums(&busy(), &raw mut history, (&raw mut out).cast()) };
        assert_eq!((status, out.known.to, out.known.struct_size, out.more), (Status::Ok, 6, size::<Larger>(), [5; 8]));
    }

    #[test]
    fn every_status_has_its_own_number_and_words() {
        // SAFETY: the text is static and ends with a zero byte.
        let words = |status| unsafe { CStr::from_ptr(plimsoll_status_str(status)) }.to_str().expect("UTF-8");
        let known = (0..).map_while(Status::from_number).collect::<Vec<_>>();
        assert_eq!(known.last(), Some(&Status::Internal));
        let all = (0..).zip(&known).map(|(number, status)| {
            assert_eq!(*status as i32, number);
            words(number)
        });
        let mut all = all.collect::<Vec<_>>();
        all.extend([words(-1)]);
        let count = all.len();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), count, "two statuses say the same");
        assert_eq!((words(9), words(i32::MIN)), ("unknown status", "unknown status"));
    }
}
