//! A Kafka record with its bytes and coordinates, kept whole until its fate is settled, because a dead letter needs all of them (P7).

use std::fmt;
use std::sync::Arc;

use smallvec::SmallVec;

/// The headers of a record, in its order; names may repeat. All headers lie in one piece of memory, because the records of one producer
/// mostly have the same headers and can share it.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Headers(Option<Arc<[u8]>>);

/// The length that stands for a missing value.
const NONE: u32 = u32::MAX;

impl Headers {
    /// The headers that were packed into `packed`. If they are the same as `like`, they share its memory.
    #[must_use]
    pub fn packed(packed: &[u8], like: &Self) -> Self {
        match &like.0 {
            _ if packed.is_empty() => Self::default(),
            Some(same) if **same == *packed => like.clone(),
            _ => Self(Some(Arc::from(packed))),
        }
    }

    /// Appends a header to the headers in `packed`.
    pub fn pack(packed: &mut Vec<u8>, name: &str, value: Option<&[u8]>) {
        let length = |bytes: &[u8]| u32::try_from(bytes.len()).unwrap_or(NONE - 1);
        packed.extend_from_slice(&length(name.as_bytes()).to_ne_bytes());
        packed.extend_from_slice(name.as_bytes());
        packed.extend_from_slice(&value.map_or(NONE, length).to_ne_bytes());
        packed.extend_from_slice(value.unwrap_or_default());
    }

    /// Name and value of each header. Kafka allows headers without a value.
    #[must_use]
    pub fn iter(&self) -> Iter<'_> {
        Iter(self.0.as_deref().unwrap_or_default())
    }

    /// The value of the last header with that name.
    #[must_use]
    pub fn last(&self, name: &str) -> Option<&[u8]> {
        self.iter().filter(|(known, _)| *known == name).last()?.1
    }

    fn size(&self) -> usize {
        self.0.as_ref().map_or(0, |packed| packed.len())
    }
}

impl<N: AsRef<str>, V: AsRef<[u8]>> FromIterator<(N, Option<V>)> for Headers {
    fn from_iter<I: IntoIterator<Item = (N, Option<V>)>>(headers: I) -> Self {
        let mut packed = Vec::new();
        for (name, value) in headers {
            Self::pack(&mut packed, name.as_ref(), value.as_ref().map(AsRef::as_ref));
        }
        Self::packed(&packed, &Self::default())
    }
}

impl<'a> IntoIterator for &'a Headers {
    type Item = (&'a str, Option<&'a [u8]>);
    type IntoIter = Iter<'a>;

    fn into_iter(self) -> Iter<'a> {
        self.iter()
    }
}

impl fmt::Debug for Headers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self).finish()
    }
}

/// The iterator that [`Headers::iter`] returns.
#[derive(Debug, Clone)]
pub struct Iter<'a>(&'a [u8]);

impl<'a> Iterator for Iter<'a> {
    type Item = (&'a str, Option<&'a [u8]>);

    fn next(&mut self) -> Option<Self::Item> {
        let name = self.take()??;
        Some((std::str::from_utf8(name).unwrap_or_default(), self.take()?))
    }
}

impl<'a> Iter<'a> {
    /// The next piece of bytes; `None` at the end.
    fn take(&mut self) -> Option<Option<&'a [u8]>> {
        let (length, rest) = self.0.split_first_chunk::<4>()?;
        let length = u32::from_ne_bytes(*length);
        if length == NONE {
            self.0 = rest;
            return Some(None);
        }
        let (bytes, rest) = rest.split_at_checked(usize::try_from(length).ok()?)?;
        self.0 = rest;
        Some(Some(bytes))
    }
}

/// A record that identifies the log of a partition. A topic that was deleted and created anew has another record at the same offset (P2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Landmark {
    /// The offset of the record.
    pub offset: i64,
    /// The record's timestamp by Kafka, in milliseconds since 1970.
    pub timestamp_ms: i64,
}

/// The bytes of a key. The bytes of a number are stored inline, without an allocation.
pub type Key = SmallVec<[u8; 24]>;

/// Key and offset of the last record of a partition, if that record ended its row, or may have. A tombstone with the same key right behind
/// it belongs to it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ended(Option<(Key, i64)>);

impl Ended {
    /// The row was ended by this record.
    #[must_use]
    pub fn by(record: &Record) -> Self {
        Self(record.key.clone().map(|key| (key, record.offset)))
    }

    /// Whether `record` is the tombstone that Debezium sends after each delete, which says nothing that the delete has not said. A null
    /// value that follows another record is all that compaction has left of a delete. The same is true of a null value behind a gap of
    /// offsets, because a row of the same key may have stood in the gap.
    #[must_use]
    pub fn is_followed_by(&self, record: &Record) -> bool {
        let Some((key, offset)) = &self.0 else { return false };
        record.value.is_none() && record.offset == offset + 1 && record.key.as_ref() == Some(key)
    }
}

/// A record as Kafka delivered it, unparsed.
#[derive(Debug, Clone)]
pub struct Record {
    /// The topic that the record was read from.
    pub topic: Arc<str>,
    /// The partition that the record was read from.
    pub partition: i32,
    /// The record's offset. The offsets of one partition have gaps.
    pub offset: i64,
    /// Kafka's timestamp in milliseconds since 1970, if the record has one.
    pub timestamp_ms: Option<i64>,
    /// The bytes of the key; `None` for a truncate.
    pub key: Option<Key>,
    /// The bytes of the value; `None` for a tombstone.
    pub value: Option<Vec<u8>>,
    /// The headers, in their order.
    pub headers: Headers,
}

impl Record {
    /// The number of bytes that the record holds. Queues and batches are bounded by these bytes (P10).
    #[must_use]
    pub fn size(&self) -> usize {
        self.key.as_ref().map_or(0, SmallVec::len) + self.value.as_ref().map_or(0, Vec::len) + self.headers.size()
    }

    /// The record as a landmark, if Kafka gave it a timestamp.
    #[must_use]
    pub fn landmark(&self) -> Option<Landmark> {
        Some(Landmark { offset: self.offset, timestamp_ms: self.timestamp_ms? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOME: [(&str, Option<&[u8]>); 4] = [("a", Some(b"1")), ("none", None), ("empty", Some(b"")), ("a", Some(b"\xff\0"))];

    #[test]
    fn headers_come_back_in_their_order_with_nothing_told_from_none() {
        let headers: Headers = SOME.into_iter().collect();
        assert_eq!(headers.iter().collect::<Vec<_>>(), SOME);
        assert_eq!((headers.last("a"), headers.last("none"), headers.last("b")), (Some(&b"\xff\0"[..]), None, None));
        assert_eq!(Headers::default().iter().next(), None);
    }

    fn record(key: &[u8], offset: i64, value: Option<&[u8]>) -> Record {
        let (key, value) = (Some(key.into()), value.map(<[u8]>::to_vec));
        Record { topic: "t".into(), partition: 0, offset, timestamp_ms: None, key, value, headers: Headers::default() }
    }

    #[test]
    fn a_tombstone_belongs_to_the_delete_with_the_same_key_right_before_it() {
        let ended = Ended::by(&record(b"1", 7, Some(b"{}")));
        assert!(ended.is_followed_by(&record(b"1", 8, None)));
        for other in [record(b"1", 9, None), record(b"2", 8, None), record(b"1", 8, Some(b"{}"))] {
            assert!(!ended.is_followed_by(&other), "{other:?}");
        }
        assert!(!Ended::default().is_followed_by(&record(b"1", 8, None)));
    }

    #[test]
    fn the_same_headers_share_their_memory() {
        let first: Headers = SOME.into_iter().collect();
        let Headers(Some(packed)) = &first else { panic!("no headers") };
        let second = Headers::packed(packed, &first);
        assert!(matches!(&second.0, Some(shared) if Arc::ptr_eq(shared, packed)));
        let other = Headers::packed(&packed[..packed.len() - 1], &first);
        assert_ne!(other, first);
    }
}
