//! The watch over a round, for what must hold at every moment: offsets only grow (P3), no partition is silent (P9), memory is bounded
//! (P10), and no process ends by itself.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Result;
use rdkafka::consumer::BaseConsumer;
use sqlx::{Connection, PgConnection};

use crate::checks::Finding;
use crate::topics::{CUSTOMERS, ORDERS, ends};
use crate::world::{Kind, World};

const PAUSE: Duration = Duration::from_millis(250);
const MOST_MEMORY_MB: u64 = 250;
const LEDGER: &str = "select topic, partition, next_offset, generation from consumer_offsets where epoch = 0";

type Row = (String, i32, i64, i64);

/// A partition as it was seen.
#[derive(Debug)]
struct Seen {
    next_offset: i64,
    generation: i64,
    /// When the offset last moved or the partition had nothing to do.
    alive: Instant,
}

/// What was seen in a round.
#[derive(Debug, Default)]
pub(crate) struct Watched {
    partitions: BTreeMap<(String, i32), Seen>,
    /// The world's count of `returns` at the last look.
    returns: usize,
    silences: BTreeMap<(String, i32), Duration>,
    deaths: BTreeMap<String, String>,
    /// Offsets or generations that fell.
    fallen: Vec<String>,
    pub(crate) most_memory_mb: u64,
}

/// The watch, which looks again and again from a thread of its own.
#[derive(Debug, Default)]
pub(crate) struct Watch {
    over: AtomicBool,
    /// How often the watch has looked at everything.
    looks: AtomicU64,
    healed: Mutex<Option<Instant>>,
}

impl Watch {
    /// Says that everything is healed, so that silence counts from now on.
    pub(crate) fn healed(&self) {
        *self.healed.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
    }

    /// Ends [`Watch::run`].
    pub(crate) fn end(&self) {
        self.over.store(true, Ordering::Relaxed);
    }

    /// How often the watch has looked at everything so far, Postgres included.
    pub(crate) fn looks(&self) -> u64 {
        self.looks.load(Ordering::Relaxed)
    }

    /// Looks until [`Watch::end`]. A server that does not answer is asked again at the next look.
    pub(crate) fn run(&self, world: &World) -> Watched {
        let mut watched = Watched::default();
        let (mut postgres, mut kafka) = (None, None);
        while !self.over.load(Ordering::Relaxed) {
            watched.look_at_processes(world);
            let returns = world.returns.load(Ordering::SeqCst);
            if let Ok(rows) = world.runtime.block_on(ledger(&world.stack.database_url(), &mut postgres)) {
                watched.look_at_returns([returns, world.returns.load(Ordering::SeqCst)]);
                let healed = *self.healed.lock().unwrap_or_else(PoisonError::into_inner);
                // While faults are on, silence does not count, so the ends of the topics are not needed.
                let ends = healed.and_then(|_| all_ends(world, &mut kafka).ok());
                watched.look_at_ledger(rows, ends.as_ref(), healed);
                self.looks.fetch_add(1, Ordering::Relaxed);
            }
            thread::sleep(PAUSE);
        }
        watched
    }
}

impl Watched {
    fn look_at_processes(&mut self, world: &World) {
        for process in world.workers() {
            self.most_memory_mb = self.most_memory_mb.max(process.memory().unwrap_or(0));
            if let Some(status) = process.died() {
                self.deaths.insert(process.service.name().to_owned(), status.to_string());
            }
        }
    }

    /// Forgets the partitions seen so far if the database has gone back to a backup, because its offsets and generations go back too.
    fn look_at_returns(&mut self, [before, after]: [usize; 2]) {
        let is_under_way = after % 2 == 1;
        if is_under_way || before != self.returns || after != before {
            self.partitions.clear();
        }
        self.returns = after;
    }

    fn look_at_ledger(&mut self, rows: Vec<Row>, ends: Option<&BTreeMap<(String, i32), i64>>, healed: Option<Instant>) {
        let now = Instant::now();
        for (topic, partition, next_offset, generation) in rows {
            let key = (topic, partition);
            let seen = self.partitions.entry(key.clone()).or_insert(Seen { next_offset, generation, alive: now });
            if next_offset < seen.next_offset || generation < seen.generation {
                let before = (seen.next_offset, seen.generation);
                self.fallen.push(format!("{key:?}: next_offset and generation fell from {before:?} to {:?}", (next_offset, generation)));
            }
            let idle = ends.is_none_or(|ends| ends.get(&key).is_none_or(|end| *end <= next_offset));
            if idle || next_offset != seen.next_offset {
                seen.alive = now;
            }
            (seen.next_offset, seen.generation) = (next_offset, generation);
            if let Some(healed) = healed {
                let silence = now.duration_since(seen.alive.max(healed));
                let longest = self.silences.entry(key).or_default();
                *longest = silence.max(*longest);
            }
        }
    }

    /// The longest time after healing in which a partition had something to do and did not move.
    pub(crate) fn longest_silence(&self) -> Duration {
        self.silences.values().copied().max().unwrap_or_default()
    }

    /// What the watch saw that must not happen in this world.
    pub(crate) fn findings(&self, world: Kind) -> Vec<Finding> {
        let mut findings: Vec<Finding> = self.fallen.iter().map(|what| Finding::new("P3", what.clone())).collect();
        for (partition, silence) in &self.silences {
            if *silence > world.longest_silence() {
                findings.push(Finding::new("P9", format!("{partition:?} was silent for {:.1} s after healing", silence.as_secs_f64())));
            }
        }
        if self.most_memory_mb > MOST_MEMORY_MB {
            findings.push(Finding::new("P10", format!("a process had {} MB", self.most_memory_mb)));
        }
        findings.extend(self.deaths.iter().map(|(name, status)| Finding::new("P9", format!("{name} ended by itself: {status}"))));
        findings
    }
}

async fn ledger(url: &str, kept: &mut Option<PgConnection>) -> Result<Vec<Row>> {
    let patience = Duration::from_secs(2);
    let mut connection = match kept.take() {
        Some(connection) => connection,
        None => tokio::time::timeout(patience, PgConnection::connect(url)).await??,
    };
    // A connection that failed is not kept.
    let rows = tokio::time::timeout(patience, sqlx::query_as(LEDGER).fetch_all(&mut connection)).await??;
    *kept = Some(connection);
    Ok(rows)
}

fn all_ends(world: &World, kept: &mut Option<BaseConsumer>) -> Result<BTreeMap<(String, i32), i64>> {
    let consumer = match kept.take() {
        Some(consumer) => consumer,
        None => world.topics.consumer()?,
    };
    let mut all = BTreeMap::new();
    for topic in [ORDERS, CUSTOMERS] {
        all.extend((0..).zip(ends(&consumer, topic)?).map(|(partition, end)| ((topic.to_owned(), partition), end)));
    }
    *kept = Some(consumer);
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(next_offset: i64) -> Vec<Row> {
        vec![("orders".to_owned(), 0, next_offset, 1)]
    }

    #[test]
    fn an_offset_that_falls_is_found_unless_the_database_goes_back_to_a_backup() {
        let mut watched = Watched::default();
        // The looks are before the return, during the return (two looks, of which the second sees the backup), and after the return.
        for (returns, next_offset) in [(0, 100), (1, 100), (1, 80), (2, 80), (2, 90)] {
            watched.look_at_returns([returns, returns]);
            watched.look_at_ledger(row(next_offset), None, None);
        }
        assert!(watched.findings(Kind::Plain).is_empty());
        watched.look_at_returns([2, 2]);
        watched.look_at_ledger(row(89), None, None);
        assert_eq!(watched.findings(Kind::Plain).len(), 1);
    }
}
