//! Decides between a row and a tombstone of the same order: the newer one stays (P5).
//!
//! Two partitions can hold changes of one order after its key has moved between them (a new converter, a partition added). A delete and an
//! insert of such an order may then run side by side without a row that both would lock. So every transaction that inserted ends with a
//! lock: shared if it only wrote rows, exclusive if it deleted orders that had no row. Behind the lock a further statement, with its own
//! snapshot, sees whatever the other transaction has committed. A truncate takes the exclusive lock too, so that an older row that comes
//! later does not stay.

use ledger::StoreError;
use sqlx::postgres::PgConnection;

use super::batch::Written;

/// Takes the lock and settles the orders behind it. The function is in sql/results.
const SETTLE: &str = "select order_id, revision, row_stays from settle_orders($1, $2, $3, $4)";

/// Settles the orders of `written` that may have both a row and a tombstone. Returns the orders whose hashes are to be written again: those
/// whose tombstone stayed, and those whose row was written by somebody else, under a revision that nobody has told Redis.
pub(super) async fn settle(connection: &mut PgConnection, written: &mut Vec<Written>, truncated: bool) -> Result<Vec<i64>, StoreError> {
    let ids: Vec<i64> = written.iter().filter(|write| write.inserted).map(|write| write.order_id).collect();
    if ids.is_empty() && !truncated {
        return Ok(Vec::new());
    }
    let deleted_without_row = written.iter().any(|write| write.inserted && write.deleted);
    let (lowest, highest) = (ids.iter().min().copied(), ids.iter().max().copied());
    let settle = sqlx::query_as(SETTLE).bind(ids).bind(lowest).bind(highest).bind(deleted_without_row || truncated);
    let settled: Vec<(i64, i64, bool)> = settle.fetch_all(connection).await?;
    let mut untold = Vec::new();
    for (order_id, revision, row_stays) in settled {
        let wrote_row = written.iter().any(|write| write.order_id == order_id && !write.deleted);
        if row_stays && !wrote_row {
            written.retain(|write| write.order_id != order_id);
            untold.push(order_id);
        } else if !row_stays {
            written.retain(|write| write.deleted || write.order_id != order_id);
            untold.push(order_id);
        }
        written.iter_mut().filter(|write| write.order_id == order_id).for_each(|write| write.revision = revision);
    }
    Ok(untold)
}
