//! A shop that renames, drops or generates a column, and a shop that leaves a column empty: an absent column is not a null (P2, P9).

use change::effect::Effect;
use change::value::Text;
use orderstream::orders::customer::{Customer, CustomerChange, CustomerRow};

use crate::restored::Restored;
use crate::shop::Shop;
use crate::shop::fresh::{Fresh, at, batch, put};
use crate::shop::topic::{CUSTOMERS, ORDERS};

fn lacking(shop: &Shop, topic: &str, column: &str) -> u64 {
    shop.process(0).metric(&format!(r#"orderstream_events_without_column_total{{topic="{topic}",column="{column}"}}"#))
}

#[test]
fn a_renamed_status_stays_as_it_was_and_is_told_and_a_new_order_without_one_is_a_letter() {
    let shop = Shop::open();
    let id = shop.order("CUST001", 1, "10.00");
    shop.sql(&format!("update orders set status = 'paid', product_id = 'ABSENT' where id = {id}"));
    let row = format!("select quantity, status, enrichment from results where order_id = {id}");
    shop.await_sql(&row, "1|paid|complete");

    let _removed = Restored(&shop, "delete from orders where product_id = 'ABSENT'");
    let renamed = Restored(&shop, "alter table orders rename column order_state to status");
    shop.sql("alter table orders rename column status to order_state");
    shop.sql(&format!("update orders set quantity = 7, order_state = 'shipped' where id = {id}"));
    shop.await_sql(&row, "7|paid|complete");
    shop.await_hash_field(id, "quantity", "7");
    assert_eq!(shop.hash(id)["status"], "paid");
    shop.process(0).await_readiness(200, &format!("{ORDERS}: the events do not have the columns status"));
    assert!(lacking(&shop, ORDERS, "status") > 0);
    shop.sql(&format!("update orders set quantity = 8 where id = {id}"));
    shop.await_sql(&row, "8|paid|complete");
    let log = shop.process(0).service().log_tail(1_000);
    let told = log.lines().filter(|line| line.contains("The events do not have these columns") && line.contains(ORDERS));
    assert_eq!(told.count(), 1, "told once, not for each batch");

    let insert = "insert into orders (customer_id, product_id, quantity, price) values ('CUST001', 'ABSENT', 1, 1) returning id";
    let new = shop.number(insert);
    let letter =
        format!("select reason, message like 'after.status: the event does not have the column%' from dead_letters where order_id = {new}");
    shop.await_sql(&letter, "invalid|t");
    assert_eq!(shop.number(&format!("select count(*) from results where order_id = {new}")), 0, "no invented status");

    drop(renamed);
    shop.sql(&format!("update orders set status = 'shipped' where id in ({id}, {new})"));
    shop.await_sql(&row, "8|shipped|complete");
    shop.await_sql(&format!("select status from results where order_id = {new}"), "shipped");
    shop.process(0).await_readiness(200, "ok");
    shop.clear("ABSENT");
}

#[test]
fn a_customers_renamed_name_stays_in_redis_and_in_all_orders_and_null_clears() {
    let shop = Shop::open();
    shop.customer("ABSENT1", "Nora Named");
    shop.await_customer("ABSENT1", "Nora Named");
    let id = shop.order("ABSENT1", 1, "10.00");
    let row = format!("select customer_name, customer_tier, customer_email is null, enrichment from results where order_id = {id}");
    shop.await_sql(&row, "Nora Named|gold|f|complete");

    let restored = Restored(&shop, "alter table customers rename column full_name to name");
    shop.sql("alter table customers rename column name to full_name");
    shop.sql("update customers set full_name = 'Nora New', tier = 'silver', email = null where id = 'ABSENT1'");
    shop.await_sql(&row, "Nora Named|silver|t|complete");
    shop.await_customer("ABSENT1", "Nora Named");
    shop.process(0).await_readiness(200, &format!("{CUSTOMERS}: the events do not have the columns name"));
    assert!(lacking(&shop, CUSTOMERS, "name") > 0);

    drop(restored);
    shop.sql("update customers set tier = 'gold' where id = 'ABSENT1'");
    shop.await_sql(&row, "Nora New|gold|t|complete");
    shop.process(0).await_readiness(200, "ok");
    shop.sql(&format!("delete from orders where id = {id}"));
    shop.sql("delete from customers where id = 'ABSENT1'");
    shop.await_everything_right();
}

#[test]
fn a_column_that_becomes_generated_stays_as_it_was() {
    let shop = Shop::open();
    let id = shop.order("CUST005", 1, "10.00");
    let row = format!("select customer_tier, customer_country from results where order_id = {id}");
    let before = shop.sql("select tier, country from customers where id = 'CUST005'");
    shop.await_sql(&row, &before);

    let restored = Restored(
        &shop,
        "alter table customers drop column country, add column country text;
         update customers c set country = s.country from absent_countries s where s.id = c.id;
         drop table absent_countries",
    );
    shop.sql(
        "create table absent_countries as select id, country from customers;
         alter table customers drop column country, add column country text generated always as ('ZZ') stored",
    );
    shop.sql("update customers set tier = 'generated' where id = 'CUST005'");
    let (tier, country) = before.split_once('|').unwrap();
    shop.await_sql(&row, &format!("generated|{country}"));

    drop(restored);
    shop.sql(&format!("update customers set tier = '{tier}' where id = 'CUST005'"));
    shop.sql(&format!("delete from orders where id = {id}"));
    shop.await_everything_right();
}

#[test]
fn a_status_that_is_null_is_null_and_reconcile_calls_it_equal() {
    let shop = Shop::open();
    let restored =
        Restored(&shop, "update orders set status = 'pending' where status is null; alter table orders alter column status set not null");
    shop.sql("alter table orders alter column status drop not null");
    let id = shop.order("CUST001", 1, "10.00");
    let insert =
        "insert into orders (customer_id, product_id, quantity, price, status) values ('CUST001', 'NULLED', 1, 1, null) returning id";
    let born = shop.number(insert);
    shop.sql(&format!("update orders set status = null, product_id = 'NULLED' where id = {id}"));
    shop.await_sql("select count(*) from results where product_id = 'NULLED' and status is null and enrichment = 'complete'", "2");
    shop.await_everything_right();
    assert!(!shop.hash(born).contains_key("status"), "{:?}", shop.hash(born));
    let url = shop.stack().database_url();
    let said = shop.says(true, &["reconcile", "--source", &url]);
    assert!(!said.contains("NULLED"), "{said}");

    drop(restored);
    shop.clear("NULLED");
}

#[test]
fn where_redis_has_no_hash_a_customers_rows_say_what_the_event_does_not() {
    let fresh = Fresh::database("stand_in");
    let claim = fresh.claim(0);
    fresh.apply(&claim, &batch(0, 1, vec![put(1, 5, at(0, 0, 10))], vec![])).unwrap();
    let row = CustomerRow { name: Text::Unchanged, ..Customer::default().into() };
    let change = |id: &str, row| CustomerChange { id: id.to_owned(), effect: Effect::Put(row), position: at(0, 1, 20) };
    let mut changes = [change("C1", row.clone()), change("C2", row), change("C1", Customer::default().into())];
    fresh.runtime.block_on(fresh.results.stand_in(&mut changes)).unwrap();
    let stored = changes.map(|change| match change.effect {
        Effect::Put(row) => row.stored.and_then(|customer| customer.name),
        Effect::Delete => None,
    });
    assert_eq!(stored, [Some("Ann".into()), None, None]);
}
