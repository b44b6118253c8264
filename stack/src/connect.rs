//! Kafka Connect with Debezium, and its REST interface.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};
use base64::prelude::{BASE64_STANDARD, Engine as _};
use serde_json::Value;

use crate::http::answers_to;
use crate::java::Java;
use crate::kafka::Kafka;
use crate::ports::Ports;
use crate::secure::Secure;
use crate::wait::{self, Attempt};
use crate::{jars, repository};

const HEAP_MB: u32 = 512;
const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) fn worker(java: &Java, properties: &Path, ports: &Ports, secure: Option<&Secure>) -> Command {
    let mut command = java.command(HEAP_MB, "org.apache.kafka.connect.cli.ConnectDistributed");
    if let Some(secure) = secure {
        command.env("JDK_JAVA_OPTIONS", format!("-Djava.security.auth.login.config={}", secure.file("connect.jaas").display()));
    }
    command.arg(properties);
    // The files of the connectors read these variables.
    command.env("SHOP_DB_HOST", "127.0.0.1").env("SHOP_DB_PORT", ports.postgres.to_string()).env("SHOP_DB_PASSWORD", "debezium");
    command
}

/// Writes the Connect worker's settings: those that docker compose shares, and those that only a local process needs.
pub(crate) fn write_properties(
    folder: &Path,
    folder_of_jars: &Path,
    kafka: &Kafka,
    ports: &Ports,
    secure: Option<&Secure>,
    jdbc_sink: bool,
) -> Result<PathBuf> {
    let common = repository::root().join("connect/connect-distributed.properties");
    let common = fs::read_to_string(&common).with_context(|| format!("{} cannot be read", common.display()))?;
    let (servers, connect) = (kafka.bootstrap_servers(), ports.connect);
    let folders = if jdbc_sink { &[jars::PLUGINS, jars::PEERS][..] } else { &[jars::PLUGINS] };
    let plugins: Vec<String> = folders.iter().map(|folder| folder_of_jars.join(folder).display().to_string()).collect();
    // Of the same setting twice, the later one counts.
    let replication: String =
        ["config", "offset", "status"].map(|topic| format!("{topic}.storage.replication.factor={}\n", kafka.replication())).concat();
    let own = format!(
        "\n{replication}bootstrap.servers={servers}\n\
         listeners=http://127.0.0.1:{connect}\n\
         rest.advertised.host.name=127.0.0.1\n\
         plugin.path={}\n\
         plugin.discovery=service_load\n",
        plugins.join(",")
    );
    let path = folder.join("connect.properties");
    let login = secure.map(Secure::connect_worker).unwrap_or_default();
    fs::write(&path, common + &own + &login).with_context(|| format!("{} cannot be written", path.display()))?;
    Ok(path)
}

/// Kafka Connect's REST interface.
#[derive(Clone, Debug)]
pub struct Connect {
    url: String,
    /// The header that proves who asks; empty where nobody is asked.
    authorization: String,
}

impl Connect {
    pub(crate) fn at(port: u16) -> Self {
        Self { url: format!("http://127.0.0.1:{port}"), authorization: String::new() }
    }

    /// The same interface for this user.
    pub(crate) fn with_login(self, user: &str, password: &str) -> Self {
        Self { authorization: format!("Basic {}", BASE64_STANDARD.encode(format!("{user}:{password}"))), ..self }
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Fails unless the Connect worker is a member of its group and has read its topics.
    pub(crate) fn healthy(&self) -> Result<()> {
        answers_to(&format!("{}/health", self.url), &self.authorization)
    }

    /// Makes the connector `name`, or gives it other settings, and waits until it runs.
    ///
    /// # Errors
    /// When Connect refuses the settings, or the connector fails or does not run in time.
    pub fn register(&self, name: &str, config: &Value) -> Result<()> {
        wait::until(&format!("Connect accepts the connector {name}"), PATIENCE, || match self.put(name, config) {
            // Connect answers 409 while the worker's group settles.
            Ok((409, answer)) => Attempt::NotYet(answer),
            Ok((200 | 201, _)) => Attempt::Ready(()),
            Ok((status, answer)) => Attempt::Hopeless(anyhow!("Connect refuses the connector {name} with {status}: {answer}")),
            Err(error) => Attempt::NotYet(format!("{error:#}")),
        })?;
        self.await_running(name)
    }

    /// Waits until the connector and its task run.
    ///
    /// # Errors
    /// When the connector or its task fails, with the trace, or does not run in time.
    pub fn await_running(&self, name: &str) -> Result<()> {
        wait::until(&format!("the connector {name} runs"), PATIENCE, || match self.status(name) {
            Ok(status) if status.has_failed() => Attempt::Hopeless(anyhow!("the connector {name} failed: {}", status.0)),
            Ok(status) if status.state() == "RUNNING" => Attempt::Ready(()),
            Ok(status) => Attempt::NotYet(format!("it is {}", status.state())),
            Err(error) => Attempt::NotYet(format!("{error:#}")),
        })
    }

    /// The state of the connector's task, because the task is what moves events: `RUNNING`, `PAUSED`, `FAILED`, `UNASSIGNED` and so on.
    ///
    /// # Errors
    /// When Connect does not answer or does not know the connector.
    pub fn state(&self, name: &str) -> Result<String> {
        Ok(self.status(name)?.state().to_owned())
    }

    /// Starts again the parts of the connector that have failed.
    ///
    /// # Errors
    /// When Connect does not answer or refuses.
    pub fn restart_failed(&self, name: &str) -> Result<()> {
        let url = format!("{}/connectors/{name}/restart?includeTasks=true&onlyFailed=true", self.url);
        ureq::post(&url)
            .header("Authorization", &self.authorization)
            .config()
            .timeout_global(Some(Duration::from_secs(10)))
            .build()
            .send_empty()?;
        Ok(())
    }

    /// Removes the connector `name`; its slot and its topics stay.
    ///
    /// # Errors
    /// When Connect does not accept the removal in time.
    pub fn remove(&self, name: &str) -> Result<()> {
        let url = format!("{}/connectors/{name}", self.url);
        // Connect answers 409 while the worker's group settles.
        wait::until(&format!("Connect removes the connector {name}"), PATIENCE, || {
            let deleted = ureq::delete(&url)
                .header("Authorization", &self.authorization)
                .config()
                .timeout_global(Some(Duration::from_secs(10)))
                .build()
                .call();
            Attempt::from(deleted.map(drop).map_err(Into::into))
        })
    }

    /// Waits until the connector has stored an offset of its source after its first snapshot. A connector that is killed earlier begins
    /// with another snapshot, and no event tells of what was deleted between the two snapshots.
    ///
    /// # Errors
    /// When the connector does not store an offset in time.
    pub fn await_stored_offset(&self, name: &str) -> Result<()> {
        wait::until(&format!("the connector {name} has stored its offset"), PATIENCE, || {
            Attempt::from(self.get(&format!("connectors/{name}/offsets")).and_then(|answer| {
                // Debezium stores this field from its first change on.
                if answer["offsets"][0]["offset"]["lsn_proc"].is_number() { Ok(()) } else { Err(anyhow!("stored is {answer}")) }
            }))
        })
    }

    fn status(&self, name: &str) -> Result<Status> {
        self.get(&format!("connectors/{name}/status")).map(Status)
    }

    fn get(&self, path: &str) -> Result<Value> {
        let url = format!("{}/{path}", self.url);
        let mut response = ureq::get(&url)
            .header("Authorization", &self.authorization)
            .config()
            .timeout_global(Some(Duration::from_secs(5)))
            .build()
            .call()?;
        Ok(response.body_mut().read_json()?)
    }

    fn put(&self, name: &str, config: &Value) -> Result<(u16, String)> {
        let url = format!("{}/connectors/{name}/config", self.url);
        let patient = ureq::put(&url)
            .header("Authorization", &self.authorization)
            .config()
            .timeout_global(Some(Duration::from_secs(30)))
            .http_status_as_error(false)
            .build();
        let mut response = patient.send_json(config)?;
        Ok((response.status().as_u16(), response.body_mut().read_to_string()?))
    }
}

/// Reads a connector's settings from a file of the repository. Where Postgres has TLS the connector knows the server by `authority`.
pub(crate) fn config(file: &str, authority: Option<&Path>) -> Result<Value> {
    let path = repository::root().join(file);
    let text = fs::read_to_string(&path).with_context(|| format!("{} cannot be read", path.display()))?;
    let mut config: Value = serde_json::from_str(&text).with_context(|| format!("{} is not JSON", path.display()))?;
    if !config.is_object() {
        bail!("{} is not a JSON object", path.display());
    }
    if let Some(authority) = authority {
        config["database.sslmode"] = "verify-full".into();
        config["database.sslrootcert"] = authority.display().to_string().into();
    }
    Ok(config)
}

/// The answer of `/connectors/<name>/status`.
struct Status(Value);

impl Status {
    fn state(&self) -> &str {
        let connector = self.0["connector"]["state"].as_str().unwrap_or("UNKNOWN");
        match self.0["tasks"][0]["state"].as_str() {
            Some(task) => task,
            // For a moment a new connector runs and has no task yet.
            None if connector == "RUNNING" => "UNASSIGNED",
            None => connector,
        }
    }

    fn has_failed(&self) -> bool {
        self.state() == "FAILED"
    }
}
