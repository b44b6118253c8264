//! Writes tables without a key, of which equal rows are counted.

use change::lsn_space::OtherSpace;
use change::position::{CLOCK_TOLERANCE_MS, Origin, Position};
use sqlx::postgres::{PgArguments, PgConnection};
use sqlx::{Arguments, AssertSqlSafe, Row};

use super::{ApplyError, outdated, positions};
use crate::batch::{Group, KeylessBatch};
use crate::layout::Layout;
use crate::statements::keyless;

/// One batch at a time counts rows of the table: of two that do not see each other, one could remove the row that the other adds.
const ALONE: &str = "select pg_advisory_xact_lock(7365022, $1)";

/// Writes one table. Returns how many events were older than a truncate or a snapshot, or were counted before.
pub(super) async fn write_table(on: &mut PgConnection, table: &KeylessBatch) -> Result<u64, ApplyError> {
    let layout = &*table.layout;
    sqlx::query(ALONE).bind(layout.id).execute(&mut *on).await?;
    let state = format!("select version, exists (select from {}) from mirror_tables where id = $1", layout.owed());
    let state: Option<(i32, bool)> =
        sqlx::query_as(AssertSqlSafe(state)).bind(layout.id).fetch_optional(&mut *on).await.map_err(outdated)?;
    let Some((version, mut owes)) = state else { return Err(ApplyError::Outdated(String::new())) };
    if version != layout.version {
        return Err(ApplyError::Outdated(String::new()));
    }
    if let Some(position) = &table.snapshot
        && note_snapshot(on, layout, position).await?
    {
        begin_anew(on, layout).await?;
        owes = true;
    }
    let mut counted = 0;
    for group in &table.groups {
        counted += write_group(on, layout, group, owes || group.removes).await?;
        owes |= group.removes;
    }
    if let Some(first) = table.groups.first().and_then(|group| group.at.first()) {
        let forget = sqlx::query(AssertSqlSafe(keyless::forget(layout))).bind(first.epoch).bind(&*layout.topic);
        forget.execute(on).await.map_err(outdated)?;
    }
    Ok(table.events().saturating_sub(counted))
}

/// Begins the table anew, with the events behind a truncate or a snapshot that was noted just now.
pub(super) async fn begin_anew(on: &mut PgConnection, layout: &Layout) -> Result<(), ApplyError> {
    for statement in keyless::begin_anew(layout) {
        sqlx::query(AssertSqlSafe(statement)).execute(&mut *on).await.map_err(outdated)?;
    }
    Ok(())
}

/// Whether a truncate counts: no snapshot has its outcome already.
pub(super) async fn counts_truncate(on: &mut PgConnection, layout: &Layout, position: &Position) -> Result<bool, ApplyError> {
    let query = sqlx::query_scalar(AssertSqlSafe(keyless::counts_truncate(layout)));
    Ok(query.bind(position.epoch).bind(position.commit).bind(position.lsn.unwrap_or(-1)).bind(position.ts_ms).fetch_one(on).await?)
}

/// Notes the snapshot that a row is of. Returns whether it is newer than what was noted.
async fn note_snapshot(on: &mut PgConnection, layout: &Layout, position: &Position) -> Result<bool, ApplyError> {
    let query =
        sqlx::query(keyless::NOTE_SNAPSHOT).bind(layout.id).bind(position.epoch).bind(position.lsn.unwrap_or(-1)).bind(position.ts_ms);
    Ok(query.fetch_optional(on).await?.is_some())
}

/// Writes events that tell the same columns. Returns how many were counted.
async fn write_group(on: &mut PgConnection, layout: &Layout, group: &Group, counts: bool) -> Result<u64, ApplyError> {
    let statement = if counts { layout.count(&group.marks) } else { layout.write(&group.marks) };
    let arguments = arguments(group).map_err(sqlx::Error::Encode)?;
    let row = sqlx::query_with(AssertSqlSafe(statement), arguments).fetch_one(on).await.map_err(outdated)?;
    if let Some(place) = row.try_get::<Option<i32>, _>(1)? {
        let incoming = usize::try_from(place - 1).ok().and_then(|place| group.at.get(place));
        let (epoch, lsn, ts_ms) = (row.try_get(2)?, row.try_get(3)?, row.try_get(4)?);
        // A truncate and a snapshot stand in no partition of their own.
        let stored = Position { epoch, partition: -1, offset: -1, kind: Origin::Snapshot, commit: None, lsn: Some(lsn), ts_ms };
        if let Some(incoming) = incoming {
            let row = format!("a row of {}", layout.source);
            return Err(ApplyError::OtherSpace(Box::new(OtherSpace { row, incoming: *incoming, stored })));
        }
    }
    if row.try_get(5)? {
        return Err(ApplyError::Rounded(layout.source.clone()));
    }
    let counted: i64 = row.try_get(0)?;
    Ok(counted.unsigned_abs())
}

fn arguments(group: &Group) -> Result<PgArguments, sqlx::error::BoxDynError> {
    let mut arguments = PgArguments::default();
    for column in &group.columns {
        arguments.add(column)?;
    }
    arguments.add(&group.signs)?;
    arguments.add(&group.of)?;
    positions(&mut arguments, &group.positions)?;
    arguments.add(&group.numbers)?;
    arguments.add(&group.partitions)?;
    arguments.add(CLOCK_TOLERANCE_MS)?;
    Ok(arguments)
}
