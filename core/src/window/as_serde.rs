//! Rings and quantiles as serde values; the page of the windows shows one.
//!
//! What does not belong together is refused: more than there is room for, a value without the time of the newest one.

use core::fmt;
use core::marker::PhantomData;

use heapless::Vec;
use serde::de::{Error, SeqAccess, Visitor};
use serde::ser::SerializeStruct;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::ring::{Key, Ring, Slot, encode, is_value};
use super::{Measurement, Quantile};
use crate::error::{ConfigError, Problem};
use crate::units::Instant;

/// What keys need beyond their order.
pub trait Value: Serialize + for<'de> Deserialize<'de> {}
impl<V: Serialize + for<'de> Deserialize<'de>> Value for V {}

struct Measurements<'a, K: Key, const N: usize>(&'a Ring<K, N>);

impl<K: Key, const N: usize> Serialize for Measurements<'_, K, N> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_seq(self.0.oldest_first().map(measurement::<K>))
    }
}

fn measurement<K: Key>(slot: K::Slot) -> Measurement<K> {
    match slot {
        slot if is_value(slot) => Measurement::Present(K::decode(slot)),
        slot if slot == K::Slot::STALE => Measurement::Stale,
        slot if slot == K::Slot::INVALID => Measurement::Invalid,
        _ => Measurement::Missing,
    }
}

impl<K: Key, const N: usize> Serialize for Ring<K, N> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut fields = to.serialize_struct("Ring", 3)?;
        fields.serialize_field("newest", &self.newest())?;
        fields.serialize_field("least", &self.least())?;
        fields.serialize_field("measurements", &Measurements(self))?;
        fields.end()
    }
}

#[derive(Deserialize)]
#[serde(rename = "Ring", deny_unknown_fields, bound = "")]
struct Read<K: Key, const N: usize> {
    newest: Option<Instant>,
    least: u16,
    measurements: Filled<K, N>,
}

/// A ring that does not know its times yet.
struct Filled<K: Key, const N: usize>(Ring<K, N>);

impl<'de, K: Key, const N: usize> Deserialize<'de> for Filled<K, N> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Filling<K, const N: usize>(PhantomData<K>);

        impl<'de, K: Key, const N: usize> Visitor<'de> for Filling<K, N> {
            type Value = Filled<K, N>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "at most {N} measurements")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut from: A) -> Result<Self::Value, A::Error> {
                let mut ring = Ring::new();
                while let Some(measurement) = from.next_element::<Measurement<K>>()? {
                    if usize::from(ring.len()) == N {
                        return Err(A::Error::invalid_length(N.saturating_add(1), &self));
                    }
                    ring.put(Instant::MIN, encode(measurement));
                }
                Ok(Filled(ring))
            }
        }

        from.deserialize_seq(Filling(PhantomData))
    }
}

impl<'de, K: Key, const N: usize> Deserialize<'de> for Ring<K, N> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let Read { newest, least, measurements: Filled(mut ring) } = Read::deserialize(from)?;
        if newest.is_some() != (ring.present() > 0) {
            return Err(D::Error::custom("newest is the time of the newest value, and absent without values"));
        }
        if let Some(newest) = newest {
            ring.set_newest(newest);
        }
        ring.set_least(least);
        Ok(ring)
    }
}

/// As many quantiles as the type has.
pub(super) fn quantiles<const Q: usize>(given: Vec<Quantile, Q>) -> Result<[Quantile; Q], ConfigError> {
    let count = i64::try_from(given.len()).unwrap_or(i64::MAX);
    let needed = u32::try_from(Q).unwrap_or(u32::MAX);
    given.into_array().map_err(|_| ConfigError::new("quantiles", count, Problem::Capacity { needed }))
}

/// An array of any length.
pub(super) fn list<T: Serialize, S: Serializer>(list: &[T], to: S) -> Result<S::Ok, S::Error> {
    list.serialize(to)
}
