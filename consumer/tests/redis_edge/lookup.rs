use std::sync::Arc;

use orderstream::customers::{CommittedCustomers, Customers};
use orderstream::enrich::Lookup;
use orderstream::progress::{Advance, Progress};

use crate::keep::{change, delete, put};
use crate::server::{Server, TOPIC, customers, of, point};

/// The names that a lookup found, in the order of the ids; `None` for who is missing.
fn names(lookup: &Lookup, ids: &[&str]) -> Vec<Option<String>> {
    let Lookup::Answered(known) = lookup else { panic!("Redis was not up to date") };
    ids.iter().map(|id| known.get(*id).map(|found| found.customer.name.as_deref().expect("a name").to_owned())).collect()
}

#[tokio::test]
async fn a_lookup_finds_who_exists_and_misses_who_does_not() {
    let server = Server::start().await;
    let (customers, _) = customers(&server.link()).await;
    put(&customers, &[change("C1", 0, "Ann"), change("C2", 1, "Bob")]).await;
    let (lookup, _) = customers.look_up(&["C1", "C2", "C3"]).await;
    assert_eq!(names(&lookup, &["C1", "C2", "C3"]), [Some("Ann".into()), Some("Bob".into()), None]);
    let Lookup::Answered(known) = lookup else { unreachable!() };
    assert_eq!(known["C2"].version.as_deref(), Some("0.0.1"));
    assert_eq!(known["C2"].customer.tier, None, "a column that is null");
}

#[tokio::test]
async fn thousands_of_customers_come_in_one_lookup() {
    let server = Server::start().await;
    let (customers, _) = customers(&server.link()).await;
    let ids: Vec<String> = (0..5000).map(|n| format!("C{n}")).collect();
    let changes: Vec<_> = ids.iter().zip(0..).map(|(id, offset)| change(id, offset, id)).collect();
    put(&customers, &changes).await;
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    let (lookup, _) = customers.look_up(&ids).await;
    assert_eq!(names(&lookup, &ids), ids.iter().map(|id| Some((*id).to_owned())).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_deleted_customer_is_missing() {
    let server = Server::start().await;
    let (customers, _) = customers(&server.link()).await;
    put(&customers, &[change("C1", 0, "Ann"), delete("C1", 1)]).await;
    let (lookup, _) = customers.look_up(&["C1"]).await;
    assert_eq!(names(&lookup, &["C1"]), [None]);
}

#[tokio::test]
async fn without_a_customers_topic_somebody_elses_hashes_are_enough() {
    let server = Server::start().await;
    server.run("HSET customer:C1 name Ann").await;
    let customers = Customers::new(server.link(), None, CommittedCustomers::default());
    let (lookup, _) = customers.look_up(&["C1", "C2"]).await;
    assert_eq!(names(&lookup, &["C1", "C2"]), [Some("Ann".into()), None]);
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
        let (lookup, _) = customers.look_up(&ids).await;
        assert_eq!(names(&lookup, &ids), [None, None, None, Some("Ann".into())]);
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
    assert!(matches!(customers.look_up(&["C1"]).await.0, Lookup::Answered(_)));
    server.run("FLUSHALL").await;
    assert_eq!(customers.look_up(&["C1", "C2"]).await.0, Lookup::Unavailable);

    // A change that happens to arrive now must not make it look whole.
    let put = customers.put_customers(&[change("C2", 1, "Bob")], 0, 0, 1, 2).await.expect("written");
    assert_eq!(put.progress, Advance::Behind { stored: None });
    assert_eq!(customers.look_up(&["C1", "C2"]).await.0, Lookup::Unavailable);

    customers.rebuild_customers(&[change("C1", 0, "Ann")]).await.expect("rebuilt");
    Progress::new(link).set(of(0, 0), 2, None).await.expect("set");
    let (lookup, _) = customers.look_up(&["C1", "C2"]).await;
    assert_eq!(names(&lookup, &["C1", "C2"]), [Some("Ann".into()), Some("Bob".into())]);
}

#[tokio::test]
async fn a_redis_that_lost_its_tail_makes_nobody_missing() {
    let server = Server::start().await;
    let (customers, committed) = customers(&server.link()).await;
    put(&customers, &[change("C1", 0, "Ann")]).await;
    committed.set(vec![(0, point(2))]);
    assert_eq!(customers.look_up(&["C1"]).await.0, Lookup::Unavailable);
    committed.set(vec![(0, point(1)), (1, point(0))]);
    assert_eq!(customers.look_up(&["C1"]).await.0, Lookup::Unavailable, "another partition is absent");
}

#[tokio::test]
async fn before_it_is_known_what_is_committed_nobody_is_missing() {
    let server = Server::start().await;
    let customers = Customers::new(server.link(), Some(TOPIC.to_owned()), CommittedCustomers::default());
    assert_eq!(customers.look_up(&["C1"]).await.0, Lookup::Unavailable);
}

#[tokio::test]
async fn a_progress_of_another_type_is_as_good_as_none() {
    let server = Server::start().await;
    let link = server.link();
    let (customers, _) = customers(&link).await;
    server.run("DEL orderstream:progress").await;
    server.run("SET orderstream:progress what").await;
    assert_eq!(customers.look_up(&["C1"]).await.0, Lookup::Unavailable);
    let progress = Progress::new(link);
    assert!(progress.read().await.expect("read").is_empty());
    assert_eq!(progress.advance(of(0, 0), 1, 2, None).await, Ok(Advance::Behind { stored: None }));
    progress.set(of(0, 0), 2, None).await.expect("set");
    assert!(matches!(customers.look_up(&["C1"]).await.0, Lookup::Answered(_)));
}

#[tokio::test]
async fn customers_are_read_again_once_any_of_them_has_changed() {
    let server = Server::start().await;
    let (customers, _) = customers(&server.link()).await;
    put(&customers, &[change("C1", 0, "Ann"), change("C2", 1, "Bob")]).await;
    let (_, before) = customers.look_up(&["C1", "C2"]).await;
    let commands = server.commands("hmget").await;
    let (lookup, same) = customers.look_up(&["C1", "C2"]).await;
    assert_eq!((names(&lookup, &["C1"]), server.commands("hmget").await), (vec![Some("Ann".into())], commands), "remembered");
    assert_eq!(before, same);
    let put = customers.put_customers(&[change("C1", 2, "Eve")], 0, 0, 2, 3).await.expect("written");
    assert_eq!(put.progress, Advance::Moved);
    let (lookup, after) = customers.look_up(&["C1", "C2", "C3"]).await;
    assert_eq!(names(&lookup, &["C1", "C2", "C3"]), [Some("Eve".into()), Some("Bob".into()), None]);
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
    let mut lookup = customers.look_up(&["C1"]).await.0;
    while lookup == Lookup::Unavailable {
        tokio::task::yield_now().await;
        lookup = customers.look_up(&["C1"]).await.0;
    }
    assert_eq!(names(&lookup, &["C1"]), [Some("Eve".into())]);
}

#[tokio::test]
async fn a_hash_that_was_lost_alone_is_found_once_it_is_rebuilt() {
    let server = Server::start().await;
    let (customers, _) = customers(&server.link()).await;
    put(&customers, &[change("C1", 0, "Ann")]).await;
    server.run("DEL customer:C1").await;
    assert_eq!(names(&customers.look_up(&["C1"]).await.0, &["C1"]), [None]);
    customers.rebuild_customers(&[change("C1", 0, "Ann")]).await.expect("rebuilt");
    assert_eq!(names(&customers.look_up(&["C1"]).await.0, &["C1"]), [Some("Ann".into())]);
}
