//! P9: a stall, in which there is a lag and nothing commits, makes `/readyz` fail even if all connections are up.

use sqlx::{Connection, Executor, PgConnection};

use crate::shop::Shop;

#[test]
fn a_lock_that_stops_all_commits_is_told_as_a_stall() {
    let shop = Shop::with(&[("HEALTH_STALL_SECONDS", "2"), ("DATABASE_LOCK_TIMEOUT_MS", "500")]);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let mut holder = runtime.block_on(PgConnection::connect(&shop.stack().database_url())).unwrap();
    runtime.block_on(holder.execute("begin; lock table results in access exclusive mode")).unwrap();
    shop.orders("STALLED", 10);
    shop.process(0).await_readiness(503, "stalled");
    shop.process(0).await_readiness(503, "canceling statement due to lock timeout");
    runtime.block_on(holder.execute("rollback")).unwrap();
    shop.process(0).await_readiness(200, "ok");
    shop.await_everything_right();
}

#[test]
fn a_right_that_is_missing_is_told_and_no_record_becomes_a_dead_letter() {
    let shop = Shop::open();
    shop.sql("revoke insert on results from orderstream");
    shop.orders("RIGHTS", 10);
    shop.process(0).await_readiness(503, "permission denied");
    shop.sql("grant insert on results to orderstream");
    shop.process(0).await_readiness(200, "ok");
    shop.await_sql("select count(*) from results where product_id = 'RIGHTS'", "10");
    shop.await_everything_right();
}

#[test]
fn a_kafka_that_is_gone_is_told() {
    let shop = Shop::open();
    shop.stack().kafka().pause().unwrap();
    shop.process(0).await_readiness(503, "kafka");
    let (status, _) = shop.process(0).get("/livez").unwrap();
    assert_eq!(status, 200, "a restart would not help");
    shop.stack().kafka().resume();
    shop.process(0).await_readiness(200, "ok");
    shop.await_everything_right();
}

#[test]
fn a_redis_that_is_gone_is_told_and_does_not_make_the_process_unready() {
    let shop = Shop::open();
    shop.stack().redis().stop().unwrap();
    shop.process(0).await_readiness(200, "degraded\nredis: down");
    shop.stack().redis().start().unwrap();
    shop.process(0).await_readiness(200, "ok");
    shop.await_everything_right();
}
