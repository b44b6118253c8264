//! `orderstream migrate`: creates or updates the tables, and does nothing else. The log says what was done and how long it took.

use std::process::ExitCode;

use anyhow::Context;
use service::logging;

use super::print;
use crate::config::Config;
use crate::results::Results;
use crate::run::assemble::store_config;
use crate::run::history;

pub(super) async fn run(config: Config) -> anyhow::Result<ExitCode> {
    logging::start(&config.log);
    let results = Results::new(&store_config(&config)).context("database.url")?;
    results.migrate().await.context("cannot migrate")?;
    history::begin(&results, config.audit).await.context("the tables are up to date, but changes are not recorded (audit.history)")?;
    results.ledger.close().await;
    print("the tables are up to date\n")
}
