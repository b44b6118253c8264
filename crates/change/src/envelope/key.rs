//! Reads the record's key: the row's id, with or without schema, in an object or bare.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::field::{Field, Json};
use super::json::{self, Object, present};
use super::layout;
use crate::record::Record;
use crate::rejection::Rejection;

/// What the key says.
#[derive(Debug, Clone, Copy)]
pub(super) enum Key<'a> {
    /// The id of a row.
    Id(Field<'a>),
    /// The key says nothing: the table has no primary key, or the event concerns the table as a whole.
    Absent,
    /// The connector's name instead of a row's id
    /// (<https://debezium.io/documentation/reference/stable/connectors/postgresql.html#postgresql-property-heartbeat-interval-ms>).
    Heartbeat,
}

impl<'a> Key<'a> {
    /// The field that holds the id, if the key has one.
    pub(super) fn id(self) -> Option<Field<'a>> {
        match self {
            Self::Id(field) => Some(field),
            Self::Absent | Self::Heartbeat => None,
        }
    }
}

/// A key that is an object: the columns of the primary key, or `schema` and `payload` around the columns.
#[derive(Deserialize)]
struct Columns<'a> {
    #[serde(borrow, default)]
    id: Option<&'a RawValue>,
    #[serde(borrow, default, rename = "serverName")]
    server_name: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    payload: Option<&'a RawValue>,
}

/// Reads the record's key.
pub(super) fn read(record: &Record) -> Result<Key<'_>, Rejection> {
    let Some(bytes) = &record.key else { return Ok(Key::Absent) };
    let text = json::utf8("key", bytes)?;
    if let Some(id) = plain(text) {
        return Ok(Key::Id(id));
    }
    if !text.trim_ascii_start().starts_with('{') {
        return bare(json::parse("key", text)?);
    }
    match columns(text)? {
        (Some(key), _) => Ok(key),
        (None, Some(payload)) if !payload.get().starts_with('{') => bare(payload),
        (None, Some(payload)) => columns(payload.get())?.0.ok_or_else(no_id),
        (None, None) => Err(no_id()),
    }
}

/// The id of the most common key, `{"id":17}`, which needs no parser.
fn plain(text: &str) -> Option<Field<'_>> {
    let id = text.strip_prefix(r#"{"id":"#)?.strip_suffix('}')?;
    (layout::whole(id.as_bytes()) == Some(id.len())).then_some(Field { place: "key", name: "id", raw: Some(id) })
}

/// The key that an object holds, or else the object's `payload`.
fn columns(text: &str) -> Result<(Option<Key<'_>>, Option<&RawValue>), Rejection> {
    let Object(Some(Columns { id, server_name, payload })) = json::parse("key", text)? else { return Ok((None, None)) };
    let key = match (id, server_name) {
        (Some(_), _) => Some(Key::Id(Field { place: "key", name: "id", raw: id.map(RawValue::get) })),
        (None, Some(_)) => Some(Key::Heartbeat),
        (None, None) => None,
    };
    Ok((key, payload))
}

/// A key that is the bare id. A transform that extracts the field leaves such keys.
fn bare(raw: &RawValue) -> Result<Key<'_>, Rejection> {
    let field = Field { place: "key", name: "", raw: Some(raw.get()) };
    match field.kind() {
        Json::Null => Ok(Key::Absent),
        Json::Text | Json::Number => Ok(Key::Id(field)),
        Json::Boolean | Json::Object | Json::Array => Err(field.mismatch("an object with the field id")),
    }
}

fn no_id() -> Rejection {
    Rejection::invalid("key.id: missing or null; the topic's key must be the table's primary key")
}
