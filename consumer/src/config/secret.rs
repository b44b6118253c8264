//! Texts that never appear in output: secrets, passwords inside URLs, secret librdkafka properties.

use std::collections::BTreeMap;
use std::fmt;

use rdkafka::ClientConfig;

/// What is printed in place of a secret.
pub const REDACTED: &str = "<redacted>";

/// A text that `Debug` does not show; it has no `Display`.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Hides a text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text, for the one call that needs it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(REDACTED)
    }
}

/// Further librdkafka properties by name; `Debug` shows the values of harmless ones only.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Properties(BTreeMap<String, String>);

impl Properties {
    /// `name=value`, separated by line ends or, on a single line, by semicolons.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let separator = if text.trim().contains('\n') { '\n' } else { ';' };
        let mut properties = BTreeMap::new();
        for (index, line) in text.split(separator).map(str::trim).filter(|line| !line.is_empty()).enumerate() {
            let (name, value) = line.split_once('=').ok_or_else(|| format!("entry {} is not name=value", index + 1))?;
            if let Some(reason) = refusal(name.trim()) {
                return Err(format!("`{}` cannot be set here: {reason}", name.trim()));
            }
            if !is_accepted(name.trim(), value.trim()) {
                return Err(format!("`{}`: librdkafka has no such property, or does not take that value", name.trim()));
            }
            properties.insert(name.trim().to_owned(), value.trim().to_owned());
        }
        Ok(Self(properties))
    }

    pub(super) fn to_text(&self) -> String {
        self.0.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("\n")
    }

    /// Each name and value.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Each name and value, secret values redacted.
    pub fn redacted(&self) -> impl Iterator<Item = (&str, &str)> {
        self.iter().map(|(name, value)| (name, if is_secret_property(name) { REDACTED } else { value }))
    }
}

impl fmt::Debug for Properties {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.redacted()).finish()
    }
}

/// Asked here, because the client's own error would show the value.
fn is_accepted(name: &str, value: &str) -> bool {
    ClientConfig::new().set(name, value).create_native_config().is_ok()
}

fn is_secret_property(name: &str) -> bool {
    ["password", "passphrase", "secret", "pem", "private", "oauthbearer.config", "assertion"].iter().any(|word| name.contains(word))
}

/// Why a property may not be set: the promises rest on it, or it has a key of its own.
fn refusal(name: &str) -> Option<&'static str> {
    Some(match name {
        "enable.auto.commit" | "auto.commit.enable" | "enable.auto.offset.store" => {
            "the position is a row in Postgres; Kafka's copy follows the commit (P3)"
        }
        "auto.offset.reset" => "a position that Kafka does not have stops the partition; it is never jumped over (P2)",
        "isolation.level" => "records of aborted transactions never happened (P2)",
        "partition.assignment.strategy" | "group.protocol" => {
            "the claim of a partition rests on cooperative-sticky in the classic protocol (P4)"
        }
        "enable.partition.eof" => "the end of a partition tells lag from silence (P9)",
        "acks" | "request.required.acks" | "enable.idempotence" => "a dead letter counts only once all in-sync replicas have it (P7)",
        "queued.max.messages.kbytes" => "what is fetched ahead is bounded (P10)",
        "statistics.interval.ms" => "the client's statistics tell whether it still fetches (P9)",
        "enable.metrics.push" => "the program answers to /metrics alone",
        "bootstrap.servers" | "metadata.broker.list" => "use kafka.bootstrap_servers",
        "group.id" => "use kafka.group_id",
        "security.protocol" => "use kafka.security_protocol",
        "sasl.mechanism" | "sasl.mechanisms" => "use kafka.sasl_mechanism",
        "sasl.username" => "use kafka.sasl_username",
        "sasl.password" => "use kafka.sasl_password",
        "ssl.ca.location" => "use kafka.ssl_ca_location",
        "ssl.certificate.location" => "use kafka.ssl_certificate_location",
        "ssl.key.location" => "use kafka.ssl_key_location",
        "ssl.key.password" => "use kafka.ssl_key_password",
        "" => "it has no name",
        _ => return None,
    })
}

/// A URL without its password, in whichever of its parts.
#[must_use]
pub fn redact_url(url: &str) -> String {
    let (base, query) = url.split_once('?').map_or((url, None), |(base, query)| (base, Some(query)));
    let mut shown = redact_user_info(base);
    if let Some(query) = query {
        let parts: Vec<String> = query.split('&').map(redact_parameter).collect();
        shown = format!("{shown}?{}", parts.join("&"));
    }
    shown
}

fn redact_user_info(base: &str) -> String {
    let Some((scheme, rest)) = base.split_once("://") else { return REDACTED.into() };
    // The last @ ends the user info: one inside the password may have been left unencoded.
    match rest.rsplit_once('@') {
        Some((user_info, host)) => match user_info.split_once(':') {
            Some((user, _)) => format!("{scheme}://{user}:{REDACTED}@{host}"),
            None => base.to_owned(),
        },
        None => base.to_owned(),
    }
}

fn redact_parameter(parameter: &str) -> String {
    match parameter.split_once('=') {
        Some((name, _)) if name.contains("pass") => format!("{name}={REDACTED}"),
        _ => parameter.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_lose_their_password_and_keep_the_rest() {
        assert_eq!(redact_url("postgres://u:s3cret@h:5432/d?sslmode=require"), "postgres://u:<redacted>@h:5432/d?sslmode=require");
        assert_eq!(redact_url("postgres://u@h/d?password=s3cret&sslmode=require"), "postgres://u@h/d?password=<redacted>&sslmode=require");
        assert_eq!(redact_url("redis://:s3@cret@h/1"), "redis://:<redacted>@h/1");
        assert_eq!(redact_url("redis://h"), "redis://h");
        assert_eq!(redact_url("s3cret"), REDACTED);
    }

    #[test]
    fn properties_are_read_from_lines_or_semicolons() {
        let expected = vec![("client.id", "1"), ("debug", "broker,topic")];
        for text in ["client.id=1;debug=broker,topic", "client.id=1\ndebug=broker,topic\n"] {
            assert_eq!(Properties::parse(text).unwrap().iter().collect::<Vec<_>>(), expected);
        }
        assert!(Properties::parse("client.id").is_err());
    }

    #[test]
    fn properties_that_the_client_does_not_know_are_refused_without_their_value() {
        for text in ["ssl.keystore.passwrd=s3cret", "linger.ms=s3cret"] {
            let refused = Properties::parse(text).unwrap_err();
            assert!(refused.contains("librdkafka has no such property") && !refused.contains("s3cret"), "{refused}");
        }
    }

    #[test]
    fn properties_that_the_promises_rest_on_are_refused_with_the_reason() {
        let refused = Properties::parse("enable.auto.commit=true").unwrap_err();
        assert!(refused.contains("P3"), "{refused}");
        assert!(Properties::parse("sasl.password=x").unwrap_err().contains("kafka.sasl_password"));
    }

    #[test]
    fn secret_properties_are_not_shown() {
        let properties = Properties::parse("ssl.keystore.password=s3cret;socket.keepalive.enable=true").unwrap();
        let shown = format!("{properties:?} {:?}", Secret::new("s3cret"));
        assert!(!shown.contains("s3cret"), "{shown}");
        assert!(shown.contains("socket.keepalive.enable"));
    }
}
