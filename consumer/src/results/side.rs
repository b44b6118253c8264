//! One side of a comparison of rows (P2): the source's `orders`, or `results`. Both sides compute the same checksum of the same texts.

use std::sync::Arc;

use ledger::StoreError;
use ledger::connections::Connections;
use sqlx::AssertSqlSafe;

use super::Results;
use crate::reconcile::compare::{Checksums, Digest, Range};

/// The columns of [`COLUMNS`](crate::reconcile::compare::COLUMNS) as texts. Money has two decimals, times are in ISO 8601 by the driver's
/// `DateStyle`, and null stays null. The customer's columns are left out where `results` keeps the customer as of the order's event.
const RESULTS_ORDER: &str =
    "r.customer_id, r.product_id, r.quantity::text, r.price::text, r.total::text, r.status, r.ordered_at::text, r.updated_at::text";
const RESULTS_CUSTOMER: &str = "r.customer_name, r.customer_email, r.customer_tier, r.customer_country, r.enrichment";

/// One side, with the statements that ask it. The statements are made of constants only.
#[derive(Debug, Clone)]
pub struct Side {
    connections: Arc<Connections>,
    bound: Arc<str>,
    digest: Arc<str>,
    checksums: Arc<str>,
    checksums_of: Arc<str>,
    rows_of: Arc<str>,
}

impl Side {
    /// A side with rows of `from` that have their id in `id`. `keys` alone is enough to find ids. `columns` are texts in the order of the
    /// compared columns.
    pub(crate) fn new(connections: Arc<Connections>, keys: &str, from: &str, id: &str, columns: &[&str]) -> Self {
        let row = format!("array[{}]::text[]", columns.join(", "));
        // The id is the seed of the checksum, so that two rows that have swapped places have another sum.
        let checksum = format!("hashtextextended({row}::text, {id}::bigint)");
        let within = format!("where {id} > $1 and {id} <= $2");
        Self {
            connections,
            bound: format!("select {id}::bigint from {keys} where {id} > $1 order by {id} offset $2 limit 1").into(),
            digest: format!("select count(*), coalesce(sum({checksum}), 0)::text from {from} {within}").into(),
            checksums: format!("select {id}::bigint, {checksum} from {from} {within}").into(),
            checksums_of: format!("select {id}::bigint, {checksum} from {from} where {id} = any($1)").into(),
            rows_of: format!("select {id}::bigint, {row} from {from} where {id} = any($1)").into(),
        }
    }

    /// The id that follows the next `rows` ids after `after`; `None` if there are not that many.
    ///
    /// # Errors
    /// If the database is away or refuses.
    pub async fn bound(&self, after: i64, rows: i64) -> Result<Option<i64>, StoreError> {
        let query = sqlx::query_scalar(AssertSqlSafe(Arc::clone(&self.bound))).bind(after).bind(rows);
        Ok(self.connections.lease().await?.ask(|on| query.fetch_optional(on)).await?)
    }

    /// Count and checksum of a range.
    ///
    /// # Errors
    /// If the database is away or refuses.
    pub async fn digest(&self, range: Range) -> Result<Digest, StoreError> {
        let query = sqlx::query_as(AssertSqlSafe(Arc::clone(&self.digest))).bind(range.after).bind(range.up_to);
        let (rows, sum) = self.connections.lease().await?.ask(|on| query.fetch_one(on)).await?;
        Ok(Digest { rows, sum })
    }

    /// The checksum of each row of a range.
    ///
    /// # Errors
    /// If the database is away or refuses.
    pub async fn checksums(&self, range: Range) -> Result<Checksums, StoreError> {
        let query = sqlx::query_as(AssertSqlSafe(Arc::clone(&self.checksums))).bind(range.after).bind(range.up_to);
        let rows: Vec<(i64, i64)> = self.connections.lease().await?.ask(|on| query.fetch_all(on)).await?;
        Ok(rows.into_iter().collect())
    }

    /// The checksum of each of these orders that has a row.
    ///
    /// # Errors
    /// If the database is away or refuses.
    pub async fn checksums_of(&self, ids: &[i64]) -> Result<Checksums, StoreError> {
        let query = sqlx::query_as(AssertSqlSafe(Arc::clone(&self.checksums_of))).bind(ids);
        let rows: Vec<(i64, i64)> = self.connections.lease().await?.ask(|on| query.fetch_all(on)).await?;
        Ok(rows.into_iter().collect())
    }

    /// The compared columns of each of these orders that has a row.
    ///
    /// # Errors
    /// If the database is away or refuses.
    pub async fn rows_of(&self, ids: &[i64]) -> Result<Vec<(i64, Vec<Option<String>>)>, StoreError> {
        let query = sqlx::query_as(AssertSqlSafe(Arc::clone(&self.rows_of))).bind(ids);
        Ok(self.connections.lease().await?.ask(|on| query.fetch_all(on)).await?)
    }
}

impl Results {
    /// `results` as a side of the comparison, with the columns of the customer or without them.
    #[must_use]
    pub fn side(&self, customers: bool) -> Side {
        let columns = [Some(RESULTS_ORDER), customers.then_some(RESULTS_CUSTOMER)];
        let columns: Vec<&str> = columns.into_iter().flatten().collect();
        Side::new(self.ledger.connections(), "results r", "results r", "r.order_id", &columns)
    }
}
