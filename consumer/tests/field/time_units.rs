//! Integer times without a schema, as Debezium's `time.precision.mode=adaptive` writes them: a `timestamp(3)` counts milliseconds, and a
//! `timestamp` beside it counts microseconds (P2).

use serde_json::json;

use crate::shop::Shop;
use crate::shop::poison::{FIRST_ID, event};
use crate::shop::topic::{ORDERS, Sent};

#[test]
fn two_columns_with_two_units_are_both_of_2026() {
    let shop = Shop::open();
    let id = FIRST_ID + 500;
    let mut put = event(id);
    put["after"]["created_at"] = json!(1_795_262_400_123_i64);
    put["after"]["updated_at"] = json!(1_795_262_400_123_456_i64);
    shop.topics().send(ORDERS, &[Sent::order(id, put.to_string())]);
    let row = format!("select ordered_at, updated_at from results where order_id = {id}");
    shop.await_sql(&row, "2026-11-21 12:00:00.123|2026-11-21 12:00:00.123456");

    let mut delete = put;
    (delete["op"], delete["after"]) = (json!("d"), json!(null));
    (delete["source"]["lsn"], delete["source"]["sequence"]) = (json!(2), json!("[\"2\",\"2\"]"));
    shop.topics().send(ORDERS, &[Sent::order(id, delete.to_string())]);
    shop.await_sql(&format!("select count(*) from results where order_id = {id}"), "0");
    shop.await_everything_right();
}

#[test]
fn a_number_that_could_be_any_time_is_a_letter_that_names_the_setting() {
    let shop = Shop::open();
    let id = FIRST_ID + 501;
    let mut put = event(id);
    put["after"]["created_at"] = json!(12_345);
    put["after"]["updated_at"] = json!(-62_135_596_800_000_000_i64);
    shop.topics().send(ORDERS, &[Sent::order(id, put.to_string())]);
    let letter = format!("select reason, message like 'after.updated_at%source.time_unit%' from dead_letters where order_id = {id}");
    shop.await_sql(&letter, "invalid|t");
    shop.await_everything_right_with_letters(1);
}
