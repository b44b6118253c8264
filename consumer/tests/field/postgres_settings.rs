//! Settings of a server, a database or a role on which the promises depend (P2, P12).

use std::collections::HashMap;
use std::time::Duration;

use ledger::StoreConfig;
use orderstream::results::Results;
use sqlx::{Connection, PgConnection};

use crate::shop::Shop;
use crate::shop::fresh::{Fresh, at, batch, delete, put};

/// How many orders have their create and their delete at the same time.
const ORDERS: i64 = 200;

/// Checks that every deleted order is gone if the creates come in one partition and the deletes of the same orders come in the other, at
/// the same time.
#[track_caller]
fn every_deleted_order_is_gone(level: &str) {
    let fresh = Fresh::altered("isolation", &[&format!("set default_transaction_isolation = '{level}'")]);
    let (creates, deletes) = (fresh.claim(0), fresh.claim(1));
    fresh.runtime.block_on(async {
        for id in 0..ORDERS {
            let create = batch(id, id + 1, vec![put(id, 5, at(0, id, 10))], vec![]);
            let remove = batch(id, id + 1, vec![], vec![delete(id, at(1, id, 20))]);
            let (created, removed) = tokio::join!(fresh.results.apply(&creates, &create), fresh.results.apply(&deletes, &remove));
            created.unwrap();
            removed.unwrap();
        }
    });
    assert_eq!((fresh.number("select count(*) from results"), fresh.number("select count(*) from deleted_orders")), (0, ORDERS));
}

#[test]
fn in_a_database_of_repeatable_read_a_deleted_order_stays_deleted() {
    every_deleted_order_is_gone("repeatable read");
}

#[test]
fn in_a_database_of_serializable_a_deleted_order_stays_deleted() {
    every_deleted_order_is_gone("serializable");
}

/// Each setting, its value in the database, and its value in a session of orderstream.
const SETTINGS: [(&str, &str, &str); 17] = [
    ("default_transaction_isolation", "repeatable read", "read committed"),
    ("default_transaction_deferrable", "on", "off"),
    ("statement_timeout", "77", "30000"),
    ("lock_timeout", "77", "5000"),
    ("idle_in_transaction_session_timeout", "77", "10000"),
    ("idle_session_timeout", "77", "0"),
    ("synchronous_commit", "off", "on"),
    ("row_security", "on", "off"),
    ("session_replication_role", "replica", "origin"),
    ("standard_conforming_strings", "off", "on"),
    ("transform_null_equals", "on", "off"),
    ("client_encoding", "LATIN1", "UTF8"),
    ("datestyle", "SQL, DMY", "ISO, MDY"),
    ("intervalstyle", "sql_standard", "postgres"),
    ("timezone", "Asia/Tokyo", "UTC"),
    ("bytea_output", "escape", "hex"),
    ("jit", "on", "off"),
];

/// Notes the settings of the session that claims a partition. The trigger fires always, whatever `session_replication_role` says.
const NOTE: &str = "
create table seen (name text, setting text);
create function note() returns trigger language plpgsql as $$
begin
    insert into seen select lower(name), setting from pg_settings;
    return null;
end $$;
create trigger note after insert on consumer_offsets execute function note();
alter table consumer_offsets enable always trigger note;";

#[test]
fn every_setting_that_the_argument_rests_on_is_set_for_each_session() {
    let changes: Vec<String> =
        SETTINGS.iter().map(|(name, elsewhere, _)| format!("set {name} = '{}'", elsewhere.replace(", ", "', '"))).collect();
    let fresh = Fresh::altered("settings", &changes.iter().map(String::as_str).collect::<Vec<_>>());
    fresh.sql(NOTE);
    fresh.claim(0);
    let seen = seen(&fresh);
    let wanted: Vec<(String, String)> = SETTINGS.iter().map(|(name, _, ours)| ((*name).to_owned(), (*ours).to_owned())).collect();
    let found: Vec<(String, String)> = wanted.iter().map(|(name, _)| (name.clone(), seen[name].clone())).collect();
    assert_eq!(found, wanted);
}

fn seen(fresh: &Fresh) -> HashMap<String, String> {
    fresh.runtime.block_on(async {
        let mut connection = PgConnection::connect(&fresh.url).await.unwrap();
        let rows: Vec<(String, String)> = sqlx::query_as("select name, setting from seen").fetch_all(&mut connection).await.unwrap();
        rows.into_iter().collect()
    })
}

#[test]
fn a_policy_that_hides_rows_is_an_error_and_not_a_table_without_them() {
    let fresh = Fresh::altered("hidden", &["owner to orderstream"]);
    let claim = fresh.claim(0);
    fresh.apply(&claim, &batch(0, 1, vec![put(1, 5, at(0, 0, 10))], vec![])).unwrap();
    fresh.sql("grant all on all tables in schema public to orderstream; alter table results enable row level security");
    let url = fresh.url.replace("postgres:postgres@", "orderstream:orderstream@");
    let (statement_timeout, lock_timeout) = (Duration::from_secs(5), Duration::from_secs(5));
    let config = StoreConfig { url: url.into(), max_connections: 2, statement_timeout, lock_timeout };
    let states = fresh.runtime.block_on(async { Results::new(&config).unwrap().states(&[1]).await });
    let error = states.unwrap_err();
    assert_eq!(error.sqlstate().as_deref(), Some("42501"), "{error}");
}

/// Makes a database that the role orderstream owns, in which the role's sessions have these settings.
fn own_database(shop: &Shop, name: &str, settings: &[&str]) -> String {
    shop.sql(&format!("drop database if exists {name} with (force)"));
    shop.sql(&format!("create database {name} owner orderstream"));
    for setting in settings {
        shop.sql(&format!("alter role orderstream in database {name} set {setting}"));
    }
    shop.stack().orderstream_database_url().trim_end_matches("orders").to_owned() + name
}

#[test]
fn check_names_each_setting_and_says_which_another_one_would_have_been() {
    let shop = Shop::closed();
    let url = own_database(&shop, "told", &["default_transaction_isolation = 'serializable'", "synchronous_commit = 'off'"]);
    let output = shop.orderstream(&["check"], &[("DATABASE_URL", &url), ("HTTP_LISTEN", "127.0.0.1:1")]);
    let told = String::from_utf8(output.stdout).unwrap();
    for part in [
        "settings of its sessions: ",
        "default_transaction_isolation = read committed",
        "search_path = \"$user\", public",
        "session_replication_role = origin",
        "default_transaction_isolation is serializable for this server, database or role; orderstream's sessions have read committed",
        "synchronous_commit is off for this server, database or role; orderstream's sessions have on",
    ] {
        assert!(told.contains(part), "{part} is not in\n{told}");
    }
    shop.sql("drop database told with (force)");
}

#[test]
fn a_setting_that_the_role_may_not_change_is_refused_in_one_sentence() {
    let mut shop = Shop::closed();
    let url = own_database(&shop, "refused", &["session_replication_role = 'replica'"]);
    let sentence = "the setting session_replication_role is replica for this server, database or role, orderstream needs origin";
    shop.refuses_database(&url, sentence);
    shop.sql("drop database refused with (force)");
}
