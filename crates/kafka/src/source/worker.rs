//! What the source and the partitions' workers say to each other.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use rdkafka::error::KafkaError;
use tokio::sync::watch;

use super::inbox::Inbox;
use super::progress::{SourceProgress, Watermarks};
use change::record::Landmark;

/// A partition of a topic.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TopicPartition {
    /// The topic's name.
    pub topic: Arc<str>,
    /// The partition's number.
    pub number: i32,
}

impl fmt::Display for TopicPartition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.topic, self.number)
    }
}

/// A worker: runs until its inbox is closed or it cannot go on.
pub type Work = Pin<Box<dyn Future<Output = Ending> + Send>>;

/// A partition is ours to write: its generation was raised in Postgres (P4).
pub struct Claimed {
    /// The first offset without a fate; `None` for a partition never read before, which starts at the low watermark.
    pub next_offset: Option<i64>,
    /// The last record before it: reading begins there, and the partition stops if another one stands at its offset.
    pub landmark: Option<Landmark>,
    /// Makes the partition's worker, which the source runs.
    pub worker: Box<dyn FnOnce(Assigned) -> Work + Send>,
}

impl fmt::Debug for Claimed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Claimed").field("next_offset", &self.next_offset).finish_non_exhaustive()
    }
}

/// Why a partition was not claimed. The messages are for operators.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotClaimed {
    /// Whoever decides is away; asked again soon, for as long as it takes (P6).
    #[error("{0}")]
    Unavailable(String),
    /// The partition must not be read as things stand; reported, and asked again later.
    #[error("{0}")]
    Stop(String),
}

/// What a worker gets to work with.
#[derive(Debug)]
pub struct Assigned {
    /// The partition it works for.
    pub partition: TopicPartition,
    /// The first offset that is read.
    pub start: i64,
    /// The ends of the log when it was claimed.
    pub watermarks: Watermarks,
    /// The records.
    pub inbox: Inbox,
    /// Whether the partition is still ours; every wait of the worker that may be long watches this.
    pub ownership: watch::Receiver<Ownership>,
    /// Where the worker reports what is done.
    pub progress: Arc<SourceProgress>,
}

/// How a worker stands to its partition. Its inbox is closed once this is not `Held`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ownership {
    /// The partition is ours.
    Held,
    /// It is given back: finish the batch in flight, begin none, wait for no outage.
    Ending,
    /// It was taken, and another may own it: finish nothing.
    Lost,
}

/// How a worker ended. It may end only after its last transaction has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ending {
    /// The inbox was closed. An end that nobody asked for is one of the source.
    Done,
    /// The worker cannot go on with this claim, as when another one fenced it (P4): claim again if the partition is still ours.
    Reclaim(String),
    /// The partition must not be read as things stand; reported, and claimed again later.
    Stop(String),
}

/// Why a partition is owned and not read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StopReason {
    /// The claim refused it.
    Refused(String),
    /// The worker refused to go on.
    Worker(String),
    /// Another record stands where the last one was that was processed.
    AnotherLog {
        /// The partition.
        partition: TopicPartition,
        /// That last record.
        landmark: Landmark,
        /// Where reading would have gone on.
        next: i64,
    },
    /// The next offset is not in the log: below it, records are gone; above it, the topic was made anew.
    OffsetOutOfRange {
        /// Where reading would have begun.
        offset: i64,
        /// What the log holds.
        watermarks: Watermarks,
    },
}

impl fmt::Display for StopReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(reason) | Self::Worker(reason) => f.write_str(reason),
            Self::AnotherLog { partition, landmark, next } => write!(
                f,
                "{partition}: at offset {} stands another record than the one that was processed there last: the topic was deleted and \
                 created anew. Raise source.epoch to read it from its start; or, if it is right to go on at offset {next}: \
                 orderstream offsets reset --topic {} --partition {} --to {next} --force",
                landmark.offset, partition.topic, partition.number
            ),
            Self::OffsetOutOfRange { offset, watermarks: Watermarks { low, high } } if offset < low => {
                write!(f, "records from offset {offset} to {low} are gone from Kafka before they were read (high watermark {high})")
            }
            Self::OffsetOutOfRange { offset, watermarks: Watermarks { low, high } } => {
                write!(f, "offset {offset} is beyond the end of the log ({low} to {high}): the topic was made anew or lost its tail")
            }
        }
    }
}

/// What happens to the source, for metrics, `/status` and readiness.
#[derive(Debug, Clone)]
pub enum Event {
    /// The group gave an assignment, be it an empty one.
    Assigned,
    /// The group gave us this partition; it is not read yet.
    Owned(TopicPartition),
    /// It cannot be claimed for now; told once per reason.
    Waiting(TopicPartition, String),
    /// It was claimed and is read from `start`.
    Started {
        /// The partition.
        partition: TopicPartition,
        /// The first offset that is read.
        start: i64,
        /// Its progress and lag.
        progress: Arc<SourceProgress>,
    },
    /// It is not read until the reason is put right; told once per reason.
    Stopped(TopicPartition, StopReason),
    /// The group took it back.
    Revoked(TopicPartition),
    /// The group could not be reached for too long, and nobody knows who has it. An assignment tells.
    Lost(TopicPartition),
    /// The poll thread is alive; told about once a second (P9).
    Polled,
    /// No broker answers; the client goes on trying.
    KafkaDown,
    /// A broker answers again.
    KafkaUp,
    /// The source cannot go on, and gives back what it has.
    Fatal(String),
}

/// Why a source cannot go on (P13).
#[derive(Debug, thiserror::Error)]
pub(super) enum Fatal {
    /// The client cannot be mended from here.
    #[error("the Kafka client cannot go on: {0}")]
    Client(#[from] KafkaError),
    /// The claim of a partition or its worker: begun again, it would meet the same record.
    #[error("{what} of {partition} has panicked")]
    Panicked {
        /// What had a defect.
        what: &'static str,
        /// Whose.
        partition: TopicPartition,
    },
    /// A worker that ends while its partition is read has lost its way.
    #[error("the worker of {0} has ended, and nobody asked it to")]
    Returned(TopicPartition),
    /// Without this thread no claim is answered.
    #[error("the thread that asks for watermarks has ended")]
    LookupsEnded,
}
