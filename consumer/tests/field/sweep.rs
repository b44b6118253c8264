//! The sweep: an order that Postgres refuses, or whose customer never comes, holds up only itself, and costs less and less (P10, P13).

use ledger::StoreError;
use orderstream::results::Results;

use crate::shop::Shop;
use crate::shop::fresh::{Fresh, at, batch, delete, put};

/// SQL that is undone at the end of the test, however the test ends.
struct Undone<'a> {
    shop: &'a Shop,
    undo: &'static str,
}

impl<'a> Undone<'a> {
    fn does(shop: &'a Shop, sql: &str, undo: &'static str) -> Self {
        shop.sql(undo);
        shop.sql(sql);
        Self { shop, undo }
    }
}

impl Drop for Undone<'_> {
    fn drop(&mut self) {
        self.shop.stack().psql(self.undo).ok();
    }
}

fn forty_orders(shop: &Shop, customer: &str) {
    shop.sql(&format!(
        "insert into orders (customer_id, product_id, quantity, price) select '{customer}', 'REFUSED', 1, 1 from generate_series(1, 40)"
    ));
}

#[test]
fn rows_that_postgres_refuses_hold_up_only_themselves_and_are_told() {
    let shop = Shop::open();
    shop.customer("REFUSED1", "Rita Before");
    shop.await_customer("REFUSED1", "Rita Before");
    forty_orders(&shop, "REFUSED1");
    forty_orders(&shop, "REFUSED2");
    shop.await_everything_right();
    let refused = r#"orderstream_repaired_rows_total{outcome="refused"}"#;
    let before = shop.process(0).metric(refused);
    let constraint = Undone::does(
        &shop,
        "alter table results add constraint no_such_name check (customer_name <> 'Rita After')",
        "alter table results drop constraint if exists no_such_name",
    );
    shop.customer("REFUSED1", "Rita After");
    shop.customer("REFUSED2", "Rob Late");
    shop.await_sql("select count(*) from results where customer_id = 'REFUSED2' and customer_name = 'Rob Late'", "40");
    shop.await_sql("select count(*) from due_orders where refusal like '%constraint no_such_name%' and due_at > now()", "40");
    shop.await_sql("select count(*) from results where customer_id = 'REFUSED1' and customer_name = 'Rita Before'", "40");
    assert!(shop.process(0).metric(refused) >= before + 40);
    let status = shop.says(true, &["status"]);
    assert!(status.contains("REFUSED    40 orders keep the customer of before") && status.contains("no_such_name"), "{status}");
    let log = shop.process(0).service().log_tail(200);
    assert!(log.contains("Postgres refuses rows that were to be completed"), "{log}");
    assert!(!log.contains("REFUSED1") && !log.contains("Rita"), "{log}");
    drop(constraint);
    shop.sql("update due_orders set due_at = now() where refusal is not null");
    shop.await_sql("select count(*) from results where customer_id = 'REFUSED1' and customer_name = 'Rita After'", "40");
    shop.await_everything_right();
    shop.clear("REFUSED");
}

#[test]
fn an_order_whose_customer_never_comes_waits_for_hours_and_the_customer_wakes_it() {
    let shop = Shop::open();
    let id = shop.order("NEVER1", 1, "1.00");
    shop.await_sql(&format!("select count(*) from due_orders where order_id = {id} and attempts > 0"), "1");
    shop.sql(&format!("update due_orders set attempts = 15, due_at = now() where order_id = {id}"));
    shop.await_sql(&format!("select due_at > now() + interval '5 hours' from due_orders where order_id = {id}"), "t");
    shop.customer("NEVER1", "Nina Late");
    shop.await_sql(&format!("select customer_name from results where order_id = {id}"), "Nina Late");
    shop.await_everything_right();
}

#[test]
fn a_row_that_a_truncate_may_not_remove_does_not_keep_the_others() {
    let fresh = Fresh::database("truncate_refused");
    let claim = fresh.claim(0);
    let puts = (1..=40).map(|id| put(id, 1, at(0, id - 1, 10 + id))).collect();
    fresh.apply(&claim, &batch(0, 40, puts, vec![])).unwrap();
    fresh.sql("create table invoices (order_id bigint references results); insert into invoices values (7), (30)");
    let mut truncate = batch(40, 41, vec![], vec![]);
    truncate.truncates.push(at(0, 40, 1_000));
    fresh.apply(&claim, &truncate).unwrap();
    let refusals = fresh.runtime.block_on(sweep_truncate(&fresh.results)).unwrap();
    assert_eq!(fresh.number("select count(*) from results"), 2);
    assert_eq!((refusals.len(), fresh.number("select count(*) from truncates where sweep_at > now()")), (2, 1));
    assert!(refusals.iter().all(|refusal| refusal.contains("invoices")), "{refusals:?}");
    fresh.sql("drop table invoices; update truncates set sweep_at = now()");
    assert_eq!(fresh.runtime.block_on(sweep_truncate(&fresh.results)).unwrap(), Vec::<String>::new());
    assert_eq!(fresh.number("select count(*) from results"), 0);
    fresh.apply(&claim, &batch(41, 42, vec![], vec![delete(1, at(0, 41, 2_000))])).unwrap();
}

/// Carries a truncate out, and returns what Postgres refused.
async fn sweep_truncate(results: &Results) -> Result<Vec<String>, StoreError> {
    let mut refusals = Vec::new();
    loop {
        let truncating = results.sweep_truncate(&[0], 16).await?;
        refusals.extend(truncating.refusal);
        if !truncating.has_more {
            return Ok(refusals);
        }
    }
}

#[test]
fn a_row_that_cannot_be_read_does_not_keep_the_others_from_being_swept() {
    let shop = Shop::open();
    shop.customer("UNREADABLE1", "Una Before");
    shop.await_customer("UNREADABLE1", "Una Before");
    let (broken, whole) = (shop.order("UNREADABLE1", 1, "1.00"), shop.order("UNREADABLE1", 2, "1.00"));
    shop.await_everything_right();
    let undo = "update due_orders set due_at = now() where order_id in (select order_id from results where price = 'NaN');
        update results set price = 1 where price = 'NaN'";
    let not_a_number = Undone::does(&shop, &format!("update results set price = 'NaN' where order_id = {broken}"), undo);
    shop.customer("UNREADABLE1", "Una After");
    shop.await_hash_field(whole, "customer_name", "Una After");
    shop.await_sql(&format!("select count(*) from due_orders where order_id = {broken} and refusal is not null"), "1");
    drop(not_a_number);
    shop.await_everything_right();
}
