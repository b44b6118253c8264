//! What the work with Redis rests on, asked for and not assumed (P12): mode, version, role, what is evicted, what is saved, and which commands
//! this user may run here.

use redis::{Pipeline, Value};

use super::rights::{self, Missing};
use super::{RedisError, reply};

/// What a server told of itself. Managed services leave some of it out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Facts {
    /// Its version, or words for none.
    pub version: String,
    /// Whether it follows another server.
    pub is_replica: bool,
    /// `maxmemory-policy`
    pub policy: Option<String>,
    /// `maxmemory`, zero for no limit.
    pub max_bytes: Option<u64>,
    /// What it uses now.
    pub used_bytes: Option<u64>,
    /// Whether the append-only file is on.
    pub is_append_only: Option<bool>,
    /// Whether its last dump failed.
    pub last_save_failed: bool,
    /// What of all that orderstream asks it does not do for this user.
    pub missing: Vec<Missing>,
}

impl Facts {
    /// Whether hashes have to be written by `HSET`.
    #[must_use]
    pub fn lacks_restore(&self) -> bool {
        self.missing.iter().any(Missing::is_restore)
    }
}

/// One round trip.
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
        // It is among what is missing.
        Err(RedisError::Denied(_)) => String::new(),
        Err(error) => return Err(error),
    };
    let of = |name: &str| info.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
    let number = |name: &str| of(name)?.parse().ok();
    Ok(Facts {
        version: of("redis_version").unwrap_or("of unknown version").to_owned(),
        is_replica: of("role").is_some_and(|role| role != "master"),
        policy: of("maxmemory_policy").map(str::to_owned),
        max_bytes: number("maxmemory"),
        used_bytes: number("used_memory"),
        is_append_only: of("aof_enabled").map(|flag| flag == "1"),
        last_save_failed: of("rdb_last_bgsave_status").is_some_and(|status| status != "ok"),
        missing: rights::missing(answers),
    })
}
