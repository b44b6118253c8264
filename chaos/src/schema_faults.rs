//! Changes of the shop's schema while the shop works. The columns that orderstream needs stay, and orderstream ignores every other column.

use anyhow::Result;
use stack::Stack;

use crate::statements::FROM_OUTSIDE;

/// Statements that give the tables the schema of sql/source again, whatever changes were under way.
const AS_IT_WAS: [&str; 3] = [
    "alter table orders drop column if exists note, drop column if exists gift, drop column if exists present, drop column if exists gross",
    "alter table orders alter column quantity type int, alter column price type numeric(10, 2), alter column customer_id type varchar(50),
         alter column status type varchar(20)",
    "alter table customers drop column if exists nick, alter column name type text, alter column country type text",
];

/// A change of the tables, which is taken back when its time is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Alteration {
    /// More columns, one with a default.
    Added,
    /// One more column, which then gets another name.
    Renamed,
    /// One more column, which Postgres computes.
    Generated,
    /// Wider types of columns that orderstream reads.
    Widened,
}

impl Alteration {
    pub(crate) const ALL: [Self; 4] = [Self::Added, Self::Renamed, Self::Generated, Self::Widened];

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Added => "columns added",
            Self::Renamed => "a column renamed",
            Self::Generated => "a generated column",
            Self::Widened => "columns widened",
        }
    }

    /// Makes the change.
    pub(crate) fn begin(self, stack: &Stack) -> Result<()> {
        alter(
            stack,
            match self {
                Self::Added => &["alter table orders add column note text default 'chaos'", "alter table customers add column nick text"],
                Self::Renamed => {
                    &["alter table orders add column gift text default 'x'", "alter table orders rename column gift to present"]
                }
                Self::Generated => &["alter table orders add column gross numeric generated always as (quantity * price) stored"],
                Self::Widened => &[
                    "alter table orders alter column quantity type bigint, alter column price type numeric(12, 2),
                         alter column customer_id type text, alter column status type text",
                    "alter table customers alter column name type varchar(500), alter column country type varchar(500)",
                ],
            },
        )
    }
}

/// Takes every change back.
pub(crate) fn heal(stack: &Stack) -> Result<()> {
    alter(stack, &AS_IT_WAS)
}

/// Runs each statement in a transaction of its own. One transaction that locks the orders and then the customers could end in a deadlock
/// with the shop.
fn alter(stack: &Stack, statements: &[&str]) -> Result<()> {
    statements.iter().try_for_each(|statement| stack.psql(&format!("{FROM_OUTSIDE}; {statement}")).map(drop))
}
