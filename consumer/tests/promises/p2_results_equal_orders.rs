//! P2: `results` equals `orders` joined with `customers`, through the real Debezium.

use crate::shop::Shop;

#[test]
fn an_inserted_order_is_in_results_and_in_redis_with_its_customer() {
    let shop = Shop::open();
    let id = shop.order("CUST005", 7, "19.99");
    let row = format!("select total, enrichment, customer_name from results where order_id = {id}");
    shop.await_sql(&row, "139.93|complete|Emma Müller");
    for (field, expected) in [("total", "139.93"), ("customer_name", "Emma Müller"), ("enrichment", "complete"), ("quantity", "7")] {
        shop.await_hash_field(id, field, expected);
    }
    shop.await_equality();
}

#[test]
fn an_update_follows_and_a_delete_leaves_a_hash_that_says_so() {
    let shop = Shop::open();
    let id = shop.order("CUST001", 1, "10.00");
    shop.await_hash_field(id, "quantity", "1");
    shop.sql(&format!("update orders set quantity = 3, status = 'paid' where id = {id}"));
    shop.await_sql(&format!("select quantity, total, status from results where order_id = {id}"), "3|30.00|paid");
    shop.await_hash_field(id, "total", "30.00");
    shop.sql(&format!("delete from orders where id = {id}"));
    shop.await_sql(&format!("select count(*) from results where order_id = {id}"), "0");
    shop.await_hash_field(id, "quantity", "");
    assert_eq!(shop.redis(&["HKEYS", &format!("order:{id}")]).lines().count(), 2, "deleted_at and version");
    shop.await_equality();
}
