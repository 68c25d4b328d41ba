//! The windows that policies remember with.

use std::collections::BTreeMap;

use plimsoll_core::units::{Instant, Span};
use plimsoll_core::window::buckets::{Parts, round_digits, smoothing_coefficient};
use plimsoll_core::window::{Buckets, Cuts, Entry, Extremes, Recorded, Slot, SlotMaximum, Stored};

use super::Act;
use crate::cursor::Cursor;

/// Every bucket by its number, and nothing computed before it is asked for.
struct Sums {
    sums: BTreeMap<i128, f64>,
    window: i128,
    granularity: i128,
    first: Option<i128>,
    last: Option<i128>,
}

impl Sums {
    fn count(&self) -> i128 {
        (self.window + self.granularity - 1) / self.granularity
    }

    fn bucket(&self, at: Instant) -> i128 {
        i128::from(at.as_nanos()).div_euclid(self.granularity)
    }

    fn begins(&self, bucket: Option<i128>) -> Option<Instant> {
        let nanos = |bucket: i128| (bucket * self.granularity).clamp(i64::MIN.into(), i64::MAX.into());
        bucket.map(|bucket| Instant::from_nanos(nanos(bucket) as i64))
    }

    fn record(&mut self, at: Instant, value: f64) -> Recorded {
        if !value.is_finite() {
            return Recorded::NotFinite;
        }
        let bucket = self.bucket(at);
        if let Some(last) = self.last {
            let apart = (bucket - last).abs() * self.granularity >= self.window;
            if apart && bucket < last {
                return Recorded::TooOld;
            }
            if apart && bucket > last {
                self.sums.clear();
                self.first = None;
            }
        }
        if self.last != Some(bucket) {
            self.first = Some(self.first.map_or(bucket, |first| first.min(bucket)));
        }
        self.last = Some(self.last.map_or(bucket, |last| last.max(bucket)));
        *self.sums.entry(bucket).or_default() += value;
        Recorded::Kept
    }

    /// The window that ends at a bucket, newest first.
    fn values(&self, end: i128) -> Vec<f64> {
        (0..self.count()).map(|age| self.sums.get(&(end - age)).copied().unwrap_or(0.0)).collect()
    }

    /// The buckets since the last write, and the values of the window that ends now; `None` when `limit` is reached.
    fn now(&self, now: Instant, limit: i128) -> Option<(i128, Vec<f64>)> {
        let last = self.last?;
        let end = self.bucket(now).max(last);
        ((end - last) * self.granularity < limit).then(|| (end - last, self.values(end)))
    }

    fn written(&self) -> i128 {
        self.first.zip(self.last).map_or(self.count(), |(first, last)| last - first + 1)
    }

    fn mean(&self, now: Instant, silence: bool) -> f64 {
        let Some((silent, values)) = self.now(now, self.window) else { return 0.0 };
        let counted = self.written().min(self.count() - silent);
        let counted = if silence { counted + (silent - 1).max(0) } else { counted };
        round_digits(6, values.iter().sum::<f64>() / counted as f64)
    }

    fn weighted(&self, now: Instant) -> (f64, f64) {
        let Some((silent, values)) = self.now(now, self.window + 1) else { return (0.0, 0.0) };
        let a = smoothing_coefficient(values.len() as u64);
        let sum = values.iter().zip(0..).map(|(value, age)| value * a * (1.0 - a).powi(age)).sum();
        let counted = (self.written() + silent).min(self.count());
        (sum, 1.0 - (1.0 - a).powi(i32::try_from(counted).expect("a few")))
    }

    fn resize(&mut self, window: i128, now: Instant, keep_first: bool) {
        if window == self.window {
            return;
        }
        let fresh = self.now(now, self.window + 1).is_some();
        let old = self.count();
        self.window = window;
        let (new, last) = (self.count(), self.last.unwrap_or(0));
        if fresh {
            self.sums.retain(|bucket, _| last - bucket < old.min(new));
            self.first = if keep_first { self.first.max(Some(last - (new - 1))) } else { Some(last - (old - 1)) };
        } else {
            self.sums.clear();
            self.first = None;
        }
    }
}

pub(super) fn buckets<const N: usize>(mut cursor: Cursor<'_>) {
    const GRANULARITIES: [u64; 5] = [1_000_000_000, 2_000_000_000, 3_000_000_000, 1, 1 << 58];
    let granularity = GRANULARITIES[cursor.below(GRANULARITIES.len())];
    // Whole buckets, or a part of the last one.
    let window = |number: usize| {
        let whole = granularity * (number as u64 % (2 * N as u64) / 2 + 1);
        Span::from_nanos(if number.is_multiple_of(2) { whole } else { whole - granularity / 2 }.max(granularity))
    };
    let first = window(cursor.below(256));
    let mut buckets = Buckets::<N>::new(first, Span::from_nanos(granularity)).expect("room");
    let nanos = |window: Span| i128::from(window.as_nanos());
    let (sums, granularity) = (BTreeMap::new(), granularity.into());
    let mut twin = Sums { sums, window: nanos(first), granularity, first: None, last: None };
    // Sums of great values depend on the order in which they are added.
    let mut exact = true;
    for act in Act::all(cursor) {
        let now = act.now;
        match act.kind {
            0..=11 => {
                let small = (-1..1000).contains(&act.number);
                let value = if small { act.number as f64 } else { f64::from_bits(act.number.cast_unsigned()) };
                exact &= small || !value.is_finite();
                assert_eq!(buckets.record(now, value), twin.record(now, value), "{value} at {now}");
            }
            12 | 13 => {
                let keep_first = act.kind == 13;
                let window = window(act.count());
                let resize = if keep_first { Buckets::resize_keeping_first } else { Buckets::resize };
                resize(&mut buckets, window, now).expect("room");
                twin.resize(nanos(window), now, keep_first);
            }
            14 => {
                let again = Buckets::try_from(Parts::from(buckets.clone())).expect("our own parts");
                assert_eq!(again, buckets);
                buckets = again;
            }
            _ => {
                buckets.reset();
                (twin.first, twin.last, exact) = (None, None, true);
                twin.sums.clear();
            }
        }
        assert_eq!((buckets.first(), buckets.last()), (twin.begins(twin.first), twin.begins(twin.last)));
        assert_eq!(buckets.count() as i128, twin.count());
        let silent = twin.now(now, twin.window + 1).is_none();
        assert_eq!(buckets.is_empty(now), silent);
        let averages = [
            buckets.average(now),
            buckets.average_with_silence(now),
            buckets.weighted_average(now),
            buckets.normalized_average(now),
            buckets.sum(now),
        ];
        averages.iter().for_each(|average| assert!(!average.is_nan(), "{averages:?} at {now}"));
        if exact {
            let (sum, weights) = twin.weighted(now);
            let near = |ours: f64, theirs: f64| (ours - theirs).abs() <= 1e-6 * theirs.abs().max(1.0);
            assert_eq!(averages[..2], [twin.mean(now, false), twin.mean(now, true)]);
            assert!(near(averages[2], sum), "{} for {sum}", averages[2]);
            let normalized = if weights > 0.0 { sum / weights } else { 0.0 };
            assert!(near(averages[3], normalized), "{} for {normalized}", averages[3]);
            assert_eq!(averages[4], twin.now(now, twin.window + 1).map_or(0.0, |(_, values)| values.iter().sum()));
        }
        match buckets.changes_at(now) {
            // At the ends of time there is no later.
            Some(at) => assert!(at > now || at == Instant::MAX || now == Instant::MAX, "{at} at {now}"),
            None => assert!(silent),
        }
    }
}

pub(super) fn slot_maximum<const N: usize>(mut cursor: Cursor<'_>) {
    let granularity = Span::from_nanos([1_000_000_000, 2_000_000_000, 0, 1 << 61][cursor.below(4)]);
    let nanos = i64::try_from(granularity.as_nanos().max(1)).expect("2^61 at most");
    // Up to twice as many slots as there is room for.
    let duration = |number: usize| Span::from_nanos(granularity.as_nanos().max(1).saturating_mul(number as u64));
    let slots = |duration: Span| duration.as_nanos().div_ceil(granularity.as_nanos().max(1)).clamp(1, u32::MAX.into());
    let mut length = duration(cursor.below(2 * N + 1));
    let mut maximum = SlotMaximum::<N>::new(length, granularity);
    // Every value that has not left, with its slot; what the last record answered; whether nothing was ever merged.
    let mut all: Vec<(i64, i32)> = Vec::new();
    let (mut current, mut exact) = (None, true);
    for act in Act::all(cursor) {
        let number = act.now.as_nanos().div_euclid(nanos);
        let inside = |slot: i64, slots: u64| slot > number || slot.abs_diff(number) < slots;
        match act.kind {
            0..=11 => {
                let value = act.number as i32;
                exact &= maximum.record(act.now, value) == Stored::Kept;
                all.iter_mut().for_each(|(slot, _)| *slot = (*slot).min(number));
                all.retain(|(slot, _)| inside(*slot, slots(length)));
                all.push((number, value));
                current = all.iter().map(|(_, value)| *value).max();
            }
            12 | 13 => {
                length = duration(act.count());
                maximum.resize(length);
            }
            _ => {
                let mut again = SlotMaximum::<N>::new(maximum.duration(), granularity);
                assert!(maximum.entries().all(|entry| again.restore(entry)), "its own entries");
                assert_eq!(again, maximum);
                assert!(!again.restore(Slot { number: i64::MIN, value: i32::MAX }) || maximum.current().is_none());
                assert!(maximum.current().is_none() || again == maximum, "changed by an entry that was refused");
                if maximum.current().is_some() {
                    maximum = again;
                }
            }
        }
        assert_eq!(u64::from(maximum.slots()), slots(length));
        let within = all.iter().filter(|(slot, _)| inside(*slot, slots(length))).map(|(_, value)| *value).max();
        let ours = (maximum.current(), maximum.highest_within(length, act.now));
        if exact {
            assert_eq!(ours, (current, within));
        } else {
            // Without room it is never too low.
            assert!(ours.0 >= current && ours.1 >= within, "{ours:?} for {current:?}, {within:?}");
        }
        let order = maximum.entries().collect::<Vec<_>>();
        assert!(order.windows(2).all(|pair| pair[0].number < pair[1].number && pair[0].value > pair[1].value));
    }
}

/// The list as upstream keeps it, in slots that are taken anew.
#[derive(Default)]
struct Slots(Vec<Entry>);

impl Slots {
    /// The last of the best, in the order of time, and at one time in that of the list.
    fn best(&self, cut: Instant, sign: i64) -> Option<Entry> {
        let inside = self.0.iter().enumerate().filter(|(_, entry)| entry.at >= cut);
        inside.max_by_key(|(slot, entry)| (i64::from(entry.value) * sign, entry.at, *slot)).map(|(_, entry)| *entry)
    }

    /// Whether there was room.
    fn store(&mut self, entry: Entry, forget: Instant, room: usize) -> bool {
        match self.0.iter().rposition(|entry| entry.at < forget) {
            Some(slot) => self.0[slot] = entry,
            None => self.0.push(entry),
        }
        self.0.len() <= room
    }
}

pub(super) fn extremes<const N: usize>(cursor: Cursor<'_>) {
    let mut extremes = Extremes::<N>::new();
    let mut twin = Slots::default();
    // Every entry, and whether the list is upstream's: it had room. Whether windows only moved on.
    let mut all = Slots::default();
    let (mut roomy, mut onward) = (true, true);
    let (mut down, mut up) = (Span::from_secs(10), Span::from_secs(3));
    let mut cuts = Cuts { forget: Instant::MIN, highest: Instant::MIN, lowest: Instant::MIN };
    let mut last = Instant::MIN;
    for act in Act::all(cursor) {
        let now = act.now;
        match act.kind {
            12 => down = Span::from_secs(act.count() as u64),
            13 => up = Span::from_secs(act.count() as u64),
            14 => {
                let mut again = Extremes::<N>::new();
                assert_eq!(again.restore(extremes.slots()), []);
                assert_eq!(again, extremes);
                extremes = again;
            }
            _ => {}
        }
        if now < last {
            extremes.view().clamp(now);
            twin.0.iter_mut().chain(&mut all.0).for_each(|entry| entry.at = entry.at.min(now));
        }
        last = now;
        let before = cuts;
        let (highest, lowest) = (now - down, now - up);
        cuts = Cuts { forget: highest.min(lowest), highest, lowest };
        onward &= before.forget <= cuts.forget && before.highest <= highest && before.lowest <= lowest;
        let mut view = extremes.view();
        view.advance(cuts);
        let ours = (view.highest(), view.lowest(), view.is_empty());
        // As its own list is read from end to end, and as upstream's is.
        let own = Slots(extremes.slots().to_vec());
        assert_eq!(ours, (own.best(highest, 1), own.best(lowest, -1), own.0.is_empty()));
        if roomy {
            assert_eq!(own.0, twin.0);
        }
        if onward {
            // Merged toward the higher.
            let value = |entry: Option<Entry>| entry.map(|entry| entry.value);
            assert!(value(ours.0) >= value(all.best(highest, 1)), "{ours:?} of {:?}", all.0);
            assert!(value(ours.1) >= value(all.best(lowest, -1)), "{ours:?} of {:?}", all.0);
        }
        if act.kind < 12 {
            let entry = Entry { value: act.number as i32, at: now };
            let stored = extremes.view().store(entry);
            roomy &= twin.store(entry, cuts.forget, N);
            all.0.push(entry);
            assert!(stored == Stored::Kept || !roomy);
        }
    }
}
