//! P2: `results` equals `orders` joined with `customers`, through the real Debezium.

use crate::shop::Shop;
use crate::shop::topic::{Found, ORDERS};

#[test]
fn an_inserted_order_is_in_results_and_in_redis_with_its_customer() {
    let shop = Shop::open();
    let id = shop.order("CUST005", 7, "19.99");
    let row = format!("select total, enrichment, customer_name from results where order_id = {id}");
    shop.await_sql(&row, "139.93|complete|Emma Müller");
    for (field, expected) in [("total", "139.93"), ("customer_name", "Emma Müller"), ("enrichment", "complete"), ("quantity", "7")] {
        shop.await_hash_field(id, field, expected);
    }
    shop.await_everything_right();
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
    shop.await_tombstone(id);
    shop.await_everything_right();
}

#[test]
fn a_change_of_the_primary_key_moves_the_order() {
    let shop = Shop::open();
    let old = shop.order("CUST002", 4, "2.50");
    shop.await_hash_field(old, "total", "10.00");
    let new = shop.number(&format!("update orders set id = nextval('orders_id_seq') where id = {old} returning id"));
    assert_ne!(new, old);
    shop.await_sql(&format!("select order_id, total from results where order_id in ({old}, {new})"), &format!("{new}|10.00"));
    shop.await_hash_field(new, "total", "10.00");
    shop.await_tombstone(old);
    shop.await_everything_right();
}

#[test]
fn rows_from_before_the_connectors_first_start_are_there() {
    let shop = Shop::open();
    // The sample data came through the snapshot.
    let read = |found: &Found| found.record.value.as_deref().is_some_and(|value| String::from_utf8_lossy(value).contains(r#""op":"r""#));
    let topic = shop.topics().read_all(ORDERS);
    let snapshot = (1..=5).filter(|id| topic.iter().any(|found| found.is_of_order(*id) && read(found)));
    assert_eq!(snapshot.count(), 5);
    shop.await_sql("select count(*), sum(total) from results where order_id <= 5", "5|538.78");
    shop.await_everything_right();
}

#[test]
fn a_truncate_empties_results_and_redis_and_what_comes_after_it_stays() {
    let shop = Shop::open();
    shop.orders("TRUNCATED", 3_000);
    shop.await_sql("select count(*) from results where product_id = 'TRUNCATED'", "3000");
    // The other tests keep their orders, because these orders come back in the same transaction, after the truncate.
    shop.sql(
        "begin; create temp table kept as select * from orders where product_id <> 'TRUNCATED' or id % 100 = 0;
         truncate orders; insert into orders select * from kept; commit",
    );
    shop.await_sql("select count(*) from results where product_id = 'TRUNCATED'", "30");
    shop.await_everything_right();
    shop.sql("update orders set quantity = quantity + 1 where product_id = 'TRUNCATED'");
    shop.await_everything_right();
    shop.clear("TRUNCATED");
}

#[test]
fn an_incremental_snapshot_brings_back_what_results_has_lost() {
    let shop = Shop::open();
    shop.orders("AGAIN", 300);
    shop.await_everything_right();
    let (first, last) = (shop.number("select min(id) from orders where product_id = 'AGAIN'"), shop.number("select max(id) from orders"));
    shop.sql("delete from results where product_id = 'AGAIN' and quantity < 50");
    let asked = serde_json::json!({
        "type": "incremental",
        "data-collections": ["public.orders"],
        "additional-conditions": [{ "data-collection": "public.orders", "filter": format!("id between {first} and {last}") }],
    });
    shop.sql(&format!("insert into debezium_signal (id, type, data) values ('again', 'execute-snapshot', '{asked}')"));
    shop.await_sql("select count(*) from results where product_id = 'AGAIN' and quantity < 50 and kind = 'i'", "150");
    shop.await_everything_right();
}

#[test]
fn a_burst_of_20_000_orders_arrives_whole_and_can_be_deleted_as_a_whole() {
    let shop = Shop::open();
    shop.orders("BURST", 20_000);
    shop.await_sql("select count(*), count(distinct order_id) from results where product_id = 'BURST'", "20000|20000");
    shop.await_everything_right();
    shop.sql("update orders set quantity = quantity + 1 where product_id = 'BURST' and id % 4 = 0");
    shop.clear("BURST");
    shop.await_everything_right();
}

#[test]
fn a_transaction_over_many_rows_has_its_whole_effect() {
    let shop = Shop::open();
    let ids = shop.sql(
        "insert into orders (customer_id, product_id, quantity, price) select 'CUST003', 'MULTIROW', i, 1.10 from generate_series(1, 6) as i returning id",
    );
    let ids: Vec<&str> = ids.lines().filter(|line| line.parse::<i64>().is_ok()).collect();
    assert_eq!(ids.len(), 6);
    let statements = [
        "update orders set quantity = quantity * 10 where product_id = 'MULTIROW'".to_owned(),
        format!("update orders set price = 2.20, status = 'paid' where id in ({}, {})", ids[0], ids[1]),
        format!("update orders set quantity = 7 where id = {}", ids[0]),
        format!("delete from orders where id in ({}, {})", ids[2], ids[3]),
        format!("insert into orders (id, customer_id, product_id, quantity, price) values ({}, 'CUST004', 'MULTIROW', 9, 9.99)", ids[3]),
        format!("update orders set customer_id = 'CUST004' where id = {}", ids[4]),
        "insert into orders (customer_id, product_id, quantity, price) values ('CUST004', 'MULTIROW', 100, 0.01)".to_owned(),
    ];
    shop.sql(&format!("begin; {}; commit", statements.join(";")));
    let found = "select quantity, total, status, customer_name from results where product_id = 'MULTIROW' order by order_id";
    let expected = [
        "7|15.40|paid|Carla Rossi",
        "20|44.00|paid|Carla Rossi",
        "9|89.91|pending|Deepak Patel",
        "50|55.00|pending|Deepak Patel",
        "60|66.00|pending|Carla Rossi",
        "100|1.00|pending|Deepak Patel",
    ];
    shop.await_sql(found, &expected.join("\n"));
    shop.await_everything_right();
}

#[test]
fn a_rolled_back_transaction_has_no_effect() {
    let shop = Shop::open();
    let id = shop.order("CUST001", 1, "5.00");
    shop.await_hash_field(id, "total", "5.00");
    shop.sql(&format!("begin; update orders set quantity = 99 where id = {id}; rollback"));
    shop.sql(&format!("update orders set status = 'paid' where id = {id}"));
    shop.await_sql(&format!("select quantity, status from results where order_id = {id}"), "1|paid");
    shop.await_everything_right();
}

#[test]
fn the_last_of_many_changes_of_one_order_wins() {
    let shop = Shop::open();
    let id = shop.order("CUST001", 1, "1.00");
    let changes: Vec<String> = (2..=300).map(|quantity| format!("update orders set quantity = {quantity} where id = {id}")).collect();
    // Each change is a transaction of its own, and psql sends the changes one after the other.
    for chunk in changes.chunks(100) {
        shop.sql(&chunk.iter().map(|change| format!("begin; {change}; commit; ")).collect::<String>());
    }
    shop.await_sql(&format!("select quantity, total from results where order_id = {id}"), "300|300.00");
    shop.await_everything_right();
}

#[test]
fn a_customer_who_comes_after_the_order_completes_it() {
    let shop = Shop::open();
    let id = shop.order("LATE1", 2, "3.00");
    shop.await_sql(&format!("select enrichment, customer_name is null from results where order_id = {id}"), "missing|t");
    shop.await_everything_right();
    shop.customer("LATE1", "Lena Late");
    shop.await_sql(&format!("select enrichment, customer_name from results where order_id = {id}"), "complete|Lena Late");
    shop.await_hash_field(id, "customer_name", "Lena Late");
    shop.await_everything_right();
}

#[test]
fn the_orders_of_a_changed_customer_follow_in_results_and_in_redis() {
    let shop = Shop::open();
    shop.customer("CHANGED1", "Before");
    shop.sql(
        "insert into orders (customer_id, product_id, quantity, price)
         select 'CHANGED1', 'FOLLOW', i, 1.00 from generate_series(1, 3000) as i",
    );
    shop.await_sql("select count(*) from results where customer_name = 'Before'", "3000");
    shop.sql("update customers set name = 'After', tier = null, email = 'new@example.com' where id = 'CHANGED1'");
    // One of the orders changes at the same time.
    shop.sql("update orders set status = 'paid' where product_id = 'FOLLOW' and quantity = 1500");
    shop.await_sql("select count(*) from results where customer_name = 'After' and customer_tier is null", "3000");
    shop.await_everything_right();
    shop.clear("FOLLOW");
}

#[test]
fn the_orders_of_a_deleted_customer_become_missing_and_complete_again_when_the_customer_is_back() {
    let shop = Shop::open();
    shop.customer("GONE1", "Gina Gone");
    let id = shop.order("GONE1", 1, "1.00");
    shop.await_hash_field(id, "customer_name", "Gina Gone");
    shop.sql("delete from customers where id = 'GONE1'");
    shop.await_sql(&format!("select enrichment, customer_name is null from results where order_id = {id}"), "missing|t");
    shop.await_hash_field(id, "customer_name", "");
    shop.await_everything_right();
    shop.customer("GONE1", "Gina Back");
    shop.await_hash_field(id, "customer_name", "Gina Back");
    shop.await_everything_right();
}

#[test]
fn customers_and_orders_that_change_at_the_same_time_agree_in_the_end() {
    let shop = Shop::open();
    for round in 0..30 {
        let customer = round % 3;
        shop.sql(&format!(
            "insert into customers (id, name) values ('RACE{customer}', 'Round {round}') on conflict (id) do update set name = excluded.name;
             insert into orders (customer_id, product_id, quantity, price)
             select 'RACE' || i % 3, 'RACE', {round}, 1.00 from generate_series(1, 10) as i"
        ));
    }
    shop.await_everything_right();
}

#[test]
fn a_mark_of_a_version_that_was_overtaken_before_it_was_written_goes_away() {
    let shop = Shop::open();
    let order = shop.order("CUST001", 1, "1.00");
    shop.await_hash_field(order, "customer_name", "Alice Johnson");
    // The mark is one of a rebuild that wrote the customer's hash, and marked the customer's orders only after the next change had been
    // processed completely.
    shop.sql("insert into due_customers (customer_id, partition, version, stamp) values ('CUST001', 0, '0.0.0', nextval('due_stamp'))");
    shop.await_sql("select count(*) from due_customers", "0");
    shop.await_everything_right();
}
