//! Looks at one order's hash and at the progress, for the trace of an order: one pipeline, and nothing is changed.

use std::collections::HashMap;

use redis::{Cmd, Pipeline, Value};

use super::row::NAMES;
use crate::redis::link::{On, RedisError, RedisLink};
use crate::redis::progress::{self, Point};

/// What the key `order:<id>` holds.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SeenHash {
    /// The version, if there is one.
    pub version: Option<String>,
    /// When the order was deleted, if the hash says that.
    pub deleted_at: Option<String>,
    /// The columns that the hash has, by name.
    pub columns: HashMap<&'static str, String>,
    /// Seconds until the hash goes; `None` if it stays, or if the Redis user may not ask.
    pub ttl_seconds: Option<u64>,
}

/// What stands under a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Seen<H> {
    /// Nothing.
    Absent,
    /// Something else than a hash of this program.
    Foreign,
    /// A hash.
    Hash(H),
}

/// The answer of Redis.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderLook {
    /// What `order:<id>` holds.
    pub hash: Seen<SeenHash>,
    /// Up to where Redis reflects each partition, by `<topic>:<partition>`.
    pub progress: HashMap<String, Point>,
}

/// Looks at an order's hash.
///
/// # Errors
/// Any [`RedisError`].
pub async fn look(link: &RedisLink, order_id: i64) -> Result<OrderLook, RedisError> {
    let key = format!("order:{order_id}");
    let mut read = Cmd::with_capacity(4 + NAMES.len(), 256);
    read.arg("HMGET").arg(&key).arg("version").arg("deleted_at");
    for name in NAMES {
        read.arg(name.as_str());
    }
    let replies = with_time_to_live(link, read, &key).await?;
    let [hash, ttl, progress] = replies.as_slice() else { return Err(RedisError::Unexpected("three answers")) };
    Ok(OrderLook { hash: seen(hash, ttl), progress: progress::entries(progress).map(|(of, point)| (of.to_owned(), point)).collect() })
}

/// Sends the command with the key's time to live and the progress. A user who lacks `PTTL` gets the rest of the answer.
pub(crate) async fn with_time_to_live(link: &RedisLink, read: Cmd, key: &str) -> Result<[Value; 3], RedisError> {
    let ask = |with_ttl: bool| {
        let mut request = Pipeline::with_capacity(3);
        request.add_command(read.clone()).add_command(progress::read_command());
        if with_ttl {
            request.cmd("PTTL").arg(key);
        }
        request
    };
    let replies = match link.call(On::Read, &ask(true), None).await {
        Err(RedisError::Denied(_)) => link.call(On::Read, &ask(false), None).await?,
        answer => answer?,
    };
    let mut replies = replies.into_iter();
    let mut next = || replies.next().unwrap_or(Value::Nil);
    let (found, progress) = (next(), next());
    Ok([found, next(), progress])
}

/// The whole seconds of a reply to `PTTL`; negative numbers stand for a key without a time to live, and for no key.
pub(crate) fn seconds(ttl: &Value) -> Option<u64> {
    if let Value::Int(millis) = ttl { u64::try_from(*millis).ok().map(|millis| millis / 1000) } else { None }
}

/// A field's text. Bytes that are no text are shown as far as they are.
pub(crate) fn field(value: &Value) -> Option<String> {
    if let Value::BulkString(bytes) = value { Some(String::from_utf8_lossy(bytes).into_owned()) } else { None }
}

fn seen(hash: &Value, ttl: &Value) -> Seen<SeenHash> {
    let Value::Array(fields) = hash else { return Seen::Foreign };
    if fields.iter().all(|found| *found == Value::Nil) {
        // A hash of other fields alone lives, and is none of ours.
        return if matches!(ttl, Value::Int(-1 | 0..)) { Seen::Foreign } else { Seen::Absent };
    }
    let mut texts = fields.iter().map(field);
    let (version, deleted_at) = (texts.next().flatten(), texts.next().flatten());
    let columns = NAMES.iter().zip(texts).filter_map(|(name, text)| Some((name.as_str(), text?))).collect();
    Seen::Hash(SeenHash { version, deleted_at, columns, ttl_seconds: seconds(ttl) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hash(first: &[Value]) -> Value {
        let mut fields = first.to_vec();
        fields.resize(2 + NAMES.len(), Value::Nil);
        Value::Array(fields)
    }

    #[test]
    fn a_key_is_absent_a_hash_or_something_else() {
        assert_eq!(seen(&hash(&[]), &Value::Int(-2)), Seen::Absent);
        assert_eq!(seen(&hash(&[]), &Value::Nil), Seen::Absent, "the time to live may not be asked for");
        assert_eq!(seen(&hash(&[]), &Value::Int(-1)), Seen::Foreign);
        assert_eq!(seen(&Value::Int(3), &Value::Int(-1)), Seen::Foreign);
        let text = |text: &str| Value::BulkString(text.as_bytes().to_vec());
        let Seen::Hash(found) = seen(&hash(&[text("1-2"), Value::Nil, text("C1")]), &Value::Int(1_999)) else { panic!() };
        assert_eq!((found.version.as_deref(), found.ttl_seconds), (Some("1-2"), Some(1)));
        assert_eq!(found.columns, HashMap::from([("customer_id", "C1".to_owned())]));
    }
}
