//! The list of the sweep: orders whose row or hash is not yet what it should be (`due_orders`).

use std::time::Duration;

use ledger::StoreError;
use sqlx::postgres::PgConnection;

use super::Results;

/// Every entry gets a new stamp, so that the sweep takes an order off the list only if the order was not put on it again meanwhile. All
/// orders of a statement share one stamp, because a statement names each order once. A stamp for each order was a fifteenth of the
/// statement's cost.
const MARK: &str = "
insert into due_orders (order_id, partition, due_at, stamp)
select order_id, $2, now(), (select nextval('due_stamp')) from unnest($1::bigint[]) as c (order_id)
on conflict (order_id) do update
set partition = excluded.partition, due_at = excluded.due_at, attempts = 0, stamp = excluded.stamp";

/// Puts orders (each once, ascending) on the list of the owner of `partition`.
pub(super) async fn mark(connection: &mut PgConnection, partition: i32, order_ids: &[i64]) -> Result<(), StoreError> {
    if !order_ids.is_empty() {
        sqlx::query(MARK).bind(order_ids).bind(partition).execute(connection).await?;
    }
    Ok(())
}

/// Puts orders (id and partition, each once) on the lists of their partitions' owners.
pub(super) async fn mark_by_partition(connection: &mut PgConnection, orders: &[(i64, i32)]) -> Result<(), StoreError> {
    let mut partitions: Vec<i32> = orders.iter().map(|(_, partition)| *partition).collect();
    partitions.sort_unstable();
    partitions.dedup();
    for partition in partitions {
        let mut ids: Vec<i64> = orders.iter().filter(|(_, of)| *of == partition).map(|(id, _)| *id).collect();
        ids.sort_unstable();
        mark(connection, partition, &ids).await?;
    }
    Ok(())
}

/// Counts by the index, and only up to a limit, because nobody needs the exact number of a long list.
const COUNT: &str = "select count(*) from (select from due_orders where partition = any($1) limit $2) as counted";

const LAST_STAMP: &str = "select last_value from due_stamp";

impl Results {
    /// The highest number that was given to a sweep or to an entry of a list.
    ///
    /// # Errors
    /// If Postgres is away.
    pub async fn last_stamp(&self) -> Result<i64, StoreError> {
        Ok(self.lease().await?.ask(|on| sqlx::query_scalar(LAST_STAMP).fetch_one(on)).await?)
    }

    /// How many orders of these partitions are on the list. The count ends at `limit`, so that a long list costs no more (P10).
    ///
    /// # Errors
    /// If Postgres is away or refuses.
    pub async fn count_due(&self, partitions: &[i32], limit: i64) -> Result<i64, StoreError> {
        Ok(self.lease().await?.ask(|on| sqlx::query_scalar(COUNT).bind(partitions).bind(limit).fetch_one(on)).await?)
    }

    /// Puts orders whose hashes could not be written on the list of the owner of `partition`.
    ///
    /// # Errors
    /// If Postgres is away or refuses.
    pub async fn mark_due(&self, partition: i32, mut order_ids: Vec<i64>) -> Result<(), StoreError> {
        order_ids.sort_unstable();
        order_ids.dedup();
        if order_ids.is_empty() {
            return Ok(());
        }
        self.lease().await?.ask(|on| mark(on, partition, &order_ids)).await
    }
}

/// An order on the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, sqlx::FromRow)]
pub struct Due {
    /// The order's id.
    pub order_id: i64,
    /// How often the sweep has tried the order in vain.
    pub attempts: i32,
    /// The stamp of this entry of the list.
    pub stamp: i64,
    /// The partition whose owner sweeps the order.
    pub partition: i32,
    /// The number of the last sweep of that partition that Redis has acknowledged.
    pub swept: Option<i64>,
    /// The number of this sweep.
    pub sweep: i64,
}

const TAKE: &str = "
select d.order_id, d.attempts, d.stamp, d.partition, s.number as swept, (select nextval('due_stamp')) as sweep
from due_orders d left join sweeps s on s.epoch = $1 and s.partition = d.partition
where d.partition = $2 and d.due_at <= now() order by d.due_at limit $3";

const SWEPT: &str = "select partition, number from sweeps where epoch = $1";

/// The rows are locked in the order in which others mark them. Of two transactions that lock the same rows in different orders, Postgres
/// ends one.
const FINISH: &str = "
with mine as (
    select order_id from due_orders d join unnest($1::bigint[], $2::bigint[]) as c (order_id, stamp) using (order_id, stamp)
    order by order_id for update of d),
gone as (delete from due_orders d using mine where d.order_id = mine.order_id)
insert into sweeps as s (epoch, partition, number)
select $3, partition, max(sweep) from unnest($4::int[], $5::bigint[]) as c (partition, sweep) group by partition order by partition
on conflict (epoch, partition) do update set number = greatest(s.number, excluded.number)";

/// The wait doubles from a second up to the longest wait, so that an order waits at most as long again as it has waited already.
const POSTPONE: &str = "
with mine as (
    select order_id from due_orders d join unnest($1::bigint[], $2::bigint[]) as c (order_id, stamp) using (order_id, stamp)
    order by order_id for update of d)
update due_orders d
set attempts = d.attempts + 1, refusal = null, due_at = now() + least(interval '1 second' * (2 ^ least(d.attempts, 16)), interval '1 second' * $3)
from mine where d.order_id = mine.order_id";

/// The wait doubles from a minute to an hour, because a person has to correct what Postgres refuses.
const REFUSE: &str = "
with mine as (
    select order_id, c.refusal
    from due_orders d join unnest($1::bigint[], $2::bigint[], $3::text[]) as c (order_id, stamp, refusal) using (order_id, stamp)
    order by order_id for update of d)
update due_orders d
set attempts = d.attempts + 1, refusal = mine.refusal, due_at = now() + least(interval '1 minute' * (2 ^ least(d.attempts, 16)), interval '1 hour')
from mine where d.order_id = mine.order_id";

impl Results {
    /// Up to `limit` orders of this partition whose time has come, the longest due first.
    ///
    /// # Errors
    /// If Postgres is away or refuses.
    pub async fn take_due(&self, epoch: i32, partition: i32, limit: i64) -> Result<Vec<Due>, StoreError> {
        let query = sqlx::query_as(TAKE).bind(epoch).bind(partition).bind(limit);
        Ok(self.lease().await?.ask(|on| query.fetch_all(on)).await?)
    }

    /// For each partition, the number of the last sweep that Redis has acknowledged.
    ///
    /// # Errors
    /// If Postgres is away or refuses.
    pub async fn swept(&self, epoch: i32) -> Result<Vec<(i32, i64)>, StoreError> {
        Ok(self.lease().await?.ask(|on| sqlx::query_as(SWEPT).bind(epoch).fetch_all(on)).await?)
    }

    /// Takes orders whose row and hash are now right off the list, and notes the number of the sweep.
    ///
    /// # Errors
    /// If Postgres is away or refuses.
    pub async fn finish_due(&self, epoch: i32, done: &[Due]) -> Result<(), StoreError> {
        if done.is_empty() {
            return Ok(());
        }
        let (ids, stamps): (Vec<i64>, Vec<i64>) = done.iter().map(|due| (due.order_id, due.stamp)).unzip();
        let (partitions, sweeps): (Vec<i32>, Vec<i64>) = done.iter().map(|due| (due.partition, due.sweep)).unzip();
        let query = sqlx::query(FINISH).bind(ids).bind(stamps).bind(epoch).bind(partitions).bind(sweeps);
        self.lease().await?.ask(|on| query.execute(on)).await?;
        Ok(())
    }

    /// Puts off orders whose customer is still missing, each for at most `longest`.
    ///
    /// # Errors
    /// If Postgres is away or refuses.
    pub async fn postpone_due(&self, later: &[Due], longest: Duration) -> Result<(), StoreError> {
        if !later.is_empty() {
            let (ids, stamps): (Vec<i64>, Vec<i64>) = later.iter().map(|due| (due.order_id, due.stamp)).unzip();
            let query = sqlx::query(POSTPONE).bind(ids).bind(stamps).bind(longest.as_secs_f64());
            self.lease().await?.ask(|on| query.execute(on)).await?;
        }
        Ok(())
    }

    /// Puts off orders whose row Postgres refuses, and notes the reason.
    ///
    /// # Errors
    /// If Postgres is away or refuses.
    pub async fn refuse_due(&self, refused: &[(Due, &str)]) -> Result<(), StoreError> {
        if !refused.is_empty() {
            let (ids, stamps): (Vec<i64>, Vec<i64>) = refused.iter().map(|(due, _)| (due.order_id, due.stamp)).unzip();
            let refusals: Vec<&str> = refused.iter().map(|(_, refusal)| *refusal).collect();
            let query = sqlx::query(REFUSE).bind(ids).bind(stamps).bind(refusals);
            self.lease().await?.ask(|on| query.execute(on)).await?;
        }
        Ok(())
    }
}
