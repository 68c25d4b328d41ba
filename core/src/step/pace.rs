//! Warm-up and cooldown: on which capacity an adjustment is made, and what holds a scale-in.
//!
//! Both remember one order: the capacity before it, what was ordered, and until when it counts as new.

use super::observation::Capacity;
use crate::snapshot::{Reader, SnapshotError, Writer};
use crate::units::{Instant, Span};

/// What the time after an order means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Pace {
    /// EC2 Auto Scaling: new units warm up. Adjustments are made on the warm ones, and nothing is removed meanwhile.
    #[default]
    WarmUp,
    /// Application Auto Scaling: a scale-out counts against the next ones for a while, a scale-in holds the next ones.
    Cooldown,
}

/// The longest warm-up and cooldown.
pub(super) const LONGEST: Span = Span::from_secs(3600);

/// The warm-up of EC2: the policy's own, else the group's default one, else the default cooldown. `None` is not given;
/// 0 is a value.
#[must_use]
pub const fn warm_up(policy: Option<Span>, group: Option<Span>, default_cooldown: Span) -> Span {
    match (policy, group) {
        (Some(span), _) | (None, Some(span)) => span,
        (None, None) => default_cooldown,
    }
}

/// The last order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Order {
    /// Whether it added units.
    pub out: bool,
    /// Units that the adjustment was made on.
    pub base: i32,
    /// Units that were asked for.
    pub desired: i32,
    /// End of the warm-up or cooldown; at that moment it is over.
    pub until: Instant,
}

impl Order {
    pub(super) const SAVED: usize = 1 + 4 + 4 + 8;

    /// The order that a change makes.
    pub(super) fn of(base: i32, from: i32, to: i32, until: Instant) -> Self {
        Self { out: to > from, base: base.min(from), desired: to, until }
    }

    pub(super) fn save(order: Option<Self>, to: &mut Writer<'_>) {
        to.u8(u8::from(order.is_some()));
        if let Some(order) = order {
            to.u8(u8::from(order.out));
            to.i32(order.base);
            to.i32(order.desired);
            to.i64(order.until.as_nanos());
        }
    }

    pub(super) fn restore(from: &mut Reader<'_>) -> Result<Option<Self>, SnapshotError> {
        if !from.flag("order")? {
            return Ok(None);
        }
        let (out, base, desired) = (from.flag("order out")?, from.i32()?, from.i32()?);
        Ok(Some(Self { out, base, desired, until: Instant::from_nanos(from.i64()?) }))
    }
}

/// The capacity as an adjustment sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Standing {
    /// Units asked for.
    pub(super) desired: i32,
    /// Units that scaling out starts from.
    pub(super) base: i32,
    /// Units are warming up, or a scale-out cooldown runs; until when, if that is known.
    pub(super) fresh: Option<Option<Instant>>,
    /// What holds a scale-in.
    pub(super) held: Option<Held>,
}

/// What holds a scale-in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub enum Held {
    /// Units are warming up.
    WarmingUp {
        /// Until when, if the engine knows.
        until: Option<Instant>,
    },
    /// A scale-in cooldown runs.
    InCooldown {
        /// Until when.
        until: Instant,
    },
}

impl Held {
    pub(super) fn until(self) -> Option<Instant> {
        match self {
            Self::WarmingUp { until } => until,
            Self::InCooldown { until } => Some(until),
        }
    }
}

impl Standing {
    pub(super) fn of(pace: Pace, order: Option<Order>, capacity: Capacity, now: Instant) -> Self {
        let desired = capacity.desired.0.max(0);
        let running = order.filter(|order| now < order.until);
        let out = running.filter(|order| order.out);
        let (base, fresh) = match (pace, capacity.warm) {
            (Pace::WarmUp, Some(warm)) => {
                let warm = warm.0.clamp(0, desired);
                (warm, (warm < desired).then_some(None))
            }
            _ => match out {
                Some(order) => (order.base.clamp(0, desired), Some(Some(order.until))),
                None => (desired, None),
            },
        };
        let held = match (running, fresh) {
            (_, Some(until)) if pace == Pace::WarmUp => Some(Held::WarmingUp { until }),
            (Some(Order { out: false, until, .. }), _) => Some(Held::InCooldown { until }),
            _ => None,
        };
        Self { desired, base, fresh, held }
    }
}

/// When the clock ran back, an order ends at the latest a longest wait from now.
pub(super) fn clamp(order: &mut Option<Order>, now: Instant) {
    if let Some(order) = order {
        order.until = order.until.min(now + LONGEST);
    }
}
