//! Time that the thread had the processor: others on the machine must not count.

use std::time::Duration;

use cpu_time::ThreadTime;

/// A median so many times its minimum was disturbed.
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
    /// From those of the batches, one or more.
    ///
    /// # Panics
    /// Without any.
    #[must_use]
    pub fn of(mut times: Vec<Duration>) -> Self {
        times.sort_unstable();
        Self { min: times[0].as_secs_f64(), median: times[times.len() / 2].as_secs_f64() }
    }

    /// Whether something else used the machine.
    #[must_use]
    pub fn noisy(&self) -> bool {
        self.median > self.min * DISTURBED
    }
}

/// What a run gives, and its time.
pub fn time<R>(run: impl FnOnce() -> R) -> (R, Duration) {
    let start = ThreadTime::now();
    let result = run();
    (result, start.elapsed())
}
