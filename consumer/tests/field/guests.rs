//! Orders that name no customer (P2).

use crate::restored::Restored;
use crate::shop::Shop;

const NAMED: &str = "delete from orders where customer_id is null; alter table orders alter column customer_id set not null";

#[test]
fn a_guests_order_is_a_row_without_customer_and_nothing_waits_for_one() {
    let shop = Shop::open();
    let restored = Restored(&shop, NAMED);
    shop.sql("alter table orders alter column customer_id drop not null");
    let insert = "insert into orders (customer_id, product_id, quantity, price) values (null, 'GUEST', 2, 9.99) returning id";
    let born = shop.number(insert);
    let row = |id| format!("select customer_id is null, customer_name is null, total, enrichment from results where order_id = {id}");
    shop.await_sql(&row(born), "t|t|19.98|none");
    shop.await_hash_field(born, "enrichment", "none");

    let id = shop.order("CUST001", 1, "10.00");
    shop.await_sql(&format!("select customer_name is null, enrichment from results where order_id = {id}"), "f|complete");
    shop.sql(&format!("update orders set customer_id = null, product_id = 'GUEST' where id = {id}"));
    shop.await_sql(&row(id), "t|t|10.00|none");
    shop.await_everything_right();
    let hash = shop.hash(id);
    assert!(
        ["customer_id", "customer_name", "customer_email", "customer_tier", "customer_country"]
            .iter()
            .all(|column| !hash.contains_key(*column)),
        "{hash:?}"
    );
    shop.await_sql(&format!("select count(*) from due_orders where order_id in ({born}, {id})"), "0");
    shop.says(true, &["reconcile", "--source", &shop.stack().database_url()]);

    shop.sql(&format!("update orders set customer_id = 'CUST002' where id = {born}"));
    shop.await_sql(
        &format!("select customer_id, customer_name is null, enrichment from results where order_id = {born}"),
        "CUST002|f|complete",
    );
    drop(restored);
    shop.clear("GUEST");
}

#[test]
fn a_guest_is_nobody_who_is_missing() {
    let shop = Shop::with(&[("ENRICHMENT_WHEN_CUSTOMER_IS_MISSING", "dead_letter"), ("ENRICHMENT_WHEN_REDIS_IS_DOWN", "dead_letter")]);
    let restored = Restored(&shop, NAMED);
    shop.sql("alter table orders alter column customer_id drop not null");
    let id = shop.number("insert into orders (customer_id, product_id, quantity, price) values (null, 'GUEST', 1, 1) returning id");
    shop.await_sql(&format!("select enrichment from results where order_id = {id}"), "none");
    drop(restored);
    shop.await_sql(&format!("select count(*) from results where order_id = {id}"), "0");
    shop.await_everything_right();
}
