//! `orderstream check` compares the shop with the contract before a wrong event comes (P9): the shop's catalog if `source.url` is set, and
//! the last events.

use sqlx::Connection;

use crate::shop::apart::{Apart, order, poisoned};
use crate::shop::topic::Sent;
use crate::shop::{Shop, poison};

/// Tables as the contract wants them, in a publication; the tests change them line by line.
const GOOD: &str = "
    create table customers (id text primary key, name text, email text, tier text, country text);
    create table orders (
        id bigint primary key, customer_id text, product_id text not null, quantity int not null, price numeric(12, 2) not null,
        status text, created_at timestamptz, updated_at timestamp
    );
    alter table orders replica identity full;
    alter table customers replica identity full;
    create publication shop for table orders, customers;";

/// A shop database of the test's own on the shared server, without events.
struct Source<'a> {
    shop: &'a Shop,
    name: &'static str,
}

impl<'a> Source<'a> {
    fn with(shop: &'a Shop, name: &'static str, changes: &str) -> Self {
        shop.sql(&format!("drop database if exists {name} with (force)"));
        shop.sql(&format!("create database {name}"));
        let source = Self { shop, name };
        let url = source.url(&shop.stack().database_url());
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let mut connection = sqlx::PgConnection::connect(&url).await.unwrap();
            let statements = sqlx::AssertSqlSafe(format!("{GOOD} {changes}"));
            sqlx::raw_sql(statements).execute(&mut connection).await.unwrap();
            connection.close().await.unwrap();
        });
        source
    }

    fn url(&self, url: &str) -> String {
        // The name of the database is the last part of the URL; a plain replacement would also hit the role, whose name begins the same.
        format!("{}/{}", url.rsplit_once('/').unwrap().0, self.name)
    }

    /// The exit code of `check`, and what it says of the source. The role may connect to the source and do nothing else.
    fn checked(&self) -> (Option<i32>, String) {
        check(self.shop, &self.url(&self.shop.stack().orderstream_database_url()))
    }
}

impl Drop for Source<'_> {
    fn drop(&mut self) {
        self.shop.stack().psql(&format!("drop database if exists {} with (force)", self.name)).ok();
    }
}

fn check(shop: &Shop, url: &str) -> (Option<i32>, String) {
    let output = shop.orderstream(&["check"], &[("SOURCE_URL", url)]);
    let text = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
    let of_source = text.lines().filter(|line| line.contains(" source ")).map(|line| format!("{line}\n"));
    (output.status.code(), of_source.collect())
}

#[test]
fn check_finds_the_shops_own_tables_right_and_names_what_is_passed_over() {
    let shop = Shop::open();
    let (code, text) = check(&shop, &shop.stack().orderstream_database_url());
    assert_eq!(code, Some(0), "{text}");
    for line in [
        "ok       source    orders: table public.orders has all that is needed",
        "ok       source    customers: table public.customers has all that is needed",
        "ok       source    customers: columns that are passed over: updated_at",
    ] {
        assert!(text.lines().any(|found| found == line), "{line}: {text}");
    }
    assert!(!text.contains("orderstream:orderstream@") && !text.contains("warning") && !text.contains("FAILED"), "{text}");
}

#[test]
fn check_names_each_column_that_would_make_dead_letters_before_the_first_of_them() {
    let shop = Shop::open();
    let source = Source::with(
        &shop,
        "contract_columns",
        "create domain cents as numeric(12, 4);
         alter table orders alter column price type cents, alter column quantity type bigint, alter column product_id type text[] using null,
             alter column product_id drop not null, drop column status, add column status text generated always as ('paid') stored,
             add column note jsonb;
         alter table orders rename column customer_id to buyer_id;
         alter table orders drop constraint orders_pkey, add primary key (id, created_at);
         alter table customers rename column name to full_name;",
    );
    let (code, text) = source.checked();
    assert_eq!(code, Some(1), "{text}");
    for (grade, part) in [
        ("FAILED", "orders: the primary key is (id, created_at), and orders that share an id are taken for one order; if none do"),
        ("FAILED", "orders.customer_id: there is no such column"),
        ("FAILED", "orders.product_id: text[]: not a type that events write as a text"),
        ("warning", "orders.quantity: bigint: a quantity above 2147483647"),
        ("FAILED", "orders.price: numeric(12,4): a price with more than two decimals"),
        ("FAILED", "orders.status: the column is generated"),
        ("ok", "orders: columns that are passed over: buyer_id, note"),
        ("warning", "customers.name: there is no such column"),
        ("ok", "customers: columns that are passed over: full_name"),
    ] {
        assert!(text.lines().any(|line| line.starts_with(grade) && line.contains(part)), "{grade} {part}: {text}");
    }
}

#[test]
fn check_names_what_a_publication_and_a_replica_identity_leave_out() {
    let shop = Shop::open();
    let source = Source::with(
        &shop,
        "contract_published",
        "alter table orders replica identity nothing;
         alter table customers replica identity default;
         drop publication shop;
         create publication shop for table orders where (quantity > 1), customers (id, name, email, tier)
             with (publish = 'insert, update');",
    );
    let (code, text) = source.checked();
    assert_eq!(code, Some(1), "{text}");
    for (grade, part) in [
        ("FAILED", "orders: the replica identity is nothing"),
        ("FAILED", "orders: publication shop leaves out deletes"),
        ("warning", "orders: publication shop leaves out truncates"),
        ("FAILED", "orders: publication shop has a row filter"),
        ("warning", "customers: the replica identity is not full"),
        ("warning", "customers.country: publication shop leaves the column out"),
    ] {
        assert!(text.lines().any(|line| line.starts_with(grade) && line.contains(part)), "{grade} {part}: {text}");
    }
}

#[test]
fn check_names_a_partitioned_table_whose_events_would_name_its_partitions() {
    let shop = Shop::open();
    let parted = "
        drop publication shop; alter table orders rename to plain; alter index orders_pkey rename to plain_pkey;
        create table orders (like plain) partition by range (id);
        alter table orders add primary key (id), replica identity full;
        create table orders_1 partition of orders for values from (0) to (1000);
        create publication shop for table orders, customers";
    let by_partition = Source::with(&shop, "contract_parted", parted);
    let (code, text) = by_partition.checked();
    assert_eq!(code, Some(1), "{text}");
    assert!(text.contains("FAILED   source    orders: a partitioned table that no publication has as a whole"), "{text}");
    let as_a_whole = Source::with(&shop, "contract_whole", &format!("{parted} with (publish_via_partition_root = true);"));
    let (code, text) = as_a_whole.checked();
    assert!(code == Some(0) && text.contains("orders: table public.orders has all that is needed"), "{text}");
}

#[test]
fn check_says_that_there_are_no_tables_where_the_url_names_another_database() {
    let shop = Shop::open();
    let source = Source::with(&shop, "contract_elsewhere", "create schema sales; alter table orders set schema sales;");
    let (code, text) = source.checked();
    assert_eq!(code, Some(1), "{text}");
    assert!(text.contains("no table orders in the search path of role orderstream; set it with ?options=-csearch_path"), "{text}");
}

#[test]
fn check_tells_that_nobody_reads_the_log_of_the_shop_and_how_much_waits_in_it() {
    let shop = Shop::open();
    let url = shop.stack().orderstream_database_url();
    let active = "select active from pg_replication_slots where slot_name = 'orderstream'";
    shop.stack().connect().stop().unwrap();
    shop.await_sql(active, "f");
    let (code, text) = check(&shop, &url);
    let line = "warning  source    replication slot orderstream is not active: no connector reads the shop's changes, and ";
    assert!(code == Some(0) && text.lines().any(|found| found.starts_with(line)), "{text}");
    shop.stack().connect().start().unwrap();
    // While the connector starts it takes the slot, gives it back and takes it again.
    shop.await_that("check says that the log is read again", || {
        let (_, text) = check(&shop, &url);
        text.contains("ok       source    replication slot orderstream is active, ") && !text.contains("warning")
    });

    let unread = Source::with(&shop, "contract_unread", "");
    let (code, text) = unread.checked();
    assert!(code == Some(0) && text.contains("warning  source    no replication slot of this database"), "{text}");
}

#[test]
fn check_reads_the_last_events_and_names_what_of_them_will_be_a_letter_or_lacks_a_column() {
    let shop = Shop::open();
    let apart = Apart::with_partitions(&shop, "contract_events", 2, &[]).and_customers(&shop, &[("cleanup.policy", "compact")]);
    let check = || {
        let output = shop.orderstream(&["check"], &apart.settings());
        let text = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
        assert_eq!(output.status.code(), Some(0), "{text}");
        let of_events = text.lines().filter(|line| line.contains(" event")).map(ToOwned::to_owned);
        of_events.collect::<Vec<_>>()
    };
    let (orders, customers) = (&apart.orders, apart.customers.as_ref().unwrap());
    let none = format!("ok       kafka     {customers} has no events yet, so none was looked at");
    assert_eq!(check(), [format!("ok       kafka     {orders} has no events yet, so none was looked at"), none.clone()]);

    // The poison record is older than the last hundred of its partition, so `check` says nothing of it.
    let of = |partition, sent| Sent { partition: Some(partition), ..sent };
    shop.topics().send(orders, &[of(0, poisoned(1))]);
    let good: Vec<Sent> = (2..152).map(|id| of(0, order(id))).chain((152..172).map(|id| of(1, order(id)))).collect();
    shop.topics().send(orders, &good);
    assert_eq!(check(), [format!("ok       kafka     the last 120 events of {orders} can all be read"), none.clone()]);

    let mut without_status = poison::event(200);
    without_status["after"].as_object_mut().unwrap().remove("status");
    let late = [poisoned(201), Sent::order(200, without_status.to_string()), poisoned(202)].map(|sent| of(1, sent));
    shop.topics().send(orders, &late);
    let customer = r#"{"before":null,"after":{"id":"CUST001","name":"Alice","email":null,"country":"US"},"source":{},"op":"c"}"#;
    shop.topics().send(customers, &[Sent { key: Some(br#"{"id":"CUST001"}"#.to_vec()), value: Some(customer.into()), ..Sent::default() }]);
    let found = check();
    let [letters, absent, customers_read, customers_absent] = found.as_slice() else { panic!("{found:?}") };
    let said = format!(
        "warning  kafka     2 of the last 123 events of {orders} cannot be read (a dead letter each), the first at {orders}/1, offset 20: after.price: "
    );
    assert!(letters.starts_with(&said) && !letters.contains("cheap"), "{letters}");
    let said = format!(
        "warning  kafka     the last 123 events of {orders}: inserts and updates lack columns: status (1 of 121); what is stored stays"
    );
    assert!(absent.starts_with(&said), "{absent}");
    assert_eq!(*customers_read, format!("ok       kafka     the last event of {customers} can be read"));
    assert!(customers_absent.contains("lack columns: tier (1 of 1);") && !customers_absent.contains("Alice"), "{customers_absent}");
}

#[test]
fn reconcile_goes_to_the_source_that_the_settings_name() {
    let shop = Shop::open();
    shop.await_everything_right();
    let url = shop.stack().database_url();
    let output = shop.orderstream(&["reconcile", "--settle", "1"], &[("SOURCE_URL", &url)]);
    let text = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
    assert!(output.status.success() && text.ends_with("equal\n"), "{text}");
    let text = shop.says(false, &["reconcile"]);
    assert!(text.contains("name it with --source or the setting source.url"), "{text}");
}
