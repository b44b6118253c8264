//! `orderstream offsets`: shows where each partition stands in the ledger and in Kafka, and moves a partition by hand.

use std::process::ExitCode;

use anyhow::Context;
use kafka::source::survey::SurveyError;

use crate::config::Config;
use crate::results::Results;
use crate::run::assemble::store_config;
pub(super) use crate::run::comparison::{is_of, survey, topics};

mod reset;
pub(super) mod show;

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

/// Asks Kafka on a thread that may block.
pub(super) async fn asked<T: Send + 'static>(
    config: &Config,
    ask: impl FnOnce(&[(String, String)], &str) -> Result<T, SurveyError> + Send + 'static,
) -> anyhow::Result<T> {
    let (properties, group) = (config.kafka.connection_properties(), config.kafka.group_id.clone());
    Ok(service::tasks::blocking(move || ask(&properties, &group)).await?)
}
