//! A standby takes over (P2, P3, P8, P10).
//!
//! A synchronous one that hangs: nothing counts as committed before the standby has it. The server ends its own timer of a statement before it waits for the standby, so that no timeout ends that wait and lets COMMIT succeed
//! with a warning; the deadline here gives the connection up, and the ledger decides.
//!
//! An asynchronous one lacks the last commits: what they were about is processed again, also where no further record comes.

use std::ops::Range;
use std::time::{Duration, Instant};

use stack::OtherPostgres;
use stack::wait::{Attempt, until};

use crate::shop::poison::event;
use crate::shop::topic::Sent;
use crate::shop::{PATIENCE, Shop};

/// A database of Redis that only these tests use.
const REDIS_DATABASE: i64 = 4;

const STATEMENT_TIMEOUT: Duration = Duration::from_secs(1);

const COMMITTED: &str = "select coalesce(sum(next_offset), 0) from consumer_offsets where topic like '%.orders'";

const ROWS: &str = "select count(*), count(distinct order_id), sum(quantity) from results";

fn redis(shop: &Shop) -> redis::Connection {
    let mut connection = shop.redis().unwrap();
    redis::cmd("SELECT").arg(REDIS_DATABASE).exec(&mut connection).unwrap();
    connection
}

fn hashes(shop: &Shop) -> usize {
    let keys: Vec<String> = redis::cmd("KEYS").arg("order:*").query(&mut redis(shop)).unwrap();
    keys.len()
}

fn await_sql(postgres: &OtherPostgres, query: &str, expected: &str) {
    let look = || match postgres.psql(query) {
        Ok(found) if found.trim() == expected => Attempt::Ready(()),
        other => Attempt::NotYet(format!("it is {other:?}")),
    };
    until(&format!("{query} = {expected}"), PATIENCE, look).unwrap();
}

fn records(orders: Range<i64>) -> Vec<Sent> {
    orders.map(|id| Sent::order(id, event(id).to_string())).collect()
}

#[test]
fn a_commit_that_a_hanging_standby_has_not_got_is_none_and_a_promotion_loses_nothing() {
    let mut shop = Shop::closed();
    let topic = "synchronous.orders";
    shop.stack().create_topic(topic, 1, &[("retention.ms", "-1")]).unwrap();
    redis::cmd("FLUSHDB").exec(&mut redis(&shop)).unwrap();
    let primary = OtherPostgres::start(shop.stack(), "synchronous-primary").unwrap();
    let standby = primary.standby(shop.stack(), "synchronous-standby").unwrap();
    let (url, cache) = (primary.orderstream_database_url(), format!("{}/{REDIS_DATABASE}", shop.stack().redis_url()));
    let number = shop.start_another(&[
        ("DATABASE_URL", &url),
        ("REDIS_URL", &cache),
        ("KAFKA_ORDERS_TOPIC", topic),
        ("DATABASE_STATEMENT_TIMEOUT_MS", "1000"),
        ("DATABASE_LOCK_TIMEOUT_MS", "500"),
        ("HEALTH_STALL_SECONDS", "2"),
    ]);
    let send = |orders: Range<i64>| shop.topics().send(topic, &records(orders));
    send(0..100);
    await_sql(&primary, COMMITTED, "100");
    primary.psql("alter system set synchronous_standby_names = '*'").unwrap();
    primary.psql("select pg_reload_conf()").unwrap();
    await_sql(&primary, "select count(*) from pg_stat_replication where sync_state = 'sync'", "1");
    shop.await_that("the hashes are there", || hashes(&shop) == 100);

    standby.service().pause().unwrap();
    send(100..200);
    await_sql(&primary, "select count(*) > 0 from pg_stat_activity where wait_event = 'SyncRep'", "t");
    let began = Instant::now();
    shop.await_that("several timeouts have passed", || began.elapsed() > 5 * STATEMENT_TIMEOUT);
    assert_eq!((primary.psql(COMMITTED).unwrap().trim(), hashes(&shop)), ("100", 100));
    shop.process(number).await_readiness(503, "");

    // The standby never gets them.
    primary.service().kill();
    let standby = standby.in_place_of(shop.stack(), &primary).unwrap();
    standby.psql("select pg_promote()").unwrap();
    await_sql(&standby, COMMITTED, "200");
    await_sql(&standby, ROWS, "200|200|200");
    shop.await_that("every hash is there", || hashes(&shop) == 200);
    shop.process(number).await_readiness(200, "ok");
    shop.process(number).service().stop().unwrap();
    redis::cmd("FLUSHDB").exec(&mut redis(&shop)).unwrap();
}

#[test]
fn what_an_asynchronous_standby_lacks_is_processed_again_though_no_further_record_comes() {
    let mut shop = Shop::closed();
    let topic = "asynchronous.orders";
    shop.stack().create_topic(topic, 2, &[("retention.ms", "-1")]).unwrap();
    redis::cmd("FLUSHDB").exec(&mut redis(&shop)).unwrap();
    let primary = OtherPostgres::start(shop.stack(), "asynchronous-primary").unwrap();
    let standby = primary.standby(shop.stack(), "asynchronous-standby").unwrap();
    let (url, cache) = (primary.orderstream_database_url(), format!("{}/{REDIS_DATABASE}", shop.stack().redis_url()));
    let number = shop.start_another(&[("DATABASE_URL", &url), ("REDIS_URL", &cache), ("KAFKA_ORDERS_TOPIC", topic)]);
    shop.topics().send(topic, &records(0..100));
    await_sql(&primary, COMMITTED, "100");
    await_sql(&standby, COMMITTED, "100");

    standby.service().stop().unwrap();
    shop.topics().send(topic, &records(100..200));
    await_sql(&primary, COMMITTED, "200");
    shop.await_that("every hash is there", || hashes(&shop) == 200);

    primary.service().kill();
    let standby = standby.in_place_of(shop.stack(), &primary).unwrap();
    standby.psql("select pg_promote()").unwrap();
    await_sql(&standby, COMMITTED, "200");
    await_sql(&standby, ROWS, "200|200|200");
    let process = shop.process(number).service();
    assert!(process.log_tail(100).contains("Postgres has lost its last commits"), "{}", process.log_tail(100));
    shop.process(number).await_readiness(200, "ok");
    process.stop().unwrap();
    redis::cmd("FLUSHDB").exec(&mut redis(&shop)).unwrap();
}

fn change(number: i64) -> Vec<Sent> {
    let of = |id| {
        let mut event = event(id);
        event["op"] = "u".into();
        event["after"]["quantity"] = number.into();
        event["source"]["sequence"] = format!(r#"["{number}","{number}"]"#).into();
        event["source"]["lsn"] = number.into();
        Sent::order(id, event.to_string())
    };
    (0..20).map(of).collect()
}

/// As while Redis is made whole: its progress is behind what it has.
#[test]
fn hashes_ahead_of_a_standby_are_written_again_though_redis_says_little_of_its_progress() {
    let mut shop = Shop::closed();
    let topic = "ahead.orders";
    shop.stack().create_topic(topic, 1, &[("retention.ms", "-1")]).unwrap();
    redis::cmd("FLUSHDB").exec(&mut redis(&shop)).unwrap();
    let primary = OtherPostgres::start(shop.stack(), "ahead-primary").unwrap();
    let standby = primary.standby(shop.stack(), "ahead-standby").unwrap();
    let (url, cache) = (primary.orderstream_database_url(), format!("{}/{REDIS_DATABASE}", shop.stack().redis_url()));
    let number = shop.start_another(&[("DATABASE_URL", &url), ("REDIS_URL", &cache), ("KAFKA_ORDERS_TOPIC", topic)]);
    let quantities = |quantity: i64| {
        let mut redis = redis(&shop);
        let of = |id| redis::cmd("HGET").arg(format!("order:{id}")).arg("quantity").query::<Option<i64>>(&mut redis).unwrap();
        (0..20).map(of).all(|found| found == Some(quantity))
    };
    shop.topics().send(topic, &change(1));
    shop.await_that("the first state is there", || quantities(1));
    await_sql(&standby, COMMITTED, "20");

    let swept: i64 = standby.psql("select coalesce(max(number), 0) from sweeps").unwrap().trim().parse().unwrap();
    standby.service().stop().unwrap();
    // Each change takes revisions of its own; those that come again come in one batch.
    for quantity in 2..8 {
        shop.topics().send(topic, &change(quantity));
        shop.await_that("the next state is there", || quantities(quantity));
    }
    let (field, at) = (format!("{topic}:0"), |number: i64| format!("{:010}:{number:020}", 0));
    for (key, number) in [("orderstream:progress", 10), ("orderstream:swept", swept)] {
        redis::cmd("HSET").arg(key).arg(&field).arg(at(number)).exec(&mut redis(&shop)).unwrap();
    }
    primary.service().kill();
    let standby = standby.in_place_of(shop.stack(), &primary).unwrap();
    standby.psql("select pg_promote()").unwrap();
    await_sql(&standby, COMMITTED, "140");
    shop.topics().send(topic, &change(8));
    shop.await_that("the last state is there", || quantities(8));
    shop.process(number).service().stop().unwrap();
    redis::cmd("FLUSHDB").exec(&mut redis(&shop)).unwrap();
}
