//! The whole way of an order over TLS, with logins and with the documented rights alone.

use serde_json::json;
use stack::secured::Secured;
use stack::wait::{Attempt, until};

use crate::servers::{PATIENCE, Process, orderstream, servers, settings};
use crate::shop::poison;
use crate::shop::topic::{CUSTOMERS, DEAD_LETTERS, ORDERS, Sent, Topics};

fn customer(id: &str) -> Sent {
    let event = json!({
        "before": null,
        "after": {"id": id, "name": "Ann", "email": "ann@example.com", "tier": "gold", "country": "DE", "updated_at": "2026-11-21T12:00:00Z"},
        "source": {"snapshot": "false", "sequence": "[\"1\",\"1\"]", "lsn": 1, "ts_ms": 1_795_262_400_000_i64},
        "op": "c",
    });
    Sent { key: Some(json!({ "id": id }).to_string().into_bytes()), value: Some(event.to_string().into_bytes()), ..Sent::default() }
}

#[track_caller]
fn await_that(what: &str, expected: &str, mut found: impl FnMut() -> String) {
    let look = || {
        let found = found();
        if found == expected { Attempt::Ready(()) } else { Attempt::NotYet(format!("it is {found}")) }
    };
    until(what, PATIENCE, look).unwrap();
}

fn sql(servers: &Secured, query: &str) -> String {
    servers.psql(query).unwrap_or_else(|error| error.to_string())
}

#[test]
fn an_order_goes_all_the_way_over_tls_with_the_documented_rights_alone() {
    let servers = servers();
    let topics = Topics::at(servers.plain_kafka());
    topics.send(CUSTOMERS, &[customer("CUST001")]);
    topics.send(ORDERS, &[Sent::order(1, poison::event(1).to_string()), Sent::order(2, poison::event(2).to_string())]);
    topics.send(ORDERS, &[Sent::order(3, poison::event(3).to_string().replace("1.00", "cheap"))]);
    let process = Process::launch(&servers, &settings(&servers));
    process.await_ready();

    let rows = "select string_agg(order_id || ' ' || coalesce(customer_name, '-') || ' ' || total, ', ' order by order_id) from results where order_id < 9";
    await_that("the orders are in results with their customer", "1 Ann 1.00, 2 Ann 1.00", || sql(&servers, rows));
    await_that("the poison is a dead letter", "1", || sql(&servers, "select count(*) from dead_letters"));
    assert_eq!(topics.read_all(DEAD_LETTERS).len(), 1);
    let mut redis = redis::Client::open(servers.plain_redis()).unwrap().get_connection().unwrap();
    await_that("the hashes are in Redis", "Ann", || {
        redis::cmd("HGET").arg("order:2").arg("customer_name").query::<Option<String>>(&mut redis).unwrap().unwrap_or_default()
    });
    let committed = || topics.committed("orderstream", ORDERS).iter().filter(|offset| **offset > 0).sum::<i64>().to_string();
    await_that("the consumer group has the offsets", &topics.ends(ORDERS).iter().sum::<i64>().to_string(), committed);
    let health = process.get("/readyz");
    assert!(health.starts_with("ok"), "{health}");

    for command in [&["dlq", "replay", "--execute"][..], &["offsets", "show"], &["rebuild", "cache"], &["status"]] {
        let mut orderstream = orderstream(command[0], &settings(&servers));
        let output = orderstream.args(&command[1..]).output().unwrap();
        let said = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
        let denied = ["denied", "uthorization", "NOPERM", "may not"].iter().any(|word| said.contains(word));
        assert!(!denied && said.lines().count() > 0, "{command:?}: {said}");
    }
    process.service.stop().unwrap();
    assert!(!process.log().contains("refuses") && !process.log().contains("denied"), "{}", process.log());
}
