//! Bytes to change: every shape in which Debezium writes a row's change.
//!
//! The way of an event: `key` and `event` (or `flat`) read its JSON once, borrowing from the record; `layout` spares the parser the events
//! that look like one before in the batch; `source` tells where it stands; the columns become values in `field`, `decimal` and `time`;
//! `schema` is read only where the value alone does not tell its scale or unit. No I/O and no clock: the same bytes
//! always give the same change. A rejection names fields, types and limits, never a value (P11).

mod decimal;
mod event;
mod field;
mod flat;
mod json;
mod key;
mod layout;
mod row;
mod schema;
mod source;
mod time;

#[cfg(test)]
mod tests;

use self::event::{Action, Event};
use self::field::Field;
pub use self::layout::Layouts;
use crate::change::position::{Kind, Position};
use crate::change::record::Record;
use crate::change::rejection::{Reason, Rejection, Stage};
use crate::orders::customer::CustomerChange;
use crate::orders::order::{Change, Effect, OrderChange};

/// What the values of the topics hold: the setting `source.format`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Format {
    /// Debezium's envelope: `before`, `after`, `source`, `op`. A null value is the tombstone after a delete.
    #[default]
    Envelope,
    /// The row itself, as the unwrap transform writes it. A null value is the delete.
    Flat,
}

impl Format {
    /// What stands before a column's name where a message names it.
    #[must_use]
    pub fn row(self) -> &'static str {
        match self {
            Self::Envelope => "after.",
            Self::Flat => "",
        }
    }
}

/// What an integer counts that stands for a time, where no schema says it: the setting `source.time_unit`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TimeUnit {
    /// What its size says: one table can have several units, with `time.precision.mode=adaptive` one for each precision of its columns.
    #[default]
    Auto,
    /// `time.precision.mode=connect`, and `adaptive` for a `timestamp(3)` or coarser.
    Millis,
    /// `time.precision.mode=adaptive`, Debezium's default, for a `timestamp`; and `microseconds`.
    Micros,
    /// `time.precision.mode=nanoseconds`.
    Nanos,
}

/// Reads the events of one source.
#[derive(Debug, Clone)]
pub struct Decoder {
    /// The shape of the values.
    pub format: Format,
    /// The operator's `source.epoch`, which each position carries.
    pub epoch: i32,
    /// The setting `source.decimal_scale`: with it, a price without a schema is base64 with this many decimals.
    pub decimal_scale: Option<u32>,
    /// The setting `source.time_unit`.
    pub time_unit: TimeUnit,
    /// The setting `source.max_record_bytes`; a larger record is rejected unread.
    pub max_record_bytes: usize,
}

/// What a record holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decoded<C> {
    /// A change of a row.
    Change(C),
    /// The table was emptied: whatever is older is gone.
    Truncate(Position),
    /// Nothing to do: a tombstone, a heartbeat, a logical message.
    Ignored,
}

impl Decoder {
    /// Reads an event of `orders`.
    ///
    /// # Errors
    /// The reason why the record can never be processed.
    pub fn order(&self, record: &Record) -> Result<Decoded<OrderChange>, Rejection> {
        self.order_of(self.event(record, None)?)
    }

    /// The same, quicker for events that look like those that came with the same `layouts`.
    ///
    /// # Errors
    /// The same.
    pub fn order_among(&self, record: &Record, layouts: &mut Layouts) -> Result<Decoded<OrderChange>, Rejection> {
        self.order_of(self.event(record, Some(layouts))?)
    }

    fn order_of(&self, event: Option<Event<'_>>) -> Result<Decoded<OrderChange>, Rejection> {
        let Some(event) = event else { return Ok(Decoded::Ignored) };
        if matches!(event.action, Action::Truncate) {
            return truncate(event.position);
        }
        let id = event.id(Field::bigint)?;
        let effect = match event.action {
            Action::Put { after, before } => Effect::Put(after.order(before, event.schema, self.decimal_scale, self.time_unit)?),
            Action::Delete { .. } | Action::Truncate => Effect::Delete,
        };
        Ok(Decoded::Change(Change { id, effect, position: event.position }))
    }

    /// The order that the key names, also where the value cannot be read: for people who look for a dead letter.
    #[must_use]
    pub fn order_of_key(&self, record: &Record) -> Option<i64> {
        key::read(record).ok()?.id()?.bigint().ok()
    }

    /// Where the event stands, also where its row cannot be read: of an event that cannot be read at all only Kafka's order is known.
    #[must_use]
    pub fn position(&self, record: &Record) -> Position {
        let Record { partition, offset, .. } = *record;
        let (epoch, kind) = (self.epoch, Kind::Unknown);
        let position = self.event(record, None).ok().flatten().map(|event| event.position);
        position.unwrap_or(Position { epoch, partition, offset, kind, commit: None, lsn: None, ts_ms: None })
    }

    /// The customer that the key names.
    #[must_use]
    pub fn customer_of_key(&self, record: &Record) -> Option<String> {
        Some(key::read(record).ok()?.id()?.text().ok()?.into_owned())
    }

    /// Reads an event of `customers`.
    ///
    /// # Errors
    /// The reason why the record can never be processed.
    pub fn customer(&self, record: &Record) -> Result<Decoded<CustomerChange>, Rejection> {
        let Some(event) = self.event(record, None)? else { return Ok(Decoded::Ignored) };
        if matches!(event.action, Action::Truncate) {
            return Err(Rejection::unsupported("op: the table was truncated, which names no row; delete the customers row by row instead"));
        }
        let id = event.id(Field::text)?.into_owned();
        let effect = match event.action {
            Action::Put { after, before } => Effect::Put(after.customer(before)?),
            Action::Delete { .. } | Action::Truncate => Effect::Delete,
        };
        Ok(Decoded::Change(Change { id, effect, position: event.position }))
    }

    fn event<'a>(&self, record: &'a Record, layouts: Option<&mut Layouts>) -> Result<Option<Event<'a>>, Rejection> {
        let size = record.size();
        if size > self.max_record_bytes {
            let message = format!("the record has {size} bytes, source.max_record_bytes allows {}", self.max_record_bytes);
            return Err(Rejection { reason: Reason::TooLarge, stage: Stage::Decode, message });
        }
        match self.format {
            Format::Envelope => event::read(record, self.epoch, layouts),
            Format::Flat => flat::read(record, self.epoch),
        }
    }
}

/// Only the log tells what is older than a truncate.
fn truncate<C>(position: Position) -> Result<Decoded<C>, Rejection> {
    if position.kind == Kind::Stream && position.lsn.is_some() {
        return Ok(Decoded::Truncate(position));
    }
    Err(Rejection::unsupported("op: the table was truncated, and source does not say where in the log"))
}
