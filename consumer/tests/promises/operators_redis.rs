//! `orderstream status`, and `orderstream rebuild` run by hand (P8).

use sqlx::Connection;

use crate::shop::Shop;
use crate::shop::topic::{CUSTOMERS, ORDERS};

#[test]
fn status_shows_the_process_the_partitions_the_letters_and_redis() {
    let shop = Shop::open();
    shop.orders("STATUS", 30);
    shop.await_everything_right();
    let address = shop.process(0).address();
    let output = shop.orderstream(&["status"], &[("HTTP_LISTEN", &address)]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{text}");
    assert!(text.contains(&format!("at {address}, up")) && text.contains("ready"), "{text}");
    let partitions: Vec<&str> = text.lines().filter(|line| line.starts_with(ORDERS) || line.starts_with(CUSTOMERS)).collect();
    assert_eq!(partitions.len(), 8, "{text}");
    assert!(partitions.iter().all(|line| line.contains("follows") && line.ends_with("running")), "{text}");
    assert!(text.contains("\nlag 0\n") && text.contains("repair     ") && text.contains("letters    "), "{text}");
    assert!(!text.contains("Alice"), "{text}");
}

#[test]
fn status_without_redis_and_without_a_process_shows_the_rest() {
    let shop = Shop::closed();
    shop.stack().redis().stop().unwrap();
    let text = shop.says(false, &["status"]);
    shop.stack().redis().start().unwrap();
    assert!(text.contains("none answers at 127.0.0.1:1") && text.contains("AWAY       redis"), "{text}");
    assert!(text.contains("not this process") && text.contains("letters    "), "{text}");
}

#[test]
fn an_emptied_redis_is_rebuilt_by_hand_without_any_process() {
    let mut shop = Shop::open();
    shop.orders("BYHAND", 1_500);
    let deleted = shop.order("CUST001", 1, "1.00");
    shop.sql(&format!("delete from orders where id = {deleted}"));
    shop.await_everything_right();
    shop.process(0).service().stop().unwrap();
    shop.redis_command("FLUSHALL");
    let customers = shop.says(true, &["rebuild", "customers"]);
    assert!(customers.contains("done: "), "{customers}");
    let name: String = redis::cmd("HGET").arg("customer:CUST001").arg("name").query(&mut shop.redis().unwrap()).unwrap();
    assert_eq!(name, "Alice Johnson");
    let cache = shop.says(true, &["rebuild", "cache"]);
    let rows = shop.number("select count(*) from results");
    assert!(cache.contains(&format!("done: {rows} orders in ")), "{cache}");
    shop.await_redis_equality();
    shop.await_tombstone(deleted);
    assert_eq!(shop.says(true, &["status"]).matches("  follows  ").count(), 8);
    shop.start_another(&[]);
    shop.await_everything_right();
}

#[test]
fn a_rebuild_beside_a_running_process_changes_nothing_and_two_do_not_run_at_once() {
    let shop = Shop::open();
    shop.orders("BESIDE", 500);
    shop.says(true, &["rebuild", "cache"]);
    shop.says(true, &["rebuild", "customers"]);
    shop.sql("update orders set status = 'paid' where product_id = 'BESIDE'");
    shop.await_everything_right();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let _held = runtime.block_on(async {
        let mut connection = sqlx::PgConnection::connect(&shop.stack().orderstream_database_url()).await.unwrap();
        sqlx::query("select pg_advisory_lock(7365002)").execute(&mut connection).await.unwrap();
        connection
    });
    assert!(shop.says(false, &["rebuild", "cache"]).contains("another `orderstream rebuild` is running"));
}
