//! What is committed of an order: its row in `results`, or that it is deleted.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use smol_str::SmolStr;

use crate::orders::enrich::{Enrichment, KnownCustomer};
use change::value::Timestamp;

/// A row of `results` as it was committed: what readers see in Postgres and in the hash `order:<id>`.
#[derive(Debug, Clone, PartialEq)]
pub struct ResultRow {
    /// The order's id.
    pub order_id: i64,
    /// Who ordered; none for a guest.
    pub customer_id: Option<SmolStr>,
    /// The customer's columns and version; empty if there is none or none is known yet.
    pub customer: Arc<KnownCustomer>,
    /// What was ordered.
    pub product_id: SmolStr,
    /// How many.
    pub quantity: i32,
    /// The price of one.
    pub price: Decimal,
    /// `quantity * price`.
    pub total: Decimal,
    /// The state of the order in the shop; none where the shop has null.
    pub status: Option<SmolStr>,
    /// The source's `created_at`.
    pub ordered_at: Option<Timestamp>,
    /// The source's `updated_at`.
    pub updated_at: Option<Timestamp>,
    /// How complete the row is.
    pub enrichment: Enrichment,
    /// Why a newer change of the order was refused; none if none was.
    pub refused: Option<SmolStr>,
    /// When the row was written.
    pub processed_at: DateTime<Utc>,
    /// Taken from one sequence under the row's lock: of two states of one row the higher is the later.
    pub revision: i64,
}

/// An order that is gone, as committed in `deleted_orders`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeletedRow {
    /// The order's id.
    pub order_id: i64,
    /// When the deletion was processed.
    pub deleted_at: DateTime<Utc>,
    /// As [`ResultRow::revision`], from the same sequence.
    pub revision: i64,
}

/// What the hash `order:<id>` is to say.
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

    /// Which of two states of one order is the later.
    #[must_use]
    pub fn revision(&self) -> i64 {
        match self {
            Self::Live(row) => row.revision,
            Self::Deleted(row) => row.revision,
        }
    }

    /// The same under another revision.
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
