//! Reads and moves the hash `orderstream:progress` in Redis: how far Redis reflects each partition of each topic (P8).
//!
//! The progress moves after the keys that it covers, and only from where Postgres stood before the batch: everything below that point is
//! known to be in Redis. A Redis that lost something has less than that, so the first move after the loss notices it. A change that happens
//! to arrive right after `FLUSHALL` therefore cannot make an emptied Redis look complete.
//!
//! Moving the progress is a round trip of its own. The commands of one pipeline run whether or not those before them failed, MULTI/EXEC
//! included, so a progress that was sent along with the keys would move over a chunk that was refused (OOM, for one). The hashes are
//! visible before the progress moves either way.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use redis::{Pipeline, Value};

use crate::redis::link::{On, RedisError, RedisLink, Run, Script, each_ok};

pub(crate) const KEY: &str = "orderstream:progress";

/// The hash that keeps how far the sweep is in each partition, by a number that grows (see [`crate::sweep`]). The number has a hash of its
/// own, because every lookup reads the whole hash of the progress.
const SWEPT: &str = "orderstream:swept";

static ADVANCE: Script = Script::new(include_str!("../../../redis/advance_progress.lua"));

/// A point in a partition: everything before `next_offset` is reflected. Points of a later epoch are later.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Point {
    /// The operator's `source.epoch`.
    pub epoch: i32,
    /// The first offset that is not reflected.
    pub next_offset: i64,
}

impl Point {
    /// The point that a text in Redis stands for; `None` for any other text.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (epoch, offset) = text.split_once(':')?;
        (epoch.len() == 10 && offset.len() == 20).then_some(())?;
        Some(Self { epoch: epoch.parse().ok()?, next_offset: offset.parse().ok()? })
    }
}

/// The text has a fixed width, so that the script in Redis can compare points as texts.
impl fmt::Display for Point {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:010}:{:020}", self.epoch.max(0), self.next_offset.max(0))
    }
}

/// What became of a move of the progress.
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

/// The partition whose progress is read or moved.
#[derive(Debug, Clone, Copy)]
pub struct Of<'a> {
    /// The topic.
    pub topic: &'a str,
    /// The partition.
    pub partition: i32,
    /// The operator's `source.epoch`.
    pub epoch: i32,
}

impl fmt::Display for Of<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.topic, self.partition)
    }
}

/// Reads and moves the progress.
#[derive(Debug, Clone)]
pub struct RedisProgress {
    link: Arc<RedisLink>,
}

impl RedisProgress {
    /// The progress kept in the Redis behind `link`.
    #[must_use]
    pub fn new(link: Arc<RedisLink>) -> Self {
        Self { link }
    }

    /// Moves a partition's progress from `from` to `to`, after the keys in between were written. Nothing happens if Redis is further
    /// already.
    ///
    /// # Errors
    /// Any [`RedisError`]; the progress may or may not have moved. [`RedisError::AnotherRun`] if the keys were written in the run `within`
    /// of the server, and the server is in another run now, which may not have the keys.
    pub async fn advance(&self, of: Of<'_>, from: i64, to: i64, within: Option<Run>) -> Result<Advance, RedisError> {
        let point = |next_offset| Point { epoch: of.epoch, next_offset };
        self.move_on(KEY, of, Some(point(from)), point(to), within).await
    }

    /// Moves the sweep's number in a partition from `from`, or from anywhere if there never was a sweep, to `to`.
    ///
    /// # Errors
    /// As [`Self::advance`].
    pub async fn advance_swept(&self, of: Of<'_>, from: Option<i64>, to: i64, within: Run) -> Result<Advance, RedisError> {
        let point = |next_offset| Point { epoch: of.epoch, next_offset };
        self.move_on(SWEPT, of, from.map(point), point(to), Some(within)).await
    }

    /// The run of the Redis server that writes go to now.
    ///
    /// # Errors
    /// Any [`RedisError`].
    pub async fn server(&self) -> Result<Run, RedisError> {
        self.link.run().await
    }

    /// Sets a partition's progress to `next_offset`, whatever it was before, but only forward: after a rebuild, and when a partition is
    /// claimed for the first time.
    ///
    /// # Errors
    /// Any [`RedisError`].
    pub async fn set(&self, of: Of<'_>, next_offset: i64, within: Option<Run>) -> Result<(), RedisError> {
        self.move_on(KEY, of, None, Point { epoch: of.epoch, next_offset }, within).await.map(|_| ())
    }

    /// The progress of every partition that has one, by `<topic>:<partition>`. If the key holds anything but a hash, no partition has a
    /// progress.
    ///
    /// # Errors
    /// Any [`RedisError`].
    pub async fn read(&self) -> Result<HashMap<String, Point>, RedisError> {
        let mut request = Pipeline::new();
        request.add_command(read_command());
        self.read_with(&request).await
    }

    /// The sweep's number in every partition that has one, by `<topic>:<partition>`.
    ///
    /// # Errors
    /// Any [`RedisError`].
    pub async fn read_swept(&self) -> Result<HashMap<String, Point>, RedisError> {
        let mut request = Pipeline::new();
        request.cmd("HGETALL").arg(SWEPT);
        self.read_with(&request).await
    }

    /// Leaves a mark that customers of this topic were changed outside of its order, after their hashes were written. Processes that
    /// remember a customer then ask again, and processes that looked one up before compare again (P2). The mark is random, so it is never
    /// the same twice, whatever Redis has lost in between.
    ///
    /// # Errors
    /// Any [`RedisError`].
    pub async fn changed_by_hand(&self, topic: &str) -> Result<(), RedisError> {
        let mut request = Pipeline::new();
        request.cmd("HSET").arg(KEY).arg(by_hand_field(topic)).arg(format!("{:032x}", fastrand::u128(..)));
        each_ok(&self.link.call(On::Write, &request, None).await?)
    }

    /// Sets the progress and the sweep's number of this topic back to nothing, in every partition that has one. The owners of the
    /// partitions then see a loss, and make Redis whole.
    ///
    /// # Errors
    /// Any [`RedisError`].
    pub async fn start_over(&self, topic: &str, epoch: i32) -> Result<(), RedisError> {
        let nothing = Point { epoch, next_offset: 0 }.to_string();
        let mut request = Pipeline::new();
        for (key, points) in [(KEY, self.read().await?), (SWEPT, self.read_swept().await?)] {
            for field in points.into_keys().filter(|field| field.rsplit_once(':').is_some_and(|(of, _)| of == topic)) {
                request.cmd("HSET").arg(key).arg(field).arg(&nothing);
            }
        }
        each_ok(&self.link.call(On::Write, &request, None).await?)
    }

    async fn read_with(&self, request: &Pipeline) -> Result<HashMap<String, Point>, RedisError> {
        let replies = self.link.call(On::Read, request, None).await?;
        Ok(replies.first().into_iter().flat_map(entries).map(|(field, point)| (field.to_owned(), point)).collect())
    }

    async fn move_on(&self, key: &str, of: Of<'_>, from: Option<Point>, to: Point, within: Option<Run>) -> Result<Advance, RedisError> {
        let mut call = ADVANCE.call(1, 3, 128);
        call.arg(key).arg(of.to_string()).arg(from.map(|from| from.to_string()).unwrap_or_default()).arg(to.to_string());
        let mut request = Pipeline::new();
        request.add_command(call);
        let replies = match within {
            Some(run) => self.link.call_in(run, &request, &ADVANCE).await?,
            None => self.link.call(On::Write, &request, Some(&ADVANCE)).await?,
        };
        each_ok(&replies)?;
        match replies.first() {
            Some(Value::Int(1)) => Ok(Advance::Moved),
            Some(Value::BulkString(stored)) => Ok(Advance::Behind { stored: str::from_utf8(stored).ok().and_then(Point::parse) }),
            _ => Err(RedisError::Unexpected("a progress")),
        }
    }
}

/// Reads the progress of all partitions: the hash is small, and the reader needs no list of partitions that would have to follow Kafka's.
pub(crate) fn read_command() -> redis::Cmd {
    let mut command = redis::cmd("HGETALL");
    command.arg(KEY);
    command
}

fn by_hand_field(topic: &str) -> String {
    format!("{topic}:by_hand")
}

/// The mark of the last change by hand in a reply to [`read_command`].
pub(crate) fn by_hand(reply: &Value, topic: &str) -> Option<Vec<u8>> {
    let wanted = by_hand_field(topic);
    reply.as_map_iter()?.find_map(|(field, value)| match (field, value) {
        (Value::BulkString(field), Value::BulkString(mark)) if *field == wanted.as_bytes() => Some(mark.clone()),
        _ => None,
    })
}

/// The entries of a reply to [`read_command`]. An entry that is no point is left out, because it says nothing about what Redis reflects.
pub(crate) fn entries(reply: &Value) -> impl Iterator<Item = (&str, Point)> {
    reply.as_map_iter().into_iter().flatten().filter_map(|(field, value)| {
        let (Value::BulkString(field), Value::BulkString(value)) = (field, value) else { return None };
        Some((str::from_utf8(field).ok()?, Point::parse(str::from_utf8(value).ok()?)?))
    })
}
