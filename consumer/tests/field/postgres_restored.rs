//! A Postgres that has lost its last commits: restored from a backup, or taken over by a standby that lacks them (P2, P5, P8).

use stack::wait::{Attempt, until};

use crate::shop::poison::event;
use crate::shop::topic::Sent;
use crate::shop::{PATIENCE, Shop};

/// A database of Redis that only these tests use.
const REDIS_DATABASE: i64 = 3;

const ORDERS: i64 = 20;

/// The change number `number` of each order, which sets the quantity to `number`.
fn change(number: i64) -> Vec<Sent> {
    let of = |id| {
        let mut event = event(id);
        event["op"] = if number == 1 { "c".into() } else { "u".into() };
        event["after"]["quantity"] = number.into();
        event["source"]["sequence"] = format!(r#"["{number}","{number}"]"#).into();
        event["source"]["lsn"] = number.into();
        Sent::order(id, event.to_string())
    };
    (0..ORDERS).map(of).collect()
}

fn redis(shop: &Shop) -> redis::Connection {
    let mut connection = shop.redis().unwrap();
    redis::cmd("SELECT").arg(REDIS_DATABASE).exec(&mut connection).unwrap();
    connection
}

/// Waits until every order has this quantity in Redis.
fn await_hashes(shop: &Shop, quantity: i64) {
    let mut redis = redis(shop);
    let look = || {
        let mut hashes = redis::pipe();
        for id in 0..ORDERS {
            hashes.hget(format!("order:{id}"), "quantity");
        }
        let found: Vec<Option<i64>> = hashes.query(&mut redis).unwrap();
        if found.iter().all(|found| *found == Some(quantity)) {
            Attempt::Ready(())
        } else {
            Attempt::NotYet(format!("they have {found:?}"))
        }
    };
    until(&format!("every hash has quantity {quantity}"), PATIENCE, look).unwrap();
}

#[test]
fn after_a_backup_was_restored_every_hash_follows_its_row_again() {
    let mut shop = Shop::closed();
    for database in ["restored", "backup"] {
        shop.sql(&format!("drop database if exists {database} with (force)"));
    }
    shop.sql("create database restored owner orderstream");
    let topic = "restored.orders";
    shop.stack().create_topic(topic, 2, &[("retention.ms", "-1")]).unwrap();
    redis::cmd("FLUSHDB").exec(&mut redis(&shop)).unwrap();
    let database = shop.stack().orderstream_database_url().trim_end_matches("orders").to_owned() + "restored";
    let cache = format!("{}/{REDIS_DATABASE}", shop.stack().redis_url());
    let settings = [("DATABASE_URL", database.as_str()), ("REDIS_URL", &cache), ("KAFKA_ORDERS_TOPIC", topic)];

    let first = shop.start_another(&settings);
    shop.topics().send(topic, &change(1));
    await_hashes(&shop, 1);
    shop.process(first).service().stop().unwrap();
    shop.sql("create database backup template restored owner orderstream");

    // Each change is a batch, and so takes revisions of its own.
    let second = shop.start_another(&settings);
    for number in 2..6 {
        shop.topics().send(topic, &change(number));
        await_hashes(&shop, number);
    }
    shop.process(second).service().stop().unwrap();
    shop.sql("drop database restored with (force)");
    shop.sql("create database restored template backup owner orderstream");

    // The changes that come again come in one batch, which takes fewer revisions than Redis has seen.
    let third = shop.start_another(&settings);
    shop.topics().send(topic, &change(6));
    await_hashes(&shop, 6);
    assert!(shop.process(third).service().log_tail(100).contains("Redis is ahead of Postgres"));
    shop.topics().send(topic, &change(7));
    await_hashes(&shop, 7);
    shop.process(third).service().stop().unwrap();
    redis::cmd("FLUSHDB").exec(&mut redis(&shop)).unwrap();
    for database in ["restored", "backup"] {
        shop.sql(&format!("drop database {database} with (force)"));
    }
}
