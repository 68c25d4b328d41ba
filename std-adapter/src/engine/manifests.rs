//! The policies of manifests, of whatever kind: HorizontalPodAutoscaler, ScaledObject, ScaledJob, WatermarkPodAutoscaler,
//! and what Knative scales.

use std::collections::BTreeSet;

use super::keda::Keda;
use super::keda_job::KedaJob;
use super::knative::Knative;
use super::watermark::WatermarkPods;
use super::{Past, Policy, Settings};
use crate::manifest::scaled::{self, SCALED_JOB, SCALED_OBJECT, scaled};
use crate::manifest::serving::{AutoscalerConfig, CONFIG, serving};
use crate::manifest::watermark::{WATERMARK, watermarks};
use crate::manifest::{self, KIND, Metadata, Texts, knative_cluster};

/// A policy of any kind.
#[derive(Clone, Debug)]
pub enum AnyPolicy {
    /// Of a HorizontalPodAutoscaler.
    Hpa(Policy),
    /// Of a ScaledObject.
    Keda(Box<Keda>),
    /// Of a ScaledJob.
    KedaJob(KedaJob),
    /// Of a Service, a Revision or a PodAutoscaler of Knative.
    Knative(Knative),
    /// Of a WatermarkPodAutoscaler.
    Watermark(WatermarkPods),
}

/// A policy, and the object that it is from.
#[derive(Clone, Debug)]
pub struct NamedPolicy {
    /// The object's kind.
    pub kind: String,
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// What it decides by.
    pub policy: AnyPolicy,
}

impl NamedPolicy {
    fn new(kind: &str, metadata: &Metadata, policy: AnyPolicy) -> Self {
        let Metadata { namespace, name, .. } = metadata;
        Self { kind: kind.to_owned(), namespace: namespace.clone(), name: name.clone(), policy }
    }

    /// `shop/web`
    #[must_use]
    pub fn short(&self) -> String {
        format!("{}/{}", self.namespace, self.name)
    }

    /// `ScaledObject/shop/web`
    #[must_use]
    pub fn full(&self) -> String {
        format!("{}/{}/{}", self.kind, self.namespace, self.name)
    }
}

/// The policies of several texts, each with a name for errors: HPAs, then KEDA's and Datadog's, then Knative's,
/// within a kind in the order of the texts. A ConfigMap `config-autoscaler` in any of them has the settings of Knative's cluster; without one
/// they are Knative's defaults. Objects of other kinds are passed over.
///
/// # Errors
/// The first thing that does not fit, with its text, object and field; an object that is given twice.
pub fn policies(texts: &[(String, Vec<u8>)], settings: Settings) -> Result<Vec<NamedPolicy>, String> {
    let (mut hpas, mut others, mut revisions) = (Vec::new(), Vec::new(), Vec::new());
    let mut config: Option<(&str, AutoscalerConfig)> = None;
    for (file, text) in texts {
        let about = |what: &str, metadata: &Metadata, error: &dyn std::fmt::Display| {
            format!("{file}: {what} {}/{}: {error}", metadata.namespace, metadata.name)
        };
        for loaded in manifest::load(file, text).map_err(|error| error.to_string())?.hpas {
            let metadata = loaded.hpa.metadata;
            let policy = Policy::new(loaded.hpa.spec, settings).and_then(|policy| {
                policy.with(Past::fits)?;
                Ok(policy)
            });
            let policy = policy.map_err(|error| about("HPA", &metadata, &error))?;
            hpas.push((file, NamedPolicy::new(KIND, &metadata, AnyPolicy::Hpa(policy))));
        }
        let scaled::Scaled { objects, jobs } = scaled(file, text).map_err(|error| error.to_string())?;
        for object in objects {
            let policy = Keda::new(object.spec, &object.metadata.annotations, settings);
            let policy = policy.map_err(|error| about(SCALED_OBJECT, &object.metadata, &error))?;
            others.push((file, NamedPolicy::new(SCALED_OBJECT, &object.metadata, AnyPolicy::Keda(Box::new(policy)))));
        }
        for job in jobs {
            let policy = KedaJob::new(&job.spec, &job.metadata.annotations);
            let policy = policy.map_err(|error| about(SCALED_JOB, &job.metadata, &error))?;
            others.push((file, NamedPolicy::new(SCALED_JOB, &job.metadata, AnyPolicy::KedaJob(policy))));
        }
        for object in watermarks(file, text).map_err(|error| error.to_string())? {
            let policy = WatermarkPods::of(&object.spec);
            let policy = policy.map_err(|error| about(WATERMARK, &object.metadata, &error))?;
            others.push((file, NamedPolicy::new(WATERMARK, &object.metadata, AnyPolicy::Watermark(policy))));
        }
        let found = serving(file, text).map_err(|error| error.to_string())?;
        for given in found.configs {
            if let Some((earlier, _)) = &config {
                let place = if *earlier == file.as_str() { "the same file" } else { earlier };
                return Err(format!("{file}: ConfigMap {CONFIG} is given twice, first in {place}"));
            }
            config = Some((file, given));
        }
        revisions.extend(found.autoscaled.into_iter().map(|revision| (file, revision)));
    }
    let (file, data) = config.map_or(("", Texts::new()), |(file, config)| (file, config.data));
    let cluster = knative_cluster(&data).map_err(|error| format!("{file}: ConfigMap {CONFIG}: data.{error}"))?;
    for (file, revision) in revisions {
        let policy = Knative::new(&cluster, &revision.annotations, revision.container_concurrency);
        let policy = policy.map_err(|error| {
            let (kind, metadata) = (&revision.kind, &revision.metadata);
            format!("{file}: {kind} {}/{}: {error}", metadata.namespace, metadata.name)
        })?;
        others.push((file, NamedPolicy::new(&revision.kind, &revision.metadata, AnyPolicy::Knative(policy))));
    }
    hpas.append(&mut others);
    let mut names = BTreeSet::new();
    for (file, policy) in &hpas {
        if !names.insert(policy.full()) {
            return Err(format!("{file}: {} {} is given twice", policy.kind, policy.short()));
        }
    }
    Ok(hpas.into_iter().map(|(_, policy)| policy).collect())
}
