//! The body is `plimsoll_fuzz::policies`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| plimsoll_fuzz::policies(bytes));
