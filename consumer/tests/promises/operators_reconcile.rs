//! `orderstream reconcile`: differences that no event will ever set right are found, and repaired through the real Debezium (P2, P5, P8).

use serde_json::Value;
use stack::wait::{Attempt, until};

use crate::shop::topic::ORDERS;
use crate::shop::{PATIENCE, Shop};

/// An id that no order of the shop will have.
const GHOST: i64 = 950_000_001;

fn ids(report: &Value, kind: &str) -> Vec<i64> {
    let first = report[kind]["first"].as_array().unwrap();
    first.iter().map(|example| example["order_id"].as_i64().unwrap()).collect()
}

/// Inserts orders of a product, waits until they are in results and in Redis, and returns their ids, ascending.
fn orders(shop: &Shop, product: &str, count: i32) -> Vec<i64> {
    shop.orders(product, count);
    shop.await_everything_right();
    let ids = shop.sql(&format!("select id from orders where product_id = '{product}' order by id"));
    ids.lines().map(|id| id.parse().unwrap()).collect()
}

fn redis(shop: &Shop, command: &str, arguments: &[&str]) {
    redis::cmd(command).arg(arguments).exec(&mut shop.redis().unwrap()).unwrap();
}

/// Makes a row of results, with its hash, whose order the source has lost without an event.
fn ghost(shop: &Shop, like: i64) {
    shop.sql(&format!(
        "create temp table ghost as select * from results where order_id = {like};
         update ghost set order_id = {GHOST}; insert into results select * from ghost"
    ));
    redis(shop, "COPY", &[&format!("order:{like}"), &format!("order:{GHOST}")]);
    redis(shop, "HSET", &[&format!("order:{GHOST}"), "order_id", &GHOST.to_string()]);
}

#[test]
fn equal_sides_are_called_equal() {
    let shop = Shop::open();
    orders(&shop, "RECONCILED", 50);
    let text = shop.says(true, &["reconcile", "--source", &shop.stack().orderstream_database_url()]);
    assert!(text.ends_with("equal\n"), "{text}");
    let rows = shop.number("select count(*) from results");
    assert!(text.contains(&format!("compared    {rows} orders, {rows} rows of results, {rows} hashes")), "{text}");
    assert!(shop.reconcile(true, &["--no-redis"]).contains("without Redis"));
    assert!(shop.says(false, &["reconcile", "--source", "nonsense:secret"]).contains("not a Postgres URL"));
}

#[test]
fn what_was_changed_lost_or_left_over_is_found_and_a_repair_sets_it_right() {
    let shop = Shop::open();
    let order = orders(&shop, "TAMPERED", 10);
    let (changed, lost, hash_changed, hash_lost, hash_ahead) = (order[0], order[1], order[2], order[3], order[4]);
    shop.sql(&format!("update results set quantity = quantity + 1, customer_name = 'Mallory' where order_id = {changed}"));
    shop.sql(&format!("delete from results where order_id = {lost}"));
    ghost(&shop, order[5]);
    redis(&shop, "HSET", &[&format!("order:{hash_changed}"), "status", "tampered"]);
    redis(&shop, "DEL", &[&format!("order:{hash_lost}")]);
    redis(&shop, "HSET", &[&format!("order:{hash_ahead}"), "version", "9999999999-00000000000000000001"]);

    let report = shop.reconcile_report();
    assert_eq!(ids(&report, "missing"), [lost], "{report}");
    assert_eq!(ids(&report, "extra"), [GHOST], "{report}");
    assert_eq!(ids(&report, "different"), [changed], "{report}");
    assert_eq!(report["different"]["first"][0]["columns"], serde_json::json!(["quantity", "customer_name"]));
    assert_eq!(ids(&report, "hashes_absent"), [hash_lost], "{report}");
    assert_eq!(ids(&report, "hashes_different"), [changed, hash_changed, hash_ahead], "{report}");
    assert_eq!(report["equal"], false);
    let text = shop.reconcile(false, &[]);
    assert!(text.contains("extra       1 orders") && !text.contains("Mallory"), "{text}");

    let role = shop.stack().orderstream_database_url();
    assert!(shop.says(false, &["reconcile", "--source", &role, "--repair"]).contains("may not ask Debezium"));
    assert!(shop.reconcile(false, &["--repair", "--max-removed", "0"]).contains("Nothing was changed"));
    let text = shop.reconcile(true, &["--repair"]);
    assert!(text.contains("2 orders asked for in 1 signals, 1 ghosts removed, 4 hashes written again"), "{text}");
    assert!(text.ends_with("repaired: all agree\n"), "{text}");
    shop.await_everything_right();
    shop.await_tombstone(GHOST);
}

#[test]
fn an_order_that_comes_back_after_its_ghost_was_removed_wins() {
    let shop = Shop::open();
    let order = orders(&shop, "BACK", 1);
    ghost(&shop, order[0]);
    let position =
        |lsn, table| format!("select epoch, partition, \"offset\", kind, commit_lsn, {lsn} from {table} where order_id = {GHOST}");
    let stood = shop.sql(&position("lsn + 1", "results"));
    assert!(shop.reconcile(true, &["--repair"]).contains("1 ghosts removed"));
    let why = "the tombstone stands just above where the row stood: at the very place the row's own event would win the tie";
    assert_eq!(shop.sql(&position("lsn", "deleted_orders")), stood, "{why}");
    shop.sql(&format!("insert into orders (id, customer_id, product_id, quantity, price) values ({GHOST}, 'CUST002', 'BACK', 3, 2.50)"));
    shop.await_hash_field(GHOST, "total", "7.50");
    shop.await_everything_right();
    assert!(shop.reconcile(true, &[]).ends_with("equal\n"));
    shop.clear("BACK");
}

#[test]
fn many_lost_orders_far_from_each_other_are_asked_for_in_several_signals() {
    let shop = Shop::open();
    orders(&shop, "SCATTERED", 6_000);
    shop.sql("delete from results where product_id = 'SCATTERED' and order_id % 20 = 0");
    let text = shop.reconcile(true, &["--repair"]);
    assert!(text.contains("300 orders asked for in ") && !text.contains(" in 1 signals"), "{text}");
    assert!(text.ends_with("repaired: all agree\n"), "{text}");
    shop.await_everything_right();
    shop.clear("SCATTERED");
}

#[test]
fn what_is_on_its_way_or_on_the_list_of_the_sweep_is_no_finding() {
    let mut shop = Shop::closed();
    let number = shop.start_another(&[]);
    let order = orders(&shop, "UNDERWAY", 5);
    // The row is as it is while the sweep has not come to it yet.
    shop.sql(&format!("update results set customer_name = 'Before' where order_id = {}", order[0]));
    shop.sql(&format!(
        "insert into due_orders select order_id, partition, now() + interval '1 hour', 0, 0 from results where order_id = {}",
        order[0]
    ));
    let text = shop.reconcile(false, &["--no-redis"]);
    assert!(
        text.contains(&format!("not judged  1 orders being repaired already; `orderstream status` shows how many wait: {}", order[0])),
        "{text}"
    );
    shop.sql("update due_orders set due_at = now()");
    shop.sql(&format!("update results set customer_version = null, enrichment = 'pending' where order_id = {}", order[0]));
    shop.await_everything_right();

    shop.process(number).service().stop().unwrap();
    let before: i64 = shop.topics().ends(ORDERS).iter().sum();
    shop.orders("UNDERWAY", 5);
    let arrived = || match shop.topics().ends(ORDERS).iter().sum::<i64>() - before {
        5 => Attempt::Ready(()),
        other => Attempt::NotYet(format!("{other} have")),
    };
    until("the changes have arrived in Kafka", PATIENCE, arrived).unwrap();
    let text = shop.reconcile(false, &[]);
    assert!(text.contains("not judged  5 orders still on their way") && text.contains("run it again"), "{text}");
    shop.start_another(&[]);
    assert!(shop.says(true, &["reconcile", "--source", &shop.stack().database_url(), "--settle", "60"]).ends_with("equal\n"));
    shop.await_everything_right();
}
