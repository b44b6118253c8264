//! Follows a topic with one partition beside the group, and tells when its newest record was written. Nothing is committed.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rdkafka::TopicPartitionList;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::message::Message;
use rdkafka::topic_partition_list::Offset;
use service::tasks;
use tracing::debug;

use super::reader::Reader;
use super::{SourceError, client};

/// How long the end of the follower may wait for the thread that polls.
const POLL: Duration = Duration::from_millis(500);

/// Settings of a reader of few and small records: a request waits at the broker for the next record, and little waits in the client (P10).
const SPARING: [(&str, &str); 4] =
    [("statistics.interval.ms", "0"), ("queued.max.messages.kbytes", "64"), ("fetch.wait.max.ms", "500"), ("auto.offset.reset", "latest")];

/// Passes the timestamp of each record, in milliseconds since 1970, to `newest`, beginning with the last one that is there. A topic that
/// does not exist, or that this user may not read, has no records until that changes. Runs until the future is dropped.
///
/// # Errors
/// The client refuses its configuration.
pub async fn follow(
    properties: &[(String, String)],
    group: &str,
    topic: &str,
    newest: impl FnMut(i64) + Send + 'static,
) -> Result<(), SourceError> {
    let mut settings = client::reader(properties, group)?;
    for (name, value) in SPARING {
        settings.set(name, value);
    }
    let consumer: BaseConsumer<Reader> = settings.create_with_context(Reader::default())?;
    let ended = Arc::new(AtomicBool::new(false));
    let (_at_the_end, topic) = (Ends(Arc::clone(&ended)), topic.to_owned());
    tasks::blocking(move || poll(&consumer, &topic, &ended, newest)).await
}

/// Ends the thread that polls when the future is dropped.
struct Ends(Arc<AtomicBool>);

impl Drop for Ends {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

fn poll(consumer: &BaseConsumer<Reader>, topic: &str, ended: &AtomicBool, mut newest: impl FnMut(i64)) -> Result<(), SourceError> {
    {
        let mut assignment = TopicPartitionList::new();
        assignment.add_partition_offset(topic, 0, Offset::OffsetTail(1))?;
        consumer.assign(&assignment)?;
    }
    while !ended.load(Ordering::Relaxed) {
        match consumer.poll(POLL) {
            Some(Ok(message)) => message.timestamp().to_millis().into_iter().for_each(&mut newest),
            // The client goes on by itself, and logs what lasts.
            Some(Err(error)) => debug!(topic, %error, "a topic that is followed does not answer"),
            None => {}
        }
    }
    Ok(())
}
