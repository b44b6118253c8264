//! Errors of the real Postgres (P6, P7): each error gets the right class, and the same batch goes through when the cause is gone.

use std::time::Duration;

use ledger::{Class, StoreConfig, StoreError};
use orderstream::results::ApplyError;
use orderstream::results::batch::Batch;
use sqlx::{Connection, Executor, PgConnection};

use crate::shop::fresh::{Fresh, at, batch, put};

/// A batch of two orders, of which the first has been written before.
fn two() -> Batch {
    batch(1, 3, vec![put(1, 6, at(0, 1, 11)), put(2, 6, at(0, 2, 12))], vec![])
}

/// A database with order 1 and short timeouts, and the claim of its partition.
fn with_an_order(name: &str) -> (Fresh, ledger::Claim) {
    let timeouts = |url: String| StoreConfig {
        url: url.into(),
        max_connections: 3,
        statement_timeout: Duration::from_secs(3),
        lock_timeout: Duration::from_millis(2_500),
    };
    let fresh = Fresh::with(name, timeouts);
    let claim = fresh.claim(0);
    fresh.apply(&claim, &batch(0, 1, vec![put(1, 5, at(0, 0, 10))], vec![])).unwrap();
    (fresh, claim)
}

#[track_caller]
fn error(outcome: Result<orderstream::results::Applied, ApplyError>) -> StoreError {
    match outcome {
        Err(ApplyError::Store(error)) => error,
        other => panic!("{other:?}"),
    }
}

#[track_caller]
fn is(error: &StoreError, sqlstate: &str, class: Class) {
    assert_eq!((error.sqlstate().as_deref(), error.class()), (Some(sqlstate), class), "{error}");
}

/// Makes the cause, checks the error, takes the cause away, and applies the batch.
#[track_caller]
fn passes(name: &str, cause: &'static str, sqlstate: &str, class: Class, remedy: &'static str) {
    let (fresh, claim) = with_an_order(name);
    fresh.sql(cause);
    is(&error(fresh.apply(&claim, &two())), sqlstate, class);
    assert_eq!(fresh.number("select next_offset from consumer_offsets"), 1, "the offset moved without its batch (P3)");
    fresh.sql(remedy);
    // The first try may fail, because the connection of the error may have kept a setting or a plan.
    let again = fresh.apply(&claim, &two()).or_else(|_| fresh.apply(&claim, &two())).unwrap();
    assert_eq!((again.fates.applied, fresh.live(1), fresh.live(2)), (2, Some(6), Some(6)));
}

#[test]
fn a_missing_table_waits_for_an_operator() {
    passes("no_table", "alter table results rename to gone", "42P01", Class::Ours, "alter table gone rename to results");
}

#[test]
fn a_missing_column_waits_for_an_operator() {
    passes(
        "no_column",
        "alter table results rename column status to state",
        "42703",
        Class::Ours,
        "alter table results rename column state to status",
    );
}

#[test]
fn a_statement_that_takes_too_long_is_tried_in_halves() {
    let slow = "
        create function slow() returns trigger language plpgsql as $$ begin perform pg_sleep(10); return new; end $$;
        create trigger slow before insert on results for each row execute function slow()";
    let (fresh, claim) = with_an_order("slow");
    fresh.sql(slow);
    let error = error(fresh.apply(&claim, &two()));
    is(&error, "57014", Class::Contention);
    assert!(error.is_too_slow());
    fresh.sql("drop trigger slow on results");
    fresh.apply(&claim, &two()).unwrap();
}

#[test]
fn a_row_that_another_holds_is_waited_for_and_tried_again() {
    let (fresh, claim) = with_an_order("locked");
    let mut holder = fresh.runtime.block_on(PgConnection::connect(&fresh.url)).unwrap();
    fresh.runtime.block_on(holder.execute("begin; select from results where order_id = 1 for update")).unwrap();
    is(&error(fresh.apply(&claim, &two())), "55P03", Class::Contention);
    fresh.runtime.block_on(holder.execute("rollback")).unwrap();
    fresh.apply(&claim, &two()).unwrap();
}

#[test]
fn of_two_that_wait_for_each_other_one_is_told_and_tries_again() {
    let (fresh, claim) = with_an_order("deadlock");
    fresh.apply(&claim, &two()).unwrap();
    let both = batch(3, 5, vec![put(1, 7, at(0, 3, 21)), put(2, 7, at(0, 4, 22))], vec![]);
    let mut other = fresh.runtime.block_on(PgConnection::connect(&fresh.url)).unwrap();
    let first = fresh.runtime.block_on(async {
        // The session that reaches its `deadlock_timeout` first looks for a deadlock and gets the error, so the other session gets a long
        // timeout.
        other.execute("set deadlock_timeout = '60s'; begin; select from results where order_id = 2 for update").await.unwrap();
        let crossing = async {
            let blocked = "select count(*) from pg_stat_activity where datname = 'deadlock' and wait_event_type = 'Lock'";
            let mut look = PgConnection::connect(&fresh.url).await.unwrap();
            while sqlx::query_scalar::<_, i64>(blocked).fetch_one(&mut look).await.unwrap() == 0 {
                tokio::task::yield_now().await;
            }
            other.execute("select from results where order_id = 1 for update").await
        };
        let (applied, crossed) = tokio::join!(fresh.results.apply(&claim, &both), crossing);
        crossed.unwrap();
        other.execute("rollback").await.unwrap();
        applied
    });
    is(&error(first), "40P01", Class::Contention);
    fresh.apply(&claim, &both).unwrap();
    assert_eq!((fresh.live(1), fresh.live(2)), (Some(7), Some(7)));
}

#[test]
fn a_server_that_became_read_only_is_left_for_another_connection() {
    let (fresh, claim) = with_an_order("read_only");
    fresh.sql("alter database read_only set default_transaction_read_only = on");
    fresh.sql("select pg_terminate_backend(pid) from pg_stat_activity where datname = 'read_only' and pid <> pg_backend_pid()");
    let outcome = fresh.apply(&claim, &two());
    assert_eq!(error(outcome).class(), Class::Connection, "the terminated connection");
    is(&error(fresh.apply(&claim, &two())), "25006", Class::Connection);
    // The server answers, and is of no use.
    is(&fresh.runtime.block_on(fresh.results.ledger.ping()).unwrap_err(), "25006", Class::Connection);
    fresh.stack.psql("alter database read_only reset default_transaction_read_only").unwrap();
    fresh.runtime.block_on(fresh.results.ledger.ping()).unwrap();
    fresh.apply(&claim, &two()).unwrap();
}

#[test]
fn a_value_that_a_changed_column_cannot_hold_costs_its_record() {
    let (fresh, claim) = with_an_order("range");
    fresh.sql("drop view order_analytics, customer_analytics; alter table results alter column quantity type smallint");
    let batch = batch(1, 3, vec![put(1, 6, at(0, 1, 11)), put(2, 40_000, at(0, 2, 12))], vec![]);
    // The first error may be that the plan is outdated, and a new connection has no plan.
    let first = error(fresh.apply(&claim, &batch));
    let found = if first.class() == Class::Row { first } else { error(fresh.apply(&claim, &batch)) };
    is(&found, "22003", Class::Row);
    let refused = fresh.runtime.block_on(fresh.results.find_refused(&batch)).unwrap();
    assert_eq!(refused.iter().map(|(record, _)| *record).collect::<Vec<_>>(), [2]);
}

/// Checks the class of an error that comes before there is a connection.
#[track_caller]
fn refused_at_the_door(url: String, sqlstate: &str, class: Class) {
    let config = StoreConfig {
        url: url.into(),
        max_connections: 2,
        statement_timeout: Duration::from_secs(3),
        lock_timeout: Duration::from_secs(1),
    };
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let refused = runtime.block_on(async { orderstream::results::Results::new(&config).unwrap().rows().await.unwrap_err() });
    is(&refused, sqlstate, class);
}

#[test]
fn a_wrong_password_a_missing_database_and_a_full_server_are_told_apart() {
    let (fresh, _) = with_an_order("door");
    let as_role = fresh.url.replace("postgres:postgres@", "orderstream:orderstream@");
    refused_at_the_door(as_role.replace(":orderstream@", ":wrong@"), "28P01", Class::Ours);
    refused_at_the_door(as_role.replace("/door", "/no_such_database"), "3D000", Class::Ours);
    fresh.sql("alter database door connection limit 0");
    refused_at_the_door(as_role, "53300", Class::Contention);
}
