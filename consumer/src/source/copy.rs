//! A message of the client, copied once into a record of ours.

use std::panic::catch_unwind;
use std::sync::Arc;

use rdkafka::message::{BorrowedHeaders, BorrowedMessage, Headers, Message};
use tracing::warn;

use crate::record::{Header, Record};

pub(super) fn record(message: &BorrowedMessage<'_>, topic: &Arc<str>) -> Record {
    Record {
        topic: Arc::clone(topic),
        partition: message.partition(),
        offset: message.offset(),
        timestamp_ms: message.timestamp().to_millis(),
        key: message.key().map(<[u8]>::to_vec),
        value: message.payload().map(<[u8]>::to_vec),
        headers: message.headers().map(|headers| copy_headers(headers, message)).unwrap_or_default(),
    }
}

fn copy_headers(headers: &BorrowedHeaders, message: &BorrowedMessage<'_>) -> Vec<Header> {
    (0..headers.count()).filter_map(|index| copy_header(headers, index, message)).collect()
}

/// The client library panics on a header name that is not UTF-8. One such record must not end the source for all others (P7): it loses
/// that header, which no one can name anyway.
fn copy_header(headers: &BorrowedHeaders, index: usize, message: &BorrowedMessage<'_>) -> Option<Header> {
    let read = catch_unwind(|| {
        let header = headers.get(index);
        Header { name: header.key.to_owned(), value: header.value.map(<[u8]>::to_vec) }
    });
    if read.is_err() {
        let (topic, partition, offset) = (message.topic(), message.partition(), message.offset());
        warn!(topic, partition, offset, "a record has a header whose name is not UTF-8; the record is processed without that header");
    }
    read.ok()
}
