//! The one place that touches files, standard streams and the terminal. There is no clock: simulated time is counted,
//! and a dump tells its own.

use std::fs::File;
use std::io::{self, IsTerminal, Read};
use std::path::Path;

/// The file's bytes, and one more than `most` when it has more: whoever reads them then says that it is too large.
///
/// # Errors
/// When it cannot be opened or read.
pub fn read_at_most(path: &Path, most: usize) -> io::Result<Vec<u8>> {
    limited(File::open(path)?, most)
}

/// The same from standard input.
///
/// # Errors
/// When it cannot be read.
pub fn read_stdin_at_most(most: usize) -> io::Result<Vec<u8>> {
    limited(io::stdin().lock(), most)
}

fn limited(from: impl Read, most: usize) -> io::Result<Vec<u8>> {
    let limit = u64::try_from(most).unwrap_or(u64::MAX).saturating_add(1);
    let mut bytes = Vec::new();
    from.take(limit).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Writes a whole file.
///
/// # Errors
/// When it cannot be written.
pub fn write(path: &Path, text: &str) -> io::Result<()> {
    std::fs::write(path, text)
}

/// Columns of the terminal on standard output; 100 when it is none.
#[must_use]
pub fn columns() -> usize {
    terminal_size::terminal_size_of(io::stdout()).map_or(100, |(width, _)| usize::from(width.0))
}

/// Whether somebody watches standard error.
#[must_use]
pub fn watched() -> bool {
    io::stderr().is_terminal()
}
