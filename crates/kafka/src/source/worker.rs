//! The types by which the source and the partitions' workers talk to each other.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use change::record::Landmark;
use rdkafka::error::KafkaError;
use tokio::sync::watch;

use super::inbox::Inbox;
use super::progress::{SourceProgress, Watermarks};

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

/// A worker, which runs until its inbox is closed or until it cannot go on.
pub type Work = Pin<Box<dyn Future<Output = Ending> + Send>>;

/// A claimed partition: its generation was raised in Postgres, so this process may write it (P4).
pub struct Claimed {
    /// The first offset without a fate; `None` for a partition never read before, which starts at the low watermark.
    pub next_offset: Option<i64>,
    /// The last record before the next offset. Reading begins there, and the partition stops if another record stands at that offset.
    pub landmark: Option<Landmark>,
    /// Makes the worker of the partition. The source runs the worker.
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
    /// The server that decides is away. The claim is tried again soon, for as long as it takes (P6).
    #[error("{0}")]
    Unavailable(String),
    /// The partition must not be read as things stand. The reason is reported, and the claim is tried again later.
    #[error("{0}")]
    Stop(String),
}

/// What a worker gets for its work.
#[derive(Debug)]
pub struct Assigned {
    /// The partition of the worker.
    pub partition: TopicPartition,
    /// The first offset that the worker reads.
    pub start: i64,
    /// The ends of the log at the time of the claim.
    pub watermarks: Watermarks,
    /// The queue of records.
    pub inbox: Inbox,
    /// Whether the partition is still ours. Every wait of the worker that may be long watches this value.
    pub ownership: watch::Receiver<Ownership>,
    /// Where the worker reports what is done.
    pub progress: Arc<SourceProgress>,
}

/// How a worker stands to its partition. The inbox of the worker is closed once the value is not `Held`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ownership {
    /// The partition belongs to this process.
    Held,
    /// The partition is given back: the worker finishes the batch in flight, begins none, and waits for no outage.
    Ending,
    /// The partition was taken, and another process may own it: the worker finishes nothing.
    Lost,
}

/// How a worker ended. A worker may end only after its last transaction has ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ending {
    /// The inbox was closed. If nobody has asked the worker to end, the source ends too.
    Done,
    /// The worker cannot go on with this claim, for example because another worker fenced it (P4). If the partition is still ours, it is
    /// claimed again.
    Reclaim(String),
    /// The partition must not be read as things stand. The reason is reported, and the partition is claimed again later.
    Stop(String),
}

/// Why a partition is owned and not read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StopReason {
    /// The claim refused it.
    Refused(String),
    /// The worker refused to go on.
    Worker(String),
    /// Another record stands at the offset of the last processed one.
    AnotherLog {
        /// The partition.
        partition: TopicPartition,
        /// The last processed record.
        landmark: Landmark,
        /// The offset where reading would have gone on.
        next: i64,
    },
    /// The next offset is not in the log. If it lies below the log, records are gone; if above, the topic was made anew.
    OffsetOutOfRange {
        /// The offset where reading would have begun.
        offset: i64,
        /// The watermarks of the log.
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
                 created anew, was copied without its offsets, or has lost its end. Raise source.epoch to read it from its start; or, if it \
                 is right to go on at offset {next}: \
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

/// What happens to the source. Metrics, `/status` and readiness follow these events.
#[derive(Debug, Clone)]
pub enum Event {
    /// The group gave an assignment, which may be empty.
    Assigned,
    /// The group gave this partition to the process. The partition is not read yet.
    Owned(TopicPartition),
    /// The partition cannot be claimed for now. Each reason is told once.
    Waiting(TopicPartition, String),
    /// The partition was claimed and is read from `start`.
    Started {
        /// The partition.
        partition: TopicPartition,
        /// The first offset that the worker reads.
        start: i64,
        /// The progress and lag of the partition.
        progress: Arc<SourceProgress>,
    },
    /// The partition is not read until the reason is removed. Each reason is told once.
    Stopped(TopicPartition, StopReason),
    /// The group took the partition back.
    Revoked(TopicPartition),
    /// The group could not be reached for too long, and nobody knows who has the partition. The next assignment tells.
    Lost(TopicPartition),
    /// The poll thread is alive. The event comes about once a second (P9).
    Polled,
    /// No broker answers. The client goes on trying.
    KafkaDown,
    /// A broker answers again.
    KafkaUp,
    /// The source cannot go on, and gives back what it has.
    Fatal(String),
}

/// Why a source cannot go on (P13).
#[derive(Debug, thiserror::Error)]
pub(super) enum Fatal {
    /// The client has a fatal error, which nothing here can repair.
    #[error("the Kafka client cannot go on: {0}")]
    Client(#[from] KafkaError),
    /// The claim of a partition or its worker has panicked. Begun again, it would meet the same record.
    #[error("{what} of {partition} has panicked")]
    Panicked {
        /// The task that panicked.
        what: &'static str,
        /// The partition of the task.
        partition: TopicPartition,
    },
    /// A worker has ended while its partition is read, although nobody asked it to.
    #[error("the worker of {0} has ended, and nobody asked it to")]
    Returned(TopicPartition),
    /// The thread that answers look-ups has ended. Without it no claim is answered.
    #[error("the thread that asks for watermarks has ended")]
    LookupsEnded,
}
