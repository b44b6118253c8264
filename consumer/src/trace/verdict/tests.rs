//! One case of each sentence. The facts are those of an order whose row and hash are right, with one thing changed.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::time::Duration;

use chrono::DateTime;
use kafka::source::Watermarks;
use serde_json::{Value, json};

use super::*;
use crate::redis::cache::look::OrderLook;
use crate::redis::cache::texts_of;
use crate::redis::customers::look::{CustomerLook, SeenCustomerHash};
use crate::redis::progress::Point;
use crate::trace::facts::{Asked, Settings};

const TOPIC: &str = "shop.public.orders";

fn asked<T>(answer: Result<T, &str>) -> Asked<T> {
    Asked { answer: answer.map_err(ToOwned::to_owned), took: Duration::from_millis(3) }
}

/// What Postgres answers of an order that is right.
fn stored() -> Value {
    let partition = |number: i32| json!({ "epoch": 0, "topic": TOPIC, "partition": number, "next_offset": 50_000, "claimed_by": "host/1", "last_ms": null, "stopped": null });
    let partitions: Vec<Value> = (0..4).map(partition).collect();
    json!({
        "row": {
            "order_id": 7, "customer_id": "C1", "customer_name": "Ann Lee", "customer_email": "ann@example.com", "customer_tier": "gold",
            "customer_country": "DE", "product_id": "P1", "quantity": 2, "price": "19.99", "total": "39.98", "status": "paid",
            "ordered_at": 1_795_262_400_000_000_i64, "updated_at": null, "enrichment": "complete", "refused": null,
            "processed_at": "2026-11-21T12:00:00+00:00", "revision": 815, "customer_version": "0.0.1", "epoch": 0, "partition": 2,
            "offset": 48_211, "kind": "w", "commit_lsn": 1, "lsn": 2, "source_ms": 1_795_262_400_000_i64,
        },
        "tombstone": null, "due": null, "due_customer": null, "letters": [], "letters_counted": 0, "truncates": [],
        "partitions": partitions,
        "neighbours": [],
    })
}

fn letter(resolution: Option<&str>) -> Value {
    json!({
        "id": "shop.public.orders-2-48300-0", "epoch": 0, "topic": TOPIC, "partition": 2, "offset": 48_300, "reason": "invalid",
        "stage": "decode", "message": "after.quantity: expected an integer, found text", "dlq_topic": "dlq-errors", "dlq_partition": 0,
        "dlq_offset": 1, "replays": 2, "created_at": "2026-11-21T12:01:00+00:00",
        "resolved_at": resolution.map(|_| "2026-11-21T12:02:00+00:00"), "resolution": resolution,
    })
}

fn tombstone() -> Value {
    json!({
        "order_id": 7, "deleted_at": "2026-11-21T12:03:00+00:00", "revision": 816, "epoch": 0, "partition": 2, "offset": 48_400, "kind": "w",
        "commit_lsn": 3, "lsn": 4, "source_ms": null,
    })
}

fn due(at: &str) -> Value {
    json!({ "order_id": 7, "partition": 2, "due_at": at, "attempts": 3, "stamp": 1, "refusal": null })
}

fn facts(stored: Value) -> OrderFacts {
    let stored: StoredOrder = serde_json::from_value(stored).unwrap();
    let columns = stored.row.as_ref().map(|row| texts_of(&row.row)).unwrap_or_default();
    let columns = columns.into_iter().filter_map(|(name, text)| Some((name, text?))).collect();
    let version = Some("0000000000-00000000000000000815".to_owned());
    let hash = SeenHash { version, deleted_at: None, columns, ttl_seconds: Some(600) };
    let progress = HashMap::from([(format!("{TOPIC}:2"), Point { epoch: 0, next_offset: 50_000 })]);
    let customer = SeenCustomerHash { version: Some("0.0.1".to_owned()), ..SeenCustomerHash::default() };
    OrderFacts {
        id: 7,
        at: DateTime::parse_from_rfc3339("2026-11-21T12:10:00Z").unwrap().to_utc(),
        settings: Settings {
            epoch: 0,
            orders_topic: TOPIC.to_owned(),
            customers_topic: Some("shop.public.customers".to_owned()),
            refresh: true,
            order_ttl: Duration::from_secs(7 * 86_400),
        },
        postgres: asked(Ok(stored)),
        redis: asked(Ok(OrderLook { hash: Seen::Hash(hash), progress })),
        customer: Some(asked(Ok(CustomerLook { hash: Seen::Hash(customer), progress: HashMap::new() }))),
        kafka: asked(Ok((0..4).map(|number| (number, Watermarks { low: 0, high: 50_000 })).collect::<BTreeMap<_, _>>())),
    }
}

/// The facts of the order that is right, with a change of what Postgres answers.
fn with(change: impl FnOnce(&mut Value)) -> OrderFacts {
    let mut stored = stored();
    change(&mut stored);
    facts(stored)
}

/// The facts with a change of the hash.
fn with_hash(mut facts: OrderFacts, change: impl FnOnce(&mut Seen<SeenHash>)) -> OrderFacts {
    change(&mut facts.redis.answer.as_mut().unwrap().hash);
    facts
}

fn live(seen: &mut Seen<SeenHash>) -> &mut SeenHash {
    let Seen::Hash(hash) = seen else { panic!("there is a hash") };
    hash
}

fn old_hash(seen: &mut Seen<SeenHash>) {
    live(seen).version = Some("0000000000-00000000000000000812".to_owned());
}

fn absent(seen: &mut Seen<SeenHash>) {
    *seen = Seen::Absent;
}

/// The facts of an order without a row.
fn without_row(change: impl FnOnce(&mut Value)) -> OrderFacts {
    let facts = with(|stored| {
        stored["row"] = Value::Null;
        change(stored);
    });
    with_hash(facts, absent)
}

fn with_end(mut facts: OrderFacts, high: i64) -> OrderFacts {
    facts.kafka.answer = Ok((0..4).map(|number| (number, Watermarks { low: 0, high })).collect());
    facts
}

#[expect(clippy::too_many_lines, reason = "a table")]
fn table() -> Vec<(OrderFacts, Code, &'static str)> {
    let away = |mut facts: OrderFacts| {
        facts.redis = asked(Err("no answer within 150 ms"));
        facts
    };
    vec![
        (facts(stored()), Code::Right, "In results and right (revision 815). The hash is right too."),
        (with_end(facts(stored()), 50_012), Code::Right, "with 12 records of its partition not read yet"),
        (with_end(facts(stored()), 50_001), Code::Right, "with 1 record of its partition not read yet"),
        (with(|s| s["letters"] = json!([letter(Some("overtaken"))])), Code::RightLetterOvertaken, "was overtaken by what came after it"),
        (away(facts(stored())), Code::RightRedisUnknown, "Redis did not answer, so nothing is known of the hash"),
        (
            with_hash(with(|s| s["due"] = due("2026-11-21T12:09:57+00:00")), old_hash),
            Code::HashOldListed,
            "The hash is behind (revision 812 < 815); it is on the list of the sweep, due since 3 s.",
        ),
        (with_hash(facts(stored()), old_hash), Code::HashOld, "on no list; `orderstream reconcile --repair` writes it anew"),
        (
            with_hash(with(|s| s["row"]["processed_at"] = "2026-11-21T12:09:59+00:00".into()), old_hash),
            Code::HashOld,
            "the row is a moment old, and its hash may be on its way",
        ),
        (
            with_hash(with(|s| s["due"] = due("2026-11-21T12:10:05+00:00")), absent),
            Code::HashAbsentListed,
            "There is no hash yet; it is on the list of the sweep, tried next in 5 s.",
        ),
        (
            with_hash(with(|s| s["row"]["processed_at"] = "2026-11-10T12:00:00+00:00".into()), absent),
            Code::HashExpired,
            "7.0 days) was over at 2026-11-17 12:00:00 UTC",
        ),
        (
            {
                let mut facts = with_hash(facts(stored()), absent);
                facts.redis.answer.as_mut().unwrap().progress.clear();
                facts
            },
            Code::HashLost,
            "Redis does not reflect partition 2 yet, and is being made whole",
        ),
        (with_hash(facts(stored()), absent), Code::HashAbsent, "it was evicted or removed by hand"),
        (
            with_hash(facts(stored()), |seen| drop(live(seen).columns.insert("status", "pending".to_owned()))),
            Code::HashChanged,
            "the same revision and other values",
        ),
        (
            with_hash(facts(stored()), |seen| live(seen).version = Some("0000000000-00000000000000000900".to_owned())),
            Code::HashAhead,
            "keeps this row out",
        ),
        (with_hash(facts(stored()), |seen| *seen = Seen::Foreign), Code::HashAhead, "is none of this program"),
        (
            away(with(|s| {
                s["row"]["enrichment"] = "pending".into();
                s["due"] = due("2026-11-21T12:10:00+00:00");
            })),
            Code::Pending,
            "Redis does not answer now either; it is on the list of the sweep, due since 0 s after 3 tries.",
        ),
        (
            {
                let mut facts = with(|s| {
                    s["row"]["enrichment"] = "missing".into();
                    s["due"] = due("2026-11-21T12:10:40+00:00");
                });
                facts.customer.as_mut().unwrap().answer.as_mut().unwrap().hash = Seen::Absent;
                facts
            },
            Code::MissingCustomer,
            "Redis has no such customer; the customer's event completes the row, and it is on the list of the sweep, tried next in 40 s",
        ),
        (
            with(|s| s["due_customer"] = json!({ "partition": 0, "version": "0.0.9", "marked_at": "2026-11-21T12:09:59+00:00" })),
            Code::CustomerChanged,
            "with the customer of before (version 0.0.1; now 0.0.9); the customer's orders are being looked through",
        ),
        (
            with(|s| {
                s["due"] = due("2026-11-21T13:00:00+00:00");
                s["due"]["refusal"] = "SQLSTATE 23514, table results".into();
            }),
            Code::CompletionRefused,
            "not with the customer as it is now: SQLSTATE 23514, table results",
        ),
        (
            with(|s| s["letters"] = json!([letter(None)])),
            Code::LetterOpen,
            "letter shop.public.orders-2-48300-0 is open (invalid: after.quantity: expected an integer, found text, replayed 2 times in vain)",
        ),
        (without_row(|s| s["letters"] = json!([letter(None)])), Code::LetterOpenWithoutRow, "Not in results: a change of it was refused"),
        (
            without_row(|s| s["letters"] = json!([letter(Some("by hand: test order"))])),
            Code::LetterClosedWithoutRow,
            "which was closed (by hand: test order)",
        ),
        (
            without_row(|s| s["tombstone"] = tombstone()),
            Code::Deleted,
            "Deleted at 2026-11-21 12:03:00 UTC by 2@48400 (revision 816). There is no hash any more.",
        ),
        (
            with_hash(with(|s| (s["row"], s["tombstone"]) = (Value::Null, tombstone())), |_| {}),
            Code::DeletedHashOld,
            "The hash still shows the order; it is on no list",
        ),
        (
            without_row(|s| (s["tombstone"], s["letters"]) = (tombstone(), json!([letter(None)]))),
            Code::DeletedLetterOpen,
            "Deleted at 2026-11-21 12:03:00 UTC, and a change of it was refused",
        ),
        (
            without_row(|s| {
                s["tombstone"] = tombstone();
                s["truncates"] = json!([{ "epoch": 0, "partition": 2, "offset": 48_400, "swept_to": null, "covers_row": false }]);
            }),
            Code::Truncated,
            "Removed at 2026-11-21 12:03:00 UTC by a truncate of the shop, 2@48400.",
        ),
        (
            with(|s| s["truncates"] = json!([{ "epoch": 0, "partition": 1, "offset": 9, "swept_to": 5, "covers_row": true }])),
            Code::Truncating,
            "emptied by a truncate at 1@9, which removes the row: it has come to order 5",
        ),
        (
            {
                let mut facts = facts(stored());
                facts.settings.epoch = 1;
                facts
            },
            Code::OtherEpoch,
            "The row is of epoch 0, and this program reads epoch 1",
        ),
        (
            without_row(|s| s["partitions"][1]["stopped"] = "its log is another one".into()),
            Code::PartitionStopped,
            "it would be in partition 1, which was stopped: its log is another one",
        ),
        (without_row(|_| {}), Code::NeverSeen, "it would be in partition 1, of which everything is read"),
        (
            with_end(without_row(|_| {}), 54_120),
            Code::NotYetRead,
            "Never seen in epoch 0: it would be in partition 1, of which 4120 records are not read yet; it may be among them.",
        ),
        (with_end(without_row(|_| {}), 50_001), Code::NotYetRead, "of which 1 record is not read yet; it may be among them."),
        (
            without_row(|s| s["neighbours"] = json!([{ "order_id": 8, "partition": 99, "epoch": 0 }])),
            Code::NeverSeenLagUnknown,
            "nothing tells which partition it would be in",
        ),
        (
            with_hash(without_row(|_| {}), |seen| *seen = Seen::Hash(SeenHash::default())),
            Code::HashWithoutRow,
            "Not in results, but Redis has a hash of it",
        ),
        (
            {
                let mut facts = facts(stored());
                facts.postgres = asked(Err("no answer within 150 ms"));
                facts
            },
            Code::Unknown,
            "Not known: Postgres did not answer (no answer within 150 ms). Redis has a hash of it, version 0000000000-00000000000000000815.",
        ),
    ]
}

#[test]
fn each_state_has_its_sentence_and_each_sentence_its_state() {
    let mut seen = HashSet::new();
    for (facts, code, part) in table() {
        let found = verdict(&facts);
        assert_eq!(found.code, code, "{}", found.text);
        assert!(found.text.contains(part), "{code:?} says {:?} and not {part:?}", found.text);
        assert!(found.text.ends_with('.') && !found.text.contains("Ann"), "{}", found.text);
        seen.insert(code);
    }
    let of_this_file: HashSet<String> = seen.iter().map(|code| format!("{code:?}")).collect();
    let source = include_str!("../verdict.rs");
    let (_, codes) = source.split_once("pub enum Code {").unwrap();
    let listed = codes.split('}').next().unwrap().lines().filter(|line| !line.contains("//")).map(|line| line.trim().trim_end_matches(','));
    let untold: Vec<&str> = listed.filter(|code| !code.is_empty() && !of_this_file.contains(*code)).collect();
    assert!(untold.is_empty(), "no case of {untold:?}");
}
