//! The flags of kube-controller-manager and the API server's release, as options.

use clap::Args;
use plimsoll_core::hpa::Controller;
use plimsoll_core::units::Span;

use super::failure::Failure;
use crate::engine::Settings;
use crate::manifest::{Api, Gates, Release};
use crate::simulate::scenario;

/// What the cluster is told by flags; none of it is visible in a dump.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "The cluster's flags")]
pub(super) struct Flags {
    /// Kubernetes release to answer like: 1.32 to 1.37 [default: 1.37]
    #[arg(long, value_name = "RELEASE", value_parser = release)]
    pub(super) release: Option<Release>,
    /// A feature gate: HPAScaleToZero or HPAConfigurableTolerance, on or off [default: the release's]
    #[arg(long = "feature-gate", value_name = "NAME=true|false", value_parser = gate)]
    gates: Vec<(Gate, bool)>,
    /// Time between two syncs of one HPA [default: 15s]
    #[arg(long, alias = "horizontal-pod-autoscaler-sync-period", value_name = "TIME", value_parser = span)]
    sync_period: Option<Span>,
    /// The window downward where the HPA sets none [default: 5m]
    #[arg(long, alias = "horizontal-pod-autoscaler-downscale-stabilization", value_name = "TIME", value_parser = span)]
    downscale_stabilization: Option<Span>,
    /// How long after a pod's start its CPU is judged by its sample's window [default: 5m]
    #[arg(long, alias = "horizontal-pod-autoscaler-cpu-initialization-period", value_name = "TIME", value_parser = span)]
    cpu_initialization_period: Option<Span>,
    /// How soon after its start an unready pod counts as never having been ready [default: 30s]
    #[arg(long, alias = "horizontal-pod-autoscaler-initial-readiness-delay", value_name = "TIME", value_parser = span)]
    initial_readiness_delay: Option<Span>,
    /// How far a ratio may be from 1 without a change [default: 0.1]
    #[arg(long, alias = "horizontal-pod-autoscaler-tolerance", value_name = "NUMBER", value_parser = tolerance)]
    tolerance: Option<f64>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Gate {
    ScaleToZero,
    ConfigurableTolerance,
}

impl Flags {
    /// Release, gates and the controller's flags.
    pub(super) fn settings(&self) -> Result<Settings, Failure> {
        let defaults = Controller::DEFAULT;
        // A zero is replaced by the default, as the controller's configuration does.
        let given = |span: Option<Span>, default| span.filter(|span| *span > Span::ZERO).unwrap_or(default);
        Ok(Settings {
            api: self.api()?,
            controller: Controller {
                sync_period: given(self.sync_period, defaults.sync_period),
                downscale_stabilization: given(self.downscale_stabilization, defaults.downscale_stabilization),
                cpu_initialization_period: given(self.cpu_initialization_period, defaults.cpu_initialization_period),
                initial_readiness_delay: given(self.initial_readiness_delay, defaults.initial_readiness_delay),
                tolerance: self.tolerance.filter(|tolerance| *tolerance > 0.0).unwrap_or(defaults.tolerance),
            },
        })
    }

    /// Replaces those flags of a scenario that were given.
    pub(super) fn change(&self, controller: &mut scenario::Controller) -> Result<(), Failure> {
        let periods = [
            ("--sync-period", self.sync_period, &mut controller.sync_period_s),
            ("--downscale-stabilization", self.downscale_stabilization, &mut controller.downscale_stabilization_s),
            (
                "--cpu-initialization-period",
                self.cpu_initialization_period,
                &mut controller.cpu_initialization_period_s,
            ),
            ("--initial-readiness-delay", self.initial_readiness_delay, &mut controller.initial_readiness_delay_s),
        ];
        for (name, given, seconds) in periods {
            let Some(span) = given else { continue };
            if span.as_nanos() % 1_000_000_000 != 0 {
                return Err(Failure::about(name, format!("{span}: a simulation steps in whole seconds")));
            }
            *seconds = u32::try_from(span.as_secs()).unwrap_or(u32::MAX);
        }
        controller.tolerance = self.tolerance.unwrap_or(controller.tolerance);
        Ok(())
    }

    /// Release and gates.
    pub(super) fn api(&self) -> Result<Api, Failure> {
        let release = self.release.unwrap_or_default();
        let mut gates = Gates::of(release);
        for (gate, on) in &self.gates {
            match gate {
                Gate::ScaleToZero => gates.scale_to_zero = *on,
                Gate::ConfigurableTolerance if !*on && release == Release::V1_37 => {
                    return Err(Failure::new("--feature-gate HPAConfigurableTolerance=false: 1.37 has it locked on"));
                }
                Gate::ConfigurableTolerance if *on && release == Release::V1_32 => {
                    return Err(Failure::new("--feature-gate HPAConfigurableTolerance=true: 1.32 does not have it"));
                }
                Gate::ConfigurableTolerance => gates.configurable_tolerance = *on,
            }
        }
        Ok(Api { release, gates })
    }
}

fn release(text: &str) -> Result<Release, String> {
    Release::from_name(text).ok_or_else(|| "one of 1.32, 1.33, 1.34, 1.35, 1.36, 1.37".to_owned())
}

fn gate(text: &str) -> Result<(Gate, bool), String> {
    let (name, value) = text.split_once('=').ok_or("NAME=true or NAME=false")?;
    let gate = match name {
        "HPAScaleToZero" => Gate::ScaleToZero,
        "HPAConfigurableTolerance" => Gate::ConfigurableTolerance,
        _ => {
            return Err("HPAScaleToZero and HPAConfigurableTolerance are the gates that decisions depend on".to_owned());
        }
    };
    value.parse().map(|on| (gate, on)).map_err(|_| format!("{name}=true or {name}=false"))
}

fn span(text: &str) -> Result<Span, String> {
    let duration: jiff::SignedDuration = text.parse().map_err(|_| "a time such as 20s, 5m or 1m30s".to_owned())?;
    let nanos =
        u64::try_from(duration.as_nanos()).map_err(|_| "a time that is not negative, below 584 years".to_owned())?;
    Ok(Span::from_nanos(nanos))
}

fn tolerance(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(tolerance) if tolerance.is_finite() && tolerance >= 0.0 => Ok(tolerance),
        _ => Err("a number that is not negative, such as 0.1".to_owned()),
    }
}
