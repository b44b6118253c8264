//! The real Debezium, with the configuration of connect/. Each repetition has topics and a slot of its own, which hold nothing of an
//! earlier repetition.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::{ClientConfig, Message};
use serde::Deserialize;
use serde_json::json;
use stack::wait::{Attempt, until};

use crate::drain::patience;
use crate::fill::{FOR_EVER, PARTITIONS};
use crate::ground::{Ground, PATIENCE};
use crate::reader;

static NEXT: AtomicU32 = AtomicU32::new(1);

/// Debezium on an empty table `orders`.
pub(crate) struct Debezium<'a> {
    ground: &'a Ground,
    name: String,
    topic: String,
    watcher: BaseConsumer,
}

impl<'a> Debezium<'a> {
    /// Empties `orders`, starts Kafka Connect, and returns when the connector reads the log.
    pub(crate) fn start(ground: &'a Ground) -> Result<Self> {
        let name = format!("bench{}", NEXT.fetch_add(1, Ordering::Relaxed));
        let topic = format!("{name}.public.orders");
        ground.stack.create_topic(&topic, PARTITIONS, &[FOR_EVER])?;
        ground.stack.create_topic(&format!("{name}.public.customers"), PARTITIONS, &[])?;
        ground.stack.create_topic(&format!("{name}.public.debezium_signal"), 1, &[])?;
        ground.stack.create_topic(&format!("__debezium-heartbeat.{name}"), 1, &[])?;
        ground.stack.psql("truncate orders restart identity")?;
        let mut config = ground.stack.connector_config()?;
        config["topic.prefix"] = json!(name);
        config["slot.name"] = json!(name);
        ground.stack.connect().start()?;
        ground.stack.connect_api().register(&name, &config)?;
        let watcher = ClientConfig::new().set("bootstrap.servers", ground.stack.bootstrap_servers()).create()?;
        let debezium = Self { ground, name, topic, watcher };
        debezium.await_stream()?;
        Ok(debezium)
    }

    /// The topic of the events of `orders`.
    pub(crate) fn topic(&self) -> &str {
        &self.topic
    }

    /// The name of the connector.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// The topic of the connector's heartbeats.
    pub(crate) fn heartbeat_topic(&self) -> String {
        format!("__debezium-heartbeat.{}", self.name)
    }

    /// Waits until Debezium reads the slot, because an insert before that would be part of the snapshot.
    fn await_stream(&self) -> Result<()> {
        until("Debezium reads the log", PATIENCE, || {
            let active = self.ground.stack.psql("select count(*) from pg_replication_slots where active");
            Attempt::from(active.and_then(|active| {
                ensure!(active == "1", "no slot is active");
                Ok(())
            }))
        })
    }

    /// How many events are in Kafka.
    pub(crate) fn written(&self) -> Result<u64> {
        let count = |partition| {
            let (low, high) = self.watcher.fetch_watermarks(&self.topic, partition, PATIENCE)?;
            Ok((high - low).unsigned_abs())
        };
        (0..PARTITIONS).map(count).sum::<Result<u64>>().with_context(|| format!("{} cannot be counted", self.topic))
    }

    /// Looks every few milliseconds, and returns when so many events are in Kafka.
    pub(crate) fn await_written(&self, events: u64) -> Result<Instant> {
        const BETWEEN_LOOKS: Duration = Duration::from_millis(5);
        let begin = Instant::now();
        loop {
            let written = self.written()?;
            if written >= events {
                return Ok(Instant::now());
            }
            ensure!(begin.elapsed() < patience(events), "{written} of {events} events are in Kafka after {} s", begin.elapsed().as_secs());
            std::thread::sleep(BETWEEN_LOOKS);
        }
    }

    /// Opens a reader of the events of `orders`, which reads beside orderstream.
    pub(crate) fn arrivals(&self) -> Result<Arrivals> {
        let client = reader::open(self.ground, &self.topic, &[("fetch.wait.max.ms", "50")])?;
        Ok(Arrivals { client })
    }

    /// Removes the connector and the slot, and ends Connect.
    pub(crate) fn retire(self) -> Result<()> {
        self.ground.retire_connector(&self.name)
    }
}

/// The events of `orders` as Kafka hands them out.
pub(crate) struct Arrivals {
    client: BaseConsumer,
}

impl Arrivals {
    /// The ids of the orders whose events have come since the last call. The function does not wait for events.
    pub(crate) fn take(&self) -> Result<Vec<i64>> {
        #[derive(Deserialize)]
        struct Key {
            id: i64,
        }
        let mut ids = Vec::new();
        while let Some(event) = self.client.poll(Duration::ZERO) {
            let key: Key = serde_json::from_slice(event?.key().context("an event has no key")?)?;
            ids.push(key.id);
        }
        Ok(ids)
    }
}
