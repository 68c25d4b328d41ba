//! A window as a plain list.

use plimsoll_core::units::{Instant, Span};
use plimsoll_core::window::{Held, Measurement, Quantile};

/// Everything that was pushed and has not left, oldest first; nothing is computed before it is asked for.
pub(super) struct Twin<V> {
    pub(super) list: Vec<(Instant, Measurement<V>)>,
    room: usize,
    span: Option<Span>,
    pub(super) least: usize,
    pub(super) crowded_out: u32,
}

impl<V: Copy + PartialOrd> Twin<V> {
    pub(super) fn new(room: usize, span: Option<Span>) -> Self {
        Self { list: Vec::new(), room, span, least: 1, crowded_out: 0 }
    }

    /// What came later than now came now; what is old leaves.
    pub(super) fn at(&mut self, now: Instant) {
        self.list.iter_mut().for_each(|(at, _)| *at = (*at).min(now));
        if let Some(span) = self.span {
            self.list.retain(|(at, _)| now.since(*at) < span);
        }
    }

    pub(super) fn push(&mut self, now: Instant, measurement: Measurement<V>) {
        self.at(now);
        if self.list.len() == self.room {
            self.list.remove(0);
            self.crowded_out += 1;
        }
        self.list.push((now, measurement));
    }

    pub(super) fn forget(&mut self, count: usize) {
        self.list.drain(..count.min(self.list.len()));
    }

    pub(super) fn values(&self) -> Vec<(Instant, V)> {
        let value = |entry: &(Instant, Measurement<V>)| match entry.1 {
            Measurement::Present(value) => Some((entry.0, value)),
            _ => None,
        };
        self.list.iter().filter_map(value).collect()
    }

    pub(super) fn enough(&self) -> bool {
        self.held().present as usize >= self.least
    }

    pub(super) fn held(&self) -> Held {
        let newest = self.list.iter().rfind(|(_, measurement)| matches!(measurement, Measurement::Present(_)));
        let mut held = Held { newest: newest.map(|(at, _)| *at), ..Held::default() };
        for (_, measurement) in &self.list {
            *match measurement {
                Measurement::Present(_) => &mut held.present,
                Measurement::Missing => &mut held.missing,
                Measurement::Stale => &mut held.stale,
                Measurement::Invalid => &mut held.invalid,
            } += 1;
        }
        held
    }

    /// The values in order; none where there are too few for an answer.
    pub(super) fn sorted(&self) -> Option<Vec<V>> {
        let mut values: Vec<V> = self.values().into_iter().map(|(_, value)| value).collect();
        values.sort_by(|a, b| a.partial_cmp(b).expect("numbers"));
        (values.len() >= self.least).then_some(values)
    }

    pub(super) fn best(&self, better: impl Fn(V, V) -> bool) -> Option<V> {
        let values = self.values().into_iter().map(|(_, value)| value);
        values.reduce(|old, new| if better(new, old) { new } else { old }).filter(|_| self.enough())
    }

    pub(super) fn leaves_at(&self) -> Option<Instant> {
        Some(self.list.first()?.0 + self.span?)
    }
}

/// Of values in order, the nearest rank: the ⌈q n⌉-th of n.
pub(super) fn nearest_rank<V: Copy>(sorted: &[V], quantile: Quantile) -> V {
    sorted[(sorted.len() * usize::from(quantile.ten_thousandths())).div_ceil(10_000) - 1]
}
