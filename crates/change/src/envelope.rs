//! Reads the bytes of a record into an event, in every shape in which Debezium writes a row's change.
//!
//! `key` and `event` (or `flat`) read the JSON of an event once, borrowing from the record. `layout` spares the parser the events that look
//! like an earlier one of the batch. `source` tells where the event stands. `cells` holds the columns that count, which become values in
//! `field`, `decimal` and `time`. `schema` is read only where the value alone does not tell its scale or unit. There is no I/O and no
//! clock: the same bytes always give the same event. A rejection names fields, types and limits, never a value (P11).

mod cells;
mod decimal;
mod event;
mod field;
mod fields;
mod flat;
mod json;
mod key;
mod layout;
mod message;
mod row;
mod schema;
mod source;
mod table_event;
mod time;

pub use cells::Names;
pub use decimal::{Number, decimal, needs_schema};
pub use event::{Action, Event};
pub use field::{Field, Json};
pub use key::{KeyColumns, columns_of};
pub use layout::Layouts;
pub use row::{Before, Row};
pub use schema::{ColumnTypes, Schema};
pub use table_event::{PlaceInTransaction, SourceTable, TableAction, TableEvent, column_names};
pub use time::timestamp;

use crate::position::{Origin, Position};
use crate::record::Record;
use crate::rejection::{Reason, Rejection, Stage};

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
    /// The prefix of a column's name in a message.
    #[must_use]
    pub fn row(self) -> &'static str {
        match self {
            Self::Envelope => "after.",
            Self::Flat => "",
        }
    }
}

/// The unit of an integer that stands for a time where no schema names the unit: the setting `source.time_unit`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TimeUnit {
    /// The size of the integer tells the unit. One table can have several units: `time.precision.mode=adaptive` gives one for each
    /// precision of its columns.
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
#[derive(Debug, Clone, Copy)]
pub struct EventReader {
    /// The shape of the values.
    pub format: Format,
    /// The operator's `source.epoch`, which each position carries.
    pub epoch: i32,
    /// The setting `source.max_record_bytes`. A larger record is rejected unread.
    pub max_record_bytes: usize,
}

impl EventReader {
    /// Reads an event; `None` if there is nothing to do: a tombstone that follows its delete, a heartbeat, a logical message.
    ///
    /// `names` are the columns that count; the first is the id of the row. Events are read faster if they look like earlier ones that were
    /// read with the same `layouts` and the same names.
    ///
    /// # Errors
    /// The reason why the record can never be processed.
    pub fn event<'a>(&self, record: &'a Record, names: Names<'a>, layouts: Option<&mut Layouts>) -> Result<Option<Event<'a>>, Rejection> {
        self.within_limit(record)?;
        match self.format {
            Format::Envelope => event::read(record, names, self.epoch, layouts),
            Format::Flat => flat::read(record, names, self.epoch),
        }
    }

    /// Reads an event of a table with these columns, whatever its key is; `None` if there is nothing to do.
    ///
    /// # Errors
    /// The reason why the record can never be processed.
    pub fn table_event<'a>(
        &self,
        record: &'a Record,
        names: Names<'a>,
        layouts: Option<&mut Layouts>,
    ) -> Result<Option<TableEvent<'a>>, Rejection> {
        self.within_limit(record)?;
        table_event::read(record, names, self.format, self.epoch, layouts)
    }

    fn within_limit(&self, record: &Record) -> Result<(), Rejection> {
        let size = record.size();
        if size <= self.max_record_bytes {
            return Ok(());
        }
        let message = format!("the record has {size} bytes, source.max_record_bytes allows {}", self.max_record_bytes);
        Err(Rejection { reason: Reason::TooLarge, stage: Stage::Decode, message })
    }

    /// Where the event stands, even if its row cannot be read. If the event cannot be read at all, only Kafka's order is known.
    #[must_use]
    pub fn position(&self, record: &Record, names: Names<'_>) -> Position {
        let Record { partition, offset, .. } = *record;
        let (epoch, kind) = (self.epoch, Origin::Unknown);
        let position = self.event(record, names, None).ok().flatten().map(|event| event.position);
        position.unwrap_or(Position { epoch, partition, offset, kind, commit: None, lsn: None, ts_ms: None })
    }
}

/// The id that the key of a record names, even if the record's value cannot be read.
#[must_use]
pub fn id_of_key(record: &Record) -> Option<Field<'_>> {
    key::read(record).ok()?.id()
}
