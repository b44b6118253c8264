//! Tests of a Redis that hangs, dies, restarts or refuses writes, and of the breaker before it (P6, P10).

use std::sync::Arc;
use std::time::Duration;

use orderstream::orders::enrich::Lookup;
use orderstream::redis::breaker::{BreakerConfig, Cause, Forced, State, Transition};
use orderstream::redis::customers::{CommittedCustomers, Customers};
use orderstream::redis::link::{LinkSettings, Noted, RedisError, RedisLink, Which};
use orderstream::redis::progress::{Advance, RedisProgress};
use tokio::time::timeout;

use crate::keep::{change, put};
use crate::server::{LOOKUP_DEADLINE, Server, TOPIC, customers, eventually, of, point};
use crate::write_back::{cache, live, row};

/// What a busy machine may add to a deadline.
const MARGIN: Duration = Duration::from_millis(400);

fn readers(link: &Arc<RedisLink>) -> Customers {
    Customers::new(Arc::clone(link), None, CommittedCustomers::default())
}

#[tokio::test]
async fn a_server_that_hangs_costs_its_deadline_and_then_nothing() {
    let server = Server::start().await;
    let link = server.link();
    let customers = readers(&link);
    assert!(!Lookup::is_unavailable(&customers.look_up(&["C1"]).await.0));

    server.signal("STOP");
    while link.breaker().state == State::Closed {
        let answer = timeout(LOOKUP_DEADLINE + MARGIN, customers.look_up(&["C1"])).await.expect("an answer at the deadline");
        assert_eq!(answer.0, [Lookup::Unavailable]);
    }
    let answer = timeout(LOOKUP_DEADLINE / 2, customers.look_up(&["C1"])).await.expect("a rejected call does not wait");
    assert_eq!(answer.0, [Lookup::Unavailable]);

    server.signal("CONT");
    eventually("lookups are answered again", async || !Lookup::is_unavailable(&customers.look_up(&["C1"]).await.0)).await;
    assert_eq!(link.breaker().state, State::Closed);

    let day = link.transitions(0);
    let told = |(transition, noted): &(Transition, Noted)| (noted.breaker, transition.from, transition.to, transition.cause, noted.class);
    let opened = (Which::Server, State::Closed, State::Open, Cause::FailuresInARow(5), Some("timeout"));
    let closed = (Which::Server, State::HalfOpen, State::Closed, Cause::ProbesSucceeded(1), None);
    assert_eq!((day.first().map(told), day.last().map(told)), (Some(opened), Some(closed)));
    assert_eq!(link.transitions_noted(), u64::try_from(day.len()).expect("few"));
    assert!(link.transitions(link.transitions_noted()).is_empty(), "nothing is new");
}

#[tokio::test]
async fn where_pings_probe_no_other_call_waits_for_a_server_that_hangs() {
    let server = Server::start().await;
    let link = server.link();
    link.leave_probes_to_pings();
    let customers = readers(&link);
    server.signal("STOP");
    while link.breaker().state == State::Closed {
        customers.look_up(&["C1"]).await;
    }
    timeout(MARGIN, link.opened()).await.expect("whoever pings is told");

    let open_for = match link.ping().await {
        Err(RedisError::Rejected { retry_after: Some(open_for) }) => open_for,
        other => panic!("{other:?}"),
    };
    tokio::time::sleep(open_for).await;
    let calls = link.breaker().counts.failed;
    let answer = timeout(LOOKUP_DEADLINE / 2, customers.look_up(&["C1"])).await.expect("it does not wait, though its time would have come");
    assert_eq!((answer.0, link.breaker().counts.failed), (vec![Lookup::Unavailable], calls));
    assert_eq!(link.ping().await, Err(RedisError::Timeout(LOOKUP_DEADLINE)));
    assert_eq!(link.breaker().counts.failed, calls + 1);

    server.signal("CONT");
    eventually("a ping is answered", async || link.ping().await.is_ok()).await;
    assert!(!Lookup::is_unavailable(&customers.look_up(&["C1"]).await.0));
}

/// A server whose last attempt to save failed refuses writes and PING, and serves reads.
#[tokio::test]
async fn where_pings_probe_a_server_that_refuses_only_writes_is_asked_for_customers() {
    let mut server = Server::start().await;
    let link = server.link();
    let customers = readers(&link);
    server.lose_disk().await;
    let refused = Err(RedisError::NoWrites("MISCONF".to_owned()));
    eventually("PING is refused", async || link.ping().await == refused).await;
    link.leave_probes_to_pings();
    while link.breaker_of_writes().state == State::Closed {
        cache(&link).write_orders(&[live(row(1, 1))], 0, None).await.expect_err("writes are refused");
    }
    assert_eq!((link.ping().await, link.breaker().state), (refused, State::Closed));
    assert!(!Lookup::is_unavailable(&customers.look_up(&["C1"]).await.0));
}

#[tokio::test]
async fn connecting_to_a_server_that_hangs_costs_no_more_than_a_call() {
    let server = Server::start().await;
    server.signal("STOP");
    let link = server.link();
    let customers = readers(&link);
    // All lookups wait for the same connection, each until its own deadline.
    let asked = async { tokio::join!(customers.look_up(&["C1"]), customers.look_up(&["C2"]), customers.look_up(&["C3"])) };
    timeout(LOOKUP_DEADLINE + MARGIN, asked).await.expect("answers at the deadline");
    assert_eq!(link.breaker().counts.failed, 3);
    server.signal("CONT");
    eventually("lookups are answered", async || !Lookup::is_unavailable(&customers.look_up(&["C1"]).await.0)).await;
}

#[tokio::test]
async fn a_server_that_died_is_found_again_and_gets_its_scripts_back() {
    let mut server = Server::start().await;
    let link = server.link();
    let cache = cache(&link);
    cache.write_orders(&[live(row(1, 1))], 0, None).await.expect("written");

    server.kill();
    while link.breaker().state == State::Closed {
        let error = cache.write_orders(&[live(row(1, 2))], 0, None).await.expect_err("nobody is there");
        assert!(error.is_outage(), "{error}");
    }
    server.restart().await;
    eventually("orders are written again", async || cache.write_orders(&[live(row(1, 2))], 0, None).await.is_ok()).await;
    assert_eq!(server.hash("order:1").await["version"], "0000000000-00000000000000000002");
}

#[tokio::test]
async fn a_connection_that_stands_to_a_server_that_died_does_not_close_the_breaker() {
    let mut server = Server::start().await;
    let link = server.link();
    link.run().await.expect("it answers");
    server.kill();
    while link.breaker().state == State::Closed {
        link.ping().await.expect_err("nobody is there");
    }
    eventually("probes have failed again and again", async || {
        for _ in 0..BreakerConfig::default().probes {
            let _ = link.run().await;
        }
        let _ = link.ping().await;
        assert_ne!(link.breaker().state, State::Closed);
        link.breaker().counts.probes >= 3
    })
    .await;
}

#[tokio::test]
async fn a_restart_between_two_calls_fails_at_most_one_of_them() {
    let mut server = Server::start().await;
    let link = server.link();
    link.ping().await.expect("it answers");
    server.kill();
    server.restart().await;
    let _ = link.ping().await;
    link.ping().await.expect("a new connection was made");
}

#[tokio::test]
async fn progress_over_keys_of_one_life_of_redis_does_not_move_in_the_next() {
    let mut server = Server::start().await;
    let link = server.link();
    let progress = RedisProgress::new(Arc::clone(&link));
    progress.set(of(0, 0), 1, None).await.expect("set");
    let run = link.run().await.expect("it answers");
    cache(&link).write_orders(&[live(row(1, 1))], 0, None).await.expect("written");

    // A connection that breaks has lost nothing.
    server.run("CLIENT KILL TYPE normal SKIPME yes").await;
    eventually("there is a new connection", async || link.run().await.is_ok()).await;
    eventually("it moves", async || progress.advance(of(0, 0), 1, 2, Some(run)).await == Ok(Advance::Moved)).await;

    // A server that starts again with the progress, and without the keys that were written after it.
    server.kill();
    server.restart().await;
    eventually("it is connected again", async || progress.set(of(0, 0), 2, None).await.is_ok()).await;
    assert_eq!(progress.advance(of(0, 0), 2, 3, Some(run)).await, Err(RedisError::AnotherRun));
    assert_eq!(progress.advance_swept(of(0, 0), None, 3, run).await, Err(RedisError::AnotherRun));
    assert_eq!(progress.read().await.expect("read")[&format!("{TOPIC}:0")], point(2));
    let next = link.run().await.expect("it answers");
    assert_eq!(progress.advance(of(0, 0), 2, 3, Some(next)).await, Ok(Advance::Moved));
}

#[tokio::test]
async fn scripts_that_are_gone_are_loaded_again_in_the_middle_of_a_batch() {
    let server = Server::start().await;
    let link = server.link();
    let (customers, _) = customers(&link).await;
    let cache = cache(&link);
    for round in 1..=3 {
        server.run("SCRIPT FLUSH").await;
        let states: Vec<_> = (1..=120).map(|id| live(row(id, round))).collect();
        assert_eq!(cache.write_orders(&states, 0, None).await.expect("written").written, 120);
        put(&customers, &[change("C1", round - 1, "Ann")]).await;
    }
    assert_eq!(link.breaker().counts.failed, 0);
}

#[tokio::test]
async fn a_server_that_is_full_refuses_writes_and_the_progress_stays() {
    let server = Server::start().await;
    let link = server.link();
    let progress = RedisProgress::new(Arc::clone(&link));
    progress.set(of(0, 0), 1, None).await.expect("set");
    server.run("CONFIG SET maxmemory 1").await;
    let error = cache(&link).write_orders(&[live(row(1, 1))], 0, None).await.expect_err("it is full");
    assert_eq!(error, RedisError::NoWrites("OOM".to_owned()));
    assert!(error.is_outage());
    server.run("CONFIG SET maxmemory 0").await;
    cache(&link).write_orders(&[live(row(1, 1))], 0, None).await.expect("there is room again");
    assert_eq!(progress.read().await.expect("read")[&format!("{TOPIC}:0")], point(1));
}

#[tokio::test]
async fn a_replica_refuses_writes_until_it_is_the_primary() {
    let server = Server::start().await;
    let cache = cache(&server.link());
    server.run("REPLICAOF 127.0.0.1 1").await;
    let error = cache.write_orders(&[live(row(1, 1))], 0, None).await.expect_err("it is a replica");
    assert_eq!(error, RedisError::NoWrites("READONLY".to_owned()));
    server.run("REPLICAOF NO ONE").await;
    cache.write_orders(&[live(row(1, 1))], 0, None).await.expect("written");
}

#[tokio::test]
async fn lookups_and_writes_have_a_connection_each_and_keep_it() {
    let server = Server::start().await;
    let link = server.link();
    let before = clients(&server).await;
    for revision in 1..=5 {
        readers(&link).look_up(&["C1"]).await;
        cache(&link).write_orders(&[live(row(1, revision))], 0, None).await.expect("written");
    }
    assert_eq!(clients(&server).await, before + 2);
}

async fn clients(server: &Server) -> usize {
    let list: String = redis::cmd("CLIENT").arg("LIST").query_async(&mut server.direct().await).await.expect("a list");
    list.lines().count()
}

#[tokio::test]
async fn held_open_nothing_is_asked_and_let_go_everything_is() {
    let server = Server::start().await;
    let link = server.link();
    link.force_breaker(Some(Forced::Open));
    assert_eq!(link.ping().await, Err(RedisError::Rejected { retry_after: None }));
    link.force_breaker(None);
    assert_eq!(link.ping().await, Ok(()));
}

#[tokio::test]
async fn a_wrong_password_is_an_outage_and_not_told() {
    let server = Server::start().await;
    server.run("CONFIG SET requirepass right").await;
    let url = server.url().replace("redis://", "redis://:secret-word@");
    let error = RedisLink::new(&LinkSettings::new(url)).expect("a usable URL").ping().await.expect_err("refused");
    assert!(error.is_outage());
    assert!(!error.to_string().contains("secret-word"), "{error}");
}

#[test]
fn a_url_that_cannot_be_used_is_said_at_once() {
    assert!(matches!(RedisLink::new(&LinkSettings::new("http://example.com")), Err(RedisError::Url(_))));
}
