//! Checks the address of a receiver of traces.

use super::url::after_scheme;

/// Checks the address of a receiver of traces: a scheme, a host and a port, and nothing else, because nothing else would have an effect.
///
/// # Errors
/// What is wrong, and how to write the address.
pub(super) fn check(text: &str) -> Result<(), String> {
    let rest = after_scheme(text, &["http", "https"]).ok_or("not the address of a receiver: it begins with http:// or https://")?;
    if rest.contains('@') {
        return Err("not the address of a receiver: it takes no user name and no password; a collector of your own adds them".to_owned());
    }
    let address = rest.strip_suffix('/').unwrap_or(rest);
    let has_port = address.rsplit_once(':').is_some_and(|(host, port)| !host.is_empty() && port.parse::<u16>().is_ok_and(|port| port > 0));
    if !has_port || address.contains(['/', '?', '#', ' ']) {
        return Err("not the address of a receiver: write the host and the port of its OTLP over gRPC, which mostly is 4317, and no path"
            .to_owned());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_receiver_of_traces_is_a_host_and_a_port() {
        for right in ["http://localhost:4317", "https://collector.example:4317/", "http://[::1]:4317"] {
            assert_eq!(check(right), Ok(()), "{right}");
        }
        for wrong in
            ["localhost:4317", "grpc://h:4317", "http://h", "http://h:0", "http://:4317", "http://h:4317/v1/traces", "http://h:4317?a=b"]
        {
            assert!(check(wrong).is_err(), "{wrong}");
        }
        let what = check("http://u:secret@h:4317").unwrap_err();
        assert!(what.contains("no password") && !what.contains("secret"), "{what}");
    }
}
