//! The doors of a secured Kafka, and who may log in at them.

use std::path::Path;

use anyhow::Result;

use super::ELSEWHERE;
use crate::free_port;
use crate::kafka::{Listener, Logins, SCRAM, password, tls_and_rights};

/// A door of Kafka: a listener with its own way to encrypt and to log in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Door {
    /// TLS, for everybody.
    Tls,
    /// TLS with a certificate of the client, whose common name is the user.
    Certificate,
    /// TLS with user and password, by PLAIN or SCRAM.
    Password,
    /// TLS at an address for which the certificate is not.
    Elsewhere,
    /// TLS with a certificate that has expired.
    Expired,
    /// TLS with a certificate that is not valid yet.
    NotYet,
}

const DOORS: [(Door, &str); 6] = [
    (Door::Tls, "TLS"),
    (Door::Certificate, "CERTIFICATE"),
    (Door::Password, "PASSWORD"),
    (Door::Elsewhere, "ELSEWHERE"),
    (Door::Expired, "EXPIRED"),
    (Door::NotYet, "NOTYET"),
];

/// The ports of all doors.
#[derive(Clone, Debug)]
pub(super) struct Doors([u16; DOORS.len()]);

impl Doors {
    pub(super) fn free() -> Result<Self> {
        let mut ports = [0; DOORS.len()];
        for port in &mut ports {
            *port = free_port()?;
        }
        Ok(Self(ports))
    }

    pub(super) fn at(&self, door: Door) -> String {
        let host = if door == Door::Elsewhere { ELSEWHERE } else { "127.0.0.1" };
        let port = DOORS.iter().zip(self.0).find_map(|((known, _), port)| (*known == door).then_some(port));
        format!("{host}:{}", port.unwrap_or_default())
    }

    pub(super) fn listeners(&self) -> Vec<Listener> {
        let of = |(door, name): &(Door, &str)| Listener {
            name: (*name).to_owned(),
            protocol: if *door == Door::Password { "SASL_SSL" } else { "SSL" },
            at: self.at(*door),
            advertised: self.at(*door),
        };
        DOORS.iter().map(of).collect()
    }
}

/// What the broker is told of certificates and users. Everybody at the plain door, where the broker talks to itself, may do everything.
pub(super) fn logins(folder: &Path, users: &[&str]) -> Logins {
    let passwords: String = users.iter().map(|user| format!(" user_{user}=\"{}\"", password(user))).collect();
    let common = tls_and_rights(folder);
    let folder = folder.display();
    let settings = format!(
        "\
{common}listener.name.certificate.ssl.client.auth=required
listener.name.expired.ssl.keystore.location={folder}/expired.store.pem
listener.name.notyet.ssl.keystore.location={folder}/future.store.pem
sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-256,SCRAM-SHA-512
listener.name.password.plain.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required{passwords};
listener.name.password.scram-sha-256.sasl.jaas.config={SCRAM};
listener.name.password.scram-sha-512.sasl.jaas.config={SCRAM};
super.users=User:ANONYMOUS
"
    );
    let scram = ["SCRAM-SHA-256", "SCRAM-SHA-512"]
        .into_iter()
        .flat_map(|mechanism| users.iter().map(move |user| format!("{mechanism}=[name={user},password={}]", password(user))));
    Logins { settings, scram: scram.collect(), ..Logins::default() }
}
