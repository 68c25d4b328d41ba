//! Objects within a document: the document itself, or the items of its list.

use serde::de::DeserializeOwned;

use super::document::{Document, Fault, Node, Value, quoted};
use super::place::{Place, Strictness};

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

/// Reads an object leniently into `T`.
pub(super) fn lenient<T: DeserializeOwned>(object: &Object<'_>) -> Result<T, Fault> {
    let place = Place::at(object.node, &object.path, Strictness::Lenient);
    T::deserialize(place).map_err(|fault| fault.within(&place))
}

/// An error at a field of an object.
pub(super) fn wrong(object: &Object<'_>, field: &str, message: String) -> Fault {
    let dot = if object.path.is_empty() { "" } else { "." };
    Fault::new(message).at(format!("{}{dot}{field}", object.path), object.node.line_of(field))
}

/// Objects of a dump are known by their names.
pub(super) fn named(name: &str, object: &Object<'_>) -> Result<(), Fault> {
    if name.is_empty() {
        let message = format!("a {} without a name", object.kind);
        return Err(wrong(object, "metadata.name", message));
    }
    Ok(())
}

/// One of a few words; `None` stands for an absent one.
pub(super) fn one_of<T: Copy>(
    object: &Object<'_>,
    field: &str,
    text: &str,
    words: &[(&str, T)],
) -> Result<Option<T>, Fault> {
    if text.is_empty() {
        return Ok(None);
    }
    match words.iter().find(|(word, _)| *word == text) {
        Some((_, value)) => Ok(Some(*value)),
        None => {
            let known: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
            let message = format!("expected one of {}, found the text {}", known.join(", "), quoted(text));
            Err(wrong(object, field, message))
        }
    }
}
