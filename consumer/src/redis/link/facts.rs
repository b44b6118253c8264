//! Asks a Redis server for what the work rests on, instead of assuming it (P12): mode, version, role, what is evicted, what is saved, and
//! which commands this user may run.

use redis::{Pipeline, Value};

use super::rights::{self, Missing};
use super::{RedisError, reply};

/// What a server says of itself. Managed services leave some of the facts out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Facts {
    /// The server's version, or "of unknown version".
    pub version: String,
    /// Whether the server follows another server.
    pub is_replica: bool,
    /// How many servers follow this one; `None` if the server does not tell.
    pub replicas: Option<u64>,
    /// Whether the server takes writes only while servers follow it (`min-replicas-to-write`).
    pub wants_replicas: bool,
    /// `maxmemory-policy`
    pub policy: Option<String>,
    /// `maxmemory`, zero for no limit.
    pub max_bytes: Option<u64>,
    /// The memory that the server uses now.
    pub used_bytes: Option<u64>,
    /// Whether the append-only file is on.
    pub is_append_only: Option<bool>,
    /// Whether the server's last dump failed.
    pub last_save_failed: bool,
    /// The commands that orderstream needs and that the server does not run for this user.
    pub missing: Vec<Missing>,
}

impl Facts {
    /// Whether hashes have to be written by `HSET`.
    #[must_use]
    pub fn lacks_restore(&self) -> bool {
        self.missing.iter().any(Missing::is_restore)
    }
}

/// All questions, as one round trip.
pub(super) fn questions() -> Pipeline {
    let mut questions = Pipeline::new();
    questions.cmd("INFO");
    for (_, command) in rights::trials() {
        questions.add_command(command);
    }
    questions
}

/// The answers to [`questions`].
pub(super) fn read(answers: Vec<Value>) -> Result<Facts, RedisError> {
    let mut answers = answers.into_iter();
    let info = match answers.next().map_or(Err(RedisError::Unexpected("as many replies as commands")), reply::text) {
        Ok(info) => info.unwrap_or_default(),
        // A denied `INFO` is among the missing commands.
        Err(RedisError::Denied(_)) => String::new(),
        Err(error) => return Err(error),
    };
    let of = |name: &str| info.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
    let number = |name: &str| of(name)?.parse().ok();
    Ok(Facts {
        version: of("redis_version").unwrap_or("of unknown version").to_owned(),
        is_replica: of("role").is_some_and(|role| role != "master"),
        replicas: number("connected_slaves"),
        // The server tells this number only if the setting is on.
        wants_replicas: number("min_slaves_good_slaves").is_some(),
        policy: of("maxmemory_policy").map(str::to_owned),
        max_bytes: number("maxmemory"),
        used_bytes: number("used_memory"),
        is_append_only: of("aof_enabled").map(|flag| flag == "1"),
        last_save_failed: of("rdb_last_bgsave_status").is_some_and(|status| status != "ok"),
        missing: rights::missing(answers),
    })
}
