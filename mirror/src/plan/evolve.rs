//! What a change of the source's table means for the target's.

mod columns;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use self::columns::Columns;
use super::{Evolution, Names, Wait};
use crate::catalog::{Table, TableName};
use crate::quote::{quote_identifier, quote_list};

/// The source's column that a column of the target has followed so far, as the mirror has written it down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Followed {
    /// The number of the source's column.
    pub attnum: i16,
    /// The type that the source's column had, as its catalog wrote it.
    pub sql_type: String,
}

/// Compares the source's table with the target's. `followed` has what is known of the target's columns, by their names; a column that is not
/// in it is compared by its name alone, so that a rename looks like a column that has gone and another that has come.
///
/// Once the steps have run and an operator has done what waits, the caller writes down anew what the target's columns follow; until then the
/// same changes are found again.
///
/// Statements are automatic if they add something, or widen a type without writing any row again. Everything else waits: what writes rows
/// again holds a lock for as long, and what renames or drops may not fit events that are on their way.
#[must_use]
pub fn evolve(source: &Table, target: &Table, followed: &BTreeMap<String, Followed>, names: &Names) -> Evolution {
    let mut out = Evolution::default();
    let columns = Columns { source, target, followed, names };
    let renamed = columns.renamed();
    for (was, is) in &renamed {
        out.waits.push(rename(&target.name, was, is));
    }
    let others = source.columns.iter().filter(|column| !renamed.iter().any(|(_, is)| *is == column.name));
    let (both, added): (Vec<_>, Vec<_>) = others.partition(|column| target.column(&column.name).is_some());
    // New labels of enumerations come before new columns, whose older rows may have them.
    for (column, there) in both.into_iter().filter_map(|column| Some((column, target.column(&column.name)?))) {
        columns.both(column, there, &mut out);
    }
    for column in added {
        columns.added(column, &mut out);
    }
    for column in target.columns.iter().filter(|column| !renamed.iter().any(|(was, _)| *was == column.name)) {
        if source.column(&column.name).is_none() {
            columns.gone(column, &mut out);
        }
    }
    out.waits.extend(key(source, target, &renamed));
    out
}

fn rename(table: &TableName, was: &str, is: &str) -> Wait {
    let (was, is) = (quote_identifier(was), quote_identifier(is));
    Wait {
        what: format!(
            "{table}: the source has renamed column {was} to {is}; events from before have the old name, and events from now on the new one: rename \
             the target's column when all older events are applied"
        ),
        ddl: vec![format!("alter table {table} rename column {was} to {is}")],
        stops: true,
    }
}

/// Compares the keys as sets of columns, because the order of a key's columns decides nothing about which rows are equal.
fn key(source: &Table, target: &Table, renamed: &[(String, String)]) -> Option<Wait> {
    let name_now = |name: &str| renamed.iter().find(|(was, _)| was == name).map_or_else(|| name.to_owned(), |(_, is)| is.clone());
    let mut was: Vec<String> = target.key_columns().map(|column| name_now(&column.name)).collect();
    let mut is: Vec<String> = source.key_columns().map(|column| column.name.clone()).collect();
    let listed = quote_list(is.iter().map(String::as_str));
    let before = quote_list(was.iter().map(String::as_str));
    was.sort();
    is.sort();
    if was == is {
        return None;
    }
    let table = &target.name;
    let mut actions: Vec<String> = target.key_name.iter().map(|name| format!("drop constraint {}", quote_identifier(name))).collect();
    if !is.is_empty() {
        actions.push(format!("add primary key ({listed})"));
    }
    Some(Wait {
        what: format!(
            "{table}: the key is ({listed}) in the source and ({before}) in the target; rows that differ in the source would be one row here, or \
             the other way round: change the target's key, and compare the table with the source afterwards"
        ),
        ddl: vec![format!("alter table {table} {}", actions.join(", "))],
        stops: true,
    })
}
