//! How to reach Redis, and which connection a call takes.

use std::time::Duration;

use service::settings::Renewable;
use service::tls::Files;

use super::sentinels::SentinelSettings;
use crate::redis::breaker::BreakerConfig;

/// Where Redis is and how long a call may take.
#[derive(Debug, Clone)]
pub struct LinkSettings {
    /// `redis://`, or `rediss://` for TLS; user, password and database are part of it. Asked anew for each
    /// connection.
    pub url: Renewable,
    /// The Sentinels that name the server; `None` if the URL does.
    pub sentinels: Option<SentinelSettings>,
    /// The files for TLS, which are read anew for each connection.
    pub tls: Files,
    /// The deadline of a call on the lookup lane: the longest that an order waits for its customer.
    pub lookup_deadline: Duration,
    /// The deadline of a call on the write lane.
    pub write_deadline: Duration,
    /// When the breaker opens, so that calls are no longer tried.
    pub breaker: BreakerConfig,
}

impl LinkSettings {
    /// The defaults, for the Redis at `url`.
    pub fn new(url: impl Into<Renewable>) -> Self {
        Self {
            url: url.into(),
            sentinels: None,
            tls: Files::default(),
            lookup_deadline: Duration::from_millis(500),
            write_deadline: Duration::from_secs(2),
            breaker: BreakerConfig::default(),
        }
    }
}

/// Which connection a call takes, and whether it writes: a big write-back must not hold up a lookup, and a server that refuses writes may
/// serve reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum On {
    /// Reads that orders wait for.
    Lookup,
    /// Other reads, which share the connection of the writes.
    Read,
    /// Writes.
    Write,
}

/// One run of one Redis server, from its start to its end, numbered as this process has seen them. What was written in one run may be lost
/// in the next (P8). A new run also begins when a server takes its data from another server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Run(pub(super) u64);
