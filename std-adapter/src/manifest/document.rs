//! Text to trees: every node of a YAML or JSON document with the line it stands on.
//!
//! Kubernetes objects are read from these trees (`place.rs`), so an error can always say where. What is refused here
//! by name: bytes that are not UTF-8, broken syntax, duplicate keys, and more than a host should be asked to hold
//! (`MOST_BYTES`, `MOST_NODES`, `MOST_ALIASED`, `MOST_DEPTH`), which also stops alias bombs.

use std::fmt;

use serde::de::DeserializeOwned;

use super::place::{Place, Strictness};
use super::{json, yaml};

/// The longest text that is read: 64 MiB, a dump of some ten thousand pods.
pub const MOST_BYTES: usize = 64 << 20;

/// The most values (scalars, lists and mappings) in one text: a 64 MiB dump has fewer.
pub const MOST_NODES: usize = 2_000_000;

/// The most values that YAML aliases may add. Hand-written manifests repeat tens; a bomb repeats billions.
pub const MOST_ALIASED: usize = 100_000;

/// The deepest nesting. Kubernetes objects stay under 20.
pub const MOST_DEPTH: usize = 64;

/// One document of a text.
#[derive(Clone, Debug)]
pub struct Document {
    pub(super) file: String,
    pub(super) number: usize,
    pub(super) root: Node,
}

/// Splits a text into documents; empty ones are left out but counted.
///
/// A text that starts with `{` or `[` is JSON (one document or several in a row), and flow-style YAML if it is not
/// valid JSON; anything else is YAML, documents separated by `---`.
///
/// # Errors
///
/// Names `file`, and the line where there is one: not UTF-8, broken syntax, a duplicate key, or a limit exceeded.
pub fn documents(file: &str, text: &[u8]) -> Result<Vec<Document>, LoadError> {
    let fail = |number: Option<usize>, fault: Fault| LoadError::new(file, number, fault);
    if text.len() > MOST_BYTES {
        let message = format!("has {} bytes; at most {MOST_BYTES} are read", text.len());
        return Err(fail(None, Fault::new(message)));
    }
    let text = std::str::from_utf8(text).map_err(|error| {
        let (good, rest) = text.split_at(error.valid_up_to());
        let line = 1 + good.iter().filter(|byte| **byte == b'\n').count();
        let byte = rest.first().copied().unwrap_or(0);
        fail(None, Fault::new(format!("is not UTF-8: byte 0x{byte:02x}")).at_line(line))
    })?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let roots = if text.trim_start().starts_with(['{', '[']) {
        match json::read(text) {
            Err(refusal) if refusal.syntax => yaml::read(text).map_err(|_| refusal),
            answer => answer,
        }
    } else {
        yaml::read(text)
    };
    let roots = roots.map_err(|refusal| fail(Some(refusal.document), refusal.fault))?;
    let documents =
        roots.into_iter().enumerate().map(|(index, root)| Document { file: file.to_owned(), number: index + 1, root });
    Ok(documents.filter(|document| !matches!(document.root.value, Value::Null)).collect())
}

impl Document {
    /// The name that was given with the text.
    pub fn file(&self) -> &str {
        &self.file
    }

    /// The position in its text, from 1.
    pub fn number(&self) -> usize {
        self.number
    }

    /// The line on which the field at `path` (`spec.metrics[0].type`) stands, or the nearest that holds it; from 1.
    pub fn line_of(&self, path: &str) -> usize {
        self.root.line_of(path)
    }

    /// Reads the whole document as a `T`; unknown fields are refused where `T` refuses them.
    ///
    /// # Errors
    ///
    /// Names file, document, line, path and value of the first thing that does not fit `T`.
    pub fn read<T: DeserializeOwned>(&self) -> Result<T, LoadError> {
        let place = Place::root(&self.root, Strictness::Strict);
        T::deserialize(place).map_err(|fault| self.error(fault.within(&place)))
    }

    pub(super) fn error(&self, fault: Fault) -> LoadError {
        LoadError::new(&self.file, Some(self.number), fault)
    }
}

/// What is wrong with a text, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoadError {
    /// The name that was given with the text.
    pub file: String,
    /// The position of the document in the text, from 1; absent when the text has no documents yet.
    pub document: Option<usize>,
    /// From 1; absent where the trouble has no line.
    pub line: Option<usize>,
    /// The field, such as `spec.metrics[0].resource`; empty for the document itself.
    pub path: String,
    /// What is wrong there.
    pub message: String,
}

impl LoadError {
    fn new(file: &str, document: Option<usize>, fault: Fault) -> Self {
        let (path, line) = match fault.at {
            Some(spot) => (spot.path, Some(spot.line)),
            None => (String::new(), None),
        };
        Self { file: file.to_owned(), document, line, path, message: fault.message }
    }
}

/// `web.yaml:12: document 1: spec.maxReplicas: expected …`
impl fmt::Display for LoadError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.file)?;
        if let Some(line) = self.line {
            write!(out, ":{line}")?;
        }
        if let Some(document) = self.document {
            write!(out, ": document {document}")?;
        }
        if !self.path.is_empty() {
            write!(out, ": {}", self.path)?;
        }
        write!(out, ": {}", self.message)
    }
}

impl std::error::Error for LoadError {}

/// A value and the line on which it (or the key before it) starts, from 1.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) line: usize,
    pub(super) value: Value,
}

#[derive(Clone, Debug)]
pub(super) enum Value {
    Null,
    Bool(bool),
    Integer(i64),
    Float(f64),
    Text(String),
    List(Vec<Node>),
    Map(Vec<Entry>),
}

#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) key: String,
    pub(super) line: usize,
    pub(super) node: Node,
}

impl Node {
    pub(super) fn get(&self, key: &str) -> Option<&Self> {
        match &self.value {
            Value::Map(entries) => entries.iter().find(|e| e.key == key).map(|e| &e.node),
            _ => None,
        }
    }

    /// The line of a key, or of this mapping if it has none such.
    pub(super) fn entry_line(&self, key: &str) -> usize {
        match &self.value {
            Value::Map(entries) => entries.iter().find(|e| e.key == key).map_or(self.line, |e| e.line),
            _ => self.line,
        }
    }

    pub(super) fn line_of(&self, path: &str) -> usize {
        let mut node = self;
        let mut line = self.line;
        for step in path.split(['.', '[']) {
            let index = step.strip_suffix(']').and_then(|step| step.parse::<usize>().ok());
            match (&node.value, index) {
                (Value::List(nodes), Some(index)) if index < nodes.len() => {
                    node = &nodes[index];
                    line = node.line;
                }
                (Value::Map(entries), None) => match entries.iter().find(|e| e.key == step) {
                    Some(entry) => {
                        node = &entry.node;
                        line = entry.line;
                    }
                    None => break,
                },
                _ => break,
            }
        }
        line
    }
}

impl Value {
    /// What an error message says was found.
    pub(super) fn describe(&self) -> String {
        match self {
            Self::Null => "null".to_owned(),
            Self::Bool(value) => value.to_string(),
            Self::Integer(value) => format!("the number {value}"),
            Self::Float(value) => format!("the number {value:?}"),
            Self::Text(text) => format!("the text {}", quoted(text)),
            Self::List(_) => "a list".to_owned(),
            Self::Map(_) => "a mapping".to_owned(),
        }
    }
}

/// A text for a message, at most 60 characters of it.
pub(super) fn quoted(text: &str) -> String {
    match text.char_indices().nth(60) {
        Some((end, _)) => format!("{:?}…", &text[..end]),
        None => format!("{text:?}"),
    }
}

/// Why a text could not become trees.
#[derive(Debug)]
pub(super) struct Refusal {
    /// From 1.
    pub(super) document: usize,
    pub(super) fault: Fault,
    /// The grammar was broken, as opposed to a limit or a duplicate key.
    pub(super) syntax: bool,
}

/// Something wrong, before it is known in which file.
#[derive(Debug)]
pub(super) struct Fault {
    pub(super) message: String,
    pub(super) at: Option<Spot>,
}

#[derive(Debug)]
pub(super) struct Spot {
    pub(super) path: String,
    pub(super) line: usize,
}

impl Fault {
    pub(super) fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), at: None }
    }

    pub(super) fn at_line(self, line: usize) -> Self {
        self.at(String::new(), line)
    }

    pub(super) fn at(mut self, path: String, line: usize) -> Self {
        self.at.get_or_insert(Spot { path, line });
        self
    }

    /// The innermost place that knows itself is kept.
    pub(super) fn within(mut self, place: &Place<'_, '_>) -> Self {
        self.at.get_or_insert_with(|| place.spot());
        self
    }
}

/// Counts what a text asks for, across its documents.
#[derive(Debug, Default)]
pub(super) struct Budget {
    nodes: usize,
}

impl Budget {
    pub(super) fn take(&mut self, nodes: usize) -> Result<(), Fault> {
        self.nodes = self.nodes.saturating_add(nodes);
        if self.nodes > MOST_NODES {
            return Err(Fault::new(format!("holds more than {MOST_NODES} values")));
        }
        Ok(())
    }

    pub(super) fn depth(&self, depth: usize) -> Result<(), Fault> {
        if depth > MOST_DEPTH {
            return Err(Fault::new(format!("is nested deeper than {MOST_DEPTH} levels")));
        }
        Ok(())
    }
}

/// Refuses a mapping in which a key stands twice, at the line of the second.
pub(super) fn without_duplicates(entries: Vec<Entry>) -> Result<Vec<Entry>, Fault> {
    let mut order: Vec<&Entry> = entries.iter().collect();
    // A stable sort keeps the two in the order of the text.
    order.sort_by(|a, b| a.key.cmp(&b.key));
    let twice = order.windows(2).filter(|pair| pair[0].key == pair[1].key);
    if let Some([first, second]) = twice.min_by_key(|pair| pair[1].line) {
        let message =
            format!("the key {} stands twice in one mapping, first on line {}", quoted(&first.key), first.line);
        return Err(Fault::new(message).at_line(second.line));
    }
    Ok(entries)
}
