//! The first statement of every transaction: moves the offset where generation and next offset are as expected (P3, P4).
//!
//! The answer also tells whether open dead letters may be about what the batch changes. To find out, the statement looks at the end of an
//! index that holds only open letters, in a round trip that is made anyway.

use change::fate::Fates;
use change::record::Landmark;
use ledger::{Claim, StoreError};
use sqlx::postgres::PgConnection;

use super::ApplyError;

const FENCE: &str = "
update consumer_offsets
set next_offset = $6, clean_to = coalesce($16, clean_to), last_offset = coalesce($11, last_offset), last_ms = coalesce($12, last_ms),
    applied = applied + $7, stale = stale + $8, ignored = ignored + $9, dead_lettered = dead_lettered + $10, updated_at = now()
where epoch = $1 and topic = $2 and partition = $3 and generation = $4 and next_offset = $5
returning exists (select from dead_letters where resolved_at is null and order_id between $13 and $14)
    or $15 and exists (select from dead_letters where resolved_at is null and customer_id is not null)";

const RECOUNT: &str = "
update consumer_offsets set applied = applied - $4, stale = stale + $4 where epoch = $1 and topic = $2 and partition = $3";

/// How far the offset moves, and over which records.
#[derive(Debug, Clone, Copy)]
pub(in crate::results) struct Advance {
    /// The next offset before the step.
    pub(in crate::results) from: i64,
    /// The next offset after the step.
    pub(in crate::results) to: i64,
    /// The last of the records in between. `None` if there is no record, or none with a timestamp: the stored one stays.
    pub(in crate::results) last: Option<Landmark>,
    /// The offset behind the last of the records that is no dead letter; `None` if all are dead letters.
    pub(in crate::results) clean_to: Option<i64>,
}

/// What a batch changes, to find the dead letters that it may overtake.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::results) enum Changed {
    /// Orders between these two ids; `None` if no order is changed.
    Orders(Option<(i64, i64)>),
    /// Customers.
    Customers,
}

/// The first statement of every transaction (P4). If it finds no row, this worker may not write. Returns whether there are open dead
/// letters that the batch may overtake.
pub(in crate::results) async fn move_offset(
    connection: &mut PgConnection,
    claim: &Claim,
    step: Advance,
    fates: Fates,
    changed: Changed,
) -> Result<bool, ApplyError> {
    let Advance { from, to, last, clean_to } = step;
    let (orders, customers) = match changed {
        Changed::Orders(orders) => (orders, false),
        Changed::Customers => (None, true),
    };
    let moved: Option<bool> = sqlx::query_scalar(FENCE)
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
        .bind(orders.map(|(lowest, _)| lowest))
        .bind(orders.map(|(_, highest)| highest))
        .bind(customers)
        .bind(clean_to)
        .fetch_optional(connection)
        .await?;
    moved.ok_or(ApplyError::Fenced)
}

/// Corrects the counters of this transaction: `stale` changes turned out to be older than what is stored.
pub(super) async fn recount(connection: &mut PgConnection, claim: &Claim, stale: u64) -> Result<(), StoreError> {
    let query = sqlx::query(RECOUNT).bind(claim.epoch).bind(&*claim.topic).bind(claim.partition).bind(count(stale));
    query.execute(connection).await?;
    Ok(())
}

/// A count as the `bigint` that Postgres has.
fn count(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
