//! Reads a topic of Kafka: one OS thread polls, answers rebalances and fills a bounded inbox per partition. The process runs one source for
//! each topic.
//!
//! The life of a partition in a source:
//!
//! ```text
//! assigned by the group ─▶ watermarks ─▶ claim (Postgres) ─▶ read from the claimed offset ─▶ revoked: the worker finishes, then it is given back
//!                               ▲            │ unavailable: again soon (P6)        │ worker ended, offset gone
//!                               └────────────┴─ stopped: reported, again later ◀───┘
//! ```
//!
//! The group decides who reads. Postgres decides where reading starts (P3), and fences a worker that lost its partition (P4). No claim
//! blocks the poll thread: a partition whose claim waits is owned and not read, while the others go on.

mod claims;
mod client;
mod copy;
mod fetched;
mod inbox;
mod lookup;
pub mod newest;
mod owned;
mod poll;
mod progress;
mod reader;
mod rebalance;
mod recognition;
pub mod standing;
mod stretch;
pub mod survey;
mod tail;
mod upkeep;
mod worker;

use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, Thread};
use std::time::Duration;

use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use tokio::runtime::Handle;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::sync::oneshot;
use tokio::time::{Instant, timeout_at};

pub use self::inbox::{Inbox, Received};
pub use self::lookup::Log;
pub use self::progress::{SourceProgress, Watermarks};
pub use self::stretch::{RereadError, read_stretch};
pub use self::worker::{Assigned, Claimed, Ending, Event, NotClaimed, Ownership, StopReason, TopicPartition, Work};

use self::client::Callbacks;
use self::reader::Reader;

/// The time that the client gets to leave the group after everything was given back. While Kafka is away, the client waits without end for
/// the answer to its last commit.
const GOODBYE: Duration = Duration::from_secs(3);

/// What the source reads and what it may use.
#[derive(Clone)]
pub struct SourceConfig {
    /// Settings of the Kafka client: bootstrap servers, security. Settings that the promises rest on are fixed and refused here.
    pub properties: Vec<(String, String)>,
    /// The consumer group that shares the partitions.
    pub group: String,
    /// The topics to read: names, or patterns that begin with `^`.
    pub topics: Vec<String>,
    /// Bytes that may wait in all inboxes together (P10).
    pub queue_bytes: usize,
    /// Records that may wait in all inboxes together.
    pub queue_records: usize,
    /// Bytes that may wait in the client before they come to an inbox, if all partitions of the topics are read here (P10).
    pub prefetch_bytes: usize,
    /// How long a revoked partition waits for the batch in flight of its worker. After that the fence keeps the worker out (P4).
    pub revoke_deadline: Duration,
    /// When the claim of a stopped partition is tried again, because an operator may have removed the reason.
    pub stopped_retry: Duration,
    /// How long [`Source::stop`] may take.
    pub stop_deadline: Duration,
}

/// Shows no properties, because passwords are among them (P11).
impl fmt::Debug for SourceConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SourceConfig").field("group", &self.group).field("topics", &self.topics).finish_non_exhaustive()
    }
}

impl SourceConfig {
    /// A configuration with the default sizes and deadlines.
    #[must_use]
    pub fn new(properties: Vec<(String, String)>, group: impl Into<String>, topics: Vec<String>) -> Self {
        Self {
            properties,
            group: group.into(),
            topics,
            // One batch for each of some partitions. What comes after it waits in the client, where records need less memory.
            queue_bytes: 10 << 20,
            queue_records: 100_000,
            prefetch_bytes: 8 << 20,
            revoke_deadline: Duration::from_secs(5),
            stopped_retry: Duration::from_secs(15),
            stop_deadline: Duration::from_secs(5),
        }
    }
}

/// Why the source did not start or stop.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// The configuration sets a property that the promises rest on.
    #[error("the Kafka property {name} is fixed and cannot be configured")]
    FixedProperty {
        /// The property.
        name: String,
    },
    /// The Kafka client refused its configuration or the topics.
    #[error("the Kafka client cannot be created: {0}")]
    Client(#[from] KafkaError),
    /// The operating system refused a thread.
    #[error("the thread that polls Kafka cannot be started: {0}")]
    Thread(#[from] std::io::Error),
    /// The source was told to stop and is still busy. The source goes on stopping by itself.
    #[error("the source did not leave Kafka within {} ms", .0.as_millis())]
    StopTimedOut(Duration),
}

/// The running source. Dropping it stops it without waiting.
#[derive(Debug)]
pub struct Source {
    stopping: Arc<AtomicBool>,
    reader: Thread,
    given_back: oneshot::Receiver<()>,
    ended: oneshot::Receiver<()>,
    stop_deadline: Duration,
}

impl Source {
    /// Joins the consumer group and reads. Blocks for up to a second while Kafka does not tell how many partitions there are.
    ///
    /// `claim` is called on `runtime` for each partition that the group assigns, again after [`NotClaimed`], and again after the
    /// partition's worker has ended. The value that it returns runs the partition's worker. A claim must end by itself: an unfinished claim
    /// holds up its partition and the partition's revocation.
    ///
    /// The stream of events ends when the source has ended. If nobody stopped the source, its end is fatal, and the last event says why.
    ///
    /// # Errors
    /// The configuration is refused.
    pub fn start<F, Fut>(config: SourceConfig, runtime: Handle, claim: F) -> Result<(Self, UnboundedReceiver<Event>), SourceError>
    where
        F: Fn(TopicPartition, Log) -> Fut + Send + 'static,
        Fut: Future<Output = Result<Claimed, NotClaimed>> + Send + 'static,
    {
        let asker = client::asker(&config)?;
        let asker: BaseConsumer<Reader> = asker.create_with_context(Reader::of(&asker))?;
        let client = client::group_member(&config, lookup::partitions(&asker, &config.topics))?;
        let mut consumer: BaseConsumer<Callbacks> = client.create_with_context(Callbacks::of(&client))?;
        consumer.subscribe(&config.topics.iter().map(String::as_str).collect::<Vec<_>>())?;

        let (events, receiver) = unbounded_channel();
        let (give_back, given_back) = oneshot::channel();
        let (end, ended) = oneshot::channel();
        let stopping = Arc::new(AtomicBool::new(false));
        let (told_to_stop, stop_deadline) = (Arc::clone(&stopping), config.stop_deadline);
        let reader = thread::Builder::new().name("kafka-source".into()).spawn(move || {
            let reader = thread::current();
            consumer.set_nonempty_callback(move || reader.unpark());
            let consumer = Arc::new(consumer);
            {
                let _closing = client::Closing(&consumer);
                poll::run(&consumer, &asker, &config, &runtime, &told_to_stop, claim, &events);
                let _ = give_back.send(());
            }
            // The drop leaves the group.
            drop(consumer);
            let _ = end.send(());
        })?;
        Ok((Self { stopping, reader: reader.thread().clone(), given_back, ended, stop_deadline }, receiver))
    }

    /// Revokes the workers, commits their progress to the group, and leaves the group. Afterwards every worker has ended or lost its
    /// partition.
    ///
    /// # Errors
    /// The stop takes longer than the deadline, for example because Kafka is away.
    pub async fn stop(mut self) -> Result<(), SourceError> {
        self.tell_to_stop();
        let began = Instant::now();
        let until = began + self.stop_deadline;
        let has_left = timeout_at(until, &mut self.given_back).await.is_ok()
            && timeout_at(until.min(Instant::now() + GOODBYE), &mut self.ended).await.is_ok();
        if has_left { Ok(()) } else { Err(SourceError::StopTimedOut(began.elapsed())) }
    }

    fn tell_to_stop(&self) {
        self.stopping.store(true, Ordering::Relaxed);
        self.reader.unpark();
    }
}

impl Drop for Source {
    fn drop(&mut self) {
        self.tell_to_stop();
    }
}

#[cfg(test)]
mod tests;
