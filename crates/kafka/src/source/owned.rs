//! The partitions that the group gave to this process, and the state of each.

use std::sync::Arc;
use std::sync::mpsc::Sender;
use std::thread::Thread;
use std::time::{Duration, Instant};

use change::record::{Landmark, Record};
use rdkafka::error::KafkaError;
use rdkafka::message::Message;
use tokio::sync::watch;

use super::SourceConfig;
use super::copy::Copier;
use super::fetched::Fetched;
use super::inbox::{self, Feed, Marks};
use super::progress::{SourceProgress, Watermarks};
use super::recognition::Recognition;
use super::tail::Tail;
use super::worker::{Claimed, Ending, NotClaimed, Ownership, TopicPartition};

/// The records that are taken from one partition before the next one's turn. One lock and one wake-up then serve this many records.
const ROUND_RECORDS: usize = 1_000;
const ROUND_BYTES: usize = 1 << 20;

/// With very many partitions the shares would become too small to be useful. No share is smaller than this, even if the budget is exceeded.
const SMALLEST_SHARE: Marks = Marks { bytes: 64 << 10, records: 64 };

/// A worker that ran this long had a healthy start, so its next claim does not wait.
const HEALTHY: Duration = Duration::from_secs(10);

/// A partition that the group gave to this process.
#[derive(Debug)]
pub(super) struct Owned {
    /// The number of this ownership. An earlier ownership of the same partition, whose notes may still arrive, has another number.
    pub(super) id: u64,
    pub(super) partition: TopicPartition,
    pub(super) phase: Phase,
    /// The claims since the last worker with a healthy start.
    pub(super) attempts: u32,
    /// What was last reported about the partition, so that the same is not reported again.
    pub(super) reported: Option<String>,
}

#[derive(Debug)]
pub(super) enum Phase {
    /// The partition is to be claimed when due.
    Waiting { due: Instant },
    /// The watermarks and the claim of the partition were asked for.
    Claiming { since: Instant },
    /// The worker runs, and the partition is assigned to the Kafka client.
    Running(Running),
    /// The partition is no longer assigned to the client, and its worker was told to end. Afterwards the partition is claimed again, when
    /// due.
    Draining { due: Instant },
}

#[derive(Debug)]
pub(super) struct Running {
    pub(super) fetched: Fetched,
    pub(super) feed: Feed,
    copier: Copier,
    /// An empty vector, kept to reuse its memory.
    staged: Vec<Record>,
    /// The lowest offset that may still come.
    pub(super) next: i64,
    pub(super) recognition: Recognition,
    /// The time since which nothing made the client throw away what it had fetched.
    pub(super) steady_since: Instant,
    pub(super) started: Instant,
    pub(super) ownership: watch::Sender<Ownership>,
    pub(super) progress: Arc<SourceProgress>,
    pub(super) committed: i64,
}

/// The channel on which other threads send notes to the poll loop. Each note wakes the loop.
#[derive(Debug, Clone)]
pub(super) struct Notes {
    pub(super) sender: Sender<Note>,
    pub(super) reader: Thread,
}

impl Notes {
    /// Sends a note. If nobody receives it, the source has ended.
    pub(super) fn send(&self, note: Note) {
        let _ = self.sender.send(note);
        self.reader.unpark();
    }
}

/// What other threads tell the poll loop.
#[derive(Debug)]
pub(super) enum Note {
    Claim {
        id: u64,
        result: Result<(Watermarks, Claimed), NotClaimed>,
    },
    Ended {
        id: u64,
        ending: Ending,
    },
    /// A claim or a worker has panicked.
    Panicked {
        id: u64,
        what: &'static str,
        partition: TopicPartition,
    },
    /// A round of watermark look-ups is over. The ends of logs in `empty` hold no record.
    Round {
        answered: bool,
        empty: Vec<Tail>,
    },
}

impl Owned {
    pub(super) fn new(id: u64, partition: TopicPartition) -> Self {
        Self { id, partition, phase: Phase::Waiting { due: Instant::now() }, attempts: 0, reported: None }
    }

    pub(super) fn running(&mut self) -> Option<&mut Running> {
        match &mut self.phase {
            Phase::Running(running) => Some(running),
            _ => None,
        }
    }

    /// Whether a claim or a worker of this partition is still running.
    pub(super) fn is_busy(&self) -> bool {
        !matches!(self.phase, Phase::Waiting { .. })
    }

    pub(super) fn is_due(&self, now: Instant) -> bool {
        matches!(self.phase, Phase::Waiting { due } if due <= now)
    }

    /// The time of the next claim after a failure or after a worker that ended: soon at first, then less and less often, at most every 5 s,
    /// with jitter.
    pub(super) fn next_attempt(&mut self) -> Instant {
        let held_out = self.running().is_some_and(|running| running.started.elapsed() >= HEALTHY);
        self.attempts = if held_out { 1 } else { self.attempts.saturating_add(1) };
        let full = Duration::from_millis(200 << self.attempts.min(5)).min(Duration::from_secs(5));
        Instant::now() + full.mul_f64(0.5 + fastrand::f64() / 2.0)
    }

    /// Whether this reason differs from the last one that was reported.
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
        fetched: Fetched,
        feed: Feed,
        (start, landmark): (i64, Option<Landmark>),
        ownership: watch::Sender<Ownership>,
        progress: Arc<SourceProgress>,
    ) -> Self {
        let now = Instant::now();
        Self {
            fetched,
            feed,
            copier: Copier::default(),
            staged: Vec::new(),
            next: start,
            recognition: Recognition { landmark, stranger: None },
            steady_since: now,
            started: now,
            ownership,
            progress,
            committed: start,
        }
    }

    /// Moves one round of what the client has fetched to the inbox, if there is room. Returns whether there was any record.
    pub(super) fn fill(&mut self, topic: &Arc<str>) -> Result<bool, KafkaError> {
        let Some(room) = self.feed.room() else { return Ok(false) };
        let (mut bytes, mut result) = (0, Ok(()));
        while self.staged.len() < room.records.min(ROUND_RECORDS) && bytes < room.bytes.min(ROUND_BYTES) {
            match self.fetched.next() {
                None => break,
                Some(Ok(message)) if !self.recognition.is_same_log(message.offset(), message.timestamp().to_millis()) => {}
                // A record that is the landmark itself, or was sent again, is left out, because the inbox is always in order.
                Some(Ok(message)) if message.offset() < self.next => {}
                Some(Ok(message)) => {
                    let record = self.copier.record(&message, topic);
                    bytes += inbox::weight(&record);
                    self.next = record.offset + 1;
                    self.staged.push(record);
                }
                Some(Err(error)) => {
                    result = Err(error);
                    break;
                }
            }
        }
        let is_any = !self.staged.is_empty();
        if is_any {
            self.progress.handing_over_up_to(self.next);
            self.feed.push(&mut self.staged);
        }
        result.map(|()| is_any)
    }

    /// Passes a tail of the log that holds no record: the worker moves its position to the end of the tail, if the tail begins at the next
    /// offset.
    pub(super) fn pass(&mut self, tail: &Tail) {
        if self.next == tail.from {
            self.next = tail.to;
            self.feed.nothing_up_to(tail.to);
        }
    }

    /// Tells the worker to end, and drops the records that wait.
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
