//! The topics of the shop: records are put on topics by hand, and read from them.

use std::time::{Duration, Instant};

use rdkafka::admin::{AdminClient, AdminOptions, AlterConfig, ResourceSpecifier};
use rdkafka::client::DefaultClientContext;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::message::{Header, Headers, OwnedHeaders};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use rdkafka::{ClientConfig, Message, Offset, TopicPartitionList};
use stack::wait::{Attempt, until};

pub const ORDERS: &str = "shop.public.orders";
pub const CUSTOMERS: &str = "shop.public.customers";
pub const DEAD_LETTERS: &str = "dlq-errors";

const PATIENCE: Duration = Duration::from_secs(60);

/// A record to be put on a topic.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sent {
    /// The partition to which the record goes; if `None`, the key decides.
    pub partition: Option<i32>,
    pub key: Option<Vec<u8>>,
    pub value: Option<Vec<u8>>,
    pub headers: Vec<(String, Option<Vec<u8>>)>,
}

impl Sent {
    /// A value under the key that Debezium gives an order.
    pub fn order(id: i64, value: impl Into<Vec<u8>>) -> Self {
        Self { key: Some(format!(r#"{{"id":{id}}}"#).into_bytes()), value: Some(value.into()), ..Self::default() }
    }
}

/// A record as it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    pub partition: i32,
    pub offset: i64,
    pub timestamp: Option<i64>,
    pub record: Sent,
}

impl Found {
    /// The text of the last header of that name.
    pub fn header(&self, name: &str) -> Option<&str> {
        let (_, value) = self.record.headers.iter().rfind(|(key, _)| key == name)?;
        value.as_deref().map(|value| std::str::from_utf8(value).unwrap())
    }

    /// The same record for the same partition, as Debezium sends it again after a crash.
    pub fn again(&self) -> Sent {
        Sent { partition: Some(self.partition), ..self.record.clone() }
    }

    /// Whether the key is that of the order.
    pub fn is_of_order(&self, id: i64) -> bool {
        self.record.key.as_deref() == Some(format!(r#"{{"id":{id}}}"#).as_bytes())
    }
}

/// The topics of one broker.
pub struct Topics {
    client: ClientConfig,
}

impl Topics {
    pub fn at(bootstrap_servers: String) -> Self {
        let mut client = ClientConfig::new();
        client.set("bootstrap.servers", bootstrap_servers).set("group.id", "reader").set("enable.auto.commit", "false");
        Self { client }
    }

    /// The offset after the last record, for each partition.
    pub fn ends(&self, topic: &str) -> Vec<i64> {
        self.watermarks(topic).into_iter().map(|(_, end)| end).collect()
    }

    /// The offset of the first record that is still there, for each partition.
    pub fn begins(&self, topic: &str) -> Vec<i64> {
        self.watermarks(topic).into_iter().map(|(begin, _)| begin).collect()
    }

    fn watermarks(&self, topic: &str) -> Vec<(i64, i64)> {
        let consumer = self.consumer();
        let metadata = consumer.fetch_metadata(Some(topic), PATIENCE).unwrap();
        let partitions = i32::try_from(metadata.topics()[0].partitions().len()).unwrap();
        (0..partitions).map(|partition| consumer.fetch_watermarks(topic, partition, PATIENCE).unwrap()).collect()
    }

    /// The offset that a consumer group has committed, for each partition, as lag tools see it; negative if the group has none.
    pub fn committed(&self, group: &str, topic: &str) -> Vec<i64> {
        let reader: BaseConsumer = self.client.clone().set("group.id", group).create().unwrap();
        let mut list = TopicPartitionList::new();
        for (partition, _) in (0..).zip(self.ends(topic)) {
            list.add_partition(topic, partition);
        }
        let committed = reader.committed_offsets(list, PATIENCE).unwrap();
        committed.elements().iter().map(|partition| partition.offset().to_raw().unwrap_or(-1)).collect()
    }

    /// Puts records on a topic, and returns when they are there.
    pub fn send(&self, topic: &str, records: &[Sent]) {
        let producer: BaseProducer = self.client.clone().set("message.max.bytes", "4194304").create().unwrap();
        put(&producer, topic, records);
    }

    /// Puts records of another topic on a topic, in their partitions and with their timestamps, as a mirror does.
    pub fn copy(&self, topic: &str, records: &[Found]) {
        let producer: BaseProducer = self.client.clone().set("message.max.bytes", "4194304").create().unwrap();
        records.iter().for_each(|found| hand_over(&producer, topic, &found.again(), found.timestamp));
        producer.flush(PATIENCE).unwrap();
    }

    /// Puts records on a topic in one transaction, which is then committed or aborted.
    pub fn send_in_transaction(&self, topic: &str, records: &[Sent], commit: bool) {
        let open = self.begin_transaction(topic, records);
        if commit { open.commit() } else { open.0.abort_transaction(PATIENCE).unwrap() }
    }

    /// Puts records on a topic in a transaction that stays open.
    pub fn begin_transaction(&self, topic: &str, records: &[Sent]) -> Transaction {
        let producer: BaseProducer = self.client.clone().set("transactional.id", topic).create().unwrap();
        producer.init_transactions(PATIENCE).unwrap();
        producer.begin_transaction().unwrap();
        put(&producer, topic, records);
        Transaction(producer)
    }

    /// Deletes the records of a partition below an offset, as retention does.
    pub fn forget_below(&self, topic: &str, partition: i32, offset: i64) {
        let admin: AdminClient<DefaultClientContext> = self.client.create().unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let mut offsets = TopicPartitionList::new();
        offsets.add_partition_offset(topic, partition, Offset::Offset(offset)).unwrap();
        runtime.block_on(admin.delete_records(&offsets, &AdminOptions::new().operation_timeout(Some(PATIENCE)))).unwrap();
    }

    /// Changes settings of a topic. All other settings go back to their defaults.
    pub fn set(&self, topic: &str, settings: &[(&str, &str)]) {
        let admin: AdminClient<DefaultClientContext> = self.client.create().unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let config =
            settings.iter().fold(AlterConfig::new(ResourceSpecifier::Topic(topic)), |config, (name, value)| config.set(name, value));
        let altered = runtime.block_on(admin.alter_configs(&[config], &AdminOptions::new())).unwrap();
        altered.into_iter().for_each(|altered| drop(altered.unwrap()));
    }

    /// Deletes a topic, and returns when it is gone.
    pub fn delete(&self, topic: &str) {
        let admin: AdminClient<DefaultClientContext> = self.client.create().unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let options = AdminOptions::new().operation_timeout(Some(PATIENCE));
        runtime.block_on(admin.delete_topics(&[topic], &options)).unwrap().into_iter().for_each(|deleted| drop(deleted.unwrap()));
        let look = || {
            let metadata = self.consumer().fetch_metadata(None, PATIENCE).unwrap();
            Attempt::when(metadata.topics().iter().all(|known| known.name() != topic))
        };
        until("the topic is gone", PATIENCE, look).unwrap();
    }

    /// All records from these offsets on, one per partition, to the present end.
    pub fn read(&self, topic: &str, from: &[i64]) -> Vec<Found> {
        let (consumer, ends) = (self.consumer(), self.ends(topic));
        let mut assignment = TopicPartitionList::new();
        for (partition, offset) in (0..).zip(from) {
            assignment.add_partition_offset(topic, partition, Offset::Offset(*offset)).unwrap();
        }
        consumer.assign(&assignment).unwrap();
        let (mut next, mut found, start) = (from.to_vec(), Vec::new(), Instant::now());
        while next.iter().zip(&ends).any(|(next, end)| next < end) {
            assert!(start.elapsed() < PATIENCE, "{topic} is read up to {next:?} of {ends:?}");
            let Some(message) = consumer.poll(Duration::from_millis(100)) else { continue };
            let message = message.unwrap();
            next[usize::try_from(message.partition()).unwrap()] = message.offset() + 1;
            let headers = message.headers().into_iter().flat_map(Headers::iter);
            let record = Sent {
                partition: None,
                key: message.key().map(<[u8]>::to_vec),
                value: message.payload().map(<[u8]>::to_vec),
                headers: headers.map(|header| (header.key.to_owned(), header.value.map(<[u8]>::to_vec))).collect(),
            };
            let (partition, offset, timestamp) = (message.partition(), message.offset(), message.timestamp().to_millis());
            found.push(Found { partition, offset, timestamp, record });
        }
        found
    }

    /// All records of a topic.
    pub fn read_all(&self, topic: &str) -> Vec<Found> {
        self.read(topic, &vec![0; self.ends(topic).len()])
    }

    fn consumer(&self) -> BaseConsumer {
        self.client.clone().set("auto.offset.reset", "error").create().unwrap()
    }
}

/// An open transaction.
pub struct Transaction(BaseProducer);

impl Transaction {
    pub fn commit(self) {
        self.0.commit_transaction(PATIENCE).unwrap();
    }
}

/// Puts the records on the topic, and returns when they are there.
fn put(producer: &BaseProducer, topic: &str, records: &[Sent]) {
    records.iter().for_each(|record| hand_over(producer, topic, record, None));
    producer.flush(PATIENCE).unwrap();
}

/// Hands a record to the producer. Without a timestamp the record gets that of now.
fn hand_over(producer: &BaseProducer, topic: &str, record: &Sent, timestamp: Option<i64>) {
    let headers =
        record.headers.iter().fold(OwnedHeaders::new(), |headers, (key, value)| headers.insert(Header { key, value: value.as_deref() }));
    let message: BaseRecord<'_, [u8], [u8]> = BaseRecord {
        topic,
        partition: record.partition,
        payload: record.value.as_deref(),
        key: record.key.as_deref(),
        timestamp,
        headers: Some(headers),
        delivery_opaque: (),
    };
    producer.send(message).map_err(|(error, _)| error).unwrap();
}
