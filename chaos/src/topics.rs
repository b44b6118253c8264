//! The topics of the stack's Kafka: clients that read and write records, and changes of partitions, retention and settings.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use rdkafka::admin::{AdminClient, AdminOptions, AlterConfig, NewPartitions, ResourceSpecifier};
use rdkafka::client::DefaultClientContext;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::message::Headers;
use rdkafka::producer::BaseProducer;
use rdkafka::topic_partition_list::TopicPartitionListElem;
use rdkafka::{ClientConfig, Message, Offset, TopicPartitionList};
use tokio::runtime::Handle;

pub(crate) const ORDERS: &str = "shop.public.orders";
pub(crate) const CUSTOMERS: &str = "shop.public.customers";
pub(crate) const DEAD_LETTERS: &str = "dlq-errors";

const PATIENCE: Duration = Duration::from_secs(5);
const READ_PATIENCE: Duration = Duration::from_secs(60);

/// A header: name and value.
pub(crate) type Header = (String, Option<Vec<u8>>);

/// A record as it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) partition: i32,
    pub(crate) offset: i64,
    pub(crate) timestamp: Option<i64>,
    pub(crate) key: Option<Vec<u8>>,
    pub(crate) value: Option<Vec<u8>>,
    pub(crate) headers: Vec<Header>,
}

impl Found {
    /// The last header of that name, as text.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let (_, value) = self.headers.iter().rfind(|(key, _)| key == name)?;
        std::str::from_utf8(value.as_deref()?).ok()
    }
}

/// The topics of one broker.
#[derive(Debug)]
pub(crate) struct Topics {
    client: ClientConfig,
}

impl Topics {
    pub(crate) fn at(bootstrap_servers: String) -> Self {
        let mut client = ClientConfig::new();
        client.set("bootstrap.servers", bootstrap_servers).set("reconnect.backoff.max.ms", "500");
        Self { client }
    }

    /// A client that reads.
    pub(crate) fn consumer(&self) -> Result<BaseConsumer> {
        let mut client = self.client.clone();
        client.set("group.id", "chaos").set("enable.auto.commit", "false").set("auto.offset.reset", "error");
        client.set("enable.partition.eof", "true");
        Ok(client.create()?)
    }

    /// A client that writes each record exactly once and compresses large ones. A client with a name writes in transactions.
    pub(crate) fn producer(&self, transactional: Option<&str>) -> Result<BaseProducer> {
        let mut client = self.client.clone();
        if let Some(name) = transactional {
            // A transaction that is left open holds up whoever reads the topic, so the timeout is short.
            client.set("transactional.id", name).set("transaction.timeout.ms", "10000");
        }
        client.set("enable.idempotence", "true").set("compression.type", "lz4").set("message.max.bytes", "4194304");
        Ok(client.create()?)
    }

    /// The offset after the last record, for each partition.
    pub(crate) fn ends(&self, topic: &str) -> Result<Vec<i64>> {
        ends(&self.consumer()?, topic)
    }

    /// Adds one partition.
    pub(crate) fn add_partition(&self, runtime: &Handle, topic: &str) -> Result<()> {
        let admin: AdminClient<DefaultClientContext> = self.client.create()?;
        let partitions = self.ends(topic)?.len() + 1;
        let options = AdminOptions::new().request_timeout(Some(PATIENCE)).operation_timeout(Some(PATIENCE));
        let results = runtime.block_on(admin.create_partitions(&[NewPartitions::new(topic, partitions)], &options))?;
        for result in results {
            result.map_err(|(topic, code)| anyhow::anyhow!("{topic} gets no partition: {code}"))?;
        }
        Ok(())
    }

    /// Deletes the records before these offsets, one for each partition, as the retention of a topic does.
    pub(crate) fn delete_before(&self, runtime: &Handle, topic: &str, offsets: &[i64]) -> Result<()> {
        let admin: AdminClient<DefaultClientContext> = self.client.create()?;
        let mut until = TopicPartitionList::new();
        for (partition, offset) in (0..).zip(offsets) {
            until.add_partition_offset(topic, partition, Offset::Offset(*offset))?;
        }
        let options = AdminOptions::new().request_timeout(Some(PATIENCE)).operation_timeout(Some(PATIENCE));
        let deleted = runtime.block_on(admin.delete_records(&until, &options))?;
        deleted.elements().iter().try_for_each(TopicPartitionListElem::error).context("records cannot be deleted")
    }

    /// Gives the topic these settings and no others.
    pub(crate) fn configure(&self, runtime: &Handle, topic: &str, settings: &[(&str, &str)]) -> Result<()> {
        let admin: AdminClient<DefaultClientContext> = self.client.create()?;
        let config =
            settings.iter().fold(AlterConfig::new(ResourceSpecifier::Topic(topic)), |config, (name, value)| config.set(name, value));
        for result in runtime.block_on(admin.alter_configs(&[config], &AdminOptions::new()))? {
            result.map_err(|(_, code)| anyhow::anyhow!("{topic} cannot be configured: {code}"))?;
        }
        Ok(())
    }

    /// Reads the records from the offsets `next` on to the present end, and moves `next` to that end.
    pub(crate) fn read_on(&self, topic: &str, next: &mut Vec<i64>) -> Result<Vec<Found>> {
        let consumer = self.consumer()?;
        let ends = ends(&consumer, topic)?;
        next.resize(ends.len(), 0);
        let mut assignment = TopicPartitionList::new();
        for (partition, offset) in (0..).zip(next.iter()) {
            assignment.add_partition_offset(topic, partition, Offset::Offset(*offset))?;
        }
        consumer.assign(&assignment)?;
        let (mut found, start) = (Vec::new(), Instant::now());
        while next.iter().zip(&ends).any(|(next, end)| next < end) {
            if start.elapsed() > READ_PATIENCE {
                bail!("{topic} is read up to {next:?} of {ends:?}");
            }
            let message = match consumer.poll(Duration::from_millis(100)) {
                None => continue,
                // After the last record there may be offsets without a record: markers of transactions, or records that compaction
                // has removed.
                Some(Err(KafkaError::PartitionEOF(partition))) => {
                    let partition = usize::try_from(partition)?;
                    let (next, end) = (next.get_mut(partition), ends.get(partition));
                    let (next, end) = (next.context("a partition nobody asked for")?, end.context("a partition that came meanwhile")?);
                    *next = (*next).max(*end);
                    continue;
                }
                Some(message) => message?,
            };
            let partition = usize::try_from(message.partition())?;
            *next.get_mut(partition).context("a partition nobody asked for")? = message.offset() + 1;
            found.push(read(&message));
        }
        Ok(found)
    }
}

/// The offset after the last record, for each partition.
pub(crate) fn ends(consumer: &BaseConsumer, topic: &str) -> Result<Vec<i64>> {
    let metadata = consumer.fetch_metadata(Some(topic), PATIENCE)?;
    let partitions = metadata.topics().first().context("no such topic")?.partitions().len();
    (0..i32::try_from(partitions)?).map(|partition| Ok(consumer.fetch_watermarks(topic, partition, PATIENCE)?.1)).collect()
}

fn read(message: &impl Message) -> Found {
    let headers = message.headers().into_iter().flat_map(Headers::iter);
    Found {
        partition: message.partition(),
        offset: message.offset(),
        timestamp: message.timestamp().to_millis(),
        key: message.key().map(<[u8]>::to_vec),
        value: message.payload().map(<[u8]>::to_vec),
        headers: headers.map(|header| (header.key.to_owned(), header.value.map(<[u8]>::to_vec))).collect(),
    }
}
