//! The way from the shop to Kafka is watched: a source that is broken is told apart from one that is silent.

use std::time::Duration;

use crate::shop::Shop;

/// A connector of a test's own, beside that of the shop.
const BROKEN: &str = "broken";

fn drop_slot(shop: &Shop, slot: &str) {
    shop.sql(&format!("select pg_drop_replication_slot(slot_name) from pg_replication_slots where slot_name = '{slot}' and not active"));
}

#[test]
fn a_task_that_has_failed_and_a_connector_that_is_not_there_are_told_within_seconds() {
    let mut shop = Shop::closed();
    let url = shop.stack().connect_url();
    let number = shop.start_another(&[("CONNECT_URL", &url), ("CONNECT_CONNECTOR", BROKEN)]);
    let process = shop.process(number);
    process.await_readiness(200, "connect: Kafka Connect has no connector broken");
    let tasks = |state: &str| process.metric(&format!(r#"orderstream_connector_tasks{{state="{state}"}}"#));
    assert_eq!((process.metric("orderstream_connect_up"), tasks("failed"), tasks("running")), (1, 0, 0));

    // The task starts and finds no publication of this name, which the connector may not make.
    let mut config = shop.stack().connector_config().unwrap();
    for (name, value) in [("slot.name", BROKEN), ("publication.name", BROKEN), ("topic.prefix", BROKEN)] {
        config[name] = value.into();
    }
    let error = shop.stack().connect_api().register(BROKEN, &config).unwrap_err();
    assert!(format!("{error:#}").contains("FAILED"), "{error:#}");
    let told = std::time::Instant::now();
    process.await_readiness(200, "connect: task 0 of connector broken has FAILED (");
    assert!(told.elapsed() < Duration::from_secs(10), "{:?}", told.elapsed());
    assert_eq!(tasks("failed"), 1);
    let (_, health) = process.get("/health").unwrap();
    assert!(health.contains(r#""status":"degraded""#) && health.contains(r#""state":"failed""#), "{health}");
    let (_, readiness) = process.get("/readyz").unwrap();
    assert!(!readiness.to_lowercase().contains("publication"), "the words of the exception stay out: {readiness}");

    shop.stack().connect_api().remove(BROKEN).unwrap();
    process.await_readiness(200, "connect: Kafka Connect has no connector broken");
    drop_slot(&shop, BROKEN);
}

#[test]
fn a_connect_that_was_killed_and_heartbeats_that_stop_are_told_and_all_is_well_when_it_is_back() {
    let mut shop = Shop::closed();
    let (connect, source) = (shop.stack().connect_url(), shop.stack().orderstream_database_url());
    let settings = [("CONNECT_URL", connect.as_str()), ("SOURCE_URL", &source), ("HEALTH_HEARTBEAT_SECONDS", "12")];
    let number = shop.start_another(&settings);
    shop.order("CUST001", 1, "1.00");
    let process = shop.process(number);
    process.await_readiness(200, "ok");
    let running = r#"orderstream_connector_tasks{state="running"}"#;
    shop.await_that("the connector is known to run", || process.metric(running) == 1 && process.metric("orderstream_slot_active") == 1);
    shop.await_that("heartbeats come, and the order is the newest event", || {
        let status: serde_json::Value = serde_json::from_str(&process.get("/status").unwrap().1).unwrap();
        let is_new = |age: &serde_json::Value| age.as_u64().is_some_and(|age| age < 12);
        let source = &status["source"];
        is_new(&source["heartbeat_age_seconds"]) && is_new(&source["newest_event_age_seconds"]["shop.public.orders"])
    });

    shop.stack().connect().kill();
    process.await_readiness(200, "source: Debezium's last heartbeat is");
    process.await_readiness(200, "connect: Kafka Connect has not answered for");
    process.await_readiness(200, "slot: nobody has been connected to a replication slot of the shop for");
    assert_eq!((process.metric("orderstream_connect_up"), process.metric("orderstream_slot_active")), (0, 0));
    let log = process.service().log_tail(200);
    assert!(log.contains("A server does not answer") && log.contains("server=\"connect\""), "{log}");

    shop.stack().heal().unwrap();
    process.await_readiness(200, "ok");
    shop.await_that("the way back is told", || process.service().log_tail(200).contains("A server answers again"));
    shop.await_everything_right();
}

#[test]
fn a_slot_that_keeps_the_log_is_told_until_it_is_dropped() {
    let mut shop = Shop::closed();
    let source = shop.stack().orderstream_database_url();
    let number = shop.start_another(&[("SOURCE_URL", &source), ("HEALTH_SLOT_RETAINED_MB", "1")]);
    shop.sql("select pg_create_logical_replication_slot('keeper', 'pgoutput')");
    shop.sql("select pg_logical_emit_message(false, 'test', repeat('x', 2 * 1024 * 1024)); select pg_switch_wal()");
    let process = shop.process(number);
    process.await_readiness(200, "slot: replication slot keeper keeps");
    assert!(process.metric("orderstream_slot_retained_bytes") >= 1 << 20);
    drop_slot(&shop, "keeper");
    shop.await_that("the slot is told no more", || process.get("/readyz").is_some_and(|(_, body)| !body.contains("keeper")));
}
