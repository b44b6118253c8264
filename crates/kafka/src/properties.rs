//! The properties of librdkafka that an operator may set: none that the promises rest on, and none that has a setting of its own.

use rdkafka::ClientConfig;

/// Checks that the property may be set, and that the client takes the value. The client is asked here, because its own error would show the
/// value.
///
/// # Errors
/// Why the property is refused, without the value (P11).
pub fn check(name: &str, value: &str) -> Result<(), String> {
    if let Some(reason) = refusal(name) {
        return Err(format!("`{name}` cannot be set here: {reason}"));
    }
    if ClientConfig::new().set(name, value).create_native_config().is_err() {
        return Err(format!("`{name}`: librdkafka has no such property, or does not take that value"));
    }
    Ok(())
}

/// Why a property may not be set: the promises rest on it, or it has a key of its own. `None` if it may be set.
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
        "enable.ssl.certificate.verification" | "ssl.endpoint.identification.algorithm" => {
            "the broker's certificate and name are always checked; name its authority in kafka.ssl_ca_location"
        }
        "ssl.ca.location" => "use kafka.ssl_ca_location",
        "ssl.certificate.location" => "use kafka.ssl_certificate_location",
        "ssl.key.location" => "use kafka.ssl_key_location",
        "ssl.key.password" => "use kafka.ssl_key_password",
        "" => "it has no name",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn properties_that_the_client_does_not_know_are_refused_without_their_value() {
        for name in ["ssl.keystore.passwrd", "linger.ms"] {
            let refused = check(name, "s3cret").unwrap_err();
            assert!(refused.contains("librdkafka has no such property") && !refused.contains("s3cret"), "{refused}");
        }
    }

    #[test]
    fn properties_that_the_promises_rest_on_are_refused_with_the_reason() {
        let refused = check("enable.auto.commit", "true").unwrap_err();
        assert!(refused.contains("P3"), "{refused}");
        assert!(check("sasl.password", "x").unwrap_err().contains("kafka.sasl_password"));
        assert_eq!(check("socket.keepalive.enable", "true"), Ok(()));
    }
}
