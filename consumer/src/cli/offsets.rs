//! `orderstream offsets`: shows where each partition stands in the ledger and in Kafka, and moves a partition by hand.

use std::process::ExitCode;

use anyhow::Context;
use kafka::source::TopicPartition;
use kafka::source::survey::{self, Survey, SurveyError};
use ledger::offsets::Entry;

use crate::config::Config;
use crate::results::Results;
use crate::run::assemble::store_config;

mod reset;
mod show;

#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// Show each partition: next offset, watermarks, lag, fates, who claimed it, and what is wrong; fails if anything is
    Show,
    /// Move the next offset of a partition; says what it would do, and does it with --execute
    Reset(reset::Arguments),
}

pub(super) async fn run(command: &Command, config: Config) -> anyhow::Result<ExitCode> {
    let results = Results::new(&store_config(&config)).context("database.url")?;
    let outcome = match command {
        Command::Show => show::run(&config, &results).await,
        Command::Reset(arguments) => reset::run(arguments, &config, &results).await,
    };
    results.ledger.close().await;
    outcome
}

/// Whether this is the partition of the entry.
pub(super) fn is_of(entry: &Entry, partition: &TopicPartition) -> bool {
    entry.topic == partition.topic && entry.partition == partition.number
}

/// The topics whose offsets are in the ledger.
pub(super) fn topics(config: &Config) -> Vec<String> {
    [Some(config.kafka.orders_topic.clone()), config.kafka.customers_topic.clone()].into_iter().flatten().collect()
}

/// Asks Kafka on a thread that may block.
pub(super) async fn asked<T: Send + 'static>(
    config: &Config,
    ask: impl FnOnce(&[(String, String)], &str) -> Result<T, SurveyError> + Send + 'static,
) -> anyhow::Result<T> {
    let (properties, group) = (config.kafka.connection_properties(), config.kafka.group_id.clone());
    Ok(service::tasks::blocking(move || ask(&properties, &group)).await?)
}

pub(super) async fn survey(config: &Config) -> anyhow::Result<Survey> {
    let topics = topics(config);
    asked(config, move |properties, group| survey::survey(properties, group, &topics)).await
}
