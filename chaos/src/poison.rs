//! Records that nobody can process, put straight on the topics beside those of Debezium.

use std::thread;
use std::time::Duration;

use anyhow::{Result, anyhow};
use fastrand::Rng;
use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};

use crate::statements::{PLANTED_DOMAIN, PLANTED_NAME};
use crate::topics::{CUSTOMERS, ORDERS, Topics};
use crate::workload::Clock;
use crate::world::REFUSED_PRODUCT;

/// The header that every poison record carries and no other record does, so that the topics tell which dead letters there have to be.
pub(crate) const MARK: &str = "chaos-poison";
/// Order ids from here on are ids that the shop never has.
const FOREIGN_IDS: i64 = 900_000_000;
/// The size of a record that exceeds `source.max_record_bytes`; compressed, the record is small enough for the broker.
const TOO_LARGE: usize = 1_200_000;
/// The transactional id of the producer whose records come in transactions.
const PRODUCER: &str = "chaos-poison";
const SHORT_PATIENCE: Duration = Duration::from_secs(5);
/// Kafka may be away for a while; records that are sent meanwhile arrive afterwards.
const PATIENCE: Duration = Duration::from_secs(60);

struct Poison {
    topic: &'static str,
    key: String,
    value: Vec<u8>,
}

/// Sends poison until the time is over, and returns how many records were sent. All of them are on the topics when the function returns.
pub(crate) fn send(topics: &Topics, mut rng: Rng, clock: &Clock, in_transactions: bool) -> Result<usize> {
    if in_transactions {
        return send_in_transactions(topics, &mut rng, clock);
    }
    let producer = topics.producer(None)?;
    let mut sent = 0;
    while !clock.is_over() {
        sent += put_some(&producer, &mut rng, sent, 1)?;
    }
    producer.flush(PATIENCE)?;
    Ok(sent)
}

/// Sends poison in transactions, of which some are aborted, so that the topics have records that nobody may read, and offsets that hold
/// no record.
fn send_in_transactions(topics: &Topics, rng: &mut Rng, clock: &Clock) -> Result<usize> {
    let mut sent = 0;
    while !clock.is_over() {
        let producer = topics.producer(Some(PRODUCER))?;
        // The start of a producer ends the transaction that an earlier producer has left open. Kafka may be away; then the next producer
        // tries again.
        if producer.init_transactions(SHORT_PATIENCE).is_err() {
            continue;
        }
        while !clock.is_over() {
            producer.begin_transaction()?;
            let count = rng.u8(1..4);
            sent += put_some(&producer, rng, sent, count)?;
            // The end of a transaction waits for every record that was sent, and only this thread takes the broker's answers.
            producer.flush(PATIENCE)?;
            let aborts = rng.u8(0..4) == 0;
            let ended = if aborts { producer.abort_transaction(PATIENCE) } else { producer.commit_transaction(PATIENCE) };
            if ended.is_err() && producer.abort_transaction(PATIENCE).is_err() {
                break;
            }
        }
    }
    Ok(sent)
}

fn put_some(producer: &BaseProducer, rng: &mut Rng, number: usize, count: u8) -> Result<usize> {
    for number in (number..).take(count.into()) {
        put(producer, &any(rng), number)?;
        producer.poll(Duration::ZERO);
        thread::sleep(Duration::from_millis(rng.u64(50..1_500)));
    }
    Ok(count.into())
}

fn put(producer: &BaseProducer, poison: &Poison, number: usize) -> Result<()> {
    let number = number.to_string();
    let headers =
        OwnedHeaders::new().insert(Header { key: MARK, value: Some(&number) }).insert(Header { key: "empty", value: None::<&str> });
    let record = BaseRecord::to(poison.topic).key(&poison.key).payload(&poison.value).headers(headers);
    producer.send(record).map_err(|(error, _)| anyhow!("a poison record cannot be sent: {error}"))
}

fn any(rng: &mut Rng) -> Poison {
    // The poison has the key of an order that may exist, and that order must not suffer.
    let id = rng.i64(1..500);
    let foreign = FOREIGN_IDS + rng.i64(0..1_000_000);
    let order = |id: i64, value: String| Poison { topic: ORDERS, key: format!(r#"{{"id":{id}}}"#), value: value.into_bytes() };
    match rng.u8(0..20) {
        0..=2 => order(id, format!("{{{PLANTED_NAME} p@{PLANTED_DOMAIN}")),
        3 => Poison { value: vec![b'{', 0xff, 0xfe], ..order(id, String::new()) },
        4 => order(id, String::new()),
        5..=6 => order(id, format!(r#"{{"op":"c","after":"{PLANTED_NAME}"}}"#)),
        7..=8 => order(id, event(id, "P", &format!(r#""p@{PLANTED_DOMAIN}""#), "paid")),
        9 => order(id, event(id + 1, "P", "1", "paid")),
        10 => order(id, event(id, "P", "-1", "paid")),
        11 => order(id, event(id, "P", "1", "paid").replace(r#""op":"u""#, r#""op":"x""#)),
        12..=15 => order(foreign, event(foreign, REFUSED_PRODUCT, "1", "paid")),
        16 => order(foreign, event(foreign, "P", "1", "__debezium_unavailable_value")),
        17 => order(id, "x".repeat(TOO_LARGE)),
        // Each of these records has a key of its own, so that compaction removes none of them.
        _ => Poison { topic: CUSTOMERS, key: format!(r#"{{"id":"NOBODY{foreign}"}}"#), value: format!("[{PLANTED_NAME}]").into_bytes() },
    }
}

/// An event as Debezium writes it, at a position that Postgres will not reach.
fn event(id: i64, product: &str, quantity: &str, status: &str) -> String {
    let source = r#"{"snapshot":"false","sequence":"[\"1\",\"2\"]","lsn":2,"ts_ms":1769862600123}"#;
    let row = format!(
        r#"{{"id":{id},"customer_id":"{PLANTED_NAME}","product_id":"{product}","quantity":{quantity},"price":"1.00","status":"{status}"}}"#
    );
    format!(r#"{{"before":null,"after":{row},"source":{source},"op":"u","ts_ms":1769862600130}}"#)
}
