//! The metrics of the process, for Prometheus.
//!
//! Other modules report what happened by methods that are named after it. What can be read at any time (partitions, servers, the breaker,
//! the process) is read from [`Health`] when Prometheus asks. No label ever holds a value of an event (P11): labels are topics, partitions
//! and closed sets.

use std::sync::Arc;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::registry::Registry;
use service::traces::Spans;

use crate::health::Health;

mod batches;
mod live;
mod plain;
mod postgres;
mod process;
mod redis;
mod source;
mod watched;

pub use batches::Step;
pub use live::{Counted, Counts};
pub use redis::Rebuild;

/// The handle that every module gets. Clones count into the same registry.
#[derive(Debug, Clone)]
pub struct Metrics {
    batches: batches::Batches,
    redis: redis::RedisCounts,
    postgres: postgres::PostgresCounts,
    live: live::Live,
    registry: Arc<Registry>,
}

impl Metrics {
    /// Registers all metrics, and the collectors that read `health` and `spans`.
    #[must_use]
    pub fn new(health: Health, spans: Spans) -> Self {
        let mut registry = Registry::with_prefix("orderstream");
        let batches = batches::Batches::register(&mut registry);
        let redis = redis::RedisCounts::register(&mut registry);
        let postgres = postgres::PostgresCounts::register(&mut registry);
        registry.register_collector(Box::new(watched::Watched::new(health, spans)));
        registry.register_collector(Box::new(process::Process::started_now()));
        Self { batches, redis, postgres, live: live::Live::default(), registry: Arc::new(registry) }
    }

    /// What was counted so far, for those who read the counters back.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.live.counts()
    }

    /// The text that Prometheus reads, in the format OpenMetrics.
    ///
    /// # Errors
    /// If a metric cannot be written, which only a mistake in this program can cause.
    pub fn encode(&self) -> Result<String, std::fmt::Error> {
        let mut text = String::new();
        prometheus_client::encoding::text::encode(&mut text, &self.registry)?;
        Ok(text)
    }

    /// The same in Prometheus' older text, for readers that do not know OpenMetrics.
    ///
    /// # Errors
    /// As [`Self::encode`].
    pub fn encode_plain(&self) -> Result<String, std::fmt::Error> {
        Ok(plain::plain(&self.encode()?))
    }
}

/// The labels of a metric that is counted by partition.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ByPartition {
    topic: String,
    partition: i32,
}

impl ByPartition {
    fn new(topic: &str, partition: i32) -> Self {
        Self { topic: topic.to_owned(), partition }
    }
}

/// A number of rows or records for a gauge. A number that is too large becomes the largest that fits.
fn gauge(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests;
