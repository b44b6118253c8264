//! Messages that the shop writes to its log and to no table (`pg_logical_emit_message`), as outboxes and other tools do (P9).

use crate::shop::Shop;

#[test]
fn a_message_in_the_shops_log_that_belongs_to_no_table_stops_nothing() {
    let shop = Shop::open();
    shop.sql("select pg_logical_emit_message(true, 'outbox', 'for somebody else')");
    shop.sql("select pg_logical_emit_message(false, 'outbox', 'at once')");
    let id = shop.order("CUST001", 2, "3.50");
    shop.await_sql(&format!("select total from results where order_id = {id}"), "7.00");
    assert_eq!(shop.stack().connector_state().unwrap(), "RUNNING");
    shop.await_everything_right();
}
