//! The comparison that a process makes by itself: a difference is found and told without anybody asking, and mended where that is wanted.

use serde_json::Value;

use crate::shop::{Process, Shop};

/// The last comparison, as a process tells of it.
fn comparison(of: &Process) -> Value {
    let status: Value = serde_json::from_str(&of.get("/status").unwrap().1).unwrap();
    status["group"]["comparison"].clone()
}

fn missing(of: &Process) -> u64 {
    of.metric(r#"orderstream_differences{kind="missing"}"#)
}

#[test]
fn a_difference_is_found_by_itself_told_by_every_process_and_mended_where_that_is_wanted() {
    let mut shop = Shop::closed();
    let source = shop.stack().database_url();
    let compares = [("SOURCE_URL", source.as_str()), ("RECONCILE_EVERY", "1")];
    let one = shop.start_another(&compares);
    let other = shop.start_another(&[]);
    let id = shop.order("CUST001", 3, "2.00");
    shop.await_everything_right();
    let orders = shop.number("select count(*) from orders");
    shop.await_that("a comparison finds all orders, and nothing wrong with them", || {
        let last = comparison(shop.process(one));
        last["orders"] == orders && last["found"] == 0
    });
    assert_eq!(missing(shop.process(one)), 0);

    shop.sql(&format!("delete from results where order_id = {id}"));
    for number in [one, other] {
        shop.process(number).await_readiness(200, "1 difference (1 missing): `orderstream reconcile` shows them");
        assert_eq!(missing(shop.process(number)), 1);
    }
    let told = shop.says(true, &["status"]);
    assert!(told.contains(" orders compared ") && told.contains(" s ago, 1 difference (by "), "{told}");

    // Whoever compares next mends. What it is told then is that nothing is left.
    shop.process(one).service().stop().unwrap();
    let mends = shop.start_another(&[compares.as_slice(), &[("RECONCILE_REPAIR", "true")]].concat());
    shop.await_sql(&format!("select quantity from results where order_id = {id}"), "3");
    for number in [mends, other] {
        shop.await_that("nothing is degraded any more", || shop.process(number).get("/readyz") == Some((200, "ok\n".to_owned())));
        assert_eq!(missing(shop.process(number)), 0);
    }

    shop.order("CUST002", 1, "2.00");
    let orders = u64::try_from(shop.number("select count(*) from orders")).unwrap();
    shop.await_that("the next comparison counts one order more", || shop.process(mends).metric("orderstream_compared_rows") == orders);
    shop.await_everything_right();
}

#[test]
fn of_two_processes_that_may_compare_one_does_and_when_it_is_killed_the_other_goes_on() {
    let mut shop = Shop::closed();
    let source = shop.stack().orderstream_database_url();
    let compares = [("SOURCE_URL", source.as_str()), ("RECONCILE_EVERY", "1")];
    let one = shop.start_another(&compares);
    shop.await_that("the first one has compared", || !comparison(shop.process(one)).is_null());
    let other = shop.start_another(&compares);
    let first = comparison(shop.process(one))["by"].clone();
    shop.kill(one);
    shop.await_that("the other one compares", || {
        let by = &comparison(shop.process(other))["by"];
        by.is_string() && *by != first
    });
    assert!(shop.process(other).metric("orderstream_compared_rows") > 0);
    shop.await_everything_right();
}

#[test]
fn what_an_operator_sets_right_by_hand_is_told_by_no_process_any_more() {
    let mut shop = Shop::closed();
    let source = shop.stack().database_url();
    let from_shop = [("SOURCE_URL", source.as_str()), ("HTTP_LISTEN", "127.0.0.1:1")];
    let process = shop.start_another(&[]);
    let id = shop.order("CUST001", 3, "2.00");
    shop.await_everything_right();
    shop.sql(&format!("delete from results where order_id = {id}"));
    let found = shop.orderstream(&["reconcile", "--settle", "1"], &from_shop);
    assert!(!found.status.success());
    shop.process(process).await_readiness(200, "1 difference (1 missing): `orderstream reconcile` shows them");
    let mended = shop.orderstream(&["reconcile", "--settle", "1", "--repair"], &from_shop);
    assert!(mended.status.success(), "{}", String::from_utf8_lossy(&mended.stderr));
    shop.await_that("nothing is degraded any more", || shop.process(process).get("/readyz") == Some((200, "ok\n".to_owned())));
    shop.await_everything_right();
}
