//! The body is `plimsoll_fuzz::histories`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| plimsoll_fuzz::histories(bytes));
