//! Orders as the shop has them, without I/O and without formats.
//!
//! Texts are kept inline because they are short. A `String` would need an allocation and a place in memory of its own.

use change::effect::Change;
use change::value::{Text, Timestamp};
use rust_decimal::Decimal;

use crate::orders::absent::{ColumnSet, ContractColumn};

/// An order as one event has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    /// The customer who ordered; null for a guest.
    pub customer_id: Text,
    /// The product that was ordered.
    pub product_id: Text,
    /// The number of pieces, not negative.
    pub quantity: i32,
    /// The price of one piece: at most two decimals, fits `numeric(12,2)`, not negative.
    pub price: Decimal,
    /// The exact product `quantity * price`, which fits `numeric(20,2)`.
    pub total: Decimal,
    /// The status of the order in the shop; may be null.
    pub status: Text,
    /// The column `created_at` of the source.
    pub ordered_at: Option<Timestamp>,
    /// The column `updated_at` of the source.
    pub updated_at: Option<Timestamp>,
    /// The columns that the event does not have. Absent texts are [`Text::Unchanged`], absent times are `None`.
    pub absent: ColumnSet,
}

impl Order {
    /// Whether the event lacks a value that the stored row may have.
    #[must_use]
    pub fn is_partial(&self) -> bool {
        !self.absent.is_empty() || self.texts().into_iter().any(|(_, text)| *text == Text::Unchanged)
    }

    /// The texts that this event lacks. Only stored values can stand in for them.
    pub fn unchanged_texts(&self) -> impl Iterator<Item = ContractColumn> {
        self.texts().into_iter().filter(|(_, text)| **text == Text::Unchanged).map(|(column, _)| column)
    }

    fn texts(&self) -> [(ContractColumn, &Text); 3] {
        [
            (ContractColumn::CustomerId, &self.customer_id),
            (ContractColumn::ProductId, &self.product_id),
            (ContractColumn::Status, &self.status),
        ]
    }

    /// Takes the values that this event lacks from the state before it.
    pub fn fill_from(&mut self, before: &Self) {
        for (column, mine, theirs) in [
            (ContractColumn::CustomerId, &mut self.customer_id, &before.customer_id),
            (ContractColumn::ProductId, &mut self.product_id, &before.product_id),
            (ContractColumn::Status, &mut self.status, &before.status),
        ] {
            if *mine == Text::Unchanged && *theirs != Text::Unchanged {
                mine.clone_from(theirs);
                self.absent = self.absent.without(column);
            }
        }
        for (column, mine, theirs) in [
            (ContractColumn::CreatedAt, &mut self.ordered_at, before.ordered_at),
            (ContractColumn::UpdatedAt, &mut self.updated_at, before.updated_at),
        ] {
            if self.absent.contains(column) && !before.absent.contains(column) {
                *mine = theirs;
                self.absent = self.absent.without(column);
            }
        }
    }
}

/// A change of `orders`.
pub type OrderChange = Change<i64, Order>;
