//! The metrics of batches: fates, sizes, durations, dead letters.

use std::time::Duration;

use change::fate::{Fate, Fates};
use change::rejection::Reason;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::registry::Registry;
use worker::metrics::BatchCounts;

use super::Metrics;
use crate::orders::absent::ContractColumn;

/// A step of a batch whose duration is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Decoding bytes to changes.
    Decode,
    /// Looking up customers in Redis.
    Lookup,
    /// Sending dead letters to Kafka, until they are acknowledged.
    DeadLetter,
    /// Running the transaction in Postgres.
    Commit,
    /// Writing hashes to Redis.
    WriteBack,
}

impl Step {
    /// All steps, in the order in which a batch takes them.
    pub const ALL: [Self; 5] = [Self::Decode, Self::Lookup, Self::DeadLetter, Self::Commit, Self::WriteBack];

    /// The place in [`Self::ALL`].
    #[must_use]
    pub fn number(self) -> usize {
        self as usize
    }

    /// The name of the step: the label in metrics, and the name of its span.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Decode => "decode",
            Self::Lookup => "lookup",
            Self::DeadLetter => "dead_letter",
            Self::Commit => "commit",
            Self::WriteBack => "write_back",
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct FateLabels {
    topic: String,
    partition: i32,
    fate: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct PartitionLabels {
    topic: String,
    partition: i32,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ColumnLabels {
    topic: String,
    column: &'static str,
}

#[derive(Debug, Clone)]
pub(super) struct Batches {
    records: Family<FateLabels, Counter>,
    batches: BatchCounts,
    stopped_by_letters: Family<PartitionLabels, Counter>,
    absent: Family<ColumnLabels, Counter>,
}

impl Batches {
    pub(super) fn register(registry: &mut Registry) -> Self {
        let records = Family::default();
        registry.register("records", "Records by fate, since this process started", records.clone());
        let batches = BatchCounts::register(registry, Step::ALL.map(Step::as_str), "results");
        let counts = Self { records, batches, stopped_by_letters: Family::default(), absent: Family::default() };
        registry.register(
            "partition_stopped_by_dead_letters",
            "Times a partition stopped because too many of its records could not be processed",
            counts.stopped_by_letters.clone(),
        );
        registry.register("events_without_column", "Rows whose event does not have a column of the contract", counts.absent.clone());
        counts
    }
}

impl Metrics {
    /// Reports that the partition is owned now, and creates the partition's counters, at zero if they are new.
    pub fn partition_claimed(&self, topic: &str, partition: i32) {
        self.records_settled(topic, partition, Fates::default());
        drop(self.batches.stopped_by_letters.get_or_create_owned(&PartitionLabels { topic: topic.to_owned(), partition }));
    }

    /// Reports that a commit gave records their fates.
    pub fn records_settled(&self, topic: &str, partition: i32, fates: Fates) {
        for fate in Fate::ALL {
            let labels = FateLabels { topic: topic.to_owned(), partition, fate: fate.as_str() };
            self.batches.records.get_or_create(&labels).inc_by(fates.of(fate));
        }
    }

    /// Reports that a batch was received.
    pub fn batch_received(&self, records: usize, bytes: usize) {
        self.batches.batches.received(records, bytes);
    }

    /// Reports the duration of a step of a batch.
    pub fn stage_took(&self, stage: Step, duration: Duration) {
        self.live.stage_took(stage, duration);
        self.batches.batches.took(stage.as_str(), duration);
    }

    /// Reports that a batch was committed, and how long before that the oldest of its changes was made in the source.
    pub fn event_committed(&self, age: Duration) {
        self.live.committed(age);
        self.batches.batches.committed(age);
    }

    /// Reports the number of rows that came without a column.
    pub fn column_absent(&self, topic: &str, column: ContractColumn, events: u64) {
        self.batches.absent.get_or_create(&ColumnLabels { topic: topic.to_owned(), column: column.as_str() }).inc_by(events);
    }

    /// Reports that the partition stopped because too many of its records would be dead letters.
    pub fn stopped_by_letters(&self, topic: &str, partition: i32) {
        self.batches.stopped_by_letters.get_or_create(&PartitionLabels { topic: topic.to_owned(), partition }).inc();
    }

    /// Reports that a dead letter was committed.
    pub fn dead_letter(&self, reason: Reason) {
        self.live.letter();
        self.batches.batches.dead_letter(reason);
    }
}
