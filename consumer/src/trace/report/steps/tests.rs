use std::time::Duration;

use serde_json::{Value, json};

use super::*;

fn place(lag: Option<i64>) -> Place {
    Place { partition: 2, is_seen: true, next: Some(40), end: lag.map(|lag| 40 + lag), stopped: None }
}

#[test]
fn the_step_of_kafka_tells_the_record_and_what_is_not_read() {
    for (last, place, state, what) in [
        (Some((2, 7)), Some(place(Some(0))), "ok", "2@7, everything is read"),
        (Some((2, 7)), Some(place(Some(1))), "ok", "2@7, 1 record is not read yet"),
        (Some((2, 7)), Some(place(None)), "ok", "2@7"),
        // Kafka may have a record that was ignored, so nothing says that it is absent.
        (None, Some(place(Some(0))), "unknown", "no record is known; partition 2, everything is read"),
        (None, Some(place(Some(5))), "unknown", "no record is known; partition 2, 5 records are not read yet"),
        (None, None, "unknown", "partition unknown"),
    ] {
        assert_eq!(of_record(last, place.as_ref()), step("kafka", state, what));
    }
}

#[test]
fn a_letter_is_the_last_record_of_an_order_that_nothing_else_tells_of() {
    let tombstone = json!({
        "order_id": 7, "deleted_at": "2026-11-21T12:03:00+00:00", "revision": 816, "epoch": 0, "partition": 2, "offset": 48, "kind": "w",
        "commit_lsn": 3, "lsn": 4, "source_ms": null,
    });
    for (tombstone, letters, expected) in [
        (json!(null), json!([]), None),
        (json!(null), json!([letter("orders", 0, 9), letter("orders", 0, 5)]), Some((2, 9))),
        (json!(null), json!([letter("orders", 1, 9)]), None),
        (json!(null), json!([letter("customers", 0, 9)]), None),
        (tombstone, json!([letter("orders", 0, 9)]), Some((2, 48))),
    ] {
        assert_eq!(last_record(&stored(&tombstone, &letters), &settings()), expected, "{letters}");
    }
}

fn settings() -> Settings {
    Settings { epoch: 0, orders_topic: "orders".into(), customers_topic: None, refresh: true, order_ttl: Duration::ZERO }
}

fn stored(tombstone: &Value, letters: &Value) -> StoredOrder {
    let stored = json!({
        "row": null, "letters": letters, "letters_counted": 1, "tombstone": tombstone, "due": null, "due_customer": null, "truncates": [],
        "partitions": [], "neighbours": [],
    });
    serde_json::from_value(stored).unwrap()
}

fn letter(topic: &str, epoch: i32, offset: i64) -> Value {
    json!({
        "id": "l", "epoch": epoch, "topic": topic, "partition": 2, "offset": offset, "reason": "invalid", "stage": "decode", "message": "",
        "dlq_topic": "dlq-errors", "dlq_partition": 0, "dlq_offset": 1, "replays": 0, "created_at": "2026-11-21T12:00:00+00:00",
        "resolved_at": "2026-11-21T12:01:00+00:00", "resolution": "overtaken",
    })
}
