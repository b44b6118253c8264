//! Checks what must hold between settings. Each setting by itself was checked before.

use ::mirror::settings::Types;
use service::settings::{ExposeSecret, Problem, Values};

use super::{Config, Kafka};

pub(super) fn check(config: &Config, values: &Values, problems: &mut Vec<Problem>) {
    let mut found = Vec::new();
    topics(&config.kafka, &mut found);
    login(&config.kafka, &mut found);
    encryption(&config.kafka, &mut found);
    encryption_of_redis(config, values, &mut found);
    sentinels(config, values, &mut found);
    connect(config, &mut found);
    comparison(config, &mut found);
    durations(config, &mut found);
    mirror_types(config, &mut found);
    problems.extend(found.into_iter().map(|(key, what)| Problem::new(values.place(key), what)));
}

type Found = Vec<(&'static str, String)>;

fn topics(kafka: &Kafka, found: &mut Found) {
    if kafka.customers_topic.as_ref() == Some(&kafka.orders_topic) {
        found.push(("kafka.customers_topic", "is the same as kafka.orders_topic".into()));
    }
    // A dead letter on such a topic would be read as an order, and become a dead letter again.
    if kafka.dead_letter_topic == kafka.orders_topic || Some(&kafka.dead_letter_topic) == kafka.customers_topic.as_ref() {
        found.push(("kafka.dead_letter_topic", "is the same as a topic that is read".into()));
    }
}

fn login(kafka: &Kafka, found: &mut Found) {
    let parts = [
        ("kafka.sasl_mechanism", kafka.sasl_mechanism.is_some()),
        ("kafka.sasl_username", kafka.sasl_username.is_some()),
        ("kafka.sasl_password", kafka.sasl_password.is_some()),
    ];
    let protocol = &kafka.security_protocol;
    for (key, is_set) in parts {
        match (protocol.starts_with("sasl"), is_set) {
            (true, false) => found.push((key, format!("is needed when kafka.security_protocol is {protocol}"))),
            // Without SASL the login would not happen, and nobody would be told.
            (false, true) => {
                found.push((key, format!("has no effect when kafka.security_protocol is {protocol}; choose sasl_ssl or sasl_plaintext")));
            }
            _ => {}
        }
    }
}

fn encryption(kafka: &Kafka, found: &mut Found) {
    let parts = [
        ("kafka.ssl_ca_location", kafka.ssl_ca_location.is_some()),
        ("kafka.ssl_certificate_location", kafka.ssl_certificate_location.is_some()),
        ("kafka.ssl_key_location", kafka.ssl_key_location.is_some()),
        ("kafka.ssl_key_password", kafka.ssl_key_password.is_some()),
    ];
    if !kafka.security_protocol.ends_with("ssl") {
        let unused = parts.into_iter().filter(|(_, is_set)| *is_set);
        found.extend(unused.map(|(key, _)| (key, format!("has no effect when kafka.security_protocol is {}", kafka.security_protocol))));
    }
    if kafka.ssl_certificate_location.is_some() != kafka.ssl_key_location.is_some() {
        found.push(("kafka.ssl_key_location", "and kafka.ssl_certificate_location go together; one of them is missing".into()));
    }
}

fn encryption_of_redis(config: &Config, values: &Values, found: &mut Found) {
    let keys = ["redis.ssl_ca_location", "redis.ssl_certificate_location", "redis.ssl_key_location"];
    let [authority, certificate, key] = keys.map(|key| values.optional(key).is_ok_and(|value| value.is_some()));
    if !config.redis.url.now().expose_secret().starts_with("rediss://") {
        let unused = keys.into_iter().zip([authority, certificate, key]).filter(|(_, is_set)| *is_set);
        found.extend(unused.map(|(key, _)| (key, "has no effect unless redis.url begins with rediss://".to_owned())));
    }
    if certificate != key {
        found.push(("redis.ssl_key_location", "and redis.ssl_certificate_location go together; one of them is missing".into()));
    }
}

fn sentinels(config: &Config, values: &Values, found: &mut Found) {
    let keys = ["redis.sentinel_master", "redis.sentinel_user", "redis.sentinel_password"];
    let [master, user, password] = keys.map(|key| values.optional(key).is_ok_and(|value| value.is_some()));
    if config.redis.sentinels.is_none() {
        let unused = keys.into_iter().zip([master, user, password]).filter(|(_, is_set)| *is_set);
        found.extend(unused.map(|(key, _)| (key, "has no effect without redis.sentinels".to_owned())));
        return;
    }
    if !master {
        found.push(("redis.sentinel_master", "is needed with redis.sentinels: the name in the Sentinels' line `sentinel monitor`".into()));
    }
    if user && !password {
        found.push(("redis.sentinel_user", "has no effect without redis.sentinel_password".into()));
    }
    if config.redis.url.now().expose_secret().starts_with("unix:") {
        found.push(("redis.url", "is a socket, and Sentinels name hosts: let it begin with redis:// or rediss://".into()));
    }
}

fn connect(config: &Config, found: &mut Found) {
    let Some(connect) = &config.connect else { return };
    if connect.password.is_some() && connect.user.is_none() {
        found.push(("connect.password", "has no effect without connect.user".into()));
    }
    if connect.ca.is_some() && !connect.url.starts_with("https:") {
        found.push(("connect.ssl_ca_location", "has no effect unless connect.url begins with https://".into()));
    }
}

fn comparison(config: &Config, found: &mut Found) {
    if config.reconcile.every.is_some() && config.source.url.is_none() {
        found.push(("reconcile.every", "has no effect without source.url".into()));
    }
    if config.reconcile.repair && config.reconcile.every.is_none() {
        found.push(("reconcile.repair", "has no effect without reconcile.every".into()));
    }
}

fn mirror_types(config: &Config, found: &mut Found) {
    if config.mirror.types != Types::Catalog && config.mirror.source_url.is_some() {
        found.push(("mirror.source_url", "has no effect unless mirror.types is catalog; leave one of them out".into()));
    }
}

fn durations(config: &Config, found: &mut Found) {
    let (database, breaker) = (&config.database, &config.breaker);
    if database.lock_timeout > database.statement_timeout {
        found.push(("database.lock_timeout_ms", "is longer than database.statement_timeout_ms, and would never be reached".into()));
    }
    if breaker.open_base > breaker.open_max {
        found.push(("breaker.open_base_ms", "is longer than breaker.open_max_ms".into()));
    }
    if breaker.slow_call.is_some_and(|slow| slow > config.redis.lookup_deadline) {
        found.push(("breaker.slow_call_ms", "is longer than redis.lookup_deadline_ms, and no call would ever be slow".into()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_setting_that_would_have_no_effect_is_refused_with_what_it_needs() {
        for (variables, what) in [
            (&[("RECONCILE_EVERY", "60")][..], "RECONCILE_EVERY: has no effect without source.url"),
            (&[("RECONCILE_REPAIR", "true")], "RECONCILE_REPAIR: has no effect without reconcile.every"),
            (&[("REDIS_SENTINEL_MASTER", "shop")], "REDIS_SENTINEL_MASTER: has no effect without redis.sentinels"),
            (&[("REDIS_SENTINEL_PASSWORD", "p")], "REDIS_SENTINEL_PASSWORD: has no effect without redis.sentinels"),
            (&[("REDIS_SENTINELS", "s:26379")], "redis.sentinel_master: is needed with redis.sentinels"),
            (
                &[("REDIS_SENTINELS", "s:26379"), ("REDIS_SENTINEL_MASTER", "shop"), ("REDIS_SENTINEL_USER", "u")],
                "REDIS_SENTINEL_USER: has no effect without redis.sentinel_password",
            ),
            (
                &[("REDIS_SENTINELS", "s:26379"), ("REDIS_SENTINEL_MASTER", "shop"), ("REDIS_URL", "unix:///run/redis.sock")],
                "REDIS_URL: is a socket, and Sentinels name hosts",
            ),
            (
                &[("MIRROR_TYPES", "schema"), ("MIRROR_SOURCE_URL", "postgres://h/shop")],
                "MIRROR_SOURCE_URL: has no effect unless mirror.types is catalog",
            ),
            (&[("CONNECT_URL", "http://c:8083"), ("CONNECT_PASSWORD", "p")], "CONNECT_PASSWORD: has no effect without connect.user"),
            (&[("CONNECT_URL", "http://c:8083"), ("CONNECT_SSL_CA_LOCATION", "/ca.pem")], "CONNECT_SSL_CA_LOCATION: has no effect unless"),
        ] {
            let environment = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
            let problems = Config::load(None, &environment).unwrap_err().to_string();
            assert!(problems.contains(what), "{problems}");
        }
    }
}
