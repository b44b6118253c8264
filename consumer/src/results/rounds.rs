//! The statements of one round of writes: one upsert and one delete, each guarded by position (P5).

use std::collections::HashSet;

use change::value::Text;
use chrono::{DateTime, Utc};
use ledger::StoreError;
use smol_str::SmolStr;
use sqlx::error::BoxDynError;
use sqlx::postgres::{PgArguments, PgConnection, PgRow};
use sqlx::{Arguments, Row};

use super::ApplyError;
use super::batch::{Batch, Filled, Written};
use super::columns::Orders;
use super::timestamp::Time;
use crate::orders::absent::ColumnSet;
use crate::orders::order::Order;
use crate::orders::write::{Delete, Put, Round, Unresolved};
use ledger::arrays::Positions;

/// Writes a batch of rows. The statement is public because the benchmark measures what it can do alone.
///
/// The customer's columns stay as they are while Redis cannot be asked and the customer is the same. The answer is one row of arrays,
/// because thousands of rows would cost more to send and to read than to write.
pub const UPSERT: &str = "
with written as (
insert into results as r (
    order_id, customer_id, customer_name, customer_email, customer_tier, customer_country, product_id, quantity, price, total, status,
    ordered_at, updated_at, enrichment, customer_version, epoch, partition, \"offset\", kind, commit_lsn, lsn, source_ms,
    processed_at, revision)
select c.*, $23, nextval('results_revision')
from (select unnest($1::bigint[]), unnest($2::text[]), unnest($3::text[]), unnest($4::text[]), unnest($5::text[]), unnest($6::text[]),
    unnest($7::text[]), unnest($8::int[]), unnest($9::numeric[]), unnest($10::numeric[]), unnest($11::text[]), unnest($12::timestamp[]),
    unnest($13::timestamp[]), unnest($14::text[]), unnest($15::text[]), unnest($16::int[]), unnest($17::int[]), unnest($18::bigint[]),
    unnest($19::\"char\"[]), unnest($20::bigint[]), unnest($21::bigint[]), unnest($22::bigint[])) as c
on conflict (order_id) do update set
    customer_id = excluded.customer_id,
    customer_name = case when excluded.enrichment = 'pending' and r.customer_id = excluded.customer_id then r.customer_name else excluded.customer_name end,
    customer_email = case when excluded.enrichment = 'pending' and r.customer_id = excluded.customer_id then r.customer_email else excluded.customer_email end,
    customer_tier = case when excluded.enrichment = 'pending' and r.customer_id = excluded.customer_id then r.customer_tier else excluded.customer_tier end,
    customer_country = case when excluded.enrichment = 'pending' and r.customer_id = excluded.customer_id then r.customer_country else excluded.customer_country end,
    customer_version = case when excluded.enrichment = 'pending' and r.customer_id = excluded.customer_id then r.customer_version else excluded.customer_version end,
    product_id = excluded.product_id, quantity = excluded.quantity, price = excluded.price, total = excluded.total, status = excluded.status,
    ordered_at = excluded.ordered_at, updated_at = excluded.updated_at, enrichment = excluded.enrichment, epoch = excluded.epoch,
    partition = excluded.partition, \"offset\" = excluded.\"offset\", kind = excluded.kind, commit_lsn = excluded.commit_lsn,
    lsn = excluded.lsn, source_ms = excluded.source_ms, processed_at = excluded.processed_at, revision = nextval('results_revision'),
    refused = case when r.refused is not null and exists (
        select from dead_letters l where l.order_id = excluded.order_id and l.resolved_at is null
            and l.epoch = excluded.epoch and l.partition = excluded.partition and l.\"offset\" > excluded.\"offset\") then r.refused end
where position_supersedes(excluded.epoch, excluded.partition, excluded.\"offset\", excluded.kind, excluded.commit_lsn, excluded.lsn,
    r.epoch, r.partition, r.\"offset\", r.kind, r.commit_lsn, r.lsn)
returning order_id, revision, xmax = 0 as inserted, refused)
select array_agg(order_id), array_agg(revision), array_agg(inserted), array_agg(order_id) filter (where refused is not null) from written";

const UPSERT_ARGUMENTS: usize = 23;
/// The bytes that most rows need in the arguments beside the texts of their customer. The room is reserved at the start, because a megabyte
/// that grows would be copied many times.
const ROW_BYTES: usize = 256;
/// The number of customers whose sizes are read before the first of their rows is written. Customers lie all over the memory. The processor
/// waits for many of them at once here, but would wait for each alone while it writes.
const AHEAD: usize = 64;

/// Removes the rows that are older, and leaves a tombstone for each of them and for each order without a row. A tombstone of Kafka without
/// a delete before it leaves a tombstone only where it removed a row, because otherwise its offset already keeps out everything that the
/// tombstone would.
const DELETE: &str = "
with c as (
    select * from unnest($1::bigint[], $2::int[], $3::int[], $4::bigint[], $5::\"char\"[], $6::bigint[], $7::bigint[], $8::bigint[])
        as c (order_id, epoch, partition, \"offset\", kind, commit_lsn, lsn, source_ms)),
gone as (
    delete from results r using c where r.order_id = c.order_id
        and position_supersedes(c.epoch, c.partition, c.\"offset\", c.kind, c.commit_lsn, c.lsn,
            r.epoch, r.partition, r.\"offset\", r.kind, r.commit_lsn, r.lsn)
    returning r.order_id)
insert into deleted_orders as d (order_id, deleted_at, revision, epoch, partition, \"offset\", kind, commit_lsn, lsn, source_ms)
select c.order_id, $9, nextval('results_revision'), c.epoch, c.partition, c.\"offset\", c.kind, c.commit_lsn, c.lsn, c.source_ms
from c
where exists (select from gone where gone.order_id = c.order_id)
    or c.kind <> 't' and not exists (select from results r where r.order_id = c.order_id)
order by c.order_id
on conflict (order_id) do update set
    deleted_at = excluded.deleted_at, revision = nextval('results_revision'), epoch = excluded.epoch, partition = excluded.partition,
    \"offset\" = excluded.\"offset\", kind = excluded.kind, commit_lsn = excluded.commit_lsn, lsn = excluded.lsn, source_ms = excluded.source_ms
where position_supersedes(excluded.epoch, excluded.partition, excluded.\"offset\", excluded.kind, excluded.commit_lsn, excluded.lsn,
    d.epoch, d.partition, d.\"offset\", d.kind, d.commit_lsn, d.lsn)
returning order_id, revision, not exists (select from gone where gone.order_id = d.order_id) as inserted";

/// The rows are locked, so that the values that are read are the values that the upsert of the same transaction keeps.
const STORED: &str = "
select order_id, customer_id, product_id, status, ordered_at, updated_at from results
where order_id = any($1) order by order_id for update";

/// The columns of a stored row: order id, customer id, product id, status, `ordered_at` and `updated_at`.
type Stored = (i64, Option<String>, String, Option<String>, Option<Time>, Option<Time>);

/// Writes one round by ascending order id, deletes before puts. Also returns the orders whose missing values were filled in.
pub(super) async fn write(
    connection: &mut PgConnection,
    number: usize,
    round: &Round,
    batch: &Batch,
) -> Result<(Vec<Written>, Filled), ApplyError> {
    let mut written = Vec::with_capacity(round.deletes.len() + round.puts.len());
    let mut filled = Filled::default();
    if !round.deletes.is_empty() {
        for row in delete(connection, &round.deletes, batch).await? {
            let (order_id, revision, inserted) = (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
            written.push(Written { order_id, round: number, revision, inserted, deleted: true, refused: false });
        }
    }
    if !round.puts.is_empty() {
        filled = self::filled(connection, &round.puts).await?;
        let unresolved = unresolved(&round.puts, &filled);
        if !unresolved.is_empty() {
            return Err(ApplyError::Unresolved(unresolved));
        }
        let Upserted(order_ids, revisions, inserted, refused) = upsert(connection, &round.puts, &filled, batch).await?;
        let rows = order_ids.unwrap_or_default().into_iter().zip(revisions.unwrap_or_default()).zip(inserted.unwrap_or_default());
        let refused: HashSet<i64> = refused.unwrap_or_default().into_iter().collect();
        let put = |((order_id, revision), inserted)| {
            let refused = refused.contains(&order_id);
            Written { order_id, round: number, revision, inserted, deleted: false, refused }
        };
        written.extend(rows.map(put));
    }
    written.sort_unstable_by_key(|write| (!write.deleted, write.order_id));
    Ok((written, filled))
}

/// Order ids, revisions, whether there was no row before, and the orders whose row keeps its mark. Each array is null if it is empty.
#[derive(sqlx::FromRow)]
pub(super) struct Upserted(Option<Vec<i64>>, Option<Vec<i64>>, Option<Vec<bool>>, Option<Vec<i64>>);

pub(super) async fn delete(connection: &mut PgConnection, deletes: &[Delete], batch: &Batch) -> Result<Vec<PgRow>, StoreError> {
    let mut positions = Positions::with_capacity(deletes.len());
    deletes.iter().try_for_each(|delete| positions.push(&delete.position)).map_err(sqlx::Error::Encode)?;
    let rows = sqlx::query(DELETE)
        .bind(deletes.iter().map(|delete| delete.order_id).collect::<Vec<_>>())
        .bind(positions.epoch)
        .bind(positions.partition)
        .bind(positions.offset)
        .bind(positions.kind)
        .bind(positions.commit)
        .bind(positions.lsn)
        .bind(positions.source_ms)
        .bind(batch.now)
        .fetch_all(connection)
        .await?;
    Ok(rows)
}

pub(super) async fn upsert(connection: &mut PgConnection, puts: &[Put], filled: &Filled, batch: &Batch) -> Result<Upserted, StoreError> {
    let arguments = arguments(puts, filled, batch.now).map_err(sqlx::Error::Encode)?;
    Ok(sqlx::query_as_with(UPSERT, arguments).fetch_one(connection).await?)
}

fn arguments(puts: &[Put], filled: &Filled, now: DateTime<Utc>) -> Result<PgArguments, BoxDynError> {
    let (mut positions, mut orders) = (Positions::with_capacity(puts.len()), Orders::with_capacity(puts.len()));
    let mut size = 0;
    for puts in puts.chunks(AHEAD) {
        size += puts.iter().map(|put| ROW_BYTES + put.enriched.customer.size()).sum::<usize>();
        for put in puts {
            positions.push(&put.position)?;
            orders.push(put, filled.get(&put.order_id))?;
        }
    }
    let mut arguments = PgArguments::default();
    arguments.reserve(UPSERT_ARGUMENTS, size);
    arguments.add(orders.order_id)?;
    arguments.add(orders.customer_id)?;
    arguments.add(orders.customer_name)?;
    arguments.add(orders.customer_email)?;
    arguments.add(orders.customer_tier)?;
    arguments.add(orders.customer_country)?;
    arguments.add(orders.product_id)?;
    arguments.add(orders.quantity)?;
    arguments.add(orders.price)?;
    arguments.add(orders.total)?;
    arguments.add(orders.status)?;
    arguments.add(orders.ordered_at)?;
    arguments.add(orders.updated_at)?;
    arguments.add(orders.enrichment)?;
    arguments.add(orders.customer_version)?;
    arguments.add(positions.epoch)?;
    arguments.add(positions.partition)?;
    arguments.add(positions.offset)?;
    arguments.add(positions.kind)?;
    arguments.add(positions.commit)?;
    arguments.add(positions.lsn)?;
    arguments.add(positions.source_ms)?;
    arguments.add(now)?;
    Ok(arguments)
}

/// The orders whose event leaves something out, completed from their stored rows.
pub(super) async fn filled(connection: &mut PgConnection, puts: &[Put]) -> Result<Filled, StoreError> {
    let mut filled: Filled = partial(puts).map(|put| (put.order_id, put.enriched.order.clone())).collect();
    if filled.is_empty() {
        return Ok(filled);
    }
    let ids: Vec<i64> = filled.keys().copied().collect();
    let rows: Vec<Stored> = sqlx::query_as(STORED).bind(ids).fetch_all(connection).await?;
    for (order_id, customer_id, product_id, status, ordered_at, updated_at) in rows {
        let Some(order) = filled.get_mut(&order_id) else { continue };
        let [customer_id, product_id, status] = [customer_id, Some(product_id), status].map(|text| Text::from(text.map(SmolStr::from)));
        let absent = ColumnSet::default();
        let (ordered_at, updated_at) = (ordered_at.map(|time| time.0), updated_at.map(|time| time.0));
        let stored = Order { customer_id, product_id, status, ordered_at, updated_at, absent, ..order.clone() };
        order.fill_from(&stored);
    }
    Ok(filled)
}

fn partial(puts: &[Put]) -> impl Iterator<Item = &Put> {
    puts.iter().filter(|put| put.enriched.order.is_partial())
}

/// The orders without a stored row whose event leaves a text out. The order is refused, because any text in the place of the missing one
/// would be invented. A time that is left out stays empty, which says that the time is not known.
fn unresolved(puts: &[Put], filled: &Filled) -> Vec<Unresolved> {
    let lacks_text = |put: &&Put| filled.get(&put.order_id).is_some_and(|order| order.unchanged_texts().next().is_some());
    partial(puts).filter(lacks_text).filter_map(Unresolved::of).collect()
}
