//! A Kafka record with its bytes and coordinates, kept whole until its fate is settled: a dead letter needs them all (P7).

use std::sync::Arc;

/// One header of a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// The header's name.
    pub name: String,
    /// Its bytes; Kafka allows none.
    pub value: Option<Vec<u8>>,
}

/// A record by which a partition's log is known again: a topic that was deleted and created anew has another one at that offset (P2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Landmark {
    /// Its offset.
    pub offset: i64,
    /// Kafka's timestamp of it, milliseconds since 1970.
    pub timestamp_ms: i64,
}

/// A record as Kafka delivered it, unparsed.
#[derive(Debug, Clone)]
pub struct Record {
    /// The topic it was read from.
    pub topic: Arc<str>,
    /// The partition it was read from.
    pub partition: i32,
    /// Its offset; offsets of one partition have gaps.
    pub offset: i64,
    /// Kafka's timestamp in milliseconds since 1970, if it has one.
    pub timestamp_ms: Option<i64>,
    /// The key's bytes; a truncate has none.
    pub key: Option<Vec<u8>>,
    /// The value's bytes; a tombstone has none.
    pub value: Option<Vec<u8>>,
    /// The headers in the order of the record.
    pub headers: Vec<Header>,
}

impl Record {
    /// Bytes that the record holds: what queues and batches are bounded by (P10).
    #[must_use]
    pub fn size(&self) -> usize {
        self.key.as_ref().map_or(0, Vec::len) + self.value.as_ref().map_or(0, Vec::len) + self.headers_size()
    }

    /// The record as a landmark, if Kafka gave it a timestamp.
    #[must_use]
    pub fn landmark(&self) -> Option<Landmark> {
        Some(Landmark { offset: self.offset, timestamp_ms: self.timestamp_ms? })
    }

    fn headers_size(&self) -> usize {
        self.headers.iter().map(|h| h.name.len() + h.value.as_ref().map_or(0, Vec::len)).sum()
    }
}
