//! The floor's part of Kafka: the records are read, and nothing is done with them.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use rdkafka::Message;
use rdkafka::consumer::BaseConsumer;

use crate::fill::Filled;
use crate::ground::Ground;
use crate::reader;

const PATIENCE: Duration = Duration::from_secs(30);

/// A reader that has joined no group and reads all partitions from their beginning.
pub(super) struct Reader {
    consumer: BaseConsumer,
    events: u64,
}

impl Reader {
    /// Connects, and waits for the first event, because a running process has connected long before.
    pub(super) fn open(ground: &Ground, filled: &Filled) -> Result<Self> {
        let settings = [("fetch.queue.backoff.ms", "5"), ("queued.max.messages.kbytes", "16384")];
        let consumer = reader::open(ground, filled.workload.topic(), &settings)?;
        let reader = Self { consumer, events: filled.outcome.events };
        reader.next().map(|_| reader)
    }

    /// Reads the other events.
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
