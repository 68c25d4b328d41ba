//! JSON text to trees. `serde_json` reads byte by byte from a source that counts the lines as they pass.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::io::{self, Read};

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use super::document::{Budget, Entry, Fault, Node, Refusal, Value, without_duplicates};

/// One or more JSON values in a row.
pub(super) fn read(text: &str) -> Result<Vec<Node>, Refusal> {
    let line = Cell::new(1);
    let state = State { line: &line, budget: RefCell::default(), fault: RefCell::default() };
    let mut json = serde_json::Deserializer::from_reader(Lines { rest: text.as_bytes(), line: &line });
    let mut roots = Vec::new();
    while roots.is_empty() || json.end().is_err() {
        let seed = Seed { state: &state, depth: 1 };
        match seed.deserialize(&mut json) {
            Ok(root) => roots.push(root),
            Err(error) => {
                let own = state.fault.take();
                return Err(Refusal {
                    document: roots.len() + 1,
                    syntax: own.is_none(),
                    fault: own.unwrap_or_else(|| syntax(&error)),
                });
            }
        }
    }
    Ok(roots)
}

fn syntax(error: &serde_json::Error) -> Fault {
    let text = error.to_string();
    let what = text.split(" at line ").next().unwrap_or(&text);
    let message = if error.is_eof() {
        "the JSON text ends too early".to_owned()
    } else {
        format!("is not valid JSON: {what} (column {})", error.column())
    };
    Fault::new(message).at_line(error.line())
}

/// A reader that knows on which line it is. `serde_json` looks at most one byte ahead.
struct Lines<'t> {
    rest: &'t [u8],
    line: &'t Cell<usize>,
}

impl Read for Lines<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let count = out.len().min(self.rest.len());
        let (now, rest) = self.rest.split_at(count);
        out[..count].copy_from_slice(now);
        let breaks = now.iter().filter(|byte| **byte == b'\n').count();
        self.line.set(self.line.get() + breaks);
        self.rest = rest;
        Ok(count)
    }
}

struct State<'t> {
    line: &'t Cell<usize>,
    budget: RefCell<Budget>,
    /// Our own refusals travel here, since `serde_json` makes its errors into text.
    fault: RefCell<Option<Fault>>,
}

impl State<'_> {
    fn refuse<E: Error>(&self, fault: Fault) -> E {
        self.fault.replace(Some(fault));
        E::custom("refused")
    }
}

#[derive(Clone, Copy)]
struct Seed<'s, 't> {
    state: &'s State<'t>,
    depth: usize,
}

impl<'de> DeserializeSeed<'de> for Seed<'_, '_> {
    type Value = Node;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Node, D::Error> {
        let line = self.state.line.get();
        let budget = &self.state.budget;
        let depth = budget.borrow().depth(self.depth);
        depth.and_then(|()| budget.borrow_mut().take(1)).map_err(|fault| self.state.refuse(fault.at_line(line)))?;
        let value = deserializer.deserialize_any(self)?;
        Ok(Node { line, value })
    }
}

impl<'de> Visitor<'de> for Seed<'_, '_> {
    type Value = Value;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a JSON value")
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Integer(value))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
        Ok(i64::try_from(value).map_or(Value::Float(value as f64), Value::Integer))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        Ok(Value::Float(value))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Value, E> {
        Ok(Value::Text(text.to_owned()))
    }

    fn visit_string<E: Error>(self, text: String) -> Result<Value, E> {
        Ok(Value::Text(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut nodes = Vec::new();
        let seed = Seed { depth: self.depth + 1, ..self };
        while let Some(node) = items.next_element_seed(seed)? {
            nodes.push(node);
        }
        Ok(Value::List(nodes))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut entries = Vec::new();
        let seed = Seed { depth: self.depth + 1, ..self };
        while let Some(key) = items.next_key::<String>()? {
            let line = self.state.line.get();
            let node = items.next_value_seed(seed)?;
            entries.push(Entry { key, line, node });
        }
        let entries = without_duplicates(entries).map_err(|fault| self.state.refuse(fault))?;
        Ok(Value::Map(entries))
    }
}
