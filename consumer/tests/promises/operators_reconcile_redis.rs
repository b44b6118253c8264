//! `orderstream reconcile` for data that Redis alone has: customers, and hashes that nothing explains (P2, P5, P8).

use redis::ToRedisArgs;
use serde_json::Value;

use crate::shop::Shop;

/// An id that no order of the shop will have.
const LEFT_OVER: i64 = 950_000_003;

fn redis(shop: &Shop, command: &str, arguments: impl ToRedisArgs) {
    redis::cmd(command).arg(arguments).exec(&mut shop.redis().unwrap()).unwrap();
}

fn customers<'a>(report: &'a Value, kind: &str) -> Vec<&'a str> {
    let first = report["customer_hashes"][kind]["first"].as_array().unwrap();
    first.iter().map(|example| example["customer_id"].as_str().unwrap()).collect()
}

fn name_of(order: i64) -> String {
    format!("select customer_name from results where order_id = {order}")
}

#[test]
fn customers_changed_lost_or_left_over_in_redis_are_found_and_a_repair_sets_them_and_their_orders_right() {
    let shop = Shop::open();
    for customer in ["RC-CHANGED", "RC-LOST", "RC-AHEAD", "RC-O'Neil"] {
        shop.customer(&customer.replace('\'', "''"), "Right");
    }
    shop.order("RC-CHANGED", 1, "1.00");
    shop.await_everything_right();
    redis(&shop, "HSET", &["customer:RC-CHANGED", "name", "Mallory"]);
    redis(&shop, "DEL", &["customer:RC-LOST"]);
    redis(&shop, "DEL", &["customer:RC-O'Neil"]);
    let far_ahead = format!("{:010}{:010}{:020}w1{:020}1{:020}", 0, 0, i64::MAX, i64::MAX, i64::MAX);
    redis(&shop, "HSET", &["customer:RC-AHEAD", "position", &far_ahead]);
    redis(&shop, "COPY", &["customer:RC-CHANGED", "customer:RC-GHOST"]);
    // Once any customer has changed, the process looks up again every customer that it remembers, and so takes and remembers the edited
    // customers.
    shop.customer("RC-OTHER", "Right");
    shop.await_the_end_of_the_topics();
    let (of_changed, of_ghost) = (shop.order("RC-CHANGED", 2, "1.00"), shop.order("RC-GHOST", 1, "1.00"));
    shop.await_sql(&name_of(of_changed), "Mallory");
    shop.await_sql(&name_of(of_ghost), "Mallory");

    let report = shop.reconcile_report();
    assert_eq!(customers(&report, "missing"), ["RC-LOST", "RC-O'Neil"], "{report}");
    assert_eq!(customers(&report, "extra"), ["RC-GHOST"], "{report}");
    assert_eq!(customers(&report, "different"), ["RC-AHEAD", "RC-CHANGED"], "{report}");
    assert_eq!(report["customer_hashes"]["different"]["first"][0]["columns"], serde_json::json!(["version"]));
    assert_eq!(report["customer_hashes"]["compared"], shop.number("select count(*) from customers"));
    let text = shop.reconcile(false, &[]);
    assert!(text.contains("customers   2 customers not the same in Redis: RC-AHEAD (version), RC-CHANGED (name)\n"), "{text}");
    assert!(!text.contains("Mallory"), "{text}");
    assert!(shop.reconcile(false, &["--repair", "--max-removed", "0"]).contains("Nothing was changed"));

    let text = shop.reconcile(true, &["--repair"]);
    assert!(text.contains("4 customers asked for, 1 customers removed, 0 hashes removed"), "{text}");
    assert!(text.ends_with("repaired: all agree\n"), "{text}");
    // The repaired customers are used, for old orders and new ones.
    let after = shop.order("RC-CHANGED", 3, "1.00");
    shop.await_everything_right();
    assert_eq!([of_changed, of_ghost, after].map(|order| shop.sql(&name_of(order))), ["Right", "", "Right"]);
    // The customer whose position was ahead follows the source again, and a customer that was removed may come.
    shop.customer("RC-AHEAD", "After");
    shop.customer("RC-GHOST", "Alive");
    shop.await_sql(&name_of(of_ghost), "Alive");
    shop.await_everything_right();
    assert!(shop.reconcile(true, &[]).ends_with("equal\n"));
}

#[test]
fn a_hash_of_an_order_that_results_does_not_have_is_found_and_removed_and_a_trace_of_a_deleted_one_is_none() {
    let shop = Shop::open();
    let (kept, deleted, come_back) = (shop.order("CUST001", 1, "1.00"), shop.order("CUST001", 2, "1.00"), shop.order("CUST001", 3, "1.00"));
    shop.await_everything_right();
    let key = |order: i64| format!("order:{order}");
    redis(&shop, "COPY", &[key(come_back), "order:copy".into()]);
    shop.sql(&format!("delete from orders where id in ({deleted}, {come_back})"));
    shop.await_tombstone(deleted);
    shop.await_tombstone(come_back);
    assert!(shop.reconcile(true, &[]).ends_with("equal\n"));
    redis(&shop, "COPY", &[key(kept), key(LEFT_OVER)]);
    redis(&shop, "COPY", &["order:copy".into(), key(come_back), "REPLACE".into()]);
    redis(&shop, "SET", &[key(LEFT_OVER + 1), "no hash".into()]);
    let report = shop.reconcile_report();
    let extra: Vec<i64> = report["hashes_extra"]["first"].as_array().unwrap().iter().map(|id| id["order_id"].as_i64().unwrap()).collect();
    assert_eq!(extra, [come_back, LEFT_OVER, LEFT_OVER + 1], "{report}");
    let text = shop.reconcile(true, &["--repair"]);
    assert!(text.contains("3 hashes removed") && text.ends_with("repaired: all agree\n"), "{text}");
    assert!(shop.hash(LEFT_OVER).is_empty());
    shop.await_tombstone(come_back);
    redis(&shop, "DEL", &["order:copy"]);
    shop.await_everything_right();
}
