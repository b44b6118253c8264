//! Two events at the same position, and a tombstone that is all that is left of a delete: the result is right in either order (P2, P5).

use stack::Stack;
use stack::wait::{Attempt, until};

use crate::shop::topic::{CUSTOMERS, Found, ORDERS, Sent};
use crate::shop::{PATIENCE, Shop};

const ROWS: &str = "select count(*), min(customer_id), max(customer_id) from results where product_id = 'TIES'";
const BURIED: &str = "select count(*) from deleted_orders";

/// Restores the shop's database and the connector, however the test ends. The value is dropped before the shop is released, so that no
/// other test sees the changes.
struct Restore<'a>(&'a Stack, &'static str);

impl Drop for Restore<'_> {
    fn drop(&mut self) {
        self.0.psql(self.1).ok();
        if let Ok(config) = self.0.connector_config() {
            self.0.connect_api().register("shop", &config).ok();
        }
    }
}

/// Gives the connector these settings beside its own.
fn with_connector(shop: &Shop, settings: &[(&str, &str)]) {
    let mut config = shop.stack().connector_config().unwrap();
    for (name, value) in settings {
        config[*name] = (*value).into();
    }
    shop.stack().connect_api().register("shop", &config).unwrap();
}

/// Changes the customer of 40 orders from `CUST002` to `CUST003`.
fn customers_of_40_orders_change(shop: &Shop) {
    let buried = shop.number(BURIED);
    shop.sql(
        "insert into orders (customer_id, product_id, quantity, price) select 'CUST002', 'TIES', i, 1 from generate_series(1, 40) as i",
    );
    shop.await_sql(ROWS, "40|CUST002|CUST002");
    shop.sql("update orders set customer_id = 'CUST003' where product_id = 'TIES'");
    shop.await_sql(ROWS, "40|CUST003|CUST003");
    shop.await_everything_right();
    assert_eq!(shop.number(BURIED), buried, "orders in deleted_orders");
}

/// The events of key changes since `ends`, each delete with its tombstone, for the partition after their own; the creates come first.
fn again_elsewhere(shop: &Shop, ends: &[i64]) -> Vec<Sent> {
    let found = shop.topics().read(ORDERS, ends);
    let is_create =
        |found: &&Found| found.record.value.as_deref().is_some_and(|value| String::from_utf8_lossy(value).contains(r#""op":"c""#));
    let (creates, deletes): (Vec<&Found>, Vec<&Found>) = found.iter().partition(is_create);
    let elsewhere = |found: &&Found| Sent { partition: Some((found.partition + 1) % 4), ..found.record.clone() };
    creates.iter().chain(&deletes).map(elsewhere).collect()
}

#[test]
fn orders_whose_composite_key_changes_live_on_with_their_new_customer() {
    let shop = Shop::open();
    let _restore = Restore(
        shop.stack(),
        "delete from orders where product_id = 'TIES'; alter table orders drop constraint orders_pkey, add primary key (id)",
    );
    shop.sql("alter table orders drop constraint orders_pkey, add primary key (id, customer_id)");
    customers_of_40_orders_change(&shop);
    shop.clear("TIES");
}

#[test]
fn orders_whose_message_key_changes_live_on_and_their_events_sent_again_elsewhere_change_nothing() {
    let shop = Shop::open();
    let _restore = Restore(shop.stack(), "delete from orders where product_id = 'TIES'");
    with_connector(&shop, &[("message.key.columns", "public.orders:id,customer_id")]);
    let ends = shop.topics().ends(ORDERS);
    customers_of_40_orders_change(&shop);
    let rows = shop.sql("select order_id, revision from results where product_id = 'TIES' order by 1");
    shop.topics().send(ORDERS, &again_elsewhere(&shop, &ends));
    shop.await_everything_right();
    assert_eq!(shop.sql("select order_id, revision from results where product_id = 'TIES' order by 1"), rows);
    shop.clear("TIES");
}

/// After a restart of its task Debezium marks every event as read by a snapshot, until the incremental snapshot that was under way ends.
#[test]
fn orders_whose_message_key_changes_while_a_snapshot_is_resumed_live_on() {
    let shop = Shop::open();
    let _restore = Restore(shop.stack(), "delete from orders where product_id = 'TIES'");
    // With small chunks the snapshot is still under way when the task has restarted.
    with_connector(&shop, &[("message.key.columns", "public.orders:id,product_id"), ("incremental.snapshot.chunk.size", "256")]);
    shop.sql(
        "insert into orders (customer_id, product_id, quantity, price) select 'CUST002', 'TIES', i, 1 from generate_series(1, 12000) as i",
    );
    shop.await_everything_right();
    let ends = shop.topics().ends(ORDERS);
    shop.sql(
        r#"insert into debezium_signal (id, type, data)
           values (gen_random_uuid(), 'execute-snapshot', '{"type": "incremental", "data-collections": ["public.orders"]}')"#,
    );
    shop.await_that("the snapshot runs", || shop.topics().ends(ORDERS) != ends);
    shop.sql("select pg_terminate_backend(pid) from pg_stat_activity where usename = 'debezium'");
    shop.sql("update orders set product_id = 'TIED' where product_id = 'TIES' and quantity % 5 = 0");
    shop.await_that("the connector runs again", || shop.stack().connector_state().is_ok_and(|state| state == "RUNNING"));
    shop.await_everything_right();
    shop.sql("update orders set product_id = 'TIES' where product_id = 'TIED'");
    shop.await_everything_right();
    let deleted = |found: &&Found| {
        let value = found.record.value.as_deref().map(String::from_utf8_lossy).unwrap_or_default();
        value.contains(r#""op":"d""#) && !value.contains(r#""snapshot":"false""#)
    };
    assert_ne!(shop.topics().read(ORDERS, &ends).iter().filter(deleted).count(), 0, "no delete was marked: the snapshot was over");
    shop.clear("TIES");
}

/// An event of Debezium 1.6.1, in which all changes of a transaction have the sequence of the first change.
fn of_debezium_1_6(id: i64, op: &str, lsn: i64, quantity: i32, status: &str) -> Sent {
    let row = format!(
        r#"{{"id":{id},"customer_id":"CUST001","product_id":"TIES","quantity":{quantity},"price":"1.00","status":"{status}",
            "created_at":1769862600123456,"updated_at":1769862600123456}}"#
    );
    let (before, after) = if op == "d" { (row.as_str(), "null") } else { ("null", row.as_str()) };
    Sent::order(
        id,
        format!(
            r#"{{"before":{before},"after":{after},"source":{{"version":"1.6.1.Final","connector":"postgresql","name":"shop",
                "ts_ms":1769862600123,"snapshot":"false","db":"orders","sequence":"[\"24023000\",\"24023000\"]","schema":"public",
                "table":"orders","txId":742,"lsn":{lsn},"xmin":null}},"op":"{op}","ts_ms":1769862600130,"transaction":null}}"#
        ),
    )
}

#[test]
fn of_two_changes_with_one_sequence_the_one_with_the_higher_lsn_wins() {
    let shop = Shop::open();
    let (together, apart) = (9_000_001, 9_000_002);
    let state = |id: i64| format!("select quantity, status from results where order_id = {id}");
    let (create, update) = (|id| of_debezium_1_6(id, "c", 24_023_128, 1, "pending"), |id| of_debezium_1_6(id, "u", 24_023_328, 2, "paid"));
    shop.topics().send(ORDERS, &[create(together), update(together), create(apart)]);
    shop.await_sql(&state(apart), "1|pending");
    shop.topics().send(ORDERS, &[update(apart)]);
    shop.await_sql(&state(apart), "2|paid");
    shop.await_sql(&state(together), "2|paid");
    shop.topics().send(ORDERS, &[together, apart].map(|id| of_debezium_1_6(id, "d", 24_023_528, 2, "paid")));
    shop.await_sql("select count(*) from results where product_id = 'TIES'", "0");
    shop.await_everything_right();
}

/// The record that came last since `ends`.
fn last(shop: &Shop, topic: &str, ends: &[i64]) -> Found {
    let look = || shop.topics().read(topic, ends).pop().map_or(Attempt::NotYet("nothing".to_owned()), Attempt::Ready);
    until("the event is in Kafka", PATIENCE, look).unwrap()
}

/// Deletes rows without an event, as if compaction had removed the event.
fn delete_unseen(shop: &Shop, table: &str, condition: &str) {
    let publication = "alter publication orderstream set table";
    let _restore = Restore(shop.stack(), "alter publication orderstream set table orders, customers, debezium_heartbeat, debezium_signal");
    let others = ["orders", "customers", "debezium_heartbeat", "debezium_signal"].into_iter().filter(|other| *other != table);
    shop.sql(&format!("{publication} {}", others.collect::<Vec<_>>().join(", ")));
    shop.sql(&format!("delete from {table} where {condition}"));
}

#[test]
fn a_tombstone_alone_removes_the_customer_and_the_orders_follow() {
    let shop = Shop::open();
    let ends = shop.topics().ends(CUSTOMERS);
    shop.customer("TOMB1", "Tom");
    let put = last(&shop, CUSTOMERS, &ends);
    let id = shop.order("TOMB1", 1, "1.00");
    shop.await_hash_field(id, "customer_name", "Tom");
    delete_unseen(&shop, "customers", "id = 'TOMB1'");
    let tombstone = |partition| Sent { partition: Some(partition), value: None, ..put.record.clone() };
    // A tombstone of a key that the customer had in another partition changes nothing.
    let elsewhere = (put.partition + 1) % i32::try_from(ends.len()).unwrap();
    if elsewhere != put.partition {
        shop.topics().send(CUSTOMERS, &[tombstone(elsewhere)]);
        shop.await_the_end_of_the_topics();
        shop.await_hash_field(id, "customer_name", "Tom");
    }
    shop.topics().send(CUSTOMERS, &[tombstone(put.partition)]);
    shop.await_sql(&format!("select enrichment, customer_name is null from results where order_id = {id}"), "missing|t");
    shop.await_everything_right();
    shop.sql(&format!("delete from orders where id = {id}"));
    shop.await_everything_right();
}

#[test]
fn a_tombstone_alone_removes_the_order_and_the_one_after_a_delete_is_ignored() {
    let shop = Shop::open();
    let fates = "select sum(applied), sum(stale), sum(ignored) from consumer_offsets where topic = 'shop.public.orders'";
    let read = || shop.sql(fates).split('|').map(|count| count.parse().unwrap()).collect::<Vec<i64>>();
    let ends = shop.topics().ends(ORDERS);
    let (compacted, deleted) = (shop.order("CUST001", 1, "1.00"), shop.order("CUST001", 2, "1.00"));
    shop.await_everything_right();
    let put = shop.topics().read(ORDERS, &ends).into_iter().find(|found| found.is_of_order(compacted)).unwrap();
    delete_unseen(&shop, "orders", &format!("id = {compacted}"));
    let before = read();
    shop.topics().send(ORDERS, &[Sent { value: None, ..put.again() }]);
    shop.sql(&format!("delete from orders where id = {deleted}"));
    shop.await_everything_right();
    shop.await_tombstone(compacted);
    shop.await_tombstone(deleted);
    let change: Vec<i64> = read().iter().zip(before).map(|(after, before)| after - before).collect();
    assert_eq!(change, [2, 0, 1], "two deletes are applied, one tombstone is ignored");
}
