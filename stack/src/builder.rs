//! How a stack is to be, and its start.

use std::fmt;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use crate::folder::lock;
use crate::jars;
use crate::kafka::Listener;
use crate::ports::Ports;
use crate::stack::Stack;

pub(crate) type Report = dyn Fn(&str, Duration) + Send + Sync;

/// How a stack is to be: where its data lies, on which ports it listens.
pub struct Builder {
    pub(crate) folder: PathBuf,
    pub(crate) temporary: bool,
    pub(crate) short_lived: bool,
    pub(crate) kafka_listeners: Vec<Listener>,
    ports: Option<Ports>,
    report: Box<Report>,
}

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder").field("folder", &self.folder).field("ports", &self.ports).finish_non_exhaustive()
    }
}

impl Builder {
    /// The ports to listen on. Without them: free ones.
    #[must_use]
    pub fn ports(mut self, ports: Ports) -> Self {
        self.ports = Some(ports);
        self
    }

    /// Kafka listens on this port too, and tells clients that come there to use `advertised` from then on: the port of a proxy before it. A
    /// client that is given the proxy's address stays behind the proxy so.
    #[must_use]
    pub fn kafka_listener(mut self, port: u16, advertised: u16) -> Self {
        self.kafka_listeners.push(Listener { port, advertised });
        self
    }

    /// For measurements: Kafka and Connect start as slowly and run as fast as with `make up`.
    #[must_use]
    pub fn at_full_speed(mut self) -> Self {
        self.short_lived = false;
        self
    }

    /// Called for each step that is done, with the time it took.
    #[must_use]
    pub fn report(mut self, report: impl Fn(&str, Duration) + Send + Sync + 'static) -> Self {
        self.report = Box::new(report);
        self
    }

    /// Starts everything: tables, roles and topics are there then, and the connector runs.
    ///
    /// # Errors
    /// When a port is in use, something is not installed, or a service dies or is not healthy in time. Nothing is left
    /// running then.
    pub fn start(self) -> Result<Stack> {
        let lock = lock(&self.folder)?;
        let ports = match self.ports.clone() {
            Some(ports) => ports,
            None => Ports::free()?,
        };
        ports.ensure_unused()?;
        let begin = Instant::now();
        let jars = jars::fetch()?;
        (self.report)("the jars of Kafka and Debezium are there", begin.elapsed());
        let stack = Stack::describe(&self, lock, ports, &jars)?;
        stack.start_all(&*self.report)?;
        Ok(stack)
    }
}

impl Stack {
    /// A stack whose data stays in `folder`.
    pub fn builder(folder: impl Into<PathBuf>) -> Builder {
        Builder {
            folder: folder.into(),
            temporary: false,
            short_lived: false,
            kafka_listeners: Vec::new(),
            ports: None,
            report: Box::new(|_, _| {}),
        }
    }

    /// A stack in a folder of its own, which is removed at the end. It starts quickly and comes back quickly.
    ///
    /// # Errors
    /// When the folder cannot be made.
    pub fn temporary() -> Result<Builder> {
        // Postgres runs as another user when this is root.
        let open = fs::Permissions::from_mode(0o755);
        let folder = tempfile::Builder::new().prefix("orderstream-").permissions(open).tempdir().context("no temporary folder")?;
        Ok(Builder { temporary: true, short_lived: true, ..Self::builder(folder.keep()) })
    }
}
