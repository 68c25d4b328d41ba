//! YAML text to trees. Plain scalars mean what they mean to `kubectl`: YAML 1.1 (`yes` is true, `010` is 8), except
//! that a date stays text. Aliases are copied within a budget, merge keys (`<<`) are merged.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use granit_parser::{Event, Parser, ScalarStyle, ScanError, Tag};

use super::document::{Budget, Entry, Fault, MOST_ALIASED, Node, Refusal, Value, quoted, without_duplicates};

/// All documents of a text; an empty one is null.
pub(super) fn read(text: &str) -> Result<Vec<Node>, Refusal> {
    let mut builder = Builder::default();
    for next in Parser::new_from_str(text) {
        let step = match next {
            Ok((event, span)) => {
                builder.take(event, span.start.line()).map_err(|fault| (fault.at_line(span.start.line()), false))
            }
            Err(error) => Err((syntax(&error), true)),
        };
        if let Err((fault, syntax)) = step {
            return Err(Refusal { document: builder.roots.len() + 1, fault, syntax });
        }
    }
    Ok(builder.roots)
}

fn syntax(error: &ScanError) -> Fault {
    let mark = error.marker();
    let message = format!("is not valid YAML: {} (column {})", error.info(), mark.col() + 1);
    Fault::new(message).at_line(mark.line())
}

#[derive(Default)]
struct Builder {
    roots: Vec<Node>,
    /// The collections that are open, outermost first.
    open: Vec<Open>,
    anchors: BTreeMap<usize, Anchored>,
    budget: Budget,
    aliased: usize,
}

struct Open {
    line: usize,
    anchor: usize,
    items: Items,
    size: Size,
}

enum Items {
    List(Vec<Node>),
    Map { entries: Vec<Entry>, key: Option<(String, usize)>, merged: Vec<Entry> },
}

struct Anchored {
    node: Node,
    size: Size,
}

/// Of a finished node: values in it, and levels.
#[derive(Clone, Copy)]
struct Size {
    nodes: usize,
    height: usize,
}

const LEAF: Size = Size { nodes: 1, height: 1 };

/// The key that merges another mapping.
const MERGE: &str = "<<";

impl Builder {
    fn take(&mut self, event: Event<'_>, line: usize) -> Result<(), Fault> {
        match event {
            Event::DocumentStart(..) => self.anchors.clear(),
            Event::Scalar(text, style, anchor, tag) => {
                if self.key_due() {
                    self.take_key(&text, line, anchor);
                    return Ok(());
                }
                self.budget.take(1)?;
                let value = resolve(&text, style, tag.as_deref())?;
                self.close(Node { line, value }, anchor, LEAF)?;
            }
            Event::SequenceStart(_, anchor, tag) => {
                self.open(line, anchor, tag.as_deref(), "seq", Items::List(Vec::new()))?;
            }
            Event::MappingStart(_, anchor, tag) => {
                let items = Items::Map { entries: Vec::new(), key: None, merged: Vec::new() };
                self.open(line, anchor, tag.as_deref(), "map", items)?;
            }
            Event::SequenceEnd | Event::MappingEnd => {
                if let Some(open) = self.open.pop() {
                    let value = finish(open.items)?;
                    let node = Node { line: open.line, value };
                    self.close(node, open.anchor, open.size)?;
                }
            }
            Event::Alias(anchor) => self.repeat(anchor, line)?,
            _ => {}
        }
        Ok(())
    }

    fn take_key(&mut self, text: &str, line: usize, anchor: usize) {
        if anchor != 0 {
            let value = Value::Text(text.to_owned());
            let node = Node { line, value };
            self.anchors.insert(anchor, Anchored { node, size: LEAF });
        }
        if let Some(Items::Map { key, .. }) = self.open.last_mut().map(|open| &mut open.items) {
            *key = Some((text.to_owned(), line));
        }
    }

    fn key_due(&self) -> bool {
        matches!(self.open.last().map(|open| &open.items), Some(Items::Map { key: None, .. }))
    }

    fn open(&mut self, line: usize, anchor: usize, tag: Option<&Tag>, core: &str, items: Items) -> Result<(), Fault> {
        if self.key_due() {
            return Err(Fault::new("a mapping key must be text"));
        }
        if let Some(tag) = tag
            && tag.core_suffix() != Some(core)
        {
            return Err(foreign_tag(tag));
        }
        self.budget.take(1)?;
        self.budget.depth(self.open.len() + 1)?;
        self.open.push(Open { line, anchor, items, size: LEAF });
        Ok(())
    }

    fn repeat(&mut self, anchor: usize, line: usize) -> Result<(), Fault> {
        if self.key_due() {
            return Err(Fault::new("an alias cannot be a mapping key"));
        }
        let Some(anchored) = self.anchors.get(&anchor) else {
            return Err(Fault::new("an alias stands inside the value that it repeats"));
        };
        let size = anchored.size;
        self.aliased = self.aliased.saturating_add(size.nodes);
        if self.aliased > MOST_ALIASED {
            return Err(Fault::new(format!("aliases add more than {MOST_ALIASED} values")));
        }
        self.budget.take(size.nodes)?;
        self.budget.depth(self.open.len() + size.height)?;
        let node = Node { line, value: anchored.node.value.clone() };
        self.close(node, 0, size)
    }

    /// A finished node goes into the collection around it.
    fn close(&mut self, node: Node, anchor: usize, size: Size) -> Result<(), Fault> {
        if anchor != 0 {
            // The copy that waits for its aliases takes room as well.
            self.budget.take(size.nodes)?;
            self.anchors.insert(anchor, Anchored { node: node.clone(), size });
        }
        let Some(open) = self.open.last_mut() else {
            self.roots.push(node);
            return Ok(());
        };
        open.size.nodes = open.size.nodes.saturating_add(size.nodes);
        open.size.height = open.size.height.max(size.height + 1);
        match &mut open.items {
            Items::List(nodes) => nodes.push(node),
            Items::Map { entries, key, merged } => {
                let Some((key, line)) = key.take() else {
                    return Err(Fault::new("a mapping key must be text"));
                };
                if key == MERGE {
                    return merge(node, merged);
                }
                entries.push(Entry { key, line, node });
            }
        }
        Ok(())
    }
}

fn merge(node: Node, merged: &mut Vec<Entry>) -> Result<(), Fault> {
    match node.value {
        Value::Map(entries) => merged.extend(entries),
        Value::List(nodes) if nodes.iter().all(|node| matches!(node.value, Value::Map(_))) => {
            for node in nodes {
                merge(node, merged)?;
            }
        }
        other => {
            let found = other.describe();
            return Err(Fault::new(format!("the merge key << needs a mapping, found {found}")));
        }
    }
    Ok(())
}

fn finish(items: Items) -> Result<Value, Fault> {
    let (entries, merged) = match items {
        Items::List(nodes) => return Ok(Value::List(nodes)),
        Items::Map { entries, merged, .. } => (entries, merged),
    };
    let mut entries = without_duplicates(entries)?;
    // What the mapping says itself wins over what it merges, an earlier merge over a later.
    let mut known: BTreeSet<String> = entries.iter().map(|entry| entry.key.clone()).collect();
    for entry in merged {
        if known.insert(entry.key.clone()) {
            entries.push(entry);
        }
    }
    Ok(Value::Map(entries))
}

fn foreign_tag(tag: &Tag) -> Fault {
    Fault::new(format!("the tag {} means nothing here", tag.original()))
}

fn resolve(text: &str, style: ScalarStyle, tag: Option<&Tag>) -> Result<Value, Fault> {
    match tag.map(|tag| (tag, tag.core_suffix())) {
        None if style == ScalarStyle::Plain => Ok(plain(text)),
        None | Some((_, Some("str"))) => Ok(Value::Text(text.to_owned())),
        Some((tag, Some(core))) => {
            let value = plain(text);
            let fits = matches!(
                (core, &value),
                ("null", Value::Null)
                    | ("bool", Value::Bool(_))
                    | ("int", Value::Integer(_))
                    | ("float", Value::Integer(_) | Value::Float(_))
            );
            if fits {
                return Ok(value);
            }
            let text = quoted(text);
            Err(Fault::new(format!("{text} does not fit its tag {}", tag.original())))
        }
        Some((tag, None)) => Err(foreign_tag(tag)),
    }
}

fn plain(text: &str) -> Value {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Value::Null,
        "true" | "True" | "TRUE" | "yes" | "Yes" | "YES" | "on" | "On" | "ON" => {
            return Value::Bool(true);
        }
        "false" | "False" | "FALSE" | "no" | "No" | "NO" | "off" | "Off" | "OFF" => {
            return Value::Bool(false);
        }
        ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" => {
            return Value::Float(f64::INFINITY);
        }
        "-.inf" | "-.Inf" | "-.INF" => return Value::Float(f64::NEG_INFINITY),
        ".nan" | ".NaN" | ".NAN" => return Value::Float(f64::NAN),
        _ => {}
    }
    number(text).unwrap_or_else(|| Value::Text(text.to_owned()))
}

fn number(text: &str) -> Option<Value> {
    if !text.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '+' | '-' | '.')) {
        return None;
    }
    let digits = text.replace('_', "");
    let negative = digits.starts_with('-');
    let unsigned = digits.strip_prefix(['+', '-']).unwrap_or(&digits);
    let (radix, body) = match unsigned.as_bytes() {
        [b'0', b'x' | b'X', ..] => (16, part(unsigned, 2..unsigned.len())),
        [b'0', b'b' | b'B', ..] => (2, part(unsigned, 2..unsigned.len())),
        [b'0', b'o' | b'O', ..] => (8, part(unsigned, 2..unsigned.len())),
        [b'0', _, ..] => (8, part(unsigned, 1..unsigned.len())),
        _ => (10, unsigned),
    };
    if !body.is_empty() && body.chars().all(|c| c.is_digit(radix)) {
        return Some(match i128::from_str_radix(body, radix) {
            Ok(value) => {
                let value = if negative { -value } else { value };
                i64::try_from(value).map_or(Value::Float(value as f64), Value::Integer)
            }
            Err(_) if radix == 10 => return finite(&digits),
            Err(_) => return None,
        });
    }
    let shaped = unsigned.chars().all(|c| c.is_ascii_digit() || matches!(c, '.' | 'e' | 'E' | '+' | '-'));
    let starts = unsigned.starts_with(|c: char| c.is_ascii_digit() || c == '.');
    if !shaped || !starts {
        return None;
    }
    finite(&digits)
}

/// Too large for a float stays text, as in Go; a quantity can still make sense of it.
fn finite(digits: &str) -> Option<Value> {
    let value: f64 = digits.parse().ok()?;
    value.is_finite().then_some(Value::Float(value))
}

fn part(text: &str, range: Range<usize>) -> &str {
    text.get(range).unwrap_or("")
}
