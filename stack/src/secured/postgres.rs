//! The command of a secured Postgres, and who may connect how.

use std::process::Command;

use crate::postgres::Postgres;

/// The access rules. Who connects to the database `certified` shows a certificate whose common name is the role; to all others, a password.
/// Without TLS there is no rule but for the superuser of the tests.
pub(super) const ACCESS: &str = "\
host    all       postgres 127.0.0.0/8 trust
hostssl certified all      127.0.0.0/8 cert
hostssl all       all      127.0.0.0/8 scram-sha-256
";

pub(super) fn server(files: &Postgres) -> Command {
    let mut server = files.server();
    let addresses = format!("listen_addresses=localhost,{}", super::ELSEWHERE);
    for setting in ["ssl=on", "ssl_cert_file=server.crt", "ssl_key_file=server.key", "ssl_ca_file=ca.pem", &addresses] {
        server.args(["-c", setting]);
    }
    server
}
