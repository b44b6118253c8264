//! Tests of lookups of customers in Redis: who is found, who is missing, and when Redis cannot tell (P8).

use std::sync::Arc;

use orderstream::orders::enrich::Lookup;
use orderstream::redis::customers::{CommittedCustomers, Customers};
use orderstream::redis::progress::{Advance, RedisProgress};

use crate::keep::{change, delete, put};
use crate::server::{Server, TOPIC, customers, of, point};

/// The names that were found, in the order of the ids; `None` for a customer who is missing.
fn names(lookups: &[Lookup]) -> Vec<Option<String>> {
    let name = |lookup: &Lookup| match lookup {
        Lookup::Found(found) => Some(found.customer.name.as_deref().expect("a name").to_owned()),
        Lookup::Missing => None,
        Lookup::Unavailable => panic!("Redis was not up to date"),
    };
    lookups.iter().map(name).collect()
}

#[tokio::test]
async fn a_lookup_finds_who_exists_and_misses_who_does_not() {
    let server = Server::start().await;
    let (customers, _) = customers(&server.link()).await;
    put(&customers, &[change("C1", 0, "Ann"), change("C2", 1, "Bob")]).await;
    let before = server.commands("hmget").await;
    // Six orders of three customers: an id may come again.
    let (lookups, _) = customers.look_up(&["C1", "C2", "C3", "C3", "C2", "C1"]).await;
    let (ann, bob) = (Some("Ann".to_owned()), Some("Bob".to_owned()));
    assert_eq!(names(&lookups), [ann.clone(), bob.clone(), None, None, bob, ann]);
    assert_eq!(server.commands("hmget").await - before, 3, "each is asked for once");
    let Lookup::Found(bob) = &lookups[1] else { unreachable!() };
    assert_eq!(bob.version.as_deref(), Some("0.0.1"));
    assert_eq!(bob.customer.tier, None, "a column that is null");
}

#[tokio::test]
async fn thousands_of_customers_come_in_one_lookup() {
    let server = Server::start().await;
    let (customers, _) = customers(&server.link()).await;
    let ids: Vec<String> = (0..5000).map(|n| format!("C{n}")).collect();
    let changes: Vec<_> = ids.iter().zip(0..).map(|(id, offset)| change(id, offset, id)).collect();
    put(&customers, &changes).await;
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    let (lookups, _) = customers.look_up(&ids).await;
    assert_eq!(names(&lookups), ids.iter().map(|id| Some((*id).to_owned())).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_deleted_customer_is_missing() {
    let server = Server::start().await;
    let (customers, _) = customers(&server.link()).await;
    put(&customers, &[change("C1", 0, "Ann"), delete("C1", 1)]).await;
    let (lookups, _) = customers.look_up(&["C1"]).await;
    assert_eq!(names(&lookups), [None]);
}

#[tokio::test]
async fn without_a_customers_topic_somebody_elses_hashes_are_enough() {
    let server = Server::start().await;
    server.run("HSET customer:C1 name Ann").await;
    let customers = Customers::new(server.link(), None, CommittedCustomers::default());
    let (lookups, _) = customers.look_up(&["C1", "C2"]).await;
    assert_eq!(names(&lookups), [Some("Ann".into()), None]);
}

#[tokio::test]
async fn a_customer_that_cannot_be_used_is_missing_and_no_outage() {
    let server = Server::start().await;
    let link = server.link();
    let customers = Customers::new(Arc::clone(&link), None, CommittedCustomers::default());
    server.run("SET customer:text not-a-hash").await;
    server.run("HSET customer:nul name A\0nn").await;
    let mut broken = redis::cmd("HSET");
    broken.arg("customer:broken").arg("name").arg(b"\xff\xfe");
    broken.exec_async(&mut server.direct().await).await.expect("no error");
    server.run("HSET customer:C1 name Ann").await;
    for _ in 0..10 {
        let ids = ["text", "nul", "broken", "C1"];
        let (lookups, _) = customers.look_up(&ids).await;
        assert_eq!(names(&lookups), [None, None, None, Some("Ann".into())]);
    }
    assert_eq!(customers.unusable(), 30);
    assert_eq!(link.breaker().counts.failed, 0);
}

#[tokio::test]
async fn an_emptied_redis_makes_nobody_missing() {
    let server = Server::start().await;
    let link = server.link();
    let (customers, committed) = customers(&link).await;
    put(&customers, &[change("C1", 0, "Ann")]).await;
    committed.set(vec![(0, point(1))]);
    assert!(!Lookup::is_unavailable(&customers.look_up(&["C1"]).await.0));
    server.run("FLUSHALL").await;
    assert!(Lookup::is_unavailable(&customers.look_up(&["C1", "C2"]).await.0));

    // A change that happens to arrive now must not make Redis look complete.
    let put = customers.put_customers(&[change("C2", 1, "Bob")], 0, 0, 1, 2).await.expect("written");
    assert_eq!(put.progress, Advance::Behind { stored: None });
    assert!(Lookup::is_unavailable(&customers.look_up(&["C1", "C2"]).await.0));

    customers.rebuild_customers(&[change("C1", 0, "Ann")]).await.expect("rebuilt");
    RedisProgress::new(link).set(of(0, 0), 2, None).await.expect("set");
    let (lookups, _) = customers.look_up(&["C1", "C2"]).await;
    assert_eq!(names(&lookups), [Some("Ann".into()), Some("Bob".into())]);
}

#[tokio::test]
async fn a_redis_that_lost_its_tail_makes_nobody_missing() {
    let server = Server::start().await;
    let (customers, committed) = customers(&server.link()).await;
    put(&customers, &[change("C1", 0, "Ann")]).await;
    committed.set(vec![(0, point(2))]);
    assert!(Lookup::is_unavailable(&customers.look_up(&["C1"]).await.0));
    committed.set(vec![(0, point(1)), (1, point(0))]);
    assert!(Lookup::is_unavailable(&customers.look_up(&["C1"]).await.0), "another partition is absent");
}

#[tokio::test]
async fn before_it_is_known_what_is_committed_nobody_is_missing() {
    let server = Server::start().await;
    let customers = Customers::new(server.link(), Some(TOPIC.to_owned()), CommittedCustomers::default());
    assert!(Lookup::is_unavailable(&customers.look_up(&["C1"]).await.0));
}

#[tokio::test]
async fn a_progress_of_another_type_is_as_good_as_none() {
    let server = Server::start().await;
    let link = server.link();
    let (customers, _) = customers(&link).await;
    server.run("DEL orderstream:progress").await;
    server.run("SET orderstream:progress what").await;
    assert!(Lookup::is_unavailable(&customers.look_up(&["C1"]).await.0));
    let progress = RedisProgress::new(link);
    assert!(progress.read().await.expect("read").is_empty());
    assert_eq!(progress.advance(of(0, 0), 1, 2, None).await, Ok(Advance::Behind { stored: None }));
    progress.set(of(0, 0), 2, None).await.expect("set");
    assert!(!Lookup::is_unavailable(&customers.look_up(&["C1"]).await.0));
}

#[tokio::test]
async fn customers_are_read_again_once_any_of_them_has_changed() {
    let server = Server::start().await;
    let (customers, _) = customers(&server.link()).await;
    put(&customers, &[change("C1", 0, "Ann"), change("C2", 1, "Bob")]).await;
    let (_, before) = customers.look_up(&["C1", "C2"]).await;
    let commands = server.commands("hmget").await;
    let (lookups, same) = customers.look_up(&["C1", "C2"]).await;
    assert_eq!((names(&lookups[..1]), server.commands("hmget").await), (vec![Some("Ann".into())], commands), "remembered");
    assert_eq!(before, same);
    let put = customers.put_customers(&[change("C1", 2, "Eve")], 0, 0, 2, 3).await.expect("written");
    assert_eq!(put.progress, Advance::Moved);
    let (lookups, after) = customers.look_up(&["C1", "C2", "C3"]).await;
    assert_eq!(names(&lookups), [Some("Eve".into()), Some("Bob".into()), None]);
    assert_ne!(before, after);
}

#[tokio::test]
async fn nothing_is_remembered_of_a_redis_that_restarted() {
    let server = Server::start().await;
    let (customers, _) = customers(&server.link()).await;
    put(&customers, &[change("C1", 0, "Ann")]).await;
    customers.look_up(&["C1"]).await;
    server.run("CLIENT KILL TYPE normal SKIPME yes").await;
    server.run("HSET customer:C1 name Eve").await;
    let mut lookups = customers.look_up(&["C1"]).await.0;
    while Lookup::is_unavailable(&lookups) {
        tokio::task::yield_now().await;
        lookups = customers.look_up(&["C1"]).await.0;
    }
    assert_eq!(names(&lookups), [Some("Eve".into())]);
}

#[tokio::test]
async fn a_hash_that_was_lost_alone_is_found_once_it_is_rebuilt() {
    let server = Server::start().await;
    let (customers, _) = customers(&server.link()).await;
    put(&customers, &[change("C1", 0, "Ann")]).await;
    server.run("DEL customer:C1").await;
    assert_eq!(names(&customers.look_up(&["C1"]).await.0), [None]);
    customers.rebuild_customers(&[change("C1", 0, "Ann")]).await.expect("rebuilt");
    assert_eq!(names(&customers.look_up(&["C1"]).await.0), [Some("Ann".into())]);
}
