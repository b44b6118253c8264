//! The metrics of the process, for Prometheus. No label holds a value of a row (P11): labels are names of tables, topics, partitions and closed
//! sets, and what has no bound is cut off ([`crate::health::named`]).

use std::sync::Arc;

use axum::http::HeaderMap;
use axum::response::Response;
use prometheus_client::registry::Registry;
use service::metrics::process::Process;
use worker::metrics::{BatchCounts, StoreCounts};

use crate::health::Health;
use crate::health::series::Series;

/// A step of a batch whose duration is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Reading records into changes.
    Prepare,
    /// Sending dead letters to Kafka, until they are acknowledged.
    DeadLetter,
    /// Running the transaction in the target.
    Commit,
}

impl Step {
    const ALL: [Self; 3] = [Self::Prepare, Self::DeadLetter, Self::Commit];

    /// The name in metrics.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Prepare => "prepare",
            Self::DeadLetter => "dead_letter",
            Self::Commit => "commit",
        }
    }
}

/// The program that runs: its version and its revision.
#[derive(Debug, Clone, Copy)]
pub struct Program {
    /// The version.
    pub version: &'static str,
    /// The commit that the program was built of.
    pub revision: &'static str,
}

/// The counters, and the text that Prometheus reads. A clone counts into the same ones.
#[derive(Debug, Clone)]
pub struct Metrics {
    /// What is counted of batches.
    pub batches: BatchCounts,
    /// What is counted of Postgres.
    pub store: StoreCounts,
    registry: Arc<Registry>,
}

impl Metrics {
    /// Registers all metrics, and the collectors that read `health` and the process.
    #[must_use]
    pub fn new(health: Health, program: Program) -> Self {
        let mut registry = Registry::with_prefix("orderstream_mirror");
        let batches = BatchCounts::register(&mut registry, Step::ALL.map(Step::as_str), "the target");
        let store = StoreCounts::register(&mut registry);
        registry.register_collector(Box::new(Series(health)));
        registry.register_collector(Box::new(Process::started_now(program.version, program.revision)));
        Self { batches, store, registry: Arc::new(registry) }
    }

    /// The text in the format that the headers of a request ask for.
    #[must_use]
    pub fn answer(&self, headers: &HeaderMap) -> Response {
        service::metrics::answer(headers, &self.registry)
    }

    /// The text in Prometheus' older format.
    ///
    /// # Errors
    /// If a metric cannot be written, which only a mistake in this program can cause.
    pub fn encode_plain(&self) -> Result<String, std::fmt::Error> {
        service::metrics::encode_plain(&self.registry)
    }
}

#[cfg(test)]
mod tests;
