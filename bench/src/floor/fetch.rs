//! The records out of Kafka, and nothing done with them.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::{ClientConfig, Message, Offset, TopicPartitionList};

use crate::fill::{Filled, PARTITIONS};
use crate::ground::Ground;

const PATIENCE: Duration = Duration::from_secs(30);

/// A reader that has joined nothing and reads all partitions from their beginning.
pub(super) struct Reader {
    consumer: BaseConsumer,
    events: u64,
}

impl Reader {
    /// Connects, and waits for the first event: a process that runs has long done that.
    pub(super) fn open(ground: &Ground, filled: &Filled) -> Result<Self> {
        let consumer: BaseConsumer = ClientConfig::new()
            .set("bootstrap.servers", ground.stack.bootstrap_servers())
            .set("group.id", "bench.floor")
            .set("enable.auto.commit", "false")
            .set("fetch.queue.backoff.ms", "5")
            .set("queued.max.messages.kbytes", "16384")
            .create()?;
        let mut partitions = TopicPartitionList::new();
        for partition in 0..PARTITIONS {
            partitions.add_partition_offset(filled.workload.topic(), partition, Offset::Beginning)?;
        }
        consumer.assign(&partitions)?;
        drop(partitions);
        let reader = Self { consumer, events: filled.outcome.events };
        reader.next().map(|_| reader)
    }

    /// Reads the rest.
    pub(super) fn run(&self) -> Result<()> {
        let bytes: usize = (1..self.events).map(|_| self.next()).sum::<Result<usize>>()?;
        ensure!(bytes > 0, "the events are empty");
        Ok(())
    }

    fn next(&self) -> Result<usize> {
        let message = self.consumer.poll(PATIENCE).with_context(|| format!("Kafka gave fewer than {} events", self.events))??;
        Ok(message.payload().map_or(0, <[u8]>::len))
    }
}
