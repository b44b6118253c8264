//! `orderstream trace`: what happened to one order or one customer (P9, P10, P11).

use std::time::{Duration, Instant};

use serde_json::Value;

use crate::shop::topic::{ORDERS, Sent};
use crate::shop::{PATIENCE, Shop};

/// Explicit ids of orders that no sequence of the shop comes to.
const FIRST: i64 = 961_000_000;

/// What the command answers for programs. The deadline is longer than its default, because this machine is busy with other things.
fn trace(shop: &Shop, arguments: &[&str]) -> Value {
    let output = shop.orderstream(&[&["trace", "--json", "--deadline", "10000"], arguments].concat(), &[]);
    let told = String::from_utf8(output.stderr).unwrap();
    serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{told}"))
}

fn order(shop: &Shop, id: i64) -> Value {
    trace(shop, &[&id.to_string()])
}

/// Waits until the verdict on an order has this code, and returns the answer.
#[track_caller]
fn await_verdict(shop: &Shop, id: i64, code: &str) -> Value {
    let look = || {
        let found = order(shop, id);
        let text = found["verdict"].to_string();
        if found["verdict"]["code"] == code { stack::wait::Attempt::Ready(found) } else { stack::wait::Attempt::NotYet(text) }
    };
    stack::wait::until(&format!("the verdict on {id} is {code}"), PATIENCE, look).unwrap()
}

fn insert(shop: &Shop, id: i64, customer: &str) {
    shop.sql(&format!("insert into orders (id, customer_id, product_id, quantity, price) values ({id}, '{customer}', 'TRACE', 7, 19.99)"));
}

#[test]
fn an_order_is_traced_from_never_seen_to_right_refused_overtaken_and_deleted() {
    let shop = Shop::open();
    let id = FIRST + 1;
    // The orders with ids near this one tell how keys become partitions. Other tests leave orders wherever they like.
    (FIRST - 5..FIRST).chain(FIRST + 11..FIRST + 16).for_each(|near| insert(&shop, near, "CUST001"));
    let near = format!("order_id between {} and {} or order_id between {} and {}", FIRST - 5, FIRST - 1, FIRST + 11, FIRST + 15);
    shop.await_sql(&format!("select count(*) from results where {near}"), "10");
    let before = await_verdict(&shop, id, "never_seen");
    assert_eq!((&before["row"], &before["partition"]["is_likely"]), (&Value::Null, &Value::Bool(true)), "{before}");

    insert(&shop, id, "CUST005");
    let right = await_verdict(&shop, id, "right");
    let partition = shop.number(&format!("select partition from results where order_id = {id}"));
    assert_eq!(before["partition"]["n"], partition, "the key leads to where Debezium has put it");
    assert_eq!((&right["partition"]["n"], &right["partition"]["is_likely"]), (&partition.into(), &Value::Bool(false)));
    let row = &right["row"];
    assert_eq!(
        [&row["price"], &row["total"], &row["customer_name"], &row["customer_email"]],
        ["19.99", "139.93", "E*** M***", "e***@e***"]
    );
    assert_eq!(
        (&right["hash"]["state"], &right["hash"]["revision"], &right["hash"]["diff"]),
        (&"live".into(), &row["revision"], &Value::Array(vec![]))
    );
    assert!(right["hash"]["ttl_s"].as_u64().unwrap() > 600_000, "{right}");
    assert_eq!(right["not_answered"], Value::Array(vec![]));
    assert_eq!(trace(&shop, &[&id.to_string(), "--reveal"])["row"]["customer_email"], "emma@example.com");

    let number = Some(i32::try_from(partition).unwrap());
    shop.topics().send(ORDERS, &[Sent { partition: number, ..Sent::order(id, "{") }]);
    let refused = await_verdict(&shop, id, "letter_open");
    assert_eq!((&refused["letters"][0]["reason"], &refused["letters"][0]["resolution"]), (&"malformed".into(), &Value::Null));
    let text = shop.says(true, &["trace", &id.to_string(), "--deadline", "10000"]);
    assert!(text.contains("VERDICT     In results, but a change of it was refused") && text.contains("OPEN"), "{text}");
    assert!(!text.contains("Emma") && !text.contains("emma@"), "{text}");

    shop.sql(&format!("update orders set status = 'paid' where id = {id}"));
    let overtaken = await_verdict(&shop, id, "right_letter_overtaken");
    let ops: Vec<&str> = overtaken["events"].as_array().unwrap().iter().map(|event| event["op"].as_str().unwrap()).collect();
    assert!(["letter", "letter_closed", "changed", "written"].iter().all(|op| ops.contains(op)), "{ops:?}");

    let with_events = trace(&shop, &[&id.to_string(), "--events", "--search"]);
    let of_row = with_events["records"].as_array().unwrap().iter().find(|found| found["named_by"] == "row").unwrap();
    let status = serde_json::json!({ "column": "status", "before": "pending", "after": "paid" });
    assert!(of_row["is_of_order"] == true && of_row["change"]["columns"].as_array().unwrap().contains(&status), "{of_row}");
    let search = &with_events["search"];
    let ops: Vec<&Value> = search["found"].as_array().unwrap().iter().map(|found| &found["change"]["op"]).collect();
    assert_eq!((ops, &search["ended_by"]), (vec![&"c".into(), &Value::Null, &"u".into()], &"end of the partition".into()), "{search}");

    shop.sql(&format!("delete from orders where id = {id}"));
    let deleted = await_verdict(&shop, id, "deleted");
    shop.await_that("the hash says so too", || order(&shop, id)["hash"]["state"] == "deleted");
    assert_eq!(deleted["row"], Value::Null);
    assert_eq!(deleted["tombstone"]["position"].as_str().unwrap().split('@').next(), Some(partition.to_string().as_str()));
}

#[test]
fn without_redis_a_trace_names_it_within_a_second_and_tells_the_rest() {
    let shop = Shop::open();
    let id = FIRST + 2;
    shop.stack().redis().pause().unwrap();
    insert(&shop, id, "CUST001");
    shop.await_sql(&format!("select enrichment from results where order_id = {id}"), "pending");
    let began = Instant::now();
    let output = shop.orderstream(&["trace", "--json", &id.to_string()], &[]);
    let took = began.elapsed();
    shop.stack().redis().resume();
    let found: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(!output.status.success(), "not everybody has answered");
    assert_eq!(found["not_answered"][0]["server"], "redis", "{found}");
    assert!(found["took_ms"]["redis"].as_u64().unwrap() < 1_000, "{found}");
    assert!(took < Duration::from_secs(5), "{took:?}");
    assert_eq!(found["verdict"]["code"], "pending", "{found}");
    await_verdict(&shop, id, "right");
    shop.clear("TRACE");
    shop.await_everything_right();
}

#[test]
fn a_customer_is_traced_with_the_orders_that_wait() {
    let shop = Shop::open();
    let id = FIRST + 3;
    insert(&shop, id, "trace@example.com");
    let of = |code: &str| {
        let mut found = Value::Null;
        shop.await_that(&format!("the verdict on the customer is {code}"), || {
            found = trace(&shop, &["--customer", "trace@example.com"]);
            found["verdict"]["code"] == code
        });
        found
    };
    await_verdict(&shop, id, "missing_customer");
    let unknown = of("never_seen");
    assert_eq!((&unknown["id"], &unknown["orders"]["missing"]), (&"t***@e***".into(), &1.into()), "{unknown}");
    shop.customer("trace@example.com", "Tracy Trace");
    let known = of("known");
    assert_eq!([&known["hash"]["name"], &known["hash"]["tier"]], ["T*** T***", "gold"], "{known}");
    assert_eq!((&known["orders"]["complete"], &known["orders"]["some"][0]), (&1.into(), &id.to_string().into()));
    await_verdict(&shop, id, "right");
    shop.sql("delete from customers where id = 'trace@example.com'");
    assert!(of("deleted")["hash"]["deleted_at"].is_string());
    shop.clear("TRACE");
    shop.await_everything_right();
}
