//! Orders in `results` whose newer change was refused: readers see that the row is older than the shop's (P2, P9).

use crate::restored::Restored;
use crate::shop::Shop;
use crate::shop::topic::ORDERS;

/// Puts back the check of prices in the shop's table, which [`UNCHECKED`] drops so that the shop takes a price below zero.
const CHECKED: &str =
    "update orders set price = abs(price) where price < 0; alter table orders add constraint orders_price_check check (price >= 0)";
const UNCHECKED: &str = "alter table orders drop constraint orders_price_check";

fn state(id: i64) -> String {
    format!("select price, quantity, coalesce(refused, '-') from results where order_id = {id}")
}

#[test]
fn a_row_says_that_a_newer_change_was_refused_until_one_is_applied() {
    let shop = Shop::open();
    let id = shop.order("CUST001", 1, "10.00");
    shop.await_sql(&state(id), "10.00|1|-");
    let restored = Restored(&shop, CHECKED);
    shop.sql(UNCHECKED);
    shop.sql(&format!("update orders set price = -1, product_id = 'MARKED' where id = {id}"));
    shop.await_sql(&state(id), "10.00|1|invalid");
    shop.await_hash_field(id, "refused", "invalid");
    assert_eq!(shop.number("select count(*) from results where refused is not null"), 1);

    shop.sql(&format!("update orders set price = 12 where id = {id}"));
    shop.await_sql(&state(id), "12.00|1|-");
    shop.await_hash_field(id, "refused", "");
    shop.await_hash_field(id, "price", "12.00");

    // Debezium sends the refused change again, as after a crash. The row is newer than the change.
    let events = shop.topics().read_all(ORDERS);
    // The records of the order are: created, refused, corrected.
    let refused = events.iter().filter(|found| found.is_of_order(id)).nth(1).unwrap();
    shop.topics().send(ORDERS, &[refused.again()]);
    shop.await_sql(&format!("select count(*) from dead_letters where order_id = {id}"), "2");
    assert_eq!(shop.sql(&state(id)), "12.00|1|-");
    drop(restored);
    shop.clear("MARKED");
}

#[test]
fn a_replay_of_an_older_letter_leaves_the_mark_of_a_newer_one() {
    let shop = Shop::open();
    let id = shop.order("CUST001", 1, "10.00");
    shop.await_sql(&state(id), "10.00|1|-");
    let restored = Restored(&shop, CHECKED);
    let accepted = Restored(&shop, "alter table results drop constraint if exists no_unlucky_quantity");
    shop.sql(UNCHECKED);
    shop.sql("alter table results add constraint no_unlucky_quantity check (quantity <> 13) not valid");
    shop.sql(&format!("update orders set quantity = 13, product_id = 'MARKED' where id = {id}"));
    shop.await_sql(&state(id), "10.00|1|rejected_by_database");
    shop.sql(&format!("update orders set price = -1 where id = {id}"));
    shop.await_sql(&state(id), "10.00|1|invalid");
    drop(accepted);

    let key = id.to_string();
    shop.says(true, &["dlq", "replay", "--key", &key, "--reason", "rejected_by_database", "--execute"]);
    shop.await_sql(&state(id), "10.00|13|invalid");
    shop.await_hash_field(id, "quantity", "13");
    shop.await_hash_field(id, "refused", "invalid");

    drop(restored);
    shop.await_sql(&state(id), "1.00|13|-");
    shop.clear("MARKED");
}
