//! Times of several sides that take turns, in time that the thread had the processor.

use std::time::Duration;

use cpu_time::ThreadTime;

/// A side whose median is more than so many times its minimum was disturbed.
const DISTURBED: f64 = 1.3;

/// The times of one side, in seconds.
#[derive(Clone, Copy, Debug)]
pub struct Times {
    /// What the code can do.
    pub min: f64,
    /// What it did.
    pub median: f64,
}

impl Times {
    /// Of all turns.
    ///
    /// # Panics
    /// Without any.
    #[must_use]
    pub fn of(mut times: Vec<Duration>) -> Self {
        times.sort_unstable();
        Self { min: times[0].as_secs_f64(), median: times[times.len() / 2].as_secs_f64() }
    }

    /// Whether others on the machine got in the way.
    #[must_use]
    pub fn noisy(&self) -> bool {
        self.median > self.min * DISTURBED
    }
}

/// What a run came to, and how long it took.
pub fn time<T>(run: impl FnOnce() -> T) -> (T, Duration) {
    let start = ThreadTime::now();
    let answer = run();
    (answer, start.elapsed())
}
