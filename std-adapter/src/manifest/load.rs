//! Manifests as a user writes them: every HorizontalPodAutoscaler of a text, read strictly.
//!
//! A manifest file often holds the workload and its service as well: what is not an autoscaler is passed over and
//! named in `notes`. A `List` is looked into.

use std::sync::Arc;

use super::document::{Document, Fault, LoadError, Node, Value, documents};
use super::hpa::{self, HorizontalPodAutoscaler};
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

/// One object of a document: the document itself, or an item of its list.
pub(super) struct Object<'d> {
    pub(super) node: &'d Node,
    /// Empty, or `items[3]`.
    pub(super) path: String,
    pub(super) api_version: &'d str,
    pub(super) kind: String,
}

/// The objects of a document. The items of a list without kinds of their own have that of the list: `PodList`, `Pod`.
pub(super) fn objects(root: &Node) -> Result<Vec<Object<'_>>, Fault> {
    let Value::Map(_) = root.value else {
        let found = root.value.describe();
        return Err(Fault::new(format!("expected a Kubernetes object, found {found}")).at_line(root.line));
    };
    let Some(kind) = text(root, "kind") else {
        return Err(Fault::new("expected a Kubernetes object, found a mapping without kind").at_line(root.line));
    };
    let api_version = text(root, "apiVersion").unwrap_or("");
    let Some(item_kind) = kind.strip_suffix("List") else {
        return Ok(vec![Object { node: root, path: String::new(), api_version, kind: kind.to_owned() }]);
    };
    let items: &[Node] = match root.get("items").map(|items| &items.value) {
        Some(Value::List(items)) => items,
        None | Some(Value::Null) => &[],
        Some(other) => {
            let message = format!("expected a list, found {}", other.describe());
            return Err(Fault::new(message).at("items".to_owned(), root.entry_line("items")));
        }
    };
    let mut objects = Vec::with_capacity(items.len());
    for (index, node) in items.iter().enumerate() {
        let path = format!("items[{index}]");
        let kind = match text(node, "kind") {
            Some(kind) => kind,
            None if item_kind.is_empty() || !matches!(node.value, Value::Map(_)) => {
                let found = match &node.value {
                    Value::Map(_) => "a mapping without kind".to_owned(),
                    other => other.describe(),
                };
                return Err(Fault::new(format!("expected a Kubernetes object, found {found}")).at(path, node.line));
            }
            None => item_kind,
        };
        objects.push(Object {
            node,
            path,
            api_version: text(node, "apiVersion").unwrap_or(api_version),
            kind: kind.to_owned(),
        });
    }
    Ok(objects)
}

pub(super) fn passed_over(document: &Document, object: &Object<'_>) -> String {
    let name = object.node.get("metadata").and_then(|metadata| text(metadata, "name"));
    let place = if object.path.is_empty() { "" } else { ": " };
    format!(
        "{}: document {}{place}{}: passed over {} {}",
        document.file(),
        document.number(),
        object.path,
        object.kind,
        name.unwrap_or("without a name"),
    )
}

pub(super) fn text<'n>(node: &'n Node, key: &str) -> Option<&'n str> {
    match &node.get(key)?.value {
        Value::Text(text) if !text.is_empty() => Some(text),
        _ => None,
    }
}
