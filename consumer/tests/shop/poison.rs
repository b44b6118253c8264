//! Poison: records that cannot be processed, one of each kind.

use serde_json::{Value, json};

use crate::shop::topic::Sent;

/// Orders with these ids exist on the topic only.
pub const FIRST_ID: i64 = 900_000_000;

/// A record that cannot be processed, and what its dead letter has to say.
pub struct Poison {
    pub name: &'static str,
    pub reason: &'static str,
    pub stage: &'static str,
    /// The part of the message that names what is wrong.
    pub message: &'static str,
    pub record: Sent,
}

/// The limit on a record's size, which the last kind exceeds.
pub const MAX_RECORD_BYTES: &str = "4096";

/// The product that the constraint [`ADD_CONSTRAINT`] refuses.
pub const REFUSED_PRODUCT: &str = "REFUSED";

/// Makes the database refuse rows of the product [`REFUSED_PRODUCT`].
pub const ADD_CONSTRAINT: &str = "alter table results add constraint no_refused_product check (product_id <> 'REFUSED') not valid";
pub const DROP_CONSTRAINT: &str = "alter table results drop constraint if exists no_refused_product";

/// An insert as Debezium writes it.
pub fn event(id: i64) -> Value {
    json!({
        "before": null,
        "after": {
            "id": id, "customer_id": "CUST001", "product_id": "POISON", "quantity": 1, "price": "1.00", "status": "pending",
            "created_at": "2026-11-21T12:00:00Z", "updated_at": "2026-11-21T12:00:00Z",
        },
        "source": { "snapshot": "false", "sequence": "[\"1\",\"1\"]", "lsn": 1, "ts_ms": 1_795_262_400_000_i64 },
        "op": "c",
    })
}

fn with(id: i64, column: &str, value: Value) -> Sent {
    let mut event = event(id);
    event["after"][column] = value;
    Sent::order(id, event.to_string())
}

fn without(id: i64, column: &str) -> Sent {
    let mut event = event(id);
    event["after"].as_object_mut().unwrap().remove(column);
    Sent::order(id, event.to_string())
}

/// The text that Debezium puts in the place of a large text that an update did not touch.
const UNCHANGED: &str = "__debezium_unavailable_value";

/// One record of each kind.
pub fn all_kinds() -> Vec<Poison> {
    let good = event(FIRST_ID).to_string();
    let truncate = json!({ "before": null, "after": null, "source": {}, "op": "t" }).to_string();
    let mut ids = FIRST_ID..;
    let mut id = || ids.next().unwrap();
    let kinds = [
        ("broken JSON", "malformed", "", Sent::order(id(), &good[..good.len() / 2])),
        ("no JSON at all", "malformed", "", Sent::order(id(), [0xff, 0xfe, 0x00, 0x01])),
        ("an empty value", "malformed", "", Sent::order(id(), "")),
        ("a value that is no event", "malformed", "", Sent::order(id(), r#"{"hello":"world"}"#)),
        ("a broken key", "malformed", "", Sent { key: Some(b"{".to_vec()), ..Sent::order(id(), good.clone()) }),
        ("no row after an insert", "malformed", "after", Sent::order(id(), r#"{"op":"c","after":null}"#)),
        ("an unknown operation", "", "op", Sent::order(id(), good.replace(r#""op":"c""#, r#""op":"x""#))),
        ("no customer", "invalid", "after.customer_id", without(id(), "customer_id")),
        ("no price", "invalid", "after.price", without(id(), "price")),
        ("no quantity", "invalid", "after.quantity", with(id(), "quantity", Value::Null)),
        ("a quantity that is a text", "invalid", "after.quantity", with(id(), "quantity", json!("many"))),
        ("a customer that is a number", "invalid", "after.customer_id", with(id(), "customer_id", json!(7))),
        ("a time that is none", "invalid", "after.created_at", with(id(), "created_at", json!("yesterday"))),
        ("a base64 decimal without schema", "invalid", "after.price", with(id(), "price", json!("B88="))),
        ("a quantity below zero", "invalid", "after.quantity", with(id(), "quantity", json!(-1))),
        ("a quantity beyond 32 bits", "invalid", "after.quantity", with(id(), "quantity", json!(2_147_483_648_i64))),
        ("a price below zero", "invalid", "after.price", with(id(), "price", json!("-0.01"))),
        ("a price that is not a number", "invalid", "after.price", with(id(), "price", json!("NaN"))),
        ("a price out of range", "invalid", "after.price", with(id(), "price", json!("10000000000.00"))),
        ("a NUL character", "invalid", "after.product_id", with(id(), "product_id", json!("A\u{0}B"))),
        ("an id that is not the key's", "invalid", "after.id", with(id(), "id", json!(1))),
        ("a truncate that says not where", "unsupported", "", Sent { value: Some(truncate.into_bytes()), ..Sent::default() }),
        ("a record over the limit", "too_large", "source.max_record_bytes", with(id(), "status", json!("x".repeat(5_000)))),
        ("an unchanged column of no row", "unresolved_toast", "REPLICA IDENTITY FULL", with(id(), "product_id", json!(UNCHANGED))),
        ("a row that the database refuses", "rejected_by_database", "no_refused_product", with(id(), "product_id", json!(REFUSED_PRODUCT))),
    ];
    let mut kinds: Vec<Poison> = kinds
        .into_iter()
        .map(|(name, reason, message, record)| {
            let stage = if ["rejected_by_database", "unresolved_toast"].contains(&reason) { "store" } else { "decode" };
            Poison { name, reason, stage, message, record }
        })
        .collect();
    kinds.push(total_that_does_not_fit(id()));
    for poison in &mut kinds {
        poison.record.headers = vec![
            ("kind".to_owned(), Some(poison.name.as_bytes().to_vec())),
            ("bytes".to_owned(), Some(vec![0xff, 0x00, 0x80])),
            ("nothing".to_owned(), None),
            ("kind".to_owned(), Some(poison.name.as_bytes().to_vec())),
        ];
    }
    kinds
}

/// An order whose quantity and price are each in range, and whose total is not: 2,147,483,647 times 9,999,999,999.99 has 20 digits before
/// the point.
fn total_that_does_not_fit(id: i64) -> Poison {
    let mut event = event(id);
    event["after"]["quantity"] = json!(i32::MAX);
    event["after"]["price"] = json!("9999999999.99");
    let record = Sent::order(id, event.to_string());
    Poison { name: "a total that does not fit", reason: "invalid", stage: "decode", message: "total", record }
}
