//! Bytes as numbers: mostly small ones, the extremes now and then. Reading past the end gives zeros.

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
}
