//! How a mirrored table is written: its names, its columns with the form that their values have in events, its key, and the statements made of them.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use smol_str::SmolStr;

use crate::catalog::TableName;
use crate::quote::quote_identifier as identifier;
use crate::statements::{self, keyless};
use crate::value::Kind;

/// The schema of the mirror's own tables.
pub const SCHEMA: &str = "orderstream_mirror";

/// A column of a mirrored table.
#[derive(Debug, Clone, PartialEq)]
pub struct Column {
    /// The name, the same in the source and in the target.
    pub name: String,
    /// The type in the target as SQL writes it, with its modifier: `character varying(5)`.
    pub sql_type: String,
    /// The type without its modifier: a cast with the modifier would cut a value that is too long, where an insert refuses it.
    pub cast_type: String,
    /// The operator that tells whether two values of a key are equal. An extension has its own, in the schema of its types.
    pub equals: String,
    /// Whether the modifier of the type rounds a value that has more digits: `numeric(10,2)`, `timestamp(3)`.
    pub rounds: bool,
    /// Whether the target lets nobody change the value of a row that is there (`generated always as identity`).
    pub is_fixed: bool,
    /// The collation, if it is not that of the type.
    pub collation: Option<String>,
    /// What the type makes of the JSON in events.
    pub kind: Kind,
    /// Whether an update that leaves an unchanged value out says null in its place, so that nothing tells it from a value that became null.
    pub null_if_unchanged: bool,
    /// The value of rows whose events are older than the column: it was added with this constant, and no event told of these rows.
    pub missing: Option<String>,
    /// Whether the target has values in the column that the mirror does not write and does not compute, so that they must not be taken away.
    pub is_kept: bool,
    /// Whether values are written. Generated columns are computed by the target, and excluded ones are left out.
    pub written: bool,
}

/// What an event tells of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Mark {
    /// The event has the value.
    Known,
    /// The event does not have the column: the source has dropped it, or the column is not written. A row that is there keeps its value, and
    /// a new one has none.
    Absent,
    /// The event leaves out an unchanged value. The row must be there.
    Unchanged,
}

/// How a mirrored table is written.
#[derive(Debug)]
pub struct Layout {
    /// The number of the table in `mirror_tables`.
    pub id: i32,
    /// The version of the table's shape that this layout is of.
    pub version: i32,
    /// The name in the source.
    pub source: TableName,
    /// The name in the target.
    pub target: TableName,
    /// The columns, in the order of the target.
    pub columns: Vec<Column>,
    /// The places of the key's columns, in the order of the key. Empty if the table has no key.
    pub key: Vec<usize>,
    /// Whether the source sends the whole row before an update or a delete (`REPLICA IDENTITY FULL`).
    pub has_old_row: bool,
    /// Whether rows may be taken away and written anew. Where other tables refer to the table, they would lose rows by it.
    pub may_clear: bool,
    /// The columns of the source when the layout was made: name, number and type.
    pub shape: Vec<(String, i16, String)>,
    /// The types that the schemas of events have given to the columns, as far as the table takes them: name and type. Empty where a catalog tells the
    /// types.
    pub described: BTreeSet<(String, String)>,
    /// The topic that the table's events come from.
    pub topic: Arc<str>,
    /// Whether the records have the key of the table. A connector may be told to give them another one (`message.key.columns`).
    pub keyed_alike: bool,
    names: Vec<SmolStr>,
    key_names: Vec<SmolStr>,
    statements: Mutex<HashMap<Vec<Mark>, Arc<str>>>,
    delete: Mutex<Option<Arc<str>>>,
    counting: Mutex<HashMap<Vec<Mark>, Arc<str>>>,
}

impl Layout {
    /// The layout of a table.
    #[must_use]
    pub fn new(id: i32, version: i32, source: TableName, target: TableName, columns: Vec<Column>, key: Vec<usize>) -> Self {
        let names: Vec<SmolStr> = columns.iter().map(|column| SmolStr::from(&column.name)).collect();
        let key_names = key.iter().filter_map(|at| names.get(*at).cloned()).collect();
        Self {
            id,
            version,
            source,
            target,
            columns,
            key,
            has_old_row: false,
            may_clear: true,
            shape: Vec::new(),
            described: BTreeSet::new(),
            topic: "".into(),
            keyed_alike: true,
            names,
            key_names,
            statements: Mutex::default(),
            delete: Mutex::default(),
            counting: Mutex::default(),
        }
    }

    /// Whether nothing that counts for writing rows has changed since `before`.
    #[must_use]
    pub fn is_like(&self, before: &Self) -> bool {
        self.version == before.version && self.columns == before.columns && self.key == before.key
    }

    /// The names of the columns, in their order.
    #[must_use]
    pub fn names(&self) -> &[SmolStr] {
        &self.names
    }

    /// The names of the key's columns, in the order of the key.
    #[must_use]
    pub fn key_names(&self) -> &[SmolStr] {
        &self.key_names
    }

    /// The columns of the key, in its order.
    pub fn key_columns(&self) -> impl Iterator<Item = &Column> {
        self.key.iter().filter_map(|at| self.columns.get(*at))
    }

    /// The columns whose values are written.
    pub fn written(&self) -> impl Iterator<Item = &Column> {
        self.columns.iter().filter(|column| column.written)
    }

    /// Whether a column beside the key has values that nobody may change in place. A row of such a table is taken away and written anew.
    #[must_use]
    pub fn has_fixed(&self) -> bool {
        self.columns.iter().enumerate().any(|(at, column)| column.is_fixed && column.written && !self.key.contains(&at))
    }

    /// The name of the guard, which has a position for each row.
    #[must_use]
    pub fn guard(&self) -> String {
        format!("{}.{}", identifier(SCHEMA), identifier(&format!("guard_{}", self.id)))
    }

    /// The name of the table that has the events of a table without a key which were counted.
    #[must_use]
    pub fn seen(&self) -> String {
        format!("{}.{}", identifier(SCHEMA), identifier(&format!("seen_{}", self.id)))
    }

    /// The name of the table that has the rows of a table without a key which have gone before they came.
    #[must_use]
    pub fn owed(&self) -> String {
        format!("{}.{}", identifier(SCHEMA), identifier(&format!("owed_{}", self.id)))
    }

    /// The columns by which rows of a table without a key are equal, each with its place among `known`. A column that the source has no more is none of
    /// them: rows keep their values there, and no event tells which.
    #[must_use]
    pub fn compared<'l>(&'l self, known: &[&Column]) -> Vec<(Option<usize>, &'l Column)> {
        let is_there = |column: &&Column| self.shape.is_empty() || self.shape.iter().any(|(name, ..)| *name == column.name);
        let place = |column: &Column| known.iter().position(|known| known.name == column.name);
        self.written().filter(is_there).map(|column| (place(column), column)).collect()
    }

    /// The statement that writes rows whose events tell of the columns what `marks` says, one mark for each of [`Self::columns`].
    #[must_use]
    pub fn write(&self, marks: &[Mark]) -> Arc<str> {
        let mut statements = self.statements.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(made) = statements.get(marks) {
            return Arc::clone(made);
        }
        let known = self.columns.iter().zip(marks).filter(|(_, mark)| **mark == Mark::Known);
        let columns: Vec<&Column> = known.map(|(column, _)| column).collect();
        let statement = if self.key.is_empty() {
            keyless::write(self, &columns, false)
        } else {
            statements::upsert(self, &columns, marks.contains(&Mark::Unchanged))
        };
        Arc::clone(statements.entry(marks.to_vec()).or_insert_with(|| statement.into()))
    }

    /// The statement that writes rows of a table without a key, and counts equal ones: some have gone, or are owed.
    #[must_use]
    pub fn count(&self, marks: &[Mark]) -> Arc<str> {
        let mut statements = self.counting.lock().unwrap_or_else(PoisonError::into_inner);
        let known = self.columns.iter().zip(marks).filter(|(_, mark)| **mark == Mark::Known);
        let columns: Vec<&Column> = known.map(|(column, _)| column).collect();
        Arc::clone(statements.entry(marks.to_vec()).or_insert_with(|| keyless::write(self, &columns, true).into()))
    }

    /// The statement that takes rows away before they are written again.
    #[must_use]
    pub fn clear(&self) -> String {
        statements::clear(self)
    }

    /// The statement that finds a stored position which contradicts a change that was kept out.
    #[must_use]
    pub fn contradiction(&self) -> String {
        statements::contradiction(self)
    }

    /// The statement that removes rows.
    #[must_use]
    pub fn delete(&self) -> Arc<str> {
        let mut made = self.delete.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(made.get_or_insert_with(|| statements::delete(self).into()))
    }
}
