//! `orderstream migrate`: creates or updates the tables, and does nothing else.

use std::process::ExitCode;

use anyhow::Context;

use super::print;
use crate::config::Config;
use crate::results::{Results, StoreConfig};

pub(super) async fn run(config: Config) -> anyhow::Result<ExitCode> {
    let store = StoreConfig {
        url: config.database.url.expose().to_owned(),
        max_connections: 1,
        statement_timeout: config.database.statement_timeout,
        lock_timeout: config.database.lock_timeout,
    };
    let results = Results::new(&store).context("database.url")?;
    results.migrate().await.context("cannot migrate")?;
    results.close().await;
    print("the tables are up to date\n")
}
