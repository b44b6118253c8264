//! The names by which this server may be asked. A page elsewhere can give its own name the address of this machine; the name gives it away.

use service::http::is_loopback;

/// The names beside those of the loopback.
#[derive(Debug)]
pub(super) struct Hosts(Vec<String>);

impl Hosts {
    pub(super) fn new(names: &[String]) -> Self {
        Self(names.iter().map(|name| name.to_ascii_lowercase()).collect())
    }

    /// Whether the value of a header `Host` is one of the names. A name without a port stands for every port.
    pub(super) fn allow(&self, authority: &str) -> bool {
        let asked = authority.to_ascii_lowercase();
        let without_port = match asked.rsplit_once(':') {
            Some((host, port)) if port.bytes().all(|digit| digit.is_ascii_digit()) => host,
            _ => &asked,
        };
        is_loopback(&asked) || self.0.iter().any(|name| *name == asked || name == without_port)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_loopback_and_named_hosts_are_answered() {
        let hosts = Hosts::new(&["Orders.Example".to_owned(), "10.0.0.7:8080".to_owned()]);
        for known in ["localhost:8080", "127.0.0.1:8080", "[::1]:8080", "orders.example", "ORDERS.example:443", "10.0.0.7:8080"] {
            assert!(hosts.allow(known), "{known}");
        }
        for other in ["evil.example", "localhost.evil.example", "10.0.0.7:9090", "orders.example.evil", "", ":8080"] {
            assert!(!hosts.allow(other), "{other}");
        }
    }
}
