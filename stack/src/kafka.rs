//! A broker of a stack's Kafka, which is a controller too. The only broker of a stack is its own controller.

mod settings;

use std::fs;
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use rdkafka::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::metadata::MetadataTopic;

use crate::java::Java;
use crate::ports::Ports;
use crate::secure::client_config;

const HEAP_MB: u32 = 512;
/// The id of the cluster, unless another one takes its place.
const CLUSTER: &str = "MkU3OEVBNTcwNTJENDM2Qk";
const PATIENCE: Duration = Duration::from_secs(2);

#[derive(Clone, Debug)]
pub(crate) struct Kafka {
    java: Java,
    data: PathBuf,
    /// The place of this broker among the members.
    place: usize,
    /// All brokers of the cluster.
    members: Vec<Member>,
    further: Vec<Listener>,
    logins: Logins,
}

/// The ports of a broker.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Member {
    /// For clients.
    pub(crate) port: u16,
    /// For the controllers among each other.
    pub(crate) controller: u16,
}

impl Member {
    fn address(self) -> String {
        format!("127.0.0.1:{}", self.port)
    }
}

/// A further address for clients.
#[derive(Clone, Debug)]
pub(crate) struct Listener {
    /// The name in Kafka's settings, in capital letters.
    pub(crate) name: String,
    /// How its clients speak: `PLAINTEXT`, `SSL` or `SASL_SSL`.
    pub(crate) protocol: &'static str,
    /// Where it listens, as `host:port`.
    pub(crate) at: String,
    /// Where Kafka tells its clients to go on, as `host:port`.
    pub(crate) advertised: String,
}

impl Listener {
    /// A plain listener whose clients are told to go on behind the proxy at another port.
    pub(crate) fn behind_a_proxy(number: usize, port: u16, advertised: u16) -> Self {
        let at = |port| format!("127.0.0.1:{port}");
        Self { name: format!("PROXY{number}"), protocol: "PLAINTEXT", at: at(port), advertised: at(advertised) }
    }
}

/// How clients prove who they are, and what each may do.
#[derive(Clone, Debug)]
pub(crate) struct Logins {
    /// How clients speak at the first port: `PLAINTEXT` or `SASL_SSL`.
    pub(crate) clients: &'static str,
    /// How the broker speaks with its controller: `PLAINTEXT` or `SSL`.
    pub(crate) controller: &'static str,
    /// Further lines of the broker's settings.
    pub(crate) settings: String,
    /// Users with a password that Kafka itself keeps, as `kafka-storage.sh format --add-scram` takes them.
    pub(crate) scram: Vec<String>,
    /// What the stack's own client has to know beside the address.
    pub(crate) client: Vec<(String, String)>,
    /// The file in which Kafka's own programs find the same.
    pub(crate) tool: Option<PathBuf>,
}

impl Default for Logins {
    fn default() -> Self {
        let (settings, scram, client) = (String::new(), Vec::new(), Vec::new());
        Self { clients: "PLAINTEXT", controller: "PLAINTEXT", settings, scram, client, tool: None }
    }
}

/// The module by which a broker and its clients log in with SCRAM.
pub(crate) const SCRAM: &str = "org.apache.kafka.common.security.scram.ScramLoginModule required";

/// The password of a user at a Kafka with logins.
pub fn password(user: &str) -> String {
    format!("{user}-secret")
}

/// The broker's lines for TLS, with the files of `folder`, and for rights. The common name of a client's certificate is its user.
pub(crate) fn tls_and_rights(folder: &Path) -> String {
    let folder = folder.display();
    format!(
        "\
ssl.keystore.type=PEM
ssl.keystore.location={folder}/server.store.pem
ssl.truststore.type=PEM
ssl.truststore.location={folder}/ca.pem
ssl.principal.mapping.rules=RULE:^CN=([^,]+).*$/$1/
authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
"
    )
}

impl Kafka {
    /// The only broker of a stack.
    pub(crate) fn new(java: Java, folder: &Path, ports: &Ports, further: Vec<Listener>) -> Self {
        let only = Member { port: ports.kafka, controller: ports.controller };
        Self { java, data: folder.join("kafka"), place: 0, members: vec![only], further, logins: Logins::default() }
    }

    /// The broker at that place among the members.
    pub(crate) fn member(java: Java, folder: &Path, place: usize, members: Vec<Member>, further: Vec<Listener>) -> Self {
        let data = folder.join(format!("kafka-{}", place + 1));
        Self { java, data, place, members, further, logins: Logins::default() }
    }

    /// The same Kafka with logins.
    pub(crate) fn with_logins(self, logins: Logins) -> Self {
        Self { logins, ..self }
    }

    /// Makes an empty log folder, unless there is one. The folder is made beside its place and moved there when it is complete.
    pub(crate) fn create(&self) -> Result<()> {
        self.create_as(CLUSTER)
    }

    /// Makes the log folder of a cluster with this id, unless there is one.
    pub(crate) fn create_as(&self, cluster: &str) -> Result<()> {
        fs::write(self.properties(), self.settings(&self.data))?;
        if self.data.exists() {
            return Ok(());
        }
        let new = self.data.with_extension("new");
        if new.exists() {
            fs::remove_dir_all(&new).with_context(|| format!("{} cannot be removed", new.display()))?;
        }
        let properties = self.data.with_extension("format.properties");
        fs::write(&properties, self.settings(&new))?;
        let mut format = self.java.for_a_moment().command(128, "kafka.tools.StorageTool");
        format.args(["format", "-t", cluster, "-c"]).arg(&properties);
        format.args(self.logins.scram.iter().flat_map(|user| ["--add-scram", user]));
        let output = format.output().context("Kafka's storage tool cannot be run")?;
        if !output.status.success() {
            bail!("Kafka's storage cannot be formatted:\n{}{}", text(&output.stdout), text(&output.stderr));
        }
        fs::remove_file(&properties)?;
        fs::rename(&new, &self.data).with_context(|| format!("{} cannot be put in place", self.data.display()))
    }

    pub(crate) fn server(&self) -> Command {
        let mut command = self.java.command(HEAP_MB, "kafka.Kafka");
        command.arg(self.properties());
        command
    }

    /// Runs one of Kafka's own programs, with the brokers' addresses before the arguments, and returns what it prints.
    pub(crate) fn tool(&self, class: &str, arguments: &[&str]) -> Result<String> {
        let mut command = self.program(class);
        command.args(["--bootstrap-server", &self.bootstrap_servers()]);
        if let Some(file) = &self.logins.tool {
            command.arg("--command-config").arg(file);
        }
        let output = command.args(arguments).output()?;
        if !output.status.success() {
            bail!("{class}: {}{}", text(&output.stdout), text(&output.stderr));
        }
        Ok(text(&output.stdout))
    }

    /// One of Kafka's own programs, without arguments.
    pub(crate) fn program(&self, class: &str) -> Command {
        self.java.for_a_moment().command(128, class)
    }

    pub(crate) fn data(&self) -> &Path {
        &self.data
    }

    /// The addresses of all brokers of the cluster.
    pub(crate) fn bootstrap_servers(&self) -> String {
        self.members.iter().map(|member| member.address()).collect::<Vec<_>>().join(",")
    }

    /// The id by which the other brokers know this one.
    pub(crate) fn id(&self) -> i32 {
        i32::try_from(self.place).unwrap_or(i32::MAX).saturating_add(1)
    }

    /// The settings of the stack's own client.
    pub(crate) fn client(&self) -> ClientConfig {
        client_config(&self.bootstrap_servers(), &self.logins.client)
    }

    /// Fails unless this broker answers, every partition has a leader, and this broker has all records of its partitions: for a moment
    /// after a restart some partitions have no leader, and others are behind their leader.
    pub(crate) fn healthy(&self) -> Result<()> {
        let own = self.own();
        // A TCP connection fails at once if nobody listens, which librdkafka takes longer to notice.
        TcpStream::connect_timeout(&SocketAddr::from((Ipv4Addr::LOCALHOST, own.port)), PATIENCE)?;
        let client: BaseConsumer = client_config(&own.address(), &self.logins.client).create()?;
        let metadata = client.fetch_metadata(None, PATIENCE)?;
        if metadata.brokers().iter().all(|broker| broker.id() != self.id()) {
            bail!("the broker has not joined its cluster yet");
        }
        for partition in metadata.topics().iter().flat_map(MetadataTopic::partitions) {
            if partition.leader() < 0 {
                bail!("a partition has no leader yet");
            }
            if partition.replicas().contains(&self.id()) && !partition.isr().contains(&self.id()) {
                bail!("a partition has not caught up with its leader yet");
            }
        }
        Ok(())
    }

    fn own(&self) -> Member {
        self.members[self.place]
    }

    fn properties(&self) -> PathBuf {
        self.data.with_extension("properties")
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
