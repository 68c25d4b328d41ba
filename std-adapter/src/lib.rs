//! Plimsoll for programs with a heap, files and a clock: manifests, dumps, a simulator and the `plimsoll` command.

pub mod command;
pub mod decide;
pub mod engine;
pub mod explain;
pub mod host;
pub mod manifest;
pub mod report;
pub mod simulate;

/// The README's Rust is compiled and run as a test.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
pub struct Readme;
