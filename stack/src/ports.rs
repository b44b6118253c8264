//! The ports of a stack: the fixed ports that people use, or free ports for a test run.

use std::fs;
use std::net::{Ipv4Addr, TcpListener};
use std::sync::atomic::{AtomicU16, Ordering};

use anyhow::{Context, Result, bail};

use crate::job::Job;

/// The first port that [`free_port`] tries, because the ports below belong to well-known services.
const FIRST_FREE: u16 = 10240;

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

    /// Ports on which nobody listens.
    ///
    /// # Errors
    /// When there are none.
    pub fn free() -> Result<Self> {
        Ok(Self {
            postgres: free_port()?,
            redis: free_port()?,
            kafka: free_port()?,
            controller: free_port()?,
            connect: free_port()?,
            orderstream: free_port()?,
        })
    }

    /// Fails with the name of the job's service whose port is taken, before anything is started.
    pub(crate) fn ensure_unused(&self, job: Job) -> Result<()> {
        ensure_unused("Postgres", self.postgres)?;
        if job.has_redis() {
            ensure_unused("Redis", self.redis)?;
        }
        ensure_unused("Kafka", self.kafka)?;
        ensure_unused("Kafka's controller", self.controller)?;
        ensure_unused("Kafka Connect", self.connect)
    }

    /// Fails if the port of orderstream is taken, which the stack itself does not use.
    ///
    /// # Errors
    /// When somebody listens on that port.
    pub fn ensure_orderstream_unused(&self) -> Result<()> {
        ensure_unused("orderstream", self.orderstream)
    }
}

/// A port on which nobody listens, and which no other call in this process gets.
///
/// # Errors
/// When there is none.
pub fn free_port() -> Result<u16> {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    // The kernel gives outgoing connections the ports from here on. A client's connection could otherwise take the port of a service that
    // is down for a moment, and the service could not come back.
    let end = first_outgoing_port();
    let count = end.saturating_sub(FIRST_FREE).max(1000);
    // Each process starts its search at another port, so that two processes do not compete for the same ports.
    let start = std::process::id().wrapping_mul(97);
    (0..count)
        .filter_map(|_| {
            let step = start.wrapping_add(u32::from(NEXT.fetch_add(1, Ordering::Relaxed)));
            let port = FIRST_FREE + u16::try_from(step % u32::from(count)).ok()?;
            TcpListener::bind((Ipv4Addr::LOCALHOST, port)).ok().map(|_| port)
        })
        .next()
        .with_context(|| format!("no free port between {FIRST_FREE} and {end} on 127.0.0.1"))
}

fn first_outgoing_port() -> u16 {
    let range = fs::read_to_string("/proc/sys/net/ipv4/ip_local_port_range").unwrap_or_default();
    range.split_whitespace().next().and_then(|port| port.parse().ok()).unwrap_or(32768)
}

pub(crate) fn ensure_unused(service: &str, port: u16) -> Result<()> {
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
        let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        ports.redis = taken.local_addr().unwrap().port();
        let message = ports.ensure_unused(Job::Orders).unwrap_err().to_string();
        assert!(message.contains(&format!("port {}, needed by Redis", ports.redis)), "{message}");
        ports.ensure_unused(Job::Mirror).unwrap();
    }

    #[test]
    fn free_ports_differ_and_can_be_used() {
        let ports = Ports::free().unwrap();
        ports.ensure_unused(Job::Orders).unwrap();
        ports.ensure_orderstream_unused().unwrap();
        let mut all = vec![ports.postgres, ports.redis, ports.kafka, ports.controller, ports.connect, ports.orderstream];
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), 6);
    }
}
