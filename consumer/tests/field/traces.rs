//! Traces: the way of an order is seen at a real receiver, and a receiver that is away costs nothing but spans.

use std::fs;
use std::net::TcpListener;
use std::time::{Duration, Instant, SystemTime};

use crate::shop::Shop;
use crate::shop::apart::{Apart, order, poisoned};
use crate::shop::topic::Sent;

mod receiver;

use receiver::{Got, Receiver};

/// Data of a customer that no span may have, the id among it (P11).
const PERSONAL: [&str; 3] = ["Zebulon Quixwood", "Quixwood-7731", ID];
const ID: &str = "traced@customers.example.com";

/// The spans with this name that are a part of another one.
fn parts<'a>(all: &'a [Got], of: &Got, name: &str) -> Vec<&'a Got> {
    all.iter().filter(|got| got.span.name == name && got.is_part_of(of)).collect()
}

/// The span of the record that is about an order.
fn record_of(all: &[Got], id: i64) -> Option<&Got> {
    all.iter().find(|got| got.span.name == "record" && got.attribute("orderstream.order_id") == Some(id.to_string()))
}

fn log_of(shop: &Shop, process: usize) -> String {
    fs::read_to_string(shop.stack().folder().join(shop.process(process).service().name()).with_extension("log")).unwrap()
}

#[test]
fn the_way_of_one_order_is_seen_from_the_shop_to_its_hash_and_nothing_of_its_customer() {
    let receiver = Receiver::start(stack::free_port().unwrap());
    let shop = Shop::with(&[("TRACES_ENDPOINT", &receiver.endpoint()), ("TRACES_SAMPLE", "1")]);
    shop.sql(&format!("insert into customers (id, name, email) values ('{ID}', '{}', '{ID}')", PERSONAL[0]));
    let before = SystemTime::now() - Duration::from_millis(1);
    let id = shop.order(ID, 2, "1.50");
    shop.await_hash_field(id, "customer_name", PERSONAL[0]);
    shop.await_that("the order's spans are there", || {
        let all = receiver.spans();
        record_of(&all, id)
            .is_some_and(|record| parts(&all, record, "batch").iter().any(|batch| !parts(&all, batch, "write_back").is_empty()))
    });
    shop.await_that("the customer's batch is there", || {
        receiver.spans().iter().any(|got| got.attribute("messaging.destination.name").as_deref() == Some("shop.public.customers"))
    });

    let all = receiver.spans();
    let record = record_of(&all, id).unwrap();
    let [capture, wait, batch] = ["capture", "wait", "batch"].map(|name| parts(&all, record, name)[0]);
    assert!(record.span.parent_span_id.is_empty(), "a record without the header begins its own trace");
    assert_eq!(record.of_process("service.name").as_deref(), Some("orderstream"));
    // The stations follow each other, from the commit in the shop on.
    assert!(before <= record.began() && record.began() == capture.began(), "{record:?}");
    assert!(capture.ended() == wait.began() && wait.ended() <= batch.began(), "{capture:?} {wait:?}");
    assert!(batch.ended() <= record.ended() && record.ended() <= SystemTime::now());
    let attributes = ["messaging.system", "messaging.destination.name", "messaging.batch.message_count", "orderstream.applied"];
    let told = attributes.map(|name| batch.attribute(name).unwrap());
    assert_eq!(told, ["kafka", "shop.public.orders", "1", "1"]);
    let offset: i64 = record.attribute("messaging.kafka.offset").unwrap().parse().unwrap();
    assert_eq!(batch.attribute("orderstream.offset_to"), Some((offset + 1).to_string()));
    for step in ["decode", "lookup", "commit", "write_back"] {
        let spans = parts(&all, batch, step);
        assert!(matches!(spans[..], [span] if batch.began() <= span.began() && span.ended() <= batch.ended()), "{step}: {spans:?}");
    }
    let text = format!("{all:?}");
    assert!(PERSONAL.iter().all(|secret| !text.contains(secret)), "a span has something of the customer");
    shop.sql(&format!("delete from orders where id = {id}; delete from customers where id = '{ID}'"));
    shop.await_everything_right();
}

#[test]
fn a_record_of_a_sampled_trace_is_traced_as_a_part_of_it_and_its_batch_is_linked() {
    let receiver = Receiver::start(stack::free_port().unwrap());
    let mut shop = Shop::closed();
    let apart = Apart::new(&shop, "traced", &[]);
    let with = |sent: Sent, trace: &str, flags: &str| Sent {
        headers: vec![("traceparent".to_owned(), Some(format!("00-{trace}-00f067aa0ba902b7-{flags}").into_bytes()))],
        ..sent
    };
    let (sampled, other) = ("4bf92f3577b34da6a3ce929d0e0e4736", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");
    let records = [order(1), with(order(2), other, "00"), with(order(3), sampled, "01"), with(poisoned(4), sampled, "01")];
    shop.topics().send(&apart.orders, &records);
    let endpoint = receiver.endpoint();
    // The share alone would trace one batch in a million.
    let settings = [
        ("TRACES_ENDPOINT", endpoint.as_str()),
        ("TRACES_SAMPLE", "0.000001"),
        ("DEAD_LETTERS_MAX_SHARE", "1"),
        ("DATABASE_LOCK_TIMEOUT_MS", "200"),
    ];
    let process = shop.start_another(&apart.settings_and(&settings));
    apart.await_sql("select count(*) from results", "3");
    shop.await_that("the spans are there", || {
        let all = receiver.spans();
        record_of(&all, 3).is_some() && record_of(&all, 4).is_some() && all.iter().any(|got| got.span.name == "write_back")
    });

    let all = receiver.spans();
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    assert!(record_of(&all, 1).is_none() && record_of(&all, 2).is_none(), "nobody has sampled these");
    assert!(all.iter().all(|got| hex(&got.span.trace_id) == sampled), "all spans are of the one trace");
    let record = record_of(&all, 3).unwrap();
    assert_eq!(hex(&record.span.parent_span_id), "00f067aa0ba902b7");
    let batch = parts(&all, record, "batch")[0];
    let links: Vec<(String, String)> = batch.span.links.iter().map(|link| (hex(&link.trace_id), hex(&link.span_id))).collect();
    assert_eq!(links, vec![(sampled.to_owned(), "00f067aa0ba902b7".to_owned()); 2]);
    assert_eq!(batch.attribute("orderstream.dead_lettered").as_deref(), Some("1"));
    assert_eq!(parts(&all, batch, "dead_letter").len(), 1);

    // A transaction that is in the way of somebody else's lock is tried again: a span for each try, and the class of the error.
    let lock = apart.lock("results");
    shop.topics().send(&apart.orders, &[with(order(5), sampled, "01")]);
    let contention = "orderstream_postgres_errors_total{class=\"contention\"}";
    shop.await_that("the transaction was tried", || shop.process(process).metric(contention) > 0);
    drop(lock);
    let batch_of_5 = |all: &[Got]| parts(all, record_of(all, 5)?, "batch").first().map(|batch| (*batch).clone());
    shop.await_that("the batch is there", || batch_of_5(&receiver.spans()).is_some());
    let all = receiver.spans();
    let batch = batch_of_5(&all).unwrap();
    assert_eq!(batch.span.events[0].attributes[0].key, "class");
    assert!(format!("{:?}", batch.span.events[0]).contains("contention"), "{batch:?}");
    assert!(parts(&all, &batch, "commit").len() > 1);
}

#[test]
fn a_receiver_that_is_away_or_silent_costs_only_spans_and_is_told_of_once() {
    let port = stack::free_port().unwrap();
    let endpoint = format!("http://127.0.0.1:{port}");
    let shop = Shop::with(&[("TRACES_ENDPOINT", &endpoint), ("TRACES_SAMPLE", "1")]);
    let failed = || shop.process(0).metric("orderstream_spans_total{outcome=\"failed\"}");
    let orders = |count: i64| {
        shop.orders("TRACED", 10);
        shop.await_sql("select count(*) from results where product_id = 'TRACED'", &count.to_string());
    };
    for round in 1..=3 {
        let before = failed();
        orders(10 * round);
        shop.await_that("spans are lost", || failed() > before);
    }
    let told = |what: &str| log_of(&shop, 0).lines().filter(|line| line.contains(what)).count();
    assert_eq!(told("The receiver of traces does not take them"), 1, "an outage is told of once");

    let receiver = Receiver::start(port);
    orders(40);
    shop.await_that("spans arrive", || !receiver.spans().is_empty());
    shop.await_that("the end of the outage is told", || told("The receiver of traces takes them again") == 1);
    assert!(shop.process(0).metric("orderstream_spans_total{outcome=\"sent\"}") > 0);
    drop(receiver);

    // A receiver that takes connections and never says a word: the orders go on, and so does the end of the process.
    let silent = TcpListener::bind(("127.0.0.1", port)).unwrap();
    orders(50);
    drop(silent.accept().unwrap().0.set_nodelay(true));
    let began = Instant::now();
    shop.process(0).service().stop().unwrap();
    assert!(began.elapsed() < Duration::from_secs(8), "{:?}", began.elapsed());
    shop.process(0).service().start().unwrap();
    shop.clear("TRACED");
}
