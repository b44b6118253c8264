//! Tests of the write-back: orders are written to Redis as hashes, and the newest state stays in whatever order states come (P5).

use std::sync::Arc;
use std::time::Duration;

use change::value::Timestamp;
use chrono::DateTime;
use orderstream::orders::customer::Customer;
use orderstream::orders::enrich::{Enrichment, KnownCustomer};
use orderstream::orders::row::{DeletedRow, OrderState, ResultRow};
use orderstream::redis::cache::{CacheSettings, OrderCache, RECENT_ORDERS, Written};
use orderstream::redis::customers::CustomersToken;
use orderstream::redis::link::RedisLink;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use redis::AsyncCommands;

use crate::keep::{change, delete, put};
use crate::server::{Server, TOPIC, customers, eventually};

const NONE: [i64; 0] = [];
const NOON: i64 = 1_795_262_400_123_456;

pub(crate) fn row(order_id: i64, revision: i64) -> ResultRow {
    let text = |text: &str| Some(text.into());
    let customer = Customer { name: text("Ann"), email: text("ann@example.com"), tier: text("gold"), country: text("DE") };
    ResultRow {
        order_id,
        customer_id: Some("C1".into()),
        customer: KnownCustomer { customer, version: Some("0.0.0".into()) }.into(),
        product_id: "PROD500".into(),
        quantity: 7,
        price: "19.99".parse().expect("a decimal"),
        total: "139.93".parse().expect("a decimal"),
        status: Some("pending".into()),
        ordered_at: Timestamp::from_micros(NOON),
        updated_at: Some(Timestamp::INFINITY),
        enrichment: Enrichment::Complete,
        refused: None,
        processed_at: DateTime::from_timestamp_micros(NOON).expect("a time"),
        revision,
    }
}

/// A row of an order whose customer is unknown: five columns are null.
pub(crate) fn missing(order_id: i64, revision: i64) -> ResultRow {
    ResultRow { customer: Arc::default(), updated_at: None, enrichment: Enrichment::Missing, ..row(order_id, revision) }
}

pub(crate) fn live(row: ResultRow) -> OrderState {
    OrderState::Live(row)
}

fn deleted(order_id: i64, revision: i64) -> OrderState {
    OrderState::Deleted(DeletedRow { order_id, deleted_at: DateTime::from_timestamp_micros(NOON).expect("a time"), revision })
}

pub(crate) fn cache(link: &Arc<RedisLink>) -> OrderCache {
    OrderCache::new(Arc::clone(link), CacheSettings::default())
}

async fn write(cache: &OrderCache, states: &[OrderState]) -> Written {
    cache.write_orders(states, 0, None).await.expect("written")
}

#[tokio::test]
async fn a_hash_of_a_lost_commit_is_found_although_its_revision_was_given_a_second_time() {
    let server = Server::start().await;
    let cache = cache(&server.link());
    let later = |micros| DateTime::from_timestamp_micros(NOON + micros).expect("a time");
    let lost = |id| live(ResultRow { processed_at: later(1), ..row(id, 5) });
    let gone = |id| OrderState::Deleted(DeletedRow { order_id: id, deleted_at: later(1), revision: 5 });
    write(&cache, &[lost(1), lost(2), lost(3), gone(4), gone(5)]).await;
    write(&cache, &[live(row(6, 5)), deleted(7, 5), live(row(8, 9))]).await;
    let now =
        [live(row(1, 5)), live(row(2, 6)), deleted(3, 5), deleted(4, 5), live(row(5, 5)), live(row(6, 5)), deleted(7, 5), live(row(8, 5))];
    assert_eq!(cache.ahead(&now, 0).await.expect("an answer"), (vec![1, 3, 4, 5, 8], 9));
}

#[tokio::test]
async fn the_hash_has_every_column_of_the_row() {
    let server = Server::start().await;
    write(&cache(&server.link()), &[live(row(1, 5))]).await;
    let expected = [
        ("customer_country", "DE"),
        ("customer_email", "ann@example.com"),
        ("customer_id", "C1"),
        ("customer_name", "Ann"),
        ("customer_tier", "gold"),
        ("enrichment", "complete"),
        ("order_id", "1"),
        ("ordered_at", "2026-11-21T12:00:00.123456"),
        ("price", "19.99"),
        ("processed_at", "2026-11-21T12:00:00.123456Z"),
        ("product_id", "PROD500"),
        ("quantity", "7"),
        ("status", "pending"),
        ("total", "139.93"),
        ("updated_at", "infinity"),
        ("version", "0000000000-00000000000000000005"),
    ];
    let hash = server.hash("order:1").await;
    assert_eq!(hash.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect::<Vec<_>>(), expected);
    let left: i64 = server.direct().await.ttl("order:1").await.expect("a time to live");
    assert!((604_000..=604_800).contains(&left), "{left} s");
}

#[tokio::test]
async fn a_column_that_became_null_is_gone_from_the_hash() {
    let server = Server::start().await;
    let cache = cache(&server.link());
    write(&cache, &[live(row(1, 5))]).await;
    write(&cache, &[live(missing(1, 6))]).await;
    let hash = server.hash("order:1").await;
    assert_eq!(hash.get("customer_name"), None);
    assert_eq!(hash.get("updated_at"), None);
    assert_eq!((hash["enrichment"].as_str(), hash["order_id"].as_str(), hash.len()), ("missing", "1", 11));
}

#[tokio::test]
async fn a_deleted_order_leaves_a_trace_for_an_hour() {
    let server = Server::start().await;
    let cache = cache(&server.link());
    write(&cache, &[live(row(1, 5))]).await;
    write(&cache, &[deleted(1, 6)]).await;
    let hash = server.hash("order:1").await;
    assert_eq!(hash["deleted_at"], "2026-11-21T12:00:00.123456Z");
    assert_eq!(hash.len(), 2, "and the version");
    let left: i64 = server.direct().await.ttl("order:1").await.expect("a time to live");
    assert!((3000..=3600).contains(&left), "{left} s");
    assert_eq!(write(&cache, &[live(row(1, 5))]).await, Written { stale: 1, ..Written::default() }, "an event that is sent again");
    write(&cache, &[live(row(1, 7))]).await;
    let hash = server.hash("order:1").await;
    assert_eq!((hash.get("deleted_at"), hash.len()), (None, 16), "a new order with the same id");
}

#[tokio::test]
async fn with_a_time_to_live_of_zero_hashes_stay() {
    let server = Server::start().await;
    let settings = CacheSettings { time_to_live: Duration::ZERO, ..CacheSettings::default() };
    let cache = OrderCache::new(server.link(), settings);
    write(&cache, &[deleted(1, 1), live(row(2, 2))]).await;
    write(&cache, &[live(row(1, 3))]).await;
    for key in ["order:1", "order:2"] {
        assert_eq!(server.direct().await.ttl::<_, i64>(key).await, Ok(-1), "{key}");
    }
}

#[tokio::test]
async fn an_order_key_that_holds_something_else_gives_way() {
    let server = Server::start().await;
    server.run("SET order:2 not-a-hash").await;
    let written = write(&cache(&server.link()), &[live(row(1, 1)), live(row(2, 2)), live(row(3, 3))]).await;
    assert_eq!(written.written, 3);
    assert_eq!(server.hash("order:2").await["order_id"], "2");
}

#[tokio::test]
async fn a_large_batch_is_written_whole_whatever_its_chunks() {
    let server = Server::start().await;
    for (orders_per_call, revision) in [(1, 1), (7, 2), (50, 3), (1000, 4)] {
        let settings = CacheSettings { orders_per_call, ..CacheSettings::default() };
        let cache = OrderCache::new(server.link(), settings);
        let states: Vec<_> = (1..=1003).map(|id| if id % 3 == 0 { live(missing(id, revision)) } else { live(row(id, revision)) }).collect();
        assert_eq!(write(&cache, &states).await.written, 1003);
        assert_eq!(server.hash("order:1003").await["version"], format!("0000000000-{revision:020}"));
    }
}

#[test]
fn the_newest_state_stays_whatever_the_order_of_writing() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let server = runtime.block_on(Server::start());
    let cache = cache(&server.link());
    let state = (0i32..2, prop_oneof![0i64..6, (i64::MAX - 3)..=i64::MAX]);
    let mut order_id = 0;
    let check = std::cell::RefCell::new(|states: Vec<(i32, i64)>| {
        order_id += 1;
        let newest = *states.iter().max().expect("one");
        runtime.block_on(async {
            for (epoch, revision) in &states {
                // The content of a revision is fixed, so the shape of the state follows from the revision.
                let state = match revision % 3 {
                    0 => live(row(order_id, *revision)),
                    1 => live(missing(order_id, *revision)),
                    _ => deleted(order_id, *revision),
                };
                cache.write_orders(&[state], *epoch, None).await.expect("written");
            }
        });
        let hash = runtime.block_on(server.hash(&format!("order:{order_id}")));
        prop_assert_eq!(&hash["version"], &format!("{:010}-{:020}", newest.0, newest.1));
        prop_assert_eq!(
            hash.len(),
            if newest.1 % 3 == 0 {
                16
            } else if newest.1 % 3 == 1 {
                11
            } else {
                2
            }
        );
        Ok(())
    });
    let states = prop::collection::vec(state, 1..12);
    TestRunner::new(Config::with_cases(200)).run(&states, |states| (check.borrow_mut())(states)).expect("the newest");
}

/// A cache of orders beside customers that are kept live, with Ann as C1 at version 0.0.0 and Bob as C2 at 0.0.1.
async fn beside_customers(server: &Server) -> (OrderCache, orderstream::redis::customers::Customers, CustomersToken) {
    let link = server.link();
    let (customers, _) = customers(&link).await;
    put(&customers, &[change("C1", 0, "Ann"), change("C2", 1, "Bob")]).await;
    let settings = CacheSettings { customers_topic: Some(TOPIC.to_owned()), ..CacheSettings::default() };
    let token = customers.look_up(&["C1", "C2", "C9"]).await.1;
    (OrderCache::new(link, settings), customers, token)
}

fn by(customer_id: &str, order_id: i64, version: Option<&str>) -> OrderState {
    let enrichment = if version.is_some() { Enrichment::Complete } else { Enrichment::Missing };
    let customer = KnownCustomer { version: version.map(Into::into), ..KnownCustomer::default() };
    live(ResultRow { customer_id: Some(customer_id.into()), customer: customer.into(), enrichment, ..row(order_id, order_id) })
}

#[tokio::test]
async fn orders_of_customers_that_did_not_change_are_not_outdated() {
    let server = Server::start().await;
    let (cache, customers, token) = beside_customers(&server).await;
    let states = [by("C1", 1, Some("0.0.0")), by("C9", 2, None)];
    assert_eq!(cache.write_orders(&states, 0, Some(&token)).await.expect("written").outdated, NONE);
    put(&customers, &[change("C2", 2, "Bobby")]).await;
    assert_eq!(cache.write_orders(&states, 0, Some(&token)).await.expect("written").outdated, NONE, "another customer changed");
}

#[tokio::test]
async fn an_order_whose_customer_changed_on_the_way_is_outdated() {
    let server = Server::start().await;
    let (cache, customers, token) = beside_customers(&server).await;
    put(&customers, &[change("C1", 2, "Anna"), delete("C2", 3), change("C9", 4, "Cleo")]).await;
    let pending = ResultRow { enrichment: Enrichment::Pending, ..row(5, 5) };
    let states = [
        by("C1", 1, Some("0.0.0")),
        by("C1", 2, Some("0.0.2")),
        by("C2", 3, Some("0.0.1")),
        by("C9", 4, None),
        live(pending),
        by("C8", 6, None),
        deleted(7, 7),
    ];
    let written = cache.write_orders(&states, 0, Some(&token)).await.expect("written");
    assert_eq!(written, Written { written: 7, stale: 0, outdated: vec![1, 3, 4] });
    assert_eq!(cache.write_orders(&states, 0, None).await.expect("written").outdated, [1, 3, 4], "rows that were not looked up just now");
}

#[tokio::test]
async fn the_newest_orders_are_listed_at_most_once_per_turn() {
    let server = Server::start().await;
    let link = server.link();
    let (one, other) = (cache(&link), cache(&link));
    let rows: Vec<_> = (0..150).map(|n| if n == 1 { missing(1000 - n, 1) } else { row(1000 - n, 1) }).collect();
    assert_eq!(one.rewrite_recent(&rows).await, Ok(true));
    assert_eq!(other.rewrite_recent(&rows[..1]).await, Ok(false));
    let list: Vec<String> = server.direct().await.lrange("recent_orders", 0, -1).await.expect("a list");
    assert_eq!(list.len(), RECENT_ORDERS);
    let newest: serde_json::Value = serde_json::from_str(&list[0]).expect("JSON");
    assert_eq!((&newest["order_id"], &newest["total"], &newest["customer_name"]), (&1000.into(), &"139.93".into(), &"Ann".into()));
    assert_eq!(newest["ordered_at"], "2026-11-21T12:00:00.123456");
    let second: serde_json::Value = serde_json::from_str(&list[1]).expect("JSON");
    assert_eq!(second["customer_name"], serde_json::Value::Null);
    eventually("it is the other one's turn", async || other.rewrite_recent(&rows[..1]).await == Ok(true)).await;
    assert_eq!(server.direct().await.llen::<_, usize>("recent_orders").await, Ok(1));
}

/// The lengths lie around the borders at which Redis encodes texts, and the lengths after them, in another way.
#[tokio::test]
async fn texts_of_any_length_are_read_as_they_were_written() {
    let server = Server::start().await;
    // With this setting the server checks every byte of what it restores, which it does not do by default.
    server.run("CONFIG SET sanitize-dump-payload yes").await;
    let cache = cache(&server.link());
    let lengths =
        [0, 1, 62, 63, 64, 65, 120, 125, 126, 127, 4093, 4094, 4095, 4096, 16_376, 16_378, 16_380, 16_382, 65_536, 1 << 20, 3 << 20];
    for (length, revision) in lengths.into_iter().zip(1..) {
        let status = "s".repeat(length);
        write(&cache, &[live(ResultRow { status: Some(status.clone().into()), ..row(1, revision) })]).await;
        let hash = server.hash("order:1").await;
        assert!(hash["status"] == status && hash.len() == 16, "{length} bytes");
    }
}
