//! What a decision costs: ours beside a [reference](mod@reference) that keeps maps of pods and goes over them twice, and
//! reads its windows from end to end, as the controller of Kubernetes does. Both must give the same answers before
//! anything is timed.
//!
//! ```text
//! cargo run -p plimsoll-benches --release --bin ratios    # both interleaved: the ratios to quote
//! cargo bench -p plimsoll-benches --bench hpa             # both by criterion, for the eye
//! cargo run -p plimsoll-benches --release --bin crossings # in Rust, through C, and in a batch through C
//! cargo run -p plimsoll-benches --release --bin window_ratios # windows of metrics, beside other crates' ones
//! cargo bench -p plimsoll-benches --bench windows         # the same by criterion
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
//!
//! # Windows
//!
//! A measurement comes and the answer is asked for, in nanoseconds of an AMD EPYC with SSE2 (the default of x86-64),
//! as `window_ratios` prints it; the last column is the size of theirs over ours. The stream is
//! [`streams::Stream::Latency`] where none is named.
//!
//! | ours | theirs | ns | times slower | times larger |
//! |---|---|---|---|---|
//! | exact p95 of 300, 1,272 bytes | `sliding-quantile`, f64, 7,248 bytes | 9.3 | 3.3 | 5.7 |
//! | | a ring and `select_nth_unstable` | | 38 | |
//! | the same, rising | `sliding-quantile` | 16 | 2.2 | 5.7 |
//! | the same, falling | `sliding-quantile` | 19 | 2.4 | 5.7 |
//! | exact p50, p95, p99 of 300, 1,384 bytes | three `sliding-quantile` | 34 | 2.9 | 15.7 |
//! | exact p95 of 300 in 16 bits, 656 bytes | `sliding-quantile` | 9.4 | 3.3 | 11 |
//! | p95 of 300 to 1 %, every u32, 3,616 bytes | `sketches-ddsketch` 1 %, which never forgets | 7.8 | 11 to 13 | |
//! | | `hdrhistogram`, 2 digits, which never forgets | | 49 | |
//! | | six `hdrhistogram` in turn, merged | | 660 | |
//! | p95 of 4,096 to 1 % | `sketches-ddsketch` 1 %, which never forgets | 6.9 | 12 to 14 | |
//! | highest of 20 recommendations | a list read from end to end | 20 | 0.4 | 0.5 |
//! | highest of 60 | the same | 21 | 1.8 | 0.6 |
//! | highest of 240 | the same | 21 | 8.1 | 0.7 |
//!
//! A bare ring of 300, only written, takes 0.7 ns. The ring of 300 values of 32 bits is 1,200 bytes by itself.
//!
//! Instructions for 10,000 measurements and questions, by the command above with the names `exact_usual`,
//! `exact_rising`, `exact_falling`, `exact_constant`, `exact_saw_tooth`, `exact_three`, `exact_16_bits`,
//! `one_percent_usual`, `one_percent_rising`, `timed`, `average`, `min_max`, `rate`, `ewma`, `sliding_usual`,
//! `sliding_rising`, `select_usual`, `bare_ring`, `stabilized_20`, `stabilized_240`; for one of them:
//!
//! | exact | rising | falling | constant | saw-tooth | p50, p95, p99 | 16 bits | 1 % | 1 %, rising |
//! |---|---|---|---|---|---|---|---|---|
//! | 120 | 433 | 487 | 98 | 65 | 337 | 109 | 121 | 143 |
//!
//! | `sliding-quantile` | rising | select | bare ring | highest of 20 | of 240 |
//! |---|---|---|---|---|---|
//! | 335 | 799 | 6,326 | 15 | 316 | 317 |
#![forbid(unsafe_code)]

pub mod reference;
pub mod streams;
pub mod turns;
pub mod windows;
pub mod worlds;
