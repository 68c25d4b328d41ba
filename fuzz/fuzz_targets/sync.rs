//! The body is `plimsoll_fuzz::sync`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| plimsoll_fuzz::sync(bytes));
