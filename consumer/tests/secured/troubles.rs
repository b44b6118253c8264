//! Whatever is wrong with certificates, logins and rights is told in one sentence with what to do, by `orderstream check` and in the log;
//! nothing falls back to plain text.

use std::thread;

use stack::certificates::{Authority, Validity};
use stack::secured::{Door, ELSEWHERE, Secured};

use crate::servers::{Process, Settings, at_kafka, certified, check, login, path, postgres, servers, settings, with};

/// Something that is wrong at one server, and the words in which it is told.
struct Wrong {
    settings: Settings,
    words: &'static str,
}

/// Something that can be wrong at each of the servers.
struct Case {
    name: &'static str,
    kafka: Option<Wrong>,
    postgres: Option<Wrong>,
    redis: Option<Wrong>,
    /// The certificate that Redis and Postgres have meanwhile.
    certificate: &'static str,
}

fn wrong(settings: impl IntoIterator<Item = (&'static str, String)>, words: &'static str) -> Option<Wrong> {
    Some(Wrong { settings: settings.into_iter().collect(), words })
}

fn redis_at(servers: &Secured, user: &str, host: &str) -> (&'static str, String) {
    ("REDIS_URL", format!("rediss://{user}@{host}:{}", servers.redis_port()))
}

/// A connection to Kafka without a login.
const NO_LOGIN: [(&str, String); 3] =
    [("KAFKA_SASL_MECHANISM", String::new()), ("KAFKA_SASL_USERNAME", String::new()), ("KAFKA_SASL_PASSWORD", String::new())];

fn door(servers: &Secured, door: Door) -> impl Iterator<Item = (&'static str, String)> {
    at_kafka(servers, door).into_iter().chain(NO_LOGIN)
}

/// Certificates of servers that cannot be trusted.
fn certificates(servers: &Secured) -> [Case; 4] {
    let database = |host, authority| [("DATABASE_URL", postgres(servers, host, authority))];
    let stranger = path(servers, "stranger.pem");
    [
        Case {
            name: "an authority that nobody trusts",
            kafka: wrong(
                [("KAFKA_SSL_CA_LOCATION", stranger.clone())],
                "no authority that is trusted here; let kafka.ssl_ca_location name",
            ),
            postgres: wrong(database("127.0.0.1", "stranger.pem"), "no authority that is trusted here; let sslrootcert in its URL name"),
            redis: wrong([("REDIS_SSL_CA_LOCATION", stranger)], "no authority that is trusted here; let redis.ssl_ca_location name"),
            certificate: "server",
        },
        Case {
            name: "a host name for which the certificate is not",
            kafka: wrong(door(servers, Door::Elsewhere), "is for localhost, 127.0.0.1 and not for 127.0.0.2; use a name"),
            postgres: wrong(database(ELSEWHERE, "ca.pem"), "is for localhost, 127.0.0.1 and not for 127.0.0.2; use a name"),
            redis: wrong(
                [redis_at(servers, "orderstream:orderstream", ELSEWHERE)],
                "is for localhost, 127.0.0.1 and not for 127.0.0.2; use a name",
            ),
            certificate: "server",
        },
        Case {
            name: "a certificate that has expired",
            kafka: wrong(door(servers, Door::Expired), "has expired on 2020-01-01; renew it on the server"),
            postgres: wrong([], "has expired on 2020-01-01; renew it on the server"),
            redis: wrong([], "has expired on 2020-01-01; renew it on the server"),
            certificate: "expired",
        },
        Case {
            name: "a certificate that is not valid yet",
            kafka: wrong(door(servers, Door::NotYet), "is not valid yet, but from 4000-01-01; look at the clocks"),
            postgres: wrong([], "is not valid yet, but from 4000-01-01; look at the clocks"),
            redis: wrong([], "is not valid yet, but from 4000-01-01; look at the clocks"),
            certificate: "future",
        },
    ]
}

/// Clients that the servers do not let in.
fn logins(servers: &Secured) -> [Case; 4] {
    let (key, none) = (path(servers, "foreign.key"), String::new);
    let foreign_at_kafka = [("KAFKA_SSL_CERTIFICATE_LOCATION", path(servers, "foreign.crt")), ("KAFKA_SSL_KEY_LOCATION", key.clone())];
    [
        Case {
            name: "a wrong password",
            kafka: wrong([("KAFKA_SASL_PASSWORD", "wrong".to_owned())], "does not take this user and password by SCRAM-SHA-512; correct"),
            postgres: wrong(
                [("DATABASE_URL", postgres(servers, "127.0.0.1", "ca.pem").replace("orderstream:orderstream", "orderstream:wrong"))],
                "password authentication failed for user \"orderstream\" (SQLSTATE 28P01); correct user and password in the URL",
            ),
            redis: wrong([redis_at(servers, "orderstream:wrong", "127.0.0.1")], "the user or the password is wrong"),
            certificate: "server",
        },
        Case {
            name: "no certificate of the client",
            kafka: wrong(door(servers, Door::Certificate), "wants a certificate of the client; let kafka.ssl_certificate_location name it"),
            postgres: wrong(
                [("DATABASE_URL", postgres(servers, "127.0.0.1", "ca.pem").replace("/orders?", "/certified?"))],
                "requires a valid client certificate (SQLSTATE 28000); correct the role",
            ),
            redis: wrong(
                [("REDIS_SSL_CERTIFICATE_LOCATION", none()), ("REDIS_SSL_KEY_LOCATION", none())],
                "wants a certificate of the client; let redis.ssl_certificate_location name it",
            ),
            certificate: "server",
        },
        Case {
            name: "a certificate of the client that the server does not trust",
            kafka: wrong(
                door(servers, Door::Certificate).chain(foreign_at_kafka),
                "does not take the certificate that kafka.ssl_certificate_location names",
            ),
            postgres: wrong(
                [("DATABASE_URL", certified(servers, "foreign"))],
                "does not take the certificate that sslcert in its URL names",
            ),
            redis: wrong(
                [("REDIS_SSL_CERTIFICATE_LOCATION", path(servers, "foreign.crt")), ("REDIS_SSL_KEY_LOCATION", key)],
                "does not take the certificate that redis.ssl_certificate_location names",
            ),
            certificate: "server",
        },
        Case {
            name: "a connection without TLS",
            kafka: None,
            postgres: wrong(
                [(
                    "DATABASE_URL",
                    format!("postgres://orderstream:orderstream@127.0.0.1:{}/orders?sslmode=disable", servers.postgres_port()),
                )],
                "no encryption (SQLSTATE 28000); correct the role",
            ),
            redis: None,
            certificate: "server",
        },
    ]
}

impl Case {
    fn settings_of<'a>(servers: &Secured, which: impl IntoIterator<Item = &'a Wrong>) -> Settings {
        with(settings(servers), which.into_iter().flat_map(|wrong| wrong.settings.clone()))
    }

    /// What is wrong, with the name of its server.
    fn all(&self) -> impl Iterator<Item = (&'static str, &Wrong)> {
        let all = [("kafka", &self.kafka), ("postgres", &self.postgres), ("redis", &self.redis)];
        all.into_iter().filter_map(|(server, wrong)| Some((server, wrong.as_ref()?)))
    }

    fn is_told_by_check(&self, servers: &Secured) {
        let report = check(&Self::settings_of(servers, self.all().map(|(_, wrong)| wrong)));
        for (server, Wrong { words, .. }) in self.all() {
            assert!(report.says("FAILED", server, words), "{}: {server} does not say {words:?}:\n{}", self.name, report.0);
            assert!(!report.says("ok", server, " at "), "{}: {server} was reached all the same:\n{}", self.name, report.0);
        }
    }

    /// The work begins with Postgres and waits for it. So one process meets what is wrong there, and another what is wrong elsewhere.
    fn is_told_in_the_log(&self, servers: &Secured) {
        let first = Process::launch(servers, &Self::settings_of(servers, &self.postgres));
        let later = Self::settings_of(servers, [&self.kafka, &self.redis].into_iter().flatten());
        let second = Process::launch(servers, &with(later, self.postgres_that_is_there(servers)));
        for (server, wrong) in self.all() {
            if server == "postgres" { first.await_log(wrong.words) } else { second.await_log(wrong.words) }
        }
        first.service.kill();
        second.service.kill();
    }

    /// While Postgres has a certificate that nobody trusts, a process reaches it by a mode that does not look at it.
    fn postgres_that_is_there(&self, servers: &Secured) -> Option<(&'static str, String)> {
        let url = format!("postgres://orderstream:orderstream@127.0.0.1:{}/orders?sslmode=require", servers.postgres_port());
        (self.certificate != "server").then_some(("DATABASE_URL", url))
    }
}

/// Gives Redis and Postgres a certificate of the folder.
fn install(servers: &Secured, certificate: &str) {
    servers.install_in_postgres(certificate).unwrap();
    servers.psql("select pg_reload_conf()").unwrap();
    let [file, key] = ["crt", "key"].map(|ending| path(servers, &format!("{certificate}.{ending}")));
    let mut admin = redis::Client::open(servers.plain_redis()).unwrap().get_connection().unwrap();
    redis::cmd("CONFIG").arg(&["SET", "tls-cert-file", &file, "tls-key-file", &key]).exec(&mut admin).unwrap();
}

fn prepare(servers: &Secured) {
    let stranger = Authority::new("a stranger").unwrap();
    stranger.write(servers.folder(), "stranger").unwrap();
    servers.write(&stranger.client("orderstream", Validity::Now).unwrap(), "foreign").unwrap();
}

#[track_caller]
fn all_are_told(servers: &Secured, cases: &[Case]) {
    for case in cases {
        install(servers, case.certificate);
        thread::scope(|scope| {
            scope.spawn(|| case.is_told_by_check(servers));
            case.is_told_in_the_log(servers);
        });
    }
    install(servers, "server");
}

#[test]
fn each_certificate_that_cannot_be_trusted_is_told_by_check_and_in_the_log() {
    let servers = servers();
    prepare(&servers);
    all_are_told(&servers, &certificates(&servers));
}

#[test]
fn each_login_that_is_refused_is_told_by_check_and_in_the_log() {
    let servers = servers();
    prepare(&servers);
    all_are_told(&servers, &logins(&servers));
    let mechanism = with(settings(&servers), login("orderstream", "PLAIN"));
    check(&mechanism).is_fine("kafka");
}
