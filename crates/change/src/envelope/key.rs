//! Reads the record's key: the row's id, with or without schema, in an object or bare.

use serde::Deserialize;
use serde_json::value::RawValue;
use smallvec::{SmallVec, smallvec};
use smol_str::SmolStr;

use super::cells::{self, Cells, Names};
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

/// What the key of a record of any table says.
#[derive(Debug)]
pub enum KeyColumns<'a> {
    /// The columns of the key that have one of the names, in the order of the names. A bare key has one column without a name.
    Columns {
        /// The columns.
        fields: SmallVec<[Field<'a>; 2]>,
        /// Whether the key has further columns.
        has_others: bool,
    },
    /// The key says nothing: the table has no primary key, or the event concerns the table as a whole.
    Absent,
}

/// The columns that the key of a record names, whatever the table is.
///
/// # Errors
/// If the key is neither an object nor a bare value.
pub fn columns_of<'a>(record: &'a Record, names: Names<'a>) -> Result<KeyColumns<'a>, Rejection> {
    let Some(bytes) = &record.key else { return Ok(KeyColumns::Absent) };
    let text = json::utf8("key", bytes)?;
    let Some(cells) = object(text, names)? else { return bare_column(text) };
    let has_others = cells.has_others();
    let fields = of_names(&cells, names);
    if !fields.is_empty() {
        return Ok(KeyColumns::Columns { fields, has_others });
    }
    // No column of the table has a name that is in the key, so that the key may be the payload beside its schema.
    let Object(wrapper) = json::parse::<Object<Wrapper<'_>>>("key", text)?;
    let Some(payload) = wrapper.and_then(|wrapper| wrapper.payload) else {
        return Err(Rejection::invalid("key: none of its columns is a column of the table"));
    };
    match object(payload.get(), names)? {
        Some(cells) => {
            let has_others = cells.has_others();
            match of_names(&cells, names) {
                fields if fields.is_empty() => Err(Rejection::invalid("key: none of its columns is a column of the table")),
                fields => Ok(KeyColumns::Columns { fields, has_others }),
            }
        }
        None => bare_column(payload.get()),
    }
}

#[derive(Deserialize)]
struct Wrapper<'a> {
    #[serde(borrow, default, deserialize_with = "present")]
    payload: Option<&'a RawValue>,
}

fn object<'a>(text: &'a str, names: Names<'a>) -> Result<Option<Cells<&'a str>>, Rejection> {
    if text.trim_ascii_start().starts_with('{') { cells::parse("key", text, names) } else { Ok(None) }
}

fn of_names<'a>(cells: &Cells<&'a str>, names: Names<'a>) -> SmallVec<[Field<'a>; 2]> {
    let field = |(at, name): (usize, &'a SmolStr)| cells.get(at).map(|raw| Field { place: "key", name, raw: Some(raw) });
    names.iter().enumerate().filter_map(field).collect()
}

/// A key that is the bare value of a single column, as a transform that extracts the field leaves it; null says nothing.
fn bare_column(text: &str) -> Result<KeyColumns<'_>, Rejection> {
    let raw: &RawValue = json::parse("key", text)?;
    let field = Field { place: "key", name: "", raw: Some(raw.get()) };
    Ok(if field.kind() == Json::Null { KeyColumns::Absent } else { KeyColumns::Columns { fields: smallvec![field], has_others: false } })
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
