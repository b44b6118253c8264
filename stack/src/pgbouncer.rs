//! PgBouncer before a Postgres: the pooler that stands there in many a shop.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};
use nix::unistd::geteuid;

use crate::postgres::USER;
use crate::{Service, Stack, free_port};

/// What a pooler gives a client: for how long it has the same session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pooling {
    /// As long as it is connected.
    Session,
    /// For a transaction.
    Transaction,
    /// For a statement.
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

/// A pooler before the stack's Postgres. It ends when it is dropped.
#[derive(Debug)]
pub struct PgBouncer {
    service: Service,
    port: u16,
}

impl PgBouncer {
    /// Starts one.
    ///
    /// # Errors
    /// When it is not installed or is not healthy in time.
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

    /// To be stopped, paused and killed.
    pub fn service(&self) -> &Service {
        &self.service
    }

    /// Where it listens.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// A database behind it as the role that orderstream uses.
    pub fn orderstream_database_url(&self, database: &str) -> String {
        format!("postgres://orderstream:orderstream@127.0.0.1:{}/{database}", self.port)
    }
}

/// As Debian has it, but for the pooling, where everything is, and that it asks a server that was away again after a second, not fifteen.
fn ini(postgres: u16, port: u16, users: &Path, pooling: Pooling) -> String {
    format!(
        "[databases]\n* = host=127.0.0.1 port={postgres}\n\
         [pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\nauth_type = plain\nauth_file = {}\n\
         pool_mode = {}\ndefault_pool_size = 20\nserver_login_retry = 1\n",
        users.display(),
        pooling.as_str()
    )
}

/// It refuses to run as root.
fn command(settings: &Path) -> Command {
    let mut command = Command::new("/usr/sbin/pgbouncer");
    if geteuid().is_root() {
        command.args(["-u", USER]);
    }
    command.arg(settings);
    command
}
