//! The case `compared`: drain-create while the process compares with the shop again and again, and without.
//!
//! The shop has all orders from the start, so the comparisons meet what is on its way. A reader of the slot stands in for Debezium, because
//! nothing is compared while nobody reads the shop's log.

use std::process::Command;

use anyhow::{Result, ensure};
use stack::wait::{Attempt, until};

use crate::drain::drain;
use crate::fill::Filled;
use crate::ground::{Ground, PATIENCE};
use crate::measures::Measures;

const SLOT: &str = "bench_compared";

/// The shop as the events tell of it.
const SHOP: &str = "
insert into customers (id, name, email, tier, country) select id, name, email, tier, country from bench.customers
on conflict (id) do update set (name, email, tier, country) = (excluded.name, excluded.email, excluded.tier, excluded.country);
insert into orders (id, customer_id, product_id, quantity, price, status, created_at, updated_at)
select order_id, customer_id, product_id, quantity, price, status, ordered_at, updated_at from ";

/// The way back, for the cases with the real Debezium.
const EMPTY: &str = "truncate orders restart identity; delete from customers where id in (select id from bench.customers)";

/// Measures without and with comparisons.
pub(crate) fn compared(ground: &Ground, filled: &Filled) -> Result<Vec<(&'static str, Measures)>> {
    let stack = &ground.stack;
    stack.psql(&format!("truncate orders; {SHOP}{}; vacuum analyze orders", filled.workload.table()))?;
    stack.psql(&format!("select pg_create_logical_replication_slot('{SLOT}', 'pgoutput')"))?;
    let reader = stack.service("pg_recvlogical", reader(stack.database_url()), || Ok(()));
    reader.start()?;
    until("the slot is read", PATIENCE, || {
        let active = stack.psql("select count(*) from pg_replication_slots where active");
        Attempt::from(active.and_then(|active| {
            ensure!(active == "1", "nobody reads it");
            Ok(())
        }))
    })?;
    let with = [("SOURCE_URL", stack.orderstream_database_url()), ("RECONCILE_EVERY", "1".to_owned())];
    let off = drain(ground, filled, &[])?;
    let on = drain(ground, filled, &with)?;
    reader.stop()?;
    stack.psql(&format!("select pg_drop_replication_slot('{SLOT}')"))?;
    stack.psql(EMPTY)?;
    Ok(vec![("compared-off", off), ("compared-on", on)])
}

/// The program that reads the slot, and keeps nothing of it.
fn reader(url: String) -> impl Fn() -> Command + Send + Sync + 'static {
    move || {
        let mut command = Command::new("pg_recvlogical");
        command.args(["--dbname", &url, "--slot", SLOT, "--start", "--file", "/dev/null"]);
        command.args(["--option", "proto_version=1", "--option", "publication_names=orderstream"]);
        command
    }
}
