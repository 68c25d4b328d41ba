//! Plimsoll's decisions for C: `libplimsoll` and `include/plimsoll.h`.
//!
//! A policy (`plimsoll_hpa`) is made once from a configuration and serves any number of workloads; a history
//! (`plimsoll_history`) is all memory of one workload. Each sync: fill an observation, decide, write the scale, say so
//! with `plimsoll_hpa_applied`. `c/proxy.c` does it on a page.
//!
//! # Conventions, the same for every function
//!
//! * **Memory** is the caller's: ask for `_size` and `_align`, hand it to `_init`. Nothing is allocated, kept or freed
//!   here, and pointers are not looked at after the call. Policies, histories and folds hold no pointers.
//! * **Structs** begin with `struct_size`, which the caller sets to `sizeof` of the struct as its header has it. Fields
//!   are only ever appended. Of a shorter struct (an older header) the missing fields have their documented default,
//!   or are not written; of a longer one (a newer header) the beginning that this build knows is used.
//! * **Arrays** of structs have a stride, so that they may stand inside structs of the host.
//! * **Answers** are written only on success; on any other status nothing was written.
//! * **Statuses** ([`Status`]) are numbers that are never used for anything else; `plimsoll_status_str` has the words.
//! * **Pointers** that are NULL or misaligned, structs that overlap, memory that was not initialised and numbers out of
//!   range give a status.
//! * **Panics** do not cross: none is known, the link proof of `ffi/Makefile` shows that none can be reached, and one
//!   would give [`Status::Internal`].
//! * **Threads**: no global state. Two calls may run at the same time unless they share memory that one of them writes.
//!
//! # Builds
//!
//! With feature `std` (the default) for hosts that have it. Without it the library wants nothing but `memcpy`,
//! `memmove`, `memset` and `memcmp`; it is then built as a static library with `panic = "abort"`, see `ffi/Makefile`.
//! Feature `linkproof`, without `std`, makes every panic that can be reached an error of the linker.
//!
//! Pointers become references, and `unsafe` is written, in `boundary.rs` only.
#![no_std]
#![deny(unsafe_code)]

#[cfg(any(feature = "std", test))]
extern crate std;

pub mod abi;
pub mod boundary;
mod number;
mod past;
mod policy;
mod record;
mod seen;

pub use abi::Status;
