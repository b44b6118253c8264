//! Reads the fields of a value: the envelope itself, or `schema` and `payload` around it. Each message tells which of the two it is.

use std::fmt;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::cells::{self, Cells, Names};
use super::fields::Envelope;
use super::json::Object;
use super::source::Source;

/// The names of an envelope's fields, and the names of what may stand around an envelope.
#[derive(Deserialize)]
#[serde(field_identifier, rename_all = "snake_case")]
enum Name {
    Schema,
    Payload,
    Before,
    After,
    Source,
    Op,
    Transaction,
    #[serde(other)]
    Other,
}

/// Reads the fields of an envelope whose rows have these names; `None` if the envelope is null.
#[derive(Clone, Copy)]
pub(super) struct Seed<'n> {
    pub(super) names: Names<'n>,
    /// Whether the value is a `payload`, so that no other `payload` may stand in it.
    pub(super) is_payload: bool,
}

impl<'de> DeserializeSeed<'de> for Seed<'_> {
    type Value = Option<Envelope<&'de RawValue>>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

/// The fields that were read so far. The outer `Option` tells whether a field was there.
#[derive(Default)]
struct Fields<'de> {
    schema: Option<Option<&'de RawValue>>,
    payload: Option<Option<Envelope<&'de RawValue>>>,
    before: Option<Option<&'de RawValue>>,
    after: Option<Option<Cells<&'de RawValue>>>,
    source: Option<Object<Source<&'de RawValue>>>,
    op: Option<Option<&'de RawValue>>,
    transaction: Option<Option<&'de RawValue>>,
}

impl<'de> Visitor<'de> for Seed<'_> {
    type Value = Option<Envelope<&'de RawValue>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object or null")
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut message: A) -> Result<Self::Value, A::Error> {
        let mut fields = Fields::default();
        while let Some(name) = message.next_key()? {
            match name {
                Name::Schema if !self.is_payload => once(&mut fields.schema, message.next_value()?)?,
                Name::Payload if !self.is_payload => {
                    once(&mut fields.payload, message.next_value_seed(Self { is_payload: true, ..self })?)?;
                }
                Name::Before => once(&mut fields.before, message.next_value()?)?,
                Name::After => once(&mut fields.after, message.next_value_seed(cells::Seed(self.names))?)?,
                Name::Source => once(&mut fields.source, message.next_value()?)?,
                Name::Op => once(&mut fields.op, message.next_value()?)?,
                Name::Transaction => once(&mut fields.transaction, message.next_value()?)?,
                Name::Schema | Name::Payload | Name::Other => drop(message.next_value::<IgnoredAny>()?),
            }
        }
        Ok(fields.envelope())
    }
}

impl<'de> Fields<'de> {
    fn envelope(self) -> Option<Envelope<&'de RawValue>> {
        let schema = self.schema.flatten();
        match self.payload {
            Some(payload) => payload.map(|envelope| Envelope { schema, ..envelope }),
            None => Some(Envelope {
                schema,
                before: self.before.flatten(),
                after: self.after.flatten(),
                source: self.source.and_then(|Object(source)| source),
                op: self.op.flatten(),
                transaction: self.transaction.flatten(),
            }),
        }
    }
}

/// Takes a field that may appear only once.
fn once<T, E: Error>(place: &mut Option<T>, value: T) -> Result<(), E> {
    match place.replace(value) {
        None => Ok(()),
        Some(_) => Err(E::custom("a field stands there twice")),
    }
}
