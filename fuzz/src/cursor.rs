//! Bytes as numbers: mostly small ones, the extremes now and then. Reading past the end gives zeros.

use plimsoll_core::constrain::Bounds;
use plimsoll_core::units::{Instant, Span};

/// Where the next number comes from.
#[derive(Clone)]
pub(crate) struct Cursor<'a> {
    rest: &'a [u8],
}

/// From this byte on, numbers are not small.
const WIDE: u8 = 250;

impl<'a> Cursor<'a> {
    pub(crate) const fn new(rest: &'a [u8]) -> Self {
        Self { rest }
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    pub(crate) fn byte(&mut self) -> u8 {
        let Some((first, rest)) = self.rest.split_first() else { return 0 };
        self.rest = rest;
        *first
    }

    pub(crate) fn flag(&mut self) -> bool {
        self.byte() & 1 == 1
    }

    /// One time in so many; zeros never are.
    pub(crate) fn once_in(&mut self, times: u8) -> bool {
        self.byte() % times == 1
    }

    /// Below `end`.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        usize::from(self.byte()) % end
    }

    /// Small multiples of `unit`, or an extreme, or any 64 bits.
    pub(crate) fn number(&mut self, unit: i64) -> i64 {
        match self.byte() {
            WIDE => i64::MIN,
            251 => -1,
            252 => i64::MAX,
            253 => i64::from(i32::MAX),
            254 => i64::from(i32::MIN),
            255 => i64::from_le_bytes(std::array::from_fn(|_| self.byte())),
            small => i64::from(small) * unit,
        }
    }

    /// As [`Cursor::number`] in ones, cut to 32 bits.
    pub(crate) fn small(&mut self) -> i32 {
        let number = self.number(1);
        i32::try_from(number).unwrap_or(if number < 0 { i32::MIN } else { i32::MAX })
    }

    /// Something, three times in four.
    pub(crate) fn option<T>(&mut self, some: impl FnOnce(&mut Self) -> T) -> Option<T> {
        (!self.once_in(4)).then(|| some(self))
    }

    /// Small whole numbers and halves, both infinities, no number, or any 64 bits.
    pub(crate) fn float(&mut self) -> f64 {
        match self.byte() {
            250 => -1.0,
            251 => f64::NAN,
            252 => f64::INFINITY,
            253 => f64::MAX,
            254 => f64::NEG_INFINITY,
            255 => f64::from_bits(u64::from_le_bytes(std::array::from_fn(|_| self.byte()))),
            small => f64::from(small) / 2.0,
        }
    }

    /// From 0 to 1.
    pub(crate) fn part(&mut self) -> f64 {
        f64::from(self.byte()) / 255.0
    }

    /// A multiple of `unit`; now and then much longer.
    pub(crate) fn span(&mut self, unit: Span) -> Span {
        let unit = i64::try_from(unit.as_nanos()).unwrap_or(i64::MAX);
        Span::from_nanos(self.number(unit).unsigned_abs())
    }

    pub(crate) fn bounds(&mut self) -> Bounds {
        let min = self.small().max(0);
        Bounds::new(min, self.small().max(min).max(1)).expect("in order")
    }

    /// The next moment: time goes on a little, stands, leaps, or runs back; now and then to one of its ends.
    pub(crate) fn time(&mut self, now: Instant, unit: Span) -> Instant {
        let unit = i64::try_from(unit.as_nanos()).unwrap_or(i64::MAX);
        let by = match self.byte() {
            step @ 0..=127 => i64::from(step % 8) * unit,
            128..=191 => 0,
            leap @ 192..=223 => i64::from(leap - 191) * unit * 10,
            back @ 224..=247 => i64::from(back - 223) * -unit,
            248 => return Instant::MIN,
            249 => return Instant::MAX,
            _ => self.number(1),
        };
        Instant::from_nanos(now.as_nanos().saturating_add(by))
    }

    /// What was not read yet.
    pub(crate) const fn rest(&self) -> &'a [u8] {
        self.rest
    }
}
