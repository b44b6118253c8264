//! Where the records of an order begin in its partition, by what Postgres knows. Pure.

use crate::results::traces::{StoredLetter, StoredOrder};
use crate::trace::facts::Settings;

/// How long before a letter a search begins if the letter's offset does not tell, in milliseconds: ten minutes.
const BEFORE_A_LETTER_MS: i64 = 10 * 60 * 1_000;

/// Where an order's records begin, as far as is known; the earlier of the two counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Beginning {
    /// The time of the first record, in milliseconds since 1970.
    pub(super) since_ms: Option<i64>,
    /// The offset of the first record that a row or a letter names.
    pub(super) offset: Option<i64>,
}

impl Beginning {
    /// The time is the first of the shop's `created_at`, taken for UTC, and of the order's last event. A letter was made after its record
    /// came to Kafka, so the letter's time would lead past the record: the letter's offset counts, and where the offset is of another topic
    /// or epoch a time before the letter's.
    pub(super) fn of(stored: &StoredOrder, settings: &Settings, partition: i32, high: i64) -> Self {
        let row = stored.row.as_ref();
        let ordered = row.and_then(|row| row.row.ordered_at).map(|time| time.micros() / 1_000).filter(|millis| *millis > 0);
        let changed = row.and_then(|row| row.position.ts_ms);
        let is_ours = |letter: &&StoredLetter| letter.topic == settings.orders_topic && letter.epoch == settings.epoch;
        let (ours, others): (Vec<&StoredLetter>, Vec<&StoredLetter>) = stored.letters.iter().partition(is_ours);
        let refused = others.iter().map(|letter| letter.created_at.timestamp_millis() - BEFORE_A_LETTER_MS);
        let of_row = row.map(|row| row.position).filter(|position| position.epoch == settings.epoch);
        let of_row = of_row.map(|position| (position.partition, position.offset));
        let named = of_row.into_iter().chain(ours.iter().map(|letter| (letter.partition, letter.offset)));
        // An offset beyond the end is of a topic that was made anew since.
        let named = named.filter(|(of, offset)| *of == partition && *offset < high);
        Self { since_ms: ordered.into_iter().chain(changed).chain(refused).min(), offset: named.map(|(_, offset)| offset).min() }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn a_search_begins_no_later_than_the_records_that_row_and_letters_name() {
        let (noon, ten) = (1_795_262_400_000, 1_795_255_200_000);
        let none = Beginning { since_ms: None, offset: None };
        let of_time = |since_ms| Beginning { since_ms: Some(since_ms), offset: None };
        let of_letter = Beginning { since_ms: None, offset: Some(90) };
        for (what, row, letters, expected) in [
            ("nothing", json!(null), json!([]), none),
            // The letter's time, noon, is after its record's, which the search has to find.
            ("a letter", json!(null), json!([letter("orders", 0, 2, 90)]), of_letter),
            ("two letters", json!(null), json!([letter("orders", 0, 2, 95), letter("orders", 0, 2, 90)]), of_letter),
            ("a row", row(0), json!([]), Beginning { since_ms: Some(ten), offset: Some(50) }),
            (
                "a row and a letter before it",
                row(0),
                json!([letter("orders", 0, 2, 40)]),
                Beginning { since_ms: Some(ten), offset: Some(40) },
            ),
            ("a row of another epoch", row(1), json!([]), of_time(ten)),
            ("a letter of another partition", json!(null), json!([letter("orders", 0, 1, 90)]), none),
            ("a letter beyond the end", json!(null), json!([letter("orders", 0, 2, 100)]), none),
            ("a letter of another epoch", json!(null), json!([letter("orders", 1, 2, 90)]), of_time(noon - 600_000)),
            ("a letter of another topic", json!(null), json!([letter("old.orders", 0, 2, 90)]), of_time(noon - 600_000)),
        ] {
            assert_eq!(Beginning::of(&stored(&row, &letters), &settings(), 2, 100), expected, "{what}");
        }
    }

    fn settings() -> Settings {
        Settings { epoch: 0, orders_topic: "orders".into(), customers_topic: None, refresh: true, order_ttl: Duration::ZERO }
    }

    fn stored(row: &Value, letters: &Value) -> StoredOrder {
        let stored = json!({
            "row": row, "letters": letters, "letters_counted": 1, "tombstone": null, "due": null, "due_customer": null, "truncates": [],
            "partitions": [], "neighbours": [],
        });
        serde_json::from_value(stored).unwrap()
    }

    /// A row at `2@50` that was ordered at ten and changed at noon.
    fn row(epoch: i32) -> Value {
        json!({
            "order_id": 7, "customer_id": null, "customer_name": null, "customer_email": null, "customer_tier": null,
            "customer_country": null, "product_id": "P1", "quantity": 2, "price": "19.99", "total": "39.98", "status": "paid",
            "ordered_at": 1_795_255_200_000_000_i64, "updated_at": null, "enrichment": "none", "refused": null,
            "processed_at": "2026-11-21T12:00:00+00:00", "revision": 1, "customer_version": null, "epoch": epoch, "partition": 2,
            "offset": 50, "kind": "w", "commit_lsn": 1, "lsn": 2, "source_ms": 1_795_262_400_000_i64,
        })
    }

    /// An open letter that was made at noon.
    fn letter(topic: &str, epoch: i32, partition: i32, offset: i64) -> Value {
        json!({
            "id": "l", "epoch": epoch, "topic": topic, "partition": partition, "offset": offset, "reason": "invalid", "stage": "decode",
            "message": "", "dlq_topic": "dlq-errors", "dlq_partition": 0, "dlq_offset": 1, "replays": 0,
            "created_at": "2026-11-21T12:00:00+00:00", "resolved_at": null, "resolution": null,
        })
    }
}
