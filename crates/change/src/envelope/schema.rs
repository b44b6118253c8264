//! The schema that Kafka Connect's JSON converter puts beside a value. The schema is read only where the value alone does not tell how to
//! read it (a scale, a unit of time).

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::json;
use crate::rejection::Rejection;

/// The schema of a value, unread.
#[derive(Debug, Clone, Copy)]
pub struct Schema<'a> {
    /// The JSON of the schema; `None` if the converter writes no schemas.
    pub(super) raw: Option<&'a str>,
    /// The field of the value that holds the row; `None` if the value is the row.
    pub(super) row: Option<&'static str>,
}

/// The types of a row's columns.
#[derive(Debug)]
pub struct ColumnTypes<'a>(Vec<ColumnType<'a>>);

/// The type of a column: the fields of Connect's schema that matter here.
#[derive(Debug, Deserialize)]
pub(super) struct ColumnType<'a> {
    #[serde(borrow, default)]
    field: Cow<'a, str>,
    /// The logical type, such as `io.debezium.time.MicroTimestamp`.
    #[serde(borrow, default)]
    pub(super) name: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    parameters: Option<Parameters<'a>>,
}

#[derive(Debug, Deserialize)]
struct Parameters<'a> {
    #[serde(borrow, default)]
    scale: Option<Cow<'a, str>>,
}

#[derive(Deserialize)]
struct Struct<'a> {
    #[serde(borrow, default)]
    field: Cow<'a, str>,
    #[serde(borrow, default)]
    fields: Option<&'a RawValue>,
}

impl<'a> Schema<'a> {
    /// The JSON of the schema; `None` if the value came without one.
    #[must_use]
    pub fn text(self) -> Option<&'a str> {
        self.raw
    }

    /// The field of the value that holds the row; `None` if the value is the row.
    #[must_use]
    pub fn row(self) -> Option<&'static str> {
        self.row
    }

    /// The columns of the row; `None` if the value came without schema.
    ///
    /// # Errors
    /// If the schema cannot be read.
    pub fn columns(self) -> Result<Option<ColumnTypes<'a>>, Rejection> {
        let Some(raw) = self.raw else { return Ok(None) };
        let mut fields = json::parse::<Struct<'_>>("schema", raw)?.fields;
        if let Some(row) = self.row {
            let structs: Vec<Struct<'_>> = fields.map(|raw| json::parse("schema", raw.get())).transpose()?.unwrap_or_default();
            fields = structs.into_iter().find(|s| s.field == row).and_then(|s| s.fields);
        }
        let raw = fields.ok_or_else(|| Rejection::malformed("schema: does not describe the row's fields"))?;
        json::parse("schema", raw.get()).map(|columns| Some(ColumnTypes(columns)))
    }
}

impl<'a> ColumnTypes<'a> {
    /// The type of the column `name`.
    pub(super) fn get(&self, name: &str) -> Option<&ColumnType<'a>> {
        self.0.iter().find(|column| column.field == name)
    }
}

impl ColumnType<'_> {
    /// The logical type, empty if there is none.
    pub(super) fn logical_type(&self) -> &str {
        self.name.as_deref().unwrap_or_default()
    }

    /// The parameter `scale` of a decimal.
    pub(super) fn scale(&self) -> Option<i32> {
        self.parameters.as_ref()?.scale.as_ref()?.parse().ok()
    }
}
