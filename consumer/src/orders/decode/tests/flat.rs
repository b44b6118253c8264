//! Tests of rows that the unwrap transform writes.

use super::*;

fn flat(key: Option<&str>, value: Option<&str>) -> Result<OrderChange, Rejection> {
    change(decoder(Format::Flat).order(&record(key, value)))
}

/// The row `ROW` with fields of the envelope beside the columns.
fn row_and(added: &str) -> String {
    format!("{},{added}}}", ROW.trim_end_matches('}'))
}

fn position(added: &str) -> (Origin, Option<i64>, Option<i64>, Option<i64>) {
    let position = flat(Some("17"), Some(&row_and(added))).unwrap().position;
    (position.kind, position.commit, position.lsn, position.ts_ms)
}

#[test]
fn a_flat_row_is_a_put_that_stands_nowhere() {
    let change = flat(Some(r#"{"id":17}"#), Some(ROW)).unwrap();
    assert_eq!((change.id, change.position.kind, change.position.offset), (17, Origin::Unknown, 40));
    assert_eq!(order_of(change), expected());
}

#[test]
fn a_null_value_is_the_delete() {
    for value in [None, Some("null"), Some(r#"{"schema":null,"payload":null}"#)] {
        let change = flat(Some(r#"{"id":17}"#), value).unwrap();
        assert_eq!((change.id, change.effect, change.position.kind), (17, Effect::Delete, Origin::Unknown));
        assert_eq!(flat(None, value).unwrap_err().reason, Reason::Invalid, "nothing says which row");
    }
}

#[test]
fn a_row_marked_as_deleted_is_a_delete_whatever_else_it_holds() {
    for added in [r#""__deleted":"true""#, r#""__deleted":true"#, r#""__op":"d""#] {
        let invented = format!(r#"{{"id":17,"customer_id":"","quantity":null,"price":false,{added}}}"#);
        for key in [Some(r#"{"id":17}"#), None] {
            let change = flat(key, Some(&invented)).unwrap();
            assert_eq!((change.id, change.effect), (17, Effect::Delete), "{added}");
        }
    }
    for added in [r#""__deleted":"false""#, r#""__deleted":false"#, r#""__deleted":null,"__op":"u""#] {
        assert_eq!(flat(Some("17"), Some(&row_and(added))).map(order_of), Ok(expected()), "{added}");
    }
    assert_eq!(flat(Some("17"), Some(&row_and(r#""__deleted":7"#))).unwrap_err().reason, Reason::Invalid);
}

#[test]
fn added_fields_tell_the_position() {
    let full = r#""__op":"u","__lsn":24,"__source_sequence":"[\"22\",\"24\"]","__source_ts_ms":1,"__source_snapshot":"false""#;
    assert_eq!(position(full), (Origin::Stream, Some(22), Some(24), Some(1)));
    assert_eq!(position(r#""__sequence":"[\"22\",\"24\"]""#), (Origin::Stream, Some(22), Some(24), None));
    assert_eq!(position(r#""__op":"c","__source_lsn":24"#), (Origin::Stream, None, Some(24), None));
    assert_eq!(position(r#""__op":"r","__lsn":24"#), (Origin::Snapshot, None, Some(24), None));
    assert_eq!(position(r#""__snapshot":"true","__lsn":24"#), (Origin::Snapshot, None, Some(24), None));
    let resumed = r#""__snapshot":"true","__lsn":24,"__sequence":"[\"22\",\"24\"]""#;
    assert_eq!(position(resumed), (Origin::Stream, Some(22), Some(24), None));
}

#[test]
fn a_row_that_may_be_a_snapshots_stands_nowhere() {
    assert_eq!(position(r#""__lsn":24"#), (Origin::Unknown, None, Some(24), None));
    assert_eq!(position(r#""__source_sequence":"[null,\"24\"]""#), (Origin::Unknown, None, Some(24), None));
}

#[test]
fn a_flat_row_may_have_a_schema_and_a_column_named_payload() {
    let schema = r#"{"type":"struct","fields":[{"type":"int64","name":"io.debezium.time.Timestamp","field":"created_at"},
        {"type":"bytes","name":"org.apache.kafka.connect.data.Decimal","parameters":{"scale":"2"},"field":"price"}]}"#;
    let row = row_with("price", r#""B88=""#).replace(r#""2026-01-31T12:30:00.123456Z""#, "1769862600123");
    let order = flat(Some("17"), Some(&format!(r#"{{"schema":{schema},"payload":{row}}}"#))).map(order_of).unwrap();
    assert_eq!((order.price, order.ordered_at), (expected().price, Timestamp::from_micros(1_769_862_600_123_000)));

    assert_eq!(flat(Some("17"), Some(&row_and(r#""payload":{"id":18},"schema":"x""#))).map(order_of), Ok(expected()));
}

#[test]
fn heartbeats_and_logical_messages_are_ignored_and_truncates_unsupported() {
    let decoder = decoder(Format::Flat);
    let heartbeat = record(Some(r#"{"serverName":"shop"}"#), Some(r#"{"ts_ms":1769862600123}"#));
    assert_eq!(decoder.order(&heartbeat), Ok(Decoded::Ignored));
    for message in [r#"{"op":"m","message":{"prefix":"p","content":"aGk="}}"#, r#"{"prefix":"p","content":"aGk=","__op":"m"}"#] {
        assert_eq!(decoder.order(&record(Some(r#"{"prefix":"p"}"#), Some(message))), Ok(Decoded::Ignored), "{message}");
    }
    assert_eq!(flat(None, Some(r#"{"__op":"t"}"#)).unwrap_err().reason, Reason::Unsupported);
}

#[test]
fn an_envelope_is_no_flat_row_nor_a_flat_row_an_envelope() {
    let envelope = record(Some(r#"{"id":"C1"}"#), Some(r#"{"before":null,"after":{"id":"C1","name":"Ann"},"op":"c"}"#));
    let rejection = decoder(Format::Flat).customer(&envelope).unwrap_err();
    assert_eq!((rejection.reason, rejection.message.as_str()), (Reason::Invalid, "id: missing or null"));
    let rejection = order(ROW).unwrap_err();
    assert_eq!(rejection.reason, Reason::Malformed);
    assert!(rejection.message.contains("source.format"), "{rejection}");
}
