//! What can go wrong with Redis, and what each error means (P13): an outage, a refusal of one thing, or a fault of ours.

use std::time::Duration;

use redis::{ErrorKind, ServerError};
use service::tls::{Names, Trouble};

/// Why a call to Redis gave no result.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RedisError {
    /// The breaker is open: Redis was not asked.
    #[error("Redis was not asked: the circuit breaker is open")]
    Rejected {
        /// Asking earlier is in vain. `None` if the time is not known: an operator holds the breaker open, or a probe has not come back
        /// yet.
        retry_after: Option<Duration>,
    },
    /// Redis gave no answer within the deadline.
    #[error("Redis did not answer within {} ms", .0.as_millis())]
    Timeout(Duration),
    /// The connection could not be made, or broke.
    #[error("the connection to Redis failed: {0}")]
    Connection(String),
    /// No connection over TLS could be made. The text says why, and what to do.
    #[error("no TLS with Redis: {0}")]
    Tls(String),
    /// Redis refuses the user or the password, with this error code.
    #[error("Redis does not let this user in: {}", of_login(.0))]
    Login(String),
    /// Redis answered that it cannot serve now, with this error code.
    #[error("Redis cannot serve now: {0}")]
    Unready(String),
    /// Redis serves reads and refuses to write, with this error code.
    #[error("Redis takes no writes now: {}", of_writes(.0))]
    NoWrites(String),
    /// Keys are spread over the nodes of a cluster.
    #[error("Redis runs in cluster mode, which orderstream does not support yet: point redis.url at a single server")]
    Cluster,
    /// Redis refused a command because of the value under its key, with this error code.
    #[error("Redis refused a command: {0}")]
    Refused(String),
    /// The server does not know the command, or the user may not run it. The text says which.
    #[error("Redis does not do what orderstream asks: {0}")]
    Denied(String),
    /// Redis answered with something of another shape.
    #[error("Redis answered something unexpected instead of {0}")]
    Unexpected(&'static str),
    /// The server was restarted, or another one took its place, since its run was asked for. What was written before may be lost.
    #[error("Redis was restarted or replaced meanwhile")]
    AnotherRun,
    /// The Sentinels name no server that is a master. The text has what each of them said, and each server that they name.
    #[error("no master of Redis is found: {0}")]
    NoMaster(String),
    /// The URL cannot be used.
    #[error("the Redis URL cannot be used: {0}")]
    Url(String),
}

/// What an error means, who logs it, and what happens then (P13).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Means {
    /// Redis is away. The breaker counts and logs the error, and the work waits for Redis or goes on without.
    Outage,
    /// Redis serves reads and refuses writes. The breaker of the writes counts and logs the error; customers are looked up all the same.
    NoWrites,
    /// Redis was not asked, for a reason that was logged before.
    NotAsked,
    /// A value of another type is under one key. The caller that asked for the key decides.
    OneThing,
    /// The server, the user or this program is not what the others take it for. Waiting does not help: the error is logged by name until
    /// somebody acts.
    Ours,
}

/// Codes that say the server cannot serve now, whatever the command.
const UNREADY: [&str; 5] = ["LOADING", "MASTERDOWN", "BUSY", "UNKILLABLE", "DENIED"];

/// Codes that say the server does not know this user, this password, or anybody without a password.
const LOGIN: [&str; 2] = ["WRONGPASS", "NOAUTH"];

/// The settings that a sentence about TLS names.
const NAMES: Names = Names { authority: "redis.ssl_ca_location", certificate: "redis.ssl_certificate_location" };

/// Codes of a server that serves reads only: its memory is full, its disk is, it is a replica, or it lacks replicas of its own.
const NO_WRITES: [&str; 4] = ["OOM", "MISCONF", "READONLY", "NOREPLICAS"];

/// Codes that only nodes of a cluster answer with.
const CLUSTER: [&str; 5] = ["MOVED", "ASK", "CROSSSLOT", "CLUSTERDOWN", "TRYAGAIN"];

/// An error code of writes, explained to an operator.
fn of_writes(code: &str) -> &str {
    match code {
        "OOM" => "OOM, its memory is full and maxmemory-policy evicts nothing more",
        "MISCONF" => "MISCONF, its last attempt to save to disk has failed",
        "READONLY" => "READONLY, it is a replica",
        "NOREPLICAS" => "NOREPLICAS, it has fewer replicas than min-replicas-to-write asks for",
        other => other,
    }
}

/// An error code of a login, explained to an operator.
fn of_login(code: &str) -> &'static str {
    match code {
        "NOAUTH" => "it wants a password (NOAUTH); put one into redis.url",
        _ => "the user or the password is wrong, or the user is off (WRONGPASS); correct redis.url or the server's user (ACL SETUSER)",
    }
}

impl RedisError {
    /// The label in `/health`.
    #[must_use]
    pub fn class(&self) -> &'static str {
        match self {
            Self::Rejected { .. } => "breaker open",
            Self::Timeout(_) => "timeout",
            Self::Connection(_) => "connection",
            Self::Tls(_) => "tls",
            Self::Login(_) => "login",
            Self::Unready(_) => "not ready",
            Self::NoWrites(_) => "no writes",
            Self::Cluster => "cluster mode is not supported",
            Self::Refused(_) | Self::Unexpected(_) => "refused",
            Self::Denied(_) => "denied",
            Self::AnotherRun => "restarted",
            Self::NoMaster(_) => "no master",
            Self::Url(_) => "url",
        }
    }

    /// What the error means. A cluster counts as an outage too: there is no server to work with until the URL leads elsewhere.
    #[must_use]
    pub fn means(&self) -> Means {
        match self {
            Self::Timeout(_)
            | Self::Connection(_)
            | Self::Tls(_)
            | Self::Login(_)
            | Self::Unready(_)
            | Self::NoMaster(_)
            | Self::Cluster => Means::Outage,
            Self::NoWrites(_) => Means::NoWrites,
            Self::Rejected { .. } | Self::AnotherRun => Means::NotAsked,
            Self::Refused(_) => Means::OneThing,
            Self::Denied(_) | Self::Unexpected(_) | Self::Url(_) => Means::Ours,
        }
    }

    /// Whether a breaker counts the error: true for an outage, also of the writes alone; false for an error about data.
    #[must_use]
    pub fn is_outage(&self) -> bool {
        matches!(self.means(), Means::Outage | Means::NoWrites)
    }

    /// Whether the connection is of no more use. Errors such as `OOM` pass on the same connection; after a failover (`READONLY`) the name
    /// in the URL may lead to another server.
    pub(super) fn spoils_connection(&self) -> bool {
        match self {
            Self::Unready(code) => !matches!(code.as_str(), "LOADING" | "BUSY"),
            Self::NoWrites(code) => code == "READONLY",
            other => other.is_outage(),
        }
    }

    /// Turns an error reply into a [`RedisError`]. Only the reply's code is kept, or words that quote nothing, because the text may have
    /// arguments in it (P11).
    pub(crate) fn from_reply(error: &ServerError) -> Self {
        Self::from_code(error.code(), error.details().unwrap_or_default())
    }

    fn from_code(code: &str, details: &str) -> Self {
        let own = code.to_owned();
        match code {
            code if LOGIN.contains(&code) => Self::Login(own),
            code if UNREADY.contains(&code) => Self::Unready(own),
            code if NO_WRITES.contains(&code) => Self::NoWrites(own),
            code if CLUSTER.contains(&code) => Self::Cluster,
            "WRONGTYPE" => Self::Refused(own),
            "ERR" => Self::Denied(in_words(details).to_owned()),
            _ => Self::Denied(own),
        }
    }

    /// Turns an error of the `redis` crate into a [`RedisError`]: the server gave no reply at all, or one that the crate could not read.
    pub(super) fn from_crate(error: &redis::RedisError) -> Self {
        match error.kind() {
            ErrorKind::Server(_) | ErrorKind::Extension => match Self::from_code(error.code().unwrap_or("ERR"), "") {
                // The server refused the command while the connection was made.
                Self::Denied(code) => Self::Connection(code),
                other => other,
            },
            ErrorKind::AuthenticationFailed => Self::Login("WRONGPASS".to_owned()),
            ErrorKind::Io => match Trouble::of(error) {
                Some(trouble) => Self::Tls(trouble.in_words(NAMES)),
                None => Self::Connection(error.to_string()),
            },
            _ => Self::Connection(error.category().to_owned()),
        }
    }
}

/// Fixed words for errors that have no code of their own, plain or from within a script.
fn in_words(details: &str) -> &'static str {
    let words = details.to_ascii_lowercase();
    let starts = |beginning: &[&str]| beginning.iter().any(|beginning| words.starts_with(beginning));
    if starts(&["unknown command", "unknown redis command", "unknown subcommand"]) {
        "unknown command"
    } else if starts(&["the user executing the script"]) {
        "NOPERM in a script"
    } else if starts(&["wrong number of arg"]) {
        "wrong number of arguments"
    } else {
        "ERR"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_error_of_a_server_is_an_outage_a_refusal_of_one_thing_or_ours() {
        let means = |code: &str, details: &str| RedisError::from_code(code, details).means();
        for code in ["LOADING", "MASTERDOWN", "WRONGPASS", "MOVED", "CROSSSLOT", "CLUSTERDOWN"] {
            assert_eq!(means(code, ""), Means::Outage, "{code}");
        }
        for code in ["OOM", "MISCONF", "READONLY", "NOREPLICAS"] {
            assert_eq!(means(code, ""), Means::NoWrites, "{code}");
        }
        assert_eq!(means("WRONGTYPE", "Operation against a key"), Means::OneThing);
        for (code, details) in [("NOPERM", ""), ("ERR", "unknown command 'X'"), ("ERR", "anything"), ("NEWCODE", "")] {
            assert_eq!(means(code, details), Means::Ours, "{code} {details}");
        }
    }

    #[test]
    fn of_the_text_of_an_error_nothing_is_kept_that_could_be_an_argument() {
        let told = |details: &str| RedisError::from_code("ERR", details).to_string();
        assert!(told("unknown command 'HMGET', with args beginning with: 'customer:ann@example.com'").ends_with(": unknown command"));
        assert!(told("Unknown Redis command called from script script: 32fe").ends_with(": unknown command"));
        assert!(told("The user executing the script can't run this command or subcommand script: 90").ends_with(": NOPERM in a script"));
        assert!(told("Wrong number of args calling Redis command from script").ends_with(": wrong number of arguments"));
        assert!(told("something about ann@example.com").ends_with(": ERR"));
    }
}
