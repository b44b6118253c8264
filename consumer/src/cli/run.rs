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
    for exposed in loaded.config.exposed() {
        warn!(server = exposed.server, what = exposed.what, "Others on the way to a server may listen");
    }
    run::run(&loaded.config).await?;
    Ok(ExitCode::SUCCESS)
}
