//! What the workers of all partitions share.

use kafka::dead_letter::DeadLetters;
use kafka::source::TopicPartition;
use ledger::StoreError;
use service::retry::{Backoff, Policy};
use worker::letter_cap::LetterCap;

use crate::decode::Reading;
use crate::health::Health;
use crate::metrics::Metrics;
use crate::store::Store;
use crate::tables::Tables;

/// What the workers of all partitions share.
#[derive(Debug)]
pub struct Shared {
    /// How the events of the source are read.
    pub reading: Reading,
    /// How each table is written.
    pub tables: Tables,
    /// The tables of the target.
    pub store: Store,
    /// The producer of dead letters.
    pub letters: DeadLetters,
    /// The state that `/readyz` reports.
    pub health: Health,
    /// The counters for Prometheus.
    pub metrics: Metrics,
    /// The number of dead letters that a partition may have.
    pub letter_cap: LetterCap,
    /// The highest number of records, and of bytes, of one batch (P10).
    pub limits: (usize, usize),
}

impl Shared {
    /// Postgres does not take a batch of this partition.
    pub fn troubled(&self, partition: &TopicPartition, error: &StoreError) {
        self.metrics.store.error(error.class().as_str());
        self.health.troubled(partition, error);
    }

    /// The waiting times while a server is away: from 50 ms, so that work resumes at once when the server is back, up to 2 s.
    #[must_use]
    pub fn backoff(&self) -> Backoff {
        Backoff::new(Policy { initial: std::time::Duration::from_millis(50), max: std::time::Duration::from_secs(2) })
    }
}
