//! What a decision costs: ours beside a [reference](mod@reference) that keeps maps of pods and goes over them twice, and
//! reads its windows from end to end, as the controller of Kubernetes does. Both must give the same answers before
//! anything is timed.
//!
//! ```text
//! cargo run -p plimsoll-benches --release --bin ratios    # both interleaved: the ratios to quote
//! cargo bench -p plimsoll-benches --bench hpa             # both by criterion, for the eye
//! cargo run -p plimsoll-benches --release --bin crossings # in Rust, through C, and in a batch through C
//! cargo run -p plimsoll-benches --release --bin instructions
//! ```
//!
//! `make -C ffi crossings` adds Go to the crossings.
//!
//! `instructions` prints sizes, and counts instructions under valgrind; exact, and the same every time for one compiler:
//!
//! ```text
//! CARGO_PROFILE_RELEASE_DEBUG=1 cargo build -p plimsoll-benches --release --bin instructions
//! for which in whole_10 whole_1000 decide_10 decide_1000; do
//!   valgrind --tool=callgrind --callgrind-out-file=/dev/null --toggle-collect="instructions::$which" \
//!     target/release/instructions 2>&1 | grep -e Collected
//! done
//! ```
//!
//! # What a side includes
//!
//! Both begin with pods and samples in memory and end with the number of replicas; ours also finds the last word and
//! the time to come back. Neither asks an API server, nor writes a status. The reference does what the controller does
//! once it has the API's answer: a map of samples by pod name, sets of pods by class, a map of requests by pod name.
//! It is Rust, so the ratio shows the algorithm and not the language.
//!
//! # Inputs
//!
//! Pod sets of [`worlds`], about one pod in ten irregular, more than 200,000 pods over the sizes: a branch predictor
//! that has seen the same few pods a thousand times makes any code look three times as fast.
#![forbid(unsafe_code)]

pub mod reference;
pub mod streams;
pub mod turns;
pub mod windows;
pub mod worlds;
