//! The stack as a whole: in which order its services are started, filled and ended.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, ScopedJoinHandle};
use std::time::Instant;

use anyhow::{Result, anyhow};
use nix::sys::signal::Signal;
use serde_json::Value;

use crate::builder::{Builder, Report};
use crate::cluster::{self, Cluster};
use crate::connect::{self, Connect};
use crate::java::Java;
use crate::job::Job;
use crate::kafka::{self, Kafka};
use crate::monitoring::{agent, with_agent};
use crate::ports::Ports;
use crate::postgres::{self, Postgres};
use crate::secure::{self, Secure};
use crate::service::Service;
use crate::warden::Warden;
use crate::{redis, topics};

/// Running services. Dropping the stack kills them, and removes the data of a temporary stack.
#[derive(Debug)]
pub struct Stack {
    pub(crate) job: Job,
    pub(crate) ports: Ports,
    pub(crate) folder: PathBuf,
    pub(crate) secure: Option<Secure>,
    pub(crate) postgres_files: Postgres,
    pub(crate) connect_api: Connect,
    pub(crate) connect: Service,
    pub(crate) kafka: Cluster,
    pub(crate) redis: Service,
    pub(crate) postgres: Service,
    // The warden is dropped after the services, so that it releases the lock when they are gone.
    warden: Arc<Warden>,
    _lock: File,
}

impl Stack {
    pub(crate) fn describe(builder: &Builder, lock: File, ports: Ports, jars: &Path) -> Result<Self> {
        let folder = &builder.folder;
        let secure = builder.secure.then(|| Secure::create(folder.join("secure"))).transpose()?;
        let java = Java::find(jars, builder.short_lived)?;
        let mut postgres_files = Postgres::find(folder, ports.postgres)?;
        let mut kafka_files = Kafka::new(java.clone(), folder, &ports, cluster::listeners(builder, 0));
        let mut connect_api = Connect::at(ports.connect);
        if let Some(secure) = &secure {
            postgres_files = postgres_files.with_tls(secure.authority());
            kafka_files = kafka_files.with_logins(secure.kafka_logins());
            connect_api = connect_api.with_login(secure::CONNECT, &kafka::password(secure::CONNECT));
        }
        let remove = if builder.temporary { vec![folder.clone(), postgres::data_folder(folder)] } else { Vec::new() };
        let warden = Arc::new(Warden::start(&lock, &remove)?);
        let of_kafka = builder.watched.map(|ports| agent(jars, "kafka", ports.kafka)).transpose()?;
        let of_connect = builder.watched.map(|ports| agent(jars, "connect", ports.connect)).transpose()?;

        let log = |name: &str| folder.join(name).with_extension("log");
        let (files, health) = (postgres_files.clone(), postgres_files.clone());
        let postgres = Service::new("Postgres", log("postgres"), warden.clone(), move || files.server(), move || health.healthy());
        let (port, data) = (ports.redis, folder.join("redis"));
        let (run, health) = (secure.clone(), secure.clone());
        let run = move || run.as_ref().map_or_else(|| redis::command(port, &data), |secure| secure.redis(port, &data));
        let health = move || health.as_ref().map_or_else(|| redis::healthy(port), |secure| secure.redis_healthy(port));
        let redis = Service::new("Redis", log("redis"), warden.clone(), run, health);
        let kafka = match builder.brokers {
            1 => Cluster::single(builder.job, kafka_files, &log("kafka"), of_kafka, &warden),
            _ => Cluster::several(builder, &java, &ports, &warden)?,
        };
        let connect_properties = connect::write_properties(folder, jars, kafka.files(), &ports, secure.as_ref(), builder.jdbc_sink)?;
        let (here, api) = (ports.clone(), connect_api.clone());
        let login = secure.clone();
        let worker = move || with_agent(connect::worker(&java, &connect_properties, &here, login.as_ref()), of_connect.as_deref());
        let connect = Service::new("Kafka Connect", log("connect"), warden.clone(), worker, move || api.healthy());
        let postgres = postgres.stopped_by(Signal::SIGINT);
        let folder = folder.clone();
        Ok(Self {
            job: builder.job,
            ports,
            folder,
            secure,
            postgres_files,
            connect_api,
            connect,
            kafka,
            redis,
            postgres,
            warden,
            _lock: lock,
        })
    }

    /// Starts Postgres, Redis and Kafka at once, Connect as soon as Kafka answers, and the connector when all services are there.
    pub(crate) fn start_all(&self, report: &Report) -> Result<()> {
        for service in self.services() {
            service.begin_log();
        }
        if let Some(secure) = &self.secure {
            secure.write_client_files(&self.orderstream_settings())?;
        }
        let step = |what: &str, work: &dyn Fn() -> Result<()>| {
            let begin = Instant::now();
            work().map(|()| report(what, begin.elapsed()))
        };
        let failed = AtomicBool::new(false);
        let step = |what: &str, work: &dyn Fn() -> Result<()>| step(what, work).inspect_err(|_| failed.store(true, Ordering::Relaxed));
        thread::scope(|scope| {
            let postgres = scope.spawn(|| step("Postgres is ready, with tables and roles", &|| self.start_postgres()));
            let redis = scope.spawn(|| if self.job.has_redis() { step("Redis is ready", &|| self.start_redis()) } else { Ok(()) });
            let kafka = scope.spawn(|| {
                step("Kafka is ready, with its topics", &|| self.start_kafka())?;
                // If another service has failed, its error is reported without a wait for Connect first.
                if failed.load(Ordering::Relaxed) { Ok(()) } else { step("Kafka Connect is ready", &|| self.start_connect()) }
            });
            joined(redis).and(joined(postgres)).and(joined(kafka))
        })?;
        step("the connector runs", &|| self.register_connector())
    }

    pub(crate) fn start_postgres(&self) -> Result<()> {
        match &self.secure {
            Some(secure) => {
                self.postgres_files.create_with(secure::POSTGRES_ACCESS)?;
                secure.install_in(&self.postgres_files)?;
            }
            None => self.postgres_files.create()?,
        }
        self.postgres.start()?;
        self.postgres_files.fill(self.job)
    }

    pub(crate) fn start_redis(&self) -> Result<()> {
        fs::create_dir_all(self.folder.join("redis"))?;
        self.redis.start()
    }

    fn start_kafka(&self) -> Result<()> {
        self.kafka.start()?;
        self.secure.as_ref().map_or(Ok(()), |secure| secure.give_rights(self.kafka.files()))
    }

    pub(crate) fn start_connect(&self) -> Result<()> {
        self.connect.launch()?;
        let needed: Vec<&Service> = self.kafka.services().iter().chain([&self.postgres, &self.redis]).collect();
        self.connect.await_health_with(&needed)
    }

    /// Stops everything in order. Connect is stopped first, because it writes to the others.
    ///
    /// # Errors
    /// When a service did not stop in time, and so was killed.
    pub fn stop(&self) -> Result<()> {
        let connect = self.connect.stop();
        thread::scope(|scope| {
            let kafka = scope.spawn(|| self.kafka.stop());
            let rest = [&self.redis, &self.postgres].map(|service| scope.spawn(|| service.stop()));
            rest.map(joined).into_iter().fold(connect, Result::and).and(joined(kafka))
        })
    }

    /// Resumes paused services and starts stopped ones, so that the next test finds everything as the first did.
    ///
    /// # Errors
    /// When a service does not become healthy, or the connector does not run.
    pub fn heal(&self) -> Result<()> {
        self.kafka.relaunch()?;
        for service in self.services() {
            service.resume();
            service.start()?;
        }
        if self.connector_state().is_ok_and(|state| state == "FAILED") {
            self.connect_api.restart_failed(self.job.connector())?;
        }
        self.connect_api.await_running(self.job.connector())
    }

    /// Makes another service beside those of the stack, without starting it. The warden guards it too, so that it ends with the stack
    /// at the latest.
    pub fn service(
        &self,
        name: &str,
        launch: impl Fn() -> std::process::Command + Send + Sync + 'static,
        healthy: impl Fn() -> Result<()> + Send + Sync + 'static,
    ) -> Service {
        let service = Service::new(name, self.folder.join(name).with_extension("log"), self.warden.clone(), launch, healthy);
        service.begin_log();
        service
    }

    /// Makes the topics that are missing.
    ///
    /// # Errors
    /// When Kafka does not answer or refuses.
    pub fn create_topics(&self) -> Result<()> {
        self.kafka.create_topics()
    }

    /// Makes one more topic, unless it exists.
    ///
    /// # Errors
    /// When Kafka does not answer or refuses.
    pub fn create_topic(&self, name: &str, partitions: i32, settings: &[(&str, &str)]) -> Result<()> {
        topics::create(&self.kafka.client(), self.kafka.files().replication(), &[(name, partitions, settings)])
    }

    /// Gives Connect the connector of the stack's job, which is `shop` (connect/shop.json) for orders, and waits until it runs.
    ///
    /// # Errors
    /// When Connect refuses the connector, or the connector fails or does not run in time.
    pub fn register_connector(&self) -> Result<()> {
        self.connect_api.register(self.job.connector(), &self.connector_config()?)
    }

    /// The settings of that connector.
    ///
    /// # Errors
    /// When the connector's file cannot be read.
    pub fn connector_config(&self) -> Result<Value> {
        connect::config(self.job.connector_file(), self.secure.as_ref().map(Secure::authority).as_deref())
    }

    /// The state of that connector: `RUNNING`, `FAILED` and so on.
    ///
    /// # Errors
    /// When Connect does not answer.
    pub fn connector_state(&self) -> Result<String> {
        self.connect_api.state(self.job.connector())
    }

    /// Runs SQL in the database `orders` as the superuser. Rows come back one per line, columns separated by `|`.
    ///
    /// # Errors
    /// When Postgres does not answer or refuses.
    pub fn psql(&self, sql: &str) -> Result<String> {
        self.postgres_files.psql(sql)
    }

    /// Does the same in another database.
    ///
    /// # Errors
    /// As [`Stack::psql`].
    pub fn psql_in(&self, database: &str, sql: &str) -> Result<String> {
        self.postgres_files.psql_in(database, sql)
    }
}

fn joined(thread: ScopedJoinHandle<'_, Result<()>>) -> Result<()> {
    thread.join().unwrap_or_else(|_| Err(anyhow!("a thread of the stack panicked")))
}
