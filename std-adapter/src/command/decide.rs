//! `plimsoll decide`

use std::io::{BufRead, BufWriter, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use super::failure::Failure;
use super::flags::Flags;
use super::policies_of;
use crate::decide::{Decisions, FORMAT_HELP};

/// Decides line by line: one JSON object in, one JSON object out, in order.
///
/// For programs in other languages and for batches. A line that cannot be used is answered with an error that names the
/// line and the field, and does not stop the others.
#[derive(Args)]
#[command(after_long_help = FORMAT_HELP)]
pub(super) struct Arguments {
    /// Manifests whose policies lines may name as "namespace/name": HPAs, ScaledObjects, ScaledJobs,
    /// WatermarkPodAutoscalers, and Services and Revisions of Knative with their cluster's ConfigMap config-autoscaler. Where
    /// two kinds have the same name, as "Kind/namespace/name"
    #[arg(long = "policy", value_name = "FILE")]
    policies: Vec<PathBuf>,
    #[command(flatten)]
    flags: Flags,
}

pub(super) fn run(arguments: &Arguments) -> Result<ExitCode, Failure> {
    let settings = arguments.flags.settings()?;
    let mut decisions = Decisions::new(settings);
    decisions.define(policies_of(&arguments.policies, settings)?);
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
