//! P6: a refusal of Postgres that concerns everybody delays the work and does nothing else, is told, and passes. P7: a refusal of one row
//! costs that row alone.

use crate::shop::Shop;
use crate::shop::poison::REFUSED_PRODUCT;

const APPLIED: &str = "select sum(applied) from consumer_offsets where topic = 'shop.public.orders'";

/// Ends the connections of orderstream, because connections that exist already would not notice the cause.
const NEW_CONNECTIONS: &str = "select pg_terminate_backend(pid) from pg_stat_activity where usename = 'orderstream'";

/// How many errors of a class the process has met.
fn errors(shop: &Shop, class: &str) -> u64 {
    shop.process(0).metric(&format!(r#"orderstream_postgres_errors_total{{class="{class}"}}"#))
}

/// A cause of errors, which is taken away when the value is dropped, so that a test that fails leaves the stack to the others as it was.
struct Cause<'s> {
    shop: &'s Shop,
    remedy: &'s str,
}

impl Drop for Cause<'_> {
    fn drop(&mut self) {
        self.shop.stack().psql(self.remedy).ok();
    }
}

/// Makes the cause, lets orders come, waits until the process tells of the cause while nothing is written, takes the cause away, and
/// waits until everything is processed.
#[track_caller]
fn delays_and_loses_nothing(product: &str, cause: &str, (class, told): (&str, &str), remedy: &str) {
    let shop = Shop::open();
    let (letters, applied, before) = (shop.letters_on_topic(), shop.number(APPLIED), errors(&shop, class));
    shop.sql(cause);
    let cause = Cause { shop: &shop, remedy };
    shop.orders(product, 200);
    shop.process(0).await_readiness(503, told);
    shop.await_that(&format!("errors of class {class}"), || errors(&shop, class) > before);
    assert_eq!(shop.number(APPLIED), applied, "it goes on: this test shows nothing");
    drop(cause);
    shop.process(0).await_readiness(200, "ok");
    shop.await_everything_right();
    assert_eq!((shop.number(APPLIED), shop.letters_on_topic()), (applied + 200, letters));
    shop.clear(product);
}

#[test]
fn a_password_that_was_changed_stops_the_work_until_it_is_mended() {
    let cause = format!("alter role orderstream password 'another'; {NEW_CONNECTIONS}");
    let remedy = "alter role orderstream password 'orderstream'";
    delays_and_loses_nothing("PASSWORD", &cause, ("ours", "password authentication failed"), remedy);
}

#[test]
fn a_server_with_too_many_connections_is_tried_until_it_has_room() {
    let cause = format!("alter role orderstream connection limit 0; {NEW_CONNECTIONS}");
    let remedy = "alter role orderstream connection limit -1";
    delays_and_loses_nothing("CROWDED", &cause, ("contention", "postgres: down"), remedy);
}

#[test]
fn a_table_that_is_missing_stops_the_work_until_it_is_back() {
    let (cause, remedy) = ("alter table deleted_orders rename to gone", "alter table gone rename to deleted_orders");
    delays_and_loses_nothing("NOTABLE", cause, ("ours", "does not exist"), remedy);
}

#[test]
fn a_database_that_became_read_only_is_told_until_it_takes_writes() {
    let cause = format!("alter role orderstream set default_transaction_read_only = on; {NEW_CONNECTIONS}");
    let remedy = format!("alter role orderstream reset default_transaction_read_only; {NEW_CONNECTIONS}");
    delays_and_loses_nothing("READONLY", &cause, ("connection", "postgres: down"), &remedy);
}

/// Adds a trigger, as an operator might, whose computation overflows for the product `REFUSED`.
const OVERFLOWS: &str = "
create function overflow() returns trigger language plpgsql as $$ begin perform 32768::smallint; return new; end $$;
create trigger overflow before insert or update on results for each row when (new.product_id = 'REFUSED') execute function overflow()";

#[test]
fn a_value_that_is_out_of_range_costs_its_row_and_comes_in_by_a_replay_once_it_fits() {
    let shop = Shop::open();
    shop.sql("update dead_letters set resolved_at = now(), resolution = 'test' where resolved_at is null");
    shop.sql(OVERFLOWS);
    shop.orders("INRANGE", 200);
    shop.orders(REFUSED_PRODUCT, 3);
    shop.orders("INRANGE", 200);
    shop.await_sql("select count(*) from results where product_id = 'INRANGE'", "400");
    shop.await_the_end_of_the_topics();
    let letters =
        "select reason, count(*), bool_and(message like '%SQLSTATE 22003%') from dead_letters where resolved_at is null group by 1";
    assert_eq!(shop.sql(letters), "rejected_by_database|3|t");
    shop.sql("drop function overflow cascade");
    assert!(shop.says(true, &["dlq", "replay", "--execute"]).contains("replayed: 3 applied"));
    shop.await_everything_right_with_letters(3);
    shop.sql(&format!("delete from orders where product_id = '{REFUSED_PRODUCT}'"));
    shop.clear("INRANGE");
}
