//! A Postgres with nothing around it, for tests that need neither Kafka nor Redis.

use std::fs::{File, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;

use anyhow::{Context, Result};
use nix::sys::signal::Signal;

use crate::postgres::Postgres;
use crate::warden::Warden;
use crate::{Service, folder, free_port};

/// A server without any database of ours, with the settings that the stack's Postgres has. Dropping the value kills the server and removes
/// its data.
#[derive(Debug)]
pub struct LonePostgres {
    service: Service,
    files: Postgres,
    // The warden is dropped after the service, so that it releases the lock when the server is gone.
    _warden: Arc<Warden>,
    _lock: File,
}

impl LonePostgres {
    /// Starts a server on a free port.
    ///
    /// # Errors
    /// When the server cannot be made or is not healthy in time.
    pub fn start() -> Result<Self> {
        // Postgres runs as another user when this program runs as root, and that user has to reach the folder.
        let open = Permissions::from_mode(0o755);
        let folder = tempfile::Builder::new().prefix("orderstream-").permissions(open).tempdir().context("no temporary folder")?.keep();
        let lock = folder::lock(&folder)?;
        let files = Postgres::find(&folder, free_port()?)?;
        let warden = Arc::new(Warden::start(&lock, &[folder.clone(), files.data().to_owned()])?);
        let (run, health) = (files.clone(), files.clone());
        let service = Service::new("Postgres", folder.join("postgres.log"), warden.clone(), move || run.server(), move || health.healthy());
        let lone = Self { service: service.stopped_by(Signal::SIGINT), files, _warden: warden, _lock: lock };
        lone.files.create()?;
        lone.service.start()?;
        Ok(lone)
    }

    /// The service, to be stopped, paused and killed.
    pub fn service(&self) -> &Service {
        &self.service
    }

    /// The URL of a database for the superuser.
    pub fn url(&self, database: &str) -> String {
        format!("postgres://postgres@127.0.0.1:{}/{database}", self.files.port())
    }

    /// Runs SQL in a database as the superuser. Rows come back one per line, columns separated by `|`.
    ///
    /// # Errors
    /// When Postgres does not answer or refuses.
    pub fn psql(&self, database: &str, sql: &str) -> Result<String> {
        self.files.psql_in(database, sql)
    }
}
