//! The checks after a repetition: no number counts unless the table, the counters and the hashes are right.

use std::collections::HashMap;

use anyhow::{Context, Result, bail, ensure};

use crate::fill::Filled;
use crate::ground::Ground;

/// How many hashes are compared field by field.
const SAMPLE: usize = 2_000;

/// Compares all rows of `results` with what the events say, the counters with the number of events, and hashes with rows.
pub(crate) fn everything(ground: &Ground, filled: &Filled) -> Result<()> {
    rows(ground, filled)?;
    fates(ground, filled)?;
    hashes(ground, filled.outcome.orders.len())
}

/// Checks that `results` has each order once, with its last state and its customer.
pub(crate) fn rows(ground: &Ground, filled: &Filled) -> Result<()> {
    let different = ground.stack.psql(&format!(
        "with compared as (
            select r.order_id as found, e.order_id as expected, r.revision,
                (r.customer_id, r.customer_name, r.customer_email, r.customer_tier, r.customer_country, r.product_id, r.quantity,
                 r.price, r.total, r.status, r.ordered_at, r.updated_at, r.enrichment)
                is distinct from (e.customer_id, c.name, c.email, c.tier, c.country, e.product_id, e.quantity,
                 e.price, e.total, e.status, e.ordered_at, e.updated_at, 'complete') as differs
            from results r full join {expected} e using (order_id) left join bench.customers c on c.id = e.customer_id)
        select format('%s rows, %s differ, for example order %s; %s without a revision', count(found), count(*) filter (where differs),
            min(coalesce(found, expected)) filter (where differs), count(*) filter (where found is not null and not revision > 0))
        from compared",
        expected = filled.workload.table()
    ))?;
    let expected = format!("{} rows, 0 differ, for example order ; 0 without a revision", filled.outcome.orders.len());
    ensure!(different == expected, "{}: results is not what the events say: {different}", filled.workload.topic());
    Ok(())
}

/// Checks that every event has exactly one fate (P1), and that each poison record has a row of its own in `dead_letters`.
fn fates(ground: &Ground, filled: &Filled) -> Result<()> {
    let topic = filled.workload.topic();
    let counted = ground.stack.psql(&format!(
        "select sum(applied + stale + ignored), sum(dead_lettered), (select count(*) from dead_letters where topic = '{topic}')
         from consumer_offsets where topic = '{topic}'"
    ))?;
    let poison = filled.outcome.poison;
    let expected = format!("{}|{poison}|{poison}", filled.outcome.events - poison);
    ensure!(counted == expected, "{topic}: the fates are {counted} instead of {expected}");
    Ok(())
}

/// Checks, after a case with the real Debezium, that `results` equals `orders` with the customers, and that every event was applied.
pub(crate) fn source(ground: &Ground, topic: &str, orders: u64) -> Result<()> {
    let found = ground.stack.psql(
        "select format('%s rows, %s differ', count(*), count(*) filter (where
            (r.customer_id, r.customer_name, r.customer_email, r.customer_tier, r.customer_country, r.product_id, r.quantity, r.price, r.total,
             r.status, r.ordered_at, r.updated_at, r.enrichment)
            is distinct from (o.customer_id, c.name, c.email, c.tier, c.country, o.product_id, o.quantity, o.price, o.quantity * o.price,
             o.status, o.created_at, o.updated_at, 'complete')))
         from results r full join orders o on o.id = r.order_id left join bench.customers c on c.id = o.customer_id",
    )?;
    let expected = format!("{orders} rows, 0 differ");
    ensure!(found == expected, "{topic}: results is not what orders says: {found} instead of {expected}");
    let applied = ground
        .stack
        .psql(&format!("select sum(applied), sum(stale + ignored + dead_lettered) from consumer_offsets where topic = '{topic}'"))?;
    ensure!(applied == format!("{orders}|0"), "{topic}: {applied} events applied and not, instead of {orders}|0");
    hashes(ground, usize::try_from(orders)?)
}

/// Checks that Redis has at least as many keys as there are orders and customers.
pub(crate) fn keys(ground: &Ground, orders: usize) -> Result<()> {
    let keys: u64 = redis::cmd("DBSIZE").query(&mut ground.redis()?)?;
    let expected = orders as u64 + u64::from(ground.shop.customers);
    ensure!(keys >= expected, "Redis has {keys} keys, at least {expected} are needed");
    Ok(())
}

/// Checks that there is a hash for each order, and that a sample of the hashes has the version and the fields of the rows.
fn hashes(ground: &Ground, orders: usize) -> Result<()> {
    keys(ground, orders)?;
    let mut redis = ground.redis()?;
    let every = (orders / SAMPLE).max(1);
    let rows = ground.stack.psql(&format!(
        "select order_id, lpad(epoch::text, 10, '0') || '-' || lpad(revision::text, 20, '0'), total, customer_name, status
         from results where order_id % {every} = 0"
    ))?;
    for line in rows.lines() {
        let (id, row) = line.split_once('|').context("a row without columns")?;
        let fields = ["version", "total", "customer_name", "status"];
        let hash: HashMap<String, String> = redis::cmd("HGETALL").arg(format!("order:{id}")).query(&mut redis)?;
        let found = fields.map(|field| hash.get(field).map_or("", String::as_str)).join("|");
        if found != row {
            bail!("order:{id} says {found}, its row {row}");
        }
    }
    Ok(())
}
