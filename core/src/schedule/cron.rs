//! Cron expressions as sets of bits, read when a policy is built; asking them costs no more than a few shifts.

use super::civil::{Civil, MINUTES_A_DAY, Zone, date_of, day_of, weekday};
use crate::error::{ConfigError, Problem};

/// A cron expression: minute, hour, day of the month, month, day of the week, and in AWS's form the year.
///
/// A field is `*` or a list of numbers, ranges `a-b` and steps `a-b/n`, `*/n`, `a/n` (from `a` on); months and days of
/// the week also by their three letters. A day matches when both its fields do where one of them is `*`, and when
/// either does where both are restricted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cron {
    minute: u64,
    hour: u32,
    day: u32,
    month: u16,
    weekday: u8,
    years: Option<Set>,
    any_day: bool,
    any_weekday: bool,
}

const _: () = assert!(size_of::<Cron>() <= 80, "half of it are the years");

/// Years that AWS takes.
const YEARS: (u32, u32) = (1970, 2199);
/// Years that are looked through: 29 February on one day of the week comes again after 40 at the latest, across 2100.
const HORIZON: i32 = 40;
/// Minutes of the wall clock that may lead to moments already passed, when the clock is set back: more than a day.
const REPEATED: u32 = 4096;

const MONTHS: &[u8] = b"JANFEBMARAPRMAYJUNJULAUGSEPOCTNOVDEC";
const WEEKDAYS: &[u8] = b"SUNMONTUEWEDTHUFRISAT";

impl Cron {
    /// Five fields, as cron, EC2, KEDA, Nomad have them; Sunday is 0 or 7, `?` is `*` in both fields of the day.
    ///
    /// # Errors
    /// Names the field, and the number that is out of range or the character that cannot be read, counted from 1.
    pub const fn new(text: &str) -> Result<Self, ConfigError> {
        Self::parse(text, false)
    }

    /// Six fields with the year, as Application Auto Scaling has them (without `cron()` around); Sunday is 1.
    /// `L`, `W` and `#` are refused.
    ///
    /// # Errors
    /// As [`Cron::new`].
    pub const fn with_year(text: &str) -> Result<Self, ConfigError> {
        Self::parse(text, true)
    }

    const fn parse(text: &str, aws: bool) -> Result<Self, ConfigError> {
        let cursor = Cursor { rest: text.as_bytes(), at: 1 };
        let (minute, cursor) = match field(cursor, Spec::new("minute", 0, 59)) {
            Ok(read) => read,
            Err(error) => return Err(error),
        };
        let (hour, cursor) = match field(cursor, Spec::new("hour", 0, 23)) {
            Ok(read) => read,
            Err(error) => return Err(error),
        };
        let (day, cursor) = match field(cursor, Spec { query: true, ..Spec::new("day of month", 1, 31) }) {
            Ok(read) => read,
            Err(error) => return Err(error),
        };
        let (month, cursor) = match field(cursor, Spec { names: MONTHS, ..Spec::new("month", 1, 12) }) {
            Ok(read) => read,
            Err(error) => return Err(error),
        };
        let (low, end) = if aws { (1, 7) } else { (0, 6) };
        let spec = Spec { query: true, names: WEEKDAYS, end, ..Spec::new("day of week", low, 7) };
        let (weekday, cursor) = match field(cursor, spec) {
            Ok(read) => read,
            Err(error) => return Err(error),
        };
        let (years, cursor) = if aws {
            match field(cursor, Spec::new("year", YEARS.0, YEARS.1)) {
                Ok((years, cursor)) if years.any => (None, cursor),
                Ok((years, cursor)) => (Some(years.set), cursor),
                Err(error) => return Err(error),
            }
        } else {
            (None, cursor)
        };
        let cursor = cursor.skip_spaces();
        if !cursor.rest.is_empty() {
            return Err(cursor.unreadable("cron"));
        }
        let bits = weekday.set.low as u8;
        Ok(Self {
            minute: minute.set.low as u64,
            hour: hour.set.low as u32,
            day: day.set.low as u32,
            month: month.set.low as u16,
            // Sunday is bit 0: AWS counts from 1, cron has it at both ends.
            weekday: if aws { bits >> 1 } else { (bits | bits >> 7) & 0x7f },
            years,
            any_day: day.any,
            any_weekday: weekday.any,
        })
    }

    /// Whether both match at the same minutes, whatever their texts.
    pub(super) const fn same(&self, other: &Self) -> bool {
        let years = match (self.years, other.years) {
            (None, None) => true,
            (Some(a), Some(b)) => a.low == b.low && a.high == b.high,
            _ => false,
        };
        let (and, other_and) = (self.any_day || self.any_weekday, other.any_day || other.any_weekday);
        years
            && self.minute == other.minute
            && self.hour == other.hour
            && self.day == other.day
            && self.month == other.month
            && self.weekday == other.weekday
            && and == other_and
    }

    /// Whether the minute matches. O(1).
    #[must_use]
    pub fn matches(&self, at: Civil) -> bool {
        let day = day_of(at.year, at.month, at.day);
        bit(self.minute, u32::from(at.minute))
            && bit(u64::from(self.hour), u32::from(at.hour))
            && self.takes_year(at.year)
            && self.takes_month(at.month)
            && self.takes_day(at.day, weekday(day))
    }

    fn takes_year(&self, year: i32) -> bool {
        self.years.is_none_or(|years| {
            let since = u32::try_from(year).ok().and_then(|year| year.checked_sub(YEARS.0));
            since.is_some_and(|since| years.has(since))
        })
    }

    fn takes_month(&self, month: u8) -> bool {
        bit(u64::from(self.month), u32::from(month))
    }

    fn takes_day(&self, day: u8, weekday: u8) -> bool {
        let day = bit(u64::from(self.day), u32::from(day));
        let weekday = bit(u64::from(self.weekday), u32::from(weekday));
        if self.any_day || self.any_weekday { day && weekday } else { day || weekday }
    }

    /// The first match after a minute; `None` when none comes in 40 years. O(days in between), months that do not
    /// match are skipped.
    #[must_use]
    pub fn next(&self, after: Civil) -> Option<Civil> {
        self.next_minute(after.minutes()).map(Civil::from_minutes)
    }

    /// The last match before a minute; `None` when there was none in 40 years.
    #[must_use]
    pub fn prev(&self, before: Civil) -> Option<Civil> {
        self.prev_minute(before.minutes()).map(Civil::from_minutes)
    }

    fn next_minute(&self, after: i64) -> Option<i64> {
        let from = after.saturating_add(1);
        let mut day = from.div_euclid(MINUTES_A_DAY);
        let mut earliest = u32::try_from(from.rem_euclid(MINUTES_A_DAY)).unwrap_or(0);
        let last = date_of(day).0.saturating_add(HORIZON);
        let last = if self.years.is_some() { last.max(YEARS.1.cast_signed()) } else { last };
        loop {
            let (year, month, date) = date_of(day);
            let next = if year > last {
                return None;
            } else if !self.takes_year(year) {
                day_of(year.saturating_add(1), 1, 1)
            } else if !self.takes_month(month) {
                if month < 12 { day_of(year, month.saturating_add(1), 1) } else { day_of(year.saturating_add(1), 1, 1) }
            } else {
                let time = self.takes_day(date, weekday(day)).then(|| self.time_from(earliest)).flatten();
                if let Some(minute) = time {
                    return Some(day.saturating_mul(MINUTES_A_DAY).saturating_add(i64::from(minute)));
                }
                day.saturating_add(1)
            };
            // Days are far from the ends of 64 bits; should they ever stand still, so do we.
            if next <= day {
                return None;
            }
            (day, earliest) = (next, 0);
        }
    }

    fn prev_minute(&self, before: i64) -> Option<i64> {
        let until = before.saturating_sub(1);
        let mut day = until.div_euclid(MINUTES_A_DAY);
        let mut latest = u32::try_from(until.rem_euclid(MINUTES_A_DAY)).unwrap_or(0);
        let first = date_of(day).0.saturating_sub(HORIZON);
        let first = if self.years.is_some() { first.min(YEARS.0.cast_signed()) } else { first };
        loop {
            let (year, month, date) = date_of(day);
            let next = if year < first {
                return None;
            } else if !self.takes_year(year) {
                day_of(year, 1, 1).saturating_sub(1)
            } else if !self.takes_month(month) {
                day_of(year, month, 1).saturating_sub(1)
            } else {
                let time = self.takes_day(date, weekday(day)).then(|| self.time_until(latest)).flatten();
                if let Some(minute) = time {
                    return Some(day.saturating_mul(MINUTES_A_DAY).saturating_add(i64::from(minute)));
                }
                day.saturating_sub(1)
            };
            if next >= day {
                return None;
            }
            (day, latest) = (next, 1439);
        }
    }

    /// The first matching minute of a day from `earliest` on.
    fn time_from(&self, earliest: u32) -> Option<u32> {
        let (hour, minute) = (earliest / 60, earliest % 60);
        let hours = u64::from(self.hour);
        if bit(hours, hour)
            && let Some(minute) = lowest(self.minute & from_bit(minute))
        {
            return Some(hour.saturating_mul(60).saturating_add(minute));
        }
        let hour = lowest(hours & from_bit(hour.saturating_add(1)))?;
        Some(hour.saturating_mul(60).saturating_add(lowest(self.minute)?))
    }

    /// The last matching minute of a day up to `latest`.
    fn time_until(&self, latest: u32) -> Option<u32> {
        let (hour, minute) = (latest / 60, latest % 60);
        let hours = u64::from(self.hour);
        if bit(hours, hour)
            && let Some(minute) = highest(self.minute & !from_bit(minute.saturating_add(1)))
        {
            return Some(hour.saturating_mul(60).saturating_add(minute));
        }
        let hour = highest(hours & !from_bit(hour))?;
        Some(hour.saturating_mul(60).saturating_add(highest(self.minute)?))
    }

    /// The first firing after a Unix time, in seconds, where `offset` gives the seconds east of UTC at a Unix time.
    ///
    /// A time that the clock skips fires at the first instant after the gap, one that it repeats the first time only.
    #[must_use]
    pub fn next_firing(&self, after: i64, offset: &dyn Fn(i64) -> i32) -> Option<i64> {
        let zone = Zone(offset);
        let mut minute = after.saturating_add(zone.at(after)).div_euclid(60);
        for _ in 0..REPEATED {
            minute = self.next_minute(minute)?;
            let firing = zone.unix(minute.saturating_mul(60));
            if firing > after {
                return Some(firing);
            }
        }
        None
    }

    /// The last firing at a Unix time or before, as [`Cron::next_firing`].
    #[must_use]
    pub fn last_firing(&self, at: i64, offset: &dyn Fn(i64) -> i32) -> Option<i64> {
        let zone = Zone(offset);
        let day = super::civil::SECONDS_A_DAY;
        // When the clock was set back lately, local times ahead of the present one have fired already.
        let around = [at, at.saturating_sub(day), at.saturating_add(day)].map(|unix| zone.at(unix));
        let ahead = around.into_iter().max().unwrap_or(0);
        let mut minute = at.saturating_add(ahead).div_euclid(60).saturating_add(1);
        for _ in 0..REPEATED {
            minute = self.prev_minute(minute)?;
            let firing = zone.unix(minute.saturating_mul(60));
            if firing <= at {
                return Some(firing);
            }
        }
        None
    }
}

fn bit(set: u64, number: u32) -> bool {
    set.checked_shr(number).unwrap_or(0) & 1 == 1
}

fn from_bit(number: u32) -> u64 {
    u64::MAX.checked_shl(number).unwrap_or(0)
}

fn lowest(set: u64) -> Option<u32> {
    (set != 0).then(|| set.trailing_zeros())
}

fn highest(set: u64) -> Option<u32> {
    set.checked_ilog2()
}

/// 256 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Set {
    low: u128,
    high: u128,
}

impl Set {
    const fn with(self, number: u32) -> Self {
        let bit = 1_u128.wrapping_shl(number);
        if number < 128 { Self { low: self.low | bit, ..self } } else { Self { high: self.high | bit, ..self } }
    }

    const fn has(self, number: u32) -> bool {
        let half = if number < 128 { self.low } else { self.high };
        number < 256 && half.wrapping_shr(number) & 1 == 1
    }
}

/// What a field may hold.
#[derive(Clone, Copy)]
struct Spec {
    name: &'static str,
    low: u32,
    high: u32,
    /// Where `*` and `a/n` end: 7 is Sunday again.
    end: u32,
    names: &'static [u8],
    query: bool,
}

impl Spec {
    const fn new(name: &'static str, low: u32, high: u32) -> Self {
        Self { name, low, high, end: high, names: &[], query: false }
    }

    /// The bit of a number: years count from the first one.
    const fn bit(self, number: u32) -> u32 {
        if self.low == YEARS.0 { number.saturating_sub(self.low) } else { number }
    }

    /// The number of a name in a list of three letters each; the first has the lowest number.
    const fn named(self, name: [u8; 3]) -> Option<u32> {
        let (mut rest, mut number) = (self.names, self.low);
        while let [a, b, c, others @ ..] = rest {
            let same = name[0].eq_ignore_ascii_case(a) && name[1].eq_ignore_ascii_case(b);
            if same && name[2].eq_ignore_ascii_case(c) {
                return Some(number);
            }
            number = number.saturating_add(1);
            rest = others;
        }
        None
    }

    const fn check(self, number: u32) -> Result<u32, ConfigError> {
        if number < self.low {
            return Err(ConfigError::new(self.name, number as i64, Problem::AtLeast(self.low as i64)));
        }
        if number > self.high {
            return Err(ConfigError::new(self.name, number as i64, Problem::AtMost(self.high as i64)));
        }
        Ok(number)
    }
}

/// The text from a character on, which is counted from 1.
#[derive(Clone, Copy)]
struct Cursor<'a> {
    rest: &'a [u8],
    at: i64,
}

impl Cursor<'_> {
    const fn peek(self) -> u8 {
        match self.rest {
            [first, ..] => *first,
            [] => 0,
        }
    }

    const fn step(self) -> Self {
        match self.rest {
            [_, rest @ ..] => Self { rest, at: self.at.saturating_add(1) },
            [] => self,
        }
    }

    const fn skip_spaces(self) -> Self {
        let mut cursor = self;
        while cursor.peek().is_ascii_whitespace() {
            cursor = cursor.step();
        }
        cursor
    }

    const fn unreadable(self, field: &'static str) -> ConfigError {
        ConfigError::new(field, self.at, Problem::Unreadable)
    }
}

/// A field that was read.
struct Field {
    set: Set,
    /// It is `*`: the other field of the day alone decides.
    any: bool,
}

/// Reads one field; a space or the end must follow.
const fn field(cursor: Cursor<'_>, spec: Spec) -> Result<(Field, Cursor<'_>), ConfigError> {
    let mut cursor = cursor.skip_spaces();
    let mut field = Field { set: Set { low: 0, high: 0 }, any: false };
    loop {
        let star = cursor.peek() == b'*' || (spec.query && cursor.peek() == b'?');
        let (from, mut to, single);
        if star {
            (from, to, single) = (spec.low, spec.end, false);
            cursor = cursor.step();
        } else {
            (from, cursor) = match number(cursor, spec) {
                Ok(read) => read,
                Err(error) => return Err(error),
            };
            if cursor.peek() == b'-' {
                (to, cursor) = match number(cursor.step(), spec) {
                    Ok(read) => read,
                    Err(error) => return Err(error),
                };
                single = false;
                if to < from {
                    return Err(ConfigError::new(spec.name, to as i64, Problem::AtLeast(from as i64)));
                }
            } else {
                (to, single) = (from, true);
            }
        }
        let mut by = 1;
        if cursor.peek() == b'/' {
            (by, cursor) = match digits(cursor.step(), spec) {
                Ok(read) => read,
                Err(error) => return Err(error),
            };
            if by == 0 {
                return Err(ConfigError::new(spec.name, 0, Problem::AtLeast(1)));
            }
            if single && to < spec.end {
                to = spec.end;
            }
        }
        field.any |= star && by == 1;
        let mut at = from;
        while at <= to {
            field.set = field.set.with(spec.bit(at));
            at = at.saturating_add(by);
        }
        match cursor.peek() {
            b',' => cursor = cursor.step(),
            0 if cursor.rest.is_empty() => return Ok((field, cursor)),
            space if space.is_ascii_whitespace() => return Ok((field, cursor)),
            _ => return Err(cursor.unreadable(spec.name)),
        }
    }
}

/// A number or a name within the field's range.
const fn number(cursor: Cursor<'_>, spec: Spec) -> Result<(u32, Cursor<'_>), ConfigError> {
    let read = match cursor.rest {
        [a, b, c, ..] => spec.named([*a, *b, *c]),
        _ => None,
    };
    let (number, cursor) = match read {
        Some(number) => (number, cursor.step().step().step()),
        None => match digits(cursor, spec) {
            Ok(read) => read,
            Err(error) => return Err(error),
        },
    };
    match spec.check(number) {
        Ok(number) => Ok((number, cursor)),
        Err(error) => Err(error),
    }
}

const fn digits(cursor: Cursor<'_>, spec: Spec) -> Result<(u32, Cursor<'_>), ConfigError> {
    let (mut number, mut cursor) = (0_u32, cursor);
    if !cursor.peek().is_ascii_digit() {
        return Err(cursor.unreadable(spec.name));
    }
    while cursor.peek().is_ascii_digit() {
        let digit = cursor.peek().wrapping_sub(b'0') as u32;
        number = number.saturating_mul(10).saturating_add(digit);
        cursor = cursor.step();
    }
    Ok((number, cursor))
}
