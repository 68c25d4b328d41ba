//! `plimsoll decide`

use std::io::{BufRead, BufWriter, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use super::failure::Failure;
use super::flags::Flags;
use crate::decide::{Decisions, FORMAT_HELP};
use crate::host;
use crate::manifest::{self, MOST_BYTES};

/// Decides line by line: one JSON object in, one JSON object out, in order.
///
/// For programs in other languages and for batches. A line that cannot be used is answered with an error that names the
/// line and the field, and does not stop the others.
#[derive(Args)]
#[command(after_long_help = FORMAT_HELP)]
pub(super) struct Arguments {
    /// Manifests whose HPAs lines may name as "namespace/name"
    #[arg(long = "policy", value_name = "FILE")]
    policies: Vec<PathBuf>,
    #[command(flatten)]
    flags: Flags,
}

pub(super) fn run(arguments: &Arguments) -> Result<ExitCode, Failure> {
    let mut decisions = Decisions::new(arguments.flags.settings()?);
    for path in &arguments.policies {
        let name = path.display().to_string();
        let text = host::read_at_most(path, MOST_BYTES).map_err(|error| Failure::about(&name, error))?;
        for loaded in manifest::load(&name, &text).map_err(Failure::new)?.hpas {
            let full = format!("{}/{}", loaded.hpa.metadata.namespace, loaded.hpa.metadata.name);
            decisions
                .define(&full, loaded.hpa.spec)
                .map_err(|error| Failure::about(format!("{name}: HPA {full}"), error))?;
        }
    }
    let mut out = BufWriter::new(std::io::stdout().lock());
    let mut lines = std::io::stdin().lock();
    let (mut number, mut line) = (0_u64, Vec::new());
    loop {
        line.clear();
        let length = lines.read_until(b'\n', &mut line).map_err(|error| Failure::about("standard input", error))?;
        if length == 0 {
            break;
        }
        number += 1;
        if line.iter().all(u8::is_ascii_whitespace) {
            continue;
        }
        let answer = decisions.line(number, &line);
        // Whoever waits for an answer gets it now; a reader that went away is no failure.
        if let Err(error) = writeln!(out, "{answer}").and_then(|()| out.flush()) {
            if error.kind() == std::io::ErrorKind::BrokenPipe {
                break;
            }
            return Err(Failure::output("standard output", &error));
        }
    }
    Ok(if decisions.bad_lines() == 0 { ExitCode::SUCCESS } else { ExitCode::from(3) })
}
