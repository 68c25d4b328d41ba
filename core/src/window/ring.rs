//! The last N measurements, as numbers of one width: values, and above all values the codes of what is no value. So an
//! order statistic over all slots is one over the values, without asking for each whether it counts.

use core::fmt::Debug;

use super::{Held, Measurement};
use crate::snapshot::{Reader, SnapshotError, Writer};
use crate::units::{Instant, Milli};

/// Values that a window can hold. Those nearer than five to the greatest of their type are held as its greatest less
/// four: the places above are codes.
pub trait Key: Copy + Keyed {}
impl<K: Copy + Keyed> Key for K {}

/// Neighbours of an answer that a quantile keeps: a power of two.
pub(super) const KNOWN: usize = 8;

/// Slots that are looked at together.
pub(super) const CHUNK: usize = 32;
const BITS: [u32; CHUNK] = {
    let (mut bits, mut i) = ([0; CHUNK], 0);
    while let Some(bit) = 1u32.checked_shl(i) {
        if let Some((_, [at, ..])) = bits.split_at_mut_checked(i as usize) {
            *at = bit;
        }
        i = i.wrapping_add(1);
    }
    bits
};

pub(super) mod sealed {
    use super::{Debug, KNOWN, Reader, SnapshotError, Writer};

    #[cfg(feature = "serde")]
    use super::super::as_serde::Value;

    /// Without serde a key needs nothing more.
    #[cfg(not(feature = "serde"))]
    pub trait Value {}
    #[cfg(not(feature = "serde"))]
    impl<V> Value for V {}

    /// A value as a slot of the same order.
    pub trait Keyed: Sized + Value {
        /// What holds it.
        type Slot: Slot;
        /// Tells the snapshots of the types apart.
        const TAG: u8;
        /// `None` when it is no number.
        fn encode(self) -> Option<Self::Slot>;
        /// Back.
        fn decode(slot: Self::Slot) -> Self;
    }

    /// An integer with four codes above all values.
    pub trait Slot: Copy + Ord + Debug {
        /// No measurement.
        const EMPTY: Self;
        /// Code of a missing one.
        const MISSING: Self;
        /// Code of a stale one.
        const STALE: Self;
        /// Code of an invalid one.
        const INVALID: Self;
        /// The greatest value.
        const GREATEST: Self;
        /// The least value.
        const LEAST: Self;
        /// The least values.
        const FIRST: [Self; KNOWN];
        /// Values in a row, with `x` among them.
        fn row_with(x: Self) -> [Self; KNOWN];
        /// The same the other way around: the least is the greatest.
        fn flip(self) -> Self;
        /// As far beyond `b` as `a` is before it, or the end.
        fn as_far_beyond(a: Self, b: Self) -> Self;
        /// How many are below `x`.
        fn count_below(slots: &[Self], x: Self) -> u16;
        /// How many are `x`.
        fn count_equal(slots: &[Self], x: Self) -> u16;
        /// Which of at most [`CHUNK`] lie above `a` and up to `b`, or below `a` and down to `b`: a bit for each.
        fn between(slots: &[Self], a: Self, b: Self) -> u32;
        /// The value at a rank, from 1, where there are so many.
        fn at_rank(slots: &[Self], rank: u16) -> Self;
        /// As bytes.
        fn write(self, to: &mut Writer<'_>);
        /// From bytes.
        fn read(from: &mut Reader<'_>) -> Result<Self, SnapshotError>;
    }
}
pub(super) use sealed::{Keyed, Slot};

/// The least number of a type and those after it.
macro_rules! first {
    ($signed:ident, $($after:literal),*) => {
        [$($signed::MIN + $after),*]
    };
}

/// Loops over all slots without a branch, and counts as wide as a slot: four or eight slots go through one instruction.
macro_rules! slot {
    ($signed:ident, $unsigned:ident, $write:expr, $read:expr) => {
        impl Slot for $signed {
            const EMPTY: Self = Self::MAX;
            const MISSING: Self = Self::MAX - 1;
            const STALE: Self = Self::MAX - 2;
            const INVALID: Self = Self::MAX - 3;
            const GREATEST: Self = Self::MAX - 4;
            const LEAST: Self = Self::MIN;
            const FIRST: [Self; KNOWN] = first!($signed, 0, 1, 2, 3, 4, 5, 6, 7);

            fn flip(self) -> Self {
                !self
            }

            fn as_far_beyond(a: Self, b: Self) -> Self {
                b.saturating_add_unsigned(b.abs_diff(a))
            }

            fn row_with(x: Self) -> [Self; KNOWN] {
                // The first of the row is near enough to the least, or the last to the greatest.
                let from = x.min(Self::GREATEST.wrapping_sub(KNOWN as Self).wrapping_add(1));
                Self::FIRST.map(|i| from.wrapping_add(i.wrapping_sub(Self::MIN)))
            }

            fn count_below(slots: &[Self], x: Self) -> u16 {
                slots.iter().fold(0, |n: $unsigned, slot| n.wrapping_add($unsigned::from(*slot < x))) as u16
            }

            fn count_equal(slots: &[Self], x: Self) -> u16 {
                slots.iter().fold(0, |n: $unsigned, slot| n.wrapping_add($unsigned::from(*slot == x))) as u16
            }

            fn between(slots: &[Self], a: Self, b: Self) -> u32 {
                let (low, high) = if a < b { (a.wrapping_add(1), b) } else { (b, a.wrapping_sub(1)) };
                let inside = |slot: &Self| (low <= *slot) & (*slot <= high);
                slots.iter().zip(&BITS).fold(0, |all, (slot, bit)| all | if inside(slot) { *bit } else { 0 })
            }

            // Halves the range of values: as many counts as a slot has bits.
            fn at_rank(slots: &[Self], rank: u16) -> Self {
                let (mut low, mut high) = (Self::LEAST, Self::GREATEST);
                while low < high {
                    let half = (high.wrapping_sub(low) as $unsigned >> 1) as Self;
                    let middle = low.wrapping_add(half);
                    if Self::count_below(slots, middle.wrapping_add(1)) >= rank {
                        high = middle;
                    } else {
                        low = middle.wrapping_add(1);
                    }
                }
                low
            }

            fn write(self, to: &mut Writer<'_>) {
                $write(to, self);
            }

            fn read(from: &mut Reader<'_>) -> Result<Self, SnapshotError> {
                $read(from)
            }
        }
    };
}
slot!(i16, u16, |to: &mut Writer<'_>, x: i16| to.u16(x as u16), |from: &mut Reader<'_>| from.u16().map(|x| x as i16));
slot!(i32, u32, Writer::i32, Reader::i32);
slot!(i64, u64, Writer::i64, Reader::i64);

/// Unsigned numbers: the order of the signed ones, moved.
macro_rules! key {
    ($key:ident, $slot:ident, $tag:literal) => {
        impl Keyed for $key {
            type Slot = $slot;
            const TAG: u8 = $tag;

            fn encode(self) -> Option<$slot> {
                Some(((self ^ (1 << ($key::BITS - 1))) as $slot).min($slot::GREATEST))
            }

            fn decode(slot: $slot) -> Self {
                slot as $key ^ (1 << ($key::BITS - 1))
            }
        }
    };
}
key!(u16, i16, 2);
key!(u32, i32, 4);
key!(u64, i64, 8);

impl Keyed for f32 {
    type Slot = i32;
    const TAG: u8 = 5;

    /// The order of IEEE 754's totalOrder; −0 is 0. The codes are among the NaNs.
    fn encode(self) -> Option<i32> {
        let bits = (self + 0.0).to_bits() as i32;
        self.is_finite().then_some(bits ^ ((bits >> 31) & i32::MAX))
    }

    fn decode(slot: i32) -> Self {
        Self::from_bits((slot ^ ((slot >> 31) & i32::MAX)) as u32)
    }
}

impl Keyed for Milli {
    type Slot = i64;
    const TAG: u8 = 9;

    fn encode(self) -> Option<i64> {
        Some(self.0.min(i64::GREATEST))
    }

    fn decode(slot: i64) -> Self {
        Self(slot)
    }
}

/// Whether a slot is a value.
pub(super) fn is_value<S: Slot>(slot: S) -> bool {
    slot <= S::GREATEST
}

/// A measurement as a slot.
pub(super) fn encode<K: Key>(measurement: Measurement<K>) -> K::Slot {
    match measurement {
        Measurement::Present(value) => value.encode().unwrap_or(K::Slot::INVALID),
        Measurement::Missing => K::Slot::MISSING,
        Measurement::Stale => K::Slot::STALE,
        Measurement::Invalid => K::Slot::INVALID,
    }
}

/// The last `N` measurements. A slot outside the live ones is empty.
#[derive(Clone, Debug)]
pub(super) struct Ring<K: Key, const N: usize> {
    /// When the newest value came; meaningless without values.
    newest: Instant,
    slots: [K::Slot; N],
    /// Where the next one goes.
    head: u16,
    len: u16,
    present: u16,
    /// The fewest values for an answer.
    least: u16,
}

impl<K: Key, const N: usize> PartialEq for Ring<K, N> {
    /// The same measurements in the same order, wherever the ring begins.
    fn eq(&self, other: &Self) -> bool {
        (self.least, self.newest()) == (other.least, other.newest()) && self.oldest_first().eq(other.oldest_first())
    }
}

impl<K: Key, const N: usize> Ring<K, N> {
    /// Bytes of a snapshot's part for it, at most.
    pub(super) const SAVED: usize = 12usize.saturating_add(size_of::<K::Slot>().saturating_mul(N));

    pub(super) const fn new() -> Self {
        const { assert!(0 < N && N < 65_536, "a window has room for 1 to 65,535 measurements") };
        Self { newest: Instant::MIN, slots: [K::Slot::EMPTY; N], head: 0, len: 0, present: 0, least: 1 }
    }

    pub(super) const fn set_least(&mut self, least: u16) {
        self.least = if least == 0 { 1 } else { least };
    }

    #[cfg(feature = "serde")]
    pub(super) const fn least(&self) -> u16 {
        self.least
    }

    #[cfg(feature = "serde")]
    pub(super) const fn set_newest(&mut self, newest: Instant) {
        self.newest = newest;
    }

    /// Puts everything into another window, oldest first.
    #[cfg(feature = "serde")]
    pub(super) fn replay(&self, mut put: impl FnMut(Instant, K::Slot)) {
        self.oldest_first().for_each(|slot| put(self.newest, slot));
    }

    pub(super) const fn slots(&self) -> &[K::Slot] {
        &self.slots
    }

    pub(super) const fn len(&self) -> u16 {
        self.len
    }

    pub(super) const fn present(&self) -> u16 {
        self.present
    }

    pub(super) const fn enough(&self) -> bool {
        self.present >= self.least
    }

    /// The place of the next measurement.
    pub(super) const fn head(&self) -> u16 {
        self.head
    }

    /// The place of the oldest one.
    pub(super) const fn oldest(&self) -> u16 {
        match self.head.checked_sub(self.len) {
            Some(place) => place,
            // N is below 65,536: no bits are lost.
            None => self.head.wrapping_sub(self.len).wrapping_add(N as u16),
        }
    }

    pub(super) fn get(&self, place: u16) -> K::Slot {
        self.slots.get(usize::from(place)).copied().unwrap_or(K::Slot::EMPTY)
    }

    pub(super) fn newest(&self) -> Option<Instant> {
        (self.present > 0).then_some(self.newest)
    }

    pub(super) fn clamp(&mut self, now: Instant) {
        self.newest = self.newest.min(now);
    }

    /// Puts a measurement in place of the oldest one, or of an empty slot, and gives what was there.
    #[inline]
    pub(super) fn put(&mut self, now: Instant, slot: K::Slot) -> K::Slot {
        let head = self.head;
        let Some(place) = self.slots.get_mut(usize::from(head)) else { return K::Slot::EMPTY };
        let old = core::mem::replace(place, slot);
        self.head = after::<N>(head);
        if !(is_value(slot) & is_value(old)) {
            self.len = self.len.wrapping_add(u16::from(old == K::Slot::EMPTY));
            self.present = self.present.wrapping_add(u16::from(is_value(slot))).wrapping_sub(u16::from(is_value(old)));
        }
        // When time ran back, what was newest came now.
        if is_value(slot) || now < self.newest {
            self.newest = now;
        }
        old
    }

    /// Takes the oldest one out.
    pub(super) fn take(&mut self) -> Option<K::Slot> {
        let place = self.oldest();
        self.len = self.len.checked_sub(1)?;
        let old = core::mem::replace(self.slots.get_mut(usize::from(place))?, K::Slot::EMPTY);
        self.present = self.present.wrapping_sub(u16::from(is_value(old)));
        Some(old)
    }

    /// Every live slot, oldest first.
    pub(super) fn oldest_first(&self) -> impl Iterator<Item = K::Slot> + '_ {
        let (before, after) = self.slots.split_at_checked(usize::from(self.oldest())).unwrap_or_default();
        after.iter().chain(before).take(usize::from(self.len)).copied()
    }

    pub(super) fn held(&self) -> Held {
        let count = |code| u32::from(K::Slot::count_equal(&self.slots, code));
        Held {
            present: u32::from(self.present),
            missing: count(K::Slot::MISSING),
            stale: count(K::Slot::STALE),
            invalid: count(K::Slot::INVALID),
            newest: self.newest(),
        }
    }

    /// Newest time (i64), fewest values (u16), number of slots (u16), the slots oldest first.
    pub(super) fn write(&self, to: &mut Writer<'_>) {
        to.i64(self.newest.as_nanos());
        to.u16(self.least);
        to.u16(self.len);
        self.oldest_first().for_each(|slot| slot.write(to));
    }

    /// Reads what [`Ring::write`] wrote; the slots go through `put`, which may refuse one.
    pub(super) fn read(
        from: &mut Reader<'_>,
        mut put: impl FnMut(Instant, K::Slot) -> bool,
    ) -> Result<u16, SnapshotError> {
        let newest = Instant::from_nanos(from.i64()?);
        let (least, len) = (from.u16()?, from.u16()?);
        if usize::from(len) > N {
            return Err(SnapshotError::Capacity { needed: usize::from(len), room: N });
        }
        for place in 0..len {
            let slot = K::Slot::read(from)?;
            if slot == K::Slot::EMPTY || !put(newest, slot) {
                return Err(SnapshotError::BadValue { field: "slot", found: i64::from(place) });
            }
        }
        Ok(least.max(1))
    }
}

/// The place after another in a ring of `N`.
pub(super) const fn after<const N: usize>(place: u16) -> u16 {
    let next = place.wrapping_add(1);
    if next as usize >= N { 0 } else { next }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn slots_keep_the_order_of_the_values(a: f32, b: f32, c: u32, d: u32, e: u16, f: u64, g: u64) {
            if let (Some(x), Some(y)) = (a.encode(), b.encode()) {
                prop_assert_eq!(x.cmp(&y), a.partial_cmp(&b).unwrap_or(core::cmp::Ordering::Less));
                prop_assert_eq!(f32::decode(x), a);
            }
            prop_assert_eq!(c.encode().cmp(&d.encode()), c.min(u32::MAX - 4).cmp(&d.min(u32::MAX - 4)));
            prop_assert_eq!(f.encode().cmp(&g.encode()), f.min(u64::MAX - 4).cmp(&g.min(u64::MAX - 4)));
            prop_assert_eq!(e.encode().map(u16::decode), Some(e.min(u16::MAX - 4)));
        }

        #[test]
        fn counts_and_ranks_are_those_of_the_sorted_list(
            mut list in prop::collection::vec(prop_oneof![0i32..9, any::<i32>()], 1..60), x: i32, y: i32,
        ) {
            list.iter_mut().for_each(|slot| *slot = (*slot).min(i32::GREATEST));
            prop_assert_eq!(i32::count_below(&list, x), list.iter().filter(|slot| **slot < x).count() as u16);
            let within = |slot: &i32| if x < y { x < *slot && *slot <= y } else { y <= *slot && *slot < x };
            for chunk in list.chunks(CHUNK) {
                let bits = (0..).zip(chunk).filter(|(_, slot)| within(slot)).fold(0, |bits, (i, _)| bits | 1 << i);
                prop_assert_eq!(i32::between(chunk, x, y), bits);
            }
            prop_assert_eq!(x.flip().cmp(&y.flip()), y.cmp(&x));
            let unsorted = list.clone();
            list.sort_unstable();
            for (rank, value) in (1..).zip(&list) {
                prop_assert_eq!(i32::at_rank(&unsorted, rank), *value);
            }
        }
    }

    #[test]
    fn numbers_in_a_row_hold_the_one_asked_for_and_no_code() {
        for x in [i32::MIN, -1, 0, i32::GREATEST - 8, i32::GREATEST - 7, i32::GREATEST - 1, i32::GREATEST] {
            let row = i32::row_with(x);
            assert!(row.contains(&x) && row.iter().all(|slot| is_value(*slot)), "{x}: {row:?}");
            assert!(row.windows(2).all(|pair| pair[1] == pair[0] + 1));
        }
    }

    #[test]
    fn a_float_that_is_no_number_is_invalid_and_minus_zero_is_zero() {
        for absurd in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
            assert_eq!(encode(Measurement::Present(absurd)), i32::INVALID);
        }
        assert_eq!((-0.0f32).encode(), 0.0f32.encode());
        assert!(f32::MAX.encode().is_some_and(is_value));
    }
}
