//! Tests of envelopes: operations, keys, positions.

use super::*;

#[test]
fn a_create_is_a_put_with_its_position() {
    let position = Position {
        epoch: 1,
        partition: 2,
        offset: 40,
        kind: Origin::Stream,
        commit: Some(24_023_128),
        lsn: Some(24_023_664),
        ts_ms: Some(1_769_862_600_123),
    };
    assert_eq!(order(&envelope("c", "null", ROW)), Ok(Change { id: 17, effect: Effect::Put(expected()), position }));
}

#[test]
fn an_update_is_the_row_after_it() {
    assert_eq!(order(&envelope("u", &row_with("quantity", "1"), ROW)).map(order_of), Ok(expected()));
}

#[test]
fn a_delete_counts_by_its_key_for_its_row_may_hold_invented_values() {
    let invented = r#"{"id":17,"customer_id":"","product_id":"","quantity":0,"price":"0.00","status":null,"created_at":null}"#;
    let change = order(&envelope("d", invented, "null")).unwrap();
    assert_eq!((change.id, change.effect), (17, Effect::Delete));
}

#[test]
fn a_delete_without_key_counts_by_the_id_of_its_row() {
    let event = envelope("d", ROW, "null");
    let change = change(decoder(Format::Envelope).order(&record(None, Some(&event)))).unwrap();
    assert_eq!((change.id, change.effect), (17, Effect::Delete));
}

#[test]
fn a_changed_primary_key_is_the_delete_of_one_row_and_the_create_of_another() {
    let decoder = decoder(Format::Envelope);
    let events = [
        record(Some(r#"{"id":17}"#), Some(&envelope("d", ROW, "null"))),
        record(Some(r#"{"id":17}"#), None),
        record(Some(r#"{"id":18}"#), Some(&envelope("c", "null", &row_with("id", "18")))),
    ];
    let decoded = events.map(|event| decoder.order(&event).unwrap());
    let [Decoded::Change(delete), Decoded::Change(tombstone), Decoded::Change(create)] = decoded else { panic!("{decoded:?}") };
    assert_eq!((delete.id, delete.effect), (17, Effect::Delete));
    assert_eq!((tombstone.id, tombstone.effect, tombstone.position.kind), (17, Effect::Delete, Origin::Tombstone));
    assert_eq!((create.id, create.effect), (18, Effect::Put(expected())));
}

#[test]
fn a_null_value_is_a_delete_of_which_only_the_place_in_kafka_is_known() {
    for value in [None, Some("null"), Some(r#"{"schema":null,"payload":null}"#)] {
        let change = change(decoder(Format::Envelope).order(&record(Some(r#"{"id":17}"#), value))).unwrap();
        let position = Position { epoch: 1, partition: 2, offset: 40, kind: Origin::Tombstone, commit: None, lsn: None, ts_ms: None };
        assert_eq!(change, Change { id: 17, effect: Effect::Delete, position }, "{value:?}");
    }
    let nameless = decoder(Format::Envelope).order(&record(Some(r#"{"number":17}"#), None)).unwrap_err();
    assert_eq!(nameless.reason, Reason::Invalid);
}

#[test]
fn keyless_null_values_heartbeats_and_logical_messages_are_ignored() {
    let message = r#"{"op":"m","ts_ms":1,"source":{"lsn":1},"message":{"prefix":"p","content":"aGk="}}"#;
    let ignored = [
        (None, None),
        (Some("null"), None),
        (Some(r#"{"serverName":"shop"}"#), None),
        (Some(r#"{"serverName":"shop"}"#), Some(r#"{"ts_ms":1769862600123}"#)),
        (Some(r#"{"prefix":"p"}"#), Some(message)),
        (None, Some(message)),
    ];
    for (key, value) in ignored {
        assert_eq!(decoder(Format::Envelope).order(&record(key, value)), Ok(Decoded::Ignored), "{key:?} {value:?}");
    }
}

#[test]
fn every_form_of_the_key_names_the_row() {
    let value = envelope("c", "null", ROW);
    let schema = r#"{"type":"struct","fields":[{"type":"int32","optional":false,"default":0,"field":"id"}],"optional":false}"#;
    let keys = [
        Some(r#"{"id":17}"#.to_owned()),
        Some(format!(r#"{{"schema":{schema},"payload":{{"id":17}}}}"#)),
        Some(r#"{"schema":{"type":"int32","optional":false},"payload":17}"#.to_owned()),
        Some(" 17 ".to_owned()),
        Some("null".to_owned()),
        None,
    ];
    for key in keys {
        let change = change(decoder(Format::Envelope).order(&record(key.as_deref(), Some(&value))));
        assert_eq!(change.map(|change| change.id), Ok(17), "{key:?}");
    }
}

#[test]
fn a_customer_is_keyed_by_text_and_its_columns_may_be_null() {
    let row = r#"{"id":"CUST\u0030\"1","name":"Ann","email":null,"tier":"gold","updated_at":12,"since":[1,{"a":2}]}"#;
    let change = customer(r#"{"id":"CUST0\"1"}"#, &envelope("u", "null", row)).unwrap();
    assert_eq!(change.id, "CUST0\"1");
    let expected = Customer { name: Some("Ann".into()), tier: Some("gold".into()), ..Customer::default() };
    let expected = CustomerRow { country: Text::Unchanged, ..expected.into() };
    assert_eq!(order_of(change), expected);

    let gone = customer(r#""CUST001""#, &envelope("d", "null", "null")).unwrap();
    assert_eq!((gone.id.as_str(), gone.effect), ("CUST001", Effect::Delete));
}

/// Kind, commit and LSN of an event with these fields in `source`.
fn position(op: &str, source: &str) -> (Origin, Option<i64>, Option<i64>) {
    let position = order(&with_source(op, "null", ROW, source)).unwrap().position;
    (position.kind, position.commit, position.lsn)
}

#[test]
fn a_snapshot_says_so_in_many_words() {
    for word in ["true", r#""true""#, r#""first""#, r#""last""#, r#""first_in_data_collection""#, r#""last_in_data_collection""#] {
        let source = format!(r#"{{"snapshot":{word},"sequence":"[null,\"24\"]","lsn":24}}"#);
        assert_eq!(position("r", &source), (Origin::Snapshot, None, Some(24)), "{word}");
    }
    assert_eq!(position("r", r#"{"lsn":24}"#), (Origin::Snapshot, None, Some(24)), "what was read, not written, is a snapshot's");
    assert_eq!(position("c", r#"{"lsn":24,"snapshot":true}"#), (Origin::Snapshot, None, Some(24)));
}

#[test]
fn what_a_snapshot_cannot_have_read_is_of_the_log_whatever_it_says() {
    for word in ["true", r#""last""#, r#""incremental""#] {
        let source = format!(r#"{{"snapshot":{word},"sequence":"[\"30\",\"31\"]","lsn":31}}"#);
        for op in ["c", "u", "d"] {
            let after = if op == "d" { "null" } else { ROW };
            let change = order(&with_source(op, "null", after, &source)).unwrap();
            assert_eq!((change.position.kind, change.position.lsn), (Origin::Stream, Some(31)), "{op}, {word}");
        }
    }
}

#[test]
fn an_incremental_snapshot_has_a_sequence_but_no_lsn() {
    let source = r#"{"snapshot":"incremental","sequence":"[\"30\",\"24\"]","lsn":null,"txId":null}"#;
    assert_eq!(position("r", source), (Origin::Incremental, Some(30), Some(24)));
}

#[test]
fn a_change_of_the_log_stands_at_its_own_lsn_for_debezium_1_6_repeats_the_sequence_within_a_transaction() {
    let at = |lsn: i64| position("u", &format!(r#"{{"snapshot":"false","sequence":"[\"22\",\"22\"]","lsn":{lsn}}}"#));
    assert_eq!((at(23), at(24)), ((Origin::Stream, Some(22), Some(23)), (Origin::Stream, Some(22), Some(24))));
    let incremental = r#"{"snapshot":"incremental","sequence":"[\"30\",\"24\"]","lsn":31}"#;
    assert_eq!(
        position("r", incremental),
        (Origin::Incremental, Some(30), Some(24)),
        "a row was read, and no record of the log is its own"
    );
}

#[test]
fn a_change_of_the_log_may_lack_the_commit_or_the_whole_sequence() {
    assert_eq!(position("u", r#"{"snapshot":"false","sequence":"[null,\"24\"]","lsn":24}"#), (Origin::Stream, None, Some(24)));
    assert_eq!(position("u", r#"{"snapshot":false,"sequence":"[\"22\",null]","lsn":23}"#), (Origin::Stream, Some(22), Some(23)));
    assert_eq!(position("u", r#"{"sequence":"[ null , \"24\" ]"}"#), (Origin::Stream, None, Some(24)));
    assert_eq!(position("u", r#"{"lsn":23}"#), (Origin::Stream, None, Some(23)));
}

#[test]
fn an_event_without_any_lsn_stands_nowhere() {
    for (op, source) in [("u", "null"), ("u", r#"{"snapshot":"false"}"#), ("r", r#"{"snapshot":"incremental"}"#)] {
        assert_eq!(position(op, source), (Origin::Unknown, None, None), "{source}");
    }
}

#[test]
fn a_position_that_cannot_be_read_is_malformed() {
    for source in
        [r#"{"lsn":"abc"}"#, r#"{"lsn":1.5}"#, r#"{"sequence":"[\"1\",\"x\"]"}"#, r#"{"sequence":"[\"1\"]"}"#, r#"{"sequence":7}"#]
    {
        assert_eq!(order(&with_source("u", "null", ROW, source)).unwrap_err().reason, Reason::Malformed, "{source}");
    }
}

#[test]
fn a_negative_position_is_malformed() {
    for source in [r#"{"lsn":-1}"#, r#"{"sequence":"[\"-1\",\"24\"]"}"#, r#"{"sequence":"[null,\"-9223372036854775808\"]"}"#] {
        let rejection = order(&with_source("u", "null", ROW, source)).unwrap_err();
        assert_eq!(rejection.reason, Reason::Malformed, "{source}");
        assert!(rejection.message.ends_with("not a whole number from 0 to 9223372036854775807"), "{rejection}");
    }
    assert_eq!(position("u", r#"{"sequence":"[\"0\",\"0\"]"}"#), (Origin::Stream, Some(0), Some(0)));
}
