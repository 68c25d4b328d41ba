//! Why a scenario cannot be run, in words that lead to the place.

use std::error::Error;
use std::fmt;

use super::super::load::LoadError;
use super::super::value::BadValue;
use super::{BYTES_MOST, Plan};

/// Why a scenario cannot be run.
#[derive(Debug)]
pub enum ScenarioError {
    /// More than [`BYTES_MOST`].
    TooLarge {
        /// The text's bytes.
        bytes: usize,
    },
    /// No field or load shape has this name.
    Unknown {
        /// Line of the file, counted from 1.
        line: u64,
        /// The name.
        name: String,
        /// The known name that is most like it, when one is.
        near: Option<&'static str>,
        /// All names that are known there.
        known: Vec<&'static str>,
    },
    /// A required field is absent.
    Missing {
        /// Line at which the section ends, counted from 1; 0 when the file is empty.
        line: u64,
        /// The field.
        name: &'static str,
    },
    /// No YAML, or a value of the wrong kind.
    Yaml {
        /// Line of the file, counted from 1; 0 when unknown.
        line: u64,
        /// Column, counted from 1; 0 when unknown.
        column: u64,
        /// What the reader of YAML says.
        message: String,
        /// The line itself, shortened.
        text: String,
    },
    /// A value that cannot be.
    Value(BadValue),
    /// A trace that cannot be read.
    Load(LoadError),
}

impl fmt::Display for ScenarioError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLarge { bytes } => write!(f, "a scenario has at most {BYTES_MOST} bytes, this one {bytes}"),
            Self::Unknown { line, name, near, known } => {
                write!(f, "line {line}: there is no {name:?} here")?;
                match near {
                    Some(near) => write!(f, "; did you mean {near}?"),
                    None => write!(f, "; known are {}", known.join(", ")),
                }
            }
            Self::Missing { line, name } => write!(f, "{name} is missing in the section that ends at line {line}"),
            Self::Yaml { line, column, message, text } => {
                if *line > 0 {
                    write!(f, "line {line}, column {column}: ")?;
                }
                f.write_str(message)?;
                if text.is_empty() { Ok(()) } else { write!(f, ", in {text:?}") }
            }
            Self::Value(error) => error.fmt(f),
            Self::Load(error) => error.fmt(f),
        }
    }
}

impl Error for ScenarioError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Value(error) => Some(error),
            Self::Load(error) => Some(error),
            _ => None,
        }
    }
}

impl Plan {
    /// Reads the text of a scenario file without looking at its values.
    ///
    /// # Errors
    /// [`ScenarioError`] with the line, for text that is too long, no YAML, or of another structure.
    pub fn parse(text: &str) -> Result<Self, ScenarioError> {
        if text.len() > BYTES_MOST {
            return Err(ScenarioError::TooLarge { bytes: text.len() });
        }
        // A scenario has neither anchors to multiply nor depth: what needs more is an attack or a mistake.
        let options = serde_saphyr::options! {
            budget: serde_saphyr::budget! {
                max_events: 100_000,
                max_depth: 32,
                max_aliases: 100,
                max_documents: 1,
            },
            with_snippet: false,
        };
        serde_saphyr::from_str_with_options(text, options).map_err(|error| placed(&error, text))
    }
}

fn placed(error: &serde_saphyr::Error, text: &str) -> ScenarioError {
    let error = error.without_snippet();
    let (line, column) = error.location().map_or((0, 0), |at| (at.line(), at.column()));
    match error {
        serde_saphyr::Error::SerdeUnknownField { field: name, expected, .. }
        | serde_saphyr::Error::SerdeUnknownVariant { variant: name, expected, .. } => ScenarioError::Unknown {
            line,
            name: shortened(name),
            near: nearest(name, expected),
            known: expected.clone(),
        },
        serde_saphyr::Error::SerdeMissingField { field, .. } => ScenarioError::Missing { line, name: field },
        other => ScenarioError::Yaml {
            line,
            column,
            message: without_place(&other.render_with_formatter(&serde_saphyr::UserMessageFormatter)),
            text: usize::try_from(line)
                .ok()
                .and_then(|line| text.lines().nth(line.checked_sub(1)?))
                .map_or_else(String::new, |line| shortened(line.trim())),
        },
    }
}

/// The reader's message without its own words for the place, which we give in front.
fn without_place(message: &str) -> String {
    match message.rfind(" at line ") {
        Some(end) => message.get(..end).unwrap_or(message).to_owned(),
        None => message.to_owned(),
    }
}

fn shortened(text: &str) -> String {
    const MOST: usize = 60;
    let mut short: String = text.chars().take(MOST).collect();
    if text.chars().nth(MOST).is_some() {
        short.push('…');
    }
    short
}

/// The known name with the fewest single-letter edits to `name`, if at most a third of it has to change, or one that
/// differs only by what it starts or ends with (a unit, most often).
fn nearest(name: &str, known: &[&'static str]) -> Option<&'static str> {
    const LONGEST: usize = 60;
    let length = name.chars().count();
    if length > LONGEST {
        return None;
    }
    let closest = known.iter().copied().map(|other| (edits(name, other), other)).min_by_key(|(edits, _)| *edits);
    closest.filter(|(edits, _)| *edits <= (length / 3).max(1)).map(|(_, other)| other).or_else(|| {
        let part = |other: &&str| length >= 3 && (other.contains(name) || name.contains(*other));
        known.iter().copied().find(|other| part(other))
    })
}

/// Levenshtein's distance (V. Levenshtein, 1966), one row at a time.
fn edits(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.chars().collect();
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (index, letter) in from.chars().enumerate() {
        let mut next = vec![index + 1];
        for ((other, two), last) in to.iter().zip(row.windows(2)).zip(0..) {
            let [diagonal, above] = two else { continue };
            let left: usize = next.get(last).copied().unwrap_or(usize::MAX - 1);
            next.push((diagonal + usize::from(letter != *other)).min(above + 1).min(left + 1));
        }
        row = next;
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_are_those_of_the_textbook() {
        for (from, to, expected) in
            [("", "", 0), ("", "abc", 3), ("abc", "", 3), ("kitten", "sitting", 3), ("a", "a", 0)]
        {
            assert_eq!(edits(from, to), expected, "{from} {to}");
        }
    }

    #[test]
    fn the_nearest_name_is_offered_only_when_it_is_near() {
        let known = &["duration_s", "seed", "sample_every_s"];
        assert_eq!(nearest("duration", known), Some("duration_s"));
        assert_eq!(nearest("durations_s", known), Some("duration_s"));
        assert_eq!(nearest("sample", known), Some("sample_every_s"));
        assert_eq!(nearest("colour", known), None);
        assert_eq!(nearest(&"seed".repeat(100), known), None);
    }
}
