//! Sums in equal slices of time, and their average over a trailing window.
//!
//! A window of `⌈window / granularity⌉` buckets ends at the bucket last written to. A sample is **added** to the bucket
//! of its own time, also when it comes late; buckets that were skipped hold 0. Two averages can be asked:
//!
//! * the plain one: the sum over the number of buckets since the first write, at most all of them. Silence after the
//!   last write takes buckets out of the sum *and* out of the divisor, so the average stays until a whole window has
//!   passed, and then is 0;
//! * the weighted one: `Σ vᵢ · a(1−a)ⁱ`, newest first, with the [coefficient](smoothing_coefficient) `a`. It is not
//!   normalised: the first value of 100 reads `100 a`.
//!
//! This is what Knative's autoscaler keeps (`pkg/autoscaler/aggregation/bucketing.go`), operation for operation, so that
//! the sums have its bits. For each of its known defects there is another question beside the first one:
//! [`Buckets::average_with_silence`], [`Buckets::normalized_average`], [`Buckets::resize_keeping_first`].
//!
//! Buckets begin at multiples of the granularity from the host's origin of time. Upstream counts from the year 1, which
//! is the same for 1, 2, 3, 5, 10 s and other lengths that divide 62,135,596,800 s.

use heapless::Vec;

use crate::error::{ConfigError, Problem};
use crate::math;
use crate::units::{Instant, Span};

/// What became of a sample.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recorded {
    /// It was added to its bucket.
    Kept,
    /// It is from before the window.
    TooOld,
    /// It is no finite number.
    NotFinite,
}

/// Sums in at most `N` buckets.
#[derive(Clone, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(try_from = "Parts<N>", into = "Parts<N>"))]
pub struct Buckets<const N: usize> {
    /// A ring; the newest bucket is at `head`, the one after it is the oldest.
    ring: Vec<f64, N>,
    head: usize,
    window: Span,
    granularity: Span,
    /// Numbers of buckets, counted from the origin of time.
    first: Option<i64>,
    last: Option<i64>,
    /// The running sum of the ring, with the rounding errors of all additions and subtractions.
    total: f64,
}

impl<const N: usize> PartialEq for Buckets<N> {
    /// Equal parts: where the ring begins does not matter.
    fn eq(&self, other: &Self) -> bool {
        (self.window, self.granularity, self.first, self.last)
            == (other.window, other.granularity, other.first, other.last)
            && self.total == other.total
            && self.newest(0).eq(other.newest(0))
    }
}

impl<const N: usize> Buckets<N> {
    /// Empty.
    ///
    /// # Errors
    /// When the granularity is 0, the window is shorter than it, or needs more than `N` buckets.
    pub fn new(window: Span, granularity: Span) -> Result<Self, ConfigError> {
        if granularity == Span::ZERO {
            return Err(ConfigError::new("granularity", 0, Problem::MoreThan(0)));
        }
        let count = Self::fits(window, granularity)?;
        let mut ring = Vec::new();
        let _fits = ring.resize(count, 0.0);
        Ok(Self { ring, head: 0, window, granularity, first: None, last: None, total: 0.0 })
    }

    /// The number of buckets of a window, if there is room for them.
    ///
    /// # Errors
    /// When the window is shorter than a bucket, or needs more than `N`.
    pub fn fits(window: Span, granularity: Span) -> Result<usize, ConfigError> {
        let count = window.as_nanos().div_ceil(granularity.as_nanos().max(1));
        if window < granularity || count == 0 {
            let given = i64::try_from(window.as_nanos()).unwrap_or(i64::MAX);
            let least = i64::try_from(granularity.as_nanos()).unwrap_or(i64::MAX);
            return Err(ConfigError::new("window", given, Problem::AtLeast(least)));
        }
        match usize::try_from(count) {
            Ok(count) if count <= N => Ok(count),
            _ => {
                let needed = u32::try_from(count).unwrap_or(u32::MAX);
                let given = i64::try_from(N).unwrap_or(i64::MAX);
                Err(ConfigError::new("buckets", given, Problem::Capacity { needed }))
            }
        }
    }

    /// The length of the window.
    #[must_use]
    pub fn window(&self) -> Span {
        self.window
    }

    /// The length of one bucket.
    #[must_use]
    pub fn granularity(&self) -> Span {
        self.granularity
    }

    /// The number of buckets.
    #[must_use]
    pub fn count(&self) -> usize {
        self.ring.len()
    }

    /// The beginning of the first bucket that counts; `None` before the first write, and after a resize in silence.
    #[must_use]
    pub fn first(&self) -> Option<Instant> {
        self.first.map(|number| self.begin(number))
    }

    /// The beginning of the bucket last written to.
    #[must_use]
    pub fn last(&self) -> Option<Instant> {
        self.last.map(|number| self.begin(number))
    }

    /// Adds a value to the bucket of its time. O(1), or O(buckets skipped).
    pub fn record(&mut self, at: Instant, value: f64) -> Recorded {
        if !value.is_finite() {
            return Recorded::NotFinite;
        }
        let bucket = self.number(at);
        if self.last != Some(bucket) {
            if let Some(last) = self.last
                && bucket < last
                && self.reaches(bucket, last)
            {
                return Recorded::TooOld;
            }
            self.first = Some(self.first.map_or(bucket, |first| first.min(bucket)));
            match self.last {
                Some(last) if bucket < last => {}
                Some(last) if !self.reaches(last, bucket) => self.advance(last, bucket),
                _ => self.clear(bucket),
            }
        }
        let late = self.last.map_or(0, |last| last.abs_diff(bucket));
        if let Some(sum) = self.age_mut(late) {
            *sum += value;
        }
        self.total += value;
        self.settle();
        Recorded::Kept
    }

    /// The plain average, rounded to six decimals. 0 when nothing was ever recorded. O(buckets since the last write).
    #[must_use]
    pub fn average(&self, now: Instant) -> f64 {
        self.mean(now, false)
    }

    /// The plain average, where buckets without a write count as 0 from the second missed one on. A source that is
    /// silent because there is nothing to say fades at once, instead of standing still for a window.
    #[must_use]
    pub fn average_with_silence(&self, now: Instant) -> f64 {
        self.mean(now, true)
    }

    /// The average with weights that fall by `1 − a` per bucket. A `now` before the last write counts as that. O(N).
    #[must_use]
    pub fn weighted_average(&self, now: Instant) -> f64 {
        self.weighted(now).0
    }

    /// The same, over the sum of the weights: `1 − (1−a)ᵏ` for the k buckets since the first write. Rounded to six
    /// decimals, lest a steady load read as a shade more than it is, and ask for one pod more.
    #[must_use]
    pub fn normalized_average(&self, now: Instant) -> f64 {
        let (sum, weights) = self.weighted(now);
        if weights > 0.0 { round_digits(6, sum / weights) } else { 0.0 }
    }

    /// The sum of the buckets that are not older than the window, freshly added. O(N).
    #[must_use]
    pub fn sum(&self, now: Instant) -> f64 {
        match self.silence(now) {
            Some(silent) if !self.is_empty(now) => self.newest(silent).fold(0.0, |sum, value| sum + value),
            _ => 0.0,
        }
    }

    /// Whether more than a window has passed since the last write. After exactly a window the average is 0 already.
    #[must_use]
    pub fn is_empty(&self, now: Instant) -> bool {
        self.silence(now).is_none_or(|silent| self.length(silent) > self.window)
    }

    /// Changes the window; `wall` is the present time. Keeps the newest buckets, or none when more than the old window
    /// has passed since the last write. O(N).
    ///
    /// Upstream's data then counts as if it had begun a whole old window ago: a young average falls, 10 after a first
    /// second reads 2 when 5 s become 10 s.
    ///
    /// # Errors
    /// When the window is shorter than a bucket or needs more than `N`; nothing is changed then.
    pub fn resize(&mut self, window: Span, wall: Instant) -> Result<(), ConfigError> {
        self.resized(window, wall, false)
    }

    /// The same, but data counts from where it began.
    ///
    /// # Errors
    /// As [`Buckets::resize`].
    pub fn resize_keeping_first(&mut self, window: Span, wall: Instant) -> Result<(), ConfigError> {
        self.resized(window, wall, true)
    }

    /// Forgets everything.
    pub fn reset(&mut self) {
        (self.first, self.last, self.total) = (None, None, 0.0);
        self.ring.fill(0.0);
    }

    /// The next moment at which time alone could change an average: the end of the present bucket, until all is 0.
    #[must_use]
    pub fn changes_at(&self, now: Instant) -> Option<Instant> {
        let silent = self.silence(now)?;
        let begins = self.last?.max(self.number(now)).saturating_add(1);
        (self.length(silent) <= self.window).then(|| self.begin(begins))
    }

    fn mean(&self, now: Instant, silence_counts: bool) -> f64 {
        let Some(silent) = self.silence(now).filter(|silent| self.length(*silent) < self.window) else {
            return 0.0;
        };
        // The oldest buckets have aged out; in upstream's order, the oldest first.
        let aged = (1..=silent).filter_map(|n| self.age(self.len().saturating_sub(n)));
        let sum = aged.fold(self.total, |sum, value| sum - value);
        let written = self.written().min(self.len().saturating_sub(silent));
        let counted = if silence_counts { written.saturating_add(silent.saturating_sub(1)) } else { written };
        // A whole window lies within 64 bits, so at least one bucket is left.
        round_digits(6, sum / counted.max(1) as f64)
    }

    /// The weighted sum, and the sum of the weights of the buckets since the first write.
    fn weighted(&self, now: Instant) -> (f64, f64) {
        let Some(silent) = self.silence(now).filter(|silent| self.length(*silent) <= self.window) else {
            return (0.0, 0.0);
        };
        let coefficient = smoothing_coefficient(self.len());
        let decay = 1.0 - coefficient;
        let mut weight = coefficient;
        if silent > 0 {
            weight *= math::powi(decay, silent);
        }
        let mut sum = 0.0;
        for value in self.newest(silent) {
            sum += value * weight;
            weight *= decay;
        }
        let counted = self.written().saturating_add(silent).min(self.len());
        (sum, 1.0 - math::powi(decay, counted))
    }

    fn resized(&mut self, window: Span, wall: Instant, keep_first: bool) -> Result<(), ConfigError> {
        if window == self.window {
            return Ok(());
        }
        let count = Self::fits(window, self.granularity)?;
        let fresh = self.silence(wall).is_some_and(|silent| self.length(silent) <= self.window);
        if fresh {
            let old = i64::try_from(self.len()).unwrap_or(i64::MAX);
            let kept = i64::try_from(count).unwrap_or(i64::MAX);
            let back = |buckets: i64| self.last.map(|last| last.saturating_sub(buckets.saturating_sub(1)));
            self.first = if keep_first { self.first.max(back(kept)) } else { back(old) };
            self.newest_first();
            self.total = self.ring.iter().take(count).fold(0.0, |sum, value| sum + value);
        } else {
            (self.first, self.total) = (None, 0.0);
            self.ring.fill(0.0);
        }
        let _fits = self.ring.resize(count, 0.0);
        // Newest first is a ring read backwards: turned round, the newest stands last.
        self.ring.reverse();
        self.head = count.saturating_sub(1);
        self.window = window;
        Ok(())
    }

    /// Puts the newest bucket first and the oldest last. By reversals, which cannot panic.
    fn newest_first(&mut self) {
        let after = self.head.saturating_add(1);
        if let Some((up_to_newest, older)) = self.ring.split_at_mut_checked(after) {
            up_to_newest.reverse();
            older.reverse();
        }
    }

    /// Begins anew with an empty bucket.
    fn clear(&mut self, bucket: i64) {
        self.ring.fill(0.0);
        (self.first, self.last, self.total) = (Some(bucket), Some(bucket), 0.0);
    }

    /// Moves on to a later bucket of the same window: those in between, and it, become 0.
    fn advance(&mut self, last: i64, bucket: i64) {
        for _ in 0..last.abs_diff(bucket) {
            self.head = self.head.saturating_add(1);
            if self.head >= self.ring.len() {
                self.head = 0;
            }
            if let Some(oldest) = self.ring.get_mut(self.head) {
                self.total -= *oldest;
                *oldest = 0.0;
            }
        }
        self.last = Some(bucket);
    }

    /// A sum that overflowed is added up anew, lest it stay infinite or NaN when the great values are gone.
    fn settle(&mut self) {
        if !self.total.is_finite() {
            self.total = self.ring.iter().fold(0.0, |sum, value| sum + value);
        }
    }

    fn len(&self) -> u64 {
        u64::try_from(self.ring.len()).unwrap_or(u64::MAX)
    }

    /// The buckets from the first write to the last, at most all.
    fn written(&self) -> u64 {
        let since = self.first.zip(self.last).map(|(first, last)| first.abs_diff(last).saturating_add(1));
        since.map_or(self.len(), |written| written.min(self.len()))
    }

    /// Whole buckets from the last write to `now`, 0 when `now` is before it; `None` when nothing was ever written.
    fn silence(&self, now: Instant) -> Option<u64> {
        self.last.map(|last| if self.number(now) > last { self.number(now).abs_diff(last) } else { 0 })
    }

    /// Whether from one bucket to a later one it is a window or more.
    fn reaches(&self, from: i64, to: i64) -> bool {
        self.length(from.abs_diff(to)) >= self.window
    }

    fn length(&self, buckets: u64) -> Span {
        Span::from_nanos(buckets.saturating_mul(self.granularity.as_nanos()))
    }

    fn number(&self, at: Instant) -> i64 {
        let granularity = i64::try_from(self.granularity.as_nanos()).unwrap_or(i64::MAX);
        at.as_nanos().checked_div_euclid(granularity).unwrap_or(0)
    }

    fn begin(&self, number: i64) -> Instant {
        let granularity = i64::try_from(self.granularity.as_nanos()).unwrap_or(i64::MAX);
        Instant::from_nanos(number.saturating_mul(granularity))
    }

    fn place(&self, age: u64) -> Option<usize> {
        let age = usize::try_from(age).ok().filter(|age| *age < self.ring.len())?;
        // Backwards from the newest, around the beginning.
        let wrapped = || self.ring.len().checked_sub(age.saturating_sub(self.head));
        self.head.checked_sub(age).or_else(wrapped)
    }

    fn age(&self, age: u64) -> Option<f64> {
        self.place(age).and_then(|place| self.ring.get(place)).copied()
    }

    fn age_mut(&mut self, age: u64) -> Option<&mut f64> {
        self.place(age).and_then(|place| self.ring.get_mut(place))
    }

    /// The buckets still inside after `silent` ones, newest first.
    fn newest(&self, silent: u64) -> impl Iterator<Item = f64> + '_ {
        (0..self.len().saturating_sub(silent)).filter_map(|age| self.age(age))
    }
}

/// `max(1 − 0.0001^(1/buckets), 0.2)`: the weights of a window sum to 0.9999 or more, and fall by a fifth or more per
/// bucket. Up to 41 buckets it may differ from upstream's in the last bit, beyond it is 0.2.
#[must_use]
pub fn smoothing_coefficient(buckets: u64) -> f64 {
    (1.0 - math::pow(0.0001, 1.0 / buckets as f64)).max(0.2)
}

/// `x` rounded to so many decimals, half away from zero; at most 22.
#[must_use]
pub fn round_digits(digits: u8, x: f64) -> f64 {
    let scale = math::powi(10.0, u64::from(digits.min(22)));
    math::round(x * scale) / scale
}

/// The buckets as plain fields: what is saved of them.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename = "Buckets"))]
pub struct Parts<const N: usize> {
    /// Length of the window.
    pub window: Span,
    /// Length of a bucket.
    pub granularity: Span,
    /// Number of the first bucket that counts, from the origin of time.
    pub first: Option<i64>,
    /// Number of the last bucket.
    pub last: Option<i64>,
    /// The running sum.
    pub total: f64,
    /// The sums of all buckets.
    pub newest_first: Vec<f64, N>,
}

impl<const N: usize> From<Buckets<N>> for Parts<N> {
    fn from(buckets: Buckets<N>) -> Self {
        let newest_first = buckets.newest(0).collect();
        let Buckets { window, granularity, first, last, total, .. } = buckets;
        Self { window, granularity, first, last, total, newest_first }
    }
}

impl<const N: usize> TryFrom<Parts<N>> for Buckets<N> {
    type Error = ConfigError;

    /// Refuses what no buckets can be.
    fn try_from(parts: Parts<N>) -> Result<Self, ConfigError> {
        let Parts { window, granularity, first, last, total, newest_first: mut ring } = parts;
        let empty = Self::new(window, granularity)?;
        let given = i64::try_from(ring.len()).unwrap_or(i64::MAX);
        if ring.len() != empty.count() {
            let needed = u32::try_from(empty.count()).unwrap_or(u32::MAX);
            return Err(ConfigError::new("buckets", given, Problem::Capacity { needed }));
        }
        if let Some(first) = first
            && last.is_none_or(|last| last < first)
        {
            return Err(ConfigError::new("first bucket", first, Problem::AtMost(last.unwrap_or(i64::MIN))));
        }
        if total.is_nan() || ring.iter().any(|value| value.is_nan()) {
            return Err(ConfigError::new("sum of a bucket", 0, Problem::NotFinite));
        }
        if last.is_none() && (total != 0.0 || ring.iter().any(|value| *value != 0.0)) {
            return Err(ConfigError::new("last bucket", 0, Problem::Empty));
        }
        ring.reverse();
        let head = ring.len().saturating_sub(1);
        Ok(Self { ring, head, window, granularity, first, last, total })
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;
    use std::vec::Vec as StdVec;

    /// Every bucket by its number, and nothing computed before it is asked for.
    struct Twin {
        sums: BTreeMap<i64, f64>,
        window: i64,
        granularity: i64,
        first: Option<i64>,
        last: Option<i64>,
    }

    impl Twin {
        fn count(&self) -> i64 {
            (self.window + self.granularity - 1) / self.granularity
        }

        fn record(&mut self, at: i64, value: f64) {
            let bucket = at.div_euclid(self.granularity);
            if let Some(last) = self.last {
                if bucket < last && (last - bucket) * self.granularity >= self.window {
                    return;
                }
                if bucket > last && (bucket - last) * self.granularity >= self.window {
                    self.sums.clear();
                    self.first = Some(bucket);
                }
            }
            if self.last != Some(bucket) {
                self.first = Some(self.first.map_or(bucket, |first| first.min(bucket)));
            }
            self.last = Some(self.last.map_or(bucket, |last| last.max(bucket)));
            *self.sums.entry(bucket).or_default() += value;
        }

        /// The values of the window that ends at a bucket, newest first.
        fn values(&self, end: i64) -> StdVec<f64> {
            let value = |age| self.sums.get(&(end - age)).copied().unwrap_or(0.0);
            (0..self.count()).map(value).collect()
        }

        fn mean(&self, now: i64, silence: bool) -> f64 {
            let Some(last) = self.last else { return 0.0 };
            let end = now.div_euclid(self.granularity).max(last);
            let silent = end - last;
            if silent * self.granularity >= self.window {
                return 0.0;
            }
            let written = self.first.map_or(self.count(), |first| last - first + 1);
            let counted = written.min(self.count() - silent);
            let counted = if silence { counted + (silent - 1).max(0) } else { counted };
            round_digits(6, self.values(end).iter().sum::<f64>() / counted as f64)
        }

        fn weighted(&self, now: i64) -> f64 {
            let Some(last) = self.last else { return 0.0 };
            let end = now.div_euclid(self.granularity).max(last);
            if (end - last) * self.granularity > self.window {
                return 0.0;
            }
            let a = smoothing_coefficient(self.count().unsigned_abs());
            self.values(end).iter().zip(0..).map(|(value, age)| value * a * (1.0 - a).powi(age)).sum()
        }

        fn resize(&mut self, window: i64, wall: i64) {
            if window == self.window {
                return;
            }
            let old = self.count();
            let stale = |last: i64| (wall.div_euclid(self.granularity) - last) * self.granularity > self.window;
            match self.last {
                Some(last) if !stale(last) => {
                    self.window = window;
                    let kept = old.min(self.count());
                    self.sums.retain(|bucket, _| last - bucket < kept);
                    self.first = Some(last - (old - 1));
                }
                _ => {
                    self.window = window;
                    self.sums.clear();
                    self.first = None;
                }
            }
        }
    }

    fn second(s: i64) -> Instant {
        Instant::from_secs(s)
    }

    fn secs(s: i64) -> Span {
        Span::from_secs(s.unsigned_abs())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]

        #[test]
        fn a_naive_twin_cannot_be_told_apart(
            window in 1..30i64, granularity in 1..4i64, start in -50..50i64,
            ops in prop::collection::vec((0..7u8, -12..25i64, 0..100i32), 1..80),
        ) {
            let window = window.max(granularity);
            let mut buckets = Buckets::<32>::new(secs(window), secs(granularity)).unwrap();
            let mut twin = Twin { sums: BTreeMap::new(), window, granularity, first: None, last: None };
            let mut now = start;
            for (op, by, value) in ops {
                match op {
                    0..=2 => {
                        now += by.max(0) / 6;
                        buckets.record(second(now), f64::from(value));
                        twin.record(now, f64::from(value));
                    }
                    // Late, or far ahead.
                    3 => {
                        buckets.record(second(now + by), f64::from(value));
                        twin.record(now + by, f64::from(value));
                    }
                    4 => now += by.max(0),
                    5 if value < 25 => {
                        let window = i64::from(value + 1).max(granularity);
                        buckets.resize(secs(window), second(now)).unwrap();
                        twin.resize(window, now);
                    }
                    _ => {}
                }
                let at = second(now);
                prop_assert_eq!(buckets.average(at), twin.mean(now, false));
                prop_assert_eq!(buckets.average_with_silence(at), twin.mean(now, true));
                let (ours, naive) = (buckets.weighted_average(at), twin.weighted(now));
                prop_assert!((ours - naive).abs() <= 1e-9 * naive.max(1.0), "{} {}", ours, naive);
                let begins = |number: i64| second(number * granularity);
                prop_assert_eq!(buckets.first(), twin.first.map(begins));
                prop_assert_eq!(buckets.last(), twin.last.map(begins));
                // Its parts make the same again.
                prop_assert_eq!(&Buckets::try_from(Parts::from(buckets.clone())).unwrap(), &buckets);
            }
        }

        #[test]
        fn nothing_panics_and_no_answer_is_nan(
            window in 1..u64::MAX, granularity in any::<u64>(),
            ops in prop::collection::vec((any::<i64>(), any::<f64>(), any::<u64>()), 0..40),
        ) {
            for (window, granularity) in [(window, granularity), (window, window / 7), (5_000_000_000, 1_000_000_000)] {
                let made = Buckets::<8>::new(Span::from_nanos(window), Span::from_nanos(granularity));
                let Ok(mut buckets) = made else { continue };
                for (at, value, window) in &ops {
                    let at = Instant::from_nanos(*at);
                    buckets.record(at, *value);
                    let _resized = buckets.resize(Span::from_nanos(*window), at);
                    buckets.record(Instant::MAX, *value);
                    buckets.record(Instant::MIN, *value);
                    for now in [at, Instant::MIN, Instant::MAX] {
                        let _any = (buckets.is_empty(now), buckets.sum(now), buckets.changes_at(now));
                        prop_assert!(!buckets.average(now).is_nan());
                        prop_assert!(!buckets.weighted_average(now).is_nan());
                    }
                }
            }
        }

        #[test]
        fn an_average_stays_until_it_says_it_changes(
            values in prop::collection::vec((0..3i64, 0..50i32), 1..20), wait in 0..30i64, early in 0.0..1.0f64,
        ) {
            let mut buckets = Buckets::<8>::new(secs(8), secs(1)).unwrap();
            let mut now = 0;
            for (gap, value) in values {
                now += gap;
                buckets.record(second(now), f64::from(value));
            }
            let now = second(now + wait);
            let until = buckets.changes_at(now).unwrap_or(now + secs(100));
            let rest = until.previous().since(now).as_nanos();
            let sooner = now + Span::from_nanos((rest as f64 * early) as u64);
            prop_assert_eq!(buckets.average(sooner), buckets.average(now));
            prop_assert_eq!(buckets.weighted_average(sooner), buckets.weighted_average(now));
            prop_assert_eq!(buckets.is_empty(sooner), buckets.is_empty(now));
        }
    }

    #[test]
    fn silence_keeps_the_average_for_a_window_and_then_it_is_0() {
        let mut buckets = Buckets::<6>::new(secs(6), secs(1)).unwrap();
        (0..6).for_each(|s| {
            buckets.record(second(s), 10.0);
        });
        let read = |s: i64| buckets.average(second(s));
        assert_eq!([5, 8, 10, 11].map(read), [10.0, 10.0, 10.0, 0.0]);
        assert!(!buckets.is_empty(second(11)) && buckets.is_empty(second(12)));
        // The switch: the first missed second is forgiven, the others count as 0.
        let read = |s: i64| buckets.average_with_silence(second(s));
        assert_eq!([5, 6, 8, 10, 11].map(read), [10.0, 10.0, 6.0, 2.0, 0.0]);
    }

    #[test]
    fn a_larger_window_dilutes_a_young_average_unless_it_keeps_its_first_write() {
        let mut diluted = Buckets::<10>::new(secs(5), secs(1)).unwrap();
        diluted.record(second(0), 10.0);
        let mut kept = diluted.clone();
        diluted.resize(secs(10), second(0)).unwrap();
        kept.resize_keeping_first(secs(10), second(0)).unwrap();
        assert_eq!(diluted.average(second(0)), 2.0);
        assert_eq!(kept.average(second(0)), 10.0);
        // Smaller: no further back than the new window.
        (0..9).for_each(|s| {
            kept.record(second(s), 1.0);
        });
        kept.resize_keeping_first(secs(3), second(8)).unwrap();
        assert_eq!((kept.first(), kept.average(second(8))), (Some(second(6)), 1.0));
    }

    #[test]
    fn a_constant_reads_low_at_first_unless_normalized() {
        let mut buckets = Buckets::<60>::new(secs(60), secs(1)).unwrap();
        for s in 0..10 {
            buckets.record(second(s), 100.0);
            assert_eq!(buckets.normalized_average(second(s)), 100.0);
        }
        assert!((buckets.weighted_average(second(9)) - 89.26258176).abs() < 1e-9);
        let mut fresh = Buckets::<60>::new(secs(60), secs(1)).unwrap();
        fresh.record(second(0), 100.0);
        assert_eq!(fresh.weighted_average(second(0)), 20.0);
        // A silent second weighs as a 0: 100·0.16 / 0.36.
        assert_eq!(fresh.normalized_average(second(1)), 44.444444);
    }

    #[test]
    fn an_overflow_leaves_with_its_bucket() {
        let mut buckets = Buckets::<3>::new(secs(3), secs(1)).unwrap();
        for _ in 0..2 {
            buckets.record(second(0), f64::MAX);
        }
        assert_eq!(buckets.average(second(0)), f64::INFINITY);
        (1..4).for_each(|s| {
            buckets.record(second(s), 2.0);
        });
        assert_eq!(buckets.average(second(3)), 2.0);
        assert_eq!(buckets.record(second(3), f64::NAN), Recorded::NotFinite);
        assert_eq!(buckets.record(second(0), 1.0), Recorded::TooOld);
        assert_eq!(buckets.average(second(3)), 2.0);
    }

    #[test]
    fn impossible_windows_are_refused() {
        let needed = |n| Problem::Capacity { needed: n };
        assert_eq!(Buckets::<5>::new(secs(6), secs(1)).map_err(|e| (e.given, e.problem)), Err((5, needed(6))));
        assert!(Buckets::<5>::new(secs(5), Span::ZERO).is_err());
        assert!(Buckets::<5>::new(Span::ZERO, secs(1)).is_err());
        let mut buckets = Buckets::<5>::new(secs(5), secs(1)).unwrap();
        buckets.record(second(0), 1.0);
        let before = buckets.clone();
        assert!(buckets.resize(secs(6), second(0)).is_err());
        assert_eq!(buckets, before);
    }
}
