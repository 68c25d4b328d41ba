//! The one complaint about a number in a scenario: which field, which value, what it may be.

use std::error::Error;
use std::fmt::{self, Display};

/// A value that a scenario cannot have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadValue {
    /// Path of the field, e.g. `load[0].spike.duration_s`.
    pub field: String,
    /// The value as it was understood.
    pub value: String,
    /// What it should be.
    pub why: String,
}

impl BadValue {
    pub(super) fn new(field: impl Into<String>, value: impl Display, why: impl Into<String>) -> Self {
        Self { field: field.into(), value: value.to_string(), why: why.into() }
    }
}

impl Display for BadValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} is {}: {}", self.field, self.value, self.why)
    }
}

impl Error for BadValue {}

/// Refuses what is not in `low..=high`; NaN is in no range.
pub(super) fn within<T: PartialOrd + Display>(field: &str, value: T, low: T, high: T) -> Result<(), BadValue> {
    if (&low..=&high).contains(&&value) {
        return Ok(());
    }
    Err(BadValue::new(field, value, format!("must be {low} to {high}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ends_belong_to_a_range_and_nan_to_none() {
        assert_eq!(within("a", 1, 1, 3), Ok(()));
        assert_eq!(within("a", 3, 1, 3), Ok(()));
        let error = within("a.b_s", 4, 1, 3).expect_err("above");
        assert_eq!(error.to_string(), "a.b_s is 4: must be 1 to 3");
        assert!(within("a", f64::NAN, 0.0, 1.0).is_err());
        assert!(within("a", -0.5, 0.0, 1.0).is_err());
    }
}
