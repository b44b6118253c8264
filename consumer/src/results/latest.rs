//! The newest orders, by their ids.

use chrono::{DateTime, Utc};
use ledger::StoreError;

use super::Results;

/// A row of `results`, without its customer (P11).
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct LatestOrder {
    /// The order.
    pub order_id: i64,
    /// The product.
    pub product_id: String,
    /// How many of it.
    pub quantity: i32,
    /// Quantity times price, as Postgres writes it.
    pub total: String,
    /// The status, if the shop has told one.
    pub status: Option<String>,
    /// What is known of the order's customer.
    pub enrichment: String,
    /// When the row got its present state.
    pub processed_at: DateTime<Utc>,
}

/// Walks the primary key from its end, so that the size of the table costs nothing.
const LATEST: &str = "
select order_id, product_id, quantity, total::text as total, status, enrichment, processed_at from results order by order_id desc limit $1";

impl Results {
    /// The orders with the highest ids, the highest first.
    ///
    /// # Errors
    /// If Postgres is away.
    pub async fn latest_orders(&self, limit: i64) -> Result<Vec<LatestOrder>, StoreError> {
        Ok(self.lease().await?.ask(|on| sqlx::query_as(LATEST).bind(limit).fetch_all(on)).await?)
    }
}
