//! PgBouncer before the stack's Postgres, because many shops have this pooler before theirs.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};
use nix::unistd::geteuid;

use crate::postgres::USER;
use crate::{Service, Stack, free_port};

/// The pool mode: for how long a client of the pooler keeps the same session of Postgres.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pooling {
    /// For as long as the client is connected.
    Session,
    /// For one transaction.
    Transaction,
    /// For one statement.
    Statement,
}

impl Pooling {
    fn as_str(self) -> &'static str {
        match self {
            Self::Session => "session",
            Self::Transaction => "transaction",
            Self::Statement => "statement",
        }
    }
}

/// A pooler before the stack's Postgres. The pooler ends when the value is dropped.
#[derive(Debug)]
pub struct PgBouncer {
    service: Service,
    port: u16,
}

impl PgBouncer {
    /// Starts a pooler.
    ///
    /// # Errors
    /// When PgBouncer is not installed or is not healthy in time.
    pub fn start(stack: &Stack, pooling: Pooling) -> Result<Self> {
        let (port, name) = (free_port()?, format!("pgbouncer-{}", pooling.as_str()));
        let folder = stack.folder().join(&name);
        fs::create_dir_all(&folder)?;
        let (users, settings) = (folder.join("users.txt"), folder.join("pgbouncer.ini"));
        fs::write(&users, "\"orderstream\" \"orderstream\"\n\"postgres\" \"postgres\"\n")?;
        fs::write(&settings, ini(stack.ports().postgres, port, &users, pooling)).context("pgbouncer.ini cannot be written")?;
        let healthy = move || std::net::TcpStream::connect(("127.0.0.1", port)).map(drop).context("it does not listen");
        let service = stack.service(&name, move || command(&settings), healthy);
        service.start()?;
        Ok(Self { service, port })
    }

    /// The service, to be stopped, paused and killed.
    pub fn service(&self) -> &Service {
        &self.service
    }

    /// The port on which the pooler listens.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The URL of a database behind the pooler for the role that orderstream uses.
    pub fn orderstream_database_url(&self, database: &str) -> String {
        format!("postgres://orderstream:orderstream@127.0.0.1:{}/{database}", self.port)
    }
}

/// The settings of PgBouncer: those of Debian, but for the pool mode, the addresses and paths, and the retry of a server that was away
/// after one second instead of fifteen.
fn ini(postgres: u16, port: u16, users: &Path, pooling: Pooling) -> String {
    format!(
        "[databases]\n* = host=127.0.0.1 port={postgres}\n\
         [pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\nauth_type = plain\nauth_file = {}\n\
         pool_mode = {}\ndefault_pool_size = 20\nserver_login_retry = 1\n",
        users.display(),
        pooling.as_str()
    )
}

/// The command that runs PgBouncer, which as root changes to another user because PgBouncer refuses to run as root.
fn command(settings: &Path) -> Command {
    let mut command = Command::new("/usr/sbin/pgbouncer");
    if geteuid().is_root() {
        command.args(["-u", USER]);
    }
    command.arg(settings);
    command
}
