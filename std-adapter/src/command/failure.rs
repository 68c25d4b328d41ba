//! How a command fails: one sentence on standard error, and an exit code.

use std::fmt;
use std::process::ExitCode;

use crate::report::clean;

/// A sentence for the user.
#[derive(Debug)]
pub(super) struct Failure(String);

impl Failure {
    /// Whatever says what is wrong.
    pub(super) fn new(error: impl fmt::Display) -> Self {
        Self(error.to_string())
    }

    /// Something that was read is wrong.
    pub(super) fn about(what: impl fmt::Display, error: impl fmt::Display) -> Self {
        Self(format!("{what}: {error}"))
    }

    /// Something could not be written.
    pub(super) fn output(what: impl fmt::Display, error: &std::io::Error) -> Self {
        Self(format!("{what} cannot be written: {error}"))
    }

    /// Tells the user.
    pub(super) fn exit(self) -> ExitCode {
        use std::io::Write as _;
        let red = anstyle::Style::new().bold().fg_color(Some(anstyle::AnsiColor::Red.into()));
        // Nobody is left to be told when standard error is closed.
        let mut out = anstream::stderr();
        for (index, line) in self.0.lines().enumerate() {
            // Names are from outside: they must not drive the terminal. What follows the sentence is indented.
            let line = clean(line);
            let _closed =
                if index == 0 { writeln!(out, "{red}error:{red:#} {line}") } else { writeln!(out, "  {line}") };
        }
        ExitCode::FAILURE
    }
}
