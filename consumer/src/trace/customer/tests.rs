use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use kafka::source::Watermarks;
use serde_json::{Value, json};

use super::*;
use crate::redis::customers::look::SeenCustomerHash;
use crate::redis::progress::Point;

const TOPIC: &str = "shop.public.customers";

fn asked<T>(answer: T) -> Asked<T> {
    Asked { answer: Ok(answer), took: Duration::from_millis(3) }
}

/// The facts of a customer whose orders have all followed, with a change of what Postgres answers, and with this hash.
fn facts(change: impl FnOnce(&mut Value), hash: Seen<SeenCustomerHash>) -> CustomerFacts {
    let mut stored = json!({
        "due": null, "orders": ["7"], "letters": [], "letters_counted": 0,
        "rows": { "counted": 1, "complete": 1, "missing": 0, "pending": 0, "due": 0, "refusal": null, "versions": ["0.0.1"] },
        "partitions": [{
            "epoch": 0, "topic": TOPIC, "partition": 0, "next_offset": 10, "claimed_by": "host/1", "last_ms": null, "stopped": null,
        }],
    });
    change(&mut stored);
    CustomerFacts {
        id: "C1".to_owned(),
        at: DateTime::UNIX_EPOCH,
        settings: Settings {
            epoch: 0,
            orders_topic: "shop.public.orders".to_owned(),
            customers_topic: Some(TOPIC.to_owned()),
            refresh: true,
            order_ttl: Duration::from_secs(60),
        },
        postgres: asked(serde_json::from_value(stored).unwrap()),
        redis: asked(CustomerLook { hash, progress: HashMap::from([(format!("{TOPIC}:0"), Point { epoch: 0, next_offset: 10 })]) }),
        kafka: Some(asked(BTreeMap::from([(0, Watermarks { low: 0, high: 10 })]))),
    }
}

fn live() -> Seen<SeenCustomerHash> {
    Seen::Hash(SeenCustomerHash { version: Some("0.0.1".to_owned()), ..SeenCustomerHash::default() })
}

#[test]
fn each_state_of_a_customer_has_its_sentence() {
    let deleted = Seen::Hash(SeenCustomerHash { deleted_at: Some("2026-11-21T12:00:00Z".to_owned()), ..SeenCustomerHash::default() });
    let mut behind = facts(|_| {}, Seen::Absent);
    behind.redis.answer.as_mut().unwrap().progress.clear();
    let mut unread = facts(|_| {}, Seen::Absent);
    unread.kafka = Some(asked(BTreeMap::from([(0, Watermarks { low: 0, high: 17 })])));
    let mut silent = facts(|_| {}, live());
    silent.redis.answer = Err("no answer within 150 ms".to_owned());
    let letter = json!([{
        "id": "shop.public.customers-0-3-0", "epoch": 0, "topic": TOPIC, "partition": 0, "offset": 3, "reason": "malformed", "stage": "decode",
        "message": "", "dlq_topic": "dlq-errors", "dlq_partition": 0, "dlq_offset": 1, "replays": 0,
        "created_at": "2026-11-21T12:01:00+00:00", "resolved_at": null, "resolution": null,
    }]);
    let table = [
        (facts(|_| {}, live()), CustomerCode::Known, "In Redis (version 0.0.1); 1 order."),
        (
            facts(|s| s["rows"]["due"] = 1.into(), live()),
            CustomerCode::OrdersFollow,
            "In Redis (version 0.0.1); 1 order, 1 on the list of the sweep.",
        ),
        (
            facts(|s| s["due"] = json!({ "partition": 0, "version": "0.0.2", "marked_at": "2026-11-21T12:00:00+00:00" }), live()),
            CustomerCode::OrdersFollow,
            "its orders are being looked through",
        ),
        (facts(|s| s["letters"] = letter, live()), CustomerCode::LetterOpen, "letter shop.public.customers-0-3-0 is open (malformed)"),
        (facts(|_| {}, deleted), CustomerCode::Deleted, "Deleted at 2026-11-21T12:00:00Z; 1 order."),
        (behind, CustomerCode::Lost, "which does not reflect all customers and is being made whole"),
        (facts(|_| {}, Seen::Foreign), CustomerCode::Lost, "The key holds no hash"),
        (unread, CustomerCode::NotYetRead, "7 records of partition 0, where the key leads to, are not read yet"),
        (facts(|_| {}, Seen::Absent), CustomerCode::NeverSeen, "never seen, or deleted more than an hour ago"),
        (silent, CustomerCode::Unknown, "Not known: Redis, which has the customers, did not answer; 1 order."),
    ];
    for (facts, code, part) in table {
        let found = verdict(&facts);
        assert_eq!(found.code, code, "{}", found.text);
        assert!(found.text.contains(part), "{code:?} says {:?} and not {part:?}", found.text);
    }
}
