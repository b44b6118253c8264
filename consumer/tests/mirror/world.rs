//! A source and a target on the shared stack, the real Debezium between them, and processes of the mirror.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::MutexGuard;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::Value;
use stack::wait::{Attempt, until};
use stack::{Service, Stack};

/// How long a change may take to arrive, on a machine that is busy with other things.
const PATIENCE: Duration = Duration::from_secs(120);

/// How long a connector may need to leave its slot.
const SLOT_PATIENCE: Duration = Duration::from_secs(20);

static COUNTER: AtomicUsize = AtomicUsize::new(0);

/// A source and a target with names of a test's own.
pub(crate) struct World {
    stack: MutexGuard<'static, Stack>,
    name: String,
    processes: Vec<(Service, u16)>,
    connected: bool,
}

impl World {
    /// Two empty databases.
    pub(crate) fn new(name: &str) -> Self {
        let stack = stack::shared().unwrap();
        for of in ["src", "dst"] {
            stack.psql(&format!("drop database if exists {name}_{of} with (force)")).unwrap();
            stack.psql(&format!("create database {name}_{of} template template0 encoding 'UTF8' locale 'C.UTF-8'")).unwrap();
        }
        Self { stack, name: name.to_owned(), processes: Vec::new(), connected: false }
    }

    pub(crate) fn stack(&self) -> &Stack {
        &self.stack
    }

    pub(crate) fn source_url(&self) -> String {
        self.url("src")
    }

    pub(crate) fn target_url(&self) -> String {
        self.url("dst")
    }

    fn url(&self, of: &str) -> String {
        self.stack.database_url().replace("/orders", &format!("/{}_{of}", self.name))
    }

    /// Runs statements in the source, each in a transaction of its own unless they say otherwise.
    #[track_caller]
    pub(crate) fn source(&self, statements: &str) -> String {
        run(&self.source_url(), statements)
    }

    /// Runs statements in the target.
    #[track_caller]
    pub(crate) fn target(&self, statements: &str) -> String {
        run(&self.target_url(), statements)
    }

    /// Starts Debezium with the settings of connect/mirror-source.json, and these on top.
    pub(crate) fn capture(&mut self, tables: &str, settings: &[(&str, &str)]) {
        self.capture_by("mirror-source", tables, settings);
    }

    /// The same with the settings of connect/mirror-source-schemas.json, which has each event carry its schema.
    pub(crate) fn capture_with_schemas(&mut self, tables: &str, settings: &[(&str, &str)]) {
        self.capture_by("mirror-source-schemas", tables, settings);
    }

    fn capture_by(&mut self, file: &str, tables: &str, settings: &[(&str, &str)]) {
        let text = std::fs::read_to_string(stack::root().join(format!("connect/{file}.json"))).unwrap();
        let mut config: Value = serde_json::from_str(&text).unwrap();
        let url = self.source_url();
        let port = url.rsplit_once(':').and_then(|(_, rest)| rest.split_once('/')).unwrap().0.to_owned();
        let database = format!("{}_src", self.name);
        let own = [
            ("database.hostname", "127.0.0.1"),
            ("database.port", &port),
            ("database.dbname", &database),
            ("database.user", "postgres"),
            ("database.password", "postgres"),
            ("slot.name", &self.name),
            ("topic.prefix", &self.name),
            ("table.include.list", tables),
            ("heartbeat.interval.ms", "0"),
            ("topic.creation.default.replication.factor", "1"),
            ("topic.creation.default.partitions", "2"),
        ];
        for (name, value) in own.iter().chain(settings) {
            config[*name] = Value::from(*value);
        }
        let config_map = config.as_object_mut().unwrap();
        let is_chosen = |name: &str| settings.iter().any(|(chosen, _)| *chosen == name);
        let needs_a_table = |name: &str| matches!(name, "heartbeat.action.query" | "signal.data.collection");
        config_map.retain(|name, value| (is_chosen(name) || !needs_a_table(name)) && value != "");
        self.source("create publication mirror for all tables with (publish_via_partition_root)");
        self.stack.connect_api().register(&self.name, &config).unwrap();
        self.connected = true;
        self.stack.connect_api().await_running(&self.name).unwrap();
    }

    /// Starts a process of the mirror.
    pub(crate) fn mirror(&mut self, settings: &[(&str, &str)]) -> usize {
        let port = stack::free_port().unwrap();
        let mut environment = self.environment();
        environment.push(("MIRROR_GROUP_ID".to_owned(), format!("mirror-{}", COUNTER.fetch_add(1, Ordering::Relaxed))));
        environment.push(("HTTP_LISTEN".to_owned(), format!("127.0.0.1:{port}")));
        environment.extend(settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        let launch = move || {
            let mut command = Command::new(Path::new(env!("CARGO_BIN_EXE_orderstream")));
            command.args(["mirror", "run"]).envs(environment.clone());
            command
        };
        let name = format!("mirror-{}", COUNTER.fetch_add(1, Ordering::Relaxed));
        let service = self.stack.service(&name, launch, move || stack::answers(&format!("http://127.0.0.1:{port}/livez")));
        service.start().unwrap();
        self.processes.push((service, port));
        self.processes.len() - 1
    }

    /// What a command of the mirror prints.
    #[track_caller]
    pub(crate) fn command(&self, arguments: &[&str]) -> String {
        self.command_with(arguments, &[])
    }

    /// What a command of the mirror prints with these settings.
    #[track_caller]
    pub(crate) fn command_with(&self, arguments: &[&str], settings: &[(&str, &str)]) -> String {
        let (succeeds, printed, complaint) = self.outcome_with(arguments, settings);
        assert!(succeeds, "{printed}{complaint}");
        printed
    }

    /// Whether a command of the mirror succeeds, what it prints, and what it says on standard error.
    pub(crate) fn outcome(&self, arguments: &[&str]) -> (bool, String, String) {
        self.outcome_with(arguments, &[])
    }

    fn outcome_with(&self, arguments: &[&str], settings: &[(&str, &str)]) -> (bool, String, String) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_orderstream"));
        command.arg("mirror").args(arguments).envs(self.environment()).envs(settings.iter().copied());
        let output = command.output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        (output.status.success(), text(output.stdout), text(output.stderr))
    }

    /// The exit code of a command of the mirror with these settings, and what it prints: its output, then its complaints.
    #[track_caller]
    pub(crate) fn ran(&self, settings: &[(&str, &str)], arguments: &[&str]) -> (Option<i32>, String) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_orderstream"));
        let output = command.arg("mirror").args(arguments).envs(self.environment()).envs(settings.iter().copied()).output().unwrap();
        (output.status.code(), format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr)))
    }

    fn environment(&self) -> Vec<(String, String)> {
        let pairs = [
            ("KAFKA_BOOTSTRAP_SERVERS", self.stack.bootstrap_servers()),
            ("MIRROR_TOPICS", format!("^{}\\.[^.]+\\.", self.name)),
            ("MIRROR_TARGET_URL", self.target_url()),
            ("MIRROR_SOURCE_URL", self.source_url()),
        ];
        pairs.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }

    pub(crate) fn process(&self, number: usize) -> &Service {
        &self.processes[number].0
    }

    /// What an endpoint answers.
    pub(crate) fn get(&self, number: usize, path: &str) -> String {
        let url = format!("http://127.0.0.1:{}{path}", self.processes[number].1);
        let request = ureq::get(&url).config().timeout_global(Some(Duration::from_secs(2))).http_status_as_error(false).build();
        request.call().and_then(|mut response| response.body_mut().read_to_string()).unwrap_or_default()
    }

    /// Waits until a query on the target prints `expected`.
    #[track_caller]
    pub(crate) fn await_target(&self, query: &str, expected: &str) {
        let look = || {
            let found = try_run(&self.target_url(), query).unwrap_or_else(|error| error);
            if found == expected { Attempt::Ready(()) } else { Attempt::NotYet(format!("it is {found}")) }
        };
        self.told(until(&format!("{query} = {expected}"), PATIENCE, look));
    }

    /// Waits until `condition` holds for what `look` finds.
    #[track_caller]
    pub(crate) fn await_that(&self, what: &str, look: impl Fn() -> Result<(), String>) {
        self.told(until(what, PATIENCE, || look().map_or_else(Attempt::NotYet, Attempt::Ready)));
    }

    #[track_caller]
    fn told(&self, outcome: Result<(), impl std::fmt::Display>) {
        if let Err(error) = outcome {
            let logs: Vec<String> = self.processes.iter().map(|(service, _)| service.log_tail(30)).collect();
            let state = self.stack.connect_api().state(&self.name).unwrap_or_default();
            panic!(
                "{error:#}\n{}\nthe connector is {state}; Connect says:\n{}",
                logs.join("\n"),
                complaints(&self.stack.connect().log_tail(20_000))
            );
        }
    }
}

impl Drop for World {
    fn drop(&mut self) {
        self.processes.iter().for_each(|(service, _)| service.kill());
        if self.connected {
            self.stack.connect_api().remove(&self.name).ok();
            // The connector leaves its slot a moment after it was removed. A slot that stays is one less for the tests to come.
            let slot = format!("from pg_replication_slots where slot_name = '{}'", self.name);
            until("the slot is gone", SLOT_PATIENCE, || {
                self.stack.psql(&format!("select pg_drop_replication_slot(slot_name) {slot} and not active")).ok();
                Attempt::when(self.stack.psql(&format!("select count(*) {slot}")).is_ok_and(|count| count.trim() == "0"))
            })
            .ok();
        }
    }
}

#[track_caller]
pub(crate) fn run(url: &str, statements: &str) -> String {
    try_run(url, statements).unwrap_or_else(|error| panic!("{error}"))
}

/// What psql prints.
fn try_run(url: &str, statements: &str) -> Result<String, String> {
    let mut psql = Command::new("psql")
        .args(["-XAtq", "-v", "ON_ERROR_STOP=1", "-f", "-", url])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    psql.stdin.take().unwrap().write_all(statements.as_bytes()).unwrap();
    let output = psql.wait_with_output().unwrap();
    if output.status.success() {
        Ok(String::from_utf8(output.stdout).unwrap().trim().to_owned())
    } else {
        Err(String::from_utf8_lossy(&output.stderr).into_owned())
    }
}

/// The lines of Connect's log that say what went wrong.
fn complaints(log: &str) -> String {
    let says = |line: &&str| ["ERROR", "Exception", "Caused by"].iter().any(|word| line.contains(word));
    log.lines().filter(says).collect::<Vec<_>>().join("\n")
}
