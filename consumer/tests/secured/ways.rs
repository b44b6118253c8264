//! Every way to encrypt and to log in works against the real servers.

use stack::secured::Door;

use crate::servers::{Settings, at_kafka, certified, check, login, path, servers, settings, with};

#[test]
fn kafka_is_reached_by_each_way_to_encrypt_and_to_log_in() {
    let servers = servers();
    let none = ["KAFKA_SASL_MECHANISM", "KAFKA_SASL_USERNAME", "KAFKA_SASL_PASSWORD"].map(|name| (name, String::new()));
    let without_login = with(settings(&servers), none);
    let certificate = [
        ("KAFKA_SSL_CERTIFICATE_LOCATION", path(&servers, "orderstream.crt")),
        ("KAFKA_SSL_KEY_LOCATION", path(&servers, "orderstream.key")),
    ];
    let ways: [(&str, Settings); 5] = [
        ("TLS", with(without_login.clone(), at_kafka(&servers, Door::Tls))),
        ("a certificate", with(with(without_login, at_kafka(&servers, Door::Certificate)), certificate)),
        ("PLAIN", with(settings(&servers), login("orderstream", "PLAIN"))),
        ("SCRAM-SHA-256", with(settings(&servers), login("orderstream", "SCRAM-SHA-256"))),
        ("SCRAM-SHA-512", settings(&servers)),
    ];
    for (way, settings) in ways {
        let report = check(&settings);
        assert!(report.says("ok", "kafka", "topic shop.public.orders, 4 partitions"), "{way}: {}", report.0);
        report.is_fine("kafka");
    }
}

#[test]
fn postgres_is_reached_by_password_and_by_certificate_and_redis_by_both() {
    let servers = servers();
    let by_password = check(&settings(&servers));
    let by_certificate = check(&with(settings(&servers), [("DATABASE_URL", certified(&servers, "orderstream"))]));
    for report in [by_password, by_certificate] {
        assert!(report.says("ok", "postgres", "role orderstream") && report.says("ok", "redis", "every command"), "{}", report.0);
        report.is_fine("postgres");
        report.is_fine("redis");
        assert!(!report.0.contains("plain text"), "{}", report.0);
    }
}
