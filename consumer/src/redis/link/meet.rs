//! The questions that each new connection asks the server: which server it is, whether orderstream can work with it, and how hashes are
//! written there.

use std::sync::LazyLock;

use redis::aio::{ConnectionLike, MultiplexedConnection};
use redis::{Cmd, Pipeline, Value};

use super::{RedisError, reply};

/// The key that `RESTORE` is tried with. No order has such an id, so nobody else has the key.
const KEY: &str = "order:check";

/// What `DUMP` of Redis 7.0 gives for `HSET order:check version 0`.
const DUMP: &[u8] = b"\x10\x12\x12\x00\x00\x00\x02\x00\x87version\x08\x00\x01\xff\n\x00o\xa2\xff\xfc\xd6\xd0\x8f.";

/// The questions, asked once per connection in one round trip.
static QUESTIONS: LazyLock<Pipeline> = LazyLock::new(|| {
    let mut questions = Pipeline::with_capacity(2);
    questions.cmd("INFO").add_command(restore());
    questions
});

/// What was learned of a server.
#[derive(Debug)]
pub(super) struct Met {
    /// A text that changes when the server process is another one, or when its data came from another server: after a restart, a failover,
    /// a resynchronisation. `None` if the user may not ask: then each connection counts as another run.
    pub(super) identity: Option<String>,
    /// Whether the server restores dumps for this user.
    pub(super) restores: bool,
    /// `master` or `slave`; `None` if the user may not ask.
    pub(super) role: Option<String>,
}

impl Met {
    /// Whether the server says itself that it is a master. `INFO` tells what `ROLE` tells, and takes no right of its own.
    pub(super) fn is_master(&self) -> bool {
        self.role.as_deref() == Some("master")
    }
}

/// Asks the questions. If the server refuses `INFO`, the identity is unknown; later calls show what is wrong.
pub(super) async fn meet(connection: &mut MultiplexedConnection) -> Result<Met, RedisError> {
    let replies = connection.req_packed_commands(&QUESTIONS, 0, QUESTIONS.len()).await;
    let [info, restored] = <[Value; 2]>::try_from(replies.map_err(|error| RedisError::from_crate(&error))?)
        .map_err(|_| RedisError::Unexpected("two replies"))?;
    let info = reply::text(info).unwrap_or_default().unwrap_or_default();
    let of = |name: &str| info.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
    if of("redis_mode") == Some("cluster") || of("cluster_enabled") == Some("1") {
        return Err(RedisError::Cluster);
    }
    let identity = of("run_id").zip(of("master_replid")).map(|(run, data)| format!("{run} {data}"));
    let role = of("role").map(str::to_owned);
    Ok(Met { identity, restores: is_restored(&restored), role })
}

/// Restores a whole hash that expires after a millisecond. Only the server knows whether `RESTORE` is there under this name, whether this
/// user may run it, and whether the server reads dumps of this version.
pub(super) fn restore() -> Cmd {
    let mut restore = redis::cmd("RESTORE");
    restore.arg(KEY).arg(1).arg(DUMP).arg("REPLACE");
    restore
}

/// Whether an answer says that `RESTORE` works. Only a denial says no: a server that takes no writes now says nothing about the command.
pub(super) fn is_restored(answer: &Value) -> bool {
    reply::error(answer).is_none_or(|error| !matches!(RedisError::from_reply(error), RedisError::Denied(_)))
}
