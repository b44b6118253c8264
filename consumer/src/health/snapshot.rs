//! What is known at one instant. Methods take `now`, so that tests need no clock.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use crate::fate::Fates;

/// A server that the process needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Dependency {
    /// Where events come from and dead letters go.
    Kafka,
    /// Where results and positions are.
    Postgres,
    /// Where customers and order hashes are.
    Redis,
}

impl Dependency {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Kafka, Self::Postgres, Self::Redis];

    /// The text in JSON and metric labels.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Kafka => "kafka",
            Self::Postgres => "postgres",
            Self::Redis => "redis",
        }
    }
}

/// Whether a server answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DependencyState {
    /// Nobody asked it yet.
    Unknown,
    /// The last call was answered.
    Up {
        /// The first answer of this run of answers.
        since: Instant,
    },
    /// The last call was not answered.
    Down {
        /// The first failure of this run of failures.
        since: Instant,
        /// The class of the last failure.
        error: &'static str,
    },
}

/// What a partition's worker does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PartitionState {
    /// It takes over the partition in Postgres.
    Claiming,
    /// It works.
    Running,
    /// It waits for this, and goes on by itself.
    Waiting(String),
    /// It stopped for this reason, and somebody has to act.
    Stopped(String),
}

impl PartitionState {
    /// The text in JSON and metric labels.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Claiming => "claiming",
            Self::Running => "running",
            Self::Waiting(_) => "waiting",
            Self::Stopped(_) => "stopped",
        }
    }

    /// Why it waits or stopped.
    #[must_use]
    pub fn reason(&self) -> Option<&str> {
        match self {
            Self::Waiting(reason) | Self::Stopped(reason) => Some(reason),
            Self::Claiming | Self::Running => None,
        }
    }
}

/// A partition that this process owns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Partition {
    /// What its worker does.
    pub state: PartitionState,
    /// Since when.
    pub since: Instant,
    /// Where the next record is expected, as committed; `None` before the claim.
    pub next_offset: Option<i64>,
    /// The end of the partition and when Kafka told it.
    pub end: Option<(i64, Instant)>,
    /// What became of its records since its first one.
    pub fates: Fates,
    /// From here to there are no records: transaction markers and compaction leave gaps.
    gap: (i64, i64),
    /// When the lag began, or last became smaller.
    behind_since: Option<Instant>,
}

impl Partition {
    fn new(now: Instant) -> Self {
        let state = PartitionState::Claiming;
        Self { state, since: now, next_offset: None, end: None, fates: Fates::default(), gap: (0, 0), behind_since: None }
    }

    pub(super) fn enter(&mut self, state: PartitionState, now: Instant) {
        if self.state != state {
            self.state = state;
            self.since = now;
        }
    }

    pub(super) fn claimed(&mut self, next_offset: i64, fates: Fates, now: Instant) {
        self.enter(PartitionState::Running, now);
        self.next_offset = Some(next_offset);
        self.fates = fates;
        self.progressed(now);
    }

    pub(super) fn high_watermark(&mut self, offset: i64, now: Instant) {
        self.end = Some((offset, now));
        if self.behind_since.is_none() {
            self.progressed(now);
        }
    }

    pub(super) fn end_reached(&mut self, delivered: i64, end: i64, now: Instant) {
        self.gap = (delivered, end);
        if self.lag() == Some(0) {
            self.progressed(now);
        }
    }

    pub(super) fn committed(&mut self, next_offset: i64, fates: Fates, now: Instant) {
        self.enter(PartitionState::Running, now);
        self.next_offset = Some(next_offset);
        self.fates += fates;
        self.progressed(now);
    }

    /// Records that are not committed yet; `None` before the claim, or before Kafka told the end.
    #[must_use]
    pub fn lag(&self) -> Option<u64> {
        let (next, (end, _)) = (self.next_offset?, self.end?);
        let (from, to) = self.gap;
        let reached = if (from..to).contains(&next) { to } else { next };
        Some(u64::try_from(end - reached).unwrap_or(0))
    }

    /// When the lag began or last became smaller; `None` while there is none.
    #[must_use]
    pub fn behind_since(&self) -> Option<Instant> {
        self.behind_since
    }

    fn progressed(&mut self, now: Instant) {
        self.behind_since = self.lag().is_some_and(|lag| lag > 0).then_some(now);
    }
}

/// Everything known at one instant.
#[derive(Debug, Clone)]
pub struct Snapshot {
    /// When the process started.
    pub started: Instant,
    /// Whether the process is shutting down.
    pub is_stopping: bool,
    /// The last poll of Kafka; `None` before the first.
    pub last_poll: Option<Instant>,
    /// Whether the group ever gave an assignment.
    pub was_assigned: bool,
    /// Each server.
    pub dependencies: BTreeMap<Dependency, DependencyState>,
    /// The partitions of this process.
    pub partitions: BTreeMap<(Arc<str>, i32), Partition>,
}

impl Snapshot {
    pub(super) fn new(now: Instant) -> Self {
        Self {
            started: now,
            is_stopping: false,
            last_poll: None,
            was_assigned: false,
            dependencies: Dependency::ALL.map(|dependency| (dependency, DependencyState::Unknown)).into(),
            partitions: BTreeMap::new(),
        }
    }

    pub(super) fn polled(&mut self, now: Instant) {
        self.last_poll = Some(now);
    }

    pub(super) fn assigned(&mut self) {
        self.was_assigned = true;
    }

    pub(super) fn stopping(&mut self) {
        self.is_stopping = true;
    }

    pub(super) fn up(&mut self, dependency: Dependency, now: Instant) {
        let state = self.dependencies.entry(dependency).or_insert(DependencyState::Unknown);
        if !matches!(state, DependencyState::Up { .. }) {
            *state = DependencyState::Up { since: now };
        }
    }

    pub(super) fn down(&mut self, dependency: Dependency, error: &'static str, now: Instant) {
        let state = self.dependencies.entry(dependency).or_insert(DependencyState::Unknown);
        let since = if let DependencyState::Down { since, .. } = state { *since } else { now };
        *state = DependencyState::Down { since, error };
    }

    /// The partition, which this process owns from now on.
    pub(super) fn partition(&mut self, topic: &Arc<str>, partition: i32, now: Instant) -> &mut Partition {
        self.partitions.entry((Arc::clone(topic), partition)).or_insert_with(|| Partition::new(now))
    }

    /// Changes a partition if this process still owns it: news of a revoked one come late and mean nothing.
    pub(super) fn update(&mut self, topic: &Arc<str>, partition: i32, change: impl FnOnce(&mut Partition)) {
        if let Some(known) = self.partitions.get_mut(&(Arc::clone(topic), partition)) {
            change(known);
        }
    }

    pub(super) fn revoked(&mut self, topic: &Arc<str>, partition: i32) {
        self.partitions.remove(&(Arc::clone(topic), partition));
    }
}
