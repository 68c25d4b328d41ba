//! Scenario files on disk, and the traces beside them.

use std::io;
use std::path::Path;

use super::load::trace;
use super::scenario::{BYTES_MOST, Plan, Scenario, ScenarioError};
use crate::host::read_at_most as bytes;

/// Why a scenario file could not be opened.
#[derive(Debug)]
pub enum OpenError {
    /// The file cannot be read, or is no UTF-8.
    File(io::Error),
    /// Its text is no scenario.
    Scenario(ScenarioError),
}

impl std::fmt::Display for OpenError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::File(error) => write!(f, "the scenario cannot be read: {error}"),
            Self::Scenario(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for OpenError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::File(error) => Some(error),
            Self::Scenario(error) => Some(error),
        }
    }
}

/// Opens a scenario file; the traces it names are looked for from its folder.
///
/// # Errors
/// [`OpenError`] when the file cannot be read or is no scenario.
pub fn scenario(path: &Path) -> Result<Scenario, OpenError> {
    let folder = path.parent().unwrap_or(Path::new(""));
    Scenario::new(plan(path)?, &mut |name| bytes_of_trace(&folder.join(name))).map_err(OpenError::Scenario)
}

/// Opens a scenario file as it is written, without its traces.
///
/// # Errors
/// As [`scenario`].
pub fn plan(path: &Path) -> Result<Plan, OpenError> {
    let bytes = bytes(path, BYTES_MOST).map_err(OpenError::File)?;
    let text = String::from_utf8(bytes)
        .map_err(|error| OpenError::File(io::Error::new(io::ErrorKind::InvalidData, error.utf8_error())))?;
    Plan::parse(&text).map_err(OpenError::Scenario)
}

fn bytes_of_trace(path: &Path) -> io::Result<Vec<u8>> {
    bytes(path, trace::BYTES_MOST)
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    #[test]
    fn every_scenario_that_comes_with_us_opens() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios");
        let mut files: Vec<PathBuf> = folder.read_dir().expect("folder").map(|it| it.expect("entry").path()).collect();
        // Beside them stands the README.
        files.retain(|file| file.extension().is_some_and(|kind| kind == "yaml"));
        files.sort();
        assert!(!files.is_empty());
        for file in files {
            scenario(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        }
    }

    #[test]
    fn a_missing_file_and_a_file_that_is_no_text_are_told_apart() {
        let error = scenario(Path::new("no/such/file.yaml")).expect_err("missing");
        assert!(error.to_string().starts_with("the scenario cannot be read: "), "{error}");
        let folder = std::env::temp_dir().join(format!("plimsoll-open-{}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("folder");
        let write = |name: &str, bytes: &[u8]| {
            let file = folder.join(name);
            std::fs::write(&file, bytes).expect("written");
            file
        };
        let error = scenario(&write("bytes.yaml", b"title: \xff\n")).expect_err("no text");
        assert!(error.to_string().contains("invalid utf-8"), "{error}");
        let error = scenario(&write("large.yaml", &vec![b'#'; BYTES_MOST + 5])).expect_err("large");
        assert_eq!(error.to_string(), "a scenario has at most 1048576 bytes, this one 1048577");

        // A trace is found beside its scenario.
        let spike = "  - spike: { from_rps: 1000, to_rps: 10000, at_s: 600, duration_s: 7200 }";
        assert!(super::super::scenario::BLACK_FRIDAY.contains(spike));
        let traced = super::super::scenario::BLACK_FRIDAY.replace(spike, "  - trace: { file: t.csv, period_s: 9900 }");
        write("t.csv", b"t,n\n0,99000\n");
        let opened = scenario(&write("traced.yaml", traced.as_bytes())).expect("opens");
        assert_eq!(opened.load().rate(9_899), 10.0);
        std::fs::remove_dir_all(&folder).expect("cleaned up");
    }
}
