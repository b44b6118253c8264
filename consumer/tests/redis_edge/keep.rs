//! Tests of customers kept live in Redis: which change of a customer a hash takes, and how far the progress moves (P5, P8).

use std::sync::Arc;

use change::effect::Effect;
use change::position::{Origin, Position};
use change::value::Text;
use orderstream::orders::customer::ChangedCustomer;
use orderstream::orders::customer::{Customer, CustomerChange, CustomerRow};
use orderstream::redis::customers::{Customers, PutError};
use orderstream::redis::link::RedisError;
use orderstream::redis::progress::{Advance, RedisProgress};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use redis::AsyncCommands;

use crate::server::{Server, TOPIC, customers, of, point};

fn position(offset: i64) -> Position {
    Position { epoch: 0, partition: 0, offset, kind: Origin::Stream, commit: Some(offset * 10), lsn: Some(offset * 10 + 1), ts_ms: None }
}

/// A change that gives a customer a name and a country and nothing else.
pub(crate) fn change(id: &str, offset: i64, name: &str) -> CustomerChange {
    let customer = Customer { name: Some(name.into()), country: Some("DE".into()), ..Customer::default() };
    CustomerChange { id: id.to_owned(), effect: Effect::Put(customer.into()), position: position(offset) }
}

pub(crate) fn delete(id: &str, offset: i64) -> CustomerChange {
    CustomerChange { id: id.to_owned(), effect: Effect::Delete, position: position(offset) }
}

/// Writes a batch as the owner of partition 0 does: from the first offset to the offset after the last.
pub(crate) async fn put(customers: &Customers, changes: &[CustomerChange]) -> Vec<ChangedCustomer> {
    let offsets = || changes.iter().map(|change| change.position.offset);
    let (from, to) = (offsets().min().expect("changes"), offsets().max().expect("changes") + 1);
    let put = customers.put_customers(changes, 0, 0, from, to).await.expect("written");
    assert_eq!(put.progress, Advance::Moved);
    put.customers
}

fn at(id: &str, version: Option<&str>) -> ChangedCustomer {
    ChangedCustomer { id: id.to_owned(), version: version.map(str::to_owned) }
}

#[tokio::test]
async fn a_change_replaces_the_whole_customer() {
    let server = Server::start().await;
    let (customers, _) = customers(&server.link()).await;
    put(&customers, &[change("C1", 0, "Ann")]).await;
    let moved = Customer { tier: Some("gold".into()), ..Customer::default() };
    put(&customers, &[CustomerChange { effect: Effect::Put(moved.into()), ..change("C1", 1, "") }]).await;
    let mut hash = server.hash("customer:C1").await;
    assert!(hash.remove("position").is_some());
    assert_eq!(hash.into_iter().collect::<Vec<_>>(), [("tier".into(), "gold".into()), ("version".into(), "0.0.1".into())]);
}

/// An event without the columns name and country, in which the e-mail address is null.
fn lacking(id: &str, offset: i64, tier: &str, stored: Option<&str>) -> CustomerChange {
    let customer = Customer { tier: Some(tier.into()), ..Customer::default() };
    let stored = stored.map(|name| Customer { name: Some(name.into()), tier: Some("of a row".into()), ..Customer::default() });
    let row = CustomerRow { name: Text::Unchanged, country: Text::Unchanged, stored, ..customer.into() };
    CustomerChange { effect: Effect::Put(row), ..change(id, offset, "") }
}

#[tokio::test]
async fn a_column_that_an_event_does_not_have_stays_and_one_that_is_null_goes() {
    let server = Server::start().await;
    let (customers, _) = customers(&server.link()).await;
    let with_email =
        Customer { name: Some("Ann".into()), email: Some("a@example.com".into()), country: Some("".into()), ..Customer::default() };
    let whole = CustomerChange { effect: Effect::Put(with_email.into()), ..change("C1", 0, "") };
    put(&customers, &[whole, lacking("C1", 1, "gold", Some("of a row")), lacking("C1", 2, "silver", None)]).await;
    let columns = |mut hash: std::collections::BTreeMap<String, String>| {
        hash.remove("position");
        hash.into_iter().collect::<Vec<_>>()
    };
    let text = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
    let expected = [("country", ""), ("name", "Ann"), ("tier", "silver"), ("version", "0.0.2")].map(text);
    assert_eq!(columns(server.hash("customer:C1").await), expected);

    put(&customers, &[lacking("C2", 3, "gold", Some("Bob")), lacking("C3", 4, "gold", None)]).await;
    let of_a_row = [("name", "Bob"), ("tier", "gold"), ("version", "0.0.3")].map(text);
    assert_eq!(columns(server.hash("customer:C2").await), of_a_row, "Redis has no hash: what the rows of the customer's orders say");
    assert_eq!(columns(server.hash("customer:C3").await), [("tier", "gold"), ("version", "0.0.4")].map(text));

    put(&customers, &[delete("C2", 5), lacking("C2", 6, "gold", Some("Bob"))]).await;
    assert_eq!(
        columns(server.hash("customer:C2").await),
        [("tier", "gold"), ("version", "0.0.6")].map(text),
        "somebody new under an old id"
    );
}

#[tokio::test]
async fn a_deleted_customer_leaves_a_trace_for_a_week_that_keeps_older_changes_out() {
    let server = Server::start().await;
    let (customers, _) = customers(&server.link()).await;
    put(&customers, &[change("C1", 0, "Ann"), delete("C1", 1)]).await;
    let hash = server.hash("customer:C1").await;
    assert_eq!(hash.keys().map(String::as_str).collect::<Vec<_>>(), ["deleted_at", "position"]);
    let left: i64 = server.direct().await.ttl("customer:C1").await.expect("a time to live");
    assert!((604_000..=604_800).contains(&left), "{left} s");
    assert_eq!(put(&customers, &[change("C1", 0, "Ann")]).await, [at("C1", None)]);
    assert_eq!(put(&customers, &[change("C1", 2, "Ann")]).await, [at("C1", Some("0.0.2"))]);
    assert_eq!(server.direct().await.ttl::<_, i64>("customer:C1").await, Ok(-1), "a new one stays");
}

#[tokio::test]
async fn a_lower_lsn_that_was_committed_later_is_of_another_database_and_moves_no_progress() {
    let server = Server::start().await;
    let (customers, _) = customers(&server.link()).await;
    let progress = RedisProgress::new(server.link());
    let noon = 1_795_262_400_000;
    let at = |offset: i64, lsn: i64, ts_ms: i64| Position { commit: Some(lsn), lsn: Some(lsn), ts_ms: Some(ts_ms), ..position(offset) };
    let named = |name: &str, position: Position| CustomerChange { position, ..change("C1", 0, name) };
    put(&customers, &[named("Ann", at(0, 500, noon))]).await;
    // An event comes again after a crash of Connect, and an event has the time of a clock that was set back.
    put(&customers, &[named("Ann", at(1, 500, noon)), named("Bob", at(2, 400, noon + 30_000))]).await;
    let restored = [named("Bob", at(3, 40, noon + 600_000)), change("C2", 4, "Carla")];
    let put = customers.put_customers(&restored, 0, 0, 3, 5).await;
    assert!(matches!(&put, Err(PutError::OtherSpace(found)) if found.row == "a customer"), "{put:?}");
    assert_eq!(progress.advance(of(0, 0), 3, 3, None).await, Ok(Advance::Moved));
    assert_eq!(progress.read().await.expect("read").remove(&of(0, 0).to_string()), Some(point(3)));
    assert_eq!(server.hash("customer:C1").await.remove("name").as_deref(), Some("Ann"));
    let deleted = CustomerChange { position: at(5, 41, noon + 600_000), ..delete("C1", 0) };
    assert!(matches!(customers.put_customers(&[deleted], 0, 0, 3, 6).await, Err(PutError::OtherSpace(_))));
    // In the next epoch the event is applied.
    let raised = Position { epoch: 1, ..at(3, 40, noon + 600_000) };
    assert!(customers.put_customers(&[named("Bob", raised)], 0, 1, 3, 4).await.is_ok());
    assert_eq!(server.hash("customer:C1").await.remove("name").as_deref(), Some("Bob"));
}

#[tokio::test]
async fn a_position_without_a_time_as_earlier_versions_wrote_it_keeps_older_changes_out_too() {
    let server = Server::start().await;
    let (customers, _) = customers(&server.link()).await;
    put(&customers, &[change("C1", 0, "first"), change("C1", 1, "Ann")]).await;
    let position = server.hash("customer:C1").await.remove("position").expect("a position");
    let _: i64 = server.direct().await.hset("customer:C1", "position", &position[..83]).await.expect("written");
    assert_eq!(put(&customers, &[change("C1", 0, "older")]).await, [at("C1", Some("0.0.1"))]);
    assert_eq!(put(&customers, &[change("C1", 2, "newer")]).await, [at("C1", Some("0.0.2"))]);
}

#[tokio::test]
async fn a_batch_that_is_sent_again_changes_nothing_and_reports_the_same_versions() {
    let server = Server::start().await;
    let (customers, _) = customers(&server.link()).await;
    let batch = [change("C1", 0, "Ann"), change("C2", 1, "Bob"), change("C1", 2, "Anna"), delete("C3", 3)];
    let first = put(&customers, &batch).await;
    assert_eq!(first, [at("C1", Some("0.0.2")), at("C2", Some("0.0.1")), at("C3", None)]);
    let before = server.hash("customer:C1").await;
    assert_eq!(put(&customers, &batch).await, first);
    assert_eq!(server.hash("customer:C1").await, before);
}

#[tokio::test]
async fn changes_of_a_batch_take_effect_in_kafkas_order() {
    let server = Server::start().await;
    let (customers, _) = customers(&server.link()).await;
    put(&customers, &[change("C1", 2, "third"), change("C1", 0, "first"), change("C1", 1, "second")]).await;
    assert_eq!(server.hash("customer:C1").await["name"], "third");
}

#[tokio::test]
async fn a_name_of_ours_that_holds_something_else_gives_way() {
    let server = Server::start().await;
    let (customers, _) = customers(&server.link()).await;
    server.run("SET customer:C1 not-a-hash").await;
    server.run("HSET customer:C2 name by-hand email by-hand").await;
    put(&customers, &[change("C1", 0, "Ann"), change("C2", 1, "Bob")]).await;
    assert_eq!(server.hash("customer:C1").await["name"], "Ann");
    assert_eq!(server.hash("customer:C2").await.get("email"), None);
}

#[tokio::test]
async fn the_progress_moves_forward_only_and_only_over_whole_ground() {
    let server = Server::start().await;
    let progress = RedisProgress::new(server.link());
    assert_eq!(progress.advance(of(3, 0), 0, 5, None).await, Ok(Advance::Behind { stored: None }));
    progress.set(of(3, 0), 5, None).await.expect("set");
    assert_eq!(progress.advance(of(3, 0), 5, 9, None).await, Ok(Advance::Moved));
    assert_eq!(progress.advance(of(3, 0), 10, 12, None).await, Ok(Advance::Behind { stored: Some(point(9)) }));
    assert_eq!(progress.advance(of(3, 0), 2, 7, None).await, Ok(Advance::Moved), "it is further already");
    assert_eq!(progress.advance(of(3, 0), 7, 1_000_000_000_000, None).await, Ok(Advance::Moved), "digits beyond a double are no matter");
    progress.set(of(3, 0), 1, None).await.expect("nothing happens");
    let later = orderstream::redis::progress::Point { epoch: 1, next_offset: 0 };
    assert_eq!(progress.advance(of(3, 1), 0, 1, None).await, Ok(Advance::Behind { stored: Some(point(1_000_000_000_000)) }));
    progress.set(of(3, 1), 0, None).await.expect("set");
    let read = progress.read().await.expect("read");
    assert_eq!(read.into_iter().collect::<Vec<_>>(), [(format!("{TOPIC}:3"), later)]);
}

#[tokio::test]
async fn without_a_customers_topic_nothing_is_written() {
    let server = Server::start().await;
    let customers = Customers::new(server.link(), None, orderstream::redis::customers::CommittedCustomers::default());
    let put = customers.put_customers(&[change("C1", 0, "Ann")], 0, 0, 0, 1).await;
    assert!(matches!(put, Err(PutError::Redis(RedisError::Refused(_)))));
    assert!(server.hash("customer:C1").await.is_empty());
}

/// Positions, and whether the event at the position is a delete.
fn positions() -> impl Strategy<Value = Vec<(Position, bool)>> {
    let kind = prop_oneof![
        4 => Just(Origin::Stream), 2 => Just(Origin::Snapshot), 2 => Just(Origin::Incremental), 1 => Just(Origin::Unknown), 1 => Just(Origin::Tombstone)
    ];
    // Small numbers are often equal, and huge numbers differ although a double cannot tell them apart.
    let number = || prop_oneof![3 => 0i64..4, 1 => (i64::MAX - 3)..=i64::MAX];
    let position = (0i32..2, 0i32..3, number(), kind, prop::option::of(number()), prop::option::of(number()));
    let position = position.prop_map(|(epoch, partition, offset, kind, commit, lsn)| Position {
        epoch,
        partition,
        offset,
        kind,
        commit,
        lsn,
        ts_ms: None,
    });
    prop::collection::vec((position, any::<bool>()).prop_map(|(p, gone)| (p, gone || p.kind == Origin::Tombstone)), 1..40)
}

#[test]
fn the_script_decides_as_the_rule_in_rust_does() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let (server, link) = runtime.block_on(async {
        let server = Server::start().await;
        let link = server.link();
        (server, link)
    });
    let (customers, _) = runtime.block_on(customers(&Arc::clone(&link)));
    let mut round = 0;
    let check = |positions: Vec<(Position, bool)>| {
        round += 1;
        let id = format!("C{round}");
        let of = |(position, gone): &(Position, bool)| CustomerChange {
            position: *position,
            ..if *gone { delete(&id, 0) } else { change(&id, 0, "Ann") }
        };
        let changes: Vec<_> = positions.iter().map(of).collect();
        let last = positions.iter().fold(None, |stored: Option<(Position, bool)>, new| {
            let replaces = match stored {
                None => new.0.kind != Origin::Tombstone,
                Some((stored, true)) if !new.1 => new.0.outlives(&stored),
                Some((stored, gone)) => !(gone && new.0.kind == Origin::Tombstone) && new.0.supersedes(&stored),
            };
            if replaces { Some(*new) } else { stored }
        });
        let found = runtime.block_on(customers.rebuild_customers(&changes)).expect("written");
        let version = last.filter(|(_, gone)| !gone).map(|(last, _)| format!("{}.{}.{}", last.epoch, last.partition, last.offset));
        prop_assert_eq!(found, [at(&id, version.as_deref())]);
        Ok(())
    };
    let check = std::cell::RefCell::new(check);
    TestRunner::new(Config::with_cases(500)).run(&positions(), |positions| (check.borrow_mut())(positions)).expect("the same verdicts");
    drop(server);
}
