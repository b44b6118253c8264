//! The ports of a stack: the fixed ones people use, or free ones for a test run.

use std::fs;
use std::net::{Ipv4Addr, TcpListener};

use anyhow::{Context, Result, bail};

/// One port for each listener.
#[derive(Clone, Debug)]
pub struct Ports {
    /// Postgres.
    pub postgres: u16,
    /// Redis.
    pub redis: u16,
    /// Kafka, for clients.
    pub kafka: u16,
    /// Kafka's controller, for Kafka itself.
    pub controller: u16,
    /// Kafka Connect's REST interface.
    pub connect: u16,
    /// orderstream's HTTP interface. The stack leaves it free.
    pub orderstream: u16,
}

impl Ports {
    /// The ports of `make up` and docker compose.
    pub fn fixed() -> Self {
        Self { postgres: 15432, redis: 6379, kafka: 9092, controller: 9093, connect: 8083, orderstream: 8080 }
    }

    /// Six ports nobody listens on.
    ///
    /// # Errors
    /// When there are none.
    pub fn free() -> Result<Self> {
        // Held until all six are found, so that they differ.
        let listeners = (0..6).map(|_| free_listener()).collect::<Result<Vec<_>>>()?;
        let mut ports = Vec::with_capacity(listeners.len());
        for listener in &listeners {
            ports.push(listener.local_addr()?.port());
        }
        let [postgres, redis, kafka, controller, connect, orderstream] = ports[..] else { bail!("six ports were asked for") };
        Ok(Self { postgres, redis, kafka, controller, connect, orderstream })
    }

    /// Says which of the services' ports is taken, before anything is started.
    pub(crate) fn ensure_unused(&self) -> Result<()> {
        ensure_unused("Postgres", self.postgres)?;
        ensure_unused("Redis", self.redis)?;
        ensure_unused("Kafka", self.kafka)?;
        ensure_unused("Kafka's controller", self.controller)?;
        ensure_unused("Kafka Connect", self.connect)
    }

    /// As [`Ports::ensure_unused`], for the port the stack itself does not use.
    ///
    /// # Errors
    /// When somebody listens there.
    pub fn ensure_orderstream_unused(&self) -> Result<()> {
        ensure_unused("orderstream", self.orderstream)
    }
}

/// A port nobody listens on.
///
/// # Errors
/// When there is none.
pub fn free_port() -> Result<u16> {
    Ok(free_listener()?.local_addr()?.port())
}

/// Below the range from which outgoing connections take theirs: otherwise some client's connection may sit on the port of
/// a service that is down for a moment, and the service could not come back.
fn free_listener() -> Result<TcpListener> {
    let lowest_ephemeral = fs::read_to_string("/proc/sys/net/ipv4/ip_local_port_range")
        .ok()
        .and_then(|range| range.split_whitespace().next()?.parse().ok())
        .unwrap_or(32768);
    let first = 10240;
    let count = u32::from(lowest_ephemeral.max(first + 1000) - first);
    // Each process starts its search elsewhere, so that two of them do not compete for the same ports.
    let start = std::process::id().wrapping_mul(97);
    (0..count)
        .filter_map(|step| u16::try_from((start.wrapping_add(step)) % count).ok())
        .find_map(|offset| TcpListener::bind((Ipv4Addr::LOCALHOST, first + offset)).ok())
        .with_context(|| format!("no free port between {first} and {lowest_ephemeral} on 127.0.0.1"))
}

fn ensure_unused(service: &str, port: u16) -> Result<()> {
    match TcpListener::bind((Ipv4Addr::LOCALHOST, port)) {
        Ok(_) => Ok(()),
        Err(error) => bail!(
            "port {port}, needed by {service}, cannot be used: {error}. Stop the program that listens there \
             (`ss -ltnp 'sport = :{port}'` as root names it; for a service of the system: systemctl stop <service>)"
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_in_use_is_reported_with_its_number_and_the_service_that_needs_it() {
        let mut ports = Ports::free().unwrap();
        let taken = free_listener().unwrap();
        ports.redis = taken.local_addr().unwrap().port();
        let message = ports.ensure_unused().unwrap_err().to_string();
        assert!(message.contains(&format!("port {}, needed by Redis", ports.redis)), "{message}");
    }

    #[test]
    fn free_ports_differ_and_can_be_used() {
        let ports = Ports::free().unwrap();
        ports.ensure_unused().unwrap();
        ports.ensure_orderstream_unused().unwrap();
        let mut all = vec![ports.postgres, ports.redis, ports.kafka, ports.controller, ports.connect, ports.orderstream];
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), 6);
    }
}
