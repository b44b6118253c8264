//! Fills Kafka with the events of a workload, and tables beside `results` with what the events have to leave.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use chrono::DateTime;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::message::DeliveryResult;
use rdkafka::producer::{BaseProducer, BaseRecord, Producer, ProducerContext};
use rdkafka::types::RDKafkaErrorCode;
use rdkafka::{ClientConfig, ClientContext};
use sqlx::{Connection, PgConnection};

use crate::envelope;
use crate::ground::{CUSTOMERS, Ground};
use crate::shop::{Order, Shop, customer_id, product_id};
use crate::workload::{Outcome, Workload};

/// As many partitions as the topics of the shop have, which the processes share.
pub(crate) const PARTITIONS: i32 = 4;
pub(crate) const FOR_EVER: (&str, &str) = ("retention.ms", "-1");
const PATIENCE: Duration = Duration::from_secs(60);
/// How many rows are sent to Postgres at a time.
const ROWS_AT_A_TIME: usize = 10_000;

const SCHEMA: &str = "
create schema if not exists bench;
create unlogged table bench.customers (id text primary key, name text, email text, tier text, country text) with (autovacuum_enabled = off)";

/// A workload whose events are in Kafka, and what the events have to leave.
#[derive(Debug)]
pub(crate) struct Filled {
    /// The workload.
    pub(crate) workload: Workload,
    /// What the events have to leave.
    pub(crate) outcome: Outcome,
}

/// Writes the customers, as events and as the table that the events have to become.
pub(crate) fn customers(ground: &Ground) -> Result<()> {
    let Shop { customers, .. } = ground.shop;
    ground.stack.create_topic(CUSTOMERS, PARTITIONS, &[("cleanup.policy", "compact")])?;
    let mut topic = Topic::open(ground, CUSTOMERS, PARTITIONS)?;
    let mut rows = Vec::with_capacity(customers as usize);
    let (mut key, mut value) = (String::new(), String::new());
    for number in 0..customers {
        let customer = ground.shop.customer(number);
        envelope::customer_event(&mut key, &mut value, number.into(), &customer);
        topic.send(&key, &value)?;
        rows.push(format!("{}\t{}\t{}\t{}\t{}\n", customer.id, customer.name, customer.email, customer.tier, customer.country));
    }
    topic.close(u64::from(customers))?;
    ground.stack.psql(SCHEMA)?;
    copy(ground, "bench.customers", rows.into_iter())
}

/// Writes all events of a workload, and the table that the events have to become.
pub(crate) fn orders(ground: &Ground, workload: Workload, count: u64) -> Result<Filled> {
    let begin = Instant::now();
    let shop = ground.shop;
    ground.stack.create_topic(workload.topic(), workload.partitions(), &[FOR_EVER])?;
    let mut topic = Topic::open(ground, workload.topic(), workload.partitions())?;
    let (mut key, mut value) = (String::new(), String::new());
    for (number, event) in (0..).zip(workload.events(shop.seed, count)) {
        let before = event.version.checked_sub(1).map(|version| shop.order(event.id, version));
        envelope::order_key(&mut key, event.id);
        envelope::order_event(&mut value, number, before.as_ref(), &shop.order(event.id, event.version));
        if let Some(kind) = event.poison {
            envelope::poison(&mut key, &mut value, kind);
        }
        topic.send(&key, &value)?;
    }
    topic.close(count)?;
    let outcome = workload.outcome(shop.seed, count);
    expect(ground, workload.table(), &outcome)?;
    println!("[{:5.1} s] {count} events are on {}", begin.elapsed().as_secs_f64(), workload.topic());
    Ok(Filled { workload, outcome })
}

fn expect(ground: &Ground, table: &'static str, outcome: &Outcome) -> Result<()> {
    ground.stack.psql(&format!(
        "create unlogged table {table} (order_id bigint primary key, customer_id text, product_id text, quantity int,
         price numeric, total numeric, status text, ordered_at timestamp, updated_at timestamp) with (autovacuum_enabled = off)"
    ))?;
    let shop = ground.shop;
    copy(ground, table, outcome.orders.iter().map(move |(id, version)| row(&shop.order(*id, *version))))
}

fn row(order: &Order) -> String {
    let Order { id, customer, product, quantity, cents, status, created, updated } = order;
    let money = |cents: i64| format!("{}.{:02}", cents / 100, cents % 100);
    let time = |micros: i64| DateTime::from_timestamp_micros(micros).map(|time| time.naive_utc().to_string()).unwrap_or_default();
    let (customer, product, price, total) = (customer_id(*customer), product_id(*product), money(*cents), money(order.total_cents()));
    let (created, updated) = (time(*created), time(*updated));
    format!("{id}\t{customer}\t{product}\t{quantity}\t{price}\t{total}\t{status}\t{created}\t{updated}\n")
}

fn copy(ground: &Ground, table: &'static str, rows: impl Iterator<Item = String>) -> Result<()> {
    let mut rows = rows.peekable();
    ground.runtime.block_on(async {
        let mut connection = PgConnection::connect(&ground.stack.database_url()).await?;
        let mut copy = connection.copy_in_raw(&format!("copy {table} from stdin")).await?;
        while rows.peek().is_some() {
            copy.send(rows.by_ref().take(ROWS_AT_A_TIME).collect::<String>().into_bytes()).await?;
        }
        copy.finish().await?;
        connection.close().await
    })?;
    ground.stack.psql(&format!("analyze {table}")).map(drop)
}

/// A topic that is being filled, as Kafka Connect fills it.
struct Topic<'a> {
    ground: &'a Ground,
    name: &'static str,
    partitions: i32,
    producer: BaseProducer<Deliveries>,
}

impl<'a> Topic<'a> {
    fn open(ground: &'a Ground, name: &'static str, partitions: i32) -> Result<Self> {
        let producer = ClientConfig::new()
            .set("bootstrap.servers", ground.stack.bootstrap_servers())
            .set("partitioner", "murmur2_random")
            .set("compression.type", "lz4")
            .set("linger.ms", "5")
            // Connect's batches hold 16 KiB of compressed events. This client counts the size of events before compression, so its limit is
            // higher.
            .set("batch.size", "98304")
            .set("queue.buffering.max.messages", "200000")
            .set("enable.idempotence", "true")
            .create_with_context(Deliveries::default())?;
        Ok(Self { ground, name, partitions, producer })
    }

    fn send(&mut self, key: &str, value: &str) -> Result<()> {
        let mut record = BaseRecord::to(self.name).key(key).payload(value);
        while let Err((error, unsent)) = self.producer.send(record) {
            if !matches!(error, KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull)) {
                return Err(error).with_context(|| format!("an event cannot be sent to {}", self.name));
            }
            self.producer.poll(Duration::from_millis(100));
            record = unsent;
        }
        Ok(())
    }

    fn close(self, expected: u64) -> Result<()> {
        self.producer.flush(PATIENCE).with_context(|| format!("{} is not filled in time", self.name))?;
        let failed = self.producer.context().failed.load(Ordering::Relaxed);
        let held = held(self.ground, self.name, self.partitions)?;
        if failed > 0 || held != expected {
            bail!("{} holds {held} events and should hold {expected}; {failed} could not be sent", self.name);
        }
        Ok(())
    }
}

/// How many records a topic holds.
fn held(ground: &Ground, topic: &str, partitions: i32) -> Result<u64> {
    let consumer: BaseConsumer = ClientConfig::new().set("bootstrap.servers", ground.stack.bootstrap_servers()).create()?;
    let count = |partition| {
        let (low, high) = consumer.fetch_watermarks(topic, partition, PATIENCE)?;
        Ok((high - low).unsigned_abs())
    };
    (0..partitions).map(count).sum::<Result<u64, KafkaError>>().with_context(|| format!("{topic} cannot be counted"))
}

/// Counts the records that were not delivered.
#[derive(Default)]
struct Deliveries {
    failed: AtomicU64,
}

impl ClientContext for Deliveries {}

impl ProducerContext for Deliveries {
    type DeliveryOpaque = ();

    fn delivery(&self, result: &DeliveryResult<'_>, (): ()) {
        if result.is_err() {
            self.failed.fetch_add(1, Ordering::Relaxed);
        }
    }
}
