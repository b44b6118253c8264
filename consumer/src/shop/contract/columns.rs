//! Judges the columns that the contract names, and says what becomes of a row without one of them.

use super::super::catalog::Column;
use super::types::{self, Reads};
use super::{Finding, Grade};

/// The first version of Postgres that can publish generated columns.
const PUBLISHES_GENERATED: i32 = 180_000;

/// One of the two tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Contract {
    Orders,
    Customers,
}

impl Contract {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Orders => "orders",
            Self::Customers => "customers",
        }
    }

    pub(super) fn row(self) -> &'static str {
        match self {
            Self::Orders => "order",
            Self::Customers => "customer",
        }
    }

    /// The columns that are read, and how they are read.
    pub(super) fn columns(self) -> &'static [(&'static str, Reads)] {
        match self {
            Self::Orders => &[
                ("id", Reads::OrderId),
                ("customer_id", Reads::Text),
                ("product_id", Reads::Product),
                ("quantity", Reads::Quantity),
                ("price", Reads::Price),
                ("status", Reads::Text),
                ("created_at", Reads::Time),
                ("updated_at", Reads::Time),
            ],
            Self::Customers => {
                &[("id", Reads::CustomerId), ("name", Reads::Text), ("email", Reads::Text), ("tier", Reads::Text), ("country", Reads::Text)]
            }
        }
    }

    /// What follows if events do not have the column.
    pub(super) fn without(self, reads: Reads) -> (Grade, &'static str) {
        match (self, reads) {
            (_, Reads::OrderId | Reads::CustomerId | Reads::Quantity | Reads::Price) => (Grade::Wrong, "every event becomes a dead letter"),
            (Self::Orders, Reads::Text | Reads::Product) => {
                (Grade::Wrong, "each new order becomes a dead letter, and those that are there keep what is stored")
            }
            (_, Reads::Time) => (Grade::Concern, "it is null in new orders, and those that are there keep what is stored"),
            (Self::Customers, Reads::Text | Reads::Product) => {
                (Grade::Concern, "it is null in new customers, and those that are there keep what is stored")
            }
        }
    }
}

pub(super) fn judge(contract: Contract, columns: &[Column], version_number: i32) -> Vec<Finding> {
    let mut out = Vec::new();
    for &(name, reads) in contract.columns() {
        let place = format!("{}.{name}", contract.name());
        let (grade, follows) = contract.without(reads);
        match columns.iter().find(|column| column.name == name) {
            None => {
                let what = format!("{place}: there is no such column (was it renamed or dropped?): {follows}; have a column of that name");
                out.push(Finding { grade, what });
            }
            Some(column) if column.is_generated && version_number < PUBLISHES_GENERATED => {
                let what = format!(
                    "{place}: the column is generated, and Postgres before 18 leaves it out of what it publishes: but for snapshots {follows}; \
                     make it a plain column, by a trigger say"
                );
                out.push(Finding { grade, what });
            }
            Some(column) => {
                let verdict = types::judge(reads, column);
                out.extend(verdict.map(|(grade, what)| Finding { grade, what: format!("{place}: {what}") }));
            }
        }
    }
    out
}

/// The columns that orderstream does not read.
pub(super) fn extra(contract: Contract, columns: &[Column]) -> Option<Finding> {
    let is_read = |name: &str| contract.columns().iter().any(|(known, _)| *known == name);
    let extra: Vec<&str> = columns.iter().map(|column| column.name.as_str()).filter(|name| !is_read(name)).collect();
    let what = format!("{}: columns that are passed over: {}", contract.name(), extra.join(", "));
    (!extra.is_empty()).then_some(Finding { grade: Grade::Fine, what })
}
