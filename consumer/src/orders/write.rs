//! The writes of a batch: the orders to put and to delete, in rounds.

use change::position::Position;
use change::rejection::{Reason, Rejection, Stage};
use chrono::{DateTime, Utc};

use crate::orders::absent::ContractColumn;
use crate::orders::enrich::{EnrichedOrder, Enrichment};
use crate::orders::order::Order;
use crate::orders::row::ResultRow;

/// An order to be written.
#[derive(Debug)]
pub struct Put {
    /// The order's id.
    pub order_id: i64,
    /// The index of its record in the batch.
    pub record: usize,
    /// The number of changes that this write stands for.
    pub members: u64,
    /// The order with its customer.
    pub enriched: EnrichedOrder,
    /// The position of its event.
    pub position: Position,
}

impl Put {
    /// The row as it was written. `filled` is the order completed with what was stored. `None` if the order is pending, because then the
    /// stored row keeps its customer's columns.
    #[must_use]
    pub fn into_row(self, filled: Option<Order>, revision: i64, now: DateTime<Utc>) -> Option<ResultRow> {
        if self.enriched.enrichment == Enrichment::Pending {
            return None;
        }
        let order = filled.unwrap_or(self.enriched.order);
        Some(ResultRow {
            order_id: self.order_id,
            customer_id: order.customer_id.carried()?,
            customer: self.enriched.customer,
            product_id: order.product_id.carried()??,
            quantity: order.quantity,
            price: order.price,
            total: order.total,
            status: order.status.carried()?,
            ordered_at: order.ordered_at,
            updated_at: order.updated_at,
            enrichment: self.enriched.enrichment,
            refused: None,
            processed_at: now,
            revision,
        })
    }
}

/// An order to be removed.
#[derive(Debug)]
pub struct Delete {
    /// The order's id.
    pub order_id: i64,
    /// The index of its record in the batch.
    pub record: usize,
    /// The number of changes that this write stands for.
    pub members: u64,
    /// The position of its event.
    pub position: Position,
}

/// Writes that do not depend on each other. Each order comes once, and both lists are by ascending id.
#[derive(Debug, Default)]
pub struct Round {
    /// Orders to write.
    pub puts: Vec<Put>,
    /// Orders to remove.
    pub deletes: Vec<Delete>,
}

/// A change that leaves out a text, of an order without a row from which the text could be taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unresolved {
    /// The index of its record in the batch.
    pub record: usize,
    column: ContractColumn,
    /// Whether the event lacks the column altogether.
    absent: bool,
}

impl Unresolved {
    /// The text that the change leaves out, if there is one. An absent column is named before a column that did not change.
    #[must_use]
    pub fn of(put: &Put) -> Option<Self> {
        let order = &put.enriched.order;
        let absent = order.unchanged_texts().find(|column| order.absent.contains(*column));
        let column = absent.or_else(|| order.unchanged_texts().next())?;
        Some(Self { record: put.record, column, absent: absent.is_some() })
    }

    /// The rejection of the change. `row` says where the event has its row, for people.
    #[must_use]
    pub fn rejection(self, row: &str) -> Rejection {
        let field = format!("{row}{}", self.column.as_str());
        if self.absent {
            return Rejection::invalid(format!(
                "{field}: the event does not have the column, and results has no row to take the value from (was the column renamed, dropped, \
                 made generated, or left out by the connector?)"
            ));
        }
        Rejection {
            reason: Reason::UnresolvedToast,
            stage: Stage::Store,
            message: format!(
                "{field}: the event leaves out an unchanged value and results has no row to take it from: set REPLICA IDENTITY FULL on orders, \
                 then update the order once more"
            ),
        }
    }
}
