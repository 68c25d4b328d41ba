//! `plimsoll simulate`

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;

use super::failure::Failure;
use super::flags::Flags;
use super::width::Width;
use super::{policies_of, print};
use crate::engine::{self, NamedPolicy, Settings};
use crate::host;
use crate::report::{self, Style};
use crate::simulate::load::{Files, Part, trace};
use crate::simulate::scenario::{BLACK_FRIDAY, Plan, Scenario};
use crate::simulate::{self, Scaler};

/// Plays a scenario: offered load, pods that start and serve, metrics that come late, a policy that decides.
///
/// Prints plots, every decision with its reason, what a document promised against what was decided, and totals. The same
/// scenario gives the same output, bit for bit, on every machine.
#[derive(Args, Default)]
#[command(after_help = "Examples:\n  \
    plimsoll simulate                          the built-in spike\n  \
    plimsoll simulate --html spike.html        … and a page of it for a browser\n  \
    plimsoll simulate --scenario > my.yaml     the built-in scenario, to be changed\n  \
    plimsoll simulate my.yaml --policy p.yaml  your scenario, your HPA, ScaledObject, …\n  \
    plimsoll simulate --load day.csv           a recorded load on the built-in platform")]
pub(super) struct Arguments {
    /// Scenario file in YAML [default: the built-in Black Friday spike]
    scenario: Option<PathBuf>,
    /// Replace the scenario's load by a trace: CSV with a column of times or periods and one of counts
    #[arg(long, value_name = "FILE")]
    load: Option<PathBuf>,
    /// First time of the trace to play, as the file writes it
    #[arg(long, requires = "load", value_name = "TIME")]
    from: Option<String>,
    /// The trace is played up to this time
    #[arg(long, requires = "load", value_name = "TIME")]
    to: Option<String>,
    /// Multiply the trace's counts
    #[arg(long, requires = "load", value_name = "FACTOR", allow_negative_numbers = true)]
    scale: Option<f64>,
    /// Test the one policy of this manifest instead of the scenario's: an HPA, a ScaledObject, a ScaledJob, a
    /// WatermarkPodAutoscaler, or a Service or Revision of Knative
    #[arg(long, visible_alias = "hpa", value_name = "FILE")]
    policy: Option<PathBuf>,
    /// Another seed for the random parts
    #[arg(long)]
    seed: Option<u64>,
    /// Write a page for a browser, in one self-contained file
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// Print the whole run as JSON instead
    #[arg(long)]
    json: bool,
    /// Print the built-in scenario, with all its comments, and stop
    #[arg(long = "scenario", id = "print_scenario")]
    print_scenario: bool,
    #[command(flatten)]
    width: Width,
    #[command(flatten)]
    flags: Flags,
}

pub(super) fn run(arguments: &Arguments, colour: bool) -> Result<ExitCode, Failure> {
    if arguments.print_scenario {
        return print(BLACK_FRIDAY).map(|()| ExitCode::SUCCESS);
    }
    let scenario = scenario(arguments)?;
    let api = arguments.flags.api()?;
    let mut scaler: Box<dyn Scaler> = match &arguments.policy {
        Some(path) => {
            let policy = policy_of(path, engine::settings_of(scenario.plan(), api))?;
            let name = format!("{}: {} {}", path.display(), policy.kind, policy.short());
            engine::scaler_of(policy.policy, scenario.plan()).map_err(|error| Failure::about(name, error))?
        }
        None => engine::scaler(scenario.plan(), api).map_err(Failure::new)?,
    };
    let bar = bar();
    let run = simulate::run(&scenario, &mut *scaler, &mut |done, of| {
        bar.set_length(u64::from(of));
        bar.set_position(u64::from(done));
    });
    bar.finish_and_clear();
    if let Some(path) = &arguments.html {
        host::write(path, &report::page(&run)).map_err(|error| Failure::output(path.display(), &error))?;
    }
    if arguments.json {
        let json = serde_json::to_string(&run).map_err(Failure::new)?;
        print(&(json + "\n"))?;
    } else {
        let style = if colour { Style::Colour } else { Style::Plain };
        let width = arguments.width.columns();
        let mut text = report::timeline(&run, style, width);
        for facts in scenario.load().traces() {
            let told = format!(
                "Trace {}: {} rows, one every {} s, highest {:.1} requests per second; {} gaps, {} periods filled with the last value",
                facts.file, facts.rows, facts.period_s, facts.greatest_rps, facts.gaps, facts.filled_periods
            );
            text += &format!("\n{}\n", textwrap::fill(&told, width));
        }
        print(&text)?;
    }
    Ok(ExitCode::SUCCESS)
}

fn scenario(arguments: &Arguments) -> Result<Scenario, Failure> {
    let (mut plan, folder) = match &arguments.scenario {
        None => (Plan::parse(BLACK_FRIDAY).map_err(Failure::new)?, PathBuf::new()),
        Some(path) => {
            let plan = simulate::open::plan(path).map_err(|error| Failure::about(path.display(), error))?;
            (plan, path.parent().map(Path::to_path_buf).unwrap_or_default())
        }
    };
    if let Some(seed) = arguments.seed {
        plan.seed = seed;
    }
    arguments.flags.change(&mut plan.controller)?;
    let mut files: Box<Files<'_>> =
        Box::new(move |name: &str| host::read_at_most(&folder.join(name), trace::BYTES_MOST));
    if let Some(path) = &arguments.load {
        // Named from where the user stands, not from the scenario's folder.
        files = Box::new(|name: &str| host::read_at_most(Path::new(name), trace::BYTES_MOST));
        let part = trace::Trace {
            from: arguments.from.clone(),
            to: arguments.to.clone(),
            scale: arguments.scale.unwrap_or(1.0),
            ..trace::Trace::of_file(path.to_string_lossy().into_owned())
        };
        let length = part.length_s(&mut *files).map_err(Failure::new)?;
        plan.duration_s = u32::try_from(length).unwrap_or(u32::MAX);
        plan.description = format!("The load of {} on the platform of \"{}\".", path.display(), plan.title);
        plan.title = path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
        plan.sample_every_s = plan.sample_every_s.max(plan.duration_s.div_ceil(20_000));
        plan.documented.clear();
        plan.load = vec![Part::Trace(part)];
    }
    let name = arguments.scenario.as_deref().map_or("the built-in scenario".into(), Path::to_string_lossy);
    Scenario::new(plan, &mut *files).map_err(|error| Failure::about(name, error))
}

/// The one policy of a manifest.
fn policy_of(path: &Path, settings: Settings) -> Result<NamedPolicy, Failure> {
    let mut policies = policies_of(&[path.to_path_buf()], settings)?;
    match (policies.pop(), policies.len()) {
        (Some(policy), 0) => Ok(policy),
        (None, _) => Err(Failure::about(
            path.display(),
            "holds no policy: a HorizontalPodAutoscaler, a ScaledObject, a ScaledJob, a WatermarkPodAutoscaler, or a \
             Service or Revision of Knative",
        )),
        (Some(last), more) => {
            let names = policies.iter().chain([&last]).map(NamedPolicy::full).collect::<Vec<_>>().join(", ");
            Err(Failure::about(path.display(), format!("holds {} policies, one can be tested: {names}", more + 1)))
        }
    }
}

fn bar() -> indicatif::ProgressBar {
    if !host::watched() {
        return indicatif::ProgressBar::hidden();
    }
    let style = indicatif::ProgressStyle::with_template("simulating {bar:40} {percent} %");
    let bar = indicatif::ProgressBar::new(1);
    match style {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}
