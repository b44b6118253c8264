//! The headers of a dead letter: the record's own headers, and those that say where the record failed and why.

use change::record::{Headers, Record};
use rdkafka::message::{Header, OwnedHeaders};

use super::DeadLetter;

const TOPIC: &str = "__connect.errors.topic";
const PARTITION: &str = "__connect.errors.partition";
const OFFSET: &str = "__connect.errors.offset";
const STAGE: &str = "__connect.errors.stage";
const CLASS: &str = "__connect.errors.exception.class.name";
const MESSAGE: &str = "__connect.errors.exception.message";
const ID: &str = "x-dlq-id";
const REASON: &str = "x-dlq-reason";
const REPLAYS: &str = "x-dlq-replays";

const ADDED: [&str; 9] = [TOPIC, PARTITION, OFFSET, STAGE, CLASS, MESSAGE, ID, REASON, REPLAYS];

/// The identity of a record's dead letter, `topic-partition-offset-epoch`. Letters that were sent twice collapse by this identity.
#[must_use]
pub fn dlq_id(record: &Record, epoch: i32) -> String {
    format!("{}-{}-{}-{epoch}", record.topic, record.partition, record.offset)
}

/// How often this record came back from the dead letter topic, by its own header. Without that header the number is zero.
#[must_use]
pub fn replays(record: &Record) -> u32 {
    let text = record.headers.last(REPLAYS).and_then(|value| std::str::from_utf8(value).ok());
    text.and_then(|text| text.parse().ok()).unwrap_or(0)
}

/// The record that became this letter, with its own coordinates and headers; `None` if the letter's headers do not name them.
#[must_use]
pub fn original(letter: Record) -> Option<Record> {
    let text = |name: &str| std::str::from_utf8(letter.headers.last(name)?).ok();
    let (topic, partition, offset) = (text(TOPIC)?.into(), text(PARTITION)?.parse().ok()?, text(OFFSET)?.parse().ok()?);
    let headers = own(&letter.headers).collect();
    Some(Record { topic, partition, offset, headers, ..letter })
}

/// The record's own headers, unchanged, and then the headers of this letter. Headers that an earlier dead letter of the record has added
/// are left out. No added header holds a value of the record (P11): a rejection's message speaks of fields, types and limits.
pub(super) fn of(letter: &DeadLetter<'_>) -> OwnedHeaders {
    let DeadLetter { record, rejection, epoch } = letter;
    let headers = own(&record.headers).fold(OwnedHeaders::new(), |headers, (key, value)| headers.insert(Header { key, value }));
    let added = [
        (TOPIC, record.topic.to_string()),
        (PARTITION, record.partition.to_string()),
        (OFFSET, record.offset.to_string()),
        (STAGE, rejection.stage.as_str().to_owned()),
        (CLASS, format!("orderstream.Rejection.{}", rejection.reason)),
        (MESSAGE, rejection.message.clone()),
        (ID, dlq_id(record, *epoch)),
        (REASON, rejection.reason.to_string()),
        (REPLAYS, replays(record).to_string()),
    ];
    added.iter().fold(headers, |headers, (key, value)| headers.insert(Header { key, value: Some(value) }))
}

/// The headers that the record had before it became a letter.
fn own(headers: &Headers) -> impl Iterator<Item = (&str, Option<&[u8]>)> {
    headers.iter().filter(|(name, _)| !ADDED.contains(name))
}

#[cfg(test)]
mod tests {
    use rdkafka::message::Headers as _;

    use super::*;

    fn record(headers: &[(&str, Option<&[u8]>)]) -> Record {
        let headers = headers.iter().copied().collect();
        Record { topic: "shop.orders".into(), partition: 3, offset: 77, timestamp_ms: None, key: None, value: None, headers }
    }

    fn texts(headers: &OwnedHeaders) -> Vec<(String, Option<String>)> {
        headers.iter().map(|h| (h.key.to_owned(), h.value.map(|v| String::from_utf8_lossy(v).into_owned()))).collect()
    }

    #[test]
    fn the_headers_say_where_it_failed_and_why() {
        let rejection = change::rejection::Rejection::invalid("quantity is not a number");
        let record = record(&[]);
        let headers = texts(&of(&DeadLetter { record: &record, rejection: &rejection, epoch: 2 }));
        let expected = [
            ("__connect.errors.topic", "shop.orders"),
            ("__connect.errors.partition", "3"),
            ("__connect.errors.offset", "77"),
            ("__connect.errors.stage", "decode"),
            ("__connect.errors.exception.class.name", "orderstream.Rejection.invalid"),
            ("__connect.errors.exception.message", "quantity is not a number"),
            ("x-dlq-id", "shop.orders-3-77-2"),
            ("x-dlq-reason", "invalid"),
            ("x-dlq-replays", "0"),
        ];
        assert_eq!(headers, expected.map(|(key, value)| (key.to_owned(), Some(value.to_owned()))));
    }

    #[test]
    fn the_records_own_headers_stay_as_they_are() {
        let rejection = change::rejection::Rejection::malformed("not JSON");
        let record = record(&[("trace", Some(b"abc")), ("none", None), ("trace", Some(b"")), ("bytes", Some(&[0xff, 0x00]))]);
        let headers = of(&DeadLetter { record: &record, rejection: &rejection, epoch: 0 });
        assert_eq!(headers.get(0).value, Some(&b"abc"[..]));
        assert_eq!((headers.get(1).key, headers.get(1).value), ("none", None));
        assert_eq!((headers.get(2).key, headers.get(2).value), ("trace", Some(&b""[..])));
        assert_eq!(headers.get(3).value, Some(&[0xff, 0x00][..]));
    }

    #[test]
    fn a_replayed_record_keeps_its_count_and_not_the_headers_of_its_earlier_failure() {
        let rejection = change::rejection::Rejection::malformed("not JSON");
        let record = record(&[("x-dlq-replays", Some(b"2")), ("x-dlq-reason", Some(b"invalid"))]);
        assert_eq!(replays(&record), 2);
        let headers = texts(&of(&DeadLetter { record: &record, rejection: &rejection, epoch: 0 }));
        assert_eq!(headers.len(), ADDED.len());
        assert!(headers.contains(&("x-dlq-replays".into(), Some("2".into()))));
        assert!(headers.contains(&("x-dlq-reason".into(), Some("malformed".into()))));
    }
}
