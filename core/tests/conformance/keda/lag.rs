//! Lag of partitions and groups.

use plimsoll_core::queue::{
    ConsumerCap, GroupLag, Lag, LagPolicy, OffsetReset, Offsets, Partition, divisors as divisors_of,
};
use serde::Deserialize;

use crate::{Vector, read, same};

fn reset(name: &str) -> Result<OffsetReset, String> {
    match name {
        "latest" => Ok(OffsetReset::Latest),
        "earliest" => Ok(OffsetReset::Earliest),
        other => Err(format!("unknown policy {other}")),
    }
}

fn policy(threshold: i64) -> Result<LagPolicy, String> {
    LagPolicy::new(threshold).map_err(|error| error.to_string())
}

fn cap_of(idle: bool, lagging: bool, even: bool) -> Result<ConsumerCap, String> {
    match (idle, lagging, even) {
        (_, false, true) => Ok(ConsumerCap::EvenShares),
        (false, true, false) => Ok(ConsumerCap::LaggingPartitions),
        (true, false, false) => Ok(ConsumerCap::Unlimited),
        (false, false, false) => Ok(ConsumerCap::Partitions),
        _ => Err("a pair that upstream refuses".to_owned()),
    }
}

pub(crate) fn partition_lag(vector: &Vector) -> Result<(), String> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct In {
        committed: i64,
        latest: Option<i64>,
        log_start: Option<i64>,
        offset_reset_policy: String,
        scale_to_zero_on_invalid_offset: bool,
        exclude_persistent_lag: bool,
        previous_committed: Option<i64>,
    }
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Out {
        lag: i64,
        lag_with_persistent: i64,
        previous_committed_after: Option<i64>,
    }
    let (given, out): (In, Out) = (read(&vector.r#in)?, read(&vector.out)?);
    let policy = policy(10)?
        .with_offset_reset(reset(&given.offset_reset_policy)?)
        .with_zero_on_invalid_offset(given.scale_to_zero_on_invalid_offset)
        .with_persistent_lag_excluded(given.exclude_persistent_lag);
    let committed = (given.committed != -1).then_some(given.committed);
    let partition = Partition { id: 0, committed, head: given.latest, log_start: given.log_start };
    let mut previous = given.previous_committed;
    let lag = policy.partition_lag(&partition, &mut previous);
    same("lag", Lag { lag: out.lag, with_persistent: out.lag_with_persistent }, lag)?;
    match out.previous_committed_after {
        Some(after) => same("previous committed", Some(after), previous),
        None => Ok(()),
    }
}

pub(crate) fn divisors(vector: &Vector) -> Result<(), String> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct In {
        n: i64,
    }
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Out {
        divisors: Vec<i64>,
    }
    let (given, out): (In, Out) = (read(&vector.r#in)?, read(&vector.out)?);
    let mut found: Vec<_> = divisors_of(given.n).collect();
    found.sort_unstable();
    same("divisors", out.divisors, found)
}

pub(crate) fn even_factor(vector: &Vector) -> Result<(), String> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct In {
        total_lag: i64,
        partitions: i64,
        lag_threshold: i64,
    }
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Out {
        consumers: i64,
    }
    let (given, out): (In, Out) = (read(&vector.r#in)?, read(&vector.out)?);
    let found = policy(given.lag_threshold)?.even_consumers(given.total_lag, given.partitions);
    same("consumers", out.consumers, found)
}

/// The limitation itself is a filter of the host's: what is left of it is membership.
pub(crate) fn active_partitions(vector: &Vector) -> Result<(), String> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct In {
        limitation: Option<Vec<i32>>,
        topic_partitions: Vec<i32>,
    }
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Out {
        #[serde(default)]
        active: Vec<i32>,
        #[serde(default)]
        error: bool,
    }
    let (given, out): (In, Out) = (read(&vector.r#in)?, read(&vector.out)?);
    let kept = plimsoll_core::queue::active_partitions(given.limitation.as_deref(), &given.topic_partitions);
    let found: Vec<i32> = kept.collect();
    same("error", out.error, found.is_empty())?;
    same("active", out.active, found)
}

pub(crate) fn cap(vector: &Vector) -> Result<(), String> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct In {
        total_lag: i64,
        upper_bound: i64,
        lag_threshold: i64,
    }
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Out {
        total_lag: i64,
    }
    let (given, out): (In, Out) = (read(&vector.r#in)?, read(&vector.out)?);
    same("total lag", out.total_lag, policy(given.lag_threshold)?.capped(given.total_lag, given.upper_bound))
}

pub(crate) fn total(vector: &Vector) -> Result<(), String> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct PartitionLag {
        lag: i64,
        lag_with_persistent: i64,
    }
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct In {
        partition_lags: Vec<PartitionLag>,
        lag_threshold: i64,
        activation_lag_threshold: i64,
        allow_idle_consumers: bool,
        limit_to_partitions_with_lag: bool,
        ensure_even_distribution: bool,
    }
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Out {
        metric: i64,
        lag_with_persistent: i64,
        active: bool,
        hpa_average_value_replicas: i64,
    }
    let (given, out): (In, Out) = (read(&vector.r#in)?, read(&vector.out)?);
    let cap = cap_of(given.allow_idle_consumers, given.limit_to_partitions_with_lag, given.ensure_even_distribution)?;
    let policy = policy(given.lag_threshold)?
        .with_activation(given.activation_lag_threshold)
        .map_err(|error| error.to_string())?
        .with_cap(cap);
    let lags = given.partition_lags.iter().map(|lag| Lag { lag: lag.lag, with_persistent: lag.lag_with_persistent });
    let group = policy.group_lag(lags);
    same("metric", out.metric, group.total)?;
    same("with persistent", out.lag_with_persistent, group.with_persistent)?;
    same("active", out.active, group.active)?;
    same("replicas", out.hpa_average_value_replicas, policy.consumers(group.total))
}

pub(crate) fn group(vector: &Vector) -> Result<(), String> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Seen {
        committed: Option<i64>,
        head: Option<i64>,
        log_start: Option<i64>,
        previous_committed: Option<i64>,
    }
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct In {
        partitions: Vec<Seen>,
        lag_threshold: i64,
        activation_lag_threshold: i64,
        offset_reset_policy: String,
        scale_to_zero_on_invalid_offset: bool,
        exclude_persistent_lag: bool,
        allow_idle_consumers: bool,
        limit_to_partitions_with_lag: bool,
        ensure_even_distribution: bool,
    }
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Out {
        total_lag: i64,
        metric: i64,
        lag_with_persistent: i64,
        active: bool,
        remembered: Vec<Option<i64>>,
    }
    let (given, out): (In, Out) = (read(&vector.r#in)?, read(&vector.out)?);
    let cap = cap_of(given.allow_idle_consumers, given.limit_to_partitions_with_lag, given.ensure_even_distribution)?;
    let policy = policy(given.lag_threshold)?
        .with_activation(given.activation_lag_threshold)
        .map_err(|error| error.to_string())?
        .with_offset_reset(reset(&given.offset_reset_policy)?)
        .with_zero_on_invalid_offset(given.scale_to_zero_on_invalid_offset)
        .with_persistent_lag_excluded(given.exclude_persistent_lag)
        .with_cap(cap);
    let mut offsets = Offsets::<1024>::new();
    for (seen, id) in given.partitions.iter().zip(0..) {
        if let Some(previous) = seen.previous_committed {
            assert!(offsets.set(id, previous), "more partitions than expected");
        }
    }
    // A head that the reply lacks: the partition is not visited.
    let visited = given.partitions.iter().zip(0..).filter(|(seen, _)| seen.head.is_some());
    let partitions: Vec<_> = visited
        .map(|(seen, id)| Partition { id, committed: seen.committed, head: seen.head, log_start: seen.log_start })
        .collect();
    let group: GroupLag = policy.read(&partitions, &mut offsets);
    same("total lag", out.total_lag, group.total)?;
    same("metric", out.metric * 1000, group.metric().0)?;
    same("with persistent", out.lag_with_persistent, group.with_persistent)?;
    same("active", out.active, group.active)?;
    let remembered: Vec<_> = (0..).take(given.partitions.len()).map(|id| offsets.get(id)).collect();
    same("remembered", out.remembered, remembered)
}
