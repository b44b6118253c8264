//! Removes rows of the target that the source does not have.
//!
//! Where each row stands is read first, then the source is asked once more. Then the rows are removed that still stand there, in a transaction in which
//! no batch writes the table. So a row that comes back in between stays, and a row that comes back later has an event behind the position at which
//! its guard says that it is gone.

use anyhow::Context;
use ledger::StoreError;
use sqlx::AssertSqlSafe;
use sqlx::postgres::PgArguments;

use super::known::{Stood, guard, same, stood};
use super::side::{add, of_keys};
use super::{CHUNK, Key, Pairing, Sides};
use crate::quote::quote_identifier as identifier;

/// Waits for the batches that write the table; later ones wait for the end of this transaction.
const ALONE: &str = "select pg_advisory_xact_lock(7365020, $1)";
const VERSION: &str = "select version from mirror_tables where id = $1";

/// Removes the rows with these keys, unless they have come back. Returns how many.
pub(super) async fn remove(sides: &Sides, pairing: &Pairing, keys: &[Key]) -> anyhow::Result<u64> {
    let mut removed = 0;
    for keys in keys.chunks(CHUNK) {
        let stood = stood(sides, pairing, keys).await?;
        let back = pairing.source.look(keys).await?;
        let gone = keys.iter().enumerate().filter(|(place, _)| !back.contains_key(place));
        let (keys, stood): (Vec<Key>, Vec<Option<Stood>>) = gone.map(|(place, key)| (key.clone(), stood.get(&place).cloned())).unzip();
        if !keys.is_empty() {
            removed += bury(sides, pairing, arguments(pairing, &keys, &stood)?).await.context("the target's Postgres")?;
        }
    }
    Ok(removed)
}

fn arguments(pairing: &Pairing, keys: &[Key], stood: &[Option<Stood>]) -> anyhow::Result<PgArguments> {
    let mut arguments = of_keys(keys, pairing.key.len())?;
    add(&mut arguments, stood.iter().map(|stood| stood.as_ref().map(|stood| stood.epoch)).collect::<Vec<Option<i32>>>())?;
    add(&mut arguments, stood.iter().map(|stood| stood.as_ref().map(|stood| stood.partition)).collect::<Vec<Option<i32>>>())?;
    add(&mut arguments, stood.iter().map(|stood| stood.as_ref().map(|stood| stood.offset)).collect::<Vec<Option<i64>>>())?;
    add(&mut arguments, stood.iter().map(|stood| stood.as_ref().is_some_and(|stood| stood.is_gone)).collect::<Vec<bool>>())?;
    Ok(arguments)
}

async fn bury(sides: &Sides, pairing: &Pairing, arguments: PgArguments) -> Result<u64, StoreError> {
    let mut lease = sides.target.lease().await?;
    if sides.replica_role {
        lease.begin_with("set local session_replication_role = replica").await?;
    } else {
        lease.begin().await?;
    }
    let id = pairing.mirrored.id;
    let _: sqlx::postgres::PgQueryResult = lease.ask(|on| sqlx::query(ALONE).bind(id).execute(on)).await?;
    let version: Option<i32> = lease.ask(|on| sqlx::query_scalar(VERSION).bind(id).fetch_optional(on)).await?;
    // A table of another shape is not touched. Its rows are looked at again, and the report says that they do not agree.
    if version != Some(pairing.mirrored.version) {
        return lease.roll_back().await.map(|()| 0);
    }
    let query = sqlx::query_scalar_with(AssertSqlSafe(statement(pairing)), arguments);
    let removed: i64 = lease.ask(|on| query.fetch_one(on)).await?;
    lease.commit().await?;
    Ok(removed.unsigned_abs())
}

/// The guard of a row says that the row is gone, at the byte of the log behind the event that has written it: records begin at every eighth byte, so
/// that every other event is before or behind it. A row that has no guard was written by somebody else, and leaves none.
fn statement(pairing: &Pairing) -> String {
    let width = pairing.key.len();
    let keys: Vec<String> = (0..width).map(|at| format!("k{at}")).collect();
    let arrays: Vec<String> = (1..=width).map(|at| format!("${at}::text[]")).collect();
    let at = |place: usize| width + place;
    let (guard, same) = (guard(pairing.mirrored.id), same(pairing, "g.k", "i.k"));
    let columns = pairing.mirrored.key.iter().zip(&pairing.key).enumerate();
    let same_row: Vec<String> =
        columns.map(|(at, (name, (cast, equals)))| format!("t.{} {equals} i.k{at}::{cast}", identifier(name))).collect();
    format!(
        "with i as materialized (\n    select * from unnest({arrays}, ${}::int[], ${}::int[], ${}::bigint[], ${}::boolean[])\n        \
             as u ({keys}, epoch, partition, \"offset\", gone)),\n\
         s as materialized (\n    select i.* from i left join {guard} g on {same}\n    \
             where row (g.epoch, g.partition, g.\"offset\", g.gone_at is not null) is not distinct from row (i.epoch, i.partition, i.\"offset\", i.gone)),\n\
         b as (\n    update {guard} g set gone_at = now(), lsn = case when g.kind in ('w', 'i') then g.lsn + 1 else g.lsn end\n    \
             from s i where g.gone_at is null and {same}),\n\
         d as (delete from {target} t using s i where {same_row} returning 1)\n\
         select count(*) from d",
        at(1),
        at(2),
        at(3),
        at(4),
        arrays = arrays.join(", "),
        keys = keys.join(", "),
        target = pairing.mirrored.target,
        same_row = same_row.join(" and ")
    )
}
