//! The committed state of an order: its row in `results`, or its deletion.

use std::sync::Arc;

use change::value::Timestamp;
use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use smol_str::SmolStr;

use crate::orders::enrich::{Enrichment, KnownCustomer};

/// A row of `results` as it was committed. Readers see it in Postgres and in the hash `order:<id>`.
#[derive(Debug, Clone, PartialEq)]
pub struct ResultRow {
    /// The order's id.
    pub order_id: i64,
    /// The customer who ordered; `None` for a guest.
    pub customer_id: Option<SmolStr>,
    /// The customer's columns and version; empty if there is no customer, or if none is known yet.
    pub customer: Arc<KnownCustomer>,
    /// The product that was ordered.
    pub product_id: SmolStr,
    /// The number of pieces.
    pub quantity: i32,
    /// The price of one piece.
    pub price: Decimal,
    /// `quantity * price`.
    pub total: Decimal,
    /// The status of the order in the shop; `None` where the shop has null.
    pub status: Option<SmolStr>,
    /// The column `created_at` of the source.
    pub ordered_at: Option<Timestamp>,
    /// The column `updated_at` of the source.
    pub updated_at: Option<Timestamp>,
    /// How complete the row is.
    pub enrichment: Enrichment,
    /// Why a newer change of the order was refused; `None` if none was refused.
    pub refused: Option<SmolStr>,
    /// When the row was written.
    pub processed_at: DateTime<Utc>,
    /// The revision, which is taken from one sequence under the row's lock. Of two states of one row, the one with the higher revision is
    /// the later.
    pub revision: i64,
}

/// An order that was deleted, as committed in `deleted_orders`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeletedRow {
    /// The order's id.
    pub order_id: i64,
    /// When the deletion was processed.
    pub deleted_at: DateTime<Utc>,
    /// The revision, from the same sequence as [`ResultRow::revision`].
    pub revision: i64,
}

/// The state that the hash `order:<id>` is to hold.
#[derive(Debug, Clone, PartialEq)]
pub enum OrderState {
    /// The order exists.
    Live(ResultRow),
    /// The order was deleted.
    Deleted(DeletedRow),
}

impl OrderState {
    /// The order's id.
    #[must_use]
    pub fn order_id(&self) -> i64 {
        match self {
            Self::Live(row) => row.order_id,
            Self::Deleted(row) => row.order_id,
        }
    }

    /// The revision of the state. Of two states of one order, the one with the higher revision is the later.
    #[must_use]
    pub fn revision(&self) -> i64 {
        match self {
            Self::Live(row) => row.revision,
            Self::Deleted(row) => row.revision,
        }
    }

    /// The same state under another revision.
    #[must_use]
    pub fn with_revision(self, revision: i64) -> Self {
        match self {
            Self::Live(row) => Self::Live(ResultRow { revision, ..row }),
            Self::Deleted(row) => Self::Deleted(DeletedRow { revision, ..row }),
        }
    }

    /// The row, if the order exists.
    #[must_use]
    pub fn into_live(self) -> Option<ResultRow> {
        match self {
            Self::Live(row) => Some(row),
            Self::Deleted(_) => None,
        }
    }
}
