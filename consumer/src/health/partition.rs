//! The health of a partition that this process owns: what its worker does, how far it is, and since when it is behind.

use std::time::{Duration, Instant};

use change::fate::Fates;

use super::control::Pause;
use crate::orders::absent::ColumnSet;

/// How long an end of a partition is valid after Kafka told it. Kafka is asked for it every second.
const END_HOLDS: Duration = Duration::from_secs(10);

/// The state of a partition's worker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PartitionState {
    /// The worker claims the partition in Postgres.
    Claiming,
    /// The worker works.
    Running,
    /// The worker waits for this reason, and goes on by itself.
    Waiting(String),
    /// The worker stopped for this reason, and an operator has to act.
    Stopped(String),
    /// An operator has paused the partition. The worker keeps its claim, begins no batch, and goes on by itself when the pause ends.
    Paused(Pause),
    /// The consumer group was out of reach for too long, so another process may have the partition.
    Lost,
}

impl PartitionState {
    /// All texts of [`Self::as_str`].
    pub const NAMES: [&str; 6] = ["claiming", "running", "waiting", "stopped", "paused", "lost"];

    /// The text in JSON and metric labels.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Claiming => "claiming",
            Self::Running => "running",
            Self::Waiting(_) => "waiting",
            Self::Stopped(_) => "stopped",
            Self::Paused(_) => "paused",
            Self::Lost => "lost",
        }
    }

    /// Why the worker waits, is paused or has stopped.
    #[must_use]
    pub fn reason(&self) -> Option<String> {
        match self {
            Self::Waiting(reason) | Self::Stopped(reason) => Some(reason.clone()),
            Self::Paused(pause) => Some(pause.said()),
            Self::Claiming | Self::Running | Self::Lost => None,
        }
    }
}

/// The health of a partition that this process owns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartitionHealth {
    /// The state of the worker.
    pub state: PartitionState,
    /// When the state began.
    pub since: Instant,
    /// The next offset, as committed; `None` before the claim.
    pub next_offset: Option<i64>,
    /// The end of the partition, and when Kafka told it.
    pub end: Option<(i64, Instant)>,
    /// The fates of the partition's records since its first one.
    pub fates: Fates,
    /// The columns that the partition's newest row does not have.
    pub absent: ColumnSet,
    /// Records that are committed and that Redis does not reflect yet.
    pub redis_behind: Option<u64>,
    /// When the last batch of this claim was committed.
    pub committed_at: Option<Instant>,
    /// A range of offsets without records: transaction markers and compaction leave gaps.
    gap: (i64, i64),
    /// When the last record was written whose fate is committed.
    pub(super) last_event: Option<Instant>,
    /// When the partition was last seen without lag.
    caught_up: Option<Instant>,
    /// When the lag began, or last became smaller.
    behind_since: Option<Instant>,
    /// What the last batch met that retries are to overcome.
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
            redis_behind: None,
            committed_at: None,
            gap: (0, 0),
            last_event: None,
            caught_up: None,
            behind_since: None,
            hindrance: None,
        }
    }

    pub(super) fn enter(&mut self, state: PartitionState, now: Instant) {
        // A batch that was in flight when the pause began does not end the pause.
        let is_paused = state == PartitionState::Running && matches!(self.state, PartitionState::Paused(_));
        if self.state != state && !is_paused {
            self.state = state;
            self.since = now;
        }
    }

    /// Takes in whether an operator has paused the partition. Whatever is worse than a pause is told instead. What has waited through a
    /// pause has not waited for this process, so a stall counts from its end (P9).
    pub(super) fn follow(&mut self, pause: Option<&Pause>, now: Instant) {
        match (&self.state, pause) {
            (PartitionState::Running, Some(pause)) => self.enter(PartitionState::Paused(pause.clone()), now),
            (PartitionState::Paused(_), Some(pause)) => self.state = PartitionState::Paused(pause.clone()),
            (PartitionState::Paused(_), None) => {
                (self.state, self.since) = (PartitionState::Running, now);
                self.progressed(now);
            }
            _ => {}
        }
    }

    pub(super) fn begin(&mut self, next_offset: i64, fates: Fates, now: Instant) {
        self.next_offset = Some(next_offset);
        self.fates = fates;
        self.progressed(now);
    }

    pub(super) fn high_watermark(&mut self, offset: i64, now: Instant) {
        self.end = Some((offset, now));
        self.look_whether_caught_up(now);
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

    fn look_whether_caught_up(&mut self, now: Instant) {
        if self.lag() == Some(0) {
            self.caught_up = Some(now);
        }
    }

    pub(super) fn committed(&mut self, next_offset: i64, fates: Fates, now: Instant) {
        self.enter(PartitionState::Running, now);
        self.hindrance = None;
        self.next_offset = Some(next_offset);
        self.fates += fates;
        self.committed_at = Some(now);
        self.progressed(now);
    }

    /// The number of records that are not committed yet; `None` before the claim, or before Kafka told the end.
    #[must_use]
    pub fn lag(&self) -> Option<u64> {
        let (next, (end, _)) = (self.next_offset?, self.end?);
        let (from, to) = self.gap;
        let reached = if (from..to).contains(&next) { to } else { next };
        Some(u64::try_from(end - reached).unwrap_or(0))
    }

    /// The lag, if it is known. The lag is unknown if Kafka has not told the end for a while, or if the partition was lost and may be
    /// anywhere.
    #[must_use]
    pub fn lag_at(&self, now: Instant) -> Option<u64> {
        let (_, told) = self.end?;
        let is_known = self.state != PartitionState::Lost && now.saturating_duration_since(told) <= END_HOLDS;
        is_known.then(|| self.lag())?
    }

    /// For how long the oldest record has waited that is not committed yet; `None` if that is not known. The record was written after the
    /// last committed one, and it came after the partition was last seen without lag.
    #[must_use]
    pub fn lag_time_at(&self, now: Instant) -> Option<Duration> {
        match self.lag_at(now)? {
            0 => Some(Duration::ZERO),
            _ => self.last_event.into_iter().chain(self.caught_up).max().map(|since| now.saturating_duration_since(since)),
        }
    }

    /// When the lag began or last became smaller; `None` while there is no lag.
    #[must_use]
    pub fn behind_since(&self) -> Option<Instant> {
        self.behind_since
    }

    pub(super) fn hindered(&mut self, by: String) {
        self.hindrance = Some(by);
    }

    /// What the last batch met, unless it was overcome.
    #[must_use]
    pub fn hindrance(&self) -> Option<&str> {
        self.hindrance.as_deref()
    }

    fn progressed(&mut self, now: Instant) {
        self.look_whether_caught_up(now);
        self.behind_since = self.lag().is_some_and(|lag| lag > 0).then_some(now);
    }
}
