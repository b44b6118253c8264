//! Removes what is kept for a limited time: tombstones of deleted orders, and dead letters that were closed (P10).
//!
//! A tombstone keeps out older events of its order. The tombstone is removed when no older event can come any more;
//! `run/retention.rs` has the argument.

use chrono::{DateTime, Utc};
use ledger::StoreError;

use super::Results;

const STEP: &str = "select max(order_id) from (select order_id from deleted_orders where order_id > $1 order by order_id limit $2) as step";

/// A tombstone stays if a letter could still bring an older change, or if the order's hash is still to be removed. A tombstone that is
/// locked is skipped, because whoever has the lock is about to replace it.
const FORGET: &str = "
with old as (
    select d.order_id from deleted_orders d
    where d.order_id > $1 and d.order_id <= $2 and d.deleted_at < $3
        and not exists (select from dead_letters l where l.order_id = d.order_id and l.resolved_at is null)
        and not exists (select from due_orders u where u.order_id = d.order_id)
    order by d.order_id for update of d skip locked)
delete from deleted_orders d using old where d.order_id = old.order_id";

/// Removes the rows by their physical place. In a join by id the planner would read the whole table as long as that is cheaper.
const CLOSED: &str = "
with gone as (
    delete from dead_letters where ctid = any(array(
        select ctid from dead_letters where resolved_at < $1 order by resolved_at limit $2 for update skip locked))
    returning dlq_topic, dlq_partition, dlq_offset)
select dlq_topic, dlq_partition, max(dlq_offset) as highest, count(*) as letters from gone group by dlq_topic, dlq_partition";

const LOWEST: &str = "select min(dlq_offset) from dead_letters where dlq_topic = $1 and dlq_partition = $2";

/// A step through the tombstones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Forgotten {
    /// The last order of the step; `None` at the end of the table.
    pub up_to: Option<i64>,
    /// How many tombstones were removed.
    pub tombstones: u64,
}

/// Removed letters of one partition of the dead letter topic.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Removed {
    /// The dead letter topic.
    pub dlq_topic: String,
    /// The partition of that topic.
    pub dlq_partition: i32,
    /// The highest offset of the removed letters.
    pub highest: i64,
    /// How many letters were removed.
    pub letters: i64,
}

impl Results {
    /// Removes tombstones from before `before`, among the next `rows` after the order id `after`.
    ///
    /// # Errors
    /// If Postgres is away or refuses.
    pub async fn forget_deleted(&self, after: i64, rows: i64, before: DateTime<Utc>) -> Result<Forgotten, StoreError> {
        let mut lease = self.lease().await?;
        let up_to: Option<i64> = lease.ask(|on| sqlx::query_scalar(STEP).bind(after).bind(rows).fetch_one(on)).await?;
        let Some(to) = up_to else { return Ok(Forgotten { up_to, tombstones: 0 }) };
        let query = sqlx::query(FORGET).bind(after).bind(to).bind(before);
        let forgotten = lease.ask(|on| query.execute(on)).await?;
        Ok(Forgotten { up_to, tombstones: forgotten.rows_affected() })
    }

    /// Removes up to `limit` letters that were closed before `before`, the first closed first.
    ///
    /// # Errors
    /// If Postgres is away or refuses.
    pub async fn remove_closed_letters(&self, before: DateTime<Utc>, limit: i64) -> Result<Vec<Removed>, StoreError> {
        let query = sqlx::query_as(CLOSED).bind(before).bind(limit);
        Ok(self.lease().await?.ask(|on| query.fetch_all(on)).await?)
    }

    /// The lowest offset in a partition of the dead letter topic that still has a letter's row.
    ///
    /// # Errors
    /// If Postgres is away or refuses.
    pub async fn lowest_letter(&self, dlq_topic: &str, dlq_partition: i32) -> Result<Option<i64>, StoreError> {
        let query = sqlx::query_scalar(LOWEST).bind(dlq_topic).bind(dlq_partition);
        Ok(self.lease().await?.ask(|on| query.fetch_one(on)).await?)
    }
}
