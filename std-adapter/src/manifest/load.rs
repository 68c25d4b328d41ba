//! Manifests as a user writes them: every HorizontalPodAutoscaler of a text, read strictly.
//!
//! A manifest file often holds the workload and its service as well: what is not an autoscaler is passed over and
//! named in `notes`. A `List` is looked into.

use std::sync::Arc;

use super::document::{Document, LoadError, documents};
use super::hpa::{self, HorizontalPodAutoscaler};
use super::object::{objects, passed_over};
use super::place::Strictness;
use super::validate::Violation;

/// What a manifest text holds.
#[derive(Clone, Debug, Default)]
pub struct Manifest {
    /// In the order of the text.
    pub hpas: Vec<LoadedHpa>,
    /// What was passed over, one line each, with file and document.
    pub notes: Vec<String>,
}

/// An autoscaler, and where it came from.
#[derive(Clone, Debug)]
pub struct LoadedHpa {
    /// The autoscaler as written: not filled, not validated.
    pub hpa: HorizontalPodAutoscaler,
    document: Arc<Document>,
    path: String,
}

/// Reads every autoscaler of a YAML (several documents) or JSON text. `file` is the name for errors.
///
/// # Errors
///
/// The first thing that does not fit, with file, document, line, path and value; see `documents` and
/// `HorizontalPodAutoscaler::from_document`. A text without any object gives an empty manifest, not an error.
pub fn load(file: &str, text: &[u8]) -> Result<Manifest, LoadError> {
    let mut manifest = Manifest::default();
    for document in documents(file, text)? {
        let document = Arc::new(document);
        let objects = objects(&document.root).map_err(|fault| document.error(fault))?;
        for object in objects {
            if object.kind != hpa::KIND {
                manifest.notes.push(passed_over(&document, &object));
                continue;
            }
            let read = hpa::read(object.node, &object.path, object.api_version, Strictness::Strict);
            manifest.hpas.push(LoadedHpa {
                hpa: read.map_err(|fault| document.error(fault))?,
                document: Arc::clone(&document),
                path: object.path.clone(),
            });
        }
    }
    Ok(manifest)
}

impl LoadedHpa {
    /// The name that was given with the text.
    pub fn file(&self) -> &str {
        self.document.file()
    }

    /// The line of a field (`spec.maxReplicas`), or of the nearest that holds it; from 1.
    pub fn line_of(&self, field: &str) -> usize {
        let dot = if self.path.is_empty() { "" } else { "." };
        self.document.line_of(&format!("{}{dot}{field}", self.path))
    }

    /// A violation with its place in the text.
    pub fn locate(&self, violation: &Violation) -> String {
        format!("{}:{}: {violation}", self.file(), self.line_of(&violation.field))
    }
}
