//! What the host saw, and what is told to a policy.

use crate::units::{Instant, Replicas};

/// The capacity of a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Capacity {
    /// Units that are asked for.
    pub desired: Replicas,
    /// Units that have finished their warm-up, when the host knows. Otherwise the time since the last order tells.
    pub warm: Option<Replicas>,
}

impl Capacity {
    /// So many units; which of them are warm is not known.
    #[must_use]
    pub const fn of(desired: i32) -> Self {
        Self { desired: Replicas(desired), warm: None }
    }

    /// The same, so many of them warm.
    #[must_use]
    pub const fn with_warm(self, warm: i32) -> Self {
        Self { warm: Some(Replicas(warm)), ..self }
    }
}

/// Points of one alarm: one for each period that ended since the last evaluation, oldest first; `None` is missing.
/// Empty when no period ended.
pub type Points<'a> = &'a [Option<f64>];

/// What step scaling and simple scaling look at.
#[derive(Clone, Copy, Debug, Default)]
pub struct Observation<'a> {
    /// The time.
    pub now: Instant,
    /// The capacity; `None` when it could not be read.
    pub capacity: Option<Capacity>,
    /// The points of each rule's alarm, in the order of the rules. Points of a rule that is not there are none.
    pub points: &'a [Points<'a>],
    /// When the last unit of the last action was launched or terminated, hooks and draining included; `None` while
    /// that goes on. Only simple scaling looks at it.
    pub completed: Option<Instant>,
}

/// What target tracking looks at.
#[derive(Clone, Copy, Debug, Default)]
pub struct MetricObservation<'a> {
    /// The time.
    pub now: Instant,
    /// The capacity; `None` when it could not be read.
    pub capacity: Option<Capacity>,
    /// The points of the metric.
    pub points: Points<'a>,
}

/// At which point the answer would change, and how many such points in a row it takes.
#[derive(Clone, Copy, Debug, PartialEq, Default)]
pub struct Outlook {
    /// Toward more units; `None` when no point brings that.
    pub up: Option<Threshold>,
    /// Toward fewer.
    pub down: Option<Threshold>,
}

/// A point, and what it would bring.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Threshold {
    /// Number of the rule whose alarm it is; 0 for target tracking.
    pub rule: u16,
    /// The value of the point.
    pub value: f64,
    /// How many of them in a row, the clock standing still.
    pub points: u8,
    /// Units then.
    pub to: Replicas,
}

impl Outlook {
    /// Keeps a threshold if it is nearer than the one known: fewer points, then the smaller distance.
    pub(super) fn offer(&mut self, from: Replicas, newest: Option<f64>, found: Threshold) {
        let side = if found.to > from {
            &mut self.up
        } else if found.to < from {
            &mut self.down
        } else {
            return;
        };
        let distance = |t: &Threshold| newest.map_or(0.0, |newest| (t.value - newest).abs());
        let nearer = side.as_ref().is_none_or(|known| {
            found.points < known.points || (found.points == known.points && distance(&found) < distance(known))
        });
        if nearer {
            *side = Some(found);
        }
    }
}

/// A bound and its two neighbours: a value on it, just above it, just below it.
pub(super) fn around(bound: f64) -> [f64; 3] {
    [bound, bound.next_up(), bound.next_down()]
}

/// A value that a size was computed back to, and those next to it: a product and a quotient are off by up to three.
pub(super) fn near(value: f64) -> [f64; 7] {
    let up = [value.next_up(), value.next_up().next_up(), value.next_up().next_up().next_up()];
    let down = [value.next_down(), value.next_down().next_down(), value.next_down().next_down().next_down()];
    let ([a, b, c], [d, e, f]) = (up, down);
    [value, a, b, c, d, e, f]
}
