//! What a database's catalog says of its tables, as values. [`read()`] asks a server; everything else here is pure.
//!
//! The types of columns come from here and from nowhere else: an event's JSON tells neither `smallint` from `bigint` nor a text from a
//! base64. Postgres 15 is the oldest version whose catalog has all that is asked.

mod attributes;
mod columns;
mod constraints;
#[cfg(test)]
pub(crate) mod examples;
mod keys;
mod publication;
mod read;
mod tables;
mod type_rows;
mod types;

use std::fmt;

use crate::quote::quote_identifier;

pub use constraints::{Constraint, ConstraintKind};
pub use publication::{Publication, Published, publication, publications};
pub use read::{CatalogError, extensions, list, read};
pub use types::{Attribute, Extension, Type, TypeKind, Typed};

/// The name of a table with its schema. The text of it is quoted as SQL is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TableName {
    /// The schema.
    pub schema: String,
    /// The table's name inside of the schema.
    pub table: String,
}

impl TableName {
    /// The name out of its two parts.
    pub fn new(schema: impl Into<String>, table: impl Into<String>) -> Self {
        Self { schema: schema.into(), table: table.into() }
    }
}

impl fmt::Display for TableName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", quote_identifier(&self.schema), quote_identifier(&self.table))
    }
}

/// A table as the catalog describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// The table's name.
    pub name: TableName,
    /// The columns in the order of their numbers, without dropped ones.
    pub columns: Vec<Column>,
    /// The places in `columns` of those that tell one row from another, in the order of the key; empty if nothing does.
    pub key: Vec<usize>,
    /// What makes sure that the key is unique.
    pub key_from: KeyFrom,
    /// The name of the constraint (or else of the index) that makes sure of it.
    pub key_name: Option<String>,
    /// What an update or a delete says of the old row.
    pub identity: Identity,
    /// The places in `columns` of the index that is the replica identity, in the order of the index; empty for every other identity.
    pub identity_index: Vec<usize>,
    /// What kind of relation it is.
    pub kind: Relation,
    /// Whether the log has its changes.
    pub persistence: Persistence,
    /// Whether Postgres may store long values of it apart, which an update then leaves out of the log.
    pub has_toast: bool,
    /// What refuses or changes rows beside the key.
    pub constraints: Vec<Constraint>,
}

impl Table {
    /// The column of this name.
    #[must_use]
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name == name)
    }

    /// The columns of the key, in the order of the key.
    pub fn key_columns(&self) -> impl Iterator<Item = &Column> {
        self.key.iter().filter_map(|&place| self.columns.get(place))
    }

    /// Whether the column is part of the key.
    #[must_use]
    pub fn is_key(&self, name: &str) -> bool {
        self.key_columns().any(|column| column.name == name)
    }

    /// The table without some of its columns. A key that has lost a column is none.
    #[must_use]
    pub fn without(self, excluded: impl Fn(&str) -> bool) -> Self {
        let kept: Vec<usize> = (0..self.columns.len()).filter(|&place| !excluded(&self.columns[place].name)).collect();
        let moved = |places: &[usize]| -> Option<Vec<usize>> { places.iter().map(|place| kept.binary_search(place).ok()).collect() };
        let (key, identity_index) = (moved(&self.key), moved(&self.identity_index).unwrap_or_default());
        let (key_from, key_name) = if key.is_some() { (self.key_from, self.key_name) } else { (KeyFrom::None, None) };
        let columns = self.columns.into_iter().filter(|column| !excluded(&column.name)).collect();
        Self { columns, key: key.unwrap_or_default(), key_from, key_name, identity_index, ..self }
    }
}

/// A column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// The column's name.
    pub name: String,
    /// The column's number, which a rename does not change and which no later column of the table gets again.
    pub attnum: i16,
    /// The declared type as `format_type` writes it, with a schema for every type outside of `pg_catalog`.
    pub sql_type: String,
    /// The facts about the type.
    pub type_: Typed,
    /// The collation, qualified and quoted, if it is not the one that the type has by itself.
    pub collation: Option<String>,
    /// Whether null is refused.
    pub not_null: bool,
    /// Whether the database computes the column.
    pub generated: Generated,
    /// Whether the database numbers the rows by this column.
    pub identity_column: IdentityColumn,
    /// Whether Postgres may store a long value of the column apart from its row.
    pub may_be_apart: bool,
    /// The value, as text, of rows that are older than the column: the column was added with a constant default, and these rows were not
    /// written again (`pg_attribute.attmissingval`). A row has this value too whose event was written before the column was added, and lacks
    /// the column.
    pub missing: Option<String>,
    /// The expression of the default, or of a generated column.
    pub default: Option<String>,
    /// Whether the default differs from row to row, so that adding the column has written every row again.
    pub default_is_volatile: bool,
}

/// What makes sure that the key is unique.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyFrom {
    /// The primary key.
    Primary,
    /// The index that is the replica identity, as there is no primary key.
    Identity,
    /// The only unique index over columns that are not null, as there is nothing better.
    Unique,
    /// Nothing: two rows may be equal.
    None,
}

/// What an update or a delete says of the old row (`pg_class.relreplident`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Identity {
    /// The primary key, if there is one.
    Default,
    /// The whole row.
    Full,
    /// The columns of an index.
    Index,
    /// Nothing.
    Nothing,
}

/// What kind of relation it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Relation {
    /// A table with rows of its own and no relatives.
    Plain,
    /// A table whose rows are in its partitions.
    Partitioned,
    /// A partition, which may have partitions of its own.
    Partition {
        /// The uppermost table.
        root: TableName,
    },
    /// A table that inherits from another.
    Inherits,
    /// A table that others inherit from.
    Inherited,
    /// A view, a materialized view, or a foreign table: there are no events of it.
    NoTable,
}

/// Whether the log has the changes of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Persistence {
    /// It has.
    Logged,
    /// It has not, because the table is unlogged.
    Unlogged,
    /// It has not, because the table belongs to one session.
    Temporary,
}

/// Whether the database computes a column out of others of the row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Generated {
    /// It does not.
    No,
    /// It does when the row is written.
    Stored,
    /// It does when the row is read (Postgres 18 and newer).
    Virtual,
}

/// Whether the database numbers the rows by a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IdentityColumn {
    /// It does not.
    No,
    /// It does, and a value of somebody else needs `overriding system value`.
    Always,
    /// It does where no value is given.
    ByDefault,
}

#[cfg(test)]
mod tests {
    use super::examples::{column, integer, keyed, table, text};
    use super::*;

    #[test]
    fn a_tables_name_is_quoted_as_sql_is() {
        assert_eq!(TableName::new("Mirror.Types", r#"Table "y".z"#).to_string(), r#""Mirror.Types"."Table ""y"".z""#);
    }

    #[test]
    fn a_table_without_some_columns_keeps_a_key_that_is_whole() {
        let whole = || {
            keyed(
                table(["a", "b", "c", "d"].into_iter().map(|name| column(name, if name == "a" { text() } else { integer() })).collect()),
                &["d", "b"],
            )
        };
        let names = |table: &Table| table.key_columns().map(|column| column.name.clone()).collect::<Vec<_>>();
        let less = whole().without(|name| matches!(name, "a" | "c"));
        assert_eq!((less.columns.len(), names(&less), less.key_from), (2, vec!["d".to_owned(), "b".to_owned()], KeyFrom::Primary));
        let keyless = whole().without(|name| name == "b");
        assert_eq!((keyless.key, keyless.key_from, keyless.key_name), (vec![], KeyFrom::None, None));
    }
}
