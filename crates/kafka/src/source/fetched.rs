//! The queue of what the client has fetched of one partition.
//!
//! A partition whose inbox is full is left alone: its records wait in this queue, the client stops fetching the partition when enough wait,
//! and nothing is thrown away. (A pause would throw away what was fetched and fetch it again.) No partition waits for another.

use std::fmt;
use std::sync::Arc;
use std::thread::Thread;
use std::time::Duration;

use rdkafka::consumer::BaseConsumer;
use rdkafka::consumer::base_consumer::PartitionQueue;
use rdkafka::error::KafkaResult;
use rdkafka::message::BorrowedMessage;

use super::client::Callbacks;
use super::worker::TopicPartition;

/// The queue of an assigned partition.
pub(super) struct Fetched(PartitionQueue<Callbacks>);

impl fmt::Debug for Fetched {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Fetched").finish_non_exhaustive()
    }
}

impl Fetched {
    /// Makes the queue of a partition. The queue must be made before the partition is assigned, because the records of an assigned
    /// partition without a queue go to the common one. The queue wakes the reader when something arrives. `None` if the client does not
    /// take the topic's name.
    pub(super) fn split(consumer: &Arc<BaseConsumer<Callbacks>>, partition: &TopicPartition, reader: Thread) -> Option<Self> {
        let mut queue = consumer.split_partition_queue(&partition.topic, partition.number)?;
        queue.set_nonempty_callback(move || reader.unpark());
        Some(Self(queue))
    }

    /// The next record or error, if there is one. Records of an earlier assignment do not come, because the client knows them by their
    /// version.
    pub(super) fn next(&self) -> Option<KafkaResult<BorrowedMessage<'_>>> {
        self.0.poll(Duration::ZERO)
    }
}
