//! Redis servers and users that do not do every command that orderstream sends.

use std::time::Duration;

use chrono::DateTime;
use orderstream::orders::enrich::Lookup;
use orderstream::orders::row::{DeletedRow, OrderState};
use orderstream::redis::cache::Written;
use orderstream::redis::customers::{CommittedCustomers, Customers};
use orderstream::redis::link::{LinkSettings, Means, RedisError, RedisLink, Weight};
use redis::AsyncCommands;

use crate::server::Server;
use crate::write_back::{cache, live, missing, row};

const WITHOUT_RESTORE: [&str; 3] = ["--rename-command", "RESTORE", "elsewhere"];

fn deleted(order_id: i64, revision: i64) -> OrderState {
    OrderState::Deleted(DeletedRow { order_id, deleted_at: DateTime::from_timestamp_micros(7).expect("a time"), revision })
}

#[tokio::test]
async fn without_restore_hashes_are_the_same_and_behind_the_same_guard() {
    let (plain, renamed) = (Server::start().await, Server::with(&WITHOUT_RESTORE).await);
    let links = [plain.link(), renamed.link(), plain.link_of_clerk("~* +@all -restore").await];
    for (link, server) in links.iter().zip([&plain, &renamed, &plain]) {
        server.run("FLUSHALL").await;
        server.run("SET order:3 not-a-hash").await;
        let cache = cache(link);
        let first = [live(row(1, 5)), live(row(2, 5)), live(missing(3, 5)), live(row(4, 5))];
        assert_eq!(cache.write_orders(&first, 0, None).await, Ok(Written { written: 4, ..Written::default() }));
        let then = [live(missing(1, 6)), live(missing(2, 4)), deleted(4, 6)];
        assert_eq!(cache.write_orders(&then, 0, None).await, Ok(Written { written: 2, stale: 1, ..Written::default() }));
        let names = |hash: std::collections::BTreeMap<String, String>| (hash.len(), hash["version"].clone());
        for (id, columns, revision) in [(1, 11, 6), (2, 16, 5), (3, 11, 5), (4, 2, 6)] {
            assert_eq!(names(server.hash(&format!("order:{id}")).await), (columns, format!("0000000000-{revision:020}")), "order:{id}");
        }
        assert_eq!(server.hash("order:2").await["total"], "139.93");
        let times = [("order:1", 604_000..=604_800), ("order:4", 3000..=3600)];
        for (key, expected) in times {
            let left: i64 = server.direct().await.ttl(key).await.expect("a time to live");
            assert!(expected.contains(&left), "{key}: {left} s");
        }
    }
}

#[tokio::test]
async fn a_right_that_is_taken_while_connected_changes_how_hashes_are_written_and_fails_nothing() {
    let server = Server::start().await;
    let cache = cache(&server.link_of_clerk("~* +@all").await);
    for (revision, rules) in [(1, "+restore"), (2, "-restore"), (3, "+restore"), (4, "-restore")] {
        server.clerk(rules).await;
        let written = cache.write_orders(&[live(row(1, revision))], 0, None).await;
        assert_eq!(written, Ok(Written { written: 1, ..Written::default() }), "{rules}");
    }
}

#[tokio::test]
async fn a_server_without_restore_that_is_full_refuses_hashes_too() {
    let server = Server::with(&WITHOUT_RESTORE).await;
    let cache = cache(&server.link());
    cache.write_orders(&[live(row(1, 1))], 0, None).await.expect("written");
    server.run("CONFIG SET maxmemory 1").await;
    for states in [[live(row(1, 2))], [live(row(2, 2))]] {
        assert_eq!(cache.write_orders(&states, 0, None).await, Err(RedisError::NoWrites("OOM".to_owned())));
    }
    assert_eq!(server.hash("order:1").await["version"], "0000000000-00000000000000000001");
}

#[tokio::test]
async fn what_a_server_does_not_do_is_among_its_facts_by_name() {
    let server = Server::with(&["--rename-command", "HMGET", "elsewhere"]).await;
    let stops = |link: std::sync::Arc<RedisLink>| async move {
        let judged = link.facts().await.expect("it answers").judged();
        judged.into_iter().filter(|(weight, _)| *weight == Weight::Stops).map(|(_, what)| what).collect::<Vec<_>>()
    };
    let told = stops(server.link()).await;
    assert!(told.len() == 1 && told[0].contains("does not know HMGET on customer:*"), "{told:?}");
    let told = stops(server.link_of_clerk("~* +@all -hset").await).await;
    assert!(told.len() == 1 && told[0].contains("may not run HSET on orderstream:*; give it the rules +hset"), "{told:?}");
}

/// A denied command waits for an operator to act. No breaker could help.
#[tokio::test]
async fn what_is_denied_is_no_outage_and_nobody_is_missing_for_it() {
    let server = Server::start().await;
    let link = server.link_of_clerk("~* +@all -hmget").await;
    let customers = Customers::new(std::sync::Arc::clone(&link), None, CommittedCustomers::default());
    for _ in 0..10 {
        assert_eq!(customers.look_up(&["C1"]).await.0, [Lookup::Unavailable]);
    }
    assert!(link.was_denied() && !link.is_away());
    assert_eq!(link.breaker().counts.failed, 0);
    server.clerk("-hget").await;
    let error = cache(&link).write_orders(&[live(row(1, 1))], 0, None).await.expect_err("the guard reads the version");
    assert_eq!(error.means(), Means::Ours, "{error}");
    server.clerk("+hmget +hget").await;
    assert_eq!(customers.look_up(&["C1"]).await.0, [Lookup::Missing]);
}

#[tokio::test]
async fn a_cluster_is_refused_in_one_sentence() {
    let server = Server::with(&["--cluster-enabled", "yes"]).await;
    let link = server.link();
    assert_eq!(link.facts().await, Err(RedisError::Cluster));
    assert_eq!(link.ping().await, Err(RedisError::Cluster));
    assert_eq!(cache(&link).write_orders(&[live(row(1, 1))], 0, None).await, Err(RedisError::Cluster));
    assert!(link.is_away());
}

/// Measures what a hash costs the server itself, however this program is built. The command is
/// `cargo test --test redis_edge -- --ignored --nocapture a_measurement`.
#[tokio::test]
#[ignore = "a measurement"]
async fn a_measurement_of_hset_beside_restore() {
    const ORDERS: i64 = 50_000;
    let mut told = Vec::new();
    for arguments in [&[][..], &WITHOUT_RESTORE] {
        let server = Server::with(arguments).await;
        let settings = LinkSettings { write_deadline: Duration::from_secs(60), ..LinkSettings::new(server.url()) };
        let cache = cache(&RedisLink::new(&settings).expect("a usable URL"));
        for revision in [1, 2] {
            server.run("CONFIG RESETSTAT").await;
            for first in (0..ORDERS).step_by(1000) {
                let states: Vec<_> = (first..first + 1000).map(|id| live(row(id, revision))).collect();
                cache.write_orders(&states, 0, None).await.expect("written");
            }
            let info: String = redis::cmd("INFO").arg("commandstats").query_async(&mut server.direct().await).await.expect("no error");
            let stats = info.lines().find(|line| line.starts_with("cmdstat_evalsha:")).expect("it ran").to_owned();
            let micros: f64 =
                stats.split("usec=").nth(1).and_then(|rest| rest.split(',').next()).expect("a time").parse().expect("a number");
            told.push((arguments.is_empty(), revision, micros / ORDERS as f64));
        }
    }
    println!("by RESTORE, revision, us per hash: {told:?}");
}
