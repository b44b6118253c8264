//! Reads rows as the unwrap transform writes them, alone or with some fields of the envelope beside the columns
//! (<https://debezium.io/documentation/reference/stable/transformations/event-flattening.html>).

use serde::Deserialize;
use serde_json::value::RawValue;

use super::cells::{self, Names};
use super::event::{Action, Event};
use super::field::{Field, Json};
use super::json::{self, Object, present};
use super::key::{self, Key};
use super::row::{Before, Row};
use super::schema::Schema;
use super::source::{Op, Source};
use super::table_event::{PlaceInTransaction, SourceTable, TableAction, TableEvent};
use crate::record::Record;
use crate::rejection::Rejection;

/// The fields that `add.fields` and `delete.tombstone.handling.mode` add to the columns. A field of `source` is named with or without its
/// struct.
#[derive(Debug, Default, Deserialize)]
struct Added<'a> {
    #[serde(borrow, default)]
    schema: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    payload: Option<&'a RawValue>,
    #[serde(borrow, default, rename = "__deleted")]
    deleted: Option<&'a RawValue>,
    #[serde(borrow, default, rename = "__op")]
    op: Option<&'a RawValue>,
    /// The `op` of a logical message, which the transform leaves as it is, or a column with this name.
    #[serde(borrow, default, rename = "op")]
    own_op: Option<&'a RawValue>,
    #[serde(borrow, default, rename = "__lsn")]
    lsn: Option<&'a RawValue>,
    #[serde(borrow, default, rename = "__source_lsn")]
    source_lsn: Option<&'a RawValue>,
    #[serde(borrow, default, rename = "__sequence")]
    sequence: Option<&'a RawValue>,
    #[serde(borrow, default, rename = "__source_sequence")]
    source_sequence: Option<&'a RawValue>,
    #[serde(borrow, default, rename = "__snapshot")]
    snapshot: Option<&'a RawValue>,
    #[serde(borrow, default, rename = "__source_snapshot")]
    source_snapshot: Option<&'a RawValue>,
    #[serde(borrow, default, rename = "__source_ts_ms")]
    ts_ms: Option<&'a RawValue>,
    #[serde(borrow, default, rename = "__schema")]
    schema_name: Option<&'a RawValue>,
    #[serde(borrow, default, rename = "__source_schema")]
    source_schema: Option<&'a RawValue>,
    #[serde(borrow, default, rename = "__table")]
    table: Option<&'a RawValue>,
    #[serde(borrow, default, rename = "__source_table")]
    source_table: Option<&'a RawValue>,
}

impl<'a> Added<'a> {
    fn source(&self) -> Source<&'a str> {
        let source = Source {
            snapshot: self.source_snapshot.or(self.snapshot),
            sequence: self.source_sequence.or(self.sequence),
            lsn: self.source_lsn.or(self.lsn),
            ts_ms: self.ts_ms,
            schema: self.source_schema.or(self.schema_name),
            table: self.source_table.or(self.table),
        };
        source.map(RawValue::get)
    }

    fn is_message(&self) -> bool {
        self.own_op.is_some_and(|op| op.get() == r#""m""#)
    }

    /// Whether `__deleted` is set. The unwrap transform writes the text `true` or `false`; other transforms write a boolean.
    fn is_deleted(&self) -> Result<bool, Rejection> {
        let field = Field { place: "", name: "__deleted", raw: self.deleted.map(RawValue::get) };
        match (field.kind(), field.json()) {
            (Json::Null, _) | (_, r#""false""# | "false") => Ok(false),
            (_, r#""true""# | "true") => Ok(true),
            _ => Err(field.mismatch("true or false")),
        }
    }
}

/// Reads a flat row of any table; `None` if there is nothing to do.
pub(super) fn read_table<'a>(record: &'a Record, names: Names<'a>, epoch: i32) -> Result<Option<TableEvent<'a>>, Rejection> {
    let nothing = Before { names, raw: None };
    let of_null = || {
        let position = Source::default().position("", record, epoch, None)?;
        let (table, schema) = (SourceTable::default(), Schema { raw: None, row: None });
        let action = TableAction::Delete { before: nothing };
        Ok(Some(TableEvent { table, action, schema, position, place: PlaceInTransaction::default() }))
    };
    let Some(bytes) = &record.value else { return of_null() };
    let Some((mut row, mut added)) = parts(json::utf8("value", bytes)?, names)? else { return of_null() };
    let mut schema = None;
    // A row may have a column named `payload`. A value without any column of the table is taken for the wrapper of a row.
    if row.is_empty()
        && let Some(payload) = added.payload
    {
        schema = added.schema.map(RawValue::get);
        let Some(parts) = parts(payload.get(), names)? else { return of_null() };
        (row, added) = parts;
    }
    let raw_op = added.op.map(RawValue::get);
    let op = Op::read(Field { place: "", name: "__op", raw: raw_op })?;
    let action = match op {
        Some(Op::Message) => return Ok(None),
        Some(Op::Truncate) => TableAction::Truncate,
        _ if op == Some(Op::Delete) || added.is_deleted()? => TableAction::Delete { before: nothing },
        _ => TableAction::Put { after: row, before: nothing, is_whole: op == Some(Op::Read), is_update: raw_op == Some(r#""u""#) },
    };
    let source = added.source();
    let (table, position) = (SourceTable::of("", source)?, source.position("", record, epoch, op)?);
    let (schema, place) = (Schema { raw: schema, row: None }, PlaceInTransaction::default());
    Ok(Some(TableEvent { table, action, schema, position, place }))
}

/// Reads a flat row; `None` if there is nothing to do.
pub(super) fn read<'a>(record: &'a Record, names: Names<'a>, epoch: i32) -> Result<Option<Event<'a>>, Rejection> {
    let Some(bytes) = &record.value else { return deleted_by_null(record, epoch) };
    let Some((mut row, mut added)) = parts(json::utf8("value", bytes)?, names)? else { return deleted_by_null(record, epoch) };
    let mut schema = None;
    // A row may have a column named `payload`. A value without an id is taken for the wrapper of a row.
    if row.id().kind() == Json::Null
        && let Some(payload) = added.payload
    {
        schema = added.schema.map(RawValue::get);
        let Some(parts) = parts(payload.get(), names)? else { return deleted_by_null(record, epoch) };
        (row, added) = parts;
    }

    if row.id().kind() == Json::Null && added.is_message() {
        return Ok(None);
    }
    let op = Op::read(Field { place: "", name: "__op", raw: added.op.map(RawValue::get) })?;
    if op == Some(Op::Truncate) {
        return Err(Rejection::unsupported("__op: the table was truncated, which names no row"));
    }
    let key = match (op, key::read(record)) {
        (Some(Op::Message), _) | (_, Ok(Key::Heartbeat)) => return Ok(None),
        (_, key) => key?.id(),
    };
    let action = if op == Some(Op::Delete) || added.is_deleted()? {
        Action::Delete { id: key.unwrap_or_else(|| row.id()) }
    } else {
        Action::Put { after: row, before: Before { names, raw: None } }
    };
    let position = added.source().position("", record, epoch, op)?;
    Ok(Some(Event { key, action, schema: Schema { raw: schema, row: None }, position }))
}

/// Parses the columns of a value and the fields that were added to them; `None` for null.
fn parts<'a>(text: &'a str, names: Names<'a>) -> Result<Option<(Row<'a>, Added<'a>)>, Rejection> {
    let cells = cells::parse("value", text, names)?;
    let Object(added) = json::parse("value", text)?;
    Ok(cells.map(|cells| Row { place: "", names, cells }).zip(added))
}

/// The event of a null value. By default the transform turns a delete into a null value and nothing else, so nothing tells where the delete
/// stands in the log.
fn deleted_by_null(record: &Record, epoch: i32) -> Result<Option<Event<'_>>, Rejection> {
    let id = key::read(record)?
        .id()
        .ok_or_else(|| Rejection::invalid("key: missing or null, so the row that a null value deletes is not known"))?;
    let position = Source::default().position("", record, epoch, None)?;
    Ok(Some(Event { key: Some(id), action: Action::Delete { id }, schema: Schema { raw: None, row: None }, position }))
}
