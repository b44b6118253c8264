//! Finds out whether the end of a log holds no record: only transaction markers, aborted transactions, or offsets that compaction has
//! removed.
//!
//! Such offsets are never delivered. A position that only followed records would stay below them for ever. The lag would not become zero,
//! and once retention has moved the start of the log past the position, records would count as "gone" where none were (P2, P9).
//!
//! The position of the client that reads cannot be used: its statistics are a second old and may be those of an earlier assignment. So the
//! client that asks for watermarks looks at the end. That client asks for the end first and fetches then. If the fetch reports the end of
//! the log, or a record at or behind the end that was asked for, and no record before it, then the log holds no record in between: offsets
//! below the last stable one are decided for good.

use std::time::{Duration, Instant};

use rdkafka::TopicPartitionList;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, KafkaResult};
use rdkafka::message::Message;
use rdkafka::topic_partition_list::Offset;
use tracing::debug;

use super::reader::Reader;
use super::worker::TopicPartition;

/// The longest time for one look. A look takes two fetches, and the second one waits for `fetch.wait.max.ms`. Claims wait meanwhile (P10).
const LONGEST: Duration = Duration::from_secs(1);
const POLL: Duration = Duration::from_millis(50);

/// The offsets of a partition behind the last delivered record, up to the end of the log as Kafka told it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Tail {
    pub(super) partition: TopicPartition,
    pub(super) from: i64,
    pub(super) to: i64,
}

/// The tails that hold no record. A tail that is not known within a second is looked at again in the next round.
pub(super) fn without_records(asker: &BaseConsumer<Reader>, tails: Vec<Tail>) -> Vec<Tail> {
    let mut empty = Vec::new();
    // The client reports the end of a log with the partition's number alone, so one topic is looked at at a time.
    let mut rest = tails;
    while let Some(first) = rest.first() {
        let topic = std::sync::Arc::clone(&first.partition.topic);
        let (of_topic, others) = rest.into_iter().partition(|tail| tail.partition.topic == topic);
        rest = others;
        match look(asker, of_topic) {
            Ok(found) => empty.extend(found),
            Err(error) => debug!(%topic, %error, "the end of a log cannot be looked at; it is tried again"),
        }
        if let Err(error) = asker.unassign() {
            debug!(%topic, %error, "a look at the end of a log was not ended");
        }
    }
    empty
}

fn look(asker: &BaseConsumer<Reader>, mut open: Vec<Tail>) -> KafkaResult<Vec<Tail>> {
    let mut assignment = TopicPartitionList::new();
    for Tail { partition, from, .. } in &open {
        assignment.add_partition_offset(&partition.topic, partition.number, Offset::Offset(*from))?;
    }
    asker.assign(&assignment)?;
    let (mut empty, until) = (Vec::new(), Instant::now() + LONGEST);
    while !open.is_empty() && Instant::now() < until {
        let (number, first) = match asker.poll(POLL) {
            None => continue,
            Some(Ok(message)) => (message.partition(), Some(message.offset())),
            Some(Err(KafkaError::PartitionEOF(number))) => (number, None),
            Some(Err(error)) => return Err(error),
        };
        let Some(index) = open.iter().position(|tail| tail.partition.number == number) else { continue };
        let tail = open.swap_remove(index);
        if tail.ends_before(first) {
            empty.push(tail);
        }
    }
    Ok(empty)
}

impl Tail {
    /// Whether the tail holds no record. `first` is the first offset that came from the tail's start on; `None` means that the end of the
    /// log came.
    fn ends_before(&self, first: Option<i64>) -> bool {
        first.is_none_or(|offset| offset >= self.to)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_within_it_is_one_and_a_record_at_its_end_is_none() {
        let tail = Tail { partition: TopicPartition { topic: "t".into(), number: 0 }, from: 5, to: 8 };
        assert_eq!([Some(5), Some(7), Some(8), None].map(|first| tail.ends_before(first)), [false, false, true, true]);
    }
}
