//! TLS and logins everywhere, for `make up SECURE=1`: certificates of an authority of the stack's own, passwords, and who logs in where.
//!
//! No port is left at which somebody gets in without TLS or a login. The passwords are the demo's, as those in sql/source.

mod files;

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use rdkafka::ClientConfig;

use crate::certificates::Authority;
use crate::kafka::{Kafka, Logins, password};
use crate::postgres::Postgres;
use crate::{redis, repository};

/// Who may connect to Postgres: nobody without TLS and password.
pub(crate) const POSTGRES_ACCESS: &str = "\
hostssl all all 127.0.0.1/32 scram-sha-256
hostssl all all ::1/128 scram-sha-256
";

/// The user of the stack itself at Kafka and Redis, who may do everything.
pub(crate) const ADMIN: &str = "admin";
/// The user of Connect at Kafka, and of whoever asks Connect.
pub(crate) const CONNECT: &str = "connect";
pub(crate) const ORDERSTREAM: &str = "orderstream";

/// The common name of the certificate by which the broker logs in to its own controller.
const BROKER: &str = "broker";

/// The certificates and files of a secured stack, all in one folder.
#[derive(Clone, Debug)]
pub(crate) struct Secure {
    folder: PathBuf,
}

impl Secure {
    /// Makes certificates and files in `folder`, unless they are there.
    pub(crate) fn create(folder: PathBuf) -> Result<Self> {
        let secure = Self { folder };
        if secure.folder.exists() {
            return Ok(secure);
        }
        // Certificates without their authority would be of no use, so all files are made beside their place.
        let new = secure.folder.with_extension("new");
        fs::create_dir_all(&new).with_context(|| format!("{} cannot be made", new.display()))?;
        fs::set_permissions(&new, Permissions::from_mode(0o755))?;
        let authority = Authority::new("orderstream's demo")?;
        authority.write(&new, "ca")?;
        authority.node(BROKER, &["localhost", "127.0.0.1"])?.write(&new, "server")?;
        fs::rename(&new, &secure.folder).with_context(|| format!("{} cannot be put in place", secure.folder.display()))?;
        Ok(secure)
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// The certificate of the authority that signed the servers' certificates.
    pub(crate) fn authority(&self) -> PathBuf {
        self.file("ca.pem")
    }

    /// What a client of Kafka has to know beside the address.
    pub(crate) fn kafka_client(&self, user: &str) -> [(&'static str, String); 5] {
        [
            ("security.protocol", "SASL_SSL".to_owned()),
            ("sasl.mechanism", "SCRAM-SHA-512".to_owned()),
            ("sasl.username", user.to_owned()),
            ("sasl.password", password(user)),
            ("ssl.ca.location", self.authority().display().to_string()),
        ]
    }

    /// How Kafka lets clients in: by TLS and SCRAM, with the rights that connect/acls.txt gives. The broker shows its controller a
    /// certificate.
    pub(crate) fn kafka_logins(&self) -> Logins {
        let users = [ADMIN, CONNECT, ORDERSTREAM];
        let scram = users.map(|user| format!("SCRAM-SHA-512=[name={user},password={}]", password(user)));
        Logins {
            clients: "SASL_SSL",
            controller: "SSL",
            settings: files::broker(&self.folder),
            scram: scram.to_vec(),
            client: self.kafka_client(ADMIN).map(|(name, value)| (name.to_owned(), value)).to_vec(),
            tool: Some(self.file("admin.properties")),
        }
    }

    /// Writes the files by which clients find in: Kafka's tools, `kcat`, `curl`, and a shell.
    pub(crate) fn write_client_files(&self, exports: &[(&str, String)]) -> Result<()> {
        let user = |user: &str| files::java_client(&self.authority(), user);
        let rest = format!("machine localhost login {CONNECT} password {}\n", password(CONNECT));
        let kcat = self.kafka_client(ADMIN).map(|(name, value)| match name {
            "sasl.mechanism" => format!("{name}=PLAIN\n"),
            _ => format!("{name}={value}\n"),
        });
        let texts = [
            ("admin.properties", user(ADMIN)),
            ("kcat.conf", kcat.concat()),
            ("netrc", rest),
            (".curlrc", format!("netrc-file = \"{}\"\n", self.file("netrc").display())),
            ("connect.users", format!("{CONNECT}={}\n", password(CONNECT))),
            ("connect.jaas", files::connect_jaas(&self.file("connect.users"))),
            ("users.acl", self.redis_users()?),
            ("env.sh", files::shell(&self.folder, exports)),
        ];
        for (name, text) in texts {
            let path = self.file(name);
            fs::write(&path, text).with_context(|| format!("{} cannot be written", path.display()))?;
        }
        Ok(())
    }

    fn redis_users(&self) -> Result<String> {
        let users = fs::read_to_string(repository::root().join("redis/users.acl")).context("redis/users.acl cannot be read")?;
        Ok(format!("{users}user {ADMIN} on >{} ~* &* +@all\n", password(ADMIN)))
    }

    /// Redis with a port for TLS alone.
    pub(crate) fn redis(&self, port: u16, data: &Path) -> Command {
        let mut command = redis::command(0, data);
        command.args(["--tls-port", &port.to_string(), "--tls-auth-clients", "no"]);
        command.arg("--tls-cert-file").arg(self.file("server.crt")).arg("--tls-key-file").arg(self.file("server.key"));
        command.arg("--tls-ca-cert-file").arg(self.authority()).arg("--aclfile").arg(self.file("users.acl"));
        command
    }

    /// Fails unless Redis answers to a login by TLS.
    pub(crate) fn redis_healthy(&self, port: u16) -> Result<()> {
        let mut ping = Command::new("redis-cli");
        ping.args(["--tls", "-p", &port.to_string(), "--user", ADMIN, "--cacert"]).arg(self.authority()).arg("ping");
        let output = ping.env("REDISCLI_AUTH", password(ADMIN)).output().context("redis-cli cannot be run")?;
        let answer = String::from_utf8_lossy(&output.stdout);
        if answer.trim() != "PONG" {
            bail!("PING is answered with {}{}", answer.trim(), String::from_utf8_lossy(&output.stderr).trim());
        }
        Ok(())
    }

    /// Gives Postgres its certificate.
    pub(crate) fn install_in(&self, postgres: &Postgres) -> Result<()> {
        for name in ["server.crt", "server.key"] {
            postgres.install(name, &fs::read_to_string(self.file(name))?)?;
        }
        Ok(())
    }

    /// Gives the users of Kafka the rights of connect/acls.txt, unless the file is the one whose rights were given before: each line costs
    /// a start of Java.
    pub(crate) fn give_rights(&self, kafka: &Kafka) -> Result<()> {
        let rights = fs::read_to_string(repository::root().join("connect/acls.txt")).context("connect/acls.txt cannot be read")?;
        let given = self.file("acls.given");
        if fs::read_to_string(&given).is_ok_and(|before| before == rights) {
            return Ok(());
        }
        for line in rights.lines() {
            let words: Vec<&str> = line.split_whitespace().collect();
            kafka.tool("org.apache.kafka.tools.AclCommand", &[&["--add"], &words[..]].concat())?;
        }
        fs::write(&given, rights).with_context(|| format!("{} cannot be written", given.display()))
    }

    /// The lines of Connect's worker for itself, its producers and consumers, and its REST interface.
    pub(crate) fn connect_worker(&self) -> String {
        files::connect_worker(&self.authority())
    }
}

/// The settings of a client of Kafka made of `properties`.
pub(crate) fn client_config(bootstrap_servers: &str, properties: &[(String, String)]) -> ClientConfig {
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", bootstrap_servers);
    config.extend(properties.iter().cloned());
    config
}
