//! A primary of Postgres that dies under a burst with one of two synchronous standbys behind it, and a primary that comes back after a
//! standby has taken its place (P3, P4, P9).

use stack::OtherPostgres;
use stack::proxy::Proxy;
use stack::wait::{Attempt, until};
use tokio::runtime::Runtime;

use crate::failover::{COMMITTED, REDIS_DATABASE, ROWS, await_sql, end, hashes, records, redis};
use crate::shop::{PATIENCE, Shop};

/// A shop in which nothing is yet, with a topic of orders with one partition.
fn shop(topic: &str) -> Shop {
    let shop = Shop::closed();
    shop.stack().create_topic(topic, 1, &[("retention.ms", "-1")]).unwrap();
    redis::cmd("FLUSHDB").exec(&mut redis(&shop)).unwrap();
    shop
}

fn start(shop: &mut Shop, database: &str, topic: &str) -> usize {
    let cache = format!("{}/{REDIS_DATABASE}", shop.stack().redis_url());
    shop.start_another(&[
        ("DATABASE_URL", database),
        ("REDIS_URL", &cache),
        ("KAFKA_ORDERS_TOPIC", topic),
        ("BATCH_MAX_RECORDS", "50"),
        ("HEALTH_STALL_SECONDS", "2"),
    ])
}

/// How far the process itself knows that its commits have succeeded.
fn acknowledged(shop: &Shop, number: usize) -> i64 {
    let Some((_, body)) = shop.process(number).get("/status") else { return 0 };
    let status: serde_json::Value = serde_json::from_str(&body).unwrap();
    let partitions = status["partitions"].as_array().unwrap().iter();
    let orders = partitions.filter(|partition| partition["topic"].as_str().unwrap().ends_with(".orders"));
    orders.filter_map(|partition| partition["next_offset"].as_i64()).sum()
}

#[test]
fn of_two_standbys_one_has_every_commit_that_was_acknowledged_before_the_primary_was_killed() {
    const ORDERS: i64 = 5_000;
    let topic = "any-one.orders";
    let mut shop = shop(topic);
    let primary = OtherPostgres::start(shop.stack(), "any-one-primary").unwrap();
    let standbys = ["any-one-first", "any-one-second"].map(|name| primary.standby(shop.stack(), name).unwrap());
    primary.psql("alter system set synchronous_standby_names = 'ANY 1 (*)'").unwrap();
    primary.psql("select pg_reload_conf()").unwrap();
    await_sql(&primary, "select count(*) from pg_stat_replication where sync_state = 'quorum'", "2");
    let number = start(&mut shop, &primary.orderstream_database_url(), topic);

    shop.topics().send(topic, &records(0..ORDERS));
    shop.await_that("the burst is under way", || acknowledged(&shop, number) > ORDERS / 10);
    primary.service().kill();
    let acknowledged = acknowledged(&shop, number);
    assert!(acknowledged < ORDERS, "the primary was killed in the middle of the burst");

    // Whoever promotes takes the standby that has received most. That one has to have what was acknowledged before anybody writes again.
    let received = "select coalesce(pg_wal_lsn_diff(pg_last_wal_receive_lsn(), '0/0'), 0)";
    let [first, second] = standbys.map(|standby| (standby.psql(received).unwrap().trim().parse::<i64>().unwrap(), standby));
    let (_, ahead) = if first.0 >= second.0 { first } else { second };
    await_sql(&ahead, "select pg_last_wal_replay_lsn() >= pg_last_wal_receive_lsn()", "t");
    let committed: i64 = ahead.psql(COMMITTED).unwrap().trim().parse().unwrap();
    assert!(committed >= acknowledged, "{committed} of {acknowledged} acknowledged");

    let standby = ahead.in_place_of(shop.stack(), &primary).unwrap();
    standby.psql("select pg_promote()").unwrap();
    await_sql(&standby, COMMITTED, &ORDERS.to_string());
    await_sql(&standby, ROWS, &format!("{ORDERS}|{ORDERS}|{ORDERS}"));
    shop.await_that("every hash is there", || hashes(&shop) == usize::try_from(ORDERS).unwrap());
    let log = shop.process(number).service().log_tail(400);
    assert!(!log.contains("has lost its last commits"), "{log}");
    shop.process(number).await_readiness(200, "ok");
    end(&shop, number);
}

#[test]
fn an_old_primary_that_comes_back_at_the_address_gets_no_write_and_nothing_is_lost() {
    let topic = "old-primary.orders";
    let runtime = Runtime::new().unwrap();
    let mut shop = shop(topic);
    let old = OtherPostgres::start(shop.stack(), "old-primary").unwrap();
    let new = old.standby(shop.stack(), "new-primary").unwrap();
    let address = Proxy::start(runtime.handle(), old.port()).unwrap();
    let url = old.orderstream_database_url().replace(&old.port().to_string(), &address.port().to_string());
    let number = start(&mut shop, &url, topic);
    shop.topics().send(topic, &records(0..100));
    await_sql(&old, COMMITTED, "100");
    await_sql(&new, COMMITTED, "100");

    // The old primary was not fenced: it takes writes as ever, and nobody has told it of the new one.
    new.psql("select pg_promote()").unwrap();
    await_sql(&new, "select pg_is_in_recovery()", "f");
    address.lead_to(new.port());
    shop.topics().send(topic, &records(100..200));
    await_sql(&new, COMMITTED, "200");
    address.lead_to(old.port());
    shop.topics().send(topic, &records(200..300));
    shop.process(number).await_readiness(503, "an old primary answers at the address of Postgres");
    until("the process tries again and again", PATIENCE, || {
        Attempt::when(shop.process(number).metric(r#"orderstream_postgres_errors_total{class="connection"}"#) > 3)
    })
    .unwrap();
    assert_eq!(old.psql(COMMITTED).unwrap().trim(), "100", "nothing is written there");

    address.lead_to(new.port());
    await_sql(&new, COMMITTED, "300");
    await_sql(&new, ROWS, "300|300|300");
    shop.await_that("every hash is there", || hashes(&shop) == 300);
    let log = shop.process(number).service().log_tail(400);
    assert!(!log.contains("has lost its last commits"), "{log}");
    shop.process(number).await_readiness(200, "ok");
    end(&shop, number);
}
