//! When entries act and windows are open: pure questions to a moment and a zone.

use super::civil::seconds;
use super::policy::{Action, When};
use crate::units::Instant;

/// Offset from UTC at a Unix time, in seconds east.
pub(super) type Offset<'a> = &'a dyn Fn(i64) -> i32;

impl Action {
    /// The first time that it acts after a moment.
    pub(super) fn next(&self, after: Instant, offset: Offset<'_>) -> Option<Instant> {
        if let Some(start) = self.start.filter(|start| *start > after) {
            return Some(start);
        }
        let firing = self.recurrence?.next_firing(seconds(after), offset)?;
        Some(Instant::from_secs(firing)).filter(|at| self.end.is_none_or(|end| *at < end))
    }

    /// The last time that it acted at a moment or before.
    pub(super) fn last(&self, at: Instant, offset: Offset<'_>) -> Option<Instant> {
        let start = self.start;
        if start.is_some_and(|start| start > at) {
            return None;
        }
        // At the end itself it acts no more.
        let until = self.end.map_or(at, |end| at.min(end.previous()));
        let firing = self.recurrence.and_then(|cron| cron.last_firing(seconds(until), offset));
        let firing = firing.map(Instant::from_secs).filter(|at| start.is_none_or(|start| *at > start));
        firing.or(start)
    }
}

impl When {
    /// Whether the window is open.
    pub(super) fn open(&self, now: Instant, offset: Offset<'_>) -> bool {
        let unix = seconds(now);
        match self {
            Self::Keda { start, end } => {
                match (start.next_firing(unix, offset), end.next_firing(unix, offset)) {
                    (Some(start), Some(end)) => end <= start,
                    // Upstream takes a time that never comes for the earliest of all.
                    (Some(_), None) => false,
                    (None, _) => true,
                }
            }
            Self::Nomad { start, end } => {
                let Some(start) = start.last_firing(unix, offset) else { return false };
                end.last_firing(unix, offset).is_none_or(|end| start > end)
            }
            Self::For { start, length } => {
                let last = start.last_firing(unix, offset).map(Instant::from_secs);
                last.is_some_and(|last| now < last + *length)
            }
            Self::Dates { start, end } => *start <= now && now < *end,
        }
    }

    /// The first moment after now at which it may open or close.
    pub(super) fn next_change(&self, now: Instant, offset: Offset<'_>) -> Option<Instant> {
        let unix = seconds(now);
        let next = |cron: &super::cron::Cron| cron.next_firing(unix, offset).map(Instant::from_secs);
        let candidates = match self {
            Self::Keda { start, end } | Self::Nomad { start, end } => [next(start), next(end)],
            Self::For { start, length } => {
                let last = start.last_firing(unix, offset).map(Instant::from_secs);
                [next(start), last.map(|last| last + *length)]
            }
            Self::Dates { start, end } => [Some(*start), Some(*end)],
        };
        candidates.into_iter().flatten().filter(|at| *at > now).min()
    }
}
