//! `orderstream reconcile` while letters are open, and if the orders that differ lie far apart (P2, P12).

use crate::restored::Forbidden;
use crate::shop::Shop;
use crate::shop::topic::ORDERS;

fn ids(shop: &Shop, product: &str) -> Vec<i64> {
    let ids = shop.sql(&format!("select id from orders where product_id = '{product}' order by id"));
    ids.lines().map(|id| id.parse().unwrap()).collect()
}

#[test]
fn orders_behind_an_open_letter_are_never_called_equal_and_a_repair_asks_for_them() {
    let shop = Shop::open();
    shop.orders("BEHIND", 5);
    shop.await_everything_right();
    let order = ids(&shop, "BEHIND");
    let forbidden = Forbidden::pieces(&shop, 668);
    let missing = shop.order("CUST001", 668, "1.00");
    shop.sql(&format!("update orders set quantity = 668 where id = {}", order[0]));
    shop.await_sql("select count(*) from dead_letters where resolved_at is null and message like '%no_668%'", "2");
    drop(forbidden);
    let text = shop.reconcile(false, &[]);
    assert!(text.contains("letters     2 orders not the same, with an open dead letter"), "{text}");
    assert!(text.ends_with("2 differences; `--repair` sets them right\n"), "{text}");
    let text = shop.reconcile(true, &["--repair"]);
    assert!(text.contains("2 orders asked for") && text.ends_with("repaired: all agree\n"), "{text}");
    shop.await_everything_right_with_letters(2);
    assert_eq!(shop.number(&format!("select quantity from results where order_id = {missing}")), 668);
    shop.await_sql("select distinct resolution from dead_letters where message like '%no_668%'", "overtaken");
    assert!(shop.reconcile(true, &[]).ends_with("equal\n"));
    shop.sql(&format!("delete from orders where id = {missing}"));
    shop.clear("BEHIND");
}

#[test]
fn a_repair_that_is_refused_again_is_not_called_one() {
    let shop = Shop::open();
    let forbidden = Forbidden::pieces(&shop, 668);
    let missing = shop.order("CUST001", 668, "1.00");
    shop.await_sql(&format!("select count(*) from dead_letters where order_id = {missing} and resolved_at is null"), "1");
    let text = shop.reconcile(false, &["--repair", "--wait", "5"]);
    assert!(text.contains(&format!("not yet     1 do not agree: {missing}")), "{text}");
    drop(forbidden);
    assert!(shop.reconcile(true, &["--repair"]).ends_with("repaired: all agree\n"));
    shop.sql(&format!("delete from orders where id = {missing}"));
    shop.await_everything_right_with_letters(shop.new_letters());
}

#[test]
fn a_customer_behind_an_open_letter_is_not_called_equal_and_a_repair_asks_for_him() {
    let mut shop = Shop::with(&[("SOURCE_MAX_RECORD_BYTES", crate::shop::poison::MAX_RECORD_BYTES)]);
    shop.sql("insert into customers (id, name) values ('BEHIND-LETTER', repeat('n', 5000))");
    shop.await_sql("select count(*) from dead_letters where customer_id = 'BEHIND-LETTER' and resolved_at is null", "1");
    let text = shop.reconcile(false, &[]);
    assert!(text.contains("letters     1 customers not the same, with an open dead letter"), "{text}");
    shop.process(0).service().stop().unwrap();
    shop.start_another(&[]);
    let text = shop.reconcile(true, &["--repair"]);
    assert!(text.contains("1 customers asked for") && text.ends_with("repaired: all agree\n"), "{text}");
    shop.await_sql("select resolution from dead_letters where customer_id = 'BEHIND-LETTER'", "overtaken");
    shop.sql("delete from customers where id = 'BEHIND-LETTER'");
    shop.await_everything_right_with_letters(1);
}

#[test]
fn a_repair_of_two_orders_snapshots_nothing_but_the_two() {
    let shop = Shop::open();
    shop.orders("APART", 400);
    shop.await_everything_right();
    let order = ids(&shop, "APART");
    let records = || shop.topics().ends(ORDERS).iter().sum::<i64>();
    for (one, other) in [(order[0], order[9]), (order[20], order[399])] {
        shop.sql(&format!("update results set quantity = quantity + 1 where order_id in ({one}, {other})"));
        let before = records();
        let text = shop.reconcile(true, &["--repair"]);
        assert!(text.contains("2 orders asked for in 1 signals"), "{text}");
        assert_eq!(records() - before, 2, "records for the orders {one} and {other}");
    }
    shop.clear("APART");
}
