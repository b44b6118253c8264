//! P5: if the source database is restored or replaced and its LSNs begin anew, the partition stops and says what to do.

use serde_json::json;
use stack::wait::until;

use crate::shop::topic::Sent;
use crate::shop::{PATIENCE, Shop};

const TOPIC: &str = "restored.public.orders";

fn event(id: i64, lsn: i64, ts_ms: i64, quantity: i32) -> Sent {
    let value = json!({
        "after": { "id": id, "customer_id": "C1", "product_id": "P1", "quantity": quantity, "price": "1.00", "status": "pending" },
        "source": { "snapshot": "false", "sequence": format!("[\"{lsn}\",\"{lsn}\"]"), "lsn": lsn, "ts_ms": ts_ms },
        "op": "u",
    });
    Sent::order(id, value.to_string())
}

#[test]
fn events_of_a_restored_source_stop_the_partition_until_the_epoch_is_raised() {
    let mut shop = Shop::closed();
    shop.stack().create_topic(TOPIC, 1, &[]).unwrap();
    shop.sql("drop database if exists restored with (force)");
    shop.sql("create database restored");
    let database = shop.stack().database_url().replace("/orders", "/restored");
    let redis = format!("{}/1", shop.stack().redis_url());
    let settings =
        [("DATABASE_URL", database.as_str()), ("REDIS_URL", &redis), ("KAFKA_ORDERS_TOPIC", TOPIC), ("KAFKA_CUSTOMERS_TOPIC", "")];
    let look = |query: &str| {
        let psql = std::process::Command::new("psql").args(["-XAtc", query, &database]).output().unwrap();
        String::from_utf8(psql.stdout).unwrap().trim().to_owned()
    };
    let await_rows = |expected: &str| {
        let rows = "select order_id, quantity from results order by 1";
        until("the rows are as expected", PATIENCE, || stack::wait::Attempt::when(look(rows) == expected)).unwrap();
    };
    let noon = 1_795_262_400_000;
    shop.topics().send(TOPIC, &[event(1, 500, noon, 1), event(2, 600, noon + 1_000, 1)]);
    // An event that is sent again, or that has the time of a clock that was set back a little, stops nothing.
    shop.topics().send(TOPIC, &[event(1, 500, noon, 1), event(2, 550, noon + 30_000, 9)]);
    let number = shop.start_another(&settings);
    await_rows("1|1\n2|1");
    shop.topics().send(TOPIC, &[event(1, 40, noon + 600_000, 7)]);
    shop.process(number).await_readiness(503, "SOURCE_EPOCH=1");
    shop.process(number).await_readiness(503, "--partition 0 --to 4 --execute");
    assert_eq!(look("select order_id, quantity from results where order_id = 1"), "1|1");
    assert_eq!(look("select next_offset, stale from consumer_offsets"), "4|2");
    // The operator does what the message says.
    shop.process(number).service().stop().unwrap();
    let raised = [settings.as_slice(), &[("SOURCE_EPOCH", "1")]].concat();
    let reset = shop.orderstream(&["offsets", "reset", "--topic", TOPIC, "--partition", "0", "--to", "4", "--execute"], &raised);
    assert!(reset.status.success(), "{}", String::from_utf8_lossy(&reset.stderr));
    shop.start_another(&raised);
    await_rows("1|7\n2|1");
}

#[test]
fn events_of_a_topic_of_another_name_stop_the_partition_where_they_would_count_as_seen() {
    const BEFORE: &str = "before.public.orders";
    const AFTER: &str = "after.public.orders";
    let mut shop = Shop::closed();
    [BEFORE, AFTER].into_iter().for_each(|topic| shop.stack().create_topic(topic, 1, &[]).unwrap());
    shop.sql("drop database if exists renamed with (force)");
    shop.sql("create database renamed");
    let database = shop.stack().database_url().replace("/orders", "/renamed");
    let redis = format!("{}/3", shop.stack().redis_url());
    let of = |topic: &'static str, epoch: &'static str| {
        [
            ("DATABASE_URL", database.clone()),
            ("REDIS_URL", redis.clone()),
            ("KAFKA_ORDERS_TOPIC", topic.to_owned()),
            ("KAFKA_CUSTOMERS_TOPIC", String::new()),
            ("SOURCE_EPOCH", epoch.to_owned()),
        ]
    };
    let await_rows = |expected: &str| {
        let look = || {
            let rows = "select order_id, quantity from results order by 1";
            let psql = std::process::Command::new("psql").args(["-XAtc", rows, &database]).output().unwrap();
            stack::wait::Attempt::when(String::from_utf8(psql.stdout).unwrap().trim() == expected)
        };
        until("the rows are as expected", PATIENCE, look).unwrap();
    };
    let noon = 1_795_262_400_000;
    shop.topics().send(BEFORE, &[event(2, 500, noon, 1), event(2, 510, noon, 2), event(1, 520, noon, 1)]);
    let before = of(BEFORE, "0");
    let number = shop.start_another(&before.each_ref().map(|(name, value)| (*name, value.as_str())));
    await_rows("1|1\n2|2");
    shop.process(number).service().stop().unwrap();
    shop.topics().send(AFTER, &[event(1, 900, noon + 600_000, 7)]);
    let after = of(AFTER, "0");
    let number = shop.start_another(&after.each_ref().map(|(name, value)| (*name, value.as_str())));
    shop.process(number).await_readiness(503, "has another name than before");
    await_rows("1|1\n2|2");
    // The operator does what the message says.
    shop.process(number).service().stop().unwrap();
    let raised = of(AFTER, "1");
    shop.start_another(&raised.each_ref().map(|(name, value)| (*name, value.as_str())));
    await_rows("1|7\n2|2");
}

fn customer(lsn: i64, ts_ms: i64, name: &str) -> Sent {
    let value = json!({
        "after": { "id": "C1", "name": name },
        "source": { "snapshot": "false", "sequence": format!("[\"{lsn}\",\"{lsn}\"]"), "lsn": lsn, "ts_ms": ts_ms },
        "op": "u",
    });
    Sent { key: Some(br#"{"id":"C1"}"#.to_vec()), value: Some(value.to_string().into_bytes()), ..Sent::default() }
}

#[test]
fn customers_of_a_restored_source_stop_their_partition_until_the_epoch_is_raised() {
    const ORDERS: &str = "again.public.orders";
    const CUSTOMERS: &str = "again.public.customers";
    let mut shop = Shop::closed();
    [ORDERS, CUSTOMERS].into_iter().for_each(|topic| shop.stack().create_topic(topic, 1, &[]).unwrap());
    shop.sql("drop database if exists again with (force)");
    shop.sql("create database again");
    let (database, redis) = (shop.stack().database_url().replace("/orders", "/again"), format!("{}/2", shop.stack().redis_url()));
    let settings =
        [("DATABASE_URL", database.as_str()), ("REDIS_URL", &redis), ("KAFKA_ORDERS_TOPIC", ORDERS), ("KAFKA_CUSTOMERS_TOPIC", CUSTOMERS)];
    let client = redis::Client::open(redis.as_str()).unwrap();
    let await_name = |expected: &str| {
        let look = || {
            let name: Option<String> =
                redis::cmd("HGET").arg("customer:C1").arg("name").query(&mut client.get_connection().unwrap()).unwrap();
            stack::wait::Attempt::when(name.as_deref() == Some(expected))
        };
        until("the customer is as expected", PATIENCE, look).unwrap();
    };
    let noon = 1_795_262_400_000;
    // An event that is sent again, or that has the time of a clock that was set back a little, stops nothing.
    shop.topics().send(CUSTOMERS, &[customer(500, noon, "first"), customer(500, noon, "again"), customer(450, noon + 30_000, "older")]);
    let number = shop.start_another(&settings);
    await_name("first");
    shop.topics().send(CUSTOMERS, &[customer(40, noon + 600_000, "restored")]);
    shop.process(number).await_readiness(503, "a customer: the event at offset 3");
    shop.process(number).await_readiness(503, "SOURCE_EPOCH=1");
    await_name("first");
    // The operator does what the message says.
    shop.process(number).service().stop().unwrap();
    let raised = [settings.as_slice(), &[("SOURCE_EPOCH", "1")]].concat();
    let reset = shop.orderstream(&["offsets", "reset", "--topic", CUSTOMERS, "--partition", "0", "--to", "3", "--execute"], &raised);
    assert!(reset.status.success(), "{}", String::from_utf8_lossy(&reset.stderr));
    shop.start_another(&raised);
    await_name("restored");
}
