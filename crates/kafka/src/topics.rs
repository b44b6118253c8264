//! Judges whether the topics that the process reads and writes let it keep the promises (P12).
//!
//! First the facts are gathered from Kafka, then [`judge()`] judges them. `check` prints all judgements; the process logs at its start what
//! is wrong.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rdkafka::ClientContext;
use rdkafka::admin::{AdminClient, AdminOptions, OwnedResourceSpecifier, ResourceSpecifier};
use rdkafka::client::DefaultClientContext;
use rdkafka::config::{ClientConfig, RDKafkaLogLevel};
use rdkafka::consumer::{BaseConsumer, Consumer as _, ConsumerContext};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};

mod judge;
pub mod places;
mod wanted;

use crate::words::Words;
pub use judge::{Grade, Judgement, deletes_kept_for, judge, time};
pub use wanted::wanted;

/// What has to stay of a topic that is read, for the promises to hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kept {
    /// Every change, until it was read.
    EveryChange,
    /// The last change of each key, for ever. Deletes may be forgotten in time; `mend` is the command that finds them then.
    LastOfEachKey {
        /// The command to run after a longer outage.
        mend: &'static str,
    },
    /// Every change of a table's rows, until it was read. The topic may be compacted, and what that costs is told.
    RowsOfTables,
}

/// A topic that is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Input {
    /// What its records are about, in a word for messages: `orders`.
    pub of: &'static str,
    /// The setting that names the topic.
    pub setting: &'static str,
    /// The topic's name.
    pub topic: String,
    /// What has to stay of it.
    pub kept: Kept,
}

/// The longest time that Kafka may take (P10).
const DEADLINE: Duration = Duration::from_secs(5);

/// The number of the client's complaints that are read: a few per broker.
const COMPLAINTS: usize = 100;

/// The topics and limits by the configuration.
#[derive(Debug, Clone)]
pub struct Expected {
    /// The topics that are read.
    pub inputs: Vec<Input>,
    /// The dead letter topic.
    pub letters: String,
    /// The setting that names the dead letter topic.
    pub letters_setting: &'static str,
    /// The limit of a record: `source.max_record_bytes`.
    pub max_record_bytes: usize,
}

impl Expected {
    /// The names of the topics.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        self.inputs.iter().map(|input| &input.topic).chain([&self.letters]).cloned().collect()
    }
}

/// A topic as Kafka has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Topic {
    /// How many partitions it has.
    pub partitions: usize,
    /// How many of them have no leader.
    pub without_leader: usize,
    /// How many brokers have a copy of the partition that has the fewest.
    pub copies: usize,
}

/// The settings by name, for each topic.
pub type TopicSettings = BTreeMap<String, BTreeMap<String, String>>;

/// What the brokers tell of the cluster.
#[derive(Debug)]
pub struct Cluster {
    /// How many brokers there are.
    pub brokers: usize,
    /// The cluster's id.
    pub cluster: Option<String>,
    /// All topics that this user may see.
    pub topics: BTreeMap<String, Topic>,
    /// The settings of the expected topics, or why they cannot be read.
    pub settings: Result<TopicSettings, String>,
}

/// Why Kafka tells nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoAnswer {
    /// Kafka and the client do not trust each other. The sentence says what to do.
    #[error("{0}")]
    Refused(String),
    /// Kafka does not answer. The words are the client's last ones.
    #[error("{0}")]
    Silent(String),
}

/// Asks Kafka for the facts, with these settings of the client.
///
/// # Errors
/// Why Kafka does not answer.
pub async fn ask(properties: Vec<(String, String)>, expected: &Expected) -> Result<Cluster, NoAnswer> {
    let names = expected.names();
    ask_of(properties, move |_| names).await
}

/// Asks Kafka for the facts. `names` chooses the topics whose settings are asked for, when it is known which topics there are.
///
/// # Errors
/// Why Kafka does not answer.
pub async fn ask_of(
    properties: Vec<(String, String)>,
    names: impl FnOnce(&BTreeMap<String, Topic>) -> Vec<String> + Send + 'static,
) -> Result<Cluster, NoAnswer> {
    let mut settings = ClientConfig::new();
    settings.set("enable.metrics.push", "false").extend(properties);
    // Asking blocks, and so does dropping a client, which joins its threads.
    let handle = tokio::runtime::Handle::current();
    let ask = move || {
        let topics = metadata(&settings)?;
        let names = names(&topics.topics);
        Ok(Cluster { settings: handle.block_on(settings_of(&settings, &names)), ..topics })
    };
    service::tasks::blocking(ask).await
}

/// Remembers the client's last complaint, because the error that it returns says no more than "transport failure".
#[derive(Clone, Default)]
struct LastWords {
    complaint: Arc<Mutex<Option<String>>>,
    words: Words,
}

impl LastWords {
    fn hear(&self, message: &str) {
        // A complaint looks like "[thrd:host:port/bootstrap]: what happened".
        let words = message.split_once("]: ").map_or(message, |(_, words)| words);
        *self.complaint.lock().unwrap_or_else(PoisonError::into_inner) = Some(words.to_owned());
    }

    fn explain(&self, error: &KafkaError) -> NoAnswer {
        let Some(last) = self.complaint.lock().unwrap_or_else(PoisonError::into_inner).clone() else {
            return NoAnswer::Silent(error.to_string());
        };
        self.words.of(&last).map_or(NoAnswer::Silent(last), NoAnswer::Refused)
    }
}

impl ClientContext for LastWords {
    fn log(&self, level: RDKafkaLogLevel, _facility: &str, message: &str) {
        if (level as i32) <= RDKafkaLogLevel::Error as i32 {
            self.hear(message);
        }
    }

    fn error(&self, error: KafkaError, reason: &str) {
        // That all brokers are down follows from what was heard of each.
        if error.rdkafka_error_code() != Some(RDKafkaErrorCode::AllBrokersDown) {
            self.hear(reason);
        }
    }
}

impl ConsumerContext for LastWords {}

/// Asks for the brokers and topics. The request is for all topics, because a request for one by name could create it. A consumer without a
/// group asks, because only a consumer hands out what the client complains of.
fn metadata(settings: &ClientConfig) -> Result<Cluster, NoAnswer> {
    let words = LastWords { words: Words::new(settings), ..LastWords::default() };
    let client = settings.create_with_context(words.clone()).map_err(|error| NoAnswer::Silent(error.to_string()));
    let client: BaseConsumer<LastWords> = client?;
    let metadata = client.fetch_metadata(None, DEADLINE).map_err(|error| {
        // Each poll hands one complaint to the context.
        (0..COMPLAINTS).for_each(|_| drop(client.poll(Duration::ZERO)));
        words.explain(&error)
    })?;
    let topics = metadata.topics().iter().map(|topic| {
        let without_leader = topic.partitions().iter().filter(|partition| partition.leader() < 0).count();
        let copies = topic.partitions().iter().map(|partition| partition.replicas().len()).min().unwrap_or(0);
        (topic.name().to_owned(), Topic { partitions: topic.partitions().len(), without_leader, copies })
    });
    let cluster = client.client().fetch_cluster_id(DEADLINE);
    Ok(Cluster { brokers: metadata.brokers().len(), cluster, topics: topics.collect(), settings: Ok(BTreeMap::new()) })
}

/// The settings of each topic.
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
        let properties = vec![("bootstrap.servers".to_owned(), cluster.bootstrap_servers())];
        let (topic, letters) = ("shop.public.orders".to_owned(), "dlq-errors".to_owned());
        let orders = Input { of: "orders", setting: "kafka.orders_topic", topic, kept: Kept::EveryChange };
        let letters_setting = "kafka.dead_letter_topic";
        let expected = Expected { inputs: vec![orders], letters, letters_setting, max_record_bytes: 1_048_576 };
        let topics = ask(properties, &expected).await.unwrap();
        assert_eq!(topics.brokers, 3);
        assert_eq!(topics.topics["shop.public.orders"], Topic { partitions: 4, without_leader: 0, copies: 3 });
        assert!(!topics.topics.contains_key("dlq-errors"));
    }
}
