//! A dead letter that a newer change of its order or customer has overtaken is closed, and excuses no difference any more (P1, P2).

use crate::restored::Forbidden;
use crate::shop::Shop;
use crate::shop::apart::Apart;
use crate::shop::poison::{MAX_RECORD_BYTES, event};
use crate::shop::topic::{ORDERS, Sent};

fn letters_of(shop: &Shop, order: i64) -> String {
    shop.sql(&format!("select coalesce(resolution, 'open') from dead_letters where order_id = {order} order by \"offset\""))
}

#[test]
fn the_letter_of_an_order_that_was_corrected_is_closed_and_the_order_is_judged_like_any_other() {
    let shop = Shop::open();
    let forbidden = Forbidden::pieces(&shop, 667);
    let (corrected, deleted) = (shop.order("CUST001", 667, "1.00"), shop.order("CUST001", 667, "1.00"));
    shop.await_sql(&format!("select count(*) from dead_letters where order_id in ({corrected}, {deleted}) and resolved_at is null"), "2");
    shop.sql(&format!("update orders set quantity = 3 where id = {corrected}; delete from orders where id = {deleted}"));
    shop.await_everything_right_with_letters(2);
    assert_eq!([corrected, deleted].map(|order| letters_of(&shop, order)), ["overtaken", "overtaken"]);
    // Later the row is changed by hand, so that neither row nor hash is what the shop has.
    shop.sql(&format!("update results set quantity = 4 where order_id = {corrected}"));
    let text = shop.reconcile(false, &[]);
    assert!(text.contains(&format!("different   1 orders not the same in results: {corrected} (quantity)")), "{text}");
    let text = shop.reconcile(true, &["--repair"]);
    assert!(text.contains("1 orders asked for in 1 signals") && text.ends_with("repaired: all agree\n"), "{text}");
    shop.await_everything_right_with_letters(2);
    drop(forbidden);
}

#[test]
fn a_letter_stays_open_behind_older_changes_and_is_closed_in_the_batch_of_a_newer_one() {
    let shop = Shop::open();
    let forbidden = Forbidden::pieces(&shop, 667);
    let order = shop.order("CUST001", 1, "1.00");
    shop.await_everything_right();
    let first = shop.topics().read_all(ORDERS).into_iter().find(|found| found.is_of_order(order)).unwrap();
    // The changes are good, refused, good, refused, and come in one batch or in many.
    for quantity in [2, 667, 3, 667] {
        shop.sql(&format!("update orders set quantity = {quantity} where id = {order}"));
    }
    shop.await_sql(&format!("select count(*) from dead_letters where order_id = {order}"), "2");
    // A record that is sent again comes later and is older than the row.
    let broken = Sent { partition: Some(first.partition), ..Sent::order(order, "{") };
    shop.topics().send(ORDERS, &[first.again(), broken]);
    shop.await_the_end_of_the_topics();
    shop.await_sql(&format!("select count(*) from dead_letters where order_id = {order}"), "3");
    assert_eq!(letters_of(&shop, order).lines().collect::<Vec<_>>(), ["overtaken", "open", "open"]);
    drop(forbidden);
    // The newest letter but one is applied. The letters before it are closed, and the letter after it stays open.
    let id = shop
        .sql(&format!("select id from dead_letters where order_id = {order} and reason = 'rejected_by_database' and resolved_at is null"));
    shop.sql(&format!("update dead_letters set resolved_at = null, resolution = null where order_id = {order} and id <> '{id}'"));
    let key = order.to_string();
    assert!(
        shop.says(true, &["dlq", "replay", "--execute", "--key", &key, "--reason", "rejected_by_database"]).contains("1 applied, 1 stale")
    );
    assert_eq!(letters_of(&shop, order).lines().collect::<Vec<_>>(), ["stale", "applied", "open"]);
    shop.sql(&format!("update orders set quantity = 5 where id = {order}"));
    shop.await_everything_right_with_letters(3);
    assert_eq!(letters_of(&shop, order).lines().last(), Some("overtaken"));
}

#[test]
fn the_letter_of_a_customer_who_was_corrected_or_deleted_is_closed() {
    let mut shop = Shop::with(&[("SOURCE_MAX_RECORD_BYTES", MAX_RECORD_BYTES)]);
    for customer in ["OVERTAKEN-CHANGED", "OVERTAKEN-DELETED", "OVERTAKEN-NOT"] {
        // The customer is too large from its first event on, so there is no earlier change of this customer.
        shop.sql(&format!("insert into customers (id, name) values ('{customer}', repeat('n', 5000))"));
    }
    let open = "select customer_id from dead_letters where customer_id like 'OVERTAKEN-%' and resolved_at is null order by 1";
    shop.await_sql(open, "OVERTAKEN-CHANGED\nOVERTAKEN-DELETED\nOVERTAKEN-NOT");
    let letters = shop.new_letters();
    shop.process(0).service().stop().unwrap();
    // The events of these changes have the long name too, in the row before the change, and the new process takes larger records.
    shop.start_another(&[]);
    shop.customer("OVERTAKEN-CHANGED", "Short");
    shop.sql("delete from customers where id = 'OVERTAKEN-DELETED'");
    shop.await_sql(open, "OVERTAKEN-NOT");
    let how = "select distinct resolution from dead_letters where customer_id like 'OVERTAKEN-%' and resolved_at is not null";
    assert_eq!(shop.sql(how), "overtaken");
    shop.sql("delete from customers where id like 'OVERTAKEN-%'");
    shop.await_sql(open, "");
    shop.await_everything_right_with_letters(letters);
}

/// A change of the order at this position of the shop's log, in this partition; with a quantity below zero it becomes a letter.
fn at(lsn: i64, partition: i32, quantity: i64) -> Sent {
    let mut event = event(1);
    event["op"] = "u".into();
    event["after"]["quantity"] = quantity.into();
    (event["source"]["sequence"], event["source"]["lsn"]) = (format!(r#"["{lsn}","{lsn}"]"#).into(), lsn.into());
    Sent { partition: Some(partition), ..Sent::order(1, event.to_string()) }
}

/// The letter and the newer change may lie in different partitions if the message key has one more column, and that column changes.
#[test]
fn a_letter_is_closed_by_a_newer_change_in_any_partition_and_by_no_older_one() {
    let mut shop = Shop::closed();
    let apart = Apart::with_partitions(&shop, "overtaken_elsewhere", 2, &[("retention.ms", "-1")]);
    let letters = "select coalesce(resolution, 'open') from dead_letters";
    let number = shop.start_another(&apart.settings());
    shop.topics().send(&apart.orders, &[at(50, 0, -1)]);
    apart.await_sql(letters, "open");
    shop.topics().send(&apart.orders, &[at(40, 1, 40)]);
    apart.await_sql("select quantity from results", "40");
    assert_eq!(apart.sql(letters), "open");
    shop.topics().send(&apart.orders, &[at(60, 1, 60)]);
    apart.await_sql("select quantity from results", "60");
    apart.await_sql(letters, "overtaken");
    // Connect sends the record again. The record is refused again, and is as old as before.
    shop.topics().send(&apart.orders, &[at(55, 1, -1)]);
    apart.await_sql("select count(*) from dead_letters where resolution = 'overtaken'", "2");
    shop.process(number).service().stop().unwrap();
}
