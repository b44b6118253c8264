//! A job as the operator's commands see it, so that a command is one for all jobs: its ledger, the topics that it reads, and how its commands are called.

use std::borrow::Cow;

use anyhow::Context;
use kafka::source::survey::{self, Survey, SurveyError};
use ledger::{Ledger, StoreConfig};
use mirror::layout::SCHEMA;
use service::settings::Renewable;

use crate::config::Config;
use crate::run::assemble::store_config;
use crate::run::comparison;

/// What the commands of the job `orders` begin with. Messages of the shared crates name commands so.
const ORDERS: &str = "orderstream";

/// A job that reads topics and keeps a ledger.
pub(super) struct Job {
    /// What its commands begin with.
    pub(super) program: &'static str,
    /// The ledger.
    pub(super) ledger: Ledger,
    /// The source's epoch.
    pub(super) epoch: i32,
    /// Settings of Kafka clients.
    pub(super) kafka: Vec<(String, String)>,
    /// The consumer group in whose name Kafka is asked.
    pub(super) group: String,
    /// The topics, as the configuration names them: names, or patterns that begin with `^`.
    pub(super) topics: Vec<String>,
    /// What a record does that is read again.
    pub(super) again: &'static str,
    /// The topics whose partitions are shared in another group.
    apart: Vec<(String, String)>,
}

impl Job {
    /// The job `orders`.
    ///
    /// # Errors
    /// If the URL of Postgres cannot be read.
    pub(super) fn orders(config: &Config) -> anyhow::Result<Self> {
        let ledger = Ledger::new(&store_config(config)).context("database.url")?;
        let (kafka, topics) = (&config.kafka, comparison::topics(config));
        let apart = topics.iter().map(|topic| (topic.clone(), kafka.group_of(topic))).collect();
        let (epoch, group) = (config.source.epoch, kafka.group_id.clone());
        Ok(Self {
            program: ORDERS,
            ledger,
            epoch,
            kafka: kafka.connection_properties(),
            group,
            topics,
            again: "each changes nothing and is counted once more",
            apart,
        })
    }

    /// The job `mirror`.
    ///
    /// # Errors
    /// If the URL of the target cannot be read.
    pub(super) fn mirror(config: &Config) -> anyhow::Result<Self> {
        let mirror = &config.mirror;
        let ledger = Ledger::within(&store(config, &mirror.target_url), SCHEMA).context("mirror.target_url")?;
        let (epoch, kafka) = (config.source.epoch, config.kafka.connection_properties());
        let (group, topics) = (mirror.group_id.clone(), mirror.topics.clone());
        let again = "each is counted once more and changes nothing, but to a table without a key it may add its row again";
        Ok(Self { program: "orderstream mirror", ledger, epoch, kafka, group, topics, again, apart: Vec::new() })
    }

    /// The consumer group whose members share the partitions of `topic`.
    pub(super) fn group_of(&self, topic: &str) -> String {
        self.apart.iter().find(|(known, _)| known == topic).map_or(&self.group, |(_, group)| group).clone()
    }

    /// The sentence with the commands of this job in it.
    pub(super) fn words<'t>(&self, text: &'t str) -> Cow<'t, str> {
        let commands = ["offsets", "dlq"].into_iter();
        if self.program == ORDERS {
            return text.into();
        }
        commands.fold(text.to_owned(), |text, of| text.replace(&format!("{ORDERS} {of}"), &format!("{} {of}", self.program))).into()
    }

    /// Asks Kafka on a thread that may block.
    pub(super) async fn asked<T: Send + 'static>(
        &self,
        ask: impl FnOnce(&[(String, String)], &str) -> Result<T, SurveyError> + Send + 'static,
    ) -> anyhow::Result<T> {
        let (properties, group) = (self.kafka.clone(), self.group.clone());
        Ok(service::tasks::blocking(move || ask(&properties, &group)).await?)
    }

    /// Asks Kafka where the topics of the job begin and end.
    pub(super) async fn survey(&self) -> anyhow::Result<Survey> {
        let topics = self.topics.clone();
        self.asked(move |properties, group| survey::survey(properties, group, &topics)).await
    }
}

/// The settings of connections to a database of the job `mirror`.
pub(super) fn store(config: &Config, url: &Renewable) -> StoreConfig {
    StoreConfig { url: url.clone(), ..store_config(config) }
}
