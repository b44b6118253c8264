//! Of a row and a tombstone of one order the newer stays (P5).
//!
//! Two partitions can hold changes of one order after its key has moved between them (a new converter, a partition added). A delete and
//! an insert of such an order may then run side by side without a row that both would lock. So every transaction that inserted ends
//! with a lock: shared if it only wrote rows, exclusive if it deleted orders that had none. Behind the lock a statement of its own, with
//! a snapshot of its own, sees whatever the other one committed. So does a truncate, which takes the lock for itself: a row that is older
//! and comes later does not stay.

use sqlx::postgres::PgConnection;

use super::StoreError;
use super::batch::Written;

/// Any number will do that nobody else uses as an advisory lock.
const BARRIER_SHARED: &str = "select pg_advisory_xact_lock_shared(7365001)";
const BARRIER_EXCLUSIVE: &str = "select pg_advisory_xact_lock(7365001)";

/// Whichever stays takes a revision above the other's, which Redis may already have. New orders have ids above those of all tombstones:
/// one look at the index for the whole range then spares one for each order, as does one at the truncates, which are rare.
const SETTLE: &str = "
with pair as (
    select order_id, position_supersedes(r.epoch, r.partition, r.\"offset\", r.kind, r.commit_lsn, r.lsn,
        d.epoch, d.partition, d.\"offset\", d.kind, d.commit_lsn, d.lsn)
        and not exists (select from truncates t where precedes_truncate(r.epoch, r.kind, r.commit_lsn, r.lsn, t.epoch, t.lsn)) as row_stays
    from deleted_orders d join results r using (order_id)
    where order_id = any($1) and (select exists (select from deleted_orders where order_id between $2 and $3))),
kept_out as (
    select r.order_id, t.* from results r
    join (select * from truncates order by epoch desc limit 1) as t on precedes_truncate(r.epoch, r.kind, r.commit_lsn, r.lsn, t.epoch, t.lsn)
    where r.order_id = any($1) and not exists (select from deleted_orders d where d.order_id = r.order_id)
        and (select exists (select from truncates))),
buried as (
    delete from results
    where order_id in (select order_id from pair where not row_stays union all select order_id from kept_out)),
forgotten as (delete from deleted_orders where order_id in (select order_id from pair where row_stays)),
raised as (
    update results set revision = nextval('results_revision')
    where order_id in (select order_id from pair where row_stays) returning order_id, revision),
deepened as (
    update deleted_orders set revision = nextval('results_revision')
    where order_id in (select order_id from pair where not row_stays) returning order_id, revision),
truncated as (
    insert into deleted_orders (order_id, deleted_at, revision, epoch, partition, \"offset\", kind, commit_lsn, lsn, source_ms)
    select order_id, now(), nextval('results_revision'), epoch, partition, \"offset\", 'w', commit_lsn, lsn, source_ms from kept_out
    order by order_id returning order_id, revision)
select order_id, revision, true as row_stays from raised
union all select order_id, revision, false from deepened
union all select order_id, revision, false from truncated";

/// Settles the orders of `written` that may have both; returns those whose tombstone stayed: their hashes are to be written again.
pub(super) async fn settle(connection: &mut PgConnection, written: &mut Vec<Written>, truncated: bool) -> Result<Vec<i64>, StoreError> {
    let ids: Vec<i64> = written.iter().filter(|write| write.inserted).map(|write| write.order_id).collect();
    if ids.is_empty() && !truncated {
        return Ok(Vec::new());
    }
    let deleted_without_row = written.iter().any(|write| write.inserted && write.deleted);
    let barrier = if deleted_without_row || truncated { BARRIER_EXCLUSIVE } else { BARRIER_SHARED };
    sqlx::query(barrier).execute(&mut *connection).await?;
    let (lowest, highest) = (ids.iter().min().copied(), ids.iter().max().copied());
    let settle = sqlx::query_as(SETTLE).bind(ids).bind(lowest).bind(highest);
    let settled: Vec<(i64, i64, bool)> = settle.fetch_all(connection).await?;
    let mut buried = Vec::new();
    for (order_id, revision, row_stays) in settled {
        let wrote_row = written.iter().any(|write| write.order_id == order_id && !write.deleted);
        if row_stays && !wrote_row {
            written.retain(|write| write.order_id != order_id);
        } else if !row_stays {
            written.retain(|write| write.deleted || write.order_id != order_id);
            buried.push(order_id);
        }
        written.iter_mut().filter(|write| write.order_id == order_id).for_each(|write| write.revision = revision);
    }
    Ok(buried)
}
