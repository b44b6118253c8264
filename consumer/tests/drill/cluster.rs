//! Orderstream moves to another Kafka cluster: with the offsets of the old one, and without them (P2, P3, P5).

use crate::shop::topic::{CUSTOMERS, Found, ORDERS};
use crate::work::{self, Work};
use crate::world::World;
use crate::{seconds, told};
use std::time::Instant;

/// The id of the cluster that the document names, and that of another one.
const ELSEWHERE: &str = "RWxzZXdoZXJlMTIzNDU2Nw";
const LATE: &str = "VG9vTGF0ZTEyMzQ1Njc4OQ";

const STOCK: i32 = 5_000;

/// A world that has worked with the old cluster and is at rest: the connector is stopped, the lag is zero, no process runs.
fn at_rest(name: &str) -> World {
    let mut world = World::begin(name);
    work::open(&world.shop, STOCK);
    let process = world.start();
    let work = Work::begin(&world.shop);
    world.poison(900_000_001, 3);
    world.shop.await_at_least("select count(*) from results", 2 * i64::from(STOCK));
    // The shop works on while the connector is stopped.
    world.operator.types("stop the connector");
    world.await_no_lag();
    work.end();
    world.stop(process);
    world
}

/// What both ways end with: the shop works, and everything is right.
fn goes_on(world: &World) {
    let work = Work::begin(&world.shop);
    let rows = world.shop.number("select count(*) from results");
    world.shop.await_at_least("select count(*) from results", rows + 1_000);
    work.end();
    world.await_equality();
    world.shop.redis_command("FLUSHALL");
    world.await_equality();
    assert_eq!(world.letters().len(), 3);
}

/// The records of a topic as a mirror copies them: in their partitions, with their timestamps and so with their offsets.
fn copied(world: &World, topic: &str) -> Vec<Found> {
    world.shop.topics().read_all(topic)
}

#[test]
#[ignore = "takes minutes: make drill"]
fn a_cluster_to_which_topics_were_mirrored_goes_on_where_the_old_one_ended_and_is_refused_if_the_offsets_were_not_kept() {
    let mut world = at_rest("mirrored");
    let mirror = [ORDERS, CUSTOMERS].map(|topic| (topic, copied(&world, topic)));
    let ledger = world.ledger();
    a_mirror_that_began_late_is_refused(&world, &mirror);
    world.shop.stack().replace_kafka(ELSEWHERE).unwrap();
    for (topic, records) in &mirror {
        world.shop.topics().copy(topic, records);
    }
    let began = Instant::now();
    world.operator.types("bring the connector along");
    let process = world.launch();
    world.shop.process(process).await_readiness(503, "belongs to Kafka cluster");
    assert_eq!(world.ledger(), ledger);
    world.operator.types("see another cluster");
    world.operator.types("keep the offsets");
    world.shop.process(process).await_readiness(200, "");
    world.operator.types("resume the connector");
    world.await_equality();
    told(&format!("moved with offsets: right {} after the first command", seconds(began.elapsed())));
    goes_on(&world);
    world.operator.types("compare");
    world.stop(process);
}

/// Lets a cluster take the old one's place to which the mirror was begun late, so that each record has another offset. The command that would
/// keep the old offset is refused.
fn a_mirror_that_began_late_is_refused(world: &World, mirror: &[(&str, Vec<Found>)]) {
    world.shop.stack().replace_kafka(LATE).unwrap();
    for (topic, records) in mirror {
        // What came since has filled the gap, so the old offset is in the log.
        world.shop.topics().copy(topic, &[&records[16..], &records[..32]].concat());
    }
    let ledger = world.ledger();
    let next = ledger[&(ORDERS.to_owned(), 0)].to_string();
    let refused = world.says(false, &["offsets", "reset", "--topic", ORDERS, "--partition", "0", "--to", &next, "--execute"]);
    assert!(refused.contains("stands another record"), "{refused}");
    assert_eq!(world.ledger(), ledger);
}

#[test]
#[ignore = "takes minutes: make drill"]
fn a_cluster_with_fresh_topics_gets_a_snapshot_and_a_higher_epoch() {
    let mut world = at_rest("fresh");
    world.shop.stack().replace_kafka(ELSEWHERE).unwrap();
    let process = world.launch();
    world.shop.process(process).await_readiness(503, "belongs to Kafka cluster");
    world.stop(process);
    let began = Instant::now();
    world.raise_the_epoch();
    let process = world.start();
    world.operator.types("make the connector anew");
    world.await_snapshot();
    world.operator.types("repair");
    world.await_equality();
    told(&format!("moved without offsets: right {} after the first command", seconds(began.elapsed())));
    goes_on(&world);
    world.operator.types("compare");
    world.stop(process);
}
