//! What `kubectl get … -o json` and `kubectl get --raw …` print, as plain values for an engine.
//!
//! A real dump is full of fields that no decision needs: they are passed over. What is read is read strictly, and an
//! error says in which file, document, path and line. Objects of other kinds are named in `notes`. Several texts add up; of
//! two objects with one name the later stands, which also gives a note.

use std::cell::RefCell;
use std::collections::BTreeMap;

use super::document::{Document, Fault, LoadError, documents};
use super::event::{self, Rescale};
use super::hpa::{self, HorizontalPodAutoscaler};
use super::metrics::{CustomMetric, ExternalMetricValue, PodMetrics};
use super::object::{Object, named, objects, passed_over};
use super::place::Strictness;
use super::pod::Pod;
use super::scale::ScaleTarget;
use super::scaled::ScaledObject;
use super::serving::{Autoscaled, AutoscalerConfig};
use super::watermark::{Monitor, WatermarkPodAutoscaler};
use super::{metrics, pod, scale, scaled, serving, watermark};

/// One moment of a cluster, as far as autoscalers look at it. Lists are in the order of the texts.
#[derive(Clone, Debug, Default)]
pub struct Dump {
    /// Autoscalers, v1 converted to v2; as the server has them, so they are filled already.
    pub hpas: Vec<HorizontalPodAutoscaler>,
    /// What autoscalers scale: Deployments, StatefulSets, ReplicaSets, Scales.
    pub scales: Vec<ScaleTarget>,
    /// Pods.
    pub pods: Vec<Pod>,
    /// Samples of CPU and memory.
    pub pod_metrics: Vec<PodMetrics>,
    /// Numbers about objects, pods among them.
    pub custom_metrics: Vec<CustomMetric>,
    /// Numbers from outside.
    pub external_metrics: Vec<ExternalMetricValue>,
    /// Changes of scales by autoscalers, from events.
    pub rescales: Vec<Rescale>,
    /// Scaled objects of KEDA.
    pub scaled_objects: Vec<ScaledObject>,
    /// Autoscaled revisions of Knative, as their PodAutoscalers have them.
    pub pod_autoscalers: Vec<Autoscaled>,
    /// Knative's settings, where the dump has them.
    pub autoscaler_config: Option<AutoscalerConfig>,
    /// WatermarkPodAutoscalers of Datadog.
    pub watermarks: Vec<WatermarkPodAutoscaler>,
    /// Datadog's monitors, which may block them.
    pub monitors: Vec<Monitor>,
    /// What was passed over, one line each, with file and document.
    pub notes: Vec<String>,
}

impl Dump {
    /// Reads several texts, each with a name for errors and notes.
    ///
    /// # Errors
    ///
    /// See `add`.
    pub fn read<'t>(texts: impl IntoIterator<Item = (&'t str, &'t [u8])>) -> Result<Self, LoadError> {
        let mut dump = Self::default();
        for (file, text) in texts {
            dump.add(file, text)?;
        }
        Ok(dump)
    }

    /// Adds what one text (JSON or YAML) holds.
    ///
    /// # Errors
    ///
    /// The first thing that does not fit, with file, document, line, path and value: what `documents` refuses, an
    /// object without kind, a field that is read and has the wrong type, an unknown phase or condition status, a
    /// quantity, time, window or selector that cannot be read, an object without a name. The dump then holds what was
    /// read before.
    pub fn add(&mut self, file: &str, text: &[u8]) -> Result<(), LoadError> {
        for document in documents(file, text)? {
            let objects = objects(&document.root).map_err(|fault| document.error(fault))?;
            for object in &objects {
                self.object(&document, object).map_err(|fault| document.error(fault))?;
            }
        }
        self.keep_the_later();
        Ok(())
    }

    fn object(&mut self, document: &Document, object: &Object<'_>) -> Result<(), Fault> {
        let group = object.api_version.split_once('/').map_or("", |(group, _)| group);
        match (group, object.kind.as_str()) {
            ("autoscaling", hpa::KIND) => {
                let unknown = RefCell::default();
                let hpa = hpa::read(object.node, &object.path, object.api_version, Strictness::Noted(&unknown))?;
                named(&hpa.metadata.name, object)?;
                self.unknown_spec_fields(document, object, &unknown.take());
                self.hpas.push(hpa);
            }
            ("apps", "Deployment" | "StatefulSet" | "ReplicaSet") => {
                self.scales.push(scale::workload(object)?);
            }
            ("autoscaling", "Scale") => self.scales.push(scale::scale(object)?),
            ("", "Pod") => self.pods.push(pod::read(object)?),
            ("", "Event") => self.rescales.extend(event::rescale(object)?),
            ("keda.sh", scaled::SCALED_OBJECT) => {
                let unknown = RefCell::default();
                let read = scaled::scaled_object(object, Strictness::Noted(&unknown))?;
                self.unknown_spec_fields(document, object, &unknown.take());
                self.scaled_objects.push(read);
            }
            (watermark::GROUP, watermark::WATERMARK) => {
                let unknown = RefCell::default();
                let read = watermark::watermark(object, Strictness::Noted(&unknown))?;
                self.unknown_spec_fields(document, object, &unknown.take());
                self.watermarks.push(read);
            }
            (watermark::GROUP, watermark::MONITOR) => self.monitors.push(watermark::monitor(object)?),
            (_, serving::POD_AUTOSCALER) if serving::is_autoscaled(object) => {
                self.pod_autoscalers.push(serving::autoscaled(object)?);
            }
            ("", "ConfigMap") if serving::is_config(object) => {
                if let Some(earlier) = self.autoscaler_config.replace(serving::config(object)?) {
                    let name = serving::CONFIG;
                    self.notes.push(format!("ConfigMap {}/{name} is given twice; the later stands", earlier.namespace));
                }
            }
            ("metrics.k8s.io", "PodMetrics") => {
                self.pod_metrics.push(metrics::pod_metrics(object)?);
            }
            ("custom.metrics.k8s.io", "MetricValue") => {
                self.custom_metrics.push(metrics::custom(object)?);
            }
            ("external.metrics.k8s.io", "ExternalMetricValue") => {
                self.external_metrics.push(metrics::external(object)?);
            }
            _ => self.notes.push(passed_over(document, object)),
        }
        Ok(())
    }

    /// A field of the spec that is unknown here may be a feature of a newer server, so it is not passed over silently.
    fn unknown_spec_fields(&mut self, document: &Document, object: &Object<'_>, paths: &[String]) {
        let dot = if object.path.is_empty() { "" } else { "." };
        let spec = format!("{}{dot}spec", object.path);
        for path in paths.iter().filter(|path| path.starts_with(&spec)) {
            let (file, number) = (document.file(), document.number());
            self.notes.push(format!("{file}: document {number}: {path}: passed over an unknown field"));
        }
    }

    fn keep_the_later(&mut self) {
        let notes = &mut self.notes;
        keep_the_later(&mut self.hpas, notes, |hpa| {
            (hpa::KIND, hpa.metadata.namespace.clone(), hpa.metadata.name.clone())
        });
        keep_the_later(&mut self.scales, notes, |scale| {
            (scale.kind.clone(), scale.namespace.clone(), scale.name.clone())
        });
        keep_the_later(&mut self.scaled_objects, notes, |object| {
            (scaled::SCALED_OBJECT, object.metadata.namespace.clone(), object.metadata.name.clone())
        });
        keep_the_later(&mut self.pod_autoscalers, notes, |object| {
            (serving::POD_AUTOSCALER, object.metadata.namespace.clone(), object.metadata.name.clone())
        });
        keep_the_later(&mut self.watermarks, notes, |object| {
            (watermark::WATERMARK, object.metadata.namespace.clone(), object.metadata.name.clone())
        });
        keep_the_later(&mut self.monitors, notes, |it| (watermark::MONITOR, it.namespace.clone(), it.name.clone()));
        keep_the_later(&mut self.pods, notes, |pod| ("Pod", pod.namespace.clone(), pod.name.clone()));
        keep_the_later(&mut self.pod_metrics, notes, |sample| {
            ("PodMetrics", sample.namespace.clone(), sample.pod.clone())
        });
    }
}

fn keep_the_later<T, K: Ord + Clone + AsRef<str>>(
    list: &mut Vec<T>,
    notes: &mut Vec<String>,
    key: impl Fn(&T) -> (K, String, String),
) {
    let mut last = BTreeMap::new();
    for (index, item) in list.iter().enumerate() {
        last.insert(key(item), index);
    }
    if last.len() == list.len() {
        return;
    }
    let mut index = 0;
    list.retain(|item| {
        let key = key(item);
        let keep = last.get(&key) == Some(&index);
        index += 1;
        if !keep {
            let (kind, namespace, name) = key;
            let kind = kind.as_ref();
            notes.push(format!("{kind} {namespace}/{name} is given twice; the later stands"));
        }
        keep
    });
}
