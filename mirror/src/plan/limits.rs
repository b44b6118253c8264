//! What a mirror cannot promise of a table, whatever the types of its columns are (P12).

mod published;
mod table;
#[cfg(test)]
mod tests;
mod topics;

pub use topics::topic;

use crate::catalog::{Publication, Table, TableName};

/// How much of a table is out of reach.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Grade {
    /// The table is mirrored, and one should know this.
    Told,
    /// Some changes do not arrive, or not for every value.
    Partly,
    /// The table cannot be mirrored.
    Refused,
}

/// Something that a mirror cannot promise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limit {
    /// The table.
    pub table: TableName,
    /// How much of the table is out of reach.
    pub grade: Grade,
    /// What is so, what follows from it, and what to do.
    pub what: String,
}

/// The limits of the tables that are to be mirrored, in the order of the tables. Without a publication nothing is said about what is published.
#[must_use]
pub fn limits(tables: &[Table], publication: Option<&Publication>) -> Vec<Limit> {
    let mut found = topics::limits(tables);
    for table in tables {
        let said =
            table::limits(table).into_iter().chain(publication.into_iter().flat_map(|publication| published::limits(table, publication)));
        found.extend(said.map(|(grade, what)| Limit { table: table.name.clone(), grade, what }));
    }
    let place = |limit: &Limit| tables.iter().position(|table| table.name == limit.table);
    found.sort_by_cached_key(place);
    found
}
