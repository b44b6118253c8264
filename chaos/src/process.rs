//! An orderstream process, with a proxy of its own to Postgres, to Redis and to each broker of Kafka.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use stack::proxy::Proxy;
use stack::{Service, Stack};
use tokio::runtime::Handle;

/// A setting that a user would not choose: a round has many batches.
const SMALL_BATCHES: (&str, &str) = ("BATCH_MAX_RECORDS", "300");
/// The partitions of a dead member are free sooner. With several brokers the session has to outlast the change of its coordinator, and is
/// the one that users have.
const SHORT_SESSION: (&str, &str) = ("KAFKA_PROPERTIES", "session.timeout.ms=6000");

/// An orderstream process.
#[derive(Debug)]
pub(crate) struct Process {
    pub(crate) service: Service,
    pub(crate) to_postgres: Proxy,
    /// `None` for a job that has no Redis.
    pub(crate) to_redis: Option<Proxy>,
    /// A proxy for each broker.
    pub(crate) to_kafka: Vec<Proxy>,
    pub(crate) log: PathBuf,
    /// The port of the HTTP endpoints.
    pub(crate) port: u16,
    /// Whether the process is being asked to end, so that its end is no surprise.
    stopping: AtomicBool,
}

impl Process {
    /// Makes the process of that number without starting it; the process finds Postgres at the port `postgres`. Each start reads `hold`,
    /// which says whether the process holds orders back while Redis is away.
    pub(crate) fn new(
        stack: &Stack,
        runtime: &Handle,
        number: usize,
        postgres: u16,
        to_kafka: Vec<Proxy>,
        hold: &Arc<AtomicBool>,
    ) -> Result<Self> {
        let program = program()?;
        let to_postgres = Proxy::start(runtime, postgres)?;
        let to_redis = Proxy::start(runtime, stack.ports().redis)?;
        let port = stack::free_port()?;
        let environment = [
            ("KAFKA_BOOTSTRAP_SERVERS", addresses(&to_kafka)),
            ("DATABASE_URL", format!("postgres://orderstream:orderstream@127.0.0.1:{}/orders", to_postgres.port())),
            ("REDIS_URL", format!("redis://127.0.0.1:{}", to_redis.port())),
            ("HTTP_LISTEN", format!("127.0.0.1:{port}")),
            ("AUDIT_HISTORY", "on".to_owned()),
        ];
        let session = (stack.brokers().len() == 1).then_some(SHORT_SESSION);
        let hold = Arc::clone(hold);
        let launch = move || {
            let mut command = Command::new(&program);
            command.envs([SMALL_BATCHES]).envs(session).envs(environment.clone());
            command.env("ENRICHMENT_WHEN_REDIS_IS_DOWN", if hold.load(Ordering::SeqCst) { "hold" } else { "degrade" });
            command
        };
        let (to_redis, service) = (Some(to_redis), service(stack, &format!("orderstream-{number}"), port, launch));
        Ok(Self { log: log(stack, &service), service, to_postgres, to_redis, to_kafka, port, stopping: AtomicBool::new(false) })
    }

    /// Makes a process of the job `mirror` without starting it.
    pub(crate) fn of_mirror(stack: &Stack, runtime: &Handle, number: usize, to_kafka: Vec<Proxy>) -> Result<Self> {
        let program = program()?;
        let to_postgres = Proxy::start(runtime, stack.ports().postgres)?;
        let port = stack::free_port()?;
        let brokers = addresses(&to_kafka);
        let (there, here) = (format!(":{}/", stack.ports().postgres), format!(":{}/", to_postgres.port()));
        let settings: Vec<_> = stack.mirror_settings().into_iter().map(|(name, value)| (name, value.replace(&there, &here))).collect();
        let launch = move || {
            let mut command = Command::new(&program);
            command.args(["mirror", "run"]).envs([SMALL_BATCHES, SHORT_SESSION]).envs(settings.clone());
            command.env("KAFKA_BOOTSTRAP_SERVERS", &brokers).env("HTTP_LISTEN", format!("127.0.0.1:{port}"));
            command
        };
        let service = service(stack, &format!("mirror-{number}"), port, launch);
        Ok(Self { log: log(stack, &service), service, to_postgres, to_redis: None, to_kafka, port, stopping: AtomicBool::new(false) })
    }

    /// Opens every proxy of the process again.
    pub(crate) fn heal_lines(&self) {
        [&self.to_postgres].into_iter().chain(&self.to_redis).chain(&self.to_kafka).for_each(Proxy::heal);
    }

    /// Returns the body that the endpoint answers, with whatever status.
    pub(crate) fn get(&self, path: &str) -> Result<String> {
        let url = format!("http://127.0.0.1:{}{path}", self.port);
        let patient = ureq::get(&url).config().timeout_global(Some(Duration::from_secs(3))).http_status_as_error(false).build();
        Ok(patient.call()?.body_mut().read_to_string()?)
    }

    /// Stops the process in order.
    pub(crate) fn stop(&self) -> Result<()> {
        self.stopping.store(true, Ordering::SeqCst);
        let stopped = self.service.stop();
        self.stopping.store(false, Ordering::SeqCst);
        stopped
    }

    /// Returns how the process ended, if it ended without being asked to.
    pub(crate) fn died(&self) -> Option<ExitStatus> {
        let is_stopping = || self.stopping.load(Ordering::SeqCst);
        if is_stopping() {
            return None;
        }
        self.service.died().filter(|_| !is_stopping())
    }

    /// Memory in use, in MiB; `None` if the process does not run.
    pub(crate) fn memory(&self) -> Option<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.service.pid()?)).ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
        let kilobytes: u64 = line.split_whitespace().next()?.parse().ok()?;
        Some(kilobytes / 1024)
    }
}

/// The brokers as a client finds them behind the proxies.
fn addresses(to_kafka: &[Proxy]) -> String {
    to_kafka.iter().map(|line| format!("127.0.0.1:{}", line.port())).collect::<Vec<_>>().join(",")
}

fn service(stack: &Stack, name: &str, port: u16, launch: impl Fn() -> Command + Send + Sync + 'static) -> Service {
    stack.service(name, launch, move || stack::answers(&format!("http://127.0.0.1:{port}/readyz")))
}

fn log(stack: &Stack, service: &Service) -> PathBuf {
    stack.folder().join(service.name()).with_extension("log")
}

/// The path of the orderstream program. The Makefile builds orderstream and this harness into one folder.
pub(crate) fn program() -> Result<PathBuf> {
    let here = std::env::current_exe().context("the folder of this program is unknown")?;
    let program = here.parent().unwrap_or(Path::new("/")).join("orderstream");
    if !program.is_file() {
        bail!("{} is missing: `make chaos` builds it", program.display());
    }
    Ok(program)
}
