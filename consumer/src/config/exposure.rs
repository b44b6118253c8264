//! Finds connections that leave this machine without TLS, or with a TLS that checks too little. Pure.
//!
//! They are allowed: a network may be trusted. They are told, by `check` and at the start, because nobody chooses plain text by leaving a
//! parameter out.

use std::net::IpAddr;
use std::str::FromStr;

use service::settings::ExposeSecret;
use sqlx::postgres::{PgConnectOptions, PgSslMode};

use super::{Config, Connect, Kafka, Sentinels};

/// A connection that others on the way may read or change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exposed {
    /// The server, as `check` names it.
    pub server: &'static str,
    /// What is open to others, and what to do, in one sentence without its full stop.
    pub what: String,
}

impl Config {
    /// The connections that others on the way may read or change.
    #[must_use]
    pub fn exposed(&self) -> Vec<Exposed> {
        let postgres = |setting, url: &str| of_postgres(setting, url);
        let found = [
            ("kafka", of_kafka(&self.kafka)),
            ("postgres", postgres("database.url", self.database.url.now().expose_secret())),
            ("redis", of_redis(self.redis.url.now().expose_secret(), self.redis.sentinels.as_ref())),
            ("connect", self.connect.as_ref().and_then(of_connect)),
            ("source", self.source.url.as_ref().and_then(|url| postgres("source.url", url.expose_secret()))),
        ];
        told(found)
    }

    /// The connections of the job `mirror` that others on the way may read or change.
    #[must_use]
    pub fn exposed_of_mirror(&self) -> Vec<Exposed> {
        let mirror = &self.mirror;
        let source = mirror.source_url.as_ref().and_then(|url| of_postgres("mirror.source_url", url.now().expose_secret()));
        told([
            ("kafka", of_kafka(&self.kafka)),
            ("target", of_postgres("mirror.target_url", mirror.target_url.now().expose_secret())),
            ("source", source),
        ])
    }
}

fn told<const N: usize>(found: [(&'static str, Option<String>); N]) -> Vec<Exposed> {
    found.into_iter().filter_map(|(server, what)| Some(Exposed { server, what: what? })).collect()
}

fn of_kafka(kafka: &Kafka) -> Option<String> {
    let hosts = kafka.bootstrap_servers.split(',').filter_map(|server| Some(server.trim().rsplit_once(':')?.0));
    let leaves = hosts.into_iter().any(leaves_this_machine);
    (leaves && !kafka.security_protocol.ends_with("ssl"))
        .then(|| in_plain_text("set kafka.security_protocol to ssl or sasl_ssl, if the brokers have such a port"))
}

/// Only a password is worth a line: Connect's answers about its connectors are no secret.
fn of_connect(connect: &Connect) -> Option<String> {
    let address = connect.password.as_ref().and(connect.url.strip_prefix("http://"))?.split('/').next()?;
    let host = address.rsplit_once(':').map_or(address, |(host, _)| host);
    leaves_this_machine(host).then(|| in_plain_text("let connect.url begin with https://, so that the password is not read on the way"))
}

/// With Sentinels the host of the URL is not used, and the server may be on any machine of theirs.
fn of_redis(url: &str, sentinels: Option<&Sentinels>) -> Option<String> {
    let rest = url.strip_prefix("redis://")?;
    let address = rest.split(['/', '?']).next()?.rsplit('@').next()?;
    let host =
        address.rsplit_once(':').filter(|(_, port)| port.bytes().all(|byte| byte.is_ascii_digit())).map_or(address, |(host, _)| host);
    let leaves = match sentinels {
        Some(sentinels) => {
            sentinels.addresses.split(',').filter_map(|at| at.trim().rsplit_once(':')).any(|(host, _)| leaves_this_machine(host))
        }
        None => leaves_this_machine(host),
    };
    leaves.then(|| in_plain_text("let redis.url begin with rediss://, if the server has a port for TLS"))
}

fn of_postgres(setting: &str, url: &str) -> Option<String> {
    let options = PgConnectOptions::from_str(url).ok()?;
    if options.get_socket().is_some() || !leaves_this_machine(options.get_host()) {
        return None;
    }
    let then = format!("add sslmode=verify-full to {setting}, and sslrootcert for a private authority");
    match options.get_ssl_mode() {
        PgSslMode::Disable | PgSslMode::Allow => Some(in_plain_text(&then)),
        PgSslMode::Prefer => Some(format!(
            "without sslmode the connection is in plain text if the server offers no TLS, and accepts any certificate otherwise; {then}"
        )),
        PgSslMode::Require => Some(format!("sslmode=require accepts any certificate, so that another server may take its place; {then}")),
        PgSslMode::VerifyCa => Some(format!("sslmode=verify-ca accepts a certificate for another host; {then}")),
        PgSslMode::VerifyFull => None,
    }
}

fn in_plain_text(then: &str) -> String {
    format!("the connection leaves this machine in plain text, for others to read and change; {then}")
}

/// Whether a host is another machine. A host of a name that is not this machine's own counts as another one.
fn leaves_this_machine(host: &str) -> bool {
    let host = host.trim_matches(['[', ']']);
    let is_local = host.is_empty() || host == "localhost" || host.starts_with('/');
    !is_local && !host.parse().is_ok_and(|address: IpAddr| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_that_stays_on_the_machine_is_not_exposed() {
        for url in ["redis://localhost", "redis://:p@127.0.0.1:6379/1", "redis://[::1]:6379", "unix:///run/redis", "rediss://h:6380"] {
            assert_eq!(of_redis(url, None), None, "{url}");
        }
        for url in
            ["postgres://u@localhost/d", "postgres://u@127.0.0.2:5432/d", "postgres://u@%2Frun/d", "postgres://u@h/d?sslmode=verify-full"]
        {
            assert_eq!(of_postgres("database.url", url), None, "{url}");
        }
    }

    #[test]
    fn a_connection_that_leaves_the_machine_is_told_with_what_to_do() {
        for url in ["redis://h", "redis://u:p@h:6379/1", "redis://10.0.0.1?protocol=resp3"] {
            assert!(of_redis(url, None).unwrap().contains("in plain text") && of_redis(url, None).unwrap().contains("rediss://"), "{url}");
        }
        let sentinels =
            |addresses: &str| Sentinels { addresses: addresses.to_owned(), master: "shop".to_owned(), user: None, password: None };
        assert!(of_redis("redis://localhost", Some(&sentinels("localhost:26379, s2:26379"))).is_some());
        assert_eq!(of_redis("redis://elsewhere", Some(&sentinels("127.0.0.1:26379"))), None);
        for (parameters, words) in [
            ("", "if the server offers no TLS, and accepts any certificate otherwise"),
            ("?sslmode=disable", "leaves this machine in plain text"),
            ("?sslmode=allow", "leaves this machine in plain text"),
            ("?sslmode=require", "accepts any certificate"),
            ("?sslmode=verify-ca", "for another host"),
        ] {
            let what = of_postgres("source.url", &format!("postgres://u@h/d{parameters}")).unwrap();
            assert!(what.contains(words) && what.contains("add sslmode=verify-full to source.url"), "{what}");
        }
    }
}
