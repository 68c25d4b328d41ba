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
            Problem::Capacity { needed } => {
                write!(f, "{field} has room for {given} entries, the policy needs {needed}")
            }
        }
    }
}

impl core::error::Error for ConfigError {}
