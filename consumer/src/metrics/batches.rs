//! The metrics of batches: fates, sizes, durations, dead letters.

use std::time::Duration;

use change::fate::{Fate, Fates};
use change::rejection::Reason;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::{Registry, Unit};

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
struct StageLabels {
    stage: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ReasonLabels {
    reason: &'static str,
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
    batch_records: Histogram,
    batch_bytes: Histogram,
    stages: Family<StageLabels, Histogram, fn() -> Histogram>,
    event_age: Histogram,
    dead_letters: Family<ReasonLabels, Counter>,
    stopped_by_letters: Family<PartitionLabels, Counter>,
    absent: Family<ColumnLabels, Counter>,
}

/// The buckets reach from 0.1 ms to about 26 s.
fn durations() -> Histogram {
    Histogram::new(exponential_buckets(0.0001, 2.0, 19))
}

impl Batches {
    pub(super) fn register(registry: &mut Registry) -> Self {
        let batches = Self {
            records: Family::default(),
            batch_records: Histogram::new(exponential_buckets(1.0, 2.0, 14)),
            batch_bytes: Histogram::new(exponential_buckets(256.0, 4.0, 10)),
            stages: Family::new_with_constructor(durations),
            // The buckets reach from 1 ms to about 70 minutes.
            event_age: Histogram::new(exponential_buckets(0.001, 2.0, 23)),
            dead_letters: Family::default(),
            stopped_by_letters: Family::default(),
            absent: Family::default(),
        };
        registry.register("records", "Records by fate, since this process started", batches.records.clone());
        registry.register("batch_records", "Records of a batch", batches.batch_records.clone());
        registry.register_with_unit("batch_size", "Bytes of a batch", Unit::Bytes, batches.batch_bytes.clone());
        registry.register_with_unit("stage_duration", "How long a step of a batch took", Unit::Seconds, batches.stages.clone());
        registry.register_with_unit(
            "event_age",
            "From the oldest change of a batch in the source to its commit in results",
            Unit::Seconds,
            batches.event_age.clone(),
        );
        registry.register("dead_letters", "Dead letters by reason", batches.dead_letters.clone());
        registry.register(
            "partition_stopped_by_dead_letters",
            "Times a partition stopped because too many of its records could not be processed",
            batches.stopped_by_letters.clone(),
        );
        registry.register("events_without_column", "Rows whose event does not have a column of the contract", batches.absent.clone());
        batches.show_zeros();
        batches
    }

    /// Creates the counters at zero, because an alert on a counter that does not exist yet never fires.
    fn show_zeros(&self) {
        Step::ALL.iter().for_each(|stage| drop(self.stages.get_or_create_owned(&StageLabels { stage: stage.as_str() })));
        Reason::ALL.iter().for_each(|reason| drop(self.dead_letters.get_or_create_owned(&ReasonLabels { reason: reason.as_str() })));
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
        self.batches.batch_records.observe(as_f64(records));
        self.batches.batch_bytes.observe(as_f64(bytes));
    }

    /// Reports the duration of a step of a batch.
    pub fn stage_took(&self, stage: Step, duration: Duration) {
        self.live.stage_took(stage, duration);
        self.batches.stages.get_or_create(&StageLabels { stage: stage.as_str() }).observe(duration.as_secs_f64());
    }

    /// Reports that a batch was committed, and how long before that the oldest of its changes was made in the source.
    pub fn event_committed(&self, age: Duration) {
        self.live.committed(age);
        self.batches.event_age.observe(age.as_secs_f64());
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
        self.batches.dead_letters.get_or_create(&ReasonLabels { reason: reason.as_str() }).inc();
    }
}

fn as_f64(number: usize) -> f64 {
    // Numbers beyond `u32` fall into a histogram's last bucket anyway.
    f64::from(u32::try_from(number).unwrap_or(u32::MAX))
}
