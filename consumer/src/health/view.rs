//! The JSON of `/health` and `/status`. Scripts read its names.

use std::collections::BTreeMap;
use std::time::Instant;

use change::fate::Fates;
use serde::Serialize;

use super::breaker::{BreakerReading, Breakers};
use super::comparison::ComparisonView;
use super::group::GroupView;
use super::partition::PartitionHealth;
use super::program::{REVISION, VERSION};
use super::snapshot::{Dependency, DependencyState, Snapshot};
use super::source::SourceView;
use super::verdict::{Verdict, seconds};

/// The body of `/health`.
#[derive(Debug, Serialize)]
pub struct HealthView {
    /// `ready`, `degraded` or `not_ready`.
    pub status: &'static str,
    /// Why the process is not ready.
    pub reasons: Vec<String>,
    /// What does not work but does no harm yet.
    pub degraded: Vec<String>,
    /// The state of each server, by name.
    pub dependencies: BTreeMap<&'static str, DependencyView>,
    /// What is known of the way from the shop to Kafka.
    pub source: SourceView,
    /// The last comparison of the shop with `results` and Redis; null if there was none.
    pub comparison: Option<ComparisonView>,
}

/// The state of a server in `/health`.
#[derive(Debug, Serialize)]
pub struct DependencyView {
    /// `unknown`, `up` or `down`.
    pub state: &'static str,
    /// The seconds since the server entered this state.
    pub for_seconds: Option<u64>,
    /// The class of the last error, while the server is down.
    pub error: Option<&'static str>,
    /// The address of the server in use, or of the last one; null where no other server can take its place.
    pub server: Option<String>,
}

/// The body of `/status`.
#[derive(Debug, Serialize)]
pub struct StatusView {
    /// The version of the program.
    pub version: &'static str,
    /// The revision that the program was built from, or `unknown`.
    pub revision: &'static str,
    /// How long the process has been running.
    pub uptime_seconds: u64,
    /// `ready`, `degraded` or `not_ready`.
    pub status: &'static str,
    /// Why the process is not ready.
    pub reasons: Vec<String>,
    /// What does not work but does no harm yet.
    pub degraded: Vec<String>,
    /// The number of records of all partitions that are not committed yet; null if it is not known for a partition, or if the partitions
    /// themselves are not known.
    pub lag: Option<u64>,
    /// The partitions of this process.
    pub partitions: Vec<PartitionView>,
    /// What is known of the way from the shop to Kafka.
    pub source: SourceView,
    /// What all processes of the group know together.
    pub group: GroupView,
    /// The address of the Redis in use, or of the last one, if Sentinels name it.
    pub redis_server: Option<String>,
    /// The circuit breaker around Redis.
    pub breaker: Option<BreakerReading>,
    /// The circuit breaker around writes to Redis.
    pub breaker_of_writes: Option<BreakerReading>,
}

/// The state of a partition in `/status`.
#[derive(Debug, Serialize)]
pub struct PartitionView {
    /// The partition's topic.
    pub topic: String,
    /// The partition's number.
    pub partition: i32,
    /// `claiming`, `running`, `waiting`, `stopped`, `paused` or `lost`.
    pub state: &'static str,
    /// Why the partition waits or has stopped, or who has paused it.
    pub reason: Option<String>,
    /// The seconds since the partition entered this state.
    pub for_seconds: u64,
    /// The next offset, as committed.
    pub next_offset: Option<i64>,
    /// The end of the partition.
    pub end_offset: Option<i64>,
    /// The number of records that are not committed yet.
    pub lag: Option<u64>,
    /// For how long the oldest record has waited that is not committed yet, in seconds; null if that is not known.
    pub lag_seconds: Option<u64>,
    /// The seconds for which there has been lag without a commit.
    pub behind_for_seconds: Option<u64>,
    /// The fates of the partition's records since its first one.
    pub fates: Fates,
}

/// The state of a process in one word.
#[must_use]
pub fn status(verdict: &Verdict) -> &'static str {
    match (verdict.is_yes(), verdict.degraded.is_empty()) {
        (false, _) => "not_ready",
        (true, false) => "degraded",
        (true, true) => "ready",
    }
}

impl HealthView {
    /// The body for a snapshot and the verdict of readiness about it.
    #[must_use]
    pub fn new(snapshot: &Snapshot, verdict: Verdict, now: Instant) -> Self {
        let view = |dependency, state| DependencyView::new(state, snapshot.servers.get(&dependency).cloned(), now);
        let dependencies =
            snapshot.dependencies.iter().map(|(dependency, state)| (dependency.as_str(), view(*dependency, *state))).collect();
        let source = SourceView::new(&snapshot.source, now);
        let comparison = snapshot.group.comparison.as_ref().map(|comparison| ComparisonView::new(comparison, now));
        Self { status: status(&verdict), reasons: verdict.reasons, degraded: verdict.degraded, dependencies, source, comparison }
    }
}

impl DependencyView {
    fn new(state: DependencyState, server: Option<String>, now: Instant) -> Self {
        let (state, since, error) = match state {
            DependencyState::Unknown => ("unknown", None, None),
            DependencyState::Up { since } => ("up", Some(since), None),
            DependencyState::Down { since, error } => ("down", Some(since), Some(error)),
        };
        Self { state, for_seconds: since.map(|since| seconds(since, now)), error, server }
    }
}

impl StatusView {
    /// The body for a snapshot, the verdict of readiness about it, and the breakers.
    #[must_use]
    pub fn new(snapshot: &Snapshot, verdict: Verdict, breakers: Option<Breakers>, now: Instant) -> Self {
        let (breaker, breaker_of_writes) = breakers.map(|Breakers { server, writes }| (server, writes)).unzip();
        Self {
            version: VERSION,
            revision: REVISION,
            uptime_seconds: seconds(snapshot.started, now),
            status: status(&verdict),
            reasons: verdict.reasons,
            degraded: verdict.degraded,
            lag: lag(snapshot, now),
            partitions: snapshot.partitions.iter().map(|((topic, number), known)| PartitionView::new(topic, *number, known, now)).collect(),
            source: SourceView::new(&snapshot.source, now),
            group: GroupView::new(&snapshot.group, now),
            redis_server: snapshot.servers.get(&Dependency::Redis).cloned(),
            breaker,
            breaker_of_writes,
        }
    }
}

/// The lag of all partitions. A lag that is not known is not zero.
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
            reason: known.state.reason(),
            for_seconds: seconds(known.since, now),
            next_offset: known.next_offset,
            end_offset: known.end.map(|(offset, _)| offset),
            lag: known.lag_at(now),
            lag_seconds: known.lag_time_at(now).map(|time| time.as_secs()),
            behind_for_seconds: known.behind_since().map(|since| seconds(since, now)),
            fates: known.fates,
        }
    }
}
