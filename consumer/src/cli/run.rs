//! `orderstream run`: the process itself.

use std::process::ExitCode;

use tracing::warn;

use crate::config::Loaded;
use crate::logging;

pub(super) async fn run(loaded: Loaded) -> anyhow::Result<ExitCode> {
    logging::start(&loaded.config.log);
    for warning in &loaded.warnings {
        warn!("{warning}");
    }
    anyhow::bail!("the pipeline is not part of this build")
}
