//! A stack with an orderstream process, the real Prometheus and the real Alertmanager, whose minutes are seconds.

use std::fs;
use std::net::SocketAddr;
use std::process::Command;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde_json::Value;
use stack::wait::{Attempt, until};
use stack::{Monitoring, MonitoringPorts, Service, Stack, answers, free_port};

use crate::receiver::Receiver;

/// How long an alert may take, on a machine that is busy with other things.
pub const PATIENCE: Duration = Duration::from_secs(120);

type Settings = Arc<Mutex<Vec<(String, String)>>>;

/// Everything that runs.
pub struct World {
    /// What was told by Alertmanager.
    pub receiver: Receiver,
    /// Prometheus and Alertmanager.
    pub monitoring: Monitoring,
    /// The orderstream process.
    pub process: Service,
    port: u16,
    settings: Settings,
    /// The services, dropped last.
    pub stack: Stack,
}

impl World {
    /// Starts everything, with the rules of `deploy` in which a minute is a second.
    pub fn start() -> Self {
        let ports = MonitoringPorts::free().unwrap();
        let stack = Stack::temporary().unwrap().watched(ports).start().unwrap();
        let port = free_port().unwrap();
        let settings = Settings::default();
        let process = process(&stack, port, Arc::clone(&settings));
        let monitoring = Monitoring::prepare(&stack, ports, &[SocketAddr::from(([127, 0, 0, 1], port))]).unwrap();
        let receiver = Receiver::start();
        hasten(&monitoring, &receiver);
        process.start().unwrap();
        monitoring.start().unwrap();
        Self { receiver, monitoring, process, port, settings, stack }
    }

    /// Starts the process again with these settings beside its own.
    pub fn restart_with(&self, settings: &[(&str, &str)]) {
        let own = settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        *self.settings.lock().unwrap_or_else(PoisonError::into_inner) = own;
        self.process.stop().unwrap();
        self.process.launch().unwrap();
    }

    /// The name of the process in Prometheus.
    pub fn instance(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// Runs SQL as the superuser, again where Postgres breaks off a deadlock with a statement of orderstream.
    pub fn sql(&self, statement: &str) {
        let broken_off = |error: anyhow::Error| {
            let message = format!("{error:#}");
            assert!(message.contains("deadlock detected"), "{statement}: {message}");
            message
        };
        let run = || self.stack.psql(statement).map(drop).map_err(broken_off);
        self.await_that("Postgres runs the statement", run);
    }

    /// Inserts orders with this quantity. orderstream takes no negative one.
    pub fn orders(&self, count: u32, quantity: &str) {
        self.sql(&format!(
            "insert into orders (customer_id, product_id, quantity, price)
             select 'CUST00' || 1 + i % 5, 'PROD1', {quantity}, 1 from generate_series(1, {count}) as i"
        ));
    }

    /// Asks Connect to do something with the connector.
    pub fn connector(&self, what: &str) {
        let url = format!("{}/connectors/shop/{what}", self.stack.connect_url());
        // Connect answers 409 while its group settles.
        self.await_that("Connect does it", || {
            let asked = if what.starts_with("restart") { ureq::post(&url).send_empty() } else { ureq::put(&url).send_empty() };
            asked.map(drop).map_err(|error| error.to_string())
        });
    }

    /// Changes a file of Prometheus by putting one text for another, and has Prometheus read the file.
    pub fn change_rules(&self, file: &str, from: &str, to: &str) {
        let path = self.monitoring.folder().join("rules").join(file);
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.contains(from), "{file} has {from}");
        fs::write(&path, text.replace(from, to)).unwrap();
        self.monitoring.reload().unwrap();
    }

    /// What Prometheus answers to a query about the last `seconds`: the values of all series that are numbers.
    pub fn answers(&self, query: &str, seconds: u64) -> Vec<f64> {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
        let url = format!("{}/api/v1/query_range", self.monitoring.prometheus_url());
        let (start, end) = ((now - seconds).to_string(), now.to_string());
        let asked = ureq::get(&url).query("query", query).query("start", &start).query("end", &end).query("step", "1");
        let mut response = asked.config().http_status_as_error(false).build().call().unwrap();
        let answer: Value = response.body_mut().read_json().unwrap();
        let series = answer["data"]["result"].as_array().unwrap_or_else(|| panic!("{query}: {answer}"));
        let points = series.iter().flat_map(|series| series["values"].as_array().unwrap());
        points.map(|point| point[1].as_str().unwrap().parse().unwrap()).filter(|value: &f64| !value.is_nan()).collect()
    }

    /// Waits until a condition holds, and does something at each look.
    #[track_caller]
    pub fn await_that(&self, what: &str, mut look: impl FnMut() -> Result<(), String>) {
        until(what, PATIENCE, || look().map_or_else(Attempt::NotYet, Attempt::Ready)).unwrap();
    }
}

fn process(stack: &Stack, port: u16, settings: Settings) -> Service {
    let own = [
        ("KAFKA_BOOTSTRAP_SERVERS", stack.bootstrap_servers()),
        ("DATABASE_URL", stack.orderstream_database_url()),
        ("REDIS_URL", stack.redis_url()),
        ("HTTP_LISTEN", format!("127.0.0.1:{port}")),
        ("CONNECT_URL", stack.connect_url()),
        ("SOURCE_URL", stack.database_url()),
        ("RECONCILE_EVERY", "1".to_owned()),
    ];
    let launch = move || {
        let mut command = Command::new(env!("CARGO_BIN_EXE_orderstream"));
        command.envs(own.clone()).envs(settings.lock().unwrap_or_else(PoisonError::into_inner).clone());
        command
    };
    stack.service("orderstream", launch, move || answers(&format!("http://127.0.0.1:{port}/readyz")))
}

/// Makes seconds of the minutes in the rules, looks twice a second, and lets Alertmanager tell the receiver at once. The routes and the
/// texts are those of the example.
fn hasten(monitoring: &Monitoring, receiver: &Receiver) {
    let folder = monitoring.folder();
    let edit = |file: &str, change: &dyn Fn(String) -> String| {
        let path = folder.join(file);
        fs::write(&path, change(fs::read_to_string(&path).unwrap())).unwrap();
    };
    for rules in fs::read_dir(folder.join("rules")).unwrap() {
        let name = format!("rules/{}", rules.unwrap().file_name().to_string_lossy());
        // A heartbeat comes every five seconds.
        edit(&name, &|text| seconds_for_minutes(&text).replace("heartbeat_age_seconds) > 60", "heartbeat_age_seconds) > 15"));
    }
    edit("prometheus.yml", &|text| text.replace("interval: 15s", "interval: 500ms"));
    let (url, example) = (folder.join("slack_url"), stack::root().join("deploy/alertmanager/alertmanager.yml"));
    fs::write(&url, receiver.url()).unwrap();
    edit("alertmanager.yml", &|_| {
        let example = fs::read_to_string(&example).unwrap();
        let hastened = example.replace("group_wait: 30s", "group_wait: 200ms").replace("group_interval: 5m", "group_interval: 500ms");
        hastened.replace("/run/secrets/slack_url", &url.display().to_string())
    });
}

/// The text with `5s` in the place of `5m`.
fn seconds_for_minutes(text: &str) -> String {
    let is_of_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let words = text.split_inclusive(|c: char| !is_of_word(c));
    let hastened = words.map(|word| {
        let (body, end) = word.split_at(word.trim_end_matches(|c: char| !is_of_word(c)).len());
        match body.strip_suffix('m') {
            Some(minutes) if minutes.parse::<u32>().is_ok() => format!("{minutes}s{end}"),
            _ => word.to_owned(),
        }
    });
    hastened.collect()
}

#[test]
fn a_minute_becomes_a_second_and_no_other_word_changes() {
    let text = "record: x:rate1m\nexpr: rate(a_total[10m]) > 300e6 and b[15m:1m]\nfor: 5m\n";
    assert_eq!(seconds_for_minutes(text), "record: x:rate1m\nexpr: rate(a_total[10s]) > 300e6 and b[15s:1s]\nfor: 5s\n");
}
