//! A truncate of `orders`: one event in one partition that removes all older rows of all partitions (P2, P5).
//!
//! The transaction of the event only notes the position of the truncate. From its commit on no older row can come in: every transaction
//! that inserts ends behind a lock with a look at the note, and the truncate waits behind the same lock for the transactions that have
//! looked already (`settle`). The sweep then removes the older rows that are there, a chunk at a time. Each row is removed as if its order
//! had been deleted at the position of the truncate: events that come again stay out, and an order that is made anew wins.

use change::position::Position;
use ledger::{Class, StoreError};
use sqlx::postgres::PgConnection;

use super::history::Cause;
use super::{Results, due, overtaken};

const NOTE: &str = "
insert into truncates as t (epoch, partition, \"offset\", commit_lsn, lsn, source_ms, swept_to) values ($1, $2, $3, $4, $5, $6, $7)
on conflict (epoch) do update set
    partition = excluded.partition, \"offset\" = excluded.\"offset\", commit_lsn = excluded.commit_lsn, lsn = excluded.lsn,
    source_ms = excluded.source_ms, swept_to = excluded.swept_to, refused = 0, sweep_at = null
where excluded.lsn > t.lsn";

const IS_OPEN: &str =
    "select exists (select from truncates where swept_to is not null and coalesce(sweep_at <= now(), true) and partition = any($1))";

/// The order id before the first order.
const FROM_THE_START: i64 = i64::MIN;

const OPEN: &str = "
select epoch, swept_to from truncates where swept_to is not null and coalesce(sweep_at <= now(), true) and partition = any($1)
order by epoch desc limit 1 for update";

const NEXT: &str = "select max(order_id) from (select order_id from results where order_id > $1 order by order_id limit $2) as next";

const REMOVE: &str = "
with t as (select * from truncates where epoch = $1),
old as (
    select r.order_id, r.partition from results r cross join t
    where r.order_id > $2 and r.order_id <= $3 and precedes_truncate(r.epoch, r.kind, r.commit_lsn, r.lsn, t.epoch, t.lsn)
    order by r.order_id for update of r),
gone as (delete from results r using old where r.order_id = old.order_id),
buried as (
    insert into deleted_orders (order_id, deleted_at, revision, epoch, partition, \"offset\", kind, commit_lsn, lsn, source_ms)
    select old.order_id, now(), nextval('results_revision'), t.epoch, t.partition, t.\"offset\", 'w', t.commit_lsn, t.lsn, t.source_ms
    from old cross join t order by old.order_id
    on conflict (order_id) do update set
        deleted_at = excluded.deleted_at, revision = excluded.revision, epoch = excluded.epoch, partition = excluded.partition,
        \"offset\" = excluded.\"offset\", kind = excluded.kind, commit_lsn = excluded.commit_lsn, lsn = excluded.lsn, source_ms = excluded.source_ms)
select order_id, partition from old";

/// Rows that Postgres refused to remove are tried again after an hour, in another pass.
const SWEPT: &str = "
update truncates set
    swept_to = case when $2::bigint is null and refused + $3 > 0 then $4 else $2 end,
    sweep_at = case when $2 is null and refused + $3 > 0 then now() + interval '1 hour' else sweep_at end,
    refused = case when $2 is null then 0 else refused + $3 end
where epoch = $1";

/// How far a truncate has been carried out.
#[derive(Debug, Default)]
pub struct Truncating {
    /// Whether there are more rows to look through now.
    pub has_more: bool,
    /// Why Postgres refused to remove a row that was left, without any value of the row (P11); `None` if no row was left.
    pub refusal: Option<String>,
}

/// Notes truncates. Returns how many were not noted before.
pub(super) async fn note(connection: &mut PgConnection, truncates: &[Position]) -> Result<u64, StoreError> {
    let mut noted = 0;
    for position in truncates {
        let query = sqlx::query(NOTE).bind(position.epoch).bind(position.partition).bind(position.offset).bind(position.commit);
        let query = query.bind(position.lsn.unwrap_or(-1)).bind(position.ts_ms).bind(FROM_THE_START);
        noted += query.execute(&mut *connection).await?.rows_affected();
    }
    Ok(noted)
}

impl Results {
    /// Looks through the next `chunk` rows for those that a truncate of these partitions removes, and puts their orders on the list of the
    /// sweep, which removes their hashes. A row that Postgres refuses to remove is left, and the others are removed (P13).
    ///
    /// # Errors
    /// If Postgres is away or refuses for another reason than a row. The call may be repeated.
    pub async fn sweep_truncate(&self, partitions: &[i32], chunk: i64) -> Result<Truncating, StoreError> {
        // The sweep asks once a second, and nearly always there is no truncate.
        let query = sqlx::query_scalar(IS_OPEN).bind(partitions);
        let is_open: bool = self.lease().await?.ask(|on| query.fetch_one(on)).await?;
        if !is_open {
            return Ok(Truncating::default());
        }
        let mut rows = chunk;
        loop {
            match self.next_of_truncate(partitions, rows, false).await {
                Ok(has_more) => return Ok(Truncating { has_more, refusal: None }),
                Err(error) if error.class() == Class::Row && rows > 1 => rows /= 2,
                Err(error) if error.class() == Class::Row => {
                    let has_more = self.next_of_truncate(partitions, 1, true).await?;
                    return Ok(Truncating { has_more, refusal: Some(error.refusal()) });
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// Removes the old rows among the next `rows`, or skips them if `leave` is set. Returns whether there are more.
    async fn next_of_truncate(&self, partitions: &[i32], rows: i64, leave: bool) -> Result<bool, StoreError> {
        let mut lease = self.lease().await?;
        Cause::Truncate.begin(&mut lease).await?;
        let Some((epoch, after)) = lease.ask(|on| open(on, partitions)).await? else { return Ok(false) };
        let up_to: Option<i64> = lease.ask(|on| sqlx::query_scalar(NEXT).bind(after).bind(rows).fetch_one(on)).await?;
        if let Some(up_to) = up_to.filter(|_| !leave) {
            lease.ask(|on| remove(on, epoch, after, up_to)).await?;
        }
        if !leave {
            lease.ask(|on| overtaken::close_of_truncated(on, epoch, after, up_to.unwrap_or(i64::MAX))).await?;
        }
        let swept = sqlx::query(SWEPT).bind(epoch).bind(up_to).bind(i64::from(leave)).bind(FROM_THE_START);
        lease.ask(|on| swept.execute(on)).await?;
        lease.commit().await?;
        Ok(up_to.is_some())
    }
}

/// The epoch of the truncate that is being carried out, and the last order that was looked through.
async fn open(connection: &mut PgConnection, partitions: &[i32]) -> Result<Option<(i32, i64)>, StoreError> {
    Ok(sqlx::query_as(OPEN).bind(partitions).fetch_optional(connection).await?)
}

/// Removes the old rows of this range.
async fn remove(connection: &mut PgConnection, epoch: i32, after: i64, up_to: i64) -> Result<(), StoreError> {
    let removed: Vec<(i64, i32)> = sqlx::query_as(REMOVE).bind(epoch).bind(after).bind(up_to).fetch_all(&mut *connection).await?;
    due::mark_by_partition(connection, &removed).await
}
