//! Says in one sentence why Kafka does not let this client in, and what to do. The client's own complaint is a riddle: that a certificate
//! could not be verified, and not why; that an alert came, and not about what.
//!
//! Of a certificate that could not be verified the broker is asked once more, by a handshake of this crate's own. Everything else stands in
//! the complaint.

use rdkafka::ClientConfig;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use service::tls::{Files, Names, Trouble, probe};

/// The settings that a sentence about TLS names.
const NAMES: Names = Names { authority: "kafka.ssl_ca_location", certificate: "kafka.ssl_certificate_location" };

/// What the sentences depend on, from the settings of the client.
#[derive(Debug, Clone, Default)]
pub(crate) struct Words {
    files: Files,
    mechanism: String,
}

/// What a complaint says.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Complaint<'a> {
    /// The broker's certificate was not verified, for a reason that the client keeps to itself.
    Unverified,
    /// The TLS of the client and that of the broker do not go together.
    Tls(Trouble),
    /// The broker does not take the user and the password.
    Login,
    /// The broker does not have this way to log in, but these.
    Mechanism(&'a str),
}

impl Words {
    pub(crate) fn new(client: &ClientConfig) -> Self {
        let of = |name: &str| client.get(name).map(str::to_owned);
        let own = of("ssl.certificate.location").zip(of("ssl.key.location"));
        Self { files: Files { authority: of("ssl.ca.location"), own }, mechanism: of("sasl.mechanism").unwrap_or_default() }
    }

    /// The sentence for a complaint of the client; `None` if the complaint is about something else.
    pub(crate) fn of(&self, complaint: &str) -> Option<String> {
        let what = read(complaint, self.files.own.is_some())?;
        Some(match what {
            Complaint::Unverified => self.ask_again(complaint).in_words(NAMES),
            Complaint::Tls(trouble) => trouble.in_words(NAMES),
            Complaint::Login => format!(
                "the broker does not take this user and password by {}; correct kafka.sasl_username and kafka.sasl_password, or the user there",
                self.mechanism
            ),
            Complaint::Mechanism(theirs) => {
                format!(
                    "the broker does not let anybody log in by {}; set kafka.sasl_mechanism to one of its own: {theirs}",
                    self.mechanism
                )
            }
        })
    }

    /// What is wrong with the certificate of the broker that the complaint names.
    fn ask_again(&self, complaint: &str) -> Trouble {
        // The broker's certificate is judged before ours is asked for, so the look needs none, and no key of it that has a password.
        let files = Files { own: None, ..self.files.clone() };
        let found = broker(complaint).and_then(|(host, port)| probe::ask(host, port, &files));
        let found = found.filter(|trouble| !matches!(trouble, Trouble::OwnWanted | Trouble::OwnRefused(_)));
        found.unwrap_or_else(|| Trouble::Unsuitable("Kafka's client does not say why".to_owned()))
    }
}

/// What to grant to this user, if the error says that a right is missing: to read as a member of the group, or to read the topic.
pub(crate) fn right(error: &KafkaError, group: &str, topic: &str) -> Option<String> {
    match error.rdkafka_error_code()? {
        RDKafkaErrorCode::GroupAuthorizationFailed => Some(format!("grant Read on the consumer group {group} to this user")),
        RDKafkaErrorCode::TopicAuthorizationFailed => Some(format!("grant Read on {topic} to this user")),
        _ => None,
    }
}

/// Reads a complaint of librdkafka 2.12 with OpenSSL 3. The texts are those of `rdkafka_ssl.c`, `rdkafka_broker.c` and `rdkafka_sasl.c`, and
/// of OpenSSL's alerts; the client gives no codes for them.
fn read(complaint: &str, has_own: bool) -> Option<Complaint<'_>> {
    let says = |words: &str| complaint.contains(words);
    let alert = |name: &str| complaint.contains(&format!("alert {name}"));
    Some(if says("certificate verify failed") || says("certificate could not be verified") {
        Complaint::Unverified
    } else if alert("certificate required") || (!has_own && (alert("bad certificate") || alert("handshake failure"))) {
        Complaint::Tls(Trouble::OwnWanted)
    } else if alert("unknown ca") {
        Complaint::Tls(Trouble::OwnRefused("it is signed by no authority that the broker trusts"))
    } else if alert("certificate expired") {
        Complaint::Tls(Trouble::OwnRefused("it is not valid now"))
    } else if alert("bad certificate") || alert("certificate unknown") || alert("unsupported certificate") {
        Complaint::Tls(Trouble::OwnRefused("the broker does not say why; its authority, its time or its purpose may be wrong"))
    } else if says("wrong version number") || says("connecting to a PLAINTEXT broker listener") {
        Complaint::Tls(Trouble::NoTls)
    } else if let Some((_, theirs)) = complaint.split_once("broker's supported mechanisms: ") {
        Complaint::Mechanism(theirs)
    } else if says("SASL authentication") || says("invalid credentials") {
        Complaint::Login
    } else {
        return None;
    })
}

/// The broker's host and port in a complaint such as `ssl://shop.example:9093/bootstrap: SSL handshake failed: ..`.
fn broker(complaint: &str) -> Option<(&str, u16)> {
    let (_, rest) = complaint.split_once("://")?;
    let (host, port) = rest.split(['/', ' ']).next()?.trim_end_matches(':').rsplit_once(':')?;
    Some((host.trim_matches(['[', ']']), port.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_broker_of_a_complaint_is_found() {
        for (complaint, expected) in [
            ("ssl://127.0.0.1:9093/bootstrap: SSL handshake failed: error:0A000086", Some(("127.0.0.1", 9093))),
            ("sasl_ssl://shop.example:9094/1: SSL handshake failed", Some(("shop.example", 9094))),
            ("ssl://[::1]:9093/1: SSL handshake failed", Some(("::1", 9093))),
            ("3/3 brokers are down", None),
        ] {
            assert_eq!(broker(complaint), expected, "{complaint}");
        }
    }

    #[test]
    fn each_complaint_is_read() {
        let handshake = |what: &str| format!("ssl://h:1/1: SSL handshake failed: error:0A000000:SSL routines::{what}");
        for (complaint, own, expected) in [
            (handshake("certificate verify failed: broker certificate could not be verified"), false, Some(Complaint::Unverified)),
            (handshake("tlsv13 alert certificate required: SSL alert number 116"), false, Some(Complaint::Tls(Trouble::OwnWanted))),
            (handshake("sslv3 alert bad certificate"), false, Some(Complaint::Tls(Trouble::OwnWanted))),
            (handshake("wrong version number"), false, Some(Complaint::Tls(Trouble::NoTls))),
            ("h:1: Connect failed: Connection refused".to_owned(), false, None),
        ] {
            assert_eq!(read(&complaint, own), expected, "{complaint}");
        }
        assert!(matches!(read(&handshake("sslv3 alert bad certificate"), true), Some(Complaint::Tls(Trouble::OwnRefused(_)))));
        assert!(matches!(read(&handshake("tlsv1 alert unknown ca"), true), Some(Complaint::Tls(Trouble::OwnRefused(_)))));
        let theirs =
            "SASL PLAIN mechanism handshake failed: Broker: Unsupported SASL mechanism: broker's supported mechanisms: SCRAM-SHA-512";
        assert_eq!(read(theirs, false), Some(Complaint::Mechanism("SCRAM-SHA-512")));
        let refused = "sasl_ssl://h:1/1: SASL authentication error: Authentication failed during authentication due to invalid credentials";
        assert_eq!(read(refused, false), Some(Complaint::Login));
    }

    #[test]
    fn a_sentence_names_the_settings() {
        let words = Words::new(ClientConfig::new().set("sasl.mechanism", "PLAIN"));
        let said = words.of("SASL authentication error: x").unwrap();
        assert!(said.contains("by PLAIN; correct kafka.sasl_username and kafka.sasl_password"), "{said}");
        assert_eq!(words.of("Connect failed: Connection refused"), None);
    }
}
