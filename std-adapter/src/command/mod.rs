//! The `plimsoll` command: arguments, and what becomes of them.

mod decide;
mod explain;
mod failure;
mod flags;
mod simulate;
mod width;

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand, ValueEnum};

use failure::Failure;

use crate::engine::{self, NamedPolicy, Settings};
use crate::host;
use crate::manifest::MOST_BYTES;

/// Decide, simulate and explain Kubernetes autoscaling.
#[derive(Parser)]
#[command(
    name = "plimsoll",
    version,
    max_term_width = 100,
    after_help = "Without a command, the built-in Black Friday spike is simulated.\n\n\
                  Exit codes: 0 done; 1 an input cannot be read or understood, or an output not written; 2 wrong usage; \
                  3 (decide) some lines were bad, the others were answered."
)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
    /// When to colour the output.
    #[arg(long, global = true, value_enum, default_value_t = Colour::Auto)]
    color: Colour,
}

// Three of them are described where their arguments are.
#[derive(Subcommand)]
enum Command {
    Simulate(Box<simulate::Arguments>),
    Explain(Box<explain::Arguments>),
    Decide(Box<decide::Arguments>),
    /// Print a completion script for a shell
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
}

/// When to colour.
#[derive(Clone, Copy, ValueEnum)]
enum Colour {
    /// On a terminal, unless NO_COLOR is set.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

impl Colour {
    /// Makes it the choice for both standard streams, and tells whether standard output is coloured.
    fn choose(self) -> bool {
        match self {
            Self::Always => anstream::ColorChoice::Always.write_global(),
            Self::Never => anstream::ColorChoice::Never.write_global(),
            Self::Auto => {}
        }
        anstream::AutoStream::choice(&std::io::stdout()) != anstream::ColorChoice::Never
    }
}

/// Runs the command with the arguments of the process.
#[must_use]
pub fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let colour = arguments.color.choose();
    let done = match arguments.command {
        None => simulate::run(&simulate::Arguments::default(), colour),
        Some(Command::Simulate(arguments)) => simulate::run(&arguments, colour),
        Some(Command::Explain(arguments)) => explain::run(&arguments, colour),
        Some(Command::Decide(arguments)) => decide::run(&arguments),
        Some(Command::Completions { shell }) => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Arguments::command(), "plimsoll", &mut script);
            print(&String::from_utf8_lossy(&script)).map(|()| ExitCode::SUCCESS)
        }
    };
    done.unwrap_or_else(Failure::exit)
}

/// The policies of these files.
fn policies_of(files: &[PathBuf], settings: Settings) -> Result<Vec<NamedPolicy>, Failure> {
    let read = files.iter().map(|path| {
        let name = path.display().to_string();
        let text = host::read_at_most(path, MOST_BYTES).map_err(|error| Failure::about(&name, error))?;
        Ok((name, text))
    });
    engine::policies(&read.collect::<Result<Vec<_>, _>>()?, settings).map_err(Failure::new)
}

/// Prints to standard output. A reader that went away (`| head`) is no failure.
fn print(text: &str) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(Failure::output("standard output", &error)),
        _ => Ok(()),
    }
}
