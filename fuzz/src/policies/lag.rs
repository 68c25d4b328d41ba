//! The lag of a consumer group: no policy of its own, but a reading that remembers offsets.

use plimsoll_core::queue::{ConsumerCap, LagMended, LagPolicy, OffsetReset, Offsets, Partition};

use crate::cursor::Cursor;
use crate::life::{bytes_of, read_back, saved};

saved!(Offsets<2>, 11, Self::saved_size());

pub(super) fn lag(from: Option<&[u8]>, cursor: &mut Cursor<'_>, moments: usize) -> Option<Vec<u8>> {
    let flags = cursor.byte();
    let on = |bit: u8| flags & (1 << bit) != 0;
    let cap =
        [ConsumerCap::Partitions, ConsumerCap::LaggingPartitions, ConsumerCap::EvenShares, ConsumerCap::Unlimited]
            [cursor.below(4)];
    let policy = LagPolicy::new(cursor.number(1).max(1)).expect("above 0").with_cap(cap);
    let mut policy = policy
        .with_offset_reset(if on(0) { OffsetReset::Earliest } else { OffsetReset::Latest })
        .with_zero_on_invalid_offset(on(1))
        .with_persistent_lag_excluded(on(2))
        .with_mended(LagMended { exact_cap: on(3), fewest_even_shares: on(4), no_negative_lag: on(5) });
    if on(6) {
        policy = policy.with_activation(cursor.number(1).max(0)).expect("not negative");
    }
    let mut offsets = match from {
        Some(bytes) => read_back(&Offsets::<2>::restore(bytes).ok()?),
        None => Offsets::new(),
    };
    for _ in 0..moments {
        if cursor.is_empty() {
            break;
        }
        let partitions: Vec<_> = (0..=cursor.below(4))
            .map(|_| Partition {
                id: cursor.small().unsigned_abs(),
                committed: cursor.option(|cursor| cursor.number(1)),
                head: cursor.option(|cursor| cursor.number(2)),
                log_start: cursor.option(|cursor| cursor.number(1)),
            })
            .collect();
        let mut again = read_back(&offsets);
        let group = policy.read(&partitions, &mut offsets);
        assert_eq!(group, policy.read(&partitions, &mut again));
        assert_eq!(offsets, again);
        assert!(!group.to_string().is_empty() && group.metric().0 >= 0, "{group:?}");
        // A mended cap is one; upstream's leaks less than a consumer.
        if on(3) && on(5) {
            let most = match cap {
                ConsumerCap::Unlimited => i64::MAX,
                ConsumerCap::LaggingPartitions => group.lagging,
                ConsumerCap::Partitions | ConsumerCap::EvenShares => group.partitions.max(1),
            };
            assert!(policy.consumers(group.total) <= most, "{group:?}");
        }
        let outlook = policy.outlook(&group);
        assert_eq!(outlook.consumers, policy.consumers(group.total), "{group:?}");
        if on(3) {
            let more = outlook.more_above.is_none_or(|above| {
                above >= group.total && (above == i64::MAX || policy.consumers(above + 1) > outlook.consumers)
            });
            let fewer = outlook.fewer_at.is_none_or(|at| at < group.total && policy.consumers(at) < outlook.consumers);
            assert!(more && fewer, "{outlook:?} of {group:?}");
        }
    }
    Some(bytes_of(&offsets))
}
