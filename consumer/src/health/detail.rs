//! What a process reports of its work beside its state, so that the page of any process shows all of them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The partitions of a report (P10).
pub const MOST_PARTITIONS: usize = 256;

/// The work of a process, as of its report. What is not known is `None`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Detail {
    /// The partitions.
    pub partitions: Vec<PartitionDetail>,
    /// The steps of its batches, by name.
    pub edges: BTreeMap<String, EdgeDetail>,
    /// The age of changes at their commit in milliseconds: half of them, and 99 of 100, were not older.
    pub ages: [Option<f64>; 2],
    /// Lookups of customers a second: found, missing, not to be made.
    pub lookups: [Option<f64>; 3],
    /// Partitions of customers and of orders of which Redis is being made whole.
    pub rebuilding: [u64; 2],
}

/// A partition of a process.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct PartitionDetail {
    /// The topic.
    pub topic: String,
    /// The number.
    pub partition: i32,
    /// The state of its worker.
    pub state: String,
    /// Why the worker waits or has stopped.
    pub reason: Option<String>,
    /// The seconds since the state began.
    pub for_s: u64,
    /// The next offset.
    pub next: Option<i64>,
    /// The end.
    pub end: Option<i64>,
    /// Records that are not committed.
    pub lag: Option<u64>,
    /// Seconds for which the oldest of them has waited.
    pub lag_s: Option<u64>,
    /// Records a second.
    pub per_s: Option<f64>,
    /// The records so far: applied, stale, ignored, dead-lettered.
    pub fates: [u64; 4],
    /// Records that Redis does not reflect yet.
    pub redis_behind: Option<u64>,
    /// The seconds since the last commit of this claim.
    pub committed_s: Option<u64>,
}

/// A step of the batches of a process.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct EdgeDetail {
    /// What passes a second.
    pub per_s: Option<f64>,
    /// The share of a partition's time that the step takes, 0 to 1.
    pub busy: Option<f64>,
    /// How long it takes in milliseconds; 99 of 100 are not slower.
    pub p99_ms: Option<f64>,
    /// What fails a second.
    pub errors_per_s: Option<f64>,
}
