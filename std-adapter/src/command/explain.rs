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
use crate::engine::aws::{Joined, join};
use crate::explain::readings::Reading;
use crate::manifest::aws::Aws;
use crate::manifest::scaled::{SCALED_OBJECT, ScaledObject};
use crate::manifest::serving::{Autoscaled, POD_AUTOSCALER};
use crate::manifest::watermark::{WATERMARK, WatermarkPodAutoscaler};
use crate::manifest::{Dump, HorizontalPodAutoscaler, KIND, MOST_BYTES, Metadata};
use crate::{explain, host};

/// Tells what the autoscalers in these files would decide now, and why, in plain words.
///
/// Give what kubectl prints: HPA, target and pods (get … -o json), samples (get --raw …), alone, in lists, in one file or
/// several; `-` is standard input. Events tell the sizes of recent scalings. ScaledObjects of KEDA are explained with the
/// values of their external metrics, PodAutoscalers of Knative with the averages that --reading gives,
/// WatermarkPodAutoscalers of Datadog with what their last sync read where the dump has nothing newer. Or give what the AWS
/// CLI prints of a group or a scalable target, its policies, alarms and activities. A file may also be one line of `decide`,
/// with a policy of any kind.
#[derive(Args)]
#[command(after_help = "Examples:\n  \
    kubectl get hpa,deploy,pods,events -o json > objects.json\n  \
    kubectl get --raw /apis/metrics.k8s.io/v1beta1/namespaces/default/pods > metrics.json\n  \
    plimsoll explain objects.json metrics.json\n\n  \
    kubectl get scaledobject,hpa,deploy,pods -o json > keda.json\n  \
    api=/apis/external.metrics.k8s.io/v1beta1/namespaces/shop\n  \
    kubectl get --raw \"$api/s0-kafka?labelSelector=scaledobject.keda.sh%2Fname%3Dorders\" > lag.json\n  \
    plimsoll explain keda.json lag.json --reading s1-prometheus=124\n\n  \
    kubectl get podautoscaler,deploy,pods -o json > knative.json\n  \
    kubectl get configmap -n knative-serving config-autoscaler -o json > config.json\n  \
    plimsoll explain knative.json config.json --reading stable=21 --reading panic=24.5\n\n  \
    kubectl get wpa,deploy,pods -o json > wpa.json\n  \
    plimsoll explain wpa.json metrics.json --reading nginx.requests=41\n\n  \
    aws autoscaling describe-auto-scaling-groups --auto-scaling-group-names web > group.json\n  \
    aws autoscaling describe-policies --auto-scaling-group-name web > policies.json\n  \
    aws autoscaling describe-scaling-activities --auto-scaling-group-name web > activities.json\n  \
    aws cloudwatch describe-alarms > alarms.json\n  \
    plimsoll explain group.json policies.json activities.json alarms.json --reading CPUUtilization=72\n\n\
    A dump does not show the flags of kube-controller-manager: give those that your cluster changes.")]
pub(super) struct Arguments {
    /// Dumps in JSON or YAML; `-` is standard input
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// Explain only the objects of this name: NAME, NAMESPACE/NAME or KIND/NAMESPACE/NAME; a group or target of AWS by
    /// its name or resource
    #[arg(long, visible_alias = "hpa", value_name = "NAME")]
    only: Option<String>,
    /// The moment to decide at, such as 2026-11-24T02:36:38Z [default: the newest time in the dump]
    #[arg(long, value_name = "TIME")]
    now: Option<jiff::Timestamp>,
    /// A reading that the dump lacks, or in place of its own: of an external metric or a trigger, by its name; the
    /// averages `stable` and `panic` of a revision; of AWS the next point of a metric, by its name or that of an alarm, and
    /// `desired`, the capacity. `failed` is a value too. OBJECT/NAME where several objects read it
    #[arg(long = "reading", value_name = "NAME=VALUE")]
    readings: Vec<Reading>,
    /// A saved history of an HPA (the `history` of `explain --json` or `decide`), instead of what the status tells
    #[arg(long, value_name = "FILE")]
    history: Option<PathBuf>,
    /// Print JSON instead, one object a line for each autoscaler
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    width: Width,
    #[command(flatten)]
    flags: Flags,
}

pub(super) fn run(arguments: &Arguments, colour: bool) -> Result<ExitCode, Failure> {
    let settings = arguments.flags.settings()?;
    let (mut dump, mut aws) = (Dump::default(), Aws::default());
    let mut pages = Pages { json: arguments.json, text: String::new() };
    let mut asked = Decisions::new(settings);
    let width = arguments.width.columns();
    for path in &arguments.files {
        let (name, bytes) = read(path)?;
        if Aws::is(&bytes) {
            aws.add_printed(&name, &bytes).map_err(Failure::new)?;
            continue;
        }
        if !asks(&bytes) {
            dump.add(&name, &bytes).map_err(Failure::new)?;
            continue;
        }
        let told = asked.told(&bytes).map_err(|error| Failure::about(&name, error))?;
        pages.add(|| told.answer.to_string(), || explain::told(&told, colour, width));
    }
    let history = arguments.history.as_deref().map(history).transpose()?;
    let groups = join(&aws).map_err(Failure::new)?;
    let chosen = Chosen::of(arguments, &dump, &groups)?;
    let (mut explained, mut hpas) = (Vec::new(), false);
    for (object, given) in &chosen.objects {
        let it = explain::scaled(&dump, object, settings, arguments.now, given, history.as_deref())
            .map_err(|error| Failure::about(name(SCALED_OBJECT, &object.metadata), error))?;
        pages.add(|| explain::scaled_json(&it).to_string(), || explain::scaled_text(&it, colour, width));
        if let Some(hpa) = it.hpa() {
            hpas = true;
            pages.add(|| explain::json(hpa).to_string(), || explain::text(hpa, colour, width));
            explained.push((&object.metadata.namespace, explain::hpa_of(object)));
        }
    }
    // One that an object of KEDA was explained with has its page.
    let has_page =
        |it: &Metadata| explained.iter().any(|(namespace, name)| **namespace == it.namespace && *name == it.name);
    for (hpa, given) in chosen.hpas.iter().filter(|(hpa, _)| !has_page(&hpa.metadata)) {
        hpas = true;
        let dump = explain::with_readings(&dump, hpa, given);
        let it = explain::explain(&dump, hpa, settings, arguments.now, history.as_deref())
            .map_err(|error| Failure::about(name("HPA", &hpa.metadata), error))?;
        pages.add(|| explain::json(&it).to_string(), || explain::text(&it, colour, width));
    }
    for (autoscaler, given) in &chosen.revisions {
        let it = explain::revision(&dump, autoscaler, arguments.now, given)
            .map_err(|error| Failure::about(name(POD_AUTOSCALER, &autoscaler.metadata), error))?;
        pages.add(|| explain::revision_json(&it).to_string(), || explain::revision_text(&it, colour, width));
    }
    for (object, given) in &chosen.watermarks {
        let it = explain::watermark(&dump, object, arguments.now, given)
            .map_err(|error| Failure::about(name(WATERMARK, &object.metadata), error))?;
        pages.add(|| explain::watermark_json(&it).to_string(), || explain::watermark_text(&it, colour, width));
    }
    for (group, given) in &chosen.groups {
        let it = explain::group(group, arguments.now, given).map_err(|error| Failure::about(group.name(), error))?;
        pages.add(|| explain::group_json(&it).to_string(), || explain::group_text(&it, colour, width));
    }
    if history.is_some() && !hpas && !pages.text.is_empty() {
        return Err(Failure::new("--history is that of an HPA, and none is explained here"));
    }
    // Texts of AWS beside others are not passed over in silence.
    if chosen.groups.is_empty() && aws != Aws::default() && arguments.only.is_none() && !pages.text.is_empty() {
        return Err(Failure::new(format!("the texts of AWS hold no scaling policy ({DESCRIBE} prints them)")));
    }
    if pages.text.is_empty() {
        return Err(Failure::new(nothing(arguments, &dump, &groups, aws != Aws::default())));
    }
    print(&pages.text)?;
    Ok(ExitCode::SUCCESS)
}

/// What prints scaling policies.
const DESCRIBE: &str = "aws autoscaling describe-policies, or aws application-autoscaling describe-scaling-policies,";

/// What is printed: pages, or objects, one a line.
struct Pages {
    json: bool,
    text: String,
}

impl Pages {
    fn add(&mut self, json: impl FnOnce() -> String, page: impl FnOnce() -> String) {
        if self.json {
            self.text += &(json() + "\n");
        } else {
            self.text += if self.text.is_empty() { "" } else { "\n\n" };
            self.text += &page();
        }
    }
}

type Given<'a> = Vec<Option<&'a Reading>>;

/// What is to be explained, each with the readings that are given for it.
struct Chosen<'a> {
    objects: Vec<(&'a ScaledObject, Given<'a>)>,
    hpas: Vec<(&'a HorizontalPodAutoscaler, Given<'a>)>,
    revisions: Vec<(&'a Autoscaled, Given<'a>)>,
    groups: Vec<(&'a Joined, Given<'a>)>,
    watermarks: Vec<(&'a WatermarkPodAutoscaler, Given<'a>)>,
}

impl<'a> Chosen<'a> {
    fn of(arguments: &'a Arguments, dump: &'a Dump, groups: &'a [Joined]) -> Result<Self, Failure> {
        let wanted = |kinds: [&str; 2], it: &Metadata| {
            let short = format!("{}/{}", it.namespace, it.name);
            let matches = |only: &String| {
                *only == it.name || *only == short || kinds.iter().any(|kind| *only == format!("{kind}/{short}"))
            };
            arguments.only.as_ref().is_none_or(matches)
        };
        let objects =
            dump.scaled_objects.iter().filter(|it| wanted([SCALED_OBJECT; 2], &it.metadata)).collect::<Vec<_>>();
        let hpas = dump.hpas.iter().filter(|it| wanted([KIND, "HPA"], &it.metadata)).collect::<Vec<_>>();
        let revisions = dump.pod_autoscalers.iter().filter(|it| wanted([POD_AUTOSCALER; 2], &it.metadata));
        let revisions = revisions.collect::<Vec<_>>();
        let watermarks = dump.watermarks.iter().filter(|it| wanted([WATERMARK, "WPA"], &it.metadata));
        let watermarks = watermarks.collect::<Vec<_>>();
        // What the HPA of a scaled object reads, the object reads.
        let owned = |hpa: &HorizontalPodAutoscaler| {
            let own = |it: &&ScaledObject| {
                it.metadata.namespace == hpa.metadata.namespace && explain::hpa_of(it) == hpa.metadata.name
            };
            objects.iter().any(own)
        };
        let mut readers = objects.iter().map(|it| explain::scaled_reader(it)).collect::<Vec<_>>();
        readers.extend(hpas.iter().map(|hpa| {
            let mut reader = explain::hpa_reader(hpa);
            if owned(hpa) {
                reader.names.clear();
            }
            reader
        }));
        readers.extend(revisions.iter().map(|it| explain::revision_reader(it)));
        let named = |it: &&Joined| arguments.only.as_ref().is_none_or(|only| it.is_named(only));
        // Groups are often printed all together; those without policies have nothing to explain.
        let groups = groups.iter().filter(|it| !it.policies.is_empty()).filter(named).collect::<Vec<_>>();
        for group in &groups {
            readers.push(explain::group_reader(group).map_err(Failure::new)?);
        }
        readers.extend(watermarks.iter().map(|it| explain::watermark_reader(it)));
        let given = explain::readings::assign(&arguments.readings, &readers).map_err(Failure::new)?;
        let mut given = given.into_iter();
        let mut next = || given.next().unwrap_or_default();
        Ok(Self {
            objects: objects.into_iter().map(|it| (it, next())).collect(),
            hpas: hpas.into_iter().map(|it| (it, next())).collect(),
            revisions: revisions.into_iter().map(|it| (it, next())).collect(),
            groups: groups.into_iter().map(|it| (it, next())).collect(),
            watermarks: watermarks.into_iter().map(|it| (it, next())).collect(),
        })
    }
}

fn name(kind: &str, metadata: &Metadata) -> String {
    format!("{kind} {}/{}", metadata.namespace, metadata.name)
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

/// Why there is nothing to explain; `of_aws`: texts of AWS were among the files.
fn nothing(arguments: &Arguments, dump: &Dump, groups: &[Joined], of_aws: bool) -> String {
    let files = arguments.files.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(", ");
    let objects = dump.scaled_objects.iter().map(|it| &it.metadata);
    let revisions = dump.pod_autoscalers.iter().map(|it| &it.metadata);
    let watermarks = dump.watermarks.iter().map(|it| &it.metadata);
    let there = objects.chain(dump.hpas.iter().map(|it| &it.metadata)).chain(revisions).chain(watermarks);
    let with_policies = groups.iter().filter(|it| !it.policies.is_empty()).map(Joined::short);
    let there = there.map(|it| it.name.clone()).chain(with_policies).collect::<Vec<_>>().join(", ");
    let asked = arguments.only.as_deref().and_then(|only| groups.iter().find(|it| it.is_named(only)));
    match &arguments.only {
        Some(name) if asked.is_some() => format!("{files}: no scaling policy of {name} in it ({DESCRIBE} prints them)"),
        _ if there.is_empty() && of_aws => format!("{files}: no scaling policy in it ({DESCRIBE} prints them)"),
        Some(name) if !there.is_empty() => format!("{files}: nothing named {name} to explain; there are {there}"),
        _ => {
            let mut text = format!(
                "{files}: no HorizontalPodAutoscaler, ScaledObject, PodAutoscaler or WatermarkPodAutoscaler in it (kubectl \
                 get hpa -o json prints the first)"
            );
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
