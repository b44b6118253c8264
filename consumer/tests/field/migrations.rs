//! Migrations of tables that are large or in use (P9, P10, P12).

use std::borrow::Cow;
use std::time::{Duration, Instant};

use ledger::StoreConfig;
use orderstream::results::Results;
use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection, SqlSafeStr};
use tokio::runtime::Runtime;

use crate::shop::Shop;

/// A database of the test's own, which the role orderstream owns.
struct Own {
    name: &'static str,
    shop: Shop,
    runtime: Runtime,
}

impl Own {
    fn new(name: &'static str) -> Self {
        let shop = Shop::closed();
        shop.sql(&format!("drop database if exists {name} with (force)"));
        shop.sql(&format!("create database {name} owner orderstream"));
        Self { name, shop, runtime: Runtime::new().unwrap() }
    }

    fn url(&self) -> String {
        self.shop.stack().orderstream_database_url().trim_end_matches("orders").to_owned() + self.name
    }

    /// A session of the superuser.
    fn connect(&self) -> PgConnection {
        let url = self.shop.stack().database_url().trim_end_matches("orders").to_owned() + self.name;
        self.runtime.block_on(PgConnection::connect(&url)).unwrap()
    }

    fn sql(&self, statements: &str) {
        let mut connection = self.connect();
        self.runtime.block_on(connection.execute(AssertSqlSafe(statements.to_owned()))).unwrap();
    }

    /// Whether `orderstream migrate` succeeds, and what it prints.
    fn migrate(&self, settings: &[(&str, &str)]) -> (bool, String) {
        let url = self.url();
        let settings: Vec<(&str, &str)> = settings.iter().copied().chain([("DATABASE_URL", url.as_str())]).collect();
        let output = self.shop.orderstream(&["migrate"], &settings);
        (output.status.success(), String::from_utf8([output.stdout, output.stderr].concat()).unwrap())
    }
}

impl Drop for Own {
    fn drop(&mut self) {
        self.shop.stack().psql(&format!("drop database if exists {} with (force)", self.name)).ok();
    }
}

/// Makes a migration slow, as the build of an index on a large table would.
const SLOW: &str = "
create function slow() returns event_trigger language plpgsql as $$ begin perform pg_sleep(1.5); end $$;
create event trigger slow on ddl_command_start when tag in ('CREATE VIEW') execute function slow();";

#[test]
fn a_migration_takes_longer_than_a_statement_may_and_says_what_it_does() {
    let own = Own::new("slow");
    own.sql(SLOW);
    let (succeeds, told) = own.migrate(&[("DATABASE_STATEMENT_TIMEOUT_MS", "1000"), ("DATABASE_LOCK_TIMEOUT_MS", "500")]);
    assert!(succeeds, "{told}");
    assert!(told.contains("A migration of the tables begins") && told.contains("The migration is done"), "{told}");
}

/// Brings the table back to what it was before the migration that changes it.
const UNDO: &str = "
alter table consumer_offsets drop column last_offset, drop column last_ms, add column topic_id text;
delete from _sqlx_migrations where version = 6;";

#[test]
fn a_migration_of_a_table_in_use_waits_without_holding_others_up() {
    let own = Own::new("in_use");
    assert!(own.migrate(&[]).0);
    own.sql(UNDO);
    let (mut holder, mut reader) = (own.connect(), own.connect());
    own.runtime.block_on(holder.execute("begin; select count(*) from consumer_offsets")).unwrap();
    std::thread::scope(|scope| {
        let migrating = scope.spawn(|| own.migrate(&[]));
        let waits = "select count(*) from pg_stat_activity where datname = 'in_use' and wait_event_type = 'Lock'";
        own.shop.await_at_least(waits, 1);
        for _ in 0..3 {
            let began = Instant::now();
            own.runtime.block_on(reader.execute("select count(*) from consumer_offsets")).unwrap();
            assert!(began.elapsed() < Duration::from_secs(4), "a reader was held up for {:?}", began.elapsed());
            own.shop.await_at_least(waits, 1);
        }
        own.runtime.block_on(holder.execute("commit")).unwrap();
        let (succeeds, told) = migrating.join().unwrap();
        assert!(succeeds && told.contains("it is tried again and holds nobody up meanwhile"), "{told}");
    });
}

#[test]
fn an_index_whose_making_ended_early_is_made_anew() {
    let own = Own::new("left_over");
    own.sql("create table probe (value int); alter table probe owner to orderstream; insert into probe values (1), (1)");
    let mut connection = own.connect();
    // The values are not unique, so the statement ends with an error, and an invalid index stays behind.
    own.runtime.block_on(connection.execute("create unique index concurrently probe_by_value on probe (value)")).unwrap_err();
    own.sql("alter table probe owner to orderstream");
    let sql = "-- no-transaction\ncreate index concurrently if not exists probe_by_value on probe (value)";
    let migration = Migration::new(1, Cow::Borrowed("probe by value"), MigrationType::Simple, sql.into_sql_str(), true);
    let migrations = Migrator::with_migrations(vec![migration]);
    let (statement_timeout, lock_timeout) = (Duration::from_secs(5), Duration::from_secs(5));
    let results = Results::new(&StoreConfig { url: own.url().into(), max_connections: 2, statement_timeout, lock_timeout }).unwrap();
    own.runtime.block_on(results.ledger.migrate(&migrations)).unwrap();
    let is_valid: bool = own
        .runtime
        .block_on(
            sqlx::query_scalar("select indisvalid from pg_index where indexrelid = 'probe_by_value'::regclass").fetch_one(&mut connection),
        )
        .unwrap();
    assert!(is_valid);
}

#[test]
fn tables_are_not_made_anew_in_a_schema_that_came_to_stand_first() {
    let own = Own::new("two_schemas");
    assert!(own.migrate(&[]).0);
    // The search path begins with a schema of the role's name, if there is one.
    own.sql("create schema authorization orderstream");
    let sentence = "the tables are in schema public, but the search path puts schema orderstream first";
    let (succeeds, told) = own.migrate(&[]);
    assert!(!succeeds && told.contains(sentence), "{told}");
    let output = own.shop.orderstream(&["check"], &[("DATABASE_URL", &own.url()), ("HTTP_LISTEN", "127.0.0.1:1")]);
    let told = String::from_utf8(output.stdout).unwrap();
    assert!(!output.status.success() && told.contains(sentence), "{told}");
}

/// What a newer version leaves behind: a migration that this program does not know, which lets in programs that know this one or later.
fn migrated_by_a_newer_version(own: &Own, oldest_program: Option<i64>) {
    own.sql(
        "insert into _sqlx_migrations (version, description, success, checksum, execution_time) values (9000, 'newer', true, '', 0)
         on conflict do nothing; delete from migration_limits where version = 9000",
    );
    if let Some(oldest) = oldest_program {
        own.sql(&format!("insert into migration_limits values (9000, {oldest})"));
    }
}

#[test]
fn a_program_goes_on_beside_newer_tables_where_they_say_so_and_is_refused_in_a_sentence_where_not() {
    let own = Own::new("newer");
    assert!(own.migrate(&[]).0);
    migrated_by_a_newer_version(&own, Some(21));
    let (succeeds, told) = own.migrate(&[]);
    assert!(succeeds && told.contains("this program may work beside it"), "{told}");
    migrated_by_a_newer_version(&own, Some(9000));
    let (succeeds, told) = own.migrate(&[]);
    assert!(!succeeds && told.contains("need a program that knows migration 9000; start the newer version"), "{told}");
    migrated_by_a_newer_version(&own, None);
    let (succeeds, told) = own.migrate(&[]);
    assert!(!succeeds && told.contains("were migrated by a newer version"), "{told}");
}

#[test]
fn every_migration_notes_which_programs_may_work_beside_it() {
    let own = Own::new("noted");
    assert!(own.migrate(&[]).0);
    let lacking = "select count(*) from _sqlx_migrations m where not exists (select from migration_limits l where l.version = m.version)";
    let mut connection = own.connect();
    let count: i64 = own.runtime.block_on(sqlx::query_scalar(lacking).fetch_one(&mut connection)).unwrap();
    assert_eq!(count, 0);
}
