//! The first start: orders are on their topic before the customers were read.

use serde_json::json;

use crate::shop::Shop;
use crate::shop::topic::Sent;

const CUSTOMERS: i64 = 20_000;
const ORDERS: i64 = 40;

fn order(id: i64) -> Sent {
    let value = json!({
        "after": { "id": id, "customer_id": "LAST", "product_id": "P1", "quantity": 1, "price": "1.00", "status": "pending" },
        "source": { "snapshot": "false", "sequence": format!("[\"{id}\",\"{id}\"]"), "lsn": id, "ts_ms": 1_795_262_400_000i64 },
        "op": "c",
    });
    Sent::order(id, value.to_string())
}

fn customer(id: &str, lsn: i64) -> Sent {
    let value = json!({
        "after": { "id": id, "name": "Somebody" },
        "source": { "snapshot": "false", "sequence": format!("[\"{lsn}\",\"{lsn}\"]"), "lsn": lsn, "ts_ms": 1_795_262_400_000i64 },
        "op": "c",
    });
    Sent { key: Some(json!({ "id": id }).to_string().into_bytes()), value: Some(value.to_string().into_bytes()), ..Sent::default() }
}

/// Checks that no order becomes a letter: a process that finds nothing in Postgres and Redis reads forty orders of a customer who is the
/// last of twenty thousand on the topic.
fn no_order_becomes_a_letter(name: &str, database_number: u32, setting: (&str, &str)) {
    let mut shop = Shop::closed();
    let (orders, customers) = (format!("{name}.public.orders"), format!("{name}.public.customers"));
    [&orders, &customers].into_iter().for_each(|topic| shop.stack().create_topic(topic, 1, &[]).unwrap());
    let records: Vec<Sent> = (0..CUSTOMERS).map(|n| customer(&format!("C{n}"), n + 1)).chain([customer("LAST", CUSTOMERS + 1)]).collect();
    shop.topics().send(&customers, &records);
    shop.topics().send(&orders, &(1..=ORDERS).map(order).collect::<Vec<_>>());
    shop.sql(&format!("drop database if exists {name} with (force)"));
    shop.sql(&format!("create database {name}"));
    let database = shop.stack().database_url().replace("/orders", &format!("/{name}"));
    let redis = format!("{}/{database_number}", shop.stack().redis_url());
    let settings = [
        ("DATABASE_URL", database.as_str()),
        ("REDIS_URL", &redis),
        ("KAFKA_ORDERS_TOPIC", &orders),
        ("KAFKA_CUSTOMERS_TOPIC", &customers),
        // With small batches the first batches of orders come long before the last customer.
        ("BATCH_MAX_RECORDS", "500"),
        setting,
    ];
    let look = |query: &str| {
        let psql = std::process::Command::new("psql").args(["-XAtc", query, &database]).output().unwrap();
        String::from_utf8(psql.stdout).unwrap().trim().to_owned()
    };
    let number = shop.start_another(&settings);
    let fates = "select applied, dead_lettered from consumer_offsets where topic like '%orders'";
    shop.await_that("every order has its fate", || {
        let fates = look(fates);
        !fates.is_empty() && fates.split('|').map(|count| count.parse::<i64>().unwrap()).sum::<i64>() == ORDERS
    });
    assert_eq!(look(fates), format!("{ORDERS}|0"), "healthy orders became dead letters");
    shop.await_that("every row is complete", || look("select count(*) from results where enrichment = 'complete'") == ORDERS.to_string());
    if setting.0.contains("MISSING") {
        // Every customer that was on the topic at the start has been read, so from now on a customer who is missing does not exist.
        let stranger = order(ORDERS + 1).value.map(|value| String::from_utf8(value).unwrap().replace("LAST", "NOBODY").into());
        shop.topics().send(&orders, &[Sent { value: stranger, ..order(ORDERS + 1) }]);
        shop.await_that("the order of nobody is a letter", || look(fates) == format!("{ORDERS}|1"));
    } else {
        // The same holds with a Redis that was emptied while the process was stopped.
        shop.process(number).service().stop().unwrap();
        redis::cmd("FLUSHDB").exec(&mut redis::Client::open(redis.as_str()).unwrap().get_connection().unwrap()).unwrap();
        shop.topics().send(&orders, &(ORDERS + 1..=2 * ORDERS).map(order).collect::<Vec<_>>());
        let again = shop.start_another(&settings);
        shop.await_that("every order has its fate", || look(fates) == format!("{}|0", 2 * ORDERS));
        shop.process(again).service().stop().unwrap();
    }
    shop.process(number).service().stop().unwrap();
    redis::cmd("FLUSHDB").exec(&mut redis::Client::open(redis.as_str()).unwrap().get_connection().unwrap()).unwrap();
}

#[test]
fn at_the_first_start_nobody_is_missing_before_the_customers_were_read() {
    no_order_becomes_a_letter("unread", 3, ("ENRICHMENT_WHEN_CUSTOMER_IS_MISSING", "dead_letter"));
}

#[test]
fn a_redis_without_its_customers_yet_is_not_down() {
    no_order_becomes_a_letter("unreflected", 4, ("ENRICHMENT_WHEN_REDIS_IS_DOWN", "dead_letter"));
}
