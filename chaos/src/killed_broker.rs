//! What a broker's death costs when nothing else is wrong: after a round in a world with several brokers one of them is killed, and the
//! longest time is measured in which a partition of orders commits nothing.
//!
//! While the faults of a round are on, several of them hold a partition up at once, and nobody could tell which of them did. So this broker
//! is killed when everything is healed and every promise was seen to hold. Orders come in all the time, so that each partition nearly
//! always has work, and the time runs from the insert to the commit, with Debezium and Kafka in it.

use std::collections::BTreeMap;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use fastrand::Rng;
use stack::wait::{Attempt, until};

use crate::broker_faults::Which;
use crate::checks::Finding;
use crate::topics::ORDERS;
use crate::world::World;

/// How long a partition may commit nothing (P9). Nine seconds of it are Kafka's own: for so long the controller waits for a sign of the
/// broker.
pub(crate) const LONGEST_GAP: Duration = Duration::from_secs(15);
const PATIENCE: Duration = Duration::from_secs(90);
const PAUSE: Duration = Duration::from_millis(100);
/// How many looks there are before the kill, so that each partition is seen at work.
const LOOKS_BEFORE: usize = 10;
const WORK: &str = "insert into orders (customer_id, product_id, quantity, price)
select 'CUST001', 'GAP', 1, 1.00 from generate_series(1, 20) returning id";

/// What was measured.
#[derive(Debug)]
pub(crate) struct Gap {
    pub(crate) which: Which,
    pub(crate) broker: String,
    pub(crate) longest: Duration,
}

impl Gap {
    /// The finding if the gap was too long.
    pub(crate) fn finding(&self) -> Option<Finding> {
        let what = || format!("a partition committed nothing for {:.1} s after {} was killed", self.longest.as_secs_f64(), self.which);
        (self.longest > LONGEST_GAP).then(|| Finding::new("P9", what()))
    }
}

/// Offsets as they were last seen, and since when each stands still.
#[derive(Debug, Default)]
struct Offsets {
    moved: BTreeMap<i32, (i64, Instant)>,
    longest: Duration,
}

impl Offsets {
    fn look(&mut self, world: &World) -> Result<()> {
        let ledger = format!("select partition, next_offset from consumer_offsets where epoch = 0 and topic = '{ORDERS}'");
        for row in world.stack.psql(&ledger)?.lines() {
            let (partition, offset) = row.split_once('|').context("a partition and an offset")?;
            self.see(partition.parse()?, offset.parse()?, Instant::now());
        }
        Ok(())
    }

    fn see(&mut self, partition: i32, offset: i64, now: Instant) {
        let (last, since) = self.moved.entry(partition).or_insert((offset, now));
        if *last != offset {
            self.longest = self.longest.max(now - *since);
            (*last, *since) = (offset, now);
        }
    }
}

/// Kills a broker, measures, and brings the broker back.
pub(crate) fn measure(world: &World, rng: &mut Rng) -> Result<Gap> {
    let parts = [Which::Leader, Which::Controller, Which::Coordinator];
    let which = parts[rng.usize(0..parts.len())];
    let mut offsets = Offsets::default();
    for _ in 0..LOOKS_BEFORE {
        work(world)?;
        offsets.look(world)?;
    }
    let broker = *which.of(&world.stack)?.first().context("no such broker")?;
    offsets = Offsets::default();
    offsets.look(world)?;
    broker.kill();
    // The last of these orders came after the kill, so that every partition has one of the time afterwards.
    let last = (0..LOOKS_BEFORE).map(|_| work(world)).last().context("no orders")??;
    let lacking = format!("select count(*) from orders left join results on order_id = id where id <= {last} and order_id is null");
    until("orders are processed again", PATIENCE, || {
        let step = work(world).and_then(|_| offsets.look(world)).and_then(|()| world.stack.psql(&lacking));
        match step {
            Ok(lacking) if lacking.trim() == "0" => Attempt::Ready(()),
            Ok(lacking) => Attempt::NotYet(format!("{} orders lack", lacking.trim())),
            Err(error) => Attempt::NotYet(format!("{error:#}")),
        }
    })?;
    broker.start()?;
    Ok(Gap { which, broker: broker.name().to_owned(), longest: offsets.longest })
}

/// Inserts some orders, and returns the last id.
fn work(world: &World) -> Result<i64> {
    thread::sleep(PAUSE);
    let ids = world.stack.psql(WORK)?;
    ids.lines().filter_map(|id| id.trim().parse().ok()).max().context("no order was inserted")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_gap_is_that_of_the_partition_that_stood_still_for_longest() {
        let (mut offsets, begin) = (Offsets::default(), Instant::now());
        let at = |seconds| begin + Duration::from_secs(seconds);
        for (partition, offset, seconds) in [(0, 1, 0), (1, 1, 0), (0, 2, 1), (0, 3, 2), (1, 2, 16), (0, 4, 16), (1, 2, 40)] {
            offsets.see(partition, offset, at(seconds));
        }
        assert_eq!(offsets.longest, Duration::from_secs(16));
        let gap = Gap { which: Which::Leader, broker: "Kafka 1".to_owned(), longest: offsets.longest };
        assert!(gap.finding().is_some());
        assert!(Gap { longest: Duration::from_secs(15), ..gap }.finding().is_none());
    }
}
