//! Reads Debezium's envelope
//! (<https://debezium.io/documentation/reference/stable/connectors/postgresql.html#postgresql-change-event-values>).

use serde_json::value::RawValue;

use super::cells::Names;
use super::field::Field;
use super::fields::Envelope;
use super::key::{self, Key};
use super::layout::Layouts;
use super::row::{Before, Row};
use super::schema::Schema;
use super::source::Op;
use super::{json, message};
use crate::position::{Origin, Position};
use crate::record::Record;
use crate::rejection::Rejection;

/// An event, read except for the types of its columns.
#[derive(Debug)]
pub struct Event<'a> {
    /// The id in the key, unless there is no key.
    pub key: Option<Field<'a>>,
    /// What becomes of the row.
    pub action: Action<'a>,
    /// The schema that came with the value.
    pub schema: Schema<'a>,
    /// The position of the event.
    pub position: Position,
}

/// What becomes of the row, and what the event says about the row.
#[derive(Debug)]
pub enum Action<'a> {
    /// The row now has the state `after`.
    Put {
        /// The row as of this event.
        after: Row<'a>,
        /// The row before the event, if the source sends it.
        before: Before<'a>,
    },
    /// The row is gone.
    Delete {
        /// The id of the row.
        ///
        /// The id comes from the key, and from the row before the event only if there is no key. With `REPLICA IDENTITY DEFAULT` Postgres
        /// sends nothing but the key, and Debezium fills the other columns that cannot be null with values of its own.
        id: Field<'a>,
    },
    /// The table was emptied.
    Truncate,
}

impl<'a> Event<'a> {
    /// The row's id, which must be the same as the id in the key.
    ///
    /// # Errors
    /// If there is no id, or if it differs from the id in the key.
    pub fn id<Id: PartialEq>(&self, read: fn(Field<'a>) -> Result<Id, Rejection>) -> Result<Id, Rejection> {
        let field = match &self.action {
            Action::Put { after, .. } => after.id(),
            Action::Delete { id } => return read(*id),
            Action::Truncate => return Err(Rejection::unsupported("op: a truncate names no row")),
        };
        let key = self.key.map(read).transpose()?;
        let id = read(field)?;
        match key {
            Some(key) if key != id => Err(Rejection::invalid(format!("{field}: not the id that the key has"))),
            _ => Ok(id),
        }
    }
}

/// Parses the fields of an envelope, whatever it looks like; `None` if the envelope is null.
fn parse<'a>(text: &'a str, names: Names<'_>) -> Result<Option<Envelope<&'a str>>, Rejection> {
    let envelope = json::parse_seed("value", text, message::Seed { names, is_payload: false })?;
    Ok(envelope.map(|envelope| envelope.map(RawValue::get)))
}

/// Reads the fields of an envelope without the parser if it looks like an earlier one, else with it.
pub(super) fn fields<'a>(text: &'a str, names: Names<'_>, layouts: Option<&mut Layouts>) -> Result<Option<Envelope<&'a str>>, Rejection> {
    let Some(layouts) = layouts else { return parse(text, names) };
    if let Some(envelope) = layouts.read(text) {
        return Ok(Some(envelope));
    }
    let envelope = parse(text, names)?;
    if let Some(envelope) = &envelope {
        layouts.learn(text, envelope);
    }
    Ok(envelope)
}

/// Reads an envelope; `None` if there is nothing to do.
pub(super) fn read<'a>(
    record: &'a Record,
    names: Names<'a>,
    epoch: i32,
    layouts: Option<&mut Layouts>,
) -> Result<Option<Event<'a>>, Rejection> {
    let Some(bytes) = &record.value else { return tombstone(record, epoch) };
    let Some(envelope) = fields(json::utf8("value", bytes)?, names, layouts)? else { return tombstone(record, epoch) };
    let Envelope { schema, before, after, source, op, .. } = envelope;

    let Some(op) = Op::read(Field { place: "", name: "op", raw: op })? else {
        return match key::read(record)? {
            Key::Heartbeat => Ok(None),
            Key::Id(_) | Key::Absent => Err(Rejection::malformed("op: missing, so this is no envelope (is source.format right?)")),
        };
    };
    if op == Op::Message {
        return Ok(None);
    }
    let before = Before { names, raw: before };
    let key = key::read(record)?.id();
    let action = if op == Op::Truncate {
        Action::Truncate
    } else if op == Op::Delete {
        Action::Delete { id: key.map_or_else(|| before.row().map(|row| row.id()), Ok)? }
    } else {
        let after = after.ok_or_else(|| Rejection::malformed("after: missing or null, where op says that the row exists"))?;
        Action::Put { after: Row { place: "after", names, cells: after }, before }
    };
    let position = source.unwrap_or_default().position("source", record, epoch, Some(op))?;
    Ok(Some(Event { key, action, schema: Schema { raw: schema, row: Some("after") }, position }))
}

/// The event of a null value. Compaction may leave nothing else of a delete
/// (<https://debezium.io/documentation/reference/stable/connectors/postgresql.html#postgresql-tombstone-events>).
fn tombstone(record: &Record, epoch: i32) -> Result<Option<Event<'_>>, Rejection> {
    let Some(id) = key::read(record)?.id() else { return Ok(None) };
    let Record { partition, offset, .. } = *record;
    let position = Position { epoch, partition, offset, kind: Origin::Tombstone, commit: None, lsn: None, ts_ms: None };
    Ok(Some(Event { key: Some(id), action: Action::Delete { id }, schema: Schema { raw: None, row: None }, position }))
}
