//! P4: each partition has one writer, and a process that has lost a partition writes nothing to it.

use sqlx::{Connection, PgConnection};
use stack::wait::{Attempt, until};
use tokio::runtime::Runtime;

use crate::shop::topic::{CUSTOMERS, ORDERS};
use crate::shop::{PATIENCE, Shop};

const APPLIED: &str = "select sum(applied) from consumer_offsets where topic = 'shop.public.orders'";
/// The shortest session that the broker allows, after which the partitions of a dead member are free.
const SHORT_SESSION: [(&str, &str); 2] = [("KAFKA_PROPERTIES", "session.timeout.ms=6000"), ("BATCH_MAX_RECORDS", "100")];

/// The partitions of orders and of customers. A process has as many of each topic, because a process without orders would be of no use,
/// however many partitions of customers it has.
const ALL: [usize; 2] = [4, 4];
const HALF: [usize; 2] = [2, 2];

/// How many partitions of orders and of customers a process works on.
fn partitions_of(shop: &Shop, number: usize) -> [usize; 2] {
    let status = shop.process(number).get("/status").map_or(serde_json::Value::Null, |(_, body)| serde_json::from_str(&body).unwrap());
    [ORDERS, CUSTOMERS].map(|topic| {
        let works = |partition: &&serde_json::Value| partition["state"] == "running" && partition["topic"] == topic;
        status["partitions"].as_array().map_or(0, |partitions| partitions.iter().filter(works).count())
    })
}

fn await_partitions(shop: &Shop, number: usize, expected: [usize; 2]) {
    let look = || match partitions_of(shop, number) {
        found if found == expected => Attempt::Ready(()),
        found => Attempt::NotYet(format!("it has {found:?}")),
    };
    until(&format!("process {number} works on {expected:?} partitions of orders and customers"), PATIENCE, look).unwrap();
}

#[test]
fn two_processes_share_the_partitions_and_when_one_is_killed_the_other_takes_over() {
    let mut shop = Shop::with(&SHORT_SESSION);
    let letters = shop.letters_on_topic();
    await_partitions(&shop, 0, ALL);
    shop.start_another(&SHORT_SESSION);
    await_partitions(&shop, 0, HALF);
    await_partitions(&shop, 1, HALF);
    let before = shop.number(APPLIED);
    shop.orders("SHARED", 3_000);
    shop.await_at_least(APPLIED, before + 500);
    shop.process(1).service().kill();
    shop.sql("update orders set status = 'paid' where product_id = 'SHARED' and id % 2 = 0");
    shop.await_sql("select count(*) from results where product_id = 'SHARED' and status = 'paid'", "1500");
    shop.await_everything_right();
    await_partitions(&shop, 0, ALL);
    assert_eq!(shop.number(APPLIED), before + 4_500);
    assert_eq!(shop.letters_on_topic(), letters);
    shop.clear("SHARED");
}

#[test]
fn a_process_that_comes_and_goes_in_order_interrupts_nothing() {
    let mut shop = Shop::with(&SHORT_SESSION);
    let before = shop.number(APPLIED);
    shop.orders("ROLLING", 1_500);
    shop.start_another(&SHORT_SESSION);
    await_partitions(&shop, 1, HALF);
    shop.orders("ROLLING", 1_500);
    shop.process(0).service().stop().unwrap();
    await_partitions(&shop, 1, ALL);
    shop.await_sql("select count(*) from results where product_id = 'ROLLING'", "3000");
    shop.await_everything_right();
    assert_eq!(shop.number(APPLIED), before + 3_000);
    shop.clear("ROLLING");
}

#[test]
fn a_zombie_that_wakes_up_after_another_took_over_doubles_nothing_and_recovers() {
    let mut shop = Shop::with(&SHORT_SESSION);
    let before = shop.number(APPLIED);
    shop.orders("ZOMBIE", 3_000);
    shop.await_at_least(APPLIED, before + 500);
    shop.process(0).service().pause().unwrap();
    let paused_at = shop.number(APPLIED);
    assert!(paused_at < before + 3_000, "it was through before it was paused: this test shows nothing");
    let heir = shop.start_another(&SHORT_SESSION);
    await_partitions(&shop, heir, ALL);
    shop.await_sql("select count(*) from results where product_id = 'ZOMBIE'", "3000");
    // The zombie still holds batches of records that the other process has processed, and newer states have come since.
    shop.sql("update orders set quantity = 1000 where product_id = 'ZOMBIE'");
    shop.await_sql("select count(*) from results where product_id = 'ZOMBIE' and quantity = 1000", "3000");
    shop.process(0).service().resume();
    await_partitions(&shop, 0, HALF);
    await_partitions(&shop, heir, HALF);
    shop.await_everything_right();
    assert_eq!(shop.number(APPLIED), before + 6_000);
    // The former zombie works like any other process again.
    shop.process(heir).service().stop().unwrap();
    await_partitions(&shop, 0, ALL);
    let id = shop.order("CUST001", 1, "4.00");
    shop.await_hash_field(id, "total", "4.00");
    shop.await_everything_right();
    shop.clear("ZOMBIE");
}

/// Does what another process does that claims a partition and commits its next record.
const TAKE_OVER: &str = "
update consumer_offsets set generation = generation + 1, next_offset = next_offset + 1, applied = applied + 1
where topic = 'shop.public.orders' and partition = $1";

const WAITING: &str = "select count(*) from pg_stat_activity where application_name = 'orderstream' and wait_event_type = 'Lock'
    and query like '%update consumer_offsets%'";

#[test]
fn a_worker_that_was_overtaken_at_its_commit_writes_nothing_and_claims_anew() {
    let shop = Shop::open();
    let ends = shop.topics().ends(ORDERS);
    let runtime = Runtime::new().unwrap();
    let mut heir = runtime.block_on(PgConnection::connect(&shop.stack().database_url())).unwrap();
    let mut overtaking = runtime.block_on(heir.begin()).unwrap();
    let claim = sqlx::query("select from consumer_offsets where topic = 'shop.public.orders' for update");
    runtime.block_on(claim.execute(&mut *overtaking)).unwrap();
    let id = shop.order("CUST001", 1, "3.00");
    shop.await_sql(WAITING, "1");
    let partition = shop.topics().read(ORDERS, &ends).iter().find(|found| found.is_of_order(id)).unwrap().partition;
    let generation = format!("select generation from consumer_offsets where topic = 'shop.public.orders' and partition = {partition}");
    let before = shop.number(&generation);
    runtime.block_on(sqlx::query(TAKE_OVER).bind(partition).execute(&mut *overtaking)).unwrap();
    runtime.block_on(overtaking.commit()).unwrap();
    shop.await_at_least(&generation, before + 2);
    assert_eq!(shop.number(&format!("select count(*) from results where order_id = {id}")), 0);
    // The other process took the record and wrote no row. The next change brings the row, and every record has one fate.
    shop.sql(&format!("update orders set quantity = 2 where id = {id}"));
    shop.await_hash_field(id, "total", "6.00");
    shop.await_everything_right();
}
