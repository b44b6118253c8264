//! The state: partitions, tables, servers.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use change::fate::Fates;
use kafka::source::{SourceProgress, TopicPartition};
use ledger::Ledger;
use service::logging::Throttle;

use super::named::Named;
use crate::store::Written;

/// A trouble that lasts is logged again after this time.
const QUIET: Duration = Duration::from_secs(10);

/// What a worker does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Doing {
    Claiming,
    Running,
    Waiting(String),
    Stopped(String),
    /// The group was out of reach for too long, and its next assignment tells who has the partition.
    Lost,
}

/// What a server answered last.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) enum Answer {
    /// Nobody asks it.
    NotConfigured,
    /// It was not asked yet.
    #[default]
    Unknown,
    Up,
    Down(String),
}

impl Answer {
    pub(super) fn of<E: ToString>(answer: Result<(), E>) -> Self {
        answer.map_or_else(|error| Self::Down(error.to_string()), |()| Self::Up)
    }

    pub(super) fn reason(&self) -> Option<&str> {
        match self {
            Self::Down(reason) => Some(reason),
            Self::NotConfigured | Self::Unknown | Self::Up => None,
        }
    }
}

#[derive(Debug, Clone)]
pub(super) struct Partition {
    pub(super) doing: Doing,
    pub(super) since: Instant,
    pub(super) committed_at: Option<Instant>,
    pub(super) progress: Option<Arc<SourceProgress>>,
}

/// What was written of one table.
#[derive(Debug, Clone, Default)]
pub(super) struct Table {
    pub(super) written: Written,
    pub(super) letters: u64,
    pub(super) last: Option<Instant>,
    /// The topics that its events came in.
    pub(super) topics: BTreeSet<Arc<str>>,
}

#[derive(Debug)]
pub(super) struct State {
    pub(super) partitions: BTreeMap<(Arc<str>, i32), Partition>,
    /// The fates of the records that this process has read, also of partitions that it has no more.
    pub(super) fates: BTreeMap<(Arc<str>, i32), Fates>,
    pub(super) tables: BTreeMap<String, Table>,
    /// The topics and the tables that have lines of their own in `/metrics`.
    pub(super) named_topics: Named,
    pub(super) named_tables: Named,
    pub(super) postgres: Answer,
    /// Whether the source's catalog can be read.
    pub(super) source: Answer,
    pub(super) kafka_down: bool,
    pub(super) assigned: bool,
    pub(super) polled: Instant,
    pub(super) failed: Option<String>,
    pub(super) stopping: bool,
    /// The connections to the target, once they are made.
    pub(super) target: Option<Ledger>,
    troubles: BTreeMap<&'static str, Throttle>,
}

impl State {
    pub(super) fn new(now: Instant) -> Self {
        Self {
            partitions: BTreeMap::new(),
            fates: BTreeMap::new(),
            tables: BTreeMap::new(),
            named_topics: Named::default(),
            named_tables: Named::default(),
            postgres: Answer::default(),
            source: Answer::default(),
            kafka_down: false,
            assigned: false,
            polled: now,
            failed: None,
            stopping: false,
            target: None,
            troubles: BTreeMap::new(),
        }
    }

    /// The group gave the partition to this process.
    pub(super) fn own(&mut self, partition: &TopicPartition) {
        let fresh = Partition { doing: Doing::Claiming, since: Instant::now(), committed_at: None, progress: None };
        let place = (Arc::clone(&partition.topic), partition.number);
        self.named_topics.meet(&partition.topic);
        self.fates.entry(place.clone()).or_default();
        let known = self.partitions.entry(place).or_insert_with(|| fresh.clone());
        if known.doing == Doing::Lost {
            *known = fresh;
        }
    }

    /// The partition does something else from now on. A report of a worker whose partition was given back or lost comes too late, and is left out.
    pub(super) fn enter(&mut self, partition: &TopicPartition, doing: Doing) {
        let known = self.partitions.get_mut(&(Arc::clone(&partition.topic), partition.number));
        if let Some(known) = known.filter(|known| known.doing != doing && known.doing != Doing::Lost) {
            (known.doing, known.since) = (doing, Instant::now());
        }
    }

    /// The table of this name, which is met if it is new.
    pub(super) fn table(&mut self, name: &str) -> &mut Table {
        self.named_tables.meet(name);
        self.tables.entry(name.to_owned()).or_default()
    }

    /// The offsets between what is done and the end of the log, in the partitions that this process has of each topic.
    pub(super) fn lags(&self) -> BTreeMap<Arc<str>, u64> {
        let mut lags = BTreeMap::new();
        for ((topic, _), partition) in &self.partitions {
            if let Some(progress) = &partition.progress {
                *lags.entry(Arc::clone(topic)).or_default() += progress.lag();
            }
        }
        lags
    }

    /// Records that were read and are not committed: in the inboxes, and in the batches that are worked on.
    pub(super) fn in_process(&self) -> u64 {
        self.partitions.values().filter_map(|partition| partition.progress.as_ref()).map(|progress| progress.in_process()).sum()
    }

    pub(super) fn throttle(&mut self, key: &'static str) -> Option<u64> {
        self.troubles.entry(key).or_insert_with(|| Throttle::new(QUIET)).allow(Instant::now())
    }
}
