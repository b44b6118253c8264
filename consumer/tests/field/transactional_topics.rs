//! Topics that are written in transactions, as Kafka Connect's exactly-once source does: the last offsets of such logs hold no record.

use stack::wait::{Attempt, until};

use crate::shop::apart::{Apart, order};
use crate::shop::topic::Sent;
use crate::shop::{PATIENCE, Shop};

const POSITIONS: &str = "select topic, next_offset, applied + stale + ignored + dead_lettered from consumer_offsets order by topic desc";

/// Waits until `/status` and the series of each partition say that there is no lag.
fn await_no_lag(shop: &Shop, number: usize, topics: &[&str]) {
    let look = || {
        let Some((_, status)) = shop.process(number).get("/status") else { return Attempt::NotYet("no answer".into()) };
        let Some((_, metrics)) = shop.process(number).get("/metrics") else { return Attempt::NotYet("no answer".into()) };
        let is_zero =
            |topic: &&str| metrics.contains(&format!("orderstream_partition_lag_records{{topic=\"{topic}\",partition=\"0\"}} 0\n"));
        if topics.iter().all(is_zero) && status.contains("\"lag\":0,") { Attempt::Ready(()) } else { Attempt::NotYet(status) }
    };
    until("there is no lag", PATIENCE, look).unwrap();
}

#[test]
fn the_position_goes_to_the_end_of_what_was_read_where_the_last_offsets_hold_no_record() {
    let mut shop = Shop::closed();
    let apart = Apart::new(&shop, "transactions", &[]).and_customers(&shop, &[("cleanup.policy", "compact")]);
    let (orders, customers) = (apart.orders.as_str(), apart.customers.as_deref().unwrap());
    let ann = Sent {
        key: Some(br#"{"id":"CUST001"}"#.to_vec()),
        value: Some(br#"{"before":null,"after":{"id":"CUST001","name":"Ann"},"source":{},"op":"c"}"#.to_vec()),
        ..Sent::default()
    };
    // The topic has one record and its transaction's marker.
    shop.topics().send_in_transaction(customers, &[ann], true);
    // The topic has two records, a marker, two records of an aborted transaction, and that transaction's marker.
    shop.topics().send_in_transaction(orders, &[order(1), order(2)], true);
    shop.topics().send_in_transaction(orders, &[order(3), order(4)], false);
    let number = shop.start_another(&apart.settings());
    apart.await_sql(POSITIONS, &format!("{orders}|6|2\n{customers}|2|1"));
    apart.await_sql("select string_agg(order_id || customer_name, ' ' order by order_id) from results", "1Ann 2Ann");
    await_no_lag(&shop, number, &[orders, customers]);
    shop.await_that("lag tools see none", || shop.topics().committed(shop.group(), orders) == [6]);
    let shown = String::from_utf8(shop.orderstream(&["offsets", "show"], &apart.settings()).stdout).unwrap();
    for (topic, end) in [(orders, "6"), (customers, "2")] {
        let row: Vec<&str> = shown.lines().find(|line| line.starts_with(topic)).unwrap().split_whitespace().collect();
        assert_eq!(row[1..6], ["0", end, "0", end, "0"], "partition, next, low, high, lag: {shown}");
    }

    // While the process runs, a transaction is committed, and then one is aborted.
    shop.topics().send_in_transaction(orders, &[order(5)], true);
    apart.await_sql(POSITIONS, &format!("{orders}|8|3\n{customers}|2|1"));
    shop.topics().send_in_transaction(orders, &[order(6)], false);
    apart.await_sql(POSITIONS, &format!("{orders}|10|3\n{customers}|2|1"));
    shop.process(number).service().stop().unwrap();

    // Retention deletes all records, and none of them was unread.
    shop.topics().forget_below(orders, 0, 10);
    let number = shop.start_another(&apart.settings());
    shop.process(number).await_readiness(200, "ok");
    shop.topics().send_in_transaction(orders, &[order(7)], true);
    apart.await_sql("select string_agg(order_id::text, ' ' order by order_id) from results", "1 2 5 7");
    apart.await_sql(POSITIONS, &format!("{orders}|12|4\n{customers}|2|1"));
}

#[test]
fn an_open_transaction_holds_the_position_before_its_first_record_and_none_of_its_records_is_passed_over() {
    let mut shop = Shop::closed();
    let apart = Apart::new(&shop, "open_transaction", &[]);
    let orders = apart.orders.as_str();
    shop.topics().send_in_transaction(orders, &[order(1)], true);
    let number = shop.start_another(&apart.settings());
    apart.await_sql(POSITIONS, &format!("{orders}|2|1"));
    let open = shop.topics().begin_transaction(orders, &[order(2), order(3)]);
    // This record lies after the open transaction and is not part of it.
    shop.topics().send(orders, &[order(4)]);
    await_no_lag(&shop, number, &[orders]);
    assert_eq!(apart.sql(POSITIONS), format!("{orders}|2|1"));
    open.commit();
    apart.await_sql("select string_agg(order_id::text, ' ' order by order_id) from results", "1 2 3 4");
    apart.await_sql(POSITIONS, &format!("{orders}|6|4"));
}
