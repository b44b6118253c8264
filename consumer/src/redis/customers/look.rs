//! Looks at one customer's hash, for the trace: one pipeline, and nothing is changed.

use std::collections::HashMap;

use redis::Value;

use crate::redis::cache::look::{Seen, field, seconds, with_time_to_live};
use crate::redis::link::{RedisError, RedisLink};
use crate::redis::progress::{self, Point};

/// The columns of a customer's hash.
pub const COLUMNS: [&str; 4] = ["name", "email", "tier", "country"];

/// What the key `customer:<id>` holds.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SeenCustomerHash {
    /// Epoch, partition and offset of the event that wrote the hash; `None` for a deleted customer.
    pub version: Option<String>,
    /// When the customer was deleted, if the hash says that.
    pub deleted_at: Option<String>,
    /// The columns, in the order of [`COLUMNS`].
    pub columns: [Option<String>; 4],
    /// Seconds until the hash goes; `None` if it stays.
    pub ttl_seconds: Option<u64>,
}

/// The answer of Redis.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CustomerLook {
    /// What `customer:<id>` holds.
    pub hash: Seen<SeenCustomerHash>,
    /// Up to where Redis reflects each partition, by `<topic>:<partition>`.
    pub progress: HashMap<String, Point>,
}

/// Looks at a customer's hash.
///
/// # Errors
/// Any [`RedisError`].
pub async fn look(link: &RedisLink, id: &str) -> Result<CustomerLook, RedisError> {
    let key = format!("customer:{id}");
    let mut read = redis::cmd("HMGET");
    read.arg(&key).arg("version").arg("deleted_at").arg(&COLUMNS);
    let [hash, ttl, progress] = with_time_to_live(link, read, &key).await?;
    Ok(CustomerLook { hash: seen(&hash, &ttl), progress: progress::entries(&progress).map(|(of, point)| (of.to_owned(), point)).collect() })
}

fn seen(hash: &Value, ttl: &Value) -> Seen<SeenCustomerHash> {
    let Value::Array(fields) = hash else { return Seen::Foreign };
    if fields.iter().all(|found| *found == Value::Nil) {
        return Seen::Absent;
    }
    let mut texts = fields.iter().map(field);
    let mut next = || texts.next().flatten();
    Seen::Hash(SeenCustomerHash {
        version: next(),
        deleted_at: next(),
        columns: std::array::from_fn(|_| next()),
        ttl_seconds: seconds(ttl),
    })
}
