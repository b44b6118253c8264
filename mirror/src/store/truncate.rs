//! A truncate of a table: one event in one partition, which removes all older rows of all partitions (P2, P5).

use change::position::Position;
use ledger::arrays::kind_code;
use sqlx::AssertSqlSafe;
use sqlx::postgres::PgConnection;

use super::{ApplyError, keyless, outdated};
use crate::layout::Layout;
use crate::statements;

/// Waits for all batches that write the table. Every later batch sees the note of the truncate, and keeps older events out.
const ALONE: &str = "select pg_advisory_xact_lock(7365020, $1)";

/// The shape may have changed while the truncate waited.
const VERSION: &str = "select version from mirror_tables where id = $1";

/// Removes every row that is not newer than the truncate, and notes it for older events that come later.
pub(super) async fn carry_out(on: &mut PgConnection, layout: &Layout, position: &Position) -> Result<(), ApplyError> {
    sqlx::query(ALONE).bind(layout.id).execute(&mut *on).await?;
    let version: Option<i32> = sqlx::query_scalar(VERSION).bind(layout.id).fetch_optional(&mut *on).await?;
    if version != Some(layout.version) {
        return Err(ApplyError::Outdated(String::new()));
    }
    if layout.key.is_empty() && !keyless::counts_truncate(on, layout, position).await? {
        return Ok(());
    }
    let noted = bound(&statements::note_truncate(layout), position).execute(&mut *on).await.map_err(outdated)?;
    if !layout.key.is_empty() {
        bound(&statements::truncate(layout), position).execute(on).await.map_err(outdated)?;
    } else if noted.rows_affected() > 0 {
        keyless::begin_anew(on, layout).await?;
    }
    Ok(())
}

fn bound(statement: &str, position: &Position) -> sqlx::query::Query<'static, sqlx::Postgres, sqlx::postgres::PgArguments> {
    sqlx::query(AssertSqlSafe(statement.to_owned()))
        .bind(position.epoch)
        .bind(position.partition)
        .bind(position.offset)
        .bind(kind_code(position.kind))
        .bind(position.commit)
        .bind(position.lsn.unwrap_or(-1))
        .bind(position.ts_ms)
}
