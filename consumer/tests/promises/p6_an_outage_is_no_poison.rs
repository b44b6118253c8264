//! P6: while a server is away nothing goes to the dead letters and nothing is skipped; when the server is back the work goes on by itself.

use stack::wait::{Attempt, until};

use crate::shop::topic::ORDERS;
use crate::shop::{PATIENCE, Shop};

fn count(product: &str, enrichment: &str) -> String {
    format!("select count(*) from results where product_id = '{product}' and enrichment = '{enrichment}'")
}

fn await_events(shop: &Shop, from: i64, more: i64) {
    let arrived = || Attempt::when(shop.topics().ends(ORDERS).iter().sum::<i64>() >= from + more);
    until(&format!("{more} events are in Kafka"), PATIENCE, arrived).unwrap();
}

fn events(shop: &Shop) -> i64 {
    shop.topics().ends(ORDERS).iter().sum()
}

#[test]
fn without_redis_orders_are_pending_and_complete_when_it_is_back() {
    let shop = Shop::open();
    let (letters, known) = (shop.letters_on_topic(), shop.order("CUST001", 1, "1.00"));
    shop.await_hash_field(known, "customer_name", "Alice Johnson");
    shop.stack().redis().stop().unwrap();
    shop.orders("PENDING", 300);
    shop.await_sql(&count("PENDING", "pending"), "300");
    // The customer's data that was known before stays in the row.
    shop.sql(&format!("update orders set quantity = 2 where id = {known}"));
    let row = format!("select quantity, enrichment, customer_name from results where order_id = {known}");
    shop.await_sql(&row, "2|pending|Alice Johnson");
    // While Redis is away, a new customer comes, and an order of this customer.
    shop.customer("AWAY1", "Ada Away");
    let new = shop.order("AWAY1", 1, "1.00");
    shop.await_sql(&format!("select enrichment from results where order_id = {new}"), "pending");
    shop.process(0).await_readiness(200, "redis: down");
    assert_eq!((shop.new_letters(), shop.letters_on_topic()), (0, letters));
    shop.stack().redis().start().unwrap();
    shop.await_sql(&count("PENDING", "complete"), "300");
    shop.await_hash_field(new, "customer_name", "Ada Away");
    shop.await_everything_right();
    shop.process(0).await_readiness(200, "ok");
    assert_eq!(shop.letters_on_topic(), letters);
}

#[test]
fn a_redis_that_does_not_answer_is_as_good_as_none() {
    let shop = Shop::open();
    shop.await_everything_right();
    shop.stack().redis().pause().unwrap();
    shop.orders("PAUSED", 300);
    shop.await_sql(&count("PAUSED", "pending"), "300");
    assert_eq!(shop.new_letters(), 0);
    shop.stack().redis().resume();
    shop.await_sql(&count("PAUSED", "complete"), "300");
    shop.await_everything_right();
}

#[test]
fn a_restart_of_postgres_in_a_burst_loses_nothing() {
    let shop = Shop::open();
    shop.orders("RESTART", 3_000);
    shop.await_at_least("select count(*) from results where product_id = 'RESTART'", 200);
    shop.stack().postgres().restart().unwrap();
    shop.stack().heal().unwrap();
    shop.await_sql("select count(*) from results where product_id = 'RESTART'", "3000");
    shop.await_everything_right();
    shop.clear("RESTART");
}

#[test]
fn a_crash_of_postgres_in_a_burst_loses_nothing() {
    let shop = Shop::open();
    shop.orders("CRASH", 3_000);
    shop.await_at_least("select count(*) from results where product_id = 'CRASH'", 200);
    shop.stack().postgres().kill();
    shop.process(0).await_readiness(503, "postgres: down");
    shop.stack().heal().unwrap();
    shop.await_sql("select count(*) from results where product_id = 'CRASH'", "3000");
    shop.await_everything_right();
    shop.process(0).await_readiness(200, "ok");
    shop.clear("CRASH");
}

#[test]
fn a_postgres_that_stands_still_delays_and_loses_nothing() {
    let shop = Shop::open();
    let before = events(&shop);
    shop.orders("STILL", 2_000);
    await_events(&shop, before, 500);
    shop.stack().postgres().pause().unwrap();
    shop.process(0).await_readiness(503, "postgres: down");
    shop.stack().postgres().resume();
    shop.await_sql("select count(*) from results where product_id = 'STILL'", "2000");
    shop.await_everything_right();
    shop.clear("STILL");
}

#[test]
fn a_restart_of_kafka_in_a_burst_loses_nothing() {
    let shop = Shop::open();
    shop.orders("BROKER", 3_000);
    shop.await_at_least("select count(*) from results where product_id = 'BROKER'", 200);
    shop.stack().kafka().restart().unwrap();
    shop.stack().heal().unwrap();
    shop.await_sql("select count(*) from results where product_id = 'BROKER'", "3000");
    shop.await_everything_right();
    shop.clear("BROKER");
}

#[test]
fn all_servers_away_at_once_delay_and_lose_nothing() {
    let shop = Shop::open();
    shop.orders("ALL", 2_000);
    shop.sql("update customers set tier = 'silver' where id = 'CUST004'");
    for service in shop.stack().services() {
        service.kill();
    }
    shop.process(0).await_readiness(503, "postgres: down");
    shop.stack().heal().unwrap();
    shop.await_sql("select count(*) from results where product_id = 'ALL'", "2000");
    shop.sql("update customers set tier = 'gold' where id = 'CUST004'");
    shop.await_everything_right();
    assert!(shop.process(0).service().is_running());
    shop.clear("ALL");
}

#[test]
fn a_process_that_starts_before_its_servers_waits_for_them() {
    let mut shop = Shop::closed();
    shop.stack().redis().stop().unwrap();
    shop.stack().postgres().stop().unwrap();
    let number = shop.launch_another(&[]);
    shop.process(number).await_readiness(503, "postgres: down");
    shop.stack().heal().unwrap();
    shop.process(number).await_readiness(200, "ok");
    let id = shop.order("CUST001", 3, "3.00");
    shop.await_hash_field(id, "total", "9.00");
    shop.await_everything_right();
}
