//! Finds the offset of a time in a topic, and removes records below an offset.

use std::collections::BTreeMap;

use rdkafka::admin::{AdminClient, AdminOptions};
use rdkafka::client::DefaultClientContext;
use rdkafka::config::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer as _};
pub use rdkafka::error::KafkaError;
use rdkafka::metadata::MetadataTopic;
use rdkafka::topic_partition_list::TopicPartitionListElem;
use rdkafka::{Offset, TopicPartitionList};

use super::DEADLINE;

/// How to ask Kafka, and of which topic.
#[derive(Clone)]
pub struct Asked {
    /// Settings of the Kafka client.
    pub properties: Vec<(String, String)>,
    /// The topic.
    pub topic: String,
}

/// Shows no properties, because passwords are among them (P11).
impl std::fmt::Debug for Asked {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Asked").field("topic", &self.topic).finish_non_exhaustive()
    }
}

impl Asked {
    fn settings(&self) -> ClientConfig {
        let mut settings = ClientConfig::new();
        settings.set("enable.metrics.push", "false").extend(self.properties.clone());
        settings
    }
}

/// The offset of the first record since a time, for each partition. Where there is no such record, the offset is the end of the partition.
///
/// # Errors
/// Kafka is away.
pub async fn first_since(asked: Asked, time_ms: i64) -> Result<BTreeMap<i32, i64>, KafkaError> {
    let ask = move || {
        let client: BaseConsumer = asked.settings().create()?;
        // The request is for all topics, because a request for one by name could create it.
        let metadata = client.fetch_metadata(None, DEADLINE)?;
        let known = metadata.topics().iter().filter(|known| known.name() == asked.topic);
        let mut times = TopicPartitionList::new();
        for partition in known.flat_map(MetadataTopic::partitions) {
            times.add_partition_offset(&asked.topic, partition.id(), Offset::Offset(time_ms))?;
        }
        let mut places = BTreeMap::new();
        for place in client.offsets_for_times(times, DEADLINE)?.elements() {
            let offset = match place.offset() {
                Offset::Offset(offset) => offset,
                _ => client.fetch_watermarks(&asked.topic, place.partition(), DEADLINE)?.1,
            };
            places.insert(place.partition(), offset);
        }
        Ok(places)
    };
    // Asking blocks, and so does dropping a client, which joins its threads.
    tokio::task::spawn_blocking(ask).await.unwrap_or(Err(KafkaError::Canceled))
}

/// Removes the records of a partition below an offset.
///
/// # Errors
/// Kafka is away or refuses.
pub async fn forget_below(asked: Asked, partition: i32, offset: i64) -> Result<(), KafkaError> {
    let handle = tokio::runtime::Handle::current();
    let forget = move || {
        let client: AdminClient<DefaultClientContext> = asked.settings().create()?;
        let mut offsets = TopicPartitionList::new();
        offsets.add_partition_offset(&asked.topic, partition, Offset::Offset(offset))?;
        let options = AdminOptions::new().request_timeout(Some(DEADLINE)).operation_timeout(Some(DEADLINE));
        let forgotten = handle.block_on(client.delete_records(&offsets, &options))?;
        forgotten.elements().iter().try_for_each(TopicPartitionListElem::error)
    };
    tokio::task::spawn_blocking(forget).await.unwrap_or(Err(KafkaError::Canceled))
}
