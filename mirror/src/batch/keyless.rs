//! Makes the events of a table without a key into arrays. Nothing is collapsed: each event counts its rows, whatever came before or behind it.

use std::collections::BTreeMap;
use std::sync::Arc;

use change::position::{Origin, Position};
use ledger::arrays::{Array, Positions};

use super::{TooLong, mark, text};
use crate::decode::{Cells, Place, RowEvent};
use crate::layout::{Layout, Mark};

/// What is written of one table without a key.
#[derive(Debug)]
pub struct KeylessBatch {
    /// How the table is written.
    pub layout: Arc<Layout>,
    /// The events, by the columns that they tell.
    pub groups: Vec<Group>,
    /// The position of a row of the newest snapshot among the events.
    pub snapshot: Option<Position>,
}

impl KeylessBatch {
    /// The number of the events.
    #[must_use]
    pub fn events(&self) -> u64 {
        self.groups.iter().map(|group| group.at.len() as u64).sum()
    }
}

/// Events that tell the same columns, and the rows that they add and remove.
#[derive(Debug)]
pub struct Group {
    /// What the events tell of each column of the layout: known or absent.
    pub marks: Vec<Mark>,
    /// The values of the known columns of each row, as text.
    pub columns: Vec<Array<Option<String>>>,
    /// Of each row: 1 if it has come, -1 if it has gone.
    pub signs: Array<i32>,
    /// Of each row: the place of its event among the events, from 1.
    pub of: Array<i32>,
    /// Where the events stand.
    pub positions: Positions,
    /// Of each event, which one at its position it is.
    pub numbers: Array<i64>,
    /// Of each event, the partition that its number is an offset of, or -1.
    pub partitions: Array<i32>,
    /// Where each event stands.
    pub at: Vec<Position>,
    /// Whether a row has gone.
    pub removes: bool,
}

impl Group {
    fn new(marks: Vec<Mark>, events: usize) -> Self {
        let columns = marks.iter().filter(|mark| **mark == Mark::Known).map(|_| Array::with_capacity(events)).collect();
        Self {
            marks,
            columns,
            signs: Array::with_capacity(events),
            of: Array::with_capacity(events),
            positions: Positions::with_capacity(events),
            numbers: Array::with_capacity(events),
            partitions: Array::with_capacity(events),
            at: Vec::with_capacity(events),
            removes: false,
        }
    }

    fn push(&mut self, event: &RowEvent<'_>) -> Result<(), TooLong> {
        self.positions.push(&event.position).map_err(|_| TooLong)?;
        let Place { number, partition } = event.place;
        self.numbers.push(number).map_err(|_| TooLong)?;
        self.partitions.push(partition).map_err(|_| TooLong)?;
        self.at.push(event.position);
        for (row, sign) in [(&event.removed, -1), (&event.added, 1)] {
            let Some(row) = row else { continue };
            self.row(row, sign)?;
        }
        self.removes |= event.removed.is_some();
        Ok(())
    }

    fn row(&mut self, row: &Cells<'_>, sign: i32) -> Result<(), TooLong> {
        let known = row.iter().zip(&self.marks).filter(|(_, mark)| **mark == Mark::Known).map(|(cell, _)| cell.as_ref().and_then(text));
        for (column, text) in self.columns.iter_mut().zip(known) {
            column.push_text(text).map_err(|_| TooLong)?;
        }
        self.signs.push(sign).map_err(|_| TooLong)?;
        self.of.push(i32::try_from(self.at.len()).map_err(|_| TooLong)?).map_err(|_| TooLong)
    }
}

/// Makes the events of one table without a key, which are in order of their records, into arrays.
///
/// # Errors
/// If a value is longer than Postgres can take.
pub fn keyless_batch(layout: Arc<Layout>, events: &[RowEvent<'_>]) -> Result<KeylessBatch, TooLong> {
    let mut groups: BTreeMap<Vec<Mark>, Group> = BTreeMap::new();
    for event in events {
        let marks = marks(event);
        match groups.get_mut(&marks) {
            Some(group) => group.push(event)?,
            None => groups.entry(marks.clone()).or_insert(Group::new(marks, events.len())).push(event)?,
        }
    }
    let of_snapshots = events.iter().map(|event| event.position).filter(|position| position.kind == Origin::Snapshot);
    let snapshot = of_snapshots.max_by_key(|position| position.lsn);
    Ok(KeylessBatch { layout, groups: groups.into_values().collect(), snapshot })
}

/// The columns that one of the event's rows has.
fn marks(event: &RowEvent<'_>) -> Vec<Mark> {
    let known =
        |row: &Option<Cells<'_>>, at: usize| row.as_ref().is_some_and(|row| row.get(at).is_some_and(|cell| mark(cell) == Mark::Known));
    let columns = event.added.as_ref().or(event.removed.as_ref()).map_or(0, Vec::len);
    let of = |at| if known(&event.added, at) || known(&event.removed, at) { Mark::Known } else { Mark::Absent };
    (0..columns).map(of).collect()
}
