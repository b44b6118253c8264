//! Reads a stretch of one partition again, outside of the group and without committing, because the repair of Redis needs the records' keys
//! (P8).

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use change::record::Record;
use rdkafka::TopicPartitionList;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{BorrowedMessage, Message};
use rdkafka::topic_partition_list::Offset;

use crate::words;

use super::copy::Copier;
use super::reader::Reader;
use super::worker::TopicPartition;
use super::{SourceError, client};

const BATCH_RECORDS: usize = 2_000;
const BATCH_BYTES: usize = 1 << 20;
const POLL: Duration = Duration::from_millis(100);
const LOOKUP: Duration = Duration::from_secs(5);
/// The reader gives up after this time without a record.
const PATIENCE: Duration = Duration::from_secs(30);

/// Why a stretch was not read to its end.
#[derive(Debug, thiserror::Error)]
pub enum RereadError {
    /// The configuration was refused.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// The first records of the stretch do not exist any more.
    #[error("records below offset {low} are gone from Kafka")]
    Gone {
        /// The first offset that still exists.
        low: i64,
    },
    /// The stretch ends beyond the end of the log.
    #[error("the log ends at offset {high}")]
    Beyond {
        /// The offset after the last record.
        high: i64,
    },
    /// Kafka does not answer or sends nothing. The caller tries again (P6).
    #[error("Kafka is away: {0}")]
    Unavailable(KafkaError),
    /// No record came for half a minute. The caller tries again (P6).
    #[error("no record came for {} s", .0.as_secs())]
    Stalled(Duration),
    /// This user may not read the topic. The words say what to grant.
    #[error("{0}")]
    Forbidden(String),
    /// The caller cancelled.
    #[error("cancelled")]
    Cancelled,
}

impl From<KafkaError> for RereadError {
    fn from(error: KafkaError) -> Self {
        Self::Unavailable(error)
    }
}

/// Passes the records with offsets in `offsets` to `on_batch`, in order. The call blocks, so it must run where blocking is allowed.
///
/// Offsets have gaps, by compaction and by transaction markers. So the end is also reached by a record beyond it, or by the end of the log.
///
/// # Errors
/// Part of the stretch does not exist, Kafka is away, or `cancelled` was set. Batches that were passed before stay passed.
pub fn read_stretch(
    properties: &[(String, String)],
    group: &str,
    partition: &TopicPartition,
    offsets: Range<i64>,
    cancelled: &AtomicBool,
    on_batch: impl FnMut(Vec<Record>),
) -> Result<(), RereadError> {
    if offsets.is_empty() {
        return Ok(());
    }
    let mut settings = client::reader(properties, group)?;
    // The client reports the end of the log once the fetch position reaches it, past any markers.
    settings.set("enable.partition.eof", "true").set("statistics.interval.ms", "0").set("queued.max.messages.kbytes", "4096");
    let consumer: BaseConsumer<Reader> = settings.create_with_context(Reader::of(&settings)).map_err(SourceError::from)?;

    let (low, high) = consumer.fetch_watermarks(&partition.topic, partition.number, LOOKUP)?;
    if offsets.start < low {
        return Err(RereadError::Gone { low });
    }
    if offsets.end > high {
        return Err(RereadError::Beyond { high });
    }
    {
        let mut assignment = TopicPartitionList::new();
        assignment.add_partition_offset(&partition.topic, partition.number, Offset::Offset(offsets.start))?;
        consumer.assign(&assignment)?;
    }
    let mut stretch =
        Stretch { topic: &partition.topic, end: offsets.end, copier: Copier::default(), batch: Vec::new(), bytes: 0, on_batch };
    stretch.read(&consumer, cancelled)
}

struct Stretch<'a, F> {
    topic: &'a Arc<str>,
    end: i64,
    copier: Copier,
    batch: Vec<Record>,
    bytes: usize,
    on_batch: F,
}

impl<F: FnMut(Vec<Record>)> Stretch<'_, F> {
    fn read(&mut self, consumer: &BaseConsumer<Reader>, cancelled: &AtomicBool) -> Result<(), RereadError> {
        let mut last_record = Instant::now();
        while !cancelled.load(Ordering::Relaxed) {
            let at_end = match consumer.poll(POLL) {
                Some(Ok(message)) => {
                    last_record = Instant::now();
                    self.take(&message)
                }
                Some(Err(KafkaError::PartitionEOF(_))) => true,
                Some(Err(error)) => give_up_on(error, self.topic)?,
                None if last_record.elapsed() > PATIENCE => return Err(RereadError::Stalled(PATIENCE)),
                None => false,
            };
            if at_end {
                self.pass_on();
                return Ok(());
            }
        }
        Err(RereadError::Cancelled)
    }

    /// Takes a record. Returns true at the end of the stretch.
    fn take(&mut self, message: &BorrowedMessage<'_>) -> bool {
        if message.offset() < self.end {
            let record = self.copier.record(message, self.topic);
            self.bytes += record.size();
            self.batch.push(record);
        }
        if self.batch.len() >= BATCH_RECORDS || self.bytes >= BATCH_BYTES {
            self.pass_on();
        }
        message.offset() >= self.end - 1
    }

    fn pass_on(&mut self) {
        self.bytes = 0;
        let batch = std::mem::take(&mut self.batch);
        if !batch.is_empty() {
            (self.on_batch)(batch);
        }
    }
}

/// Whether reading ends with an error. An error that the client recovers from by itself is waited for; an offset that went away during
/// reading is not.
fn give_up_on(error: KafkaError, topic: &str) -> Result<bool, RereadError> {
    // Reading again needs no right on the group.
    if error.rdkafka_error_code() == Some(RDKafkaErrorCode::TopicAuthorizationFailed) {
        return Err(RereadError::Forbidden(words::right(&error, "", topic).unwrap_or_default()));
    }
    let gone = matches!(error.rdkafka_error_code(), Some(RDKafkaErrorCode::AutoOffsetReset | RDKafkaErrorCode::OffsetOutOfRange));
    if gone || matches!(error, KafkaError::MessageConsumptionFatal(_)) { Err(error.into()) } else { Ok(false) }
}
