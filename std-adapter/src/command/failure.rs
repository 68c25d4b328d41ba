//! How a command fails: one sentence on standard error, and an exit code.

use std::fmt;
use std::process::ExitCode;

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
        let _closed = writeln!(anstream::stderr(), "{red}error:{red:#} {}", self.0);
        ExitCode::FAILURE
    }
}
