//! Readings that the user gives where a dump has none, or another one: `NAME=VALUE`.
//!
//! NAME is that of an external metric (of a trigger, its own name as well), or `stable` or `panic`, the averages of a
//! revision's two windows. Where several objects read the same name, `OBJECT/NAME` or `NAMESPACE/OBJECT/NAME` says whose.

use std::str::FromStr;

use plimsoll_core::units::Milli;

use crate::manifest::{Dump, ExternalMetricValue, Quantity};

/// One reading.
#[derive(Clone, Debug, PartialEq)]
pub struct Reading {
    /// As the user wrote it.
    pub name: String,
    /// `None`: it fails.
    pub value: Option<Quantity>,
}

impl FromStr for Reading {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, value) = text.rsplit_once('=').ok_or("NAME=VALUE, such as s0-kafka-orders=1200")?;
        if name.is_empty() {
            return Err("NAME=VALUE, with the name of a metric before the equals sign".to_owned());
        }
        let value = match value {
            "failed" => None,
            text => Some(
                text.parse::<Quantity>()
                    .ok()
                    // A quantity stops at the ends of its range: what lies beyond was not meant.
                    .filter(|value| value.milli() > i64::MIN && value.milli() < i64::MAX)
                    .ok_or_else(|| {
                        format!(
                            "{text:?} is no value below 2^63 thousandths: a number, a quantity such as 250m, or failed"
                        )
                    })?,
            ),
        };
        Ok(Self { name: name.to_owned(), value })
    }
}

/// What one object may be given a reading of.
#[derive(Clone, Debug)]
pub struct Reader {
    /// Its namespace and its name.
    pub object: (String, String),
    /// The names of what it reads; those of one reading together.
    pub names: Vec<Vec<String>>,
}

impl Reader {
    /// Which of its readings a name means.
    fn place(&self, name: &str) -> Option<usize> {
        let (namespace, object) = &self.object;
        let after = |prefix: &str| name.strip_prefix(prefix).and_then(|rest| rest.strip_prefix('/'));
        let own = after(&format!("{namespace}/{object}")).or_else(|| after(object)).unwrap_or(name);
        self.names.iter().position(|names| names.iter().any(|known| known == name || known == own))
    }
}

/// The readings of each reader, in the order of its names.
///
/// # Errors
/// A name that nothing reads, or that several do; a reading that is given twice.
pub fn assign<'r>(given: &'r [Reading], readers: &[Reader]) -> Result<Vec<Vec<Option<&'r Reading>>>, String> {
    let mut assigned = readers.iter().map(|reader| vec![None; reader.names.len()]).collect::<Vec<_>>();
    for reading in given {
        let name = &reading.name;
        let places = readers.iter().enumerate().filter_map(|(index, reader)| Some((index, reader.place(name)?)));
        let places = places.collect::<Vec<_>>();
        let [(reader, place)] = places[..] else {
            return Err(match places.len() {
                0 => format!("--reading {name}: nothing here reads it{}", known(readers)),
                _ => {
                    let objects = places.iter().filter_map(|(index, _)| readers.get(*index));
                    let objects = objects.map(|reader| format!("{}/{name}", reader.object.1)).collect::<Vec<_>>();
                    format!("--reading {name}: several objects read it; write {}", objects.join(" or "))
                }
            });
        };
        if let Some(slot) = assigned.get_mut(reader).and_then(|slots| slots.get_mut(place))
            && slot.replace(reading).is_some()
        {
            return Err(format!("--reading {name} is given twice"));
        }
    }
    Ok(assigned)
}

fn known(readers: &[Reader]) -> String {
    const NAMED: usize = 8;
    let mut names = readers.iter().flat_map(|reader| reader.names.iter()).filter_map(|names| names.first());
    let shown = names.by_ref().take(NAMED).map(String::as_str).collect::<Vec<_>>();
    let more = names.count();
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    if shown.is_empty() { String::new() } else { format!("; read are {}{more}", shown.join(", ")) }
}

/// A dump in which an external metric has this value only; `None`: none at all.
pub(super) fn put(dump: &mut Dump, metric: &str, value: Option<Quantity>) {
    dump.external_metrics.retain(|item| item.metric != metric);
    if let Some(value) = value {
        let metric = metric.to_owned();
        dump.external_metrics.push(ExternalMetricValue { metric, value, ..ExternalMetricValue::default() });
    }
}

/// Thousandths of a quantity, to the nearest greater as the API has it.
pub(super) fn milli(quantity: Quantity) -> Milli {
    Milli(quantity.milli())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reader(object: &str, names: &[&[&str]]) -> Reader {
        let names = names.iter().map(|names| names.iter().map(|&name| name.to_owned()).collect()).collect();
        Reader { object: ("shop".to_owned(), object.to_owned()), names }
    }

    #[test]
    fn a_reading_goes_to_the_one_that_reads_it() {
        let readers = [
            reader("orders", &[&["s0-kafka-orders", "lag"], &["s1-prometheus"]]),
            reader("mails", &[&["s1-prometheus"]]),
            reader("web-00001", &[&["stable"], &["panic"]]),
        ];
        let assigned = |texts: &[&str]| {
            let given = texts.iter().map(|text| text.parse().expect("a reading")).collect::<Vec<Reading>>();
            let assigned = assign(&given, &readers)?;
            let places = assigned.iter().flatten().map(|slot| slot.map(|reading| reading.value.map(Quantity::milli)));
            Ok::<_, String>(places.collect::<Vec<_>>())
        };
        let none = None;
        assert_eq!(
            assigned(&["lag=1200", "mails/s1-prometheus=250m", "panic=failed"]),
            Ok(vec![Some(Some(1_200_000)), none, Some(Some(250)), none, Some(None)])
        );
        assert_eq!(assigned(&["shop/orders/lag=1"]).map(|slots| slots[0]), Ok(Some(Some(1000))));
        for (texts, part) in [
            (&["leg=1"] as &[&str], "nothing here reads it; read are s0-kafka-orders, s1-prometheus"),
            (&["s1-prometheus=1"], "write orders/s1-prometheus or mails/s1-prometheus"),
            (&["lag=1", "s0-kafka-orders=2"], "--reading s0-kafka-orders is given twice"),
            (&["shop/web/lag=1"], "nothing here reads it"),
        ] {
            let error = assigned(texts).expect_err("refused");
            assert!(error.contains(part), "{error}");
        }
        for text in ["lag", "=3", "lag=", "lag=many", "lag=NaN", "lag=1.2.3", "lag=1e400", "lag=-1e400"] {
            assert!(text.parse::<Reading>().is_err(), "{text}");
        }
    }
}
