//! The body is `plimsoll_fuzz::windows`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| plimsoll_fuzz::windows(bytes));
