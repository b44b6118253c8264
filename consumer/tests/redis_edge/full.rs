//! A Redis server that is full, so that it serves reads and refuses writes.

use std::sync::Arc;

use orderstream::orders::enrich::Lookup;
use orderstream::redis::breaker::State;
use orderstream::redis::customers::{CommittedCustomers, Customers};
use orderstream::redis::link::RedisError;

use crate::server::{Server, eventually};
use crate::write_back::{cache, live, row};

#[tokio::test]
async fn a_full_server_is_asked_for_customers_all_the_time_and_for_writes_seldom() {
    let server = Server::start().await;
    let link = server.link();
    let customers = Customers::new(Arc::clone(&link), None, CommittedCustomers::default());
    let cache = cache(&link);
    link.ping().await.expect("it answers");
    link.leave_probes_to_pings();
    server.run("CONFIG SET maxmemory 1").await;
    let full = RedisError::NoWrites("OOM".to_owned());
    while link.breaker_of_writes().state == State::Closed {
        assert_eq!(cache.write_orders(&[live(row(1, 1))], 0, None).await, Err(full.clone()));
    }
    assert_eq!(link.breaker_of_writes().trouble, Some(full.clone()));
    assert!(full.to_string().contains("OOM"));

    // Answers to pings and to lookups do not tell whether the server takes writes.
    for _ in 0..20 {
        link.ping().await.expect("it answers");
        assert_eq!(customers.look_up(&["C1"]).await.0, [Lookup::Missing]);
        assert!(matches!(cache.write_orders(&[live(row(1, 1))], 0, None).await, Err(RedisError::Rejected { .. })));
    }
    let probe = async || match link.probe_writes().await {
        Err(RedisError::Rejected { .. }) => false,
        answer => {
            assert_eq!(answer, Err(full.clone()));
            true
        }
    };
    eventually("a probe has met a full server", probe).await;
    assert_eq!((link.breaker().state, link.breaker().counts.failed), (State::Closed, 0));

    server.run("CONFIG SET maxmemory 0").await;
    eventually("a probe is taken", async || link.probe_writes().await.is_ok()).await;
    assert_eq!((link.breaker_of_writes().state, link.breaker_of_writes().trouble), (State::Closed, None));
    cache.write_orders(&[live(row(1, 1))], 0, None).await.expect("there is room again");
}

#[tokio::test]
async fn an_outage_tells_the_breaker_of_the_writes_nothing() {
    let mut server = Server::start().await;
    let link = server.link();
    link.ping().await.expect("it answers");
    server.kill();
    while link.breaker().state == State::Closed {
        cache(&link).write_orders(&[live(row(1, 1))], 0, None).await.expect_err("nobody is there");
    }
    assert_eq!((link.breaker_of_writes().state, link.breaker_of_writes().trouble), (State::Closed, None));
    assert!(link.is_away());
    server.restart().await;
    eventually("orders are written again", async || cache(&link).write_orders(&[live(row(1, 1))], 0, None).await.is_ok()).await;
}
