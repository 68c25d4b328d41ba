//! How far a consumer group is behind: per partition, then for the whole group with its caps.
//!
//! A partition's lag is head minus committed offset, with a word on what counts when one of them is missing. The sum
//! is what the replicas are computed from (`sum / threshold`, rounded up), so a cap on the consumers is a cap on the
//! sum. Activation looks at the lag before any filter or cap.

use core::fmt;

use heapless::Vec;
use heapless::vec::VecView;

use super::observation::Reading;
use super::rate::partition_share;
use crate::error::{ConfigError, Problem};
use crate::math;
use crate::snapshot::{FRAME, Reader, SnapshotError, Writer};
use crate::units::Milli;

/// Where a group without a committed offset begins to read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum OffsetReset {
    /// At the head: one message counts as waiting, so that a first consumer is started and commits.
    #[default]
    Latest,
    /// At the beginning of what is retained: all of it counts as waiting.
    Earliest,
}

/// How many consumers can be of use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum ConsumerCap {
    /// One for each partition.
    #[default]
    Partitions,
    /// One for each partition with lag (`limitToPartitionsWithLag`).
    LaggingPartitions,
    /// One for each partition, and only numbers that divide them evenly (`ensureEvenDistributionOfPartitions`).
    EvenShares,
    /// Any number (`allowIdleConsumers`).
    Unlimited,
}

/// Known defects of upstream's lag, answered better when switched on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct LagMended {
    /// The cap holds exactly. Upstream divides integers, so up to `threshold − 1` messages above the cap ask for one
    /// consumer more than there are partitions.
    pub exact_cap: bool,
    /// Even shares by partitions per consumer: the smallest number of consumers whose greatest share is as small as
    /// needed. Upstream takes the next divisor, which for a prime number of partitions is all of them.
    pub fewest_even_shares: bool,
    /// A commit ahead of a stale head counts as no lag. Upstream's negative lag hides that of other partitions.
    pub no_negative_lag: bool,
}

/// How lag is counted: the settings of a Kafka-like trigger. All spans of offsets are messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LagPolicy {
    threshold: i64,
    activation: i64,
    offset_reset: OffsetReset,
    zero_on_invalid_offset: bool,
    exclude_persistent: bool,
    cap: ConsumerCap,
    mended: LagMended,
}

impl LagPolicy {
    /// Upstream's threshold where none is given: 10 messages per consumer.
    pub const DEFAULT_THRESHOLD: i64 = 10;

    /// `threshold` messages (1 or more) per consumer; all else as upstream's defaults.
    ///
    /// # Errors
    /// When the threshold is below 1.
    pub const fn new(threshold: i64) -> Result<Self, ConfigError> {
        if threshold < 1 {
            return Err(ConfigError::new("lag threshold", threshold, Problem::AtLeast(1)));
        }
        Ok(Self {
            threshold,
            activation: 0,
            offset_reset: OffsetReset::Latest,
            zero_on_invalid_offset: false,
            exclude_persistent: false,
            cap: ConsumerCap::Partitions,
            mended: LagMended { exact_cap: false, fewest_even_shares: false, no_negative_lag: false },
        })
    }

    /// Active when the lag is above this, 0 or more.
    ///
    /// # Errors
    /// When it is negative.
    pub const fn with_activation(self, activation: i64) -> Result<Self, ConfigError> {
        if activation < 0 {
            return Err(ConfigError::new("activation lag threshold", activation, Problem::AtLeast(0)));
        }
        Ok(Self { activation, ..self })
    }

    /// Where a group without a committed offset begins.
    #[must_use]
    pub const fn with_offset_reset(self, offset_reset: OffsetReset) -> Self {
        Self { offset_reset, ..self }
    }

    /// A partition without a committed offset counts as 0 (`scaleToZeroOnInvalidOffset`).
    #[must_use]
    pub const fn with_zero_on_invalid_offset(self, on: bool) -> Self {
        Self { zero_on_invalid_offset: on, ..self }
    }

    /// A partition whose committed offset is that of the read before does not ask for replicas
    /// (`excludePersistentLag`).
    #[must_use]
    pub const fn with_persistent_lag_excluded(self, on: bool) -> Self {
        Self { exclude_persistent: on, ..self }
    }

    /// How many consumers can be of use.
    #[must_use]
    pub const fn with_cap(self, cap: ConsumerCap) -> Self {
        Self { cap, ..self }
    }

    /// Known defects of upstream answered better.
    #[must_use]
    pub const fn with_mended(self, mended: LagMended) -> Self {
        Self { mended, ..self }
    }

    /// Messages per consumer.
    #[must_use]
    pub const fn threshold(&self) -> i64 {
        self.threshold
    }

    /// Active above this.
    #[must_use]
    pub const fn activation(&self) -> i64 {
        self.activation
    }

    /// The lag of one partition. `previous` is the committed offset of the read before, and becomes that of this one
    /// where upstream remembers it. O(1).
    #[must_use]
    pub fn partition_lag(&self, partition: &Partition, previous: &mut Option<i64>) -> Lag {
        let Some(committed) = partition.committed else {
            return Lag::both(match (self.offset_reset, partition.head) {
                _ if self.zero_on_invalid_offset => 0,
                // The head is not looked at: it may be missing.
                (OffsetReset::Latest, _) => 1,
                (OffsetReset::Earliest, None) => 0,
                (OffsetReset::Earliest, Some(head)) => match partition.log_start {
                    Some(start) => head.saturating_sub(start).max(0),
                    None => head,
                },
            });
        };
        // A broker that leaves a partition out of its reply is no error.
        let Some(head) = partition.head else { return Lag::both(0) };
        let mut behind = head.saturating_sub(committed);
        if self.mended.no_negative_lag {
            behind = behind.max(0);
        }
        if self.exclude_persistent && previous.replace(committed) == Some(committed) {
            return Lag { lag: 0, with_persistent: behind };
        }
        Lag::both(behind)
    }

    /// One read of a group. O(partitions), times log(remembered) when persistent lag is excluded.
    ///
    /// Partitions are those of the broker's reply about heads: one that is not among them counts nowhere, not even as
    /// the 1 of an uncommitted one. If the broker gives an error for any of them, the trigger has failed.
    pub fn read<const P: usize>(&self, partitions: &[Partition], history: &mut Offsets<P>) -> GroupLag {
        let mut forgotten = 0_u32;
        let offsets = history.entries.as_mut_view();
        let mut tally = Tally::default();
        for partition in partitions {
            let mut previous = if self.exclude_persistent { recall(offsets, partition.id) } else { None };
            tally.add(self.partition_lag(partition, &mut previous));
            if self.exclude_persistent
                && let Some(offset) = previous
                && !remember(offsets, partition.id, offset)
            {
                forgotten = forgotten.saturating_add(1);
            }
        }
        GroupLag { forgotten, ..self.total(&tally) }
    }

    /// The same from lags that are known already. O(partitions).
    #[must_use]
    pub fn group_lag(&self, lags: impl IntoIterator<Item = Lag>) -> GroupLag {
        let mut tally = Tally::default();
        lags.into_iter().for_each(|lag| tally.add(lag));
        self.total(&tally)
    }

    fn total(&self, tally: &Tally) -> GroupLag {
        let Tally { lag, with_persistent, partitions, lagging } = *tally;
        let mut total = lag;
        let mut shares = None;
        if self.cap == ConsumerCap::EvenShares {
            let consumers = self.even_consumers(total, partitions);
            shares = Some(consumers);
            total = consumers.saturating_mul(self.threshold);
        }
        let cap = match self.cap {
            ConsumerCap::Unlimited => None,
            ConsumerCap::LaggingPartitions => Some(lagging),
            ConsumerCap::Partitions | ConsumerCap::EvenShares => Some(partitions),
        };
        let before = total;
        if let Some(cap) = cap {
            total = self.capped(total, cap);
        }
        GroupLag {
            total,
            uncapped: lag,
            with_persistent,
            active: with_persistent > self.activation,
            partitions,
            lagging,
            even_shares: shares,
            capped_at: cap.filter(|_| total != before),
            forgotten: 0,
        }
    }

    /// The total of which no more than `cap` consumers come, up to upstream's integer division. O(1).
    #[must_use]
    pub fn capped(&self, total: i64, cap: i64) -> i64 {
        let most = cap.saturating_mul(self.threshold);
        let above = if self.mended.exact_cap { total > most } else { math::div(total, self.threshold) > cap };
        if above { most } else { total }
    }

    /// The number of consumers that divides the partitions evenly and is enough for the lag; all partitions when none
    /// is. At least 1. O(√partitions), or O(1) when mended.
    #[must_use]
    pub fn even_consumers(&self, total: i64, partitions: i64) -> i64 {
        let enough = |consumers: i64| consumers.saturating_mul(self.threshold) >= total;
        if self.mended.fewest_even_shares {
            let need = (total.max(0) as f64) / (self.threshold as f64);
            let count = u32::try_from(partitions).unwrap_or(u32::MAX);
            return i64::from(partition_share(count, need).consumers).max(1);
        }
        let mut best = partitions;
        for divisor in divisors(partitions) {
            if enough(divisor) && divisor < best {
                best = divisor;
            }
        }
        best
    }

    /// How far the answer is from changing, all partitions being as they are. O(1).
    #[must_use]
    pub fn outlook(&self, group: &GroupLag) -> LagOutlook {
        let wanted = self.consumers(group.total);
        let most = match self.cap {
            ConsumerCap::Unlimited => i64::MAX,
            ConsumerCap::LaggingPartitions => group.lagging,
            ConsumerCap::Partitions | ConsumerCap::EvenShares => group.partitions,
        };
        let at = |consumers: i64| consumers.saturating_mul(self.threshold);
        LagOutlook {
            consumers: wanted,
            activates_above: (!group.active).then_some(self.activation),
            more_above: (wanted < most).then(|| at(wanted)),
            fewer_at: (wanted > 0).then(|| at(wanted.saturating_sub(1))),
        }
    }

    /// Consumers that a total asks for: over the threshold, rounded up; 0 for a negative one.
    #[must_use]
    pub fn consumers(&self, total: i64) -> i64 {
        let whole = math::div(total.max(0), self.threshold);
        let rest = total.max(0).checked_rem(self.threshold).unwrap_or(0);
        whole.saturating_add(i64::from(rest > 0))
    }
}

/// The divisors of `n`, ascending up to √n and then descending: every one once. None below 1. O(√n).
pub fn divisors(n: i64) -> impl Iterator<Item = i64> {
    let low = (1..).take_while(move |d: &i64| d.checked_mul(*d).is_some_and(|square| square <= n));
    let pairs = low.filter(move |d| n.checked_rem(*d) == Some(0));
    pairs.flat_map(move |d| {
        let other = math::div(n, d);
        [Some(d), Some(other).filter(|other| *other != d)].into_iter().flatten()
    })
}

/// The partitions of a topic that a limitation keeps; all of them without one. None kept is an error of the trigger.
/// O(partitions × limitation).
pub fn active_partitions<'a>(limitation: Option<&'a [i32]>, partitions: &'a [i32]) -> impl Iterator<Item = i32> + 'a {
    let kept = move |id: &i32| limitation.is_none_or(|limitation| limitation.contains(id));
    partitions.iter().copied().filter(kept)
}

/// What a broker says of one partition. Missing is `None`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Partition {
    /// Its number; over several topics, a number of the host's that is always the same for the same partition.
    pub id: u32,
    /// The group's committed offset.
    pub committed: Option<i64>,
    /// The offset of the next message to be written.
    pub head: Option<i64>,
    /// The offset of the oldest message that is retained.
    pub log_start: Option<i64>,
}

/// The lag of one partition, in messages. May be negative, when a commit is ahead of a stale head.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Lag {
    /// What replicas are computed from.
    pub lag: i64,
    /// What activation looks at.
    pub with_persistent: i64,
}

impl Lag {
    const fn both(lag: i64) -> Self {
        Self { lag, with_persistent: lag }
    }
}

#[derive(Clone, Copy, Default)]
struct Tally {
    lag: i64,
    with_persistent: i64,
    partitions: i64,
    lagging: i64,
}

impl Tally {
    fn add(&mut self, lag: Lag) {
        self.lag = self.lag.saturating_add(lag.lag);
        self.with_persistent = self.with_persistent.saturating_add(lag.with_persistent);
        self.partitions = self.partitions.saturating_add(1);
        self.lagging = self.lagging.saturating_add(i64::from(lag.lag > 0));
    }
}

/// The lag of a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct GroupLag {
    /// After even shares and caps: over the threshold, it is the number of consumers.
    pub total: i64,
    /// The sum before.
    pub uncapped: i64,
    /// The sum with persistent lag, which activation looks at.
    pub with_persistent: i64,
    /// Whether that is above the activation threshold.
    pub active: bool,
    /// Partitions counted.
    pub partitions: i64,
    /// Those with lag.
    pub lagging: i64,
    /// The number of consumers that divides the partitions evenly, if that was asked for.
    pub even_shares: Option<i64>,
    /// The number of consumers that the total was cut to, if it was.
    pub capped_at: Option<i64>,
    /// Partitions whose offset found no room to be remembered: their persistent lag is counted.
    pub forgotten: u32,
}

impl GroupLag {
    /// The metric that the HPA gets: the total, never negative.
    #[must_use]
    pub const fn metric(&self) -> Milli {
        Milli(if self.total < 0 { 0 } else { self.total.saturating_mul(1000) })
    }

    /// The group as a trigger's reading.
    #[must_use]
    pub const fn reading(&self) -> Reading {
        Reading::Value { value: self.metric(), active: self.active }
    }
}

impl fmt::Display for GroupLag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "lag {} over {} partitions, {} of them behind", self.uncapped, self.partitions, self.lagging)?;
        if self.with_persistent != self.uncapped {
            write!(f, "; {} with what does not move", self.with_persistent)?;
        }
        if let Some(consumers) = self.even_shares {
            write!(f, "; even shares want {consumers} consumers")?;
        }
        if let Some(cap) = self.capped_at {
            write!(f, "; cut to {} for {cap} consumers", self.total)?;
        }
        if self.forgotten > 0 {
            write!(f, "; no room to remember {} partitions", self.forgotten)?;
        }
        Ok(())
    }
}

/// How far a group's lag is from another answer. Numbers are lags of the whole group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct LagOutlook {
    /// Consumers asked for now.
    pub consumers: i64,
    /// Above this it becomes active; `None` when it is.
    pub activates_above: Option<i64>,
    /// Above this it asks for more; `None` at the cap.
    pub more_above: Option<i64>,
    /// At this or below it asks for fewer; `None` when it asks for none.
    pub fewer_at: Option<i64>,
}

const KIND: u16 = 11;
const VERSION: u16 = 1;

/// The committed offsets of the read before, for up to `P` partitions. Only excluding persistent lag needs it.
///
/// Upstream loses them whenever it rebuilds the scaler, that is after every error of any trigger:
/// [`Offsets::default`] then. Snapshot: kind 11, version 1; number of partitions (u16), and for each, in the order of
/// their numbers, number (u32 as i32) and offset (i64).
#[derive(Clone, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Offsets<const P: usize = 64> {
    /// By number.
    entries: Vec<(u32, i64), P>,
}

impl<const P: usize> Offsets<P> {
    /// Remembers nothing.
    #[must_use]
    pub const fn new() -> Self {
        const { assert!(0 < P && P < 65_536, "room for 1 to 65,535 partitions") };
        Self { entries: Vec::new() }
    }

    /// The offset remembered of a partition. O(log P).
    #[must_use]
    pub fn get(&self, id: u32) -> Option<i64> {
        recall(self.entries.as_view(), id)
    }

    /// Remembers an offset; `false` when there is no room. O(P).
    pub fn set(&mut self, id: u32, offset: i64) -> bool {
        remember(self.entries.as_mut_view(), id, offset)
    }

    /// The most bytes that [`Offsets::save`] writes.
    #[must_use]
    pub const fn saved_size() -> usize {
        FRAME.saturating_add(2).saturating_add(P.saturating_mul(12))
    }

    /// Writes the offsets.
    ///
    /// # Errors
    /// When the buffer is too small, with the size needed.
    pub fn save(&self, out: &mut [u8]) -> Result<usize, SnapshotError> {
        let mut to = Writer::new(out, KIND, VERSION);
        to.u16(u16::try_from(self.entries.len()).unwrap_or(u16::MAX));
        for (id, offset) in &self.entries {
            to.i32(id.cast_signed());
            to.i64(*offset);
        }
        to.finish()
    }

    /// Reads what [`Offsets::save`] wrote.
    ///
    /// # Errors
    /// Whatever is wrong with the bytes.
    pub fn restore(bytes: &[u8]) -> Result<Self, SnapshotError> {
        let mut from = Reader::new(bytes, KIND, VERSION)?;
        let mut entries = Vec::<(u32, i64), P>::new();
        let count = usize::from(from.u16()?);
        for _ in 0..count {
            let (id, offset) = (from.i32()?.cast_unsigned(), from.i64()?);
            if entries.last().is_some_and(|(last, _)| *last >= id) {
                return Err(SnapshotError::BadValue { field: "partition out of order", found: i64::from(id) });
            }
            entries.push((id, offset)).map_err(|_| SnapshotError::Capacity { needed: count, room: P })?;
        }
        from.finish()?;
        Ok(Self { entries })
    }
}

fn recall(entries: &VecView<(u32, i64)>, id: u32) -> Option<i64> {
    let at = entries.binary_search_by_key(&id, |entry| entry.0).ok()?;
    entries.get(at).map(|entry| entry.1)
}

fn remember(entries: &mut VecView<(u32, i64)>, id: u32, offset: i64) -> bool {
    match entries.binary_search_by_key(&id, |entry| entry.0) {
        Ok(at) => {
            if let Some(entry) = entries.get_mut(at) {
                entry.1 = offset;
            }
            true
        }
        Err(_) if entries.is_full() => false,
        Err(at) => entries.insert(at, (id, offset)).is_ok(),
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use proptest::prelude::*;
    use std::string::ToString;
    use std::vec::Vec as StdVec;

    fn policy(threshold: i64) -> LagPolicy {
        LagPolicy::new(threshold).unwrap()
    }

    #[test]
    fn the_cap_leaks_less_than_a_consumer_unless_mended() {
        let lags = [Lag::both(13); 3];
        assert_eq!(policy(10).group_lag(lags).total, 39, "ceil(39 / 10) is 4 consumers for 3 partitions");
        let exact = policy(10).with_mended(LagMended { exact_cap: true, ..LagMended::default() });
        assert_eq!(exact.group_lag(lags).total, 30);
        assert_eq!(exact.consumers(30), 3);
    }

    #[test]
    fn a_prime_number_of_partitions_jumps_to_all_unless_mended() {
        let even = policy(10).with_cap(ConsumerCap::EvenShares);
        let mended = even.with_mended(LagMended { fewest_even_shares: true, ..LagMended::default() });
        for (partitions, lag, upstream, ours) in [(13, 30, 13, 4), (100, 210, 25, 25), (12, 70, 12, 12), (7, 60, 7, 7)]
        {
            assert_eq!(even.even_consumers(lag, partitions), upstream, "{partitions} {lag}");
            assert_eq!(mended.even_consumers(lag, partitions), ours, "{partitions} {lag}");
        }
        assert_eq!(even.group_lag([Lag::default(); 12]).total, 10, "no lag at all still asks for one");
    }

    #[test]
    fn a_negative_lag_hides_that_of_others_unless_mended() {
        let ahead = [
            Partition { id: 0, committed: Some(160), head: Some(150), log_start: None },
            Partition { id: 1, committed: Some(0), head: Some(10), log_start: None },
        ];
        let group = policy(10).read(&ahead, &mut Offsets::<2>::new());
        assert_eq!((group.total, group.active), (0, false));
        let mended = policy(10).with_mended(LagMended { no_negative_lag: true, ..LagMended::default() });
        let group = mended.read(&ahead, &mut Offsets::<2>::new());
        assert_eq!((group.total, group.active), (10, true));
    }

    #[test]
    fn too_little_room_for_offsets_counts_the_lag_and_says_so() {
        let persistent = policy(10).with_persistent_lag_excluded(true);
        let behind = [0, 1].map(|id| Partition { id, committed: Some(0), head: Some(7), log_start: None });
        let mut offsets = Offsets::<1>::new();
        assert_eq!(persistent.read(&behind, &mut offsets).total, 14);
        let group = persistent.read(&behind, &mut offsets);
        assert_eq!((group.total, group.with_persistent, group.forgotten), (7, 14, 1));
        assert_eq!(
            group.to_string(),
            "lag 7 over 2 partitions, 1 of them behind; 14 with what does not move; no room to remember 1 partitions"
        );
    }

    #[test]
    fn offsets_survive_a_snapshot_and_garbage_does_not() {
        let mut offsets = Offsets::<4>::new();
        assert!(offsets.set(9, 5) && offsets.set(u32::MAX, -1) && offsets.set(0, i64::MAX));
        let mut out = [0; Offsets::<4>::saved_size()];
        let length = offsets.save(&mut out).unwrap();
        assert_eq!(Offsets::<4>::restore(&out[..length]).as_ref(), Ok(&offsets));
        assert_eq!(Offsets::<2>::restore(&out[..length]), Err(SnapshotError::Capacity { needed: 3, room: 2 }));
        for cut in 0..length {
            assert!(Offsets::<4>::restore(&out[..cut]).is_err());
        }
    }

    proptest! {
        #[test]
        fn a_naive_twin_finds_the_same_divisor(n in 1i64..400, lag in -50i64..9000, threshold in 1i64..30) {
            let naive = (1..=n).filter(|d| n % d == 0).find(|d| d * threshold >= lag).unwrap_or(n);
            prop_assert_eq!(policy(threshold).even_consumers(lag, n), naive);
            let mut all: StdVec<_> = divisors(n).collect();
            all.sort_unstable();
            prop_assert_eq!(all, (1..=n).filter(|d| n % d == 0).collect::<StdVec<_>>());
        }

        #[test]
        fn the_outlook_is_where_the_answer_changes(lags in prop::collection::vec(0i64..200, 1..9), threshold in 1i64..30) {
            let policy = policy(threshold).with_mended(LagMended { exact_cap: true, ..LagMended::default() });
            let group = policy.group_lag(lags.iter().map(|lag| Lag::both(*lag)));
            let outlook = policy.outlook(&group);
            prop_assert_eq!(outlook.consumers, policy.consumers(group.total));
            if let Some(above) = outlook.more_above {
                prop_assert!(policy.consumers(above + 1) > outlook.consumers && above >= group.total);
            }
            if let Some(at) = outlook.fewer_at {
                prop_assert!(policy.consumers(at) < outlook.consumers && at < group.total);
            }
        }

        #[test]
        fn absurd_offsets_are_survived(committed: Option<i64>, head: Option<i64>, log_start: Option<i64>, earliest: bool) {
            let reset = if earliest { OffsetReset::Earliest } else { OffsetReset::Latest };
            let policy = policy(1).with_offset_reset(reset).with_persistent_lag_excluded(true);
            let partition = Partition { id: 0, committed, head, log_start };
            let _ = policy.read(&[partition; 9], &mut Offsets::<2>::new());
        }
    }
}
