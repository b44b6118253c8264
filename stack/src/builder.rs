//! The builder of a stack: where its data lies, on which ports it listens, and how it starts.

use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::time::{Duration, Instant};
use std::{fmt, fs};

use anyhow::{Context, Result, bail};

use crate::folder::lock;
use crate::jars::{self, More};
use crate::job::Job;
use crate::monitoring::MonitoringPorts;
use crate::ports::Ports;
use crate::stack::Stack;

pub(crate) type Report = dyn Fn(&str, Duration) + Send + Sync;

/// The settings of a stack before its start: where its data lies, on which ports it listens.
pub struct Builder {
    pub(crate) job: Job,
    pub(crate) folder: PathBuf,
    pub(crate) temporary: bool,
    pub(crate) short_lived: bool,
    pub(crate) brokers: usize,
    pub(crate) kafka_listeners: Vec<Vec<(u16, u16)>>,
    pub(crate) watched: Option<MonitoringPorts>,
    pub(crate) secure: bool,
    pub(crate) jdbc_sink: bool,
    ports: Option<Ports>,
    report: Box<Report>,
}

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder").field("folder", &self.folder).field("ports", &self.ports).finish_non_exhaustive()
    }
}

impl Builder {
    /// The ports to listen on. A stack without this setting listens on free ports.
    #[must_use]
    pub fn ports(mut self, ports: Ports) -> Self {
        self.ports = Some(ports);
        self
    }

    /// The job that the stack is for. A stack without this setting is for orders.
    #[must_use]
    pub fn job(mut self, job: Job) -> Self {
        self.job = job;
        self
    }

    /// Lets Kafka have so many brokers, each of which is a controller too and has a copy of every partition. A record counts as written
    /// when a majority has it. A stack without this setting has one broker.
    #[must_use]
    pub fn brokers(mut self, brokers: usize) -> Self {
        self.brokers = brokers;
        self
    }

    /// Lets each broker listen on one more port: of each pair, one for each broker, the first. The broker tells the clients of this port to
    /// use the second from then on, which is the port of a proxy before the broker, so that a client that is given a proxy's address stays
    /// behind the proxies.
    #[must_use]
    pub fn kafka_listener(mut self, ports: &[(u16, u16)]) -> Self {
        self.kafka_listeners.push(ports.to_vec());
        self
    }

    /// Lets every service want TLS and a login.
    #[must_use]
    pub fn secure(mut self, secure: bool) -> Self {
        self.secure = secure;
        self
    }

    /// Lets Kafka and Connect start as slowly and run as fast as with `make up`, for measurements.
    #[must_use]
    pub fn at_full_speed(mut self) -> Self {
        self.short_lived = false;
        self
    }

    /// Lets Kafka and Connect tell Prometheus how they are, on the ports that `ports` has for them.
    #[must_use]
    pub fn watched(mut self, ports: MonitoringPorts) -> Self {
        self.watched = Some(ports);
        self
    }

    /// Lets Connect have Debezium's JDBC sink too.
    #[must_use]
    pub fn jdbc_sink(mut self, jdbc_sink: bool) -> Self {
        self.jdbc_sink = jdbc_sink;
        self
    }

    /// Calls `report` for each step that is done, with the time that the step took.
    #[must_use]
    pub fn report(mut self, report: impl Fn(&str, Duration) + Send + Sync + 'static) -> Self {
        self.report = Box::new(report);
        self
    }

    /// Starts everything. When the stack has started, tables, roles and topics are there, and the connector runs.
    ///
    /// # Errors
    /// When the settings contradict each other, a port is in use, something is not installed, or a service dies or is not healthy in time.
    /// After an error nothing is left running.
    pub fn start(self) -> Result<Stack> {
        self.ensure_possible()?;
        let lock = lock(&self.folder)?;
        let ports = match self.ports.clone() {
            Some(ports) => ports,
            None => Ports::free()?,
        };
        ports.ensure_unused(self.job)?;
        self.watched.map_or(Ok(()), MonitoringPorts::ensure_unused)?;
        let begin = Instant::now();
        let more = [self.watched.map(|_| More::Agent), self.jdbc_sink.then_some(More::JdbcSink)];
        let jars = jars::fetch(&more.into_iter().flatten().collect::<Vec<_>>())?;
        (self.report)("the jars of Kafka and Debezium are there", begin.elapsed());
        let stack = Stack::describe(&self, lock, ports, &jars)?;
        stack.start_all(&*self.report)?;
        Ok(stack)
    }

    fn ensure_possible(&self) -> Result<()> {
        let brokers = self.brokers;
        if brokers == 0 {
            bail!("a stack has at least one broker");
        }
        if brokers > 1 && (self.secure || self.watched.is_some()) {
            bail!("a stack with several brokers has no TLS, no logins and no agents for Prometheus: take one broker for these");
        }
        if self.job == Job::Mirror && self.secure {
            bail!("the stack of the mirror has no TLS and no logins: start it without SECURE=1");
        }
        if let Some(listener) = self.kafka_listeners.iter().find(|listener| listener.len() != brokers) {
            let given = listener.len();
            let are = if given == 1 { "is" } else { "are" };
            bail!("a further listener of Kafka needs a port for each broker: {given} {are} given for {brokers} brokers");
        }
        Ok(())
    }
}

impl Stack {
    /// Begins a stack whose data stays in `folder`.
    pub fn builder(folder: impl Into<PathBuf>) -> Builder {
        Builder {
            job: Job::Orders,
            folder: folder.into(),
            temporary: false,
            short_lived: false,
            brokers: 1,
            kafka_listeners: Vec::new(),
            watched: None,
            secure: false,
            jdbc_sink: false,
            ports: None,
            report: Box::new(|_, _| {}),
        }
    }

    /// Begins a stack in a folder of its own, which is removed at the end. The services of a temporary stack start and restart quickly.
    ///
    /// # Errors
    /// When the folder cannot be made.
    pub fn temporary() -> Result<Builder> {
        // Postgres runs as another user when this program runs as root, and that user has to reach the folder.
        let open = fs::Permissions::from_mode(0o755);
        let folder = tempfile::Builder::new().prefix("orderstream-").permissions(open).tempdir().context("no temporary folder")?;
        Ok(Builder { temporary: true, short_lived: true, ..Self::builder(folder.keep()) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(described: impl FnOnce(Builder) -> Builder) -> String {
        described(Stack::builder("nowhere")).ensure_possible().unwrap_err().to_string()
    }

    #[test]
    fn what_a_stack_does_not_have_is_refused_in_a_sentence() {
        let one_listener = refusal(|builder| builder.brokers(3).kafka_listener(&[(1, 2)]));
        assert_eq!(one_listener, "a further listener of Kafka needs a port for each broker: 1 is given for 3 brokers");
        let secure = refusal(|builder| builder.brokers(3).secure(true));
        assert!(secure.contains("a stack with several brokers has no TLS"), "{secure}");
        let mirror = refusal(|builder| builder.job(Job::Mirror).secure(true));
        assert_eq!(mirror, "the stack of the mirror has no TLS and no logins: start it without SECURE=1");
        assert_eq!(refusal(|builder| builder.brokers(0)), "a stack has at least one broker");
    }
}
