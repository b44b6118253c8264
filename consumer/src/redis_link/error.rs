//! What can go wrong with Redis, and what of it is an outage.

use std::time::Duration;

use redis::{ErrorKind, ServerError};

/// Why a call to Redis gave no result.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RedisError {
    /// The breaker is open: Redis was not asked.
    #[error("Redis was not asked: the circuit breaker is open")]
    Rejected {
        /// Asking earlier is in vain; `None` if nobody can tell: an operator holds the breaker open, or a probe is out.
        retry_after: Option<Duration>,
    },
    /// No answer within the deadline.
    #[error("Redis did not answer within {} ms", .0.as_millis())]
    Timeout(Duration),
    /// The connection could not be made, or broke.
    #[error("the connection to Redis failed: {0}")]
    Connection(String),
    /// Redis answered that it cannot serve now, with this error code.
    #[error("Redis cannot serve now: {0}")]
    Unready(String),
    /// Redis refused a command for what is in it or under its key, with this error code.
    #[error("Redis refused a command: {0}")]
    Refused(String),
    /// Redis answered with something of another shape.
    #[error("Redis answered something unexpected instead of {0}")]
    Unexpected(&'static str),
    /// The server was restarted, or another one took its place, since its run was asked for: it may have lost what was written before.
    #[error("Redis was restarted or replaced meanwhile")]
    AnotherRun,
    /// The URL cannot be used.
    #[error("the Redis URL cannot be used: {0}")]
    Url(String),
}

/// Codes that say the server cannot serve now, whatever the command. The first six are outages of a
/// cluster or a start; the others are answers of a server that is misconfigured, full or busy, where asking again at once is as vain.
const UNREADY: [&str; 16] = [
    "LOADING",
    "MASTERDOWN",
    "CLUSTERDOWN",
    "TRYAGAIN",
    "READONLY",
    "OOM",
    "MISCONF",
    "NOREPLICAS",
    "BUSY",
    "UNKILLABLE",
    "NOAUTH",
    "WRONGPASS",
    "NOPERM",
    "DENIED",
    "MOVED",
    "ASK",
];

impl RedisError {
    /// The label in `/health`.
    #[must_use]
    pub fn class(&self) -> &'static str {
        match self {
            Self::Rejected { .. } => "breaker open",
            Self::Timeout(_) => "timeout",
            Self::Connection(_) => "connection",
            Self::Unready(_) => "not ready",
            Self::Refused(_) | Self::Unexpected(_) => "refused",
            Self::AnotherRun => "restarted",
            Self::Url(_) => "url",
        }
    }

    /// Whether the breaker counts it: true for an outage, false for an error about data.
    #[must_use]
    pub fn is_outage(&self) -> bool {
        match self {
            Self::Timeout(_) | Self::Connection(_) | Self::Unready(_) => true,
            Self::Rejected { .. } | Self::Refused(_) | Self::Unexpected(_) | Self::AnotherRun | Self::Url(_) => false,
        }
    }

    /// Whether only writes are refused, and PING with them, although reads are served: the disk is full, say.
    /// Source: `processCommand` in Redis' server.c.
    pub(super) fn is_of_writes_only(&self) -> bool {
        matches!(self, Self::Unready(code) if code == "MISCONF")
    }

    /// Whether the connection is of no more use. `OOM` and the like pass on the same one; after a failover (`READONLY`) the name in the URL
    /// may lead to another server.
    pub(super) fn spoils_connection(&self) -> bool {
        match self {
            Self::Unready(code) => !matches!(code.as_str(), "OOM" | "LOADING" | "BUSY" | "MISCONF" | "NOREPLICAS"),
            other => other.is_outage(),
        }
    }

    /// An error reply as an error of ours. Only its code is kept: the text may quote arguments (P11).
    pub(crate) fn from_reply(error: &ServerError) -> Self {
        let code = error.code().to_owned();
        if UNREADY.contains(&error.code()) { Self::Unready(code) } else { Self::Refused(code) }
    }

    /// An error of the crate: no reply at all, or one that it could not read.
    pub(super) fn from_crate(error: &redis::RedisError) -> Self {
        match error.kind() {
            ErrorKind::Server(_) | ErrorKind::Extension => {
                let code = error.code().unwrap_or("ERR").to_owned();
                if UNREADY.contains(&code.as_str()) { Self::Unready(code) } else { Self::Connection(code) }
            }
            ErrorKind::Io => Self::Connection(error.to_string()),
            _ => Self::Connection(error.category().to_owned()),
        }
    }
}
