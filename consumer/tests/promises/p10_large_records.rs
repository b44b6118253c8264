//! P10: the largest records and keys that Kafka and the settings allow go through the real Kafka, to `results` and to the dead letters.

use serde_json::Value;

use crate::shop::Shop;
use crate::shop::poison::event;
use crate::shop::topic::{DEAD_LETTERS, ORDERS, Sent};

/// `source.max_record_bytes`; `OF_KAFKA` is the most that Kafka takes of these bytes for itself.
const LARGEST: usize = 1_048_576;
const OF_KAFKA: usize = 100;
const KEY_BYTES: usize = 10_240;
/// Orders with these ids exist on the topic only.
const FIRST_ID: i64 = 920_000_000;
const ORDERS_SENT: i64 = 12;

/// A key of ten kilobytes, as if the primary key had another column.
fn key(id: i64) -> Vec<u8> {
    let begin = format!(r#"{{"id":{id},"tenant":""#);
    let padding = "t".repeat(KEY_BYTES - begin.len() - 2);
    format!(r#"{begin}{padding}"}}"#).into_bytes()
}

/// A record that is as large as it may be, because the event has a long column that orderstream does not need.
fn large(id: i64, event: &str) -> Sent {
    let key = key(id);
    let room = LARGEST - OF_KAFKA - key.len() - event.len();
    let value = event.replacen(r#""customer_id""#, &format!(r#""note":"{}","customer_id""#, "n".repeat(room - r#""note":"","#.len())), 1);
    let record = Sent { key: Some(key), value: Some(value.into_bytes()), ..Sent::default() };
    assert_eq!(record.key.iter().chain(&record.value).map(Vec::len).sum::<usize>(), LARGEST - OF_KAFKA);
    record
}

#[test]
fn records_of_a_megabyte_with_keys_of_ten_kilobytes_go_through() {
    let shop = Shop::open();
    let ids = FIRST_ID..FIRST_ID + ORDERS_SENT;
    // The orders have a position of now, because an order older than a truncate does not come in, and another test may have truncated the
    // table.
    let now = shop.number("select (pg_current_wal_lsn() - '0/0')::bigint");
    shop.orders("BESIDE", 100);
    let large_order = |id| large(id, &at(event(id), now).to_string());
    shop.topics().send(ORDERS, &ids.clone().map(large_order).collect::<Vec<_>>());
    shop.orders("BESIDE", 100);
    shop.await_the_end_of_the_topics();
    shop.await_sql(&format!("select count(*), sum(total) from results where order_id >= {FIRST_ID} and product_id = 'POISON'"), "12|12.00");
    shop.await_hash_field(FIRST_ID, "customer_name", "Alice Johnson");
    assert_eq!(shop.new_letters(), 0);
    // The orders are deleted again before everything is compared, because the shop does not have them.
    let delete = |id| Sent { key: Some(key(id)), ..Sent::order(id, deletion(id, now + 1)) };
    shop.topics().send(ORDERS, &ids.map(delete).collect::<Vec<_>>());
    shop.await_everything_right();
    shop.await_tombstone(FIRST_ID);
    shop.clear("BESIDE");
}

fn deletion(id: i64, lsn: i64) -> String {
    let mut event = at(event(id), lsn);
    event["before"] = event["after"].take();
    event["op"] = "d".into();
    event.to_string()
}

/// The event with this position in the log.
fn at(mut event: Value, lsn: i64) -> Value {
    event["source"]["sequence"] = format!(r#"["{lsn}","{lsn}"]"#).into();
    event["source"]["lsn"] = lsn.into();
    event
}

#[test]
fn a_poison_record_of_a_megabyte_is_a_dead_letter_byte_for_byte() {
    let shop = Shop::open();
    let (orders, letters) = (shop.topics().ends(ORDERS), shop.topics().ends(DEAD_LETTERS));
    let record = large(FIRST_ID + ORDERS_SENT, &event(FIRST_ID + ORDERS_SENT).to_string().replace("1.00", "cheap"));
    shop.topics().send(ORDERS, std::slice::from_ref(&record));
    shop.await_everything_right_with_letters(1);
    let (original, letter) = (shop.topics().read(ORDERS, &orders), shop.topics().read(DEAD_LETTERS, &letters));
    assert_eq!((original.len(), letter.len()), (1, 1));
    assert!(original[0].record == record, "Kafka has another record");
    assert!(letter[0].record.key == record.key && letter[0].record.value == record.value, "the letter is another record");
    assert_eq!(letter[0].header("x-dlq-reason"), Some("invalid"));
}
