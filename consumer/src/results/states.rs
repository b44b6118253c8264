//! Reads rows back: for the sweep, for hashes that Redis has lost, and for the list of the newest orders.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Utc};
use ledger::{Class, StoreError};
use smol_str::SmolStr;
use sqlx::postgres::PgRow;
use sqlx::{FromRow, Row};

use super::Results;
use super::history::Cause;
use super::timestamp::Time;
use crate::orders::customer::Customer;
use crate::orders::enrich::{Enrichment, KnownCustomer};
use crate::orders::row::{DeletedRow, OrderState, ResultRow};

const LIVE: &str = "select * from results where order_id = any($1)";
const DELETED: &str = "select order_id, deleted_at, revision from deleted_orders where order_id = any($1)";
/// No index leads to the rows of a partition, because each index would cost every write. Instead all rows are walked through in key order,
/// a fixed number in each step, and the rows of other partitions are left out.
const LIVE_STEP: &str = "select max(order_id) from (select order_id from results where order_id > $1 order by order_id limit $2) as step";
const LIVE_IN: &str = "select * from results where order_id > $1 and order_id <= $2 and partition = $3 order by order_id";
const DELETED_STEP: &str =
    "select max(order_id) from (select order_id from deleted_orders where order_id > $1 order by order_id limit $2) as step";
const DELETED_IN: &str = "
select order_id, deleted_at, revision from deleted_orders
where order_id > $1 and order_id <= $2 and partition = $3 and deleted_at > $4 order by order_id";
const NEWEST: &str = "select * from results order by order_id desc limit $1";

/// Changes only rows that still have the revision that was read. The rows are locked in the order in which a batch writes them.
const REFRESH: &str = "
with c as (
    select c.* from results r join unnest($1::bigint[], $2::bigint[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[])
        as c (order_id, revision, name, email, tier, country, version, enrichment) using (order_id, revision)
    order by r.order_id for update of r)
update results r
set customer_name = c.name, customer_email = c.email, customer_tier = c.tier, customer_country = c.country, customer_version = c.version,
    enrichment = c.enrichment, processed_at = $9, revision = nextval('results_revision')
from c
where r.order_id = c.order_id
returning r.order_id, r.revision";

/// The function is in sql/results, which says why it is a function.
const REFRESH_ONE_BY_ONE: &str = "select order_id, revision, refusal from refresh_one_by_one($1, $2, $3, $4, $5, $6, $7, $8, $9)";

/// Rows read back for the sweep.
#[derive(Debug, Default)]
pub struct States {
    /// The states that the hashes of the orders are to hold.
    pub states: Vec<OrderState>,
    /// Orders whose row cannot be read, and the reason: somebody has written something into the row that no event writes.
    pub unreadable: Vec<(i64, String)>,
}

/// A step of a walk through a table.
#[derive(Debug, Default)]
pub struct Page {
    /// The rows of the partition.
    pub read: States,
    /// The last order of the step, in whichever partition; `None` at the end of the table.
    pub up_to: Option<i64>,
}

/// The outcome of a refresh: rows that were completed, and rows that Postgres refused. Rows that have changed meanwhile are in neither.
#[derive(Debug, Default)]
pub struct Refreshed {
    /// For each completed order, the new revision.
    pub revisions: HashMap<i64, i64>,
    /// For each refused order, the reason, without any value of the row (P11).
    pub refused: HashMap<i64, String>,
}

/// Binds the values of the rows that are to be completed, for either of the two statements.
macro_rules! bound {
    ($query:expr, $rows:expr, $now:expr) => {{
        let column = |of: fn(&ResultRow) -> Option<&str>| $rows.iter().map(of).collect::<Vec<_>>();
        $query
            .bind($rows.iter().map(|row| row.order_id).collect::<Vec<_>>())
            .bind($rows.iter().map(|row| row.revision).collect::<Vec<_>>())
            .bind(column(|row| row.customer.customer.name.as_deref()))
            .bind(column(|row| row.customer.customer.email.as_deref()))
            .bind(column(|row| row.customer.customer.tier.as_deref()))
            .bind(column(|row| row.customer.customer.country.as_deref()))
            .bind(column(|row| row.customer.version.as_deref()))
            .bind(column(|row| Some(row.enrichment.as_str())))
            .bind($now)
    }};
}

impl FromRow<'_, PgRow> for ResultRow {
    fn from_row(row: &PgRow) -> Result<Self, sqlx::Error> {
        let enrichment: &str = row.try_get("enrichment")?;
        Ok(Self {
            order_id: row.try_get("order_id")?,
            customer_id: optional_text(row, "customer_id")?,
            customer: KnownCustomer {
                customer: Customer {
                    name: optional_text(row, "customer_name")?,
                    email: optional_text(row, "customer_email")?,
                    tier: optional_text(row, "customer_tier")?,
                    country: optional_text(row, "customer_country")?,
                },
                version: optional_text(row, "customer_version")?,
            }
            .into(),
            product_id: text(row, "product_id")?,
            quantity: row.try_get("quantity")?,
            price: row.try_get("price")?,
            total: row.try_get("total")?,
            status: optional_text(row, "status")?,
            ordered_at: row.try_get::<Option<Time>, _>("ordered_at")?.map(|time| time.0),
            updated_at: row.try_get::<Option<Time>, _>("updated_at")?.map(|time| time.0),
            enrichment: Enrichment::parse(enrichment).ok_or_else(|| sqlx::Error::Decode("enrichment is none of the four".into()))?,
            refused: optional_text(row, "refused")?,
            processed_at: row.try_get("processed_at")?,
            revision: row.try_get("revision")?,
        })
    }
}

fn text(row: &PgRow, column: &str) -> Result<SmolStr, sqlx::Error> {
    row.try_get::<&str, _>(column).map(SmolStr::from)
}

fn optional_text(row: &PgRow, column: &str) -> Result<Option<SmolStr>, sqlx::Error> {
    Ok(row.try_get::<Option<&str>, _>(column)?.map(SmolStr::from))
}

impl FromRow<'_, PgRow> for DeletedRow {
    fn from_row(row: &PgRow) -> Result<Self, sqlx::Error> {
        Ok(Self { order_id: row.try_get("order_id")?, deleted_at: row.try_get("deleted_at")?, revision: row.try_get("revision")? })
    }
}

impl Results {
    /// The states that the hashes of these orders are to hold, in no particular order. Orders that were never seen are left out.
    ///
    /// # Errors
    /// If Postgres is away or refuses.
    pub async fn states(&self, order_ids: &[i64]) -> Result<States, StoreError> {
        let mut lease = self.lease().await?;
        let rows: Vec<PgRow> = lease.ask(|on| sqlx::query(LIVE).bind(order_ids).fetch_all(on)).await?;
        let found = rows.iter().map(|row| row.try_get("order_id")).collect::<Result<HashSet<i64>, _>>()?;
        let mut read = readable(&rows)?;
        if found.len() < order_ids.len() {
            let absent: Vec<i64> = order_ids.iter().copied().filter(|id| !found.contains(id)).collect();
            let deleted: Vec<DeletedRow> = lease.ask(|on| sqlx::query_as(DELETED).bind(absent).fetch_all(on)).await?;
            read.states.extend(deleted.into_iter().map(OrderState::Deleted));
        }
        Ok(read)
    }

    /// The rows of a partition among the next `rows` of the table, in key order, after the order id `after`.
    ///
    /// # Errors
    /// If Postgres is away or refuses.
    pub async fn live_after(&self, after: i64, partition: i32, rows: i64) -> Result<Page, StoreError> {
        let mut lease = self.lease().await?;
        let up_to: Option<i64> = lease.ask(|on| sqlx::query_scalar(LIVE_STEP).bind(after).bind(rows).fetch_one(on)).await?;
        let Some(to) = up_to else { return Ok(Page::default()) };
        let found: Vec<PgRow> = lease.ask(|on| sqlx::query(LIVE_IN).bind(after).bind(to).bind(partition).fetch_all(on)).await?;
        Ok(Page { read: readable(&found)?, up_to })
    }

    /// Does the same as [`Self::live_after`] for orders that were deleted since `since`.
    ///
    /// # Errors
    /// If Postgres is away or refuses.
    pub async fn deleted_after(&self, after: i64, partition: i32, rows: i64, since: DateTime<Utc>) -> Result<Page, StoreError> {
        let mut lease = self.lease().await?;
        let up_to: Option<i64> = lease.ask(|on| sqlx::query_scalar(DELETED_STEP).bind(after).bind(rows).fetch_one(on)).await?;
        let Some(to) = up_to else { return Ok(Page::default()) };
        let query = sqlx::query_as(DELETED_IN).bind(after).bind(to).bind(partition).bind(since);
        let found: Vec<DeletedRow> = lease.ask(|on| query.fetch_all(on)).await?;
        let read = States { states: found.into_iter().map(OrderState::Deleted).collect(), ..States::default() };
        Ok(Page { read, up_to })
    }

    /// The rows with the highest order ids, the highest first.
    ///
    /// # Errors
    /// If Postgres is away or refuses.
    pub async fn newest(&self, limit: i64) -> Result<Vec<ResultRow>, StoreError> {
        let rows: Vec<PgRow> = self.lease().await?.ask(|on| sqlx::query(NEWEST).bind(limit).fetch_all(on)).await?;
        // A row that cannot be read is told by the sweep. The list goes on without it.
        let states = readable(&rows)?.states.into_iter();
        Ok(states.filter_map(OrderState::into_live).collect())
    }

    /// Writes the customer's columns and the enrichment of `rows` where the stored row still has their revision. Rows that Postgres refuses
    /// do not keep the others from being written (P13).
    ///
    /// # Errors
    /// If Postgres is away or refuses for another reason than a row.
    pub async fn refresh(&self, rows: &[ResultRow], now: DateTime<Utc>) -> Result<Refreshed, StoreError> {
        match self.refresh_together(rows, now).await {
            Err(error) if error.class() == Class::Row => self.refresh_one_by_one(rows, now).await,
            outcome => outcome,
        }
    }

    async fn refresh_together(&self, rows: &[ResultRow], now: DateTime<Utc>) -> Result<Refreshed, StoreError> {
        let query = bound!(sqlx::query_as(REFRESH), rows, now);
        let mut lease = self.lease().await?;
        Cause::Sweep.begin(&mut lease).await?;
        let revisions: Vec<(i64, i64)> = lease.ask(|on| query.fetch_all(on)).await?;
        lease.commit().await?;
        Ok(Refreshed { revisions: revisions.into_iter().collect(), refused: HashMap::new() })
    }

    async fn refresh_one_by_one(&self, rows: &[ResultRow], now: DateTime<Utc>) -> Result<Refreshed, StoreError> {
        let query = bound!(sqlx::query_as(REFRESH_ONE_BY_ONE), rows, now);
        let mut lease = self.lease().await?;
        Cause::Sweep.begin(&mut lease).await?;
        let outcomes: Vec<(i64, Option<i64>, Option<String>)> = lease.ask(|on| query.fetch_all(on)).await?;
        lease.commit().await?;
        let mut refreshed = Refreshed::default();
        for (order_id, revision, refusal) in outcomes {
            match (revision, refusal) {
                (Some(revision), _) => drop(refreshed.revisions.insert(order_id, revision)),
                (None, why) => drop(refreshed.refused.insert(order_id, format!("Postgres refused the row ({})", why.unwrap_or_default()))),
            }
        }
        Ok(refreshed)
    }
}

/// The rows that can be read, and the orders of the rows that cannot. A row that cannot be read holds up only itself.
fn readable(rows: &[PgRow]) -> Result<States, StoreError> {
    let mut read = States::default();
    for row in rows {
        match ResultRow::from_row(row) {
            Ok(row) => read.states.push(OrderState::Live(row)),
            Err(error) => read.unreadable.push((row.try_get("order_id")?, StoreError::from(error).refusal())),
        }
    }
    Ok(read)
}
