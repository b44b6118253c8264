//! `orderstream run`: starts the log and runs the process until it is stopped.

use std::path::Path;
use std::process::ExitCode;

use service::logging;
use tracing::warn;

use crate::config::Loaded;
use crate::run;

pub(super) async fn run(loaded: Loaded, file: Option<&Path>) -> anyhow::Result<ExitCode> {
    let level = logging::start(&loaded.config.log);
    for warning in &loaded.warnings {
        warn!("{warning}");
    }
    for exposed in loaded.config.exposed() {
        warn!(server = exposed.server, what = exposed.what, "Others on the way to a server may listen");
    }
    tokio::select! {
        ended = run::run(&loaded.config) => ended?,
        ended = run::hangup::reread(&loaded, file, &level) => ended?,
    }
    Ok(ExitCode::SUCCESS)
}
