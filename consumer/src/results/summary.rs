//! Counts for operators: the list of the sweep, rows that Postgres refuses, and all rows.

use ledger::StoreError;

use super::Results;

/// What the sweep has to do.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct DueCount {
    /// Orders on the list of the sweep.
    pub orders: i64,
    /// Orders on the list whose time has come.
    pub now: i64,
    /// Customers whose orders are still to be put on the list.
    pub customers: i64,
}

/// Orders on the list of the sweep whose row Postgres refuses.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct RefusedRows {
    /// The number of orders with this reason.
    pub orders: i64,
    /// The reason, without any value of a row (P11).
    pub refusal: String,
}

const DUE: &str = "
select count(*) as orders, count(*) filter (where due_at <= now()) as now, (select count(*) from due_customers) as customers from due_orders";

const REFUSED: &str =
    "select count(*) as orders, refusal from due_orders where refusal is not null group by refusal order by orders desc, refusal limit 5";

const ROWS: &str = "select count(*) from results";

impl Results {
    /// The work that the sweep has to do.
    ///
    /// # Errors
    /// If Postgres is away.
    pub async fn due_count(&self) -> Result<DueCount, StoreError> {
        Ok(self.lease().await?.ask(|on| sqlx::query_as(DUE).fetch_one(on)).await?)
    }

    /// Orders whose row Postgres refuses, by reason, the most first.
    ///
    /// # Errors
    /// If Postgres is away.
    pub async fn refused_by_reason(&self) -> Result<Vec<RefusedRows>, StoreError> {
        Ok(self.lease().await?.ask(|on| sqlx::query_as(REFUSED).fetch_all(on)).await?)
    }

    /// The number of rows of `results`.
    ///
    /// # Errors
    /// If Postgres is away.
    pub async fn rows(&self) -> Result<u64, StoreError> {
        let rows: i64 = self.lease().await?.ask(|on| sqlx::query_scalar(ROWS).fetch_one(on)).await?;
        Ok(u64::try_from(rows).unwrap_or(0))
    }
}
