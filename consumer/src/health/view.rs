//! What `/health` and `/status` say, as JSON. The names are read by scripts.

use std::collections::BTreeMap;
use std::time::Instant;

use serde::Serialize;

use super::breaker::{BreakerReading, Breakers};
use super::partition::PartitionHealth;
use super::snapshot::{DependencyState, Snapshot};
use super::verdict::{Verdict, seconds};
use change::fate::Fates;

/// The body of `/health`.
#[derive(Debug, Serialize)]
pub struct HealthView {
    /// `ready`, `degraded` or `not_ready`.
    pub status: &'static str,
    /// Why it is not ready.
    pub reasons: Vec<String>,
    /// What does not work and does no harm yet.
    pub degraded: Vec<String>,
    /// Each server by name.
    pub dependencies: BTreeMap<&'static str, DependencyView>,
}

/// A server in `/health`.
#[derive(Debug, Serialize)]
pub struct DependencyView {
    /// `unknown`, `up` or `down`.
    pub state: &'static str,
    /// For how long.
    pub for_seconds: Option<u64>,
    /// The class of the last error, while it is down.
    pub error: Option<&'static str>,
}

/// The body of `/status`.
#[derive(Debug, Serialize)]
pub struct StatusView {
    /// The version of the program.
    pub version: &'static str,
    /// How long the process runs.
    pub uptime_seconds: u64,
    /// `ready`, `degraded` or `not_ready`.
    pub status: &'static str,
    /// Why it is not ready.
    pub reasons: Vec<String>,
    /// Records of all partitions that are not committed yet; none: of some it is not known, or not which partitions there are.
    pub lag: Option<u64>,
    /// The partitions of this process.
    pub partitions: Vec<PartitionView>,
    /// The circuit breaker around Redis.
    pub breaker: Option<BreakerReading>,
    /// The one around writes to Redis.
    pub breaker_of_writes: Option<BreakerReading>,
}

/// A partition in `/status`.
#[derive(Debug, Serialize)]
pub struct PartitionView {
    /// Its topic.
    pub topic: String,
    /// Its number.
    pub partition: i32,
    /// `claiming`, `running`, `waiting`, `stopped` or `lost`.
    pub state: &'static str,
    /// Why it waits or stopped.
    pub reason: Option<String>,
    /// For how long it is in this state.
    pub for_seconds: u64,
    /// Where the next record is expected, as committed.
    pub next_offset: Option<i64>,
    /// The end of the partition.
    pub end_offset: Option<i64>,
    /// Records that are not committed yet.
    pub lag: Option<u64>,
    /// For how long there is lag and nothing was committed.
    pub behind_for_seconds: Option<u64>,
    /// What became of its records since its first one.
    pub fates: Fates,
}

fn status(verdict: &Verdict) -> &'static str {
    match (verdict.is_yes(), verdict.degraded.is_empty()) {
        (false, _) => "not_ready",
        (true, false) => "degraded",
        (true, true) => "ready",
    }
}

impl HealthView {
    /// The body for a snapshot and what readiness says of it.
    #[must_use]
    pub fn new(snapshot: &Snapshot, verdict: Verdict, now: Instant) -> Self {
        let dependencies =
            snapshot.dependencies.iter().map(|(dependency, state)| (dependency.as_str(), DependencyView::new(*state, now))).collect();
        Self { status: status(&verdict), reasons: verdict.reasons, degraded: verdict.degraded, dependencies }
    }
}

impl DependencyView {
    fn new(state: DependencyState, now: Instant) -> Self {
        match state {
            DependencyState::Unknown => Self { state: "unknown", for_seconds: None, error: None },
            DependencyState::Up { since } => Self { state: "up", for_seconds: Some(seconds(since, now)), error: None },
            DependencyState::Down { since, error } => Self { state: "down", for_seconds: Some(seconds(since, now)), error: Some(error) },
        }
    }
}

impl StatusView {
    /// The body for a snapshot, what readiness says of it, and the breakers.
    #[must_use]
    pub fn new(snapshot: &Snapshot, verdict: Verdict, breakers: Option<Breakers>, now: Instant) -> Self {
        let (breaker, breaker_of_writes) = breakers.map(|Breakers { server, writes }| (server, writes)).unzip();
        Self {
            version: env!("CARGO_PKG_VERSION"),
            uptime_seconds: seconds(snapshot.started, now),
            status: status(&verdict),
            reasons: verdict.reasons,
            lag: lag(snapshot, now),
            partitions: snapshot.partitions.iter().map(|((topic, number), known)| PartitionView::new(topic, *number, known, now)).collect(),
            breaker,
            breaker_of_writes,
        }
    }
}

/// What is not known is not zero.
fn lag(snapshot: &Snapshot, now: Instant) -> Option<u64> {
    let is_assigned = !snapshot.readers.is_empty() && snapshot.readers.values().all(|reader| reader.is_assigned);
    is_assigned.then(|| snapshot.partitions.values().map(|known| known.lag_at(now)).sum())?
}

impl PartitionView {
    fn new(topic: &str, partition: i32, known: &PartitionHealth, now: Instant) -> Self {
        Self {
            topic: topic.to_owned(),
            partition,
            state: known.state.as_str(),
            reason: known.state.reason().map(str::to_owned),
            for_seconds: seconds(known.since, now),
            next_offset: known.next_offset,
            end_offset: known.end.map(|(offset, _)| offset),
            lag: known.lag_at(now),
            behind_for_seconds: known.behind_since().map(|since| seconds(since, now)),
            fates: known.fates,
        }
    }
}
