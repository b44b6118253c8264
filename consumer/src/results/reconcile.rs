//! What a reconciliation asks of Postgres beside the rows, and how it corrects rows that no event will correct.

use ledger::StoreError;
use sqlx::FromRow;

use super::history::Cause;
use super::{Results, due};
use crate::orders::row::ResultRow;
use crate::reconcile::compare::Range;

const ROWS_IN: &str = "select * from results where order_id > $1 and order_id <= $2 order by order_id";

const ROWS_OF: &str = "select * from results where order_id = any($1)";

const KNOWN: &str = "
select c.order_id, coalesce(r.partition, d.partition) as partition,
    u.order_id is not null or exists (select from due_customers k where k.customer_id = r.customer_id collate \"default\") as due,
    exists (select from dead_letters l where l.order_id = c.order_id and l.resolved_at is null) as letter,
    exists (select from truncates t where c.order_id > t.swept_to) as truncated
from unnest($1::bigint[]) as c (order_id)
left join results r using (order_id) left join deleted_orders d using (order_id) left join due_orders u using (order_id)";

const WITH_ROW: &str = "select order_id from results where order_id = any($1)";

const CUSTOMERS_WITH_LETTERS: &str = "select distinct customer_id from dead_letters where customer_id = any($1) and resolved_at is null";

const DELETED: &str = "select order_id, partition from deleted_orders where order_id = any($1) order by order_id for update";

const REVISIONS: &str = "select order_id, revision from results where order_id = any($1)";

/// Replaces a row by a tombstone that stands right behind the row's own position ([`Position::behind`]). Every event that would have
/// replaced the row replaces the tombstone, so that an order that comes back wins. Every event that the row kept out stays out, and so does
/// the row's own event (P5). Only rows that have not changed since the source was found without them are replaced.
///
/// [`Position::behind`]: change::position::Position::behind
const BURY: &str = "
with mine as (
    select r.* from results r join unnest($1::bigint[], $2::bigint[]) as c (order_id, revision) using (order_id, revision)
    order by r.order_id for update of r),
gone as (delete from results r using mine where r.order_id = mine.order_id)
insert into deleted_orders as d (order_id, deleted_at, revision, epoch, partition, \"offset\", kind, commit_lsn, lsn, source_ms)
select order_id, now(), nextval('results_revision'), epoch, partition, \"offset\", kind, commit_lsn,
    case when kind in ('w', 'i') then lsn + 1 else lsn end, source_ms
from mine order by order_id
on conflict (order_id) do update set
    deleted_at = excluded.deleted_at, revision = excluded.revision, epoch = excluded.epoch, partition = excluded.partition,
    \"offset\" = excluded.\"offset\", kind = excluded.kind, commit_lsn = excluded.commit_lsn, lsn = excluded.lsn, source_ms = excluded.source_ms
returning order_id, partition";

/// Gives rows a new revision. A hash that was changed by hand has the version of its row, and only a later version replaces the hash (P5).
const RENEW: &str = "
with mine as (select order_id from results where order_id = any($1) order by order_id for update)
update results r set revision = nextval('results_revision') from mine where r.order_id = mine.order_id
returning r.order_id, r.partition";

/// What is known of an order beside its row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, FromRow)]
pub struct Known {
    /// The order's id.
    pub order_id: i64,
    /// The partition that its last event came from, if one is stored.
    pub partition: Option<i32>,
    /// Whether the order or its customer is on the list of the sweep.
    pub due: bool,
    /// Whether a change of the order is an open dead letter.
    pub letter: bool,
    /// Whether a truncate is being carried out that has not come to the order yet.
    pub truncated: bool,
}

impl Results {
    /// The rows of a range, by ascending id.
    ///
    /// # Errors
    /// If Postgres is away or refuses.
    pub async fn rows_in(&self, range: Range) -> Result<Vec<ResultRow>, StoreError> {
        Ok(self.lease().await?.ask(|on| sqlx::query_as(ROWS_IN).bind(range.after).bind(range.up_to).fetch_all(on)).await?)
    }

    /// The rows of these orders. Orders without a row are left out.
    ///
    /// # Errors
    /// If Postgres is away or refuses.
    pub async fn rows_of(&self, ids: &[i64]) -> Result<Vec<ResultRow>, StoreError> {
        Ok(self.lease().await?.ask(|on| sqlx::query_as(ROWS_OF).bind(ids).fetch_all(on)).await?)
    }

    /// What is known of these orders.
    ///
    /// # Errors
    /// If Postgres is away or refuses.
    pub async fn known(&self, ids: &[i64]) -> Result<Vec<Known>, StoreError> {
        Ok(self.lease().await?.ask(|on| sqlx::query_as(KNOWN).bind(ids).fetch_all(on)).await?)
    }

    /// The orders among these that have a row.
    ///
    /// # Errors
    /// If Postgres is away or refuses.
    pub async fn with_row(&self, ids: &[i64]) -> Result<Vec<i64>, StoreError> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        Ok(self.lease().await?.ask(|on| sqlx::query_scalar(WITH_ROW).bind(ids).fetch_all(on)).await?)
    }

    /// The customers among these of whom a change is an open dead letter.
    ///
    /// # Errors
    /// If Postgres is away or refuses.
    pub async fn customers_with_letters(&self, ids: &[String]) -> Result<Vec<String>, StoreError> {
        Ok(self.lease().await?.ask(|on| sqlx::query_scalar(CUSTOMERS_WITH_LETTERS).bind(ids).fetch_all(on)).await?)
    }

    /// Puts the deleted orders among these on the list of the sweep, so that their hashes say again that they were deleted.
    ///
    /// # Errors
    /// If Postgres is away or refuses. The call may be repeated.
    pub async fn mark_deleted(&self, ids: &[i64]) -> Result<(), StoreError> {
        let mut lease = self.lease().await?;
        lease.begin().await?;
        let deleted: Vec<(i64, i32)> = lease.ask(|on| sqlx::query_as(DELETED).bind(ids).fetch_all(on)).await?;
        lease.ask(|on| due::mark_by_partition(on, &deleted)).await?;
        lease.commit().await
    }

    /// Order id and revision of the orders among these that have a row.
    ///
    /// # Errors
    /// If Postgres is away or refuses.
    pub async fn revisions(&self, ids: &[i64]) -> Result<Vec<(i64, i64)>, StoreError> {
        Ok(self.lease().await?.ask(|on| sqlx::query_as(REVISIONS).bind(ids).fetch_all(on)).await?)
    }

    /// Removes rows that no event will remove, each only if it still has the given revision. The orders go on the list of the sweep, which
    /// removes their hashes. Returns how many rows were removed.
    ///
    /// # Errors
    /// If Postgres is away or refuses. Nothing was removed then, except perhaps after a lost answer. The call may be repeated either way.
    pub async fn bury(&self, ghosts: &[(i64, i64)]) -> Result<u64, StoreError> {
        let (ids, revisions): (Vec<i64>, Vec<i64>) = ghosts.iter().copied().unzip();
        let mut lease = self.lease().await?;
        Cause::Reconcile.begin(&mut lease).await?;
        let buried: Vec<(i64, i32)> = lease.ask(|on| sqlx::query_as(BURY).bind(ids).bind(revisions).fetch_all(on)).await?;
        lease.ask(|on| due::mark_by_partition(on, &buried)).await?;
        lease.commit().await?;
        Ok(buried.len() as u64)
    }

    /// Gives rows a new revision and puts their orders on the list of the sweep, so that their hashes are written again, whatever they
    /// hold.
    ///
    /// # Errors
    /// If Postgres is away or refuses. The call may be repeated.
    pub async fn renew(&self, ids: &[i64]) -> Result<(), StoreError> {
        let mut lease = self.lease().await?;
        Cause::Reconcile.begin(&mut lease).await?;
        let renewed: Vec<(i64, i32)> = lease.ask(|on| sqlx::query_as(RENEW).bind(ids).fetch_all(on)).await?;
        lease.ask(|on| due::mark_by_partition(on, &renewed)).await?;
        lease.commit().await
    }
}
