//! How far Redis reflects each partition of each topic: the hash `orderstream:progress` (P8).
//!
//! Progress moves after the keys it covers, and only over ground that is known to be whole: from where Postgres stood before the batch. A
//! Redis that lost something has less than that, so the first move after the loss notices it, and a change that happens to arrive right
//! after FLUSHALL cannot make an emptied Redis look complete.
//!
//! Moving it is a round trip of its own. Commands of one pipeline run whether or not those before them failed, MULTI/EXEC included, so a
//! progress sent along with the keys would move over a chunk that was refused (OOM, for one). The hashes are visible before it either way.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use redis::{Pipeline, Value};

use crate::redis_link::{On, RedisError, RedisLink, Script, each_ok};

pub(crate) const KEY: &str = "orderstream:progress";

static ADVANCE: Script = Script::new(include_str!("../../redis/advance_progress.lua"));

/// A point in a partition: everything before `next_offset` is reflected. Points of a later epoch are later.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Point {
    /// The operator's `source.epoch`.
    pub epoch: i32,
    /// The first offset that is not reflected.
    pub next_offset: i64,
}

impl Point {
    /// The point that a text of Redis stands for; `None` for any other text.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (epoch, offset) = text.split_once(':')?;
        (epoch.len() == 10 && offset.len() == 20).then_some(())?;
        Some(Self { epoch: epoch.parse().ok()?, next_offset: offset.parse().ok()? })
    }
}

/// Fixed-width, so that the script compares texts.
impl fmt::Display for Point {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:010}:{:020}", self.epoch.max(0), self.next_offset.max(0))
    }
}

/// What became of a move.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use = "Redis may be behind, and only the partition's owner can make it whole"]
pub enum Advance {
    /// Redis reflects the new point, or more.
    Moved,
    /// Redis has lost something, or missed a write-back; the progress was not moved.
    Behind {
        /// What Redis still reflects; `None` for nothing.
        stored: Option<Point>,
    },
}

/// Reads and moves the progress.
#[derive(Debug, Clone)]
pub struct Progress {
    link: Arc<RedisLink>,
}

impl Progress {
    /// The progress kept in the Redis behind `link`.
    #[must_use]
    pub fn new(link: Arc<RedisLink>) -> Self {
        Self { link }
    }

    /// Moves a partition's progress from `from` to `to`, after the keys in between were written. Nothing happens where Redis is further.
    ///
    /// # Errors
    /// Any [`RedisError`]; the progress may or may not have moved.
    pub async fn advance(&self, topic: &str, partition: i32, epoch: i32, from: i64, to: i64) -> Result<Advance, RedisError> {
        let from = Point { epoch, next_offset: from };
        self.run(topic, partition, Some(from), Point { epoch, next_offset: to }).await
    }

    /// Says that Redis reflects a partition up to `to`: after a rebuild, and when a partition is claimed for the first time. Forward only.
    ///
    /// # Errors
    /// Any [`RedisError`].
    pub async fn set(&self, topic: &str, partition: i32, to: Point) -> Result<(), RedisError> {
        self.run(topic, partition, None, to).await.map(|_| ())
    }

    /// The progress of every partition that has one, by `<topic>:<partition>`. A key that holds something else holds none.
    ///
    /// # Errors
    /// Any [`RedisError`].
    pub async fn read(&self) -> Result<HashMap<String, Point>, RedisError> {
        let mut request = Pipeline::new();
        request.add_command(read_command());
        let replies = self.link.call(On::Write, &request, None).await?;
        Ok(replies.first().into_iter().flat_map(entries).map(|(field, point)| (field.to_owned(), point)).collect())
    }

    async fn run(&self, topic: &str, partition: i32, from: Option<Point>, to: Point) -> Result<Advance, RedisError> {
        let mut call = ADVANCE.call(1, 3, 128);
        call.arg(KEY).arg(format!("{topic}:{partition}")).arg(from.map(|from| from.to_string()).unwrap_or_default()).arg(to.to_string());
        let mut request = Pipeline::new();
        request.add_command(call);
        let replies = self.link.call(On::Write, &request, Some(&ADVANCE)).await?;
        each_ok(&replies)?;
        match replies.first() {
            Some(Value::Int(1)) => Ok(Advance::Moved),
            Some(Value::BulkString(stored)) => Ok(Advance::Behind { stored: str::from_utf8(stored).ok().and_then(Point::parse) }),
            _ => Err(RedisError::Unexpected("a progress")),
        }
    }
}

/// Reads all progress: one small hash, and no list of partitions to keep in step with Kafka's.
pub(crate) fn read_command() -> redis::Cmd {
    let mut command = redis::cmd("HGETALL");
    command.arg(KEY);
    command
}

/// The entries of a reply to [`read_command`]; what does not read as one says nothing about what Redis reflects.
pub(crate) fn entries(reply: &Value) -> impl Iterator<Item = (&str, Point)> {
    reply.as_map_iter().into_iter().flatten().filter_map(|(field, value)| {
        let (Value::BulkString(field), Value::BulkString(value)) = (field, value) else { return None };
        Some((str::from_utf8(field).ok()?, Point::parse(str::from_utf8(value).ok()?)?))
    })
}
