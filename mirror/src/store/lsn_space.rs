//! Tells whether a change that the guard kept out is really older, or comes from another LSN space (P5).

use change::lsn_space::OtherSpace;
use change::position::{CLOCK_TOLERANCE_MS, Position};
use ledger::arrays::{Array, kind_of};
use sqlx::postgres::PgConnection;
use sqlx::{Arguments, AssertSqlSafe, Row};

use super::{ApplyError, of_keys};
use crate::batch::Writes;
use crate::layout::Layout;

/// Looks at what is stored of the rows whose changes were kept out, at the places `stale`. One that is clearly later by the source's clock than what
/// is stored comes from another database. After a crash of Connect all changes have the times that are stored.
pub(super) async fn look(
    on: &mut PgConnection,
    layout: &Layout,
    writes: &Writes,
    keys: &[&Array<Option<String>>],
    stale: Vec<i32>,
) -> Result<(), ApplyError> {
    let mut arguments = of_keys(keys, writes).map_err(sqlx::Error::Encode)?;
    arguments.add(stale).map_err(sqlx::Error::Encode)?;
    arguments.add(CLOCK_TOLERANCE_MS).map_err(sqlx::Error::Encode)?;
    let row = sqlx::query_with(AssertSqlSafe(layout.contradiction()), arguments).fetch_optional(on).await?;
    let Some(row) = row else { return Ok(()) };
    let stored = Position {
        epoch: row.try_get(0)?,
        partition: row.try_get(1)?,
        offset: row.try_get(2)?,
        kind: kind_of(row.try_get(3)?),
        commit: row.try_get(4)?,
        lsn: row.try_get(5)?,
        ts_ms: row.try_get(6)?,
    };
    let place: i32 = row.try_get(7)?;
    match writes.at.get(usize::try_from(place - 1).unwrap_or(usize::MAX)) {
        Some(incoming) if incoming.contradicts(&stored) => {
            let row = format!("a row of {}", layout.source);
            Err(ApplyError::OtherSpace(Box::new(OtherSpace { row, incoming: *incoming, stored })))
        }
        _ => Ok(()),
    }
}
