//! More brokers are gone than the partitions can spare: what cannot be written waits, and nothing that was acknowledged is lost (P1, P6).

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use rdkafka::ClientConfig;
use rdkafka::ClientContext;
use rdkafka::message::Message;
use rdkafka::producer::{BaseRecord, DeliveryResult, Producer, ProducerContext, ThreadedProducer};
use stack::Service;
use stack::wait::{Attempt, until};

use crate::shop::Shop;
use crate::shop::apart::poisoned;
use crate::shop::load::{Load, PROCESSED};
use crate::shop::poison::FIRST_ID;
use crate::shop::topic::{DEAD_LETTERS, ORDERS, Sent};
use crate::{PATIENCE, PAUSE, catches_up, ends_right, is_back, longest, shop_on_three_brokers, told};

const CONNECTOR: &str = "shop";
const LETTERS: i64 = 3;
/// How long the brokers are away: longer than any timeout of a client that would give up.
const OUTAGE: Duration = Duration::from_secs(40);

/// Says whether Debezium goes on by itself, and starts its task again if it has failed.
fn debezium_goes_on(shop: &Shop) {
    let mut restarts = 0;
    until("Debezium goes on", PATIENCE, || match shop.stack().connector_state() {
        Ok(state) if state == "RUNNING" => Attempt::Ready(()),
        Ok(state) if state == "FAILED" => {
            restarts += 1;
            shop.stack().connect_api().restart_failed(CONNECTOR).unwrap();
            Attempt::NotYet(state)
        }
        other => Attempt::NotYet(format!("{other:?}")),
    })
    .unwrap();
    told(&format!(
        "Connect {}, the connector needed {restarts} restarts",
        if shop.stack().connect().is_running() { "lives" } else { "died" }
    ));
}

#[test]
#[ignore = "three brokers: make test-ha"]
fn without_a_majority_letters_wait_and_the_process_says_so_and_afterwards_nothing_is_lost() {
    let mut shop = shop_on_three_brokers();
    let number = shop.start_another(&[]);
    let load = Load::begin(&shop, PAUSE);
    load.goes_on(200);
    let before = shop.letters_on_topic();
    let survivor = shop.stack().leader(ORDERS, 0).unwrap().name().to_owned();
    let (gone, stays): (Vec<&Service>, Vec<&Service>) = shop.stack().brokers().iter().partition(|broker| broker.name() != survivor);
    let began = Instant::now();
    // The records that cannot be processed wait at the broker that stays, which cannot take their letters.
    shop.process(number).service().pause().unwrap();
    let poison: Vec<Sent> = (FIRST_ID..FIRST_ID + LETTERS).map(|id| Sent { partition: Some(0), ..poisoned(id) }).collect();
    shop.topics().send(ORDERS, &poison);
    gone.iter().for_each(|broker| broker.kill());
    shop.process(number).service().resume();

    shop.process(number).await_readiness(503, "");
    let (_, health) = shop.process(number).get("/health").unwrap();
    let (_, reasons) = shop.process(number).get("/readyz").unwrap();
    told(&format!("without a majority /readyz says {reasons:?}, /health {health}"));
    until("the outage was long", PATIENCE, || Attempt::when(began.elapsed() >= OUTAGE)).unwrap();
    assert_eq!(shop.new_letters(), 0, "a letter was counted that nobody has");
    let (_, health) = shop.process(number).get("/health").unwrap();
    let (_, reasons) = shop.process(number).get("/readyz").unwrap();
    told(&format!("after {OUTAGE:?} /readyz says {reasons:?}, /health {health}"));
    assert!(stays[0].is_running() && reasons.contains("Kafka"), "{reasons}");

    gone.iter().for_each(|broker| broker.launch().unwrap());
    let back = Instant::now();
    gone.iter().for_each(|broker| is_back(broker));
    told(&format!("the brokers were back after {:.1} s", back.elapsed().as_secs_f64()));
    debezium_goes_on(&shop);
    catches_up(&shop, &load);
    told(&format!("all was caught up {:.1} s after the brokers were started", back.elapsed().as_secs_f64()));
    shop.await_that("the letters are there", || shop.new_letters() == LETTERS);
    let (orders, _) = load.end();
    shop.await_sql(PROCESSED, &orders.to_string());
    shop.await_everything_right_with_letters(LETTERS);
    assert_eq!(shop.letters_on_topic() - before, LETTERS, "letters on {DEAD_LETTERS}");
    shop.clear("LOAD");
}

/// Notes which records Kafka has acknowledged.
#[derive(Clone, Default)]
struct Acknowledged(Arc<Mutex<BTreeSet<Vec<u8>>>>);

impl ClientContext for Acknowledged {}

impl ProducerContext for Acknowledged {
    type DeliveryOpaque = ();

    fn delivery(&self, result: &DeliveryResult<'_>, (): ()) {
        if let Ok(message) = result {
            self.0.lock().unwrap().insert(message.payload().unwrap().to_vec());
        }
    }
}

#[test]
#[ignore = "three brokers: make test-ha"]
fn what_was_acknowledged_is_there_after_all_brokers_were_killed_at_once() {
    let mut shop = shop_on_three_brokers();
    shop.start_another(&[]);
    shop.start_another(&[]);
    let load = Load::begin(&shop, PAUSE);
    let topic = "acknowledged";
    shop.stack().create_topic(topic, 3, &[]).unwrap();
    let acknowledged = Acknowledged::default();
    let mut client = ClientConfig::new();
    client.set("bootstrap.servers", shop.stack().bootstrap_servers()).set("enable.idempotence", "true").set("linger.ms", "1");
    let producer: ThreadedProducer<Acknowledged> = client.create_with_context(acknowledged.clone()).unwrap();
    let count = || acknowledged.0.lock().unwrap().len();
    let mut sent = 0;
    until("many records are acknowledged", PATIENCE, || {
        for _ in 0..100 {
            // A full queue takes the rest at the next attempt.
            sent += i32::from(producer.send(BaseRecord::<(), [u8]>::to(topic).payload(format!("{sent}").as_bytes())).is_ok());
        }
        Attempt::when(count() >= 2_000)
    })
    .unwrap();
    load.gaps();
    // SIGKILL to all within a moment, while records are on their way.
    shop.stack().brokers().iter().for_each(Service::kill);
    let (before, killed) = (acknowledged.0.lock().unwrap().clone(), Instant::now());
    shop.stack().brokers().iter().for_each(|broker| broker.launch().unwrap());
    shop.stack().brokers().iter().for_each(is_back);
    told(&format!("all three were back after {:.1} s", killed.elapsed().as_secs_f64()));
    let there: BTreeSet<Vec<u8>> = shop.topics().read_all(topic).into_iter().filter_map(|found| found.record.value).collect();
    let lost = before.difference(&there).count();
    told(&format!("{sent} records were sent, {} acknowledged before the kill, {lost} of these are lost", before.len()));
    producer.flush(PATIENCE).unwrap();
    debezium_goes_on(&shop);
    catches_up(&shop, &load);
    let (each, _) = longest(&load.gaps());
    told(&format!("all killed at once: longest time without a commit by partition: {each}"));
    ends_right(&shop, load);
    assert_eq!(lost, 0);
}
