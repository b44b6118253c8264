//! SIGHUP: reads again what can change while the process runs.
//!
//! That is what is logged (`log.level` of the configuration file), and the secrets that stand in files. Postgres and Redis take a changed
//! secret up with their next connection in any case; the signal only makes the process look now, and say what it found.

use std::path::Path;

use anyhow::Context;
use service::logging::Level;
use service::settings::Environment;
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::config::{Config, Loaded};

/// Begins to listen to SIGHUP, which would end a process that does not.
///
/// # Errors
/// The signal cannot be listened to.
pub fn listen() -> anyhow::Result<Signal> {
    signal(SignalKind::hangup()).context("SIGHUP cannot be listened to")
}

/// Reads again at each SIGHUP, for as long as the process runs.
pub async fn reread(mut hangups: Signal, loaded: &Loaded, file: Option<&Path>, level: &Level) -> anyhow::Result<()> {
    let mut logged = loaded.config.log.level.clone();
    while hangups.recv().await.is_some() {
        tracing::info!("SIGHUP: log.level, and the secrets in files, are read again; every other setting needs a restart");
        // A look at each secret takes up what has changed, and says so.
        drop((loaded.config.database.url.now(), loaded.config.redis.url.now()));
        let now = match Config::load(file, &Environment::of_process()) {
            Ok(now) => now.config.log.level,
            Err(problems) => {
                tracing::warn!(%problems, "The configuration cannot be read again: what is logged stays as it is");
                continue;
            }
        };
        // A level that somebody has chosen at run time stays until the file says another one than before.
        if now != logged {
            match level.set(&now) {
                Ok(()) => logged = now,
                Err(error) => tracing::warn!(%error, "What is logged stays as it is"),
            }
        }
    }
    Ok(())
}
