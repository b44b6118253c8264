//! The customers whose orders are to follow them: marked, and expanded to their orders in steps that are bounded however many orders one
//! customer has (P2, P10).

use ledger::StoreError;
use sqlx::postgres::PgConnection;

use super::Results;
use crate::orders::customer::ChangedCustomer;

/// The function is in sql/results, which says why it is a function.
const MARK: &str = "select mark_customers($1::text[], $2::text[], $3, $4)";

/// The function is in sql/results, which says why it is a function.
const EXPAND: &str = "select put, is_done from expand_customer($1, $2, $3, $4, $5, $6)";

/// The same number of customers is taken from each partition, so that the customers of one do not keep those of another waiting.
const MARKED: &str = "
select m.customer_id, m.stamp from unnest($1::int[]) as p (partition)
cross join lateral (select customer_id, stamp from due_customers d where d.partition = p.partition order by marked_at limit $2) as m";

/// A customer who has changed.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Marked {
    /// The customer's id.
    pub customer_id: String,
    /// The stamp of this mark.
    pub stamp: i64,
}

/// The bounds of a step.
#[derive(Debug, Clone, Copy)]
pub struct Expansion {
    /// The orders of a customer with no more than this number are found by the index, all at once.
    pub few: i32,
    /// For a customer with more orders, one step looks through this number of rows of the table.
    pub rows: i32,
}

impl Expansion {
    /// Bounds that cost a fraction of a second of Postgres' time, and a few megabytes.
    pub const USUAL: Self = Self { few: 20_000, rows: 50_000 };
}

/// What a step did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, sqlx::FromRow)]
pub struct Expanded {
    /// The number of orders put on the list of the sweep.
    pub put: i64,
    /// Whether the mark is gone, because all of the customer's orders were looked at.
    pub is_done: bool,
}

/// Marks the customers of whom rows hold another version.
pub(super) async fn mark(
    connection: &mut PgConnection,
    partition: i32,
    changed: &[ChangedCustomer],
    refresh: bool,
) -> Result<(), StoreError> {
    if changed.is_empty() {
        return Ok(());
    }
    sqlx::query(MARK)
        .bind(changed.iter().map(|customer| customer.id.as_str()).collect::<Vec<_>>())
        .bind(changed.iter().map(|customer| customer.version.as_deref()).collect::<Vec<_>>())
        .bind(partition)
        .bind(refresh)
        .execute(connection)
        .await?;
    Ok(())
}

impl Results {
    /// Marks the customers of whom rows hold another version, without moving any offset, because a rebuild has written these customers.
    ///
    /// # Errors
    /// If Postgres is away or refuses.
    pub async fn mark_customers(&self, partition: i32, changed: &[ChangedCustomer], refresh: bool) -> Result<(), StoreError> {
        self.lease().await?.ask(|on| mark(on, partition, changed, refresh)).await
    }

    /// Up to `limit` customers of each of these partitions whose orders are to be put on the list of the sweep, the longest marked first.
    ///
    /// # Errors
    /// If Postgres is away or refuses.
    pub async fn marked_customers(&self, partitions: &[i32], limit: i64) -> Result<Vec<Marked>, StoreError> {
        let query = sqlx::query_as(MARKED).bind(partitions).bind(limit);
        Ok(self.lease().await?.ask(|on| query.fetch_all(on)).await?)
    }

    /// Puts one step of a marked customer's orders on the list of the sweep.
    ///
    /// `version` is the customer's version that Redis has now. The sweep compares rows with that version. The version of the mark may be
    /// older: a rebuild reads old changes again and marks their customers, and no row would ever get such a version again.
    ///
    /// # Errors
    /// If Postgres is away or refuses.
    pub async fn expand(&self, marked: &Marked, version: Option<&str>, refresh: bool, step: Expansion) -> Result<Expanded, StoreError> {
        let Marked { customer_id, stamp } = marked;
        let query = sqlx::query_as(EXPAND).bind(customer_id).bind(version).bind(refresh).bind(stamp).bind(step.few).bind(step.rows);
        Ok(self.lease().await?.ask(|on| query.fetch_one(on)).await?)
    }
}
