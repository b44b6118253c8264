//! A reader of a topic, which has joined no group and reads all partitions from their beginning.

use anyhow::Result;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::{ClientConfig, Offset, TopicPartitionList};

use crate::fill::PARTITIONS;
use crate::ground::Ground;

/// Opens a reader; `settings` are further settings of the client.
pub(crate) fn open(ground: &Ground, topic: &str, settings: &[(&str, &str)]) -> Result<BaseConsumer> {
    let mut client = ClientConfig::new();
    client.set("bootstrap.servers", ground.stack.bootstrap_servers()).set("group.id", "bench.reader").set("enable.auto.commit", "false");
    client.extend(settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
    let consumer: BaseConsumer = client.create()?;
    let mut partitions = TopicPartitionList::new();
    for partition in 0..PARTITIONS {
        partitions.add_partition_offset(topic, partition, Offset::Beginning)?;
    }
    consumer.assign(&partitions)?;
    Ok(consumer)
}
