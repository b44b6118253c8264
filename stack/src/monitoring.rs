//! Prometheus and Alertmanager beside a stack, with the files of the folder `deploy`, and the agent by which Kafka and Connect tell how they
//! are.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::ports::ensure_unused;
use crate::{Service, Stack, answers, free_port, jars, repository};

/// Where Prometheus listens, and those that only Prometheus asks.
#[derive(Clone, Copy, Debug)]
pub struct MonitoringPorts {
    /// Prometheus.
    pub prometheus: u16,
    /// Alertmanager.
    pub alertmanager: u16,
    /// The agent in Kafka.
    pub kafka: u16,
    /// The agent in Kafka Connect.
    pub connect: u16,
}

impl MonitoringPorts {
    /// The ports of `make up MONITORING=1` and docker compose. Alertmanager's own port is that of Kafka's controller.
    pub fn fixed() -> Self {
        Self { prometheus: 9090, alertmanager: 9094, kafka: 9404, connect: 9405 }
    }

    /// Ports on which nobody listens.
    ///
    /// # Errors
    /// When there are none.
    pub fn free() -> Result<Self> {
        Ok(Self { prometheus: free_port()?, alertmanager: free_port()?, kafka: free_port()?, connect: free_port()? })
    }

    /// Fails with the name of the service whose port is taken.
    pub(crate) fn ensure_unused(self) -> Result<()> {
        ensure_unused("Prometheus", self.prometheus)?;
        ensure_unused("Alertmanager", self.alertmanager)?;
        ensure_unused("the agent in Kafka", self.kafka)?;
        ensure_unused("the agent in Kafka Connect", self.connect)
    }
}

/// The option of Java that loads the agent: what the agent tells stands in `deploy/jmx/<name>.yml`.
pub(crate) fn agent(folder_of_jars: &Path, name: &str, port: u16) -> Result<String> {
    let folder = folder_of_jars.join(jars::AGENT);
    let jars = fs::read_dir(&folder).with_context(|| format!("{} cannot be read", folder.display()))?;
    let paths = jars.filter_map(|entry| Some(entry.ok()?.path()));
    let jar = paths.filter(|path| path.extension().is_some_and(|end| end == "jar")).max().context("the agent's jar is missing")?;
    let told = repository::root().join("deploy/jmx").join(name).with_extension("yml");
    Ok(format!("-javaagent:{}=127.0.0.1:{port}:{}", jar.display(), told.display()))
}

/// The same command of Java with the option.
pub(crate) fn with_agent(mut command: Command, option: Option<&str>) -> Command {
    command.envs(option.map(|option| ("JAVA_TOOL_OPTIONS", option)));
    command
}

/// Prometheus and Alertmanager, which end with the stack at the latest.
#[derive(Debug)]
pub struct Monitoring {
    ports: MonitoringPorts,
    folder: PathBuf,
    alertmanager: Service,
    prometheus: Service,
}

impl Monitoring {
    /// Writes their files into a folder of the stack, where a test may change them before the start. `orderstream` names where the
    /// processes listen.
    ///
    /// # Errors
    /// When a file of the folder `deploy` cannot be copied.
    pub fn prepare(stack: &Stack, ports: MonitoringPorts, orderstream: &[SocketAddr]) -> Result<Self> {
        let folder = stack.folder().join("monitoring");
        fs::create_dir_all(folder.join("rules"))?;
        fs::create_dir_all(folder.join("targets"))?;
        let deploy = repository::root().join("deploy");
        copy(&deploy.join("prometheus/prometheus.yml"), &folder.join("prometheus.yml"))?;
        copy(&deploy.join("alertmanager/demo.yml"), &folder.join("alertmanager.yml"))?;
        for rules in fs::read_dir(deploy.join("prometheus/rules"))? {
            let rules = rules?;
            copy(&rules.path(), &folder.join("rules").join(rules.file_name()))?;
        }
        let local = |port: u16| SocketAddr::from(([127, 0, 0, 1], port));
        for (name, targets) in [
            ("orderstream", orderstream.to_vec()),
            ("kafka", vec![local(ports.kafka)]),
            ("connect", vec![local(ports.connect)]),
            ("alertmanager", vec![local(ports.alertmanager)]),
            ("postgres-host", Vec::new()),
        ] {
            set_targets(&folder, name, &targets)?;
        }
        let own = folder.clone();
        let alertmanager = stack.service("alertmanager", move || alertmanager(&own, ports), ready(ports.alertmanager));
        let own = folder.clone();
        let prometheus = stack.service("prometheus", move || prometheus(&own, ports), ready(ports.prometheus));
        Ok(Self { ports, folder, alertmanager, prometheus })
    }

    /// Starts both and waits until they are ready.
    ///
    /// # Errors
    /// When one of them is not installed, refuses its files, or is not ready in time.
    pub fn start(&self) -> Result<()> {
        self.alertmanager.start()?;
        self.prometheus.start()
    }

    /// Alertmanager and Prometheus.
    pub fn services(&self) -> [&Service; 2] {
        [&self.alertmanager, &self.prometheus]
    }

    /// The folder with their files.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The URL of Prometheus.
    pub fn prometheus_url(&self) -> String {
        format!("http://127.0.0.1:{}", self.ports.prometheus)
    }

    /// Has Prometheus read its rules again.
    ///
    /// # Errors
    /// When Prometheus does not run.
    pub fn reload(&self) -> Result<()> {
        let pid = self.prometheus.pid().context("Prometheus does not run")?;
        Ok(kill(Pid::from_raw(i32::try_from(pid)?), Signal::SIGHUP)?)
    }

    /// Sets where the targets of a job listen. Prometheus takes the change up by itself.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn set_targets(&self, job: &str, targets: &[SocketAddr]) -> Result<()> {
        set_targets(&self.folder, job, targets)
    }
}

/// Writes the targets beside their place and moves them there, because Prometheus reads the file as soon as it changes.
fn set_targets(folder: &Path, job: &str, targets: &[SocketAddr]) -> Result<()> {
    let quoted: Vec<String> = targets.iter().map(|target| format!("\"{target}\"")).collect();
    let file = folder.join("targets").join(job).with_extension("yml");
    let new = file.with_extension("new");
    fs::write(&new, format!("- targets: [{}]\n", quoted.join(", ")))?;
    fs::rename(&new, &file).with_context(|| format!("{} cannot be written", file.display()))
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::copy(from, to).map(drop).with_context(|| format!("{} cannot be copied", from.display()))
}

fn ready(port: u16) -> impl Fn() -> Result<()> + Send + Sync + 'static {
    move || answers(&format!("http://127.0.0.1:{port}/-/ready"))
}

fn prometheus(folder: &Path, ports: MonitoringPorts) -> Command {
    let mut command = Command::new("prometheus");
    command.arg(format!("--config.file={}", folder.join("prometheus.yml").display()));
    command.arg(format!("--storage.tsdb.path={}", folder.join("series").display()));
    command.arg(format!("--web.listen-address=127.0.0.1:{}", ports.prometheus));
    command
}

fn alertmanager(folder: &Path, ports: MonitoringPorts) -> Command {
    let mut command = Command::new("prometheus-alertmanager");
    command.arg(format!("--config.file={}", folder.join("alertmanager.yml").display()));
    command.arg(format!("--storage.path={}", folder.join("alerts").display()));
    command.arg(format!("--web.listen-address=127.0.0.1:{}", ports.alertmanager));
    // One Alertmanager has no others to gossip with.
    command.arg("--cluster.listen-address=");
    command
}
