//! A Kafka, a Redis and a Postgres with TLS, logins and the rights that the documentation gives each role, for tests of all that.
//!
//! Each server has a plain door beside the others, by which the tests look and do harm. The certificates are for `localhost` and 127.0.0.1;
//! the servers also listen on 127.0.0.2, for which no certificate is.

mod kafka;
mod postgres;
mod redis;

use std::fs::{self, File, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::thread;

use anyhow::{Context, Result, anyhow};
use nix::sys::signal::Signal;

use crate::certificates::{Authority, Certificate, CertificateFiles, Validity};
use crate::java::Java;
use crate::job::Job;
use crate::kafka::Kafka;
use crate::postgres::Postgres;
use crate::service::Service;
use crate::warden::Warden;
use crate::{Ports, acls, folder, free_port, jars, topics};

pub use crate::kafka::password;
pub use kafka::Door;

/// The host by which the servers are reached and for which no certificate is.
pub const ELSEWHERE: &str = "127.0.0.2";

/// Running servers. Dropping the value kills them and removes their data.
#[derive(Debug)]
pub struct Secured {
    ports: Ports,
    doors: kafka::Doors,
    redis_tls: u16,
    authority: Authority,
    postgres_files: Postgres,
    kafka_files: Kafka,
    kafka: Service,
    redis: Service,
    postgres: Service,
    folder: PathBuf,
    // The warden is dropped after the services, so that it releases the lock when they are gone.
    warden: Arc<Warden>,
    _lock: File,
}

impl Secured {
    /// Starts the servers, with the topics and tables. The `users` may log in to Kafka with [`password`].
    ///
    /// # Errors
    /// When something is not installed, or a server dies or is not healthy in time.
    pub fn start(users: &[&str]) -> Result<Self> {
        let secured = Self::describe(users)?;
        thread::scope(|scope| {
            let postgres = scope.spawn(|| secured.start_postgres());
            let redis = scope.spawn(|| secured.redis.start());
            let kafka = secured.start_kafka();
            let joined =
                |thread: thread::ScopedJoinHandle<'_, Result<()>>| thread.join().unwrap_or_else(|_| Err(anyhow!("a start panicked")));
            kafka.and(joined(postgres)).and(joined(redis))
        })?;
        Ok(secured)
    }

    fn describe(users: &[&str]) -> Result<Self> {
        // Postgres runs as another user when this program runs as root, and that user has to reach the folder.
        let open = Permissions::from_mode(0o755);
        let folder = tempfile::Builder::new().prefix("orderstream-").permissions(open).tempdir().context("no temporary folder")?.keep();
        let lock = folder::lock(&folder)?;
        let ports = Ports::free()?;
        let java = Java::find(&jars::fetch(&[])?, true)?;
        let authority = Authority::new("orderstream's tests")?;
        authority.write(&folder, "ca")?;
        let files = |name: &str, validity| authority.server(&["localhost", "127.0.0.1"], validity)?.write(&folder, name);
        let server = files("server", Validity::Now)?;
        files("expired", Validity::Over)?;
        files("future", Validity::NotYet)?;

        let doors = kafka::Doors::free()?;
        let kafka_files = Kafka::new(java, &folder, &ports, doors.listeners()).with_logins(kafka::logins(&folder, users));
        let postgres_files = Postgres::find(&folder, ports.postgres)?;
        let warden = Arc::new(Warden::start(&lock, &[folder.clone(), postgres_files.data().to_owned()])?);
        let log = |name: &str| folder.join(name).with_extension("log");
        let (run, health) = (kafka_files.clone(), kafka_files.clone());
        let kafka = Service::new("Kafka", log("kafka"), warden.clone(), move || run.server(), move || health.healthy());
        let (run, health) = (postgres_files.clone(), postgres_files.clone());
        let postgres = Service::new("Postgres", log("postgres"), warden.clone(), move || postgres::server(&run), move || health.healthy());
        let (port, redis_tls, data) = (ports.redis, free_port()?, folder.clone());
        let launch = move || redis::command(port, redis_tls, &data, &server);
        let redis = Service::new("Redis", log("redis"), warden.clone(), launch, move || redis::healthy(port));
        redis::write_users(&folder)?;
        let postgres = postgres.stopped_by(Signal::SIGINT);
        Ok(Self { ports, doors, redis_tls, authority, postgres_files, kafka_files, kafka, redis, postgres, folder, warden, _lock: lock })
    }

    fn start_postgres(&self) -> Result<()> {
        self.postgres_files.create_with(postgres::ACCESS)?;
        self.postgres_files.install("ca.pem", self.authority.pem())?;
        self.install_in_postgres("server")?;
        self.postgres.start()?;
        self.postgres_files.fill(Job::Orders)
    }

    fn start_kafka(&self) -> Result<()> {
        self.kafka_files.create()?;
        self.kafka.start()?;
        topics::create(&self.kafka_files.client(), 1, Job::Orders.topics())
    }

    /// Gives Postgres the server's certificate of this name in the folder: `server`, `expired` or `future`. Postgres reads it when it is
    /// told to reload.
    ///
    /// # Errors
    /// When a file cannot be read or written.
    pub fn install_in_postgres(&self, name: &str) -> Result<()> {
        for (from, to) in [("crt", "server.crt"), ("key", "server.key")] {
            self.postgres_files.install(to, &fs::read_to_string(self.folder.join(name).with_extension(from))?)?;
        }
        Ok(())
    }

    /// The authority that signed the servers' certificates. Its own certificate is `ca.pem` in the folder.
    pub fn authority(&self) -> &Authority {
        &self.authority
    }

    /// Writes a client's certificate to the folder.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub fn write(&self, certificate: &Certificate, name: &str) -> Result<CertificateFiles> {
        certificate.write(&self.folder, name)
    }

    /// Where certificates, data and logs lie.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The bootstrap servers of one of Kafka's doors.
    pub fn kafka_at(&self, door: Door) -> String {
        self.doors.at(door)
    }

    /// The bootstrap servers of Kafka's plain door, where everybody may do everything.
    pub fn plain_kafka(&self) -> String {
        self.kafka_files.bootstrap_servers()
    }

    /// The port of Redis for TLS.
    pub fn redis_port(&self) -> u16 {
        self.redis_tls
    }

    /// The URL of Redis at its plain door, as a user who may do everything.
    pub fn plain_redis(&self) -> String {
        format!("redis://admin:admin@127.0.0.1:{}", self.ports.redis)
    }

    /// The port of Postgres, at which only the superuser may connect without TLS.
    pub fn postgres_port(&self) -> u16 {
        self.ports.postgres
    }

    /// Runs SQL in the database `orders` as the superuser. Rows come back one per line, columns separated by `|`.
    ///
    /// # Errors
    /// When Postgres does not answer or refuses.
    pub fn psql(&self, sql: &str) -> Result<String> {
        self.postgres_files.psql(sql)
    }

    /// Gives Kafka's users the rights of these lines, which are arguments of `kafka-acls.sh --add`.
    ///
    /// # Errors
    /// When a line cannot be read, or Kafka refuses.
    pub fn allow(&self, lines: &str) -> Result<()> {
        acls::add(self.ports.kafka, lines)
    }

    /// Runs one of Kafka's own programs, with the address of the plain door before the arguments.
    ///
    /// # Errors
    /// When the program fails, with what it said.
    pub fn kafka_tool(&self, class: &str, arguments: &[&str]) -> Result<String> {
        self.kafka_files.tool(class, arguments)
    }

    /// Makes another service beside the servers, without starting it.
    pub fn service(
        &self,
        name: &str,
        launch: impl Fn() -> Command + Send + Sync + 'static,
        healthy: impl Fn() -> Result<()> + Send + Sync + 'static,
    ) -> Service {
        Service::new(name, self.folder.join(name).with_extension("log"), self.warden.clone(), launch, healthy)
    }
}
