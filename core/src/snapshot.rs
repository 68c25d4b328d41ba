//! Histories as bytes: little-endian, versioned, checked.
//!
//! | offset | bytes | |
//! |---|---|---|
//! | 0 | 4 | `50 4c 49 4d`, "PLIM" |
//! | 4 | 2 | kind: 1 = HPA, 2 = KPA, 3, 4, 11 = queue, 5 to 8, 15 and 23 = step, 9 = schedule, 10 = combine, 16 to 22 = windows |
//! | 6 | 2 | version of the body's layout |
//! | 8 | 4 | length of the body |
//! | 12 | n | body, described where the history is |
//! | 12 + n | 4 | CRC-32 (ISO-HDLC, as in zip and Ethernet) of all bytes before it |
//!
//! An empty body of kind 1, version 1: `50 4c 49 4d 01 00 01 00 00 00 00 00 4a 0c 78 d1`.
//!
//! Bytes come from disks and networks: every length is checked before it is believed, and nothing here can panic.

use core::fmt;

use crate::units::Instant;

const MAGIC: [u8; 4] = *b"PLIM";
/// Bytes around a body.
pub const FRAME: usize = 16;
const HEADER: usize = 12;

/// Why bytes are not a history.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SnapshotError {
    /// The output is too small.
    NoRoom {
        /// Bytes needed.
        needed: usize,
    },
    /// The input ends too early.
    Truncated {
        /// Bytes present.
        have: usize,
    },
    /// The input does not begin with "PLIM".
    NotASnapshot,
    /// A history of another policy.
    OtherKind {
        /// Kind found.
        found: u16,
    },
    /// A version that this build does not read.
    OtherVersion {
        /// Version found.
        found: u16,
    },
    /// The bytes were changed.
    Checksum,
    /// The history holds more entries than this type has room for.
    Capacity {
        /// Entries in the snapshot.
        needed: usize,
        /// Entries that fit.
        room: usize,
    },
    /// A field has a value that no history has.
    BadValue {
        /// Name of the field.
        field: &'static str,
        /// The value found.
        found: i64,
    },
}

impl fmt::Display for SnapshotError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoRoom { needed } => write!(f, "the snapshot needs {needed} bytes of room"),
            Self::Truncated { have } => write!(f, "the snapshot ends after {have} bytes"),
            Self::NotASnapshot => f.write_str("not a snapshot: it does not begin with \"PLIM\""),
            Self::OtherKind { found } => {
                write!(f, "a snapshot of kind {found}, not of this policy")
            }
            Self::OtherVersion { found } => {
                write!(f, "a snapshot of version {found}, not read by this build")
            }
            Self::Checksum => f.write_str("the snapshot was changed: its checksum does not match"),
            Self::Capacity { needed, room } => {
                write!(f, "the snapshot holds {needed} entries, there is room for {room}")
            }
            Self::BadValue { field, found } => {
                write!(f, "the snapshot's field {field} has the impossible value {found}")
            }
        }
    }
}

impl core::error::Error for SnapshotError {}

/// Writes one snapshot into a caller's buffer.
pub struct Writer<'a> {
    out: &'a mut [u8],
    len: usize,
}

impl<'a> Writer<'a> {
    /// Begins a snapshot.
    pub fn new(out: &'a mut [u8], kind: u16, version: u16) -> Self {
        let mut writer = Self { out, len: 0 };
        writer.put(&MAGIC);
        writer.put(&kind.to_le_bytes());
        writer.put(&version.to_le_bytes());
        writer.put(&[0; 4]);
        writer
    }

    /// Writes bytes; past the end of the buffer it only counts.
    pub fn put(&mut self, bytes: &[u8]) {
        // Cut twice, so that both lengths are seen to be the same and no panic is compiled in.
        if let Some(room) = self.out.get_mut(self.len..).and_then(|rest| rest.get_mut(..bytes.len())) {
            room.copy_from_slice(bytes);
        }
        self.len = self.len.saturating_add(bytes.len());
    }

    /// Writes one byte.
    pub fn u8(&mut self, value: u8) {
        self.put(&[value]);
    }

    /// Writes 16 bits.
    pub fn u16(&mut self, value: u16) {
        self.put(&value.to_le_bytes());
    }

    /// Writes 32 bits.
    pub fn i32(&mut self, value: i32) {
        self.put(&value.to_le_bytes());
    }

    /// Writes 64 bits.
    pub fn i64(&mut self, value: i64) {
        self.put(&value.to_le_bytes());
    }

    /// Writes a float, bit by bit.
    pub fn f64(&mut self, value: f64) {
        self.put(&value.to_bits().to_le_bytes());
    }

    /// Writes a moment that may be absent: one byte, and eight when it is there.
    pub fn moment(&mut self, at: Option<Instant>) {
        self.u8(u8::from(at.is_some()));
        if let Some(at) = at {
            self.i64(at.as_nanos());
        }
    }

    /// Ends the snapshot and gives its length.
    ///
    /// # Errors
    /// [`SnapshotError::NoRoom`] with the length needed; the buffer then holds nothing useful.
    pub fn finish(mut self) -> Result<usize, SnapshotError> {
        let body = u32::try_from(self.len.saturating_sub(HEADER)).unwrap_or(u32::MAX);
        if let Some(length) = self.out.get_mut(8..HEADER) {
            length.copy_from_slice(&body.to_le_bytes());
        }
        let checksum = self.out.get(..self.len).map_or(0, crc32);
        self.put(&checksum.to_le_bytes());
        if self.len <= self.out.len() { Ok(self.len) } else { Err(SnapshotError::NoRoom { needed: self.len }) }
    }
}

/// Reads one snapshot.
pub struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    /// Checks the frame and gives a reader of the body.
    ///
    /// # Errors
    /// Whatever is wrong with the frame. Bytes after it are left alone.
    pub fn new(bytes: &'a [u8], kind: u16, version: u16) -> Result<Self, SnapshotError> {
        let truncated = SnapshotError::Truncated { have: bytes.len() };
        let Some((magic, mut header)) = bytes.split_first_chunk::<4>() else {
            return Err(truncated);
        };
        if *magic != MAGIC {
            return Err(SnapshotError::NotASnapshot);
        }
        let (found_kind, found_version) = (take(&mut header), take(&mut header));
        let (Some(found_kind), Some(found_version), Some(length)) = (found_kind, found_version, take(&mut header))
        else {
            return Err(truncated);
        };
        let (found_kind, found_version) = (u16::from_le_bytes(found_kind), u16::from_le_bytes(found_version));
        if found_kind != kind {
            return Err(SnapshotError::OtherKind { found: found_kind });
        }
        if found_version != version {
            return Err(SnapshotError::OtherVersion { found: found_version });
        }
        let end = usize::try_from(u32::from_le_bytes(length)).ok().and_then(|n| n.checked_add(HEADER));
        let Some((framed, mut tail)) = end.and_then(|end| bytes.split_at_checked(end)) else {
            return Err(truncated);
        };
        let Some(checksum) = take(&mut tail) else {
            return Err(truncated);
        };
        if u32::from_le_bytes(checksum) != crc32(framed) {
            return Err(SnapshotError::Checksum);
        }
        Ok(Self { rest: framed.get(HEADER..).unwrap_or_default() })
    }

    fn next<const N: usize>(&mut self) -> Result<[u8; N], SnapshotError> {
        take(&mut self.rest).ok_or(SnapshotError::Truncated { have: self.rest.len() })
    }

    /// Reads a list of records of `N` bytes.
    ///
    /// # Errors
    /// As [`Reader::u8`].
    pub fn records<const N: usize>(&mut self, count: usize) -> Result<&'a [[u8; N]], SnapshotError> {
        let truncated = SnapshotError::Truncated { have: self.rest.len() };
        let (records, rest) = self.rest.split_at_checked(count.saturating_mul(N)).ok_or(truncated)?;
        self.rest = rest;
        Ok(records.as_chunks().0)
    }

    /// Reads one byte.
    ///
    /// # Errors
    /// [`SnapshotError::Truncated`] at the end of the body, as for the other reads.
    pub fn u8(&mut self) -> Result<u8, SnapshotError> {
        Ok(u8::from_le_bytes(self.next()?))
    }

    /// Reads 16 bits.
    ///
    /// # Errors
    /// As [`Reader::u8`].
    pub fn u16(&mut self) -> Result<u16, SnapshotError> {
        Ok(u16::from_le_bytes(self.next()?))
    }

    /// Reads 32 bits.
    ///
    /// # Errors
    /// As [`Reader::u8`].
    pub fn i32(&mut self) -> Result<i32, SnapshotError> {
        Ok(i32::from_le_bytes(self.next()?))
    }

    /// Reads 64 bits.
    ///
    /// # Errors
    /// As [`Reader::u8`].
    pub fn i64(&mut self) -> Result<i64, SnapshotError> {
        Ok(i64::from_le_bytes(self.next()?))
    }

    /// Reads a float.
    ///
    /// # Errors
    /// As [`Reader::u8`].
    pub fn f64(&mut self) -> Result<f64, SnapshotError> {
        Ok(f64::from_bits(u64::from_le_bytes(self.next()?)))
    }

    /// Reads a byte that is 0 or 1.
    ///
    /// # Errors
    /// As [`Reader::u8`], and [`SnapshotError::BadValue`].
    pub fn flag(&mut self, field: &'static str) -> Result<bool, SnapshotError> {
        match self.u8()? {
            0 => Ok(false),
            1 => Ok(true),
            found => Err(SnapshotError::BadValue { field, found: i64::from(found) }),
        }
    }

    /// Reads what [`Writer::moment`] wrote.
    ///
    /// # Errors
    /// As [`Reader::flag`].
    pub fn moment(&mut self, field: &'static str) -> Result<Option<Instant>, SnapshotError> {
        if self.flag(field)? { Ok(Some(Instant::from_nanos(self.i64()?))) } else { Ok(None) }
    }

    /// The body must end here.
    ///
    /// # Errors
    /// [`SnapshotError::BadValue`] with the number of bytes left.
    pub fn finish(self) -> Result<(), SnapshotError> {
        if self.rest.is_empty() {
            return Ok(());
        }
        let found = i64::try_from(self.rest.len()).unwrap_or(i64::MAX);
        Err(SnapshotError::BadValue { field: "bytes after the last field", found })
    }
}

fn take<const N: usize>(bytes: &mut &[u8]) -> Option<[u8; N]> {
    let (first, rest) = bytes.split_first_chunk::<N>()?;
    *bytes = rest;
    Some(*first)
}

/// CRC-32/ISO-HDLC, bit by bit: snapshots are short and a table would cost a kilobyte of flash.
fn crc32(bytes: &[u8]) -> u32 {
    let mut crc = u32::MAX;
    for byte in bytes {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = (crc >> 1) ^ (0xedb8_8320 & (crc & 1).wrapping_neg());
        }
    }
    !crc
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_the_catalogued_one() {
        // The check value of CRC-32/ISO-HDLC.
        assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
    }

    #[test]
    fn an_empty_body_has_the_documented_bytes() {
        let mut out = [0; FRAME];
        assert_eq!(Writer::new(&mut out, 1, 1).finish(), Ok(FRAME));
        let documented = [0x50, 0x4c, 0x49, 0x4d, 1, 0, 1, 0, 0, 0, 0, 0, 0x4a, 0x0c, 0x78, 0xd1];
        assert_eq!(out, documented);
        assert!(Reader::new(&out, 1, 1).is_ok_and(|r| r.finish().is_ok()));
    }

    #[test]
    fn a_short_buffer_is_told_how_much_is_needed() {
        let mut writer_out = [0; 20];
        let mut writer = Writer::new(&mut writer_out, 1, 1);
        writer.i64(-1);
        assert_eq!(writer.finish(), Err(SnapshotError::NoRoom { needed: FRAME + 8 }));
    }

    #[test]
    fn every_changed_or_missing_byte_is_noticed() {
        let mut out = [0; FRAME + 8];
        let mut writer = Writer::new(&mut out, 1, 1);
        writer.i64(-1);
        assert_eq!(writer.finish(), Ok(FRAME + 8));
        for cut in 0..out.len() {
            assert!(Reader::new(out.get(..cut).unwrap_or_default(), 1, 1).is_err());
        }
        for at in 0..out.len() {
            let mut changed = out;
            if let Some(byte) = changed.get_mut(at) {
                *byte ^= 0x10;
            }
            assert!(Reader::new(&changed, 1, 1).is_err(), "byte {at}");
        }
    }
}
