//! Plimsoll's decisions for C: `libplimsoll_ffi` and `include/plimsoll.h`.
//!
//! # Conventions, the same for every function
//!
//! * **Memory** is the caller's. Nothing is allocated, kept or freed here, and pointers are not looked at after the
//!   call. Structs passed to one call must not overlap.
//! * **Structs** begin with `struct_size`, which the caller sets to `sizeof` of the struct as its header has it. A
//!   smaller size than this build's struct is refused; of a larger one, the beginning that this build knows is used.
//!   Fields are only ever appended.
//! * **Answers** are written only on success; on any other status nothing was written.
//! * **Statuses** ([`Status`]) are numbers that are never used for anything else; `plimsoll_status_str` has the words.
//! * **Pointers** that are NULL or misaligned give a status.
//! * **Panics** do not cross: none is known, and one would give [`Status::Internal`].
//! * **Threads**: no global state. Two calls may run at the same time unless they share a struct that is written.
//!
//! Pointers become references, and `unsafe` is written, in `boundary.rs` only.
#![deny(unsafe_code)]

mod abi;
mod boundary;
mod sums;

pub use abi::{Decision, HISTORY_BYTES, HpaSums, Status, StepKind, StoredHistory};
pub use boundary::{plimsoll_hpa_decide_sums, plimsoll_status_str, plimsoll_version};
