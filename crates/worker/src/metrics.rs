//! What the batches of a job count for Prometheus, whatever they write.

use std::time::Duration;

use change::rejection::Reason;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::{Registry, Unit};
use service::metrics::durations;

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct StageLabels {
    stage: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ReasonLabels {
    reason: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ClassLabels {
    class: &'static str,
}

/// The sizes of batches, how long their steps took, the ages of their events, and dead letters by reason. A clone counts into the same ones.
#[derive(Debug, Clone)]
pub struct BatchCounts {
    records: Histogram,
    bytes: Histogram,
    stages: Family<StageLabels, Histogram, fn() -> Histogram>,
    event_age: Histogram,
    dead_letters: Family<ReasonLabels, Counter>,
}

impl BatchCounts {
    /// Registers the metrics of a job whose batches have these steps, and whose rows are committed in `target`.
    pub fn register(registry: &mut Registry, steps: impl IntoIterator<Item = &'static str>, target: &str) -> Self {
        let counts = Self {
            records: Histogram::new(exponential_buckets(1.0, 2.0, 14)),
            bytes: Histogram::new(exponential_buckets(256.0, 4.0, 10)),
            stages: Family::new_with_constructor(durations),
            // The buckets reach from 1 ms to about 70 minutes.
            event_age: Histogram::new(exponential_buckets(0.001, 2.0, 23)),
            dead_letters: Family::default(),
        };
        registry.register("batch_records", "Records of a batch", counts.records.clone());
        registry.register_with_unit("batch_size", "Bytes of a batch", Unit::Bytes, counts.bytes.clone());
        registry.register_with_unit("stage_duration", "How long a step of a batch took", Unit::Seconds, counts.stages.clone());
        let age = format!("From the oldest change of a batch in the source to its commit in {target}");
        registry.register_with_unit("event_age", age, Unit::Seconds, counts.event_age.clone());
        registry.register("dead_letters", "Dead letters by reason", counts.dead_letters.clone());
        // The series exist at zero, because an alert on a counter that does not exist yet never fires.
        steps.into_iter().for_each(|stage| drop(counts.stages.get_or_create_owned(&StageLabels { stage })));
        Reason::ALL.iter().for_each(|reason| drop(counts.dead_letters.get_or_create_owned(&ReasonLabels { reason: reason.as_str() })));
        counts
    }

    /// Counts a batch that was received.
    pub fn received(&self, records: usize, bytes: usize) {
        self.records.observe(as_f64(records));
        self.bytes.observe(as_f64(bytes));
    }

    /// Counts how long a step of a batch took.
    pub fn took(&self, stage: &'static str, duration: Duration) {
        self.stages.get_or_create(&StageLabels { stage }).observe(duration.as_secs_f64());
    }

    /// Counts a batch that was committed; `age` is how long before that the oldest of its changes was made in the source.
    pub fn committed(&self, age: Duration) {
        self.event_age.observe(age.as_secs_f64());
    }

    /// Counts a dead letter that was committed.
    pub fn dead_letter(&self, reason: Reason) {
        self.dead_letters.get_or_create(&ReasonLabels { reason: reason.as_str() }).inc();
    }
}

/// What Postgres does not take. A clone counts into the same ones.
#[derive(Debug, Clone, Default)]
pub struct StoreCounts {
    errors: Family<ClassLabels, Counter>,
    bisections: Counter,
}

impl StoreCounts {
    /// Registers the metrics.
    pub fn register(registry: &mut Registry) -> Self {
        let counts = Self::default();
        registry.register("postgres_errors", "Errors of Postgres by class", counts.errors.clone());
        registry.register("batch_bisections", "Times a batch was halved to find the row that Postgres refuses", counts.bisections.clone());
        for class in ["connection", "contention", "unknown_outcome", "row", "ours"] {
            drop(counts.errors.get_or_create_owned(&ClassLabels { class }));
        }
        counts
    }

    /// Counts an error; `class` is a class of the error policy.
    pub fn error(&self, class: &'static str) {
        self.errors.get_or_create(&ClassLabels { class }).inc();
    }

    /// Counts that a batch was halved.
    pub fn bisected(&self) {
        self.bisections.inc();
    }
}

fn as_f64(number: usize) -> f64 {
    // Numbers beyond `u32` fall into a histogram's last bucket anyway.
    f64::from(u32::try_from(number).unwrap_or(u32::MAX))
}
