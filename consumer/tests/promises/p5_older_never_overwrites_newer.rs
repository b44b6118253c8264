//! P5: a re-sent event changes nothing, and an older event never overwrites a newer one, in Postgres and in Redis alike.

use stack::wait::{Attempt, until};

use crate::shop::topic::{CUSTOMERS, Found, ORDERS, Sent};
use crate::shop::{PATIENCE, Shop};

const STALE: &str = "select sum(stale) from consumer_offsets where topic = 'shop.public.orders'";

#[test]
fn all_events_of_an_order_sent_again_change_neither_the_row_nor_the_hash() {
    let shop = Shop::open();
    let ends = shop.topics().ends(ORDERS);
    let id = shop.order("CUST002", 1, "7.00");
    shop.sql(&format!("update orders set quantity = 2 where id = {id}"));
    shop.sql(&format!("update orders set quantity = 3 where id = {id}"));
    shop.await_everything_right();
    let row = shop.sql(&format!("select * from results where order_id = {id}"));
    let (hash, stale) = (shop.hash(id), shop.number(STALE));
    let again: Vec<Sent> = shop.topics().read(ORDERS, &ends).iter().filter(|found| found.is_of_order(id)).map(Found::again).collect();
    assert_eq!(again.len(), 3);
    shop.topics().send(ORDERS, &again);
    shop.await_sql(STALE, &(stale + 3).to_string());
    assert_eq!(shop.sql(&format!("select * from results where order_id = {id}")), row);
    shop.await_everything_right();
    assert_eq!(shop.hash(id), hash);
}

#[test]
fn the_events_of_a_deleted_order_sent_again_do_not_bring_it_back() {
    let shop = Shop::open();
    let ends = shop.topics().ends(ORDERS);
    let id = shop.order("CUST002", 1, "7.00");
    shop.sql(&format!("delete from orders where id = {id}"));
    shop.await_tombstone(id);
    shop.await_everything_right();
    let again: Vec<Sent> = shop.topics().read(ORDERS, &ends).iter().filter(|found| found.is_of_order(id)).map(Found::again).collect();
    assert_eq!(again.len(), 3, "insert, delete, tombstone");
    let stale = shop.number(STALE);
    shop.topics().send(ORDERS, &again[..1]);
    shop.await_sql(STALE, &(stale + 1).to_string());
    shop.topics().send(ORDERS, &again);
    shop.await_sql(STALE, &(stale + 3).to_string());
    assert_eq!(shop.number(&format!("select count(*) from results where order_id = {id}")), 0);
    shop.await_everything_right();
    shop.await_tombstone(id);
}

#[test]
fn an_event_sent_again_to_another_partition_changes_nothing() {
    let shop = Shop::open();
    let ends = shop.topics().ends(ORDERS);
    let id = shop.order("CUST003", 1, "7.00");
    shop.sql(&format!("update orders set quantity = 2 where id = {id}"));
    shop.await_everything_right();
    let stale = shop.number(STALE);
    let found = shop.topics().read(ORDERS, &ends);
    let elsewhere = found.iter().filter(|found| found.is_of_order(id)).map(|found| {
        let partition = Some((found.partition + 1) % 4);
        Sent { partition, ..found.record.clone() }
    });
    shop.topics().send(ORDERS, &elsewhere.collect::<Vec<_>>());
    shop.await_sql(STALE, &(stale + 2).to_string());
    shop.await_everything_right();
    assert_eq!(shop.hash(id)["quantity"], "2");
}

#[test]
fn the_events_of_a_customer_sent_again_do_not_undo_a_change() {
    let shop = Shop::open();
    let ends = shop.topics().ends(CUSTOMERS);
    shop.customer("TWICE1", "First");
    shop.customer("TWICE1", "Second");
    let id = shop.order("TWICE1", 1, "1.00");
    shop.await_hash_field(id, "customer_name", "Second");
    shop.await_everything_right();
    let again: Vec<Sent> = shop.topics().read(CUSTOMERS, &ends).iter().map(Found::again).collect();
    assert_eq!(again.len(), 2);
    shop.topics().send(CUSTOMERS, &again[..1]);
    shop.await_everything_right();
    assert_eq!(shop.hash(id)["customer_name"], "Second");
    // An order that comes now gets the newer customer too.
    let next = shop.order("TWICE1", 2, "1.00");
    shop.await_hash_field(next, "customer_name", "Second");
    shop.await_everything_right();
}

#[test]
fn connect_killed_in_a_burst_sends_events_twice_and_nothing_is_doubled_or_lost() {
    let shop = Shop::open();
    shop.await_everything_right();
    let (stale, begin) = (shop.number(STALE), shop.topics().ends(ORDERS).iter().sum::<i64>());
    shop.orders("TWICE", 4_000);
    let arrived = || Attempt::when(shop.topics().ends(ORDERS).iter().sum::<i64>() > begin + 1_000);
    until("a part of the burst is in Kafka", PATIENCE, arrived).unwrap();
    shop.stack().connect().kill();
    shop.stack().heal().unwrap();
    shop.await_sql("select count(*) from results where product_id = 'TWICE'", "4000");
    shop.await_everything_right();
    assert!(shop.number(STALE) > stale, "Connect has sent nothing again: this test shows nothing");
    shop.clear("TWICE");
}
