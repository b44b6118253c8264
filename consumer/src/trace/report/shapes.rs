//! The parts of the answer.

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use crate::trace::moment::Moment;

/// How long each server took, in milliseconds.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[cfg_attr(test, ts(rename = "TraceTook"))]
pub struct Took {
    /// Postgres.
    pub postgres: u64,
    /// Redis.
    pub redis: u64,
    /// Kafka.
    pub kafka: u64,
}

/// Names and values in their order; a value that is `None` is null.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[cfg_attr(test, ts(type = "Record<string, string | null>"))]
pub struct Columns(pub Vec<(&'static str, Option<String>)>);

impl Serialize for Columns {
    fn serialize<S: Serializer>(&self, into: S) -> Result<S::Ok, S::Error> {
        let mut map = into.serialize_map(Some(self.0.len()))?;
        self.0.iter().try_for_each(|(name, value)| map.serialize_entry(name, value))?;
        map.end()
    }
}

/// An order's place on the list of the sweep.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[cfg_attr(test, ts(rename = "TraceDue"))]
pub struct Due {
    /// When the order is looked at next.
    pub at: Moment,
    /// How often it was looked at in vain.
    pub attempts: i32,
    /// The partition whose owner sweeps it.
    pub partition: i32,
    /// Why Postgres refused the row at the last try.
    pub refusal: Option<String>,
}

/// The hash in Redis.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[cfg_attr(test, ts(rename = "TraceHash"))]
pub struct Hash {
    /// `absent`, `foreign`, `live` or `deleted`.
    #[cfg_attr(test, ts(type = "\"absent\" | \"foreign\" | \"live\" | \"deleted\""))]
    pub state: &'static str,
    /// The revision; `None` without a readable version.
    pub revision: Option<String>,
    /// Seconds until the hash goes.
    pub ttl_s: Option<u64>,
    /// The columns that differ from the row.
    pub diff: Vec<Diff>,
}

/// A column that differs between row and hash.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[cfg_attr(test, ts(rename = "TraceDiff"))]
pub struct Diff {
    /// The column.
    pub column: &'static str,
    /// The value of the row.
    pub row: Option<String>,
    /// The value of the hash.
    pub hash: Option<String>,
}

/// A letter.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[cfg_attr(test, ts(rename = "TraceLetter"))]
pub struct Letter {
    /// The id.
    pub id: String,
    /// The topic of the record.
    pub topic: String,
    /// Where the record stands, `<partition>@<offset>`.
    pub position: String,
    /// The reason.
    pub reason: String,
    /// What is wrong and where.
    pub message: String,
    /// How often it was replayed in vain.
    pub replays: i32,
    /// When the record was refused.
    pub created_at: Moment,
    /// What became of it; `None` while it is open.
    pub resolution: Option<String>,
}

/// The partition of the order.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[cfg_attr(test, ts(rename = "TracePartition"))]
pub struct Partition {
    /// Its number.
    pub n: i32,
    /// Whether only the key leads there, because no event of the order was seen.
    pub is_likely: bool,
    /// The first offset without a fate.
    pub next: Option<String>,
    /// How many records are not read yet.
    pub lag: Option<String>,
    /// Why it was stopped.
    pub stopped: Option<String>,
}

/// A server that did not answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct NotAnswered {
    /// The server.
    pub server: &'static str,
    /// Why not.
    pub why: String,
}
