//! The fence: the first statement of every transaction, which moves the offset where generation and next offset are as expected (P3, P4).
//!
//! A worker whose claim is not the last one finds no row, and may write nothing. The answer of the statement can tell the job something
//! about its own tables too, in a round trip that is made anyway.

use change::fate::Fates;
use change::record::Landmark;
use sqlx::postgres::{PgArguments, PgConnection};
use sqlx::query::QueryScalar;
use sqlx::{Decode, Postgres, Type};

use crate::{Claim, StoreError};

/// The statement of the fence. What it returns is the job's: an expression whose own parameters begin with `$14`.
#[macro_export]
macro_rules! fence {
    ($returning:literal) => {
        concat!(
            "update consumer_offsets \
             set next_offset = $6, clean_to = coalesce($13, clean_to), last_offset = coalesce($11, last_offset), \
                 last_ms = coalesce($12, last_ms), applied = applied + $7, stale = stale + $8, ignored = ignored + $9, \
                 dead_lettered = dead_lettered + $10, updated_at = now() \
             where epoch = $1 and topic = $2 and partition = $3 and generation = $4 and next_offset = $5 returning ",
            $returning
        )
    };
}

const RECOUNT: &str = "
update consumer_offsets set applied = applied - $4, stale = stale + $4 where epoch = $1 and topic = $2 and partition = $3";

/// How far the offset moves, and over which records.
#[derive(Debug, Clone, Copy)]
pub struct Advance {
    /// The next offset before the step.
    pub from: i64,
    /// The next offset after the step.
    pub to: i64,
    /// The last of the records in between. `None` if there is no record, or none with a timestamp: the stored one stays.
    pub last: Option<Landmark>,
    /// The offset behind the last of the records that is no dead letter; `None` if all are dead letters.
    pub clean_to: Option<i64>,
}

/// The fence with its values. `sql` is made by [`fence!`](crate::fence!); the job binds its own parameters after these. No row in the answer
/// means that the worker may not write.
pub fn query<O>(sql: &'static str, claim: &Claim, step: Advance, fates: Fates) -> QueryScalar<'static, Postgres, O, PgArguments>
where
    O: for<'r> Decode<'r, Postgres> + Type<Postgres>,
    (O,): for<'r> sqlx::FromRow<'r, sqlx::postgres::PgRow>,
{
    sqlx::query_scalar(sql)
        .bind(claim.epoch)
        .bind(String::from(&*claim.topic))
        .bind(claim.partition)
        .bind(claim.generation)
        .bind(step.from)
        .bind(step.to)
        .bind(count(fates.applied))
        .bind(count(fates.stale))
        .bind(count(fates.ignored))
        .bind(count(fates.dead_lettered))
        .bind(step.last.map(|last| last.offset))
        .bind(step.last.map(|last| last.timestamp_ms))
        .bind(step.clean_to)
}

/// Corrects the counters of this transaction: `stale` changes turned out to be older than what is stored (P1).
///
/// # Errors
/// If Postgres is away or refuses.
pub async fn recount(connection: &mut PgConnection, claim: &Claim, stale: u64) -> Result<(), StoreError> {
    let query = sqlx::query(RECOUNT).bind(claim.epoch).bind(&*claim.topic).bind(claim.partition).bind(count(stale));
    query.execute(connection).await?;
    Ok(())
}

/// A count as the `bigint` that Postgres has.
fn count(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
