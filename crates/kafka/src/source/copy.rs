//! Copies a message of the Kafka client, once, into a [`Record`].

use std::panic::catch_unwind;
use std::sync::Arc;

use rdkafka::message::{BorrowedHeaders, BorrowedMessage, Headers as _, Message};
use smallvec::SmallVec;
use tracing::warn;

use change::record::{Headers, Record};

/// Copies the messages of one partition. The copier remembers the headers of the last record, because most records have the same ones.
#[derive(Debug, Default)]
pub(super) struct Copier {
    packed: Vec<u8>,
    last: Headers,
}

impl Copier {
    pub(super) fn record(&mut self, message: &BorrowedMessage<'_>, topic: &Arc<str>) -> Record {
        Record {
            topic: Arc::clone(topic),
            partition: message.partition(),
            offset: message.offset(),
            timestamp_ms: message.timestamp().to_millis(),
            key: message.key().map(SmallVec::from_slice),
            value: message.payload().map(<[u8]>::to_vec),
            headers: message.headers().map(|headers| self.headers(headers, message)).unwrap_or_default(),
        }
    }

    fn headers(&mut self, headers: &BorrowedHeaders, message: &BorrowedMessage<'_>) -> Headers {
        self.packed.clear();
        for index in 0..headers.count() {
            pack(&mut self.packed, headers, index, message);
        }
        let headers = Headers::packed(&self.packed, &self.last);
        self.last.clone_from(&headers);
        headers
    }
}

/// Packs one header. The client library panics on a header name that is not UTF-8. One such record must not end the source for all others
/// (P7), so the record loses that header, which nobody could name anyway.
fn pack(packed: &mut Vec<u8>, headers: &BorrowedHeaders, index: usize, message: &BorrowedMessage<'_>) {
    if let Ok(header) = catch_unwind(|| headers.get(index)) {
        Headers::pack(packed, header.key, header.value);
    } else {
        let (topic, partition, offset) = (message.topic(), message.partition(), message.offset());
        warn!(topic, partition, offset, "a record has a header whose name is not UTF-8; the record is processed without that header");
    }
}
