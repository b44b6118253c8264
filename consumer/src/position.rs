//! Where an event stands, and which of two events for one row is newer (P5).
//!
//! The rule is a table; the same table stands as SQL in the migration that creates `position_supersedes` and as Lua in
//! `redis/put_customers.lua`. A property test holds the three together.

use std::cmp::Ordering;

/// How an event came to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A row read by a snapshot.
    Snapshot,
    /// A change from the write-ahead log.
    Stream,
    /// A row read by an incremental snapshot; it carries a sequence, but no LSN.
    Incremental,
    /// Nothing tells: a flat row without source columns.
    Unknown,
}

impl Kind {
    /// The code that is stored: `s`, `w`, `i`, `u`.
    #[must_use]
    pub fn code(self) -> char {
        match self {
            Self::Snapshot => 's',
            Self::Stream => 'w',
            Self::Incremental => 'i',
            Self::Unknown => 'u',
        }
    }

    fn is_log(self) -> bool {
        matches!(self, Self::Stream | Self::Incremental)
    }
}

/// Where an event stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    /// The operator's `source.epoch`: raised when the source database was restored or replaced.
    pub epoch: i32,
    /// Kafka partition.
    pub partition: i32,
    /// Kafka offset.
    pub offset: i64,
    /// How the event came to be.
    pub kind: Kind,
    /// First part of `source.sequence`: LSN of the last commit before this change. Null for snapshots and for the first change after one.
    pub commit: Option<i64>,
    /// Second part of `source.sequence`, else `source.lsn`.
    pub lsn: Option<i64>,
    /// `source.ts_ms`, milliseconds since 1970. Told to operators; never decides.
    pub ts_ms: Option<i64>,
}

impl Position {
    /// Whether this event replaces what `stored` left behind, for one and the same row.
    ///
    /// Log events compare by (commit, LSN), where one lacks the commit by LSN alone. A snapshot's LSN is compared with a log event's only
    /// across partitions: a transaction that was open while the snapshot ran has a lower LSN and still comes after it.
    #[must_use]
    pub fn supersedes(&self, stored: &Self) -> bool {
        if self.epoch != stored.epoch {
            return self.epoch > stored.epoch;
        }
        let same_partition = self.partition == stored.partition;
        if same_partition && self.offset <= stored.offset {
            return false;
        }
        match (self.kind, stored.kind) {
            (Kind::Unknown, _) | (_, Kind::Unknown) => true,
            (Kind::Snapshot, of) if of.is_log() && !same_partition => self.lsn >= stored.lsn,
            (Kind::Snapshot, _) | (_, Kind::Snapshot) => true,
            _ => self.log_order(stored) == Ordering::Greater,
        }
    }

    fn log_order(&self, stored: &Self) -> Ordering {
        match (self.commit, stored.commit) {
            (Some(mine), Some(theirs)) => (mine, self.lsn).cmp(&(theirs, stored.lsn)),
            _ => self.lsn.cmp(&stored.lsn),
        }
    }
}
