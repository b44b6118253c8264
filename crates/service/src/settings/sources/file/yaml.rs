//! Parses YAML with all scalars as texts. To YAML readers `no` is false or a word, 1.10 is 1.1, and 010 is eight or ten. Here the setting
//! decides what a value is, so each plain scalar is taken as it is written. Only an empty scalar, `null` and `~` are nothing.

use std::fmt;

use serde::Deserialize as _;
use serde::de::{DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

/// The sections of the file. The file is read twice: first for its shape, where each scalar has the type that YAML guesses, and then in
/// that shape for the texts.
pub(super) fn parse(text: &str) -> Result<Map<String, Value>, serde_saphyr::Error> {
    let shape: Map<String, Value> = serde_saphyr::from_str(text)?;
    let shape = Value::Object(shape);
    let texts = serde_saphyr::with_deserializer_from_str(text, |deserializer| InShape(&shape).deserialize(deserializer))?;
    match texts {
        Value::Object(sections) => Ok(sections),
        _ => Err(serde_saphyr::Error::custom("not a table of sections")),
    }
}

/// Reads a node of this shape.
struct InShape<'a>(&'a Value);

impl<'de> DeserializeSeed<'de> for InShape<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        match self.0 {
            Value::Null => IgnoredAny::deserialize(deserializer).map(|_| Value::Null),
            Value::Array(_) => deserializer.deserialize_seq(self),
            Value::Object(_) => deserializer.deserialize_map(self),
            Value::Bool(_) | Value::Number(_) | Value::String(_) => String::deserialize(deserializer).map(Value::String),
        }
    }
}

impl<'de> Visitor<'de> for InShape<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the same as at the first reading")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut texts = Vec::new();
        for shape in self.0.as_array().into_iter().flatten() {
            texts.extend(items.next_element_seed(InShape(shape))?);
        }
        Ok(Value::Array(texts))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut texts = Map::new();
        while let Some(name) = entries.next_key::<String>()? {
            let shape = self.0.get(&name).ok_or_else(|| A::Error::custom("a key has changed its name"))?;
            texts.insert(name, entries.next_value_seed(InShape(shape))?);
        }
        Ok(Value::Object(texts))
    }
}
