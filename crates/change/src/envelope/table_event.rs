//! Reads an event of any table, whose key may have any columns or none: which table the event is about, what becomes of the row, and where
//! the event stands. The columns stay unread JSON.

use std::borrow::Cow;

use serde::Deserialize;

use super::cells::Names;
use super::event::fields;
use super::field::Field;
use super::fields::Envelope;
use super::flat;
use super::layout::Layouts;
use super::row::{Before, Row};
use super::schema::Schema;
use super::source::{Op, Source};
use super::{Format, json};
use crate::position::{Origin, Position};
use crate::record::Record;
use crate::rejection::Rejection;

/// The header of a create that was an update of the key
/// (<https://debezium.io/documentation/reference/stable/connectors/postgresql.html#postgresql-primary-key-updates>).
const OLD_KEY: &str = "__debezium.oldkey";

/// An event of any table.
#[derive(Debug)]
pub struct TableEvent<'a> {
    /// The schema and the name of the table, as far as the event tells them.
    pub table: SourceTable<'a>,
    /// What becomes of the row.
    pub action: TableAction<'a>,
    /// The schema that came with the value.
    pub schema: Schema<'a>,
    /// The position of the event.
    pub position: Position,
    /// The place of the event in its transaction.
    pub place: PlaceInTransaction<'a>,
}

/// The place of an event in its transaction, which the event tells if the connector has `provide.transaction.metadata`. Rows of one statement may have one
/// position in the log, and then only this place tells them apart. It is the same when the event is sent again.
#[derive(Debug, Clone, Copy, Default)]
pub struct PlaceInTransaction<'a> {
    raw: Option<&'a str>,
}

/// The field of `transaction` that counts.
#[derive(Deserialize)]
struct Transaction {
    total_order: i64,
}

impl PlaceInTransaction<'_> {
    /// The number of the event among all of its transaction, from 1; `None` if the event does not tell.
    ///
    /// # Errors
    /// If the event has a transaction without this number.
    pub fn order(self) -> Result<Option<i64>, Rejection> {
        let Some(raw) = self.raw else { return Ok(None) };
        let place: Option<Transaction> =
            serde_json::from_str(raw).map_err(|_| Rejection::malformed("transaction: no object with a whole number in total_order"))?;
        Ok(place.map(|transaction| transaction.total_order))
    }
}

/// Schema and name of the source's table.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SourceTable<'a> {
    /// `source.schema`
    pub schema: Option<Cow<'a, str>>,
    /// `source.table`
    pub table: Option<Cow<'a, str>>,
}

/// What becomes of the row.
#[derive(Debug)]
pub enum TableAction<'a> {
    /// The row now has the state `after`.
    Put {
        /// The row as of this event.
        after: Row<'a>,
        /// The row before the event, if the source sends it.
        before: Before<'a>,
        /// Whether the event has every value of the row: the row was made or read. An update may leave unchanged values out.
        is_whole: bool,
        /// Whether the event says that it is an update.
        is_update: bool,
    },
    /// The row is gone. The key of the record names the row, and only without a key `before` does.
    Delete {
        /// The row before the event: all of it with `REPLICA IDENTITY FULL`, else the columns of the identity among invented values.
        before: Before<'a>,
    },
    /// The table was emptied.
    Truncate,
}

/// Reads an event of a table with these columns; `None` if there is nothing to do.
pub(super) fn read<'a>(
    record: &'a Record,
    names: Names<'a>,
    format: Format,
    epoch: i32,
    layouts: Option<&mut Layouts>,
) -> Result<Option<TableEvent<'a>>, Rejection> {
    match format {
        Format::Envelope => envelope(record, names, epoch, layouts),
        Format::Flat => flat::read_table(record, names, epoch),
    }
}

/// The names of all columns of an event's row; empty if the event has no row. The function is slow, because hardly any event needs it.
#[must_use]
pub fn column_names(value: &[u8], format: Format) -> Vec<String> {
    let Ok(value) = serde_json::from_slice::<serde_json::Value>(value) else { return Vec::new() };
    let envelope = value.get("payload").filter(|payload| payload.is_object() && value.get("schema").is_some()).unwrap_or(&value);
    let row = match format {
        Format::Envelope => envelope.get("after").filter(|after| !after.is_null()).or_else(|| envelope.get("before")),
        Format::Flat => Some(envelope),
    };
    row.and_then(serde_json::Value::as_object).map(|row| row.keys().cloned().collect()).unwrap_or_default()
}

fn envelope<'a>(
    record: &'a Record,
    names: Names<'a>,
    epoch: i32,
    layouts: Option<&mut Layouts>,
) -> Result<Option<TableEvent<'a>>, Rejection> {
    let Some(bytes) = &record.value else { return Ok(tombstone(record, epoch)) };
    let Some(envelope) = fields(json::utf8("value", bytes)?, names, layouts)? else { return Ok(tombstone(record, epoch)) };
    let Envelope { schema, before, after, source, op, transaction } = envelope;
    let is_whole = match op {
        Some(r#""r""#) => true,
        // A changed key makes a create of what was an update, which leaves unchanged values out.
        Some(r#""c""#) => record.headers.last(OLD_KEY).is_none(),
        _ => false,
    };
    let is_update = op == Some(r#""u""#);
    let Some(op) = Op::read(Field { place: "", name: "op", raw: op })? else {
        let what = "op: missing, so this is no envelope (is the format right?)";
        return if is_border(bytes) { Ok(None) } else { Err(Rejection::malformed(what)) };
    };
    let before = Before { names, raw: before };
    let action = match op {
        Op::Message => return Ok(None),
        Op::Truncate => TableAction::Truncate,
        Op::Delete => TableAction::Delete { before },
        Op::Write | Op::Read => {
            let after = after.ok_or_else(|| Rejection::malformed("after: missing or null, where op says that the row exists"))?;
            TableAction::Put { after: Row { place: "after", names, cells: after }, before, is_whole, is_update }
        }
    };
    let source = source.unwrap_or_default();
    let table = SourceTable::of("source", source)?;
    let position = source.position("source", record, epoch, Some(op))?;
    let place = PlaceInTransaction { raw: transaction };
    Ok(Some(TableEvent { table, action, schema: Schema { raw: schema, row: Some("after") }, position, place }))
}

/// Whether a record says that a transaction has begun or ended (`<prefix>.transaction`), which concerns no row.
fn is_border(value: &[u8]) -> bool {
    let Ok(value) = serde_json::from_slice::<serde_json::Value>(value) else { return false };
    let border = value.get("payload").unwrap_or(&value);
    border.get("event_count").is_some() && matches!(border.get("status").and_then(serde_json::Value::as_str), Some("BEGIN" | "END"))
}

/// The event of a null value behind an envelope's delete. Compaction may leave nothing else of a delete. Without a key it says nothing.
fn tombstone(record: &Record, epoch: i32) -> Option<TableEvent<'_>> {
    record.key.as_ref()?;
    let Record { partition, offset, .. } = *record;
    let position = Position { epoch, partition, offset, kind: Origin::Tombstone, commit: None, lsn: None, ts_ms: None };
    let action = TableAction::Delete { before: Before { names: &[], raw: None } };
    let (table, schema, place) = (SourceTable::default(), Schema { raw: None, row: None }, PlaceInTransaction::default());
    Some(TableEvent { table, action, schema, position, place })
}

impl<'a> SourceTable<'a> {
    pub(super) fn of(place: &'static str, source: Source<&'a str>) -> Result<Self, Rejection> {
        let text = |name, raw| Field { place, name, raw }.optional_text();
        Ok(Self { schema: text("schema", source.schema)?, table: text("table", source.table)? })
    }
}
