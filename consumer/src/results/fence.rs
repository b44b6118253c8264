//! The first statement of every transaction: moves the offset where generation and next offset are as expected (P3, P4).

use sqlx::postgres::PgConnection;

use super::{ApplyError, Claim, StoreError};
use crate::fate::Fates;
use crate::record::Landmark;

const FENCE: &str = "
update consumer_offsets
set next_offset = $6, last_offset = coalesce($11, last_offset), last_ms = coalesce($12, last_ms), applied = applied + $7, stale = stale + $8, ignored = ignored + $9, dead_lettered = dead_lettered + $10,
    updated_at = now()
where epoch = $1 and topic = $2 and partition = $3 and generation = $4 and next_offset = $5";

const RECOUNT: &str = "
update consumer_offsets set applied = applied - $4, stale = stale + $4 where epoch = $1 and topic = $2 and partition = $3";

/// The first statement of every transaction (P4): no row means that this worker may not write.
pub(in crate::results) async fn move_offset(
    connection: &mut PgConnection,
    claim: &Claim,
    from: i64,
    to: i64,
    last: Option<Landmark>,
    fates: Fates,
) -> Result<(), ApplyError> {
    let moved = sqlx::query(FENCE)
        .bind(claim.epoch)
        .bind(&*claim.topic)
        .bind(claim.partition)
        .bind(claim.generation)
        .bind(from)
        .bind(to)
        .bind(count(fates.applied))
        .bind(count(fates.stale))
        .bind(count(fates.ignored))
        .bind(count(fates.dead_lettered))
        .bind(last.map(|last| last.offset))
        .bind(last.map(|last| last.timestamp_ms))
        .execute(connection)
        .await?;
    if moved.rows_affected() == 1 { Ok(()) } else { Err(ApplyError::Fenced) }
}

/// Corrects the counters of this transaction: so many changes turned out to be older than what is stored.
pub(super) async fn recount(connection: &mut PgConnection, claim: &Claim, stale: u64) -> Result<(), StoreError> {
    let query = sqlx::query(RECOUNT).bind(claim.epoch).bind(&*claim.topic).bind(claim.partition).bind(count(stale));
    query.execute(connection).await?;
    Ok(())
}

/// A count as the `bigint` that Postgres has.
fn count(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
