//! Closes dead letters that were overtaken: a newer change of the same order or customer is applied, so that the letter says nothing any
//! more and must not excuse a difference (P1, P2).
//!
//! A letter is closed in the transaction of the newer change, or in its own transaction if the newer change is there already. What is
//! stored decides, not what the batch meant to write: a change that came too late closes no letter.

use std::collections::HashMap;

use change::effect::Effect;
use ledger::StoreError;
use sqlx::postgres::PgConnection;

use crate::orders::customer::{ChangedCustomer, CustomerChange};

const CLOSE_OF_ORDERS: &str = "
with mine as (
    select l.id from dead_letters l left join results r using (order_id) left join deleted_orders d using (order_id)
    where l.resolved_at is null and l.order_id = any($1)
        and (overtakes(r.epoch, r.partition, r.\"offset\", r.kind, r.commit_lsn, r.lsn,
                l.epoch, l.partition, l.\"offset\", l.kind, l.commit_lsn, l.lsn)
            or overtakes(d.epoch, d.partition, d.\"offset\", d.kind, d.commit_lsn, d.lsn,
                l.epoch, l.partition, l.\"offset\", l.kind, l.commit_lsn, l.lsn)
            or exists (select from truncates t where precedes_truncate(l.epoch, l.kind, l.commit_lsn, l.lsn, t.epoch, t.lsn)))
    order by l.id for update of l)
update dead_letters l set resolved_at = now(), resolution = 'overtaken' from mine where l.id = mine.id";

const CLOSE_OF_TRUNCATED: &str = "
with mine as (
    select l.id from dead_letters l join truncates t on t.epoch = $1 and precedes_truncate(l.epoch, l.kind, l.commit_lsn, l.lsn, t.epoch, t.lsn)
    where l.resolved_at is null and l.order_id > $2 and l.order_id <= $3
    order by l.id for update of l)
update dead_letters l set resolved_at = now(), resolution = 'overtaken' from mine where l.id = mine.id";

const CLOSE_OF_CUSTOMERS: &str = "
with mine as (
    select l.id from dead_letters l
    join unnest($1::text[], $2::int[], $3::int[], $4::bigint[]) as c (customer_id, epoch, partition, \"offset\") using (customer_id)
    where l.resolved_at is null and overtakes(c.epoch, c.partition, c.\"offset\", l.epoch, l.partition, l.\"offset\")
    order by l.id for update of l)
update dead_letters l set resolved_at = now(), resolution = 'overtaken' from mine where l.id = mine.id";

/// Closes the open letters of these orders if the order's row or tombstone is newer.
pub(super) async fn close_of_orders(connection: &mut PgConnection, order_ids: &[i64]) -> Result<(), StoreError> {
    if !order_ids.is_empty() {
        sqlx::query(CLOSE_OF_ORDERS).bind(order_ids).execute(connection).await?;
    }
    Ok(())
}

/// Closes the open letters of the orders above `after` and up to `up_to` that a truncate has removed.
pub(super) async fn close_of_truncated(connection: &mut PgConnection, epoch: i32, after: i64, up_to: i64) -> Result<(), StoreError> {
    sqlx::query(CLOSE_OF_TRUNCATED).bind(epoch).bind(after).bind(up_to).execute(connection).await?;
    Ok(())
}

/// Where the state of a customer in Redis comes from: epoch, partition and offset of the event.
pub(super) type Placed<'a> = (&'a str, (i32, i32, i64));

/// Closes the open letters of these customers that stand before the given places.
pub(super) async fn close_of_customers(connection: &mut PgConnection, customers: &[Placed<'_>]) -> Result<(), StoreError> {
    if !customers.is_empty() {
        let column = |of: fn(&Placed<'_>) -> i32| customers.iter().map(of).collect::<Vec<_>>();
        sqlx::query(CLOSE_OF_CUSTOMERS)
            .bind(customers.iter().map(|(id, _)| *id).collect::<Vec<_>>())
            .bind(column(|(_, (epoch, ..))| *epoch))
            .bind(column(|(_, (_, partition, _))| *partition))
            .bind(customers.iter().map(|(_, (.., offset))| *offset).collect::<Vec<_>>())
            .execute(connection)
            .await?;
    }
    Ok(())
}

/// Where each changed customer stands. Redis has no version of a deleted customer, who therefore stands where the last delete of the batch
/// stands.
pub(super) fn standing<'a>(changes: &[CustomerChange], changed: &'a [ChangedCustomer]) -> Vec<Placed<'a>> {
    let deletes = changes.iter().filter(|change| change.effect == Effect::Delete);
    let at = |change: &CustomerChange| (change.position.epoch, change.position.partition, change.position.offset);
    let deleted: HashMap<&str, _> = deletes.map(|change| (change.id.as_str(), at(change))).collect();
    let of = |customer: &'a ChangedCustomer| Some((&*customer.id, customer.stands_at().or_else(|| deleted.get(&*customer.id).copied())?));
    changed.iter().filter_map(of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::orders::customer::{Customer, CustomerRow};
    use change::position::{Origin, Position};

    fn change(id: &str, offset: i64, effect: Effect<CustomerRow>) -> CustomerChange {
        let position = Position { epoch: 1, partition: 2, offset, kind: Origin::Stream, commit: None, lsn: Some(offset), ts_ms: None };
        CustomerChange { id: id.into(), position, effect }
    }

    #[test]
    fn a_customer_stands_where_its_version_says_and_a_deleted_one_where_its_last_delete_does() {
        let changes = [
            change("live", 7, Effect::Put(Customer::default().into())),
            change("gone", 8, Effect::Put(Customer::default().into())),
            change("gone", 9, Effect::Delete),
        ];
        let customer = |id: &str, version: Option<&str>| ChangedCustomer { id: id.into(), version: version.map(str::to_owned) };
        let changed = [customer("live", Some("1.2.7")), customer("gone", None), customer("gone before", None), customer("odd", Some("x"))];
        assert_eq!(standing(&changes, &changed), [("live", (1, 2, 7)), ("gone", (1, 2, 9))]);
    }
}
