//! Parses JSON in one pass: objects that borrow from the record, and errors that do not quote it.

use std::fmt;
use std::marker::PhantomData;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, DeserializeSeed, Deserializer, MapAccess, Visitor};
use serde_json::error::Category;

use crate::rejection::Rejection;

/// An object or null, and nothing else. serde alone would also take an array for a struct, field by field.
#[derive(Debug)]
pub(super) struct Object<T>(pub(super) Option<T>);

impl<T> Default for Object<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ObjectVisitor(PhantomData))
    }
}

struct ObjectVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for ObjectVisitor<T> {
    type Value = Object<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object or null")
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Object(None))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        T::deserialize(MapAccessDeserializer::new(map)).map(|object| Object(Some(object)))
    }
}

/// Reads a field that is present, even if it is null, as `Some` of its content.
pub(super) fn present<'de, T: Deserialize<'de>, D: Deserializer<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

/// The text of a record's key or value.
pub(super) fn utf8<'a>(what: &str, bytes: &'a [u8]) -> Result<&'a str, Rejection> {
    std::str::from_utf8(bytes).map_err(|e| Rejection::malformed(format!("{what}: not UTF-8 from byte {} on", e.valid_up_to())))
}

/// Parses the text of `what`. serde's own messages quote what they found, so only the place of an error is told (P11).
pub(super) fn parse<'a, T: Deserialize<'a>>(what: &str, text: &'a str) -> Result<T, Rejection> {
    parse_seed(what, text, PhantomData)
}

/// Does the same as [`parse`] for a type that is told what to look for.
pub(super) fn parse_seed<'a, S: DeserializeSeed<'a>>(what: &str, text: &'a str, seed: S) -> Result<S::Value, Rejection> {
    let mut json = serde_json::Deserializer::from_str(text);
    seed.deserialize(&mut json).and_then(|value| json.end().map(|()| value)).map_err(|e| {
        let (line, column) = (e.line(), e.column());
        Rejection::malformed(match e.classify() {
            Category::Eof => format!("{what}: the JSON ends too early, at line {line} column {column}"),
            Category::Data => format!("{what}: JSON, but not the fields of a change event, at line {line} column {column}"),
            Category::Syntax | Category::Io => format!("{what}: not JSON, at line {line} column {column}"),
        })
    })
}
