//! A partition that this process owns: what its worker does, how far it is, since when it is behind.

use std::time::{Duration, Instant};

use crate::orders::absent::ColumnSet;
use change::fate::Fates;

/// An end of a partition that Kafka told longer ago says nothing: it is asked for every second.
const END_HOLDS: Duration = Duration::from_secs(10);

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
    /// The consumer group was out of reach for too long: another process may have it.
    Lost,
}

impl PartitionState {
    /// All texts of [`Self::as_str`].
    pub const NAMES: [&str; 5] = ["claiming", "running", "waiting", "stopped", "lost"];

    /// The text in JSON and metric labels.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Claiming => "claiming",
            Self::Running => "running",
            Self::Waiting(_) => "waiting",
            Self::Stopped(_) => "stopped",
            Self::Lost => "lost",
        }
    }

    /// Why it waits or stopped.
    #[must_use]
    pub fn reason(&self) -> Option<&str> {
        match self {
            Self::Waiting(reason) | Self::Stopped(reason) => Some(reason),
            Self::Claiming | Self::Running | Self::Lost => None,
        }
    }
}

/// A partition that this process owns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartitionHealth {
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
    /// The columns that its newest row does not have.
    pub absent: ColumnSet,
    /// From here to there are no records: transaction markers and compaction leave gaps.
    gap: (i64, i64),
    /// When the lag began, or last became smaller.
    behind_since: Option<Instant>,
    /// What its last batch met that retries are to overcome.
    hindrance: Option<String>,
}

impl PartitionHealth {
    pub(super) fn new(now: Instant) -> Self {
        let state = PartitionState::Claiming;
        let fates = Fates::default();
        Self {
            state,
            since: now,
            next_offset: None,
            end: None,
            fates,
            absent: ColumnSet::default(),
            gap: (0, 0),
            behind_since: None,
            hindrance: None,
        }
    }

    pub(super) fn enter(&mut self, state: PartitionState, now: Instant) {
        if self.state != state {
            self.state = state;
            self.since = now;
        }
    }

    pub(super) fn begin(&mut self, next_offset: i64, fates: Fates, now: Instant) {
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
        self.hindrance = None;
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

    /// The lag, if it is known: an end that Kafka has not told for a while is none, and what was lost may be anywhere.
    #[must_use]
    pub fn lag_at(&self, now: Instant) -> Option<u64> {
        let (_, told) = self.end?;
        let is_known = self.state != PartitionState::Lost && now.saturating_duration_since(told) <= END_HOLDS;
        is_known.then(|| self.lag())?
    }

    /// When the lag began or last became smaller; `None` while there is none.
    #[must_use]
    pub fn behind_since(&self) -> Option<Instant> {
        self.behind_since
    }

    pub(super) fn hindered(&mut self, by: String) {
        self.hindrance = Some(by);
    }

    /// What its last batch met, unless it was overcome.
    #[must_use]
    pub fn hindrance(&self) -> Option<&str> {
        self.hindrance.as_deref()
    }

    fn progressed(&mut self, now: Instant) {
        self.behind_since = self.lag().is_some_and(|lag| lag > 0).then_some(now);
    }
}
