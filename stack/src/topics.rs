//! The topics of a stack, which are made before anybody writes, because this Kafka makes no topic by itself.

use std::time::Duration;

use anyhow::{Context, Result, bail};
use rdkafka::ClientConfig;
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::types::RDKafkaErrorCode;

/// The largest event that the connector's producer may send (connect/shop.json), which is many times what orderstream processes
/// (`source.max_record_bytes`). A larger event than orderstream processes becomes a dead letter. With a smaller limit here the event would
/// end the connector's task instead, and no event after it would arrive.
const LARGEST_EVENT: &str = "8388608";
/// The largest dead letter: the largest event, with the headers that say why it is a dead letter.
pub(crate) const LARGEST_DEAD_LETTER: &str = "8454144";
const FOR_EVER: &str = "-1";
const ONE_HOUR_MS: &str = "3600000";

/// A topic to make: name, partitions, settings.
pub(crate) type Topic<'a> = (&'a str, i32, &'a [(&'a str, &'a str)]);

/// Where every job puts what it cannot process.
pub(crate) const DEAD_LETTERS: Topic<'static> =
    ("dlq-errors", 3, &[("retention.ms", FOR_EVER), ("max.message.bytes", LARGEST_DEAD_LETTER)]);

/// The topics of the job `orders`.
pub(crate) const OF_ORDERS: [Topic<'static>; 5] = [
    // Records that are gone from the topic of orders cannot be replayed.
    ("shop.public.orders", 4, &[("retention.ms", FOR_EVER), ("max.message.bytes", LARGEST_EVENT)]),
    // The topic of customers keeps the state of every customer for ever, without the history. The topic has as many partitions as that of
    // orders, because the processes share both topics.
    ("shop.public.customers", 4, &[("cleanup.policy", "compact"), ("max.message.bytes", LARGEST_EVENT)]),
    DEAD_LETTERS,
    ("__debezium-heartbeat.shop", 1, &[("retention.ms", ONE_HOUR_MS)]),
    // Debezium also sends to this topic the signals that it is given.
    ("shop.public.debezium_signal", 1, &[("retention.ms", ONE_HOUR_MS)]),
];

/// Makes the topics. A topic that exists already is left as it is.
pub(crate) fn create(client: &ClientConfig, replication: i32, topics: &[Topic<'_>]) -> Result<()> {
    let admin: AdminClient<DefaultClientContext> = client.create()?;
    let topics: Vec<_> = topics.iter().map(|topic| new_topic(topic, replication)).collect();
    let options = AdminOptions::new().operation_timeout(Some(Duration::from_secs(20)));
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    let results = runtime.block_on(admin.create_topics(&topics, &options)).context("Kafka makes no topics")?;
    for result in results {
        match result {
            Ok(_) | Err((_, RDKafkaErrorCode::TopicAlreadyExists)) => {}
            Err((topic, code)) => bail!("topic {topic} cannot be made: {code}"),
        }
    }
    Ok(())
}

fn new_topic<'a>((name, partitions, settings): &Topic<'a>, replication: i32) -> NewTopic<'a> {
    let topic = NewTopic::new(name, *partitions, TopicReplication::Fixed(replication));
    settings.iter().fold(topic, |topic, (key, value)| topic.set(key, value))
}
