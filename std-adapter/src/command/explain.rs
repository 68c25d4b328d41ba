//! `plimsoll explain`

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::failure::Failure;
use super::flags::Flags;
use super::print;
use super::width::Width;
use crate::decide::Decisions;
use crate::engine::Past;
use crate::manifest::{Dump, MOST_BYTES};
use crate::{explain, host};

/// Tells what the HPAs in these files would decide now, and why, in plain words.
///
/// Give what kubectl prints: HPA, target and pods (get … -o json), samples (get --raw …), alone, in lists, in one file or
/// several; `-` is standard input. Events tell the sizes of recent scalings. A file may also be one line of `decide`, with
/// a policy of any kind.
#[derive(Args)]
#[command(after_help = "Example:\n  \
    kubectl get hpa,deploy,pods,events -o json > objects.json\n  \
    kubectl get --raw /apis/metrics.k8s.io/v1beta1/namespaces/default/pods > metrics.json\n  \
    plimsoll explain objects.json metrics.json\n\n\
    A dump does not show the flags of kube-controller-manager: give those that your cluster changes.")]
pub(super) struct Arguments {
    /// Dumps in JSON or YAML; `-` is standard input
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// Explain only this HPA: NAME or NAMESPACE/NAME
    #[arg(long, value_name = "NAME")]
    hpa: Option<String>,
    /// The moment to decide at, such as 2026-11-24T02:36:38Z [default: the newest time in the dump]
    #[arg(long, value_name = "TIME")]
    now: Option<jiff::Timestamp>,
    /// A saved history (the `history` of `explain --json` or `decide`), instead of what the status tells
    #[arg(long, value_name = "FILE")]
    history: Option<PathBuf>,
    /// Print JSON instead, one object a line for each HPA
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    width: Width,
    #[command(flatten)]
    flags: Flags,
}

pub(super) fn run(arguments: &Arguments, colour: bool) -> Result<ExitCode, Failure> {
    let settings = arguments.flags.settings()?;
    let mut dump = Dump::default();
    let mut text = String::new();
    let mut asked = Decisions::new(settings);
    for path in &arguments.files {
        let (name, bytes) = read(path)?;
        if !asks(&bytes) {
            dump.add(&name, &bytes).map_err(Failure::new)?;
            continue;
        }
        let told = asked.told(&bytes).map_err(|error| Failure::about(&name, error))?;
        text += if text.is_empty() { "" } else { "\n\n" };
        text += &if arguments.json {
            told.answer.to_string() + "\n"
        } else {
            explain::told(&told, colour, arguments.width.columns())
        };
    }
    let history = arguments.history.as_deref().map(history).transpose()?;
    let chosen = dump.hpas.iter().filter(|hpa| {
        let full = format!("{}/{}", hpa.metadata.namespace, hpa.metadata.name);
        arguments.hpa.as_ref().is_none_or(|wanted| *wanted == hpa.metadata.name || *wanted == full)
    });
    for hpa in chosen {
        let name = format!("HPA {}/{}", hpa.metadata.namespace, hpa.metadata.name);
        let explanation = explain::explain(&dump, hpa, settings, arguments.now, history.as_deref())
            .map_err(|error| Failure::about(name, error))?;
        if arguments.json {
            text += &(explain::json(&explanation).to_string() + "\n");
        } else {
            text += if text.is_empty() { "" } else { "\n\n" };
            text += &explain::text(&explanation, colour, arguments.width.columns());
        }
    }
    if text.is_empty() {
        return Err(Failure::new(nothing(arguments, &dump)));
    }
    print(&text)?;
    Ok(ExitCode::SUCCESS)
}

/// Whether a text is a line of `decide` and no dump.
fn asks(text: &[u8]) -> bool {
    #[derive(Deserialize)]
    struct Line {
        #[serde(rename = "policy")]
        _policy: IgnoredAny,
        #[serde(rename = "observation")]
        _observation: IgnoredAny,
    }
    serde_json::from_slice::<Line>(text).is_ok()
}

fn nothing(arguments: &Arguments, dump: &Dump) -> String {
    let files = arguments.files.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(", ");
    match &arguments.hpa {
        Some(name) if !dump.hpas.is_empty() => {
            let there = dump.hpas.iter().map(|hpa| hpa.metadata.name.as_str()).collect::<Vec<_>>().join(", ");
            format!("{files}: no HPA named {name}; there are {there}")
        }
        _ => {
            let mut text = format!("{files}: no HorizontalPodAutoscaler in it (kubectl get hpa -o json prints them)");
            for note in &dump.notes {
                text += &format!("\n  {note}");
            }
            text
        }
    }
}

fn read(path: &Path) -> Result<(String, Vec<u8>), Failure> {
    if path == Path::new("-") {
        let text = host::read_stdin_at_most(MOST_BYTES).map_err(|error| Failure::about("standard input", error))?;
        return Ok(("standard input".to_owned(), text));
    }
    let name = path.display().to_string();
    let text = host::read_at_most(path, MOST_BYTES).map_err(|error| Failure::about(&name, error))?;
    Ok((name, text))
}

fn history(path: &Path) -> Result<Box<Past>, Failure> {
    let (name, text) = read(path)?;
    serde_json::from_slice(&text).map_err(|error| Failure::about(name, format!("no saved history: {error}")))
}
