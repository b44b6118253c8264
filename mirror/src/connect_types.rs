//! The types that an event's own schema gives to the columns. The schema of a topic hardly ever changes, so the same bytes are read once.

use std::collections::HashMap;

use change::envelope::Schema;
use change::rejection::Rejection;
use serde::Deserialize;

use crate::value::ConnectType;

/// The types of the columns by the schema of the last event.
#[derive(Debug, Default)]
pub struct ConnectTypes {
    of: String,
    types: HashMap<String, ConnectType>,
}

#[derive(Deserialize)]
struct Struct {
    #[serde(default)]
    field: String,
    #[serde(default)]
    fields: Vec<serde_json::Value>,
}

#[derive(Deserialize)]
struct Column {
    field: String,
    #[serde(flatten)]
    type_: ConnectType,
}

impl ConnectTypes {
    /// Takes in the schema of an event, and says whether it is another one than that of the last event. An event without one leaves no types.
    ///
    /// # Errors
    /// If the schema cannot be read.
    pub fn follow(&mut self, schema: Schema<'_>) -> Result<bool, Rejection> {
        let text = schema.text().unwrap_or_default();
        if text == self.of {
            return Ok(false);
        }
        let columns = if text.is_empty() { Vec::new() } else { read(text, schema.row()).ok_or_else(unreadable)? };
        self.types = columns.into_iter().collect();
        text.clone_into(&mut self.of);
        Ok(true)
    }

    /// The type of a column, if the event has a schema.
    #[must_use]
    pub fn get(&self, column: &str) -> Option<&ConnectType> {
        self.types.get(column)
    }
}

/// The columns of a row in their order, each with its type; `None` if the event has no schema, or one that cannot be read.
#[must_use]
pub fn columns(schema: Schema<'_>) -> Option<Vec<(String, ConnectType)>> {
    read(schema.text()?, schema.row())
}

fn unreadable() -> Rejection {
    Rejection::malformed("schema: does not describe the row's fields")
}

fn read(text: &str, row: Option<&str>) -> Option<Vec<(String, ConnectType)>> {
    let whole: Struct = serde_json::from_str(text).ok()?;
    let fields = match row {
        None => whole.fields,
        Some(row) => {
            let structs = whole.fields.into_iter().filter_map(|field| serde_json::from_value::<Struct>(field).ok());
            structs.into_iter().find(|of| of.field == row)?.fields
        }
    };
    let columns = fields.into_iter().map(|field| serde_json::from_value::<Column>(field).ok());
    columns.map(|column| column.map(|Column { field, type_ }| (field, type_))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_types_are_those_of_the_row_in_the_schema_of_an_envelope() {
        let schema = r#"{"type":"struct","fields":[{"type":"struct","field":"before","fields":[]},
            {"type":"struct","field":"after","fields":[{"type":"int64","optional":true,"name":"io.debezium.time.MicroTimestamp","field":"at"}]}]}"#;
        let types = read(schema, Some("after")).unwrap();
        assert_eq!(types[0].0, "at");
        assert_eq!(types[0].1.name.as_deref(), Some("io.debezium.time.MicroTimestamp"));
        assert!(read(schema, Some("source")).is_none());
    }
}
