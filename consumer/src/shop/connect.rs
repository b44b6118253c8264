//! Asks Kafka Connect by its REST interface how the connector and its tasks are. Every question has a deadline and a longest answer (P10).

use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;
use service::settings::ExposeSecret;
use service::tasks;
use ureq::Agent;
use ureq::tls::{Certificate, PemItem, RootCerts, TlsConfig, parse_pem};

use crate::config;
use crate::health::{ConnectorReading, RunState, TaskReading};

/// Connect answers within milliseconds, but not while its workers agree on who gets what.
const DEADLINE: Duration = Duration::from_secs(2);

/// The longest answer that is read: a failed task's answer has its stack trace.
const LONGEST: u64 = 1 << 20;

/// How many of the exceptions of a failed task are named: the first, and the causes below it.
const MOST_CAUSES: usize = 3;

/// The client of Kafka Connect.
#[derive(Debug, Clone)]
pub struct Connect {
    agent: Agent,
    /// The URL of the connector.
    url: Arc<str>,
    login: Option<Arc<str>>,
}

/// What Connect says to a request for a restart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Restart {
    /// It has taken the request.
    Taken,
    /// Its workers agree on who gets what; it is to be asked again.
    Rebalancing,
    /// It did not take the request, for this reason.
    Refused(&'static str),
}

/// The settings of the client are wrong.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// The file of `connect.ssl_ca_location` cannot be read, or holds no certificate.
    #[error("connect.ssl_ca_location: {0}")]
    Certificates(String),
}

#[derive(Deserialize)]
struct Status {
    connector: Worker,
    tasks: Vec<Task>,
}

#[derive(Deserialize)]
struct Worker {
    state: String,
}

#[derive(Deserialize)]
struct Task {
    id: i64,
    state: String,
    trace: Option<String>,
}

impl Connect {
    /// Prepares the client. Nothing is connected yet.
    ///
    /// # Errors
    /// [`ConnectError`]
    pub fn new(settings: &config::Connect) -> Result<Self, ConnectError> {
        let config = Agent::config_builder().timeout_global(Some(DEADLINE)).http_status_as_error(false).max_redirects(0).proxy(None);
        let config = if settings.url.starts_with("https:") {
            config.tls_config(TlsConfig::builder().root_certs(roots(settings.ca.as_deref())?).build())
        } else {
            config
        };
        let url = format!("{}/connectors/{}", settings.url.trim_end_matches('/'), settings.connector).into();
        let password = settings.password.as_ref().map_or("", ExposeSecret::expose_secret);
        let login = settings.user.as_ref().map(|user| basic(user, password).into());
        Ok(Self { agent: config.build().into(), url, login })
    }

    /// Asks how the connector is.
    pub async fn ask(&self) -> ConnectorReading {
        let asked = self.clone();
        tasks::blocking(move || asked.answer()).await
    }

    /// Asks for a restart of the connector's tasks that have failed. That Connect has taken the request says nothing of what comes of it.
    pub async fn restart_failed(&self) -> Restart {
        let asked = self.clone();
        tasks::blocking(move || asked.restart()).await
    }

    fn restart(&self) -> Restart {
        let request = self.agent.post(format!("{}/restart?includeTasks=true&onlyFailed=true", self.url));
        let request = match &self.login {
            Some(login) => request.header("authorization", &**login),
            None => request,
        };
        match request.send_empty() {
            Ok(response) => match response.status().as_u16() {
                200..=299 => Restart::Taken,
                401 | 403 => Restart::Refused("login refused"),
                404 => Restart::Refused("no such connector"),
                409 => Restart::Rebalancing,
                _ => Restart::Refused("not as Kafka Connect answers"),
            },
            Err(error) => Restart::Refused(class(&error)),
        }
    }

    fn answer(&self) -> ConnectorReading {
        let request = self.agent.get(format!("{}/status", self.url));
        let request = match &self.login {
            Some(login) => request.header("authorization", &**login),
            None => request,
        };
        let mut response = match request.call() {
            Ok(response) => response,
            Err(error) => return ConnectorReading::Away(class(&error)),
        };
        match response.status().as_u16() {
            200 => {}
            401 | 403 => return ConnectorReading::Away("login refused"),
            404 => return ConnectorReading::Absent,
            // Connect answers so while its workers agree on who gets what.
            409 | 500..=599 => return ConnectorReading::Away("busy"),
            _ => return ConnectorReading::Away("not Kafka Connect"),
        }
        match response.body_mut().with_config().limit(LONGEST).read_to_string() {
            Ok(body) => parse(&body),
            Err(error) => ConnectorReading::Away(class(&error)),
        }
    }
}

/// The class of an error. The words of an error may hold what stands in a URL.
fn class(error: &ureq::Error) -> &'static str {
    match error {
        ureq::Error::Timeout(_) => "timeout",
        ureq::Error::Tls(_) | ureq::Error::Rustls(_) => "tls",
        ureq::Error::HostNotFound => "host not found",
        _ => "connection",
    }
}

fn parse(body: &str) -> ConnectorReading {
    let Ok(Status { connector, tasks }) = serde_json::from_str(body) else { return ConnectorReading::Away("not Kafka Connect") };
    // A state that this program does not know is one in which nobody is at work.
    let state = |name: &str| RunState::of(name).unwrap_or(RunState::Unassigned);
    let task = |task: &Task| TaskReading { id: task.id, state: state(&task.state), error: task.trace.as_deref().and_then(exceptions) };
    ConnectorReading::Known { state: state(&connector.state), tasks: tasks.iter().map(task).collect() }
}

/// The classes of the exceptions in a stack trace, without their packages: their words may quote a row (P11).
fn exceptions(trace: &str) -> Option<String> {
    let heads = trace.lines().enumerate().filter_map(|(number, line)| match number {
        0 => Some(line),
        _ => line.strip_prefix("Caused by: "),
    });
    let class = |line: &str| {
        let name: String = line.chars().take_while(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '$')).collect();
        name.rsplit('.').next().map(str::to_owned).filter(|name| !name.is_empty())
    };
    let classes: Vec<String> = heads.filter_map(class).take(MOST_CAUSES).collect();
    (!classes.is_empty()).then(|| classes.join(", caused by "))
}

/// The value of the header `Authorization`.
fn basic(user: &str, password: &str) -> String {
    use base64::Engine;
    format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(format!("{user}:{password}")))
}

fn roots(ca: Option<&str>) -> Result<RootCerts, ConnectError> {
    let wrong = |what: String| ConnectError::Certificates(what);
    let certificates: Vec<Certificate<'static>> = match ca {
        Some(path) => {
            let pem = std::fs::read(path).map_err(|error| wrong(format!("{path} cannot be read: {error}")))?;
            parse_pem(&pem).filter_map(|item| if let Ok(PemItem::Certificate(found)) = item { Some(found) } else { None }).collect()
        }
        None => rustls_native_certs::load_native_certs().certs.iter().map(|found| Certificate::from_der(found).to_owned()).collect(),
    };
    if certificates.is_empty() {
        return Err(wrong(format!("{} holds no certificate", ca.unwrap_or("the system"))));
    }
    Ok(RootCerts::new_with_certs(&certificates))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_task_is_named_with_the_classes_of_its_exceptions_and_none_of_their_words() {
        let body = r#"{"name":"shop","connector":{"state":"RUNNING","worker_id":"w"},"type":"source","tasks":[
            {"id":0,"state":"FAILED","worker_id":"w","trace":"org.apache.kafka.connect.errors.ConnectException: bob@example.com\n\tat a.B.c(D.java:1)\nCaused by: org.postgresql.util.PSQLException: ERROR: row 7\n\t... 5 more"}]}"#;
        let task = TaskReading { id: 0, state: RunState::Failed, error: Some("ConnectException, caused by PSQLException".into()) };
        assert_eq!(parse(body), ConnectorReading::Known { state: RunState::Running, tasks: vec![task] });
    }

    #[test]
    fn another_program_at_the_address_is_told_apart() {
        assert_eq!(parse("<html>"), ConnectorReading::Away("not Kafka Connect"));
    }

    #[test]
    fn a_login_is_written_as_http_wants_it() {
        assert_eq!(basic("Aladdin", "open sesame"), "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
    }

    #[test]
    fn nobody_there_is_an_answer_too() {
        let settings =
            config::Connect { url: "http://127.0.0.1:1/".into(), connector: "shop".into(), user: None, password: None, ca: None };
        let connect = Connect::new(&settings).unwrap();
        assert_eq!(connect.answer(), ConnectorReading::Away("connection"));
        assert_eq!(connect.restart(), Restart::Refused("connection"));
    }
}
