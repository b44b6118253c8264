//! The state of the process's health at one instant. The methods take `now`, so that tests need no clock.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use change::fate::Fates;

use super::control::Controls;
use super::group::Group;
use super::impairment::{self, Found, Impairment};
use super::partition::{PartitionHealth, PartitionState};
use super::source::Source;
use crate::orders::absent::ColumnSet;

/// A server that the process needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Dependency {
    /// The source of events, and the destination of dead letters.
    Kafka,
    /// The store of results and positions.
    Postgres,
    /// The store of customers and order hashes.
    Redis,
}

impl Dependency {
    /// All servers.
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
    /// The server was not asked yet.
    Unknown,
    /// The last call was answered.
    Up {
        /// The time of the first answer in this run of answers.
        since: Instant,
    },
    /// The last call was not answered.
    Down {
        /// The time of the first failure in this run of failures.
        since: Instant,
        /// The class of the last failure.
        error: &'static str,
    },
}

/// The state of the reader of a topic.
#[derive(Debug, Clone, Copy, Default)]
pub struct ReaderHealth {
    /// The time of the last poll of Kafka; `None` before the first.
    pub last_poll: Option<Instant>,
    /// Whether the group gave an assignment that still holds.
    pub is_assigned: bool,
}

/// Everything that is known at one instant.
#[derive(Debug, Clone)]
pub struct Snapshot {
    /// When the process started.
    pub started: Instant,
    /// Whether the process is shutting down.
    pub is_stopping: bool,
    /// Why the process is about to end although nobody asked it to.
    pub failure: Option<String>,
    /// The state of each topic's reader.
    pub readers: BTreeMap<String, ReaderHealth>,
    /// The state of each server.
    pub dependencies: BTreeMap<Dependency, DependencyState>,
    /// The address of the server in use, where that may change.
    pub servers: BTreeMap<Dependency, String>,
    /// The settings of the topics with which the work cannot go on.
    pub topics: Vec<String>,
    /// What servers do not do although they answer, by kind of question.
    pub(super) impairments: BTreeMap<(Dependency, &'static str), Vec<Found>>,
    /// The partitions of this process.
    pub partitions: BTreeMap<(Arc<str>, i32), PartitionHealth>,
    /// What is known of the way from the shop to Kafka.
    pub source: Source,
    /// What all processes of the group know together.
    pub group: Group,
    /// What operators hold, without what had ended a second ago.
    pub controls: Controls,
    /// Claims of partitions whose assignment was not reported yet.
    early_claims: BTreeMap<(Arc<str>, i32), (i64, Fates)>,
}

impl Snapshot {
    pub(super) fn new(now: Instant) -> Self {
        Self {
            started: now,
            is_stopping: false,
            failure: None,
            readers: BTreeMap::new(),
            dependencies: Dependency::ALL.map(|dependency| (dependency, DependencyState::Unknown)).into(),
            servers: BTreeMap::new(),
            topics: Vec::new(),
            impairments: BTreeMap::new(),
            partitions: BTreeMap::new(),
            source: Source::default(),
            group: Group::default(),
            controls: Controls::default(),
            early_claims: BTreeMap::new(),
        }
    }

    /// The reader of `topic`, which is expected to poll from now on.
    pub(super) fn reader(&mut self, topic: &str) -> &mut ReaderHealth {
        self.readers.entry(topic.to_owned()).or_default()
    }

    /// Topic and number of each partition of this process, and why it has stopped, in one sentence, if it has.
    #[must_use]
    pub fn stops(&self) -> Vec<(Arc<str>, i32, Option<String>)> {
        let why = |state: &PartitionState| match state {
            PartitionState::Stopped(reason) => Some(reason.split_once(". ").map_or(reason.clone(), |(first, _)| format!("{first}."))),
            _ => None,
        };
        self.partitions.iter().map(|((topic, number), known)| (Arc::clone(topic), *number, why(&known.state))).collect()
    }

    pub(super) fn assigned(&mut self, topic: &str) {
        self.reader(topic).is_assigned = true;
        // The partitions that came back are reported next.
        self.partitions.retain(|(of, _), known| **of != *topic || known.state != PartitionState::Lost);
    }

    pub(super) fn lost(&mut self, reader: &str, topic: &Arc<str>, partition: i32, now: Instant) {
        self.reader(reader).is_assigned = false;
        self.early_claims.remove(&(Arc::clone(topic), partition));
        self.update(topic, partition, |known| known.enter(PartitionState::Lost, now));
    }

    pub(super) fn failed(&mut self, reason: String) {
        self.failure.get_or_insert(reason);
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

    pub(super) fn impaired(&mut self, dependency: Dependency, kind: &'static str, found: &[Impairment], now: Instant) -> Vec<Impairment> {
        impairment::follow(self.impairments.entry((dependency, kind)).or_default(), found, now)
    }

    /// Notes that this process owns the partition from now on.
    pub(super) fn claiming(&mut self, topic: &Arc<str>, partition: i32, now: Instant) {
        let key = (Arc::clone(topic), partition);
        let claim = self.early_claims.remove(&key);
        let known = self.partitions.entry(key).or_insert_with(|| PartitionHealth::new(now));
        known.enter(PartitionState::Claiming, now);
        if let Some((next_offset, fates)) = claim {
            known.begin(next_offset, fates, now);
        }
    }

    /// Takes in what operators hold now.
    pub(super) fn controls(&mut self, controls: Controls, now: Instant) {
        self.controls = controls;
        for (key, known) in &mut self.partitions {
            known.follow(self.controls.pauses.get(key), now);
        }
    }

    /// Notes a claim. Claims and assignments are reported by different threads, in either order.
    pub(super) fn claimed(&mut self, topic: &Arc<str>, partition: i32, next_offset: i64, fates: Fates, now: Instant) {
        let key = (Arc::clone(topic), partition);
        match self.partitions.get_mut(&key).filter(|known| known.state != PartitionState::Lost) {
            Some(known) => {
                known.enter(PartitionState::Running, now);
                known.begin(next_offset, fates, now);
                known.follow(self.controls.pauses.get(&key), now);
            }
            None => drop(self.early_claims.insert(key, (next_offset, fates))),
        }
    }

    /// Notes when the last record of a partition was written. Topics that this process does not read are no concern of its operators.
    pub(super) fn last_event(&mut self, topic: &Arc<str>, partition: i32, happened: Instant) {
        if self.readers.contains_key(&**topic) {
            let newest = self.source.newest.entry(topic.to_string()).or_insert(happened);
            *newest = happened.max(*newest);
            self.update(topic, partition, |known| known.last_event = Some(happened));
        }
    }

    /// Changes a partition if this process still owns it. Late reports about a revoked or lost partition mean nothing: the worker of a lost
    /// one may commit until another process has claimed the partition, and a commit does not say that the partition came back (P9).
    pub(super) fn update(&mut self, topic: &Arc<str>, partition: i32, change: impl FnOnce(&mut PartitionHealth)) {
        let key = (Arc::clone(topic), partition);
        let known = self.partitions.get_mut(&key);
        if let Some(known) = known.filter(|known| known.state != PartitionState::Lost) {
            change(known);
            // If the change has let the partition run, it runs since then.
            known.follow(self.controls.pauses.get(&key), known.since);
        }
    }

    /// The columns that the newest rows of some partition of `topic` do not have.
    #[must_use]
    pub fn absent(&self, topic: &str) -> ColumnSet {
        let of_topic = self.partitions.iter().filter(|((of, _), _)| **of == *topic);
        of_topic.fold(ColumnSet::default(), |all, (_, known)| all.and(known.absent))
    }

    pub(super) fn revoked(&mut self, topic: &Arc<str>, partition: i32) {
        let key = (Arc::clone(topic), partition);
        self.early_claims.remove(&key);
        self.partitions.remove(&key);
    }
}
