//! What operators hold for a while: partitions that are paused, and the breaker around Redis. Here the rows are written by hand, as whoever has
//! only psql does.

use serde_json::Value;

use crate::shop::topic::{CUSTOMERS, ORDERS};
use crate::shop::{Process, Shop};

/// The paused partition of orders.
const PAUSED: i32 = 2;

fn pause(shop: &Shop, topic: &str, partitions: &str, time: &str) {
    shop.sql(&format!(
        "insert into partition_controls (topic, partition, until, set_by, reason)
         select '{topic}', unnest(array[{partitions}]), now() + interval '{time}', 'ann', 'Mr Smith called'
         on conflict (topic, partition) do update set until = excluded.until, set_at = now()"
    ));
}

/// Generation and next offset of the paused partition.
fn standing(shop: &Shop) -> (i64, i64) {
    let of = format!("from consumer_offsets where epoch = 0 and topic = '{ORDERS}' and partition = {PAUSED}");
    (shop.number(&format!("select generation {of}")), shop.number(&format!("select next_offset {of}")))
}

/// The states of the partitions of a topic, as their process tells.
fn states(process: &Process, topic: &str) -> Vec<String> {
    let status: Value = serde_json::from_str(&process.get("/status").unwrap().1).unwrap();
    let of_topic = status["partitions"].as_array().unwrap().iter().filter(|known| known["topic"] == topic);
    of_topic.map(|known| known["state"].as_str().unwrap().to_owned()).collect()
}

/// The paused partition, as its process tells.
fn told(process: &Process) -> Value {
    let status: Value = serde_json::from_str(&process.get("/status").unwrap().1).unwrap();
    let is_it = |known: &&Value| known["topic"] == ORDERS && known["partition"] == PAUSED;
    status["partitions"].as_array().unwrap().iter().find(is_it).cloned().unwrap_or_default()
}

fn others(shop: &Shop) -> i64 {
    shop.number(&format!("select count(*) from results where product_id = 'PAUSED' and partition <> {PAUSED}"))
}

#[test]
fn a_paused_partition_keeps_its_claim_and_commits_nothing_until_its_pause_ends_by_itself_also_after_a_restart() {
    let settings = [("HEALTH_STALL_SECONDS", "2")];
    let mut shop = Shop::with(&settings);
    pause(&shop, ORDERS, "2", "1 hour");
    shop.await_that("the partition is paused", || told(shop.process(0))["state"] == "paused");
    let before = standing(&shop);
    shop.orders("PAUSED", 400);
    shop.await_that("the lag grows, is told, and is no stall after many times the time of a stall", || {
        let known = told(shop.process(0));
        known["lag"].as_i64().is_some_and(|lag| lag > 0) && known["for_seconds"].as_i64().is_some_and(|seconds| seconds > 6)
    });
    shop.process(0).await_readiness(200, &format!("{ORDERS}-{PAUSED}: paused by ann until "));
    assert_eq!(standing(&shop), before, "the claim is kept, and nothing is committed");
    let arrived = others(&shop);
    assert!(arrived > 0, "the other partitions go on");
    let (_, readiness) = shop.process(0).get("/readyz").unwrap();
    assert!(!readiness.contains("Smith") && told(shop.process(0))["reason"].as_str().unwrap().starts_with("paused by ann until "));
    let labels = format!(r#"topic="{ORDERS}",partition="{PAUSED}",state="paused""#);
    assert_eq!(shop.process(0).metric(&format!("orderstream_partition_state{{{labels}}}")), 1);

    shop.process(0).service().stop().unwrap();
    let number = shop.start_another(&settings);
    let again = shop.process(number);
    shop.await_that("the next owner has it, and pauses it", || told(again)["state"] == "paused");
    assert_eq!(standing(&shop), (before.0 + 1, before.1), "claimed, and not a record read");
    assert!(again.service().log_tail(200).contains("An operator has paused the partition"));

    shop.sql("update partition_controls set until = now() + interval '2 seconds'");
    shop.await_that("it goes on by itself", || told(again)["state"] == "running");
    shop.await_sql("select count(*) from results where product_id = 'PAUSED'", "400");
    again.await_readiness(200, "ok");
    shop.sql("delete from partition_controls");
    shop.await_everything_right();
    shop.clear("PAUSED");
}

#[test]
fn paused_customers_wait_and_orders_go_on_and_what_was_told_last_holds_while_postgres_is_away() {
    let mut shop = Shop::with(&[]);
    pause(&shop, CUSTOMERS, "0, 1, 2, 3", "1 hour");
    let paused = |process: &Process| states(process, CUSTOMERS) == ["paused"; 4];
    shop.await_that("all four are paused", || paused(shop.process(0)));
    shop.customer("CUST001", "Alice the Second");
    let order = shop.order("CUST001", 1, "3.00");
    shop.await_hash_field(order, "customer_name", "Alice Johnson");

    shop.stack().postgres().kill();
    shop.process(0).await_readiness(503, "postgres: down");
    assert!(paused(shop.process(0)), "{:?}", shop.process(0).get("/status"));
    shop.stack().heal().unwrap();
    shop.process(0).await_readiness(200, "paused by ann");
    shop.await_hash_field(order, "customer_name", "Alice Johnson");

    shop.sql("delete from partition_controls");
    shop.await_hash_field(order, "customer_name", "Alice the Second");
    shop.customer("CUST001", "Alice Johnson");
    shop.sql(&format!("delete from orders where id = {order}"));
    shop.await_everything_right();
    let number = shop.start_another(&[]);
    shop.process(number).await_readiness(200, "ok");
}

#[test]
fn the_breaker_is_held_open_and_closed_by_a_row_in_every_process_and_let_go_at_its_end() {
    let mut shop = Shop::with(&[]);
    let other = shop.start_another(&[]);
    let is = |number: usize, state: &str| shop.process(number).metric(&format!(r#"orderstream_breaker_state{{state="{state}"}}"#)) == 1;
    let both = |state: &str| is(0, state) && is(other, state);
    let hold = |state: &str, time: &str| {
        shop.sql(&format!(
            "insert into breaker_controls (state, until, set_by, reason) values ('{state}', now() + interval '{time}', 'ann', 'repair')
             on conflict (single) do update set state = excluded.state, until = excluded.until, set_at = now()"
        ))
    };
    hold("open", "20 minutes");
    shop.await_that("both are open", || both("forced_open"));
    shop.process(other).await_readiness(200, "the breaker around Redis is held open by ann until ");
    let order = shop.order("CUST001", 1, "4.00");
    shop.await_sql(&format!("select enrichment from results where order_id = {order}"), "pending");

    hold("closed", "20 minutes");
    shop.await_that("both are closed, whatever Redis answers", || both("forced_closed"));
    shop.await_sql(&format!("select enrichment from results where order_id = {order}"), "complete");

    hold("closed", "1 second");
    shop.await_that("nobody holds them", || both("closed"));
    shop.process(0).await_readiness(200, "ok");
    shop.sql("delete from breaker_controls");
    shop.await_everything_right();
}

#[test]
fn no_row_holds_anything_for_longer_than_it_may() {
    let shop = Shop::open();
    let refused = |statement: &str| format!("{:#}", shop.stack().psql(statement).unwrap_err());
    let partition =
        "insert into partition_controls (topic, partition, until, set_by, reason) values ('t', 0, now() + interval '25 hours', 'a', 'r')";
    assert!(refused(partition).contains("at_most_a_day"));
    let breaker = "insert into breaker_controls (state, until, set_by, reason) values ('open', now() + interval '31 minutes', 'a', 'r')";
    assert!(refused(breaker).contains("at_most_half_an_hour"));
}
