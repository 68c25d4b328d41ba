//! What is wrong with a configuration: which field, which number, which limit.

use core::fmt;

/// A configuration that cannot be built.
///
/// Plain data, so that it can be returned from `const` constructors and handed through a C interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConfigError {
    /// The field, by its name in this crate: `max`, `period`, `target`.
    pub field: &'static str,
    /// The number that was given; floats are given in thousandths, spans in nanoseconds.
    pub given: i64,
    /// What is asked of it.
    pub problem: Problem,
}

/// What a [`ConfigError`] asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Problem {
    /// At least this.
    AtLeast(i64),
    /// At most this.
    AtMost(i64),
    /// More than this, not just as much.
    MoreThan(i64),
    /// A multiple of this.
    MultipleOf(i64),
    /// At least one entry.
    Empty,
    /// A finite number.
    NotFinite,
    /// Another kind of target for this kind of metric.
    WrongTarget,
    /// Not readable at the character that is given, counted from 1.
    Unreadable,
    /// The entry of that number, counted from 0, begins after the end of the one before it.
    Gap,
    /// The entry of that number, counted from 0, begins before the end of the one before it.
    Overlap,
    /// The entry of that number, counted from 0, needs a bound, or one further out, on one side.
    Open,
    /// Does not go with the other fields.
    NotTogether,
    /// The capacity of the history is smaller than the policy needs.
    Capacity {
        /// Entries needed.
        needed: u32,
    },
}

impl ConfigError {
    pub(crate) const fn new(field: &'static str, given: i64, problem: Problem) -> Self {
        Self { field, given, problem }
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { field, given, problem } = self;
        match problem {
            Problem::AtLeast(least) => write!(f, "{field} is {given}, must be at least {least}"),
            Problem::AtMost(most) => write!(f, "{field} is {given}, must be at most {most}"),
            Problem::MoreThan(bound) => write!(f, "{field} is {given}, must be more than {bound}"),
            Problem::MultipleOf(unit) => write!(f, "{field} is {given}, must be a multiple of {unit}"),
            Problem::Empty => write!(f, "{field} is empty, must have at least one entry"),
            Problem::NotFinite => write!(f, "{field} is not a finite number"),
            Problem::WrongTarget => {
                write!(f, "{field} is of a kind that this metric does not take")
            }
            Problem::Unreadable => write!(f, "{field} cannot be read at character {given}"),
            Problem::Gap => write!(f, "{field} number {given} leaves a gap after the one before it"),
            Problem::Overlap => write!(f, "{field} number {given} overlaps the one before it"),
            Problem::Open => write!(f, "{field} number {given} is bounded on the wrong sides"),
            Problem::NotTogether => write!(f, "{field} is {given}, which does not go with the other fields"),
            Problem::Capacity { needed } => {
                write!(f, "{field} has room for {given} entries, the policy needs {needed}")
            }
        }
    }
}

impl core::error::Error for ConfigError {}
