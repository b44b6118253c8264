//! Kafka: brokers, topics, how large a dead letter may be, what is kept.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rdkafka::ClientContext;
use rdkafka::admin::{AdminClient, AdminOptions, OwnedResourceSpecifier, ResourceSpecifier};
use rdkafka::client::DefaultClientContext;
use rdkafka::config::{ClientConfig, RDKafkaLogLevel};
use rdkafka::consumer::{BaseConsumer, Consumer as _, ConsumerContext};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};

use super::{DEADLINE, Findings};
use crate::config::{Config, Kafka};

mod judge;

use judge::{Brokers, Topic, TopicSettings, judge};

/// How many of the client's complaints are heard out: a few per broker.
const COMPLAINTS: usize = 100;

pub(super) async fn check(config: &Config) -> Findings {
    let mut findings = Findings::new("kafka");
    let servers = &config.kafka.bootstrap_servers;
    match brokers(&config.kafka).await {
        Ok((brokers, settings)) => judge(&brokers, &settings, config, &mut findings),
        Err(error) => findings
            .failed(format!("{servers}: {error}; check kafka.bootstrap_servers and the security settings, and that the brokers run")),
    }
    findings
}

/// Remembers the client's last complaint: the error it returns says no more than "transport failure".
#[derive(Clone, Default)]
struct LastWords(Arc<Mutex<Option<String>>>);

impl LastWords {
    fn hear(&self, message: &str) {
        // "[thrd:host:port/bootstrap]: what happened"
        let words = message.split_once("]: ").map_or(message, |(_, words)| words);
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(words.to_owned());
    }

    fn explain(&self, error: &KafkaError) -> String {
        let last = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        last.unwrap_or_else(|| error.to_string())
    }
}

impl ClientContext for LastWords {
    fn log(&self, level: RDKafkaLogLevel, _facility: &str, message: &str) {
        if (level as i32) <= RDKafkaLogLevel::Error as i32 {
            self.hear(message);
        }
    }

    fn error(&self, error: KafkaError, reason: &str) {
        // That all are down follows from what was heard of each.
        if error.rdkafka_error_code() != Some(RDKafkaErrorCode::AllBrokersDown) {
            self.hear(reason);
        }
    }
}

impl ConsumerContext for LastWords {}

type Answer = (Brokers, Result<TopicSettings, String>);

async fn brokers(kafka: &Kafka) -> Result<Answer, String> {
    let mut settings = ClientConfig::new();
    settings.set("enable.metrics.push", "false").extend(kafka.connection_properties());
    let wanted: Vec<String> = wanted(kafka).into_iter().map(str::to_owned).collect();
    // Asking blocks, and dropping a client joins its threads.
    let handle = tokio::runtime::Handle::current();
    let ask = move || {
        let brokers = metadata(&settings)?;
        Ok((brokers, handle.block_on(settings_of(&settings, &wanted))))
    };
    tokio::task::spawn_blocking(ask).await.map_err(|error| error.to_string())?
}

fn wanted(kafka: &Kafka) -> Vec<&str> {
    [Some(kafka.orders_topic.as_str()), kafka.customers_topic.as_deref(), Some(&kafka.dead_letter_topic)].into_iter().flatten().collect()
}

/// All topics: asking for one by name could create it. A consumer without a group, because only it hands out what the client complains of.
fn metadata(settings: &ClientConfig) -> Result<Brokers, String> {
    let words = LastWords::default();
    let client: BaseConsumer<LastWords> = settings.create_with_context(words.clone()).map_err(|error| error.to_string())?;
    let metadata = client.fetch_metadata(None, DEADLINE).map_err(|error| {
        // Each poll hands one complaint to the context.
        (0..COMPLAINTS).for_each(|_| drop(client.poll(Duration::ZERO)));
        words.explain(&error)
    })?;
    let partitions = metadata.topics().iter().map(|topic| {
        let without_leader = topic.partitions().iter().filter(|partition| partition.leader() < 0).count();
        (topic.name().to_owned(), Topic { partitions: topic.partitions().len(), without_leader })
    });
    let cluster = client.client().fetch_cluster_id(DEADLINE);
    Ok(Brokers { brokers: metadata.brokers().len(), cluster, topics: partitions.collect() })
}

/// The settings of each topic by name.
async fn settings_of(settings: &ClientConfig, topics: &[String]) -> Result<TopicSettings, String> {
    let client: AdminClient<DefaultClientContext> = settings.create().map_err(|error| error.to_string())?;
    let topics: Vec<ResourceSpecifier<'_>> = topics.iter().map(|topic| ResourceSpecifier::Topic(topic)).collect();
    let options = AdminOptions::new().request_timeout(Some(DEADLINE));
    let answers = client.describe_configs(&topics, &options).await.map_err(|error| error.to_string())?;
    let mut settings = BTreeMap::new();
    for resource in answers.into_iter().flatten() {
        let OwnedResourceSpecifier::Topic(name) = resource.specifier else { continue };
        let values = resource.entries.into_iter().filter_map(|entry| Some((entry.name, entry.value?)));
        settings.insert(name, values.collect());
    }
    Ok(settings)
}

#[cfg(test)]
mod tests {
    use rdkafka::mocking::MockCluster;

    use super::*;

    #[tokio::test(flavor = "multi_thread")]
    async fn brokers_and_topics_are_counted() {
        let cluster = MockCluster::new(3).unwrap();
        cluster.create_topic("shop.public.orders", 4, 3).unwrap();
        let variables = [("KAFKA_BOOTSTRAP_SERVERS", cluster.bootstrap_servers())].into_iter().collect();
        let config = Config::load(None, &variables).unwrap().config;
        let (brokers, _settings) = brokers(&config.kafka).await.unwrap();
        assert_eq!(brokers.brokers, 3);
        assert_eq!(brokers.topics["shop.public.orders"], Topic { partitions: 4, without_leader: 0 });
        assert!(!brokers.topics.contains_key("dlq-errors"));
    }
}
