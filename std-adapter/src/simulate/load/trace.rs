//! Recorded load: a CSV file with a header, a column of times and a column of counts.
//!
//! Every row says how many requests came in one period that starts at the row's time. The count over the period is the
//! rate, and it holds until the next row: where rows are missing the last rate goes on, and [`TraceFacts`] tells how
//! often that was necessary. Times are `YYYY-MM-DD HH:MM[:SS]` or ISO 8601 (UTC unless an offset is written), or plain
//! numbers of seconds, unix time or any other origin; one file keeps to one of these forms.
//!
//! Limits: [`BYTES_MOST`] for a file, [`COUNT_MOST`] for a count, periods from one second to one week.

use std::error::Error;
use std::fmt;

use csv::ByteRecord;
use jiff::{Timestamp, civil, tz::Offset};
use serde::de::{self, Deserialize, Deserializer, Visitor};

/// Largest trace file, bytes.
pub const BYTES_MOST: usize = 64 << 20;

/// Largest count of one period.
pub const COUNT_MOST: f64 = 1e12;

/// Largest factor on a trace.
pub const SCALE_MOST: f64 = 1e6;

const SECOND: i128 = 1_000_000_000;
const WEEK_S: i128 = 7 * 86_400;

/// Rows looked at to find the period.
const ROWS_FOR_PERIOD: usize = 17;

/// A recorded load, as a scenario writes it.
#[derive(Clone, Debug, PartialEq, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Trace {
    /// The file, relative to the scenario's folder.
    pub file: String,
    /// Column of times; the first unless given.
    #[serde(default = "first")]
    pub time: Column,
    /// Column of counts; the second unless given.
    #[serde(default = "second")]
    pub count: Column,
    /// Seconds that one count covers; absent: the most frequent distance among the first rows.
    #[serde(default)]
    pub period_s: Option<u32>,
    /// Time at which the run starts, written as in the file; absent: the first row.
    #[serde(default)]
    pub from: Option<String>,
    /// Time before which the run must end, written as in the file; absent: one period after the last row.
    #[serde(default)]
    pub to: Option<String>,
    /// Factor on every count, 0 to [`SCALE_MOST`].
    #[serde(default = "one")]
    pub scale: f64,
}

/// A column of a trace: by its name in the header, or by its place, counted from 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Column {
    /// Exactly this header.
    Name(String),
    /// The first column is 1.
    Place(u32),
}

const fn first() -> Column {
    Column::Place(1)
}

const fn second() -> Column {
    Column::Place(2)
}

const fn one() -> f64 {
    1.0
}

impl fmt::Display for Column {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => f.write_str(name),
            Self::Place(place) => write!(f, "{place}"),
        }
    }
}

impl<'de> Deserialize<'de> for Column {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;

        impl Visitor<'_> for Either {
            type Value = Column;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a column's name, or its place counted from 1")
            }

            fn visit_u64<E: de::Error>(self, place: u64) -> Result<Column, E> {
                match u32::try_from(place) {
                    Ok(place) if place > 0 => Ok(Column::Place(place)),
                    _ => Err(E::invalid_value(de::Unexpected::Unsigned(place), &self)),
                }
            }

            fn visit_str<E: de::Error>(self, name: &str) -> Result<Column, E> {
                Ok(Column::Name(name.to_owned()))
            }
        }

        deserializer.deserialize_any(Either)
    }
}

/// What reading a trace found.
#[derive(Clone, Debug, PartialEq)]
pub struct TraceFacts {
    /// The file as the scenario names it.
    pub file: String,
    /// Rows in use, after the cut.
    pub rows: usize,
    /// Seconds that one count covers.
    pub period_s: f64,
    /// Places where at least one row is missing.
    pub gaps: usize,
    /// Periods without a row, filled with the last value.
    pub filled_periods: u64,
    /// Rows whose distance to the one before is no whole number of periods.
    pub off_beat: usize,
    /// Largest rate in use, requests per second, after scaling.
    pub greatest_rps: f64,
}

/// Why a trace cannot be used, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TraceError {
    /// The file as the scenario names it.
    pub file: String,
    /// Line of the file, counted from 1; 0 when no line is to blame.
    pub line: u64,
    /// The column's name in the header; empty when no column is to blame.
    pub column: String,
    /// The text that stands there, shortened; may be empty.
    pub value: String,
    /// What is wrong with it.
    pub problem: Problem,
}

/// What can be wrong with a trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Problem {
    /// More than [`BYTES_MOST`].
    FileTooLarge,
    /// Not even a header.
    Empty,
    /// The header has no such column.
    NoColumn,
    /// The header has this name twice.
    ColumnTwice,
    /// No UTF-8.
    NotUtf8,
    /// The row ends before this column, or nothing stands in it.
    Missing,
    /// Neither a date and time nor a number of seconds.
    NotATime,
    /// A time in another form than the first row's.
    OtherForm,
    /// Not later than the row before.
    NotLater,
    /// Not a number.
    NotANumber,
    /// NaN or infinite.
    NotFinite,
    /// Below 0.
    Negative,
    /// Above [`COUNT_MOST`].
    TooLarge,
    /// A header and no row.
    NoRows,
    /// One row says nothing about the period.
    OneRow,
    /// The period is not between one second and one week.
    Period,
    /// The cut starts before the first row.
    FromTooEarly,
    /// The cut ends after the last row's period.
    ToTooLate,
    /// The cut ends before it starts.
    NothingLeft,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::FileTooLarge => "the file has more than 64 MiB",
            Self::Empty => "the file has no header",
            Self::NoColumn => "the header has no such column",
            Self::ColumnTwice => "the header has this column twice",
            Self::NotUtf8 => "is not UTF-8",
            Self::Missing => "has no value",
            Self::NotATime => "is neither YYYY-MM-DD HH:MM[:SS] nor a number of seconds",
            Self::OtherForm => "is written differently from the first row's time",
            Self::NotLater => "is not later than the row before",
            Self::NotANumber => "is not a number",
            Self::NotFinite => "is not finite",
            Self::Negative => "is negative",
            Self::TooLarge => "is above 10¹²",
            Self::NoRows => "the file has no row after its header",
            Self::OneRow => "one row does not tell the period: give period_s",
            Self::Period => "the period must be one second to one week",
            Self::FromTooEarly => "is before the first row",
            Self::ToTooLate => "is after the last row's period",
            Self::NothingLeft => "leaves nothing of the trace",
        })
    }
}

impl fmt::Display for TraceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "trace {}", self.file)?;
        if self.line > 0 {
            write!(f, ", line {}", self.line)?;
        }
        if !self.column.is_empty() {
            write!(f, ", column {}", self.column)?;
        }
        if self.value.is_empty() {
            write!(f, ": {}", self.problem)
        } else {
            write!(f, ": {:?} {}", self.value, self.problem)
        }
    }
}

impl Error for TraceError {}

/// A trace that has been read and cut.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Recorded {
    /// Start of each row in nanoseconds of the file's own time, and its rate.
    rows: Vec<(i128, f64)>,
    start: i128,
    end: i128,
    pub(super) facts: TraceFacts,
}

impl Recorded {
    /// Whole seconds from the start of the cut to its end.
    pub(super) fn length_s(&self) -> u64 {
        u64::try_from((self.end - self.start) / SECOND).unwrap_or(0)
    }

    /// The rate at the middle of each of the first `duration_s` seconds.
    pub(super) fn rates(&self, duration_s: u32) -> Vec<f64> {
        let mut at = 0;
        (0..duration_s)
            .map(|second| {
                let middle = self.start + i128::from(second) * SECOND + SECOND / 2;
                while self.rows.get(at + 1).is_some_and(|(start, _)| *start <= middle) {
                    at += 1;
                }
                self.rows.get(at).map_or(0.0, |(_, rate)| *rate)
            })
            .collect()
    }
}

impl Trace {
    /// The whole of a file with its times first and its counts second.
    #[must_use]
    pub const fn of_file(file: String) -> Self {
        Self { file, time: first(), count: second(), period_s: None, from: None, to: None, scale: one() }
    }

    /// Whole seconds of the part in use: the longest run that it carries.
    ///
    /// # Errors
    /// When the file cannot be read, or is no trace.
    pub fn length_s(&self, files: &mut super::Files<'_>) -> Result<u64, super::LoadError> {
        let text = files(&self.file).map_err(|error| super::LoadError::File { file: self.file.clone(), error })?;
        Ok(self.read(&text).map_err(super::LoadError::Trace)?.length_s())
    }

    /// Reads the file's bytes.
    pub(super) fn read(&self, bytes: &[u8]) -> Result<Recorded, TraceError> {
        if bytes.len() > BYTES_MOST {
            return Err(self.whole(Problem::FileTooLarge));
        }
        let (rows, form) = self.rows(bytes)?;
        let period = self.period(&rows)?;
        let (Some((first, _)), Some((last, _))) = (rows.first(), rows.last()) else {
            return Err(self.whole(Problem::NoRows));
        };
        let start = self.cut("from", self.from.as_deref(), form, *first)?;
        let end = self.cut("to", self.to.as_deref(), form, last + period)?;
        let complain = |column: &str, text: &Option<String>, problem| TraceError {
            column: column.to_owned(),
            value: shortened(text.as_deref().unwrap_or_default()),
            ..self.whole(problem)
        };
        if start < *first {
            return Err(complain("from", &self.from, Problem::FromTooEarly));
        }
        if end > last + period {
            return Err(complain("to", &self.to, Problem::ToTooLate));
        }
        if end <= start {
            return Err(complain("to", &self.to, Problem::NothingLeft));
        }
        Ok(self.recorded(&rows, period, start, end))
    }

    /// Turns counts into rates between `start` and `end`, counting what had to be filled in.
    fn recorded(&self, rows: &[(i128, f64)], period: i128, start: i128, end: i128) -> Recorded {
        let period_s = period as f64 / 1e9;
        // The row that holds at `start` may begin before it.
        let from = rows.partition_point(|(at, _)| *at <= start).saturating_sub(1);
        let to = rows.partition_point(|(at, _)| *at < end);
        let used = rows.get(from..to).unwrap_or_default();
        let mut facts = TraceFacts {
            file: self.file.clone(),
            rows: used.len(),
            period_s,
            gaps: 0,
            filled_periods: 0,
            off_beat: 0,
            greatest_rps: 0.0,
        };
        let ends = used.iter().skip(1).map(|(at, _)| *at).chain([end]);
        for (index, ((at, count), until)) in used.iter().zip(ends).enumerate() {
            let distance = until - at;
            let last = index + 1 == used.len();
            facts.off_beat += usize::from(!last && distance % period != 0);
            // Half a period late is a late row; more is a missing one.
            let missing = (distance - period / 2 - 1).max(0) / period;
            facts.gaps += usize::from(missing > 0);
            facts.filled_periods += u64::try_from(missing).unwrap_or(0);
            facts.greatest_rps = facts.greatest_rps.max(count / period_s * self.scale);
        }
        Recorded {
            rows: used.iter().map(|(at, count)| (*at, count / period_s * self.scale)).collect(),
            start,
            end,
            facts,
        }
    }

    fn rows(&self, bytes: &[u8]) -> Result<(Vec<(i128, f64)>, Form), TraceError> {
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        // Rows of any length are let through here: a short one gets our own message, with its column.
        let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(bytes);
        let mut record = ByteRecord::new();
        if !self.next(&mut reader, &mut record)? {
            return Err(self.whole(Problem::Empty));
        }
        let header = record.clone();
        let time = self.place(&header, &self.time)?;
        let count = self.place(&header, &self.count)?;
        let mut rows: Vec<(i128, f64)> = Vec::new();
        let mut form = Form::Number;
        while self.next(&mut reader, &mut record)? {
            let line = record.position().map_or(0, |position| line(bytes, position));
            let blame = |place: usize, value: &[u8], problem| TraceError {
                file: self.file.clone(),
                line,
                column: String::from_utf8_lossy(header.get(place).unwrap_or_default()).into_owned(),
                value: shortened(&String::from_utf8_lossy(value)),
                problem,
            };
            let text = |place: usize| {
                let value = record.get(place).unwrap_or_default().trim_ascii();
                match str::from_utf8(value) {
                    Ok("") => Err(blame(place, value, Problem::Missing)),
                    Ok(text) => Ok(text),
                    Err(_) => Err(blame(place, value, Problem::NotUtf8)),
                }
            };
            let written = text(time)?;
            if rows.is_empty() {
                form = Form::of(written);
            }
            let at = form.read(written).map_err(|problem| blame(time, written.as_bytes(), problem))?;
            if rows.last().is_some_and(|(before, _)| at <= *before) {
                return Err(blame(time, written.as_bytes(), Problem::NotLater));
            }
            let written = text(count)?;
            let number = counted(written).map_err(|problem| blame(count, written.as_bytes(), problem))?;
            rows.push((at, number));
        }
        Ok((rows, form))
    }

    fn next(&self, reader: &mut csv::Reader<&[u8]>, record: &mut ByteRecord) -> Result<bool, TraceError> {
        // Reading bytes from memory with rows of any length has no way to fail; if it does, the file is to blame.
        reader.read_byte_record(record).map_err(|_| self.whole(Problem::NotUtf8))
    }

    fn place(&self, header: &ByteRecord, column: &Column) -> Result<usize, TraceError> {
        let blame = |problem| TraceError { line: 1, column: column.to_string(), ..self.whole(problem) };
        let mut found = match column {
            Column::Place(place) => {
                let index = usize::try_from(*place).unwrap_or(usize::MAX).wrapping_sub(1);
                return if index < header.len() { Ok(index) } else { Err(blame(Problem::NoColumn)) };
            }
            Column::Name(name) => (0..header.len())
                .filter(move |index| header.get(*index).is_some_and(|cell| cell.trim_ascii() == name.as_bytes())),
        };
        let index = found.next().ok_or_else(|| blame(Problem::NoColumn))?;
        match found.next() {
            None => Ok(index),
            Some(_) => Err(blame(Problem::ColumnTwice)),
        }
    }

    /// The period in nanoseconds: as given, or the most frequent distance among the first rows, the shortest of several.
    fn period(&self, rows: &[(i128, f64)]) -> Result<i128, TraceError> {
        let period = match self.period_s {
            Some(seconds) => i128::from(seconds) * SECOND,
            None if rows.is_empty() => return Err(self.whole(Problem::NoRows)),
            None => {
                let mut distances: Vec<i128> = rows
                    .windows(2)
                    .take(ROWS_FOR_PERIOD - 1)
                    .filter_map(|two| Some(two.last()?.0 - two.first()?.0))
                    .collect();
                distances.sort_unstable();
                let runs = distances.chunk_by(|a, b| a == b);
                let longest = runs.fold(&[] as &[i128], |best, run| if run.len() > best.len() { run } else { best });
                *longest.first().ok_or_else(|| self.whole(Problem::OneRow))?
            }
        };
        if (SECOND..=WEEK_S * SECOND).contains(&period) {
            return Ok(period);
        }
        Err(TraceError { column: "period_s".to_owned(), ..self.whole(Problem::Period) })
    }

    fn cut(&self, name: &str, text: Option<&str>, form: Form, otherwise: i128) -> Result<i128, TraceError> {
        let Some(text) = text else {
            return Ok(otherwise);
        };
        form.read(text).map_err(|problem| TraceError {
            column: name.to_owned(),
            value: shortened(text),
            ..self.whole(problem)
        })
    }

    fn whole(&self, problem: Problem) -> TraceError {
        TraceError { file: self.file.clone(), line: 0, column: String::new(), value: String::new(), problem }
    }
}

/// How a file writes its times.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Number,
    Date,
}

impl Form {
    fn of(text: &str) -> Self {
        if seconds(text).is_some() { Self::Number } else { Self::Date }
    }

    /// Nanoseconds since the origin of this form.
    fn read(self, text: &str) -> Result<i128, Problem> {
        match (self, seconds(text), date(text)) {
            (Self::Number, Some(at), _) | (Self::Date, None, Some(at)) => Ok(at),
            (Self::Number, None, Some(_)) | (Self::Date, Some(_), _) => Err(Problem::OtherForm),
            (_, None, None) => Err(Problem::NotATime),
        }
    }
}

/// The line on which a record stands: the reader's position is before the empty lines that it skips.
fn line(bytes: &[u8], position: &csv::Position) -> u64 {
    let rest = usize::try_from(position.byte()).ok().and_then(|start| bytes.get(start..)).unwrap_or_default();
    let skipped = rest.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).filter(|byte| **byte == b'\n');
    position.line() + skipped.count() as u64
}

/// A number of seconds, as nanoseconds; whole ones exactly.
fn seconds(text: &str) -> Option<i128> {
    /// The year 33,658 in unix time; beyond it a number is no time in seconds.
    const MOST: f64 = 1e12;
    if let Ok(whole) = text.parse::<i64>() {
        return (whole.unsigned_abs() <= 1_000_000_000_000).then(|| i128::from(whole) * SECOND);
    }
    let number: f64 = text.parse().ok()?;
    (number.abs() <= MOST).then(|| libm::round(number * 1e9) as i128)
}

/// A date and time, as nanoseconds of unix time; without an offset it is UTC.
fn date(text: &str) -> Option<i128> {
    let moment = text.parse::<Timestamp>().ok();
    let moment = moment.or_else(|| Offset::UTC.to_timestamp(text.parse::<civil::DateTime>().ok()?).ok())?;
    Some(moment.as_nanosecond())
}

fn counted(text: &str) -> Result<f64, Problem> {
    let number: f64 = text.parse().map_err(|_| Problem::NotANumber)?;
    if !number.is_finite() {
        Err(Problem::NotFinite)
    } else if number < 0.0 {
        Err(Problem::Negative)
    } else if number > COUNT_MOST {
        Err(Problem::TooLarge)
    } else {
        Ok(number)
    }
}

/// Enough of a value to find it, not so much that it floods a terminal.
fn shortened(text: &str) -> String {
    const MOST: usize = 40;
    let mut short: String = text.chars().take(MOST).collect();
    if text.chars().nth(MOST).is_some() {
        short.push('…');
    }
    short
}

#[cfg(test)]
mod tests;
