//! Tests of what is said of events that can be read, that cannot be read, and that lack columns.

use std::time::Instant;

use rdkafka::ClientConfig;
use rdkafka::mocking::MockCluster;
use rdkafka::producer::{DefaultProducerContext, FutureProducer, FutureRecord};
use serde_json::{Value, json};

use super::*;
use crate::cli::check::DEADLINE;
use crate::cli::check::Grade::{self, Ok, Warning};
use change::envelope::{Format, TimeUnit};
use change::record::Headers;

const TOPIC: &str = "shop.public.orders";

fn decoder() -> Decoder {
    Decoder { format: Format::Envelope, epoch: 1, decimal_scale: None, time_unit: TimeUnit::Auto, max_record_bytes: 1_000_000 }
}

/// An insert of order 1 with these columns set to other values. A column that is `Null` here is not in the event.
fn insert(columns: &[(&str, Value)]) -> String {
    let mut after = json!({
        "id": 1, "customer_id": "CUST001", "product_id": "PROD100", "quantity": 2, "price": "19.99", "status": "paid",
        "created_at": "2026-01-31T12:30:00Z", "updated_at": "2026-01-31T12:30:00Z",
    });
    for (name, value) in columns {
        after[*name] = value.clone();
    }
    let after: Value = after.as_object().unwrap().clone().into_iter().filter(|(_, value)| !value.is_null()).collect();
    json!({ "before": null, "after": after, "source": { "lsn": 1 }, "op": "c" }).to_string()
}

/// What is seen of these events, which stand in partition 2 from offset 40 on. `None` is a tombstone.
fn seen(values: &[Option<String>]) -> Seen {
    let mut seen = Seen::default();
    for (offset, value) in (40..).zip(values) {
        let value = value.clone().map(String::into_bytes);
        let key = Some(br#"{"id":1}"#[..].into());
        let record = Record { topic: TOPIC.into(), partition: 2, offset, timestamp_ms: None, key, value, headers: Headers::default() };
        seen.add(&record, order(&decoder(), &record));
    }
    seen
}

fn said(seen: &Seen, read: Result<(), String>) -> Vec<(Grade, String)> {
    let mut findings = Findings::new("kafka");
    judge(TOPIC, seen, read, &mut findings);
    findings.lines.into_iter().map(|finding| (finding.grade, finding.what)).collect()
}

#[track_caller]
fn says(values: &[Option<String>], expected: &[(Grade, &str)]) {
    let said = said(&seen(values), Result::Ok(()));
    assert_eq!(said.iter().map(|(grade, what)| (*grade, what.as_str())).collect::<Vec<_>>(), expected);
}

#[test]
fn events_that_can_all_be_read_are_counted() {
    let good = || Some(insert(&[]));
    says(&[], &[(Ok, "shop.public.orders has no events yet, so none was looked at")]);
    says(&[good()], &[(Ok, "the last event of shop.public.orders can be read")]);
    says(&[good(), None, good()], &[(Ok, "the last 3 events of shop.public.orders can all be read")]);
}

#[test]
fn events_that_cannot_be_read_are_told_by_their_reason_the_most_frequent_first_and_without_their_values() {
    let with = |name, value: &str| Some(insert(&[(name, json!(value))]));
    let broken = [
        Some(insert(&[])),
        with("quantity", "s3cret"),
        with("price", "s3cret"),
        with("price", "s3cret"),
        with("created_at", "s3cret"),
        with("updated_at", "s3cret"),
        with("product_id", "s3\u{0}cret"),
    ];
    let said = said(&seen(&broken), Result::Ok(()));
    assert_eq!(said.len(), 4, "{said:?}");
    assert!(said.iter().all(|(grade, what)| *grade == Warning && !what.contains("s3")), "{said:?}");
    let most = "2 of the last 7 events of shop.public.orders cannot be read (a dead letter each), the first at shop.public.orders/2, offset 42: \
                after.price: ";
    assert!(said[0].1.starts_with(most), "{said:?}");
    assert!(said[1].1.contains("offset 41: after.quantity: "), "{said:?}");
    assert_eq!(said[3].1, "2 of the last 7 events of shop.public.orders cannot be read for other reasons");
}

#[test]
fn columns_that_events_lack_are_named_beside_what_can_be_read() {
    let without = |name| Some(insert(&[(name, Value::Null)]));
    says(
        &[Some(insert(&[])), without("status"), without("status"), without("customer_id"), None],
        &[
            (Ok, "the last 5 events of shop.public.orders can all be read"),
            (
                Warning,
                "the last 5 events of shop.public.orders: inserts and updates lack columns: customer_id (1 of 4), status (2 of 4); \
                 what is stored stays, see docs/contract.md",
            ),
        ],
    );
}

#[test]
fn what_was_seen_until_kafka_did_not_answer_is_told_with_that() {
    let said = said(&seen(&[Some("{}".into())]), Err("no answer within 5 s".into()));
    assert_eq!(said[0].0, Warning);
    assert_eq!(said[0].1, "the last events of shop.public.orders cannot all be looked at: no answer within 5 s; 1 seen");
    assert!(
        said[1].1.starts_with(
            "the last event of shop.public.orders cannot be read (a dead letter each), the first at shop.public.orders/2, offset 40: "
        ),
        "{said:?}"
    );
}

/// Produces `count` records with this value in a partition.
async fn produce(cluster: &MockCluster<'_, DefaultProducerContext>, partition: i32, count: usize, value: &str) {
    let producer: FutureProducer = ClientConfig::new().set("bootstrap.servers", cluster.bootstrap_servers()).create().unwrap();
    let send = |_| producer.send_result(FutureRecord::to(TOPIC).partition(partition).key(r#"{"id":1}"#).payload(value)).unwrap();
    for delivery in (0..count).map(send).collect::<Vec<_>>() {
        delivery.await.unwrap().unwrap();
    }
}

async fn checked(cluster: &MockCluster<'_, DefaultProducerContext>) -> Vec<(Grade, String)> {
    let reread = Reread { properties: vec![("bootstrap.servers".into(), cluster.bootstrap_servers())], group: "g".into() };
    let mut findings = Findings::new("kafka");
    check(&reread, TOPIC, &decoder(), order, &mut findings).await;
    findings.lines.into_iter().map(|finding| (finding.grade, finding.what)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_partitions_the_last_hundred_records_of_each_are_read_within_the_deadline() {
    let cluster = MockCluster::new(1).unwrap();
    cluster.create_topic(TOPIC, 20, 1).unwrap();
    produce(&cluster, 0, 1, "poison").await;
    for partition in [0, 7, 8, 19] {
        produce(&cluster, partition, 100, &insert(&[])).await;
    }
    produce(&cluster, 3, 2, &insert(&[])).await;
    assert_eq!(checked(&cluster).await, [(Ok, "the last 402 events of shop.public.orders can all be read".to_owned())]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kafka_that_goes_away_is_one_warning_within_the_deadline() {
    let cluster = MockCluster::new(1).unwrap();
    cluster.create_topic(TOPIC, 1, 1).unwrap();
    cluster.broker_down(-1).unwrap();
    let began = Instant::now();
    let said = checked(&cluster).await;
    assert!(began.elapsed() < DEADLINE * 2, "{:?}", began.elapsed());
    let [(Warning, what)] = said.as_slice() else { panic!("{said:?}") };
    assert!(what.starts_with("the last events of shop.public.orders cannot all be looked at: ") && what.ends_with("; 0 seen"), "{what}");
}
