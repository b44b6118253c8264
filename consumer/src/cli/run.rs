//! `orderstream run`: starts the log and runs the process until it is stopped.

use std::process::ExitCode;

use service::logging;
use tracing::warn;

use crate::config::Loaded;
use crate::run;

pub(super) async fn run(loaded: Loaded) -> anyhow::Result<ExitCode> {
    logging::start(&loaded.config.log);
    for warning in &loaded.warnings {
        warn!("{warning}");
    }
    run::run(&loaded.config).await?;
    Ok(ExitCode::SUCCESS)
}
