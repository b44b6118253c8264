//! The rebuild of Redis: customers come first, the steps are bounded, and the metrics tell of it rightly (P8, P9).

use crate::shop::Shop;
use crate::shop::apart::{Apart, order};
use crate::shop::topic::{CUSTOMERS, Sent};

#[test]
fn a_redis_that_was_emptied_again_and_again_leaves_no_gauge_behind() {
    let shop = Shop::open();
    shop.orders("GAUGE", 4_000);
    shop.await_everything_right();
    let rebuilds = r#"orderstream_rebuilds_total{of="customers"}"#;
    let before = shop.process(0).metric(rebuilds);
    for _ in 0..3 {
        shop.redis_command("FLUSHALL");
        // Customers are rebuilt before the orders, so the progress of customers is there while hashes of orders are still being written.
        let progress = || {
            let fields: Vec<String> = redis::cmd("HKEYS").arg("orderstream:progress").query(&mut shop.redis().unwrap()).unwrap();
            fields.iter().filter(|field| field.starts_with(CUSTOMERS)).count() == 4
        };
        shop.await_that("the customers' progress is there", progress);
    }
    shop.await_everything_right();
    let quiet = || ["customers", "orders"].iter().all(|of| shop.process(0).metric(&format!("orderstream_rebuilding{{of=\"{of}\"}}")) == 0);
    shop.await_that("nothing is being made whole", quiet);
    assert!(shop.process(0).metric(rebuilds) > before);
    shop.clear("GAUGE");
}

#[test]
fn customers_are_whole_before_orders_whatever_the_topics_are_called() {
    let mut shop = Shop::closed();
    let apart = Apart::new(&shop, "erp", &[]).and_customers_of("shop_of_erp", &shop, &[("cleanup.policy", "compact")]);
    let (orders, customers) = (apart.orders.as_str(), apart.customers.as_deref().unwrap());
    assert!(orders < customers);
    let ann = Sent {
        key: Some(br#"{"id":"CUST001"}"#.to_vec()),
        value: Some(br#"{"before":null,"after":{"id":"CUST001","name":"Ann"},"source":{},"op":"c"}"#.to_vec()),
        ..Sent::default()
    };
    shop.topics().send(customers, &[ann]);
    shop.topics().send(orders, &(1..=100).map(order).collect::<Vec<_>>());
    let number = shop.start_another(&apart.settings());
    apart.await_sql("select count(*) from results where enrichment = 'complete'", "100");
    let whole = |topic: &str| -> Vec<usize> {
        let log = shop.process(number).service().log_tail(10_000);
        let lines = log.lines().enumerate().filter(|(_, line)| line.contains("Redis is whole again") && line.contains(topic));
        lines.map(|(number, _)| number).collect()
    };
    let before = whole(orders).len() + whole(customers).len();
    apart.empty_redis();
    shop.await_that("both are whole", || whole(orders).len() + whole(customers).len() == before + 2);
    assert!(whole(customers).last() < whole(orders).last(), "{}", shop.process(number).service().log_tail(100));
}

#[test]
fn a_walk_through_the_rows_that_postgres_interrupts_goes_on_where_it_was() {
    let mut shop = Shop::closed();
    let apart = Apart::new(&shop, "interrupted", &[]);
    shop.topics().send(&apart.orders, &(1..=100).map(order).collect::<Vec<_>>());
    let number = shop.start_another(&apart.settings_and(&[("DATABASE_LOCK_TIMEOUT_MS", "200")]));
    apart.await_sql("select count(*) from results", "100");
    let begun = r#"orderstream_rebuilds_total{of="orders"}"#;
    let before = shop.process(number).metric(begun);
    let interrupted = || shop.process(number).service().log_tail(10_000).matches("Redis is not whole yet").count();
    let lock = apart.lock("results");
    apart.empty_redis();
    shop.await_that("the walk was interrupted", || interrupted() > 0);
    let timeouts = || shop.process(number).metric(r#"orderstream_postgres_errors_total{class="contention"}"#);
    let told = timeouts();
    shop.await_that("it was interrupted again and again", || timeouts() > told + 2);
    drop(lock);
    shop.await_that("all hashes are there", || apart.hashes() == 100);
    assert_eq!(shop.process(number).metric(begun), before + 1, "it began anew");
}
