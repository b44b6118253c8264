//! Reads events of tables without a key: which rows come, and which rows go.

use change::envelope::{Before, Row, TableAction, TableEvent};
use change::position::{Origin, Position};
use change::rejection::Rejection;

use super::{Decoded, Reading};
use crate::connect_types::ConnectTypes;
use crate::layout::Layout;
use crate::letters::unresolved;
use crate::value::Cell;

/// Why an update or a delete is refused that does not tell the row it is about.
const ONLY_ADDED: &str = "op: an update or a delete of a table without a key that does not tell the whole row; set replica identity full, so that \
                          later ones do, or give the table a primary key";

/// Why an update or a delete is refused whose row may hold invented values.
const UNKNOWN_SOURCE: &str = "op: an update or a delete of a table without a key, which needs the source's catalog; set mirror.source_url, or give \
                              the table a primary key";

/// The cells of a row, one for each column of the layout; `None` is a column that the event does not have.
pub type Cells<'a> = Vec<Option<Cell<'a>>>;

/// What an event does to the rows of a table without a key.
#[derive(Debug, PartialEq)]
pub struct RowEvent<'a> {
    /// The row that has come.
    pub added: Option<Cells<'a>>,
    /// The row that has gone. An update has both.
    pub removed: Option<Cells<'a>>,
    /// Where the event stands.
    pub position: Position,
    /// Which of the events at this position it is.
    pub place: Place,
    /// Whether the event has columns that the layout does not know.
    pub has_others: bool,
}

/// Which of the events at one position of the log an event is. Two events with the same place there are one, which was sent twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// The number in its transaction; -1 where the position alone tells; else the offset, because nothing tells.
    pub number: i64,
    /// The partition that the offset is of; -1 without an offset.
    pub partition: i32,
}

impl Place {
    /// Each row that an update or a delete is about has a record of the log of its own. A `COPY` has one record for many rows, so that a row which came
    /// is known again only by its number in the transaction.
    fn of(order: Option<i64>, is_added: bool, position: &Position) -> Self {
        match order {
            Some(number) => Self { number, partition: -1 },
            None if is_added => Self { number: position.offset, partition: position.partition },
            None => Self { number: -1, partition: -1 },
        }
    }
}

impl Reading {
    /// Reads an event of a table without a key.
    pub(super) fn keyless<'a>(&self, layout: &'a Layout, event: TableEvent<'a>, types: &ConnectTypes) -> Result<Decoded<'a>, Rejection> {
        let TableEvent { action, position, place, .. } = event;
        let order = if position.kind == Origin::Stream { place.order()? } else { None };
        match action {
            TableAction::Truncate => Ok(Decoded::Truncate(position)),
            // Nothing but the record's key says what a tombstone is about.
            TableAction::Delete { .. } if position.kind == Origin::Tombstone => Ok(Decoded::Ignored),
            TableAction::Delete { before } => {
                let row = whole(layout, before)?;
                let removed = self.cells(layout, &row, before, true, types)?;
                let place = Place::of(order, false, &position);
                Ok(Decoded::Row(RowEvent { added: None, removed: Some(removed), position, place, has_others: row.has_others() }))
            }
            TableAction::Put { after, before, is_update, .. } if is_update || !before.is_absent() => {
                let row = whole(layout, before)?;
                let removed = self.cells(layout, &row, before, true, types)?;
                let mut added = self.cells(layout, &after, before, false, types)?;
                for (cell, before) in added.iter_mut().zip(&removed) {
                    if matches!(cell, Some(Cell::Unchanged)) {
                        cell.clone_from(before);
                    }
                }
                let (place, has_others) = (Place::of(order, false, &position), after.has_others());
                Ok(Decoded::Row(RowEvent { added: Some(added), removed: Some(removed), position, place, has_others }))
            }
            TableAction::Put { after, before, is_whole, .. } => {
                let added = self.cells(layout, &after, before, is_whole, types)?;
                if added.iter().any(|cell| matches!(cell, Some(Cell::Unchanged))) {
                    return Err(unresolved());
                }
                let (place, has_others) = (Place::of(order, true, &position), after.has_others());
                Ok(Decoded::Row(RowEvent { added: Some(added), removed: None, position, place, has_others }))
            }
        }
    }
}

/// The row before the event, all of it.
fn whole<'a>(layout: &Layout, before: Before<'a>) -> Result<Row<'a>, Rejection> {
    if before.is_absent() {
        return Err(Rejection::unsupported(ONLY_ADDED));
    }
    // Postgres sends updates and deletes of a table without any key only with the whole row. Where an index is the identity, other columns have
    // invented values, and only the source's catalog tells.
    if layout.shape.is_empty() {
        return Err(Rejection::unsupported(UNKNOWN_SOURCE));
    }
    before.columns()
}
