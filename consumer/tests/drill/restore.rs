//! The Postgres of `results` is lost, and restored from a backup that was taken while work went on (P2, P3, P5, P8).

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use crate::shop::Shop;
use crate::shop::topic::{DEAD_LETTERS, ORDERS};
use crate::work::{self, Work};
use crate::world::World;
use crate::{seconds, told};

/// The orders that the shop has before the drill begins, where times are told and where they are not.
const MANY: i32 = 50_000;
const SOME: i32 = 5_000;

/// How many changes of orders are processed before the backup, between backup and loss, and after it.
const STRETCH: i64 = 5_000;

/// How many records of orders are processed in the topic's partitions together.
fn processed(world: &World) -> i64 {
    world.ledger().into_iter().filter(|((topic, _), _)| topic == ORDERS).map(|(_, next)| next).sum()
}

/// With so many records of orders or fewer that wait, the process has caught up with a shop that goes on.
const LITTLE: i64 = 200;

/// Waits until the work has gone on for a stretch.
fn goes_on(world: &World) {
    let before = processed(world);
    world.shop.await_that("the work goes on", || processed(world) >= before + STRETCH);
}

/// A world at work, with its process and with letters.
fn at_work(name: &str, stock: i32) -> (World, usize, Work) {
    let mut world = World::begin(name);
    work::open(&world.shop, stock);
    let process = world.start();
    world.poison(900_000_001, 3);
    let work = Work::begin(&world.shop);
    world.shop.await_at_least("select count(*) from results", i64::from(stock));
    goes_on(&world);
    (world, process, work)
}

/// What a restore took, and what was repeated.
struct Told {
    restored: Duration,
    caught_up: Duration,
    repeated: i64,
}

/// Waits until nothing is behind while the work goes on, and tells what it took since the loss.
fn caught_up(world: &World, lost: Instant, at_the_loss: i64, restored: Duration, back_at: i64) -> Told {
    world.shop.await_that("nothing is behind", || processed(world) + LITTLE >= world.shop.topics().ends(ORDERS).iter().sum());
    Told { restored, caught_up: lost.elapsed(), repeated: at_the_loss - back_at }
}

fn tell(case: &str, Told { restored, caught_up, repeated }: &Told, rows: i64) {
    told(&format!(
        "{case}: restored in {}, caught up {} after the loss; {repeated} records of orders were processed again, {rows} rows",
        seconds(*restored),
        seconds(*caught_up)
    ));
}

fn rows(shop: &Shop) -> i64 {
    shop.number("select count(*) from results")
}

#[test]
#[ignore = "takes minutes: make drill"]
fn a_backup_of_results_that_was_taken_under_load_is_worth_something_with_redis_and_without() {
    let (mut world, process, work) = at_work("lost", MANY);
    let backup = world.operator.types("backup");
    let size = std::fs::metadata(world.operator.file("results.dump")).unwrap().len();
    told(&format!("backup of {} rows, {:.1} MB, in {}", rows(&world.shop), size as f64 / 1e6, seconds(backup)));
    goes_on(&world);
    // These letters are not in the backup.
    world.poison(900_000_011, 3);
    world.shop.await_sql("select count(*) from dead_letters", "6");
    let letters = world.letters();

    let (at_the_loss, lost) = (processed(&world), Instant::now());
    world.results.lost().unwrap();
    world.stop(process);
    let restored = world.operator.types("restore");
    let back_at = processed(&world);
    assert!(back_at < at_the_loss, "work went on after the backup");
    let process = world.start();
    tell("results lost", &caught_up(&world, lost, at_the_loss, restored, back_at), rows(&world.shop));
    // An emptied Redis would hide what is wrong with this one, so the hashes are compared before Redis is lost too.
    work.end();
    world.await_equality();
    let work = Work::begin(&world.shop);
    goes_on(&world);

    // The process runs on while both are lost, and nobody starts it again.
    let (at_the_loss, lost) = (processed(&world), Instant::now());
    world.results.lost().unwrap();
    world.shop.stack().replace_redis().unwrap();
    let restored = world.operator.types("restore");
    let back_at = processed(&world);
    tell("results and Redis lost", &caught_up(&world, lost, at_the_loss, restored, back_at), rows(&world.shop));
    goes_on(&world);

    work.end();
    world.await_equality();
    world.shop.await_everything_right_with_letters(6);
    assert_eq!(world.letters(), letters);
    let sent = world.shop.topics().read_all(DEAD_LETTERS);
    let ids: BTreeSet<&str> = sent.iter().filter_map(|letter| letter.header("x-dlq-id")).collect();
    assert!(ids.len() == 6 && sent.len() > 6, "letters since the backup are sent again under their ids: {} of {ids:?}", sent.len());
    let compared = world.operator.types("compare");
    told(&format!("{} rows compared in {}", rows(&world.shop), seconds(compared)));
    world.stop(process);
}

#[test]
#[ignore = "takes minutes: make drill"]
fn records_that_kafka_has_no_longer_since_the_backup_come_again_from_the_shop() {
    let (mut world, process, work) = at_work("gone", SOME);
    world.operator.types("backup");
    goes_on(&world);
    work.end();
    world.await_equality();
    world.stop(process);
    world.results.lost().unwrap();
    let refused = world.restore_into_a_database_with_tables();
    assert!(refused.contains("already exists"), "{refused}");
    world.operator.types("restore");

    // The retention is shorter than the time since the backup: nothing is left.
    let topics = world.shop.topics();
    for (partition, end) in (0..).zip(topics.ends(ORDERS)) {
        topics.forget_below(ORDERS, partition, end);
    }
    let process = world.launch();
    world.shop.process(process).await_readiness(503, "events are gone");
    world.operator.types("see what is gone");
    let began = Instant::now();
    world.operator.types("go on without");
    world.await_equality();
    world.operator.types("compare");
    told(&format!("records gone: right again {} after the first command", seconds(began.elapsed())));
    world.stop(process);
}
