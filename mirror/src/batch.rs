//! Makes the decoded changes of a batch into what is written: collapsed per row, and as one array per column. Without I/O.

use std::collections::BTreeMap;
use std::sync::Arc;

use change::collapse::{Collapsed, collapse};
use change::effect::{Change, Effect};
use change::position::Position;
use change::record::{Landmark, Record};
use foldhash::{HashMap, HashMapExt};
use ledger::arrays::{Array, Positions};

use crate::layout::{Layout, Mark};
use crate::value::Cell;

mod keyless;

pub use keyless::{Group, KeylessBatch, keyless_batch};

/// The records from one offset to another and what becomes of their rows.
#[derive(Debug)]
pub struct Batch {
    /// The offset behind the last of the records; `None` without records.
    pub to: Option<i64>,
    /// The last of the batch's records.
    pub last: Option<Landmark>,
    /// The offset behind the last record that is no dead letter; `None` if all are.
    pub clean_to: Option<i64>,
    /// What is written, table by table.
    pub tables: Vec<TableBatch>,
    /// What is written of tables without a key.
    pub keyless: Vec<KeylessBatch>,
    /// The truncate that this batch consists of.
    pub truncate: Option<(Arc<Layout>, Position)>,
    /// Changes that arrived after a newer change of the same row in the same batch.
    pub stale: u64,
    /// The number of records without anything to do.
    pub ignored: u64,
}

impl Batch {
    /// How each table of the batch is written.
    pub fn layouts(&self) -> impl Iterator<Item = &Arc<Layout>> {
        let keyless = self.keyless.iter().map(|table| &table.layout);
        self.tables.iter().map(|table| &table.layout).chain(keyless).chain(self.truncate.iter().map(|(layout, _)| layout))
    }

    /// When the oldest change that is written was committed in the source, in milliseconds since 1970; `None` if no event tells.
    #[must_use]
    pub fn oldest_ms(&self) -> Option<i64> {
        let rounds = self.tables.iter().flat_map(|table| &table.rounds);
        let writes = rounds.flat_map(|round| round.puts.iter().map(|puts| &puts.writes).chain(&round.deletes));
        writes.flat_map(|writes| &writes.at).filter_map(|position| position.ts_ms).min()
    }

    /// A batch without records.
    #[must_use]
    pub fn empty() -> Self {
        Self { to: None, last: None, clean_to: None, tables: Vec::new(), keyless: Vec::new(), truncate: None, stale: 0, ignored: 0 }
    }

    /// A record that has nothing to do.
    #[must_use]
    pub fn ignoring(record: &Record) -> Self {
        Self { to: Some(record.offset + 1), last: record.landmark(), ignored: 1, ..Self::empty() }
    }
}

/// What is written of one table, in order.
#[derive(Debug)]
pub struct TableBatch {
    /// How the table is written.
    pub layout: Arc<Layout>,
    /// Each holds a row at most once.
    pub rounds: Vec<Round>,
}

/// Writes of one table, each of another row.
#[derive(Debug, Default)]
pub struct Round {
    /// Rows that are there now, by what their events tell of the columns.
    pub puts: Vec<Puts>,
    /// Rows that are gone.
    pub deletes: Option<Writes>,
}

/// Rows whose events tell the same columns.
#[derive(Debug)]
pub struct Puts {
    /// What the events tell of each column of the layout.
    pub marks: Vec<Mark>,
    /// The known columns and the positions.
    pub writes: Writes,
}

impl Puts {
    /// Whether the events tell every column that is written.
    #[must_use]
    pub fn is_whole(&self, layout: &Layout) -> bool {
        layout.columns.iter().zip(&self.marks).all(|(column, mark)| if column.written { *mark == Mark::Known } else { !column.is_kept })
    }

    /// The columns of the key, in its order.
    #[must_use]
    pub fn keys(&self, layout: &Layout) -> Vec<&Array<Option<String>>> {
        layout.key.iter().filter_map(|at| self.column(*at)).collect()
    }

    /// The values of a column of the layout.
    fn column(&self, at: usize) -> Option<&Array<Option<String>>> {
        let place = self.marks.get(..at)?.iter().filter(|mark| **mark == Mark::Known).count();
        self.writes.columns.get(place)
    }
}

/// Rows as arrays, one for each column of a statement.
#[derive(Debug)]
pub struct Writes {
    /// The values, as text.
    pub columns: Vec<Array<Option<String>>>,
    /// Where the events stand.
    pub positions: Positions,
    /// For each row: the index of its record, and the number of changes that the row stands for.
    pub rows: Vec<(usize, u64)>,
    /// For each row, where its event stands.
    pub at: Vec<Position>,
}

/// A value was longer than Postgres can take.
#[derive(Debug, thiserror::Error)]
#[error("a value has more bytes than Postgres can take in one column")]
pub struct TooLong;

impl Writes {
    fn with_capacity(columns: usize, rows: usize) -> Self {
        let columns = (0..columns).map(|_| Array::with_capacity(rows)).collect();
        Self { columns, positions: Positions::with_capacity(rows), rows: Vec::with_capacity(rows), at: Vec::with_capacity(rows) }
    }

    fn push<'c>(&mut self, texts: impl Iterator<Item = Option<&'c str>>, row: (usize, u64), position: &Position) -> Result<(), TooLong> {
        for (column, text) in self.columns.iter_mut().zip(texts) {
            column.push_text(text).map_err(|_| TooLong)?;
        }
        self.positions.push(position).map_err(|_| TooLong)?;
        self.rows.push(row);
        self.at.push(*position);
        Ok(())
    }
}

/// The changes of one table in a batch, in order of their records.
#[derive(Debug)]
pub struct TableChanges<'a> {
    /// How the table is written.
    pub layout: Arc<Layout>,
    changes: Vec<Change<String, Vec<Option<Cell<'a>>>>>,
    keys: HashMap<usize, Vec<Cell<'a>>>,
    records: Vec<usize>,
    /// The place of the last change of each row.
    last: HashMap<String, usize>,
}

impl<'a> TableChanges<'a> {
    /// No changes yet.
    #[must_use]
    pub fn new(layout: Arc<Layout>) -> Self {
        Self { layout, changes: Vec::new(), keys: HashMap::new(), records: Vec::new(), last: HashMap::new() }
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }

    /// Adds a row that is there now. What its event leaves out or does not have is taken from the change of the row before, if the batch has one.
    pub fn put(&mut self, record: usize, id: String, mut cells: Vec<Option<Cell<'a>>>, position: Position) {
        if let Some(Effect::Put(before)) = self.last.get(&id).map(|last| &self.changes[*last].effect) {
            for (cell, before) in cells.iter_mut().zip(before) {
                if matches!(cell, None | Some(Cell::Unchanged)) {
                    cell.clone_from(before);
                }
            }
        }
        self.push(record, Change { id, effect: Effect::Put(cells), position });
    }

    /// Adds a row that is gone.
    pub fn delete(&mut self, record: usize, id: String, key: Vec<Cell<'a>>, position: Position) {
        self.keys.insert(self.changes.len(), key);
        self.push(record, Change { id, effect: Effect::Delete, position });
    }

    fn push(&mut self, record: usize, change: Change<String, Vec<Option<Cell<'a>>>>) {
        self.last.insert(change.id.clone(), self.changes.len());
        self.changes.push(change);
        self.records.push(record);
    }

    /// What is written of the table, and the number of changes that came after a newer one.
    ///
    /// # Errors
    /// If a value is longer than Postgres can take.
    pub fn collapsed(self) -> Result<(TableBatch, u64), TooLong> {
        let Collapsed { rounds, stale } = collapse(&self.changes, |_| false);
        let mut out = Vec::with_capacity(rounds.len());
        for slots in rounds {
            let mut puts: BTreeMap<Vec<Mark>, Writes> = BTreeMap::new();
            let mut deletes: Option<Writes> = None;
            for slot in &slots {
                let change = &self.changes[slot.change];
                let row = (self.records[slot.change], slot.members);
                match &change.effect {
                    Effect::Put(cells) => {
                        let marks: Vec<Mark> = cells.iter().map(mark).collect();
                        let known = marks.iter().filter(|mark| **mark == Mark::Known).count();
                        let writes = puts.entry(marks).or_insert_with(|| Writes::with_capacity(known, slots.len()));
                        let texts = cells.iter().filter(|cell| mark(cell) == Mark::Known).map(|cell| cell.as_ref().and_then(text));
                        writes.push(texts, row, &change.position)?;
                    }
                    Effect::Delete => {
                        let key = self.keys.get(&slot.change).map(Vec::as_slice).unwrap_or_default();
                        let writes = deletes.get_or_insert_with(|| Writes::with_capacity(key.len(), slots.len()));
                        writes.push(key.iter().map(text), row, &change.position)?;
                    }
                }
            }
            let puts = puts.into_iter().map(|(marks, writes)| Puts { marks, writes }).collect();
            out.push(Round { puts, deletes });
        }
        Ok((TableBatch { layout: self.layout, rounds: out }, stale))
    }
}

fn mark(cell: &Option<Cell<'_>>) -> Mark {
    match cell {
        None => Mark::Absent,
        Some(Cell::Unchanged) => Mark::Unchanged,
        Some(Cell::Null | Cell::Text(_)) => Mark::Known,
    }
}

fn text<'c>(cell: &'c Cell<'_>) -> Option<&'c str> {
    match cell {
        Cell::Text(text) => Some(text),
        Cell::Null | Cell::Unchanged => None,
    }
}
