//! The metrics of the process, for Prometheus.
//!
//! Other modules report what happened by methods that are named after it. What can be read at any time (partitions, servers, the breaker,
//! the process) is read from [`Health`] when Prometheus asks. No label ever holds a value of an event (P11): labels are topics, partitions
//! and closed sets.

use std::sync::Arc;

use axum::http::HeaderMap;
use axum::response::Response;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::registry::Registry;
use service::metrics::process::Process;
use service::traces::Spans;

use crate::health::{Health, REVISION, VERSION};

mod batches;
mod live;
mod postgres;
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
        registry.register_collector(Box::new(Process::started_now(VERSION, REVISION)));
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
        service::metrics::encode(&self.registry)
    }

    /// The metrics in the format that the headers of a request ask for.
    #[must_use]
    pub fn answer(&self, headers: &HeaderMap) -> Response {
        service::metrics::answer(headers, &self.registry)
    }

    /// The same in Prometheus' older text, for readers that do not know OpenMetrics.
    ///
    /// # Errors
    /// As [`Self::encode`].
    pub fn encode_plain(&self) -> Result<String, std::fmt::Error> {
        service::metrics::encode_plain(&self.registry)
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

#[cfg(test)]
mod tests;
