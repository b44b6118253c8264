//! Where an event stands, and which of two events for one row is newer (P5).
//!
//! The rule is a table. The same table stands as SQL in the newest migration that creates `position_supersedes` and `position_outlives`,
//! and as Lua in `redis/put_customers.lua`. Property tests hold the three together.
//!
//! # Two events at one position
//!
//! An LSN names one record of the log, and a record changes one row at most once. So two events of one row at one (commit, LSN) are of
//! three kinds only:
//!
//! - *One event sent again*, after a crash of Connect, with the same bytes. The second one is stale, whatever it does.
//! - *A key that changed while the id stayed* (a composite primary key, `message.key.columns`). Debezium writes one update as a delete of
//!   the old key and a create of the new one. The keys differ, so the two may be in two partitions and come in either order, and both may
//!   be sent again. The row is there after the update: **of a delete and a create at one position the create wins**, whichever comes first,
//!   however often both come. The opposite case does not occur: a create and a later delete are two records, also within one transaction,
//!   and the later one has the higher LSN.
//! - *A row of an incremental snapshot*, which carries the position of the last event before it. Debezium drops rows whose key was changed
//!   while their chunk was read, so every row that is left was read after that event. The row has what the event made of it. If the event
//!   was a delete, the row lives under another key. The same rule is right.
//!
//! So a tie needs to know only whether an event removes its row. The place where an event is stored tells that: rows come from creates and
//! updates, tombstones from deletes; no position holds it. Headers (`__debezium.newkey`) say it too, but transforms may drop them, so the
//! rule does without them.
//!
//! The numbers come from different fields, by the version of Debezium:
//!
//! - Versions before 1.5 write no sequence, so there is only the LSN. For one row the LSN is enough, because a transaction that changes the
//!   row waits until the one before has ended.
//! - Versions 1.5 to 1.6.1 write the last commit twice in the sequence, whichever change of a transaction it is (DBZ-3801). So an event of
//!   the log stands at `source.lsn`, and only an event without one (an incremental snapshot's row) at the second part of the sequence. What
//!   an earlier orderstream stored of such events has an LSN that is too low, by less than its transaction: an event that is sent again
//!   passes it once, and the events behind it in its transaction follow.
//! - From 1.6.2 on both are the same number.
//!
//! A snapshot at an LSN has everything that ended before that LSN, and a record that begins there comes after the snapshot. So at one LSN a
//! row of a snapshot does not replace what an event of the log has left from another partition.
//!
//! # A tombstone alone
//!
//! A null value follows each delete, for compaction, and says nothing new. On a compacted topic the null value may be all that is left of
//! the delete. Then only its partition and offset are known, and compaction goes by the same two: the tombstone removes what was written
//! before it *in its own partition*, and nothing else. The tombstone says nothing about a row from another partition: when a key changes
//! and the id stays, the old partition ends with the tombstone of the old key, and the row lives in the new one. Whatever comes later, or
//! from elsewhere, replaces the tombstone. So the end is the same in every order of arrival. One case is not covered: a key moved between
//! partitions without a change of its row (partitions were added, another converter was used), and its delete was compacted away before it
//! was read. Kafka itself forgets such a delete, because the old partition keeps the old row for ever. A comparison with the source finds
//! such a row.

use std::cmp::Ordering;

/// How an event came to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// A row read by a snapshot.
    Snapshot,
    /// A change from the write-ahead log.
    Stream,
    /// A row read by an incremental snapshot; it carries a sequence, but no LSN.
    Incremental,
    /// Nothing tells how the event came to be: a flat row without source columns.
    Unknown,
    /// A null value without the delete that it follows.
    Tombstone,
}

impl Origin {
    /// The code that is stored: `s`, `w`, `i`, `u`, `t`.
    #[must_use]
    pub fn code(self) -> char {
        match self {
            Self::Snapshot => 's',
            Self::Stream => 'w',
            Self::Incremental => 'i',
            Self::Unknown => 'u',
            Self::Tombstone => 't',
        }
    }

    /// The kind that a code stands for.
    #[must_use]
    pub fn from_code(code: char) -> Option<Self> {
        let all = [Self::Snapshot, Self::Stream, Self::Incremental, Self::Unknown, Self::Tombstone];
        all.into_iter().find(|kind| kind.code() == code)
    }

    fn is_log(self) -> bool {
        matches!(self, Self::Stream | Self::Incremental)
    }
}

/// Where an event stands among all events of its row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    /// The operator's `source.epoch`, which is raised when the source database was restored or replaced.
    pub epoch: i32,
    /// The Kafka partition.
    pub partition: i32,
    /// The Kafka offset.
    pub offset: i64,
    /// How the event came to be.
    pub kind: Origin,
    /// The first part of `source.sequence`: the LSN of the last commit before this change. `None` for snapshots and for the first change
    /// after one.
    pub commit: Option<i64>,
    /// `source.lsn`, or else the second part of `source.sequence`. For a row of an incremental snapshot the second part comes first.
    pub lsn: Option<i64>,
    /// `source.ts_ms`, milliseconds since 1970: when the source committed. The time never decides which event is newer, see
    /// [`Self::contradicts`].
    pub ts_ms: Option<i64>,
}

/// The time in milliseconds by which the source's clock may go back between two commits without anything being wrong. Machines that take
/// over from each other differ by less. If the database was replaced less than this time after a change of an order, the order does not
/// show it; an order that was changed earlier does.
pub const CLOCK_TOLERANCE_MS: i64 = 60_000;

impl Position {
    /// Whether this event replaces what `stored` left behind, for one and the same row. For a create that meets a delete, ask
    /// [`Self::outlives`].
    ///
    /// Log events compare by (commit, LSN), and by LSN alone if one of them lacks the commit. A snapshot's LSN is compared with a log
    /// event's only across partitions: a transaction that was open while the snapshot ran has a lower LSN and still comes after the
    /// snapshot.
    #[must_use]
    pub fn supersedes(&self, stored: &Self) -> bool {
        if self.epoch != stored.epoch {
            return self.epoch > stored.epoch;
        }
        let same_partition = self.partition == stored.partition;
        if self.stands_before(stored) {
            return false;
        }
        match (self.kind, stored.kind) {
            (Origin::Tombstone, _) => same_partition,
            (Origin::Unknown, _) | (_, Origin::Unknown | Origin::Tombstone) => true,
            (Origin::Snapshot, of) if of.is_log() && !same_partition => self.lsn > stored.lsn,
            (Origin::Snapshot, _) | (_, Origin::Snapshot) => true,
            _ => self.log_order(stored) == Ordering::Greater,
        }
    }

    /// Whether this event, which creates or updates its row, replaces the delete that stands at `grave`, even if both stand at one position
    /// of the log.
    #[must_use]
    pub fn outlives(&self, grave: &Self) -> bool {
        self.supersedes(grave) || self.ties(grave)
    }

    /// Whether both events stand at one position of the log, and this one is not the stored event read again.
    #[must_use]
    pub fn ties(&self, stored: &Self) -> bool {
        self.epoch == stored.epoch
            && self.kind.is_log()
            && stored.kind.is_log()
            && (self.partition != stored.partition || self.offset > stored.offset)
            && self.log_order(stored) == Ordering::Equal
    }

    /// The position for a delete that no event tells of: behind this event, and before every other. Records of the log begin at every
    /// eighth byte, so the next byte belongs to no record. A delete at the same position would give way when the event is sent again.
    #[must_use]
    pub fn behind(&self) -> Self {
        let lsn = if self.kind.is_log() { self.lsn.map(|lsn| lsn.saturating_add(1)) } else { self.lsn };
        Self { lsn, ..*self }
    }

    /// Whether this streamed event is older than `stored` by its LSN, or by its offset in the same partition, but was committed clearly later.
    /// Then the two LSNs are of different databases, or the two offsets of different topics: of one that was made anew, has lost its end, or has
    /// another name. An event that is sent again has its old time. A row of a snapshot has the time of its reading, which says nothing.
    #[must_use]
    pub fn contradicts(&self, stored: &Self) -> bool {
        let (Some(mine), Some(theirs)) = (self.ts_ms, stored.ts_ms) else { return false };
        self.epoch == stored.epoch
            && (self.kind, stored.kind) == (Origin::Stream, Origin::Stream)
            && (self.log_order(stored) == Ordering::Less || self.stands_before(stored))
            && mine.saturating_sub(theirs) > CLOCK_TOLERANCE_MS
    }

    /// Whether this event stands in the same partition, and not behind `stored`.
    #[must_use]
    pub fn stands_before(&self, stored: &Self) -> bool {
        self.partition == stored.partition && self.offset <= stored.offset
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
        Position { epoch: 0, partition: 0, offset, kind: Origin::Stream, commit: Some(lsn), lsn: Some(lsn), ts_ms: Some(ts_ms) }
    }

    #[test]
    fn a_lower_lsn_that_was_committed_minutes_later_is_of_another_database() {
        let (stored, later) = (stream(1, 100, NOON), NOON + CLOCK_TOLERANCE_MS + 1);
        assert!(stream(2, 50, later).contradicts(&stored));
        assert!(Position { commit: None, ..stream(2, 50, later) }.contradicts(&stored), "the first change after a start");
        assert!(Position { partition: 3, ..stream(0, 50, later) }.contradicts(&stored), "the key may have moved");
    }

    #[test]
    fn a_lower_offset_of_the_partition_that_was_committed_minutes_later_is_of_another_topic() {
        let (stored, later) = (stream(900, 100, NOON), NOON + CLOCK_TOLERANCE_MS + 1);
        assert!(stream(3, 150, later).contradicts(&stored) && stream(900, 150, later).contradicts(&stored));
        assert!(!stream(901, 150, later).contradicts(&stored), "it is applied");
        assert!(!stream(3, 150, NOON + CLOCK_TOLERANCE_MS).contradicts(&stored), "clocks differ");
        assert!(!Position { partition: 1, ..stream(3, 150, later) }.contradicts(&stored), "offsets of two partitions say nothing");
        assert!(!Position { kind: Origin::Snapshot, ..stream(3, 150, later) }.contradicts(&stored), "read by a clock of its own");
    }

    #[test]
    fn what_is_sent_again_or_snapshotted_or_within_the_clocks_tolerance_is_not() {
        let (stored, later) = (stream(1, 100, NOON), NOON + 600_000);
        for harmless in [
            stream(2, 50, NOON - 600_000),
            stream(2, 50, NOON + CLOCK_TOLERANCE_MS),
            stream(2, 100, later),
            stream(2, 150, later),
            Position { kind: Origin::Snapshot, ..stream(2, 50, later) },
            Position { kind: Origin::Incremental, ..stream(2, 50, later) },
            Position { kind: Origin::Unknown, ..stream(2, 50, later) },
            Position { ts_ms: None, ..stream(2, 50, later) },
            Position { epoch: 1, ..stream(2, 50, later) },
        ] {
            assert!(!harmless.contradicts(&stored), "{harmless:?}");
        }
        let snapshot = Position { kind: Origin::Snapshot, ..stored };
        assert!(!stream(2, 50, later).contradicts(&snapshot));
    }

    #[test]
    fn a_create_outlives_the_delete_at_its_position_and_one_that_no_event_tells_of_it_does_not() {
        let create = stream(2, 96, NOON);
        assert!(!create.supersedes(&stream(1, 96, NOON)) && create.outlives(&stream(1, 96, NOON)));
        assert!(!create.outlives(&create), "read again");
        assert!(!create.outlives(&stream(1, 104, NOON)) && !create.outlives(&Position { epoch: 1, ..stream(1, 96, NOON) }));
        assert!(!stream(3, 96, NOON).outlives(&create.behind()) && stream(3, 104, NOON).outlives(&create.behind()));
    }

    #[test]
    fn a_row_of_a_snapshot_does_not_replace_the_record_that_began_there_in_another_partition() {
        let snapshot = |lsn: i64| Position { kind: Origin::Snapshot, commit: None, partition: 1, ..stream(9, lsn, NOON) };
        let stored = stream(1, 96, NOON);
        assert!(!snapshot(96).supersedes(&stored) && snapshot(97).supersedes(&stored));
    }

    #[test]
    fn a_tombstone_alone_concerns_its_own_partition_and_keeps_nothing_out() {
        let tombstone = Position { kind: Origin::Tombstone, commit: None, lsn: None, ts_ms: None, ..stream(5, 0, 0) };
        let elsewhere = Position { partition: 1, ..stream(1, 96, NOON) };
        assert!(tombstone.supersedes(&stream(4, 96, NOON)) && !tombstone.supersedes(&elsewhere));
        assert!(!tombstone.supersedes(&stream(6, 96, NOON)), "it is newer");
        assert!(elsewhere.supersedes(&tombstone) && stream(6, 8, NOON).supersedes(&tombstone));
    }
}
