//! Tests of dead letters against the client library's mock cluster.

use std::sync::atomic::AtomicBool;
use std::time::Duration;

use rdkafka::mocking::MockCluster;
use rdkafka::producer::DefaultProducerContext;
use rdkafka::types::{RDKafkaApiKey, RDKafkaRespErr};

use super::*;
use crate::source::{TopicPartition, read_stretch};

const TOPIC: &str = "dlq-errors";

fn cluster() -> MockCluster<'static, DefaultProducerContext> {
    let mock = MockCluster::new(1).unwrap();
    mock.create_topic(TOPIC, 1, 1).unwrap();
    mock
}

fn properties(mock: &MockCluster<'static, DefaultProducerContext>, more: &[(&str, &str)]) -> Vec<(String, String)> {
    let servers = mock.bootstrap_servers();
    let all = [("bootstrap.servers", servers.as_str())].into_iter().chain(more.iter().copied());
    all.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

fn record(offset: i64, value: Option<Vec<u8>>) -> Record {
    let headers = [("own", Some([0xff]))].into_iter().collect();
    Record {
        topic: "shop".into(),
        partition: 1,
        offset,
        timestamp_ms: Some(1_700_000_000_000),
        key: Some([0, 1][..].into()),
        value,
        headers,
    }
}

fn letters<'a>(records: &'a [Record], rejection: &'a Rejection) -> Vec<DeadLetter<'a>> {
    records.iter().map(|record| DeadLetter { record, rejection, epoch: 0 }).collect()
}

async fn stored(mock: &MockCluster<'static, DefaultProducerContext>, count: i64) -> Vec<Record> {
    let properties = properties(mock, &[]);
    let read = move || {
        let mut records = Vec::new();
        let partition = TopicPartition { topic: TOPIC.into(), number: 0 };
        read_stretch(&properties, "g", &partition, 0..count, &AtomicBool::new(false), |batch| records.extend(batch)).unwrap();
        records
    };
    tokio::task::spawn_blocking(read).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn letters_are_acknowledged_together_and_keep_key_value_timestamp_and_headers() {
    let mock = cluster();
    let dead_letters = DeadLetters::new(&properties(&mock, &[]), TOPIC).unwrap();
    let rejection = Rejection::malformed("not JSON");
    let records: Vec<Record> = (0..500).map(|n| record(n, (n % 2 == 0).then(|| vec![0xff, 0]))).collect();
    let fates = dead_letters.send(&letters(&records, &rejection)).await.unwrap();
    let landed: Vec<i64> = fates.into_iter().map(|fate| fate.unwrap().offset).collect();
    assert_eq!(landed, (0..500).collect::<Vec<_>>());
    for (sent, stored) in records.iter().zip(stored(&mock, 500).await) {
        assert_eq!((&sent.key, &sent.value, sent.timestamp_ms), (&stored.key, &stored.value, stored.timestamp_ms));
        assert_eq!(stored.headers.iter().next(), sent.headers.iter().next());
        assert!(stored.headers.last("x-dlq-id") == Some(dlq_id(sent, 0).as_bytes()));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_queue_is_waited_for() {
    let mock = cluster();
    let dead_letters = DeadLetters::new(&properties(&mock, &[("queue.buffering.max.messages", "10")]), TOPIC).unwrap();
    let rejection = Rejection::malformed("not JSON");
    let records: Vec<Record> = (0..200).map(|n| record(n, None)).collect();
    let fates = dead_letters.send(&letters(&records, &rejection)).await.unwrap();
    assert_eq!(fates.iter().filter(|fate| fate.is_ok()).count(), 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_error_that_passes_delays_the_letters_and_doubles_none() {
    let mock = cluster();
    let dead_letters = DeadLetters::new(&properties(&mock, &[]), TOPIC).unwrap();
    let passing = [RDKafkaRespErr::RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS, RDKafkaRespErr::RD_KAFKA_RESP_ERR__TRANSPORT];
    mock.request_errors(RDKafkaApiKey::Produce, &passing);
    let rejection = Rejection::malformed("not JSON");
    let records: Vec<Record> = (0..20).map(|n| record(n, None)).collect();
    let fates = dead_letters.send(&letters(&records, &rejection)).await.unwrap();
    assert_eq!(fates.len(), 20);
    assert_eq!(fates.last().unwrap().as_ref().unwrap().offset, 19);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_outage_is_no_refusal_and_the_letters_go_out_when_it_is_over() {
    let mock = cluster();
    let dead_letters = DeadLetters::new(&properties(&mock, &[("delivery.timeout.ms", "1500")]), TOPIC).unwrap();
    let rejection = Rejection::malformed("not JSON");
    let records = [record(0, None)];
    dead_letters.send(&letters(&records, &rejection)).await.unwrap();
    mock.broker_down(-1).unwrap();
    let result = dead_letters.send(&letters(&records, &rejection)).await;
    assert!(matches!(result, Err(DeadLetterError::Unavailable(_))), "{result:?}");
    mock.broker_up(-1).unwrap();
    let until = tokio::time::Instant::now() + Duration::from_secs(30);
    while dead_letters.send(&letters(&records, &rejection)).await.is_err() {
        assert!(tokio::time::Instant::now() < until, "the letters did not go out after the outage");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_letter_that_the_topic_never_takes_is_told_apart_from_those_around_it() {
    let mock = cluster();
    let dead_letters = DeadLetters::new(&properties(&mock, &[("message.max.bytes", "10000")]), TOPIC).unwrap();
    let rejection = Rejection::malformed("not JSON");
    let records = [record(0, None), record(1, Some(vec![0; 20_000])), record(2, None)];
    let fates = dead_letters.send(&letters(&records, &rejection)).await.unwrap();
    assert!(fates[0].is_ok() && fates[2].is_ok());
    assert_eq!(fates[1], Err(Undeliverable { code: RDKafkaErrorCode::MessageSizeTooLarge }));
}

#[tokio::test(flavor = "multi_thread")]
async fn letters_refused_for_a_neighbour_are_judged_alone() {
    let mock = cluster();
    let dead_letters = DeadLetters::new(&properties(&mock, &[]), TOPIC).unwrap();
    mock.request_errors(RDKafkaApiKey::Produce, &[RDKafkaRespErr::RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE]);
    let rejection = Rejection::malformed("not JSON");
    let records: Vec<Record> = (0..5).map(|n| record(n, None)).collect();
    let fates = dead_letters.send(&letters(&records, &rejection)).await.unwrap();
    assert!(fates.iter().all(Result::is_ok), "{fates:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_producer_that_died_is_replaced() {
    let mock = cluster();
    let dead_letters = DeadLetters::new(&properties(&mock, &[]), TOPIC).unwrap();
    let rejection = Rejection::malformed("not JSON");
    let records = [record(0, None)];
    dead_letters.send(&letters(&records, &rejection)).await.unwrap();
    // For an idempotent producer this answer is a fatal error.
    mock.request_errors(RDKafkaApiKey::Produce, &[RDKafkaRespErr::RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER]);
    let result = dead_letters.send(&letters(&records, &rejection)).await;
    assert!(matches!(result, Err(DeadLetterError::Unavailable(_))), "{result:?}");
    dead_letters.send(&letters(&records, &rejection)).await.unwrap();
}

#[test]
fn what_an_acknowledgement_rests_on_cannot_be_configured() {
    for name in ["acks", "request.required.acks", "enable.idempotence"] {
        let result = DeadLetters::new(&[(name.to_owned(), "1".to_owned())], TOPIC);
        assert!(matches!(result, Err(DeadLetterError::FixedProperty { name: n }) if n == name));
    }
}
