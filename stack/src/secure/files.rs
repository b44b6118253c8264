//! The texts of the files of a secured stack.

use std::path::Path;

use super::{ADMIN, BROKER, CONNECT};
use crate::kafka::{SCRAM, password, tls_and_rights};

const PLAIN: &str = "org.apache.kafka.common.security.plain.PlainLoginModule required";
const BASIC_AUTH: &str = "org.apache.kafka.connect.rest.basic.auth.extension";

/// The broker's lines. The controller, who is the same process, asks the broker for a certificate. The operator may log in by PLAIN too,
/// inside TLS, because the `kcat` of Debian 12 was refused by SCRAM in some runs: librdkafka before 2.6.1 builds the nonce wrongly
/// (librdkafka, issue 4895).
pub(super) fn broker(folder: &Path) -> String {
    let (common, password) = (tls_and_rights(folder), password(ADMIN));
    format!(
        "\
{common}listener.name.controller.ssl.client.auth=required
sasl.enabled.mechanisms=SCRAM-SHA-512,PLAIN
sasl.mechanism.inter.broker.protocol=SCRAM-SHA-512
listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config={SCRAM} username=\"{ADMIN}\" password=\"{password}\";
listener.name.sasl_ssl.plain.sasl.jaas.config={PLAIN} user_{ADMIN}=\"{password}\";
super.users=User:{ADMIN};User:{BROKER}
"
    )
}

/// The lines of a client that runs on Java.
pub(super) fn java_client(authority: &Path, user: &str) -> String {
    java_client_lines(authority, user).map(|line| line + "\n").concat()
}

fn java_client_lines(authority: &Path, user: &str) -> [String; 5] {
    [
        "security.protocol=SASL_SSL".to_owned(),
        "sasl.mechanism=SCRAM-SHA-512".to_owned(),
        format!("sasl.jaas.config={SCRAM} username=\"{user}\" password=\"{}\";", password(user)),
        "ssl.truststore.type=PEM".to_owned(),
        format!("ssl.truststore.location={}", authority.display()),
    ]
}

/// Connect's worker, and the producers and consumers of its connectors, log in to Kafka as one user. Whoever asks its REST interface needs
/// a password.
pub(super) fn connect_worker(authority: &Path) -> String {
    let client = java_client_lines(authority, CONNECT);
    let of = |prefix: &str| client.iter().map(|line| format!("{prefix}{line}\n")).collect::<String>();
    let clients = ["", "producer.", "consumer.", "admin."].map(of).concat();
    format!("\n{clients}rest.extension.classes={BASIC_AUTH}.BasicAuthSecurityRestExtension\n")
}

/// The file by which Connect finds the users of its REST interface.
pub(super) fn connect_jaas(users: &Path) -> String {
    format!("KafkaConnect {{\n  {BASIC_AUTH}.PropertyFileLoginModule required file=\"{}\";\n}};\n", users.display())
}

/// A file for a shell, in which the commands of the README then work as they are.
pub(super) fn shell(folder: &Path, exports: &[(&str, String)]) -> String {
    let folder = folder.display();
    let orderstream: String = exports.iter().map(|(name, value)| format!("export {name}='{value}'\n")).collect();
    format!(
        "\
# In bash: `. {folder}/env.sh`. Then psql, redis-cli, kcat, curl and orderstream find into the secured stack.
export PGSSLMODE=verify-full PGSSLROOTCERT='{folder}/ca.pem'
export KCAT_CONFIG='{folder}/kcat.conf'
export CURL_HOME='{folder}'
redis-cli() {{ REDISCLI_AUTH='{}' command redis-cli --tls --cacert '{folder}/ca.pem' --user {ADMIN} \"$@\"; }}
{orderstream}",
        password(ADMIN)
    )
}
