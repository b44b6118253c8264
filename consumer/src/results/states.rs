//! Rows read back: for the sweep, for hashes that Redis has lost, for the list of the newest orders.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use smol_str::SmolStr;
use sqlx::postgres::PgRow;
use sqlx::{FromRow, Row};

use super::{Results, StoreError};
use crate::enrich::{DeletedRow, Enrichment, KnownCustomer, OrderState, ResultRow};
use crate::order::Customer;

const LIVE: &str = "select * from results where order_id = any($1)";
const DELETED: &str = "select order_id, deleted_at, revision from deleted_orders where order_id = any($1)";
const LIVE_AFTER: &str = "select * from results where order_id > $1 and partition = any($2) order by order_id limit $3";
const DELETED_SINCE: &str = "
select order_id, deleted_at, revision from deleted_orders
where order_id > $1 and partition = any($2) and deleted_at > $4 order by order_id limit $3";
const NEWEST: &str = "select * from results order by order_id desc limit $1";

/// Changes only rows that are still as they were read. Locked in the order in which a batch writes them.
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
            ordered_at: row.try_get("ordered_at")?,
            updated_at: row.try_get("updated_at")?,
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
    /// What the hashes of these orders are to say, in no order. Orders that were never seen are left out.
    ///
    /// # Errors
    /// If Postgres is away or refuses.
    pub async fn states(&self, order_ids: &[i64]) -> Result<Vec<OrderState>, StoreError> {
        let mut lease = self.lease().await?;
        let live: Vec<ResultRow> = lease.ask(|on| sqlx::query_as(LIVE).bind(order_ids).fetch_all(on)).await?;
        if live.len() == order_ids.len() {
            return Ok(live.into_iter().map(OrderState::Live).collect());
        }
        let found: HashSet<i64> = live.iter().map(|row| row.order_id).collect();
        let absent: Vec<i64> = order_ids.iter().copied().filter(|id| !found.contains(id)).collect();
        let deleted: Vec<DeletedRow> = lease.ask(|on| sqlx::query_as(DELETED).bind(absent).fetch_all(on)).await?;
        Ok(live.into_iter().map(OrderState::Live).chain(deleted.into_iter().map(OrderState::Deleted)).collect())
    }

    /// Up to `limit` rows of these partitions in key order, after the order id `after`.
    ///
    /// # Errors
    /// If Postgres is away or refuses.
    pub async fn live_after(&self, after: i64, partitions: &[i32], limit: i64) -> Result<Vec<ResultRow>, StoreError> {
        let query = sqlx::query_as(LIVE_AFTER).bind(after).bind(partitions).bind(limit);
        Ok(self.lease().await?.ask(|on| query.fetch_all(on)).await?)
    }

    /// As [`Self::live_after`], for orders that were deleted since `since`.
    ///
    /// # Errors
    /// If Postgres is away or refuses.
    pub async fn deleted_after(
        &self,
        after: i64,
        partitions: &[i32],
        limit: i64,
        since: DateTime<Utc>,
    ) -> Result<Vec<DeletedRow>, StoreError> {
        let query = sqlx::query_as(DELETED_SINCE).bind(after).bind(partitions).bind(limit).bind(since);
        Ok(self.lease().await?.ask(|on| query.fetch_all(on)).await?)
    }

    /// The rows with the highest order ids, the highest first.
    ///
    /// # Errors
    /// If Postgres is away or refuses.
    pub async fn newest(&self, limit: i64) -> Result<Vec<ResultRow>, StoreError> {
        Ok(self.lease().await?.ask(|on| sqlx::query_as(NEWEST).bind(limit).fetch_all(on)).await?)
    }

    /// Writes the customer's columns and the enrichment of `rows` where the stored row still has their revision; returns order id and
    /// new revision of those.
    ///
    /// # Errors
    /// If Postgres is away or refuses.
    pub async fn refresh(&self, rows: &[ResultRow], now: DateTime<Utc>) -> Result<Vec<(i64, i64)>, StoreError> {
        let column = |of: fn(&ResultRow) -> Option<&str>| rows.iter().map(of).collect::<Vec<_>>();
        let query = sqlx::query_as(REFRESH)
            .bind(rows.iter().map(|row| row.order_id).collect::<Vec<_>>())
            .bind(rows.iter().map(|row| row.revision).collect::<Vec<_>>())
            .bind(column(|row| row.customer.customer.name.as_deref()))
            .bind(column(|row| row.customer.customer.email.as_deref()))
            .bind(column(|row| row.customer.customer.tier.as_deref()))
            .bind(column(|row| row.customer.customer.country.as_deref()))
            .bind(column(|row| row.customer.version.as_deref()))
            .bind(column(|row| Some(row.enrichment.as_str())))
            .bind(now);
        Ok(self.lease().await?.ask(|on| query.fetch_all(on)).await?)
    }
}
