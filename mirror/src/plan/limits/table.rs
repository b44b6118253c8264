//! What the table alone tells: its kind, its key, its replica identity, and the names of its columns.

use std::collections::HashMap;

use super::Grade;
use crate::catalog::{Identity, KeyFrom, Persistence, Relation, Table};
use crate::quote::quote_list;

pub(super) fn limits(table: &Table) -> Vec<(Grade, String)> {
    let mut out = Vec::new();
    if table.kind == Relation::NoTable {
        out.push((Grade::Refused, "no table but a view or the like, of which there are no events; mirror the table behind it".to_owned()));
        return out;
    }
    out.extend(persistence(table));
    out.extend(kind(table));
    out.extend(identity(table));
    out.extend(twins(table));
    out
}

fn persistence(table: &Table) -> Option<(Grade, String)> {
    let set = format!("`alter table {} set logged`", table.name);
    match table.persistence {
        Persistence::Logged => None,
        Persistence::Unlogged => Some((Grade::Refused, format!("the table is unlogged, so that no change of it is in the log; {set}"))),
        Persistence::Temporary => Some((Grade::Refused, "the table is temporary, so that no change of it is in the log".to_owned())),
    }
}

fn kind(table: &Table) -> Option<(Grade, String)> {
    let (grade, what) = match &table.kind {
        Relation::Partitioned => (
            Grade::Told,
            "a partition that is attached, detached or dropped takes its rows with it, and no event tells; compare the table with the source after \
             that",
        ),
        Relation::Inherits => (
            Grade::Told,
            "tables that inherit are tables of their own in the events: each has its own rows here, and a query of the upper one does not show \
             those of the lower",
        ),
        // Seen with Debezium 3.7: its snapshot selects from the table, and not from the table only.
        Relation::Inherited => (
            Grade::Partly,
            "a snapshot of a table that others inherit from reads their rows too, and later changes of them arrive only in their own tables",
        ),
        Relation::Plain | Relation::Partition { .. } | Relation::NoTable => return None,
    };
    Some((grade, what.to_owned()))
}

fn identity(table: &Table) -> Option<(Grade, String)> {
    let full = format!("`alter table {} replica identity full`", table.name);
    match (table.identity, table.key_from) {
        (Identity::Nothing, _) => {
            let what = "the replica identity is nothing, and Postgres refuses updates and deletes of the table once it is published";
            Some((Grade::Refused, format!("{what}; {full}")))
        }
        (Identity::Default, KeyFrom::Unique | KeyFrom::None) => {
            let what = "there is no primary key, and Postgres refuses updates and deletes of the table once it is published, so that only inserts \
                        arrive";
            Some((Grade::Partly, format!("{what}; {full}, or add a primary key")))
        }
        (Identity::Index, _) if !table.key.iter().all(|place| table.identity_index.contains(place)) => {
            let key = quote_list(table.key_columns().map(|column| column.name.as_str()));
            let what = format!(
                "the replica identity is an index without all columns of the key ({key}), so that a delete does not say which row is gone"
            );
            Some((Grade::Refused, format!("{what}; {full}")))
        }
        (Identity::Full, KeyFrom::None) => {
            let what = "there is no key, so that rows are found by all their columns: the connector needs provide.transaction.metadata=true, without \
                        which a row that is sent again after a crash is added again; an update or a delete reads the whole table; a snapshot of a \
                        part of the table takes the other rows away; add a primary key if rows can have one";
            Some((Grade::Told, what.to_owned()))
        }
        (Identity::Full, _) => None,
        (Identity::Default | Identity::Index, _) => apart(table, &full),
    }
}

/// The columns whose long values an update leaves out, unless the old row is in the log too.
fn apart(table: &Table, full: &str) -> Option<(Grade, String)> {
    if !table.has_toast {
        return None;
    }
    let columns = table.columns.iter().filter(|column| column.may_be_apart && !table.is_key(&column.name));
    let columns = quote_list(columns.map(|column| column.name.as_str()));
    let what = format!(
        "the replica identity is not full, and an update does not send long values (2 kB and more) again that it leaves as they are, in columns \
         {columns}: the value that is here stays, and an update of a row that is not here cannot be applied; {full}"
    );
    (!columns.is_empty()).then_some((Grade::Told, what))
}

/// Columns whose names differ only in case. Debezium's decoder of the log refuses such a table (`PgOutputMessageDecoder`).
fn twins(table: &Table) -> Option<(Grade, String)> {
    let mut by_name: HashMap<String, Vec<&str>> = HashMap::new();
    for column in &table.columns {
        by_name.entry(column.name.to_lowercase()).or_default().push(&column.name);
    }
    let mut twins: Vec<&str> = by_name.into_values().filter(|names| names.len() > 1).flatten().collect();
    twins.sort_unstable();
    let what = format!(
        "the names of columns {} differ only in case, at which Debezium stops for all tables; rename one of them, or leave the table out of the \
         publication",
        quote_list(twins.iter().copied())
    );
    (!twins.is_empty()).then_some((Grade::Refused, what))
}
