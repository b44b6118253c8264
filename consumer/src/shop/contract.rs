//! The contract with the shop: what the tables `orders` and `customers` must be like, and what becomes of orders where they are not. Pure.
//!
//! What is [`Grade::Wrong`] loses or refuses orders or customers, or lets one take the place of another. What is a [`Grade::Concern`]
//! refuses single values, or makes the result poorer or a comparison impossible.

mod columns;
mod publications;
mod slots;
#[cfg(test)]
mod tests;
mod types;

use self::columns::Contract;
use super::catalog::{Catalog, Described, Table};

/// How well something fulfils the contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Grade {
    /// The thing is as the contract says.
    Fine,
    /// The table works, but not for every value or not in every way.
    Concern,
    /// Orders or customers are lost or refused.
    Wrong,
}

/// One thing that was judged: what is so, what follows from it, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// How well the thing fulfils the contract.
    pub grade: Grade,
    /// What is so, what follows, and what to do, in words.
    pub what: String,
}

impl Finding {
    fn concern(what: impl Into<String>) -> Self {
        Self { grade: Grade::Concern, what: what.into() }
    }

    fn wrong(what: impl Into<String>) -> Self {
        Self { grade: Grade::Wrong, what: what.into() }
    }
}

/// Compares the source with the contract. `customers` says whether the table `customers` is read at all.
#[must_use]
pub fn judge(catalog: &Catalog, customers: bool) -> Vec<Finding> {
    let mut out = Vec::new();
    let server = &catalog.server;
    if server.wal_level != "logical" {
        out.push(Finding::wrong(format!(
            "wal_level is {}: the log does not hold what Debezium reads; set wal_level to logical and restart the server",
            server.wal_level
        )));
    } else {
        out.extend(slots::judge(&catalog.slots));
    }
    let customers = customers.then_some((Contract::Customers, &catalog.customers));
    for (contract, described) in [(Contract::Orders, &catalog.orders)].into_iter().chain(customers) {
        match described {
            Some(described) => table(contract, described, server.version_number, &mut out),
            None => out.push(Finding::wrong(format!(
                "no table {} in the search path of role {}; set it with ?options=-csearch_path%3Dschema behind source.url",
                contract.name(),
                server.role
            ))),
        }
    }
    out
}

fn table(contract: Contract, described: &Described, version_number: i32, out: &mut Vec<Finding>) {
    let before = out.len();
    let table = &described.table;
    out.extend(kind(contract, table));
    out.extend(key(contract, table));
    out.extend(identity(contract, table));
    out.extend(columns::judge(contract, &described.columns, version_number));
    out.extend(publications::judge(contract, described, version_number));
    if out.len() == before {
        let what = format!("{}: table {}.{} has all that is needed", contract.name(), table.schema, table.name);
        out.push(Finding { grade: Grade::Fine, what });
    }
    out.extend(columns::extra(contract, &described.columns));
}

fn kind(contract: Contract, table: &Table) -> Option<Finding> {
    let name = contract.name();
    match (table.kind.as_str(), table.persistence.as_str()) {
        ("r" | "p", "p") => None,
        ("r" | "p", _) => Some(Finding::wrong(format!(
            "{name}: the table is unlogged or temporary, so no change of it is in the log and none arrives; `alter table {name} set logged`"
        ))),
        _ => Some(Finding::wrong(format!(
            "{name}: no table but a view or the like, of which there are no events; capture the table behind it"
        ))),
    }
}

/// Judges the primary key, which the events of one row have in common, and which decides on their order in Kafka and on the row's place in
/// `results` or Redis.
fn key(contract: Contract, table: &Table) -> Option<Finding> {
    let (name, row) = (contract.name(), contract.row());
    let columns: Vec<&str> = table.primary_key.iter().map(String::as_str).collect();
    match columns.as_slice() {
        ["id"] => None,
        [] => Some(Finding::wrong(format!(
            "{name}: no primary key, so events have no key and nothing keeps two {name} from having one id; `alter table {name} add primary key (id)`"
        ))),
        columns if columns.contains(&"id") && table.has_unique_id => None,
        columns if columns.contains(&"id") => {
            let what = format!("{name}: the primary key is ({}), and {name} that share an id are taken for one {row}", columns.join(", "));
            // A unique index of a partitioned table must contain the columns of the partition key, so no index can show that ids are
            // unique.
            Some(if table.kind == "p" {
                Finding::concern(format!("{what}; have all ids from one sequence"))
            } else {
                Finding::wrong(format!("{what}; if none do, `create unique index on {name} (id)` makes sure of it"))
            })
        }
        columns => Some(Finding::wrong(format!(
            "{name}: the primary key is ({}), without id, so every event becomes a dead letter; make id the key",
            columns.join(", ")
        ))),
    }
}

fn identity(contract: Contract, table: &Table) -> Option<Finding> {
    let name = contract.name();
    let full = format!("`alter table {name} replica identity full`");
    let has_id = table.identity_index.iter().any(|column| column == "id");
    match table.identity.as_str() {
        "f" => None,
        "n" => Some(Finding::wrong(format!(
            "{name}: the replica identity is nothing, and Postgres refuses the shop's own updates and deletes once the table is published; {full}"
        ))),
        "i" if !has_id => Some(Finding::wrong(format!(
            "{name}: the replica identity is an index without id, so a delete does not say which row is gone; {full}"
        ))),
        _ if !table.has_toast => None,
        _ => Some(Finding::concern(match contract {
            Contract::Orders => format!(
                "{name}: the replica identity is not full, and an update does not send long values again (2 kB and more): the stored one stays, \
                 and without a stored row the order becomes a dead letter; {full}"
            ),
            Contract::Customers => format!(
                "{name}: the replica identity is not full, and an update of a customer with a long value (2 kB and more) that did not change \
                 becomes a dead letter; {full}"
            ),
        })),
    }
}
