//! The partitions that the group gave us, and what each is doing.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::watch;

use super::SourceConfig;
use super::inbox::{Feed, Marks};
use super::progress::Progress;
use super::progress::Watermarks;
use super::worker::{ClaimError, Claimed, Ending, Ownership, Partition};
use crate::record::{Landmark, Record};

/// With very many partitions the shares would become useless: below this they are no smaller, and the budget is passed.
const SMALLEST_SHARE: Marks = Marks { bytes: 64 << 10, records: 64 };

/// A worker that held out this long had a healthy start: its next claim does not wait.
const HEALTHY: Duration = Duration::from_secs(10);

/// A partition that is ours.
#[derive(Debug)]
pub(super) struct Owned {
    /// Tells this ownership from an earlier one of the same partition, whose notes may still arrive.
    pub(super) id: u64,
    pub(super) partition: Partition,
    pub(super) phase: Phase,
    /// Claims since the last worker that held out.
    pub(super) attempts: u32,
    /// What was last reported about it, so that the same is not said again.
    pub(super) reported: Option<String>,
}

#[derive(Debug)]
pub(super) enum Phase {
    /// To be claimed when due.
    Waiting { due: Instant },
    /// Its watermarks and its claim are asked for.
    Claiming { since: Instant },
    /// Its worker runs, and it is assigned to the Kafka client.
    Running(Running),
    /// Not assigned any more; its worker was told to end. Then it is claimed again, when due.
    Draining { due: Instant },
}

#[derive(Debug)]
pub(super) struct Running {
    pub(super) feed: Feed,
    /// Taken in this round of polling, not in the inbox yet.
    pub(super) staged: Vec<Record>,
    /// The lowest offset that may come.
    pub(super) next: i64,
    /// The record by which the log is known again; until the first one has come.
    landmark: Option<Landmark>,
    /// Another record stands there: nothing of this log may go to the worker.
    pub(super) stranger: Option<Landmark>,
    pub(super) paused: bool,
    /// Since when nothing made the client throw away what it had fetched.
    pub(super) steady_since: Instant,
    pub(super) started: Instant,
    pub(super) ownership: watch::Sender<Ownership>,
    pub(super) progress: Arc<Progress>,
    pub(super) committed: i64,
}

/// What other threads tell the poll loop.
#[derive(Debug)]
pub(super) enum Note {
    Claim {
        id: u64,
        result: Result<(Watermarks, Claimed), ClaimError>,
    },
    Ended {
        id: u64,
        ending: Ending,
    },
    /// A round of watermark look-ups is over.
    Round {
        answered: bool,
    },
}

impl Owned {
    pub(super) fn new(id: u64, partition: Partition) -> Self {
        Self { id, partition, phase: Phase::Waiting { due: Instant::now() }, attempts: 0, reported: None }
    }

    pub(super) fn running(&mut self) -> Option<&mut Running> {
        match &mut self.phase {
            Phase::Running(running) => Some(running),
            _ => None,
        }
    }

    /// Whether a claim or a worker of ours is still at work.
    pub(super) fn is_busy(&self) -> bool {
        !matches!(self.phase, Phase::Waiting { .. })
    }

    pub(super) fn is_due(&self, now: Instant) -> bool {
        matches!(self.phase, Phase::Waiting { due } if due <= now)
    }

    /// When to claim again, after a failure or a worker that ended: soon, then less and less often, at most every 5 s, with jitter.
    pub(super) fn next_attempt(&mut self) -> Instant {
        let held_out = self.running().is_some_and(|running| running.started.elapsed() >= HEALTHY);
        self.attempts = if held_out { 1 } else { self.attempts.saturating_add(1) };
        let full = Duration::from_millis(200 << self.attempts.min(5)).min(Duration::from_secs(5));
        Instant::now() + full.mul_f64(0.5 + fastrand::f64() / 2.0)
    }

    /// True if this was not the last thing said.
    pub(super) fn is_news(&mut self, reason: &str) -> bool {
        let news = self.reported.as_deref() != Some(reason);
        if news {
            self.reported = Some(reason.to_owned());
        }
        news
    }
}

impl Running {
    pub(super) fn new(
        feed: Feed,
        start: i64,
        landmark: Option<Landmark>,
        ownership: watch::Sender<Ownership>,
        progress: Arc<Progress>,
    ) -> Self {
        let now = Instant::now();
        let staged = Vec::new();
        let stranger = None;
        Self {
            feed,
            staged,
            next: start,
            landmark,
            stranger,
            paused: false,
            steady_since: now,
            started: now,
            ownership,
            progress,
            committed: start,
        }
    }

    /// Whether the worker may have this record. The first one that comes tells whether this is the log that was read before. If compaction has
    /// removed the landmark, a later one comes first, and nothing tells.
    pub(super) fn may_have(&mut self, record: &Record) -> bool {
        if let Some(landmark) = self.landmark.take()
            && record.offset == landmark.offset
            && record.timestamp_ms.is_some_and(|timestamp| timestamp != landmark.timestamp_ms)
        {
            self.stranger = Some(landmark);
        }
        self.stranger.is_none() && record.offset >= self.next
    }

    /// To be told to the client too.
    pub(super) fn pause(&mut self, paused: bool) {
        self.paused = paused;
        self.steady_since = Instant::now();
    }

    /// Tells the worker to end, and drops what waits.
    pub(super) fn end(&self, ownership: Ownership) {
        self.ownership.send_replace(ownership);
        self.feed.close();
    }
}

/// One partition's share of the memory for waiting records (P10).
pub(super) fn share(config: &SourceConfig, partitions: usize) -> Marks {
    let partitions = partitions.max(1);
    Marks {
        bytes: (config.queue_bytes / partitions).max(SMALLEST_SHARE.bytes),
        records: (config.queue_records / partitions).max(SMALLEST_SHARE.records),
    }
}
