//! P4: each partition has one writer, and one that lost it writes nothing.

use stack::wait::{Attempt, until};

use crate::shop::{PATIENCE, Shop};

const APPLIED: &str = "select sum(applied) from consumer_offsets where topic = 'shop.public.orders'";
/// The shortest session that the broker allows: a dead member's partitions are free after it.
const SHORT_SESSION: [(&str, &str); 2] = [("KAFKA_PROPERTIES", "session.timeout.ms=6000"), ("BATCH_MAX_RECORDS", "200")];

/// How many partitions a process works on.
fn partitions_of(shop: &Shop, number: usize) -> usize {
    let status = shop.process(number).get("/status").map_or(serde_json::Value::Null, |(_, body)| serde_json::from_str(&body).unwrap());
    let running = |partition: &&serde_json::Value| partition["state"] == "running";
    status["partitions"].as_array().map_or(0, |partitions| partitions.iter().filter(running).count())
}

fn await_partitions(shop: &Shop, number: usize, expected: usize) {
    let look = || match partitions_of(shop, number) {
        found if found == expected => Attempt::Ready(()),
        found => Attempt::NotYet(format!("it has {found}")),
    };
    until(&format!("process {number} works on {expected} partitions"), PATIENCE, look).unwrap();
}

#[test]
fn two_processes_share_the_partitions_and_when_one_is_killed_the_other_takes_over() {
    let mut shop = Shop::with(&SHORT_SESSION);
    let letters = shop.letters_on_topic();
    await_partitions(&shop, 0, 8);
    shop.start_another(&SHORT_SESSION);
    await_partitions(&shop, 0, 4);
    await_partitions(&shop, 1, 4);
    let before = shop.number(APPLIED);
    shop.orders("SHARED", 6_000);
    shop.await_at_least(APPLIED, before + 1_000);
    shop.process(1).service().kill();
    shop.sql("update orders set status = 'paid' where product_id = 'SHARED' and id % 2 = 0");
    shop.await_sql("select count(*) from results where product_id = 'SHARED' and status = 'paid'", "3000");
    shop.await_everything_right();
    await_partitions(&shop, 0, 8);
    assert_eq!(shop.number(APPLIED), before + 9_000);
    assert_eq!(shop.letters_on_topic(), letters);
}

#[test]
fn a_process_that_comes_and_goes_in_order_interrupts_nothing() {
    let mut shop = Shop::with(&SHORT_SESSION);
    let before = shop.number(APPLIED);
    shop.orders("ROLLING", 4_000);
    shop.start_another(&SHORT_SESSION);
    await_partitions(&shop, 1, 4);
    shop.orders("ROLLING", 4_000);
    shop.process(0).service().stop().unwrap();
    await_partitions(&shop, 1, 8);
    shop.await_sql("select count(*) from results where product_id = 'ROLLING'", "8000");
    shop.await_everything_right();
    assert_eq!(shop.number(APPLIED), before + 8_000);
}

#[test]
fn a_zombie_that_wakes_up_after_another_took_over_doubles_nothing_and_recovers() {
    let mut shop = Shop::with(&SHORT_SESSION);
    let before = shop.number(APPLIED);
    shop.orders("ZOMBIE", 5_000);
    shop.await_at_least(APPLIED, before + 500);
    shop.process(0).service().pause().unwrap();
    let paused_at = shop.number(APPLIED);
    assert!(paused_at < before + 5_000, "it was through before it was paused: this test shows nothing");
    let heir = shop.start_another(&SHORT_SESSION);
    await_partitions(&shop, heir, 8);
    shop.await_sql("select count(*) from results where product_id = 'ZOMBIE'", "5000");
    // The zombie still holds batches of records that the other one has processed, and newer states have come since.
    shop.sql("update orders set quantity = 1000 where product_id = 'ZOMBIE'");
    shop.await_sql("select count(*) from results where product_id = 'ZOMBIE' and quantity = 1000", "5000");
    shop.process(0).service().resume();
    await_partitions(&shop, 0, 4);
    await_partitions(&shop, heir, 4);
    shop.await_everything_right();
    assert_eq!(shop.number(APPLIED), before + 10_000);
    // It is a worker like any other again.
    shop.process(heir).service().stop().unwrap();
    await_partitions(&shop, 0, 8);
    let id = shop.order("CUST001", 1, "4.00");
    shop.await_hash_field(id, "total", "4.00");
    shop.await_everything_right();
}
