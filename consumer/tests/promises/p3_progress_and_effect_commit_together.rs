//! P3: the position and the effect commit together, so that a death at any moment loses and repeats nothing.

use std::time::{Duration, Instant};

use stack::wait::{Attempt, until};

use crate::shop::topic::{ORDERS, Sent};
use crate::shop::{PATIENCE, Shop};

const APPLIED: &str = "select sum(applied) from consumer_offsets where topic = 'shop.public.orders'";
/// Small batches, so that a burst takes many transactions, and a kill comes between two of them.
const SMALL_BATCHES: &[(&str, &str)] = &[("BATCH_MAX_RECORDS", "100")];

#[test]
fn five_sigkills_during_a_burst_lose_and_double_nothing() {
    let mut shop = Shop::closed();
    let number = shop.start_another(SMALL_BATCHES);
    shop.await_everything_right();
    let (letters, before) = (shop.letters_on_topic(), shop.number(APPLIED));
    shop.orders("KILLED", 20_000);
    let mut alive = number;
    for life in 1..=5 {
        shop.await_at_least(APPLIED, before + 2_000 * life);
        shop.kill(alive);
        assert!(shop.number(APPLIED) < before + 20_000, "it was through before it was killed: this test shows nothing");
        alive = shop.launch_another(SMALL_BATCHES);
    }
    shop.await_sql("select count(*), count(distinct order_id) from results where product_id = 'KILLED'", "20000|20000");
    shop.await_everything_right();
    assert_eq!(shop.number(APPLIED), before + 20_000);
    assert_eq!(shop.letters_on_topic(), letters);
    shop.clear("KILLED");
}

#[test]
fn sigkills_among_changes_of_orders_and_customers_leave_no_order_with_an_old_customer() {
    let mut shop = Shop::closed();
    let mut alive = shop.start_another(&[]);
    shop.sql("insert into customers (id, name) select 'MOVING' || i, 'Name 0' from generate_series(1, 50) as i");
    for life in 1..=3 {
        shop.sql(&format!(
            "insert into orders (customer_id, product_id, quantity, price)
             select 'MOVING' || 1 + i % 50, 'MOVING', i % 100, 1.00 from generate_series(1, 1000) as i;
             update customers set name = 'Name {life}' where id like 'MOVING%';
             update orders set status = 'life {life}' where product_id = 'MOVING' and id % 3 = 0"
        ));
        shop.await_at_least(&format!("select count(*) from results where product_id = 'MOVING' and status = 'life {life}'"), 1);
        shop.kill(alive);
        alive = shop.launch_another(&[]);
    }
    shop.await_sql("select count(*) from results where customer_name = 'Name 3'", "3000");
    shop.await_everything_right();
    shop.clear("MOVING");
}

#[test]
fn another_group_goes_on_where_the_ledger_says() {
    let mut shop = Shop::open();
    shop.orders("LEDGER", 50);
    shop.await_everything_right();
    let ledger = "select topic, partition, next_offset, applied, stale, ignored, dead_lettered from consumer_offsets order by 1, 2";
    let before = shop.sql(ledger);
    shop.kill(0);
    // The new process has a group of which Kafka knows no progress.
    shop.start_another(&[]);
    shop.await_everything_right();
    assert_eq!(shop.sql(ledger), before);
    let id = shop.order("CUST001", 1, "1.00");
    shop.await_hash_field(id, "total", "1.00");
    shop.await_everything_right();
}

#[test]
fn lag_tools_see_what_the_ledger_says_all_the_time_and_after_the_end() {
    let mut shop = Shop::closed();
    let number = shop.start_another(&[]);
    let ledger = || {
        let offsets = shop.sql("select next_offset from consumer_offsets where topic = 'shop.public.orders' order by partition");
        offsets.lines().map(|offset| offset.parse().unwrap()).collect::<Vec<i64>>()
    };
    let seen = || shop.topics().committed(shop.group(), ORDERS);
    for _ in 0..2 {
        shop.orders("LAG", 200);
        shop.await_everything_right();
        shop.await_that("the group is where the ledger is", || seen() == ledger());
    }
    shop.orders("LAG", 200);
    shop.await_everything_right();
    let begin = Instant::now();
    shop.process(number).service().stop().unwrap();
    assert!(begin.elapsed() < Duration::from_millis(1_500), "{:?} to end with nothing to do", begin.elapsed());
    assert_eq!(seen(), ledger());
}

#[test]
fn a_topic_that_was_deleted_and_made_anew_with_more_records_than_were_read_stops_its_partition() {
    const TOPIC: &str = "anew.public.orders";
    let mut shop = Shop::closed();
    shop.stack().create_topic(TOPIC, 1, &[]).unwrap();
    shop.sql("drop database if exists anew with (force)");
    shop.sql("create database anew");
    let database = shop.stack().database_url().replace("/orders", "/anew");
    let redis = format!("{}/3", shop.stack().redis_url());
    let settings =
        [("DATABASE_URL", database.as_str()), ("REDIS_URL", &redis), ("KAFKA_ORDERS_TOPIC", TOPIC), ("KAFKA_CUSTOMERS_TOPIC", "")];
    let look = |query: &str| {
        let psql = std::process::Command::new("psql").args(["-XAtc", query, &database]).output().unwrap();
        String::from_utf8(psql.stdout).unwrap().trim().to_owned()
    };
    let await_ids = |expected: &str| {
        let ids = "select string_agg(order_id::text, ' ' order by order_id) from results";
        until("the rows are as expected", PATIENCE, || Attempt::when(look(ids) == expected)).unwrap();
    };
    let order = |id: i64| Sent::order(id, crate::shop::poison::event(id).to_string());
    shop.topics().send(TOPIC, &[order(1), order(2), order(3)]);
    let number = shop.start_another(&settings);
    await_ids("1 2 3");
    shop.process(number).service().stop().unwrap();
    // The process recognises the same topic again.
    shop.topics().send(TOPIC, &[order(4)]);
    let number = shop.start_another(&settings);
    await_ids("1 2 3 4");
    shop.process(number).service().stop().unwrap();

    shop.topics().delete(TOPIC);
    shop.stack().create_topic(TOPIC, 1, &[]).unwrap();
    let anew: Vec<Sent> = (11..=17).map(order).collect();
    shop.topics().send(TOPIC, &anew);
    let number = shop.launch_another(&settings);
    shop.process(number).await_readiness(503, "at offset 3 stands another record");
    shop.process(number).await_readiness(503, "the topic was deleted and created anew");
    assert_eq!(look("select count(*), (select next_offset from consumer_offsets) from results"), "4|4");
    let show = shop.orderstream(&["offsets", "show"], &settings);
    let shown = String::from_utf8(show.stdout).unwrap();
    assert!(!show.status.success() && shown.contains("STOPPED") && shown.contains("at offset 3 stands another record"), "{shown}");
    // The operator does what the message says. No record below the new offset is read.
    let reset = ["offsets", "reset", "--topic", TOPIC, "--partition", "0", "--to", "4", "--force", "--execute"];
    let reset = shop.orderstream(&reset, &settings);
    assert!(reset.status.success(), "{}", String::from_utf8_lossy(&reset.stderr));
    await_ids("1 2 3 4 15 16 17");
}
