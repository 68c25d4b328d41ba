//! A node of a document as a serde source that knows where it is.
//!
//! Null is what Go makes of it: the zero value (`""`, 0, an empty list), or absent for an `Option`. A number that is
//! whole is an integer, however it was written. Errors carry the path and the line of the innermost place.

use std::cell::RefCell;
use std::fmt::{self, Display};
use std::slice;

use serde::de::value::StrDeserializer;
use serde::de::{
    Deserialize, DeserializeSeed, Deserializer, Error, Expected, IntoDeserializer, MapAccess, SeqAccess, Unexpected,
    Visitor,
};
use serde::forward_to_deserialize_any;

use super::document::{Entry, Fault, Node, Spot, Value, quoted};

/// What happens to a field that its type does not know.
#[derive(Clone, Copy)]
pub(super) enum Strictness<'p> {
    /// The type decides.
    Strict,
    /// It is passed over.
    Lenient,
    /// It is passed over, and its path is kept.
    Noted(&'p RefCell<Vec<String>>),
}

/// Where one is in a document: the way from the root, without a heap.
#[derive(Clone, Copy)]
pub(super) struct Place<'de, 'p> {
    pub(super) node: &'de Node,
    line: usize,
    step: Step<'p>,
    parent: Option<&'p Trail<'p>>,
    strictness: Strictness<'p>,
}

#[derive(Clone, Copy)]
struct Trail<'p> {
    step: Step<'p>,
    parent: Option<&'p Self>,
}

#[derive(Clone, Copy)]
enum Step<'p> {
    Root,
    /// A path written out.
    Named(&'p str),
    Field(&'p str),
    Item(usize),
}

impl<'de, 'p> Place<'de, 'p> {
    pub(super) fn root(node: &'de Node, strictness: Strictness<'p>) -> Self {
        Self { node, line: node.line, step: Step::Root, parent: None, strictness }
    }

    /// A node further down, whose path the caller knows.
    pub(super) fn at(node: &'de Node, path: &'p str, strictness: Strictness<'p>) -> Self {
        Self { step: if path.is_empty() { Step::Root } else { Step::Named(path) }, ..Self::root(node, strictness) }
    }

    pub(super) fn spot(&self) -> Spot {
        Spot { path: self.trail().to_string(), line: self.line }
    }

    fn trail(&self) -> Trail<'p> {
        Trail { step: self.step, parent: self.parent }
    }

    fn misfit(&self, expected: &dyn Display) -> Fault {
        let found = self.node.value.describe();
        Fault::new(format!("expected {expected}, found {found}")).within(self)
    }

    fn scalar<V: Visitor<'de>>(&self, visitor: V) -> Result<V::Value, Fault> {
        match &self.node.value {
            Value::Null => visitor.visit_unit(),
            Value::Bool(value) => visitor.visit_bool(*value),
            Value::Integer(value) => visitor.visit_i64(*value),
            Value::Float(value) => visitor.visit_f64(*value),
            Value::Text(text) => visitor.visit_borrowed_str(text),
            Value::List(_) | Value::Map(_) => Err(self.misfit(&(&visitor as &dyn Expected))),
        }
    }

    fn whole<V: Visitor<'de>>(&self, least: i128, most: i128, visitor: V) -> Result<V::Value, Fault> {
        let value = match self.node.value {
            Value::Null => 0,
            Value::Integer(value) => i128::from(value),
            // Exact: only floats beyond 2^53 are doubtful, and those are whole.
            Value::Float(value) if value == value.trunc() && value.abs() < 1e30 => value as i128,
            _ => return Err(self.misfit(&format_args!("a whole number from {least} to {most}"))),
        };
        if value < least || value > most {
            return Err(self.misfit(&format_args!("a whole number from {least} to {most}")));
        }
        match i64::try_from(value) {
            Ok(value) => visitor.visit_i64(value),
            Err(_) => visitor.visit_i128(value),
        }
    }
}

impl Display for Trail<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(parent) = self.parent {
            parent.fmt(out)?;
        }
        match self.step {
            Step::Root => Ok(()),
            Step::Named(path) => out.write_str(path),
            Step::Item(index) => write!(out, "[{index}]"),
            Step::Field(name) if name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_') => {
                let first = self.parent.is_none_or(|p| matches!(p.step, Step::Root));
                write!(out, "{}{name}", if first { "" } else { "." })
            }
            Step::Field(name) => write!(out, "[{}]", quoted(name)),
        }
    }
}

macro_rules! whole_numbers {
    ($($method:ident: $type:ty),*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
            let whole = self.whole(i128::from(<$type>::MIN), i128::from(<$type>::MAX), visitor);
            whole.map_err(|fault| fault.within(&self))
        }
    )*};
}

impl<'de> Deserializer<'de> for Place<'de, '_> {
    type Error = Fault;

    whole_numbers!(deserialize_i8: i8, deserialize_i16: i16, deserialize_i32: i32, deserialize_i64: i64);
    whole_numbers!(deserialize_u8: u8, deserialize_u16: u16, deserialize_u32: u32, deserialize_u64: u64);

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match &self.node.value {
            Value::List(_) => self.deserialize_seq(visitor),
            Value::Map(_) => self.deserialize_map(visitor),
            _ => self.scalar(visitor).map_err(|fault| fault.within(&self)),
        }
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match self.node.value {
            Value::Null => visitor.visit_bool(false),
            Value::Bool(value) => visitor.visit_bool(value),
            _ => Err(self.misfit(&"true or false")),
        }
    }

    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match self.node.value {
            Value::Null => visitor.visit_f64(0.0),
            Value::Integer(value) => visitor.visit_f64(value as f64),
            Value::Float(value) => visitor.visit_f64(value),
            _ => Err(self.misfit(&"a number")),
        }
    }

    fn deserialize_f32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        self.deserialize_f64(visitor)
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match &self.node.value {
            Value::Null => visitor.visit_borrowed_str(""),
            Value::Text(text) => visitor.visit_borrowed_str(text),
            _ => return Err(self.misfit(&"text")),
        }
        .map_err(|fault: Fault| fault.within(&self))
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        self.deserialize_str(visitor)
    }

    fn deserialize_identifier<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        self.deserialize_str(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match self.node.value {
            Value::Null => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        let nodes: &[Node] = match &self.node.value {
            Value::Null => &[],
            Value::List(nodes) => nodes,
            _ => return Err(self.misfit(&"a list")),
        };
        let trail = self.trail();
        let items = Items { rest: nodes.iter(), index: 0, trail: &trail, strictness: self.strictness };
        visitor.visit_seq(items).map_err(|fault| fault.within(&self))
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        self.fields(None, visitor)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        known: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        self.fields(Some(known), visitor)
    }

    /// Only variants without content: an enum is a word here.
    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        match &self.node.value {
            Value::Text(text) => {
                let word: StrDeserializer<'_, Fault> = text.as_str().into_deserializer();
                visitor.visit_enum(word).map_err(|fault| fault.within(&self))
            }
            _ => Err(self.misfit(&"text")),
        }
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_unit()
    }

    forward_to_deserialize_any! { i128 u128 char bytes byte_buf unit unit_struct tuple tuple_struct }
}

impl<'de> Place<'de, '_> {
    fn fields<V: Visitor<'de>>(self, known: Option<&'static [&'static str]>, visitor: V) -> Result<V::Value, Fault> {
        let entries: &[Entry] = match &self.node.value {
            Value::Null => &[],
            Value::Map(entries) => entries,
            _ => return Err(self.misfit(&"a mapping")),
        };
        let trail = self.trail();
        let fields = Fields { rest: entries.iter(), now: None, known, trail: &trail, strictness: self.strictness };
        visitor.visit_map(fields).map_err(|fault| fault.within(&self))
    }
}

struct Items<'de, 'p> {
    rest: slice::Iter<'de, Node>,
    index: usize,
    trail: &'p Trail<'p>,
    strictness: Strictness<'p>,
}

impl<'de> SeqAccess<'de> for Items<'de, '_> {
    type Error = Fault;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Fault> {
        let Some(node) = self.rest.next() else {
            return Ok(None);
        };
        let place = Place {
            node,
            line: node.line,
            step: Step::Item(self.index),
            parent: Some(self.trail),
            strictness: self.strictness,
        };
        self.index += 1;
        seed.deserialize(place).map(Some).map_err(|fault| fault.within(&place))
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.rest.len())
    }
}

struct Fields<'de, 'p> {
    rest: slice::Iter<'de, Entry>,
    now: Option<&'de Entry>,
    known: Option<&'static [&'static str]>,
    trail: &'p Trail<'p>,
    strictness: Strictness<'p>,
}

impl<'de> Fields<'de, '_> {
    fn passes_over(&self, entry: &'de Entry) -> bool {
        let unknown = self.known.is_some_and(|known| !known.contains(&entry.key.as_str()));
        match self.strictness {
            Strictness::Strict => false,
            Strictness::Lenient => unknown,
            Strictness::Noted(paths) => {
                if unknown {
                    let trail = Trail { step: Step::Field(&entry.key), parent: Some(self.trail) };
                    paths.borrow_mut().push(trail.to_string());
                }
                unknown
            }
        }
    }
}

impl<'de> MapAccess<'de> for Fields<'de, '_> {
    type Error = Fault;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Fault> {
        while let Some(entry) = self.rest.next() {
            if self.passes_over(entry) {
                continue;
            }
            self.now = Some(entry);
            let key: StrDeserializer<'_, Fault> = entry.key.as_str().into_deserializer();
            // An unknown field belongs to the mapping, on the line where it stands.
            return seed.deserialize(key).map(Some).map_err(|mut fault| {
                fault.at.get_or_insert(Spot { path: self.trail.to_string(), line: entry.line });
                fault
            });
        }
        Ok(None)
    }

    fn next_value_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<T::Value, Fault> {
        let Some(entry) = self.now.take() else {
            return Err(Fault::new("a value was asked for before its key"));
        };
        let place = Place {
            node: &entry.node,
            line: entry.line,
            step: Step::Field(&entry.key),
            parent: Some(self.trail),
            strictness: self.strictness,
        };
        seed.deserialize(place).map_err(|fault| fault.within(&place))
    }
}

impl Error for Fault {
    fn custom<T: Display>(message: T) -> Self {
        Self::new(message.to_string())
    }

    fn invalid_type(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::new(format!("expected {expected}, found {}", describe(found)))
    }

    fn invalid_value(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::invalid_type(found, expected)
    }

    fn unknown_field(field: &str, expected: &'static [&'static str]) -> Self {
        Self::new(format!("unknown field {}{}", quoted(field), near(field, expected)))
    }

    fn unknown_variant(variant: &str, expected: &'static [&'static str]) -> Self {
        Self::new(format!("unknown value {}{}", quoted(variant), near(variant, expected)))
    }

    fn missing_field(field: &'static str) -> Self {
        Self::new(format!("the field \"{field}\" is missing"))
    }
}

impl Display for Fault {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.message)
    }
}

impl std::error::Error for Fault {}

fn describe(found: Unexpected<'_>) -> String {
    match found {
        Unexpected::Str(text) => format!("the text {}", quoted(text)),
        Unexpected::Signed(number) => format!("the number {number}"),
        Unexpected::Unsigned(number) => format!("the number {number}"),
        Unexpected::Float(number) => format!("the number {number:?}"),
        Unexpected::Bool(value) => value.to_string(),
        Unexpected::Unit | Unexpected::Option => "null".to_owned(),
        Unexpected::Seq => "a list".to_owned(),
        Unexpected::Map => "a mapping".to_owned(),
        other => other.to_string(),
    }
}

/// The known name that was probably meant, or all of them.
fn near(name: &str, known: &[&str]) -> String {
    let lower: String = name.chars().take(80).flat_map(char::to_lowercase).collect();
    let best =
        known.iter().map(|candidate| (strsim::damerau_levenshtein(&lower, &candidate.to_lowercase()), candidate)).min();
    match best {
        // One slip in three letters is still the same word.
        Some((slips, candidate)) if slips <= candidate.len().div_ceil(3) => {
            format!(", did you mean \"{candidate}\"?")
        }
        _ if known.is_empty() => ", none is known here".to_owned(),
        _ => {
            let mut names: Vec<&str> = known.to_vec();
            names.sort_unstable();
            format!("; known are {}", names.join(", "))
        }
    }
}

/// A time as Kubernetes writes it (RFC 3339); null and absent are `None`.
pub(super) fn time<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<jiff::Timestamp>, D::Error> {
    let Some(text) = Option::<String>::deserialize(deserializer)? else {
        return Ok(None);
    };
    match text.parse() {
        Ok(time) => Ok(Some(time)),
        Err(_) => Err(D::Error::custom(format!(
            "expected a time like 2026-11-24T02:36:38Z, found the text {}",
            quoted(&text)
        ))),
    }
}
