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

    /// The kind that a code stands for.
    #[must_use]
    pub fn from_code(code: char) -> Option<Self> {
        [Self::Snapshot, Self::Stream, Self::Incremental, Self::Unknown].into_iter().find(|kind| kind.code() == code)
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
    /// `source.ts_ms`, milliseconds since 1970: when the source committed. Never decides which is newer, see [`Self::contradicts`].
    pub ts_ms: Option<i64>,
}

/// The source's clock may have been set back by this much between two commits, in milliseconds, without anything being wrong: machines that take
/// over from each other differ by less. An order that was changed less than this before its database was replaced is not noticed; one that was
/// changed earlier is.
pub const CLOCK_TOLERANCE_MS: i64 = 60_000;

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

    /// Whether this streamed event is older than `stored` by its LSN, but was committed clearly later: then the two LSNs are of different
    /// databases. An event that is sent again has its old time; a row of a snapshot has the time of its reading, which says nothing.
    #[must_use]
    pub fn contradicts(&self, stored: &Self) -> bool {
        let (Some(mine), Some(theirs)) = (self.ts_ms, stored.ts_ms) else { return false };
        self.epoch == stored.epoch
            && (self.kind, stored.kind) == (Kind::Stream, Kind::Stream)
            && self.log_order(stored) == Ordering::Less
            && mine.saturating_sub(theirs) > CLOCK_TOLERANCE_MS
    }

    fn log_order(&self, stored: &Self) -> Ordering {
        match (self.commit, stored.commit) {
            (Some(mine), Some(theirs)) => (mine, self.lsn).cmp(&(theirs, stored.lsn)),
            _ => self.lsn.cmp(&stored.lsn),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOON: i64 = 1_795_262_400_000;

    fn stream(offset: i64, lsn: i64, ts_ms: i64) -> Position {
        Position { epoch: 0, partition: 0, offset, kind: Kind::Stream, commit: Some(lsn), lsn: Some(lsn), ts_ms: Some(ts_ms) }
    }

    #[test]
    fn a_lower_lsn_that_was_committed_minutes_later_is_of_another_database() {
        let (stored, later) = (stream(1, 100, NOON), NOON + CLOCK_TOLERANCE_MS + 1);
        assert!(stream(2, 50, later).contradicts(&stored));
        assert!(Position { commit: None, ..stream(2, 50, later) }.contradicts(&stored), "the first change after a start");
        assert!(Position { partition: 3, ..stream(0, 50, later) }.contradicts(&stored), "the key may have moved");
    }

    #[test]
    fn what_is_sent_again_or_snapshotted_or_within_the_clocks_tolerance_is_not() {
        let (stored, later) = (stream(1, 100, NOON), NOON + 600_000);
        for harmless in [
            stream(2, 50, NOON - 600_000),
            stream(2, 50, NOON + CLOCK_TOLERANCE_MS),
            stream(2, 100, later),
            stream(2, 150, later),
            Position { kind: Kind::Snapshot, ..stream(2, 50, later) },
            Position { kind: Kind::Incremental, ..stream(2, 50, later) },
            Position { kind: Kind::Unknown, ..stream(2, 50, later) },
            Position { ts_ms: None, ..stream(2, 50, later) },
            Position { epoch: 1, ..stream(2, 50, later) },
        ] {
            assert!(!harmless.contradicts(&stored), "{harmless:?}");
        }
        let snapshot = Position { kind: Kind::Snapshot, ..stored };
        assert!(!stream(2, 50, later).contradicts(&snapshot));
    }
}
