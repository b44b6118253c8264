//! Tells whether a change that the position guard refused is really older, or comes from another LSN space (P5).
//!
//! Only writes that the guard refused are asked about. If one of them contradicts what is stored, nothing of the batch's transaction stays.

use std::collections::HashMap;

use change::lsn_space::OtherSpace;
use change::position::{CLOCK_TOLERANCE_MS, Position};
use ledger::StoreError;
use sqlx::Row;
use sqlx::postgres::{PgConnection, PgRow};

use ledger::arrays::kind_of;

/// Reads only the rows that can contradict a write. After a crash of Connect tens of thousands of events come again, each with the time
/// that is stored, and none of those is read.
const STORED: &str = "
with c as (select * from unnest($1::bigint[], $2::bigint[]) as c (order_id, source_ms))
select order_id, epoch, partition, \"offset\", kind, commit_lsn, lsn, r.source_ms
from results r join c using (order_id) where r.source_ms < c.source_ms - $3
union all
select order_id, epoch, partition, \"offset\", kind, commit_lsn, lsn, d.source_ms
from deleted_orders d join c using (order_id) where d.source_ms < c.source_ms - $3";

/// The first of the refused writes that contradicts what is stored.
pub(super) async fn contradiction(connection: &mut PgConnection, refused: &[(i64, Position)]) -> Result<Option<OtherSpace>, StoreError> {
    let clocked: HashMap<i64, Position> = refused.iter().filter(|(_, position)| position.ts_ms.is_some()).copied().collect();
    let rows = sqlx::query(STORED)
        .bind(clocked.keys().copied().collect::<Vec<_>>())
        .bind(clocked.values().map(|position| position.ts_ms).collect::<Vec<_>>())
        .bind(CLOCK_TOLERANCE_MS)
        .fetch_all(connection)
        .await?;
    for row in rows {
        let (order_id, stored) = read(&row)?;
        if let Some(incoming) = clocked.get(&order_id).filter(|incoming| incoming.contradicts(&stored)) {
            return Ok(Some(OtherSpace { row: format!("order {order_id}"), incoming: *incoming, stored }));
        }
    }
    Ok(None)
}

fn read(row: &PgRow) -> Result<(i64, Position), sqlx::Error> {
    let position = Position {
        epoch: row.try_get("epoch")?,
        partition: row.try_get("partition")?,
        offset: row.try_get("offset")?,
        kind: kind_of(row.try_get("kind")?),
        commit: row.try_get("commit_lsn")?,
        lsn: row.try_get("lsn")?,
        ts_ms: row.try_get("source_ms")?,
    };
    Ok((row.try_get("order_id")?, position))
}
