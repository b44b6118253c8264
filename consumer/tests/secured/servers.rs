//! The servers of the tests, and the settings with which orderstream reaches them.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use stack::Service;
use stack::certificates::Validity;
use stack::secured::{Door, Secured, password};
use stack::wait::{Attempt, until};

/// How long anything may take on a machine that is busy with other things.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// Whoever may log in to Kafka: the two roles, and some whom the tests give less than a role needs.
pub const USERS: [&str; 6] = ["orderstream", "connect", "nobody", "unread", "ungrouped", "unwriting"];

static SERVERS: OnceLock<Mutex<Secured>> = OnceLock::new();

/// Numbers the processes over all tests.
static COUNTER: AtomicUsize = AtomicUsize::new(0);

/// Settings by the names of their environment variables.
pub type Settings = BTreeMap<&'static str, String>;

/// The servers, for one test at a time.
pub fn servers() -> MutexGuard<'static, Secured> {
    let start = || {
        let servers = Secured::start(&USERS).unwrap();
        let own = servers.authority().client("orderstream", Validity::Now).unwrap();
        servers.write(&own, "orderstream").unwrap();
        servers.allow(&fs::read_to_string(stack::root().join("connect/acls.txt")).unwrap()).unwrap();
        servers.psql("create database certified owner orderstream").unwrap();
        Mutex::new(servers)
    };
    SERVERS.get_or_init(start).lock().unwrap_or_else(PoisonError::into_inner)
}

/// The path of a file in the servers' folder.
pub fn path(servers: &Secured, name: &str) -> String {
    servers.folder().join(name).display().to_string()
}

/// The settings with which everything works: a password for Kafka, a certificate and a password for Redis, a password for Postgres.
pub fn settings(servers: &Secured) -> Settings {
    let mut settings = at_kafka(servers, Door::Password);
    settings.extend(login("orderstream", "SCRAM-SHA-512"));
    settings.extend([
        ("DATABASE_URL", postgres(servers, "127.0.0.1", "ca.pem")),
        ("REDIS_URL", format!("rediss://orderstream:orderstream@127.0.0.1:{}", servers.redis_port())),
        ("REDIS_SSL_CA_LOCATION", path(servers, "ca.pem")),
        ("REDIS_SSL_CERTIFICATE_LOCATION", path(servers, "orderstream.crt")),
        ("REDIS_SSL_KEY_LOCATION", path(servers, "orderstream.key")),
        ("HTTP_LISTEN", format!("127.0.0.1:{}", stack::free_port().unwrap())),
    ]);
    settings
}

/// The settings that lead to a door of Kafka.
pub fn at_kafka(servers: &Secured, door: Door) -> Settings {
    let protocol = if door == Door::Password { "sasl_ssl" } else { "ssl" };
    Settings::from([
        ("KAFKA_BOOTSTRAP_SERVERS", servers.kafka_at(door)),
        ("KAFKA_SECURITY_PROTOCOL", protocol.to_owned()),
        ("KAFKA_SSL_CA_LOCATION", path(servers, "ca.pem")),
    ])
}

/// The settings of a login at Kafka.
pub fn login(user: &str, mechanism: &str) -> Settings {
    Settings::from([
        ("KAFKA_SASL_MECHANISM", mechanism.to_owned()),
        ("KAFKA_SASL_USERNAME", user.to_owned()),
        ("KAFKA_SASL_PASSWORD", password(user)),
    ])
}

/// The URL of Postgres for the role of orderstream, with the authority in this file.
pub fn postgres(servers: &Secured, host: &str, authority: &str) -> String {
    let (port, authority) = (servers.postgres_port(), path(servers, authority));
    format!("postgres://orderstream:orderstream@{host}:{port}/orders?sslmode=verify-full&sslrootcert={authority}")
}

/// The URL of the database where the role shows this certificate instead of a password.
pub fn certified(servers: &Secured, certificate: &str) -> String {
    let url = postgres(servers, "127.0.0.1", "ca.pem").replace("orderstream:orderstream@", "orderstream@");
    let [own, key] = ["crt", "key"].map(|ending| path(servers, &format!("{certificate}.{ending}")));
    format!("{}&sslcert={own}&sslkey={key}", url.replace("/orders?", "/certified?"))
}

/// `settings` with some others in their place; an empty value takes a setting away.
pub fn with(mut settings: Settings, others: impl IntoIterator<Item = (&'static str, String)>) -> Settings {
    settings.extend(others);
    settings.retain(|_, value| !value.is_empty());
    settings
}

/// What `orderstream check` prints.
pub fn check(settings: &Settings) -> Report {
    let output = orderstream("check", settings).output().unwrap();
    Report(String::from_utf8([output.stdout, output.stderr].concat()).unwrap())
}

/// A command of orderstream with these settings.
pub fn orderstream(command: &str, settings: &Settings) -> Command {
    let mut orderstream = Command::new(env!("CARGO_BIN_EXE_orderstream"));
    orderstream.arg(command).envs(settings).env_remove("SSL_CERT_FILE");
    orderstream
}

/// The lines of `orderstream check`.
#[derive(Debug)]
pub struct Report(pub String);

impl Report {
    /// Whether a line about the server with this grade contains the words.
    pub fn says(&self, grade: &str, server: &str, words: &str) -> bool {
        let of = |line: &&str| line.starts_with(grade) && line[grade.len()..].trim_start().starts_with(server);
        self.0.lines().filter(of).any(|line| line.contains(words))
    }

    /// Fails unless everything about the server is fine.
    #[track_caller]
    pub fn is_fine(&self, server: &str) {
        assert!(self.says("ok", server, "") && !self.says("FAILED", server, ""), "{server}: {}", self.0);
    }
}

/// An orderstream process, whose log is looked at.
pub struct Process {
    pub service: Service,
    log: PathBuf,
    listens: String,
}

impl Process {
    /// Starts a process without waiting for anything.
    pub fn launch(servers: &Secured, settings: &Settings) -> Self {
        Self::launch_with(servers, settings, None)
    }

    /// Starts a process that has a configuration file too.
    pub fn launch_with(servers: &Secured, settings: &Settings, file: Option<&Path>) -> Self {
        let listens = format!("127.0.0.1:{}", stack::free_port().unwrap());
        let settings = with(settings.clone(), [("HTTP_LISTEN", listens.clone())]);
        let name = format!("orderstream-{}", COUNTER.fetch_add(1, Ordering::Relaxed));
        let ready = format!("http://{listens}/readyz");
        let file = file.map(Path::to_owned);
        let launch = move || {
            let mut process = orderstream("run", &settings);
            if let Some(file) = &file {
                process.arg("--config").arg(file);
            }
            process
        };
        let service = servers.service(&name, launch, move || stack::answers(&ready));
        service.launch().unwrap();
        Self { service, log: servers.folder().join(name).with_extension("log"), listens }
    }

    /// Waits until the process is ready.
    pub fn await_ready(&self) {
        self.service.await_health().unwrap();
    }

    /// What the process has logged.
    pub fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap()
    }

    /// Waits until a line of the log contains the words.
    #[track_caller]
    pub fn await_log(&self, words: &str) {
        let look = || {
            let log = self.log();
            if log.lines().any(|line| line.contains(words)) { Attempt::Ready(()) } else { Attempt::NotYet(log) }
        };
        until(&format!("the log says {words:?}"), PATIENCE, look).unwrap();
    }

    /// What an endpoint answers; nothing while nobody listens.
    pub fn get(&self, endpoint: &str) -> String {
        let url = format!("http://{}{endpoint}", self.listens);
        let response = ureq::get(&url).config().http_status_as_error(false).build().call();
        response.map_or_else(|_| String::new(), |mut response| response.body_mut().read_to_string().unwrap())
    }
}
