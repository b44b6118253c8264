//! A pooler between orderstream and Postgres (P4, P10, P12).

use sqlx::{Connection, Executor, PgConnection};
use stack::{PgBouncer, Pooling};

use crate::shop::Shop;

const LIMITS: [(&str, &str); 2] = [("DATABASE_LOCK_TIMEOUT_MS", "400"), ("DATABASE_STATEMENT_TIMEOUT_MS", "7000")];

#[test]
fn behind_a_pooler_of_sessions_everything_works_with_all_limits_in_force() {
    let mut shop = Shop::closed();
    let pooler = PgBouncer::start(shop.stack(), Pooling::Session).unwrap();
    let url = pooler.orderstream_database_url("orders");
    let settings = [LIMITS[0], LIMITS[1], ("DATABASE_URL", &url)];
    let number = shop.start_another(&settings);
    let output = shop.orderstream(&["check"], &[LIMITS[0], LIMITS[1], ("DATABASE_URL", &url), ("HTTP_LISTEN", "127.0.0.1:1")]);
    let told = String::from_utf8(output.stdout).unwrap();
    for part in ["lock_timeout = 400", "statement_timeout = 7000", "idle_in_transaction_session_timeout = 10000"] {
        assert!(told.contains(part), "{part} is not in\n{told}");
    }
    shop.orders("POOLED", 200);
    shop.await_everything_right();

    // A held lock shows that the limit on waits for locks works.
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let mut holder = runtime.block_on(PgConnection::connect(&shop.stack().database_url())).unwrap();
    runtime.block_on(holder.execute("begin; lock table results in access exclusive mode")).unwrap();
    shop.orders("POOLED", 200);
    let process = shop.process(number).service();
    shop.await_that("the wait for a lock is given up", || process.log_tail(50).contains("SQLSTATE 55P03"));
    runtime.block_on(holder.execute("rollback")).unwrap();
    shop.await_everything_right();
    shop.clear("POOLED");
}

/// Checks that `check` and `run` refuse the pooler in one sentence, and that `run` ends.
#[track_caller]
fn is_refused(pooling: Pooling) {
    let mut shop = Shop::closed();
    let pooler = PgBouncer::start(shop.stack(), pooling).unwrap();
    let url = pooler.orderstream_database_url("orders");
    let sentence = "a pooler on the way to Postgres gives each transaction or statement another session; orderstream needs its own: set \
                    pool_mode = session";
    shop.refuses_database(&url, sentence);
}

#[test]
fn a_pooler_of_transactions_is_refused_in_one_sentence() {
    is_refused(Pooling::Transaction);
}

#[test]
fn a_pooler_of_statements_is_refused_in_one_sentence() {
    is_refused(Pooling::Statement);
}
