//! Reads a stretch of a partition again, as a stream of batches. The reader blocks, and runs on a thread for blocking work.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use change::record::Record;
use service::tasks;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use crate::source::survey::{self, Survey, SurveyError};
use crate::source::{self, RereadError, TopicPartition, Watermarks};

/// How to reach Kafka for reading again.
#[derive(Clone)]
pub struct Reread {
    /// Settings of the Kafka client.
    pub properties: Vec<(String, String)>,
    /// The consumer group in whose name the reader reads. Nothing is committed.
    pub group: String,
}

/// Shows no properties, because passwords are among them (P11).
impl fmt::Debug for Reread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reread").field("group", &self.group).finish_non_exhaustive()
    }
}

/// The records in batches. If it is dropped, the reader ends.
#[derive(Debug)]
pub struct Batches {
    records: mpsc::Receiver<Result<Vec<Record>, RereadError>>,
    /// The reader's task, until its end was looked at.
    reader: Option<JoinHandle<()>>,
    cancelled: Arc<AtomicBool>,
}

impl Reread {
    /// Asks where the partitions of a topic begin and end.
    ///
    /// # Errors
    /// Kafka is away, or has no such topic.
    pub async fn survey(&self, topic: &str) -> anyhow::Result<Survey> {
        let (from, topics) = (self.clone(), [topic.to_owned()]);
        Ok(tasks::blocking(move || survey::survey(&from.properties, &from.group, &topics)).await?)
    }

    /// Asks where the partitions of a topic begin and end, and gives up when the time is over.
    ///
    /// # Errors
    /// Kafka does not answer in time, or has no such topic.
    pub async fn ends(&self, topic: &str, within: Duration) -> Result<BTreeMap<i32, Watermarks>, SurveyError> {
        let (from, topic) = (self.clone(), topic.to_owned());
        tasks::blocking(move || survey::ends(&from.properties, &from.group, &topic, within)).await
    }

    /// Reads the one record at an offset; `None` if there is none any more.
    ///
    /// # Errors
    /// Kafka is away, or has nothing at this offset.
    pub async fn one(&self, topic: &str, number: i32, offset: i64) -> Result<Option<Record>, RereadError> {
        let mut batches = self.start(&topic.into(), number, offset..offset + 1);
        Ok(batches.next().await.transpose()?.and_then(|records| records.into_iter().next()))
    }

    /// Whether records wait at these offsets, and not only markers of transactions, which nobody processes. Offsets that cannot be read count as
    /// waiting.
    pub async fn waits(&self, topic: &Arc<str>, number: i32, offsets: Range<i64>) -> bool {
        if offsets.is_empty() {
            return false;
        }
        match self.start(topic, number, offsets).next().await {
            Some(Ok(records)) => !records.is_empty(),
            Some(Err(_)) => true,
            None => false,
        }
    }

    /// Begins to read the records of these offsets.
    #[must_use]
    pub fn start(&self, topic: &Arc<str>, number: i32, offsets: Range<i64>) -> Batches {
        // The channel holds two batches: one is being read while one is worked on (P10).
        let (send, records) = mpsc::channel(2);
        let cancelled = Arc::new(AtomicBool::new(false));
        let (from, stop, partition) = (self.clone(), Arc::clone(&cancelled), TopicPartition { topic: Arc::clone(topic), number });
        let reader = tokio::task::spawn_blocking(move || {
            let deliver = |batch| {
                if send.blocking_send(Ok(batch)).is_err() {
                    stop.store(true, Ordering::Relaxed);
                }
            };
            if let Err(error) = source::read_stretch(&from.properties, &from.group, &partition, offsets, &stop, deliver) {
                // If the receiver is gone, nobody wants to know the error.
                send.blocking_send(Err(error)).ok();
            }
        });
        Batches { records, reader: Some(reader), cancelled }
    }
}

impl Batches {
    /// The next batch in order; `None` after the last one. A reader that panics has not read everything, so its panic goes on to the
    /// caller.
    pub async fn next(&mut self) -> Option<Result<Vec<Record>, RereadError>> {
        let next = self.records.recv().await;
        if next.is_none()
            && let Some(reader) = self.reader.take()
        {
            tasks::not_panicked(reader.await);
        }
        next
    }
}

impl Drop for Batches {
    fn drop(&mut self) {
        self.cancelled.store(true, Ordering::Relaxed);
    }
}
